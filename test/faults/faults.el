;;; faults.el --- Have each call of the module fail  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make faults' runs this with a module of its own, whose calls of the
;; system and for memory fail when asked to.  Each path is walked once to
;; count the calls; then again and again, and each time another call fails,
;; with another of the errors that its man page lists.  Whatever fails, a
;; documented condition comes back or none, and nothing is left: no process,
;; descriptor, thread, file or block of memory.

;;; Code:

(require 'cl-lib)
(require 'sockopt-tests-lib)
(require 'sockopt-tests-kinds)
(require 'sockopt-connection)
(require 'sockopt-delete)
(require 'sockopt-process)
(require 'sockopt-probe)
(require 'sockopt-receive)
(require 'sockopt-send)
(require 'sockopt-server)

(defvar sockopt--place-directory)

;; What test/faults/faults-module.c defines.
(declare-function faults-arm nil (call nth code sticky))
(declare-function faults-disarm nil ())
(declare-function faults-calls nil ())
(declare-function faults-held nil ())
(declare-function faults-limit nil (more))

(defconst faults--share (max 1 (string-to-number (or (getenv "FAULTS") "20")))
  "Of how many failures one is tried.")

(defvar faults--server nil "A server for all clients.")
(defvar faults--directory nil "Where local sockets and placeholders are.")

;;; What the paths need

(defun faults--address (process)
  "Return the address that PROCESS is bound to."
  (process-contact process :local))

(defun faults--client (&rest arguments)
  "Make a client of the server with ARGUMENTS, by core."
  (apply #'make-network-process :name "client" :noquery t
         (append arguments
                 (list :host "127.0.0.1" :family 'ipv4
                       :service (process-contact faults--server :service)))))

(defun faults--make (&rest arguments)
  "Make a client of the server with ARGUMENTS, by the package."
  (apply #'sockopt-tests-client faults--server arguments))

(defun faults--settle (process)
  "Wait until PROCESS no longer connects."
  (unless (sockopt-tests-wait
           (lambda () (not (eq (process-status process) 'connect))) 3)
    (error "%s connects for ever" process))
  process)

(defun faults--file (name)
  "Return a file NAME for a local socket that is not there."
  (let ((file (expand-file-name name faults--directory)))
    (delete-file file)
    file))

(defun faults--datagrams ()
  "Make a server of datagrams, and a client that has sent to it."
  (let* ((server (make-network-process
                  :name "datagrams" :type 'datagram :server t :noquery t
                  :family 'ipv4 :host "127.0.0.1" :service t
                  :coding 'binary))
         (client (make-network-process
                  :name "sender" :type 'datagram :noquery t :family 'ipv4
                  :remote (faults--address server) :coding 'binary)))
    (list server client)))

(defun faults--packet-server ()
  "Make a local server of packets."
  (sockopt-make-network-process
   :name "packets" :server t :noquery t :family 'local :type 'seqpacket
   :service (faults--file "packets")))

;; As long as connect says that its queue is full, a client waits.
(defun faults--packet-client (server)
  "Make a client of SERVER, which is of packets."
  (sockopt-make-network-process
   :name "client" :noquery t :family 'local :type 'seqpacket
   :connect-timeout 1
   :service (process-contact server :service)))

(defun faults--datagram-client (server)
  "Make a client that sends datagrams to SERVER."
  (sockopt-make-network-process
   :name "client" :noquery t :type 'datagram :family 'ipv4
   :remote (faults--address server)))

(defun faults--receive (pair)
  "Have the server in PAIR receive what its client sends."
  (let (got)
    (sockopt-receive (car pair) (lambda (&rest all) (push all got)))
    (process-send-string (cadr pair) "one")
    (sockopt-tests-wait (lambda () got) 0.05)
    (sockopt-receive (car pair) nil)))

(defun faults--probe (process)
  "Probe PROCESS and wait for the result."
  (let (result)
    (sockopt-probe process 1 (lambda (_process what) (setq result what)))
    (unless (sockopt-tests-wait (lambda () result) 3)
      (error "No result of the probe"))))

(defun faults--accept (server)
  "Connect to SERVER, and have it accept that."
  (make-network-process :name "accepted" :noquery t :family 'ipv4
                        :host "127.0.0.1"
                        :service (process-contact server :service))
  (accept-process-output nil 0.01))

;; A directory that the module cannot remove is left, but not in silence.
(defun faults--remove-place (directory _why)
  "Remove DIRECTORY, which the module has said that it cannot."
  (delete-directory directory t))

;;; The paths

(defconst faults--paths
  `((get ,#'faults--make ,(lambda (it) (sockopt-get it :keepalive)))
    (get-structure ,#'faults--make ,(lambda (it) (sockopt-get it :tcp-info)))
    (get-interface ,#'faults--make
                   ,(lambda (it) (sockopt-get it :bindtodevice)))
    (get-protocol ,#'faults--make ,(lambda (it) (sockopt-get it :protocol)))
    (get-raw ,#'faults--make ,(lambda (it) (sockopt-get-raw it 1 9 4)))
    (get-all ,#'faults--make ,#'sockopt-options)
    (get-all-local
     ,(lambda () (sockopt-tests-make 'local-stream-client)) ,#'sockopt-options)
    (get-all-datagrams ,(lambda () (sockopt-tests-make 'udp4-client))
                       ,#'sockopt-options)
    (get-peer ,(lambda () (sockopt-tests-make 'local-stream-client))
              ,(lambda (it)
                 (list (sockopt-get it :peercred)
                       (sockopt-get it :peerpidfd)
                       (sockopt-get it :peergroups))))
    (contact ,#'faults--make ,(lambda (it) (sockopt-contact it t)))
    (connection ,#'faults--make ,#'sockopt-connection)
    (supported ,#'faults--make
               ,(lambda (it) (sockopt-supported-p :tcp-info it)))
    (foreign ,#'faults--client ,(lambda (it) (sockopt-get it :keepalive)))
    (foreign-server ,(lambda ()
                       (make-network-process :name "foreign" :server t
                                             :noquery t :service t
                                             :host "127.0.0.1"))
                    ,(lambda (it) (sockopt-get it :keepalive)))
    (foreign-datagrams ,(lambda () (car (faults--datagrams)))
                       ,(lambda (it) (sockopt-get it :keepalive)))
    (set ,#'faults--make ,(lambda (it) (sockopt-set it :keepalive t)))
    (set-many ,#'faults--make
              ,(lambda (it)
                 (sockopt-set-options it '(:keepalive t :tcp-keepidle 5
                                                      :linger 3 :ip-tos 8))))
    (set-interface ,(lambda () (sockopt-tests-make 'udp4-client))
                   ,(lambda (it)
                      (sockopt-set it :bindtodevice "lo")
                      (sockopt-set it :ip-multicast-if "lo")
                      (sockopt-set it :ip-multicast-if "127.0.0.1")))
    (set-groups ,(lambda () (sockopt-tests-make 'udp4-server))
                ,(lambda (it)
                   (sockopt-set it :ip-add-membership '("239.1.2.3" "lo"))
                   (sockopt-set it :mcast-join-group '("239.1.2.4" "lo"))
                   (sockopt-set it :ip-add-source-membership
                                '("239.1.2.5" 1 "127.0.0.1"))
                   (sockopt-set it :ip-msfilter
                                '("239.1.2.3" "lo" include "127.0.0.1"))
                   (sockopt-get it :ip-msfilter '("239.1.2.3" "lo"))))
    (set-filter ,(lambda () (sockopt-tests-make 'udp4-client))
                ,(lambda (it)
                   (sockopt-set it :attach-filter [[6 0 0 65535]])
                   (sockopt-get it :attach-filter)))
    (set-protocol-name ,#'faults--make
                       ,(lambda (it) (sockopt-set it :tcp-congestion "reno")))
    (set-raw ,#'faults--make
             ,(lambda (it) (sockopt-set-raw it 1 9 "\1\0\0\0")))
    (too-late ,#'faults--make
              ,(lambda (it) (sockopt-set it :ip-transparent t)
                 (sockopt-set it :tcp-fastopen-connect t)))
    (client ignore ,(lambda (_)
                      (faults--make :keepalive t :ip-tos 8 :linger 3)))
    (client-local ignore
                  ,(lambda (_) (faults--make :local [127 0 0 1 0])))
    (client-by-name ignore
                    ,(lambda (_) (faults--make :host "localhost")))
    (client-later ignore
                  ,(lambda (_)
                     (faults--settle (faults--make :nowait t :linger 3))))
    (client-later-by-name
     ignore ,(lambda (_)
               (faults--settle (faults--make :nowait t :host "localhost"))))
    (server ignore
            ,(lambda (_) (sockopt-tests-server :keepalive t :reuseport t)))
    (server-children ,(lambda ()
                        (sockopt-tests-server :child-options
                                              '(:ip-tos 8 :tcp-nodelay t)))
                     ,#'faults--accept)
    (server-local ignore
                  ,(lambda (_)
                     (sockopt-make-network-process
                      :name "local" :server t :noquery t :family 'local
                      :service (faults--file "server"))))
    (client-packets ,(lambda () (faults--packet-server))
                    ,#'faults--packet-client)
    (server-datagrams ignore
                      ,(lambda (_) (sockopt-tests-make 'udp4-server)))
    (client-datagrams ,(lambda () (sockopt-tests-make 'udp4-server))
                      ,#'faults--datagram-client)
    (abstract ignore
              ,(lambda (_)
                 (sockopt-make-network-process
                  :name "abstract" :server t :noquery t :family 'local
                  :service (format "\0sockopt-faults-%d" (emacs-pid)))))
    (receive ,#'faults--datagrams ,#'faults--receive)
    (send ,#'faults--datagrams
          ,(lambda (it)
             (sockopt-send (cadr it) "two" (faults--address (car it))
                           :ttl 3 :tos 8 :source "127.0.0.1"
                           :interface "lo")))
    (probe ,#'faults--make ,#'faults--probe)
    (delete-lingering
     ,(lambda () (faults--make :linger 1))
     ,(lambda (it)
        (process-send-string it "three")
        (sockopt-delete-process it)
        (unless (sockopt-tests-wait (lambda () (not (process-live-p it))) 3)
          (error "It is not deleted")))))
  "The paths, as (NAME MAKE WALK).
MAKE returns what WALK is given, and WALK's calls fail.")

;;; Walking them

(defvar faults--base nil "The processes that are always there.")
(defvar faults--found nil "What went wrong, as strings.")
(defvar faults--injected 0 "How many calls have failed.")
(defvar faults--full 0 "How many walks failed for lack of descriptors.")
(defvar faults--walks 0 "How often a path was walked.")

(defun faults--clean ()
  "Delete the processes that are not always there."
  (accept-process-output nil 0.0001)
  (let ((noninteractive nil))
    (dolist (process (cl-set-difference (process-list) faults--base))
      (unless (string-prefix-p " sockopt" (process-name process))
        (set-process-sentinel process #'ignore)
        (delete-process process)))
    (sockopt--close-receive-channels))
  ;; Core leaves its local sockets.
  (dolist (file (directory-files faults--directory t "\\`s"))
    (unless (file-directory-p file)
      (delete-file file))))

(defun faults--documented-p (error)
  "Return non-nil if ERROR is one that is documented."
  (cl-intersection (get (car error) 'error-conditions)
                   '(sockopt-error file-error wrong-type-argument
                                   args-out-of-range)))

(defun faults--complain (path fault format &rest arguments)
  "Note what went wrong on PATH with FAULT: FORMAT with ARGUMENTS."
  (let ((text (format "%s, %S: %s" (car path) fault
                      (apply #'format format arguments))))
    (princ (concat "WRONG " text "\n"))
    (push text faults--found)))

(defun faults--walk (path fault)
  "Walk PATH with FAULT, (CALL NTH CODE STICKY [DESCRIPTORS])."
  (pcase-let ((`(,_name ,make ,walk) path)
              (inhibit-message t))
    (cl-incf faults--walks)
    (let* ((it (funcall make))
           (mid (process-list))
           (status (and (processp it) (process-status it)))
           (start (float-time))
           failed)
      (apply #'faults-arm (seq-take fault 4))
      ;; A fifth is how many descriptors there may be more.
      (faults-limit (nth 4 fault))
      (condition-case error
          (funcall walk it)
        (error (setq failed error)))
      (faults-limit nil)
      (when (and failed (nth 4 fault))
        (cl-incf faults--full))
      (cl-incf faults--injected (faults-disarm))
      (when (and failed (not (faults--documented-p failed)))
        (faults--complain path fault "%S" failed))
      (when (> (- (float-time) start) 4)
        (faults--complain path fault "it took %.1f s"
                          (- (float-time) start)))
      ;; Only what goes by itself may be new after an error.
      (when failed
        (dolist (process (cl-set-difference (process-list) mid))
          (unless (or (string-prefix-p " sockopt" (process-name process))
                      (string-match-p "accepted" (process-name process)))
            (faults--complain path fault "%S is left after %S" process
                              failed)))
        (when (and status (not (eq (car path) 'delete-lingering))
                   (not (eq status (process-status it))))
          (faults--complain path fault "its status was %s and is %s" status
                            (process-status it)))))
    (faults--clean)))

(defun faults--held ()
  "Return what is held after a garbage collection."
  (faults--clean)
  (garbage-collect)
  (accept-process-output nil 0.001)
  (garbage-collect)
  (append (faults-held)
          (list (length (directory-files "/proc/self/task"))
                (length (directory-files faults--directory)))))

(defun faults--same-p (held)
  "Return nil if more than HELD is held, after a moment's wait."
  (let (now)
    (sockopt-tests-wait (lambda ()
                          (setq now (faults--held))
                          (cl-every #'<= now held))
                        3)
    (cl-every #'<= now held)))

(defun faults--all (path)
  "Return the faults that there are on PATH."
  (let ((number -1) faults)
    (faults--walk path '(-1 0 0 nil))
    (pcase-dolist (`(,_name ,count . ,codes) (faults-calls))
      (cl-incf number)
      (dotimes (nth count)
        (dolist (code codes)
          (push (list number nth code nil) faults)))
      (when (> count 0)
        (dolist (code codes)
          (push (list number 0 code t) faults))))
    (nreverse faults)))

(defun faults--name (fault)
  "Return FAULT in words."
  (pcase-let ((`(,call ,nth ,code ,sticky ,descriptors) fault))
    (if descriptors
        (format "room for %d descriptors" descriptors)
      (format "call %d%s of %s: %d" nth (if sticky " and all later" "")
              (car (nth call (faults-calls))) code))))

;; The garbage collector may overlook the handles of some processes.
(defun faults--leaks-p (path fault held)
  "Return non-nil if walking PATH with FAULT leaves more and more than HELD.
Of blocks some may be left, but not for each walk."
  (let ((walks 8))
    (dotimes (_ walks)
      (faults--walk path fault))
    (not (faults--same-p (cl-mapcar #'+ held (list 0 (1- walks) 0 0))))))

(defun faults--walk-all (path faults)
  "Walk PATH with each of FAULTS, and see that nothing is left.
If something is, find out by which."
  (let ((held (faults--held)))
    (dolist (fault faults)
      (faults--walk path fault))
    (unless (faults--same-p held)
      (if (cdr faults)
          (let ((half (/ (length faults) 2)))
            (faults--walk-all path (seq-take faults half))
            (faults--walk-all path (nthcdr half faults)))
        (when (faults--leaks-p path (car faults) held)
          (faults--complain path (faults--name (car faults))
                            "(descriptors blocks threads files) %S became %S"
                            held (faults--held)))))))

(defconst faults--seed (or (getenv "FAULTS_SEED") "sockopt")
  "What it follows from which faults are tried.")

;; By what they are, not by their order: how often a call is made differs from
;; run to run, and what is tried must not.
(defun faults--chosen-p (path fault)
  "Return non-nil if FAULT is tried on PATH, as one in `faults--share' is."
  (let ((name (format "%s %s %S" faults--seed (car path) fault)))
    (zerop (mod (string-to-number (substring (md5 name) 0 6) 16)
                faults--share))))

(defconst faults--most-descriptors 10
  "How many descriptors no path needs more than.")

(defun faults--limits ()
  "Return the faults that leave room for more and more descriptors."
  (cl-loop for more below faults--most-descriptors
           collect (list -1 0 0 nil more)))

(defun faults--path (path)
  "Walk PATH with its faults."
  (let* ((start (float-time))
         (all (faults--all path))
         (faults (append (faults--limits)
                         (cl-remove-if-not
                          (lambda (fault) (faults--chosen-p path fault))
                          all))))
    (while faults
      (faults--walk-all path (seq-take faults 50))
      (setq faults (nthcdr 50 faults)))
    (princ (format "%-22s %5d faults, %.1f s\n" (car path) (length all)
                   (- (float-time) start)))))

(defun faults-run ()
  "Walk all paths with the faults that there are, and exit."
  (setq faults--directory (make-temp-file "sockopt-faults" t))
  (setenv "TMPDIR" faults--directory)
  (setq temporary-file-directory (file-name-as-directory faults--directory)
        sockopt--place-directory temporary-file-directory
        sockopt-tests-kinds--directory faults--directory)
  (advice-add 'sockopt--warn-of-place :override #'faults--remove-place)
  (sockopt-tests-warm-up)
  (setq faults--server (sockopt-tests-server :sentinel #'ignore))
  (setq faults--base (process-list))
  (let ((only (getenv "ONLY")))
    (dolist (path faults--paths)
      (when (or (null only)
                (string-match-p only (symbol-name (car path))))
        (faults--path path))))
  (princ (format "%d failures injected over %d paths, %d walks; \
%d walks failed for lack of descriptors; %d wrong\n"
                 faults--injected (length faults--paths) faults--walks
                 faults--full (length faults--found)))
  (delete-directory faults--directory t)
  (kill-emacs (if faults--found 1 0)))

(provide 'faults)
;;; faults.el ends here
