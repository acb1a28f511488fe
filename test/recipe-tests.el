;;; recipe-tests.el --- Test the recipes against real peers  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-hosts)

(declare-function recipe-who "recipes/recipe-who" (file function))

(defconst recipe-tests--directory (expand-file-name "test/recipes")
  "Where the recipes are.")

(defun recipe-tests--file (name)
  "Return the file of the recipe NAME."
  (expand-file-name (format "recipe-%s.el" name) recipe-tests--directory))

(defun recipe-tests--need (program)
  "Skip the test where there is no PROGRAM."
  (unless (executable-find program)
    (ert-skip (format "There is no %s" program))))

(defun recipe-tests--in (namespace name form)
  "Return what the Emacs in NAMESPACE makes of FORM, with recipe NAME."
  (sockopt-tests-run-in namespace
                        `(progn (load ,(recipe-tests--file name) nil t)
                                ,form)
                        20))

;;; The network

(ert-deftest recipe-tests-wake ()
  "All on the network hear what wakes a computer."
  (sockopt-tests-with-hosts (near far)
    (let ((sleeper (sockopt-tests-emacs-in
                    far
                    '(progn
                       (sockopt-make-network-process
                        :name "asleep" :server t :type 'datagram
                        :coding 'binary :local [0 0 0 0 9]
                        :filter (lambda (_process data)
                                  (message "WOKEN %S" (append data nil))))
                       (message "ASLEEP")
                       (while t (sleep-for 60))))))
      (should (sockopt-tests-says-p sleeper "ASLEEP" 20))
      (should (equal 102 (recipe-tests--in
                          near "wake"
                          '(recipe-wake "02:00:00:ab:cd:ef" "cable"))))
      (should (sockopt-tests-says-p
               sleeper
               (format "WOKEN %S"
                       (append (make-list 6 255)
                               (apply #'append
                                      (make-list 16 '(2 0 0 #xab #xcd
                                                        #xef)))))
               5)))))

;;; This machine

(defmacro recipe-tests--with-file (file &rest body)
  "Evaluate BODY with FILE bound to a name that others can reach."
  (declare (indent 1) (debug (symbolp body)))
  `(sockopt-tests-with-directory directory
     (set-file-modes directory #o755)
     (let ((,file (expand-file-name "socket" directory)))
       (sockopt-tests-clean ,@body))))

(defun recipe-tests--log-as-nobody (file text)
  "Have logger(1), as the user 65534, log TEXT to FILE."
  (set-file-modes file #o666)
  (call-process "setpriv" nil nil nil "--reuid=65534" "--regid=65534"
                "--clear-groups" "logger" "-u" file text))

(defun recipe-tests--nobody ()
  "Return the name of the user 65534."
  (or (user-login-name 65534) "65534"))

(ert-deftest recipe-tests-who ()
  "A server knows whom it serves."
  (recipe-tests--need "logger")
  (recipe-tests--need "setpriv")
  (unless (= (user-uid) 0) (ert-skip "Only root can be another user"))
  (load (recipe-tests--file "who") nil t)
  (recipe-tests--with-file file
    (let (known)
      (recipe-who file (lambda (_process user) (push user known)))
      (recipe-tests--log-as-nobody file "me")
      (should (sockopt-tests-wait (lambda () known)))
      (sockopt-make-network-process :name "own" :family 'local :noquery t
                                    :service file)
      (should (sockopt-tests-wait (lambda () (cdr known))))
      (should (equal known (list (user-login-name)
                                 (recipe-tests--nobody)))))))

(provide 'recipe-tests)
;;; recipe-tests.el ends here
