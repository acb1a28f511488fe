;;; sockopt-mode.el --- Socket options for every package  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; With `sockopt-mode' on, `make-network-process', `open-network-stream',
;; `set-network-process-option' and `process-contact' take, set and show
;; every socket option, and `sockopt-rules' give options to connections
;; that other packages make.  A call that names no option and that no rule
;; is for reaches core as it is.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-process)

(declare-function sockopt--check "../module/emacs/option-access.c" (settings))

;;; Rules

(defcustom sockopt-presets
  '((dead-peer :keepalive t :tcp-keepidle 60 :tcp-keepintvl 10
               :tcp-keepcnt 6 :tcp-user-timeout 120000)
    (low-latency :tcp-nodelay t))
  "Names for groups of socket options, to be used in `sockopt-rules'.
Each element is (NAME OPTION VALUE OPTION VALUE ...).

As it comes, `dead-peer' ends a connection 120 seconds after its peer has
vanished: idle, after 60 seconds and 6 probes 10 seconds apart; with data
under way, when that has not been acknowledged for as long.
`low-latency' sends small messages at once."
  :type '(alist :key-type (symbol :tag "Name")
                :value-type (plist :key-type (symbol :tag "Option")
                                   :value-type (sexp :tag "Value")))
  :group 'sockopt)

(defcustom sockopt-rules nil
  "Socket options for network processes, whoever makes them.
They apply while `sockopt-mode' is on, to processes that are made then;
\\[sockopt-apply-rules] applies them to those there are.

Each element is (MATCH SETTING...).  MATCH is a plist; all that it has
must hold, so nil matches every network process:
  :name REGEXP      the process's name matches
  :host REGEXP      the host, as the caller named it, matches
  :service SERVICE  a port number or name, or a list of them
  :family FAMILY    `ipv4', `ipv6' or `local', as the caller gave it
  :type TYPE        `stream', `datagram' or `seqpacket'
  :server BOOL      it is a server, or is not
  :tls BOOL         it is made with `:tls-parameters', or is not
  :predicate FUNCTION
                    FUNCTION, called with the plist of arguments of
                    `make-network-process', returns non-nil

Each SETTING is the name of a preset in `sockopt-presets', or a list
\(OPTION VALUE).  All rules that match apply in order; what comes later
wins, and what the caller asks for wins over all of them.  An option that
fails is reported once, and the connection goes on."
  :type '(repeat
          (cons :tag "Rule"
                (plist :tag "If"
                       :options
                       ((:name regexp) (:host regexp)
                        (:service (choice integer string
                                          (repeat (choice integer string))))
                        (:family (choice (const ipv4) (const ipv6)
                                         (const local)))
                        (:type (choice (const stream) (const datagram)
                                       (const seqpacket)))
                        (:server boolean) (:tls boolean)
                        (:predicate function)))
                (repeat :tag "Then"
                        (choice (symbol :tag "Preset")
                                (list :tag "Option"
                                      (symbol :tag "Name")
                                      (sexp :tag "Value"))))))
  :group 'sockopt)

(defun sockopt-mode--match-p (key value args)
  "Return non-nil if ARGS are as KEY and VALUE in a rule say."
  (pcase key
    ((or :name :host)
     (let ((text (plist-get args key)))
       (and (stringp text) (string-match-p value text))))
    (:service
     (let ((service (plist-get args :service)))
       (cl-some (lambda (one) (equal (format "%s" one) (format "%s" service)))
                (ensure-list value))))
    (:family (eq value (plist-get args :family)))
    (:type (eq value (or (plist-get args :type) 'stream)))
    (:server (eq (not value) (not (plist-get args :server))))
    (:tls (eq (not value) (not (plist-get args :tls-parameters))))
    (:predicate (funcall value (copy-sequence args)))
    (_ (signal 'sockopt-error (list "Unknown condition in a rule" key)))))

(defun sockopt-mode--rule-matches-p (rule args)
  "Return non-nil if RULE is for a process that ARGS make."
  (unless (consp rule)
    (signal 'sockopt-error (list "Not a rule" rule)))
  (cl-loop for (key value) on (car rule) by #'cddr
           always (sockopt-mode--match-p key value args)))

(defun sockopt-mode--setting-plist (setting)
  "Return the options of SETTING in a rule as a plist."
  (cond ((consp setting) (list (car setting) (cadr setting)))
        ((and setting (assq setting sockopt-presets))
         (copy-sequence (cdr (assq setting sockopt-presets))))
        (t (signal 'sockopt-error (list "Unknown preset" setting)))))

(defvar sockopt-mode--reported nil
  "A list of what has been reported: (RULE . OPTION).")

(defun sockopt-mode--report (rule option message)
  "Say that RULE could not set OPTION, for the reason MESSAGE, once."
  (let ((key (cons rule option)))
    (unless (member key sockopt-mode--reported)
      (push key sockopt-mode--reported)
      (message "sockopt: rule %S: %s: %s" rule option message))))

(defun sockopt-mode--safely (rule option function &rest arguments)
  "Call FUNCTION with ARGUMENTS for OPTION, nil for none, of RULE.
If that signals an error, report it and return nil: a rule never breaks a
connection."
  (condition-case error
      (apply function arguments)
    (error (sockopt-mode--report rule option (error-message-string error))
           nil)))

(defun sockopt-mode--check (option value)
  "Return non-nil if OPTION can be set to VALUE, or signal an error."
  (sockopt--check (vector (sockopt--row option) value))
  t)

(defun sockopt-mode--rule-plist (rule)
  "Return the options of RULE, those that can be set at all, as a plist.
Report the others."
  (cl-loop for setting in (cdr rule)
           append (cl-loop for (option value)
                           on (sockopt-mode--safely
                               rule nil #'sockopt-mode--setting-plist
                               setting)
                           by #'cddr
                           when (sockopt-mode--safely
                                 rule option #'sockopt-mode--check
                                 option value)
                           append (list option value))))

(defun sockopt-mode--rules-for (args)
  "Return the rules for a process that ARGS make."
  (cl-remove-if-not
   (lambda (rule)
     (sockopt-mode--safely rule nil #'sockopt-mode--rule-matches-p
                           rule args))
   sockopt-rules))

(defun sockopt-mode--rule-options (rules)
  "Return what RULES set as a list of (OPTION VALUE RULE), the last of each."
  (let ((sockopt--inhibit-offer t))
    (sockopt--ensure-module))
  (let (settings)
    (dolist (rule rules)
      (cl-loop for (option value)
               on (sockopt-mode--safely rule nil
                                        #'sockopt-mode--rule-plist rule)
               by #'cddr
               do (setf (alist-get option settings) (list value rule))))
    (nreverse settings)))

;;; Core's functions, taking every option

(defvar sockopt-mode--stream nil
  "What `open-network-stream' was given besides: (NAME . OPTIONS), or nil.")

;; Most keywords are core's own, and the list of ours is long.
(defsubst sockopt-mode--option-p (keyword)
  "Return non-nil if KEYWORD is an option, even before there is a module."
  (and (keywordp keyword)
       (not (sockopt--keyword-p keyword))
       (featurep 'sockopt keyword)))

(defun sockopt-mode--options-in (plist)
  "Return the socket options in PLIST as a plist."
  (let (options)
    (while plist
      (when (sockopt-mode--option-p (car plist))
        (push (car plist) options)
        (push (cadr plist) options))
      (setq plist (cddr plist)))
    (nreverse options)))

(defun sockopt-mode--reporter (settings)
  "Return a function that reports which of SETTINGS failed.
They are as `sockopt-mode--rule-options' returns them."
  (lambda (_process failures)
    (pcase-dolist (`(,option . ,message) failures)
      (sockopt-mode--report (nth 2 (assq option settings)) option message))))

(defun sockopt-mode--make (core &rest args)
  "Make a network process by ARGS; CORE is `make-network-process'.
Keywords that nobody knows are left alone, as core does."
  (let ((options (sockopt-mode--options-in args)))
    (if (or options sockopt-mode--stream sockopt-rules
            (plist-member args :child-options))
        (sockopt-mode--make-perhaps core args options)
      (apply core args))))

(defun sockopt-mode--make-perhaps (core args options)
  "Make a network process by ARGS, with OPTIONS and what rules say.
If that turns out to be nothing, call CORE."
  (let* ((extra (and sockopt-mode--stream
                     (equal (car sockopt-mode--stream)
                            (plist-get args :name))
                     (cdr sockopt-mode--stream)))
         (options (append extra options))
         (rules (and args sockopt-rules (sockopt-mode--rules-for args)))
         (settings (and rules
                        (sockopt-mode--safely
                         rules nil #'sockopt-mode--rule-options rules))))
    ;; Without a name it fails, and each Emacs says so in its own words.
    (if (and (or options settings (plist-get args :child-options))
             (stringp (plist-get args :name)))
        (sockopt-mode--make-with (append args extra) options settings)
      (apply core args))))

(defun sockopt-mode--make-with (args options settings)
  "Make a network process by ARGS, with OPTIONS and what rules say.
SETTINGS are as `sockopt-mode--rule-options' returns them."
  (sockopt--ensure-module)
  (sockopt--make args options
                 (cl-loop for (option value) in settings
                          append (list option value))
                 (sockopt-mode--reporter settings)))

(defun sockopt-mode--open-stream (core name buffer host service
                                       &rest parameters)
  "Open a stream by CORE, `open-network-stream', with the options it is given.
NAME, BUFFER, HOST, SERVICE and PARAMETERS are the arguments."
  (let* ((options (sockopt-mode--options-in parameters))
         (sockopt-mode--stream (if options
                                   (cons name options)
                                 sockopt-mode--stream)))
    (apply core name buffer host service parameters)))

(defun sockopt-mode--set (core process option value &optional no-error)
  "Set OPTION of PROCESS to VALUE; CORE is `set-network-process-option'.
NO-ERROR is as there."
  (if (featurep 'sockopt option)
      (sockopt-set process option value no-error)
    (funcall core process option value no-error)))

(defun sockopt-mode--contact (core process &optional key no-block)
  "Return the contact of PROCESS by KEY; CORE is `process-contact'.
NO-BLOCK is as there.  Options are as the kernel has them."
  (let ((value (funcall core process key no-block)))
    (cond ((null key) value)
          ((eq key t)
           (when (sockopt-mode--has-socket-p process)
             (ignore-errors (sockopt--refresh process)))
           value)
          ((and (sockopt-mode--option-p key)
                (sockopt-mode--has-socket-p process))
           (condition-case nil
               (sockopt-get process key)
             (error value)))
          (t value))))

(defun sockopt-mode--has-socket-p (process)
  "Return non-nil if PROCESS is a network process whose socket can be read."
  (and (eq (process-type process) 'network)
       (memq (process-status process) '(open run listen stop))))

(defconst sockopt-mode--advice
  '((make-network-process . sockopt-mode--make)
    (open-network-stream . sockopt-mode--open-stream)
    (set-network-process-option . sockopt-mode--set)
    (process-contact . sockopt-mode--contact))
  "What `sockopt-mode' puts around which of core's functions.")

;;;###autoload
(define-minor-mode sockopt-mode
  "Let every package's connections have every socket option.
`make-network-process' and `open-network-stream' take all options in
`sockopt-option-list', `set-network-process-option' sets them, and
`process-contact' shows them as the kernel has them.  The options in
`sockopt-rules' are given to the network processes that match.

A call that names no option, and that no rule is for, reaches core as it
is.  The module is loaded when it is first needed."
  :global t
  :group 'sockopt
  (pcase-dolist (`(,symbol . ,function) sockopt-mode--advice)
    (if sockopt-mode
        (advice-add symbol :around function)
      (advice-remove symbol function))))

;;; Rules for processes that there are

(defun sockopt-mode--connecting-p (process)
  "Return non-nil if PROCESS still connects, and it is known whereto."
  (and (eq (process-type process) 'network)
       (sockopt--connecting-p process)
       (sockopt--core-contact process t t)))

(defun sockopt-mode--changes (process)
  "Return what the rules would change of PROCESS.
Value is a list of (OPTION OLD NEW RULE)."
  (let ((contact (sockopt--core-contact process t t)))
    (cl-loop for (option value rule)
             in (sockopt-mode--rule-options (sockopt-mode--rules-for contact))
             for old = (condition-case nil
                           (sockopt-get process option)
                         (sockopt-error 'unknown))
             unless (equal old value)
             collect (list option old value rule))))

(defun sockopt-mode--apply (process change)
  "Make CHANGE, as `sockopt-mode--changes' has it, to PROCESS.
Return in words what came of it."
  (pcase-let ((`(,option ,_old ,new ,_rule) change))
    (condition-case error
        (progn (sockopt-set process option new)
               (condition-case nil
                   (format "%S" (sockopt-get process option))
                 (sockopt-error (format "%S" new))))
      (error (error-message-string error)))))

(defun sockopt-mode--insert (process preview)
  "Insert what the rules change of PROCESS.
Change it, unless PREVIEW is non-nil."
  (let ((changes (sockopt-mode--changes process)))
    (when changes
      (insert (format "%s\n" (process-name process)))
      (dolist (change changes)
        (insert (format "  %s: %S → %s\n" (car change) (nth 1 change)
                        (if preview
                            (format "%S" (nth 2 change))
                          (sockopt-mode--apply process change))))))))

;;;###autoload
(defun sockopt-apply-rules (&optional preview)
  "Apply `sockopt-rules' to the network processes there are.
Show what changed.  With PREVIEW non-nil (interactively, a prefix
argument), change nothing and show what would."
  (interactive "P")
  (with-help-window "*sockopt-rules*"
    (with-current-buffer standard-output
      (dolist (process (process-list))
        (when (or (sockopt-mode--has-socket-p process)
                  (sockopt-mode--connecting-p process))
          (sockopt-mode--insert process preview)))
      (when (bobp)
        (insert (if sockopt-rules
                    "The rules change nothing.\n"
                  "There are no rules; see `sockopt-rules'.\n"))))))

(provide 'sockopt-mode)
;;; sockopt-mode.el ends here
