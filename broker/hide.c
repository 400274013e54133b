#include "broker/hide.h"

#include "broker/log.h"
#include "core/text.h"

const struct hp_value *
hp_hide(struct hp_broker *broker, const struct hp_value *value)
{
	if (!value || !broker->policy) /* before the first load no peer is heard */
		return value;
	enum hp_status status = hp_policy_redact(broker->policy, &broker->arena, &value);
	if (status == HP_OK)
		return value;
	if (status == HP_NOMEM)
		broker->fatal = true;
	HP_LOG("error", "redaction-failed", "reason", hp_status_text(status));
	return hp_value_str(&broker->arena, "[WITHHELD]");
}

const char *
hp_hide_field(const struct hp_call *call, const char *key)
{
	const struct hp_value *value = hp_hide(call->broker, hp_map_get(call->map, key));
	return value && value->type == HP_STR ? value->str.p : "";
}

const char *
hp_hide_line(struct hp_broker *broker, const char *text)
{
	const struct hp_value *value = hp_hide(broker, hp_value_str(&broker->arena, text));
	return value ? hp_text_safen(&broker->arena, value->str.p, value->str.len, 0) : "";
}

void
hp_hide_error(const struct hp_call *call, struct hp_error *err)
{
	const struct hp_value *shown = hp_hide(call->broker, call->map);
	struct hp_error again = {0};
	if (shown == call->map)
		return;
	if (shown && shown->type == HP_MAP &&
	    hp_message_check(call->type, shown, &again) != HP_OK) {
		*err = again;
		return;
	}
	hp_fail(err, HP_INVALID, "a field is not what it must be; it holds what is redacted");
}
