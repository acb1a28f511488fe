;;; sockopt-list.el --- Every connection in a list  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `sockopt-list-processes' lists all network processes with what the
;; kernel says of each: state, round trip, queues, when the peer was last
;; heard.  One can sort, filter and mark them, and act on those marked.
;; What has ended stays, with its totals, until it is cleared.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-describe)
(require 'sockopt-findings)
(require 'sockopt-list-columns)
(require 'sockopt-ui)
(require 'tabulated-list)
(eval-when-compile (require 'subr-x))

(defcustom sockopt-list-auto-update nil
  "Whether `sockopt-list-processes' is updated by itself.
The value `visible' means while a window shows it, t always."
  :type '(choice (const :tag "Never" nil)
                 (const :tag "While it is visible" visible)
                 (const :tag "Always" t))
  :group 'sockopt)

(defcustom sockopt-list-interval 5
  "How many seconds there are between updates of the list.
See `sockopt-list-auto-update'."
  :type '(number :match (lambda (_widget value)
                          (and (numberp value) (<= 0.1 value)))
                 :type-error "a number of seconds, 0.1 or more")
  :group 'sockopt)

(defface sockopt-list-mark '((t :inherit font-lock-constant-face))
  "Face of marks."
  :group 'sockopt)

(defface sockopt-list-marked '((t :inherit warning))
  "Face of what is marked."
  :group 'sockopt)

(defface sockopt-list-ended '((t :inherit shadow))
  "Face of connections that have ended."
  :group 'sockopt)

;;; What is known

(defvar-local sockopt-list--rows nil
  "A hash table of the `sockopt-list--row' of each process that is known.")

(defvar-local sockopt-list--order nil
  "The processes that are known, in the order in which they were shown.")

(defvar-local sockopt-list--marks nil
  "A hash table of the processes that are marked.")

(defvar-local sockopt-list--filters nil
  "What is shown: an alist of (KIND . (WORDS . PREDICATE)).
PREDICATE is called with a process and its `sockopt-list--row'.")

(defvar-local sockopt-list--updated nil
  "When this list was updated, as `float-time' returns it.")

(defvar-local sockopt-list--shown 0
  "How many processes are shown.")

(defvar-local sockopt-list--timer nil
  "The timer that updates this list, or nil.")

(defun sockopt-list--update ()
  "Read anew what there is to know of all network processes."
  (let ((rows sockopt-list--rows)
        new)
    (dolist (process (process-list))
      (when (and (eq (process-type process) 'network)
                 (process-live-p process))
        (unless (gethash process rows)
          (push process new)
          (puthash process (sockopt-list--row-make) rows))
        (sockopt-list--read process (gethash process rows))))
    (setq sockopt-list--order (nconc sockopt-list--order new)
          sockopt-list--updated (float-time))
    (dolist (process sockopt-list--order)
      (unless (process-live-p process)
        (sockopt-list--end process (gethash process rows))))))

;;; Columns

(defvar-local sockopt-list--shown-columns nil
  "The columns that are shown, elements of `sockopt-list--columns'.")

(defvar-local sockopt-list--line ""
  "The format of a line that has texts in the columns that are shown.")

(defun sockopt-list--before-p (a b)
  "Return non-nil if value A of a column comes before B."
  (cond ((stringp a) (string-lessp a b))
        ((null b) nil)
        ((null a) t)
        (t (< a b))))

(defun sockopt-list--format (columns)
  "Return COLUMNS as `tabulated-list-format' has them.
After the last there is no room, which would not fit into the window."
  (vconcat (mapcar (lambda (column)
                     (list (nth 1 column) (nth 2 column) t
                           :right-align (and (nth 3 column) t)
                           :pad-right (if (eq column (car (last columns)))
                                          0
                                        1)))
                   columns)))

(defun sockopt-list--set-columns ()
  "Choose the columns that fit into the window of this buffer."
  (let* ((window (get-buffer-window nil t))
         (columns (sockopt-list--fitting (if window
                                             (window-body-width window)
                                           80))))
    (unless (equal columns sockopt-list--shown-columns)
      (maphash (lambda (_process row)
                 (setf (sockopt-list--row-cells row) nil))
               sockopt-list--rows)
      (setq sockopt-list--shown-columns columns
            sockopt-list--line (sockopt-list--line-format columns)
            tabulated-list-format (sockopt-list--format columns))
      (unless (assoc (car tabulated-list-sort-key)
                     (append tabulated-list-format nil))
        (setq tabulated-list-sort-key nil)))
    (tabulated-list-init-header)
    (setq header-line-format '(:eval (sockopt-list--header)))))

;;; Filters

;; That rests on more than the columns show.
(defun sockopt-list--stalled-p (process _row)
  "Return non-nil if PROCESS cannot go on."
  (cl-some (lambda (finding)
             (or (eq (plist-get finding :level) 'problem)
                 (eq (plist-get finding :id) 'unread)))
           (sockopt-findings (sockopt-findings-snapshot process))))

(defun sockopt-list--no-keepalive-p (_process row)
  "Return non-nil if ROW is a connection without keepalive."
  (eql -1 (sockopt-list--keepalive row)))

(defun sockopt-list--listening-p (_process row)
  "Return non-nil if ROW is of a server."
  (sockopt-list--contact row :server))

(defun sockopt-list--ended-p (_process row)
  "Return non-nil if ROW is of a connection that has ended."
  (sockopt-list--row-ended row))

(defun sockopt-list--owned-p (mode)
  "Return a predicate for processes whose buffer is in MODE, a symbol."
  (lambda (process _row)
    (let ((buffer (process-buffer process)))
      (and (buffer-live-p buffer)
           (eq mode (buffer-local-value 'major-mode buffer))))))

(defconst sockopt-list--meanings
  '(("stalled" . sockopt-list--stalled-p)
    ("no keepalive" . sockopt-list--no-keepalive-p)
    ("listening" . sockopt-list--listening-p)
    ("ended" . sockopt-list--ended-p))
  "What connections can be filtered by: (WORDS . PREDICATE).")

(defun sockopt-list--modes ()
  "Return the modes of the buffers of network processes, symbols."
  (delete-dups
   (cl-loop for process in sockopt-list--order
            for buffer = (process-buffer process)
            when (buffer-live-p buffer)
            collect (buffer-local-value 'major-mode buffer))))

(defun sockopt-list--passes-p (process row)
  "Return non-nil if PROCESS, which has ROW, is to be shown."
  (cl-every (lambda (filter) (funcall (cddr filter) process row))
            sockopt-list--filters))

(defun sockopt-list--set-filter (kind words predicate)
  "Put PREDICATE, with WORDS for people, in place of the filter of KIND."
  (setf (alist-get kind sockopt-list--filters) (cons words predicate))
  (sockopt-list--print))

(defun sockopt-list--check-regexp (regexp)
  "Signal an error for the user unless REGEXP is a regexp."
  (condition-case error
      (string-match-p regexp "")
    (invalid-regexp (user-error "Invalid regexp %S: %s" regexp
                                (cadr error)))))

(defun sockopt-list-filter-name (regexp)
  "Show the connections whose name, buffer or host matches REGEXP."
  (interactive (list (read-regexp "Filter by name or host (regexp): "))
               sockopt-list-mode)
  (sockopt-list--check-regexp regexp)
  (sockopt-list--set-filter
   'name (format "/%s/" regexp)
   (lambda (_process row)
     (cl-some (lambda (text)
                (and (stringp text) (string-match-p regexp text)))
              (list (sockopt-list--name row)
                    (sockopt-list--contact row :host)
                    (sockopt-list--remote row))))))

(defun sockopt-list-filter-state (state)
  "Show the connections that are in STATE, a string."
  (interactive
   (list (completing-read
          "Filter by state: "
          (delete-dups (mapcar (lambda (process)
                                 (sockopt-list--state
                                  (gethash process sockopt-list--rows)))
                               sockopt-list--order))
          nil t))
   sockopt-list-mode)
  (sockopt-list--set-filter
   'state state
   (lambda (_process row) (equal state (sockopt-list--state row)))))

(defun sockopt-list-filter-meaning (meaning)
  "Show the connections of which MEANING is true, a string.
That is \"stalled\", \"no keepalive\", \"listening\", \"ended\", or the
mode of a buffer, for those that it owns."
  (interactive
   (list (completing-read
          "Filter by meaning: "
          (append (mapcar #'car sockopt-list--meanings)
                  (mapcar (lambda (mode) (format "owned by %s" mode))
                          (sockopt-list--modes)))
          nil t))
   sockopt-list-mode)
  (sockopt-list--set-filter
   'meaning meaning
   (or (cdr (assoc meaning sockopt-list--meanings))
       (sockopt-list--owned-p
        (intern (string-remove-prefix "owned by " meaning))))))

(defun sockopt-list-filter-clear ()
  "Show all connections again."
  (interactive nil sockopt-list-mode)
  (setq sockopt-list--filters nil)
  (sockopt-list--print))

;;; Printing

(defconst sockopt-list--fixed '(name remote local type rule)
  "The columns whose text hardly ever changes.")

(defun sockopt-list--make-cell (column row)
  "Return the text that ROW has in COLUMN, cut where it does not fit."
  (let ((text (sockopt-list--text column row))
        (width (nth 2 column)))
    (if (memq (car column) '(remote local))
        (sockopt-list--shorten text width)
      (truncate-string-to-width text width nil nil t))))

;; To make all texts anew would take longer than to read all connections.
(defun sockopt-list--cell (column row)
  "Return the text that ROW has in COLUMN.  Numbers always fit."
  (let ((symbol (car column)))
    (cond ((not (memq symbol sockopt-list--fixed))
           (sockopt-list--text column row))
          ((plist-get (sockopt-list--row-cells row) symbol))
          (t (let ((cell (sockopt-list--make-cell column row)))
               (setf (sockopt-list--row-cells row)
                     (cons symbol (cons cell (sockopt-list--row-cells row))))
               cell)))))

(defun sockopt-list--line-format (columns)
  "Return a format for a line that has texts in COLUMNS."
  (mapconcat (lambda (column)
               (format (if (nth 3 column) "%%%ds" "%%-%ds") (nth 2 column)))
             columns " "))

(defun sockopt-list--insert-row (process row)
  "Insert the line of PROCESS, which has ROW."
  (let ((start (point))
        (marked (gethash process sockopt-list--marks)))
    (insert (if marked "* " "  ")
            (apply #'format sockopt-list--line
                   (mapcar (lambda (column) (sockopt-list--cell column row))
                           sockopt-list--shown-columns))
            "\n")
    (add-text-properties start (point)
                         `(tabulated-list-id ,process
                           tabulated-list-entry ,row))
    (cond (marked
           (put-text-property start (1+ start) 'face 'sockopt-list-mark)
           (put-text-property (1+ start) (1- (point)) 'face
                              'sockopt-list-marked))
          ((sockopt-list--row-ended row)
           (put-text-property start (1- (point)) 'face
                              'sockopt-list-ended)))))

(defun sockopt-list--keyed (column)
  "Return the processes as a list of (VALUE . PROCESS) for COLUMN."
  (mapcar (lambda (process)
            (cons (sockopt-list--value
                   column (gethash process sockopt-list--rows))
                  process))
          sockopt-list--order))

;; The order in which they were is the one that sorting leaves alone.
(defun sockopt-list--sort ()
  "Sort the processes by `tabulated-list-sort-key'."
  (pcase-let* ((`(,title . ,flip) tabulated-list-sort-key)
               (column (cl-find title sockopt-list--columns
                                :key #'cadr :test #'equal)))
    (when column
      (setq sockopt-list--order
            (mapcar #'cdr
                    (sort (sockopt-list--keyed column)
                          (if flip
                              (lambda (a b) (sockopt-list--before-p
                                             (car b) (car a)))
                            (lambda (a b) (sockopt-list--before-p
                                           (car a) (car b))))))))))

(defun sockopt-list--title-at (position)
  "Return the title of the column at POSITION."
  (let ((x (save-excursion (goto-char position) (current-column)))
        (end 2))
    (or (get-text-property position 'tabulated-list-column-name)
        (cl-loop for column in sockopt-list--shown-columns
                 do (cl-incf end (1+ (nth 2 column)))
                 until (< x end)
                 finally return (cadr column)))))

(defun sockopt-list--sort-by (title)
  "Sort by the column with TITLE, the other way if it is so already."
  (setq tabulated-list-sort-key
        (cons title (and (equal title (car tabulated-list-sort-key))
                         (not (cdr tabulated-list-sort-key)))))
  (sockopt-list--print))

;; Those of `tabulated-list-mode' would turn equals around.
(defun sockopt-list-sort ()
  "Sort by the column at point, the other way if it is so already.
Connections that are equal there stay in the order in which they were."
  (interactive nil sockopt-list-mode)
  (sockopt-list--sort-by (sockopt-list--title-at (point))))

(defun sockopt-list-sort-by-click (event)
  "Sort by the column where EVENT, a mouse click, was."
  (interactive "e" sockopt-list-mode)
  (let* ((place (event-start event))
         (text (posn-object place)))
    (with-selected-window (posn-window place)
      (sockopt-list--sort-by
       (if text
           (get-text-property (cdr text) 'tabulated-list-column-name
                              (car text))
         (sockopt-list--title-at (posn-point place)))))))

(defun sockopt-list--insert-rows ()
  "Insert a line for each process that is to be shown."
  (setq sockopt-list--shown 0)
  (dolist (process sockopt-list--order)
    (let ((row (gethash process sockopt-list--rows)))
      (when (sockopt-list--passes-p process row)
        (cl-incf sockopt-list--shown)
        (sockopt-list--insert-row process row)))))

(defun sockopt-list--place (position)
  "Return what is at POSITION: (PROCESS LINE COLUMN)."
  (save-excursion
    (goto-char position)
    (list (tabulated-list-get-id) (line-number-at-pos) (current-column))))

(defun sockopt-list--position (place)
  "Return the position of PLACE, as `sockopt-list--place' returned it."
  (pcase-let ((`(,process ,line ,column) place))
    (save-excursion
      (goto-char (or (and process
                          (text-property-any (point-min) (point-max)
                                             'tabulated-list-id process))
                     (progn (goto-char (point-min))
                            (forward-line (1- line))
                            (point))))
      (move-to-column column)
      (point))))

(defun sockopt-list--places ()
  "Return where each window with this buffer is."
  (mapcar (lambda (window)
            (list window
                  (sockopt-list--place (window-point window))
                  (sockopt-list--place (window-start window))))
          (get-buffer-window-list nil nil t)))

(defun sockopt-list--go-back (places)
  "Put each window where PLACES has it."
  (pcase-dolist (`(,window ,point ,start) places)
    (set-window-point window (sockopt-list--position point))
    (set-window-start window (save-excursion
                               (goto-char (sockopt-list--position start))
                               (line-beginning-position))
                      t)))

(defun sockopt-list--print ()
  "Print what is known, sorted; point and windows stay on their rows."
  (let ((inhibit-read-only t)
        (places (sockopt-list--places))
        (place (sockopt-list--place (point))))
    (sockopt-list--set-columns)
    (sockopt-list--sort)
    (erase-buffer)
    (tabulated-list-print-fake-header)
    (sockopt-list--insert-rows)
    (set-buffer-modified-p nil)
    (goto-char (sockopt-list--position place))
    (sockopt-list--go-back places)
    (force-mode-line-update)))

(defconst sockopt-list--garbage (* 64 1024 1024)
  "How many bytes a refresh may use before garbage is collected.")

(defun sockopt-list-refresh (&rest _)
  "Read all connections anew, and show them."
  (interactive nil sockopt-list-mode)
  ;; With a thousand connections garbage would be collected several times
  ;; meanwhile, which takes most of the time; once, afterwards, will do.
  (let ((gc-cons-threshold (max gc-cons-threshold sockopt-list--garbage)))
    (sockopt-list--update)
    (sockopt-list--print)))

;;; The line above

(defun sockopt-list--totals ()
  "Return in words what has ended, or \"\"."
  (cl-loop for process in sockopt-list--order
           for row = (gethash process sockopt-list--rows)
           when (sockopt-list--row-ended row)
           count t into ended
           and sum (or (sockopt-list--info row :bytes-received) 0) into in
           and sum (or (sockopt-list--info row :bytes-acked) 0) into out
           and sum (or (sockopt-list--info row :total-retrans) 0) into again
           finally return
           (if (zerop ended)
               ""
             (format "; %d ended: %s in, %s out, %d sent again" ended
                     (sockopt-findings-bytes in)
                     (sockopt-findings-bytes out) again))))

(defun sockopt-list--status ()
  "Return the state of this list in words."
  (let ((all (length sockopt-list--order)))
    (concat
     (if (= all sockopt-list--shown)
         (sockopt-findings--count all "connection")
       (format "%d of %s" sockopt-list--shown
               (sockopt-findings--count all "connection")))
     (and sockopt-list--filters
          (format " (%s)" (mapconcat #'cadr sockopt-list--filters ", ")))
     (and sockopt-list--updated
          (format ", updated %d s ago"
                  (max 0 (floor (- (float-time) sockopt-list--updated)))))
     (sockopt-list--totals))))

(defun sockopt-list--header ()
  "Return the header line: the state of the list.
When the titles have been scrolled away, these."
  (if (= (window-start) (point-min))
      (concat " " (sockopt-list--status))
    (save-excursion
      (goto-char (point-min))
      (concat (propertize " " 'display '(space :align-to 0))
              (buffer-substring (point) (line-end-position))))))

;;; Marks

(defun sockopt-list--process ()
  "Return the process at point, or signal an error."
  (or (tabulated-list-get-id)
      (user-error "There is no connection here")))

(defun sockopt-list--mark-here (mark)
  "Mark the process at point, or unmark it if MARK is nil; go on."
  (let ((process (sockopt-list--process)))
    (if mark
        (puthash process t sockopt-list--marks)
      (remhash process sockopt-list--marks))
    (let ((inhibit-read-only t))
      (beginning-of-line)
      (delete-region (point) (progn (forward-line) (point)))
      (sockopt-list--insert-row process
                                (gethash process sockopt-list--rows)))))

(defun sockopt-list-mark ()
  "Mark the connection at point, and go to the next."
  (interactive nil sockopt-list-mode)
  (sockopt-list--mark-here t))

(defun sockopt-list-unmark ()
  "Unmark the connection at point, and go to the next."
  (interactive nil sockopt-list-mode)
  (sockopt-list--mark-here nil))

(defun sockopt-list-unmark-all ()
  "Unmark all connections."
  (interactive nil sockopt-list-mode)
  (clrhash sockopt-list--marks)
  (sockopt-list--print))

(defun sockopt-list--visible ()
  "Return the processes that are shown, in their order."
  (cl-remove-if-not (lambda (process)
                      (sockopt-list--passes-p
                       process (gethash process sockopt-list--rows)))
                    sockopt-list--order))

(defun sockopt-list-toggle-marks ()
  "Mark the connections shown that are not marked, and unmark the others."
  (interactive nil sockopt-list-mode)
  (dolist (process (sockopt-list--visible))
    (if (gethash process sockopt-list--marks)
        (remhash process sockopt-list--marks)
      (puthash process t sockopt-list--marks)))
  (sockopt-list--print))

(defun sockopt-list-mark-regexp (regexp)
  "Mark the connections shown whose line matches REGEXP."
  (interactive (list (read-regexp "Mark lines (regexp): "))
               sockopt-list-mode)
  (sockopt-list--check-regexp regexp)
  (let ((count 0))
    (save-excursion
      (goto-char (point-min))
      (while (re-search-forward regexp nil t)
        (let ((process (tabulated-list-get-id)))
          (when process
            (puthash process t sockopt-list--marks)
            (cl-incf count)))
        (forward-line)))
    (sockopt-list--print)
    (message "%s marked" (sockopt-findings--count count "connection"))))

(defun sockopt-list--chosen ()
  "Return the processes that are marked, or the one at point.
Those that have ended are left out."
  (let ((marked (cl-remove-if-not (lambda (process)
                                    (gethash process sockopt-list--marks))
                                  sockopt-list--order)))
    (or (cl-remove-if-not #'process-live-p
                          (or marked (list (sockopt-list--process))))
        (user-error "This connection has ended"))))

;;; Commands

(defun sockopt-list-describe ()
  "Describe the connection at point."
  (interactive nil sockopt-list-mode)
  (sockopt-describe-process (sockopt-list--process)))

(defun sockopt-list--try (processes function)
  "Call FUNCTION with each of PROCESSES.
Return those for which that failed, a list of (PROCESS . ERROR)."
  (let (failed)
    (dolist (process processes (nreverse failed))
      (condition-case error
          (funcall function process)
        (error (push (cons process error) failed))))))

(defun sockopt-list--say-failed (failed)
  "Say what is in FAILED, a value of `sockopt-list--try'."
  (message "%s" (mapconcat (lambda (entry)
                             (format "%s: %s" (process-name (car entry))
                                     (error-message-string (cdr entry))))
                           failed "\n")))

(defun sockopt-list--set-all (processes option value)
  "Set OPTION of all PROCESSES to VALUE, and say so.
While the kernel refuses the value for each of them, say why and ask for
another one."
  (let* ((failed (sockopt-list--try
                  processes
                  (lambda (process) (sockopt-set process option value))))
         (error (cdar failed)))
    (cond ((null failed)
           (message "%s of %s: %S" option
                    (sockopt-findings--count (length processes) "connection")
                    value))
          ((and (eq (car error) 'sockopt-system-error)
                (= (length failed) (length processes)))
           (sockopt-list--set-all
            processes option
            (sockopt-ui--read-again (car processes) option error)))
          (t (sockopt-list--say-failed failed)))))

(defun sockopt-list-set ()
  "Set an option of the connections that are marked, or of that at point."
  (interactive nil sockopt-list-mode)
  (let* ((processes (sockopt-list--chosen))
         (count (length processes))
         (option (sockopt-ui-read-option
                  (format "Set option of %s"
                          (if (= count 1) (process-name (car processes))
                            (format "%d connections" count)))
                  (car processes)))
         (value (sockopt-ui--read-value (car processes) option)))
    (if (= count 1)
        (sockopt-ui-set-asking (car processes) option value nil)
      (sockopt-list--set-all processes option value))
    (sockopt-list-refresh)))

(defun sockopt-list-probe ()
  "Ask whether the peers of those marked are there, or of that at point."
  (interactive nil sockopt-list-mode)
  (sockopt-probe (sockopt-list--chosen)))

(defun sockopt-list-watch ()
  "Watch the connections that are marked, or that at point."
  (interactive nil sockopt-list-mode)
  (sockopt-watch (sockopt-list--chosen)))

(defun sockopt-list-delete ()
  "Delete the connections that are marked, or that at point, after asking."
  (interactive nil sockopt-list-mode)
  (let* ((processes (sockopt-list--chosen))
         (count (length processes)))
    (when (yes-or-no-p (if (= count 1)
                           (format "Delete %s? "
                                   (process-name (car processes)))
                         (format "Delete %d connections? " count)))
      (let ((failed (sockopt-list--try processes #'delete-process)))
        (when failed
          (sockopt-list--say-failed failed)))
      (sockopt-list-refresh))))

(defun sockopt-list--buffer ()
  "Return the buffer of the process at point, or signal an error."
  (let ((buffer (process-buffer (sockopt-list--process))))
    (if (buffer-live-p buffer)
        buffer
      (user-error "This connection has no buffer"))))

(defun sockopt-list-buffer ()
  "Show the buffer of the connection at point in this window."
  (interactive nil sockopt-list-mode)
  (switch-to-buffer (sockopt-list--buffer)))

(defun sockopt-list-other-window ()
  "Show the buffer of the connection at point in another window."
  (interactive nil sockopt-list-mode)
  (switch-to-buffer-other-window (sockopt-list--buffer)))

(defun sockopt-list-clear ()
  "Forget the connections that have ended, and their totals."
  (interactive nil sockopt-list-mode)
  (dolist (process sockopt-list--order)
    (when (sockopt-list--row-ended (gethash process sockopt-list--rows))
      (remhash process sockopt-list--rows)
      (remhash process sockopt-list--marks)))
  (setq sockopt-list--order
        (cl-remove-if-not (lambda (process)
                            (gethash process sockopt-list--rows))
                          sockopt-list--order))
  (sockopt-list--print))

;;; Copying

(defun sockopt-list--table ()
  "Return the titles and the rows that are shown, lists of strings.
With some marked, those alone.  All columns are there."
  (let ((columns (mapcar (lambda (symbol)
                           (assq symbol sockopt-list--columns))
                         (sockopt--custom 'sockopt-list-columns)))
        (marked (> (hash-table-count sockopt-list--marks) 0)))
    (cons (mapcar #'cadr columns)
          (cl-loop for process in (sockopt-list--visible)
                   for row = (gethash process sockopt-list--rows)
                   when (or (not marked)
                            (gethash process sockopt-list--marks))
                   collect (mapcar (lambda (column)
                                     (sockopt-list--text column row))
                                   columns)))))

(defun sockopt-list--csv (table)
  "Return TABLE as comma-separated values (RFC 4180)."
  (mapconcat (lambda (row)
               (mapconcat (lambda (text)
                            (if (string-match-p "[\",\n]" text)
                                (format "\"%s\""
                                        (string-replace "\"" "\"\"" text))
                              text))
                          row ","))
             table "\n"))

(defun sockopt-list--org (table)
  "Return TABLE as a table of Org."
  (let ((line (lambda (row)
                (format "| %s |"
                        (mapconcat (lambda (text)
                                     (string-replace "|" "\\vert{}" text))
                                   row " | ")))))
    (string-join `(,(funcall line (car table)) "|-"
                   ,@(mapcar line (cdr table)))
                 "\n")))

(defun sockopt-list-copy (csv)
  "Copy what is shown, or marked, as an Org table.
With CSV non-nil, interactively a prefix argument, as comma-separated
values.  All columns of `sockopt-list-columns' are there, also those that
do not fit into the window."
  (interactive "P" sockopt-list-mode)
  (let ((table (sockopt-list--table)))
    (kill-new (concat (if csv
                          (sockopt-list--csv table)
                        (sockopt-list--org table))
                      "\n"))
    (message "Copied %s as %s"
             (sockopt-findings--count (length (cdr table)) "connection")
             (if csv "CSV" "an Org table"))))

;;; Updating by itself

(defun sockopt-list--due-p ()
  "Return non-nil if this list is to be updated by itself."
  (let ((when (sockopt--custom 'sockopt-list-auto-update)))
    (if (eq when 'visible)
        (get-buffer-window nil t)
      when)))

(defun sockopt-list--pause ()
  "Stop updating this list."
  (when sockopt-list--timer
    (cancel-timer sockopt-list--timer)
    (setq sockopt-list--timer nil)))

(defun sockopt-list--tick (buffer)
  "Update the list in BUFFER, or stop that when nobody can see it."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (if (sockopt-list--due-p)
          ;; Not while the user is being asked something.
          (unless (active-minibuffer-window)
            (sockopt-list-refresh))
        (sockopt-list--pause)))))

(defun sockopt-list--go-on ()
  "Update this list by itself, if that is wanted."
  (if (not (sockopt-list--due-p))
      (sockopt-list--pause)
    (unless sockopt-list--timer
      (setq sockopt-list--timer
            (run-at-time (sockopt--custom 'sockopt-list-interval)
                         (sockopt--custom 'sockopt-list-interval)
                         #'sockopt-list--tick (current-buffer))))))

(defun sockopt-list--changed (window)
  "Do what is due when WINDOW is new to this buffer, or has another size."
  (with-current-buffer (window-buffer window)
    (when (derived-mode-p 'sockopt-list-mode)
      (sockopt-list--go-on)
      (unless (equal (sockopt-list--fitting (window-body-width window))
                     sockopt-list--shown-columns)
        (sockopt-list--print)))))

(defun sockopt-list-toggle-auto-update (&optional always)
  "Update this list by itself while it is visible, or stop that.
With ALWAYS non-nil, interactively a prefix argument, also while it is
not visible.  `sockopt-list-interval' says how often."
  (interactive "P" sockopt-list-mode)
  (setq-local sockopt-list-auto-update
              (cond (always t)
                    (sockopt-list-auto-update nil)
                    (t 'visible)))
  (sockopt-list--go-on)
  (message "Auto-update is %s"
           (pcase sockopt-list-auto-update
             ('nil "off")
             ('visible "on while this is visible")
             (_ "on"))))

;;; The mode

(defvar sockopt-list-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map tabulated-list-mode-map)
    (pcase-dolist (`(,key . ,command)
                   '(("RET" . sockopt-list-describe)
                     ("m" . sockopt-list-mark)
                     ("u" . sockopt-list-unmark)
                     ("U" . sockopt-list-unmark-all)
                     ("t" . sockopt-list-toggle-marks)
                     ("%" . sockopt-list-mark-regexp)
                     ("s" . sockopt-list-set)
                     ("p" . sockopt-list-probe)
                     ("w" . sockopt-list-watch)
                     ("k" . sockopt-list-delete)
                     ("b" . sockopt-list-buffer)
                     ("o" . sockopt-list-other-window)
                     ("c" . sockopt-list-clear)
                     ("C" . sockopt-list-copy)
                     ("a" . sockopt-list-toggle-auto-update)
                     ("/ n" . sockopt-list-filter-name)
                     ("/ s" . sockopt-list-filter-state)
                     ("/ m" . sockopt-list-filter-meaning)
                     ("/ /" . sockopt-list-filter-clear)
                     ("?" . describe-mode)))
      (define-key map (kbd key) command))
    (define-key map [remap tabulated-list-sort] #'sockopt-list-sort)
    (define-key map [remap tabulated-list-col-sort]
      #'sockopt-list-sort-by-click)
    map)
  "Keymap of `sockopt-list-mode'.")

(easy-menu-define sockopt-list-menu sockopt-list-mode-map
  "Menu of `sockopt-list-mode'."
  '("Connections"
    ["Describe" sockopt-list-describe]
    ["Set Option..." sockopt-list-set]
    ["Probe" sockopt-list-probe]
    ["Watch" sockopt-list-watch]
    ["Show Buffer" sockopt-list-buffer]
    ["Show Buffer in Other Window" sockopt-list-other-window]
    ["Delete..." sockopt-list-delete]
    "--"
    ["Mark" sockopt-list-mark]
    ["Unmark" sockopt-list-unmark]
    ["Unmark All" sockopt-list-unmark-all]
    ["Toggle Marks" sockopt-list-toggle-marks]
    ["Mark by Regexp..." sockopt-list-mark-regexp]
    "--"
    ["Filter by Name or Host..." sockopt-list-filter-name]
    ["Filter by State..." sockopt-list-filter-state]
    ["Filter by Meaning..." sockopt-list-filter-meaning]
    ["Show All" sockopt-list-filter-clear]
    "--"
    ["Refresh" revert-buffer]
    ["Update by Itself" sockopt-list-toggle-auto-update
     :style toggle :selected sockopt-list-auto-update]
    ["Forget Those that Have Ended" sockopt-list-clear]
    ["Copy as Org Table" sockopt-list-copy]))

(defun sockopt-list--context-menu (menu click)
  "Put point where CLICK is, so that MENU acts on that connection."
  (when (tabulated-list-get-id (posn-point (event-start click)))
    (mouse-set-point click))
  menu)

(define-derived-mode sockopt-list-mode tabulated-list-mode "Sockopt-List"
  "Major mode of the list of network processes.
\\<sockopt-list-mode-map>\
`sockopt-list-columns' are its columns.  Keep is when keepalive
would probe; SendQ is what the peer has not acknowledged; RecvQ is the
memory of what Emacs has not read; Heard is how long ago the peer was heard.
Those that have ended stay, as they were, until \\[sockopt-list-clear].
\\[sockopt-list-sort] sorts by the column at point.

\\{sockopt-list-mode-map}"
  :interactive nil
  (setq tabulated-list-padding 2
        sockopt-list--rows (make-hash-table :test #'eq)
        sockopt-list--marks (make-hash-table :test #'eq)
        truncate-lines t)
  (setq-local tabulated-list-use-header-line nil
              revert-buffer-function #'sockopt-list-refresh
              sockopt-ui-shown-process #'tabulated-list-get-id)
  (add-hook 'kill-buffer-hook #'sockopt-list--pause nil t)
  (add-hook 'window-buffer-change-functions #'sockopt-list--changed nil t)
  (add-hook 'window-size-change-functions #'sockopt-list--changed nil t)
  (add-hook 'context-menu-functions #'sockopt-list--context-menu nil t))

;;;###autoload
(defun sockopt-list-processes ()
  "List all network processes, with what the kernel has to say of each.
They can be sorted, filtered and marked, described, probed, watched, have
options set, and be deleted.  See `sockopt-list-columns' and
`sockopt-list-auto-update'."
  (interactive)
  (sockopt--ensure-module)
  (let ((buffer (get-buffer-create "*sockopt*")))
    (pop-to-buffer buffer)
    (unless (derived-mode-p 'sockopt-list-mode)
      (sockopt-list-mode))
    (sockopt-list-refresh)
    (unless (tabulated-list-get-id)
      (goto-char (point-min))
      (forward-line))
    (sockopt-list--go-on)))

(provide 'sockopt-list)
;;; sockopt-list.el ends here
