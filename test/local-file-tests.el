;;; local-file-tests.el --- Tests of clients bound to a file  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-local)

(defmacro local-file-tests--with (names &rest body)
  "Evaluate BODY with NAMES bound to (SERVER FILE).
SERVER is one of datagrams, which answers; FILE is a name that is free."
  (declare (indent 1) (debug (sexp body)))
  `(sockopt-tests-with-directory directory
     (sockopt-tests-clean
       (let ((,(car names)
              (sockopt-make-network-process
               :name "server" :server t :type 'datagram :family 'local
               :noquery t :service (expand-file-name "server" directory)
               :filter #'sockopt-tests-shout))
             (,(cadr names) (expand-file-name "client" directory)))
         ,@body))))

(defun local-file-tests--client (server file &rest arguments)
  "Make a client of SERVER that is bound to FILE, with ARGUMENTS besides."
  (apply #'sockopt-make-network-process
         (append arguments
                 (list :name "client" :type 'datagram :family 'local
                       :noquery t :service (process-contact server :local)
                       :local file))))

(ert-deftest local-file-tests-answers ()
  "A server of datagrams can answer a client that has a name."
  (local-file-tests--with (server file)
    (let* ((place (list ""))
           (client (local-file-tests--client
                    server file :filter (sockopt-tests-collector place))))
      (process-send-string client "ping")
      (should (sockopt-tests-wait (lambda () (equal (car place) "PING")))))))

(ert-deftest local-file-tests-goes ()
  "The file is there while the process is, and then gone."
  (local-file-tests--with (server file)
    (dotimes (_ 2)
      (let* ((told nil)
             (client (local-file-tests--client
                      server file :sentinel (lambda (&rest arguments)
                                              (setq told arguments)))))
        (should (equal (process-contact client :local) file))
        (should (file-exists-p file))
        (delete-process client)
        (should-not (file-exists-p file))
        (should (equal told (list client "deleted\n")))))))

(ert-deftest local-file-tests-streams ()
  "So is that of a stream, which goes as well when the server hangs up."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((child nil)
             (file (expand-file-name "client" directory))
             (server (sockopt-make-network-process
                      :name "server" :server t :family 'local :noquery t
                      :service (expand-file-name "server" directory)
                      :log (lambda (_server one _message)
                             (setq child one)))))
        (dolist (nowait '(nil t))
          (let ((client (local-file-tests--client
                         server file :type nil :nowait nowait
                         :sentinel #'ignore)))
            (should (sockopt-tests-open-p client))
            (should (equal (process-contact client :local) file))
            (should (file-exists-p file))
            (should (sockopt-tests-wait (lambda () child)))
            (should (equal (process-contact child :remote) file))
            (delete-process child)
            (setq child nil)
            (should (sockopt-tests-wait
                     (lambda () (not (file-exists-p file)))))
            (should-not (process-live-p client))))))))

(ert-deftest local-file-tests-other-sentinel ()
  "One whose sentinel was replaced leaves it to whoever wants it next."
  (local-file-tests--with (server file)
    (dotimes (_ 3)
      (let ((client (local-file-tests--client server file)))
        (set-process-sentinel client #'ignore)
        (delete-process client)
        (should (file-exists-p file))))))

(ert-deftest local-file-tests-garbage ()
  "Or to the garbage collector, which no longer cares afterwards."
  (local-file-tests--with (server file)
    (let ((client (local-file-tests--client server file)))
      (set-process-sentinel client #'ignore)
      (garbage-collect)
      (should (file-exists-p file))
      (delete-process client)
      (garbage-collect)
      (should-not (file-exists-p file))
      (should-not (memq #'sockopt--remove-local-files post-gc-hook)))))

(ert-deftest local-file-tests-not-while-alive ()
  "The file of a process that lives stays, whatever becomes garbage."
  (local-file-tests--with (server file)
    (local-file-tests--client server file)
    (set-process-plist (get-process "client") nil)
    (dotimes (_ 3)
      (garbage-collect))
    (should (file-exists-p file))
    (let ((other (local-file-tests--client server (concat file "2"))))
      (delete-process other))
    (should (file-exists-p file))))

(ert-deftest local-file-tests-another ()
  "A file of the same name that came later is not removed."
  (local-file-tests--with (server file)
    (let ((client (local-file-tests--client server file)))
      (rename-file file (concat file "-moved"))
      (write-region "mine" nil file nil 'silent)
      (delete-process client)
      (should (file-exists-p file)))))

(ert-deftest local-file-tests-exit ()
  "The file goes when Emacs does; a relative name is where it was started."
  (sockopt-tests-with-directory directory
    (let ((output (let ((default-directory
                         (file-name-as-directory directory)))
                    (sockopt-tests-emacs
                     "-L" (file-name-directory (locate-library "sockopt"))
                     "-l" "sockopt" "--eval"
                     (format
                      "%S" '(let ((default-directory "/"))
                              (sockopt-make-network-process
                               :name "c" :type 'datagram :family 'local
                               :service "nobody" :local "client")
                              (princ (file-exists-p
                                      (concat command-line-default-directory
                                              "client")))))))))
      (should (string-suffix-p "t" output))
      (should-not (file-exists-p (expand-file-name "client" directory))))))

(ert-deftest local-file-tests-nothing-left ()
  "After an error there is no file."
  (sockopt-tests-with-directory directory
    (let ((file (expand-file-name "client" directory))
          (nobody (expand-file-name "nobody" directory)))
      (dolist (arguments `((:family local :service ,nobody)
                           (:family local :service ,nobody :nowait t)
                           (:family local :service ,nobody :type datagram
                                    :buffer 42)
                           (:family local :service ,nobody :type datagram
                                    :tcp-nodelay t)))
        (sockopt-tests-clean
          (ignore-errors
            (apply #'sockopt-make-network-process :name "client"
                   :local file arguments))
          (should (sockopt-tests-wait
                   (lambda () (null (directory-files directory nil
                                                     "\\`[^.]"))))))))))

(ert-deftest local-file-tests-half-made ()
  "What fails once there is a process leaves none, either."
  (local-file-tests--with (server file)
    (cl-letf (((symbol-function 'sockopt--set-contact)
               (lambda (&rest _) (error "Half made"))))
      (should-error (local-file-tests--client server file)))
    (should-not (file-exists-p file))))

(ert-deftest local-file-tests-errors ()
  "What is in the way is named, with what would do."
  (local-file-tests--with (server file)
    (let ((fail (lambda (name)
                  (sockopt-tests-error
                   (lambda () (local-file-tests--client server name))))))
      (write-region "" nil file nil 'silent)
      (pcase (funcall fail file)
        (`(sockopt-system-error "Cannot bind client socket" ,_ :local
                                ,(pred (equal file)) ,hint)
         (should (string-match-p "delete it" hint)))
        (error (ert-fail (list error))))
      (should (file-exists-p file))
      (pcase (funcall fail (concat file "/none"))
        (`(sockopt-system-error ,_ ,_ :local ,_) t)
        (error (ert-fail (list error))))
      (pcase (funcall fail "/nowhere/client")
        (`(sockopt-file-missing ,_ ,_ :local "/nowhere/client" ,hint)
         (should (string-match-p "no such directory" hint)))
        (error (ert-fail (list error)))))))

(provide 'local-file-tests)
;;; local-file-tests.el ends here
