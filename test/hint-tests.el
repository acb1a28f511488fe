;;; hint-tests.el --- Errors that say what would do  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)

(declare-function sockopt--check "../module/emacs/option-access.c"
                  (settings))
(require 'sockopt-tests-names)

(defun hint-tests--message (process option value)
  "Return the message of the error when OPTION of PROCESS is set to VALUE."
  (let ((error (sockopt-tests-error
                (lambda () (sockopt-set process option value)))))
    (and error (error-message-string error))))

(defun hint-tests--check (process cases)
  "Check CASES on PROCESS, each (OPTION VALUE REGEXP)."
  (pcase-dolist (`(,option ,value ,regexp) cases)
    (let ((message (hint-tests--message process option value)))
      (ert-info ((format "%s %S: %s" option value message))
        (should message)
        (should (string-search (symbol-name option) message))
        (should (string-match-p regexp message))))))

(ert-deftest hint-tests-values ()
  "A refused value says what would do: names, range and unit, interfaces."
  (sockopt-tests-with-sockets
    (hint-tests--check
     (sockopt-tests-make 'tcp4-client)
     '((:tcp-keepidle 0 "1, 32767, \"seconds\"\\'")
       (:tcp-keepidle 100000000000000000000 "1, 32767, \"seconds\"\\'")
       (:ip-tos 256 "cs0, .*lowdelay, .*, or 0 to 255")
       (:ip-tos fast "ef, .*, or 0 to 255")
       (:bindtoifindex "nope" "there are .*\\blo\\b")
       (:bindtodevice "nope" "no such interface; there are .*\\blo\\b")
       (:tcp-congestion "nonesuch" "no such algorithm; there are .*cubic")
       (:ip-ttl 0 "-1, or 1 to 255 hops")
       (:ip-mtu-discover maybe "dont, want, do")
       (:linger 65536 "0, 65535, \"seconds\"\\'")
       (:linger -0.5 "0, 65535, \"seconds\"\\'")))
    ;; Before it connects.
    (should (string-match-p
             "0, or 88 to 32767 bytes"
             (error-message-string
              (sockopt-tests-error
               (lambda ()
                 (sockopt-tests-make 'tcp4-client :tcp-maxseg 40))))))))

(ert-deftest hint-tests-arguments ()
  "A keyword that makes processes is no option, and that is said."
  (sockopt-tests-with-sockets
    (let ((client (sockopt-tests-make 'tcp4-client)))
      (pcase-dolist (`(,keyword ,regexp)
                     '((:connect-timeout "argument.*a client.*sockopt-rules")
                       (:child-options "sockopt-set-child-options")
                       (:nowait "no option of a socket, but an argument")))
        (dolist (function
                 (list (lambda () (sockopt-set client keyword 10))
                       (lambda () (sockopt-get client keyword))
                       (lambda () (sockopt-set-options
                                   client (list keyword 10)))
                       (lambda () (sockopt-describe-option keyword))))
          (let ((error (sockopt-tests-error function)))
            (should (eq (car error) 'sockopt-unsupported))
            (should (eq (nth 1 error) keyword))
            (should (string-match-p regexp (nth 2 error)))))))))

(ert-deftest hint-tests-no-keyword ()
  "What is no keyword at all is told what would be one."
  (sockopt-tests-with-sockets
    (let ((client (sockopt-tests-make 'tcp4-client)))
      (dolist (function (list (lambda () (sockopt-set client "keepalive" t))
                              (lambda () (sockopt-get client "keepalive"))
                              (lambda () (sockopt-option "keepalive"))
                              (lambda ()
                                (sockopt-tests-make 'tcp4-client
                                                    "keepalive" t))))
        (should (equal (sockopt-tests-error function)
                       '(wrong-type-argument
                         keywordp "keepalive"
                         "unknown; did you mean `:keepalive'?"))))
      (should (equal (sockopt-tests-error
                      (lambda () (sockopt-set client 5 t)))
                     '(wrong-type-argument
                       keywordp 5 "an option, such as :keepalive")))
      (should (equal (sockopt-tests-error
                      (lambda ()
                        (sockopt-tests-make 'tcp4-client
                                            :protocol "mptcp")))
                     '(wrong-type-argument
                       symbolp "mptcp" :protocol
                       "it takes the protocol's name, such as mptcp, or\
 number"))))))

(ert-deftest hint-tests-groups ()
  "The kernel's words about groups are put right."
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp4-client)))
      (sockopt-set udp :ip-add-membership '("239.8.8.8" "lo"))
      (hint-tests--check
       udp
       '((:ip-add-membership ("239.8.8.8" "lo") "already a member")
         (:mcast-join-group ("239.8.8.8" "lo") "already a member")
         (:ip-drop-membership ("239.8.8.9" "lo") "not a member")
         (:mcast-leave-group ("239.8.8.9" "lo") "not a member")
         (:ip-add-membership ("10.0.0.1" "lo") "not a multicast group")
         (:mcast-join-group ("10.0.0.1" "lo") "not a multicast group")
         ;; What is wrong in a list stands beside what there is.
         (:ip-add-membership ("239.8.8.8" "nope") "the interfaces lo")
         (:mcast-join-source-group ("232.8.8.8" "nope" "10.0.0.1")
                                   "the interfaces lo")
         (:ip-msfilter ("232.8.8.8" "nope" include "10.0.0.1")
                       "the interfaces lo")
         (:ip-add-membership ("nobody" "lo") "IPv4 addresses")
         ;; An index that no interface has.
         (:ip-add-membership ("239.8.8.8" 9999) "there is no such interface")
         (:ip-add-membership ("239.8.8.8" 9999) "the interfaces lo")
         (:mcast-join-group ("239.8.8.8" 9999) "there is no such interface")
         (:mcast-join-source-group ("232.8.8.8" 9999 "10.0.0.1")
                                   "there is no such interface"))))))

(ert-deftest hint-tests-structured ()
  "Where integers are not all, what else goes is said, and what does not."
  (sockopt-tests-with-sockets
    (hint-tests--check
     (sockopt-tests-make 'tcp4-client)
     '((:linger "x" "\"boolean or seconds: 0 to 65535 seconds\"")
       (:linger (1) "\"boolean or seconds: 0 to 65535 seconds\"")
       (:rcvtimeo "1" "\"seconds, or nil as by default: 0 to [0-9]+ seconds\"")
       (:max-pacing-rate "x" "\"integer, or nil for no limit: ")
       ;; Of integers, which unit, for it is that which is mistaken.
       (:tcp-keepidle "1" "integerp.* \"1 to [0-9]+ seconds\"\\'")
       (:tcp-user-timeout 1.5 "integerp.* \"0 to [0-9]+ milliseconds\"\\'")))
    (hint-tests--check
     (sockopt-tests-make 'tcp4-listener)
     '((:tcp-fastopen-connect t "neither be connected nor listen")
       (:timestamping (opt-id) "not on this socket now")))
    (hint-tests--check
     (sockopt-tests-make 'udp4-client)
     '((:timestamping (opt-stats) "do not go together")
       (:ip-add-membership (("224.0.0.251" "lo") ("224.0.0.252" "lo"))
                           "one group at a time")))))

(ert-deftest hint-tests-preferences ()
  "Which preferences exclude one another is said, and no more."
  (sockopt-tests-need-ipv6)
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp6-server)))
      (should (sockopt-set udp :ipv6-addr-preferences '(public home cga)))
      (hint-tests--check
       udp
       (mapcar (lambda (names)
                 `(:ipv6-addr-preferences ,names "only one of tmp, public"))
               '((tmp public) (home coa) (cga noncga)
                 (public pubtmp-default)))))))

(ert-deftest hint-tests-huge ()
  "An integer that C does not have is out of range, whatever the option."
  (let ((count 0))
    (dolist (option (mapcar #'sockopt-option (sockopt-option-list)))
      (when (and (sockopt-option-set option)
                 (memq (sockopt-option-predicate option)
                       '(integerp numberp)))
        (setq count (1+ count))
        (dolist (value (list (1+ most-positive-fixnum) (expt 2 70)
                             (1- most-negative-fixnum) (- (expt 2 70))))
          (let ((keyword (sockopt-option-keyword option))
                (max (sockopt-option-max option)))
            ;; Where fixnums have 30 bits, some of these are in range.
            (unless (<= (sockopt-option-min option) value max)
              (let ((error (sockopt-tests-error
                            (lambda ()
                              (sockopt--check
                               (vector (sockopt--row keyword) value))))))
                (ert-info ((format "%S" error))
                  (should (eq 'args-out-of-range (car error)))
                  (should (eq keyword (nth 1 error)))
                  (should (eql value (nth 2 error)))
                  (should (string-search (number-to-string max)
                                         (format "%S" error))))))))))
    (should (> count (sockopt-tests-share 40)))))

(ert-deftest hint-tests-too-many-groups ()
  "One group too many names the limit of the system."
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp4-client))
          message)
      (cl-loop for i from 1 to 200 until message
               do (setq message
                        (hint-tests--message udp :ip-add-membership
                                             (list (format "239.9.9.%d" i)
                                                   "lo"))))
      (should (string-match-p "igmp_max_memberships" message)))))

(ert-deftest hint-tests-no-route ()
  "Where no interface is named and no route leads, one is to be named."
  (should
   (string-match-p
    "none is named and no route leads to the group"
    (sockopt-tests-names-call
     '(let ((udp (sockopt-make-network-process
                  :name "u" :type 'datagram :host "127.0.0.1" :service 9
                  :family 'ipv4)))
        (condition-case error
            (progn (sockopt-set udp :mcast-join-group '("224.0.0.251" nil))
                   "joined")
          (error (error-message-string error))))))))

(ert-deftest hint-tests-conditions ()
  "What an option lacks is no file that is missing."
  (sockopt-tests-with-sockets
    (let ((client (sockopt-tests-make 'tcp4-client)))
      (dolist (function
               (list (lambda () (sockopt-set client :tcp-congestion "none"))
                     (lambda () (sockopt-get client :original-dst))))
        (let ((error (sockopt-tests-error function)))
          (should (memq (car error)
                        '(sockopt-system-error sockopt-unsupported)))))
      (let ((message (error-message-string
                      (sockopt-tests-error
                       (lambda () (sockopt-get client :original-dst))))))
        (should (string-match-p "not redirected\\|does not have it"
                                message))))))

(ert-deftest hint-tests-privilege ()
  "What takes a privilege says which."
  (skip-unless (/= (user-uid) 0))
  (sockopt-tests-with-sockets
    (hint-tests--check (sockopt-tests-make 'tcp4-client)
                       '((:mark 7 "it takes CAP_NET_ADMIN")))))

(ert-deftest hint-tests-other-socket ()
  "What this socket does not have says where to read which sockets do."
  (sockopt-tests-with-sockets
    (hint-tests--check (sockopt-tests-make 'udp4-client)
                       '((:tcp-nodelay t "M-x sockopt-describe-option")))))

(ert-deftest hint-tests-names ()
  "Unknown names get the nearest, those left out the reason, all in time."
  (pcase-dolist (`(,keyword ,regexp)
                 '((:keepidl "did you mean `:tcp-keepidle'")
                   (:tls-tx "left out: options of kernel TLS")
                   (:alg-set-key "left out: .*AF_ALG")
                   (:xdp-ring "left out: .*AF_XDP")
                   (:dccp-service "left out: .*DCCP")
                   (:sctp-nodelay "left out: .*SCTP")
                   (:attach-bpf "left out: ")))
    (should (string-match-p
             regexp
             (error-message-string
              (sockopt-tests-error (lambda () (sockopt-option keyword)))))))
  ;; Core's comparison would need 10 GB for this.
  (let ((long (intern (concat ":" (make-string 100000 ?x)))))
    (should (string-prefix-p "unknown; M-x"
                             (nth 2 (sockopt-tests-error
                                     (lambda () (sockopt-option long))))))))

(ert-deftest hint-tests-interfaces ()
  "An interface is named by name, index or one of its addresses."
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp4-client)))
      (dolist (option '(:ip-multicast-if :ip-unicast-if))
        (dolist (lo '("lo" 1 "127.0.0.1" "127.0.0.1%lo"))
          (sockopt-set udp option nil)
          (sockopt-set udp option lo)
          (should (equal (sockopt-get udp option) "lo")))
        (sockopt-set udp option "0.0.0.0")
        (should-not (sockopt-get udp option)))
      (when (= (user-uid) 0)
        (dolist (lo '("lo" 1 "127.0.0.1"))
          (sockopt-set udp :bindtodevice nil)
          (sockopt-set udp :bindtodevice lo)
          (should (equal (sockopt-get udp :bindtodevice) "lo"))))
      (sockopt-set udp :ip-add-membership '("239.3.3.3" "127.0.0.1"))
      (should (string-match-p
               "already"
               (hint-tests--message udp :ip-add-membership
                                    '("239.3.3.3" "lo")))))))

(ert-deftest hint-tests-interfaces-ipv6 ()
  "IPv6 addresses name an interface, too, with a zone or without."
  (sockopt-tests-need-ipv6)
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp6-client)))
      (dolist (lo '("::1" "fe80::1%lo" "lo" 1))
        (sockopt-set udp :ipv6-multicast-if nil)
        (sockopt-set udp :ipv6-multicast-if lo)
        (should (equal (sockopt-get udp :ipv6-multicast-if) "lo"))))))

(ert-deftest hint-tests-numbers ()
  "Integers that C does not hold are out of range, wherever they stand."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)))
          (big (ash 1 70)))
      (dolist (function
               (list (lambda () (sockopt-get-raw client big 1 4))
                     (lambda () (sockopt-get-raw client 1 big 4))
                     (lambda () (sockopt-get-raw client 1 1 big))
                     (lambda () (sockopt-set-raw client big 1 ""))
                     (lambda () (sockopt-make-network-process
                                 :name "b" :server big :service t))
                     (lambda () (sockopt-make-network-process
                                 :name "b" :protocol big :service 9))
                     (lambda () (sockopt-make-network-process
                                 :name "b" :family big :service 9))
                     (lambda () (sockopt-make-network-process
                                 :name "b" :family 'ipv4 :service big))
                     (lambda () (sockopt-make-network-process
                                 :name "b" :family 'ipv4 :service 65536))
                     (lambda () (sockopt-make-network-process
                                 :name "b" :remote (vector 127 0 0 1 big)))
                     (lambda () (sockopt-make-network-process
                                 :name "b" :family 'vsock :host big
                                 :service 1))))
        (should (eq (car (sockopt-tests-error function))
                    'args-out-of-range))))))

(ert-deftest hint-tests-raw-descriptors ()
  "A raw read that would open a descriptor is refused, and says what to do."
  (skip-unless (eq system-type 'gnu/linux))
  (sockopt-tests-with-sockets
    (let* ((client (sockopt-tests-make 'local-stream-client))
           (before (sockopt-tests-descriptors)))
      (dotimes (_ 5)
        (should (equal (sockopt-tests-error
                        (lambda () (sockopt-get-raw client 1 77 4)))
                       '(sockopt-error "This opens a descriptor; get the\
 option by its keyword" :peerpidfd))))
      (should (= (sockopt-tests-descriptors) before)))))

;; Where a server can be, for each kind of address.
(ert-deftest hint-tests-servers ()
  "A server that cannot be where it is to be says where it can."
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let* ((file (expand-file-name "server" directory))
             (server (sockopt-tests-server))
             (make (lambda (&rest arguments)
                     (apply #'sockopt-make-network-process
                            :name "s" :server t :noquery t arguments))))
        (funcall make :family 'local :service file)
        (pcase-dolist
            (`(,hint . ,arguments)
             `(("`:service t'" :family ipv4 :host "127.0.0.1"
                :service ,(process-contact server :service))
               ("network-interface-list" :family ipv4 :host "192.0.2.1"
                :service t)
               ("delete it" :family local :service ,file)
               ("no such directory" :family local
                :service ,(expand-file-name "none/server" directory))))
          (should (string-match-p
                   hint (nth 3 (sockopt-tests-error
                                (lambda () (apply make arguments)))))))))))

(ert-deftest hint-tests-hosts ()
  "A host in brackets is an IPv6 address; a service is named as unknown."
  (sockopt-tests-clean
    (should (string-match-p
             "Unknown service"
             (error-message-string
              (sockopt-tests-error
               (lambda ()
                 (sockopt-make-network-process
                  :name "s" :host "127.0.0.1" :service "nosuchservice"))))))
    (sockopt-tests-need-ipv6)
    (let ((server (sockopt-make-network-process
                   :name "six" :server t :host "::1" :service t
                   :family 'ipv6 :noquery t)))
      (should (process-live-p
               (sockopt-make-network-process
                :name "c" :host "[::1]" :noquery t
                :service (process-contact server :service)))))))

(ert-deftest hint-tests-linger ()
  "A fraction is rounded up; what core sets reads back as it is."
  (sockopt-tests-with-sockets
    (let ((client (sockopt-tests-make 'tcp4-client)))
      (pcase-dolist (`(,given ,got) '((1.5 2) (0.1 1) (0.0 0) (3 3) (t t)
                                      (nil nil)))
        (sockopt-set client :linger given)
        (should (equal (sockopt-get client :linger) got)))
      ;; Core may set more, where the kernel takes that.
      (let* ((max (sockopt-option-max (sockopt-option :linger)))
             (long (if (< max 65535) max 100000)))
        (sockopt--core-set-network-process-option client :linger long)
        (should (equal (sockopt-get client :linger) long)))
      (sockopt-set client :linger nil))))

(ert-deftest hint-tests-buffers ()
  "Buffer sizes go as far as the kernel takes them; it clamps."
  (sockopt-tests-with-sockets
    (let ((client (sockopt-tests-make 'tcp4-client)))
      (dolist (option '(:rcvbuf :sndbuf))
        (should (sockopt-set client option 2147483647))
        (should (< 4096 (sockopt-get client option) 2147483647))
        (should (sockopt-option-adjusted (sockopt-option option)))))))

(ert-deftest hint-tests-services-of-type ()
  "The old types of service, and the latest code points, have names.
Those are of RFC 1349, and of RFC 5865, 8622 and 9956."
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp4-client)))
      (pcase-dolist (`(,name ,number)
                     '((lowdelay 16) (throughput 8) (reliability 4)
                       (mincost 2) (voice-admit #xb0) (ef #xb8) (le 4)
                       (nqb #xb4) (cs7 #xe0) (af43 #x98)))
        (sockopt-set udp :ip-tos name)
        (should (eql (sockopt-get udp :ip-tos) number))))))

(provide 'hint-tests)
;;; hint-tests.el ends here
