;;; neighbour-tests.el --- Test that others on this machine get at nothing  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'sockopt-tests-receive)
(require 'sockopt-connect)

(defvar sockopt--place-directory)

(defconst neighbour-tests--nobody
  '("env" "-u" "LD_PRELOAD" "setpriv" "--reuid=65534" "--regid=65534"
    "--clear-groups")
  "The command that runs another as a user who owns nothing.
That user may not be able to read what is preloaded, or what that reads.")

(defun neighbour-tests--need-nobody ()
  "Skip the test where it cannot become another user."
  (unless (eq (user-uid) 0) (ert-skip "Only root can become another user"))
  (unless (executable-find "setpriv") (ert-skip "There is no setpriv(1)")))

(defun neighbour-tests--connect (file &rest prefix)
  "Return what another Emacs says that connects to FILE, t or an error.
PREFIX is a command that is to run it."
  (let ((command
         (append prefix
                 (sockopt-tests-command
                  "--eval"
                  (format "%S" `(message
                                 "GOT %S"
                                 (condition-case error
                                     (processp (make-network-process
                                                :name "x" :family 'local
                                                :service ,file))
                                   (error (nth 2 error)))))))))
    (with-temp-buffer
      (apply #'call-process (car command) nil t nil (cdr command))
      (goto-char (point-min))
      (should (re-search-forward "^GOT " nil t))
      (read (current-buffer)))))

;;; Placeholders

(defun neighbour-tests--while-made (look)
  "Call LOOK with the directory of a server's placeholder while it is there.
It is in a directory that anybody can write.  Return what LOOK returned."
  (sockopt-tests-with-directory directory
    (set-file-modes directory #o1777)
    (let ((core (symbol-function 'sockopt--core-make-network-process))
          (sockopt--place-directory directory)
          seen)
      (cl-letf (((symbol-function 'sockopt--core-make-network-process)
                 (lambda (&rest arguments)
                   (prog1 (apply core arguments)
                     (let ((names (directory-files directory t "\\`[^.]")))
                       (should (= (length names) 1))
                       (setq seen (funcall look (car names))))))))
        (sockopt-tests-server))
      (should-not (directory-files directory nil "\\`[^.]"))
      seen)))

(ert-deftest neighbour-tests-placeholder ()
  "Another user cannot connect to the placeholder of a server."
  (neighbour-tests--need-nobody)
  (sockopt-tests-clean
    (neighbour-tests--while-made
     (lambda (place)
       (should (= (file-modes place) #o700))
       (let ((file (expand-file-name "s" place)))
         (should (equal (apply #'neighbour-tests--connect file
                               neighbour-tests--nobody)
                        "Permission denied"))
         ;; Nor is it the file's mode alone that keeps them out.
         (set-file-modes file #o777)
         (should (equal (apply #'neighbour-tests--connect file
                               neighbour-tests--nobody)
                        "Permission denied"))
         (set-file-modes place #o755)
         (should (eq t (apply #'neighbour-tests--connect file
                              neighbour-tests--nobody))))))))

(ert-deftest neighbour-tests-name ()
  "The name of a placeholder's directory cannot be guessed."
  (sockopt-tests-clean
    (let ((names (cl-loop repeat 20
                          collect (neighbour-tests--while-made
                                   #'file-name-nondirectory))))
      (dolist (name names)
        (should (string-match-p "\\`sockopt-[[:alnum:]]\\{6\\}\\'" name)))
      (should (equal names (delete-dups (copy-sequence names))))
      ;; Not even a part of it stays as it was.
      (dotimes (i 6)
        (should (< 5 (length (delete-dups
                              (mapcar (lambda (name) (aref name (+ 8 i)))
                                      names)))))))))

(defun neighbour-tests--listener ()
  "Return the path of the file of what clients' placeholders connect to."
  (cl-loop for name in (directory-files "/proc/self/fd" t "[0-9]")
           for target = (or (file-symlink-p name) "")
           when (string-match-p "/sockopt-[^/]+/s (deleted)\\'" target)
           return (format "/proc/%d/fd/%s" (emacs-pid)
                          (file-name-nondirectory name))))

(ert-deftest neighbour-tests-listener ()
  "Another user cannot connect to what clients' placeholders connect to."
  ;; Where there is no such option, it has a place as a server's.
  :tags '((needs :cookie))
  (neighbour-tests--need-nobody)
  (sockopt-tests-warm-up)
  (let ((file (neighbour-tests--listener)))
    (should file)
    (should (eq t (neighbour-tests--connect file)))
    (should (equal (apply #'neighbour-tests--connect file
                          neighbour-tests--nobody)
                   "Permission denied"))))

;;; Descriptors

(defun neighbour-tests--inherited (start)
  "Return the descriptors of a subprocess that START, a function, starts.
It is called with a command, and returns the output."
  (length (split-string (funcall start '("ls" "/proc/self/fd")))))

(defun neighbour-tests--call (command)
  "Return the output of COMMAND, for which Emacs waits."
  (with-temp-buffer
    (apply #'call-process (car command) nil t nil (cdr command))
    (buffer-string)))

(defun neighbour-tests--run (command)
  "Return the output of COMMAND, for which Emacs does not wait."
  (let* ((place (list ""))
         (process (make-process
                   :name "ls" :command command :connection-type 'pipe
                   :noquery t :sentinel #'ignore
                   :filter (sockopt-tests-collector place))))
    (sockopt-tests-wait (lambda () (not (process-live-p process))))
    (while (accept-process-output process 0.1))
    (car place)))

(defun neighbour-tests--flags (descriptor)
  "Return the flags of DESCRIPTOR, a string, as proc(5) has them."
  (with-temp-buffer
    (insert-file-contents (concat "/proc/self/fdinfo/" descriptor))
    (re-search-forward "^flags:\t\\([0-7]+\\)")
    (string-to-number (match-string 1) 8)))

(defun neighbour-tests--left-open ()
  "Return the descriptors beyond the first three that exec(3) leaves open."
  (cl-loop for descriptor in (directory-files "/proc/self/fd" nil "[0-9]")
           when (and (< 2 (string-to-number descriptor))
                     (file-exists-p (concat "/proc/self/fd/" descriptor))
                     (zerop (logand #o2000000
                                    (neighbour-tests--flags descriptor))))
           collect (file-symlink-p (concat "/proc/self/fd/" descriptor))))

(defun neighbour-tests--open-all ()
  "Make a socket of each kind, and all that the module has besides."
  (pcase-dolist (`(,kind . ,_) sockopt-tests-kinds)
    (ignore-errors (sockopt-tests-make kind)))
  ;; A race that goes on, a lookup, and what receives.
  (sockopt-tests-client (sockopt-tests-full-server) :nowait t)
  (sockopt-make-network-process :name "lookup" :nowait t :service 9
                                :host "no-such-host.invalid" :noquery t
                                :sentinel #'ignore)
  (sockopt-receive (sockopt-tests-make-role
                    'server '(:family ipv4 :type datagram))
                   #'ignore))

(ert-deftest neighbour-tests-descriptors ()
  "A subprocess gets no descriptor of a socket, a channel or a thread."
  (skip-unless (file-directory-p "/proc/self/fdinfo"))
  (sockopt-tests-warm-up)
  (let ((starts '(neighbour-tests--call neighbour-tests--run))
        (left (neighbour-tests--left-open)))
    (let ((inherited (mapcar #'neighbour-tests--inherited starts))
          (open (sockopt-tests-descriptors)))
      (sockopt-tests-with-sockets
        (neighbour-tests--open-all)
        (should (< (+ open 20) (sockopt-tests-descriptors)))
        (should (equal (mapcar #'neighbour-tests--inherited starts)
                       inherited))
        (should (equal (neighbour-tests--left-open) left))))))

(provide 'neighbour-tests)
;;; neighbour-tests.el ends here
