;;; hostile-tests.el --- Test peers that reset, go silent or flood  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Peers are made with core's functions alone, so that what they do to us
;; does not depend on what is tested.

;;; Code:

(require 'sockopt-tests-hosts)
(require 'sockopt-process)
(require 'sockopt-connect)

(declare-function sockopt--done-p "../module/emacs/process-connect.c" (job))
(declare-function sockopt--won-p "../module/emacs/process-connect.c" (job))

;;; What is left

(defun hostile-tests--nothing-left-p (held processes)
  "Return non-nil if soon no more is held than HELD, and just PROCESSES are.
HELD is what `sockopt-tests-held' has returned."
  (sockopt-tests-wait
   (lambda () (and (cl-every #'<= (sockopt-tests-held) held)
                   (equal (process-list) processes)))))

(defmacro hostile-tests--whole (&rest body)
  "Evaluate BODY and check that it leaves no descriptor, thread or process.
DIRECTORY is bound to one for local sockets."
  (declare (indent 0) (debug t))
  `(progn
     (skip-unless (file-directory-p "/proc/self/task"))
     (sockopt-tests-warm-up)
     (sockopt-tests-wait (lambda () (not (get-process " sockopt"))))
     (let ((held (sockopt-tests-held))
           (processes (process-list)))
       (sockopt-tests-with-directory directory
         (ignore directory)
         (sockopt-tests-clean ,@body))
       (should (hostile-tests--nothing-left-p held processes)))))

;;; Peers

(defun hostile-tests--server (kind directory)
  "Make a server of KIND, `tcp' or `local', with core.
It reads nothing, and keeps what it accepts in its property `child'.  A
local one is in DIRECTORY."
  (apply #'make-network-process
         :name "peer" :server 50 :noquery t :coding 'binary
         :sentinel #'ignore :filter t
         :log (lambda (server child _message)
                (process-put server 'child child))
         (if (eq kind 'tcp)
             '(:family ipv4 :host "127.0.0.1" :service t)
           (list :family 'local
                 :service (make-temp-name (expand-file-name "s" directory))))))

(defun hostile-tests--accept (server)
  "Have SERVER accept a connection, and return it."
  (should (sockopt-tests-wait (lambda () (process-get server 'child)))))

(defun hostile-tests--reset (child)
  "Close CHILD, a server's, such that a TCP peer gets a reset.
A local one gets an error if it has sent something, else the end."
  ;; Core takes this for a time of 0.
  (set-network-process-option child :linger t)
  (delete-process child))

(defun hostile-tests--leave-queued (server)
  "Close SERVER, whose connection nobody has accepted."
  (delete-process server))

(defun hostile-tests--leave-accepted (server)
  "Have SERVER accept its connection and reset it."
  (hostile-tests--reset (hostile-tests--accept server)))

;;; Us

(defun hostile-tests--client (maker server &rest arguments)
  "Make a client of SERVER with MAKER and ARGUMENTS.
What is said of it and what it gets is kept in its property `all', the
newest first."
  (let ((keep (lambda (process what)
                (process-put process 'all
                             (cons what (process-get process 'all))))))
    (apply maker :name "client" :noquery t :coding 'binary
           :sentinel keep
           :filter (lambda (process data)
                     (funcall keep process (list data)))
           (append arguments
                   (let ((address (process-contact server :local)))
                     (if (stringp address)
                         (list :family 'local :service address)
                       (list :remote address)))))))

(defun hostile-tests--said (process)
  "Return what was said of PROCESS, in order."
  (cl-remove-if #'consp (reverse (process-get process 'all))))

(defun hostile-tests--got (process)
  "Return what PROCESS got."
  (mapconcat #'car
             (cl-remove-if-not #'consp (reverse (process-get process 'all)))
             ""))

(defun hostile-tests--end (process)
  "Wait until PROCESS has ended.  Return its status and what was said."
  (sockopt-tests-wait (lambda () (not (process-live-p process))))
  (sockopt-tests-wait #'ignore 0.1)
  (cons (process-status process) (hostile-tests--said process)))

(defconst hostile-tests--broken "connection broken by remote peer\n"
  "What a sentinel is told when the peer is gone.")

(defconst hostile-tests--reset-code "failed with code 104\n"
  "What a sentinel is told when the peer has reset before it was open.")

(defmacro hostile-tests--each (spec &rest body)
  "Evaluate BODY whole for each combination of what SPEC binds.
SPEC is a list of (NAME VALUE...)."
  (declare (indent 1) (debug t))
  (if (null spec)
      `(hostile-tests--whole ,@body)
    (pcase-let ((`((,name . ,values) . ,rest) spec))
      `(dolist (,name ',values)
         (ert-info ((format "%s: %S" ',name ,name))
           (hostile-tests--each ,rest ,@body))))))

;;; Reset

(ert-deftest hostile-tests-refused ()
  "Where nobody listens any more, making a client fails and leaves nothing."
  (hostile-tests--each ((kind tcp local))
    (let ((server (hostile-tests--server kind directory)))
      (delete-process server)
      (should (equal (seq-take (should-error
                                (hostile-tests--client
                                 #'sockopt-make-network-process server)
                                :type 'file-error)
                               3)
                     '(sockopt-system-error "make client process failed"
                                            "Connection refused")))
      (should (equal (hostile-tests--end
                      (hostile-tests--client #'sockopt-make-network-process
                                             server :nowait t))
                     (list 'failed
                           ;; Nothing is under way yet where it is local.
                           (if (eq kind 'tcp)
                               "failed with code 111\n"
                             "failed: make client process failed: \
Connection refused\n")))))))

(defun hostile-tests--before-process (leave server)
  "Make a client of SERVER, which does LEAVE before there is a process.
Return the client."
  (let ((left nil))
    (cl-letf* ((make (symbol-function 'sockopt--make-process))
               ((symbol-function 'sockopt--make-process)
                (lambda (&rest arguments)
                  (funcall leave server)
                  (setq left t)
                  (apply make arguments))))
      (prog1 (hostile-tests--client #'sockopt-make-network-process server
                                    :keepalive t)
        (should left)))))

(ert-deftest hostile-tests-reset-before-process ()
  "A peer may leave when we have connected, before there is a process.
Then the process is told so once it is there."
  (hostile-tests--each ((kind tcp local)
                        (leave hostile-tests--leave-queued
                               hostile-tests--leave-accepted))
    (let* ((server (hostile-tests--server kind directory))
           (address (process-contact server :local))
           (client (hostile-tests--before-process leave server)))
      (should (equal (process-contact client :remote) address))
      (should (eq (process-contact client :keepalive) t))
      (should (equal (hostile-tests--end client)
                     (list 'closed hostile-tests--broken))))))

(defun hostile-tests--in-adoption (leave server)
  "Make a client of SERVER, which does LEAVE while ours is being laid under.
That is when core has chosen a descriptor for the process.  Return the
client."
  (let ((left nil))
    (cl-letf* ((make (symbol-function 'sockopt--core-make-network-process))
               ((symbol-function 'sockopt--core-make-network-process)
                (lambda (&rest arguments)
                  (prog1 (apply make arguments)
                    (funcall leave server)
                    (setq left t)))))
      (prog1 (hostile-tests--client #'sockopt-make-network-process server)
        (should left)))))

(ert-deftest hostile-tests-reset-in-adoption ()
  "A peer may leave while the process stands on its placeholder."
  (hostile-tests--each ((kind tcp local)
                        (leave hostile-tests--leave-queued
                               hostile-tests--leave-accepted))
    (let* ((server (hostile-tests--server kind directory))
           (client (hostile-tests--in-adoption leave server)))
      (should (equal (hostile-tests--end client)
                     (list 'closed hostile-tests--broken))))))

(defun hostile-tests--connected-p (client)
  "Return non-nil once the thread that connects CLIENT has done so.
Nothing else happens meanwhile."
  (let ((job (sockopt--connecting-job
              (gethash client sockopt--connecting-table)))
        (end (+ (float-time) 5)))
    (while (and (not (sockopt--done-p job)) (< (float-time) end)))
    (sockopt--won-p job)))

(defun hostile-tests--unheard (function)
  "Call FUNCTION, and have threads that report heard only after that."
  (let* ((hear (symbol-function 'sockopt--channel-filter))
         (reports nil))
    (cl-letf (((symbol-function 'sockopt--channel-filter)
               (lambda (&rest report) (push report reports)))
              ;; A timer looks whether there are any, too.
              ((symbol-function 'sockopt--finish-done) #'ignore))
      (funcall function))
    (dolist (report (nreverse reports))
      (apply hear report))))

(ert-deftest hostile-tests-reset-before-report ()
  "A peer may leave before a client that does not wait hears it is connected."
  (hostile-tests--each ((kind tcp local)
                        (leave hostile-tests--leave-queued
                               hostile-tests--leave-accepted))
    (let* ((server (hostile-tests--server kind directory))
           (client (hostile-tests--client #'sockopt-make-network-process
                                          server :nowait t :keepalive t)))
      (should (hostile-tests--connected-p client))
      (hostile-tests--unheard (lambda () (funcall leave server)))
      (should (equal (hostile-tests--end client)
                     (if (equal (list kind leave)
                                '(local hostile-tests--leave-accepted))
                         (list 'closed "open\n" hostile-tests--broken)
                       (list 'failed hostile-tests--reset-code)))))))

(ert-deftest hostile-tests-reset-after-data ()
  "What came before a reset is there, whole and in order."
  (hostile-tests--each ((kind tcp local) (nowait nil t)
                        (maker make-network-process
                               sockopt-make-network-process))
    (let* ((server (hostile-tests--server kind directory))
           (client (hostile-tests--client maker server :nowait nowait))
           (data (mapconcat #'number-to-string (number-sequence 1 3000) " ")))
      (should (sockopt-tests-open-p client))
      (process-send-string client "never read")
      (process-send-string (hostile-tests--accept server) data)
      (hostile-tests--reset (hostile-tests--accept server))
      (should (equal (hostile-tests--end client)
                     `(closed ,@(and nowait '("open\n"))
                              ,hostile-tests--broken)))
      (should (equal (hostile-tests--got client) data)))))

(defun hostile-tests--write (maker server)
  "Write to SERVER with a client that MAKER makes, until it resets.
Return the error and how the client ended."
  (let* ((client (hostile-tests--client maker server))
         (child (hostile-tests--accept server)))
    (run-at-time 0.05 nil #'hostile-tests--reset child)
    (cons (remq client
                (should-error (process-send-string
                               client (make-string 20000000 ?x))))
          (hostile-tests--end client))))

(ert-deftest hostile-tests-reset-while-writing ()
  "A reset ends a long write as it does with core."
  (hostile-tests--whole
    (pcase-let ((`(,ours ,cores)
                 (cl-loop for maker in '(sockopt-make-network-process
                                         make-network-process)
                          collect (hostile-tests--write
                                   maker
                                   (hostile-tests--server 'tcp directory)))))
      (should (equal ours cores))
      (should (equal (cdr ours) (list 'closed hostile-tests--broken))))))

(defun hostile-tests-write-to-gone (maker)
  "Write to a local peer that is gone with a client that MAKER makes.
Return the error and how the client ended."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((server (hostile-tests--server 'local directory))
             (client (hostile-tests--client maker server)))
        (process-send-string client "never read")
        (hostile-tests--reset (hostile-tests--accept server))
        (cons (remq client
                    (should-error (process-send-string client "more")))
              (hostile-tests--end client))))))

(ert-deftest hostile-tests-gone ()
  "Writing to a local peer that is gone fails as with core."
  ;; In batch the signal ends Emacs, with core alone, too.
  (let ((output (shell-command-to-string
                 (concat
                  "trap '' PIPE; "
                  (mapconcat
                   #'shell-quote-argument
                   (sockopt-tests-command
                    "-L" (file-name-directory (locate-library "sockopt"))
                    "-L" (file-name-directory (locate-library "hostile-tests"))
                    "-l" "hostile-tests" "--eval"
                    (format "%S" '(message
                                   "GOT %S"
                                   (mapcar #'hostile-tests-write-to-gone
                                           '(sockopt-make-network-process
                                             make-network-process)))))
                   " ")
                  " 2>&1"))))
    (ert-info (output :prefix "output: ")
      (should (string-match "^GOT " output))
      (pcase-let ((`(,ours ,cores)
                   (car (read-from-string output (match-end 0)))))
        (should (equal ours cores))
        (should (eq (caar ours) 'error))
        (should (equal (cdr ours) (list 'closed hostile-tests--broken)))))))

(ert-deftest hostile-tests-reset-in-sentinel ()
  "A peer may leave while the sentinel is told of the connection."
  (hostile-tests--whole
    (let* ((server (hostile-tests--server 'tcp directory))
           (client (hostile-tests--client #'sockopt-make-network-process
                                          server :nowait t))
           (failed nil))
      (add-function
       :after (process-sentinel client)
       (lambda (process message)
         (when (equal message "open\n")
           (process-send-string process "hello")
           (hostile-tests--reset (hostile-tests--accept server))
           (sockopt-set process :keepalive t)
           (setq failed (should-error (process-send-string process "more")
                                      :type 'file-error)))))
      (should (equal (hostile-tests--end client)
                     (list 'closed "open\n" hostile-tests--broken)))
      (should (equal (nth 2 failed) "Connection reset by peer")))))

;;; Those that we accept

(defun hostile-tests--own-server (kind directory log)
  "Make a server of KIND with LOG that gives options to its children.
A local one is in DIRECTORY."
  (apply #'sockopt-make-network-process
         :name "server" :server 50 :noquery t :coding 'binary
         :log log :child-options '(:keepalive t :sndbuf 20000)
         (if (eq kind 'tcp)
             '(:family ipv4 :host "127.0.0.1" :service t)
           (list :family 'local
                 :service (expand-file-name "ours" directory)))))

(defun hostile-tests--visit (server data)
  "Connect to SERVER with core, send DATA, and reset before it accepts."
  (let* ((address (process-contact server :local))
         (visitor (apply #'make-network-process
                         :name "visitor" :noquery t :coding 'binary
                         :sentinel #'ignore
                         (if (stringp address)
                             (list :family 'local :service address)
                           (list :remote address)))))
    (process-send-string visitor data)
    (hostile-tests--reset visitor)))

(ert-deftest hostile-tests-reset-before-accepted ()
  "A visitor may have left when its connection is accepted.
What it sent is there, and the server goes on."
  (hostile-tests--each ((kind tcp local))
    (let* ((children nil)
           (got nil)
           (said nil)
           (inhibit-message t)
           (server (hostile-tests--own-server
                    kind directory
                    (lambda (_server child _message)
                      (push (list child (process-contact child :sndbuf))
                            children)))))
      (set-process-filter server (lambda (_child data) (push data got)))
      (set-process-sentinel server (lambda (_child message)
                                     (push message said)))
      (dotimes (i 3)
        (hostile-tests--visit server (format "visitor %d" i)))
      (sockopt-tests-wait (lambda () (= (length said) 6)))
      (should (equal (sort got #'string<)
                     '("visitor 0" "visitor 1" "visitor 2")))
      (should (equal (mapcar #'cadr children) '(40000 40000 40000)))
      (should-not (cl-some #'process-live-p (mapcar #'car children)))
      (should (= 3 (cl-count hostile-tests--broken said :test #'equal)))
      (should (= 3 (cl-count "open" said :test #'string-prefix-p)))
      (should (eq (process-status server) 'listen)))))

(ert-deftest hostile-tests-reset-in-log ()
  "A visitor may leave while its options are being set."
  (hostile-tests--each ((kind tcp local))
    (let* ((said nil)
           (inhibit-message t)
           (server (hostile-tests--own-server kind directory #'ignore))
           (visitor (hostile-tests--client #'make-network-process server))
           (set-up (symbol-function 'sockopt--set-up-child)))
      (set-process-sentinel server (lambda (_child message)
                                     (push message said)))
      (cl-letf (((symbol-function 'sockopt--set-up-child)
                 (lambda (server child)
                   (hostile-tests--reset visitor)
                   (funcall set-up server child)
                   (should (eq (process-contact child :keepalive) t)))))
        (sockopt-tests-wait (lambda () (cdr said))))
      (should (equal (car said) hostile-tests--broken))
      (should (string-prefix-p "open" (cadr said)))
      (should (eq (process-status server) 'listen)))))

;;; Half closed

(ert-deftest hostile-tests-half-closed-by-us ()
  "When we have said that we send no more, what the peer sends still comes."
  (hostile-tests--each ((kind tcp local) (nowait nil t))
    (let* ((server (hostile-tests--server kind directory))
           (client (hostile-tests--client #'sockopt-make-network-process
                                          server :nowait nowait))
           (child (progn (should (sockopt-tests-open-p client))
                         (hostile-tests--accept server)))
           (data (make-string 1000000 ?x)))
      (process-send-string client "all")
      (process-send-eof client)
      (process-send-string child data)
      (should (sockopt-tests-wait
               (lambda () (= (length (hostile-tests--got client)) 1000000))))
      (should (eq (process-status client) 'open))
      ;; Now it reads, to the end.
      (let ((place (list "")))
        (set-process-filter child (sockopt-tests-collector place))
        (sockopt-tests-wait (lambda () (not (process-live-p child))))
        (should (equal (car place) "all")))
      (should (equal (hostile-tests--end client)
                     `(closed ,@(and nowait '("open\n"))
                              ,hostile-tests--broken))))))

(ert-deftest hostile-tests-half-closed-by-peer ()
  "When the peer sends no more, all that it sent is there, and then the end.
What we would send then is an error."
  (hostile-tests--each ((kind tcp local) (nowait nil t))
    (let* ((server (hostile-tests--server kind directory))
           (client (hostile-tests--client #'sockopt-make-network-process
                                          server :nowait nowait))
           (child (progn (should (sockopt-tests-open-p client))
                         (hostile-tests--accept server))))
      (process-send-string child "all")
      (process-send-eof child)
      (should (equal (hostile-tests--end client)
                     `(closed ,@(and nowait '("open\n"))
                              ,hostile-tests--broken)))
      (should (equal (hostile-tests--got client) "all"))
      (should-error (process-send-string client "more")))))

;;; A flood

(defconst hostile-tests--flood
  '(mapconcat (lambda (i) (format "%07d\n" i)) (number-sequence 1 250000) "")
  "What a server that floods sends, as a form: 2 MB, each in its place.")

(defconst hostile-tests--flooder
  `(let* ((flood ,hostile-tests--flood)
          (server (make-network-process
                   :name "flood" :server 50 :noquery t :service t
                   :host "127.0.0.1" :family 'ipv4 :coding 'binary
                   :sentinel #'ignore :log
                   (lambda (_server child _message)
                     (process-send-string child (substring flood 0 50000))
                     (message "FLOODS")
                     (process-send-string child (substring flood 50000))
                     (process-send-eof child)))))
     (message "PORT %d" (process-contact server :service))
     (with-timeout (60) (while t (accept-process-output nil 0.05))))
  "What the Emacs of a server that floods evaluates.")

(defun hostile-tests--flooded (emacs port nowait)
  "Make a client of EMACS at PORT, with NOWAIT, that is flooded before that.
Return what it was told and got, the newest first."
  (let* ((all nil)
         (place (list ""))
         (_ (set-process-filter emacs (sockopt-tests-collector place)))
         (make (symbol-function 'sockopt--make-process))
         (flood (lambda ()
                  (should (sockopt-tests-wait
                           (lambda ()
                             (string-search "FLOODS" (car place)))))))
         (client (cl-letf (((symbol-function 'sockopt--make-process)
                            (lambda (&rest arguments)
                              (unless nowait (funcall flood))
                              (apply make arguments))))
                   (sockopt-make-network-process
                    :name "client" :noquery t :coding 'binary
                    :host "127.0.0.1" :service port :family 'ipv4
                    :nowait nowait :keepalive t
                    :sentinel (lambda (_process message) (push message all))
                    :filter (lambda (_process data)
                              (push (list data) all))))))
    (should-not all)
    (when nowait
      (should (hostile-tests--connected-p client))
      (hostile-tests--unheard flood))
    (should-not all)
    (sockopt-tests-wait (lambda () (equal (car all) hostile-tests--broken))
                        20)
    (should-not (process-live-p client))
    all))

(defun hostile-tests--mismatch (got expected)
  "Return where GOT is not as EXPECTED, in words, or nil."
  (let ((place (compare-strings got nil nil expected nil nil)))
    (unless (eq place t)
      (format "%d bytes of %d, other from %d on" (length got)
              (length expected) (1- (abs place))))))

(ert-deftest hostile-tests-flood ()
  "A peer that floods while the process is made loses nothing.
All is there, in order, and nothing comes before \"open\"."
  (pcase-let ((`(,emacs . ,port)
               (sockopt-tests-other-server hostile-tests--flooder)))
    (unwind-protect
        (dolist (nowait '(nil t))
          (hostile-tests--whole
            (let ((all (hostile-tests--flooded emacs port nowait)))
              (should (stringp (pop all)))
              (setq all (nreverse all))
              (when nowait
                (should (equal (pop all) "open\n")))
              ;; The report of a failure must not have all of it.
              (let ((wrong (hostile-tests--mismatch
                            (mapconcat #'car all "")
                            (eval hostile-tests--flood t))))
                (should-not wrong)))))
      (delete-process emacs))))

;;; Between two hosts

(defun hostile-tests--far-away (host &rest arguments)
  "Return a form that connects to HOST with ARGUMENTS, first in vain.
Its value is the error of a client that waits, what is said of one that
does not, and whether no descriptor and no thread is left."
  `(let* ((said nil)
          (make (lambda (host &rest more)
                  (apply #'sockopt-make-network-process
                         :name "p" :noquery t :host host :service 9
                         :family 'ipv4 :sentinel
                         (lambda (_process message) (push message said))
                         (append more ',arguments))))
          (held (lambda ()
                  (list (length (directory-files "/proc/self/fd"))
                        (length (directory-files "/proc/self/task"))
                        (length (process-list)))))
          (await (lambda (predicate)
                   (let ((end (+ (float-time) 15)))
                     (while (and (not (funcall predicate))
                                 (< (float-time) end))
                       (accept-process-output nil 0.05)))))
          ;; Core leaves those that failed in the list.
          (forget (lambda (process)
                    (funcall await (lambda () said))
                    (set-process-sentinel process #'ignore)
                    (delete-process process)
                    (funcall await (lambda () (null (process-list))))))
          before waits)
     (ignore-errors (funcall make "127.0.0.1"))
     (funcall forget (funcall make "127.0.0.1" :nowait t))
     (setq before (funcall held)
           said nil
           waits (condition-case error
                     (funcall make ,host)
                   (error (seq-take error 3))))
     (funcall forget (funcall make ,host :nowait t))
     (funcall await (lambda () (equal (funcall held) before)))
     (list waits said (equal (funcall held) before))))

(defconst hostile-tests--ways
  '(("10.77.0.9" (:connect-timeout 0.5)
     "Connection timed out" "failed: Connection timed out\n")
    ("10.89.1.1" nil
     "No route to host" "failed with code 113\n")
    ("10.89.2.1" nil
     "No route to host" "failed with code 113\n")
    ("10.89.3.1" (:connect-timeout 0.5)
     "Connection timed out" "failed: Connection timed out\n")
    ("10.89.4.1" nil
     "No route to host"
     "failed: make client process failed: No route to host\n")
    ("10.89.5.1" nil
     "Permission denied"
     "failed: make client process failed: Permission denied\n"))
  "Hosts that do not answer: (HOST ARGUMENTS ERROR SAID).
Of two nothing is heard, two a router refuses, two this host itself.")

(ert-deftest hostile-tests-unreachable ()
  "What networks say or do not say ends a client, and leaves nothing."
  (sockopt-tests-with-hosts (near far)
    (should (sockopt-tests-sysctl far "net.ipv4.ip_forward" "1"))
    (should (sockopt-tests-sysctl far "net.ipv4.icmp_ratelimit" "0"))
    (dolist (command
             `(("-n" ,near "route" "add" "default" "via" ,sockopt-tests-far)
               ;; What is sent there vanishes.
               ("-n" ,near "neighbor" "add" "10.77.0.9" "dev" "cable"
                "lladdr" "02:00:00:00:00:09")
               ("-n" ,near "route" "add" "unreachable" "10.89.4.1")
               ("-n" ,near "route" "add" "prohibit" "10.89.5.1")
               ("-n" ,far "route" "add" "unreachable" "10.89.1.1")
               ("-n" ,far "route" "add" "prohibit" "10.89.2.1")
               ("-n" ,far "route" "add" "blackhole" "10.89.3.1")))
      (should (apply #'sockopt-tests-ip command)))
    (cl-loop
     with form = (cl-loop for (host arguments) in hostile-tests--ways
                          collect (apply #'hostile-tests--far-away host
                                         arguments))
     for result in (sockopt-tests-run-in near `(list ,@form) 90)
     for (host arguments error . said) in hostile-tests--ways
     do (ert-info ((format "%s %S" host arguments))
          (should (equal result
                         `((,(if (equal error "Permission denied")
                                 'sockopt-permission-denied
                               'sockopt-system-error)
                            "make client process failed" ,error)
                           ,said t)))))))

(provide 'hostile-tests)
;;; hostile-tests.el ends here
