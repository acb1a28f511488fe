;;; findings-tests.el --- Test what numbers are said to mean  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-findings)

(defconst findings-tests--info
  '(:state established :retransmits 0 :probes 0 :backoff 0 :rto 204000
    :snd-mss 1448 :unacked 0 :last-data-sent 5000 :last-data-recv 4000
    :last-ack-recv 3000 :rtt 20000 :min-rtt 15000 :snd-cwnd 10
    :total-retrans 0 :bytes-acked 101 :bytes-sent 100 :bytes-retrans 0
    :notsent-bytes 0 :data-segs-out 10 :delivery-rate-app-limited 0
    :busy-time 0 :rwnd-limited 0 :sndbuf-limited 0 :dsack-dups 0
    :snd-wnd 65536)
  "A connection that is idle and well.")

(defconst findings-tests--options
  '(:keepalive t :tcp-keepidle 60 :tcp-keepintvl 10 :tcp-keepcnt 6
    :tcp-user-timeout 0 :tcp-nodelay nil :tcp-cork nil :tcp-rto-max-ms 120000)
  "Options with which there is nothing to say.")

(defun findings-tests--merge (plist changes)
  "Return PLIST with CHANGES, another plist, made to it."
  (let ((result (copy-sequence plist)))
    (while changes
      (setq result (plist-put result (pop changes) (pop changes))))
    result))

(defun findings-tests--snapshot (info options &rest others)
  "Return a snapshot of a good connection with INFO, OPTIONS and OTHERS."
  (findings-tests--merge
   (list :status 'open :type 'stream :retries 15
         :tcp-info (findings-tests--merge findings-tests--info info)
         :meminfo '(:rmem-alloc 0 :rcvbuf 131072 :sndbuf 87040
                    :wmem-queued 0 :drops 0)
         :options (findings-tests--merge findings-tests--options options))
   others))

(defun findings-tests--texts (snapshot)
  "Return what is found in SNAPSHOT, a list of (ID LEVEL TEXT)."
  (mapcar (lambda (finding)
            (list (plist-get finding :id) (plist-get finding :level)
                  (plist-get finding :text)))
          (sockopt-findings snapshot)))

(defmacro findings-tests--table (&rest cases)
  "Test each of CASES, (SNAPSHOT-ARGUMENTS ID LEVEL TEXT MEND).
The finding must be the first."
  `(pcase-dolist (`(,arguments ,id ,level ,text ,mend) ',cases)
     (ert-info ((format "%S" (cons id arguments)))
       (let* ((text-quoting-style 'straight)
              (finding (car (sockopt-findings
                             (apply #'findings-tests--snapshot arguments)))))
         (should (eq (plist-get finding :id) id))
         (should (eq (plist-get finding :level) level))
         (should (equal (plist-get finding :text) text))
         (should (equal (plist-get finding :mend) mend))))))

(ert-deftest findings-tests-no-answer ()
  "Data that are not acknowledged: for how long, and when that ends."
  (findings-tests--table
   ;; 0.2 s * (1 + 2 + 4 + 8 + 16) and 16.8 s since; the kernel waits
   ;; 924.6 s with 15 retransmissions (tcp(7)).
   (((:unacked 1 :retransmits 5 :backoff 5 :rto 6400000
      :last-data-sent 16800 :last-ack-recv 3600000)
     ())
    no-answer problem
    "The peer has acknowledged nothing for 23 s and 5 retransmissions: the \
path or the peer is gone.  The kernel gives up in about 15 min."
    ((set :tcp-user-timeout 30000) (rule dead-peer)))
   ;; The peer was heard later than that.
   (((:unacked 1 :retransmits 1 :backoff 1 :rto 408000 :last-data-sent 100
      :last-ack-recv 250)
     (:tcp-user-timeout 30250))
    no-answer warning
    "The peer has acknowledged nothing for 250 ms and 1 retransmission: the \
path or the peer is gone.  The kernel gives up in about 30 s."
    ((set :tcp-user-timeout 30000) (rule dead-peer)))))

(ert-deftest findings-tests-waits ()
  "The kernel doubles its waits up to a limit."
  (should (= 0 (sockopt-findings--waits 0.2 0 120)))
  (should (< 924.5 (sockopt-findings--waits 0.2 16 120) 924.7))
  (should (= 5 (sockopt-findings--waits 1 3 2))))

(ert-deftest findings-tests-probes ()
  "Keepalive probes that are not answered."
  (findings-tests--table
   (((:probes 3 :last-ack-recv 90000 :last-data-recv 90000) ())
    no-answer-to-probes problem
    "The peer has not answered 3 keepalive probes: the path or the peer is \
gone.  The kernel gives up in about 40 s."
    ((rule dead-peer)))))

(ert-deftest findings-tests-closed-window ()
  "A peer that does not read; the user timeout would end the connection."
  (findings-tests--table
   (((:snd-wnd 0 :notsent-bytes 120000 :probes 2 :last-data-sent 12000) ())
    closed-window problem
    "The peer's window is closed: its program does not read.  120 kB wait \
here; nothing could be sent for 12 s."
    nil)
   (((:snd-wnd 0 :notsent-bytes 1000 :last-data-sent 12000)
     (:tcp-user-timeout 120000))
    closed-window problem
    "The peer's window is closed: its program does not read.  1 kB wait \
here; nothing could be sent for 12 s.  After 2 min of that the kernel ends \
the connection, for :tcp-user-timeout is set."
    ((set :tcp-user-timeout 0)))))

(ert-deftest findings-tests-closed-window-old-kernel ()
  "Before Linux 5.4 the window is not told; then probes tell."
  (let ((snapshot (findings-tests--snapshot '(:notsent-bytes 9 :probes 1) ())))
    (cl-remf (plist-get snapshot :tcp-info) :snd-wnd)
    (should (eq 'closed-window (caar (findings-tests--texts snapshot))))))

(ert-deftest findings-tests-unread ()
  "What Emacs does not read, and why."
  (findings-tests--table
   (((:last-data-recv 2000) () :meminfo (:rmem-alloc 4096))
    unread warning
    "Data that take 4.1 kB of memory are unread: Emacs is busy." nil)
   ((() () :meminfo (:rmem-alloc 768) :unwanted t)
    unread warning "Data that take 768 B of memory are unread: its filter \
is t, so nobody reads." nil)
   ;; What has come this moment is no finding.
   (((:last-data-recv 20) () :meminfo (:rmem-alloc 768))
    fine fine
    "All is well: the peer was heard 20 ms ago, a round trip takes 20 ms."
    nil))
  (should (string-match-p
           "\\`Data that take 768 B .* the process is stopped"
           (nth 2 (car (findings-tests--texts
                        (findings-tests--snapshot
                         () () :meminfo '(:rmem-alloc 768)
                         :status 'stop))))))
  (should (equal (mapcar #'car (findings-tests--texts
                                (findings-tests--snapshot () ()
                                                          :status 'stop)))
                 '(fine stopped))))

(ert-deftest findings-tests-held ()
  "What the kernel holds back, by Nagle's algorithm or a cork."
  (findings-tests--table
   (((:notsent-bytes 12 :unacked 1 :rtt 40000) ())
    nagle warning
    "Nagle's algorithm holds 12 B until the peer has acknowledged what is \
under way; a round trip takes 40 ms."
    ((set :tcp-nodelay t) (rule low-latency)))
   (((:notsent-bytes 12) (:tcp-cork t))
    cork warning
    "The option :tcp-cork holds 12 B back, for at most 200 ms."
    ((set :tcp-cork nil))))
  ;; Not with TCP_NODELAY, nor a full packet, nor a full window.
  (pcase-dolist (`(,info ,options)
                 '(((:notsent-bytes 12 :unacked 1) (:tcp-nodelay t))
                   ((:notsent-bytes 1448 :unacked 1) ())
                   ((:notsent-bytes 12 :unacked 10) ())))
    (should-not (assq 'nagle (findings-tests--texts
                              (findings-tests--snapshot info options))))))

(ert-deftest findings-tests-keepalive ()
  "Keepalive that is off, or comes late; not on one machine."
  (pcase-dolist (`(,options ,id ,text)
                 '(((:keepalive nil) no-keepalive
                    "There is no keepalive: a peer that has vanished would \
not be noticed while nothing is sent.")
                   ((:tcp-keepidle 7200) late-keepalive
                    "Keepalive sends its first probe only in 119 min, after \
2 h of silence.")))
    (should (equal (cadr (findings-tests--texts
                          (findings-tests--snapshot () options)))
                   (list id 'note text)))
    (should-not (assq id (findings-tests--texts
                          (findings-tests--snapshot
                           () options :near '(:keepalive nil))))))
  (should (equal (plist-get (cadr (sockopt-findings
                                   (findings-tests--snapshot
                                    () '(:keepalive nil))))
                            :mend)
                 '((preset dead-peer) (rule dead-peer)))))

(ert-deftest findings-tests-limited ()
  "What limits sending."
  (findings-tests--table
   (((:busy-time 30000000 :rwnd-limited 12000000) ())
    receiver-limited warning
    "The receiver limited sending for 12 s of the 30 s that it took (40 %): \
its program reads slowly."
    nil)
   (((:busy-time 10000000 :sndbuf-limited 9000000) ())
    buffer-limited warning
    "The send buffer limited sending for 9 s of the 10 s that it took \
(90 %); it has 87 kB."
    ((set :sndbuf 87040)))
   ;; Less than a fifth, or less than a second in all, is nothing.
   (((:busy-time 30000000 :rwnd-limited 3000000) ())
    fine fine
    "All is well: the peer was heard 3 s ago, a round trip takes 20 ms." nil)
   (((:busy-time 900000 :rwnd-limited 900000) ())
    fine fine
    "All is well: the peer was heard 3 s ago, a round trip takes 20 ms." nil))
  (should (equal (cadr (findings-tests--texts
                        (findings-tests--snapshot
                         '(:delivery-rate-app-limited 1 :busy-time 300000)
                         ())))
                 '(nothing-to-send note "Sending is limited by nothing but \
what Emacs has to send; so far that took 300 ms."))))

(ert-deftest findings-tests-path ()
  "A path that loses data or has become slow."
  (findings-tests--table
   (((:data-segs-out 300 :total-retrans 14 :dsack-dups 2) ())
    loss warning
    "The path loses 4 %: of 300 segments, 12 had to be sent again." nil)
   (((:data-segs-out 100 :total-retrans 20) ())
    loss problem
    "The path loses 20 %: of 100 segments, 20 had to be sent again." nil)
   (((:data-segs-out 20 :total-retrans 3) ())
    fine fine
    "All is well: the peer was heard 3 s ago, a round trip takes 20 ms." nil)
   (((:rtt 240000 :min-rtt 30000) ())
    slower warning
    "A round trip takes 240 ms, 8 times the least (30 ms): data wait in a \
queue on the way, or the peer answers late."
    nil)
   ;; Of what is short anyway, many times is nothing.
   (((:rtt 900 :min-rtt 30 :last-ack-recv 0) ())
    fine fine
    "All is well: the peer was heard 0 µs ago, a round trip takes 900 µs."
    nil)))

(ert-deftest findings-tests-others ()
  "Datagrams, servers, and connections that end."
  (findings-tests--table
   ((() () :type datagram :tcp-info nil :options nil
     :meminfo (:drops 7 :rcvbuf 212992))
    drops warning
    "7 datagrams got lost here, for the receive buffer (213 kB) was full."
    ((set :rcvbuf 212992)))
   (((:state listen :unacked 5 :sacked 5) () :status listen :server 5)
    full-queue problem
    "The queue is full: 5 connections to be accepted, and there is room for \
5.  More are turned away; the number after :server makes room."
    nil)
   ((() () :status failed :exit 110 :tcp-info nil)
    ended problem "The connection has failed, with code 110." nil)
   ((() () :status closed :tcp-info nil)
    ended note "The connection has ended." nil)
   ((() () :status connect :tcp-info nil)
    connecting note "The process is still connecting." nil)
   ((() () :tcp-info nil :options nil)
    fine fine "Nothing is wrong." nil))
  (pcase-dolist (`(,info ,ids)
                 '(((:state listen :unacked 1 :sacked 5) (fine waiting))
                   ((:state listen :sacked 5) (fine))
                   ((:state close-wait) (fine peer-closed))
                   ((:state fin-wait2) (fine closing))))
    (should (equal (mapcar #'car (findings-tests--texts
                                  (findings-tests--snapshot info ())))
                   ids))))

(defun findings-tests--level (info options id)
  "Return the level of the finding ID with INFO and OPTIONS, or nil."
  (cadr (assq id (findings-tests--texts
                  (findings-tests--snapshot info options)))))

(ert-deftest findings-tests-limits ()
  "Where each finding begins, and becomes a problem."
  (pcase-dolist
      (`(,id ,info ,level)
       '((no-answer (:unacked 1 :retransmits 1) warning)
         (no-answer (:unacked 1 :retransmits 2) warning)
         (no-answer (:unacked 1 :retransmits 3) problem)
         (no-answer (:unacked 0 :retransmits 3) nil)
         (no-answer-to-probes (:probes 1) nil)
         (no-answer-to-probes (:probes 2) problem)
         (loss (:data-segs-out 49 :total-retrans 9) nil)
         (loss (:data-segs-out 50 :total-retrans 1) warning)
         (loss (:data-segs-out 1000 :total-retrans 9) nil)
         (loss (:data-segs-out 1000 :total-retrans 10) warning)
         (loss (:data-segs-out 1000 :total-retrans 99) warning)
         (loss (:data-segs-out 1000 :total-retrans 100) problem)
         (slower (:rtt 30000 :min-rtt 10000) warning)
         (slower (:rtt 29999 :min-rtt 10000) nil)
         (slower (:rtt 29998 :min-rtt 9999) nil)
         (slower (:rtt 300000 :min-rtt 0) nil)
         (receiver-limited (:busy-time 1000000 :rwnd-limited 200000) warning)
         (receiver-limited (:busy-time 999999 :rwnd-limited 999999) nil)
         (receiver-limited (:busy-time 1000000 :rwnd-limited 199999) nil)))
    (ert-info ((format "%S" (cons id info)))
      (should (eq (findings-tests--level info () id) level))))
  (pcase-dolist (`(,idle ,level) '((603 nil) (604 note)))
    (should (eq (findings-tests--level () (list :tcp-keepidle idle)
                                       'late-keepalive)
                level))))

(ert-deftest findings-tests-keepalive-left ()
  "When keepalive would probe, which it does not while data are under way."
  (pcase-dolist (`(,info ,left)
                 '((() 57.0) ((:unacked 1) nil) ((:notsent-bytes 1) nil)
                   ((:last-ack-recv 90000 :last-data-recv 80000) 0)
                   ((:probes 1) 10) ((:state close-wait) nil)))
    (should (equal (sockopt-findings-keepalive-left
                    (findings-tests--snapshot info ()))
                   left)))
  (should-not (sockopt-findings-keepalive-left
               (findings-tests--snapshot () '(:keepalive nil)))))

(ert-deftest findings-tests-elsewhere ()
  "What is lost is said of datagrams; what has no size is not set."
  (should (equal (mapcar #'car (findings-tests--texts
                                (findings-tests--snapshot
                                 () () :meminfo '(:drops 7 :rcvbuf 9))))
                 '(fine)))
  (let ((finding (car (sockopt-findings
                       (findings-tests--snapshot
                        '(:busy-time 2000000 :sndbuf-limited 1000000) ()
                        :meminfo nil)))))
    (should (eq (plist-get finding :id) 'buffer-limited))
    (should-not (plist-get finding :mend))))

(ert-deftest findings-tests-order ()
  "The worst comes first, and nothing says that all is well beside it."
  (should (equal (mapcar (lambda (finding) (butlast finding))
                         (findings-tests--texts
                          (findings-tests--snapshot
                           '(:data-segs-out 300 :total-retrans 12
                             :snd-wnd 0 :notsent-bytes 10)
                           '(:keepalive nil))))
                 '((closed-window problem) (loss warning)
                   (no-keepalive note)))))

(ert-deftest findings-tests-pure ()
  "A snapshot is not changed, and nothing else is looked at."
  (let* ((snapshot (findings-tests--snapshot '(:unacked 1 :retransmits 9) ()))
         (copy (copy-tree snapshot))
         (first (sockopt-findings snapshot)))
    (should (equal snapshot copy))
    (should (equal first (sockopt-findings copy)))))

(ert-deftest findings-tests-numbers ()
  "Times and sizes have units that suit them."
  (pcase-dolist (`(,seconds . ,text)
                 '((0 . "0 µs") (0.000033 . "33 µs") (0.00123 . "1.2 ms")
                   (0.0234 . "23 ms") (0.999 . "999 ms") (2.5 . "2.5 s")
                   (9.99 . "10 s") (119.4 . "119 s") (7199 . "119 min")
                   (7200 . "2 h") (90000 . "25 h") (864000 . "10 days")))
    (should (equal (sockopt-findings-time seconds) text)))
  (pcase-dolist (`(,bytes . ,text)
                 '((0 . "0 B") (999 . "999 B") (1000 . "1 kB")
                   (2500000 . "2.5 MB")))
    (should (equal (sockopt-findings-bytes bytes) text))))

(ert-deftest findings-tests-queue ()
  "The send queue is what is on its way and what waits."
  (pcase-dolist (`(,info . ,bytes)
                 '((() . 0) ((:notsent-bytes 7) . 7)
                   ((:unacked 1 :bytes-sent 300 :bytes-acked 201
                     :bytes-retrans 40 :notsent-bytes 5)
                    . 65)))
    (should (equal (sockopt-findings-send-queue
                    (findings-tests--snapshot info ()))
                   bytes)))
  (should (equal 9 (sockopt-findings-send-queue
                    '(:meminfo (:wmem-queued 9))))))

(ert-deftest findings-tests-near ()
  "Both ends are near if all but their ports are the same."
  (pcase-dolist (`(,near ,local ,remote)
                 '((t [127 0 0 1 80] [127 0 0 1 90])
                   (nil [127 0 0 1 80] [127 0 0 2 80])
                   (nil [127 0 0 1 80] [127 0 0 1 0 0 0 0 90])
                   (nil [127 0 0 1 80] nil)
                   (nil "/run/a" "/run/a")))
    (should (eq (sockopt-findings--near-p `(:local ,local :remote ,remote))
                near))))

(ert-deftest findings-tests-snapshot ()
  "A snapshot of each sort of process."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :keepalive t
                                         :tcp-keepidle 99))
           (udp (sockopt-make-network-process
                 :name "udp" :type 'datagram :server t :noquery t
                 :host "127.0.0.1" :service t :family 'ipv4))
           (snapshot (sockopt-findings-snapshot client)))
      (should (eq (plist-get snapshot :status) 'open))
      (should (plist-get snapshot :near))
      (should (equal (sockopt-findings--option snapshot :keepalive) t))
      (should (< 98 (sockopt-findings-keepalive-left snapshot) 99.1))
      (should (equal (caar (findings-tests--texts snapshot)) 'fine))
      (should (eq (plist-get (plist-get (sockopt-findings-snapshot server)
                                        :tcp-info)
                             :state)
                  'listen))
      (should-not (plist-get (sockopt-findings-snapshot udp) :tcp-info))
      (should (plist-get (sockopt-findings-snapshot udp) :meminfo))
      (delete-process client)
      (should (equal (caar (findings-tests--texts
                            (sockopt-findings-snapshot client)))
                     'ended)))))

(ert-deftest findings-tests-no-network-process ()
  "What is no network process has no snapshot, rather than a fine one."
  (sockopt-tests-clean
    (let ((pipe (make-pipe-process :name "pipe" :noquery t)))
      (should (equal (sockopt-tests-error
                      (lambda () (sockopt-findings-snapshot pipe)))
                     (list 'wrong-type-argument 'sockopt-network-process-p
                           pipe))))))

(ert-deftest findings-tests-short-limit ()
  "A user timeout that was meant in seconds is warned of."
  (findings-tests--table
   ((() (:tcp-user-timeout 120))
    short-limit warning
    "The kernel ends the connection when the peer has not acknowledged \
data for 120 ms: :tcp-user-timeout counts milliseconds."
    ((set :tcp-user-timeout 120000)))
   ((() (:tcp-user-timeout 1000))
    fine fine "All is well: the peer was heard 3 s ago, a round trip takes \
20 ms." nil)))

(ert-deftest findings-tests-argument ()
  "A process is looked at now; of what is no snapshot nothing is said."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)
                                        :tcp-user-timeout 120)))
      (should (equal (findings-tests--texts client)
                     (findings-tests--texts
                      (sockopt-findings-snapshot client))))
      (should (eq 'short-limit (caar (findings-tests--texts client))))
      (dolist (wrong '(nil 5 "client" (:state established) (1 . 2)))
        (let ((error (should-error (sockopt-findings wrong)
                                   :type 'wrong-type-argument)))
          (should (equal wrong (nth 2 error)))
          (should (string-search "a process" (nth 3 error)))))
      (should-error (sockopt-findings
                     (make-pipe-process :name "pipe" :noquery t))
                    :type 'wrong-type-argument))))

(provide 'findings-tests)
;;; findings-tests.el ends here
