;;; soak.el --- Do much, for long, and see that nothing grows  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make soak' runs this.  With SOAK=1 there are 100 000 sets and gets,
;; 10 000 processes made and deleted, 900 open at once, and 1 000 connections
;; begun and given up; SOAK=10, as in the short form, is a tenth of most.
;; Afterwards no more descriptors and threads are there than before, and in
;; the second half of each the memory does not grow.  Core's processes take
;; some that does not come back, so there it may grow as much as with core.

;;; Code:

(require 'cl-lib)
(require 'sockopt-tests-lib)

(defconst soak--part (max 1 (string-to-number (or (getenv "SOAK") "10")))
  "What the numbers are divided by.")

(defconst soak--growth 2000
  "How many KiB more than with core the second half may take.")

(defvar soak--wrong 0 "How much went wrong.")
(defvar soak--server nil "A server for all clients.")

(defun soak--memory ()
  "Return how many KiB of memory Emacs takes, after a garbage collection."
  (garbage-collect)
  (with-temp-buffer
    (insert-file-contents "/proc/self/status")
    (re-search-forward "^VmRSS:[ \t]*\\([0-9]+\\)")
    (string-to-number (match-string 1))))

(defun soak--held ()
  "Return how many descriptors and threads there are, as a list."
  (list (length (directory-files "/proc/self/fd"))
        (length (directory-files "/proc/self/task"))))

(defun soak--client (&rest arguments)
  "Make a client of the server with ARGUMENTS."
  (apply #'sockopt-tests-client soak--server :sentinel #'ignore arguments))

(defun soak--same-p (before)
  "Wait until what is held is BEFORE, and return non-nil if it is."
  (sockopt-tests-wait (lambda ()
                        (garbage-collect)
                        (cl-every #'<= (soak--held) before))
                      10))

(defun soak--check (name before first second core)
  "Say what came of NAME.
BEFORE is what was held, FIRST and SECOND how much the halves took, CORE how
much the second one takes with core alone."
  (let ((same (soak--same-p before)))
    (unless (and same (< second (+ core soak--growth)))
      (cl-incf soak--wrong))
    (princ (format "%-34s first half %6d KiB, second %6d KiB; \
descriptors and threads %S, then %S\n"
                   name first second before (soak--held)))))

(defun soak--halves (name count turn &optional core)
  "Call TURN COUNT times, and check under NAME that nothing grows.
CORE is how many KiB the second half takes with core alone, 0 if nil; t means
that this is core.  Return how many KiB the second half took."
  (let* ((before (soak--held))
         (start (soak--memory))
         (half (/ count 2))
         middle)
    (dotimes (i half) (funcall turn i))
    (setq middle (soak--memory))
    (dotimes (i half) (funcall turn (+ half i)))
    (let ((end (soak--memory)))
      (soak--check (format "%d %s" count name) before (- middle start)
                   (- end middle) (if (eq core t) (- end middle) (or core 0)))
      (- end middle))))

(defun soak--settings (count)
  "Set and get COUNT times."
  (let ((client (soak--client)))
    (soak--halves "sets and gets" count
                  (lambda (i)
                    (sockopt-set client :tcp-keepidle (1+ (% i 1000)))
                    (unless (= (sockopt-get client :tcp-keepidle)
                               (1+ (% i 1000)))
                      (error "It was not set"))))
    (delete-process client)))

(defun soak--make-and-delete (make)
  "Return a function that makes a process with MAKE and deletes it."
  (lambda (i)
    (let ((client (funcall make)))
      (accept-process-output nil 0.0001)
      (delete-process client))
    (when (zerop (% i 100))
      (accept-process-output nil 0.001))))

(defun soak--core-client (server)
  "Make a client of SERVER by core."
  (make-network-process :name "client" :noquery t :sentinel #'ignore
                        :host "127.0.0.1" :family 'ipv4
                        :service (process-contact server :service)))

(defun soak--processes (count)
  "Make and delete COUNT processes, by core and by the package."
  (let* ((server (make-network-process :name "core" :server 50 :noquery t
                                       :host "127.0.0.1" :service t
                                       :family 'ipv4 :sentinel #'ignore))
         (core (soak--halves "processes of core" count
                             (soak--make-and-delete
                              (lambda () (soak--core-client server)))
                             t)))
    (delete-process server)
    (soak--halves "processes made and deleted" count
                  (soak--make-and-delete
                   (lambda () (soak--client :keepalive t)))
                  (max 0 core))))

;; Emacs has room for 1024 descriptors, so these have no other end here.
(defun soak--at-once (count)
  "Have COUNT processes open at once, twice."
  (let ((before (soak--held)))
    (soak--halves (format "times %d open at once" count) 4
                  (lambda (_)
                    (let ((all (cl-loop repeat count
                                        collect (sockopt-make-network-process
                                                 :name "open" :noquery t
                                                 :type 'datagram
                                                 :host "127.0.0.1"
                                                 :service 9))))
                      (mapc #'delete-process all))))
    (unless (soak--same-p before)
      (cl-incf soak--wrong))))

(defun soak--pending (count)
  "Begin to connect COUNT times, and give that up."
  (let ((full (sockopt-tests-full-server)))
    (soak--halves "connections begun and given up" count
                  (lambda (_)
                    (delete-process
                     (sockopt-tests-client full :nowait t
                                           :sentinel #'ignore))))
    (delete-process full)))

(defun soak-run ()
  "Do all of it, and exit."
  (sockopt-tests-warm-up)
  ;; What is accepted goes when its client does.
  (setq soak--server (sockopt-tests-server :sentinel #'ignore))
  (soak--settings (/ 100000 soak--part))
  (soak--processes (/ 10000 soak--part))
  (soak--at-once 900)
  (soak--pending (/ 1000 soak--part))
  (kill-emacs (if (zerop soak--wrong) 0 1)))

(provide 'soak)
;;; soak.el ends here
