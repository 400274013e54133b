/*
 * iam_export - an AWS permission boundary that says what a policy says.
 *
 * The document allows everything but what it denies: whatever is not among the patterns of its first
 * Deny (by NotAction), and what its second Deny names. So it is closed: an action or a service that
 * is not spoken for, of today or tomorrow, is denied. A boundary may have 6,144 characters and a
 * pattern must name its service, so only some services' actions have room; the others are denied.
 *
 * Source: IAM JSON policy elements (NotAction), quotas of IAM.
 * Threads: no state.
 */
#ifndef HP_CORE_IAM_EXPORT_H
#define HP_CORE_IAM_EXPORT_H

#include "core/buf.h"
#include "core/status.h"

#define HP_IAM_DOCUMENT_BYTES 6144u /* of a managed policy, AWS's quota */

/* Services whose allowed actions are let through, as far as there is room; ends with NULL. */
extern const char *const hp_iam_common_services[];

/* Whether the policy lets an agent take an action without asking. Must be the same every time. */
typedef bool hp_iam_judge(void *context, const char *service, const char *action);

/*
 * Appends the document, JSON on one line. `judge` is asked for the actions of the catalogue, and for
 * names that AWS does not have yet: `Get*` is let through only where an unheard-of Get would be, and
 * what is known not to be is denied by name. `services` is in order of importance; with `must_fit` all of them have to fit, or
 * it is HP_TOO_LARGE, otherwise the first that fit are taken. HP_NOT_FOUND names a service that AWS
 * does not have. `ret_count` gets how many have room.
 */
HP_MUST_CHECK enum hp_status hp_iam_export(hp_iam_judge *judge, void *context,
                                           const char *const *services, bool must_fit, struct hp_buf *json,
                                           size_t *ret_count, struct hp_error *err);

#endif
