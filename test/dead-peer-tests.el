;;; dead-peer-tests.el --- Tests with a peer that vanishes  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-tests-hosts)

(defconst dead-peer-tests--client
  `(let ((sentinel (lambda (process _)
                     (message "GONE %s %S" (process-name process)
                              (process-status process)))))
     (sockopt-mode 1)
     (setq sockopt-presets
           '((quick :keepalive t :tcp-keepidle 1 :tcp-keepintvl 1
                    :tcp-keepcnt 3 :tcp-user-timeout 3000))
           sockopt-rules '(((:name "ruled") quick)))
     (dolist (name '("ruled" "plain"))
       (make-network-process :name name :host ,sockopt-tests-far
                             :service 7777 :sentinel sentinel))
     (message "CONNECTED")
     (with-timeout (40) (while t (accept-process-output nil 0.05))))
  "What the Emacs of the client evaluates.")

(ert-deftest dead-peer-tests-rule ()
  "A rule ends the connection to a peer that vanished; without, it stays."
  (sockopt-tests-with-hosts (near far)
    (sockopt-tests-serve far 7777)
    (let ((client (sockopt-tests-emacs-in near dead-peer-tests--client))
          (end nil))
      (should (sockopt-tests-says-p client "CONNECTED" 10))
      (should-not (sockopt-tests-says-p client "GONE" 2))
      (sockopt-tests-cable far "down")
      (setq end (+ (float-time) 10))
      (should (sockopt-tests-says-p client "GONE ruled closed" 10))
      (should-not (sockopt-tests-says-p client "GONE plain"
                                        (- end (float-time)))))))

(provide 'dead-peer-tests)
;;; dead-peer-tests.el ends here
