;;; sockopt-watch.el --- Watch connections over time  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; `sockopt-watch' draws what the kernel says of a connection over time:
;; how long a round trip takes, what goes in and out, what waits and what
;; had to be sent again.  In graphical frames that is a picture (SVG), on
;; terminals it is made of block characters.  Values are shown where the
;; pointer is.  Samples are taken while somebody can see them.

;;; Code:

(require 'cl-lib)
(require 'ring)
(require 'sockopt)
(require 'sockopt-ui)
(require 'svg)

(defcustom sockopt-watch-interval 1
  "How many seconds there are between the samples of `sockopt-watch'."
  :type '(number :match (lambda (_widget value)
                          (and (numberp value) (<= 0.1 value)))
                 :type-error "a number of seconds, 0.1 or more")
  :group 'sockopt)

(defcustom sockopt-watch-history 120
  "How many samples `sockopt-watch' keeps of each connection."
  :type '(integer :match (lambda (_widget value)
                           (and (integerp value) (<= 2 value)))
                  :type-error "an integer, 2 or more")
  :group 'sockopt)

(defcustom sockopt-watch-when-hidden nil
  "Non-nil means that `sockopt-watch' takes samples even if no window shows it.
\\<sockopt-watch-mode-map>\\[sockopt-watch-toggle-hidden] changes that in \
one buffer."
  :type 'boolean
  :group 'sockopt)

(defcustom sockopt-watch-rows 2
  "How many lines high a chart of `sockopt-watch' is on a terminal."
  :type '(integer :match (lambda (_widget value)
                           (and (integerp value) (<= 1 value 8)))
                  :type-error "an integer, 1 to 8")
  :group 'sockopt)

(defface sockopt-watch-chart '((t :inherit default))
  "Face of charts that are made of characters."
  :group 'sockopt)

(defface sockopt-watch-axis '((t :inherit shadow))
  "Face of the axes of charts."
  :group 'sockopt)

(defsubst sockopt-watch--rows ()
  "Return how many lines high a chart is."
  (sockopt--custom 'sockopt-watch-rows))

(defsubst sockopt-watch--history ()
  "Return how many samples are kept."
  (sockopt--custom 'sockopt-watch-history))

(defsubst sockopt-watch--interval ()
  "Return how many seconds there are between samples."
  (sockopt--custom 'sockopt-watch-interval))

;;; What is measured

(defun sockopt-watch--of-info (field &optional divisor)
  "Return a function for FIELD of the `:tcp-info' of a sample.
It is divided by DIVISOR if that is non-nil."
  (lambda (now _before)
    (let ((value (plist-get (plist-get now :tcp-info) field)))
      (and value (if divisor (/ value (float divisor)) value)))))

(defun sockopt-watch--growth (field per-second)
  "Return a function for the growth of FIELD of `:tcp-info' between samples.
With PER-SECOND non-nil, that is divided by the time that has passed."
  (lambda (now before)
    (let ((new (plist-get (plist-get now :tcp-info) field))
          (old (plist-get (plist-get before :tcp-info) field))
          (passed (and before (- (plist-get now :time)
                                 (plist-get before :time)))))
      (and new old (> passed 0)
           (/ (- new old) (if per-second passed 1))))))

(defun sockopt-watch--of-memory (field)
  "Return a function for FIELD of the `:meminfo' of a sample."
  (lambda (now _before)
    (plist-get (plist-get now :meminfo) field)))

(defconst sockopt-watch--metrics
  `(("Round trip" "ms" ,(sockopt-watch--of-info :rtt 1000)
     "how long data take to be acknowledged, smoothed")
    ("Congestion window" "segments" ,(sockopt-watch--of-info :snd-cwnd)
     "how much may be on its way at once")
    ("Delivery rate" "B/s" ,(sockopt-watch--of-info :delivery-rate)
     "how fast data have lately reached the peer")
    ("Received" "B/s" ,(sockopt-watch--growth :bytes-received t)
     "data from the peer")
    ("Acknowledged" "B/s" ,(sockopt-watch--growth :bytes-acked t)
     "data that the peer has got")
    ("Sent again" "segments" ,(sockopt-watch--growth :total-retrans nil)
     "segments sent again since the last sample")
    ("Receive queue" "B" ,(sockopt-watch--of-memory :rmem-alloc)
     "memory of what Emacs has not read yet")
    ("Send queue" "B" ,(sockopt-watch--of-memory :wmem-queued)
     "memory of what the peer has not got yet"))
  "What is drawn: a list of (NAME UNIT FUNCTION WORDS).
FUNCTION is called with a sample and the one before it, or nil, and returns
a number, or nil for none.  A sample is a plist with `:time' and the options
of `sockopt-watch--options'.")

(defconst sockopt-watch--options '(:tcp-info :meminfo)
  "The options that a sample has, as far as the socket has them.")

;; What the kernel says there of a socket that listens is about its queue.
(defun sockopt-watch--read (process)
  "Return a sample of PROCESS, without the `:tcp-info' of one that listens."
  (cl-loop with sample = (list :time (float-time))
           for option in sockopt-watch--options
           for value = (condition-case nil
                           (sockopt-get process option)
                         (sockopt-error nil))
           when (and value (not (eq (plist-get value :state) 'listen)))
           do (plist-put sample option value)
           finally return sample))

(defun sockopt-watch--measure (now before)
  "Return what the metrics are by the samples NOW and BEFORE, a vector.
Its first element is the time."
  (vconcat (list (plist-get now :time))
           (mapcar (lambda (metric) (funcall (nth 2 metric) now before))
                   sockopt-watch--metrics)))

;;; What is kept

(cl-defstruct (sockopt-watch--series
               (:constructor sockopt-watch--series-make)
               (:copier nil))
  "What is known of a connection that is watched.
LAST is the last sample, HISTORY a ring of what `sockopt-watch--measure'
returned, TAKEN how many samples there have been.  NAME and PEER are for
people, END says why it ended, or is nil.  CHARTS is a vector of what
`sockopt-watch--chart' drew of each metric."
  process name peer last history (taken 0) end
  (charts (make-vector (length sockopt-watch--metrics) nil)))

(defvar-local sockopt-watch--all nil
  "The series of this buffer, a list of `sockopt-watch--series'.")

(defvar-local sockopt-watch--timer nil
  "The timer that takes samples for this buffer, or nil.")

(defvar-local sockopt-watch--hidden nil
  "Non-nil means to take samples even if no window shows this buffer.")

(defun sockopt-watch--note-end (series)
  "Note why the process of SERIES has ended."
  (let ((process (sockopt-watch--series-process series)))
    (setf (sockopt-watch--series-end series)
          (format "ended %s: %s%s" (format-time-string "%T")
                  (process-status process)
                  (if (eq (process-status process) 'failed)
                      (format " with code %d" (process-exit-status process))
                    "")))))

(defun sockopt-watch--keep (series measured)
  "Add MEASURED to the history of SERIES."
  (ring-insert (sockopt-watch--series-history series) measured)
  (cl-incf (sockopt-watch--series-taken series)))

(defun sockopt-watch--sample (series)
  "Take a sample of the process of SERIES, unless it has ended."
  (let ((process (sockopt-watch--series-process series)))
    (cond ((sockopt-watch--series-end series))
          ((not (process-live-p process)) (sockopt-watch--note-end series))
          (t (let ((now (sockopt-watch--read process)))
               (sockopt-watch--keep series
                                    (sockopt-watch--measure
                                     now (sockopt-watch--series-last series)))
               (setf (sockopt-watch--series-last series) now))))))

(defun sockopt-watch--ended-p ()
  "Return non-nil if all that this buffer watches has ended."
  (cl-every #'sockopt-watch--series-end sockopt-watch--all))

(defun sockopt-watch--samples (series)
  "Return what was measured of SERIES, the oldest first."
  (nreverse (ring-elements (sockopt-watch--series-history series))))

(defsubst sockopt-watch--value (measured index)
  "Return metric INDEX of MEASURED; nil if there is none."
  (aref measured (1+ index)))

;;; Words and scales

(defun sockopt-watch--text (value unit)
  "Return VALUE in UNIT for people."
  (cond ((null value) "none")
        ((member unit '("B" "B/s"))
         (file-size-human-readable (max 0 (round value)) 'si " " unit))
        ((and (eql value 1) (equal unit "segments")) "1 segment")
        ((integerp value) (format "%d %s" value unit))
        (t (format "%.3g %s" value unit))))

(defun sockopt-watch--ceiling (value)
  "Return the least of 1, 2 or 5 times a power of ten that VALUE fits below."
  (if (<= value 0)
      1
    (let ((power (expt 10.0 (floor (log value 10)))))
      (cl-loop for factor in '(1 2 5 10)
               for top = (* factor power)
               when (<= value (* top 1.000001)) return top))))

(defun sockopt-watch--top (samples index)
  "Return the upper end of an axis for metric INDEX of SAMPLES.
These are as `sockopt-watch--samples' returns them."
  (sockopt-watch--ceiling
   (cl-loop for measured in samples
            maximize (or (sockopt-watch--value measured index) 0))))

(defun sockopt-watch--any-p (samples index)
  "Return non-nil if there is a value of metric INDEX in SAMPLES."
  (cl-some (lambda (measured) (sockopt-watch--value measured index))
           samples))

(defun sockopt-watch--tip (measured index)
  "Return the words for metric INDEX of MEASURED."
  (let ((metric (nth index sockopt-watch--metrics)))
    (format "%s: %s at %s" (car metric)
            (sockopt-watch--text (sockopt-watch--value measured index)
                                 (nth 1 metric))
            (format-time-string "%T" (aref measured 0)))))

;; To make all of them takes longer than all else.
(defun sockopt-watch--help (object position number)
  "Return the words for sample NUMBER of the chart at POSITION of OBJECT.
OBJECT is a buffer or an overlay.  They are made when they are asked for,
of the property `sockopt-watch' of the chart, (INDEX . SAMPLES)."
  (with-current-buffer (if (overlayp object) (overlay-buffer object) object)
    (pcase-let* ((`(,index . ,samples)
                  (get-text-property position 'sockopt-watch))
                 (measured (nth number samples)))
      (and measured (sockopt-watch--tip measured index)))))

;;; Charts of characters

(defconst sockopt-watch--blocks " ▁▂▃▄▅▆▇█"
  "Characters for nothing to a whole cell, in eighths.")

(defun sockopt-watch--cell (value top row)
  "Return the character for VALUE in ROW, counted from below, of a chart.
TOP is the upper end of its axis.  What is more than nothing can be seen."
  (let ((eighths (if (and value (> value 0))
                     (max 1 (round (* 8 (sockopt-watch--rows)
                                      (min 1.0 (/ value (float top))))))
                   0)))
    (aref sockopt-watch--blocks (max 0 (min 8 (- eighths (* 8 row)))))))

(defun sockopt-watch--help-in-row (_window object position)
  "Return the words for the value at POSITION of OBJECT, of a row."
  (with-current-buffer (if (overlayp object) (overlay-buffer object) object)
    (sockopt-watch--help
     object position
     (- position (or (previous-single-property-change (1+ position)
                                                      'sockopt-watch)
                     (point-min))))))

(defun sockopt-watch--insert-row (samples index top row)
  "Insert ROW of the chart of metric INDEX of SAMPLES, whose axis ends at TOP."
  (insert (propertize
           (format "%11s "
                   (cond ((= row (1- (sockopt-watch--rows)))
                          (sockopt-watch--text
                           top (nth 1 (nth index sockopt-watch--metrics))))
                         ((= row 0) "0")
                         (t "")))
           'face 'sockopt-watch-axis))
  (insert (propertize
           (concat (mapcar (lambda (measured)
                             (sockopt-watch--cell
                              (sockopt-watch--value measured index) top row))
                           samples))
           'face 'sockopt-watch-chart
           'help-echo #'sockopt-watch--help-in-row
           'sockopt-watch (cons index samples))
          "\n"))

(defun sockopt-watch--insert-heading (samples index)
  "Insert the name of metric INDEX, and what it is last in SAMPLES."
  (pcase-let ((`(,name ,unit ,_ ,words) (nth index sockopt-watch--metrics)))
    (insert (propertize name 'face 'bold 'help-echo words)
            "  "
            (sockopt-watch--text
             (sockopt-watch--value (car (last samples)) index) unit)
            "\n")))

(defun sockopt-watch--insert-text (series width)
  "Insert the charts of SERIES, at most WIDTH columns wide."
  (cl-loop with samples = (last (sockopt-watch--samples series)
                                (max 2 (- width 13)))
           for index below (length sockopt-watch--metrics)
           when (sockopt-watch--any-p samples index)
           do (sockopt-watch--insert-heading samples index)
           (cl-loop with top = (sockopt-watch--top samples index)
                    for row from (1- (sockopt-watch--rows)) downto 0
                    do (sockopt-watch--insert-row samples index top row))))

;;; Charts that are pictures

(defconst sockopt-watch--margin 90
  "How many pixels of a picture are left of the chart, for its axis.")

(defun sockopt-watch--step (width)
  "Return how far the samples of a chart of WIDTH are apart."
  (/ width (float (max 1 (1- (sockopt-watch--history))))))

(defun sockopt-watch--color (face)
  "Return the colour of FACE as SVG has it, which lacks many of X's names."
  (let ((color (face-foreground face nil 'default)))
    (apply #'format "#%02x%02x%02x"
           (mapcar (lambda (part) (ash part -8))
                   (or (color-values color) '(0 0 0))))))

(defun sockopt-watch--y (value top height)
  "Return how far down VALUE is in a chart of HEIGHT whose axis ends at TOP.
It is in tenths of a pixel; nil if VALUE is."
  (and value (max 0 (- (* 10 height) (round (* 10 height value) top)))))

(defun sockopt-watch--x (number width)
  "Return where sample NUMBER is in a chart of WIDTH, in tenths of a pixel.
That is how far it is from sample 0."
  (/ (* 10 width number) (max 1 (1- (sockopt-watch--history)))))

(defvar-local sockopt-watch--map nil
  "The image map of all pictures in this buffer, with what it is for.")

(defun sockopt-watch--make-map (width height)
  "Return an image map that has words for each sample there may be.
WIDTH and HEIGHT are those of the charts."
  (cl-loop with step = (sockopt-watch--step width)
           for i below (sockopt-watch--history)
           for x = (+ sockopt-watch--margin (* (- i 0.5) step))
           collect `((rect . ((,(max 0 (round x)) . 0)
                              . (,(round (+ x step)) . ,height)))
                     ,(intern (format "sample-%d" i))
                     (help-echo
                      ,(let ((number i))
                         (lambda (_window object position)
                           (sockopt-watch--help object position number)))))))

;; Emacs keeps pictures for a while after they have been shown; with a map
;; of its own in each, garbage collection takes longer than all else.
(defun sockopt-watch--map (width height)
  "Return the image map for pictures of WIDTH and HEIGHT."
  (let ((size (list width height (sockopt-watch--history))))
    (unless (equal size (car sockopt-watch--map))
      (setq sockopt-watch--map
            (cons size (sockopt-watch--make-map width height))))
    (cdr sockopt-watch--map)))

;; To print takes longer than all else, and what it leaves behind is
;; collected at each second sample: so what a picture has is kept as text,
;; and only what is new is added.
(cl-defstruct (sockopt-watch--chart
               (:constructor sockopt-watch--chart-make)
               (:copier nil))
  "A picture of a metric.
FRAME is its SVG as text, open at its end, for the line through POINTS.
These are strings, one for each sample.  TAKEN is how many samples there
were when the last was added.  TOP is the upper end of the axis, LOOK all
else that the picture depends on, as `sockopt-watch--look' returns it."
  top look frame points (taken 0))

(defun sockopt-watch--look (width height)
  "Return the look of pictures of WIDTH and HEIGHT.
It is a list (WIDTH HEIGHT COLOR GREY HISTORY)."
  (list width height
        (sockopt-watch--color 'sockopt-watch-chart)
        (sockopt-watch--color 'sockopt-watch-axis)
        (sockopt-watch--history)))

(defun sockopt-watch--frame (look top)
  "Return the text of an SVG of LOOK with its axes, open at its end.
TOP is the text at the upper one."
  (pcase-let* ((`(,width ,height ,_ ,grey . ,_) look)
               (left sockopt-watch--margin)
               (svg (svg-create (+ left width) (+ height 2))))
    (svg-line svg left height (+ left width) height :stroke-color grey)
    (svg-line svg left 0 left height :stroke-color grey)
    (svg-text svg top :x (- left 6) :y 12
              :text-anchor "end" :font-size 12 :fill grey)
    (svg-text svg "0" :x (- left 6) :y height
              :text-anchor "end" :font-size 12 :fill grey)
    (with-temp-buffer
      (svg-print svg)
      (string-remove-suffix "</svg>" (buffer-string)))))

(defun sockopt-watch--add-points (chart samples index taken)
  "Add to CHART the points that it lacks of metric INDEX of SAMPLES.
TAKEN is how many there have been.  Points of older ones are dropped."
  (pcase-let* ((`(,width ,height . ,_) (sockopt-watch--chart-look chart))
               (top (sockopt-watch--chart-top chart))
               (points (sockopt-watch--chart-points chart))
               (count (length samples))
               (missing (min count
                             (- taken (sockopt-watch--chart-taken chart)))))
    (setf (sockopt-watch--chart-points chart)
          (nconc (nthcdr (- (+ (length points) missing) count) points)
                 (cl-loop
                  for measured in (last samples missing)
                  for number from (- taken missing)
                  for y = (sockopt-watch--y
                           (sockopt-watch--value measured index) top height)
                  collect (if y
                              (format "%d %d " (sockopt-watch--x number width)
                                      y)
                            "")))
          (sockopt-watch--chart-taken chart) taken)))

(defun sockopt-watch--level (samples index)
  "Return metric INDEX if it is the same in all SAMPLES, else nil."
  (let ((value (sockopt-watch--value (car samples) index)))
    (and value
         (cl-every (lambda (measured)
                     (eql value (sockopt-watch--value measured index)))
                   samples)
         value)))

;; A level line is the same from sample to sample, so Emacs, which keeps
;; pictures for a while, need not draw it anew.
(defun sockopt-watch--level-points (chart value)
  "Return the text of the points of CHART if all are at VALUE.
The first is that of sample 0."
  (pcase-let* ((`(,width ,height . ,_) (sockopt-watch--chart-look chart))
               (y (sockopt-watch--y value (sockopt-watch--chart-top chart)
                                    height)))
    (format "0 %d %d %d" y
            (sockopt-watch--x (1- (length (sockopt-watch--chart-points chart)))
                              width)
            y)))

(defun sockopt-watch--svg (chart level)
  "Return the text of the SVG that CHART is.
Its line begins where the axes meet.  All points are at LEVEL unless that is
nil."
  (pcase-let ((`(,width ,_ ,color . ,_) (sockopt-watch--chart-look chart))
              (points (sockopt-watch--chart-points chart)))
    (concat (sockopt-watch--chart-frame chart)
            (format "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"15\"\
 transform=\"scale(0.1) translate(%d 0)\" points=\""
                    color
                    (- (* 10 sockopt-watch--margin)
                       (if level 0
                         (sockopt-watch--x
                          (- (sockopt-watch--chart-taken chart)
                             (length points))
                          width))))
            (if level (sockopt-watch--level-points chart level)
              (apply #'concat points))
            "\"/></svg>")))

(defun sockopt-watch--chart (series samples index look)
  "Return the chart of metric INDEX of SERIES, with a point for each of SAMPLES.
It is that which there was before, if that was of LOOK and of the same scale."
  (let ((top (sockopt-watch--top samples index))
        (chart (aref (sockopt-watch--series-charts series) index)))
    (unless (and chart (eql top (sockopt-watch--chart-top chart))
                 (equal look (sockopt-watch--chart-look chart)))
      (setq chart (sockopt-watch--chart-make
                   :top top :look look
                   :frame (sockopt-watch--frame
                           look
                           (sockopt-watch--text
                            top (nth 1 (nth index sockopt-watch--metrics))))))
      (aset (sockopt-watch--series-charts series) index chart))
    (sockopt-watch--add-points chart samples index
                               (sockopt-watch--series-taken series))
    chart))

(defun sockopt-watch--picture (series samples index look)
  "Return an image of metric INDEX of SERIES, as text with a property.
It has LOOK, and there are words for each of SAMPLES."
  (propertize (format "[%s]" (car (nth index sockopt-watch--metrics)))
              'display (create-image
                        (sockopt-watch--svg
                         (sockopt-watch--chart series samples index look)
                         (sockopt-watch--level samples index))
                        'svg t :scale 1
                        :map (sockopt-watch--map (nth 0 look) (nth 1 look)))
              'rear-nonsticky '(display)
              'sockopt-watch (cons index samples)))

(defun sockopt-watch--insert-pictures (series pixels)
  "Insert pictures of SERIES, at most PIXELS wide."
  (cl-loop with look = (sockopt-watch--look
                        (max 100 (- pixels sockopt-watch--margin 10))
                        (* 3 (frame-char-height)))
           with samples = (sockopt-watch--samples series)
           for index below (length sockopt-watch--metrics)
           when (sockopt-watch--any-p samples index)
           do (sockopt-watch--insert-heading samples index)
           (insert (sockopt-watch--picture series samples index look) "\n")))

;;; The buffer

(defun sockopt-watch--span (series)
  "Return in words what time the charts of SERIES cover."
  (let ((history (sockopt-watch--series-history series)))
    (if (ring-empty-p history)
        "no sample yet"
      (let ((first (aref (ring-ref history -1) 0))
            (last (aref (ring-ref history 0) 0)))
        (format "%s to %s" (format-time-string "%T" first)
                (format-time-string "%T" last))))))

(defun sockopt-watch--insert-series (series window)
  "Insert all that there is of SERIES, to fit WINDOW."
  (insert (propertize (sockopt-watch--series-name series) 'face
                      'font-lock-function-name-face)
          "  " (sockopt-watch--series-peer series)
          "  " (sockopt-watch--span series)
          (if (sockopt-watch--series-end series)
              (propertize (concat "  " (sockopt-watch--series-end series))
                          'face 'warning)
            "")
          "\n")
  (if (and (display-graphic-p (window-frame window))
           (image-type-available-p 'svg))
      (sockopt-watch--insert-pictures series (window-body-width window t))
    (sockopt-watch--insert-text series (window-body-width window)))
  (insert "\n"))

(defun sockopt-watch--draw ()
  "Draw all that this buffer watches, and keep point."
  (let ((inhibit-read-only t)
        (window (or (get-buffer-window nil t) (selected-window)))
        (line (line-number-at-pos))
        (column (current-column)))
    (erase-buffer)
    (dolist (series sockopt-watch--all)
      (sockopt-watch--insert-series series window))
    (set-buffer-modified-p nil)
    (goto-char (point-min))
    (forward-line (1- line))
    (move-to-column column)
    (when (eq (window-buffer window) (current-buffer))
      (set-window-point window (point)))))

(defun sockopt-watch--header ()
  "Return the header line."
  (format "%d connection%s, %s" (length sockopt-watch--all)
          (if (cdr sockopt-watch--all) "s" "")
          (cond ((sockopt-watch--ended-p) "ended")
                ((not sockopt-watch--timer) "paused")
                (t (format "a sample every %s s, at most %d kept"
                           (sockopt-watch--interval)
                           (sockopt-watch--history))))))

(defun sockopt-watch-sample ()
  "Take a sample now, and draw it."
  (interactive nil sockopt-watch-mode)
  (mapc #'sockopt-watch--sample sockopt-watch--all)
  (when (get-buffer-window nil t)
    (sockopt-watch--draw))
  (force-mode-line-update))

(defun sockopt-watch--tick (buffer)
  "Take samples for BUFFER, or stop if there is nobody who wants them."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (if (or (sockopt-watch--ended-p)
              (not (or sockopt-watch--hidden (get-buffer-window nil t))))
          (sockopt-watch--pause)
        (sockopt-watch-sample)))))

(defun sockopt-watch--pause (&rest _)
  "Take no more samples for this buffer."
  (when sockopt-watch--timer
    (cancel-timer sockopt-watch--timer)
    (setq sockopt-watch--timer nil)))

(defun sockopt-watch--go-on (&rest _)
  "Take samples for this buffer, unless all in it has ended."
  (unless (or sockopt-watch--timer (sockopt-watch--ended-p))
    (setq sockopt-watch--timer
          (run-at-time (sockopt-watch--interval) (sockopt-watch--interval)
                       #'sockopt-watch--tick (current-buffer)))))

(defun sockopt-watch--shown (window)
  "Go on if WINDOW, whose buffer has changed, has this one now."
  (when (and (window-live-p window)
             (eq (window-buffer window) (current-buffer)))
    (sockopt-watch--go-on)))

(defun sockopt-watch-toggle-hidden ()
  "Take samples even while this buffer is hidden, or no more."
  (interactive nil sockopt-watch-mode)
  (setq sockopt-watch--hidden (not sockopt-watch--hidden))
  (sockopt-watch--go-on)
  (message "Samples are taken %s"
           (if sockopt-watch--hidden "always" "while this is shown")))

(defvar sockopt-watch-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "t" #'sockopt-watch-toggle-hidden)
    map)
  "Keys of `sockopt-watch-mode'.")

(define-derived-mode sockopt-watch-mode special-mode "Watch"
  "Mode of the buffers of `sockopt-watch'.

\\{sockopt-watch-mode-map}"
  :interactive nil
  (setq truncate-lines t
        header-line-format '(:eval (sockopt-watch--header))
        sockopt-watch--hidden sockopt-watch-when-hidden)
  ;; Who draws all anew each second should not remember what was there.
  (setq-local buffer-undo-list t
              revert-buffer-function
              (lambda (&rest _) (sockopt-watch-sample)))
  (add-hook 'kill-buffer-hook #'sockopt-watch--pause nil t)
  (add-hook 'window-buffer-change-functions #'sockopt-watch--shown nil t))

(defun sockopt-watch--begin (process)
  "Return a series of PROCESS that has no sample yet."
  (unless (eq (process-type process) 'network)
    (signal 'wrong-type-argument (list 'sockopt-network-process-p process)))
  (sockopt-watch--series-make
   :process process :name (process-name process)
   :peer (sockopt-ui--peer process)
   :history (make-ring (sockopt-watch--history))))

;;;###autoload
(defun sockopt-watch (process)
  "Watch PROCESS, a network process or a list of them, over time.
Round trip, congestion window, rates, what is sent again and what waits are
drawn, from `:tcp-info' and `:meminfo' (tcp(7), sock_diag(7)).  Samples are
taken while a window shows them, or as `sockopt-watch-when-hidden' says.
When a process ends, its charts stay, and say why."
  (interactive (progn
                 (sockopt--ensure-module)
                 (list (sockopt-ui-read-process "Watch process"))))
  (sockopt--ensure-module)
  (let ((all (mapcar #'sockopt-watch--begin (ensure-list process)))
        (buffer (get-buffer-create
                 (format "*sockopt-watch %s*"
                         (mapconcat #'process-name (ensure-list process)
                                    ", ")))))
    (with-current-buffer buffer
      (sockopt-watch--pause)
      (sockopt-watch-mode)
      (setq sockopt-watch--all all)
      (pop-to-buffer buffer)
      (sockopt-watch-sample)
      (sockopt-watch--go-on))))

(provide 'sockopt-watch)
;;; sockopt-watch.el ends here
