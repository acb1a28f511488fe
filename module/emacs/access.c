/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that get and set the options of a process's socket.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "option/omitted.h"
#include "option/constants.h"
#include "emacs/find.h"
#include "emacs/lisp.h"
#include "emacs/primitives.h"
#include "option/errno-message.h"

/* The row with the number VALUE.  Null, with an error signalled, if
   there is none.  */
static const struct option *
row_get (emacs_env *env, emacs_value value)
{
  intmax_t index = env->extract_integer (env, value);
  if (lisp_pending (env))
    return NULL;
  if (index < 0 || (intmax_t) options_count <= index)
    {
      LISP_SIGNAL (env, Qargs_out_of_range, value);
      return NULL;
    }
  return &options[index];
}

/* Whether a process with STATUS is on its socket and stays there.  */
static bool
is_open (emacs_env *env, emacs_value status)
{
  return env->eq (env, status, Qopen) || env->eq (env, status, Qlisten);
}

/* The handle in ARGS, which are a process, its status and its handle; or
   a new one if the process has another socket by now.

   Emacs vouches for the descriptor of a process that is open: it has not
   closed it, nor does it go on to the next address, with a new socket.
   So once the kernel has been asked, it is not asked again, for that
   would double the time that most options take.  */
static struct handle *
live_handle (emacs_env *env, emacs_value *args)
{
  struct handle *handle = handle_get (env, args[2]);
  bool open = is_open (env, args[1]);
  if (!handle || (open && handle->confirmed))
    return handle;
  handle->confirmed = open;
  return handle_valid (handle)
           ? handle
           : handle_get (env, LISP_CALL (env, Qrenew, args[0]));
}

/* Read OPTION of HANDLE's socket into *VALUE; BYTES is as for
   `option_get', and is freed.  Return 0 or an errno value.  */
static int
read_option (emacs_env *env, struct handle *handle,
             const struct option *option, struct bytes *bytes,
             emacs_value *value)
{
  int code = handle_has (handle, option)
               ? option_get (handle->fd, option, bytes)
               : ENOPROTOOPT;
  if (code == 0)
    *value = lisp_decode (env, option, bytes);
  bytes_free (bytes);
  return code;
}

/* Read OPTION of HANDLE's socket, if that changes nothing and takes no
   argument.  */
static int
read_plain (emacs_env *env, struct handle *handle, const struct option *option,
            emacs_value *value)
{
  struct bytes bytes = BYTES_NONE;
  if (option->flags & (OPTION_READ_CHANGES | OPTION_ARGUMENT))
    return ENOPROTOOPT;
  return read_option (env, handle, option, &bytes, value);
}

/* Why it is too late for OPTION.  */
static const char *
late_hint (const struct option *option)
{
  switch (option->phase)
    {
    case PHASE_BEFORE_BIND:
      return "it must be set before the socket is bound";
    case PHASE_LISTENING:
      return "it must be set on a server";
    default:
      return "it must be set before the socket connects";
    }
}

/* Whether OPTION, once set to BYTES, reads as just these.  */
static bool
reads_as_written (const struct option *option, const struct bytes *bytes)
{
  const struct kind *kind = option->kind;
  return option->access & ACCESS_GET
         && !(option->flags & (OPTION_ADJUSTED | OPTION_ARGUMENT))
         && !kind->set && !kind->get && bytes->length == kind->size;
}

/* Set OPTION to BYTES, made of VALUE.  Return what the kernel made of
   it, or VALUE where that cannot be read.  What is known beforehand is made
   beforehand: after a system call the processor is slow for a while.  */
static emacs_value
write_option (emacs_env *env, struct handle *handle,
              const struct option *option, const struct bytes *bytes,
              emacs_value value)
{
  bool has = handle_has (handle, option);
  if (has && socket_too_late (handle->fd, option))
    {
      LISP_SIGNAL (env, Qsockopt_too_late, lisp_keyword (env, option),
                   lisp_string (env, late_hint (option)));
      return Qnil;
    }
  bool known = reads_as_written (option, bytes);
  emacs_value stored = known ? lisp_decode (env, option, bytes) : value;
  if (lisp_pending (env))
    return Qnil;
  int code = has ? option_set (handle->fd, option, bytes) : ENOPROTOOPT;
  if (code != 0)
    lisp_signal_option (env, option, code, &value);
  else if (!known)
    read_plain (env, handle, option, &stored);
  return stored;
}

/* (GETTER PROCESS STATUS HANDLE ARGUMENT), where DATA is the option.  */
static PRIMITIVE (get_one)
{
  (void) nargs;
  struct bytes bytes;
  emacs_value value = Qnil;
  const struct option *option = data;
  struct handle *handle = live_handle (env, args);
  lisp_prepare (env, option, args[3], &bytes);
  if (lisp_pending (env))
    return Qnil;
  int code = read_option (env, handle, option, &bytes, &value);
  if (code != 0)
    lisp_signal_option (env, option, code, NULL);
  return value;
}

/* (SETTER PROCESS STATUS HANDLE VALUE), where DATA is the option.  */
static PRIMITIVE (set_one)
{
  (void) nargs;
  struct bytes bytes;
  emacs_value value = args[3];
  const struct option *option = data;
  struct handle *handle = live_handle (env, args);
  lisp_encode (env, option, value, &bytes);
  if (!lisp_pending (env))
    value = write_option (env, handle, option, &bytes, value);
  bytes_free (&bytes);
  return value;
}

/* A Lisp function that does as FUNCTION with the option of ROW.  */
static emacs_value
function_for (emacs_env *env, emacs_value row,
              emacs_value (*function) (emacs_env *, ptrdiff_t, emacs_value *,
                                       void *),
              const char *doc)
{
  const struct option *option = row_get (env, row);
  return option
           ? env->make_function (env, 4, 4, function, doc, (void *) option)
           : Qnil;
}

/* (sockopt--getter ROW) */
PRIMITIVE (sockopt_getter)
{
  (void) nargs;
  (void) data;
  return function_for (env, args[0], get_one,
                       "Return the option's value.\n\n"
                       "(fn PROCESS STATUS HANDLE ARGUMENT)");
}

/* (sockopt--setter ROW) */
PRIMITIVE (sockopt_setter)
{
  (void) nargs;
  (void) data;
  return function_for (env, args[0], set_one,
                       "Set the option and return what it now is.\n\n"
                       "(fn PROCESS STATUS HANDLE VALUE)");
}

/* The settings in LIST, COUNT pairs of a row and a value; see
   settings_from_lisp.  */
static struct setting *
settings_from_list (emacs_env *env, emacs_value *list, size_t count,
                    int optional_count)
{
  struct setting *settings = calloc (count + 1, sizeof *settings);
  if (!settings)
    lisp_signal_errno (env, "Cannot keep options", ENOMEM, Qnil);
  for (size_t i = 0; settings && i < count; i++)
    {
      const struct option *option = row_get (env, list[2 * i]);
      if (option)
        lisp_encode (env, option, list[2 * i + 1], &settings[i].bytes);
      if (lisp_pending (env))
        {
          settings_free (settings, count);
          return NULL;
        }
      settings[i].option = option;
      settings[i].optional = (intmax_t) i < optional_count;
    }
  return settings;
}

struct setting *
settings_from_lisp (emacs_env *env, emacs_value vector, int optional_count,
                    size_t *count)
{
  *count = 0;
  ptrdiff_t size = lisp_pending (env) ? 0 : env->vec_size (env, vector);
  if (lisp_pending (env) || size < 2)
    return NULL;
  emacs_value *list = calloc ((size_t) size, sizeof *list);
  if (!list)
    {
      lisp_signal_errno (env, "Cannot keep options", ENOMEM, Qnil);
      return NULL;
    }
  for (ptrdiff_t i = 0; i < size; i++)
    list[i] = env->vec_get (env, vector, i);
  struct setting *settings
    = settings_from_list (env, list, (size_t) size / 2, optional_count);
  free (list);
  if (settings)
    *count = (size_t) size / 2;
  return settings;
}

/* Take back the error that is signalled, if any: (SYMBOL . DATA), or nil.
   A throw stays.  */
static emacs_value
take_error (emacs_env *env)
{
  emacs_value symbol, data;
  if (env->non_local_exit_get (env, &symbol, &data)
      != emacs_funcall_exit_signal)
    return Qnil;
  env->non_local_exit_clear (env);
  return LISP_CALL (env, Qcons_function, symbol, data);
}

/* What has come of SETTING, whose value was given as VALUE.  */
static emacs_value
setting_result (emacs_env *env, struct handle *handle,
                const struct setting *setting, emacs_value value)
{
  char buffer[128];
  emacs_value now;
  /* Another address may have left its code here, but only what may fail
     can have failed on a socket that there is.  */
  if (setting->optional && setting->code != 0)
    return lisp_locale_string (env, errno_message (setting->code, buffer,
                                                   sizeof buffer));
  if (read_plain (env, handle, setting->option, &now) == 0
      && !env->is_not_nil (env, take_error (env)))
    value = now;
  return LISP_CALL (env, Qlist, value);
}

emacs_value
settings_results (emacs_env *env, struct handle *handle,
                  const struct setting *settings, size_t count,
                  emacs_value vector)
{
  emacs_value list = Qnil;
  for (size_t i = count; i-- > 0 && !lisp_pending (env);)
    {
      emacs_value value = env->vec_get (env, vector, (ptrdiff_t) (2 * i + 1));
      emacs_value result = setting_result (env, handle, &settings[i], value);
      list = LISP_CALL (env, Qcons_function, result, list);
    }
  return list;
}

/* Set the COUNT SETTINGS, which were made of the rows and values in GIVEN,
   and put what the kernel reports into VALUES.  Return how many were set
   before there was an error.  */
static size_t
set_all (emacs_env *env, struct handle *handle, const struct setting *settings,
         size_t count, emacs_value *given, emacs_value *values)
{
  for (size_t i = 0; i < count; i++)
    {
      values[i] = write_option (env, handle, settings[i].option,
                                &settings[i].bytes, given[2 * i + 1]);
      if (lisp_pending (env))
        return i;
    }
  return count;
}

/* Whether the COUNT VALUES are those in GIVEN.  */
static bool
all_as_given (emacs_env *env, emacs_value *given, emacs_value *values,
              size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (!env->eq (env, values[i], given[2 * i + 1]))
      return false;
  return true;
}

/* (sockopt--set-many PROCESS STATUS HANDLE ROW VALUE ROW VALUE ...)

   Nothing is set if any value is wrong.  Value is nil if all were set,
   and the kernel reports them as they were given, for garbage takes time.
   Otherwise it is (ERROR VALUE VALUE ...): what the kernel reports for
   those that were set, and why the next one was not.  */
PRIMITIVE (sockopt_set_many)
{
  (void) data;
  size_t count = (size_t) (nargs - 3) / 2;
  emacs_value result = Qnil;
  emacs_value *given = args + 3;
  struct handle *handle = live_handle (env, args);
  struct setting *settings
    = handle ? settings_from_list (env, given, count, 0) : NULL;
  emacs_value *values = calloc (count + 1, sizeof *values);
  if (settings && values)
    {
      size_t done = set_all (env, handle, settings, count, given, values + 1);
      values[0] = take_error (env);
      if (done < count || !all_as_given (env, given, values + 1, count))
        result = lisp_call (env, Qlist, (ptrdiff_t) done + 1, values);
    }
  settings_free (settings, count);
  free (values);
  return result;
}

/* (sockopt--check SETTINGS) */
PRIMITIVE (sockopt_check)
{
  (void) nargs;
  (void) data;
  size_t count;
  struct setting *settings = settings_from_lisp (env, args[0], 0, &count);
  settings_free (settings, count);
  return Qnil;
}

/* (sockopt--options PROCESS STATUS HANDLE) */
PRIMITIVE (sockopt_options)
{
  (void) nargs;
  (void) data;
  ptrdiff_t count = 0;
  struct handle *handle = live_handle (env, args);
  emacs_value *plist = calloc (2 * options_count, sizeof *plist);
  for (size_t i = 0; handle && plist && i < options_count; i++)
    if (read_plain (env, handle, &options[i], &plist[count + 1]) == 0)
      {
        plist[count] = lisp_keyword (env, &options[i]);
        count += 2;
      }
  emacs_value result = lisp_call (env, Qlist, count, plist);
  free (plist);
  return result;
}

/* (sockopt--find PROCESS STATUS) */
PRIMITIVE (sockopt_find)
{
  (void) nargs;
  (void) data;
  int fd = find_descriptor (env, args[0], -1);
  emacs_value value = fd < 0 ? Qnil : handle_make (env, fd, false, 0);
  if (!lisp_pending (env))
    handle_get (env, value)->confirmed = is_open (env, args[1]);
  return value;
}

/* (sockopt--supported PROCESS STATUS HANDLE ROW) */
PRIMITIVE (sockopt_supported)
{
  (void) nargs;
  (void) data;
  emacs_value value;
  struct handle *handle = live_handle (env, args);
  const struct option *option = handle ? row_get (env, args[3]) : NULL;
  if (!option)
    return Qnil;
  /* What cannot be asked for, the table knows.  */
  bool asked = option->access & ACCESS_GET
               && !(option->flags & (OPTION_READ_CHANGES | OPTION_ARGUMENT));
  bool has = asked ? read_plain (env, handle, option, &value) != ENOPROTOOPT
                   : handle_has (handle, option);
  return has ? Qt : Qnil;
}

/* The most bytes that an option without a row may have.  */
enum
{
  RAW_MAX = 65536
};

static void
signal_raw (emacs_env *env, const char *verb, int code, emacs_value *args)
{
  lisp_signal_errno (env, verb, code,
                     LISP_CALL (env, Qlist, args[3], args[4]));
}

/* How many bytes the kernel means by one when it is asked for the option
   NUMBER at LEVEL: of a filter program it counts the instructions, of 8
   bytes each.  */
static socklen_t
raw_unit (int level, int number)
{
#ifdef SO_GET_FILTER
  if (level == SOL_SOCKET && number == SO_GET_FILTER)
    return 8;
#else
  (void) level;
  (void) number;
#endif
  return 1;
}

/* (sockopt--get-raw PROCESS STATUS HANDLE LEVEL NUMBER LENGTH) */
PRIMITIVE (sockopt_get_raw)
{
  (void) nargs;
  (void) data;
  emacs_value result = Qnil;
  struct bytes bytes = BYTES_NONE;
  struct handle *handle = live_handle (env, args);
  int level = lisp_int (env, args[3]);
  int number = lisp_int (env, args[4]);
  int size = lisp_int (env, args[5]);
  if (!lisp_pending (env) && (size < 0 || RAW_MAX < size))
    LISP_SIGNAL (env, Qargs_out_of_range, args[5], env->make_integer (env, 0),
                 env->make_integer (env, RAW_MAX));
  if (lisp_pending (env))
    return Qnil;
  void *room = bytes_reserve (&bytes, (size_t) size);
  socklen_t unit = raw_unit (level, number);
  socklen_t length = (socklen_t) size / unit;
  if (!room)
    signal_raw (env, "Cannot get network option", ENOMEM, args);
  else if (getsockopt (handle->fd, level, number, room, &length) < 0)
    signal_raw (env, "Cannot get network option", errno, args);
  /* Asked for none, it says how many there are.  */
  else if ((socklen_t) size / unit < length)
    signal_raw (env, "Cannot get network option", EINVAL, args);
  else
    result = env->make_unibyte_string (env, room,
                                       (ptrdiff_t) length * (ptrdiff_t) unit);
  bytes_free (&bytes);
  return result;
}

/* (sockopt--set-raw PROCESS STATUS HANDLE LEVEL NUMBER BYTES) */
PRIMITIVE (sockopt_set_raw)
{
  (void) nargs;
  (void) data;
  size_t size = 0;
  struct handle *handle = live_handle (env, args);
  int level = lisp_int (env, args[3]);
  int number = lisp_int (env, args[4]);
  char *text = lisp_copy_bytes (env, args[5], &size);
  if (text && RAW_MAX < size)
    LISP_SIGNAL (env, Qargs_out_of_range, args[5], env->make_integer (env, 0),
                 env->make_integer (env, RAW_MAX));
  else if (text
           && setsockopt (handle->fd, level, number, text, (socklen_t) size)
                < 0)
    signal_raw (env, "Cannot set network option", errno, args);
  free (text);
  return Qnil;
}

/* (sockopt--omission-reason NAME) */
PRIMITIVE (sockopt_omission_reason)
{
  (void) nargs;
  (void) data;
  size_t size;
  char *name = lisp_copy_string (env, args[0], &size);
  const char *reason = name ? omission_reason (name) : NULL;
  free (name);
  return reason ? lisp_string (env, reason) : Qnil;
}

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
    case PHASE_AFTER_BIND:
      return Qafter_bind;
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
  struct pool pool = { NULL };
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
  emacs_value names[64];
  ptrdiff_t count = 0;
  for (const struct name *name = kind->names; name && name->name; name++)
    names[count++] = env->intern (env, name->name);
  return lisp_call (env, Qlist, count, names);
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
    case SOL_MPTCP:
      return "SOL_MPTCP";
    case AF_VSOCK:
      return "AF_VSOCK";
    case SOL_RAW:
      return "SOL_RAW";
    default:
      return "IPPROTO_IP or IPPROTO_IPV6";
    }
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
    env->intern (env, kind->predicate), env->make_integer (env, option->min),
    env->make_integer (env, option->max), names_to_lisp (env, kind),
    flag (Qget, option->access & ACCESS_GET),
    flag (Qset, option->access & ACCESS_SET), phase_to_lisp (option->phase),
    flag (Qread_changes, option->flags & OPTION_READ_CHANGES),
    flag (Qadjusted, option->flags & OPTION_ADJUSTED),
    flag (Qargument, option->flags & OPTION_ARGUMENT),
    classes_to_lisp (env, option->classes), text (env, option->unit),
    text (env, option->privilege), text (env, option->manual),
    text (env, option->doc));
}

/* (sockopt--rows)
   The keywords of all rows, in their order.  */
PRIMITIVE (sockopt_rows)
{
  (void) nargs;
  (void) args;
  (void) data;
  emacs_value *rows = calloc (options_count, sizeof *rows);
  for (size_t i = 0; rows && i < options_count; i++)
    rows[i] = lisp_keyword (env, &options[i]);
  emacs_value list
    = lisp_call (env, Qlist, rows ? (ptrdiff_t) options_count : 0, rows);
  free (rows);
  return list;
}

/* (sockopt--row-parts ROW) */
PRIMITIVE (sockopt_row_parts)
{
  (void) nargs;
  (void) data;
  const struct option *option = row_get (env, args[0]);
  return option ? row_to_lisp (env, option) : Qnil;
}
