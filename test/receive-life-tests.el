;;; receive-life-tests.el --- Test the life of what receives  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'sockopt-tests-receive)
(require 'sockopt-receive)

(defvar process-error-pause-time)

(defun receive-life-tests--send (client &rest strings)
  "Send each of STRINGS through CLIENT, a datagram each."
  (dolist (string strings)
    (process-send-string client string)))

(ert-deftest receive-life-tests-arguments ()
  "What is no process of datagrams, or no function, is refused."
  (sockopt-tests-receive-with (server client)
    (should (equal (should-error (sockopt-receive server 7))
                   '(wrong-type-argument functionp 7)))
    (should (eq (sockopt-receive server #'ignore) #'ignore))
    (should-not (sockopt-receive server nil))
    (should-not (sockopt-receive server nil))
    (delete-process client)
    (should-error (sockopt-receive client #'ignore) :type 'sockopt-error)
    (let ((stream (sockopt-tests-server))
          (pipe (make-pipe-process :name "pipe" :noquery t)))
      (pcase-let ((`(sockopt-error ,message ,process ,type)
                   (should-error (sockopt-receive stream #'ignore))))
        (should (string-search "set-process-filter" message))
        (should (eq process stream))
        (should (eq type 'stream)))
      (should-error (sockopt-receive pipe #'ignore) :type 'sockopt-error)
      (should-error (sockopt-receive nil #'ignore)
                    :type 'wrong-type-argument))
    (should (sockopt-tests-receive-nothing-left-p))))

(ert-deftest receive-life-tests-give-back ()
  "The filter comes back, and another function takes over, without a loss."
  (sockopt-tests-receive-with (server client)
    (let ((place (list ""))
          (all nil))
      (set-process-filter server (sockopt-tests-collector place))
      (let ((filter (process-filter server))
            (sentinel (process-sentinel server)))
        (setq all (sockopt-tests-receive-all server))
        (receive-life-tests--send client "1" "2")
        (sockopt-tests-receive-some all 2)
        (receive-life-tests--send client "3")
        (let ((next (sockopt-tests-receive-all server)))
          (receive-life-tests--send client "4")
          (sockopt-tests-receive-some next 2)
          (should (equal (sockopt-tests-receive-data next) '("3" "4"))))
        (receive-life-tests--send client "5")
        (sockopt-receive server nil)
        (should (eq (process-filter server) filter))
        (should (eq (process-sentinel server) sentinel))
        (receive-life-tests--send client "6")
        (should (sockopt-tests-wait (lambda () (equal (car place) "56"))))
        (should (equal (sockopt-tests-receive-data all) '("1" "2")))
        (should (sockopt-tests-receive-nothing-left-p))))))

(ert-deftest receive-life-tests-other-filter ()
  "Who sets a filter has the rest, from within the function, too."
  (sockopt-tests-receive-with (server client)
    (let ((place (list ""))
          (got nil))
      (sockopt-receive server
                       (lambda (process data _address _info)
                         (push data got)
                         (set-process-filter process
                                             (sockopt-tests-collector place))))
      (receive-life-tests--send client "1" "2" "3")
      (should (sockopt-tests-wait (lambda () (equal (car place) "23"))))
      (should (equal got '("1")))
      (should (sockopt-tests-wait #'sockopt-tests-receive-nothing-left-p))
      ;; It can receive again.
      (let ((all (sockopt-tests-receive-all server)))
        (receive-life-tests--send client "4")
        (should (equal (car (sockopt-tests-receive-one all)) "4"))))))

(ert-deftest receive-life-tests-error ()
  "An error is handled as in a filter, and the next datagrams come."
  (sockopt-tests-receive-with (server client)
    (let* ((errors nil)
           (got nil)
           (debug-on-error nil)
           (process-error-pause-time 0)
           (command-error-function
            (lambda (data context _function)
              (push (list data context) errors))))
      (sockopt-receive server (lambda (_process data _address _info)
                                (push data got)
                                (when (equal data "bad")
                                  (error "No good"))))
      (receive-life-tests--send client "bad" "good")
      (sockopt-tests-wait (lambda () (equal got '("good" "bad"))))
      (should (equal got '("good" "bad")))
      (should (equal errors '(((error "No good")
                               "error in process filter: ")))))))

(ert-deftest receive-life-tests-throw ()
  "A throw passes, and the next datagrams come, those of others as well."
  (sockopt-tests-receive-with (server client)
    (let* ((other (sockopt-tests-receive-server #'make-network-process
                                                'local directory))
           (others (sockopt-tests-receive-all other))
           (mate (sockopt-tests-receive-client #'make-network-process other))
           (got nil))
      (sockopt-receive server (lambda (_process data _address _info)
                                (push data got)
                                (when (equal data "throw")
                                  (throw 'receive-life-tests data))))
      (receive-life-tests--send client "throw" "next")
      (receive-life-tests--send mate "other")
      (should (equal (catch 'receive-life-tests
                       (sockopt-tests-wait #'ignore 5))
                     "throw"))
      (sockopt-tests-wait (lambda () (cdr got)))
      (should (equal got '("next" "throw")))
      (should (equal (car (sockopt-tests-receive-one others)) "other")))))

(ert-deftest receive-life-tests-quit ()
  "Quitting in the function, or C-g meanwhile, stops the wait and no more."
  (dolist (quit (list (lambda () (signal 'quit nil))
                      (lambda () (setq quit-flag t))))
    (sockopt-tests-receive-with (server client)
      (let ((got nil)
            (result nil)
            ;; Otherwise Emacs 30 handles a quit in a filter as an error.
            (debug-on-error t))
        (sockopt-receive server (lambda (_process data _address _info)
                                  (should inhibit-quit)
                                  (push data got)
                                  (when (equal data "quit")
                                    (funcall quit))))
        (receive-life-tests--send client "quit" "next")
        (setq result (condition-case nil
                         (progn (accept-process-output server 5)
                                (accept-process-output nil 0.1)
                                'none)
                       (quit 'quit)))
        (should (eq result 'quit))
        (sockopt-tests-wait (lambda () (cdr got)))
        (should (equal got '("next" "quit")))))))

(ert-deftest receive-life-tests-nested ()
  "The function may wait for the next datagram, and for that of another."
  (sockopt-tests-receive-with (server client)
    (let* ((other (sockopt-tests-receive-server #'make-network-process
                                                'local directory))
           (mate (sockopt-tests-receive-client #'make-network-process other))
           (got nil))
      (sockopt-receive other (lambda (_process data _address _info)
                               (push data got)))
      (sockopt-receive server
                       (lambda (process data _address _info)
                         (when (equal data "outer")
                           (should (accept-process-output process 5))
                           (should (sockopt-tests-wait
                                    (lambda () (member "other" got)))))
                         (push data got)))
      (receive-life-tests--send client "outer" "inner")
      (receive-life-tests--send mate "other")
      (should (sockopt-tests-wait (lambda () (member "outer" got))))
      (should (equal (car got) "outer"))
      (should (equal (sort (copy-sequence got) #'string<)
                     '("inner" "other" "outer"))))))

(ert-deftest receive-life-tests-nested-queue ()
  "Of many that are reported at once, each may wait for the last."
  (sockopt-tests-clean
    (let* ((servers (cl-loop repeat 20
                             collect (sockopt-tests-receive-server
                                      #'make-network-process 'ipv4 nil)))
           (clients (mapcar (apply-partially #'sockopt-tests-receive-client
                                             #'make-network-process)
                            servers))
           (got nil))
      (dolist (server servers)
        (sockopt-receive server
                         (lambda (process data _address _info)
                           (unless (eq process (car (last servers)))
                             (should (sockopt-tests-wait
                                      (lambda () (member "last" got)))))
                           (push data got))))
      (dolist (client clients)
        (receive-life-tests--send client (if (eq client (car (last clients)))
                                             "last" "first")))
      (should (sockopt-tests-wait (lambda () (= (length got) 20))))
      (should (equal (car (last got)) "last")))))

(ert-deftest receive-life-tests-stop ()
  "Nothing is lost while a process is stopped."
  (sockopt-tests-receive-with (server client)
    (let ((all (sockopt-tests-receive-all server)))
      (stop-process server)
      (receive-life-tests--send client "1" "2")
      (should-not (accept-process-output server 0.3))
      (should-not (funcall all))
      (should (eq (process-status server) 'stop))
      (continue-process server)
      (should (accept-process-output server 5))
      (sockopt-tests-receive-some all 2)
      (should (equal (sockopt-tests-receive-data all) '("1" "2"))))
    (let ((got nil))
      (sockopt-receive server (lambda (process data _address _info)
                                (push data got)
                                (stop-process process)))
      (receive-life-tests--send client "3" "4")
      (should (accept-process-output server 5))
      (accept-process-output server 0.2)
      (should (equal got '("3")))
      (continue-process server)
      (sockopt-tests-wait (lambda () (cdr got)))
      (should (equal got '("4" "3"))))
    ;; Given back while it is stopped.
    (let ((place (list "")))
      (receive-life-tests--send client "5")
      (sockopt-receive server nil)
      (set-process-filter server (sockopt-tests-collector place))
      (continue-process server)
      (should (sockopt-tests-wait (lambda () (equal (car place) "5")))))))

(ert-deftest receive-life-tests-delete ()
  "Deleting a process leaves nothing behind, whoever does it."
  (dolist (how (list #'delete-process
                     (lambda (process)
                       (kill-buffer (process-buffer process)))))
    (sockopt-tests-receive-with (server client)
      (set-process-buffer server (generate-new-buffer "receive"))
      (let ((got nil)
            (ended nil))
        (set-process-sentinel server (lambda (_process message)
                                       (push message ended)))
        (sockopt-receive server (lambda (process data _address _info)
                                  (push data got)
                                  (funcall how process)))
        (receive-life-tests--send client "1" "2")
        (sockopt-tests-wait (lambda () got))
        (accept-process-output nil 0.05)
        (should (equal got '("1")))
        (should (equal ended '("deleted\n")))
        (should (sockopt-tests-receive-nothing-left-p)))
      (when (buffer-live-p (process-buffer server))
        (kill-buffer (process-buffer server))))))

(ert-deftest receive-life-tests-sentinel ()
  "A process whose sentinel was replaced leaves nothing for long."
  (sockopt-tests-receive-with (server client)
    (dolist (process (list server client))
      (sockopt-receive process #'ignore)
      (set-process-sentinel process #'ignore))
    (delete-process client)
    (delete-process server)
    (let ((process (sockopt-tests-receive-server #'make-network-process
                                                 'ipv4 nil)))
      (sockopt-receive process #'ignore)
      (delete-process process))
    (should (sockopt-tests-receive-nothing-left-p))))

(ert-deftest receive-life-tests-channel ()
  "Who deletes the pipe does no harm."
  (sockopt-tests-receive-with (server client)
    (let ((all (sockopt-tests-receive-all server)))
      (dotimes (i 3)
        (mapc #'delete-process sockopt--receive-channels)
        (receive-life-tests--send client (number-to-string i)))
      (sockopt-tests-receive-some all 3)
      (should (equal (sockopt-tests-receive-data all) '("0" "1" "2")))
      (should (equal (length sockopt--receive-channels) 1)))))

(ert-deftest receive-life-tests-no-memory ()
  "When the thread cannot wait once, nothing is lost."
  (sockopt-tests-receive-with (server client)
    (let* ((all (sockopt-tests-receive-all server))
           (refusals 3)
           (refuse (lambda (arm &rest arguments)
                     (if (< (cl-decf refusals) 0)
                         (apply arm arguments)
                       (signal 'sockopt-system-error
                               '("Cannot wait for data" "No memory")))))
           (inhibit-message t))
      (advice-add 'sockopt--arm :around refuse)
      (unwind-protect
          (progn
            (receive-life-tests--send client "one")
            (sockopt-tests-receive-some all 1)
            (receive-life-tests--send client "two")
            (sockopt-tests-receive-some all 2))
        (advice-remove 'sockopt--arm refuse))
      (should (< refusals 0))
      (should (equal (sockopt-tests-receive-data all) '("one" "two"))))))

(ert-deftest receive-life-tests-plist ()
  "Another plist of the process changes nothing."
  (sockopt-tests-receive-with (server client)
    (let ((all (sockopt-tests-receive-all server)))
      (set-process-plist server nil)
      (garbage-collect)
      (receive-life-tests--send client "1")
      (should (equal (car (sockopt-tests-receive-one all)) "1")))))

(ert-deftest receive-life-tests-garbage ()
  "Garbage collection meanwhile does no harm."
  (sockopt-tests-receive-with (server client)
    (let ((got nil))
      (sockopt-set-options server '(:ip-pktinfo t :timestampns t))
      (sockopt-receive server (lambda (_process data _address info)
                                (garbage-collect)
                                (push (cons data info) got)))
      (dotimes (i 20)
        (receive-life-tests--send client (number-to-string i)))
      (sockopt-tests-wait (lambda () (= (length got) 20)))
      (dotimes (i 20)
        (should (equal (plist-get (cdr (assoc (number-to-string i) got))
                                  :interface)
                       "lo"))))))

;;; Waiting

(ert-deftest receive-life-tests-wait ()
  "`accept-process-output' waits for such a process as for any."
  (sockopt-tests-receive-with (server client)
    (let ((all (sockopt-tests-receive-all server))
          (start (float-time)))
      (should-not (accept-process-output server 0.1))
      (should-not (accept-process-output server 0 100))
      (should (< 0.15 (- (float-time) start) 3))
      (receive-life-tests--send client "1")
      ;; What is there need not be reported first.
      (should (accept-process-output server 0))
      (should (equal (sockopt-tests-receive-data all) '("1")))
      (should-not (accept-process-output server 0))
      (run-at-time 0.05 nil #'receive-life-tests--send client "2")
      (should (accept-process-output server))
      (should (equal (sockopt-tests-receive-data all) '("1" "2"))))))

(ert-deftest receive-life-tests-wait-for-one ()
  "Others are not read, and timers do not run, where that is asked for."
  (sockopt-tests-receive-with (server client)
    (let* ((all (sockopt-tests-receive-all server))
           (place (list ""))
           (timed nil)
           (echo (sockopt-tests-receive-client #'make-network-process server))
           (timer (run-at-time 0 nil (lambda () (setq timed t)))))
      (set-process-filter echo (sockopt-tests-collector place))
      (process-send-string echo "1")
      (should (accept-process-output server 5 nil 0))
      (should (equal (sockopt-tests-receive-data all) '("1")))
      (process-send-string server "answer")
      (receive-life-tests--send client "2")
      (should (accept-process-output server 5 nil 0))
      (should (equal (car place) ""))
      (should-not timed)
      (should (sockopt-tests-wait (lambda () (equal (car place) "answer"))))
      (cancel-timer timer))))

(ert-deftest receive-life-tests-wait-ends ()
  "A wait ends when the process is deleted, or read by Emacs again."
  (sockopt-tests-receive-with (server client)
    (let ((place (list "")))
      (sockopt-receive server (lambda (process _data _address _info)
                                (delete-process process)))
      (receive-life-tests--send client "1")
      (should (accept-process-output server 5))
      (should-not (accept-process-output server 5))
      (sockopt-receive client #'ignore)
      (run-at-time 0.05 nil (lambda () (delete-process client)))
      (should-not (accept-process-output client 20))
      (should-not (process-live-p client))
      (should (equal (car place) "")))))

;;; Many

(defun receive-life-tests--kilobytes ()
  "Return how much memory Emacs has, in kB."
  (garbage-collect)
  (with-temp-buffer
    (insert-file-contents-literally "/proc/self/status")
    (re-search-forward "^VmRSS:[ \t]*\\([0-9]+\\)")
    (string-to-number (match-string 1))))

(defun receive-life-tests--make-and-drop (client server)
  "Have a new process receive from CLIENT, and SERVER too; drop both."
  (let* ((process (sockopt-tests-receive-server #'make-network-process 'ipv4
                                                nil))
         (all (sockopt-tests-receive-all process)))
    (set-process-datagram-address client (process-contact process :local))
    (receive-life-tests--send client "x")
    (should (accept-process-output process 5))
    (should (funcall all))
    (sockopt-receive server #'ignore)
    (delete-process process)
    (sockopt-receive server nil)))

(ert-deftest receive-life-tests-many ()
  "10000 that receive and are dropped leave neither descriptor nor thread."
  (skip-unless (file-directory-p "/proc/self/task"))
  (sockopt-tests-receive-with (server client)
    (receive-life-tests--make-and-drop client server)
    (let ((before (sockopt-tests-held)))
      (dotimes (_ 5000)
        (receive-life-tests--make-and-drop client server))
      (should (sockopt-tests-receive-nothing-left-p))
      (should (zerop (hash-table-count sockopt--receivers)))
      (sockopt-tests-wait
       (lambda () (cl-every #'<= (sockopt-tests-held) before)))
      (should (cl-every #'<= (sockopt-tests-held) before)))))

(ert-deftest receive-life-tests-memory ()
  "Nor do they leave memory.
With module assertions Emacs itself does, so another looks.  A leak takes
as much each time, while garbage comes and goes: the least counts."
  (skip-unless (file-directory-p "/proc/self/task"))
  (when (getenv "REPORT")
    (ert-skip "Sanitizers keep memory"))
  (let ((output
         (sockopt-tests-emacs-without-assertions
          "-l" "receive-life-tests"
          "--eval"
          (format "%S" '(sockopt-tests-receive-with (server client)
                          (let (kilobytes)
                            (dotimes (i 6001)
                              (when (and (>= i 2000) (= 0 (% i 1000)))
                                (push (receive-life-tests--kilobytes)
                                      kilobytes))
                              (receive-life-tests--make-and-drop client server))
                            (message "GREW %d"
                                     (apply #'min
                                            (cl-mapcar #'- kilobytes
                                                       (cdr kilobytes))))))))))
    (should (string-match "^GREW \\(-?[0-9]+\\)$" output))
    (should (< (string-to-number (match-string 1 output)) 700))))

(defun receive-life-tests--inherited ()
  "Return the descriptors that a subprocess has."
  (with-temp-buffer
    (call-process "ls" nil t nil "/proc/self/fd")
    (buffer-string)))

(ert-deftest receive-life-tests-not-inherited ()
  "A subprocess has no descriptor that receiving takes."
  (skip-unless (file-directory-p "/proc/self/fd"))
  (sockopt-tests-clean
    (let ((before (receive-life-tests--inherited))
          (server (sockopt-tests-receive-server #'make-network-process 'ipv4
                                                nil)))
      (sockopt-receive server #'ignore)
      (should (equal (receive-life-tests--inherited) before)))))

(provide 'receive-life-tests)
;;; receive-life-tests.el ends here
