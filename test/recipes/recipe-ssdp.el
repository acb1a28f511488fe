;;; recipe-ssdp.el --- Find devices on the local network  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Televisions, speakers and routers answer a search that goes to a multicast
;; group, each to whoever asked: the Simple Service Discovery Protocol of
;; UPnP.
;;
;;   (recipe-ssdp "eth0" 2)   ; => (("192.0.2.9" . "http://...") ...)

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(defconst recipe-ssdp--search "M-SEARCH * HTTP/1.1\r
HOST: 239.255.255.250:1900\r
MAN: \"ssdp:discover\"\r
MX: 1\r
ST: ssdp:all\r\n\r\n"
  "What asks every device for all that it offers.")

(defun recipe-ssdp (interface seconds)
  "Return which devices answer on INTERFACE within SECONDS.
That is a list of (ADDRESS . LOCATION), the latter where it is described."
  (let* ((found nil)
         (end (+ (float-time) seconds))
         (process (sockopt-make-network-process
                   :name "ssdp" :type 'datagram :noquery t :coding 'binary
                   :remote [239 255 255 250 1900] :local [0 0 0 0 0]
                   :ip-multicast-if interface :ip-multicast-ttl 2)))
    (unwind-protect
        (progn
          (sockopt-receive
           process
           (lambda (_process data address _info)
             (let ((case-fold-search t))
               (when (string-match "^location: *\\([^\r\n]+\\)" data)
                 (cl-pushnew (cons (mapconcat #'number-to-string
                                              (seq-take address 4) ".")
                                   (match-string 1 data))
                             found :test #'equal)))))
          (sockopt-send process recipe-ssdp--search [239 255 255 250 1900])
          (while (< (float-time) end)
            (accept-process-output process 0.1)))
      (delete-process process))
    found))

(provide 'recipe-ssdp)
;;; recipe-ssdp.el ends here
