/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between C and Lisp: symbols, calls, signals, strings, numbers.  */

#ifndef SOCKOPT_LISP_H
#define SOCKOPT_LISP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <emacs-module.h>

/* The symbols used from C: for each a global reference, made once.  */
/* clang-format off */
#define LISP_SYMBOLS(DO)                                                      \
  DO (Qnil, "nil")                                                            \
  DO (Qt, "t")                                                                \
  DO (Qinteger, "integer")                                                    \
  DO (Qfloat, "float")                                                        \
  DO (Qsymbol, "symbol")                                                      \
  DO (Qlatin_1_unix, "iso-latin-1-unix")                                      \
  DO (Qmultibyte_string_p, "multibyte-string-p")                              \
  DO (Qunibyte_string_p, "unibyte-string-p")                                  \
  DO (Qsymbol_name, "symbol-name")                                            \
  DO (Qsymbol_value, "symbol-value")                                          \
  DO (Qlocale_coding_system, "locale-coding-system")                          \
  DO (Qdecode_coding_string, "decode-coding-string")                          \
  DO (Qstring, "string")                                                      \
  DO (Qvector, "vector")                                                      \
  DO (Qcons, "cons")                                                          \
  DO (Qprocess, "process")                                                    \
  DO (Qnetwork, "network")                                                    \
  DO (Qlisten, "listen")                                                      \
  DO (Qseqpacket, "seqpacket")                                                \
  DO (Qraw, "raw")                                                            \
  DO (Qipv4, "ipv4")                                                          \
  DO (Qipv6, "ipv6")                                                          \
  DO (Qdatagram, "datagram")                                                  \
  DO (Qopen, "open")                                                          \
  DO (Qrun, "run")                                                            \
  DO (Qstop, "stop")                                                          \
  DO (Qconnect, "connect")                                                    \
  DO (Qfailed, "failed")                                                      \
  DO (Qtype, ":type")                                                         \
  DO (Qlocal, ":local")                                                       \
  DO (Qremote, ":remote")                                                     \
  DO (Qserver, ":server")                                                     \
  DO (Qlinger, ":linger")                                                     \
  DO (Qbroadcast, ":broadcast")                                               \
  DO (Qget, "get")                                                            \
  DO (Qset, "set")                                                            \
  DO (Qbefore_bind, "before-bind")                                            \
  DO (Qbefore_connect, "before-connect")                                      \
  DO (Qlistening, "listening")                                                \
  DO (Qafter_connect, "after-connect")                                        \
  DO (Qargument, "argument")                                                  \
  DO (Qread_changes, "read-changes")                                          \
  DO (Qadjusted, "adjusted")                                                  \
  DO (Qadmits, "admits")                                                      \
  DO (Qcar, "car")                                                            \
  DO (Qcdr, "cdr")                                                            \
  DO (Qcons_function, "cons")                                                 \
  DO (Qlist, "list")                                                          \
  DO (Qvector_function, "vector")                                             \
  DO (Qplist_get, "plist-get")                                                \
  DO (Qplist_put, "plist-put")                                                \
  DO (Qplist_member, "plist-member")                                          \
  DO (Qnbutlast, "nbutlast")                                                  \
  DO (Qprocess_type, "process-type")                                          \
  DO (Qprocess_status, "process-status")                                      \
  DO (Qprocess_contact, "sockopt--core-contact")                                  \
  DO (Qdelete_process, "delete-process")                                      \
  DO (Qset_process_sentinel, "set-process-sentinel")                          \
  DO (Qignore, "ignore")                                                      \
  DO (Qexpand_file_name, "expand-file-name")                                  \
  DO (Qtemporary_file_directory, "temporary-file-directory")                  \
  DO (Qplace_directory, "sockopt--place-directory")                           \
  DO (Qdefalias, "defalias")                                                  \
  DO (Qmake, "sockopt--core-make-network-process")                            \
  DO (Qset_option, "sockopt--core-set-network-process-option")                \
  DO (Qrenew, "sockopt--renew-handle")                                        \
  DO (Qwarn_of_place, "sockopt--warn-of-place")                               \
  DO (Qguard_closing, "sockopt--guard-closing")                               \
  DO (Qprocessp, "processp")                                                  \
  DO (Qvectorp, "vectorp")                                                    \
  DO (Quser_ptrp, "user-ptrp")                                                \
  DO (Qwrong_type_argument, "wrong-type-argument")                            \
  DO (Qargs_out_of_range, "args-out-of-range")                                \
  DO (Qsockopt_error, "sockopt-error")                                        \
  DO (Qsockopt_unsupported, "sockopt-unsupported")                            \
  DO (Qsockopt_too_late, "sockopt-too-late")                                  \
  DO (Qsockopt_system_error, "sockopt-system-error")                          \
  DO (Qsockopt_file_missing, "sockopt-file-missing")                          \
  DO (Qsockopt_permission_denied, "sockopt-permission-denied")                \
  DO (Qsockopt_file_exists, "sockopt-file-already-exists")

/* clang-format on */

#define LISP_DECLARE(name, text) extern emacs_value name;
LISP_SYMBOLS (LISP_DECLARE)
#undef LISP_DECLARE

/* Intern the symbols.  */
void lisp_init (emacs_env *env);

/* The symbol called NAME, a constant string: the names of options, of
   fields and of enumerations.  It is interned once and then known by the
   address of NAME.  */
emacs_value lisp_symbol (emacs_env *env, const char *name);

/* Whether a signal, throw or quit is pending.  Every function below
   returns early, with any value, when one is.  */
bool lisp_pending (emacs_env *env);

/* Call FUNCTION with the arguments that follow, an array of
   emacs_value.  */
#define LISP_CALL(env, function, ...)                            \
 lisp_call (env, function,                                       \
            (ptrdiff_t) (sizeof ((emacs_value[]){ __VA_ARGS__ }) \
                         / sizeof (emacs_value)),                \
            (emacs_value[]){ __VA_ARGS__ })
emacs_value lisp_call (emacs_env *env, emacs_value function, ptrdiff_t nargs,
                       emacs_value *args);

/* Signal SYMBOL with the data that follow.  */
#define LISP_SIGNAL(env, symbol, ...) \
 lisp_signal (env, symbol, LISP_CALL (env, Qlist, __VA_ARGS__))
void lisp_signal (emacs_env *env, emacs_value symbol, emacs_value data);

/* Signal that memory is exhausted.  */
void lisp_signal_memory (emacs_env *env);

/* Take back the error that is signalled, if any: (SYMBOL . DATA), or nil.
   A throw stays.  */
emacs_value lisp_take_error (emacs_env *env);

/* How often, in milliseconds, a wait asks whether the user wants to quit.
   On a terminal C-g interrupts it besides.  */
enum
{
  QUIT_INTERVAL = 25
};
bool lisp_wants_to_quit (emacs_env *env);

/* A Lisp integer.  Small ones, which most are, are made once.  */
emacs_value lisp_from_integer (emacs_env *env, intmax_t integer);

/* A Lisp string of the terminated UTF-8 TEXT.  */
emacs_value lisp_string (emacs_env *env, const char *text);

/* A Lisp string of the terminated TEXT, which the system says in the
   language and the coding of the locale.  */
emacs_value lisp_locale_string (emacs_env *env, const char *text);

/* Likewise of the SIZE bytes at TEXT.  */
emacs_value lisp_decode_locale (emacs_env *env, const char *text, size_t size);

/* A terminated copy of the Lisp string VALUE in UTF-8, to be freed by
   the caller; its length goes to *SIZE.  Null after an error.  */
char *lisp_copy_string (emacs_env *env, emacs_value value, size_t *size);

/* Likewise of the bytes of the unibyte string VALUE, as they are.  */
char *lisp_copy_bytes (emacs_env *env, emacs_value value, size_t *size);

/* VALUE, an integer from MIN to MAX; after an error, MIN.  */
intmax_t lisp_integer (emacs_env *env, emacs_value value, intmax_t min,
                       intmax_t max);

/* VALUE as an int; after an error, 0.  */
int lisp_int (emacs_env *env, emacs_value value);

/* Signal that a system call failed with CODE: VERB says what was being
   done, DATA (a list) goes to the end of the error data.  */
void lisp_signal_errno (emacs_env *env, const char *verb, int code,
                        emacs_value data);

/* Likewise of a system call that sets or reads an option.  */
void lisp_signal_option_errno (emacs_env *env, const char *verb, int code,
                               emacs_value data);

#endif /* SOCKOPT_LISP_H */
