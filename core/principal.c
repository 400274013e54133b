#include "core/principal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "core/schema.h"
#include "core/text.h"

#define MACHINES (HP_ROLE_AGENT | HP_ROLE_GATEWAY | HP_ROLE_EXECUTOR)
#define PEOPLE (HP_ROLE_HUMAN | HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR)

/* In the order of the bits of enum hp_role. */
static const char *const role_words[] = {
	"agent", "human", "reviewer", "gateway", "executor", "admin", "auditor", NULL,
};

/* In the order of enum hp_mode. An agent is never `human`, so its own list starts one later. */
static const char *const mode_words[] = {"human", "supervised", "autonomous", NULL};

static const struct hp_field name_item = {.kinds = HP_K_NAME};
static const struct hp_field role_item = {.kinds = HP_K_ENUM, .words = role_words};
static const struct hp_field glob_item = {
	.kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_OPERATION_BYTES,
};

enum { Z85_CHARS = HP_CURVE_BYTES / 4 * 5, SIGN_CHARS = 44 };

#define LIST(named, most, of) \
	.name = named, .kinds = HP_K_LIST, .min = 0, .max = most, .item = &(of)
#define TEXT(named, least, most) .name = named, .kinds = HP_K_STR, .min = least, .max = most

static const struct hp_field fields[] = {
	{.name = "roles", .kinds = HP_K_LIST, .required = true, .min = 1, .max = 7,
	 .item = &role_item},
	{TEXT("person", 1, HP_LIMIT_NAME_BYTES)},
	{LIST("groups", HP_LIMIT_GROUPS, name_item)},
	{.name = "mode", .kinds = HP_K_ENUM, .words = mode_words + HP_MODE_SUPERVISED},
	{TEXT("owner", 1, HP_LIMIT_NAME_BYTES)},
	{LIST("environments", HP_LIMIT_ENVIRONMENTS, name_item)},
	{LIST("operations", HP_LIMIT_ELEMENTS, glob_item)},
	{.name = "audience", .kinds = HP_K_NAME},
	{LIST("agents", HP_LIMIT_ELEMENTS, name_item)},
	{TEXT("curve_public", Z85_CHARS, Z85_CHARS), .required = true},
	{TEXT("sign_public", SIGN_CHARS, SIGN_CHARS)},
	{.name = "revoked", .kinds = HP_K_BOOL},
	{.name = NULL},
};

/* Who asks, signs or runs as a machine must not also be the one who releases. An agent is not a
 * human either: its requests would be judged as, and released by, the person it works for. */
static const struct {
	unsigned role, excluded;
} exclusions[] = {
	{HP_ROLE_AGENT, HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_HUMAN},
	{HP_ROLE_GATEWAY, HP_ROLE_REVIEWER | HP_ROLE_ADMIN},
	{HP_ROLE_EXECUTOR, HP_ROLE_REVIEWER | HP_ROLE_ADMIN},
};

static const struct {
	unsigned role;
	const char *key;
} needs[] = {
	{HP_ROLE_AGENT, "mode"},	{HP_ROLE_AGENT, "owner"},
	{HP_ROLE_HUMAN, "person"},	{HP_ROLE_REVIEWER, "person"},
	{HP_ROLE_REVIEWER, "sign_public"}, {HP_ROLE_EXECUTOR, "audience"},
};

/* A key that would say nothing is a misunderstanding about who may do what: refused. */
static const struct {
	const char *key;
	unsigned roles;
	const char *who;
} only_for[] = {
	{"mode", HP_ROLE_AGENT, "an agent"},
	{"owner", MACHINES, "an agent, gateway or executor"},
	{"person", PEOPLE, "a human, reviewer, admin or auditor"},
	{"audience", HP_ROLE_EXECUTOR, "an executor"},
	{"agents", HP_ROLE_GATEWAY, "a gateway"},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct hp_pair *
find(const struct hp_value *map, const char *key)
{
	for (size_t i = 0; i < hp_value_count(map); i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		if (pair->key.len == strlen(key) && memcmp(pair->key.p, key, pair->key.len) == 0)
			return pair;
	}
	return NULL;
}

/* HP_INVALID at `key`, or at the entry itself when it has no such key. */
HP_PRINTF(4, 5)
static enum hp_status
refuse(struct hp_error *err, const struct hp_value *map, const char *key, const char *format, ...)
{
	if (!err)
		return HP_INVALID;
	const struct hp_pair *pair = find(map, key);
	va_list args;
	va_start(args, format);
	vsnprintf(err->message, sizeof err->message, format, args);
	va_end(args);
	snprintf(err->field, sizeof err->field, "%s", key);
	err->line = pair ? pair->line : map->line;
	err->column = pair ? pair->column : map->column;
	return HP_INVALID;
}

/* An entry's name is its file's name, and an actor of the audit log beside these three. */
static enum hp_status
check_name(const char *name, struct hp_error *err)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789._-");
	if (name[len] || !len || len > HP_LIMIT_NAME_BYTES || strchr("._-", name[0])) {
		struct hp_buf seen = {0};
		hp_text_escape(&seen, name, strlen(name), HP_TEXT_ASCII);
		enum hp_status status = hp_fail(
			err, HP_INVALID,
			"'%.*s' is no name for a principal: 1 to %u letters, digits, '.', '_' or "
			"'-', a letter or digit first",
			(int)HP_LIMIT_NAME_BYTES, hp_buf_text(&seen), HP_LIMIT_NAME_BYTES);
		hp_buf_release(&seen);
		return status;
	}
	if (strcmp(name, "broker") == 0 || strcmp(name, "policy") == 0 ||
	    strcmp(name, "unknown") == 0) /* who was refused with a key that nobody has */
		return hp_fail(err, HP_INVALID,
			       "'%s' is no name for a principal: the audit log uses it", name);
	return HP_OK;
}

/* A person is compared as text, so it must be what it looks like. */
static enum hp_status
check_person(const struct hp_value *map, const char *key, struct hp_error *err)
{
	const struct hp_value *value = hp_map_get(map, key);
	if (!value)
		return HP_OK;
	const struct hp_str *str = &value->str;
	struct hp_buf seen = {0}, ascii = {0};
	hp_text_escape(&seen, str->p, str->len, 0);
	hp_text_escape(&ascii, str->p, str->len, HP_TEXT_ASCII);
	enum hp_status status = HP_OK;
	if (seen.failed || ascii.failed)
		status = hp_fail(err, HP_NOMEM, "out of memory");
	else if (seen.len != str->len || memcmp(seen.data, str->p, seen.len) != 0)
		status = refuse(err, map, key, "'%s' holds characters that do not show: '%s'", key,
				hp_buf_text(&ascii));
	else if (str->p[0] == ' ' || str->p[str->len - 1] == ' ' || strstr(str->p, "  "))
		status = refuse(err, map, key, "'%s' has spaces to spare: '%s'", key,
				hp_buf_text(&ascii));
	hp_buf_release(&seen);
	hp_buf_release(&ascii);
	return status;
}

static enum hp_status
check_roles(const struct hp_value *map, unsigned roles, struct hp_error *err)
{
	for (size_t i = 0; i < COUNT(exclusions); i++) {
		unsigned both = roles & exclusions[i].excluded;
		if (roles & exclusions[i].role && both)
			return refuse(err, map, "roles", "role '%s' excludes role '%s'",
				      hp_role_name((enum hp_role)exclusions[i].role),
				      hp_role_name((enum hp_role)(both & -both)));
	}
	for (size_t i = 0; i < COUNT(needs); i++)
		if (roles & needs[i].role && !hp_map_get(map, needs[i].key))
			return refuse(err, map, needs[i].key, "role '%s' needs '%s'",
				      hp_role_name((enum hp_role)needs[i].role), needs[i].key);
	for (size_t i = 0; i < COUNT(only_for); i++) {
		const struct hp_value *value = hp_map_get(map, only_for[i].key);
		bool said = value && (value->type != HP_ARRAY || hp_value_count(value));
		if (said && !(roles & only_for[i].roles))
			return refuse(err, map, only_for[i].key, "'%s' is for %s only",
				      only_for[i].key, only_for[i].who);
	}
	size_t environments = hp_value_count(hp_map_get(map, "environments"));
	if (roles & HP_ROLE_EXECUTOR && environments != 1)
		return refuse(err, map, "environments",
			      "an executor has exactly one environment, not %zu", environments);
	return HP_OK;
}

static unsigned
read_roles(const struct hp_value *list)
{
	unsigned roles = 0;
	for (size_t i = 0; i < hp_value_count(list); i++) {
		enum hp_role role;
		if (hp_role_parse(hp_array_get(list, i)->str.p, &role))
			roles |= role;
	}
	return roles;
}

/* What the mode says of an agent; a human is judged as one, and any other requester strictest. */
static enum hp_mode
read_mode(const struct hp_value *map, unsigned roles)
{
	if (hp_value_is(hp_map_get(map, "mode"), mode_words[HP_MODE_SUPERVISED]))
		return HP_MODE_SUPERVISED;
	return roles & HP_ROLE_HUMAN ? HP_MODE_HUMAN : HP_MODE_AUTONOMOUS;
}

static const char *const *
read_list(struct hp_arena *arena, const struct hp_value *list, size_t *ret_count)
{
	size_t count = hp_value_count(list);
	const char **items = count ? hp_arena_array(arena, count, sizeof *items) : NULL;
	*ret_count = items ? count : 0;
	for (size_t i = 0; items && i < count; i++) {
		const struct hp_str *str = &hp_array_get(list, i)->str;
		items[i] = hp_arena_copy(arena, str->p, str->len);
	}
	return items;
}

static enum hp_status
read_keys(const struct hp_value *map, struct hp_principal *principal, struct hp_error *err)
{
	const struct hp_value *curve = hp_map_get(map, "curve_public");
	const struct hp_value *sign = hp_map_get(map, "sign_public");
	if (strlen(curve->str.p) != curve->str.len ||
	    hp_z85_decode(curve->str.p, principal->curve_public))
		return refuse(err, map, "curve_public", "'curve_public' is not Z85 of 32 bytes");
	if (!sign)
		return HP_OK;
	principal->has_sign = true;
	if (hp_crypto_base64(sign->str.p, sign->str.len, principal->sign_public,
			     HP_SIGN_PUBLIC_BYTES))
		return refuse(err, map, "sign_public", "'sign_public' is not base64 of 32 bytes");
	return HP_OK;
}

/* Operations are patterns, so any text; but a C string from here on. */
static enum hp_status
check_operations(const struct hp_value *map, struct hp_error *err)
{
	const struct hp_value *list = hp_map_get(map, "operations");
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_str *str = &hp_array_get(list, i)->str;
		if (strlen(str->p) != str->len)
			return refuse(err, map, "operations", "'operations[%zu]' holds a NUL", i);
	}
	return HP_OK;
}

enum hp_status
hp_principal_parse(struct hp_arena *arena, const char *name, const struct hp_value *map,
		   struct hp_principal *ret_principal, struct hp_error *err)
{
	struct hp_principal principal = {0};
	enum hp_status status = check_name(name, err);
	if (!status)
		status = hp_schema_check(map, fields, "principal", err);
	if (status)
		return status;
	principal.roles = read_roles(hp_map_get(map, "roles"));
	status = check_roles(map, principal.roles, err);
	if (!status)
		status = check_person(map, "person", err);
	if (!status)
		status = check_person(map, "owner", err);
	if (!status)
		status = check_operations(map, err);
	if (!status)
		status = read_keys(map, &principal, err);
	if (status)
		return status;
	principal.name = hp_arena_strdup(arena, name);
	principal.person = hp_arena_strdup(arena, hp_map_get_str(map, "person", ""));
	principal.owner = hp_arena_strdup(arena, hp_map_get_str(map, "owner", ""));
	principal.audience = hp_arena_strdup(arena, hp_map_get_str(map, "audience", ""));
	principal.mode = read_mode(map, principal.roles);
	principal.groups = read_list(arena, hp_map_get(map, "groups"), &principal.group_count);
	principal.environments = read_list(arena, hp_map_get(map, "environments"),
					   &principal.environment_count);
	principal.operations = read_list(arena, hp_map_get(map, "operations"),
					 &principal.operation_count);
	principal.agents = read_list(arena, hp_map_get(map, "agents"), &principal.agent_count);
	principal.revoked = hp_map_get_bool(map, "revoked", false);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_principal = principal;
	return HP_OK;
}

static void
write_list(struct hp_arena *arena, struct hp_value *map, const char *key,
	   const char *const *items, size_t count)
{
	struct hp_value *list = count ? hp_value_array(arena) : NULL;
	for (size_t i = 0; i < count; i++)
		hp_array_add(arena, list, hp_value_str(arena, items[i]));
	hp_map_set(arena, map, key, list);
}

static void
write_text(struct hp_arena *arena, struct hp_value *map, const char *key, const char *text)
{
	if (text && text[0])
		hp_map_set_str(arena, map, key, text);
}

struct hp_value *
hp_principal_to_value(struct hp_arena *arena, const struct hp_principal *principal)
{
	struct hp_value *map = hp_value_map(arena), *roles = hp_value_array(arena);
	struct hp_buf sign = {0};
	char curve[Z85_CHARS + 1];
	for (unsigned i = 0; role_words[i]; i++)
		if (principal->roles & 1u << i)
			hp_array_add(arena, roles, hp_value_str(arena, role_words[i]));
	hp_map_set(arena, map, "roles", roles);
	write_text(arena, map, "person", principal->person);
	write_list(arena, map, "groups", principal->groups, principal->group_count);
	if (principal->roles & HP_ROLE_AGENT)
		hp_map_set_str(arena, map, "mode", hp_mode_name(principal->mode));
	write_text(arena, map, "owner", principal->owner);
	write_list(arena, map, "environments", principal->environments,
		   principal->environment_count);
	write_list(arena, map, "operations", principal->operations, principal->operation_count);
	write_text(arena, map, "audience", principal->audience);
	write_list(arena, map, "agents", principal->agents, principal->agent_count);
	hp_z85_encode(principal->curve_public, curve);
	hp_map_set_str(arena, map, "curve_public", curve);
	if (principal->has_sign) {
		hp_crypto_add_base64(&sign, principal->sign_public, HP_SIGN_PUBLIC_BYTES);
		hp_map_set_str(arena, map, "sign_public", hp_buf_text(&sign));
		arena->failed |= sign.failed;
		hp_buf_release(&sign);
	}
	if (principal->revoked)
		hp_map_set_bool(arena, map, "revoked", true);
	return arena->failed ? NULL : map;
}

const char *
hp_role_name(enum hp_role role)
{
	for (unsigned i = 0; role_words[i]; i++)
		if ((unsigned)role == 1u << i)
			return role_words[i];
	return "";
}

bool
hp_role_parse(const char *name, enum hp_role *ret_role)
{
	for (unsigned i = 0; name && role_words[i]; i++) {
		if (strcmp(name, role_words[i]) == 0) {
			*ret_role = (enum hp_role)(1u << i);
			return true;
		}
	}
	return false;
}

const char *
hp_mode_name(enum hp_mode mode)
{
	return (unsigned)mode <= HP_MODE_AUTONOMOUS ? mode_words[mode] : "";
}

const char *
hp_principal_owner(const struct hp_principal *principal)
{
	return principal->owner[0] ? principal->owner : principal->person;
}
