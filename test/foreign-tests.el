;;; foreign-tests.el --- Tests of processes that core made  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The descriptor beneath such a process has to be found, and neither the
;; process nor any other may notice that.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt-tests-lib)

(declare-function sockopt--find "../module/emacs/handle.c" (process status))

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

(defun foreign-tests--find (process option)
  "Look for the socket of PROCESS, and return its OPTION.
The descriptor that is known of it already does not count."
  (let ((status (process-status process)))
    (funcall (sockopt--make-getter option) process status
             (sockopt--find process status) nil)))

(defun foreign-tests--cover ()
  "Make processes, so that none made before is among the newest.
Those the package finds by another way."
  (dotimes (_ 8)
    (foreign-tests--make :type 'datagram :host "127.0.0.1" :service 9)))

(ert-deftest foreign-tests-any-linger ()
  "A process that has a linger time keeps it, whatever it is."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      ;; The first of them are what the package marks sockets with.
      (dolist (seconds '(20000 20001 21024 30000))
        (let ((client (foreign-tests--make
                       :remote (process-contact server :local)
                       :linger seconds)))
          (foreign-tests--cover)
          (should (eql (foreign-tests--find client :linger) seconds))
          (should (eql (foreign-tests--find client :linger) seconds))
          (sockopt-set client :linger nil)
          (delete-process client))))))

(ert-deftest foreign-tests-linger-of-another ()
  "A process is found though another has the time that would mark it."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (remote (process-contact server :local))
           (other (foreign-tests--make :remote remote :linger 20500))
           (client (foreign-tests--make :remote remote :priority 3)))
      (foreign-tests--cover)
      (unwind-protect
          ;; As many times as there are marks.
          (dotimes (_ 1030)
            (should (eql (foreign-tests--find client :priority) 3)))
        (sockopt-set other :linger nil)))))

(ert-deftest foreign-tests-same-address ()
  "A server is found among those at the same address, as it was."
  (skip-unless (sockopt-supported-p :reuseport))
  (sockopt-tests-clean
    (let* ((first (sockopt-tests-server :reuseport t))
           (second (sockopt-tests-server
                    :reuseport t :service (process-contact first :service)))
           (udp (foreign-tests--make :type 'datagram :server t :family 'ipv4
                                     :host "127.0.0.1" :service t)))
      (sockopt-set second :broadcast t)
      (dolist (server (list first second udp))
        (should (equal (foreign-tests--find server :cookie)
                       (sockopt-get server :cookie)))
        (should (eq (sockopt-get server :broadcast) (eq server second)))
        (should (eq (foreign-tests--find server :broadcast)
                    (eq server second)))))))

(ert-deftest foreign-tests-same-port ()
  "A server of datagrams is told from one that listens at its port."
  (sockopt-tests-clean
    (let* ((tcp (sockopt-tests-server))
           (udp (foreign-tests--make :type 'datagram :server t :family 'ipv4
                                     :host "127.0.0.1" :service
                                     (process-contact tcp :service))))
      (should (eq (foreign-tests--find udp :type) 'datagram))
      (should (eq (sockopt-get udp :type) 'datagram))
      (should (eq (foreign-tests--find tcp :type) 'stream)))))

(ert-deftest foreign-tests-accepted-before ()
  "A connection is found though another was accepted after it."
  (sockopt-tests-clean
    (let* (children
           (server (foreign-tests--make
                    :server t :host "127.0.0.1" :service t :family 'ipv4
                    :log (lambda (_server child _message)
                           (push child children)))))
      (dotimes (_ 2)
        (foreign-tests--make :remote (process-contact server :local)))
      (should (sockopt-tests-wait (lambda () (cdr children))))
      (cl-loop for child in children
               for priority from 1
               do (set-network-process-option child :priority priority))
      (cl-loop for child in children
               for priority from 1
               do (should (eql (foreign-tests--find child :priority)
                               priority))))))

;; As if core had changed another socket, or none.
(ert-deftest foreign-tests-not-found ()
  "A process whose socket does not show itself is an error, not a guess."
  (sockopt-tests-clean
    (let ((udp (foreign-tests--make :type 'datagram :host "127.0.0.1"
                                    :service 9)))
      (cl-letf (((symbol-function 'sockopt--core-set-network-process-option)
                 #'ignore))
        (should (equal (sockopt-tests-error
                        (lambda () (sockopt-get udp :priority)))
                       (list 'sockopt-error
                             "Cannot find the socket of the process" udp))))
      (should (equal (sockopt-get udp :priority) 0)))))

(provide 'foreign-tests)
;;; foreign-tests.el ends here
