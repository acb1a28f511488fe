;;; sockopt-tests-ui.el --- What the tests of the commands share  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The minibuffer is driven by keys: while `executing-kbd-macro' is
;; non-nil, a batch Emacs has one.

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-ui)
(require 'subr-x)

(defmacro sockopt-tests-let (bindings &rest body)
  "Bind processes as in BINDINGS of `let*', run BODY, delete them all.
Those that are made meanwhile, too."
  (declare (indent 1) (debug (sexp body)))
  `(sockopt-tests-clean
     (let* ,bindings ,@body)))

(defun sockopt-tests-ui--make (name &rest args)
  "Make a network process called NAME by ARGS, with core."
  (apply #'make-network-process :name name :noquery t
         :sentinel #'ignore args))

(defun sockopt-tests-ui-server (&rest args)
  "Make a server on the loopback interface, by ARGS too."
  (apply #'sockopt-tests-ui--make "ui-server" :server t
         (append args '(:family ipv4 :host "127.0.0.1" :service t))))

(defun sockopt-tests-ui-client (server &rest args)
  "Make a client of SERVER, by ARGS too, and have it accepted."
  (let ((client (apply #'sockopt-tests-ui--make "ui-client" :family 'ipv4
                       :host "127.0.0.1"
                       :service (process-contact server :service) args)))
    (accept-process-output nil 0.05)
    client))

(defun sockopt-tests-ui-udp (&rest args)
  "Make a datagram socket on the loopback interface, by ARGS too."
  (apply #'sockopt-tests-ui--make "ui-udp" :server t :type 'datagram
         :family 'ipv4 :host "127.0.0.1" :service t args))

(defvar sockopt-tests-ui-prompts nil
  "The prompts that there were, the last first.")

(defvar sockopt-tests-ui-tables nil
  "The collections that `completing-read' got, the last first.")

(defmacro sockopt-tests-ui-typing (keys &rest body)
  "Run BODY while KEYS, as for `kbd', are typed; return its value.
All of KEYS must be read."
  (declare (indent 1) (debug t))
  `(let ((unread-command-events (append (kbd ,keys) nil))
         (executing-kbd-macro t)
         (inhibit-message t)
         (completing-read-function
          (lambda (prompt collection &rest rest)
            (push collection sockopt-tests-ui-tables)
            (apply #'completing-read-default prompt collection rest)))
         (minibuffer-setup-hook
          (list (lambda ()
                  (push (minibuffer-prompt) sockopt-tests-ui-prompts)))))
     (setq sockopt-tests-ui-prompts nil
           sockopt-tests-ui-tables nil)
     (prog1 (progn ,@body)
       (should-not unread-command-events))))

(defun sockopt-tests-ui-read (process keyword keys)
  "Return what KEYS give as a value of the option KEYWORD of PROCESS."
  (sockopt-tests-ui-typing keys
    (sockopt-ui--read-value process keyword)))

(defun sockopt-tests-ui-all (table)
  "Return all that TABLE has, sorted."
  (sort (all-completions "" table) #'string<))

(defun sockopt-tests-ui-metadata (table key)
  "Return what TABLE says of KEY."
  (completion-metadata-get (completion-metadata "" table nil) key))

(defun sockopt-tests-ui-shown (table candidate)
  "Return what TABLE shows after CANDIDATE, its blanks made one each."
  (let* ((function (sockopt-tests-ui-metadata table 'affixation-function))
         (row (car (funcall function (list candidate)))))
    (should (equal (car row) candidate))
    (should (stringp (nth 1 row)))
    (string-trim (replace-regexp-in-string " +" " " (nth 2 row)))))

(defun sockopt-tests-ui-report (&rest arguments)
  "Return what `sockopt-ui-report-setting' of ARGUMENTS says."
  (let ((inhibit-message t)
        said)
    (cl-letf (((symbol-function 'message)
               (lambda (format &rest rest)
                 (setq said (apply #'format format rest)))))
      (apply #'sockopt-ui-report-setting arguments))
    said))

(defun sockopt-tests-ui-describe (keyword)
  "Return the description of KEYWORD, without line breaks."
  (save-window-excursion
    (let ((inhibit-message t))
      (sockopt-describe-option keyword))
    (with-current-buffer (help-buffer)
      (replace-regexp-in-string "[ \n]+" " " (buffer-string)))))

(defun sockopt-tests-ui-settable ()
  "Return the `sockopt-option's that can be set."
  (cl-remove-if-not #'sockopt-option-set
                    (mapcar #'sockopt-option (sockopt-option-list))))

(provide 'sockopt-tests-ui)
;;; sockopt-tests-ui.el ends here
