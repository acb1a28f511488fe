;;; rule-module-tests.el --- Tests of rules without a module  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)

(defun rule-module-tests--output (&rest forms)
  "Return the output of an Emacs without a module that evaluates FORMS.
There are functions to make a `server' and a `client' of one, to note
what is `asked', `built' and `warned'."
  (sockopt-tests-emacs
   "-L" (file-name-directory (locate-library "sockopt"))
   "-l" "sockopt-build" "-l" "cl-lib" "--eval"
   (format
    "%S"
    `(progn
       (require 'warnings)
       (setq print-escape-newlines t)
       (defvar asked nil)
       (defvar built nil)
       (defvar warned nil)
       (fset 'sockopt--load-module
             (lambda (&rest _)
               (signal 'sockopt-error '("The module is not built"))))
       (fset 'sockopt--found-modules 'ignore)
       (fset 'y-or-n-p (lambda (text) (push text asked) t))
       (fset 'sockopt-module-compile
             (lambda () (interactive) (setq built t)))
       (fset 'display-warning
             (lambda (_type text &rest _) (push text warned)))
       (defun server (&rest more)
         (apply 'make-network-process
                (append more '(:name "s" :server t :family ipv4
                                     :host "127.0.0.1" :service t))))
       (defun client (server &rest more)
         (apply 'make-network-process
                (append more (list :name "c" :host "127.0.0.1"
                                   :service (process-contact
                                             server :service)))))
       (defun outcome (function)
         (condition-case error
             (funcall function)
           (error (error-message-string error))))
       (message "RESULT %S" (progn ,@forms))))))

(defmacro rule-module-tests--result (&rest forms)
  "Return what FORMS return in an Emacs without a module."
  (declare (indent 0) (debug t))
  `(let ((output (rule-module-tests--output ,@(mapcar (lambda (form)
                                                        `',form)
                                                      forms))))
     (should (string-match "^RESULT \\(.*\\)$" output))
     (car (read-from-string (match-string 1 output)))))

(ert-deftest rule-module-tests-warns-once ()
  "A rule without a module warns once, with the command, and asks nothing."
  (pcase-let ((`(,status ,warned ,asked)
               (rule-module-tests--result
                 (require 'sockopt-mode)
                 (sockopt-mode 1)
                 (setq sockopt-rules '((nil low-latency)))
                 (let ((server (server)))
                   (client server)
                   (list (process-status (client server)) warned asked)))))
    (should (eq status 'open))
    (should (= 1 (length warned)))
    (should (string-search "The module is not built" (car warned)))
    (should (string-search "M-x sockopt-module-compile" (car warned)))
    (should-not asked)))

(ert-deftest rule-module-tests-turned-on ()
  "Turning the mode on warns; a user who does it is asked instead."
  (should (equal '(1 nil nil)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (setq sockopt-rules '((nil low-latency)))
                   (sockopt-mode 1)
                   (client (server))
                   (list (length warned) asked built))))
  (should (equal '(0 1 t)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (setq sockopt-rules '((nil low-latency)))
                   (let ((noninteractive nil))
                     (funcall-interactively 'sockopt-mode 1))
                   (list (length warned) (length asked) built))))
  ;; A batch Emacs has no user.
  (should (equal '(1 0 nil)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (setq sockopt-rules '((nil low-latency)))
                   (funcall-interactively 'sockopt-mode 1)
                   (list (length warned) (length asked) built))))
  ;; Without rules it is told, too.
  (should (equal '(1 0 t)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (funcall-interactively 'sockopt-mode 1)
                   (setq sockopt-rules '((nil low-latency)))
                   (client (server))
                   (list (length warned) (length asked)
                         (and (string-search "The module is not built"
                                             (car warned))
                              t)))))
  (should (equal '(0 1 t)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (let ((noninteractive nil))
                     (funcall-interactively 'sockopt-mode 1))
                   (list (length warned) (length asked) built)))))

(ert-deftest rule-module-tests-core-options ()
  "Without the module core does by itself what it can, and nothing is asked."
  (should (equal '((t t) t (t nil) nil nil)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (sockopt-mode 1)
                   (let* ((server (server :reuseaddr t))
                          (client (client server :keepalive t))
                          (stream (open-network-stream
                                   "n" nil "127.0.0.1"
                                   (process-contact server :service)
                                   :keepalive t)))
                     (list (mapcar (lambda (process)
                                     (process-contact process :keepalive))
                                   (list client stream))
                           (process-contact server :reuseaddr)
                           (list (set-network-process-option client
                                                             :keepalive nil)
                                 (process-contact client :keepalive))
                           (set-network-process-option client :tcp-nodelay t
                                                       t)
                           asked))))))

(ert-deftest rule-module-tests-needed ()
  "What core cannot do is named, even behind what it can."
  (pcase-dolist (`(,keyword . ,message)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (sockopt-mode 1)
                   (let ((server (server)))
                     (mapcar (lambda (args)
                               (cons (car (last args 2))
                                     (outcome (lambda ()
                                                (apply 'client server args)))))
                             '((:keepalive t :tcp-nodelay t)
                               (:keepalive t :connect-timeout 9)
                               (:local [127 0 0 1 0]))))))
    (should (string-search (format "%s needs the module" keyword) message)))
  (should (string-search
           ":tcp-nodelay needs the module"
           (rule-module-tests--result
             (require 'sockopt-mode)
             (sockopt-mode 1)
             (let ((client (client (server))))
               (outcome (lambda ()
                          (set-network-process-option client :tcp-nodelay
                                                      t))))))))

(ert-deftest rule-module-tests-shown-later ()
  "A contact that was looked at before the module came is true afterwards."
  (let ((output
         (sockopt-tests-emacs
          "-L" (file-name-directory (locate-library "sockopt"))
          "-l" "sockopt-mode" "--eval"
          (format
           "%S"
           '(let* ((server (make-network-process
                            :name "s" :server t :family 'ipv4
                            :host "127.0.0.1" :service t))
                   (client (make-network-process
                            :name "c" :host "127.0.0.1" :keepalive t
                            :service (process-contact server :service))))
              (sockopt-mode 1)
              (process-contact client t)
              (message "BEFORE %S" (sockopt--loaded-p))
              (sockopt-set client :keepalive nil)
              (plist-put (sockopt--core-contact client t t) :keepalive t)
              (message "AFTER %S"
                       (plist-get (process-contact client t)
                                  :keepalive)))))))
    (should (string-search "BEFORE nil" output))
    (should (string-search "AFTER nil" output))))

(ert-deftest rule-module-tests-from-filter ()
  "Nothing is asked out of a timer, with rules or options."
  (should (equal '("Socket option error: \":tcp-keepidle needs the module;\
 The module is not built\"" nil)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (sockopt-mode 1)
                   (let ((server (server))
                         result)
                     (setq sockopt-rules '((nil low-latency)))
                     (run-at-time 0 nil
                                  (lambda ()
                                    (client server)
                                    (setq result
                                          (outcome
                                           (lambda ()
                                             (client server
                                                     :tcp-keepidle 9))))))
                     (sit-for 0.1)
                     (accept-process-output nil 0.1)
                     (list result asked))))))

(ert-deftest rule-module-tests-option ()
  "An option that cannot be set is an error, not silence."
  (pcase-let ((`(,message ,processes)
               (rule-module-tests--result
                 (require 'sockopt-mode)
                 (sockopt-mode 1)
                 (let ((server (server)))
                   (list (outcome (lambda () (client server :tcp-nodelay t)))
                         (length (process-list)))))))
    (should (string-search ":tcp-nodelay needs the module" message))
    (should (= 1 processes))))

(ert-deftest rule-module-tests-checked ()
  "What can be known without a module is checked without it."
  (should (equal '(t t nil nil)
                 (rule-module-tests--result
                   (require 'sockopt-mode)
                   (mapcar (lambda (rule)
                             (stringp (sockopt-rules-problem rule)))
                           '((nil dead-per) (nil (:tcp-keepidel 3))
                             (nil dead-peer) (nil (:tcp-keepidle 3))))))))

(ert-deftest rule-module-tests-set-early ()
  "Rules that were set before the mode is there are checked when it is."
  (pcase-let ((`(,warned ,wrong ,loaded)
               (rule-module-tests--result
                 (defvar sockopt-rules)
                 (setq sockopt-rules '((nil dead-per) (nil dead-peer)))
                 (require 'sockopt-mode)
                 (list warned (length (sockopt-rules-wrong))
                       (sockopt--loaded-p)))))
    (should (= 1 (length warned)))
    (should (string-search "dead-per" (car warned)))
    (should (= 1 wrong))
    (should-not loaded)))

;;; Misspelt options

(ert-deftest rule-module-tests-misspelt ()
  "With the mode on a misspelt option is an error that names the right one."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (port (sockopt-tests-service server))
           (processes (process-list))
           (text-quoting-style 'grave))
      (pcase-dolist (`(,wrong ,right)
                     '((:keepaliv :keepalive) (:keep-alive :keepalive)
                       (:tcp-nodelya :tcp-nodelay)
                       (:keepidle :tcp-keepidle) (:so-priority :priority)
                       (:TCP_NODELAY :tcp-nodelay) (:SO_MARK :mark)))
        (dolist (make (list (lambda ()
                              (sockopt-tests-core-client server wrong t))
                            (lambda ()
                              (open-network-stream "s" nil "127.0.0.1" port
                                                   wrong t))
                            (lambda ()
                              (set-network-process-option server wrong t))))
          (should (equal (sockopt-tests-error make)
                         (list 'sockopt-unsupported wrong
                               (format "unknown; did you mean `%s'?"
                                       right))))))
      (should-not (set-network-process-option server :keepaliv t t))
      (should (equal processes (process-list))))))

(ert-deftest rule-module-tests-known-to-core ()
  "No keyword that core knows is taken for a misspelt option."
  (sockopt-tests-with-rules nil
    (dolist (keyword '(:name :buffer :host :service :type :family :local
                             :remote :coding :nowait :noquery :stop :filter
                             :filter-multibyte :sentinel :log :plist
                             :tls-parameters :server :broadcast :dontroute
                             :keepalive :linger :oobinline :priority
                             :reuseaddr :bindtodevice :use-external-socket
                             :end-of-command :end-of-capability
                             :capability-command :starttls-function :success
                             :warn-unless-encrypted :nogreeting :return-list
                             :always-query-capabilities :client-certificate
                             :use-starttls-if-possible :shell-command
                             :unheard-of :my-package-data :timeout
                             ;; Short, or unlike by three letters.
                             :mask :keepalert))
      (ert-info ((format "%S" keyword))
        (should-not (and (not (sockopt-mode--option-p keyword))
                         (sockopt-mode--check-keyword keyword)))))))

(ert-deftest rule-module-tests-known-to-newer-core ()
  "A keyword or option that core gets some day is left alone from then on."
  :tags '((needs :priority))
  (let ((before (get 'make-network-process 'subfeatures)))
    (dolist (keyword '(:keepalivf :prioritz))
      (should-error (sockopt-mode--check-keyword keyword)
                    :type 'sockopt-unsupported))
    (unwind-protect
        (progn
          (put 'make-network-process 'subfeatures
               (append '(:keepalivf (:prioritz t)) before))
          (dolist (keyword '(:keepalivf :prioritz))
            (should-not (sockopt-mode--check-keyword keyword))))
      (put 'make-network-process 'subfeatures before))))

;;; Unloading, and the byte compiler

(ert-deftest rule-module-tests-unload ()
  "Unloading the mode gives core its functions back."
  (should (string-match-p
           "^RESULT (t t open)"
           (sockopt-tests-emacs
            "-L" (file-name-directory (locate-library "sockopt"))
            "--eval"
            (format
             "%S"
             '(let* ((symbols '(make-network-process open-network-stream
                                set-network-process-option process-contact))
                     (core (mapcar 'symbol-function symbols))
                     changed)
                (require 'sockopt-apply)
                (sockopt-mode 1)
                (setq changed (not (equal core (mapcar 'symbol-function
                                                       symbols))))
                (unload-feature 'sockopt-apply)
                (unload-feature 'sockopt-mode)
                (unload-feature 'sockopt-rules)
                (message "RESULT %S"
                         (list changed
                               (equal core (mapcar 'symbol-function symbols))
                               (process-status
                                (make-network-process
                                 :name "c" :family 'ipv4 :host "127.0.0.1"
                                 :service
                                 (process-contact
                                  (make-network-process
                                   :name "s" :server t :family 'ipv4
                                   :host "127.0.0.1" :service t)
                                  :service)))))))))))

(ert-deftest rule-module-tests-byte-compiler ()
  "The byte compiler knows our options, and still warns of others."
  (skip-unless (progn (require 'bytecomp)
                      (get 'make-network-process 'compiler-macro)))
  (sockopt-tests-with-directory directory
    (let ((file (expand-file-name "x.el" directory)))
      (write-region ";;; -*- lexical-binding: t -*-
\(require 'sockopt)
\(make-network-process :name \"x\" :service 7 :keepalive t :tcp-keepidle 30
                      :child-options '(:priority 3))
\(make-network-process :name \"x\" :service 7 :tcp-keepidel 30)
\(make-network-process :service 7 :tcp-keepidle 30)\n"
                    nil file nil 'silent)
      (let ((output (sockopt-tests-emacs
                     "-L" (file-name-directory (locate-library "sockopt"))
                     "-f" "batch-byte-compile" file)))
        (should (= 1 (sockopt-tests-times "unknown keyword"
                                          (split-string output "\n"))))
        (should (string-search ":tcp-keepidel" output))
        (should (string-search "required keyword" output))))))

(provide 'rule-module-tests)
;;; rule-module-tests.el ends here
