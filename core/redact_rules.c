/* The table of rules, from redact_rules.def. */
#include "core/pattern.h"
#include "core/redact_judge.h"

#define HP_REDACT_RULE(group, kind, expression, flags, judge, chars, min)                          \
	{HP_REDACT_##group,          kind,             expression, flags,                          \
	 hp_redact_judge_##judge, HP_CHARS_##chars, min},
const struct hp_redact_rule hp_redact_rules[] = {
#include "core/redact_rules.def"
};
#undef HP_REDACT_RULE
const size_t hp_redact_rule_count = sizeof hp_redact_rules / sizeof *hp_redact_rules;
