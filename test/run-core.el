;;; run-core.el --- Run a test file of Emacs itself -*- lexical-binding: t -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; test/core-tests calls this:
;;
;;   emacs -Q --batch ... -l test/run-core.el -f sockopt-run-core \
;;     FILE MODE RESULTS
;;
;; MODE is "off"; "on", for `sockopt-mode' without rules; or "low-latency",
;; for the mode with a rule that gives each network process that preset.

;;; Code:

(require 'run-ert)

(defvar internet-is-working)
(defvar sockopt-rules)
(declare-function sockopt-mode "sockopt-mode")

(defvar sockopt-run-core--made 0
  "How many network processes were made by us instead of core.")

(defun sockopt-run-core--count (&rest _)
  "Note that a network process is made by us."
  (setq sockopt-run-core--made (1+ sockopt-run-core--made)))

(defvar sockopt-run-core--again 0
  "How often a test was run again.")

(defun sockopt-run-core--stuck-p (test)
  "Return non-nil if TEST skipped itself because it was still connecting."
  (let ((result (ert-test-most-recent-result test)))
    (and (ert-test-skipped-p result)
         (string-match-p "process-status proc"
                         (sockopt-run-ert--reason result)))))

(defun sockopt-run-core--free (test)
  "Run TEST again, 25 times at most, if it got stuck.
When a handshake ends too early, core forgets that TLS connection; that
happens by chance, and no counts could be compared."
  (cl-loop repeat 25
           while (sockopt-run-core--stuck-p test)
           do (setq sockopt-run-core--again (1+ sockopt-run-core--again))
           do (ert-run-test test)))

(defun sockopt-run-core--announce (test)
  "Have TEST say that it starts."
  (let ((body (ert-test-body test)))
    (setf (ert-test-body test)
          (lambda ()
            (sockopt-run-ert--say "start" (symbol-name (ert-test-name test)))
            (funcall body)))))

(defun sockopt-run-core--turn-on (mode)
  "Turn on `sockopt-mode' as MODE says."
  (require 'sockopt-mode)
  (when (equal mode "low-latency")
    (setq sockopt-rules '((nil low-latency))))
  (advice-add 'sockopt--make :before #'sockopt-run-core--count)
  (sockopt-mode 1))

(defun sockopt-run-core ()
  "Run the test file that the command line names, then exit.
Write to the results file as `sockopt-run-ert' does, and how many processes
we made."
  (let ((file (pop command-line-args-left))
        (mode (pop command-line-args-left))
        (selector (read (getenv "SELECTOR"))))
    (setq sockopt-run-ert--results
          (expand-file-name (pop command-line-args-left)))
    (setq load-prefer-newer t)
    (sockopt-run-ert--no-compiler)
    ;; Tests that would ask servers of others skip themselves.
    (setq internet-is-working nil)
    (unless (equal mode "off")
      (sockopt-run-core--turn-on mode))
    (load file nil t t)
    (mapc #'sockopt-run-core--announce (ert-select-tests selector t))
    (ert-run-tests-batch selector)
    (mapc #'sockopt-run-core--free (ert-select-tests selector t))
    (sockopt-run-ert--report selector)
    (sockopt-run-ert--say "again" (number-to-string sockopt-run-core--again))
    (sockopt-run-ert--say "made" (number-to-string sockopt-run-core--made))
    (dolist (module (sockopt-run-ert--modules))
      (sockopt-run-ert--say "module" module))
    (sockopt-run-ert--say "end" "")
    (kill-emacs 0)))

(provide 'run-core)
;;; run-core.el ends here
