;;; filter-tests.el --- Tests of filter programs and of raw access  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)

;;; Filter programs

(ert-deftest filter-tests-attach-filter ()
  "A filter drops what it should; nil and :detach-filter remove it."
  :tags '(:attach-filter :detach-filter)
  (sockopt-tests-with-sockets
    (let* ((place (list ""))
           (server (sockopt-tests-make-role
                    'server '(:family ipv4 :type datagram) nil
                    (list :filter (sockopt-tests-collector place))))
           (client (sockopt-tests-make-role
                    'client '(:family ipv4 :type datagram)
                    (sockopt-tests-service server)))
           (send (lambda (string) (process-send-string client string)))
           ;; The data come after the 8 bytes of the header of UDP.
           (only-a [[48 0 0 8] [21 0 1 97] [6 0 0 65535] [6 0 0 0]]))
      (dolist (remove '(:attach-filter :detach-filter))
        (sockopt-set server :attach-filter [[6 0 0 0]])
        (should (equal (process-contact server :attach-filter)
                       [[6 0 0 0]]))
        (funcall send "lost")
        (sockopt-set server remove nil)
        (should-not (sockopt-get server :attach-filter))
        (funcall send "one")
        (should (sockopt-tests-wait (lambda () (not (equal (car place)
                                                           "")))))
        (should (equal (car place) "one"))
        (setcar place ""))
      (sockopt-set server :attach-filter only-a)
      (dolist (string '("b1" "a2" "b3" "a4"))
        (funcall send string))
      (should (sockopt-tests-wait (lambda () (equal (car place)
                                                    "a2a4"))))
      ;; Of the packets dropped the kernel keeps count.
      (should (eql (plist-get (sockopt-get server :meminfo) :drops) 4)))))

(ert-deftest filter-tests-filter-wrong ()
  "A filter program that is none is refused before the kernel sees it."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'udp4-server)))
      (pcase-dolist (`(,value ,condition)
                     '(([] args-out-of-range)
                       ([[6 0 0]] args-out-of-range)
                       ([[65536 0 0 0]] args-out-of-range)
                       ([[6 256 0 0]] args-out-of-range)
                       ([[6 0 0 4294967296]] args-out-of-range)
                       ([[6 0 0 -1]] args-out-of-range)
                       ;; It jumps out, and it does not return.
                       ([[5 0 0 9] [6 0 0 0]] args-out-of-range)
                       ([[0 0 0 1]] args-out-of-range)
                       ([6 0 0 0] wrong-type-argument)
                       ([["6" 0 0 0]] wrong-type-argument)
                       (t wrong-type-argument)))
        (let ((error (should-error
                      (sockopt-set process :attach-filter value))))
          (should (equal (list value (car error)) (list value condition)))
          (should (memq :attach-filter error))))
      (should-not (sockopt-get process :attach-filter)))))

;;; Options without a row

(ert-deftest filter-tests-raw ()
  "Any option can be read and set by its number, as bytes."
  (sockopt-tests-need-linux)
  (sockopt-tests-with-sockets
    (let* ((process (sockopt-tests-make 'tcp4-client))
           (one (if (eq (byteorder) ?B) "\0\0\0\1" "\1\0\0\0")))
      (should (equal (sockopt-get-raw process 1 9 4) "\0\0\0\0"))
      (should (eq (sockopt-set-raw process 1 9 one) t))
      (should (sockopt-get process :keepalive))
      (let ((bytes (sockopt-get-raw process 1 9 100)))
        (should (equal bytes one))
        (should-not (multibyte-string-p bytes)))
      (should (equal (sockopt-get-raw process 1 9 0) ""))
      (should (equal (sockopt-get-raw process 1 9 1) (substring one 0 1)))
      (sockopt-set process :tcp-congestion "reno")
      (should (equal (sockopt-get-raw process 6 13 20)
                     (concat "reno" (make-string 12 0)))))))

(ert-deftest filter-tests-raw-bytes ()
  "Every byte goes to the kernel and comes back as it is."
  (sockopt-tests-need-linux)
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      ;; TCP_FASTOPEN_KEY is any 16 bytes.
      (dotimes (i 16)
        (let ((key (apply #'unibyte-string
                          (number-sequence (* 16 i) (+ 15 (* 16 i))))))
          (should (sockopt-set-raw server 6 33 key))
          (should (equal (sockopt-get-raw server 6 33 16) key)))))))

(ert-deftest filter-tests-raw-filter ()
  "A filter program is read by bytes, though the kernel counts otherwise."
  (sockopt-tests-need-linux)
  (sockopt-tests-with-sockets
    (let* ((process (sockopt-tests-make 'udp4-client))
           (program (vconcat (make-vector 999 [0 0 0 0]) [[6 0 0 65535]])))
      (sockopt-set process :attach-filter program)
      (let ((bytes (sockopt-get-raw process 1 26 9000)))
        (should (= (length bytes) 8000))
        (should (equal (substring bytes 0 8) (make-string 8 0))))
      ;; There is no room for the whole of it.
      (dolist (length '(7 300 1000 7999))
        (let ((error (sockopt-tests-error
                      (lambda ()
                        (sockopt-get-raw process 1 26 length)))))
          (should (equal (list length (car error))
                         (list length 'sockopt-system-error))))))))

(ert-deftest filter-tests-raw-wrong ()
  "Wrong lengths, strings and numbers are errors, and change nothing."
  (sockopt-tests-need-linux)
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (pcase-dolist (`(,condition . ,form)
                     `((sockopt-system-error sockopt-set-raw 1 9 "\1")
                       (sockopt-system-error sockopt-set-raw 1 9 "")
                       (sockopt-system-error sockopt-set-raw 1 9999 "1234")
                       (sockopt-system-error sockopt-get-raw 1 9999 4)
                       (sockopt-system-error sockopt-get-raw 9999 1 4)
                       (args-out-of-range sockopt-get-raw 1 9 -1)
                       (args-out-of-range sockopt-get-raw 1 9 65537)
                       (args-out-of-range sockopt-get-raw ,(ash 1 40) 9 4)
                       (args-out-of-range sockopt-get-raw 1 ,(ash 1 31) 4)
                       (args-out-of-range sockopt-set-raw ,(ash 1 32) 9
                                          "\1\0\0\0")
                       (args-out-of-range sockopt-get-raw ,(ash 1 70) 9 4)
                       (args-out-of-range sockopt-set-raw 1 9
                                          ,(make-string 65537 1))
                       (sockopt-system-error sockopt-set-raw 1 9999
                                             ,(make-string 65536 1))
                       (sockopt-system-error sockopt-get-raw 1 9999 65536)
                       (wrong-type-argument sockopt-set-raw 1 9 "\u0101\0\0")
                       (wrong-type-argument sockopt-get-raw 1 9 4.0)
                       (wrong-type-argument sockopt-get-raw "1" 9 4)
                       (wrong-type-argument sockopt-set-raw 1 9 1)))
        (let ((error (sockopt-tests-error
                      (lambda ()
                        (apply (car form) process (cdr form))))))
          (should (equal (list (car form) (car error) (cadr form)
                               (caddr form))
                         (list (car form) condition (cadr form)
                               (caddr form))))))
      (should-not (sockopt-get process :keepalive)))))

(ert-deftest filter-tests-raw-not-bytes ()
  "What is no unibyte string is refused, and changes nothing."
  (sockopt-tests-need-linux)
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      ;; The last three would count as four bytes.
      (dolist (value '(nil "☃\0\0\0" "é\0\0\0" [1 0 0 0] (1 0 0 0)))
        (let ((error (sockopt-tests-error
                      (lambda () (sockopt-set-raw process 1 9 value)))))
          (should (equal (cons value
                               (and (memq (car error)
                                          '(wrong-type-argument
                                            args-out-of-range))
                                    t))
                         (cons value t))))
        (should-not (sockopt-get process :keepalive))))))

(ert-deftest filter-tests-long ()
  "A filter may have a thousand instructions; it reads as it was set."
  (sockopt-tests-with-sockets
    (let ((udp (sockopt-tests-make 'udp4-client))
          ;; Load a byte again and again, then take all.
          (filter (vconcat (make-vector 1010 [48 0 0 0]) [[6 0 0 65535]])))
      (sockopt-set udp :attach-filter filter)
      (should (equal (sockopt-get udp :attach-filter) filter)))))

(provide 'filter-tests)
;;; filter-tests.el ends here
