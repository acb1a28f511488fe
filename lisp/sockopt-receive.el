;;; sockopt-receive.el --- Receive what comes with data  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Emacs reads datagrams without what the kernel would tell of them, and takes
;; the first error that the network sends back for the end of the process.
;; So Emacs is kept from reading such a process: its filter is t.  A thread of
;; the module waits for data and reports, through a pipe process, who has
;; some; and what has come is read here.
;;
;; Whoever reads has the thread wait again before the first datagram is given
;; away, so that a function that waits for more gets it, or leaves by a throw,
;; and nothing is forgotten.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-channel)

(declare-function sockopt--receive "../module/emacs/process-receive.c"
                  (process status handle))
(declare-function sockopt--watch "../module/emacs/process-receive.c" (channel))
(declare-function sockopt--arm "../module/emacs/process-receive.c"
                  (process status handle watch number))
(declare-function sockopt--wake "../module/emacs/process-receive.c" (watch))
(declare-function sockopt--unwatch "../module/emacs/process-receive.c" (watch))

(cl-defstruct (sockopt--receiver
               (:constructor sockopt--receiver-make)
               (:copier nil)
               (:predicate nil))
  "How a process receives.
The thread reports NUMBER, FUNCTION is given what comes, FILTER is what the
process had before, COUNT how much has come.  TIMER looks whether it goes
on, if it was stopped."
  number function filter (count 0) timer)

(defvar sockopt--receiving (make-hash-table :test #'eql :weakness 'value)
  "For each number that a thread may report the process.")

(defvar sockopt--last-receiver 0
  "The number of the last `sockopt--receiver'.")

(defvar sockopt--receive-channels nil
  "The pipe processes through which threads report, one for a Lisp thread.")

(defconst sockopt--receive-most 64
  "How many datagrams to read before other processes have their turn.")

(defun sockopt--receiver (process)
  "Return how PROCESS receives, or nil if it does not.
Whoever gives it a filter, or deletes it, ends that."
  (let ((receiver (gethash process sockopt--receivers)))
    (and receiver
         (eq (process-filter process) t)
         (process-live-p process)
         receiver)))

;;; The channel

(defun sockopt--receive-channel (process)
  "Return the pipe process for reports about PROCESS, making it if need be.
It is read by the same Lisp thread."
  (let ((thread (process-thread process)))
    (or (cl-find thread sockopt--receive-channels
                 :key #'process-thread)
        (let ((channel (sockopt--open-receive-channel)))
          (set-process-thread channel thread)
          channel))))

(defun sockopt--open-receive-channel ()
  "Make a pipe process for reports, start its thread, and return it."
  (let ((channel (sockopt--make-channel " sockopt-receive"
                                        #'sockopt--receive-filter #'ignore)))
    (condition-case error
        (process-put channel 'sockopt--watch (sockopt--watch channel))
      (error
       (delete-process channel)
       (signal (car error) (cdr error))))
    (set-process-sentinel channel #'sockopt--receive-sentinel)
    (push channel sockopt--receive-channels)
    (advice-add 'accept-process-output :around #'sockopt--accept)
    channel))

(defun sockopt--close-receive-channels ()
  "Delete the pipe processes for reports, unless some process receives."
  (unless (cl-loop for process being the hash-keys of sockopt--receivers
                   thereis (sockopt--receiver process))
    (dolist (channel sockopt--receive-channels)
      (sockopt--delete-channel channel #'sockopt--close-receive-channels))))

(defun sockopt--receive-sentinel (channel _message)
  "Clean up after CHANNEL, whoever has deleted it.
Processes that still receive are reported through another."
  (unless (process-live-p channel)
    (setq sockopt--receive-channels (delq channel sockopt--receive-channels))
    (sockopt--unwatch (process-get channel 'sockopt--watch))
    (sockopt--drop-channel channel)
    (maphash (lambda (process receiver)
               (when (sockopt--receiver process)
                 (sockopt--await-more process receiver)))
             sockopt--receivers)
    (unless sockopt--receive-channels
      (advice-remove 'accept-process-output #'sockopt--accept))))

(defun sockopt--await-data (process)
  "Have a thread report when there is something to read from PROCESS."
  (sockopt--arm process (process-status process) (sockopt--handle process)
                (process-get (sockopt--receive-channel process)
                             'sockopt--watch)
                (sockopt--receiver-number
                 (gethash process sockopt--receivers))))

(defun sockopt--receive-filter (channel string)
  "Read from the processes whose numbers are in STRING, lines from CHANNEL."
  (let ((numbers (sockopt--channel-numbers channel string)))
    ;; 0 only says that there is something in the queue.
    (when (memql 0 numbers)
      (process-put channel 'sockopt--woken nil))
    (sockopt--queue channel (delq 0 numbers)))
  (sockopt--read-queue channel)
  (sockopt--close-receive-channels))

(defun sockopt--queue (channel numbers)
  "Put NUMBERS at the end of the queue of CHANNEL."
  (process-put channel 'sockopt--queue
               (nconc (process-get channel 'sockopt--queue) numbers)))

(defun sockopt--read-queue (channel)
  "Read from the processes whose numbers are in the queue of CHANNEL."
  (let ((left sockopt--receive-most)
        number)
    (while (and (> left 0)
                (process-live-p channel)
                (setq number (car (process-get channel 'sockopt--queue))))
      (process-put channel 'sockopt--queue
                   (cdr (process-get channel 'sockopt--queue)))
      ;; The functions that are called may wait for another process that is
      ;; in the queue, or leave by a throw.
      (sockopt--wake-channel channel)
      (let ((process (gethash number sockopt--receiving)))
        (when process
          (setq left (sockopt--read-from process channel left)))))))

(defun sockopt--wake-channel (channel)
  "Have the filter of CHANNEL called again if there is a queue."
  (when (and (process-get channel 'sockopt--queue)
             (not (process-get channel 'sockopt--woken)))
    (process-put channel 'sockopt--woken t)
    (sockopt--wake (process-get channel 'sockopt--watch))))

;;; Reading

(defun sockopt--read-from (process channel left)
  "Give away what PROCESS has received, at most LEFT datagrams.
Return how many of LEFT are left.  CHANNEL is where that was reported."
  (let ((receiver (sockopt--receiver process))
        (waiting nil)
        datagram)
    (cond ((null receiver)
           (sockopt--forget-receiver process))
          ((eq (process-status process) 'stop)
           (sockopt--look-again process receiver))
          ((not (eq channel (sockopt--receive-channel process)))
           (sockopt--await-more process receiver))
          (t
           (while (and (> left 0)
                       (eq receiver (sockopt--receiver process))
                       (eq (process-status process) 'open)
                       (setq datagram
                             (sockopt--receive process 'open
                                               (sockopt--handle process))))
             (unless waiting
               (sockopt--await-more process receiver)
               (setq waiting t))
             (setq left (1- left))
             (apply #'sockopt--give process receiver datagram))
           (unless waiting
             (sockopt--await-more process receiver))))
    left))

(defun sockopt--give (process receiver bytes address info arrived)
  "Call the function of RECEIVER, that of PROCESS, for one datagram.
BYTES came from ADDRESS with INFO if ARRIVED is non-nil; else they were to
be sent there."
  (cl-incf (sockopt--receiver-count receiver))
  ;; As when core reads, an answer goes there.
  (when (and arrived address)
    (set-process-datagram-address process address))
  (funcall (sockopt--receiver-function receiver)
           process (sockopt--decode process bytes) address info))

(defun sockopt--detect (coding bytes)
  "Return what CODING, that of a process, is for BYTES, all of them ASCII.
Such are not looked at when they are decoded, so that is done here where
CODING leaves the end of lines or all open."
  (when (eq (coding-system-type coding) 'undecided)
    (let ((eol (coding-system-eol-type coding)))
      (setq coding (detect-coding-string bytes t))
      (unless (vectorp eol)
        (setq coding (coding-system-change-eol-conversion coding eol)))))
  (let ((eol (coding-system-eol-type coding)))
    (if (and (vectorp eol)
             (string-search "\n" bytes)
             (not (string-search "\r\n" bytes)))
        (aref eol 0)
      coding)))

(defun sockopt--decode (process bytes)
  "Return BYTES as the coding system of PROCESS has them, as core would."
  (let* ((codings (process-coding-system process))
         (coding (or (car codings) 'undecided)))
    (if (memq coding '(binary no-conversion))
        bytes
      (setq last-coding-system-used
            (if (string-match-p "[^[:ascii:]]" bytes)
                coding
              (sockopt--detect coding bytes)))
      (let* ((text (decode-coding-string bytes last-coding-system-used))
             (used last-coding-system-used))
        (unless (eq used coding)
          (set-process-coding-system process used (cdr codings)))
        ;; What is ASCII only may come as either.
        (if (eq (coding-system-type used) 'raw-text)
            (string-to-unibyte text)
          (string-to-multibyte text))))))

;;; Stopped processes

(defconst sockopt--look-again-after 0.1
  "How often, in seconds, to look at a process that cannot be read.")

(defun sockopt--look-again (process receiver)
  "Look later at PROCESS, which has RECEIVER and cannot be read now."
  (unless (sockopt--receiver-timer receiver)
    (setf (sockopt--receiver-timer receiver)
          (run-at-time sockopt--look-again-after nil #'sockopt--go-on
                       process receiver))))

(defun sockopt--await-more (process receiver)
  "Have a thread report when there is more from PROCESS, which has RECEIVER.
If the system refuses that, for it has no memory, look again later."
  (condition-case error
      (sockopt--await-data process)
    (sockopt-error
     (message "sockopt: %s: %s" (process-name process)
              (error-message-string error))
     (when (process-live-p process)
       (sockopt--look-again process receiver)))))

(defun sockopt--go-on (process receiver)
  "Have PROCESS, which has RECEIVER, receive again unless it is stopped."
  (setf (sockopt--receiver-timer receiver) nil)
  (when (eq receiver (sockopt--receiver process))
    (if (eq (process-status process) 'stop)
        (sockopt--look-again process receiver)
      (sockopt--await-more process receiver))))

;;; Waiting

(defun sockopt--accept (accept &optional process seconds milliseconds
                               just-this-one)
  "Do as ACCEPT, which is `accept-process-output', with the other arguments.
PROCESS, SECONDS, MILLISECONDS and JUST-THIS-ONE are as there.  A process
that receives here is not one that Emacs reads, so wait for the reports
about it."
  (let ((receiver (and (processp process) (sockopt--receiver process))))
    (if (and receiver (sockopt--may-wait-p process))
        (sockopt--accept-datagram
         accept process receiver
         (and (or seconds milliseconds)
              (+ (or seconds 0) (/ (or milliseconds 0) 1000.0)))
         just-this-one)
      (funcall accept process seconds milliseconds just-this-one))))

(defun sockopt--may-wait-p (process)
  "Return non-nil if this Lisp thread may wait for PROCESS."
  (let ((thread (process-thread process)))
    (or (null thread) (eq thread (current-thread)))))

(defun sockopt--read-soon (process receiver)
  "Have PROCESS, which has RECEIVER, read when Emacs waits next."
  (let ((channel (sockopt--receive-channel process))
        (number (sockopt--receiver-number receiver)))
    (unless (memql number (process-get channel 'sockopt--queue))
      (sockopt--queue channel (list number)))
    (sockopt--wake-channel channel)))

(defun sockopt--accept-datagram (accept process receiver seconds just-this-one)
  "Wait with ACCEPT until PROCESS, which has RECEIVER, has got something.
That is for SECONDS at most, without a limit if nil.  JUST-THIS-ONE is as
for `accept-process-output'.  Return non-nil if something has come."
  (let ((count (sockopt--receiver-count receiver))
        (end (and seconds (+ (float-time) seconds)))
        (left seconds))
    ;; What is there already need not be reported first.
    (sockopt--read-soon process receiver)
    (while (progn
             (funcall accept (sockopt--receive-channel process) left nil
                      just-this-one)
             (setq left (and end (- end (float-time))))
             (and (= count (sockopt--receiver-count receiver))
                  (eq receiver (sockopt--receiver process))
                  (or (null left) (> left 0)))))
    (cond ((/= count (sockopt--receiver-count receiver)) t)
          ((eq receiver (sockopt--receiver process)) nil)
          ;; Emacs reads it again, or it is gone.
          (t (funcall accept process (if left (max left 0)) nil
                      just-this-one)))))

;;; Errors that end a process

(defun sockopt--warn-of-errors (process)
  "Warn that core takes the first error for the end of PROCESS."
  (when (and (memq (sockopt-get process :type) '(datagram raw))
             (not (sockopt--receiver process)))
    (display-warning
     '(sockopt errors)
     (format-message "The first error that the network reports will end \
process %s, which Emacs reads; `sockopt-receive' keeps it alive"
                     (process-name process)))))

(defun sockopt--warn-when-given-back (process)
  "Warn if PROCESS, which core is to read, is told of errors."
  (when (cl-loop for (option value) on (sockopt-options process) by #'cddr
                 thereis (and value (sockopt--reports-errors-p option)))
    (sockopt--warn-of-errors process)))

;;; Beginning and ending

(defun sockopt--check-receivable (process)
  "Signal an error unless PROCESS is of datagrams or raw packets."
  (let ((type (sockopt-get process :type)))
    (unless (memq type '(datagram raw))
      (signal 'sockopt-error
              (list "Process has no datagrams; `set-process-filter' is for it"
                    process type)))))

(defun sockopt--receiver-gone (process _message)
  "Forget how PROCESS received if it is deleted."
  (unless (process-live-p process)
    (sockopt--forget-receiver process)))

(defun sockopt--forget-receiver (process)
  "Forget how PROCESS received."
  (let ((receiver (gethash process sockopt--receivers)))
    (when receiver
      (remhash process sockopt--receivers)
      (remhash (sockopt--receiver-number receiver) sockopt--receiving)
      (remove-function (process-sentinel process) #'sockopt--receiver-gone)
      (when (sockopt--receiver-timer receiver)
        (cancel-timer (sockopt--receiver-timer receiver)))
      (sockopt--close-receive-channels))))

(defun sockopt--begin-receiving (process function)
  "Have FUNCTION called with what PROCESS receives."
  (let ((inhibit-quit t)
        (number (cl-incf sockopt--last-receiver))
        (filter (process-filter process))
        (done nil))
    (sockopt--forget-receiver process)
    (puthash number process sockopt--receiving)
    (puthash process (sockopt--receiver-make :number number :filter filter
                                             :function function)
             sockopt--receivers)
    (set-process-filter process t)
    (unwind-protect
        (progn
          (sockopt--await-data process)
          (setq done t))
      (unless done
        (set-process-filter process filter)
        (sockopt--forget-receiver process)))
    (add-function :before (process-sentinel process) #'sockopt--receiver-gone)
    ;; Who gives it another sentinel should leave nothing behind, either.
    (process-put process 'sockopt--finalizer
                 (make-finalizer #'sockopt--close-receive-channels))))

(defun sockopt--end-receiving (process receiver)
  "Give PROCESS, which has RECEIVER, its filter back."
  (let ((inhibit-quit t))
    (set-process-filter process (sockopt--receiver-filter receiver))
    (sockopt--forget-receiver process)))

;;;###autoload
(defun sockopt-receive (process function)
  "Have FUNCTION receive the datagrams of PROCESS, with what is told of them.
PROCESS is a network process of `:type' datagram or raw, whoever made it.
From now on FUNCTION is called, in the place of the filter, as

  (FUNCTION PROCESS DATA ADDRESS INFO)

DATA is a string, decoded as PROCESS has it.  ADDRESS is the sender's as
`process-datagram-address' gives it, nil if that has none.  INFO is a plist
of what the options in force have the kernel tell, see the \"Tells\" of
\\[sockopt-describe-option]:

  :time            when it came, a Lisp timestamp (TICKS . HZ)
  :hardware-time   the same by the clock of the network card
  :ttl, :hop-limit how many hops it had left, in IPv4 and in IPv6
  :tos             its class of service, as `sockopt-get' gives it
  :destination     the address that it was sent to, a string
  :interface       the name of the interface where it came
  :original-destination
                   where it was sent to before it was redirected
  :dropped         how many were lost since the socket was made
  :mark, :priority those of the packet
  :credentials     (:pid PID :uid UID :gid GID) of the sender, if local
  :pid, :security  process and security label of the sender, if local
  :descriptors     how many came along: they are closed
  :path-mtu        (:addr ADDRESS :mtu BYTES) of one that was too large to
                   send
  :truncated       how long it was, if that is more than could be read
  :incomplete      t if the kernel had more to tell than there was room for
  :control         a list of (LEVEL TYPE BYTES), what else it has told

With `:ip-recverr' or `:ipv6-recverr' errors of the network come here, too,
and PROCESS lives on.  DATA is then what was to be sent, or its beginning,
and ADDRESS to where.  INFO has these, the last three where they are known:

  :error           (SYMBOL . WORDS)
  :origin          `icmp', `icmp6' or `local'
  :icmp            (TYPE CODE)
  :offender        the address of who sent that, a string
  :mtu             how many bytes would do, if they were too many

With `:timestamping' the times of sending come here as well.  INFO then has
`:time', `:origin', which is `timestamping', `:step', which is `scheduled',
`sent', `acknowledged' or `completed', and `:id', the number of what was
sent, counted from 0 on (with the flag `opt-id').

If FUNCTION is nil, PROCESS has its filter back.  `set-process-filter' ends
this as well.  Errors in FUNCTION are handled as in a filter, and so is what
throws or quits.  Return FUNCTION.

Signal `sockopt-error' if PROCESS has no datagrams, `wrong-type-argument'
if FUNCTION is none.  See recvmsg(2), cmsg(3), ip(7), ipv6(7), unix(7)."
  (unless (or (null function) (functionp function))
    (signal 'wrong-type-argument (list 'functionp function)))
  (sockopt--check-receivable process)
  (let ((receiver (sockopt--receiver process)))
    (cond ((and receiver function)
           (setf (sockopt--receiver-function receiver) function))
          (function (sockopt--begin-receiving process function))
          (receiver
           (sockopt--end-receiving process receiver)
           (sockopt--warn-when-given-back process))))
  function)

(provide 'sockopt-receive)
;;; sockopt-receive.el ends here
