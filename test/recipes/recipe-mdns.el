;;; recipe-mdns.el --- Find services on the local network  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Multicast DNS (RFC 6762, RFC 6763): ask a group which sorts of service
;; there are, and hear on which interface each answer came.
;;
;;   (recipe-mdns "eth0" 2)   ; => (("_ipp._tcp.local" "eth0" "192.0.2.7") ...)

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(defconst recipe-mdns--group "224.0.0.251" "Where everybody listens.")

(defconst recipe-mdns--services "_services._dns-sd._udp.local"
  "The name whose pointers are the sorts of service: RFC 6763, section 9.")

(defun recipe-mdns--query (name)
  "Return a question for the pointers of NAME."
  (concat (unibyte-string 0 0 0 0 0 1 0 0 0 0 0 0)
          (mapconcat (lambda (label)
                       (concat (unibyte-string (length label)) label))
                     (split-string name "\\.") "")
          (unibyte-string 0 0 12 0 1)))

(defun recipe-mdns--number (data at)
  "Return the number of 16 bits in DATA at AT."
  (logior (ash (aref data at) 8) (aref data (1+ at))))

(defun recipe-mdns--name (data at)
  "Return (NAME . END) of the name in DATA at AT.
It may go on elsewhere, before that: RFC 1035, section 4.1.4."
  (let ((labels nil) (end nil) (steps 0) length)
    (while (and (< (cl-incf steps) 99)
                (< 0 (setq length (aref data at))))
      (if (< length #xc0)
          (progn (push (substring data (1+ at) (+ at 1 length)) labels)
                 (cl-incf at (1+ length)))
        (setq end (or end (+ at 2))
              at (logand #x3fff (recipe-mdns--number data at)))))
    (cons (mapconcat #'identity (nreverse labels) ".") (or end (1+ at)))))

(defun recipe-mdns--pointers (data)
  "Return the names that the answers in DATA point to."
  (let ((at 12) pointers)
    (dotimes (_ (recipe-mdns--number data 4))
      (setq at (+ 4 (cdr (recipe-mdns--name data at)))))
    (dotimes (_ (recipe-mdns--number data 6))
      (pcase-let ((`(,name . ,start) (recipe-mdns--name data at)))
        (when (and (= 12 (recipe-mdns--number data start))
                   (equal name recipe-mdns--services))
          (push (car (recipe-mdns--name data (+ start 10))) pointers))
        (setq at (+ start 10 (recipe-mdns--number data (+ start 8))))))
    pointers))

(defun recipe-mdns (interface seconds)
  "Return which sorts of service there are at INTERFACE.
Listen for SECONDS.  Value is a list of (NAME INTERFACE ADDRESS)."
  (let* ((found nil)
         (end (+ (float-time) seconds))
         (process (sockopt-make-network-process
                   :name "mdns" :server t :type 'datagram :noquery t
                   :coding 'binary :local [0 0 0 0 5353]
                   :reuseaddr t :reuseport t :ip-pktinfo t
                   :ip-multicast-if interface :ip-multicast-ttl 255
                   :ip-add-membership (list recipe-mdns--group interface))))
    (unwind-protect
        (progn
          (sockopt-receive
           process
           (lambda (_process data address info)
             (dolist (name (ignore-errors (recipe-mdns--pointers data)))
               (cl-pushnew (list name (plist-get info :interface)
                                 (mapconcat #'number-to-string
                                            (seq-take address 4) "."))
                           found :test #'equal))))
          (sockopt-send process (recipe-mdns--query recipe-mdns--services)
                        [224 0 0 251 5353])
          (while (< (float-time) end)
            (accept-process-output process 0.1)))
      (delete-process process))
    found))

(provide 'recipe-mdns)
;;; recipe-mdns.el ends here
