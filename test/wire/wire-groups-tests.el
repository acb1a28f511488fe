;;; wire-groups-tests.el --- Multicasts between hosts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'wire)

(defconst wire-groups-tests--families
  '((ipv4 "239.1.2.3" "0.0.0.0" :ip-multicast-ttl :ip-multicast-if
          :ip-multicast-loop :ip-multicast-all :ip-add-membership
          :ip-drop-membership)
    (ipv6 "ff15::77" "::" :ipv6-multicast-hops :ipv6-multicast-if
          :ipv6-multicast-loop :ipv6-multicast-all :ipv6-add-membership
          :ipv6-drop-membership))
  "Families, each with a group, the address of all interfaces, and options.")

(defmacro wire-groups-tests--each (pattern &rest body)
  "Evaluate BODY with two hosts for each family, as bound by PATTERN."
  (declare (indent 1) (debug (sexp body)))
  `(wire-with-hosts
     (dolist (host (list wire-near wire-far))
       (wire-ip host "route add 224.0.0.0/4 dev cable"))
     (pcase-dolist (,(list '\` pattern) wire-groups-tests--families)
       (ert-info ((format "%s" family))
         ,@body))))

(defun wire-groups-tests--send (port family group &rest options)
  "Have the near host send \"hello\" to PORT of GROUP, of FAMILY.
OPTIONS are those of the socket.  Return the packets that came."
  (should-not (wire-near `(wire-host-connect ,port :type 'datagram
                                             :family ',family :host ,group
                                             ,@options)))
  (should-not (wire-near `(wire-host-send ,port "hello")))
  (sockopt-tests-wait (lambda () (wire-come port)) 2))

(ert-deftest wire-groups-tests-hops ()
  "A multicast goes one hop, or as many as it may."
  :tags '(:ip-multicast-ttl :ipv6-multicast-hops)
  (wire-groups-tests--each (,family ,group ,_ ,hops . ,_)
    (let ((control (wire-groups-tests--send (wire-new-port) family group))
          (packets (wire-groups-tests--send (wire-new-port) family group
                                            hops 9)))
      (should (equal '(1) (wire-field :ttl control)))
      (should (equal '(9) (wire-field :ttl packets))))))

(ert-deftest wire-groups-tests-interface ()
  "A multicast goes by the cable that the routes say, or by another."
  :tags '(:ip-multicast-if :ipv6-multicast-if)
  (wire-groups-tests--each (,family ,group ,_ ,_ ,interface . ,_)
    (let* ((control (wire-groups-tests--send (wire-new-port) family group))
           (usual (car (wire-field :interface control)))
           (other (if (equal usual "cable") "other" "cable"))
           (packets (wire-groups-tests--send (wire-new-port) family group
                                             interface other)))
      (should (equal (list usual) (wire-field :interface control)))
      (should (equal (list other) (wire-field :interface packets))))))

(defun wire-groups-tests--heard (ask port)
  "Return what came to PORT, by ASK, of the host that listens there."
  (funcall ask `(wire-host-got-within ,port 0.5)))

(ert-deftest wire-groups-tests-loop ()
  "A multicast is heard on the host that sent it, unless it is not to be."
  :tags '(:ip-multicast-loop :ipv6-multicast-loop)
  (wire-groups-tests--each (,family ,group ,any ,_ ,interface ,loop ,_ ,join
                                    . ,_)
    (pcase-dolist (`(,options ,heard) `((() "hello")
                                        ((,loop nil) "")))
      (let ((port (wire-new-port)))
        ;; It has a port of its own, for those of the clients are known
        ;; by theirs.
        (should-not (wire-near `(wire-host-serve
                                 ,(1+ port) :type 'datagram :host ,any
                                 :family ',family
                                 ,join '(,group "cable"))))
        (should-not (wire-near `(wire-host-connect
                                 ,port :type 'datagram :family ',family
                                 :host ,group :service ,(1+ port)
                                 ,interface "cable" ,@options)))
        (should-not (wire-near `(wire-host-send ,port "hello")))
        (should (equal heard (wire-groups-tests--heard #'wire-near
                                                       (1+ port))))
        (should (wire-come (1+ port)))))))

(ert-deftest wire-groups-tests-membership ()
  "Who has joined a group hears it, until it is left.
On another cable it is not heard."
  :tags '(:ip-add-membership :ip-drop-membership :ipv6-add-membership
          :ipv6-drop-membership)
  (wire-groups-tests--each (,family ,group ,any ,_ ,interface ,_ ,_ ,join
                                    ,leave)
    (pcase-dolist (`(,options ,heard)
                   `((() "") ((,join '(,group "cable")) "hello")
                     ((,join '(,group "other")) "")))
      (let ((port (wire-new-port)))
        (should-not (wire-far `(wire-host-serve ,port :type 'datagram
                                                :host ,any :family ',family
                                                ,@options)))
        (wire-groups-tests--send port family group interface "cable")
        (should (equal heard (wire-groups-tests--heard #'wire-far port)))
        (when (equal heard "hello")
          (should-not (wire-far `(wire-host-set ,port
                                                ,leave '(,group "cable"))))
          (should-not (wire-near `(wire-host-send ,port "again")))
          (wire-far '(wire-host-wait #'ignore 0.3))
          (should (equal heard (wire-far `(wire-host-got ,port)))))
        (wire-far `(wire-host-delete ,port))))))

(ert-deftest wire-groups-tests-all ()
  "Groups that only other sockets have joined are heard, or are not."
  :tags '(:ip-multicast-all :ipv6-multicast-all)
  (wire-groups-tests--each (,family ,group ,any ,_ ,interface ,_ ,all ,join
                                    . ,_)
    (should-not (wire-far `(wire-host-serve ,(wire-new-port) :type 'datagram
                                            :host ,any :family ',family
                                            ,join '(,group "cable"))))
    (pcase-dolist (`(,options ,heard) `((() "hello") ((,all nil) "")))
      (let ((port (wire-new-port)))
        (should-not (wire-far `(wire-host-serve ,port :type 'datagram
                                                :host ,any :family ',family
                                                ,@options)))
        (wire-groups-tests--send port family group interface "cable")
        (should (equal heard (wire-groups-tests--heard #'wire-far port)))))))

(provide 'wire-groups-tests)
;;; wire-groups-tests.el ends here
