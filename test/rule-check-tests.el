;;; rule-check-tests.el --- Tests of what rules are right  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)
(require 'sockopt-apply)
;; Before a test replaces a function that this file would define anew.
(require 'warnings)

(defconst rule-check-tests--wrong
  '(((:service 9999 dead-peer)
     "Conditions go in parentheses of their own: ((:service 9999) dead-peer)")
    (((:service 7) dead-per)
     "Unknown preset `dead-per'; did you mean `dead-peer'?")
    (((:serivce 7) dead-peer)
     "Unknown condition `:serivce'; did you mean `:service'?")
    ((nil (keepalive t))
     "Unknown option `keepalive'; did you mean `:keepalive'?")
    (((:name "[") dead-peer) ":name \"[\": Unmatched [ or [^")
    (((:name 5) dead-peer) ":name takes a regexp, not 5")
    (((:name "x" :name "[") dead-peer) ":name \"[\": Unmatched [ or [^")
    (((:server t) (:child-options (:connect-timeout 10)))
     "`:connect-timeout' is for clients, not for what a server accepts")
    (((:server t) (:child-options (:child-options nil)))
     "`:child-options' goes into a rule, not into a preset or itself")
    (((:server nil) (:child-options dead-peer))
     "`:child-options' is for servers that accept, and the conditions (:server")
    (((:type datagram) (:child-options dead-peer))
     "`:child-options' is for servers that accept")
    (((:server t) low-latency (:connect-timeout 10))
     "`:connect-timeout' is for clients that connect, and the conditions")
    (((:type raw) (:connect-timeout 10))
     "`:connect-timeout' is for clients that connect")
    (((:server t) quick-connect)
     "`:connect-timeout' is for clients that connect")
    (((:host) dead-peer) "No value for :host in (:host)")
    (((:service 7) (:tcp-nodelay))
     "No value for :tcp-nodelay in (:tcp-nodelay)")
    ((nil (:keepalive t :tcp-keepidle))
     "No value for :tcp-keepidle in (:keepalive t :tcp-keepidle)")
    ((nil :keepalive t)
     "Options go in parentheses with their values: (:keepalive ...)")
    ((nil 'dead-peer)
     "Within a list of rules nothing is quoted: dead-peer")
    ((nil (dead-peer)) "A preset goes without parentheses: dead-peer")
    ((nil some) "Unknown preset `some'; there are dead-peer, dead-or-stuck")
    (((:port 7) dead-peer) "Unknown condition `:port'; there are :name, :host,")
    ((dead-peer) "No conditions; for every process write (nil dead-peer)")
    ((nil) "It sets nothing")
    ((nil 5) "Neither a preset nor a list (OPTION VALUE ...): 5")
    ((nil nil) "Neither a preset nor a list (OPTION VALUE ...): nil")
    ((nil (:keepalive . t))
     "Not a preset or a list (OPTION VALUE ...): (:keepalive . t)")
    ((nil (:tcp-keepidel 30))
     "Unknown option `:tcp-keepidel'; did you mean `:tcp-keepidle'?")
    ((nil (:cookie 1)) "`:cookie' can only be read")
    ((nil (:tcp-keepidle 99999))
     "`:tcp-keepidle' takes 1 to 32767 seconds, not 99999")
    ((nil (:ip-mtu-discover whant)) "did you mean `want'?")
    ((nil (:child-options (:priorty 3)))
     "Unknown option `:priorty'; did you mean `:priority'?")
    (((:server t) (:child-options dead-per))
     "Unknown preset `dead-per'; did you mean `dead-peer'?")
    (((:family ipv5) dead-peer)
     ":family takes ipv4, ipv6, local, vsock, not ipv5; did you mean `ipv4'?")
    (((:type tcp) dead-peer) ":type takes stream, datagram, seqpacket, raw")
    (((:service nil) dead-peer) ":service takes a port, 0 to 65535, a name")
    (((:service 65536) dead-peer) ":service takes a port, 0 to 65535")
    (((:service ("irc" 1.5)) dead-peer) ":service takes a port, 0 to 65535")
    (((:server 5) dead-peer) ":server takes t or nil, not 5")
    (((:tls yes) dead-peer) ":tls takes t or nil, not yes")
    (((:predicate 5) dead-peer) ":predicate takes a function, not 5")
    ((5 dead-peer) "Not a list of conditions: 5")
    (((:name . "x") dead-peer) "Not a list of conditions: (:name . \"x\")")
    (5 "Not a list (MATCH SETTING...): 5")
    ((nil . 5) "Not a list (MATCH SETTING...): (nil . 5)"))
  "Wrong rules, each with the reason, or what is in it.")

(ert-deftest rule-check-tests-reasons ()
  "Each wrong rule has its reason, which says what would do."
  (sockopt--ensure-module)
  (let ((text-quoting-style 'grave))
    (pcase-dolist (`(,rule ,reason) rule-check-tests--wrong)
      (ert-info ((format "%S" rule))
        (let ((problem (sockopt-rules-problem rule)))
          (should (string-search reason (or problem "")))
          (should-not (string-search "nil:" problem)))))))

(ert-deftest rule-check-tests-one-level ()
  "A rule in the place of a list of rules is told what it lacks."
  :tags '((needs :tcp-user-timeout))
  (sockopt--ensure-module)
  (dolist (rule '(((:service 7) dead-peer) (nil dead-peer)))
    (let ((sockopt-rules rule)
          (sockopt-rules--state nil))
      (should (equal (sockopt-rules-wrong)
                     (list (cons rule
                                 (format "A list of rules has parentheses of \
its own: %S" (list rule)))))))))

(ert-deftest rule-check-tests-right ()
  "What the documentation shows is right, and more than two values are."
  (sockopt--ensure-module)
  (dolist (rule '((nil dead-peer)
                  ((:service (6667 "ircs-u" "irc")) dead-peer low-latency)
                  ((:name "x" :type stream :tls t) (:keepalive t))
                  ((:service 7) (:keepalive t :tcp-keepidle 30
                                            :tcp-keepcnt 3))
                  ((:server t) (:child-options (:priority 3)))
                  ((:server t) (:child-options dead-peer :priority 3))
                  ((:predicate defined-later) (:linger 5))))
    (ert-info ((format "%S" rule))
      (should-not (sockopt-rules-problem rule)))))

(ert-deftest rule-check-tests-never-used ()
  "A wrong rule is never used, in part or for everything."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (fresh (sockopt-tests-values (sockopt-tests-core-client server)
                                        :keepalive :tcp-keepidle
                                        :priority)))
      (pcase-dolist (`(,rule ,_) rule-check-tests--wrong)
        (ert-info ((format "%S" rule))
          (let ((inhibit-message t))
            ;; What is right of a rule is not used, either.
            (setq sockopt-rules (list (if (proper-list-p rule)
                                          (append rule '((:priority 5)))
                                        rule)))
            (unless (equal rule '(nil))
              (should (equal fresh
                             (sockopt-tests-values
                              (sockopt-tests-core-client server)
                              :keepalive :tcp-keepidle :priority))))))))))

(ert-deftest rule-check-tests-any-value ()
  "Whatever the variables hold, connections are made, and soon."
  (let* ((circle (list '(nil (:priority 3))))
         (settings (list nil 'low-latency))
         (match (list :name "client"))
         (value (list "lo"))
         (sources (list "239.1.2.3" "lo" 'include "10.0.0.1"))
         deep)
    (setcdr circle circle)
    (nconc settings settings)
    (nconc match match)
    (nconc value value)
    (setcdr (last sources) (last sources))
    (dotimes (_ 5000)
      (setq deep (list deep)))
    (sockopt-tests-with-rules nil
      (let ((server (sockopt-tests-core-server))
            (inhibit-message t))
        (dolist (rules (list 5 "x" 'x [1] '((nil (:priority 3)) . 5) circle
                             (list settings) (list (list match 'low-latency))
                             (list (list nil (list :bindtodevice value)))
                             (list (list nil (list :mcast-msfilter sources)))
                             (list (list nil (list :priority deep)))
                             (list (list deep '(:priority 3)))
                             (list (list nil (list (make-symbol
                                                    (make-string 100000 ?x))
                                                   3)))))
          (setq sockopt-rules rules)
          (with-timeout (10 (ert-fail "It hangs"))
            (dotimes (_ 2)
              (should (equal 0 (sockopt-get
                                (sockopt-tests-core-client server)
                                :priority)))))
          (should (= 1 (length (sockopt-rules-wrong)))))
        (setq sockopt-rules '((nil (:priority 3) dead-peer)))
        (dolist (presets (list 5 '(5 . 6) '((dead-peer . 5)) circle))
          (let ((sockopt-presets presets))
            (should (equal 0 (sockopt-get (sockopt-tests-core-client server)
                                          :priority)))))
        (should (equal 3 (sockopt-get (sockopt-tests-core-client server)
                                      :priority)))))))

;;; Where one sees it

(defun rule-check-tests--warnings (function)
  "Call FUNCTION and return the texts that `display-warning' was given."
  (let ((sockopt-rules--warned nil)
        texts)
    (cl-letf (((symbol-function 'display-warning)
               (lambda (_type text &rest _) (push text texts))))
      (funcall function))
    (nreverse texts)))

(defmacro rule-check-tests--keeping-rules (&rest body)
  "Evaluate BODY, then give the variables their values back."
  (declare (indent 0) (debug t))
  `(let ((rules (default-toplevel-value 'sockopt-rules))
         (presets (default-toplevel-value 'sockopt-presets)))
     (unwind-protect
         (progn ,@body)
       (set-default-toplevel-value 'sockopt-rules rules)
       (set-default-toplevel-value 'sockopt-presets presets))))

(ert-deftest rule-check-tests-circular ()
  "A value that has itself within is refused in words."
  (let ((circular (list 1 2)))
    (nconc circular circular)
    (dolist (value (list circular (vector circular)))
      (should (string-search
               "takes no circular value"
               (sockopt-rules-problem `(nil (:priority ,value))))))))

(ert-deftest rule-check-tests-once-loaded ()
  "Rules are checked anew when there is a module, which knows more."
  (let ((sockopt-rules '((nil (:tcp-keepidle x))))
        (sockopt-rules--state nil))
    (cl-letf (((symbol-function 'sockopt--loaded-p) #'ignore))
      (should-not (sockopt-rules-wrong)))
    (should (= 1 (length (sockopt-rules-wrong))))))

(ert-deftest rule-check-tests-when-set ()
  "Setting rules warns of the wrong ones, once, and keeps the others."
  (rule-check-tests--keeping-rules
    (let* ((text-quoting-style 'grave)
           (wrong '((:service 7) dead-per))
           (texts (rule-check-tests--warnings
                   (lambda ()
                     (customize-set-variable
                      'sockopt-rules `((nil low-latency) ,wrong))
                     (customize-set-variable
                      'sockopt-rules `((nil low-latency) ,wrong))))))
      (should (= 1 (length texts)))
      (should (string-search "((:service 7) dead-per)" (car texts)))
      (should (string-search "did you mean `dead-peer'?" (car texts)))
      (should-not (string-search "low-latency" (car texts)))
      (should (equal `((,wrong . "Unknown preset `dead-per'; did you mean `dead-peer'?"))
                     (sockopt-rules-wrong)))
      ;; A preset of that name mends it.
      (should-not (rule-check-tests--warnings
                   (lambda ()
                     (customize-set-variable
                      'sockopt-presets '((dead-per :keepalive t)
                                         (low-latency :tcp-nodelay t))))))
      (should-not (sockopt-rules-wrong)))))

(ert-deftest rule-check-tests-when-turned-on ()
  "Turning the mode on warns of rules that `setq' made wrong."
  (let* ((sockopt-rules '((nil (:tcp-keepidle 99999))))
         (texts (unwind-protect
                    (rule-check-tests--warnings
                     (lambda () (sockopt-mode 1)))
                  (sockopt-mode -1))))
    (should (= 1 (length texts)))
    (should (string-search "takes 1 to 32767 seconds, not 99999"
                           (car texts)))))

(ert-deftest rule-check-tests-lighter ()
  "The mode line shows how many rules failed, and only then."
  (sockopt-tests-with-rules nil
    (let ((server (sockopt-tests-core-server))
          (inhibit-message t))
      (setq sockopt-rules '((nil (:priority 3))))
      (sockopt-tests-core-client server)
      (should-not sockopt-mode--lighter)
      (setq sockopt-rules '((nil (:tcp-congestion "nosuch"))
                            (nil dead-per) (nil (:priority 3))))
      (dotimes (_ 2)
        (sockopt-tests-core-client server))
      (should (equal " sockopt:2!" (nth 1 sockopt-mode--lighter)))
      (should (get 'sockopt-mode--lighter 'risky-local-variable)))))

(provide 'rule-check-tests)
;;; rule-check-tests.el ends here
