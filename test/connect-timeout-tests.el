;;; connect-timeout-tests.el --- Test the time limit of connecting  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-tests-names)

(defvar sockopt--jobs)
(declare-function sockopt--time-out "sockopt-connect" (connecting number))

(defun connect-timeout-tests--client (server timeout &rest arguments)
  "Make a client of SERVER with TIMEOUT and ARGUMENTS."
  (apply #'sockopt-tests-client server :connect-timeout timeout arguments))

(ert-deftest connect-timeout-tests-waiting ()
  "A client that waits signals what core would, after its time."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-full-server))
           (processes (process-list))
           (start (float-time))
           (error (should-error (connect-timeout-tests--client server 0.4)
                                :type 'file-error)))
      (should (< 0.35 (- (float-time) start) 1.5))
      (should (equal (seq-take error 3)
                     '(sockopt-system-error "make client process failed"
                                            "Connection timed out")))
      (should (equal (plist-get (nthcdr 3 error) :connect-timeout) 0.4))
      (should (equal (process-list) processes)))))

(ert-deftest connect-timeout-tests-nowait ()
  "The sentinel of a client that does not wait is told, once."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-full-server))
           (said nil)
           (start (float-time))
           (client (connect-timeout-tests--client
                    server 0.4 :nowait t
                    :sentinel (lambda (_process message)
                                (push message said)))))
      (should (eq (process-status client) 'connect))
      (sockopt-tests-wait (lambda () said))
      (should (< 0.35 (- (float-time) start) 1.5))
      (should (eq (process-status client) 'failed))
      (sockopt-tests-wait #'ignore 0.3)
      (should (equal said '("failed: Connection timed out\n")))
      (should-not sockopt--jobs))))

(ert-deftest connect-timeout-tests-lost ()
  "A client whose socket is not to be had any more is deleted, and says why."
  (dolist (break (list #'ignore
                       (lambda (_handle)
                         (signal 'sockopt-system-error
                                 '("Cannot give up" "No memory")))))
    (sockopt-tests-clean
      (let* ((server (sockopt-tests-full-server))
             (said nil)
             (client (connect-timeout-tests--client
                      server 0.1 :nowait t
                      :sentinel (lambda (_process message)
                                  (push message said)))))
        (advice-add 'sockopt--break :override break)
        (unwind-protect
            (sockopt-tests-wait (lambda () said))
          (advice-remove 'sockopt--break break))
        (should (equal said '("failed: Connection timed out\n")))
        (should-not (process-live-p client))
        (should-not sockopt--jobs)))))

(ert-deftest connect-timeout-tests-in-time ()
  "One that is connected in time stays, and no timer with it."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (dolist (nowait '(nil t))
        (let* ((said nil)
               (client (connect-timeout-tests--client
                        server 0.5 :nowait nowait
                        :sentinel (lambda (_process message)
                                    (push message said)))))
          (should (sockopt-tests-wait
                   (lambda () (eq (process-status client) 'open))))
          (should-not (cl-find #'sockopt--time-out timer-list
                               :key #'timer--function))
          (sockopt-tests-wait #'ignore 0.7)
          (should (eq (process-status client) 'open))
          (should (equal said (and nowait '("open\n")))))))))

(ert-deftest connect-timeout-tests-deleted ()
  "A client that is deleted before its time is over says so only."
  (sockopt-tests-clean
    (let* ((said nil)
           (client (connect-timeout-tests--client
                    (sockopt-tests-full-server) 0.3 :nowait t
                    :sentinel (lambda (_process message)
                                (push message said)))))
      (delete-process client)
      (sockopt-tests-wait #'ignore 0.6)
      (should (equal said '("deleted\n"))))))

(ert-deftest connect-timeout-tests-wrong ()
  "What is no time is refused before there is a socket."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (should (equal (should-error
                      (connect-timeout-tests--client server "1"))
                     '(wrong-type-argument numberp "1" :connect-timeout)))
      (dolist (wrong '(0 -1 2147484 1e20 0.0e+NaN))
        (should (equal (butlast (should-error
                                 (connect-timeout-tests--client server
                                                                wrong)))
                       (list 'args-out-of-range :connect-timeout wrong))))
      (should (string-search "more than 0, at most 2147483 seconds"
                             (error-message-string
                              (should-error
                               (connect-timeout-tests--client server 0)))))
      ;; What does not connect has no use for it.
      (dolist (other '((:server t :service t)
                       (:type datagram :service 9)))
        (should-error (apply #'sockopt-make-network-process
                             :name "o" :host "127.0.0.1" :family 'ipv4
                             :connect-timeout 1 other)
                      :type 'sockopt-error)))))

(ert-deftest connect-timeout-tests-lookup ()
  "The time counts from the lookup on, which may never end."
  (pcase-let ((`(,waited ,seconds ,messages ,late)
               (sockopt-tests-names-call
                '(let* ((start (float-time))
                        (error (condition-case error
                                   (client #'sockopt-make-network-process
                                           "never.test" :connect-timeout 0.5)
                                 (error (error-message-string error))))
                        (seconds (- (float-time) start))
                        (process (client #'sockopt-make-network-process
                                         "never.test" :nowait t
                                         :connect-timeout 0.5)))
                   (await (lambda () (done-p process)))
                   (setq start (float-time))
                   ;; Which the lookup that goes on does not change.
                   (while (< (- (float-time) start) 5)
                     (accept-process-output nil 0.1))
                   (list error seconds (mapcar #'cdr messages)
                         (process-status process))))))
    (should (string-prefix-p "Cannot look up host: Connection timed out"
                             waited))
    (should (< 0.4 seconds 1.5))
    (should (equal messages '("failed: Connection timed out\n")))
    (should (eq late 'failed))))

(ert-deftest connect-timeout-tests-all-addresses ()
  "One limit is for the lookup and all addresses together.
It is over before that of a client that has longer, and began later, but
which nothing delays.  A busy machine does not change which comes first."
  (pcase-let ((`(,seconds ,order ,message)
               (sockopt-tests-names-call
                '(let* ((start (float-time))
                        (process (client #'sockopt-make-network-process
                                         "mute.test" :nowait t
                                         :connect-timeout 1.2))
                        (after (client #'sockopt-make-network-process
                                       "10.78.0.1" :nowait t
                                       :connect-timeout 1.5)))
                   (await (lambda () (message-of process)))
                   (let ((seconds (- (float-time) start)))
                     (await (lambda () (message-of after)))
                     (list seconds
                           (mapcar (lambda (told) (eq (car told) after))
                                   (reverse messages))
                           (message-of process)))))))
    (should (< 1.1 seconds))
    (should (equal order '(nil t)))
    (should (equal message "failed: Connection timed out\n"))))

(provide 'connect-timeout-tests)
;;; connect-timeout-tests.el ends here
