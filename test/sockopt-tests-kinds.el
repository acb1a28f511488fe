;;; sockopt-tests-kinds.el --- A socket of every kind  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)

;;; Kinds of socket

;; The tests are made of this when the file is compiled, too.
(eval-and-compile
  (defconst sockopt-tests-kinds
    '((tcp4-client tcp4 client :family ipv4)
      (tcp4-child tcp4 child :family ipv4)
      (tcp4-listener tcp4 server :family ipv4)
      (tcp6-client tcp6 client :family ipv6)
      (tcp6-listener tcp6 server :family ipv6)
      (udp4-client udp4 client :family ipv4 :type datagram)
      (udp4-server udp4 server :family ipv4 :type datagram)
      (udp6-client udp6 client :family ipv6 :type datagram)
      (udp6-server udp6 server :family ipv6 :type datagram)
      (local-stream-client local-stream client :family local)
      (local-stream-child local-stream child :family local)
      (local-stream-listener local-stream server :family local)
      (local-datagram-client local-datagram client
                             :family local :type datagram)
      (local-datagram-server local-datagram server
                             :family local :type datagram)
      (local-seqpacket-client local-seqpacket client
                              :family local :type seqpacket)
      (local-seqpacket-listener local-seqpacket server
                                :family local :type seqpacket)
      (mptcp4-client mptcp4 client :family ipv4 :protocol mptcp)
      (mptcp4-listener mptcp4 server :family ipv4 :protocol mptcp)
      (mptcp6-client mptcp6 client :family ipv6 :protocol mptcp)
      (udplite4-client udplite4 client
                       :family ipv4 :type datagram :protocol udplite)
      (udplite6-client udplite6 client
                       :family ipv6 :type datagram :protocol udplite)
      (icmp4 icmp4 alone :family ipv4 :type raw :protocol icmp)
      (icmp6 icmp6 alone :family ipv6 :type raw :protocol icmpv6)
      ;; RFC 3692 keeps protocol 253 for experiments.
      (raw4 raw4 alone :family ipv4 :type raw :protocol 253)
      (raw6 raw6 alone :family ipv6 :type raw :protocol 253)
      (vsock-client vsock client :family vsock)
      (vsock-listener vsock server :family vsock))
    "Kinds of socket, as (NAME CLASS ROLE ARGUMENT...).
CLASS is what the rows of the table call it.  A socket whose ROLE is
`alone' needs no server."))

(defvar sockopt-tests-kinds--directory nil
  "Where local sockets are.")

(defmacro sockopt-tests-with-sockets (&rest body)
  "Evaluate BODY, then delete the processes and local sockets it made."
  (declare (indent 0) (debug t))
  `(sockopt-tests-with-directory directory
     (let ((sockopt-tests-kinds--directory directory))
       (sockopt-tests-clean ,@body))))

(defun sockopt-tests-kinds--where (arguments role service)
  "Return ARGUMENTS with an address for ROLE, on SERVICE or a free one."
  (append
   (list :name (symbol-name role) :noquery t)
   (and (eq role 'server) '(:server 50))
   (pcase (plist-get arguments :family)
     ('local (list :service (or service
                                (make-temp-name
                                 (expand-file-name
                                  "s" sockopt-tests-kinds--directory)))))
     ('vsock (append (and (eq role 'client) '(:host local))
                     (list :service (or service t))))
     (_ (append '(:host local)
                (unless (eq (plist-get arguments :type) 'raw)
                  (list :service (or service t))))))
   arguments))

(defun sockopt-tests-make-role (role arguments &optional service options)
  "Make a process of ROLE by ARGUMENTS, with OPTIONS, on SERVICE."
  (apply #'sockopt-make-network-process
         (append (sockopt-tests-kinds--where arguments role service) options)))

(defun sockopt-tests-kinds--child (arguments options)
  "Connect to a new server by ARGUMENTS, and return its end.
It gets OPTIONS, a plist, as it is accepted."
  (let* ((children nil)
         (server (sockopt-tests-make-role
                  'server arguments nil
                  (list :child-options options
                        :log (lambda (_server child _message)
                               (push child children))))))
    (sockopt-tests-make-role 'client arguments
                             (sockopt-tests-service server))
    (sockopt-tests-wait (lambda () children))
    (car children)))

(defun sockopt-tests-make (kind &rest options)
  "Make a socket of KIND with OPTIONS, and return its process."
  (pcase-let ((`(,_sort ,role . ,arguments)
               (alist-get kind sockopt-tests-kinds)))
    (pcase role
      ('child (sockopt-tests-kinds--child arguments options))
      ('client
       (let ((server (sockopt-tests-make-role 'server arguments)))
         (sockopt-tests-make-role role arguments
                                  (sockopt-tests-service server) options)))
      (_ (sockopt-tests-make-role role arguments nil options)))))

(defun sockopt-tests-class (kind)
  "Return the class of KIND."
  (car (alist-get kind sockopt-tests-kinds)))

(defun sockopt-tests-role (kind)
  "Return the role of KIND."
  (cadr (alist-get kind sockopt-tests-kinds)))

(defun sockopt-tests-need-kind (kind)
  "Skip the test, saying why, unless the system has sockets of KIND."
  (let ((error (sockopt-tests-error
                (lambda ()
                  (sockopt-tests-with-sockets (sockopt-tests-make kind))))))
    (when error
      (unless (memq (car error) '(sockopt-system-error
                                  sockopt-unsupported
                                  sockopt-permission-denied))
        (signal (car error) (cdr error)))
      (ert-skip (format "no %s here: %s" kind
                        (error-message-string error))))))

;;; What the machine is

(defun sockopt-tests-kernel ()
  "Return the version of the kernel, or \"0\" if it is not Linux."
  (condition-case nil
      (with-temp-buffer
        (insert-file-contents "/proc/sys/kernel/osrelease")
        (if (looking-at "[0-9]+\\.[0-9]+") (match-string 0) "0"))
    (file-error "0")))

(defun sockopt-tests-need-linux ()
  "Skip the test unless this is Linux on a machine of the usual kind."
  (unless (and (eq system-type 'gnu/linux)
               (not (string-match-p "sparc\\|hppa\\|mips\\|alpha"
                                    system-configuration)))
    (ert-skip "the numbers of options are those of most Linuxes")))

;;; Values of options

(defconst sockopt-tests-kinds--values
  '((:attach-filter [[6 0 0 65535]])
    (:ip-local-port-range (40000 50000))
    ;; The last two bits are not ours over TCP.
    (:ip-tos 184 96)
    (:ipv6-tclass 184 96)
    ;; Offsets must be even.
    (:ipv6-checksum 2 4)
    ;; IPv6 has no packets shorter than 1280.
    (:ipv6-mtu 1400 1300)
    (:tcp-congestion "reno" "cubic")
    (:tcp-maxseg 600 700)
    (:tcp-ulp "tls")
    (:tcp-window-clamp 3000 4000)
    (:vm-sockets-buffer-size 100000 200000))
  "New values for options whose rows do not say enough to make some up.")

(defun sockopt-tests-kinds--number (option old)
  "Return a number that OPTION can have, near its lower end, but not OLD."
  (let ((least (sockopt-option-min option))
        (most (sockopt-option-max option)))
    (cond
     ((string= (sockopt-option-unit option) "bytes")
      (if (and (integerp old) (< (* 2 old) most) (> old least))
          (* 2 old)
        (min most (max least (if (eql old 5000) 6000 5000)))))
     ((and (integerp old) (< (1+ old) most)) (max least (1+ old)))
     (t (/ (+ least most) 2)))))

(defun sockopt-tests-kinds--name (option old)
  "Return a value made of the names that OPTION knows, other than OLD."
  (let* ((names (sockopt-option-names option))
         (lists (mapcar #'list names)))
    (car (remove old (if (eq (sockopt-option-predicate option) 'listp)
                         lists
                       names)))))

(defun sockopt-tests-candidate (keyword old)
  "Return a value other than OLD that the option KEYWORD can have."
  (let ((option (sockopt-option keyword))
        (given (alist-get keyword sockopt-tests-kinds--values)))
    (cond
     (given (car (remove old given)))
     ((string-match-p "\\`interface" (sockopt-option-kind option))
      (if (equal old "lo") nil "lo"))
     ((string-match-p "types to block" (sockopt-option-kind option))
      (if (equal old '(8)) '(0) '(8)))
     (t (pcase (sockopt-option-predicate option)
          ('booleanp (not old))
          ('integerp (sockopt-tests-kinds--number option old))
          ('numberp (if (equal old 2) 3 2))
          (_ (sockopt-tests-kinds--name option old)))))))

(defconst sockopt-tests-samples
  '((:detach-filter . t) (:inq . t)
    (:rcvbufforce . 10000) (:sndbufforce . 10000)
    (:ip-add-membership "239.1.2.3" "lo")
    (:ip-drop-membership "239.1.2.3" "lo")
    (:ip-add-source-membership "239.1.2.3" "lo" "127.0.0.1")
    (:ip-drop-source-membership "239.1.2.3" "lo" "127.0.0.1")
    (:ip-block-source "239.1.2.3" "lo" "127.0.0.1")
    (:ip-unblock-source "239.1.2.3" "lo" "127.0.0.1")
    (:ip-msfilter "239.1.2.3" "lo" include "127.0.0.1")
    (:mcast-join-group "239.1.2.3" "lo")
    (:mcast-leave-group "239.1.2.3" "lo")
    (:mcast-join-source-group "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-leave-source-group "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-block-source "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-unblock-source "239.1.2.3" "lo" "127.0.0.1")
    (:mcast-msfilter "239.1.2.3" "lo" include "127.0.0.1")
    (:ipv6-add-membership "ff12::1234" "lo")
    (:ipv6-drop-membership "ff12::1234" "lo")
    (:ipv6-pktinfo "::1" "lo"))
  "Values for options that cannot be read, or not without an argument.")

(defun sockopt-tests-sample (keyword)
  "Return some value that the option KEYWORD can have."
  (let ((entry (assq keyword sockopt-tests-samples)))
    (if entry (cdr entry) (sockopt-tests-candidate keyword nil))))

(provide 'sockopt-tests-kinds)
;;; sockopt-tests-kinds.el ends here
