;;; catalogue-tests.el --- Tests of what options there are  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'seq)

(declare-function sockopt--omission-reason "../module/emacs/sockopt-module.c"
                  (name))

(ert-deftest catalogue-tests-supported-p ()
  "The table knows the options, and the kernel those of a process."
  (dolist (keyword (sockopt-option-list))
    (should (eq (sockopt-supported-p keyword) t)))
  (dolist (keyword '(:attach-bpf :tcp-nodeley :name nil))
    (should-not (sockopt-supported-p keyword)))
  (sockopt-tests-with-sockets
    (pcase-dolist (`(,kind ,has ,has-not)
                   '((tcp4-client
                      (:keepalive :tcp-nodelay :nodelay :tcp-info :error
                                  :rcvbufforce :ip-tos)
                      (:udp-cork :passcred :ipv6-v6only :attach-bpf
                                 :ip-msfilter))
                     (udp4-client
                      (:broadcast :udp-cork :ip-add-membership
                                  :ip-msfilter :reuseport)
                      (:tcp-nodelay :tcp-info :passcred :vsock))
                     (local-stream-client
                      (:peercred :passcred :peerpidfd :reuseaddr)
                      (:tcp-nodelay :ip-ttl :ip-add-membership
                                    :udp-cork))))
      (let ((process (sockopt-tests-make kind)))
        (dolist (keyword has)
          (should (equal (list kind keyword
                               (sockopt-supported-p keyword process))
                         (list kind keyword t))))
        (dolist (keyword has-not)
          (should (equal (list kind keyword
                               (sockopt-supported-p keyword process))
                         (list kind keyword nil))))))))

(ert-deftest catalogue-tests-supported-but-not-now ()
  "What cannot be read at the moment is supported all the same."
  (sockopt-tests-with-sockets
    (let ((server (sockopt-tests-make 'udp4-server)))
      ;; The path has an MTU once there is a peer (ip(7)).
      (should (eq (car (sockopt-tests-error
                        (lambda () (sockopt-get server :ip-mtu))))
                  'sockopt-system-error))
      (should (eq (sockopt-supported-p :ip-mtu server) t)))))

(ert-deftest catalogue-tests-subfeatures ()
  "The options are subfeatures as soon as the library is there.
Asking for them does not load the module."
  (let ((answer
         (read
          (apply #'sockopt-tests-emacs
                 (append
                  (cl-loop for directory in load-path
                           append (list "-L" directory))
                  '("-l" "sockopt" "--eval"
                    "(prin1 (list (featurep 'sockopt :tcp-nodelay)
                                  (featurep 'sockopt :ip-add-membership)
                                  (featurep 'sockopt :attach-bpf)
                                  (fboundp 'sockopt--rows)
                                  (get 'sockopt 'subfeatures)))"))))))
    (should (equal (seq-take answer 4) '(t t nil nil)))
    (dolist (keyword (sockopt-option-list))
      (should (memq keyword (nth 4 answer))))))

(ert-deftest catalogue-tests-nodelay ()
  "The one alias, `:nodelay', is as good as `:tcp-nodelay'."
  (should-not (memq :nodelay (sockopt-option-list)))
  (should (eq (sockopt-option :nodelay) (sockopt-option :tcp-nodelay)))
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client :nodelay t)))
      (should (sockopt-get process :tcp-nodelay))
      (should (process-contact process :nodelay))
      (sockopt-set process :nodelay nil)
      (should-not (sockopt-get process :nodelay))
      (should-not (sockopt-get process :tcp-nodelay))
      (should-not (sockopt-contact process :nodelay)))))

(ert-deftest catalogue-tests-no-keyword ()
  "What is no keyword is of the wrong type; a symbol may want its colon."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (dolist (wrong '(nil 5 "keepalive"))
        (dolist (function (list (lambda () (sockopt-set process wrong t))
                                (lambda () (sockopt-get process wrong))))
          (let ((error (sockopt-tests-error function)))
            (should (eq (car error) 'wrong-type-argument))
            (should (equal (nth 2 error) wrong)))))
      (dolist (function (list (lambda () (sockopt-get process 'keepalive))
                              (lambda () (sockopt-set process 'keepalive t))))
        (should (string-match-p
                 "keepalive.*did you mean `:keepalive'"
                 (error-message-string (sockopt-tests-error function))))))))

(ert-deftest catalogue-tests-left-out ()
  "Options that were left out say why."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (dolist (keyword '(:attach-bpf :zerocopy :busy-poll :wifi-status :debug
                                     :ip-options :tcp-repair :udp-encap
                                     :tcp-zerocopy-receive))
        (let ((reason (sockopt--omission-reason (symbol-name keyword))))
          (should (stringp reason))
          (dolist (error (list (should-error (sockopt-get process keyword)
                                             :type 'sockopt-unsupported)
                               (should-error
                                (sockopt-set process keyword t)
                                :type 'sockopt-unsupported)
                               (should-error
                                (sockopt-tests-make 'tcp4-client
                                                    keyword t)
                                :type 'sockopt-unsupported)))
            (should (eq (cadr error) keyword))
            (should (string-suffix-p reason (caddr error)))))
        (should-not (sockopt-set process keyword t t)))
      (should (string-prefix-p "left out: "
                               (nth 2 (sockopt-tests-error
                                       (lambda ()
                                         (sockopt-get process
                                                      :SO_BUSY_POLL)))))))))

(ert-deftest catalogue-tests-left-out-or-in ()
  "No option is both in the table and left out."
  (dolist (keyword (sockopt-option-list))
    (should-not (sockopt--omission-reason (symbol-name keyword)))))

(ert-deftest catalogue-tests-unknown ()
  "An unknown option signals an error that names the nearest known one."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (pcase-dolist (`(,keyword ,near)
                     '((:keepalife :keepalive)
                       (:tcp-keepiddle :tcp-keepidle)
                       (:nodeley :nodelay) (:so-linger :linger)))
        (dolist (error (list (should-error (sockopt-get process keyword)
                                           :type 'sockopt-unsupported)
                             (should-error (sockopt-set process keyword 1)
                                           :type 'sockopt-unsupported)
                             (should-error (sockopt-option keyword)
                                           :type 'sockopt-unsupported)))
          (should (eq (cadr error) keyword))
          ;; The alias is not in the list of candidates.
          (unless (eq near :nodelay)
            (should (string-match-p (regexp-quote (symbol-name near))
                                    (caddr error)))))
        (should-not (sockopt-set process keyword 1 t))))))

(ert-deftest catalogue-tests-setf ()
  "An option is a generalized variable."
  (sockopt-tests-with-sockets
    (let ((process (sockopt-tests-make 'tcp4-client)))
      (should (eql (setf (sockopt-get process :tcp-keepcnt) 7) 7))
      (should (eql (sockopt-get process :tcp-keepcnt) 7))
      (cl-incf (sockopt-get process :tcp-keepcnt) 2)
      (should (eql (process-contact process :tcp-keepcnt) 9))
      ;; An argument would be taken for the value.
      (should-error (eval `(setf (sockopt-get ,process :ip-msfilter '(1 2)) 3)
                          t)
                    :type 'wrong-number-of-arguments))))

;;; Audit

(defconst catalogue-tests--manuals
  '("socket" "ip" "ipv6" "tcp" "udp" "unix" "vsock")
  "The pages of section 7 that document socket options.")

(defconst catalogue-tests--no-options
  '(;; Other names of the numbers of :attach-filter, to read it, and of
    ;; :detach-filter.
    "SO_GET_FILTER" "SO_DETACH_BPF"
    ;; A macro for the size of what :ip-msfilter takes.
    "IP_MSFILTER_SIZE"
    ;; Values of :ip-mtu-discover.
    "IP_PMTUDISC_DO" "IP_PMTUDISC_WANT" "IP_PMTUDISC_DONT"
    "IP_PMTUDISC_PROBE"
    ;; What an error that :ip-recverr reports came from.
    "SO_EE_ORIGIN_NONE" "SO_EE_ORIGIN_LOCAL" "SO_EE_ORIGIN_ICMP"
    "SO_EE_ORIGIN_ICMP6" "SO_EE_OFFENDER"
    ;; What :ip-recvorigdstaddr and :ipv6-recvorigdstaddr deliver.
    "IP_ORIGDSTADDR" "IPV6_ORIGDSTADDR"
    ;; The manual says that other systems have these.
    "IP_RCVDSTADDR" "IP_RECVIF"
    ;; The old name of what is now IPV6_2292PKTOPTIONS.
    "IPV6_PKTOPTIONS"
    ;; Gone since Linux 3.10; the manual has it in a comment.
    "TCP_COOKIE_TRANSACTIONS"
    ;; A constant inside the kernel.
    "TCP_SYNQ_HSIZE"
    ;; Values of UDP_ENCAP.
    "UDP_ENCAP_ESPINUDP" "UDP_ENCAP_ESPINUDP_NON_IKE"
    "UDP_ENCAP_L2TPINUDP")
  "Names in the manuals that are no socket options of Linux.")

(defvar catalogue-tests--directory "/usr/share/man/"
  "Where the manual is.")

(defun catalogue-tests--page (file)
  "Return the text of the page in FILE, compressed or not, or nil."
  (let ((file (expand-file-name file catalogue-tests--directory)))
    (with-temp-buffer
      (cond ((file-readable-p file) (insert-file-contents file))
            ((file-readable-p (concat file ".gz"))
             (call-process "zcat" nil t nil (concat file ".gz"))))
      (unless (= (buffer-size) 0)
        (buffer-string)))))

(defun catalogue-tests--references (text)
  "Return the names of section 2const that TEXT refers to."
  (let ((start 0) names)
    (while (string-match "\\([A-Z][A-Z0-9_]+\\)[ \t]*(2const)" text start)
      (push (match-string 1 text) names)
      (setq start (match-end 0)))
    names))

(defun catalogue-tests--manual (name)
  "Return the text of page NAME of section 7, or nil.
From man-pages 6.20 on most options of IP have pages of their own: the
text of the pages of section 2const that it refers to, and they, follows."
  (let ((waiting (list name)) seen (texts nil))
    (while waiting
      (let* ((one (pop waiting))
             (text (unless (member one seen)
                     (if (equal one name)
                         (catalogue-tests--page (format "man7/%s.7" one))
                       (or (catalogue-tests--page
                            (format "man2const/%s.2const" one))
                           (catalogue-tests--page
                            (format "man2/%s.2const" one)))))))
        (push one seen)
        (when text
          (push text texts)
          (setq waiting (append waiting
                                (catalogue-tests--references text))))))
    (and texts (mapconcat #'identity (nreverse texts) "\n"))))

(defun catalogue-tests--constants (name)
  "Return the constants named in page NAME that may be options."
  (let ((text (replace-regexp-in-string "\\\\[fF].\\|\\\\[&%]" ""
                                        (catalogue-tests--manual name)))
        (case-fold-search nil)
        (start 0)
        names)
    (while (string-match
            "\\(?:\\`\\|[^A-Z0-9_]\\)\\(\\(?:SO\\|IP\\|IPV6\\|\
TCP\\|UDP\\)_[A-Z0-9][A-Z0-9_]+\\)"
            text start)
      (push (match-string 1 text) names)
      (setq start (match-end 0)))
    (seq-uniq (nreverse names))))

(defun catalogue-tests--keyword (constant)
  "Return the keyword of CONSTANT by the rule of the names."
  (intern (concat ":" (downcase
                       (string-replace
                        "_" "-"
                        (replace-regexp-in-string "\\`SO_" ""
                                                  constant))))))

(ert-deftest catalogue-tests-audit ()
  "Each option in the manual has a row, or a reason to be left out."
  :tags '((needs :peercred))
  (unless (executable-find "zcat")
    (ert-skip "there is no zcat to read manuals with"))
  (let ((count 0) missing)
    (dolist (name catalogue-tests--manuals)
      (unless (catalogue-tests--manual name)
        (ert-skip (format "%s(7) is not installed: package `manpages'"
                          name)))
      (dolist (constant (catalogue-tests--constants name))
        (setq count (1+ count))
        (let ((keyword (catalogue-tests--keyword constant)))
          (unless (or (sockopt-supported-p keyword)
                      (sockopt--omission-reason (symbol-name keyword))
                      (member constant catalogue-tests--no-options))
            (push (list name constant) missing)))))
    (should (> count 120))
    (should-not missing)))

(ert-deftest catalogue-tests-manual ()
  "The pages that a page refers to are read, wherever they lie."
  (sockopt-tests-with-directory catalogue-tests--directory
    (pcase-dolist (`(,file . ,text)
                   '(("man7/ip.7" . ".B IP_ONE\n.BR IPPROTO_IP (2const)")
                     ("man2const/IPPROTO_IP.2const"
                      . ".BR IP_TWO (2const),\n.BR IP_GONE (2const)")
                     ("man2/IP_TWO.2const"
                      . ".B IP_THREE\n.BR IPPROTO_IP (2const)")))
      (let ((file (expand-file-name file catalogue-tests--directory)))
        (make-directory (file-name-directory file) t)
        (write-region text nil file nil 'quiet)))
    (should (equal (catalogue-tests--constants "ip")
                   '("IP_ONE" "IP_TWO" "IP_GONE" "IP_THREE")))
    (should-not (catalogue-tests--manual "ipv6"))))

(ert-deftest catalogue-tests-keyword-rule ()
  "Every keyword comes from its constant by the one rule."
  (dolist (keyword (sockopt-option-list))
    (should (eq (catalogue-tests--keyword
                 (sockopt-option-constant (sockopt-option keyword)))
                keyword))))

(provide 'catalogue-tests)
;;; catalogue-tests.el ends here
