;;; receive-error-tests.el --- Test errors of the network  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-hosts)
(require 'sockopt-tests-receive)

(defmacro receive-error-tests--warnings (&rest body)
  "Evaluate BODY and return the warnings that it displays."
  (declare (debug t))
  `(let ((warnings nil))
     (cl-letf (((symbol-function 'display-warning)
                (lambda (_type message &rest _) (push message warnings))))
       ,@body)
     (nreverse warnings)))

(defun receive-error-tests--client (maker host)
  "Make a client with MAKER to a port of HOST where nobody is."
  (funcall maker :name "client" :type 'datagram :noquery t
           :family (if (string-search ":" host) 'ipv6 'ipv4)
           :host host :service 9))

(ert-deftest receive-error-tests-refused ()
  "A refusal is told, and the process lives on."
  (dolist (maker '(make-network-process sockopt-make-network-process))
    (sockopt-tests-clean
      (let* ((process (receive-error-tests--client maker "127.0.0.1"))
             (all (sockopt-tests-receive-all process)))
        (should-not (receive-error-tests--warnings
                     (sockopt-set process :ip-recverr t)))
        (dotimes (i 3)
          (process-send-string process (format "data %d" i))
          (should (accept-process-output process 5)))
        (should (eq (process-status process) 'open))
        (should (equal (sockopt-tests-receive-data all)
                       '("data 0" "data 1" "data 2")))
        (pcase-dolist (`(_ ,address ,info) (funcall all))
          (should (equal address [127 0 0 1 9]))
          (should (eq (car (plist-get info :error)) 'ECONNREFUSED))
          (should (stringp (cdr (plist-get info :error))))
          (should (eq (plist-get info :origin) 'icmp))
          (should (equal (plist-get info :icmp) '(3 3)))
          (should (equal (plist-get info :offender) "127.0.0.1"))
          (should-not (plist-member info :mtu)))
        ;; What is sent next does not go to who has refused something.
        (sockopt-send process "other" [127 0 0 2 9])
        (sockopt-tests-receive-some all 4)
        (should (equal (nth 1 (nth 3 (funcall all))) [127 0 0 2 9]))
        (should (equal (process-datagram-address process)
                       [127 0 0 1 9]))))))

(ert-deftest receive-error-tests-refused-ipv6 ()
  :tags '(:ipv6-recverr)
  (sockopt-tests-need-ipv6)
  (sockopt-tests-clean
    (let* ((process (receive-error-tests--client #'make-network-process "::1"))
           (all (sockopt-tests-receive-all process)))
      (sockopt-set process :ipv6-recverr t)
      (process-send-string process "data")
      (pcase-let ((`(,data ,address ,info) (sockopt-tests-receive-one all)))
        (should (equal data "data"))
        (should (equal address [0 0 0 0 0 0 0 1 9]))
        (should (eq (car (plist-get info :error)) 'ECONNREFUSED))
        (should (eq (plist-get info :origin) 'icmp6))
        (should (equal (plist-get info :icmp) '(1 4)))
        (should (equal (plist-get info :offender) "::1"))))))

(ert-deftest receive-error-tests-data-too ()
  "Data and errors come, whichever is first."
  (sockopt-tests-receive-with (server client)
    (let ((all (sockopt-tests-receive-all server))
          (here (process-contact server :local)))
      (sockopt-set server :ip-recverr t)
      (process-send-string client "1")
      (should (accept-process-output server 5))
      (set-process-datagram-address server [127 0 0 1 9])
      (process-send-string server "2")
      (process-send-string client "3")
      (sockopt-tests-receive-some all 3)
      (should (equal (sort (sockopt-tests-receive-data all) #'string<)
                     '("1" "2" "3")))
      (should (equal (process-contact server :local) here))
      (dolist (one (funcall all))
        (should (eq (equal (car one) "2")
                    (and (plist-get (nth 2 one) :error) t))))
      ;; An answer goes to who has sent something, not to who has refused.
      (should-not (equal (process-datagram-address server) [127 0 0 1 9])))))

(ert-deftest receive-error-tests-warning ()
  "Where an error would end a process, setting the option says so."
  (sockopt-tests-receive-with (server _client)
    (let ((warnings (receive-error-tests--warnings
                     (sockopt-set server :ip-recverr t))))
      (should (equal (length warnings) 1))
      (should (string-match-p "end process server.*sockopt-receive"
                              (car warnings))))
    (should (receive-error-tests--warnings
             (sockopt-set-options server '(:ip-recverr t))))
    (should-not (receive-error-tests--warnings
                 (sockopt-set server :ip-recverr nil)))
    (should-not (receive-error-tests--warnings
                 (sockopt-receive server #'ignore)
                 (sockopt-set server :ip-recverr t)))
    (should (receive-error-tests--warnings (sockopt-receive server nil)))
    (sockopt-receive server #'ignore)
    (sockopt-set server :ip-recverr nil)
    (should-not (receive-error-tests--warnings (sockopt-receive server nil)))
    (should-not (receive-error-tests--warnings
                 (sockopt-set (sockopt-tests-server) :ip-recverr t)))))

(ert-deftest receive-error-tests-core ()
  "As the warning says, without `sockopt-receive' it is the end."
  (sockopt-tests-clean
    (let ((process (receive-error-tests--client #'make-network-process
                                                "127.0.0.1")))
      (receive-error-tests--warnings (sockopt-set process :ip-recverr t))
      (process-send-string process "data")
      (should (sockopt-tests-wait
               (lambda () (eq (process-status process) 'closed)))))))

(ert-deftest receive-error-tests-steps-core ()
  "As the row warns, core is busy with what it does not read."
  (sockopt-tests-receive-with (server client)
    (should server)
    (cl-flet ((seconds ()
                (let ((before (get-internal-run-time)))
                  (accept-process-output client 0.3)
                  (float-time (time-subtract (get-internal-run-time)
                                             before)))))
      (sockopt-set client :timestamping '(tx-software software))
      (process-send-string client "x")
      (let ((busy (seconds)))
        (sockopt-receive client #'ignore)
        (should (accept-process-output client 5))
        (should (< (* 3 (seconds)) busy))))))

(ert-deftest receive-error-tests-steps ()
  "How sending goes is told, too, and is no error."
  :tags '(:timestamping)
  (sockopt-tests-receive-with (server client)
    (should server)
    (let ((all (sockopt-tests-receive-all client)))
      (sockopt-set client :timestamping
                   '(tx-software tx-sched software opt-id opt-tsonly))
      (process-send-string client "x")
      (process-send-string client "x")
      (let ((found (mapcar (lambda (one)
                             (let ((info (nth 2 one)))
                               (should (plist-get info :time))
                               (should-not (plist-get info :error))
                               (list (plist-get info :origin)
                                     (plist-get info :step)
                                     (plist-get info :id))))
                           (sockopt-tests-receive-some all 4))))
        (dolist (step '(scheduled sent))
          (dolist (id '(0 1))
            (should (member (list 'timestamping step id) found))))))))

;;; Between two hosts

(defconst receive-error-tests--beyond "10.88.0.1"
  "An address that the near host reaches by way of the far one.")

(defun receive-error-tests--make-router (near far)
  "Have FAR be the router of NEAR, with a narrow link behind it."
  (cl-loop for arguments in
           `(("-n" ,near "route" "add" "default" "via" ,sockopt-tests-far)
             ("-n" ,far "link" "add" "narrow" "mtu" "1000" "type" "veth"
              "peer" "name" "beyond")
             ("-n" ,far "addr" "add" "10.88.0.254/24" "dev" "narrow")
             ("-n" ,far "link" "set" "beyond" "up")
             ("-n" ,far "link" "set" "narrow" "up"))
           do (should (apply #'sockopt-tests-ip arguments)))
  (should (sockopt-tests-sysctl far "net.ipv4.ip_forward" "1")))

(defun receive-error-tests--form (host options size)
  "Return a form that sends SIZE bytes to HOST with OPTIONS.
Its value is what is told of that, (ADDRESS INFO) each, and the status."
  `(let* ((all nil)
          (p (make-network-process :name "p" :type 'datagram :noquery t
                                   :family 'ipv4 :host ,host :service 9)))
     (sockopt-receive p (lambda (_process _data address info)
                          (push (list address info) all)))
     (sockopt-set-options p '(:ip-recverr t ,@options))
     (ignore-errors (process-send-string p (make-string ,size ?x)))
     (accept-process-output p 5)
     (list all (process-status p))))

(defun receive-error-tests--told (near host options size)
  "Return the INFO that NEAR gets of an error.
HOST, OPTIONS and SIZE are as for `receive-error-tests--form'."
  (pcase-let ((`(((,address ,info)) ,status)
               (sockopt-tests-run-in
                near (receive-error-tests--form host options size) 20)))

    (should (eq status 'open))
    ;; The kernel does not tell the port of what it has not sent.
    (should (equal (aref address 4)
                   (if (eq (plist-get info :origin) 'local) 0 9)))
    (should (consp (plist-get info :error)))
    (cl-loop for key in '(:error :origin :icmp :offender :mtu)
             for value = (plist-get info key)
             collect (if (eq key :error) (car value) value))))

(ert-deftest receive-error-tests-wire ()
  "A router that refuses says which one it is, and why."
  :tags '(:ip-recverr)
  (sockopt-tests-with-hosts (near far)
    (receive-error-tests--make-router near far)
    (let ((far-address sockopt-tests-far)
          (beyond receive-error-tests--beyond))
      ;; Too many hops.
      (should (equal (receive-error-tests--told near beyond '(:ip-ttl 1) 5)
                     `(EHOSTUNREACH icmp (11 0) ,far-address nil)))
      ;; Nobody listens there.
      (should (equal (receive-error-tests--told near far-address nil 5)
                     `(ECONNREFUSED icmp (3 3) ,far-address nil)))
      ;; The router knows no way.
      (should (equal (receive-error-tests--told near "10.99.0.1" nil 5)
                     `(ENETUNREACH icmp (3 0) ,far-address nil)))
      ;; Too large for the link behind the router, and not to be split.
      (should (equal (receive-error-tests--told
                      near beyond '(:ip-mtu-discover do) 1300)
                     `(EMSGSIZE icmp (3 4) ,far-address 1000)))
      ;; Too large for the link here.
      (should (equal (receive-error-tests--told
                      near far-address '(:ip-mtu-discover do) 3000)
                     '(EMSGSIZE local nil nil 1500))))))

(defconst receive-error-tests--library "
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

ssize_t
recvmsg (int fd, struct msghdr *message, int flags)
{
  ssize_t (*real) (int, struct msghdr *, int)
    = (ssize_t (*) (int, struct msghdr *, int)) dlsym (RTLD_NEXT, \"recvmsg\");
  if ((flags & (MSG_ERRQUEUE | MSG_TRUNC)) != MSG_TRUNC)
    return real (fd, message, flags);
  errno = EAGAIN;
  return -1;
}
"
  "A library in which a datagram always comes a moment too late.")

(ert-deftest receive-error-tests-late ()
  "What comes after a look for data is no error where there is no such queue."
  (sockopt-tests-with-directory directory
    (should
     (equal
      '("late" t)
      (sockopt-tests-value-with
       (sockopt-tests-library directory receive-error-tests--library)
       `(let* ((file ,(expand-file-name "server" directory))
               (server (make-network-process
                        :name "s" :server t :type 'datagram :family 'local
                        :service file :noquery t))
               (client (make-network-process
                        :name "c" :type 'datagram :family 'local
                        :service file :noquery t))
               (handle (sockopt--handle server)))
          (process-send-string client "late")
          (pcase-let ((`(,data ,_address ,_info ,sent)
                       (sockopt--receive server (process-status server)
                                         handle)))
            (list data sent))))))))

(provide 'receive-error-tests)
;;; receive-error-tests.el ends here
