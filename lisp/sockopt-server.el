;;; sockopt-server.el --- Options of what a server accepts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The kernel gives an accepted connection only some of the options that its
;; server has, and Emacs copies the server's contact information, options
;; and all.  Here each child gets the options that are meant for it, before
;; its filter sees any data, and a contact that is true.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(declare-function sockopt--check "../module/emacs/option-access.c" (settings))

(defvar sockopt--child-options (make-hash-table :test #'eq :weakness 'key)
  "The plist of options for the children of each server that has any.")

(defvar sockopt--own-servers (make-hash-table :test #'eq :weakness 'key)
  "The servers whose children are already seen to.")

(defun sockopt--set-up-child (server child)
  "Give CHILD the options that SERVER has for it, and a true contact.
A child's contact information starts as a copy of the server's, options
and all, though the kernel gives it only some of them.  What fails is
reported; the connection goes on."
  (let ((options (gethash server sockopt--child-options)))
    (while options
      (setq options (sockopt--set-some child options)))
    (sockopt--refresh child)))

(defun sockopt--set-some (process plist)
  "Set options in PLIST of PROCESS up to one that fails, and report that.
Return what comes after it in PLIST."
  (condition-case error
      (progn (sockopt-set-options process plist)
             nil)
    (error
     (let* ((end (car (last error)))
            (done (and (eq (car-safe end) :already-set) (cdr end))))
       (message "sockopt: %s: %s" (process-name process)
                (error-message-string (if done (butlast error) error)))
       (nthcdr (* 2 (1+ (length done))) plist)))))

(defun sockopt--log (log)
  "Return a `:log' function that does as LOG, nil for none.
It runs before the child's filter can see any data."
  (lambda (server client message)
    (when (processp client)
      (with-demoted-errors "sockopt: %S"
        (sockopt--set-up-child server client)))
    (when log
      (funcall log server client message))))

;;;###autoload
(defun sockopt-set-child-options (server plist)
  "Set options on each connection that SERVER accepts from now on.
PLIST is (OPTION VALUE OPTION VALUE ...).  They are set before the
connection's filter sees any data; if one fails, that is reported and the
connection goes on.  SERVER is a listening network process, whoever made
it; one that others made must have its sentinel by then.  Return t."
  (sockopt--check-plist plist)
  (sockopt--ensure-module)
  (sockopt--check (sockopt--settings plist))
  (unless (eq (process-status server) 'listen)
    (signal 'sockopt-error (list "Process is not a server" server)))
  (unless (gethash server sockopt--own-servers)
    (sockopt--take-server server))
  (puthash server plist sockopt--child-options)
  t)

(defun sockopt--take-server (server)
  "See to the children of SERVER, which others made.
There is no way to change its log function, but children start with the
server's sentinel, and it is called before their filter."
  (let ((sentinel (process-sentinel server)))
    (puthash server t sockopt--own-servers)
    (set-process-sentinel
     server
     (lambda (process message)
       (unless (eq process server)
         (set-process-sentinel process sentinel)
         (with-demoted-errors "sockopt: %S"
           (sockopt--set-up-child server process)))
       (funcall sentinel process message)))))

(defun sockopt--with-log (args)
  "Return ARGS with our `:log' if they make a server."
  (if (plist-get args :server)
      (plist-put (copy-sequence args) :log
                 (sockopt--log (plist-get args :log)))
    args))

(defun sockopt--note-server (process args)
  "Note that PROCESS, made by ARGS, is a server that sees to its children."
  (puthash process t sockopt--own-servers)
  (puthash process (plist-get args :child-options) sockopt--child-options))

(defun sockopt--restore-log (process args)
  "Have the contact information of PROCESS name the `:log' of ARGS, if any."
  (let ((contact (sockopt--core-contact process t t)))
    (if (plist-member args :log)
        (plist-put contact :log (plist-get args :log))
      ;; It is never the first.
      (cl-remf contact :log))))

(provide 'sockopt-server)
;;; sockopt-server.el ends here
