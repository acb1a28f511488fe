;;; bench-many.el --- Measure among many processes  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Options of one among many, and of all of them.

;;; Code:

(require 'cl-lib)
(require 'sockopt-list)
(require 'bench-turns)

;;; Measures among many processes

(defvar sockopt-bench--crowd nil
  "Processes that are there to be many.")

(defun sockopt-bench--make-crowd (size &rest arguments)
  "Make SIZE processes by ARGUMENTS, or as many as there can be."
  (condition-case nil
      (while (< (length sockopt-bench--crowd) size)
        ;; Core takes long to make a name different from others.
        (push (apply #'sockopt-bench--core
                     :name (format "crowd %d" (length sockopt-bench--crowd))
                     arguments)
              sockopt-bench--crowd))
    ;; Descriptors are for a few more, and some are in use already.
    (file-error
     (message "%d processes are as many as there can be"
              (length sockopt-bench--crowd)))))

(defun sockopt-bench--delete-crowd ()
  "Delete those processes."
  (mapc #'delete-process sockopt-bench--crowd)
  (setq sockopt-bench--crowd nil))

(defun sockopt-bench--among (size function)
  "Return a function that does as FUNCTION among SIZE more processes."
  (lambda (count)
    (sockopt-bench--make-crowd size :type 'datagram :service 9)
    (garbage-collect)
    (prog1 (funcall function count)
      (sockopt-bench--delete-crowd))))

(defun sockopt-bench--crowded (function)
  "Compare FUNCTION with 1000 processes and with one."
  (sockopt-bench--compare (sockopt-bench--among 1000 function)
                          (sockopt-bench--among 0 function)
                          5000 25))

(defun sockopt-bench--crowded-set ()
  "Compare setting an option with 1000 processes and with one."
  (sockopt-bench--with-bare (peer port)
    (let ((p (sockopt-bench--core :service port)))
      (sockopt-bench--crowded
       (sockopt-bench--loop (sockopt-set p :keepalive t))))))

(defun sockopt-bench--crowded-get ()
  "Compare getting an option with 1000 processes and with one."
  (sockopt-bench--with-bare (peer port)
    (let ((p (sockopt-bench--core :service port)))
      (sockopt-bench--crowded
       (sockopt-bench--loop (sockopt-get p :priority))))))

(defun sockopt-bench--first-touch ()
  "Measure the first touch of a process that core made, among 1000."
  (sockopt-bench--make-crowd 1000 :type 'datagram :service 9)
  (let (times)
    (dolist (process sockopt-bench--crowd)
      (let ((start (float-time)))
        (sockopt-get process :priority)
        (push (- (float-time) start) times)))
    (sockopt-bench--delete-crowd)
    (list (sockopt-bench--median times) nil
          (sockopt-bench--median times))))

(defun sockopt-bench--beside-ss (function)
  "Compare FUNCTION of each of 1000 connections with ss(8) of the same."
  (sockopt-bench--need "ss")
  (sockopt-bench--with-bare (peer port)
    (sockopt-bench--make-crowd 1000 :service port)
    (let ((filter (format "dport = :%d" port)))
      (sockopt-bench--compare
       (sockopt-bench--loop (mapc function sockopt-bench--crowd))
       (sockopt-bench--loop
         (with-temp-buffer
           (call-process "ss" nil t nil "-tiemOHn" filter)))
       1 16))))

(defun sockopt-bench--many-options ()
  "Compare reading all options of 1000 connections with ss(8)."
  (sockopt-bench--beside-ss #'sockopt-options))

(defun sockopt-bench--many-infos ()
  "Compare reading `:tcp-info' of 1000 connections with ss(8)."
  (sockopt-bench--beside-ss
   (lambda (process) (sockopt-get process :tcp-info))))

(defun sockopt-bench--list ()
  "Measure a refresh of the list of 1000 connections, and its garbage."
  (sockopt-bench--with-bare (peer port)
    (sockopt-bench--make-crowd 1000 :service port)
    (save-window-excursion
      (sockopt-list-processes)
      (let ((turn (sockopt-bench--loop (sockopt-list-refresh)))
            (count 10))
        (funcall turn count)
        (let ((time (sockopt-bench--median
                     (cl-loop repeat 10
                              collect (/ (funcall turn count) count)))))
          (list time nil time))))))

(provide 'bench-many)
;;; bench-many.el ends here
