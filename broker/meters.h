/*
 * meters - layer 3 where it is kept: the meters of core/gateway.h in the store, in the transaction
 * of the request that turns them.
 *
 * Invariants:
 *  1. Meters are written only together with what they count: after the request is stored, in the
 *     same turn. A store failure is fatal, as everywhere.
 *  2. A meter that cannot be read refuses (`unavailable`); it never lets through.
 *  3. Refusals by meters have a leaf for the first of a principal in a second, and one that counts
 *     the others: a flood fills no log.
 */
#ifndef HP_BROKER_METERS_H
#define HP_BROKER_METERS_H

#include "broker/broker.h"
#include "core/gateway.h"

/* Judges by meters what policy has judged, a request of so many bytes. False: *ret_refusal answers
 * (NULL: the broker is fatal). */
bool hp_meters_judge(struct hp_call *call, const struct hp_principal *requester,
		     const struct hp_request *request, size_t bytes, struct hp_verdict *verdict,
		     struct hp_gateway_result *ret_result, struct hp_value **ret_refusal);
/* Writes what hp_meters_judge() found, now that `row` is stored; tells of anomalies. */
void hp_meters_charge(struct hp_broker *broker, const struct hp_row *row,
		      const struct hp_gateway_result *result);

/* Whether meters let a grant be claimed: HP_CODE_ok and what to write when it is, or why not. */
enum hp_code hp_meters_may_claim(struct hp_broker *broker, const struct hp_principal *requester,
				 const struct hp_row *row, struct hp_gateway_change **ret_changes,
				 const char **ret_why);
void hp_meters_write(struct hp_broker *broker, const char *agent,
		     const struct hp_gateway_change *changes);

/* Whether words of so many bytes that are said of a claimed request may be kept; then they have been
 * counted as its requester's. What cannot be counted is not kept. */
bool hp_meters_keep_words(struct hp_broker *broker, const struct hp_row *row, size_t bytes);

/* How the meters of an agent stand. HP_INVALID: one cannot be read. */
HP_MUST_CHECK enum hp_status hp_meters_look(struct hp_broker *broker,
					    const struct hp_principal *agent,
					    struct hp_gateway_report *ret_report);

/* A request moved: what it had reserved is released or becomes what it did cost. `detail` is the
 * report's, or NULL. */
void hp_meters_moved(struct hp_broker *broker, const struct hp_row *row, enum hp_state from,
		     const struct hp_value *detail);

/* ---- refusals by meters ---- */

struct hp_meters *hp_meters_new(void);
void hp_meters_free(struct hp_meters *meters);
/* As hp_refuse(), coalesced. */
struct hp_value *hp_meters_refuse(struct hp_call *call, enum hp_code code, const char *message);
/* Leaves for the refusals of past seconds; each turn. */
void hp_meters_flush(struct hp_broker *broker);

#endif
