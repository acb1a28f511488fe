;;; changes-tests.el --- Options that change one another  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)

(defconst changes-tests--moving
  '(:tcp-info :meminfo :tcp-cc-info :mptcp-info :mptcp-full-info
    :mptcp-tcpinfo)
  "Options that change by themselves.")

(defun changes-tests--value (process keyword)
  "Return a new value for KEYWORD of PROCESS."
  (let ((option (sockopt-option keyword)))
    (if (and (sockopt-option-get option)
             (not (sockopt-option-argument option)))
        (sockopt-tests-candidate keyword (sockopt-get process keyword))
      (sockopt-tests-sample keyword))))

(defun changes-tests--settable (kind)
  "Return the options of KIND that can be set."
  (seq-filter (lambda (keyword)
                (let ((option (sockopt-option keyword)))
                  (and (sockopt-option-set option)
                       (memq (sockopt-tests-class kind)
                             (sockopt-option-classes option)))))
              (sockopt-option-list)))

(defun changes-tests--different (before after)
  "Return the options whose values differ between BEFORE and AFTER."
  (cl-loop for (option value) on after by #'cddr
           unless (memq option changes-tests--moving)
           unless (equal value (plist-get before option))
           collect option))

(defun changes-tests--unnamed (process keyword)
  "Set KEYWORD of PROCESS; return what that changes and no row says."
  (let ((before (sockopt-options process)))
    (condition-case nil
        (progn
          (sockopt-set process keyword (changes-tests--value process keyword))
          (cl-set-difference
           (changes-tests--different before (sockopt-options process))
           (cons keyword (sockopt-option-changes (sockopt-option keyword)))))
      (error nil))))

(defun changes-tests--set-all (process keywords)
  "Give each of KEYWORDS of PROCESS a new value, as far as that can be."
  (dolist (keyword keywords)
    (unless (memq keyword '(:lock-filter :tcp-ulp :detach-filter))
      (ignore-errors
        (sockopt-set process keyword
                     (changes-tests--value process keyword))))))

(defun changes-tests--delete (process)
  "Delete PROCESS without waiting for its data."
  (ignore-errors (sockopt-set process :linger nil))
  (delete-process process))

(defun changes-tests--kind (kind)
  "Return a list of (OPTION . CHANGED) that the rows do not name, of KIND.
Each option is set on a fresh socket, and on one where all else is set."
  (let ((keywords (changes-tests--settable kind))
        found)
    (dolist (keyword keywords)
      (dolist (others (list nil (remq keyword keywords)))
        (sockopt-tests-with-sockets
          (let ((process (sockopt-tests-make kind)))
            (changes-tests--set-all process others)
            (dolist (changed (changes-tests--unnamed process keyword))
              (cl-pushnew (cons keyword changed) found :test #'equal))
            (changes-tests--delete process)))))
    found))

(ert-deftest changes-tests-named ()
  "Each row names the options that setting its own changes."
  (let ((count 0))
    (dolist (kind (mapcar #'car sockopt-tests-kinds))
      (unless (or (eq (sockopt-tests-class kind) 'vsock)
                  (eq (sockopt-tests-role kind) 'child)
                  (condition-case nil
                      (progn (sockopt-tests-need-kind kind) nil)
                    (ert-test-skipped t)))
        (cl-incf count)
        (ert-info ((format "%s" kind))
          (should-not (changes-tests--kind kind)))))
    (should (> count 5))))

(ert-deftest changes-tests-contact ()
  "A contact tells what has become of an option that another one changed."
  (sockopt-tests-with-sockets
    (pcase-dolist
        (`(,kind ,first ,second . ,needs)
         '((tcp4-client (:priority 3) (:ip-tos 16))
           (udp4-client (:bindtodevice "lo") (:bindtoifindex nil) root)
           (udp4-client (:timestamp t) (:timestampns t))
           (tcp4-client (:rcvbuf 5000) (:rcvbufforce 50000) root)
           (tcp4-client (:buf-lock nil) (:rcvbuf 5000))
           (udp4-client (:attach-filter [[6 0 0 65535]])
                        (:detach-filter t))))
      (unless (and needs (/= (user-uid) 0))
        (dolist (set (list (lambda (process plist)
                             (sockopt-set process (car plist) (cadr plist)))
                           #'sockopt-set-options))
          (let ((process (sockopt-tests-make kind)))
            (funcall set process first)
            (funcall set process second)
            (ert-info ((format "%S then %S" first second))
              (should (plist-member (process-contact process t)
                                    (car first)))
              (should (equal (plist-get (process-contact process t)
                                        (car first))
                             (sockopt-get process (car first)))))))))))

(ert-deftest changes-tests-force-is-not-claimed ()
  "What cannot be read is not claimed once another option has changed it."
  (skip-unless (= (user-uid) 0))
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (sockopt-set process :rcvbufforce 50000)
      (should (plist-member (process-contact process t) :rcvbufforce))
      (sockopt-set process :rcvbuf 6000)
      (should-not (plist-member (process-contact process t) :rcvbufforce))
      (should (equal (process-contact process :rcvbuf) 12000)))))

(ert-deftest changes-tests-groups ()
  "After leaving, a contact claims the group no more, but others still."
  (sockopt-tests-with-sockets
    (pcase-dolist
        (`(,join ,leave)
         '((:ip-add-membership :ip-drop-membership)
           (:mcast-join-group :mcast-leave-group)
           (:ip-add-membership :mcast-leave-group)))
      (let ((process (sockopt-tests-make 'udp4-client)))
        (sockopt-set process join '("239.7.7.1" "lo"))
        (sockopt-set process join '("239.7.7.2" "lo"))
        ;; It is about another group than the one that is claimed.
        (sockopt-set process leave '("239.7.7.1" "lo"))
        (should (equal (plist-get (process-contact process t) join)
                       '("239.7.7.2" "lo")))
        (sockopt-set process leave '("239.7.7.2" "lo"))
        (should-not (plist-member (process-contact process t) join))
        (should (eq (car (process-contact process t)) :name))))))

(provide 'changes-tests)
;;; changes-tests.el ends here
