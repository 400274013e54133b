/*
 * confine - what the broker can do without, given up before it hears anybody.
 *
 * It executes nothing, makes no core, gains no privilege, and writes below its own directories
 * alone: those of the database, the sockets, the lock file and the anchors. It may still read, for
 * the system's libraries do. Kernels without Landlock (before 5.13, or where it is not enabled) do
 * without the last two, and a line in the log says so.
 * Source: landlock(7), PR_SET_NO_NEW_PRIVS in prctl(2).
 */
#ifndef HP_BROKER_CONFINE_H
#define HP_BROKER_CONFINE_H

#include "core/config.h"

/* Holds for this thread and those it starts from now on: call before any. Its directories must be
 * there. HP_IO: it could not be done although the kernel can. */
HP_MUST_CHECK enum hp_status hp_confine(const struct hp_config *config, struct hp_error *err);

#endif
