;;; peer-tests.el --- Test which program is at the other end  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-peer)

(ert-deftest peer-tests-tables ()
  "Addresses are written as /proc/net has them: words in machine order."
  (let ((little (eq (byteorder) ?l)))
    (should (equal (sockopt-peer--hex [127 0 0 1 80])
                   (if little "0100007F:0050" "7F000001:0050")))
    (should (equal (sockopt-peer--hex [#x2001 #xdb8 0 0 0 0 0 #x1234 443])
                   (if little
                       "B80D0120000000000000000034120000:01BB"
                     "20010DB8000000000000000000001234:01BB")))
    (should (equal (sockopt-peer--patterns [127 0 0 1 1] [127 0 0 1 2])
                   (if little
                       '(" 0100007F:0001 0100007F:0002 "
                         " 0000000000000000FFFF00000100007F:0001\
 0000000000000000FFFF00000100007F:0002 ")
                     '(" 7F000001:0001 7F000001:0002 "
                       " 00000000000000000000FFFF7F000001:0001\
 00000000000000000000FFFF7F000001:0002 "))))))

(ert-deftest peer-tests-other-emacs ()
  "The peer is the process at the other end, and not this one."
  (skip-unless (file-readable-p "/proc/net/tcp"))
  (sockopt-tests-clean
    (pcase-let* ((`(,emacs . ,port) (sockopt-tests-other-server))
                 (client (sockopt-make-network-process
                          :name "c" :host "127.0.0.1" :family 'ipv4
                          :service port :noquery t)))
      ;; Until it is accepted nobody has it.
      (should (sockopt-tests-answers-p client))
      (should (eql (sockopt-peer-pid client) (process-id emacs)))
      (should (string-match-p (format "\\`emacs.* (process %d of "
                                      (process-id emacs))
                              (sockopt-peer client))))))

(ert-deftest peer-tests-mapped ()
  "The peer of an IPv4 connection may have an IPv6 socket."
  (skip-unless (file-readable-p "/proc/net/tcp6"))
  (sockopt-tests-need-ipv6)
  (sockopt-tests-clean
    (let* ((accepted nil)
           (server (sockopt-make-network-process
                    :name "six" :server t :family 'ipv6 :host "::"
                    :service t :noquery t :ipv6-v6only nil
                    :log (lambda (&rest _) (setq accepted t))))
           (client (sockopt-make-network-process
                    :name "c" :host "127.0.0.1" :family 'ipv4 :noquery t
                    :service (process-contact server :service))))
      (should (sockopt-tests-wait (lambda () accepted)))
      (should (equal (sockopt-peer client)
                     (format "this Emacs (process %d)" (emacs-pid)))))))

(ert-deftest peer-tests-none ()
  "Who has no peer, or none that can be found, has none."
  (sockopt-tests-clean
    (let* ((accepted nil)
           (server (sockopt-tests-server
                    :log (lambda (&rest _) (setq accepted t))))
           (client (sockopt-tests-client server))
           (udp (sockopt-make-network-process
                 :name "u" :type 'datagram :noquery t
                 :remote (process-contact client :remote))))
      (should (sockopt-tests-wait (lambda () accepted)))
      ;; Were it TCP, it would be the client.
      (plist-put (sockopt--core-contact udp t t) :local
                 (process-contact client :local))
      (should (sockopt-peer client))
      (should-not (sockopt-peer udp))
      (should-not (sockopt-peer server))
      (delete-process client)
      (should-not (sockopt-peer-pid client)))))

(ert-deftest peer-tests-local ()
  "Of a local socket the kernel tells; one of another namespace it calls 0."
  :tags '((needs :peercred))
  (sockopt-tests-with-directory directory
    (sockopt-tests-clean
      (let* ((path (expand-file-name "s" directory))
             (client (progn
                       (sockopt-make-network-process
                        :name "s" :server t :family 'local :noquery t
                        :service path)
                       (sockopt-make-network-process
                        :name "c" :family 'local :noquery t
                        :service path))))
        (should (eql (sockopt-peer-pid client) (emacs-pid)))
        (cl-letf (((symbol-function 'sockopt-get)
                   (lambda (&rest _) '(:pid 0 :uid 65534 :gid 65534))))
          (should-not (sockopt-peer-pid client)))))))

(provide 'peer-tests)
;;; peer-tests.el ends here
