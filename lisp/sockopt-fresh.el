;;; sockopt-fresh.el --- What options a fresh socket has  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; To tell which options of a connection are not as usual, a fresh socket
;; of the same kind is made on this machine, once for each kind, and read.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(defvar sockopt-fresh--known nil
  "The options of fresh sockets: (KIND . PLIST).")

(defconst sockopt-fresh--adapted
  '(:tcp-maxseg :tcp-window-clamp :tcp-quickack :peek-off)
  "Options that the kernel adapts to each connection by itself.")

(defun sockopt-fresh--kind (process options)
  "Return of what kind the socket of PROCESS is, which has OPTIONS."
  (list (plist-get options :domain) (plist-get options :type)
        (and (process-contact process :server) t)))

(defun sockopt-fresh--make (&rest arguments)
  "Make a network process by ARGUMENTS that nobody notices."
  (apply #'sockopt-make-network-process
         :name " sockopt-fresh" :noquery t :sentinel #'ignore
         :filter #'ignore arguments))

(defun sockopt-fresh--read-pair (client-p address &rest arguments)
  "Make a server by ADDRESS and ARGUMENTS and return its options.
With CLIENT-P non-nil, return those of a client of it.  Both are deleted."
  (let (server client)
    (unwind-protect
        (progn
          (setq server (apply #'sockopt-fresh--make :server t
                              (append address arguments)))
          (if (not client-p)
              (sockopt-options server)
            (setq client (apply #'sockopt-fresh--make
                                :remote (process-contact server :local)
                                arguments))
            (sockopt-options client)))
      (mapc #'delete-process (delq nil (list client server))))))

(defun sockopt-fresh--read (kind)
  "Return the options of a fresh socket of KIND, or nil if none can be made."
  (pcase-let* ((`(,domain ,type ,server) kind)
               ;; Emacs has no name for the usual one.
               (type (and (not (eq type 'stream)) type)))
    (condition-case nil
        (pcase domain
          ('ipv4 (sockopt-fresh--read-pair
                  (not server) '(:host "127.0.0.1" :service t)
                  :family 'ipv4 :type type))
          ('ipv6 (sockopt-fresh--read-pair
                  (not server) '(:host "::1" :service t)
                  :family 'ipv6 :type type))
          ('local (let ((file (make-temp-name
                               (expand-file-name "sockopt-fresh"
                                                 temporary-file-directory))))
                    (unwind-protect
                        (sockopt-fresh--read-pair
                         (not server) (list :service file)
                         :family 'local :type type)
                      (ignore-errors (delete-file file))))))
      (error nil))))

(defun sockopt-fresh--comparable-p (option options)
  "Return non-nil if OPTION, one of OPTIONS, can be compared.
What can only be read says what a socket is, not what was set; and buffers
that nobody gave a size grow and shrink by themselves."
  (and (sockopt-option-set (sockopt-option option))
       (not (memq option sockopt-fresh--adapted))
       (or (not (eq (plist-get options :protocol) 'tcp))
           (pcase option
             (:sndbuf (memq 'send (plist-get options :buf-lock)))
             (:rcvbuf (memq 'receive (plist-get options :buf-lock)))
             (_ t)))))

(defun sockopt-fresh-options (process options)
  "Return the options of a fresh socket of the kind that PROCESS has.
Value is a plist of those that can be compared with OPTIONS, which PROCESS
has; nil if no such socket can be made."
  (let* ((kind (sockopt-fresh--kind process options))
         (known (or (assoc kind sockopt-fresh--known)
                    (car (push (cons kind (sockopt-fresh--read kind))
                               sockopt-fresh--known)))))
    (cl-loop for (option value) on (cdr known) by #'cddr
             when (sockopt-fresh--comparable-p option options)
             append (list option value))))

(provide 'sockopt-fresh)
;;; sockopt-fresh.el ends here
