;;; probe-tests.el --- Test asking whether a peer is there  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-hosts)
(require 'sockopt-probe)

(defconst probe-tests--options
  '(:keepalive :tcp-keepidle :tcp-keepintvl :tcp-keepcnt :tcp-user-timeout)
  "What a probe changes for the time.")

(defun probe-tests--values (process)
  "Return what the kernel has of the options of PROCESS."
  (mapcar (lambda (option) (sockopt-get process option))
          probe-tests--options))

(defun probe-tests--wait (process &optional seconds)
  "Probe PROCESS for SECONDS and return the result."
  (let (result)
    (sockopt-probe process seconds (lambda (_process it) (setq result it)))
    (sockopt-tests-wait (lambda () result) 10)
    result))

(ert-deftest probe-tests-alive ()
  "A peer that is there answers, and all is as it was."
  (sockopt-tests-clean
    (dolist (options '(() (:keepalive t :tcp-keepidle 99 :tcp-keepcnt 4)
                       (:tcp-user-timeout 5000 :tcp-keepintvl 7)))
      (let* ((server (sockopt-tests-server))
             (client (apply #'sockopt-tests-client server options))
             (values (probe-tests--values client))
             (contact (copy-sequence (sockopt--core-contact client t)))
             (start (float-time))
             (result (probe-tests--wait client)))
        (should (eq (car result) 'alive))
        (should (< 0 (cdr result) 1))
        ;; It begins within a second.
        (should (< (- (float-time) start) 2.5))
        (should (equal (probe-tests--values client) values))
        (should (equal (sockopt--core-contact client t) contact))
        (should-not sockopt-probe--active)
        (should-not sockopt-probe--timer)
        (should-not (cl-find #'sockopt-probe--check-all timer-list
                             :key #'timer--function))))))

(ert-deftest probe-tests-meanwhile ()
  "While a probe is under way the kernel's timers are short."
  (sockopt-tests-clean
    (let* ((client (sockopt-tests-client (sockopt-tests-server)))
           (before (probe-tests--values client))
           results)
      (sockopt-probe client 3 (lambda (&rest it) (push it results)))
      (should-not results)
      (should (equal (probe-tests--values client) '(t 1 1 3 0)))
      ;; Asked twice, it answers twice and restores once.
      (sockopt-probe client 3 (lambda (&rest it) (push it results)))
      (should (= 1 (length sockopt-probe--active)))
      (sockopt-tests-wait (lambda () (cdr results)))
      (should (equal (mapcar #'car results) (list client client)))
      (should (equal (probe-tests--values client) before)))))

(ert-deftest probe-tests-others-change ()
  "What somebody else sets meanwhile stays."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)
                                        :tcp-keepcnt 5)))
      (sockopt-probe client 3 #'ignore)
      (sockopt-set client :tcp-keepcnt 9)
      (sockopt-tests-wait (lambda () (null sockopt-probe--active)))
      (should (equal (sockopt-get client :tcp-keepcnt) 9))
      (should (equal (sockopt-get client :keepalive) nil)))))

(ert-deftest probe-tests-refused-half ()
  "If the kernel refuses an option, those set before it are put back."
  (sockopt-tests-clean
    (let* ((client (sockopt-tests-client (sockopt-tests-server)))
           (before (probe-tests--values client))
           (set (symbol-function 'sockopt-set-options)))
      (cl-letf (((symbol-function 'sockopt-set-options)
                 (lambda (process plist)
                   (funcall set process (seq-take plist 4))
                   (signal 'sockopt-system-error '("refused")))))
        (should (equal (car (probe-tests--wait client)) 'unknown)))
      (should (equal (probe-tests--values client) before))
      (should-not sockopt-probe--active))))

(ert-deftest probe-tests-not-to-be-asked ()
  "What has no peer that TCP could ask is unknown, with the reason."
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let* ((path (expand-file-name "socket" directory))
             (server (sockopt-tests-server))
             (local (sockopt-make-network-process
                     :name "local" :server t :family 'local :service path
                     :noquery t))
             (client (sockopt-make-network-process
                      :name "c" :family 'local :service path :noquery t))
             (udp (sockopt-make-network-process
                   :name "u" :type 'datagram :host "127.0.0.1" :service 9
                   :family 'ipv4 :noquery t))
             (pipe (make-pipe-process :name "pipe" :noquery t))
             (dead (sockopt-tests-client server)))
        (delete-process dead)
        (should local)
        (pcase-dolist (`(,process . ,result)
                       `((,server unknown . "a server has no peer")
                         (,client unknown . "not a TCP connection")
                         (,udp unknown . "not a TCP connection")
                         (,pipe unknown . "not a network process")
                         (,dead dead . "closed")))
          (should (equal (probe-tests--wait process) result)))))))

(ert-deftest probe-tests-closed-by-peer ()
  "A connection that the peer has closed cannot be probed."
  (sockopt-tests-clean
    (let* ((child nil)
           (server (sockopt-tests-server
                    :log (lambda (_server one _message) (setq child one))))
           (client (sockopt-tests-client server)))
      (set-process-filter client t)
      (sockopt-tests-wait (lambda () child))
      (process-send-eof child)
      (sockopt-tests-wait
       (lambda () (eq (plist-get (sockopt-get client :tcp-info) :state)
                      'close-wait)))
      (should (equal (car (probe-tests--wait client)) 'unknown)))))

(ert-deftest probe-tests-arguments ()
  "SECONDS is an integer that the kernel takes as a number of probes."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (pcase-dolist (`(,wrong . ,error)
                     '((0 args-out-of-range 0 1 60 "seconds")
                       (61 args-out-of-range 61 1 60 "seconds")
                       (0.5 wrong-type-argument integerp 0.5 1 60 "seconds")
                       ("3" wrong-type-argument integerp "3" 1 60
                        "seconds")))
        (should (equal error (should-error (sockopt-probe client wrong
                                                          #'ignore)))))
      (should-not sockopt-probe--active))))

(ert-deftest probe-tests-command ()
  "The command says what came of it, for one and for all."
  :tags '((needs :tcp-info))
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (said nil))
      (sockopt-tests-client server)
      (cl-letf (((symbol-function 'message)
                 (lambda (format &rest arguments)
                   (setq said (apply #'format format arguments)))))
        (let ((current-prefix-arg '(4)))
          (call-interactively #'sockopt-probe))
        (sockopt-tests-wait (lambda () said)))
      ;; The client, and what the server has accepted.
      (should (string-match-p "\\`\\(2 of 2 alive\\|client: alive, \\)"
                              said)))))

(ert-deftest probe-tests-words ()
  "What is said names those that are not alive, and why."
  (sockopt-tests-clean
    (let ((a (sockopt-tests-server :name "a"))
          (b (sockopt-tests-server :name "b")))
      (should (equal (sockopt-probe--summary `((,a alive . 0.0123)))
                     "a: alive, round trip 12.3 ms"))
      (should (equal (sockopt-probe--summary
                      `((,a alive . 0.01) (,b dead . "failed")))
                     "1 of 2 alive; b: dead (failed)"))
      (should (equal (sockopt-probe--summary `((,b unknown . "no TCP")))
                     "b: unknown: no TCP")))))

(ert-deftest probe-tests-data-under-way ()
  "Data that wait are told of, those sent and those not."
  (should-not (sockopt-probe--under-way '(:unacked 0 :notsent-bytes 0)))
  (should-not (sockopt-probe--under-way ()))
  (pcase-dolist (`(,info ,words)
                 '(((:unacked 2 :notsent-bytes 0)
                    "2 packets unacknowledged, 0 bytes")
                   ((:unacked 0 :notsent-bytes 5)
                    "0 packets unacknowledged, 5 bytes")))
    (should (string-search words (sockopt-probe--under-way info)))))

(ert-deftest probe-tests-connecting ()
  "What still connects is not probed."
  (sockopt-tests-clean
    (should (equal (probe-tests--wait
                    (sockopt-tests-client (sockopt-tests-full-server)
                                          :nowait t))
                   '(unknown . "still connecting")))))

(ert-deftest probe-tests-no-process ()
  "If one of several is no process none is probed."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (dolist (wrong (list "client" (list client "x")))
        (should (eq (car (sockopt-tests-error
                          (lambda () (sockopt-probe wrong 1 #'ignore))))
                    'wrong-type-argument)))
      (should-not sockopt-probe--active))))

(ert-deftest probe-tests-said-together ()
  "What came of several is said when all is known."
  (sockopt-tests-clean
    (let ((a (sockopt-tests-server :name "a"))
          (b (sockopt-tests-server :name "b"))
          (announce (sockopt-probe--announcer 2))
          said)
      (cl-letf (((symbol-function 'message)
                 (lambda (&rest arguments)
                   (push (apply #'format arguments) said))))
        (funcall announce a '(alive . 0.1))
        (should-not said)
        (funcall announce b '(dead . "failed"))
        (should (equal said '("1 of 2 alive; b: dead (failed)")))))))

;;; Over a cable that can be pulled

(defun probe-tests--form (port before &rest after)
  "Return a form that connects to PORT of the far host and probes it.
BEFORE runs when it is connected, AFTER when there is a result; the value
is (RESULT SECONDS STATUS SENTINEL-MESSAGES . AFTER)."
  `(let* ((said nil)
          (p (sockopt-make-network-process
              :name "c" :host ,sockopt-tests-far :service ,port
              :family 'ipv4 :noquery t
              :sentinel (lambda (_p message) (push message said))))
          (result nil) start)
     (require 'sockopt-probe)
     ,before
     (setq start (float-time))
     (sockopt-probe p 3 (lambda (_p it) (setq result it)))
     (while (and (not result) (< (float-time) (+ start 15)))
       (accept-process-output nil 0.05))
     (list (car result) (- (float-time) start) (process-status p) said
           ,@after)))

(ert-deftest probe-tests-dead ()
  "A peer that has vanished ends the process, in about three seconds.
So it is with a user timeout and with a long idle time before."
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 5000)
    (dolist (options '(() (:tcp-user-timeout 600000 :tcp-keepidle 7000)))
      (pcase-let ((`(,result ,seconds ,status ,said)
                   (sockopt-tests-run-in
                    near
                    (probe-tests--form
                     5000
                     `(progn (sockopt-set-options p ',options)
                             (sleep-for 1.2)
                             (call-process
                              "ip" nil nil nil "netns" "exec" ,far
                              "ip" "link" "set" "cable" "down")))
                    30)))
        (sockopt-tests-cable far "up")
        (should (eq result 'dead))
        (should (memq status '(closed failed)))
        (should (< 2 seconds 6))
        (should (= 1 (length said)))))))

(ert-deftest probe-tests-under-way ()
  "With data under way the kernel does not probe, and that is said."
  :tags '((needs :tcp-info))
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 5000)
    (pcase-let ((`(,result ,seconds ,status ,_said ,values)
                 (sockopt-tests-run-in
                  near
                  (probe-tests--form
                   5000
                   `(progn (sleep-for 1.2)
                           (call-process "ip" nil nil nil "netns" "exec" ,far
                                         "ip" "link" "set" "cable" "down")
                           (process-send-string p "data"))
                   '(sockopt-get p :tcp-keepidle))
                  30)))
      (should (eq result 'unknown))
      (should (eq status 'open))
      (should (< 4 seconds 8))
      (should (equal values 7200)))))

(provide 'probe-tests)
;;; probe-tests.el ends here
