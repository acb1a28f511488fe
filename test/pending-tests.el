;;; pending-tests.el --- Tests of processes that still connect  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)

(declare-function sockopt--adopt "../module/emacs/sockopt-module.c"
                  (handle role &rest args))
(declare-function sockopt--address "../module/emacs/sockopt-module.c"
                  (keyword address))
(declare-function sockopt--drop "../module/emacs/sockopt-module.c" (job))
(declare-function sockopt--finish "../module/emacs/sockopt-module.c"
                  (handle job settings))
(declare-function sockopt--hold "../module/emacs/sockopt-module.c" ())
(declare-function sockopt--start "../module/emacs/sockopt-module.c"
                  (handle reporter number target type protocol settings
                          optional stagger local))
(declare-function sockopt--reporter "../module/emacs/sockopt-module.c"
                  (channel))
(declare-function sockopt--drop-reporter "../module/emacs/sockopt-module.c"
                  (reporter))
(declare-function sockopt--won-p "../module/emacs/sockopt-module.c" (job))

;;; Connecting without waiting

(ert-deftest pending-tests-contact-after-connecting ()
  "Options set on a process that still connects leave its contact true."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :nowait t))
           (contact (sockopt--core-contact client t t)))
      (should (eq (process-status client) 'connect))
      (sockopt-set-options client '(:priority 3 :ip-tos 16
                                              :tcp-congestion "nosuch"))
      (should (sockopt-tests-open-p client))
      (dolist (key '(:priority :ip-tos :tcp-congestion))
        (ert-info ((format "%S" key))
          (should (equal (plist-get contact key)
                         (sockopt-get client key))))))))

(ert-deftest pending-tests-nowait-refused ()
  "A refused connection that was not waited for fails as core's does."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (process-contact server :service))
           messages process)
      (delete-process server)
      (setq process (sockopt-make-network-process
                     :name "r" :host "127.0.0.1" :service port :nowait t
                     :sentinel (lambda (_process message)
                                 (push message messages))))
      (should (eq (process-status process) 'connect))
      (should (sockopt-tests-wait (lambda () messages)))
      (should (equal messages '("failed with code 111\n")))
      (should (eq (process-status process) 'failed)))))

(ert-deftest pending-tests-nowait-unknown-host ()
  "A name that is not found reaches the sentinel."
  (sockopt-tests-clean
    (let (messages)
      (sockopt-make-network-process
       :name "u" :host "no-such-host.invalid" :service 9 :nowait t
       :sentinel (lambda (_process message) (push message messages)))
      (should (sockopt-tests-wait (lambda () messages) 20))
      (should (string-match-p "\\`failed: Cannot look up host: "
                              (car messages)))
      (should-not (cdr messages)))))

(ert-deftest pending-tests-nowait-next-address ()
  "When the first address refuses, the next one is taken."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-make-network-process
                    :name "n" :host "localhost" :nowait t
                    :service (process-contact server :service))))
      (skip-unless (ignore-errors
                     (cdr (network-lookup-address-info "localhost"))))
      (should (sockopt-tests-open-p client))
      (should (equal (process-contact client :remote)
                     (process-contact server :local))))))

(ert-deftest pending-tests-set-while-connecting ()
  "An option that is set while connecting is there afterwards."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :nowait t
                                         :keepalive t)))
      (should (eq (process-status client) 'connect))
      (should (sockopt-set client :priority 5))
      (should (eql (sockopt-get client :priority) 5))
      (should (eq (sockopt-get client :keepalive) t))
      (should (sockopt-tests-open-p client))
      (should (eql (sockopt-get client :priority) 5))
      (should (eql (process-contact client :priority) 5))
      (should (eq (sockopt-get client :keepalive) t)))))

(ert-deftest pending-tests-delete-while-connecting ()
  "Deleting a process that still connects returns at once."
  (dolist (host '("127.0.0.1" "no-such-host.invalid"))
    (sockopt-tests-clean
      (let* ((server (sockopt-tests-server))
             (client (sockopt-make-network-process
                      :name "d" :host host :nowait t :sentinel #'ignore
                      :service (process-contact server :service)))
             (start (float-time)))
        (delete-process client)
        (should (< (- (float-time) start) 0.5))
        (should-not (memq client (process-list)))
        (sockopt-tests-wait
         (lambda () (not (get-process " sockopt"))) 20)))))

(ert-deftest pending-tests-handed-over-once ()
  "A socket beneath a process is given to no other, and left open."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server)))
      (should (eq (car (sockopt-tests-error
                        (lambda ()
                          (sockopt--adopt (car (gethash client sockopt--sockets))
                                          :remote :name "second"))))
                  'sockopt-error))
      (should (eq (process-status client) 'open))
      (should-not (sockopt-get client :broadcast)))))

(ert-deftest pending-tests-finished-once ()
  "What a thread has connected is handed over once."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (handle (sockopt--hold))
           (process (sockopt--adopt handle :remote :name "held" :nowait t))
           (pipe (make-pipe-process :name "pipe" :noquery t))
           (reporter (sockopt--reporter pipe))
           (job (sockopt--start handle reporter 1
                                (sockopt--address
                                 :remote (process-contact server :local))
                                nil 0 [] 0 nil nil)))
      (should (sockopt-tests-wait (lambda () (sockopt--won-p job))))
      (should (sockopt--finish handle job []))
      (should-not (sockopt--finish handle job []))
      (sockopt--drop job)
      (sockopt--drop-reporter reporter)
      (should (sockopt-tests-open-p process)))))

(defun pending-tests--quit-in (function nowait)
  "Make a client, as NOWAIT says, and quit in FUNCTION, a symbol.
Return the client."
  (let ((server (sockopt-tests-server :filter #'sockopt-tests-echo))
        (call (symbol-function function)))
    (cl-letf (((symbol-function function)
               (lambda (&rest arguments)
                 (setq quit-flag t)
                 (apply call arguments))))
      (should (eq (condition-case nil
                      (progn
                        (sockopt-tests-client server :nowait nowait
                                              :priority 3)
                        (ignore))
                    (quit 'quit))
                  'quit)))
    (get-process "client")))

(ert-deftest pending-tests-quit-while-made ()
  "A process that is being made when the user quits is made in full."
  (dolist (function '(sockopt--adopt sockopt--set-contact))
    (dolist (nowait '(nil t))
      (ert-info ((format "%s %s" function nowait))
        (sockopt-tests-clean
          (let ((client (pending-tests--quit-in function nowait)))
            (should (sockopt-tests-open-p client))
            (should (sockopt-tests-answers-p client))
            (should (vectorp (process-contact client :remote)))
            (should (eql (plist-get (process-contact client t) :priority)
                         3))))))))

(ert-deftest pending-tests-channel-deleted ()
  "Processes that connect fail when somebody deletes the module's pipe."
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let* ((path (expand-file-name "s" directory))
             (server (make-network-process
                      :name "full" :server 1 :noquery t :family 'local
                      :service path :stop t))
             messages)
        ;; Its queue is full, so the last of these connects for ever.
        (dotimes (_ 4)
          (sockopt-make-network-process
           :name "filler" :noquery t :family 'local :service path
           :nowait t :sentinel (lambda (_process message)
                                 (push message messages))))
        (sockopt-tests-wait #'ignore 0.2)
        (should (process-live-p (get-process " sockopt")))
        (setq messages nil)
        (delete-process (get-process " sockopt"))
        (should (sockopt-tests-wait (lambda () messages)))
        (should (string-prefix-p "failed" (car messages)))
        (should-not (get-process " sockopt"))
        (delete-process server)))))

;;; With the mode

(ert-deftest pending-tests-delete-pending ()
  "A process that still connects is deleted at once, and stays quiet."
  (sockopt-tests-with-rules '(((:name "pending") (:priority 3)))
    (dolist (more '((:name "pending") (:priority 3)
                    (:host "localhost" :priority 3)))
      (setq sockopt-tests-events nil)
      (let* ((pending (apply #'sockopt-tests-pending
                             :sentinel #'sockopt-tests-note-event more))
             (start (float-time)))
        (should (eq (process-status pending) 'connect))
        (delete-process pending)
        (should (< (- (float-time) start) 0.5))
        (should-not (process-live-p pending))
        (sockopt-tests-wait #'ignore 0.1)
        (should-not (cl-find-if
                     (lambda (event) (string-prefix-p "open" (nth 2 event)))
                     sockopt-tests-events))))))

(ert-deftest pending-tests-delete-nowait-at-once ()
  "Processes that are deleted at every stage leave nothing behind."
  (sockopt-tests-with-rules sockopt-tests-everything
    (let ((server (sockopt-tests-core-server)))
      (dotimes (i 30)
        (let ((client (sockopt-tests-core-client server :nowait t)))
          (sockopt-tests-wait #'ignore (* i 0.0005))
          (delete-process client)
          (should-not (process-live-p client)))))))

(ert-deftest pending-tests-pending-options ()
  "Options of what still connects are kept until it has its socket."
  (sockopt-tests-with-rules sockopt-tests-everything
    (let* ((server (sockopt-tests-core-server))
           (client (sockopt-tests-core-client server :nowait t)))
      (set-network-process-option client :tcp-keepidle 77)
      (should (equal 77 (process-contact client :tcp-keepidle)))
      (should (sockopt-tests-open-p client))
      (should (equal '(3 77) (sockopt-tests-values client :priority
                                                   :tcp-keepidle))))))

(ert-deftest pending-tests-ruled-refused ()
  "Where nobody listens, the sentinel gets the code, as from core."
  (let ((port (sockopt-tests-clean
                (sockopt-tests-service (sockopt-tests-core-server)))))
    (sockopt-tests-with-rules sockopt-tests-everything
      (setq sockopt-tests-events nil)
      (make-network-process :name "refused" :host "127.0.0.1" :service port
                            :nowait t :family 'ipv4
                            :sentinel #'sockopt-tests-note-event)
      (should (sockopt-tests-wait (lambda () sockopt-tests-events)))
      (should (equal sockopt-tests-events
                     '((event "refused" "failed with code 111\n")))))))

(ert-deftest pending-tests-two-hundred ()
  "Two hundred connect without waiting; all open, with data and option."
  (sockopt-tests-with-rules '(((:name "many") (:priority 3)))
    (let ((server (sockopt-tests-core-server :server 250
                                             :filter #'sockopt-tests-echo))
          (replies (make-hash-table :test #'eq))
          clients)
      (setq sockopt-tests-events nil)
      (dotimes (_ 200)
        (push (sockopt-tests-core-client
               server :nowait t :name "many"
               :sentinel (lambda (process message)
                           (sockopt-tests-note-event process message)
                           (process-send-string process
                                                (process-name process)))
               :filter (lambda (process string)
                         (puthash process
                                  (concat (gethash process replies) string)
                                  replies)))
              clients))
      (should (sockopt-tests-wait
               (lambda () (= (hash-table-count replies) 200)) 20))
      (dolist (client clients)
        (should (eq (process-status client) 'open))
        (should (equal (gethash client replies) (process-name client)))
        (should (equal 3 (sockopt-get client :priority))))
      (should (equal (sort (mapcar #'process-name clients) #'string<)
                     (sort (mapcar #'cadr sockopt-tests-events)
                           #'string<))))))

(provide 'pending-tests)
;;; pending-tests.el ends here
