;;; sockopt-process.el --- Make network processes  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The module makes a socket and sets its options; core makes a process on
;; a placeholder; and the module lays the one beneath the other.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-connection)

(autoload 'sockopt--make-connecting "sockopt-connect")
(autoload 'sockopt--note-local "sockopt-local")
(autoload 'sockopt--remove-local-files "sockopt-local")
(autoload 'sockopt--note-server "sockopt-server")
(autoload 'sockopt--restore-log "sockopt-server")
(autoload 'sockopt--with-log "sockopt-server")

(declare-function sockopt--check "../module/emacs/option-access.c" (settings))
(declare-function sockopt--lookup "../module/emacs/process-lookup.c"
                  (host service family type preferred timeout))
(declare-function sockopt--address "../module/emacs/process-lookup.c"
                  (keyword address))
(declare-function sockopt--open "../module/emacs/process-open.c"
                  (handle type protocol backlog addresses settings optional
                          args stagger timeout local))
(declare-function sockopt--adopt "../module/emacs/process-adopt.c"
                  (handle role &rest args))
(declare-function gnutls-boot "ext:gnutls.c" (proc type proplist))
(declare-function gnutls-error-string "ext:gnutls.c" (error))
(declare-function nsm-verify-connection "nsm"
                  (process host port &optional save-fingerprint
                           warn-unencrypted))
(declare-function sockopt--name "../module/emacs/handle.c" (handle))
(declare-function sockopt--new-handle "../module/emacs/handle.c" ())
(declare-function sockopt--close "../module/emacs/handle.c" (handle))
(declare-function sockopt--vsock-address "../module/emacs/process-lookup.c"
                  (cid port))

;;; Arguments

(defconst sockopt--kept-keywords
  '(:name :buffer :coding :noquery :stop :filter :filter-multibyte :sentinel
    :log :plist :server :nowait)
  "The keywords that mean the same to a placeholder.")

(dolist (keyword sockopt--kept-keywords)
  (put keyword 'sockopt--kept t))

(defun sockopt--options-in (args)
  "Return the options in ARGS as a plist.
Signal an error if ARGS have a keyword that nobody knows."
  (sockopt--check-plist args)
  (let (options)
    (while args
      (let ((keyword (car args)))
        (unless (sockopt--keyword-p keyword)
          (unless (and (symbolp keyword) (get keyword 'sockopt--row))
            (sockopt--signal-unknown
             keyword (append sockopt--keywords sockopt--options)))
          (push keyword options)
          (push (cadr args) options)))
      (setq args (cddr args)))
    (nreverse options)))

(defun sockopt--signal-argument (message &rest data)
  "Signal that an argument is wrong, with MESSAGE and DATA."
  (signal 'sockopt-error (cons message data)))

(defun sockopt--check-timeout (args)
  "Signal an error unless the `:connect-timeout' in ARGS can be used."
  (let ((timeout (plist-get args :connect-timeout)))
    (when timeout
      (unless (numberp timeout)
        (signal 'wrong-type-argument
                (list 'numberp timeout :connect-timeout)))
      (unless (sockopt--timeout-p timeout)
        (signal 'args-out-of-range
                (list :connect-timeout timeout
                      (format "more than 0, at most %d seconds"
                              sockopt--longest-timeout))))
      (when (or (plist-get args :server) (sockopt--packets-p args))
        (sockopt--signal-argument
         "`:connect-timeout' is for clients that connect" timeout)))))

(defsubst sockopt--local (args)
  "Return the address that a client by ARGS is bound to, or nil."
  (and (not (plist-get args :server))
       (plist-get args :local)))

(defun sockopt--check-arguments (args)
  "Signal an error if the keywords in ARGS do not go together."
  (let ((name (plist-get args :name)))
    (unless (stringp name)
      (signal 'wrong-type-argument (list 'stringp name :name))))
  (when (and (plist-get args :server) (plist-get args :nowait))
    (sockopt--signal-argument "`:server' is incompatible with `:nowait'"))
  (unless (memq (plist-get args :type) '(nil datagram seqpacket raw))
    (sockopt--signal-argument "Unsupported connection type"
                              (plist-get args :type)
                              "it takes nil, datagram, seqpacket or raw"))
  (let ((family (plist-get args :family)))
    (unless (or (memq family '(nil local ipv4 ipv6 vsock)) (integerp family))
      (sockopt--signal-argument
       "Unknown address family" family
       "it takes nil, local, ipv4, ipv6, vsock or a number"))
    (when (and (eq (plist-get args :type) 'raw)
               (not (memq family '(local vsock)))
               (null (plist-get args :protocol)))
      (sockopt--signal-argument
       "No protocol for packets" :protocol
       "it takes the protocol's name, such as icmp, or number")))
  (let ((protocol (plist-get args :protocol)))
    (unless (or (symbolp protocol) (integerp protocol))
      (signal 'wrong-type-argument
              (list 'symbolp protocol :protocol
                    "it takes the protocol's name, such as mptcp, or number"))))
  (let ((tls (plist-get args :tls-parameters)))
    (unless (listp tls)
      (signal 'wrong-type-argument (list 'listp tls :tls-parameters))))
  (sockopt--check-timeout args)
  (let ((local (sockopt--local args)))
    (when local
      (sockopt--address :local local)
      (when (featurep 'sockopt-local)
        (sockopt--remove-local-files))))
  (let ((options (plist-get args :child-options)))
    (when options
      (sockopt--check-plist options)
      (sockopt--check (sockopt--settings options))
      (unless (and (plist-get args :server)
                   (not (sockopt--packets-p args)))
        (sockopt--signal-argument
         "`:child-options' is for servers that accept" options)))))

(defun sockopt--host (args)
  "Return the host in ARGS, or the one that stands for none or `local'."
  (let ((host (plist-get args :host)))
    (cond ((memq host '(nil local))
           (if (eq (plist-get args :family) 'ipv6) "::1" "127.0.0.1"))
          ((not (stringp host))
           (signal 'wrong-type-argument (list 'stringp host :host)))
          ;; As in a URI (RFC 3986, section 3.2.2).
          ((and (string-prefix-p "[" host)
                (string-match "\\`\\[\\(.*:.*\\)\\]\\'" host))
           (match-string 1 host))
          (t host))))

(defun sockopt--no-ports-p (args)
  "Return non-nil if ARGS are for a protocol that has no ports."
  (or (eq (plist-get args :type) 'raw)
      (memq (plist-get args :protocol) '(icmp icmpv6 1 58))))

(defun sockopt--service (args)
  "Return the service in ARGS as a string."
  (let ((service (plist-get args :service)))
    (cond ((eq service t) "0")
          ((stringp service) service)
          ((and (null service) (sockopt--no-ports-p args)) "0")
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

(defun sockopt--check-vsock (keyword value)
  "Return VALUE of KEYWORD, which must be one of the numbers of vsock(7)."
  (unless (integerp value)
    (signal 'wrong-type-argument (list 'integerp value keyword)))
  (unless (<= 0 value #xffffffff)
    (signal 'args-out-of-range (list keyword value 0 #xffffffff)))
  value)

(defun sockopt--vsock (args)
  "Return the address that the host and service in ARGS are in vsock(7).
The host is a context identifier, or `local' for this machine; a server
with none takes connections to any.  The service is a port, or t."
  (let ((host (plist-get args :host))
        (service (plist-get args :service)))
    (cond ((eq host 'local) (setq host 1))
          ((null host) (setq host (if (plist-get args :server) #xffffffff 1))))
    (sockopt--vsock-address (sockopt--check-vsock :host host)
                            (if (eq service t) #xffffffff
                              (sockopt--check-vsock :service service)))))

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
                       (sockopt--custom 'sockopt-address-family-preference)
                       (sockopt--time-left deadline))))

(defun sockopt--target (args)
  "Return what to connect to by ARGS, for `sockopt--start'."
  (or (sockopt--given-address args)
      (list (sockopt--host args) (sockopt--service args)
            (plist-get args :family)
            (sockopt--custom 'sockopt-address-family-preference))))

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

(defun sockopt--placeholder-arguments (args)
  "Return those of ARGS that a placeholder is made with, as a list."
  (let (kept)
    (while args
      (when (get (car args) 'sockopt--kept)
        (push (car args) kept)
        (push (cadr args) kept))
      (setq args (cddr args)))
    (sockopt--with-log (nreverse kept))))

(defun sockopt--first-peer (args address)
  "Return the peer that a server of datagrams by ARGS begins with.
ADDRESS is its own.  As core does, pass over a `:remote' that is no address
of that family."
  (let ((remote (plist-get args :remote)))
    (cond ((stringp address) (if (stringp remote) remote null-device))
          ((and (vectorp remote) (= (length remote) (length address))) remote)
          (t (make-vector (length address) 0)))))

(defun sockopt--datagram-arguments (args address)
  "Return the arguments of a placeholder for a datagram socket.
ARGS are the user's.  ADDRESS is the peer's for a client, its own for a
server; its family is what counts, as core keeps room for such a one."
  (let ((placeholder (sockopt--placeholder-arguments args))
        (remote (if (plist-get args :server)
                    (sockopt--first-peer args address)
                  address)))
    (cl-loop for (keyword value) on placeholder by #'cddr
             unless (memq keyword '(:server :nowait))
             append (list keyword value) into kept
             finally return (append kept (list :type 'datagram
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

(defsubst sockopt--abstract-p (address)
  "Return non-nil if ADDRESS is a name in Linux's abstract namespace."
  (and (stringp address)
       (string-prefix-p "\0" address)))

(defun sockopt--adopt-arguments (args address)
  "Return what to pass to `sockopt--adopt' for ARGS, (ROLE ARG...).
ADDRESS is where the socket is or leads to.  A client of datagrams that is
connected, because that is an abstract name, needs no room for addresses."
  (cond ((and (sockopt--packets-p args)
              (or (plist-get args :server) (not (sockopt--abstract-p address))))
         (cons nil (sockopt--datagram-arguments args address)))
        (t (cons (if (plist-get args :server) :local :remote)
                 (sockopt--placeholder-arguments args)))))

(defun sockopt--make-process (args address handle)
  "Make a process by ARGS on the socket of HANDLE.
ADDRESS is where the socket is or leads to, nil if that is not yet known.
If this fails, the socket is closed."
  (let ((inhibit-quit t)
        process)
    (unwind-protect
        (let ((default-process-coding-system (sockopt--coding args)))
          (setq process
                (apply #'sockopt--adopt handle
                       (sockopt--adopt-arguments args address))))
      (unless process
        (sockopt--close handle)))
    process))

;; To remove a directory from a disk takes a millisecond or more, in which
;; neither this Lisp thread nor any other does anything else.
(defvar sockopt--place-directory
  (and (eq system-type 'gnu/linux) "/dev/shm/")
  "Directory in memory for the moment that a server's place is there, or nil.
Where it cannot be made there, it is below the variable
`temporary-file-directory'.")

(defun sockopt--warn-of-place (directory why)
  "Warn that DIRECTORY could not be removed; WHY is the system's reason.
The module calls this.  The process that was made with it is not affected."
  (display-warning
   '(sockopt place)
   (format-message "Cannot remove the directory %s (%s): please remove it"
                   directory why)))

(defun sockopt--discard (process)
  "Delete PROCESS, which nobody is to know of."
  (set-process-sentinel process #'ignore)
  (delete-process process)
  (when (featurep 'sockopt-local)
    (sockopt--remove-local-files)))

(defmacro sockopt--or-discard (process &rest body)
  "Evaluate BODY, without quitting; after an error delete PROCESS."
  (declare (indent 1) (debug t))
  `(let ((inhibit-quit t))
     (condition-case error
         (progn ,@body)
       (error
        (sockopt--discard ,process)
        (signal (car error) (cdr error))))))

(defmacro sockopt--with-handle (handle &rest body)
  "Evaluate BODY with HANDLE bound to one without a socket yet.
The socket that it has at the end is closed unless a process has it."
  (declare (indent 1) (debug (symbolp body)))
  `(let ((,handle (sockopt--new-handle)))
     (unwind-protect
         (progn ,@body)
       (sockopt--close ,handle))))

(defun sockopt--make-now (args options settings optional note-failures)
  "Make a process by ARGS, with OPTIONS, a plist, and return it.
SETTINGS are OPTIONS for the module.  The first OPTIONAL of them may fail,
and NOTE-FAILURES is then called with the process and a list of
\(OPTION . MESSAGE)."
  (let* ((server (plist-get args :server))
         (local (sockopt--local args))
         (deadline (sockopt--deadline args))
         (addresses (sockopt--addresses args deadline))
         (process
          (sockopt--with-handle handle
            (let* ((opened (sockopt--open handle (plist-get args :type)
                                          (sockopt--protocol args)
                                          (cond ((integerp server) server)
                                                (server 5))
                                          addresses settings optional args
                                          (sockopt--stagger)
                                          (sockopt--time-left deadline)
                                          local))
                   ;; Who quits now leaves a process as core does, but whole.
                   (inhibit-quit t)
                   (process (sockopt--make-process args (car opened) handle)))
              (sockopt--or-discard process
                (sockopt--note-made process args (car opened) handle local)
                (sockopt--note-results process options (cdr opened)
                                       note-failures)
                (when server
                  (sockopt--note-server process args)))
              process))))
    (sockopt--secure process (plist-get args :tls-parameters))
    process))

(defun sockopt--note-made (process args address handle local)
  "Note what is to be known of PROCESS, which was just made by ARGS.
It is at ADDRESS, or connected to it, on the socket of HANDLE, and bound
to LOCAL if that is not nil."
  (sockopt--note-handle process handle)
  (when local
    (sockopt--note-local process local))
  (unless (plist-get args :server)
    (sockopt--note-connection process handle))
  (sockopt--set-contact process
                        (sockopt--contact-addresses
                         (sockopt--contact args) address handle)))

(defun sockopt--note-results (process options results note-failures)
  "Put the values of OPTIONS, a plist, into the contact of PROCESS.
For each there is in RESULTS a list of its value, or a string that says
why it failed; NOTE-FAILURES is called with those, (OPTION . MESSAGE)."
  (let (values failures)
    (cl-loop for option in options by #'cddr
             for result in results
             if (stringp result) do (push (cons option result) failures)
             else do (push (car result) (alist-get option values)))
    (sockopt--note-values-made (sockopt--core-contact process t t)
                               (nreverse values))
    (funcall note-failures process failures)))

(defun sockopt--note-values-made (contact values)
  "Put VALUES, a list of (OPTION VALUE...), into CONTACT.
The last VALUE comes first.  An option that CONTACT has several times, as
for several groups, has each value in its own place; what is left over is
of rules, which come before those."
  (pcase-dolist (`(,option . ,these) values)
    (let ((places (cl-loop for rest on contact by #'cddr
                           when (eq (car rest) option)
                           collect (cdr rest))))
      (if places
          (cl-mapc #'setcar (nreverse places) these)
        (plist-put contact option (car these))))))

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
          (sockopt--discard process))))))

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

(defun sockopt--make-core (args options rules note-failures)
  "Make a process by ARGS with core, on a socket that Emacs was given.
Then set OPTIONS and RULES, plists; NOTE-FAILURES is called with what
fails of the latter."
  (dolist (keyword '(:protocol :connect-timeout :local))
    (when (if (eq keyword :local)
              (sockopt--local args)
            (plist-get args keyword))
      (message ":use-external-socket ignores %s, as core makes the process"
               keyword)))
  (let ((process (apply #'sockopt--core-make-network-process
                        (sockopt--with-log
                         (cl-loop for (keyword value) on args by #'cddr
                                  unless (get keyword 'sockopt--row)
                                  append (list keyword value))))))
    (sockopt--or-discard process
      (when (plist-get args :server)
        (sockopt--note-server process args)
        (sockopt--restore-log process args))
      (funcall note-failures process (sockopt--set-optional process rules))
      (sockopt-set-options process options))
    process))

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
up and connecting to all its addresses.  Of these, a rule can give the last
alone.

A client is bound to its `:local' before it connects.  That is an address
as `:remote' takes it; port 0 has the kernel choose one, and so has \"\" for
`:family' local.  Only addresses of that family are connected to.  Options
such as `:ip-freebind' and `:reuseport' are in force by then.  If it names a
file, that is removed when the process ends, and when Emacs does.

A local name that begins with a NUL is in Linux's abstract namespace and no
file; see unix(7).  A client of datagrams to such a name is connected to it.

An unknown keyword signals `sockopt-unsupported', which names a known one
that is like it.  A wrong value signals `wrong-type-argument' or
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

(defun sockopt--make (args options rules note-failures)
  "Make a process by ARGS with OPTIONS, a plist, which is part of them.
RULES is a plist of more options, which come before those and may fail;
then NOTE-FAILURES is called with the process and a list of
\(OPTION . MESSAGE)."
  (let* ((asked (sockopt--settings options))
         (all (append rules options))
         (settings (if rules
                       (vconcat (sockopt--settings rules) asked)
                     asked))
         (optional (/ (length rules) 2)))
    (sockopt--check-arguments args)
    (sockopt--check asked)
    (cond ((plist-get args :use-external-socket)
           (sockopt--make-core args options rules note-failures))
          ((and (plist-get args :nowait)
                (not (sockopt--packets-p args)))
           (sockopt--make-connecting args all settings optional note-failures))
          (t (sockopt--make-now args all settings optional note-failures)))))

(provide 'sockopt-process)
;;; sockopt-process.el ends here
