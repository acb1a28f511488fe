;;; sockopt-tests-receive.el --- Processes of datagrams that receive  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)

(defun sockopt-tests-receive-server (maker family directory)
  "Make a server of datagrams with MAKER, of FAMILY.
DIRECTORY is where a local one goes."
  ;; Of those that may reuse an address, as servers may unless told, Linux
  ;; gives the same free port to several, and one gets what is for another:
  ;; that of another Emacs which runs tests at the same time.
  (apply maker :name "server" :type 'datagram :server t :noquery t
         :family family :coding 'binary
         (if (eq family 'local)
             (list :service (expand-file-name "server" directory))
           (list :host 'local :service t :reuseaddr nil))))

(defun sockopt-tests-receive-client (maker server)
  "Make a client with MAKER that sends datagrams to SERVER."
  (funcall maker :name "client" :type 'datagram :noquery t :coding 'binary
           :family (process-contact server :family)
           :remote (process-contact server :local)))

(defmacro sockopt-tests-receive-with (spec &rest body)
  "Evaluate BODY with a server and its client, as bound by SPEC.
SPEC is (SERVER CLIENT MAKER FAMILY); the last two are
`make-network-process' and ipv4 if they are not there."
  (declare (indent 1) (debug (sexp body)))
  (pcase-let ((`(,server ,client ,maker ,family) spec))
    `(sockopt-tests-with-directory directory
       (sockopt-tests-clean
         (let* ((,server (sockopt-tests-receive-server
                          ,(or maker '#'make-network-process)
                          ,(or family ''ipv4) directory))
                (,client (sockopt-tests-receive-client
                          ,(or maker '#'make-network-process) ,server)))
           ,@body)))))

(defun sockopt-tests-receive-all (process)
  "Have PROCESS receive into a list and return a function that returns that.
It has (DATA ADDRESS INFO) of each datagram, the first that came first."
  (let ((all nil))
    (sockopt-receive process (lambda (_process data address info)
                               (push (list data address info) all)))
    (lambda () (reverse all))))

(defun sockopt-tests-receive-data (all)
  "Return the data of what the function ALL returns."
  (mapcar #'car (funcall all)))

(defun sockopt-tests-receive-some (all count)
  "Wait until the function ALL returns COUNT datagrams, and return them."
  (sockopt-tests-wait (lambda () (>= (length (funcall all)) count)))
  (funcall all))

(defun sockopt-tests-receive-one (all)
  "Wait until the function ALL returns some datagram, and return the first."
  (car (sockopt-tests-receive-some all 1)))

(defun sockopt-tests-receive-nothing-left-p ()
  "Return non-nil if there is neither channel nor advice."
  (and (null (bound-and-true-p sockopt--receive-channels))
       (not (advice-member-p 'sockopt--accept 'accept-process-output))))

(defun sockopt-tests-emacs-without-assertions (&rest arguments)
  "Return the output of another Emacs with ARGUMENTS.
It has no module assertions, for which Emacs keeps much."
  (let ((command (delete "--module-assertions"
                         (apply #'sockopt-tests-command
                                "-L" (file-name-directory
                                      (locate-library "sockopt"))
                                "-L" (file-name-directory
                                      (locate-library "sockopt-tests-lib"))
                                arguments))))
    (with-temp-buffer
      (apply #'call-process (car command) nil t nil (cdr command))
      (buffer-string))))

(provide 'sockopt-tests-receive)
;;; sockopt-tests-receive.el ends here
