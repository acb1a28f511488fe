;;; sockopt-local.el --- A client's own address  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Core has `:local' for servers and passes over it in a client.  Here a
;; client is bound to it before it connects.  If that is a name in the file
;; system, it is a file that is to go when the client does: nobody else can
;; use it, and the next client could not be bound to it.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

;; Most clients have none, and so this file is loaded only for those that do.

(defvar sockopt--local-files nil
  "An alist from each client that has a file of its own to what removes it.
That is a function without arguments.")

(defun sockopt--file-identity (file)
  "Return the identity of FILE, unlike that of another one so named, or nil."
  (let* ((file-name-handler-alist nil)
         (attributes (file-attributes file)))
    (and attributes
         (list (file-attribute-device-number attributes)
               (file-attribute-inode-number attributes)))))

(defun sockopt--local-remover (name)
  "Return a function to remove the file NAME, if that is still the same.
A relative NAME is, for the kernel, where Emacs was started."
  (let* ((file (if (string-prefix-p "/" name)
                   name
                 (concat command-line-default-directory name)))
         (identity (sockopt--file-identity file)))
    (lambda ()
      (when (and identity (equal identity (sockopt--file-identity file)))
        (let ((file-name-handler-alist nil))
          (ignore-errors (delete-file file)))))))

(defun sockopt--remove-local-files ()
  "Remove the files of clients that are not running any more."
  (pcase-dolist (`(,process . ,remove) sockopt--local-files)
    (unless (process-live-p process)
      (setq sockopt--local-files
            (assq-delete-all process sockopt--local-files))
      (funcall remove)))
  (unless sockopt--local-files
    (remove-hook 'post-gc-hook #'sockopt--remove-local-files)))

(defun sockopt--remove-all-local-files ()
  "Remove the files of all clients; Emacs is about to exit."
  (pcase-dolist (`(,_process . ,remove) sockopt--local-files)
    (funcall remove)))

(defun sockopt--local-sentinel (process _message)
  "Remove the file of PROCESS if it has ended."
  (unless (process-live-p process)
    (sockopt--remove-local-files)))

(defun sockopt--note-local (process local)
  "Note that the client PROCESS is bound to LOCAL, as it was given.
If that is a file, it goes when PROCESS does.  If PROCESS is given another
sentinel, that is noticed at the next garbage collection."
  (when (and (stringp local)
             (not (equal local ""))
             (not (string-prefix-p "\0" local)))
    (push (cons process (sockopt--local-remover local)) sockopt--local-files)
    (add-function :before (process-sentinel process)
                  #'sockopt--local-sentinel)
    (add-hook 'post-gc-hook #'sockopt--remove-local-files)
    (add-hook 'kill-emacs-hook #'sockopt--remove-all-local-files)))

(provide 'sockopt-local)
;;; sockopt-local.el ends here
