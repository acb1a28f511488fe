;;; making-tests.el --- Test that making a process leaves nothing half done  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-tests-names)
(require 'sockopt-connect)
(require 'nsm)
(require 'warnings)

(defvar sockopt--place-directory)

(declare-function sockopt--adopt "../module/emacs/process-adopt.c"
                  (handle role &rest args))

(defmacro making-tests--nothing-left (&rest body)
  "Check that BODY leaves no descriptor and no process, garbage or not."
  `(let* ((gc-cons-threshold most-positive-fixnum)
          (processes (process-list))
          (before (sockopt-tests-descriptors)))
     ,@body
     (should (= (sockopt-tests-descriptors) before))
     (should (equal (process-list) processes))))

(defun making-tests--err (&rest _)
  "Signal an error, whatever is asked."
  (error "Oops"))

(defvar making-tests--extra nil
  "The processes that `making-tests--open' has made.")

(defun making-tests--open (&rest _)
  "Open descriptors, and return a coding system."
  (push (make-pipe-process :name "extra" :noquery t) making-tests--extra)
  '(utf-8 . utf-8))

(ert-deftest making-tests-erring-hooks ()
  "What errs once there is a socket leaves none, not even as garbage."
  (skip-unless (file-directory-p "/proc/self/fd"))
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (process-contact server :service)))
      (dolist (nowait '(nil t))
        (making-tests--nothing-left
         (should-error (sockopt-tests-client server :buffer 42
                                             :nowait nowait)
                       :type 'wrong-type-argument))
        (making-tests--nothing-left
         (let ((network-coding-system-alist
                `((,port . making-tests--err))))
           (should (equal (should-error
                           (sockopt-tests-client server :nowait nowait))
                          '(error "Oops"))))))
      ;; What Emacs checks of a process that it makes.
      (dolist (wrong '((:coding no-such-coding) (:plist 5)
                       (:filter-multibyte t :coding (1 . 2))))
        (making-tests--nothing-left
         (condition-case nil
             (delete-process (apply #'sockopt-tests-client server wrong))
           (error nil))
         (accept-process-output nil 0.05))))))

(ert-deftest making-tests-quit ()
  "Who quits the moment that there is a socket leaves none, nor its file."
  (skip-unless (file-directory-p "/proc/self/fd"))
  (should (sockopt-supported-p :keepalive))
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let ((file (expand-file-name "server" directory))
            (open (symbol-function 'sockopt--open)))
        (making-tests--nothing-left
         (cl-letf (((symbol-function 'sockopt--open)
                    (lambda (&rest arguments)
                      (apply open arguments)
                      (should (file-exists-p file))
                      (signal 'quit nil))))
           (should (eq 'left (condition-case nil
                                 (sockopt-make-network-process
                                  :name "server" :server t :noquery t
                                  :family 'local :service file)
                               (quit 'left)))))
         (should-not (file-exists-p file)))))))

(ert-deftest making-tests-start-fails ()
  "If no thread can be started nothing is left of what it was to connect."
  (skip-unless (file-directory-p "/proc/self/fd"))
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (making-tests--nothing-left
       (cl-letf (((symbol-function 'sockopt--open-channel)
                  #'making-tests--err))
         (should (equal (should-error
                         (sockopt-tests-client server :nowait t))
                        '(error "Oops"))))
       (should-not sockopt--jobs)))))

(ert-deftest making-tests-sentinel-of-the-discarded ()
  "The sentinel of a process that is discarded half made does not run."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server))
          (ran nil))
      (cl-letf (((symbol-function 'sockopt--set-contact)
                 (lambda (&rest _) (error "Half made"))))
        (dolist (nowait '(nil t))
          (should (equal (should-error
                          (sockopt-tests-client
                           server :nowait nowait
                           :sentinel (lambda (&rest _) (setq ran t))))
                         '(error "Half made")))))
      (accept-process-output nil 0.1)
      (should-not ran)
      (should-not (get-process "client")))))

(ert-deftest making-tests-descriptor-opened-meanwhile ()
  "A hook that opens a descriptor does not mislead the search for ours."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (process-contact server :service))
           (making-tests--extra nil)
           (network-coding-system-alist `((,port . making-tests--open))))
      (dolist (nowait '(nil t))
        (let ((client (sockopt-tests-client server :nowait nowait
                                            :tcp-keepidle 77)))
          (should making-tests--extra)
          (should (sockopt-tests-open-p client))
          (should (equal (sockopt-get client :tcp-keepidle) 77))
          (should (equal (process-contact client :remote)
                         (process-contact server :local))))))))

(defun making-tests--in-between (other ours)
  "Call OURS, and OTHER when the descriptor for a process has been chosen.
OTHER gets core's `make-network-process'.  Return what each returned."
  (let ((core (symbol-function 'sockopt--core-make-network-process))
        made)
    (cl-letf (((symbol-function 'sockopt--core-make-network-process)
               (lambda (&rest arguments)
                 (unless made
                   (setq made (funcall other core)))
                 (apply core arguments))))
      (let ((process (funcall ours)))
        (list made process)))))

(ert-deftest making-tests-socket-opened-meanwhile ()
  "Another socket on the descriptor that was meant for ours stays there."
  (sockopt-tests-clean
    (let ((address (process-contact (sockopt-tests-server) :local)))
      (dolist (ours (list (lambda ()
                            (sockopt-make-network-process
                             :name "ours" :remote address :priority 4))
                          (lambda () (sockopt-tests-server :priority 4))))
        ;; The last has the linger time by which a socket is found there.
        (dolist (linger '(nil 5 20000))
          (pcase-let ((`(,other ,process)
                       (making-tests--in-between
                        (lambda (core)
                          (funcall core :name "other" :noquery t
                                   :linger linger :remote address))
                        ours)))
            (should (equal (sockopt-get other :priority) 0))
            (should (equal (sockopt-get other :linger) linger))
            (should (equal (sockopt-get process :priority) 4))
            (should (memq (process-status process) '(open listen)))
            (should-not (sockopt-get process :linger))
            (sockopt-set other :linger nil)))))))

(ert-deftest making-tests-search-fails ()
  "If the search for its socket ends early, the process goes, and silently."
  (skip-unless (file-directory-p "/proc/self/fd"))
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           making-tests--extra
           ran)
      (cl-flet ((make (leave)
                  (cl-letf (((symbol-function
                              'sockopt--core-set-network-process-option)
                             leave))
                    (unwind-protect
                        (making-tests--in-between
                         #'making-tests--open
                         (lambda ()
                           (sockopt-tests-client
                            server
                            :sentinel (lambda (&rest _) (setq ran t)))))
                      (mapc #'delete-process making-tests--extra)))))
        (making-tests--nothing-left
         (should (equal (should-error
                         (make (lambda (&rest _) (error "Oops"))))
                        '(error "Oops"))))
        (making-tests--nothing-left
         (should (equal (catch 'making-tests
                          (make (lambda (&rest _) (throw 'making-tests 5))))
                        5)))
        (accept-process-output nil 0.05)
        (should-not ran)))))

(ert-deftest making-tests-one-socket-one-process ()
  "A socket that has a process already gets no other."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (should (equal (sockopt-tests-error
                      (lambda ()
                        (sockopt--adopt (sockopt--handle client) nil
                                        :name "second" :type 'datagram
                                        :host "127.0.0.1" :service 9)))
                     (list 'sockopt-error "Socket has a process already"
                           (sockopt--handle client))))
      (should-not (get-process "second")))))

(ert-deftest making-tests-log ()
  "The contact of a server names the caller's `:log', or none."
  (sockopt-tests-clean
    (should-not (plist-member (process-contact (sockopt-tests-server) t)
                              :log))
    (should (eq (process-contact (sockopt-tests-server :log #'ignore) :log)
                #'ignore))))

(ert-deftest making-tests-nsm ()
  "The Network Security Manager is asked about what TLS connects."
  (let (asked)
    (cl-letf (((symbol-function 'gnutls-boot) (lambda (&rest _) t))
              ((symbol-function 'nsm-verify-connection)
               (lambda (&rest arguments) (setq asked arguments) nil)))
      (sockopt-tests-clean
        (let ((server (sockopt-tests-server)))
          (should-error (sockopt-tests-client
                         server :tls-parameters '(gnutls-x509pki :hostname "h"))
                        :type 'sockopt-error)
          (should (equal (cdr asked)
                         (list "127.0.0.1"
                               (process-contact server :service))))
          (should-not (get-process "client")))))))

(ert-deftest making-tests-raw-server ()
  "A raw server is bound and hears, as one of datagrams does."
  (skip-unless (= (user-uid) 0))
  (sockopt-tests-clean
    (let* ((heard nil)
           (server (sockopt-make-network-process
                    :name "raw" :server t :type 'raw :protocol 253
                    :family 'ipv4 :host "127.0.0.1" :noquery t
                    :coding 'binary
                    :filter (lambda (_process text) (push text heard))))
           (client (sockopt-make-network-process
                    :name "sender" :type 'raw :protocol 253 :family 'ipv4
                    :host "127.0.0.1" :noquery t :coding 'binary)))
      (process-send-string client "hello")
      (should (process-live-p server))
      (should (sockopt-tests-wait (lambda () heard)))
      (should (string-suffix-p "hello" (car heard))))))

(ert-deftest making-tests-icmp-datagram ()
  "A datagram socket of ICMP needs no service: it can ping."
  (should
   (equal
    (sockopt-tests-names-call
     '(progn
        (write-region "0 2147483647" nil
                      "/proc/sys/net/ipv4/ping_group_range")
        (let* ((heard nil)
               (ping (sockopt-make-network-process
                      :name "ping" :type 'datagram :protocol 'icmp
                      :family 'ipv4 :host "127.0.0.1" :coding 'binary
                      :filter (lambda (_process text) (setq heard text)))))
          ;; An echo request; the kernel fills in the rest.
          (process-send-string ping (unibyte-string 8 0 0 0 0 0 0 1 65 66))
          (await (lambda () heard))
          ;; An echo reply with the same data.
          (list (aref heard 0) (substring heard 8)))))
    '(0 "AB"))))

(ert-deftest making-tests-datagram-remote ()
  "A `:remote' that is no address is passed over for a server, as in core."
  (sockopt-tests-clean
    (dolist (remote '(("224.1.2.3" "lo") [0 0 0 0 0 0 0 1 9] "path" 5))
      (should (process-live-p
               (sockopt-make-network-process
                :name "d" :server t :type 'datagram :host "127.0.0.1"
                :service t :family 'ipv4 :noquery t :remote remote))))
    (let ((server (sockopt-make-network-process
                   :name "d" :server t :type 'datagram :host "127.0.0.1"
                   :service t :family 'ipv4 :noquery t
                   :remote [127 0 0 1 9])))
      (should (equal (process-datagram-address server) [127 0 0 1 9])))))

;;; The directory that a server's placeholder is in

(defun making-tests--fill-place (&rest arguments)
  "Put a file where ARGUMENTS, those of a process, have a local socket."
  (let ((socket (plist-get arguments :local)))
    (when (stringp socket)
      (write-region "" nil (expand-file-name
                            "file" (file-name-directory
                                    (file-truename socket)))
                    nil 'quiet))))

(ert-deftest making-tests-place-left ()
  "A directory that cannot be removed is named, and the process is made."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let ((sockopt--place-directory (file-name-as-directory directory))
            warnings)
        (cl-letf (((symbol-function 'display-warning)
                   (lambda (type text &rest _) (push (cons type text) warnings))))
          (advice-add 'sockopt--core-make-network-process :before
                      #'making-tests--fill-place)
          (unwind-protect
              (should (process-live-p (sockopt-tests-server)))
            (advice-remove 'sockopt--core-make-network-process
                           #'making-tests--fill-place))
          ;; And none when it can.
          (should (process-live-p (sockopt-tests-server))))
        (let ((left (directory-files directory t "\\`sockopt-")))
          (should (= (length left) 1))
          (should (= (length warnings) 1))
          (should (equal (caar warnings) '(sockopt place)))
          (should (string-search (file-name-nondirectory (car left))
                                 (cdar warnings))))))))

(defun making-tests--places (&rest directories)
  "Make a server and return in which of DIRECTORIES its place was.
The first is in memory, the other for temporary files."
  (let* ((sockopt--place-directory (nth 0 directories))
         (temporary-file-directory (nth 1 directories))
         (place nil)
         (note (lambda (&rest arguments)
                 (setq place (file-name-directory
                              (directory-file-name
                               (file-name-directory
                                (file-truename
                                 (plist-get arguments :local)))))))))
    (advice-add 'sockopt--core-make-network-process :before note)
    (unwind-protect
        (should (process-live-p (sockopt-tests-server)))
      (advice-remove 'sockopt--core-make-network-process note))
    (should-not (directory-files place nil "\\`sockopt-"))
    place))

(ert-deftest making-tests-place-directory ()
  "A place is in memory if it can be, else where temporary files are."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let ((memory (file-name-as-directory
                     (file-truename (make-temp-file directory t))))
            (other (file-name-as-directory (file-truename directory)))
            (none (expand-file-name "none/" directory)))
        (should (equal (making-tests--places memory other) memory))
        (should (equal (making-tests--places nil other) other))
        (should (equal (making-tests--places none other) other))
        (delete-directory memory)))))

(ert-deftest making-tests-no-place ()
  "If it can be in neither, that is said, and no process is left."
  (sockopt-tests-with-directory directory
    (let* ((none (expand-file-name "none/" directory))
           (processes (process-list))
           (sockopt--place-directory none)
           (temporary-file-directory none)
           (error (should-error (sockopt-tests-server) :type 'file-error)))
      (should (equal (seq-take error 3)
                     '(sockopt-file-missing
                       "Cannot make a place for the process"
                       "No such file or directory")))
      (should (equal (process-list) processes)))))

(provide 'making-tests)
;;; making-tests.el ends here
