;;; run-ert.el --- Run one ERT file and look for what tests leave behind -*- lexical-binding: t -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; test/run-tests calls this:
;;
;;   emacs -Q --batch ... -l test/run-ert.el -f sockopt-run-ert FILE RESULTS
;;
;; A test fails if it leaves a process or a descriptor behind.  What is
;; opened once and kept (the module's private listener, for example) is not
;; a leak: a function `sockopt-tests-warm-up', if FILE defines or loads one,
;; runs before the first test and should bring all that about.

;;; Code:

(require 'cl-lib)
(require 'ert)

(declare-function sockopt-tests-warm-up nil)

(defvar sockopt-run-ert--results nil
  "The file that gets one line for each event.")

(defun sockopt-run-ert--say (kind text)
  "Write a line of KIND with TEXT, made one line, to the results."
  (let ((inhibit-message t)
        (coding-system-for-write 'utf-8))
    (write-region (concat kind " "
                          (truncate-string-to-width
                           (replace-regexp-in-string "[[:cntrl:] ]+" " " text) 300)
                          "\n")
                  nil sockopt-run-ert--results t 'quiet)))

(defun sockopt-run-ert--descriptors ()
  "Return the open descriptors as a list of (NUMBER . TARGET) strings."
  (let ((directory "/proc/self/fd/"))
    (when (file-directory-p directory)
      (cl-loop for name in (directory-files directory nil "\\`[0-9]" t)
               for target = (file-symlink-p (concat directory name))
               ;; The descriptor that read the directory is closed by now.
               when target collect (cons name target)))))

(defun sockopt-run-ert--leftovers (processes descriptors)
  "Return what is there now and is not in PROCESSES or DESCRIPTORS."
  (append (cl-set-difference (process-list) processes)
          (cl-set-difference (sockopt-run-ert--descriptors) descriptors
                             :test #'equal)))

;; Not every system has every option.  A test whose text names one that the
;; module does not have here, perhaps in a tag (needs OPTION), cannot run, and
;; says so.

(declare-function sockopt-option-list "sockopt")

(defvar sockopt-run-ert--absent
  (read (format "(%s)" (or (getenv "ABSENT") "")))
  "The options that the table has, but not on this system.")

(defun sockopt-run-ert-absent ()
  "Print the options of the source of the table that the module lacks."
  (require 'sockopt)
  (with-temp-buffer
    (insert-file-contents "module/option/option.c")
    (let ((list (sockopt-option-list))
          option)
      (while (re-search-forward "^ *ROW (\"\\(:[^\"]+\\)\"" nil t)
        (setq option (intern (match-string 1)))
        (unless (memq option list)
          (princ (format "%s " option)))))))

(defun sockopt-run-ert--find-in (tree)
  "Return the first of the absent options that is in TREE, or nil."
  (cond ((and tree (symbolp tree))
         (car (memq tree sockopt-run-ert--absent)))
        ((consp tree)
         (let (found)
           (while (and (consp tree) (not found))
             (setq found (sockopt-run-ert--find-in (pop tree))))
           (or found (sockopt-run-ert--find-in tree))))
        ((vectorp tree) (sockopt-run-ert--find-in (append tree nil)))
        ((stringp tree)
         (cl-find-if (lambda (option)
                       (string-match-p
                        (concat (regexp-quote (symbol-name option)) "\\_>")
                        tree))
                     sockopt-run-ert--absent))))

(defun sockopt-run-ert--skip-absent (file)
  "Have the tests of FILE skipped whose text has an option that is absent."
  (when sockopt-run-ert--absent
    (with-temp-buffer
      (insert-file-contents file)
      (emacs-lisp-mode)
      (let (form)
        (while (setq form (ignore-errors (read (current-buffer))))
          (let ((option (and (eq (car-safe form) 'ert-deftest)
                             (sockopt-run-ert--find-in (cddr form)))))
            (when option
              (setf (ert-test-body (ert-get-test (cadr form)))
                    (lambda ()
                      (ert-skip (format "no %s on this system" option)))))))))))

(defun sockopt-run-ert--call (body)
  "Call BODY, of a test; skip that if it fails for want of an option."
  (if (null sockopt-run-ert--absent)
      (funcall body)
    (condition-case error
        (funcall body)
      (ert-test-skipped (signal (car error) (cdr error)))
      (error
       (let* ((text (format "%S" error))
              (lacking (if (string-match "\"Unknown protocol\" \\w+" text)
                           (match-string 0 text)
                         (sockopt-run-ert--find-in text))))
         (if lacking
             (ert-skip (format "no %s on this system" lacking))
           (signal (car error) (cdr error))))))))

(defun sockopt-run-ert--guard (test)
  "Make TEST fail if it leaves a process or a descriptor behind."
  (let ((name (symbol-name (ert-test-name test)))
        (body (ert-test-body test)))
    (setf (ert-test-body test)
          (lambda ()
            (sockopt-run-ert--say "start" name)
            (let ((processes (process-list))
                  (descriptors (sockopt-run-ert--descriptors))
                  deadline left)
              (sockopt-run-ert--call body)
              (setq deadline (+ (float-time) 2))
              ;; Finalizers close descriptors, and so do threads and
              ;; sentinels that need a moment.
              (while (and (setq left (sockopt-run-ert--leftovers
                                      processes descriptors))
                          (< (float-time) deadline))
                (garbage-collect)
                (accept-process-output nil 0.02))
              (when left
                (mapc #'delete-process (cl-remove-if-not #'processp left))
                (ert-fail (format "Left behind: %S" left))))))))

(defun sockopt-run-ert--reason (result)
  "Return why RESULT is not a pass."
  (if (ert-test-result-with-condition-p result)
      (let* ((condition (ert-test-result-with-condition-condition result))
             (reason (cadr condition)))
        (cond ((not (ert-test-skipped-p result)) (format "%S" condition))
              ((stringp reason) reason)
              ;; From `skip-unless': ((skip-unless FORM) :form ...).
              (t (format "%S" (or (car-safe reason) reason)))))
    (format "%S" (type-of result))))

(defun sockopt-run-ert--report (selector)
  "Say what came of each of the tests that SELECTOR selects."
  (dolist (test (ert-select-tests selector t))
    (let ((name (symbol-name (ert-test-name test)))
          (result (ert-test-most-recent-result test)))
      (cond ((null result)
             (sockopt-run-ert--say "fail" (concat name ": did not run")))
            ((ert-test-skipped-p result)
             (sockopt-run-ert--say
              "skip" (concat name ": " (sockopt-run-ert--reason result))))
            ((ert-test-result-expected-p test result)
             (sockopt-run-ert--say "pass" name))
            (t
             (sockopt-run-ert--say
              "fail" (concat name ": "
                             (sockopt-run-ert--reason result))))))))

(defun sockopt-run-ert--modules ()
  "Return the sockopt modules that this Emacs has mapped."
  (when (file-readable-p "/proc/self/maps")
    (with-temp-buffer
      (insert-file-contents "/proc/self/maps")
      (let (found)
        (while (re-search-forward
                "\\(/.*/sockopt-module\\.[a-z]+\\)\\(?: (deleted)\\)?$" nil t)
          (cl-pushnew (match-string 1) found :test #'equal))
        found))))

(defun sockopt-run-ert--no-compiler ()
  "Have Emacs start no compiler in the background, which looks like a leak."
  (dolist (variable '(native-comp-jit-compilation
                      native-comp-deferred-compilation))
    (when (boundp variable)
      (set variable nil))))

(defun sockopt-run-ert ()
  "Run the ERT file that the command line names, then exit.
Exit with 0 when all tests ran, whether they passed or not: the results
file says so."
  (let ((file (pop command-line-args-left))
        (selector (read (or (getenv "SELECTOR") "t"))))
    (setq sockopt-run-ert--results
          (expand-file-name (pop command-line-args-left)))
    (setq load-prefer-newer t)
    (sockopt-run-ert--no-compiler)
    ;; To replace a primitive, Emacs compiles a trampoline natively, which
    ;; never ends under the preloaded sanitizers.
    (when (getenv "REPORT")
      (dolist (variable '(comp-enable-subr-trampolines
                          native-comp-enable-subr-trampolines))
        (when (boundp variable)
          (set variable nil))))
    (load (expand-file-name file) nil t t)
    ;; The first subprocess makes Emacs open a pipe for good.
    (let ((process (make-process :name "warm-up" :command '("true")
                                 :sentinel #'ignore)))
      (while (accept-process-output process)))
    (when (fboundp 'sockopt-tests-warm-up)
      (sockopt-tests-warm-up))
    (unless (sockopt-run-ert--descriptors)
      (sockopt-run-ert--say "skip" "descriptor leaks: no /proc/self/fd"))
    (sockopt-run-ert--skip-absent file)
    (mapc #'sockopt-run-ert--guard (ert-select-tests selector t))
    (ert-run-tests-batch selector)
    (sockopt-run-ert--report selector)
    (dolist (module (sockopt-run-ert--modules))
      (sockopt-run-ert--say "module" module))
    (sockopt-run-ert--say "end" "")
    (kill-emacs 0)))

(provide 'run-ert)
;;; run-ert.el ends here
