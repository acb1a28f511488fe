;;; range-tests.el --- Tests of the limits of values  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; These are generated from the rows: each value just inside of the range of
;; each option, and just outside.

;;; Code:

(require 'sockopt-tests-kinds)
(require 'seq)

(declare-function sockopt--check "../module/emacs/option-access.c"
                  (settings))

(defun range-tests--condition (keyword value)
  "Return the condition that VALUE of KEYWORD signals, no socket asked."
  (car (sockopt-tests-error (lambda ()
                              (sockopt--check
                               (vector (sockopt--row keyword) value))))))

(defun range-tests--limits (option)
  "Return (INSIDE OUTSIDE), two lists of values of OPTION at its limits."
  (let ((least (sockopt-option-min option))
        (most (sockopt-option-max option)))
    (pcase (sockopt-option-predicate option)
      ((or 'integerp 'numberp)
       (list (list least most) (list (1- least) (1+ most))))
      ('symbolp (list nil (list (1- least) (1+ most))))
      ('stringp (list (list (make-string most ?x) (make-string least ?x))
                      (list (make-string (1+ most) ?x)
                            ;; Bytes count.
                            (concat (make-string (1- most) ?x) "é")))))))

(ert-deftest range-tests-rows ()
  "Each option takes what is within its range, to the ends, and no more."
  (let ((count 0))
    (dolist (option (mapcar #'sockopt-option (sockopt-option-list)))
      (when (and (sockopt-option-set option)
                 (> (sockopt-option-max option) 0))
        (pcase-let ((`(,inside ,outside) (range-tests--limits option))
                    (keyword (sockopt-option-keyword option)))
          (setq count (1+ count))
          (dolist (value inside)
            (should (equal (list keyword value
                                 (range-tests--condition keyword value))
                           (list keyword value nil))))
          (dolist (value outside)
            (should (equal (list keyword value
                                 (range-tests--condition keyword value))
                           (list keyword value 'args-out-of-range)))))))
    (should (> count (sockopt-tests-share 40)))))

;;; Names of interfaces

(defun range-tests--with-interface (option name)
  "Return a value of OPTION that names the interface NAME, or nil."
  (let ((kind (sockopt-option-kind option)))
    (cond ((string-prefix-p "interface" kind) name)
          ((string-search " INTERFACE" kind)
           (let ((value (copy-sequence (sockopt-tests-sample
                                        (sockopt-option-keyword option)))))
             (setf (nth 1 value) name)
             value)))))

(ert-deftest range-tests-interface ()
  "An interface has a name of 15 bytes at most, whatever option it is for."
  (let ((count 0))
    (dolist (option (mapcar #'sockopt-option (sockopt-option-list)))
      (let ((keyword (sockopt-option-keyword option)))
        (when (range-tests--with-interface option "lo")
          (setq count (1+ count))
          (pcase-dolist (`(,name ,long)
                         `((,(make-string 16 ?x) t)
                           (,(concat (make-string 14 ?x) "é") t)
                           ("lo" nil)))
            (should (equal
                     (list keyword name
                           (eq (range-tests--condition
                                keyword
                                (range-tests--with-interface option name))
                               'args-out-of-range))
                     (list keyword name long)))))))
    (should (> count (sockopt-tests-share 20)))))

(provide 'range-tests)
;;; range-tests.el ends here
