;;; lint.el --- All that Lisp linters have to say -*- lexical-binding: t -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make lint' calls this with the files of lisp/, and those of test/ and below.
;; Only those of lisp/ are more than byte-compiled.

;;; Code:

(require 'check-declare)
(require 'checkdoc)
(require 'package)

(defvar package-lint-main-file)
(declare-function package-lint-buffer "ext:package-lint")

(defvar sockopt-lint--complaints 0
  "How many there were.")

(defun sockopt-lint--complain (format &rest arguments)
  "Say FORMAT with ARGUMENTS and remember that there was a complaint."
  (setq sockopt-lint--complaints (1+ sockopt-lint--complaints))
  (message "%s" (apply #'format format arguments)))

(defun sockopt-lint--byte-compile (file)
  "Byte-compile FILE, every warning an error, and throw the result away.
Each file gets a fresh Emacs, lest one live on what another has loaded."
  (let ((output (make-temp-file "sockopt-lint")))
    (unwind-protect
        (with-temp-buffer
          (unless (equal 0 (call-process
                            (expand-file-name invocation-name
                                              invocation-directory)
                            nil t nil "-Q" "--batch" "-L" "lisp" "-L" "test"
                            "-L" "test/bench" "-L" "test/wire"
                            "--eval"
                            (format "%S" `(setq
                                           load-prefer-newer t
                                           byte-compile-error-on-warn t
                                           byte-compile-dest-file-function
                                           (lambda (_) ,output)))
                            "-f" "batch-byte-compile" file))
            (sockopt-lint--complain "%s: byte-compile:\n%s"
                                    file (buffer-string))))
      (delete-file output))))

(defun sockopt-lint--checkdoc (file)
  "Run checkdoc on FILE."
  (with-current-buffer (find-file-noselect file)
    (let ((checkdoc-diagnostic-buffer "*warn*")
          (checkdoc-create-error-function
           (lambda (text start _end &optional _unfixable)
             (sockopt-lint--complain
              "%s:%d: checkdoc: %s"
              file (line-number-at-pos (or start (point-min))) text)
             ;; nil means reported: go on with the next.
             nil)))
      (checkdoc-current-buffer t))))

(defun sockopt-lint--package-lint (file)
  "Run package-lint on FILE."
  (with-current-buffer (find-file-noselect file)
    (let ((package-lint-main-file
           (expand-file-name "lisp/sockopt.el"
                             command-line-default-directory)))
      (pcase-dolist (`(,line ,column ,type ,text) (package-lint-buffer))
        ;; Debian 12's package-lint is older than Emacs 28.
        (unless (string-match-p "uninstallable in all released Emacs" text)
          (sockopt-lint--complain "%s:%d:%d: package-lint: %s: %s"
                                  file line column type text))))))

(defun sockopt-lint--check-declare ()
  "Run check-declare on lisp/.
It looks for C files in the directory src of Emacs' sources; with ours for
those, it compares a declaration like this one with its DEFUN line:

  (declare-function sockopt--get \"../module/emacs/handle.c\" (process))

The module itself holds no text that could be searched, so a declaration
that names \"ext:sockopt-module\" is accepted unseen."
  (let ((source-directory command-line-default-directory)
        (load-suffixes '(".elc" ".el")))
    (when (check-declare-directory "lisp")
      ;; It has printed the details already.
      (sockopt-lint--complain "check-declare: false declarations"))))

(defun sockopt-lint ()
  "Lint the files that the command line names, then exit."
  (let* ((files command-line-args-left)
         (own (seq-filter (lambda (file) (string-prefix-p "lisp/" file))
                          files)))
    (setq command-line-args-left nil)
    (mapc #'sockopt-lint--byte-compile files)
    (mapc #'sockopt-lint--checkdoc own)
    (sockopt-lint--check-declare)
    ;; -Q keeps Debian's Lisp packages out of `load-path'.
    (dolist (directory (file-expand-wildcards
                        "/usr/share/emacs/site-lisp/elpa/*"))
      (add-to-list 'load-path directory t))
    ;; package-lint redefines `message'; compiling that natively needs a
    ;; home directory to write to, which not every machine gives.
    (dolist (variable '(comp-enable-subr-trampolines
                        native-comp-enable-subr-trampolines))
      (when (boundp variable)
        (set variable nil)))
    (package-initialize)
    (if (require 'package-lint nil t)
        (mapc #'sockopt-lint--package-lint own)
      (sockopt-lint--complain "%s" "package-lint is missing: install the\
 package elpa-package-lint"))
    (message "Lisp: %d files, %d complaints"
             (length files) sockopt-lint--complaints)
    (kill-emacs (if (zerop sockopt-lint--complaints) 0 1))))

(provide 'lint)
;;; lint.el ends here
