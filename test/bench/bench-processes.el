;;; bench-processes.el --- Measure making and accepting  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Making processes, accepting connections, and what these then carry.

;;; Code:

(require 'cl-lib)
(require 'bench-turns)

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

;;; Not waiting

(defvar sockopt-bench--opened-at nil
  "When the last connection that was not waited for was open.")

(defun sockopt-bench--note-open (_process message)
  "Note that MESSAGE says that a connection is open."
  (when (equal message "open\n")
    (setq sockopt-bench--opened-at (float-time))))

(defun sockopt-bench--nowait-once (make arguments until-open)
  "Have MAKE make a process by ARGUMENTS, and return how many seconds it took.
With UNTIL-OPEN, until it is open, otherwise until MAKE returns."
  (setq sockopt-bench--opened-at nil)
  (let* ((start (float-time))
         (process (apply make :nowait t :sentinel #'sockopt-bench--note-open
                         arguments))
         (returned (float-time)))
    (sockopt-bench--await (lambda () sockopt-bench--opened-at))
    (delete-process process)
    (- (if until-open sockopt-bench--opened-at returned) start)))

(defun sockopt-bench--nowait (host until-open)
  "Compare connecting to HOST without waiting with core.
UNTIL-OPEN is as for `sockopt-bench--nowait-once'."
  (let* ((server (apply #'sockopt-bench--core sockopt-bench--server))
         (arguments (list :host host :linger 0
                          :service (process-contact server :service)))
         (turn (lambda (make)
                 (lambda (count)
                   (prog1 (cl-loop repeat count
                                   sum (sockopt-bench--nowait-once
                                        make arguments until-open))
                     (sockopt-bench--drain count))))))
    (sockopt-bench--compare (funcall turn #'sockopt-bench--own)
                            (funcall turn #'sockopt-bench--core)
                            5 60)))

(defun sockopt-bench--nowait-call ()
  "Compare the time until a call to connect to an address returns."
  (sockopt-bench--nowait "127.0.0.1" nil))

(defun sockopt-bench--nowait-open ()
  "Compare the time until a connection to an address is open."
  (sockopt-bench--nowait "127.0.0.1" t))

(defun sockopt-bench--nowait-name-call ()
  "Compare the time until a call to connect to a name returns."
  (sockopt-bench--nowait "localhost" nil))

(defun sockopt-bench--nowait-name-open ()
  "Compare the time until a connection to a name is open."
  (sockopt-bench--nowait "localhost" t))

;;; Accepting and carrying

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

(defun sockopt-bench--accept-servers (ours-first)
  "Return two servers, ours and core's; OURS-FIRST says which is made first."
  (let* ((make (lambda ()
                 (apply #'sockopt-bench--own
                        :child-options '(:keepalive t :tcp-nodelay t)
                        sockopt-bench--server)))
         (early (and ours-first (funcall make)))
         (theirs (apply #'sockopt-bench--core sockopt-bench--server)))
    (list (or early (funcall make)) theirs)))

(defun sockopt-bench--accept ()
  "Compare the rates of accepting connections.
Of two servers of core's the one with the lower descriptor is the faster, by
5 to 10 percent, so each is that once."
  (sockopt-bench--with-bare (peer port)
    (let (results)
      (dolist (ours-first '(t nil))
        (pcase-let ((`(,ours ,theirs)
                     (sockopt-bench--accept-servers ours-first)))
          (push (sockopt-bench--compare
                 (sockopt-bench--accept-turn ours peer)
                 (sockopt-bench--accept-turn theirs peer)
                 40 60)
                results)
          (mapc #'delete-process (list ours theirs))))
      (sockopt-bench--inverse
       (apply #'cl-mapcar (lambda (a b) (/ (+ a b) 2)) results)))))

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
      (cl-loop for i below 5
               collect (sockopt-bench--median
                        (mapcar (lambda (result) (nth i result))
                                results))))))

(defun sockopt-bench--bulk ()
  "Compare the throughput, in bytes per second, there and back."
  (pcase-let ((`(,a ,b . ,ratios)
               (sockopt-bench--inverse
                (sockopt-bench--transfer 1000000 1 30))))
    `(,(* 2e6 a) ,(* 2e6 b) ,@ratios)))

(defun sockopt-bench--latency ()
  "Compare the time for one byte there and back."
  (sockopt-bench--transfer 1 30 40))

;;; Measures of datagrams

(defun sockopt-bench--datagram-turn (receive)
  "Return a function that has a process get datagrams of 100 bytes.
RECEIVE is called with the process and a function of no arguments, for which
it has the process call that for each."
  (let* ((left 0)
         (end nil)
         (server (sockopt-bench--core :server t :type 'datagram :service t))
         (client (sockopt-bench--core :type 'datagram
                                      :service (process-contact server
                                                                :service)))
         (bytes (make-string 100 ?x)))
    (sockopt-set server :rcvbuf 1000000)
    (funcall receive server (lambda ()
                              (when (zerop (setq left (1- left)))
                                (setq end (float-time)))))
    (lambda (count)
      (setq left count)
      (dotimes (_ count)
        (process-send-string client bytes))
      (let ((start (float-time)))
        (sockopt-bench--await (lambda () (<= left 0)))
        (- end start)))))

(defun sockopt-bench--datagrams (&optional options)
  "Compare the rates of receiving datagrams, ours with OPTIONS."
  (sockopt-bench--inverse
   (sockopt-bench--compare
    (sockopt-bench--datagram-turn
     (lambda (process function)
       (sockopt-set-options process options)
       (sockopt-receive process (lambda (&rest _) (funcall function)))))
    (sockopt-bench--datagram-turn
     (lambda (process function)
       (set-process-filter process (lambda (&rest _) (funcall function)))))
    200 200)))

(defun sockopt-bench--told ()
  "Likewise when hops and times are told."
  (sockopt-bench--datagrams '(:ip-recvttl t :timestampns t)))

(provide 'bench-processes)
;;; bench-processes.el ends here
