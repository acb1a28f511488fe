;;; option-tests.el --- Tests that are generated from the rows  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The round trips are generated from the module's table: a new row is
;; tested without a line here, or must be listed with the reason why not.

;;; Code:

(require 'sockopt-tests-kinds)
(require 'seq)

;;; Round trips

(defun option-tests--verify (process keyword value)
  "Check that all ways to read KEYWORD of PROCESS agree, and on VALUE."
  (let ((now (sockopt-get process keyword)))
    (should (plist-member (process-contact process t) keyword))
    (should (equal (process-contact process keyword) now))
    (should (equal (sockopt-contact process keyword) now))
    (should (equal (plist-get (sockopt-contact process t) keyword) now))
    (unless (sockopt-option-adjusted (sockopt-option keyword))
      (should (equal now value)))))

(defun option-tests--new (keyword old)
  "Return a new value for KEYWORD, which must not be OLD."
  (let ((new (sockopt-tests-candidate keyword old)))
    (should-not (equal new old))
    new))

(defconst option-tests--one-way
  '(:lock-filter :tcp-ulp
                 ;; On a listener it begins as 0, and cannot be 0 again.
                 :tcp-window-clamp)
  "The options that cannot be set back.")

(defun option-tests--set (kind keyword)
  "Check that KEYWORD of a socket of KIND can be set, and set back."
  (let* ((process (sockopt-tests-make kind))
         (old (sockopt-get process keyword))
         (new (option-tests--new keyword old)))
    (should (eq (sockopt-set process keyword new) t))
    (should-not (equal (sockopt-get process keyword) old))
    (option-tests--verify process keyword new)
    (unless (memq keyword option-tests--one-way)
      (should (eq (sockopt-set process keyword old) t))
      (option-tests--verify process keyword old))))

(defun option-tests--create (kind keyword)
  "Check that a socket of KIND can be made with a new value of KEYWORD."
  (let* ((old (sockopt-get (sockopt-tests-make kind) keyword))
         (new (option-tests--new keyword old))
         (process (sockopt-tests-make kind keyword new)))
    (should-not (equal (sockopt-get process keyword) old))
    (option-tests--verify process keyword new)))

(defun option-tests--read (kind keyword)
  "Check that the value of KEYWORD on KIND is what its row says."
  (let ((value (sockopt-get (sockopt-tests-make kind) keyword))
        (option (sockopt-option keyword)))
    ;; What has no name stays a number.
    (should (or (memq value '(nil t))
                (and (sockopt-option-names option) (integerp value))
                (funcall (sockopt-option-predicate option) value)))))

;;; What cannot be shown

;; KIND may be a kind or a class; none means all.
(defconst option-tests--unexercised
  '(;; What Linux does not do.
    ;; The rows of these are for what a socket may become.
    ((:ip-mtu read tcp4-listener tcp6-listener
              udp4 udp6 udplite4 udplite6 raw4 icmp4)
     . "only a connected socket has a path")
    ((:ipv6-pathmtu read tcp6-listener udp6 udplite6 raw6 icmp6)
     . "only a connected socket has a path")
    ((:ipv6-mtu read tcp6-listener udp6 udplite6 raw6 icmp6)
     . "only a connected socket has a path")
    ((:peergroups read local-datagram) . "there is no one peer")
    ((:peerpidfd read local-datagram) . "there is no one peer")
    ;; What is set limits fragments; what is read is the path's.
    ((:ipv6-mtu set) . "reads as what the path to the peer allows")
    ((:ipv6-mtu create) . "reads as what the path to the peer allows")
    ;; The kernel turns it off and on as it sees fit.
    ((:tcp-quickack create tcp4-client tcp4-listener
                    tcp6-client tcp6-listener)
     . "on again once the socket connects or listens")
    ;; Binding to an address that is not :: turns it on.
    ((:ipv6-v6only create tcp6-listener udp6-server)
     . "cannot be off for one address")
    ((:tcp-fastopen-connect set tcp4-listener tcp6-listener mptcp4-listener)
     . "a listener cannot connect any more: EINVAL")
    ;; An MPTCP socket takes these until its first subflow is up.
    ((:bindtodevice set mptcp4-client mptcp6-client)
     . "MPTCP takes it before it connects only: EINVAL")
    ((:reuseport set mptcp4-client mptcp6-client)
     . "MPTCP takes it before it connects only: EINVAL")
    ((:reuseaddr set mptcp4-client mptcp6-client)
     . "MPTCP takes it before it connects only: EINVAL")
    ((:bindtoifindex set mptcp4-client mptcp6-client)
     . "MPTCP takes it before it connects only: EINVAL")
    ((:ip-transparent set mptcp4-client mptcp6-client)
     . "MPTCP takes it before it connects only: EINVAL")
    ((:ipv6-transparent set mptcp6-client)
     . "MPTCP takes it before it connects only: EINVAL")
    ;; A listener has nothing to put a protocol over: ENOTCONN, or ENOENT
    ;; where the next half applies.
    ((:tcp-ulp set tcp4-listener tcp6-listener) . "nothing is connected")
    ((:tcp-ulp create tcp4-listener tcp6-listener)
     . "nothing is connected")

    ;; What the kernel that the tests run on was built without.
    ((:tcp-ulp set) . "no tls module")
    ((:tcp-ulp create) . "no tls module")
    ((:original-dst read) . "no packet filter has redirected anything")
    ((:ip6t-so-original-dst read)
     . "no packet filter has redirected anything")
    ((:peersec read) . "no security module labels sockets"))
  "What cannot be exercised, as ((KEYWORD WAY KIND...) . REASON).")

(defun option-tests--reason (way kind keyword)
  "Return why KEYWORD cannot be exercised by WAY on KIND, or nil."
  (cdr (seq-find (pcase-lambda (`((,name ,how . ,kinds) . ,_reason))
                   (and (eq name keyword)
                        (eq how way)
                        (or (null kinds)
                            (memq kind kinds)
                            (memq (sockopt-tests-class kind) kinds))))
                 option-tests--unexercised)))

(defun option-tests--excused (kind keyword error)
  "Return why ERROR of KEYWORD on KIND is nobody's fault, or nil."
  (cond
   ((and (eq (car error) 'sockopt-unsupported)
         (version< (sockopt-tests-kernel) "6.18"))
    "this kernel is too old")
   ((and (/= (user-uid) 0)
         (sockopt-option-privilege (sockopt-option keyword))
         (or (member "Operation not permitted" error)
             ;; Of what fails on a child there is but a message.
             (eq (sockopt-tests-role kind) 'child)))
    "needs root")))

(defun option-tests--try (way kind keyword)
  "Exercise KEYWORD on KIND by WAY.  Return nil, or what is wrong."
  (let ((reason (option-tests--reason way kind keyword))
        (error (sockopt-tests-error
                (lambda ()
                  (sockopt-tests-with-sockets
                    (funcall (intern (format "option-tests--%s" way))
                             kind keyword))))))
    (cond
     ((and reason (not error))
      (list way kind keyword "can be exercised, though listed:" reason))
     ((or reason (not error)) nil)
     ((option-tests--excused kind keyword error)
      (message "  SKIPPED %s %s of %s: %s" way keyword kind
               (option-tests--excused kind keyword error))
      nil)
     (t (list way kind keyword error)))))

(defun option-tests--late-p (kind option)
  "Return non-nil if it is too late for OPTION once KIND is made."
  (let* ((role (sockopt-tests-role kind))
         (type (plist-get (cddr (alist-get kind sockopt-tests-kinds)) :type))
         (connected (or (eq role 'child)
                        (and (eq role 'client)
                             (memq type '(nil seqpacket))))))
    (pcase (and (not (sockopt-option-late option))
                (sockopt-option-phase option))
      ('before-bind (or connected (eq role 'server)))
      ((or 'before-connect 'listening) connected))))

(defun option-tests--late (kind keyword)
  "Check that it is too late to set KEYWORD of a socket of KIND."
  (let* ((process (sockopt-tests-make kind))
         (old (sockopt-get process keyword))
         (new (option-tests--new keyword old))
         (error (should-error (sockopt-set process keyword new)
                              :type 'sockopt-too-late)))
    (should (eq (cadr error) keyword))
    (should-error (sockopt-set process keyword new t)
                  :type 'sockopt-too-late)
    (should (equal (sockopt-get process keyword) old))))

(defun option-tests--ways (kind option)
  "Return the ways in which OPTION can be exercised on KIND."
  (cond
   ((or (sockopt-option-argument option)
        (not (memq (sockopt-tests-class kind)
                   (sockopt-option-classes option)))
        (not (sockopt-option-get option)))
    nil)
   ((not (sockopt-option-set option)) '(read))
   ((not (option-tests--late-p kind option)) '(read set create))
   ((eq (sockopt-tests-role kind) 'child) '(read late))
   (t '(read late create))))

(defun option-tests--kind (kind)
  "Exercise every option of KIND in every way."
  (sockopt-tests-need-kind kind)
  (let ((count 0) failures)
    (dolist (keyword (sockopt-option-list))
      (dolist (way (option-tests--ways kind (sockopt-option keyword)))
        (setq count (1+ count))
        (let ((failure (option-tests--try way kind keyword)))
          (when failure (push failure failures)))))
    (should (> count (sockopt-tests-share 20)))
    (should-not failures)))

(defmacro option-tests--define-kinds ()
  "Define a test for each kind of socket."
  `(progn
     ,@(mapcar
        (lambda (entry)
          `(ert-deftest ,(intern (format "option-tests-round-trips-%s"
                                         (car entry)))
               ()
             ,(format "Every option of %s can be set and read."
                      (car entry))
             (option-tests--kind ',(car entry))))
        sockopt-tests-kinds)))

(option-tests--define-kinds)

;;; Sockets that do not have an option

(defun option-tests--argument (keyword)
  "Return the argument that reading KEYWORD takes, or nil."
  (and (sockopt-option-argument (sockopt-option keyword))
       (seq-take (sockopt-tests-sample keyword) 2)))

(defun option-tests--wrong-error-p (keyword error)
  "Return non-nil if ERROR does not say that KEYWORD is unsupported."
  (not (and (eq (car error) 'sockopt-unsupported)
            (eq (cadr error) keyword))))

(defun option-tests--not-supported (process keyword)
  "Return what is wrong with errors of KEYWORD, which PROCESS has not.
There are errors even where the kernel would take the option."
  (let* ((value (sockopt-tests-sample keyword))
         (get (sockopt-tests-error
               (lambda ()
                 (sockopt-get process keyword
                              (option-tests--argument keyword)))))
         (set (sockopt-tests-error
               (lambda () (sockopt-set process keyword value))))
         (quiet (and set (condition-case error
                             (sockopt-set process keyword value t)
                           (error error)))))
    (when (or (option-tests--wrong-error-p keyword get)
              (option-tests--wrong-error-p keyword set)
              quiet
              (sockopt-supported-p keyword process)
              (plist-member (sockopt-options process) keyword))
      (list keyword get set quiet))))

(defun option-tests--unsupported (kind)
  "Check all options that KIND has not."
  (let ((count 0) failures)
    (sockopt-tests-with-sockets
      (let ((process (sockopt-tests-make kind)))
        (dolist (keyword (sockopt-option-list))
          (unless (memq (sockopt-tests-class kind)
                        (sockopt-option-classes (sockopt-option keyword)))
            (setq count (1+ count))
            (let ((failure (option-tests--not-supported process keyword)))
              (when failure (push failure failures)))))))
    (should (> count (sockopt-tests-share 30)))
    (should-not failures)))

(ert-deftest option-tests-unsupported-tcp4 ()
  "Options that a TCP socket has not signal `sockopt-unsupported'."
  (option-tests--unsupported 'tcp4-client))

(ert-deftest option-tests-unsupported-udp4 ()
  "Options that a UDP socket has not signal `sockopt-unsupported'."
  (option-tests--unsupported 'udp4-client))

(ert-deftest option-tests-unsupported-local-stream ()
  "Options that a local socket has not signal `sockopt-unsupported'."
  (option-tests--unsupported 'local-stream-client))

(ert-deftest option-tests-unsupported-at-creation ()
  "An option that the socket has not is refused when it is made, too."
  (dolist (arguments '((:host "127.0.0.1" :family ipv4 :no-check t)
                       (:host "127.0.0.1" :family ipv4 :type datagram
                              :tcp-nodelay t)))
    (let ((processes (process-list)))
      (should-error (apply #'sockopt-make-network-process
                           :name "none" :server t :service t arguments)
                    :type 'sockopt-unsupported)
      (should (equal (process-list) processes)))))

(ert-deftest option-tests-wrong-direction ()
  "Setting what can only be read is unsupported, and the other way round."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (should-error (sockopt-set process :acceptconn t)
                    :type 'sockopt-unsupported)
      (should-not (sockopt-set process :acceptconn t t))
      (should-error (sockopt-set process :tcp-info nil)
                    :type 'sockopt-unsupported)
      (should-error (sockopt-get process :rcvbufforce)
                    :type 'sockopt-unsupported))))

(ert-deftest option-tests-every-row-has-a-kind ()
  "Every option has a class of socket that is tested, and can be tried."
  (let ((classes (mapcar #'cadr sockopt-tests-kinds)))
    (dolist (keyword (sockopt-option-list))
      (let ((option (sockopt-option keyword)))
        (should (seq-intersection (sockopt-option-classes option) classes))
        (should (or (sockopt-option-get option)
                    (assq keyword sockopt-tests-samples)))))))

(provide 'option-tests)
;;; option-tests.el ends here
