;;; abstract-tests.el --- Tests of names in the abstract namespace  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)

(defun abstract-tests--name (text)
  "Return a name with TEXT that no other Emacs has."
  (format "\0sockopt-%d-%s" (emacs-pid) text))

(defun abstract-tests--make (&rest arguments)
  "Make a local process with ARGUMENTS."
  (apply #'sockopt-make-network-process
         (append arguments '(:name "abstract" :family local :noquery t))))

(defun abstract-tests--listed (name)
  "Return how many sockets the kernel has by NAME."
  (with-temp-buffer
    (insert-file-contents "/proc/net/unix")
    (how-many (concat " @" (regexp-quote
                            (replace-regexp-in-string
                             "\0" "@" (substring name 1)))
                      "$"))))

(ert-deftest abstract-tests-streams ()
  "Streams work, at once and later, and the contact has the name."
  (dolist (type '(nil seqpacket))
    (dolist (nowait '(nil t))
      (sockopt-tests-clean
        (let* ((name (abstract-tests--name "stream"))
               (server (abstract-tests--make
                        :server t :type type :service name
                        :filter #'sockopt-tests-echo))
               (client (abstract-tests--make :type type :service name
                                             :nowait nowait)))
          (should (< 0 (abstract-tests--listed name)))
          (should (equal (process-contact server :local) name))
          (should (equal (process-contact server :service) name))
          (should (sockopt-tests-open-p client))
          (should (equal (process-contact client :remote) name))
          (should (equal (process-contact client :service) name))
          (should (sockopt-tests-answers-p client)))))))

(ert-deftest abstract-tests-remote-and-local ()
  "A name can stand under `:local' of a server and `:remote' of a client."
  (sockopt-tests-clean
    (let ((name (abstract-tests--name "where")))
      (sockopt-make-network-process :name "server" :server t :local name
                                    :noquery t :filter #'sockopt-tests-echo)
      (should (sockopt-tests-answers-p
               (sockopt-make-network-process :name "client" :remote name
                                             :noquery t))))))

(ert-deftest abstract-tests-names ()
  "All bytes of a name count, NULs among them, up to 107."
  (sockopt-tests-clean
    (let ((names (list (abstract-tests--name "a")
                       (abstract-tests--name "a\0")
                       (abstract-tests--name "a\0b")
                       (concat "\0" (make-string 107 ?x)))))
      (dolist (name names)
        (should (equal (process-contact (abstract-tests--make
                                         :server t :service name)
                                        :local)
                       name)))
      (dolist (name names)
        (should (= (abstract-tests--listed name) 1)))
      (should (equal (should-error (abstract-tests--make
                                    :server t
                                    :service (concat (car (last names)) "x")))
                     `(args-out-of-range :service
                                         ,(concat (car (last names)) "x")
                                         107))))))

(ert-deftest abstract-tests-gone ()
  "The name is free as soon as its process is gone, and is no file."
  (sockopt-tests-clean
    (let ((name (abstract-tests--name "gone")))
      (dotimes (_ 2)
        (let ((server (abstract-tests--make :server t :service name)))
          (should (eq 'sockopt-system-error
                      (car (should-error
                            (abstract-tests--make :server t
                                                  :service name)))))
          (delete-process server)
          (should (= (abstract-tests--listed name) 0))))
      (should (eq 'sockopt-system-error
                  (car (should-error (abstract-tests--make
                                      :service name))))))))

(ert-deftest abstract-tests-datagrams ()
  "A client sends to a server's name, and the server answers a file."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((name (abstract-tests--name "datagram"))
             (place (list ""))
             (got (list ""))
             (server (abstract-tests--make :server t :type 'datagram
                                           :service name
                                           :filter (sockopt-tests-collector
                                                    got)))
             (client (abstract-tests--make
                      :type 'datagram :service name
                      :local (expand-file-name "client" directory)
                      :filter (sockopt-tests-collector place))))
        (should (equal (process-contact client :type) 'datagram))
        (should (equal (process-contact client :remote) name))
        (should (equal (process-contact server :local) name))
        (process-send-string client "ping")
        (should (sockopt-tests-wait (lambda () (equal (car got) "ping"))))
        (process-send-string server "pong")
        (should (sockopt-tests-wait
                 (lambda () (equal (car place) "pong"))))))))

(ert-deftest abstract-tests-no-datagram-server ()
  "A client of datagrams to a name that nobody has is an error at once."
  (should (equal (seq-take (should-error
                            (abstract-tests--make
                             :type 'datagram
                             :service (abstract-tests--name "nobody")))
                           3)
                 '(sockopt-system-error "make client process failed"
                                        "Connection refused"))))

(ert-deftest abstract-tests-client ()
  "A client's own name can be abstract, and the server is told."
  (sockopt-tests-clean
    (let* ((name (abstract-tests--name "server"))
           (own (abstract-tests--name "client"))
           (child nil))
      (abstract-tests--make :server t :service name
                            :log (lambda (_server one _message)
                                   (setq child one)))
      (should (equal (process-contact
                      (abstract-tests--make :service name :local own)
                      :local)
                     own))
      (should (sockopt-tests-wait (lambda () child)))
      (should (equal (process-contact child :remote) own)))))

(ert-deftest abstract-tests-children ()
  "The connections of such a server can be given options."
  (sockopt-tests-clean
    (let* ((name (abstract-tests--name "children"))
           (child nil))
      (abstract-tests--make :server t :service name
                            :child-options '(:priority 3)
                            :log (lambda (_server one _message)
                                   (setq child one)))
      (abstract-tests--make :service name)
      (should (sockopt-tests-wait (lambda () child)))
      (should (equal (sockopt-get child :priority) 3)))))

(ert-deftest abstract-tests-mode ()
  "With the mode on core's callers have them; core takes the NUL alone."
  (sockopt-tests-clean
    (let* ((name (abstract-tests--name "mode"))
           (make (lambda (&rest arguments)
                   (apply #'make-network-process :name "mode" :noquery t
                          :family 'local :service name arguments))))
      (funcall make :server t)
      (should (= (abstract-tests--listed name) 0))
      (sockopt-tests-with-mode nil
        (funcall make :server t :filter #'sockopt-tests-echo)
        (should (= (abstract-tests--listed name) 1))
        (should (sockopt-tests-answers-p (funcall make)))))))

(provide 'abstract-tests)
;;; abstract-tests.el ends here
