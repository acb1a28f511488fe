;;; findings-wire-tests.el --- Test findings on real connections  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-hosts)
(require 'sockopt-findings)

(defun findings-wire-tests--ids (process)
  "Return which findings there are of PROCESS."
  (mapcar (lambda (finding) (plist-get finding :id))
          (sockopt-findings (sockopt-findings-snapshot process))))

(defun findings-wire-tests--found-p (process id)
  "Wait until ID is found of PROCESS and return the text of it, or nil."
  (sockopt-tests-wait
   (lambda ()
     (cl-loop for finding in (sockopt-findings
                              (sockopt-findings-snapshot process))
              when (eq (plist-get finding :id) id)
              return (plist-get finding :text)))))

;;; On this machine

(ert-deftest findings-wire-tests-full-queue ()
  "A server whose queue is full."
  :tags '((needs :tcp-info))
  (sockopt-tests-clean
    (let ((text (findings-wire-tests--found-p (sockopt-tests-full-server)
                                              'full-queue)))
      (should (string-match-p "\\`The queue is full: [0-9] connections? to be \
accepted, and there is room for 1\\." text)))))

(ert-deftest findings-wire-tests-drops ()
  "Datagrams that find the buffer full."
  :tags '((needs :tcp-info))
  (sockopt-tests-clean
    (let* ((server (sockopt-make-network-process
                    :name "udp" :type 'datagram :server t :noquery t
                    :host "127.0.0.1" :service t :family 'ipv4
                    :rcvbuf 2000 :filter t))
           (client (sockopt-make-network-process
                    :name "client" :type 'datagram :noquery t
                    :remote (process-contact server :local))))
      (should (equal (findings-wire-tests--ids server) '(fine)))
      (dotimes (_ 60)
        (process-send-string client (make-string 500 ?x)))
      (should (string-match-p
               "\\`[0-9]+ datagrams got lost here, for the receive buffer ("
               (findings-wire-tests--found-p server 'drops))))))

(ert-deftest findings-wire-tests-unread ()
  "What Emacs leaves unread, and a peer that must wait for it."
  :tags '((needs :tcp-info))
  (sockopt-tests-clean
    (let* ((child nil)
           (server (sockopt-tests-server
                    :log (lambda (_server one _message) (setq child one))))
           (client (sockopt-tests-client server)))
      (sockopt-tests-wait (lambda () child))
      (set-process-filter client t)
      (with-timeout (0.5)
        (process-send-string child (make-string 20000000 ?x)))
      (should (string-search "its filter is t"
                             (findings-wire-tests--found-p client 'unread)))
      (should (string-match-p
               "\\`The peer's window is closed: .* [kM]B wait here;"
               (let ((text-quoting-style 'straight))
                 (findings-wire-tests--found-p child 'closed-window))))
      (stop-process client)
      (should (string-search "the process is stopped"
                             (findings-wire-tests--found-p client
                                                           'unread))))))

;;; Between two hosts

(defun findings-wire-tests--form (far options &rest before)
  "Return a form that connects to FAR with OPTIONS, and what it finds.
BEFORE are forms that are evaluated before, with the process as p; `vanish'
there makes FAR deaf, `return' ends that.  The value is a list of (ID TEXT)
of each finding."
  `(cl-flet ((vanish () (call-process "ip" nil nil nil "-n" ,far
                                      "addr" "flush" "dev" "cable"))
             (return () (call-process "ip" nil nil nil "-n" ,far
                                      "addr" "add"
                                      ,(concat sockopt-tests-far "/24")
                                      "dev" "cable")))
     (let ((p (sockopt-make-network-process
               :name "c" :host ,sockopt-tests-far :service 5000
               :family 'ipv4 :noquery t :sentinel #'ignore ,@options)))
       (require 'sockopt-findings)
       (ignore #'vanish #'return)
       ,@before
       (mapcar (lambda (finding) (list (plist-get finding :id)
                                       (plist-get finding :text)))
               (sockopt-findings (sockopt-findings-snapshot p))))))

(defmacro findings-wire-tests--on (near far options &rest before)
  "Return what NEAR finds of a connection to FAR with OPTIONS.
BEFORE is as for `findings-wire-tests--form'."
  (declare (indent 3))
  `(progn
     ;; It may have been made deaf before.
     (sockopt-tests-ip "-n" ,far "addr" "add"
                       (concat sockopt-tests-far "/24") "dev" "cable")
     (sockopt-tests-run-in
      ,near (apply #'findings-wire-tests--form ,far ',options ',before) 30)))

(ert-deftest findings-wire-tests-dead-peer ()
  "A peer that has vanished, with data under way and without."
  :tags '((needs :tcp-info))
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 5000)
    (should (equal (mapcar #'car (findings-wire-tests--on near far ()
                                   (sleep-for 0.1)))
                   '(fine no-keepalive)))
    ;; 0.2 s, 0.4 s and 0.8 s after the data they are sent again.
    (pcase-let ((`((,id ,text) . ,_)
                 (findings-wire-tests--on near far ()
                   (vanish) (process-send-string p "data") (sleep-for 2.2))))
      (should (eq id 'no-answer))
      (should (string-match-p "acknowledged nothing for [1-9][0-9.]* s and \
[2-5] retransmissions: .* gives up in about 15 min" text)))
    (pcase-let ((`((,id ,text) . ,_)
                 (findings-wire-tests--on
                     near far (:keepalive t :tcp-keepidle 1 :tcp-keepintvl 1)
                   (vanish) (sleep-for 4.5))))
      (should (eq id 'no-answer-to-probes))
      (should (string-match-p "not answered [2-8] keepalive probes" text)))))

(ert-deftest findings-wire-tests-nagle ()
  "What Nagle's algorithm holds while an answer is awaited."
  :tags '(:tcp-nodelay (needs :tcp-info))
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 5000)
    ;; It holds them for 200 ms, which is little on a busy machine.
    (let ((found (cl-loop repeat 3
                          for found = (findings-wire-tests--on near far ()
                                        (vanish)
                                        (process-send-string p "first")
                                        (process-send-string p "second"))
                          until (eq (caar found) 'nagle)
                          finally return found)))
      (should (eq (caar found) 'nagle))
      (should (string-match-p "algorithm holds 6 B until" (cadar found))))
    (should-not (assq 'nagle (findings-wire-tests--on
                                 near far (:tcp-nodelay t)
                               (vanish)
                               (process-send-string p "first")
                               (process-send-string p "second"))))))

(ert-deftest findings-wire-tests-loss ()
  "A path that loses data now and then."
  :tags '((needs :tcp-info))
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 5000)
    (let ((found (findings-wire-tests--on near far (:tcp-nodelay t)
                   (dotimes (_ 8)
                     (dotimes (_ 8)
                       (process-send-string p "data")
                       (sleep-for 0.005))
                     (vanish)
                     (process-send-string p "lost")
                     (return)
                     (sleep-for 0.5)))))
      (should (string-match-p "\\`The path loses [0-9]+ %: of [0-9]+ segments,\
 [0-9]+ had to be sent again\\." (cadr (assq 'loss found)))))))

(provide 'findings-wire-tests)
;;; findings-wire-tests.el ends here
