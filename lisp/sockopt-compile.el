;;; sockopt-compile.el --- Tell the byte compiler of socket options  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Since Emacs 30 the byte compiler warns of a keyword that
;; `make-network-process' does not know.  Here it learns the socket options;
;; sockopt.el calls this where the byte compiler is loaded.

;;; Code:

(require 'sockopt)

(defun sockopt-compile--without-options (arguments)
  "Return the list ARGUMENTS, forms, without options and their values."
  (let (kept)
    (while arguments
      (unless (and (keywordp (car arguments))
                   (cdr arguments)
                   (or (eq (car arguments) :child-options)
                       (featurep 'sockopt (car arguments)))
                   ;; Core's eight are checked as ever.
                   (not (featurep 'make-network-process (car arguments))))
        (push (car arguments) kept)
        (when (cdr arguments)
          (push (cadr arguments) kept)))
      (setq arguments (cddr arguments)))
    (nreverse kept)))

(defun sockopt-compile--check (core form &rest arguments)
  "Check FORM, a call with ARGUMENTS, as the compiler macro CORE does.
Socket options are known, too.  Return FORM."
  (apply core form (sockopt-compile--without-options arguments))
  form)

(defun sockopt-compile--teach ()
  "Have the byte compiler know our options, if it knows core's."
  (let ((core (get 'make-network-process 'compiler-macro)))
    (when (and core (not (get 'make-network-process 'sockopt--macro)))
      (put 'make-network-process 'sockopt--macro core)
      (put 'make-network-process 'compiler-macro
           (apply-partially #'sockopt-compile--check core)))))

(defun sockopt-compile-unload-function ()
  "Give the byte compiler back what it had."
  (let ((core (get 'make-network-process 'sockopt--macro)))
    (when core
      (put 'make-network-process 'compiler-macro core)
      (put 'make-network-process 'sockopt--macro nil)))
  nil)

(provide 'sockopt-compile)
;;; sockopt-compile.el ends here
