;;; value-tests.el --- Tests of the values of options  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'seq)

;;; Values that are refused

(ert-deftest value-tests-out-of-range ()
  "What the kernel would cut or wrap is refused before it sees it."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client)))
      (pcase-dolist (`(,keyword ,value)
                     `((:ip-tos 300) (:ip-tos -2) (:ip-tos 256)
                       (:ip-ttl 256) (:ip-ttl -2)
                       (:rcvbuf ,(ash 1 40)) (:rcvbuf -1)
                       (:sndbuf ,(ash 1 31)) (:sndbuf ,(ash 1 32))
                       (:priority ,(ash 1 40)) (:mark ,(ash 1 32))
                       (:mark -1) (:linger 65536) (:linger -1)
                       (:rcvtimeo ,(expt 10 10)) (:rcvtimeo -1)
                       (:rcvbuf ,(ash 1 70))
                       (:tcp-keepcnt 128) (:tcp-keepidle 32768)
                       (:bindtodevice "abcdefghijklmnopqrst")
                       (:ip-tos xyzzy) (:ip-mtu-discover xyzzy)
                       (:ip-tos ,(ash 1 80)) (:ip-tos ,(- (ash 1 80)))
                       (:timestamping (xyzzy))))
        (dolist (error
                 (list (should-error (sockopt-set process keyword value))
                       (should-error
                        (sockopt-tests-make 'udp4-client
                                            keyword value))))
          (should (equal (list keyword value (car error))
                         (list keyword value 'args-out-of-range)))
          (should (memq keyword error))))
      (should (eql (sockopt-get process :ip-tos) 0)))))

(ert-deftest value-tests-wrong-type ()
  "A value of the wrong type is refused, and the option named."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client)))
      (pcase-dolist (`(,keyword ,value)
                     '((:ip-tos "ef") (:rcvbuf 1.5) (:rcvbuf nil)
                       (:linger "x") (:bindtodevice t)
                       (:priority t) (:rcvtimeo "1")
                       (:ip-mtu-discover "do") (:attach-filter 3)
                       (:timestamping software)
                       (:ip-add-membership "239.1.2.3")
                       (:ip-add-membership (5))))
        (let ((error (should-error (sockopt-set process keyword value))))
          (should (equal (list keyword value (car error))
                         (list keyword value 'wrong-type-argument)))
          (should (memq keyword error)))))))

(ert-deftest value-tests-value-within-itself ()
  "A list or vector that has itself for an element is refused."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client))
          (list (list 1))
          (vector (vector 6 0 0 0)))
      (setcar list list)
      (aset vector 3 vector)
      (pcase-dolist (`(,keyword ,value)
                     `((:timestamping ,list)
                       (:ip-add-membership ,list)
                       (:attach-filter ,vector)
                       (:attach-filter [,vector])))
        (let ((error (sockopt-tests-error
                      (lambda () (sockopt-set process keyword value)))))
          (should (equal (list keyword (car error))
                         (list keyword 'wrong-type-argument)))
          (should (memq keyword error))))
      (should (eq (car (sockopt-tests-error
                        (lambda () (sockopt-get process :ip-msfilter list))))
                  'wrong-type-argument)))))

;;; Values that are read

(ert-deftest value-tests-argument ()
  "An argument is refused where reading takes none."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client)))
      (should (equal (sockopt-tests-error
                      (lambda () (sockopt-get process :broadcast "lo")))
                     '(wrong-type-argument
                       null "lo" :broadcast
                       "to be read it takes no argument"))))))

(ert-deftest value-tests-dscp ()
  "Code points may be given by name; the kernel's number is read."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client :ip-tos 'af41)))
      (should (eql (process-contact process :ip-tos) #x88))
      (pcase-dolist (`(,name ,number)
                     '((ef 184) (cs1 32) (af11 40) (le 4) (cs0 0)))
        (sockopt-set process :ip-tos name)
        (should (eql (sockopt-get process :ip-tos) number))
        (should (eql (process-contact process :ip-tos) number)))))
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      ;; The last two bits belong to TCP.
      (sockopt-set process :ip-tos 187)
      (should (eql (sockopt-get process :ip-tos) 184))
      (should (eql (process-contact process :ip-tos) 184)))))

(defun value-tests--check-what-it-is (kind &rest expected)
  "Check that a socket of KIND is EXPECTED, (FAMILY TYPE PROTOCOL)."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make kind)))
      (should (equal (cons kind (sockopt-tests-values process :domain :type
                                                      :protocol))
                     (cons kind expected)))
      ;; Here these are core's keywords, not options.
      (should (eq (sockopt-contact process :type)
                  (pcase (cadr expected) ('stream nil) (type type)))))))

(ert-deftest value-tests-what-it-is ()
  "Family, type and protocol are symbols."
  (dolist (case '((tcp4-client ipv4 stream tcp)
                  (udp4-server ipv4 datagram udp)
                  (local-stream-client local stream nil)
                  (local-datagram-client local datagram nil)
                  (local-seqpacket-client local seqpacket nil)))
    (apply #'value-tests--check-what-it-is case)))

(ert-deftest value-tests-what-it-is-ipv6 ()
  "So they are with IPv6."
  (sockopt-tests-need-ipv6)
  (value-tests--check-what-it-is 'tcp6-listener 'ipv6 'stream 'tcp))

(ert-deftest value-tests-mptcp-protocol ()
  "An MPTCP socket is one, and falls back to TCP with a peer that is not."
  (sockopt-tests-need-kind 'mptcp4-client)
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'mptcp4-client)))
      (should (eq (sockopt-get process :protocol) 'mptcp))
      (should (sockopt-get process :tcp-is-mptcp))
      (should (plist-member (sockopt-get process :mptcp-info) :token)))
    (let ((process (sockopt-tests-client (sockopt-tests-server)
                                         :protocol 'mptcp)))
      (should (eq (sockopt-get process :protocol) 'mptcp))
      (should-not (sockopt-get process :tcp-is-mptcp)))))

(ert-deftest value-tests-tcp-info ()
  "The state and counters of a connection are a plist."
  (sockopt-tests-with-sockets
    (let* ((process (sockopt-tests-make 'tcp4-client))
           (info (sockopt-get process :tcp-info)))
      (should (eq (plist-get info :state) 'established))
      (should (eq (plist-get info :ca-state) 'open))
      (should (listp (plist-get info :options)))
      (should (memq 'sack (plist-get info :options)))
      (should (cl-every #'keywordp (sockopt-tests-keys info)))
      (should (equal (sockopt-tests-keys info)
                     (seq-uniq (sockopt-tests-keys info))))
      (dolist (key '(:rto :snd-mss :rcv-mss :unacked :pmtu :rtt :rttvar
                          :snd-cwnd :advmss :total-retrans))
        (should (natnump (plist-get info key))))
      (process-send-string process "12345")
      (should (sockopt-tests-wait
               (lambda ()
                 ;; The SYN counts as one.
                 (memq (plist-get (sockopt-get process :tcp-info)
                                  :bytes-acked)
                       '(5 6))))))
    (should (eq (plist-get (sockopt-get (sockopt-tests-make 'tcp4-listener)
                                        :tcp-info)
                           :state)
                'listen))))

(ert-deftest value-tests-tcp-info-length ()
  "Fields of :tcp-info are those that the kernel returned, no more."
  (sockopt-tests-need-linux)
  (sockopt-tests-with-sockets
    (let* ((process (sockopt-tests-make 'tcp4-client))
           (bytes (sockopt-get-raw process 6 11 4096))
           (info (sockopt-get process :tcp-info)))
      (pcase-dolist (`(,length ,key)
                     '((104 :total-retrans) (120 :max-pacing-rate)
                       (136 :bytes-received) (144 :segs-in)
                       (160 :data-segs-out) (168 :delivery-rate)
                       (192 :sndbuf-limited) (200 :delivered-ce)
                       (224 :reord-seen) (232 :snd-wnd) (240 :rehash)
                       (248 :total-rto-time)))
        (should (eq (not (plist-member info key))
                    (< (length bytes) length)))))))

(ert-deftest value-tests-peercred ()
  "The peer of a local socket is this Emacs."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'local-stream-child)))
      (should (equal (sockopt-get process :peercred)
                     (list :pid (emacs-pid) :uid (user-uid)
                           :gid (group-gid))))
      (should (equal (sort (copy-sequence (sockopt-get process :peergroups))
                           #'<)
                     (sort (mapcar #'string-to-number
                                   (split-string
                                    (value-tests--status "Groups")))
                           #'<))))))

(defun value-tests--status (field)
  "Return FIELD of this process from /proc/self/status."
  (with-temp-buffer
    (insert-file-contents "/proc/self/status")
    (re-search-forward (format "^%s:\\(.*\\)$" field))
    (match-string 1)))

(ert-deftest value-tests-peerpidfd ()
  "The process at the other end is known, and no descriptor stays open."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'local-stream-child)))
      (unless (sockopt-supported-p :peerpidfd)
        (ert-skip "the module was built without :peerpidfd"))
      (when (version< (sockopt-tests-kernel) "6.5")
        (ert-skip "Linux has :peerpidfd from 6.5 on"))
      (dotimes (_ 5)
        (should (eql (sockopt-get process :peerpidfd) (emacs-pid)))))))

(ert-deftest value-tests-meminfo ()
  "The memory that a socket uses agrees with its buffers."
  (sockopt-tests-with-sockets
    (let* ((process (sockopt-tests-make 'udp4-server :rcvbuf 20000))
           (info (sockopt-get process :meminfo)))
      (should (equal (plist-get info :rcvbuf) 40000))
      (should (equal (plist-get info :sndbuf)
                     (sockopt-get process :sndbuf)))
      (should (equal (plist-get info :drops) 0))
      (should (cl-every #'natnump
                        (cl-loop for (_key value) on info by #'cddr
                                 collect value))))))

(ert-deftest value-tests-adjusted ()
  "Where the kernel adjusts a value, the contact holds the adjusted one."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client :rcvbuf 30000)))
      (should (eql (process-contact process :rcvbuf) 60000))
      (sockopt-set process :rcvbuf 20000)
      (should (eql (process-contact process :rcvbuf) 40000))
      (should (eql (sockopt-get process :rcvbuf) 40000))
      (sockopt-set-options process '(:rcvbuf 10000 :sndbuf 10000))
      (should (eql (process-contact process :rcvbuf) 20000))
      (should (eql (process-contact process :sndbuf) 20000)))
    (let ((server (sockopt-tests-make 'tcp4-listener
                                      :tcp-defer-accept 5)))
      ;; As many seconds as some number of repetitions takes.
      (should (> (process-contact server :tcp-defer-accept) 5))))
  (dolist (keyword '(:rcvbuf :sndbuf :tcp-defer-accept :ip-tos :rcvtimeo))
    (should (sockopt-option-adjusted (sockopt-option keyword)))))

(ert-deftest value-tests-forced-buffers ()
  "The forced sizes of buffers are seen in those that can be read."
  (unless (= (user-uid) 0)
    (ert-skip "forcing sizes of buffers takes root"))
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client)))
      (should (sockopt-set process :rcvbufforce 50000000))
      (should (eql (sockopt-get process :rcvbuf) 100000000))
      (should (sockopt-set process :sndbufforce 50000000))
      (should (eql (sockopt-get process :sndbuf) 100000000)))))

(ert-deftest value-tests-times ()
  "Times are in seconds, and nil is none."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client :sndtimeo 1.5)))
      (should (= (process-contact process :sndtimeo) 1.5))
      (sockopt-set process :sndtimeo 3)
      (should (= (sockopt-get process :sndtimeo) 3))
      (dolist (none '(nil 0 0.0))
        (sockopt-set process :sndtimeo 1e-9)
        (should (sockopt-get process :sndtimeo))
        (sockopt-set process :sndtimeo none)
        (should-not (sockopt-get process :sndtimeo))))))

(ert-deftest value-tests-congestion ()
  "The congestion control algorithm is a string."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client
                                       :tcp-congestion "reno")))
      (should (equal (process-contact process :tcp-congestion) "reno"))
      (should-not (sockopt-get process :tcp-cc-info))
      (should-error (sockopt-set process :tcp-congestion "nosuch")
                    :type 'sockopt-system-error)
      (should-error (sockopt-set process :tcp-congestion
                                 "abcdefghijklmnopq")
                    :type 'args-out-of-range)
      (should (equal (sockopt-get process :tcp-congestion) "reno")))))

(ert-deftest value-tests-v6only ()
  "An IPv6 server takes IPv4 or not by :ipv6-v6only, and it is fixed."
  (sockopt-tests-need-kind 'tcp6-listener)
  (dolist (only '(t nil))
    (sockopt-tests-with-sockets
      (let* ((server (sockopt-make-network-process
                      :name "six" :server t :family 'ipv6 :host "::"
                      :service t :noquery t :ipv6-v6only only))
             (connect (lambda ()
                        (sockopt-tests-client server))))
        (should (eq (process-contact server :ipv6-v6only) only))
        (if only
            (should-error (funcall connect) :type 'file-error)
          (should (processp (funcall connect))))
        (let ((error (should-error
                      (sockopt-set server :ipv6-v6only (not only))
                      :type 'sockopt-too-late)))
          (should (eq (cadr error) :ipv6-v6only)))
        (should (eq (sockopt-get server :ipv6-v6only) only))))))

(ert-deftest value-tests-freebind ()
  "An address that is not there yet can be bound with :ip-freebind."
  (sockopt-tests-with-sockets
    ;; TEST-NET-1 is nobody's: RFC 5737.
    (let ((make (lambda (&rest options)
                  (apply #'sockopt-make-network-process :name "free"
                         :server t :host "192.0.2.1" :family 'ipv4
                         :service t :noquery t options))))
      (should-error (funcall make) :type 'sockopt-system-error)
      (should (sockopt-get (funcall make :ip-freebind t) :ip-freebind)))))

(provide 'value-tests)
;;; value-tests.el ends here
