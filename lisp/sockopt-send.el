;;; sockopt-send.el --- Send one datagram  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Core sends a datagram with what is set on its socket, to the address
;; that the last one came from.  Here it is said of each where it goes, and
;; how.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(declare-function sockopt--send "../module/emacs/process-send.c"
                  (process status handle data address info nanoseconds))

(defun sockopt-send--raw-text (coding)
  "Return the coding system for unibyte text where CODING is for other.
Only the ends of lines are as it has them."
  (pcase (and coding (coding-system-eol-type coding))
    (1 'raw-text-dos)
    (2 'raw-text-mac)))

(defun sockopt-send--bytes (process string)
  "Return the bytes of STRING, encoded as PROCESS has it."
  (let ((coding (cdr (process-coding-system process))))
    (if (multibyte-string-p string)
        (encode-coding-string string (or coding
                                         (cdr default-process-coding-system)
                                         'utf-8-unix))
      (let ((raw (sockopt-send--raw-text coding)))
        (if raw (encode-coding-string string raw) string)))))

(defun sockopt-send--nanoseconds (time)
  "Return TIME, a Lisp timestamp, in nanoseconds, or nil for nil."
  (and time
       (car (condition-case nil
                (time-convert time 1000000000)
              (error (signal 'wrong-type-argument
                             (list 'time time :time)))))))

(defun sockopt-send--nowhere-p (address)
  "Return non-nil if ADDRESS is that of a server that has got nothing yet."
  (pcase address
    (`(0 . ,_) t)
    ((pred vectorp) (cl-every #'eql address (make-vector 9 0)))))

(defun sockopt-send--peer (process)
  "Return where PROCESS sends its datagrams, nil if the kernel knows."
  (let ((address (process-datagram-address process)))
    (unless (sockopt-send--nowhere-p address)
      address)))

;;;###autoload
(defun sockopt-send (process data address &rest info)
  "Send DATA by PROCESS to ADDRESS as one datagram.  Return its length in bytes.
PROCESS is any live network process of datagrams, raw packets or type
seqpacket, whoever made it.  DATA is a string, encoded as
`process-send-string' would.  ADDRESS is as `:remote' takes it; nil means
where PROCESS sends to anyway.  INFO is a plist of what holds for this
datagram alone:

  :ttl        how many hops it may go, 1 to 255
  :tos        its class of service, as `:ip-tos' takes it
  :source     the address that it comes from, a string such as
              \"192.0.2.1\" or a vector without a port
  :interface  the interface that it goes through: name, index or address
  :time       when it may leave, a Lisp timestamp (`current-time'); the
              option `:txtime' must be set

A value of nil is as if its keyword were not there.  The datagram is sent
by sendmsg(2), see ip(7) and ipv6(7), or an error is signaled; this never
waits.

Signal `sockopt-system-error' if the system refuses; when the send buffer
is full, too.  Signal `sockopt-unsupported', `wrong-type-argument' or
`args-out-of-range', naming the keyword, for INFO that cannot be."
  (unless (stringp data)
    (signal 'wrong-type-argument (list 'stringp data)))
  (sockopt--check-plist info)
  (let ((handle (sockopt--handle process)))
    (sockopt--send process (process-status process) handle
                   (sockopt-send--bytes process data)
                   (or address (sockopt-send--peer process))
                   info
                   (sockopt-send--nanoseconds (plist-get info :time)))))

(provide 'sockopt-send)
;;; sockopt-send.el ends here
