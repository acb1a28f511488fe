;;; recipe-who.el --- A server that knows whom it serves  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Of a client at a local socket the kernel tells the user, who need not say
;; anything and cannot lie: no password, no token.
;;
;;   (recipe-who "/tmp/hello" (lambda (process user) ...))

;;; Code:

(require 'sockopt)

(defun recipe-who (file function)
  "Serve at FILE.  Call FUNCTION with each client and the name of its user.
Return the server."
  (sockopt-make-network-process
   :name "who" :server t :family 'local :service file :noquery t
   :log (lambda (_server client _message)
          (let ((user (plist-get (sockopt-get client :peercred) :uid)))
            (funcall function client
                     (or (user-login-name user) (number-to-string user)))))))

(provide 'recipe-who)
;;; recipe-who.el ends here
