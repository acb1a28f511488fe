;;; eight-tests.el --- Tests of the eight options that core has  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)

(defun eight-tests--kernel-int (process number)
  "Return option NUMBER of PROCESS at SOL_SOCKET, read past the table.
The number is an integer, in the byte order of this machine."
  (let ((bytes (append (sockopt-get-raw process 1 number 4) nil)))
    (apply #'logior
           (cl-loop for byte in (if (eq (byteorder) ?B)
                                    (reverse bytes)
                                  bytes)
                    for shift from 0 by 8
                    collect (ash byte shift)))))

(ert-deftest eight-tests-eight-at-creation ()
  "Each of core's eight options counts at creation, as the kernel says."
  (dolist (case '((:broadcast t t) (:broadcast 1 t) (:broadcast nil nil)
                  (:dontroute t t) (:dontroute nil nil)
                  (:keepalive 0 t) (:keepalive nil nil)
                  (:oobinline t t) (:oobinline nil nil)
                  (:linger t t) (:linger 7 7) (:linger 0 0)
                  (:linger nil nil) (:priority 6 6) (:priority 0 0)
                  (:reuseaddr t t) (:reuseaddr nil nil)
                  (:bindtodevice nil nil) (:bindtodevice "" nil)))
    (pcase-let ((`(,keyword ,given ,expected) case))
      (dolist (kind '(tcp4-client tcp4-listener udp4-client udp4-server
                                  local-stream-client))
        (unless (and (eq kind 'local-stream-client)
                     (eq keyword :bindtodevice))
          (sockopt-tests-with-sockets
            (let ((process (sockopt-tests-make kind keyword given)))
              (should (equal (list kind keyword
                                   (sockopt-get process keyword))
                             (list kind keyword expected)))
              (should (equal (process-contact process keyword)
                             expected)))))))))

(ert-deftest eight-tests-eight-later ()
  "Each of core's options can be set later, and shows in the contact."
  (dolist (kind '(tcp4-client tcp4-listener udp4-client udp4-server))
    (sockopt-tests-with-sockets
      (let ((process (sockopt-tests-make kind)))
        (pcase-dolist (`(,keyword ,given ,expected)
                       '((:broadcast 5 t) (:broadcast nil nil)
                         (:dontroute "" t) (:dontroute nil nil)
                         (:keepalive t t) (:keepalive nil nil)
                         (:oobinline foo t) (:oobinline nil nil)
                         (:linger t t) (:linger 3 3) (:linger 0 0)
                         (:linger 65535 65535) (:linger nil nil)
                         (:priority 6 6) (:priority 0 0)
                         (:bindtodevice nil nil) (:bindtodevice "" nil)))
          (should (eq (sockopt-set process keyword given) t))
          (should (equal (process-contact process keyword) expected))
          (should (equal (sockopt-get process keyword) expected)))))))

(ert-deftest eight-tests-datagram-clients-in-kernel ()
  "The kernel has the options of datagram clients, which core skips."
  (sockopt-tests-need-linux)
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make
                    'udp4-client :broadcast t :dontroute t :keepalive t
                    :oobinline t :priority 5)))
      (should (equal (mapcar (lambda (number)
                               (eight-tests--kernel-int process number))
                             ;; SO_BROADCAST, SO_DONTROUTE, SO_KEEPALIVE,
                             ;; SO_OOBINLINE and SO_PRIORITY.
                             '(6 5 9 10 12))
                     '(1 1 1 1 5))))))

(ert-deftest eight-tests-bindtodevice-too-long ()
  "A name of 16 bytes is out of range, and nothing changes."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client)))
      (dolist (name '("abcdefghijklmnop" "loxxxxxxxxxxxxxxxxxx" "éééééééé"))
        (should-error (sockopt-set process :bindtodevice name)
                      :type 'args-out-of-range)
        (should-not (sockopt-get process :bindtodevice))
        (should (memq :bindtodevice
                      (should-error
                       (sockopt-tests-make 'udp4-client
                                           :bindtodevice name)
                       :type 'args-out-of-range)))))))

(ert-deftest eight-tests-bindtodevice-unknown ()
  "An unknown device is an error with the kernel's words."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-client)))
      (dolist (error (list (should-error
                            (sockopt-set process :bindtodevice "nodev0")
                            :type 'sockopt-system-error)
                           (should-error
                            (sockopt-tests-make 'udp4-client
                                                :bindtodevice "nodev0")
                            :type 'sockopt-system-error)))
        (should (memq :bindtodevice error))
        (should (or (member "No such device" error)
                    (/= (user-uid) 0))))
      (should-not (sockopt-get process :bindtodevice)))))

(ert-deftest eight-tests-reuseaddr-default ()
  "By default all servers but local ones reuse addresses."
  (pcase-dolist (`(,kind ,expected)
                 '((tcp4-listener t) (udp4-server t)
                   (tcp4-client nil) (udp4-client nil)
                   (local-stream-listener nil)
                   (local-datagram-server nil)))
    (sockopt-tests-with-sockets
      (should (equal (list kind (sockopt-get (sockopt-tests-make kind)
                                             :reuseaddr))
                     (list kind expected)))))
  (sockopt-tests-with-sockets
    (should (sockopt-get (sockopt-tests-make 'local-stream-listener
                                             :reuseaddr t)
                         :reuseaddr))))

(ert-deftest eight-tests-reuseaddr-default-ipv6 ()
  "So do IPv6 servers."
  (sockopt-tests-need-ipv6)
  (sockopt-tests-with-sockets
    (should (eq (sockopt-get (sockopt-tests-make 'tcp6-listener) :reuseaddr)
                t))))

(ert-deftest eight-tests-linger-nil ()
  "Without lingering, what is queued is still sent after the process is gone."
  (sockopt-tests-clean
    (let* ((received 0)
           (child nil)
           (server (sockopt-tests-server
                    :log (lambda (_server one _message)
                           (set-process-filter one t)
                           (setq child one))))
           (client (sockopt-tests-client server :linger nil)))
      (sockopt-tests-wait (lambda () child))
      (process-send-string client (make-string 300000 ?x))
      (delete-process client)
      (set-process-filter child (lambda (_child text)
                                  (cl-incf received (length text))))
      (sockopt-tests-wait (lambda () (= received 300000)))
      (should (= received 300000)))))

(ert-deftest eight-tests-reuseaddr-late ()
  "The kernel, and so core, takes :reuseaddr of a socket that is bound.
It counts for those that are bound later."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server :reuseaddr t)))
      (should (sockopt-set server :reuseaddr nil))
      (should-not (sockopt-get server :reuseaddr))
      (should-not (process-contact server :reuseaddr))
      (should (string-search "later" (sockopt-option-late
                                      (sockopt-option :reuseaddr)))))))

(ert-deftest eight-tests-reuseport ()
  "Two listeners share one port by :reuseport, and stay apart."
  (sockopt-tests-with-sockets
    (let* ((one (sockopt-tests-server :reuseport t :priority 3))
           (port (process-contact one :service))
           (two (sockopt-make-network-process
                 :name "two" :server t :host "127.0.0.1" :family 'ipv4
                 :service port :noquery t :reuseport t :priority 4)))
      (should (eq (process-contact two :service) port))
      (should (sockopt-get two :reuseport))
      (should (eq (sockopt-get one :priority) 3))
      (should (eq (sockopt-get two :priority) 4))
      ;; Found afresh, as those of others are.
      (remhash one sockopt--sockets)
      (remhash two sockopt--sockets)
      (should (eq (sockopt-get one :priority) 3))
      (should (eq (sockopt-get two :priority) 4))
      (should-error (sockopt-make-network-process
                     :name "three" :server t :host "127.0.0.1"
                     :family 'ipv4 :service port :noquery t)
                    :type 'sockopt-system-error))))

(defun eight-tests--leave (linger)
  "Send data, delete the sender that has LINGER, then look at its peer.
Return (ERROR DATA), what is pending there and what can be read.  With
LINGER `none' the option is not set at all."
  (sockopt-tests-with-sockets
    (let* ((place (list ""))
           children
           (server (sockopt-tests-make-role
                    'server '(:family ipv4) nil
                    (list :log (lambda (_server child _message)
                                 (stop-process child)
                                 (push child children)))))
           (client (sockopt-tests-make-role
                    'client '(:family ipv4) (sockopt-tests-service server)
                    (unless (eq linger 'none) (list :linger linger)))))
      (sockopt-tests-wait (lambda () children))
      (process-send-string client "hello")
      (delete-process client)
      (sleep-for 0.05)
      (set-process-filter (car children) (sockopt-tests-collector place))
      (let ((error (sockopt-get (car children) :error)))
        (continue-process (car children))
        (sockopt-tests-wait (lambda () (not (process-live-p
                                             (car children)))))
        (list error (car place))))))

(ert-deftest eight-tests-linger-delivers ()
  "A process with `:linger' t or a time delivers what was sent.
Only 0 resets the connection, which is a pending error of the peer."
  (dolist (linger '(none nil t 2))
    (should (equal (cons linger (eight-tests--leave linger))
                   (list linger nil "hello"))))
  (let ((result (eight-tests--leave 0)))
    (should (eq (caar result) 'ECONNRESET))
    (should (stringp (cdar result)))))

(ert-deftest eight-tests-error ()
  "Reading :error gives nil, or what is pending, and clears it."
  :tags '(:error)
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (should-not (sockopt-get process :error))))
  (should (eq (caar (eight-tests--leave 0)) 'ECONNRESET)))

;;; Processes that are gone

(ert-deftest eight-tests-gone ()
  "Once a process is gone, nobody else's socket is taken for its own."
  (sockopt-tests-with-sockets
    (dolist (way '(delete stop))
      (let ((process (sockopt-tests-make 'udp4-client :priority 3)))
        ;; After two calls the kernel is no longer asked whose socket it is.
        (should (eql (sockopt-get process :priority) 3))
        (should (eql (sockopt-get process :priority) 3))
        (when (eq way 'stop)
          (stop-process process))
        (delete-process process)
        ;; These take all the descriptors that were freed.
        (let ((others (cl-loop repeat 5 collect
                               (sockopt-tests-make 'udp4-client
                                                   :priority 5))))
          (should-error (sockopt-get process :priority) :type 'sockopt-error)
          (should-error (sockopt-set process :priority 1)
                        :type 'sockopt-error)
          (dolist (other others)
            (should (eql (sockopt-get other :priority) 5))))))))

(provide 'eight-tests)
;;; eight-tests.el ends here
