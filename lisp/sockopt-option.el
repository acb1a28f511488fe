;;; sockopt-option.el --- What is known of each option  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The sockopt authors

;; Author: The sockopt authors

;; This file is part of sockopt.

;; sockopt is free software: you can redistribute it and/or modify it
;; under the terms of the GNU General Public License as published by the
;; Free Software Foundation, either version 3 of the License, or (at your
;; option) any later version.

;; sockopt is distributed in the hope that it will be useful, but WITHOUT
;; ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
;; FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
;; for more details.

;; You should have received a copy of the GNU General Public License
;; along with sockopt.  If not, see <https://www.gnu.org/licenses/>.

;;; Commentary:

;; The rows of the module's option table, as objects to be read.  Setting
;; and getting options takes none of this.

;;; Code:

(eval-when-compile (require 'cl-lib))
(require 'sockopt)

(declare-function sockopt--row-parts "../module/sockopt-module.c" (row))

(cl-defstruct (sockopt-option
               (:constructor nil)
               (:constructor sockopt--option-make
                             (keyword constant level kind predicate min max
                              names get set moment read-changes adjusted
                              argument sorts unit privilege manual doc))
               (:copier nil))
  "A row of the module's option table.
KEYWORD names the option in Lisp, CONSTANT and LEVEL in C.  KIND says in
words what its values are, PREDICATE what Lisp type they are of; integers
are from MIN to MAX and count UNIT; symbols are among NAMES.  GET and SET
are non-nil if it can be read and set.  MOMENT is nil, or when it counts:
`before-bind', `before-connect', `after-bind', `listening' or
`after-connect'.  READ-CHANGES means that reading it changes the socket,
ADJUSTED that the kernel may store another value than the one given,
ARGUMENT that reading it takes an argument.  SORTS are the sorts of socket
that have it.  PRIVILEGE says what setting it takes, MANUAL is a man page,
DOC one sentence."
  keyword constant level kind predicate min max names get set moment
  read-changes adjusted argument sorts unit privilege manual doc)

(defun sockopt-option (keyword)
  "Return the `sockopt-option' that KEYWORD names.
Signal `sockopt-unsupported' if there is none."
  ;; Most rows are never looked at, and all of them are much to make.
  (or (get keyword 'sockopt--option)
      (let* ((parts (sockopt--row-parts (sockopt--row keyword)))
             (name (car parts)))
        (put keyword 'sockopt--option
             (or (get name 'sockopt--option)
                 (put name 'sockopt--option
                      (apply #'sockopt--option-make parts)))))))

(defun sockopt--note-plain (keyword)
  "Return `plain' if the option KEYWORD can be read without more ado.
Otherwise return `special'.  Keep that as a property of KEYWORD."
  (let ((option (sockopt-option keyword)))
    (put keyword 'sockopt--reading
         (if (and (sockopt-option-get option)
                  (not (sockopt-option-read-changes option))
                  (not (sockopt-option-argument option)))
             'plain
           'special))))

(provide 'sockopt-option)
;;; sockopt-option.el ends here
