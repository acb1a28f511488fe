;;; option-tests.el --- Tests of every socket option  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The round trips are generated from the module's table: a new row is
;; tested without a line here, or must be listed with the reason why not.

;;; Code:

(require 'sockopt-tests-lib)
(require 'seq)

(declare-function sockopt--omission-reason "../module/emacs/sockopt-module.c" (name))

;;; Kinds of socket

;; The tests are made of this when the file is compiled, too.
(eval-and-compile
  (defconst option-tests--kinds
    '((tcp4-client tcp4 client :family ipv4)
      (tcp4-child tcp4 child :family ipv4)
      (tcp4-listener tcp4 server :family ipv4)
      (tcp6-client tcp6 client :family ipv6)
      (tcp6-listener tcp6 server :family ipv6)
      (udp4-client udp4 client :family ipv4 :type datagram)
      (udp4-server udp4 server :family ipv4 :type datagram)
      (udp6-client udp6 client :family ipv6 :type datagram)
      (udp6-server udp6 server :family ipv6 :type datagram)
      (local-stream-client local-stream client :family local)
      (local-stream-child local-stream child :family local)
      (local-stream-listener local-stream server :family local)
      (local-datagram-client local-datagram client
                             :family local :type datagram)
      (local-datagram-server local-datagram server
                             :family local :type datagram)
      (local-seqpacket-client local-seqpacket client
                              :family local :type seqpacket)
      (local-seqpacket-listener local-seqpacket server
                                :family local :type seqpacket)
      (mptcp4-client mptcp4 client :family ipv4 :protocol mptcp)
      (mptcp4-listener mptcp4 server :family ipv4 :protocol mptcp)
      (mptcp6-client mptcp6 client :family ipv6 :protocol mptcp)
      (udplite4-client udplite4 client
                       :family ipv4 :type datagram :protocol udplite)
      (udplite6-client udplite6 client
                       :family ipv6 :type datagram :protocol udplite)
      (icmp4 icmp4 alone :family ipv4 :type raw :protocol icmp)
      (icmp6 icmp6 alone :family ipv6 :type raw :protocol icmpv6)
      ;; RFC 3692 keeps protocol 253 for experiments.
      (raw4 raw4 alone :family ipv4 :type raw :protocol 253)
      (raw6 raw6 alone :family ipv6 :type raw :protocol 253)
      (vsock-client vsock client :family vsock)
      (vsock-listener vsock server :family vsock))
    "Kinds of socket, as (NAME CLASS ROLE ARGUMENT...).
CLASS is what the rows of the table call it.  A socket whose ROLE is
`alone' needs no server."))

(defvar option-tests--directory nil
  "Where local sockets are.")

(defmacro option-tests--clean (&rest body)
  "Evaluate BODY, then delete the processes and local sockets it made."
  (declare (indent 0) (debug t))
  `(sockopt-tests-with-directory directory
     (let ((option-tests--directory directory))
       (sockopt-tests-clean ,@body))))

(defun option-tests--where (arguments role service)
  "Return ARGUMENTS with an address for ROLE, on SERVICE or a free one."
  (append
   (list :name (symbol-name role) :noquery t)
   (and (eq role 'server) '(:server 50))
   (pcase (plist-get arguments :family)
     ('local (list :service (or service
                                (make-temp-name
                                 (expand-file-name
                                  "s" option-tests--directory)))))
     ('vsock (append (and (eq role 'client) '(:host local))
                     (list :service (or service t))))
     (_ (append '(:host local)
                (unless (eq (plist-get arguments :type) 'raw)
                  (list :service (or service t))))))
   arguments))

(defun option-tests--process (role arguments &optional service options)
  "Make a process of ROLE by ARGUMENTS, with OPTIONS, on SERVICE."
  (apply #'sockopt-make-network-process
         (append (option-tests--where arguments role service) options)))

(defun option-tests--service (server)
  "Return what a client connects to SERVER by."
  (process-contact server :service))

(defun option-tests--child (arguments options)
  "Connect to a new server by ARGUMENTS, and return its end.
It gets OPTIONS, a plist, as it is accepted."
  (let* ((children nil)
         (server (option-tests--process
                  'server arguments nil
                  (list :child-options options
                        :log (lambda (_server child _message)
                               (push child children))))))
    (option-tests--process 'client arguments
                           (option-tests--service server))
    (sockopt-tests-wait (lambda () children))
    (car children)))

(defun option-tests--make (kind &rest options)
  "Make a socket of KIND with OPTIONS, and return its process."
  (pcase-let ((`(,_sort ,role . ,arguments)
               (alist-get kind option-tests--kinds)))
    (pcase role
      ('child (option-tests--child arguments options))
      ('client
       (let ((server (option-tests--process 'server arguments)))
         (option-tests--process role arguments
                                (option-tests--service server) options)))
      (_ (option-tests--process role arguments nil options)))))

(defun option-tests--class (kind)
  "Return the class of KIND."
  (car (alist-get kind option-tests--kinds)))

(defun option-tests--role (kind)
  "Return the role of KIND."
  (cadr (alist-get kind option-tests--kinds)))

;;; Round trips

(defconst option-tests--values
  '((:attach-filter [[6 0 0 65535]])
    (:ip-local-port-range (40000 50000))
    ;; The last two bits are not ours over TCP.
    (:ip-tos 184 96)
    (:ipv6-tclass 184 96)
    ;; Offsets must be even.
    (:ipv6-checksum 2 4)
    ;; IPv6 has no packets shorter than 1280.
    (:ipv6-mtu 1400 1300)
    (:tcp-congestion "reno" "cubic")
    (:tcp-maxseg 600 700)
    (:tcp-ulp "tls")
    (:tcp-window-clamp 3000 4000)
    (:vm-sockets-buffer-size 100000 200000))
  "New values for options whose rows do not say enough to make some up.")

(defun option-tests--number (option old)
  "Return a number that OPTION can have, near its lower end, but not OLD."
  (let ((least (sockopt-option-min option))
        (most (sockopt-option-max option)))
    (cond
     ((string= (sockopt-option-unit option) "bytes")
      (if (and (integerp old) (< (* 2 old) most) (> old least))
          (* 2 old)
        (min most (max least (if (eql old 5000) 6000 5000)))))
     ((and (integerp old) (< (1+ old) most)) (max least (1+ old)))
     (t (/ (+ least most) 2)))))

(defun option-tests--name (option old)
  "Return a value made of the names that OPTION knows, other than OLD."
  (let* ((names (sockopt-option-names option))
         (lists (mapcar #'list names)))
    (car (remove old (if (eq (sockopt-option-predicate option) 'listp)
                         lists
                       names)))))

(defun option-tests--candidate (keyword old)
  "Return a value other than OLD that the option KEYWORD can have."
  (let ((option (sockopt-option keyword))
        (given (alist-get keyword option-tests--values)))
    (cond
     (given (car (remove old given)))
     ((string-match-p "\\`interface" (sockopt-option-kind option))
      (if (equal old "lo") nil "lo"))
     ((string-match-p "types to block" (sockopt-option-kind option))
      (if (equal old '(8)) '(0) '(8)))
     (t (pcase (sockopt-option-predicate option)
          ('booleanp (not old))
          ('integerp (option-tests--number option old))
          ('numberp (if (equal old 2) 3 2))
          (_ (option-tests--name option old)))))))

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
  (let ((new (option-tests--candidate keyword old)))
    (should-not (equal new old))
    new))

(defconst option-tests--one-way
  '(:lock-filter :tcp-ulp
    ;; On a listener it begins as 0, and cannot be 0 again.
    :tcp-window-clamp)
  "The options that cannot be set back.")

(defun option-tests--set (kind keyword)
  "Check that KEYWORD of a socket of KIND can be set, and set back."
  (let* ((process (option-tests--make kind))
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
  (let* ((old (sockopt-get (option-tests--make kind) keyword))
         (new (option-tests--new keyword old))
         (process (option-tests--make kind keyword new)))
    (should-not (equal (sockopt-get process keyword) old))
    (option-tests--verify process keyword new)))

(defun option-tests--read (kind keyword)
  "Check that the value of KEYWORD on KIND is what its row says."
  (let ((value (sockopt-get (option-tests--make kind) keyword))
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
                            (memq (option-tests--class kind) kinds))))
                 option-tests--unexercised)))

(defun option-tests--kernel ()
  "Return the version of the kernel, or \"0\" if it is not Linux."
  (condition-case nil
      (with-temp-buffer
        (insert-file-contents "/proc/sys/kernel/osrelease")
        (if (looking-at "[0-9]+\\.[0-9]+") (match-string 0) "0"))
    (file-error "0")))

(defun option-tests--excused (kind keyword error)
  "Return why ERROR of KEYWORD on KIND is nobody's fault, or nil."
  (cond
   ((and (eq (car error) 'sockopt-unsupported)
         (version< (option-tests--kernel) "6.18"))
    "this kernel is too old")
   ((and (/= (user-uid) 0)
         (sockopt-option-privilege (sockopt-option keyword))
         (or (member "Operation not permitted" error)
             ;; Of what fails on a child there is but a message.
             (eq (option-tests--role kind) 'child)))
    "needs root")))

(defun option-tests--try (way kind keyword)
  "Exercise KEYWORD on KIND by WAY.  Return nil, or what is wrong."
  (let ((reason (option-tests--reason way kind keyword))
        (error (sockopt-tests-error
                (lambda ()
                  (option-tests--clean
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
  (let* ((role (option-tests--role kind))
         (type (plist-get (cddr (alist-get kind option-tests--kinds)) :type))
         (connected (or (eq role 'child)
                        (and (eq role 'client)
                             (memq type '(nil seqpacket))))))
    (pcase (sockopt-option-phase option)
      ('before-bind (or connected (eq role 'server)))
      ((or 'before-connect 'listening) connected))))

(defun option-tests--late (kind keyword)
  "Check that it is too late to set KEYWORD of a socket of KIND."
  (let* ((process (option-tests--make kind))
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
        (not (memq (option-tests--class kind)
                   (sockopt-option-classes option)))
        (not (sockopt-option-get option)))
    nil)
   ((not (sockopt-option-set option)) '(read))
   ((not (option-tests--late-p kind option)) '(read set create))
   ((eq (option-tests--role kind) 'child) '(read late))
   (t '(read late create))))

(defun option-tests--available (kind)
  "Skip the test, saying why, unless the system has sockets of KIND."
  (let ((error (sockopt-tests-error
                (lambda ()
                  (option-tests--clean (option-tests--make kind))))))
    (when error
      (unless (memq (car error) '(sockopt-system-error
                                  sockopt-unsupported
                                  sockopt-permission-denied))
        (signal (car error) (cdr error)))
      (ert-skip (format "no %s here: %s" kind
                        (error-message-string error))))))

(defun option-tests--kind (kind)
  "Exercise every option of KIND in every way."
  (option-tests--available kind)
  (let ((count 0) failures)
    (dolist (keyword (sockopt-option-list))
      (dolist (way (option-tests--ways kind (sockopt-option keyword)))
        (setq count (1+ count))
        (let ((failure (option-tests--try way kind keyword)))
          (when failure (push failure failures)))))
    (should (> count 20))
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
        option-tests--kinds)))

(option-tests--define-kinds)

;;; Sockets that do not have an option

(defconst option-tests--samples
  '((:detach-filter . t) (:inq . t)
    (:rcvbufforce . 10000) (:sndbufforce . 10000)
    (:ip-add-membership "239.1.2.3" "lo")
    (:ip-drop-membership "239.1.2.3" "lo")
    (:ip-add-source-membership "239.1.2.3" "lo" "127.0.0.1")
    (:ip-drop-source-membership "239.1.2.3" "lo" "127.0.0.1")
    (:ip-block-source "239.1.2.3" "lo" "127.0.0.1")
    (:ip-unblock-source "239.1.2.3" "lo" "127.0.0.1")
    (:ip-msfilter "239.1.2.3" "lo" include "127.0.0.1")
    (:mcast-join-group "239.1.2.3" "lo")
    (:mcast-leave-group "239.1.2.3" "lo")
    (:mcast-join-source-group "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-leave-source-group "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-block-source "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-unblock-source "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-msfilter "239.1.2.3" "lo" include "127.0.0.1")
    (:ipv6-add-membership "ff12::1234" "lo")
    (:ipv6-drop-membership "ff12::1234" "lo")
    (:ipv6-pktinfo "::1" "lo"))
  "Values for options that cannot be read, or not without an argument.")

(defun option-tests--sample (keyword)
  "Return some value that the option KEYWORD can have."
  (let ((entry (assq keyword option-tests--samples)))
    (if entry (cdr entry) (option-tests--candidate keyword nil))))

(defun option-tests--argument (keyword)
  "Return the argument that reading KEYWORD takes, or nil."
  (and (sockopt-option-argument (sockopt-option keyword))
       (seq-take (option-tests--sample keyword) 2)))

(defun option-tests--wrong-error-p (keyword error)
  "Return non-nil if ERROR does not say that KEYWORD is unsupported."
  (not (and (eq (car error) 'sockopt-unsupported)
            (eq (cadr error) keyword))))

(defun option-tests--not-supported (process keyword)
  "Return what is wrong with errors of KEYWORD, which PROCESS has not.
There are errors even where the kernel would take the option."
  (let* ((value (option-tests--sample keyword))
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
    (option-tests--clean
      (let ((process (option-tests--make kind)))
        (dolist (keyword (sockopt-option-list))
          (unless (memq (option-tests--class kind)
                        (sockopt-option-classes (sockopt-option keyword)))
            (setq count (1+ count))
            (let ((failure (option-tests--not-supported process keyword)))
              (when failure (push failure failures)))))))
    (should (> count 30))
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
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (should-error (sockopt-set process :acceptconn t)
                    :type 'sockopt-unsupported)
      (should-not (sockopt-set process :acceptconn t t))
      (should-error (sockopt-set process :tcp-info nil)
                    :type 'sockopt-unsupported)
      (should-error (sockopt-get process :rcvbufforce)
                    :type 'sockopt-unsupported))))

(ert-deftest option-tests-every-row-has-a-kind ()
  "Every option has a class of socket that is tested, and can be tried."
  (let ((classes (mapcar #'cadr option-tests--kinds)))
    (dolist (keyword (sockopt-option-list))
      (let ((option (sockopt-option keyword)))
        (should (seq-intersection (sockopt-option-classes option) classes))
        (should (or (sockopt-option-get option)
                    (assq keyword option-tests--samples)))))))

;;; Core's eight options

(defun option-tests--kernel-int (process number)
  "Return option NUMBER of PROCESS at SOL_SOCKET, read past the table.
The number is an integer, in the byte order of this machine."
  (let ((bytes (append (sockopt-get-raw process 1 number 4) nil)))
    (apply #'logior
           (cl-loop for byte in (if (eq (byteorder) ?B)
                                    (reverse bytes)
                                  bytes)
                    for shift from 0 by 8
                    collect (ash byte shift)))))

(defun option-tests--linux ()
  "Skip the test unless this is Linux on a machine of the usual kind."
  (unless (and (eq system-type 'gnu/linux)
               (not (string-match-p "sparc\\|hppa\\|mips\\|alpha"
                                    system-configuration)))
    (ert-skip "the numbers of options are those of most Linuxes")))

(ert-deftest option-tests-eight-at-creation ()
  "Each of core's eight options counts at creation, as the kernel says."
  (dolist (case '((:broadcast t t) (:broadcast 1 t) (:broadcast nil nil)
                  (:dontroute t t) (:dontroute nil nil)
                  (:keepalive 0 t) (:keepalive nil nil)
                  (:oobinline t t) (:oobinline nil nil)
                  (:linger t t) (:linger 7 7) (:linger 0 0)
                  (:linger nil nil) (:priority 6 6) (:priority 0 0)
                  (:reuseaddr t t) (:reuseaddr nil nil)
                  (:bindtodevice nil nil) (:bindtodevice "" nil)))
    (pcase-let ((`(,keyword ,given ,expected) case))
      (dolist (kind '(tcp4-client tcp4-listener udp4-client udp4-server
                                  local-stream-client))
        (unless (and (eq kind 'local-stream-client)
                     (eq keyword :bindtodevice))
          (option-tests--clean
            (let ((process (option-tests--make kind keyword given)))
              (should (equal (list kind keyword
                                   (sockopt-get process keyword))
                             (list kind keyword expected)))
              (should (equal (process-contact process keyword)
                             expected)))))))))

(ert-deftest option-tests-eight-later ()
  "Each of core's options can be set later, and shows in the contact."
  (dolist (kind '(tcp4-client tcp4-listener udp4-client udp4-server))
    (option-tests--clean
      (let ((process (option-tests--make kind)))
        (pcase-dolist (`(,keyword ,given ,expected)
                       '((:broadcast 5 t) (:broadcast nil nil)
                         (:dontroute "" t) (:dontroute nil nil)
                         (:keepalive t t) (:keepalive nil nil)
                         (:oobinline foo t) (:oobinline nil nil)
                         (:linger t t) (:linger 3 3) (:linger 0 0)
                         (:linger 65535 65535) (:linger nil nil)
                         (:priority 6 6) (:priority 0 0)
                         (:bindtodevice nil nil) (:bindtodevice "" nil)))
          (should (eq (sockopt-set process keyword given) t))
          (should (equal (process-contact process keyword) expected))
          (should (equal (sockopt-get process keyword) expected)))))))

(ert-deftest option-tests-datagram-clients-in-kernel ()
  "The kernel has the options of datagram clients, which core skips."
  (option-tests--linux)
  (option-tests--clean
    (let ((process (option-tests--make
                    'udp4-client :broadcast t :dontroute t :keepalive t
                    :oobinline t :priority 5)))
      (should (equal (mapcar (lambda (number)
                               (option-tests--kernel-int process number))
                             ;; SO_BROADCAST, SO_DONTROUTE, SO_KEEPALIVE,
                             ;; SO_OOBINLINE and SO_PRIORITY.
                             '(6 5 9 10 12))
                     '(1 1 1 1 5))))))

(ert-deftest option-tests-bindtodevice-too-long ()
  "A name of 16 bytes is out of range, and nothing changes."
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-client)))
      (dolist (name '("abcdefghijklmnop" "loxxxxxxxxxxxxxxxxxx" "éééééééé"))
        (should-error (sockopt-set process :bindtodevice name)
                      :type 'args-out-of-range)
        (should-not (sockopt-get process :bindtodevice))
        (should (memq :bindtodevice
                      (should-error
                       (option-tests--make 'udp4-client
                                           :bindtodevice name)
                       :type 'args-out-of-range)))))))

(ert-deftest option-tests-bindtodevice-unknown ()
  "An unknown device is an error with the kernel's words."
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-client)))
      (dolist (error (list (should-error
                            (sockopt-set process :bindtodevice "nodev0")
                            :type 'sockopt-system-error)
                           (should-error
                            (option-tests--make 'udp4-client
                                                :bindtodevice "nodev0")
                            :type 'sockopt-system-error)))
        (should (memq :bindtodevice error))
        (should (or (member "No such device" error)
                    (/= (user-uid) 0))))
      (should-not (sockopt-get process :bindtodevice)))))

(ert-deftest option-tests-reuseaddr-default ()
  "By default all servers but local ones reuse addresses."
  (pcase-dolist (`(,kind ,expected)
                 '((tcp4-listener t) (tcp6-listener t) (udp4-server t)
                   (tcp4-client nil) (udp4-client nil)
                   (local-stream-listener nil)
                   (local-datagram-server nil)))
    (option-tests--clean
      (should (equal (list kind (sockopt-get (option-tests--make kind)
                                             :reuseaddr))
                     (list kind expected)))))
  (option-tests--clean
    (should (sockopt-get (option-tests--make 'local-stream-listener
                                             :reuseaddr t)
                         :reuseaddr))))

(ert-deftest option-tests-reuseaddr-too-late ()
  "Once a socket is bound it is too late for :reuseaddr."
  (option-tests--clean
    (let ((server (option-tests--make 'tcp4-listener)))
      (should-error (sockopt-set server :reuseaddr nil)
                    :type 'sockopt-too-late)
      (should-error (sockopt-set server :reuseaddr nil t)
                    :type 'sockopt-too-late)
      (should (sockopt-get server :reuseaddr)))))

(defun option-tests--leave (linger)
  "Send data, delete the sender that has LINGER, then look at its peer.
Return (ERROR DATA), what is pending there and what can be read.  With
LINGER `none' the option is not set at all."
  (option-tests--clean
    (let* ((place (list ""))
           children
           (server (option-tests--process
                    'server '(:family ipv4) nil
                    (list :log (lambda (_server child _message)
                                 (stop-process child)
                                 (push child children)))))
           (client (option-tests--process
                    'client '(:family ipv4) (option-tests--service server)
                    (unless (eq linger 'none) (list :linger linger)))))
      (sockopt-tests-wait (lambda () children))
      (process-send-string client "hello")
      (delete-process client)
      (sleep-for 0.05)
      (set-process-filter (car children) (sockopt-tests-collector place))
      (let ((error (sockopt-get (car children) :error)))
        (continue-process (car children))
        (sockopt-tests-wait (lambda () (not (process-live-p
                                             (car children)))))
        (list error (car place))))))

(ert-deftest option-tests-linger-delivers ()
  "A process with `:linger' t or a time delivers what was sent.
Only 0 resets the connection, which is a pending error of the peer."
  (dolist (linger '(none nil t 2))
    (should (equal (cons linger (option-tests--leave linger))
                   (list linger nil "hello"))))
  (let ((result (option-tests--leave 0)))
    (should (eq (caar result) 'ECONNRESET))
    (should (stringp (cdar result)))))

(defun option-tests--unprivileged (form)
  "Return what another Emacs that is nobody prints for FORM."
  (unless (executable-find "setpriv")
    (ert-skip "there is no setpriv to drop privileges with"))
  (unless (= (user-uid) 0)
    (ert-skip "only root can drop privileges"))
  (with-temp-buffer
    (apply #'call-process "timeout" nil t nil
           "20" "setpriv" "--reuid=65534" "--regid=65534" "--clear-groups"
           (append (sockopt-tests-command)
                   (cl-loop for directory in load-path
                            append (list "-L" directory))
                   (list "-l" "sockopt"
                         "--eval" (format "(prin1 %S)" form))))
    (buffer-string)))

(ert-deftest option-tests-without-privilege ()
  "What needs privilege shows the kernel's error to those who lack it."
  (dolist (case '((:priority 6 "\\`t\\'")
                  (:priority 7 "sockopt-permission-denied\\|\
sockopt-system-error.*Operation not permitted")
                  (:mark 1 "Operation not permitted")
                  (:rcvbufforce 10000 "Operation not permitted")))
    (pcase-let ((`(,option ,value ,expected) case))
      (should (string-match-p
               expected
               (option-tests--unprivileged
                `(condition-case error
                     (sockopt-set
                      (make-network-process
                       :name "s" :server t :host "127.0.0.1" :service t)
                      ,option ,value)
                   (error error))))))))

;;; Processes that are gone

(ert-deftest option-tests-gone ()
  "Once a process is gone, nobody else's socket is taken for its own."
  (option-tests--clean
    (dolist (way '(delete stop))
      (let ((process (option-tests--make 'udp4-client :priority 3)))
        ;; After two calls the kernel is no longer asked whose socket it is.
        (should (eql (sockopt-get process :priority) 3))
        (should (eql (sockopt-get process :priority) 3))
        (when (eq way 'stop)
          (stop-process process))
        (delete-process process)
        ;; These take all the descriptors that were freed.
        (let ((others (cl-loop repeat 5 collect
                               (option-tests--make 'udp4-client
                                                   :priority 5))))
          (should-error (sockopt-get process :priority) :type 'sockopt-error)
          (should-error (sockopt-set process :priority 1)
                        :type 'sockopt-error)
          (dolist (other others)
            (should (eql (sockopt-get other :priority) 5))))))))

;;; Several at one address

(ert-deftest option-tests-reuseport ()
  "Two listeners share one port by :reuseport, and stay apart."
  (option-tests--clean
    (let* ((one (sockopt-tests-server :reuseport t :priority 3))
           (port (process-contact one :service))
           (two (sockopt-make-network-process
                 :name "two" :server t :host "127.0.0.1" :family 'ipv4
                 :service port :noquery t :reuseport t :priority 4)))
      (should (eq (process-contact two :service) port))
      (should (sockopt-get two :reuseport))
      (should (eq (sockopt-get one :priority) 3))
      (should (eq (sockopt-get two :priority) 4))
      ;; Found afresh, as those of others are.
      (remhash one sockopt--sockets)
      (remhash two sockopt--sockets)
      (should (eq (sockopt-get one :priority) 3))
      (should (eq (sockopt-get two :priority) 4))
      (should-error (sockopt-make-network-process
                     :name "three" :server t :host "127.0.0.1"
                     :family 'ipv4 :service port :noquery t)
                    :type 'sockopt-system-error))))

;;; Values

(ert-deftest option-tests-out-of-range ()
  "What the kernel would cut or wrap is refused before it sees it."
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-client)))
      (pcase-dolist (`(,keyword ,value)
                     `((:ip-tos 300) (:ip-tos -2) (:ip-tos 256)
                       (:ip-ttl 256) (:ip-ttl -2)
                       (:rcvbuf ,(ash 1 40)) (:rcvbuf -1)
                       (:sndbuf ,(ash 1 31)) (:sndbuf ,(ash 1 32))
                       (:priority ,(ash 1 40)) (:mark ,(ash 1 32))
                       (:mark -1) (:linger 65536) (:linger -1)
                       (:rcvtimeo ,(expt 10 10)) (:rcvtimeo -1)
                       (:rcvbuf ,(ash 1 70))
                       (:tcp-keepcnt 128) (:tcp-keepidle 32768)
                       (:bindtodevice "abcdefghijklmnopqrst")
                       (:ip-tos xyzzy) (:ip-mtu-discover xyzzy)
                       (:ip-tos ,(ash 1 80)) (:ip-tos ,(- (ash 1 80)))
                       (:timestamping (xyzzy))))
        (dolist (error
                 (list (should-error (sockopt-set process keyword value))
                       (should-error
                        (option-tests--make 'udp4-client
                                            keyword value))))
          (should (equal (list keyword value (car error))
                         (list keyword value 'args-out-of-range)))
          (should (memq keyword error))))
      (should (eql (sockopt-get process :ip-tos) 0)))))

(ert-deftest option-tests-wrong-type ()
  "A value of the wrong type is refused, and the option named."
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-client)))
      (pcase-dolist (`(,keyword ,value)
                     '((:ip-tos "ef") (:rcvbuf 1.5) (:rcvbuf nil)
                       (:linger "x") (:linger 1.5) (:bindtodevice 3)
                       (:priority t) (:rcvtimeo "1")
                       (:ip-mtu-discover "do") (:attach-filter 3)
                       (:timestamping software)
                       (:ip-add-membership "239.1.2.3")
                       (:ip-add-membership (5))))
        (let ((error (should-error (sockopt-set process keyword value))))
          (should (equal (list keyword value (car error))
                         (list keyword value 'wrong-type-argument)))
          (should (memq keyword error)))))))

(ert-deftest option-tests-value-within-itself ()
  "A list or vector that has itself for an element is refused."
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-client))
          (list (list 1))
          (vector (vector 6 0 0 0)))
      (setcar list list)
      (aset vector 3 vector)
      (pcase-dolist (`(,keyword ,value)
                     `((:timestamping ,list)
                       (:ip-add-membership ,list)
                       (:attach-filter ,vector)
                       (:attach-filter [,vector])))
        (let ((error (sockopt-tests-error
                      (lambda () (sockopt-set process keyword value)))))
          (should (equal (list keyword (car error))
                         (list keyword 'wrong-type-argument)))
          (should (memq keyword error))))
      (should (eq (car (sockopt-tests-error
                        (lambda () (sockopt-get process :ip-msfilter list))))
                  'wrong-type-argument)))))

(ert-deftest option-tests-dscp ()
  "Code points may be given by name; the kernel's number is read."
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-client :ip-tos 'af41)))
      (should (eql (process-contact process :ip-tos) #x88))
      (pcase-dolist (`(,name ,number)
                     '((ef 184) (cs1 32) (af11 40) (le 4) (cs0 0)))
        (sockopt-set process :ip-tos name)
        (should (eql (sockopt-get process :ip-tos) number))
        (should (eql (process-contact process :ip-tos) number)))))
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      ;; The last two bits belong to TCP.
      (sockopt-set process :ip-tos 187)
      (should (eql (sockopt-get process :ip-tos) 184))
      (should (eql (process-contact process :ip-tos) 184)))))

(ert-deftest option-tests-what-it-is ()
  "Family, type and protocol are symbols."
  (pcase-dolist (`(,kind . ,expected)
                 '((tcp4-client ipv4 stream tcp)
                   (tcp6-listener ipv6 stream tcp)
                   (udp4-server ipv4 datagram udp)
                   (local-stream-client local stream nil)
                   (local-datagram-client local datagram nil)
                   (local-seqpacket-client local seqpacket nil)))
    (option-tests--clean
      (let ((process (option-tests--make kind)))
        (should (equal (cons kind
                             (mapcar (lambda (keyword)
                                       (sockopt-get process keyword))
                                     '(:domain :type :protocol)))
                       (cons kind expected)))
        ;; Here these are core's keywords, not options.
        (should (eq (sockopt-contact process :type)
                    (pcase (cadr expected) ('stream nil) (type type))))))))

(ert-deftest option-tests-mptcp-protocol ()
  "An MPTCP socket is one, and falls back to TCP with a peer that is not."
  (option-tests--available 'mptcp4-client)
  (option-tests--clean
    (let ((process (option-tests--make 'mptcp4-client)))
      (should (eq (sockopt-get process :protocol) 'mptcp))
      (should (sockopt-get process :tcp-is-mptcp))
      (should (plist-member (sockopt-get process :mptcp-info) :token)))
    (let ((process (sockopt-tests-client (sockopt-tests-server)
                                         :protocol 'mptcp)))
      (should (eq (sockopt-get process :protocol) 'mptcp))
      (should-not (sockopt-get process :tcp-is-mptcp)))))

(ert-deftest option-tests-error ()
  "Reading :error gives nil, or what is pending, and clears it."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (should-not (sockopt-get process :error))))
  (should (eq (caar (option-tests--leave 0)) 'ECONNRESET)))

(defun option-tests--keys (plist)
  "Return the keys of PLIST."
  (cl-loop for (key) on plist by #'cddr collect key))

(ert-deftest option-tests-tcp-info ()
  "The state and counters of a connection are a plist."
  (option-tests--clean
    (let* ((process (option-tests--make 'tcp4-client))
           (info (sockopt-get process :tcp-info)))
      (should (eq (plist-get info :state) 'established))
      (should (eq (plist-get info :ca-state) 'open))
      (should (listp (plist-get info :options)))
      (should (memq 'sack (plist-get info :options)))
      (should (cl-every #'keywordp (option-tests--keys info)))
      (should (equal (option-tests--keys info)
                     (seq-uniq (option-tests--keys info))))
      (dolist (key '(:rto :snd-mss :rcv-mss :unacked :pmtu :rtt :rttvar
                          :snd-cwnd :advmss :total-retrans))
        (should (natnump (plist-get info key))))
      (process-send-string process "12345")
      (should (sockopt-tests-wait
               (lambda ()
                 ;; The SYN counts as one.
                 (memq (plist-get (sockopt-get process :tcp-info)
                                  :bytes-acked)
                       '(5 6))))))
    (should (eq (plist-get (sockopt-get (option-tests--make 'tcp4-listener)
                                        :tcp-info)
                           :state)
                'listen))))

(ert-deftest option-tests-tcp-info-length ()
  "Fields of :tcp-info are those that the kernel returned, no more."
  (option-tests--linux)
  (option-tests--clean
    (let* ((process (option-tests--make 'tcp4-client))
           (bytes (sockopt-get-raw process 6 11 4096))
           (info (sockopt-get process :tcp-info)))
      (pcase-dolist (`(,length ,key)
                     '((104 :total-retrans) (120 :max-pacing-rate)
                       (136 :bytes-received) (144 :segs-in)
                       (160 :data-segs-out) (168 :delivery-rate)
                       (192 :sndbuf-limited) (200 :delivered-ce)
                       (224 :reord-seen) (232 :snd-wnd) (240 :rehash)
                       (248 :total-rto-time)))
        (should (eq (not (plist-member info key))
                    (< (length bytes) length)))))))

(ert-deftest option-tests-peercred ()
  "The peer of a local socket is this Emacs."
  (option-tests--clean
    (let ((process (option-tests--make 'local-stream-child)))
      (should (equal (sockopt-get process :peercred)
                     (list :pid (emacs-pid) :uid (user-uid)
                           :gid (group-gid))))
      (should (equal (sort (copy-sequence (sockopt-get process :peergroups))
                           #'<)
                     (sort (mapcar #'string-to-number
                                   (split-string
                                    (option-tests--status "Groups")))
                           #'<))))))

(defun option-tests--status (field)
  "Return FIELD of this process from /proc/self/status."
  (with-temp-buffer
    (insert-file-contents "/proc/self/status")
    (re-search-forward (format "^%s:\\(.*\\)$" field))
    (match-string 1)))

(ert-deftest option-tests-peerpidfd ()
  "The process at the other end is known, and no descriptor stays open."
  (option-tests--clean
    (let ((process (option-tests--make 'local-stream-child)))
      (unless (sockopt-supported-p :peerpidfd)
        (ert-skip "the module was built without :peerpidfd"))
      (when (version< (option-tests--kernel) "6.5")
        (ert-skip "Linux has :peerpidfd from 6.5 on"))
      (dotimes (_ 5)
        (should (eql (sockopt-get process :peerpidfd) (emacs-pid)))))))

(ert-deftest option-tests-meminfo ()
  "The memory that a socket uses agrees with its buffers."
  (option-tests--clean
    (let* ((process (option-tests--make 'udp4-server :rcvbuf 20000))
           (info (sockopt-get process :meminfo)))
      (should (equal (plist-get info :rcvbuf) 40000))
      (should (equal (plist-get info :sndbuf)
                     (sockopt-get process :sndbuf)))
      (should (equal (plist-get info :drops) 0))
      (should (cl-every #'natnump
                        (cl-loop for (_key value) on info by #'cddr
                                 collect value))))))

(ert-deftest option-tests-adjusted ()
  "Where the kernel adjusts a value, the contact holds the adjusted one."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client :rcvbuf 30000)))
      (should (eql (process-contact process :rcvbuf) 60000))
      (sockopt-set process :rcvbuf 20000)
      (should (eql (process-contact process :rcvbuf) 40000))
      (should (eql (sockopt-get process :rcvbuf) 40000))
      (sockopt-set-options process '(:rcvbuf 10000 :sndbuf 10000))
      (should (eql (process-contact process :rcvbuf) 20000))
      (should (eql (process-contact process :sndbuf) 20000)))
    (let ((server (option-tests--make 'tcp4-listener
                                      :tcp-defer-accept 5)))
      ;; As many seconds as some number of repetitions takes.
      (should (> (process-contact server :tcp-defer-accept) 5))))
  (dolist (keyword '(:rcvbuf :sndbuf :tcp-defer-accept :ip-tos :rcvtimeo))
    (should (sockopt-option-adjusted (sockopt-option keyword)))))

(ert-deftest option-tests-forced-buffers ()
  "The forced sizes of buffers are seen in those that can be read."
  (unless (= (user-uid) 0)
    (ert-skip "forcing sizes of buffers takes root"))
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-client)))
      (should (sockopt-set process :rcvbufforce 50000000))
      (should (eql (sockopt-get process :rcvbuf) 100000000))
      (should (sockopt-set process :sndbufforce 50000000))
      (should (eql (sockopt-get process :sndbuf) 100000000)))))

(ert-deftest option-tests-times ()
  "Times are in seconds, and nil is none."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client :sndtimeo 1.5)))
      (should (= (process-contact process :sndtimeo) 1.5))
      (sockopt-set process :sndtimeo 3)
      (should (= (sockopt-get process :sndtimeo) 3))
      (dolist (none '(nil 0 0.0))
        (sockopt-set process :sndtimeo 1e-9)
        (should (sockopt-get process :sndtimeo))
        (sockopt-set process :sndtimeo none)
        (should-not (sockopt-get process :sndtimeo))))))

(ert-deftest option-tests-congestion ()
  "The congestion control algorithm is a string."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client
                                       :tcp-congestion "reno")))
      (should (equal (process-contact process :tcp-congestion) "reno"))
      (should-not (sockopt-get process :tcp-cc-info))
      (should-error (sockopt-set process :tcp-congestion "nosuch")
                    :type 'sockopt-system-error)
      (should-error (sockopt-set process :tcp-congestion
                                 "abcdefghijklmnopq")
                    :type 'args-out-of-range)
      (should (equal (sockopt-get process :tcp-congestion) "reno")))))

(ert-deftest option-tests-v6only ()
  "An IPv6 server takes IPv4 or not by :ipv6-v6only, and it is fixed."
  (option-tests--available 'tcp6-listener)
  (dolist (only '(t nil))
    (option-tests--clean
      (let* ((server (sockopt-make-network-process
                      :name "six" :server t :family 'ipv6 :host "::"
                      :service t :noquery t :ipv6-v6only only))
             (connect (lambda ()
                        (sockopt-tests-client server))))
        (should (eq (process-contact server :ipv6-v6only) only))
        (if only
            (should-error (funcall connect) :type 'file-error)
          (should (processp (funcall connect))))
        (let ((error (should-error
                      (sockopt-set server :ipv6-v6only (not only))
                      :type 'sockopt-too-late)))
          (should (eq (cadr error) :ipv6-v6only)))
        (should (eq (sockopt-get server :ipv6-v6only) only))))))

(ert-deftest option-tests-freebind ()
  "An address that is not there yet can be bound with :ip-freebind."
  (option-tests--clean
    ;; TEST-NET-1 is nobody's: RFC 5737.
    (let ((make (lambda (&rest options)
                  (apply #'sockopt-make-network-process :name "free"
                         :server t :host "192.0.2.1" :family 'ipv4
                         :service t :noquery t options))))
      (should-error (funcall make) :type 'sockopt-system-error)
      (should (sockopt-get (funcall make :ip-freebind t) :ip-freebind)))))

;;; Multicast and filters

(defun option-tests--packets (receiver sender &rest strings)
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

(defun option-tests--receiver (&rest options)
  "Return a UDP server with OPTIONS that hears no groups but its own."
  (apply #'sockopt-make-network-process
         :name "receiver" :type 'datagram :server t :family 'ipv4
         :host "0.0.0.0" :service t :noquery t :ip-multicast-all nil
         options))

(defun option-tests--sender (receiver)
  "Return a client that sends to a group, and to the port of RECEIVER."
  (sockopt-make-network-process
   :name "sender" :type 'datagram :family 'ipv4 :host "239.1.2.3"
   :service (process-contact receiver :service) :noquery t
   :ip-multicast-if "lo"))

(defun option-tests--heard (&rest options)
  "Return what a server with OPTIONS hears of \"hi\" sent to 239.1.2.3."
  (option-tests--clean
    (let ((receiver (apply #'option-tests--receiver options)))
      (option-tests--packets receiver (option-tests--sender receiver)
                             "hi"))))

(ert-deftest option-tests-membership ()
  "A member of a group receives what is sent to it, and nobody else.
The group is a string or a vector; the interface has a name or an index."
  (should (equal (option-tests--heard) ""))
  (dolist (keyword '(:ip-add-membership :mcast-join-group))
    (dolist (group '("239.1.2.3" [239 1 2 3]))
      (dolist (interface '("lo" 1))
        (should (equal (option-tests--heard keyword
                                            (list group interface))
                       "hi"))))
    (should (equal (option-tests--heard keyword '("239.1.2.4" "lo"))
                   ""))))

(ert-deftest option-tests-membership-any-interface ()
  "An interface of nil, or none, leaves the choice to the kernel."
  (option-tests--clean
    (let ((process (option-tests--receiver)))
      (dolist (value '(("239.1.2.3" nil) ("239.1.2.4") ([239 1 2 5] nil)))
        (let ((error (sockopt-tests-error
                      (lambda ()
                        (sockopt-set process :ip-add-membership value)))))
          ;; A machine without a route for it has no choice.
          (unless (member "No such device" error)
            (should-not error)))))))

(ert-deftest option-tests-membership-source ()
  "A member that names a source hears that one only."
  (dolist (keyword '(:ip-add-source-membership :mcast-join-source-group))
    (should (equal (option-tests--heard
                    keyword '("239.1.2.3" "lo" "127.0.0.1"))
                   "hi"))
    (should (equal (option-tests--heard
                    keyword '([239 1 2 3] "lo" [127 0 0 9]))
                   ""))))

(defconst option-tests--groups
  '((:ip-add-membership :ip-drop-membership
     :ip-block-source :ip-unblock-source
     :ip-add-source-membership :ip-drop-source-membership :ip-msfilter)
    (:mcast-join-group :mcast-leave-group
     :mcast-block-source :mcast-unblock-source
     :mcast-join-source-group :mcast-leave-source-group :mcast-msfilter))
  "The options of IPv4 groups, in both ways of Linux.")

(ert-deftest option-tests-membership-changes ()
  "Joining, blocking, unblocking, filtering and leaving each count."
  (pcase-dolist (`(,join ,leave ,block ,unblock ,join-source
                         ,leave-source ,filter)
                 option-tests--groups)
    (option-tests--clean
      (let* ((group '("239.1.2.3" "lo"))
             (source (append group '("127.0.0.1")))
             (receiver (option-tests--receiver))
             (sender (option-tests--sender receiver)))
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
                               (option-tests--packets receiver sender
                                                      "hi"))
                         (list option value expected))))))))

(ert-deftest option-tests-source-filter-reads ()
  "A source filter is read as it is set, by group and interface."
  (dolist (option '(:ip-msfilter :mcast-msfilter))
    (option-tests--clean
      (let ((process (option-tests--receiver
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

(defun option-tests--receiver-ipv6 (&rest options)
  "Return an IPv6 server with OPTIONS that hears no groups but its own."
  (apply #'sockopt-make-network-process
         :name "receiver" :type 'datagram :server t :family 'ipv6
         :host "::" :service t :noquery t :ipv6-multicast-all nil
         options))

(defun option-tests--interface-ipv6 ()
  "Return (NAME ADDRESS) of an interface that carries IPv6 multicasts.
Linux's lo does not."
  (let ((entry (seq-find (pcase-lambda (`(,name . ,address))
                           (and (not (equal name "lo"))
                                (eql (aref address 0) #xfe80)))
                         (network-interface-list nil 'ipv6))))
    (unless entry
      (ert-skip "no interface but lo has an IPv6 address"))
    (list (car entry) (substring (cdr entry) 0 8))))

(defun option-tests--heard-ipv6 (interface &rest options)
  "Return what a server with OPTIONS hears on INTERFACE.
\"hi\" is sent to ff11::1234.  Of such groups no packet leaves the host:
RFC 4291."
  (option-tests--clean
    (let* ((receiver (apply #'option-tests--receiver-ipv6 options))
           (sender (sockopt-make-network-process
                    :name "sender" :type 'datagram :family 'ipv6
                    :host "ff11::1234" :noquery t
                    :service (process-contact receiver :service)
                    :ipv6-multicast-if interface)))
      (option-tests--packets receiver sender "hi"))))

(ert-deftest option-tests-membership-ipv6 ()
  "A member of an IPv6 group receives what is sent to it."
  (pcase-let ((`(,interface ,address) (option-tests--interface-ipv6)))
    (should (equal (option-tests--heard-ipv6 interface) ""))
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
                             (option-tests--heard-ipv6 interface
                                                       option value))
                       (list option value expected)))))))

(ert-deftest option-tests-membership-ipv6-kernel ()
  "The kernel lists the IPv6 groups that were joined, until they are left."
  (option-tests--available 'udp6-server)
  (unless (file-readable-p "/proc/net/igmp6")
    (ert-skip "there is no /proc/net/igmp6"))
  (let ((joined (lambda ()
                  (with-temp-buffer
                    (insert-file-contents "/proc/net/igmp6")
                    (re-search-forward
                     "^1 +lo +ff120\\{24\\}1234" nil t)))))
    (option-tests--clean
      (let ((process (option-tests--receiver-ipv6)))
        (pcase-dolist (`(,join ,leave)
                       '((:ipv6-add-membership :ipv6-drop-membership)
                         (:mcast-join-group :mcast-leave-group)))
          (dolist (group '("ff12::1234" [65298 0 0 0 0 0 0 4660]))
            (should-not (funcall joined))
            (should (sockopt-set process join (list group "lo")))
            (should (funcall joined))
            (should (sockopt-set process leave (list group 1)))
            (should-not (funcall joined))))))))

(ert-deftest option-tests-membership-wrong ()
  "What is no group, source or interface is refused, and so named."
  (option-tests--clean
    (let ((process (option-tests--receiver)))
      (dolist (value '(("x.example" "lo") ("239.1.2.3" "nodev0")
                       ("239.1.2" "lo") ([239 1 2] "lo")
                       ("239.1.2.3\0x" "lo") ("239.1.2.3" "lo\0x")
                       ("ff12::1" "lo") nil))
        (let ((error (should-error
                      (sockopt-set process :ip-add-membership value))))
          (should (memq :ip-add-membership error)))))))

(ert-deftest option-tests-attach-filter ()
  "A filter drops what it should; nil and :detach-filter remove it."
  (option-tests--clean
    (let* ((place (list ""))
           (server (option-tests--process
                    'server '(:family ipv4 :type datagram) nil
                    (list :filter (sockopt-tests-collector place))))
           (client (option-tests--process
                    'client '(:family ipv4 :type datagram)
                    (option-tests--service server)))
           (send (lambda (string) (process-send-string client string)))
           ;; The data come after the 8 bytes of the header of UDP.
           (only-a [[48 0 0 8] [21 0 1 97] [6 0 0 65535] [6 0 0 0]]))
      (dolist (remove '(:attach-filter :detach-filter))
        (sockopt-set server :attach-filter [[6 0 0 0]])
        (should (equal (process-contact server :attach-filter)
                       [[6 0 0 0]]))
        (funcall send "lost")
        (sockopt-set server remove nil)
        (should-not (sockopt-get server :attach-filter))
        (funcall send "one")
        (should (sockopt-tests-wait (lambda () (not (equal (car place)
                                                           "")))))
        (should (equal (car place) "one"))
        (setcar place ""))
      (sockopt-set server :attach-filter only-a)
      (dolist (string '("b1" "a2" "b3" "a4"))
        (funcall send string))
      (should (sockopt-tests-wait (lambda () (equal (car place)
                                                    "a2a4"))))
      ;; Of the packets dropped the kernel keeps count.
      (should (eql (plist-get (sockopt-get server :meminfo) :drops) 4)))))

(ert-deftest option-tests-filter-wrong ()
  "A filter program that is none is refused before the kernel sees it."
  (option-tests--clean
    (let ((process (option-tests--make 'udp4-server)))
      (pcase-dolist (`(,value ,condition)
                     '(([] args-out-of-range)
                       ([[6 0 0]] args-out-of-range)
                       ([[65536 0 0 0]] args-out-of-range)
                       ([[6 256 0 0]] args-out-of-range)
                       ([[6 0 0 4294967296]] args-out-of-range)
                       ([[6 0 0 -1]] args-out-of-range)
                       ;; It jumps out, and it does not return.
                       ([[5 0 0 9] [6 0 0 0]] args-out-of-range)
                       ([[0 0 0 1]] args-out-of-range)
                       ([6 0 0 0] wrong-type-argument)
                       ([["6" 0 0 0]] wrong-type-argument)
                       (t wrong-type-argument)))
        (let ((error (should-error
                      (sockopt-set process :attach-filter value))))
          (should (equal (list value (car error)) (list value condition)))
          (should (memq :attach-filter error))))
      (should-not (sockopt-get process :attach-filter)))))

;;; Snapshots

(ert-deftest option-tests-snapshot ()
  "A snapshot has what can be read there, but not what reading changes."
  (dolist (kind '(tcp4-client tcp6-listener udp4-server udp6-client
                              local-stream-child))
    (option-tests--clean
      (let* ((process (option-tests--make kind))
             (plist (sockopt-options process)))
        (dolist (keyword '(:error :tcp-saved-syn :peerpidfd :ip-msfilter
                                  :mcast-msfilter))
          (should (sockopt-option-get (sockopt-option keyword)))
          (should-not (plist-member plist keyword)))
        (dolist (keyword (sockopt-option-list))
          (let ((option (sockopt-option keyword)))
            (unless (or (sockopt-option-read-changes option)
                        (sockopt-option-argument option))
              (should (eq (not (plist-member plist keyword))
                          (and (sockopt-tests-error
                                (lambda ()
                                  (sockopt-get process keyword)))
                               t))))))
        (should (equal (option-tests--keys plist)
                       (seq-uniq (option-tests--keys plist))))))))

(ert-deftest option-tests-snapshot-changes-nothing ()
  "Snapshots and contacts leave a pending error and a saved SYN alone."
  (option-tests--clean
    (let* (children
           (server (option-tests--process
                    'server '(:family ipv4) nil
                    (list :tcp-save-syn 1
                          :log (lambda (_server child _message)
                                 (stop-process child)
                                 (push child children)))))
           (client (option-tests--process 'client '(:family ipv4)
                                          (option-tests--service server)
                                          '(:linger 0))))
      (sockopt-tests-wait (lambda () children))
      (let* ((child (car children))
             (contact (process-contact child t)))
        (plist-put contact :error 'untouched)
        (plist-put contact :tcp-saved-syn 'untouched)
        (delete-process client)
        (sleep-for 0.05)
        (sockopt-options child)
        (sockopt-contact child t)
        (should (eq (process-contact child :error) 'untouched))
        (should (eq (process-contact child :tcp-saved-syn) 'untouched))
        (should (eq (car (sockopt-get child :error)) 'ECONNRESET))
        (should-not (sockopt-get child :error))
        (let ((syn (sockopt-get child :tcp-saved-syn)))
          (should-not (multibyte-string-p syn))
          ;; An IPv4 header.
          (should (eql (ash (aref syn 0) -4) 4)))))))

;;; Options without a row

(ert-deftest option-tests-raw ()
  "Any option can be read and set by its number, as bytes."
  (option-tests--linux)
  (option-tests--clean
    (let* ((process (option-tests--make 'tcp4-client))
           (one (if (eq (byteorder) ?B) "\0\0\0\1" "\1\0\0\0")))
      (should (equal (sockopt-get-raw process 1 9 4) "\0\0\0\0"))
      (should (eq (sockopt-set-raw process 1 9 one) t))
      (should (sockopt-get process :keepalive))
      (let ((bytes (sockopt-get-raw process 1 9 100)))
        (should (equal bytes one))
        (should-not (multibyte-string-p bytes)))
      (should (equal (sockopt-get-raw process 1 9 0) ""))
      (should (equal (sockopt-get-raw process 1 9 1) (substring one 0 1)))
      (sockopt-set process :tcp-congestion "reno")
      (should (equal (sockopt-get-raw process 6 13 20)
                     (concat "reno" (make-string 12 0)))))))

(ert-deftest option-tests-raw-filter ()
  "A filter program is read by bytes, though the kernel counts otherwise."
  (option-tests--linux)
  (option-tests--clean
    (let* ((process (option-tests--make 'udp4-client))
           (program (vconcat (make-vector 999 [0 0 0 0]) [[6 0 0 65535]])))
      (sockopt-set process :attach-filter program)
      (let ((bytes (sockopt-get-raw process 1 26 9000)))
        (should (= (length bytes) 8000))
        (should (equal (substring bytes 0 8) (make-string 8 0))))
      ;; There is no room for the whole of it.
      (dolist (length '(7 300 1000 7999))
        (let ((error (sockopt-tests-error
                      (lambda ()
                        (sockopt-get-raw process 1 26 length)))))
          (should (equal (list length (car error))
                         (list length 'sockopt-system-error))))))))

(ert-deftest option-tests-raw-wrong ()
  "Wrong lengths, strings and numbers are errors, and change nothing."
  (option-tests--linux)
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (pcase-dolist (`(,condition . ,form)
                     `((sockopt-system-error sockopt-set-raw 1 9 "\1")
                       (sockopt-system-error sockopt-set-raw 1 9 "")
                       (sockopt-system-error sockopt-set-raw 1 9999 "1234")
                       (sockopt-system-error sockopt-get-raw 1 9999 4)
                       (sockopt-system-error sockopt-get-raw 9999 1 4)
                       (args-out-of-range sockopt-get-raw 1 9 -1)
                       (args-out-of-range sockopt-get-raw 1 9 65537)
                       (args-out-of-range sockopt-get-raw ,(ash 1 40) 9 4)
                       (args-out-of-range sockopt-get-raw 1 ,(ash 1 31) 4)
                       (args-out-of-range sockopt-set-raw ,(ash 1 32) 9
                                          "\1\0\0\0")
                       (args-out-of-range sockopt-set-raw 1 9
                                          ,(make-string 65537 1))
                       (wrong-type-argument sockopt-get-raw 1 9 4.0)
                       (wrong-type-argument sockopt-get-raw "1" 9 4)
                       (wrong-type-argument sockopt-set-raw 1 9 1)))
        (let ((error (sockopt-tests-error
                      (lambda ()
                        (apply (car form) process (cdr form))))))
          (should (equal (list (car form) (car error) (cadr form)
                               (caddr form))
                         (list (car form) condition (cadr form)
                               (caddr form))))))
      (should-not (sockopt-get process :keepalive)))))

(ert-deftest option-tests-raw-not-bytes ()
  "What is no unibyte string is refused, and changes nothing."
  (option-tests--linux)
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      ;; The last three would count as four bytes.
      (dolist (value '(nil "☃\0\0\0" "é\0\0\0" [1 0 0 0] (1 0 0 0)))
        (let ((error (sockopt-tests-error
                      (lambda () (sockopt-set-raw process 1 9 value)))))
          (should (equal (cons value
                               (and (memq (car error)
                                          '(wrong-type-argument
                                            args-out-of-range))
                                    t))
                         (cons value t))))
        (should-not (sockopt-get process :keepalive))))))

;;; What there is

(ert-deftest option-tests-supported-p ()
  "The table knows the options, and the kernel those of a process."
  (dolist (keyword (sockopt-option-list))
    (should (eq (sockopt-supported-p keyword) t)))
  (dolist (keyword '(:attach-bpf :tcp-nodeley :name nil))
    (should-not (sockopt-supported-p keyword)))
  (option-tests--clean
    (pcase-dolist (`(,kind ,has ,has-not)
                   '((tcp4-client
                      (:keepalive :tcp-nodelay :nodelay :tcp-info :error
                                  :rcvbufforce :ip-tos)
                      (:udp-cork :passcred :ipv6-v6only :attach-bpf
                                 :ip-msfilter))
                     (udp4-client
                      (:broadcast :udp-cork :ip-add-membership
                                  :ip-msfilter :reuseport)
                      (:tcp-nodelay :tcp-info :passcred :vsock))
                     (local-stream-client
                      (:peercred :passcred :peerpidfd :reuseaddr)
                      (:tcp-nodelay :ip-ttl :ip-add-membership
                                    :udp-cork))))
      (let ((process (option-tests--make kind)))
        (dolist (keyword has)
          (should (equal (list kind keyword
                               (sockopt-supported-p keyword process))
                         (list kind keyword t))))
        (dolist (keyword has-not)
          (should (equal (list kind keyword
                               (sockopt-supported-p keyword process))
                         (list kind keyword nil))))))))

(ert-deftest option-tests-subfeatures ()
  "The options are subfeatures as soon as the library is there.
Asking for them does not load the module."
  (let ((answer
         (read
          (apply #'sockopt-tests-emacs
                 (append
                  (cl-loop for directory in load-path
                           append (list "-L" directory))
                  '("-l" "sockopt" "--eval"
                    "(prin1 (list (featurep 'sockopt :tcp-nodelay)
                                  (featurep 'sockopt :ip-add-membership)
                                  (featurep 'sockopt :attach-bpf)
                                  (fboundp 'sockopt--rows)
                                  (get 'sockopt 'subfeatures)))"))))))
    (should (equal (seq-take answer 4) '(t t nil nil)))
    (dolist (keyword (sockopt-option-list))
      (should (memq keyword (nth 4 answer))))))

(ert-deftest option-tests-nodelay ()
  "The one alias, `:nodelay', is as good as `:tcp-nodelay'."
  (should-not (memq :nodelay (sockopt-option-list)))
  (should (eq (sockopt-option :nodelay) (sockopt-option :tcp-nodelay)))
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client :nodelay t)))
      (should (sockopt-get process :tcp-nodelay))
      (should (process-contact process :nodelay))
      (sockopt-set process :nodelay nil)
      (should-not (sockopt-get process :nodelay))
      (should-not (sockopt-get process :tcp-nodelay))
      (should-not (sockopt-contact process :nodelay)))))

(ert-deftest option-tests-no-keyword ()
  "A symbol that is no keyword is an option that nobody knows."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (should-not (sockopt-set process 'keepalive t t))
      (dolist (function (list (lambda () (sockopt-get process 'keepalive))
                              (lambda () (sockopt-set process 'keepalive t))))
        (should (string-match-p
                 "keepalive.*did you mean `:keepalive'"
                 (error-message-string (sockopt-tests-error function))))))))

(ert-deftest option-tests-left-out ()
  "Options that were left out say why."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (dolist (keyword '(:attach-bpf :zerocopy :busy-poll :txtime :debug
                                     :ip-options :tcp-repair :udp-encap
                                     :tcp-zerocopy-receive))
        (let ((reason (sockopt--omission-reason (symbol-name keyword))))
          (should (stringp reason))
          (dolist (error (list (should-error (sockopt-get process keyword)
                                             :type 'sockopt-unsupported)
                               (should-error
                                (sockopt-set process keyword t)
                                :type 'sockopt-unsupported)
                               (should-error
                                (option-tests--make 'tcp4-client
                                                    keyword t)
                                :type 'sockopt-unsupported)))
            (should (eq (cadr error) keyword))
            (should (string-suffix-p reason (caddr error)))))
        (should-not (sockopt-set process keyword t t))))))

(ert-deftest option-tests-left-out-or-in ()
  "No option is both in the table and left out."
  (dolist (keyword (sockopt-option-list))
    (should-not (sockopt--omission-reason (symbol-name keyword)))))

(ert-deftest option-tests-unknown ()
  "An unknown option signals an error that names the nearest known one."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (pcase-dolist (`(,keyword ,near)
                     '((:keepalife :keepalive)
                       (:tcp-keepiddle :tcp-keepidle)
                       (:nodeley :nodelay) (:so-linger :linger)))
        (dolist (error (list (should-error (sockopt-get process keyword)
                                           :type 'sockopt-unsupported)
                             (should-error (sockopt-set process keyword 1)
                                           :type 'sockopt-unsupported)
                             (should-error (sockopt-option keyword)
                                           :type 'sockopt-unsupported)))
          (should (eq (cadr error) keyword))
          ;; The alias is not in the list of candidates.
          (unless (eq near :nodelay)
            (should (string-match-p (regexp-quote (symbol-name near))
                                    (caddr error)))))
        (should-not (sockopt-set process keyword 1 t))))))

(ert-deftest option-tests-setf ()
  "An option is a generalized variable."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (should (eql (setf (sockopt-get process :tcp-keepcnt) 7) 7))
      (should (eql (sockopt-get process :tcp-keepcnt) 7))
      (cl-incf (sockopt-get process :tcp-keepcnt) 2)
      (should (eql (process-contact process :tcp-keepcnt) 9)))))

;;; Many at once

(ert-deftest option-tests-set-options ()
  "Several options are set at once, in the order given."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (should (eq (sockopt-set-options process nil) t))
      (should (eq (sockopt-set-options
                   process '(:keepalive t :tcp-keepidle 33 :linger 4
                                        :priority 1 :priority 2))
                  t))
      (pcase-dolist (`(,keyword ,value)
                     '((:keepalive t) (:tcp-keepidle 33) (:linger 4)
                       (:priority 2)))
        (should (equal (sockopt-get process keyword) value))
        (should (equal (process-contact process keyword) value))))))

(ert-deftest option-tests-set-options-wrong ()
  "If one option or value is wrong, none is set."
  (option-tests--clean
    (let* ((process (option-tests--make 'tcp4-client))
           (contact (copy-sequence (process-contact process t))))
      (pcase-dolist (`(,condition . ,plist)
                     '((args-out-of-range :keepalive t :ip-tos 300)
                       (wrong-type-argument :keepalive t :rcvbuf "1")
                       (sockopt-unsupported :keepalive t :keepalife t)
                       (sockopt-unsupported :keepalive t :attach-bpf t)
                       (sockopt-unsupported :keepalive t linger t)
                       (wrong-type-argument :keepalive t 5 t)
                       (sockopt-error :keepalive t :linger)))
        (should (equal (car (should-error
                             (sockopt-set-options process plist)))
                       condition))
        (should-not (sockopt-get process :keepalive))
        (should (equal (process-contact process t) contact))))))

(ert-deftest option-tests-set-options-refused ()
  "If the kernel refuses one, it is named, and so are those before it."
  (option-tests--clean
    (let ((process (option-tests--make 'tcp4-client)))
      (pcase-dolist
          (`(,condition ,plist ,culprit ,done)
           '((sockopt-system-error
              (:keepalive t :linger 3 :tcp-congestion "nosuch" :priority 1)
              :tcp-congestion (:keepalive :linger))
             (sockopt-unsupported
              (:linger 5 :udp-cork t :priority 1) :udp-cork (:linger))
             (sockopt-too-late
              (:linger 6 :reuseaddr t :priority 1) :reuseaddr (:linger))
             (sockopt-unsupported
              (:udp-cork t :priority 1) :udp-cork nil)))
        (let ((error (should-error (sockopt-set-options process plist)
                                   :type condition)))
          (should (memq culprit error))
          (should (equal (cdr (assq :already-set (seq-filter #'consp error)))
                         done))
          (dolist (keyword done)
            (let ((value (plist-get plist keyword)))
              (should (equal (sockopt-get process keyword) value))
              (should (equal (process-contact process keyword) value))))
          (should (eql (sockopt-get process :priority) 0))
          (should-not (plist-member (process-contact process t)
                                    culprit)))))))

;;; Audit

(defconst option-tests--manuals
  '("socket" "ip" "ipv6" "tcp" "udp" "unix" "vsock")
  "The pages of section 7 that document socket options.")

(defconst option-tests--no-options
  '(;; Other names of the numbers of :attach-filter, to read it, and of
    ;; :detach-filter.
    "SO_GET_FILTER" "SO_DETACH_BPF"
    ;; A macro for the size of what :ip-msfilter takes.
    "IP_MSFILTER_SIZE"
    ;; Values of :ip-mtu-discover.
    "IP_PMTUDISC_DO" "IP_PMTUDISC_WANT" "IP_PMTUDISC_DONT"
    "IP_PMTUDISC_PROBE"
    ;; What an error that :ip-recverr reports came from.
    "SO_EE_ORIGIN_NONE" "SO_EE_ORIGIN_LOCAL" "SO_EE_ORIGIN_ICMP"
    "SO_EE_ORIGIN_ICMP6" "SO_EE_OFFENDER"
    ;; What :ip-recvorigdstaddr and :ipv6-recvorigdstaddr deliver.
    "IP_ORIGDSTADDR" "IPV6_ORIGDSTADDR"
    ;; The manual says that other systems have these.
    "IP_RCVDSTADDR" "IP_RECVIF"
    ;; The old name of what is now IPV6_2292PKTOPTIONS.
    "IPV6_PKTOPTIONS"
    ;; Gone since Linux 3.10; the manual has it in a comment.
    "TCP_COOKIE_TRANSACTIONS"
    ;; A constant inside the kernel.
    "TCP_SYNQ_HSIZE"
    ;; Values of UDP_ENCAP.
    "UDP_ENCAP_ESPINUDP" "UDP_ENCAP_ESPINUDP_NON_IKE"
    "UDP_ENCAP_L2TPINUDP")
  "Names in the manuals that are no socket options of Linux.")

(defun option-tests--manual (name)
  "Return the text of page NAME of section 7, or nil."
  (let ((file (format "/usr/share/man/man7/%s.7" name)))
    (with-temp-buffer
      (cond ((file-readable-p file) (insert-file-contents file))
            ((file-readable-p (concat file ".gz"))
             (call-process "zcat" nil t nil (concat file ".gz"))))
      (unless (= (buffer-size) 0)
        (buffer-string)))))

(defun option-tests--constants (name)
  "Return the constants named in page NAME that may be options."
  (let ((text (replace-regexp-in-string "\\\\[fF].\\|\\\\[&%]" ""
                                        (option-tests--manual name)))
        (case-fold-search nil)
        (start 0)
        names)
    (while (string-match
            "\\(?:\\`\\|[^A-Z0-9_]\\)\\(\\(?:SO\\|IP\\|IPV6\\|\
TCP\\|UDP\\)_[A-Z0-9][A-Z0-9_]+\\)"
            text start)
      (push (match-string 1 text) names)
      (setq start (match-end 0)))
    (seq-uniq (nreverse names))))

(defun option-tests--keyword (constant)
  "Return the keyword of CONSTANT by the rule of the names."
  (intern (concat ":" (downcase
                       (string-replace
                        "_" "-"
                        (replace-regexp-in-string "\\`SO_" ""
                                                  constant))))))

(ert-deftest option-tests-audit ()
  "Each option in the manual has a row, or a reason to be left out."
  (unless (executable-find "zcat")
    (ert-skip "there is no zcat to read manuals with"))
  (let ((count 0) missing)
    (dolist (name option-tests--manuals)
      (unless (option-tests--manual name)
        (ert-skip (format "%s(7) is not installed: package `manpages'"
                          name)))
      (dolist (constant (option-tests--constants name))
        (setq count (1+ count))
        (let ((keyword (option-tests--keyword constant)))
          (unless (or (sockopt-supported-p keyword)
                      (sockopt--omission-reason (symbol-name keyword))
                      (member constant option-tests--no-options))
            (push (list name constant) missing)))))
    (should (> count 120))
    (should-not missing)))

(ert-deftest option-tests-keyword-rule ()
  "Every keyword comes from its constant by the one rule."
  (dolist (keyword (sockopt-option-list))
    (should (eq (option-tests--keyword
                 (sockopt-option-constant (sockopt-option keyword)))
                keyword))))

(provide 'option-tests)
;;; option-tests.el ends here
