;;; docs.el --- Write the generated parts of the manual  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make docs' writes what the manual says of each option, command,
;; function, key, user option and face between pairs of marks in
;; doc/sockopt.org.  It comes from the rows of the module and from
;; docstrings.  A test fails when it is stale.

;;; Code:

(require 'cl-lib)
(require 'sockopt)
(require 'sockopt-list-columns)
(require 'sockopt-ui)

(defconst sockopt-docs--root
  (file-name-directory
   (directory-file-name
    (file-name-directory (or load-file-name buffer-file-name))))
  "The directory of the checkout.")

(defconst sockopt-docs-file
  (expand-file-name "doc/sockopt.org" sockopt-docs--root)
  "The manual.")

(defconst sockopt-docs--lisp
  (directory-files (expand-file-name "lisp" sockopt-docs--root) t
                   "\\`sockopt[a-z-]*\\.el\\'")
  "The files that define what the manual must name.")

(defconst sockopt-docs-parts
  '(("options" . sockopt-docs--options)
    ("commands" . sockopt-docs--commands)
    ("functions" . sockopt-docs--functions)
    ("keys of sockopt-list-mode" . sockopt-docs--list-keys)
    ("keys of sockopt-describe-mode" . sockopt-docs--describe-keys)
    ("keys of sockopt-watch-mode" . sockopt-docs--watch-keys)
    ("keys of sockopt-apply-mode" . sockopt-docs--apply-keys)
    ("user options" . sockopt-docs--user-options)
    ("columns" . sockopt-docs--columns)
    ("faces" . sockopt-docs--faces))
  "The parts that are generated: (NAME . FUNCTION).
FUNCTION returns the text of the part that the mark calls NAME.")

;;; What there is to name

(defun sockopt-docs--load ()
  "Load all files, so that everything is defined."
  (dolist (file sockopt-docs--lisp)
    (require (intern (file-name-base file)))))

(defun sockopt-docs--public-p (symbol)
  "Return non-nil if SYMBOL is one of ours that others may use."
  (let ((name (symbol-name symbol)))
    (and (string-match-p "\\`sockopt-[a-z]" name)
         (not (string-match-p "--\\|-\\(?:menu\\|mode-map\\|hook\\)\\'" name)))))

(defun sockopt-docs--symbols (predicate)
  "Return the public symbols that satisfy PREDICATE, sorted."
  (sockopt-docs--load)
  (let (symbols)
    (mapatoms (lambda (symbol)
                (when (and (sockopt-docs--public-p symbol)
                           (funcall predicate symbol))
                  (push symbol symbols))))
    (sort symbols #'string<)))

(defun sockopt-docs--offered ()
  "Return the functions that the files offer to programs.
Those are the ones with an autoload cookie, and all of sockopt.el."
  (with-temp-buffer
    (let (names)
      (dolist (file sockopt-docs--lisp)
        (erase-buffer)
        (insert-file-contents file)
        (while (re-search-forward
                (concat (if (equal (file-name-base file) "sockopt")
                            "^"
                          "^;;;###autoload\n")
                        "(defun \\(sockopt-[a-z-]+\\) ")
                nil t)
          (push (intern (match-string 1)) names)))
      (cl-remove-if (lambda (name)
                      (or (string-match-p "-unload-function\\'"
                                          (symbol-name name))
                          (not (sockopt-docs--public-p name))))
                    names))))

(defun sockopt-docs--mode-command-p (symbol)
  "Return non-nil if SYMBOL is a command of one of the modes."
  (string-match-p "\\`sockopt-\\(?:list\\|describe\\|watch\\|apply\\)-"
                  (symbol-name symbol)))

(defun sockopt-docs-commands ()
  "Return the commands that are called by name."
  (let ((offered (sockopt-docs--offered)))
    (sockopt-docs--symbols
     (lambda (symbol)
       (and (commandp symbol)
            (or (memq symbol offered)
                (eq symbol 'sockopt-mode)
                (not (sockopt-docs--mode-command-p symbol))))))))

(defconst sockopt-docs-handlers '(sockopt-describe-bookmark-jump)
  "Functions that have an autoload cookie because files of Emacs name them.
Nobody calls them.")

(defun sockopt-docs-functions ()
  "Return the functions that programs may call, without commands."
  (sockopt-docs--load)
  (sort (cl-set-difference (cl-remove-if #'commandp (sockopt-docs--offered))
                           sockopt-docs-handlers)
        #'string<))

(defun sockopt-docs-user-options ()
  "Return the user options, without the variable of the mode."
  (remq 'sockopt-mode (sockopt-docs--symbols #'custom-variable-p)))

(defun sockopt-docs-faces ()
  "Return the faces."
  (sockopt-docs--symbols #'facep))

(defun sockopt-docs-mode-commands ()
  "Return the commands that only keys and menus call."
  (let ((others (sockopt-docs-commands)))
    (sockopt-docs--symbols
     (lambda (symbol)
       (and (commandp symbol)
            (not (memq symbol others))
            (not (string-suffix-p "-mode" (symbol-name symbol))))))))

;;; Docstrings as Org

(defun sockopt-docs--code (text)
  "Return TEXT with what a docstring quotes marked as code."
  (replace-regexp-in-string "`\\([^`'\n]+\\)'" "~\\1~" text))

(defun sockopt-docs--kind (line)
  "Return what LINE of a docstring is: `text', `table' or nil for blank."
  (cond ((string-blank-p line) nil)
        ;; What is set in columns would be filled otherwise.
        ((string-match-p "\\`\\s-\\|[^ .]\\s-\\{3,\\}" line) 'table)
        (t 'text)))

(defun sockopt-docs--blocks (text)
  "Return the blocks of a docstring TEXT: lists of (KIND LINE...)."
  (let (blocks last)
    (dolist (line (split-string text "\n"))
      (let ((kind (sockopt-docs--kind line)))
        (cond ((null kind))
              ((eq kind last) (push line (cdr (car blocks))))
              (t (push (list kind line) blocks)))
        (setq last kind)))
    (nreverse (mapcar (lambda (block)
                        (cons (car block) (nreverse (cdr block))))
                      blocks))))

(defun sockopt-docs--block (block)
  "Return BLOCK, (KIND LINE...), as part of an item in Org's syntax."
  (pcase block
    (`(text . ,lines)
     (mapconcat (lambda (line) (concat "  " (sockopt-docs--code line) "\n"))
                lines ""))
    (`(table . ,lines)
     (concat "  #+begin_example\n"
             (mapconcat (lambda (line)
                          (concat "  " (replace-regexp-in-string
                                        "`\\([^`'\n]+\\)'" "\\1" line)
                                  "\n"))
                        lines "")
             "  #+end_example\n"))))

(defconst sockopt-docs--additions
  '("\n\nThis is a \\(?:global \\)?minor mode\\(?:.\\|\n\\)*\
enabled and when\\s-+it\\s-+is\\s-+disabled\\."
    "\n\n(fn .*)\\'" "\\\\<[^>]+>")
  "What Emacs puts into docstrings, not all versions alike, or shows not.")

(defun sockopt-docs--plain (raw)
  "Return the docstring RAW without what Emacs has added."
  (dolist (regexp sockopt-docs--additions)
    (setq raw (replace-regexp-in-string regexp "" raw)))
  ;; Emacs 30 has a blank line there in a mode's.
  (setq raw (replace-regexp-in-string "\\`\\(.+\\)\n\n+" "\\1\n" raw))
  ;; No key of the Emacs that writes this.
  (replace-regexp-in-string "\\\\\\[\\([^]]+\\)\\]" "`M-x \\1'" raw))

(defun sockopt-docs--text (raw)
  "Return the docstring RAW as part of an item in Org's syntax."
  (mapconcat #'sockopt-docs--block
             (sockopt-docs--blocks (sockopt-docs--plain raw)) "\n"))

(defun sockopt-docs--argument (symbol)
  "Return the argument SYMBOL as docstrings write it."
  (let ((name (symbol-name symbol)))
    (if (string-prefix-p "&" name) name (upcase name))))

(defun sockopt-docs--arguments (function)
  "Return a line that says how FUNCTION is called."
  (format "  ~(%s)~\n\n"
          (mapconcat #'identity
                     (cons (symbol-name function)
                           (mapcar #'sockopt-docs--argument
                                   (help-function-arglist function t)))
                     " ")))

(defun sockopt-docs--list (type items)
  "Return ITEMS as a list.  TYPE is the sort of index that Texinfo makes."
  (concat (format "#+attr_texinfo: :table-type %s :indic @asis\n" type)
          (mapconcat #'identity items "\n")))

(defun sockopt-docs--function (function)
  "Return an item on FUNCTION."
  (concat (format "- ~%s~ ::\n" function)
          (when (help-function-arglist function)
            (sockopt-docs--arguments function))
          (sockopt-docs--text (documentation function t))))

(defun sockopt-docs--commands ()
  "Return what the manual says of commands."
  (sockopt-docs--list "ftable" (mapcar #'sockopt-docs--function
                                       (sockopt-docs-commands))))

(defun sockopt-docs--functions ()
  "Return what the manual says of functions."
  (sockopt-docs--list "ftable" (mapcar #'sockopt-docs--function
                                       (sockopt-docs-functions))))

(defun sockopt-docs--user-option (symbol)
  "Return an item on the user option SYMBOL."
  (let ((default (eval (car (get symbol 'standard-value)) t)))
    (concat (format "- ~%s~ ::\n" symbol)
            (sockopt-docs--text
             (documentation-property symbol 'variable-documentation t))
            (if (consp default)
                (concat "  The default has these:\n  #+begin_example\n"
                        (mapconcat (lambda (element)
                                     (format "  %S\n" element))
                                   default "")
                        "  #+end_example\n")
              (format "  The default is ~%S~.\n" default)))))

(defun sockopt-docs--user-options ()
  "Return what the manual says of user options."
  (sockopt-docs--list "vtable" (mapcar #'sockopt-docs--user-option
                                       (sockopt-docs-user-options))))

(defun sockopt-docs--faces ()
  "Return what the manual says of faces."
  (sockopt-docs--list
   "vtable" (mapcar (lambda (face)
                      (format "- ~%s~ :: %s\n" face
                              (face-documentation face)))
                    (sockopt-docs-faces))))

;;; Columns

(defun sockopt-docs--column-meaning (column)
  "Return what the user option says of COLUMN, a symbol."
  (pcase-let ((`(repeat (choice . ,types))
               (get 'sockopt-list-columns 'custom-type)))
    (plist-get (cdr (cl-find column types
                             :key (lambda (type) (car (last type)))))
               :tag)))

(defun sockopt-docs--columns ()
  "Return a table of the columns of the list."
  (concat "| column | heading | what it shows |\n|-\n"
          (mapconcat (pcase-lambda (`(,column ,heading . ,_))
                       (format "| ~%s~ | %s | %s |\n" column heading
                               (sockopt-docs--column-meaning column)))
                     sockopt-list--columns "")))

;;; Keys

(defun sockopt-docs--command-keys (command map)
  "Return the keys of COMMAND in MAP, in words."
  (mapconcat #'key-description
             ;; What begins with a symbol is of a menu or a mouse.
             (cl-remove-if (lambda (keys) (symbolp (aref keys 0)))
                           (where-is-internal command map))
             ", "))

(defun sockopt-docs--keys (mode)
  "Return a list of the commands of MODE, each with its keys."
  (let ((map (symbol-value (intern (format "%s-map" mode))))
        (prefix (string-remove-suffix "-mode" (symbol-name mode))))
    (sockopt-docs--list
     "ftable"
     (cl-loop for command in (sockopt-docs-mode-commands)
              for keys = (sockopt-docs--command-keys command map)
              when (string-prefix-p prefix (symbol-name command))
              collect (format "- ~%s~ ::\n%s%s" command
                              (if (equal keys "") ""
                                (format "  =%s=:\n" keys))
                              (sockopt-docs--text
                               (documentation command t)))))))

(defun sockopt-docs--list-keys ()
  "Return the keys of the list."
  (sockopt-docs--keys 'sockopt-list-mode))

(defun sockopt-docs--describe-keys ()
  "Return the keys of a description."
  (sockopt-docs--keys 'sockopt-describe-mode))

(defun sockopt-docs--watch-keys ()
  "Return the keys of a watch."
  (sockopt-docs--keys 'sockopt-watch-mode))

(defun sockopt-docs--apply-keys ()
  "Return the keys of the buffer that shows what rules change."
  (sockopt-docs--keys 'sockopt-apply-mode))

;;; Options

(defconst sockopt-docs--fields
  '("C name" "Value" "Range" "Names" "Access" "When" "Caution" "Changes"
    "Tells" "Privilege" "Sockets" "Accepted" "Reading")
  "What `sockopt-describe-option' says of an option and the manual, too.")

(defconst sockopt-docs--usual
  '("at any time" "none" "changes nothing" "can be read and set")
  "What goes without saying.")

(defun sockopt-docs--classes (text)
  "Return TEXT with classes of IPv4 and of IPv6 written as one."
  (replace-regexp-in-string "\\b\\([a-z]+\\)4, \\(?:\\1\\)6\\b" "\\1" text))

(defun sockopt-docs--field (field)
  "Return a sentence on FIELD, (LABEL . TEXT), or nil if it is as usual."
  (pcase-let ((`(,label . ,text) field))
    (and text
         (member label sockopt-docs--fields)
         (not (member text sockopt-docs--usual))
         (format "%s: %s." label
                 (sockopt-docs--code (if (member label '("Sockets" "Accepted"))
                                         (sockopt-docs--classes text)
                                       text))))))

(defun sockopt-docs--option (keyword)
  "Return an item on the option KEYWORD."
  (let ((option (sockopt-option keyword)))
    (with-temp-buffer
      (insert (string-join
               (cons (sockopt-docs--code (sockopt-option-doc option))
                     (delq nil (mapcar #'sockopt-docs--field
                                       (sockopt-ui--fields option))))
               "  "))
      (let ((fill-column 78) (fill-prefix "  ") (sentence-end-double-space t))
        (goto-char (point-min))
        (insert fill-prefix)
        (fill-region (point-min) (point-max)))
      (format "- ~%s~ ::\n%s\n" keyword
              (string-trim-right (buffer-string))))))

(defun sockopt-docs--options ()
  "Return what the manual says of options, a heading for each level."
  (let* ((all (sockopt-option-list))
         (level-of (lambda (keyword)
                     (sockopt-option-level (sockopt-option keyword)))))
    (mapconcat
     (lambda (level)
       (concat (format "** Level %s\n\n" level)
               (sockopt-docs--list
                "vtable"
                (mapcar #'sockopt-docs--option
                        (cl-remove level all :key level-of
                                   :test-not #'equal)))))
     (delete-dups (mapcar level-of all))
     "\n")))

;;; The file

(defun sockopt-docs--find (name)
  "Return (START . END) of the part NAME in the current buffer.
A new one needs a line, of whatever, between its two marks."
  (goto-char (point-min))
  (re-search-forward (format "^# generated by make docs: %s\n\n" name))
  (let ((start (point))
        (next (save-excursion
                (re-search-forward "^# generated by make docs: " nil t))))
    (re-search-forward "^\n# end of what is generated$" next)
    (cons start (match-beginning 0))))

(defun sockopt-docs--insert ()
  "Write all parts into the current buffer, the manual."
  (sockopt-docs--load)
  (pcase-dolist (`(,name . ,function) sockopt-docs-parts)
    (let ((place (sockopt-docs--find name)))
      (delete-region (car place) (cdr place))
      (goto-char (car place))
      (insert (funcall function)))))

(defun sockopt-docs-fresh-p ()
  "Return non-nil if the manual is as the rows and docstrings have it."
  (with-temp-buffer
    (insert-file-contents sockopt-docs-file)
    (let ((before (buffer-string)))
      (sockopt-docs--insert)
      (equal (buffer-string) before))))

(defun sockopt-docs-write ()
  "Write the generated parts into the manual."
  (with-temp-file sockopt-docs-file
    (insert-file-contents sockopt-docs-file)
    (sockopt-docs--insert)))

(provide 'docs)
;;; docs.el ends here
