;;; child-tests.el --- Tests of the children of servers  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-server)
(require 'sockopt-tests-mode)

(defun child-tests--note-data (process string)
  "Note STRING and the options of PROCESS as they are now; send it back."
  (push (list 'data string (sockopt-tests-values process :priority
                                                 :tcp-keepidle))
        sockopt-tests-events)
  (process-send-string process string))

(defun child-tests--child (server)
  "Return the newest connection that SERVER accepted."
  (cl-find-if (lambda (process)
                (and (not (eq process server))
                     (string-prefix-p (concat (process-name server) " <")
                                      (process-name process))))
              (process-list)))

(defun child-tests--served (server)
  "Connect to SERVER, talk, and return its connection."
  (let ((client (sockopt-tests-core-client server)))
    (should (sockopt-tests-answers-p client))
    (child-tests--child server)))

(defconst child-tests--child-options '(:priority 3 :tcp-keepidle 77)
  "Options for children of servers.")

(defun child-tests--check-child (server)
  "Check that SERVER gives its child the options in time."
  (setq sockopt-tests-events nil)
  (let ((child (child-tests--served server)))
    (should (member '(data "ping" (3 77)) sockopt-tests-events))
    (should (equal '(3 77) (sockopt-tests-values child :priority
                                                 :tcp-keepidle)))
    (should (equal 3 (plist-get (process-contact child t) :priority)))
    (should (equal 77 (plist-get (process-contact child t)
                                 :tcp-keepidle)))
    (should (eq (process-filter child) #'child-tests--note-data))
    (should (eq (process-sentinel child) #'sockopt-tests-note-event))
    (should (cl-find-if (lambda (event)
                          (and (equal (nth 1 event) (process-name child))
                               (string-match-p "\\`open from 127"
                                               (nth 2 event))))
                        sockopt-tests-events))))

(ert-deftest child-tests-child-options ()
  "`:child-options' are set before the child's filter sees any data.
So it is where core would have taken a socket from outside."
  (dolist (more '(nil (:use-external-socket t)))
    (sockopt-tests-with-rules nil
      (let* ((log nil)
             (server (apply #'sockopt-tests-core-server
                            :filter #'child-tests--note-data
                            :sentinel #'sockopt-tests-note-event
                            :log (lambda (server client message)
                                   (push (list server client message) log))
                            :child-options child-tests--child-options
                            more)))
        (child-tests--check-child server)
        (should (eq (caar log) server))
        (should (eq (nth 1 (car log)) (child-tests--child server)))
        (should (/= 3 (sockopt-get server :priority)))
        (should (equal child-tests--child-options
                       (process-contact server :child-options)))))))

(ert-deftest child-tests-set-child-options ()
  "Core's servers get the same from `sockopt-set-child-options'."
  (dolist (mode '(-1 1))
    (sockopt-tests-with-rules nil
      (sockopt-mode mode)
      (let ((server (sockopt-tests-core-server
                     :filter #'child-tests--note-data
                     :sentinel #'sockopt-tests-note-event)))
        (should (eq t (sockopt-set-child-options
                       server child-tests--child-options)))
        (child-tests--check-child server)
        ;; Again, with others.
        (sockopt-set-child-options server '(:priority 4))
        (should (equal 4 (sockopt-get (child-tests--served server)
                                      :priority)))
        (sockopt-set-child-options server nil)
        (should (equal 0 (sockopt-get (child-tests--served server)
                                      :priority)))))))

(ert-deftest child-tests-set-child-options-of-own ()
  "`sockopt-set-child-options' changes those of a server of ours."
  (sockopt-tests-with-rules nil
    (let ((server (sockopt-tests-core-server
                   :filter #'child-tests--note-data
                   :sentinel #'sockopt-tests-note-event
                   :child-options '(:priority 5))))
      (sockopt-set-child-options server child-tests--child-options)
      (child-tests--check-child server))))

(ert-deftest child-tests-set-child-options-wrong ()
  "Wrong options for children are refused at once, as is no server."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (client (sockopt-tests-core-client server)))
      (dolist (options '((:unheard-of t) (:tcp-keepidle x) (:keepalive)
                         (keepalive t)))
        (ert-info ((format "%S" options))
          (should-error (sockopt-set-child-options server options))
          (should-error (sockopt-tests-core-server :child-options options))))
      (should-error (sockopt-set-child-options client '(:keepalive t)))
      (should (eq (process-sentinel server)
                  (process-sentinel client))))))

(ert-deftest child-tests-no-server ()
  "`:child-options' of what accepts nothing are refused."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (processes (process-list)))
      (dolist (make (list (lambda ()
                            (sockopt-tests-client server :child-options
                                                  '(:keepalive t)))
                          (lambda ()
                            (sockopt-tests-server :type 'datagram
                                                  :child-options
                                                  '(:priority 3)))))
        (should (string-search "`:child-options' is for servers that accept"
                               (cadr (should-error (funcall make)
                                                   :type 'sockopt-error)))))
      (should (equal processes (process-list))))))

(ert-deftest child-tests-child-options-fail ()
  "An option that fails loses neither the child nor the server."
  (let ((options '(:udp-cork t :tcp-congestion "nosuch" :priority 3
                             :tcp-keepidle 77))
        messages)
    (dolist (own '(t nil))
      (sockopt-tests-with-rules nil
        (let ((server (apply #'sockopt-tests-core-server
                             :filter #'child-tests--note-data
                             :sentinel #'sockopt-tests-note-event
                             (and own (list :child-options options)))))
          (unless own
            (sockopt-set-child-options server options))
          (setq messages (sockopt-tests-messages
                           (child-tests--check-child server)
                           (child-tests--check-child server)))
          (should (eq (process-status server) 'listen))
          (should (>= (sockopt-tests-times ":udp-cork" messages) 1))
          (should (>= (sockopt-tests-times ":tcp-congestion" messages)
                      1)))))))

(ert-deftest child-tests-child-options-together ()
  "A child's contact is true when options fail or change each other.
Each is set once, and reported once if it fails."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server
                    :filter #'sockopt-tests-echo :priority 5
                    :child-options '(:priority 3 :ip-tos 16
                                               :tcp-congestion "nosuch"
                                               :tcp-nodelay t :nodelay nil)))
           child
           (messages (sockopt-tests-messages
                       (setq child (child-tests--served server))))
           (contact (sockopt--core-contact child t)))
      (should (= 1 (sockopt-tests-times "nosuch" messages)))
      (should (= 1 (sockopt-tests-times "sockopt:" messages)))
      (should-not (sockopt-get child :tcp-nodelay))
      (dolist (key '(:priority :ip-tos :tcp-nodelay :nodelay))
        (ert-info ((format "%S" key))
          (should (plist-member contact key))
          (should (equal (plist-get contact key)
                         (sockopt-get child key))))))))

(defun child-tests--check-child-contact (&rest arguments)
  "Check the contact of a child of a server made with ARGUMENTS besides."
  ;; The kernel does not hand the priority down.
  (let* ((server (apply #'sockopt-tests-core-server
                        :filter #'sockopt-tests-echo
                        :keepalive t :priority 4 :tcp-nodelay t
                        :child-options '(:tcp-keepidle 77) arguments))
         (child (child-tests--served server))
         (contact (sockopt--core-contact child t)))
    (should-not (plist-get contact :server))
    (should (plist-member contact :priority))
    (cl-loop for (key value) on contact by #'cddr
             when (memq key (sockopt-option-list))
             do (ert-info ((format "%S" key))
                  (should (equal value (sockopt-get child key)))))))

(ert-deftest child-tests-child-contact ()
  "A child's contact is the kernel's truth, not the server's."
  (dolist (more '((:reuseport t) (:use-external-socket t)))
    (sockopt-tests-with-rules nil
      (apply #'child-tests--check-child-contact more))))

(ert-deftest child-tests-external-socket-contact ()
  "So made, a server's contact has what core's would have."
  (let ((contacts nil))
    (dolist (rules `(nil ,sockopt-tests-everything))
      (dolist (more `((:log ,#'ignore) nil))
        (sockopt-tests-with-rules rules
          (let ((contact (copy-sequence
                          (process-contact
                           (apply #'sockopt-tests-core-server
                                  :use-external-socket t :unheard-of 1
                                  more)
                           t))))
            (dolist (key '(:service :local))
              (setf (plist-get contact key) nil))
            (push contact contacts)))))
    (pcase-let ((`(,ruled ,ruled-log ,core ,core-log) contacts))
      (should (equal ruled (append core '(:priority 3))))
      (should (equal ruled-log (append core-log '(:priority 3)))))))

(ert-deftest child-tests-child-of-ruled-server ()
  "A server that only a rule is for has children as any other."
  (sockopt-tests-with-rules '(((:server t) (:priority 4)))
    (let* ((server (sockopt-tests-core-server
                    :filter #'child-tests--note-data
                    :sentinel #'sockopt-tests-note-event))
           (child (child-tests--served server)))
      (should (equal 4 (sockopt-get server :priority)))
      (should (eq (process-sentinel child) #'sockopt-tests-note-event))
      (should (equal (plist-get (process-contact child t) :priority)
                     (sockopt-get child :priority))))))

;;; What is put around the caller's functions

(ert-deftest child-tests-taken-once ()
  "A server's sentinel is wrapped once, and that of one of ours never."
  (sockopt-tests-clean
    (let* ((core (sockopt-tests-core-server))
           (ours (sockopt-tests-server :child-options '(:priority 3)))
           (sentinel (process-sentinel ours)))
      (sockopt-set-child-options core '(:priority 3))
      (let ((wrapped (process-sentinel core)))
        (sockopt-set-child-options core '(:priority 4))
        (should (eq (process-sentinel core) wrapped)))
      (sockopt-set-child-options ours '(:priority 4))
      (should (eq (process-sentinel ours) sentinel)))))

(ert-deftest child-tests-server-ends ()
  "What a server's own sentinel is told is told it, and is no child's."
  (sockopt-tests-clean
    (setq sockopt-tests-events nil)
    (let* ((server (sockopt-tests-core-server
                    :sentinel #'sockopt-tests-note-event))
           (messages (sockopt-tests-messages
                       (sockopt-set-child-options server '(:priority 3))
                       (delete-process server))))
      (should (equal sockopt-tests-events '((event "server" "deleted\n"))))
      (should (= 0 (sockopt-tests-times "sockopt" messages))))))

(ert-deftest child-tests-log-alone ()
  "The caller's log is called though there is no child, or it cannot be set up."
  (let* (logged
         (log (sockopt--log (lambda (&rest arguments)
                              (push arguments logged)))))
    (should (= 0 (sockopt-tests-times
                  "sockopt"
                  (sockopt-tests-messages
                    (funcall log 'server nil "accept failed")))))
    (should (equal logged '((server nil "accept failed"))))
    (sockopt-tests-clean
      (let ((server (sockopt-tests-server))
            (debug-on-error nil))
        (cl-letf (((symbol-function 'sockopt--set-up-child)
                   (lambda (&rest _) (error "Oops"))))
          (should (= 1 (sockopt-tests-times
                        "sockopt: .*Oops"
                        (sockopt-tests-messages
                          (funcall log server server "accept"))))))
        (should (= 2 (length logged)))))))

(ert-deftest child-tests-words ()
  "A message on an option that failed is about that alone."
  (sockopt-tests-clean
    (let ((messages
           (sockopt-tests-messages
             (should-not (sockopt--set-some
                          (sockopt-tests-server :name "s")
                          '(:priority 3 :tcp-congestion "nosuch"))))))
      (should (= 1 (sockopt-tests-times "\\`sockopt: s: .*nosuch" messages)))
      (should (= 0 (sockopt-tests-times "already-set" messages))))))

(provide 'child-tests)
;;; child-tests.el ends here
