;;; rule-tests.el --- Tests of rules  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)
(require 'wid-edit)

;;; Which rules match

(defun rule-tests--ruled-p (match &rest arguments)
  "Return non-nil if a rule with MATCH is for a client by ARGUMENTS."
  (let ((sockopt-rules `((,match (:priority 3)))))
    (equal 3 (rule-tests--priority arguments))))

(defun rule-tests--priority (arguments)
  "Return the priority of a process made by ARGUMENTS, and delete it."
  (let ((process (apply #'make-network-process :noquery t arguments)))
    (prog1 (sockopt-get process :priority)
      (delete-process process))))

(ert-deftest rule-tests-match ()
  "Each condition of a rule holds when it should and not otherwise."
  (sockopt-tests-with-rules nil
    (let* ((port (sockopt-tests-service (sockopt-tests-core-server)))
           (client (list :name "erc-x" :host "127.0.0.1" :service port
                         :family 'ipv4)))
      (pcase-dolist
          (`(,expected ,match)
           `((t nil) (t (:name "erc")) (nil (:name "\\`rc"))
             (t (:host "\\`127\\.")) (nil (:host "example"))
             (t (:service ,port)) (t (:service ,(number-to-string port)))
             (nil (:service 1)) (t (:service (1 ,port)))
             (t (:service ("x" ,(number-to-string port))))
             (nil (:service (1 2))) (nil (:service nil))
             (t (:family ipv4)) (nil (:family ipv6)) (nil (:family local))
             (t (:type stream)) (nil (:type datagram))
             (t (:server nil)) (nil (:server t))
             (t (:tls nil)) (nil (:tls t))
             (t (:predicate identity)) (nil (:predicate ignore))
             (t (:name "erc" :host "127" :server nil))
             (nil (:name "erc" :host "127" :server t))))
        (ert-info ((format "%S" match))
          (should (eq expected (apply #'rule-tests--ruled-p match
                                      client))))))))

(ert-deftest rule-tests-match-others ()
  "Conditions hold for datagrams, servers and local sockets."
  (sockopt-tests-with-rules nil
    (sockopt-tests-with-directory directory
      (let ((datagram '(:name "d" :type datagram :host "127.0.0.1"
                              :service 9))
            (server '(:name "s" :server t :host "127.0.0.1" :service t))
            (local (list :name "l" :server t :family 'local
                         :service (expand-file-name "s" directory))))
        (should (apply #'rule-tests--ruled-p '(:type datagram) datagram))
        (should-not (apply #'rule-tests--ruled-p '(:type stream) datagram))
        (should (apply #'rule-tests--ruled-p '(:server t) server))
        (should-not (apply #'rule-tests--ruled-p '(:server nil) server))
        (should (apply #'rule-tests--ruled-p '(:family local) local))
        (delete-file (plist-get local :service))
        (should-not (apply #'rule-tests--ruled-p '(:host "") local))))))

(ert-deftest rule-tests-predicate ()
  "The predicate of a rule is called with the arguments."
  (let (seen)
    (sockopt-tests-with-rules `(((:predicate
                                  ,(lambda (args)
                                     (push (copy-sequence args) seen)
                                     (equal (plist-get args :plist) '(yes t))))
                                 (:priority 3)))
      (let ((server (sockopt-tests-core-server)))
        (should (equal 3 (sockopt-get (sockopt-tests-core-client
                                       server :plist '(yes t))
                                      :priority)))
        (should (equal (plist-get (car seen) :service)
                       (sockopt-tests-service server)))
        (should (equal 0 (sockopt-get (sockopt-tests-core-client server)
                                      :priority)))))))

(ert-deftest rule-tests-predicate-errs ()
  "A rule whose predicate errs is for nothing; the reason is reported, once."
  (sockopt-tests-with-rules `(((:predicate ,(lambda (_) (error "Oops")))
                               (:priority 3)))
    (let* ((server (sockopt-tests-core-server))
           (messages (sockopt-tests-messages
                       (dotimes (_ 2)
                         (should (equal 0 (sockopt-get
                                           (sockopt-tests-core-client server)
                                           :priority)))))))
      (should (= 0 (sockopt-tests-times "Oops" messages)))
      (should (equal (mapcar #'cddr sockopt-mode--reported) '(("Oops")))))))

;;; What rules do

(ert-deftest rule-tests-rules-in-order ()
  "All rules that match apply; the later wins, and the caller over all."
  (sockopt-tests-with-rules '((nil (:priority 3) (:tcp-keepidle 50))
                              ((:name "other") (:priority 6))
                              (nil (:priority 4) (:priority 5) (:ip-ttl 40)))
    (let ((server (sockopt-tests-core-server)))
      (dolist (more '(nil (:nowait t)))
        (let ((ruled (apply #'sockopt-tests-core-client server more))
              (asked (apply #'sockopt-tests-core-client server
                            :priority 1 :tcp-syncnt 3 more)))
          (should (sockopt-tests-open-p ruled))
          (should (sockopt-tests-open-p asked))
          (should (equal '(5 50 40)
                         (sockopt-tests-values
                          ruled :priority :tcp-keepidle :ip-ttl)))
          (should (equal '(1 50 40 3)
                         (sockopt-tests-values asked :priority :tcp-keepidle
                                               :ip-ttl :tcp-syncnt)))
          (should (equal 5 (plist-get (process-contact ruled t)
                                      :priority)))
          (should (equal 1 (plist-get (process-contact asked t)
                                      :priority))))))))

(ert-deftest rule-tests-presets ()
  "Presets, those there are and one's own, set what they say."
  (let ((presets (copy-tree sockopt-presets))
        (sockopt-presets (append sockopt-presets
                                 '((mine :priority 3 :ip-ttl 40)))))
    (sockopt-tests-with-rules '((nil dead-or-stuck-peer low-latency mine (:ip-ttl 41)))
      (let ((server (sockopt-tests-core-server)))
        (dotimes (_ 2)
          (should (equal '(t 60 10 6 120000 t 3 41)
                         (sockopt-tests-values
                          (sockopt-tests-core-client server)
                          :keepalive :tcp-keepidle :tcp-keepintvl
                          :tcp-keepcnt :tcp-user-timeout :tcp-nodelay
                          :priority :ip-ttl))))))
    (should (equal presets (butlast sockopt-presets)))))

(ert-deftest rule-tests-rules-before-connect ()
  "What counts only before bind or connect is set by a rule in time."
  (sockopt-tests-with-rules '(((:server nil) (:tcp-maxseg 600)
                               (:ip-bind-address-no-port t))
                              ((:server t) (:ip-freebind t)))
    (let ((server (sockopt-tests-core-server :local [192 0 2 77 0])))
      (should (eq (process-status server) 'listen))
      (delete-process server))
    (let ((server (sockopt-tests-core-server)))
      (dolist (more '(nil (:nowait t)))
        (let ((client (apply #'sockopt-tests-core-client server more)))
          (should (sockopt-tests-open-p client))
          ;; From the SYN: the peer's idea of it is smaller, too.
          (should (<= (sockopt-get client :tcp-maxseg) 600)))))))

(ert-deftest rule-tests-rules-for-datagrams ()
  "Rules are for datagram processes, too, which then talk."
  (sockopt-tests-with-rules '(((:type datagram) (:priority 3)))
    (let* ((place (list ""))
           (server (make-network-process
                    :name "ds" :type 'datagram :server t :family 'ipv4
                    :host "127.0.0.1" :service t
                    :filter (sockopt-tests-collector place)))
           (client (make-network-process
                    :name "dc" :type 'datagram :host "127.0.0.1"
                    :service (process-contact server :service))))
      (should (equal 3 (sockopt-get server :priority)))
      (should (equal 3 (sockopt-get client :priority)))
      (process-send-string client "ping")
      (should (sockopt-tests-wait
               (lambda () (equal (car place) "ping")))))))

(ert-deftest rule-tests-ruled-contacts ()
  "A process with a rule has core's contact and the option besides."
  (sockopt-tests-clean
    (let ((port (sockopt-tests-service (sockopt-tests-core-server))))
      (dolist (arguments
               `((:name "a" :host "127.0.0.1" :service ,port)
                 (:name "b" :remote [127 0 0 1 ,port] :plist (x 1))
                 (:name "c" :host "127.0.0.1" :service ,port :keepalive t)
                 (:name "d" :unheard-of 1 :host "127.0.0.1"
                        :service ,port)
                 (:name "f" :host local :family ipv4 :service ,port)
                 (:name "e" :type datagram :host "127.0.0.1" :service 9)))
        (let ((off (sockopt-tests-plain-contact arguments)))
          (sockopt-tests-with-rules sockopt-tests-everything
            (should (equal (sockopt-tests-plain-contact arguments)
                           (append off '(:priority 3))))))))))

(ert-deftest rule-tests-ruled-errors ()
  "With a rule, what fails signals what core would have signalled."
  (let ((port (sockopt-tests-clean
                (sockopt-tests-service (sockopt-tests-core-server)))))
    (dolist (arguments `((:name "a" :host "127.0.0.1" :service ,port)
                         (:name "b" :family local :service "/nonexistent")
                         (:host "127.0.0.1" :service 9)))
      (let* ((make (lambda () (apply #'make-network-process arguments)))
             (core (sockopt-tests-error make)))
        (should core)
        (sockopt-tests-with-rules sockopt-tests-everything
          (let ((ruled (sockopt-tests-error make)))
            (should ruled)
            (dolist (condition (get (car core) 'error-conditions))
              (should (memq condition
                            (get (car ruled) 'error-conditions))))
            (should (equal (nth 1 core) (nth 1 ruled)))))))))

;;; What rules must not do

(defun rule-tests--talks-p (server &rest arguments)
  "Return non-nil if a client of SERVER, an echo, by ARGUMENTS works.
Its option `:priority' must be 3."
  (let ((client (apply #'sockopt-tests-core-client server arguments)))
    (and (sockopt-tests-open-p client)
         (sockopt-tests-answers-p client)
         (equal 3 (sockopt-get client :priority)))))

(defun rule-tests--reports (rule more)
  "Connect thrice by RULE and another, MORE is for the process.
Return the messages that matter.  The other rule sets `:priority'."
  (sockopt-tests-with-rules nil
    (let ((server (sockopt-tests-core-server :filter #'sockopt-tests-echo
                                             :name "echo")))
      (setq sockopt-rules (list rule '((:server nil) (:priority 3))))
      (sockopt-tests-messages
        (dotimes (_ 3)
          (should (apply #'rule-tests--talks-p server more)))))))

(defconst rule-tests--failing-rules
  '((((:server nil) (:tcp-congestion "nosuch")) ":tcp-congestion")
    (((:server nil) (:bindtodevice "nosuchdev")) ":bindtodevice")
    (((:server nil) (:udp-cork t)) ":udp-cork")
    (((:server nil) (:ipv6-v6only t)) ":ipv6-v6only")
    (((:server nil) (:cookie 1)) ":cookie")
    (((:server nil) (:tcp-keepidle x)) ":tcp-keepidle")
    (((:server nil) (:tcp-keepidle 9999999)) ":tcp-keepidle")
    (((:server nil) (:tcp-keepidle)) ":tcp-keepidle")
    (((:server nil) (:unheard-of t)) ":unheard-of")
    (((:server nil) (:name "x")) ":name")
    (((:server nil) (keepalive t)) "keepalive")
    (((:server nil) nosuchpreset) "nosuchpreset")
    (((:server nil) "keepalive") "keepalive")
    (((:server nil) 5) "5")
    (((:server nil) (:keepalive . t)) ":keepalive")
    (((:predicate (lambda (_) (error "Oh dear"))) (:keepalive t)) "Oh dear")
    (((:predicate (lambda () t)) (:keepalive t)) ":predicate")
    (((:predicate nosuchfunction) (:keepalive t)) "nosuchfunction")
    (((:name "[") (:keepalive t)) ":name")
    (((:name 5) (:keepalive t)) ":name")
    (((:color "red") (:keepalive t)) ":color"))
  "Rules that cannot be followed, each with what the report names.")

(defun rule-tests--check-failing (more)
  "Check that failing rules are reported once for processes by MORE."
  (pcase-dolist (`(,rule ,name) rule-tests--failing-rules)
    (ert-info ((format "%S" rule))
      (let* ((messages (rule-tests--reports rule more))
             (ours (cl-remove-if-not
                    (lambda (one) (string-prefix-p "sockopt: " one))
                    messages)))
        (should (= (length ours) 1))
        (should (string-match-p (regexp-quote name) (car ours)))
        (should (string-match-p (regexp-quote (format "%S" rule))
                                (car ours)))
        ;; Emacs shows a message that is repeated once, with its count.
        (should-not (string-suffix-p " times]" (car ours)))))))

(ert-deftest rule-tests-failing-rule ()
  "A rule that fails is reported once, and the connection goes on."
  (rule-tests--check-failing nil))

(ert-deftest rule-tests-failing-rule-nowait ()
  "So it is while connecting without waiting."
  (rule-tests--check-failing '(:nowait t)))

(ert-deftest rule-tests-failing-rule-external-socket ()
  "So it is where core would have taken a socket from outside."
  (rule-tests--check-failing '(:use-external-socket t)))

(ert-deftest rule-tests-failing-rule-once ()
  "Two options of a rule that fail are reported each."
  (let ((messages
         (rule-tests--reports '((:server nil) (:tcp-congestion "nosuch")
                                (:udp-cork t) (:ip-ttl 40))
                              nil)))
    (should (= 1 (sockopt-tests-times ":tcp-congestion: " messages)))
    (should (= 1 (sockopt-tests-times ":udp-cork: " messages)))
    (should (= 0 (sockopt-tests-times ":ip-ttl: " messages)))))

(ert-deftest rule-tests-caller-fails ()
  "An option of the caller's that fails is an error, whatever rules there are."
  (sockopt-tests-with-rules '((nil (:priority 3)))
    (let ((server (sockopt-tests-core-server)))
      (should-error (sockopt-tests-core-client server
                                               :bindtodevice "no-such-if")
                    :type 'sockopt-system-error)
      (should-not (get-process "client")))))

(ert-deftest rule-tests-failing-part ()
  "What a socket refuses of a rule does not keep the rest from being set."
  (sockopt-tests-with-rules nil
    (let ((server (sockopt-tests-core-server)))
      (setq sockopt-rules '((nil (:tcp-congestion "nosuch") (:priority 3)
                                 (:udp-cork t) (:ip-ttl 40))))
      (dolist (more '(nil (:nowait t)))
        (let ((client (apply #'sockopt-tests-core-client server more)))
          (should (sockopt-tests-open-p client))
          (should (equal '(3 40) (sockopt-tests-values client :priority
                                                       :ip-ttl)))
          (should-not (plist-member (process-contact client t)
                                    :udp-cork)))))))

(ert-deftest rule-tests-failing-whole ()
  "Of a rule that is wrong nothing is used; the others are."
  (sockopt-tests-with-rules nil
    (let ((server (sockopt-tests-core-server)))
      (dolist (wrong '((:tcp-keepidle x) nosuchpreset (:cookie 1)))
        (setq sockopt-rules `((nil (:priority 3) ,wrong (:ip-ttl 40))
                              (nil (:tcp-keepidle 77))))
        (should (equal '(0 64 77)
                       (sockopt-tests-values
                        (sockopt-tests-core-client server)
                        :priority :ip-ttl :tcp-keepidle)))))))

(ert-deftest rule-tests-malformed-rules ()
  "Things that are no rules do not break a connection, either."
  (dolist (rule '(x 5 "s" nil (x) ("s" (:keepalive t)) (nil . x)
                    ((:name) (:keepalive t)) ((:name . "x") (:priority 5))
                    (nil nil) (nil (nil)) (nil (nil t)) ((5 5) low-latency)))
    (ert-info ((format "%S" rule))
      (rule-tests--reports rule nil))))

(ert-deftest rule-tests-rules-for-servers ()
  "A failing rule does not break a server or a datagram process."
  (sockopt-tests-with-rules '((nil (:tcp-congestion "nosuch") (:priority 3)))
    (let ((server (sockopt-tests-core-server :filter #'sockopt-tests-echo)))
      (should (rule-tests--talks-p server))
      (should (equal 3 (sockopt-get server :priority))))
    (let ((datagram (make-network-process :name "d" :type 'datagram
                                          :host "127.0.0.1" :service 9)))
      (should (equal 3 (sockopt-get datagram :priority))))))

(ert-deftest rule-tests-module-cannot-load ()
  "Where there is no module, a rule does not break connections."
  (let ((output
         (sockopt-tests-emacs
          "-L" (file-name-directory (locate-library "sockopt"))
          "-l" "sockopt-mode" "-l" "sockopt-build"
          "--eval"
          "(let (server)
             (fset 'sockopt--load-module
                   (lambda (&rest _) (error \"There is no module\")))
             (sockopt-mode 1)
             (setq sockopt-rules '((nil (:keepalive t))))
             (setq server (make-network-process
                           :name \"s\" :server t :family 'ipv4
                           :host \"127.0.0.1\" :service t))
             (message \"STATUS %S\" (process-status server)))")))
    (should (string-match-p "^STATUS listen" output))))

;;; Customization

(defun rule-tests--type-p (variable value)
  "Return non-nil if VALUE is of the type that VARIABLE declares."
  (widget-apply (widget-convert (get variable 'custom-type)) :match value))

(ert-deftest rule-tests-custom-type ()
  "The customization types accept what the documentation shows.
They accept a wrong rule among others, too, for the sake of these."
  (dolist (rules
           '(nil
             ((nil))
             ((nil dead-peer))
             (((:name "\\`erc" :tls t) dead-peer (:tcp-nodelay t)))
             (((:host "x" :service 6667) low-latency))
             (((:service "irc")) ((:service (6667 "ircs")) dead-peer))
             (((:family ipv6 :type datagram :server t) (:priority 3)))
             (((:predicate ignore)
               (:linger 5) (:ip-add-membership ([224 0 0 1] "lo"))))
             (((:predicate (lambda (args) args)) (:keepalive nil)))))
    (ert-info ((format "%S" rules))
      (should (rule-tests--type-p 'sockopt-rules rules))))
  (dolist (rules '((x) ("x") ((nil . x)) ((nil 5)) ((nil (:a 1 2)))))
    (ert-info ((format "%S" rules))
      (should (rule-tests--type-p 'sockopt-rules rules))))
  (should-not (rule-tests--type-p 'sockopt-rules 'x))
  (should (rule-tests--type-p 'sockopt-presets sockopt-presets))
  (should (rule-tests--type-p 'sockopt-presets nil))
  (should-not (rule-tests--type-p 'sockopt-presets '(x)))
  (should (get 'sockopt-mode 'custom-type)))

;;; Processes that there are

(defun rule-tests--applied (&optional preview)
  "Apply the rules, or only PREVIEW that, and return what is shown."
  (save-window-excursion
    (unwind-protect
        (let ((inhibit-message t))
          (sockopt-apply-rules preview)
          (with-current-buffer "*sockopt-rules*" (buffer-string)))
      (kill-buffer "*sockopt-rules*"))))

(defun rule-tests--shown (process &rest lines)
  "Return the text that shows LINES about PROCESS."
  (concat (process-name process) "\n"
          (mapconcat (lambda (line) (format "  %s\n" line)) lines "")))

(ert-deftest rule-tests-apply-rules ()
  "Rules are previewed and applied on live processes of core's."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-core-server))
           (client (sockopt-tests-core-client server))
           (datagram (make-network-process :name "d" :type 'datagram
                                           :host "127.0.0.1" :service 9))
           (sockopt-rules '(((:name "client") (:priority 3) (:priority 4)
                             (:ip-ttl 64))
                            ((:type datagram) (:broadcast t)))))
      (sockopt-set client :ip-ttl 64)
      (let ((shown (rule-tests--applied t)))
        (should (string-search (rule-tests--shown client ":priority: 0 → 4")
                               shown))
        (should (string-search
                 (rule-tests--shown datagram ":broadcast: nil → t") shown))
        (should-not (string-search "server" shown))
        (should-not (string-search ":ip-ttl:" shown))
        (should (equal 0 (sockopt-get client :priority)))
        (should-not (plist-member (process-contact client t) :priority))
        (should (equal shown (rule-tests--applied))))
      (should (equal 4 (sockopt-get client :priority)))
      (should (equal 4 (plist-get (process-contact client t) :priority)))
      (should (sockopt-get datagram :broadcast))
      (should (string-prefix-p "The rules change nothing: 2 of 3"
                               (rule-tests--applied))))))

(ert-deftest rule-tests-apply-rules-adjusted ()
  "What the kernel made of a value is shown, or why it refused."
  (sockopt-tests-clean
    (sockopt-tests-core-client (sockopt-tests-core-server))
    (let* ((sockopt-rules '(((:name "client") (:rcvbuf 20000)
                             (:udp-cork t) (:priority 3))))
           (shown (rule-tests--applied)))
      (should (string-match-p ":rcvbuf: [0-9]+ → 40000$" shown))
      (should (string-search "  this socket has none: :udp-cork\n" shown))
      (should (string-search ":priority: 0 → 3\n" shown)))))

(ert-deftest rule-tests-apply-no-rules ()
  "Where there are no rules, that is said."
  (let ((sockopt-rules nil))
    (should (string-match-p "There are no rules" (rule-tests--applied)))))

(ert-deftest rule-tests-apply-failing-rules ()
  "Rules that cannot be followed do not keep others from being applied."
  (sockopt-tests-with-rules nil
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server))))
      (setq sockopt-rules
            (append (mapcar (lambda (entry)
                              (cons (append (caar entry) '(:name "c"))
                                    (cdar entry)))
                            rule-tests--failing-rules)
                    '(((:name "client") (:priority 3)))))
      (rule-tests--applied)
      (should (equal 3 (sockopt-get client :priority))))))

(ert-deftest rule-tests-apply-to-pending ()
  "Applying rules neither waits for nor breaks what still connects."
  (dolist (mode '(1 -1))
    (sockopt-tests-with-rules '(((:name "pending") (:priority 3)))
      (sockopt-mode mode)
      (let ((pending (let ((sockopt-rules nil))
                       (sockopt-tests-pending :name "pending"))))
        ;; Core looks up even numbers in its own time.
        (sockopt-tests-wait (lambda () (process-contact pending t t)))
        (should (string-match-p ":priority: .* → 3" (rule-tests--applied)))
        (should (eql (sockopt-get pending :priority) 3))
        (should (eq (process-status pending) 'connect))))))

(provide 'rule-tests)
;;; rule-tests.el ends here
