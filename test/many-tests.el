;;; many-tests.el --- Tests of many options at once  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'seq)

;;; Snapshots

(defun many-tests--check-snapshot (kind)
  "Check what a snapshot of a socket of KIND has."
  (sockopt-tests-with-sockets
    (let* ((process (sockopt-tests-make kind))
           (plist (sockopt-options process)))
      (dolist (keyword '(:error :tcp-saved-syn :peerpidfd :ip-msfilter
                         :mcast-msfilter))
        (should (sockopt-option-get (sockopt-option keyword)))
        (should-not (plist-member plist keyword)))
      (dolist (keyword (sockopt-option-list))
        (let ((option (sockopt-option keyword)))
          (unless (or (sockopt-option-read-changes option)
                      (sockopt-option-argument option))
            (should (eq (not (plist-member plist keyword))
                        (and (sockopt-tests-error
                              (lambda () (sockopt-get process keyword)))
                             t))))))
      (should (equal (sockopt-tests-keys plist)
                     (seq-uniq (sockopt-tests-keys plist)))))))

(ert-deftest many-tests-snapshot ()
  "A snapshot has what can be read there, but not what reading changes."
  (mapc #'many-tests--check-snapshot
        '(tcp4-client udp4-server local-stream-child)))

(ert-deftest many-tests-snapshot-ipv6 ()
  "So it is with IPv6."
  (sockopt-tests-need-ipv6)
  (mapc #'many-tests--check-snapshot '(tcp6-listener udp6-client)))

(ert-deftest many-tests-snapshot-changes-nothing ()
  "Snapshots and contacts leave a pending error and a saved SYN alone."
  (sockopt-tests-with-sockets
    (let* (children
           (server (sockopt-tests-make-role
                    'server '(:family ipv4) nil
                    (list :tcp-save-syn 1
                          :log (lambda (_server child _message)
                                 (stop-process child)
                                 (push child children)))))
           (client (sockopt-tests-make-role 'client '(:family ipv4)
                                            (sockopt-tests-service server)
                                            '(:linger 0))))
      (sockopt-tests-wait (lambda () children))
      (let* ((child (car children))
             (contact (process-contact child t)))
        (plist-put contact :error 'untouched)
        (plist-put contact :tcp-saved-syn 'untouched)
        (delete-process client)
        (sleep-for 0.05)
        (sockopt-options child)
        (sockopt-contact child t)
        (should (eq (process-contact child :error) 'untouched))
        (should (eq (process-contact child :tcp-saved-syn) 'untouched))
        (should (eq (car (sockopt-get child :error)) 'ECONNRESET))
        (should-not (sockopt-get child :error))
        (let ((syn (sockopt-get child :tcp-saved-syn)))
          (should-not (multibyte-string-p syn))
          ;; An IPv4 header.
          (should (eql (ash (aref syn 0) -4) 4)))))))

;;; Setting several

(ert-deftest many-tests-set-options ()
  "Several options are set at once, in the order given."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (should (eq (sockopt-set-options process nil) t))
      (should (eq (sockopt-set-options
                   process '(:keepalive t :tcp-keepidle 33 :linger 4
                                        :priority 1 :priority 2))
                  t))
      (pcase-dolist (`(,keyword ,value)
                     '((:keepalive t) (:tcp-keepidle 33) (:linger 4)
                       (:priority 2)))
        (should (equal (sockopt-get process keyword) value))
        (should (equal (process-contact process keyword) value))))))

(ert-deftest many-tests-set-options-twice ()
  "Of an option that the contact has twice, the first is what it tells."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)
                                        :priority 1 :tcp-keepidle 20
                                        :priority 2)))
      (sockopt-set-options client '(:tcp-keepidle 30 :priority 5))
      (should (eql (process-contact client :priority) 5))
      (should (eql (process-contact client :tcp-keepidle) 30)))))

(ert-deftest many-tests-set-options-wrong ()
  "If one option or value is wrong, none is set."
  (sockopt-tests-with-sockets
    (let* ((process (sockopt-tests-make 'tcp4-client))
           (contact (copy-sequence (process-contact process t))))
      (pcase-dolist (`(,condition . ,plist)
                     '((args-out-of-range :keepalive t :ip-tos 300)
                       (wrong-type-argument :keepalive t :rcvbuf "1")
                       (sockopt-unsupported :keepalive t :keepalife t)
                       (sockopt-unsupported :keepalive t :attach-bpf t)
                       (wrong-type-argument :keepalive t linger t)
                       (wrong-type-argument :keepalive t 5 t)
                       (sockopt-error :keepalive t :linger)))
        (should (equal (car (should-error
                             (sockopt-set-options process plist)))
                       condition))
        (should-not (sockopt-get process :keepalive))
        (should (equal (process-contact process t) contact))))))

(ert-deftest many-tests-set-options-refused ()
  "If the kernel refuses one, it is named, and so are those before it."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (pcase-dolist
          (`(,condition ,plist ,culprit ,done)
           '((sockopt-system-error
              (:keepalive t :linger 3 :tcp-congestion "nosuch" :priority 1)
              :tcp-congestion (:keepalive :linger))
             (sockopt-unsupported
              (:linger 5 :udp-cork t :priority 1) :udp-cork (:linger))
             (sockopt-too-late
              (:linger 6 :ip-freebind t :priority 1) :ip-freebind (:linger))
             (sockopt-unsupported
              (:udp-cork t :priority 1) :udp-cork nil)))
        (let ((error (should-error (sockopt-set-options process plist)
                                   :type condition)))
          (should (memq culprit error))
          (should (equal (cdr (assq :already-set (seq-filter #'consp error)))
                         done))
          (dolist (keyword done)
            (let ((value (plist-get plist keyword)))
              (should (equal (sockopt-get process keyword) value))
              (should (equal (process-contact process keyword) value))))
          (should (eql (sockopt-get process :priority) 0))
          (should-not (plist-member (process-contact process t)
                                    culprit)))))))

(provide 'many-tests)
;;; many-tests.el ends here
