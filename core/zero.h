/*
 * zero - whether a deed asks for none of what runs: no replicas, a capacity of 0.
 *
 * Private to classify. Scaling is a change of settings until it comes to nothing; then it stops a
 * service. Who reads names adds a spelling `…-to-zero` for it. It is told by the names of what is
 * counted, never by prose. Threads: any; constant data.
 */
#ifndef HP_CORE_ZERO_H
#define HP_CORE_ZERO_H

#include "core/shell.h"

/*
 * `--replicas=0`, `--desired-count 0`, `scale web=0`, `-p '{"spec":{"replicas":0}}'`,
 * `--set replicaCount=0`. `shortens`: the program takes options that are cut short.
 */
bool hp_zero_command(const struct hp_shell_word *argv, size_t argc, bool shortens);

/* {"desiredCount": 0}, at any depth. */
bool hp_zero_arguments(const struct hp_value *arguments);

#endif
