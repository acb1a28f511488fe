;;; describe-process-tests.el --- Test the description of a connection  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'bookmark)
(require 'imenu)
(require 'sockopt-tests-lib)
(require 'sockopt-mode)
(require 'sockopt-describe)
(require 'sockopt-save-rule)

(defun describe-process-tests--wait-accepted ()
  "Wait until the server has accepted a connection."
  (should (sockopt-tests-wait
           (lambda ()
             (cl-find-if (lambda (process)
                           (string-prefix-p "server <"
                                            (process-name process)))
                         (process-list))))))

(defmacro describe-process-tests--with (client &rest body)
  "Evaluate BODY in the description of CLIENT, a fresh connection."
  (declare (indent 1) (debug (symbolp body)))
  `(sockopt-tests-clean
     (let* ((server (sockopt-tests-server))
            (,client (sockopt-tests-client server :name "described"))
            (inhibit-message t))
       (describe-process-tests--wait-accepted)
       (save-window-excursion
         (sockopt-describe-process ,client)
         (unwind-protect
             (progn ,@body)
           (kill-buffer "*sockopt described*"))))))

(defun describe-process-tests--keys (keys)
  "Type KEYS, as for `kbd', in the selected window's buffer."
  (set-buffer (window-buffer))
  (execute-kbd-macro (kbd keys))
  (set-buffer (window-buffer)))

(defun describe-process-tests--find (text)
  "Put point on TEXT, which must be there."
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun describe-process-tests--headings ()
  "Return the headings of this buffer, in their order."
  (save-excursion
    (goto-char (point-min))
    (cl-loop while (re-search-forward "^\\* \\(.*\\)$" nil t)
             collect (match-string-no-properties 1))))

(defun describe-process-tests--hidden-p (text)
  "Return non-nil if TEXT is folded away."
  (save-excursion
    (goto-char (point-min))
    (search-forward text)
    (outline-invisible-p (match-beginning 0))))

(ert-deftest describe-process-tests-order ()
  "The sections and their order."
  :tags '((needs :tcp-info))
  (describe-process-tests--with client
    (should (equal (remove "How it was connected" (describe-process-tests--headings))
                   '("What this says" "Who and where" "Timers" "Queues"
                     "What TCP says"
                     "Options that differ from a fresh socket"
                     "Other options")))
    (should (eq (point) (point-min)))
    (dolist (line '("^  Fine    All is well: the peer was heard "
                    "^  Process +described$"
                    "^  Status +open$"
                    "^  Remote address +127\\.0\\.0\\.1:[0-9]+$"
                    "^  Program there +this Emacs (process [0-9]+)$"
                    "^  Keepalive probe +off$"
                    "^  Giving up +after [0-9]+ retransmissions, about "
                    "^  To be sent +0 B$"
                    "^  State +established$"
                    "^  Round trip +[0-9.]+ µs$"
                    "^  None\\.$"
                    "^  :keepalive +nil$"))
      (ert-info (line)
        (should (save-excursion (re-search-forward line nil t)))))))

(ert-deftest describe-process-tests-fits ()
  "No line is wider than a terminal."
  (describe-process-tests--with client
    (sockopt-set-options client '(:keepalive t :tcp-keepidle 99
                                  :tcp-user-timeout 5000))
    (describe-process-tests--keys "g")
    (describe-process-tests--find "  Keepalive probe")
    (should (looking-at "  Keepalive probe +in 9[89] s, after 99 s of silence
  Unanswered probes +[0-9]+, one every [0-9]+ s, end the connection$"))
    (goto-char (point-min))
    (while (not (eobp))
      (end-of-line)
      (should (<= (current-column) 79))
      (forward-line))))

(ert-deftest describe-process-tests-fields ()
  "Each field of TCP_INFO is explained, with its unit and what is abnormal."
  (describe-process-tests--with client
    (cl-loop for (field) on (sockopt-get client :tcp-info) by #'cddr
             do (ert-info ((symbol-name field))
                  (should (assq field sockopt-fields))))
    (dolist (field sockopt-fields)
      (should (= 5 (length field)))
      (should (assq (nth 2 field) sockopt-fields--units)))
    (describe-process-tests--find "  Round trip  ")
    (should (equal (get-text-property (point) 'help-echo)
                   "How long data take to be acknowledged, smoothed (:rtt, \
in µs).  Abnormal: many times the least round trip."))
    (should (equal (sockopt-describe--help-at-point)
                   (get-text-property (point) 'help-echo)))
    ;; Those that are 0 are there, too.
    (describe-process-tests--find "Sent again in all")
    (should (string-search ":total-retrans"
                           (get-text-property (point) 'help-echo)))))

(ert-deftest describe-process-tests-field-text ()
  "Values of fields are shown in units that people read."
  (pcase-dolist (`(,kind ,value ,text)
                 '((us 1234 "1.2 ms") (ms 1500 "1.5 s")
                   (bytes 150000 "150 kB") (size 1448 "1448 B")
                   (rate 150000 "150 kB/s") (rate nil "no limit")
                   (segments 10 "10 segments") (segments 2147483647 "no limit")
                   (flag 1 "yes") (flag 0 "no") (count 3 "3")
                   (name established "established")
                   (name (timestamps sack) "timestamps, sack")
                   (name nil "none")))
    (should (equal (sockopt-fields-text kind value) text))))

(ert-deftest describe-process-tests-differing ()
  "Options that are not as usual come first, with what is usual."
  :tags '((needs :domain))
  (sockopt-tests-with-mode '(((:name "described") (:tcp-keepidle 99)))
    (describe-process-tests--with client
      (sockopt-set client :keepalive t)
      (sockopt-set client :tcp-keepidle 99)
      (describe-process-tests--keys "g")
      (let ((text (buffer-string)))
        (should (string-match "^\\* Options that differ.*\n" text))
        (should (string-prefix-p
                 "  :keepalive                t  (fresh: nil)
  :tcp-keepidle             99  (fresh: 7200; a rule sets it)
* Other options\n"
                 (substring text (match-end 0)))))
      ;; Once is enough.
      (should (= 1 (how-many "^  :keepalive " (point-min) (point-max))))
      (describe-process-tests--find "* Rules for it")
      (forward-line)
      (should (looking-at "  ((:name \"described\") (:tcp-keepidle 99))
    :tcp-keepidle 99 +as the rule says$")))))

(ert-deftest describe-process-tests-adapted ()
  "What the kernel adapts by itself does not differ; what was set does."
  (describe-process-tests--with client
    (let ((options (sockopt-options client)))
      (dolist (option '(:tcp-maxseg :tcp-window-clamp :sndbuf :rcvbuf
                        :cookie :tcp-info))
        (should (plist-member options option))
        (should-not (plist-member (sockopt-fresh-options client options)
                                  option))))
    (sockopt-set client :sndbuf 20000)
    (let ((options (sockopt-options client)))
      (should (plist-member (sockopt-fresh-options client options)
                            :sndbuf))
      (should-not (plist-member (sockopt-fresh-options client options)
                                :rcvbuf)))
    (describe-process-tests--keys "g")
    (should (string-match-p "^  :sndbuf +40000  (fresh: [0-9]+)$"
                            (buffer-string)))))

(ert-deftest describe-process-tests-fold ()
  "Other options are folded at first; a heading opens them by a key."
  :tags '((needs :tcp-info))
  (describe-process-tests--with client
    (should (describe-process-tests--hidden-p "SOL_SOCKET"))
    (should-not (describe-process-tests--hidden-p "established"))
    (describe-process-tests--find "What TCP says")
    (describe-process-tests--keys "RET")
    (should (describe-process-tests--hidden-p "established"))
    ;; A refresh leaves that as it is.
    (describe-process-tests--keys "g")
    (should (describe-process-tests--hidden-p "established"))
    (describe-process-tests--keys "RET")
    (should-not (describe-process-tests--hidden-p "established"))
    (describe-process-tests--find "Other options")
    (describe-process-tests--keys "RET")
    (should-not (describe-process-tests--hidden-p "SOL_SOCKET"))))

(ert-deftest describe-process-tests-keys-set ()
  "TAB reaches an option's value, RET sets it, and point stays."
  (describe-process-tests--with client
    (describe-process-tests--find "Other options")
    (describe-process-tests--keys "RET")
    (describe-process-tests--find "** SOL_SOCKET")
    (describe-process-tests--keys "TAB RET")
    (describe-process-tests--find ":keepalive ")
    (describe-process-tests--keys "TAB")
    (should (looking-at "nil$"))
    (describe-process-tests--keys "RET RET")
    (should (sockopt-get client :keepalive))
    (should (string-match-p "^  :keepalive +t  (fresh: nil)"
                            (buffer-string)))
    (should (looking-at "t  (fresh"))
    (goto-char (point-min))
    (describe-process-tests--keys "s :priority RET 3 RET")
    (should (equal (sockopt-get client :priority) 3))))

(ert-deftest describe-process-tests-point ()
  "A refresh keeps point on its line, though others come and go."
  (describe-process-tests--with client
    (describe-process-tests--find "Congestion window")
    (forward-char 3)
    (let ((column (current-column)))
      (sockopt-set client :keepalive t)
      (sockopt-set client :tcp-cork t)
      (set-process-filter client t)
      (stop-process client)
      (describe-process-tests--keys "g")
      (should (string-match-p "Emacs reads nothing" (buffer-string)))
      (should (= column (current-column)))
      (should (save-excursion (beginning-of-line)
                              (looking-at "  Congestion window"))))))

(ert-deftest describe-process-tests-mend ()
  "A finding has buttons for what mends it."
  (describe-process-tests--with client
    (cl-letf (((symbol-function 'sockopt-findings)
               (lambda (_)
                 '((:id a :level warning :text "It is so." :mend
                        ((set :tcp-nodelay t) (preset dead-peer)
                         (rule low-latency)))))))
      (describe-process-tests--keys "g")
      (should (string-match-p "\\`\\* What this says
  Warning It is so\\.
          \\[Set :tcp-nodelay to t\\] \\[Set the options of dead-peer\\] \
\\[Make a rule with low-latency\\]
" (buffer-string)))
      (describe-process-tests--find "[Set :tcp")
      (describe-process-tests--keys "RET")
      (should (sockopt-get client :tcp-nodelay))
      (describe-process-tests--find "[Set the")
      (describe-process-tests--keys "RET")
      (should (equal (sockopt-get client :tcp-keepidle)
                     (plist-get (alist-get 'dead-peer sockopt-presets)
                                :tcp-keepidle))))))

(ert-deftest describe-process-tests-default ()
  "Commands take the process described as default, while it is alive."
  (describe-process-tests--with client
    (should (eq client (sockopt-ui--buffer-process (process-list))))
    (describe-process-tests--find "Who and where")
    (delete-process client)
    (should-not (sockopt-ui--buffer-process
                 (cl-remove-if-not #'process-live-p (process-list))))
    (should (equal (cadr (sockopt-tests-error #'sockopt-describe-set-option))
                   "This connection has ended"))))

(ert-deftest describe-process-tests-navigate ()
  "Imenu has the headings, and a bookmark finds the process again."
  :tags '((needs :tcp-info))
  (describe-process-tests--with client
    (should (member "Timers" (mapcar #'car (imenu--make-index-alist t))))
    (let ((record (bookmark-make-record)))
      (should (equal (car record) "Connection described"))
      (switch-to-buffer "*scratch*")
      (bookmark-jump record)
      (should (equal (buffer-name) "*sockopt described*"))
      (delete-process client)
      (should-error (bookmark-jump record) :type 'user-error))))

(ert-deftest describe-process-tests-ended ()
  "A process that has ended is described as far as it can be."
  (describe-process-tests--with client
    (describe-process-tests--keys "k yes RET")
    (should-not (process-live-p client))
    (should (string-match-p "^  Note    The connection has ended\\.$"
                            (buffer-string)))
    (should-not (string-search ":keepalive" (buffer-string)))))

(ert-deftest describe-process-tests-sorts ()
  "Servers, datagram sockets and local sockets are described, too."
  :tags '((needs :tcp-info))
  (sockopt-tests-clean
    (sockopt-tests-with-directory directory
      (let* ((path (expand-file-name "s" directory))
             (server (sockopt-tests-server :name "d1"))
             (local (sockopt-make-network-process
                     :name "d2" :server t :family 'local :service path
                     :noquery t))
             (client (sockopt-make-network-process
                      :name "d3" :family 'local :service path :noquery t))
             (udp (sockopt-make-network-process
                   :name "d4" :type 'datagram :host "127.0.0.1" :service 9
                   :family 'ipv4 :noquery t)))
        (pcase-dolist (`(,process ,text)
                       `((,server "To be accepted +0 of at most 50 conn")
                         (,local "Socket +stream, server")
                         (,client "Program there +this Emacs")
                         (,udp "Socket +datagram")))
          (save-window-excursion
            (ert-info (text)
              (sockopt-describe-process process)
              (should (string-match-p text (buffer-string)))
              (should (string-match-p "fresh socket\n  None\\."
                                      (buffer-string)))
              (kill-buffer))))))))

(ert-deftest describe-process-tests-connected ()
  "How it was connected is shown when that is known."
  (describe-process-tests--with client
    (cl-letf (((symbol-function 'sockopt-connection)
               (lambda (_)
                 '(:lookup 0.012
                   :attempts (([0 0 0 0 0 0 0 1 7] "Connection refused" 0
                               0.001)
                              ([127 0 0 1 7] t 0.25 0.002))
                   :connect 0.252 :tls 0.03 :tls-version "TLS1.3"))))
      (describe-process-tests--keys "g")
      (describe-process-tests--find "* How it was connected")
      (should (looking-at "\\* How it was connected
  Looking up the host       12 ms
  Tried                     \\[[0:]*:1\\]:7: Connection refused after 1.0[ \n]+ms
  Tried                     127.0.0.1:7: connected after 2.0 ms, begun after
                            250 ms
  Connecting                252 ms
  TLS handshake             30 ms
  TLS version               TLS1.3
")))))

(ert-deftest describe-process-tests-save-rule ()
  "A setting becomes a rule once the user has seen it and agreed."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (client (sockopt-tests-client server :name "ruled"))
           (port (process-contact server :service))
           (inhibit-message t)
           shown)
      (should (equal (sockopt-save-rule--match client)
                     `(:host "\\`127\\.0\\.0\\.1\\'" :service ,port)))
      (cl-letf (((symbol-function 'y-or-n-p)
                 (lambda (_)
                   (setq shown (with-current-buffer "*sockopt-rule*"
                                 (buffer-string)))
                   nil)))
        (should-not (sockopt-save-rule client '(low-latency)))
        (should (string-search "low-latency" shown))
        (should-not (get-buffer "*sockopt-rule*"))
        (should-not sockopt-rules))
      ;; By the command with a prefix argument.
      (save-window-excursion
        (switch-to-buffer "*scratch*")
        (execute-kbd-macro
         (kbd "C-u M-x sockopt-set RET ruled RET :priority RET 5 RET y"))
        (should (equal (sockopt-get client :priority) 5))
        (should (equal sockopt-rules
                       `(((:host "\\`127\\.0\\.0\\.1\\'" :service ,port)
                          (:priority 5)))))
        (let ((window (get-buffer-window
                       "*Customize Option: Sockopt Rules*")))
          (should window)
          (kill-buffer (window-buffer window)))
        (set-default-toplevel-value 'sockopt-rules nil)))))

(provide 'describe-process-tests)
;;; describe-process-tests.el ends here
