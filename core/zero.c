#include "core/zero.h"

#include <ctype.h>
#include <string.h>

enum {
	NAME_MAX_BYTES = 40,
	SHORT_MIN_BYTES = 3, /* of an option that is cut short */
};

/* What is counted: lower case, without dashes. */
static const char *const counted[] = {
	"replicas",	"replica",     "replicacount", "desiredcount", "desiredcapacity",
	"desiredsize",	"newcapacity", "maxcapacity",  "maxsize",      "maxinstances",
	"numnodes",	"nodecount",   "scale",	       "reservedconcurrentexecutions",
};

/* `name` as it may stand in an option, an argument or a setting. */
static bool
is_counted(const char *name, size_t len, bool shortens)
{
	char plain[NAME_MAX_BYTES + 1];
	size_t count = 0;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '-' || name[i] == '_')
			continue;
		if (count == NAME_MAX_BYTES)
			return false;
		plain[count++] = (char)tolower((unsigned char)name[i]);
	}
	plain[count] = 0;
	for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
		if (!strcmp(counted[i], plain) || (shortens && count >= SHORT_MIN_BYTES &&
						   !strncmp(counted[i], plain, count)))
			return true;
	return false;
}

/* 0, 00, +0, 0x0, 0.0: how many bytes of it; 0: something else. */
static size_t
zero_len(const char *text)
{
	size_t len = strspn(text, "+-0xXoObB_.");
	return len && memchr(text, '0', len) && !isalnum((unsigned char)text[len]) ? len : 0;
}

/* `0`, `web=0` */
static bool
is_zero(const char *text)
{
	const char *equals = strrchr(text, '=');
	text = equals ? equals + 1 : text;
	size_t len = zero_len(text);
	return len && !text[len];
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* `{"spec":{"replicas":0}}`, `web.replicaCount=0,x=1`: a name, and behind it a zero. */
static bool
is_zero_text(const char *text)
{
	for (const char *at = text; *at;) {
		size_t len = 0;
		while (is_name(at[len]))
			len++;
		const char *behind = at + len + strspn(at + len, "\"'\\ \t");
		if (len && (*behind == ':' || *behind == '=') && is_counted(at, len, false) &&
		    zero_len(behind + 1 + strspn(behind + 1, "\"'\\ \t")))
			return true;
		at += len ? len : 1;
	}
	return false;
}

/* Options that carry settings as text. */
static bool
is_settings(const char *option, size_t len)
{
	return hp_shell_listed(" -p --patch --set --set-json --set-string -var --var ", option,
			       len);
}

bool
hp_zero_command(const struct hp_shell_word *argv, size_t argc, bool shortens)
{
	bool scales = false;
	for (size_t at = 1; at < argc; at++) {
		const char *word = argv[at].text, *next = at + 1 < argc ? argv[at + 1].text : "";
		size_t len = strcspn(word, "="), dashes = strspn(word, "-");
		const char *value = word[len] ? word + len + 1 : next;
		size_t name_len = len - (dashes < len ? dashes : len);
		if (!dashes) {
			const char *colon = strrchr(word, ':');
			if (scales && is_zero(word))
				return true;
			scales |= !strcasecmp(colon ? colon + 1 : word, "scale");
		} else if ((is_counted(word + dashes, name_len, shortens) && is_zero(value)) ||
			   (is_settings(word, len) && is_zero_text(value))) {
			return true;
		}
	}
	return false;
}

static bool
is_zero_value(const struct hp_value *value)
{
	return (value->type == HP_INT && value->integer == 0) ||
	       (value->type == HP_FLOAT && value->real == 0) ||
	       (value->type == HP_STR && is_zero(value->str.p));
}

bool
hp_zero_arguments(const struct hp_value *arguments)
{
	size_t count = arguments ? hp_value_count(arguments) : 0;
	for (size_t i = 0; i < count; i++) {
		const struct hp_value *value;
		if (arguments->type == HP_MAP) {
			const struct hp_pair *pair = &arguments->map.pairs[i];
			value = pair->value;
			if (is_zero_value(value) && is_counted(pair->key.p, pair->key.len, false))
				return true;
		} else {
			value = arguments->array.items[i];
		}
		if ((value->type == HP_MAP || value->type == HP_ARRAY) && hp_zero_arguments(value))
			return true;
	}
	return false;
}
