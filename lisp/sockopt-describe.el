;;; sockopt-describe.el --- One connection explained  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `sockopt-describe-process' shows all there is to know of a network
;; process: what its numbers mean, who is at the other end, its timers and
;; queues, what TCP says, and its options, those first that are not as
;; usual.  Each heading can be folded, each option's value be set.

;;; Code:

(require 'cl-lib)
(require 'outline)
(require 'sockopt)
(require 'sockopt-fields)
(require 'sockopt-findings)
(require 'sockopt-fresh)
(require 'sockopt-peer)
(require 'sockopt-ui)
(require 'text-property-search)

(declare-function bookmark-prop-get "bookmark" (bookmark prop))

(defface sockopt-describe-heading '((t :inherit (bold outline-1)))
  "Face of headings."
  :group 'sockopt)

(defface sockopt-describe-problem '((t :inherit error))
  "Face of the word that says that something is a problem."
  :group 'sockopt)

(defface sockopt-describe-warning '((t :inherit warning))
  "Face of the word that warns."
  :group 'sockopt)

(defface sockopt-describe-fine '((t :inherit success))
  "Face of the word that says that all is well."
  :group 'sockopt)

(defface sockopt-describe-label '((t :inherit shadow))
  "Face of the names of values."
  :group 'sockopt)

(defvar-local sockopt-describe--process nil
  "The process that this buffer describes.")

;;; Lines

(defun sockopt-describe--line (label text &optional help item)
  "Insert a line with LABEL and TEXT, if there is a TEXT.
HELP is shown for it; ITEM is what point is kept on."
  (when text
    (let ((start (point)))
      (insert (propertize (format "  %-25s " label)
                          'face 'sockopt-describe-label))
      (sockopt-ui--insert-filled text 28)
      (add-text-properties
       start (point)
       `(sockopt-item ,(or item label)
         ,@(and help (list 'help-echo help)))))))

(defun sockopt-describe--button (text help function &rest arguments)
  "Insert a button with TEXT for calling FUNCTION with ARGUMENTS.
HELP says what it does.  Afterwards the buffer is drawn anew."
  (insert-text-button text 'help-echo help 'follow-link t
                      'action (lambda (_button)
                                (apply function arguments)
                                (sockopt-describe--refresh))))

(defun sockopt-describe--heading (level title)
  "Insert a heading at LEVEL with TITLE, which folds what is below it."
  (let ((start (point)))
    (insert (make-string level ?*) " ")
    (insert-text-button title 'face 'sockopt-describe-heading
                        'follow-link t
                        'help-echo "Fold or unfold"
                        'action (lambda (button)
                                  (goto-char (button-start button))
                                  (outline-toggle-children)))
    (insert "\n")
    (put-text-property start (point) 'sockopt-item title)))

;;; What this says

(defconst sockopt-describe--level-words
  '((problem "PROBLEM" sockopt-describe-problem)
    (warning "Warning" sockopt-describe-warning)
    (fine "Fine" sockopt-describe-fine)
    (note "Note" sockopt-describe-label))
  "How the levels of findings are shown: (LEVEL WORD FACE).")

(defun sockopt-describe--preset (process name)
  "Set the options of the preset NAME of PROCESS, those that its socket has."
  (require 'sockopt-mode)
  (sockopt-set-options
   process
   (cl-loop for (option value)
            on (cdr (assq name (symbol-value 'sockopt-presets))) by #'cddr
            when (sockopt-supported-p option process)
            append (list option value))))

(defun sockopt-describe--insert-mend (process mend)
  "Insert a button for MEND, to be done to PROCESS."
  (pcase mend
    (`(set ,option ,value)
     (sockopt-describe--button
      (format "[Set %s to %S]" option value)
      (sockopt-option-doc (sockopt-option option))
      #'sockopt-ui-report-setting process option value nil))
    (`(preset ,name)
     (sockopt-describe--button
      (format "[Set the options of %s]" name)
      "Set them on this connection now; see `sockopt-presets'"
      #'sockopt-describe--preset process name))
    (`(rule ,name)
     (sockopt-describe--button
      (format "[Make a rule with %s]" name)
      "For connections like this one from now on; see `sockopt-rules'"
      #'sockopt-save-rule process (list name)))))

(defun sockopt-describe--insert-finding (process finding)
  "Insert FINDING of PROCESS, and buttons that mend it."
  (pcase-let ((start (point))
              (`(,word ,face) (cdr (assq (plist-get finding :level)
                                         sockopt-describe--level-words))))
    (insert "  " (propertize (format "%-8s" word) 'face face))
    (sockopt-ui--insert-filled (plist-get finding :text) 10)
    (when (plist-get finding :mend)
      (insert (make-string 10 ?\s))
      (dolist (mend (plist-get finding :mend))
        (sockopt-describe--insert-mend process mend)
        (insert " "))
      (delete-char -1)
      (insert "\n"))
    (put-text-property start (point) 'sockopt-item
                       (plist-get finding :id))))

(defun sockopt-describe--findings (process snapshot)
  "Insert what SNAPSHOT of PROCESS means."
  (dolist (finding (sockopt-findings snapshot))
    (sockopt-describe--insert-finding process finding)))

;;; Who and where

(defun sockopt-describe--address (address)
  "Return ADDRESS, a vector or a string, as text, or nil if there is none."
  (cond ((vectorp address) (sockopt-ui-address address))
        ((equal address "") "unnamed")
        (address (format "%s" address))))

(defun sockopt-describe--tls (process)
  "Return what is known of the TLS session of PROCESS, or nil."
  (let ((status (and (process-live-p process)
                     (fboundp 'gnutls-get-initstage)
                     (< 0 (or (gnutls-get-initstage process) 0))
                     (gnutls-peer-status process))))
    (and status
         (string-join (delq nil (list (plist-get status :protocol)
                                      (plist-get status :cipher)))
                      ", "))))

(defun sockopt-describe--insert-buffer (process)
  "Insert a line with a button for the buffer of PROCESS, if it has one."
  (let ((buffer (process-buffer process)))
    (when (buffer-live-p buffer)
      (let ((start (point)))
        (insert (propertize (format "  %-25s " "Buffer")
                            'face 'sockopt-describe-label))
        (insert-text-button (buffer-name buffer) 'follow-link t
                            'help-echo "Show this buffer"
                            'action (lambda (_) (pop-to-buffer buffer)))
        (insert (format " (%s)\n" (buffer-local-value 'mode-name buffer)))
        (put-text-property start (point) 'sockopt-item "Buffer")))))

(defun sockopt-describe--ends (process snapshot)
  "Insert who and what is at both ends of PROCESS, by SNAPSHOT."
  (let* ((contact (plist-get snapshot :contact))
         (host (plist-get contact :host)))
    (sockopt-describe--line "Process" (plist-get snapshot :name))
    (sockopt-describe--insert-buffer process)
    (sockopt-describe--line "Status"
                            (symbol-name (plist-get snapshot :status)))
    (sockopt-describe--line
     "Socket" (format "%s%s" (plist-get snapshot :type)
                      (if (plist-get snapshot :server) ", server" "")))
    (sockopt-describe--line
     "Local address"
     (sockopt-describe--address (plist-get contact :local)))
    (unless (plist-get snapshot :server)
      (sockopt-describe--line
       "Remote address"
       (sockopt-describe--address (plist-get contact :remote)))
      (sockopt-describe--line "Asked for"
                              (and (stringp host)
                                   (sockopt-ui--peer process)))
      (sockopt-describe--line "Program there" (sockopt-peer process)
                              "Which program has the other end"))
    (sockopt-describe--line "TLS" (sockopt-describe--tls process))))

;;; How it was connected

(defun sockopt-describe--attempt (attempt)
  "Insert a line for ATTEMPT, (ADDRESS RESULT START SECONDS)."
  (pcase-let ((`(,address ,result ,start ,seconds) attempt))
    (sockopt-describe--line
     "Tried"
     (format "%s: %s after %s%s"
             (sockopt-describe--address address)
             (cond ((eq result t) "connected")
                   ((null result) "given up")
                   (t result))
             (sockopt-findings-time (or seconds 0))
             (if (and start (> start 0))
                 (format ", begun after %s" (sockopt-findings-time start))
               ""))
     nil address)))

(defun sockopt-describe--connecting (process _snapshot)
  "Insert how PROCESS was connected, if that is known."
  (let ((known (and (fboundp 'sockopt-connection)
                    (ignore-errors (sockopt-connection process)))))
    (when known
      (pcase-dolist (`(,key ,label)
                     '((:lookup "Looking up the host")
                       (:connect "Connecting")
                       (:tls "TLS handshake")))
        (let ((seconds (plist-get known key)))
          (when (eq key :connect)
            (mapc #'sockopt-describe--attempt (plist-get known :attempts)))
          (when seconds
            (sockopt-describe--line label (sockopt-findings-time seconds)))))
      (sockopt-describe--line "TLS version"
                              (plist-get known :tls-version)))))

;;; Timers and queues

(defun sockopt-describe--keepalive (snapshot)
  "Insert what keepalive does by SNAPSHOT."
  (let ((left (sockopt-findings-keepalive-left snapshot))
        (options (plist-get snapshot :options)))
    (if (not (plist-get options :keepalive))
        (sockopt-describe--line "Keepalive probe" "off")
      (sockopt-describe--line
       "Keepalive probe"
       (format "%safter %s of silence"
               (cond ((null left) "")
                     ((<= left 0) "due, ")
                     (t (format "in %s, " (sockopt-findings-time left))))
               (sockopt-findings-time (plist-get options :tcp-keepidle)))
       "Not while data are under way, which are sent again instead")
      (sockopt-describe--line
       "Unanswered probes"
       (format "%s, one every %s, end the connection"
               (plist-get options :tcp-keepcnt)
               (sockopt-findings-time (plist-get options
                                                 :tcp-keepintvl)))))))

(defun sockopt-describe--ago (snapshot field)
  "Return in words how long ago FIELD of SNAPSHOT was."
  (concat (sockopt-findings-time
           (/ (sockopt-findings--info snapshot field) 1000.0))
          " ago"))

(defun sockopt-describe--timers (_process snapshot)
  "Insert the timers of SNAPSHOT."
  (when (sockopt-findings-heard snapshot)
    (let ((limit (plist-get (plist-get snapshot :options)
                            :tcp-user-timeout)))
      (sockopt-describe--line
       "Peer last heard"
       (concat (sockopt-findings-time (sockopt-findings-heard snapshot))
               " ago")
       "How long ago data or an acknowledgement came")
      (sockopt-describe--line
       "Data last sent" (sockopt-describe--ago snapshot :last-data-sent))
      (sockopt-describe--keepalive snapshot)
      (sockopt-describe--line
       "Sending again" (concat "after " (sockopt-findings-time
                                         (/ (sockopt-findings--info
                                             snapshot :rto)
                                            1e6)))
       "How long an acknowledgement is awaited before data are sent again")
      (sockopt-describe--line
       "Giving up"
       (if (and limit (> limit 0))
           (format "%s after data were sent in vain"
                   (sockopt-findings-time (/ limit 1000.0)))
         (format "after %s retransmissions, about %s"
                 (plist-get snapshot :retries)
                 (sockopt-findings-time
                  (sockopt-findings--gives-up snapshot 0))))
       "See :tcp-user-timeout and tcp_retries2 in tcp(7)"))))

(defun sockopt-describe--queues (_process snapshot)
  "Insert the queues of SNAPSHOT."
  (let ((memory (plist-get snapshot :meminfo))
        (info (plist-get snapshot :tcp-info)))
    (cond
     ((eq (plist-get info :state) 'listen)
      (sockopt-describe--line
       "To be accepted" (format "%d of at most %d connections"
                                (plist-get info :unacked)
                                (plist-get info :sacked))))
     (info
      (sockopt-describe--line
       "To be acknowledged"
       (sockopt-findings-bytes (sockopt-findings--flight snapshot))
       "What has been sent and the peer has not acknowledged")
      (sockopt-describe--line
       "To be sent"
       (sockopt-findings-bytes (plist-get info :notsent-bytes))
       "What Emacs has written and the kernel has not sent")))
    (when memory
      (pcase-dolist (`(,label ,used ,size)
                     '(("Send memory" :wmem-queued :sndbuf)
                       ("Receive memory" :rmem-alloc :rcvbuf)))
        (sockopt-describe--line
         label (format "%s of %s"
                       (sockopt-findings-bytes (plist-get memory used))
                       (sockopt-findings-bytes (plist-get memory size)))
         "What the queue takes, with the kernel's own part, and its limit"))
      (sockopt-describe--line "Packets dropped here"
                              (number-to-string (plist-get memory :drops))
                              "More than 0: the receive buffer was full"))))

;;; TCP_INFO

(defconst sockopt-describe--of-listeners
  '(:state :pacing-rate :max-pacing-rate :reordering)
  "The fields of `:tcp-info' that mean something of a socket that listens.
Of the others some are 0, and two are about the queue of those to be
accepted, which has a line of its own.")

(defun sockopt-describe--fields (info)
  "Return those of `sockopt-fields' that mean something in INFO."
  (if (eq (plist-get info :state) 'listen)
      (cl-remove-if-not (lambda (field)
                          (memq (car field) sockopt-describe--of-listeners))
                        sockopt-fields)
    sockopt-fields))

(defun sockopt-describe--info (_process snapshot)
  "Insert the `:tcp-info' of SNAPSHOT, what is 0 in few words."
  (let ((info (plist-get snapshot :tcp-info))
        zero)
    (when info
      (dolist (field (sockopt-describe--fields info))
        (let ((value (plist-get info (car field))))
          (cond ((not (plist-member info (car field))))
                ((eql value 0) (push field zero))
                (t (sockopt-describe--line
                    (nth 1 field) (sockopt-fields-text (nth 2 field) value)
                    (sockopt-fields-help field) (car field))))))
      ;; No data goes through a socket that listens.
      (when (and zero (not (eq (plist-get info :state) 'listen)))
        (sockopt-describe--insert-zero (nreverse zero))))))

(defun sockopt-describe--insert-zero (fields)
  "Insert the names of FIELDS, which are 0, each with its own help."
  (sockopt-describe--line
   "These are 0"
   (mapconcat (lambda (field)
                (propertize (nth 1 field)
                            'help-echo (sockopt-fields-help field)))
              fields "; ")))

;;; Rules

(defun sockopt-describe--setting (setting)
  "Return the options of SETTING in a rule, a plist."
  (if (consp setting)
      setting
    (cdr (assq setting (symbol-value 'sockopt-presets)))))

(declare-function sockopt-rules-match-p "sockopt-rules" (match args))

(defun sockopt-describe--matches-p (rule contact)
  "Return non-nil if RULE is for a process that has CONTACT.
A wrong rule is for none."
  (ignore-errors (sockopt-rules-match-p (car rule) contact)))

(defun sockopt-describe-rules (contact)
  "Return the elements of `sockopt-rules' for a process that has CONTACT.
There are none while `sockopt-mode' is off."
  (when (bound-and-true-p sockopt-mode)
    (cl-remove-if-not (lambda (rule)
                        (sockopt-describe--matches-p rule contact))
                      (symbol-value 'sockopt-rules))))

(defun sockopt-describe-rule-of (option rules)
  "Return the last of RULES with OPTION, or nil."
  (cl-find-if (lambda (rule)
                (cl-some (lambda (setting)
                           (plist-member (sockopt-describe--setting setting)
                                         option))
                         (cdr rule)))
              rules :from-end t))

(defun sockopt-describe--rules (process snapshot)
  "Insert the rules that are for PROCESS by SNAPSHOT, and what they set."
  (dolist (rule (sockopt-describe-rules (plist-get snapshot :contact)))
    (sockopt-ui--insert-filled (format "  %S" rule) 4)
    (cl-loop for (option value) on (apply #'append
                                          (mapcar #'sockopt-describe--setting
                                                  (cdr rule)))
             by #'cddr
             do (sockopt-describe--insert-rule-option process option
                                                      value))))

(defun sockopt-describe--insert-rule-option (process option value)
  "Insert what became of OPTION of PROCESS, which a rule set to VALUE."
  (let ((now (sockopt-ui--value-or-reason process option)))
    (sockopt-describe--line
     (format "  %s %S" option value)
     (if (equal now (prin1-to-string value)) "as the rule says"
       (concat "now " now))
     nil (list 'rule option))))

;;; Options

(defconst sockopt-describe--shown-above '(:tcp-info :meminfo)
  "The options that have sections of their own.")

(defun sockopt-describe-set (process option)
  "Ask for a value of OPTION of PROCESS, and set it."
  (sockopt-ui-set-asking process option
                         (sockopt-ui--read-value process option) nil))

(defun sockopt-describe--insert-value (process option value)
  "Insert VALUE of OPTION of PROCESS, a button if that can be set."
  (let ((text (sockopt-ui--fit (prin1-to-string value) 46)))
    (if (and (sockopt-option-set (sockopt-option option))
             (process-live-p process))
        (sockopt-describe--button
         text (format "Set %s; %s" option
                      (sockopt-ui--values (sockopt-option option)))
         #'sockopt-describe-set process option)
      (insert text))))

(defun sockopt-describe--insert-option (process option value remark)
  "Insert a line about OPTION of PROCESS, which is VALUE, and REMARK."
  (let ((start (point)))
    (insert "  ")
    (insert-text-button (symbol-name option)
                        'face 'sockopt-describe-label
                        'help-echo (sockopt-option-doc (sockopt-option
                                                        option))
                        'action (lambda (_) (sockopt-describe-option option)))
    (insert (make-string (max 1 (- 28 (current-column))) ?\s))
    (sockopt-describe--insert-value process option value)
    (insert remark "\n")
    (put-text-property start (point) 'sockopt-item option)))

(defun sockopt-describe--differing (process options contact)
  "Insert those of OPTIONS of PROCESS that a fresh socket has otherwise.
Return them.  CONTACT is that of the process."
  (let ((fresh (sockopt-fresh-options process options))
        (rules (sockopt-describe-rules contact))
        differing)
    (cl-loop for (option value) on options by #'cddr
             when (and (plist-member fresh option)
                       (not (equal value (plist-get fresh option))))
             do (push option differing)
             (sockopt-describe--insert-option
              process option value
              (format "  (fresh: %S%s)" (plist-get fresh option)
                      (if (sockopt-describe-rule-of option rules)
                          "; a rule sets it" ""))))
    (unless differing
      (insert (if fresh "  None.\n" "  No such socket could be made.\n")))
    differing))

(defun sockopt-describe--by-level (options)
  "Return OPTIONS, a plist, as a list of (LEVEL OPTION VALUE ...)."
  (let (levels)
    (cl-loop for (option value) on options by #'cddr
             for level = (format "%s" (sockopt-option-level
                                       (sockopt-option option)))
             do (push option (alist-get level levels nil nil #'equal))
             (push value (alist-get level levels nil nil #'equal)))
    (mapcar (lambda (entry)
              (cons (car entry) (reverse (cdr entry))))
            (nreverse levels))))

(defun sockopt-describe--read-options (process)
  "Return the options of PROCESS, a plist, but for those shown elsewhere."
  (cl-loop for (option value) on (condition-case nil
                                     (sockopt-options process)
                                   (error nil))
           by #'cddr
           unless (memq option sockopt-describe--shown-above)
           append (list option value)))

(defun sockopt-describe--options (process snapshot)
  "Insert the options of PROCESS, whose SNAPSHOT this is.
Those that are as in a fresh socket are sorted by level."
  (let ((options (and (process-live-p process)
                      (sockopt-describe--read-options process))))
    (when options
      (sockopt-describe--heading 1 "Options that differ from a fresh socket")
      (let ((differing (sockopt-describe--differing
                        process options (plist-get snapshot :contact))))
        (sockopt-describe--heading 1 "Other options")
        (pcase-dolist (`(,level . ,plist) (sockopt-describe--by-level options))
          (sockopt-describe--heading 2 level)
          (cl-loop for (option value) on plist by #'cddr
                   unless (memq option differing)
                   do (sockopt-describe--insert-option process option value
                                                       "")))))))

;;; The buffer

(defconst sockopt-describe--sections
  '(("What this says" . sockopt-describe--findings)
    ("Who and where" . sockopt-describe--ends)
    ("How it was connected" . sockopt-describe--connecting)
    ("Timers" . sockopt-describe--timers)
    ("Queues" . sockopt-describe--queues)
    ("What TCP says" . sockopt-describe--info)
    ("Rules for it" . sockopt-describe--rules))
  "The sections: (TITLE . FUNCTION).
FUNCTION is called with a process and a snapshot; without what it inserts
there is no heading.")

(defun sockopt-describe--insert-section (title function process snapshot)
  "Insert a section with TITLE, made by FUNCTION.
That is called with PROCESS and SNAPSHOT."
  (let ((start (point)))
    (sockopt-describe--heading 1 title)
    (let ((body (point)))
      (funcall function process snapshot)
      (when (= body (point))
        (delete-region start body)))))

(defun sockopt-describe--insert (process)
  "Insert the description of PROCESS."
  (let ((snapshot (sockopt-findings-snapshot process)))
    (pcase-dolist (`(,title . ,function) sockopt-describe--sections)
      (sockopt-describe--insert-section title function process snapshot))
    (sockopt-describe--options process snapshot)))

(defun sockopt-describe--folded ()
  "Return the titles of the headings that are folded."
  (save-excursion
    (goto-char (point-min))
    (cl-loop while (re-search-forward "^\\*+ " nil t)
             when (outline-invisible-p (line-end-position))
             collect (get-text-property (point) 'sockopt-item))))

(defun sockopt-describe--fold (titles)
  "Fold the headings that have one of TITLES."
  (save-excursion
    (goto-char (point-max))
    (while (re-search-backward "^\\*+ " nil t)
      (when (member (get-text-property (point) 'sockopt-item) titles)
        (outline-hide-subtree)))))

(defun sockopt-describe--place (position)
  "Return what is at POSITION: (ITEM LINE COLUMN)."
  (save-excursion
    (goto-char position)
    (list (get-text-property (line-beginning-position) 'sockopt-item)
          (line-number-at-pos) (current-column))))

(defun sockopt-describe--position (place)
  "Return the position of PLACE, as `sockopt-describe--place' returned it."
  (pcase-let ((`(,item ,line ,column) place))
    (save-excursion
      (goto-char (point-min))
      (unless (and item (text-property-search-forward 'sockopt-item item
                                                      #'equal))
        (goto-char (point-min))
        (forward-line line))
      (forward-line (if (bobp) 0 -1))
      (move-to-column column)
      (point))))

(defun sockopt-describe--draw (folded)
  "Draw this buffer, with the headings FOLDED; keep point in each window."
  (let ((inhibit-read-only t)
        (place (sockopt-describe--place (point)))
        (windows (mapcar (lambda (window)
                           (list window
                                 (sockopt-describe--place
                                  (window-point window))
                                 (sockopt-describe--place
                                  (window-start window))))
                         (get-buffer-window-list nil nil t))))
    (erase-buffer)
    (sockopt-describe--insert sockopt-describe--process)
    (sockopt-describe--fold folded)
    (set-buffer-modified-p nil)
    (goto-char (sockopt-describe--position place))
    (pcase-dolist (`(,window ,point ,start) windows)
      (set-window-point window (sockopt-describe--position point))
      (set-window-start window (save-excursion
                                 (goto-char (sockopt-describe--position
                                             start))
                                 (line-beginning-position))
                        t))))

(defun sockopt-describe--refresh (&rest _)
  "Draw this buffer anew."
  (when (derived-mode-p 'sockopt-describe-mode)
    (sockopt-describe--draw (sockopt-describe--folded))))

(defun sockopt-describe--help-at-point (&rest _)
  "Return what there is to say of the text at point, for ElDoc."
  (let ((help (get-text-property (point) 'help-echo)))
    (and (stringp help) help)))

;;; Commands

(defun sockopt-describe-set-option ()
  "Set an option of the process described here."
  (interactive nil sockopt-describe-mode)
  (let ((process sockopt-describe--process))
    (unless (process-live-p process)
      (user-error "This connection has ended"))
    (sockopt-describe-set
     process (sockopt-ui-read-option
              (format "Set option of %s" (process-name process))
              process (sockopt-ui--option-at-point)))
    (sockopt-describe--refresh)))

(defun sockopt-describe-probe ()
  "Ask whether the peer of the process described here is there."
  (interactive nil sockopt-describe-mode)
  (sockopt-probe sockopt-describe--process))

(defun sockopt-describe-watch ()
  "Watch the process described here."
  (interactive nil sockopt-describe-mode)
  (sockopt-watch sockopt-describe--process))

(defun sockopt-describe-show-buffer ()
  "Show the buffer of the process described here."
  (interactive nil sockopt-describe-mode)
  (let ((buffer (process-buffer sockopt-describe--process)))
    (unless (buffer-live-p buffer)
      (user-error "This process has no buffer"))
    (pop-to-buffer buffer)))

(defun sockopt-describe-delete ()
  "Delete the process described here, after asking."
  (interactive nil sockopt-describe-mode)
  (when (yes-or-no-p (format "Delete process %s? "
                             (process-name sockopt-describe--process)))
    (delete-process sockopt-describe--process)
    (sockopt-describe--refresh)))

(defvar sockopt-describe-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap button-buffer-map
                                                 special-mode-map))
    (define-key map "s" #'sockopt-describe-set-option)
    (define-key map "p" #'sockopt-describe-probe)
    (define-key map "w" #'sockopt-describe-watch)
    (define-key map "b" #'sockopt-describe-show-buffer)
    (define-key map "k" #'sockopt-describe-delete)
    (define-key map "?" #'describe-mode)
    map)
  "Keymap of `sockopt-describe-mode'.")

(easy-menu-define sockopt-describe-menu sockopt-describe-mode-map
  "Menu of `sockopt-describe-mode'."
  '("Connection"
    ["Refresh" revert-buffer]
    ["Set Option..." sockopt-describe-set-option]
    ["Probe" sockopt-describe-probe]
    ["Watch" sockopt-describe-watch]
    ["Show Buffer" sockopt-describe-show-buffer]
    "--"
    ["Delete Process..." sockopt-describe-delete]))

(define-derived-mode sockopt-describe-mode special-mode "Sockopt-Describe"
  "Major mode of buffers that describe a network process.
\\<sockopt-describe-mode-map>\\[forward-button] goes from button to button; \
\\<button-map>\\[push-button] follows one: a heading
folds what is below it, an option's name describes it, its value sets it.

\\{sockopt-describe-mode-map}"
  :interactive nil
  (setq truncate-lines t)
  (setq-local buffer-undo-list t
              outline-regexp "\\*+ "
              imenu-generic-expression '((nil "^\\*+ \\(.*\\)$" 1))
              revert-buffer-function #'sockopt-describe--refresh
              sockopt-ui-shown-process (lambda () sockopt-describe--process)
              bookmark-make-record-function
              #'sockopt-describe--bookmark-record)
  (add-to-invisibility-spec '(outline . t))
  (outline-minor-mode 1)
  ;; What is folded is kept here; Emacs 30 would do that, too, and move
  ;; point to the heading.
  (remove-hook 'revert-buffer-restore-functions
               'outline-revert-buffer-restore-visibility t)
  (add-hook 'eldoc-documentation-functions
            #'sockopt-describe--help-at-point nil t)
  (eldoc-mode 1))

(defun sockopt-describe--bookmark-record ()
  "Return a bookmark of the process described here, by its name."
  (let ((name (process-name sockopt-describe--process)))
    `(,(concat "Connection " name)
      (process . ,name)
      (handler . sockopt-describe-bookmark-jump))))

;;;###autoload
(defun sockopt-describe-bookmark-jump (bookmark)
  "Describe the process that BOOKMARK names, if there is one now."
  (let ((name (bookmark-prop-get bookmark 'process)))
    (sockopt-describe-process
     (or (get-process name)
         (user-error "There is no process %s now" name)))
    (set-buffer (window-buffer))))

(defun sockopt-describe--at-point ()
  "Return the network process that point is on in a list, or nil."
  (let ((process (and (derived-mode-p 'tabulated-list-mode)
                      (tabulated-list-get-id))))
    (and (processp process)
         (eq (process-type process) 'network)
         process)))

;;;###autoload
(defun sockopt-describe-process (process)
  "Show what there is to know of PROCESS, a network process.
First comes what its numbers say, in words, and what would mend it; then
who is at the other end, timers, queues, what TCP says, and all options,
those first that are not as in a fresh socket of that kind.

Interactively, it is the one at point in a list of processes.  Elsewhere
ask for it; the default is the one that is shown, or the buffer's."
  (interactive
   (list (or (sockopt-describe--at-point)
             (sockopt-ui-read-process "Describe process"))))
  (unless (eq (process-type process) 'network)
    (signal 'wrong-type-argument (list 'sockopt-network-process-p process)))
  (sockopt--ensure-module)
  (let ((buffer (get-buffer-create (format "*sockopt %s*"
                                           (process-name process)))))
    (with-current-buffer buffer
      (unless (derived-mode-p 'sockopt-describe-mode)
        (sockopt-describe-mode))
      (setq sockopt-describe--process process)
      (sockopt-describe--draw '("Other options")))
    (pop-to-buffer buffer)))

(provide 'sockopt-describe)
;;; sockopt-describe.el ends here
