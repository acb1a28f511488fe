;;; bench-calls.el --- Measure single calls  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Setting and getting options, with and without `sockopt-mode'; starting
;; Emacs; garbage.

;;; Code:

(require 'cl-lib)
(require 'sockopt-mode)
(require 'bench-turns)

;;; Measures of single calls

(defun sockopt-bench--set ()
  "Compare setting a boolean with core."
  (sockopt-bench--with-bare (peer port)
    (let ((p (sockopt-bench--core :service port)))
      (sockopt-bench--compare
       (sockopt-bench--loop (sockopt-set p :keepalive t))
       (sockopt-bench--loop (set-network-process-option p :keepalive t))
       2000 100))))

(defun sockopt-bench--get-bare ()
  "Compare getting an integer with C."
  (sockopt-bench--with-bare (peer port)
    (let ((p (sockopt-bench--core :service port)))
      (sockopt-bench--compare
       (sockopt-bench--loop (sockopt-get p :priority))
       (sockopt-bench--loop-of peer "get")
       2000 100))))

(defun sockopt-bench--get-python ()
  "Compare getting an integer with Python."
  (sockopt-bench--with-bare (peer port)
    (let ((p (sockopt-bench--core :service port))
          (python (sockopt-bench--start-python)))
      (sockopt-bench--compare
       (sockopt-bench--loop (sockopt-get p :priority))
       (sockopt-bench--loop-of python "get")
       2000 100))))

(defconst sockopt-bench--ten
  '(:keepalive t :oobinline nil :dontroute nil :broadcast nil :linger 5
    :priority 3 :tcp-nodelay t :tcp-keepidle 100 :tcp-keepintvl 10
    :tcp-keepcnt 5)
  "Ten options.")

(defun sockopt-bench--set-ten ()
  "Compare setting ten options, the time for each, with core."
  (sockopt-bench--with-bare (peer port)
    (let* ((p (sockopt-bench--core :service port))
           (ten (sockopt-bench--loop
                  (sockopt-set-options p sockopt-bench--ten))))
      (sockopt-bench--compare
       (lambda (count) (/ (funcall ten count) 10))
       (sockopt-bench--loop (set-network-process-option p :keepalive t))
       500 100))))

(defun sockopt-bench--readable ()
  "Return the options that can be read of a TCP socket."
  (sockopt-bench--with-bare (peer port)
    (cl-loop for keyword in (sockopt-options
                             (sockopt-bench--core :service port))
             by #'cddr collect keyword)))

(defun sockopt-bench--options ()
  "Compare reading all options of a TCP socket with C."
  (let ((keywords (sockopt-bench--readable)))
    (sockopt-bench--with-bare (peer port keywords)
      (let ((p (sockopt-bench--core :service port)))
        (sockopt-bench--compare
         (sockopt-bench--loop (sockopt-options p))
         (sockopt-bench--loop-of peer "options")
         50 60)))))

(defun sockopt-bench--options-python ()
  "Compare reading all options of a TCP socket with Python."
  (let ((keywords (sockopt-bench--readable)))
    (sockopt-bench--with-bare (peer port keywords)
      (let ((p (sockopt-bench--core :service port))
            (python (apply #'sockopt-bench--start-python
                           (split-string
                            (sockopt-bench--ask peer "calls")))))
        (sockopt-bench--compare
         (sockopt-bench--loop (sockopt-options p))
         (sockopt-bench--loop-of python "options")
         50 60)))))

;;; Measures of `sockopt-mode'

(defun sockopt-bench--with-mode (function)
  "Return a function that does as FUNCTION with `sockopt-mode' on."
  (lambda (count)
    (sockopt-mode 1)
    (unwind-protect
        (funcall function count)
      (sockopt-mode -1))))

(defun sockopt-bench--mode-make ()
  "Compare making a plain client with the mode on and off."
  (let* ((server (apply #'sockopt-bench--core sockopt-bench--server))
         (port (process-contact server :service))
         (turn (sockopt-bench--loop
                 (delete-process
                  (make-network-process
                   :name "bench" :host "127.0.0.1" :service port
                   :family 'ipv4 :noquery t))))
         (drained (lambda (count)
                    (prog1 (funcall turn count)
                      (sockopt-bench--drain count)))))
    (sockopt-bench--compare (sockopt-bench--with-mode drained) drained
                            20 400)))

(defun sockopt-bench--mode-contact-by (key)
  "Compare what the mode adds to `process-contact' with one set by core.
KEY is the second argument."
  (sockopt-bench--with-bare (peer port)
    (let* ((p (sockopt-bench--core :service port))
           (turn (sockopt-bench--loop (process-contact p key)))
           (on (sockopt-bench--with-mode turn)))
      (sockopt-bench--compare
       (lambda (count) (- (funcall on count) (funcall turn count)))
       (sockopt-bench--loop (set-network-process-option p :keepalive t))
       2000 60))))

(defun sockopt-bench--mode-host ()
  "Compare what the mode adds to asking for the host with one set by core."
  (sockopt-bench--mode-contact-by :host))

(defun sockopt-bench--mode-contact ()
  "Compare what the mode adds to the whole contact with one set by core."
  (sockopt-bench--mode-contact-by t))

;;; Measures of Emacs

(defvar sockopt-bench--arguments nil
  "The arguments with which an Emacs like this one is started.")

(defun sockopt-bench--emacs (&rest arguments)
  "Return a function that starts Emacs with ARGUMENTS."
  (sockopt-bench--loop
    (apply #'call-process (expand-file-name invocation-name
                                            invocation-directory)
           nil nil nil (append sockopt-bench--arguments arguments))))

(defun sockopt-bench--load ()
  "Compare starting Emacs with the package and the module, and without."
  (sockopt-bench--compare
   (sockopt-bench--emacs "-l" "sockopt" "--eval" "(sockopt-option-list)")
   (sockopt-bench--emacs "--eval" "(ignore)")
   1 40))

(defun sockopt-bench--consed (function)
  "Return how many bytes one call of FUNCTION conses.
FUNCTION is as `sockopt-bench--loop' returns it."
  (funcall function 10)
  (let* ((gc-cons-threshold most-positive-fixnum)
         (count 10000)
         (before (memory-use-counts)))
    (funcall function count)
    ;; A few are of the counting itself.
    (round (apply #'+ (cl-mapcar (lambda (after before size)
                                   (* size (- after before)))
                                 (memory-use-counts) before
                                 '(16 8 8 48 1 56 32)))
           count)))

(defun sockopt-bench--consing (ours theirs)
  "Compare what OURS and THEIRS cons."
  (let ((a (sockopt-bench--consed ours))
        (b (sockopt-bench--consed theirs)))
    (list a b (- a b))))

(defun sockopt-bench--cons-set ()
  "Compare what setting a boolean conses with core."
  (sockopt-bench--with-bare (peer port)
    (let ((p (sockopt-bench--core :service port)))
      (sockopt-bench--consing
       (sockopt-bench--loop (sockopt-set p :keepalive t))
       (sockopt-bench--loop (set-network-process-option p :keepalive t))))))

(defun sockopt-bench--cons-get ()
  "Compare what getting a boolean conses with core's setting one."
  (sockopt-bench--with-bare (peer port)
    (let ((p (sockopt-bench--core :service port)))
      (sockopt-bench--consing
       (sockopt-bench--loop (sockopt-get p :keepalive))
       (sockopt-bench--loop (set-network-process-option p :keepalive t))))))

(provide 'bench-calls)
;;; bench-calls.el ends here
