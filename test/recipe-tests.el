;;; recipe-tests.el --- Test the recipes against real peers  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-hosts)

(declare-function recipe-syslog "recipes/recipe-syslog" (address))
(declare-function recipe-who "recipes/recipe-who" (file function))

(defconst recipe-tests--directory (expand-file-name "test/recipes")
  "Where the recipes are.")

(defun recipe-tests--file (name)
  "Return the file of the recipe NAME."
  (expand-file-name (format "recipe-%s.el" name) recipe-tests--directory))

(defun recipe-tests--need (program)
  "Skip the test where there is no PROGRAM."
  (unless (executable-find program)
    (ert-skip (format "There is no %s" program))))

(defun recipe-tests--in (namespace name form)
  "Return what the Emacs in NAMESPACE makes of FORM, with recipe NAME."
  (sockopt-tests-run-in namespace
                        `(progn (load ,(recipe-tests--file name) nil t)
                                ,form)
                        20))

(defun recipe-tests--shell (namespace command)
  "Run the shell COMMAND in NAMESPACE."
  (should (sockopt-tests-ip "netns" "exec" namespace "sh" "-c" command)))

;;; A way through a router

(defun recipe-tests--ways (near router far)
  "Return the arguments of ip(8) that join NEAR and FAR by ROUTER.
The second cable takes packets of 1300 bytes at most."
  `(("netns" "add" ,near) ("netns" "add" ,router) ("netns" "add" ,far)
    ("link" "add" "one" "netns" ,near "type" "veth"
     "peer" "name" "one" "netns" ,router)
    ("link" "add" "two" "netns" ,router "type" "veth"
     "peer" "name" "two" "netns" ,far)
    ("-n" ,near "addr" "add" "10.78.1.1/24" "dev" "one")
    ("-n" ,router "addr" "add" "10.78.1.2/24" "dev" "one")
    ("-n" ,router "addr" "add" "10.78.2.2/24" "dev" "two")
    ("-n" ,far "addr" "add" "10.78.2.3/24" "dev" "two")
    ("-n" ,near "link" "set" "one" "up") ("-n" ,router "link" "set" "one" "up")
    ("-n" ,router "link" "set" "two" "mtu" "1300" "up")
    ("-n" ,far "link" "set" "two" "mtu" "1300" "up")
    ("-n" ,near "route" "add" "default" "via" "10.78.1.2")
    ("-n" ,far "route" "add" "default" "via" "10.78.2.2")))

(defmacro recipe-tests--with-router (near &rest body)
  "Evaluate BODY with NEAR bound to a host two hops from 10.78.2.3."
  (declare (indent 1) (debug (symbolp body)))
  `(let* ((names (mapcar (lambda (name)
                           (format "sockopt-%s-%d" name (emacs-pid)))
                         '("here" "router" "there")))
          (,near (car names)))
     (sockopt-tests-need-namespaces)
     (unwind-protect
         (sockopt-tests-clean
           (unless (cl-every (lambda (arguments)
                               (apply #'sockopt-tests-ip arguments))
                             (apply #'recipe-tests--ways names))
             (ert-skip "Cannot make network namespaces"))
           (recipe-tests--shell (nth 1 names)
                                "echo 1 >/proc/sys/net/ipv4/ip_forward")
           (recipe-tests--shell
            ,near "echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range")
           ,@body)
       (dolist (name names)
         (sockopt-tests-ip "netns" "del" name)))))

(ert-deftest recipe-tests-ping ()
  "Ping, a route through a router, and the packets that fit it."
  (recipe-tests--with-router near
    (pcase (recipe-tests--in near "ping"
                             '(list (recipe-ping "10.78.2.3")
                                    (recipe-ping-route "10.78.2.3")
                                    (recipe-ping-mtu "10.78.2.3")))
      (`((:time ,time :ttl 63)
         ((1 "10.78.1.2" ,_) (2 "10.78.2.3" ,_))
         1300)
       (should (< 0 time 1)))
      (other (ert-fail (list other))))))

;;; Programs of others

;; Without the sanitizers, which are preloaded: under them logger(1) hangs now
;; and then.
(defconst recipe-tests--plain '("env" "-u" "LD_PRELOAD")
  "What a command begins with that runs a program of others.")

(defun recipe-tests--call (&rest command)
  "Run COMMAND, a program of others and its arguments; return its status."
  (let ((all (append recipe-tests--plain command)))
    (apply #'call-process (car all) nil nil nil (cdr all))))

;;; The network

(defun recipe-tests--avahi (namespace directory)
  "Start avahi-daemon in NAMESPACE, configured in DIRECTORY."
  (let ((file (expand-file-name "avahi.conf" directory)))
    (write-region "[server]\nhost-name=recipe\nuse-ipv4=yes\nuse-ipv6=no
allow-interfaces=cable\nenable-dbus=no\n[publish]\npublish-workstation=yes\n"
                  nil file nil 'silent)
    (make-process
     :name "avahi" :noquery t :connection-type 'pipe
     :command
     (append recipe-tests--plain
             (list "ip" "netns" "exec" namespace "sh" "-c"
                   (format "mount -t tmpfs none /run && exec avahi-daemon \
-f %s --no-drop-root --no-rlimits --no-chroot --no-proc-title" file))))))

(ert-deftest recipe-tests-mdns ()
  "The browser hears what avahi-daemon says, and where."
  (recipe-tests--need "avahi-daemon")
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-with-directory directory
      (let ((avahi (recipe-tests--avahi far directory))
            (end (+ (float-time) 30))
            found)
        ;; It probes first whether its name is free.
        (while (and (null found) (< (float-time) end))
          (setq found (recipe-tests--in near "mdns"
                                        '(recipe-mdns "cable" 2))))
        (should (process-live-p avahi))
        (should (member `("_workstation._tcp.local" "cable"
                          ,sockopt-tests-far)
                        found))))))

;; No device is at hand, so an Emacs answers as one.
(ert-deftest recipe-tests-ssdp ()
  "A device that answers a search is found."
  (sockopt-tests-with-hosts (near far)
    (let ((device (sockopt-tests-emacs-in
                   far
                   `(progn
                      (sockopt-make-network-process
                       :name "device" :server t :type 'datagram
                       :coding 'binary :local [0 0 0 0 1900]
                       :ip-add-membership '("239.255.255.250" "cable")
                       :filter (lambda (process data)
                                 (when (string-prefix-p "M-SEARCH" data)
                                   (process-send-string
                                    process "HTTP/1.1 200 OK\r
Location: http://device/\r\n\r\n"))))
                      (message "SERVES")
                      (while t (sleep-for 60))))))
      (should (sockopt-tests-says-p device "SERVES" 20))
      (should (equal (recipe-tests--in near "ssdp" '(recipe-ssdp "cable" 1))
                     `((,sockopt-tests-far . "http://device/")))))))

(ert-deftest recipe-tests-wake ()
  "All on the network hear what wakes a computer."
  (sockopt-tests-with-hosts (near far)
    (let ((sleeper (sockopt-tests-emacs-in
                    far
                    '(progn
                       (sockopt-make-network-process
                        :name "asleep" :server t :type 'datagram
                        :coding 'binary :local [0 0 0 0 9]
                        :filter (lambda (_process data)
                                  (message "WOKEN %S" (append data nil))))
                       (message "ASLEEP")
                       (while t (sleep-for 60))))))
      (should (sockopt-tests-says-p sleeper "ASLEEP" 20))
      (should (equal 102 (recipe-tests--in
                          near "wake"
                          '(recipe-wake "02:00:00:ab:cd:ef" "cable"))))
      (should (sockopt-tests-says-p
               sleeper
               (format "WOKEN %S"
                       (append (make-list 6 255)
                               (apply #'append
                                      (make-list 16 '(2 0 0 #xab #xcd
                                                        #xef)))))
               5)))))

;;; This machine

(defmacro recipe-tests--with-file (file &rest body)
  "Evaluate BODY with FILE bound to a name that others can reach."
  (declare (indent 1) (debug (symbolp body)))
  `(sockopt-tests-with-directory directory
     (set-file-modes directory #o755)
     (let ((,file (expand-file-name "socket" directory)))
       (sockopt-tests-clean ,@body))))

(defun recipe-tests--log-as-nobody (file text)
  "Have logger(1), as the user 65534, log TEXT to FILE."
  (set-file-modes file #o666)
  (recipe-tests--call "setpriv" "--reuid=65534" "--regid=65534"
                      "--clear-groups" "logger" "-u" file text))

(defun recipe-tests--nobody ()
  "Return the name of the user 65534."
  (or (user-login-name 65534) "65534"))

(ert-deftest recipe-tests-syslog ()
  "What logger(1) sends over the network is shown with when it came."
  (recipe-tests--need "logger")
  (load (recipe-tests--file "syslog") nil t)
  (sockopt-tests-clean
    (let* ((process (recipe-syslog [127 0 0 1 0]))
           (port (number-to-string (process-contact process :service)))
           (day (format-time-string "%F")))
      (with-current-buffer (process-buffer process)
        (should (equal 0 (recipe-tests--call "logger" "-d" "-n" "127.0.0.1"
                                             "-P" port "-p" "user.err"
                                             "--rfc3164" "it smokes")))
        (should (sockopt-tests-wait
                 (lambda () (string-search "it smokes" (buffer-string)))))
        (should (string-match-p
                 (concat "\\`" day " [0-9:]\\{8\\}\\.[0-9]\\{6\\} 127.0.0.1 \
error: .* it smokes$")
                 (buffer-string))))
      (kill-buffer (process-buffer process)))))

(ert-deftest recipe-tests-syslog-user ()
  "What is logged on this machine is shown with whose it is."
  (recipe-tests--need "logger")
  (recipe-tests--need "setpriv")
  (unless (= (user-uid) 0) (ert-skip "Only root can be another user"))
  (load (recipe-tests--file "syslog") nil t)
  (recipe-tests--with-file file
    (let ((process (recipe-syslog file)))
      (recipe-tests--log-as-nobody file "it rains")
      (with-current-buffer (process-buffer process)
        (should (sockopt-tests-wait
                 (lambda () (string-search "it rains" (buffer-string)))))
        (should (string-search (concat " " (recipe-tests--nobody)
                                       " notice: ")
                               (buffer-string))))
      (kill-buffer (process-buffer process)))))

(ert-deftest recipe-tests-who ()
  "A server knows whom it serves."
  :tags '(:peercred)
  (recipe-tests--need "logger")
  (recipe-tests--need "setpriv")
  (unless (= (user-uid) 0) (ert-skip "Only root can be another user"))
  (load (recipe-tests--file "who") nil t)
  (recipe-tests--with-file file
    (let (known)
      (recipe-who file (lambda (_process user) (push user known)))
      (recipe-tests--log-as-nobody file "me")
      (should (sockopt-tests-wait (lambda () known)))
      (sockopt-make-network-process :name "own" :family 'local :noquery t
                                    :service file)
      (should (sockopt-tests-wait (lambda () (cdr known))))
      (should (equal known (list (user-login-name)
                                 (recipe-tests--nobody)))))))

(provide 'recipe-tests)
;;; recipe-tests.el ends here
