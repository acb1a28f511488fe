;;; ui-tests.el --- Test the commands  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; The minibuffer is driven by keys: while `executing-kbd-macro' is
;; non-nil, a batch Emacs has one.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'sockopt)
(require 'sockopt-ui)
(require 'subr-x)

(unless (fboundp 'sockopt-tests-warm-up)
  (defun sockopt-tests-warm-up ()
    "Have the module open what it keeps."
    (let ((path (make-temp-name
                 (expand-file-name "sockopt-ui" temporary-file-directory))))
      (sockopt-option-list)
      (dolist (args '((:server t) ()))
        (sockopt-get (apply #'sockopt-make-network-process :name "warm-up"
                            :noquery t :family 'local :service path args)
                     :keepalive))
      (mapc #'delete-process (process-list))
      (delete-file path))))

;;; Helpers

(defmacro sockopt-ui-tests--with (bindings &rest body)
  "Bind processes as in BINDINGS of `let*', run BODY, delete them all.
Those that are made meanwhile, too."
  (declare (indent 1) (debug (sexp body)))
  (let ((before (make-symbol "before")))
    `(let ((,before (process-list)))
       (unwind-protect
           (let* ,bindings ,@body)
         (dolist (process (cl-set-difference (process-list) ,before))
           (set-process-sentinel process #'ignore)
           (delete-process process))))))

(defun sockopt-ui-tests--make (name &rest args)
  "Make a network process called NAME by ARGS, with core."
  (apply #'make-network-process :name name :noquery t
         :sentinel #'ignore args))

(defun sockopt-ui-tests--server (&rest args)
  "Make a server on the loopback interface, by ARGS too."
  (apply #'sockopt-ui-tests--make "ui-server" :server t
         (append args '(:family ipv4 :host "127.0.0.1" :service t))))

(defun sockopt-ui-tests--client (server &rest args)
  "Make a client of SERVER, by ARGS too, and have it accepted."
  (let ((client (apply #'sockopt-ui-tests--make "ui-client" :family 'ipv4
                       :host "127.0.0.1"
                       :service (process-contact server :service) args)))
    (accept-process-output nil 0.05)
    client))

(defun sockopt-ui-tests--udp (&rest args)
  "Make a datagram socket on the loopback interface, by ARGS too."
  (apply #'sockopt-ui-tests--make "ui-udp" :server t :type 'datagram
         :family 'ipv4 :host "127.0.0.1" :service t args))

(defvar sockopt-ui-tests--prompts nil
  "The prompts that there were, the last first.")

(defvar sockopt-ui-tests--tables nil
  "The collections that `completing-read' got, the last first.")

(defmacro sockopt-ui-tests--typing (keys &rest body)
  "Run BODY while KEYS, as for `kbd', are typed; return its value.
All of KEYS must be read."
  (declare (indent 1) (debug t))
  `(let ((unread-command-events (append (kbd ,keys) nil))
         (executing-kbd-macro t)
         (inhibit-message t)
         (completing-read-function
          (lambda (prompt collection &rest rest)
            (push collection sockopt-ui-tests--tables)
            (apply #'completing-read-default prompt collection rest)))
         (minibuffer-setup-hook
          (list (lambda ()
                  (push (minibuffer-prompt) sockopt-ui-tests--prompts)))))
     (setq sockopt-ui-tests--prompts nil
           sockopt-ui-tests--tables nil)
     (prog1 (progn ,@body)
       (should-not unread-command-events))))

(defun sockopt-ui-tests--read (process keyword keys)
  "Return what KEYS give as a value of the option KEYWORD of PROCESS."
  (sockopt-ui-tests--typing keys
    (sockopt-ui--read-value process keyword)))

(defun sockopt-ui-tests--all (table)
  "Return all that TABLE has, sorted."
  (sort (all-completions "" table) #'string<))

(defun sockopt-ui-tests--metadata (table key)
  "Return what TABLE says of KEY."
  (completion-metadata-get (completion-metadata "" table nil) key))

(defun sockopt-ui-tests--shown (table candidate)
  "Return what TABLE shows after CANDIDATE, its blanks made one each."
  (let* ((function (sockopt-ui-tests--metadata table 'affixation-function))
         (row (car (funcall function (list candidate)))))
    (should (equal (car row) candidate))
    (should (stringp (nth 1 row)))
    (string-trim (replace-regexp-in-string " +" " " (nth 2 row)))))

(defun sockopt-ui-tests--report (&rest arguments)
  "Return what `sockopt-ui-report-setting' of ARGUMENTS says."
  (let ((inhibit-message t)
        said)
    (cl-letf (((symbol-function 'message)
               (lambda (format &rest rest)
                 (setq said (apply #'format format rest)))))
      (apply #'sockopt-ui-report-setting arguments))
    said))

(defun sockopt-ui-tests--describe (keyword)
  "Return the description of KEYWORD, without line breaks."
  (save-window-excursion
    (let ((inhibit-message t))
      (sockopt-describe-option keyword))
    (with-current-buffer (help-buffer)
      (replace-regexp-in-string "[ \n]+" " " (buffer-string)))))

(defun sockopt-ui-tests--settable ()
  "Return the `sockopt-option's that can be set."
  (cl-remove-if-not #'sockopt-option-set
                    (mapcar #'sockopt-option (sockopt-option-list))))

;;; Reading a process

(ert-deftest sockopt-ui-read-process ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (client (sockopt-ui-tests--client server))
       (udp (sockopt-ui-tests--udp))
       (_pipe (make-pipe-process :name "ui-pipe" :noquery t)))
    (should (eq client (sockopt-ui-tests--typing "u i - c l TAB RET"
                         (sockopt-ui-read-process "Process"))))
    (let ((table (car sockopt-ui-tests--tables))
          (port (process-contact server :service)))
      (should (eq 'process (sockopt-ui-tests--metadata table 'category)))
      (should (member "ui-server" (sockopt-ui-tests--all table)))
      (should (member "ui-udp" (sockopt-ui-tests--all table)))
      (should-not (member "ui-pipe" (sockopt-ui-tests--all table)))
      (should (equal (sockopt-ui-tests--shown table "ui-client")
                     (format "stream open 127.0.0.1:%d" port)))
      (should (equal (sockopt-ui-tests--shown table "ui-server")
                     (format "stream listen 127.0.0.1:%d" port)))
      (should (string-prefix-p "datagram open 127.0.0.1:"
                               (sockopt-ui-tests--shown table "ui-udp")))
      ;; One may go while the user thinks.
      (delete-process udp)
      (should (equal "gone" (sockopt-ui-tests--shown table "ui-udp"))))))

(ert-deftest sockopt-ui-read-process-default ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (with-temp-buffer
      (rename-buffer "ui buffer")
      (let ((client (sockopt-ui-tests--client server
                                              :buffer (current-buffer)))
            (kill-buffer-query-functions nil))
        (should (eq client (sockopt-ui-tests--typing "RET"
                             (sockopt-ui-read-process "Process"))))
        (should (equal '("Process (default ui-client): ")
                       sockopt-ui-tests--prompts))
        (should (string-suffix-p
                 " ui buffer"
                 (sockopt-ui-tests--shown (car sockopt-ui-tests--tables)
                                          "ui-client")))
        (should (eq server (sockopt-ui-tests--typing "RET"
                             (sockopt-ui-read-process "Process" server))))))))

(ert-deftest sockopt-ui-read-process-empty ()
  "Without a default, empty input is asked again."
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (_client (sockopt-ui-tests--client server)))
    (with-temp-buffer
      (should (eq server (sockopt-ui-tests--typing "RET u i - s TAB RET"
                           (sockopt-ui-read-process "Process"))))
      (should (equal '("Process (must be one of these): " "Process: ")
                     sockopt-ui-tests--prompts)))))

(ert-deftest sockopt-ui-read-process-none ()
  (skip-unless (null (sockopt-ui--processes)))
  (should-error (sockopt-ui-read-process "Process") :type 'user-error))

(ert-deftest sockopt-ui-peer ()
  (let ((path (make-temp-name
               (expand-file-name "sockopt-ui" temporary-file-directory)))
        children)
    (unwind-protect
        (sockopt-ui-tests--with
            ((server (sockopt-ui-tests--make
                      "ui-local" :server t :family 'local :service path
                      :log (lambda (_server child _message)
                             (push child children))))
             (client (sockopt-ui-tests--make
                      "ui-local-client" :family 'local :service path))
             (own (sockopt-make-network-process
                   :name "ui-own" :noquery t :family 'local
                   :service path)))
          (with-timeout (5)
            (while (null (cdr children))
              (accept-process-output nil 0.05)))
          (should (equal path (sockopt-ui--peer server)))
          (should (equal path (sockopt-ui--peer client)))
          (should (equal path (sockopt-ui--peer own)))
          (dolist (child children)
            (should (stringp (sockopt-ui--peer child)))))
      (delete-file path))))

(ert-deftest sockopt-ui-peer-internet ()
  (sockopt-ui-tests--with
      ((server (sockopt-make-network-process
                :name "ui-own" :noquery t :server t :family 'ipv4
                :local [127 0 0 1 0]))
       (port (process-contact server :service))
       (client (sockopt-make-network-process
                :name "ui-own-client" :noquery t :family 'ipv4
                :remote (vector 127 0 0 1 port))))
    (should (equal (format "127.0.0.1:%d" port) (sockopt-ui--peer client)))
    (should (string-search (number-to-string port)
                           (sockopt-ui--peer server)))
    (let ((contact (list :host "::1" :service 80)))
      (cl-letf (((symbol-function 'process-contact)
                 (lambda (&rest _) contact)))
        (should (equal "[::1]:80" (sockopt-ui--peer client)))))))

;;; Reading an option

(ert-deftest sockopt-ui-read-option ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (client (sockopt-ui-tests--client server)))
    (sockopt-set client :tcp-keepidle 77)
    (should (eq :tcp-keepidle
                (sockopt-ui-tests--typing ": t c p - k e e p i d TAB RET"
                  (sockopt-ui-read-option "Option" client))))
    (let* ((table (car sockopt-ui-tests--tables))
           (all (sockopt-ui-tests--all table)))
      (should (eq 'sockopt-option
                  (sockopt-ui-tests--metadata table 'category)))
      (should (string-prefix-p "77 "
                               (sockopt-ui-tests--shown table
                                                        ":tcp-keepidle")))
      (should (member ":keepalive" all))
      ;; Can only be read, is for other sockets, can only be set.
      (should-not (member ":tcp-info" all))
      (should-not (member ":error" all))
      (should-not (member ":icmp-filter" all))
      (should (member ":detach-filter" all))
      ;; There is no value to show, only as much of the sentence as fits.
      (should (string-prefix-p
               (string-trim-right (sockopt-ui-tests--shown
                                   table ":detach-filter")
                                  "…")
               (sockopt-option-doc (sockopt-option :detach-filter))))
      (dolist (name all)
        (should (sockopt-option-set (sockopt-option (intern name))))))))

(ert-deftest sockopt-ui-read-option-fits ()
  "What is shown after an option leaves it on one line."
  (sockopt-ui-tests--with
      ((udp (sockopt-ui-tests--udp)))
    (sockopt-ui-tests--typing ": k e e p a TAB RET"
      (sockopt-ui-read-option "Option" udp))
    (let* ((table (car sockopt-ui-tests--tables))
           (all (sockopt-ui-tests--all table)))
      (should-not (member ":tcp-keepidle" all))
      (dolist (row (funcall (sockopt-ui-tests--metadata
                             table 'affixation-function)
                            all))
        (should (< (string-width (apply #'concat row)) (frame-width)))))))

(ert-deftest sockopt-ui-read-option-any ()
  "Without a process all options are offered, with what they mean."
  (should (eq :tcp-info (sockopt-ui-tests--typing ": t c p - i n f o RET"
                          (sockopt-ui-read-option "Option"))))
  (let ((table (car sockopt-ui-tests--tables)))
    (should (equal (sockopt-ui-tests--all table)
                   (sort (mapcar #'symbol-name (sockopt-option-list))
                         #'string<)))
    (should (string-prefix-p
             (substring (sockopt-option-doc (sockopt-option :keepalive)) 0 20)
             (sockopt-ui-tests--shown table ":keepalive"))))
  (should (eq :linger (sockopt-ui-tests--typing "RET"
                        (sockopt-ui-read-option "Option" nil :linger)))))

;;; Reading a value

(ert-deftest sockopt-ui-read-boolean ()
  "The default is the other value."
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (should (eq t (sockopt-ui-tests--read server :keepalive "RET")))
    (should (equal '("Set :keepalive to (t or nil; it is nil) (default t): ")
                   sockopt-ui-tests--prompts))
    (should (eq nil (sockopt-ui-tests--read server :keepalive "n i l RET")))
    (sockopt-set server :keepalive t)
    (should (eq nil (sockopt-ui-tests--read server :keepalive "RET")))
    ;; Nothing but the two can be given.
    (should (eq t (sockopt-ui-tests--read server :keepalive
                                          "1 RET C-a C-k t RET")))))

(ert-deftest sockopt-ui-read-integer ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (sockopt-set server :tcp-keepidle 60)
    (should (eql 60 (sockopt-ui-tests--read server :tcp-keepidle "RET")))
    (should (equal (list (concat "Set :tcp-keepidle to (1 to 32767 seconds)"
                                 " (default 60): "))
                   sockopt-ui-tests--prompts))
    (should (eql 90 (sockopt-ui-tests--read server :tcp-keepidle
                                            "9 0 RET")))))

(ert-deftest sockopt-ui-read-integer-again ()
  "Whatever is wrong is asked again, with the reason."
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (dolist (wrong '("0" "3 2 7 6 8" "- 1" "1 . 5" "x" "( 1" ")" "1 SPC 2"
                     "1 e 9 9 9" "t" "n i l" "\" 1 \""
                     "9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9"))
      (should (eql 7 (sockopt-ui-tests--read server :tcp-keepidle
                                             (concat wrong " RET 7 RET"))))
      (should (= 2 (length sockopt-ui-tests--prompts)))
      (should (string-prefix-p
               "Set :tcp-keepidle to (must be 1 to 32767 seconds) "
               (car sockopt-ui-tests--prompts))))))

(ert-deftest sockopt-ui-read-linger ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (should (eq nil (sockopt-ui-tests--read server :linger "RET")))
    (should (eq t (sockopt-ui-tests--read server :linger "t RET")))
    (should (eql 5 (sockopt-ui-tests--read server :linger "5 RET")))
    (should (eql 5 (sockopt-ui-tests--read server :linger
                                           "7 0 0 0 0 RET 5 RET")))))

(ert-deftest sockopt-ui-read-seconds ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (should (eq nil (sockopt-ui-tests--read server :rcvtimeo "RET")))
    (should (eql 1.5 (sockopt-ui-tests--read server :rcvtimeo
                                             "- 1 RET 1 . 5 RET")))
    (should (eql 3 (sockopt-ui-tests--read server :rcvtimeo "3 RET")))))

(ert-deftest sockopt-ui-read-name ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (should (eq 'probe (sockopt-ui-tests--read server :ip-mtu-discover
                                               "p r TAB RET")))
    (should (member "want" (car sockopt-ui-tests--tables)))
    (should (eq 'do (sockopt-ui-tests--read server :ip-mtu-discover
                                            "a l l RET d o RET")))
    (should (eq 'ef (sockopt-ui-tests--read server :ip-tos "e f RET")))
    (should (eql 8 (sockopt-ui-tests--read server :ip-tos
                                           "3 0 0 RET 8 RET")))))

(ert-deftest sockopt-ui-read-flags ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (should (equal '(send receive)
                   (sockopt-ui-tests--read server :buf-lock
                                           "s e n d , r e c TAB RET")))
    (sockopt-set server :buf-lock '(receive))
    (should (equal '(receive)
                   (sockopt-ui-tests--read server :buf-lock "RET")))
    (should (equal '()
                   (sockopt-ui-tests--read server :buf-lock "n i l RET")))
    (should (equal '(send)
                   (sockopt-ui-tests--read server :buf-lock
                                           "s e n d , x RET s e n d RET")))
    (should (string-search "must be" (car sockopt-ui-tests--prompts)))))

(ert-deftest sockopt-ui-read-interface ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (udp (sockopt-ui-tests--udp)))
    (should (eq nil (sockopt-ui-tests--read server :bindtodevice "RET")))
    (should (equal "lo" (sockopt-ui-tests--read server :bindtodevice
                                                "l o RET")))
    (should (member "lo" (car sockopt-ui-tests--tables)))
    (should (eq nil (sockopt-ui-tests--read server :bindtodevice
                                            "n i l RET")))
    (should (equal "lo"
                   (sockopt-ui-tests--read
                    server :bindtodevice
                    (concat (mapconcat #'string (make-string 16 ?x) " ")
                            " RET l o RET"))))
    ;; Where it may be an index, there is one of that name or not.
    (should (eql 1 (sockopt-ui-tests--read udp :ip-unicast-if "1 RET")))
    (should (equal "lo" (sockopt-ui-tests--read udp :ip-unicast-if
                                                "n o n e RET l o RET")))))

(ert-deftest sockopt-ui-read-congestion ()
  (let ((file (cdr (assq :tcp-congestion sockopt-ui--available-files))))
    (skip-unless (file-readable-p file))
    (sockopt-ui-tests--with
        ((server (sockopt-ui-tests--server)))
      (should (equal "reno" (sockopt-ui-tests--read server :tcp-congestion
                                                    "r e n o RET")))
      (should (equal (sockopt-get server :tcp-congestion)
                     (sockopt-ui-tests--read server :tcp-congestion "RET")))
      (with-temp-buffer
        (insert-file-contents file)
        (should (cl-subsetp (split-string (buffer-string))
                            (car sockopt-ui-tests--tables)
                            :test #'equal))))))

(ert-deftest sockopt-ui-read-structure ()
  (sockopt-ui-tests--with
      ((udp (sockopt-ui-tests--udp)))
    (should (equal '("239.0.0.9" "lo")
                   (sockopt-ui-tests--read
                    udp :ip-add-membership
                    "(\" 2 3 9 . 0 . 0 . 9 \" SPC \" l o \") RET")))
    (should (string-search "(GROUP INTERFACE), like (\"239."
                           (car sockopt-ui-tests--prompts)))
    ;; A list that is not closed, something else, more than one.
    (should (equal '(40000 40010)
                   (sockopt-ui-tests--read
                    udp :ip-local-port-range
                    "( 4 RET ( 5 ) RET 1 SPC 2 RET
                     ( 4 0 0 0 0 SPC 4 0 0 1 0 ) RET")))
    (should (string-search "(must be (LOW HIGH)"
                           (car sockopt-ui-tests--prompts)))))

(ert-deftest sockopt-ui-read-trigger ()
  "Where any value would do, nothing is asked."
  (sockopt-ui-tests--with
      ((udp (sockopt-ui-tests--udp)))
    (should (eq t (sockopt-ui-tests--read udp :detach-filter "")))))

(ert-deftest sockopt-ui-examples ()
  "The example of each structure is one that the module takes."
  (dolist (option (sockopt-ui-tests--settable))
    (when (sockopt-ui--structured-p option)
      (let ((fit 0))
        (dolist (ipv6 '(nil t))
          (when (sockopt-ui--try option (sockopt-ui--example option ipv6))
            (cl-incf fit)))
        (ert-info ((format "%S: %s" option (sockopt-ui--example option nil)))
          ;; Some are of one family only.
          (should (< 0 fit)))))))

(ert-deftest sockopt-ui-fitting-example ()
  "The example has addresses of the family that the option takes."
  (let ((contact (list :local (make-vector 9 0))))
    (cl-letf (((symbol-function 'process-contact)
               (lambda (&rest _) contact)))
      (cl-flet ((hint (keyword)
                  (sockopt-ui--hint nil (sockopt-option keyword))))
        (should (string-search "\"ff02:" (hint :mcast-join-group)))
        (should (string-search "\"ff02:" (hint :ipv6-add-membership)))
        (should (string-search "\"239." (hint :ip-add-membership)))
        (setq contact (list :local (make-vector 5 0)))
        (should (string-search "\"239." (hint :mcast-join-group)))))))

(ert-deftest sockopt-ui-candidates ()
  "All candidates are values that the module takes."
  (dolist (option (sockopt-ui-tests--settable))
    (dolist (candidate (sockopt-ui--candidates option))
      (ert-info ((format "%s %s" (sockopt-option-keyword option) candidate))
        (should (sockopt-ui--try option
                                 (if (eq (sockopt-option-predicate option)
                                         'listp)
                                     (list candidate)
                                   candidate)))))))

(ert-deftest sockopt-ui-values-round-trip ()
  "What is offered as the default is read as the value that it stands for."
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (client (sockopt-ui-tests--client server))
       (udp (sockopt-ui-tests--udp)))
    (dolist (process (list server client udp))
      (cl-loop
       for (keyword value) on (sockopt-options process) by #'cddr
       for option = (sockopt-option keyword)
       for text = (sockopt-ui--default option value)
       when (sockopt-option-set option)
       do (ert-info ((format "%S %S" keyword value))
            (should (equal value
                           (sockopt-ui--parse
                            option
                            (if (and (sockopt-option-names option)
                                     (eq (sockopt-option-predicate option)
                                         'listp))
                                (split-string text ",")
                              text)))))))))

;;; Reporting

(ert-deftest sockopt-ui-report ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (should (equal ":keepalive of ui-server: nil → t"
                   (sockopt-ui-tests--report server :keepalive t nil)))
    (should (eq t (sockopt-get server :keepalive)))
    (should (eq t (let ((inhibit-message t))
                    (sockopt-ui-report-setting server :keepalive nil nil))))
    ;; Another notation of the same.
    (should (equal ":ip-tos of ui-server: 0 → 184"
                   (sockopt-ui-tests--report server :ip-tos 'ef nil)))))

(ert-deftest sockopt-ui-report-adjusted ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server)))
    (let* ((old (sockopt-get server :rcvbuf))
           (said (sockopt-ui-tests--report server :rcvbuf 10000 nil))
           (new (sockopt-get server :rcvbuf)))
      (should-not (= old new 10000))
      (should (equal said (format (concat ":rcvbuf of ui-server: %d → %d"
                                          " (the kernel made that of 10000)")
                                  old new))))))

(ert-deftest sockopt-ui-report-set-only ()
  (sockopt-ui-tests--with
      ((udp (sockopt-ui-tests--udp)))
    (should (equal (concat ":ip-add-membership of ui-udp:"
                           " (\"239.0.0.9\" \"lo\")")
                   (sockopt-ui-tests--report udp :ip-add-membership
                                             '("239.0.0.9" "lo") nil)))))

(ert-deftest sockopt-ui-report-unsupported ()
  (sockopt-ui-tests--with
      ((udp (sockopt-ui-tests--udp)))
    (should (equal ":tcp-nodelay of ui-udp: not supported"
                   (sockopt-ui-tests--report udp :tcp-nodelay t t)))
    (should (eq nil (let ((inhibit-message t))
                      (sockopt-ui-report-setting udp :tcp-nodelay t t))))
    (should-error (sockopt-ui-report-setting udp :tcp-nodelay t nil)
                  :type 'sockopt-unsupported)
    (should-error (sockopt-ui-report-setting udp :tcp-nodely t nil)
                  :type 'sockopt-unsupported)))

(ert-deftest sockopt-ui-report-connecting ()
  "A process that is still connecting can be given an option."
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (client (sockopt-make-network-process
                :name "ui-waiting" :noquery t :nowait t :family 'ipv4
                :host "127.0.0.1" :sentinel #'ignore
                :service (process-contact server :service))))
    (should (member ":keepalive"
                    (progn
                      (sockopt-ui-tests--typing ": l i n g e r RET"
                        (sockopt-ui-read-option "Option" client))
                      (sockopt-ui-tests--all
                       (car sockopt-ui-tests--tables)))))
    (should (equal ":keepalive of ui-waiting: t, once it is connected"
                   (sockopt-ui-tests--report client :keepalive t nil)))
    (should (string-search "ui-waiting not here ("
                           (sockopt-ui-tests--describe :tcp-keepidle)))
    (with-timeout (5)
      (while (eq (process-status client) 'connect)
        (accept-process-output nil 0.05)))
    (should (eq t (sockopt-get client :keepalive)))))

(ert-deftest sockopt-ui-set-command ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (client (sockopt-ui-tests--client server)))
    (sockopt-ui-tests--typing
        (concat "u i - c TAB RET : t c p - k e e p i d TAB RET"
                " 0 RET 4 5 RET")
      (call-interactively #'sockopt-set))
    (should (eql 45 (sockopt-get client :tcp-keepidle)))
    (should (eql 45 (process-contact client :tcp-keepidle)))
    (should (equal (list "Set option of process: "
                         "Set option of ui-client: ")
                   (cl-subseq (reverse sockopt-ui-tests--prompts) 0 2)))))

;;; Describing

(ert-deftest sockopt-ui-describe-all ()
  "Every option can be described, from its row."
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (_client (sockopt-ui-tests--client server))
       (_udp (sockopt-ui-tests--udp)))
    (dolist (keyword (sockopt-option-list))
      (let ((option (sockopt-option keyword))
            (text (sockopt-ui-tests--describe keyword)))
        (ert-info ((format "%s: %s" keyword text))
          (should (string-prefix-p (format "%s is a socket option. %s"
                                           keyword
                                           (sockopt-option-doc option))
                                   text))
          (should (string-search (format "%s at level %s"
                                         (sockopt-option-constant option)
                                         (sockopt-option-level option))
                                 text))
          (should (string-search (sockopt-option-kind option) text))
          (dolist (class (sockopt-option-classes option))
            (should (string-match-p (format "Sockets: \\(all\\|.*\\b%s\\b\\)"
                                            class)
                                    text)))
          (should (eq (and (sockopt--plain-p keyword) t)
                      (and (string-search "ui-server" text) t)))))
      (with-current-buffer (help-buffer)
        ;; The values stand below each other.
        (goto-char (point-min))
        (re-search-forward "^  C name:    [^ ]")
        (goto-char (point-min))
        (while (not (eobp))
          (end-of-line)
          (should (< (current-column) 80))
          (forward-line))))))

(ert-deftest sockopt-ui-describe ()
  (sockopt-ui-tests--with
      ((server (sockopt-ui-tests--server))
       (_udp (sockopt-ui-tests--udp)))
    (sockopt-set server :tcp-keepidle 77)
    (let ((text (sockopt-ui-tests--describe :tcp-keepidle)))
      (dolist (words '("Range: 1 to 32767 seconds"
                       "C name: TCP_KEEPIDLE at level IPPROTO_TCP"
                       "Access: can be read and set"
                       "When: at any time"
                       "Privilege: none"
                       "Sockets: tcp4, tcp6"
                       "Kernel: stores the value given"
                       "Reading: changes nothing"
                       "Man page: tcp(7)"
                       "ui-server 77"
                       "ui-udp not here"))
        (should (string-search words text))))))

(ert-deftest sockopt-ui-describe-others ()
  "What is special about an option is said."
  (sockopt-ui-tests--with
      ((_server (sockopt-ui-tests--server)))
    (cl-flet ((says (keyword words)
                (should (string-search
                         words (sockopt-ui-tests--describe keyword)))))
      (says :rcvbuf "Kernel: may store another value than the one given")
      (says :error "Reading: changes the socket")
      (says :error "Access: can be read only")
      (says :ip-msfilter "Reading: takes an argument")
      (says :detach-filter "Access: can be set only")
      (says :ip-transparent "Privilege: CAP_NET_")
      (says :ip-freebind "When: before the socket is bound")
      (says :ip-tos "af41")
      (says :bindtodevice "Sockets: ")
      (says :ip-mtu "not here (")
      (should-not (string-search "Range:"
                                 (sockopt-ui-tests--describe
                                  :bindtodevice)))
      ;; The kind has the names already.
      (should-not (string-search "Names:"
                                 (sockopt-ui-tests--describe
                                  :ip-mtu-discover))))))

(ert-deftest sockopt-ui-describe-alias ()
  (should (string-prefix-p
           ":nodelay is another name of the socket option :tcp-nodelay."
           (sockopt-ui-tests--describe :nodelay))))

(ert-deftest sockopt-ui-describe-unknown ()
  (should-error (sockopt-describe-option :keepaliv)
                :type 'sockopt-unsupported))

(ert-deftest sockopt-ui-describe-back ()
  "Help buffers lead back and forward."
  (save-window-excursion
    (let ((inhibit-message t))
      (when (get-buffer (help-buffer))
        (kill-buffer (help-buffer)))
      (sockopt-describe-option :keepalive)
      (with-current-buffer (help-buffer)
        (should (derived-mode-p 'help-mode))
        (sockopt-describe-option :linger)
        (help-go-back)
        (should (looking-at-p ":keepalive is"))
        (help-go-forward)
        (should (looking-at-p ":linger is"))
        (revert-buffer nil t)
        (goto-char (point-min))
        (should (looking-at-p ":linger is"))))))

(ert-deftest sockopt-ui-describe-manual ()
  "The button leads to the man page."
  (save-window-excursion
    (let ((inhibit-message t)
          asked)
      (sockopt-describe-option :keepalive)
      (with-current-buffer (help-buffer)
        (goto-char (point-min))
        (search-forward "Man page:")
        (forward-button 1)
        (cl-letf (((symbol-function 'man)
                   (lambda (topic) (setq asked topic))))
          (push-button)))
      (should (equal "socket(7)" asked)))))

(ert-deftest sockopt-ui-describe-command ()
  "The default is the option at point."
  (save-window-excursion
    (dolist (mode '(emacs-lisp-mode text-mode))
      (with-temp-buffer
        (funcall mode)
        (insert "(sockopt-get process :linger)")
        (backward-char 3)
        (sockopt-ui-tests--typing "RET"
          (call-interactively #'sockopt-describe-option))
        (should (equal '("Describe socket option (default :linger): ")
                       sockopt-ui-tests--prompts))
        (should (string-prefix-p ":linger is"
                                 (with-current-buffer (help-buffer)
                                   (buffer-string))))
        (goto-char (+ 3 (point-min)))
        (should-not (sockopt-ui--option-at-point))))
    (with-temp-buffer
      (should-not (sockopt-ui--option-at-point)))))

(provide 'ui-tests)
;;; ui-tests.el ends here
