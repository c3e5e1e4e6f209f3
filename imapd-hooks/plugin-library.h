/* SPDX-License-Identifier: MIT */
/*
 * This module loads what most mail processes, which live for one login, do without: a
 * library that lies beside the plugin, wherever that was loaded from.
 */
#ifndef GP_PLUGIN_LIBRARY_H
#define GP_PLUGIN_LIBRARY_H

/* The address of a symbol of the library, which stays until the process ends; or NULL,
   with *why_r for the administrator, good until the next call. */
void *gp_plugin_library_load(const char *name, const char *symbol, const char **why_r);

#endif
