;;; sockopt-tests-names.el --- A name server of the tests' own  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A form is evaluated in an Emacs of its own, in a network namespace that
;; has a name server, made for these tests, and addresses that do not
;; answer.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt-tests-lib)

;;; The name server

(defconst sockopt-tests-names--zone
  '(("here.test" :a ((10 78 0 2)))
    ("slow.test" :delay 1.5 :a ((10 78 0 2)))
    ;; The first of these does not answer.
    ("two.test" :a ((10 78 0 1) (10 78 0 2)))
    ("six.test" :aaaa ((#xfd 0 0 #x77 0 0 0 0 0 0 0 0 0 0 0 9))
     :a ((10 78 0 2)))
    ;; Only the last of these answers.
    ("three.test" :aaaa ((#xfd 0 0 #x77 0 0 0 0 0 0 0 0 0 0 0 9))
     :a ((10 78 0 1) (10 78 0 2)))
    ("late.test" :aaaa ((#xfd 0 0 #x77 0 0 0 0 0 0 0 0 0 0 0 1))
     :a ((10 78 0 2)))
    ("never.test" :delay 1000)
    ;; None of these answers.
    ("mute.test" :delay 0.6 :aaaa ((#xfd 0 0 #x77 0 0 0 0 0 0 0 0 0 0 0 9))
     :a ((10 78 0 1))))
  "What the name server knows.  It answers after `:delay' seconds.")

(defconst sockopt-tests-names--name-server
  `(progn
     (require 'seq)
     (defun question-end (query)
       ;; After the header and the labels come the type and the class.
       (+ 17 (seq-position (substring query 12) 0)))
     (defun question-name (query)
       (let ((at 12) size labels)
         (while (> (setq size (aref query at)) 0)
           (push (substring query (1+ at) (+ at 1 size)) labels)
           (setq at (+ at 1 size)))
         (mapconcat #'identity (nreverse labels) ".")))
     (defun answers (query entry)
       ;; A pointer to the name, type, class, time to live, length, data.
       (let ((type (aref query (- (question-end query) 3))))
         (mapcar (lambda (address)
                   (apply #'unibyte-string #xc0 12 0 type 0 1 0 0 0 60
                          0 (length address) address))
                 (plist-get (cdr entry) (pcase type (1 :a) (28 :aaaa))))))
     (defun reply (query entry)
       (let ((answers (answers query entry)))
         (concat (substring query 0 2)
                 (unibyte-string #x81 (if entry #x80 #x83) 0 1
                                 0 (length answers) 0 0 0 0)
                 (substring query 12 (question-end query))
                 (apply #'concat answers))))
     (defun handle (process query)
       (let* ((entry (assoc (question-name query) ',sockopt-tests-names--zone))
              (peer (process-datagram-address process)))
         (run-at-time (or (plist-get (cdr entry) :delay) 0) nil
                      (lambda ()
                        (set-process-datagram-address process peer)
                        (process-send-string process
                                             (reply query entry))))))
     (make-network-process :name "name server" :type 'datagram :server t
                           :family 'ipv4 :host "127.0.0.1" :service 53
                           :coding 'binary :noquery t :filter #'handle)
     (message "LISTENING")
     (with-timeout (60) (while t (accept-process-output nil 0.05))))
  "What the Emacs of the name server evaluates.")

;;; The other Emacs

(defconst sockopt-tests-names--prelude
  '(progn
     (require 'cl-lib)
     (defvar messages nil)
     (defun note (process message) (push (cons process message) messages))
     (defun await (predicate)
       (let ((end (+ (float-time) 15)))
         (while (and (not (funcall predicate)) (< (float-time) end))
           (accept-process-output nil 0.02))
         (funcall predicate)))
     (defun done-p (process)
       (not (eq (process-status process) 'connect)))
     (defvar port
       (process-contact
        (make-network-process :name "server" :server 50 :noquery t
                              :family 'ipv4 :host "10.78.0.2" :service t)
        :service))
     ;; A server whose queue is full does not answer.
     (make-network-process :name "full" :server 1 :noquery t :stop t
                           :family 'ipv4 :host "10.78.0.1" :service port)
     (dotimes (_ 3)
       (make-network-process :name "filler" :noquery t :nowait t
                             :remote (vector 10 78 0 1 port)
                             :sentinel #'ignore))
     (defun client (make host &rest arguments)
       (apply make :name "client" :noquery t :host host :service port
              :sentinel #'note arguments))
     ;; Whether FUNCTION returns before the name server can answer.
     (defmacro at-once-p (&rest body)
       `(let ((start (float-time)))
          ,@body
          (< (- (float-time) start) 1)))
     ;; Let the server see that a client has gone.
     (defun settle () (dotimes (_ 10) (accept-process-output nil 0.05)))
     (defun message-of (process) (cdr (assq process messages)))
     (defun resources ()
       (list (length (directory-files "/proc/self/fd"))
             (length (directory-files "/proc/self/task")))))
  "What the Emacs of a test evaluates first.")

(defconst sockopt-tests-names--resolver
  "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\""
  "The shell command that gives a command its own resolver.
ip(8) has made a mount namespace for it.")

(defun sockopt-tests-names--add-namespace (name)
  "Make the network namespace NAME.  Return non-nil if that works."
  (and (sockopt-tests-ip "netns" "add" name)
       (cl-loop
        for arguments in
        '("link set lo up"
          "link add v0 type veth peer name v1"
          "link set v0 up"
          "link set v1 up"
          "address add 10.78.0.1/24 dev v0"
          "address add 10.78.0.2/24 dev v0"
          "address add fd00:77::1/64 dev v0 nodad"
          ;; What is sent there vanishes.
          "neighbor add fd00:77::9 lladdr 02:00:00:00:00:09 dev v0")
        always (apply #'sockopt-tests-ip "-n" name
                      (split-string arguments)))))

(defun sockopt-tests-names-asking (directory server seconds)
  "Return the start of a command that has the rest ask the name server SERVER.
It waits SECONDS for an answer, once.  DIRECTORY is for a file."
  (let ((file (expand-file-name "resolv.conf" directory)))
    (with-temp-file file
      (insert (format "nameserver %s\noptions timeout:%d attempts:1\n"
                      server seconds)))
    (list "sh" "-c" sockopt-tests-names--resolver "sh" file)))

(defun sockopt-tests-names--emacs (namespace directory form)
  "Start an Emacs in NAMESPACE that evaluates FORM.
It asks the name server of the tests.  DIRECTORY is for a file."
  (apply #'sockopt-tests-emacs-in namespace form
         (sockopt-tests-names-asking directory "127.0.0.1" 4)))

(defun sockopt-tests-names-in-namespace (function)
  "Call FUNCTION with the names of a network namespace and a directory.
Both are gone afterwards.  Skip the test where there can be none."
  (sockopt-tests-need-namespaces)
  (unless (file-exists-p "/etc/resolv.conf")
    (ert-skip "There is no /etc/resolv.conf to put another in place of"))
  (let ((namespace (format "sockopt-%d" (emacs-pid))))
    (unwind-protect
        (sockopt-tests-clean
          (sockopt-tests-with-directory directory
            (unless (sockopt-tests-names--add-namespace namespace)
              (ert-skip "Network namespaces cannot be made here"))
            (funcall function namespace directory)))
      (sockopt-tests-ip "netns" "del" namespace))))

(defun sockopt-tests-names-call (form)
  "Return the value of FORM in another Emacs, by the tests' name server."
  (sockopt-tests-names-in-namespace
   (lambda (namespace directory)
     (let ((names (sockopt-tests-emacs-in
                   namespace sockopt-tests-names--name-server)))
       (unless (sockopt-tests-says-p names "LISTENING" 10)
         (ert-fail (list "No name server" (process-get names 'output)))))
     (sockopt-tests-names--result namespace directory form))))

(defun sockopt-tests-names--result (namespace directory form)
  "Return the value of FORM in an Emacs in NAMESPACE.
DIRECTORY is for a file."
  (let ((other (sockopt-tests-names--emacs
                namespace directory
                `(progn ,sockopt-tests-names--prelude
                        (message "RESULT %S" ,form)
                        (message "END")))))
    (sockopt-tests-says-p other "\nEND" 40)
    (let ((output (process-get other 'output)))
      (if (string-match "^RESULT " output)
          (car (read-from-string output (match-end 0)))
        (ert-fail (list "No result" output))))))

(provide 'sockopt-tests-names)
;;; sockopt-tests-names.el ends here
