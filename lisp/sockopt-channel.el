;;; sockopt-channel.el --- What the module's threads report to  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A thread of the module reports to Emacs by writing a line with a number to
;; a pipe, whose other end is a process.

;;; Code:

(require 'sockopt)

(defun sockopt--make-channel (name filter sentinel)
  "Return a pipe process by NAME, FILTER and SENTINEL.
It is for threads to report to, and any Lisp thread may read it: the one
that made it may be busy, or at its end, while others still wait for what is
reported."
  ;; Short lines are all that comes, and they are not to wait for more.
  (let ((process-adaptive-read-buffering nil))
    (let ((channel (make-pipe-process :name name :noquery t
                                      :coding 'us-ascii
                                      :filter filter :sentinel sentinel)))
      (set-process-thread channel nil)
      channel)))

(defun sockopt--channel-numbers (channel string)
  "Return the numbers in STRING, lines that CHANNEL has received.
The last of them may not be all there yet, and is kept."
  (let ((lines (split-string (concat (process-get channel 'sockopt--rest)
                                     string)
                             "\n")))
    (process-put channel 'sockopt--rest (car (last lines)))
    (mapcar #'string-to-number (butlast lines))))

(defconst sockopt--close-after 1
  "How often, in seconds, to look whether the other Lisp threads have ended.")

(defun sockopt--delete-channel (channel close)
  "Delete CHANNEL, a pipe process; later if there are other Lisp threads.
One may be about to wait for it, and Emacs aborts if it is closed then.
CLOSE is the function that is called then, as CHANNEL may be in use again."
  (cond ((not (and (fboundp 'all-threads)
                   (cdr (all-threads))))
         ;; Core would leave its lock on the descriptor, and only that thread
         ;; could read from what gets the same number next.
         (set-process-thread channel nil)
         (delete-process channel))
        ((not (process-get channel 'sockopt--closing))
         (process-put channel 'sockopt--closing t)
         (run-at-time sockopt--close-after nil
                      #'sockopt--close-later channel close))))

(defun sockopt--close-later (channel close)
  "Call CLOSE, which deletes CHANNEL if nobody needs it any more."
  (process-put channel 'sockopt--closing nil)
  (when (process-live-p channel)
    (funcall close)))

(defun sockopt--drop-channel (channel)
  "Drop what belonged to CHANNEL, a pipe process that is deleted."
  (let ((buffer (process-buffer channel)))
    ;; If `delete-exited-processes' is nil, killing the buffer deletes the
    ;; process again, and would call its sentinel again.
    (set-process-sentinel channel #'ignore)
    (when (buffer-live-p buffer)
      (kill-buffer buffer))))

(provide 'sockopt-channel)
;;; sockopt-channel.el ends here
