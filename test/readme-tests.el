;;; readme-tests.el --- Test the code in README.org and the manual  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Every code block runs in a fresh Emacs with an empty home, whose init
;; file is the first block of README.org, as it says.  It runs in
;; namespaces of its own: there the checkout is where the block says, names
;; of hosts and services are known, something listens at their ports, and
;; there are the interfaces eth0 and tun0.

;;; Code:

(require 'sockopt-tests-lib)

(defconst readme-tests--files
  (mapcar #'expand-file-name '("README.org" "doc/sockopt.org"))
  "The files whose code is tested.")

(defconst readme-tests--ports
  '(7 22 25 80 119 143 443 563 993 5432 6667 6697)
  "Where something listens and sends back what it gets.")

(defconst readme-tests--root "\
set -e
dir=$1 checkout=$2; shift 2
root=$dir/root
mount -t tmpfs none \"$root\"
for file in /*; do
  if [ -L \"$file\" ]; then cp -a \"$file\" \"$root\"
  elif [ -d \"$file\" ]; then
    mkdir \"$root$file\"; mount --rbind \"$file\" \"$root$file\"
  fi
done
mkdir -p \"$root/path/to/sockopt\"
mount --bind \"$checkout\" \"$root/path/to/sockopt\"
for file in hosts services resolv.conf; do
  ! [ -e /etc/$file ] || mount --bind \"$dir/$file\" \"$root/etc/$file\"
done
ip link set lo up
ip link add eth0 type veth peer name tun0
ip address add 192.0.2.10/24 dev eth0
ip address add 10.8.0.2/24 dev tun0
ip link set eth0 up && ip link set tun0 up
echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range
emacs=$1; shift
chroot \"$root\" \"$emacs\" -Q --batch -l \"$dir/serve.el\" &
server=$!
trap 'kill $server' EXIT
for i in $(seq 100); do [ -e \"$dir/serving\" ] && break; sleep 0.1; done
chroot \"$root\" env -i HOME=\"$dir/home\" PATH=\"$PATH\" LC_ALL=C.UTF-8 \"$@\"
" "The shell script that runs a command in namespaces of its own.
Its arguments are a directory of the test, the checkout, an Emacs and the
command.")

(defun readme-tests--insert-files ()
  "Insert all files after point, in order."
  (mapc #'insert-file-contents (reverse readme-tests--files)))

(defun readme-tests--blocks (language)
  "Return the code blocks in LANGUAGE, in order."
  (with-temp-buffer
    (readme-tests--insert-files)
    (cl-loop while (re-search-forward (format "^#\\+begin_src %s *\n" language)
                                      nil t)
             for start = (point)
             do (re-search-forward "^#\\+end_src")
             collect (buffer-substring start (match-beginning 0)))))

(defun readme-tests--hosts ()
  "Return the names of hosts in the files, those meant as examples."
  (with-temp-buffer
    (readme-tests--insert-files)
    (cl-loop while (re-search-forward
                    "\\(?:[a-z]+\\\\*\\.\\)*example\\\\*\\.\\(?:org\\|com\\|net\\)"
                    nil t)
             collect (string-replace "\\" "" (match-string 0)))))

(defun readme-tests--write (directory name &rest forms)
  "Write FORMS into the file NAME of DIRECTORY.  A string is put as it is."
  (with-temp-file (expand-file-name name directory)
    (dolist (form forms)
      (insert (if (stringp form) form (format "%S\n" form))))))

(defun readme-tests--prepare (directory)
  "Write into DIRECTORY what the namespaces need."
  (dolist (name '("root" "home"))
    (make-directory (expand-file-name name directory)))
  (apply #'readme-tests--write directory "hosts" "127.0.0.1 localhost\n"
         (mapcar (lambda (host) (format "127.0.0.1 %s\n" host))
                 (readme-tests--hosts)))
  (readme-tests--write directory "resolv.conf" "")
  (readme-tests--write
   directory "services" "echo 7/tcp\nircd 6667/tcp irc\nircs-u 6697/tcp\n"
   "imap2 143/tcp imap\nimaps 993/tcp\nhttp 80/tcp\nhttps 443/tcp\n")
  (readme-tests--write
   directory "serve.el"
   `(dolist (port ',readme-tests--ports)
      (make-network-process :name "s" :server 50 :host "127.0.0.1"
                            :family 'ipv4 :service port
                            :filter #'process-send-string))
   `(write-region "" nil ,(expand-file-name "serving" directory))
   ;; As long as the test may take.
   '(sleep-for 240)))

(defun readme-tests--sandbox (directory &rest command)
  "Return what COMMAND prints in namespaces that DIRECTORY describes."
  (with-temp-buffer
    (let ((status (apply #'call-process "timeout" nil t nil "230"
                         "unshare" "-mn" "sh" "-c" readme-tests--root "sh"
                         directory default-directory
                        (expand-file-name invocation-name
                                          invocation-directory)
                        command)))
      (insert (format "\nSTATUS %s\n" status))
      (buffer-string))))

(defun readme-tests--need-namespaces ()
  "Skip the test where it cannot have namespaces."
  (sockopt-tests-need-namespaces)
  (unless (equal 0 (ignore-errors
                     (call-process "unshare" nil nil nil "-mn" "true")))
    (ert-skip "Cannot make namespaces by unshare(1)")))

(defconst readme-tests--reader
  '(defun readme-run (file)
     "Evaluate what is in FILE, and compare with what its comments say."
     (with-temp-buffer
       (insert-file-contents file)
       (emacs-lisp-mode)
       (let (form)
         (while (setq form (condition-case nil
                               (read (current-buffer))
                             (end-of-file nil)))
           (let ((value (eval form t)))
             (when (looking-at " *; => *")
               (goto-char (match-end 0))
               (let ((said (read (current-buffer))))
                 (unless (equal value said)
                   (error "%S is %S, not %S" form value said))))
             (forward-line 1))))))
  "What runs a block in the other Emacs.")

(defconst readme-tests--each "\
for run in \"$1\"/run-*.el; do
  home=${run%.el}
  mkdir \"$home\"
  cp \"$1/init.el\" \"$home/.emacs\"
  printf '\f'
  HOME=\"$home\" \"$2\" -Q --batch -l \"$run\"
  echo \"STATUS $?\"
done
" "The shell script that runs each block in an Emacs of its own.
Its arguments are a directory of the test and an Emacs.")

(defun readme-tests--write-block (directory number block check)
  "Write into DIRECTORY what runs BLOCK, the NUMBERth, and then CHECK."
  (let ((init (car (readme-tests--blocks "emacs-lisp")))
        (name (format "block-%02d.el" number)))
    (readme-tests--write directory name block)
    (readme-tests--write
     directory (format "run-%02d.el" number) readme-tests--reader
     (unless (equal block init)
       '(load "~/.emacs" nil t t))
     `(readme-run ,(expand-file-name name directory))
     `(message "CHECKED %S" ,check))))

(defun readme-tests--run (blocks check)
  "Run each of BLOCKS, strings, and then CHECK, a form; return their outputs.
Each has \"CHECKED \" and the value of CHECK."
  (sockopt-tests-with-directory directory
    (let ((emacs (expand-file-name invocation-name invocation-directory)))
      (readme-tests--prepare directory)
      (readme-tests--write directory "init.el"
                           (car (readme-tests--blocks "emacs-lisp")))
      (cl-loop for block in blocks
               for number from 0
               do (readme-tests--write-block directory number block check))
      (split-string (readme-tests--sandbox directory "sh" "-c"
                                           readme-tests--each "sh" directory
                                           emacs)
                    "\f" t))))

(defun readme-tests--value (output)
  "Return the value of the check whose OUTPUT this is.
Fail if the block did not run, or if sockopt complained of anything."
  (ert-info (output :prefix "output: ")
    (should (string-match "^CHECKED " output))
    (prog1 (car (read-from-string output (match-end 0)))
      (should-not (string-match-p "^STATUS [^0]" output))
      (should-not (string-match-p "^sockopt: " output)))))

(defun readme-tests--checked (block check)
  "Return the value of CHECK, a form, after BLOCK has run."
  (readme-tests--value (car (readme-tests--run (list block) check))))

(defun readme-tests--block (text)
  "Return the block of Emacs Lisp that has TEXT."
  (or (cl-find text (readme-tests--blocks "emacs-lisp")
               :test #'string-search)
      (ert-fail (list "No block has" text))))

(ert-deftest readme-tests-every-block ()
  "Each block runs as it is written, and its values are those it tells."
  :tags '((needs :priority))
  (readme-tests--need-namespaces)
  (let* ((blocks (readme-tests--blocks "emacs-lisp"))
         (outputs (readme-tests--run blocks ''fine)))
    (should (= (length blocks) (length outputs)))
    (cl-mapc (lambda (block output)
               (ert-info (block :prefix "block: ")
                 (should (eq 'fine (readme-tests--value output)))))
             blocks outputs)))

(ert-deftest readme-tests-wrong-value ()
  "A value that a block tells wrongly is noticed."
  (readme-tests--need-namespaces)
  (should (string-match-p
           "(\\+ 1 1) is 2, not 3"
           (car (readme-tests--run '("(+ 1 1)    ; => 3\n") ''fine)))))

(ert-deftest readme-tests-erc ()
  "The hook for ERC has a dead server noticed within minutes."
  (readme-tests--need-namespaces)
  (should
   (equal
    '(t 60 10 6 120000)
    (readme-tests--checked
     (readme-tests--block "erc-after-connect")
     '(progn
        (defvar erc-server-process)
        (setq erc-server-process (open-network-stream "erc" nil "localhost"
                                                      6667))
        (run-hook-with-args 'erc-after-connect "server" "nick")
        (mapcar (lambda (option) (sockopt-get erc-server-process option))
                '(:keepalive :tcp-keepidle :tcp-keepintvl :tcp-keepcnt
                  :tcp-user-timeout)))))))

(ert-deftest readme-tests-rules ()
  "The rules do what their comments say."
  :tags '((needs :priority))
  (readme-tests--need-namespaces)
  (should
   (equal
    '((irc t 60 120000 nil) (mail t 60 120000 nil) (smtp t 60 120000 nil)
      (nrepl nil 7200 0 t) (db t 30 0 nil) (other nil 7200 0 nil))
    (readme-tests--checked
     (readme-tests--block "One host, with options")
     '(mapcar
       (lambda (case)
         (let ((process (open-network-stream (format "%s" (car case)) nil
                                             (nth 1 case) (nth 2 case))))
           (cons (car case)
                 (mapcar (lambda (option) (sockopt-get process option))
                         '(:keepalive :tcp-keepidle :tcp-user-timeout
                           :tcp-nodelay)))))
       '((irc "localhost" 6667) (mail "localhost" 993) (smtp "localhost" 25)
         (nrepl "localhost" 7) (db "db.example.org" 5432)
         (other "localhost" 80)))))))

(ert-deftest readme-tests-rule-leaks ()
  "The rule for a VPN stops nothing, and says what failed; a call does."
  (readme-tests--need-namespaces)
  (let ((output
         (car (readme-tests--run
               (list (readme-tests--block "((:host \"\\\\.example"))
               '(let ((where '(:host "git.example.com" :service 80)))
                  (call-process "ip" nil nil nil "link" "delete" "tun0")
                  (list (process-status (apply #'make-network-process
                                               :name "leaks" where))
                        (car (condition-case error
                                 (apply #'make-network-process
                                        :name "stays" :bindtodevice "tun0"
                                        where)
                               (error error)))))))))
    (ert-info (output :prefix "output: ")
      (should (string-match-p
               "^sockopt: rule .*:bindtodevice: No such device$" output))
      (should (string-match-p "^CHECKED (open sockopt-system-error)$"
                              output)))))

(ert-deftest readme-tests-row ()
  "The row of an option that the manual shows is one of the table's."
  (let ((blocks (readme-tests--blocks "c")))
    (should blocks)
    (with-temp-buffer
      (insert-file-contents "module/option/option.c")
      (dolist (block blocks)
        (goto-char (point-min))
        (should (search-forward block nil t))))))

(ert-deftest readme-tests-commands ()
  "What make is asked to do in the shell commands is there to be done."
  (let ((blocks (readme-tests--blocks "sh")))
    (should (cl-some (lambda (block) (string-search "make demo" block)) blocks))
    (dolist (block blocks)
      (when (string-match "\\(?:&& \\|^\\)\\(make [^\n&]+\\)" block)
        (with-temp-buffer
          (ert-info ((buffer-string) :prefix "output: ")
            (should (equal 0 (call-process
                              shell-file-name nil t nil
                              shell-command-switch
                              (string-replace "make " "make -n "
                                              (match-string 1 block)))))))))))

(ert-deftest readme-tests-demo ()
  "The first command of all, in a copy with nothing built, moves data.
It explains what looks odd."
  (readme-tests--need-namespaces)
  (sockopt-tests-with-directory directory
    (readme-tests--prepare directory)
    (dolist (part '("lisp" "module" "test" "doc"))
      (copy-directory part (expand-file-name part directory) nil t t))
    (copy-file "Makefile" (file-name-as-directory directory))
    (dolist (file (directory-files (expand-file-name "lisp" directory) t
                                   "\\.\\(?:so\\|dylib\\|elc\\)\\'"))
      (delete-file file))
    (let* ((process-environment (sockopt-tests-build-environment))
           (output (readme-tests--sandbox
                    directory "make" "-C" directory "demo"
                    (concat "EMACS=" (expand-file-name
                                      invocation-name
                                      invocation-directory)))))
      (ert-info (output :prefix "output: ")
        (should (string-match-p "^1000000 of 1000000 bytes" output))
        (should (string-match-p ":priority +6 +0 +0$" output))
        (should (string-match-p "not hand :priority on" output))
        (should (string-match-p "^[1-9][0-9]+ options of client can be read"
                                output))
        (should (string-match-p "^  :tcp-keepidle +[1-9][0-9]*$" output))
        (should (string-match-p "^STATUS 0" output))))))

(provide 'readme-tests)
;;; readme-tests.el ends here
