/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to say of a value, or of an error, so that it helps.  */

#include "option/config.h"

#include "option/hint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "option/interface.h"

/* Add text to what is in BUFFER of SIZE, as far as it fits.  */
static void __attribute__ ((format (printf, 3, 4)))
add (char *buffer, size_t size, const char *format, ...)
{
  va_list arguments;
  size_t used = strlen (buffer);
  va_start (arguments, format);
  vsnprintf (buffer + used, size - used, format, arguments);
  va_end (arguments);
}

bool
option_has_plain_range (const struct option *option)
{
  const struct kind *kind = option->kind;
  return option->min < option->max && !kind->names && !kind->choices;
}

/* Whether OPTION takes integers and nothing else.  */
static bool
takes_integers (const struct option *option)
{
  return strcmp (option->kind->name, "integer") == 0;
}

static void
add_range (const struct option *option, char *buffer, size_t size)
{
  add (buffer, size, "%" PRIdMAX " to %" PRIdMAX "%s%s", option->min,
       option->max, option->unit ? " " : "", option->unit ? option->unit : "");
}

static void
add_names (const struct option *option, char *buffer, size_t size)
{
  for (const struct name *name = option->kind->names; name->name; name++)
    add (buffer, size, "%s%s", name == option->kind->names ? "" : ", ",
         name->name);
  if (option->min < option->max)
    {
      add (buffer, size, ", or ");
      add_range (option, buffer, size);
    }
}

/* Say what there is now to choose a value of OPTION from, or the interface
   in one.  */
static void
add_choices (const struct option *option, char *buffer, size_t size)
{
  const struct kind *kind = option->kind;
  char choices[HINT_ROOM] = "";
  if (kind->choices)
    kind->choices (choices, sizeof choices);
  else if (kind->addresses)
    interface_choices (choices, sizeof choices);
  if (choices[0])
    add (buffer, size, "; there are %s%s",
         kind->addresses ? "the interfaces " : "", choices);
}

void
option_takes (const struct option *option, char *buffer, size_t size)
{
  const struct kind *kind = option->kind;
  buffer[0] = '\0';
  if (kind->choices || kind->addresses)
    {
      add (buffer, size, "%s%s%s", kind->name, kind->addresses ? ", " : "",
           kind->addresses ? kind->addresses : "");
      add_choices (option, buffer, size);
    }
  else if (kind->names)
    add_names (option, buffer, size);
  else if (option_has_plain_range (option))
    {
      if (!takes_integers (option))
        add (buffer, size, "%s: ", kind->name);
      add_range (option, buffer, size);
    }
  else
    add (buffer, size, "%s", kind->name);
}

/* The hint that the row of OPTION has for CODE, or null.  */
static const char *
row_hint (const struct option *option, int code)
{
  for (const struct hint *hint = option->hints; hint && hint->text; hint++)
    if (hint->code == code)
      return hint->text;
  return NULL;
}

/* Whether CODE says that what was named is not there.  */
static bool
is_about_name (int code)
{
  return code == ENOENT || code == ENODEV || code == EADDRNOTAVAIL;
}

static bool
is_about_value (int code)
{
  return code == EINVAL || code == ERANGE || code == EDOM || code == ENODEV
         || code == ENXIO;
}

void
option_hint (const struct option *option, int code, bool set, char *buffer,
             size_t size)
{
  const char *text = row_hint (option, code);
  buffer[0] = '\0';
  if (text)
    {
      add (buffer, size, "%s", text);
      if (is_about_name (code))
        add_choices (option, buffer, size);
    }
  else if ((code == EPERM || code == EACCES) && set && option->privilege)
    add (buffer, size, "it takes %s", option->privilege);
  else if (set && option->late && code == EINVAL)
    add (buffer, size, "too late on this socket");
  else if (set && is_about_value (code) && option->kind != &kind_boolean)
    {
      char takes[HINT_ROOM];
      option_takes (option, takes, sizeof takes);
      add (buffer, size, "it takes %s", takes);
    }
}
