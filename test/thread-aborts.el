;;; thread-aborts.el --- Make and delete processes in Lisp threads  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Core aborts when one thread deletes a process that another is about to
;; wait for.  Three threads provoke that here, while the main one waits for
;; whatever comes; test/thread-aborts counts in how many Emacsen it happens.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(defvar thread-aborts--make nil
  "The function that makes processes.")

(defvar thread-aborts--lock nil
  "What is locked to its thread: nil, `some' (what is not `:nowait') or `all'.")

(defconst thread-aborts--rounds 150
  "How many processes each thread makes.")

(defun thread-aborts--process (&rest arguments)
  "Make a process on this machine by ARGUMENTS."
  (apply thread-aborts--make
         (append arguments (list :name "process" :noquery t :family 'ipv4
                                 :host "127.0.0.1"))))

(defun thread-aborts--use (process)
  "Let others go on while PROCESS is there, then delete it."
  (when thread-aborts--lock
    (set-process-thread process (current-thread)))
  (thread-yield)
  (delete-process process))

(defun thread-aborts--connect (port)
  "Begin to connect to PORT, wait a little, and give up."
  (let ((process (thread-aborts--process :nowait t :service port)))
    (set-process-thread process (and (eq thread-aborts--lock 'all)
                                     (current-thread)))
    (accept-process-output process 0.005)
    (delete-process process)))

(defun thread-aborts--start (function)
  "Start a thread that calls FUNCTION again and again."
  (make-thread (lambda ()
                 (dotimes (_ thread-aborts--rounds)
                   (ignore-errors (funcall function))
                   (thread-yield)))))

(defun thread-aborts-run (make lock)
  "Make processes with MAKE in threads, locked to them as LOCK says.
LOCK is as `thread-aborts--lock'."
  (setq thread-aborts--make make
        thread-aborts--lock lock)
  (sockopt-option-list)
  (let* ((port (process-contact
                (make-network-process :name "server" :server 500 :service t
                                      :family 'ipv4 :host "127.0.0.1"
                                      :noquery t)
                :service))
         (threads
          (mapcar #'thread-aborts--start
                  (list (lambda () (thread-aborts--connect port))
                        (lambda ()
                          (thread-aborts--use
                           (thread-aborts--process :service port)))
                        (lambda ()
                          (thread-aborts--use
                           (thread-aborts--process :server t
                                                   :service t)))))))
    (while (cl-some #'thread-live-p threads)
      (accept-process-output nil 0.01)
      (thread-yield))))

(provide 'thread-aborts)
;;; thread-aborts.el ends here
