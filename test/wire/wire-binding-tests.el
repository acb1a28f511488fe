;;; wire-binding-tests.el --- Addresses, ports and interfaces between hosts  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'wire)

(defun wire-binding-tests--send (&rest arguments)
  "Have the near host send a datagram by ARGUMENTS.
Return the error, or the packets that came."
  (let ((port (wire-new-port)))
    (or (wire-near `(wire-host-connect ,port :type 'datagram ,@arguments))
        (wire-near `(wire-host-send ,port "hello"))
        (sockopt-tests-wait (lambda () (wire-come port))))))

;;; Addresses

(ert-deftest wire-binding-tests-foreign-address ()
  "Packets come from an address that the host does not have."
  :tags '(:ip-transparent :ipv6-transparent)
  (wire-with-hosts
    (pcase-dolist (`(,family ,address ,local ,option)
                   '(('ipv4 "10.77.0.99" [10 77 0 99 0] :ip-transparent)
                     ('ipv6 "fd00:77:0:0:0:0:0:99"
                            [#xfd00 #x77 0 0 0 0 0 #x99 0]
                            :ipv6-transparent)))
      (should (member "Cannot assign requested address"
                      (wire-binding-tests--send :family family
                                                :local local)))
      (should (equal (list address)
                     (wire-field :from (wire-binding-tests--send
                                        :family family :local local
                                        option t)))))))

(ert-deftest wire-binding-tests-later-address ()
  "A server has an address before its host has it."
  :tags '(:ip-freebind :ipv6-freebind)
  (wire-with-hosts
    (pcase-dolist (`(,family ,address ,prefix ,option)
                   '(('ipv4 "10.77.0.99" 24 :ip-freebind)
                     ('ipv6 "fd00:77:0:0:0:0:0:99" 64 :ipv6-freebind)))
      (let ((port (wire-new-port)))
        (should (member "Cannot assign requested address"
                        (wire-far `(wire-host-serve ,port :family ,family
                                                    :host ,address))))
        (should-not (wire-far `(wire-host-serve ,port :family ,family
                                                :host ,address ,option t)))
        (wire-ip wire-far (format "addr add %s/%d dev cable" address prefix))
        (should-not (wire-near `(wire-host-connect ,port :family ,family
                                                   :host ,address)))))))

;;; Ports

(ert-deftest wire-binding-tests-port-range ()
  "The port is of the range that was chosen, a part of the system's."
  :tags '(:ip-local-port-range)
  (wire-with-hosts
    (wire-sysctl wire-near "net.ipv4.ip_local_port_range" "50000 60000")
    (pcase-dolist (`(,options ,low ,high)
                   '((nil 50000 60000)
                     ((:ip-local-port-range '(55000 55009)) 55000 55009)
                     ((:ip-local-port-range '(40000 40009)) 50000 60000)))
      (dotimes (_ 3)
        (let ((port (wire-new-port)))
          (should-not (wire-far `(wire-host-serve ,port)))
          (should-not (wire-near `(wire-host-connect ,port ,@options)))
          (should (<= low
                      (car (wire-field :from-port (wire-come port)))
                      high)))))))

(defun wire-binding-tests--connected (count serve connect)
  "Have the near host connect COUNT times, to another port each time.
SERVE and CONNECT are arguments.  Return how often it could."
  (cl-loop repeat count
           for port = (wire-new-port)
           do (should-not (wire-far `(wire-host-serve ,port ,@serve)))
           count (null (wire-near `(wire-host-connect ,port ,@connect)))))

(ert-deftest wire-binding-tests-late-port ()
  "Clients with an address of their own can share ports.
They are told apart by their servers.  On a server it changes nothing."
  :tags '(:ip-bind-address-no-port)
  (wire-with-hosts
    (pcase-dolist (`(,range ,serve ,connect ,count)
                   '(("50000 50001" nil nil 2)
                     ("50002 50003" (:ip-bind-address-no-port t) nil 2)
                     ("50004 50005" nil (:ip-bind-address-no-port t) 4)))
      (wire-sysctl wire-near "net.ipv4.ip_local_port_range" range)
      (should (equal count (wire-binding-tests--connected
                            4 serve `(:local [10 77 0 1 0] ,@connect)))))))

;;; Interfaces

(defun wire-binding-tests--other-way ()
  "Let the near host reach the far one by the other cable, too, over IPv6.
Nobody there asks who has the address."
  (wire-ip wire-near "route add fd00:77::/64 dev other metric 9999")
  (wire-ip wire-near (format "neigh add %s lladdr 02:00:00:00:00:09 dev other"
                             wire-far6)))

(ert-deftest wire-binding-tests-interface ()
  "Packets go by another cable than the routes say."
  :tags '(:ip-unicast-if :ipv6-unicast-if :bindtoifindex :ipv6-pktinfo)
  (wire-with-hosts
    (wire-binding-tests--other-way)
    (pcase-dolist (`(,family ,option ,value)
                   `(('ipv4 :ip-unicast-if "other")
                     ('ipv4 :bindtoifindex "other")
                     ('ipv6 :ipv6-unicast-if "other")
                     ('ipv6 :bindtoifindex "other")
                     ('ipv6 :ipv6-pktinfo '(,wire-near6 "other"))))
      (ert-info ((format "%s %s" family option))
        (should (equal '("cable")
                       (wire-field :interface (wire-binding-tests--send
                                               :family family))))
        (should (equal '("other")
                       (wire-field :interface (wire-binding-tests--send
                                               :family family
                                               option value))))))))

(ert-deftest wire-binding-tests-packet-info-address ()
  "Linux does not heed the address of `:ipv6-pktinfo'."
  (wire-with-hosts
    (wire-ip wire-near "addr add fd00:77:0:0:0:0:0:5/64 dev cable nodad")
    (let* ((both (list wire-near6 "fd00:77:0:0:0:0:0:5"))
           (usual (wire-field :from (wire-binding-tests--send
                                     :family ''ipv6)))
           (other (car (cl-set-difference both usual :test #'equal))))
      (should (equal usual
                     (wire-field :from (wire-binding-tests--send
                                        :family ''ipv6 :ipv6-pktinfo
                                        `'(,other "cable"))))))))

(provide 'wire-binding-tests)
;;; wire-binding-tests.el ends here
