;;; sockopt-findings.el --- What a connection's numbers say  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The kernel tells a lot of a connection, in numbers that few can read.
;; `sockopt-findings' says in sentences what they mean.  It is a pure
;; function of a snapshot, a plist that `sockopt-findings-snapshot' takes
;; of a process, so that each case can be tried without a network.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

;;; Numbers for people

(defun sockopt-findings-time (seconds)
  "Return SECONDS, a number, as text with a unit that suits it."
  (cond ((< seconds 0.001) (format "%d µs" (round (* seconds 1e6))))
        ((< seconds 0.00995) (format "%.1f ms" (* seconds 1e3)))
        ((< seconds 1) (format "%d ms" (round (* seconds 1e3))))
        ((< seconds 9.95) (format "%.2g s" seconds))
        ((< seconds 120) (format "%d s" (round seconds)))
        ((< seconds 7200) (format "%d min" (floor seconds 60)))
        ((< seconds 172800) (format "%.3g h" (/ seconds 3600.0)))
        (t (format "%.3g days" (/ seconds 86400.0)))))

(defun sockopt-findings-bytes (bytes)
  "Return BYTES, an integer, as text with a unit."
  (if (< bytes 1000)
      (format "%d B" bytes)
    (file-size-human-readable bytes 'si " " "B")))

(defun sockopt-findings--count (number noun)
  "Return NUMBER and NOUN, in the plural unless NUMBER is 1."
  (format "%d %s%s" number noun (if (= number 1) "" "s")))

;;; A snapshot of a process

(defconst sockopt-findings--wanted
  '(:tcp-info :meminfo :keepalive :tcp-keepidle :tcp-keepintvl :tcp-keepcnt
    :tcp-user-timeout :tcp-nodelay :tcp-cork :tcp-rto-max-ms)
  "What findings are about, as for `sockopt--make-reader'.")

(defvar sockopt-findings--reader nil
  "The function that reads that, once it was needed.")

(defun sockopt-findings--read (process reader)
  "Read PROCESS with READER and return that, or nil if there is nothing.
Of one that still connects, nothing can be said yet."
  (and (process-live-p process)
       (not (sockopt--connecting-p process))
       (condition-case nil
           (sockopt--read process reader)
         (error nil))))

(defun sockopt-findings--near-p (contact)
  "Return non-nil if both ends that CONTACT has are on this machine."
  (let ((local (plist-get contact :local))
        (remote (plist-get contact :remote)))
    (and (vectorp local) (vectorp remote)
         (= (length local) (length remote))
         ;; The last element is the port.
         (cl-loop for i below (1- (length local))
                  always (eql (aref local i) (aref remote i))))))

(defvar sockopt-findings--retries nil
  "How often the system sends data again before it gives up.")

(defun sockopt-findings--retries ()
  "Return how often the system sends data again before it gives up.
That is net.ipv4.tcp_retries2 of tcp(7)."
  (or sockopt-findings--retries
      (setq sockopt-findings--retries
            (let ((file "/proc/sys/net/ipv4/tcp_retries2"))
              (if (file-readable-p file)
                  (with-temp-buffer
                    (insert-file-contents file)
                    (string-to-number (buffer-string)))
                15)))))

;;;###autoload
(defun sockopt-findings-snapshot (process)
  "Return what there is to know of PROCESS now, a plist.
These are its properties:
  :name, :status         as `process-name' and `process-status' return
                         them
  :exit                  the code with which it failed, if it did
  :contact               as `process-contact' returns it
  :type                  `stream', `datagram' or `seqpacket'
  :server                non-nil for a server
  :near                  non-nil if the peer is on the same machine
  :unwanted              non-nil if its filter is t
  :retries               how often the system sends data again
  :tcp-info, :meminfo    as `sockopt-get' returns them, if it does
  :options               a plist of the options that count for a finding"
  (unless (eq (process-type process) 'network)
    (signal 'wrong-type-argument (list 'sockopt-network-process-p process)))
  (let ((contact (sockopt--core-contact process t t))
        (status (process-status process))
        (read (sockopt-findings--read
               process
               (or sockopt-findings--reader
                   (setq sockopt-findings--reader
                         (sockopt--make-reader
                          sockopt-findings--wanted))))))
    (list :name (process-name process)
          :status status
          ;; Emacs crashes if asked that of one that connects.
          :exit (and (eq status 'failed) (process-exit-status process))
          :contact contact
          :type (or (plist-get contact :type) 'stream)
          :server (plist-get contact :server)
          :near (sockopt-findings--near-p contact)
          :unwanted (and (eq (process-filter process) t)
                         (not (gethash process sockopt--receivers)))
          :retries (sockopt-findings--retries)
          :tcp-info (plist-get read :tcp-info)
          :meminfo (plist-get read :meminfo)
          :options read)))

;;; Parts of a snapshot

(defsubst sockopt-findings--info (snapshot field)
  "Return FIELD of the `:tcp-info' of SNAPSHOT, 0 if there is none."
  (or (plist-get (plist-get snapshot :tcp-info) field) 0))

(defsubst sockopt-findings--memory (snapshot field)
  "Return FIELD of the `:meminfo' of SNAPSHOT, 0 if there is none."
  (or (plist-get (plist-get snapshot :meminfo) field) 0))

(defsubst sockopt-findings--option (snapshot option)
  "Return OPTION of SNAPSHOT, or nil."
  (plist-get (plist-get snapshot :options) option))

(defsubst sockopt-findings--number (snapshot option)
  "Return OPTION of SNAPSHOT, 0 if it has none."
  (or (sockopt-findings--option snapshot option) 0))

(defun sockopt-findings--established-p (snapshot)
  "Return non-nil if SNAPSHOT is of a TCP connection that both sides keep."
  (eq (plist-get (plist-get snapshot :tcp-info) :state) 'established))

(defun sockopt-findings-heard (snapshot)
  "Return how many seconds ago the peer was heard by SNAPSHOT, or nil."
  (let ((info (plist-get snapshot :tcp-info)))
    (and info (not (eq (plist-get info :state) 'listen))
         (/ (min (plist-get info :last-data-recv)
                 (plist-get info :last-ack-recv))
            1000.0))))

(defun sockopt-findings-send-queue (snapshot)
  "Return how many bytes the peer has not acknowledged by SNAPSHOT, or nil.
Of what is no TCP connection, that is the memory that sent data take."
  (let ((info (plist-get snapshot :tcp-info)))
    (cond ((null info) (plist-get (plist-get snapshot :meminfo) :wmem-queued))
          ((eq (plist-get info :state) 'listen) 0)
          (t (+ (sockopt-findings--info snapshot :notsent-bytes)
                (sockopt-findings--flight snapshot))))))

;; The kernel counts the segment that opens a connection as a byte.
(defun sockopt-findings--flight (snapshot)
  "Return how many bytes are on their way by SNAPSHOT."
  (if (zerop (sockopt-findings--info snapshot :unacked))
      0
    (max 0 (- (1+ (sockopt-findings--info snapshot :bytes-sent))
              (sockopt-findings--info snapshot :bytes-retrans)
              (sockopt-findings--info snapshot :bytes-acked)))))

(defun sockopt-findings-keepalive-left (snapshot)
  "Return in how many seconds keepalive would probe by SNAPSHOT, or nil.
Nil means that it is off, or that data are under way, which are sent again
instead."
  (let ((heard (sockopt-findings-heard snapshot))
        (idle (sockopt-findings--option snapshot :tcp-keepidle)))
    (and heard idle
         (sockopt-findings--option snapshot :keepalive)
         (sockopt-findings--established-p snapshot)
         (zerop (sockopt-findings--info snapshot :unacked))
         (zerop (sockopt-findings--info snapshot :notsent-bytes))
         (if (zerop (sockopt-findings--info snapshot :probes))
             (max 0 (- idle heard))
           (sockopt-findings--number snapshot :tcp-keepintvl)))))

;;; How long the kernel waits

(defun sockopt-findings--waits (first count longest)
  "Return how many seconds COUNT waits take, each twice the one before.
The FIRST and the LONGEST are given in seconds."
  (cl-loop repeat count
           for wait = first then (* 2 wait)
           sum (min wait longest)))

(defun sockopt-findings--longest (snapshot)
  "Return the longest wait before data are sent again by SNAPSHOT."
  (let ((most (sockopt-findings--number snapshot :tcp-rto-max-ms)))
    (if (> most 0) (/ most 1000.0) 120)))

(defun sockopt-findings--unanswered (snapshot)
  "Return for how many seconds data have waited for an answer by SNAPSHOT.
The kernel keeps that to itself, but it doubles the wait each time."
  (let* ((times (sockopt-findings--info snapshot :retransmits))
         (first (/ (sockopt-findings--info snapshot :rto)
                   1e6 (expt 2 (sockopt-findings--info snapshot :backoff))))
         (since (/ (sockopt-findings--info snapshot :last-data-sent)
                   1000.0)))
    (min (+ since (sockopt-findings--waits
                   first times (sockopt-findings--longest snapshot)))
         (/ (sockopt-findings--info snapshot :last-ack-recv) 1000.0))))

(defun sockopt-findings--gives-up (snapshot waited)
  "Return in how many seconds the kernel gives up by SNAPSHOT.
Data have been WAITED for as many seconds.  See `tcp_retries2' and
TCP_USER_TIMEOUT in tcp(7)."
  (let ((limit (sockopt-findings--number snapshot :tcp-user-timeout)))
    (max 0 (- (if (> limit 0)
                  (/ limit 1000.0)
                (sockopt-findings--waits
                 0.2 (1+ (or (plist-get snapshot :retries) 15))
                 (sockopt-findings--longest snapshot)))
              waited))))

;;; The findings

(defun sockopt-findings--make (id level mend format &rest arguments)
  "Return a finding with ID, LEVEL, MEND, and the text FORMAT of ARGUMENTS.
See `sockopt-findings'."
  (list :id id :level level :mend mend
        :text (apply #'format-message format arguments)))

(defun sockopt-findings--ended (snapshot)
  "Return the finding that the process of SNAPSHOT has ended, or nil."
  (pcase (plist-get snapshot :status)
    ('closed (sockopt-findings--make 'ended 'note nil
                                     "The connection has ended."))
    ('failed (sockopt-findings--make
              'ended 'problem nil "The connection has failed, with code %s."
              (plist-get snapshot :exit)))
    ('connect (sockopt-findings--make
               'connecting 'note nil "The process is still connecting."))))

(defun sockopt-findings--no-answer (snapshot)
  "Return the finding that the peer acknowledges nothing, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((times (sockopt-findings--info snapshot :retransmits)))
    (when (and (> times 0) (> (sockopt-findings--info snapshot :unacked) 0))
      (let ((waited (sockopt-findings--unanswered snapshot)))
        (sockopt-findings--make
         'no-answer (if (< times 3) 'warning 'problem)
         '((set :tcp-user-timeout 30000) (rule dead-peer))
         "The peer has acknowledged nothing for %s and %s: the path or the \
peer is gone.  The kernel gives up in about %s."
         (sockopt-findings-time waited)
         (sockopt-findings--count times "retransmission")
         (sockopt-findings-time
          (sockopt-findings--gives-up snapshot waited)))))))

(defun sockopt-findings--closed-window-p (snapshot)
  "Return non-nil if by SNAPSHOT the peer takes nothing more."
  (and (sockopt-findings--established-p snapshot)
       (> (sockopt-findings--info snapshot :notsent-bytes) 0)
       (if (plist-member (plist-get snapshot :tcp-info) :snd-wnd)
           (zerop (sockopt-findings--info snapshot :snd-wnd))
         (and (zerop (sockopt-findings--info snapshot :unacked))
              (> (sockopt-findings--info snapshot :probes) 0)))))

(defun sockopt-findings--closed-window (snapshot)
  "Return the finding that the peer's window is closed, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (when (sockopt-findings--closed-window-p snapshot)
    (let ((limit (sockopt-findings--number snapshot :tcp-user-timeout)))
      (sockopt-findings--make
       'closed-window 'problem
       (and (> limit 0) '((set :tcp-user-timeout 0)))
       "The peer's window is closed: its program does not read.  %s wait \
here; nothing could be sent for %s.%s"
       (sockopt-findings-bytes
        (sockopt-findings--info snapshot :notsent-bytes))
       (sockopt-findings-time
        (/ (sockopt-findings--info snapshot :last-data-sent) 1000.0))
       (if (> limit 0)
           (format "  After %s of that the kernel ends the connection, for \
:tcp-user-timeout is set."
                   (sockopt-findings-time (/ limit 1000.0)))
         "")))))

(defun sockopt-findings--not-reading (snapshot)
  "Return in words why Emacs does not read by SNAPSHOT, or nil.
A moment's wait is nothing to speak of."
  (cond ((eq (plist-get snapshot :status) 'stop)
         "the process is stopped (see `continue-process')")
        ((plist-get snapshot :unwanted)
         "its filter is t, so nobody reads")
        ((>= (sockopt-findings--info snapshot :last-data-recv) 1000)
         "Emacs is busy")))

(defun sockopt-findings--unread (snapshot)
  "Return the finding that Emacs does not read what it got, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((memory (sockopt-findings--memory snapshot :rmem-alloc))
        (why (sockopt-findings--not-reading snapshot)))
    (cond ((plist-get snapshot :server) nil)
          ((and why (> memory 0))
           (sockopt-findings--make
            'unread 'warning nil
            "Data that take %s of memory are unread: %s."
            (sockopt-findings-bytes memory) why))
          ((eq (plist-get snapshot :status) 'stop)
           (sockopt-findings--make 'stopped 'note nil
                                   "Emacs reads nothing: %s." why)))))

(defun sockopt-findings--held (snapshot)
  "Return the finding that data are held back, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((waiting (sockopt-findings--info snapshot :notsent-bytes)))
    (when (and (< 0 waiting (sockopt-findings--info snapshot :snd-mss))
               (zerop (sockopt-findings--info snapshot :retransmits))
               (not (sockopt-findings--closed-window-p snapshot)))
      (cond
       ((sockopt-findings--option snapshot :tcp-cork)
        (sockopt-findings--make
         'cork 'warning '((set :tcp-cork nil))
         "The option :tcp-cork holds %s back, for at most 200 ms."
         (sockopt-findings-bytes waiting)))
       ((and (not (sockopt-findings--option snapshot :tcp-nodelay))
             (< 0 (sockopt-findings--info snapshot :unacked)
                (sockopt-findings--info snapshot :snd-cwnd)))
        (sockopt-findings--make
         'nagle 'warning '((set :tcp-nodelay t) (rule low-latency))
         "Nagle's algorithm holds %s until the peer has acknowledged what \
is under way; a round trip takes %s."
         (sockopt-findings-bytes waiting)
         (sockopt-findings-time
          (/ (sockopt-findings--info snapshot :rtt) 1e6))))))))

(defun sockopt-findings--probes (snapshot)
  "Return the finding that keepalive probes are not answered, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((sent (sockopt-findings--info snapshot :probes))
        (count (sockopt-findings--number snapshot :tcp-keepcnt)))
    (when (and (> sent 1) (sockopt-findings-keepalive-left snapshot))
      (sockopt-findings--make
       'no-answer-to-probes 'problem '((rule dead-peer))
       "The peer has not answered %s: the path or the peer is gone.  The \
kernel gives up in about %s."
       (sockopt-findings--count sent "keepalive probe")
       (sockopt-findings-time
        (* (max 0 (- (1+ count) sent))
           (sockopt-findings--number snapshot :tcp-keepintvl)))))))

(defun sockopt-findings--keepalive (snapshot)
  "Return the finding that keepalive is off or late, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((left (sockopt-findings-keepalive-left snapshot)))
    (cond
     ((or (not (sockopt-findings--established-p snapshot))
          (plist-get snapshot :near))
      nil)
     ((not (sockopt-findings--option snapshot :keepalive))
      (sockopt-findings--make
       'no-keepalive 'note '((preset dead-peer) (rule dead-peer))
       "There is no keepalive: a peer that has vanished would not be \
noticed while nothing is sent."))
     ((and left (> left 600)
           (zerop (sockopt-findings--info snapshot :probes)))
      (sockopt-findings--make
       'late-keepalive 'note '((set :tcp-keepidle 60) (rule dead-peer))
       "Keepalive sends its first probe only in %s, after %s of silence."
       (sockopt-findings-time left)
       (sockopt-findings-time
        (sockopt-findings--number snapshot :tcp-keepidle)))))))

(defun sockopt-findings--share (snapshot field)
  "Return which part of the time that sending took FIELD has in SNAPSHOT.
It is 0 if there is too little of that to speak of."
  (let ((busy (sockopt-findings--info snapshot :busy-time)))
    (if (< busy 1000000)
        0
      (/ (sockopt-findings--info snapshot field) (float busy)))))

(defun sockopt-findings--limit-text (snapshot field what)
  "Return how much of the time WHAT limited sending by FIELD in SNAPSHOT."
  (format "%s limited sending for %s of the %s that it took (%d %%)"
          what
          (sockopt-findings-time (/ (sockopt-findings--info snapshot field)
                                    1e6))
          (sockopt-findings-time
           (/ (sockopt-findings--info snapshot :busy-time) 1e6))
          (round (* 100 (sockopt-findings--share snapshot field)))))

(defun sockopt-findings--limited (snapshot)
  "Return the finding of what has limited sending, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (cond
   ((>= (sockopt-findings--share snapshot :rwnd-limited) 0.2)
    (sockopt-findings--make
     'receiver-limited 'warning nil "%s: its program reads slowly."
     (sockopt-findings--limit-text snapshot :rwnd-limited "The receiver")))
   ((>= (sockopt-findings--share snapshot :sndbuf-limited) 0.2)
    (let ((size (sockopt-findings--memory snapshot :sndbuf)))
      (sockopt-findings--make
       'buffer-limited 'warning
       ;; The kernel doubles what it is given.
       (and (> size 0) `((set :sndbuf ,size)))
       "%s; it has %s."
       (sockopt-findings--limit-text snapshot :sndbuf-limited
                                     "The send buffer")
       (sockopt-findings-bytes size))))
   ((and (eql 1 (sockopt-findings--info snapshot
                                        :delivery-rate-app-limited))
         (> (sockopt-findings--info snapshot :busy-time) 0)
         (eql 0 (sockopt-findings-send-queue snapshot)))
    (sockopt-findings--make
     'nothing-to-send 'note nil
     "Sending is limited by nothing but what Emacs has to send; so far \
that took %s."
     (sockopt-findings-time
      (/ (sockopt-findings--info snapshot :busy-time) 1e6))))))

(defun sockopt-findings--loss (snapshot)
  "Return the finding that the path loses data, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let* ((sent (sockopt-findings--info snapshot :data-segs-out))
         ;; What the peer got twice had not been lost.
         (lost (- (sockopt-findings--info snapshot :total-retrans)
                  (sockopt-findings--info snapshot :dsack-dups)))
         (percent (and (>= sent 50) (/ (* 100.0 lost) sent))))
    (when (and percent (>= percent 1))
      (sockopt-findings--make
       'loss (if (< percent 10) 'warning 'problem) nil
       "The path loses %d %%: of %d segments, %d had to be sent again."
       (round percent) sent lost))))

;; What was meant in seconds ends a connection at the first loss of a packet.
(defun sockopt-findings--short-limit (snapshot)
  "Return the finding that the user timeout is very short, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((limit (sockopt-findings--number snapshot :tcp-user-timeout)))
    (when (< 0 limit 1000)
      (sockopt-findings--make
       'short-limit 'warning `((set :tcp-user-timeout ,(* 1000 limit)))
       "The kernel ends the connection when the peer has not acknowledged \
data for %d ms: :tcp-user-timeout counts milliseconds." limit))))

(defun sockopt-findings--slower (snapshot)
  "Return the finding that the round trip has grown, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((now (sockopt-findings--info snapshot :rtt))
        (least (sockopt-findings--info snapshot :min-rtt)))
    (when (and (> least 0) (>= now (* 3 least)) (>= (- now least) 20000))
      (sockopt-findings--make
       'slower 'warning nil
       "A round trip takes %s, %d times the least (%s): data wait in a \
queue on the way, or the peer answers late."
       (sockopt-findings-time (/ now 1e6)) (round now least)
       (sockopt-findings-time (/ least 1e6))))))

(defun sockopt-findings--drops (snapshot)
  "Return the finding that datagrams were lost here, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((drops (sockopt-findings--memory snapshot :drops))
        (size (sockopt-findings--memory snapshot :rcvbuf)))
    (when (and (> drops 0) (eq (plist-get snapshot :type) 'datagram))
      (sockopt-findings--make
       ;; The kernel doubles what it is given.
       'drops 'warning `((set :rcvbuf ,size))
       "%s got lost here, for the receive buffer (%s) was full."
       (sockopt-findings--count drops "datagram")
       (sockopt-findings-bytes size)))))

;; Of a listening socket, the kernel gives the length of its queue and the
;; limit of that in these two fields.
(defun sockopt-findings--full-queue (snapshot)
  "Return the finding that a server's queue is full, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (let ((waiting (sockopt-findings--info snapshot :unacked))
        (room (sockopt-findings--info snapshot :sacked)))
    (when (and (eq (plist-get (plist-get snapshot :tcp-info) :state) 'listen)
               (> waiting 0))
      (if (< waiting room)
          (sockopt-findings--make
           'waiting 'note nil "Emacs has not accepted %s yet."
           (sockopt-findings--count waiting "connection"))
        (sockopt-findings--make
         'full-queue 'problem nil
         "The queue is full: %s to be accepted, and there is room for %d.  \
More are turned away; the number after :server makes room."
         (sockopt-findings--count waiting "connection") room)))))

(defun sockopt-findings--half-closed (snapshot)
  "Return the finding that one side has closed the connection, or nil.
SNAPSHOT is as for `sockopt-findings'."
  (pcase (plist-get (plist-get snapshot :tcp-info) :state)
    ('close-wait
     (sockopt-findings--make
      'peer-closed 'note nil
      "The peer has closed its side; Emacs has not closed its own yet."))
    ((or 'fin-wait1 'fin-wait2 'closing 'last-ack)
     (sockopt-findings--make
      'closing 'note nil "Emacs has closed its side of the connection."))))

(defun sockopt-findings--fine (snapshot)
  "Return the finding that all is well by SNAPSHOT."
  (let ((heard (sockopt-findings-heard snapshot)))
    (if (and heard (sockopt-findings--established-p snapshot))
        (sockopt-findings--make
         'fine 'fine nil
         "All is well: the peer was heard %s ago, a round trip takes %s."
         (sockopt-findings-time heard)
         (sockopt-findings-time
          (/ (sockopt-findings--info snapshot :rtt) 1e6)))
      (sockopt-findings--make 'fine 'fine nil "Nothing is wrong."))))

(defconst sockopt-findings--functions
  '(sockopt-findings--no-answer sockopt-findings--probes
    sockopt-findings--closed-window sockopt-findings--full-queue
    sockopt-findings--unread sockopt-findings--held sockopt-findings--loss
    sockopt-findings--short-limit sockopt-findings--slower
    sockopt-findings--drops
    sockopt-findings--limited sockopt-findings--keepalive
    sockopt-findings--half-closed)
  "Functions that are called with a snapshot and return a finding or nil.")

(defconst sockopt-findings--levels '(problem warning fine note)
  "The levels of findings, in the order in which they are shown.")

(defun sockopt-findings--snapshot (snapshot)
  "Return SNAPSHOT, or take one if it is a process.
Of what is neither, nothing could be said but that all is well."
  (cond ((processp snapshot) (sockopt-findings-snapshot snapshot))
        ((and (consp snapshot) (proper-list-p snapshot)
              (plist-member snapshot :status))
         snapshot)
        (t (signal 'wrong-type-argument
                   (list 'sockopt-findings-snapshot-p snapshot "a process, or\
 what `sockopt-findings-snapshot' returns")))))

;;;###autoload
(defun sockopt-findings (snapshot)
  "Return what SNAPSHOT means for a connection, the worst first.
SNAPSHOT is a plist as `sockopt-findings-snapshot' returns it; nothing else
is looked at.  Of a network process, one is taken now.  Value is a list of
plists, at least one:
  :id     a symbol that names the finding
  :level  `problem', `warning', `fine' or `note'
  :text   sentences, with the numbers they come from
  :mend   what would mend it, a list of these: (set OPTION VALUE);
          (preset NAME), to set the options of that preset; (rule NAME),
          to add a rule with that preset
The fields that it rests on are those of tcp(7) and sock_diag(7)."
  (let* ((snapshot (sockopt-findings--snapshot snapshot))
         (ended (sockopt-findings--ended snapshot))
         (found (cl-loop for function in sockopt-findings--functions
                         for finding = (funcall function snapshot)
                         when finding collect finding)))
    (cond (ended (list ended))
          (t (unless (cl-some (lambda (finding)
                                (memq (plist-get finding :level)
                                      '(problem warning)))
                              found)
               (push (sockopt-findings--fine snapshot) found))
             (cl-stable-sort
              found #'<
              :key (lambda (finding)
                     (cl-position (plist-get finding :level)
                                  sockopt-findings--levels)))))))

(provide 'sockopt-findings)
;;; sockopt-findings.el ends here
