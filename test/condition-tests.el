;;; condition-tests.el --- Tests of which condition stands for which error  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)

;;; Codes of the kernel

(defconst condition-tests--library "
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

int
setsockopt (int fd, int level, int number, const void *value, socklen_t size)
{
  int (*real) (int, int, int, const void *, socklen_t)
    = (int (*) (int, int, int, const void *, socklen_t))
      dlsym (RTLD_NEXT, \"setsockopt\");
  if (level != 4711)
    return real (fd, level, number, value, size);
  errno = number;
  return -1;
}
"
  "A library in which options of the level 4711 fail as their number says.")

(defconst condition-tests--codes 133
  "The highest errno value of Linux.")

(defun condition-tests--expected (code)
  "Return the conditions, ours and core's, of the errno value CODE."
  (pcase code
    (2 '(sockopt-file-missing file-missing))
    ;; New in Emacs 29.
    ((and 13 (guard (get 'permission-denied 'error-conditions)))
     '(sockopt-permission-denied permission-denied))
    (13 '(sockopt-permission-denied file-error))
    (17 '(sockopt-file-already-exists file-already-exists))
    (_ '(sockopt-system-error file-error))))

(ert-deftest condition-tests-errno ()
  "Each error of the kernel has the condition that core gives it."
  (sockopt-tests-with-directory directory
    (let ((errors
           (sockopt-tests-value-with
            (sockopt-tests-library directory condition-tests--library)
            `(let ((server (make-network-process
                            :name "s" :server t :host "127.0.0.1"
                            :family 'ipv4 :service t :noquery t)))
               (mapcar (lambda (code)
                         (condition-case error
                             (sockopt-set-raw server 4711 code "")
                           (error (append error
                                          (get (car error)
                                               'error-conditions)))))
                       (number-sequence 1 ,condition-tests--codes))))))
      (should (= (length errors) condition-tests--codes))
      (cl-loop
       for (symbol verb message level number . conditions) in errors
       for code from 1
       for (ours theirs) = (condition-tests--expected code)
       do
       (should (eq symbol ours))
       (should (equal verb "Cannot set network option"))
       (should (stringp message))
       (should (equal (list level number) (list 4711 code)))
       (dolist (condition (list theirs 'sockopt-system-error
                                'sockopt-error 'file-error))
         (should (memq condition conditions)))))))

;;; Too late, and not at all

(ert-deftest condition-tests-too-late ()
  "What comes too late says what it has to come before."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (pcase-dolist
          (`(,option ,value ,hint)
           '((:ip-freebind t "it must be set before the socket is bound")
             (:tcp-maxseg 1000 "it must be set before the socket connects")
             (:tcp-defer-accept 5 "it must be set on a server")))
        (should (equal (list 'sockopt-too-late option hint)
                       (sockopt-tests-error
                        (lambda () (sockopt-set client option value)))))))))

(ert-deftest condition-tests-refused-read ()
  "An option that the kernel refuses to read now is there all the same."
  (sockopt-tests-clean
    (let ((server (sockopt-make-network-process
                   :name "server" :server t :type 'datagram :noquery t
                   :host "127.0.0.1" :service t :family 'ipv4)))
      ;; Nobody is at the other end.
      (should (string-search
               "Transport endpoint is not connected"
               (format "%S" (sockopt-tests-error
                             (lambda ()
                               (sockopt-get server :ip-mtu))))))
      (should (sockopt-supported-p :ip-mtu server))
      ;; What it does not have is refused, too.
      (should-not (sockopt-supported-p :tcp-nodelay server))
      ;; Nor is there an option of another type.
      (should-not (sockopt-supported-p "keepalive" server)))))

(ert-deftest condition-tests-no-file ()
  "What an option lacks is no file, and no permission."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (should (eq (car (sockopt-tests-error
                        (lambda () (sockopt-set client :detach-filter t))))
                  'sockopt-system-error)))))

(provide 'condition-tests)
;;; condition-tests.el ends here
