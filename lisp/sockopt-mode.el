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
(require 'sockopt-rules)

(autoload 'sockopt-apply-rules "sockopt-apply" nil t)
(autoload 'sockopt-apply-rules-preview "sockopt-apply" nil t)

;;; Reports

(defvar sockopt-mode--reported nil
  "What has been reported, a list of (RULE OPTION MESSAGE).
OPTION is nil where that is about the whole rule.")

(defvar sockopt-mode--lighter nil
  "What the mode line shows of `sockopt-mode': how many rules failed.")
;; Else the mode line would ignore its properties.
(put 'sockopt-mode--lighter 'risky-local-variable t)

(defun sockopt-mode--failed ()
  "Return the rules that are wrong, or that failed for a process."
  (let ((failed (mapcar #'car (sockopt-rules-wrong)))
        (rules (sockopt-rules--state-rules (sockopt-rules--now))))
    (dolist (entry sockopt-mode--reported failed)
      (when (and (memq (car entry) rules) (not (memq (car entry) failed)))
        (push (car entry) failed)))))

(defvar sockopt-mode-lighter-map
  (let ((map (make-sparse-keymap)))
    (define-key map [mode-line mouse-1] #'sockopt-apply-rules-preview)
    map)
  "Keymap of what `sockopt-mode' shows in the mode line.")

(defun sockopt-mode--show-failed ()
  "Have the mode line show how many rules failed."
  (let ((count (length (sockopt-mode--failed))))
    (setq sockopt-mode--lighter
          (and (< 0 count)
               (list :propertize (format " sockopt:%d!" count)
                     'face 'warning
                     'local-map sockopt-mode-lighter-map
                     'mouse-face 'mode-line-highlight
                     'help-echo
                     (format "%d of the rules failed\nmouse-1: show them"
                             count))))
    (force-mode-line-update t)))

(defun sockopt-mode--reported-p (rule option)
  "Return non-nil if it has been reported that RULE could not set OPTION."
  (cl-some (lambda (entry)
             ;; A rule may be too deep to be compared otherwise.
             (and (eq rule (car entry)) (eq option (nth 1 entry))))
           sockopt-mode--reported))

(defun sockopt-mode--report (rule option message)
  "Say that RULE could not set OPTION, for the reason MESSAGE, once.
OPTION is nil if that is about the whole rule."
  (unless (sockopt-mode--reported-p rule option)
    (push (list rule option message) sockopt-mode--reported)
    (sockopt-mode--show-failed)
    (message "sockopt: rule %s: %s%s" (sockopt-rules--text rule)
             (if option (format "%s: " option) "")
             message)))

(defun sockopt-mode--safely (rule option function &rest arguments)
  "Call FUNCTION with ARGUMENTS for OPTION, nil for none, of RULE.
If that signals an error, report it and return nil: a rule never breaks a
connection."
  (condition-case error
      (apply function arguments)
    (error (sockopt-mode--report rule option (sockopt-rules--reason error))
           nil)))

(defun sockopt-mode--report-wrong ()
  "Report the rules that are wrong, unless the user has been warned."
  (pcase-dolist (`(,rule . ,reason) (sockopt-rules-wrong))
    (unless (memq rule sockopt-rules--warned)
      (sockopt-mode--report rule nil reason))))

;;; The module

(defvar sockopt-mode--warned nil
  "Non-nil if the user has been warned that there is no module.")

(defun sockopt-mode--warn-module (reason)
  "Warn once of what needs the module, which for REASON is not there."
  (unless sockopt-mode--warned
    (setq sockopt-mode--warned t)
    (display-warning
     'sockopt
     (format "Without the module there are no rules, and no options but \
core's own.\n%s." reason))))

(defun sockopt-mode--can-ask-p ()
  "Return non-nil if there is a user who sees a question."
  (not (or noninteractive
           ;; A daemon that nobody is connected to.
           (and (daemonp) (eq (selected-frame) terminal-frame)))))

(defun sockopt-mode--offer-module (reason)
  "Offer to build the module, which for REASON is not there."
  (if (y-or-n-p "Rules and options need the module, and there is none that \
fits.  Build it now? ")
      (call-interactively #'sockopt-module-compile)
    (sockopt-mode--warn-module reason)))

(defun sockopt-mode--check-rules (ask)
  "Check the rules, with the module if it can be had.
If it cannot, offer to build it if ASK is non-nil, and warn otherwise.
Without rules the module is not loaded yet."
  (let ((reason (if sockopt-rules
                    (sockopt-rules-load-module)
                  (sockopt--missing-reason))))
    (cond ((null reason))
          ((and ask (sockopt-mode--can-ask-p) (sockopt--building-helps-p))
           (sockopt-mode--offer-module reason))
          (t (sockopt-mode--warn-module reason))))
  (when sockopt-rules
    (sockopt-rules-warn))
  (sockopt-mode--show-failed))

(defun sockopt-mode--no-module ()
  "Load the module unless that is done; return nil, or in words why not.
This is called from anywhere, so it asks nothing."
  (and (not (sockopt--loaded-p))
       (sockopt-rules-load-module)))

(defun sockopt-mode--core-option-p (option)
  "Return non-nil if OPTION is one that core can set by itself."
  (and (keywordp option)
       (featurep 'make-network-process option)))

(defun sockopt-mode--signal-needed (keyword reason)
  "Signal that KEYWORD needs the module, which for REASON is not there."
  (signal 'sockopt-error
          (list (format "%s needs the module; %s" keyword reason))))

(defun sockopt-mode--needing-module (args options)
  "Return what of ARGS and OPTIONS, plists, core cannot do, a keyword.
Return nil if it can do all."
  (or (cl-loop for option in options by #'cddr
               unless (sockopt-mode--core-option-p option) return option)
      (sockopt-mode--unlike-core args)))

;;; What rules set

(defun sockopt-mode--matching (args)
  "Return the rules for a process that ARGS make, as `sockopt-rule's."
  (cl-remove-if-not
   (lambda (rule)
     (sockopt-mode--safely (sockopt-rule-source rule) nil
                           #'sockopt-rules-match-p
                           (sockopt-rule-match rule) args))
   (sockopt-rules--state-right (sockopt-rules--now))))

(defun sockopt-mode--rules-for (args)
  "Return the rules for a process that ARGS make, as `sockopt-rule's.
If there are any, load the module, or warn."
  (let* ((rules (sockopt-mode--matching args))
         (reason (and rules
                      (not (sockopt--loaded-p))
                      (sockopt-rules-load-module))))
    (cond (reason (sockopt-mode--warn-module reason)
                  (setq rules nil))
          ;; More may be wrong, now that values can be checked.
          (rules (setq rules (sockopt-mode--matching args))))
    (sockopt-mode--report-wrong)
    rules))

(defun sockopt-mode--classes (args)
  "Return the classes of socket that ARGS may make, nil if that is unknown."
  (let* ((type (or (plist-get args :type) 'stream))
         (address (or (plist-get args :remote) (plist-get args :local)))
         (local (or (stringp address) (eq (plist-get args :family) 'local)))
         (names (cdr (assq type '((stream "tcp") (datagram "udp")
                                  (raw "raw") (seqpacket))))))
    (cond ((or (plist-get args :use-external-socket)
               (not (memq (plist-get args :protocol) '(nil 0))))
           nil)
          (local (list (intern (format "local-%s" type))))
          ((eq (plist-get args :family) 'vsock) '(vsock))
          (t (cl-loop for name in names
                      append (sockopt-mode--class-family name args address))))))

(defun sockopt-mode--class-family (name args address)
  "Return the classes called NAME of the families that ARGS may mean.
ADDRESS is the one in ARGS, or nil."
  (let ((family (plist-get args :family))
        (length (and (vectorp address) (length address))))
    (mapcar (lambda (digit) (intern (concat name digit)))
            (cond ((or (eq family 'ipv4) (eql length 5)) '("4"))
                  ((or (eq family 'ipv6) (eql length 9)) '("6"))
                  (t '("4" "6"))))))

(defun sockopt-mode--had-p (option classes)
  "Return non-nil if OPTION is of any of CLASSES, or they are unknown."
  (or (null classes)
      (cl-intersection classes
                       (sockopt-option-classes (sockopt-option option)))))

(defun sockopt-mode--rule-options (rules args lacking)
  "Return what RULES set of what ARGS make, the last of each option.
Value is a list of (OPTION VALUE RULE PRESET).  What such a socket does
not have is left out; if it is not of a preset, LACKING is called with
the rule and the option."
  (let ((classes (sockopt-mode--classes args))
        settings)
    (dolist (rule rules)
      (pcase-dolist (`(,option ,value ,preset) (sockopt-rule-settings rule))
        (let ((source (sockopt-rule-source rule)))
          (cond ((memq option '(:child-options :connect-timeout)))
                ((sockopt-mode--had-p option classes)
                 (setf (alist-get option settings)
                       (list value source preset)))
                ((not preset)
                 (funcall lacking source option))))))
    (nreverse settings)))

(defun sockopt-mode--report-lacking (rule option)
  "Report that a socket does not have OPTION of RULE."
  (sockopt-mode--report rule option "this socket has no such option"))

(defun sockopt-mode--rule-child-options (rules)
  "Return what RULES set of the children of a server, as a plist."
  (let (options)
    (dolist (rule rules)
      (pcase-dolist (`(,option ,value ,_) (sockopt-rule-settings rule))
        (when (eq option :child-options)
          (cl-loop for (option value) on value by #'cddr
                   do (setq options (plist-put options option value))))))
    options))

(defun sockopt-mode--rule-timeout (rules)
  "Return the `:connect-timeout' that RULES set last, or nil."
  (let (timeout)
    (dolist (rule rules timeout)
      (pcase-dolist (`(,option ,value ,_) (sockopt-rule-settings rule))
        (when (eq option :connect-timeout)
          (setq timeout value))))))

(defun sockopt-mode--with-timeout (args timeout)
  "Return ARGS with TIMEOUT as `:connect-timeout', if they can use it.
What ARGS have themselves wins."
  (if (or (null timeout)
          (plist-member args :connect-timeout)
          (plist-get args :server)
          (plist-get args :use-external-socket)
          (sockopt--packets-p args))
      args
    (append args (list :connect-timeout timeout))))

(defun sockopt-mode--with-child-options (args plist)
  "Return ARGS with the options in PLIST among its `:child-options'.
What ARGS have there wins.  If that is no plist, the caller is to know."
  (let* ((own (plist-get args :child-options))
         (length (proper-list-p own))
         (all (copy-sequence plist)))
    (if (or (null plist) (null length) (= 1 (% length 2))
            (not (plist-get args :server))
            (sockopt--packets-p args))
        args
      (cl-loop for (option value) on own by #'cddr
               do (setq all (plist-put all option value)))
      (plist-put (copy-sequence args) :child-options all))))

;;; Core's functions, taking every option

(defvar sockopt-mode--stream nil
  "What `open-network-stream' was given besides, or nil.
That is (NAME PLIST . OPTIONS), all of them plists: PLIST has keywords that
are no options.")

;; Most keywords are core's own, and the list of ours is long.
(defsubst sockopt-mode--option-p (keyword)
  "Return non-nil if KEYWORD is an option, even before there is a module."
  (and (keywordp keyword)
       (not (sockopt--keyword-p keyword))
       (featurep 'sockopt keyword)))

(defun sockopt-mode--without-prefix (name)
  "Return the NAME of an option without its first word, or nil."
  (and (string-match "\\`:[a-z0-9]+-\\(.+\\)\\'" name)
       (concat ":" (match-string 1 name))))

(defun sockopt-mode--like-p (name option)
  "Return non-nil if NAME is nearly the name of OPTION, a keyword.
That is, but for two letters or for what comes before the first hyphen."
  (let ((other (symbol-name option)))
    (or (equal name other)
        (equal name (sockopt-mode--without-prefix other))
        (equal other (sockopt-mode--without-prefix name))
        (sockopt-mode--slip-p name option))))

(defun sockopt-mode--slip-p (name keyword)
  "Return non-nil if NAME is that of KEYWORD but for two letters."
  (and (< 6 (length name))
       (<= (string-distance name (symbol-name keyword)) 2)))

;; `:timeout', say, is other packages' own.
(defun sockopt-mode--find-meant (keyword)
  "Return the option that KEYWORD, which nobody knows, may mean, or nil.
Our other arguments count as well, but only for a slip of two letters."
  (let ((name (sockopt--lisp-name (symbol-name keyword))))
    (and (< (length name) 64)
         (or (cl-find-if (lambda (argument)
                           (sockopt-mode--slip-p name argument))
                         (mapcar #'car sockopt--arguments))
             (cl-find-if (lambda (option) (sockopt-mode--like-p name option))
                         (sockopt-rules--option-keywords))))))

(defun sockopt-mode--meant (keyword)
  "Return the option that KEYWORD, which nobody knows, may mean, or nil.
Keep that as a property of KEYWORD, for finding it takes a while."
  (let ((known (get keyword 'sockopt-mode--meant)))
    (if known
        (car known)
      (car (put keyword 'sockopt-mode--meant
                (list (sockopt-mode--find-meant keyword)))))))

(defun sockopt-mode--check-keyword (keyword)
  "Signal an error if KEYWORD, no option, is nearly one.
Not if core of this version knows it."
  (when (and (keywordp keyword)
             (not (sockopt--keyword-p keyword))
             (not (featurep 'make-network-process keyword))
             (not (featurep 'make-network-process (list keyword t))))
    (let ((option (sockopt-mode--meant keyword)))
      (when option
        (signal 'sockopt-unsupported
                (list keyword (format-message "unknown; did you mean `%s'?"
                                              option)))))))

(defun sockopt-mode--options-in (plist)
  "Return the socket options in PLIST as a plist.
Signal an error if one is misspelt."
  (let (options)
    (while plist
      (cond ((sockopt-mode--option-p (car plist))
             (push (car plist) options)
             (push (cadr plist) options))
            (t (sockopt-mode--check-keyword (car plist))))
      (setq plist (cddr plist)))
    (nreverse options)))

(defun sockopt-mode--note-failure (process setting message)
  "Report that SETTING of PROCESS failed for the reason MESSAGE.
SETTING is one of those that `sockopt-mode--rule-options' returns.  Of a
preset, what the socket does not have is not worth a word."
  (pcase-let* ((`(,option ,_value ,rule ,preset) setting)
               (had (condition-case nil
                        (sockopt-supported-p option process)
                      (error t))))
    (cond (had (sockopt-mode--report rule option message))
          ((not preset) (sockopt-mode--report-lacking rule option)))))

(defvar sockopt-mode--applied (make-hash-table :test #'eq :weakness 'key)
  "What rules have set of each process when it was made.
That is a list of (OPTION VALUE RULE PRESET).")

(defun sockopt-mode--reporter (settings)
  "Return a function that reports which of SETTINGS failed.
They are as `sockopt-mode--rule-options' returns them."
  (lambda (process failures)
    (puthash process
             (cl-remove-if (lambda (setting) (assq (car setting) failures))
                           settings)
             sockopt-mode--applied)
    (pcase-dolist (`(,option . ,message) failures)
      (sockopt-mode--note-failure process (assq option settings) message))))

(defun sockopt-mode--unlike-core (args)
  "Return the keyword of what in ARGS is no option, but needs us as well.
That is `:child-options'; `:connect-timeout'; `:protocol'; a client's
`:local', which core passes over; a type and a family that core lacks; and
a name in Linux's abstract namespace, of which core takes only the first
byte.  If there is nothing like that, return nil."
  (let ((service (plist-get args :service)))
    (cond ((cl-loop for (keyword) in sockopt--arguments
                    for value = (plist-get args keyword)
                    ;; What is no protocol is left to core, which passes over
                    ;; the keyword.
                    when (and value
                              (or (not (eq keyword :protocol))
                                  (symbolp value) (integerp value)))
                    return keyword))
          ((eq (plist-get args :type) 'raw) :type)
          ((eq (plist-get args :family) 'vsock) :family)
          ((and (plist-get args :local)
                (not (plist-get args :server))
                (not (plist-get args :use-external-socket)))
           :local)
          ((and (eq (plist-get args :family) 'local)
                (stringp service)
                (string-prefix-p "\0" service))
           :service))))

(defun sockopt-mode--make (core &rest args)
  "Make a network process by ARGS; CORE is `make-network-process'.
Keywords that are no option's, nor nearly, are left alone, as core does."
  (let ((options (sockopt-mode--options-in args)))
    (if (or options sockopt-mode--stream sockopt-rules
            (sockopt-mode--unlike-core args))
        (sockopt-mode--make-perhaps core args options)
      (apply core args))))

(defun sockopt-mode--rules-safely (args)
  "Return what rules say of a process that ARGS make.
That is (SETTINGS CHILD-OPTIONS TIMEOUT).
Each is nil if there are none."
  (when (and args sockopt-rules)
    (sockopt-mode--safely
     sockopt-rules nil
     (lambda ()
       (let ((rules (sockopt-mode--rules-for args)))
         (list (sockopt-mode--rule-options rules args
                                           #'sockopt-mode--report-lacking)
               (sockopt-mode--rule-child-options rules)
               (sockopt-mode--rule-timeout rules)))))))

(defun sockopt-mode--stream-extra (args)
  "Return (PLIST . OPTIONS) that a stream made by ARGS is given besides."
  (and sockopt-mode--stream
       (equal (car sockopt-mode--stream) (plist-get args :name))
       (cdr sockopt-mode--stream)))

(defun sockopt-mode--make-perhaps (core args options)
  "Make a network process by ARGS, with OPTIONS and what rules say.
If that turns out to be nothing, call CORE."
  (pcase-let* ((`(,given . ,extra) (sockopt-mode--stream-extra args))
               (options (append extra options))
               (`(,settings ,children ,timeout)
                (sockopt-mode--rules-safely args))
               (full (sockopt-mode--with-timeout
                      (sockopt-mode--with-child-options (append args given)
                                                        children)
                      timeout)))
    ;; Without a name it fails, and each Emacs says so in its own words.
    (if (and (or options settings (sockopt-mode--unlike-core full))
             (stringp (plist-get args :name)))
        (sockopt-mode--make-with core (append full extra) options settings)
      (apply core args))))

(defun sockopt-mode--make-with (core args options settings)
  "Make a network process by ARGS, with OPTIONS and what rules say.
SETTINGS are as `sockopt-mode--rule-options' returns them.  Without the
module, CORE does what it can do by itself."
  (let* ((reason (sockopt-mode--no-module))
         (needing (and reason
                       (sockopt-mode--needing-module args options))))
    (cond (needing (sockopt-mode--signal-needed needing reason))
          (reason (apply core args))
          (t (sockopt--make args options
                            (cl-loop for (option value) in settings
                                     append (list option value))
                            (sockopt-mode--reporter settings))))))

(defun sockopt-mode--open-stream (core name buffer host service
                                       &rest parameters)
  "Open a stream by CORE, `open-network-stream', with the options it is given.
NAME, BUFFER, HOST, SERVICE and PARAMETERS are the arguments."
  (let* ((options (sockopt-mode--options-in parameters))
         (others (cl-loop for keyword in (cons :local
                                               (mapcar #'car
                                                       sockopt--arguments))
                          for value = (plist-get parameters keyword)
                          when value append (list keyword value)))
         (sockopt-mode--stream (if (or options others)
                                   `(,name ,others . ,options)
                                 sockopt-mode--stream)))
    (apply core name buffer host service parameters)))

(defun sockopt-mode--set (core process option value &optional no-error)
  "Set OPTION of PROCESS to VALUE; CORE is `set-network-process-option'.
NO-ERROR is as there."
  (cond ((featurep 'sockopt option)
         (sockopt-mode--set-ours core process option value no-error))
        (t (unless no-error
             ;; Core's error does not name it.
             (when (assq option sockopt--arguments)
               (sockopt--signal-unknown option nil))
             (sockopt-mode--check-keyword option))
           (funcall core process option value no-error))))

(defun sockopt-mode--set-ours (core process option value no-error)
  "Set OPTION, one of ours, of PROCESS to VALUE.
NO-ERROR is as for CORE, which without the module does what it can."
  (let ((reason (sockopt-mode--no-module)))
    (cond ((null reason) (sockopt-set process option value no-error))
          ((or no-error (sockopt-mode--core-option-p option))
           (funcall core process option value no-error))
          (t (sockopt-mode--signal-needed option reason)))))

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
                (sockopt-mode--has-socket-p process)
                (null (sockopt-mode--no-module)))
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
`process-contact' shows them as the kernel has them.  A keyword that is
nearly an option's, but none that anybody knows, is an error.  The options
in `sockopt-rules' are given to the network processes that match.

A call that names no option, and that no rule is for, reaches core as it
is.  The module is loaded when it is first needed, at the latest when the
mode is turned on with rules.  Where there is none, a warning says so, and
core does what it can by itself.  The mode line shows how many rules failed;
\\[sockopt-apply-rules] with a prefix argument says why."
  :global t
  :group 'sockopt
  :lighter sockopt-mode--lighter
  (pcase-dolist (`(,symbol . ,function) sockopt-mode--advice)
    (if sockopt-mode
        (advice-add symbol :around function)
      (advice-remove symbol function)))
  (when sockopt-mode
    (setq sockopt-mode--warned nil)
    (sockopt-mode--check-rules (called-interactively-p 'any))))

(defun sockopt-mode-unload-function ()
  "Give core its own functions back, then unload as usual."
  (sockopt-mode -1)
  nil)

(provide 'sockopt-mode)
;;; sockopt-mode.el ends here
