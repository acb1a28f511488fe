;;; sockopt-process.el --- Make network processes  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The module makes a socket and sets its options; core makes a process on
;; a placeholder; and the module lays the one beneath the other.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(declare-function sockopt--check "../module/emacs/option-access.c" (settings))
(declare-function sockopt--lookup "../module/emacs/process-lookup.c"
                  (host service family type preferred timeout))
(declare-function sockopt--address "../module/emacs/process-lookup.c"
                  (keyword address))
(declare-function sockopt--open "../module/emacs/process-open.c"
                  (type protocol backlog addresses settings optional args
                   stagger timeout))
(declare-function sockopt--adopt "../module/emacs/process-adopt.c"
                  (handle args role directory))
(declare-function sockopt--hold "../module/emacs/process-connect.c" ())
(declare-function sockopt--start "../module/emacs/process-connect.c"
                  (handle channel line target type protocol settings
                   optional stagger))
(declare-function sockopt--break "../module/emacs/process-connect.c" (handle))
(declare-function sockopt--connection-log "../module/emacs/process-log.c"
                  (handle))
(declare-function sockopt--finish "../module/emacs/process-connect.c"
                  (handle job settings))
(declare-function sockopt--won-p "../module/emacs/process-connect.c" (job))
(declare-function gnutls-boot "ext:gnutls.c" (proc type proplist))
(declare-function gnutls-asynchronous-parameters "ext:gnutls.c"
                  (process params))
(declare-function gnutls-error-string "ext:gnutls.c" (error))
(declare-function gnutls-peer-status "ext:gnutls.c" (proc))
(declare-function nsm-verify-connection "nsm"
                  (process host port &optional save-fingerprint
                           warn-unencrypted))
(declare-function sockopt--drop "../module/emacs/process-connect.c" (job))
(declare-function sockopt--name "../module/emacs/handle.c" (handle))
(declare-function sockopt--close "../module/emacs/handle.c" (handle))
(declare-function sockopt--vsock-address "../module/emacs/process-lookup.c"
                  (cid port))

;;; How to connect

(defcustom sockopt-address-family-preference nil
  "Which family of addresses to try first where a host has several.
It is `ipv4', `ipv6', or nil for the order of the system (RFC 6724); the
families then take turns (RFC 8305, section 4)."
  :type '(choice (const :tag "As the system has it" nil)
                 (const :tag "IPv4" ipv4) (const :tag "IPv6" ipv6))
  :group 'sockopt)

(defcustom sockopt-connect-stagger 0.25
  "How many seconds an address has before the next is tried besides.
RFC 8305, section 5, recommends 0.25, and at least 0.01 and at most 2."
  :type '(number :match (lambda (_widget value)
                          (and (numberp value) (<= 0.01 value 2))))
  :group 'sockopt)

(defconst sockopt--longest-timeout 2147483
  "The greatest `:connect-timeout', whose milliseconds fit in 32 bits.")

(defun sockopt--check-timeout (args)
  "Signal an error unless the `:connect-timeout' in ARGS can be used."
  (let ((timeout (plist-get args :connect-timeout)))
    (when timeout
      (unless (numberp timeout)
        (signal 'wrong-type-argument
                (list 'numberp timeout :connect-timeout)))
      (unless (and (< 0 timeout) (<= timeout sockopt--longest-timeout))
        (signal 'args-out-of-range (list :connect-timeout timeout
                                         0 sockopt--longest-timeout)))
      (when (or (plist-get args :server) (sockopt--packets-p args))
        (sockopt--signal-argument
         "`:connect-timeout' is for clients that connect" timeout)))))

(defun sockopt--stagger ()
  "Return `sockopt-connect-stagger' in milliseconds."
  (max 10 (min 2000 (round (* 1000 sockopt-connect-stagger)))))

(defun sockopt--deadline (args)
  "Return when ARGS say that connecting has taken too long, or nil."
  (let ((timeout (plist-get args :connect-timeout)))
    (and timeout (+ (float-time) timeout))))

(defun sockopt--time-left (deadline)
  "Return how many milliseconds there are until DEADLINE; nil if that is nil."
  (and deadline
       (max 0 (ceiling (* 1000 (- deadline (float-time)))))))

(defvar sockopt--connections (make-hash-table :test #'eq :weakness 'key)
  "For each client that we connected, (HANDLE . TLS-SECONDS).")

(defun sockopt--note-connection (process handle)
  "Note that PROCESS has been connected on the socket of HANDLE."
  (puthash process (list handle) sockopt--connections))

(defun sockopt--note-tls (process start)
  "Note that the TLS handshake of PROCESS, begun at START, is done."
  (setcdr (gethash process sockopt--connections)
          (- (float-time) start)))

(defun sockopt--tls-version (process)
  "Return the version of TLS that PROCESS speaks, a string, or nil."
  (and (process-live-p process)
       (plist-get (sockopt--core-contact process t t) :tls-parameters)
       (plist-get (gnutls-peer-status process) :protocol)))

;;;###autoload
(defun sockopt-connection (process)
  "Return how PROCESS was connected, a plist, or nil if that is not known.
It is known of clients that this package connected:
  :lookup SECONDS       how long it took to look up the host, if it was
  :attempts (ATTEMPT...)  the addresses that were tried
  :connect SECONDS      how long it took from the first attempt on until
                        one of them was connected
  :tls SECONDS          how long the TLS handshake took, if there was one
  :tls-version STRING   such as \"TLS1.3\"
Each ATTEMPT is (ADDRESS RESULT START SECONDS): RESULT is t for the one
that is used, nil for one that was given up, or a string that says why it
failed; START is when it began, in seconds after the first."
  (let* ((known (gethash process sockopt--connections))
         (log (and known (sockopt--connection-log (car known)))))
    (when log
      (sockopt--connection-plist process log (cdr known)))))

(defun sockopt--connection-plist (process log tls)
  "Return what `sockopt-connection' does for PROCESS.
LOG is from `sockopt--connection-log', TLS a number of seconds or nil."
  (pcase-let* ((`(,lookup ,_total . ,attempts) log)
               (used (cl-find t attempts :key #'cadr))
               (version (sockopt--tls-version process)))
    `(,@(and lookup (list :lookup lookup))
      :attempts ,(mapcar (lambda (attempt)
                           (sockopt--attempt process attempt))
                         attempts)
      ,@(and used (list :connect (+ (nth 2 used) (nth 3 used))))
      ,@(and tls (list :tls tls))
      ,@(and version (list :tls-version version)))))

(defun sockopt--attempt (process attempt)
  "Return ATTEMPT of PROCESS with the code that Emacs read, if it did."
  (if (eq (nth 1 attempt) 'failed)
      `(,(car attempt)
        ,(format "failed with code %d" (process-exit-status process))
        ,@(nthcdr 2 attempt))
    attempt))

;;; Arguments

(defconst sockopt--kept-keywords
  '(:name :buffer :coding :noquery :stop :filter :filter-multibyte :sentinel
    :log :plist :server :nowait)
  "The keywords that mean the same to a placeholder.")

(defun sockopt--options-in (args)
  "Return the options in ARGS as a plist.
Signal an error if ARGS have a keyword that nobody knows."
  (sockopt--check-plist args)
  (cl-loop for (keyword value) on args by #'cddr
           unless (sockopt--keyword-p keyword)
           unless (get keyword 'sockopt--row)
           do (sockopt--signal-unknown
               keyword (append sockopt--keywords sockopt--options))
           else collect keyword and collect value))

(defun sockopt--signal-argument (message &rest data)
  "Signal that an argument is wrong, with MESSAGE and DATA."
  (signal 'sockopt-error (cons message data)))

(defun sockopt--check-arguments (args)
  "Signal an error if the keywords in ARGS do not go together."
  (let ((name (plist-get args :name)))
    (unless (stringp name)
      (signal 'wrong-type-argument (list 'stringp name :name))))
  (when (and (plist-get args :server) (plist-get args :nowait))
    (sockopt--signal-argument "`:server' is incompatible with `:nowait'"))
  (unless (memq (plist-get args :type) '(nil datagram seqpacket raw))
    (sockopt--signal-argument "Unsupported connection type"
                              (plist-get args :type)))
  (let ((family (plist-get args :family)))
    (unless (or (memq family '(nil local ipv4 ipv6 vsock)) (integerp family))
      (sockopt--signal-argument "Unknown address family" family)))
  (let ((tls (plist-get args :tls-parameters)))
    (unless (listp tls)
      (signal 'wrong-type-argument (list 'listp tls :tls-parameters))))
  (sockopt--check-timeout args)
  (let ((options (plist-get args :child-options)))
    (sockopt--check-plist options)
    (sockopt--check (sockopt--settings options))))

(defun sockopt--host (args)
  "Return the host in ARGS, or the one that stands for none or `local'."
  (let ((host (plist-get args :host)))
    (cond ((memq host '(nil local))
           (if (eq (plist-get args :family) 'ipv6) "::1" "127.0.0.1"))
          ((stringp host) host)
          (t (signal 'wrong-type-argument (list 'stringp host :host))))))

(defun sockopt--service (args)
  "Return the service in ARGS as a string."
  (let ((service (plist-get args :service)))
    (cond ((eq service t) "0")
          ((stringp service) service)
          ((and (null service) (eq (plist-get args :type) 'raw)) "0")
          ((not (integerp service))
           (signal 'wrong-type-argument (list 'stringp service :service)))
          ((<= 0 service 65535) (number-to-string service))
          (t (signal 'args-out-of-range (list :service service 0 65535))))))

(defun sockopt--protocol (args)
  "Return the protocol in ARGS, a symbol or a number, or 0 for none."
  (or (plist-get args :protocol) 0))

(defun sockopt--packets-p (args)
  "Return non-nil if ARGS are for a socket of datagrams, cooked or raw."
  (memq (plist-get args :type) '(datagram raw)))

(defun sockopt--address-keyword (args)
  "Return the keyword of the address in ARGS, or nil if there is a host."
  (let ((keyword (if (plist-get args :server) :local :remote)))
    (cond ((plist-get args keyword) keyword)
          ((memq (plist-get args :family) '(local vsock)) :service))))

(defun sockopt--vsock (args)
  "Return the address that the host and service in ARGS are in vsock(7).
The host is a context identifier, or `local' for this machine; a server
with none takes connections to any.  The service is a port, or t."
  (let ((host (plist-get args :host))
        (service (plist-get args :service)))
    (cond ((eq host 'local) (setq host 1))
          ((null host) (setq host (if (plist-get args :server) #xffffffff 1))))
    (sockopt--vsock-address host (if (eq service t) #xffffffff service))))

(defun sockopt--given-address (args)
  "Return the addresses that ARGS give, or nil if there is a host."
  (let* ((keyword (sockopt--address-keyword args))
         (address (plist-get args keyword)))
    (cond ((null keyword) nil)
          ((and (eq keyword :service) (eq (plist-get args :family) 'vsock))
           (sockopt--vsock args))
          ((and (eq keyword :service) (not (stringp address)))
           (signal 'wrong-type-argument (list 'stringp address :service)))
          (t (sockopt--address keyword address)))))

(defun sockopt--addresses (args deadline)
  "Return the addresses that ARGS stand for, looking them up if need be.
That must be done by DEADLINE, unless it is nil."
  (or (sockopt--given-address args)
      (sockopt--lookup (sockopt--host args) (sockopt--service args)
                       (plist-get args :family)
                       ;; The resolver knows no ports of raw sockets.
                       (if (sockopt--packets-p args)
                           'datagram
                         (plist-get args :type))
                       sockopt-address-family-preference
                       (sockopt--time-left deadline))))

(defun sockopt--target (args)
  "Return what to connect to by ARGS, for `sockopt--start'."
  (or (sockopt--given-address args)
      (list (sockopt--host args) (sockopt--service args)
            (plist-get args :family) sockopt-address-family-preference)))

(defun sockopt--coding (args)
  "Return the value for `default-process-coding-system' that suits ARGS.
Core asks `network-coding-system-alist' only where it knows the host and
service itself, which for a placeholder it does not."
  (or (and (not (plist-get args :coding))
           (not (sockopt--address-keyword args))
           (plist-get args :service)
           (let* ((buffer (plist-get args :buffer))
                  (coding (find-operation-coding-system
                           'open-network-stream (plist-get args :name)
                           (and buffer (get-buffer-create buffer))
                           (sockopt--host args) (plist-get args :service))))
             (and (consp coding) coding)))
      default-process-coding-system))

(defvar sockopt--child-options (make-hash-table :test #'eq :weakness 'key)
  "The plist of options for the children of each server that has any.")

(defvar sockopt--own-servers (make-hash-table :test #'eq :weakness 'key)
  "The servers whose children are already seen to.")

(defun sockopt--set-up-child (server child)
  "Give CHILD the options that SERVER has for it, and a true contact.
A child's contact information starts as a copy of the server's, options
and all, though the kernel gives it only some of them.  What fails is
reported; the connection goes on."
  (let ((options (gethash server sockopt--child-options)))
    (while options
      (setq options (sockopt--set-some child options)))
    (sockopt--refresh child)))

(defun sockopt--set-some (process plist)
  "Set options in PLIST of PROCESS up to one that fails, and report that.
Return what comes after it in PLIST."
  (condition-case error
      (progn (sockopt-set-options process plist)
             nil)
    (error
     (let* ((end (car (last error)))
            (done (and (eq (car-safe end) :already-set) (cdr end))))
       (message "sockopt: %s: %s" (process-name process)
                (error-message-string (if done (butlast error) error)))
       (nthcdr (* 2 (1+ (length done))) plist)))))

(defun sockopt--log (log)
  "Return a `:log' function that does as LOG, nil for none.
It runs before the child's filter can see any data."
  (lambda (server client message)
    (when (processp client)
      (with-demoted-errors "sockopt: %S"
        (sockopt--set-up-child server client)))
    (when log
      (funcall log server client message))))

(defun sockopt-set-child-options (server plist)
  "Set options on each connection that SERVER accepts from now on.
PLIST is (OPTION VALUE OPTION VALUE ...).  They are set before the
connection's filter sees any data; if one fails, that is reported and the
connection goes on.  SERVER is a listening network process, whoever made
it; one that others made must have its sentinel by then.  Return t."
  (sockopt--check-plist plist)
  (sockopt--ensure-module)
  (sockopt--check (sockopt--settings plist))
  (unless (eq (process-status server) 'listen)
    (signal 'sockopt-error (list "Process is not a server" server)))
  (unless (gethash server sockopt--own-servers)
    (sockopt--adopt-server server))
  (puthash server plist sockopt--child-options)
  t)

(defun sockopt--adopt-server (server)
  "See to the children of SERVER, which others made.
There is no way to change its log function, but children start with the
server's sentinel, and it is called before their filter."
  (let ((sentinel (process-sentinel server)))
    (puthash server t sockopt--own-servers)
    (set-process-sentinel
     server
     (lambda (process message)
       (unless (eq process server)
         (set-process-sentinel process sentinel)
         (with-demoted-errors "sockopt: %S"
           (sockopt--set-up-child server process)))
       (funcall sentinel process message)))))

(defun sockopt--with-log (args)
  "Return ARGS with our `:log' if they make a server."
  (if (plist-get args :server)
      (plist-put (copy-sequence args) :log
                 (sockopt--log (plist-get args :log)))
    args))

(defun sockopt--placeholder-arguments (args)
  "Return those of ARGS that a placeholder is made with, as a list."
  (sockopt--with-log
   (cl-loop for (keyword value) on args by #'cddr
            when (memq keyword sockopt--kept-keywords)
            append (list keyword value))))

(defun sockopt--datagram-arguments (args address)
  "Return the arguments of a placeholder for a datagram socket.
ARGS are the user's.  ADDRESS is the peer's for a client, its own for a
server; its family is what counts, as core keeps room for such a one."
  (let ((placeholder (sockopt--placeholder-arguments args))
        (remote (if (plist-get args :server)
                    (or (plist-get args :remote)
                        (if (stringp address)
                            null-device
                          (make-vector (length address) 0)))
                  address)))
    (cl-loop for (keyword value) on placeholder by #'cddr
             unless (memq keyword '(:server :nowait :log))
             append (list keyword value) into kept
             finally return (append kept (list :log (plist-get args :log)
                                               :type 'datagram
                                               :remote remote)))))

(defun sockopt--set-contact (process contact)
  "Make CONTACT the contact information of PROCESS."
  (let ((cell (sockopt--core-contact process t t)))
    (setcar cell (car contact))
    (setcdr cell (cdr contact))))

(defun sockopt--contact (args)
  "Return the contact information that ARGS start with."
  (let ((contact (copy-sequence args)))
    (when (and (eq (sockopt--address-keyword args) :service)
               (eq (plist-get args :family) 'local)
               (plist-get args :host))
      (message ":family local ignores the :host property")
      (plist-put contact :host nil))
    contact))

(defun sockopt--port (address)
  "Return the port in ADDRESS, or nil if it has none."
  (pcase address
    ((pred vectorp) (aref address (1- (length address))))
    ;; An address of vsock(7), after its family: two bytes that are not
    ;; used, then the port in the machine's byte order.
    (`(,_family . ,(and bytes (pred vectorp)))
     (let ((port 0))
       (dolist (i (if (eq (byteorder) ?B) '(2 3 4 5) '(5 4 3 2)) port)
         (setq port (logior (ash port 8) (aref bytes i))))))))

(defun sockopt--contact-addresses (contact address handle)
  "Put into CONTACT where the socket of HANDLE is and leads to.
ADDRESS is the server's own or the client's peer.  Return CONTACT."
  (if (plist-get contact :server)
      (let ((port (sockopt--port address)))
        (when port
          (setq contact (plist-put contact :service port)))
        (plist-put contact :local address))
    (plist-put (plist-put contact :remote address)
               :local (sockopt--name handle))))

(defun sockopt--adopt-arguments (args address)
  "Return (VECTOR ROLE) to pass to `sockopt--adopt' for ARGS.
ADDRESS is where the socket is or leads to."
  (cond ((sockopt--packets-p args)
         (list (vconcat (sockopt--datagram-arguments args address)) nil))
        (t (list (vconcat (sockopt--placeholder-arguments args))
                 (if (plist-get args :server) :local :remote)))))

(defun sockopt--make-process (args address handle)
  "Make a process by ARGS on the socket of HANDLE.
ADDRESS is where the socket is or leads to, nil if that is not yet known.
If this fails, the socket is closed."
  (let ((default-process-coding-system (sockopt--coding args))
        (inhibit-quit t)
        process)
    (unwind-protect
        (pcase-let ((`(,vector ,role)
                     (sockopt--adopt-arguments args address)))
          (setq process (sockopt--adopt handle vector role
                                        (expand-file-name
                                         temporary-file-directory))))
      (unless process
        (sockopt--close handle)))
    process))

(defmacro sockopt--or-discard (process &rest body)
  "Evaluate BODY, without quitting; after an error delete PROCESS."
  (declare (indent 1) (debug t))
  `(let ((inhibit-quit t))
     (condition-case error
         (progn ,@body)
       (error
        (set-process-sentinel ,process #'ignore)
        (delete-process ,process)
        (signal (car error) (cdr error))))))

(defun sockopt--make-now (args options settings optional report)
  "Make a process by ARGS, with OPTIONS, a plist, and return it.
SETTINGS are OPTIONS for the module.  The first OPTIONAL of them may fail,
which REPORT is then called with."
  (let ((server (plist-get args :server))
        (deadline (sockopt--deadline args)))
    (pcase-let* ((addresses (sockopt--addresses args deadline))
                 (`(,handle ,address . ,results)
                  (sockopt--open (plist-get args :type)
                                 (sockopt--protocol args)
                                 (cond ((integerp server) server)
                                       (server 5))
                                 addresses settings optional args
                                 (sockopt--stagger)
                                 (sockopt--time-left deadline)))
                 (process (sockopt--make-process args address handle)))
      (sockopt--or-discard process
        (sockopt--note-handle process handle)
        (if server
            (sockopt--note-server process args)
          (sockopt--note-connection process handle))
        (sockopt--set-contact process
                              (sockopt--contact-addresses
                               (sockopt--contact args) address handle))
        (sockopt--note-results process options results report))
      (sockopt--secure process (plist-get args :tls-parameters))
      process)))

(defun sockopt--note-results (process options results report)
  "Put the values of OPTIONS, a plist, into the contact of PROCESS.
For each there is in RESULTS a list of its value, or a string that says
why it failed; REPORT is called with those, as (OPTION . MESSAGE)."
  (let ((contact (sockopt--core-contact process t t))
        failures)
    (cl-loop for option in options by #'cddr
             for result in results
             if (stringp result) do (push (cons option result) failures)
             else do (plist-put contact option (car result)))
    (funcall report process failures)))

(defun sockopt--secure (process parameters)
  "Begin TLS on PROCESS by PARAMETERS, if they are not nil.
Unlike the rest this takes time, and the user may quit."
  (when parameters
    (let ((done nil)
          (start (float-time)))
      (unwind-protect
          (progn
            (sockopt--negotiate process parameters)
            (sockopt--note-tls process start)
            (setq done t))
        (unless done
          (set-process-sentinel process #'ignore)
          (delete-process process))))))

(defun sockopt--negotiate (process parameters)
  "Begin TLS on the connected PROCESS by PARAMETERS, as core would."
  (let ((code (gnutls-boot process (car parameters) (cdr parameters))))
    (unless (eq code t)
      (sockopt--signal-argument "TLS negotiation failed"
                                (gnutls-error-string code) process))
    (unless (nsm-verify-connection process
                                   (sockopt--core-contact process :host)
                                   (sockopt--core-contact process :service))
      (sockopt--signal-argument
       "The Network Security Manager stopped the connection" process))
    (funcall (process-sentinel process) process "open\n")))

(defun sockopt--make-core (args options rules report)
  "Make a process by ARGS with core, on a socket that Emacs was given.
Then set OPTIONS and RULES, plists; REPORT is called with what fails of
the latter."
  (let ((process (apply #'sockopt--core-make-network-process
                        (sockopt--with-log
                         (cl-loop for (keyword value) on args by #'cddr
                                  unless (get keyword 'sockopt--row)
                                  append (list keyword value))))))
    (sockopt--or-discard process
      (when (plist-get args :server)
        (sockopt--note-server process args)
        (sockopt--restore-log process args))
      (funcall report process (sockopt--set-optional process rules))
      (sockopt-set-options process options))
    process))

(defun sockopt--note-server (process args)
  "Note that PROCESS, made by ARGS, is a server that sees to its children."
  (puthash process t sockopt--own-servers)
  (puthash process (plist-get args :child-options) sockopt--child-options))

(defun sockopt--restore-log (process args)
  "Have the contact information of PROCESS name the `:log' of ARGS, if any."
  (let ((contact (sockopt--core-contact process t t)))
    (if (plist-member args :log)
        (plist-put contact :log (plist-get args :log))
      ;; It is never the first.
      (cl-remf contact :log))))

(defun sockopt--set-optional (process plist)
  "Set the options in PLIST on PROCESS.
Return a list of (OPTION . MESSAGE) for those that failed."
  (cl-loop for (option value) on plist by #'cddr
           for message = (condition-case error
                           (progn (sockopt-set process option value) nil)
                         (error (error-message-string error)))
           when message collect (cons option message)))

;;;###autoload
(defun sockopt-make-network-process (&rest args)
  "Make a network process by ARGS, with any socket options, and return it.
ARGS are keywords and values as for `make-network-process', and mean the
same.  Any option in `sockopt-option-list' may be among them.  Each is set
when it counts: before the socket is bound or connected if it must be.
`process-contact' then has the value that the kernel reports.

There are also `:protocol' (mptcp, udplite, icmp ... or a number), `:type'
raw, and `:family' vsock, whose host and service are numbers; and
`:connect-timeout', after how many seconds a client is to give up looking
up and connecting to all its addresses.

An unknown keyword signals `sockopt-unsupported', which names the nearest
known one.  A wrong value signals `wrong-type-argument' or
`args-out-of-range', naming its keyword, before any socket is made.  What
the system refuses signals `sockopt-system-error', which is also a
`file-error', with the data that core would give.  After any error there
is no process and no socket left.

Unlike core's, a client of several addresses races them (RFC 8305), and
quitting stops a connection in progress.

\(fn &rest ARGS)"
  (when args
    (sockopt--ensure-module)
    (sockopt--make args (sockopt--options-in args) nil #'ignore)))

(defun sockopt--make (args options rules report)
  "Make a process by ARGS with OPTIONS, a plist, which is part of them.
RULES is a plist of more options, which come before those and may fail;
then REPORT is called with the process and a list of (OPTION . MESSAGE)."
  (let* ((asked (sockopt--settings options))
         (all (append rules options))
         (settings (vconcat (sockopt--settings rules) asked))
         (optional (/ (length rules) 2)))
    (sockopt--check-arguments args)
    (sockopt--check asked)
    (cond ((plist-get args :use-external-socket)
           (sockopt--make-core args options rules report))
          ((and (plist-get args :nowait)
                (not (sockopt--packets-p args)))
           (sockopt--make-waiting args all settings optional report))
          (t (sockopt--make-now args all settings optional report)))))

;;; Connecting without waiting

;; A thread of the module connects, and says so through a pipe process
;; that all of them share.  Until then the process stands on a socket that
;; is never ready.

(cl-defstruct (sockopt--wait (:constructor sockopt--wait-make)
                             (:copier nil))
  "What is kept of a process until it has its socket.
OPTIONS is a plist, SETTINGS the same for the module; LATER is a plist of
options that were set meanwhile, REPORT a function to call with the
options that failed and might."
  process handle job options settings later report timer)

(defvar sockopt--channel nil
  "The pipe process through which the threads report, or nil.")

(defvar sockopt--waits nil
  "An alist from what a thread reports, a number, to its `sockopt--wait'.")

(defvar sockopt--wait-number 0
  "The number of the last thread started.")

(defun sockopt--open-channel ()
  "Return the pipe process for reports, making it if need be."
  (unless (process-live-p sockopt--channel)
    (setq sockopt--channel
          (make-pipe-process :name " sockopt" :noquery t :coding 'us-ascii
                             :filter #'sockopt--channel-filter
                             :sentinel #'sockopt--channel-sentinel))
    ;; Whichever Lisp thread waits may read it.
    (set-process-thread sockopt--channel nil))
  sockopt--channel)

(defun sockopt--close-channel ()
  "Delete the pipe process for reports, unless somebody still waits.
It also stays while there are other Lisp threads: one may be about to wait
for it, and Emacs aborts if it is closed then."
  (unless (or (not sockopt--channel)
              sockopt--waits
              (and (fboundp 'all-threads)
                   (cdr (all-threads))))
    (delete-process sockopt--channel)))

(defun sockopt--channel-sentinel (channel _message)
  "Clean up after CHANNEL, whoever has deleted it.
Processes that still waited for a report fail."
  (unless (process-live-p channel)
    (let ((buffer (process-buffer channel))
          (waits sockopt--waits))
      (setq sockopt--channel nil
            sockopt--waits nil)
      (pcase-dolist (`(,_number . ,wait) waits)
        (let ((process (sockopt--wait-process wait)))
          (remhash process sockopt--waiting)
          (sockopt--fail process (list 'sockopt-error "Lost track of it"))
          (delete-process process)))
      (when (buffer-live-p buffer)
        (kill-buffer buffer)))))

(defun sockopt--channel-filter (channel string)
  "Finish the processes whose numbers are in STRING, lines from CHANNEL."
  (let* ((text (concat (process-get channel 'sockopt--rest) string))
         (lines (split-string text "\n")))
    (process-put channel 'sockopt--rest (car (last lines)))
    (dolist (line (butlast lines))
      ;; One whose time was over before is not there any more.
      (let ((entry (assq (string-to-number line) sockopt--waits)))
        (when entry
          (setq sockopt--waits (delq entry sockopt--waits))
          (sockopt--finish-wait (cdr entry)))))
    (sockopt--close-channel)))

(defun sockopt--make-waiting (args options settings optional report)
  "Make a process by ARGS, with OPTIONS, that is still connecting.
SETTINGS, OPTIONAL and REPORT are as for `sockopt--make-now'."
  (let* ((target (sockopt--target args))
         (handle (sockopt--hold))
         ;; Half made, it would stay on what holds it for ever.
         (inhibit-quit t)
         (process (sockopt--make-process args nil handle))
         (wait (sockopt--wait-make :process process :handle handle
                                   :options options :settings settings
                                   :report report))
         (number (cl-incf sockopt--wait-number)))
    (sockopt--or-discard process
      (sockopt--set-contact process (sockopt--contact args))
      (push (cons number wait) sockopt--waits)
      (puthash process wait sockopt--waiting)
      (sockopt--start-wait wait number target optional))
    process))

(defun sockopt--start-wait (wait number target optional)
  "Start the thread that connects the process of WAIT to TARGET.
It reports NUMBER.  The first OPTIONAL settings may fail."
  (let ((contact (sockopt--core-contact (sockopt--wait-process wait) t t))
        (started nil))
    (unwind-protect
        (progn
          (setf (sockopt--wait-job wait)
                (sockopt--start-job wait number target optional contact))
          (sockopt--limit-wait wait number
                               (plist-get contact :connect-timeout))
          (setq started t))
      (unless started
        (sockopt--close (sockopt--wait-handle wait))
        (setq sockopt--waits (assq-delete-all number sockopt--waits))
        (sockopt--close-channel)))))

(defun sockopt--start-job (wait number target optional contact)
  "Return the job that connects the process of WAIT, which has CONTACT.
NUMBER, TARGET and OPTIONAL are as for `sockopt--start-wait'."
  (condition-case error
      (sockopt--start (sockopt--wait-handle wait) (sockopt--open-channel)
                      (format "%d\n" number) target
                      (plist-get contact :type) (sockopt--protocol contact)
                      (sockopt--wait-settings wait) optional
                      (sockopt--stagger))
    ;; The pipe is core's, and so is the error when it has none.
    (file-error (signal 'sockopt-system-error (cdr error)))))

(defun sockopt--limit-wait (wait number timeout)
  "Give WAIT, which reports NUMBER, no more than TIMEOUT seconds, if not nil."
  (when timeout
    (setf (sockopt--wait-timer wait)
          (run-at-time timeout nil #'sockopt--end-wait wait number))))

(defun sockopt--end-wait (wait number)
  "Have the process of WAIT, which reports NUMBER, fail: its time is over."
  (when (assq number sockopt--waits)
    (setq sockopt--waits (assq-delete-all number sockopt--waits))
    (let ((process (sockopt--wait-process wait))
          (inhibit-quit t))
      (remhash process sockopt--waiting)
      (when (process-live-p process)
        (sockopt--fail process '(error "Connection timed out"))
        (sockopt--break (sockopt--wait-handle wait)))
      (sockopt--drop (sockopt--wait-job wait))
      (sockopt--close-channel))))

(defun sockopt--finish-wait (wait)
  "Give the process of WAIT its socket, or let it fail."
  (let* ((process (sockopt--wait-process wait))
         (handle (sockopt--wait-handle wait))
         (inhibit-quit t))
    (remhash process sockopt--waiting)
    (sockopt--note-connection process handle)
    (when (sockopt--wait-timer wait)
      (cancel-timer (sockopt--wait-timer wait)))
    (condition-case error
        (let ((result (progn
                        (when (sockopt--won-p (sockopt--wait-job wait))
                          (sockopt--start-tls process))
                        (sockopt--finish handle (sockopt--wait-job wait)
                                         (sockopt--wait-settings wait)))))
          (when result
            (sockopt--note-handle process handle)
            (sockopt--contact-addresses (sockopt--core-contact process t t)
                                        (car result) handle)
            (sockopt--note-results process (sockopt--wait-options wait)
                                    (cdr result) (sockopt--wait-report wait))
            (when (sockopt--wait-later wait)
              (sockopt--apply-later process (sockopt--wait-later wait))
              ;; The contact has what was asked for meanwhile.
              (sockopt--refresh process))))
      (error (sockopt--fail process error)))
    (sockopt--drop (sockopt--wait-job wait))))

(defun sockopt--start-tls (process)
  "Begin TLS on PROCESS, which is about to get its socket, if it wants it.
The handshake must begin while the process is still held: once the socket
is there it may end within the call, and then core forgets to say \"open\"."
  (when (process-live-p process)
    (let ((parameters (sockopt--core-contact process :tls-parameters t)))
      (when parameters
        (sockopt--time-tls process)
        (gnutls-asynchronous-parameters process parameters)
        (gnutls-boot process (car parameters) (cdr parameters))))))

(defun sockopt--time-tls (process)
  "Note how long the TLS handshake takes that PROCESS begins now.
It is done when the sentinel is told so."
  (let ((start (float-time)))
    (add-function :before (process-sentinel process)
                  (lambda (process _message)
                    (remove-function (process-sentinel process)
                                     'sockopt-time-tls)
                    (when (eq (process-status process) 'open)
                      (sockopt--note-tls process start)))
                  '((name . sockopt-time-tls)))))

(defun sockopt--apply-later (process plist)
  "Set the options in PLIST that PROCESS was given while connecting."
  (cl-loop for (option value) on plist by #'cddr
           do (sockopt--try-set process option value)))

(defun sockopt--fail (process error)
  "Have the sentinel of PROCESS, about to fail, report ERROR.
Core would give it the code of a socket, but there is none."
  (let ((sentinel (process-sentinel process))
        (message (format "failed: %s\n" (error-message-string error))))
    (set-process-sentinel process
                          (lambda (process _message)
                            (set-process-sentinel process sentinel)
                            (funcall sentinel process message)))))

(defun sockopt--set-waiting (process option value)
  "Keep OPTION with VALUE for PROCESS until it has its socket."
  (let ((wait (gethash process sockopt--waiting)))
    (unless (process-live-p process)
      (signal 'sockopt-error (list "Process is not running" process)))
    (sockopt--check (vector (sockopt--row option) value))
    (setf (sockopt--wait-later wait)
          (plist-put (sockopt--wait-later wait) option value))
    (plist-put (sockopt--core-contact process t t) option value)
    t))

(defun sockopt--get-waiting (process option)
  "Return what OPTION of PROCESS will be once it has its socket."
  (let ((contact (sockopt--core-contact process t t)))
    (sockopt--row option)
    (if (plist-member contact option)
        (plist-get contact option)
      (signal 'sockopt-error (list "Process is still connecting" process)))))

(provide 'sockopt-process)
;;; sockopt-process.el ends here
