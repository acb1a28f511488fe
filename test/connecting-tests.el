;;; connecting-tests.el --- Test what is kept while connecting  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-connect)
(require 'sockopt-tests-lib)
(require 'sockopt-tests-mode)

(ert-deftest connecting-tests-partial-line ()
  "A report that comes in pieces is one report."
  (sockopt-tests-clean
    (let ((channel (make-pipe-process :name "channel" :noquery t))
          (sockopt--jobs '((17 . seventeen) (7 . seven)))
          (sockopt--channel nil)
          finished)
      (cl-letf (((symbol-function 'sockopt--finish-connecting)
                 (lambda (one) (push one finished))))
        (sockopt--channel-filter channel "1")
        (should-not finished)
        (sockopt--channel-filter channel "7\n")
        (should (equal finished '(seventeen)))
        (sockopt--channel-filter channel "7\n99\n")
        (should (equal finished '(seven seventeen)))
        (should-not sockopt--jobs)))))

(ert-deftest connecting-tests-channel-and-threads ()
  "While there are other Lisp threads the channel stays."
  (skip-unless (fboundp 'all-threads))
  (sockopt-tests-clean
    (let ((sockopt--channel (make-pipe-process :name "channel" :noquery t))
          (sockopt--jobs nil))
      (cl-letf (((symbol-function 'all-threads) (lambda () '(a b))))
        (sockopt--close-channel)
        (should (process-live-p sockopt--channel)))
      (let ((sockopt--jobs '((1 . one))))
        (sockopt--close-channel)
        (should (process-live-p sockopt--channel)))
      (let ((channel sockopt--channel))
        (sockopt--close-channel)
        (should-not (process-live-p channel))))))

(ert-deftest connecting-tests-sentinel-put-back ()
  "A process that fails has its own sentinel afterwards."
  (sockopt-tests-clean
    (let* ((said nil)
           (sentinel (lambda (_process message) (push message said)))
           (client (sockopt-make-network-process
                    :name "u" :host "no-such-host.invalid" :service 9
                    :nowait t :noquery t :sentinel sentinel)))
      (should (sockopt-tests-wait (lambda () said) 20))
      (should (= 1 (length said)))
      (should (eq (process-sentinel client) sentinel)))))

(ert-deftest connecting-tests-set-once ()
  "What is set on a socket that the process keeps is not set again."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (make-network-process
                    :name "c" :noquery t :nowait t :sentinel #'ignore
                    ;; No host to look up: it has its socket at once.
                    :remote (process-contact server :local)))
           (sets 0)
           (set (symbol-function 'sockopt--try-set)))
      (cl-letf (((symbol-function 'sockopt--try-set)
                 (lambda (&rest arguments)
                   (cl-incf sets)
                   (apply set arguments))))
        (sockopt-set client :tcp-keepidle 77)
        (should (sockopt-tests-open-p client))
        (sockopt-tests-wait #'ignore 0.1))
      (should (= sets 0))
      (should (equal (sockopt-get client :tcp-keepidle) 77))
      (should-not (gethash client sockopt--connecting-table)))))

(ert-deftest connecting-tests-checked-at-once ()
  "A wrong value is refused while connecting, and nothing is kept."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-full-server)
                                        :nowait t)))
      (should-error (sockopt-set client :tcp-keepidle 0)
                    :type 'args-out-of-range)
      (should-error (sockopt-set client :keepalife t)
                    :type 'sockopt-unsupported)
      (should-not (sockopt--connecting-kept
                   (gethash client sockopt--connecting-table)))
      (should-not (plist-member (process-contact client t)
                                :tcp-keepidle)))))

(ert-deftest connecting-tests-refresh-goes-on ()
  "One option that cannot be read does not keep the others from being told."
  (sockopt-tests-clean
    (let* ((client (sockopt-tests-client (sockopt-tests-server)
                                         :ip-ttl 40 :tcp-keepidle 50
                                         :priority 3))
           (contact (sockopt--core-contact client t t))
           (get (symbol-function 'sockopt-get)))
      (plist-put contact :ip-ttl 1)
      (plist-put contact :tcp-keepidle 1)
      (plist-put contact :priority 1)
      (cl-letf (((symbol-function 'sockopt-get)
                 (lambda (process option &optional argument)
                   (if (eq option :tcp-keepidle)
                       (signal 'sockopt-system-error '("no"))
                     (funcall get process option argument)))))
        (sockopt--refresh client))
      (should (equal (mapcar (lambda (option) (plist-get contact option))
                             '(:ip-ttl :tcp-keepidle :priority))
                     '(40 1 3))))))

(provide 'connecting-tests)
;;; connecting-tests.el ends here
