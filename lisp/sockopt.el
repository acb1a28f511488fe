;;; sockopt.el --- Every socket option on every network process  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The sockopt authors

;; Author: The sockopt authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: comm

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

(require 'cl-lib)
(eval-when-compile (require 'gv))

(defgroup sockopt nil
  "Socket options of network processes."
  :group 'comm
  :prefix "sockopt-")

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

;;; The module: finding, building and loading it

(declare-function sockopt--rows "../module/sockopt-module.c" ())
(declare-function sockopt--get "../module/sockopt-module.c" (process handle row))
(declare-function sockopt--set "../module/sockopt-module.c" (process handle row value))
(declare-function sockopt--set-many "../module/sockopt-module.c"
                  (process handle settings))
(declare-function sockopt--check "../module/sockopt-module.c" (settings))
(declare-function sockopt--options "../module/sockopt-module.c" (process handle))
(declare-function sockopt--find "../module/sockopt-module.c" (process))
(declare-function sockopt--lookup "../module/sockopt-module.c"
                  (host service family type))
(declare-function sockopt--address "../module/sockopt-module.c" (keyword address))
(declare-function sockopt--open "../module/sockopt-module.c"
                  (type protocol backlog addresses settings args))
(declare-function sockopt--adopt "../module/sockopt-module.c"
                  (handle args role directory))
(declare-function sockopt--hold "../module/sockopt-module.c" ())
(declare-function sockopt--start "../module/sockopt-module.c"
                  (handle channel line target type protocol settings))
(declare-function sockopt--finish "../module/sockopt-module.c" (handle job settings))
(declare-function sockopt--drop "../module/sockopt-module.c" (job))
(declare-function sockopt--name "../module/sockopt-module.c" (handle))
(declare-function sockopt--close "../module/sockopt-module.c" (handle))
(declare-function module-load "ext:emacs-module.c" (file))
(declare-function advice--cd*r "nadvice" (f))

(defcustom sockopt-module-directory nil
  "Directory in which \\[sockopt-module-compile] installs the module.
If nil, that is where sockopt's Lisp files are if it can be written, else
the directory \"sockopt\" in `user-emacs-directory'.  A module found on
`load-path' is used before any of these."
  :type '(choice (const :tag "Beside the Lisp files" nil) directory)
  :risky t)

(defconst sockopt--directory
  (file-name-directory (file-truename (or load-file-name buffer-file-name
                                          default-directory)))
  "Where this file is.")

(defconst sockopt--version
  (eval-when-compile
    (with-temp-buffer
      (insert-file-contents (macroexp-file-name))
      (re-search-forward "^;; Version: \\(.+\\)$")
      (match-string 1)))
  "The version in this file's header.")

(defun sockopt--source-directory ()
  "Return the directory of the module's C files, or nil."
  (cl-find-if (lambda (directory)
                (file-exists-p (expand-file-name "sockopt-module.c"
                                                 directory)))
              (list (expand-file-name "module" sockopt--directory)
                    (expand-file-name "../module" sockopt--directory))))

(defun sockopt--source-files (directory suffix)
  "Return the module's files in DIRECTORY that match the regexp SUFFIX."
  (sort (directory-files directory t (concat "\\`[^.#].*" suffix "\\'") t)
        #'string<))

(defun sockopt--stamp ()
  "Return the stamp of a module made for this package.
It is the version and, where the C files are at hand, their hash."
  (let ((directory (sockopt--source-directory)))
    (concat sockopt--version ":"
            (when directory
              (with-temp-buffer
                (set-buffer-multibyte nil)
                (dolist (file (sockopt--source-files directory "\\.[ch]"))
                  (goto-char (point-max))
                  (insert-file-contents-literally file))
                (secure-hash 'sha256 (current-buffer)))))))

(defun sockopt--file-stamp (file)
  "Return the stamp in the module FILE, or nil."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file)
    (and (re-search-forward "sockopt-stamp:\\([0-9A-Za-z.:-]*\\)" nil t)
         (match-string 1))))

(defun sockopt--install-directory ()
  "Return the directory to install the module in."
  (cond (sockopt-module-directory)
        ((file-writable-p sockopt--directory) sockopt--directory)
        (t (locate-user-emacs-file "sockopt/"))))

(defun sockopt--module-files ()
  "Return the files that may be the module, those to prefer first."
  (let ((name (concat "sockopt-module" module-file-suffix)))
    (cl-remove-if-not
     #'file-readable-p
     (mapcar (lambda (directory) (expand-file-name name directory))
             (delete-dups
              (append (delq nil load-path)
                      (list sockopt--directory (sockopt--install-directory)
                            (locate-user-emacs-file "sockopt/"))))))))

(defun sockopt--usable-module (files)
  "Return the first of the module FILES made for this package."
  (let ((stamp (sockopt--stamp)))
    (cl-find-if (lambda (file)
                  (string-prefix-p stamp (or (sockopt--file-stamp file) "")))
                files)))

(defconst sockopt--header-packages
  "emacs-common on Debian and Ubuntu, emacs-devel on Fedora"
  "The packages that hold emacs-module.h.")

(defun sockopt--header-directory ()
  "Return the directory of emacs-module.h.
That of the running Emacs comes before the system's."
  (let ((file (locate-file
               "emacs-module.h"
               (append (list (expand-file-name "../include"
                                               invocation-directory)
                             (expand-file-name "src" source-directory)
                             "/usr/include" "/usr/local/include")
                       (file-expand-wildcards "/usr/include/emacs*" t)))))
    (unless file
      (signal 'sockopt-error
              (list (format "No emacs-module.h found; it is in the package %s"
                            sockopt--header-packages))))
    (file-name-directory file)))

(defun sockopt--compile-command (output)
  "Return the command, a list, that builds the module as file OUTPUT."
  (let ((directory
         (or (sockopt--source-directory)
             (signal 'sockopt-error
                     '("The C files of sockopt are not installed")))))
    `(,@(split-string-and-unquote (or (getenv "CC") "cc"))
      "-std=gnu11" "-O2" "-fPIC" "-shared" "-fvisibility=hidden" "-pthread"
      ,(format "-DSOCKOPT_STAMP=\"%s\"" (sockopt--stamp))
      "-I" ,(sockopt--header-directory)
      "-o" ,output
      ,@(sockopt--source-files directory "\\.c"))))

(defun sockopt--run-compiler (command)
  "Run the list COMMAND in a compilation buffer.
Return non-nil if it succeeds; show the buffer if it does not."
  (let ((default-directory sockopt--directory)
        (buffer (get-buffer-create "*sockopt-module-compilation*")))
    (with-current-buffer buffer
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert (mapconcat #'shell-quote-argument command " ") "\n")
        (let ((status (condition-case error
                          (apply #'call-process (car command) nil t t
                                 (cdr command))
                        (file-error (error-message-string error)))))
          (insert (format "\nCompilation of sockopt's module: %s\n"
                          (if (eql status 0) "done" status)))
          (compilation-mode)
          (when noninteractive
            (message "%s" (buffer-string)))
          (unless (and (eql status 0) noninteractive)
            (display-buffer buffer))
          (eql status 0))))))

;;;###autoload
(defun sockopt-module-compile ()
  "Build sockopt's module with the system's C compiler and install it.
The command used is shown with its output.  The environment variable CC
names another compiler than `cc'.  See `sockopt-module-directory' for
where the module goes."
  (interactive)
  (sockopt--check-module-support)
  (let* ((directory (sockopt--install-directory))
         (file (expand-file-name (concat "sockopt-module" module-file-suffix)
                                 directory))
         temporary)
    (make-directory directory t)
    (setq temporary (make-temp-file (expand-file-name "sockopt-" directory)
                                    nil module-file-suffix))
    (unwind-protect
        (progn
          (unless (sockopt--run-compiler
                   (sockopt--compile-command temporary))
            (signal 'sockopt-error '("The module did not compile")))
          (set-file-modes temporary #o755)
          ;; A rename: an Emacs that has the old file mapped keeps it.
          (rename-file temporary file t)
          (message "Installed %s%s" file
                   (if (sockopt--loaded-p)
                       "; restart Emacs to use it" "")))
      (when (file-exists-p temporary)
        (delete-file temporary)))))

(defun sockopt--check-module-support ()
  "Signal an error if this Emacs cannot load modules."
  (unless (bound-and-true-p module-file-suffix)
    (signal 'sockopt-error
            '("This Emacs was built without support for dynamic modules"))))

(defun sockopt--module-file ()
  "Return the module to load, building it first if the user agrees."
  (let* ((files (sockopt--module-files))
         (problem (if files
                      "was built from other sources or for another version"
                    "is not built")))
    (cond
     ((sockopt--usable-module files))
     (noninteractive
      (signal 'sockopt-error
              (list (format "The module %s; run M-x sockopt-module-compile"
                            problem))))
     ((y-or-n-p (format "The module of sockopt %s; build it now? " problem))
      (sockopt-module-compile)
      (or (sockopt--usable-module (sockopt--module-files))
          (signal 'sockopt-error '("The module that was built is not found"))))
     (t (signal 'sockopt-error
                '("The module is needed; run M-x sockopt-module-compile"))))))

(defun sockopt--loaded-p ()
  "Return non-nil if the module is loaded."
  (fboundp 'sockopt--rows))

(defun sockopt--core-function (symbol)
  "Return the definition of SYMBOL beneath any advice."
  (let ((definition (symbol-function symbol)))
    (if (subrp definition) definition (advice--cd*r definition))))

(defun sockopt--ensure-module ()
  "Load the module unless that is done."
  (unless (sockopt--loaded-p)
    (sockopt--check-module-support)
    (let ((file (sockopt--module-file)))
      (defalias 'sockopt--core-make-network-process
        (sockopt--core-function 'make-network-process))
      (defalias 'sockopt--core-set-network-process-option
        (sockopt--core-function 'set-network-process-option))
      (module-load file)
      (sockopt--define-rows))))

;;; The option table

(defconst sockopt--keywords
  '(:name :buffer :host :service :type :family :local :remote :coding
    :nowait :noquery :stop :filter :filter-multibyte :sentinel :log :plist
    :tls-parameters :server :use-external-socket)
  "The keywords of `make-network-process' that are not options.")

(defvar sockopt--options nil
  "The keywords of all options, in the order of the module's table.")

(cl-defstruct (sockopt-option (:constructor nil)
                              (:constructor sockopt--option-make
                                            (keyword constant kind min max
                                             get set moment read-changes
                                             adjusted doc))
                              (:copier nil))
  "A row of the module's option table."
  keyword constant kind min max get set moment read-changes adjusted doc)

(defun sockopt--define-rows ()
  "Hang each row of the module's table on its keyword.
The property `sockopt--row' is its number, `sockopt--option' the
`sockopt-option'."
  (let ((number 0))
    (dolist (row (sockopt--rows))
      (let ((option (apply #'sockopt--option-make row)))
        (push (car row) sockopt--options)
        (put (car row) 'sockopt--row number)
        (put (car row) 'sockopt--option option)
        (cl-incf number)))
    (setq sockopt--options (nreverse sockopt--options))
    (put 'sockopt 'subfeatures sockopt--options)))

(defun sockopt-option-list ()
  "Return a list of the keywords of all socket options."
  (sockopt--ensure-module)
  (copy-sequence sockopt--options))

(defun sockopt--nearest (keyword candidates)
  "Return the one of CANDIDATES that is most like KEYWORD."
  (let ((name (symbol-name keyword)))
    (car (sort (copy-sequence candidates)
               (lambda (a b)
                 (< (string-distance name (symbol-name a))
                    (string-distance name (symbol-name b))))))))

(defun sockopt--signal-unknown (keyword candidates)
  "Signal that KEYWORD is none of CANDIDATES."
  (signal 'sockopt-unsupported
          (list keyword (format "unknown; did you mean `%s'?"
                                (sockopt--nearest keyword candidates)))))

(defun sockopt--find-row (option)
  "Return the number of the row of OPTION; the module may not be loaded."
  (sockopt--ensure-module)
  (or (get option 'sockopt--row)
      (sockopt--signal-unknown option sockopt--options)))

(defsubst sockopt--row (option)
  "Return the number of the row of OPTION."
  (or (get option 'sockopt--row) (sockopt--find-row option)))

;;; Handles

(defvar sockopt--handles (make-hash-table :test #'eq :weakness 'key)
  "What the module knows of the socket of each process it has met.")

(defvar sockopt--waiting (make-hash-table :test #'eq :weakness 'key)
  "For each process that still connects, a `sockopt--wait'.")

(cl-defstruct (sockopt--wait (:constructor sockopt--wait-make)
                             (:copier nil))
  "What is kept of a process until it has its socket.
LATER is a plist of options that were set meanwhile."
  process handle job settings later)

(defun sockopt--renew-handle (process)
  "Find the socket of PROCESS and return a new handle of it."
  (sockopt--ensure-module)
  (when (gethash process sockopt--waiting)
    (signal 'sockopt-error (list "Process is still connecting" process)))
  ;; While the socket is marked nothing else may run.
  (let ((inhibit-quit t))
    (puthash process (sockopt--find process) sockopt--handles)))

(defsubst sockopt--handle (process)
  "Return the handle of the socket of PROCESS."
  (or (gethash process sockopt--handles) (sockopt--renew-handle process)))

;;; Getting and setting

;;;###autoload
(defun sockopt-get (process option)
  "Return the value of socket option OPTION of PROCESS, from the kernel.
PROCESS is any live network process, whoever made it.  OPTION is a keyword
such as `:keepalive'; see `sockopt-option-list'.

Signal `sockopt-unsupported' if there is no such option, or not on this
socket, or if it can only be set; `sockopt-system-error' if the kernel
refuses otherwise (getsockopt(2)).

This is a generalized variable: (setf (sockopt-get P OPTION) VALUE)."
  (let ((handle (gethash process sockopt--handles)))
    (if (or handle (not (gethash process sockopt--waiting)))
        (let ((handle (or handle (sockopt--renew-handle process)))
              (row (sockopt--row option)))
          (sockopt--get process handle row))
      (sockopt--get-waiting process option))))

;;;###autoload
(defun sockopt-set (process option value &optional no-error)
  "Set socket option OPTION of PROCESS to VALUE.  Return t.
PROCESS is any live network process, whoever made it.  Afterwards
`process-contact' has the value that the kernel reports, which may not be
the one given: it rounds some and doubles others.

Signal `sockopt-unsupported' if there is no such option, or not on this
socket, or if it can only be read; with NO-ERROR non-nil, return nil
instead.  Signal `sockopt-too-late' if it had to be set before the socket
was bound or connected; `wrong-type-argument' or `args-out-of-range',
naming OPTION, for a VALUE that it cannot have; `sockopt-system-error' if
the kernel refuses otherwise (setsockopt(2)).  Then nothing is changed."
  (let ((handle (gethash process sockopt--handles)))
    (cond
     (no-error
      (condition-case nil
          (sockopt-set process option value)
        (sockopt-unsupported nil)))
     ((or handle (not (gethash process sockopt--waiting)))
      ;; These may load the module, and so come before its functions.
      (let ((handle (or handle (sockopt--renew-handle process)))
            (row (sockopt--row option)))
        (setq value (sockopt--set process handle row value)))
      (plist-put (process-contact process t t) option value)
      t)
     (t (sockopt--set-waiting process option value)))))

(gv-define-simple-setter sockopt-get sockopt-set t)

(defun sockopt--settings (plist)
  "Return the options in PLIST as a vector [ROW VALUE ROW VALUE ...]."
  (let (settings)
    (cl-loop for (option . rest) on plist by #'cddr
             do (push (sockopt--row option) settings)
             do (push (car rest) settings))
    (vconcat (nreverse settings))))

(defun sockopt--check-plist (plist)
  "Signal an error unless PLIST has a value for each of its keywords."
  (cl-loop for (keyword . rest) on plist by #'cddr
           unless (keywordp keyword)
           do (signal 'wrong-type-argument (list 'keywordp keyword))
           unless (consp rest)
           do (signal 'sockopt-error (list "Keyword without a value" keyword))))

(defun sockopt-set-options (process plist)
  "Set socket options of PROCESS by PLIST, (OPTION VALUE OPTION VALUE ...).
Return t.  Each is set as by `sockopt-set', in the order given.  If any
option or value is wrong, none is set.  If the kernel refuses one, the
error names it, those before it stay set, and the error data end with
\(:already-set OPTION...) if there are any."
  (sockopt--check-plist plist)
  (if (and (gethash process sockopt--waiting)
           (not (gethash process sockopt--handles)))
      (cl-loop for (option value) on plist by #'cddr
               do (sockopt-set process option value)
               finally return t)
    (let ((settings (sockopt--settings plist))
          (handle (sockopt--handle process)))
      (condition-case error
          (sockopt--set-many process handle settings)
        (sockopt-error
         (let ((done (sockopt--note-settings process plist settings)))
           (signal (car error)
                   (append (cdr error)
                           (and done `((:already-set ,@done))))))))
      (sockopt--note-settings process plist settings)
      t)))

(defun sockopt--note-settings (process plist settings)
  "Put what was set of PLIST into the contact information of PROCESS.
SETTINGS is the vector that `sockopt--set-many' changed.  Return the list
of the options that were set."
  (let ((contact (process-contact process t t)))
    (cl-loop for option in plist by #'cddr
             for i from 0 by 2
             until (aref settings i)
             do (plist-put contact option (aref settings (1+ i)))
             collect option)))

(defun sockopt-options (process)
  "Return a plist of the socket options of PROCESS, from the kernel.
It has every option that this socket has and that can be read, but for
those whose reading changes the socket."
  (let ((handle (sockopt--handle process)))
    (sockopt--options process handle)))

(defun sockopt--option-p (keyword)
  "Return non-nil if KEYWORD is an option, and no keyword of core."
  (and (get keyword 'sockopt--row)
       (not (memq keyword sockopt--keywords))))

(defun sockopt--refresh (process)
  "Put the kernel's values of its options into the contact of PROCESS.
An option that its socket does not have stays as it is."
  (let ((contact (process-contact process t t)))
    (cl-loop for keyword in contact by #'cddr
             when (sockopt--option-p keyword)
             do (condition-case nil
                    (plist-put contact keyword (sockopt-get process keyword))
                  (sockopt-unsupported nil)))))

(defun sockopt-contact (process &optional key)
  "Return contact information of PROCESS, with its options from the kernel.
KEY is as for `process-contact': nil for (HOST SERVICE), t for the whole
plist, in which each option present has the value that it has now, or a
keyword.  A keyword that is an option gives its value whether or not it is
in the plist."
  (sockopt--ensure-module)
  (cond ((eq key t)
         (sockopt--refresh process)
         (process-contact process t))
        ((and key (sockopt--option-p key)) (sockopt-get process key))
        (t (process-contact process key))))

;;; Making network processes

(defconst sockopt--kept-keywords
  '(:name :buffer :coding :noquery :stop :filter :filter-multibyte :sentinel
    :log :plist :server :nowait)
  "The keywords that mean the same to a placeholder.")

(defun sockopt--options-in (args)
  "Return the options in ARGS as a plist.
Signal an error if ARGS have a keyword that nobody knows."
  (sockopt--check-plist args)
  (cl-loop for (keyword value) on args by #'cddr
           unless (memq keyword sockopt--keywords)
           unless (get keyword 'sockopt--row)
           do (sockopt--signal-unknown
               keyword (append sockopt--keywords sockopt--options))
           else append (list keyword value)))

(defun sockopt--signal-argument (message &rest data)
  "Signal that an argument is wrong, with MESSAGE and DATA."
  (signal 'sockopt-error (cons message data)))

(defun sockopt--check-arguments (args)
  "Signal an error if the keywords in ARGS do not go together."
  (let ((name (plist-get args :name)))
    (unless (stringp name)
      (signal 'wrong-type-argument (list 'stringp name :name))))
  (when (and (plist-get args :server) (plist-get args :nowait))
    (sockopt--signal-argument "`:server' is incompatible with `:nowait'"))
  (unless (memq (plist-get args :type) '(nil datagram seqpacket))
    (sockopt--signal-argument "Unsupported connection type"
                              (plist-get args :type)))
  (let ((family (plist-get args :family)))
    (unless (or (memq family '(nil local ipv4 ipv6)) (integerp family))
      (sockopt--signal-argument "Unknown address family" family)))
  (when (plist-get args :tls-parameters)
    (signal 'sockopt-unsupported
            '(:tls-parameters "not here yet; use `gnutls-negotiate'"))))

(defun sockopt--host (args)
  "Return the host in ARGS, or the one that stands for none or `local'."
  (let ((host (plist-get args :host)))
    (cond ((memq host '(nil local))
           (if (eq (plist-get args :family) 'ipv6) "::1" "127.0.0.1"))
          ((stringp host) host)
          (t (signal 'wrong-type-argument (list 'stringp host :host))))))

(defun sockopt--service (args)
  "Return the service in ARGS as a string."
  (let ((service (plist-get args :service)))
    (cond ((eq service t) "0")
          ((stringp service) service)
          ((not (integerp service))
           (signal 'wrong-type-argument (list 'stringp service :service)))
          ((<= 0 service 65535) (number-to-string service))
          (t (signal 'args-out-of-range (list :service service 0 65535))))))

(defun sockopt--address-keyword (args)
  "Return the keyword of the address in ARGS, or nil if there is a host."
  (let ((keyword (if (plist-get args :server) :local :remote)))
    (cond ((plist-get args keyword) keyword)
          ((eq (plist-get args :family) 'local) :service))))

(defun sockopt--given-address (args)
  "Return the addresses that ARGS give, or nil if there is a host."
  (let* ((keyword (sockopt--address-keyword args))
         (address (plist-get args keyword)))
    (when (and (eq keyword :service) (not (stringp address)))
      (signal 'wrong-type-argument (list 'stringp address :service)))
    (and keyword (sockopt--address keyword address))))

(defun sockopt--addresses (args)
  "Return the addresses that ARGS stand for, looking them up if need be."
  (or (sockopt--given-address args)
      (sockopt--lookup (sockopt--host args) (sockopt--service args)
                       (plist-get args :family) (plist-get args :type))))

(defun sockopt--target (args)
  "Return what to connect to by ARGS, for `sockopt--start'."
  (or (sockopt--given-address args)
      (list (sockopt--host args) (sockopt--service args)
            (plist-get args :family))))

(defun sockopt--coding (args)
  "Return the value for `default-process-coding-system' that suits ARGS.
Core asks `network-coding-system-alist' only where it knows the host and
service itself, which for a placeholder it does not."
  (or (and (not (plist-get args :coding))
           (not (sockopt--address-keyword args))
           (let* ((buffer (plist-get args :buffer))
                  (coding (find-operation-coding-system
                           'open-network-stream (plist-get args :name)
                           (and buffer (get-buffer-create buffer))
                           (sockopt--host args) (plist-get args :service))))
             (and (consp coding) coding)))
      default-process-coding-system))

(defun sockopt--log (log)
  "Return a `:log' function that does as LOG, nil for none.
A child's contact information starts as a copy of the server's, options
and all, though the kernel gives it only some of them: tell the truth."
  (lambda (server client message)
    (when (processp client)
      (condition-case error
          (sockopt--refresh client)
        (error (message "sockopt: %s: %s" client
                        (error-message-string error)))))
    (when log
      (funcall log server client message))))

(defun sockopt--placeholder-arguments (args)
  "Return those of ARGS that a placeholder is made with, as a list."
  (append
   (cl-loop for (keyword value) on args by #'cddr
            when (memq keyword sockopt--kept-keywords)
            append (list keyword
                         (if (and (eq keyword :log)
                                  (plist-get args :server))
                             (sockopt--log value)
                           value)))
   (and (plist-get args :server)
        (not (plist-member args :log))
        (list :log (sockopt--log nil)))))

(defun sockopt--datagram-arguments (args address)
  "Return the arguments of a placeholder for a datagram socket.
ARGS are the user's.  ADDRESS is the peer's for a client, its own for a
server; its family is what counts, as core keeps room for such a one."
  (let ((placeholder (sockopt--placeholder-arguments args))
        (remote (if (plist-get args :server)
                    (or (plist-get args :remote)
                        (if (stringp address)
                            null-device
                          (make-vector (length address) 0)))
                  address)))
    (cl-loop for (keyword value) on placeholder by #'cddr
             unless (memq keyword '(:server :nowait :log))
             append (list keyword value) into kept
             finally return (append kept (list :log (plist-get args :log)
                                               :type 'datagram
                                               :remote remote)))))

(defun sockopt--set-contact (process contact)
  "Make CONTACT the contact information of PROCESS."
  (let ((cell (process-contact process t t)))
    (setcar cell (car contact))
    (setcdr cell (cdr contact))))

(defun sockopt--contact (args)
  "Return the contact information that ARGS start with."
  (let ((contact (copy-sequence args)))
    (when (and (eq (sockopt--address-keyword args) :service)
               (plist-get args :host))
      (message ":family local ignores the :host property")
      (plist-put contact :host nil))
    contact))

(defun sockopt--contact-addresses (contact address handle)
  "Put into CONTACT where the socket of HANDLE is and leads to.
ADDRESS is the server's own or the client's peer.  Return CONTACT."
  (if (plist-get contact :server)
      (progn
        (when (vectorp address)
          (setq contact (plist-put contact :service
                                   (aref address (1- (length address))))))
        (plist-put contact :local address))
    (plist-put (plist-put contact :remote address)
               :local (sockopt--name handle))))

(defun sockopt--adopt-arguments (args address)
  "Return (VECTOR ROLE) to pass to `sockopt--adopt' for ARGS.
ADDRESS is where the socket is or leads to."
  (cond ((eq (plist-get args :type) 'datagram)
         (list (vconcat (sockopt--datagram-arguments args address)) nil))
        (t (list (vconcat (sockopt--placeholder-arguments args))
                 (if (plist-get args :server) :local :remote)))))

(defun sockopt--make-process (args address handle)
  "Make a process by ARGS on the socket of HANDLE.
ADDRESS is where the socket is or leads to, nil if that is not yet known.
If this fails, the socket is closed."
  (let ((default-process-coding-system (sockopt--coding args))
        (inhibit-quit t)
        process)
    (unwind-protect
        (pcase-let ((`(,vector ,role)
                     (sockopt--adopt-arguments args address)))
          (setq process (sockopt--adopt handle vector role
                                        (expand-file-name
                                         temporary-file-directory))))
      (unless process
        (sockopt--close handle)))
    process))

(defmacro sockopt--or-discard (process &rest body)
  "Evaluate BODY, without quitting; after an error delete PROCESS."
  (declare (indent 1) (debug t))
  `(let ((inhibit-quit t))
     (condition-case error
         (progn ,@body)
       (error
        (set-process-sentinel ,process #'ignore)
        (delete-process ,process)
        (signal (car error) (cdr error))))))

(defun sockopt--make-now (args settings)
  "Make a process by ARGS, with the options in SETTINGS, and return it."
  (let* ((server (plist-get args :server))
         (opened (sockopt--open (plist-get args :type) 0
                                (cond ((integerp server) server)
                                      (server 5))
                                (sockopt--addresses args)
                                settings args))
         (handle (car opened))
         (process (sockopt--make-process args (cdr opened) handle)))
    (sockopt--or-discard process
      (puthash process handle sockopt--handles)
      (sockopt--set-contact process
                            (sockopt--contact-addresses
                             (sockopt--contact args) (cdr opened) handle))
      (sockopt--refresh process))
    process))

(defun sockopt--make-core (args options)
  "Make a process by ARGS with core, on a socket that Emacs was given.
Then set OPTIONS, a plist."
  (let ((process (apply #'make-network-process
                        (cl-loop for (keyword value) on args by #'cddr
                                 when (memq keyword sockopt--keywords)
                                 append (list keyword value)))))
    (sockopt--or-discard process
      (sockopt-set-options process options))
    process))

;;;###autoload
(defun sockopt-make-network-process (&rest args)
  "Make a network process by ARGS, with any socket options, and return it.
ARGS are keywords and values as for `make-network-process', and mean the
same; but any option in `sockopt-option-list' may be among them.  Each is
set when it counts: before the socket is bound or connected if it must be.
`process-contact' then has the value that the kernel reports.

An unknown keyword signals `sockopt-unsupported', which names the nearest
known one.  A wrong value signals `wrong-type-argument' or
`args-out-of-range', naming its keyword, before any socket is made.  What
the system refuses signals `sockopt-system-error', which is also a
`file-error', with the data that core would give.  After any error there
is no process and no socket left.

Unlike core's, a client of several addresses races them (RFC 8305), and
quitting stops a connection in progress.

\(fn &rest ARGS)"
  (when args
    (sockopt--ensure-module)
    (let* ((options (sockopt--options-in args))
           (settings (sockopt--settings options)))
      (sockopt--check-arguments args)
      (sockopt--check settings)
      (cond ((plist-get args :use-external-socket)
             (sockopt--make-core args options))
            ((and (plist-get args :nowait)
                  (not (eq (plist-get args :type) 'datagram)))
             (sockopt--make-waiting args settings))
            (t (sockopt--make-now args settings))))))

;;; Connecting without waiting

;; A thread of the module connects, and says so through a pipe process
;; that all of them share.  Until then the process stands on a socket that
;; is never ready.

(defvar sockopt--channel nil
  "The pipe process through which the threads report, or nil.")

(defvar sockopt--waits nil
  "An alist from what a thread reports, a number, to its `sockopt--wait'.")

(defvar sockopt--wait-number 0
  "The number of the last thread started.")

(defun sockopt--open-channel ()
  "Return the pipe process for reports, making it if need be."
  (unless (process-live-p sockopt--channel)
    (setq sockopt--channel
          (make-pipe-process :name " sockopt" :noquery t :coding 'us-ascii
                             :filter #'sockopt--channel-filter
                             :sentinel #'ignore))
    ;; Whichever Lisp thread waits may read it.
    (set-process-thread sockopt--channel nil))
  sockopt--channel)

(defun sockopt--close-channel ()
  "Delete the pipe process for reports, unless somebody still waits."
  (when (and sockopt--channel (not sockopt--waits))
    (let ((buffer (process-buffer sockopt--channel)))
      (delete-process sockopt--channel)
      (setq sockopt--channel nil)
      (when (buffer-live-p buffer)
        (kill-buffer buffer)))))

(defun sockopt--channel-filter (channel string)
  "Finish the processes whose numbers are in STRING, lines from CHANNEL."
  (let* ((text (concat (process-get channel 'sockopt--rest) string))
         (lines (split-string text "\n")))
    (process-put channel 'sockopt--rest (car (last lines)))
    (dolist (line (butlast lines))
      (let ((entry (assq (string-to-number line) sockopt--waits)))
        (setq sockopt--waits (delq entry sockopt--waits))
        (sockopt--finish-wait (cdr entry))))
    (sockopt--close-channel)))

(defun sockopt--make-waiting (args settings)
  "Make a process by ARGS and SETTINGS that is still connecting."
  (let* ((target (sockopt--target args))
         (handle (sockopt--hold))
         (process (sockopt--make-process args nil handle))
         (wait (sockopt--wait-make :process process :handle handle
                                   :settings settings))
         (number (cl-incf sockopt--wait-number)))
    (sockopt--or-discard process
      (sockopt--set-contact process (sockopt--contact args))
      (push (cons number wait) sockopt--waits)
      (puthash process wait sockopt--waiting)
      (sockopt--start-wait wait number target))
    process))

(defun sockopt--start-wait (wait number target)
  "Start the thread that connects the process of WAIT to TARGET.
It reports NUMBER."
  (let ((started nil))
    (unwind-protect
        (setf (sockopt--wait-job wait)
              (sockopt--start (sockopt--wait-handle wait)
                              (sockopt--open-channel)
                              (format "%d\n" number) target
                              (plist-get (process-contact
                                          (sockopt--wait-process wait) t t)
                                         :type)
                              0 (sockopt--wait-settings wait))
              started t)
      (unless started
        (setq sockopt--waits (assq-delete-all number sockopt--waits))
        (sockopt--close-channel)))))

(defun sockopt--finish-wait (wait)
  "Give the process of WAIT its socket, or let it fail."
  (let* ((process (sockopt--wait-process wait))
         (handle (sockopt--wait-handle wait))
         (inhibit-quit t))
    (remhash process sockopt--waiting)
    (condition-case error
        (let ((address (sockopt--finish handle (sockopt--wait-job wait)
                                        (sockopt--wait-settings wait))))
          (when address
            (puthash process handle sockopt--handles)
            (sockopt--contact-addresses (process-contact process t t)
                                        address handle)
            (sockopt--apply-later process (sockopt--wait-later wait))
            (sockopt--refresh process)))
      (error (sockopt--fail process error)))
    (sockopt--drop (sockopt--wait-job wait))))

(defun sockopt--apply-later (process plist)
  "Set the options in PLIST that PROCESS was given while connecting."
  (cl-loop for (option value) on plist by #'cddr
           do (condition-case error
                  (sockopt-set process option value)
                (error (message "sockopt: %s: %s" process
                                (error-message-string error))))))

(defun sockopt--fail (process error)
  "Have the sentinel of PROCESS, about to fail, report ERROR.
Core would give it the code of a socket, but there is none."
  (let ((sentinel (process-sentinel process))
        (words (format "failed: %s\n" (error-message-string error))))
    (set-process-sentinel process
                          (lambda (process _message)
                            (set-process-sentinel process sentinel)
                            (funcall sentinel process words)))))

(defun sockopt--set-waiting (process option value)
  "Keep OPTION with VALUE for PROCESS until it has its socket."
  (let ((wait (gethash process sockopt--waiting)))
    (unless (process-live-p process)
      (signal 'sockopt-error (list "Process is not running" process)))
    (sockopt--check (vector (sockopt--row option) value))
    (setf (sockopt--wait-later wait)
          (plist-put (sockopt--wait-later wait) option value))
    (plist-put (process-contact process t t) option value)
    t))

(defun sockopt--get-waiting (process option)
  "Return what OPTION of PROCESS will be once it has its socket."
  (let ((contact (process-contact process t t)))
    (sockopt--row option)
    (if (plist-member contact option)
        (plist-get contact option)
      (signal 'sockopt-error (list "Process is still connecting" process)))))

(provide 'sockopt)
;;; sockopt.el ends here
