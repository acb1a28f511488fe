;;; recipe-ping.el --- Ping, trace a route, and find its MTU  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Without a subprocess.  A datagram socket of ICMP takes no privilege where
;; net.ipv4.ping_group_range has the user's group (icmp(7)); the kernel fills
;; in identifier and checksum, and hands over only the answers to it.
;;
;;   (recipe-ping "192.0.2.1")         ; => (:time SECONDS :ttl HOPS)
;;   (recipe-ping-route "192.0.2.1")   ; => ((HOP ADDRESS SECONDS) ...)
;;   (recipe-ping-mtu "192.0.2.1")     ; => BYTES

;;; Code:

(require 'sockopt)

(defun recipe-ping--echo (number size)
  "Return an echo request with NUMBER, SIZE bytes long."
  (concat (unibyte-string 8 0 0 0 0 0 (ash number -8) (logand number 255))
          (make-string (- size 8) ?.)))

(defun recipe-ping--open (host)
  "Return a process that pings HOST; its property `answers' has what comes.
That is a list of (DATA ADDRESS INFO), the latest first."
  (let ((process (sockopt-make-network-process
                  :name "ping" :type 'datagram :protocol 'icmp :noquery t
                  :host host :service 0 :family 'ipv4 :coding 'binary
                  :timestampns t :ip-recvttl t :ip-mtu-discover 'do)))
    (sockopt-receive process
                     (lambda (process &rest answer)
                       (push answer (process-get process 'answers))))
    (sockopt-set process :ip-recverr t)
    process))

(defun recipe-ping--ask (process packet seconds &rest info)
  "Send PACKET by PROCESS with INFO; return what comes within SECONDS, or nil.
That is (SECONDS DATA ADDRESS INFO)."
  (let ((start (float-time)))
    (process-put process 'answers nil)
    ;; What is too large is told in the answer, too.
    (condition-case nil
        (apply #'sockopt-send process packet nil info)
      (sockopt-system-error nil))
    (accept-process-output process seconds)
    (let ((answer (car (process-get process 'answers))))
      (and answer
           (cons (- (float-time (or (plist-get (nth 2 answer) :time) nil))
                    start)
                 answer)))))

(defun recipe-ping--reached-p (answer)
  "Return non-nil if ANSWER is from the host itself."
  (not (plist-get (nth 3 answer) :error)))

(defun recipe-ping (host)
  "Return how long an answer of HOST takes, (:time SECONDS :ttl HOPS).
If there is none within a second, it is nil."
  (interactive "sHost: ")
  (let ((process (recipe-ping--open host)))
    (unwind-protect
        (pcase (recipe-ping--ask process (recipe-ping--echo 1 64) 1)
          ((and `(,time ,_ ,_ ,info) (pred recipe-ping--reached-p))
           (message "%s answers after %.3f ms" host (* 1000 time))
           (list :time time :ttl (plist-get info :ttl))))
      (delete-process process))))

(defun recipe-ping-route (host)
  "Return which way leads to HOST, a list of (HOP ADDRESS SECONDS).
ADDRESS is nil for a router that does not tell."
  (let ((process (recipe-ping--open host))
        (hop 0)
        route answer)
    (unwind-protect
        (while (and (< hop 30)
                    (not (and answer (recipe-ping--reached-p answer))))
          (setq hop (1+ hop)
                answer (recipe-ping--ask process (recipe-ping--echo hop 64) 1
                                         :ttl hop))
          (push (list hop
                      (and answer
                           (or (plist-get (nth 3 answer) :offender) host))
                      (car answer))
                route))
      (delete-process process))
    (nreverse route)))

(defun recipe-ping-mtu (host)
  "Return the size of the largest packet that reaches HOST in one piece.
If it does not answer, return nil."
  (let ((process (recipe-ping--open host))
        (size 65535)
        (tries 9)
        answer)
    (unwind-protect
        (while (and (< 0 tries)
                    ;; The header of the packet takes 20 bytes.
                    (setq answer (recipe-ping--ask
                                  process (recipe-ping--echo 1 (- size 20)) 1))
                    (not (recipe-ping--reached-p answer)))
          (setq tries (1- tries)
                size (or (plist-get (nth 3 answer) :mtu) size)))
      (delete-process process))
    (and answer (< 0 tries) size)))

(provide 'recipe-ping)
;;; recipe-ping.el ends here
