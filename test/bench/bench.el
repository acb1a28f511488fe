;;; bench.el --- Measure sockopt against core and the kernel  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make bench' runs this: one table, whose every row compares what this
;; package does with something else that does the same.  The two take
;; turns, many times and each for some milliseconds, so that a machine
;; that slows down slows down both; the figures are medians, and the ratio
;; is the median of the ratios of the turns, with what the middle half of
;; them are.  All of it happens first in an Emacs where the package is
;; byte-compiled, then in one where it is compiled natively.  A star marks
;; what falls behind its goal.
;;
;; The cost of an empty loop is taken off, and garbage is collected
;; between the turns, not within; rows of their own tell how much there is.

;;; Code:

(require 'cl-lib)
(require 'bench-turns)
(require 'bench-calls)
(require 'bench-processes)
(require 'bench-many)
(require 'bench-open)
(require 'bench-idle)

(defvar native-comp-eln-load-path)
(declare-function native-compile "comp" (function-or-file &optional output))

;;; The table

(defconst sockopt-bench--measures
  '((set "set a boolean / core" ns sockopt-bench--set 1.45 1.3)
    (get-bare "get an integer / C" ns sockopt-bench--get-bare 2 1.75)
    (get-python "get an integer / Python" ns sockopt-bench--get-python 1 1)
    (set-ten "set ten options, each / core" ns
             sockopt-bench--set-ten 1.1 1.1)
    (options "all options of a TCP socket / C" us
             sockopt-bench--options 1.15 1.15)
    (options-python "all options of a TCP socket / Python" us
                    sockopt-bench--options-python 1 1)
    (many-options "all options of 1000 connections / ss" ms
                  sockopt-bench--many-options 0.5 0.5)
    (many-infos ":tcp-info of 1000 connections / ss" ms
                sockopt-bench--many-infos 0.5 0.5)
    (create "make and delete a client, five options / core" us
            sockopt-bench--create 2 2)
    (nowait-call "call with :nowait, to an address / core" us
                 sockopt-bench--nowait-call nil nil)
    (nowait-open "until open with :nowait, an address / core" us
                 sockopt-bench--nowait-open nil nil)
    (nowait-name-call "call with :nowait, to a name / core" us
                      sockopt-bench--nowait-name-call nil nil)
    (nowait-name-open "until open with :nowait, a name / core" us
                      sockopt-bench--nowait-name-open 1 1)
    (open-one "open by name, one address / best other" ms
              sockopt-bench--open-one 1 1)
    (open-two "open by name, IPv6 is dead / best other" ms
              sockopt-bench--open-two 1 1)
    (open-three "open by name, two are dead / best other" ms
                sockopt-bench--open-three 1 1)
    (accept "accepted with :child-options / core without" per-s
            sockopt-bench--accept (0.9 nil) (0.9 nil))
    (bulk "throughput / core" mb-per-s sockopt-bench--bulk
          (0.97 1.03) (0.97 1.03))
    (latency "ping-pong / core" us sockopt-bench--latency
             (0.97 1.03) (0.97 1.03))
    (datagrams "datagrams received / core's filter" per-s
               sockopt-bench--datagrams (0.9 nil) (0.9 nil))
    (told "datagrams, hops and times told / core" per-s
          sockopt-bench--told nil nil)
    (crowded-set "set among 1000 processes / alone" ns
                 sockopt-bench--crowded-set 1.1 1.1)
    (crowded-get "get among 1000 processes / alone" ns
                 sockopt-bench--crowded-get 1.1 1.1)
    (first-touch "first touch among 1000, in ms" ms
                 sockopt-bench--first-touch 1 1)
    (mode-make "make a client, sockopt-mode on / off" us
               sockopt-bench--mode-make 1.05 1.05)
    (mode-host "contact's host, the mode adds / core's set" ns
               sockopt-bench--mode-host 3 3)
    (mode-contact "whole contact, the mode adds / core's set" ns
                  sockopt-bench--mode-contact 3 3)
    (load "start Emacs with package and module / without" ms
          sockopt-bench--load 1.05 1.05)
    (cons-set "bytes of garbage, set - core's set" bytes
              sockopt-bench--cons-set 0 0)
    (cons-get "bytes of garbage, get - core's set" bytes
              sockopt-bench--cons-get 0 0)
    (list "refresh a list of 1000, in ms" ms sockopt-bench--list 50 50)
    (bytes-known "bytes to know a client of core's" bytes
                 sockopt-bench--bytes-known 400 400)
    (bytes-own "bytes of a client, more than core's" bytes
               sockopt-bench--bytes-own 400 400)
    (threads "threads while 450 connections wait" count
             sockopt-bench--waiting-threads 1 1)
    (wake-ups "wake-ups a second of 100 idle clients, more than core's" count
              sockopt-bench--wake-ups 0 0))
  "What is measured: (ID NAME UNIT FUNCTION TARGET NATIVE-TARGET).
FUNCTION returns (OURS THEIRS RATIO [LOW HIGH]), where the last two say how
the ratios spread, or in words why it cannot be called here.  A target is
the greatest ratio, (LEAST GREATEST), or nil.")

(defconst sockopt-bench--units
  '((ns 1e9 "ns") (us 1e6 "µs") (ms 1e3 "ms") (per-s 1 "/s")
    (mb-per-s 1e-6 "MB/s") (bytes 1 "B") (count 1 ""))
  "For each unit of the table the factor and the words.")

(defun sockopt-bench--figure (number unit)
  "Return NUMBER in UNIT as a string; nil is a dash."
  (pcase-let ((`(,factor ,words) (alist-get unit sockopt-bench--units)))
    (if number
        (let ((scaled (* factor number)))
          (format (if (or (eq unit 'bytes) (< 100 scaled)) "%.0f %s" "%.1f %s")
                  scaled words))
      "-")))

(defun sockopt-bench--target-words (target)
  "Return TARGET as a string."
  (pcase target
    ('nil "")
    ((pred numberp) (format "≤ %s" target))
    (`(,least nil) (format "≥ %s" least))
    (`(,least ,greatest) (format "%s-%s" least greatest))))

(defun sockopt-bench--goal (target native-target)
  "Return TARGET and NATIVE-TARGET as a string."
  (mapconcat #'sockopt-bench--target-words
             (delete-dups (list target native-target)) ", "))

(defun sockopt-bench--mark (ratio target)
  "Return a mark if RATIO falls behind TARGET, or an empty string."
  (pcase-let ((`(,least ,greatest) (if (numberp target)
                                       (list nil target)
                                     target)))
    (if (or (and least (< ratio least))
            (and greatest (< greatest ratio)))
        "*"
      "")))

(defun sockopt-bench--ratio (result target)
  "Return the ratio in RESULT, how it spreads, and a mark for TARGET."
  (pcase-let* ((`(,_ours ,theirs ,ratio ,low ,high) result)
               ;; The ratio of a time alone is to a millisecond.
               (ratio (if theirs ratio (* 1000 ratio))))
    (concat (format "%.2f" ratio)
            (and low (format " (%.2f-%.2f)" low high))
            (sockopt-bench--mark ratio target))))

(defun sockopt-bench--cells (measure result target)
  "Return the cells of the table for RESULT of MEASURE, which has TARGET."
  (if (consp result)
      (list (sockopt-bench--figure (nth 0 result) (nth 2 measure))
            (sockopt-bench--figure (nth 1 result) (nth 2 measure))
            (sockopt-bench--ratio result target))
    (list "-" "-" "-")))

(defun sockopt-bench--row (cells)
  "Print CELLS, strings, as a row of a table of Org."
  (princ (format "| %s |\n" (mapconcat #'identity cells " | "))))

(defun sockopt-bench--summary (byte native)
  "Print of the results BYTE and NATIVE what README.org shows.
Both are as for `sockopt-bench--print'."
  (princ "\n| what / compared with | byte-compiled | native | goal |\n|-\n")
  (pcase-dolist (`(,id ,name ,_unit ,_function ,target ,native-target)
                 sockopt-bench--measures)
    (sockopt-bench--row
     (list name
           (nth 2 (sockopt-bench--cells '(nil nil count)
                                        (alist-get id byte) target))
           (nth 2 (sockopt-bench--cells '(nil nil count)
                                        (alist-get id native) native-target))
           (sockopt-bench--goal target native-target))))
  (princ "\n"))

(defun sockopt-bench--print (byte native)
  "Print the table of the results BYTE and NATIVE, alists by ID."
  (sockopt-bench--row '("what / compared with" "goal"
                        "byte code" "theirs" "ratio"
                        "native code" "theirs" "ratio"))
  (princ "|-\n")
  (pcase-dolist ((and measure `(,id ,name ,_unit ,_function ,target
                                    ,native-target))
                 sockopt-bench--measures)
    (sockopt-bench--row
     (append (list name
                   (sockopt-bench--goal target native-target))
             (sockopt-bench--cells measure (alist-get id byte) target)
             (sockopt-bench--cells measure (alist-get id native)
                                   native-target))))
  (pcase-dolist (`(,id . ,result) (append byte native))
    (when (stringp result)
      (princ (format "SKIPPED %s: %s\n" id result)))))

;;; Running

(defun sockopt-bench--clean ()
  "Delete all processes, and what they were accepted as."
  (mapc #'delete-process (process-list))
  (setq sockopt-bench--accepted nil
        sockopt-bench--crowd nil))

(defun sockopt-bench--calibrate ()
  "Measure the empty loop."
  (setq sockopt-bench--empty 0.0)
  (let ((loop (sockopt-bench--loop)))
    (setq sockopt-bench--empty
          (sockopt-bench--median
           (cl-loop repeat 50 collect (sockopt-bench--turn loop 10000))))))

(defun sockopt-bench--measure (function)
  "Return what FUNCTION does, or in words what it lacks."
  (condition-case error
      (funcall function)
    (sockopt-bench-lacking (format "%s is missing" (cadr error)))))

(defun sockopt-bench-run ()
  "Measure all, in this Emacs, and print the results as an alist.
The command line says which file the program of the bare calls is, whether
the package must be compiled natively, and which arguments another Emacs
takes, a list."
  (pcase-let* ((`(,bare ,native ,arguments)
                (mapcar #'read command-line-args-left))
               (compiled (symbol-function 'sockopt-set)))
    (setq command-line-args-left nil
          sockopt-bench--bare bare
          sockopt-bench--arguments arguments)
    (unless (if native
                ;; Emacs 30 has another name for it.
                (funcall (if (fboundp 'native-comp-function-p)
                             'native-comp-function-p
                           'subr-native-elisp-p)
                         compiled)
              (byte-code-function-p compiled))
      (error "Measuring what is not compiled"))
    (sockopt-option-list)
    (sockopt-bench--calibrate)
    (prin1 (cl-loop for (id _name _unit function) in sockopt-bench--measures
                    for result = (sockopt-bench--measure function)
                    do (sockopt-bench--clean)
                    collect (cons id result)))))

(defun sockopt-bench--call (directory arguments)
  "Run another Emacs with ARGUMENTS and return what it prints.
What it prints as errors goes through a file in DIRECTORY."
  (let ((errors (expand-file-name "errors" directory)))
    (with-temp-buffer
      (let ((status (apply #'call-process
                           (expand-file-name invocation-name
                                             invocation-directory)
                           nil (list t errors) nil arguments)))
        (with-temp-buffer
          (insert-file-contents errors)
          (princ (buffer-string) #'external-debugging-output))
        (unless (equal status 0)
          (error "Emacs ended with status %s" status)))
      (buffer-string))))

(defun sockopt-bench--results (bare native directory arguments)
  "Return the results of another Emacs, which takes ARGUMENTS.
BARE and NATIVE are as for `sockopt-bench-run'; DIRECTORY is for files."
  (read (sockopt-bench--call
         directory
         `(,@arguments
           "-L" ,sockopt-bench--directory
           "-L" ,(expand-file-name ".." sockopt-bench--directory)
           "-l" "bench" "-f" "sockopt-bench-run"
           ,@(mapcar #'prin1-to-string (list bare native arguments))))))

(defun sockopt-bench--native-p ()
  "Return non-nil if this Emacs can compile natively."
  (and (fboundp 'native-comp-available-p) (native-comp-available-p)))

(defun sockopt-bench ()
  "Measure all and print the table.
The command line names the program of the bare calls and Lisp files, with
whose native code all is measured again."
  (let* ((start (float-time))
         (directory (make-temp-file "sockopt-bench" t))
         (bare (expand-file-name (car command-line-args-left)))
         (files (mapcar #'expand-file-name (cdr command-line-args-left)))
         ;; Native code goes to DIRECTORY, also that with which Emacs lets
         ;; `sockopt-mode' advise its primitives.
         (arguments
          (list "-Q" "--batch" "-L" (expand-file-name "lisp") "--eval"
                (format "(when (boundp 'native-comp-eln-load-path)
                           (setcar native-comp-eln-load-path %S))"
                        (file-name-as-directory directory))))
         byte native)
    (setq command-line-args-left nil)
    ;; This happens after an error in batch, too.
    (add-hook 'kill-emacs-hook (lambda () (delete-directory directory t)))
    (setq byte (sockopt-bench--results bare nil directory arguments))
    (when (sockopt-bench--native-p)
      (sockopt-bench--call
       directory
       `(,@arguments
         "--eval" ,(format "(mapc #'native-compile '%S)" files)))
      (setq native (sockopt-bench--results bare t directory arguments)))
    (sockopt-bench--print byte native)
    (sockopt-bench--summary byte native)
    (unless native
      (princ "SKIPPED native: this Emacs cannot compile natively\n"))
    (princ (format "Emacs %s, %s, Linux %s; %d s\n" emacs-version
                   system-configuration
                   (string-trim (shell-command-to-string "uname -r"))
                   (- (float-time) start)))))

(provide 'bench)
;;; bench.el ends here
