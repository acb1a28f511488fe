;;; quit-tests.el --- C-g ends a wait  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; An Emacs on a terminal waits, and the user quits.  See delete-tests.el
;; for the wait on leaving, and error-tests.el for what quitting leaves.

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-tests-names)

(defun quit-tests--program (log form)
  "Return what the Emacs that waits evaluates: FORM, until the user quits.
It notes in the file LOG that it is about to, and when it was over."
  `(let ((note (lambda (&rest line)
                 (write-region (concat (apply #'format line) "\n")
                               nil ,log 'append 'quiet))))
     (require 'sockopt)
     (sockopt--ensure-module)
     (funcall note "READY")
     (condition-case error
         (progn ,form
                (funcall note "RESULT done"))
       (quit (funcall note "RESULT quit %.6f" (float-time)))
       (error (funcall note "RESULT %S" error)))
     (kill-emacs)))

(defun quit-tests--noted (log)
  "Return what the last line of the file LOG says."
  (and (file-exists-p log)
       (with-temp-buffer
         (insert-file-contents log)
         (car (last (split-string (buffer-string) "\n" t))))))

(defun quit-tests--end (log)
  "Return the time at which the user's quit had an effect, by the file LOG.
Return t if the wait was over without, and nil if it is not."
  (let ((noted (quit-tests--noted log)))
    (cond ((string-match "\\`RESULT quit \\([0-9.]+\\)" noted)
           (string-to-number (match-string 1 noted)))
          ((string-prefix-p "RESULT" noted)))))

(defun quit-tests--check (what form &rest prefix)
  "Check that quitting ends FORM, which waits for WHAT.
PREFIX is a command to run Emacs by."
  (sockopt-tests-with-directory directory
    (let* ((log (expand-file-name "log" directory))
           (emacs (apply #'sockopt-tests-terminal
                         (quit-tests--program log form) prefix)))
      (should (sockopt-tests-wait (lambda () (quit-tests--noted log)) 20))
      ;; It is waiting by now, and goes on.
      (sockopt-tests-wait #'ignore 0.7)
      (should (equal (quit-tests--noted log) "READY"))
      (should (< (sockopt-tests-quit emacs what
                                     (lambda () (quit-tests--end log)))
                 1))
      (should (numberp (quit-tests--end log)))
      (sockopt-tests-wait (lambda () (not (process-live-p emacs)))))))

(ert-deftest quit-tests-connect ()
  "C-g ends a connection to where nobody answers."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-full-server)))
      (quit-tests--check
       "connecting"
       `(sockopt-make-network-process
         :name "c" :host "127.0.0.1" :family 'ipv4
         :service ,(process-contact server :service))))))

(ert-deftest quit-tests-lookup ()
  "C-g ends a lookup whose name server does not answer."
  (sockopt-tests-names-in-namespace
   (lambda (namespace directory)
     (apply #'quit-tests--check
            "looking up a host"
            '(sockopt-make-network-process
              :name "c" :host "never.test" :service 9)
            "ip" "netns" "exec" namespace
            (sockopt-tests-names-asking directory "fd00:77::9" 15)))))

(provide 'quit-tests)
;;; quit-tests.el ends here
