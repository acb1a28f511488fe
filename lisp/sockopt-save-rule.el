;;; sockopt-save-rule.el --- Make a rule of a setting  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; What was set on one connection can become a rule for those like it: a
;; preview shows the rule, and then Customize has it, where it can be
;; changed and saved.

;;; Code:

(require 'cl-lib)
(require 'pp)
(require 'sockopt)
(require 'sockopt-mode)

(defun sockopt-save-rule--match (process)
  "Return conditions, a plist, for connections like PROCESS."
  (let* ((contact (sockopt--core-contact process t t))
         (host (plist-get contact :host))
         (service (plist-get contact :service)))
    `(,@(if (and (stringp host) (not (plist-get contact :server)))
            (list :host (concat "\\`" (regexp-quote host) "\\'"))
          (list :name (concat "\\`" (regexp-quote (process-name process)))))
      ,@(and service (not (eq service t)) (list :service service)))))

(defun sockopt-save-rule--insert (rule)
  "Insert a preview of RULE."
  (insert "This rule would be added to `sockopt-rules':\n\n"
          (pp-to-string rule)
          "\nIt is for connections that are made while `sockopt-mode' is on"
          (if sockopt-mode "" " (it is off now)")
          ".\nCustomize shows it next, where you can change and save it.\n"))

(defun sockopt-save-rule--ask (rule)
  "Show RULE and return non-nil if the user wants it."
  (let ((buffer (get-buffer-create "*sockopt-rule*")))
    (unwind-protect
        (save-window-excursion
          (with-current-buffer buffer
            (erase-buffer)
            (sockopt-save-rule--insert rule))
          (display-buffer buffer)
          (y-or-n-p "Add this rule? "))
      (kill-buffer buffer))))

;;;###autoload
(defun sockopt-save-rule (process settings)
  "Make a rule that gives SETTINGS to connections like PROCESS.
SETTINGS is a list as in `sockopt-rules'.  Show the rule; if the user
agrees, add it for this session and open Customize, which can save it.
Return the rule, or nil if the user does not agree."
  (let ((rule (cons (sockopt-save-rule--match process) settings)))
    (when (sockopt-save-rule--ask rule)
      (customize-set-variable 'sockopt-rules
                              (append sockopt-rules (list rule)))
      (customize-variable-other-window 'sockopt-rules)
      rule)))

(provide 'sockopt-save-rule)
;;; sockopt-save-rule.el ends here
