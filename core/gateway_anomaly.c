/*
 * Anomalies: what this agent has not done before, asks again after a no, or asks far more often
 * than it used to. Facts in plain words; the policy says whether they alert or hold.
 */
#include <inttypes.h>
#include <string.h>

#include "core/gateway_private.h"
#include "core/msgpack.h"
#include "core/text.h"
#include "core/units.h"

static void
tell(struct hp_metering *metering, struct hp_gateway_result *result, const char *flag,
     const char *rule, const struct hp_policy_anomaly *anomaly, bool loud, const char *message)
{
	hp_meter_say(metering, 3, rule, anomaly->effect, anomaly->line, message);
	if (metering->flag_count < sizeof metering->flags / sizeof metering->flags[0] &&
	    (!metering->flag_count ||
	     strcmp(metering->flags[metering->flag_count - 1], flag) != 0))
		metering->flags[metering->flag_count++] = flag;
	if (loud && result->anomaly_count < sizeof result->anomalies / sizeof result->anomalies[0])
		result->anomalies[result->anomaly_count++] = message;
}

/* Whether a thing is new to this agent; it is not new the next time. */
static enum hp_status
look(struct hp_metering *metering, const char *name, bool *ret_new)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_buf since = {0};
	struct hp_str state;
	if (!name)
		return HP_NOMEM;
	enum hp_status status = source->read(source->context, name, &state);
	*ret_new = status == HP_NOT_FOUND;
	if (status != HP_NOT_FOUND)
		return status;
	hp_buf_printf(&since, "%" PRId64, metering->asked->now_ms);
	hp_meter_change(metering, name, &since);
	return HP_OK;
}

static enum hp_status
judge_acts(struct hp_metering *metering, struct hp_gateway_result *result)
{
	const struct hp_verdict *verdict = metering->verdict;
	struct hp_buf news = {0};
	enum hp_status status = HP_OK;
	for (size_t i = 0; i < verdict->class_count && status == HP_OK; i++) {
		bool is_new;
		status = look(metering,
			      hp_arena_printf(metering->arena, "seen %s %s", verdict->environment,
					      verdict->classes[i]),
			      &is_new);
		if (status == HP_OK && is_new && news.len < 256)
			hp_buf_printf(&news, "%s%s", news.len ? ", " : "", verdict->classes[i]);
	}
	if (status == HP_OK && news.len)
		tell(metering, result, "first-time", "gateway.anomaly.first_time",
		     &metering->policy->gateway.first_time, true,
		     hp_arena_printf(metering->arena, "the first time that %s does this in %s: %s",
				     metering->asked->requester->name, verdict->environment,
				     hp_buf_text(&news)));
	hp_buf_release(&news);
	return status;
}

/* The distinct families of the resources, as many as are told apart. */
static size_t
find_families(const struct hp_value *resources, char (*families)[HP_METER_NAME_BYTES])
{
	size_t found = 0;
	for (size_t i = 0; i < hp_value_count(resources) && found < HP_METER_FAMILIES; i++) {
		const struct hp_value *item = hp_array_get(resources, i);
		bool known = false;
		if (item->type != HP_STR)
			continue;
		hp_meter_family(item->str.p, item->str.len, families[found],
				sizeof families[found]);
		for (size_t j = 0; j < found && !known; j++)
			known = strcmp(families[j], families[found]) == 0;
		found += !known;
	}
	return found;
}

/* The meter of a family. Its name is a hash: it outlives the erasure of what was touched. */
static const char *
family_name(struct hp_metering *metering, const char *family)
{
	enum { NAME_BYTES = 16 };
	uint8_t hash[HP_HASH_BYTES];
	struct hp_buf name = {0};
	const struct hp_str part = {family, strlen(family)};
	hp_crypto_sha256(&part, 1, hash);
	hp_buf_add_text(&name, "family ");
	hp_buf_add_hex(&name, hash, NAME_BYTES);
	const char *copy = name.failed ? NULL : hp_arena_strdup(metering->arena, hp_buf_text(&name));
	hp_buf_release(&name);
	metering->arena->failed |= !copy;
	return copy;
}

static enum hp_status
judge_families(struct hp_metering *metering, struct hp_gateway_result *result)
{
	const struct hp_gateway_source *source = metering->asked->source;
	char (*families)[HP_METER_NAME_BYTES] =
		hp_arena_array(metering->arena, HP_METER_FAMILIES, sizeof *families);
	struct hp_gateway_change *before = metering->changes;
	struct hp_buf news = {0};
	enum hp_status status = families ? HP_OK : HP_NOMEM;
	size_t count = families ? find_families(metering->request->resources, families) : 0, new = 0;
	for (size_t i = 0; i < count && status == HP_OK; i++) {
		bool is_new;
		status = look(metering, family_name(metering, families[i]), &is_new);
		if (status != HP_OK || !is_new)
			continue;
		if (new++ < 3)
			hp_buf_printf(&news, "%s\"%s\"", news.len ? ", " : "",
				      hp_text_safe(metering->arena, families[i], 0));
	}
	int64_t kept = 0;
	if (status == HP_OK && new)
		status = source->count(source->context, "family ", &kept);
	if (kept >= HP_METER_FAMILIES_KEPT)
		metering->changes = before;
	if (status == HP_OK && new > 3)
		hp_buf_printf(&news, " and %zu more", new - 3);
	if (status == HP_OK && new)
		tell(metering, result, "first-time", "gateway.anomaly.first_time",
		     &metering->policy->gateway.first_time, true,
		     hp_arena_printf(metering->arena, "the first time that %s touches %s",
				     metering->asked->requester->name, hp_buf_text(&news)));
	hp_buf_release(&news);
	return status;
}

/* What is asked, however it is argued for: where, what, with which command, on what. */
static enum hp_status
hash_deed(struct hp_metering *metering, uint8_t ret_deed[HP_HASH_BYTES])
{
	struct hp_arena *arena = metering->arena;
	const struct hp_request *request = metering->request;
	struct hp_value *map = hp_value_map(arena);
	struct hp_buf bytes = {0};
	hp_map_set_str(arena, map, "environment", metering->verdict->environment);
	hp_map_set_str(arena, map, "operation", request->operation);
	if (request->command)
		hp_map_set(arena, map, "command", hp_value_copy(arena, request->command));
	if (request->resources)
		hp_map_set(arena, map, "resources", hp_value_copy(arena, request->resources));
	enum hp_status status = arena->failed ? HP_NOMEM : hp_msgpack_encode(map, &bytes, NULL);
	struct hp_str part = {(const char *)bytes.data, bytes.len};
	if (status == HP_OK)
		hp_crypto_sha256(&part, 1, ret_deed);
	hp_buf_release(&bytes);
	return status;
}

static enum hp_status
judge_again(struct hp_metering *metering, struct hp_gateway_result *result)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_buf ago = {0};
	int64_t at_ms = 0;
	enum hp_status status = source->denied(source->context, result->deed, &at_ms);
	if (status == HP_NOT_FOUND)
		return HP_OK;
	if (status != HP_OK)
		return status;
	hp_units_add_time(&ago, at_ms);
	tell(metering, result, "asked-again", "gateway.anomaly.asked_again",
	     &metering->policy->gateway.asked_again, true,
	     hp_arena_printf(metering->arena, "%s asks again for what was denied at %s",
			     metering->asked->requester->name, hp_buf_text(&ago)));
	hp_buf_release(&ago);
	return HP_OK;
}

static enum hp_status
judge_pace(struct hp_metering *metering, struct hp_gateway_result *result)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_pace *pace = hp_arena_alloc(metering->arena, sizeof *pace);
	struct hp_str state;
	bool first;
	if (!pace)
		return HP_NOMEM;
	enum hp_status status = source->read(source->context, "pace", &state);
	if (status == HP_OK)
		status = hp_pace_decode(state, pace);
	else if (status == HP_NOT_FOUND)
		hp_pace_init(pace, metering->asked->now_ms), status = HP_OK;
	if (status != HP_OK)
		return status;
	metering->pace = pace;
	if (!hp_pace_count(pace, metering->asked->now_ms, &first))
		return HP_OK;
	tell(metering, result, "busy", "gateway.anomaly.rate", &metering->policy->gateway.rate, first,
	     hp_arena_printf(metering->arena,
			     "%s has asked %" PRId64 " times in the last minutes; it used to ask "
			     "%" PRId64 ".%" PRId64 " times in ten",
			     metering->asked->requester->name, pace->count,
			     pace->mean_milli / 1000, pace->mean_milli / 100 % 10));
	return HP_OK;
}

enum hp_status
hp_meter_judge_anomalies(struct hp_metering *metering, struct hp_gateway_result *result)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	enum hp_status status = hash_deed(metering, result->deed);
	if (status == HP_OK && gateway->asked_again.on)
		status = judge_again(metering, result);
	if (status == HP_OK && gateway->first_time.on)
		status = judge_acts(metering, result);
	if (status == HP_OK && gateway->first_time.on)
		status = judge_families(metering, result);
	if (status == HP_OK && gateway->rate.on)
		status = judge_pace(metering, result);
	return status;
}

void
hp_meter_charge_pace(struct hp_metering *metering)
{
	struct hp_buf state = {0};
	if (!metering->pace)
		return;
	hp_pace_encode(metering->pace, &state);
	hp_meter_change(metering, "pace", &state);
}
