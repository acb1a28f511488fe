;;; recipe-syslog.el --- Listen to what is logged  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Programs and devices send log messages as datagrams (RFC 3164, RFC 5424).
;; The kernel tells when each came, to the nanosecond, whatever Emacs was
;; doing meanwhile; and, of those from this machine, whose they are.
;;
;;   (recipe-syslog [0 0 0 0 5140])   ; logger -d -n HOST -P 5140 TEXT
;;   (recipe-syslog "/tmp/log")       ; logger -u /tmp/log TEXT

;;; Code:

(require 'sockopt)

(defconst recipe-syslog--severities
  ["emergency" "alert" "critical" "error" "warning" "notice" "information"
   "debugging"]
  "What the numbers of severity mean: RFC 5424, section 6.2.1.")

(defun recipe-syslog--sender (address info)
  "Return who has sent what came from ADDRESS with INFO."
  (let ((user (plist-get (plist-get info :credentials) :uid)))
    (cond (user (or (user-login-name user) (number-to-string user)))
          (t (mapconcat #'number-to-string (seq-take address 4) ".")))))

(defun recipe-syslog--line (text address info)
  "Return a line for TEXT that came from ADDRESS with INFO."
  (let ((severity (and (string-match "\\`<\\([0-9]+\\)>" text)
                       (logand 7 (string-to-number (match-string 1 text))))))
    (format "%s %s %s: %s\n"
            (format-time-string "%F %T.%6N" (plist-get info :time))
            (recipe-syslog--sender address info)
            (if severity (aref recipe-syslog--severities severity) "?")
            (substring text (if severity (match-end 0) 0)))))

(defun recipe-syslog (address)
  "Show what is logged to ADDRESS, a vector or a file name.
Return the process that listens."
  (let ((process (sockopt-make-network-process
                  :name "syslog" :server t :type 'datagram :local address
                  :buffer "*syslog*" :noquery t :timestampns t)))
    (when (stringp address)
      (sockopt-set process :passcred t))
    (sockopt-receive process
                     (lambda (process text address info)
                       (with-current-buffer (process-buffer process)
                         (goto-char (point-max))
                         (insert (recipe-syslog--line text address info)))))
    process))

(provide 'recipe-syslog)
;;; recipe-syslog.el ends here
