/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that tell Lisp what the option table has.  */

#include "option/config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emacs/defun.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp-value.h"
#include "emacs/lisp.h"
#include "option/hint.h"
#include "option/constants.h"
#include "option/omitted.h"

/* NAME if TEST holds, else nil.  */
static emacs_value
flag (emacs_value name, bool test)
{
  return test ? name : Qnil;
}

/* TEXT as a string; null is nil.  */
static emacs_value
text (emacs_env *env, const char *terminated)
{
  return terminated ? lisp_string (env, terminated) : Qnil;
}

static emacs_value
phase_to_lisp (enum phase phase)
{
  switch (phase)
    {
    case PHASE_BEFORE_BIND:
      return Qbefore_bind;
    case PHASE_BEFORE_CONNECT:
      return Qbefore_connect;
    case PHASE_LISTENING:
      return Qlistening;
    case PHASE_AFTER_CONNECT:
      return Qafter_connect;
    case PHASE_ANY:
    default:
      return Qnil;
    }
}

static const struct name class_names[] = {
  { "tcp4", CLASS_TCP4 },
  { "tcp6", CLASS_TCP6 },
  { "udp4", CLASS_UDP4 },
  { "udp6", CLASS_UDP6 },
  { "udplite4", CLASS_UDPLITE4 },
  { "udplite6", CLASS_UDPLITE6 },
  { "raw4", CLASS_RAW4 },
  { "raw6", CLASS_RAW6 },
  { "icmp4", CLASS_ICMP4 },
  { "icmp6", CLASS_ICMP6 },
  { "mptcp4", CLASS_MPTCP4 },
  { "mptcp6", CLASS_MPTCP6 },
  { "local-stream", CLASS_UNIX_STREAM },
  { "local-datagram", CLASS_UNIX_DATAGRAM },
  { "local-seqpacket", CLASS_UNIX_SEQPACKET },
  { "vsock", CLASS_VSOCK },
  { NULL, 0 },
};

static emacs_value
classes_to_lisp (emacs_env *env, unsigned classes)
{
  struct pool pool = POOL_NONE;
  struct value value;
  emacs_value result = Qnil;
  if (flags_to_value (class_names, classes, &pool, &value) == FAULT_NONE)
    result = lisp_from_value (env, &value);
  pool_free (&pool);
  return result;
}

/* The symbols of KIND, those that come first in the table first.  */
static emacs_value
names_to_lisp (emacs_env *env, const struct kind *kind)
{
  ptrdiff_t count = 0;
  while (kind->names && kind->names[count].name)
    count++;
  emacs_value *names = calloc ((size_t) count + 1, sizeof *names);
  if (!names)
    {
      lisp_signal_memory (env);
      return Qnil;
    }
  for (ptrdiff_t i = 0; i < count; i++)
    names[i] = lisp_symbol (env, kind->names[i].name);
  emacs_value list = lisp_call (env, Qlist, count, names);
  free (names);
  return list;
}

static const char *
level_name (int level)
{
  switch (level)
    {
    case SOL_SOCKET:
      return "SOL_SOCKET";
    case IPPROTO_IP:
      return "IPPROTO_IP";
    case IPPROTO_IPV6:
      return "IPPROTO_IPV6";
    case IPPROTO_TCP:
      return "IPPROTO_TCP";
    case IPPROTO_UDP:
      return "IPPROTO_UDP";
    case IPPROTO_ICMPV6:
      return "IPPROTO_ICMPV6";
#ifdef SYSTEM_LINUX
    case SOL_MPTCP:
      return "SOL_MPTCP";
    case AF_VSOCK:
      return "AF_VSOCK";
    case SOL_RAW:
      return "SOL_RAW";
#endif
    default:
      return "IPPROTO_IP or IPPROTO_IPV6";
    }
}

/* Whether KEYWORD is one of those in LIST, which has spaces between them.  */
static bool
names_keyword (const char *list, const char *keyword)
{
  size_t length = strlen (keyword);
  for (const char *at = list; (at = strstr (at, keyword)); at += length)
    if ((at == list || at[-1] == ' ')
        && (at[length] == ' ' || at[length] == '\0'))
      return true;
  return false;
}

/* The keywords in LIST, which has spaces between them or is null.  */
static emacs_value
keywords_to_lisp (emacs_env *env, const char *list)
{
  emacs_value keywords = Qnil;
  for (size_t i = options_count; list && i-- > 0;)
    if (names_keyword (list, options[i].keyword))
      keywords = LISP_CALL (env, Qcons_function,
                            lisp_keyword (env, &options[i]), keywords);
  return keywords;
}

/* The symbols in LIST, which has spaces between them or is null.  */
static emacs_value
words_to_lisp (emacs_env *env, const char *list)
{
  if (!list)
    return Qnil;
  char word[32];
  size_t length = strcspn (list, " ");
  snprintf (word, sizeof word, "%.*s", (int) length, list);
  return LISP_CALL (env, Qcons_function, env->intern (env, word),
                    words_to_lisp (env,
                                   list[length] ? list + length + 1 : NULL));
}

/* A row as Lisp sees it; the order is that of the `sockopt-option'
   constructor.  */
static emacs_value
row_to_lisp (emacs_env *env, const struct option *option)
{
  const struct kind *kind = option->kind;
  return LISP_CALL (
    env, Qlist, lisp_keyword (env, option), text (env, option->constant),
    text (env, level_name (option->level)), text (env, kind->name),
    lisp_symbol (env, kind->predicate), env->make_integer (env, option->min),
    env->make_integer (env, option->max), names_to_lisp (env, kind),
    flag (Qget, option->access & ACCESS_GET),
    flag (Qset, option->access & ACCESS_SET), phase_to_lisp (option->phase),
    flag (Qread_changes, option->flags & OPTION_READ_CHANGES),
    flag (Qadjusted, option->flags & OPTION_ADJUSTED),
    flag (Qargument, option->flags & OPTION_ARGUMENT),
    classes_to_lisp (env, option->classes), text (env, option->unit),
    text (env, option->privilege), text (env, option->manual),
    text (env, option->doc), text (env, option->late),
    keywords_to_lisp (env, option->changes), text (env, option->caution),
    words_to_lisp (env, option->info),
    classes_to_lisp (env, option->inherited & option->classes),
    flag (Qadmits, option->flags & OPTION_ADMITS));
}

DEFUN ("sockopt--rows", sockopt_rows, Ssockopt_rows, 0, 0,
       "Return the keywords of all options, in the order of the table.\n"
       "Other primitives call an option by its place in it, counted from\n"
       "0.\n\n"
       "(fn)")
{
  emacs_value *rows = calloc (options_count, sizeof *rows);
  if (!rows)
    {
      lisp_signal_memory (env);
      return Qnil;
    }
  for (size_t i = 0; i < options_count; i++)
    rows[i] = lisp_keyword (env, &options[i]);
  emacs_value list = lisp_call (env, Qlist, (ptrdiff_t) options_count, rows);
  free (rows);
  return list;
}

DEFUN ("sockopt--plain", sockopt_plain, Ssockopt_plain, 1, 1,
       "Return t if the option of ROW can be read without more ado.\n"
       "That takes no argument, and changes nothing; otherwise return nil.\n"
       "\n(fn ROW)")
{
  const struct option *option = lisp_to_option (env, args[0]);
  return option && option_reads_plainly (option) ? Qt : Qnil;
}

DEFUN ("sockopt--choices", sockopt_choices, Ssockopt_choices, 1, 1,
       "Return what values the option of ROW can have now, a string.\n"
       "They have spaces or commas between them.  Value is nil where they\n"
       "are always the same.\n\n"
       "(fn ROW)")
{
  char choices[HINT_ROOM];
  const struct option *option = lisp_to_option (env, args[0]);
  if (!option || !option->kind->choices)
    return Qnil;
  option->kind->choices (choices, sizeof choices);
  return lisp_string (env, choices);
}

DEFUN ("sockopt--row-parts", sockopt_row_parts, Ssockopt_row_parts, 1, 1,
       "Return what the option table has in ROW, as a list.\n"
       "Its elements are the arguments of `sockopt--option-make', in their\n"
       "order.\n\n"
       "(fn ROW)")
{
  const struct option *option = lisp_to_option (env, args[0]);
  return option ? row_to_lisp (env, option) : Qnil;
}

DEFUN ("sockopt--omission-reason", sockopt_omission_reason,
       Ssockopt_omission_reason, 1, 1,
       "Return why there is no option called NAME, a string, or nil.\n"
       "NAME is the C name of an option that was left out on purpose.\n\n"
       "(fn NAME)")
{
  size_t size;
  char *name = lisp_copy_string (env, args[0], &size);
  const char *reason = name ? omission_reason (name) : NULL;
  free (name);
  return reason ? lisp_string (env, reason) : Qnil;
}

void
syms_of_option_rows (emacs_env *env)
{
  defsubr (env, &Ssockopt_rows);
  defsubr (env, &Ssockopt_plain);
  defsubr (env, &Ssockopt_choices);
  defsubr (env, &Ssockopt_row_parts);
  defsubr (env, &Ssockopt_omission_reason);
}
