;;; local-tests.el --- Tests of a client's own address  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)

(defun local-tests--host (process key)
  "Return the address under KEY in the contact of PROCESS, without the port."
  (butlast (append (process-contact process key) nil)))

(defun local-tests--port (process key)
  "Return the port under KEY in the contact of PROCESS."
  (car (last (append (process-contact process key) nil))))

(defun local-tests--child (server)
  "Wait for a connection of SERVER and return its process."
  (sockopt-tests-wait
   (lambda ()
     (cl-find-if (lambda (process)
                   (and (string-prefix-p (process-name server)
                                         (process-name process))
                        (not (eq process server))))
                 (process-list)))))

(defun local-tests--datagrams (&rest arguments)
  "Make a datagram server that keeps what it gets, with ARGUMENTS besides.
Its property `got' is a list of (DATA . ADDRESS), the latest first."
  (apply #'sockopt-make-network-process
         (append arguments
                 (list :name "datagrams" :type 'datagram :server t :noquery t
                       :host "127.0.0.1" :service t :family 'ipv4
                       :filter
                       (lambda (process data)
                         (push (cons data (process-datagram-address process))
                               (process-get process 'got)))
                       :plist (list 'got nil)))))

(defun local-tests--datagram-client (server &rest arguments)
  "Make a client of SERVER, one of datagrams, with ARGUMENTS besides."
  (apply #'sockopt-make-network-process
         (append arguments
                 (list :name "client" :type 'datagram :noquery t
                       :remote (process-contact server :local)))))

;;; Where it is bound

(ert-deftest local-tests-streams ()
  "A client of streams is where it was asked to be, and says where."
  (sockopt-tests-clean
    (dolist (nowait '(nil t))
      (let* ((server (sockopt-tests-server))
             (client (sockopt-tests-client server :nowait nowait
                                           :local [127 0 0 5 0]))
             child)
        (should (sockopt-tests-open-p client))
        (should (setq child (local-tests--child server)))
        (should (equal (process-contact child :remote)
                       (process-contact client :local)))
        (should (equal (local-tests--host client :local) '(127 0 0 5)))
        (should (< 0 (local-tests--port client :local)))
        (mapc #'delete-process (list client child server))))))

(ert-deftest local-tests-port ()
  "A port that is asked for is the one that the client has."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (sockopt-tests-free-port))
           (client (sockopt-tests-client
                    server :local (vector 127 0 0 1 port))))
      (should (equal (process-contact client :local)
                     (vector 127 0 0 1 port))))))

(ert-deftest local-tests-datagrams ()
  "A client of datagrams sends from its own address."
  (sockopt-tests-clean
    (let* ((server (local-tests--datagrams))
           (client (local-tests--datagram-client server
                                                 :local [127 0 0 5 0])))
      (process-send-string client "ping")
      (should (sockopt-tests-wait (lambda () (process-get server 'got))))
      (should (equal (process-get server 'got)
                     `(("ping" . ,(process-contact client :local)))))
      (should (equal (local-tests--host client :local) '(127 0 0 5))))))

(ert-deftest local-tests-ipv6 ()
  "An IPv6 address of its own works as well."
  (sockopt-tests-need-ipv6)
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server :family 'ipv6 :host "::1"))
           (client (sockopt-tests-client server :family 'ipv6 :host "::1"
                                         :local [0 0 0 0 0 0 0 1 0])))
      (should (equal (local-tests--host client :local)
                     '(0 0 0 0 0 0 0 1))))))

(ert-deftest local-tests-name ()
  "Of the addresses of a name, those of the other family are not tried."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (sockopt-address-family-preference 'ipv6)
           (client (sockopt-tests-client server :host "localhost" :family nil
                                         :local [127 0 0 5 0])))
      (should (equal (local-tests--host client :remote) '(127 0 0 1)))
      (should (equal (length (plist-get (sockopt-connection client)
                                        :attempts))
                     1)))))

(ert-deftest local-tests-server-unchanged ()
  "The `:local' of a server is where it listens, as ever."
  (sockopt-tests-clean
    (let ((server (sockopt-make-network-process
                   :name "server" :server t :noquery t
                   :local [127 0 0 5 0])))
      (should (equal (local-tests--host server :local) '(127 0 0 5))))))

;;; With options

(ert-deftest local-tests-shared ()
  "Several clients share a port that they agree to share."
  (sockopt-tests-clean
    (let* ((port (sockopt-tests-free-port))
           (local (vector 127 0 0 1 port)))
      (dotimes (_ 2)
        (should (equal (process-contact
                        (sockopt-tests-client (sockopt-tests-server)
                                              :local local :reuseport t)
                        :local)
                       local)))
      (should-error (sockopt-tests-client (sockopt-tests-server)
                                          :local local)
                    :type 'sockopt-system-error))))

(ert-deftest local-tests-again-at-once ()
  "With `:reuseaddr' a port can be had that an old connection still holds."
  (sockopt-tests-clean
    (let* ((local (vector 127 0 0 1 (sockopt-tests-free-port))))
      (dotimes (_ 3)
        (let ((client (sockopt-tests-client (sockopt-tests-server)
                                            :local local :reuseaddr t)))
          (should (equal (process-contact client :local) local))
          ;; The end that closes first waits for a minute.
          (delete-process client)
          (accept-process-output nil 0.05)))
      (should-error (sockopt-tests-client (sockopt-tests-server)
                                          :local local)
                    :type 'sockopt-system-error))))

(ert-deftest local-tests-freebind ()
  "An address that this host does not have can be had in advance."
  (sockopt-tests-clean
    (let ((server (local-tests--datagrams)))
      (should (equal (local-tests--host
                      (local-tests--datagram-client
                       server :local [192 0 2 5 0] :ip-freebind t)
                      :local)
                     '(192 0 2 5))))))

(ert-deftest local-tests-transparent ()
  "So can another host's, with privilege."
  (unless (sockopt-supported-p :ip-transparent)
    (ert-skip "No transparent proxies here"))
  (unless (= (user-uid) 0)
    (ert-skip "Transparent proxies need root"))
  (sockopt-tests-clean
    (let ((server (local-tests--datagrams)))
      (should (equal (local-tests--host
                      (local-tests--datagram-client
                       server :local [192 0 2 5 0] :ip-transparent t)
                      :local)
                     '(192 0 2 5))))))

(ert-deftest local-tests-port-range ()
  "The kernel chooses from the range that it was given."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (unless (sockopt-supported-p :ip-local-port-range server)
        (ert-skip "This kernel has no :ip-local-port-range"))
      (dolist (late '(nil t))
        (let ((port (local-tests--port
                     (sockopt-tests-client
                      server :local [127 0 0 5 0]
                      :ip-bind-address-no-port late
                      :ip-local-port-range '(40000 40009))
                     :local)))
          (should (<= 40000 port 40009)))))))

(ert-deftest local-tests-late-port ()
  "With `:ip-bind-address-no-port' the port is chosen with the connection."
  (sockopt-tests-clean
    (should (< 0 (local-tests--port
                  (sockopt-tests-client (sockopt-tests-server)
                                        :local [127 0 0 5 0]
                                        :ip-bind-address-no-port t)
                  :local)))
    (let* ((server (local-tests--datagrams))
           (client (local-tests--datagram-client
                    server :local [127 0 0 5 0] :ip-bind-address-no-port t)))
      (should (equal (process-contact client :local) [127 0 0 5 0])))))

;;; Errors

(defun local-tests--error (&rest arguments)
  "Return the error of a client with ARGUMENTS, of a server that there is."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (sockopt-tests-error
       (lambda () (apply #'sockopt-tests-client server arguments))))))

(ert-deftest local-tests-other-family ()
  "If nothing has its family, that is an error about `:local'."
  (let ((message "make client process failed"))
    (dolist (local `([0 0 0 0 0 0 0 1 0] "/nowhere" "\0name" (16 . [0 0])))
      (let ((error (local-tests--error :local local)))
        (should (eq (car error) 'sockopt-system-error))
        (should (equal (nth 1 error) message))
        (should (equal (nthcdr 3 error)
                       (list :local local "it takes an address of the same \
family as where it connects to")))))
    (should (eq :local
                (nth 3 (local-tests--error :type 'datagram
                                           :local [0 0 0 0 0 0 0 1 0]))))))

(ert-deftest local-tests-hints ()
  "An address that cannot be had is named, with what would do."
  (let ((error (local-tests--error :local [192 0 2 5 0])))
    (should (equal (seq-take error 2)
                   '(sockopt-system-error "Cannot bind client socket")))
    (should (equal (seq-subseq error 3 5) '(:local [192 0 2 5 0])))
    (should (string-match-p ":ip-freebind" (nth 5 error))))
  (sockopt-tests-clean
    (let* ((taken (process-contact (sockopt-tests-server) :local))
           (error (local-tests--error :local taken)))
      (should (equal (seq-subseq error 3 5) (list :local taken)))
      (should (string-match-p "port 0" (nth 5 error))))))

(ert-deftest local-tests-malformed ()
  "What is no address is an error before there is a socket."
  (dolist (nowait '(nil t))
    (dolist (local '([1 2] here 7 (1 2)))
      (let ((error (local-tests--error :local local :nowait nowait)))
        (should error)
        (should (memq (car error) '(sockopt-error wrong-type-argument)))))
    (should (eq 'args-out-of-range
                (car (local-tests--error :local [127 0 0 256 0]
                                         :nowait nowait))))
    (should (equal (local-tests--error :local (make-string 200 ?x)
                                       :nowait nowait)
                   `(args-out-of-range :local ,(make-string 200 ?x) 107)))))

(ert-deftest local-tests-nowait-error ()
  "The sentinel of a client that does not wait is told of it."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (told nil))
      (sockopt-tests-client server :nowait t :local [192 0 2 5 0]
                            :sentinel (lambda (_process message)
                                        (setq told message)))
      (should (sockopt-tests-wait (lambda () told)))
      (should (string-match-p
               "\\`failed: Cannot bind client socket: .*:ip-freebind" told)))))

(ert-deftest local-tests-external-socket ()
  "Of a socket that Emacs was given, what core has not is passed over aloud."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server))
          told)
      (cl-letf (((symbol-function 'message)
                 (lambda (&rest arguments)
                   (push (apply #'format arguments) told))))
        (sockopt-tests-client server :use-external-socket t)
        (should-not told)
        (sockopt-tests-client server :use-external-socket t
                              :local [127 0 0 5 0] :protocol 'tcp
                              :connect-timeout 5))
      (dolist (keyword '(":local" ":protocol" ":connect-timeout"))
        (should (cl-find (concat "ignores " keyword ",") told
                         :test #'string-search))))))

;;; With the mode

(ert-deftest local-tests-mode ()
  "With the mode on core's callers have it, too; otherwise core has its way."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (process-contact server :service))
           (make (lambda (&rest arguments)
                   (apply #'make-network-process :name "client" :noquery t
                          :host "127.0.0.1" :service port
                          :family 'ipv4 arguments))))
      (should (equal (local-tests--host
                      (funcall make :local [127 0 0 5 0]) :local)
                     '(127 0 0 1)))
      (sockopt-tests-with-mode nil
        (should (equal (local-tests--host
                        (funcall make :local [127 0 0 5 0]) :local)
                       '(127 0 0 5)))
        (should (equal (local-tests--host (funcall make) :local)
                       '(127 0 0 1)))
        (should (eq (car (sockopt-tests-error
                          (lambda ()
                            (funcall make :local [192 0 2 5 0]))))
                    'sockopt-system-error))))))

(ert-deftest local-tests-open-network-stream ()
  "With the mode on `open-network-stream' takes it, with options or not."
  (sockopt-tests-clean
    (let ((port (process-contact (sockopt-tests-server) :service)))
      (sockopt-tests-with-mode nil
        (dolist (more '(nil (:connect-timeout 5) (:tcp-keepidle 77)))
          (let ((stream (apply #'open-network-stream "stream" nil "127.0.0.1"
                               port :local [127 0 0 5 0] more)))
            (set-process-query-on-exit-flag stream nil)
            (should (equal (local-tests--host stream :local) '(127 0 0 5)))
            (when (memq :tcp-keepidle more)
              (should (equal (sockopt-get stream :tcp-keepidle) 77)))))))))

(provide 'local-tests)
;;; local-tests.el ends here
