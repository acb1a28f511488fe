;;; watch-tests.el --- Test watching connections  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'dom)
(require 'sockopt-tests-lib)
(require 'sockopt-watch)

(defun watch-tests--sample (time &rest fields)
  "Return a sample at TIME with FIELDS of `:tcp-info'."
  (list :time time :tcp-info fields))

(defun watch-tests--metric (name now before)
  "Return what the metric NAME is by the samples NOW and BEFORE."
  (funcall (nth 2 (assoc name sockopt-watch--metrics)) now before))

(ert-deftest watch-tests-metrics ()
  "Each metric is what its fields say, in its unit."
  (let ((before (watch-tests--sample 100.0 :bytes-received 1000
                                     :bytes-acked 50 :total-retrans 3))
        (now (append (watch-tests--sample
                      102.0 :rtt 12345 :snd-cwnd 10 :delivery-rate 777
                      :bytes-received 5000 :bytes-acked 250
                      :total-retrans 8)
                     '(:meminfo (:rmem-alloc 11 :wmem-queued 22)))))
    (pcase-dolist (`(,name ,value)
                   '(("Round trip" 12.345) ("Congestion window" 10)
                     ("Delivery rate" 777) ("Received" 2000.0)
                     ("Acknowledged" 100.0) ("Sent again" 5)
                     ("Receive queue" 11) ("Send queue" 22)))
      (ert-info (name)
        (should (equal (watch-tests--metric name now before) value))))
    ;; Growth needs two samples, and time between them.
    (should-not (watch-tests--metric "Received" now nil))
    (should-not (watch-tests--metric "Received" now now))
    ;; What the socket does not tell is none, not 0.
    (should-not (watch-tests--metric "Round trip" '(:time 1.0) nil))))

(ert-deftest watch-tests-scale ()
  "An axis ends at the next 1, 2 or 5 times a power of ten."
  (pcase-dolist (`(,value ,top)
                 '((0 1) (0.3 0.5) (1 1) (1.1 2.0) (2 2) (4.9 5.0) (5.1 10.0)
                   (99 100.0) (100 100) (101 200.0) (123456 200000.0)))
    (should (< (abs (- (sockopt-watch--ceiling value) top))
               (* 1e-9 top)))))

(ert-deftest watch-tests-text ()
  "Numbers come with their units."
  (pcase-dolist (`(,value ,unit ,text)
                 '((nil "ms" "none") (0.1234 "ms" "0.123 ms")
                   (7 "segments" "7 segments") (1 "segments" "1 segment") (512 "B" "512 B")
                   (195000.4 "B/s" "195 kB/s") (0 "B/s" "0 B/s")))
    (should (equal (sockopt-watch--text value unit) text))))

(ert-deftest watch-tests-cells ()
  "A chart fills from below; what is more than nothing can be seen."
  (let ((sockopt-watch-rows 2))
    (pcase-dolist (`(,value ,upper ,lower)
                   '((nil ?\s ?\s) (0 ?\s ?\s) (0.001 ?\s ?▁) (0.25 ?\s ?▄)
                     (0.5 ?\s ?█) (0.75 ?▄ ?█) (1 ?█ ?█) (2 ?█ ?█)))
      (should (eq (sockopt-watch--cell value 1 1) upper))
      (should (eq (sockopt-watch--cell value 1 0) lower)))))

(ert-deftest watch-tests-bounded ()
  "No more samples are kept than the option says."
  (sockopt-tests-clean
    (let* ((sockopt-watch-history 5)
           (client (sockopt-tests-client (sockopt-tests-server)))
           (series (sockopt-watch--begin client)))
      (dotimes (_ 9)
        (sockopt-watch--sample series))
      (let ((samples (sockopt-watch--samples series)))
        (should (= 5 (length samples)))
        (should (apply #'<= (mapcar (lambda (it) (aref it 0)) samples)))))))

(defmacro watch-tests--watching (client &rest body)
  "Evaluate BODY in a buffer that watches CLIENT."
  (declare (indent 1) (debug (symbolp body)))
  `(sockopt-tests-clean
     (let* ((sockopt-watch-interval 0.1)
            (server (sockopt-tests-server
                     :filter (lambda (process string)
                               (process-send-string process string))))
            (,client (sockopt-tests-client server :filter #'ignore))
            (buffer (save-window-excursion
                      (sockopt-watch ,client)
                      (window-buffer))))
       (unwind-protect
           (save-window-excursion
             (switch-to-buffer buffer)
             ,@body)
         (kill-buffer buffer)
         (should-not (watch-tests--timers))))))

(defun watch-tests--timers ()
  "Return the timers of watching that there are."
  (cl-remove-if-not (lambda (timer)
                      (eq (timer--function timer) #'sockopt-watch--tick))
                    timer-list))

(defun watch-tests--count ()
  "Return how many samples this buffer has of its first connection."
  (ring-length (sockopt-watch--series-history (car sockopt-watch--all))))

(ert-deftest watch-tests-draws ()
  "The charts of a connection that is busy, with words for each value."
  :tags '((needs :tcp-info))
  (watch-tests--watching client
    (process-send-string client (make-string 5000 ?x))
    (sockopt-tests-wait (lambda () (>= (watch-tests--count) 4)))
    (should (string-match-p "\\`client  127\\.0\\.0\\.1:[0-9]+  [0-9:]+ to "
                            (buffer-string)))
    (dolist (heading '("Round trip" "Congestion window" "Received"
                       "Acknowledged" "Sent again" "Receive queue"))
      (goto-char (point-min))
      (should (re-search-forward (concat "^" heading "  .*[0-9]") nil t)))
    (goto-char (point-min))
    (search-forward "Round trip")
    (re-search-forward "[▁▂▃▄▅▆▇█]")
    (let* ((place (1- (point)))
           (help (get-text-property place 'help-echo)))
      (should (string-match-p "\\`Round trip: [0-9.e-]+ ms at [0-9:]+\\'"
                              (funcall help nil (current-buffer) place)))
      ;; The column is that of the sample.
      (should (equal (funcall help nil (current-buffer)
                              (+ 12 (line-beginning-position)))
                     (sockopt-watch--tip
                      (car (sockopt-watch--samples
                            (car sockopt-watch--all)))
                      0))))
    (should (string-match-p "\\`1 connection, a sample every 0\\.1 s"
                            (sockopt-watch--header)))))

(ert-deftest watch-tests-point-stays ()
  "A new sample leaves point where it is."
  :tags '((needs :tcp-info))
  (watch-tests--watching client
    (sockopt-tests-wait (lambda () (>= (watch-tests--count) 2)))
    (goto-char (point-min))
    (forward-line 3)
    (forward-char 4)
    (sockopt-watch-sample)
    (should (equal (cons (line-number-at-pos) (current-column)) '(4 . 4)))))

(ert-deftest watch-tests-hidden ()
  "Samples are taken while the buffer is shown, or always if asked for."
  (watch-tests--watching client
    (sockopt-tests-wait (lambda () (>= (watch-tests--count) 2)))
    (let ((buffer (current-buffer)))
      (switch-to-buffer "*scratch*")
      (with-current-buffer buffer
        (sockopt-tests-wait (lambda () (null sockopt-watch--timer)))
        (should-not sockopt-watch--timer)
        (let ((count (watch-tests--count)))
          (sockopt-tests-wait #'ignore 0.5)
          (should (= count (watch-tests--count)))
          (sockopt-watch-toggle-hidden)
          (sockopt-tests-wait (lambda () (> (watch-tests--count)
                                            (+ count 1))))
          (should (> (watch-tests--count) count))
          (sockopt-watch-toggle-hidden)
          (sockopt-tests-wait (lambda () (null sockopt-watch--timer)))))
      ;; Shown again, it goes on.
      (switch-to-buffer buffer)
      (watch-tests--redisplay buffer)
      (should sockopt-watch--timer))))

(defun watch-tests--redisplay (buffer)
  "Do what redisplay does, which batch has none of, when BUFFER is shown."
  (with-current-buffer buffer
    (run-hook-with-args 'window-buffer-change-functions
                        (get-buffer-window buffer))))

(ert-deftest watch-tests-ends ()
  "When the process ends the charts stay, say why, and nothing runs on."
  :tags '((needs :tcp-info))
  (watch-tests--watching client
    (sockopt-tests-wait (lambda () (>= (watch-tests--count) 2)))
    (delete-process client)
    (sockopt-tests-wait (lambda () (null sockopt-watch--timer)))
    (should-not sockopt-watch--timer)
    (should (string-match-p "ended [0-9:]+: closed" (buffer-string)))
    (should (string-search "Round trip" (buffer-string)))
    (should (string-search "ended" (sockopt-watch--header)))))

(ert-deftest watch-tests-several ()
  "Several are drawn one below the other."
  (sockopt-tests-clean
    (let* ((server (sockopt-tests-server))
           (all (list (sockopt-tests-client server :name "one")
                      (sockopt-tests-client server :name "two")))
           buffer)
      (unwind-protect
          (save-window-excursion
            (sockopt-watch all)
            (setq buffer (window-buffer))
            (set-buffer buffer)
            (should (equal (buffer-name) "*sockopt-watch one, two*"))
            (should (string-match-p "\\`one  [^z]*\n\ntwo  "
                                    (buffer-string))))
        (kill-buffer buffer)))))

(ert-deftest watch-tests-other-sockets ()
  "A socket without `:tcp-info' shows its queues, a pipe is refused."
  (sockopt-tests-clean
    (let* ((udp (sockopt-make-network-process
                 :name "u" :type 'datagram :host "127.0.0.1" :service 9
                 :family 'ipv4 :noquery t))
           (series (sockopt-watch--begin udp)))
      (sockopt-watch--sample series)
      (with-temp-buffer
        (sockopt-watch--insert-text series 80)
        (should (string-match-p "\\`Receive queue  0 B\n" (buffer-string)))
        (should-not (string-search "Round trip" (buffer-string))))
      (should-error (sockopt-watch--begin
                     (make-pipe-process :name "pipe" :noquery t))
                    :type 'wrong-type-argument))))

(defun watch-tests--measured (value &optional time)
  "Return a sample whose first metric is VALUE, taken at TIME."
  (let ((sample (make-vector (1+ (length sockopt-watch--metrics)) nil)))
    (aset sample 0 (or time 1.0))
    (aset sample 1 value)
    sample))

(defun watch-tests--draw (series &rest values)
  "Add VALUES of the first metric to SERIES.
Return the attributes points and transform of its line, and the texts."
  (dolist (value values)
    (sockopt-watch--keep series (watch-tests--measured value)))
  (let* ((samples (sockopt-watch--samples series))
         (svg (with-temp-buffer
                (insert (sockopt-watch--svg
                         (sockopt-watch--chart
                          series samples 0 '(200 30 "#000000" "#888888" 3))
                         (sockopt-watch--level samples 0)))
                (libxml-parse-xml-region (point-min) (point-max))))
         (line (car (dom-by-tag svg 'polyline))))
    (list (string-trim (dom-attr line 'points)) (dom-attr line 'transform)
          (mapcar (lambda (text) (string-trim (dom-text text)))
                  (dom-by-tag svg 'text)))))

(ert-deftest watch-tests-picture ()
  "A picture has the ends of the axis, and its line goes to the right."
  (skip-unless (fboundp 'libxml-parse-xml-region))
  (sockopt-tests-clean
    (let* ((sockopt-watch-history 3)
           (series (sockopt-watch--begin (sockopt-tests-server))))
      (should (equal (watch-tests--draw series 0 5)
                     '("0 300 1000 0" "scale(0.1) translate(900 0)"
                       ("5 ms" "0"))))
      ;; Another scale.
      (should (equal (watch-tests--draw series 10)
                     '("0 300 1000 150 2000 0" "scale(0.1) translate(900 0)"
                       ("10 ms" "0"))))
      ;; The oldest goes, and what is not known is left out.
      (should (equal (watch-tests--draw series nil)
                     '("1000 150 2000 0" "scale(0.1) translate(-100 0)"
                       ("10 ms" "0"))))
      ;; Several at once, as when the buffer was hidden.
      (should (equal (watch-tests--draw series 10 2)
                     '("4000 0 5000 240" "scale(0.1) translate(-2100 0)"
                       ("10 ms" "0"))))
      (should (equal (watch-tests--draw series 9 9 10)
                     '("6000 30 7000 30 8000 0" "scale(0.1) translate(-5100 0)"
                       ("10 ms" "0")))))))

(ert-deftest watch-tests-level-picture ()
  "A level line is the same picture, whenever its samples were taken."
  (skip-unless (fboundp 'libxml-parse-xml-region))
  (sockopt-tests-clean
    (let* ((sockopt-watch-history 3)
           (series (sockopt-watch--begin (sockopt-tests-server))))
      (should (equal (watch-tests--draw series 10 10)
                     '("0 0 1000 0" "scale(0.1) translate(900 0)"
                       ("10 ms" "0"))))
      (dotimes (_ 3)
        (should (equal (watch-tests--draw series 10)
                       '("0 0 2000 0" "scale(0.1) translate(900 0)"
                         ("10 ms" "0"))))))))

(ert-deftest watch-tests-map ()
  "There are words for each sample, made only when they are asked for."
  (with-temp-buffer
    (let* ((sockopt-watch-history 3)
           (map (sockopt-watch--map 200 30))
           (help (lambda (index)
                   (funcall (plist-get (nth 2 (nth index map)) 'help-echo)
                            nil (current-buffer) 2))))
      (insert "x" (propertize "y" 'sockopt-watch
                              (list 0 (watch-tests--measured 0 1.0)
                                    (watch-tests--measured 5 2.0))))
      (should (= 3 (length map)))
      ;; The area around the middle of the chart.
      (should (equal (car (nth 1 map)) '(rect . ((140 . 0) . (240 . 30)))))
      (should (string-match-p "\\`Round trip: 5 ms at " (funcall help 1)))
      (should-not (funcall help 2))
      ;; All pictures have the same, until their size is another.
      (should (eq map (sockopt-watch--map 200 30)))
      (should (equal (car (nth 1 (sockopt-watch--map 100 30)))
                     '(rect . ((115 . 0) . (165 . 30))))))))

(provide 'watch-tests)
;;; watch-tests.el ends here
