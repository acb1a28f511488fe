;;; describe-parts-tests.el --- Test parts of the description  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-describe)
(require 'sockopt-mode)

(defvar sockopt--place-directory)

;;; What snapshots say

(defun describe-parts-tests--lines (function snapshot)
  "Return the lines that FUNCTION inserts for SNAPSHOT, without blanks."
  (with-temp-buffer
    (funcall function nil snapshot)
    (mapcar (lambda (line)
              (replace-regexp-in-string "  +" " " (string-trim line)))
            (split-string (buffer-string) "\n" t))))

(defun describe-parts-tests--timers (info &rest options)
  "Return the lines on the timers of a connection with INFO and OPTIONS."
  (describe-parts-tests--lines
   #'sockopt-describe--timers
   (list :retries 15
         :tcp-info (append info
                           '(:state established :last-data-sent 7000
                             :last-data-recv 90000 :last-ack-recv 80000
                             :rto 204000 :unacked 0 :probes 0
                             :notsent-bytes 0))
         :options (append options
                          '(:tcp-keepidle 60 :tcp-keepintvl 10
                            :tcp-keepcnt 6 :tcp-user-timeout 0)))))

(ert-deftest describe-parts-tests-timers ()
  "Timers are shown in the units of the kernel's numbers."
  (should (equal (describe-parts-tests--timers ())
                 '("Peer last heard 80 s ago" "Data last sent 7 s ago"
                   "Keepalive probe off" "Sending again after 204 ms"
                   "Giving up after 15 retransmissions, about 15 min")))
  (let ((lines (describe-parts-tests--timers () :keepalive t
                                             :tcp-user-timeout 30000)))
    (should (member "Keepalive probe due, after 60 s of silence" lines))
    (should (member "Unanswered probes 6, one every 10 s, end the connection"
                    lines))
    (should (member "Giving up 30 s after data were sent in vain" lines)))
  (should (member "Keepalive probe in 58 s, after 60 s of silence"
                  (describe-parts-tests--timers '(:last-ack-recv 2000)
                                                :keepalive t)))
  (should (member "Keepalive probe after 60 s of silence"
                  (describe-parts-tests--timers '(:unacked 1)
                                                :keepalive t))))

(ert-deftest describe-parts-tests-zero ()
  "What is 0 takes a line, and none where no data can go through."
  (pcase-dolist (`(,state . ,zero) '((established . t) (listen)))
    (should (eq zero
                (and (cl-some
                      (lambda (line) (string-prefix-p "These are 0 " line))
                      (describe-parts-tests--lines
                       #'sockopt-describe--info
                       `(:tcp-info (:state ,state :lost 0 :rto 204000))))
                     t)))))

(ert-deftest describe-parts-tests-listening ()
  "Of a socket that listens only that is shown which means something."
  (let ((lines (describe-parts-tests--lines
                #'sockopt-describe--info
                '(:tcp-info (:state listen :unacked 1 :sacked 5 :snd-cwnd 10
                                    :reordering 3)))))
    (should (= 2 (length lines)))
    (should (string-prefix-p "State" (car lines)))
    (should (string-prefix-p "Reordering 3" (cadr lines)))))

(ert-deftest describe-parts-tests-preset ()
  "Of a preset that is set the socket gets the options that it has."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)))
          (supported (symbol-function 'sockopt-supported-p))
          (sockopt-presets '((mine :priority 3 :connect-timeout 10
                                   :tcp-rto-max-ms 9000 :keepalive t))))
      ;; As on systems that do not have it.
      (cl-letf (((symbol-function 'sockopt-supported-p)
                 (lambda (option process)
                   (and (not (eq option :tcp-rto-max-ms))
                        (funcall supported option process)))))
        (should (sockopt-describe--preset client 'mine)))
      (should (equal '(3 t) (sockopt-tests-values client :priority
                                                  :keepalive)))
      (should-not (plist-member (sockopt--core-contact client t)
                                :tcp-rto-max-ms)))))

(ert-deftest describe-parts-tests-attempts ()
  "Each attempt to connect says what came of it."
  (should (equal (with-temp-buffer
                   (dolist (attempt '(([127 0 0 1 7] nil 0 0.5)
                                      ([127 0 0 1 8] "no" 0.25 0.1)
                                      ([127 0 0 1 9] t nil nil)))
                     (sockopt-describe--attempt attempt))
                   (mapcar (lambda (line)
                             (replace-regexp-in-string " +" " " line))
                           (split-string (buffer-string) "\n" t)))
                 '(" Tried 127.0.0.1:7: given up after 500 ms"
                   " Tried 127.0.0.1:8: no after 100 ms, begun after 250 ms"
                   " Tried 127.0.0.1:9: connected after 0 µs"))))

(defconst describe-parts-tests--units
  '((name :state :ca-state :options)
    (us :rto :ato :rtt :rttvar :rcv-rtt :min-rtt :busy-time :rwnd-limited
        :sndbuf-limited)
    (ms :last-data-sent :last-ack-sent :last-data-recv :last-ack-recv
        :total-rto-time)
    (size :snd-mss :rcv-mss :pmtu :advmss)
    (rate :pacing-rate :max-pacing-rate :delivery-rate)
    (flag :delivery-rate-app-limited)
    (bytes :rcv-ssthresh :rcv-space :bytes-acked :bytes-received
           :notsent-bytes :bytes-sent :bytes-retrans :snd-wnd :rcv-wnd
           :delivered-e1-bytes :delivered-e0-bytes :delivered-ce-bytes
           :received-e1-bytes :received-e0-bytes :received-ce-bytes)
    (segments :unacked :sacked :lost :retrans :fackets :snd-ssthresh
              :snd-cwnd :reordering :total-retrans :segs-out :segs-in
              :data-segs-in :data-segs-out :delivered :delivered-ce
              :dsack-dups :rcv-ooopack :received-ce)
    (count :retransmits :probes :backoff :snd-wscale :rcv-wscale
           :reord-seen :fastopen-client-fail :rehash :total-rto
           :total-rto-recoveries))
  "In what units struct tcp_info of linux/tcp.h has its fields.")

(ert-deftest describe-parts-tests-units ()
  "Fields of TCP_INFO are in the units that Linux gives them in."
  (should (= (length sockopt-fields)
             (apply #'+ (mapcar (lambda (entry) (length (cdr entry)))
                                describe-parts-tests--units))))
  (pcase-dolist (`(,kind . ,names) describe-parts-tests--units)
    (dolist (name names)
      (ert-info ((symbol-name name))
        (should (eq (nth 2 (assq name sockopt-fields)) kind))))))

;;; Rules

(ert-deftest describe-parts-tests-rules ()
  "The last rule with an option counts; a value of now is shown beside it."
  (let ((rules '((nil (:priority 1)) (nil (:priority 2)) (nil (:ip-ttl 9)))))
    (should (eq (sockopt-describe-rule-of :priority rules) (nth 1 rules)))
    (should-not (sockopt-describe-rule-of :keepalive rules)))
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)
                                        :priority 3)))
      (with-temp-buffer
        (sockopt-describe--insert-rule-option client :priority 3)
        (sockopt-describe--insert-rule-option client :priority 4)
        (should (string-match-p "\\`    :priority 3 +as the rule says
    :priority 4 +now 3\n\\'"
                                (buffer-string)))))))

;;; The buffer

(defmacro describe-parts-tests--with (client &rest body)
  "Evaluate BODY in the description of CLIENT."
  (declare (indent 1) (debug (symbolp body)))
  `(sockopt-tests-clean
     (let ((,client (sockopt-tests-client (sockopt-tests-server)
                                          :name "part"))
           (inhibit-message t))
       (save-window-excursion
         (sockopt-describe-process ,client)
         (delete-other-windows)
         (unwind-protect
             (progn ,@body)
           (kill-buffer "*sockopt part*"))))))

(ert-deftest describe-parts-tests-above ()
  "What has a section of its own is no option below; nothing is to save."
  (describe-parts-tests--with client
    (should (sockopt-get client :tcp-info))
    (dolist (option '(":tcp-info" ":meminfo"))
      (should-not (string-match-p (format "^  %s " option)
                                  (buffer-string))))
    (should-not (buffer-modified-p))))

(ert-deftest describe-parts-tests-set ()
  "An option that is set by a key is shown as it is then."
  (describe-parts-tests--with client
    (execute-kbd-macro (kbd "s :priority RET 3 RET"))
    (should (eql (sockopt-get client :priority) 3))
    (should (string-match-p "^  :priority +3  (fresh: 0)$"
                            (buffer-string)))))

(ert-deftest describe-parts-tests-windows ()
  "A refresh keeps point in each window."
  (describe-parts-tests--with client
    (let ((other (split-window))
          (find (lambda (text)
                  (save-excursion
                    (goto-char (point-min))
                    (search-forward text)
                    (match-beginning 0)))))
      (set-window-point other (funcall find "  Congestion window"))
      (sockopt-set client :priority 3)
      (sockopt-describe--refresh)
      (should (= (window-point other)
                 (funcall find "  Congestion window"))))))

(ert-deftest describe-parts-tests-wrong ()
  "What is no network process is refused."
  (sockopt-tests-clean
    (let ((pipe (make-pipe-process :name "pipe" :noquery t)))
      (should (equal (should-error (sockopt-describe-process pipe))
                     (list 'wrong-type-argument 'sockopt-network-process-p
                           pipe))))))

;;; Fresh sockets

(defun describe-parts-tests--fresh (process)
  "Return the options of a fresh socket like PROCESS."
  (sockopt-fresh-options process (sockopt-options process)))

(ert-deftest describe-parts-tests-fresh ()
  "A fresh socket is made once for each kind, and leaves nothing behind."
  :tags '((needs :domain))
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((path (expand-file-name "s" directory))
             (sockopt-fresh--known nil)
             (temporary-file-directory
              (file-name-as-directory (make-temp-file path t)))
             (sockopt--place-directory temporary-file-directory)
             (server (sockopt-tests-server))
             (made 0)
             (make (symbol-function 'sockopt-fresh--make))
             (all (list server (sockopt-tests-client server)
                        (sockopt-make-network-process
                         :name "l" :server t :family 'local :noquery t
                         :service path)
                        (sockopt-make-network-process
                         :name "l" :family 'local :noquery t
                         :service path)))
             processes)
        (sockopt-tests-wait #'ignore 0.1)
        (setq processes (process-list))
        (cl-letf (((symbol-function 'sockopt-fresh--make)
                   (lambda (&rest arguments)
                     (cl-incf made)
                     (apply make arguments))))
          (dolist (process all)
            (should (describe-parts-tests--fresh process)))
          (should (= made 6))
          (dolist (process all)
            (should (describe-parts-tests--fresh process)))
          (should (= made 6)))
        (sockopt-tests-wait #'ignore 0.1)
        (should (equal (process-list) processes))
        (should-not (directory-files temporary-file-directory nil
                                     "\\`[^.]"))))))

(ert-deftest describe-parts-tests-fresh-six ()
  "A client by IPv6 is compared with a client, a server with a server."
  :tags '((needs :domain))
  (sockopt-tests-need-ipv6)
  (sockopt-tests-clean
    (let* ((sockopt-fresh--known nil)
           (server (sockopt-make-network-process
                    :name "six" :server t :family 'ipv6 :host "::1"
                    :service t :noquery t))
           (client (sockopt-make-network-process
                    :name "c" :family 'ipv6 :host "::1" :noquery t
                    :service (process-contact server :service))))
      (dolist (process (list server client))
        (describe-parts-tests--fresh process)
        (let ((known (cdr (assoc (sockopt-fresh--kind
                                  process (sockopt-options process))
                                 sockopt-fresh--known))))
          (should (eq (plist-get known :acceptconn)
                      (eq process server))))))))

(provide 'describe-parts-tests)
;;; describe-parts-tests.el ends here
