;;; inherit-tests.el --- Tests of what accepted connections inherit  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; These are generated from the rows: each option is set on a server of each
;; kind, and read on what that accepts then.

;;; Code:

(require 'sockopt-tests-kinds)

(defconst inherit-tests--kinds
  ;; A client without MPTCP gets a connection of TCP.
  '((tcp4-listener (:family ipv4))
    (tcp6-listener (:family ipv6))
    (mptcp4-listener (:family ipv4 :protocol mptcp) (:family ipv4))
    (local-stream-listener (:family local))
    (local-seqpacket-listener (:family local :type seqpacket))
    (vsock-listener (:family vsock)))
  "Kinds of server, each with the arguments that its clients take.")

(defun inherit-tests--client (kind)
  "Return the kind of the clients of KIND, a server."
  (intern (string-replace "listener" "client" (symbol-name kind))))

(defun inherit-tests--server (kind &rest options)
  "Make a server of KIND with OPTIONS.
Of what it accepts it notes what its property `keyword' names."
  (let ((server (sockopt-tests-make-role
                 'server (cddr (alist-get kind sockopt-tests-kinds)) nil
                 options)))
    (set-process-sentinel
     server
     (lambda (process message)
       (when (string-prefix-p "open" message)
         (process-put server 'noted
                      (list (sockopt-get process
                                         (process-get server 'keyword)))))))
    server))

(defun inherit-tests--read-child (server client keyword)
  "Return what KEYWORD is of a connection that SERVER accepts, in a list.
It has received data before.  CLIENT are the arguments of its client."
  (process-put server 'keyword keyword)
  (process-put server 'noted nil)
  (process-send-string (sockopt-tests-make-role
                        'client client (sockopt-tests-service server))
                       "early")
  (sockopt-tests-wait (lambda () (process-get server 'noted))))

(defun inherit-tests--options (kind)
  "Return the options of KIND that can be set and read."
  (cl-remove-if-not
   (lambda (keyword)
     (let ((option (sockopt-option keyword)))
       (and (sockopt-option-set option)
            (sockopt--plain-p keyword)
            (memq (sockopt-tests-class kind)
                  (sockopt-option-classes option)))))
   (sockopt-option-list)))

(defun inherit-tests--server-with (kind keyword)
  "Return a server of KIND that has a value of KEYWORD that is not usual.
If it is too late for that once there is a server, it is made so.  Return
nil if KEYWORD cannot be set on such a one."
  (let* ((server (inherit-tests--server kind))
         ;; Some cannot be read before there is a connection.
         (value (sockopt-tests-candidate
                 keyword (ignore-errors (sockopt-get server keyword)))))
    (condition-case nil
        (progn (sockopt-set server keyword value)
               (sockopt-get server keyword)
               server)
      (sockopt-too-late (inherit-tests--server kind keyword value))
      (sockopt-error nil))))

(defun inherit-tests--inherited-p (kind clients keyword)
  "Return whether what a server of KIND accepts inherits KEYWORD, a list.
CLIENTS are the arguments of clients, which all have to.  Value is nil if
there is no way to know."
  (sockopt-tests-with-sockets
    (let ((server (inherit-tests--server-with kind keyword)))
      (when server
        (list (cl-every (lambda (client)
                          (equal (inherit-tests--read-child server client
                                                            keyword)
                                 (list (sockopt-get server keyword))))
                        clients))))))

(defun inherit-tests--check-kind (kind clients)
  "Check the rows of KIND, whose clients take one of CLIENTS.
Return how many options were compared."
  (let ((class (sockopt-tests-class kind))
        (count 0))
    (dolist (keyword (inherit-tests--options kind) count)
      (let ((found (inherit-tests--inherited-p kind clients keyword)))
        (when found
          (cl-incf count)
          (should (equal (list kind keyword (car found))
                         (list kind keyword
                               (and (memq class (sockopt-option-inherited
                                                 (sockopt-option keyword)))
                                    t)))))))))

(ert-deftest inherit-tests-rows ()
  "Each row says which servers hand its option down, and which do not."
  (sockopt-tests-need-linux)
  (let ((count 0) skipped)
    (pcase-dolist (`(,kind . ,clients) inherit-tests--kinds)
      (condition-case reason
          (progn (sockopt-tests-need-kind (inherit-tests--client kind))
                 (cl-incf count (inherit-tests--check-kind kind clients)))
        (ert-test-skipped (push (cons kind (cdr reason)) skipped))))
    (message "%d pairs of option and server compared; not here: %S"
             count (mapcar #'car skipped))
    (should (< 150 count))))

;;; Undoing

(defconst inherit-tests--moving '(:tcp-info :meminfo :tcp-cc-info)
  "Options that change by themselves.")

(defun inherit-tests--values (server)
  "Return the options of SERVER that do not change by themselves."
  (cl-loop for (option value) on (sockopt-options server) by #'cddr
           unless (memq option inherit-tests--moving)
           append (list option value)))

(ert-deftest inherit-tests-undone ()
  "What a server has for its children is undone when they need it no more."
  (let ((count 0))
    (dolist (kind '(tcp6-listener mptcp4-listener))
      (dolist (keyword (inherit-tests--options kind))
        (sockopt-tests-with-sockets
          (let* ((server (inherit-tests--server kind))
                 (before (inherit-tests--values server)))
            (sockopt-set-child-options
             server (list keyword
                          (sockopt-tests-candidate
                           keyword (ignore-errors
                                     (sockopt-get server keyword)))))
            (unless (equal before (inherit-tests--values server))
              (cl-incf count))
            (sockopt-set-child-options server nil)
            (should (equal (list kind keyword before)
                           (list kind keyword
                                 (inherit-tests--values server))))))))
    (should (< 60 count))))

(provide 'inherit-tests)
;;; inherit-tests.el ends here
