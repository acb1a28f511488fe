;;; thread-tests.el --- Tests with several Lisp threads  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; These are in an Emacs of their own, for core may leave descriptors marked
;; as if a thread that has ended still waited for them, and then nobody ever
;; reads from them again.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt-mode)
(require 'sockopt-tests-lib)

(defvar sockopt--channel)
(defvar sockopt--jobs)

(defmacro thread-tests--with-mode (&rest body)
  "Evaluate BODY with `sockopt-mode' on and a rule for every process."
  (declare (indent 0) (debug t))
  `(sockopt-tests-clean
     (sockopt-tests-with-mode '((nil (:priority 3)))
       ,@body)))

(defun thread-tests--serve ()
  "Start an Emacs that sends back what it gets, and return its port.
When a descriptor is closed that another thread is about to wait for, core
aborts.  So no process that is not a thread's own may come and go."
  (cdr (sockopt-tests-other-server)))

(defun thread-tests--client (port &rest arguments)
  "Make a client of the server on PORT by ARGUMENTS."
  (apply #'make-network-process :name "client" :noquery t :family 'ipv4
         :host "127.0.0.1" :service port arguments))

(defun thread-tests--work (port number)
  "Make and use clients of the server on PORT in thread NUMBER.
Return a list of their cookies."
  (cl-loop for i below 10
           for idle = (+ 100 (* 100 number) i)
           for client = (thread-tests--client port :tcp-keepidle idle)
           for core = (let ((sockopt-rules nil))
                        (thread-tests--client port))
           do (thread-yield)
           do (set-network-process-option core :tcp-keepidle (1+ idle))
           do (should (thread-tests--talks-p client idle))
           do (should (thread-tests--talks-p core idle))
           do (thread-yield)
           do (should (equal idle (sockopt-get client :tcp-keepidle)))
           do (should (equal (1+ idle) (sockopt-get core :tcp-keepidle)))
           collect (sockopt-get client :cookie)
           collect (sockopt-get core :cookie)
           do (mapc #'delete-process (list client core))))

(defun thread-tests--talks-p (process number)
  "Return non-nil if PROCESS, an echo's client, sends NUMBER back."
  (let ((place (list ""))
        (end (+ (float-time) 10)))
    (set-process-filter process (sockopt-tests-collector place))
    (process-send-string process (number-to-string number))
    (while (and (not (equal (car place) (number-to-string number)))
                (< (float-time) end))
      (accept-process-output process 0.02))
    (equal (car place) (number-to-string number))))

(defun thread-tests--run (port count)
  "Run COUNT threads that use the server on PORT.
Return what they returned, appended."
  (let ((threads (cl-loop for i below count
                          collect (let ((i i))
                                    (make-thread
                                     (lambda ()
                                       (thread-tests--work port i)))))))
    (sockopt-tests-wait
     (lambda () (not (cl-some #'thread-live-p threads))) 60)
    (should-not (cl-some #'thread-live-p threads))
    (mapcan #'thread-join threads)))

(defconst thread-tests--tries 8
  "How often an Emacs may abort before the test of several threads fails.
Core does so, with this package or without, when one thread deletes a
process that another is about to wait for: wait_reading_process_output meets
a descriptor that is closed (seen in Emacs 28.2).")

(defun thread-tests--other-emacs (port)
  "Run the threads in another Emacs, with the server on PORT.
Return (STATUS . OUTPUT)."
  (let ((command (sockopt-tests-command
                  "-L" (file-name-directory (locate-library "sockopt"))
                  "-L" (file-name-directory (locate-library
                                             "sockopt-tests-lib"))
                  "-l" "thread-tests"
                  "--eval" (format "(message \"COOKIES %%S\" \
(thread-tests--with-mode (thread-tests--run %d 5)))" port))))
    (with-temp-buffer
      (let ((status (apply #'call-process (car command) nil t nil
                           (cdr command))))
        (cons status (buffer-string))))))

(defun thread-tests--until-no-abort (port)
  "Return the output of the other Emacs, with the server on PORT.
Say how often Emacs aborted before."
  (cl-loop for aborts from 0 below thread-tests--tries
           for (status . output) = (thread-tests--other-emacs port)
           while (and (stringp status) (string-prefix-p "Aborted" status))
           finally
           (when (> aborts 0)
             (message "  Emacs itself aborted %d times" aborts))
           (ert-info (output :prefix "output: ")
             (should (equal status 0)))
           (cl-return output)))

(ert-deftest thread-tests-several ()
  "Several threads make and use processes; each sees its own sockets."
  :tags '((needs :cookie))
  (skip-unless (fboundp 'make-thread))
  (sockopt-tests-clean
    (let* ((output (thread-tests--until-no-abort (thread-tests--serve)))
           (cookies (and (string-match "^COOKIES " output)
                         (read (substring output (match-end 0))))))
      (should (= (length cookies) 100))
      (should (equal cookies (delete-dups (copy-sequence cookies)))))))

(ert-deftest thread-tests-busy ()
  "Connections finish though the thread that made the first is busy."
  (skip-unless (fboundp 'make-thread))
  (thread-tests--with-mode
    (let* ((server (sockopt-tests-server))
           (full (let ((sockopt-rules nil)) (sockopt-tests-full-server)))
           (release (list nil))
           (thread (make-thread
                    (lambda ()
                      (let ((pending (sockopt-tests-client full :nowait t)))
                        (setcar release 'made)
                        (while (not (eq (car release) 'over))
                          (thread-yield))
                        (delete-process pending))))))
      (unwind-protect
          (let (client)
            (should (sockopt-tests-wait
                     (lambda () (eq (car release) 'made))))
            ;; Any thread may wait for it.
            (should-not (process-thread (get-process " sockopt")))
            (setq client (thread-tests--client
                          (process-contact server :service) :nowait t))
            (should (sockopt-tests-open-p client))
            (should (equal 3 (sockopt-get client :priority))))
        (setcar release 'over)
        (thread-join thread)
        ;; The module's thread is told, and says that it has ended.
        (sockopt-tests-wait (lambda () (null sockopt--jobs)))))))

(ert-deftest thread-tests-channel-closed ()
  "What threads report to is closed once the other Lisp threads have ended."
  (skip-unless (fboundp 'make-thread))
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (over nil)
           (thread (make-thread (lambda ()
                                  (while (not over) (thread-yield))))))
      (unwind-protect
          (progn
            (should (sockopt-tests-open-p
                     (sockopt-tests-client server :nowait t)))
            (should (sockopt-tests-wait (lambda () (null sockopt--jobs))))
            ;; The thread might be about to wait for it.
            (should (process-live-p sockopt--channel)))
        (setq over t)
        (thread-join thread))
      (should (sockopt-tests-wait (lambda () (null sockopt--channel)))))))

(provide 'thread-tests)
;;; thread-tests.el ends here
