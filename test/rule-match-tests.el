;;; rule-match-tests.el --- Tests of what rules are for  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)

(defmacro rule-match-tests--with-services (text &rest body)
  "Evaluate BODY with TEXT for the file of services."
  (declare (indent 1) (debug t))
  `(sockopt-tests-with-directory directory
     (let ((sockopt-rules--services-file
            (expand-file-name "services" directory))
           (sockopt-rules--services nil))
       (write-region ,text nil sockopt-rules--services-file nil 'silent)
       ,@body)))

(defconst rule-match-tests--services
  (concat "# A comment\n\n"
          "echo\t\t7/tcp\n"
          "echo\t\t7/udp\n"
          "ircs-u\t\t6697/tcp\tircs \t# an alias\n"
          "split\t\t1001/tcp\n"
          "split\t\t1002/udp\n"
          "malformed\n")
  "Text in the syntax of services(5).")

(ert-deftest rule-match-tests-services ()
  "Services are compared as getservbyname(3) has them."
  (rule-match-tests--with-services rule-match-tests--services
    (pcase-dolist (`(,expected ,rule ,service . ,more)
                   '((t "echo" 7) (t 7 "echo") (t "7" "echo") (t "echo" "7")
                     (t "echo" "echo") (t 7 7) (t "007" 7)
                     (nil "echo" 9) (nil 9 "echo") (nil "Echo" 7)
                     (t "ircs" 6697) (t "ircs-u" "ircs") (t 6697 "ircs")
                     (t ("irc" "ircs") 6697) (nil ("irc" 194) 6697)
                     (t "unheard-of" "unheard-of") (nil "unheard-of" 7)
                     (nil "malformed" 0) (nil 7 t) (nil 7 nil)
                     (t "split" 1001) (nil "split" 1002)
                     (t "split" 1002 :type datagram)
                     (nil "split" 1001 :type datagram)
                     (t 1002 "split" :type datagram)))
      (ert-info ((format "%S is %S" rule service))
        (should (eq expected
                    (and (sockopt-rules-match-p
                          (list :service rule)
                          (append (list :service service) more))
                         t)))))))

(ert-deftest rule-match-tests-services-change ()
  "The file of services is read again when it has changed, and may be gone."
  (rule-match-tests--with-services "one 1001/tcp\n"
    (let ((match '(:service "one")))
      (should (sockopt-rules-match-p match '(:service 1001)))
      (write-region "one 1002/tcp\n" nil sockopt-rules--services-file nil
                    'silent)
      (set-file-times sockopt-rules--services-file '(20000 0))
      (should-not (sockopt-rules-match-p match '(:service 1001)))
      (should (sockopt-rules-match-p match '(:service 1002)))
      (delete-file sockopt-rules--services-file)
      (should-not (sockopt-rules-match-p match '(:service 1002)))
      (should (sockopt-rules-match-p match '(:service "one")))
      (write-region "" nil sockopt-rules--services-file nil 'silent))))

(ert-deftest rule-match-tests-first-service ()
  "Of a service that stands there twice the first counts, as in the library."
  (rule-match-tests--with-services "dup 1001/tcp\nother 7/tcp dup\n"
    (should (sockopt-rules-match-p '(:service "dup") '(:service 1001)))
    (should-not (sockopt-rules-match-p '(:service "dup") '(:service 7)))))

(ert-deftest rule-match-tests-unknown-service ()
  "A rule for names that no service has is wrong, if there is a list of them."
  (rule-match-tests--with-services rule-match-tests--services
    (pcase-dolist (`(,wrong . ,value)
                   '((nil . "echo") (nil . "ircs-u") (nil . "split") (nil . 1)
                     (nil . "1") (nil . "/run/echoo") (nil . "@echoo")
                     (nil "echoo" "echo") (nil "echoo" 7)
                     ("\"echoo\".*did you mean .echo.\\?" . "echoo")
                     ("\"zzzzzz\" in [^;]*; a port" . "zzzzzz")
                     ("\"echoo\" or \"ec\"" "echoo" "ec")))
      (ert-info ((format "%S" value))
        (let ((problem (sockopt-rules-problem
                        `((:service ,value) (:keepalive t)))))
          (if wrong
              (should (string-match-p (concat "\\`No service is called " wrong)
                                      problem))
            (should-not problem)))))
    (delete-file sockopt-rules--services-file)
    (should-not (sockopt-rules-problem
                 '((:service "echoo") (:keepalive t))))
    (write-region "" nil sockopt-rules--services-file nil 'silent)))

(ert-deftest rule-match-tests-system-services ()
  "The system's own file has what the resolver finds."
  (skip-unless (file-readable-p sockopt-rules--services-file))
  (skip-unless (gethash "domain/tcp" (sockopt-rules--services)))
  (should (sockopt-rules-match-p '(:service "domain") '(:service 53)))
  (should (sockopt-rules-match-p '(:service 53) '(:service "domain"))))

(ert-deftest rule-match-tests-case ()
  "Names and hosts match in any case, whatever the current buffer says."
  (dolist (case-fold-search '(t nil))
    (should (sockopt-rules-match-p '(:name "erc" :host "Example")
                                   '(:name "ERC" :host "irc.example.org")))
    (should-not (sockopt-rules-match-p '(:name "erc") '(:name "rcirc")))))

(ert-deftest rule-match-tests-preset-elsewhere ()
  "A preset is for the sockets that have its options, without a word."
  (sockopt-tests-with-directory directory
    (sockopt-tests-with-rules '((nil dead-peer low-latency (:priority 3)))
      (let ((messages
             (sockopt-tests-messages
               (let ((d (make-network-process
                         :name "d" :type 'datagram :noquery t
                         :host "127.0.0.1" :service 9))
                     (l (make-network-process
                         :name "l" :server t :family 'local :noquery t
                         :service (expand-file-name "s" directory))))
                 (dolist (process (list d l))
                   (should (equal '(t 3) (sockopt-tests-values
                                          process :keepalive :priority)))
                   (should-not (plist-member (process-contact process t)
                                             :tcp-nodelay)))))))
        (should (= 0 (sockopt-tests-times "sockopt" messages))))
      (should-not sockopt-mode--reported))))

(ert-deftest rule-match-tests-option-elsewhere ()
  "An option by itself gives one line where there is none, in our words."
  (sockopt-tests-with-rules '((nil (:tcp-nodelay t :priority 3)))
    (let ((messages
           (sockopt-tests-messages
             (dotimes (_ 2)
               (should (equal 3 (sockopt-get
                                 (make-network-process
                                  :name "d" :type 'datagram :noquery t
                                  :host "127.0.0.1" :service 9)
                                 :priority)))))))
      (should (equal '("sockopt: rule (nil (:tcp-nodelay t :priority 3)):\
 :tcp-nodelay: this socket has no such option")
                     messages)))))

(ert-deftest rule-match-tests-whole-plist ()
  "A setting is a plist of any length, all of which is set."
  (sockopt-tests-with-rules
      '((nil (:keepalive t :tcp-keepidle 30 :tcp-keepcnt 3 :priority 3)))
    (should (equal '(t 30 3 3)
                   (sockopt-tests-values
                    (sockopt-tests-core-client (sockopt-tests-core-server))
                    :keepalive :tcp-keepidle :tcp-keepcnt :priority)))))

(defun rule-match-tests--child (server)
  "Return a connection that SERVER, an echo, has accepted."
  (should (sockopt-tests-answers-p (sockopt-tests-core-client server)))
  (cl-find-if (lambda (process)
                (string-prefix-p (concat (process-name server) " <")
                                 (process-name process)))
              (process-list)))

(ert-deftest rule-match-tests-child-options ()
  "Rules give the children of servers options; the caller's come last."
  (sockopt-tests-with-rules
      '(((:name "served" :server t)
         (:child-options (:tcp-keepidle 77 :priority 3)))
        (nil (:child-options low-latency :ip-ttl 70))
        ((:name "other") (:child-options (:priority 6))))
    (let* ((server (sockopt-tests-core-server
                    :name "served" :filter #'sockopt-tests-echo
                    :child-options '(:priority 4)))
           (child (rule-match-tests--child server)))
      (should (equal '(77 4 t) (sockopt-tests-values
                                child :tcp-keepidle :priority
                                :tcp-nodelay)))
      ;; What is for children is not for the server, nor for clients, though
      ;; it is on the server that children inherit it from.
      (should (equal '(77 0 t 70) (sockopt-tests-values
                                   server :tcp-keepidle :priority
                                   :tcp-nodelay :ip-ttl)))
      (dolist (option '(:tcp-keepidle :priority :tcp-nodelay))
        (should-not (plist-member (sockopt--core-contact server t) option)))
      (should-not (plist-member (process-contact
                                 (sockopt-tests-core-client server) t)
                                :child-options)))))

(ert-deftest rule-match-tests-child-options-alone ()
  "So it is where a server has nothing but children by a rule."
  (sockopt-tests-with-rules '((nil (:child-options (:tcp-keepidle 77))))
    (let ((server (sockopt-tests-core-server :name "served"
                                             :filter #'sockopt-tests-echo)))
      (should (equal 77 (sockopt-get (rule-match-tests--child server)
                                     :tcp-keepidle))))
    ;; What the caller has wrong is the caller's error.
    (should-error (sockopt-tests-core-server :child-options '(:priority)))))

(ert-deftest rule-match-tests-child-preset ()
  "Of a preset for children, what is for those that connect is left out."
  (let ((sockopt-presets '((p :priority 3 :connect-timeout 5 :ip-ttl 9))))
    (should (equal (sockopt-rules--child-options 'p)
                   '(:priority 3 :ip-ttl 9)))))

(provide 'rule-match-tests)
;;; rule-match-tests.el ends here
