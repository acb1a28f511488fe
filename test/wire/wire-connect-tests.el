;;; wire-connect-tests.el --- Connecting, and several paths, between hosts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'wire)

(ert-deftest wire-connect-tests-syncnt ()
  "Connecting to nobody is given up after so many packets."
  :tags '(:tcp-syncnt)
  (wire-with-hosts
    ;; Since Linux 6.5 some are sent for which the option does not count.
    (sockopt-tests-sysctl wire-near "net.ipv4.tcp_syn_linear_timeouts" "0")
    (wire-ip wire-near "neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev cable")
    (should-not (wire-near '(progn (wire-host-connect 5000 :host "10.77.0.9"
                                                      :nowait t)
                                   (wire-host-connect 5001 :host "10.77.0.9"
                                                      :nowait t
                                                      :tcp-syncnt 1))))
    (should (wire-near '(wire-host-wait
                         (lambda () (eq (wire-host-status 5001) 'failed))
                         6)))
    (should (= 2 (length (wire-come 5001))))
    (should (eq (wire-near '(wire-host-status 5000)) 'connect))
    (should (sockopt-tests-wait (lambda () (< 2 (length (wire-come 5000))))
                                6))))

;;; Several paths: RFC 8684

(defun wire-connect-tests--need-mptcp ()
  "Skip the test where there is no MPTCP, or ip(8) does not know it."
  (unless (wire-shell wire-near "ip" "mptcp" "endpoint" "show")
    (ert-skip "There is no MPTCP here")))

(defun wire-connect-tests--mptcp-p (packets)
  "Return t if PACKETS have the option 30 of TCP, which is MPTCP's."
  (and (cl-some (lambda (packet) (assq 30 (plist-get packet :options)))
                packets)
       t))

(ert-deftest wire-connect-tests-mptcp ()
  "Both ends must speak MPTCP for the connection to be one.
What the options tell of it agrees with what was seen."
  :tags '(:tcp-is-mptcp)
  (wire-with-hosts
    (wire-connect-tests--need-mptcp)
    (pcase-dolist (`(,serve ,connect ,asked ,got)
                   '((nil nil nil nil)
                     (nil (:protocol 'mptcp) t nil)
                     ((:protocol 'mptcp) (:protocol 'mptcp) t t)))
      (let ((port (wire-new-port)))
        (should-not (wire-far `(wire-host-serve ,port ,@serve)))
        (should-not (wire-near `(wire-host-connect ,port ,@connect)))
        (should (eq asked (wire-connect-tests--mptcp-p
                           (wire-come port 'syn))))
        (should (eq got (wire-connect-tests--mptcp-p
                         (wire-left port 'syn))))
        (should (eq got (wire-near `(wire-host-get ,port
                                                   :tcp-is-mptcp))))))))

(ert-deftest wire-connect-tests-mptcp-paths ()
  "A connection with two paths lives on when the first is cut."
  :tags '(:mptcp-subflow-addrs)
  (wire-with-hosts
    (wire-connect-tests--need-mptcp)
    (dolist (host (list wire-near wire-far))
      (should (wire-shell host "ip" "mptcp" "limits" "set" "subflow" "2"
                          "add_addr_accepted" "2")))
    (should (wire-shell wire-near "ip" "mptcp" "endpoint" "add"
                        wire-near-other "dev" "other" "subflow"))
    ;; To the far host's first address by the other cable.
    (wire-ip wire-near (format "rule add from %s table 78" wire-near-other))
    (wire-ip wire-near (format "route add %s dev other table 78"
                               sockopt-tests-far))
    (dolist (protocol '(nil (:protocol 'mptcp)))
      (let ((port (wire-new-port)))
        (should-not (wire-far `(wire-host-serve ,port ,@protocol)))
        (should-not (wire-near `(wire-host-connect ,port ,@protocol)))
        (should-not (wire-near `(wire-host-send ,port "one")))
        (should (equal "one" (wire-far `(wire-host-got-within ,port 5))))
        (when protocol
          (should (sockopt-tests-wait
                   (lambda ()
                     (equal '("cable" "other")
                            (sort (wire-field :interface
                                              (wire-come port 'syn))
                                  #'string<)))))
          (should (= 2 (wire-near `(length (wire-host-get
                                            ,port :mptcp-subflow-addrs))))))
        (wire-ip wire-near "link set cable down")
        (wire-near `(wire-host-send ,port "two"))
        (should (eq (and protocol t)
                    (wire-far `(wire-host-wait
                                (lambda ()
                                  (equal "onetwo" (wire-host-got ,port)))
                                ,(if protocol 10 2)))))
        (wire-ip wire-near "link set cable up")))))

(provide 'wire-connect-tests)
;;; wire-connect-tests.el ends here
