;;; sockopt-connection.el --- How to connect, and how it went  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; What the user chooses about connecting to a host of several addresses,
;; the time that it may take, and what can be told of it afterwards.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(declare-function sockopt--connection-log "../module/emacs/process-log.c"
                  (handle))
(declare-function gnutls-peer-status "ext:gnutls.c" (proc))

;;; How to connect

(defconst sockopt--longest-timeout 2147483
  "The greatest `:connect-timeout', whose milliseconds fit in 32 bits.")

(defun sockopt--timeout-p (value)
  "Return non-nil if VALUE can be a `:connect-timeout'."
  (and (numberp value) (< 0 value) (<= value sockopt--longest-timeout)))

(defcustom sockopt-address-family-preference nil
  "Which family of addresses to try first where a host has several.
It is `ipv4', `ipv6', or nil for the order of the system (RFC 6724); the
families then take turns (RFC 8305, section 4)."
  :type '(choice (const :tag "As the system has it" nil)
                 (const :tag "IPv4" ipv4) (const :tag "IPv6" ipv6))
  :group 'sockopt)

(defcustom sockopt-connect-stagger 0.15
  "How many seconds to wait for an address before the next is tried, too.
All of them go on, and the first to answer wins: an address that does not
answer costs no more than this.  RFC 8305, sections 5 and 8, recommends
0.25, and at least 0.1; it allows 0.01 to 2.  If a round trip to a host
takes longer than 0.15, a larger value saves attempts, and prefers the
first address."
  :type '(number :match (lambda (_widget value)
                          (and (numberp value) (<= 0.01 value 2)))
                 :type-error "a number of seconds, 0.01 to 2")
  :group 'sockopt)

(defun sockopt--stagger ()
  "Return `sockopt-connect-stagger' in milliseconds."
  (round (* 1000 (sockopt--custom 'sockopt-connect-stagger))))

(defun sockopt--deadline (args)
  "Return when ARGS say that connecting has taken too long, or nil."
  (let ((timeout (plist-get args :connect-timeout)))
    (and timeout (+ (float-time) timeout))))

(defun sockopt--time-left (deadline)
  "Return how many milliseconds there are until DEADLINE; nil if that is nil."
  (and deadline
       (max 0 (ceiling (* 1000 (- deadline (float-time)))))))

;;; How it went

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
  (and (plist-get (sockopt--core-contact process t t) :tls-parameters)
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

(provide 'sockopt-connection)
;;; sockopt-connection.el ends here
