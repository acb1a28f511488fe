;;; recipe-wake.el --- Wake a computer over the network  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A computer that sleeps may listen for one packet, with its address
;; sixteen times ("Wake-on-LAN").  It has no IP address then, so that goes to
;; all: a broadcast, which the kernel sends only for a socket that may.
;;
;;   (recipe-wake "52:54:00:12:34:56" "eth0")

;;; Code:

(require 'sockopt)

(defun recipe-wake--packet (address)
  "Return what wakes the computer with the hardware ADDRESS."
  (let ((bytes (mapcar (lambda (part) (string-to-number part 16))
                       (split-string address "[:-]"))))
    (apply #'unibyte-string
           (append (make-list 6 255)
                   (apply #'append (make-list 16 bytes))))))

(defun recipe-wake (address interface)
  "Wake the computer with the hardware ADDRESS, reached by INTERFACE."
  (let ((process (sockopt-make-network-process
                  :name "wake" :type 'datagram :noquery t :coding 'binary
                  :remote [255 255 255 255 9] :broadcast t)))
    (unwind-protect
        (sockopt-send process (recipe-wake--packet address) nil
                      :interface interface)
      (delete-process process))))

(provide 'recipe-wake)
;;; recipe-wake.el ends here
