;;; load-tests.el --- Tests of building and loading the module  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-build)

(defmacro load-tests--with-copy (directory &rest body)
  "Evaluate BODY with DIRECTORY bound to that of a copy of the package."
  (declare (indent 1) (debug t))
  `(sockopt-tests-with-directory ,directory
     (dolist (part '("lisp" "module"))
       (copy-directory part (expand-file-name part ,directory) nil t t))
     (dolist (file (directory-files (expand-file-name "lisp" ,directory) t
                                    "\\.\\(?:so\\|dylib\\|elc\\)\\'"))
       (delete-file file))
     (let ((process-environment (sockopt-tests-build-environment)))
       ,@body)))

(defun load-tests--run (directory form)
  "Return what Emacs prints when it evaluates FORM with the copy DIRECTORY."
  (sockopt-tests-emacs "-L" (expand-file-name "lisp" directory)
                       "--eval" (format "%S" form)))

(defconst load-tests--use
  '(condition-case error
       (message "GOT %S" (sockopt-get
                          (make-network-process :name "s" :server t
                                                :host "127.0.0.1"
                                                :service t)
                          :reuseaddr))
     (error (message "ERROR %S" error)))
  "A form that needs the module.")

(ert-deftest load-tests-require-is-quiet ()
  "Requiring the package loads and builds nothing and says nothing."
  (load-tests--with-copy directory
    (should (equal (load-tests--run
                    directory '(progn (require 'sockopt)
                                      (when (fboundp 'sockopt--rows)
                                        (message "loaded"))))
                   ""))
    (should-not (file-expand-wildcards
                 (expand-file-name "lisp/*.so" directory)))))

(ert-deftest load-tests-not-built ()
  "A batch Emacs without the module names the command that builds it."
  (load-tests--with-copy directory
    (should (string-match-p
             "sockopt-error .*not built.*M-x sockopt-module-compile"
             (load-tests--run directory
                              `(progn (require 'sockopt)
                                      ,load-tests--use))))))

(ert-deftest load-tests-compile ()
  "The command builds the module, shows how, and leaves no other file."
  (load-tests--with-copy directory
    (let ((output (load-tests--run
                   directory `(progn (require 'sockopt)
                                     (sockopt-module-compile)
                                     ,load-tests--use))))
      (should (string-match-p "-shared" output))
      (should (string-match-p "Compilation of sockopt's module: done"
                              output))
      (should (string-match-p "^GOT t" output))
      (should (= 1 (length (directory-files
                            (expand-file-name "lisp" directory) nil
                            "\\.so\\'"))))
      ;; Others may load it.
      (should (= #o755 (file-modes (expand-file-name
                                    (concat "lisp/sockopt-module"
                                            module-file-suffix)
                                    directory)))))))

(ert-deftest load-tests-stale ()
  "A module that was built from other sources is not loaded."
  (load-tests--with-copy directory
    (load-tests--run directory '(progn (require 'sockopt)
                                       (sockopt-module-compile)))
    (append-to-file "/* Another line.  */\n" nil
                    (expand-file-name "module/option/kind.c" directory))
    (should (string-match-p
             "sockopt-error .*other sources.*M-x sockopt-module-compile"
             (load-tests--run directory
                              `(progn (require 'sockopt)
                                      ,load-tests--use))))))

(ert-deftest load-tests-other-version ()
  "Without the C files, the version decides."
  (load-tests--with-copy directory
    (load-tests--run directory '(progn (require 'sockopt)
                                       (sockopt-module-compile)))
    (delete-directory (expand-file-name "module" directory) t)
    (should (string-match-p "^GOT t"
                            (load-tests--run
                             directory `(progn (require 'sockopt)
                                               ,load-tests--use))))
    (let ((file (expand-file-name "lisp/sockopt.el" directory)))
      (with-temp-buffer
        (insert-file-contents file)
        (re-search-forward "^;; Version: ")
        (delete-region (point) (line-end-position))
        (insert "0.0.7")
        (write-region nil nil file nil 'quiet)))
    (should (string-match-p
             "sockopt-error .*another version"
             (load-tests--run directory
                              `(progn (require 'sockopt)
                                      ,load-tests--use))))))

(ert-deftest load-tests-compiled-before ()
  "The module must go with the Lisp files as they were byte-compiled."
  (load-tests--with-copy directory
    (let ((byte-compile `(byte-compile-file
                          ,(expand-file-name "lisp/sockopt-build.el"
                                             directory)))
          (compile '(condition-case error
                        (progn (sockopt-module-compile)
                               (message "BUILT"))
                      (error (message "ERROR %S" error))))
          (use `(progn (require 'sockopt) ,load-tests--use)))
      (load-tests--run directory byte-compile)
      (should (string-match-p "^BUILT"
                              (load-tests--run
                               directory `(progn (require 'sockopt)
                                                 ,compile))))
      (append-to-file "/* Another line.  */\n" nil
                      (expand-file-name "module/option/kind.c" directory))
      (should (string-match-p "^GOT t" (load-tests--run directory use)))
      (should (string-match-p
               "ERROR .*sockopt-error .*byte-compile"
               (load-tests--run directory `(progn (require 'sockopt)
                                                  ,compile))))
      (should (string-match-p "^GOT t" (load-tests--run directory use)))
      (load-tests--run directory byte-compile)
      (should (string-match-p "sockopt-error .*other sources"
                              (load-tests--run directory use)))
      (should (string-match-p "^BUILT"
                              (load-tests--run
                               directory `(progn (require 'sockopt)
                                                 ,compile))))
      (should (string-match-p "^GOT t" (load-tests--run directory use))))))

(ert-deftest load-tests-links ()
  "Lisp files that links lead to build the module beside their own."
  (load-tests--with-copy directory
    (let ((links (expand-file-name "links/lisp" directory)))
      (make-directory links t)
      (dolist (file (directory-files (expand-file-name "lisp" directory) t
                                     "\\.el\\'"))
        (make-symbolic-link file (file-name-as-directory links)))
      (should (string-match-p
               "^GOT t"
               (load-tests--run (expand-file-name "links" directory)
                                `(progn (require 'sockopt)
                                        (sockopt-module-compile)
                                        ,load-tests--use)))))))

(ert-deftest load-tests-interpreted ()
  "All that describes an option is there without compiling the caller."
  (should (string-match-p
           "connection"
           (load-tests--run
            default-directory
            '(progn (require 'sockopt)
                    (message "%s" (sockopt-option-doc
                                   (sockopt-option :keepalive))))))))

(ert-deftest load-tests-compiler-fails ()
  "When the compiler fails, the module that was there stays."
  (load-tests--with-copy directory
    (let ((old (expand-file-name (concat "lisp/sockopt-module"
                                         module-file-suffix)
                                 directory))
          (process-environment (cons "CC=false" process-environment)))
      (write-region "old" nil old nil 'quiet)
      (should (string-match-p
               "did not compile"
               (load-tests--run
                directory '(progn (require 'sockopt)
                                  (condition-case error
                                      (sockopt-module-compile)
                                    (error (message "%S" error)))))))
      (should (equal (with-temp-buffer (insert-file-contents old)
                                       (buffer-string))
                     "old"))
      (should (= 1 (length (directory-files
                            (expand-file-name "lisp" directory) nil
                            "\\.so\\'")))))))

(ert-deftest load-tests-no-compiler ()
  "When there is no compiler, the packages that have one are named."
  (load-tests--with-copy directory
    (let ((process-environment (cons "CC=no-such-compiler"
                                     process-environment)))
      (should (string-match-p
               "`no-such-compiler' found; install gcc and libc6-dev"
               (load-tests--run
                directory '(progn (require 'sockopt)
                                  (condition-case error
                                      (sockopt-module-compile)
                                    (sockopt-error
                                     (message "%s" (cadr error)))))))))))

(ert-deftest load-tests-no-header ()
  "When emacs-module.h is missing, its package is named."
  (cl-letf (((symbol-function 'locate-file) #'ignore))
    (let ((error (sockopt-tests-error #'sockopt--header-directory)))
      (should (eq (car error) 'sockopt-error))
      (should (string-match-p "emacs-module\\.h.*emacs-common"
                              (cadr error))))))

(ert-deftest load-tests-no-module-support ()
  "An Emacs without modules gets one plain sentence."
  (let ((module-file-suffix nil))
    (should (equal (sockopt-tests-error #'sockopt--load-module)
                   '(sockopt-error
                     "This Emacs was built without support for\
 dynamic modules")))))

(ert-deftest load-tests-interactive-offer ()
  "A command offers to build; a refusal is an error."
  (let (asked)
    (cl-letf (((symbol-function 'sockopt--module-files) #'ignore)
              ((symbol-function 'sockopt--may-ask-p) #'always)
              ((symbol-function 'y-or-n-p)
               (lambda (prompt) (setq asked prompt) nil)))
      (let ((error (sockopt-tests-error #'sockopt--load-module)))
        (should (equal asked "The module of sockopt is not built; build it\
 now? "))
        (should (eq (car error) 'sockopt-error))
        (should (string-match-p "M-x sockopt-module-compile"
                                (cadr error)))))))

(ert-deftest load-tests-no-offer ()
  "What cannot be built is not offered, and no advice leads back here."
  (cl-letf (((symbol-function 'sockopt--module-files) #'ignore)
            ((symbol-function 'sockopt--may-ask-p) #'always)
            ((symbol-function 'sockopt--check-sources)
             (lambda () (sockopt--signal "There are no C files")))
            ((symbol-function 'y-or-n-p)
             (lambda (_) (ert-fail "It was offered"))))
    (should (equal (sockopt-tests-error #'sockopt--load-module)
                   '(sockopt-error "The module is not built.  There are no\
 C files")))))

(ert-deftest load-tests-search-order ()
  "The module is looked for in `load-path' first, then where it is installed."
  (let ((load-path '("/one" nil "/two"))
        (sockopt--directory "/package/")
        (sockopt-module-directory "/chosen/")
        (user-emacs-directory "/user/"))
    (should (equal (mapcar #'file-name-directory (sockopt--module-files))
                   '("/one/" "/two/" "/package/" "/chosen/"
                     "/user/sockopt/")))))

(provide 'load-tests)
;;; load-tests.el ends here
