;;; docs-tests.el --- Tests that the documentation is fresh  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'docs (expand-file-name "docs.el"
                                 (file-name-directory (macroexp-file-name))))

(ert-deftest docs-tests-fresh ()
  "What is generated is what the rows of the module and docstrings make."
  :tags '((needs :tcp-info))
  (unless (sockopt-docs-fresh-p)
    (ert-fail "The manual is stale; run make docs")))

(defun docs-tests--unnamed (names)
  "Return those of NAMES, symbols, that the manual does not name as code."
  (with-temp-buffer
    (insert-file-contents sockopt-docs-file)
    (cl-remove-if (lambda (name)
                    (goto-char (point-min))
                    (search-forward (format "~%s~" name) nil t))
                  names)))

(defun docs-tests--name (form cookie)
  "Return the symbol that FORM defines if the manual must name it, or nil.
COOKIE is non-nil if an autoload cookie is before it."
  (pcase form
    (`(,(or 'defcustom 'defface 'define-derived-mode 'define-minor-mode)
       ,name . ,_)
     name)
    (`(define-error ',name . ,_) name)
    (`(defun ,name ,_ . ,body)
     (and (or cookie (assq 'interactive body))
          (not (string-search "--" (symbol-name name)))
          name))))

(defun docs-tests--defined ()
  "Return what the files offer to people and programs, by their text.
The manual finds that by what is loaded, so one can check the other."
  (let (names)
    (dolist (file sockopt-docs--lisp)
      (with-temp-buffer
        (insert-file-contents file)
        (emacs-lisp-mode)
        (while (re-search-forward "^\\(;;;###autoload\n\\)?(" nil t)
          (let ((cookie (match-string 1)))
            (goto-char (1- (match-end 0)))
            (push (docs-tests--name (read (current-buffer)) cookie)
                  names)))))
    (delq nil names)))

(ert-deftest docs-tests-names-all ()
  "The manual names each option, command, function, user option and face."
  (let ((defined (docs-tests--defined)))
    (should (> (length defined) 80))
    (should-not (docs-tests--unnamed (sockopt-option-list)))
    (should-not (docs-tests--unnamed defined))
    (should (equal (docs-tests--unnamed '(sockopt-get sockopt-nothing))
                   '(sockopt-nothing)))))

(ert-deftest docs-tests-info ()
  "The manual becomes an Info file without a complaint, with indices."
  (unless (executable-find "makeinfo")
    (ert-skip "There is no makeinfo"))
  (sockopt-tests-with-directory directory
    (with-temp-buffer
      ;; Sanitizers are for the module, which this has no use for.
      (let ((status (call-process
                     "env" nil t nil "-u" "LD_PRELOAD" "make" "-s" "info"
                     (concat "EMACS=" (expand-file-name invocation-name
                                                        invocation-directory))
                     (concat "INFO=" (expand-file-name "sockopt.info"
                                                       directory)))))
        (ert-info ((buffer-string) :prefix "output: ")
          (should (equal 0 status))
          (should-not (string-match-p "warning" (buffer-string))))))
    (with-temp-buffer
      (insert-file-contents (expand-file-name "sockopt.info" directory))
      (dolist (text '("* Sockopt: (sockopt)" "* sockopt-get:" "* :keepalive:"
                      "* sockopt-rules:" "* dead peer:"
                      "* sockopt-list-ended:"))
        (goto-char (point-min))
        (ert-info (text)
          (should (search-forward text nil t)))))))

(ert-deftest docs-tests-set-up-commands ()
  "README.org has two set-up commands, for the demonstration and the tests."
  (with-temp-buffer
    (insert-file-contents "README.org")
    (let (targets)
      (while (re-search-forward "^sudo .* && make \\([a-z]+\\)$" nil t)
        (push (match-string 1) targets))
      (should (equal (nreverse targets) '("demo" "check"))))))

(provide 'docs-tests)
;;; docs-tests.el ends here
