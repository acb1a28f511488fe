;;; sockopt-apply.el --- Rules for connections that there are  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The command `sockopt-apply-rules' and its buffer: which rules are wrong,
;; and what the others change, or would change, of each process.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-mode)
(require 'sockopt-process)
(require 'sockopt-rules)
(require 'sockopt-server)

(autoload 'sockopt-ui-too-late "sockopt-ui")

(declare-function sockopt--open "../module/emacs/process-open.c"
                  (handle type protocol backlog addresses settings optional args
                   stagger timeout local))
(declare-function sockopt--new-handle "../module/emacs/handle.c" ())
(declare-function sockopt--close "../module/emacs/handle.c" (handle))
(declare-function sockopt--address "../module/emacs/process-lookup.c"
                  (keyword address))

;;; What the kernel makes of values

(defun sockopt-apply--scratch-address (contact file)
  "Return where to bind a socket of the kind that CONTACT is about, or nil.
FILE is the name for a local one."
  (let ((address (or (plist-get contact :local)
                     (plist-get contact :remote))))
    (cond ((eq (plist-get contact :type) 'raw) nil)
          ((stringp address) file)
          ((not (vectorp address)) nil)
          ((= (length address) 5) [127 0 0 1 0])
          ((= (length address) 9) [0 0 0 0 0 0 0 1 0]))))

(defun sockopt-apply--open-scratch (contact address settings)
  "Set SETTINGS on a socket at ADDRESS of the kind that CONTACT is about.
Return for each what `sockopt--open' does.  The socket is closed."
  (sockopt--with-handle handle
    (cdr (sockopt--open handle (plist-get contact :type)
                        (sockopt--protocol contact) 1
                        (sockopt--address :local address)
                        settings (/ (length settings) 2)
                        (list :name "scratch" :server t) nil nil nil))))

(defun sockopt-apply--made (contact plist)
  "Return what the options in PLIST will be once set, for CONTACT.
Value is a list with (VALUE) for each, or nil where that is not known.  It
is tried on another socket of that kind, which listens for a moment, to
this machine alone."
  (let* ((file (make-temp-name (expand-file-name "sockopt-"
                                                 temporary-file-directory)))
         (address (sockopt-apply--scratch-address contact file)))
    ;; The file goes with the socket.
    (condition-case nil
        (mapcar (lambda (result) (and (consp result) result))
                (and address plist
                     (sockopt-apply--open-scratch
                      contact address (sockopt--settings plist))))
      (error nil))))

;;; What there is to change

(cl-defstruct (sockopt-apply--change (:constructor sockopt-apply--change-make)
                                     (:copier nil))
  "A change that RULE makes to a process.
OPTION is set to VALUE; it is OLD, and will be NEW."
  option value old new rule)

(defconst sockopt-apply--none "this socket has none"
  "Why an option of a rule cannot be set on some sockets.")

(defun sockopt-apply--lacks-p (process option)
  "Return non-nil if it is known that PROCESS does not have OPTION."
  (condition-case nil
      (not (sockopt-supported-p option process))
    (error nil)))

(defun sockopt-apply--old (process option)
  "Return what OPTION of PROCESS is.
If it cannot be read, that is what was set last, or `unknown'."
  (condition-case nil
      (sockopt-get process option)
    (sockopt-error
     (let ((contact (sockopt--core-contact process t t)))
       (if (plist-member contact option)
           (plist-get contact option)
         'unknown)))))

(defun sockopt-apply--applied-p (process option value)
  "Return non-nil if a rule set OPTION of PROCESS to VALUE in time."
  (equal value (cadr (assq option (gethash process
                                           sockopt-mode--applied)))))

(defun sockopt-apply--sort (process settings)
  "Return (TODO OBSTACLES) of SETTINGS of PROCESS.
SETTINGS are as `sockopt-mode--rule-options' returns them.  TODO is a
list of `sockopt-apply--change', some of which do nothing; OBSTACLES is a
list of (REASON . OPTION)."
  (let (changes obstacles)
    (pcase-dolist (`(,option ,value ,rule ,preset) settings)
      (let ((lacks (sockopt-apply--lacks-p process option))
            (late (sockopt-ui-too-late process option))
            (old (sockopt-apply--old process option)))
        (cond ((equal old value))
              (lacks (unless preset
                       (push (cons sockopt-apply--none option) obstacles)))
              ((not late)
               (push (sockopt-apply--change-make
                      :option option :value value :old old :new value
                      :rule rule)
                     changes))
              ((sockopt-apply--applied-p process option value))
              (t (push (cons late option) obstacles)))))
    (list (nreverse changes) (nreverse obstacles))))

(defun sockopt-apply--foresee (contact todo)
  "Put into each change in TODO what the kernel will make of its value.
CONTACT is the process's.  Return those that change something."
  (cl-loop for change in todo
           for made in (sockopt-apply--made
                        contact
                        (cl-loop for change in todo
                                 collect (sockopt-apply--change-option change)
                                 collect (sockopt-apply--change-value
                                          change)))
           when made
           do (setf (sockopt-apply--change-new change) (car made)))
  (cl-remove-if (lambda (change)
                  (equal (sockopt-apply--change-old change)
                         (sockopt-apply--change-new change)))
                todo))

(defun sockopt-apply--child-change (process rules)
  "Return the change that RULES make to the children of PROCESS, or nil."
  (let* ((new (sockopt-mode--rule-child-options rules))
         (old (gethash process sockopt--child-options))
         (all (copy-sequence old)))
    (cl-loop for (option value) on new by #'cddr
             do (setq all (plist-put all option value)))
    (and new
         (eq (process-status process) 'listen)
         (not (equal old all))
         (sockopt-apply--change-make
          :option :child-options :value all :old old :new all
          :rule (sockopt-rule-source
                 (cl-find-if (lambda (rule)
                               (assq :child-options
                                     (sockopt-rule-settings rule)))
                             rules :from-end t))))))

(defun sockopt-apply--plan (process)
  "Return (TODO OBSTACLES) that the rules mean for PROCESS.
They are as `sockopt-apply--sort' returns them."
  (let* ((contact (sockopt--core-contact process t t))
         (rules (sockopt-mode--matching contact))
         (lacking nil)
         (settings (sockopt-mode--rule-options
                    rules contact
                    (lambda (_rule option)
                      (push (cons sockopt-apply--none option) lacking))))
         (child (sockopt-apply--child-change process rules)))
    (pcase-let ((`(,changes ,obstacles)
                 (sockopt-apply--sort process settings)))
      (list (append (sockopt-apply--foresee contact changes)
                    (and child (list child)))
            (append (nreverse lacking) obstacles)))))

(defun sockopt-apply--set (process change)
  "Make CHANGE to PROCESS.  Return in words what came of it."
  (let ((option (sockopt-apply--change-option change))
        (value (sockopt-apply--change-value change)))
    (condition-case error
        (cond ((eq option :child-options)
               (sockopt-set-child-options process value)
               (sockopt-rules--text value))
              (t (sockopt-set process option value)
                 (sockopt-rules--text
                  (condition-case nil
                      (sockopt-get process option)
                    (sockopt-error value)))))
      (error (format "refused: %s" (error-message-string error))))))

;;; Showing it

(defvar sockopt-apply-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" #'sockopt-apply-rules)
    (define-key map "c" #'sockopt-apply-customize)
    map)
  "Keymap of the buffer that shows what rules change.")

(define-derived-mode sockopt-apply-mode special-mode "Sockopt-Rules"
  "Major mode of the buffer that shows what rules change.
\\<sockopt-apply-mode-map>\\[revert-buffer] shows what they would change now,
\\[sockopt-apply-rules] applies them, \\[sockopt-apply-customize] edits them."
  (setq-local revert-buffer-function #'sockopt-apply--revert))

(defun sockopt-apply-customize ()
  "Edit `sockopt-rules'."
  (interactive)
  (customize-option 'sockopt-rules))

(defun sockopt-apply--revert (&rest _)
  "Show again what the rules would change."
  (let ((line (line-number-at-pos)))
    (sockopt-apply--fill t)
    (goto-char (point-min))
    (forward-line (1- line))))

(defun sockopt-apply--rule-name (rule)
  "Return in words which of `sockopt-rules' RULE is."
  (let ((position (and (proper-list-p sockopt-rules)
                       (cl-position rule sockopt-rules))))
    (cond (position (format "rule %d" (1+ position)))
          ((eq rule sockopt-rules) "sockopt-rules")
          (t "rule ?"))))

(defun sockopt-apply--insert-rule (rule indent)
  "Insert a line with RULE and which one it is, after INDENT."
  (insert indent
          (propertize (format "%s: %s" (sockopt-apply--rule-name rule)
                              (sockopt-rules--text rule))
                      'face 'shadow)
          "\n"))

(defun sockopt-apply--insert-wrong ()
  "Insert the rules that are wrong, with the reason of each."
  (let ((wrong (sockopt-rules-wrong)))
    (when wrong
      (insert (propertize "Wrong rules, which are not used:" 'face 'warning)
              "\n\n")
      (pcase-dolist (`(,rule . ,reason) wrong)
        (sockopt-apply--insert-rule rule "  ")
        (insert "    " reason "\n"))
      (insert "\n"))))

(defun sockopt-apply--insert-failed ()
  "Insert what rules could not set of processes."
  (let ((failed (cl-remove-if-not
                 (lambda (entry)
                   (cl-find (car entry)
                            (sockopt-rules--state-right (sockopt-rules--now))
                            :key #'sockopt-rule-source))
                 sockopt-mode--reported)))
    (when failed
      (insert "Rules that failed for a process:\n\n")
      (pcase-dolist (`(,rule ,option ,message) (reverse failed))
        (sockopt-apply--insert-rule rule "  ")
        (insert (format "    %s%s\n" (if option (format "%s: " option) "")
                        message)))
      (insert "\n"))))

(defun sockopt-apply--insert-obstacles (obstacles)
  "Insert OBSTACLES, a list of (REASON . OPTION), a line for each reason."
  (dolist (reason (delete-dups (mapcar #'car obstacles)))
    (insert (format "  %s: %s\n" reason
                    (mapconcat (lambda (entry) (symbol-name (cdr entry)))
                               (cl-remove reason obstacles
                                          :key #'car :test-not #'equal)
                               ", ")))))

(defun sockopt-apply--insert-changes (process todo preview)
  "Insert what is in TODO for PROCESS, by rule, and do it.
With PREVIEW non-nil, do nothing."
  (dolist (rule (cl-remove-duplicates
                 (mapcar #'sockopt-apply--change-rule todo)
                 :test #'eq :from-end t))
    (dolist (change todo)
      (when (eq rule (sockopt-apply--change-rule change))
        (insert (format "  %s: %s → %s\n"
                        (sockopt-apply--change-option change)
                        (sockopt-rules--text
                         (sockopt-apply--change-old change))
                        (if preview
                            (sockopt-rules--text
                             (sockopt-apply--change-new change))
                          (sockopt-apply--set process change))))))
    (sockopt-apply--insert-rule rule "    ")))

(defun sockopt-apply--insert-process (process preview)
  "Insert what the rules mean for PROCESS; return non-nil if anything.
Make the changes, unless PREVIEW is non-nil."
  (pcase-let ((`(,changes ,obstacles) (sockopt-apply--plan process)))
    (when (or changes obstacles)
      (insert (propertize (process-name process) 'face 'bold) "\n")
      (sockopt-apply--insert-changes process changes preview)
      (sockopt-apply--insert-obstacles obstacles)
      t)))

(defun sockopt-apply--connecting-p (process)
  "Return non-nil if PROCESS still connects, and it is known whereto."
  (and (eq (process-type process) 'network)
       (sockopt--connecting-p process)
       (sockopt--core-contact process t t)))

(defun sockopt-apply--processes ()
  "Return the processes that rules can be applied to."
  (cl-remove-if-not (lambda (process)
                      (or (sockopt-mode--has-socket-p process)
                          (sockopt-apply--connecting-p process)))
                    (process-list)))

(defun sockopt-apply--matched-p (process)
  "Return non-nil if any right rule matches PROCESS."
  (sockopt-mode--matching (sockopt--core-contact process t t)))

(defun sockopt-apply--insert-nothing ()
  "Insert that rules change nothing, and why."
  (let* ((processes (sockopt-apply--processes))
         (matched (cl-count-if #'sockopt-apply--matched-p processes)))
    (insert (if (sockopt-rules-wrong) "The other rules" "The rules")
            " change nothing: "
            (cond ((null processes) "there are no connections")
                  ((zerop matched) "no connection matches one")
                  (t (format "%d of %d connections match one, with nothing left \
to set" matched (length processes))))
            ".\n")))

(defun sockopt-apply--insert-processes (preview)
  "Insert what the rules change of each process; PREVIEW is as elsewhere."
  (let ((any nil))
    (dolist (process (sockopt-apply--processes))
      (when (condition-case error
                (sockopt-apply--insert-process process preview)
              (error (insert (format "  %s\n" (error-message-string error)))
                     t))
        (setq any t)))
    (unless (or any (null (sockopt-rules--state-right (sockopt-rules--now))))
      (sockopt-apply--insert-nothing))))

(defun sockopt-apply--header (preview possible)
  "Return the header line; PREVIEW is as elsewhere.
POSSIBLE is non-nil if there are rules that can be applied."
  (concat (cond ((not possible) " g: look again")
                (preview " Nothing is changed yet.  a: apply  g: look again")
                (t " Applied.  g: what is left"))
          "  c: customize"
          (unless sockopt-mode
            "  (`sockopt-mode' is off: new connections get no rules)")))

(defun sockopt-apply--fill (preview)
  "Fill the current buffer; PREVIEW is as for `sockopt-apply-rules'."
  (let ((inhibit-read-only t)
        (reason (and sockopt-rules (sockopt-rules-load-module))))
    (erase-buffer)
    (setq header-line-format
          (sockopt-apply--header preview (and sockopt-rules (not reason))))
    (sockopt-apply--insert-wrong)
    (sockopt-apply--insert-failed)
    (cond ((null sockopt-rules)
           (insert "There are no rules; see `sockopt-rules'.\n"))
          (reason
           (insert "Rules need the module.  " reason "\n"))
          (t (sockopt-apply--insert-processes preview)))
    (goto-char (point-min))))

;;;###autoload
(defun sockopt-apply-rules (&optional preview)
  "Apply `sockopt-rules' to the network processes there are.
Show what changed, after the rules that are wrong.  With PREVIEW non-nil
\(interactively, a prefix argument), change nothing and show what would."
  (interactive "P")
  (when (and sockopt-rules (called-interactively-p 'interactive))
    (let ((reason (sockopt-rules-load-module)))
      (when reason
        (sockopt-mode--offer-module reason))))
  (with-current-buffer (get-buffer-create "*sockopt-rules*")
    (sockopt-apply-mode)
    (sockopt-apply--fill preview)
    ;; Its keys are named there, so they are to work at once.
    (pop-to-buffer (current-buffer))))

(defun sockopt-apply-rules-preview ()
  "Show what `sockopt-apply-rules' would change."
  (interactive)
  (sockopt-apply-rules t))

(provide 'sockopt-apply)
;;; sockopt-apply.el ends here
