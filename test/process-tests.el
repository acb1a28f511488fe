;;; process-tests.el --- Tests of making network processes  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-process)
(require 'sockopt-tests-lib)

;;; The same contact information as core's

(defconst process-tests--ignored-ports
  '(:service :local :remote)
  "Where a contact plist has ports that differ from run to run.")

(defun process-tests--without-port (value)
  "Return VALUE of a contact plist with its port, if any, made 0."
  (pcase value
    ((and (pred vectorp) (app length (or 5 9)))
     (let ((copy (copy-sequence value)))
       (aset copy (1- (length copy)) 0)
       copy))
    ((pred integerp) 0)
    (_ value)))

(defun process-tests--contact (process)
  "Return the contact information of PROCESS without ports."
  (cl-loop for (key value) on (process-contact process t) by #'cddr
           append (list key
                        (if (memq key process-tests--ignored-ports)
                            (process-tests--without-port value)
                          value))))

(defun process-tests--same-contact (arguments)
  "Check that sockopt and core give the same contact for ARGUMENTS.
Then delete both processes."
  (let* ((ours (apply #'sockopt-make-network-process arguments))
         (mine (process-tests--contact ours))
         (status (process-status ours)))
    (delete-process ours)
    (let ((core (apply #'make-network-process arguments)))
      (should (equal (process-tests--contact core) mine))
      (should (eq (process-status core) status))
      (should (eq (process-type ours) 'network))
      (delete-process core))))

(ert-deftest process-tests-contact-of-clients ()
  "Stream clients have the contact information that core gives."
  (sockopt-tests-clean
    (let ((port (process-contact (sockopt-tests-server) :service)))
      (dolist (arguments
               `((:name "a" :host "127.0.0.1" :service ,port)
                 (:name "a" :buffer nil :host "127.0.0.1" :service ,port
                        :coding binary :noquery t :plist (x 1))
                 (:name "a" :host local :family ipv4
                        :service ,(number-to-string port))
                 (:name "a" :remote [127 0 0 1 ,port])
                 (:name "a" :service ,port :family ipv4 :stop t)
                 (:name "a" :filter ignore :sentinel ignore
                        :filter-multibyte nil :remote [127 0 0 1 ,port]
                        :local [127 0 0 1 1])))
        (process-tests--same-contact arguments)))))

(ert-deftest process-tests-contact-of-servers ()
  "Servers have the contact information that core gives."
  (sockopt-tests-clean
    (dolist (arguments
             '((:name "a" :server t :host "127.0.0.1" :service t)
               (:name "a" :server 9 :host local :service t :family ipv4
                      :noquery t :log ignore :filter ignore)
               (:name "a" :server t :local [127 0 0 1 0])
               (:name "a" :server t :host "127.0.0.1" :service "0"
                      :stop t)
               (:name "a" :server t :family ipv4 :service t)))
      (process-tests--same-contact arguments))))

(ert-deftest process-tests-contact-ipv6 ()
  "IPv6 servers and clients have core's contact information."
  (sockopt-tests-need-ipv6)
  (sockopt-tests-clean
    (process-tests--same-contact
     '(:name "a" :server t :family ipv6 :host local :service t))
    (let ((server (sockopt-make-network-process
                   :name "six" :server t :family 'ipv6 :host "::1"
                   :service t)))
      (process-tests--same-contact
       `(:name "a" :family ipv6 :host "::1"
               :service ,(process-contact server :service))))))

(ert-deftest process-tests-contact-local ()
  "Local clients and servers have core's contact information."
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let ((path (expand-file-name "s" directory)))
        (dolist (type '(nil seqpacket))
          (sockopt-make-network-process :name "l" :server 50 :family 'local
                                        :service path :type type)
          (dolist (arguments
                   `((:name "a" :family local :service ,path :type ,type)
                     (:name "a" :remote ,path :type ,type)))
            (process-tests--same-contact arguments))
          (delete-file path))
        (let ((ours (sockopt-make-network-process
                     :name "a" :server t :family 'local :service path)))
          (should (equal (process-contact ours t)
                         (list :name "a" :server t :family 'local
                               :service path :local path))))))))

(ert-deftest process-tests-contact-of-datagrams ()
  "Datagram clients have the contact information that core gives.
So have servers, but for :remote: before any peer is known, core has an
address of family 0 there, which is no address at all."
  (sockopt-tests-clean
    (process-tests--same-contact
     '(:name "a" :type datagram :host "127.0.0.1" :service 9))
    (process-tests--same-contact
     '(:name "a" :type datagram :remote [127 0 0 1 9] :nowait t))
    (process-tests--same-contact
     '(:name "a" :type datagram :server t :host "127.0.0.1" :service t
             :remote [127 0 0 1 9]))))

;;; Data

(defun process-tests--exchange (server-arguments client-arguments)
  "Check that data goes from a client to a server and back.
SERVER-ARGUMENTS make the server; CLIENT-ARGUMENTS are a function that is
called with it and returns the arguments of the client."
  (sockopt-tests-clean
    (let* ((place (list ""))
           (server (apply #'sockopt-make-network-process :name "server"
                          :filter #'sockopt-tests-shout server-arguments))
           (client (apply #'sockopt-make-network-process :name "client"
                          :filter (sockopt-tests-collector place)
                          (funcall client-arguments server))))
      (should (eq (process-type server) 'network))
      (should (eq (process-type client) 'network))
      (sockopt-tests-open-p client)
      (process-send-string client "hello")
      (sockopt-tests-wait (lambda () (equal (car place) "HELLO")))
      (should (equal (car place) "HELLO")))))

(defun process-tests--to-port (&rest arguments)
  "Return a function of a server for the client ARGUMENTS to its port."
  (lambda (server)
    (append arguments (list :service (process-contact server :service)))))

(ert-deftest process-tests-exchange-ipv4 ()
  "Data goes both ways over TCP."
  (process-tests--exchange
   '(:server t :host "127.0.0.1" :service t)
   (process-tests--to-port :host "127.0.0.1")))

(ert-deftest process-tests-exchange-nowait ()
  "Data goes both ways over a connection that was not waited for."
  (process-tests--exchange
   '(:server t :host "127.0.0.1" :service t)
   (process-tests--to-port :host "127.0.0.1" :nowait t)))

(ert-deftest process-tests-exchange-ipv6 ()
  "Data goes both ways over TCP and IPv6."
  (sockopt-tests-need-ipv6)
  (process-tests--exchange
   '(:server t :host "::1" :family ipv6 :service t)
   (process-tests--to-port :host "::1" :family 'ipv6)))

(ert-deftest process-tests-exchange-datagram ()
  "Data goes both ways over UDP."
  (process-tests--exchange
   '(:server t :host "127.0.0.1" :service t :type datagram)
   (process-tests--to-port :host "127.0.0.1" :type 'datagram)))

(ert-deftest process-tests-exchange-local ()
  "Data goes both ways over local sockets, in a stream and in packets."
  (dolist (type '(nil seqpacket))
    (sockopt-tests-with-directory directory
      (let ((path (expand-file-name "s" directory)))
        (process-tests--exchange
         (list :server t :family 'local :service path :type type)
         (lambda (_server)
           (list :family 'local :service path :type type)))))))

(ert-deftest process-tests-local-datagram ()
  "A local datagram server gets what a client sends."
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let* ((path (expand-file-name "s" directory))
             (place (list ""))
             (client (progn
                       (sockopt-make-network-process
                        :name "server" :server t :type 'datagram
                        :family 'local :service path
                        :filter (sockopt-tests-collector place))
                       (sockopt-make-network-process
                        :name "client" :type 'datagram :family 'local
                        :service path))))
        (process-send-string client "hello")
        (should (sockopt-tests-wait
                 (lambda () (equal (car place) "hello"))))))))

(ert-deftest process-tests-much-data ()
  "A million bytes arrive whole and in order."
  (sockopt-tests-clean
    (let* ((pieces nil)
           (count 0)
           (server (sockopt-tests-server
                    :coding 'binary
                    :filter #'sockopt-tests-echo))
           (client (sockopt-tests-client
                    server :coding 'binary
                    ;; To join them as they come would take long.
                    :filter (lambda (_process text)
                              (push text pieces)
                              (cl-incf count (length text)))))
           (data (apply #'concat (make-list 100000 "0123456789"))))
      (process-send-string client data)
      (sockopt-tests-wait (lambda () (>= count 1000000)) 60)
      (should (= count 1000000))
      (should (equal (apply #'concat (nreverse pieces)) data)))))

(ert-deftest process-tests-datagram-address ()
  "The peer's address of a datagram process can be read and set."
  (sockopt-tests-clean
    (let ((process (sockopt-make-network-process
                    :name "d" :type 'datagram :host "127.0.0.1"
                    :service 9)))
      (should (equal (process-datagram-address process) [127 0 0 1 9]))
      (should (set-process-datagram-address process [127 0 0 1 10]))
      (should (equal (process-contact process :remote) [127 0 0 1 10]))
      (should-not (set-process-datagram-address
                   process [0 0 0 0 0 0 0 1 10])))))

;;; What the keywords mean

(ert-deftest process-tests-name-is-unique ()
  "A name that is taken gets a suffix, as with core."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (should (equal (process-name (sockopt-tests-client server))
                     "client"))
      (should (equal (process-name (sockopt-tests-client server))
                     "client<1>")))))

(ert-deftest process-tests-buffer ()
  "Output goes to the buffer, which is made if need be."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server :filter #'sockopt-tests-shout))
           (client (sockopt-tests-client server
                                         :buffer "*process-tests*"))
           (buffer (process-buffer client)))
      (unwind-protect
          (progn
            (should (equal (buffer-name buffer) "*process-tests*"))
            (process-send-string client "hi")
            (sockopt-tests-wait
             (lambda () (> (buffer-size buffer) 1)))
            (should (equal (with-current-buffer buffer (buffer-string))
                           "HI")))
        (set-process-sentinel client #'ignore)
        (kill-buffer buffer)))))

(ert-deftest process-tests-coding ()
  "Coding systems are what core would take."
  (sockopt-tests-clean
    (let* ((port (process-contact (sockopt-tests-server) :service))
           (network-coding-system-alist
            `((,port . (iso-latin-2-unix . koi8-r-unix))))
           (base (list :name "c" :host "127.0.0.1" :service port)))
      (dolist (arguments (list base
                               (append base '(:coding utf-8-dos))
                               (append base '(:coding (binary . utf-8)))
                               (append base '(:buffer nil))
                               ;; Core asks nothing where it is given one.
                               (append (list :remote
                                             (vector 127 0 0 1 port))
                                       base)))
        (should (equal (process-coding-system
                        (apply #'sockopt-make-network-process arguments))
                       (process-coding-system
                        (apply #'make-network-process arguments)))))
      (let ((coding-system-for-read 'utf-16)
            (coding-system-for-write 'utf-8))
        (should (equal (process-coding-system
                        (apply #'sockopt-make-network-process base))
                       (process-coding-system
                        (apply #'make-network-process base))))))))

(ert-deftest process-tests-flags ()
  "`:noquery', `:plist', `:filter', `:sentinel' and `:log' are kept."
  (sockopt-tests-clean
    (let* (logged
           (server (sockopt-tests-server
                    :log (lambda (&rest arguments)
                           (setq logged arguments))))
           (client (sockopt-tests-client server :plist '(a 1)
                                         :filter #'ignore
                                         :sentinel #'ignore)))
      (should-not (process-query-on-exit-flag client))
      (should (equal (process-plist client) '(a 1)))
      (should (eq (process-filter client) #'ignore))
      (should (eq (process-sentinel client) #'ignore))
      (should (sockopt-tests-wait (lambda () logged)))
      (should (eq (nth 0 logged) server))
      (should (processp (nth 1 logged)))
      (should (string-match-p "accept from 127.0.0.1" (nth 2 logged)))
      (should (functionp (process-contact server :log))))))

(ert-deftest process-tests-filter-multibyte ()
  "`:filter-multibyte' decides of what sort the filter's strings are."
  (sockopt-tests-clean
    (let* (got
           (server (sockopt-tests-server
                    :filter #'sockopt-tests-echo))
           (client (sockopt-tests-client
                    server :coding 'utf-8
                    :filter (lambda (_process string) (push string got)))))
      (process-send-string client "äöü")
      (should (sockopt-tests-wait (lambda () got)))
      (should (equal got '("äöü")))
      (should (multibyte-string-p (car got))))))

(ert-deftest process-tests-stop ()
  "A stopped client sees no data until it is continued."
  (sockopt-tests-clean
    (let* ((place (list ""))
           (server (sockopt-tests-server
                    :sentinel (lambda (process message)
                                (when (string-prefix-p "open" message)
                                  (process-send-string process "early")))))
           (client (sockopt-tests-client
                    server :stop t
                    :filter (sockopt-tests-collector place))))
      (should (eq (process-status client) 'stop))
      (sockopt-tests-wait #'ignore 0.3)
      (should (equal (car place) ""))
      (continue-process client)
      (should (sockopt-tests-wait
               (lambda () (equal (car place) "early")))))))

(ert-deftest process-tests-end-of-file ()
  "The end of the stream reaches both sentinels."
  (sockopt-tests-clean
    (let* (messages
           (server (sockopt-tests-server))
           (client (sockopt-tests-client
                    server :sentinel (lambda (_process message)
                                       (push message messages)))))
      (sockopt-tests-wait (lambda () (> (length (process-list)) 2)))
      (dolist (process (process-list))
        (when (string-prefix-p "server <" (process-name process))
          (delete-process process)))
      (should (sockopt-tests-wait (lambda () messages)))
      (should (equal messages '("connection broken by remote peer\n")))
      (should-not (process-live-p client)))))

(ert-deftest process-tests-names ()
  "Hosts and services may be names, and a port may be a string."
  (skip-unless (ignore-errors (network-lookup-address-info "localhost")))
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (number-to-string (process-contact server :service))))
      (dolist (nowait '(nil t))
        (let ((client (sockopt-make-network-process
                       :name "c" :host "localhost" :service port
                       :nowait nowait)))
          (should (sockopt-tests-open-p client)))))))

(ert-deftest process-tests-children ()
  "A child has the name, contact and functions that core's would have."
  (sockopt-tests-clean
    (let* (ours core
                (arguments (list :name "kin" :server t :host "127.0.0.1"
                                 :service t :family 'ipv4 :filter #'ignore
                                 :plist '(a 1)))
                (one (apply #'sockopt-make-network-process
                            :log (lambda (_server child _message)
                                   (setq ours child))
                            arguments))
                (two (apply #'make-network-process
                            :log (lambda (_server child _message)
                                   (setq core child))
                            arguments)))
      (sockopt-tests-client one)
      (sockopt-tests-client two)
      (should (sockopt-tests-wait (lambda () (and ours core))))
      (should (string-match-p "\\`kin <127.0.0.1:[0-9]+>\\'"
                              (process-name ours)))
      (should (eq (process-filter ours) #'ignore))
      (should (equal (process-plist ours) (process-plist core)))
      (should (equal (cl-loop for key in (process-contact ours t)
                              by #'cddr collect key)
                     (cl-loop for key in (process-contact core t)
                              by #'cddr collect key))))))

(ert-deftest process-tests-hosts-and-ports ()
  "A host may be in brackets; a port is where its address has it."
  (should (equal (sockopt--host '(:host "[::1]")) "::1"))
  (should (equal (sockopt--host '(:host "[x]")) "[x]"))
  (should (eql (sockopt--port [127 0 0 1 80]) 80))
  (should (eql (sockopt--port [0 0 0 0 0 0 0 1 90]) 90))
  (should-not (sockopt--port "path"))
  ;; That of vsock(7) has two bytes that are not used before it.
  (let ((port '(4 3 2 1)))
    (when (eq (byteorder) ?B)
      (setq port (reverse port)))
    (should (eql (sockopt--port
                  (cons 40 (vconcat [9 9] port [1 0 0 0 0 0 0 0])))
                 #x01020304))))

(ert-deftest process-tests-threads ()
  "Several Lisp threads use processes of their own, and no other."
  (skip-unless (featurep 'threads))
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (wrong 0)
           (work (lambda (number)
                   (let ((client (sockopt-tests-client server)))
                     (sockopt-set client :priority number)
                     (dotimes (_ 50)
                       (unless (eql (sockopt-get client :priority) number)
                         (cl-incf wrong))
                       (thread-yield)))))
           (threads (mapcar (lambda (number)
                              (make-thread (lambda ()
                                             (funcall work number))))
                            '(1 2 3 4 5 6))))
      (mapc #'thread-join threads)
      (should (= wrong 0)))))

(ert-deftest process-tests-contact-of-new ()
  "The contact of a new process has what the kernel made of a value."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :rcvbuf 5000)))
      (should (equal (process-contact client :rcvbuf)
                     (sockopt-get client :rcvbuf)))
      (should-not (equal (process-contact client :rcvbuf) 5000)))))

(ert-deftest process-tests-ipv6-vector ()
  "Each part of an IPv6 address in a vector has two bytes."
  (sockopt-tests-clean
    (sockopt-tests-need-ipv6)
    (let* ((server (sockopt-tests-server))
           ;; 127.0.0.1, mapped.
           (remote (vector 0 0 0 0 0 #xffff #x7f00 1
                           (process-contact server :service)))
           (client (sockopt-make-network-process :name "client" :noquery t
                                                 :remote remote)))
      (should (eq (process-status client) 'open))
      (should (equal (process-contact client :remote) remote)))))

(provide 'process-tests)
;;; process-tests.el ends here
