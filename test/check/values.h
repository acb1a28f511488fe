/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values and bytes, as the C tests make and read them.  */

#ifndef SOCKOPT_VALUES_H
#define SOCKOPT_VALUES_H

#include "option/get-set.h"

struct value of_type (enum value_type type);
#define NIL of_type (VALUE_NIL)
struct value integer (intmax_t number);
struct value real (double number);
struct value symbol (const char *name);
/* The first SIZE bytes of TEXT, or all of them.  They are not copied.  */
struct value text_of_size (const char *text, size_t size);
struct value text (const char *string);

/* A list, pair or vector of the values that follow.  Their array is
   gone at the end of the block.  */
#define SEQUENCE(kind, ...)                                        \
 ((struct value){ .type = kind,                                    \
                  .as.items = (struct value[]){ __VA_ARGS__ },     \
                  .size = sizeof ((struct value[]){ __VA_ARGS__ }) \
                          / sizeof (struct value) })
#define LIST(...) SEQUENCE (VALUE_LIST, __VA_ARGS__)
#define VECTOR(...) SEQUENCE (VALUE_VECTOR, __VA_ARGS__)

/* Whether A and B are equal in Lisp.  An empty list is nil.  */
bool same_value (const struct value *a, const struct value *b);

/* VALUE in words, for a message; overwritten by the fourth call after
   it.  */
const char *words_of (const struct value *value);

/* No bytes yet; there is old stuff where they will be.  */
struct bytes dirty_bytes (void);

/* VALUE encoded for OPTION must have FAULT.  */
void check_fault (const struct option *option, struct value value,
                  enum fault fault);

/* What OPTION makes of VALUE, which is right.  The caller frees it.  */
struct bytes encode (const struct option *option, struct value value);

/* What OPTION reads in BYTES, which are right.  What the value points
   at goes after the test.  */
struct value decode (const struct option *option, struct bytes bytes);

/* OPTION cannot read BYTES cut to LENGTH.  */
void check_length (const struct option *option, struct bytes bytes,
                   size_t length);

/* What OPTION wants to be asked with for ARGUMENT.  */
struct bytes prepare (const struct option *option, struct value argument);

/* The value that socket FD has for OPTION, and setting it.  Both must
   work.  */
struct value read_value (int fd, const struct option *option);
void set_value (int fd, const struct option *option, struct value value);

/* Try that.  Return 0 or an errno value.  */
int try_set (int fd, const struct option *option, struct value value);

/* Likewise with the option KEYWORD.  */
void set_keyword (int fd, const char *keyword, struct value value);
int try_keyword (int fd, const char *keyword, struct value value);

/* The value of KEY in the property list PLIST, or null.  */
const struct value *plist_get (const struct value *plist, const char *key);

/* KEY's value in PLIST is the integer, or the symbol.  */
void check_number (const struct value *plist, const char *key,
                   intmax_t number);
void check_name (const struct value *plist, const char *key, const char *name);

/* The row of KEYWORD, which must be there on Linux; elsewhere the test ends
   without it, and is counted as one that could not run.  */
const struct option *row (const char *keyword);

/* LENGTH bytes at DATA, as the kernel would give them.  */
struct bytes bytes_of (const void *data, size_t length);

/* What the option KEYWORD reads in the LENGTH bytes at DATA.  */
struct value decode_data (const char *keyword, const void *data,
                          size_t length);

/* FOUND and EXPECTED are equal in Lisp.  */
void check_same (struct value found, struct value expected);

/* Encoding VALUE for KEYWORD and decoding that gives EXPECTED.  */
void check_there_and_back (const char *keyword, struct value value,
                           struct value expected);

/* VALUE is encoded as the int EXPECTED.  */
void check_integer (const char *keyword, struct value value, int expected);

/* PLIST has the first of two fields, and ends before the second.  */
void check_end (const struct value *plist, const char *last, const char *next);

/* Free what `decode' made, and what is in the pool for others.  */
void values_free (void);
struct pool *values_pool (void);

/* Whether the values of KIND are short names.  */
bool is_name (const struct kind *kind);

#endif /* SOCKOPT_VALUES_H */
