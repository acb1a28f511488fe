;;; sockopt-rules.el --- What a rule for connections is  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A rule says which network processes it is for and what options they
;; get.  Here it is checked, as a whole, and matched; `sockopt-mode' gives
;; processes what it says.  Whatever the user's variables hold, nothing
;; here but the checks signals an error or loops for ever.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(autoload 'sockopt--packets-p "sockopt-process")
(autoload 'sockopt--timeout-p "sockopt-connection")

(autoload 'sockopt-ui--values "sockopt-ui")
(declare-function sockopt--check "../module/emacs/option-access.c" (settings))
(declare-function sockopt--omission-reason "../module/emacs/option-rows.c"
                  (name))

(declare-function sockopt-mode--show-failed "sockopt-mode" ())
(declare-function widget-types-convert-widget "wid-edit" (widget))
(declare-function widget-value-convert-widget "wid-edit" (widget))
(declare-function widget-editable-list-match "wid-edit" (widget value))
(declare-function widget-children-validate "wid-edit" (widget))
(declare-function widget-value "wid-edit" (widget))

;; Defined at the end, because defining them may check them.
(defvar sockopt-rules)
(defvar sockopt-presets)

;;; Words

(defun sockopt-rules--wrong (format &rest arguments)
  "Signal that a rule is wrong, for the reason FORMAT with ARGUMENTS."
  (signal 'sockopt-error (list (apply #'format-message format arguments))))

(defun sockopt-rules--text (object)
  "Return OBJECT as a string, cut where it is long, deep or circular."
  (let ((print-circle nil)
        (print-level 8)
        (print-length 40)
        (print-escape-newlines t))
    (prin1-to-string object)))

(defun sockopt-rules--nearest (symbol candidates)
  "Return the one of CANDIDATES that is most like SYMBOL, or nil.
Nothing is like a name that is longer than any of theirs can be."
  (and candidates
       (< (length (symbol-name symbol)) 64)
       (sockopt--nearest symbol candidates)))

(defun sockopt-rules--did-you-mean (symbol candidates)
  "Return in words which of CANDIDATES is most like SYMBOL, or \"\"."
  (let ((nearest (and (symbolp symbol)
                      (sockopt-rules--nearest symbol candidates))))
    (if nearest
        (format-message "; did you mean `%s'?" nearest)
      "")))

(defun sockopt-rules--names (names)
  "Return NAMES, a list of symbols, in words."
  (mapconcat #'symbol-name names ", "))

(defun sockopt-rules--which (symbol candidates)
  "Return in words which of CANDIDATES SYMBOL may mean, or what there are."
  (let ((meant (sockopt-rules--did-you-mean symbol candidates)))
    (if (and (equal meant "") candidates)
        (concat "; there are " (sockopt-rules--names candidates))
      meant)))

(defun sockopt-rules--plist-keys (plist what)
  "Return the keys of PLIST, which is to be WHAT.
Signal an error if it is no list, or if the last has no value."
  (let ((length (proper-list-p plist)))
    (unless length
      (sockopt-rules--wrong "Not %s: %s" what (sockopt-rules--text plist)))
    (unless (zerop (% length 2))
      (sockopt-rules--wrong "No value for %s in %s"
                            (sockopt-rules--text (car (last plist)))
                            (sockopt-rules--text plist)))
    (cl-loop for key in plist by #'cddr collect key)))

(defun sockopt-rules--reason (error)
  "Return the reason in words of ERROR, which a check signalled."
  (if (and (eq (car error) 'sockopt-error) (stringp (cadr error)))
      (cadr error)
    (error-message-string error)))

;;; Services

(defconst sockopt-rules--services-file "/etc/services"
  "The file that getservbyname(3) reads, see services(5).")

(defvar sockopt-rules--services nil
  "The services that there are: (TIME . TABLE).
TIME is when the file was modified.  TABLE has the port, an integer, of
each \"NAME/PROTOCOL\".")

(defun sockopt-rules--add-services (table line)
  "Put into TABLE the service that LINE of services(5) is about."
  (pcase (split-string (car (split-string line "#")))
    (`(,name ,port/protocol . ,aliases)
     (pcase (split-string port/protocol "/")
       (`(,port ,protocol)
        (dolist (one (cons name aliases))
          (let ((key (concat one "/" protocol)))
            ;; The first is what the library finds.
            (unless (gethash key table)
              (puthash key (string-to-number port) table)))))))))

(defun sockopt-rules--read-services ()
  "Return the table of the services that there are."
  (let ((table (make-hash-table :test #'equal)))
    (with-temp-buffer
      (insert-file-contents sockopt-rules--services-file)
      (dolist (line (split-string (buffer-string) "\n" t))
        (sockopt-rules--add-services table line)))
    table))

(defun sockopt-rules--services ()
  "Return the table of services, read anew if the file has changed."
  (let ((time (file-attribute-modification-time
               (file-attributes sockopt-rules--services-file))))
    (unless (equal time (car sockopt-rules--services))
      (setq sockopt-rules--services
            (cons time (and time (sockopt-rules--read-services)))))
    (cdr sockopt-rules--services)))

(defun sockopt-rules--port (service protocol)
  "Return the port of SERVICE over PROTOCOL, or SERVICE if it has none.
SERVICE is an integer or a string, PROTOCOL \"tcp\" or \"udp\"."
  (cond ((not (stringp service)) service)
        ((string-match-p "\\`[0-9]+\\'" service) (string-to-number service))
        (t (let ((table (sockopt-rules--services)))
             (or (and table (gethash (concat service "/" protocol) table))
                 service)))))

(defun sockopt-rules--service-p (service value args)
  "Return non-nil if SERVICE is VALUE, or in it, for what ARGS make."
  (let ((protocol (if (eq (plist-get args :type) 'datagram) "udp" "tcp")))
    (cl-some (lambda (one)
               (or (equal one service)
                   (equal (sockopt-rules--port one protocol)
                          (sockopt-rules--port service protocol))))
             (if (listp value) value (list value)))))

;;; Conditions

(defun sockopt-rules--service-names (table)
  "Return the names in TABLE, that of services, as symbols."
  (let (names)
    (maphash (lambda (name/protocol _port)
               (push (intern (car (split-string name/protocol "/"))) names))
             table)
    (delete-dups names)))

(defun sockopt-rules--unknown-service-p (service table)
  "Return non-nil if SERVICE is a name that no service in TABLE has.
The name of a local socket has what no service's name has, as a rule a
slash."
  (and (stringp service)
       (string-match-p "\\`[[:alpha:]][[:alnum:]_+-]*\\'" service)
       (cl-notany (lambda (protocol)
                    (gethash (concat service "/" protocol) table))
                  '("tcp" "udp"))))

(defun sockopt-rules--check-service-names (services)
  "Signal an error if SERVICES are but names that no service has.
One of several will do, as a service is not called the same on all systems.
Where there is no list of services, any will do."
  (let ((table (sockopt-rules--services)))
    (when (and table
               (cl-every (lambda (service)
                           (sockopt-rules--unknown-service-p service table))
                         services))
      (sockopt-rules--wrong
       "No service is called %s in %s%s; a port will do"
       (mapconcat #'sockopt-rules--text services " or ")
       sockopt-rules--services-file
       (sockopt-rules--did-you-mean (intern (car services))
                                    (sockopt-rules--service-names table))))))

(defun sockopt-rules--check-regexp (key value)
  "Signal an error unless VALUE of the condition KEY is a regexp."
  (unless (stringp value)
    (sockopt-rules--wrong "%s takes a regexp, not %s" key
                          (sockopt-rules--text value)))
  (condition-case error
      (string-match-p value "")
    (invalid-regexp
     (sockopt-rules--wrong "%s %S: %s" key value (cadr error)))))

(defun sockopt-rules--check-service (key value)
  "Signal an error unless VALUE of the condition KEY is a service."
  (let ((services (if (listp value) value (list value))))
    (unless (and services (proper-list-p services)
                 (cl-every (lambda (one)
                             (if (integerp one)
                                 (<= 0 one 65535)
                               (and (stringp one) (< 0 (length one)))))
                           services))
      (sockopt-rules--wrong
       "%s takes a port, 0 to 65535, a name, or a list of them, not %s"
       key (sockopt-rules--text value)))
    (sockopt-rules--check-service-names services)))

(defun sockopt-rules--check-boolean (key value)
  "Signal an error unless VALUE of the condition KEY is t or nil."
  (unless (booleanp value)
    (sockopt-rules--wrong "%s takes t or nil, not %s" key
                          (sockopt-rules--text value))))

(defun sockopt-rules--check-among (key value names)
  "Signal an error unless VALUE of the condition KEY is among NAMES."
  (unless (memq value names)
    (sockopt-rules--wrong "%s takes %s, not %s%s" key
                          (sockopt-rules--names names)
                          (sockopt-rules--text value)
                          (sockopt-rules--did-you-mean value names))))

(defun sockopt-rules--check-function (key value)
  "Signal an error unless VALUE of the condition KEY may be a function.
A symbol may get its definition later."
  (unless (or (functionp value)
              (and value (symbolp value) (not (keywordp value))
                   (not (eq value t))))
    (sockopt-rules--wrong "%s takes a function, not %s" key
                          (sockopt-rules--text value))))

(defconst sockopt-rules--conditions
  '((:name sockopt-rules--check-regexp)
    (:host sockopt-rules--check-regexp)
    (:service sockopt-rules--check-service)
    (:family sockopt-rules--check-among (ipv4 ipv6 local vsock))
    (:type sockopt-rules--check-among (stream datagram seqpacket raw))
    (:server sockopt-rules--check-boolean)
    (:tls sockopt-rules--check-boolean)
    (:predicate sockopt-rules--check-function))
  "The conditions of rules: (KEY CHECK ARGUMENT...).
CHECK is called with KEY, a value and the ARGUMENTs.")

(defun sockopt-rules--with-parentheses (rule)
  "Return what RULE means, which begins with conditions without parentheses."
  (let ((rest rule)
        match)
    (while (and (consp (cdr-safe rest))
                (assq (car rest) sockopt-rules--conditions))
      (push (pop rest) match)
      (push (pop rest) match))
    (cons (nreverse match) rest)))

(defun sockopt-rules--check-match (match rule)
  "Signal an error unless MATCH of RULE is a plist of conditions."
  (when (keywordp match)
    (sockopt-rules--wrong "Conditions go in parentheses of their own: %s"
                          (sockopt-rules--text
                           (sockopt-rules--with-parentheses rule))))
  (when (and match (symbolp match))
    (sockopt-rules--wrong "No conditions; for every process write %s"
                          (sockopt-rules--text (cons nil rule))))
  (sockopt-rules--plist-keys match "a list of conditions")
  ;; One that is there twice must hold with both its values.
  (cl-loop for (key value) on match by #'cddr do
    (let ((entry (assq key sockopt-rules--conditions)))
      (unless entry
        (sockopt-rules--wrong "Unknown condition `%s'%s"
                              (sockopt-rules--text key)
                              (sockopt-rules--which
                               key (mapcar #'car
                                           sockopt-rules--conditions))))
      (apply (nth 1 entry) key value (nthcdr 2 entry)))))

(defun sockopt-rules--regexp-p (regexp text)
  "Return non-nil if TEXT is a string that REGEXP matches, in any case."
  (and (stringp text)
       (let ((case-fold-search t))
         (string-match-p regexp text))))

(defun sockopt-rules--holds-p (key value args)
  "Return non-nil if what ARGS make meets the condition KEY with VALUE."
  (pcase key
    ((or :name :host) (sockopt-rules--regexp-p value (plist-get args key)))
    (:service (sockopt-rules--service-p (plist-get args :service) value
                                        args))
    (:family (eq value (plist-get args :family)))
    (:type (eq value (or (plist-get args :type) 'stream)))
    (:server (eq (not value) (not (plist-get args :server))))
    (:tls (eq (not value) (not (plist-get args :tls-parameters))))
    (:predicate (funcall value (copy-sequence args)))
    (_ (sockopt-rules--wrong "Unknown condition `%s'" key))))

(defun sockopt-rules-match-p (match args)
  "Return non-nil if what ARGS make meets MATCH, as in `sockopt-rules'."
  (unless (proper-list-p match)
    (sockopt-rules--wrong "Not a list of conditions: %s"
                          (sockopt-rules--text match)))
  (cl-loop for (key value) on match by #'cddr
           always (sockopt-rules--holds-p key value args)))

;;; Settings

(defun sockopt-rules--option-keywords ()
  "Return the keywords of all options, also before there is a module."
  (if (sockopt--loaded-p)
      sockopt--options
    (get 'sockopt 'subfeatures)))

(defun sockopt-rules--preset-names ()
  "Return the names of the presets that there are."
  (and (proper-list-p sockopt-presets)
       (cl-loop for preset in sockopt-presets
                for name = (car-safe preset)
                when (and name (symbolp name))
                collect name)))

(defun sockopt-rules--finite-p (object)
  "Return non-nil if OBJECT is not circular, and not larger than any value."
  (let ((todo (list object))
        (count 0))
    (while (and todo (< count 100000))
      (let ((one (pop todo)))
        (cl-incf count)
        (cond ((consp one) (push (car one) todo) (push (cdr one) todo))
              ((vectorp one) (setq todo (append one todo))))))
    (null todo)))

(defun sockopt-rules--check-place (keyword)
  "Signal an error if KEYWORD is what a rule has only elsewhere."
  (pcase keyword
    (:connect-timeout
     (sockopt-rules--wrong
      "`:connect-timeout' is for clients, not for what a server accepts"))
    (:child-options
     (sockopt-rules--wrong
      "`:child-options' goes into a rule, not into a preset or itself"))))

(defun sockopt-rules--check-known (keyword)
  "Signal an error unless KEYWORD is a socket option."
  (sockopt-rules--check-place keyword)
  (unless (and (keywordp keyword) (featurep 'sockopt keyword))
    (let ((reason (and (keywordp keyword) (sockopt--loaded-p)
                       (sockopt--omission-reason (symbol-name keyword)))))
      (if reason
          (sockopt-rules--wrong "`%s' is left out: %s" keyword reason)
        (sockopt-rules--wrong
         "Unknown option `%s'%s" (sockopt-rules--text keyword)
         (sockopt-rules--did-you-mean
          keyword (append (sockopt-rules--option-keywords)
                          '(:child-options :connect-timeout))))))))

(defun sockopt-rules--refuse-value (keyword value)
  "Signal that the option KEYWORD cannot have VALUE, and say what it takes."
  (let ((option (sockopt-option keyword)))
    (sockopt-rules--wrong "`%s' takes %s, not %s%s" keyword
                          (sockopt-ui--values option)
                          (sockopt-rules--text value)
                          (sockopt-rules--did-you-mean
                           (or value "") (sockopt-option-names option)))))

(defun sockopt-rules--check-value (keyword value)
  "Signal an error unless the option KEYWORD can be set to VALUE.
That only the module knows; until it is loaded, any value will do."
  (unless (sockopt-rules--finite-p value)
    (sockopt-rules--wrong "`%s' takes no circular value" keyword))
  (when (sockopt--loaded-p)
    (unless (sockopt-option-set (sockopt-option keyword))
      (sockopt-rules--wrong "`%s' can only be read" keyword))
    ;; Any value is true to core, but "no" in a rule is a slip.
    (when (and (eq (sockopt-option-predicate (sockopt-option keyword))
                   'booleanp)
               (not (booleanp value)))
      (sockopt-rules--refuse-value keyword value))
    (condition-case nil
        (sockopt--check (vector (sockopt--row keyword) value))
      ((wrong-type-argument args-out-of-range)
       (sockopt-rules--refuse-value keyword value)))))

(defun sockopt-rules--check-options (plist)
  "Signal an error unless PLIST is (OPTION VALUE OPTION VALUE ...)."
  (sockopt-rules--plist-keys plist "a list (OPTION VALUE ...)")
  (cl-loop for (keyword value) on plist by #'cddr
           do (sockopt-rules--check-known keyword)
           do (sockopt-rules--check-value keyword value)))

(defun sockopt-rules--check-timeout (value)
  "Signal an error unless VALUE can be a `:connect-timeout'."
  (unless (sockopt--timeout-p value)
    (sockopt-rules--wrong "`:connect-timeout' takes seconds, more than 0, not %s"
                          (sockopt-rules--text value))))

(defun sockopt-rules--check-settings (plist)
  "Signal an error unless PLIST is what a preset may have."
  (sockopt-rules--plist-keys plist "a list (OPTION VALUE ...)")
  (cl-loop for (keyword value) on plist by #'cddr
           if (eq keyword :connect-timeout)
           do (sockopt-rules--check-timeout value)
           else do (sockopt-rules--check-options (list keyword value))))

(defun sockopt-rules--preset (name)
  "Return the options of the preset NAME as a plist."
  (let ((preset (and (proper-list-p sockopt-presets)
                     (assq name sockopt-presets))))
    (unless preset
      (sockopt-rules--wrong "Unknown preset `%s'%s"
                            (sockopt-rules--text name)
                            (sockopt-rules--which
                             name (sockopt-rules--preset-names))))
    (condition-case error
        (sockopt-rules--check-settings (cdr preset))
      (sockopt-error
       (sockopt-rules--wrong "Preset `%s': %s" name (cadr error))))
    (cdr preset)))

(defun sockopt-rules--child-options (value)
  "Return the options that VALUE of `:child-options' is, as a plist."
  (if (and value (symbolp value))
      ;; Who accepts does not connect.
      (cl-loop for (keyword value) on (sockopt-rules--preset value) by #'cddr
               unless (eq keyword :connect-timeout)
               append (list keyword value))
    (sockopt-rules--check-options value)
    value))

(defun sockopt-rules--parse-plist (plist)
  "Do as `sockopt-rules--parse-setting' for PLIST."
  (sockopt-rules--plist-keys plist "a preset or a list (OPTION VALUE ...)")
  (cl-loop for (keyword value) on plist by #'cddr
           if (eq keyword :child-options)
           do (setq value (sockopt-rules--child-options value))
           else do (sockopt-rules--check-settings (list keyword value))
           collect (list keyword value nil)))

(defun sockopt-rules--check-bare (setting)
  "Signal an error if SETTING is a preset that is not just its name."
  (pcase setting
    (`',name
     (sockopt-rules--wrong "Within a list of rules nothing is quoted: %s"
                           (sockopt-rules--text name)))
    ((and `(,name) (guard (memq name (sockopt-rules--preset-names))))
     (sockopt-rules--wrong "A preset goes without parentheses: %s" name))))

(defun sockopt-rules--parse-setting (setting)
  "Return SETTING of a rule as a list of (OPTION VALUE PRESET).
PRESET is the name of the preset that this is from, or nil."
  (sockopt-rules--check-bare setting)
  (cond ((consp setting) (sockopt-rules--parse-plist setting))
        ((keywordp setting)
         (sockopt-rules--wrong
          "Options go in parentheses with their values: (%s ...)" setting))
        ((and setting (symbolp setting))
         (cl-loop for (keyword value) on (sockopt-rules--preset setting)
                  by #'cddr
                  collect (list keyword value setting)))
        (t (sockopt-rules--wrong
            "Neither a preset nor a list (OPTION VALUE ...): %s"
            (sockopt-rules--text setting)))))

;;; Rules

(cl-defstruct (sockopt-rule (:constructor sockopt-rules--make-rule)
                            (:copier nil))
  "A rule that has been found right.
MATCH is as in `sockopt-rules', SETTINGS a list of (OPTION VALUE PRESET),
SOURCE the element of `sockopt-rules' itself."
  match settings source)

(defun sockopt-rules--parse (rule)
  "Return RULE, an element of `sockopt-rules', as a `sockopt-rule'.
Signal `sockopt-error' with the reason if any part of it is wrong."
  (unless (and rule (proper-list-p rule))
    (sockopt-rules--wrong "Not a list (MATCH SETTING...): %s"
                          (sockopt-rules--text rule)))
  (sockopt-rules--check-match (car rule) rule)
  (unless (cdr rule)
    (sockopt-rules--wrong "It sets nothing"))
  (let ((settings (mapcan #'sockopt-rules--parse-setting
                          (copy-sequence (cdr rule)))))
    (sockopt-rules--check-idle (car rule) settings)
    (sockopt-rules--make-rule :match (copy-sequence (car rule))
                              :settings settings :source rule)))

(defun sockopt-rules--excluded-p (option match)
  "Return non-nil if nothing that meets MATCH can use OPTION.
That may be `:child-options', which is for servers that accept, or
`:connect-timeout', which is for clients that connect."
  (let ((server (plist-member match :server)))
    (pcase option
      ((or :child-options :connect-timeout)
       (or (sockopt--packets-p match)
           (if (eq option :child-options)
               (and server (not (cadr server)))
             (cadr server)))))))

(defun sockopt-rules--check-idle (match settings)
  "Signal an error if one of SETTINGS does nothing for what meets MATCH.
Of a preset, only if the rule has nothing else."
  (pcase-dolist (`(,option ,_value ,preset) settings)
    (when (and (sockopt-rules--excluded-p option match)
               (or (null preset) (null (cdr settings))))
      (sockopt-rules--wrong "`%s' is for %s, and the conditions %s let none in"
                            option
                            (if (eq option :child-options)
                                "servers that accept"
                              "clients that connect")
                            (sockopt-rules--text match)))))

(defun sockopt-rules-problem (rule)
  "Return in words what is wrong with RULE, or nil if it is right.
RULE is as in `sockopt-rules'.  Values of options are checked once the
module is loaded."
  (condition-case error
      (progn (sockopt-rules--parse rule) nil)
    (error (sockopt-rules--reason error))))

(cl-defstruct (sockopt-rules--state (:constructor sockopt-rules--make-state)
                                    (:copier nil))
  "What `sockopt-rules' was found to be.
WHOLE, RULES, PRESETS and MODULE are what this was found from: the value,
its elements if it is a list, the presets, and whether the module was
loaded.  RIGHT is a list of `sockopt-rule', WRONG one of (RULE . REASON)."
  whole rules presets module right wrong)

(defvar sockopt-rules--state nil
  "The `sockopt-rules--state' of the rules as they were last, or nil.")

(defun sockopt-rules--same-elements-p (state)
  "Return non-nil if `sockopt-rules' has the very elements of STATE."
  (let ((old (sockopt-rules--state-rules state))
        (new sockopt-rules))
    (while (and old (consp new) (eq (car old) (car new)))
      (pop old)
      (pop new))
    (or (not (or old new))
        ;; No list.
        (and (null (sockopt-rules--state-rules state))
             (eq sockopt-rules (sockopt-rules--state-whole state))))))

(defun sockopt-rules--check-whole ()
  "Return what is wrong with `sockopt-rules' as a whole, or nil.
It is a list as that of `sockopt-rules-wrong'."
  (cond ((not (proper-list-p sockopt-rules))
         (list (cons sockopt-rules
                     "`sockopt-rules' must be a list of rules")))
        ;; No list of rules is a right rule, too.
        ((not (sockopt-rules-problem sockopt-rules))
         (list (cons sockopt-rules
                     (format "A list of rules has parentheses of its own: %s"
                             (sockopt-rules--text (list sockopt-rules))))))))

(defun sockopt-rules--check-all ()
  "Return the `sockopt-rules--state' of the rules as they are now."
  (let* ((wrong (sockopt-rules--check-whole))
         (rules (and (proper-list-p sockopt-rules)
                     (copy-sequence sockopt-rules)))
         right)
    (unless wrong
      (dolist (rule rules)
        (condition-case error
            (push (sockopt-rules--parse rule) right)
          (error (push (cons rule (sockopt-rules--reason error)) wrong)))))
    (sockopt-rules--make-state
     :whole sockopt-rules :rules rules :presets sockopt-presets
     :module (sockopt--loaded-p)
     :right (nreverse right) :wrong (nreverse wrong))))

(defun sockopt-rules--now ()
  "Return the `sockopt-rules--state' of the rules, checked if they changed."
  (let ((state sockopt-rules--state))
    (if (and state
             (eq sockopt-presets (sockopt-rules--state-presets state))
             (eq (sockopt--loaded-p) (sockopt-rules--state-module state))
             (sockopt-rules--same-elements-p state))
        state
      (setq sockopt-rules--state (sockopt-rules--check-all))
      (when (bound-and-true-p sockopt-mode)
        (sockopt-mode--show-failed))
      sockopt-rules--state)))

(defun sockopt-rules-wrong ()
  "Return the rules that are wrong, a list of (RULE . REASON)."
  (sockopt-rules--state-wrong (sockopt-rules--now)))

;;; Setting them

(defvar sockopt-rules--warned nil
  "The wrong rules that the user has been warned of.")

(defun sockopt-rules-load-module ()
  "Load the module, asking nothing; return nil, or in words why not."
  (condition-case error
      (let ((sockopt--inhibit-offer t))
        (sockopt--ensure-module)
        nil)
    (error (sockopt-rules--reason error))))

(defun sockopt-rules--list-wrong (wrong)
  "Return WRONG in words, a list like that of `sockopt-rules-wrong'."
  (mapconcat (pcase-lambda (`(,rule . ,reason))
               (format "  %s\n    %s\n" (sockopt-rules--text rule) reason))
             wrong ""))

(defun sockopt-rules-warn ()
  "Warn of each wrong rule that the user has not been warned of."
  (let ((wrong (cl-remove-if (lambda (entry)
                               (memq (car entry) sockopt-rules--warned))
                             (sockopt-rules-wrong))))
    (when wrong
      (setq sockopt-rules--warned
            (append (mapcar #'car wrong) sockopt-rules--warned))
      (display-warning
       'sockopt
       (substitute-command-keys
        (concat "Wrong rules, which are not used "
                "(\\[sockopt-apply-rules] shows them):\n"
                (string-replace "\\" "\\=\\"
                                (sockopt-rules--list-wrong wrong))))))))

(defun sockopt-rules--refuse (symbol value)
  "Signal an error if rules are wrong once SYMBOL is set to VALUE."
  (let* ((wrong (cl-progv (list symbol) (list value)
                  (sockopt-rules-load-module)
                  (sockopt-rules-wrong))))
    (when wrong
      (user-error "Wrong rule:\n%s" (sockopt-rules--list-wrong wrong)))))

(defun sockopt-rules--set (symbol value)
  "Set the default value of SYMBOL, rules or presets, to VALUE.
In a Customize buffer what is wrong is refused; elsewhere it is kept, not
used, and warned of, lest one slip in an init file undo the rest of it."
  ;; Not yet while the variables are being defined.
  (let ((rules (if (eq symbol 'sockopt-rules)
                   value
                 (bound-and-true-p sockopt-rules))))
    (when (and rules (derived-mode-p 'Custom-mode))
      (sockopt-rules--refuse symbol value))
    (set-default-toplevel-value symbol value)
    (when rules
      (sockopt-rules-load-module)
      (sockopt-rules-warn))
    (when (bound-and-true-p sockopt-mode)
      (sockopt-rules--now))))

;;; Customization

(defun sockopt-rules--accepts-p (keyword value)
  "Return non-nil if the option KEYWORD can have VALUE."
  (condition-case nil
      (progn (sockopt-rules--check-value keyword value) t)
    (sockopt-error nil)))

(defun sockopt-rules--default (option)
  "Return a value that OPTION, a `sockopt-option', may have."
  (pcase (sockopt-option-predicate option)
    ((or 'integerp 'numberp) (max 0 (sockopt-option-min option)))
    ('stringp "")))

(defun sockopt-rules--value-type (keyword)
  "Return a Customize type for the values of the option KEYWORD.
It is made from what the module's table says of it."
  (let* ((option (sockopt-option keyword))
         (consts (append (sockopt-option-names option)
                         (cl-remove-if-not
                          (lambda (value)
                            (sockopt-rules--accepts-p keyword value))
                          '(t nil))))
         (any `(sexp
                :tag ,(sockopt-option-kind option)
                :value ,(sockopt-rules--default option)
                :type-error ,(format "%s takes %s" keyword
                                     (sockopt-option-kind option))
                :match
                ,(lambda (_widget value)
                   (sockopt-rules--accepts-p keyword value)))))
    (cond ((eq (sockopt-option-predicate option) 'booleanp) 'boolean)
          (consts `(choice :tag "Value"
                           ,@(mapcar (lambda (value) `(const ,value)) consts)
                           ,any))
          (t any))))

(defun sockopt-rules--option-type (keyword)
  "Return a Customize type for the setting (KEYWORD VALUE), or nil if none."
  (let ((value (cond ((not (sockopt--loaded-p)) 'sexp)
                     ((sockopt-option-set (sockopt-option keyword))
                      (sockopt-rules--value-type keyword)))))
    (and value
         `(list :tag ,(symbol-name keyword) :format "%{%t%} %v"
                (const :format "" ,keyword) ,value))))

(defvar sockopt-rules--option-types nil
  "The Customize types for settings: (LOADED . TYPES).
LOADED says whether the module was there when they were made.")

(defun sockopt-rules--option-types ()
  "Return a list of Customize types, one for each option that can be set."
  (let ((loaded (sockopt--loaded-p)))
    (unless (and sockopt-rules--option-types
                 (eq loaded (car sockopt-rules--option-types)))
      (setq sockopt-rules--option-types
            (cons loaded
                  (delq nil (mapcar #'sockopt-rules--option-type
                                    (sockopt-rules--option-keywords))))))
    (cdr sockopt-rules--option-types)))

(defun sockopt-rules--convert-setting (widget)
  "Give WIDGET the alternatives that a setting has now."
  (sockopt-rules-load-module)
  (widget-put widget :args
              `(,@(mapcar (lambda (name) `(const :tag ,(format "%s" name) ,name))
                          (sockopt-rules--preset-names))
                ,@(sockopt-rules--option-types)
                (list :tag ":child-options" :format "%{%t%} %v"
                      (const :format "" :child-options)
                      (choice ,@(mapcar (lambda (name) `(const ,name))
                                        (sockopt-rules--preset-names))
                              (sockopt-rules-options)))
                (list :tag ":connect-timeout" :format "%{%t%} %v"
                      (const :format "" :connect-timeout)
                      (number :tag "Seconds" :value 10))
                (sockopt-rules-options :tag "Several options")
                (sexp :tag "Not understood")))
  (widget-types-convert-widget widget))

(defun sockopt-rules--convert-key (widget)
  "Have WIDGET, the keyword of an option, complete to those there are."
  (widget-put widget :completions
              (mapcar #'symbol-name (sockopt-rules--option-keywords)))
  (widget-value-convert-widget widget))

(defun sockopt-rules--validate (widget check)
  "Return WIDGET, with its error, if CHECK signals one for its value.
If one of its children is wrong, return that."
  (or (widget-children-validate widget)
      (condition-case error
          (progn (funcall check (widget-value widget)) nil)
        (error (widget-put widget :error (sockopt-rules--reason error))
               widget))))

(define-widget 'sockopt-rules-keyword 'symbol
  "The keyword of a socket option, or `:connect-timeout'."
  :tag "Option"
  :convert-widget #'sockopt-rules--convert-key
  :match (lambda (_widget value)
           (and (keywordp value)
                (or (featurep 'sockopt value)
                    (eq value :connect-timeout))))
  :value :keepalive)

(define-widget 'sockopt-rules-options 'plist
  "A plist of socket options."
  :tag "Options"
  ;; What [INS] begins with: what a plist would have by itself is none.
  :value '(:keepalive t)
  :key-type 'sockopt-rules-keyword
  :value-type '(sexp :tag "Value")
  :validate (lambda (widget)
              (sockopt-rules--validate widget
                                       #'sockopt-rules--check-settings)))

(define-widget 'sockopt-rules-setting 'choice
  "What a rule sets: a preset, an option, or several."
  :tag "Setting"
  :convert-widget #'sockopt-rules--convert-setting)

(defun sockopt-rules--several-p (widget value)
  "Return non-nil if VALUE is a list that WIDGET takes, and not empty.
Nil is what Customize tries first where nothing is given."
  (and value (widget-editable-list-match widget value)))

(define-widget 'sockopt-rules-rule 'cons
  "A rule, as in `sockopt-rules'."
  :tag "Rule"
  :value '(nil dead-peer)
  :args '((plist :tag "If"
                 :options
                 ((:name regexp) (:host regexp)
                  (:service (choice :value 6667
                                    (integer :tag "Port")
                                    (string :tag "Name")
                                    (repeat :tag "Several"
                                            :match sockopt-rules--several-p
                                            (choice (integer :tag "Port")
                                                    (string :tag "Name")))))
                  (:family (choice :value ipv4 (const ipv4)
                                   (const ipv6) (const local)
                                   (const vsock)))
                  (:type (choice :value stream (const stream)
                                 (const datagram) (const seqpacket)
                                 (const raw)))
                  (:server boolean) (:tls boolean)
                  (:predicate function)))
          (repeat :tag "Then" sockopt-rules-setting))
  :validate (lambda (widget)
              (sockopt-rules--validate widget #'sockopt-rules--parse)))

(defcustom sockopt-presets
  '((dead-peer :keepalive t :tcp-keepidle 60 :tcp-keepintvl 10
               :tcp-keepcnt 6 :tcp-rto-max-ms 10000)
    (dead-or-stuck-peer :keepalive t :tcp-keepidle 60 :tcp-keepintvl 10
                        :tcp-keepcnt 6 :tcp-user-timeout 120000)
    (low-latency :tcp-nodelay t)
    (quick-connect :connect-timeout 10))
  "Names for groups of socket options, to be used in `sockopt-rules'.
Each element is (NAME OPTION VALUE OPTION VALUE ...).  A preset is for the
sockets that have its options: on others, they are left out in silence.

As they come, they do this.

`dead-peer' ends a connection whose peer has vanished, about two minutes
later.  If it is idle, that takes 60 seconds and 6 probes, 10 seconds apart.
If data are under way, they are sent again at most 10 seconds apart until
net.ipv4.tcp_retries2, 15, of these waits are over (Linux 6.15; before,
the waits grow to two minutes, and it takes a quarter of an hour and more).
A peer that is alive and does not read, a program in a debugger for example,
is left alone for as long as its system answers.  After a computer was
suspended, the two minutes go on from where they were; if the peer has
forgotten the connection, that shows at once (see also
`sockopt-probe-after-wake').

`dead-or-stuck-peer' does that, and also ends a connection whose peer is
alive, but has not taken data for 120 seconds, because its program does not
read.

`low-latency' sends small messages at once.

`quick-connect' gives up connecting after 10 seconds; otherwise that takes
about two minutes, for each address in turn (tcp(7), tcp_syn_retries)."
  ;; A preset that is wrong does not make the others Lisp expressions, too.
  :type '(alist :tag "Presets"
                :key-type (symbol :tag "Name" :value my-preset)
                :value-type (choice :format "%v" sockopt-rules-options
                                    (sexp :tag "Not understood")))
  :set #'sockopt-rules--set
  :group 'sockopt)

(defcustom sockopt-rules nil
  "Socket options for network processes, whoever makes them.
They apply while `sockopt-mode' is on, to processes that are made then;
\\[sockopt-apply-rules] applies them to those there are, and lists the
rules that are wrong.

Each element is (MATCH SETTING...).  MATCH is a plist; all that it has
must hold, so nil matches every network process:
  :name REGEXP      the process's name matches, in upper or lower case
  :host REGEXP      the host, as the caller named it, matches, likewise
  :service SERVICE  a port number or name, or a list of them; a name is
                    its port in services(5), as getservbyname(3) has it;
                    one of them has to be there
  :family FAMILY    `ipv4', `ipv6', `local' or `vsock', as the caller
                    gave it
  :type TYPE        `stream', `datagram', `seqpacket' or `raw'
  :server BOOL      it is a server, or is not
  :tls BOOL         it is made with `:tls-parameters', or is not
  :predicate FUNCTION
                    FUNCTION, called with the plist of arguments of
                    `make-network-process', returns non-nil

Each SETTING is the name of a preset in `sockopt-presets', or a list
\(OPTION VALUE OPTION VALUE ...).  Of a server, there is also the option
`:child-options', with such a list or the name of a preset: what to set on
each connection that it accepts.  Of a client that connects, there is
`:connect-timeout' with a number of seconds: when to give up looking up
its host and connecting to all of its addresses.

All rules that match apply in order; what comes later wins, and what the
caller asks for wins over all of them.  An option that fails is reported
once, and the connection goes on without it.  A rule of which any part is
wrong is not used; that is reported, too.

A program that sets this and `sockopt-presets' should begin with those."
  ;; A rule that is wrong does not make the others Lisp expressions, too.
  :type '(repeat :tag "Rules"
                 (choice :format "%v" sockopt-rules-rule
                         (sexp :tag "Rule that is not understood")))
  :set #'sockopt-rules--set
  :set-after '(sockopt-presets)
  :group 'sockopt)

(provide 'sockopt-rules)
;;; sockopt-rules.el ends here
