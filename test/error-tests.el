;;; error-tests.el --- Tests of what happens after errors  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-process)
(require 'sockopt-tests-lib)

(defvar sockopt--place-directory)

(defun error-tests--descriptors ()
  "Return how many descriptors are open, but for garbage."
  (garbage-collect)
  (sockopt-tests-descriptors))

(defmacro error-tests--signals (condition pattern &rest body)
  "Check that BODY signals CONDITION with a message that matches PATTERN.
It must leave no process and no descriptor behind."
  (declare (indent 2) (debug t))
  `(let* ((processes (process-list))
          (descriptors (error-tests--descriptors))
          (error (sockopt-tests-error (lambda () ,@body))))
     (should error)
     (should (memq ,condition (get (car error) 'error-conditions)))
     (should (string-match-p ,pattern (format "%S" error)))
     (should (equal (process-list) processes))
     (should (= (error-tests--descriptors) descriptors))))

(defun error-tests--make (&rest arguments)
  "Make a process with ARGUMENTS."
  (apply #'sockopt-make-network-process :name "wrong" arguments))

;;; Arguments

(ert-deftest error-tests-unknown-keyword ()
  "An unknown keyword is named, and so is the nearest known one."
  (error-tests--signals 'sockopt-unsupported ":keepaliv .*`:keepalive'"
    (error-tests--make :host "127.0.0.1" :service 9 :keepaliv t))
  (error-tests--signals 'sockopt-unsupported ":hots .*`:host'"
    (error-tests--make :hots "127.0.0.1" :service 9)))

(ert-deftest error-tests-odd-length ()
  "A keyword without a value is named."
  (error-tests--signals 'sockopt-error "without a value.*:service"
    (error-tests--make :host "127.0.0.1" :service)))

(ert-deftest error-tests-no-proper-list ()
  "What is no proper list of options is refused, however long it is."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server))
          (circular (list :keepalive t)))
      (nconc circular circular)
      (dolist (options (list 5 "x" [:keepalive t] '(:keepalive t . 5)
                             circular))
        (dolist (function
                 (list (lambda () (sockopt-set-options server options))
                       (lambda () (sockopt-set-child-options server options))
                       (lambda () (sockopt-tests-server
                                   :child-options options))))
          (let ((error (with-timeout (1 'late)
                         (sockopt-tests-error function))))
            (should (eq (car-safe error) 'wrong-type-argument)))))
      (should-not (sockopt-get server :keepalive)))))

(ert-deftest error-tests-nul-in-name ()
  "A name is not taken for what stands before its NUL."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (number-to-string (process-contact server :service))))
      (dolist (nowait '(nil t))
        (error-tests--signals 'sockopt-error "NUL"
          (error-tests--make :host "127.0.0.1\0.example" :service port
                             :nowait nowait))
        (error-tests--signals 'sockopt-error "NUL"
          (error-tests--make :host "127.0.0.1" :service (concat port "\0x")
                             :nowait nowait)))
      (error-tests--signals 'sockopt-error "NUL"
        (error-tests--make :host "127.0.0.1" :service port
                           :protocol (intern "tcp\0x"))))))

(ert-deftest error-tests-wrong-arguments ()
  "A wrong value signals an error that names its keyword."
  (error-tests--signals 'wrong-type-argument ":name"
    (sockopt-make-network-process :host "127.0.0.1" :service 9))
  (error-tests--signals 'wrong-type-argument ":service"
    (error-tests--make :host "127.0.0.1"))
  (error-tests--signals 'args-out-of-range ":service 70000"
    (error-tests--make :host "127.0.0.1" :service 70000))
  (error-tests--signals 'args-out-of-range ":service 65536"
    (error-tests--make :host "127.0.0.1" :service 65536))
  (should (equal (sockopt--service '(:service 65535)) "65535"))
  (error-tests--signals 'wrong-type-argument ":host"
    (error-tests--make :host 3 :service 9))
  (error-tests--signals 'sockopt-error "family.*takes.*vsock"
    (error-tests--make :host "127.0.0.1" :service 9 :family 'ipv5))
  (error-tests--signals 'sockopt-error "type.*takes.*raw"
    (error-tests--make :host "127.0.0.1" :service 9 :type 'dgram))
  (error-tests--signals 'sockopt-error ":protocol.*icmp"
    (error-tests--make :host "127.0.0.1" :type 'raw))
  (error-tests--signals 'wrong-type-argument "integerp \"x\" :host"
    (error-tests--make :family 'vsock :host "x" :service 9))
  (error-tests--signals 'wrong-type-argument "integerp nil :service"
    (error-tests--make :family 'vsock :host 1))
  (error-tests--signals 'args-out-of-range ":service 4294967296"
    (error-tests--make :family 'vsock :host 1 :service 4294967296))
  (error-tests--signals 'sockopt-error
      "Unknown protocol\" nonesuch \"there are tcp, .*icmp.*; a number"
    (error-tests--make :host "127.0.0.1" :service 9 :protocol 'nonesuch))
  (error-tests--signals 'sockopt-system-error "Cannot look up host"
    (error-tests--make :host "127.0.0.1" :service 9 :family 'ipv6))
  (error-tests--signals 'sockopt-system-error "Cannot look up host"
    (error-tests--make :host "::1" :service 9 :family 'ipv4))
  (error-tests--signals 'sockopt-error "incompatible"
    (error-tests--make :host "127.0.0.1" :service 9 :server t :nowait t))
  (error-tests--signals 'error ":remote"
    (error-tests--make :remote [127 0 0 1]))
  (error-tests--signals 'args-out-of-range "256"
    (error-tests--make :remote [256 0 0 1 9])))

(ert-deftest error-tests-wrong-option-values ()
  "A wrong option value signals before there is any socket."
  (dolist (nowait '(nil t))
    (error-tests--signals 'wrong-type-argument "integerp.*:priority"
      (error-tests--make :host "127.0.0.1" :service 9 :priority "high"
                         :nowait nowait))
    (error-tests--signals 'args-out-of-range ":linger"
      (error-tests--make :host "127.0.0.1" :service 9 :linger -1
                         :nowait nowait))
    (error-tests--signals 'args-out-of-range ":bindtodevice"
      (error-tests--make :host "127.0.0.1" :service 9 :nowait nowait
                         :bindtodevice "an-overlong-name"))
    (error-tests--signals 'args-out-of-range ":priority"
      (error-tests--make :host "127.0.0.1" :service 9 :nowait nowait
                         :priority (ash 1 70)))))

(ert-deftest error-tests-wrong-before-lookup ()
  "A wrong option value signals before the host is looked up."
  (dolist (nowait '(nil t))
    (error-tests--signals 'wrong-type-argument "integerp.*:priority"
      (error-tests--make :host "no-such-host.invalid" :service 9
                         :priority "high" :nowait nowait))))

(ert-deftest error-tests-likeness ()
  "What is too long is like nothing, and a part counts from three letters on."
  (let ((near (intern (concat ":" (make-string 99 ?a)))))
    (should (eq (sockopt--nearest (intern (concat ":" (make-string 98 ?a) "b"))
                                  (list near))
                near))
    (should-not (sockopt--nearest (intern (concat ":" (make-string 100 ?a)))
                                  (list near))))
  (should (eq (sockopt--nearest :ttl '(:tcp :ip-ttl)) :ip-ttl))
  (should (eq (sockopt--nearest :at '(:ab :ip-hdr-at)) :ab)))

(ert-deftest error-tests-likeness-of-c ()
  "Names as C has them mean those of Lisp."
  (pcase-dolist (`(,c ,lisp) '((:TCP_NODELAY :tcp-nodelay)
                               (:tcp_nodelay :tcp-nodelay)
                               (:SO_KEEPALIVE :keepalive) (:so-mark :mark)
                               (:IPV6_V6ONLY :ipv6-v6only)
                               (SO_RCVBUF :rcvbuf)))
    (should (eq lisp (sockopt--nearest c (sockopt-option-list))))))

(ert-deftest error-tests-unlike ()
  "What is like none is not said to mean one."
  (dolist (name '(:xyzzy :foo nil quote))
    (should-not (sockopt--nearest name (sockopt-option-list))))
  (should-not (sockopt--nearest 'udp '(stream datagram seqpacket raw)))
  (should-not (sockopt--nearest :port '(:name :host :service)))
  (error-tests--signals 'sockopt-unsupported ":foo.*sockopt-describe-option"
    (error-tests--make :host "127.0.0.1" :service 9 :foo t)))

(ert-deftest error-tests-path-too-long ()
  "An overlong path of a local socket is refused by name."
  (dolist (server '(nil t))
    (error-tests--signals 'args-out-of-range ":service.*107"
      (error-tests--make :family 'local :server server
                         :service (make-string 108 ?x)))))

;;; What the system refuses

(ert-deftest error-tests-refused ()
  "A refused connection signals a `file-error' with core's data."
  (let ((port (sockopt-tests-free-port)))
    (error-tests--signals 'file-error "Connection refused"
      (error-tests--make :host "127.0.0.1" :service port))
    (let ((error (sockopt-tests-error
                  (lambda ()
                    (error-tests--make :host "127.0.0.1" :service port)))))
      (should (eq (car error) 'sockopt-system-error))
      (should (equal (cdr error)
                     (cdr (sockopt-tests-error
                           (lambda ()
                             (make-network-process
                              :name "wrong" :host "127.0.0.1"
                              :service port))))))
      (should (string-prefix-p "make client process failed: Connection"
                               (error-message-string error))))))

(defun error-tests--refused-words (port)
  "Return a form that prints what is said of PORT, where nobody listens.
It prints the characters as numbers: whichever the locale, these are read."
  `(let ((_ (require 'warnings))
         (process (sockopt-make-network-process
                   :name "datagram" :type 'datagram :host "127.0.0.1"
                   :service ,port)))
     (let ((warning-minimum-log-level :error))
       (sockopt-set process :ip-recverr t))
     (ignore-errors (process-send-string process "x"))
     (print (list (append (condition-case error
                              (sockopt-make-network-process
                               :name "refused" :host "127.0.0.1"
                               :service ,port)
                            (error (nth 2 error)))
                          nil)
                  (append (cdr (sockopt-get process :error)) nil)))))

(ert-deftest error-tests-words-of-the-locale ()
  "What the system says is decoded as the locale has it."
  :tags '((needs :ip-recverr))
  (unless (file-exists-p "/usr/share/locale/fr/LC_MESSAGES/libc.mo")
    (ert-skip "the C library does not speak French"))
  (unless (executable-find "localedef")
    (ert-skip "there is no localedef"))
  (sockopt-tests-with-directory directory
    (let* ((locale (expand-file-name "fr_FR.ISO-8859-1" directory))
           (form (error-tests--refused-words (sockopt-tests-free-port)))
           (words (append "Connexion refus\u00e9e" nil)))
      (call-process "localedef" nil nil nil "-i" "fr_FR" "-f" "ISO-8859-1"
                    locale)
      (unless (file-directory-p locale)
        (ert-skip "the locale fr_FR cannot be made"))
      (let ((process-environment
             (append (list (concat "LOCPATH=" directory)
                           "LC_ALL=fr_FR.ISO-8859-1" "LANGUAGE=")
                     process-environment)))
        (should (equal (read (sockopt-tests-emacs "-L" "lisp" "-l" "sockopt"
                                                  "--eval"
                                                  (format "%S" form)))
                       (list words words)))))))

(ert-deftest error-tests-no-such-host ()
  "A host that is not found signals the resolver's words and its name."
  (error-tests--signals 'sockopt-system-error
      "Cannot look up host.*no-such-host.invalid"
    (error-tests--make :host "no-such-host.invalid" :service 9)))

(ert-deftest error-tests-no-such-service ()
  "A service that is not found is named."
  (error-tests--signals 'sockopt-system-error "no-such-service"
    (error-tests--make :host "127.0.0.1" :service "no-such-service")))

(ert-deftest error-tests-address-in-use ()
  "An address that is in use is named."
  (sockopt-tests-clean
    (let ((port (process-contact (sockopt-tests-server) :service)))
      (error-tests--signals 'file-error
          (format "in use.*127 0 0 1 %d" port)
        (error-tests--make :server t :host "127.0.0.1" :service port)))))

(ert-deftest error-tests-missing-path ()
  "A local path that is not there signals `file-missing'."
  (error-tests--signals 'file-missing "No such file.*/no-such-directory/s"
    (error-tests--make :family 'local :service "/no-such-directory/s"))
  (error-tests--signals 'sockopt-system-error "No such file"
    (error-tests--make :family 'local :service "/no-such-directory/s")))

(ert-deftest error-tests-option-refused ()
  "An option that the kernel refuses is named, and no process is left."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (error-tests--signals 'sockopt-system-error
          "No such device.*:bindtodevice.*no-such-if"
        (sockopt-tests-client server :bindtodevice "no-such-if"))
      (error-tests--signals 'sockopt-system-error ":bindtodevice"
        (sockopt-tests-server :bindtodevice "no-such-if")))))

(ert-deftest error-tests-option-refused-among-others ()
  "Of several, a contact has those that were set, and they alone."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (let ((error (sockopt-tests-error
                    (lambda ()
                      (sockopt-set-options
                       client '(:priority 2 :bindtodevice "no-such-if"
                                :tcp-nodelay t))))))
        (should (memq :bindtodevice error))
        (should (equal (car (last error)) '(:already-set :priority))))
      (should (equal (process-contact client :priority) 2))
      (should-not (plist-member (process-contact client t) :bindtodevice))
      (should-not (sockopt-get client :tcp-nodelay)))))

(ert-deftest error-tests-option-refused-nowait ()
  "An option that the kernel refuses reaches the sentinel."
  (sockopt-tests-clean
    (let (messages
          (server (sockopt-tests-server)))
      (sockopt-tests-client server :nowait t :bindtodevice "no-such-if"
                            :sentinel (lambda (_process message)
                                        (push message messages)))
      (should (sockopt-tests-wait (lambda () messages)))
      (should (string-match-p "\\`failed: .*:bindtodevice"
                              (car messages))))))

;;; Processes that have no socket

(ert-deftest error-tests-no-socket ()
  "Processes without a socket signal what is wrong with them."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (dead (sockopt-tests-client server))
           (pipe (make-pipe-process :name "pipe" :noquery t)))
      (sockopt-get dead :keepalive)
      (delete-process dead)
      (error-tests--signals 'sockopt-error "not running"
        (sockopt-get dead :keepalive))
      (error-tests--signals 'sockopt-error "not running"
        (sockopt-set dead :keepalive t))
      (error-tests--signals 'sockopt-error "not running"
        (sockopt-options dead))
      (error-tests--signals 'sockopt-error "not a network process"
        (sockopt-get pipe :keepalive))
      (error-tests--signals 'wrong-type-argument "processp"
        (sockopt-get "client" :keepalive))
      (kill-buffer (process-buffer pipe)))))

(ert-deftest error-tests-dead-descriptor-reused ()
  "A dead process never reaches the socket that has its descriptor now."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (old (sockopt-tests-client server)))
      (sockopt-set old :priority 1)
      (delete-process old)
      (let ((new (sockopt-tests-client server)))
        (should (sockopt-tests-error
                 (lambda () (sockopt-set old :priority 6))))
        (should (eql (sockopt-get new :priority) 0))))))

;; A process takes several descriptors while it is made, so each number of
;; free ones below that ends it at another place.
(defun error-tests--with-few-descriptors (function)
  "Call FUNCTION with no descriptor free, then one, and so on, until it works.
Return how often it failed, each time with a condition of the package
and no process or descriptor left."
  (let ((failures 0)
        fillers error)
    (unwind-protect
        (progn
          (condition-case nil
              (while t
                (push (make-network-process
                       :name "filler" :noquery t :type 'datagram :server t
                       :family 'ipv4 :host "127.0.0.1" :service t)
                      fillers))
            (error nil))
          (while (let ((processes (process-list)))
                   (when (setq error (sockopt-tests-error function))
                     (should (memq 'sockopt-error
                                   (get (car error) 'error-conditions)))
                     (should (equal (process-list) processes))))
            (setq failures (1+ failures))
            (should (< failures 20))
            (delete-process (pop fillers))))
      (mapc #'delete-process fillers))
    failures))

(ert-deftest error-tests-no-descriptors-left ()
  "When descriptors run out, that is said, and nothing is half made."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (sockopt-tests-warm-up)
      (delete-process (sockopt-tests-client server :linger 0))
      (pcase-dolist (`(,nowait ,linger) '((nil nil) (t nil) (nil 3)))
        (should (> (error-tests--with-few-descriptors
                    (lambda ()
                      (delete-process
                       (sockopt-tests-client server :nowait nowait
                                             :linger linger))))
                   0))))))

(ert-deftest error-tests-no-descriptors-left-to-linger ()
  "What would freeze Emacs is not set, neither by its keyword nor by number."
  :tags '((needs :cookie))
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           ;; The first has Emacs load what it takes.
           (other (sockopt-tests-client server :linger 3))
           (bytes (sockopt-get-raw other 1 13 8)))
      (dolist (set (list (lambda (client) (sockopt-set client :linger 3))
                         (lambda (client)
                           (sockopt-set-raw client 1 13 bytes))))
        (let ((client (sockopt-tests-client server)))
          (should (> (error-tests--with-few-descriptors
                      (lambda ()
                        (should-not (sockopt-get client :linger))
                        (funcall set client)))
                     0))
          (should (eql (sockopt-get client :linger) 3)))))))

(ert-deftest error-tests-no-descriptors-left-for-server ()
  "Nor is there a file left of the place of a server."
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let* ((temporary-file-directory (file-name-as-directory directory))
             (sockopt--place-directory temporary-file-directory))
        (should (> (error-tests--with-few-descriptors
                    (lambda () (delete-process (sockopt-tests-server))))
                   0))
        (should-not (directory-files
                     directory nil directory-files-no-dot-files-regexp))))))

;;; Quitting

(defun error-tests--fill-queue (path)
  "Make a local server at PATH whose queue of connections is full.
It is stopped, so it never takes one."
  (let ((server (make-network-process :name "full" :server 1 :noquery t
                                      :family 'local :service path
                                      :stop t)))
    (dotimes (_ 4)
      (ignore-errors
        (make-network-process :name "filler" :noquery t :family 'local
                              :service path :nowait t
                              :sentinel #'ignore)))
    server))

(defun error-tests--program (path log)
  "Return what the Emacs that is interrupted evaluates.
It connects to PATH and writes how that went into the file LOG."
  `(progn
     (require 'sockopt)
     (sockopt-make-network-process :name "warm" :type 'datagram
                                   :host "127.0.0.1" :service 9)
     (mapc #'delete-process (process-list))
     (let* ((count (lambda ()
                     (garbage-collect)
                     (length (directory-files "/proc/self/fd" nil
                                              "\\`[0-9]" t))))
            (before (funcall count)))
       (write-region "READY\n" nil ,log nil 'quiet)
       (let ((result (condition-case error
                         (sockopt-make-network-process
                          :name "c" :family 'local :service ,path)
                       (quit 'quit)
                       (error error))))
         (write-region (format "RESULT %S %S %S\n" result
                               ;; Emacs may compile natively meanwhile.
                               (cl-remove 'network (process-list)
                                          :key #'process-type
                                          :test-not #'eq)
                               (- (funcall count) before))
                       nil ,log nil 'quiet))
       (kill-emacs))))

(defun error-tests--logged (log pattern)
  "Return non-nil if the file LOG has a match for PATTERN."
  (and (file-exists-p log)
       (with-temp-buffer
         (insert-file-contents log)
         (re-search-forward pattern nil t))))

(ert-deftest error-tests-quit-while-connecting ()
  "C-g stops a connection in progress at once and leaves nothing behind."
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let* ((path (expand-file-name "s" directory))
             (log (expand-file-name "log" directory))
             emacs)
        (error-tests--fill-queue path)
        (setq emacs (sockopt-tests-terminal (error-tests--program path log)))
        (should (sockopt-tests-wait
                 (lambda () (error-tests--logged log "READY")) 20))
        (sockopt-tests-wait #'ignore 0.5)
        (should-not (error-tests--logged log "RESULT"))
        (should (< (sockopt-tests-quit
                    emacs "connecting to a local server"
                    (lambda () (and (error-tests--logged log "RESULT") t)))
                   1))
        (should (error-tests--logged log "RESULT quit nil 0"))
        (sockopt-tests-wait
         (lambda () (not (process-live-p emacs))))))))

(provide 'error-tests)
;;; error-tests.el ends here
