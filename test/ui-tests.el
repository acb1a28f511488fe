;;; ui-tests.el --- Tests of what the commands ask  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-ui)

;;; Reading a process

(ert-deftest ui-tests-read-process ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server))
       (udp (sockopt-tests-ui-udp))
       (_pipe (make-pipe-process :name "ui-pipe" :noquery t)))
    (should (eq client (sockopt-tests-ui-typing "u i - c l TAB RET"
                         (sockopt-ui-read-process "Process"))))
    (let ((table (car sockopt-tests-ui-tables))
          (port (process-contact server :service)))
      (should (eq 'process (sockopt-tests-ui-metadata table 'category)))
      (should (member "ui-server" (sockopt-tests-ui-all table)))
      (should (member "ui-udp" (sockopt-tests-ui-all table)))
      (should-not (member "ui-pipe" (sockopt-tests-ui-all table)))
      (should (equal (sockopt-tests-ui-shown table "ui-client")
                     (format "stream open 127.0.0.1:%d" port)))
      (should (equal (sockopt-tests-ui-shown table "ui-server")
                     (format "stream listen 127.0.0.1:%d" port)))
      (should (string-prefix-p "datagram open 127.0.0.1:"
                               (sockopt-tests-ui-shown table "ui-udp")))
      ;; One may go while the user thinks.
      (delete-process udp)
      (should (equal "gone" (sockopt-tests-ui-shown table "ui-udp"))))))

(ert-deftest ui-tests-read-process-default ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (with-temp-buffer
      (rename-buffer "ui buffer")
      (let ((client (sockopt-tests-ui-client server
                                             :buffer (current-buffer)))
            (kill-buffer-query-functions nil))
        (should (eq client (sockopt-tests-ui-typing "RET"
                             (sockopt-ui-read-process "Process"))))
        (should (equal '("Process (default ui-client): ")
                       sockopt-tests-ui-prompts))
        (should (string-suffix-p
                 " ui buffer"
                 (sockopt-tests-ui-shown (car sockopt-tests-ui-tables)
                                         "ui-client")))
        (should (eq server (sockopt-tests-ui-typing "RET"
                             (sockopt-ui-read-process "Process" server))))))))

(ert-deftest ui-tests-read-process-empty ()
  "Without a default, empty input is asked again."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (_client (sockopt-tests-ui-client server)))
    (with-temp-buffer
      (should (eq server (sockopt-tests-ui-typing "RET u i - s TAB RET"
                           (sockopt-ui-read-process "Process"))))
      (should (equal '("Process (must be one of these): " "Process: ")
                     sockopt-tests-ui-prompts)))))

(ert-deftest ui-tests-read-process-none ()
  (skip-unless (null (sockopt-ui--processes)))
  (should-error (sockopt-ui-read-process "Process") :type 'user-error))

(ert-deftest ui-tests-peer ()
  (let ((path (make-temp-name
               (expand-file-name "sockopt-ui" temporary-file-directory)))
        children)
    (unwind-protect
        (sockopt-tests-let
            ((server (sockopt-tests-ui--make
                      "ui-local" :server t :family 'local :service path
                      :log (lambda (_server child _message)
                             (push child children))))
             (client (sockopt-tests-ui--make
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
            (should (equal path (sockopt-ui--peer child)))))
      (delete-file path))))

(ert-deftest ui-tests-peer-internet ()
  (sockopt-tests-let
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

(ert-deftest ui-tests-read-option ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server)))
    (sockopt-set client :tcp-keepidle 77)
    (should (eq :tcp-keepidle
                (sockopt-tests-ui-typing ": t c p - k e e p i d TAB RET"
                  (sockopt-ui-read-option "Option" client))))
    (let* ((table (car sockopt-tests-ui-tables))
           (all (sockopt-tests-ui-all table)))
      (should (eq 'sockopt-option
                  (sockopt-tests-ui-metadata table 'category)))
      (should (string-prefix-p "77 "
                               (sockopt-tests-ui-shown table
                                                       ":tcp-keepidle")))
      (should (member ":keepalive" all))
      ;; Can only be read, is for other sockets, can only be set.
      (should-not (member ":tcp-info" all))
      (should-not (member ":error" all))
      (should-not (member ":icmp-filter" all))
      (should (member ":detach-filter" all))
      ;; There is no value to show, only as much of the sentence as fits.
      (should (string-prefix-p
               (string-trim-right (sockopt-tests-ui-shown
                                   table ":detach-filter")
                                  "…")
               (sockopt-option-doc (sockopt-option :detach-filter))))
      (dolist (name all)
        (should (sockopt-option-set (sockopt-option (intern name))))))))

(ert-deftest ui-tests-too-late ()
  "What it is too late for is not offered, on each sort of socket."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server))
       (udp (sockopt-tests-ui-udp)))
    (pcase-dolist (`(,option ,of-server ,of-client ,of-udp)
                   '((:ip-freebind "bound" "bound" "bound")
                     (:tcp-maxseg nil "connected" nil)
                     (:tcp-fastopen nil "connected" nil)
                     (:reuseaddr nil nil nil)
                     (:priority nil nil nil)))
      (cl-loop for process in (list server client udp)
               for why in (list of-server of-client of-udp)
               do (should (equal (sockopt-ui-too-late process option)
                                 (and why (format "too late, the socket is %s"
                                                  why))))))
    (sockopt-tests-ui-typing ": p r i o TAB RET"
      (sockopt-ui-read-option "Option" client))
    (let ((all (sockopt-tests-ui-all (car sockopt-tests-ui-tables))))
      (should (member ":priority" all))
      (should-not (member ":tcp-maxseg" all)))))

(ert-deftest ui-tests-text ()
  "A value is shown as one would type it."
  (pcase-dolist (`(,value ,text)
                 '(("lo" "lo") ((a b) "a,b") (5 "5") (nil "nil")
                   (((1 2) 3) "((1 2) 3)") ([1 2] "[1 2]")))
    (should (equal (sockopt-ui--text value) text))))

(ert-deftest ui-tests-read-option-fits ()
  "What is shown after an option leaves it on one line."
  (sockopt-tests-let
      ((udp (sockopt-tests-ui-udp)))
    (sockopt-tests-ui-typing ": k e e p a TAB RET"
      (sockopt-ui-read-option "Option" udp))
    (let* ((table (car sockopt-tests-ui-tables))
           (all (sockopt-tests-ui-all table)))
      (should-not (member ":tcp-keepidle" all))
      (dolist (row (funcall (sockopt-tests-ui-metadata
                             table 'affixation-function)
                            all))
        (should (< (string-width (apply #'concat row)) (frame-width)))))))

(ert-deftest ui-tests-read-option-any ()
  "Without a process all options are offered, with what they mean."
  (should (eq :tcp-info (sockopt-tests-ui-typing ": t c p - i n f o RET"
                          (sockopt-ui-read-option "Option"))))
  (let ((table (car sockopt-tests-ui-tables)))
    (should (equal (sockopt-tests-ui-all table)
                   (sort (mapcar #'symbol-name (sockopt-option-list))
                         #'string<)))
    (should (string-prefix-p
             (substring (sockopt-option-doc (sockopt-option :keepalive)) 0 20)
             (sockopt-tests-ui-shown table ":keepalive"))))
  (should (eq :linger (sockopt-tests-ui-typing "RET"
                        (sockopt-ui-read-option "Option" nil :linger)))))

(ert-deftest ui-tests-read-option-part ()
  "Any part of a name may be typed."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server)))
    (should (eq :tcp-keepidle
                (sockopt-tests-ui-typing "k e e p i d l TAB RET"
                  (sockopt-ui-read-option "Option" client))))))

(ert-deftest ui-tests-read-option-in-time ()
  "No option is offered on a connection for which it is too late."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server)))
    (sockopt-tests-ui-typing ": k e e p a TAB RET"
      (sockopt-ui-read-option "Option" client))
    (let ((all (mapcar #'intern (sockopt-tests-ui-all
                                 (car sockopt-tests-ui-tables)))))
      (should (> (length all) 40))
      (should-not (memq :tcp-fastopen-connect all))
      (dolist (option all)
        (let ((now (sockopt-ui--current client option)))
          (when now
            (should-not (eq 'sockopt-too-late
                            (car (sockopt-tests-error
                                  (lambda ()
                                    (sockopt-set client option
                                                 (car now)))))))))))))

;;; Reading a value

(ert-deftest ui-tests-read-boolean ()
  "The default is the other value."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (should (eq t (sockopt-tests-ui-read server :keepalive "RET")))
    (should (equal '("Set :keepalive to (t or nil; it is nil) (default t): ")
                   sockopt-tests-ui-prompts))
    (should (eq nil (sockopt-tests-ui-read server :keepalive "n i l RET")))
    (sockopt-set server :keepalive t)
    (should (eq nil (sockopt-tests-ui-read server :keepalive "RET")))
    ;; Nothing but the two can be given.
    (should (eq t (sockopt-tests-ui-read server :keepalive
                                         "1 RET C-a C-k t RET")))))

(ert-deftest ui-tests-read-integer ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (sockopt-set server :tcp-keepidle 60)
    (should (eql 60 (sockopt-tests-ui-read server :tcp-keepidle "RET")))
    (should (equal (list (concat "Set :tcp-keepidle to (1 to 32767 seconds)"
                                 " (default 60): "))
                   sockopt-tests-ui-prompts))
    (should (eql 90 (sockopt-tests-ui-read server :tcp-keepidle
                                           "9 0 RET")))))

(ert-deftest ui-tests-read-integer-again ()
  "Whatever is wrong is asked again, with the reason."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (dolist (wrong '("0" "3 2 7 6 8" "- 1" "1 . 5" "x" "( 1" ")" "1 SPC 2"
                     "1 e 9 9 9" "t" "n i l" "\" 1 \""
                     "9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9"))
      (should (eql 7 (sockopt-tests-ui-read server :tcp-keepidle
                                            (concat wrong " RET 7 RET"))))
      (should (= 2 (length sockopt-tests-ui-prompts)))
      (should (string-prefix-p
               "Set :tcp-keepidle to (must be 1 to 32767 seconds) "
               (car sockopt-tests-ui-prompts))))))

(ert-deftest ui-tests-read-linger ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (should (eq nil (sockopt-tests-ui-read server :linger "RET")))
    ;; It says what to think of before.
    (should (string-search (sockopt-option-caution (sockopt-option :linger))
                           (car sockopt-tests-ui-prompts)))
    (should (eq t (sockopt-tests-ui-read server :linger "t RET")))
    (should (eql 5 (sockopt-tests-ui-read server :linger "5 RET")))
    (should (eql 5 (sockopt-tests-ui-read server :linger
                                          "7 0 0 0 0 RET 5 RET")))))

(ert-deftest ui-tests-read-seconds ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (should (eq nil (sockopt-tests-ui-read server :rcvtimeo "RET")))
    (should (eql 1.5 (sockopt-tests-ui-read server :rcvtimeo
                                            "- 1 RET 1 . 5 RET")))
    (should (eql 3 (sockopt-tests-ui-read server :rcvtimeo "3 RET")))))

(ert-deftest ui-tests-read-name ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (should (eq 'probe (sockopt-tests-ui-read server :ip-mtu-discover
                                              "p r TAB RET")))
    (should (member "want" (car sockopt-tests-ui-tables)))
    (should (eq 'do (sockopt-tests-ui-read server :ip-mtu-discover
                                           "a l l RET d o RET")))
    (should (eq 'ef (sockopt-tests-ui-read server :ip-tos "e f RET")))
    (should (eql 8 (sockopt-tests-ui-read server :ip-tos
                                          "3 0 0 RET 8 RET")))))

(ert-deftest ui-tests-read-flags ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (should (equal '(send receive)
                   (sockopt-tests-ui-read server :buf-lock
                                          "s e n d , r e c TAB RET")))
    (sockopt-set server :buf-lock '(receive))
    (should (equal '(receive)
                   (sockopt-tests-ui-read server :buf-lock "RET")))
    (should (equal '()
                   (sockopt-tests-ui-read server :buf-lock "n i l RET")))
    (should (equal '(send)
                   (sockopt-tests-ui-read server :buf-lock
                                          "s e n d , x RET s e n d RET")))
    (should (string-search "must be" (car sockopt-tests-ui-prompts)))))

(ert-deftest ui-tests-read-interface ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (udp (sockopt-tests-ui-udp)))
    (should (eq nil (sockopt-tests-ui-read server :bindtodevice "RET")))
    (should (equal "lo" (sockopt-tests-ui-read server :bindtodevice
                                               "l o RET")))
    (should (member "lo" (car sockopt-tests-ui-tables)))
    (should (eq nil (sockopt-tests-ui-read server :bindtodevice
                                           "n i l RET")))
    (should (equal "lo"
                   (sockopt-tests-ui-read
                    server :bindtodevice
                    (concat (mapconcat #'string (make-string 16 ?x) " ")
                            " RET l o RET"))))
    ;; Where it may be an index, there is one of that name or not.
    (should (eql 1 (sockopt-tests-ui-read udp :ip-unicast-if "1 RET")))
    (should (equal "lo" (sockopt-tests-ui-read udp :ip-unicast-if
                                               "n o n e RET l o RET")))))

(ert-deftest ui-tests-read-congestion ()
  (let ((file "/proc/sys/net/ipv4/tcp_available_congestion_control"))
    (skip-unless (file-readable-p file))
    (sockopt-tests-let
        ((server (sockopt-tests-ui-server)))
      (should (equal "reno" (sockopt-tests-ui-read server :tcp-congestion
                                                   "r e n o RET")))
      (should (equal (sockopt-get server :tcp-congestion)
                     (sockopt-tests-ui-read server :tcp-congestion "RET")))
      (with-temp-buffer
        (insert-file-contents file)
        (should (cl-subsetp (split-string (buffer-string))
                            (car sockopt-tests-ui-tables)
                            :test #'equal))))))

(ert-deftest ui-tests-read-structure ()
  (sockopt-tests-let
      ((udp (sockopt-tests-ui-udp)))
    (should (equal '("239.0.0.9" "lo")
                   (sockopt-tests-ui-read
                    udp :ip-add-membership
                    "(\" 2 3 9 . 0 . 0 . 9 \" SPC \" l o \") RET")))
    (should (string-search "(GROUP INTERFACE), like (\"239."
                           (car sockopt-tests-ui-prompts)))
    ;; A list that is not closed, something else, more than one.
    (should (equal '(40000 40010)
                   (sockopt-tests-ui-read
                    udp :ip-local-port-range
                    "( 4 RET ( 5 ) RET 1 SPC 2 RET
                     ( 4 0 0 0 0 SPC 4 0 0 1 0 ) RET")))
    (should (string-search "(must be (LOW HIGH)"
                           (car sockopt-tests-ui-prompts)))))

(ert-deftest ui-tests-read-trigger ()
  "Where any value would do, nothing is asked."
  (sockopt-tests-let
      ((udp (sockopt-tests-ui-udp)))
    (should (eq t (sockopt-tests-ui-read udp :detach-filter "")))))

(ert-deftest ui-tests-examples ()
  "The example of each structure is one that the module takes."
  (dolist (option (sockopt-tests-ui-settable))
    (when (sockopt-ui--structured-p option)
      (let ((fit 0))
        (dolist (ipv6 '(nil t))
          (when (sockopt-ui--try option (sockopt-ui--example option ipv6))
            (cl-incf fit)))
        (ert-info ((format "%S: %s" option (sockopt-ui--example option nil)))
          ;; Some are of one family only.
          (should (< 0 fit)))))))

(ert-deftest ui-tests-fitting-example ()
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

(defun ui-tests--no-address-p (option candidate)
  "Return non-nil if CANDIDATE is an interface that OPTION may not take.
But for Linux, systems want an IPv4 address of it, which not every one has."
  (and (eq (sockopt-option-keyword option) :ip-multicast-if)
       (not (cl-find-if (lambda (entry)
                          (and (equal (car entry) candidate)
                               (= 5 (length (cdr entry)))))
                        (network-interface-list)))))

(ert-deftest ui-tests-candidates ()
  "All candidates are values that the module takes."
  (dolist (option (sockopt-tests-ui-settable))
    (dolist (candidate (sockopt-ui--candidates option))
      (ert-info ((format "%s %s" (sockopt-option-keyword option) candidate))
        (should (or (sockopt-ui--try option
                                     (if (eq (sockopt-option-predicate option)
                                             'listp)
                                         (list candidate)
                                       candidate))
                    (ui-tests--no-address-p option candidate)))))))

(ert-deftest ui-tests-values-round-trip ()
  "What is offered as the default is read as the value that it stands for."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server))
       (udp (sockopt-tests-ui-udp)))
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

(ert-deftest ui-tests-parse-nothing ()
  "No text, and the text nil, are nil as a value that would be a string."
  (let ((option (sockopt-option :bindtodevice)))
    (should (eq nil (sockopt-ui--parse option "")))
    (should (eq nil (sockopt-ui--parse option "nil")))
    (should (equal "lo" (sockopt-ui--parse option "lo")))))

(ert-deftest ui-tests-address ()
  "Addresses are written as people write them (RFC 5952)."
  (pcase-dolist (`(,address ,text)
                 '(([127 0 0 1 80] "127.0.0.1:80")
                   ([10 0 0 0 0] "10.0.0.0:0")
                   ([0 0 0 0 0 0 0 1 80] "[::1]:80")
                   ([0 0 0 0 0 0 0 0 0] "[::]:0")
                   ([#xfe80 0 0 0 1 0 0 2 443] "[fe80::1:0:0:2]:443")
                   ([#x2001 #xdb8 0 1 1 1 1 1 80] "[2001:db8:0:1:1:1:1:1]:80")
                   ([#x2001 #xdb8 0 0 1 0 0 1 80] "[2001:db8::1:0:0:1]:80")
                   ([1 2 3 4 5 6 0 0 80] "[1:2:3:4:5:6::]:80")
                   ([0 0 0 0 0 0 0 1] "::1")))
    (should (equal (sockopt-ui-address address) text))))

(provide 'ui-tests)
;;; ui-tests.el ends here
