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
  "While there are other Lisp threads the channel stays, but no timer."
  (skip-unless (fboundp 'all-threads))
  (sockopt-tests-clean
    (let ((sockopt--channel (make-pipe-process :name "channel" :noquery t))
          (sockopt--jobs nil))
      (cl-letf (((symbol-function 'all-threads) (lambda () '(a b))))
        (sockopt--start-looking)
        (sockopt--close-channel)
        (should-not sockopt--look-timer)
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
  :tags '((needs :cookie))
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
                                         :ip-ttl 40 :priority 3))
           (contact (sockopt--core-contact client t t)))
      (plist-put contact :ip-ttl 1)
      (plist-put contact :priority 1)
      ;; The kernel refuses to tell the first, and takes the second, but it
      ;; does nothing.
      (plist-put contact :ipv6-unicast-hops 7)
      (plist-put contact :no-check 8)
      (sockopt--refresh client)
      (should (equal (mapcar (lambda (option) (plist-get contact option))
                             '(:ip-ttl :priority :ipv6-unicast-hops :no-check))
                     '(40 3 7 8))))))

;;; What is kept

(ert-deftest connecting-tests-two-options ()
  "While core connects each option is kept, not the first alone."
  (sockopt-tests-clean
    ;; With its address it has a socket at once.
    (let ((client (apply #'make-network-process
                         :name "c" :noquery t :nowait t :sentinel #'ignore
                         (list :remote
                               (process-contact (sockopt-tests-full-server)
                                                :local)))))
      (sockopt-set client :priority 3)
      (sockopt-set client :tcp-keepidle 77)
      (sockopt-set client :priority 4)
      (should (equal (mapcar (lambda (kept) (seq-take kept 2))
                             (sockopt--connecting-kept
                              (gethash client sockopt--connecting-table)))
                     '((:tcp-keepidle 77) (:priority 4)))))))

(ert-deftest connecting-tests-all-or-none ()
  "Of several options for what still connects none is kept if one is wrong."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-full-server)
                                        :nowait t)))
      (should-error (sockopt-set-options client '(:priority 3 :ip-ttl x))
                    :type 'wrong-type-argument)
      (should-not (sockopt--connecting-kept
                   (gethash client sockopt--connecting-table)))
      (sockopt-set-options client '(:priority 3))
      (should (eql (sockopt-get client :priority) 3)))))

(ert-deftest connecting-tests-no-cookies ()
  "Where sockets have no cookies, all that is kept is set."
  (sockopt-tests-clean
    (cl-letf (((symbol-function 'sockopt--cookie) #'ignore))
      (let ((client (sockopt-tests-client (sockopt-tests-server)
                                          :nowait t)))
        (sockopt-set client :priority 3)
        (should (sockopt-tests-open-p client))
        (should (eql (sockopt-get client :priority) 3))))))

(ert-deftest connecting-tests-cores-sentinel-put-back ()
  "Once it is open a process of core's has its own sentinel, and no other."
  (sockopt-tests-clean
    (let* ((sentinel (lambda (&rest _) nil))
           (client (make-network-process
                    :name "c" :noquery t :nowait t :sentinel sentinel
                    :family 'ipv4 :host "127.0.0.1"
                    :service (process-contact (sockopt-tests-server)
                                              :service))))
      (sockopt-set client :priority 3)
      (sockopt-set client :ip-ttl 40)
      (should-not (eq (process-sentinel client) sentinel))
      (should (sockopt-tests-open-p client))
      (sockopt-tests-wait (lambda ()
                            (eq (process-sentinel client) sentinel)))
      (should (eq (process-sentinel client) sentinel)))))

(ert-deftest connecting-tests-before-the-sentinel ()
  "What is kept is set before the process's own sentinel hears of it."
  (sockopt-tests-clean
    (let* ((seen nil)
           (client (make-network-process
                    :name "c" :noquery t :nowait t :family 'ipv4
                    :host "127.0.0.1"
                    :service (process-contact (sockopt-tests-server)
                                              :service)
                    :sentinel (lambda (process _message)
                                (push (sockopt-get process :tcp-keepidle)
                                      seen)))))
      (sockopt-set client :tcp-keepidle 77)
      (sockopt-tests-wait (lambda () seen))
      (should (equal seen '(77))))))

;;; Afterwards

(ert-deftest connecting-tests-failed-does-not-connect ()
  "One that has failed is not taken for one that still connects."
  (sockopt-tests-clean
    (dolist (client (list (sockopt-tests-client (sockopt-tests-full-server)
                                                :nowait t :sentinel #'ignore
                                                :connect-timeout 0.2)
                          (sockopt-make-network-process
                           :name "refused" :host "127.0.0.1" :family 'ipv4
                           :service (sockopt-tests-free-port) :noquery t
                           :nowait t :sentinel #'ignore)))
      (sockopt-tests-wait
       (lambda () (eq (process-status client) 'failed)))
      (should (equal (sockopt-tests-error
                      (lambda () (sockopt-get client :priority)))
                     (list 'sockopt-error "Process is not running" client)))
      (should-not (gethash client sockopt--connecting-table)))))

(ert-deftest connecting-tests-never-searched-for ()
  "The socket of a process of ours is known, not searched for."
  (sockopt-tests-clean
    (let ((searches 0)
          (find (symbol-function 'sockopt--find)))
      (cl-letf (((symbol-function 'sockopt--find)
                 (lambda (&rest arguments)
                   (cl-incf searches)
                   (apply find arguments))))
        (let ((server (sockopt-tests-server)))
          (dolist (nowait '(nil t))
            (let ((client (sockopt-tests-client server :nowait nowait)))
              (should (sockopt-tests-open-p client))
              (sockopt-set client :priority 3)))
          (sockopt-get server :priority))
        (should (= searches 0))))))

(ert-deftest connecting-tests-channel-gone ()
  "When nobody connects any more the channel is gone, and its buffer."
  (dolist (delete-exited-processes '(t nil))
    (sockopt-tests-clean
      (let ((client (sockopt-tests-client (sockopt-tests-server)
                                          :nowait t)))
        (should (get-process " sockopt"))
        (should (sockopt-tests-open-p client))
        (sockopt-tests-wait (lambda () (null (get-process " sockopt"))))
        (should-not (get-process " sockopt"))
        (should-not (get-buffer " sockopt"))))))

(ert-deftest connecting-tests-search-is-whole ()
  "While a socket is searched for, and is marked, nothing else may run."
  (sockopt-tests-clean
    (let* ((client (make-network-process
                    :name "d" :type 'datagram :host "127.0.0.1"
                    :family 'ipv4 :service 9 :noquery t))
           (find (symbol-function 'sockopt--find))
           quits)
      (cl-letf (((symbol-function 'sockopt--find)
                 (lambda (&rest arguments)
                   (push inhibit-quit quits)
                   (apply find arguments))))
        (sockopt-get client :priority))
      (should (equal quits '(t))))))

(provide 'connecting-tests)
;;; connecting-tests.el ends here
