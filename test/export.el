;;; export.el --- Export the manual to Texinfo  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `make info' calls this.  It needs nothing of sockopt itself.

;;; Code:

(require 'ox-texinfo)

(defun sockopt-export ()
  "Export the first file on the command line to the second."
  (let ((manual (pop command-line-args-left))
        (target (expand-file-name (pop command-line-args-left))))
    (with-current-buffer (find-file-noselect manual)
      (org-export-to-file 'texinfo target))))

(provide 'export)
;;; export.el ends here
