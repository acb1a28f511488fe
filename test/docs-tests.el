;;; docs-tests.el --- Tests that the documentation is fresh  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The sockopt authors

;; Author: The sockopt authors

;; This file is part of sockopt.

;; sockopt is free software: you can redistribute it and/or modify it
;; under the terms of the GNU General Public License as published by the
;; Free Software Foundation, either version 3 of the License, or (at your
;; option) any later version.

;; sockopt is distributed in the hope that it will be useful, but WITHOUT
;; ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
;; FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
;; for more details.

;; You should have received a copy of the GNU General Public License
;; along with sockopt.  If not, see <https://www.gnu.org/licenses/>.

;;; Code:

(require 'ert)
(require 'docs (expand-file-name "docs.el"
                                 (file-name-directory (macroexp-file-name))))

(ert-deftest docs-tests-table-is-fresh ()
  "The table in README.org is what the module's rows make."
  (unless (sockopt-docs-fresh-p)
    (ert-fail "README.org is stale; run make docs")))

(ert-deftest docs-tests-set-up-commands ()
  "README.org has two set-up commands, for the demonstration and the tests."
  (with-temp-buffer
    (insert-file-contents sockopt-docs-file)
    (let (targets)
      (while (re-search-forward "^sudo .* && make \\([a-z]+\\)$" nil t)
        (push (match-string 1) targets))
      (should (equal (nreverse targets) '("demo" "check"))))))

(provide 'docs-tests)
;;; docs-tests.el ends here
