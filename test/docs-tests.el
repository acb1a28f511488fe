;;; docs-tests.el --- Tests that the documentation is fresh  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'ert)
(require 'docs (expand-file-name "docs.el"
                                 (file-name-directory (macroexp-file-name))))

(ert-deftest docs-tests-table-is-fresh ()
  "The table in the manual is what the module's rows make."
  :tags '((needs :tcp-info))
  (unless (sockopt-docs-fresh-p)
    (ert-fail "The manual is stale; run make docs")))

(ert-deftest docs-tests-set-up-commands ()
  "README.org has two set-up commands, for the demonstration and the tests."
  (with-temp-buffer
    (insert-file-contents "README.org")
    (let (targets)
      (while (re-search-forward "^sudo .* && make \\([a-z]+\\)$" nil t)
        (push (match-string 1) targets))
      (should (equal (nreverse targets) '("demo" "check"))))))

(provide 'docs-tests)
;;; docs-tests.el ends here
