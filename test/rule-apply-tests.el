;;; rule-apply-tests.el --- Tests of rules for live processes  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)
(require 'sockopt-apply)

(defvar sockopt--place-directory)

(defun rule-apply-tests--shown (&optional preview)
  "Apply the rules, or only PREVIEW that, and return what is shown."
  (save-window-excursion
    (unwind-protect
        (let ((inhibit-message t)
              (text-quoting-style 'grave))
          (sockopt-apply-rules preview)
          (with-current-buffer "*sockopt-rules*"
            (buffer-substring-no-properties (point-min) (point-max))))
      (kill-buffer "*sockopt-rules*"))))

(defmacro rule-apply-tests--with (rules &rest body)
  "Evaluate BODY with RULES and the mode off, then clean up."
  (declare (indent 1) (debug t))
  `(sockopt-tests-clean
     (let ((sockopt-rules ,rules)
           (sockopt-mode--reported nil))
       ,@body)))

(defconst rule-apply-tests--nothing
  "\\`The rules change nothing: [^\n]+\\.\n\\'"
  "A regexp for what is shown when there is nothing to change.")

(ert-deftest rule-apply-tests-adjusted-once ()
  "What the kernel makes of a value is foreseen, and not offered again."
  (rule-apply-tests--with
      '(((:name "client") (:rcvbuf 20000 :ip-tos ef :tcp-keepidle 77)))
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server))))
      (let ((preview (rule-apply-tests--shown t)))
        (should (string-match-p "^  :rcvbuf: [0-9]+ → 40000$" preview))
        (should (string-search "  :ip-tos: 0 → 184\n" preview))
        (should (string-search "  :tcp-keepidle: 7200 → 77\n" preview))
        (should (equal '(0 7200)
                       (sockopt-tests-values client :ip-tos :tcp-keepidle)))
        (should (equal preview (rule-apply-tests--shown))))
      (should (equal '(40000 184 77)
                     (sockopt-tests-values client :rcvbuf :ip-tos
                                           :tcp-keepidle)))
      (should (string-match-p rule-apply-tests--nothing
                              (rule-apply-tests--shown t)))
      ;; Whoever set it.
      (remhash client sockopt-mode--applied)
      (should (string-match-p rule-apply-tests--nothing
                              (rule-apply-tests--shown t))))))

(ert-deftest rule-apply-tests-adjusted-elsewhere ()
  "So it is for datagrams, IPv6 and local sockets."
  (sockopt-tests-with-directory directory
    (rule-apply-tests--with '((nil (:rcvbuf 20000)))
      (let* ((temporary-file-directory (file-name-as-directory directory))
             (sockopt--place-directory temporary-file-directory)
             (made (list (make-network-process
                         :name "d" :type 'datagram :noquery t
                         :host "127.0.0.1" :service 9)
                        (make-network-process
                         :name "l" :server t :family 'local :noquery t
                         :service (expand-file-name "s" directory)))))
        (when (file-exists-p "/proc/net/if_inet6")
          (push (make-network-process :name "six" :server t :family 'ipv6
                                      :noquery t :host "::1" :service t)
                made))
        (should (= (length made)
                   (sockopt-tests-times
                    "^  :rcvbuf: [0-9]+ → 40000$"
                    (split-string (rule-apply-tests--shown t) "\n"))))
        (rule-apply-tests--shown)
        (should (string-match-p rule-apply-tests--nothing
                                (rule-apply-tests--shown t)))
        (should (equal (directory-files directory nil "\\`sockopt-")
                       nil))))))

(ert-deftest rule-apply-tests-obstacles ()
  "What cannot be set is known before, and said in one line a reason."
  (rule-apply-tests--with
      '(((:name "client") (:tcp-maxseg 600 :udp-cork t :icmp-filter (0)
                                       :priority 3)))
    (sockopt-tests-core-client (sockopt-tests-core-server))
    (let ((none "  this socket has none: :udp-cork, :icmp-filter"))
      (let ((lines (split-string (rule-apply-tests--shown t) "\n")))
        (should (member "  :priority: 0 → 3" lines))
        (should (member none lines))
        (should (member "  too late, the socket is connected: :tcp-maxseg"
                        lines)))
      ;; And what applying does is that.
      (let ((lines (split-string (rule-apply-tests--shown) "\n")))
        (should (= 0 (sockopt-tests-times "refused" lines)))
        (should (member none lines))))))

(ert-deftest rule-apply-tests-late-but-so ()
  "What is too late to set, and is so already, is no obstacle."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)
                                        :ip-local-port-range '(0 60000)))
          (sockopt-mode--reported nil))
      (dolist (range '((0 60000) (0 50000)))
        (let ((sockopt-rules
               `(((:name "client") (:ip-local-port-range ,range)))))
          (should (eq (and (string-search "too late"
                                          (rule-apply-tests--shown t))
                           t)
                      (not (equal range (sockopt-get
                                         client
                                         :ip-local-port-range))))))))))

(ert-deftest rule-apply-tests-lacking ()
  "What the kernel says a socket lacks is an obstacle, but for a preset."
  (rule-apply-tests--with '(((:name "client") (:priority 3 :ip-ttl 40))
                            ((:name "client") low-latency))
    (sockopt-tests-core-client (sockopt-tests-core-server))
    (cl-letf (((symbol-function 'sockopt-supported-p)
               (lambda (option _process) (eq option :ip-ttl))))
      (should (equal (split-string (rule-apply-tests--shown t) "\n" t)
                     '("client" "  :ip-ttl: 64 → 40"
                       "    rule 1: ((:name \"client\")\
 (:priority 3 :ip-ttl 40))"
                       "  this socket has none: :priority"))))))

(ert-deftest rule-apply-tests-late-in-order ()
  "What is too late is named in the order of the rules."
  (rule-apply-tests--with
      '(((:name "client") (:tcp-syncnt 3 :tcp-maxseg 600
                           :tcp-fastopen-connect t)))
    (sockopt-tests-core-client (sockopt-tests-core-server))
    (should (string-search
             ": :tcp-syncnt, :tcp-maxseg, :tcp-fastopen-connect\n"
             (rule-apply-tests--shown t)))))

(ert-deftest rule-apply-tests-set-in-time ()
  "What a rule set in time is no obstacle, though it reads as another value."
  (sockopt-tests-with-rules '(((:name "client") (:tcp-maxseg 600)))
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server))))
      (should-not (equal (sockopt-get client :tcp-maxseg) 600))
      (should (string-match-p rule-apply-tests--nothing
                              (rule-apply-tests--shown t)))
      (remhash client sockopt-mode--applied)
      (should (string-search "too late" (rule-apply-tests--shown t))))))

(ert-deftest rule-apply-tests-first-rule-first ()
  "Rules stand in the order of what they change first."
  (rule-apply-tests--with
      '(((:name "client") (:priority 3 :ip-ttl 40 :tcp-keepidle 77))
        ((:name "cli") (:ip-ttl 50)))
    (sockopt-tests-core-client (sockopt-tests-core-server))
    (should (equal (cl-loop for line in (split-string
                                         (rule-apply-tests--shown t) "\n")
                            when (string-match "\\` +\\(:[a-z-]+\\|rule .\\)"
                                               line)
                            collect (match-string 1 line))
                   '(":priority" ":tcp-keepidle" "rule 1" ":ip-ttl"
                     "rule 2")))))

(ert-deftest rule-apply-tests-scratch ()
  "What shows how the kernel rounds leaves no descriptor, garbage or not."
  (skip-unless (file-directory-p "/proc/self/fd"))
  (sockopt-tests-clean
    (let* ((contact (process-contact (sockopt-tests-core-server) t))
           (made (lambda ()
                   (sockopt-apply--made contact '(:rcvbuf 20000)))))
      (should (equal (funcall made) '((40000))))
      (let ((gc-cons-threshold most-positive-fixnum)
            (before (sockopt-tests-descriptors)))
        (funcall made)
        (should (= (sockopt-tests-descriptors) before))))))

(ert-deftest rule-apply-tests-looking-up ()
  "Of what core still looks up the host of, nothing is said."
  (rule-apply-tests--with '((nil (:priority 3)))
    (let ((process (make-network-process
                    :name "u" :host "no-such-host.invalid" :service 9
                    :nowait t :noquery t :sentinel #'ignore)))
      (should (sockopt-tests-looking-up-p process))
      (should-not (sockopt-apply--connecting-p process))
      (should (sockopt-apply--connecting-p
               (sockopt-tests-client (sockopt-tests-full-server)
                                     :nowait t))))))

(ert-deftest rule-apply-tests-preset-elsewhere ()
  "A preset says nothing of sockets that lack its options."
  (sockopt-tests-with-directory directory
    (rule-apply-tests--with '((nil dead-peer low-latency))
      (make-network-process :name "l" :server t :family 'local :noquery t
                            :service (expand-file-name "s" directory))
      (make-network-process :name "d" :type 'datagram :noquery t
                            :host "127.0.0.1" :service 9)
      (let ((shown (rule-apply-tests--shown)))
        (should-not (string-search ":tcp" shown))
        (should-not (string-search "none" shown))
        (should (string-search "  :keepalive: nil → t\n" shown)))
      (should (string-match-p rule-apply-tests--nothing
                              (rule-apply-tests--shown t))))))

(ert-deftest rule-apply-tests-which-rule ()
  "Each change stands above the rule that makes it."
  (rule-apply-tests--with '((nil (:priority 3))
                            ((:name "client") (:priority 4 :ip-ttl 40))
                            ((:name "cli") (:tcp-keepidle 77)))
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server))))
      (should (string-search
               (concat "client\n"
                       "  :priority: 0 → 4\n"
                       "  :ip-ttl: 64 → 40\n"
                       "    rule 2: ((:name \"client\")"
                       " (:priority 4 :ip-ttl 40))\n"
                       "  :tcp-keepidle: 7200 → 77\n"
                       "    rule 3: ((:name \"cli\") (:tcp-keepidle 77))\n")
               (rule-apply-tests--shown)))
      (should (equal '(4 40 77)
                     (sockopt-tests-values client :priority :ip-ttl
                                           :tcp-keepidle))))))

(ert-deftest rule-apply-tests-wrong-first ()
  "Wrong rules stand first, with what was meant, each time."
  (rule-apply-tests--with '((nil (:ip-ttl 64)) ((:serivce 7) dead-peer))
    (sockopt-tests-core-client (sockopt-tests-core-server))
    (let ((start (concat "Wrong rules, which are not used:\n\n"
                         "  rule 2: ((:serivce 7) dead-peer)\n"
                         "    Unknown condition `:serivce';"
                         " did you mean `:service'?\n\n")))
      (dolist (preview '(t nil t))
        ;; The reason was put into words when the rule was first seen.
        (setq sockopt-rules--state nil)
        (should (equal (concat start "The other rules change nothing:"
                               " 2 of 2 connections match one, with nothing"
                               " left to set.\n")
                       (rule-apply-tests--shown preview))))
      (let ((sockopt-rules 5))
        (should (string-match-p "\\`Wrong rules.*\n\n.*5\n.*must be a list"
                                (rule-apply-tests--shown)))))))

(ert-deftest rule-apply-tests-why-nothing ()
  "What changes nothing says why, and that the mode is off."
  (rule-apply-tests--with '(((:name "nobody") dead-peer))
    (should (equal (rule-apply-tests--shown)
                   (concat "The rules change nothing:"
                           " there are no connections.\n")))
    (sockopt-tests-core-server)
    (should (equal (rule-apply-tests--shown)
                   (concat "The rules change nothing:"
                           " no connection matches one.\n")))
    (should (string-search "is off" (sockopt-apply--header nil t)))
    (should-not (string-search "Applied" (sockopt-apply--header nil nil)))
    (let ((sockopt-mode t))
      (should-not (string-search "is off" (sockopt-apply--header nil t))))
    (let ((sockopt-rules '((:name "x") dead-peer)))
      (should (equal (rule-apply-tests--shown)
                     (concat "Wrong rules, which are not used:\n\n"
                             "  sockopt-rules: ((:name \"x\") dead-peer)\n"
                             "    A list of rules has parentheses of its own:"
                             " (((:name \"x\") dead-peer))\n\n"))))))

(ert-deftest rule-apply-tests-failed ()
  "What a rule could not set of a process is listed, too."
  (sockopt-tests-with-rules '((nil (:tcp-congestion "nosuch")))
    (let ((inhibit-message t))
      (sockopt-tests-core-server))
    (should (string-match-p
             (concat "\\`Rules that failed for a process:\n\n"
                     "  rule 1: .*\n    :tcp-congestion: .")
             (rule-apply-tests--shown t)))))

(ert-deftest rule-apply-tests-keys ()
  "In the buffer, `g' looks again and `a' applies."
  (rule-apply-tests--with '(((:name "client") (:priority 3)))
    (let ((client (sockopt-tests-core-client (sockopt-tests-core-server)))
          (inhibit-message t))
      (save-window-excursion
        (unwind-protect
            (progn
              (sockopt-apply-rules t)
              (switch-to-buffer "*sockopt-rules*")
              (goto-char (point-max))
              (sockopt-set client :priority 5)
              (execute-kbd-macro "g")
              (should (string-search ":priority: 5 → 3" (buffer-string)))
              (should (equal 5 (sockopt-get client :priority)))
              (execute-kbd-macro "a")
              (should (equal 3 (sockopt-get client :priority)))
              (execute-kbd-macro "g")
              (should (string-match-p rule-apply-tests--nothing
                                      (buffer-string))))
          (kill-buffer "*sockopt-rules*"))))))

(ert-deftest rule-apply-tests-set-only ()
  "An option that cannot be read is not set again once it has been."
  (rule-apply-tests--with
      '(((:name "d") (:ip-add-membership ("239.1.2.3" "lo"))))
    (make-network-process :name "d" :type 'datagram :server t :noquery t
                          :host "127.0.0.1" :service t :family 'ipv4)
    (should (string-search ":ip-add-membership: unknown → "
                           (rule-apply-tests--shown)))
    (should (string-match-p rule-apply-tests--nothing
                            (rule-apply-tests--shown)))))

(ert-deftest rule-apply-tests-child-options ()
  "Rules give a server that there is options for its children."
  (rule-apply-tests--with
      '(((:server t) (:child-options (:tcp-keepidle 77 :priority 3))))
    (let ((server (sockopt-tests-core-server :name "served"
                                             :filter #'sockopt-tests-echo)))
      (should (string-search
               "  :child-options: nil → (:tcp-keepidle 77 :priority 3)\n"
               (rule-apply-tests--shown)))
      (should (string-match-p rule-apply-tests--nothing
                              (rule-apply-tests--shown t)))
      ;; Options that it had for them stay; the last rule is named.
      (sockopt-set-child-options server '(:ip-ttl 40 :priority 5))
      (let ((sockopt-rules
             '(((:server t) (:child-options (:tcp-keepidle 77)))
               ((:server t) (:child-options (:priority 3))))))
        (should (string-search
                 (concat "  :child-options: (:ip-ttl 40 :priority 5) → "
                         "(:ip-ttl 40 :priority 3 :tcp-keepidle 77)\n"
                         "    rule 2: ")
                 (rule-apply-tests--shown))))
      ;; What is no server has no children.
      (let ((sockopt-rules
             '(((:name "client") (:child-options (:priority 3))))))
        (sockopt-tests-core-client server)
        (should (string-match-p rule-apply-tests--nothing
                                (rule-apply-tests--shown t))))
      (should (sockopt-tests-answers-p (sockopt-tests-core-client server)))
      (let ((child (cl-find-if (lambda (process)
                                 (string-prefix-p "served <"
                                                  (process-name process)))
                               (process-list))))
        (should (equal '(77 3) (sockopt-tests-values child :tcp-keepidle
                                                     :priority)))))))

(provide 'rule-apply-tests)
;;; rule-apply-tests.el ends here
