;;; bench-open.el --- Measure opening by name  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; How long it takes from a name to an open connection, for this package,
;; core, curl and Python's asyncio: all of them in one network namespace,
;; with the name server and the addresses of the tests.

;;; Code:

(require 'cl-lib)
(require 'bench-turns)
(require 'sockopt-tests-names)

(defconst sockopt-bench--patience 3
  "For how many seconds a connection is waited for.")

(defun sockopt-bench--open-nowait (make host port)
  "Have MAKE connect to HOST at PORT without waiting; return the seconds."
  (let* ((start (float-time))
         (end (+ start sockopt-bench--patience))
         opened
         (process (funcall make :name "open" :host host :service port
                           :nowait t :noquery t
                           :sentinel (lambda (_process message)
                                       (when (equal message "open\n")
                                         (setq opened (float-time)))))))
    (while (and (not opened) (< (float-time) end))
      (accept-process-output nil 0.01))
    (delete-process process)
    (- (or opened end) start)))

(defun sockopt-bench--open-waiting (make host port)
  "Have MAKE connect to HOST at PORT, waiting; return the seconds."
  (let ((start (float-time))
        (process (funcall make :name "open" :host host :service port
                          :noquery t :sentinel #'ignore)))
    (prog1 (- (float-time) start)
      (delete-process process))))

(defun sockopt-bench--open-curl (host port)
  "Return in how many seconds curl connects to HOST at PORT."
  (let ((curl (sockopt-bench--start
               "curl" "-s" "-o" "/dev/null" "-w" "%{time_connect}\n"
               "--max-time" (number-to-string sockopt-bench--patience)
               (format "http://%s:%d/" host port))))
    ;; It says so when the server has closed, or patience is at an end.
    (sockopt-bench--await (lambda () (process-get curl 'answer)))
    (string-to-number (process-get curl 'answer))))

(defun sockopt-bench--open-asyncio (python host port)
  "Return in how many seconds PYTHON connects to HOST at PORT."
  (/ (string-to-number
      (sockopt-bench--ask python (format "open %s %d" host port)))
     1e9))

(defun sockopt-bench--open-ways (host port all-live)
  "Return the ways to connect to HOST at PORT, an alist by name.
Unless ALL-LIVE, core is not waited for, as it tries the first address for
minutes."
  (let ((python (sockopt-bench--start-python))
        (core #'make-network-process)
        (ours #'sockopt-make-network-process))
    `((sockopt . ,(lambda () (sockopt-bench--open-waiting ours host port)))
      (sockopt-nowait
       . ,(lambda () (sockopt-bench--open-nowait ours host port)))
      ,@(and all-live
             `((core
                . ,(lambda () (sockopt-bench--open-waiting core host port)))))
      (core-nowait
       . ,(lambda () (sockopt-bench--open-nowait core host port)))
      (curl . ,(lambda () (sockopt-bench--open-curl host port)))
      (asyncio
       . ,(lambda () (sockopt-bench--open-asyncio python host port))))))

(defun sockopt-bench--open-here (host port all-live)
  "Measure in this Emacs all ways to connect to HOST at PORT.
ALL-LIVE is as for `sockopt-bench--open-ways'.  Value is an alist of the
lists of seconds that each took."
  ;; The server of the tests closes what it accepts.
  (set-process-sentinel (get-process "server")
                        (lambda (process _message) (delete-process process)))
  (let ((ways (sockopt-bench--open-ways host port all-live)))
    ;; What is loaded at first use is loaded now.
    (mapc #'funcall (mapcar #'cdr ways))
    (let ((rounds (if all-live 20 3)))
      (cl-loop repeat rounds
               collect (mapcar (lambda (way)
                                 (cons (car way) (funcall (cdr way))))
                               ways)))))

(defun sockopt-bench--open-summary (host rounds)
  "Say what each way to HOST took in ROUNDS, and return a result."
  (let* ((names (mapcar #'car (car rounds)))
         (times (lambda (name)
                  (mapcar (lambda (round) (alist-get name round)) rounds)))
         (medians (mapcar (lambda (name)
                            (cons name (sockopt-bench--median
                                        (funcall times name))))
                          names))
         (others (cl-remove-if (lambda (entry)
                                 (string-prefix-p
                                  "sockopt" (symbol-name (car entry))))
                               medians))
         (best (car (sort (copy-sequence others)
                          (lambda (a b) (< (cdr a) (cdr b))))))
         (ratios (cl-mapcar #'/ (funcall times 'sockopt)
                            (funcall times (car best)))))
    (message "%s: %s" host
             (mapconcat (lambda (entry)
                          (format "%s %.1f ms" (car entry)
                                  (* 1000 (cdr entry))))
                        medians ", "))
    `(,(alist-get 'sockopt medians) ,(cdr best)
      ,(sockopt-bench--median ratios) ,@(sockopt-bench--spread ratios))))

(defun sockopt-bench--open (host &optional all-live)
  "Compare opening a connection to HOST with the best of the others.
ALL-LIVE is as for `sockopt-bench--open-ways'."
  (sockopt-bench--need "curl")
  (sockopt-bench--need "python3")
  (condition-case reason
      (sockopt-bench--open-summary
       host
       (sockopt-tests-names-call
        `(progn
           (dolist (directory '(,sockopt-bench--directory
                                ,(expand-file-name
                                  ".." sockopt-bench--directory)))
             (add-to-list 'load-path directory))
           (require 'bench-open)
           (sockopt-bench--open-here ,host port ,all-live))))
    (ert-test-skipped (format "%s" (cadr reason)))))

(defun sockopt-bench--open-one ()
  "Compare opening by a name with one address, which answers."
  (sockopt-bench--open "here.test" t))

(defun sockopt-bench--open-two ()
  "Compare opening by a name whose IPv6 address is dead, the other not."
  (sockopt-bench--open "six.test"))

(defun sockopt-bench--open-three ()
  "Compare opening by a name of three addresses, of which the last answers."
  (sockopt-bench--open "three.test"))

(provide 'bench-open)
;;; bench-open.el ends here
