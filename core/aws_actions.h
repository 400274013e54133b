/*
 * aws_actions - the access level of every AWS IAM action.
 *
 * The catalogue is AWS's own (Service Authorization Reference), written down in aws_actions.txt by
 * dev/aws-catalogue and compiled in. An action that it does not list has no level: AWS adds some
 * every day.
 * Threads: constant data.
 */
#ifndef HP_CORE_AWS_ACTIONS_H
#define HP_CORE_AWS_ACTIONS_H

#include <stddef.h>

/* From harmless to dangerous. */
enum hp_aws_level {
	HP_AWS_UNLISTED,
	HP_AWS_LIST,
	HP_AWS_READ,
	HP_AWS_TAGGING,
	HP_AWS_WRITE,
	HP_AWS_PERMISSIONS, /* "Permissions management" */
	HP_AWS_LEVELS,
};

/* The level of `service:Action`, in any case. O(log n). */
enum hp_aws_level hp_aws_level_of(const char *name, size_t len);

/* The catalogue as a list, services in order and the actions of one together. */
struct hp_aws_action {
	const char *service, *name; /* "s3", "GetObject" */
	enum hp_aws_level level;
};
size_t hp_aws_action_count(void);
struct hp_aws_action hp_aws_action_at(size_t index); /* below the count */

#endif
