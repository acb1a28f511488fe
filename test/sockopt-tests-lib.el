;;; sockopt-tests-lib.el --- What the tests share  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt)

(declare-function sockopt--close-receive-channels "sockopt-receive" ())

(defun sockopt-tests-wait (predicate &optional seconds)
  "Handle events until PREDICATE holds, for at most SECONDS, 5 if nil.
Return what it returned last."
  (let ((end (+ (float-time) (or seconds 5)))
        result)
    (while (and (not (setq result (funcall predicate)))
                (< (float-time) end))
      (accept-process-output nil 0.02))
    result))

(defun sockopt-tests-descriptors ()
  "Return how many descriptors are open."
  (length (directory-files "/proc/self/fd" nil "\\`[0-9]" t)))

(defun sockopt-tests-held ()
  "Return how many descriptors are open, and how many threads there are.
Of those that tests before have left some may be about to end."
  (list (sockopt-tests-descriptors)
        (length (directory-files "/proc/self/task" nil "\\`[0-9]" t))))

(defun sockopt-tests-looking-up-p (process)
  "Return non-nil if core looks up the host of PROCESS."
  (and (eq (process-type process) 'network)
       (eq (process-status process) 'connect)
       (null (sockopt--core-contact process t t))))

(defun sockopt-tests-delete (process)
  "Delete PROCESS, and have its sentinel told nothing.
First wait until core has looked up its host.  If that ends while core is
deleting the process, Emacs 28.2 and 30.1 never come back: gai_suspend(3)
says EAI_ALLDONE then, and core calls it until it says something else."
  (set-process-sentinel process #'ignore)
  (sockopt-tests-wait (lambda () (not (sockopt-tests-looking-up-p process)))
                      20)
  (delete-process process))

(defmacro sockopt-tests-clean (&rest body)
  "Evaluate BODY, then delete the processes that it made.
The module's own pipes are left, for they have to go by themselves."
  (declare (indent 0) (debug t))
  `(let ((before (process-list)))
     (unwind-protect
         (progn ,@body)
       (dolist (process (cl-set-difference (process-list) before))
         (unless (string-prefix-p " sockopt" (process-name process))
           (sockopt-tests-delete process)))
       ;; What received has another sentinel now, which does not do that.
       (when (fboundp 'sockopt--close-receive-channels)
         (sockopt--close-receive-channels)))))

(defmacro sockopt-tests-with-directory (name &rest body)
  "Evaluate BODY with NAME bound to a directory that is deleted then."
  (declare (indent 1) (debug t))
  `(let ((,name (make-temp-file "sockopt-tests" t)))
     (unwind-protect
         (progn ,@body)
       (delete-directory ,name t))))

(defmacro sockopt-tests-with-mode (rules &rest body)
  "Evaluate BODY with `sockopt-mode' on and RULES in force, nil for none.
Who uses this must load sockopt-mode first."
  (declare (indent 1) (debug t))
  `(let ((sockopt-rules ,rules)
         (sockopt-mode--reported nil))
     (sockopt-mode 1)
     (unwind-protect
         (progn ,@body)
       (sockopt-mode -1))))

(defun sockopt-tests-free-port ()
  "Return a port of this machine on which nobody listens."
  (let ((server (sockopt-tests-server)))
    (prog1 (process-contact server :service)
      (delete-process server))))

(defun sockopt-tests-listening-p (port)
  "Return non-nil if somebody listens on PORT of this machine."
  (condition-case nil
      (progn (delete-process
              (make-network-process :name "probe" :host "127.0.0.1"
                                    :family 'ipv4 :service port))
             t)
    (file-error nil)))

(defun sockopt-tests-server (&rest arguments)
  "Make an IPv4 stream server on any port, with ARGUMENTS besides."
  (apply #'sockopt-make-network-process
         (append arguments (list :name "server" :server 50 :noquery t
                                 :host "127.0.0.1" :service t
                                 :family 'ipv4))))

(defun sockopt-tests-client (server &rest arguments)
  "Make a client of SERVER, with ARGUMENTS besides."
  (apply #'sockopt-make-network-process
         (append arguments (list :name "client" :noquery t
                                 :host "127.0.0.1" :family 'ipv4
                                 :service (process-contact server
                                                           :service)))))

(defun sockopt-tests-full-server ()
  "Make a server that takes no connection, for its queue is full."
  (let ((server (make-network-process
                 :name "full" :server 1 :stop t :noquery t
                 :host "127.0.0.1" :service t :family 'ipv4)))
    (dotimes (_ 3)
      ;; Emacs 30 warns of a call without `:service', wrongly here.
      (let ((client (apply #'make-network-process
                           :name "filler" :noquery t :nowait t
                           :sentinel #'ignore
                           (list :remote
                                 (process-contact server :local)))))
        (sockopt-tests-wait (lambda () (eq (process-status client) 'open))
                            0.2)))
    server))

(defun sockopt-tests-shout (process string)
  "Send STRING back through PROCESS in upper case."
  (process-send-string process (upcase string)))

(defun sockopt-tests-collector (place)
  "Return a filter that appends what it gets to the car of PLACE."
  (lambda (_process string)
    (setcar place (concat (car place) string))))

(defun sockopt-tests-collect (process string)
  "Append STRING, from PROCESS, to its property `output'."
  (process-put process 'output
               (concat (process-get process 'output) string)))

(defun sockopt-tests-warm-up ()
  "Have the module open the descriptors that it keeps."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (sockopt-tests-client server)
      (let ((late (sockopt-tests-client server :nowait t)))
        (sockopt-tests-wait (lambda () (eq (process-status late) 'open))))
      (sockopt-make-network-process :name "datagram" :type 'datagram
                                    :host "127.0.0.1" :service 9)
      (sockopt-tests-wait (lambda () (> (length (process-list)) 4)) 1))))

(defun sockopt-tests-service (server)
  "Return what a client connects to SERVER by, as a port."
  (process-contact server :service))

(defun sockopt-tests-open-p (process)
  "Wait for PROCESS to be open and return non-nil if it is."
  (sockopt-tests-wait (lambda () (eq (process-status process) 'open))))

(defun sockopt-tests-echo (process string)
  "Send STRING back through PROCESS."
  (process-send-string process string))

(defun sockopt-tests-answers-p (process)
  "Return non-nil if what is sent to PROCESS, an echo's client, returns."
  (let ((place (list "")))
    (set-process-filter process (sockopt-tests-collector place))
    (process-send-string process "ping")
    (sockopt-tests-wait (lambda () (equal (car place) "ping")))))

(defun sockopt-tests-values (process &rest options)
  "Return the values of OPTIONS of PROCESS as a list."
  (mapcar (lambda (option) (sockopt-get process option)) options))

(defun sockopt-tests-keys (plist)
  "Return the keys of PLIST."
  (cl-loop for (key) on plist by #'cddr collect key))

(defun sockopt-tests-error (function)
  "Call FUNCTION and return the error that it signals, or nil."
  (condition-case error
      (progn (funcall function) nil)
    (error error)))

(defun sockopt-tests-command (&rest arguments)
  "Return the command for another Emacs, in batch, with ARGUMENTS."
  `(,(expand-file-name invocation-name invocation-directory)
    "-Q" "--batch" "--module-assertions"
    ;; As in `sockopt-run-ert'.
    ,@(and (getenv "REPORT")
           '("--eval" "(setq comp-enable-subr-trampolines nil
                             native-comp-enable-subr-trampolines nil)"))
    ,@arguments))

(defun sockopt-tests-emacs (&rest arguments)
  "Return the output of another Emacs, in batch, with ARGUMENTS."
  (let ((command (apply #'sockopt-tests-command arguments)))
    (with-temp-buffer
      (apply #'call-process (car command) nil t nil (cdr command))
      (buffer-string))))

(defconst sockopt-tests--echo
  '(let ((server (make-network-process
                  :name "echo" :server 50 :noquery t :service t
                  :host "127.0.0.1" :family 'ipv4
                  :filter #'process-send-string)))
     (message "PORT %d" (process-contact server :service))
     (with-timeout (60) (while t (accept-process-output nil 0.05))))
  "What another Emacs evaluates to serve.")

(defun sockopt-tests-other-server (&optional form)
  "Start an Emacs that sends back what it gets, and return (PROCESS . PORT).
With FORM, it evaluates that instead, which must print \"PORT\" and that."
  (let* ((place (list ""))
         (emacs (make-process
                 :name "echo" :noquery t :connection-type 'pipe
                 :filter (sockopt-tests-collector place)
                 :command (sockopt-tests-command
                           "--eval" (format "%S" (or form sockopt-tests--echo))))))
    (should (sockopt-tests-wait
             (lambda () (string-match "PORT \\([0-9]+\\)\n" (car place)))
             10))
    (cons emacs (string-to-number (match-string 1 (car place))))))

;;; Building

(defun sockopt-tests-build-environment ()
  "Return `process-environment' with a compiler that LD_PRELOAD is not for.
That of the sanitizers, say, makes it take five times as long."
  (cons (concat "CC=env -u LD_PRELOAD " (or (getenv "CC") "cc"))
        process-environment))

;;; Calls of the system that fail

(defun sockopt-tests-library (directory source)
  "Build a library of SOURCE, in C, in DIRECTORY, and return its file name."
  (unless (eq system-type 'gnu/linux)
    (ert-skip "The numbers of errors are those of Linux"))
  (unless (executable-find "cc")
    (ert-skip "There is no C compiler"))
  (let ((file (expand-file-name "library.c" directory))
        (library (expand-file-name "library.so" directory)))
    (with-temp-file file (insert source))
    (with-temp-buffer
      (unless (equal 0 (call-process "cc" nil t nil "-shared" "-fPIC"
                                     "-o" library file "-ldl"))
        (ert-fail (list "cc" (buffer-string)))))
    library))

(defun sockopt-tests-value-with (library form)
  "Return the value of FORM in another Emacs, with LIBRARY loaded before all."
  (let* ((others (getenv "LD_PRELOAD"))
         (process-environment
          (cons (concat "LD_PRELOAD=" (and others (concat others ":")) library)
                process-environment))
         (output (sockopt-tests-emacs
                  "-L" (file-name-directory (locate-library "sockopt"))
                  "-l" "sockopt" "--eval"
                  (format "(message \"RESULT %%S\" %S)" form))))
    (if (string-match "^RESULT " output)
        (car (read-from-string output (match-end 0)))
      (ert-fail (list "No result" output)))))

;;; An Emacs on a terminal

(defun sockopt-tests-terminal (form &rest prefix)
  "Start an Emacs on a terminal that evaluates FORM, and return it.
PREFIX is a command that is to run it.  Its output is collected in a
property."
  (let ((emacs (make-process
                :name "emacs" :noquery t :connection-type 'pty
                :filter #'sockopt-tests-collect
                :command
                `(,@prefix
                  "env" "TERM=vt100"
                  ,(expand-file-name invocation-name invocation-directory)
                  "-Q" "-nw" "-L" ,(car load-path)
                  "-L" ,(expand-file-name "lisp")
                  "--eval" ,(format "%S" form)))))
    (set-process-window-size emacs 24 80)
    ;; Where there are no terminals, Emacs takes pipes.
    (unless (process-tty-name emacs)
      (ert-skip "There are no terminals"))
    emacs))

(defun sockopt-tests-quit (emacs what done)
  "Type \`C-g' at EMACS, which waits for WHAT, and wait for DONE.
DONE is a function; it returns nil until the wait is over, and then
perhaps the time of that.  Return how many seconds it took, and print it.
An idle machine takes less than 0.1; who tests that should allow for more,
as others may be at work."
  (let ((start (float-time))
        end)
    (process-send-string emacs "\C-g")
    (setq end (sockopt-tests-wait done))
    (should end)
    (let ((seconds (- (if (numberp end) end (float-time)) start)))
      (message "C-g ended %s after %.3f s" what seconds)
      seconds)))

;;; What the machine has

(defun sockopt-tests-ipv6-p ()
  "Return non-nil if this machine has the address ::1."
  (ignore-errors
    (delete-process (make-network-process :name "six" :server t
                                          :family 'ipv6 :host "::1"
                                          :service t))
    t))

(defun sockopt-tests-need-ipv6 ()
  "Skip the test where there is no address ::1."
  (unless (sockopt-tests-ipv6-p)
    (ert-skip "This machine has no IPv6")))

;;; Network namespaces

(defun sockopt-tests-need-namespaces ()
  "Skip the test where it cannot make network namespaces."
  (unless (eq (user-uid) 0) (ert-skip "Network namespaces need root"))
  (unless (executable-find "ip") (ert-skip "There is no ip(8)")))

(defun sockopt-tests-ip (&rest arguments)
  "Run ip(8) with ARGUMENTS and return non-nil if it succeeds."
  (equal 0 (apply #'call-process "ip" nil nil nil arguments)))

(defun sockopt-tests-emacs-in (namespace form &rest prefix)
  "Start an Emacs in NAMESPACE that evaluates FORM.
PREFIX is a command that is to run it.  Its output is collected in a
property."
  (make-process
   :name namespace :noquery t :connection-type 'pipe
   :command `("ip" "netns" "exec" ,namespace ,@prefix
              ,@(sockopt-tests-command
                 "-L" (file-name-directory (locate-library "sockopt"))
                 "-l" "sockopt-mode" "--eval" (format "%S" form)))
   :filter #'sockopt-tests-collect))

(defun sockopt-tests-says-p (process text seconds)
  "Wait up to SECONDS until the output of PROCESS has TEXT."
  (sockopt-tests-wait
   (lambda () (string-search text (or (process-get process 'output) "")))
   seconds))

(defun sockopt-tests-share (count)
  "Return as many of the options here as COUNT are of those that Linux has."
  (/ (* count (length (sockopt-option-list))) 158))

(provide 'sockopt-tests-lib)
;;; sockopt-tests-lib.el ends here
