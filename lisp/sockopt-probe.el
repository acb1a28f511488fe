;;; sockopt-probe.el --- Ask whether a peer is still there  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; TCP can ask a peer whether it is there without sending data: that is
;; what keepalive probes do.  Setting the time after which they begin
;; re-arms the kernel's timer at once, so a probe is a matter of setting
;; four options for some seconds and putting them back.  A peer that is
;; there answers within a round trip, which `:tcp-info' shows; of one that
;; is not, the kernel ends the connection, and the sentinel runs.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'sockopt)
(eval-when-compile (require 'subr-x))

(autoload 'sockopt-ui-read-process "sockopt-ui")

(defcustom sockopt-probe-seconds 3
  "How many seconds `sockopt-probe' gives a peer to answer.
That is how many probes are sent, one a second."
  :type '(integer :match (lambda (_widget value)
                           (and (integerp value) (<= 1 value 60)))
                  :type-error "an integer, 1 to 60")
  :group 'sockopt)

(cl-defstruct (sockopt-probe--state
               (:constructor sockopt-probe--state-make)
               (:copier nil))
  "A probe under way.
SAVED is a plist of the options as they were, USED of what they were set
to, CLAIMED the part of the contact plist that had them.  CALLBACKS are
called with the result.  START is when it began, END when it is given up."
  process saved used claimed callbacks start end)

(defvar sockopt-probe--active nil
  "The probes that are under way, a list of `sockopt-probe--state'.")

(defvar sockopt-probe--timer nil
  "The timer that looks at the probes under way, or nil.")

(defconst sockopt-probe--interval 0.05
  "How often to look at the probes under way, in seconds.")

;;; Setting the timers, and putting them back

;; A user timeout takes the place of the number of probes (tcp_keepalive_timer
;; of Linux), and counts from when the peer was last heard, which may be an
;; hour ago.  The idle time comes last, because setting it starts the timer.
(defun sockopt-probe--settings (seconds)
  "Return the options, a plist, that make the kernel probe for SECONDS."
  (list :tcp-user-timeout 0 :tcp-keepintvl 1 :tcp-keepcnt seconds
        :keepalive t :tcp-keepidle 1))

(defun sockopt-probe--read (process settings)
  "Return the options in SETTINGS as they are on PROCESS, a plist.
Those that its socket does not have are left out."
  (cl-loop for option in settings by #'cddr
           when (sockopt-supported-p option process)
           append (list option (sockopt-get process option))))

(defun sockopt-probe--claims (process settings)
  "Return the part of the contact of PROCESS that is about SETTINGS."
  (let ((contact (sockopt--core-contact process t t)))
    (cl-loop for option in settings by #'cddr
             when (plist-member contact option)
             append (list option (plist-get contact option)))))

(defun sockopt-probe--forget-claims (state)
  "Let the contact of the process of STATE claim what it did before."
  (let ((contact (sockopt--core-contact (sockopt-probe--state-process state)
                                        t t)))
    (cl-loop for option in (sockopt-probe--state-saved state) by #'cddr
             unless (plist-member (sockopt-probe--state-claimed state) option)
             ;; The name comes first, so what is removed never does.
             do (cl-remf contact option))))

(defun sockopt-probe--put-back (state)
  "Set the options of the process of STATE as they were.
One that somebody else has changed meanwhile stays as it is."
  (let ((process (sockopt-probe--state-process state))
        (used (sockopt-probe--state-used state)))
    (cl-loop for (option value) on (sockopt-probe--state-saved state)
             by #'cddr
             when (equal (sockopt-get process option)
                         (plist-get used option))
             do (sockopt--try-set process option value))
    (sockopt-probe--forget-claims state)))

;;; What the kernel says

(defun sockopt-probe--elapsed (state)
  "Return how many milliseconds the probe of STATE has lasted."
  (* 1000 (float-time (time-since (sockopt-probe--state-start state)))))

;; The kernel counts in ticks of up to 10 ms.
(defun sockopt-probe--heard-p (state info)
  "Return non-nil if by INFO the peer of STATE has answered.
INFO is the value of `:tcp-info'."
  (< (+ (plist-get info :last-ack-recv) 10)
     (sockopt-probe--elapsed state)))

(defun sockopt-probe--under-way (info)
  "Return the words for data in INFO that wait for the peer, or nil."
  (let ((unacked (or (plist-get info :unacked) 0))
        (notsent (or (plist-get info :notsent-bytes) 0)))
    (and (or (> unacked 0) (> notsent 0))
         (format "data are under way: %d packets unacknowledged, %d bytes\
 not sent; then the kernel does not probe" unacked notsent))))

(defun sockopt-probe--result (state)
  "Return what has come of the probe of STATE, or nil for nothing yet."
  (let ((process (sockopt-probe--state-process state)))
    (if (not (process-live-p process))
        (cons 'dead (symbol-name (process-status process)))
      (let ((info (sockopt-get process :tcp-info)))
        (cond ((eq (plist-get info :state) 'close)
               (cons 'dead "the kernel has given the connection up"))
              ((sockopt-probe--heard-p state info)
               (cons 'alive (/ (plist-get info :rtt) 1e6)))
              ((time-less-p (sockopt-probe--state-end state) nil)
               (cons 'unknown (or (sockopt-probe--under-way info)
                                  "no answer, and the kernel still waits")))
              (t nil))))))

;;; Probes under way

(defun sockopt-probe--report (process result callbacks)
  "Call each of CALLBACKS with PROCESS and RESULT."
  (dolist (callback callbacks)
    (with-demoted-errors "sockopt-probe: %S"
      (funcall callback process result))))

(defun sockopt-probe--finish (state result)
  "Put back what STATE has changed, and say that RESULT came of it."
  (setq sockopt-probe--active (delq state sockopt-probe--active))
  (let ((process (sockopt-probe--state-process state)))
    (when (process-live-p process)
      (with-demoted-errors "sockopt-probe: %S"
        (sockopt-probe--put-back state)))
    (sockopt-probe--report process result
                           (sockopt-probe--state-callbacks state))))

(defun sockopt-probe--check (state)
  "Finish the probe of STATE if something has come of it."
  (let ((result (condition-case error
                    (sockopt-probe--result state)
                  (error (cons 'unknown (error-message-string error))))))
    (when result
      (sockopt-probe--finish state result))))

(defun sockopt-probe--check-all ()
  "Look at all probes under way, and stop when there are none left."
  (mapc #'sockopt-probe--check (copy-sequence sockopt-probe--active))
  (unless (or sockopt-probe--active (null sockopt-probe--timer))
    (cancel-timer sockopt-probe--timer)
    (setq sockopt-probe--timer nil)))

(defun sockopt-probe--start (process seconds callback)
  "Set the timers of PROCESS to probe for SECONDS, and call CALLBACK then."
  (let* ((settings (sockopt-probe--settings seconds))
         (saved (sockopt-probe--read process settings))
         (used (cl-loop for option in saved by #'cddr
                        append (list option (plist-get settings option))))
         (state (sockopt-probe--state-make
                 :process process :saved saved :used used
                 :claimed (sockopt-probe--claims process settings)
                 :callbacks (list callback)
                 :start (current-time)
                 ;; The first probe is a second away at most.
                 :end (time-add nil (+ seconds 2)))))
    (condition-case error
        (sockopt-set-options process used)
      (error (sockopt-probe--put-back state)
             (signal (car error) (cdr error))))
    (push state sockopt-probe--active)
    (unless sockopt-probe--timer
      (setq sockopt-probe--timer
            (run-at-time sockopt-probe--interval sockopt-probe--interval
                         #'sockopt-probe--check-all)))))

(defun sockopt-probe--obstacle (process)
  "Return what is known at once of PROCESS, without probing, or nil."
  (cond ((not (eq (process-type process) 'network))
         '(unknown . "not a network process"))
        ((not (process-live-p process))
         (cons 'dead (symbol-name (process-status process))))
        ((process-contact process :server)
         '(unknown . "a server has no peer"))
        ((eq (process-status process) 'connect)
         '(unknown . "still connecting"))
        ((not (and (sockopt-supported-p :tcp-info process)
                   (sockopt-supported-p :tcp-keepidle process)))
         '(unknown . "not a TCP connection"))
        ((not (eq (plist-get (sockopt-get process :tcp-info) :state)
                  'established))
         '(unknown . "one side has closed the connection already"))
        (t nil)))

(defun sockopt-probe--one (process seconds callback)
  "Probe PROCESS for SECONDS and call CALLBACK with it and the result."
  (let ((state (cl-find process sockopt-probe--active
                        :key #'sockopt-probe--state-process)))
    (if state
        (push callback (sockopt-probe--state-callbacks state))
      (let ((result (condition-case error
                        (or (sockopt-probe--obstacle process)
                            (progn (sockopt-probe--start process seconds
                                                         callback)
                                   nil))
                      (error (cons 'unknown
                                   (error-message-string error))))))
        (when result
          (sockopt-probe--report process result (list callback)))))))

;;;###autoload
(defun sockopt-probe (process &optional seconds callback)
  "Find out now whether the peer of PROCESS is there.  Send no data.
PROCESS is a network process, or a list of them.  This returns at once;
afterwards CALLBACK is called with each process and what came of it:
  (alive . RTT)       the peer has answered; RTT is the kernel's estimate
                      of the time there and back, in seconds
  (dead . WHY)        the peer has not answered SECONDS probes, one a
                      second; the kernel has ended the connection, and
                      the sentinel runs
  (unknown . WHY)     that cannot be told: no TCP, data under way, ...
SECONDS is an integer, 1 to 60, or `sockopt-probe-seconds' if nil.
CALLBACK is called before this returns where nothing has to be asked; if
nil, the result is shown in the echo area.

For the time, the kernel's keepalive timers are set and a user timeout is
turned off (tcp(7)); then all are put back as they were.

Interactively, ask for the process; with a prefix argument, probe all TCP
connections."
  (interactive (list (if current-prefix-arg
                         (sockopt-probe--connections)
                       (sockopt-ui-read-process "Probe process"))))
  (let* ((processes (ensure-list process))
         (seconds (or seconds (sockopt--custom 'sockopt-probe-seconds)))
         (callback (or callback
                       (sockopt-probe--announcer (length processes)))))
    (unless (integerp seconds)
      (signal 'wrong-type-argument (list 'integerp seconds 1 60 "seconds")))
    (unless (<= 1 seconds 60)
      (signal 'args-out-of-range (list seconds 1 60 "seconds")))
    (dolist (one processes)
      (unless (processp one)
        (signal 'wrong-type-argument (list 'processp one))))
    (dolist (one processes)
      (sockopt-probe--one one seconds callback))))

(defun sockopt-probe--connections ()
  "Return the TCP connections there are."
  (or (seq-filter (lambda (process)
                    (condition-case nil
                        (not (sockopt-probe--obstacle process))
                      (sockopt-error nil)))
                  (process-list))
      (user-error "There are no TCP connections")))

;;; Saying what came of it

(defun sockopt-probe--words (process result)
  "Return RESULT of PROCESS in words."
  (format "%s: %s" (process-name process)
          (pcase result
            (`(alive . ,rtt) (format "alive, round trip %.3g ms" (* 1000 rtt)))
            (`(dead . ,why) (format "dead (%s)" why))
            (`(unknown . ,why) (format "unknown: %s" why)))))

(defun sockopt-probe--summary (results)
  "Return the words for RESULTS, a list of (PROCESS . RESULT).
If there are several, those alive are only counted."
  (let ((alive (seq-filter (lambda (entry) (eq (cadr entry) 'alive)) results))
        (all (mapcar (lambda (entry)
                       (sockopt-probe--words (car entry) (cdr entry)))
                     results)))
    (if (cdr results)
        (string-join
         (cons (format "%d of %d alive" (length alive) (length results))
               (cl-loop for entry in results
                        for words in all
                        unless (memq entry alive) collect words))
         "; ")
      (car all))))

(defun sockopt-probe--announcer (count)
  "Return a callback for the results of COUNT probes, said when all are in."
  (let (results)
    (lambda (process result)
      (push (cons process result) results)
      (when (= (length results) count)
        (message "%s" (sockopt-probe--summary (nreverse results)))))))

(provide 'sockopt-probe)
;;; sockopt-probe.el ends here
