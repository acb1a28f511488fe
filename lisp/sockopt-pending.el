;;; sockopt-pending.el --- Options of what core still connects  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A process that core still connects may have no socket yet, because its
;; host is being looked up; or it may get another one, without our options,
;; when an address does not answer and core tries the next.  So what is set
;; on it is kept, and set when it is open on a socket that lacks it.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(declare-function sockopt--check "../module/emacs/option-access.c" (settings))

(defvar sockopt--pending (make-hash-table :test #'eq :weakness 'key)
  "For each process that core connects, a list of (OPTION VALUE COOKIE).
COOKIE is of the socket that this was set on, nil for none.")

(defun sockopt--cookie (process)
  "Return the number of the socket of PROCESS, or nil if it has none.
No other socket ever has that."
  (condition-case nil
      (sockopt-get process :cookie)
    (sockopt-error nil)))

(defun sockopt--looking-up-p (process)
  "Return non-nil if the host of PROCESS is not known yet."
  (null (sockopt--core-contact process t t)))

(defun sockopt--keep (process option value cookie)
  "Keep VALUE of OPTION of PROCESS until it is open.
COOKIE is of the socket that it was set on."
  (let ((kept (assq-delete-all option (gethash process sockopt--pending))))
    (puthash process (nconc kept (list (list option value cookie)))
             sockopt--pending))
  ;; Whoever sets another sentinel meanwhile gives up what is kept.
  (remove-function (process-sentinel process) #'sockopt--catch-up)
  (add-function :before (process-sentinel process) #'sockopt--catch-up))

(defun sockopt--catch-up (process _message)
  "Set what was kept for PROCESS if it is open now."
  (unless (eq (process-status process) 'connect)
    (remove-function (process-sentinel process) #'sockopt--catch-up)
    (let ((kept (gethash process sockopt--pending)))
      (remhash process sockopt--pending)
      (when (process-live-p process)
        (let ((cookie (sockopt--cookie process)))
          (pcase-dolist (`(,option ,value ,old) kept)
            (unless (and old (eql old cookie))
              (sockopt--try-set process option value))))))))

(defun sockopt--set-pending (process option value)
  "Set OPTION of PROCESS, which core still connects, to VALUE.  Return t.
If it has no socket yet, that is done when it is open."
  (sockopt--ensure-module)
  (sockopt--check (vector (sockopt--row option) value))
  (if (sockopt--looking-up-p process)
      (sockopt--keep process option value nil)
    (sockopt--set-now process (sockopt--find-socket process) option value)
    (sockopt--keep process option value (sockopt--cookie process)))
  t)

(defun sockopt--get-pending (process option argument)
  "Return the value of OPTION of PROCESS, which core still connects.
ARGUMENT is as for `sockopt-get'.  If it has no socket yet, that is what
was set."
  (sockopt--ensure-module)
  (sockopt--row option)
  (let ((kept (assq option (gethash process sockopt--pending))))
    (cond ((not (sockopt--looking-up-p process))
           (sockopt--get-now process (sockopt--find-socket process) option
                             argument))
          (kept (nth 1 kept))
          (t (signal 'sockopt-error
                     (list "Process is still looking up its host"
                           process))))))

(provide 'sockopt-pending)
;;; sockopt-pending.el ends here
