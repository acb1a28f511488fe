;;; receive-tests.el --- Test what comes with datagrams  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'sockopt-findings)
(require 'sockopt-tests-receive)

(defconst receive-tests--makers
  '(make-network-process sockopt-make-network-process)
  "Who makes processes.")

(defun receive-tests--families ()
  "Return the families that this machine has."
  `(ipv4 local ,@(and (sockopt-tests-ipv6-p) '(ipv6))))

(ert-deftest receive-tests-every-process ()
  "Core's processes and ours receive, of each family, and answer."
  (dolist (maker receive-tests--makers)
    (dolist (family (receive-tests--families))
      (ert-info ((format "%s %s" maker family))
        (sockopt-tests-receive-with (server client maker family)
          (let ((all (sockopt-tests-receive-all server)))
            (process-send-string client "one")
            (process-send-string client "two")
            (sockopt-tests-receive-some all 2)
            (should (equal (sockopt-tests-receive-data all) '("one" "two")))
            (pcase-let ((`(_ ,address ,info)
                         (sockopt-tests-receive-one all)))
              (should-not info)
              (if (eq family 'local)
                  ;; A client of local datagrams has no name.
                  (should-not address)
                (should (equal address
                               (process-datagram-address server)))))))))))

(ert-deftest receive-tests-answer ()
  "An answer goes to who has sent last, and the client receives it."
  (sockopt-tests-receive-with (server client)
    (let ((other (sockopt-tests-receive-client #'make-network-process server))
          (answers (sockopt-tests-receive-all client))
          (filtered (list "")))
      (set-process-filter other (sockopt-tests-collector filtered))
      (sockopt-receive server
                       (lambda (process data address _info)
                         (process-send-string
                          process (format "%s to %s" data
                                          (aref address 4)))))
      (process-send-string client "a")
      (let ((answer (sockopt-tests-receive-one answers)))
        (should (string-match "\\`a to \\([0-9]+\\)\\'" (car answer)))
        (should (equal (cadr answer) (process-contact server :local))))
      (process-send-string other "b")
      (should (sockopt-tests-wait
               (lambda () (string-prefix-p "b to " (car filtered))))))))

(ert-deftest receive-tests-raw ()
  "A raw process receives packets."
  (sockopt-tests-need-kind 'raw4)
  (sockopt-tests-clean
    (let* ((receiver (sockopt-make-network-process
                      :name "raw" :type 'raw :protocol 253 :family 'ipv4
                      :server t :host "127.0.0.1" :noquery t :coding 'binary))
           (sender (sockopt-make-network-process
                    :name "sender" :type 'raw :protocol 253 :family 'ipv4
                    :host "127.0.0.1" :noquery t :coding 'binary))
           (all (sockopt-tests-receive-all receiver)))
      (sockopt-set receiver :ip-recvttl t)
      (sockopt-set sender :ip-ttl 7)
      (process-send-string sender "packet")
      (pcase-let ((`(,data ,address ,info) (sockopt-tests-receive-one all)))
        ;; The header of IPv4 comes, too.
        (should (string-suffix-p "packet" data))
        (should (equal address [127 0 0 1 0]))
        (should (equal info '(:ttl 7)))))))

;;; What is told

(defconst receive-tests--not-always
  '(:dropped :security :descriptors :hardware-time :origin :step :id :error
    :icmp :offender :mtu :path-mtu)
  "What is not told with every datagram.")

(defun receive-tests--tell-all (process)
  "Set each option of PROCESS that has something told; return what that is."
  (cl-loop for keyword in (sockopt-option-list)
           for option = (sockopt-option keyword)
           for keys = (cl-set-difference (sockopt-option-info option)
                                         receive-tests--not-always)
           when (and keys (sockopt-supported-p keyword process))
           do (sockopt-set process keyword
                           (if (eq (sockopt-option-predicate option) 'booleanp)
                               t
                             '(rx-software software)))
           and append keys))

(ert-deftest receive-tests-every-option ()
  "Each option has told what its row says."
  (dolist (family (receive-tests--families))
    (ert-info ((format "%s" family))
      (sockopt-tests-receive-with (server client #'make-network-process family)
        (let ((all (sockopt-tests-receive-all server))
              (keys (receive-tests--tell-all server)))
          (should (> (length keys) (sockopt-tests-share 2)))
          (process-send-string client "x")
          (let ((info (nth 2 (sockopt-tests-receive-one all))))
            (dolist (key keys)
              ;; On a socket of IPv6 those of IPv4 are told with its packets.
              (unless (and (eq family 'ipv6)
                           (memq key '(:ttl)))
                (should (plist-member info key))))))))))

(ert-deftest receive-tests-values ()
  "What is told is so."
  :tags '(:ip-recvttl :ip-recvtos :ip-pktinfo :ip-recvorigdstaddr)
  (sockopt-tests-receive-with (server client)
    (let ((all (sockopt-tests-receive-all server)))
      (sockopt-set-options server '( :ip-recvttl t :ip-recvtos t :ip-pktinfo t
                                     :ip-recvorigdstaddr t))
      (sockopt-set-options client '(:ip-ttl 42 :ip-tos af41))
      (process-send-string client "x")
      (let ((info (nth 2 (sockopt-tests-receive-one all))))
        (should (equal (plist-get info :ttl) 42))
        (should (equal (plist-get info :tos) (sockopt-get client :ip-tos)))
        (should (equal (plist-get info :destination) "127.0.0.1"))
        (should (equal (plist-get info :interface) "lo"))
        (should (equal (plist-get info :original-destination)
                       (process-contact server :local)))))))

(ert-deftest receive-tests-values-ipv6 ()
  :tags '( :ipv6-recvhoplimit :ipv6-recvtclass :ipv6-recvpktinfo
           :ipv6-recvorigdstaddr)
  (sockopt-tests-need-ipv6)
  (sockopt-tests-receive-with (server client #'make-network-process 'ipv6)
    (let ((all (sockopt-tests-receive-all server)))
      (sockopt-set-options server '( :ipv6-recvhoplimit t :ipv6-recvtclass t
                                     :ipv6-recvpktinfo t
                                     :ipv6-recvorigdstaddr t))
      (sockopt-set-options client '(:ipv6-unicast-hops 42 :ipv6-tclass 184))
      (process-send-string client "x")
      (let ((info (nth 2 (sockopt-tests-receive-one all))))
        (should (equal (plist-get info :hop-limit) 42))
        (should (equal (plist-get info :tos) 184))
        (should (equal (plist-get info :destination) "::1"))
        (should (equal (plist-get info :interface) "lo"))
        (should (equal (plist-get info :original-destination)
                       (process-contact server :local)))))))

(ert-deftest receive-tests-time ()
  "Times are Lisp timestamps, as exact as the option has them."
  :tags '(:timestamp :timestampns)
  (pcase-dolist (`(,option ,hz)
                 '((:timestamp 1000000) (:timestampns 1000000000)))
    (sockopt-tests-receive-with (server client)
      (let ((all (sockopt-tests-receive-all server))
            (before (time-convert nil 1000000)))
        (sockopt-set server option t)
        (process-send-string client "x")
        (let* ((info (nth 2 (sockopt-tests-receive-one all)))
               (time (plist-get info :time)))
          (should (equal (cdr time) hz))
          (should-not (time-less-p time before))
          (should-not (time-less-p nil time)))))))

(ert-deftest receive-tests-marks ()
  "Marks and priorities of packets."
  :tags '(:rcvmark :rcvpriority)
  (skip-unless (eq (user-uid) 0))
  (sockopt-tests-receive-with (server client)
    (unless (and (sockopt-supported-p :rcvmark server)
                 (sockopt-supported-p :rcvpriority server))
      (ert-skip "The kernel does not tell"))
    (let ((all (sockopt-tests-receive-all server)))
      (sockopt-set-options server '(:rcvmark t :rcvpriority t))
      (sockopt-set-options client '(:mark 4000000000 :priority 5))
      (process-send-string client "x")
      (let ((info (nth 2 (sockopt-tests-receive-one all))))
        (should (equal (plist-get info :mark) 4000000000))
        (should (equal (plist-get info :priority) 5))))))

(ert-deftest receive-tests-dropped ()
  "How many datagrams were lost."
  :tags '(:rxq-ovfl)
  (sockopt-tests-receive-with (server client)
    (let ((all (sockopt-tests-receive-all server)))
      (sockopt-set-options server '(:rxq-ovfl t :rcvbuf 2000))
      (dotimes (_ 60)
        (process-send-string client (make-string 500 ?x)))
      (let ((before (length (sockopt-tests-receive-some all 60))))
        (should (< before 60))
        (process-send-string client "x")
        (should (equal (plist-get (nth 2 (car (last (sockopt-tests-receive-some
                                                     all (1+ before)))))
                                  :dropped)
                       (- 60 before)))))))

(ert-deftest receive-tests-sender ()
  "Who has sent a local datagram."
  :tags '(:passcred :passpidfd)
  (sockopt-tests-receive-with (server client #'make-network-process 'local)
    (let ((all (sockopt-tests-receive-all server)))
      (sockopt-set server :passcred t)
      (when (sockopt-supported-p :passpidfd server)
        (sockopt-set server :passpidfd t))
      (process-send-string client "x")
      (let ((info (nth 2 (sockopt-tests-receive-one all))))
        (should (equal (plist-get info :credentials)
                       (list :pid (emacs-pid) :uid (user-uid)
                             :gid (group-gid))))
        (when (sockopt-supported-p :passpidfd server)
          (should (equal (plist-get info :pid) (emacs-pid))))))))

(ert-deftest receive-tests-truncated ()
  "A datagram that is longer than there is room for is cut, and says so."
  (skip-unless (eq (user-uid) 0))
  (sockopt-tests-receive-with (server client #'make-network-process 'local)
    (let ((all (sockopt-tests-receive-all server)))
      (sockopt-set client :sndbufforce 1000000)
      (process-send-string client (make-string 262144 ?x))
      (process-send-string client (make-string 300000 ?y))
      (pcase-let ((`((,whole _ ,none) (,cut _ ,info))
                   (sockopt-tests-receive-some all 2)))
        (should (equal (length whole) 262144))
        (should-not none)
        (should (equal cut (make-string 262144 ?y)))
        (should (equal info '(:truncated 300000)))))))

(defun receive-tests--python (form &rest arguments)
  "Have Python evaluate FORM with ARGUMENTS; skip where there is none."
  (unless (executable-find "python3")
    (ert-skip "There is no python3"))
  (should (equal 0 (apply #'call-process "python3" nil nil nil "-c" form
                          arguments))))

(ert-deftest receive-tests-descriptors ()
  "Descriptors that come along are counted and closed."
  (skip-unless (file-directory-p "/proc/self/fd"))
  (sockopt-tests-receive-with (server _client #'make-network-process 'local)
    (let ((all (sockopt-tests-receive-all server))
          (count (sockopt-tests-descriptors)))
      (receive-tests--python
       "import socket, sys, array
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for _ in range(9):
    s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                        array.array('i', [0, 1, 2]))], 0, sys.argv[1])"
       (process-contact server :service))
      (pcase-dolist (`(_ _ ,info) (sockopt-tests-receive-some all 9))
        (should (equal info '(:descriptors 3))))
      (should (equal (sockopt-tests-descriptors) count)))))

;; The sender gets EPERM.
(ert-deftest receive-tests-descriptors-refused ()
  "Where no descriptors are to come, they cannot be sent."
  :tags '(:passrights)
  (unless (sockopt-supported-p :passrights)
    (ert-skip "This kernel has no :passrights"))
  (sockopt-tests-receive-with (server _client #'make-network-process 'local)
    (dolist (pass '(t nil))
      (sockopt-set server :passrights pass)
      (receive-tests--python
       "import socket, sys, array
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
try:
    s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                        array.array('i', [0]))], 0, sys.argv[1])
    sent = True
except PermissionError:
    sent = False
sys.exit(0 if sent == (sys.argv[2] == 't') else 1)"
       (process-contact server :service) (symbol-name pass)))))

(ert-deftest receive-tests-empty ()
  "A datagram without data, which core takes for an end."
  (sockopt-tests-receive-with (server _client)
    (let ((all (sockopt-tests-receive-all server)))
      (receive-tests--python
       "import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(3):
    s.sendto(b'', ('127.0.0.1', int(sys.argv[1])))"
       (number-to-string (process-contact server :service)))
      (sockopt-tests-receive-some all 3)
      (should (equal (sockopt-tests-receive-data all) '("" "" "")))
      (should (eq (process-status server) 'open)))))

(ert-deftest receive-tests-findings ()
  "A process that receives is not said to be one that nobody reads."
  (sockopt-tests-receive-with (server _client)
    (set-process-filter server t)
    (should (plist-get (sockopt-findings-snapshot server) :unwanted))
    (sockopt-receive server #'ignore)
    (should-not (plist-get (sockopt-findings-snapshot server) :unwanted))))

;;; Strings

(defconst receive-tests--codings
  '(binary raw-text raw-text-dos utf-8 utf-8-unix utf-8-dos latin-1 latin-1-dos
    iso-2022-jp us-ascii undecided undecided-unix nil)
  "Codings that a process may have.
Of those whose characters are never one byte core keeps half a character for
the next datagram.")

(defconst receive-tests--bytes
  '("plain" "line\r\nline\r\n" "line\nline" "gr\303\274n" "gr\374n"
    "\377\376\0\1" "\e$B$\"\e(B" "\0")
  "Data of datagrams.")

(defun receive-tests--strings (coding receive &rest arguments)
  "Return what the filter of a server with CODING is given.
With RECEIVE non-nil, what the function that receives is given.  ARGUMENTS
are of the server besides."
  (cl-loop
   for bytes in receive-tests--bytes
   collect
   (sockopt-tests-clean
     (let* ((got nil)
            (server (apply #'make-network-process
                           :name "server" :type 'datagram :server t :noquery t
                           :host 'local :family 'ipv4 :service t
                           :coding coding
                           :filter (lambda (_process string) (push string got))
                           arguments))
            (client (sockopt-tests-receive-client #'make-network-process
                                                  server)))
       (when receive
         (sockopt-receive server (lambda (_process string _address _info)
                                   (push string got))))
       (process-send-string client bytes)
       (accept-process-output server 5)
       (list (car got) (multibyte-string-p (car got))
             ;; Lisp cannot leave the end of lines open for sending.
             (car (process-coding-system server)))))))

(ert-deftest receive-tests-coding ()
  "Strings are decoded as core would."
  (dolist (coding receive-tests--codings)
    (ert-info ((format "%s" coding))
      (should (equal (receive-tests--strings coding t)
                     (receive-tests--strings coding nil)))
      (should (equal (receive-tests--strings coding t :filter-multibyte nil)
                     (receive-tests--strings coding nil
                                             :filter-multibyte nil))))))

(ert-deftest receive-tests-many ()
  "Many datagrams come, each once and in order, beside those of others."
  (sockopt-tests-receive-with (server client)
    (let* ((all (sockopt-tests-receive-all server))
           (other (sockopt-tests-receive-server #'make-network-process
                                                'local directory))
           (mate (sockopt-tests-receive-client #'make-network-process other))
           (others (sockopt-tests-receive-all other)))
      (sockopt-set server :rcvbuf 200000)
      (dotimes (i 1000)
        (process-send-string client (number-to-string i))
        (when (zerop (% i 100))
          (process-send-string mate (number-to-string i))
          (accept-process-output nil 0.001)))
      (sockopt-tests-receive-some all 1000)
      (should (equal (sockopt-tests-receive-data all)
                     (mapcar #'number-to-string (number-sequence 0 999))))
      (sockopt-tests-receive-some others 10)
      (should (equal (sockopt-tests-receive-data others)
                     (mapcar #'number-to-string
                             (number-sequence 0 900 100)))))))

(provide 'receive-tests)
;;; receive-tests.el ends here
