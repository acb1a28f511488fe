;;; save-rule-tests.el --- Test making a rule of a setting  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-save-rule)

(ert-deftest save-rule-tests-match ()
  "A client is known by its host and port, a server by its name."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server :name "a.server"))
           (port (process-contact server :service))
           (client (sockopt-tests-client server))
           (named (make-network-process
                   :name "[x]" :remote (process-contact server :local)
                   :service t :noquery t)))
      (should (equal (sockopt-save-rule--match server)
                     `(:name "\\`a\\.server" :service ,port)))
      (should (equal (sockopt-save-rule--match client)
                     `(:host "\\`127\\.0\\.0\\.1\\'" :service ,port)))
      ;; What has no port of its own is known by its name alone.
      (should (equal (sockopt-save-rule--match named)
                     '(:name "\\`\\[x]")))
      ;; It is for those like that, and no others.
      (let ((match (sockopt-save-rule--match client)))
        (should (sockopt-rules-match-p
                 match (list :host "127.0.0.1" :service port)))
        (dolist (host '("127.0.0.11" "1127.0.0.1" "127x0.0.1"))
          (should-not (sockopt-rules-match-p
                       match (list :host host :service port))))))))

(defmacro save-rule-tests--asked (answer shown &rest body)
  "Evaluate BODY with ANSWER to all questions; SHOWN is the last preview."
  (declare (indent 2) (debug (form symbolp body)))
  `(let (,shown)
     (cl-letf (((symbol-function 'y-or-n-p)
                (lambda (_)
                  (setq ,shown (with-current-buffer "*sockopt-rule*"
                                 (buffer-string)))
                  ,answer)))
       ,@body)))

(ert-deftest save-rule-tests-preview ()
  "A preview shows one rule, and whether the mode is off; then it is gone."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server))
          (inhibit-message t))
      (save-rule-tests--asked nil shown
        (with-current-buffer (get-buffer-create "*sockopt-rule*")
          (insert "of before"))
        (should-not (sockopt-save-rule server '(low-latency)))
        (should (string-prefix-p "This rule would be added" shown))
        (should-not (string-search "of before" shown))
        (should (string-search " (it is off now)." shown))
        (should-not (get-buffer "*sockopt-rule*"))
        (sockopt-tests-with-mode nil
          (sockopt-save-rule server '(low-latency)))
        (should (string-search "`sockopt-mode' is on.\n" shown))))))

(ert-deftest save-rule-tests-added-last ()
  "A new rule comes after those there are, so that it wins."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server))
          (old '(nil (:priority 1)))
          (before sockopt-rules)
          (inhibit-message t))
      (save-window-excursion
        (unwind-protect
            (save-rule-tests--asked t shown
              (set-default-toplevel-value 'sockopt-rules (list old))
              (let ((rule (sockopt-save-rule server '((:priority 2)))))
                (should (equal (cdr rule) '((:priority 2))))
                (should (string-search "(:priority 2)" shown))
                (should (equal sockopt-rules (list old rule)))))
          (set-default-toplevel-value 'sockopt-rules before)
          (when (get-buffer "*Customize Option: Sockopt Rules*")
            (kill-buffer "*Customize Option: Sockopt Rules*")))))))

(provide 'save-rule-tests)
;;; save-rule-tests.el ends here
