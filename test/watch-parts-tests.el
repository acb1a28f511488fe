;;; watch-parts-tests.el --- Test parts of watching connections  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Code:

(require 'sockopt-tests-lib)
(require 'sockopt-watch)

(ert-deftest watch-parts-tests-why-it-ended ()
  "What has failed says with which code, and when it was first seen."
  (sockopt-tests-clean
    (let* ((client (sockopt-make-network-process
                    :name "c" :host "127.0.0.1" :family 'ipv4 :noquery t
                    :service (sockopt-tests-free-port) :nowait t
                    :sentinel #'ignore))
           (series (sockopt-watch--begin client)))
      (sockopt-tests-wait
       (lambda () (eq (process-status client) 'failed)))
      (sockopt-watch--sample series)
      (should (string-suffix-p ": failed with code 111"
                               (sockopt-watch--series-end series)))
      (setf (sockopt-watch--series-end series) "ended before")
      (sockopt-watch--sample series)
      (should (equal (sockopt-watch--series-end series) "ended before")))))

(defun watch-parts-tests--series (process count)
  "Return a series of PROCESS with COUNT samples, a second apart."
  (let ((series (sockopt-watch--begin process)))
    (dotimes (i count)
      (sockopt-watch--keep series
                           (sockopt-watch--measure
                            (list :time (float i) :tcp-info '(:rtt 5000))
                            nil)))
    series))

(ert-deftest watch-parts-tests-chart ()
  "A chart fits its window; its axis ends above, and begins below."
  (sockopt-tests-clean
    (let ((sockopt-watch-rows 2)
          (series (watch-parts-tests--series (sockopt-tests-server) 50)))
      (with-temp-buffer
        (sockopt-watch--insert-text series 30)
        (let ((lines (split-string (buffer-string) "\n" t)))
          (should (string-prefix-p "Round trip  5 ms" (nth 0 lines)))
          (should (string-prefix-p "       5 ms " (nth 1 lines)))
          (should (string-prefix-p "          0 " (nth 2 lines)))
          (dolist (line (cdr lines))
            (should (= (string-width line) 29))))))))

(ert-deftest watch-parts-tests-span ()
  "The span goes from the first sample to the last."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server)))
      (should (equal (sockopt-watch--span (sockopt-watch--begin server))
                     "no sample yet"))
      (should (equal (sockopt-watch--span (watch-parts-tests--series
                                           server 61))
                     (format "%s to %s" (format-time-string "%T" 0)
                             (format-time-string "%T" 60)))))))

(ert-deftest watch-parts-tests-one-timer ()
  "Watched twice, one timer runs; another buffer's window starts none."
  (sockopt-tests-clean
    (let ((server (sockopt-tests-server :name "watched")))
      (cl-flet ((timers () (cl-count #'sockopt-watch--tick timer-list
                                     :key #'timer--function)))
        (save-window-excursion
          (unwind-protect
              (progn
                (sockopt-watch server)
                (sockopt-watch server)
                (should (= 1 (timers)))
                (with-current-buffer "*sockopt-watch watched*"
                  (sockopt-watch--pause)
                  (switch-to-buffer "*scratch*")
                  (with-current-buffer "*sockopt-watch watched*"
                    (sockopt-watch--shown (selected-window)))
                  (should (= 0 (timers)))))
            (kill-buffer "*sockopt-watch watched*")))
        (should (= 0 (timers)))))))

(ert-deftest watch-parts-tests-listening ()
  "Of a server that listens no numbers of connections are drawn."
  (sockopt-tests-clean
    (let ((series (sockopt-watch--begin (sockopt-tests-server))))
      (sockopt-watch--sample series)
      (with-temp-buffer
        (sockopt-watch--insert-text series 80)
        (should-not (string-search "Congestion" (buffer-string)))
        (should (string-search "Receive queue" (buffer-string)))))))

(ert-deftest watch-parts-tests-no-module ()
  "Without the module nothing is asked twice, and no buffer is shown."
  (sockopt-tests-clean
    (let ((client (sockopt-tests-client (sockopt-tests-server)))
          (buffers (buffer-list))
          (asked 0))
      (cl-letf (((symbol-function 'sockopt--ensure-module)
                 (lambda ()
                   (cl-incf asked)
                   (signal 'sockopt-error '("The module is not built")))))
        (should-error (sockopt-watch client) :type 'sockopt-error)
        (should-error (call-interactively #'sockopt-watch)
                      :type 'sockopt-error))
      (should (= 2 asked))
      (should (equal buffers (buffer-list))))))

(provide 'watch-parts-tests)
;;; watch-parts-tests.el ends here
