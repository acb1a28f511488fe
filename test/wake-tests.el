;;; wake-tests.el --- Test probing after waking  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A D-Bus daemon of the tests' own stands for the system's; another Emacs
;; is logind and NetworkManager on it.

;;; Code:

(require 'dbus nil t)
(require 'sockopt-tests-lib)
(require 'sockopt-wake)
(require 'sockopt-probe)

(declare-function dbus-init-bus "dbusbind.c" (bus &optional private))

(defvar wake-tests--bus nil
  "The address of the bus, or nil.")

;; Emacs has no way to leave a bus, so all tests share one.
(defun wake-tests--start-bus ()
  "Start a bus, if that can be done, and connect to it."
  (when (and (featurep 'dbusbind) (executable-find "dbus-daemon"))
    (let* ((said "")
           (process (make-process
                     :name "bus" :noquery t :connection-type 'pipe
                     :command '("dbus-daemon" "--session" "--nofork"
                                "--print-address")
                     :filter (lambda (_process text)
                               (setq said (concat said text))))))
      ;; The hangup that Emacs sends when it ends means \"reload\".
      (add-hook 'kill-emacs-hook
                (lambda () (signal-process process 'SIGTERM)))
      (sockopt-tests-wait (lambda () (string-search "\n" said)))
      (setq wake-tests--bus (car (split-string said "\n")))
      (dbus-init-bus wake-tests--bus))))

(advice-add 'sockopt-tests-warm-up :after #'wake-tests--start-bus)

(defun wake-tests--services (address)
  "Return an Emacs that is logind and NetworkManager on the bus at ADDRESS.
It sends the signals that it is told to, by lines (INTERFACE SIGNAL VALUE)."
  (make-process
   :name "services" :noquery t :connection-type 'pipe
   :filter #'ignore
   :command (sockopt-tests-command
             "--eval"
             (format "%S"
                     `(progn
                        (require 'dbus)
                        (dbus-init-bus ,address)
                        (dolist (name '("org.freedesktop.login1"
                                        "org.freedesktop.NetworkManager"))
                          (dbus-register-service ,address name))
                        (let (line)
                          (while (setq line (ignore-errors
                                              (read-from-minibuffer "")))
                            (apply #'dbus-send-signal ,address
                                   (read line)))))))))

(defmacro wake-tests--with-services (tell &rest body)
  "Evaluate BODY, in which (TELL FORM) has the services send a signal."
  (declare (indent 1) (debug (sexp body)))
  `(progn
     (unless wake-tests--bus
       (ert-skip "There is no D-Bus"))
     (let* ((services (wake-tests--services wake-tests--bus))
            (sockopt-wake--bus wake-tests--bus))
       (unwind-protect
           (progn
             (should (sockopt-tests-wait
                      (lambda ()
                        (member "org.freedesktop.NetworkManager"
                                (dbus-list-known-names wake-tests--bus)))))
             (cl-flet ((,tell (&rest signal)
                         (process-send-string services
                                              (format "%S\n" signal))))
               ,@body))
         (sockopt-wake--set 'sockopt-probe-after-wake nil)
         (delete-process services)))))

(defmacro wake-tests--counting (probed &rest body)
  "Evaluate BODY with PROBED bound to the processes that are probed."
  (declare (indent 1) (debug (symbolp body)))
  `(let (,probed)
     (cl-letf (((symbol-function 'sockopt-probe)
                (lambda (processes &rest _)
                  (setq ,probed (append processes ,probed)))))
       ,@body)))

(ert-deftest wake-tests-signals ()
  "Waking and a new network probe; falling asleep and its loss do not."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)))
          (sleep '(nil "/org/freedesktop/login1"
                   "org.freedesktop.login1.Manager" "PrepareForSleep"))
          (network '(nil "/org/freedesktop/NetworkManager"
                     "org.freedesktop.NetworkManager" "StateChanged")))
      (wake-tests--with-services tell
        (wake-tests--counting probed
          (sockopt-wake--set 'sockopt-probe-after-wake '((:name "\\`client\\'")))
          (pcase-dolist (`(,signal ,probes)
                         `(((,@sleep :boolean t) nil)
                           ((,@sleep :boolean nil) t)
                           ((,@network :uint32 20) nil)
                           ((,@network :uint32 70) t)))
            (setq probed nil)
            (apply #'tell signal)
            (sockopt-tests-wait (lambda ()
                                  ;; In batch, this hands D-Bus events on.
                                  (read-event nil nil 0.05)
                                  probed)
                                (if probes 5 1.5))
            (should (equal probed (and probes (list client))))))))))

(ert-deftest wake-tests-selection ()
  "What the option selects is probed, once, and what is no client is not."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (a (sockopt-tests-client server :name "a"))
           (b (sockopt-tests-client server :name "b")))
      (pcase-dolist (`(,value ,wanted)
                     `((nil nil)
                       (((:name "\\`a\\'")) (,a))
                       (((:name "\\`a\\'") (:name "\\`b\\'")) (,a ,b))
                       (((:name "nobody")) nil)))
        (let ((sockopt-probe-after-wake value))
          (wake-tests--counting probed
            (sockopt-wake-probe)
            (sockopt-wake-probe)
            (sockopt-tests-wait (lambda () probed) (if wanted 5 1.2))
            (should (equal (sort probed (lambda (one other)
                                          (string< (process-name one)
                                                   (process-name other))))
                           wanted))
            (should-not sockopt-wake--timer))))
      ;; All: both, and their other ends.
      (let ((sockopt-probe-after-wake t))
        (should (= 4 (length (sockopt-wake--processes))))
        (should-not (memq server (sockopt-wake--processes)))))))

(ert-deftest wake-tests-waits-for-address ()
  "A connection whose address is gone is probed when it is back, or late."
  (sockopt-tests-clean
    (let* ((client (sockopt-tests-client (sockopt-tests-server)))
           (sockopt-probe-after-wake '((:name "\\`client\\'")))
           (here nil))
      (wake-tests--counting probed
        (cl-letf (((symbol-function 'sockopt-wake--address-here-p)
                   (lambda (_process) here)))
          (sockopt-wake-probe)
          (sockopt-tests-wait (lambda () probed) 1.5)
          (should-not probed)
          (setq here t)
          (sockopt-tests-wait (lambda () probed) 3)
          (should (equal probed (list client)))
          (setq here nil probed nil)
          (sockopt-wake-probe)
          (setq sockopt-wake--end (time-add nil 1))
          (sockopt-tests-wait (lambda () probed) 4)
          (should (equal probed (list client))))))))

(ert-deftest wake-tests-address-here ()
  "The loopback address is here, one of a network for documents is not."
  (sockopt-tests-clean
    (let* ((client (sockopt-tests-client (sockopt-tests-server)))
           (contact (sockopt--core-contact client t t)))
      (should (sockopt-wake--address-here-p client))
      (plist-put contact :local [192 0 2 1 4000])
      (should-not (sockopt-wake--address-here-p client)))))

(ert-deftest wake-tests-not-selected ()
  "A server of datagrams, and what still connects, are not probed."
  (sockopt-tests-clean
    (let ((sockopt-probe-after-wake t)
          (server (sockopt-make-network-process
                   :name "u" :type 'datagram :server t :noquery t
                   :host "127.0.0.1" :service t :family 'ipv4))
          (client (sockopt-tests-client (sockopt-tests-full-server)
                                        :nowait t)))
      (should (eq (process-status server) 'open))
      (should-not (sockopt-wake--selected-p server))
      (should (eq (process-status client) 'connect))
      (should-not (sockopt-wake--selected-p client)))))

(ert-deftest wake-tests-no-address ()
  "What has no address of a network need not wait for one."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (should (sockopt-wake--address-here-p
               (sockopt-make-network-process
                :name "l" :server t :family 'local :noquery t
                :service (expand-file-name "s" directory)))))))

(ert-deftest wake-tests-ends-meanwhile ()
  "What ends before the network is back is not probed, nor waited for."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)))
          (sockopt-probe-after-wake '((:name "\\`client\\'"))))
      (wake-tests--counting probed
        (sockopt-wake-probe)
        (should sockopt-wake--timer)
        (delete-process client)
        (sockopt-wake--probe-ready)
        (should-not probed)
        (should-not sockopt-wake--waiting)
        (should-not sockopt-wake--timer)))))

(ert-deftest wake-tests-states ()
  "NetworkManager is connected from the state 50 on."
  (let ((woken 0))
    (cl-letf (((symbol-function 'sockopt-wake-probe)
               (lambda () (cl-incf woken))))
      (mapc #'sockopt-wake--on-network '(10 20 40 49))
      (should (= woken 0))
      (mapc #'sockopt-wake--on-network '(50 60 70))
      (should (= woken 3)))))

(ert-deftest wake-tests-forgets ()
  "With another value all that was for the last is taken back."
  (sockopt-tests-clean
    (let ((sockopt-wake--registrations '(one two))
          (sockopt-wake--waiting (list (sockopt-tests-server)))
          (sockopt-wake--timer (run-at-time 60 nil #'ignore))
          (timers (length timer-list))
          gone)
      (cl-letf (((symbol-function 'dbus-unregister-object)
                 (lambda (one) (push one gone)))
                ((symbol-function 'sockopt-wake--listen) #'ignore))
        (unwind-protect
            (sockopt-wake--set 'sockopt-probe-after-wake t)
          (set-default-toplevel-value 'sockopt-probe-after-wake nil)))
      (should (equal gone '(two one)))
      (should-not sockopt-wake--registrations)
      (should-not sockopt-wake--waiting)
      (should-not sockopt-wake--timer)
      (should (= (length timer-list) (1- timers))))))

(ert-deftest wake-tests-system-sleep ()
  "Where Emacs has system-sleep (31), that tells of waking."
  (let ((sockopt-wake--bus "unix:path=/nonexistent")
        enabled warnings)
    (cl-letf (((symbol-function 'system-sleep-enable)
               (lambda () (setq enabled t)))
              ((symbol-function 'sleep-event-state) #'identity)
              ((symbol-function 'display-warning)
               (lambda (&rest arguments) (push arguments warnings)))
              ((symbol-function 'sockopt-wake-probe) #'ignore))
      (unwind-protect
          (let ((woken 0))
            (push 'system-sleep features)
            (sockopt-wake--set 'sockopt-probe-after-wake t)
            (should enabled)
            ;; Emacs is told of it, so there is nothing to complain of.
            (should-not warnings)
            (should (memq #'sockopt-wake--on-event
                          (default-value 'system-sleep-event-functions)))
            (cl-letf (((symbol-function 'sockopt-wake-probe)
                       (lambda () (cl-incf woken))))
              (dolist (state '(pre-sleep post-wake))
                (sockopt-wake--on-event state)))
            (should (= woken 1)))
        (setq features (delq 'system-sleep features))
        (sockopt-wake--set 'sockopt-probe-after-wake nil)))
    (should-not (memq #'sockopt-wake--on-event
                      (default-value 'system-sleep-event-functions)))))

(ert-deftest wake-tests-no-bus ()
  "Where there is no bus, that is said, with what to do."
  (let ((sockopt-wake--bus "unix:path=/nonexistent")
        warning)
    (cl-letf (((symbol-function 'display-warning)
               (lambda (_type message &rest _) (setq warning message)))
              ((symbol-function 'system-sleep-enable) nil))
      (unwind-protect
          (sockopt-wake--set 'sockopt-probe-after-wake t)
        (sockopt-wake--set 'sockopt-probe-after-wake nil)))
    (should (string-search "sockopt-wake-probe" warning))))

(defmacro wake-tests--warned (&rest body)
  "Evaluate BODY and return the texts of the warnings it makes."
  (declare (indent 0) (debug t))
  `(let ((warned nil)
         (sockopt-wake--warned nil))
     (cl-letf (((symbol-function 'display-warning)
                (lambda (_type text &rest _) (push text warned))))
       ,@body)
     warned))

(ert-deftest wake-tests-wrong ()
  "What is wrong is told of when it is set, and selects nothing on waking."
  (sockopt-tests-clean
    (sockopt-tests-client (sockopt-tests-server))
    (pcase-dolist (`(,wrong ,regexp)
                   '((((:nme "x")) "did you mean .:name")
                     (((:name "[")) "Unmatched")
                     ((:name "cli") "list of conditions")
                     ("cli" "list of conditions")
                     (("cli") "Not a list of conditions")))
      (ert-info ((format "%S" wrong))
        (let ((warned
               (wake-tests--warned
                 (unwind-protect
                     (progn
                       (customize-set-variable 'sockopt-probe-after-wake
                                               wrong)
                       (should (equal wrong sockopt-probe-after-wake))
                       (should-not sockopt-wake--registrations)
                       (should-not (sockopt-wake--processes)))
                   (sockopt-wake--set 'sockopt-probe-after-wake nil)))))
          (should (= 1 (length warned)))
          (should (string-search "sockopt-probe-after-wake" (car warned)))
          (should (string-match-p regexp (car warned))))
        (with-temp-buffer
          (setq major-mode 'Custom-mode)
          (should-error (sockopt-wake--set 'sockopt-probe-after-wake wrong)
                        :type 'user-error))
        (should-not sockopt-probe-after-wake)))
    (should-not (sockopt-wake--problem '(nil (:name "x"))))))

(ert-deftest wake-tests-nothing ()
  "The command says that there is nothing to probe; a hook need not know."
  (sockopt-tests-clean
    (pcase-dolist (`(,value ,text)
                   '((nil "which is nil") (((:name "nobody")) "nothing to")))
      (let ((sockopt-probe-after-wake value))
        (sockopt-wake-probe)
        (should (string-search
                 text
                 (cadr (should-error (call-interactively
                                      #'sockopt-wake-probe)
                                     :type 'user-error))))
        (should-not sockopt-wake--timer)))))

(provide 'wake-tests)
;;; wake-tests.el ends here
