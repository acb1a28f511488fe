;;; bench-idle.el --- Measure what the package costs at rest  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; What it costs that the package knows a process, that one waits for its
;; connection, and that it is loaded while nothing happens.  Each is counted
;; in an Emacs of its own, as the others would leave something behind.

;;; Code:

(require 'cl-lib)
(require 'bench-turns)

(defvar sockopt-bench--arguments)

(defun sockopt-bench--read-other (form)
  "Return (VALUE . ERRORS) of FORM in another Emacs.
VALUE is read from what it prints; ERRORS is what it writes as errors."
  (let ((errors (make-temp-file "sockopt-bench")))
    (unwind-protect
        (with-temp-buffer
          (apply #'call-process
                 (expand-file-name invocation-name invocation-directory)
                 nil (list t errors) nil
                 `(,@sockopt-bench--arguments
                   "-L" ,sockopt-bench--directory
                   "-l" "sockopt" "-l" "bench-idle"
                   "--eval" ,(format "(prin1 %S)" form)))
          (let ((said (with-temp-buffer
                        (insert-file-contents errors)
                        (buffer-string))))
            (goto-char (point-min))
            (cons (condition-case nil
                      (read (current-buffer))
                    (end-of-file (error "%S gave nothing: %s" form said)))
                  said)))
      (delete-file errors))))

;;; Memory

(defconst sockopt-bench--known 400
  "How many processes are made to count what each takes.")

(defun sockopt-bench--free-lisp ()
  "Return how many bytes of the memory for Lisp objects are free."
  (cl-loop for (_type size _used free) in (garbage-collect)
           when free sum (* size free)))

(defun sockopt-bench--make-known (make touch)
  "Count what processes take that MAKE makes; with TOUCH, we know them.
What the C library says of its memory, before and after, goes to where
errors do.  Value is by how many bytes more of the memory that Lisp has is
free afterwards."
  (let ((gc-cons-threshold most-positive-fixnum)
        (server (apply #'sockopt-bench--core sockopt-bench--server))
        clients before)
    (dotimes (i (1+ sockopt-bench--known))
      (let ((client (funcall make :name (format "client %d" i)
                             :service (process-contact server :service)
                             :filter #'ignore :sentinel #'ignore)))
        (when touch
          (sockopt-get client :priority))
        (push client clients))
      (sockopt-bench--drain 1)
      ;; Emacs keeps the memory of garbage for itself: so there is little.
      (when (zerop (% i 10))
        (garbage-collect))
      (when (zerop i)
        ;; What is opened and loaded at first use is there now.
        (setq before (sockopt-bench--free-lisp))
        (malloc-info)))
    (setq before (- (sockopt-bench--free-lisp) before))
    (malloc-info)
    before))

(defun sockopt-bench--malloc-used ()
  "Return how many bytes are in use by the next report of `malloc-info'.
Point is before it, and after it then."
  (re-search-forward "</heap>\n<total type=\"fast\" [^>]*size=\"\\([0-9]+\\)\"")
  (let ((number (lambda (regexp)
                  (re-search-forward regexp)
                  (string-to-number (match-string 1))))
        (fast (string-to-number (match-string 1))))
    (let ((rest (funcall number "type=\"rest\" [^>]*size=\"\\([0-9]+\\)\""))
          (mapped (funcall number "type=\"mmap\" [^>]*size=\"\\([0-9]+\\)\""))
          (system (funcall number "type=\"current\" size=\"\\([0-9]+\\)\"")))
      (- (+ system mapped) fast rest))))

(defun sockopt-bench--bytes (make touch)
  "Return how many bytes a client takes that is made by MAKE.
It is a symbol.  TOUCH is as for `sockopt-bench--make-known'."
  (pcase-let ((`(,free . ,errors)
               (sockopt-bench--read-other
                `(sockopt-bench--make-known ',make ,touch))))
    (with-temp-buffer
      (insert errors)
      (goto-char (point-min))
      (let ((before (sockopt-bench--malloc-used)))
        (/ (- (sockopt-bench--malloc-used) before free)
           (float sockopt-bench--known))))))

(defun sockopt-bench--more-bytes (make touch)
  "Compare clients by MAKE, and TOUCH, with core's that nobody knows."
  (unless (fboundp 'malloc-info)
    (signal 'sockopt-bench-lacking '("malloc-info")))
  (let ((ours (sockopt-bench--bytes make touch))
        (theirs (sockopt-bench--bytes #'sockopt-bench--core nil)))
    (list ours theirs (- ours theirs))))

(defun sockopt-bench--bytes-known ()
  "Count the bytes that it takes to know a client of core's."
  (sockopt-bench--more-bytes #'sockopt-bench--core t))

(defun sockopt-bench--bytes-own ()
  "Count the bytes that a client of ours takes more than one of core's."
  (sockopt-bench--more-bytes #'sockopt-bench--own t))

;;; Threads and wake-ups

(defun sockopt-bench--threads ()
  "Return how many threads this Emacs has."
  (length (directory-files "/proc/self/task" nil "\\`[0-9]")))

(defconst sockopt-bench--waiting 450
  "How many connections wait at once.
More do not fit in what Emacs may have of descriptors.")

(defun sockopt-bench--wait-for-many ()
  "Return how many more threads there are while many connections wait."
  (let ((server (sockopt-bench--core :server 1 :service t :stop t))
        (before (sockopt-bench--threads)))
    (dotimes (i sockopt-bench--waiting)
      (sockopt-bench--own :name (format "client %d" i) :nowait t
                          :service (process-contact server :service)
                          :sentinel #'ignore))
    (accept-process-output nil 0.2)
    (- (sockopt-bench--threads) before)))

(defun sockopt-bench--waiting-threads ()
  "Count the threads while many connections wait."
  (let ((threads (car (sockopt-bench--read-other
                       '(sockopt-bench--wait-for-many)))))
    (list threads 0 threads)))

(defun sockopt-bench--switches ()
  "Return how often the threads of this Emacs have gone to sleep."
  (cl-loop for file in (file-expand-wildcards "/proc/self/task/*/status")
           sum (with-temp-buffer
                 (insert-file-contents file)
                 (re-search-forward "^voluntary_ctxt_switches:\t")
                 (string-to-number (buffer-substring (point) (line-end-position))))))

(defun sockopt-bench--idle (make)
  "Return how often a second this Emacs wakes while nothing happens.
It has many connections, which MAKE has made without waiting."
  (let ((server (apply #'sockopt-bench--core sockopt-bench--server))
        (seconds 5)
        before)
    (dotimes (i 100)
      (let ((client (funcall make :name (format "client %d" i) :nowait t
                             :service (process-contact server :service)
                             :filter #'ignore :sentinel #'ignore)))
        (sockopt-bench--drain 1)
        ;; Its peer is gone, so that it may be closed as soon as it is open.
        (sockopt-bench--await
         (lambda () (not (eq (process-status client) 'connect))))))
    (garbage-collect)
    (accept-process-output nil 1)
    (setq before (sockopt-bench--switches))
    (accept-process-output nil seconds)
    ;; One is of the end.
    (/ (- (sockopt-bench--switches) before 1) (float seconds))))

(defun sockopt-bench--wake-ups ()
  "Compare how often Emacs wakes with what it does without the package."
  (let ((ours (car (sockopt-bench--read-other
                    '(sockopt-bench--idle #'sockopt-bench--own))))
        (theirs (car (sockopt-bench--read-other
                      '(sockopt-bench--idle #'sockopt-bench--core)))))
    (list ours theirs (- ours theirs))))

(provide 'bench-idle)
;;; bench-idle.el ends here
