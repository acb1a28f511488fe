;;; pictures.el --- Show each buffer with live connections  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; test/pictures calls this: emacs -Q -l test/pictures.el NAME FILE.  It
;; makes connections on this machine that are busy, idle and stuck, shows
;; what NAME says, and writes FILE once that can be looked at.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(defvar sockopt-pictures--processes nil
  "The connections, an alist from names to processes.")

(defun sockopt-pictures--server (name &rest arguments)
  "Make a server called NAME with ARGUMENTS on this machine."
  (apply #'sockopt-make-network-process
         :name name :server 50 :host "127.0.0.1" :family 'ipv4 :service t
         :noquery t arguments))

(defun sockopt-pictures--client (name server &rest arguments)
  "Make a client of SERVER called NAME with ARGUMENTS, and a buffer."
  (push (cons name (apply #'sockopt-make-network-process
                          :name name :buffer (format "*%s*" name)
                          :host "127.0.0.1" :family 'ipv4 :noquery t
                          :service (process-contact server :service)
                          arguments))
        sockopt-pictures--processes))

(defun sockopt-pictures--connect ()
  "Make the connections."
  (let ((echo (sockopt-pictures--server
               "echo" :filter (lambda (process text)
                                (process-send-string process text))))
        (deaf (sockopt-pictures--server
               "deaf" :rcvbuf 4096
               :log (lambda (_server child _message)
                      (set-process-filter child t)))))
    (sockopt-pictures--client "irc.example.org" echo :keepalive t
                              :tcp-keepidle 60 :tcp-nodelay t)
    (sockopt-pictures--client "nrepl" echo :filter #'ignore)
    (sockopt-pictures--client "imap" echo)
    (sockopt-pictures--client "debugger" deaf :sndbuf 200000)
    (sockopt-pictures--busy (alist-get "nrepl" sockopt-pictures--processes
                                       nil nil #'equal))
    (sockopt-pictures--stuff (alist-get "debugger"
                                        sockopt-pictures--processes
                                        nil nil #'equal))))

(defun sockopt-pictures--busy (process)
  "Have PROCESS talk all the time."
  (run-at-time 0.1 0.2 (lambda ()
                         (when (process-live-p process)
                           (process-send-string
                            process (make-string (random 30000) ?x))))))

(defun sockopt-pictures--stuff (process)
  "Send more on PROCESS than its peer, which does not read, can take.
The rest waits in the kernel, so that Emacs does not."
  (process-send-string process (make-string 20000 ?x)))

(defun sockopt-pictures--show (name)
  "Show what NAME says."
  (let ((process (lambda (name)
                   (alist-get name sockopt-pictures--processes
                              nil nil #'equal))))
    (pcase name
      ("list" (sockopt-list-processes))
      ("describe" (sockopt-describe-process (funcall process "debugger")))
      ("watch" (let ((sockopt-watch-interval 0.2))
                 (sockopt-watch (funcall process "nrepl"))))
      ("option" (sockopt-describe-option :tcp-keepidle))
      ("rules" (setq sockopt-rules
                     '(((:name "irc\\|imap") dead-peer)
                       ((:name "repl") low-latency)
                       ((:serivce 7) (:keepalive t))))
       (sockopt-mode 1)
       (sockopt-apply-rules t)))
    (dolist (window (window-list))
      (unless (equal (buffer-name (window-buffer window)) "*scratch*")
        (select-window window)))
    (delete-other-windows)))

(defun sockopt-pictures ()
  "Show what the command line says, and say when it can be looked at."
  (let ((name (pop command-line-args-left))
        (file (pop command-line-args-left)))
    (setq inhibit-startup-screen t)
    (menu-bar-mode -1)
    (when (fboundp 'tool-bar-mode) (tool-bar-mode -1))
    (sockopt-pictures--connect)
    (run-at-time 4 nil #'sockopt-pictures--show name)
    (run-at-time 12 nil
                 (lambda ()
                   (message nil)
                   (redisplay t)
                   (write-region "" nil file nil 'quiet)))))

(sockopt-pictures)

(provide 'pictures)
;;; pictures.el ends here
