;;; sockopt-delete.el --- Delete a process without freezing Emacs  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Closing a socket that has `:linger' waits in the kernel until the peer has
;; what was sent, or the time is over (socket(7)), and while Emacs is in
;; close(2) it does nothing else.  The kernel delivers without that wait just
;; as well, also when the program is gone; only nobody learns how it ended.
;; So here the option is turned off before Emacs closes such a socket, and
;; where somebody is to be told, or Emacs is about to end, the connection is
;; kept for as long as that takes, while Emacs goes on.
;;
;; What core closes by itself, because the peer has ended its side, nobody can
;; see to in Lisp; there the module has Emacs not wait
;; (module/socket/linger.c).

;;; Code:

(require 'seq)
(require 'sockopt)

(autoload 'sockopt-ui-read-process "sockopt-ui")

(declare-function sockopt--release-linger "../module/emacs/handle.c" (handle))

(defcustom sockopt-linger-limit 10
  "How many seconds at most `:linger' t makes Emacs wait.
It counts for `sockopt-delete-process', for leaving Emacs, and for all
deleting in batch.  If `:linger' is a number, that counts instead."
  :type 'natnum
  :group 'sockopt)

;;; What is still to be delivered

(defun sockopt-delete--info (process)
  "Return the value of `:tcp-info' of PROCESS, or nil if it has none."
  (condition-case nil
      (and (eq (process-status process) 'open)
           (sockopt-get process :tcp-info))
    (sockopt-error nil)))

(defun sockopt-delete--left (info)
  "Return what by INFO, a `:tcp-info', is not delivered, in words, or nil."
  (let ((unsent (or (plist-get info :notsent-bytes) 0))
        (unacknowledged (or (plist-get info :unacked) 0)))
    (unless (= 0 unsent unacknowledged)
      (format "%d bytes unsent and %d packets unacknowledged"
              unsent unacknowledged))))

(defun sockopt-delete--waits-p (info)
  "Return non-nil if by INFO the peer lacks our data, or the end of them.
INFO is the value of `:tcp-info' after our end was shut down.  If it has
closed with data left, it was reset, which Emacs is about to read."
  (pcase (plist-get info :state)
    ((or 'established 'close-wait 'fin-wait1 'closing 'last-ack) t)
    ('close (sockopt-delete--left info))))

(defun sockopt-delete--seconds (linger)
  "Return how many seconds a process with LINGER, its `:linger', may wait."
  (if (integerp linger) linger (sockopt--custom 'sockopt-linger-limit)))

;;; Without a wait

(defun sockopt-delete--set-linger (process value)
  "Set `:linger' of PROCESS to VALUE, with its contact as it was.
It is going to be deleted, and its sentinel may want to know."
  (sockopt--write process (sockopt--handle process) :linger value))

(defun sockopt-delete--let-go (process)
  "See to it that closing the socket of PROCESS does not freeze Emacs.
In batch it waits as the option says, but not without end."
  (condition-case nil
      (let ((linger (sockopt-get process :linger)))
        (cond ((memq linger '(nil 0)))
              ((not noninteractive)
               (sockopt-delete--set-linger process nil))
              (t
               (when (eq linger t)
                 (sockopt-delete--set-linger
                  process (sockopt-delete--seconds linger)))
               (sockopt--release-linger (sockopt--handle process)))))
    (sockopt-error nil)))

;;; Waiting in the background

(defun sockopt-delete--shut-down (process)
  "Tell the peer of PROCESS that no more data follow.
What the peer still sends is read, and dropped: closing a socket with
unread data would reset the connection, and lose ours."
  (set-process-filter process #'ignore)
  (set-process-query-on-exit-flag process nil)
  (when (and (fboundp 'gnutls-peer-status) (gnutls-peer-status process))
    (ignore-errors (gnutls-bye process t)))
  (process-send-eof process))

(defun sockopt-delete--tell (process left)
  "Say that PROCESS is deleted, with LEFT, if a user has asked for that."
  (when (process-get process 'sockopt-delete--tell)
    (process-put process 'sockopt-delete--tell nil)
    (message "Deleted %s%s" (process-name process)
             (if left (concat " with " left) ""))))

(defun sockopt-delete--finish (process left)
  "Delete PROCESS.  LEFT is what was not delivered, in words, or nil.
Its sentinel is told."
  (let ((sentinel (process-sentinel process)))
    (when (and left sentinel)
      (set-process-sentinel
       process
       (lambda (process _event)
         (set-process-sentinel process sentinel)
         (funcall sentinel process (format "deleted with %s\n" left)))))
    (sockopt-delete--set-linger process nil)
    (delete-process process)
    (sockopt-delete--tell process left)))

(defun sockopt-delete--check (process delay)
  "Delete PROCESS if its peer has all, or if the time is over.
Otherwise look again after DELAY seconds."
  (if (not (process-live-p process))
      (sockopt-delete--tell process nil)
    (let ((info (sockopt-delete--info process))
          (end (process-get process 'sockopt-delete--end)))
      (cond ((not (sockopt-delete--waits-p info))
             (sockopt-delete--finish process (sockopt-delete--left info)))
            ((time-less-p end nil)
             (sockopt-delete--finish process
                                     (or (sockopt-delete--left info)
                                         "its end unacknowledged")))
            (t (run-at-time delay nil #'sockopt-delete--check process
                            (min 0.25 (* 2 delay))))))))

(defun sockopt-delete--start (process seconds)
  "Delete PROCESS when its peer has all, in at most SECONDS."
  (let ((again (process-get process 'sockopt-delete--end)))
    (process-put process 'sockopt-delete--end (time-add nil seconds))
    (when (process-get process 'sockopt-delete--tell)
      (message "Deleting %s once its peer has all, or in %s s"
               (process-name process) seconds))
    (unless again
      (sockopt-delete--shut-down process)
      (sockopt-delete--check process 0.01))))

;;;###autoload
(defun sockopt-delete-process (process &optional seconds)
  "Delete PROCESS once its peer has received all that was sent.
Return nil at once; Emacs goes on meanwhile.  PROCESS is a network process,
whoever made it.  No more can be sent, and what arrives is dropped.

Wait for at most SECONDS; if that is nil, for as long as `:linger' of
PROCESS says, or, where that is nil or t, for `sockopt-linger-limit'.  Then
the sentinel is called with \"deleted\\n\", or, if the peer does not have
all, with \"deleted with N bytes unsent and N packets unacknowledged\\n\".
The kernel goes on trying even so.  If the connection ends by itself first,
the sentinel gets what Emacs says of that.

A process that is no TCP connection, or not connected yet, is deleted at
once.  Interactively, ask for PROCESS; the prefix argument is SECONDS.
Then messages say that Emacs waits, and how it ended."
  (interactive (list (sockopt-ui-read-process "Delete process")
                     (and current-prefix-arg
                          (prefix-numeric-value current-prefix-arg))))
  (unless (and (processp process) (eq (process-type process) 'network))
    (signal 'wrong-type-argument (list 'sockopt-network-process-p process)))
  (unless (or (null seconds) (and (numberp seconds) (>= seconds 0)))
    (signal 'wrong-type-argument (list 'natnump seconds)))
  (when (called-interactively-p 'any)
    (process-put process 'sockopt-delete--tell t))
  (if (sockopt-delete--info process)
      (sockopt-delete--start
       process (or seconds (sockopt-delete--seconds
                            (sockopt-get process :linger))))
    (delete-process process)
    (sockopt-delete--tell process nil))
  nil)

;;; When Emacs ends

(defvar sockopt-delete--leaving nil
  "Non-nil while Emacs is waiting before it ends.")

(defun sockopt-delete--lingering ()
  "Return the processes that linger and lack data, as (PROCESS . END)."
  (let (found)
    (dolist (process (process-list) found)
      (let ((linger (sockopt--claimed-linger process)))
        ;; 0 waits for nothing: it throws away what is not delivered.
        (when (and (not (memq linger '(nil 0)))
                   (sockopt-delete--left (sockopt-delete--info process)))
          (push (cons process
                      (time-add nil (sockopt-delete--seconds linger)))
                found))))))

(defun sockopt-delete--still-waits-p (waiting)
  "Return non-nil if WAITING, (PROCESS . END), has not all and has time."
  (and (time-less-p nil (cdr waiting))
       (sockopt-delete--waits-p (sockopt-delete--info (car waiting)))))

(defun sockopt-delete--say (waiting)
  "Say which processes in WAITING, a list of (PROCESS . END), Emacs awaits."
  (message "Delivering what was sent to %s, for at most %d s; %s"
           (mapconcat (lambda (one) (process-name (car one))) waiting ", ")
           (ceiling (apply #'max (mapcar (lambda (one)
                                           (float-time
                                            (time-subtract (cdr one) nil)))
                                         waiting)))
           (if noninteractive "interrupt to leave now"
             (substitute-command-keys "\\[keyboard-quit] leaves now")))
  (redisplay))

(defun sockopt-delete--wait (waiting)
  "Wait until WAITING, a list of (PROCESS . END), is done, or for a quit."
  (sockopt-delete--say waiting)
  (let ((inhibit-quit nil))
    (condition-case nil
        (while (setq waiting (seq-filter #'sockopt-delete--still-waits-p
                                         waiting))
          (accept-process-output nil 0.02))
      (quit nil))))

(defun sockopt-delete--before-exit ()
  "Before Emacs ends, wait for what `:linger' promises, but not longer."
  (unless sockopt-delete--leaving
    (let* ((sockopt-delete--leaving t)
           (waiting (sockopt-delete--lingering)))
      (dolist (one waiting)
        (ignore-errors (sockopt-delete--shut-down (car one))))
      (when waiting
        (sockopt-delete--wait waiting))))
  ;; The wait is over for all of them.
  (let ((noninteractive nil))
    (dolist (process (process-list))
      (sockopt--before-delete process))))

(provide 'sockopt-delete)
;;; sockopt-delete.el ends here
