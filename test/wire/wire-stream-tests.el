;;; wire-stream-tests.el --- What options do to streams between hosts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-kinds)
(require 'wire)

(defun wire-stream-tests--connect (serve connect)
  "Connect the near host, by CONNECT, to a new server by SERVE.
Both are lists of arguments.  Return the port, once the far host has
accepted."
  (let ((port (wire-new-port)))
    (should-not (wire-far `(wire-host-serve ,port ,@serve)))
    (should-not (wire-near `(wire-host-connect ,port ,@connect)))
    (should (wire-far `(wire-host-wait
                        (lambda () (cdr (wire-host-processes ,port))))))
    port))

(defun wire-stream-tests--send (port string)
  "Have the near host send STRING to PORT, and wait until all is there."
  (let ((before (length (wire-far `(wire-host-got ,port)))))
    (should-not (wire-near `(wire-host-send ,port ,string)))
    (should (wire-far `(wire-host-wait
                        (lambda () (= ,(+ before (length string))
                                      (length (wire-host-got ,port))))
                        10)))))

(defun wire-stream-tests--sizes (port)
  "Return how much data each packet brought to PORT."
  (mapcar (lambda (packet) (plist-get packet :size)) (wire-data port)))

;;; Sizes

(ert-deftest wire-stream-tests-maxseg ()
  "No packet has more data than was asked for, either way."
  :tags '(:tcp-maxseg)
  (wire-with-hosts
    (pcase-dolist (`(,options ,low ,high)
                   '((nil 1400 1460) ((:tcp-maxseg 600) 500 600)))
      (let ((port (wire-stream-tests--connect nil options)))
        (wire-stream-tests--send port (make-string 5000 ?x))
        (should (< low (apply #'max (wire-stream-tests--sizes port))
                   (1+ high)))
        ;; The second option of TCP tells the peer.
        (should (equal (list (/ high 256) (mod high 256))
                       (alist-get 2 (plist-get (car (wire-come port 'syn))
                                               :options))))))))

(defun wire-stream-tests--scale (packet)
  "Return by how many bits the windows after PACKET, a SYN, are shifted."
  (or (car (alist-get 3 (plist-get packet :options))) 0))

(defun wire-stream-tests--window (port)
  "Return the largest window that the near host offered at PORT."
  (let* ((packets (wire-come port))
         (scale (wire-stream-tests--scale (car packets))))
    (apply #'max (mapcar (lambda (packet)
                           (ash (plist-get packet :window) scale))
                         (cdr packets)))))

(ert-deftest wire-stream-tests-window ()
  "The window is as large as the buffer, and the SYN says how it is scaled."
  :tags '(:rcvbuf :rcvbufforce :tcp-window-clamp)
  (wire-with-hosts
    (let* ((port (wire-stream-tests--connect nil nil))
           (scale (wire-stream-tests--scale (car (wire-come port 'syn)))))
      (should (< 3 scale))
      (should (< 20000 (wire-stream-tests--window port)))
      (dolist (options '((:rcvbuf 4000) (:rcvbufforce 4000)))
        (let ((port (wire-stream-tests--connect nil options)))
          (should (< (wire-stream-tests--scale (car (wire-come port 'syn)))
                     scale))
          (should (< (wire-stream-tests--window port) 8001))))
      (should (< (wire-stream-tests--window
                  (wire-stream-tests--connect nil '(:tcp-window-clamp 3000)))
                 3001)))))

(defun wire-stream-tests--receive (port size)
  "Have the far host send SIZE bytes to PORT, and wait until all are there."
  (should-not (wire-far `(wire-host-send ,port (make-string ,size ?x))))
  (should (wire-near `(wire-host-wait
                       (lambda () (= ,size (length (wire-host-got ,port))))
                       20))))

;; Its row says so.  Linux 6.18 measures how much memory data take as they
;; come, and derives the window from that and the buffer.
(ert-deftest wire-stream-tests-window-later ()
  "When data have come the kernel opens the window again.
The buffer limits it for good."
  :tags '(:rcvbuf)
  (when (version< (sockopt-tests-kernel) "6.18")
    (ert-skip "Older kernels keep `:tcp-window-clamp' longer"))
  (wire-with-hosts
    (pcase-dolist (`(,at-once ,later ,low ,high)
                   '(((:tcp-window-clamp 3000) nil 20000 600000)
                     (nil (:tcp-window-clamp 3000) 20000 600000)
                     ((:rcvbuf 3000) nil 1000 6000)))
      (let ((port (wire-stream-tests--connect nil at-once)))
        (should-not (wire-near `(wire-host-set ,port ,@later)))
        (wire-stream-tests--receive port 150000)
        (ert-info ((format "%S %S" at-once later))
          (should (< low
                     (ash (plist-get (car (last (wire-come port))) :window)
                          (wire-stream-tests--scale (car (wire-come port))))
                     high)))))))

(ert-deftest wire-stream-tests-buffer-lock ()
  "The send buffer grows with the connection, unless it is locked."
  :tags '(:buf-lock)
  (wire-with-hosts
    (pcase-let ((`(,free ,locked)
                 (mapcar (lambda (options)
                           (wire-near `(wire-host-get
                                        ,(wire-stream-tests--connect nil
                                                                     options)
                                        :sndbuf)))
                         '(nil (:buf-lock '(send))))))
      (should (< locked free)))))

;;; When data leave

(ert-deftest wire-stream-tests-cork ()
  "Small pieces of data wait for more, or until the cork is drawn."
  :tags '(:tcp-cork)
  (wire-with-hosts
    (pcase-dolist (`(,options . ,sizes) '((nil 3 4) ((:tcp-cork t) 7)))
      (let ((port (wire-stream-tests--connect nil options)))
        (should-not (wire-near `(or (wire-host-send ,port "one")
                                    (wire-host-send ,port "more")
                                    (wire-host-set ,port :tcp-cork nil))))
        (sockopt-tests-wait (lambda ()
                              (= 7 (apply #'+ (wire-stream-tests--sizes
                                               port)))))
        (should (equal sizes (wire-stream-tests--sizes port)))))))

(ert-deftest wire-stream-tests-cork-time ()
  "Corked data wait for 0.2 seconds at most."
  :tags '(:tcp-cork)
  (wire-with-hosts
    (let ((port (wire-stream-tests--connect nil '(:tcp-cork t)))
          (start (float-time)))
      (should-not (wire-near `(wire-host-send ,port "one")))
      (should (sockopt-tests-wait (lambda () (wire-data port))))
      (should (< 0.15 (- (plist-get (car (wire-data port)) :time) start)
                 1)))))

(defun wire-stream-tests--seconds (options)
  "Return how long it takes to send 150000 bytes with OPTIONS."
  (let ((port (wire-stream-tests--connect nil options)))
    (wire-stream-tests--send port (make-string 150000 ?x))
    (let ((packets (wire-data port)))
      (- (plist-get (car (last packets)) :time)
         (plist-get (car packets) :time)))))

(ert-deftest wire-stream-tests-pacing ()
  "Data leave no faster than they may."
  :tags '(:max-pacing-rate)
  (wire-with-hosts
    (should (< (wire-stream-tests--seconds nil) 0.7))
    ;; Of 150000 bytes a burst may go at once.
    (should (< 1 (wire-stream-tests--seconds '(:max-pacing-rate 100000))
               3))))

(ert-deftest wire-stream-tests-notsent ()
  "The kernel takes less of what it cannot send."
  :tags '(:tcp-notsent-lowat)
  (wire-with-hosts
    (let ((waiting
           (mapcar
            (lambda (options)
              (let ((port (wire-stream-tests--connect '(:rcvbuf 4000)
                                                      options)))
                (wire-far `(wire-host-stop-reading ,port))
                (wire-near `(wire-host-unsent ,port))))
            '(nil (:tcp-notsent-lowat 1000)))))
      (ert-info ((format "%S" waiting))
        (should (< (* 3 (nth 1 waiting)) (nth 0 waiting)))))))

;;; When data are taken

(ert-deftest wire-stream-tests-rcvlowat ()
  "Data wait until there is enough of them."
  :tags '(:rcvlowat)
  (wire-with-hosts
    (pcase-dolist (`(,options ,first) '((nil "12345") ((:rcvlowat 10) "")))
      (let ((port (wire-stream-tests--connect options nil)))
        (should-not (wire-near `(wire-host-send ,port "12345")))
        (should (equal first (wire-far `(wire-host-got-within ,port 0.5))))
        (should-not (wire-near `(wire-host-send ,port "67890")))
        (should (wire-far `(wire-host-wait
                            (lambda () (equal (wire-host-got ,port)
                                              "1234567890")))))))))

(defun wire-stream-tests--answer-time (&rest options)
  "Return how long the far host, with OPTIONS, takes to acknowledge data."
  (let ((port (wire-stream-tests--connect nil nil)))
    (should-not (wire-far `(wire-host-set ,port ,@options)))
    (should-not (wire-near `(wire-host-send ,port "hello")))
    (let* ((data (sockopt-tests-wait (lambda () (car (wire-data port)))))
           (time (plist-get data :time))
           answer)
      (should (sockopt-tests-wait
               (lambda ()
                 (setq answer (cl-find-if (lambda (packet)
                                            (< time (plist-get packet :time)))
                                          (wire-left port 'ack))))))
      (- (plist-get answer :time) time))))

(ert-deftest wire-stream-tests-acknowledging ()
  "Data are acknowledged at once, after a while, or sooner than that."
  :tags '(:tcp-quickack :tcp-delack-max-us)
  (wire-with-hosts
    (let ((late (wire-stream-tests--answer-time :tcp-quickack nil))
          (soon (wire-stream-tests--answer-time :tcp-quickack t)))
      (ert-info ((format "%S" (list late soon)))
        (should (< soon 0.02 late))))
    (unless (sockopt-supported-p :tcp-delack-max-us)
      (ert-skip "This kernel has no :tcp-delack-max-us"))
    (let ((late (wire-stream-tests--answer-time
                 :tcp-quickack nil :tcp-delack-max-us 20000)))
      (ert-info ((format "%S" late))
        (should (< 0.001 late 0.035))))))

;;; Lost data

(defun wire-stream-tests--repeats (seconds options)
  "Return the times between the packets of the same data, over SECONDS.
The near host sends them, with OPTIONS, when the far has vanished."
  (let ((port (wire-stream-tests--connect nil options)))
    (wire-ip wire-far "addr flush dev cable")
    (should-not (wire-near `(wire-host-send ,port "hello")))
    (sockopt-tests-wait #'ignore seconds)
    (wire-ip wire-far (concat "addr add " sockopt-tests-far "/24 dev cable"))
    (let ((times (mapcar (lambda (packet) (plist-get packet :time))
                         (wire-data port))))
      (cl-mapcar #'- (cdr times) times))))

(ert-deftest wire-stream-tests-repeating ()
  "Lost data are sent again after twice the time, each time."
  (wire-with-hosts
    (let ((steps (wire-stream-tests--repeats
                  3.6 '(:tcp-congestion "reno"))))
      (ert-info ((format "%S" steps))
        (should (<= 3 (length steps) 5))
        (should (< 0.19 (nth 0 steps)))
        (should (< (* 1.7 (nth 1 steps)) (nth 2 steps)
                   (* 2.3 (nth 1 steps))))))))

(ert-deftest wire-stream-tests-repeating-least ()
  "Lost data are sent again sooner."
  :tags '(:tcp-rto-min-us)
  (wire-with-hosts
    (let ((steps (wire-stream-tests--repeats 0.6 '(:tcp-rto-min-us 20000))))
      (ert-info ((format "%S" steps))
        (should (< (nth 0 steps) 0.1))))))

(ert-deftest wire-stream-tests-repeating-most ()
  "The time until lost data are sent again does not grow above the limit."
  :tags '(:tcp-rto-max-ms)
  (unless (sockopt-supported-p :tcp-rto-max-ms)
    (ert-skip "This kernel has no :tcp-rto-max-ms"))
  (wire-with-hosts
    (let ((steps (wire-stream-tests--repeats 5.8 '(:tcp-rto-max-ms 1000))))
      (ert-info ((format "%S" steps))
        (should (<= 6 (length steps)))
        (should (< (apply #'max steps) 1.4))))))

(ert-deftest wire-stream-tests-repeating-evenly ()
  "The time until lost data are sent again does not grow at first."
  :tags '(:tcp-thin-linear-timeouts)
  (wire-with-hosts
    (let ((steps (wire-stream-tests--repeats
                  ;; With bbr no stream is thin.
                  2.5 '( :tcp-thin-linear-timeouts t
                         :tcp-congestion "reno"))))
      (ert-info ((format "%S" steps))
        (should (<= 5 (length steps)))
        (should (< (nth 3 steps) (* 1.5 (nth 2 steps))))))))

;;; The end

(ert-deftest wire-stream-tests-linger2 ()
  "The peer may still send after the near host has closed, or is reset."
  :tags '(:tcp-linger2)
  (wire-with-hosts
    (pcase-dolist (`(,options ,reset) '((nil nil) ((:tcp-linger2 -1) t)))
      (let ((port (wire-stream-tests--connect nil options)))
        (wire-far `(wire-host-stop-reading ,port))
        (wire-near `(wire-host-delete ,port))
        (should (sockopt-tests-wait (lambda () (wire-come port 'fin))))
        (sockopt-tests-wait (lambda () (wire-come port 'rst)) 0.5)
        (should (eq reset (and (wire-come port 'rst) t)))))))

;;; The algorithm

(ert-deftest wire-stream-tests-congestion ()
  "The algorithm tells what only it has to tell."
  :tags '(:tcp-congestion)
  (wire-with-hosts
    (unless (wire-near '(with-temp-buffer
                          (insert-file-contents "/proc/sys/net/ipv4/\
tcp_available_congestion_control")
                          (and (string-search "bbr" (buffer-string)) t)))
      (ert-skip "This kernel has no bbr"))
    (pcase-dolist (`(,name ,tells) '(("reno" nil) ("bbr" t)))
      (let ((port (wire-stream-tests--connect
                   nil (list :tcp-congestion name))))
        (should (eq tells
                    (wire-near `(and (wire-host-get ,port :tcp-cc-info)
                                     t))))))))

(provide 'wire-stream-tests)
;;; wire-stream-tests.el ends here
