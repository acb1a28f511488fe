/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of a plan, from Lisp, and what came of them.  */

#include "option/config.h"

#include "emacs/lisp-settings.h"

#include <errno.h>
#include <stdlib.h>

#include "emacs/handle-option.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp.h"
#include "option/errno-message.h"

struct setting *
settings_from_list (emacs_env *env, emacs_value *list, size_t count,
                    int optional_count)
{
  struct setting *settings = calloc (count + 1, sizeof *settings);
  if (!settings)
    lisp_signal_errno (env, "Cannot keep options", ENOMEM, Qnil);
  for (size_t i = 0; settings && i < count; i++)
    {
      const struct option *option = lisp_to_option (env, list[2 * i]);
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

/* What has come of SETTING, whose value was given as VALUE.  */
static emacs_value
setting_result (emacs_env *env, struct handle *handle,
                const struct setting *setting, emacs_value value)
{
  char buffer[128];
  emacs_value now;
  if (setting->optional && setting->code != 0)
    return lisp_locale_string (env, errno_message (setting->code, buffer,
                                                   sizeof buffer));
  if (handle_read_plain (env, handle, setting->option, &now) == 0
      && !env->is_not_nil (env, lisp_take_error (env)))
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
