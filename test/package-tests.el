;;; package-tests.el --- Tests with real packages  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The packages know nothing of this one.  Each connects with the mode on
;; and gets options by rule, which are read back from the kernel while the
;; connection is in use.

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)
(require 'erc)
(require 'jsonrpc)
(require 'rcirc)
(require 'server)
(require 'url)
(require 'url-http)

(defun package-tests--program (name package)
  "Return the program NAME of Debian's PACKAGE, or skip the test."
  (or (let ((exec-path (append exec-path '("/usr/sbin" "/sbin"))))
        (executable-find name))
      (ert-skip (format "There is no %s: install the package %s"
                        name package))))

(defmacro package-tests--with (rules &rest body)
  "Evaluate BODY with RULES in force, then remove processes and buffers."
  (declare (indent 1) (debug t))
  `(let ((buffers (buffer-list))
         (kill-buffer-query-functions nil))
     (unwind-protect
         (sockopt-tests-clean
           (sockopt-tests-with-mode ,rules ,@body))
       (mapc (lambda (buffer)
               (when (buffer-live-p buffer)
                 (let ((kill-buffer-hook nil))
                   (kill-buffer buffer))))
             (cl-set-difference (buffer-list) buffers)))))

(defun package-tests--write (file &rest strings)
  "Write STRINGS to FILE."
  (with-temp-file file
    (apply #'insert strings)))

(defun package-tests--serve (port program &rest arguments)
  "Start PROGRAM with ARGUMENTS and wait until it listens on PORT."
  (let ((output (list "")))
    (make-process :name program :noquery t :connection-type 'pipe
                  :command (cons program arguments)
                  :filter (sockopt-tests-collector output))
    (unless (sockopt-tests-wait
             (lambda () (sockopt-tests-listening-p port)) 10)
      (ert-fail (list program "does not serve" (car output))))))

(defun package-tests--connections (port)
  "Return the open connections to PORT, the newest first."
  (cl-remove-if-not
   (lambda (process)
     (and (eq (process-type process) 'network)
          (eq (process-status process) 'open)
          (equal (process-contact process :service) port)))
   (process-list)))

(defun package-tests--values (process &rest options)
  "Return the kernel's values of OPTIONS of PROCESS as a plist."
  (cl-loop for option in options
           append (list option (sockopt-get process option))))

(defconst package-tests--dead-peer
  '(:keepalive t :tcp-keepidle 60 :tcp-keepintvl 10 :tcp-keepcnt 6
    :tcp-rto-max-ms 10000)
  "What the preset `dead-peer' sets.")

(defun package-tests--dead-peer-values (process)
  "Return the options of PROCESS that the preset `dead-peer' sets."
  (apply #'package-tests--values process
         (cl-loop for option in package-tests--dead-peer by #'cddr
                  collect option)))

;;; url

(defun package-tests--nginx (directory port)
  "Have nginx serve DIRECTORY on PORT."
  (let ((program (package-tests--program "nginx" "nginx-light"))
        (configuration (expand-file-name "nginx.conf" directory)))
    (package-tests--write (expand-file-name "page" directory)
                          "Served by nginx.")
    ;; One process that stays in the foreground and is whoever we are.
    (package-tests--write
     configuration
     "daemon off; master_process off; pid nginx.pid;\n"
     "events { }\n"
     "http {\n"
     "  access_log off;\n"
     (mapconcat (lambda (what) (format "  %s_temp_path %s;\n" what what))
                '("client_body" "proxy" "fastcgi" "uwsgi" "scgi") "")
     (format "  server { listen 127.0.0.1:%d; root %s; }\n" port directory)
     "}\n")
    (package-tests--serve port program "-e" "stderr"
                          "-p" directory "-c" configuration)))

(defmacro package-tests--with-nginx (port &rest body)
  "Evaluate BODY with nginx serving on PORT, bound to a number.
Connections to it get options by rule."
  (declare (indent 1) (debug t))
  `(sockopt-tests-with-directory directory
     (let ((,port (sockopt-tests-free-port))
           (url-configuration-directory directory)
           (url-http-open-connections (make-hash-table :test #'equal))
           (url-proxy-services nil))
       (package-tests--with `(((:host "\\`127\\." :service ,,port)
                               dead-peer low-latency))
         (package-tests--nginx directory ,port)
         ,@body))))

(defun package-tests--url (port)
  "Return the URL of the page that is served on PORT."
  (format "http://127.0.0.1:%d/page" port))

(defun package-tests--check-page (buffer port)
  "Check that BUFFER has the page, and the options of the connection to PORT.
Return that connection, which is kept for the next page."
  (let ((connections (package-tests--connections port)))
    (with-current-buffer buffer
      (should (string-match-p "200 OK\\(.*\n\\)*Served by nginx\\."
                              (buffer-string))))
    (should (= (length connections) 1))
    (should (equal (package-tests--dead-peer-values (car connections))
                   package-tests--dead-peer))
    (should (eq t (sockopt-get (car connections) :tcp-nodelay)))
    (car connections)))

(ert-deftest package-tests-url-retrieve ()
  "The connection of `url-retrieve', which does not wait, has its options."
  (package-tests--with-nginx port
    (let (buffer)
      (url-retrieve (package-tests--url port)
                    (lambda (_status) (setq buffer (current-buffer)))
                    nil t t)
      (should (sockopt-tests-wait (lambda () buffer)))
      (package-tests--check-page buffer port))))

(ert-deftest package-tests-url-retrieve-synchronously ()
  "So has that of `url-retrieve-synchronously', which is used again."
  (package-tests--with-nginx port
    (let ((first (package-tests--check-page
                  (url-retrieve-synchronously (package-tests--url port)
                                              t t 10)
                  port)))
      (should (eq first
                  (package-tests--check-page
                   (url-retrieve-synchronously (package-tests--url port)
                                               t t 10)
                   port))))))

;;; rcirc and ERC

(defun package-tests--ngircd (directory port)
  "Have ngircd serve on PORT, with its files in DIRECTORY."
  (let ((program (package-tests--program "ngircd" "ngircd"))
        (configuration (expand-file-name "ngircd.conf" directory)))
    (package-tests--write
     configuration
     (format "[Global]\nName = irc.test\nInfo = test\nPorts = %d\n" port)
     "Listen = 127.0.0.1\nAdminEMail = admin@irc.test\n"
     ;; ERC of Emacs 30 stays on no network that has no name.
     "Network = Test\n"
     "[Limits]\nMaxPenaltyTime = 0\n"
     "[Options]\nIdent = no\nDNS = no\nPAM = no\n")
    (package-tests--serve port program "-n" "-f" configuration)))

(defun package-tests--buffer-has-p (buffer regexp)
  "Wait until BUFFER, a name, is there and REGEXP matches in it."
  (sockopt-tests-wait
   (lambda ()
     (and (get-buffer buffer)
          (with-current-buffer buffer
            (save-excursion
              (goto-char (point-min))
              (re-search-forward regexp nil t)))))
   10))

(defun package-tests--type (buffer text command)
  "Type TEXT at the end of BUFFER, then call COMMAND."
  (with-current-buffer buffer
    (goto-char (point-max))
    (insert text)
    (funcall command)))

(defun package-tests--rcirc (port)
  "Connect rcirc to PORT, join a channel and return the process."
  (let ((process (rcirc-connect "127.0.0.1" port "rita" "rita" "Rita"
                                '("#test"))))
    (should (package-tests--buffer-has-p "#test@127.0.0.1" "rita.*JOIN"))
    process))

(defun package-tests--erc (port)
  "Connect ERC to PORT, join a channel and return the process."
  (let* ((buffer (erc :server "127.0.0.1" :port port :nick "erna"
                      :full-name "Erna"))
         (process (buffer-local-value 'erc-server-process buffer)))
    ;; Before the end of its greeting the server lets nobody join.
    (should (sockopt-tests-wait
             (lambda () (buffer-local-value 'erc-server-connected buffer))
             10))
    (with-current-buffer buffer
      (erc-cmd-JOIN "#test"))
    (should (package-tests--buffer-has-p "#test" "You have joined"))
    process))

(ert-deftest package-tests-irc ()
  "A user of rcirc and one of ERC, both with options, talk to each other."
  (sockopt-tests-with-directory directory
    (let ((port (sockopt-tests-free-port))
          (rcirc-log-flag nil)
          (erc-modules '(networks))
          (erc-prompt-for-password nil)
          (erc-server-flood-penalty 0))
      (package-tests--with `(((:service (,port)) dead-peer)
                             ((:name "\\`erc-") (:tcp-keepidle 77)))
        (package-tests--ngircd directory port)
        (let ((rcirc (package-tests--rcirc port))
              (erc (package-tests--erc port)))
          (package-tests--type "#test@127.0.0.1" "Anybody there?"
                               #'rcirc-send-input)
          (should (package-tests--buffer-has-p "#test" "Anybody there"))
          (package-tests--type "#test" "Here I am." #'erc-send-current-line)
          (should (package-tests--buffer-has-p "#test@127.0.0.1"
                                               "Here I am"))
          (should (equal (package-tests--dead-peer-values rcirc)
                         package-tests--dead-peer))
          (should (equal (package-tests--dead-peer-values erc)
                         (plist-put (copy-sequence package-tests--dead-peer)
                                    :tcp-keepidle 77))))))))

;;; The Emacs server

(defmacro package-tests--with-server (rules &rest body)
  "Evaluate BODY with RULES in force and an Emacs server over TCP."
  (declare (indent 1) (debug t))
  `(sockopt-tests-with-directory directory
     (let ((server-use-tcp t)
           (server-host "127.0.0.1")
           (server-port nil)
           (server-auth-dir (file-name-as-directory directory))
           (server-name "package-tests")
           (server-process nil)
           (server-clients nil)
           (server-mode nil))
       (package-tests--with ,rules
         (unwind-protect
             (progn (server-start nil t) ,@body)
           (server-start t t))))))

(defvar package-tests--client-values nil
  "What options the connection of emacsclient had while it was served.")

(defun package-tests--note-client ()
  "Note the options of the connection of the emacsclient that calls this."
  (setq package-tests--client-values
        (apply #'package-tests--values (car server-clients)
               '(:keepalive :tcp-keepidle :priority :tcp-nodelay)))
  "noted")

(defun package-tests--emacsclient ()
  "Have emacsclient call `package-tests--note-client'; return its output."
  (let* ((program (package-tests--program "emacsclient" "emacs-bin-common"))
         (output (list ""))
         (file (expand-file-name server-name server-auth-dir))
         (client (make-process
                  :name "emacsclient" :noquery t :connection-type 'pipe
                  :filter (sockopt-tests-collector output)
                  :command (list program "--server-file" file "--eval"
                                 "(package-tests--note-client)"))))
    ;; Its output may come after the news of its end.
    (should (sockopt-tests-wait
             (lambda () (and (not (process-live-p client))
                             (string-suffix-p "\n" (car output))))
             10))
    (should (equal (process-exit-status client) 0))
    (car output)))

(ert-deftest package-tests-server ()
  "What emacsclient makes has the options of the ruled server's children.
The kernel gives them all of the server's but the priority."
  (setq package-tests--client-values nil)
  (package-tests--with-server '(((:name "package-tests" :server t)
                                 (:keepalive t) (:tcp-keepidle 77)
                                 (:priority 3) low-latency))
    (should (equal (sockopt-get server-process :priority) 3))
    (should (equal (package-tests--emacsclient) "\"noted\"\n"))
    (should (equal package-tests--client-values
                   '(:keepalive t :tcp-keepidle 77 :priority 0
                     :tcp-nodelay t)))))

(ert-deftest package-tests-server-child-options ()
  "So it has options that it claims for its children alone."
  (setq package-tests--client-values nil)
  (package-tests--with-server nil
    (sockopt-set-child-options server-process
                               '(:keepalive t :tcp-keepidle 77 :priority 3))
    (should (equal (package-tests--emacsclient) "\"noted\"\n"))
    (should (equal package-tests--client-values
                   '(:keepalive t :tcp-keepidle 77 :priority 3
                     :tcp-nodelay nil)))
    (should-not (plist-member (sockopt--core-contact server-process t)
                              :keepalive))))

;;; jsonrpc

(defun package-tests--jsonrpc-server ()
  "Make a server whose requests are answered with their parameters."
  (make-network-process
   :name "server" :server 50 :noquery t :host "127.0.0.1" :family 'ipv4
   :service t :coding 'binary
   :log (lambda (_server child _message)
          (make-instance 'jsonrpc-process-connection
                         :name "server" :process child
                         :request-dispatcher
                         (lambda (_connection _method parameters)
                           parameters)))))

(defun package-tests--jsonrpc-client (server)
  "Return a jsonrpc connection to SERVER."
  (make-instance
   'jsonrpc-process-connection :name "client"
   :process (open-network-stream "EGLOT" nil "127.0.0.1"
                                 (process-contact server :service)
                                 :coding 'binary)))

(defun package-tests--round (connection number)
  "Notify and ask by CONNECTION, with NUMBER; return the milliseconds."
  (let ((start (float-time)))
    (jsonrpc-notify connection :changed (list :number number))
    (should (equal (jsonrpc-request connection :echo (list :number number)
                                    :timeout 5)
                   (list :number number)))
    (* 1000 (- (float-time) start))))

(defun package-tests--median-round (connection)
  "Return the median time of 15 rounds by CONNECTION, in milliseconds."
  (nth 7 (sort (cl-loop for i below 15
                        collect (package-tests--round connection i))
               #'<)))

(defun package-tests--jsonrpc-times (nodelay)
  "Check that the option is NODELAY and return the time of a round."
  (let ((client (package-tests--jsonrpc-client
                 (package-tests--jsonrpc-server))))
    (should (eq nodelay (sockopt-get (jsonrpc--process client)
                                     :tcp-nodelay)))
    (prog1 (package-tests--median-round client)
      (should (eq nodelay (sockopt-get (jsonrpc--process client)
                                       :tcp-nodelay))))))

(ert-deftest package-tests-jsonrpc ()
  "A rule takes the wait from a notification that a request follows.
The times are printed only; they are the kernel's affair."
  (let ((without (package-tests--with nil
                   (package-tests--jsonrpc-times nil)))
        (with (package-tests--with '(((:name "EGLOT") low-latency))
                (package-tests--jsonrpc-times t))))
    (message "jsonrpc, median round: %.2f ms without, %.2f ms with a rule"
             without with)))

;;; package-tests.el ends here
