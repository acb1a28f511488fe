;;; build-tests.el --- Tests of finding and building the module  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-build)

(defconst build-tests--name (concat "sockopt-module" module-file-suffix)
  "The name of the module's file.")

(defmacro build-tests--with (name &rest body)
  "Evaluate BODY with NAME a directory that is alone on `load-path'.
No other place has a module, and none is loaded."
  (declare (indent 1) (debug t))
  `(sockopt-tests-with-directory ,name
     (let ((load-path (list ,name))
           (sockopt--directory (expand-file-name "none/" ,name))
           (user-emacs-directory (expand-file-name "none/" ,name)))
       ,@body)))

(defun build-tests--module (directory &optional stamp text)
  "Write a file in DIRECTORY that has STAMP and TEXT, and return its name."
  (let ((file (expand-file-name build-tests--name directory)))
    (make-directory directory t)
    (write-region (concat text "sockopt-stamp:" (or stamp sockopt--stamp)
                          "\0")
                  nil file nil 'quiet)
    file))

;;; Which file

(ert-deftest build-tests-candidates ()
  "What is no good is named with its reason, and the next one is tried."
  (build-tests--with directory
    (let* ((places (cl-loop for name in '("fifo" "directory" "open" "dir"
                                          "old" "broken")
                            collect (expand-file-name name directory)))
           (load-path places)
           (reasons '("no regular file" "no regular file"
                      "everybody may write .*open/sockopt-module"
                      "everybody may write .*/dir/"
                      "other sources" "invalid ELF\\|too short\\|slice")))
      (cl-loop for place in places
               for name = (file-name-nondirectory place)
               do (build-tests--module place (and (equal name "old") "0:1")))
      (let ((fifo (expand-file-name build-tests--name (nth 0 places)))
            (folder (expand-file-name build-tests--name (nth 1 places))))
        (delete-file fifo)
        (call-process "mkfifo" nil nil nil fifo)
        (delete-file folder)
        (make-directory folder))
      (set-file-modes (expand-file-name build-tests--name (nth 2 places))
                      #o646)
      (set-file-modes (nth 3 places) #o757)
      (let ((problems (sockopt--try-modules)))
        (should (= (length problems) 6))
        (cl-loop for (file . problem) in problems
                 for place in places
                 for reason in reasons
                 do (should (equal (file-name-directory file)
                                   (file-name-as-directory place)))
                 do (should (string-match-p reason problem)))))))

(ert-deftest build-tests-only-open ()
  "Where a module that others may write is all there is, none is to be built.
Where another is out of date, one is."
  (build-tests--with directory
    (let* ((open (expand-file-name "open" directory))
           (old (expand-file-name "old" directory))
           (load-path (list open))
           (message (lambda ()
                      (cadr (sockopt-tests-error #'sockopt--load-module)))))
      (build-tests--module open)
      (set-file-modes open #o757)
      (should (string-match-p "open/; chmod o-w it\\'" (funcall message)))
      ;; Nor is that offered where it could be done.
      (cl-letf (((symbol-function 'sockopt--check-sources) #'ignore)
                ((symbol-function 'sockopt--may-ask-p) #'always)
                ((symbol-function 'y-or-n-p)
                 (lambda (_) (ert-fail "It was offered"))))
        (should (string-match-p "open/; chmod o-w it\\'" (funcall message))))
      (build-tests--module old "0:1")
      (push old load-path)
      ;; There are no sources there.
      (should (string-match-p "chmod o-w it\\.  The C files"
                              (funcall message))))))

(ert-deftest build-tests-next-candidate ()
  "A module that cannot be loaded does not hide one that can."
  (sockopt-tests-with-directory directory
    (build-tests--module directory)
    (should (string-match-p
             "^[1-9][0-9]+ options"
             (sockopt-tests-emacs
              "-L" (file-name-directory (locate-library "sockopt"))
              "-L" directory "-l" "sockopt" "--eval"
              "(message \"%d options\" (length (sockopt-option-list)))")))))

(ert-deftest build-tests-cut-short ()
  "A module whose end is missing is not loaded: that would crash Emacs."
  (build-tests--with directory
    (let* ((whole (sockopt--module-name (expand-file-name "lisp")))
           (size (file-attribute-size (file-attributes whole)))
           (part (expand-file-name build-tests--name directory)))
      (should-not (sockopt--cut-short-p whole))
      (dolist (length (list (1- size) (/ size 2) (/ size 5)))
        (with-temp-buffer
          (set-buffer-multibyte nil)
          (insert-file-contents-literally whole nil 0 length)
          (write-region nil nil part nil 'quiet))
        (should (sockopt--cut-short-p part))
        (should (sockopt--module-problem part))))))

(ert-deftest build-tests-load-path-untouched ()
  "Looking for the module leaves `load-path' as it is."
  ;; It knows what is remote, and no part of it is to be loaded from here.
  (require 'tramp)
  (should (file-remote-p "/ssh:nohost:/x"))
  (let ((load-path (list "/nonexistent" nil "/ssh:nohost:/x" "relative")))
    (should-not (cl-find-if #'file-remote-p (sockopt--module-files)))
    (should (equal load-path '("/nonexistent" nil "/ssh:nohost:/x"
                               "relative")))
    ;; None is looked at twice.
    (let ((load-path '("/nonexistent" "/nonexistent/")))
      (should (equal (sockopt--module-files)
                     (delete-dups (sockopt--module-files)))))))

(ert-deftest build-tests-link-in-open-directory ()
  "A link that everybody could have made leads to no module."
  (build-tests--with directory
    (let ((file (build-tests--module (expand-file-name "safe" directory)))
          (open (expand-file-name "open" directory)))
      (should-not (sockopt--open-to-others file))
      (make-directory open)
      (make-symbolic-link file (file-name-as-directory open))
      (let ((link (expand-file-name build-tests--name open)))
        (should-not (sockopt--open-to-others link))
        (set-file-modes open #o757)
        (should (equal (sockopt--open-to-others link)
                       (cons (file-name-as-directory open) "o")))))))

(ert-deftest build-tests-group ()
  "What a group may write that has others in it is not loaded."
  (unless (eq (user-uid) 0) (ert-skip "Only root can give files away"))
  (build-tests--with directory
    (let* ((place (file-name-as-directory (expand-file-name "g" directory)))
           (file (build-tests--module place)))
      (pcase-dolist (`(,owner ,group ,safe)
                     '(("0" "0" t) ("0" "50" t) ("1234" "1234" t)
                       ("0" "1234" nil) ("1234" "100" nil)))
        (dolist (name (list place file))
          (ert-info ((format "%s of %s:%s" name owner group))
            (call-process "chown" nil nil nil (concat owner ":" group) name)
            (set-file-modes name #o775)
            (if safe
                (should-not (sockopt--open-to-others file))
              (should (equal (sockopt--module-problem file)
                             (format "others in its group may write %s; \
chmod g-w it" name))))
            (set-file-modes name #o755)
            (should-not (sockopt--open-to-others file))))))))

(ert-deftest build-tests-own-group ()
  "The group of the user, or of a file's owner, has nobody else in it."
  (cl-letf (((symbol-function 'group-gid) (lambda () 1234)))
    (pcase-dolist (`(,owner ,group ,others)
                   '((0 1234 nil) (4321 4321 nil) (0 99 nil)
                     (0 100 t) (0 4321 t)))
      (should (eq others (sockopt--others-in-group-p
                          (list nil 1 owner group)))))))

(ert-deftest build-tests-two-stamps ()
  "A stamp that was put before or after another makes no module."
  (build-tests--with directory
    (let ((right (build-tests--module (expand-file-name "a" directory))))
      (should (equal (sockopt--file-stamp right) sockopt--stamp))
      (dolist (text (list "sockopt-stamp:0.0.1:0\0"
                          (format "sockopt-stamp:%s\0" sockopt--stamp)))
        (let ((forged (build-tests--module (expand-file-name "b" directory)
                                           nil text)))
          (should-not (sockopt--file-stamp forged))
          (should (string-match-p "other sources"
                                  (sockopt--module-problem forged)))))
      (should-not (sockopt--file-stamp
                   (build-tests--module
                    (expand-file-name "c" directory) "0.0.1:0"
                    (format "sockopt-stamp:%s\0" sockopt--stamp)))))))

(ert-deftest build-tests-stale ()
  "Byte code is named that is older than its source."
  (sockopt-tests-with-directory directory
    (let ((sockopt--directory (file-name-as-directory directory)))
      (build-tests--touch directory "sockopt-a.el" "sockopt-a.elc"
                          "sockopt-b.el" "sockopt-b.elc")
      (set-file-times (expand-file-name "sockopt-a.elc" directory)
                      '(20000 0))
      (set-file-times (expand-file-name "sockopt-b.el" directory)
                      '(20000 0))
      (should (equal (sockopt--report-stale) '("sockopt-a.elc"))))))

(ert-deftest build-tests-stamp-whole ()
  "A stamp that only begins right does not fit."
  (let ((sockopt--stamp "0.1.0:abc"))
    (should (sockopt--stamp-fits-p "0.1.0:abc"))
    (dolist (stamp '("0.1.0:abcd" "0.1.0:ab" "0.1.0:" "" nil))
      (should-not (sockopt--stamp-fits-p stamp))))
  (let ((sockopt--stamp "0.1.0:"))
    (should (sockopt--stamp-fits-p "0.1.0:abc"))
    (should-not (sockopt--stamp-fits-p "0.1.01:abc"))))

(ert-deftest build-tests-words ()
  "What `module-load' says is explained."
  (should (string-match-p
           "another C library"
           (sockopt--explain-load
            '(module-open-failed "m.so" "libc.so.6: version `GLIBC_2.99'\
 not found (required by m.so)"))))
  (should (string-match-p
           "another Emacs"
           (sockopt--explain-load '(module-init-failed "m.so" 1)))))

(defun build-tests--touch (root &rest names)
  "Make empty files called NAMES beneath ROOT."
  (dolist (name names)
    (let ((file (expand-file-name name root)))
      (make-directory (file-name-directory file) t)
      (write-region "" nil file nil 'quiet))))

(ert-deftest build-tests-sources ()
  "The C files are within the Lisp files' directory, or beside it, or beside
the one that links lead to."
  (sockopt-tests-with-directory root
    (let ((main "emacs/sockopt-module.c"))
      (cl-flet ((found (lisp)
                  (let ((place (sockopt--source-directory
                                (expand-file-name lisp root))))
                    (and place
                         (directory-file-name
                          (file-relative-name place root))))))
        (build-tests--touch root "a/sockopt.el" "b/lisp/sockopt.el"
                            (concat "b/module/" main))
        (should-not (found "a/"))
        (should (equal (found "b/lisp/") "b/module"))
        (make-directory (expand-file-name "c/lisp" root) t)
        (make-symbolic-link (expand-file-name "b/lisp/sockopt.el" root)
                            (expand-file-name "c/lisp/sockopt.el" root))
        (should (equal (found "c/lisp/") "b/module"))
        (build-tests--touch root (concat "c/module/" main))
        (should (equal (found "c/lisp/") "c/module"))
        (build-tests--touch root (concat "c/lisp/module/" main))
        (should (equal (found "c/lisp/") "c/lisp/module"))))))

(ert-deftest build-tests-where-to ()
  "The module goes where the user says, else beside Lisp if that can be."
  (sockopt-tests-with-directory root
    (let ((sockopt--directory (file-name-as-directory root))
          (user-emacs-directory "/nonexistent/"))
      (let ((sockopt-module-directory "/chosen/"))
        (should (equal (sockopt--install-directory) "/chosen/")))
      (should (equal (sockopt--install-directory) sockopt--directory))
      (cl-letf (((symbol-function 'file-writable-p)
                 (lambda (file) (not (equal file sockopt--directory)))))
        (should (equal (sockopt--install-directory)
                       "/nonexistent/sockopt/"))))))

;;; Building

(defmacro build-tests--with-compiler (script directory &rest body)
  "Evaluate BODY with the shell SCRIPT as compiler.
The module goes to DIRECTORY, a variable."
  (declare (indent 2) (debug t))
  `(sockopt-tests-with-directory ,directory
     (let* ((compiler (expand-file-name "compiler" ,directory))
            (process-environment (cons (concat "CC=" compiler)
                                       process-environment))
            (sockopt-module-directory (expand-file-name "to" ,directory))
            (inhibit-message t)
            (sockopt--build nil))
       (write-region (concat "#!/bin/sh\n" ,script "\n") nil compiler nil
                     'quiet)
       (set-file-modes compiler #o755)
       (unwind-protect
           (progn ,@body)
         (when (process-live-p sockopt--build)
           (delete-process sockopt--build))
         (when (get-buffer "*sockopt-module-compilation*")
           (kill-buffer "*sockopt-module-compilation*"))))))

(defun build-tests--installed ()
  "Return what is where the module goes."
  (directory-files sockopt-module-directory nil "\\`[^.]"))

(ert-deftest build-tests-missing-headers ()
  "Where the C library's headers are missing, their package is named."
  (build-tests--with-compiler
      "echo 'x.c:1:10: fatal error: errno.h: No such file or directory'
exit 1" directory
    (should (string-match-p
             "libc6-dev"
             (cadr (sockopt-tests-error #'sockopt-module-compile))))
    (should-not (build-tests--installed))))

(ert-deftest build-tests-background ()
  "In the background Emacs goes on, and a second call is refused."
  (build-tests--with-compiler
      "for last; do [ \"$o\" = -o ] && to=$last; o=$last; done
for i in 1 2 3 4 5 6 7 8 9; do [ -e \"$0-go\" ] || sleep 1; done
echo built >\"$to\"" directory
    (let* ((old (build-tests--module sockopt-module-directory))
           (inode (file-attribute-inode-number (file-attributes old)))
           (process (sockopt-module-compile t)))
      (should (string-match-p
               "being built"
               (cadr (sockopt-tests-error #'sockopt-module-compile))))
      (write-region "" nil (expand-file-name "compiler-go" directory)
                    nil 'quiet)
      (should (sockopt-tests-wait
               (lambda () (equal (build-tests--installed)
                                 (list build-tests--name)))))
      (should-not (process-get process 'problem))
      ;; Whoever has the old file mapped keeps that: this is another.
      (should-not (eql inode (file-attribute-inode-number
                              (file-attributes old))))
      (should (equal (file-modes (expand-file-name
                                  build-tests--name
                                  sockopt-module-directory))
                     #o755)))))

(ert-deftest build-tests-cannot-write ()
  "Where the module cannot be written, that says what to set."
  (build-tests--with-compiler "true" directory
    (let ((sockopt-module-directory (expand-file-name "compiler/to"
                                                      directory)))
      (let ((error (sockopt-tests-error #'sockopt-module-compile)))
        (should (eq (car error) 'sockopt-error))
        (should (string-match-p "compiler/to.*set `sockopt-module-directory'"
                                (cadr error)))))))

(ert-deftest build-tests-into-open-directory ()
  "What is built where everybody may write tells at once that it is no use."
  (build-tests--with-compiler "true" directory
    (make-directory sockopt-module-directory)
    (set-file-modes sockopt-module-directory #o777)
    (should (string-match-p
             "not loaded: everybody may write .*to/?; chmod o-w it"
             (cadr (sockopt-tests-error #'sockopt-module-compile))))
    (set-file-modes sockopt-module-directory #o755)
    (should-not (sockopt-tests-error #'sockopt-module-compile))))

(ert-deftest build-tests-no-sources-there ()
  "A wrong `sockopt-source-directory' is told of, not passed over."
  (sockopt-tests-with-directory directory
    (let ((sockopt-source-directory directory))
      (should (string-search
               "has no directory \"module\""
               (cadr (sockopt-tests-error #'sockopt--check-sources)))))))

(ert-deftest build-tests-quit ()
  "Quitting while waiting ends the compiler and leaves nothing."
  (build-tests--with-compiler "exec sleep 30" directory
    (let ((timer (run-at-time 0.3 nil (lambda () (signal 'quit nil)))))
      (ignore timer)
      ;; A timer's quit does not get out; that of the user does.
      (cl-letf (((symbol-function 'progress-reporter-update)
                 (lambda (&rest _) (signal 'quit nil))))
        (should (equal '(quit) (condition-case error
                                   (sockopt-module-compile)
                                 (quit error)))))
      (should (sockopt-tests-wait
               (lambda () (not (process-live-p sockopt--build)))))
      (should (sockopt-tests-wait
               (lambda () (null (build-tests--installed))))))))

;;; Whom to ask

(ert-deftest build-tests-ask-nobody ()
  "Batch, a daemon, filters and timers ask nothing."
  (let ((noninteractive nil)
        (this-command 'x)
        (inhibit-quit nil))
    (cl-letf (((symbol-function 'terminal-name) (lambda () "/dev/tty")))
      (should (sockopt--may-ask-p))
      (let ((noninteractive t)) (should-not (sockopt--may-ask-p)))
      (let ((this-command nil)) (should-not (sockopt--may-ask-p)))
      (let ((inhibit-quit t)) (should-not (sockopt--may-ask-p)))
      (let ((sockopt--inhibit-offer t)) (should-not (sockopt--may-ask-p))))
    (should (equal (terminal-name) "initial_terminal"))
    (should-not (sockopt--may-ask-p))))

(defun build-tests--copy (directory)
  "Copy the package to DIRECTORY, without its module."
  (dolist (part '("lisp" "module"))
    (copy-directory part (expand-file-name part directory) nil t t))
  (dolist (file (directory-files (expand-file-name "lisp" directory) t
                                 "\\.\\(?:so\\|dylib\\|elc\\)\\'"))
    (delete-file file)))

(defun build-tests--terminal (directory)
  "Start an Emacs on a terminal, with the copy in DIRECTORY.
C-c q is a command that needs the module; a timer needs it, too.  What
comes of them goes into files of these names in DIRECTORY."
  (let ((form
         `(progn
            (require 'sockopt)
            (defun try (name)
              (write-region
               (condition-case error
                   (format "%d" (length (sockopt-option-list)))
                 (error (error-message-string error)))
               nil (expand-file-name name ,directory)))
            (run-at-time 0.2 nil #'try "timer")
            (global-set-key (kbd "C-c q") (lambda () (interactive)
                                            (try "command"))))))
    (make-process
     :name "terminal" :connection-type 'pty :noquery t
     :filter (lambda (process string)
               (process-put process 'output
                            (concat (process-get process 'output) string)))
     :command (list "env" "TERM=vt100"
                    (expand-file-name invocation-name invocation-directory)
                    "-Q" "-nw" "-L" (expand-file-name "lisp" directory)
                    "--eval" (format "%S" form)))))

(ert-deftest build-tests-terminal ()
  "A command asks and builds; a timer says what to do."
  :tags '((needs :tcp-info))
  (skip-unless (not (getenv "REPORT")))
  (sockopt-tests-with-directory directory
    (build-tests--copy directory)
    (sockopt-tests-clean
      (let ((emacs (build-tests--terminal directory))
            (text (lambda (name)
                    (let ((file (expand-file-name name directory)))
                      (and (file-exists-p file)
                           (with-temp-buffer
                             (insert-file-contents file)
                             ;; It is made before it is written.
                             (and (< 1 (point-max)) (buffer-string))))))))
        (should (sockopt-tests-wait (lambda () (funcall text "timer")) 20))
        (should (string-match-p "not built; run M-x sockopt-module-compile"
                                (funcall text "timer")))
        (process-send-string emacs "\C-cq")
        (should (sockopt-tests-says-p emacs "build it now? " 20))
        (process-send-string emacs "y")
        (should (sockopt-tests-says-p emacs "Building sockopt's module" 20))
        (should (sockopt-tests-wait (lambda () (funcall text "command")) 60))
        (should (equal (funcall text "command")
                       (number-to-string
                        (length (sockopt-option-list)))))))))

(ert-deftest build-tests-report ()
  "The report says what is where and what is wrong."
  (sockopt-tests-with-directory directory
    (build-tests--module directory "0:1")
    (let* ((load-path (cons directory load-path))
           (lines (mapconcat #'identity (sockopt--report-lines) "\n")))
      (dolist (regexp (list (regexp-quote emacs-version)
                            "version [0-9.]+" "C files: .*module"
                            (concat "Stamp to have: "
                                    (regexp-quote sockopt--stamp))
                            "stamp 0:1: it was built from other sources"
                            ": fits"))
        (should (string-match-p regexp lines))))))

(provide 'build-tests)
;;; build-tests.el ends here
