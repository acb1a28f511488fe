;;; wire-headers-tests.el --- What options write into the headers of packets  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'wire)

(defun wire-headers-tests--udp (port &rest arguments)
  "Have the near host send a datagram to PORT by ARGUMENTS.
Return the packets that came."
  (should-not (wire-near `(wire-host-connect ,port :type 'datagram
                                             ,@arguments)))
  (should-not (wire-near `(wire-host-send ,port "hello")))
  (sockopt-tests-wait (lambda () (wire-come port)) 3))

(defun wire-headers-tests--tcp (port &rest arguments)
  "Have the near host send data to a server at PORT by ARGUMENTS.
Return the packets that came."
  (let ((family (or (plist-get arguments :family) ''ipv4)))
    (should-not (wire-far `(wire-host-serve ,port :family ,family)))
    (should-not (wire-near `(wire-host-connect ,port ,@arguments)))
    (should-not (wire-near `(wire-host-send ,port "hello")))
    (sockopt-tests-wait (lambda () (wire-data port)) 3)
    (wire-come port)))

(defun wire-headers-tests--check (sends field options value &rest arguments)
  "Check that OPTIONS make FIELD of packets be VALUE, and nothing else does.
SENDS is a list of functions that send them, by ARGUMENTS besides."
  (dolist (send sends)
    (let ((control (apply send (wire-new-port) arguments))
          (packets (apply send (wire-new-port) (append options arguments))))
      (ert-info ((format "%s %S" send options))
        (should control)
        (should-not (member value (wire-field field control)))
        (should (equal (wire-field field packets) (list value)))))))

(defconst wire-headers-tests--both
  '(wire-headers-tests--udp wire-headers-tests--tcp)
  "How to send datagrams and how to send a stream.")

(ert-deftest wire-headers-tests-ttl ()
  "Packets say how many hops they may go."
  :tags '(:ip-ttl :ipv6-unicast-hops)
  (wire-with-hosts
    (wire-headers-tests--check wire-headers-tests--both
                               :ttl '(:ip-ttl 5) 5)
    (wire-headers-tests--check wire-headers-tests--both
                               :ttl '(:ipv6-unicast-hops 6) 6
                               :family ''ipv6)))

(ert-deftest wire-headers-tests-class ()
  "Packets say which class of service they want."
  :tags '(:ip-tos :ipv6-tclass)
  (wire-with-hosts
    (wire-headers-tests--check wire-headers-tests--both
                               :tos '(:ip-tos 184) 184)
    (wire-headers-tests--check wire-headers-tests--both
                               :tos '(:ipv6-tclass 184) 184
                               :family ''ipv6)))

(ert-deftest wire-headers-tests-label ()
  "Packets of IPv6 have a label, or none."
  :tags '(:ipv6-autoflowlabel)
  (wire-with-hosts
    (wire-headers-tests--check wire-headers-tests--both
                               :label '(:ipv6-autoflowlabel nil) 0
                               :family ''ipv6)))

(ert-deftest wire-headers-tests-mark ()
  "A marked packet takes the way that is meant for it."
  :tags '(:mark)
  (wire-with-hosts
    (wire-ip wire-near "rule add fwmark 7 table 77")
    (wire-ip wire-near (format "route add %s dev other table 77"
                               sockopt-tests-far))
    (wire-headers-tests--check wire-headers-tests--both
                               :interface '(:mark 7) "other")))

(ert-deftest wire-headers-tests-checksum ()
  "Datagrams go without a checksum, and over IPv6 arrive if they may."
  :tags '(:no-check :udp-no-check6-tx :udp-no-check6-rx)
  (wire-with-hosts
    (wire-headers-tests--check '(wire-headers-tests--udp)
                               :checksum '(:no-check t) 0)
    (wire-headers-tests--check '(wire-headers-tests--udp)
                               :checksum '(:udp-no-check6-tx t) 0
                               :family ''ipv6)
    (dolist (take '(nil t))
      (let ((port (wire-new-port)))
        (wire-far `(wire-host-serve ,port :type 'datagram :family 'ipv6
                                    :udp-no-check6-rx ,take))
        (wire-headers-tests--udp port :family ''ipv6 :udp-no-check6-tx t)
        (should (equal (if take "hello" "")
                       (wire-far `(wire-host-got-within ,port 1))))))))

;;; Large packets

(defun wire-headers-tests--fragments (family &rest options)
  "Return how long the fragments of 3000 bytes are, sent over FAMILY.
OPTIONS are those of the socket; `too-large' means that it sent nothing."
  (let* ((port (wire-new-port))
         (before (length (wire-packets)))
         (error (progn
                  (wire-near `(wire-host-connect ,port :type 'datagram
                                                 :family ',family ,@options))
                  (wire-near `(wire-host-send ,port (make-string 3000 ?x))))))
    (sockopt-tests-wait #'ignore 0.1)
    (if error
        (and (member "Message too long" error) 'too-large)
      (cl-loop for packet in (seq-drop (wire-packets) before)
               when (plist-get packet :fragment)
               collect (plist-get packet :length)))))

(ert-deftest wire-headers-tests-large ()
  "What is too large for one packet is split, or refused."
  :tags '(:ip-mtu-discover :ipv6-mtu-discover :ipv6-dontfrag :ipv6-mtu)
  (wire-with-hosts
    (pcase-dolist (`(,family ,options ,expected)
                   '((ipv4 () (1500 1500 68))
                     (ipv4 (:ip-mtu-discover 'do) too-large)
                     (ipv6 () (1496 1496 160))
                     (ipv6 (:ipv6-mtu-discover 'do) too-large)
                     (ipv6 (:ipv6-dontfrag t) too-large)
                     (ipv6 (:ipv6-mtu 1300) (1296 1296 560))))
      (ert-info ((format "%s %S" family options))
        (should (equal expected (apply #'wire-headers-tests--fragments
                                       family options)))))))

(ert-deftest wire-headers-tests-discover ()
  "Packets forbid routers to split them, or do not."
  :tags '(:ip-mtu-discover)
  (wire-with-hosts
    (wire-headers-tests--check wire-headers-tests--both
                               :df '(:ip-mtu-discover 'dont) nil)))

(defun wire-headers-tests--told (&rest options)
  "Have the near host, with OPTIONS, send too much at once over IPv6.
Return what it is told with what it receives then, but for the data."
  (let ((port (wire-new-port)))
    (wire-far `(wire-host-serve ,port :type 'datagram :family 'ipv6))
    (wire-near `(wire-host-connect ,port :type 'datagram :family 'ipv6
                                   :ipv6-dontfrag t ,@options))
    (wire-near `(wire-host-receive ,port))
    (should-not (wire-near `(wire-host-send ,port "hello")))
    (should (member "Message too long"
                    (wire-near `(wire-host-send ,port
                                                (make-string 3000 ?x)))))
    (should (equal "hello" (wire-far `(wire-host-got-within ,port 5))))
    (wire-near '(wire-host-wait #'ignore 0.2))
    (should (equal "" (wire-near `(wire-host-got ,port))))
    (should-not (wire-far `(wire-host-send ,port "answer")))
    (should (equal "answer" (wire-near `(wire-host-got-within ,port 5))))
    (wire-near `(wire-host-told ,port))))

(ert-deftest wire-headers-tests-path-mtu ()
  "What fits is told, with what comes next, after too much was sent."
  :tags '(:ipv6-recvpathmtu)
  (wire-with-hosts
    (should-not (wire-headers-tests--told))
    (pcase (wire-headers-tests--told :ipv6-recvpathmtu t)
      (`((:path-mtu ,told)) (should (equal 1500 (plist-get told :mtu))))
      (other (ert-fail (list other))))))

(defun wire-headers-tests--sizes (port)
  "Return how much data each packet brought to PORT."
  (mapcar (lambda (packet) (plist-get packet :size)) (wire-data port)))

(ert-deftest wire-headers-tests-segment ()
  "One write becomes several datagrams."
  :tags '(:udp-segment)
  (wire-with-hosts
    (pcase-dolist (`(,options . ,sizes) '((nil 1400)
                                          ((:udp-segment 500) 500 500 400)))
      (let ((port (wire-new-port)))
        (wire-near `(wire-host-connect ,port :type 'datagram ,@options))
        (should-not (wire-near `(wire-host-send ,port
                                                (make-string 1400 ?x))))
        (sockopt-tests-wait (lambda () (wire-data port)))
        (should (equal (wire-headers-tests--sizes port) sizes))))))

(ert-deftest wire-headers-tests-udp-cork ()
  "Several writes become one datagram."
  :tags '(:udp-cork)
  (wire-with-hosts
    (pcase-dolist (`(,cork . ,sizes) '((nil 3 4) (t 7)))
      (let ((port (wire-new-port)))
        (wire-near `(wire-host-connect ,port :type 'datagram
                                       :udp-cork ,cork))
        (should-not (wire-near `(wire-host-send ,port "one")))
        (should-not (wire-near `(wire-host-send ,port "more")))
        (should-not (wire-near `(wire-host-set ,port :udp-cork nil)))
        (sockopt-tests-wait (lambda () (wire-data port)))
        (should (equal (wire-headers-tests--sizes port) sizes))))))

;;; How many hops are left

(ert-deftest wire-headers-tests-hops-left ()
  "A connection does not begin if packets have come too far."
  :tags '(:ip-minttl :ipv6-minhopcount)
  (wire-with-hosts
    (pcase-dolist (`(,family ,least ,hops)
                   '(('ipv4 :ip-minttl :ip-ttl)
                     ('ipv6 :ipv6-minhopcount :ipv6-unicast-hops)))
      (let ((port (wire-new-port)))
        (wire-far `(wire-host-serve ,port :family ,family ,least 200))
        (pcase-dolist (`(,left ,open) '((250 t) (100 nil)))
          (wire-near `(wire-host-connect ,port :family ,family ,hops ,left
                                         :nowait t))
          (should (eq open
                      (wire-near `(wire-host-wait
                                   (lambda ()
                                     (eq 'open (wire-host-status ,port)))
                                   0.7)))))))))

(ert-deftest wire-headers-tests-hops-left-datagram ()
  "Of datagrams Linux takes those that have come too far, too."
  (wire-with-hosts
    (let ((port (wire-new-port)))
      (wire-far `(wire-host-serve ,port :type 'datagram :ip-minttl 200))
      (wire-headers-tests--udp port :ip-ttl 100)
      (should (equal "hello" (wire-far `(wire-host-got-within ,port 1)))))))

;;; Raw packets

(defun wire-headers-tests--raw (family options data)
  "Have the near host send DATA over FAMILY by a raw socket with OPTIONS.
Return the packets of protocol 253 that came."
  (let ((port (wire-new-port))
        (before (length (wire-packets))))
    (should-not (wire-near `(wire-host-connect ,port :type 'raw :protocol 253
                                               :family ',family
                                               ,@options)))
    (should-not (wire-near `(wire-host-send ,port ,data)))
    (sockopt-tests-wait (lambda () (< before (length (wire-packets)))))
    (cl-remove-if-not (lambda (packet)
                        (and (eql 253 (plist-get packet :protocol))
                             (not (plist-get packet :out))))
                      (seq-drop (wire-packets) before))))

(defconst wire-headers-tests--ipv4
  (concat (unibyte-string #x45 0 0 24 0 1 0 0 33 253 0 0 10 77 0 1 10 77 0 2)
          "data")
  "A packet of IPv4 that may go 33 hops.  The kernel adds the checksum.")

(defconst wire-headers-tests--ipv6
  (concat (unibyte-string #x60 0 0 0 0 4 253 34)
          (apply #'unibyte-string
                 (append '(#xfd 0 0 #x77) (make-list 11 0) '(1)))
          (apply #'unibyte-string
                 (append '(#xfd 0 0 #x77) (make-list 11 0) '(2)))
          "data")
  "A packet of IPv6 that may go 34 hops.")

(ert-deftest wire-headers-tests-own-header ()
  "A raw socket sends the header that it is given, or puts its own before."
  :tags '(:ip-hdrincl :ipv6-hdrincl)
  (wire-with-hosts
    (pcase-dolist (`(,family ,option ,packet ,ttl)
                   `((ipv4 :ip-hdrincl ,wire-headers-tests--ipv4 33)
                     (ipv6 :ipv6-hdrincl ,wire-headers-tests--ipv6 34)))
      (should (equal '(64) (wire-field :ttl (wire-headers-tests--raw
                                             family nil packet))))
      (should (equal (list ttl)
                     (wire-field :ttl (wire-headers-tests--raw
                                       family (list option t) packet)))))))

(ert-deftest wire-headers-tests-raw-checksum ()
  "The kernel keeps a checksum where it is told."
  :tags '(:ipv6-checksum)
  (wire-with-hosts
    (pcase-dolist (`(,options ,same) '((nil t) ((:ipv6-checksum 2) nil)))
      (let ((data (plist-get (car (wire-headers-tests--raw
                                   'ipv6 options
                                   (unibyte-string 1 2 0 0 5 6)))
                             :data)))
        (should (equal (substring data 0 2) (unibyte-string 1 2)))
        (should (eq same (equal (substring data 2 4)
                                (unibyte-string 0 0))))))))

(defun wire-headers-tests--answered (family protocol request options)
  "Send REQUEST of PROTOCOL over FAMILY and return what answers it.
OPTIONS are those of the socket."
  (let ((port (wire-new-port)))
    (should-not (wire-near `(wire-host-connect ,port :type 'raw
                                               :protocol ',protocol
                                               :family ',family ,@options)))
    (should-not (wire-near `(wire-host-send ,port ,request)))
    (wire-near `(wire-host-got-within ,port 0.7))))

(ert-deftest wire-headers-tests-icmp-filter ()
  "Messages of ICMP are received, or not, by their type."
  :tags '(:icmp-filter :icmp6-filter)
  (wire-with-hosts
    ;; Echo requests; the kernel completes the second.
    (let ((echo (unibyte-string 8 0 #xf7 #xfd 0 1 0 1))
          (echo6 (unibyte-string 128 0 0 0 0 1 0 1)))
      (pcase-dolist (`(,family ,protocol ,request ,options ,answered)
                     `((ipv4 icmp ,echo () t)
                       (ipv4 icmp ,echo (:icmp-filter '(0)) nil)
                       (ipv4 icmp ,echo (:icmp-filter '(3)) t)
                       (ipv6 icmpv6 ,echo6 () t)
                       (ipv6 icmpv6 ,echo6 (:icmp6-filter '(129)) nil)
                       (ipv6 icmpv6 ,echo6 (:icmp6-filter '(1)) t)))
        (ert-info ((format "%s %S" family options))
          (should (eq answered
                      (not (equal "" (wire-headers-tests--answered
                                      family protocol request
                                      options))))))))))

(provide 'wire-headers-tests)
;;; wire-headers-tests.el ends here
