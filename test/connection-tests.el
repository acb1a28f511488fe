;;; connection-tests.el --- Test what is told of connecting  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-connection)
(require 'sockopt-tests-lib)
(require 'sockopt-tests-names)

(ert-deftest connection-tests-numeric ()
  "To a numeric address there is one attempt, and no lookup."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (dolist (nowait '(nil t))
        (let* ((client (sockopt-tests-client server :nowait nowait))
               (known (progn
                        (sockopt-tests-wait
                         (lambda () (eq (process-status client) 'open)))
                        (sockopt-connection client))))
          (should-not (plist-member known :lookup))
          (should (< 0 (plist-get known :connect) 1))
          (pcase-let ((`((,address ,result ,start ,seconds))
                       (plist-get known :attempts)))
            (should (equal address (process-contact client :remote)))
            (should (eq result t))
            (should (eql start 0.0))
            (should (eql seconds (plist-get known :connect)))))))))

(ert-deftest connection-tests-unknown ()
  "Nothing is known of servers, their children, and others' clients."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (other (make-network-process
                   :name "o" :noquery t :host "127.0.0.1" :family 'ipv4
                   :service (process-contact server :service))))
      (sockopt-get other :keepalive)
      (should-not (sockopt-connection server))
      (should-not (sockopt-connection other)))))

(ert-deftest connection-tests-refused ()
  "A client that failed says which address failed, and how."
  (sockopt-tests-clean
    (let ((client (sockopt-make-network-process
                   :name "c" :noquery t :nowait t :host "127.0.0.1"
                   :family 'ipv4 :service (sockopt-tests-free-port)
                   :sentinel #'ignore)))
      (sockopt-tests-wait (lambda () (not (eq (process-status client)
                                              'connect))))
      (pcase-let ((`((,_address ,result . ,_))
                   (plist-get (sockopt-connection client) :attempts)))
        (should (member result '("Connection refused"
                                 "failed with code 111"))))
      ;; What Emacs read of the socket is not known here.
      (should (equal (sockopt--attempt client '([127 0 0 1 9] failed 0.5 0.2))
                     '([127 0 0 1 9] "failed with code 111" 0.5 0.2)))
      (should-not (plist-member (sockopt-connection client) :connect)))))

(ert-deftest connection-tests-times ()
  "Seconds are milliseconds for the module, within limits."
  (pcase-dolist (`(,seconds ,milliseconds)
                 '((0.25 250) (0.05 50) (2 2000) (0.01 10)))
    (let ((sockopt-connect-stagger seconds))
      (should (equal (sockopt--stagger) milliseconds))))
  (should-not (sockopt--deadline '(:name "c")))
  (should-not (sockopt--time-left nil))
  (should (< 900 (sockopt--time-left (sockopt--deadline
                                      '(:connect-timeout 1)))
             1001))
  (should (eql 0 (sockopt--time-left (- (float-time) 5))))
  (pcase-dolist (`(,value ,fits)
                 '((0.001 t) (2147483 t) (2147484 nil) (0 nil) (-1 nil)
                   ("1" nil)))
    (should (eq fits (sockopt--timeout-p value)))))

(ert-deftest connection-tests-tls-time ()
  "A handshake has lasted since it began."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server))))
      (sockopt--note-tls client (- (float-time) 3))
      (should (< 2.9 (plist-get (sockopt-connection client) :tls) 4)))))

(ert-deftest connection-tests-collected ()
  "What is kept goes with the process."
  (sockopt-tests-clean
    (let ((before (hash-table-count sockopt--connections)))
      (let ((server (sockopt-tests-server)))
        (dotimes (_ 50)
          (delete-process (sockopt-tests-client server))))
      (sockopt-tests-wait
       (lambda ()
         (garbage-collect)
         (< (hash-table-count sockopt--connections) (+ before 10))))
      (should (< (hash-table-count sockopt--connections) (+ before 10))))))

(ert-deftest connection-tests-several ()
  "Of several addresses each attempt is told, after the time of the lookup."
  (pcase-let ((`(,slow ,two ,refused)
               (sockopt-tests-names-call
                '(mapcar
                  (lambda (host)
                    (let ((process (client #'sockopt-make-network-process
                                           host :nowait t)))
                      (await (lambda () (done-p process)))
                      (sockopt-connection process)))
                  '("slow.test" "two.test" "six.test")))))
    (should (< 1.4 (plist-get slow :lookup) 5))
    (should (equal (mapcar #'cadr (plist-get slow :attempts)) '(t)))
    ;; The first is mute, so the second begins after its head start.
    (pcase-let ((`((,one nil ,start ,took) (,other t ,late ,_))
                 (plist-get two :attempts)))
      (should (equal (substring one 0 4) [10 78 0 1]))
      (should (equal (substring other 0 4) [10 78 0 2]))
      (should (eql start 0.0))
      (should (< 0.14 late 1))
      (should (>= took late))
      (should (<= late (plist-get two :connect) (+ late 0.2))))
    (should (equal (mapcar #'cadr (plist-get refused :attempts)) '(nil t)))))

(ert-deftest connection-tests-preference ()
  "The family to begin with, and the head start, are the user's to choose."
  (pcase-let ((`(,four ,six ,quick)
               (sockopt-tests-names-call
                '(cl-flet ((attempts (host)
                             (let ((process
                                    (client #'sockopt-make-network-process
                                            host :nowait t)))
                               (await (lambda () (done-p process)))
                               (plist-get (sockopt-connection process)
                                          :attempts))))
                   (list (let ((sockopt-address-family-preference 'ipv4))
                           (attempts "six.test"))
                         (let ((sockopt-address-family-preference 'ipv6))
                           (attempts "six.test"))
                         (let ((sockopt-address-family-preference 'ipv6)
                               (sockopt-connect-stagger 0.05))
                           (attempts "six.test")))))))
    (should (equal (mapcar #'cadr four) '(t)))
    (should (equal (mapcar #'cadr six) '(nil t)))
    (should (< 0.14 (nth 2 (nth 1 six)) 1))
    (should (< 0.04 (nth 2 (nth 1 quick)) 0.14))))

(provide 'connection-tests)
;;; connection-tests.el ends here
