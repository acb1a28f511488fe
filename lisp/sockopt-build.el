;;; sockopt-build.el --- Find and build sockopt's module  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The module that goes with these Lisp files is looked for, by a stamp
;; that the compiler puts into it, before it is loaded; and it is built,
;; when the user asks for it, with one run of the C compiler.

;;; Code:

(eval-when-compile (require 'cl-lib))
(require 'sockopt)

(defcustom sockopt-module-directory nil
  "Directory in which \\[sockopt-module-compile] installs the module.
If nil, that is where sockopt's Lisp files are if it can be written, else
the directory \"sockopt\" in `user-emacs-directory'.  A module found on
`load-path' is used before any of these."
  :type '(choice (const :tag "Beside the Lisp files" nil) directory)
  :group 'sockopt
  :risky t)

(defcustom sockopt-source-directory nil
  "Directory of a checkout of sockopt, for when its C files are elsewhere.
It has the directory \"module\".  If nil, that is beside the Lisp files, or
beside those that links lead to."
  :type '(choice (const :tag "Beside the Lisp files" nil) directory)
  :group 'sockopt
  :risky t)

(eval-and-compile
  (defun sockopt--source-directory (directory)
    "Return where the C files are if the Lisp files are in DIRECTORY, or nil."
    ;; Some package managers make links to the Lisp files of a checkout.
    (cl-loop with linked = (file-name-directory
                            (file-truename
                             (expand-file-name "sockopt.el" directory)))
             for (name . place) in `(("module" . ,directory)
                                     ("../module" . ,directory)
                                     ("../module" . ,linked))
             for sources = (expand-file-name name place)
             when (file-exists-p (expand-file-name "emacs/sockopt-module.c"
                                                   sources))
             return sources))

  (defun sockopt--source-files (directory suffix)
    "Return the module's files beneath DIRECTORY that match the regexp SUFFIX."
    (sort (directory-files-recursively directory
                                       (concat "\\`[^.#].*" suffix "\\'"))
          #'string<))

  (defun sockopt--source-hash (directory)
    "Return the hash of the C files that go with the Lisp files in DIRECTORY.
If there are none, that is the empty string."
    (let ((sources (sockopt--source-directory directory)))
      (if sources
          (with-temp-buffer
            (set-buffer-multibyte nil)
            (dolist (file (sockopt--source-files sources "\\.[ch]"))
              (goto-char (point-max))
              (insert-file-contents-literally file))
            (buffer-hash))
        "")))

  (defun sockopt--header-version (directory)
    "Return the version of the Lisp files in DIRECTORY."
    (with-temp-buffer
      (insert-file-contents (expand-file-name "sockopt.el" directory))
      (re-search-forward "^;; Version: \\(.+\\)$")
      (match-string 1))))

;; Taken when these files are compiled, because it is with them that the
;; module must agree, and it would be a third of the time to load it.
(defconst sockopt--hash
  (eval-when-compile (sockopt--source-hash sockopt--directory))
  "The hash of the C files for which this file was compiled or loaded.")

(defconst sockopt--stamp
  (eval-when-compile
    (concat (sockopt--header-version sockopt--directory) ":"
            (sockopt--source-hash sockopt--directory)))
  "The stamp of a module made for this package.
It is the version and, where the C files are at hand, their hash.")

(defun sockopt--signal (format &rest arguments)
  "Signal a `sockopt-error' made of FORMAT and ARGUMENTS."
  (signal 'sockopt-error (list (apply #'format format arguments))))

(defvar sockopt--build nil
  "The process that builds the module, or the last that did, or nil.
Its properties `temporary' and `file' are what it writes, and where that
goes; `problem' says afterwards why it failed.")

;;; Looking for the module

(defun sockopt--file-stamp (file)
  "Return the stamp in the module FILE, or nil.
One that has several was tampered with, and has none."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file)
    ;; Much faster than a search for the whole as a regexp.
    (let ((case-fold-search nil))
      (and (search-forward "sockopt-stamp:" nil t)
           (looking-at "[0-9A-Za-z.:-]*")
           (let ((stamp (match-string 0)))
             (unless (search-forward "sockopt-stamp:" nil t)
               stamp))))))

(defun sockopt--stamp-fits-p (stamp)
  "Return non-nil if STAMP, nil for none, is of a module for this package.
If the C files were not there when Lisp was compiled the version decides."
  (and stamp
       (or (equal stamp sockopt--stamp)
           (and (string-suffix-p ":" sockopt--stamp)
                (equal (car (split-string stamp ":"))
                       (substring sockopt--stamp 0 -1))))))

(defun sockopt--elf-number (offset size)
  "Return the number of SIZE bytes at OFFSET in the current buffer."
  (let ((bytes (append (buffer-substring (+ 1 offset) (+ 1 offset size)) nil)))
    ;; The sixth byte of the file tells which of them comes first.
    (cl-loop for byte in (if (eql (char-after 6) 1) (nreverse bytes) bytes)
             for number = byte then (+ (* 256 number) byte)
             finally return number)))

(defun sockopt--elf-end ()
  "Return where the ELF file in the current buffer must end at the earliest.
That is after its section headers, which linkers write last (elf(5))."
  (if (eql (char-after 5) 2)
      (+ (sockopt--elf-number 40 8)
         (* (sockopt--elf-number 58 2) (sockopt--elf-number 60 2)))
    (+ (sockopt--elf-number 32 4)
       (* (sockopt--elf-number 46 2) (sockopt--elf-number 48 2)))))

(defun sockopt--cut-short-p (file)
  "Return non-nil if the end of the module FILE is missing.
Loading it would crash Emacs."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file nil 0 64)
    (and (> (point-max) 64)
         (looking-at-p "\177ELF")
         (< (file-attribute-size (file-attributes (file-truename file)))
            (sockopt--elf-end)))))

(defun sockopt--install-directory ()
  "Return the directory to install the module in."
  (cond ((sockopt--custom 'sockopt-module-directory))
        ((file-writable-p sockopt--directory) sockopt--directory)
        (t (locate-user-emacs-file "sockopt/"))))

(defun sockopt--module-name (directory)
  "Return the name of the module's file in DIRECTORY."
  (expand-file-name (concat "sockopt-module" module-file-suffix) directory))

(defun sockopt--module-files ()
  "Return the files that may be the module, those to prefer first."
  (cl-loop for directory
           in (append load-path
                      (list sockopt--directory
                            (sockopt--install-directory)
                            (locate-user-emacs-file "sockopt/")))
           for file = (and directory (not (file-remote-p directory))
                           (sockopt--module-name directory))
           when (and file (not (member file files)))
           collect file into files
           finally return files))

(defun sockopt--look (file)
  "Return non-nil if there is FILE, and `hidden' if that cannot be seen.
A link that leads nowhere counts, for it is to be told of."
  (condition-case nil
      (file-attributes file)
    ;; Whoever became another user may still have the first one's home.
    (file-error 'hidden)))

(defun sockopt--found-modules ()
  "Return those of `sockopt--module-files' that there may be."
  (cl-loop for file in (sockopt--module-files)
           when (sockopt--look file) collect file))

(defconst sockopt--first-group 100
  "The least number of a group that is not one of the system's own.
Whoever is in one of those, such as root, wheel or admin, can do more.")

(defun sockopt--others-in-group-p (attributes)
  "Return non-nil if others than the user are in the group of a file.
ATTRIBUTES are those of the file.  It is not known who is in a group; but
many systems give each user one, which has the user's number."
  (let ((group (file-attribute-group-id attributes)))
    (not (or (< group sockopt--first-group)
             (memql group (list (group-gid)
                                (file-attribute-user-id attributes)))))))

(defun sockopt--writers (file)
  "Return who besides its owner may write FILE, \"o\" or \"g\", or nil.
As for chmod(1), those are all others, or those in its group."
  (let ((modes (or (file-modes file) 0)))
    (cond ((/= 0 (logand modes #o002)) "o")
          ((and (/= 0 (logand modes #o020))
                (sockopt--others-in-group-p
                 (file-attributes (file-truename file) 'integer)))
           "g"))))

(defun sockopt--open-to-others (file)
  "Return what others may write of FILE and the directories it is in, or nil.
Value is (NAME . WHO), with WHO as for `sockopt--writers'."
  (let ((true (file-truename file)))
    (cl-loop for one in (list true (file-name-directory true)
                              (file-name-directory file))
             for who = (sockopt--writers one)
             when who return (cons one who))))

(defun sockopt--openness (file)
  "Return in words who else may write FILE or where it is, or nil."
  (pcase (sockopt--open-to-others file)
    (`(,name . ,who)
     (format (if (equal who "o")
                 "everybody may write %s; chmod o-w it"
               "others in its group may write %s; chmod g-w it")
             name))))

(defun sockopt--module-problem (file)
  "Return in words why FILE is not to be loaded as the module, or nil."
  (cond ((eq (sockopt--look file) 'hidden)
         "its directory cannot be looked into")
        ((not (file-regular-p file)) "it is no regular file")
        ((not (file-readable-p file)) "it cannot be read")
        ((sockopt--openness file))
        ((not (sockopt--stamp-fits-p (sockopt--file-stamp file)))
         "it was built from other sources or for another version")
        ((sockopt--cut-short-p file) "its end is missing")))

(defun sockopt--explain-load (error)
  "Return in words what ERROR, from `module-load', means."
  (concat
   (error-message-string error)
   (cond ((eq (car error) 'module-init-failed)
          " (it was built for another Emacs)")
         ((string-match-p "GLIBC_\\|lib[a-z.-]+so\\|symbol"
                          (format "%s" (cdr error)))
          " (it was built for another C library or system)"))))

(defun sockopt--try-module (file)
  "Load FILE as the module.  Return nil, or in words why that cannot be."
  (or (sockopt--module-problem file)
      (condition-case error
          (progn (module-load file) nil)
        (error (sockopt--explain-load error)))))

(defun sockopt--try-modules (&optional try)
  "Load the first module that can be loaded.
Return t, or what was wrong with each, a list of (FILE . REASON).  TRY, if
non-nil, is called instead of `sockopt--try-module'."
  (cl-loop for file in (sockopt--found-modules)
           for problem = (funcall (or try #'sockopt--try-module) file)
           unless problem return t
           collect (cons file problem)))

(defun sockopt--problem-text (problems)
  "Return PROBLEMS, as `sockopt--try-modules' has them, in words."
  (if problems
      (concat "cannot be used: "
              (mapconcat (lambda (problem)
                           (format "%s: %s" (abbreviate-file-name
                                             (car problem))
                                   (cdr problem)))
                         problems "; "))
    "is not built"))

(defun sockopt--check-module-support ()
  "Signal an error if this Emacs cannot load modules."
  (unless (bound-and-true-p module-file-suffix)
    (sockopt--signal
     "This Emacs was built without support for dynamic modules")))

(defun sockopt--missing-reason ()
  "Return in words why there is no module to load, or nil if there is one.
Nothing is loaded, so one that is there may still turn out to be wrong."
  (condition-case error
      (let ((problems (or (fboundp 'sockopt--rows)
                          (progn
                            (sockopt--check-module-support)
                            (sockopt--try-modules
                             #'sockopt--module-problem)))))
        (unless (eq problems t)
          (sockopt--explain-missing problems)))
    (sockopt-error (cadr error))))

(defun sockopt--may-ask-p ()
  "Return non-nil if there is a user to ask, who has called a command."
  (not (or noninteractive
           sockopt--inhibit-offer
           ;; So it is in filters, sentinels and timers; between commands
           ;; there is no command.
           inhibit-quit
           (null this-command)
           executing-kbd-macro
           ;; That of a daemon, which nobody sees.
           (equal (terminal-name) "initial_terminal"))))

(defun sockopt--load-module ()
  "Load the module, building it first if the user agrees."
  (sockopt--check-module-support)
  (let ((problems (sockopt--try-modules)))
    (unless (eq problems t)
      (sockopt--offer problems)
      (setq problems (sockopt--try-modules))
      (unless (eq problems t)
        (sockopt--signal "The module that was built %s"
                         (sockopt--problem-text problems))))))

(defun sockopt--only-open-p (problems)
  "Return non-nil if all PROBLEMS are modules that others may write.
They need not be built again."
  (and problems
       (cl-loop for (file . problem) in problems
                always (equal problem (sockopt--openness file)))))

(defun sockopt--can-build-p ()
  "Return non-nil if the module can be built from the sources that there are."
  (condition-case nil
      (progn (sockopt--check-sources) t)
    (sockopt-error nil)))

(defun sockopt--building-helps-p ()
  "Return non-nil if there is a module to be built, and it would do."
  (let ((problems (sockopt--try-modules #'sockopt--module-problem)))
    (not (or (eq problems t)
             (sockopt--only-open-p problems)
             (not (sockopt--can-build-p))))))

(defun sockopt--explain-missing (problems)
  "Return in words why PROBLEMS leave no module, and what would do."
  (let ((text (sockopt--problem-text problems)))
    (if (sockopt--only-open-p problems)
        (format "The module %s" text)
      (condition-case error
          (progn (sockopt--check-sources)
                 (format "The module %s; run M-x sockopt-module-compile"
                         text))
        (sockopt-error (format "The module %s.  %s" text (cadr error)))))))

(defun sockopt--offer (problems)
  "Build the module if the user agrees, and that would mend PROBLEMS."
  (cond ((process-live-p sockopt--build)
         (sockopt--signal "The module is being built; try again after that"))
        ((or (sockopt--only-open-p problems)
             (not (sockopt--may-ask-p))
             ;; This takes a while.
             (not (sockopt--can-build-p)))
         (sockopt--signal "%s" (sockopt--explain-missing problems)))
        ((y-or-n-p (format "The module of sockopt %s; build it now? "
                           (sockopt--problem-text problems)))
         (sockopt-module-compile))
        (t (sockopt--signal
            "The module is needed; run M-x sockopt-module-compile"))))

;;; What it takes to build it

(defun sockopt--given-sources ()
  "Return where the C files in `sockopt-source-directory' are, or nil."
  (let* ((directory (sockopt--custom 'sockopt-source-directory))
         (sources (and directory (expand-file-name "module" directory))))
    (and sources
         (file-exists-p (expand-file-name "emacs/sockopt-module.c" sources))
         sources)))

(defun sockopt--sources ()
  "Return the directory of the C files, or signal an error."
  (when (and (sockopt--custom 'sockopt-source-directory)
             (not (sockopt--given-sources)))
    (sockopt--signal "`sockopt-source-directory', %s, has no directory\
 \"module\" with the C files" sockopt-source-directory))
  (or (sockopt--given-sources)
      (sockopt--source-directory sockopt--directory)
      (sockopt--signal
       "The C files of sockopt are not beside %s: have the package manager\
 install them, by `:files (:defaults \"module\")' in the recipe, or set\
 `sockopt-source-directory' to a checkout"
       (abbreviate-file-name sockopt--directory))))

(defun sockopt--check-sources ()
  "Signal an error if the C files are missing, or newer than the Lisp files."
  (sockopt--sources)
  (unless (or (sockopt--given-sources)
              (member sockopt--hash
                      (list "" (sockopt--source-hash sockopt--directory))))
    (sockopt--signal
     "The C files have changed; if the Lisp files are byte-compiled, delete\
 the *.elc files in %s, byte-compile again, and restart Emacs"
     (abbreviate-file-name sockopt--directory))))

(defconst sockopt--header-packages
  "emacs-common on Debian and Ubuntu, emacs-devel on Fedora"
  "The packages that hold emacs-module.h.")

(defconst sockopt--compiler-packages
  "gcc and libc6-dev on Debian and Ubuntu, gcc and glibc-devel on Fedora,\
 gcc and musl-dev on Alpine, base-devel on Arch"
  "The packages that hold a C compiler and what it needs.")

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
      (sockopt--signal "No emacs-module.h found; it is in the package %s"
                       sockopt--header-packages))
    (file-name-directory file)))

(defun sockopt--compiler ()
  "Return the command of the C compiler as a list, or signal an error."
  (let* ((given (split-string-and-unquote (or (getenv "CC") "")))
         (command (or given
                      (cl-loop for name in '("cc" "gcc" "clang")
                               when (executable-find name)
                               return (list name)))))
    (unless (and command (executable-find (car command)))
      (sockopt--signal "No C compiler `%s' found; install %s"
                       (or (car given) "cc") sockopt--compiler-packages))
    command))

(defun sockopt--compile-command (output)
  "Return the command, a list, that builds the module as file OUTPUT."
  (let ((directory (sockopt--sources)))
    (sockopt--check-sources)
    `(,@(sockopt--compiler)
      "-std=gnu11" "-O2" "-fPIC" "-shared" "-fvisibility=hidden" "-pthread"
      ,(format "-DSOCKOPT_STAMP=\"%s\"" sockopt--stamp)
      "-I" ,directory
      "-I" ,(sockopt--header-directory)
      "-o" ,output
      ,@(sockopt--source-files directory "\\.c")
      "-lm")))

;;; Building it

(defun sockopt--build-buffer (command)
  "Return the buffer for COMMAND and its output."
  (with-current-buffer (get-buffer-create "*sockopt-module-compilation*")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert (mapconcat #'shell-quote-argument command " ") "\n"))
    (compilation-mode)
    (setq default-directory sockopt--directory)
    (current-buffer)))

(defun sockopt--failure-reason (buffer)
  "Return in words why the compiler failed, from its output in BUFFER."
  (with-current-buffer buffer
    (goto-char (point-min))
    (cond ((re-search-forward "emacs-module\\.h: No such file" nil t)
           (format "emacs-module.h is missing; it is in the package %s"
                   sockopt--header-packages))
          ((re-search-forward "\\(?:h>?'?:\\|h' file\\).*\\(?:No such\\|not\\)\
 f\\|\\(?:crt1\\|crti\\)\\.o\\|cannot find -l\\|Scrt1" nil t)
           (format "the C library's files for building are missing; install\
 %s" sockopt--compiler-packages))
          (t (format "see the buffer %s" (buffer-name))))))

(defun sockopt--install-built (process)
  "Put what PROCESS built where it belongs."
  (let ((temporary (process-get process 'temporary))
        (file (process-get process 'file)))
    (set-file-modes temporary #o755)
    ;; A rename: an Emacs that has the old file mapped keeps it.
    (rename-file temporary file t)
    (message "Installed %s%s" file
             (if (sockopt--loaded-p) "; restart Emacs to use it" ""))))

(defun sockopt--finish-build (process)
  "Install what PROCESS built, or return in words why that cannot be."
  (if (not (eql 0 (process-exit-status process)))
      (format "The module did not compile: %s"
              (sockopt--failure-reason (process-buffer process)))
    (condition-case error
        (let ((file (process-get process 'file)))
          (sockopt--install-built process)
          (and (sockopt--openness file)
               (format "Installed %s, which is not loaded: %s" file
                       (sockopt--openness file))))
      (file-error (error-message-string error)))))

(defun sockopt--note-end (process problem)
  "Have the buffer of PROCESS say how it ended; PROBLEM is nil if well."
  (with-current-buffer (process-buffer process)
    (let ((inhibit-read-only t))
      (goto-char (point-max))
      (insert (format "\nCompilation of sockopt's module: %s\n"
                      (or problem "done"))))
    (setq mode-line-process nil)))

(defun sockopt--on-build (process _event)
  "Do what is left to do once PROCESS has ended."
  (unless (process-live-p process)
    (let ((problem (if (buffer-live-p (process-buffer process))
                       (sockopt--finish-build process)
                     "The module did not compile: its buffer was killed")))
      (process-put process 'problem problem)
      (ignore-errors (delete-file (process-get process 'temporary)))
      (when (buffer-live-p (process-buffer process))
        (sockopt--note-end process problem))
      (when (and problem (process-get process 'background))
        (message "%s" problem)))))

(defun sockopt--temporary-module (directory)
  "Make an empty file in DIRECTORY, and that if need be.  Return its name."
  (condition-case error
      (progn
        (make-directory directory t)
        (make-temp-file (expand-file-name "sockopt-" directory) nil
                        module-file-suffix))
    (file-error
     (sockopt--signal "The module cannot be written to %s: %s; set\
 `sockopt-module-directory' to a directory that you can write" directory
                      (nth 2 error)))))

(defun sockopt--start-build (file)
  "Start the compiler, to build the module FILE, and return the process."
  ;; All that may fail comes before there is a file to remove.
  (sockopt--compile-command file)
  (let* ((temporary (sockopt--temporary-module (file-name-directory file)))
         (command (sockopt--compile-command temporary))
         (default-directory sockopt--directory))
    (setq sockopt--build
          (make-process :name "sockopt-module-compile" :noquery t
                        :buffer (sockopt--build-buffer command)
                        :command command :connection-type 'pipe
                        :sentinel #'sockopt--on-build))
    (process-put sockopt--build 'temporary temporary)
    (process-put sockopt--build 'file file)
    sockopt--build))

(defun sockopt--await-build (process)
  "Wait for PROCESS, which builds the module; quitting ends it."
  (let ((progress (make-progress-reporter "Building sockopt's module...")))
    (unwind-protect
        (while (process-live-p process)
          (accept-process-output process 0.2)
          (progress-reporter-update progress))
      (when (process-live-p process)
        (delete-process process)))
    ;; The sentinel comes after the end.
    (while (accept-process-output process 0))
    (progress-reporter-done progress)))

(defun sockopt--build-result (process)
  "Signal an error if PROCESS did not build the module.
In batch, print what the compiler had to say."
  (let ((problem (process-get process 'problem)))
    (when noninteractive
      (message "%s" (with-current-buffer (process-buffer process)
                      (buffer-string))))
    (when problem
      (unless noninteractive
        (display-buffer (process-buffer process)))
      (sockopt--signal "%s" problem))))

;;;###autoload
(defun sockopt-module-compile (&optional background)
  "Build sockopt's module with the system's C compiler and install it.
The command used is shown with its output.  The environment variable CC
names another compiler than `cc'.  See `sockopt-module-directory' for
where the module goes.

With BACKGROUND non-nil, as when this is called interactively, return the
compiler's process at once; otherwise wait for it."
  (interactive (list (not noninteractive)))
  (sockopt--check-module-support)
  (when (process-live-p sockopt--build)
    (sockopt--signal "The module is being built; wait for that, or kill the\
 buffer %s" (buffer-name (process-buffer sockopt--build))))
  (let ((process (sockopt--start-build
                  (sockopt--module-name (sockopt--install-directory)))))
    (process-put process 'background background)
    (if background
        (sockopt--show-build process)
      (sockopt--await-build process)
      (sockopt--build-result process))))

(defun sockopt--show-build (process)
  "Show that PROCESS builds the module, and return it."
  (with-current-buffer (process-buffer process)
    (setq mode-line-process '(":%s")))
  (display-buffer (process-buffer process))
  (message "Building sockopt's module...")
  process)

;;; For bug reports

(defun sockopt--outcome (function &rest arguments)
  "Call FUNCTION with ARGUMENTS, and if that fails return why in words."
  (condition-case error
      (apply function arguments)
    (error (error-message-string error))))

(defun sockopt--report-modules ()
  "Return lines on each file that may be the module."
  (or (cl-loop for file in (sockopt--found-modules)
               collect (format "  %s\n    modes %o, stamp %s: %s" file
                               (or (file-modes file) 0)
                               (and (file-regular-p file)
                                    (sockopt--outcome #'sockopt--file-stamp
                                                      file))
                               (or (sockopt--module-problem file) "fits")))
      '("  there is none")))

(defun sockopt--report-loading ()
  "Return in words whether the module is loaded, or why it cannot be."
  (let ((sockopt--inhibit-offer t))
    (if (sockopt--loaded-p)
        "it is loaded"
      (let ((problems (sockopt--try-modules)))
        (if (eq problems t)
            "it is loaded now"
          (concat "it " (sockopt--problem-text problems)))))))

(defun sockopt--report-stale ()
  "Return the byte-compiled files that are older than their sources."
  (cl-loop for file in (directory-files sockopt--directory t
                                        "\\`sockopt.*\\.elc\\'")
           when (file-newer-than-file-p (substring file 0 -1) file)
           collect (file-name-nondirectory file)))

(defun sockopt--report-lines ()
  "Return the lines of `sockopt-build-report'."
  `(,(format "Emacs: %s, %s, modules %s" emacs-version system-configuration
             (or module-file-suffix "not supported"))
    ,(format "Lisp files: %s, version %s, loaded from %s" sockopt--directory
             (sockopt--outcome #'sockopt--header-version sockopt--directory)
             (symbol-file 'sockopt-get 'defun))
    ,(format "Older than their sources: %s"
             (or (sockopt--report-stale) "none"))
    ,(format "C files: %s" (sockopt--outcome #'sockopt--sources))
    ,(format "Stamp to have: %s" sockopt--stamp)
    ,(format "Sources now: %s" (or (sockopt--outcome #'sockopt--check-sources)
                                   "as they were when Lisp was compiled"))
    ,(format "Compiler: %s" (sockopt--outcome #'sockopt--compiler))
    ,(format "Header: %s" (sockopt--outcome #'sockopt--header-directory))
    ,(format "Module goes to: %s" (sockopt--install-directory))
    "Modules found:"
    ,@(sockopt--report-modules)
    ,(format "Module: %s" (sockopt--report-loading))))

;;;###autoload
(defun sockopt-build-report ()
  "Show what is where, and why the module can be loaded or not.
That is for bug reports."
  (interactive)
  (let ((text (concat (mapconcat #'identity (sockopt--report-lines) "\n")
                      "\n")))
    (if noninteractive
        (princ text)
      (with-help-window "*sockopt-build-report*"
        (princ text)))))

(provide 'sockopt-build)
;;; sockopt-build.el ends here
