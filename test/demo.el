;;; demo.el --- See sockopt at work  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make demo' makes a server and a client on this machine, each with all
;; of core's eight options, shows what was asked for, what
;; `process-contact' says and what the kernel says, moves data through
;; both, and shows some options that core does not have.  `make demo HOST=... PORT=...' makes a client of that host.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(defconst sockopt-demo-options
  '(:bindtodevice "lo" :broadcast t :dontroute t :keepalive t :linger 5
    :oobinline t :priority 6 :reuseaddr t)
  "What the demonstration asks for on this machine.")

(defconst sockopt-demo-more
  '(:tcp-keepidle :tcp-user-timeout :tcp-congestion :tcp-maxseg :rcvbuf)
  "What the demonstration tells of the client besides.")

(defconst sockopt-demo-bytes 1000000
  "How many bytes go from the client to the server and back.")

(defun sockopt-demo--await (seconds predicate)
  "Handle events until PREDICATE holds, for at most SECONDS.
Return what PREDICATE returned last."
  (let ((end (+ (float-time) seconds))
        result)
    (while (and (not (setq result (funcall predicate)))
                (< (float-time) end))
      (accept-process-output nil 0.05))
    result))

(defun sockopt-demo--print-options (process asked)
  "Print the options of PROCESS beside the plist ASKED."
  (princ (format "\n%s (%s, %s)\n" (process-name process)
                 (process-type process) (process-status process)))
  (princ (format "  %-15s %-10s %-16s %s\n" "option" "asked"
                 "process-contact" "kernel"))
  (cl-loop for (option value) on asked by #'cddr
           do (princ (format "  %-15s %-10S %-16S %S\n" option value
                             (process-contact process option)
                             (sockopt-get process option)))))

(defun sockopt-demo--print-more (process)
  "Print some of what core cannot tell of PROCESS."
  (princ (format "\n%d options of %s can be read; Emacs alone reads none of\
 them.\nSome that it cannot set, either:\n"
                 (/ (length (sockopt-options process)) 2)
                 (process-name process)))
  (dolist (option sockopt-demo-more)
    (when (sockopt-supported-p option process)
      (princ (format "  %-18s %S\n" option (sockopt-get process option))))))

(defun sockopt-demo--echo (process string)
  "Send STRING back through PROCESS."
  (process-send-string process string))

(defun sockopt-demo--local ()
  "Show a server, its child and a client on this machine."
  (let* ((received 0)
         (child nil)
         (server (apply #'sockopt-make-network-process
                        :name "server" :server t :noquery t :family 'ipv4
                        :host "127.0.0.1" :service t :coding 'binary
                        :filter #'sockopt-demo--echo
                        :log (lambda (_server client _message)
                               (setq child client))
                        sockopt-demo-options))
         (client (apply #'sockopt-make-network-process
                        :name "client" :noquery t :family 'ipv4
                        :host "127.0.0.1"
                        :service (process-contact server :service)
                        :coding 'binary
                        :filter (lambda (_process string)
                                  (cl-incf received (length string)))
                        sockopt-demo-options)))
    (sockopt-demo--print-options server sockopt-demo-options)
    (sockopt-demo--print-options client sockopt-demo-options)
    (process-send-string client (make-string sockopt-demo-bytes ?x))
    (sockopt-demo--await 10 (lambda () (= received sockopt-demo-bytes)))
    (sockopt-demo--print-options child sockopt-demo-options)
    (princ "  (The kernel does not hand :priority on to the connections that\
 a server\n  accepts, so it is 0 here; :child-options would set it.)\n")
    (princ (format "\n%d of %d bytes went to the server and came back.\n"
                   received sockopt-demo-bytes))
    (sockopt-demo--print-more client)
    (mapc #'delete-process (list client child server))
    (unless (= received sockopt-demo-bytes)
      (kill-emacs 1))))

(defun sockopt-demo--remote (host port)
  "Show a client of HOST and PORT, a string."
  (let* ((received 0)
         ;; These two would keep the connection on this machine.
         (options (plist-put (plist-put (copy-sequence sockopt-demo-options)
                                        :bindtodevice nil)
                             :dontroute nil))
         (client (apply #'sockopt-make-network-process
                        :name "client" :noquery t :host host :service port
                        :coding 'binary
                        :filter (lambda (_process string)
                                  (cl-incf received (length string)))
                        options)))
    (sockopt-demo--print-options client options)
    ;; Something that many servers answer, if only by a complaint.
    (process-send-string client (format "HEAD / HTTP/1.0\r\nHost: %s\r\n\r\n"
                                        host))
    (sockopt-demo--await 5 (lambda () (or (> received 0)
                                          (not (process-live-p client)))))
    (princ (format "\n%d bytes came from %s.\n" received host))
    (delete-process client)))

(defun sockopt-demo--try (host port)
  "Show a client of HOST and PORT, or say in a line why there is none."
  (condition-case error
      (sockopt-demo--remote host port)
    (file-error
     (princ (format "No connection to %s, port %s: %s: %s\n" host port
                    (nth 1 error) (nth 2 error)))
     (kill-emacs 1))))

(defun sockopt-demo ()
  "Show sockopt at work on this machine, or with another host.
The environment variables SOCKOPT_DEMO_HOST and SOCKOPT_DEMO_PORT name
that host."
  (let ((host (getenv "SOCKOPT_DEMO_HOST")))
    (princ (format "Emacs %s, sockopt on %s\n" emacs-version
                   system-configuration))
    (if (member host '(nil ""))
        (sockopt-demo--local)
      (sockopt-demo--try host (let ((port (getenv "SOCKOPT_DEMO_PORT")))
                                (if (member port '(nil "")) "80" port))))))

(provide 'demo)
;;; demo.el ends here
