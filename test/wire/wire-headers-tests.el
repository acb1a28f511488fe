;;; wire-headers-tests.el --- What options write into the headers of packets  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'wire)

(defun wire-headers-tests--udp (port &rest arguments)
  "Have the near host send a datagram to PORT by ARGUMENTS.
Return the packets that came."
  (should-not (wire-near `(wire-host-connect ,port :type 'datagram
                                             ,@arguments)))
  (should-not (wire-near `(wire-host-send ,port "hello")))
  (sockopt-tests-wait (lambda () (wire-come port)) 3))

(defun wire-headers-tests--tcp (port &rest arguments)
  "Have the near host send data to a server at PORT by ARGUMENTS.
Return the packets that came."
  (let ((family (or (plist-get arguments :family) ''ipv4)))
    (should-not (wire-far `(wire-host-serve ,port :family ,family)))
    (should-not (wire-near `(wire-host-connect ,port ,@arguments)))
    (should-not (wire-near `(wire-host-send ,port "hello")))
    (sockopt-tests-wait (lambda () (wire-data port)) 3)
    (wire-come port)))

(defun wire-headers-tests--check (port field options value &rest arguments)
  "Check that OPTIONS make FIELD of the packets to PORT be VALUE alone.
Without OPTIONS it must be something else.  ARGUMENTS are for both."
  (dolist (send '(wire-headers-tests--udp wire-headers-tests--tcp))
    (let ((control (apply send (cl-incf port) arguments))
          (packets (apply send (cl-incf port) (append options arguments))))
      (ert-info ((format "%s %S" send options))
        (should control)
        (should-not (memql value (wire-field field control)))
        (should (equal (wire-field field packets) (list value)))))))

(ert-deftest wire-headers-tests-ttl ()
  "The packets of a socket say how many hops they may go."
  :tags '(:ip-ttl :ipv6-unicast-hops)
  (wire-with-hosts
    (wire-headers-tests--check 5000 :ttl '(:ip-ttl 5) 5)
    (wire-headers-tests--check 5010 :ttl '(:ipv6-unicast-hops 6) 6 :family ''ipv6)))

(provide 'wire-headers-tests)
;;; wire-headers-tests.el ends here
