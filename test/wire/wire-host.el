;;; wire-host.el --- What the Emacs on each host of the wire tests does  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The tests start an Emacs on each of two hosts and have it load this.  It
;; evaluates what they send it, and sends back the value.  A connection is
;; known by its port, which differs from test case to test case, so that a
;; witness on the wire can tell them apart.

;;; Code:

(require 'cl-lib)
(require 'sockopt-mode)

(defvar wire-host-own nil "The address of this host.")
(defvar wire-host-other nil "The address of the other host.")
(defvar wire-host-own6 nil "The IPv6 address of this host.")
(defvar wire-host-other6 nil "The IPv6 address of the other host.")

(defvar wire-host--processes nil
  "What there is, as (PORT PROCESS...), the newest first.")
(defvar wire-host--requests nil "What is to be evaluated, as text.")

;;; Processes

(defun wire-host--filter (process data)
  "Keep DATA that came to PROCESS, with when it came."
  (process-put process 'got
               (append (process-get process 'got)
                       (list (cons (float-time) data)))))

(defun wire-host--sentinel (process message)
  "Keep MESSAGE about PROCESS, with when it was told."
  (process-put process 'said
               (append (process-get process 'said)
                       (list (cons (float-time) message)))))

(defun wire-host--readable (error)
  "Return ERROR without the processes in it, which could not be read."
  (cl-remove-if #'processp error))

(defun wire-host--keep (port process)
  "Remember PROCESS at PORT and return nil."
  (push process (alist-get port wire-host--processes))
  nil)

(defun wire-host--make (port arguments)
  "Make a process of PORT by ARGUMENTS.
Return nil, or the error if there was one."
  (condition-case error
      (wire-host--keep
       port (apply #'sockopt-make-network-process
                   (append arguments
                           (list :name (format "%d" port) :noquery t
                                 :coding 'binary
                                 :filter #'wire-host--filter
                                 :sentinel #'wire-host--sentinel))))
    (error (wire-host--readable error))))

(defun wire-host--where (own port arguments)
  "Return ARGUMENTS and where they leave it open what and where to.
PORT is of this host if OWN is non-nil, else of the other."
  (let ((family (or (plist-get arguments :family)
                    (and (not (or (plist-get arguments :remote)
                                  (plist-get arguments :local)))
                         'ipv4))))
    (append arguments
            (and family (list :family family))
            (unless (or (plist-get arguments :host)
                        (plist-get arguments :remote)
                        (and own (plist-get arguments :local)))
              (list :host (pcase (list own family)
                            ('(t ipv6) wire-host-own6)
                            ('(nil ipv6) wire-host-other6)
                            ('(t ipv4) wire-host-own)
                            (_ wire-host-other))))
            (unless (or (plist-get arguments :remote)
                        (eq (plist-get arguments :type) 'raw)
                        (and own (plist-get arguments :local)))
              (list :service port)))))

(defun wire-host-serve (port &rest arguments)
  "Serve at PORT by ARGUMENTS; the children are known by the port, too.
Return nil, or the error if there was one."
  (wire-host--make
   port (append (wire-host--where t port arguments)
                (list :server 50)
                (unless (eq (plist-get arguments :type) 'datagram)
                  (list :log (lambda (server child _message)
                               (process-put child 'server server)
                               (wire-host--keep port child)))))))

(defun wire-host-connect (port &rest arguments)
  "Connect to PORT of the other host by ARGUMENTS.
Return nil, or the error if there was one."
  (wire-host--make port (wire-host--where nil port arguments)))

(defun wire-host-process (port)
  "Return the newest process of PORT."
  (cadr (assq port wire-host--processes)))

(defun wire-host-processes (port)
  "Return the processes of PORT, the newest first."
  (cdr (assq port wire-host--processes)))

(defun wire-host-send (port string)
  "Send STRING by the newest process of PORT.
Return nil, or the error if there was one."
  (condition-case error
      (process-send-string (wire-host-process port) string)
    (error (wire-host--readable error))))

(defun wire-host-servers (port)
  "Return which server accepted each child of PORT, as numbers."
  (cl-loop for process in (wire-host-processes port)
           for server = (process-get process 'server)
           when server collect (sxhash-eq server)))

(defun wire-host-unsent (port)
  "Send more than goes to PORT and return how much the kernel holds unsent."
  (let* ((process (wire-host-process port))
         (unsent nil))
    (run-at-time 0.5 nil (lambda ()
                           (setq unsent (plist-get (sockopt-get process
                                                                :tcp-info)
                                                   :notsent-bytes))))
    (with-timeout (1)
      (process-send-string process (make-string 30000000 ?x)))
    unsent))

(defun wire-host-got (port)
  "Return what the processes of PORT got, as one string."
  (mapconcat #'cdr (wire-host-times port) ""))

(defun wire-host-times (port)
  "Return what came to the processes of PORT, each with when it came."
  (cl-loop for process in (reverse (wire-host-processes port))
           append (process-get process 'got)))

(defun wire-host-receive (port)
  "Receive what comes to the newest process of PORT with what is told of it."
  (sockopt-receive (wire-host-process port)
                   (lambda (process data _address info)
                     (when info
                       (process-put process 'told
                                    (append (process-get process 'told)
                                            (list info))))
                     (wire-host--filter process data))))

(defun wire-host-told (port)
  "Return what the newest process of PORT was told of what came."
  (process-get (wire-host-process port) 'told))

(defun wire-host-wait (function &optional seconds)
  "Wait until FUNCTION returns non-nil, SECONDS at most or 5.
Return t if it did."
  (let ((end (+ (float-time) (or seconds 5)))
        value)
    (while (and (not (setq value (funcall function)))
                (< (float-time) end))
      (accept-process-output nil 0.01))
    (and value t)))

(defun wire-host-got-within (port seconds)
  "Return what came to the processes of PORT, or comes within SECONDS."
  (wire-host-wait (lambda () (not (equal "" (wire-host-got port)))) seconds)
  (wire-host-got port))

(defun wire-host-status (port)
  "Return the status of the newest process of PORT."
  (and (wire-host-process port)
       (process-status (wire-host-process port))))

(defun wire-host-said (port)
  "Return what was told of the newest process of PORT, with when."
  (process-get (wire-host-process port) 'said))

(defun wire-host-get (port option)
  "Return OPTION of the newest process of PORT."
  (sockopt-get (wire-host-process port) option))

(defun wire-host-set (port &rest options)
  "Set OPTIONS of the newest process of PORT.
Return nil, or the error if there was one."
  (condition-case error
      (progn (sockopt-set-options (wire-host-process port) options) nil)
    (error (wire-host--readable error))))

(defun wire-host-delete (port)
  "Delete the processes of PORT."
  (mapc #'delete-process (wire-host-processes port))
  (setf (alist-get port wire-host--processes nil 'remove) nil))

(defun wire-host-stop-reading (port)
  "Let what comes to the newest process of PORT lie."
  (set-process-filter (wire-host-process port) t))

(defun wire-host-read (port)
  "Read what comes to the newest process of PORT again."
  (set-process-filter (wire-host-process port) #'wire-host--filter))

(defun wire-host-mark (mark)
  "Send the text MARK to this host, where nobody listens."
  (let ((process (make-network-process
                  :name "mark" :type 'datagram :family 'ipv4 :noquery t
                  :host "127.0.0.1" :service 9)))
    (process-send-string process mark)
    (delete-process process)))

;;; Answering the tests

(defun wire-host--answer (tests text)
  "Evaluate TEXT and send TESTS the value, or the error."
  (let ((print-escape-newlines t)
        (print-escape-nonascii t)
        (print-escape-control-characters t))
    (process-send-string
     tests
     (concat (prin1-to-string
              (condition-case error
                  (list 'value (eval (read text) t))
                (error (list 'error error))))
             "\n"))))

(defun wire-host-obey (file own other own6 other6)
  "Do what is asked through the socket FILE, until it is closed.
OWN and OTHER are the addresses of this host and the other, OWN6 and OTHER6
their IPv6 addresses."
  (setq wire-host-own own wire-host-other other
        wire-host-own6 own6 wire-host-other6 other6)
  (let* ((partial "")
         (tests (make-network-process
                 :name "tests" :family 'local :service file :coding 'utf-8
                 :sentinel #'ignore
                 :filter (lambda (_process text)
                           (let ((lines (split-string (concat partial text)
                                                      "\n")))
                             (setq partial (car (last lines))
                                   wire-host--requests
                                   (append wire-host--requests
                                           (butlast lines))))))))
    (while (process-live-p tests)
      (accept-process-output nil 0.05)
      (while wire-host--requests
        (wire-host--answer tests (pop wire-host--requests))))))

(provide 'wire-host)
;;; wire-host.el ends here
