;;; mode-tests.el --- Tests of the mode and its rules  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)
(require 'wid-edit)

(unless (fboundp 'sockopt-tests-warm-up)
  (defun sockopt-tests-warm-up ()
    "Have the module open the descriptors that it keeps."
    (let* ((server (mode-tests--server))
           (client (mode-tests--client server :keepalive t)))
      (mapc #'delete-process (list client server)))))

(defmacro mode-tests--with (rules &rest body)
  "Evaluate BODY with the mode on and RULES in force, then clean up.
RULES nil means none."
  (declare (indent 1) (debug t))
  `(sockopt-tests-clean
     (sockopt-tests-with-mode ,rules ,@body)))

(defun mode-tests--server (&rest arguments)
  "Make a server with `make-network-process' and ARGUMENTS besides."
  (apply #'make-network-process
         (append arguments (list :name "server" :server 50 :noquery t
                                 :host "127.0.0.1" :service t
                                 :family 'ipv4))))

(defun mode-tests--port (server)
  "Return the port of SERVER."
  (process-contact server :service))

(defun mode-tests--client (server &rest arguments)
  "Make a client of SERVER with `make-network-process' and ARGUMENTS."
  (apply #'make-network-process
         (append arguments (list :name "client" :noquery t
                                 :host "127.0.0.1" :family 'ipv4
                                 :service (mode-tests--port server)))))

(defun mode-tests--open-p (process)
  "Wait for PROCESS to be open and return non-nil if it is."
  (sockopt-tests-wait (lambda () (eq (process-status process) 'open))))

(defun mode-tests--echo (process string)
  "Send STRING back through PROCESS."
  (process-send-string process string))

(defun mode-tests--answers-p (process)
  "Return non-nil if what is sent to PROCESS, an echo's client, returns."
  (let ((place (list "")))
    (set-process-filter process (sockopt-tests-collector place))
    (process-send-string process "ping")
    (sockopt-tests-wait (lambda () (equal (car place) "ping")))))

(defmacro mode-tests--messages (&rest body)
  "Evaluate BODY and return the lines it adds to *Messages* as a list."
  (declare (indent 0) (debug t))
  `(let ((messages nil)
         (inhibit-message t)
         (message-log-max t))
     (with-current-buffer (messages-buffer)
       (let ((start (copy-marker (point-max))))
         (with-temp-buffer ,@body)
         (setq messages (buffer-substring-no-properties
                         start (point-max)))))
     (split-string messages "\n" t)))

;;; Core is reached as it is

(defvar mode-tests--seen nil
  "The argument lists that reached core, the last first.")

(defun mode-tests--spy (core &rest args)
  "Note ARGS, then call CORE with them."
  (push args mode-tests--seen)
  (apply core args))

(defmacro mode-tests--spying (symbol &rest body)
  "Evaluate BODY with the arguments that reach core's SYMBOL noted."
  (declare (indent 1) (debug t))
  `(let ((mode-tests--seen nil))
     (advice-add ,symbol :around #'mode-tests--spy '((depth . 100)))
     (unwind-protect
         (progn ,@body)
       (advice-remove ,symbol #'mode-tests--spy))))

(defun mode-tests--same-arguments-p (arguments)
  "Return non-nil if core last got the very ARGUMENTS."
  (and (= (length arguments) (length (car mode-tests--seen)))
       (cl-every #'eq arguments (car mode-tests--seen))))

(ert-deftest mode-tests-core-arguments ()
  "Calls that name no option and match no rule reach core as they are."
  (mode-tests--with '(((:name "\\`nobody") (:keepalive t)))
    (let ((port (mode-tests--port (mode-tests--server))))
      (mode-tests--spying 'make-network-process
        (dolist (arguments
                 `((:name "a" :host "127.0.0.1" :service ,port)
                   (:name "b" :remote [127 0 0 1 ,port] :noquery t)
                   (:name "c" :host "127.0.0.1" :service ,port :nowait t)
                   (:name "d" :unheard-of ,(list 1) :service ,port
                          :host "127.0.0.1")
                   (:name "e" :server t :service t :family ipv4)
                   (:name "f" :type datagram :host "127.0.0.1" :service 9)
                   ()))
          (apply #'make-network-process arguments)
          (should (mode-tests--same-arguments-p arguments)))
        (should (= (length mode-tests--seen) 7))))))

(ert-deftest mode-tests-core-arguments-of-streams ()
  "A stream that names no option reaches core as it is."
  (mode-tests--with nil
    (let ((arguments (list "s" nil "127.0.0.1"
                           (mode-tests--port (mode-tests--server))
                           :type 'plain :nowait nil)))
      (mode-tests--spying 'open-network-stream
        (apply #'open-network-stream arguments)
        (should (mode-tests--same-arguments-p arguments))))))

(defun mode-tests--contact (arguments)
  "Return the contact plist of a process made with ARGUMENTS, no ports."
  (let* ((process (apply #'make-network-process arguments))
         (contact (copy-sequence (process-contact process t))))
    (delete-process process)
    (dolist (key '(:local :remote) contact)
      (when (vectorp (plist-get contact key))
        (setf (plist-get contact key)
              (append (butlast (append (plist-get contact key) nil))
                      nil))))))

(ert-deftest mode-tests-core-contacts ()
  "Contacts are the same with the mode on and off."
  (sockopt-tests-clean
    (let ((port (mode-tests--port (mode-tests--server))))
      (dolist (arguments
               `((:name "a" :host "127.0.0.1" :service ,port)
                 (:name "b" :remote [127 0 0 1 ,port] :plist (x 1))
                 (:name "c" :host "127.0.0.1" :service ,port :keepalive t)
                 (:name "d" :unheard-of 1 :host "127.0.0.1"
                        :service ,port)
                 (:name "e" :type datagram :host "127.0.0.1" :service 9)))
        (let ((off (mode-tests--contact arguments)))
          (mode-tests--with nil
            (should (equal (mode-tests--contact arguments) off))))))))

(ert-deftest mode-tests-module-not-loaded ()
  "The module is not loaded before an option or a rule needs it."
  (let ((output
         (sockopt-tests-emacs
          "-L" (file-name-directory (locate-library "sockopt"))
          "-l" "sockopt-mode"
          "--eval"
          "(let (server)
             (sockopt-mode 1)
             (setq sockopt-rules '(((:name \"z\") (:keepalive t))))
             (setq server (make-network-process
                           :name \"s\" :server t :family 'ipv4
                           :host \"127.0.0.1\" :service t :unheard-of 1))
             (open-network-stream \"s\" nil \"127.0.0.1\"
                                  (process-contact server :service))
             (process-contact server t)
             (message \"LOADED %S\" (sockopt--loaded-p))
             (make-network-process
              :name \"z\" :host \"127.0.0.1\"
              :service (process-contact server :service))
             (message \"LOADED %S\" (sockopt--loaded-p)))")))
    (should (string-match-p "LOADED nil\n\\(.*\n\\)*LOADED t" output))))

(ert-deftest mode-tests-off-restores-core ()
  "Turning the mode off gives each symbol its very own function again."
  (let* ((symbols (mapcar #'car sockopt-mode--advice))
         (functions (mapcar #'symbol-function symbols)))
    (should-not sockopt-mode)
    (mode-tests--with nil
      (should sockopt-mode)
      (should-not (cl-some #'eq functions
                           (mapcar #'symbol-function symbols))))
    (should (cl-every #'eq functions
                      (mapcar #'symbol-function symbols)))
    ;; On twice is on once.
    (sockopt-mode 1)
    (mode-tests--with nil (ignore))
    (should (cl-every #'eq functions
                      (mapcar #'symbol-function symbols)))))

(ert-deftest mode-tests-off-takes-no-options ()
  "With the mode off, core ignores or refuses options as ever."
  (mode-tests--with '((nil (:keepalive t)))
    (sockopt-mode -1)
    (let ((client (mode-tests--client (mode-tests--server)
                                      :tcp-keepidle 77)))
      (should (/= (sockopt-get client :tcp-keepidle) 77))
      (should-not (sockopt-get client :keepalive))
      (should-error (set-network-process-option client :tcp-keepidle 7)))))

;;; Options by core's functions

(ert-deftest mode-tests-make-network-process ()
  "Options in `make-network-process' reach the kernel and the contact."
  (mode-tests--with nil
    (let* ((server (mode-tests--server :rcvbuf 20000 :reuseport t))
           (client (mode-tests--client server :tcp-keepidle 77
                                       :tcp-nodelay t :keepalive t)))
      (should (equal (sockopt-get server :rcvbuf) 40000))
      (should (eq (sockopt-get server :reuseport) t))
      (should (equal (sockopt-get client :tcp-keepidle) 77))
      (should (eq (sockopt-get client :tcp-nodelay) t))
      (let ((contact (process-contact client t)))
        (should (equal (plist-get contact :tcp-keepidle) 77))
        (should (eq (plist-get contact :tcp-nodelay) t))
        (should (eq (plist-get contact :keepalive) t))))))

(ert-deftest mode-tests-native-caller ()
  "Callers that are compiled natively reach the mode as well.
They call primitives directly, but for those that Emacs sees advised."
  (unless (and (fboundp 'native-comp-available-p) (native-comp-available-p))
    (ert-skip "Emacs has no native compiler"))
  (when (getenv "REPORT")
    (ert-skip "The native compiler hangs under the sanitizers"))
  (let ((output
         (sockopt-tests-emacs
          "-L" (file-name-directory (locate-library "sockopt"))
          "-l" "sockopt-mode"
          "--eval"
          "(let ((port (process-contact
                        (make-network-process
                         :name \"s\" :server t :host \"127.0.0.1\"
                         :family 'ipv4 :service t :noquery t)
                        :service)))
             (defun connect (port)
               (make-network-process
                :name \"c\" :host \"127.0.0.1\" :service port
                :noquery t :tcp-keepidle 77))
             (native-compile 'connect)
             (dolist (mode '(1 -1))
               (sockopt-mode mode)
               (message \"NATIVE %S %S\"
                        (subr-native-elisp-p (symbol-function 'connect))
                        (eql (sockopt-get (connect port) :tcp-keepidle)
                             77))))")))
    (should (string-match-p "NATIVE t t\n\\(.*\n\\)*NATIVE t nil"
                            output))))

(ert-deftest mode-tests-unknown-keywords ()
  "Keywords that nobody knows are ignored, with and without options."
  (mode-tests--with '(((:name "ruled") (:keepalive t)))
    (let ((server (mode-tests--server :unheard-of 1)))
      (dolist (more '(nil (:tcp-keepidle 77) (:name "ruled")
                          (:nowait t :tcp-keepidle 77)
                          (:name "ruled" :nowait t)))
        (let ((client (apply #'mode-tests--client server
                             (append more '(:keepaliv t)))))
          (should (mode-tests--open-p client))
          (should (eq (process-contact client :keepaliv) t)))))))

(ert-deftest mode-tests-wrong-option-signals ()
  "An option of the caller's with a wrong value is the caller's error."
  (mode-tests--with nil
    (let* ((server (mode-tests--server))
           (processes (process-list)))
      (dolist (more '((:tcp-keepidle x) (:tcp-keepidle 9999999)
                      (:nowait t :tcp-keepidle x)))
        (should-error (apply #'mode-tests--client server more)))
      (should (equal (process-list) processes)))))

(ert-deftest mode-tests-open-network-stream ()
  "Options in `open-network-stream' are set, waiting or not."
  (mode-tests--with nil
    (let ((port (mode-tests--port
                 (mode-tests--server :filter #'mode-tests--echo))))
      (dolist (more '(nil (:type plain) (:nowait t) (:type network)
                          (:type plain :nowait t)
                          (:type plain :return-list t)))
        (let* ((value (apply #'open-network-stream "s" nil "127.0.0.1"
                             port :tcp-keepidle 77 :keepalive t more))
               (stream (if (listp value) (car value) value)))
          (should (mode-tests--open-p stream))
          (should (equal (sockopt-get stream :tcp-keepidle) 77))
          (should (eq (sockopt-get stream :keepalive) t))
          (should (equal (process-contact stream :tcp-keepidle) 77))
          (should (mode-tests--answers-p stream)))))))

(ert-deftest mode-tests-open-network-stream-only-its-own ()
  "What a stream is given does not reach what it makes inside."
  (mode-tests--with nil
    (let* ((server (mode-tests--server))
           (port (mode-tests--port server))
           other)
      (cl-letf* ((make (symbol-function 'make-network-process))
                 ((symbol-function 'make-network-process)
                  (lambda (&rest args)
                    (unless other
                      (setq other t
                            other (mode-tests--client server)))
                    (apply make args))))
        (let ((stream (open-network-stream "s" nil "127.0.0.1" port
                                           :tcp-keepidle 77)))
          (should (equal (sockopt-get stream :tcp-keepidle) 77))
          (should (/= (sockopt-get other :tcp-keepidle) 77)))))))

(ert-deftest mode-tests-shell-stream ()
  "A stream by a shell command is left alone."
  (mode-tests--with nil
    (let ((stream (open-network-stream
                   "s" nil "127.0.0.1" 9 :type 'shell
                   :shell-command "cat" :tcp-keepidle 77)))
      (should (processp stream))
      (should-not (eq (process-type stream) 'network)))))

(ert-deftest mode-tests-set-network-process-option ()
  "`set-network-process-option' sets every option of any process."
  (mode-tests--with nil
    (let ((client (mode-tests--client (mode-tests--server))))
      (set-network-process-option client :tcp-keepidle 77)
      (should (equal (sockopt-get client :tcp-keepidle) 77))
      (should (equal (plist-get (process-contact client t)
                                :tcp-keepidle)
                     77))
      (set-network-process-option client :keepalive t)
      (should (eq (sockopt-get client :keepalive) t))
      (should-error (set-network-process-option client :unheard-of 1))
      (should-not (set-network-process-option client :unheard-of 1 t))
      (should-not (set-network-process-option client :udp-cork t t))
      (should-error (set-network-process-option client
                                                :udp-cork t)))))

(ert-deftest mode-tests-process-contact ()
  "`process-contact' shows options as the kernel has them now."
  (mode-tests--with nil
    (let* ((server (mode-tests--server))
           (client (mode-tests--client server :rcvbuf 20000)))
      (should (equal (process-contact client :rcvbuf) 40000))
      (should (equal (plist-get (process-contact client t) :rcvbuf) 40000))
      ;; Behind the package's back, as another program might: SOL_SOCKET,
      ;; SO_RCVBUF.
      (when (eq system-type 'gnu/linux)
        (sockopt-set-raw client 1 8 (mode-tests--int 10000))
        (should (equal (process-contact client :rcvbuf) 20000))
        (should (equal (plist-get (process-contact client t) :rcvbuf)
                       20000)))
      ;; What no one asked for can be shown, too.
      (should (integerp (process-contact client :tcp-maxseg)))
      (should (equal (process-contact client)
                     (list "127.0.0.1" (mode-tests--port server))))
      (should (equal (process-contact client :name) "client"))
      (should-not (process-contact client :unheard-of)))))

(defun mode-tests--int (number)
  "Return NUMBER, less than 65536, as the four bytes of a C int."
  (let ((bytes (list (logand number 255) (ash number -8) 0 0)))
    (apply #'unibyte-string
           (if (eq (byteorder) ?B) (reverse bytes) bytes))))

(ert-deftest mode-tests-process-contact-of-the-dead ()
  "Contacts of dead and of other processes are shown as core does."
  (mode-tests--with nil
    (let ((client (mode-tests--client (mode-tests--server)
                                      :tcp-keepidle 77))
          (pipe (make-pipe-process :name "pipe" :noquery t)))
      (delete-process client)
      (should (equal (process-contact client :tcp-keepidle) 77))
      (should (equal (plist-get (process-contact client t) :tcp-keepidle)
                     77))
      (should (equal (plist-get (process-contact pipe t) :name) "pipe"))
      (should-not (process-contact pipe :tcp-keepidle)))))

;;; Which rules match

(defun mode-tests--ruled-p (match &rest arguments)
  "Return non-nil if a rule with MATCH is for a client by ARGUMENTS."
  (let ((sockopt-rules `((,match (:priority 3)))))
    (equal 3 (mode-tests--priority arguments))))

(defun mode-tests--priority (arguments)
  "Return the priority of a process made by ARGUMENTS, and delete it."
  (let ((process (apply #'make-network-process :noquery t arguments)))
    (prog1 (sockopt-get process :priority)
      (delete-process process))))

(ert-deftest mode-tests-match ()
  "Each condition of a rule holds when it should and not otherwise."
  (mode-tests--with nil
    (let* ((port (mode-tests--port (mode-tests--server)))
           (client (list :name "erc-x" :host "127.0.0.1" :service port
                         :family 'ipv4)))
      (pcase-dolist
          (`(,expected ,match)
           `((t nil) (t (:name "erc")) (nil (:name "\\`rc"))
             (t (:host "\\`127\\.")) (nil (:host "example"))
             (t (:service ,port)) (t (:service ,(number-to-string port)))
             (nil (:service 1)) (t (:service (1 ,port)))
             (t (:service ("x" ,(number-to-string port))))
             (nil (:service (1 2))) (nil (:service nil))
             (t (:family ipv4)) (nil (:family ipv6)) (nil (:family local))
             (t (:type stream)) (nil (:type datagram))
             (t (:server nil)) (nil (:server t))
             (t (:tls nil)) (nil (:tls t))
             (t (:predicate identity)) (nil (:predicate ignore))
             (t (:name "erc" :host "127" :server nil))
             (nil (:name "erc" :host "127" :server t))))
        (ert-info ((format "%S" match))
          (should (eq expected (apply #'mode-tests--ruled-p match
                                      client))))))))

(ert-deftest mode-tests-match-others ()
  "Conditions hold for datagrams, servers and local sockets."
  (mode-tests--with nil
    (sockopt-tests-with-directory directory
      (let ((datagram '(:name "d" :type datagram :host "127.0.0.1"
                              :service 9))
            (server '(:name "s" :server t :host "127.0.0.1" :service t))
            (local (list :name "l" :server t :family 'local
                         :service (expand-file-name "s" directory))))
        (should (apply #'mode-tests--ruled-p '(:type datagram) datagram))
        (should-not (apply #'mode-tests--ruled-p '(:type stream) datagram))
        (should (apply #'mode-tests--ruled-p '(:server t) server))
        (should-not (apply #'mode-tests--ruled-p '(:server nil) server))
        (should (apply #'mode-tests--ruled-p '(:family local) local))
        (delete-file (plist-get local :service))
        (should-not (apply #'mode-tests--ruled-p '(:host "") local))))))

(ert-deftest mode-tests-predicate ()
  "The predicate of a rule is called with the arguments."
  (let (seen)
    (mode-tests--with `(((:predicate
                          ,(lambda (args)
                             (push (copy-sequence args) seen)
                             (equal (plist-get args :plist) '(yes t))))
                         (:priority 3)))
      (let ((server (mode-tests--server)))
        (should (equal 3 (sockopt-get (mode-tests--client
                                       server :plist '(yes t))
                                      :priority)))
        (should (equal (plist-get (car seen) :service)
                       (mode-tests--port server)))
        (should (equal 0 (sockopt-get (mode-tests--client server)
                                      :priority)))))))

;;; What rules do

(defun mode-tests--values (process &rest options)
  "Return the values of OPTIONS of PROCESS as a list."
  (mapcar (lambda (option) (sockopt-get process option)) options))

(ert-deftest mode-tests-rules-in-order ()
  "All rules that match apply; the later wins, and the caller over all."
  (mode-tests--with '((nil (:priority 3) (:tcp-keepidle 50))
                      ((:name "other") (:priority 6))
                      (nil (:priority 4) (:priority 5) (:ip-ttl 40)))
    (let ((server (mode-tests--server)))
      (dolist (more '(nil (:nowait t)))
        (let ((ruled (apply #'mode-tests--client server more))
              (asked (apply #'mode-tests--client server
                            :priority 1 :tcp-syncnt 3 more)))
          (should (mode-tests--open-p ruled))
          (should (mode-tests--open-p asked))
          (should (equal '(5 50 40)
                         (mode-tests--values
                          ruled :priority :tcp-keepidle :ip-ttl)))
          (should (equal '(1 50 40 3)
                         (mode-tests--values asked :priority :tcp-keepidle
                                             :ip-ttl :tcp-syncnt)))
          (should (equal 5 (plist-get (process-contact ruled t)
                                      :priority)))
          (should (equal 1 (plist-get (process-contact asked t)
                                      :priority))))))))

(ert-deftest mode-tests-presets ()
  "Presets, those there are and one's own, set what they say."
  (let ((presets (copy-tree sockopt-presets))
        (sockopt-presets (append sockopt-presets
                                 '((mine :priority 3 :ip-ttl 40)))))
    (mode-tests--with '((nil dead-peer low-latency mine (:ip-ttl 41)))
      (let ((server (mode-tests--server)))
        (dotimes (_ 2)
          (should (equal '(t 60 10 6 120000 t 3 41)
                         (mode-tests--values
                          (mode-tests--client server)
                          :keepalive :tcp-keepidle :tcp-keepintvl
                          :tcp-keepcnt :tcp-user-timeout :tcp-nodelay
                          :priority :ip-ttl))))))
    (should (equal presets (butlast sockopt-presets)))))

(ert-deftest mode-tests-rules-before-connect ()
  "What counts only before bind or connect is set by a rule in time."
  (mode-tests--with '(((:server nil) (:tcp-maxseg 600)
                       (:ip-bind-address-no-port t))
                      ((:server t) (:ip-freebind t)))
    (let ((server (mode-tests--server :local [192 0 2 77 0])))
      (should (eq (process-status server) 'listen))
      (delete-process server))
    (let ((server (mode-tests--server)))
      (dolist (more '(nil (:nowait t)))
        (let ((client (apply #'mode-tests--client server more)))
          (should (mode-tests--open-p client))
          ;; From the SYN: the peer's idea of it is smaller, too.
          (should (<= (sockopt-get client :tcp-maxseg) 600)))))))

(ert-deftest mode-tests-rules-for-datagrams ()
  "Rules are for datagram processes, too, which then talk."
  (mode-tests--with '(((:type datagram) (:priority 3)))
    (let* ((place (list ""))
           (server (make-network-process
                    :name "ds" :type 'datagram :server t :family 'ipv4
                    :host "127.0.0.1" :service t
                    :filter (sockopt-tests-collector place)))
           (client (make-network-process
                    :name "dc" :type 'datagram :host "127.0.0.1"
                    :service (process-contact server :service))))
      (should (equal 3 (sockopt-get server :priority)))
      (should (equal 3 (sockopt-get client :priority)))
      (process-send-string client "ping")
      (should (sockopt-tests-wait
               (lambda () (equal (car place) "ping")))))))

(defconst mode-tests--everything
  '((nil (:priority 3))) "A rule for every process.")

(ert-deftest mode-tests-ruled-contacts ()
  "A process with a rule has core's contact and the option besides."
  (sockopt-tests-clean
    (let ((port (mode-tests--port (mode-tests--server))))
      (dolist (arguments
               `((:name "a" :host "127.0.0.1" :service ,port)
                 (:name "b" :remote [127 0 0 1 ,port] :plist (x 1))
                 (:name "c" :host "127.0.0.1" :service ,port :keepalive t)
                 (:name "d" :unheard-of 1 :host "127.0.0.1"
                        :service ,port)
                 (:name "f" :host local :family ipv4 :service ,port)
                 (:name "e" :type datagram :host "127.0.0.1" :service 9)))
        (let ((off (mode-tests--contact arguments)))
          (mode-tests--with mode-tests--everything
            (should (equal (mode-tests--contact arguments)
                           (append off '(:priority 3))))))))))

(ert-deftest mode-tests-ruled-errors ()
  "With a rule, what fails signals what core would have signalled."
  (let ((port (sockopt-tests-clean
                (mode-tests--port (mode-tests--server)))))
    (dolist (arguments `((:name "a" :host "127.0.0.1" :service ,port)
                         (:name "b" :family local :service "/nonexistent")
                         (:host "127.0.0.1" :service 9)))
      (let* ((make (lambda () (apply #'make-network-process arguments)))
             (core (sockopt-tests-error make)))
        (should core)
        (mode-tests--with mode-tests--everything
          (let ((ruled (sockopt-tests-error make)))
            (should ruled)
            (dolist (condition (get (car core) 'error-conditions))
              (should (memq condition
                            (get (car ruled) 'error-conditions))))
            (should (equal (nth 1 core) (nth 1 ruled)))))))))

;;; What rules must not do

(defun mode-tests--talks-p (server &rest arguments)
  "Return non-nil if a client of SERVER, an echo, by ARGUMENTS works.
Its option `:priority' must be 3."
  (let ((client (apply #'mode-tests--client server arguments)))
    (and (mode-tests--open-p client)
         (mode-tests--answers-p client)
         (equal 3 (sockopt-get client :priority)))))

(defun mode-tests--times (regexp strings)
  "Return how many of STRINGS match REGEXP."
  (cl-count-if (lambda (one) (string-match-p regexp one)) strings))

(defun mode-tests--reports (rule more)
  "Connect thrice by RULE and another, MORE is for the process.
Return the messages that matter.  The other rule sets `:priority'."
  (mode-tests--with nil
    (let ((server (mode-tests--server :filter #'mode-tests--echo
                                      :name "echo")))
      (setq sockopt-rules (list rule '((:server nil) (:priority 3))))
      (mode-tests--messages
        (dotimes (_ 3)
          (should (apply #'mode-tests--talks-p server more)))))))

(defconst mode-tests--failing-rules
  '((((:server nil) (:tcp-congestion "nosuch")) ":tcp-congestion")
    (((:server nil) (:bindtodevice "nosuchdev")) ":bindtodevice")
    (((:server nil) (:udp-cork t)) ":udp-cork")
    (((:server nil) (:ipv6-v6only t)) ":ipv6-v6only")
    (((:server nil) (:cookie 1)) ":cookie")
    (((:server nil) (:tcp-keepidle x)) ":tcp-keepidle")
    (((:server nil) (:tcp-keepidle 9999999)) ":tcp-keepidle")
    (((:server nil) (:tcp-keepidle)) ":tcp-keepidle")
    (((:server nil) (:unheard-of t)) ":unheard-of")
    (((:server nil) (:name "x")) ":name")
    (((:server nil) (keepalive t)) "keepalive")
    (((:server nil) nosuchpreset) "nosuchpreset")
    (((:server nil) "keepalive") "keepalive")
    (((:server nil) 5) "5")
    (((:server nil) (:keepalive . t)) "listp")
    (((:predicate (lambda (_) (error "Oh dear"))) (:keepalive t)) "Oh dear")
    (((:predicate (lambda () t)) (:keepalive t)) ":predicate")
    (((:predicate nosuchfunction) (:keepalive t)) "nosuchfunction")
    (((:name "[") (:keepalive t)) ":name")
    (((:name 5) (:keepalive t)) ":name")
    (((:color "red") (:keepalive t)) ":color"))
  "Rules that cannot be followed, each with what the report names.")

(defun mode-tests--check-failing (more)
  "Check that failing rules are reported once for processes by MORE."
  (pcase-dolist (`(,rule ,name) mode-tests--failing-rules)
    (ert-info ((format "%S" rule))
      (let* ((messages (mode-tests--reports rule more))
             (ours (cl-remove-if-not
                    (lambda (one) (string-prefix-p "sockopt: " one))
                    messages)))
        (should (= (length ours) 1))
        (should (string-match-p (regexp-quote name) (car ours)))
        (should (string-match-p (regexp-quote (format "%S" rule))
                                (car ours)))
        ;; Emacs shows a message that is repeated once, with its count.
        (should-not (string-suffix-p " times]" (car ours)))))))

(ert-deftest mode-tests-failing-rule ()
  "A rule that fails is reported once, and the connection goes on."
  (mode-tests--check-failing nil))

(ert-deftest mode-tests-failing-rule-nowait ()
  "So it is while connecting without waiting."
  (mode-tests--check-failing '(:nowait t)))

(ert-deftest mode-tests-failing-rule-external-socket ()
  "So it is where core would have taken a socket from outside."
  (mode-tests--check-failing '(:use-external-socket t)))

(ert-deftest mode-tests-failing-rule-once ()
  "Two rules, or options, that fail are reported each."
  (let ((messages
         (mode-tests--reports '((:server nil) (:tcp-congestion "nosuch")
                                (:tcp-keepidle x) (:ip-ttl 40))
                              nil)))
    (should (= 1 (mode-tests--times ":tcp-congestion: " messages)))
    (should (= 1 (mode-tests--times ":tcp-keepidle: " messages)))
    (should (= 0 (mode-tests--times ":ip-ttl: " messages)))))

(ert-deftest mode-tests-failing-part ()
  "What fails of a rule does not keep the rest of it from being set."
  (mode-tests--with nil
    (let ((server (mode-tests--server)))
      (setq sockopt-rules '((nil (:tcp-keepidle x) (:priority 3)
                                 (:udp-cork t) (:ip-ttl 40))))
      (dolist (more '(nil (:nowait t)))
        (let ((client (apply #'mode-tests--client server more)))
          (should (mode-tests--open-p client))
          (should (equal '(3 40) (mode-tests--values client :priority
                                                     :ip-ttl)))
          (should-not (plist-member (process-contact client t)
                                    :udp-cork)))))))

(ert-deftest mode-tests-failing-preset-part ()
  "An unknown preset does not keep the rest of its rule from being set."
  (mode-tests--with nil
    (let ((server (mode-tests--server)))
      (setq sockopt-rules '((nil nosuchpreset (:priority 3))))
      (should (equal 3 (sockopt-get (mode-tests--client server)
                                    :priority))))))

(ert-deftest mode-tests-malformed-rules ()
  "Things that are no rules do not break a connection, either."
  (dolist (rule '(x 5 "s" nil (x) ("s" (:keepalive t)) (nil . x)
                    ((:name) (:keepalive t)) ((:name . "x") (:priority 5))
                    (nil nil) (nil (nil)) (nil (nil t)) ((5 5) low-latency)))
    (ert-info ((format "%S" rule))
      (mode-tests--reports rule nil))))

(ert-deftest mode-tests-rules-for-servers ()
  "A failing rule does not break a server or a datagram process."
  (mode-tests--with '((nil (:tcp-congestion "nosuch") (:priority 3)))
    (let ((server (mode-tests--server :filter #'mode-tests--echo)))
      (should (mode-tests--talks-p server))
      (should (equal 3 (sockopt-get server :priority))))
    (let ((datagram (make-network-process :name "d" :type 'datagram
                                          :host "127.0.0.1" :service 9)))
      (should (equal 3 (sockopt-get datagram :priority))))))

(ert-deftest mode-tests-module-cannot-load ()
  "Where there is no module, a rule does not break connections."
  (let ((output
         (sockopt-tests-emacs
          "-L" (file-name-directory (locate-library "sockopt"))
          "-l" "sockopt-mode" "-l" "sockopt-build"
          "--eval"
          "(let (server)
             (fset 'sockopt--module-file
                   (lambda (&rest _) (error \"There is no module\")))
             (sockopt-mode 1)
             (setq sockopt-rules '((nil (:keepalive t))))
             (setq server (make-network-process
                           :name \"s\" :server t :family 'ipv4
                           :host \"127.0.0.1\" :service t))
             (message \"STATUS %S\" (process-status server)))")))
    (should (string-match-p "^STATUS listen" output))))

;;; Customization

(defun mode-tests--type-p (variable value)
  "Return non-nil if VALUE is of the type that VARIABLE declares."
  (widget-apply (widget-convert (get variable 'custom-type)) :match value))

(ert-deftest mode-tests-custom-type ()
  "The customization types accept what the documentation shows."
  (dolist (rules
           '(nil
             ((nil))
             ((nil dead-peer))
             (((:name "\\`erc" :tls t) dead-peer (:tcp-nodelay t)))
             (((:host "x" :service 6667) low-latency))
             (((:service "irc")) ((:service (6667 "ircs")) dead-peer))
             (((:family ipv6 :type datagram :server t) (:priority 3)))
             (((:predicate ignore)
               (:linger 5) (:ip-add-membership ([224 0 0 1] "lo"))))
             (((:predicate (lambda (args) args)) (:keepalive nil)))))
    (ert-info ((format "%S" rules))
      (should (mode-tests--type-p 'sockopt-rules rules))))
  (dolist (rules '(x (x) ("x") ((nil . x)) ((nil 5)) ((nil (:a 1 2)))))
    (ert-info ((format "%S" rules))
      (should-not (mode-tests--type-p 'sockopt-rules rules))))
  (should (mode-tests--type-p 'sockopt-presets sockopt-presets))
  (should (mode-tests--type-p 'sockopt-presets nil))
  (should-not (mode-tests--type-p 'sockopt-presets '(x)))
  (should (get 'sockopt-mode 'custom-type)))

;;; Processes that there are

(defun mode-tests--applied (&optional preview)
  "Apply the rules, or only PREVIEW that, and return what is shown."
  (save-window-excursion
    (unwind-protect
        (let ((inhibit-message t))
          (sockopt-apply-rules preview)
          (with-current-buffer "*sockopt-rules*" (buffer-string)))
      (kill-buffer "*sockopt-rules*"))))

(defun mode-tests--shown (process &rest lines)
  "Return the text that shows LINES about PROCESS."
  (concat (process-name process) "\n"
          (mapconcat (lambda (line) (format "  %s\n" line)) lines "")))

(ert-deftest mode-tests-apply-rules ()
  "Rules are previewed and applied on live processes of core's."
  (sockopt-tests-clean
    (let* ((server (mode-tests--server))
           (client (mode-tests--client server))
           (datagram (make-network-process :name "d" :type 'datagram
                                           :host "127.0.0.1" :service 9))
           (sockopt-rules '(((:name "client") (:priority 3) (:priority 4)
                             (:ip-ttl 64))
                            ((:type datagram) (:broadcast t)))))
      (sockopt-set client :ip-ttl 64)
      (let ((shown (mode-tests--applied t)))
        (should (string-search (mode-tests--shown client ":priority: 0 → 4")
                               shown))
        (should (string-search
                 (mode-tests--shown datagram ":broadcast: nil → t") shown))
        (should-not (string-search "server" shown))
        (should-not (string-search ":ip-ttl" shown))
        (should (equal 0 (sockopt-get client :priority)))
        (should-not (plist-member (process-contact client t) :priority))
        (should (equal shown (mode-tests--applied))))
      (should (equal 4 (sockopt-get client :priority)))
      (should (equal 4 (plist-get (process-contact client t) :priority)))
      (should (sockopt-get datagram :broadcast))
      (should (equal (mode-tests--applied) "The rules change nothing.\n")))))

(ert-deftest mode-tests-apply-rules-adjusted ()
  "What the kernel made of a value is shown, or why it refused."
  (sockopt-tests-clean
    (mode-tests--client (mode-tests--server))
    (let* ((sockopt-rules '(((:name "client") (:rcvbuf 20000)
                             (:udp-cork t) (:priority 3))))
           (shown (mode-tests--applied)))
      (should (string-match-p ":rcvbuf: [0-9]+ → 40000$" shown))
      (should (string-match-p ":udp-cork: .* → .*[Nn]ot supported" shown))
      (should (string-search ":priority: 0 → 3\n" shown)))))

(ert-deftest mode-tests-apply-no-rules ()
  "Where there are no rules, that is said."
  (let ((sockopt-rules nil))
    (should (string-match-p "There are no rules" (mode-tests--applied)))))

(ert-deftest mode-tests-apply-failing-rules ()
  "Rules that cannot be followed do not keep others from being applied."
  (mode-tests--with nil
    (let ((client (mode-tests--client (mode-tests--server))))
      (setq sockopt-rules
            (append (mapcar (lambda (entry)
                              (cons (append (caar entry) '(:name "c"))
                                    (cdar entry)))
                            mode-tests--failing-rules)
                    '(((:name "client") (:priority 3)))))
      (mode-tests--applied)
      (should (equal 3 (sockopt-get client :priority))))))

(ert-deftest mode-tests-apply-to-pending ()
  "Applying rules neither waits for nor breaks what still connects."
  (dolist (mode '(1 -1))
    (mode-tests--with '(((:name "pending") (:priority 3)))
      (sockopt-mode mode)
      (let ((pending (let ((sockopt-rules nil))
                       (mode-tests--pending :name "pending"))))
        ;; Core looks up even numbers in its own time.
        (sockopt-tests-wait (lambda () (process-contact pending t t)))
        (should (string-match-p ":priority: .* → 3" (mode-tests--applied)))
        (should (eql (sockopt-get pending :priority) 3))
        (should (eq (process-status pending) 'connect))))))

(defun mode-tests--pending (&rest arguments)
  "Return a process by ARGUMENTS that stays connecting."
  (apply #'mode-tests--client
         (let ((sockopt-rules nil)) (sockopt-tests-full-server))
         :nowait t arguments))

;;; Children of servers

(defvar mode-tests--events nil
  "What filters and sentinels noted, the last first.")

(defun mode-tests--note-data (process string)
  "Note STRING and the options of PROCESS as they are now; send it back."
  (push (list 'data string (mode-tests--values process :priority
                                               :tcp-keepidle))
        mode-tests--events)
  (process-send-string process string))

(defun mode-tests--note-event (process message)
  "Note MESSAGE for PROCESS."
  (push (list 'event (process-name process) message) mode-tests--events))

(defun mode-tests--child (server)
  "Return the newest connection that SERVER accepted."
  (cl-find-if (lambda (process)
                (and (not (eq process server))
                     (string-prefix-p (concat (process-name server) " <")
                                      (process-name process))))
              (process-list)))

(defun mode-tests--served (server)
  "Connect to SERVER, talk, and return its connection."
  (let ((client (mode-tests--client server)))
    (should (mode-tests--answers-p client))
    (mode-tests--child server)))

(defconst mode-tests--child-options '(:priority 3 :tcp-keepidle 77)
  "Options for children of servers.")

(defun mode-tests--check-child (server)
  "Check that SERVER gives its child the options in time."
  (setq mode-tests--events nil)
  (let ((child (mode-tests--served server)))
    (should (member '(data "ping" (3 77)) mode-tests--events))
    (should (equal '(3 77) (mode-tests--values child :priority
                                               :tcp-keepidle)))
    (should (equal 3 (plist-get (process-contact child t) :priority)))
    (should (equal 77 (plist-get (process-contact child t)
                                 :tcp-keepidle)))
    (should (eq (process-filter child) #'mode-tests--note-data))
    (should (eq (process-sentinel child) #'mode-tests--note-event))
    (should (cl-find-if (lambda (event)
                          (and (equal (nth 1 event) (process-name child))
                               (string-match-p "\\`open from 127"
                                               (nth 2 event))))
                        mode-tests--events))))

(ert-deftest mode-tests-child-options ()
  "`:child-options' are set before the child's filter sees any data.
So it is where core would have taken a socket from outside."
  (dolist (more '(nil (:use-external-socket t)))
    (mode-tests--with nil
      (let* ((log nil)
             (server (apply #'mode-tests--server
                            :filter #'mode-tests--note-data
                            :sentinel #'mode-tests--note-event
                            :log (lambda (server client message)
                                   (push (list server client message) log))
                            :child-options mode-tests--child-options
                            more)))
        (mode-tests--check-child server)
        (should (eq (caar log) server))
        (should (eq (nth 1 (car log)) (mode-tests--child server)))
        (should (/= 3 (sockopt-get server :priority)))
        (should (equal mode-tests--child-options
                       (process-contact server :child-options)))))))

(ert-deftest mode-tests-set-child-options ()
  "Core's servers get the same from `sockopt-set-child-options'."
  (dolist (mode '(-1 1))
    (mode-tests--with nil
      (sockopt-mode mode)
      (let ((server (mode-tests--server
                     :filter #'mode-tests--note-data
                     :sentinel #'mode-tests--note-event)))
        (should (eq t (sockopt-set-child-options
                       server mode-tests--child-options)))
        (mode-tests--check-child server)
        ;; Again, with others.
        (sockopt-set-child-options server '(:priority 4))
        (should (equal 4 (sockopt-get (mode-tests--served server)
                                      :priority)))
        (sockopt-set-child-options server nil)
        (should (equal 0 (sockopt-get (mode-tests--served server)
                                      :priority)))))))

(ert-deftest mode-tests-set-child-options-of-own ()
  "`sockopt-set-child-options' changes those of a server of ours."
  (mode-tests--with nil
    (let ((server (mode-tests--server
                   :filter #'mode-tests--note-data
                   :sentinel #'mode-tests--note-event
                   :child-options '(:priority 5))))
      (sockopt-set-child-options server mode-tests--child-options)
      (mode-tests--check-child server))))

(ert-deftest mode-tests-set-child-options-wrong ()
  "Wrong options for children are refused at once, as is no server."
  (mode-tests--with nil
    (let* ((server (mode-tests--server))
           (client (mode-tests--client server)))
      (dolist (options '((:unheard-of t) (:tcp-keepidle x) (:keepalive)
                         (keepalive t)))
        (ert-info ((format "%S" options))
          (should-error (sockopt-set-child-options server options))
          (should-error (mode-tests--server :child-options options))))
      (should-error (sockopt-set-child-options client '(:keepalive t)))
      (should (eq (process-sentinel server)
                  (process-sentinel client))))))

(ert-deftest mode-tests-child-options-fail ()
  "An option that fails loses neither the child nor the server."
  (let ((options '(:udp-cork t :tcp-congestion "nosuch" :priority 3
                             :tcp-keepidle 77))
        messages)
    (dolist (own '(t nil))
      (mode-tests--with nil
        (let ((server (apply #'mode-tests--server
                             :filter #'mode-tests--note-data
                             :sentinel #'mode-tests--note-event
                             (and own (list :child-options options)))))
          (unless own
            (sockopt-set-child-options server options))
          (setq messages (mode-tests--messages
                           (mode-tests--check-child server)
                           (mode-tests--check-child server)))
          (should (eq (process-status server) 'listen))
          (should (>= (mode-tests--times ":udp-cork" messages) 1))
          (should (>= (mode-tests--times ":tcp-congestion" messages)
                      1)))))))

(ert-deftest mode-tests-child-options-together ()
  "A child's contact is true when options fail or change each other.
Each is set once, and reported once if it fails."
  (mode-tests--with nil
    (let* ((server (mode-tests--server
                    :filter #'mode-tests--echo :priority 5
                    :child-options '(:priority 3 :ip-tos 16
                                     :tcp-congestion "nosuch"
                                     :tcp-nodelay t :nodelay nil)))
           child
           (messages (mode-tests--messages
                       (setq child (mode-tests--served server))))
           (contact (sockopt--core-contact child t)))
      (should (= 1 (mode-tests--times "nosuch" messages)))
      (should (= 1 (mode-tests--times "sockopt:" messages)))
      (should-not (sockopt-get child :tcp-nodelay))
      (dolist (key '(:priority :ip-tos :tcp-nodelay :nodelay))
        (ert-info ((format "%S" key))
          (should (plist-member contact key))
          (should (equal (plist-get contact key)
                         (sockopt-get child key))))))))

(ert-deftest mode-tests-core-alias ()
  "`:nodelay' is taken as core's name for an option of ours."
  (mode-tests--with nil
    (let* ((server (mode-tests--server :filter #'mode-tests--echo))
           (arguments (list :name "client" :noquery t :host "127.0.0.1"
                            :service (process-contact server :service))))
      (dolist (more '((:nodelay t) (:nodelay t :keepalive t)))
        (let ((client (apply #'make-network-process
                             (append arguments more))))
          (should (sockopt-get client :tcp-nodelay))
          (should (plist-get (sockopt--core-contact client t) :nodelay)))))))

(defun mode-tests--check-child-contact (&rest arguments)
  "Check the contact of a child of a server made with ARGUMENTS besides."
  ;; The kernel does not hand the priority down.
  (let* ((server (apply #'mode-tests--server :filter #'mode-tests--echo
                        :keepalive t :priority 4 :tcp-nodelay t
                        :child-options '(:tcp-keepidle 77) arguments))
         (child (mode-tests--served server))
         (contact (sockopt--core-contact child t)))
    (should-not (plist-get contact :server))
    (should (plist-member contact :priority))
    (cl-loop for (key value) on contact by #'cddr
             when (memq key (sockopt-option-list))
             do (ert-info ((format "%S" key))
                  (should (equal value (sockopt-get child key)))))))

(ert-deftest mode-tests-child-contact ()
  "A child's contact is the kernel's truth, not the server's."
  (dolist (more '((:reuseport t) (:use-external-socket t)))
    (mode-tests--with nil
      (apply #'mode-tests--check-child-contact more))))

(ert-deftest mode-tests-external-socket-contact ()
  "So made, a server's contact has what core's would have."
  (let ((contacts nil))
    (dolist (rules `(nil ,mode-tests--everything))
      (dolist (more `((:log ,#'ignore) nil))
        (mode-tests--with rules
          (let ((contact (copy-sequence
                          (process-contact
                           (apply #'mode-tests--server
                                  :use-external-socket t :unheard-of 1
                                  more)
                           t))))
            (dolist (key '(:service :local))
              (setf (plist-get contact key) nil))
            (push contact contacts)))))
    (pcase-let ((`(,ruled ,ruled-log ,core ,core-log) contacts))
      (should (equal ruled (append core '(:priority 3))))
      (should (equal ruled-log (append core-log '(:priority 3)))))))

(ert-deftest mode-tests-child-of-ruled-server ()
  "A server that only a rule is for has children as any other."
  (mode-tests--with '(((:server t) (:priority 4)))
    (let* ((server (mode-tests--server
                    :filter #'mode-tests--note-data
                    :sentinel #'mode-tests--note-event))
           (child (mode-tests--served server)))
      (should (equal 4 (sockopt-get server :priority)))
      (should (eq (process-sentinel child) #'mode-tests--note-event))
      (should (equal (plist-get (process-contact child t) :priority)
                     (sockopt-get child :priority))))))

;;; Connecting without waiting

(ert-deftest mode-tests-delete-pending ()
  "A process that still connects is deleted at once, and stays quiet."
  (mode-tests--with '(((:name "pending") (:priority 3)))
    (dolist (more '((:name "pending") (:priority 3)
                    (:host "localhost" :priority 3)))
      (setq mode-tests--events nil)
      (let* ((pending (apply #'mode-tests--pending
                             :sentinel #'mode-tests--note-event more))
             (start (float-time)))
        (should (eq (process-status pending) 'connect))
        (delete-process pending)
        (should (< (- (float-time) start) 0.5))
        (should-not (process-live-p pending))
        (sockopt-tests-wait #'ignore 0.1)
        (should-not (cl-find-if
                     (lambda (event) (string-prefix-p "open" (nth 2 event)))
                     mode-tests--events))))))

(ert-deftest mode-tests-delete-nowait-at-once ()
  "Processes that are deleted at every stage leave nothing behind."
  (mode-tests--with mode-tests--everything
    (let ((server (mode-tests--server)))
      (dotimes (i 30)
        (let ((client (mode-tests--client server :nowait t)))
          (sockopt-tests-wait #'ignore (* i 0.0005))
          (delete-process client)
          (should-not (process-live-p client)))))))

(ert-deftest mode-tests-pending-options ()
  "Options of what still connects are kept until it has its socket."
  (mode-tests--with mode-tests--everything
    (let* ((server (mode-tests--server))
           (client (mode-tests--client server :nowait t)))
      (set-network-process-option client :tcp-keepidle 77)
      (should (equal 77 (process-contact client :tcp-keepidle)))
      (should (mode-tests--open-p client))
      (should (equal '(3 77) (mode-tests--values client :priority
                                                 :tcp-keepidle))))))

(ert-deftest mode-tests-nowait-refused ()
  "Where nobody listens, the sentinel gets the code, as from core."
  (let ((port (sockopt-tests-clean
                (mode-tests--port (mode-tests--server)))))
    (mode-tests--with mode-tests--everything
      (setq mode-tests--events nil)
      (make-network-process :name "refused" :host "127.0.0.1" :service port
                            :nowait t :family 'ipv4
                            :sentinel #'mode-tests--note-event)
      (should (sockopt-tests-wait (lambda () mode-tests--events)))
      (should (equal mode-tests--events
                     '((event "refused" "failed with code 111\n")))))))

(ert-deftest mode-tests-two-hundred ()
  "Two hundred connect without waiting; all open, with data and option."
  (mode-tests--with '(((:name "many") (:priority 3)))
    (let ((server (mode-tests--server :server 250
                                      :filter #'mode-tests--echo))
          (replies (make-hash-table :test #'eq))
          clients)
      (setq mode-tests--events nil)
      (dotimes (_ 200)
        (push (mode-tests--client
               server :nowait t :name "many"
               :sentinel (lambda (process message)
                           (mode-tests--note-event process message)
                           (process-send-string process
                                                (process-name process)))
               :filter (lambda (process string)
                         (puthash process
                                  (concat (gethash process replies) string)
                                  replies)))
              clients))
      (should (sockopt-tests-wait
               (lambda () (= (hash-table-count replies) 200)) 20))
      (dolist (client clients)
        (should (eq (process-status client) 'open))
        (should (equal (gethash client replies) (process-name client)))
        (should (equal 3 (sockopt-get client :priority))))
      (should (equal (sort (mapcar #'process-name clients) #'string<)
                     (sort (mapcar #'cadr mode-tests--events)
                           #'string<))))))

;;; A peer that vanishes

(defconst mode-tests--serve
  '(progn
     (make-network-process :name "server" :server t :family 'ipv4
                           :host "10.77.0.2" :service 7777 :noquery t)
     (message "LISTENING")
     (sleep-for 40))
  "What the Emacs of the server evaluates.")

(defconst mode-tests--vanish
  '(let ((sentinel (lambda (process _)
                     (message "GONE %s %S" (process-name process)
                              (process-status process)))))
     (sockopt-mode 1)
     (setq sockopt-presets
           '((quick :keepalive t :tcp-keepidle 1 :tcp-keepintvl 1
                    :tcp-keepcnt 3 :tcp-user-timeout 3000))
           sockopt-rules '(((:name "ruled") quick)))
     (dolist (name '("ruled" "plain"))
       (make-network-process :name name :host "10.77.0.2" :service 7777
                             :sentinel sentinel))
     (message "CONNECTED")
     (with-timeout (40) (while t (accept-process-output nil 0.05))))
  "What the Emacs of the client evaluates.")

(defun mode-tests--join (a b)
  "Make network namespaces A and B, joined; return non-nil if it works."
  (and (sockopt-tests-ip "netns" "add" a)
       (sockopt-tests-ip "netns" "add" b)
       (sockopt-tests-ip "link" "add" "veth0" "netns" a "type" "veth"
                       "peer" "name" "veth0" "netns" b)
       (cl-loop for (name address) in `((,a "10.77.0.1/24")
                                        (,b "10.77.0.2/24"))
                always (sockopt-tests-ip "-n" name "address" "add" address
                                       "dev" "veth0")
                always (sockopt-tests-ip "-n" name "link" "set" "lo" "up")
                always (sockopt-tests-ip "-n" name "link" "set" "veth0"
                                       "up"))))

(defun mode-tests--check-vanishing (a b)
  "Connect namespace A to B, let B vanish, and see who notices."
  (let ((server (sockopt-tests-emacs-in b mode-tests--serve)))
    (should (sockopt-tests-says-p server "LISTENING" 10))
    (let ((client (sockopt-tests-emacs-in a mode-tests--vanish))
          (end nil))
      (should (sockopt-tests-says-p client "CONNECTED" 10))
      (should-not (sockopt-tests-says-p client "GONE" 2))
      (should (sockopt-tests-ip "-n" b "link" "set" "veth0" "down"))
      (setq end (+ (float-time) 10))
      (should (sockopt-tests-says-p client "GONE ruled closed" 10))
      (should-not (sockopt-tests-says-p client "GONE plain"
                                      (- end (float-time)))))))

(ert-deftest mode-tests-dead-peer ()
  "A rule ends the connection to a peer that vanished; without, it stays."
  (sockopt-tests-need-namespaces)
  (let* ((a (format "sockopt-%d-a" (emacs-pid)))
         (b (format "sockopt-%d-b" (emacs-pid))))
    (unwind-protect
        (sockopt-tests-clean
          (unless (mode-tests--join a b)
            (ert-skip "Network namespaces cannot be made here"))
          (mode-tests--check-vanishing a b))
      (sockopt-tests-ip "netns" "del" a)
      (sockopt-tests-ip "netns" "del" b))))

(provide 'mode-tests)
;;; mode-tests.el ends here
