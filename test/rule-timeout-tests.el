;;; rule-timeout-tests.el --- Rules that limit connecting  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)

(defun rule-timeout-tests--seconds (function)
  "Return (SECONDS . MESSAGE) of the error that FUNCTION signals."
  (let* ((start (float-time))
         (error (sockopt-tests-error function)))
    (cons (- (float-time) start) (error-message-string error))))

(defun rule-timeout-tests--connect (server &rest arguments)
  "Connect to SERVER with core's function and ARGUMENTS."
  (apply #'make-network-process :name "c" :noquery t :host "127.0.0.1"
         :family 'ipv4 :service (process-contact server :service)
         arguments))

(defmacro rule-timeout-tests--limited (form)
  "Check that FORM gives up connecting after about 0.4 seconds."
  `(pcase-let ((`(,seconds . ,message)
                (rule-timeout-tests--seconds (lambda () ,form))))
     (should (< 0.3 seconds 2))
     (should (string-search "Connection timed out" message))))

(ert-deftest rule-timeout-tests-rule ()
  "A rule, or a preset in one, limits what packages connect."
  (dolist (rules '(((nil (:connect-timeout 0.4)))
                   ((nil (:connect-timeout 30 :tcp-nodelay t))
                    ((:name "c") (:connect-timeout 0.4)))
                   ((nil mine))))
    (let ((sockopt-presets '((mine :connect-timeout 0.4))))
      (sockopt-tests-with-rules rules
        (let ((full (sockopt-tests-full-server)))
          (rule-timeout-tests--limited
           (rule-timeout-tests--connect full)))))))

(ert-deftest rule-timeout-tests-caller-wins ()
  "What the caller asks for wins."
  (sockopt-tests-with-rules '((nil (:connect-timeout 60)))
    (let ((full (sockopt-tests-full-server)))
      (rule-timeout-tests--limited
       (rule-timeout-tests--connect full :connect-timeout 0.4)))
    ;; Once, and also if that is none.
    (let ((server (sockopt-tests-core-server)))
      (dolist (value '(5 nil))
        (should (equal (cl-loop for (key value)
                                on (process-contact
                                    (rule-timeout-tests--connect
                                     server :connect-timeout value)
                                    t)
                                by #'cddr
                                when (eq key :connect-timeout)
                                collect value)
                       (list value)))))))

(ert-deftest rule-timeout-tests-no-rules ()
  "Core's function takes it with the mode on, without any rule or option."
  (sockopt-tests-with-rules nil
    (let ((full (sockopt-tests-full-server)))
      (rule-timeout-tests--limited
       (rule-timeout-tests--connect full :connect-timeout 0.4)))))

(ert-deftest rule-timeout-tests-stream ()
  "`open-network-stream' takes it with the mode on, waiting or not."
  (sockopt-tests-with-rules nil
    (let* ((full (sockopt-tests-full-server))
           (port (process-contact full :service))
           (said nil))
      (rule-timeout-tests--limited
       (open-network-stream "s" nil "127.0.0.1" port :connect-timeout 0.4))
      (let ((stream (open-network-stream "s" nil "127.0.0.1" port :nowait t
                                         :connect-timeout 0.4)))
        (set-process-query-on-exit-flag stream nil)
        (set-process-sentinel stream (lambda (_process message)
                                       (push message said)))
        (should (sockopt-tests-wait (lambda () said) 3))
        (should (equal said '("failed: Connection timed out\n")))))))

(ert-deftest rule-timeout-tests-where-it-is-of-use ()
  "It is for what connects: servers and datagrams are made as ever."
  (sockopt-tests-with-rules '((nil (:connect-timeout 5)))
    (let ((server (sockopt-tests-core-server))
          (udp (make-network-process :name "u" :type 'datagram :noquery t
                                     :host "127.0.0.1" :service 9
                                     :family 'ipv4)))
      (should (process-live-p server))
      (should (process-live-p udp))
      (should-not (plist-member (process-contact server t)
                                :connect-timeout))
      ;; Core connects these, and has no limit.
      (should-not (plist-member (process-contact
                                 (rule-timeout-tests--connect
                                  server :use-external-socket t)
                                 t)
                                :connect-timeout))
      (should-not sockopt-mode--reported)
      (should (equal 5 (process-contact (sockopt-tests-core-client server)
                                        :connect-timeout))))))

(ert-deftest rule-timeout-tests-wrong ()
  "What is no time makes the rule wrong, with the reason."
  (dolist (value '(0 -1 "5" nil t 1e20))
    (should (string-match-p
             ".:connect-timeout. takes seconds"
             (sockopt-rules-problem `(nil (:connect-timeout ,value))))))
  (should (string-match-p
           "did you mean .:connect-timeout."
           (sockopt-rules-problem '(nil (:connect-timout 5))))))

(ert-deftest rule-timeout-tests-quick-connect ()
  "There is a preset for it."
  (should (equal (alist-get 'quick-connect sockopt-presets)
                 '(:connect-timeout 10)))
  (should-not (sockopt-rules-problem '(nil quick-connect))))

(provide 'rule-timeout-tests)
;;; rule-timeout-tests.el ends here
