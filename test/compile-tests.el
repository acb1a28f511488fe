;;; compile-tests.el --- Test what the byte compiler is told  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Emacs checks the keywords of `make-network-process' since version 30.
;; Here a function of the tests' own stands for its compiler macro, so that
;; older ones test ours as well.

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-compile)

(defmacro compile-tests--with-macro (function &rest body)
  "Evaluate BODY with FUNCTION for core's compiler macro, then clean up."
  (declare (indent 1) (debug t))
  `(let ((old (mapcar (lambda (property)
                        (cons property (get 'make-network-process property)))
                      '(compiler-macro sockopt--macro))))
     (unwind-protect
         (progn
           (put 'make-network-process 'sockopt--macro nil)
           (put 'make-network-process 'compiler-macro ,function)
           ,@body)
       (pcase-dolist (`(,property . ,value) old)
         (put 'make-network-process property value)))))

(ert-deftest compile-tests-without-options ()
  "Our options are left out with their values; all else stays in order."
  (pcase-dolist (`(,arguments ,left)
                 '((() ())
                   ((:name "x" :tcp-keepidle 30 :service 7)
                    (:name "x" :service 7))
                   ((:tcp-keepidle 30 :child-options '(:priority 3)) ())
                   ;; Core's own are for core to check.
                   ((:keepalive t :tcp-keepidle 30) (:keepalive t))
                   ((:tcp-keepidel 30) (:tcp-keepidel 30))
                   ;; What has no value is for core to complain of.
                   ((:name "x" :tcp-keepidle) (:name "x" :tcp-keepidle))
                   ((:name) (:name))
                   ((name :keepalive) (name :keepalive))))
    (should (equal (sockopt-compile--without-options arguments) left))))

(ert-deftest compile-tests-check ()
  "Core checks what is left; what is compiled is the call as it was."
  (let* ((form '(make-network-process :name "x" :tcp-keepidle 30))
         seen
         (core (lambda (&rest arguments) (setq seen arguments) 'other)))
    (should (eq (apply #'sockopt-compile--check core form (cdr form)) form))
    (should (equal seen (list form :name "x")))))

(ert-deftest compile-tests-teach ()
  "Core's macro is wrapped once, and comes back when that is undone."
  (let* ((calls 0)
         (core (lambda (form &rest _) (cl-incf calls) form))
         (form '(make-network-process :tcp-keepidle 30)))
    (compile-tests--with-macro core
      (sockopt-compile--teach)
      (sockopt-compile--teach)
      (let ((macro (get 'make-network-process 'compiler-macro)))
        (should-not (eq macro core))
        (should (eq (apply macro form (cdr form)) form))
        (should (= calls 1)))
      (should-not (sockopt-compile-unload-function))
      (should (eq (get 'make-network-process 'compiler-macro) core))
      (should-not (get 'make-network-process 'sockopt--macro))
      ;; Twice is once.
      (sockopt-compile-unload-function)
      (should (eq (get 'make-network-process 'compiler-macro) core)))))

(ert-deftest compile-tests-older-emacs ()
  "Where core checks nothing there is nothing to teach, or to undo."
  (compile-tests--with-macro nil
    (sockopt-compile--teach)
    (sockopt-compile-unload-function)
    (should-not (get 'make-network-process 'compiler-macro))))

(defconst compile-tests--probe
  '(list (not (memq #'sockopt--teach-compiler after-load-functions))
         (and (get 'make-network-process 'sockopt--macro) t))
  "Whether the hook is gone, and whether the byte compiler is taught.")

(ert-deftest compile-tests-whichever-is-first ()
  "The byte compiler is taught, be it loaded before or after the package."
  (dolist (files '(("bytecomp" "sockopt") ("sockopt" "bytecomp")))
    (let ((output (apply #'sockopt-tests-emacs
                         "-L" (file-name-directory (locate-library "sockopt"))
                         (append (mapcan (lambda (file) (list "-l" file)) files)
                                 (list "--eval"
                                       (format "(princ %S)"
                                               compile-tests--probe))))))
      (should (equal (read output)
                     ;; Emacs 30 is the first that checks keywords.
                     (list t (>= emacs-major-version 30)))))))

(provide 'compile-tests)
;;; compile-tests.el ends here
