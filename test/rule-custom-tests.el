;;; rule-custom-tests.el --- Tests of rules in Customize buffers  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-mode)
(require 'cus-edit)
(require 'wid-edit)

(defun rule-custom-tests--problem (rule)
  "Return why a widget for rules refuses RULE, or nil if it does not."
  (with-temp-buffer
    (let* ((inhibit-message t)
           (widget (widget-create 'sockopt-rules-rule :value rule))
           (wrong (widget-apply widget :validate)))
      (and wrong (widget-get wrong :error)))))

(defun rule-custom-tests--menu ()
  "Return the tags of what a setting can be."
  (mapcar (lambda (type)
            (let ((tag (or (widget-get type :tag)
                           (format "%s" (widget-get type :value)))))
              tag))
          (widget-get (widget-convert 'sockopt-rules-setting) :args)))

(ert-deftest rule-custom-tests-menu ()
  "A setting is chosen among presets and all options that can be set."
  (sockopt--ensure-module)
  (let* ((sockopt-presets '((mine :keepalive t) (yours :priority 3)))
         (menu (rule-custom-tests--menu))
         (settable (cl-remove-if-not (lambda (keyword)
                                       (sockopt-option-set
                                        (sockopt-option keyword)))
                                     (sockopt-option-list))))
    (should (equal '("mine" "yours") (cl-subseq menu 0 2)))
    (should (equal (mapcar #'symbol-name settable)
                   (cl-subseq menu 2 (+ 2 (length settable)))))
    (should (equal '(":child-options" ":connect-timeout" "Several options"
                     "Not understood")
                   (last menu 4)))
    ;; So many that they are read with completion.
    (should (< widget-menu-max-size (length menu)))))

(defun rule-custom-tests--value-widget (keyword)
  "Return the widget for values of the option KEYWORD."
  (nth 1 (widget-get (widget-convert
                      (sockopt-rules--option-type keyword))
                     :args)))

(ert-deftest rule-custom-tests-values ()
  "Each kind of value has its own widget, which takes what the option does."
  (sockopt--ensure-module)
  (pcase-dolist (`(,keyword ,right ,wrong)
                 '((:keepalive (t nil) ())
                   (:tcp-keepidle (1 32767) (0 32768 x "1"))
                   (:ip-tos (ef 184) (eff 256))
                   (:ip-mtu-discover (want dont) (whant))
                   (:linger (5 t nil) (x))
                   (:rcvtimeo (1.5 nil) (x))
                   (:buf-lock ((send) (send receive) nil) ((sent) 7))
                   (:bindtodevice ("lo" nil) (lo))
                   (:tcp-congestion ("cubic") (cubic 5))
                   (:ip-add-membership (("239.1.2.3" "lo")) (("lo") 5))))
    (let ((widget (rule-custom-tests--value-widget keyword)))
      (dolist (value right)
        (ert-info ((format "%s %S" keyword value))
          (should (widget-apply widget :match value))))
      (dolist (value wrong)
        (ert-info ((format "%s %S" keyword value))
          (should-not (widget-apply widget :match value)))))))

(ert-deftest rule-custom-tests-every-default ()
  "Each option can be chosen in a buffer."
  (sockopt--ensure-module)
  (dolist (type (widget-get (widget-convert 'sockopt-rules-setting) :args))
    (with-temp-buffer
      (let ((inhibit-message t))
        (should (widget-create type))))))

(ert-deftest rule-custom-tests-default-numbers ()
  "The number that Customize begins with is one that the option can have."
  (let ((count 0))
    (dolist (keyword (sockopt-option-list))
      (let ((option (sockopt-option keyword)))
        (when (and (sockopt-option-set option)
                   (eq (sockopt-option-predicate option) 'integerp))
          (cl-incf count)
          (ert-info ((symbol-name keyword))
            (should (sockopt-rules--accepts-p
                     keyword (sockopt-rules--default option)))))))
    (should (> count (sockopt-tests-share 20)))))

(ert-deftest rule-custom-tests-completion ()
  "The keyword of an option is completed."
  (let ((widget (widget-convert 'sockopt-rules-keyword)))
    (should (member ":tcp-keepidle"
                    (all-completions ":tcp-keep"
                                     (widget-get widget :completions))))
    (should (widget-apply widget :match :tcp-keepidle))
    (should-not (widget-apply widget :match :tcp-keepidel))
    (should-not (widget-apply widget :match 'keepalive))))

(ert-deftest rule-custom-tests-validate ()
  "A widget for rules takes what is right and refuses the rest."
  (sockopt--ensure-module)
  (let ((text-quoting-style 'grave))
    (dolist (rule '((nil dead-peer)
                    ((:name "x" :service (6667 "ircs")) low-latency
                     (:priority 3))
                    (nil (:keepalive t :tcp-keepidle 30))
                    ((:server t) (:child-options (:priority 3)))
                    ((:server t) (:child-options dead-peer))))
      (ert-info ((format "%S" rule))
        (should-not (rule-custom-tests--problem rule))))
    (should (equal "It sets nothing"
                   (rule-custom-tests--problem '((:name "x")))))
    (should (string-search "Unmatched" (rule-custom-tests--problem
                                        '((:name "[") dead-peer))))
    (should (string-search "takes 1 to 32767 seconds, not 99999"
                           (rule-custom-tests--problem
                            '(nil (:keepalive t :tcp-keepidle 99999)))))))

(defun rule-custom-tests--kill ()
  "Kill the buffers of Customize."
  (mapc (lambda (buffer)
          (when (string-prefix-p "*Customize Option" (buffer-name buffer))
            (kill-buffer buffer)))
        (buffer-list)))

(ert-deftest rule-custom-tests-buffer ()
  "In a Customize buffer a wrong value is refused and a right one is set."
  (sockopt--ensure-module)
  (let ((old (default-toplevel-value 'sockopt-rules))
        (inhibit-message t))
    (unwind-protect
        (save-window-excursion
          (customize-option 'sockopt-rules)
          (let* ((option (car custom-options))
                 (set (lambda (value)
                        (widget-value-set
                         (car (widget-get option :children)) value)
                        (widget-apply option :custom-set))))
            (funcall set '((nil low-latency)))
            (should (equal '((nil low-latency))
                           (default-toplevel-value 'sockopt-rules)))
            (dolist (wrong '(((nil)) ((nil (:keepalive t :tcp-keepidle 0)))
                             (((:name "[") low-latency))))
              (should-error (funcall set wrong))
              (should (equal '((nil low-latency))
                             (default-toplevel-value 'sockopt-rules))))
            (should-error (customize-set-variable 'sockopt-rules
                                                  '((nil dead-per))))
            (should (equal '((nil low-latency))
                           (default-toplevel-value 'sockopt-rules)))))
      (set-default-toplevel-value 'sockopt-rules old)
      (rule-custom-tests--kill))))

(defun rule-custom-tests--insert (symbol)
  "Press the first [INS] of SYMBOL in a Customize buffer.
Return the text that is there then, after setting the value."
  (customize-option symbol)
  (goto-char (point-min))
  (search-forward "[INS]")
  (widget-button-press (1- (point)))
  (prog1 (buffer-substring-no-properties (point-min) (point-max))
    (widget-apply (car custom-options) :custom-set)))

(ert-deftest rule-custom-tests-insert ()
  "What [INS] adds is a form that can be filled in, and is right as it is."
  (sockopt--ensure-module)
  (let ((rules (default-toplevel-value 'sockopt-rules))
        (presets (default-toplevel-value 'sockopt-presets))
        (inhibit-message t))
    (unwind-protect
        (save-window-excursion
          (pcase-dolist (`(,symbol ,form ,new)
                         '((sockopt-rules "Port: 6667" (nil dead-peer))
                           (sockopt-presets "Option: :keepalive"
                                            (my-preset :keepalive t))))
            (let ((text (rule-custom-tests--insert symbol)))
              (should (string-search form text))
              (should-not (string-match-p "not understood" text))
              (should (equal new (car (default-toplevel-value symbol)))))))
      (set-default-toplevel-value 'sockopt-rules rules)
      (set-default-toplevel-value 'sockopt-presets presets)
      (rule-custom-tests--kill))))

(ert-deftest rule-custom-tests-some-wrong ()
  "What is wrong in one rule leaves the rest a form, and can be mended."
  (sockopt--ensure-module)
  (let ((sockopt-rules '(((:name "a") low-latency)
                         ((:name "b") dead-per (:tcp-keepidle 30))
                         ((:name "c") (:tcp-keepidel 3))
                         ((:name "d" :service 1.5) low-latency)
                         17))
        (old (default-toplevel-value 'sockopt-rules))
        (inhibit-message t))
    (unwind-protect
        (save-window-excursion
          (customize-option 'sockopt-rules)
          (let* ((option (car custom-options))
                 (widget (car (widget-get option :children)))
                 (text (buffer-substring-no-properties (point-min)
                                                       (point-max)))
                 (count (lambda (regexp)
                          (how-many regexp (point-min) (point-max)))))
            (should (eq 'edit (widget-get option :custom-form)))
            (should (= 4 (funcall count "^\\[INS\\] \\[DEL\\] Rule:$")))
            (should (= 1 (funcall count "Rule that is not understood: ")))
            (should (= 2 (funcall count "Not understood: ")))
            (should (string-match-p ":tcp-keepidle .*30" text))
            (should (string-match-p "Not understood: dead-per" text))
            (should (equal sockopt-rules (widget-value widget)))
            ;; It is still refused, and set once it is mended.
            (should-error (widget-apply option :custom-set))
            (widget-value-set widget '(((:name "a") low-latency)))
            (widget-apply option :custom-set)
            (should (equal '(((:name "a") low-latency))
                           (default-toplevel-value 'sockopt-rules)))))
      (set-default-toplevel-value 'sockopt-rules old)
      (rule-custom-tests--kill))))

(ert-deftest rule-custom-tests-wrong-preset ()
  "A preset that is wrong leaves the others a form."
  (sockopt--ensure-module)
  (let ((type (widget-convert (get 'sockopt-presets 'custom-type)))
        (presets '((mine :priority 3) (wrong :tcp-keepidel 3) (odd . 5))))
    (should (widget-apply type :match presets))
    (with-temp-buffer
      (let* ((inhibit-message t)
             (widget (widget-create type :value presets))
             (text (buffer-string)))
        (should (equal presets (widget-value widget)))
        (should (string-search "Not understood: (:tcp-keepidel 3)" text))
        (should (string-match-p "Option: :priority" text))))))

(ert-deftest rule-custom-tests-without-module ()
  "Before a module is built the types work, and offer all options."
  (should
   (string-match-p
    "^RESULT (t t t t t)"
    (sockopt-tests-emacs
     "-L" (file-name-directory (locate-library "sockopt"))
     "-l" "sockopt-build" "-l" "wid-edit" "--eval"
     (format
      "%S"
      '(progn
         (fset 'sockopt--load-module (lambda (&rest _) (error "None")))
         (require 'sockopt-mode)
         (message
          "RESULT %S"
          (let ((type (widget-convert (get 'sockopt-rules 'custom-type))))
            (cons
             (not (null
                   (seq-find (lambda (one)
                               (equal ":tcp-keepidle" (widget-get one :tag)))
                             (widget-get (widget-convert
                                          'sockopt-rules-setting)
                                         :args))))
             (mapcar (lambda (value)
                       (not (null (widget-apply type :match value))))
                     '(((nil dead-peer (:tcp-keepidle 3)))
                       ((nil (:keepalive t :tcp-keepidle 3)))
                       ((nil dead-per))
                       ((nil (:tcp-keepidel 3))))))))))))))

(provide 'rule-custom-tests)
;;; rule-custom-tests.el ends here
