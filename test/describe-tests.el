;;; describe-tests.el --- Tests of what the commands say  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-ui)

;;; Reporting

(ert-deftest describe-tests-report ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (should (equal ":keepalive of ui-server: nil → t"
                   (sockopt-tests-ui-report server :keepalive t nil)))
    (should (eq t (sockopt-get server :keepalive)))
    (should (eq t (let ((inhibit-message t))
                    (sockopt-ui-report-setting server :keepalive nil nil))))
    ;; Another notation of the same.
    (should (equal ":ip-tos of ui-server: 0 → 184"
                   (sockopt-tests-ui-report server :ip-tos 'ef nil)))))

(ert-deftest describe-tests-report-adjusted ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server)))
    (let* ((old (sockopt-get server :rcvbuf))
           (said (sockopt-tests-ui-report server :rcvbuf 10000 nil))
           (new (sockopt-get server :rcvbuf)))
      (should-not (= old new 10000))
      (should (equal said (format (concat ":rcvbuf of ui-server: %d → %d"
                                          " (the kernel made that of 10000)")
                                  old new))))))

(ert-deftest describe-tests-report-set-only ()
  (sockopt-tests-let
      ((udp (sockopt-tests-ui-udp)))
    (should (equal (concat ":ip-add-membership of ui-udp:"
                           " (\"239.0.0.9\" \"lo\")")
                   (sockopt-tests-ui-report udp :ip-add-membership
                                            '("239.0.0.9" "lo") nil)))))

(ert-deftest describe-tests-report-unsupported ()
  (sockopt-tests-let
      ((udp (sockopt-tests-ui-udp)))
    (should (equal ":tcp-nodelay of ui-udp: not supported"
                   (sockopt-tests-ui-report udp :tcp-nodelay t t)))
    (should (eq nil (let ((inhibit-message t))
                      (sockopt-ui-report-setting udp :tcp-nodelay t t))))
    (should-error (sockopt-ui-report-setting udp :tcp-nodelay t nil)
                  :type 'sockopt-unsupported)
    (should-error (sockopt-ui-report-setting udp :tcp-nodely t nil)
                  :type 'sockopt-unsupported)))

(ert-deftest describe-tests-report-connecting ()
  "A process that is still connecting can be given an option."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-make-network-process
                :name "ui-waiting" :noquery t :nowait t :family 'ipv4
                :host "127.0.0.1" :sentinel #'ignore
                :service (process-contact server :service))))
    (should (member ":keepalive"
                    (progn
                      (sockopt-tests-ui-typing ": l i n g e r RET"
                        (sockopt-ui-read-option "Option" client))
                      (sockopt-tests-ui-all
                       (car sockopt-tests-ui-tables)))))
    (should (equal ":keepalive of ui-waiting: t, once it is connected"
                   (sockopt-tests-ui-report client :keepalive t nil)))
    (should (string-search "ui-waiting not here ("
                           (sockopt-tests-ui-describe :tcp-keepidle)))
    (with-timeout (5)
      (while (eq (process-status client) 'connect)
        (accept-process-output nil 0.05)))
    (should (eq t (sockopt-get client :keepalive)))))

(ert-deftest describe-tests-set-command ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server)))
    (sockopt-tests-ui-typing
        (concat "u i - c TAB RET : t c p - k e e p i d TAB RET"
                " 0 RET 4 5 RET")
      (call-interactively #'sockopt-set))
    (should (eql 45 (sockopt-get client :tcp-keepidle)))
    (should (eql 45 (process-contact client :tcp-keepidle)))
    (should (equal (list "Set option of process: "
                         "Set option of ui-client: ")
                   (cl-subseq (reverse sockopt-tests-ui-prompts) 0 2)))))

(ert-deftest describe-tests-set-refused ()
  "A value that only the kernel refuses is asked for again, with the reason."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server)))
    (sockopt-tests-ui-typing
        (concat "u i - c TAB RET : t c p - c o n g e s t i o n RET"
                " n o n e RET w o r s e RET r e n o RET")
      (call-interactively #'sockopt-set))
    (should (equal "reno" (sockopt-get client :tcp-congestion)))
    (should (string-match-p "\\`Cannot set network option: .*worse, .*\n\
Set :tcp-congestion to (" (car sockopt-tests-ui-prompts)))
    (should (string-search ", none, " (nth 1 sockopt-tests-ui-prompts)))
    ;; A program that asks to be told gets the error.
    (should (eq 'sockopt-system-error
                (car (sockopt-tests-error
                      (lambda () (sockopt-set client :tcp-congestion "none"
                                              nil t))))))
    ;; There is no other value to ask for.
    (should (eq 'sockopt-system-error
                (car (sockopt-tests-error
                      (lambda () (sockopt-set client :detach-filter t
                                              nil 'ask))))))))

(ert-deftest describe-tests-set-refused-quit ()
  "Whoever does not know another value leaves with C-g; nothing is set."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (client (sockopt-tests-ui-client server))
       (before (sockopt-get client :tcp-congestion)))
    (should (eq 'left
                (condition-case nil
                    (sockopt-tests-ui-typing "C-g"
                      (sockopt-set client :tcp-congestion "none" nil 'ask))
                  (quit 'left))))
    (should (equal before (sockopt-get client :tcp-congestion)))))

;;; Describing

(ert-deftest describe-tests-all ()
  "Every option can be described, from its row."
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (_client (sockopt-tests-ui-client server))
       (_udp (sockopt-tests-ui-udp)))
    (dolist (keyword (sockopt-option-list))
      (let ((option (sockopt-option keyword))
            (text (sockopt-tests-ui-describe keyword)))
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

(ert-deftest describe-tests-one ()
  (sockopt-tests-let
      ((server (sockopt-tests-ui-server))
       (_udp (sockopt-tests-ui-udp)))
    (sockopt-set server :tcp-keepidle 77)
    (let ((text (sockopt-tests-ui-describe :tcp-keepidle)))
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

(ert-deftest describe-tests-others ()
  "What is special about an option is said."
  (sockopt-tests-let
      ((_server (sockopt-tests-ui-server)))
    (cl-flet ((says (keyword words)
                    (should (string-search
                             words (sockopt-tests-ui-describe keyword)))))
      (says :ip-recverr "Caution: without `sockopt-receive', the first error")
      (says :reuseport "When: before the socket is bound, so when it is made; \
set later, it counts for sockets that are bound later")
      (says :linger "Caution: in batch, deleting the process may wait")
      (says :ip-tos "Changes: :priority")
      (says :reuseaddr "set later, it counts for sockets that are bound later")
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
                                 (sockopt-tests-ui-describe
                                  :bindtodevice)))
      ;; The kind has the names already.
      (should-not (string-search "Names:"
                                 (sockopt-tests-ui-describe
                                  :ip-mtu-discover))))))

(ert-deftest describe-tests-not-read ()
  "What changes the socket, or takes an argument, is not read unasked."
  (sockopt-tests-clean
    (sockopt-make-network-process :name "d" :type 'datagram :noquery t
                                  :host "127.0.0.1" :service 9)
    (dolist (option '(:error :ip-msfilter :priority))
      (save-window-excursion
        (sockopt-describe-option option)
        (with-current-buffer (help-buffer)
          (should (eq (and (string-search "In each network process"
                                          (buffer-string))
                           t)
                      (eq option :priority))))))))

(ert-deftest describe-tests-alias ()
  (should (string-prefix-p
           ":nodelay is another name of the socket option :tcp-nodelay."
           (sockopt-tests-ui-describe :nodelay))))

(ert-deftest describe-tests-unknown ()
  (should-error (sockopt-describe-option :keepaliv)
                :type 'sockopt-unsupported))

(ert-deftest describe-tests-back ()
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

(ert-deftest describe-tests-manual ()
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

(ert-deftest describe-tests-command ()
  "The default is the option at point."
  (save-window-excursion
    (dolist (mode '(emacs-lisp-mode text-mode))
      (with-temp-buffer
        (funcall mode)
        (insert "(sockopt-get process :linger)")
        (backward-char 3)
        (sockopt-tests-ui-typing "RET"
          (call-interactively #'sockopt-describe-option))
        (should (equal '("Describe socket option (default :linger): ")
                       sockopt-tests-ui-prompts))
        (should (string-prefix-p ":linger is"
                                 (with-current-buffer (help-buffer)
                                   (buffer-string))))
        (goto-char (+ 3 (point-min)))
        (should-not (sockopt-ui--option-at-point))))
    (with-temp-buffer
      (should-not (sockopt-ui--option-at-point)))))

(ert-deftest describe-tests-phases ()
  "When an option counts is said in words, for each row."
  (dolist (option (mapcar #'sockopt-option (sockopt-option-list)))
    (let ((phase (sockopt-option-phase option)))
      (should-not (equal (sockopt-ui--phase option) (symbol-name phase)))))
  (pcase-dolist (`(,keyword . ,words)
                 '((:tcp-keepidle . "at any time")
                   (:ip-freebind . "before the socket is bound")
                   (:tcp-ulp . "once the socket is connected")
                   (:tcp-save-syn . "on a socket that listens")))
    (should (string-prefix-p words (sockopt-ui--phase
                                    (sockopt-option keyword))))))

(ert-deftest describe-tests-tells ()
  "What the function of `sockopt-receive' is told."
  (should (string-search
           "Tells: :destination, :interface, to the function of"
           (sockopt-tests-ui-describe :ip-pktinfo))))

(provide 'describe-tests)
;;; describe-tests.el ends here
