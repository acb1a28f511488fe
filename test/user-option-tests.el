;;; user-option-tests.el --- Tests of wrong user options  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)
(require 'sockopt-connection)
(require 'sockopt-delete)
(require 'sockopt-list)
(require 'sockopt-probe)
(require 'sockopt-watch)

(defmacro user-option-tests--warned (&rest body)
  "Evaluate BODY and return the texts of the warnings it makes, and its value.
No value has been told of before."
  (declare (indent 0) (debug t))
  `(let* ((warned nil)
          (sockopt--wrong-values nil)
          (value (cl-letf (((symbol-function 'display-warning)
                            (lambda (_type text &rest _)
                              (push text warned))))
                   ,@body)))
     (list warned value)))

(defun user-option-tests--names-p (symbol texts)
  "Return non-nil if TEXTS are one that names SYMBOL and what it takes."
  (and (= 1 (length texts))
       (string-search (symbol-name symbol) (car texts))
       (string-match-p "It takes: .+\\." (car texts))))

(ert-deftest user-option-tests-values ()
  "A wrong value is told of once, and the default is used."
  (pcase-dolist (`(,symbol . ,values)
                 '((sockopt-address-family-preference v4 "ipv4" 4)
                   (sockopt-connect-stagger nil "1" 0.001 5)
                   (sockopt-linger-limit nil -1 2.5)
                   (sockopt-list-interval nil 0 "5")
                   (sockopt-list-auto-update always)
                   (sockopt-list-columns name (name nme) (name . state))
                   (sockopt-probe-seconds nil 0 61 2.5)
                   (sockopt-watch-interval nil 0)
                   (sockopt-watch-history nil 1 10.5)
                   (sockopt-watch-rows 0 9 nil)
                   (sockopt-module-directory 5)
                   (sockopt-source-directory t)))
    (dolist (wrong values)
      (ert-info ((format "%s %S" symbol wrong))
        (pcase-let ((`(,warned ,value)
                     (user-option-tests--warned
                       (cl-progv (list symbol) (list wrong)
                         (sockopt--custom symbol)
                         (sockopt--custom symbol)))))
          (should (user-option-tests--names-p symbol warned))
          (should (equal value (eval (car (get symbol 'standard-value))
                                     t))))))))

(ert-deftest user-option-tests-right ()
  "A right value is used, and nothing is said of it."
  (pcase-dolist (`(,symbol . ,values)
                 '((sockopt-address-family-preference nil ipv4 ipv6)
                   (sockopt-connect-stagger 0.01 2 1.5)
                   (sockopt-linger-limit 0 70)
                   (sockopt-list-auto-update nil t visible)
                   (sockopt-list-columns (name) (rtt name))
                   (sockopt-probe-seconds 1 60)
                   (sockopt-watch-when-hidden t anything)
                   (sockopt-module-directory nil "/tmp")))
    (dolist (right values)
      (should (equal (list nil right)
                     (user-option-tests--warned
                       (cl-progv (list symbol) (list right)
                         (sockopt--custom symbol)))))))
  ;; A list that has become wrong is looked at again.
  (let ((sockopt-list-columns (list 'name 'state)))
    (sockopt--custom 'sockopt-list-columns)
    (setcar sockopt-list-columns 'nme)
    (should (caar (user-option-tests--warned
                    (sockopt--custom 'sockopt-list-columns))))))

(ert-deftest user-option-tests-connecting ()
  "A mistaken option is no reason to make no connection, with rules or not."
  (pcase-dolist (`(,symbol ,wrong)
                 '((sockopt-address-family-preference v4)
                   (sockopt-address-family-preference "ipv4")
                   (sockopt-connect-stagger nil)))
    (dolist (nowait '(nil t))
      (sockopt-tests-with-rules '((nil (:keepalive t)))
        (let ((server (sockopt-tests-core-server)))
          (pcase-let ((`(,warned ,client)
                       (user-option-tests--warned
                         (cl-progv (list symbol) (list wrong)
                           (sockopt-tests-core-client server
                                                      :nowait nowait)))))
            (should (sockopt-tests-open-p client))
            (should (eq t (sockopt-get client :keepalive)))
            (should (user-option-tests--names-p symbol warned))))))))

(ert-deftest user-option-tests-commands ()
  "Probing, watching, listing and deleting go on with the defaults."
  (pcase-dolist (`(,symbol ,wrong ,function)
                 '((sockopt-probe-seconds "3" sockopt-probe)
                   (sockopt-watch-history nil sockopt-watch)
                   (sockopt-watch-rows big sockopt-watch)
                   (sockopt-watch-interval nil sockopt-watch)
                   (sockopt-list-columns (nme) sockopt-list-processes)
                   (sockopt-linger-limit nil sockopt-delete-process)))
    (ert-info ((symbol-name symbol))
      (sockopt-tests-clean
        (save-window-excursion
          (let* ((inhibit-message t)
                 (buffers (buffer-list))
                 (client (sockopt-tests-client (sockopt-tests-server)
                                               :linger t)))
            (unwind-protect
                (should (user-option-tests--names-p
                         symbol
                         (car (user-option-tests--warned
                                (cl-progv (list symbol) (list wrong)
                                  (apply function
                                         (and (not (eq function
                                                       'sockopt-list-processes))
                                              (list client))))))))
              (sockopt-tests-delete client)
              (mapc #'kill-buffer
                    (cl-set-difference (buffer-list) buffers)))))))))

(provide 'user-option-tests)
;;; user-option-tests.el ends here
