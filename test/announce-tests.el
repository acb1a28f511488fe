;;; announce-tests.el --- Tests of what is there after one require  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; In a fresh Emacs in which nothing but sockopt.el is loaded.

;;; Code:

(require 'sockopt-tests-lib)

(defconst announce-tests--lisp
  (file-name-directory (locate-library "sockopt"))
  "Where the Lisp files are.")

(defun announce-tests--value (form &rest arguments)
  "Return what FORM is in an Emacs that has just required sockopt.
ARGUMENTS are more arguments to it."
  (let ((output (apply #'sockopt-tests-emacs
                       "-L" announce-tests--lisp "-l" "sockopt"
                       (append arguments
                               `("--eval"
                                 ,(format "(message \"VALUE %%S\" %S)"
                                          form))))))
    (unless (string-match "^VALUE " output)
      (ert-fail output))
    (car (read-from-string output (match-end 0)))))

(defun announce-tests--defined (regexp)
  "Return the symbols that REGEXP, whose group is one, finds in all files."
  (with-temp-buffer
    (dolist (file (directory-files announce-tests--lisp t
                                   "\\`sockopt.*\\.el\\'"))
      (insert-file-contents file))
    (cl-loop while (re-search-forward regexp nil t)
             collect (intern (match-string 1)))))

(ert-deftest announce-tests-commands ()
  "Every command can be called, whatever file has it, and no other is lost."
  (let ((commands (announce-tests--defined
                   "^;;;###autoload\n(def\\(?:un\\|ine-[a-z-]+\\)\
 \\([a-z-]+\\)")))
    (should (memq 'sockopt-mode commands))
    (should (memq 'sockopt-build-report commands))
    (should-not (announce-tests--value
                 `(seq-remove #'fboundp ',commands)))
    (should-not
     (cl-set-exclusive-or
      (announce-tests--value
       '(let (commands)
          (mapatoms (lambda (symbol)
                      (when (and (commandp symbol)
                                 (string-prefix-p "sockopt-"
                                                  (symbol-name symbol)))
                        (push symbol commands))))
          commands))
      (announce-tests--value
       `(seq-filter #'commandp ',commands))))))

(ert-deftest announce-tests-options ()
  "Every user option has its value and documentation, and is in the group."
  (let ((options (announce-tests--defined "^(defcustom \\([a-z-]+\\)")))
    (should (memq 'sockopt-rules options))
    (should-not (announce-tests--value
                 `(seq-remove
                   (lambda (option)
                     (and (boundp option) (custom-variable-p option)
                          (documentation-property option
                                                  'variable-documentation)))
                   ',options)))
    (should-not (announce-tests--value
                 `(progn (custom-load-symbol 'sockopt)
                         (seq-remove
                          (lambda (option)
                            (member (list option 'custom-variable)
                                    (get 'sockopt 'custom-group)))
                          ',options))))))

(ert-deftest announce-tests-same-default ()
  "A default is the same before and after its file is loaded."
  (let ((options (announce-tests--defined "^(defcustom \\([a-z-]+\\)")))
    (should-not (announce-tests--value
                 `(seq-remove
                   (lambda (option)
                     (let ((value (symbol-value option)))
                       (custom-load-symbol option)
                       (and (get option 'standard-value)
                            (equal value (symbol-value option)))))
                   ',options)))))

(ert-deftest announce-tests-mode ()
  "The mode can be turned on, described and customized at once."
  (should (equal '(t nil) (announce-tests--value
                           '(progn (sockopt-mode 1)
                                   (list sockopt-mode
                                         (fboundp 'sockopt--rows))))))
  (should (equal '(t t)
                 (announce-tests--value
                  '(save-window-excursion
                     (list (progn (describe-variable 'sockopt-presets)
                                  (with-current-buffer "*Help*"
                                    (and (string-match-p "dead-peer"
                                                         (buffer-string))
                                         t)))
                           (progn (customize-option 'sockopt-rules)
                                  (and (get-buffer
                                        "*Customize Option: Sockopt Rules*")
                                       t))))))))

(ert-deftest announce-tests-set-early ()
  "Values that are set before a file is loaded are kept by it."
  (should (equal '((((:name "x") dead-peer)) 7 t)
                 (announce-tests--value
                  '(progn
                     (setq sockopt-rules '(((:name "x") dead-peer)))
                     (custom-set-variables '(sockopt-probe-seconds 7)
                                           '(sockopt-mode t))
                     (require 'sockopt-mode)
                     (require 'sockopt-probe)
                     (list sockopt-rules sockopt-probe-seconds
                           sockopt-mode))))))

(ert-deftest announce-tests-use-package ()
  "So they are by use-package's :custom."
  (skip-unless (locate-library "use-package"))
  (should (equal '((((:name "x") dead-peer)) t)
                 (announce-tests--value
                  `(progn
                     (require 'use-package)
                     (eval '(use-package sockopt
                              :load-path ,announce-tests--lisp
                              :custom (sockopt-rules
                                       '(((:name "x") dead-peer)))
                              :config (sockopt-mode 1))
                           t)
                     (list sockopt-rules sockopt-mode))))))

;;; Unloading

(ert-deftest announce-tests-unload ()
  "After unloading all files, core is as it was, and loading works again."
  (let ((files (delq 'sockopt
                     (announce-tests--defined "^(provide '\\([a-z-]+\\))"))))
    (should
     (equal
      '(t t t)
      (announce-tests--value
       `(let* ((names '(make-network-process process-contact
                        open-network-stream set-network-process-option
                        delete-process kill-buffer-hook kill-emacs-hook))
               (value (lambda (name)
                        (if (boundp name)
                            (default-value name)
                          (symbol-function name))))
               (before (mapcar value names))
               after)
          (mapc #'require ',files)
          (sockopt-mode 1)
          (let ((server (make-network-process
                         :name "s" :server t :host "127.0.0.1"
                         :family 'ipv4 :service t :keepalive t :linger 1)))
            (process-contact server :keepalive)
            (unless (fboundp 'sockopt-mode-unload-function)
              (sockopt-mode -1))
            (dolist (file ',(append files '(sockopt)))
              (unload-feature file t))
            (setq after (mapcar value names))
            (delete-process server))
          (require 'sockopt)
          (list (equal before after)
                (integerp (sockopt-get
                           (make-network-process
                            :name "s" :server t :host "127.0.0.1"
                            :family 'ipv4 :service t)
                           :rcvbuf))
                (< 40 (length (sockopt-option-list))))))))))

(provide 'announce-tests)
;;; announce-tests.el ends here
