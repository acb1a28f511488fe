;;; several-tests.el --- Tests of reading several options at once  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)

(declare-function sockopt--reader "../module/emacs/option-several.c"
                  (&rest rows-and-fields))
(declare-function sockopt--values "../module/emacs/option-several.c"
                  (process status handle &rest rows))

(defun several-tests--read (process &rest wanted)
  "Read WANTED of PROCESS at once."
  (sockopt--read process (sockopt--make-reader wanted)))

(ert-deftest several-tests-values ()
  "What is read at once is what is read one by one."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :keepalive t
                                         :tcp-keepidle 90)))
      (should (equal (several-tests--read client :tcp-keepidle :keepalive
                                          :linger :meminfo)
                     `(:tcp-keepidle 90 :keepalive t :linger nil
                       :meminfo ,(sockopt-get client :meminfo))))
      (should (equal (sockopt-tests-keys (plist-get
                                          (several-tests--read client
                                                               :tcp-info)
                                          :tcp-info))
                     (sockopt-tests-keys (sockopt-get client :tcp-info)))))))

(ert-deftest several-tests-fields ()
  "Of a plist only the fields that are wanted are read, in its own order."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :tcp-nodelay t))
           (read (several-tests--read
                  client '(:tcp-info :snd-mss :state :none :rcv-mss)
                  '(:meminfo :drops) :tcp-nodelay)))
      (should (equal read
                     `(:tcp-info
                       (:state established
                        :snd-mss ,(plist-get (sockopt-get client :tcp-info)
                                             :snd-mss)
                        :rcv-mss ,(plist-get (sockopt-get client :tcp-info)
                                             :rcv-mss))
                       :meminfo (:drops 0)
                       :tcp-nodelay t))))))

(ert-deftest several-tests-like-named-fields ()
  "A field is no other that begins as its name does."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (dolist (field '(:rtt :rttvar :snd-wnd :snd-wscale))
        (should (equal (sockopt-tests-keys
                        (plist-get (several-tests--read
                                    client (list :tcp-info field))
                                   :tcp-info))
                       (list field)))))))

(ert-deftest several-tests-lacking ()
  "What a socket does not have is nil, what there is not at all left out."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :priority 3)))
      ;; The kernel takes SO_NO_CHECK, and would tell, but it does nothing.
      (sockopt-set-raw client 1 11 "\1\1\1\1")
      (should (equal (several-tests--read client :priority :no-check
                                          '(:peercred :pid) :no-such-option)
                     '(:priority 3 :no-check nil :peercred nil)))
      (should (equal (sockopt--values client 'open (sockopt--handle client)
                                      (sockopt--row :priority)
                                      (sockopt--row :no-check))
                     '(3 :no-check))))))

(ert-deftest several-tests-all-plain ()
  "All options at once are those that reading does not change."
  (sockopt-tests-clean
    (let ((options (sockopt-options (sockopt-tests-client
                                     (sockopt-tests-server)))))
      (should (plist-member options :keepalive))
      (should-not (plist-member options :error)))))

(ert-deftest several-tests-refused ()
  "What reading changes, or needs an argument for, is not read so."
  (dolist (option '(:error :ip-msfilter :ip-add-membership))
    (should (eq (car (sockopt-tests-error
                      (lambda () (sockopt--make-reader (list option)))))
                'sockopt-unsupported)))
  (dolist (row (list 9999 (length (sockopt-option-list)) -1))
    (should (equal (sockopt-tests-error (lambda () (sockopt--reader row nil)))
                   (list 'args-out-of-range row))))
  (should (eq (car (sockopt-tests-error (lambda () (sockopt--reader "" nil))))
              'wrong-type-argument)))

(ert-deftest several-tests-ended ()
  "Nothing is read of a process that has ended, whatever its handle."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server)))
      (should (several-tests--read client :keepalive))
      (delete-process client)
      (should (eq (car (sockopt-tests-error
                        (lambda () (several-tests--read client :keepalive))))
                  'sockopt-error)))))

(ert-deftest several-tests-many ()
  "Readers go with the garbage."
  (dotimes (_ 1000)
    (sockopt--make-reader '((:tcp-info :state) :keepalive)))
  (garbage-collect)
  (should (functionp (sockopt--make-reader nil))))

(provide 'several-tests)
;;; several-tests.el ends here
