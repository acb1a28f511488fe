;;; sockopt-ui.el --- Socket options for people  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; What `sockopt-set' asks and says when it is called as a command, and
;; the command `sockopt-describe-option'.  All that is known of an option
;; here comes from its row in the module's table; whether a value is right
;; the module says.

;;; Code:

(require 'crm)
(require 'help-mode)
(require 'sockopt)
(require 'subr-x)
(require 'thingatpt)

(declare-function sockopt--choices "../module/emacs/option-rows.c" (row))
(declare-function sockopt--check "../module/emacs/option-access.c" (settings))

;;; Words

(defun sockopt-ui--text (value)
  "Return the option VALUE as one types it at a prompt."
  (cond ((stringp value) value)
        ((and (consp value) (cl-every #'atom value))
         (mapconcat #'prin1-to-string value ","))
        (t (prin1-to-string value))))

(defun sockopt-ui--fit (text width)
  "Return TEXT in at most WIDTH columns."
  (truncate-string-to-width text (max width 1) nil nil t))

(defun sockopt-ui--interface-p (option)
  "Return non-nil if the values of OPTION are interfaces."
  (and (eq (sockopt-option-predicate option) 'stringp)
       (string-prefix-p "interface" (sockopt-option-kind option))))

(defun sockopt-ui--range (option)
  "Return the range of OPTION with its unit in words, or nil."
  (let ((low (sockopt-option-min option))
        (high (sockopt-option-max option))
        (unit (sockopt-option-unit option)))
    (when (and (< low high)
               (not (sockopt-ui--interface-p option)))
      ;; Of what has no magnitude it is the length.
      (pcase (sockopt-option-predicate option)
        ('stringp (setq unit "bytes"))
        ('vectorp (setq unit "elements")))
      (concat (format "%d to %d" low high)
              (and unit (concat " " unit))))))

(defun sockopt-ui--values (option)
  "Return in words what values OPTION can have."
  (let ((kind (sockopt-option-kind option))
        (range (sockopt-ui--range option)))
    (cond ((eq (sockopt-option-predicate option) 'booleanp) "t or nil")
          ((not range) kind)
          ((equal kind "integer") range)
          ;; The names are what one thinks of; a number is for the rest.
          ((eq (sockopt-option-predicate option) 'symbolp) kind)
          (t (concat kind ", " range)))))

(defun sockopt-ui-address (address)
  "Return ADDRESS, a vector, as `format-network-address' does, but short.
In an IPv6 address, the longest row of zeros is left out (RFC 5952)."
  (let ((text (format-network-address address)))
    (cl-loop for more from 7 downto 1
             when (string-match
                   (format "\\(\\`\\|[:[]\\)0\\(?::0\\)\\{%d\\}\\(\\'\\|[]:]\\)"
                           more)
                   text)
             return (replace-regexp-in-string
                     ":::+" "::" (replace-match "\\1::\\2" t nil text))
             finally return text)))

(defun sockopt-ui--peer (process)
  "Return in words where PROCESS leads to, or where it listens."
  (let* ((contact (process-contact process t))
         (host (plist-get contact :host))
         (service (plist-get contact :service))
         (address (plist-get contact
                             (if (plist-get contact :server)
                                 :local :remote))))
    ;; Who is accepted from a local server has a host of t.
    (cond ((and host service (not (eq host t)))
           (format (if (and (stringp host) (string-search ":" host))
                       "[%s]:%s" "%s:%s")
                   host service))
          ((vectorp address) (sockopt-ui-address address))
          ((member address '(nil "")) (format "%s" (or service "unnamed")))
          (t (format "%s" address)))))

(defun sockopt-ui--type (process)
  "Return the type of the socket of PROCESS, a string."
  (symbol-name (or (plist-get (process-contact process t) :type) 'stream)))

;;; Completion

(defun sockopt-ui--table (candidates category suffix)
  "Return a completion table of CANDIDATES, strings, with CATEGORY.
SUFFIX is called with one of them and the column after the longest one,
and returns what to show there."
  (let* ((width (apply #'max 0 (mapcar #'string-width candidates)))
         (affix
          (lambda (shown)
            (mapcar (lambda (candidate)
                      (list candidate ""
                            (concat (propertize
                                     " " 'display
                                     `(space :align-to ,(+ width 2)))
                                    (propertize
                                     (funcall suffix candidate (+ width 2))
                                     'face 'completions-annotations))))
                    shown))))
    (lambda (string predicate action)
      (if (eq action 'metadata)
          `(metadata (category . ,category) (affixation-function . ,affix))
        (complete-with-action action candidates string predicate)))))

(defun sockopt-ui--complete (prompt table history default)
  "Ask by PROMPT for one of TABLE until one is given.
HISTORY and DEFAULT are as for `completing-read'.  Any part of a name may be
typed, if the user has chosen no styles for it."
  (let* ((completion-category-defaults
          (append '((sockopt-option (styles basic substring)))
                  completion-category-defaults))
         (ask (lambda (prompt)
                (completing-read (format-prompt prompt default) table nil t
                                 nil history default)))
         (answer (funcall ask prompt)))
    (while (string-empty-p answer)
      (setq answer (funcall ask (concat prompt " (must be one of these)"))))
    answer))

(defvar sockopt-ui--process-history nil
  "Names of processes that were given.")

(defvar sockopt-ui--option-history nil
  "Names of options that were given.")

(defvar sockopt-ui--value-history nil
  "Values that were given, as they were typed.")

(defun sockopt-ui--processes ()
  "Return the network processes that have a socket."
  (cl-remove-if-not (lambda (process)
                      (and (eq (process-type process) 'network)
                           (process-live-p process)))
                    (process-list)))

(defvar-local sockopt-ui-shown-process #'ignore
  "Function to return the process that is shown at point, or nil.
It is called without arguments.")

(defun sockopt-ui--buffer-process (processes)
  "Return the one of PROCESSES that is shown here, or this buffer's, or nil."
  (let ((shown (funcall sockopt-ui-shown-process)))
    (if (memq shown processes)
        shown
      (cl-find (current-buffer) processes :key #'process-buffer))))

(defun sockopt-ui--process-suffix (name column)
  "Return what to show in COLUMN after the process called NAME."
  (let ((process (get-process name)))
    (if (not process)
        "gone"
      (sockopt-ui--fit
       (format "%-9s %-7s %-22s %s"
               (sockopt-ui--type process) (process-status process)
               (sockopt-ui--peer process)
               (if (buffer-live-p (process-buffer process))
                   (buffer-name (process-buffer process))
                 ""))
       (- (frame-width) column 1)))))

(defun sockopt-ui-read-process (prompt &optional default)
  "Ask by PROMPT for a live network process and return it.
DEFAULT is a process; if nil, it is the one that is shown here, or that of
the current buffer, or the only one there is.  Unlike `read-process-name'
this takes network processes, and only those."
  (let* ((processes (or (sockopt-ui--processes)
                        (user-error "There are no network processes")))
         (default (or default (sockopt-ui--buffer-process processes)
                      (and (null (cdr processes)) (car processes)))))
    (get-process
     (sockopt-ui--complete prompt
                           (sockopt-ui--table
                            (mapcar #'process-name processes)
                            'process #'sockopt-ui--process-suffix)
                           'sockopt-ui--process-history
                           (and default (process-name default))))))

(defun sockopt-ui--has-p (process keyword)
  "Return non-nil if KEYWORD can be set on PROCESS, as far as is known.
While a process is connecting it has no socket yet that could be asked."
  (and (sockopt-option-set (sockopt-option keyword))
       (condition-case nil
           (sockopt-supported-p keyword process)
         (sockopt-error t))))

(defun sockopt-ui--packets-p (process)
  "Return non-nil if PROCESS is for datagrams, which need no connection."
  (memq (plist-get (sockopt--core-contact process t t) :type)
        '(datagram raw)))

(defun sockopt-ui-too-late (process option)
  "Return in words why it is too late to set OPTION of PROCESS, or nil."
  (let ((server (plist-get (sockopt--core-contact process t t) :server))
        (row (sockopt-option option)))
    (pcase (and (not (sockopt-option-late row))
                (not (sockopt--connecting-p process))
                (sockopt-option-phase row))
      ((and 'before-bind (guard (or server (not (sockopt-ui--packets-p
                                                 process)))))
       "too late, the socket is bound")
      ((and (or 'before-connect 'listening) (guard (not server)))
       "too late, the socket is connected"))))

(defun sockopt-ui--option-suffix (values)
  "Return a function that is SUFFIX to `sockopt-ui--table' for options.
VALUES is a plist of options and what they are now, or t to show none."
  (lambda (name column)
    (let* ((keyword (intern name))
           (doc (sockopt-option-doc (sockopt-option keyword))))
      (sockopt-ui--fit
       (cond ((eq values t) doc)
             ((plist-member values keyword)
              (format "%-10s %s"
                      (sockopt-ui--fit (sockopt-ui--text
                                        (plist-get values keyword))
                                       10)
                      doc))
             (t (format "%10s %s" "" doc)))
       (- (frame-width) column 1)))))

(defun sockopt-ui-read-option (prompt &optional process default)
  "Ask by PROMPT for a socket option and return its keyword.
With PROCESS, only options are offered that can be set there, each with
its value, unless reading that would change the socket.  DEFAULT is a
keyword."
  (let* ((keywords (sockopt-option-list))
         (values (if process
                     (condition-case nil
                         (sockopt-options process)
                       (sockopt-error nil))
                   t)))
    (when process
      (setq keywords (cl-remove-if-not
                      (lambda (keyword)
                        (and (sockopt-ui--has-p process keyword)
                             (not (sockopt-ui-too-late process keyword))))
                      keywords)))
    (intern
     (sockopt-ui--complete prompt
                           (sockopt-ui--table
                            (mapcar #'symbol-name keywords)
                            'sockopt-option
                            (sockopt-ui--option-suffix values))
                           'sockopt-ui--option-history
                           (and default (symbol-name default))))))

;;; Reading a value

(defun sockopt-ui--available (option)
  "Return the values that the system has for OPTION now, a list of strings."
  (let ((choices (sockopt--choices (sockopt--row (sockopt-option-keyword
                                                  option)))))
    (and choices (split-string choices "[ ,\n]+" t))))

(defun sockopt-ui--check (option value)
  "Signal an error unless OPTION can have VALUE.  Return VALUE."
  (sockopt--check (vector (sockopt--row (sockopt-option-keyword option))
                          value))
  value)

(defun sockopt-ui--accepts-p (option value)
  "Return non-nil if OPTION can have VALUE."
  (condition-case nil
      (progn (sockopt-ui--check option value) t)
    ((wrong-type-argument args-out-of-range) nil)))

(defun sockopt-ui--structured-p (option)
  "Return non-nil if the values of OPTION are structures."
  (and (memq (sockopt-option-predicate option) '(listp vectorp))
       (not (sockopt-option-names option))))

(defun sockopt-ui--candidates (option)
  "Return what one may complete a value of OPTION to, a list of strings."
  (unless (sockopt-ui--structured-p option)
    (append (sockopt-ui--available option)
            (mapcar #'symbol-name (sockopt-option-names option))
            (and (sockopt-ui--accepts-p option t) '("t"))
            (and (sockopt-ui--accepts-p option nil) '("nil")))))

(defun sockopt-ui--example-word (word ipv6)
  "Return an example of WORD in the description of a kind.
IPV6 is non-nil if addresses are of that family."
  (pcase word
    ("GROUP" (if ipv6 "\"ff02::1234\"" "\"239.1.2.3\""))
    ((or "SOURCE" "ADDRESS") (if ipv6 "\"::1\"" "\"127.0.0.1\""))
    ("INTERFACE" (format "%S" (caar (last (network-interface-list)))))
    ("MODE" "include")
    ("LOW" "40000")
    ("HIGH" "40100")
    ("CODE" "6")
    ("K" "65535")
    (_ "0")))

(defun sockopt-ui--example (option ipv6)
  "Return an example of the structures that OPTION has, a string.
It is the shape in the description of its kind, filled in.  IPV6 is
non-nil if addresses are of that family."
  (let* ((kind (sockopt-option-kind option))
         (case-fold-search nil)
         (shape (if (string-match "[[(][A-Z].*?[])]" kind)
                    (replace-regexp-in-string
                     "[A-Z]+"
                     (lambda (word) (sockopt-ui--example-word word ipv6))
                     (string-replace "..." "" (match-string 0 kind))
                     t t)
                  "3")))
    (cond ((string-prefix-p "vector of" kind) (format "[%s]" shape))
          ((string-prefix-p "list of" kind) (format "(%s)" shape))
          (t shape))))

(defun sockopt-ui--ipv6-p (process)
  "Return non-nil if the socket of PROCESS is an IPv6 one."
  (eql 9 (length (plist-get (process-contact process t) :local))))

(defun sockopt-ui--read (text)
  "Return the only Lisp expression in TEXT."
  (let ((read (read-from-string text)))
    (unless (string-blank-p (substring text (cdr read)))
      (signal 'invalid-read-syntax (list text)))
    (car read)))

(defun sockopt-ui--parse (option text)
  "Return the value of OPTION that TEXT, a string or a list of them, means."
  (cond ((listp text) (delq nil (mapcar #'sockopt-ui--read text)))
        ((not (eq (sockopt-option-predicate option) 'stringp))
         (sockopt-ui--read text))
        ((member text '("" "nil")) nil)
        ((and (sockopt-ui--interface-p option)
              (string-match-p "\\`[0-9]+\\'" text)
              (string-search "index" (sockopt-option-kind option)))
         (string-to-number text))
        (t text)))

(defun sockopt-ui--read-text (option prompt default)
  "Ask by PROMPT for a value of OPTION and return what was typed.
DEFAULT is what empty input means.  The answer is a list where the value
is one of names."
  (let ((candidates (sockopt-ui--candidates option))
        (history 'sockopt-ui--value-history))
    (cond ((null candidates) (read-string prompt nil history default))
          ((eq (sockopt-option-predicate option) 'listp)
           (completing-read-multiple prompt candidates nil nil nil history
                                     default))
          (t (completing-read prompt candidates nil
                              ;; The module takes anything for true.
                              (eq (sockopt-option-predicate option)
                                  'booleanp)
                              nil history default)))))

(defun sockopt-ui--try (option text)
  "Return (VALUE), the value of OPTION that TEXT means, or nil if none."
  (condition-case nil
      (list (sockopt-ui--check option (sockopt-ui--parse option text)))
    ;; What the reader says, and what the module does.
    ((end-of-file invalid-read-syntax) nil)
    ((wrong-type-argument args-out-of-range sockopt-error) nil)))

(defun sockopt-ui--fitting-example (process option)
  "Return an example of the structures of OPTION that suits PROCESS."
  (let* ((ipv6 (sockopt-ui--ipv6-p process))
         (example (sockopt-ui--example option ipv6)))
    ;; An IPv6 socket has options that are for IPv4 addresses, too.
    (if (sockopt-ui--try option example)
        example
      (sockopt-ui--example option (not ipv6)))))

(defun sockopt-ui--hint (process option)
  "Return what to say of the values of OPTION when PROCESS gets one."
  (concat (sockopt-ui--values option)
          (and (sockopt-ui--structured-p option)
               (concat ", like "
                       (sockopt-ui--fitting-example process option)))))

(defun sockopt-ui--ask (process option default now before)
  "Ask for a value of OPTION of PROCESS until it is a right one.
Return it.  DEFAULT is what empty input means, nil for nothing.  NOW goes
into the prompt, and BEFORE comes before it."
  (let* ((hint (sockopt-ui--hint process option))
         (ask (lambda (must)
                (sockopt-ui--try
                 option
                 (sockopt-ui--read-text
                  option
                  (format-prompt "%sSet %s to (%s%s%s)"
                                 (and default
                                      (sockopt-ui--fit default 40))
                                 before (sockopt-option-keyword option)
                                 must hint now)
                  default))))
         (answer (funcall ask "")))
    (while (null answer)
      (setq answer (funcall ask "must be ")))
    (car answer)))

(defun sockopt-ui--current (process keyword)
  "Return (VALUE), what option KEYWORD of PROCESS is, or nil if unknown."
  (and (sockopt--plain-p keyword)
       (condition-case nil
           (list (sockopt-get process keyword))
         (sockopt-error nil))))

(defun sockopt-ui--read-value (process keyword &optional before)
  "Ask for a value of the option KEYWORD of PROCESS and return it.
The default is the value that it has, but of a boolean the other one.
BEFORE, if non-nil, comes before the prompt."
  (let* ((option (sockopt-option keyword))
         (current (sockopt-ui--current process keyword))
         (value (car current))
         (ask (lambda (default now)
                (sockopt-ui--ask process option default now
                                 (or before "")))))
    (pcase (sockopt-option-predicate option)
      ;; Any value would do; so there is nothing to ask.
      ('identity t)
      ((and 'booleanp (guard current))
       (funcall ask (if value "nil" "t") (format "; it is %s" value)))
      (_ (funcall ask
                  (and current (sockopt-ui--default option value))
                  (if (sockopt-option-caution option)
                      (format "; %s" (sockopt-option-caution option))
                    ""))))))

(defun sockopt-ui--default (option value)
  "Return what to type for VALUE of OPTION."
  (if (sockopt-ui--structured-p option)
      (prin1-to-string value)
    (sockopt-ui--text value)))

(defun sockopt-ui-read-setting ()
  "Ask for a network process, an option that can be set there and a value.
Return them as a list (PROCESS OPTION VALUE)."
  (sockopt--ensure-module)
  (let* ((process (sockopt-ui-read-process "Set option of process"))
         (option (sockopt-ui-read-option
                  (format "Set option of %s" (process-name process))
                  process)))
    (list process option (sockopt-ui--read-value process option))))

;;; Reporting

(defun sockopt-ui--adjusted-p (asked got)
  "Return non-nil if the kernel made something else, GOT, of ASKED.
Not if only the notation is another: of a name for a number, say."
  (if (and (numberp asked) (numberp got))
      (/= asked got)
    (and (eq (type-of asked) (type-of got))
         (not (equal asked got)))))

(defun sockopt-ui--remark (process value new)
  "Return what to say of NEW, which the kernel made of VALUE for PROCESS."
  (cond ((and (sockopt--own-connecting process)
              (not (gethash process sockopt--sockets)))
         ", once it is connected")
        ((and new (sockopt-ui--adjusted-p value (car new)))
         (format " (the kernel made that of %S)" value))
        (t "")))

(defun sockopt-ui-report-setting (process option value no-error)
  "Set OPTION of PROCESS to VALUE, and say what it was and what it is now.
NO-ERROR is as for `sockopt-set'.  Return t, or nil if the option is not
supported and NO-ERROR is non-nil."
  (let* ((plain (sockopt-option option))
         (old (sockopt-ui--current process option))
         (done (sockopt-set process option value no-error))
         (new (and done (sockopt-ui--current process option))))
    (message "%s of %s: %s%s" option (process-name process)
             (cond ((not done) "not supported")
                   (new (if old
                            (format "%S → %S" (car old) (car new))
                          (format "%S" (car new))))
                   ((eq (sockopt-option-predicate plain) 'identity) "done")
                   (t (format "%S" value)))
             (if done (sockopt-ui--remark process value new) ""))
    done))

(defun sockopt-ui--read-again (process option error)
  "Say by ERROR why OPTION of PROCESS could not be set, and ask for a value.
If there is nothing to ask, signal ERROR."
  (if (eq (sockopt-option-predicate (sockopt-option option)) 'identity)
      (signal (car error) (cdr error))
    (sockopt-ui--read-value process option
                            (concat (error-message-string error) "\n"))))

(defun sockopt-ui-set-asking (process option value no-error)
  "Do as `sockopt-ui-report-setting' with PROCESS, OPTION and VALUE.
While the kernel refuses the value, say why and ask for another one.  Return
a list of the one that was set, or nil if the option is not supported and
NO-ERROR is non-nil."
  (condition-case error
      (and (sockopt-ui-report-setting process option value no-error)
           (list value))
    (sockopt-system-error
     (sockopt-ui-set-asking process option
                            (sockopt-ui--read-again process option error)
                            no-error))))

;;; Describing

(defun sockopt-ui--option-at-point ()
  "Return the keyword of the option at point, or nil."
  (let* ((bounds (bounds-of-thing-at-point 'symbol))
         (start (car bounds))
         name)
    (when bounds
      ;; In text the colon is no part of the symbol.
      (when (eq (char-before start) ?:)
        (setq start (1- start)))
      (setq name (intern-soft (buffer-substring-no-properties
                               start (cdr bounds))))
      (and (get name 'sockopt--row) name))))

(defun sockopt-ui--access (option)
  "Return in words whether OPTION can be read and set."
  (cond ((not (sockopt-option-set option)) "can be read only")
        ((not (sockopt-option-get option)) "can be set only")
        (t "can be read and set")))

(defun sockopt-ui--phase (option)
  "Return in words when OPTION counts."
  (concat
   (pcase (sockopt-option-phase option)
     ('nil "at any time")
     ('before-bind "before the socket is bound, so when it is made")
     ('before-connect
      "before the socket connects or listens, so when it is made")
     ('listening "on a socket that listens")
     ('after-connect "once the socket is connected")
     (other (symbol-name other)))
   (and (sockopt-option-late option)
        (format "; set later, %s" (sockopt-option-late option)))))

(defun sockopt-ui--reading (option)
  "Return in words what reading OPTION is like, or nil."
  (cond ((sockopt-option-read-changes option)
         "changes the socket, so nothing reads it unasked")
        ((sockopt-option-argument option)
         "takes an argument that says what to read")
        ((sockopt-option-get option) "changes nothing")))

(defun sockopt-ui--classes (option)
  "Return in words which sockets have OPTION."
  (let ((all (cl-reduce #'cl-union
                        (mapcar (lambda (keyword)
                                  (sockopt-option-classes
                                   (sockopt-option keyword)))
                                (sockopt-option-list)))))
    (if (cl-set-difference all (sockopt-option-classes option))
        (mapconcat #'symbol-name (sockopt-option-classes option) ", ")
      "all")))

(defun sockopt-ui--inherited (option)
  "Return in words which accepted connections inherit OPTION, or nil."
  (let ((classes (sockopt-option-inherited option)))
    (and classes
         (concat (mapconcat #'symbol-name classes ", ")
                 " connections inherit it from their server"
                 (and (sockopt-option-admits option)
                      "; `:child-options' sets it on each connection, not on\
 the server, where it would decide who may connect, or stay for good")))))

(defun sockopt-ui--names (option)
  "Return the names of values that OPTION has, unless its kind has them."
  (let ((names (mapcar #'symbol-name (sockopt-option-names option)))
        (words (split-string (sockopt-option-kind option) "[^a-z0-9-]+")))
    (and (cl-set-difference names words :test #'equal)
         (mapconcat #'identity names ", "))))

(defun sockopt-ui--fields (option)
  "Return what to say of OPTION, a list of (LABEL . TEXT)."
  `(("C name" . ,(format "%s at level %s" (sockopt-option-constant option)
                         (sockopt-option-level option)))
    ("Value" . ,(sockopt-option-kind option))
    ("Range" . ,(sockopt-ui--range option))
    ("Names" . ,(sockopt-ui--names option))
    ("Access" . ,(sockopt-ui--access option))
    ("When" . ,(and (sockopt-option-set option)
                    (sockopt-ui--phase option)))
    ("Caution" . ,(sockopt-option-caution option))
    ("Changes" . ,(and (sockopt-option-changes option)
                       (mapconcat #'symbol-name
                                  (sockopt-option-changes option) ", ")))
    ("Tells" . ,(and (sockopt-option-info option)
                     (format "%s, to the function of `sockopt-receive'; \
Emacs reads streams without it"
                             (mapconcat #'symbol-name
                                        (sockopt-option-info option) ", "))))
    ("Privilege" . ,(and (sockopt-option-set option)
                         (or (sockopt-option-privilege option) "none")))
    ("Sockets" . ,(sockopt-ui--classes option))
    ("Accepted" . ,(sockopt-ui--inherited option))
    ("Kernel" . ,(and (sockopt-option-set option)
                      (if (sockopt-option-adjusted option)
                          "may store another value than the one given"
                        "stores the value given")))
    ("Reading" . ,(sockopt-ui--reading option))))

(defun sockopt-ui--insert-filled (text indent)
  "Insert TEXT and a newline; further lines begin with INDENT spaces."
  (let ((start (line-beginning-position))
        (fill-column 78)
        (fill-prefix (make-string indent ?\s))
        (adaptive-fill-mode nil))
    (insert text "\n")
    (fill-region-as-paragraph start (point) nil t)))

(defun sockopt-ui--insert-field (label text)
  "Insert a line with LABEL and TEXT, if there is a TEXT."
  (when text
    (insert (propertize (format "  %-11s" (concat label ":"))
                        'face 'shadow))
    (sockopt-ui--insert-filled text 13)))

(defun sockopt-ui--insert-manual (option)
  "Insert a line with a button for the man page of OPTION, if it has one."
  (let ((manual (sockopt-option-manual option)))
    (when manual
      (insert (propertize (format "  %-11s" "Man page:") 'face 'shadow))
      (help-insert-xref-button manual 'help-man manual)
      (insert "\n"))))

(defun sockopt-ui--value-or-reason (process keyword)
  "Return what the option KEYWORD of PROCESS is, or why that is unknown."
  (condition-case error
      (prin1-to-string (sockopt-get process keyword))
    (sockopt-unsupported "not here")
    (sockopt-system-error (format "not here (%s)" (nth 2 error)))
    (sockopt-error (format "not here (%s)" (nth 1 error)))))

(defun sockopt-ui--insert-process (process keyword width)
  "Insert what the option KEYWORD of PROCESS is.
WIDTH is that of the longest name of a process."
  (let ((text (sockopt-ui--value-or-reason process keyword)))
    (insert "  " (string-pad (process-name process) width))
    ;; What is long gets lines of its own.
    (insert (if (< (+ (current-column) 2 (string-width text)) 79)
                "  " "\n    "))
    (sockopt-ui--insert-filled text 4)))

(defun sockopt-ui--insert-processes (keyword)
  "Insert what the option KEYWORD is in each live network process."
  (let* ((processes (sockopt-ui--processes))
         (width (apply #'max 0 (mapcar (lambda (process)
                                         (string-width
                                          (process-name process)))
                                       processes))))
    (cond ((not (sockopt--plain-p keyword)))
          ((null processes)
           (insert "\nThere are no network processes.\n"))
          (t (insert "\nIn each network process:\n")
             (dolist (process processes)
               (sockopt-ui--insert-process process keyword width))))))

(defun sockopt-ui--insert-description (keyword)
  "Insert a description of the socket option KEYWORD."
  (let ((option (sockopt-option keyword)))
    (insert (propertize (symbol-name keyword) 'face 'bold)
            (if (eq keyword (sockopt-option-keyword option))
                " is a socket option.\n\n"
              (format " is another name of the socket option %s.\n\n"
                      (sockopt-option-keyword option))))
    (sockopt-ui--insert-filled (sockopt-option-doc option) 0)
    (insert "\n")
    (pcase-dolist (`(,label . ,text) (sockopt-ui--fields option))
      (sockopt-ui--insert-field label text))
    (sockopt-ui--insert-manual option)
    (sockopt-ui--insert-processes keyword)))

;;;###autoload
(defun sockopt-describe-option (option)
  "Show what socket option OPTION, a keyword, means and what it is now.
Interactively, ask for it; the default is the one at point."
  (interactive
   (progn
     (sockopt--ensure-module)
     (list (sockopt-ui-read-option "Describe socket option" nil
                                   (sockopt-ui--option-at-point)))))
  ;; An unknown one signals here, before there is a buffer.
  (sockopt-option option)
  (help-setup-xref (list #'sockopt-describe-option option)
                   (called-interactively-p 'interactive))
  (with-help-window (help-buffer)
    (with-current-buffer standard-output
      (sockopt-ui--insert-description option))))

(provide 'sockopt-ui)
;;; sockopt-ui.el ends here
