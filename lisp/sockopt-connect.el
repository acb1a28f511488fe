;;; sockopt-connect.el --- Processes that still connect  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A process that still connects cannot be given options for good.  One of
;; ours stands, until the module has connected, on a socket that is never
;; ready, the same for all.  One of core's may have no socket, because its host is
;; being looked up; or it may get another one, without our options, when an
;; address does not answer and core tries the next.  So what is set on
;; either is kept, and set when it is open on a socket that lacks it.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-channel)
(require 'sockopt-connection)
(require 'sockopt-process)

(declare-function sockopt--check "../module/emacs/option-access.c" (settings))
(declare-function sockopt--hold "../module/emacs/process-connect.c" ())
(declare-function sockopt--reporter "../module/emacs/process-connect.c"
                  (channel))
(declare-function sockopt--drop-reporter "../module/emacs/process-connect.c"
                  (reporter))
(declare-function sockopt--start "../module/emacs/process-connect.c"
                  (handle reporter number target type protocol settings
                   optional stagger local))
(declare-function sockopt--finish "../module/emacs/process-connect.c"
                  (handle job settings))
(declare-function sockopt--won-p "../module/emacs/process-connect.c" (job))
(declare-function sockopt--done-p "../module/emacs/process-connect.c" (job))
(declare-function sockopt--drop "../module/emacs/process-connect.c" (job))
(declare-function sockopt--break "../module/emacs/process-connect.c" (handle))
(declare-function gnutls-boot "ext:gnutls.c" (proc type proplist))
(declare-function gnutls-asynchronous-parameters "ext:gnutls.c"
                  (process params))

(cl-defstruct (sockopt--connecting
               (:constructor sockopt--connecting-make)
               (:copier nil)
               ;; That name is of a question about processes.
               (:predicate nil))
  "What is known of PROCESS, which still connects.
KEPT is a list of (OPTION VALUE COOKIE), what is to be set when it is open.
COOKIE is of the socket that it was already set on, nil for none.

The rest is of our own processes.  HANDLE is of the socket that holds it,
JOB is connecting, OPTIONS is a plist and SETTINGS the same for the module,
NOTE-FAILURES a function to call with the options that failed and might,
TIMER runs until the `:connect-timeout' is over."
  process kept handle job options settings note-failures timer)

;;; What is set and read meanwhile

(defun sockopt--own-connecting (process)
  "Return what is known of PROCESS if it is ours, else nil."
  (let ((connecting (gethash process sockopt--connecting-table)))
    (and connecting
         (sockopt--connecting-handle connecting)
         connecting)))

(defun sockopt--looking-up-p (process)
  "Return non-nil if the host of PROCESS, which is core's, is not known yet."
  (null (sockopt--core-contact process t t)))

(defun sockopt--cookie (process)
  "Return the number of the socket of PROCESS, or nil if it has none.
No other socket ever has that."
  (condition-case nil
      (sockopt-get process :cookie)
    (sockopt-error nil)))

(defun sockopt--keep (connecting option value cookie)
  "Keep VALUE of OPTION in CONNECTING until its process is open.
COOKIE is of the socket that it was set on."
  (setf (sockopt--connecting-kept connecting)
        (nconc (assq-delete-all option (sockopt--connecting-kept connecting))
               (list (list option value cookie)))))

(defun sockopt--catch-up (connecting)
  "Set what is kept in CONNECTING on its process, which is open now."
  (let* ((process (sockopt--connecting-process connecting))
         (now (sockopt--cookie process)))
    (pcase-dolist (`(,option ,value ,cookie)
                   (sockopt--connecting-kept connecting))
      (unless (and cookie (eql cookie now))
        (sockopt--try-set process option value)))))

(defun sockopt--set-connecting (process option value)
  "Set OPTION of PROCESS, which still connects, to VALUE.  Return t.
If it has no socket of its own yet, that is done when it is open."
  (sockopt--ensure-module)
  (sockopt--check (vector (sockopt--row option) value))
  (let ((own (sockopt--own-connecting process)))
    (cond (own
           (sockopt--keep own option value nil)
           (plist-put (sockopt--core-contact process t t) option value))
          ((sockopt--looking-up-p process)
           (sockopt--keep (sockopt--note-cores process) option value nil))
          (t
           (sockopt--set-now process (sockopt--find-socket process) option
                             value)
           (sockopt--keep (sockopt--note-cores process) option value
                          (sockopt--cookie process)))))
  t)

(defun sockopt--get-connecting (process option argument)
  "Return the value of OPTION of PROCESS, which still connects.
ARGUMENT is as for `sockopt-get'.  If it has no socket of its own yet, that
is what was set."
  (sockopt--ensure-module)
  (sockopt--row option)
  (cond ((sockopt--own-connecting process)
         (let ((contact (sockopt--core-contact process t t)))
           (if (plist-member contact option)
               (plist-get contact option)
             (signal 'sockopt-error
                     (list "Process is still connecting" process)))))
        ((sockopt--looking-up-p process)
         (sockopt--get-kept process option))
        (t (sockopt--get-now process (sockopt--find-socket process) option
                             argument))))

(defun sockopt--get-kept (process option)
  "Return what was set for OPTION of PROCESS, which has no socket yet."
  (let* ((connecting (gethash process sockopt--connecting-table))
         (kept (and connecting
                    (assq option (sockopt--connecting-kept connecting)))))
    (if kept
        (nth 1 kept)
      (signal 'sockopt-error
              (list "Process is still looking up its host" process)))))

;;; Core's processes

(defun sockopt--note-cores (process)
  "Return what is known of PROCESS, which core connects.
From now on its sentinel sees to it."
  ;; Whoever sets another sentinel meanwhile gives up what is kept.
  ;; It is there once, however often it is added.
  (add-function :before (process-sentinel process) #'sockopt--cores-sentinel)
  (or (gethash process sockopt--connecting-table)
      (puthash process (sockopt--connecting-make :process process)
               sockopt--connecting-table)))

(defun sockopt--cores-sentinel (process _message)
  "Set what was kept for PROCESS if it is open now."
  (unless (eq (process-status process) 'connect)
    (remove-function (process-sentinel process) #'sockopt--cores-sentinel)
    (let ((connecting (gethash process sockopt--connecting-table)))
      (remhash process sockopt--connecting-table)
      (when (and connecting (process-live-p process))
        (sockopt--catch-up connecting)))))

;;; Our own: the channel

;; The module connects, and a thread says so through a pipe process that all
;; jobs share.  A report may be lost, as when the pipe is full; so while
;; there are jobs a timer looks whether any is done.

(defvar sockopt--channel nil
  "The pipe process through which jobs report, or nil.")

(defvar sockopt--jobs nil
  "An alist from the number that a job reports to a `sockopt--connecting'.")

(defvar sockopt--last-job 0
  "The number of the last job started.")

(defvar sockopt--look-timer nil
  "The timer that looks whether jobs are done, or nil.")

(defconst sockopt--look-interval 1
  "How many seconds there are between such looks.")

(defun sockopt--open-channel ()
  "Return the pipe process for reports, making it if need be."
  (unless (process-live-p sockopt--channel)
    (setq sockopt--channel
          (sockopt--make-channel " sockopt" #'sockopt--channel-filter
                                 #'sockopt--channel-sentinel))
    (process-put sockopt--channel 'sockopt--reporter
                 (sockopt--reporter sockopt--channel)))
  sockopt--channel)

(defun sockopt--close-channel ()
  "Delete the pipe process for reports, unless somebody still waits."
  (unless sockopt--jobs
    (sockopt--stop-looking)
    (when sockopt--channel
      (sockopt--delete-channel sockopt--channel
                               #'sockopt--close-channel))))

(defun sockopt--channel-sentinel (channel _message)
  "Clean up after CHANNEL, whoever has deleted it.
Processes that still waited for a report fail."
  (unless (process-live-p channel)
    (let ((jobs sockopt--jobs)
          (reporter (process-get channel 'sockopt--reporter)))
      (setq sockopt--channel nil
            sockopt--jobs nil)
      (sockopt--stop-looking)
      (when reporter
        (process-put channel 'sockopt--reporter nil)
        (sockopt--drop-reporter reporter))
      (pcase-dolist (`(,_number . ,connecting) jobs)
        (let ((process (sockopt--connecting-process connecting)))
          (remhash process sockopt--connecting-table)
          (sockopt--fail process (list 'sockopt-error "Lost track of it"))
          (delete-process process)
          (sockopt--drop (sockopt--connecting-job connecting))))
      (sockopt--drop-channel channel))))

(defun sockopt--channel-filter (channel string)
  "Finish the processes whose numbers are in STRING, lines from CHANNEL."
  (dolist (number (sockopt--channel-numbers channel string))
    ;; One whose time was over before is not there any more.
    (let ((entry (assq number sockopt--jobs)))
      (when entry
        (sockopt--finish-entry entry))))
  (sockopt--close-channel))

(defun sockopt--finish-entry (entry)
  "Finish the process of ENTRY, one of `sockopt--jobs', whose job is done."
  (setq sockopt--jobs (delq entry sockopt--jobs))
  (sockopt--finish-connecting (cdr entry)))

(defun sockopt--finish-done ()
  "Finish the processes whose jobs are done, though no report has come."
  (dolist (entry sockopt--jobs)
    (when (and (memq entry sockopt--jobs)
               (sockopt--done-p (sockopt--connecting-job (cdr entry))))
      (sockopt--finish-entry entry)))
  (sockopt--close-channel))

(defun sockopt--start-looking ()
  "Begin to look now and then whether jobs are done."
  (unless sockopt--look-timer
    (setq sockopt--look-timer
          (run-at-time sockopt--look-interval sockopt--look-interval
                       #'sockopt--finish-done))))

(defun sockopt--stop-looking ()
  "Look no more whether jobs are done."
  (when sockopt--look-timer
    (cancel-timer sockopt--look-timer)
    (setq sockopt--look-timer nil)))

;;; Our own: from the start to the end

(defun sockopt--make-connecting (args options settings optional note-failures)
  "Make a process by ARGS, with OPTIONS, that is still connecting.
SETTINGS, OPTIONAL and NOTE-FAILURES are as for `sockopt--make-now'."
  (let* ((target (sockopt--target args))
         (handle (sockopt--hold))
         ;; Half made, it would stay on what holds it for ever.
         (inhibit-quit t)
         (process (sockopt--make-process args nil handle))
         (connecting (sockopt--connecting-make
                      :process process :handle handle
                      :options options :settings settings
                      :note-failures note-failures))
         (number (cl-incf sockopt--last-job)))
    (sockopt--or-discard process
      (sockopt--set-contact process (sockopt--contact args))
      (push (cons number connecting) sockopt--jobs)
      (puthash process connecting sockopt--connecting-table)
      (sockopt--start-connecting connecting number target optional))
    process))

(defun sockopt--start-connecting (connecting number target optional)
  "Start the job that connects the process of CONNECTING to TARGET.
It reports NUMBER.  The first OPTIONAL settings may fail."
  (let ((contact (sockopt--core-contact
                  (sockopt--connecting-process connecting) t t))
        (started nil))
    (unwind-protect
        (progn
          (setf (sockopt--connecting-job connecting)
                (sockopt--start-job connecting number target optional
                                    contact))
          (sockopt--limit-connecting connecting number
                                     (plist-get contact :connect-timeout))
          (sockopt--start-looking)
          (setq started t))
      (unless started
        (setq sockopt--jobs (assq-delete-all number sockopt--jobs))
        (sockopt--close-channel)))))

(defun sockopt--start-job (connecting number target optional contact)
  "Return the job that connects the process of CONNECTING, which has CONTACT.
NUMBER, TARGET and OPTIONAL are as for `sockopt--start-connecting'."
  (condition-case error
      (sockopt--start (sockopt--connecting-handle connecting)
                      (process-get (sockopt--open-channel) 'sockopt--reporter)
                      number target
                      (plist-get contact :type) (sockopt--protocol contact)
                      (sockopt--connecting-settings connecting) optional
                      (sockopt--stagger)
                      (sockopt--local contact))
    ;; The pipe is core's, and so is the error when it has none.
    (file-error (signal 'sockopt-system-error (cdr error)))))

(defun sockopt--limit-connecting (connecting number timeout)
  "Give CONNECTING, whose job reports NUMBER, TIMEOUT seconds at most.
If TIMEOUT is nil, there is no limit."
  (when timeout
    (setf (sockopt--connecting-timer connecting)
          (run-at-time timeout nil #'sockopt--time-out connecting number))))

(defun sockopt--time-out (connecting number)
  "Have the process of CONNECTING fail, whose job reports NUMBER.
Its time is over."
  (when (assq number sockopt--jobs)
    (setq sockopt--jobs (assq-delete-all number sockopt--jobs))
    (let ((process (sockopt--connecting-process connecting))
          (inhibit-quit t))
      (remhash process sockopt--connecting-table)
      (when (process-live-p process)
        (sockopt--give-up process connecting
                          '(error "Connection timed out")))
      (sockopt--drop (sockopt--connecting-job connecting))
      (sockopt--close-channel))))

(defun sockopt--finish-connecting (connecting)
  "Give the process of CONNECTING its socket, or let it fail."
  (let ((process (sockopt--connecting-process connecting))
        (inhibit-quit t))
    (remhash process sockopt--connecting-table)
    (sockopt--note-connection process
                              (sockopt--connecting-handle connecting))
    (when (sockopt--connecting-timer connecting)
      (cancel-timer (sockopt--connecting-timer connecting)))
    ;; Its descriptor is another's once it is deleted.
    (when (process-live-p process)
      (condition-case error
          (sockopt--give-socket process connecting)
        (error (sockopt--give-up process connecting error))))
    (sockopt--drop (sockopt--connecting-job connecting))))

(defun sockopt--give-up (process connecting error)
  "Have PROCESS, which CONNECTING is about, fail with ERROR.
Where its socket cannot do that, it is deleted."
  (sockopt--fail process error)
  (unless (condition-case nil
              (sockopt--break (sockopt--connecting-handle connecting))
            (sockopt-error nil))
    (delete-process process)))

(defun sockopt--give-socket (process connecting)
  "Give PROCESS the socket of the job of CONNECTING, if that has connected."
  (let ((handle (sockopt--connecting-handle connecting))
        (job (sockopt--connecting-job connecting))
        result)
    (when (sockopt--won-p job)
      (sockopt--start-tls process))
    ;; TLS may have ended it.
    (when (process-live-p process)
      (setq result
            (sockopt--finish handle job
                             (sockopt--connecting-settings connecting))))
    (when result
      (sockopt--note-handle process handle)
      (let* ((contact (sockopt--core-contact process t t))
             (local (sockopt--local contact)))
        (when local
          (sockopt--note-local process local))
        (sockopt--contact-addresses contact (car result) handle))
      (sockopt--note-results process
                             (sockopt--connecting-options connecting)
                             (cdr result)
                             (sockopt--connecting-note-failures connecting))
      (when (sockopt--connecting-kept connecting)
        (sockopt--catch-up connecting)
        ;; The contact has what was asked for meanwhile.
        (sockopt--refresh process)))))

(defun sockopt--fail (process error)
  "Have the sentinel of PROCESS, about to fail, report ERROR.
Core would give it the code of a socket, but there is none."
  (let ((sentinel (process-sentinel process))
        (message (format "failed: %s\n" (error-message-string error))))
    (set-process-sentinel process
                          (lambda (process _message)
                            (set-process-sentinel process sentinel)
                            (funcall sentinel process message)))))

;;; TLS

(defun sockopt--start-tls (process)
  "Begin TLS on PROCESS, which is about to get its socket, if it wants it.
The handshake must begin while the process is still held: once the socket
is there it may end within the call, and then core forgets to say \"open\"."
  (when (process-live-p process)
    (let ((parameters (sockopt--core-contact process :tls-parameters t)))
      (when parameters
        (sockopt--time-tls process)
        (gnutls-asynchronous-parameters process parameters)
        (gnutls-boot process (car parameters) (cdr parameters))
        (sockopt--watch-tls process)))))

(defconst sockopt--tls-interval 0.5
  "How many seconds there are between looks at a TLS handshake.")

(defun sockopt--watch-tls (process)
  "Have the sentinel of PROCESS told if its TLS handshake fails.
Core only sets the status then, and a program would wait for ever."
  (run-at-time sockopt--tls-interval nil #'sockopt--look-at-tls process nil))

(defun sockopt--look-at-tls (process failed)
  "Tell the sentinel of PROCESS that TLS has failed, or look again later.
FAILED says whether it had failed at the last look; core has had the time
since then to tell it by itself."
  (let ((status (process-status process)))
    (cond ((process-get process 'sockopt-tls-told))
          ((and failed (eq status 'failed))
           (funcall (process-sentinel process) process
                    "failed: TLS negotiation failed\n"))
          ((memq status '(connect failed))
           (run-at-time sockopt--tls-interval nil #'sockopt--look-at-tls
                        process (eq status 'failed))))))

(defun sockopt--time-tls (process)
  "Note how long the TLS handshake takes that PROCESS begins now.
It is done when the sentinel is told so."
  (let ((start (float-time)))
    (add-function :before (process-sentinel process)
                  (lambda (process _message)
                    (remove-function (process-sentinel process)
                                     'sockopt-time-tls)
                    (process-put process 'sockopt-tls-told t)
                    (when (eq (process-status process) 'open)
                      (sockopt--note-tls process start)))
                  '((name . sockopt-time-tls)))))

(provide 'sockopt-connect)
;;; sockopt-connect.el ends here
