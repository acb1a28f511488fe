;;; sockopt-list-columns.el --- The columns of the list  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; What `sockopt-list-processes' knows of each process, and what its
;; columns show of that.

;;; Code:

(require 'cl-lib)
(require 'mule-util)
(require 'sockopt)
(require 'sockopt-describe)
(require 'sockopt-findings)

(defcustom sockopt-list-columns
  '(name state remote rtt keepalive send-queue receive-queue heard
    retransmits type tls nodelay in out local rule)
  "The columns of `sockopt-list-processes', the most important first.
Those that fit into the window are shown."
  :type '(repeat
          (choice
           (const :tag "Name, and buffer" name)
           (const :tag "State" state)
           (const :tag "Remote address" remote)
           (const :tag "Local address" local)
           (const :tag "Type of socket" type)
           (const :tag "Whether it speaks TLS" tls)
           (const :tag "When keepalive probes next, or off" keepalive)
           (const :tag "Whether it has :tcp-nodelay" nodelay)
           (const :tag "Round trip" rtt)
           (const :tag "Bytes that the peer has not acknowledged"
                  send-queue)
           (const :tag "Memory of what Emacs has not read" receive-queue)
           (const :tag "How many segments were sent again" retransmits)
           (const :tag "How long ago the peer was heard" heard)
           (const :tag "Bytes received" in)
           (const :tag "Bytes acknowledged" out)
           (const :tag "What rules for it set" rule)))
  :group 'sockopt)

;;; What is known of a process

(cl-defstruct (sockopt-list--row (:constructor sockopt-list--row-make)
                                 (:copier nil))
  "What is known of a process: its NAME, STATUS, CONTACT and BUFFER's name.
ENDS are the addresses that were in its contact, which changes in place.
NUMBERS are what the kernel said of it last, as a snapshot has them,
ENDED tells whether it has ended, TLS whether it speaks that.  RULES are the
rules for it and ALL-RULES those among which they were found.  CELLS is a
plist of the texts that hardly ever change."
  name status contact ends buffer numbers ended tls rules all-rules cells)

(defconst sockopt-list--wanted
  '((:tcp-info :state :probes :unacked :last-data-recv :last-ack-recv :rtt
               :total-retrans :bytes-acked :bytes-received :notsent-bytes
               :bytes-sent :bytes-retrans)
    (:meminfo :rmem-alloc :wmem-queued)
    :keepalive :tcp-keepidle :tcp-keepintvl :tcp-nodelay)
  "What is read of each connection, as for `sockopt--make-reader'.
It is what the columns show, for to read all takes longer.")

(defvar sockopt-list--reader nil
  "The function that reads that, once it was needed.")

(defun sockopt-list--tls-p (process)
  "Return non-nil if PROCESS speaks TLS."
  (and (fboundp 'gnutls-get-initstage)
       (< 0 (or (gnutls-get-initstage process) 0))))

(defun sockopt-list--all-rules ()
  "Return the rules that are in force."
  (and (bound-and-true-p sockopt-mode)
       (symbol-value 'sockopt-rules)))

(defun sockopt-list--note-rules (row)
  "Note in ROW which rules are for it, unless that is known."
  (let ((all (sockopt-list--all-rules)))
    (unless (eq all (sockopt-list--row-all-rules row))
      (setf (sockopt-list--row-all-rules row) all
            (sockopt-list--row-cells row) nil
            (sockopt-list--row-rules row)
            (sockopt-describe-rules (sockopt-list--row-contact row))))))

(defun sockopt-list--same-p (row ends buffer)
  "Return non-nil if ROW has the same ENDS, and BUFFER, a name."
  (and (eq buffer (sockopt-list--row-buffer row))
       (equal ends (sockopt-list--row-ends row))))

(defun sockopt-list--read-numbers (process)
  "Read what the columns show of PROCESS.
Return it as `sockopt-findings-snapshot' has it."
  (let ((read (sockopt-findings--read
               process
               (or sockopt-list--reader
                   (setq sockopt-list--reader
                         (sockopt--make-reader sockopt-list--wanted))))))
    (cl-list* :options read read)))

(defun sockopt-list--read (process row)
  "Note in ROW what there is to know of PROCESS now."
  (let* ((contact (sockopt--core-contact process t t))
         (ends (list (plist-get contact :remote) (plist-get contact :local)))
         (buffer (process-buffer process))
         (name (and (buffer-live-p buffer) (buffer-name buffer))))
    (unless (sockopt-list--same-p row ends name)
      (setf (sockopt-list--row-cells row) nil
            (sockopt-list--row-ends row) ends
            (sockopt-list--row-buffer row) name))
    (setf (sockopt-list--row-name row) (process-name process)
          (sockopt-list--row-status row) (process-status process)
          (sockopt-list--row-contact row) contact
          (sockopt-list--row-numbers row) (sockopt-list--read-numbers process)
          (sockopt-list--row-tls row) (sockopt-list--tls-p process))
    (sockopt-list--note-rules row)))

(defun sockopt-list--end (process row)
  "Note in ROW that PROCESS has ended; what was read last stays."
  (unless (sockopt-list--row-ended row)
    (setf (sockopt-list--row-ended row) t
          (sockopt-list--row-status row) (process-status process))))

;;; What the columns show

(defun sockopt-list--info (row field)
  "Return FIELD of the `:tcp-info' of ROW, or nil.
A server has no such numbers."
  (let ((info (plist-get (sockopt-list--row-numbers row) :tcp-info)))
    (and (not (eq (plist-get info :state) 'listen))
         (plist-get info field))))

(defun sockopt-list--contact (row key)
  "Return KEY of the contact of ROW."
  (plist-get (sockopt-list--row-contact row) key))

(defun sockopt-list--name (row)
  "Return the name of ROW, and that of its buffer if it is another."
  (let ((name (sockopt-list--row-name row))
        (buffer (sockopt-list--row-buffer row)))
    (if (member buffer (list nil name (format "*%s*" name)))
        name
      (concat name " (" buffer ")"))))

(defun sockopt-list--state (row)
  "Return the state of ROW, that of TCP if there is more to it."
  (let ((status (sockopt-list--row-status row))
        (state (sockopt-list--info row :state)))
    (symbol-name (if (and (eq status 'open) state
                          (not (eq state 'established)))
                     state
                   status))))

(defun sockopt-list--address (row key)
  "Return the address of ROW that KEY of its contact is."
  (let ((address (sockopt-list--contact row key)))
    (cond ((vectorp address) (sockopt-ui-address address))
          ((member address '(nil "")) "")
          (t (format "%s" address)))))

(defun sockopt-list--remote (row)
  "Return the remote address of ROW, or where it listens."
  (if (not (sockopt-list--contact row :server))
      (sockopt-list--address row :remote)
    (let ((own (sockopt-list--address row :local)))
      (if (equal own "") own (concat "on " own)))))

(defun sockopt-list--type (row)
  "Return of what type the socket of ROW is."
  (let ((type (or (sockopt-list--contact row :type) 'stream)))
    (cond ((not (vectorp (sockopt-list--contact row :local)))
           (if (eq type 'stream) "local" (format "l-%s" type)))
          ((eq type 'stream) "tcp")
          ((eq type 'datagram) "udp")
          (t (symbol-name type)))))

(defun sockopt-list--keepalive (row)
  "Return when keepalive would probe in ROW, -1 if it is off, or nil."
  (let ((numbers (sockopt-list--row-numbers row)))
    (cond ((or (sockopt-list--row-ended row)
               (not (sockopt-list--info row :state)))
           nil)
          ((plist-get numbers :keepalive)
           (sockopt-findings-keepalive-left numbers))
          (t -1))))

(defun sockopt-list--yes (value)
  "Return VALUE of a boolean as text."
  (if value "yes" "no"))

(defun sockopt-list--nodelay (row)
  "Return whether ROW has TCP_NODELAY, as text."
  (if (sockopt-list--info row :state)
      (sockopt-list--yes (plist-get (sockopt-list--row-numbers row)
                                    :tcp-nodelay))
    ""))

(defun sockopt-list--server-p (row)
  "Return non-nil if ROW is of a server that others connect to."
  (eq (sockopt-list--row-status row) 'listen))

(defun sockopt-list--queue (row)
  "Return how many bytes the peer of ROW has not acknowledged, or nil."
  (unless (sockopt-list--server-p row)
    (sockopt-findings-send-queue (sockopt-list--row-numbers row))))

(defun sockopt-list--unread (row)
  "Return how much memory data take that ROW has not read, or nil."
  (unless (sockopt-list--server-p row)
    (plist-get (plist-get (sockopt-list--row-numbers row) :meminfo)
               :rmem-alloc)))

(defun sockopt-list--heard (row)
  "Return how many seconds ago the peer of ROW was heard, or nil."
  (sockopt-findings-heard (sockopt-list--row-numbers row)))

(defun sockopt-list--rtt (row)
  "Return the round trip of ROW in seconds, or nil."
  (let ((rtt (sockopt-list--info row :rtt)))
    (and rtt (/ rtt 1e6))))

(defun sockopt-list--rule (row)
  "Return the rule for ROW as text."
  (mapconcat (lambda (setting) (format "%S" setting))
             (apply #'append (mapcar #'cdr (sockopt-list--row-rules row)))
             " "))

(defun sockopt-list--time (seconds)
  "Return SECONDS as text of at most 7 columns; -1 means never."
  (cond ((eql seconds -1) "off")
        ((< seconds 172800) (sockopt-findings-time seconds))
        (t (format "%d d" (/ seconds 86400)))))

(defun sockopt-list--bytes (bytes)
  "Return BYTES as text of at most 6 columns."
  (cond ((< bytes 1000) (format "%d B" bytes))
        ((< bytes 9950) (format "%.1f kB" (/ bytes 1e3)))
        ((< bytes 999500) (format "%.0f kB" (/ bytes 1e3)))
        ((< bytes 9950000) (format "%.1f MB" (/ bytes 1e6)))
        ((< bytes 999500000) (format "%.0f MB" (/ bytes 1e6)))
        ((< bytes 9950000000) (format "%.1f GB" (/ bytes 1e9)))
        (t (format "%.0f GB" (/ bytes 1e9)))))

(defconst sockopt-list--columns
  `((name "Name" 14 nil sockopt-list--name)
    (state "State" 10 nil sockopt-list--state)
    (remote "Remote" 21 nil sockopt-list--remote)
    (local "Local" 21 nil sockopt-list--address :local)
    (type "Type" 5 nil sockopt-list--type)
    (tls "TLS" 3 nil ,(lambda (row)
                        (if (sockopt-list--row-tls row) "yes" "")))
    (keepalive "Keep" 7 sockopt-list--time sockopt-list--keepalive)
    (nodelay "NoDelay" 7 nil sockopt-list--nodelay)
    (rtt "RTT" 6 sockopt-list--time sockopt-list--rtt)
    (send-queue "SendQ" 6 sockopt-list--bytes sockopt-list--queue)
    (receive-queue "RecvQ" 6 sockopt-list--bytes sockopt-list--unread)
    (retransmits "Retrans" 7 number-to-string sockopt-list--info
                 :total-retrans)
    (heard "Heard" 7 sockopt-list--time sockopt-list--heard)
    (in "In" 6 sockopt-list--bytes sockopt-list--info :bytes-received)
    (out "Out" 6 sockopt-list--bytes sockopt-list--info :bytes-acked)
    (rule "Rule" 20 nil sockopt-list--rule))
  "The columns there are: (SYMBOL TITLE WIDTH TEXT FUNCTION ARGUMENT...).
FUNCTION is called with a `sockopt-list--row' and the ARGUMENTs and returns
a string, or a number or nil; TEXT is a function that makes text of that
number, which is then shown on the right.")

(defun sockopt-list--value (column row)
  "Return the value that ROW has in COLUMN."
  (apply (nth 4 column) row (nthcdr 5 column)))

(defun sockopt-list--text (column row)
  "Return the text that ROW has in COLUMN."
  (let ((value (sockopt-list--value column row))
        (text (nth 3 column)))
    (cond ((null text) value)
          (value (funcall text value))
          (t ""))))

(defun sockopt-list--column (symbol width)
  "Return the column that SYMBOL names, for a window of WIDTH.
Names and addresses have a share of that."
  (let ((column (assq symbol sockopt-list--columns))
        (share (pcase symbol
                 ('name (/ width 6))
                 ((or 'remote 'local) (/ width 5))
                 (_ 0))))
    `(,symbol ,(nth 1 column) ,(max share (nth 2 column))
              ,@(nthcdr 3 column))))

(defun sockopt-list--fitting (width)
  "Return those of the columns that fit into WIDTH, at least one."
  ;; Two for marks, and one at the end.
  (let ((left (- width 3)))
    (cl-loop for symbol in (sockopt--custom 'sockopt-list-columns)
             for column = (sockopt-list--column symbol width)
             while (or (>= left (nth 2 column)) (null fitting))
             collect column into fitting
             do (cl-decf left (1+ (nth 2 column)))
             finally return (sockopt-list--widen fitting left))))

(defun sockopt-list--widen (columns room)
  "Return COLUMNS with the one for names wider by ROOM, if there is any."
  (mapcar (lambda (column)
            (if (and (eq (car column) 'name) (> room 0))
                `(name ,(nth 1 column) ,(+ (nth 2 column) (min room 24))
                       ,@(nthcdr 3 column))
              column))
          columns))

(defun sockopt-list--shorten (text width)
  "Return TEXT, an address, cut in its middle to at most WIDTH columns.
Its end has the port, or the name of the file."
  (let* ((whole (string-width text))
         (ellipsis (truncate-string-ellipsis))
         (head (/ (- width (string-width ellipsis)) 3))
         (tail (- width (string-width ellipsis) head)))
    (if (<= whole width)
        text
      (concat (truncate-string-to-width text head)
              ellipsis
              (truncate-string-to-width text whole (- whole tail))))))

(provide 'sockopt-list-columns)
;;; sockopt-list-columns.el ends here
