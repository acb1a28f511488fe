;;; sockopt-tests-mode.el --- What the tests of the mode share  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)

(defmacro sockopt-tests-with-rules (rules &rest body)
  "Evaluate BODY with the mode on and RULES in force, then clean up.
RULES nil means none."
  (declare (indent 1) (debug t))
  `(sockopt-tests-clean
     (sockopt-tests-with-mode ,rules ,@body)))

(defconst sockopt-tests-everything
  '((nil (:priority 3))) "A rule for every process.")

(defun sockopt-tests-core-server (&rest arguments)
  "Make a server with `make-network-process' and ARGUMENTS besides."
  (apply #'make-network-process
         (append arguments (list :name "server" :server 50 :noquery t
                                 :host "127.0.0.1" :service t
                                 :family 'ipv4))))

(defun sockopt-tests-core-client (server &rest arguments)
  "Make a client of SERVER with `make-network-process' and ARGUMENTS."
  (apply #'make-network-process
         (append arguments (list :name "client" :noquery t
                                 :host "127.0.0.1" :family 'ipv4
                                 :service (sockopt-tests-service server)))))

(defun sockopt-tests-pending (&rest arguments)
  "Return a process by ARGUMENTS that stays connecting."
  (apply #'sockopt-tests-core-client
         (let ((sockopt-rules nil)) (sockopt-tests-full-server))
         :nowait t arguments))

(defun sockopt-tests-plain-contact (arguments)
  "Return the contact plist of a process made with ARGUMENTS, no ports."
  (let* ((process (apply #'make-network-process arguments))
         (contact (copy-sequence (process-contact process t))))
    (delete-process process)
    (dolist (key '(:local :remote) contact)
      (when (vectorp (plist-get contact key))
        (setf (plist-get contact key)
              (append (butlast (append (plist-get contact key) nil))
                      nil))))))

(defmacro sockopt-tests-messages (&rest body)
  "Evaluate BODY and return the lines it adds to *Messages* as a list."
  (declare (indent 0) (debug t))
  `(let ((messages nil)
         (inhibit-message t)
         (message-log-max t))
     (with-current-buffer (messages-buffer)
       (let ((start (copy-marker (point-max))))
         (with-temp-buffer ,@body)
         (setq messages (buffer-substring-no-properties
                         start (point-max)))))
     (split-string messages "\n" t)))

(defun sockopt-tests-times (regexp strings)
  "Return how many of STRINGS match REGEXP."
  (cl-count-if (lambda (one) (string-match-p regexp one)) strings))

;;; What sentinels are told

(defvar sockopt-tests-events nil
  "What filters and sentinels noted, the last first.")

(defun sockopt-tests-note-event (process message)
  "Note MESSAGE for PROCESS."
  (push (list 'event (process-name process) message) sockopt-tests-events))

(provide 'sockopt-tests-mode)
;;; sockopt-tests-mode.el ends here
