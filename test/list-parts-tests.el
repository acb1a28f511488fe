;;; list-parts-tests.el --- Test parts of the list of connections  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)
(require 'sockopt-list)

;;; Columns

(defun list-parts-tests--text (symbol row)
  "Return the text that ROW has in the column SYMBOL."
  (sockopt-list--text (assq symbol sockopt-list--columns) row))

(ert-deftest list-parts-tests-numbers ()
  "Each number is that of its field, in its unit."
  (let ((row (sockopt-list--row-make
              :status 'open
              :numbers '(:tcp-info (:state established :rtt 20000
                                    :bytes-acked 12345678
                                    :bytes-received 2000 :total-retrans 7
                                    :last-data-recv 5000
                                    :last-ack-recv 6000 :unacked 0
                                    :notsent-bytes 9)
                         :meminfo (:rmem-alloc 11 :wmem-queued 22)
                         :keepalive nil :tcp-nodelay t))))
    (pcase-dolist (`(,symbol ,text)
                   '((rtt "20 ms") (out "12 MB") (in "2.0 kB")
                     (retransmits "7") (heard "5 s") (send-queue "9 B")
                     (receive-queue "11 B") (keepalive "off")
                     (nodelay "yes")))
      (ert-info ((symbol-name symbol))
        (should (equal (list-parts-tests--text symbol row) text))))
    ;; Nothing probes what has ended.
    (setf (sockopt-list--row-ended row) t)
    (should (equal (list-parts-tests--text 'keepalive row) ""))))

(ert-deftest list-parts-tests-state ()
  "What TCP says is the state while the process is open, if it is another."
  (pcase-dolist (`(,status ,state ,text)
                 '((open established "open") (open close-wait "close-wait")
                   (open nil "open") (closed close-wait "closed")
                   (stop established "stop") (listen listen "listen")))
    (should (equal (list-parts-tests--text
                    'state (sockopt-list--row-make
                            :status status
                            :numbers `(:tcp-info (:state ,state))))
                   text))))

(ert-deftest list-parts-tests-names ()
  "A buffer's name is shown beside that of the process if it is another."
  (pcase-dolist (`(,buffer ,text) '((nil "a") ("a" "a") ("b" "a (b)")))
    (should (equal (list-parts-tests--text
                    'name (sockopt-list--row-make :name "a"
                                                  :buffer buffer))
                   text))))

(ert-deftest list-parts-tests-rules ()
  "All rules for a connection are shown, with all that they set."
  (should (equal (list-parts-tests--text
                  'rule (sockopt-list--row-make
                         :rules '((nil a (:priority 1))
                                  ((:name "x") b))))
                 "a (:priority 1) b")))

(ert-deftest list-parts-tests-cut ()
  "A text is as wide as its column at most."
  (let ((row (sockopt-list--row-make :name "0123456789")))
    (should (= 5 (string-width
                  (sockopt-list--make-cell
                   '(name "Name" 5 nil sockopt-list--name) row))))))

(ert-deftest list-parts-tests-order ()
  "What is not known comes first, and is like what is not known."
  (pcase-dolist (`(,a ,b ,before)
                 '((1 2 t) (2 1 nil) (1 1 nil) (nil 1 t) (1 nil nil)
                   (nil nil nil) ("a" "b" t) ("b" "a" nil)))
    (should (eq (sockopt-list--before-p a b) before))))

(ert-deftest list-parts-tests-csv ()
  "What has a comma, a quote or a newline is quoted."
  (should (equal (sockopt-list--csv '(("a" "b\"c") ("d,e" "f\ng")))
                 "a,\"b\"\"c\"\n\"d,e\",\"f\ng\"")))

;;; The buffer

(defmacro list-parts-tests--with (bindings &rest body)
  "Evaluate BODY in the list of what BINDINGS, as of `let*', make."
  (declare (indent 1) (debug ((&rest (symbolp form)) body)))
  `(sockopt-tests-clean
     (let* ((inhibit-message t)
            ,@bindings)
       (save-window-excursion
         (sockopt-list-processes)
         (delete-other-windows)
         (unwind-protect
             (progn ,@body)
           (kill-buffer "*sockopt*"))))))

(defun list-parts-tests--names ()
  "Return the names in the list, in their order."
  (save-excursion
    (goto-char (point-min))
    (cl-loop until (eobp)
             for process = (tabulated-list-get-id)
             when process collect (process-name process)
             do (forward-line))))

(defun list-parts-tests--go (process)
  "Put point on the line of PROCESS."
  (goto-char (text-property-any (point-min) (point-max)
                                'tabulated-list-id process)))

(defun list-parts-tests--line (process)
  "Return the line of PROCESS."
  (save-excursion
    (list-parts-tests--go process)
    (buffer-substring-no-properties (point) (line-end-position))))

(ert-deftest list-parts-tests-new ()
  "New ones come last; one that had ended before is none."
  (list-parts-tests--with ((delete-exited-processes nil)
                           (server (sockopt-tests-server :name "b")))
    (let ((over (make-network-process
                 :name "over" :noquery t :nowait t :host "127.0.0.1"
                 :family 'ipv4 :service (sockopt-tests-free-port)
                 :sentinel #'ignore)))
      (sockopt-tests-wait
       (lambda () (eq (process-status over) 'failed)))
      (should (memq over (process-list)))
      (setq tabulated-list-sort-key nil)
      (sockopt-tests-server :name "a")
      (sockopt-list-refresh)
      (should (equal (list-parts-tests--names) '("b" "a")))
      (should server))))

(ert-deftest list-parts-tests-failed ()
  "What has failed stays so, also once it is deleted."
  (list-parts-tests--with
      ((delete-exited-processes nil)
       (server (sockopt-tests-full-server))
       (client (sockopt-tests-client server :name "late" :nowait t
                                     :sentinel #'ignore
                                     :connect-timeout 0.2)))
    (sockopt-tests-wait (lambda () (eq (process-status client) 'failed)))
    (sockopt-list-refresh)
    (should (string-match-p "late +failed" (list-parts-tests--line client)))
    (delete-process client)
    (sockopt-list-refresh)
    (should (string-match-p "late +failed"
                            (list-parts-tests--line client)))))

(ert-deftest list-parts-tests-columns-change ()
  "With other columns texts are cut anew, and sorting is by one of them."
  (list-parts-tests--with
      ((server (sockopt-tests-server :name (make-string 60 ?x))))
    (let ((sockopt-list-columns '(name)))
      (sockopt-list-refresh)
      (should (string-match-p "x\\{37\\}" (list-parts-tests--line server))))
    (setq tabulated-list-sort-key '("RTT" . nil))
    (let ((sockopt-list-columns '(name state remote local)))
      (sockopt-list-refresh)
      (should-not tabulated-list-sort-key)
      (should-not (string-match-p "x\\{37\\}"
                                  (list-parts-tests--line server)))
      (should (string-match-p "listen" (list-parts-tests--line server))))))

(ert-deftest list-parts-tests-window ()
  "A window of another size has the columns that fit there."
  (list-parts-tests--with ((_server (sockopt-tests-server)))
    (let ((columns sockopt-list--shown-columns))
      (setq sockopt-list--shown-columns nil)
      (sockopt-list--changed (selected-window))
      (should (equal sockopt-list--shown-columns columns)))))

(ert-deftest list-parts-tests-titles ()
  "Each place of a line is in the column above it; sorting goes to and fro."
  (list-parts-tests--with ((server (sockopt-tests-server)))
    (let ((start 2))
      (list-parts-tests--go server)
      (cl-loop for (column next) on sockopt-list--shown-columns
               while next
               do (cl-incf start (1+ (nth 2 column)))
               (pcase-dolist (`(,place ,title)
                              `((,(1- start) ,(cadr column))
                                (,start ,(cadr next))))
                 (move-to-column place t)
                 (should (equal (sockopt-list--title-at (point)) title)))))
    (setq tabulated-list-sort-key nil)
    (dolist (flip '(nil t nil t))
      (sockopt-list--sort-by "Name")
      (should (equal tabulated-list-sort-key (cons "Name" flip))))))

(ert-deftest list-parts-tests-cells ()
  "Texts that are kept follow the peer, and the rules."
  (sockopt-tests-with-mode '(((:name "u") (:priority 1)))
    (list-parts-tests--with
        ((udp (sockopt-make-network-process
               :name "u" :type 'datagram :host "127.0.0.1" :service 9
               :family 'ipv4 :noquery t)))
      (cl-flet ((cell (symbol)
                  (sockopt-list--cell (assq symbol sockopt-list--columns)
                                      (gethash udp sockopt-list--rows))))
        (should (equal (cell 'remote) "127.0.0.1:9"))
        (should (equal (cell 'rule) "(:priority 1)"))
        (set-process-datagram-address udp [127 0 0 1 10])
        (sockopt-list-refresh)
        (should (equal (cell 'remote) "127.0.0.1:10"))
        (should (equal (cell 'rule) "(:priority 1)"))
        (setq sockopt-rules '(((:name "u") (:priority 2))))
        (sockopt-list-refresh)
        (should (equal (cell 'rule) "(:priority 2)"))))))

(ert-deftest list-parts-tests-connected ()
  "What still connected when it was listed has its address once it is open."
  (list-parts-tests--with
      ((server (sockopt-tests-server))
       (client (sockopt-tests-client server :name "c" :nowait t)))
    (let ((address (format "127.0.0.1:%d"
                           (process-contact server :service))))
      (should-not (string-search address (list-parts-tests--line client)))
      (should (sockopt-tests-open-p client))
      (sockopt-list-refresh)
      (should (string-search address (list-parts-tests--line client))))))

(ert-deftest list-parts-tests-filter ()
  "A name is also looked for in the remote address."
  (list-parts-tests--with ((server (sockopt-tests-server :name "s"))
                           (_other (sockopt-tests-server :name "t")))
    (sockopt-list-filter-name
     (format ":%d\\'" (process-contact server :service)))
    (should (equal (list-parts-tests--names) '("s")))
    (should-error (sockopt-list-filter-name "[") :type 'user-error)))

;;; Marks and commands

(ert-deftest list-parts-tests-marks ()
  "Marks are turned around where they are shown; what is forgotten has none."
  (list-parts-tests--with ((a (sockopt-tests-server :name "a"))
                           (b (sockopt-tests-server :name "b")))
    (sockopt-list-filter-name "\\`a\\'")
    (sockopt-list-toggle-marks)
    (sockopt-list-filter-clear)
    (should (equal (hash-table-keys sockopt-list--marks) (list a)))
    (delete-process a)
    (sockopt-list-refresh)
    (sockopt-list-clear)
    (should (equal (list-parts-tests--names) '("b")))
    (should (= 0 (hash-table-count sockopt-list--marks)))
    ;; So all are copied.
    (should (= 2 (length (sockopt-list--table))))
    (should b)))

(ert-deftest list-parts-tests-try ()
  "What fails is said, with the reason, and the others are done."
  (sockopt-tests-clean
    (let ((all (list (sockopt-tests-server :name "a")
                     (sockopt-tests-server :name "b")
                     (sockopt-tests-server :name "c")))
          done said)
      (cl-letf (((symbol-function 'message)
                 (lambda (&rest arguments)
                   (push (apply #'format arguments) said))))
        (sockopt-list--say-failed
         (sockopt-list--try all
                            (lambda (process)
                              (unless (equal (process-name process) "b")
                                (error "Not %s" (process-name process)))
                              (push process done)))))
      (should (equal done (list (nth 1 all))))
      (should (equal said '("a: Not a\nc: Not c"))))))

(ert-deftest list-parts-tests-set ()
  "After an option is set, the list shows what that means."
  :tags '((needs :tcp-info))
  (list-parts-tests--with ((client (sockopt-tests-client
                                    (sockopt-tests-server) :name "c")))
    (should (string-match-p " off " (list-parts-tests--line client)))
    (list-parts-tests--go client)
    (execute-kbd-macro (kbd "s :keepalive RET RET"))
    (should (sockopt-get client :keepalive))
    (should-not (string-match-p " off " (list-parts-tests--line client)))))

;;; Updating by itself

(ert-deftest list-parts-tests-timer ()
  "There is one timer, and it waits while a question is asked."
  (list-parts-tests--with ((_server (sockopt-tests-server :name "a")))
    (setq-local sockopt-list-auto-update t)
    (sockopt-list--go-on)
    (sockopt-list--go-on)
    (should (= 1 (cl-count #'sockopt-list--tick timer-list
                           :key #'timer--function)))
    (sockopt-tests-server :name "b")
    (cl-letf (((symbol-function 'active-minibuffer-window)
               (lambda () (selected-window))))
      (sockopt-list--tick (current-buffer))
      (should-not (member "b" (list-parts-tests--names))))
    (sockopt-list--tick (current-buffer))
    (should (member "b" (list-parts-tests--names)))))

(provide 'list-parts-tests)
;;; list-parts-tests.el ends here
