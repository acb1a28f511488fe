;;; dead-peer-tests.el --- Tests with a peer that vanishes  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-tests-hosts)
(require 'sockopt-tests-kinds)
(require 'sockopt-rules)

(defconst dead-peer-tests--client
  `(let ((sentinel (lambda (process _)
                     (message "GONE %s %S" (process-name process)
                              (process-status process)))))
     (sockopt-mode 1)
     (setq sockopt-presets
           '((quick :keepalive t :tcp-keepidle 1 :tcp-keepintvl 1
                    :tcp-keepcnt 3 :tcp-user-timeout 3000))
           sockopt-rules '(((:name "ruled") quick)))
     (dolist (name '("ruled" "plain"))
       (make-network-process :name name :host ,sockopt-tests-far
                             :service 7777 :sentinel sentinel))
     (message "CONNECTED")
     (with-timeout (40) (while t (accept-process-output nil 0.05))))
  "What the Emacs of the client evaluates.")

(ert-deftest dead-peer-tests-rule ()
  "A rule ends the connection to a peer that vanished; without, it stays."
  :tags '(:keepalive (needs :tcp-user-timeout))
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 7777)
    (let ((client (sockopt-tests-emacs-in near dead-peer-tests--client))
          (end nil))
      (should (sockopt-tests-says-p client "CONNECTED" 10))
      (should-not (sockopt-tests-says-p client "GONE" 2))
      (sockopt-tests-cable far "down")
      (setq end (+ (float-time) 10))
      (should (sockopt-tests-says-p client "GONE ruled closed" 10))
      (should-not (sockopt-tests-says-p client "GONE plain"
                                        (- end (float-time)))))))

;;; The presets in each fault

;; As they come they take two minutes, so their times are divided by ten.
(defun dead-peer-tests--quick (preset)
  "Return the options of PRESET with their times divided by ten."
  (cl-loop for (option value) on (alist-get preset sockopt-presets) by #'cddr
           append (list option
                        (pcase option
                          ((or :tcp-keepidle :tcp-keepintvl
                               :tcp-rto-max-ms :tcp-user-timeout)
                           (/ value 10))
                          (_ value)))))

(defun dead-peer-tests--form (seconds before)
  "Return a form that watches a connection with each preset for SECONDS.
BEFORE is evaluated when P is connected; then its value is a list of
\(PRESET STATUS SECONDS-UNTIL-IT-ENDED)."
  `(let* ((presets ',(list (cons 'dead-peer
                                 (dead-peer-tests--quick 'dead-peer))
                           (cons 'dead-or-stuck-peer
                                 (dead-peer-tests--quick
                                  'dead-or-stuck-peer))
                           '(none :keepalive nil)))
          (start nil)
          (ended nil)
          (all (mapcar
                (lambda (preset)
                  (cons (car preset)
                        (apply #'sockopt-make-network-process
                               :name (symbol-name (car preset))
                               :host ,sockopt-tests-far :service 7777
                               :family 'ipv4 :noquery t :filter #'ignore
                               :sentinel
                               (lambda (_p _message)
                                 (push (cons (car preset)
                                             (- (float-time) start))
                                       ended))
                               (cdr preset))))
                presets)))
     (sleep-for 0.5)
     (dolist (entry all)
       (let ((p (cdr entry)))
         (ignore p)
         ,before))
     ;; The cable is pulled, or not, when this is said.
     (message "READY")
     (setq start (float-time))
     (while (and (< (- (float-time) start) ,seconds)
                 (< (length ended) 3))
       (accept-process-output nil 0.1))
     (mapcar (lambda (entry)
               (list (car entry) (process-status (cdr entry))
                     (alist-get (car entry) ended)))
             all)))

(defun dead-peer-tests--run (near far seconds before pull)
  "Return the value of `dead-peer-tests--form' on NEAR for SECONDS.
BEFORE is as there.  If PULL is non-nil, FAR vanishes when it is done."
  (let ((client (sockopt-tests-emacs-in
                 near `(message "GOT %S" ,(dead-peer-tests--form seconds
                                                                 before)))))
    (should (sockopt-tests-says-p client "READY" 20))
    (when pull
      (sockopt-tests-cable far "down"))
    (should (sockopt-tests-says-p client "GOT" (+ seconds 10)))
    (let ((output (process-get client 'output)))
      (string-match "^GOT \\(.*\\)$" output)
      (read (match-string 1 output)))))

(defun dead-peer-tests--check (results preset low high)
  "Check by RESULTS that PRESET ended between LOW and HIGH seconds.
If LOW is nil, that it has not ended."
  (pcase-let ((`(,_ ,status ,seconds) (assq preset results)))
    (ert-info ((format "%s in %S" preset results))
      (if low
          (should (and seconds (< low seconds high)))
        (should (eq status 'open))))))

(ert-deftest dead-peer-tests-idle ()
  "An idle connection ends after the idle time and the probes."
  :tags '(:keepalive (needs :tcp-user-timeout))
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 7777)
    (let ((results (dead-peer-tests--run near far 18 nil t)))
      (dead-peer-tests--check results 'dead-peer 10 16)
      (dead-peer-tests--check results 'dead-or-stuck-peer 10 16)
      (dead-peer-tests--check results 'none nil nil))))

(ert-deftest dead-peer-tests-sending ()
  "With data under way it ends when these were sent again often enough."
  :tags '(:tcp-user-timeout)
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 7777)
    (let ((results
           (dead-peer-tests--run
            near far 26
            '(run-at-time 1 nil (lambda () (process-send-string p "data")))
            t)))
      (dead-peer-tests--check results 'dead-or-stuck-peer 8 20)
      (if (version< (sockopt-tests-kernel) "6.15")
          (dead-peer-tests--check results 'dead-peer nil nil)
        (dead-peer-tests--check results 'dead-peer 10 24))
      (dead-peer-tests--check results 'none nil nil))))

(ert-deftest dead-peer-tests-not-reading ()
  "A peer that is alive and does not read is left alone by `dead-peer'."
  :tags '((needs :tcp-user-timeout))
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 7777 :log '(lambda (_server child _message)
                                          (set-process-filter child t)))
    (let ((results
           (dead-peer-tests--run
            near far 24
            ;; More than both sides can hold.
            '(make-thread
              (lambda ()
                (ignore-errors
                  (process-send-string p (make-string 20000000 ?x)))))
            nil)))
      (dead-peer-tests--check results 'dead-or-stuck-peer 8 22)
      (dead-peer-tests--check results 'dead-peer nil nil)
      (dead-peer-tests--check results 'none nil nil))))

(provide 'dead-peer-tests)
;;; dead-peer-tests.el ends here
