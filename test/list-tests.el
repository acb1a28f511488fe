;;; list-tests.el --- Test the list of connections  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-mode)
(require 'sockopt-list)

(defmacro list-tests--with (bindings &rest body)
  "Evaluate BODY in the list of what BINDINGS, as of `let*', make.
There is a server named server before."
  (declare (indent 1) (debug ((&rest (symbolp form)) body)))
  `(sockopt-tests-clean
     (let* ((server (sockopt-tests-server :name "alpha"))
            ,@bindings
            (inhibit-message t))
       (ignore server)
       (save-window-excursion
         (sockopt-list-processes)
         (delete-other-windows)
         (unwind-protect
             (progn ,@body)
           (kill-buffer "*sockopt*"))))))

(defun list-tests--keys (keys)
  "Type KEYS, as for `kbd', in the selected window's buffer."
  (set-buffer (window-buffer))
  (execute-kbd-macro (kbd keys))
  (set-buffer (window-buffer)))

(defun list-tests--names ()
  "Return the names in the list, in their order, but for those accepted."
  (save-excursion
    (goto-char (point-min))
    (cl-loop until (eobp)
             for process = (tabulated-list-get-id)
             when (and process
                       (not (string-search "<" (process-name process))))
             collect (process-name process)
             do (forward-line))))

(defun list-tests--go (process)
  "Put point on the line of PROCESS."
  (goto-char (text-property-any (point-min) (point-max)
                                'tabulated-list-id process)))

(defun list-tests--title (title)
  "Put point on TITLE of a column."
  (goto-char (point-min))
  (search-forward title)
  (goto-char (match-beginning 0)))

(defun list-tests--line ()
  "Return the line that point is on."
  (buffer-substring-no-properties (line-beginning-position)
                                  (line-end-position)))

(defun list-tests--marked ()
  "Return the names of those that have a mark in the list."
  (save-excursion
    (goto-char (point-min))
    (cl-loop while (re-search-forward "^\\* " nil t)
             collect (process-name (tabulated-list-get-id)))))

(ert-deftest list-tests-columns ()
  "What the columns of a connection, a server and a datagram socket say."
  :tags '((needs :tcp-info))
  (list-tests--with ((client (sockopt-tests-client
                              server :name "beta" :keepalive t
                              :tcp-keepidle 90 :tcp-nodelay t))
                     (udp (sockopt-make-network-process
                           :name "gamma" :type 'datagram :server t
                           :noquery t :host "127.0.0.1" :service t
                           :family 'ipv4)))
    (let ((port (process-contact server :service)))
      (should (string-match-p "\\` +Name +State +Remote +RTT +Keep +SendQ"
                              (buffer-string)))
      (list-tests--go client)
      (should (string-match-p
               (format "\\`  beta +open +127\\.0\\.0\\.1:%d +[0-9.]+ [mµ]?s \
+\\(?:90\\|89\\) s +0 B +0 B *\\'" port)
               (list-tests--line)))
      (list-tests--go server)
      (should (string-match-p "\\`  alpha +listen +on 127\\.0\\.0\\.1:[0-9]+ *\\'"
                              (list-tests--line)))
      (list-tests--go udp)
      (should (string-match-p "\\`  gamma +open +on 127\\.0\\.0\\.1:[0-9]+ +0 B +0 B *\\'"
                              (list-tests--line)))
      (let ((row (gethash client sockopt-list--rows)))
        (pcase-dolist (`(,symbol ,text)
                       `((type "tcp") (nodelay "yes") (retransmits "0")
                         (tls "") (rule "")
                         (local ,(format-network-address
                                  (process-contact client :local)))))
          (should (equal (sockopt-list--text
                          (assq symbol sockopt-list--columns) row)
                         text)))))))

(ert-deftest list-tests-cells ()
  "Texts that are kept are made anew when what they show changes."
  (list-tests--with ((buffer (generate-new-buffer "old"))
                     (client (sockopt-tests-client server :name "a"
                                                   :buffer buffer)))
    (should (string-search "a (old) " (buffer-string)))
    (with-current-buffer buffer
      (rename-buffer "new"))
    (list-tests--keys "g")
    (should (string-search "a (new) " (buffer-string)))
    (set-process-buffer client nil)
    (kill-buffer buffer)
    (list-tests--keys "g")
    (should-not (string-search "(new)" (buffer-string)))))

(ert-deftest list-tests-width ()
  "The columns that fit are shown, the first of them in any case."
  (let ((sockopt-list-columns '(name state remote rtt)))
    (pcase-dolist (`(,width . ,columns)
                   '((1 name) (27 name) (28 name state) (49 name state)
                     (50 name state remote) (57 name state remote rtt)))
      (should (equal (mapcar #'car (sockopt-list--fitting width)) columns)))
    ;; Names and addresses have a share, and names what is left over.
    (pcase-dolist (`(,width ,name ,remote)
                   '((57 14 21) (61 17 21) (80 36 21) (120 44 24)
                     (200 57 40)))
      (let ((columns (sockopt-list--fitting width)))
        (should (equal (nth 2 (nth 0 columns)) name))
        (should (equal (nth 2 (nth 2 columns)) remote)))))
  ;; One that nobody knows is warned of, and the list is there.
  (let ((sockopt--wrong-values '((sockopt-list-columns name wrong)))
        (sockopt-list-columns '(name wrong)))
    (should (< 2 (length (sockopt-list--fitting 80))))))

(ert-deftest list-tests-shorten ()
  "An address that is too long keeps its end, where the port is."
  (pcase-dolist (`(,text ,width ,short)
                 '(("127.0.0.1:80" 12 "127.0.0.1:80")
                   ("on 127.0.0.1:80" 12 "on …0.0.1:80")
                   ("[2001:db8::8a2e:370:7334]:443" 21 "[2001:…:370:7334]:443")
                   ("/run/user/1000/emacs/server" 21 "/run/u…0/emacs/server")
                   ("" 5 "")))
    (cl-letf (((symbol-function 'truncate-string-ellipsis)
               (lambda () "…")))
      (let ((cut (sockopt-list--shorten text width)))
        (should (equal cut short))
        (should (<= (string-width cut) width))))))

(ert-deftest list-tests-state ()
  "A state that TCP has says more than that of the process."
  :tags '((needs :tcp-info))
  (list-tests--with ((child nil)
                     (shy (sockopt-tests-server
                           :name "shy"
                           :log (lambda (_server one _message)
                                  (setq child one))))
                     (client (sockopt-tests-client shy :name "left"
                                                   :stop t)))
    (sockopt-tests-wait (lambda () child))
    (process-send-eof child)
    (sockopt-tests-wait #'ignore 0.1)
    (set-process-filter client t)
    (continue-process client)
    (list-tests--keys "g")
    (list-tests--go client)
    (should (string-match-p "\\`  left +close-wait 127" (list-tests--line)))
    (list-tests--go child)
    (should (string-match-p " fin-wait2  127" (list-tests--line)))))

(ert-deftest list-tests-connecting ()
  "A process that still connects, by core or by us, is only listed."
  :tags '((needs :tcp-info))
  (list-tests--with ((full (sockopt-tests-full-server))
                     (core (make-network-process
                            :name "core" :noquery t :nowait t
                            :remote (process-contact full :local)))
                     (ours (sockopt-make-network-process
                            :name "ours" :noquery t :nowait t
                            :family 'ipv4 :host "127.0.0.1"
                            :service (process-contact full :service))))
    (dolist (process (list core ours))
      (list-tests--go process)
      (should (string-match-p "\\`  \\(?:core\\|ours\\) +connect "
                              (list-tests--line)))
      (list-tests--keys "RET")
      (should (string-search "The process is still connecting"
                             (buffer-string)))
      (kill-buffer)
      (switch-to-buffer "*sockopt*"))
    (list-tests--go full)
    (list-tests--keys "/ m stalled RET")
    (should (equal (list-tests--names) '("full")))))

(ert-deftest list-tests-ports ()
  "At 80 columns each line has its port, a server's too, and its name."
  (list-tests--with ((client (sockopt-tests-client
                              server :name "beta"
                              :buffer (generate-new-buffer "*beta*")))
                     (unix (make-network-process
                            :name "unix" :server t :family 'local
                            :noquery t
                            :service (make-temp-name
                                      (expand-file-name
                                       "a-socket-with-a-name-"
                                       temporary-file-directory)))))
    (let ((port (format ":%d " (process-contact server :service)))
          (file (process-contact unix :service)))
      (unwind-protect
          (progn
            (list-tests--go server)
            (should (string-search port (list-tests--line)))
            (list-tests--go client)
            (should (string-search port (list-tests--line)))
            ;; Its buffer is called like all of such names are.
            (should (string-prefix-p "  beta   " (list-tests--line)))
            (list-tests--go unix)
            (should (string-search (substring file -10)
                                   (list-tests--line))))
        (delete-process unix)
        (delete-file file)
        (kill-buffer (process-buffer client))))))

(ert-deftest list-tests-fits ()
  "No line is wider than the window."
  (list-tests--with ((client (sockopt-tests-client
                              server :name (make-string 60 ?x))))
    (should client)
    (goto-char (point-min))
    (while (not (eobp))
      (end-of-line)
      (should (<= (current-column) (window-body-width)))
      (forward-line))))

(ert-deftest list-tests-texts ()
  "Numbers fit into their columns, however large."
  (pcase-dolist (`(,bytes . ,text)
                 '((0 . "0 B") (999 . "999 B") (1000 . "1.0 kB")
                   (9949 . "9.9 kB") (9950 . "10 kB") (999499 . "999 kB")
                   (999500 . "1.0 MB") (123456789 . "123 MB")
                   (5000000000 . "5.0 GB") (123000000000 . "123 GB")))
    (should (equal (sockopt-list--bytes bytes) text))
    (should (<= (string-width text) 6)))
  (dolist (seconds '(0 0.0009 0.00999 0.9999 9.99 119.9 7199 172799 172800
                       99999999))
    (should (<= (string-width (sockopt-list--time seconds)) 7)))
  (should (equal (sockopt-list--time -1) "off"))
  (should (equal (sockopt-list--time 864000) "10 d")))

(ert-deftest list-tests-sort ()
  "S sorts by the column at point, both ways; equals stay in order."
  (list-tests--with ((_c (sockopt-tests-client server :name "c"))
                     (_a (sockopt-tests-client server :name "a"))
                     (_b (sockopt-tests-client server :name "b")))
    (list-tests--title "Name")
    (list-tests--keys "S")
    (should (equal (list-tests--names) '("a" "alpha" "b" "c")))
    (list-tests--keys "S")
    (should (equal (list-tests--names) '("c" "b" "alpha" "a")))
    (list-tests--title "State")
    (list-tests--keys "S")
    (should (equal (list-tests--names) '("alpha" "c" "b" "a")))
    (list-tests--keys "S g g")
    (should (equal (list-tests--names) '("c" "b" "a" "alpha")))
    ;; By a click on the title.
    (list-tests--title "Name")
    (should (eq (command-remapping 'tabulated-list-col-sort)
                'sockopt-list-sort-by-click))
    (sockopt-list-sort-by-click
     `(mouse-1 (,(selected-window) ,(point) (0 . 0) 0 nil ,(point))))
    (should (equal (list-tests--names) '("a" "alpha" "b" "c")))))

(ert-deftest list-tests-header ()
  "The line above says what is shown, or has the titles scrolled away."
  (list-tests--with ((client (sockopt-tests-client server :name "a")))
    (should (string-match-p "\\` [0-9] connections, updated 0 s ago\\'"
                            (sockopt-list--header)))
    (cl-incf sockopt-list--updated -7)
    (should (string-search "updated 7 s ago" (sockopt-list--header)))
    (list-tests--go client)
    (set-window-start nil (line-beginning-position))
    (should (string-match-p "Name +State" (sockopt-list--header)))))

(ert-deftest list-tests-filter ()
  "Filters by name, state and meaning, alone and together."
  :tags '((needs :tcp-info))
  (list-tests--with ((client (sockopt-tests-client server :name "beta"))
                     (_kept (sockopt-tests-client server :name "kept"
                                                  :keepalive t)))
    (list-tests--keys "/ n ^be RET")
    (should (equal (list-tests--names) '("beta")))
    (should (string-match-p "\\`1 of [0-9] connections (/^be/), updated 0 s"
                            (sockopt-list--status)))
    (list-tests--keys "/ /")
    (should (equal (list-tests--names) '("alpha" "beta" "kept")))
    (list-tests--keys "/ n 127 RET / s open RET")
    (should (equal (list-tests--names) '("beta" "kept")))
    (list-tests--keys "/ / / s listen RET")
    (should (equal (list-tests--names) '("alpha")))
    (list-tests--keys "/ / / m listening RET")
    (should (equal (list-tests--names) '("alpha")))
    (list-tests--keys "/ m no SPC keepalive RET")
    (should (equal (list-tests--names) '("beta")))
    (list-tests--keys "/ m stalled RET")
    (should (equal (list-tests--names) nil))
    (with-temp-buffer
      (text-mode)
      (set-process-buffer client (current-buffer))
      (with-current-buffer "*sockopt*"
        (list-tests--keys "/ m owned SPC by SPC text-mode RET")
        (should (equal (list-tests--names) '("beta")))))))

(ert-deftest list-tests-stalled ()
  "A connection whose peer does not read is stalled."
  :tags '((needs :tcp-info))
  (list-tests--with ((child nil)
                     (busy (sockopt-tests-server
                            :name "busy"
                            :log (lambda (_server one _message)
                                   (setq child one))))
                     (client (sockopt-tests-client busy :name "deaf")))
    (set-process-filter client t)
    (sockopt-tests-wait (lambda () child))
    (with-timeout (0.3)
      (process-send-string child (make-string 9000000 ?x)))
    (list-tests--keys "g / m stalled RET")
    (should (equal (list-tests--names) '("deaf")))
    (should (= sockopt-list--shown 2))
    (list-tests--go child)
    (should (string-match-p " [0-9.]+ MB " (list-tests--line)))))

(ert-deftest list-tests-marks ()
  "Marks are kept by process, whatever the order."
  (list-tests--with ((a (sockopt-tests-client server :name "a"))
                     (_b (sockopt-tests-client server :name "b")))
    (list-tests--go a)
    (list-tests--keys "m")
    (should (equal (list-tests--marked) '("a")))
    (should (equal (process-name (tabulated-list-get-id)) "b"))
    (list-tests--title "Name")
    (list-tests--keys "S S g")
    (should (equal (list-tests--marked) '("a")))
    (list-tests--keys "/ n ^[ab]$ RET t")
    (should (equal (list-tests--marked) '("b")))
    (list-tests--keys "/ / U")
    (should-not (list-tests--marked))
    (list-tests--keys "% listen RET")
    (should (equal (list-tests--marked) '("alpha")))
    (list-tests--go server)
    (list-tests--keys "u")
    (should-not (list-tests--marked))))

(ert-deftest list-tests-set ()
  "s sets an option of all that are marked, else of the one at point."
  (list-tests--with ((a (sockopt-tests-client server :name "a"))
                     (b (sockopt-tests-client server :name "b"))
                     (c (sockopt-tests-client server :name "c")))
    (list-tests--go a)
    (list-tests--keys "m m")
    (list-tests--go c)
    (list-tests--keys "s :priority RET 4 RET")
    (should (equal (mapcar (lambda (it) (sockopt-get it :priority))
                           (list a b c))
                   '(4 4 0)))
    (list-tests--keys "U")
    (list-tests--go c)
    (list-tests--keys "s :priority RET 2 RET")
    (should (equal (mapcar (lambda (it) (sockopt-get it :priority))
                           (list a b c))
                   '(4 4 2)))))

(ert-deftest list-tests-set-refused ()
  "What all that are marked refuse is asked again, what some do is said."
  (list-tests--with ((a (sockopt-tests-client server :name "a"))
                     (b (sockopt-tests-client server :name "b")))
    (list-tests--go a)
    (list-tests--keys "m m")
    (should-not (sockopt-get a :bindtodevice))
    (list-tests--keys "s :bindtodevice RET nope RET lo RET")
    (should (equal (mapcar (lambda (it) (sockopt-get it :bindtodevice))
                           (list a b))
                   '("lo" "lo")))
    (cl-letf* ((messages nil)
               ((symbol-function 'message)
                (lambda (&rest rest) (push (apply #'format rest) messages)))
               (set (symbol-function 'sockopt-set))
               ((symbol-function 'sockopt-set)
                (lambda (process &rest rest)
                  (when (eq process b)
                    (signal 'sockopt-system-error '("Cannot" "No")))
                  (apply set process rest))))
      (list-tests--keys "s :priority RET 3 RET")
      (should (member "b: Cannot: No" messages)))
    (should (equal (sockopt-get a :priority) 3))))

(ert-deftest list-tests-commands ()
  "RET describes, p probes, w watches, b and o show the buffer."
  (list-tests--with ((buffer (generate-new-buffer "its buffer"))
                     (client (sockopt-tests-client server :name "a"
                                                   :buffer buffer)))
    (let (asked)
      (cl-letf (((symbol-function 'sockopt-probe)
                 (lambda (&rest it) (push it asked)))
                ((symbol-function 'sockopt-watch)
                 (lambda (&rest it) (push it asked))))
        (list-tests--go client)
        (list-tests--keys "p w")
        (should (equal asked (make-list 2 `((,client)))))))
    (list-tests--keys "RET")
    (should (equal (buffer-name) "*sockopt a*"))
    (kill-buffer)
    (switch-to-buffer "*sockopt*")
    (list-tests--go client)
    (list-tests--keys "o")
    (should (equal (buffer-name) "its buffer"))
    (should (get-buffer-window "*sockopt*"))
    (delete-other-windows)
    (switch-to-buffer "*sockopt*")
    (list-tests--keys "b")
    (should (equal (buffer-name) "its buffer"))
    (should-not (get-buffer-window "*sockopt*"))
    (kill-buffer buffer)
    (switch-to-buffer "*sockopt*")
    (list-tests--go client)
    (should-error (list-tests--keys "b") :type 'user-error)))

(ert-deftest list-tests-ended ()
  "What has ended stays with its totals until it is cleared."
  :tags '((needs :tcp-info))
  (list-tests--with ((a (sockopt-tests-client server :name "a"))
                     (b (sockopt-tests-client server :name "b")))
    (process-send-string a "12345")
    (sockopt-tests-wait #'ignore 0.1)
    (list-tests--keys "g")
    (list-tests--go a)
    (list-tests--keys "k no RET")
    (should (process-live-p a))
    (list-tests--keys "k yes RET")
    (should-not (process-live-p a))
    (should (string-match-p "\\`  a +closed " (list-tests--line)))
    (should (string-match-p "; 1 ended: 0 B in, 6 B out, 0 sent again\\'"
                            (sockopt-list--status)))
    (list-tests--keys "/ m ended RET")
    (should (equal (list-tests--names) '("a")))
    (should-error (list-tests--keys "s") :type 'user-error)
    (list-tests--keys "/ / c")
    (should (equal (list-tests--names) '("alpha" "b")))
    (should-not (string-search "ended" (sockopt-list--status)))
    (should (process-live-p b))))

(ert-deftest list-tests-point ()
  "Point follows its row, in every window."
  (list-tests--with ((a (sockopt-tests-client server :name "a"))
                     (b (sockopt-tests-client server :name "b")))
    (list-tests--go b)
    (forward-char 5)
    (let ((other (split-window)))
      (set-window-point other (save-excursion (list-tests--go a) (point)))
      (goto-char (window-point))
      (list-tests--keys "/ n ^[ab]$ RET")
      (should (eq (tabulated-list-get-id) b))
      (should (= (current-column) 5))
      (should (eq (tabulated-list-get-id (window-point other)) a)))))

(ert-deftest list-tests-copy ()
  "What is shown is copied as an Org table, or as CSV."
  :tags '((needs :tcp-info))
  (list-tests--with ((a (sockopt-tests-client server :name "a,\"b\""))
                     (_c (sockopt-tests-client server :name "c|d")))
    (let ((sockopt-list-columns '(name state nodelay))
          (kill-ring nil))
      (list-tests--keys "/ s open RET C")
      (should (string-prefix-p "| Name | State | NoDelay |
|-
| a,\"b\" | open | no |
| c\\vert{}d | open | no |\n" (current-kill 0)))
      (list-tests--go a)
      (list-tests--keys "m C-u C")
      (should (equal (current-kill 0) "Name,State,NoDelay
\"a,\"\"b\"\"\",open,no\n")))))

(ert-deftest list-tests-auto-update ()
  "The list is updated while it is visible, if asked for, else never."
  (list-tests--with ((sockopt-list-interval 0.1))
    (should-not sockopt-list--timer)
    (list-tests--keys "a")
    (should sockopt-list--timer)
    (sockopt-tests-client server :name "new")
    (should (sockopt-tests-wait
             (lambda () (member "new" (list-tests--names)))))
    (switch-to-buffer "*scratch*")
    (with-current-buffer "*sockopt*"
      (sockopt-tests-wait (lambda () (null sockopt-list--timer)))
      (should-not sockopt-list--timer))
    ;; What redisplay does when it is shown again.
    (switch-to-buffer "*sockopt*")
    (run-hook-with-args 'window-buffer-change-functions (selected-window))
    (should sockopt-list--timer)
    (list-tests--keys "a")
    (should-not sockopt-list--timer)
    (list-tests--keys "C-u a")
    (switch-to-buffer "*scratch*")
    (sockopt-tests-wait #'ignore 0.3)
    (with-current-buffer "*sockopt*"
      (should sockopt-list--timer)))
  (should-not (cl-find #'sockopt-list--tick timer-list
                       :key #'timer--function)))

(ert-deftest list-tests-rules ()
  "The rule for a connection is shown, and changes with the rules."
  (sockopt-tests-with-mode '(((:name "beta") low-latency))
    (list-tests--with ((client (sockopt-tests-client server :name "beta")))
      (cl-flet ((text () (sockopt-list--text
                          (assq 'rule sockopt-list--columns)
                          (gethash client sockopt-list--rows))))
        (should (equal (text) "low-latency"))
        (setq sockopt-rules '(((:name "beta") dead-peer (:priority 3))))
        (list-tests--keys "g")
        (should (equal (text) "dead-peer (:priority 3)"))))))

(ert-deftest list-tests-default ()
  "Commands that are called by name take the process at point as default."
  (list-tests--with ((client (sockopt-tests-client server :name "beta")))
    (list-tests--go client)
    (should (eq client (sockopt-ui--buffer-process (process-list))))
    (list-tests--go server)
    (should (eq server (sockopt-ui--buffer-process (process-list))))))

(ert-deftest list-tests-from-list-processes ()
  "A process in Emacs' own list is described, with a key of one's own."
  (list-tests--with ((client (sockopt-tests-client server :name "beta")))
    (list-processes)
    (switch-to-buffer "*Process List*")
    (list-tests--go client)
    (let ((process-menu-mode-map (copy-keymap process-menu-mode-map)))
      (define-key process-menu-mode-map "i" #'sockopt-describe-process)
      (use-local-map process-menu-mode-map)
      (list-tests--keys "i"))
    (should (equal (buffer-name) "*sockopt beta*"))
    (kill-buffer)
    (kill-buffer "*Process List*")))

(provide 'list-tests)
;;; list-tests.el ends here
