;;; receive-thread-tests.el --- Receive in several Lisp threads  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; These are in an Emacs of their own, see thread-tests.el.

;;; Code:

(require 'sockopt-tests-receive)

(defvar sockopt--receive-channels)

(defun receive-thread-tests--pair (number)
  "Make a server and a client, with NUMBER in their names."
  (let ((server (sockopt-tests-receive-server #'make-network-process 'ipv4
                                              nil)))
    (list server
          (sockopt-tests-receive-client #'make-network-process server)
          number)))

(defun receive-thread-tests--talk (server client number)
  "Have SERVER receive 100 datagrams from CLIENT, in this thread alone.
Return a list of them; each has NUMBER in it."
  (let ((mine (current-thread))
        (got nil))
    (sockopt-receive server
                     (lambda (_process data _address _info)
                       (unless (eq mine (current-thread))
                         (push 'wrong-thread got))
                       (push data got)))
    (dotimes (i 100)
      (process-send-string client (format "%d.%d" number i))
      (thread-yield)
      (while (<= (length got) i)
        (accept-process-output server 5)))
    (sockopt-receive server nil)
    (reverse got)))

(defun receive-thread-tests--all (count)
  "Receive in COUNT threads, and here; return what each has got.
No process comes or goes while threads wait, for then core aborts."
  (let* ((got nil)
         (pairs (cl-loop for i to count
                         collect (receive-thread-tests--pair i)))
         (threads (cl-loop
                   for pair in (cdr pairs)
                   collect
                   (let ((pair pair)
                         (thread nil))
                     (setq thread
                           (make-thread
                            (lambda ()
                              (dolist (process (list (car pair) (cadr pair)))
                                (set-process-thread process
                                                    (current-thread)))
                              (push (apply #'receive-thread-tests--talk pair)
                                    got))))
                     thread))))
    (push (apply #'receive-thread-tests--talk (car pairs)) got)
    (mapc #'thread-join threads)
    (should-not (thread-last-error))
    (dolist (pair pairs)
      (delete-process (car pair))
      (delete-process (cadr pair)))
    (let ((last (sockopt-tests-receive-server #'make-network-process 'ipv4
                                              nil)))
      (sockopt-receive last #'ignore)
      (delete-process last))
    (should (sockopt-tests-wait #'sockopt-tests-receive-nothing-left-p))
    got))

(defun receive-thread-tests--other-emacs ()
  "Run the threads in another Emacs and return (STATUS . OUTPUT)."
  (let ((command (sockopt-tests-command
                  "-L" (file-name-directory (locate-library "sockopt"))
                  "-L" (file-name-directory
                        (locate-library "sockopt-tests-lib"))
                  "-l" "receive-thread-tests"
                  "--eval" "(message \"GOT %S\" \
(receive-thread-tests--all 4))")))
    (with-temp-buffer
      (let ((status (apply #'call-process (car command) nil t nil
                           (cdr command))))
        (cons status (buffer-string))))))

(ert-deftest receive-thread-tests-several ()
  "Each thread gets what its own processes receive."
  (skip-unless (fboundp 'make-thread))
  (let ((result nil)
        (aborts 0))
    ;; Core aborts when a descriptor is closed that another thread is about
    ;; to wait for, see thread-tests.el.
    (while (and (setq result (receive-thread-tests--other-emacs))
                (stringp (car result))
                (string-prefix-p "Aborted" (car result))
                (< (cl-incf aborts) 8)))
    (when (> aborts 0)
      (message "  Emacs itself aborted %d times" aborts))
    (ert-info ((cdr result) :prefix "output: ")
      (should (equal (car result) 0))
      (should (string-match "^GOT " (cdr result)))
      (let ((got (read (substring (cdr result) (match-end 0)))))
        (should (equal (length got) 5))
        (dolist (one got)
          (let ((number (car (split-string (car one) "\\."))))
            (should (equal one (cl-loop for i below 100
                                        collect (format "%s.%d" number
                                                        i))))))))))

(defun receive-thread-tests--answers-p (client)
  "Return non-nil if CLIENT, of an echo, gets an answer in this thread alone."
  (let ((got ""))
    (set-process-filter client (lambda (_process string)
                                 (setq got (concat got string))))
    (process-send-string client "ping")
    (sockopt-tests-wait (lambda () (equal got "ping")))))

(defun receive-thread-tests--core-answers ()
  "Make eight of core's clients, talk to them, and return what that gave.
They take the descriptors that have become free."
  (let* ((server (make-network-process
                  :name "server" :server 50 :noquery t :family 'ipv4
                  :host "127.0.0.1" :service t :filter #'sockopt-tests-echo))
         (clients (cl-loop repeat 8
                           collect (make-network-process
                                    :name "client" :noquery t
                                    :family 'ipv4 :host "127.0.0.1"
                                    :service (process-contact server
                                                              :service)))))
    (mapcar #'receive-thread-tests--answers-p clients)))

(ert-deftest receive-thread-tests-no-lock-left ()
  "Another thread can read what gets the descriptor of a channel later.
Core leaves the lock of `set-process-thread' on it."
  (skip-unless (fboundp 'make-thread))
  (sockopt-tests-clean
    (let ((server (sockopt-tests-receive-server #'make-network-process 'ipv4
                                                nil)))
      (sockopt-receive server #'ignore)
      (should (eq (process-thread (car sockopt--receive-channels))
                  main-thread))
      (delete-process server)
      (should (sockopt-tests-wait #'sockopt-tests-receive-nothing-left-p))
      (should (equal (thread-join
                      (make-thread #'receive-thread-tests--core-answers))
                     (make-list 8 t))))))

(provide 'receive-thread-tests)
;;; receive-thread-tests.el ends here
