;;; privilege-tests.el --- Tests without privilege  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; An Emacs that belongs to nobody loads a copy of the package, and this
;; file.

;;; Code:

(require 'warnings)
(require 'sockopt-build)
(require 'sockopt-tests-kinds)
(require 'seq)

(defun privilege-tests--need-other-user ()
  "Skip the test where no Emacs of another user can be started."
  (unless (executable-find "setpriv")
    (ert-skip "there is no setpriv to drop privileges with"))
  (unless (= (user-uid) 0)
    (ert-skip "only root can drop privileges")))

(defun privilege-tests--copied (file directory)
  "Copy FILE to DIRECTORY, for everybody to read, and return the copy."
  (let ((copy (expand-file-name (file-name-nondirectory file) directory)))
    (copy-file file copy t)
    (set-file-modes copy #o644)
    copy))

(defun privilege-tests--environment (directory)
  "Return the environment, with the files of sanitizers in DIRECTORY.
Where they were may be root's alone."
  (mapcar (lambda (variable)
            (if (string-match "\\`ASAN_OPTIONS=.*suppressions=\\([^:]+\\)"
                              variable)
                (string-replace (match-string 1 variable)
                                (privilege-tests--copied
                                 (match-string 1 variable) directory)
                                variable)
              variable))
          process-environment))

(defun privilege-tests--unprivileged (directory form)
  "Return what another Emacs that is nobody prints for FORM.
The package is in DIRECTORY."
  (with-temp-buffer
    (setq-local process-environment
                (privilege-tests--environment directory))
    (apply #'call-process "timeout" nil t nil
           "20" "setpriv" "--reuid=65534" "--regid=65534" "--clear-groups"
           (append (sockopt-tests-command)
                   (list "-L" directory "-l" "privilege-tests"
                         "--eval" (format "(prin1 %S)" form))))
    (buffer-string)))

(defun privilege-tests--publish (directory)
  "Copy the package to DIRECTORY, where everybody can read it.
The checkout may be in a folder that is root's alone."
  (unless (string-match-p "r.[xt]\\'" (file-attribute-modes
                                     (file-attributes
                                      temporary-file-directory)))
    (ert-skip "others cannot read temporary files"))
  (set-file-modes directory #o755)
  (dolist (file (cons (seq-find (lambda (file) (not (sockopt--module-problem file)))
                            (sockopt--module-files))
                      (mapcan (lambda (library)
                                (directory-files
                                 (file-name-directory
                                  (locate-library library))
                                 t "\\`[^.].*\\.elc?\\'"))
                              (list "sockopt" "sockopt-tests-lib"))))
    (copy-file file (file-name-as-directory directory) t t)
    (set-file-modes (expand-file-name (file-name-nondirectory file)
                                      directory)
                    #o644)))

(ert-deftest privilege-tests-errors ()
  "What needs privilege shows the kernel's error to those who lack it."
  (privilege-tests--need-other-user)
  (sockopt-tests-with-directory directory
    (privilege-tests--publish directory)
    (pcase-dolist (`(,option ,value ,expected)
                   '((:priority 6 "\\`t\\'")
                     (:priority 7 "sockopt-permission-denied\\|\
sockopt-system-error.*Operation not permitted")
                     (:mark 1 "Operation not permitted")
                     (:rcvbufforce 10000 "Operation not permitted")))
      (should (string-match-p
               expected
               (privilege-tests--unprivileged
                directory
                `(condition-case error
                     (sockopt-set
                      (make-network-process
                       :name "s" :server t :host "127.0.0.1" :service t)
                      ,option ,value)
                   (error error))))))))

;; An Emacs in namespaces of its own, where the first ports are privileged
;; again: some containers open them to all.  Nobody may ping there.
(defun privilege-tests--in-namespace (form)
  "Return the error that FORM signals in an Emacs that is nobody, elsewhere."
  (privilege-tests--need-other-user)
  (sockopt-tests-need-namespaces)
  (sockopt-tests-with-directory directory
    (privilege-tests--publish directory)
    (let ((script "ip link set lo up && \
echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start && exec \"$@\"")
          (form `(condition-case error ,form (error error))))
      (with-temp-buffer
        (setq-local process-environment
                    (privilege-tests--environment directory))
        (apply #'call-process "unshare" nil '(t nil) nil "-n" "sh"
               "-c" script "sh" "timeout" "20" "setpriv"
               "--reuid=65534" "--regid=65534" "--clear-groups"
               (append (sockopt-tests-command)
                       (list "-L" directory "-l" "sockopt"
                             "--eval" (format "(prin1 %S)" form))))
        (read (buffer-string))))))

(ert-deftest privilege-tests-local-port ()
  "A client's own port that takes privilege is refused, with what would do."
  (let ((error (privilege-tests--in-namespace
                '(sockopt-make-network-process
                  :name "c" :type 'datagram :host "127.0.0.1"
                  :service 9 :local [127 0 0 1 77]))))
    (should (eq (car error) 'sockopt-permission-denied))
    (should (equal (seq-subseq error 3 5) '(:local [127 0 0 1 77])))
    (should (string-match-p "CAP_NET_BIND_SERVICE" (nth 5 error)))))

(ert-deftest privilege-tests-making ()
  "A socket that not everybody may make is refused, with what would do."
  (pcase-dolist (`(,type ,code ,hint)
                 '(('datagram sockopt-permission-denied "ping_group_range")
                   ('raw sockopt-system-error "takes CAP_NET_RAW")))
    (let ((error (privilege-tests--in-namespace
                  `(sockopt-make-network-process
                    :name "ping" :type ,type :protocol 'icmp
                    :host "127.0.0.1" :service 0))))
      (should (eq (car error) code))
      (should (equal (nth 1 error) "Cannot make socket"))
      (should (string-match-p hint (nth 3 error)))
      (should (eq (nth 4 error) :name)))))

(defun privilege-tests--refused ()
  "Return the options that this Emacs may not set, on some kind of socket."
  (let ((warning-minimum-log-level :error)
        refused)
    (dolist (kind '(tcp4-client tcp4-listener tcp6-listener udp4-server
                    udp6-server local-stream-client local-datagram-server
                    mptcp4-listener udplite4-client))
      (ignore-errors
        (sockopt-tests-with-sockets
          (let ((process (sockopt-tests-make kind)))
            (dolist (option (mapcar #'sockopt-option (sockopt-option-list)))
              (when (and (sockopt-option-set option)
                         (privilege-tests--refused-p process option))
                (cl-pushnew (sockopt-option-keyword option) refused)))
            ;; What else was set may keep the end from being delivered.
            (sockopt-set process :linger nil)))))
    refused))

(defun privilege-tests--refused-p (process option)
  "Return non-nil if OPTION of PROCESS cannot be set for want of privilege."
  (let* ((keyword (sockopt-option-keyword option))
         (error (sockopt-tests-error
                 (lambda ()
                   (sockopt-set process keyword
                                (sockopt-tests-sample keyword))))))
    (or (eq (car error) 'sockopt-permission-denied)
        (member "Operation not permitted" error))))

(ert-deftest privilege-tests-rows ()
  "What is refused to those without privilege has a row that says so."
  (privilege-tests--need-other-user)
  (sockopt-tests-with-directory directory
    (privilege-tests--publish directory)
    (let ((refused (read (privilege-tests--unprivileged
                          directory '(privilege-tests--refused)))))
      (dolist (keyword '(:mark :rcvbufforce :sndbufforce :ip-transparent))
        (should (memq keyword refused)))
      (should-not (seq-remove (lambda (keyword)
                                (sockopt-option-privilege
                                 (sockopt-option keyword)))
                              refused)))))

(provide 'privilege-tests)
;;; privilege-tests.el ends here
