;;; inherit-child-tests.el --- Tests of options that a server hands down  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)
(require 'sockopt-tests-kinds)
(require 'sockopt-server)

(defvar inherit-child-tests--children nil
  "What the servers have accepted, the last first.")

(defun inherit-child-tests--server (&rest arguments)
  "Make a server by ARGUMENTS that notes what it accepts."
  (setq inherit-child-tests--children nil)
  (apply #'sockopt-tests-server
         (append arguments
                 (list :log (lambda (_server child _message)
                              (push child inherit-child-tests--children))))))

(defun inherit-child-tests--accept (server &optional count)
  "Connect to SERVER COUNT times, once if nil; return the last connection."
  (let ((wanted (+ (or count 1) (length inherit-child-tests--children))))
    (dotimes (_ (or count 1))
      (sockopt-tests-core-client server))
    (should (sockopt-tests-wait
             (lambda () (= wanted (length inherit-child-tests--children)))))
    (car inherit-child-tests--children)))

(defun inherit-child-tests--late (server)
  "Return a connection of SERVER that came long after its options were set."
  (inherit-child-tests--accept server (+ 3 (num-processors))))

(defun inherit-child-tests--found-p (child)
  "Return non-nil if the descriptor of CHILD has been looked for."
  (gethash child sockopt--sockets))

(defun inherit-child-tests--check (child &rest options)
  "Check that CHILD has OPTIONS, a plist, as its contact says."
  (cl-loop for (option value) on options by #'cddr
           do (should (equal (list option value)
                             (list option
                                   (plist-get (sockopt--core-contact child t)
                                              option))))
           do (should (equal (list option value)
                             (list option (sockopt-get child option))))))

(ert-deftest inherit-child-tests-no-call ()
  "A child takes no system call for what it inherits, the first few do."
  (sockopt-tests-clean
    (let* ((server (inherit-child-tests--server
                    :child-options '(:keepalive t :tcp-keepidle 77
                                                :tcp-congestion "reno")
                    :oobinline t))
           (first (inherit-child-tests--accept server))
           (late (inherit-child-tests--late server)))
      (should (inherit-child-tests--found-p first))
      (should-not (inherit-child-tests--found-p late))
      (dolist (child (list first late))
        (inherit-child-tests--check child :keepalive t :tcp-keepidle 77
                                    :tcp-congestion "reno" :oobinline t)))))

(ert-deftest inherit-child-tests-server-contact ()
  "A server's contact does not claim what is for its children."
  (sockopt-tests-clean
    (let* ((server (inherit-child-tests--server
                    :keepalive nil :child-options
                    '(:keepalive t :tcp-keepidle 77))))
      (should (eq t (sockopt-get server :keepalive)))
      (dolist (contact (list (sockopt--core-contact server t)
                             (sockopt-contact server t)))
        (should (equal nil (plist-get contact :keepalive)))
        (should-not (plist-member contact :tcp-keepidle))))))

(ert-deftest inherit-child-tests-queued ()
  "What waits to be accepted when options are asked for gets them, too."
  (sockopt-tests-clean
    (let ((server (inherit-child-tests--server))
          (count 12))
      ;; Nothing is accepted meanwhile.
      (dotimes (_ count)
        (sockopt-tests-core-client server))
      (sockopt-set-child-options server '(:keepalive t :tcp-keepidle 77))
      (should-not inherit-child-tests--children)
      (should (sockopt-tests-wait
               (lambda ()
                 (= count (length inherit-child-tests--children)))))
      (dolist (child inherit-child-tests--children)
        (inherit-child-tests--check child :keepalive t :tcp-keepidle 77)))))

(ert-deftest inherit-child-tests-server-set-later ()
  "What a server is set for itself neither shows in its children nor is lost."
  (dolist (set (list #'sockopt-set
                     #'sockopt--core-set-network-process-option
                     (lambda (server option value)
                       (sockopt-set-options server (list option value)))
                     (lambda (server _option _value)
                       ;; SO_KEEPALIVE is 9 of level 1.
                       (sockopt-set-raw server 1 9 (make-string 4 0)))))
    (sockopt-tests-clean
      (let ((server (inherit-child-tests--server
                     :child-options '(:keepalive t :tcp-keepidle 77))))
        (inherit-child-tests--late server)
        (funcall set server :keepalive nil)
        (inherit-child-tests--check (inherit-child-tests--accept server)
                                    :keepalive t :tcp-keepidle 77)
        (inherit-child-tests--check (inherit-child-tests--late server)
                                    :keepalive t :tcp-keepidle 77)
        (sockopt-set-child-options server nil)
        (should-not (sockopt-get server :keepalive))
        (should (/= 77 (sockopt-get server :tcp-keepidle)))))))

(ert-deftest inherit-child-tests-server-set-again ()
  "A server that is set what its contact has already is noticed, too."
  (sockopt-tests-clean
    (let ((server (inherit-child-tests--server
                   :keepalive nil :child-options '(:keepalive t))))
      (inherit-child-tests--late server)
      (sockopt-set server :keepalive nil)
      (inherit-child-tests--check (inherit-child-tests--late server)
                                  :keepalive t))))

(ert-deftest inherit-child-tests-server-wants-same ()
  "A server keeps what it was set for itself, though its children have that."
  (sockopt-tests-clean
    (let ((server (inherit-child-tests--server
                   :child-options '(:keepalive t :rcvbuf 20000))))
      (sockopt-set server :keepalive t)
      (sockopt-set-child-options server '(:tcp-keepidle 77))
      (should (sockopt-get server :keepalive))
      (should (/= 40000 (sockopt-get server :rcvbuf)))
      (should-not (sockopt-get server :buf-lock)))))

(ert-deftest inherit-child-tests-own-changes ()
  "Children of a server whose own options change have what they inherit."
  (sockopt-tests-clean
    (let ((server (inherit-child-tests--server :tcp-keepidle 60)))
      (inherit-child-tests--check (inherit-child-tests--late server)
                                  :tcp-keepidle 60)
      (sockopt-set server :tcp-keepidle 61)
      (inherit-child-tests--check (inherit-child-tests--late server)
                                  :tcp-keepidle 61))))

(ert-deftest inherit-child-tests-priority ()
  "Options that change what is not inherited do so on each child, in order."
  (sockopt-tests-clean
    (pcase-dolist (`(,options . ,values)
                   '(((:ip-tos 16) :ip-tos 16 :priority 6)
                     ((:ip-tos 16 :priority 3) :ip-tos 16 :priority 3)
                     ((:priority 3 :ip-tos 16) :ip-tos 16 :priority 6)))
      (let ((server (inherit-child-tests--server :priority 5
                                                 :child-options options)))
        (should (equal 16 (sockopt-get server :ip-tos)))
        (should (equal 5 (sockopt-get server :priority)))
        (dolist (child (list (inherit-child-tests--accept server)
                             (inherit-child-tests--late server)))
          (apply #'inherit-child-tests--check child values))))))

(ert-deftest inherit-child-tests-not-on-server ()
  "What would decide whom a server lets in is set on its children alone."
  (sockopt-tests-clean
    (let ((server (inherit-child-tests--server
                   :child-options '(:ip-minttl 3 :tcp-window-clamp 4000))))
      (should (equal 0 (sockopt-get server :ip-minttl)))
      (should (equal 0 (sockopt-get server :tcp-window-clamp)))
      (inherit-child-tests--check (inherit-child-tests--late server)
                                  :ip-minttl 3))))

(ert-deftest inherit-child-tests-force ()
  "An option that another one changes afterwards is set after it."
  (skip-unless (= (user-uid) 0))
  (sockopt-tests-clean
    (let ((server (inherit-child-tests--server
                   :child-options '(:rcvbufforce 50000 :rcvbuf 6000))))
      (inherit-child-tests--check (inherit-child-tests--late server)
                                  :rcvbuf 12000))))

(ert-deftest inherit-child-tests-refused ()
  "What a server cannot be set is set on each child, which reports it."
  (sockopt-tests-clean
    (let* ((server (inherit-child-tests--server
                    :child-options '(:tcp-congestion "nosuch"
                                                     :keepalive t)))
           (messages (sockopt-tests-messages
                       (inherit-child-tests--accept server 5))))
      (should (= 5 (sockopt-tests-times "nosuch" messages)))
      (inherit-child-tests--check (car inherit-child-tests--children)
                                  :keepalive t))))

(ert-deftest inherit-child-tests-linger ()
  "Deleting a server whose children are to wait does not wait."
  (sockopt-tests-clean
    (let ((server (inherit-child-tests--server
                   :stop t :child-options '(:linger 20)))
          (start (float-time)))
      (sockopt-tests-core-client server)
      (delete-process server)
      (should (< (- (float-time) start) 5)))))

;;; On the wire

(defun inherit-child-tests--tos (port packets)
  "Return the class of service of the SYN-ACK from PORT among PACKETS.
They are IPv4 packets, strings of bytes."
  (cl-loop for packet in packets
           for start = (* 4 (logand 15 (aref packet 0)))
           when (and (= port (+ (* 256 (aref packet start))
                                (aref packet (1+ start))))
                     (= 18 (logand 18 (aref packet (+ 13 start)))))
           return (aref packet 1)))

(ert-deftest inherit-child-tests-syn-ack ()
  "What children are to mark their packets with marks the first one, too."
  :tags '(:ip-tos)
  (skip-unless (= (user-uid) 0))
  (pcase-dolist (`(,options ,tos) '((nil 0) ((:ip-tos 184) 184)))
    (sockopt-tests-clean
      (let* ((packets nil)
             (server (inherit-child-tests--server :child-options options))
             (port (process-contact server :service)))
        (sockopt-make-network-process
         :name "witness" :type 'raw :protocol 6 :family 'ipv4 :noquery t
         :host "127.0.0.1" :coding 'binary :server t
         :filter (lambda (_process packet) (push packet packets)))
        (inherit-child-tests--accept server)
        (should (sockopt-tests-wait
                 (lambda () (inherit-child-tests--tos port packets))))
        (should (equal tos (inherit-child-tests--tos port packets)))))))

(provide 'inherit-child-tests)
;;; inherit-child-tests.el ends here
