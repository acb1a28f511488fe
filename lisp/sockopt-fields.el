;;; sockopt-fields.el --- What the fields of TCP_INFO mean  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; For each field of the option `:tcp-info': what it is, its unit, and
;; what would be abnormal.  The kernel's own units are of no use to people,
;; so values are shown in others.

;;; Code:

(require 'sockopt-findings)

(defconst sockopt-fields
  '((:state "State" name
     "The state of the connection by RFC 9293"
     "anything but established, unless one side has closed it")
    (:ca-state "Congestion" name
     "What congestion control is doing"
     "recovery or loss: data are being sent again")
    (:retransmits "Retransmissions now" count
     "How often the oldest data have been sent again in vain"
     "3 or more: the path or the peer is gone")
    (:probes "Probes now" count
     "Probes that have not been answered, of keepalive or a closed window"
     "2 or more")
    (:backoff "Backoff" count
     "How often the wait before sending again has been doubled"
     "more than 0")
    (:options "Extensions" name
     "What both sides have agreed on: timestamps, sack, wscale, ecn"
     "no sack or wscale, on fast paths: something on the way removes them")
    (:snd-wscale "Peer's window scale" count
     "The peer's window is given in units of 2 to the power of this" "0")
    (:rcv-wscale "Our window scale" count
     "Our window is given in units of 2 to the power of this" "0")
    (:rto "Send again after" us
     "How long an acknowledgement is awaited before data are sent again"
     "many times the round trip: it has been doubled")
    (:ato "Acknowledge after" us
     "How long an acknowledgement may be delayed here"
     "more than 200 ms")
    (:snd-mss "Segment sent" size
     "The most data in a segment that is sent"
     "less than 1200: a tunnel or a small MTU is on the way")
    (:rcv-mss "Segment received" size
     "An estimate of the most data in a segment that is received"
     "much less than what the peer could send")
    (:unacked "Under way" segments
     "Segments that the peer has not acknowledged; of a server, connections \
that wait to be accepted"
     "as many for seconds, or as many as a server has room for")
    (:sacked "Got out of order" segments
     "Segments the peer has, though some before them are missing; of a \
server, how many connections may wait"
     "more than 0 for long: something before them is lost")
    (:lost "Lost" segments
     "Segments under way that are taken for lost" "more than 0")
    (:retrans "Sent again, under way" segments
     "Segments under way that have been sent again" "more than 0")
    (:fackets "Forward acknowledged" segments
     "Segments up to the last that the peer has; recent kernels say 0"
     "more than 0 for long")
    (:last-data-sent "Data last sent" ms
     "How long ago data were sent" "long, while data wait to be sent")
    (:last-ack-sent "Acknowledgement last sent" ms
     "How long ago an acknowledgement was sent; the kernel does not count it"
     "nothing")
    (:last-data-recv "Data last received" ms
     "How long ago data came" "long, where the peer should have answered")
    (:last-ack-recv "Last heard" ms
     "How long ago the peer acknowledged anything"
     "long, while data are under way")
    (:pmtu "Path MTU" size
     "The largest packet that reaches the peer in one piece"
     "less than 1280")
    (:rcv-ssthresh "Window limit" bytes
     "How large our window may become as it is"
     "small, while much is to be received")
    (:rtt "Round trip" us
     "How long data take to be acknowledged, smoothed"
     "many times the least round trip")
    (:rttvar "Round trip varies by" us
     "How much the round trip varies"
     "as much as the round trip itself, on a steady path")
    (:snd-ssthresh "Slow start up to" segments
     "The congestion window grows fast up to this; none is yet known \
without a loss"
     "very small: much got lost")
    (:snd-cwnd "Congestion window" segments
     "How many segments may be under way at once"
     "1 or 2: much got lost")
    (:advmss "Segment announced" size
     "The most data in a segment that we told the peer to send"
     "less than 1200")
    (:reordering "Reordering" segments
     "How far out of order segments may come before one is taken for lost"
     "much more than 3: the path reorders")
    (:rcv-rtt "Round trip, receiving" us
     "An estimate of the round trip from what is received"
     "many times the round trip")
    (:rcv-space "Received per round trip" bytes
     "How much Emacs reads in a round trip; the buffer follows that"
     "small, while much is to be received")
    (:total-retrans "Sent again in all" segments
     "Segments that were sent again since the connection began"
     "more than 1 % of the segments with data")
    (:pacing-rate "Pacing rate" rate
     "How fast the kernel hands data to the network"
     "less than the path can carry")
    (:max-pacing-rate "Pacing limit" rate
     "How fast the kernel may hand data to the network: :max-pacing-rate"
     "a limit that nobody asked for")
    (:bytes-acked "Acknowledged" bytes
     "What the peer has acknowledged; opening the connection counts as 1"
     "that it does not grow while data are sent")
    (:bytes-received "Received" bytes
     "What has come from the peer" "that it does not grow")
    (:segs-out "Segments sent" segments
     "All segments sent, also those without data"
     "many times the segments with data")
    (:segs-in "Segments received" segments
     "All segments received, also those without data"
     "many times the segments with data")
    (:notsent-bytes "Not sent yet" bytes
     "What Emacs has written and the kernel has not sent"
     "more than 0 for seconds")
    (:min-rtt "Least round trip" us
     "The least round trip of the last minutes" "much less than the round trip")
    (:data-segs-in "With data, received" segments
     "Segments received that had data" "nothing")
    (:data-segs-out "With data, sent" segments
     "Segments sent that had data" "nothing")
    (:delivery-rate "Delivery rate" rate
     "How fast data have lately reached the peer"
     "less than the path can carry, while data wait")
    (:delivery-rate-app-limited "Rate limited by Emacs" flag
     "Whether that rate is low only because Emacs had no more to send"
     "no, with a low rate: the path or the peer is slow")
    (:busy-time "Busy sending" us
     "How long there were data to be sent or acknowledged, in all"
     "nothing")
    (:rwnd-limited "Limited by the peer" us
     "How long the peer's window kept data from being sent"
     "a large part of the time busy sending")
    (:sndbuf-limited "Limited by our buffer" us
     "How long the send buffer was too small"
     "a large part of the time busy sending")
    (:delivered "Delivered" segments
     "Segments that have reached the peer" "nothing")
    (:delivered-ce "Delivered, marked" segments
     "Segments that have reached the peer with a mark of congestion (ECN)"
     "more than 0: a queue on the way is full")
    (:bytes-sent "Sent" bytes
     "Data sent, also again" "nothing")
    (:bytes-retrans "Bytes sent again" bytes
     "Data that were sent again" "more than 1 % of what was sent")
    (:dsack-dups "Sent again for nothing" segments
     "Segments that the peer says it got twice"
     "many: the path reorders or delays")
    (:reord-seen "Reordering seen" count
     "How often segments were acknowledged out of order" "many")
    (:rcv-ooopack "Received out of order" segments
     "Segments that came out of order"
     "many: the path loses or reorders")
    (:snd-wnd "Peer's window" bytes
     "How much more the peer takes now" "0: its program does not read")
    (:fastopen-client-fail "Fast open" count
     "Why TCP Fast Open did not work: 0 is not tried or well, 1 the cookie, \
2 no data acknowledged, 3 no answer"
     "more than 0")
    (:rcv-wnd "Our window" bytes
     "How much more we take now" "0: Emacs does not read")
    (:rehash "Other paths tried" count
     "How often another path was tried because data got lost"
     "more than 0")
    (:total-rto "Timeouts" count
     "How often no answer came in time" "more than 0")
    (:total-rto-recoveries "Recoveries" count
     "How often an answer came after that" "fewer than the timeouts")
    (:total-rto-time "Time lost so" ms
     "How long all those recoveries took" "more than 0")
    (:received-ce "Received, marked" segments
     "Segments received with a mark of congestion (ECN)"
     "more than 0: a queue on the way is full")
    (:delivered-e1-bytes "Delivered, ECT(1)" bytes
     "Data that reached the peer with the ECN mark ECT(1)" "nothing")
    (:delivered-e0-bytes "Delivered, ECT(0)" bytes
     "Data that reached the peer with the ECN mark ECT(0)" "nothing")
    (:delivered-ce-bytes "Delivered, CE" bytes
     "Data that reached the peer with the ECN mark of congestion"
     "more than 0")
    (:received-e1-bytes "Received, ECT(1)" bytes
     "Data received with the ECN mark ECT(1)" "nothing")
    (:received-e0-bytes "Received, ECT(0)" bytes
     "Data received with the ECN mark ECT(0)" "nothing")
    (:received-ce-bytes "Received, CE" bytes
     "Data received with the ECN mark of congestion" "more than 0"))
  "What is known of each field of `:tcp-info'.
A list of (FIELD LABEL KIND MEANING ABNORMAL); KIND says how its value is
shown, see `sockopt-fields-text'.  See tcp(7) and linux/tcp.h.")

(defconst sockopt-fields--units
  '((us . "in µs") (ms . "in ms") (bytes . "in bytes") (size . "in bytes")
    (rate . "in bytes per second") (segments . "in segments")
    (count . "a number") (flag . "0 or 1") (name . "by name"))
  "How the kernel gives the fields of each kind.")

;; The kernel has no limit for this, and says so with the largest number.
(defconst sockopt-fields--endless #x7fffffff
  "A number of segments that stands for no limit.")

(defun sockopt-fields-text (kind value)
  "Return VALUE of a field of KIND as text for people."
  (cond ((eq kind 'name)
         (cond ((null value) "none")
               ((listp value) (mapconcat #'symbol-name value ", "))
               (t (format "%s" value))))
        ((null value) "no limit")
        ((not (numberp value)) (format "%S" value))
        (t (pcase kind
             ('us (sockopt-findings-time (/ value 1e6)))
             ('ms (sockopt-findings-time (/ value 1e3)))
             ('bytes (sockopt-findings-bytes value))
             ('rate (concat (sockopt-findings-bytes value) "/s"))
             ('size (format "%d B" value))
             ('flag (if (eql value 0) "no" "yes"))
             ('segments (if (>= value sockopt-fields--endless)
                            "no limit"
                          (sockopt-findings--count value "segment")))
             (_ (format "%s" value))))))

(defun sockopt-fields-help (field)
  "Return what to say of FIELD, an element of `sockopt-fields'."
  (pcase-let ((`(,name ,_label ,kind ,meaning ,abnormal) field))
    (format "%s (%s, %s).  Abnormal: %s." meaning name
            (cdr (assq kind sockopt-fields--units)) abnormal)))

(provide 'sockopt-fields)
;;; sockopt-fields.el ends here
