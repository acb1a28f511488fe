/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the module calls that can fail, and how.  */

/* Each row: the name, the type, what is returned after a failure, the
   parameters, the arguments, and the errors that the man page of Linux lists.
   A row is all that a call needs to be made fail; the Makefile reads the names
   for the linker's --wrap.  What calls others in the C library, as getifaddrs
   does, has their errors.  FAULT_CODE is for calls that return the error,
   FAULT_MEMORY for what returns memory that is ours (the last argument:
   whether it has been counted before), and FAULT_CLOSE for what closes even
   when it fails.  Calls that take any number of arguments have those that the
   module gives.  */

/* clang-format off */
#define FAULTS(FAULT, FAULT_CODE, FAULT_MEMORY, FAULT_CLOSE) \
FAULT (accept, int, -1, (int fd, struct sockaddr *address, socklen_t *length), \
  (fd, address, length), EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, \
  ENOMEM, EPERM, EPROTO) \
FAULT (bind, int, -1, (int fd, const struct sockaddr *address, \
  socklen_t length), (fd, address, length), EACCES, EADDRINUSE, EINVAL, \
  EADDRNOTAVAIL, ELOOP, ENOENT, ENOMEM, ENOTDIR, EROFS) \
FAULT_CLOSE (close, int, -1, (int fd), (fd), EINTR, EIO, ENOSPC, EDQUOT) \
FAULT (connect, int, -1, (int fd, const struct sockaddr *address, \
  socklen_t length), (fd, address, length), EACCES, EPERM, EADDRINUSE, \
  EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, ECONNREFUSED, EINTR, \
  ENETUNREACH, EPROTOTYPE, ETIMEDOUT) \
FAULT (dup3, int, -1, (int old, int new, int flags), (old, new, flags), \
  EBUSY, EINTR, EMFILE) \
FAULT (epoll_create1, int, -1, (int flags), (flags), EMFILE, ENFILE, ENOMEM) \
FAULT (epoll_ctl, int, -1, (int epoll, int operation, int fd, \
  struct epoll_event *event), (epoll, operation, fd, event), ENOMEM, ENOSPC, \
  EPERM) \
FAULT (epoll_wait, int, -1, (int epoll, struct epoll_event *events, int count, \
  int timeout), (epoll, events, count, timeout), EINTR) \
FAULT (eventfd, int, -1, (unsigned count, int flags), (count, flags), \
  EMFILE, ENFILE, ENOMEM) \
FAULT (fcntl, int, -1, (int fd, int command, int argument), \
  (fd, command, argument), EMFILE, EPERM, EINVAL) \
FAULT (fgets, char *, NULL, (char *text, int size, FILE *file), \
  (text, size, file), EIO) \
FAULT (fopen, FILE *, NULL, (const char *name, const char *mode), \
  (name, mode), ENOENT, EACCES, EMFILE, ENFILE, ENOMEM, EINTR) \
FAULT (fstat, int, -1, (int fd, struct stat *status), (fd, status), ENOMEM, \
  EOVERFLOW) \
FAULT_CODE (getaddrinfo, int, (const char *node, const char *service, \
  const struct addrinfo *hints, struct addrinfo **result), \
  (node, service, hints, result), EAI_AGAIN, EAI_FAIL, EAI_MEMORY, \
  EAI_NONAME, EAI_SERVICE, EAI_SYSTEM) \
FAULT (getifaddrs, int, -1, (struct ifaddrs **list), (list), EMFILE, ENFILE, \
  ENOBUFS, ENOMEM, EACCES) \
FAULT (getpeername, int, -1, (int fd, struct sockaddr *address, \
  socklen_t *length), (fd, address, length), ENOBUFS, ENOTCONN) \
FAULT (getsockname, int, -1, (int fd, struct sockaddr *address, \
  socklen_t *length), (fd, address, length), ENOBUFS) \
FAULT (getsockopt, int, -1, (int fd, int level, int number, void *value, \
  socklen_t *length), (fd, level, number, value, length), EINVAL, \
  ENOPROTOOPT, ENOMEM, EPERM, EOPNOTSUPP) \
FAULT (if_indextoname, char *, NULL, (unsigned index, char *name), \
  (index, name), ENXIO, EMFILE, ENOMEM) \
FAULT (if_nameindex, struct if_nameindex *, NULL, (void), (), ENOBUFS, EMFILE) \
FAULT (if_nametoindex, unsigned, 0, (const char *name), (name), ENODEV, \
  EMFILE, ENOMEM) \
FAULT (listen, int, -1, (int fd, int backlog), (fd, backlog), EADDRINUSE, \
  EOPNOTSUPP) \
FAULT (mkdtemp, char *, NULL, (char *template), (template), EACCES, ENOSPC, \
  EROFS, ENOENT, EDQUOT, ENOMEM) \
FAULT (open, int, -1, (const char *name, int flags, int mode), \
  (name, flags, mode), EACCES, EINTR, EMFILE, ENFILE, ENOENT, ENOMEM, ELOOP) \
FAULT (openat, int, -1, (int directory, const char *name, int flags, \
  int mode), (directory, name, flags, mode), EACCES, EINTR, EMFILE, ENFILE, \
  ENOENT, ENOMEM, ELOOP) \
FAULT (pipe, int, -1, (int pair[2]), (pair), EMFILE, ENFILE) \
FAULT (pipe2, int, -1, (int pair[2], int flags), (pair, flags), EMFILE, \
  ENFILE) \
FAULT (poll, int, -1, (struct pollfd *list, nfds_t count, int timeout), \
  (list, count, timeout), EINTR, EINVAL, ENOMEM) \
FAULT_CODE (pthread_create, int, (pthread_t *thread, \
  const pthread_attr_t *attributes, void *(*run) (void *), void *data), \
  (thread, attributes, run, data), EAGAIN, EPERM) \
FAULT (read, ssize_t, -1, (int fd, void *data, size_t size), \
  (fd, data, size), EAGAIN, EINTR, EIO) \
FAULT (recvmsg, ssize_t, -1, (int fd, struct msghdr *message, int flags), \
  (fd, message, flags), EAGAIN, ECONNREFUSED, EINTR, ENOMEM, ENOTCONN) \
FAULT (rmdir, int, -1, (const char *name), (name), EACCES, EBUSY, ENOTEMPTY, \
  EPERM, EROFS) \
FAULT (send, ssize_t, -1, (int fd, const void *data, size_t size, int flags), \
  (fd, data, size, flags), EAGAIN, ECONNRESET, EINTR, ENOBUFS, ENOMEM, EPIPE) \
FAULT (sendmsg, ssize_t, -1, (int fd, const struct msghdr *message, \
  int flags), (fd, message, flags), EACCES, EAGAIN, ECONNRESET, \
  EDESTADDRREQ, EINTR, EINVAL, EMSGSIZE, ENOBUFS, ENOMEM, EPIPE) \
FAULT (setsockopt, int, -1, (int fd, int level, int number, \
  const void *value, socklen_t length), (fd, level, number, value, length), \
  EDOM, EINVAL, EISCONN, ENOPROTOOPT, ENOMEM, ENOBUFS, EPERM) \
FAULT (socket, int, -1, (int family, int type, int protocol), \
  (family, type, protocol), EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, \
  ENOBUFS, ENOMEM, EPROTONOSUPPORT) \
FAULT (socketpair, int, -1, (int family, int type, int protocol, \
  int pair[2]), (family, type, protocol, pair), EAFNOSUPPORT, EMFILE, ENFILE, \
  EOPNOTSUPP, EPROTONOSUPPORT) \
FAULT (stat, int, -1, (const char *name, struct stat *status), \
  (name, status), EACCES, ELOOP, ENOENT, ENOMEM) \
FAULT (unlink, int, -1, (const char *name), (name), EACCES, EBUSY, EPERM, \
  EROFS, ENOENT) \
FAULT (unlinkat, int, -1, (int directory, const char *name, int flags), \
  (directory, name, flags), EACCES, EBUSY, EIO, EPERM, EROFS) \
FAULT (write, ssize_t, -1, (int fd, const void *data, size_t size), \
  (fd, data, size), EAGAIN, EINTR, EIO, EPIPE) \
FAULT_MEMORY (calloc, (size_t count, size_t size), (count, size), false) \
FAULT_MEMORY (malloc, (size_t size), (size), false) \
FAULT_MEMORY (realloc, (void *old, size_t size), (old, size), old != NULL) \
FAULT_MEMORY (strdup, (const char *text), (text), false)
/* clang-format on */

/* What the module calls besides, and what cannot fail when called as it
   is: `make faults' complains of a call that is neither here nor above.

   HARMLESS: clock_gettime fclose freeaddrinfo freeifaddrs gai_strerror
   HARMLESS: if_freenameindex inet_ntop inet_pton pthread_detach
   HARMLESS: pthread_sigmask sigfillset snprintf vsnprintf strerror_r strtol
   HARMLESS: ceil fmin round memchr memcmp memcpy memset strchr strcmp strcspn
   HARMLESS: strlen strncmp strnlen strstr free pthread_mutex_lock
   HARMLESS: pthread_mutex_unlock pthread_cond_signal
   HARMLESS: pthread_cond_broadcast pthread_mutex_init pthread_mutex_destroy
   HARMLESS: pthread_cond_wait geteuid nanosleep atexit memmove strcpy  */
