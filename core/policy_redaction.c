/*
 * Redaction (policy.md, "Evaluation" 8): the rules are compiled once a policy; a request is judged
 * by them before anything of it is quoted, and leaves its evaluation without what they find.
 */
#include <stdio.h>
#include <string.h>

#include "core/evaluate.h"
#include "core/redact.h"

#define RULE "gateway.redaction"

/* --- loading --- */

static const char *
pattern_field(char (*field)[128], size_t index)
{
	snprintf(*field, sizeof *field, RULE ".patterns[%zu]", index);
	return *field;
}

/* An item is an expression, or {name, pattern}: then the name is the kind that is shown. Each is
 * compiled alone first, to say of which one an error is. */
static enum hp_status
load_pattern(const struct hp_value *item, size_t index, struct hp_redact_pattern *ret_pattern,
	     struct hp_error *err)
{
	char field[128];
	const struct hp_value *expression =
		item->type == HP_MAP ? hp_map_get(item, "pattern") : item;
	struct hp_redact *alone = NULL;
	struct hp_error why = {0};
	if (memchr(expression->str.p, '\0', expression->str.len))
		return hp_policy_refuse(err, expression, pattern_field(&field, index),
					"a pattern cannot hold NUL");
	*ret_pattern = (struct hp_redact_pattern){
		.expression = expression->str.p,
		.name = hp_map_get_str(item, "name", NULL),
		.line = expression->line,
	};
	const struct hp_redact_config config = {.patterns = ret_pattern, .pattern_count = 1};
	enum hp_status status = hp_redact_new(&config, &alone, &why);
	hp_redact_free(alone);
	if (status == HP_INVALID)
		return hp_policy_refuse(err, expression, pattern_field(&field, index), "%s",
					why.message);
	return status == HP_OK ? HP_OK : hp_fail(err, status, "%s", why.message);
}

enum hp_status
hp_policy_load_redaction(struct hp_policy *policy, const struct hp_value *file,
			 struct hp_error *err)
{
	const struct hp_value *section = hp_map_get(hp_map_get(file, "gateway"), "redaction");
	const struct hp_value *rules = hp_map_get(section, "rules");
	const struct hp_value *patterns = hp_map_get(section, "patterns");
	size_t count = hp_value_count(patterns);
	struct hp_redact_pattern own[HP_POLICY_PATTERNS];
	struct hp_redact_config config = {.patterns = own, .pattern_count = count};
	for (size_t i = 0; i < hp_value_count(rules); i++)
		config.groups |= hp_redact_group(hp_array_get(rules, i)->str.p);
	for (size_t i = 0; i < count; i++) {
		enum hp_status status = load_pattern(hp_array_get(patterns, i), i, &own[i], err);
		if (status != HP_OK)
			return status;
	}
	policy->redaction_line = section ? section->line : 0;
	if (!config.groups && !count)
		return HP_OK;
	return hp_redact_new(&config, &policy->redact, err);
}

/* --- a request --- */

/* What a hit in a field of the request does. An IP address in what runs is where it runs: people
 * have to see it, and a block would forbid every `ssh 10.0.0.5`. It is no hit there. */
enum burden {
	BURDEN_BLOCK, /* it would hide from people what runs, and where */
	BURDEN_HOLD,  /* it is data of what runs, and handed over whole */
	BURDEN_SHOW,  /* it is said about it, and only told */
	BURDENS,
};

static const struct field {
	const char *name;
	bool of_action;
	enum burden burden;
} fields[] = {
	{"operation", true, BURDEN_BLOCK},    {"environment", true, BURDEN_BLOCK},
	{"resources", true, BURDEN_BLOCK},    {"command", true, BURDEN_BLOCK},
	{"cwd", true, BURDEN_BLOCK},	      {"files", true, BURDEN_BLOCK},
	{"audience", true, BURDEN_BLOCK},     {"rollback", false, BURDEN_BLOCK},
	{"session", false, BURDEN_BLOCK},     {"branch", false, BURDEN_BLOCK},
	{"arguments", true, BURDEN_HOLD},     {"env", true, BURDEN_HOLD},
	{"payload", true, BURDEN_HOLD},	      {"summary", false, BURDEN_SHOW},
	{"why", false, BURDEN_SHOW},	      {"impact", false, BURDEN_SHOW},
	{"alternatives", false, BURDEN_SHOW}, {"evidence", false, BURDEN_SHOW},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

/* "command[3] (aws_access_key, 20 bytes), … and 2 more" of all fields with this burden. */
static size_t
add_hits(const struct hp_redact_part *parts, enum burden burden, struct hp_buf *buf)
{
	enum { TOLD = 4, PATH_BYTES = 80 };
	size_t total = 0, told = 0;
	for (size_t i = 0; i < FIELDS; i++) {
		const struct hp_redact_report *report = &parts[i].report;
		if (fields[i].burden != burden)
			continue;
		total += report->total;
		for (size_t j = 0; j < report->count && told < TOLD; j++, told++)
			hp_buf_printf(buf, "%s%.*s (%s, %zu bytes)", told ? ", " : "", PATH_BYTES,
				      report->items[j].field, report->items[j].kind,
				      report->items[j].len);
	}
	if (total > told)
		hp_buf_printf(buf, " and %zu more", total - told);
	return total;
}

static void
tell(struct hp_judge *judge, const struct hp_redact_part *parts)
{
	static const struct {
		enum hp_effect effect;
		const char *words;
	} told[BURDENS] = {
		[BURDEN_BLOCK] = {HP_EFFECT_BLOCK, "a secret or personal data would hide what "
						   "runs from who decides, and be left in lists "
						   "of processes"},
		[BURDEN_HOLD] = {HP_EFFECT_HOLD, "a secret or personal data goes with it unseen"},
		[BURDEN_SHOW] = {HP_EFFECT_ALLOW, "redacted"},
	};
	for (enum burden burden = 0; burden < BURDENS; burden++) {
		struct hp_buf hits = {0};
		if (add_hits(parts, burden, &hits)) {
			bool asks = told[burden].effect == HP_EFFECT_HOLD;
			hp_judge_sayf(judge, 3, RULE, told[burden].effect,
				      judge->policy->redaction_line, "%s: %s%s%s",
				      told[burden].words, hp_buf_text(&hits), asks ? "; " : "",
				      asks ? judge->policy->needs[HP_EFFECT_HOLD] : "");
			judge->redacted = true;
		}
		judge->arena->failed |= hits.failed;
		hp_buf_release(&hits);
	}
}

/* A copy of the map whose values are those of the parts. */
static struct hp_value *
replace(struct hp_arena *arena, const struct hp_value *map, const struct hp_redact_part *parts,
	bool of_action)
{
	struct hp_value *copy = hp_value_map(arena);
	for (size_t i = 0; copy && i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		const struct hp_value *value = pair->value;
		for (size_t j = 0; j < FIELDS; j++)
			if (fields[j].of_action == of_action && parts[j].value &&
			    strcmp(fields[j].name, pair->key.p) == 0)
				value = parts[j].value;
		struct hp_value *node = hp_arena_alloc(arena, sizeof *node);
		if (node)
			*node = *value; /* shares the children */
		hp_map_setn(arena, copy, pair->key.p, pair->key.len, node);
	}
	return copy;
}

static void
make_shown(struct hp_judge *judge, const struct hp_redact_part *parts)
{
	struct hp_arena *arena = judge->arena;
	struct hp_value *action = replace(arena, judge->request->action, parts, true);
	struct hp_value *map = replace(arena, judge->request->map, parts, false);
	struct hp_request *shown = hp_arena_alloc(arena, sizeof *shown);
	if (arena->failed)
		return;
	for (size_t i = 0; i < map->map.count; i++)
		if (strcmp(map->map.pairs[i].key.p, "action") == 0)
			map->map.pairs[i].value = action;
	hp_request_reworded(judge->request, map, shown);
	judge->shown = shown;
}

enum hp_status
hp_judge_redaction(struct hp_judge *judge, struct hp_error *err)
{
	struct hp_redact_part parts[FIELDS];
	judge->shown = judge->request;
	judge->redacted = judge->payload_redacted = false;
	if (!judge->policy->redact)
		return HP_OK;
	for (size_t i = 0; i < FIELDS; i++)
		parts[i] = (struct hp_redact_part){
			.field = fields[i].name,
			.addresses = fields[i].burden == BURDEN_BLOCK,
			.value = hp_map_get(fields[i].of_action ? judge->request->action
								: judge->request->map,
					    fields[i].name),
		};
	enum hp_status status =
		hp_redact_values(judge->policy->redact, judge->arena, parts, FIELDS);
	if (status != HP_OK)
		return hp_fail(err, status, RULE ": %s", hp_status_text(status));
	tell(judge, parts);
	if (judge->redacted)
		make_shown(judge, parts);
	for (size_t i = 0; i < FIELDS; i++)
		if (strcmp(fields[i].name, "payload") == 0)
			judge->payload_redacted = parts[i].report.total > 0;
	return judge->arena->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

enum hp_status
hp_judge_redact_findings(struct hp_judge *judge, struct hp_error *err)
{
	struct hp_arena *arena = judge->arena;
	struct hp_redact_part *parts = hp_arena_array(arena, judge->count + 1, sizeof *parts);
	if (!judge->redacted)
		return HP_OK;
	for (size_t i = 0; parts && i < judge->count; i++)
		if (strcmp(judge->findings[i].rule, RULE) != 0)
			parts[i] = (struct hp_redact_part){
				.field = "",
				.value = hp_value_str(arena, judge->findings[i].message),
			};
	enum hp_status status =
		parts && !arena->failed
			? hp_redact_values(judge->policy->redact, arena, parts, judge->count)
			: HP_NOMEM;
	for (size_t i = 0; status == HP_OK && i < judge->count; i++)
		if (parts[i].value)
			judge->findings[i].message = parts[i].value->str.p;
	return status == HP_OK ? HP_OK : hp_fail(err, status, RULE ": %s", hp_status_text(status));
}

/* --- other texts --- */

enum hp_status
hp_policy_redact(const struct hp_policy *policy, struct hp_arena *arena,
		 const struct hp_value **value)
{
	struct hp_redact_part part = {.field = "", .value = *value};
	if (!policy->redact)
		return HP_OK;
	enum hp_status status = hp_redact_values(policy->redact, arena, &part, 1);
	if (status == HP_OK)
		*value = part.value;
	return status;
}
