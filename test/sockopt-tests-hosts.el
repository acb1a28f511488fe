;;; sockopt-tests-hosts.el --- Two hosts of the tests' own  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Two network namespaces, joined by a cable that can be pulled.  An Emacs
;; runs on each: FAR serves, NEAR is what is being tested.

;;; Code:

(require 'sockopt-tests-lib)

(defconst sockopt-tests-near "10.77.0.1" "The address of the near host.")
(defconst sockopt-tests-far "10.77.0.2" "The address of the far host.")

(defun sockopt-tests-hosts--names ()
  "Return the names of the two namespaces, (NEAR . FAR)."
  (cons (format "sockopt-near-%d" (emacs-pid))
        (format "sockopt-far-%d" (emacs-pid))))

(defun sockopt-tests-hosts--make (near far)
  "Make the namespaces NEAR and FAR with a cable between them."
  (cl-loop for arguments in
           `(("netns" "add" ,near)
             ("netns" "add" ,far)
             ("link" "add" "cable" "netns" ,near "type" "veth"
              "peer" "name" "cable" "netns" ,far)
             ("-n" ,near "addr" "add" ,(concat sockopt-tests-near "/24")
              "dev" "cable")
             ("-n" ,far "addr" "add" ,(concat sockopt-tests-far "/24")
              "dev" "cable")
             ("-n" ,near "link" "set" "lo" "up")
             ("-n" ,far "link" "set" "lo" "up")
             ("-n" ,near "link" "set" "cable" "up")
             ("-n" ,far "link" "set" "cable" "up"))
           always (apply #'sockopt-tests-ip arguments)))

(defmacro sockopt-tests-with-hosts (spec &rest body)
  "Evaluate BODY with two hosts whose names are bound by SPEC, (NEAR FAR).
Skip the test where they cannot be made."
  (declare (indent 1) (debug (sexp body)))
  (pcase-let ((`(,near ,far) spec))
    `(pcase-let ((`(,,near . ,,far) (sockopt-tests-hosts--names)))
       (sockopt-tests-need-namespaces)
       (unwind-protect
           (progn
             (unless (sockopt-tests-hosts--make ,near ,far)
               (ert-skip "Cannot make network namespaces"))
             (sockopt-tests-clean ,@body))
         (sockopt-tests-ip "netns" "del" ,near)
         (sockopt-tests-ip "netns" "del" ,far)))))

(defun sockopt-tests-sysctl (namespace name value)
  "Set the sysctl NAME of NAMESPACE to VALUE, a string.
Return non-nil if that succeeds.  It needs no sysctl(8), which a small
system does not have."
  (sockopt-tests-ip "netns" "exec" namespace
                    "sh" "-c" "echo \"$1\" >\"$2\"" "sh" value
                    (concat "/proc/sys/" (string-replace "." "/" name))))

(defun sockopt-tests-cable (far state)
  "Set the cable's end at FAR to STATE, \"up\" or \"down\"."
  (should (sockopt-tests-ip "-n" far "link" "set" "cable" state)))

(defun sockopt-tests-serve (far port &rest arguments)
  "Have FAR serve at PORT by `make-network-process' with ARGUMENTS.
Return the Emacs that does it, once it listens."
  (let ((process
         (sockopt-tests-emacs-in
          far `(progn
                 (make-network-process
                  :name "server" :server 50 :host ,sockopt-tests-far
                  :service ,port :family 'ipv4 ,@arguments)
                 (message "SERVES")
                 (while t (sleep-for 60))))))
    (should (sockopt-tests-says-p process "SERVES" 20))
    process))

(defun sockopt-tests-run-in (near form seconds &rest prefix)
  "Return what the Emacs on NEAR prints for FORM, after \"GOT \".
Give it SECONDS.  PREFIX is a command that is to run it."
  (let ((process (apply #'sockopt-tests-emacs-in
                        near `(let ((value ,form)
                                    (print-escape-newlines t))
                                (message "GOT %S" value))
                        prefix)))
    (sockopt-tests-wait (lambda () (not (process-live-p process)))
                        (+ 30 seconds))
    ;; It may be known that it has ended before its output is read.
    (while (accept-process-output process 0.2))
    (let ((output (or (process-get process 'output) "")))
      (ert-info (output :prefix "output: ")
        (should (string-match "^GOT \\(.*\\)$" output)))
      (read (match-string 1 output)))))

(provide 'sockopt-tests-hosts)
;;; sockopt-tests-hosts.el ends here
