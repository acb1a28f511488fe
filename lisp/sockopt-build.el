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

(eval-and-compile
  (defun sockopt--source-directory (directory)
    "Return where the C files are if the Lisp files are in DIRECTORY, or nil."
    (cl-loop for name in '("module" "../module")
             for sources = (expand-file-name name directory)
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

(defun sockopt--check-sources ()
  "Signal an error if the C files have changed since Lisp was compiled."
  (unless (member (sockopt--source-hash sockopt--directory)
                  (list sockopt--hash ""))
    (signal 'sockopt-error
            '("The C files have changed; if the Lisp files are byte-compiled,\
 do that again, then restart Emacs"))))

(defun sockopt--file-stamp (file)
  "Return the stamp in the module FILE, or nil."
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file)
    ;; Much faster than a search for the whole as a regexp.
    (let ((case-fold-search nil))
      (and (search-forward "sockopt-stamp:" nil t)
           (looking-at "[0-9A-Za-z.:-]*")
           (match-string 0)))))

(defun sockopt--install-directory ()
  "Return the directory to install the module in."
  (cond (sockopt-module-directory)
        ((file-writable-p sockopt--directory) sockopt--directory)
        (t (locate-user-emacs-file "sockopt/"))))

(defun sockopt--module-files ()
  "Return the files that may be the module, those to prefer first."
  (let ((name (concat "sockopt-module" module-file-suffix)))
    (cl-loop for directory
             in (delete-dups
                 (append (delq nil load-path)
                         (list sockopt--directory
                               (sockopt--install-directory)
                               (locate-user-emacs-file "sockopt/"))))
             collect (expand-file-name name directory))))

(defun sockopt--usable-module (files)
  "Return the first of the module FILES that is made for this package."
  (cl-loop for file in files
           when (and (file-readable-p file)
                     (string-prefix-p sockopt--stamp
                                      (or (sockopt--file-stamp file) "")))
           return file))

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
         (or (sockopt--source-directory sockopt--directory)
             (signal 'sockopt-error
                     '("The C files of sockopt are not installed")))))
    (sockopt--check-sources)
    `(,@(split-string-and-unquote (or (getenv "CC") "cc"))
      "-std=gnu11" "-O2" "-fPIC" "-shared" "-fvisibility=hidden" "-pthread"
      ,(format "-DSOCKOPT_STAMP=\"%s\"" sockopt--stamp)
      "-I" ,directory
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
  (sockopt--check-module-support)
  (let* ((files (sockopt--module-files))
         (problem (if (cl-loop for file in files thereis (file-readable-p file))
                      "was built from other sources or for another version"
                    "is not built")))
    (cond
     ((sockopt--usable-module files))
     ((sockopt--check-sources))
     ((or noninteractive sockopt--inhibit-offer)
      (signal 'sockopt-error
              (list (format "The module %s; run M-x sockopt-module-compile"
                            problem))))
     ((y-or-n-p (format "The module of sockopt %s; build it now? " problem))
      (sockopt-module-compile)
      (or (sockopt--usable-module (sockopt--module-files))
          (signal 'sockopt-error '("The module that was built is not found"))))
     (t (signal 'sockopt-error
                '("The module is needed; run M-x sockopt-module-compile"))))))

(provide 'sockopt-build)
;;; sockopt-build.el ends here
