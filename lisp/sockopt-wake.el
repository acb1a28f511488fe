;;; sockopt-wake.el --- Probe connections after waking  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A computer that slept, or went to another network, has connections whose
;; peers may have forgotten them; TCP finds out only when data are sent, and
;; then after many minutes.  With `sockopt-probe-after-wake' they are probed
;; as soon as the network is back: the dead end within seconds, and the
;; packages that own them reconnect; the living stay.
;;
;; Emacs 31 tells of waking by itself (system-sleep); before that, and for
;; changes of the network, D-Bus does: logind's signal PrepareForSleep and
;; NetworkManager's StateChanged.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(autoload 'sockopt-probe "sockopt-probe" nil t)
(autoload 'sockopt-rules-match-p "sockopt-rules")
(autoload 'sockopt-rules--check-match "sockopt-rules")
(autoload 'sockopt-rules--reason "sockopt-rules")
(autoload 'sockopt-rules--text "sockopt-rules")

(defvar sockopt-probe-after-wake)

(declare-function dbus-register-signal "dbus"
                  (bus service path interface signal handler &rest args))
(declare-function dbus-unregister-object "dbus" (object))
(declare-function system-sleep-enable "ext:system-sleep" ())
(declare-function sleep-event-state "ext:system-sleep" (event) t)

(defvar sockopt-wake--bus :system
  "The bus on which logind and NetworkManager are.")

(defvar sockopt-wake--registrations nil
  "What D-Bus has to be told to send no more signals.")

(defvar sockopt-wake--waiting nil
  "The processes to probe once their own addresses are back.")

(defvar sockopt-wake--timer nil
  "The timer that looks whether addresses are back, or nil.")

(defvar sockopt-wake--end nil
  "The time at which to probe even without an address.")

(defconst sockopt-wake--patience 30
  "How many seconds after waking the network may need to come up.")

;;; Which connections, and when

(defun sockopt-wake--problem (value)
  "Return in words why VALUE cannot be `sockopt-probe-after-wake', or nil."
  (cond ((memq value '(nil t)) nil)
        ((or (not (proper-list-p value)) (keywordp (car value)))
         (format "It takes nil, t, or a list of conditions such as\
 ((:name \"irc\")), not %s" (sockopt-rules--text value)))
        (t (condition-case error
               (dolist (match value)
                 (sockopt-rules--check-match match (list match)))
             (error (sockopt-rules--reason error))))))

(defvar sockopt-wake--warned nil
  "The wrong value that the user was last warned of.")

(defun sockopt-wake--right-p ()
  "Return non-nil if `sockopt-probe-after-wake' is right.
Otherwise warn, once."
  (let ((problem (sockopt-wake--problem sockopt-probe-after-wake)))
    (when (and problem
               (not (eq sockopt-wake--warned sockopt-probe-after-wake)))
      (setq sockopt-wake--warned sockopt-probe-after-wake)
      (display-warning
       'sockopt
       (format-message "The user option `%s' is not used.  %s"
                       'sockopt-probe-after-wake problem)))
    (null problem)))

(defun sockopt-wake--selected-p (process)
  "Return non-nil if PROCESS is one of `sockopt-probe-after-wake'."
  (let ((contact (sockopt--core-contact process t t)))
    (and contact
         (not (plist-get contact :server))
         (eq (process-status process) 'open)
         (or (eq sockopt-probe-after-wake t)
             (cl-some (lambda (match)
                        (sockopt-rules-match-p match contact))
                      sockopt-probe-after-wake)))))

(defun sockopt-wake--processes ()
  "Return the connections that are to be probed."
  (and (sockopt-wake--right-p)
       (cl-remove-if-not (lambda (process)
                           (and (eq (process-type process) 'network)
                                (sockopt-wake--selected-p process)))
                         (process-list))))

(defun sockopt-wake--host-part (address)
  "Return ADDRESS, a vector, without its port."
  (and (vectorp address)
       (substring address 0 -1)))

(defun sockopt-wake--address-here-p (process)
  "Return non-nil if the address that PROCESS is bound to is this host's."
  (let ((own (sockopt-wake--host-part
              (plist-get (sockopt--core-contact process t t) :local))))
    (or (null own)
        (cl-find own (network-interface-list t)
                 :key (lambda (interface)
                        (sockopt-wake--host-part (nth 1 interface)))
                 :test #'equal))))

;; A probe that cannot leave this host counts as unanswered, so probing
;; before the network is back would end connections that are alive.
(defun sockopt-wake--probe-ready ()
  "Probe those connections whose addresses are back, or all when it is time."
  (let* ((late (time-less-p sockopt-wake--end nil))
         (live (cl-remove-if-not #'process-live-p sockopt-wake--waiting))
         (ready (if late
                    live
                  (cl-remove-if-not #'sockopt-wake--address-here-p live))))
    (setq sockopt-wake--waiting (cl-set-difference live ready))
    (unless sockopt-wake--waiting
      (sockopt-wake--stop-timer))
    (when ready
      (sockopt-probe ready))))

(defun sockopt-wake--stop-timer ()
  "Stop looking for addresses."
  (when sockopt-wake--timer
    (cancel-timer sockopt-wake--timer)
    (setq sockopt-wake--timer nil)))

;;;###autoload
(defun sockopt-wake-probe ()
  "Probe the connections of `sockopt-probe-after-wake' once the network is up.
That is done by itself after waking; call this from a hook of your own
where Emacs is not told of that."
  (interactive)
  (setq sockopt-wake--waiting (cl-union (sockopt-wake--processes)
                                        sockopt-wake--waiting))
  (when (and (null sockopt-wake--waiting)
             (called-interactively-p 'any))
    (user-error "There is nothing to probe by `sockopt-probe-after-wake'%s"
                (if sockopt-probe-after-wake "" ", which is nil")))
  (setq sockopt-wake--end (time-add nil sockopt-wake--patience))
  (when (and sockopt-wake--waiting (null sockopt-wake--timer))
    (setq sockopt-wake--timer
          (run-at-time 1 1 #'sockopt-wake--probe-ready))))

;;; Being told

(defun sockopt-wake--on-sleep (falling-asleep)
  "Probe if FALLING-ASLEEP is nil: then the computer has woken up."
  (unless falling-asleep
    (sockopt-wake-probe)))

(defun sockopt-wake--on-network (state)
  "Probe if STATE of NetworkManager is that of being connected.
The states from 50 on are that, to a part of the network at least
\(NMState in its D-Bus interface)."
  (when (>= state 50)
    (sockopt-wake-probe)))

(defun sockopt-wake--on-event (event)
  "Probe if EVENT, from system-sleep, is that of waking."
  (when (eq (sleep-event-state event) 'post-wake)
    (sockopt-wake-probe)))

;; Whoever sends it: a service that starts later, or again, counts as well.
(defun sockopt-wake--register (path interface signal handler)
  "Have HANDLER called for SIGNAL of INTERFACE of PATH.
Return non-nil unless there is no such bus."
  (condition-case nil
      (push (dbus-register-signal sockopt-wake--bus nil path interface
                                  signal handler)
            sockopt-wake--registrations)
    (dbus-error nil)))

(defun sockopt-wake--listen-to-bus (sleep)
  "Listen to NetworkManager and, if SLEEP is non-nil, to logind.
Return non-nil unless there is no D-Bus."
  (and (featurep 'dbusbind)
       (require 'dbus nil t)
       (sockopt-wake--register
        "/org/freedesktop/NetworkManager" "org.freedesktop.NetworkManager"
        "StateChanged" #'sockopt-wake--on-network)
       (or (not sleep)
           (sockopt-wake--register
            "/org/freedesktop/login1" "org.freedesktop.login1.Manager"
            "PrepareForSleep" #'sockopt-wake--on-sleep))))

(defun sockopt-wake--listen ()
  "Begin to listen for a wake-up or a new network."
  (let* ((own (and (require 'system-sleep nil t)
                   (fboundp 'system-sleep-enable)))
         (bus (sockopt-wake--listen-to-bus (not own))))
    (when own
      (system-sleep-enable)
      (add-hook 'system-sleep-event-functions #'sockopt-wake--on-event))
    (unless (or own bus)
      (display-warning
       'sockopt "Emacs is not told when this computer wakes up, for there is\
 no D-Bus; call `sockopt-wake-probe' from where you know"))))

(defun sockopt-wake--forget ()
  "Stop listening."
  (remove-hook 'system-sleep-event-functions #'sockopt-wake--on-event)
  (while sockopt-wake--registrations
    (dbus-unregister-object (pop sockopt-wake--registrations)))
  (sockopt-wake--stop-timer)
  (setq sockopt-wake--waiting nil))

(defun sockopt-wake--set (symbol value)
  "Set SYMBOL, `sockopt-probe-after-wake', to VALUE and act accordingly.
In a Customize buffer what is wrong is refused; elsewhere it is kept, not
used, and warned of, as with rules."
  (let ((problem (sockopt-wake--problem value)))
    (when (and problem (derived-mode-p 'Custom-mode))
      (user-error "%s" problem)))
  (set-default-toplevel-value symbol value)
  (sockopt-wake--forget)
  (when (and value (sockopt-wake--right-p))
    (sockopt-wake--listen)))

(defun sockopt-wake-unload-function ()
  "Stop listening before this file is unloaded."
  (sockopt-wake--forget)
  nil)

;;;###autoload
(defcustom sockopt-probe-after-wake nil
  "Which connections to probe after a wake-up or on another network.
If nil, none; if t, all TCP connections; otherwise a list of MATCH as in
`sockopt-rules': those that any of them matches.

Each is probed by `sockopt-probe' once the address that it is bound to is
there again, at the latest after 30 seconds.  The dead end, and their
sentinels run; the living stay.

This takes effect when set by Customize or `setopt', not by `setq'."
  :type '(choice (const :tag "None" nil)
                 (const :tag "All TCP connections" t)
                 (repeat :tag "Those that match"
                         (plist :tag "If")))
  :set #'sockopt-wake--set
  :initialize #'custom-initialize-changed
  :group 'sockopt)

(provide 'sockopt-wake)
;;; sockopt-wake.el ends here
