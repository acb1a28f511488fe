;;; multicast-tests.el --- Tests of multicast groups  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'seq)

(defun multicast-tests--packets (receiver sender &rest strings)
  "Send STRINGS from SENDER and return what the process RECEIVER gets.
A packet from elsewhere ends it, and so nothing has to time out."
  (let* ((place (list ""))
         (six (eq (sockopt-get receiver :domain) 'ipv6))
         (last (sockopt-make-network-process
                :name "last" :type 'datagram :noquery t
                :family (if six 'ipv6 'ipv4)
                :host (if six "::1" "127.0.0.1")
                :service (process-contact receiver :service))))
    (set-process-filter receiver (sockopt-tests-collector place))
    (dolist (string strings)
      (process-send-string sender string))
    (process-send-string last ".")
    (should (sockopt-tests-wait
             (lambda () (string-suffix-p "." (car place)))))
    (delete-process last)
    (substring (car place) 0 -1)))

(defun multicast-tests--receiver (&rest options)
  "Return a UDP server with OPTIONS that hears no groups but its own."
  (apply #'sockopt-make-network-process
         :name "receiver" :type 'datagram :server t :family 'ipv4
         :host "0.0.0.0" :service t :noquery t :ip-multicast-all nil
         options))

(defun multicast-tests--sender (receiver)
  "Return a client that sends to a group, and to the port of RECEIVER."
  (sockopt-make-network-process
   :name "sender" :type 'datagram :family 'ipv4 :host "239.1.2.3"
   :service (process-contact receiver :service) :noquery t
   :ip-multicast-if "lo"))

(defun multicast-tests--heard (&rest options)
  "Return what a server with OPTIONS hears of \"hi\" sent to 239.1.2.3."
  (sockopt-tests-with-sockets
    (let ((receiver (apply #'multicast-tests--receiver options)))
      (multicast-tests--packets receiver (multicast-tests--sender receiver)
                                "hi"))))

(ert-deftest multicast-tests-membership ()
  "A member of a group receives what is sent to it, and nobody else.
The group is a string or a vector; the interface has a name or an index."
  (should (equal (multicast-tests--heard) ""))
  (dolist (keyword '(:ip-add-membership :mcast-join-group))
    (dolist (group '("239.1.2.3" [239 1 2 3]))
      (dolist (interface '("lo" 1))
        (should (equal (multicast-tests--heard keyword
                                               (list group interface))
                       "hi"))))
    (should (equal (multicast-tests--heard keyword '("239.1.2.4" "lo"))
                   ""))))

(ert-deftest multicast-tests-membership-any-interface ()
  "An interface of nil, or none, leaves the choice to the kernel."
  (sockopt-tests-with-sockets
    (let ((process (multicast-tests--receiver)))
      (dolist (value '(("239.1.2.3" nil) ("239.1.2.4") ([239 1 2 5] nil)))
        (let ((error (sockopt-tests-error
                      (lambda ()
                        (sockopt-set process :ip-add-membership value)))))
          ;; A machine without a route for it has no choice.
          (unless (member "No such device" error)
            (should-not error)))))))

(ert-deftest multicast-tests-membership-source ()
  "A member that names a source hears that one only."
  (dolist (keyword '(:ip-add-source-membership :mcast-join-source-group))
    (should (equal (multicast-tests--heard
                    keyword '("239.1.2.3" "lo" "127.0.0.1"))
                   "hi"))
    (should (equal (multicast-tests--heard
                    keyword '([239 1 2 3] "lo" [127 0 0 9]))
                   ""))))

(defconst multicast-tests--groups
  '((:ip-add-membership :ip-drop-membership
                        :ip-block-source :ip-unblock-source
                        :ip-add-source-membership :ip-drop-source-membership :ip-msfilter)
    (:mcast-join-group :mcast-leave-group
                       :mcast-block-source :mcast-unblock-source
                       :mcast-join-source-group :mcast-leave-source-group :mcast-msfilter))
  "The options of IPv4 groups, in both ways of Linux.")

(ert-deftest multicast-tests-membership-changes ()
  "Joining, blocking, unblocking, filtering and leaving each count."
  (pcase-dolist (`(,join ,leave ,block ,unblock ,join-source
                         ,leave-source ,filter)
                 multicast-tests--groups)
    (sockopt-tests-with-sockets
      (let* ((group '("239.1.2.3" "lo"))
             (source (append group '("127.0.0.1")))
             (receiver (multicast-tests--receiver))
             (sender (multicast-tests--sender receiver)))
        (pcase-dolist
            (`(,option ,value ,expected)
             `((,join ,group "hi") (,block ,source "")
               (,unblock ,source "hi")
               (,filter (,@group exclude "127.0.0.1") "")
               (,filter (,@group include "127.0.0.1") "hi")
               (,filter (,@group include "127.0.0.9") "")
               (,filter (,@group exclude) "hi")
               (,leave ,group "")
               (,join-source ,source "hi") (,leave-source ,source "")))
          (should (sockopt-set receiver option value))
          (should (equal (list option value
                               (multicast-tests--packets receiver sender
                                                         "hi"))
                         (list option value expected))))))))

(ert-deftest multicast-tests-source-filter-reads ()
  "A source filter is read as it is set, by group and interface."
  (dolist (option '(:ip-msfilter :mcast-msfilter))
    (sockopt-tests-with-sockets
      (let ((process (multicast-tests--receiver
                      :ip-add-membership '("239.1.2.3" "lo")))
            (group '([239 1 2 3] "lo")))
        (dolist (value '(("239.1.2.3" "lo" include "127.0.0.1")
                         ("239.1.2.3" "lo" exclude "127.0.0.1"
                          "127.0.0.9")
                         ("239.1.2.3" "lo" exclude)))
          (sockopt-set process option value)
          (let ((now (sockopt-get process option group)))
            (should (equal (seq-take now 3) (seq-take value 3)))
            (should (seq-set-equal-p (nthcdr 3 now) (nthcdr 3 value)))
            ;; What is read can be set.
            (should (sockopt-set process option now))))
        (should-error (sockopt-get process option))))))

(defun multicast-tests--receiver-ipv6 (&rest options)
  "Return an IPv6 server with OPTIONS that hears no groups but its own."
  (apply #'sockopt-make-network-process
         :name "receiver" :type 'datagram :server t :family 'ipv6
         :host "::" :service t :noquery t :ipv6-multicast-all nil
         options))

(defun multicast-tests--interface-ipv6 ()
  "Return (NAME ADDRESS) of an interface that carries IPv6 multicasts.
Linux's lo does not."
  (let ((entry (seq-find (pcase-lambda (`(,name . ,address))
                           (and (not (equal name "lo"))
                                (eql (aref address 0) #xfe80)))
                         (network-interface-list nil 'ipv6))))
    (unless entry
      (ert-skip "no interface but lo has an IPv6 address"))
    (list (car entry) (substring (cdr entry) 0 8))))

(defun multicast-tests--heard-ipv6 (interface &rest options)
  "Return what a server with OPTIONS hears on INTERFACE.
\"hi\" is sent to ff11::1234.  Of such groups no packet leaves the host:
RFC 4291."
  (sockopt-tests-with-sockets
    (let* ((receiver (apply #'multicast-tests--receiver-ipv6 options))
           (sender (sockopt-make-network-process
                    :name "sender" :type 'datagram :family 'ipv6
                    :host "ff11::1234" :noquery t
                    :service (process-contact receiver :service)
                    :ipv6-multicast-if interface)))
      (multicast-tests--packets receiver sender "hi"))))

(ert-deftest multicast-tests-membership-ipv6 ()
  "A member of an IPv6 group receives what is sent to it."
  (pcase-let ((`(,interface ,address) (multicast-tests--interface-ipv6)))
    (should (equal (multicast-tests--heard-ipv6 interface) ""))
    (pcase-dolist (`(,option ,group ,source ,expected)
                   `((:ipv6-add-membership "ff11::1234" nil "hi")
                     (:ipv6-add-membership [#xff11 0 0 0 0 0 0 #x1234]
                                           nil "hi")
                     (:ipv6-add-membership "ff11::4321" nil "")
                     (:mcast-join-group "ff11::1234" nil "hi")
                     (:mcast-join-source-group "ff11::1234" ,address "hi")
                     (:mcast-join-source-group "ff11::1234" "fe80::9"
                                               "")))
      (let ((value (append (list group interface)
                           (and source (list source)))))
        (should (equal (list option value
                             (multicast-tests--heard-ipv6 interface
                                                          option value))
                       (list option value expected)))))))

(ert-deftest multicast-tests-membership-ipv6-kernel ()
  "The kernel lists the IPv6 groups that were joined, until they are left."
  (sockopt-tests-need-kind 'udp6-server)
  (unless (file-readable-p "/proc/net/igmp6")
    (ert-skip "there is no /proc/net/igmp6"))
  (let ((joined (lambda ()
                  (with-temp-buffer
                    (insert-file-contents "/proc/net/igmp6")
                    (re-search-forward
                     "^1 +lo +ff120\\{24\\}1234" nil t)))))
    (sockopt-tests-with-sockets
      (let ((process (multicast-tests--receiver-ipv6)))
        (pcase-dolist (`(,join ,leave)
                       '((:ipv6-add-membership :ipv6-drop-membership)
                         (:mcast-join-group :mcast-leave-group)))
          (dolist (group '("ff12::1234" [65298 0 0 0 0 0 0 4660]))
            (should-not (funcall joined))
            (should (sockopt-set process join (list group "lo")))
            (should (funcall joined))
            (should (sockopt-set process leave (list group 1)))
            (should-not (funcall joined))))))))

(ert-deftest multicast-tests-membership-wrong ()
  "What is no group, source or interface is refused, and so named."
  (sockopt-tests-with-sockets
    (let ((process (multicast-tests--receiver)))
      (dolist (value '(("x.example" "lo") ("239.1.2.3" "nodev0")
                       ("239.1.2" "lo") ([239 1 2] "lo")
                       ("239.1.2.3\0x" "lo") ("239.1.2.3" "lo\0x")
                       ("ff12::1" "lo") nil))
        (let ((error (should-error
                      (sockopt-set process :ip-add-membership value))))
          (should (memq :ip-add-membership error)))))))

(provide 'multicast-tests)
;;; multicast-tests.el ends here
