;;; send-tests.el --- Tests of sending one datagram  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-receive)

(defun send-tests--server (make &rest arguments)
  "Make a datagram server by MAKE that keeps what it gets.
ARGUMENTS come before those.  Its property `got' is a list of (DATA .
ADDRESS), the latest first."
  (apply make (append arguments
                      (list :name "server" :type 'datagram :server t
                            :noquery t :host "127.0.0.1" :service t
                            ;; See `sockopt-tests-receive-server'.
                            :reuseaddr nil
                            :family 'ipv4 :coding 'binary
                            :filter
                            (lambda (process data)
                              (push (cons data
                                          (process-datagram-address process))
                                    (process-get process 'got)))
                            :plist (list 'got nil)))))

(defun send-tests--client (make server &rest arguments)
  "Make a client of SERVER by MAKE, with ARGUMENTS besides."
  (apply make (append arguments
                      (list :name "client" :type 'datagram :noquery t
                            :remote (process-contact server :local)))))

(defun send-tests--next (server)
  "Return what SERVER gets next, (DATA . ADDRESS)."
  (sockopt-tests-wait (lambda () (process-get server 'got)))
  (pop (process-get server 'got)))

(defconst send-tests--makers
  '(make-network-process sockopt-make-network-process)
  "What makes processes: core and us.")

(ert-deftest send-tests-where ()
  "A datagram goes where it is told, or where the process sends anyway."
  (dolist (make send-tests--makers)
    (sockopt-tests-clean
      (let* ((one (send-tests--server make))
             (other (send-tests--server make))
             (client (send-tests--client make one)))
        (should (eql 4 (sockopt-send client "ping" nil)))
        (should (equal (car (send-tests--next one)) "ping"))
        (should (eql 5 (sockopt-send client "other"
                                     (process-contact other :local))))
        (should (equal (car (send-tests--next other)) "other"))
        (should-not (process-get one 'got))
        ;; Core has not noticed.
        (process-send-string client "again")
        (should (equal (car (send-tests--next one)) "again"))
        (should (eql 0 (sockopt-send client "" nil)))))))

(ert-deftest send-tests-answer ()
  "A server answers whom it has heard last; before that there is nobody."
  (dolist (make send-tests--makers)
    (sockopt-tests-clean
      (let* ((server (send-tests--server make))
             (place (list ""))
             (client (send-tests--client
                      make server :filter (sockopt-tests-collector place))))
        (pcase (should-error (sockopt-send server "who?" nil))
          (`(sockopt-system-error "Cannot send" ,_ nil ,hint)
           (should (string-match-p "takes an address" hint)))
          (error (ert-fail (list error))))
        (sockopt-send client "ping" nil)
        (should (send-tests--next server))
        (sockopt-send server "pong" nil)
        (should (sockopt-tests-wait (lambda () (equal (car place) "pong"))))))))

(ert-deftest send-tests-source ()
  "What is said of a datagram holds for that one."
  (dolist (make send-tests--makers)
    (sockopt-tests-clean
      (let* ((server (send-tests--server make))
             (client (send-tests--client make server)))
        (dolist (source '("127.0.0.9" [127 0 0 9]))
          (sockopt-send client "ping" nil :source source :interface "lo"
                        :ttl 3 :tos 'ef :time nil)
          (should (equal (seq-take (cdr (send-tests--next server)) 4)
                         [127 0 0 9])))
        ;; Of two the first, as everywhere.
        (sockopt-send client "ping" nil :source "127.0.0.8"
                      :source "127.0.0.9")
        (should (equal (seq-take (cdr (send-tests--next server)) 4)
                       [127 0 0 8]))
        (sockopt-send client "ping" nil)
        (should (equal (seq-take (cdr (send-tests--next server)) 4)
                       [127 0 0 1]))
        (should (equal (sockopt-get client :ip-ttl) 64))
        (should (equal (sockopt-get client :ip-tos) 0))))))

(defun send-tests--check-coding (client server)
  "Check that CLIENT of SERVER sends strings as core does, whatever they are."
  (dolist (string (list "plain" "a\nb\r\nc" "\u00e4\u20ac\n"
                        (string-to-unibyte "\344\200\n")
                        (string-to-multibyte "\344\200\n") "\0x"))
    (ert-info ((format "%S in %s" string (process-coding-system client)))
      ;; Ours first: core makes up its mind when it sends.
      (let ((length (sockopt-send client string nil))
            (ours (send-tests--next server)))
        (process-send-string client string)
        (should (equal (car ours) (car (send-tests--next server))))
        (should (eql length (length (car ours))))))))

(ert-deftest send-tests-coding ()
  "Strings are encoded as `process-send-string' does."
  (sockopt-tests-clean
    (let* ((server (send-tests--server #'make-network-process))
           (client (send-tests--client #'make-network-process server)))
      (dolist (coding '(utf-8 utf-8-dos latin-1 latin-1-mac utf-16le binary
                              raw-text-dos no-conversion nil undecided
                              iso-2022-jp-unix emacs-mule))
        (set-process-coding-system client coding coding)
        (send-tests--check-coding client server))
      (let ((default-process-coding-system '(latin-1 . latin-1)))
        (send-tests--check-coding
         (send-tests--client #'make-network-process server
                             :coding '(nil . nil))
         server)))))

(ert-deftest send-tests-ipv6 ()
  "So are IPv6 datagrams sent."
  (sockopt-tests-need-ipv6)
  (sockopt-tests-clean
    (let* ((server (send-tests--server #'sockopt-make-network-process
                                       :family 'ipv6 :host "::1"))
           (client (send-tests--client #'sockopt-make-network-process
                                       server)))
      (sockopt-send client "ping" nil :ttl 3 :tos 4 :source "::1"
                    :interface "lo")
      (should (equal (car (send-tests--next server)) "ping"))
      (should (eq :source
                  (nth 3 (should-error
                          (sockopt-send client "ping" nil
                                        :source "2001:db8::1"))))))))

(ert-deftest send-tests-packets ()
  "A connected process of packets needs no address."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((place (list ""))
             (path (expand-file-name "packets" directory)))
        (sockopt-make-network-process
         :name "server" :server t :type 'seqpacket :family 'local :noquery t
         :service path :filter (sockopt-tests-collector place))
        (let ((client (sockopt-make-network-process
                       :name "client" :type 'seqpacket :family 'local
                       :noquery t :service path)))
          (should (eql 4 (sockopt-send client "ping" nil)))
          (should (sockopt-tests-wait
                   (lambda () (equal (car place) "ping"))))
          (should (equal (should-error (sockopt-send client "" nil :ttl 3))
                         '(sockopt-unsupported
                           :ttl "this socket does not have it"))))))))

(ert-deftest send-tests-abstract-answer ()
  "A server can answer a client whose name is abstract, as core cannot."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((place (list ""))
             (server (sockopt-make-network-process
                      :name "server" :server t :type 'datagram :family 'local
                      :noquery t
                      :service (expand-file-name "server" directory)))
             (client (sockopt-make-network-process
                      :name "client" :type 'datagram :family 'local
                      :noquery t :service (process-contact server :local)
                      :local "" :filter (sockopt-tests-collector place))))
        (sockopt-send server "pong" (process-contact client :local))
        (should (sockopt-tests-wait (lambda () (equal (car place) "pong"))))))))

(ert-deftest send-tests-time ()
  "With `:txtime' set, a datagram may be told when to leave."
  (sockopt-tests-clean
    (let* ((server (send-tests--server #'make-network-process))
           (client (send-tests--client #'sockopt-make-network-process server
                                       :txtime 'monotonic)))
      (dolist (time (list (current-time) (float-time) '(1 . 1)))
        (should (eql 4 (sockopt-send client "ping" nil :time time)))
        (should (equal (car (send-tests--next server)) "ping"))))))

;;; Errors

(defun send-tests--error (&rest arguments)
  "Return the error of `sockopt-send' with ARGUMENTS after the process."
  (sockopt-tests-clean
    (let ((client (send-tests--client
                   #'make-network-process
                   (send-tests--server #'make-network-process))))
      (sockopt-tests-error
       (lambda () (apply #'sockopt-send client arguments))))))

(ert-deftest send-tests-wrong-values ()
  "What cannot be is named, before anything is sent."
  (dolist (case '((("" nil :ttl 0) args-out-of-range :ttl 0 1 255 "hops")
                  (("" nil :ttl ten) wrong-type-argument integerp ten :ttl)
                  (("" nil :tos 256) args-out-of-range :tos 256)
                  (("" nil :source 5) wrong-type-argument stringp 5 :source)
                  (("" nil :source "host") args-out-of-range :source "host")
                  (("" nil :interface "nope")
                   args-out-of-range :interface "nope")
                  (("" nil :time soon) wrong-type-argument time soon :time)
                  (("" nil :time -1) args-out-of-range :time -1000000000)
                  (("" nil :ttl) sockopt-error "Keyword without a value")
                  (("" nil ttl 4) sockopt-unsupported ttl)
                  (("" nil :tll 4) sockopt-unsupported :tll
                   "it takes :ttl, :tos, :source, :interface, :time")
                  ((data nil) wrong-type-argument stringp data)
                  (("" [1 2]) sockopt-error "Malformed address" address [1 2]
                   "it takes a vector of 4 or 8 parts and the port, or the\
 name of a local socket")
                  (("" 7) sockopt-error "Malformed address" address 7)))
    (let ((error (apply #'send-tests--error (car case))))
      (ert-info ((format "%S" case))
        (should (equal (seq-take error (length (cdr case)))
                       (cdr case)))))))

(ert-deftest send-tests-refused ()
  "What the system refuses is told with what would do."
  (pcase-dolist (`(,arguments ,condition ,data ,hint)
                 `(((nil :source "::1") sockopt-system-error
                    (:source "::1") "same family")
                   ((nil :source "192.0.2.1") sockopt-system-error
                    (:source "192.0.2.1") "from this address")
                   ((nil :interface 123456) sockopt-system-error
                    (:interface 123456) "no such interface")
                   ((nil :time (1 . 1)) sockopt-system-error
                    (:time (1 . 1)) ":txtime")
                   (([0 0 0 0 0 0 0 1 9]) sockopt-system-error
                    ([0 0 0 0 0 0 0 1 9]) "family of the socket")
                   (([255 255 255 255 9]) sockopt-permission-denied
                    ([255 255 255 255 9]) ":broadcast")))
    (let ((error (apply #'send-tests--error "ping" arguments)))
      (ert-info ((format "%S" error))
        (should (eq (car error) condition))
        (should (equal (nth 1 error) "Cannot send"))
        (should (stringp (nth 2 error)))
        (should (equal (butlast (nthcdr 3 error)) data))
        (should (string-match-p hint (car (last error)))))))
  (should (string-match-p "larger" (car (last (send-tests--error
                                               (make-string 70000 ?x)
                                               nil))))))

(ert-deftest send-tests-nobody ()
  "A local server that is not there is a file that is missing, as in core."
  (sockopt-tests-clean
    (let ((client (sockopt-make-network-process
                   :name "client" :type 'datagram :family 'local :noquery t
                   :service "/nowhere/server")))
      (should (equal (should-error (sockopt-send client "ping" nil))
                     '(sockopt-file-missing
                       "Cannot send" "No such file or directory"
                       "/nowhere/server"))))))

(ert-deftest send-tests-full ()
  "A full buffer is an error, and not a wait."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((server (sockopt-make-network-process
                      :name "server" :server t :type 'datagram :family 'local
                      :noquery t :filter t
                      :service (expand-file-name "server" directory)))
             (client (sockopt-make-network-process
                      :name "client" :type 'datagram :family 'local
                      :noquery t :service (process-contact server :local)))
             (start (float-time))
             (error (sockopt-tests-error
                     (lambda ()
                       (dotimes (_ 100000)
                         (sockopt-send client "ping" nil))))))
        (should (< (- (float-time) start) 5))
        (should (eq (car error) 'sockopt-system-error))
        (should (string-match-p "buffer is full" (car (last error))))))))

(ert-deftest send-tests-processes ()
  "Processes that send no datagrams, or none any more, are errors."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server))
           (datagram (send-tests--client
                      #'make-network-process
                      (send-tests--server #'make-network-process)))
           (pipe (make-pipe-process :name "pipe" :noquery t)))
      (dolist (stream (list server client))
        (should (equal (should-error (sockopt-send stream "ping" nil))
                       `(sockopt-error "Process sends no datagrams"
                                       ,stream))))
      (should (equal (should-error (sockopt-send pipe "ping" nil))
                     `(sockopt-error "Process is not a network process"
                                     ,pipe)))
      (should-error (sockopt-send 'client "ping" nil)
                    :type 'wrong-type-argument)
      (sockopt-send datagram "ping" nil)
      (delete-process datagram)
      (should (equal (should-error (sockopt-send datagram "ping" nil))
                     `(sockopt-error "Process is not running"
                                     ,datagram))))))

(defun send-tests--large (&rest options)
  "Send a large local datagram with OPTIONS; return the error, or nil."
  (sockopt-tests-receive-with (server client #'make-network-process 'local)
    (should server)
    (sockopt-set-options client options)
    (sockopt-tests-error
     (lambda () (process-send-string client (make-string 20000 ?x))))))

(ert-deftest send-tests-buffer ()
  "A local datagram must fit into the send buffer."
  :tags '(:sndbuf)
  (should-not (send-tests--large))
  (should (member "Message too long" (send-tests--large :sndbuf 5000))))

(ert-deftest send-tests-buffer-forced ()
  "So it must if the buffer was set with privilege."
  :tags '(:sndbufforce)
  (unless (= (user-uid) 0)
    (ert-skip "Only root can force a buffer's size"))
  (should-not (send-tests--large :sndbufforce 100000))
  (should (member "Message too long" (send-tests--large :sndbufforce 5000))))

(ert-deftest send-tests-documented ()
  "The documentation tells of every keyword that there is."
  (let ((words (split-string (nth 2 (send-tests--error "" nil :what 1))
                             "[ ,]+")))
    (dolist (word (nthcdr 2 words))
      (should (string-match-p (format "^  %s +[a-z]" word)
                              (documentation 'sockopt-send t))))
    (should (< 4 (length words)))))

(provide 'send-tests)
;;; send-tests.el ends here
