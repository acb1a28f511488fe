;;; multicast-tests.el --- Tests of multicast groups  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-process)
(require 'sockopt-tests-kinds)
(require 'seq)

(defconst multicast-tests--number (logior 512 (mod (emacs-pid) 32768))
  "A number that no other run of the tests has at the same time.")

(defconst multicast-tests--group
  (vector 239 (ash multicast-tests--number -8)
          (logand multicast-tests--number 255) 1)
  "The group of these tests as a vector.
Interfaces are shared, so each run has a group of its own.")

(defun multicast-tests--name (last)
  "Return the group of these tests, the number LAST at its end, as text."
  (mapconcat #'number-to-string
             (append (seq-take multicast-tests--group 3) (list last)) "."))

(defconst multicast-tests--group-name (multicast-tests--name 1)
  "The group of these tests as text.")

(defun multicast-tests--packets (expected receiver sender)
  "Send \"hi\" from SENDER and return what the process RECEIVER gets.
A packet from elsewhere says that it should be there by now.  Each goes by
the queue of the processor that it was sent on, so it may be the first; if
EXPECTED, wait for that, else for a moment."
  (let* ((place (list ""))
         (heard (lambda () (string-replace "." "" (car place))))
         (six (eq (sockopt-get receiver :domain) 'ipv6))
         (last (sockopt-make-network-process
                :name "last" :type 'datagram :noquery t
                :family (if six 'ipv6 'ipv4)
                :host (if six "::1" "127.0.0.1")
                :service (process-contact receiver :service))))
    (set-process-filter receiver (sockopt-tests-collector place))
    (process-send-string sender "hi")
    (process-send-string last ".")
    (should (sockopt-tests-wait
             (lambda () (string-search "." (car place)))))
    (sockopt-tests-wait (lambda () (equal (funcall heard) "hi"))
                        (if (equal expected "") 0.1 5))
    (delete-process last)
    (funcall heard)))

(defun multicast-tests--check (expected receiver sender &optional what)
  "Check that RECEIVER gets EXPECTED when SENDER sends \"hi\".
WHAT is shown if it does not."
  (should (equal (list what (multicast-tests--packets expected receiver
                                                      sender))
                 (list what expected))))

(defun multicast-tests--receiver (&rest options)
  "Return a UDP server with OPTIONS that hears no groups but its own."
  (apply #'sockopt-make-network-process
         :name "receiver" :type 'datagram :server t :family 'ipv4
         :host "0.0.0.0" :service t :noquery t :ip-multicast-all nil
         ;; Else another server may be given the same port.
         :reuseaddr nil
         options))

(defun multicast-tests--sender (receiver)
  "Return a client that sends to a group, and to the port of RECEIVER."
  (sockopt-make-network-process
   :name "sender" :type 'datagram :family 'ipv4
   :host multicast-tests--group-name
   :service (process-contact receiver :service) :noquery t
   :ip-multicast-if "lo"))

(defun multicast-tests--check-heard (expected &rest options)
  "Check that a server with OPTIONS hears EXPECTED of \"hi\" to the group."
  (sockopt-tests-with-sockets
    (let ((receiver (apply #'multicast-tests--receiver options)))
      (multicast-tests--check expected receiver
                              (multicast-tests--sender receiver) options))))

(ert-deftest multicast-tests-membership ()
  "A member of a group receives what is sent to it, and nobody else.
The group is a string or a vector; the interface has a name or an index."
  (multicast-tests--check-heard "")
  (dolist (keyword '(:ip-add-membership :mcast-join-group))
    (dolist (group (list multicast-tests--group-name
                         multicast-tests--group))
      (dolist (interface '("lo" 1))
        (multicast-tests--check-heard "hi" keyword
                                      (list group interface))))
    (multicast-tests--check-heard "" keyword
                                  (list (multicast-tests--name 2) "lo"))))

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
    (multicast-tests--check-heard
     "hi" keyword (list multicast-tests--group-name "lo" "127.0.0.1"))
    (multicast-tests--check-heard
     "" keyword (list multicast-tests--group "lo" [127 0 0 9]))))

(defconst multicast-tests--groups
  '((:ip-add-membership
     :ip-drop-membership :ip-block-source :ip-unblock-source
     :ip-add-source-membership :ip-drop-source-membership :ip-msfilter)
    (:mcast-join-group
     :mcast-leave-group :mcast-block-source :mcast-unblock-source
     :mcast-join-source-group :mcast-leave-source-group :mcast-msfilter))
  "The options of IPv4 groups, in both ways of Linux.")

(ert-deftest multicast-tests-membership-changes ()
  "Joining, blocking, unblocking, filtering and leaving each count."
  :tags '(:ip-add-membership :ip-drop-membership :ip-block-source
          :ip-unblock-source :ip-add-source-membership
          :ip-drop-source-membership :ip-msfilter :mcast-join-group
          :mcast-leave-group :mcast-block-source :mcast-unblock-source
          :mcast-join-source-group :mcast-leave-source-group :mcast-msfilter)
  (pcase-dolist (`(,join ,leave ,block ,unblock ,join-source
                         ,leave-source ,filter)
                 multicast-tests--groups)
    (sockopt-tests-with-sockets
      (let* ((group (list multicast-tests--group-name "lo"))
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
          (multicast-tests--check expected receiver sender
                                  (list option value)))))))

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
        (dolist (wrong '(nil "239.1.2.3" ("239.1.2.3" "lo" include)))
          (should (equal (sockopt-tests-error
                          (lambda () (sockopt-get process option wrong)))
                         (list 'wrong-type-argument 'consp wrong option
                               "to be read it takes (GROUP INTERFACE)"))))))))

(defun multicast-tests--receiver-ipv6 (&rest options)
  "Return an IPv6 server with OPTIONS that hears no groups but its own."
  (apply #'sockopt-make-network-process
         :name "receiver" :type 'datagram :server t :family 'ipv6
         :host "::" :service t :noquery t :ipv6-multicast-all nil
         :reuseaddr nil
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

(defun multicast-tests--group-ipv6 (prefix &optional more)
  "Return (TEXT VECTOR), the group of these tests in PREFIX, a number.
Its own number is MORE greater."
  (let ((number (+ multicast-tests--number (or more 0))))
    (list (format "%x::%x" prefix number)
          (vector prefix 0 0 0 0 0 0 number))))

(defun multicast-tests--check-heard-ipv6 (expected interface &rest options)
  "Check that a server with OPTIONS hears EXPECTED on INTERFACE.
\"hi\" is sent to a group in ff11::.  Of such groups no packet leaves the
host: RFC 4291."
  (sockopt-tests-with-sockets
    (let* ((receiver (apply #'multicast-tests--receiver-ipv6 options))
           (sender (sockopt-make-network-process
                    :name "sender" :type 'datagram :family 'ipv6
                    :host (car (multicast-tests--group-ipv6 #xff11))
                    :service (process-contact receiver :service)
                    :noquery t :ipv6-multicast-if interface)))
      (multicast-tests--check expected receiver sender options))))

(ert-deftest multicast-tests-membership-ipv6 ()
  "A member of an IPv6 group receives what is sent to it."
  (pcase-let ((`(,interface ,address) (multicast-tests--interface-ipv6))
              (`(,text ,vector) (multicast-tests--group-ipv6 #xff11))
              (`(,other ,_) (multicast-tests--group-ipv6 #xff11 1)))
    (multicast-tests--check-heard-ipv6 "" interface)
    (pcase-dolist (`(,option ,group ,source ,expected)
                   `((:ipv6-add-membership ,text nil "hi")
                     (:ipv6-add-membership ,vector nil "hi")
                     (:ipv6-add-membership ,other nil "")
                     (:mcast-join-group ,text nil "hi")
                     (:mcast-join-source-group ,text ,address "hi")
                     (:mcast-join-source-group ,text "fe80::9" "")))
      (multicast-tests--check-heard-ipv6
       expected interface option
       (append (list group interface) (and source (list source)))))))

(defun multicast-tests--joined-p (group)
  "Return non-nil if somebody has joined GROUP, a vector, on lo."
  (with-temp-buffer
    (insert-file-contents "/proc/net/igmp6")
    (re-search-forward
     (format "^1 +lo +%s " (mapconcat (lambda (part) (format "%04x" part))
                                      group ""))
     nil t)))

(ert-deftest multicast-tests-membership-ipv6-kernel ()
  "The kernel lists the IPv6 groups that were joined, until they are left."
  :tags '(:ipv6-drop-membership)
  (sockopt-tests-need-kind 'udp6-server)
  (unless (file-readable-p "/proc/net/igmp6")
    (ert-skip "there is no /proc/net/igmp6"))
  (pcase-let ((`(,text ,vector) (multicast-tests--group-ipv6 #xff12)))
    (sockopt-tests-with-sockets
      (let ((process (multicast-tests--receiver-ipv6)))
        (pcase-dolist (`(,join ,leave)
                       '((:ipv6-add-membership :ipv6-drop-membership)
                         (:mcast-join-group :mcast-leave-group)))
          (dolist (group (list text vector))
            (should-not (multicast-tests--joined-p vector))
            (should (sockopt-set process join (list group "lo")))
            (should (multicast-tests--joined-p vector))
            (should (sockopt-set process leave (list group 1)))
            (should-not (multicast-tests--joined-p vector))))))))

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

(ert-deftest multicast-tests-several-groups ()
  "Of several groups in one call the contact has each in its place.
What a rule sets comes before, and has no place of its own."
  :tags '(:ip-add-membership)
  (sockopt-tests-clean
    (let ((process (sockopt-make-network-process
                    :name "s" :type 'datagram :server t :family 'ipv4
                    :host "127.0.0.1" :service t
                    :ip-add-membership '("239.1.2.3" "lo") :priority 3
                    :ip-add-membership '("239.1.2.4" "lo"))))
      (should (equal (cl-loop for (option value)
                              on (sockopt--core-contact process t) by #'cddr
                              when (memq option '(:ip-add-membership
                                                  :priority))
                              collect (list option (car (ensure-list value))))
                     '((:ip-add-membership "239.1.2.3") (:priority 3)
                       (:ip-add-membership "239.1.2.4"))))))
  (let ((contact (list :name "s" :priority 0 :mark 0 :priority 0)))
    (sockopt--note-values-made contact
                               '((:priority 3 2 1) (:keepalive t nil)))
    (should (equal contact
                   '(:name "s" :priority 2 :mark 0 :priority 3
                     :keepalive t)))))

(provide 'multicast-tests)
;;; multicast-tests.el ends here
