;;; sockopt-server.el --- Options of what a server accepts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The kernel gives an accepted connection only some of the options that its
;; server has, and Emacs copies the server's contact information, options
;; and all.  Here each child gets the options that are meant for it, before
;; its filter sees any data, and a contact that is true.
;;
;; What the kernel hands down is set on the server, once, and a child costs
;; no system call: its contact tells what the server has.  Only what it does
;; not hand down is set on each child.  A connection that had begun before
;; the server was set an option does not have that, so the next few are seen
;; to one by one: as many as wait to be accepted, and those that a processor
;; may have been at work on.

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(declare-function sockopt--check "../module/emacs/option-access.c" (settings))
(declare-function sockopt--setter "../module/emacs/option-access.c" (row))
(declare-function sockopt--inherited-p "../module/emacs/option-inherit.c"
                  (process status handle row))
(declare-function sockopt--settle-linger "../module/emacs/handle.c" (handle))
(declare-function sockopt--writes "../module/emacs/option-inherit.c"
                  (handle))

(defvar sockopt--child-options (make-hash-table :test #'eq :weakness 'key)
  "The plist of options for the children of each server that has any.")

(defvar sockopt--own-servers (make-hash-table :test #'eq :weakness 'key)
  "The servers whose children are already seen to.")

(cl-defstruct (sockopt--server
               ;; Each child is a few accesses.
               (:type vector)
               (:constructor sockopt--server-make)
               (:copier nil))
  "What the children of a server inherit.
OWN is an alist of what it had itself of the options that it was set for
them, the last first.  ALL is a plist of the options to be set on a child
that may have inherited nothing, REST on any other.  CLAIMED and ADDED are
plists of those that all children have from the start, CLAIMED what the
server's contact has as well.  ASK is non-nil if there is more to know of
each child.  EARLY is how many of the next
children may have begun before, nil if that is unknown.  All this holds as
long as the server's socket, which is HANDLE's, has been set WRITES options
and its CONTACT is as it was, NOTED."
  own all rest claimed added ask early handle writes contact noted)

(defvar sockopt--servers (make-hash-table :test #'eq :weakness 'key)
  "A `sockopt--server' for each server that has accepted anything.")

;;; What can be handed down

(defun sockopt--inherits-p (server option)
  "Return non-nil if what SERVER accepts inherits OPTION of it."
  (let ((handle (sockopt--handle server)))
    (sockopt--inherited-p server (process-status server) handle
                          (sockopt--row option))))

(defun sockopt--side-effects (option)
  "Return the readable options that are others once OPTION is set."
  (cl-remove-if-not #'sockopt--plain-p (sockopt--changes option)))

(defun sockopt--hand-down-p (server option)
  "Return non-nil if OPTION can be set on SERVER for what it accepts.
It must be inherited, be about no more than the connection, and leave no
trace that could not be read, and so not be undone."
  (let ((row (sockopt-option option)))
    (and (sockopt--inherits-p server option)
         (not (sockopt-option-admits row))
         (not (eq (sockopt-option-phase row) 'before-bind))
         (cl-every (lambda (other) (sockopt-supported-p other server))
                   (sockopt--side-effects option)))))

(defun sockopt--changed-by (plist)
  "Return the options that can be read and that those in PLIST change."
  (cl-loop for option in plist by #'cddr
           append (sockopt--side-effects option)))

;;; Handing down and taking back

(defun sockopt--write-listener (server option value)
  "Set OPTION of SERVER to VALUE, without a word in its contact."
  (let ((handle (sockopt--handle server)))
    (funcall (sockopt--setter (sockopt--row option))
             server (process-status server) handle value)))

(defun sockopt--put-back (server option value)
  "Set OPTION of SERVER to VALUE, which it had before.
If that fails, report it."
  (condition-case error
      (unless (equal value (sockopt-get server option))
        (sockopt--write-listener server option value)
        ;; The kernel doubles the sizes of buffers.
        (when (and (integerp value)
                   (eql (sockopt-get server option) (* 2 value)))
          (sockopt--write-listener server option (/ value 2))))
    (error (message "sockopt: %s: %s" (process-name server)
                    (error-message-string error)))))

(defun sockopt--remember (server record option)
  "Have RECORD keep what SERVER has of OPTION and of its side effects."
  (dolist (each (append (sockopt--side-effects option) (list option)))
    (unless (assq each (sockopt--server-own record))
      (push (cons each (sockopt-get server each))
            (sockopt--server-own record)))))

(defun sockopt--take-out (server record option)
  "Put back what setting OPTION changed of SERVER, but not of its children.
RECORD has what that was.  Return what it had become, a plist."
  (cl-loop for other in (sockopt--side-effects option)
           unless (sockopt--inherits-p server other)
           append (list other (sockopt-get server other))
           and do (sockopt--put-back server other
                                     (alist-get
                                      other (sockopt--server-own record)))))

(defun sockopt--hand-down-one (server record option value)
  "Set OPTION of SERVER to VALUE for its children, if they inherit that.
Return (HANDED . PLIST).  HANDED is non-nil if that could be done; PLIST is
what is left to be set on each child: what OPTION changes besides, or else
OPTION itself.  RECORD keeps what it takes to undo it."
  (or (and (sockopt--hand-down-p server option)
           (condition-case nil
               (progn
                 (sockopt--remember server record option)
                 (sockopt--write-listener server option value)
                 (cons t (sockopt--take-out server record option)))
             (error nil)))
      (list nil option value)))

(defun sockopt--hand-down (server record plist)
  "Set the options in PLIST on SERVER, as far as its children inherit them.
What is left is for each child to be set, says RECORD, and so is what that
would change."
  (let* ((done (cl-loop for (option value) on plist by #'cddr
                        collect (cons option
                                      (sockopt--hand-down-one
                                       server record option value))))
         (kept (cl-loop for (_ handed . left) in done
                        unless handed append left)))
    (sockopt--note-handed server (cl-loop for (option handed) in done
                                          when handed collect option))
    (setf (sockopt--server-all record)
          (cl-loop for (option value) on plist by #'cddr
                   for (_ handed . left) in done
                   append (list option value)
                   when handed append left)
          (sockopt--server-rest record)
          (cl-loop with changed = (sockopt--changed-by kept)
                   for (option value) on plist by #'cddr
                   for (_ _ . left) in done
                   when (memq option changed) append (list option value)
                   append left))))

(defun sockopt--note-handed (server options)
  "Note that SERVER has been set OPTIONS for its children."
  (if options
      (puthash server options sockopt--handed-down)
    (remhash server sockopt--handed-down)))

(defun sockopt--take-back (server record)
  "Give SERVER back what it had itself before, as RECORD has it."
  (pcase-dolist (`(,option . ,value) (sockopt--server-own record))
    (sockopt--put-back server option value))
  (setf (sockopt--server-own record) nil)
  (sockopt--note-handed server nil))

(defun sockopt--notice-own (server record)
  "Have RECORD keep what SERVER itself has been set since it was noted."
  (let ((now (sockopt--core-contact server t t))
        (before (sockopt--server-noted record))
        (values (append (sockopt--server-claimed record)
                        (sockopt--server-added record))))
    (dolist (entry (sockopt--server-own record))
      (let* ((option (car entry))
             (value (sockopt-get server option)))
        (cond ((and (plist-member values option)
                    (not (equal value (plist-get values option))))
               (setcdr entry value))
              ;; Just what its children have.
              ((not (equal (plist-get now option)
                           (plist-get before option)))
               (setcdr entry (plist-get now option))))))))

;;; What a child has

(defun sockopt--count-early (server)
  "Return how many of the next children of SERVER may have begun already.
Value is nil if that is unknown."
  (let ((queued (condition-case nil
                    (plist-get (sockopt-get server :tcp-info) :unacked)
                  (sockopt-error nil))))
    ;; The one that is being accepted has left the queue.
    (and queued (+ queued 1 (num-processors)))))

(defun sockopt--note-values (server record)
  "Note in RECORD what the options are that children of SERVER inherit.
These are the ones in its contact, and those that it was set for them."
  (let ((contact (sockopt--core-contact server t t))
        (ask (and (sockopt--server-rest record) t))
        claimed added)
    (cl-loop for option in contact by #'cddr
             when (and (sockopt--option-p option)
                       (sockopt--plain-p option))
             do (if (sockopt--inherits-p server option)
                    (setq claimed (cl-list* option (sockopt-get server option)
                                            claimed))
                  (setq ask t)))
    (dolist (option (gethash server sockopt--handed-down))
      (unless (plist-member contact option)
        (setq added (plist-put added option (sockopt-get server option)))))
    (setf (sockopt--server-claimed record) claimed
          (sockopt--server-added record) added
          (sockopt--server-ask record) ask)))

(defun sockopt--note-server-state (server record)
  "Note in RECORD what a child of SERVER has from now on."
  (let ((handle (sockopt--handle server))
        (contact (sockopt--core-contact server t t)))
    (sockopt--note-values server record)
    (setf (sockopt--server-early record) (sockopt--count-early server)
          (sockopt--server-handle record) handle
          (sockopt--server-writes record) (sockopt--writes handle)
          (sockopt--server-contact record) contact
          (sockopt--server-noted record) (copy-sequence contact))))

(defsubst sockopt--server-same-p (record)
  "Return non-nil if the server that RECORD is of is still as noted there."
  (and (eql (sockopt--writes (sockopt--server-handle record))
            (sockopt--server-writes record))
       (equal (sockopt--server-contact record)
              (sockopt--server-noted record))))

(defun sockopt--renew-server (server)
  "Note anew what the children of SERVER have, and return that.
What they have been given stays, though SERVER itself may have been set
something else."
  (let ((record (gethash server sockopt--servers)))
    (if record
        (progn (sockopt--notice-own server record)
               (sockopt--take-back server record))
      (setq record (puthash server (sockopt--server-make)
                            sockopt--servers)))
    (sockopt--hand-down server record
                        (gethash server sockopt--child-options))
    (sockopt--note-server-state server record)
    record))

(defun sockopt--current-server (server)
  "Return what the children of SERVER have."
  (let ((record (gethash server sockopt--servers)))
    (if (and record (sockopt--server-same-p record))
        record
      (sockopt--renew-server server))))

(defun sockopt--early-p (record)
  "Return non-nil if the next child of RECORD may have begun too early.
From then on the one after that is the next."
  (let ((early (sockopt--server-early record)))
    (cond ((null early) t)
          ((< 0 early)
           (setf (sockopt--server-early record) (1- early))
           t))))

(defsubst sockopt--note-inherited (child record)
  "Have the contact of CHILD tell what it has from the start, by RECORD.
It is a copy of the server's as noted there."
  (let ((contact (sockopt--core-contact child t t))
        (rest (sockopt--server-claimed record)))
    (while rest
      (plist-put contact (pop rest) (pop rest)))
    (nconc contact (copy-sequence (sockopt--server-added record)))))

(defun sockopt--set-all-on-child (child plist)
  "Set the options in PLIST on CHILD, and report those that fail."
  (while plist
    (setq plist (sockopt--set-some child plist))))

(defun sockopt--set-up-one (server child)
  "Do for SERVER what CHILD needs beyond a true contact, or may need."
  (let* ((record (sockopt--current-server server))
         (early (sockopt--early-p record)))
    (unless early
      (sockopt--note-inherited child record))
    (sockopt--set-all-on-child child (if early
                                         (sockopt--server-all record)
                                       (sockopt--server-rest record)))
    (when (or early (sockopt--server-ask record))
      (sockopt--refresh child))))

(defun sockopt--set-up-child (server child)
  "Give CHILD the options that SERVER has for it, and a true contact.
A child's contact information starts as a copy of the server's, options
and all, though the kernel gives it only some of them.  What fails is
reported; the connection goes on."
  (let ((record (gethash server sockopt--servers)))
    (if (and record
             (eql 0 (sockopt--server-early record))
             (not (sockopt--server-ask record))
             (sockopt--server-same-p record))
        (sockopt--note-inherited child record)
      (sockopt--set-up-one server child))
    (unless (memq (sockopt--claimed-linger child) '(nil 0))
      (sockopt--settle-linger (sockopt--handle child)))))

(defun sockopt--set-some (process plist)
  "Set options in PLIST of PROCESS up to one that fails, and report that.
Return what comes after it in PLIST."
  (condition-case error
      (progn (sockopt-set-options process plist)
             nil)
    (error
     (let* ((end (car (last error)))
            (done (and (eq (car-safe end) :already-set) (cdr end))))
       (message "sockopt: %s: %s" (process-name process)
                (error-message-string (if done (butlast error) error)))
       (nthcdr (* 2 (1+ (length done))) plist)))))

(defun sockopt--log (log)
  "Return a `:log' function that does as LOG, nil for none.
It runs before the child's filter can see any data."
  (lambda (server client message)
    (when (processp client)
      (with-demoted-errors "sockopt: %S"
        (sockopt--set-up-child server client)))
    (when log
      (funcall log server client message))))

;;;###autoload
(defun sockopt-set-child-options (server plist)
  "Set options on each connection that SERVER accepts from now on.
PLIST is (OPTION VALUE OPTION VALUE ...).  They are set before the
connection's filter sees any data; if one fails, that is reported and the
connection goes on.  SERVER is a listening network process, whoever made
it; one that others made must have its sentinel by then.  Return t.

An option that accepted connections inherit is set once, on SERVER itself,
unless it would decide there whom SERVER lets in; see \"Accepted\" in
\\[sockopt-describe-option].  `sockopt-get' of SERVER then gives the value
for connections, and `process-contact' that of SERVER, which comes back
once no connection is to have the option any more."
  (sockopt--check-plist plist)
  (sockopt--ensure-module)
  (sockopt--check (sockopt--settings plist))
  (unless (eq (process-status server) 'listen)
    (signal 'sockopt-error (list "Process is not a server" server)))
  (unless (gethash server sockopt--own-servers)
    (sockopt--take-server server))
  (sockopt--give-children server plist)
  t)

(defun sockopt--give-children (server plist)
  "Have the children of SERVER get the options in PLIST, and no others."
  (let ((inhibit-quit t))
    (puthash server plist sockopt--child-options)
    (sockopt--renew-server server)))

(defun sockopt--take-server (server)
  "See to the children of SERVER, which others made.
There is no way to change its log function, but children start with the
server's sentinel, and it is called before their filter."
  (let ((sentinel (process-sentinel server)))
    (puthash server t sockopt--own-servers)
    (set-process-sentinel
     server
     (lambda (process message)
       (unless (eq process server)
         (set-process-sentinel process sentinel)
         (with-demoted-errors "sockopt: %S"
           (sockopt--set-up-child server process)))
       (funcall sentinel process message)))))

(defun sockopt--with-log (args)
  "Return ARGS with our `:log' if they make a server."
  (if (plist-get args :server)
      (plist-put (copy-sequence args) :log
                 (sockopt--log (plist-get args :log)))
    args))

(defun sockopt--note-server (process args)
  "Note that PROCESS, made by ARGS, is a server that sees to its children."
  (puthash process t sockopt--own-servers)
  (when (plist-get args :child-options)
    (sockopt--give-children process (plist-get args :child-options))))

(defun sockopt--restore-log (process args)
  "Have the contact information of PROCESS name the `:log' of ARGS, if any."
  (let ((contact (sockopt--core-contact process t t)))
    (if (plist-member args :log)
        (plist-put contact :log (plist-get args :log))
      ;; It is never the first.
      (cl-remf contact :log))))

(provide 'sockopt-server)
;;; sockopt-server.el ends here
