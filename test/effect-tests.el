;;; effect-tests.el --- Each option has a test of its effect, or a reason  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; That an option can be read back says only that a number was stored.  The
;; tag of a test names the options whose effect it shows: what another
;; socket, or a witness between two hosts, sees with the option and does not
;; see without it.  Here the rows of the table are compared with those tags.

;;; Code:

(require 'sockopt-tests-kinds)

(defconst effect-tests--reasons
  '(("only blocking reads and writes heed it, and Emacs makes none"
     :rcvtimeo :sndtimeo)
    ("data come with it that Emacs does not read of a stream"
     :inq :tcp-inq)
    ("it takes a machine with a security module"
     :passsec)
    ("it takes a virtual machine and its host"
     :vm-sockets-buffer-max-size :vm-sockets-buffer-min-size
     :vm-sockets-buffer-size :vm-sockets-connect-timeout)
    ("Emacs never peeks at data"
     :peek-off)
    ("it takes the queue fq or etf, which few kernels have"
     :txtime :tcp-tx-delay)
    ("it takes several paths of the same cost, and losses"
     :txrehash)
    ("it takes addresses of several kinds, which a router gives"
     :ipv6-addr-preferences)
    ("addresses of Emacs have no flow label"
     :ipv6-flowinfo-send)
    ("it takes keys, for which there is no option"
     :tcp-ulp))
  "Options without a test of their effect, as (REASON OPTION...).")

(defun effect-tests--read-tests (file)
  "Return the tests that FILE defines, as (NAME . TAGS)."
  (with-temp-buffer
    (insert-file-contents file)
    (let (tests form)
      (while (setq form (ignore-error end-of-file (read (current-buffer))))
        (pcase form
          (`(ert-deftest ,name ,_ . ,rest)
           (push (cons name (cadr (cadr (memq :tags rest)))) tests))))
      tests)))

(defun effect-tests--tests ()
  "Return all tests, those between two hosts too, as (NAME . TAGS)."
  (let ((directory (file-name-directory
                    (locate-library "sockopt-tests-kinds"))))
    (mapcan #'effect-tests--read-tests
            (mapcan (lambda (pattern)
                      (file-expand-wildcards
                       (expand-file-name pattern directory)))
                    (list "*-tests.el" "wire/*-tests.el")))))

(defun effect-tests--shown ()
  "Return the options whose effect a test shows."
  (delete-dups (cl-remove-if-not #'keywordp
                                 (mapcan (lambda (test)
                                           (copy-sequence (cdr test)))
                                         (effect-tests--tests)))))

(defun effect-tests--excused ()
  "Return the options that have a reason instead."
  (mapcan (lambda (reason) (copy-sequence (cdr reason)))
          effect-tests--reasons))

(ert-deftest effect-tests-every-option ()
  "An option has a test of its effect, or a reason why it has none.
What cannot be set has no effect, and needs no reason."
  (sockopt-tests-need-linux)
  (let* ((options (sockopt-option-list))
         (shown (effect-tests--shown))
         (excused (effect-tests--excused))
         (only-read (cl-remove-if (lambda (option)
                                    (or (memq option shown)
                                        (sockopt-option-set
                                         (sockopt-option option))))
                                  options)))
    (message "Effects: %d of %d options are shown by a test, %d are only \
read, %d have a reason"
             (length shown) (length options) (length only-read)
             (length excused))
    (should (> (length shown) 10))
    (let ((neither (cl-set-difference options
                                      (append shown excused only-read))))
      ;; Alone, as the list of all options would hide them.
      (when neither
        (ert-fail (format "Neither a test has these among its tags nor\
 effect-tests--reasons: %S" neither))))
    ;; None is named twice.
    (should-not (cl-intersection shown excused))
    (should-not (cl-intersection only-read excused))
    (should (equal excused (delete-dups (copy-sequence excused))))))

(ert-deftest effect-tests-no-other ()
  "What is named is an option, on a kernel that has them all."
  (sockopt-tests-need-linux)
  (dolist (option (append (effect-tests--shown) (effect-tests--excused)))
    (ert-info ((symbol-name option))
      (should (memq option (sockopt-option-list))))))

(provide 'effect-tests)
;;; effect-tests.el ends here
