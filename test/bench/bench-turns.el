;;; bench-turns.el --- What the measures of sockopt have in common  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Taking turns, the programs to compare with, and processes.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-process)

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

(defun sockopt-bench--spread (numbers)
  "Return the quartiles of NUMBERS, a list of two."
  (let ((sorted (sort (copy-sequence numbers) #'<))
        (count (length numbers)))
    (list (nth (/ count 4) sorted) (nth (/ (* 3 count) 4) sorted))))

(defun sockopt-bench--inverse (result)
  "Return RESULT, times as `sockopt-bench--compare' gives, as rates."
  (pcase-let ((`(,a ,b ,ratio ,low ,high) result))
    (mapcar #'/ (list a b ratio high low))))

(defun sockopt-bench--turn (function count)
  "Return the seconds that one of COUNT turns of FUNCTION takes."
  (let ((gc-cons-threshold most-positive-fixnum))
    (/ (funcall function count) count)))

(defun sockopt-bench--compare (ours theirs count rounds)
  "Let OURS and THEIRS take turns of COUNT calls, ROUNDS times.
They are functions as `sockopt-bench--loop' returns them.  Value is a list
of the median seconds of one call of each, the median ratio, and between
what the middle half of the ratios are."
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
    (append (mapcar #'sockopt-bench--median (list a b ratios))
            (sockopt-bench--spread ratios))))

;;; The others

(define-error 'sockopt-bench-lacking "Lacking")

(defconst sockopt-bench--directory
  (file-name-directory (or load-file-name buffer-file-name))
  "Where these files are.")

(defun sockopt-bench--need (program)
  "Signal that PROGRAM is missing, if it is."
  (unless (executable-find program)
    (signal 'sockopt-bench-lacking (list program))))

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

(defun sockopt-bench--start-python (&rest arguments)
  "Start the program of Python's calls with ARGUMENTS and return its process.
Signal a `sockopt-bench-lacking' if there is no Python."
  (sockopt-bench--need "python3")
  (apply #'sockopt-bench--start "python3"
         (expand-file-name "bare.py" sockopt-bench--directory) arguments))

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

(provide 'bench-turns)
;;; bench-turns.el ends here
