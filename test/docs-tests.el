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

(ert-deftest docs-tests-commands-at-once ()
  "Each command that the manual has can be called after one require."
  (should-not
   (cl-set-difference
    (sockopt-docs-commands)
    (read (sockopt-tests-emacs
           "-L" (file-name-directory (locate-library "sockopt"))
           "-l" "sockopt" "--eval"
           (format "(princ (seq-filter #'commandp '%S))"
                   (sockopt-docs-commands)))))))

(ert-deftest docs-tests-mode-keys ()
  "What a mode's help says of keys is what its buffers have."
  (sockopt-docs--load)
  (dolist (mode '(sockopt-list-mode sockopt-describe-mode sockopt-watch-mode
                                    sockopt-apply-mode))
    (with-temp-buffer
      (funcall mode)
      (should-not (string-search
                   "M-x" (substitute-command-keys (documentation mode)))))))

(ert-deftest docs-tests-field ()
  "Sockets of both families are one, but names of values are as they are."
  (should (equal (sockopt-docs--field '("Sockets" . "tcp4, tcp6, udp4"))
                 "Sockets: tcp, udp4."))
  (should (equal (sockopt-docs--field '("Names" . "local, ipv4, ipv6"))
                 "Names: local, ipv4, ipv6.")))

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
          (not (memq name sockopt-docs-handlers))
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

(defun docs-tests--table (heading)
  "Return the symbols in the first column of the table under HEADING."
  (with-temp-buffer
    (insert-file-contents sockopt-docs-file)
    (search-forward (concat "\n" heading "\n"))
    (let (names)
      (while (looking-at-p "|")
        (let ((end (save-excursion (search-forward " | "))))
          (while (re-search-forward "~\\([a-z-]+\\)~" end t)
            (push (intern (match-string 1)) names)))
        (forward-line))
      names)))

(ert-deftest docs-tests-table-of-functions ()
  "The table of functions for programs has all there are, and no others."
  (let ((named (docs-tests--table "| function | purpose |")))
    (should-not (cl-set-difference (sockopt-docs-functions) named))
    (should-not (cl-set-difference named (append (sockopt-docs-functions)
                                                 (sockopt-docs-commands))))))

(ert-deftest docs-tests-columns ()
  "The manual says of each column what it shows."
  (sockopt-docs--load)
  (let ((columns (mapcar #'car sockopt-list--columns)))
    (should-not (cl-set-exclusive-or
                 columns
                 (docs-tests--table "| column | heading | what it shows |")))
    (should (cl-every #'sockopt-docs--column-meaning columns))))

(ert-deftest docs-tests-parts-of-an-option ()
  "The documentation of `sockopt-option' names the function of each part."
  (let ((text (documentation 'sockopt-option)))
    (pcase-dolist (`(,slot . ,_) (cdr (cl-struct-slot-info 'sockopt-option)))
      (should (string-match-p (format "^  sockopt-option-%s " slot)
                              text)))))

(ert-deftest docs-tests-whole-names ()
  "Of an option the manual has the names of values as they are.
Those of classes alone are shortened."
  (let ((count 0))
    (dolist (keyword (sockopt-option-list))
      (let ((names (cdr (assoc "Names" (sockopt-ui--fields
                                        (sockopt-option keyword))))))
        (when names
          (cl-incf count)
          (should (string-search
                   (format "Names: %s." names)
                   (replace-regexp-in-string
                    "\\s-+" " " (sockopt-docs--option keyword)))))))
    (should (> count 0))))

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
          ;; Org itself tries makeinfo on a file of its own, which may warn.
          (should-not (string-match-p "sockopt\\.texi:.*warning"
                                      (buffer-string))))))
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
