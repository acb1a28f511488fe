;;; wire-core-tests.el --- What the eight options of core do between hosts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'wire)

;;; One interface of two

(defun wire-core-tests--cables (port)
  "Send a datagram to PORT and return the cables by which any came."
  (let ((before (length (wire-come port))))
    (should-not (wire-near `(wire-host-send ,port "hello")))
    (sockopt-tests-wait (lambda () (< before (length (wire-come port)))))
    (wire-field :interface (seq-drop (wire-come port) before))))

(ert-deftest wire-core-tests-bindtodevice-client ()
  "A client that is bound to an interface sends through no other.
Once it is not bound any more it does as the routes say."
  :tags '(:bindtodevice)
  (wire-with-hosts
    (wire-near '(wire-host-connect 5000 :type 'datagram))
    (should (equal (wire-core-tests--cables 5000) '("cable")))
    (wire-near '(wire-host-connect 5001 :type 'datagram
                                   :bindtodevice "other"))
    (should (equal (wire-core-tests--cables 5001) '("other")))
    (should-not (wire-near '(wire-host-set 5001 :bindtodevice nil)))
    (should (equal (wire-core-tests--cables 5001) '("cable")))))

(defun wire-core-tests--reached (port)
  "Return which addresses of the far host take connections at PORT."
  (cl-loop for address in (list sockopt-tests-far wire-far-other)
           unless (wire-near `(wire-host-connect ,port :host ,address))
           collect address))

(ert-deftest wire-core-tests-bindtodevice-server ()
  "A server that is bound to an interface is reached by no other."
  :tags '(:bindtodevice)
  (wire-with-hosts
    (wire-far '(wire-host-serve 5000 :host "0.0.0.0"))
    (should (equal (wire-core-tests--reached 5000)
                   (list sockopt-tests-far wire-far-other)))
    (wire-far '(wire-host-serve 5001 :host "0.0.0.0" :bindtodevice "other"))
    (should (equal (wire-core-tests--reached 5001) (list wire-far-other)))))

(ert-deftest wire-core-tests-bindtodevice-unprivileged ()
  "Without CAP_NET_RAW a socket can be bound once, and not be freed.
So it is since Linux 5.7."
  :tags '(:bindtodevice)
  (unless (executable-find "setpriv")
    (ert-skip "There is no setpriv(1)"))
  (sockopt-tests-with-hosts (near far)
    (ignore far)
    (let ((form `(let ((p (sockopt-make-network-process
                           :name "p" :type 'datagram :family 'ipv4
                           :host ,sockopt-tests-far :service 9 :noquery t
                           :bindtodevice "cable")))
                   (list (sockopt-get p :bindtodevice)
                         (condition-case error
                             (sockopt-set p :bindtodevice nil)
                           (error (car error)))
                         (sockopt-get p :bindtodevice)))))
      (should (equal (sockopt-tests-run-in near form 10)
                     '("cable" t nil)))
      (should (equal (sockopt-tests-run-in
                      near form 10 "setpriv" "--bounding-set=-net_raw")
                     '("cable" sockopt-system-error "cable"))))))

;;; Where to

(defun wire-core-tests--check-sent (error port host &rest options)
  "Check that a datagram to HOST and PORT with OPTIONS gives ERROR.
ERROR is nil if it must arrive, else part of the message."
  (wire-near `(wire-host-connect ,port :type 'datagram :host ,host ,@options))
  (let ((got (wire-near `(wire-host-send ,port "hello"))))
    (if error
        (should (member error got))
      (should-not got)
      (should (sockopt-tests-wait (lambda () (wire-come port)))))
    (should (equal (wire-field :to (wire-come port))
                   (if error nil (list host))))))

(ert-deftest wire-core-tests-broadcast ()
  "What is sent to all comes only from a socket that may."
  :tags '(:broadcast)
  (wire-with-hosts
    (wire-core-tests--check-sent "Permission denied" 5000 "10.77.0.255")
    (wire-core-tests--check-sent nil 5001 "10.77.0.255" :broadcast t)))

(ert-deftest wire-core-tests-dontroute ()
  "What is beyond a gateway is out of reach, what is not is not."
  :tags '(:dontroute)
  (wire-with-hosts
    (wire-ip wire-near (concat "route add default via " sockopt-tests-far))
    (wire-core-tests--check-sent nil 5000 "10.99.0.1")
    (wire-core-tests--check-sent "Network is unreachable" 5001 "10.99.0.1"
                                 :dontroute t)
    (wire-core-tests--check-sent nil 5002 sockopt-tests-far :dontroute t)))

;;; Is the peer there?

(defun wire-core-tests--steps (port)
  "Return the times between the packets without data that came to PORT."
  (let ((times (cl-loop for packet in (cdr (wire-come port 'ack))
                        when (equal (plist-get packet :flags) '(ack))
                        collect (plist-get packet :time))))
    (cl-mapcar #'- (cdr times) times)))

(ert-deftest wire-core-tests-keepalive ()
  "A connection is probed when it is idle, and ends if nobody answers."
  :tags '(:keepalive :tcp-keepidle :tcp-keepintvl :tcp-keepcnt)
  (wire-with-hosts
    (wire-far '(wire-host-serve 5000))
    (wire-far '(wire-host-serve 5001))
    (wire-near '(wire-host-connect 5000 :tcp-keepidle 2))
    (wire-near '(wire-host-connect 5001 :keepalive t :tcp-keepidle 2
                                   :tcp-keepintvl 1 :tcp-keepcnt 3))
    ;; Two probes that are answered, two seconds apart.
    (sockopt-tests-wait (lambda () (wire-core-tests--steps 5001)) 8)
    (let ((answered (length (wire-core-tests--steps 5001))))
      (should (= answered 1))
      (should (< 1.8 (car (wire-core-tests--steps 5001)) 2.6))
      ;; The host still sees them, and answers no more.
      (wire-ip wire-far "addr flush dev cable")
      (should (equal (wire-near
                      '(progn (wire-host-wait
                               (lambda ()
                                 (not (eq (wire-host-status 5001) 'open)))
                               12)
                              (list (wire-host-status 5001)
                                    (length (wire-host-said 5001)))))
                     '(closed 1)))
      (let ((steps (seq-drop (wire-core-tests--steps 5001) answered)))
        (ert-info ((format "%S" steps))
          (should (= 3 (length steps)))
          (should (< 1.8 (car steps) 2.6))
          (dolist (step (cdr steps))
            (should (< 0.8 step 1.6))))))
    ;; Nothing but its first two packets came of the other.
    (should (= 2 (length (wire-come 5000))))
    (should (eq 'open (wire-near '(wire-host-status 5000))))))

;;; What the far side gets of a process that is deleted

(defun wire-core-tests--leave (port linger)
  "Send from a process with LINGER to PORT, and delete it, the far end busy.
That begins to read after a second.  Return a list of how many seconds
deleting took, how much arrived, and whether the connection was reset."
  (wire-far `(wire-host-serve ,port :filter t :rcvbuf 4000))
  (wire-near `(wire-host-connect ,port :linger ,linger))
  (wire-far `(wire-host-wait (lambda () (cdr (wire-host-processes ,port)))))
  (wire-far `(wire-host-stop-reading ,port))
  (should-not (wire-near `(wire-host-send ,port (make-string 30000 ?x))))
  (wire-far `(run-at-time 1 nil #'wire-host-read ,port))
  (let ((seconds (wire-near `(let ((start (float-time)))
                               (wire-host-delete ,port)
                               (- (float-time) start)))))
    (wire-far `(wire-host-wait (lambda ()
                                 (not (process-live-p
                                       (wire-host-process ,port))))
                               4))
    (list seconds
          (length (wire-far `(wire-host-got ,port)))
          (and (wire-come port 'rst) t))))

(ert-deftest wire-core-tests-linger ()
  "How deleting a process treats what its peer has not yet taken."
  :tags '(:linger)
  (wire-with-hosts
    (pcase-dolist (`(,port ,linger ,low ,high ,all ,reset)
                   '((5000 nil 0 0.5 t nil)
                     (5001 t 0.6 5 t nil)
                     (5002 9 0.6 5 t nil)
                     (5003 0 0 0.5 nil t)))
      (pcase-let ((`(,seconds ,bytes ,rst)
                   (wire-core-tests--leave port linger)))
        (ert-info ((format "%S: %S" linger (list seconds bytes rst)))
          (should (< low seconds high))
          (should (eq all (= bytes 30000)))
          (should (eq rst reset)))))))

(ert-deftest wire-core-tests-linger-time ()
  "Deleting a process waits no longer than its option says."
  :tags '(:linger)
  (wire-with-hosts
    (pcase-dolist (`(,port ,linger ,low ,high)
                   '((5000 nil 0 0.5) (5001 2 1.7 3)))
      (wire-far `(wire-host-serve ,port))
      (wire-near `(wire-host-connect ,port :linger ,linger))
      (wire-ip wire-far "addr flush dev cable")
      (should-not (wire-near `(wire-host-send ,port "hello")))
      (should (< low
                 (wire-near `(let ((start (float-time)))
                               (wire-host-delete ,port)
                               (- (float-time) start)))
                 high))
      (wire-ip wire-far (concat "addr add " sockopt-tests-far
                                "/24 dev cable")))))

;;; Receiving, queuing and addresses

(ert-deftest wire-core-tests-oobinline ()
  "Urgent data are in the stream, or are not."
  :tags '(:oobinline)
  (wire-with-hosts
    (pcase-dolist (`(,port ,options ,data)
                   '((5000 nil "abcd") (5001 (:oobinline t) "ab!cd")))
      (wire-far `(wire-host-serve ,port ,@options))
      (should (wire-shell wire-near (wire-program "urgent")
                          sockopt-tests-far (number-to-string port)))
      (wire-far `(wire-host-wait (lambda ()
                                   (string-suffix-p
                                    "cd" (wire-host-got ,port)))))
      (should (equal (wire-far `(wire-host-got ,port)) data))
      (should (cl-some (lambda (packet)
                         (memq 'urg (plist-get packet :flags)))
                       (wire-come port))))))

(defun wire-core-tests--slow (namespace)
  "Let the cable of NAMESPACE carry 400 kbit/s, with a queue of three bands.
Skip the test if there is no such queue."
  (let ((tc (executable-find "tc")))
    (unless (and tc
                 (wire-shell namespace tc "qdisc" "replace" "dev" "cable"
                             "root" "handle" "1:" "tbf" "rate" "400kbit"
                             "burst" "2000" "limit" "1000000")
                 (wire-shell namespace tc "qdisc" "add" "dev" "cable"
                             "parent" "1:1" "pfifo_fast"))
      (ert-skip "There is no tc(8), or no queue tbf or pfifo_fast"))))

(defun wire-core-tests--overtakes (port &rest options)
  "Have 30 datagrams wait, and one to PORT with OPTIONS after them.
Return how many of them came after it."
  (wire-near `(wire-host-connect ,port :type 'datagram ,@options))
  (wire-near `(wire-host-connect ,(1+ port) :type 'datagram))
  (wire-near `(progn (dotimes (_ 30)
                       (wire-host-send ,(1+ port) (make-string 1000 ?x)))
                     (wire-host-send ,port "urgent")))
  (sockopt-tests-wait (lambda () (and (wire-come port)
                                      (= 30 (length (wire-come (1+ port))))))
                      5)
  (let ((time (plist-get (car (wire-come port)) :time)))
    (cl-count-if (lambda (packet) (< time (plist-get packet :time)))
                 (wire-come (1+ port)))))

(ert-deftest wire-core-tests-priority ()
  "A packet of higher priority overtakes those that wait on this host.
So does one whose class of service stands for that."
  :tags '(:priority :ip-tos)
  (wire-with-hosts
    (wire-core-tests--slow wire-near)
    (should (equal 0 (wire-core-tests--overtakes 5000)))
    (should (< 15 (wire-core-tests--overtakes 5002 :priority 6)))
    ;; IPTOS_LOWDELAY, which means the priority 6.
    (should (< 15 (wire-core-tests--overtakes 5004 :ip-tos 16)))))

(ert-deftest wire-core-tests-reuseaddr ()
  "A server can take the port of one that has closed its connections."
  :tags '(:reuseaddr)
  (wire-with-hosts
    (pcase-dolist (`(,port ,reuse) '((5000 nil) (5001 t)))
      (should-not (wire-far `(wire-host-serve ,port :reuseaddr ,reuse)))
      (wire-near `(wire-host-connect ,port))
      (should (wire-far `(wire-host-wait
                          (lambda () (cdr (wire-host-processes ,port))))))
      ;; Who closes first has to remember the connection, for a minute.
      (wire-far `(wire-host-delete ,port))
      (should (sockopt-tests-wait (lambda () (wire-come port 'fin))))
      (let ((error (wire-far `(wire-host-serve ,port :reuseaddr ,reuse))))
        (if reuse
            (should-not error)
          (should (member "Address already in use" error)))))))

(provide 'wire-core-tests)
;;; wire-core-tests.el ends here
