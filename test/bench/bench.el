;;; bench.el --- Measure sockopt against core and the kernel  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make bench' runs this: one table, whose every row compares what this
;; package does with something else that does the same.  The two take
;; turns, many times and each for some milliseconds, so that a machine
;; that slows down slows down both; the figures are medians, and the ratio
;; is the median of the ratios of the turns.  All of it happens first in
;; an Emacs where the package is byte-compiled, then in one where it is
;; compiled natively.
;;
;; The cost of an empty loop is taken off, and garbage is collected
;; between the turns, not within; rows of their own tell how much there is.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-process)
(require 'sockopt-mode)
(require 'sockopt-list)

(defvar native-comp-eln-load-path)
(declare-function native-compile "comp" (function-or-file &optional output))

;;; Taking turns

(defvar sockopt-bench--empty 0.0
  "The seconds that one turn of an empty loop takes.")

(defmacro sockopt-bench--loop (&rest body)
  "Return a function that evaluates BODY as often as its argument says.
Its value is the seconds that BODY took."
  (declare (indent 0) (debug t))
  `(lambda (count)
     (let ((i count)
           (start (float-time)))
       (while (> i 0)
         ,@body
         (setq i (1- i)))
       (- (float-time) start (* count sockopt-bench--empty)))))

(defun sockopt-bench--median (numbers)
  "Return the median of NUMBERS."
  (nth (/ (length numbers) 2) (sort (copy-sequence numbers) #'<)))

(defun sockopt-bench--turn (function count)
  "Return the seconds that one of COUNT turns of FUNCTION takes."
  (let ((gc-cons-threshold most-positive-fixnum))
    (/ (funcall function count) count)))

(defun sockopt-bench--compare (ours theirs count rounds)
  "Let OURS and THEIRS take turns of COUNT calls, ROUNDS times.
They are functions as `sockopt-bench--loop' returns them.  Value is a list
of the median seconds of one call of each, and of the median ratio."
  (sockopt-bench--turn ours count)
  (sockopt-bench--turn theirs count)
  (let (a b ratios)
    (dotimes (round rounds)
      (when (zerop (% round 10))
        (garbage-collect))
      ;; Neither always comes first.
      (when (cl-evenp round)
        (push (sockopt-bench--turn ours count) a))
      (push (sockopt-bench--turn theirs count) b)
      (when (cl-oddp round)
        (push (sockopt-bench--turn ours count) a))
      (push (/ (car a) (car b)) ratios))
    (mapcar #'sockopt-bench--median (list a b ratios))))

;;; The others

(defun sockopt-bench--ask (peer request)
  "Return the line with which the process PEER answers REQUEST, a line.
With REQUEST nil, return the first line that it writes of itself."
  (process-put peer 'answer "")
  (when request
    (process-send-string peer (concat request "\n")))
  (let ((end (+ (float-time) 10)))
    (while (not (string-suffix-p "\n" (process-get peer 'answer)))
      (unless (and (process-live-p peer) (< (float-time) end))
        (error "%s does not answer" peer))
      ;; Connections that it makes are accepted later.
      (accept-process-output peer 1 nil t))
    (string-trim (process-get peer 'answer))))

(defun sockopt-bench--start (&rest command)
  "Start COMMAND, which answers requests, and return its process."
  (make-process :name (file-name-base (car command)) :command command
                :connection-type 'pipe :noquery t :coding 'us-ascii
                :stderr nil
                :filter (lambda (peer string)
                          (process-put peer 'answer
                                       (concat (process-get peer 'answer)
                                               string)))))

(defun sockopt-bench--loop-of (peer name)
  "Return a function that has PEER do NAME as often as its argument says."
  (lambda (count)
    (/ (string-to-number
        (sockopt-bench--ask peer (format "%s %d" name count)))
       1e9)))

(defvar sockopt-bench--bare nil
  "The program of the bare system calls, a file.")

(defmacro sockopt-bench--with-bare (spec &rest body)
  "Evaluate BODY while a process of the bare system calls runs.
SPEC is (PEER PORT OPTION...): PEER becomes the process, PORT where it
listens; each OPTION is a form whose value is a list of options."
  (declare (indent 1) (debug t))
  (pcase-let ((`(,peer ,port . ,options) spec))
    `(let* ((,peer (apply #'sockopt-bench--start sockopt-bench--bare
                          (mapcar #'symbol-name (append ,@options))))
            (,port (string-to-number (sockopt-bench--ask ,peer nil))))
       (ignore ,peer ,port)
       ,@body)))

;;; Processes

(defconst sockopt-bench--loopback
  '(:name "bench" :host "127.0.0.1" :family ipv4 :noquery t :coding binary)
  "What the processes of the measures have in common.")

(defun sockopt-bench--core (&rest arguments)
  "Make a network process on this machine with core, by ARGUMENTS."
  (apply #'make-network-process
         (append arguments sockopt-bench--loopback)))

(defun sockopt-bench--own (&rest arguments)
  "Make a network process on this machine with sockopt, by ARGUMENTS."
  (apply #'sockopt-make-network-process
         (append arguments sockopt-bench--loopback)))

(defun sockopt-bench--await (predicate)
  "Handle events until PREDICATE holds, for at most 10 seconds."
  (let ((end (+ (float-time) 10)))
    (while (not (funcall predicate))
      (unless (< (float-time) end)
        (error "Waited in vain"))
      ;; Accepting a connection does not end this.
      (accept-process-output nil 0.002))))

(defvar sockopt-bench--accepted nil
  "The processes that the servers of the measures have accepted.")

(defvar sockopt-bench--accepted-at nil
  "When the last of them was accepted.")

(defun sockopt-bench--note-accepted (_server child _message)
  "Note that CHILD was accepted."
  (push child sockopt-bench--accepted)
  (setq sockopt-bench--accepted-at (float-time)))

(defconst sockopt-bench--server
  ;; Without a filter core makes a buffer for each child.
  '(:server 100 :service t :filter ignore :sentinel ignore
    :log sockopt-bench--note-accepted)
  "What servers have in common.")

(defun sockopt-bench--drain (count)
  "Accept COUNT connections and delete their processes."
  (sockopt-bench--await
   (lambda () (<= count (length sockopt-bench--accepted))))
  (mapc #'delete-process sockopt-bench--accepted)
  (setq sockopt-bench--accepted nil))

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
  (if (not (executable-find "python3"))
      "python3 is missing"
    (sockopt-bench--with-bare (peer port)
      (let ((p (sockopt-bench--core :service port))
            (python (sockopt-bench--start
                     "python3" (expand-file-name "bench/bare.py"))))
        (sockopt-bench--compare
         (sockopt-bench--loop (sockopt-get p :priority))
         (sockopt-bench--loop-of python "get")
         2000 100)))))

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

(defun sockopt-bench--options ()
  "Compare reading all options of a TCP socket with C."
  (let (keywords)
    (sockopt-bench--with-bare (peer port)
      (setq keywords (cl-loop for keyword
                              in (sockopt-options
                                  (sockopt-bench--core :service port))
                              by #'cddr collect keyword)))
    (sockopt-bench--with-bare (peer port keywords)
      (let ((p (sockopt-bench--core :service port)))
        (sockopt-bench--compare
         (sockopt-bench--loop (sockopt-options p))
         (sockopt-bench--loop-of peer "options")
         50 60)))))

;;; Measures of processes

(defconst sockopt-bench--five
  ;; A connection reset at the end leaves its port free.
  '(:keepalive t :oobinline t :dontroute nil :priority 3 :linger 0)
  "Five options that core knows.")

(defun sockopt-bench--creation (ours theirs)
  "Compare OURS and THEIRS, which make a client from its arguments."
  (let* ((server (apply #'sockopt-bench--core sockopt-bench--server))
         (arguments (append (list :service (process-contact server :service))
                            sockopt-bench--five))
         (drained (lambda (function)
                    (let ((turn (sockopt-bench--loop
                                  (delete-process
                                   (apply function arguments)))))
                      (lambda (count)
                        (prog1 (funcall turn count)
                          (sockopt-bench--drain count)))))))
    (sockopt-bench--compare (funcall drained ours) (funcall drained theirs)
                            20 200)))

(defun sockopt-bench--create ()
  "Compare making and deleting a client with core."
  (sockopt-bench--creation #'sockopt-bench--own #'sockopt-bench--core))

(defun sockopt-bench--accept-turn (server peer)
  "Return a function that has SERVER accept connections, which PEER makes."
  (let ((port (process-contact server :service)))
    (lambda (count)
      (sockopt-bench--ask peer (format "connect %d %d" port count))
      (let ((start (float-time)))
        (sockopt-bench--await
         (lambda () (<= count (length sockopt-bench--accepted))))
        (prog1 (- sockopt-bench--accepted-at start)
          (sockopt-bench--drain count)
          (sockopt-bench--ask peer "close"))))))

(defun sockopt-bench--accept ()
  "Compare the rates of accepting connections."
  (sockopt-bench--with-bare (peer port)
    (let* ((ours (apply #'sockopt-bench--own
                        :child-options '(:keepalive t :tcp-nodelay t)
                        sockopt-bench--server))
           (theirs (apply #'sockopt-bench--core sockopt-bench--server)))
      (pcase-let ((`(,a ,b ,ratio)
                   (sockopt-bench--compare
                    (sockopt-bench--accept-turn ours peer)
                    (sockopt-bench--accept-turn theirs peer)
                    40 60)))
        (list (/ a) (/ b) (/ ratio))))))

(defun sockopt-bench--count-bytes (process string)
  "Count that PROCESS has received STRING."
  (process-put process 'count
               (+ (length string) (or (process-get process 'count) 0))))

(defun sockopt-bench--echo (process bytes)
  "Send BYTES, a string, to PROCESS and wait until as many are back."
  (process-put process 'count 0)
  (process-send-string process bytes)
  (while (< (process-get process 'count) (length bytes))
    (unless (accept-process-output process 10)
      (error "No echo from %s" process))))

(defun sockopt-bench--transfer (size count rounds)
  "Compare how long it takes until SIZE bytes are back.
COUNT and ROUNDS are as for `sockopt-bench--compare'.  Connections differ
by luck, even two of core's by some percent, so there are many of them."
  (sockopt-bench--with-bare (peer port)
    (let ((arguments (list :service port
                           :filter #'sockopt-bench--count-bytes))
          (bytes (make-string size ?x))
          results)
      (dotimes (turn 16)
        (let* ((early (and (cl-evenp turn)
                           (apply #'sockopt-bench--own arguments)))
               (theirs (apply #'sockopt-bench--core arguments))
               (ours (or early (apply #'sockopt-bench--own arguments))))
          (push (sockopt-bench--compare
                 (sockopt-bench--loop (sockopt-bench--echo ours bytes))
                 (sockopt-bench--loop (sockopt-bench--echo theirs bytes))
                 count rounds)
                results)
          (mapc #'delete-process (list ours theirs))))
      (cl-loop for i below 3
               collect (sockopt-bench--median
                        (mapcar (lambda (result) (nth i result))
                                results))))))

(defun sockopt-bench--bulk ()
  "Compare the throughput, in bytes per second, there and back."
  (pcase-let ((`(,a ,b ,ratio) (sockopt-bench--transfer 1000000 1 30)))
    (list (/ 2e6 a) (/ 2e6 b) (/ ratio))))

(defun sockopt-bench--latency ()
  "Compare the time for one byte there and back."
  (sockopt-bench--transfer 1 30 40))

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

(defun sockopt-bench--snapshot ()
  "Compare reading all options of 100 connections with ss."
  (if (not (executable-find "ss"))
      "ss is missing"
    (sockopt-bench--with-bare (peer port)
      (let ((crowd (cl-loop repeat 100
                            collect (sockopt-bench--core :service port))))
        (sockopt-bench--compare
         (sockopt-bench--loop (mapc #'sockopt-options crowd))
         (sockopt-bench--loop
           (with-temp-buffer (call-process "ss" nil t nil "-tin")))
         1 15)))))

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

;;; The table

(defconst sockopt-bench--measures
  '((set "set a boolean / core" ns sockopt-bench--set 1.5 1.25)
    (get-bare "get an integer / C" ns sockopt-bench--get-bare 2 1.75)
    (get-python "get an integer / Python" ns sockopt-bench--get-python 1 1)
    (set-ten "set one of ten options / core" ns sockopt-bench--set-ten 1 1)
    (options "all options of a socket / C" us sockopt-bench--options 2 2)
    (create "make and delete a client / core" us
            sockopt-bench--create 2 2)
    (accept "accepted, with options / core" per-s
            sockopt-bench--accept (0.9 nil) (0.9 nil))
    (bulk "throughput / core" mb-per-s sockopt-bench--bulk
          (0.97 1.03) (0.97 1.03))
    (latency "ping-pong / core" us sockopt-bench--latency
             (0.97 1.03) (0.97 1.03))
    (crowded-set "set among 1000 / alone" ns
                 sockopt-bench--crowded-set 1.1 1.1)
    (crowded-get "get among 1000 / alone" ns
                 sockopt-bench--crowded-get 1.1 1.1)
    (first-touch "first touch among 1000, ms" us
                 sockopt-bench--first-touch 1 1)
    (mode-make "make a client, mode on / off" us
               sockopt-bench--mode-make 1.05 1.05)
    (mode-host "contact's host, mode adds / core's set" ns
               sockopt-bench--mode-host 3 3)
    (mode-contact "whole contact, mode adds / core's set" ns
                  sockopt-bench--mode-contact 3 3)
    (load "start with the module / without" ms
          sockopt-bench--load 1.05 1.05)
    (cons-set "bytes consed by set - core's" bytes
              sockopt-bench--cons-set 0 0)
    (cons-get "bytes consed by get - core's set" bytes
              sockopt-bench--cons-get 0 0)
    (snapshot "options of 100 connections / ss -ti" ms
              sockopt-bench--snapshot nil nil)
    (list "refresh a list of 1000, ms" ms sockopt-bench--list 50 50))
  "What is measured: (ID NAME UNIT FUNCTION TARGET NATIVE-TARGET).
FUNCTION returns (OURS THEIRS RATIO), or in words why it cannot be called
here.  A target is the greatest ratio, (LEAST GREATEST), or nil.")

(defconst sockopt-bench--units
  '((ns 1e9 "ns") (us 1e6 "µs") (ms 1e3 "ms") (per-s 1 "/s")
    (mb-per-s 1e-6 "MB/s") (bytes 1 "B"))
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

(defun sockopt-bench--reached (ratio target)
  "Return in a word whether RATIO reaches TARGET."
  (pcase-let ((`(,least ,greatest) (if (numberp target)
                                       (list nil target)
                                     target)))
    (cond ((null target) "")
          ((and (<= (or least ratio) ratio) (<= ratio (or greatest ratio)))
           "yes")
          (t "NO"))))

(defun sockopt-bench--cells (measure result target)
  "Return the cells of the table for RESULT of MEASURE, which has TARGET."
  (pcase result
    (`(,ours ,theirs ,ratio)
     ;; The ratio of a time alone is to a millisecond.
     (let ((ratio (if theirs ratio (* 1000 ratio)))
           (unit (nth 2 measure)))
       (list (sockopt-bench--figure ours unit)
             (sockopt-bench--figure theirs unit)
             (format "%.2f" ratio)
             (sockopt-bench--target-words target)
             (sockopt-bench--reached ratio target))))
    (_ (list "-" "-" "-" (sockopt-bench--target-words target) "-"))))

(defconst sockopt-bench--format
  "%-38s %10s %10s %6s %9s %-4s %10s %10s %6s %9s %-4s\n"
  "The format of a line of the table.")

(defun sockopt-bench--print (byte native)
  "Print the table of the results BYTE and NATIVE, alists by ID."
  (let ((head '("ours" "theirs" "ratio" "target" "")))
    (princ (format sockopt-bench--format "" "byte-code" "" "" "" ""
                   "native" "" "" "" ""))
    (princ (apply #'format sockopt-bench--format
                  "measure" (append head head))))
  (dolist (measure sockopt-bench--measures)
    (pcase-let ((`(,id ,name ,_unit ,_function ,target ,native-target)
                 measure))
      (princ (apply #'format sockopt-bench--format name
                    (append
                     (sockopt-bench--cells measure (alist-get id byte)
                                           target)
                     (sockopt-bench--cells measure (alist-get id native)
                                           native-target))))))
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
                    for result = (funcall function)
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
           "-L" "bench" "-l" "bench" "-f" "sockopt-bench-run"
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
    (unless native
      (princ "SKIPPED native: this Emacs cannot compile natively\n"))
    (princ (format "Emacs %s, %s, Linux %s; %d s\n" emacs-version
                   system-configuration
                   (string-trim (shell-command-to-string "uname -r"))
                   (- (float-time) start)))))

(provide 'bench)
;;; bench.el ends here
