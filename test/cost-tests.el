;;; cost-tests.el --- Test what waiting connections cost  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-connect)
(require 'sockopt-tests-lib)

(defun cost-tests--count (directory)
  "Return how many entries DIRECTORY below /proc/self has."
  (length (directory-files (concat "/proc/self/" directory) nil "\\`[0-9]" t)))

(defconst cost-tests--many 450
  "How many connections wait at once.
With two descriptors each they just fit in what Emacs may have.")

(ert-deftest cost-tests-many-pending ()
  "Any number of connections that wait take one thread, and two descriptors
each; when they are deleted nothing is left of them."
  (skip-unless (file-directory-p "/proc/self/task"))
  (sockopt-tests-clean
    (let ((server (sockopt-tests-full-server))
          pending threads descriptors)
      ;; Have the module open what it keeps.
      (delete-process (sockopt-tests-client server :nowait t))
      (sockopt-tests-wait (lambda () (null sockopt--jobs)))
      (setq threads (cost-tests--count "task")
            descriptors (cost-tests--count "fd"))
      (dotimes (_ cost-tests--many)
        (push (sockopt-tests-client server :nowait t :sentinel #'ignore)
              pending))
      (sockopt-tests-wait #'ignore 0.3)
      (should (= (cost-tests--count "task") (1+ threads)))
      ;; The pipe of all reports takes some, and so does that to the thread.
      (should (<= (cost-tests--count "fd")
                  (+ descriptors (* 2 cost-tests--many) 10)))
      (should (= (length sockopt--jobs) cost-tests--many))
      (dolist (process pending)
        (should (eq (process-status process) 'connect)))
      (mapc #'delete-process pending)
      (should (sockopt-tests-wait (lambda () (null sockopt--jobs)) 5))
      (should (sockopt-tests-wait
               (lambda () (= (cost-tests--count "task") threads))))
      (should (= (cost-tests--count "fd") descriptors)))))

(ert-deftest cost-tests-no-timer-left ()
  "Where nothing waits there is no timer."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server) :nowait t)))
      (should (memq sockopt--look-timer timer-list))
      (should (sockopt-tests-open-p client))
      (should-not sockopt--look-timer)
      (should-not (memq #'sockopt--finish-done
                        (mapcar #'timer--function timer-list))))))

(ert-deftest cost-tests-report-lost ()
  "A connection whose report is lost is open all the same, soon."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (clients (list (sockopt-tests-client server :nowait t :priority 3)
                          (sockopt-tests-client server :nowait t :priority 4)))
           (start (float-time)))
      (set-process-filter sockopt--channel #'ignore)
      (dolist (client clients)
        (should (sockopt-tests-open-p client)))
      (should (< (- (float-time) start) (* 3 sockopt--look-interval)))
      (should (equal (mapcar (lambda (client) (sockopt-get client :priority))
                             clients)
                     '(3 4)))
      (should-not sockopt--jobs))))

(ert-deftest cost-tests-failure-report-lost ()
  "So it is with one that fails, of which the sentinel is told."
  (sockopt-tests-clean
    (let (said)
      (sockopt-make-network-process
       :name "c" :host "no-such-host.invalid" :service 9 :nowait t
       :noquery t :sentinel (lambda (_process message) (push message said)))
      (set-process-filter sockopt--channel #'ignore)
      (should (sockopt-tests-wait (lambda () said) 20))
      (should (= (length said) 1))
      (should (string-prefix-p "failed: " (car said))))))

(ert-deftest cost-tests-descriptor-again ()
  "A process that gets the descriptor of one that was deleted while it
waited goes on waiting, and gets no socket of the other's."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (full (sockopt-tests-full-server))
           (spare (make-network-process
                   :name "spare" :type 'datagram :family 'ipv4 :noquery t
                   :host "127.0.0.1" :service 9))
           (deleted (sockopt-tests-client server :nowait t))
           pending)
      ;; It is connected by now, but nobody has heard.
      (delete-process deleted)
      ;; What is made first takes its descriptor.
      (delete-process spare)
      (setq pending (sockopt-tests-client full :nowait t))
      (sockopt-tests-wait #'ignore 0.3)
      (should (eq (process-status pending) 'connect))
      (should (= (length sockopt--jobs) 1)))))

(defun cost-tests--other-emacs (form)
  "Return what FORM is in another Emacs that can start no threads."
  (let* ((command (sockopt-tests-command
                   "-L" (file-name-directory (locate-library "sockopt"))
                   "-L" (file-name-directory (locate-library
                                              "sockopt-tests-lib"))
                   "-l" "sockopt-tests-lib" "--eval"
                   (format "(prin1 (progn (require 'sockopt-connect) %S))"
                           form))))
    (with-temp-buffer
      ;; A stack of its own would be larger than all that it may have.
      (apply #'call-process "sh" nil '(t nil) nil "-c"
             "ulimit -s 16000000 && ulimit -v 8000000 && exec \"$@\"" "sh"
             command)
      (goto-char (point-min))
      (read (current-buffer)))))

(ert-deftest cost-tests-no-thread ()
  "Where no thread can be started, an error says what would do.
What needs none is done, and one who waits for a name waits for it."
  (skip-unless (eq system-type 'gnu/linux))
  (unless (< (expt 2 32) most-positive-fixnum)
    (ert-skip "32 bits do not hold the limits that would let no thread start"))
  ;; AddressSanitizer itself takes more memory than is left here.
  (skip-unless (not (getenv "REPORT")))
  (pcase-let ((`(,error ,left ,open ,named)
               (cost-tests--other-emacs
                '(sockopt-tests-clean
                   (let ((server (sockopt-tests-server))
                         (full (sockopt-tests-full-server)))
                     (list (sockopt-tests-error
                            (lambda ()
                              (sockopt-tests-client full :nowait t)))
                           (list sockopt--jobs
                                 (get-process "client"))
                           (and (sockopt-tests-open-p
                                 (sockopt-tests-client server :nowait t))
                                t)
                           (sockopt-tests-open-p
                            (sockopt-tests-client server
                                                  :host "localhost"))))))))
    (should (equal (seq-take error 3)
                   '(sockopt-system-error
                     "make client process failed"
                     "Resource temporarily unavailable")))
    (should (string-match-p "no thread can be started" (nth 3 error)))
    (should (equal left '(nil nil)))
    (should open)
    (should named)))

(provide 'cost-tests)
;;; cost-tests.el ends here
