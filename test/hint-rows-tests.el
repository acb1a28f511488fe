;;; hint-rows-tests.el --- Every error of every row says what would do  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Each option of each kind of socket is given values of all sorts.  What
;; the kernel answers is a documented condition that names the option; and
;; where the kernel's words alone mislead, a hint comes with them.

;;; Code:

(require 'sockopt-tests-kinds)

(defconst hint-rows-tests--misleading
  '("No such file or directory" "No such device"
    "No such device or address" "Invalid argument" "Address already in use"
    "Cannot assign requested address" "No buffer space available"
    "File exists" "No data available" "Operation not permitted")
  "What the kernel says that means something else of an option.")

(defconst hint-rows-tests--odd
  '(t nil 0 1 -1 39 100000 1.5 "lo" "nope" maybe (opt-id) (40000 40100)
    [[6 0 0 65535]] [[40 0 0 99999999]] ("239.9.9.9" "lo") ("10.0.0.1" "lo")
    ("239.9.9.9" nil) ("239.9.9.9" "lo" "127.0.0.1") ("ff12::77" "lo"))
  "Values of all sorts.")

(defun hint-rows-tests--values (option)
  "Return values to set OPTION to, right ones and wrong ones."
  (append hint-rows-tests--odd
          (list (sockopt-option-min option) (sockopt-option-max option))
          (sockopt-option-names option)
          (mapcar #'cdr
                  (seq-filter (lambda (sample)
                                (eq (car sample)
                                    (sockopt-option-keyword option)))
                              sockopt-tests-samples))))

(defun hint-rows-tests--lies-p (option value hint)
  "Return non-nil if HINT says a range of OPTION that VALUE is within."
  (and (stringp hint)
       (integerp value)
       (string-prefix-p (format "it takes %d to %d"
                                (sockopt-option-min option)
                                (sockopt-option-max option))
                        hint)
       (<= (sockopt-option-min option) value (sockopt-option-max option))))

(defun hint-rows-tests--wrong (error keyword place)
  "Return ERROR of KEYWORD if it does not help, else nil.
PLACE is where its data have a hint."
  (cond ((null error) nil)
        ((hint-rows-tests--lies-p (sockopt-option keyword) (nth 4 error)
                                  (nth place error))
         error)
        ((and (eq (car error) 'wrong-type-argument)
              (sockopt-option-names (sockopt-option keyword))
              (not (stringp (nth 4 error))))
         error)
        ((memq (car error) '(wrong-type-argument args-out-of-range
                             sockopt-unsupported sockopt-too-late))
         (unless (memq keyword error) error))
        ((not (memq (car error) '(sockopt-system-error
                                  sockopt-permission-denied)))
         error)
        ((not (eq (nth 3 error) keyword)) error)
        ((and (member (nth 2 error) hint-rows-tests--misleading)
              (not (stringp (nth place error))))
         error)))

(defun hint-rows-tests--kind (kind)
  "Return the errors of KIND that do not help."
  (let ((process (sockopt-tests-make kind))
        (wrong nil))
    (dolist (keyword (remq :linger (sockopt-option-list)))
      (let ((option (sockopt-option keyword)))
        (dolist (value (and (sockopt-option-set option)
                            (not (memq keyword '(:lock-filter :tcp-ulp)))
                            (hint-rows-tests--values option)))
          (push (hint-rows-tests--wrong
                 (sockopt-tests-error
                  (lambda () (sockopt-set process keyword value)))
                 keyword 5)
                wrong))
        (push (hint-rows-tests--wrong
               (sockopt-tests-error
                (lambda () (sockopt-get process keyword)))
               keyword 4)
              wrong)))
    (delete-dups (delq nil wrong))))

(defun hint-rows-tests--can-p (kind)
  "Return non-nil if sockets of KIND can be made here."
  (and (not (memq (sockopt-tests-class kind) '(vsock)))
       (not (eq (sockopt-tests-role kind) 'child))
       (condition-case nil
           (progn (sockopt-tests-need-kind kind) t)
         (ert-test-skipped nil))))

;; These are kept from the sockets above, which they would change for good.
(ert-deftest hint-rows-tests-lock ()
  "A locked filter says that it is, whatever is done to it."
  :tags '(:lock-filter)
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp4-client)))
      (sockopt-set udp :attach-filter [[6 0 0 65535]])
      (sockopt-set udp :lock-filter t)
      (pcase-dolist (`(,option ,value ,words)
                     '((:attach-filter [[6 0 0 1]] "`:lock-filter' forbids")
                       (:detach-filter t "`:lock-filter' forbids")
                       (:lock-filter nil "what is locked stays so")))
        (should (string-prefix-p
                 words
                 (nth 5 (sockopt-tests-error
                         (lambda () (sockopt-set udp option value))))))))))

(ert-deftest hint-rows-tests-choices ()
  "What there is to choose from is said of what is not there, only."
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp4-client)))
      (dolist (option '(:ip-multicast-if :ip-unicast-if))
        (should (string-match-p
                 "\\`there is no such interface; there are .*\\blo\\b"
                 (nth 5 (sockopt-tests-error
                         (lambda () (sockopt-set udp option 100000)))))))))
  (skip-unless (hint-rows-tests--can-p 'mptcp4-client))
  (sockopt-tests-with-sockets
    (let ((mptcp (sockopt-tests-make 'mptcp4-client)))
      (should (string-suffix-p
               "too late"
               (nth 5 (sockopt-tests-error
                       (lambda () (sockopt-set mptcp :bindtoifindex nil)))))))))

(ert-deftest hint-rows-tests-all ()
  "No row answers with words that mislead, on no kind of socket."
  (let ((count 0))
    (dolist (kind (mapcar #'car sockopt-tests-kinds))
      (when (hint-rows-tests--can-p kind)
        (cl-incf count)
        (sockopt-tests-with-sockets
          (ert-info ((format "%s" kind))
            (should-not (hint-rows-tests--kind kind))))))
    (should (> count 8))))

(provide 'hint-rows-tests)
;;; hint-rows-tests.el ends here
