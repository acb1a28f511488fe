;;; handle-tests.el --- Tests of whose socket a handle is taken for  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)

(declare-function sockopt--address "../module/emacs/process-lookup.c"
                  (keyword address))
(declare-function sockopt--find "../module/emacs/handle.c" (process status))

(defun handle-tests--make (priority)
  "Make a datagram client of core and give it PRIORITY."
  (let ((client (make-network-process :name "client" :type 'datagram
                                      :host "127.0.0.1" :family 'ipv4
                                      :service 9 :noquery t)))
    (sockopt-set client :priority priority)
    client))

(defun handle-tests--get (process status handle)
  "Get :priority of PROCESS, which has STATUS and HANDLE."
  (funcall (sockopt--make-getter :priority) process status handle nil))

(ert-deftest handle-tests-of-another-kind ()
  "What stands for something else is not taken for a handle."
  (sockopt-tests-clean
    (let* ((process (handle-tests--make 3))
           (addresses (sockopt--address :remote [127 0 0 1 9])))
      (should (equal (sockopt-tests-error
                      (lambda ()
                        (handle-tests--get process 'open addresses)))
                     (list 'wrong-type-argument 'user-ptrp addresses))))))

(defun handle-tests--others ()
  "Make processes that take all the descriptors that were freed."
  (cl-loop repeat 5 collect (handle-tests--make 5)))

(defun handle-tests--check-gone (process status handle)
  "Check that HANDLE of PROCESS, which is gone, is not trusted at STATUS."
  (delete-process process)
  (let ((others (handle-tests--others)))
    (should (equal (sockopt-tests-error
                    (lambda () (handle-tests--get process status handle)))
                   (list 'sockopt-error "Process is not running" process)))
    (dolist (other others)
      (should (eql (sockopt-get other :priority) 5)))))

(ert-deftest handle-tests-found-while-connecting ()
  "A socket found while core connects is looked at again once it is open.
Core may have gone on to another address meanwhile, with another socket
on the same descriptor."
  (sockopt-tests-clean
    (dolist (status '(connect stop))
      (let* ((process (handle-tests--make 3))
             (handle (sockopt--find process status)))
        (handle-tests--check-gone process 'open handle)))))

(ert-deftest handle-tests-used-while-connecting ()
  "Nor is it trusted for having been right while core connected."
  (sockopt-tests-clean
    (dolist (status '(connect stop))
      (let* ((process (handle-tests--make 3))
             (handle (sockopt--find process status)))
        (should (eql 3 (handle-tests--get process status handle)))
        (handle-tests--check-gone process 'open handle)))))

(ert-deftest handle-tests-not-open-any-more ()
  "One that was seen to be right is trusted only as long as it is open."
  (sockopt-tests-clean
    (dolist (status '(closed exit failed stop))
      (let* ((process (handle-tests--make 3))
             (handle (sockopt--find process 'open)))
        (should (eql 3 (handle-tests--get process 'open handle)))
        (handle-tests--check-gone process status handle)))))

(ert-deftest handle-tests-wrong-once ()
  "One that was seen to be wrong is not trusted the next time."
  (sockopt-tests-clean
    (let* ((process (handle-tests--make 3))
           (handle (sockopt--find process 'connect)))
      (handle-tests--check-gone process 'open handle)
      (should (eq 'sockopt-error
                  (car (sockopt-tests-error
                        (lambda ()
                          (handle-tests--get process 'open handle)))))))))

(provide 'handle-tests)
;;; handle-tests.el ends here
