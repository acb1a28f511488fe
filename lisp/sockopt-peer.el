;;; sockopt-peer.el --- Which program is at the other end  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; Of a peer on the same machine the kernel tells which process it is: a
;; local socket by the option `:peercred', others by the tables in
;; /proc/net and the descriptors in /proc/PID/fd (proc(5)).

;;; Code:

(require 'cl-lib)
(require 'sockopt)

(defun sockopt-peer--words (pid)
  "Return what is known of the process PID, or nil."
  (let ((attributes (process-attributes pid)))
    (cond ((eql pid (emacs-pid)) (format "this Emacs (process %d)" pid))
          (attributes
           (format "%s (process %d of %s)"
                   (alist-get 'comm attributes) pid
                   (or (alist-get 'user attributes)
                       (alist-get 'euid attributes))))
          (t (format "process %d" pid)))))

(defun sockopt-peer--word (bytes)
  "Return four BYTES of an address as the kernel prints them."
  (apply #'format "%02X%02X%02X%02X"
         (if (eq (byteorder) ?l) (reverse bytes) bytes)))

(defun sockopt-peer--hex (address)
  "Return ADDRESS, a vector, as the tables in /proc/net have it."
  (let* ((parts (append address nil))
         (port (car (last parts)))
         (bytes (if (= (length parts) 5)
                    (butlast parts)
                  (cl-loop for part in (butlast parts)
                           append (list (ash part -8) (logand part 255))))))
    (concat (cl-loop while bytes
                     concat (sockopt-peer--word (seq-take bytes 4))
                     do (setq bytes (seq-drop bytes 4)))
            (format ":%04X" port))))

(defun sockopt-peer--patterns (local remote)
  "Return how /proc/net may have the socket from LOCAL to REMOTE.
These are strings for fgrep."
  (let ((a (sockopt-peer--hex local))
        (b (sockopt-peer--hex remote))
        (mapped (concat (make-string 16 ?0)
                        (sockopt-peer--word '(0 0 255 255)))))
    (cons (concat " " a " " b " ")
          ;; An IPv6 socket may carry IPv4.
          (and (= (length local) 5)
               (list (concat " " mapped a " " mapped b " "))))))

;; `insert-file-contents' reads only the beginning of such files.
(defun sockopt-peer--find-inode (local remote)
  "Return the inode of the TCP socket from LOCAL to REMOTE, or nil."
  (with-temp-buffer
    (setq default-directory "/")
    (apply #'call-process "grep" nil t nil "-hsF"
           `(,@(mapcan (lambda (pattern) (list "-e" pattern))
                       (sockopt-peer--patterns local remote))
             "/proc/net/tcp" "/proc/net/tcp6"))
    (goto-char (point-min))
    ;; Number, addresses, state, queues, timer, retransmissions, user,
    ;; timeout, inode.
    (nth 9 (split-string (buffer-substring (point) (line-end-position))))))

(defun sockopt-peer--has-p (pid target)
  "Return non-nil if the process PID has a descriptor that is TARGET."
  (let ((directory (format "/proc/%d/fd/" pid)))
    (ignore-errors
      (cl-loop for name in (directory-files directory nil "\\`[0-9]" t)
               thereis (equal target
                              (file-symlink-p (concat directory name)))))))

(defun sockopt-peer--find-owner (inode)
  "Return the number of a process that has the socket INODE, or nil.
Processes of other users can be looked into only with privilege."
  (let ((target (format "socket:[%s]" inode)))
    (cl-loop for pid in (cons (emacs-pid) (list-system-processes))
             when (sockopt-peer--has-p pid target) return pid)))

(defun sockopt-peer-pid (process)
  "Return the number of the process at the other end of PROCESS, or nil."
  (let* ((contact (process-contact process t))
         (local (plist-get contact :local))
         (remote (plist-get contact :remote)))
    (cond ((not (process-live-p process)) nil)
          ((and (vectorp local) (vectorp remote)
                (executable-find "grep")
                (= (length local) (length remote))
                (memq (plist-get contact :type) '(nil stream)))
           (let ((inode (sockopt-peer--find-inode remote local)))
             (and inode (sockopt-peer--find-owner inode))))
          ((not (vectorp local))
           (condition-case nil
               (let ((pid (plist-get (sockopt-get process :peercred) :pid)))
                 (and pid (> pid 0) pid))
             (error nil))))))

(defvar sockopt-peer--known (make-hash-table :test #'eq :weakness 'key)
  "What `sockopt-peer' has found of each process.")

(defun sockopt-peer (process)
  "Return in words which program is at the other end of PROCESS, or nil.
That is known of peers on the same machine, if they can be looked into."
  (or (gethash process sockopt-peer--known)
      (let ((pid (sockopt-peer-pid process)))
        (and pid
             (puthash process (sockopt-peer--words pid)
                      sockopt-peer--known)))))

(provide 'sockopt-peer)
;;; sockopt-peer.el ends here
