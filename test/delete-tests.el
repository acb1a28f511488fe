;;; delete-tests.el --- Deleting does not freeze Emacs  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-tests-ui)
(require 'sockopt-delete)

(defconst delete-tests--size 100000
  "How many bytes are sent: more than the peer's kernel takes unread.")

(defun delete-tests--server ()
  "Make a server whose children do not read.  Its plist has them."
  (sockopt-tests-server
   :rcvbuf 4096
   :log (lambda (server child _message)
          (set-process-filter child t)
          (process-put server 'children
                       (cons child (process-get server 'children))))))

(defun delete-tests--child (server)
  "Wait for SERVER to accept a connection, and return its process."
  (sockopt-tests-wait (lambda () (process-get server 'children)))
  (car (process-get server 'children)))

(defun delete-tests--fill (client)
  "Send data through CLIENT, which get stuck, and return it."
  (process-send-string client (make-string delete-tests--size ?x))
  (should (sockopt-delete--left (sockopt-get client :tcp-info)))
  client)

(defun delete-tests--stuck (server linger &rest arguments)
  "Make a client of SERVER with LINGER, whose data are stuck.
ARGUMENTS are more for it."
  (delete-tests--fill (apply #'sockopt-tests-client server :linger linger
                             :sndbuf 400000 arguments)))

(defun delete-tests--read (child)
  "Have CHILD read, and return how many bytes it got till the end."
  (let ((count 0))
    (set-process-filter child (lambda (_child text)
                                (cl-incf count (length text))))
    (sockopt-tests-wait (lambda () (not (process-live-p child))))
    count))

(defmacro delete-tests--seconds (&rest body)
  "Return how many seconds BODY takes."
  (declare (debug t))
  `(let ((start (float-time)))
     ,@body
     (- (float-time) start)))

(ert-deftest delete-tests-value ()
  "The value is nil, whether there is something to wait for or not."
  (sockopt-tests-clean
    (let ((server (delete-tests--server)))
      (should-not (sockopt-delete-process (delete-tests--stuck server nil)))
      (should-not (sockopt-delete-process server)))))

(defun delete-tests--try (linger delete)
  "Call DELETE with a client that has LINGER and is stuck.
Return how many seconds that took, and how many bytes came in the end."
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (client (delete-tests--stuck server linger :buffer "stuck"))
           (child (delete-tests--child server))
           (seconds (delete-tests--seconds (funcall delete client))))
      (should-not (process-live-p client))
      (should (equal (process-contact client :linger) linger))
      (kill-buffer (get-buffer-create "stuck"))
      (list seconds (delete-tests--read child)))))

(defun delete-tests--at-once (linger delete)
  "Test that DELETE of a client with LINGER returns at once, and delivers."
  (let ((noninteractive nil))
    (pcase-let ((`(,seconds ,bytes) (delete-tests--try linger delete)))
      (should (< seconds 0.5))
      (should (= bytes delete-tests--size)))))

(ert-deftest delete-tests-at-once ()
  "Deleting a process that lingers does not wait, and delivers all the same."
  (dolist (linger '(t 3 nil))
    (delete-tests--at-once linger #'delete-process)))

(ert-deftest delete-tests-by-name ()
  "So it is when the process is named, or meant by its buffer."
  (dolist (delete (list (lambda (client)
                          (delete-process (process-name client)))
                        (lambda (client)
                          (delete-process (process-buffer client)))
                        (lambda (_client) (delete-process "stuck"))
                        (lambda (_client)
                          (with-current-buffer "stuck"
                            (delete-process nil)))))
    (delete-tests--at-once 3 delete)))

(ert-deftest delete-tests-buffer ()
  "So it is when the process's buffer is killed."
  (delete-tests--at-once 3 (lambda (client)
                             (kill-buffer (process-buffer client)))))

(defun delete-tests--core-client (server &rest arguments)
  "Make a client of SERVER with core, by ARGUMENTS."
  (apply #'make-network-process
         :name "core" :host "127.0.0.1" :family 'ipv4 :noquery t
         :service (process-contact server :service) arguments))

(defun delete-tests--cores (server linger)
  "Have core make a client of SERVER, which is then set LINGER."
  (let ((client (delete-tests--core-client server)))
    (sockopt-set-options client (list :linger linger :sndbuf 400000))
    (delete-tests--fill client)))

(ert-deftest delete-tests-core ()
  "So it is with a process that core made."
  (sockopt-tests-clean
    (let* ((noninteractive nil)
           (server (delete-tests--server))
           (client (delete-tests--core-client server :linger 3)))
      (sockopt-set client :sndbuf 400000)
      (delete-tests--fill client)
      (should (< (delete-tests--seconds (delete-process client)) 0.5))
      (should (= (delete-tests--read (delete-tests--child server))
                 delete-tests--size)))))

(ert-deftest delete-tests-reset ()
  "With `:linger' 0 what is queued is dropped, as it was."
  (let ((noninteractive nil))
    (pcase-let ((`(,seconds ,bytes) (delete-tests--try 0 #'delete-process)))
      (should (< seconds 0.5))
      (should (< bytes delete-tests--size)))))

(ert-deftest delete-tests-batch ()
  "In batch deleting waits as the option says, or as the limit says of t."
  (let ((sockopt-linger-limit 1))
    (dolist (linger '(1 t))
      (pcase-let ((`(,seconds ,bytes)
                   (delete-tests--try linger #'delete-process)))
        (should (< 0.9 seconds 3))
        (should (= bytes delete-tests--size))))))

;;; When Emacs closes by itself

(defun delete-tests--later (server linger)
  "Make a client of SERVER with LINGER that connects in the background."
  (let ((client (sockopt-tests-client server :linger linger :sndbuf 400000
                                      :nowait t)))
    (should (sockopt-tests-open-p client))
    (delete-tests--fill client)))

(defun delete-tests--raw (server linger)
  "Make a client of SERVER with LINGER that is set by number."
  (let* ((other (sockopt-make-network-process
                 :name "other" :server t :host "127.0.0.1" :family 'ipv4
                 :service t :noquery t :linger linger))
         (client (sockopt-tests-client server :sndbuf 400000)))
    (sockopt-set-raw client 1 13 (sockopt-get-raw other 1 13 8))
    (delete-process other)
    (delete-tests--fill client)))

(defun delete-tests--peer-ends (stuck peer)
  "Have PEER of STUCK, which lingers, end its side before it has all.
Test that Emacs is not frozen when it closes STUCK, and PEER gets all."
  (process-send-eof peer)
  (should (< (delete-tests--seconds
              (sockopt-tests-wait (lambda () (not (process-live-p stuck)))))
             1))
  (should-not (process-live-p stuck))
  (should (= (delete-tests--read peer) delete-tests--size)))

(ert-deftest delete-tests-peer-ends ()
  "A peer that ends its side before it has all does not freeze Emacs."
  :tags '((needs :cookie))
  (dolist (make (list #'delete-tests--stuck #'delete-tests--later
                      #'delete-tests--cores #'delete-tests--raw))
    (sockopt-tests-clean
      (let* ((server (delete-tests--server))
             (client (funcall make server 3)))
        (should (eql (sockopt-get client :linger) 3))
        (delete-tests--peer-ends client (delete-tests--child server))))))

(ert-deftest delete-tests-peer-of-child-ends ()
  "So it is with a connection that a server with `:linger' has accepted.
It may have that from the server, or be set it as the only one."
  :tags '((needs :cookie))
  (dolist (arguments '((:linger 3) (:child-options (:linger 3))))
    (sockopt-tests-clean
      (let* ((server (apply #'sockopt-tests-server
                            :sndbuf 400000
                            :log (lambda (server child _message)
                                   (process-put server 'children
                                                (list child)))
                            arguments))
             (client (sockopt-tests-client server :rcvbuf 4096 :filter t))
             (child (delete-tests--child server)))
        (should (eql (process-contact child :linger) 3))
        (delete-tests--peer-ends (delete-tests--fill child) client)))))

(ert-deftest delete-tests-end-prompt ()
  "A peer that ends its side gets the end of ours at once.
Where nothing is left to deliver, :linger changes nothing."
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (client (sockopt-tests-client server :linger 5))
           (child (delete-tests--child server)))
      ;; The thread has looked, and is waiting.
      (sockopt-tests-wait #'ignore 0.1)
      (process-send-eof child)
      (should (< (delete-tests--seconds (delete-tests--read child)) 0.5))
      (should-not (process-live-p client)))))

(ert-deftest delete-tests-unseen ()
  "Closing that nobody is told of does not freeze Emacs, nor stay undone."
  :tags '((needs :cookie))
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (client (delete-tests--stuck server 3)))
      (should (< (delete-tests--seconds
                  (funcall (sockopt--core-function 'delete-process) client))
                 0.5))
      (should (= (delete-tests--read (delete-tests--child server))
                 delete-tests--size)))))

(ert-deftest delete-tests-cost ()
  "What lingers takes a descriptor more, and a thread for all; then nothing."
  :tags '((needs :cookie))
  (skip-unless (file-directory-p "/proc/self/task"))
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (clients (list (sockopt-tests-client server)
                          (sockopt-tests-client server)))
           ;; Of tests before, too, the thread ends.
           (before (progn (sockopt-tests-wait
                           (lambda ()
                             (and (cdr (process-get server 'children))
                                  (= (cadr (sockopt-tests-held)) 1))))
                          (sockopt-tests-held))))
      (pcase-let ((`(,descriptors ,threads) before))
        (sockopt-set (car clients) :linger 0)
        (sockopt-set server :linger 5)
        (should (equal (sockopt-tests-held) before))
        (dolist (client clients)
          (sockopt-set client :linger 5)
          (sockopt-set client :linger t))
        ;; The thread waits with two of its own.
        (should (equal (sockopt-tests-held)
                       (list (+ descriptors 4) (1+ threads))))
        ;; By number it is turned off likewise.
        (sockopt-set-raw (car clients) 1 13 (make-string 8 0))
        (should-not (sockopt-get (car clients) :linger))
        (should (equal (sockopt-tests-held)
                       (list (+ descriptors 3) (1+ threads))))
        (sockopt-set (cadr clients) :linger 0)
        (should (sockopt-tests-wait
                 (lambda () (equal (sockopt-tests-held) before))))))))

(defun delete-tests--doubles ()
  "Return how many descriptors are of a socket that has another one, too.
What else is open may change meanwhile, for a thread that ends closes two."
  (let ((sockets (cl-loop for name in (directory-files "/proc/self/fd" t "[0-9]")
                          for target = (file-symlink-p name)
                          when (and target (string-prefix-p "socket:" target))
                          collect target)))
    (- (length sockets) (length (delete-dups (copy-sequence sockets))))))

(defun delete-tests--found-again (process)
  "Test that PROCESS, which lingers, is found by the right descriptor.
If so, the other one goes when it does not linger any more."
  (sockopt-set process :linger 5)
  (remhash process sockopt--sockets)
  (should (eql (sockopt-get process :linger) 5))
  (let ((doubles (delete-tests--doubles)))
    (sockopt-set process :linger nil)
    (should (= (delete-tests--doubles) (1- doubles)))))

(ert-deftest delete-tests-found-again ()
  "The socket of a process is found by Emacs's own descriptor.
The other one may come after that, or before."
  :tags '((needs :cookie))
  (skip-unless (file-directory-p "/proc/self/task"))
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (spare (delete-tests--core-client server))
           (client (delete-tests--core-client server)))
      (sockopt-tests-wait (lambda () (cdr (process-get server 'children))))
      (delete-tests--found-again (delete-tests--child server))
      (sockopt-get client :linger)
      ;; That looks at the last few descriptors first.
      (dotimes (_ 5)
        (sockopt-tests-client server))
      (delete-process spare)
      (delete-tests--found-again client))))

;;; In the background

(defun delete-tests--events (process)
  "Have the sentinel of PROCESS note its events, and return that place."
  (let ((place (list nil)))
    (set-process-sentinel process (lambda (_process event)
                                    (setcar place (cons event (car place)))))
    place))

(defun delete-tests--timers ()
  "Return how many timers look at a process."
  (cl-count #'sockopt-delete--check timer-list :key #'timer--function))

(defun delete-tests--no-timers-p ()
  "Return non-nil if soon no timer looks at a process."
  (sockopt-tests-wait (lambda () (zerop (delete-tests--timers)))))

(ert-deftest delete-tests-background ()
  "The sentinel is told when the peer has all, and not before."
  (dolist (linger '(nil t 30))
    (sockopt-tests-clean
      (let* ((server (delete-tests--server))
             (client (delete-tests--stuck server linger))
             (events (delete-tests--events client)))
        (should (< (delete-tests--seconds
                    (sockopt-delete-process client 30))
                   0.5))
        ;; A second time changes nothing but the time.
        (sockopt-delete-process client)
        (should (= 1 (delete-tests--timers)))
        (sockopt-tests-wait #'ignore 0.5)
        (should (process-live-p client))
        (should-not (car events))
        (should (= (delete-tests--read (delete-tests--child server))
                   delete-tests--size))
        (should (sockopt-tests-wait (lambda () (car events))))
        ;; The peer closes, too; that is seen before or after.
        (should (member (car events)
                        '(("deleted\n")
                          ("connection broken by remote peer\n"))))
        (should-not (process-live-p client))
        (should (delete-tests--no-timers-p))))))

(ert-deftest delete-tests-background-half ()
  "A peer that has all and does not close is not waited for.
What it says meanwhile is dropped."
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (said (list ""))
           (client (delete-tests--stuck
                    server nil :filter (sockopt-tests-collector said)))
           (events (delete-tests--events client))
           (child (delete-tests--child server))
           (count 0))
      (set-process-filter child (lambda (_child text)
                                  (cl-incf count (length text))
                                  (when (= count delete-tests--size)
                                    (set-process-filter child t))))
      (sockopt-delete-process client 30)
      (process-send-string child "no more")
      (should (sockopt-tests-wait (lambda () (car events))))
      (should (equal (car events) '("deleted\n")))
      (should (equal said '(""))))))

(ert-deftest delete-tests-background-time ()
  "When the time is over the sentinel is told what is not delivered.
The time is that given, that of `:linger', or the limit."
  (pcase-dolist (`(,linger ,seconds ,limit) '((30 0.3 30) (1 nil 30)
                                              (t nil 1) (nil nil 1)))
    (sockopt-tests-clean
      (let* ((sockopt-linger-limit limit)
             (server (delete-tests--server))
             (client (delete-tests--stuck server linger))
             (events (delete-tests--events client)))
        (sockopt-delete-process client seconds)
        (should (< (or seconds 1)
                   (+ 0.1 (delete-tests--seconds
                           (sockopt-tests-wait (lambda () (car events)))))
                   4))
        (should (= 1 (length (car events))))
        (should (string-match-p "\\`deleted with [0-9]+ bytes unsent and\
 [0-9]+ packets unacknowledged\n\\'" (caar events)))
        (should (eq (process-status client) 'closed))
        (should (= (delete-tests--read (delete-tests--child server))
                   delete-tests--size))))))

(ert-deftest delete-tests-background-reset ()
  "If the peer resets the connection, the sentinel gets core's words."
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (client (delete-tests--stuck server nil))
           (events (delete-tests--events client)))
      (sockopt-delete-process client 30)
      (sockopt-set (delete-tests--child server) :linger 0)
      (delete-process (delete-tests--child server))
      (should (sockopt-tests-wait (lambda () (car events))))
      (should (equal (car events) '("connection broken by remote peer\n")))
      (should (delete-tests--no-timers-p)))))

(ert-deftest delete-tests-background-messages ()
  "A user is told that Emacs waits, and how it ended; a program is not."
  (let ((noninteractive nil)
        messages)
    (cl-letf (((symbol-function 'message)
               (lambda (&rest arguments)
                 (push (apply #'format arguments) messages))))
      (pcase-dolist (`(,reads . ,end)
                     '((t . "Deleted client")
                       (nil . "Deleted client with [0-9]+ bytes unsent and .*")))
        (sockopt-tests-clean
          (let* ((server (delete-tests--server))
                 (client (delete-tests--stuck server nil))
                 (child (delete-tests--child server))
                 (delete (lambda (process)
                           (funcall-interactively #'sockopt-delete-process
                                                  process 1))))
            (setq messages nil)
            (funcall delete client)
            (should (equal messages '("Deleting client once its peer has all,\
 or in 1 s")))
            (when reads
              (delete-tests--read child))
            (should (sockopt-tests-wait (lambda () (cdr messages))))
            (should (string-match-p (concat "\\`" end "\\'")
                                    (car messages)))
            ;; There is nothing to wait for.
            (funcall delete server)
            (should (equal (car messages) "Deleted server"))
            (should (= (length messages) 3)))))
      (sockopt-tests-clean
        (let ((client (delete-tests--stuck (delete-tests--server) nil)))
          (setq messages nil)
          (sockopt-delete-process client 0.1)
          (should (sockopt-tests-wait
                   (lambda () (not (process-live-p client)))))
          (should-not messages))))))

(ert-deftest delete-tests-background-others ()
  "What is no open TCP connection is deleted at once."
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((path (expand-file-name "s" directory))
             (server (sockopt-make-network-process
                      :name "local" :server t :family 'local :service path
                      :noquery t)))
        (dolist (process
                 (list (sockopt-make-network-process
                        :name "local" :family 'local :service path
                        :noquery t)
                       server
                       (sockopt-make-network-process
                        :name "datagram" :type 'datagram :host "127.0.0.1"
                        :service 9 :noquery t)
                       (sockopt-tests-server)))
          (let ((events (delete-tests--events process)))
            (sockopt-delete-process process)
            (should-not (process-live-p process))
            (should (equal (car events) '("deleted\n")))
            ;; Again, it is as for `delete-process'.
            (sockopt-delete-process process)))))))

(ert-deftest delete-tests-background-wrong ()
  "Wrong arguments are refused before anything is done."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (should-error (sockopt-delete-process "server")
                    :type 'wrong-type-argument)
      (dolist (seconds '(-1 "3" t))
        (should-error (sockopt-delete-process server seconds)
                      :type 'wrong-type-argument))
      (should (process-live-p server)))))

(ert-deftest delete-tests-background-sooner ()
  "Another call gives another time."
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (client (delete-tests--stuck server nil))
           (events (delete-tests--events client)))
      (sockopt-delete-process client 30)
      (sockopt-delete-process client 0)
      (should (sockopt-tests-wait (lambda () (car events))))
      (should (string-prefix-p "deleted with" (caar events)))
      (delete-process (delete-tests--child server)))))

;;; Leaving Emacs

(defun delete-tests--program (port linger)
  "Return a form for an Emacs that sends to PORT, lingering by LINGER."
  `(progn
     ;; As in `sockopt-run-ert'.
     ,@(and (getenv "REPORT")
            '((setq comp-enable-subr-trampolines nil
                    native-comp-enable-subr-trampolines nil)))
     (require 'sockopt)
     (setq sockopt-linger-limit 1)
     ;; As in a filter or a timer.
     (global-set-key (kbd "C-c q") (lambda ()
                                     (interactive)
                                     (let ((inhibit-quit t))
                                       (kill-emacs))))
     (global-set-key (kbd "C-c d") (lambda ()
                                     (interactive)
                                     (sockopt-delete-process
                                      (get-process "stuck"))))
     (let ((client (sockopt-make-network-process
                    :name "stuck" :host "127.0.0.1" :service ,port
                    :family 'ipv4 :linger ,linger :sndbuf 400000
                    :noquery t)))
       (process-send-string client (make-string ,delete-tests--size ?x)))))

(ert-deftest delete-tests-lingering ()
  "Leaving waits for what lingers, and not for what throws its data away."
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (lingers (delete-tests--stuck server 1)))
      (delete-tests--stuck server 0)
      (delete-tests--stuck server nil)
      (should (equal (mapcar #'car (sockopt-delete--lingering))
                     (list lingers))))))

(ert-deftest delete-tests-leave-batch ()
  "An Emacs in batch waits on leaving as the option says, and says so."
  :tags '((needs :tcp-info))
  (dolist (linger '(1 t))
    (sockopt-tests-clean
      (let* ((server (delete-tests--server))
             (form (delete-tests--program
                    (process-contact server :service) linger))
             (said nil)
             (seconds (delete-tests--seconds
                       (setq said (sockopt-tests-emacs
                                   "-L" "lisp" "--eval"
                                   (format "%S" form))))))
        (should (string-match-p "^Delivering what was sent to stuck, for at\
 most 1 s" said))
        (should (< 0.9 seconds 6))
        (should (= (delete-tests--read (delete-tests--child server))
                   delete-tests--size))))))

(defun delete-tests--terminal (server &optional keys)
  "Start an Emacs on a terminal that lingers for 30 seconds with SERVER.
Have it leave by KEYS, and return it when it waits."
  (let ((emacs (sockopt-tests-terminal
                (delete-tests--program (process-contact server :service)
                                       30))))
    (should (delete-tests--child server))
    (sockopt-tests-wait #'ignore 0.5)
    (process-send-string emacs (or keys "\C-x\C-c"))
    (should (sockopt-tests-says-p emacs "leaves now" 10))
    emacs))

(defun delete-tests--ends-p (emacs)
  "Return non-nil if EMACS ends soon."
  (sockopt-tests-wait (lambda () (not (process-live-p emacs))) 2))

(ert-deftest delete-tests-leave-quit ()
  "C-g ends the wait on leaving."
  :tags '((needs :tcp-info))
  (dolist (keys '("\C-x\C-c" "\C-cq" "\C-cd\C-x\C-c"))
    (sockopt-tests-clean
      (let* ((server (delete-tests--server))
             (emacs (delete-tests--terminal server keys)))
        (sockopt-tests-wait #'ignore 0.5)
        (should (process-live-p emacs))
        (should (< (sockopt-tests-quit
                    emacs "leaving Emacs"
                    (lambda () (not (process-live-p emacs))))
                   1))
        (should (= (delete-tests--read (delete-tests--child server))
                   delete-tests--size))))))

(ert-deftest delete-tests-leave-done ()
  "The wait on leaving ends when the peer has all."
  :tags '((needs :tcp-info))
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (emacs (delete-tests--terminal server)))
      (should (= (delete-tests--read (delete-tests--child server))
                 delete-tests--size))
      (should (delete-tests--ends-p emacs)))))

(ert-deftest delete-tests-leave-terminated ()
  "SIGTERM ends the wait on leaving."
  :tags '((needs :tcp-info))
  (sockopt-tests-clean
    (let* ((server (delete-tests--server))
           (emacs (delete-tests--terminal server)))
      (signal-process emacs 'SIGTERM)
      (should (delete-tests--ends-p emacs)))))

(provide 'delete-tests)
;;; delete-tests.el ends here
