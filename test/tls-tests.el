;;; tls-tests.el --- Tests of TLS connections  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)
(require 'gnutls)
(require 'nsm)

(unless (fboundp 'sockopt-tests-warm-up)
  (defun sockopt-tests-warm-up ()
    "Have the module open the descriptors that it keeps."
    (sockopt-tests-clean
      (let ((server (make-network-process :name "server" :server t
                                          :host "127.0.0.1" :service t)))
        (sockopt-make-network-process
         :name "client" :host "127.0.0.1"
         :service (process-contact server :service))))))

(defvar tls-tests--port nil
  "The port of the server that is running.")

(defun tls-tests--certify (directory)
  "Make a certificate for localhost and its key in DIRECTORY."
  (let ((default-directory directory))
    (should (equal 0 (call-process
                      "openssl" nil nil nil "req" "-x509" "-nodes"
                      "-newkey" "rsa:2048" "-days" "2"
                      "-subj" "/CN=localhost"
                      "-addext" "subjectAltName=DNS:localhost"
                      "-keyout" "key.pem" "-out" "cert.pem")))))

(defun tls-tests--await-server ()
  "Wait until somebody listens on the port."
  (should (sockopt-tests-wait
           (lambda () (sockopt-tests-listening-p tls-tests--port)) 10)))

(defun tls-tests--start (directory &rest arguments)
  "Start a server with the certificate in DIRECTORY, and ARGUMENTS."
  (let ((default-directory directory))
    (make-process :name "openssl" :noquery t :connection-type 'pipe
                  :filter (lambda (process string)
                            (process-put process 'output
                                         (concat (process-get process 'output)
                                                 string)))
                  :command (append
                            (list "openssl" "s_server" "-4" "-accept"
                                  (format "127.0.0.1:%d" tls-tests--port)
                                  "-key" "key.pem" "-cert" "cert.pem"
                                  "-rev" "-quiet")
                            arguments))))

(defmacro tls-tests--with (&rest body)
  "Evaluate BODY with a TLS server that sends back lines in reverse."
  (declare (indent 0) (debug t))
  `(progn
     (unless (gnutls-available-p) (ert-skip "Emacs has no GnuTLS"))
     (unless (executable-find "openssl") (ert-skip "There is no openssl"))
     (unless (network-lookup-address-info "localhost" 'ipv4)
       (ert-skip "Nobody knows localhost here"))
     (sockopt-tests-with-directory directory
       (sockopt-tests-clean
         (let ((tls-tests--port (sockopt-tests-free-port))
               (network-security-level 'low)
               (nsm-settings-file (expand-file-name "nsm" directory))
               (gnutls-verify-error nil)
               (gnutls-trustfiles
                (list (expand-file-name "cert.pem" directory))))
           (tls-tests--certify directory)
           (tls-tests--start directory)
           (tls-tests--await-server)
           ,@body)))))

(defun tls-tests--parameters (&optional hostname)
  "Return the value of `:tls-parameters' for HOSTNAME or localhost."
  (cons 'gnutls-x509pki
        (gnutls-boot-parameters :type 'gnutls-x509pki
                                :hostname (or hostname "localhost"))))

(defun tls-tests--make (&rest arguments)
  "Make a TLS process by ARGUMENTS, of which the first is the function."
  (apply (pop arguments)
         (append arguments
                 (list :name "tls" :host "localhost" :noquery t
                       :service tls-tests--port :family 'ipv4
                       :sentinel #'tls-tests--note
                       :tls-parameters (tls-tests--parameters)))))

(defun tls-tests--note (process message)
  "Keep MESSAGE on PROCESS."
  (process-put process 'events (cons message (process-get process 'events))))

(defun tls-tests--events (process)
  "Return what the sentinel of PROCESS was told, the first first."
  (reverse (process-get process 'events)))

(defun tls-tests--settled-p (process)
  "Wait until the sentinel of PROCESS is called; return non-nil if it was."
  (sockopt-tests-wait (lambda () (tls-tests--events process)) 10))

(defun tls-tests--talks-p (process)
  "Return non-nil if data flow through PROCESS, by TLS."
  (let ((place (list "")))
    (set-process-filter process (sockopt-tests-collector place))
    (process-send-string process "hello\n")
    (and (sockopt-tests-wait (lambda () (equal (car place) "olleh\n")) 10)
         (plist-get (gnutls-peer-status process) :protocol))))

(defun tls-tests--check (process)
  "Check that PROCESS opens, just once, talks and has its options."
  (should (sockopt-tests-wait
           (lambda () (eq (process-status process) 'open)) 10))
  (should (sockopt-tests-wait
           (lambda () (gnutls-peer-status process)) 10))
  (should (tls-tests--talks-p process))
  (should (equal 77 (sockopt-get process :tcp-keepidle)))
  (should (eq t (sockopt-get process :keepalive)))
  (should (equal 77 (plist-get (sockopt-contact process t)
                               :tcp-keepidle))))

(defconst tls-tests--options '(:keepalive t :tcp-keepidle 77)
  "The options that processes get here.")

;;; `:tls-parameters'

(ert-deftest tls-tests-waiting ()
  "A connection that is waited for has TLS and its options."
  (tls-tests--with
    (let ((process (apply #'tls-tests--make #'sockopt-make-network-process
                          tls-tests--options)))
      (should (eq (process-status process) 'open))
      (should (equal (tls-tests--events process) '("open\n")))
      (tls-tests--check process)
      (should (equal (tls-tests--events process) '("open\n"))))))

(ert-deftest tls-tests-nowait ()
  "A connection that is not waited for has TLS and its options."
  (tls-tests--with
    (let ((process (apply #'tls-tests--make #'sockopt-make-network-process
                          :nowait t tls-tests--options)))
      (should (tls-tests--settled-p process))
      (should (equal (tls-tests--events process) '("open\n")))
      (tls-tests--check process)
      (should (equal (tls-tests--events process) '("open\n")))
      ;; What waited for the handshake is gone.
      (should (eq (process-sentinel process) #'tls-tests--note)))))

(ert-deftest tls-tests-mode ()
  "So it is with `make-network-process' when the mode is on."
  (tls-tests--with
    (dolist (more '(nil (:nowait t)))
      (sockopt-tests-with-mode nil
        (let ((process (apply #'tls-tests--make #'make-network-process
                              (append more tls-tests--options))))
          (should (tls-tests--settled-p process))
          (should (equal (tls-tests--events process) '("open\n")))
          (tls-tests--check process)
          (delete-process process))))))

(ert-deftest tls-tests-rules ()
  "A rule that is for TLS is for what has it."
  (tls-tests--with
    (sockopt-tests-with-mode '(((:tls t) (:keepalive t) (:tcp-keepidle 77)
                             (:tcp-congestion "nosuch"))
                            ((:tls nil) (:keepalive nil)))
      (dolist (more '(nil (:nowait t)))
        (let ((process (apply #'tls-tests--make #'make-network-process
                              more)))
          (should (tls-tests--settled-p process))
          (tls-tests--check process)
          (delete-process process))))))

(ert-deftest tls-tests-core-process ()
  "Options of a TLS process that core made are set."
  (tls-tests--with
    (let ((process (tls-tests--make #'make-network-process)))
      (sockopt-set-options process tls-tests--options)
      (tls-tests--check process))))

;;; Streams

(ert-deftest tls-tests-open-network-stream ()
  "`open-network-stream' makes TLS connections with options."
  (tls-tests--with
    (dolist (rules `(nil ((nil ,@(seq-partition tls-tests--options 2)))))
      (sockopt-tests-with-mode rules
        (dolist (more '((:type tls) (:type ssl)
                        (:type tls :return-list t)))
          (let* ((value (apply #'open-network-stream "s" nil "localhost"
                               tls-tests--port
                               (append more
                                       (and (null rules)
                                            tls-tests--options))))
                 (process (if (listp value) (car value) value)))
            (tls-tests--check process)
            (delete-process process)))))))

(ert-deftest tls-tests-open-network-stream-nowait ()
  "So it does without waiting."
  (tls-tests--with
    (sockopt-tests-with-mode nil
      (dolist (parameters (list nil (tls-tests--parameters)))
        (let ((process (apply #'open-network-stream "s" nil "localhost"
                              tls-tests--port :type 'tls :nowait t
                              :tls-parameters parameters
                              tls-tests--options)))
          (set-process-sentinel process #'tls-tests--note)
          (should (tls-tests--settled-p process))
          (should (equal (tls-tests--events process) '("open\n")))
          (tls-tests--check process)
          (delete-process process))))))

(defun tls-tests--relay (process other)
  "Pass on what PROCESS gets to OTHER, and the other way round."
  (let ((pass (lambda (to)
                (lambda (_process string)
                  (when (process-live-p to)
                    (process-send-string to string))))))
    (set-process-filter process (funcall pass other))
    (set-process-filter other (funcall pass process))))

(defun tls-tests--smtp (process string)
  "Answer STRING from PROCESS as a mail server with STARTTLS."
  (cond ((string-prefix-p "EHLO" string)
         (process-send-string process "250-here\r\n250 STARTTLS\r\n"))
        ((string-prefix-p "STARTTLS" string)
         (tls-tests--relay process
                           (make-network-process
                            :name "relay" :host "127.0.0.1" :coding 'binary
                            :service tls-tests--port))
         (process-send-string process "220 Go on\r\n"))))

(defun tls-tests--serve-mail (port)
  "Be a mail server that passes on to the TLS server at PORT.
That is for an Emacs of its own, as the other waits for the handshake."
  (setq tls-tests--port port)
  (message "PORT %d"
           (process-contact
            (make-network-process
             :name "mail" :server t :host "127.0.0.1" :family 'ipv4
             :service t :noquery t :coding 'binary :sentinel #'ignore
             :filter #'tls-tests--smtp
             :log (lambda (_server client _message)
                    (process-send-string client "220 Welcome\r\n")))
            :service))
  (with-timeout (30)
    (while t
      (accept-process-output nil 0.05))))

(defconst tls-tests--file (or load-file-name buffer-file-name)
  "This file.")

(defun tls-tests--mail-server ()
  "Start a mail server that knows STARTTLS, and return its port."
  (let* ((place (list ""))
         (form (format "(tls-tests--serve-mail %d)" tls-tests--port)))
    (make-process
     :name "mail" :noquery t :connection-type 'pipe
     :filter (sockopt-tests-collector place)
     :command (append (sockopt-tests-command)
                      (mapcan (lambda (directory) (list "-L" directory))
                              (mapcar #'expand-file-name load-path))
                      (list "-l" tls-tests--file "--eval" form)))
    (should (sockopt-tests-wait
             (lambda () (string-match "PORT \\([0-9]+\\)\n" (car place)))
             10))
    (string-to-number (match-string 1 (car place)))))

(ert-deftest tls-tests-starttls ()
  "A stream of type starttls has TLS in the end, and its options."
  (tls-tests--with
    (sockopt-tests-with-mode nil
      (tls-tests--check
       (with-timeout (20 (ert-fail "The stream does not begin TLS"))
         (apply #'open-network-stream "s" nil "localhost"
                (tls-tests--mail-server)
                :type 'starttls :capability-command "EHLO localhost\r\n"
                :end-of-command "^[0-9]+ .*\n" :success "^2.*\n"
                ;; Once TLS has begun, the server knows no SMTP.
                :end-of-capability "^[0-9]+ .*\n\\|OLHE"
                :starttls-function (lambda (text)
                                     (and (string-search "STARTTLS" text)
                                          "STARTTLS\r\n"))
                tls-tests--options))))))

(ert-deftest tls-tests-negotiate ()
  "`gnutls-negotiate' begins TLS on a plain process of ours."
  (tls-tests--with
    (dolist (more '(nil (:nowait t)))
      (let ((process (apply #'tls-tests--make #'sockopt-make-network-process
                            :tls-parameters nil
                            (append more tls-tests--options))))
        (should (sockopt-tests-open-p process))
        (should-not (gnutls-peer-status process))
        (should (gnutls-negotiate :process process
                                  :hostname "localhost"))
        (tls-tests--check process)
        (delete-process process)))))

;;; What must fail

(defun tls-tests--wrong (function &rest more)
  "Make by FUNCTION a process that wants another host's certificate.
MORE are arguments besides."
  (let ((gnutls-verify-error t))
    (apply #'tls-tests--make function :tls-parameters
           (tls-tests--parameters "wrong.example") more)))

(ert-deftest tls-tests-wrong-host ()
  "Another host's certificate is an error when certificates are verified."
  (tls-tests--with
    (dolist (function '(make-network-process sockopt-make-network-process))
      (let ((processes (process-list)))
        (should-error (tls-tests--wrong function))
        (when (eq function 'sockopt-make-network-process)
          (should (equal (process-list) processes)))))))

(defun tls-tests--failed-p (process)
  "Return non-nil if PROCESS fails, and its sentinel heard nothing else.
Core calls no sentinel when a handshake fails, only sets the status."
  (and (sockopt-tests-wait
        (lambda () (eq (process-status process) 'failed)) 10)
       (not (sockopt-tests-wait
             (lambda () (member "open\n" (tls-tests--events process))) 0.3))
       (eq (process-status process) 'failed)))

(ert-deftest tls-tests-wrong-host-nowait ()
  "So it is without waiting: the process fails and never is open."
  (tls-tests--with
    (dolist (function '(make-network-process sockopt-make-network-process))
      (let ((process (tls-tests--wrong function :nowait t)))
        (should (tls-tests--failed-p process))
        (delete-process process)))))

(ert-deftest tls-tests-right-host ()
  "The right host's certificate passes when certificates are verified."
  (tls-tests--with
    (dolist (more '(nil (:nowait t)))
      (let* ((gnutls-verify-error t)
             (process (apply #'tls-tests--make
                             #'sockopt-make-network-process
                             (append more tls-tests--options))))
        (tls-tests--check process)
        (delete-process process)))))

(ert-deftest tls-tests-refused ()
  "Where nobody listens, TLS or not makes no difference."
  (tls-tests--with
    (let ((tls-tests--port (sockopt-tests-free-port)))
      (should (memq 'file-error
                    (get (car (sockopt-tests-error
                               (lambda ()
                                 (tls-tests--make
                                  #'sockopt-make-network-process))))
                         'error-conditions)))
      (let ((process (tls-tests--make #'sockopt-make-network-process
                                      :nowait t)))
        (should (tls-tests--settled-p process))
        (should (equal (tls-tests--events process)
                       '("failed with code 111\n")))))))

(ert-deftest tls-tests-not-tls ()
  "A peer that does not speak TLS fails the connection."
  (tls-tests--with
    (let* ((server (sockopt-tests-server
                    :log (lambda (_server client _message)
                           (process-send-string client "No TLS here.\n"))))
           (tls-tests--port (process-contact server :service))
           (process (tls-tests--make #'sockopt-make-network-process
                                     :nowait t)))
      (should (tls-tests--failed-p process))
      (should (tls-tests--told-once-p process)))))

(defun tls-tests--told-once-p (process)
  "Return non-nil if the sentinel of PROCESS hears once that TLS failed.
Core tells nobody, we do."
  (sockopt-tests-wait (lambda () (tls-tests--events process)))
  (sockopt-tests-wait #'ignore 1.2)
  (equal (tls-tests--events process) '("failed: TLS negotiation failed\n")))

(ert-deftest tls-tests-not-tls-later ()
  "A sentinel that was set meanwhile hears that, too."
  (tls-tests--with
    (let* ((server (sockopt-tests-server))
           (child nil)
           (tls-tests--port (process-contact server :service))
           (process (tls-tests--make #'sockopt-make-network-process
                                     :nowait t :sentinel #'ignore)))
      (set-process-filter server (lambda (one _string) (setq child one)))
      (should (sockopt-tests-wait (lambda () child)))
      (set-process-sentinel process #'tls-tests--note)
      (process-send-string child "No TLS here.\n")
      (should (tls-tests--failed-p process))
      (should (tls-tests--told-once-p process)))))

(ert-deftest tls-tests-not-tls-waiting ()
  "So it does when the connection is waited for, and nothing is left."
  (tls-tests--with
    (let ((tls-tests--port (tls-tests--mail-server))
          (processes (process-list)))
      (should-error (tls-tests--make #'sockopt-make-network-process))
      (should (equal (process-list) processes)))))

(ert-deftest tls-tests-deleted ()
  "A process that is deleted while it begins TLS leaves nothing behind."
  (tls-tests--with
    (let ((server (sockopt-tests-server)))
      (dolist (seconds '(0 0.01 0.1))
        (let* ((tls-tests--port (process-contact server :service))
               (process (tls-tests--make #'sockopt-make-network-process
                                         :nowait t)))
          (sockopt-tests-wait #'ignore seconds)
          (delete-process process)
          (should-not (process-live-p process))
          (should-not (member "open\n" (tls-tests--events process))))))))

;;; Deleting

(ert-deftest tls-tests-delete ()
  "Deleting when the peer has all tells it that TLS ends."
  :tags '((needs :tcp-info))
  (tls-tests--with
    (let* ((tls-tests--port (sockopt-tests-free-port))
           (server (tls-tests--start directory "-msg")))
      (tls-tests--await-server)
      (let ((process (tls-tests--make #'sockopt-make-network-process)))
        (should (tls-tests--talks-p process))
        (should-not (string-match-p "close_notify"
                                    (process-get server 'output)))
        (sockopt-delete-process process)
        (should (sockopt-tests-says-p server "close_notify" 5))
        (should (sockopt-tests-wait
                 (lambda () (not (process-live-p process)))))))))

;;; Many

(defconst tls-tests--many (if (getenv "REPORT") 50 200)
  "How many connections are many.
Sanitizers make all slow, and gnutls-serv gives up a handshake after 40
seconds.")

(defun tls-tests--one-by-one ()
  "Connect without waiting; return non-nil if that talks; hang up."
  (let ((process (tls-tests--make #'sockopt-make-network-process
                                  :nowait t :keepalive t)))
    (prog1 (and (tls-tests--settled-p process)
                (equal (tls-tests--events process) '("open\n"))
                (tls-tests--talks-p process)
                (sockopt-get process :keepalive))
      (delete-process process))))

(ert-deftest tls-tests-many ()
  "Of many asynchronous connections, all open and carry data."
  (tls-tests--with
    (let ((end (+ (float-time) 90))
          (open 0))
      (dotimes (_ tls-tests--many)
        (when (and (< (float-time) end) (tls-tests--one-by-one))
          (cl-incf open)))
      (should (= open tls-tests--many)))))

(defun tls-tests--start-echo (directory)
  "Start a server that serves many at once, with the key in DIRECTORY."
  (unless (executable-find "gnutls-serv") (ert-skip "There is no gnutls-serv"))
  (setq tls-tests--port (sockopt-tests-free-port))
  (let ((default-directory directory))
    (make-process :name "gnutls-serv" :noquery t :connection-type 'pipe
                  :command (list "gnutls-serv" "--echo" "--quiet"
                                 "--port" (number-to-string tls-tests--port)
                                 "--x509keyfile" "key.pem"
                                 "--x509certfile" "cert.pem"))))

(defconst tls-tests--at-once 20
  "How many connect at once.
The server hangs up on what has sent nothing for half a minute.  On a busy
machine that passes while hundreds begin TLS, but not for each of a few.")

(defun tls-tests--greet (process message)
  "Keep MESSAGE on PROCESS, and say hello once it is open."
  (tls-tests--note process message)
  (when (equal message "open\n")
    (process-send-string process "hello\n")))

(defun tls-tests--hear (process string)
  "Keep STRING on PROCESS, and its option once it was answered."
  (let ((heard (concat (process-get process 'heard) string)))
    (process-put process 'heard heard)
    (when (equal heard "hello\n")
      (process-put process 'idle (sockopt-get process :tcp-keepidle)))))

(defun tls-tests--busy-p (process)
  "Return non-nil if PROCESS connects or waits for its answer."
  (and (process-live-p process)
       (null (process-get process 'idle))))

(defun tls-tests--settled-all-p (processes most)
  "Wait until at most MOST of PROCESSES are busy; return non-nil then."
  (sockopt-tests-wait
   (lambda () (<= (cl-count-if #'tls-tests--busy-p processes) most)) 60))

(ert-deftest tls-tests-many-at-once ()
  "Of many that connect, some at the same time, all open and carry data."
  (tls-tests--with
    (tls-tests--start-echo directory)
    (tls-tests--await-server)
    (let (processes)
      (dotimes (_ tls-tests--many)
        (push (tls-tests--make #'sockopt-make-network-process
                               :nowait t :tcp-keepidle 77
                               :sentinel #'tls-tests--greet
                               :filter #'tls-tests--hear)
              processes)
        (should (tls-tests--settled-all-p processes tls-tests--at-once)))
      (should (tls-tests--settled-all-p processes 0))
      (dolist (process processes)
        (should (equal (car (tls-tests--events process)) "open\n"))
        (should (equal (process-get process 'heard) "hello\n"))
        (should (equal (process-get process 'idle) 77))))))

(ert-deftest tls-tests-at-once ()
  "Several connect at once, each to a server that serves one at a time."
  (tls-tests--with
    (let (processes)
      (dotimes (_ 6)
        (let ((tls-tests--port (sockopt-tests-free-port)))
          (tls-tests--start directory)
          (tls-tests--await-server)
          (push (apply #'tls-tests--make #'sockopt-make-network-process
                       :nowait t tls-tests--options)
                processes)))
      (mapc #'tls-tests--check processes)
      (dolist (process processes)
        (should (equal (tls-tests--events process) '("open\n")))))))

(provide 'tls-tests)
;;; tls-tests.el ends here
