;;; wire-packet.el --- Read the headers of packets  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; A packet is a plist of what its headers say: RFC 791, 8200, 768, 9293.

;;; Code:

(require 'cl-lib)

(defun wire-packet--16 (bytes at)
  "Return the number of two bytes in BYTES at the offset AT."
  (+ (* 256 (aref bytes at)) (aref bytes (1+ at))))

(defun wire-packet--32 (bytes at)
  "Return the number of four bytes in BYTES at the offset AT."
  (+ (* 65536 (wire-packet--16 bytes at))
     (wire-packet--16 bytes (+ 2 at))))

(defun wire-packet--bytes (hex)
  "Return the bytes that HEX writes, as a unibyte string."
  (apply #'unibyte-string
         (cl-loop for at from 0 below (length hex) by 2
                  collect (string-to-number (substring hex at (+ 2 at))
                                            16))))

(defun wire-packet--address (bytes at family)
  "Return the address of FAMILY in BYTES at the offset AT, as text."
  (if (eq family 'ipv4)
      (mapconcat #'number-to-string
                 (append (substring bytes at (+ 4 at)) nil) ".")
    (format-network-address
     (apply #'vector (cl-loop for part from 0 below 8
                              collect (wire-packet--16
                                       bytes (+ at (* 2 part))))))))

;;; Transport

(defun wire-packet--tcp-options (bytes at end)
  "Return the options of TCP in BYTES from AT to END, as (KIND . BYTES)."
  (let (options)
    (while (and (< at (min end (length bytes)))
                (/= 0 (aref bytes at)))
      (if (= 1 (aref bytes at))
          (cl-incf at)
        (let ((length (max 2 (aref bytes (1+ at)))))
          (push (cons (aref bytes at)
                      (append (substring bytes (+ 2 at)
                                         (min (+ at length) (length bytes)))
                              nil))
                options)
          (cl-incf at length))))
    (nreverse options)))

(defun wire-packet--flags (number)
  "Return the flags of TCP that NUMBER has, as symbols."
  (cl-loop for flag in '(fin syn rst psh ack urg)
           for bit from 0
           when (/= 0 (logand number (ash 1 bit))) collect flag))

(defun wire-packet--tcp (bytes at length)
  "Return what the TCP header in BYTES at AT says.
LENGTH is that of header and data."
  (let ((header (* 4 (ash (aref bytes (+ 12 at)) -4))))
    (list :flags (wire-packet--flags (aref bytes (+ 13 at)))
          :seq (wire-packet--32 bytes (+ 4 at))
          :ack (wire-packet--32 bytes (+ 8 at))
          :window (wire-packet--16 bytes (+ 14 at))
          :options (wire-packet--tcp-options
                    bytes (+ 20 at) (+ header at))
          :size (- length header)
          :data (substring bytes (min (+ at header) (length bytes))
                           (min (+ at length) (length bytes))))))

(defun wire-packet--udp (bytes at length)
  "Return what the UDP header in BYTES at AT says.
LENGTH is that of header and data."
  (list :checksum (wire-packet--16 bytes (+ 6 at))
        :size (- length 8)
        :data (substring bytes (min (+ at 8) (length bytes))
                         (min (+ at length) (length bytes)))))

(defun wire-packet--transport (bytes at protocol length)
  "Return what the header of PROTOCOL in BYTES at AT says.
LENGTH is that of header and data."
  (if (not (memq protocol '(6 17 136)))
      (list :size length :data (substring bytes at))
    (append (list :from-port (wire-packet--16 bytes at)
                  :to-port (wire-packet--16 bytes (+ 2 at)))
            (if (eql protocol 6)
                (wire-packet--tcp bytes at length)
              (wire-packet--udp bytes at length)))))

;;; Network

(defun wire-packet--ipv4 (bytes at)
  "Return what the IPv4 header in BYTES at AT, and what follows, say."
  (let* ((header (* 4 (logand 15 (aref bytes at))))
         (length (wire-packet--16 bytes (+ 2 at)))
         (protocol (aref bytes (+ 9 at)))
         (fragment (wire-packet--16 bytes (+ 6 at))))
    (append
     (list :version 4 :tos (aref bytes (1+ at)) :length length
           :protocol protocol :ttl (aref bytes (+ 8 at))
           :df (/= 0 (logand fragment #x4000))
           :fragment (/= 0 (logand fragment #x3fff))
           :from (wire-packet--address bytes (+ 12 at) 'ipv4)
           :to (wire-packet--address bytes (+ 16 at) 'ipv4))
     ;; What follows in another fragment is no header.
     (unless (/= 0 (logand fragment #x1fff))
       (wire-packet--transport bytes (+ at header) protocol
                                        (- length header))))))

(defun wire-packet--ipv6 (bytes at)
  "Return what the IPv6 header in BYTES at AT, and what follows, say."
  (let* ((first (wire-packet--32 bytes at))
         (length (wire-packet--16 bytes (+ 4 at)))
         (protocol (aref bytes (+ 6 at))))
    (append
     (list :version 6 :tos (logand 255 (ash first -20))
           :label (logand #xfffff first) :length (+ 40 length)
           :protocol protocol :ttl (aref bytes (+ 7 at))
           ;; 44 is the header of a fragment.
           :fragment (= protocol 44)
           :from (wire-packet--address bytes (+ 8 at) 'ipv6)
           :to (wire-packet--address bytes (+ 24 at) 'ipv6))
     (wire-packet--transport bytes (+ 40 at) protocol length))))

(defun wire-packet-decode (line)
  "Return the packet in LINE of the witness, or nil if it is not IP.
Besides what its headers say it has :time, :interface and :out, non-nil if
it left the host that saw it."
  (pcase-let* ((`(,time ,interface ,kind ,hex) (read line))
               (bytes (wire-packet--bytes hex))
               (ip (and (> (length bytes) 34)
                        (pcase (wire-packet--16 bytes 12)
                          (#x0800 (wire-packet--ipv4 bytes 14))
                          (#x86dd (and (> (length bytes) 54)
                                       (wire-packet--ipv6
                                        bytes 14)))))))
    (and ip
         ;; PACKET_OUTGOING is 4.
         (append (list :time time :interface interface :out (= kind 4))
                 ip))))

(provide 'wire-packet)
;;; wire-packet.el ends here
