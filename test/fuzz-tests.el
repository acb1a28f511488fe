;;; fuzz-tests.el --- Odd values, rules and arguments  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Whatever is given to the package, only the conditions that it documents
;; come back.  What is tried follows from a seed, the environment variable
;; FUZZ_SEED, and from FUZZ, how many tries there are; `make fuzz' makes
;; more than the test suite.

;;; Code:

(require 'sockopt-tests-kinds)
(require 'sockopt-mode)
(require 'sockopt-process)

(defconst fuzz-tests--tries (string-to-number (or (getenv "FUZZ") "5000"))
  "How many tries there are.")

(defun fuzz-tests--seed ()
  "Seed the random numbers, and say by what."
  (let ((seed (or (getenv "FUZZ_SEED") "sockopt")))
    (message "FUZZ_SEED=%s" seed)
    (random seed)))

(defun fuzz-tests--pick (list)
  "Return one of LIST."
  (nth (random (length list)) list))

;;; Values

(defconst fuzz-tests--odd
  (list nil t 0 1 -1 2 7 255 256 65535 65536 most-positive-fixnum
        most-negative-fixnum (ash 1 31) (1- (ash 1 31)) (ash 1 32) (ash 1 63)
        (- (ash 1 63)) (ash 1 64) (ash 1 200) 0.0 -0.0 0.5 1e308 -1e308
        0.0e+NaN 1.0e+INF -1.0e+INF "" "lo" "x" "é" "☃" "\0" "\377"
        (make-string 20 ?x) (make-string 70000 ?x) "127.0.0.1" "::1"
        "239.1.2.3" "ff02::1" "fe80::1%lo" 'foo 'ef 'lo :keepalive
        'nil-ish [] [1 2] [127 0 0 1] [127 0 0 1 80] [0 0 0 0 0 0 0 1 80]
        (make-vector 300 0) (make-bool-vector 8 t) (list 1 2) '(1 . 2)
        '(a b) '(("239.1.2.3" "lo")) '("239.1.2.3" "lo")
        '("239.1.2.3" "lo" "127.0.0.1") '("239.1.2.3" "lo" include)
        '("ff02::1" 1) '("239.1.2.3" nil) '(:pid 1 :uid 0 :gid 0)
        '[[6 0 0 0]] '[[6 0 0 65535] [21 0 0 1]] (make-hash-table)
        (make-marker) 'car #'ignore (list (list (list (list 1))))
        (make-list 200 1) (let ((loop (list 1 2))) (setcdr (cdr loop) loop)))
  "Values that are odd for most options, and right for some.")

(defun fuzz-tests--choice (option)
  "Return a symbol that OPTION may know, or nil."
  (fuzz-tests--pick (or (sockopt-option-names (sockopt-option option))
                        '(nil))))

(defun fuzz-tests--value (option)
  "Return a value for OPTION, right or wrong."
  (pcase (random 6)
    (0 (fuzz-tests--choice option))
    (1 (list (fuzz-tests--choice option) (fuzz-tests--pick fuzz-tests--odd)))
    (2 (- (random 300) 20))
    (3 (vector (fuzz-tests--pick fuzz-tests--odd)
               (fuzz-tests--pick fuzz-tests--odd)))
    (_ (fuzz-tests--pick fuzz-tests--odd))))

(defun fuzz-tests--option ()
  "Return the keyword of an option; rarely something else."
  (if (zerop (random 40))
      (fuzz-tests--pick fuzz-tests--odd)
    (fuzz-tests--pick sockopt--options)))

;;; What may come of it

(defun fuzz-tests--documented-p (error)
  "Return non-nil if ERROR is one that the package documents."
  (let ((conditions (get (car error) 'error-conditions)))
    (or (memq 'sockopt-error conditions)
        (memq (car error) '(wrong-type-argument args-out-of-range)))))

(defun fuzz-tests--try (function &rest arguments)
  "Call FUNCTION with ARGUMENTS; only documented errors may come of it.
Return what it returned, or nil."
  (condition-case error
      (apply function arguments)
    (error
     (let ((print-circle t) (print-length 8))
       (unless (fuzz-tests--documented-p error)
         (ert-fail (list error function arguments)))
       nil))))

(defun fuzz-tests--setting (process)
  "Do something to an option of PROCESS."
  (let ((option (fuzz-tests--option)))
    (pcase (random 8)
      (0 (fuzz-tests--try #'sockopt-get process option
                          (fuzz-tests--pick fuzz-tests--odd)))
      (1 (fuzz-tests--try #'sockopt-set-options process
                          (list option (fuzz-tests--pick fuzz-tests--odd)
                                (fuzz-tests--option) 1)))
      (2 (fuzz-tests--try #'sockopt-set-options process
                          (fuzz-tests--pick fuzz-tests--odd)))
      (_ (fuzz-tests--try #'sockopt-set process option
                          (if (keywordp option)
                              (if (memq option sockopt--options)
                                  (fuzz-tests--value option)
                                t)
                            nil))))))

(defun fuzz-tests--kind (kind tries)
  "Make TRIES with a process of KIND; return nil if there is none here."
  (let ((process (ignore-errors (sockopt-tests-make kind))))
    (when process
      (dotimes (_ tries)
        (fuzz-tests--setting process))
      ;; It still says what it is.
      (should (cl-evenp (length (sockopt-options process))))
      t)))

(ert-deftest fuzz-tests-settings ()
  "Any option can be given any value on any kind of socket."
  (fuzz-tests--seed)
  ;; A client of vsock(7) takes seconds to find out that there is none.
  (let* ((kinds (remq 'vsock-client (mapcar #'car sockopt-tests-kinds)))
         (tries (/ fuzz-tests--tries (length kinds)))
         lacking)
    (dolist (kind kinds)
      (sockopt-tests-with-sockets
        (unless (fuzz-tests--kind kind tries)
          (push kind lacking))))
    (message "%d values on %d kinds of socket; not here: %S"
             (* tries (- (length kinds) (length lacking)))
             (- (length kinds) (length lacking)) lacking)))

;;; Arguments

(defun fuzz-tests--plist (keywords)
  "Return a plist of some KEYWORDS with odd values."
  (let (plist)
    (dotimes (_ (random 4) plist)
      (setq plist (append (list (fuzz-tests--pick keywords)
                                (fuzz-tests--pick fuzz-tests--odd))
                          plist)))))

(defun fuzz-tests--arguments (port)
  "Return arguments for a client of PORT, most of them wrong."
  (append (fuzz-tests--plist (append (remq :host sockopt--keywords)
                                     sockopt--options))
          (list :name "fuzz" :host "127.0.0.1" :service port :noquery t
                :family 'ipv4)))

(defun fuzz-tests--harmless-p (arguments)
  "Return non-nil if ARGUMENTS cannot begin TLS, or meet another than us."
  (not (or (plist-get arguments :tls-parameters)
           (plist-get arguments :use-external-socket)
           (stringp (plist-get arguments :service))
           (eq (plist-get arguments :family) 'vsock)
           (plist-get arguments :remote))))

(defun fuzz-tests--core-error-p (error)
  "Return non-nil if core gives ERROR as well, for what it looks at itself.
That are coding systems, buffers and processes' names."
  (memq (car error) '(coding-system-error error wrong-type-argument)))

(ert-deftest fuzz-tests-arguments ()
  "A process is made or not, and after an error nothing is left."
  (fuzz-tests--seed)
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (process-contact server :service))
           (tried 0)
           (made 0))
      (dotimes (_ (/ fuzz-tests--tries 10))
        (let ((arguments (fuzz-tests--arguments port))
              (before (process-list))
              process)
          (when (fuzz-tests--harmless-p arguments)
            (cl-incf tried)
            (condition-case error
                (setq process (apply #'sockopt-make-network-process
                                     arguments))
              (error
               (unless (or (fuzz-tests--documented-p error)
                           (fuzz-tests--core-error-p error))
                 (ert-fail (list error arguments)))
               (should-not
                (cl-remove "fuzz" (cl-set-difference (process-list) before)
                           :key #'process-name
                           :test-not #'string-prefix-p))))
            (when process
              (cl-incf made)
              (sockopt-tests-delete process))
            ;; Or the server's queue fills up.
            (accept-process-output nil 0.001))))
      (message "%d lists of arguments, of which %d made a process; \
%d that lead elsewhere left out"
               tried made (- (/ fuzz-tests--tries 10) tried)))))

;;; Rules

(defun fuzz-tests--rule ()
  "Return a rule, most likely a wrong one."
  (pcase (random 4)
    (0 (fuzz-tests--pick fuzz-tests--odd))
    (1 (cons (fuzz-tests--pick fuzz-tests--odd)
             (fuzz-tests--pick fuzz-tests--odd)))
    (_ (list (fuzz-tests--plist '(:name :host :service :type :family :server))
             (fuzz-tests--pick (cons 'dead-peer fuzz-tests--odd))
             (list (fuzz-tests--option)
                   (fuzz-tests--pick fuzz-tests--odd))))))

(ert-deftest fuzz-tests-rules ()
  "Whatever the rules are, a connection is made with the mode on."
  (fuzz-tests--seed)
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (port (process-contact server :service)))
      (dotimes (_ (/ fuzz-tests--tries 50))
        (let ((rules (if (zerop (random 10))
                         (fuzz-tests--pick fuzz-tests--odd)
                       (list (fuzz-tests--rule) (fuzz-tests--rule))))
              (inhibit-message t))
          (condition-case error
              (sockopt-tests-with-mode rules
                (let ((client (make-network-process
                               :name "fuzz" :host "127.0.0.1" :service port
                               :family 'ipv4 :noquery t)))
                  (should (eq (process-status client) 'open))
                  (sockopt-tests-delete client)))
            (error (ert-fail (list error rules))))
          (accept-process-output nil 0.001))))))

(provide 'fuzz-tests)
;;; fuzz-tests.el ends here
