;;; foreign-tests.el --- Tests of processes that core made  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The descriptor beneath such a process has to be found, and neither the
;; process nor any other may notice that.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt-tests-lib)

;;; Processes of all kinds

(defun foreign-tests--make (&rest arguments)
  "Make a process by ARGUMENTS, with core."
  (apply #'make-network-process :name "foreign" :noquery t arguments))

(defun foreign-tests--tcp (family host)
  "Return an alist of kinds and TCP processes at HOST, of FAMILY."
  (let* ((server (foreign-tests--make :server 50 :host host :service t
                                      :family family))
         (service (process-contact server :service))
         (client (lambda (&rest arguments)
                   (apply #'foreign-tests--make :host host :family family
                          :service service arguments))))
    `((server . ,server)
      (client . ,(funcall client))
      (linger . ,(funcall client :linger 5))
      (stopped . ,(funcall client :stop t))
      (nowait . ,(let ((process (funcall client :nowait t)))
                   (sockopt-tests-open-p process)
                   process)))))

(defun foreign-tests--local (directory type)
  "Return an alist of kinds and local processes of TYPE, in DIRECTORY."
  (let* ((path (make-temp-name (expand-file-name "s" directory)))
         children
         (server (foreign-tests--make
                  :server 50 :family 'local :type type :service path
                  :log (lambda (_server child _message)
                         (push child children))))
         (client (foreign-tests--make :family 'local :type type
                                      :service path)))
    (should (sockopt-tests-wait (lambda () children)))
    `((local-server . ,server) (local-client . ,client)
      (local-child . ,(car children)))))

(defun foreign-tests--processes (directory)
  "Return an alist of kinds and processes, made by core.
DIRECTORY is for local sockets."
  (append (foreign-tests--tcp 'ipv4 "127.0.0.1")
          (and (sockopt-tests-ipv6-p) (foreign-tests--tcp 'ipv6 "::1"))
          (foreign-tests--local directory nil)
          (and (featurep 'make-network-process '(:type seqpacket))
               (foreign-tests--local directory 'seqpacket))
          `((syn-sent . ,(foreign-tests--make
                          :nowait t
                          :remote (process-contact
                                   (sockopt-tests-full-server) :local)))
            (udp-server . ,(foreign-tests--make
                            :type 'datagram :server t :family 'ipv4
                            :host "127.0.0.1" :service t))
            (udp-client . ,(foreign-tests--make
                            :type 'datagram :host "127.0.0.1" :service 9)))))

(defun foreign-tests--crowd (spare)
  "Make processes until but SPARE more descriptors are free.
Return how many."
  (let (crowd)
    (condition-case nil
        (while t
          (push (foreign-tests--make :type 'datagram :server t :family 'ipv4
                                     :host "127.0.0.1" :service t)
                crowd))
      (file-error nil))
    (dotimes (_ spare)
      (delete-process (pop crowd)))
    (length crowd)))

;;; Tests

(defun foreign-tests--check-left-alone (alist)
  "Check that reading from the processes in ALIST does not change them."
  (pcase-dolist (`(,kind . ,process) alist)
    (ert-info ((symbol-name kind))
      (let ((contact (copy-tree (process-contact process t) t))
            (status (process-status process))
            (linger (and (eq kind 'linger) 5)))
        (should (equal (sockopt-get process :priority) 0))
        (should (equal (process-contact process t) contact))
        (should (eq (process-status process) status))
        (should (equal (sockopt-get process :linger) linger))
        (pcase-let ((`(,on ,seconds) (foreign-tests--linger process)))
          (should (eql on (if linger 1 0)))
          (should (eql seconds (or linger 0))))))))

(defun foreign-tests--linger (process)
  "Return the two integers of SO_LINGER of PROCESS, read past the table."
  (let ((bytes (sockopt-get-raw process 1 13 8)))
    (cl-loop for start in '(0 4)
             for word = (append (substring bytes start (+ start 4)) nil)
             collect (cl-reduce (lambda (value byte)
                                  (logior (ash value 8) byte))
                                (if (eq (byteorder) ?B) word
                                  (reverse word))))))

(defun foreign-tests--check-right (alist)
  "Check that each process in ALIST is found, and no other.
Core sets options, for it cannot be wrong about that."
  (let ((number 0)
        cookies)
    (pcase-dolist (`(,kind . ,process) alist)
      (ert-info ((symbol-name kind))
        (setq number (1+ (mod number 6)))
        (set-network-process-option process :priority number)
        (should (eql (sockopt-get process :priority) number))
        (should-not (sockopt-get process :keepalive))
        (set-network-process-option process :keepalive t)
        (should (eq (sockopt-get process :keepalive) t))
        (should (eq (sockopt-set process :priority 0) t))
        (should (eql (process-contact process :priority) 0))
        (push (sockopt-get process :cookie) cookies)))
    (should (equal cookies (delete-dups (copy-sequence cookies))))))

(ert-deftest foreign-tests-left-alone ()
  "Reading an option of a process leaves it as it was."
  (skip-unless (eq system-type 'gnu/linux))
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (foreign-tests--check-left-alone
       (foreign-tests--processes directory)))))

(ert-deftest foreign-tests-right ()
  "Each process is found, of whatever kind it is."
  (skip-unless (eq system-type 'gnu/linux))
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (foreign-tests--check-right (foreign-tests--processes directory)))))

(ert-deftest foreign-tests-crowd ()
  "So it is among as many processes as Emacs can have."
  (skip-unless (eq system-type 'gnu/linux))
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      ;; Some of them lie below the crowd, some above.
      (let ((below (foreign-tests--processes directory)))
        (message "Among %d others" (foreign-tests--crowd 40))
        (let ((all (append below (foreign-tests--processes directory))))
          (foreign-tests--check-left-alone all)
          (foreign-tests--check-right all))))))

(ert-deftest foreign-tests-right-one ()
  "The process asked for is found among a hundred that are like it."
  (sockopt-tests-clean
    (let* ((port (process-contact (sockopt-tests-server :server 120)
                                  :service))
           (make (lambda (priority)
                   (make-network-process
                    :name "c" :host "127.0.0.1" :service port
                    :noquery t :priority priority)))
           (before (cl-loop repeat 50 collect (funcall make 1)))
           (one (funcall make 5))
           (after (cl-loop repeat 50 collect (funcall make 2))))
      (should (eq (sockopt-get one :priority) 5))
      (dolist (process before)
        (should (eq (sockopt-get process :priority) 1)))
      (dolist (process after)
        (should (eq (sockopt-get process :priority) 2)))
      (sockopt-set one :priority 6)
      (should (eq (sockopt-get one :priority) 6))
      (should-not (cl-find 6 (append before after)
                           :key (lambda (process)
                                  (sockopt-get process :priority)))))))

(provide 'foreign-tests)
;;; foreign-tests.el ends here
