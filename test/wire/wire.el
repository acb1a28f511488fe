;;; wire.el --- Two hosts and a witness between them  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Two hosts, NEAR and FAR, are joined by two cables; an Emacs on each does
;; what it is told (wire-host.el), and a program on FAR writes down what comes
;; and goes (witness.c).
;;
;; The tag of a test names the options whose effect it shows:
;;
;;   (ert-deftest headers-tests-ttl ()
;;     "..."
;;     :tags '(:ip-ttl)
;;     ...)

;;; Code:

(require 'sockopt-tests-hosts)
(require 'wire-packet)

(defconst wire--directory
  (file-name-directory (or load-file-name buffer-file-name))
  "Where these files are.")

(defconst wire-near6 "fd00:77:0:0:0:0:0:1" "The IPv6 address of the near host.")
(defconst wire-far6 "fd00:77:0:0:0:0:0:2" "The IPv6 address of the far host.")
(defconst wire-near-other "10.79.0.1"
  "The address of the near host at the cable called other.")
(defconst wire-far-other "10.79.0.2"
  "The address of the far host at the cable called other.")

(defvar wire--near nil "The process to which the near host listens.")
(defvar wire--far nil "The process to which the far host listens.")
(defvar wire--witness nil "The process that watches.")
(defvar wire-near nil "The namespace of the near host.")
(defvar wire-far nil "The namespace of the far host.")

;;; Telling the hosts

(defun wire-shell (namespace &rest command)
  "Run COMMAND, a program and its arguments, in NAMESPACE.
Return non-nil if it succeeds."
  (apply #'sockopt-tests-ip "netns" "exec" namespace command))

(defun wire-ip (namespace arguments)
  "Run ip(8) with ARGUMENTS, one string, in NAMESPACE; it must succeed."
  (ert-info (arguments :prefix "ip ")
    (should (apply #'sockopt-tests-ip "-n" namespace
                   (split-string arguments)))))

(defun wire-sysctl (namespace name value)
  "Set the sysctl NAME of NAMESPACE to VALUE."
  (should (sockopt-tests-sysctl namespace name value)))

(defun wire-program (name)
  "Return the file of the program NAME, or skip the test if there is none."
  (let ((file (expand-file-name name "build/wire")))
    (unless (file-executable-p file)
      (ert-skip (format "There is no build/wire/%s: make wire builds it"
                        name)))
    file))

(defun wire--ask (host form seconds)
  "Return what HOST makes of FORM, which may take it SECONDS."
  (process-put host 'answer "")
  (let ((print-escape-newlines t)
        (print-escape-nonascii t)
        (print-escape-control-characters t))
    (process-send-string host (concat (prin1-to-string form) "\n")))
  (sockopt-tests-wait
   (lambda () (string-suffix-p "\n" (process-get host 'answer)))
   (or seconds 30))
  (pcase (ignore-errors (read (process-get host 'answer)))
    (`(value ,value) value)
    (other (ert-fail (list form other (process-get host 'answer))))))

(defun wire-near (form &optional seconds)
  "Return what the near host makes of FORM, which may take it SECONDS."
  (wire--ask wire--near form seconds))

(defun wire-far (form &optional seconds)
  "Return what the far host makes of FORM, which may take it SECONDS."
  (wire--ask wire--far form seconds))

(defvar wire--last-port 5000 "The port that `wire-new-port' returned last.")

(defun wire-new-port ()
  "Return a port that no test has used, and has to itself."
  (cl-incf wire--last-port 2))

;;; The witness

(defvar wire--marks 0 "How often the witness was asked to catch up.")

(defun wire--catch-up ()
  "Wait until the witness has told of all that came by now.
It tells of them in order, so the far host sends itself something to see."
  (let ((mark (format "mark %d." (cl-incf wire--marks))))
    (wire-far `(wire-host-mark ,mark))
    (should (sockopt-tests-says-p
             wire--witness
             (mapconcat (lambda (byte) (format "%02x" byte)) mark "")
             5))))

(defun wire-packets (&optional port)
  "Return the packets that the far host saw, those of PORT if non-nil."
  (wire--catch-up)
  (cl-loop for line in (split-string (process-get wire--witness 'output)
                                     "\n" t)
           for packet = (and (string-match-p "\\`(.*)\\'" line)
                             (wire-packet-decode line))
           when (and packet
                     (or (null port)
                         (memql port (list (plist-get packet :from-port)
                                           (plist-get packet :to-port)))))
           collect packet))

(defun wire-come (port &optional flag)
  "Return the packets of PORT that came to the far host.
If FLAG is non-nil, those of TCP that have it."
  (cl-loop for packet in (wire-packets port)
           when (and (not (plist-get packet :out))
                     (or (null flag) (memq flag (plist-get packet :flags))))
           collect packet))

(defun wire-data (port)
  "Return the packets of PORT that brought data to the far host."
  (cl-remove-if (lambda (packet) (eql 0 (plist-get packet :size)))
                (wire-come port)))

(defun wire-left (port &optional flag)
  "Return the packets of PORT that left the far host.
If FLAG is non-nil, those of TCP that have it."
  (cl-loop for packet in (wire-packets port)
           when (and (plist-get packet :out)
                     (or (null flag) (memq flag (plist-get packet :flags))))
           collect packet))

(defun wire-field (key packets)
  "Return the values of KEY that PACKETS have, each once."
  (delete-dups (mapcar (lambda (packet) (plist-get packet key)) packets)))

;;; Making all that

(defun wire--join (near far)
  "Join NEAR and FAR by another cable, and let both speak IPv6.
What is sent stays in packets of the size that the cable takes."
  (and
   ;; An address is used at once, without asking whether others have it.
   (cl-loop for host in (list near far)
            always (sockopt-tests-sysctl
                    host "net.ipv6.conf.default.accept_dad" "0"))
   (cl-loop
    for arguments in
    `(("link" "add" "other" "netns" ,near "type" "veth"
       "peer" "name" "other" "netns" ,far)
      ("-n" ,near "addr" "add" ,(concat wire-near-other "/24") "dev" "other")
      ("-n" ,far "addr" "add" ,(concat wire-far-other "/24") "dev" "other")
      ("-n" ,near "link" "set" "other" "up")
      ("-n" ,far "link" "set" "other" "up")
      ("-n" ,near "addr" "add" ,(concat wire-near6 "/64") "dev" "cable" "nodad")
      ("-n" ,far "addr" "add" ,(concat wire-far6 "/64") "dev" "cable" "nodad")
      ("-n" ,near "link" "set" "cable" "gso_max_segs" "1")
      ("-n" ,far "link" "set" "cable" "gso_max_segs" "1"))
    always (apply #'sockopt-tests-ip arguments))))

(defun wire--start-host (namespace directory &rest addresses)
  "Start the Emacs of NAMESPACE and return the process it listens to.
DIRECTORY is where to meet it; ADDRESSES are as for `wire-host-obey'."
  (let* ((file (expand-file-name namespace directory))
         (host nil)
         (server (make-network-process
                  :name "host" :server 1 :family 'local :service file
                  :noquery t :coding 'utf-8
                  :filter (lambda (process text)
                            (process-put process 'answer
                                         (concat (process-get process 'answer)
                                                 text)))
                  :log (lambda (_server child _message) (setq host child))))
         (emacs (sockopt-tests-emacs-in
                 namespace
                 `(progn (load ,(expand-file-name "wire-host" wire--directory)
                               nil t)
                         (wire-host-obey ,file ,@addresses)))))
    (unless (sockopt-tests-wait (lambda () host) 20)
      (ert-fail (list "No Emacs" namespace (process-get emacs 'output))))
    (delete-process server)
    host))

(defun wire--start-witness (namespace)
  "Start the program that watches NAMESPACE and return its process."
  (let* ((program (wire-program "witness"))
         (process (make-process
                   :name "witness" :noquery t :connection-type 'pipe
                   :command (list "ip" "netns" "exec" namespace program)
                   :filter (lambda (process string)
                             (process-put
                              process 'output
                              (concat (process-get process 'output)
                                      string))))))
    (should (sockopt-tests-says-p process "WATCHES" 10))
    process))

(defun wire--call (near far function)
  "Call FUNCTION with the hosts NEAR and FAR ready, and a witness."
  (wire-program "witness")
  (unless (wire--join near far)
    (ert-skip "Cannot join network namespaces"))
  (sockopt-tests-with-directory directory
    (let* ((wire-near near)
           (wire-far far)
           (wire--near (wire--start-host
                        near directory sockopt-tests-near sockopt-tests-far
                        wire-near6 wire-far6))
           (wire--far (wire--start-host
                       far directory sockopt-tests-far sockopt-tests-near
                       wire-far6 wire-near6))
           (wire--witness (wire--start-witness far)))
      (funcall function))))

(defmacro wire-with-hosts (&rest body)
  "Evaluate BODY with two hosts, or skip the test where none can be made."
  (declare (indent 0) (debug t))
  `(sockopt-tests-with-hosts (near far)
     (wire--call near far (lambda () ,@body))))

(provide 'wire)
;;; wire.el ends here
