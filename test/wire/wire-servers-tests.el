;;; wire-servers-tests.el --- What options of a server do for other hosts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'wire)

(defun wire-servers-tests--connect (serve &rest connect)
  "Connect the near host, by CONNECT, to a new server by SERVE.
Both are lists of arguments.  Return the port."
  (let ((port (wire-new-port)))
    (should-not (wire-far `(wire-host-serve ,port ,@serve)))
    (should-not (wire-near `(wire-host-connect ,port ,@connect)))
    port))

(defun wire-servers-tests--accepted-p (port seconds)
  "Return t if the far host accepts a connection at PORT within SECONDS."
  (wire-far `(wire-host-wait (lambda () (cdr (wire-host-processes ,port)))
                             ,seconds)))

(ert-deftest wire-servers-tests-defer-accept ()
  "A connection is accepted when it brings data."
  :tags '(:tcp-defer-accept)
  (wire-with-hosts
    (pcase-dolist (`(,options ,at-once) '((nil t)
                                          ((:tcp-defer-accept 5) nil)))
      (let ((port (wire-servers-tests--connect options)))
        (should (eq at-once (wire-servers-tests--accepted-p port 0.5)))
        (should-not (wire-near `(wire-host-send ,port "hello")))
        (should (wire-servers-tests--accepted-p port 2))))))

(ert-deftest wire-servers-tests-reuseport ()
  "Two servers share a port, and the connections."
  :tags '(:reuseport)
  (wire-with-hosts
    (let ((port (wire-new-port)))
      (should-not (wire-far `(wire-host-serve ,port)))
      (should (member "Address already in use"
                      (wire-far `(wire-host-serve ,port)))))
    (let ((port (wire-new-port)))
      (should (equal '(nil nil)
                     (wire-far `(list (wire-host-serve ,port :reuseport t)
                                      (wire-host-serve ,port
                                                       :reuseport t)))))
      (dotimes (_ 30)
        (should-not (wire-near `(wire-host-connect ,port))))
      ;; That one of them gets all has a chance of 2 in 2^30.
      (should (equal '(30 2)
                     (wire-far
                      `(progn
                         (wire-host-wait
                          (lambda ()
                            (= 32 (length (wire-host-processes ,port)))))
                         (let ((servers (wire-host-servers ,port)))
                           (list (length servers)
                                 (length (delete-dups servers)))))))))))

(ert-deftest wire-servers-tests-save-syn ()
  "The headers with which a connection began can be read, if they are kept."
  :tags '(:tcp-save-syn)
  (wire-with-hosts
    (pcase-dolist (`(,options ,first) '((nil nil) ((:tcp-save-syn 1) #x45)))
      (let ((port (wire-servers-tests--connect options)))
        (should (wire-servers-tests--accepted-p port 5))
        (should (eql first
                     (wire-far
                      `(let ((syn (wire-host-get ,port :tcp-saved-syn)))
                         (and (< 0 (length syn)) (aref syn 0))))))))))

(ert-deftest wire-servers-tests-v6only ()
  "A server of IPv6 takes IPv4 connections, too, or does not."
  :tags '(:ipv6-v6only)
  (wire-with-hosts
    (pcase-dolist (`(,only ,refused) '((nil nil) (t t)))
      (let ((port (wire-new-port)))
        (should-not (wire-far `(wire-host-serve ,port :host "::"
                                                :family 'ipv6
                                                :ipv6-v6only ,only)))
        (should (eq refused
                    (and (member "Connection refused"
                                 (wire-near `(wire-host-connect ,port)))
                         t)))
        (should-not (wire-near `(wire-host-connect ,port
                                                   :family 'ipv6)))))))

(ert-deftest wire-servers-tests-first-packet ()
  "What children are to have counts for the first packet of a server, too.
It is sent before there is a child."
  :tags '(:ip-tos :ipv6-tclass :ip-ttl)
  (wire-with-hosts
    (pcase-dolist (`(,family ,options ,field ,usual ,value)
                   '(('ipv4 (:ip-tos 184) :tos 0 184)
                     ('ipv6 (:ipv6-tclass 184) :tos 0 184)
                     ('ipv4 (:ip-ttl 9) :ttl 64 9)))
      (pcase-dolist (`(,children ,expected) `((nil ,usual)
                                              (,options ,value)))
        (let ((port (wire-servers-tests--connect
                     `(:family ,family :child-options ',children)
                     :family family)))
          (should (wire-servers-tests--accepted-p port 5))
          (should (equal (list expected)
                         (wire-field field (wire-left port 'syn)))))))))

;;; Data in the first packet: RFC 7413

(defun wire-servers-tests--open (serve connect)
  "Send data to a new server by SERVE, twice, by CONNECT.
Return how much of them the first packet of each brought."
  (let ((port (wire-new-port)))
    (should-not (wire-far `(wire-host-serve ,port ,@serve)))
    (cl-loop repeat 2 collect
             (progn
               (should-not (wire-near `(wire-host-connect ,port ,@connect)))
               (should-not (wire-near `(wire-host-send ,port "hello")))
               (should (sockopt-tests-wait
                        (lambda () (wire-data port))))
               (wire-near `(wire-host-delete ,port))
               (prog1 (plist-get (car (last (wire-come port 'syn))) :size)
                 (sockopt-tests-wait #'ignore 0.1))))))

(ert-deftest wire-servers-tests-fastopen ()
  "Data go along with the first packet, if both ends agree to it.
Without `:tcp-fastopen-no-cookie' they must have met before."
  :tags '(:tcp-fastopen :tcp-fastopen-connect :tcp-fastopen-no-cookie)
  (wire-with-hosts
    (dolist (host (list wire-near wire-far))
      (wire-sysctl host "net.ipv4.tcp_fastopen" "3"))
    (pcase-dolist (`(,serve ,connect . ,sizes)
                   '((nil nil 0 0)
                     (nil (:tcp-fastopen-connect t) 0 0)
                     ((:tcp-fastopen 9) nil 0 0)
                     ((:tcp-fastopen 9) (:tcp-fastopen-connect t) 0 5)
                     ((:tcp-fastopen 9 :tcp-fastopen-no-cookie t)
                      (:tcp-fastopen-connect t :tcp-fastopen-no-cookie t)
                      5 5)))
      (ert-info ((format "%S %S" serve connect))
        ;; What was learnt of the other host is forgotten.
        (wire-ip wire-near "tcp_metrics flush")
        (should (equal sizes (wire-servers-tests--open serve connect)))))))

(provide 'wire-servers-tests)
;;; wire-servers-tests.el ends here
