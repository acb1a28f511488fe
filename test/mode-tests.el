;;; mode-tests.el --- Tests of the mode  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)

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
  (sockopt-tests-with-rules '(((:name "\\`nobody") (:keepalive t)))
    (let ((port (sockopt-tests-service (sockopt-tests-core-server))))
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
  (sockopt-tests-with-rules nil
    (let ((arguments (list "s" nil "127.0.0.1"
                           (sockopt-tests-service (sockopt-tests-core-server))
                           :type 'plain :nowait nil)))
      (mode-tests--spying 'open-network-stream
                          (apply #'open-network-stream arguments)
                          (should (mode-tests--same-arguments-p arguments))))))

(ert-deftest mode-tests-core-contacts ()
  "Contacts are the same with the mode on and off."
  (sockopt-tests-clean
    (let ((port (sockopt-tests-service (sockopt-tests-core-server))))
      (dolist (arguments
               `((:name "a" :host "127.0.0.1" :service ,port)
                 (:name "b" :remote [127 0 0 1 ,port] :plist (x 1))
                 (:name "c" :host "127.0.0.1" :service ,port :keepalive t)
                 (:name "d" :unheard-of 1 :host "127.0.0.1"
                        :service ,port)
                 (:name "e" :type datagram :host "127.0.0.1" :service 9)))
        (let ((off (sockopt-tests-plain-contact arguments)))
          (sockopt-tests-with-rules nil
            (should (equal (sockopt-tests-plain-contact arguments) off))))))))

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
    (sockopt-tests-with-rules nil
      (should sockopt-mode)
      (should-not (cl-some #'eq functions
                           (mapcar #'symbol-function symbols))))
    (should (cl-every #'eq functions
                      (mapcar #'symbol-function symbols)))
    ;; On twice is on once.
    (sockopt-mode 1)
    (sockopt-tests-with-rules nil (ignore))
    (should (cl-every #'eq functions
                      (mapcar #'symbol-function symbols)))))

(ert-deftest mode-tests-off-takes-no-options ()
  "With the mode off, core ignores or refuses options as ever."
  (sockopt-tests-with-rules '((nil (:keepalive t)))
    (sockopt-mode -1)
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server)
                                             :tcp-keepidle 77)))
      (should (/= (sockopt-get client :tcp-keepidle) 77))
      (should-not (sockopt-get client :keepalive))
      (should-error (set-network-process-option client :tcp-keepidle 7)))))

;;; What core does not have, and is no option

(ert-deftest mode-tests-protocol ()
  "A protocol counts as an option does, also of a stream by name."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (unknown (lambda (function)
                      (string-search "no-such"
                                     (error-message-string
                                      (sockopt-tests-error function))))))
      (should (funcall unknown
                       (lambda ()
                         (sockopt-tests-core-client server
                                                    :protocol 'no-such))))
      (should (funcall unknown
                       (lambda ()
                         (open-network-stream
                          "s" nil "127.0.0.1" (sockopt-tests-service server)
                          :protocol 'no-such))))
      (should (equal (sockopt-get (sockopt-tests-core-client
                                   server :protocol 'tcp)
                                  :protocol)
                     'tcp))
      ;; Core passes over what no protocol can be.
      (should (process-live-p (sockopt-tests-core-client
                               server :protocol "tcp"))))))

(ert-deftest mode-tests-no-children ()
  "What accepts no connections is given nothing for them by a rule."
  (dolist (type '(raw datagram))
    (let ((args (list :name "s" :server t :type type)))
      (should (equal (sockopt-mode--with-child-options args '(:keepalive t))
                     args))))
  (should (equal (sockopt-mode--with-child-options
                  '(:server t) '(:keepalive t))
                 '(:server t :child-options (:keepalive t)))))

(ert-deftest mode-tests-type-and-family ()
  "A type and a family that core lacks reach us without any option."
  (sockopt-tests-with-rules nil
    (should (equal (sockopt-tests-error
                    (lambda ()
                      (make-network-process :name "r" :type 'raw
                                            :host "127.0.0.1")))
                   (sockopt-tests-error
                    (lambda ()
                      (sockopt-make-network-process :name "r" :type 'raw
                                                    :host "127.0.0.1")))))
    (should (equal '(wrong-type-argument integerp "x" :host)
                   (sockopt-tests-error
                    (lambda ()
                      (make-network-process :name "v" :family 'vsock
                                            :host "x" :service 7)))))))

(ert-deftest mode-tests-arguments ()
  "An argument of ours that is misspelt or misplaced is an error."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (port (sockopt-tests-service server))
           (processes (process-list)))
      (pcase-dolist (`(,wrong ,value ,right)
                     '((:connect-timout 5 :connect-timeout)
                       (:child-option (:keepalive t) :child-options)
                       (:protocoll mptcp :protocol)))
        (dolist (make (list (lambda ()
                              (sockopt-tests-core-client server wrong value))
                            (lambda ()
                              (open-network-stream "s" nil "127.0.0.1" port
                                                   wrong value))))
          (should (equal (sockopt-tests-error make)
                         (list 'sockopt-unsupported wrong
                               (format-message "unknown; did you mean `%s'?"
                                               right))))))
      (dolist (make (list (lambda ()
                            (sockopt-tests-core-client
                             server :child-options '(:keepalive t)))
                          (lambda ()
                            (open-network-stream
                             "s" nil "127.0.0.1" port
                             :child-options '(:keepalive t)))))
        (should (equal (sockopt-tests-error make)
                       '(sockopt-error
                         "`:child-options' is for servers that accept"
                         (:keepalive t)))))
      (should (string-search
               "sockopt-set-child-options"
               (error-message-string
                (sockopt-tests-error
                 (lambda ()
                   (set-network-process-option server :child-options
                                               '(:keepalive t)))))))
      (should (equal processes (process-list))))))

;;; Options by core's functions

(ert-deftest mode-tests-make-network-process ()
  "Options in `make-network-process' reach the kernel and the contact."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server :rcvbuf 20000 :reuseport t))
           (client (sockopt-tests-core-client server :tcp-keepidle 77
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
                        (funcall (if (fboundp 'native-comp-function-p)
                                     'native-comp-function-p
                                   'subr-native-elisp-p)
                                 (symbol-function 'connect))
                        (eql (sockopt-get (connect port) :tcp-keepidle)
                             77))))")))
    (should (string-match-p "NATIVE t t\n\\(.*\n\\)*NATIVE t nil"
                            output))))

(ert-deftest mode-tests-unknown-keywords ()
  "Keywords that nobody knows are ignored, with and without options."
  (sockopt-tests-with-rules '(((:name "ruled") (:keepalive t)))
    (let ((server (sockopt-tests-core-server :unheard-of 1)))
      (dolist (more '(nil (:tcp-keepidle 77) (:name "ruled")
                          (:nowait t :tcp-keepidle 77)
                          (:name "ruled" :nowait t)))
        (let ((client (apply #'sockopt-tests-core-client server
                             (append more '(:unheard-of t)))))
          (should (sockopt-tests-open-p client))
          (should (eq (process-contact client :unheard-of) t)))))))

(ert-deftest mode-tests-wrong-option-signals ()
  "An option of the caller's with a wrong value is the caller's error."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (processes (process-list)))
      (dolist (more '((:tcp-keepidle x) (:tcp-keepidle 9999999)
                      (:nowait t :tcp-keepidle x)))
        (should-error (apply #'sockopt-tests-core-client server more)))
      (should (equal (process-list) processes)))))

(ert-deftest mode-tests-open-network-stream ()
  "Options in `open-network-stream' are set, waiting or not."
  (sockopt-tests-with-rules nil
    (let ((port (sockopt-tests-service
                 (sockopt-tests-core-server :filter #'sockopt-tests-echo))))
      (dolist (more '(nil (:type plain) (:nowait t) (:type network)
                          (:type plain :nowait t)
                          (:type plain :return-list t)))
        (let* ((value (apply #'open-network-stream "s" nil "127.0.0.1"
                             port :tcp-keepidle 77 :keepalive t more))
               (stream (if (listp value) (car value) value)))
          (should (sockopt-tests-open-p stream))
          (should (equal (sockopt-get stream :tcp-keepidle) 77))
          (should (eq (sockopt-get stream :keepalive) t))
          (should (equal (process-contact stream :tcp-keepidle) 77))
          (should (sockopt-tests-answers-p stream)))))))

(ert-deftest mode-tests-open-network-stream-only-its-own ()
  "What a stream is given does not reach what it makes inside."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (port (sockopt-tests-service server))
           other)
      (cl-letf* ((make (symbol-function 'make-network-process))
                 ((symbol-function 'make-network-process)
                  (lambda (&rest args)
                    (unless other
                      (setq other t
                            other (sockopt-tests-core-client server)))
                    (apply make args))))
        (let ((stream (open-network-stream "s" nil "127.0.0.1" port
                                           :tcp-keepidle 77)))
          (should (equal (sockopt-get stream :tcp-keepidle) 77))
          (should (/= (sockopt-get other :tcp-keepidle) 77)))))))

(ert-deftest mode-tests-shell-stream ()
  "A stream by a shell command is left alone."
  (sockopt-tests-with-rules nil
    (let ((stream (open-network-stream
                   "s" nil "127.0.0.1" 9 :type 'shell
                   :shell-command "cat" :tcp-keepidle 77)))
      (should (processp stream))
      (should-not (eq (process-type stream) 'network)))))

(ert-deftest mode-tests-set-network-process-option ()
  "`set-network-process-option' sets every option of any process."
  (sockopt-tests-with-rules nil
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server))))
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
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server))
           (client (sockopt-tests-core-client server :rcvbuf 20000)))
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
                     (list "127.0.0.1" (sockopt-tests-service server))))
      (should (equal (process-contact client :name) "client"))
      (should-not (process-contact client :unheard-of)))))

(defun mode-tests--int (number)
  "Return NUMBER, less than 65536, as the four bytes of a C int."
  (let ((bytes (list (logand number 255) (ash number -8) 0 0)))
    (apply #'unibyte-string
           (if (eq (byteorder) ?B) (reverse bytes) bytes))))

(ert-deftest mode-tests-process-contact-of-the-dead ()
  "Contacts of dead and of other processes are shown as core does."
  (sockopt-tests-with-rules nil
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server)
                                             :tcp-keepidle 77))
          (pipe (make-pipe-process :name "pipe" :noquery t)))
      (delete-process client)
      (should (equal (process-contact client :tcp-keepidle) 77))
      (should (equal (plist-get (process-contact client t) :tcp-keepidle)
                     77))
      (should (equal (plist-get (process-contact pipe t) :name) "pipe"))
      (should-not (process-contact pipe :tcp-keepidle)))))

(ert-deftest mode-tests-core-alias ()
  "`:nodelay' is taken as core's name for an option of ours."
  (sockopt-tests-with-rules nil
    (let* ((server (sockopt-tests-core-server :filter #'sockopt-tests-echo))
           (arguments (list :name "client" :noquery t :host "127.0.0.1"
                            :service (process-contact server :service))))
      (dolist (more '((:nodelay t) (:nodelay t :keepalive t)))
        (let ((client (apply #'make-network-process
                             (append arguments more))))
          (should (sockopt-get client :tcp-nodelay))
          (should (plist-get (sockopt--core-contact client t) :nodelay)))))))

(ert-deftest mode-tests-process-contact-of-the-stopped ()
  "The contact of a stopped process is the kernel's, too."
  (skip-unless (eq system-type 'gnu/linux))
  (sockopt-tests-with-rules nil
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server)
                                             :priority 3)))
      (stop-process client)
      (should (eq (process-status client) 'stop))
      ;; SOL_SOCKET, SO_PRIORITY.
      (sockopt-set-raw client 1 12 (mode-tests--int 5))
      (should (equal (process-contact client :priority) 5)))))

(ert-deftest mode-tests-process-contact-refused ()
  "Where the kernel refuses to tell, what the contact has is shown."
  (sockopt-tests-with-rules nil
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server)
                                             :priority 3)))
      (cl-letf (((symbol-function 'sockopt-get)
                 (lambda (&rest _)
                   (signal 'sockopt-system-error '("No")))))
        (should (equal (process-contact client :priority) 3))))))

(ert-deftest mode-tests-predicate-gets-a-copy ()
  "What a predicate does to its list does not reach the caller's."
  (sockopt-tests-with-rules
      `(((:predicate ,(lambda (args)
                        (setcar args :nonsense)
                        (nconc args (list :priority 6))
                        nil))
         (:priority 5)))
    (let* ((arguments (list :name "server" :server t :noquery t
                            :host "127.0.0.1" :family 'ipv4 :service t))
           (copy (copy-sequence arguments))
           (server (apply #'make-network-process arguments)))
      (should (equal arguments copy))
      (should (equal (process-name server) "server"))
      (should (equal (sockopt-get server :priority) 0)))))

(provide 'mode-tests)
;;; mode-tests.el ends here
