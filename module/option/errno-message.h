/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the system calls its errors.  */

#ifndef SOCKOPT_ERRNO_MESSAGE_H
#define SOCKOPT_ERRNO_MESSAGE_H

#include <stddef.h>

/* The message for the errno value CODE.  They may be put into BUFFER, of
   SIZE bytes; 128 are enough.  */
const char *errno_message (int code, char *buffer, size_t size);

/* The name of CODE, one that a connection can end with, in C; a null
   pointer for others.  */
const char *errno_name (int code);

#endif /* SOCKOPT_ERRNO_MESSAGE_H */
