;;; lookup-tests.el --- Tests with a name server  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Each test runs in an Emacs of its own, in a network namespace that has a
;; name server, made for these tests, and addresses that do not answer.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt-tests-names)

(declare-function sockopt--vsock-address "../module/emacs/process-lookup.c"
                  (cid port))

;;; Own processes

(ert-deftest lookup-tests-waiting ()
  "A client waits for a name to be looked up, and has its options."
  (should (equal '(open 77)
                 (sockopt-tests-names-call
                  '(let ((client (client #'sockopt-make-network-process
                                         "slow.test" :tcp-keepidle 77)))
                     (list (process-status client)
                           (sockopt-get client :tcp-keepidle)))))))

(ert-deftest lookup-tests-waiting-unknown ()
  "A name that does not exist signals an error of the package."
  (should (equal '(sockopt-system-error "Name or service not known")
                 (sockopt-tests-names-call
                  '(condition-case error
                       (client #'sockopt-make-network-process "no.test")
                     (error (list (car error) (nth 2 error))))))))

(ert-deftest lookup-tests-server-address-in-use ()
  "A server is where the name says first, or nowhere."
  (should (equal '(sockopt-system-error "Address already in use")
                 (sockopt-tests-names-call
                  '(let ((other (make-network-process
                                 :name "other" :server t :noquery t
                                 :family 'ipv4 :host "10.78.0.1"
                                 :service t)))
                     (condition-case error
                         (sockopt-make-network-process
                          :name "server" :server t :noquery t
                          :host "two.test"
                          :service (process-contact other :service))
                       (error (list (car error) (nth 2 error)))))))))

(ert-deftest lookup-tests-interface-name ()
  "The name of an interface may have any characters."
  (should (equal '("\u00e90" "\u00e90")
                 (sockopt-tests-names-call
                  '(let ((udp (sockopt-make-network-process
                               :name "udp" :type 'datagram :noquery t
                               :host "10.78.0.2" :service 9)))
                     (call-process "ip" nil nil nil "link" "add" "\u00e90"
                                   "type" "veth" "peer" "name" "peer0")
                     (sockopt-set udp :bindtodevice "\u00e90")
                     (list (sockopt-get udp :bindtodevice)
                           (process-contact udp :bindtodevice)))))))

(ert-deftest lookup-tests-vsock-address ()
  "The parts of an address of vsock(7) have 32 bits without a sign."
  :tags '((needs :vm-sockets-buffer-size))
  (sockopt--ensure-module)
  (should (eq (type-of (sockopt--vsock-address 4294967295 4294967295))
              'user-ptr))
  (dolist (wrong '((-1 1) (1 -1) (4294967296 1) (1 4294967296)))
    (should (eq (car (sockopt-tests-error
                      (lambda () (apply #'sockopt--vsock-address wrong))))
                'args-out-of-range))))

(ert-deftest lookup-tests-nowait ()
  "Without waiting, a call returns before the name server answers."
  (should (equal '(t connect open "open\n" 77 5)
                 (sockopt-tests-names-call
                  '(let (client status)
                     (list (at-once-p
                            (setq client
                                  (client #'sockopt-make-network-process
                                          "slow.test" :nowait t
                                          :tcp-keepidle 77))
                            (setq status (process-status client))
                            (sockopt-set client :priority 5))
                           status
                           (and (await (lambda () (done-p client)))
                                (process-status client))
                           (message-of client)
                           (sockopt-get client :tcp-keepidle)
                           (sockopt-get client :priority)))))))

(ert-deftest lookup-tests-nowait-unknown ()
  "A sentinel hears that a name does not exist."
  (should (equal "failed: Cannot look up host: Name or service not known\n"
                 (sockopt-tests-names-call
                  '(let ((client (client #'sockopt-make-network-process
                                         "no.test" :nowait t)))
                     (await (lambda () (message-of client)))
                     (message-of client))))))

(ert-deftest lookup-tests-nowait-deleted ()
  "Deleting a process does not wait for the name server.
The thread ends when the resolver gives up, and nothing is left."
  (should (equal '(t t)
                 (sockopt-tests-names-call
                  '(let (before)
                     ;; Have the module open what it keeps.
                     (dolist (nowait '(nil t))
                       (delete-process
                        (client #'sockopt-make-network-process "here.test"
                                :nowait nowait)))
                     (settle)
                     (setq before (resources))
                     (list (at-once-p
                            (delete-process
                             (client #'sockopt-make-network-process
                                     "never.test" :nowait t)))
                           (await (lambda ()
                                    (equal (resources) before)))))))))

(ert-deftest lookup-tests-blind ()
  "An option by which any address connects at once has no dead one win.
It is left out, which the contact tells."
  (should (equal '((5 nil t) (open 5 nil t))
                 (sockopt-tests-names-call
                  '(let ((look (lambda (client)
                                 (list (length (process-contact client
                                                                :remote))
                                       (process-contact
                                        client :tcp-fastopen-connect)
                                       (process-contact
                                        client :tcp-fastopen-no-cookie))))
                         (make (lambda (&rest arguments)
                                 (apply #'client
                                        #'sockopt-make-network-process
                                        "six.test" :tcp-fastopen-connect t
                                        :tcp-fastopen-no-cookie t
                                        arguments)))
                         later)
                     (list (funcall look (funcall make))
                           (progn
                             (setq later (funcall make :nowait t))
                             (await (lambda ()
                                      (eq (process-status later) 'open)))
                             (cons (process-status later)
                                   (funcall look later)))))))))

(ert-deftest lookup-tests-loser-lacks-option ()
  "What fails for an address that loses is not said of the one that wins.
IPv6 answers late; IPv4 joins meanwhile, and its socket lacks the option."
  (should (equal '(open 9 32 nil)
                 (sockopt-tests-names-call
                  '(let ((full (make-network-process
                                :name "full" :server 1 :noquery t :stop t
                                :family 'ipv6 :host "fd00:77::1"
                                :service port))
                         client said)
                     (require 'sockopt-mode)
                     (dotimes (_ 3)
                       (make-network-process
                        :name "filler" :noquery t :nowait t
                        :remote (vector #xfd00 #x77 0 0 0 0 0 1 port)
                        :sentinel #'ignore))
                     (settle)
                     (sockopt-mode 1)
                     (run-at-time 0.6 nil #'continue-process full)
                     (cl-letf (((symbol-function 'sockopt-mode--report)
                                (lambda (&rest report)
                                  (push report said))))
                       (setq client (client #'make-network-process
                                            "late.test" :nowait t
                                            :ipv6-tclass 32))
                       (await (lambda () (done-p client))))
                     (list (process-status client)
                           (length (process-contact client :remote))
                           (sockopt-get client :ipv6-tclass)
                           said))))))

(ert-deftest lookup-tests-second-address ()
  "When an address does not answer the next is tried, with the options."
  (should (equal '(([10 78 0 2] 77) ([10 78 0 2] 77)
                   ([10 78 0 2] 77) ([10 78 0 2] 77))
                 (sockopt-tests-names-call
                  '(cl-loop
                    for (host . arguments) in '(("two.test")
                                                ("two.test" :nowait t)
                                                ("six.test")
                                                ("six.test" :nowait t))
                    for client = (apply #'client
                                        #'sockopt-make-network-process host
                                        :tcp-keepidle 77 arguments)
                    do (await (lambda () (done-p client)))
                    collect (list (substring (process-contact client
                                                              :remote)
                                             0 4)
                                  (sockopt-get client :tcp-keepidle)))))))

;;; Core's processes

(ert-deftest lookup-tests-core-pending ()
  "What is set while core looks a name up is kept, and set when it is open."
  (should (equal '(t 77 connect open "open\n" 77 77 note)
                 (sockopt-tests-names-call
                  '(let (client value status)
                     (list (at-once-p
                            (setq client (client #'make-network-process
                                                 "slow.test" :nowait t))
                            (sockopt-set client :tcp-keepidle 55)
                            (sockopt-set client :tcp-keepidle 77)
                            (setq value (sockopt-get client :tcp-keepidle)
                                  status (process-status client)))
                           value status
                           (and (await (lambda () (done-p client)))
                                (process-status client))
                           (message-of client)
                           (sockopt-get client :tcp-keepidle)
                           (plist-get (process-contact client t)
                                      :tcp-keepidle)
                           (process-sentinel client)))))))

(ert-deftest lookup-tests-core-pending-wrong ()
  "A wrong value is refused at once, and so is an option not set."
  (should (equal '(args-out-of-range sockopt-unsupported sockopt-error
                                     sockopt-error)
                 (sockopt-tests-names-call
                  '(let ((client (client #'make-network-process "slow.test"
                                         :nowait t)))
                     (mapcar (lambda (function)
                               (condition-case error
                                   (funcall function client)
                                 (error (car error))))
                             (list (lambda (client)
                                     (sockopt-set client :ip-tos 300))
                                   (lambda (client)
                                     (sockopt-set client :no-such 1))
                                   (lambda (client)
                                     (sockopt-get client :priority))
                                   #'sockopt-options)))))))

(ert-deftest lookup-tests-core-next-address ()
  "When core tries its next address the options go along."
  (should (equal '(connect t 77 open [10 78 0 2] 77 77)
                 (sockopt-tests-names-call
                  '(let ((client (client #'make-network-process "two.test"
                                         :nowait t)))
                     (await (lambda () (process-contact client t t)))
                     ;; The kernel gives up after so many milliseconds.
                     (sockopt-set client :tcp-user-timeout 2000)
                     (list (process-status client)
                           (sockopt-set client :tcp-keepidle 77)
                           (sockopt-get client :tcp-keepidle)
                           (and (await (lambda () (done-p client)))
                                (process-status client))
                           (substring (process-contact client :remote) 0 4)
                           (sockopt-get client :tcp-keepidle)
                           (plist-get (process-contact client t)
                                      :tcp-keepidle)))))))

(ert-deftest lookup-tests-core-pending-fails ()
  "Nothing is kept of a process that failed."
  (should (equal '(failed 0)
                 (sockopt-tests-names-call
                  '(let ((client (client #'make-network-process "no.test"
                                         :nowait t)))
                     (sockopt-set client :priority 5)
                     (await (lambda () (done-p client)))
                     (setq messages nil)
                     (prog1 (list (process-status client)
                                  (progn
                                    (delete-process client)
                                    (hash-table-count
                                     sockopt--connecting-table)))))))))

(provide 'lookup-tests)
;;; lookup-tests.el ends here
