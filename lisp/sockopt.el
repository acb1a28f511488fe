;;; sockopt.el --- Every socket option on every network process  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The sockopt authors

;; Author: The sockopt authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: comm, processes
;; URL: https://example.org/sockopt

;; This file is part of sockopt.

;; sockopt is free software: you can redistribute it and/or modify it
;; under the terms of the GNU General Public License as published by the
;; Free Software Foundation, either version 3 of the License, or (at your
;; option) any later version.

;; sockopt is distributed in the hope that it will be useful, but WITHOUT
;; ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
;; FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
;; for more details.

;; You should have received a copy of the GNU General Public License
;; along with sockopt.  If not, see <https://www.gnu.org/licenses/>.

;;; Commentary:

;; Core Emacs can set eight socket options on a network process and read
;; none back.  This package sets and reads socket options on any network
;; process, whoever made it, and makes network processes with options
;; that count only before a socket is bound or connected.
;;
;;   (sockopt-set process :keepalive t)
;;   (sockopt-get process :keepalive)
;;   (sockopt-make-network-process :name "irc" :host "irc.example.org"
;;                                 :service 6667 :keepalive t)
;;
;; The work is done by a dynamic module, which `M-x
;; sockopt-module-compile' builds with the system's C compiler.

;;; Code:

;; At run time only macros of these are used, and loading them takes longer
;; than all else.
(eval-when-compile
  (require 'cl-lib)
  (require 'gv))

(autoload 'sockopt--load-module "sockopt-build")
(autoload 'sockopt--missing-reason "sockopt-build")
(autoload 'sockopt--building-helps-p "sockopt-build")
(autoload 'sockopt--own-connecting "sockopt-connect")
(autoload 'sockopt--set-connecting "sockopt-connect")
(autoload 'sockopt--get-connecting "sockopt-connect")
(autoload 'sockopt-ui-read-setting "sockopt-ui")
(autoload 'sockopt-ui-report-setting "sockopt-ui")
(autoload 'sockopt-ui-set-asking "sockopt-ui")
(autoload 'sockopt--warn-of-errors "sockopt-receive")
(autoload 'sockopt-compile--teach "sockopt-compile")
(autoload 'sockopt-delete--let-go "sockopt-delete")
(autoload 'sockopt-delete--before-exit "sockopt-delete")

(defgroup sockopt nil
  "Socket options of network processes."
  :group 'comm
  :prefix "sockopt-")

;;; What the other files offer

;; Commands, functions and options are there once this file is loaded, each
;; announced by the file that has it: no list here repeats them.
(eval-when-compile
  (defun sockopt--announce-option (name file rest)
    "Return forms that announce the user option NAME of FILE.
REST is the rest of its definition: a value, a docstring and keywords."
    (let ((set (or (plist-member (cddr rest) :set)
                   (plist-member (cddr rest) :global))))
      `((defvar ,name ,(car rest) ,(cadr rest))
        (custom-autoload ',name ,file ,(null set))
        (custom-add-load 'sockopt ,file))))

  (defun sockopt--announce (form file)
    "Return forms that announce what FORM of FILE defines."
    (pcase form
      (`(defun ,name ,_ ,doc . ,body)
       `((autoload ',name ,file ,doc ,(and (assq 'interactive body) t))))
      (`(define-minor-mode ,name ,doc . ,body)
       `((autoload ',name ,file ,doc t)
         ,@(sockopt--announce-option name file `(nil ,doc ,@body))))
      (`(defcustom ,name . ,rest)
       (sockopt--announce-option name file rest))))

  (defun sockopt--announce-file (file)
    "Return forms that announce what FILE offers."
    (with-temp-buffer
      (insert-file-contents file)
      (cl-loop while (re-search-forward
                      "^\\(?:;;;###autoload\n(def\\|(defcustom \\)" nil t)
               do (goto-char (line-beginning-position))
               append (sockopt--announce (read (current-buffer))
                                         (file-name-base file)))))

  (defmacro sockopt--announce-all ()
    "Announce what all other files offer."
    (let ((files (directory-files (file-name-directory (macroexp-file-name))
                                  t "\\`sockopt-.*\\.el\\'")))
      `(progn ,@(cl-loop for file in files
                         unless (string-match-p "-\\(?:autoloads\\|pkg\\)\\.el"
                                                file)
                         append (sockopt--announce-file file))))))

(sockopt--announce-all)

;;; Errors

(define-error 'sockopt-error "Socket option error")
(define-error 'sockopt-unsupported "Socket option not supported"
              'sockopt-error)
(define-error 'sockopt-too-late "Too late to set socket option"
              'sockopt-error)
(define-error 'sockopt-system-error "Socket system error"
              '(sockopt-error file-error))
;; Core signals these children of `file-error' for three errno values, so
;; that handlers for them run here too.
(define-error 'sockopt-file-missing "No such file for socket"
              '(sockopt-system-error file-missing))
(define-error 'sockopt-permission-denied "Permission denied for socket"
              (if (get 'permission-denied 'error-conditions)
                  '(sockopt-system-error permission-denied)
                'sockopt-system-error))
(define-error 'sockopt-file-already-exists "File exists for socket"
              '(sockopt-system-error file-already-exists))

;;; User options

(defun sockopt--type-fits-p (type value)
  "Return non-nil if VALUE is of TYPE, that of one of our user options."
  (pcase type
    ('natnum (natnump value))
    ('directory (stringp value))
    (`(,_ :match ,match . ,_) (funcall match nil value))
    (`(const . ,rest) (eq value (car (last rest))))
    (`(choice . ,types)
     (cl-loop for one in types thereis (sockopt--type-fits-p one value)))
    (`(repeat ,one)
     (and (proper-list-p value)
          (cl-loop for each in value always (sockopt--type-fits-p one each))))
    (_ t)))

(defun sockopt--type-text (type)
  "Return in words what TYPE, that of one of our user options, takes."
  (pcase type
    ('natnum "an integer, 0 or more")
    ('directory "the name of a directory")
    (`(,_ :match ,_ :type-error ,text) text)
    (`(const . ,rest) (format "%S" (car (last rest))))
    (`(choice . ,types) (mapconcat #'sockopt--type-text types ", "))
    (`(repeat ,one) (concat "a list of " (sockopt--type-text one)))))

(defvar sockopt--wrong-values nil
  "The wrong values of user options that were told of, (SYMBOL . VALUE).")

(defun sockopt--warn-of-value (symbol value default)
  "Warn once that the user option SYMBOL cannot have VALUE.
DEFAULT is used instead."
  (unless (member (cons symbol value) sockopt--wrong-values)
    (push (cons symbol value) sockopt--wrong-values)
    (display-warning
     'sockopt
     (format-message "The user option `%s' cannot be %S.  It takes: %s.
Its default is used, %S." symbol value
                     (sockopt--type-text (get symbol 'custom-type))
                     default))))

(defun sockopt--check-value (symbol value)
  "Return VALUE, that of the user option SYMBOL, if its type has that.
Otherwise warn and return its default."
  (cond ((sockopt--type-fits-p (get symbol 'custom-type) value)
         ;; A list may be changed later.
         (unless (consp value)
           (put symbol 'sockopt--right (list value)))
         value)
        (t (let ((default (eval (car (get symbol 'standard-value)) t)))
             (sockopt--warn-of-value symbol value default)
             default))))

(defun sockopt--custom (symbol)
  "Return the value of our user option SYMBOL, or its default if it is wrong.
Customize checks a value, `setq' does not; and a slip there is no reason
to make no connection."
  (let ((value (symbol-value symbol))
        (right (get symbol 'sockopt--right)))
    (if (and right (eq value (car right)))
        value
      (sockopt--check-value symbol value))))

;;; The module

(declare-function sockopt--rows "../module/emacs/option-rows.c" ())
(declare-function sockopt--plain "../module/emacs/option-rows.c" (row))
(declare-function sockopt--row-parts "../module/emacs/option-rows.c" (row))
(declare-function sockopt--reader "../module/emacs/option-several.c"
                  (&rest rows-and-fields))
(declare-function sockopt--getter "../module/emacs/option-access.c" (row))
(declare-function sockopt--setter "../module/emacs/option-access.c" (row))
(declare-function sockopt--set-many "../module/emacs/option-access.c"
                  (process status handle &rest rows-and-values))
(declare-function sockopt--options "../module/emacs/option-several.c"
                  (process status handle))
(declare-function sockopt--values "../module/emacs/option-several.c"
                  (process status handle &rest rows))
(declare-function sockopt--check "../module/emacs/option-access.c" (settings))
(declare-function sockopt--find "../module/emacs/handle.c"
                  (process status))
(declare-function module-load "ext:emacs-module.c" (file))
(declare-function sockopt--supported "../module/emacs/option-access.c"
                  (process status handle row))
(declare-function sockopt--get-raw "../module/emacs/option-raw.c"
                  (process status handle level number length))
(declare-function sockopt--set-raw "../module/emacs/option-raw.c"
                  (process status handle level number bytes))
(declare-function sockopt--choices "../module/emacs/option-rows.c" (row))
(declare-function sockopt--omission-reason "../module/emacs/option-rows.c"
                  (name))
(declare-function advice--cd*r "nadvice" (f))

(defconst sockopt--directory
  (file-name-directory (file-truename (or load-file-name buffer-file-name
                                          default-directory)))
  "Where this file is.")

(defvar sockopt--inhibit-offer nil
  "Non-nil means not to ask whether to build the module.")

(defvar sockopt--options nil
  "The keywords of all options, in the order of the module's table.")

(defun sockopt--loaded-p ()
  "Return non-nil if the module is loaded."
  (fboundp 'sockopt--rows))

(defun sockopt--core-function (symbol)
  "Return the definition of SYMBOL beneath any advice."
  (let ((definition (symbol-function symbol)))
    (if (subrp definition) definition (advice--cd*r definition))))

;; `sockopt-mode' advises these; here and in the module core's are meant.
(defalias 'sockopt--core-make-network-process
  (sockopt--core-function 'make-network-process))
(defalias 'sockopt--core-set-network-process-option
  (sockopt--core-function 'set-network-process-option))
(defalias 'sockopt--core-contact
  (sockopt--core-function 'process-contact))

(defun sockopt--ensure-module ()
  "Load the module unless that is done."
  ;; A module stays when these files are unloaded.
  (unless sockopt--options
    (unless (sockopt--loaded-p)
      (sockopt--load-module))
    (sockopt--define-rows)))

;;; The option table

(defconst sockopt--arguments
  '((:protocol . "a process")
    (:child-options . "a server; later there is `sockopt-set-child-options'")
    (:connect-timeout . "a client; `sockopt-rules' have it, too"))
  "The keywords that making a process takes here, and not in core.
Each has in words what it is for, to be said where it is taken for an
option.")

(defconst sockopt--keywords
  `(:name :buffer :host :service :type :family :local :remote :coding
    :nowait :noquery :stop :filter :filter-multibyte :sentinel :log :plist
    :tls-parameters :server :use-external-socket
    ,@(mapcar #'car sockopt--arguments))
  "The keywords of `make-network-process' that are not options.")

(eval-and-compile
  (defconst sockopt--aliases '((:nodelay . :tcp-nodelay))
    "The options that core has under names of its own: (NAME . OURS).
Emacs 31 is the first that has this one."))

;; Faster than to search the list, for each keyword of each call.
(dolist (keyword sockopt--keywords)
  (put keyword 'sockopt--keyword t))

(defsubst sockopt--keyword-p (keyword)
  "Return non-nil if KEYWORD is in `sockopt--keywords'."
  (and (symbolp keyword)
       (get keyword 'sockopt--keyword)))

(defun sockopt--plain-p (keyword)
  "Return non-nil if the option KEYWORD can be read without more ado."
  (let ((row (get keyword 'sockopt--row)))
    (and row (sockopt--plain row))))

(cl-defstruct (sockopt-option
               (:constructor nil)
               (:constructor sockopt--option-make
                             (keyword constant level kind predicate min max
                              names get set phase read-changes adjusted
                              argument classes unit privilege manual doc
                              late changes caution info inherited
                              admits))
               (:copier nil)
               ;; The other way the accessors take twice as long to load.
               (:noinline t))
  "A row of the module's option table.
KEYWORD names the option in Lisp, CONSTANT and LEVEL in C.  KIND says in
words what its values are, PREDICATE what Lisp type they are of; integers
are from MIN to MAX and count UNIT; symbols are among NAMES.  GET and SET
are non-nil if it can be read and set.  PHASE is nil, or when it counts:
`before-bind', `before-connect', `listening' or `after-connect'.  LATE says
in words what it still does after that, or is nil.  READ-CHANGES means that
reading it changes the socket, ADJUSTED that the kernel may store another
value than the one given, ARGUMENT that reading it takes an argument.
CLASSES are the classes of socket that have it.  PRIVILEGE says what
setting it takes, MANUAL is a man page, DOC one sentence.  CHANGES is a list
of options whose values may be others once this one has been set, CAUTION
what to think of before, in words, or nil.  INFO is a list of the keywords
under which the function of `sockopt-receive' is told something because of
it.  INHERITED are the classes of server whose accepted connections have
the server's value from the start; ADMITS means that on a server it decides
whom that lets in, or stays for good, so that it is never set there for the
sake of those connections."
  keyword constant level kind predicate min max names get set phase
  read-changes adjusted argument classes unit privilege manual doc late
  changes caution info inherited admits)

(defun sockopt--define-rows ()
  "Hang on each option's keyword the number of its row in the module's table.
It is the property `sockopt--row'."
  (let ((number 0))
    (setq sockopt--options (sockopt--rows))
    (dolist (keyword sockopt--options)
      (put keyword 'sockopt--row number)
      (cl-incf number))
    (pcase-dolist (`(,alias . ,keyword) sockopt--aliases)
      (put alias 'sockopt--row (get keyword 'sockopt--row)))
    (unless (featurep 'sockopt :keepalive)
      (put 'sockopt 'subfeatures
           (append sockopt--options (mapcar #'car sockopt--aliases))))))

(defun sockopt-option-list ()
  "Return a list of the keywords of all socket options."
  (sockopt--ensure-module)
  (copy-sequence sockopt--options))

(defconst sockopt--longest-name 100
  "How long a name may be to be compared with those of options.
It is far longer than any; comparing takes time and space that grow with
the square of it, and core's `string-distance' has no limit.")

(defun sockopt--containing (name candidates)
  "Return the shortest of CANDIDATES that has NAME within its own, or nil.
NAME may begin with a colon."
  (let ((part (if (string-prefix-p ":" name) (substring name 1) name)))
    (and (> (length part) 2)
         (car (sort (cl-loop for candidate in candidates
                             when (string-search part
                                                 (symbol-name candidate))
                             collect candidate)
                    (lambda (a b) (< (length (symbol-name a))
                                     (length (symbol-name b)))))))))

(defun sockopt--lisp-name (name)
  "Return NAME, of an option as C or a person may write it, as Lisp does."
  (let ((plain (string-replace "_" "-" (downcase name))))
    (if (string-match "\\`:?so-\\(.+\\)" plain)
        (concat ":" (match-string 1 plain))
      plain)))

(defun sockopt--like-p (name other)
  "Return non-nil if NAME may be a slip for OTHER.
Not if more than a third of its letters differ, unless they are the same
letters in another order."
  (or (<= (* 3 (string-distance name other)) (length name))
      (equal (sort (string-to-list name) #'<)
             (sort (string-to-list other) #'<))))

(defun sockopt--closest (name candidates)
  "Return the one of CANDIDATES whose name is closest to NAME, or nil.
Nil, too, if that is not like it."
  (let* ((distance (lambda (candidate)
                     (string-distance name (symbol-name candidate))))
         (closest (car (sort (copy-sequence candidates)
                             (lambda (a b)
                               (< (funcall distance a)
                                  (funcall distance b)))))))
    (and closest
         (sockopt--like-p name (symbol-name closest))
         closest)))

(defun sockopt--nearest (keyword candidates)
  "Return the one of CANDIDATES that KEYWORD may mean, or nil if none.
That is one that has it within its name, or else the closest."
  (let ((name (sockopt--lisp-name (symbol-name keyword))))
    (and (<= (length name) sockopt--longest-name)
         (or (sockopt--containing name candidates)
             (sockopt--closest name candidates)))))

(defun sockopt--argument-hint (keyword)
  "Return what to say of KEYWORD, an argument for making a process."
  (format "no option of a socket, but an argument for making %s"
          (or (cdr (assq keyword sockopt--arguments)) "a process")))

(defun sockopt--unknown-hint (keyword candidates)
  "Return what to say of KEYWORD, which is none of CANDIDATES."
  (if (sockopt--keyword-p keyword)
      (sockopt--argument-hint keyword)
    (let ((reason (sockopt--omission-reason
                   (sockopt--lisp-name (symbol-name keyword))))
          (nearest (sockopt--nearest keyword candidates)))
      (cond (reason (format "left out: %s" reason))
            (nearest (format "unknown; did you mean `%s'?" nearest))
            (t "unknown; M-x sockopt-describe-option completes those there\
 are")))))

(defun sockopt--signal-unknown (keyword candidates)
  "Signal that KEYWORD is none of CANDIDATES."
  (cond ((stringp keyword)
         (signal 'wrong-type-argument
                 (list 'keywordp keyword
                       (sockopt--unknown-hint (make-symbol keyword)
                                              candidates))))
        ((not (and (symbolp keyword) keyword))
         (signal 'wrong-type-argument
                 (list 'keywordp keyword "an option, such as :keepalive")))
        ((not (keywordp keyword))
         (signal 'wrong-type-argument
                 (list 'keywordp keyword
                       (sockopt--unknown-hint keyword candidates))))
        (t (signal 'sockopt-unsupported
                   (list keyword
                         (sockopt--unknown-hint keyword candidates))))))

(defun sockopt--find-row (option)
  "Return the number of the row of OPTION; the module may not be loaded."
  (sockopt--ensure-module)
  (or (and (symbolp option) (get option 'sockopt--row))
      (sockopt--signal-unknown option sockopt--options)))

(defsubst sockopt--row (option)
  "Return the number of the row of OPTION."
  (or (and (symbolp option) (get option 'sockopt--row))
      (sockopt--find-row option)))

(defun sockopt--make-getter (option)
  "Return the module's function for getting OPTION, and keep it."
  (let ((getter (sockopt--getter (sockopt--row option))))
    (put option 'sockopt--getter getter)))

(defun sockopt--make-setter (option)
  "Return a function for setting OPTION, and keep it.
It is the module's, unless OPTION changes others, or what core does."
  (let ((setter (sockopt--setter (sockopt--row option))))
    (put option 'sockopt--setter
         (if (or (sockopt-option-changes (sockopt-option option))
                 (sockopt--reports-errors-p option))
             (lambda (process status handle value)
               (prog1 (funcall setter process status handle value)
                 (sockopt--note-set process option value)))
           setter))))

(defun sockopt-option (keyword)
  "Return the `sockopt-option' that KEYWORD names.
Signal `sockopt-unsupported' if there is none.  Each of its parts has a
function, which is called with it:

  sockopt-option-keyword      the keyword
  sockopt-option-constant     its name in C, a string
  sockopt-option-level        the name of its level in C, a string
  sockopt-option-doc          what it does, a sentence
  sockopt-option-kind         what its values are, in words
  sockopt-option-predicate    of what Lisp type they are, such as integerp
  sockopt-option-min          the least integer
  sockopt-option-max          the greatest integer
  sockopt-option-unit         what integers count, such as \"seconds\"
  sockopt-option-names        the symbols that are values, or parts of them
  sockopt-option-get          whether it can be read
  sockopt-option-set          whether it can be set
  sockopt-option-read-changes whether reading it changes the socket
  sockopt-option-argument     whether reading it takes an argument
  sockopt-option-phase        when it counts, nil for at any time:
                              before-bind, before-connect, listening or
                              after-connect
  sockopt-option-late         what it still does after that, in words
  sockopt-option-adjusted     whether the kernel may store another value
  sockopt-option-changes      the options that may change with it
  sockopt-option-classes      which classes of socket have it
  sockopt-option-inherited    of which classes of server the accepted
                              connections inherit it
  sockopt-option-admits       whether it never is set on a server for the
                              sake of those
  sockopt-option-privilege    what setting it takes, in words
  sockopt-option-caution      what to think of before, in words
  sockopt-option-info         the keywords of `sockopt-receive' that it fills
  sockopt-option-manual       its man page"
  ;; Most rows are never looked at, and all of them are much to make.
  (or (and (symbolp keyword) (get keyword 'sockopt--option))
      (let* ((parts (sockopt--row-parts (sockopt--row keyword)))
             (name (car parts)))
        (put keyword 'sockopt--option
             (or (get name 'sockopt--option)
                 (put name 'sockopt--option
                      (apply #'sockopt--option-make parts)))))))

;;; Sockets

(defvar sockopt--sockets (make-hash-table :test #'eq :weakness 'key)
  "What is known of the socket of each process that has been met.
That is (HANDLE . CONTACT).  HANDLE is what the module knows, CONTACT the
contact plist itself, which Emacs makes once and then changes in place.")

(defvar sockopt--receivers (make-hash-table :test #'eq :weakness 'key)
  "For each process that `sockopt-receive' reads a `sockopt--receiver'.")

(defvar sockopt--handed-down (make-hash-table :test #'eq :weakness 'key)
  "For servers, a list of the options that they have for what they accept.
Of these, the contact of the server tells what was asked for itself.")

(defvar sockopt--connecting-table (make-hash-table :test #'eq :weakness 'key)
  "For processes that still connect, a `sockopt--connecting' each.
It has all of our own, and those of core's that were given options.")

(defun sockopt--note-handle (process handle)
  "Note that HANDLE is of the socket of PROCESS.
Return both as `sockopt--sockets' has them."
  (puthash process (cons handle (sockopt--core-contact process t t))
           sockopt--sockets))

(defun sockopt--find-socket (process)
  "Find the socket of PROCESS and return it as `sockopt--sockets' has it."
  (sockopt--ensure-module)
  (when (and (gethash process sockopt--connecting-table)
             (sockopt--own-connecting process))
    (signal 'sockopt-error (list "Process is still connecting" process)))
  ;; While the socket is marked nothing else may run.
  (let* ((inhibit-quit t)
         (status (and (processp process) (process-status process)))
         (handle (sockopt--find process status)))
    ;; One that core still connects may yet get another socket.
    (if (eq status 'connect)
        (cons handle (sockopt--core-contact process t t))
      (sockopt--note-handle process handle))))

(defun sockopt--renew-handle (process)
  "Find the socket of PROCESS anew and return the handle of it."
  (car (sockopt--find-socket process)))

(defun sockopt--connecting-p (process)
  "Return non-nil if PROCESS is one that still connects."
  (and (processp process)
       (eq (process-status process) 'connect)))

(defsubst sockopt--handle (process)
  "Return the handle of the socket of PROCESS."
  (car (or (gethash process sockopt--sockets)
           (sockopt--find-socket process))))

(defsubst sockopt--option-p (keyword)
  "Return non-nil if KEYWORD is an option, and no keyword of core."
  (and (get keyword 'sockopt--row)
       (not (sockopt--keyword-p keyword))))

;;; Options that change one another

(defun sockopt--read-changes (option)
  "Return the options that OPTION affects, a list, and keep it."
  (car (put option 'sockopt--changes
            (list (sockopt-option-changes (sockopt-option option))))))

(defsubst sockopt--changes (option)
  "Return the options that OPTION affects, a list."
  (let ((known (get option 'sockopt--changes)))
    (if known (car known) (sockopt--read-changes option))))

(defun sockopt--reports-errors-p (option)
  "Return non-nil if OPTION has errors of the network reported."
  (memq :error (sockopt-option-info (sockopt-option option))))

(defun sockopt--note-set (process option value)
  "See to what setting OPTION of PROCESS to VALUE has changed besides."
  (when (sockopt--changes option)
    (sockopt--note-changes process option value))
  (when (and value (sockopt--reports-errors-p option))
    (sockopt--warn-of-errors process)))

(defun sockopt--note-changes (process option value)
  "Have the contact of PROCESS tell what setting OPTION to VALUE changed.
Only what the contact has already is told of."
  (let ((contact (sockopt--core-contact process t t)))
    (dolist (other (sockopt--changes option))
      (when (plist-member contact other)
        (sockopt--note-change process contact other value)))))

(defun sockopt--note-change (process contact other value)
  "Have CONTACT, that of PROCESS, tell what has become of OTHER.
An option that changes it was set to VALUE.  What cannot be read is not
claimed any more; but a group that was joined is, while it is another
group that VALUE is about."
  (let ((claimed (plist-get contact other)))
    (cond ((sockopt--plain-p other)
           (condition-case nil
               (plist-put contact other (sockopt-get process other))
             (sockopt-error nil)))
          ((and (consp claimed) (consp value)
                (not (equal (car claimed) (car value)))))
          (t (sockopt--unclaim contact other)))))

(defun sockopt--unclaim (contact option)
  "Remove OPTION from CONTACT, a contact plist itself.
The name comes first there, so what is removed never does."
  (let ((rest contact))
    (while (cddr rest)
      (if (eq (nth 2 rest) option)
          (setcdr (cdr rest) (nthcdr 4 rest))
        (setq rest (cddr rest))))))

;;; Processes that linger

;; Emacs closes sockets from C, so before that is the last moment to look;
;; see sockopt-delete.el for what freezes it.  The module calls
;; `sockopt--guard-closing' when an option is set that does.

(defun sockopt--claimed-linger (process)
  "Return the value of `:linger' in the contact of PROCESS."
  (and (eq (process-type process) 'network)
       (plist-get (sockopt--core-contact process t t) :linger)))

(defun sockopt--before-delete (&optional process)
  "Before PROCESS is deleted, have its `:linger', if any, not freeze Emacs.
PROCESS is as for `delete-process', which says what is wrong with it."
  (let ((process (cond ((processp process) process)
                       ((null process) (get-buffer-process (current-buffer)))
                       ((bufferp process) (get-buffer-process process))
                       ((stringp process)
                        (or (get-process process)
                            (get-buffer-process process))))))
    (when (and process (sockopt--claimed-linger process))
      (sockopt-delete--let-go process))))

(defun sockopt--before-kill-buffer ()
  "Likewise before the current buffer is killed, with its processes."
  (when (get-buffer-process (current-buffer))
    (dolist (process (process-list))
      (when (eq (process-buffer process) (current-buffer))
        (sockopt--before-delete process)))))

(defun sockopt--before-exit ()
  "Likewise before Emacs ends, with all of its processes."
  (when (cl-loop for process in (process-list)
                 thereis (sockopt--claimed-linger process))
    (sockopt-delete--before-exit)))

(defun sockopt--guard-closing ()
  "See to processes that linger before Emacs closes their sockets."
  ;; To add advice again takes far longer than to set the option.
  (unless (and (memq #'sockopt--before-kill-buffer
                     (default-value 'kill-buffer-hook))
               (memq #'sockopt--before-exit (default-value 'kill-emacs-hook)))
    (sockopt--add-guards)))

(defun sockopt--add-guards ()
  "Advise and hook what closes sockets."
  ;; Later there may be no descriptor to load it with.
  (require 'sockopt-delete)
  (advice-add 'delete-process :before #'sockopt--before-delete)
  (add-hook 'kill-buffer-hook #'sockopt--before-kill-buffer)
  (add-hook 'kill-emacs-hook #'sockopt--before-exit))

(defun sockopt-unload-function ()
  "Leave core's functions and hooks as they were, then unload as usual."
  (advice-remove 'delete-process #'sockopt--before-delete)
  (remove-hook 'kill-buffer-hook #'sockopt--before-kill-buffer)
  (remove-hook 'kill-emacs-hook #'sockopt--before-exit)
  (remove-hook 'after-load-functions #'sockopt--teach-compiler)
  nil)

;;; Getting and setting

(defsubst sockopt--get-now (process socket option argument)
  "Return the value of OPTION of PROCESS, which has SOCKET.
ARGUMENT is as for `sockopt-get'."
  (funcall (or (and (symbolp option) (get option 'sockopt--getter))
               (sockopt--make-getter option))
           process (process-status process) (car socket) argument))

(defsubst sockopt--write (process handle option value)
  "Set OPTION of PROCESS, which has HANDLE, to VALUE.
Return what it is then; the contact stays as it is."
  (funcall (or (and (symbolp option) (get option 'sockopt--setter))
               (sockopt--make-setter option))
           process (process-status process) handle value))

(defsubst sockopt--set-now (process socket option value)
  "Set OPTION of PROCESS, which has SOCKET, to VALUE.  Return t."
  (plist-put (cdr socket) option
             (sockopt--write process (car socket) option value))
  t)

(defun sockopt--get-otherwise (process option argument)
  "Do as `sockopt-get' if PROCESS has not been met yet.
OPTION and ARGUMENT are as there."
  (cond ((not (sockopt--connecting-p process))
         (sockopt--get-now process (sockopt--find-socket process) option
                           argument))
        (t (sockopt--get-connecting process option argument))))

(defun sockopt--set-otherwise (process option value no-error verbose)
  "Do as `sockopt-set' if PROCESS has not been met, or more is asked for.
OPTION, VALUE, NO-ERROR and VERBOSE are as there."
  (cond ((memq verbose '(ask rule))
         (let ((set (sockopt-ui-set-asking process option value no-error)))
           (when (and set (eq verbose 'rule))
             (sockopt-save-rule process (list (cons option set))))
           (and set t)))
        (verbose (sockopt-ui-report-setting process option value no-error))
        (no-error
         (condition-case nil
             (sockopt-set process option value)
           (sockopt-unsupported nil)))
        ((not (sockopt--connecting-p process))
         (sockopt--set-now process (sockopt--find-socket process) option
                           value))
        (t (sockopt--set-connecting process option value))))

;;;###autoload
(defun sockopt-get (process option &optional argument)
  "Return the value of socket option OPTION of PROCESS, from the kernel.
PROCESS is any live network process, whoever made it.  OPTION is a keyword
such as `:keepalive'; see `sockopt-option-list' and
\\[sockopt-describe-option].  ARGUMENT says what to read of an option that
has several values: (GROUP INTERFACE) for `:ip-msfilter' and
`:mcast-msfilter'.

Signal `sockopt-unsupported' if there is no such option, or not on this
socket, or if it can only be set; `sockopt-system-error' if the kernel
refuses otherwise (getsockopt(2)); `sockopt-error' itself if PROCESS has
ended, or is no network process.

This is a generalized variable: (setf (sockopt-get P OPTION) VALUE)."
  (let ((socket (gethash process sockopt--sockets)))
    (if socket
        (sockopt--get-now process socket option argument)
      (sockopt--get-otherwise process option argument))))

;;;###autoload
(defun sockopt-set (process option value &optional no-error verbose)
  "Set socket option OPTION of PROCESS to VALUE.  Return t.
PROCESS is any live network process, whoever made it.  Afterwards
`process-contact' has the value that the kernel reports, which may not be
the one given: it rounds some and doubles others.

Signal `sockopt-unsupported' if there is no such option, or not on this
socket, or if it can only be read; with NO-ERROR non-nil, return nil
instead.  Signal `sockopt-too-late' if it had to be set before the socket
was bound or connected; `wrong-type-argument' or `args-out-of-range',
naming OPTION, for a VALUE that it cannot have; `sockopt-system-error' if
the kernel refuses otherwise (setsockopt(2)); `sockopt-error' itself if
PROCESS has ended, or is no network process.  Then nothing is changed.

If VERBOSE is non-nil, say what the value was and what it is now.  If it
is `ask' or `rule', and the kernel refuses the value, say why and ask for
another one.  If it is `rule', also make a rule that gives the option to
connections like PROCESS: show it, then open Customize, which can save it.

Interactively, ask for all three.  VERBOSE is then `ask', or with a prefix
argument `rule'."
  (interactive (append (sockopt-ui-read-setting)
                       (list nil (if current-prefix-arg 'rule 'ask))))
  (let ((socket (gethash process sockopt--sockets)))
    (if (or (null socket) no-error verbose)
        (sockopt--set-otherwise process option value no-error verbose)
      (sockopt--set-now process socket option value))))

;; An argument that an option takes to be read is none of `sockopt-set'.
(gv-define-setter sockopt-get (value process option)
  (macroexp-let2 nil value value
    `(progn (sockopt-set ,process ,option ,value) ,value)))

(defun sockopt--try-set (process option value)
  "Set OPTION of PROCESS to VALUE; only report it if that fails."
  (condition-case error
      (sockopt-set process option value)
    (error (message "sockopt: %s: %s" (process-name process)
                    (error-message-string error)))))

(defun sockopt--check-plist (plist)
  "Signal an error unless PLIST is a list with a value for each keyword."
  (let ((length (proper-list-p plist)))
    (unless length
      (signal 'wrong-type-argument (list 'plistp plist)))
    (unless (zerop (% length 2))
      (signal 'sockopt-error
              (list "Keyword without a value" (car (last plist)))))))

(defun sockopt--setting-list (plist)
  "Return the options in PLIST as a list (ROW VALUE ROW VALUE ...)."
  (let* ((settings (copy-sequence plist))
         (rest settings))
    (while rest
      (setcar rest (sockopt--row (car rest)))
      (setq rest (cddr rest)))
    settings))

(defun sockopt--settings (plist)
  "Return the options in PLIST as a vector [ROW VALUE ROW VALUE ...]."
  (vconcat (sockopt--setting-list plist)))

(defun sockopt-set-options (process plist)
  "Set socket options of PROCESS by PLIST, (OPTION VALUE OPTION VALUE ...).
Return t.  Each is set as by `sockopt-set', in the order given.  If any
option or value is wrong, none is set.  If the kernel refuses one, the
error names it, those before it stay set, and the error data end with
\(:already-set OPTION...) if there are any."
  (sockopt--check-plist plist)
  (let ((socket (gethash process sockopt--sockets)))
    (if (or socket (not (sockopt--connecting-p process)))
        (sockopt--set-all-now process (or socket (sockopt--find-socket process))
                              plist)
      (sockopt--ensure-module)
      (sockopt--check (sockopt--settings plist))
      (cl-loop for (option value) on plist by #'cddr
               do (sockopt-set process option value)
               finally return t))))

(defun sockopt--set-all-now (process socket plist)
  "Set the options in PLIST of PROCESS, which has SOCKET.  Return t."
  (let ((result (apply #'sockopt--set-many process (process-status process)
                       (car socket) (sockopt--setting-list plist))))
    (if (null result)
        (sockopt--note-settings (cdr socket) plist)
      (sockopt--note-all-settings process (cdr socket)
                                  (sockopt--settings-done plist (cdr result)))
      (when (car result)
        (sockopt--signal-partly plist result)))
    t))

(defun sockopt--note-settings (contact plist)
  "Put the options in PLIST into CONTACT, a contact plist itself."
  (while plist
    (plist-put contact (car plist) (cadr plist))
    (setq plist (cddr plist))))

(defun sockopt--note-all-settings (process contact plist)
  "Put the options in PLIST into CONTACT, the contact plist of PROCESS.
Have it tell of what they change, too."
  (sockopt--note-settings contact plist)
  (cl-loop for (option value) on plist by #'cddr
           do (sockopt--note-set process option value)))

(defun sockopt--settings-done (plist values)
  "Return a plist of the first options in PLIST, with VALUES."
  (cl-loop for option in plist by #'cddr
           for value in values
           collect option collect value))

(defun sockopt--signal-partly (plist result)
  "Signal the error in RESULT, and say which options of PLIST are set."
  (let ((done (cl-loop for option in plist by #'cddr
                       repeat (length (cdr result))
                       collect option)))
    (signal (caar result)
            (append (cdar result)
                    (and done `((:already-set ,@done)))))))

(defun sockopt-options (process)
  "Return a plist of the socket options of PROCESS, from the kernel.
It has every option that this socket has and that can be read, but for
those whose reading changes the socket."
  (let ((handle (sockopt--handle process)))
    (sockopt--options process (process-status process) handle)))

(defun sockopt--note-shown (keyword)
  "Return what KEYWORD is to contacts, and keep it.
Contacts show what the kernel has for an option that can be read without
more ado, unless core knows the keyword for something else: that is the
number of its row.  Of all else it is `none'.  Before the module is loaded
there is no telling, and nothing is kept."
  (let ((shown (if (and (sockopt--option-p keyword)
                        (sockopt--plain-p keyword))
                   (get keyword 'sockopt--row)
                 'none)))
    (when sockopt--options
      (put keyword 'sockopt--shown shown))
    shown))

(defun sockopt--refresh (process)
  "Put the kernel's values of its options into the contact of PROCESS.
An option that cannot be read there stays as it is, and so does one that a
server has for what it accepts."
  (let ((rest (sockopt--core-contact process t t))
        (handed (gethash process sockopt--handed-down))
        places rows)
    (while rest
      (let ((row (or (get (car rest) 'sockopt--shown)
                     (sockopt--note-shown (car rest)))))
        (unless (or (eq row 'none) (memq (car rest) handed))
          (push rest places)
          (push row rows)))
      (setq rest (cddr rest)))
    (when rows
      (condition-case nil
          (sockopt--refresh-places process places rows)
        (sockopt-error nil)))))

(defun sockopt--refresh-places (process places rows)
  "Put the values of ROWS of PROCESS into PLACES of its contact.
Each of PLACES is a tail of the contact that begins with the option."
  (let ((socket (gethash process sockopt--sockets)))
    (if (or socket (not (sockopt--connecting-p process)))
        (sockopt--refresh-now process
                              (or socket (sockopt--find-socket process))
                              places rows)
      (dolist (place places)
        (condition-case nil
            (setcar (cdr place) (sockopt-get process (car place)))
          (sockopt-error nil))))))

(defun sockopt--refresh-now (process socket places rows)
  "Do so for PROCESS, which has SOCKET, in one call of the module.
PLACES and ROWS are as for `sockopt--refresh-places'."
  (let ((values (apply #'sockopt--values process (process-status process)
                       (car socket) rows)))
    (dolist (place places)
      (let ((value (pop values)))
        ;; A keyword is no value, but says that there is none.
        (unless (keywordp value)
          (setcar (cdr place) value))))))

(defun sockopt-supported-p (option &optional process)
  "Return non-nil if there is a socket option OPTION, a keyword.
With PROCESS, if its socket has the option, which the kernel is asked."
  (sockopt--ensure-module)
  (let ((row (and (symbolp option) (get option 'sockopt--row))))
    (and row
         (or (null process)
             (let ((handle (sockopt--handle process)))
               (sockopt--supported process (process-status process) handle
                                   row)))
         t)))

;;; Reading several at once

(defun sockopt--make-reader (wanted)
  "Return a function to read WANTED, for `sockopt--read'.
Each element of the list WANTED is an option that can be read without more
ado, a keyword, or (OPTION FIELD...) for those fields, keywords, of one
that is a plist.  What this system does not have is left out."
  (sockopt--ensure-module)
  (apply #'sockopt--reader
         (mapcan (lambda (each)
                   (let* ((part (ensure-list each))
                          (row (get (car part) 'sockopt--row)))
                     (and row (list row (cdr part)))))
                 wanted)))

(defun sockopt--read (process reader)
  "Read PROCESS with READER, which `sockopt--make-reader' returned.
Value is a plist of the options, nil for those that the socket does not
have."
  (let ((socket (or (gethash process sockopt--sockets)
                    (sockopt--find-socket process))))
    (funcall reader process (process-status process) (car socket))))

(defun sockopt-get-raw (process level number length)
  "Return the bytes of a socket option of PROCESS that has no keyword.
LEVEL and NUMBER are the integers that C programs pass to getsockopt(2).
LENGTH is how many bytes to ask for, at most 65536.  Value is a unibyte
string, shorter if the kernel gives less."
  (let ((handle (sockopt--handle process)))
    (sockopt--get-raw process (process-status process) handle level number
                      length)))

(defun sockopt-set-raw (process level number bytes)
  "Set a socket option of PROCESS that has no keyword.  Return t.
LEVEL and NUMBER are the integers that C programs pass to setsockopt(2),
BYTES is the value, a unibyte string of at most 65536 bytes."
  (condition-case nil
      (setq bytes (string-to-unibyte bytes))
    (error (signal 'wrong-type-argument (list 'unibyte-string-p bytes))))
  (let ((handle (sockopt--handle process)))
    (sockopt--set-raw process (process-status process) handle level number
                      bytes)
    t))

(defun sockopt-contact (process &optional key)
  "Return contact information of PROCESS, with its options from the kernel.
KEY is as for `process-contact': nil for (HOST SERVICE); t for the whole
plist, in which each option that it has is as it is now; or a keyword.  The
keyword of an option gives its value whether or not it is in the plist."
  (sockopt--ensure-module)
  (cond ((eq key t)
         (sockopt--refresh process)
         (sockopt--core-contact process t))
        ((and key (sockopt--option-p key)) (sockopt-get process key))
        (t (sockopt--core-contact process key))))

;; Known before the module is loaded, so read from where it comes from.
(provide 'sockopt
         (eval-when-compile
           (let* ((here (file-name-directory (macroexp-file-name)))
                  (true (file-name-directory
                         (file-truename (expand-file-name "sockopt.el"
                                                          here))))
                  (file (locate-file "option/option.c"
                                     (list (expand-file-name "../module" here)
                                           (expand-file-name "module" here)
                                           (expand-file-name "../module"
                                                             true))))
                  keywords)
             (when file
               (with-temp-buffer
                 (insert-file-contents file)
                 (while (re-search-forward "^ *ROW (\"\\(:[^\"]+\\)\"" nil t)
                   (push (intern (match-string 1)) keywords))))
             (append (nreverse keywords) (mapcar #'car sockopt--aliases)))))

;; Since Emacs 30 the byte compiler checks keywords, and ours are new to it.
(defun sockopt--teach-compiler (&optional _file)
  "Have the byte compiler know our options as soon as it is loaded."
  (when (featurep 'bytecomp)
    (remove-hook 'after-load-functions #'sockopt--teach-compiler)
    (when (get 'make-network-process 'compiler-macro)
      (sockopt-compile--teach))))

(add-hook 'after-load-functions #'sockopt--teach-compiler)
(sockopt--teach-compiler)

;; A system's package may be compiled without the C files.
(unless (featurep 'sockopt :keepalive)
  (let ((sockopt--inhibit-offer t))
    (ignore-errors (sockopt--ensure-module))))
;;; sockopt.el ends here
