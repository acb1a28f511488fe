;;; lookup-tests.el --- Tests with a name server  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Each test runs in an Emacs of its own, in a network namespace that has a
;; name server, made for these tests, and addresses that do not answer.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt-tests-lib)

;;; The name server

(defconst lookup-tests--zone
  '(("here.test" :a ((10 78 0 2)))
    ("slow.test" :delay 1.5 :a ((10 78 0 2)))
    ;; The first of these does not answer.
    ("two.test" :a ((10 78 0 1) (10 78 0 2)))
    ("six.test" :aaaa ((#xfd 0 0 #x77 0 0 0 0 0 0 0 0 0 0 0 9))
     :a ((10 78 0 2)))
    ("late.test" :aaaa ((#xfd 0 0 #x77 0 0 0 0 0 0 0 0 0 0 0 1))
     :a ((10 78 0 2)))
    ("never.test" :delay 1000))
  "What the name server knows.  It answers after `:delay' seconds.")

(defconst lookup-tests--name-server
  `(progn
     (require 'seq)
     (defun question-end (query)
       ;; After the header and the labels come the type and the class.
       (+ 17 (seq-position (substring query 12) 0)))
     (defun question-name (query)
       (let ((at 12) size labels)
         (while (> (setq size (aref query at)) 0)
           (push (substring query (1+ at) (+ at 1 size)) labels)
           (setq at (+ at 1 size)))
         (mapconcat #'identity (nreverse labels) ".")))
     (defun answers (query entry)
       ;; A pointer to the name, type, class, time to live, length, data.
       (let ((type (aref query (- (question-end query) 3))))
         (mapcar (lambda (address)
                   (apply #'unibyte-string #xc0 12 0 type 0 1 0 0 0 60
                          0 (length address) address))
                 (plist-get (cdr entry) (pcase type (1 :a) (28 :aaaa))))))
     (defun reply (query entry)
       (let ((answers (answers query entry)))
         (concat (substring query 0 2)
                 (unibyte-string #x81 (if entry #x80 #x83) 0 1
                                 0 (length answers) 0 0 0 0)
                 (substring query 12 (question-end query))
                 (apply #'concat answers))))
     (defun handle (process query)
       (let* ((entry (assoc (question-name query) ',lookup-tests--zone))
              (peer (process-datagram-address process)))
         (run-at-time (or (plist-get (cdr entry) :delay) 0) nil
                      (lambda ()
                        (set-process-datagram-address process peer)
                        (process-send-string process
                                             (reply query entry))))))
     (make-network-process :name "name server" :type 'datagram :server t
                           :family 'ipv4 :host "127.0.0.1" :service 53
                           :coding 'binary :noquery t :filter #'handle)
     (message "LISTENING")
     (with-timeout (60) (while t (accept-process-output nil 0.05))))
  "What the Emacs of the name server evaluates.")

;;; The other Emacs

(defconst lookup-tests--prelude
  '(progn
     (require 'cl-lib)
     (defvar messages nil)
     (defun note (process message) (push (cons process message) messages))
     (defun await (predicate)
       (let ((end (+ (float-time) 15)))
         (while (and (not (funcall predicate)) (< (float-time) end))
           (accept-process-output nil 0.02))
         (funcall predicate)))
     (defun done-p (process)
       (not (eq (process-status process) 'connect)))
     (defvar port
       (process-contact
        (make-network-process :name "server" :server 50 :noquery t
                              :family 'ipv4 :host "10.78.0.2" :service t)
        :service))
     ;; A server whose queue is full does not answer.
     (make-network-process :name "full" :server 1 :noquery t :stop t
                           :family 'ipv4 :host "10.78.0.1" :service port)
     (dotimes (_ 3)
       (make-network-process :name "filler" :noquery t :nowait t
                             :remote (vector 10 78 0 1 port)
                             :sentinel #'ignore))
     (defun client (make host &rest arguments)
       (apply make :name "client" :noquery t :host host :service port
              :sentinel #'note arguments))
     ;; Whether FUNCTION returns before the name server can answer.
     (defmacro at-once-p (&rest body)
       `(let ((start (float-time)))
          ,@body
          (< (- (float-time) start) 1)))
     ;; Let the server see that a client has gone.
     (defun settle () (dotimes (_ 10) (accept-process-output nil 0.05)))
     (defun message-of (process) (cdr (assq process messages)))
     (defun resources ()
       (list (length (directory-files "/proc/self/fd"))
             (length (directory-files "/proc/self/task")))))
  "What the Emacs of a test evaluates first.")

(defconst lookup-tests--resolver
  "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\""
  "The shell command that gives a command its own resolver.
ip(8) has made a mount namespace for it.")

(defun lookup-tests--add-namespace (name)
  "Make the network namespace NAME.  Return non-nil if that works."
  (and (sockopt-tests-ip "netns" "add" name)
       (cl-loop
        for arguments in
        '("link set lo up"
          "link add v0 type veth peer name v1"
          "link set v0 up"
          "link set v1 up"
          "address add 10.78.0.1/24 dev v0"
          "address add 10.78.0.2/24 dev v0"
          "address add fd00:77::1/64 dev v0 nodad"
          ;; What is sent there vanishes.
          "neighbor add fd00:77::9 lladdr 02:00:00:00:00:09 dev v0")
        always (apply #'sockopt-tests-ip "-n" name
                      (split-string arguments)))))

(defun lookup-tests--emacs (namespace directory form)
  "Start an Emacs in NAMESPACE that evaluates FORM.
It asks the name server of the tests.  DIRECTORY is for a file."
  (let ((file (expand-file-name "resolv.conf" directory)))
    (with-temp-file file
      (insert "nameserver 127.0.0.1\noptions timeout:4 attempts:1\n"))
    (sockopt-tests-emacs-in namespace form
                            "sh" "-c" lookup-tests--resolver "sh" file)))

(defun lookup-tests--call (form)
  "Return the value of FORM in another Emacs, by the tests' name server."
  (sockopt-tests-need-namespaces)
  (unless (file-exists-p "/etc/resolv.conf")
    (ert-skip "There is no /etc/resolv.conf to put another in place of"))
  (let ((namespace (format "sockopt-%d" (emacs-pid))))
    (unwind-protect
        (sockopt-tests-clean
          (sockopt-tests-with-directory directory
            (unless (lookup-tests--add-namespace namespace)
              (ert-skip "Network namespaces cannot be made here"))
            (let ((names (sockopt-tests-emacs-in
                          namespace lookup-tests--name-server)))
              (unless (sockopt-tests-says-p names "LISTENING" 10)
                (ert-fail (list "No name server"
                                (process-get names 'output)))))
            (lookup-tests--result namespace directory form)))
      (sockopt-tests-ip "netns" "del" namespace))))

(defun lookup-tests--result (namespace directory form)
  "Return the value of FORM in an Emacs in NAMESPACE.
DIRECTORY is for a file."
  (let ((other (lookup-tests--emacs
                namespace directory
                `(progn ,lookup-tests--prelude
                        (message "RESULT %S" ,form)
                        (message "END")))))
    (sockopt-tests-says-p other "\nEND" 40)
    (let ((output (process-get other 'output)))
      (if (string-match "^RESULT " output)
          (car (read-from-string output (match-end 0)))
        (ert-fail (list "No result" output))))))

;;; Own processes

(ert-deftest lookup-tests-waiting ()
  "A client waits for a name to be looked up, and has its options."
  (should (equal '(open 77)
                 (lookup-tests--call
                  '(let ((client (client #'sockopt-make-network-process
                                         "slow.test" :tcp-keepidle 77)))
                     (list (process-status client)
                           (sockopt-get client :tcp-keepidle)))))))

(ert-deftest lookup-tests-waiting-unknown ()
  "A name that does not exist signals an error of the package."
  (should (equal '(sockopt-system-error "Name or service not known")
                 (lookup-tests--call
                  '(condition-case error
                       (client #'sockopt-make-network-process "no.test")
                     (error (list (car error) (nth 2 error))))))))

(ert-deftest lookup-tests-nowait ()
  "Without waiting, a call returns before the name server answers."
  (should (equal '(t connect open "open\n" 77 5)
                 (lookup-tests--call
                  '(let (client status)
                     (list (at-once-p
                            (setq client
                                  (client #'sockopt-make-network-process
                                          "slow.test" :nowait t
                                          :tcp-keepidle 77))
                            (setq status (process-status client))
                            (sockopt-set client :priority 5))
                           status
                           (and (await (lambda () (done-p client)))
                                (process-status client))
                           (message-of client)
                           (sockopt-get client :tcp-keepidle)
                           (sockopt-get client :priority)))))))

(ert-deftest lookup-tests-nowait-unknown ()
  "A sentinel hears that a name does not exist."
  (should (equal "failed: Cannot look up host: Name or service not known\n"
                 (lookup-tests--call
                  '(let ((client (client #'sockopt-make-network-process
                                         "no.test" :nowait t)))
                     (await (lambda () (message-of client)))
                     (message-of client))))))

(ert-deftest lookup-tests-nowait-deleted ()
  "Deleting a process does not wait for the name server.
The thread ends when the resolver gives up, and nothing is left."
  (should (equal '(t t)
                 (lookup-tests--call
                  '(let (before)
                     ;; Have the module open what it keeps.
                     (delete-process
                      (client #'sockopt-make-network-process "here.test"))
                     (settle)
                     (setq before (resources))
                     (list (at-once-p
                            (delete-process
                             (client #'sockopt-make-network-process
                                     "never.test" :nowait t)))
                           (await (lambda ()
                                    (equal (resources) before)))))))))

(ert-deftest lookup-tests-loser-lacks-option ()
  "What fails for an address that loses is not said of the one that wins.
IPv6 answers late; IPv4 joins meanwhile, and its socket lacks the option."
  (should (equal '(open 9 32 nil)
                 (lookup-tests--call
                  '(let ((full (make-network-process
                                :name "full" :server 1 :noquery t :stop t
                                :family 'ipv6 :host "fd00:77::1"
                                :service port))
                         client said)
                     (require 'sockopt-mode)
                     (dotimes (_ 3)
                       (make-network-process
                        :name "filler" :noquery t :nowait t
                        :remote (vector #xfd00 #x77 0 0 0 0 0 1 port)
                        :sentinel #'ignore))
                     (settle)
                     (sockopt-mode 1)
                     (run-at-time 0.6 nil #'continue-process full)
                     (cl-letf (((symbol-function 'sockopt-mode--report)
                                (lambda (&rest report)
                                  (push report said))))
                       (setq client (client #'make-network-process
                                            "late.test" :nowait t
                                            :ipv6-tclass 32))
                       (await (lambda () (done-p client))))
                     (list (process-status client)
                           (length (process-contact client :remote))
                           (sockopt-get client :ipv6-tclass)
                           said))))))

(ert-deftest lookup-tests-second-address ()
  "When an address does not answer the next is tried, with the options."
  (should (equal '(([10 78 0 2] 77) ([10 78 0 2] 77)
                   ([10 78 0 2] 77) ([10 78 0 2] 77))
                 (lookup-tests--call
                  '(cl-loop
                    for (host . arguments) in '(("two.test")
                                                ("two.test" :nowait t)
                                                ("six.test")
                                                ("six.test" :nowait t))
                    for client = (apply #'client
                                        #'sockopt-make-network-process host
                                        :tcp-keepidle 77 arguments)
                    do (await (lambda () (done-p client)))
                    collect (list (substring (process-contact client
                                                              :remote)
                                             0 4)
                                  (sockopt-get client :tcp-keepidle)))))))

;;; Core's processes

(ert-deftest lookup-tests-core-pending ()
  "What is set while core looks a name up is kept, and set when it is open."
  (should (equal '(t 77 connect open "open\n" 77 77 note)
                 (lookup-tests--call
                  '(let (client value status)
                     (list (at-once-p
                            (setq client (client #'make-network-process
                                                 "slow.test" :nowait t))
                            (sockopt-set client :tcp-keepidle 55)
                            (sockopt-set client :tcp-keepidle 77)
                            (setq value (sockopt-get client :tcp-keepidle)
                                  status (process-status client)))
                           value status
                           (and (await (lambda () (done-p client)))
                                (process-status client))
                           (message-of client)
                           (sockopt-get client :tcp-keepidle)
                           (plist-get (process-contact client t)
                                      :tcp-keepidle)
                           (process-sentinel client)))))))

(ert-deftest lookup-tests-core-pending-wrong ()
  "A wrong value is refused at once, and so is an option not set."
  (should (equal '(args-out-of-range sockopt-unsupported sockopt-error
                                     sockopt-error)
                 (lookup-tests--call
                  '(let ((client (client #'make-network-process "slow.test"
                                         :nowait t)))
                     (mapcar (lambda (function)
                               (condition-case error
                                   (funcall function client)
                                 (error (car error))))
                             (list (lambda (client)
                                     (sockopt-set client :ip-tos 300))
                                   (lambda (client)
                                     (sockopt-set client :no-such 1))
                                   (lambda (client)
                                     (sockopt-get client :priority))
                                   #'sockopt-options)))))))

(ert-deftest lookup-tests-core-next-address ()
  "When core tries its next address the options go along."
  (should (equal '(connect t 77 open [10 78 0 2] 77 77)
                 (lookup-tests--call
                  '(let ((client (client #'make-network-process "two.test"
                                         :nowait t)))
                     (await (lambda () (process-contact client t t)))
                     ;; The kernel gives up after so many milliseconds.
                     (sockopt-set client :tcp-user-timeout 2000)
                     (list (process-status client)
                           (sockopt-set client :tcp-keepidle 77)
                           (sockopt-get client :tcp-keepidle)
                           (and (await (lambda () (done-p client)))
                                (process-status client))
                           (substring (process-contact client :remote) 0 4)
                           (sockopt-get client :tcp-keepidle)
                           (plist-get (process-contact client t)
                                      :tcp-keepidle)))))))

(ert-deftest lookup-tests-core-pending-fails ()
  "Nothing is kept of a process that failed."
  (should (equal '(failed 0)
                 (lookup-tests--call
                  '(let ((client (client #'make-network-process "no.test"
                                         :nowait t)))
                     (sockopt-set client :priority 5)
                     (await (lambda () (done-p client)))
                     (setq messages nil)
                     (prog1 (list (process-status client)
                                  (progn
                                    (delete-process client)
                                    (hash-table-count
                                     sockopt--pending)))))))))

(provide 'lookup-tests)
;;; lookup-tests.el ends here
