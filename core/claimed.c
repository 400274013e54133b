#include "core/claimed.h"

#include <string.h>

#include "core/limits.h"
#include "core/text.h"

static const struct hp_field any_item = {.kinds = HP_K_ANY};

/* What is read of a reply; a newer broker may say more. */
static const struct hp_field fields[] = {
	{.name = "id", .kinds = HP_K_UUID, .required = true},
	{.name = "action", .kinds = HP_K_MAP, .required = true},
	{.name = "rollback", .kinds = HP_K_MAP},
	{.name = "salt", .kinds = HP_K_BIN, .required = true, .min = HP_SALT_BYTES,
	 .max = HP_SALT_BYTES},
	{.name = "canonical", .kinds = HP_K_BIN, .required = true, .min = 1,
	 .max = HP_LIMIT_CANONICAL_BYTES},
	{.name = "votes", .kinds = HP_K_LIST, .required = true, .max = HP_LIMIT_ELEMENTS,
	 .item = &any_item},
	{.name = "lease_ms", .kinds = HP_K_INT, .required = true, .min = 1, .max = INT32_MAX},
	{0},
};

static void
share(struct hp_arena *arena, struct hp_value *map, const char *key, const struct hp_value *from)
{
	const struct hp_value *value = hp_map_get(from, key);
	struct hp_value *node = hp_value_nil(arena);
	if (node && value)
		*node = *value; /* shares the children */
	hp_map_set(arena, map, key, node);
}

static enum hp_status
check_reply(struct hp_arena *arena, const struct hp_value *reply, struct hp_error *err)
{
	struct hp_value *map = hp_value_map(arena);
	for (const struct hp_field *field = fields; field->name; field++)
		share(arena, map, field->name, reply);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_schema_check(map, fields, "claimed", err);
}

/* The parts of a request that a claim repeats, read as the broker read them. */
static enum hp_status
read_request(struct hp_arena *arena, const struct hp_value *reply, struct hp_request *ret_request,
	     struct hp_error *err)
{
	static const char *const parts[] = {"id", "action", "rollback"};
	struct hp_value *map = hp_value_map(arena);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		share(arena, map, parts[i], reply);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_request_parse(arena, map, HP_REQUEST_EXEC, ret_request, err);
}

/* --- the action against what was shown --- */

#define HIDDEN "[REDACTED:"

/* The length of a marker at `text`, 0: there is none. */
static size_t
marker(const char *text, size_t len)
{
	size_t at = sizeof HIDDEN - 1;
	if (len <= at || memcmp(text, HIDDEN, at) != 0)
		return 0;
	while (at < len && ((text[at] >= 'a' && text[at] <= 'z') || text[at] == '_' ||
			    text[at] == '-' || (text[at] >= '0' && text[at] <= '9')))
		at++;
	return at > sizeof HIDDEN - 1 && at < len && text[at] == ']' ? at + 1 : 0;
}

/* Whether `shown` is `real` with parts hidden: a marker stands for one byte or more. */
static bool
text_matches(const struct hp_str *shown, const struct hp_str *real)
{
	size_t at = 0, from = 0, retry_at = 0, retry_from = 0;
	bool hidden = false;
	while (from < real->len) {
		size_t skip = at < shown->len ? marker(shown->p + at, shown->len - at) : 0;
		if (skip) {
			hidden = true;
			at += skip;
			retry_at = at;
			retry_from = ++from;
		} else if (at < shown->len && shown->p[at] == real->p[from]) {
			at++;
			from++;
		} else if (hidden) {
			at = retry_at;
			from = ++retry_from;
		} else {
			return false;
		}
	}
	return at == shown->len;
}

/* Whether the text is a marker and nothing else: so numbers and bytes are hidden. */
static bool
is_marker(const struct hp_str *text)
{
	return text->len && marker(text->p, text->len) == text->len;
}

/* Whether something is hidden in a key. */
static bool
has_marker(const struct hp_str *key)
{
	for (size_t at = 0; at < key->len; at++)
		if (marker(key->p + at, key->len - at))
			return true;
	return false;
}

/* As text_matches(); the second hidden key of a map ends in " 2", and so on. */
static bool
key_matches(const struct hp_str *shown, const struct hp_str *real)
{
	struct hp_str bare = *shown;
	while (bare.len && bare.p[bare.len - 1] >= '0' && bare.p[bare.len - 1] <= '9')
		bare.len--;
	bool numbered = bare.len < shown->len && bare.len && bare.p[bare.len - 1] == ' ';
	bare.len -= numbered;
	return text_matches(shown, real) || (numbered && text_matches(&bare, real));
}

static bool value_matches(const struct hp_value *shown, const struct hp_value *real);

/* The value of that very key, nil and all. NULL: it has none. */
static const struct hp_value *
find_key(const struct hp_value *map, const struct hp_str *key)
{
	for (size_t i = 0; i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		if (pair->key.len == key->len && memcmp(pair->key.p, key->p, key->len) == 0)
			return pair->value;
	}
	return NULL;
}

/* Pairs of a map that have no partner of the same key in the other. */
struct strays {
	const struct hp_pair *pairs[64]; /* more keys of one map are not hidden */
	size_t count;
};

static bool
add_stray(struct strays *strays, const struct hp_pair *pair)
{
	if (strays->count == sizeof strays->pairs / sizeof strays->pairs[0])
		return false;
	strays->pairs[strays->count++] = pair;
	return true;
}

/* Whether each hidden key has a real one to itself, with its value. */
static bool
strays_match(const struct strays *shown, struct strays *real)
{
	for (size_t i = 0; i < shown->count; i++) {
		size_t j = 0;
		while (j < real->count && !(key_matches(&shown->pairs[i]->key, &real->pairs[j]->key) &&
					    value_matches(shown->pairs[i]->value, real->pairs[j]->value)))
			j++;
		if (j == real->count)
			return false;
		real->pairs[j] = real->pairs[--real->count];
	}
	return real->count == 0;
}

static bool
map_matches(const struct hp_value *shown, const struct hp_value *real)
{
	struct strays hidden = {0}, left = {0};
	for (size_t i = 0; i < shown->map.count; i++) {
		const struct hp_pair *pair = &shown->map.pairs[i];
		if (has_marker(&pair->key) ? !add_stray(&hidden, pair)
					   : !value_matches(pair->value, find_key(real, &pair->key)))
			return false;
	}
	for (size_t i = 0; hidden.count && i < real->map.count; i++) {
		const struct hp_pair *pair = &real->map.pairs[i];
		if ((has_marker(&pair->key) || !find_key(shown, &pair->key)) &&
		    !add_stray(&left, pair))
			return false;
	}
	return strays_match(&hidden, &left);
}

/* As above for trees: strings may differ, keys, and what is hidden whole; never the shape. Depth is
 * bounded by the decoder. */
static bool
value_matches(const struct hp_value *shown, const struct hp_value *real)
{
	if (!shown || !real)
		return shown == real;
	if (shown->type == HP_STR && real->type == HP_STR)
		return text_matches(&shown->str, &real->str);
	if (shown->type == HP_STR && (real->type == HP_INT || real->type == HP_UINT ||
				      real->type == HP_FLOAT || real->type == HP_BIN))
		return is_marker(&shown->str);
	if (shown->type != real->type || (shown->type != HP_ARRAY && shown->type != HP_MAP))
		return hp_value_equal(shown, real);
	if (hp_value_count(shown) != hp_value_count(real))
		return false;
	if (shown->type == HP_MAP)
		return map_matches(shown, real);
	for (size_t i = 0; i < shown->array.count; i++)
		if (!value_matches(shown->array.items[i], real->array.items[i]))
			return false;
	return true;
}

static bool
same(const struct hp_value *a, const struct hp_value *b)
{
	return a && b ? hp_value_equal(a, b) : a == b;
}

struct part {
	const char *name;
	bool may_hide;
};

static enum hp_status
check_parts(const struct hp_value *shown, const struct hp_value *real, const struct part *parts,
	    size_t count, const char *what, struct hp_error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct hp_value *a = hp_map_get(shown, parts[i].name);
		const struct hp_value *b = hp_map_get(real, parts[i].name);
		if (parts[i].may_hide ? !value_matches(a, b) : !same(a, b))
			return hp_fail(err, HP_CONFLICT,
				       "digest_mismatch: the %s's \"%s\" is not the one that was "
				       "shown to people", what, parts[i].name);
	}
	return HP_OK;
}

static enum hp_status
check_shown(const struct hp_claimed *claimed, struct hp_error *err)
{
	static const struct part of_action[] = {
		{"operation", false}, {"resources", false}, {"command", false}, {"cwd", false},
		{"files", false},     {"audience", false},  {"env", true},	{"arguments", true},
	};
	static const struct part of_rollback[] = {
		{"operation", false}, {"command", false}, {"arguments", true}, {"plan", true},
	};
	const struct hp_value *shown = hp_map_get(claimed->canonical, "rollback");
	enum hp_status status =
		check_parts(claimed->canonical, claimed->request.action, of_action,
			    sizeof of_action / sizeof of_action[0], "action", err);
	if (status != HP_OK)
		return status;
	if (!shown != !claimed->request.rollback)
		return hp_fail(err, HP_CONFLICT,
			       "digest_mismatch: people were shown %s rollback",
			       shown ? "a" : "no");
	return check_parts(shown, claimed->request.rollback, of_rollback,
			   sizeof of_rollback / sizeof of_rollback[0], "rollback", err);
}

/* --- opening --- */

static enum hp_status
check_action_digest(const struct hp_claimed *claimed, const uint8_t *salt, struct hp_error *err)
{
	const uint8_t *decided =
		hp_map_get_bin(claimed->canonical, "action_digest", HP_HASH_BYTES);
	uint8_t digest[HP_HASH_BYTES];
	struct hp_buf bytes = {0};
	enum hp_status status = hp_request_action_bytes(&claimed->request, &bytes);
	if (status == HP_OK)
		hp_request_action_digest(salt, bytes.data, bytes.len, digest);
	hp_buf_release(&bytes);
	if (status != HP_OK)
		return hp_fail(err, status, "the action cannot be encoded");
	if (!decided || !hp_crypto_equal(digest, decided, sizeof digest))
		return hp_fail(err, HP_CONFLICT,
			       "digest_mismatch: action, rollback or salt is not what the request "
			       "is about");
	return HP_OK;
}

enum hp_status
hp_claimed_open(struct hp_arena *arena, const struct hp_value *reply, const char *instance,
		struct hp_claimed *ret_claimed, struct hp_error *err)
{
	struct hp_claimed claimed = {0};
	enum hp_status status = check_reply(arena, reply, err);
	if (status == HP_OK)
		status = read_request(arena, reply, &claimed.request, err);
	if (status != HP_OK)
		return status;
	const struct hp_value *bytes = hp_map_get(reply, "canonical");
	status = hp_request_open_canonical(arena, bytes->str.p, bytes->str.len, &claimed.canonical,
					   err);
	if (status != HP_OK)
		return status == HP_NOMEM
			       ? status
			       : hp_fail(err, HP_INVALID,
					 "digest_mismatch: the canonical bytes are no request's");
	hp_request_digest(bytes->str.p, bytes->str.len, claimed.digest);
	claimed.id = claimed.request.id;
	claimed.votes = hp_map_get(reply, "votes");
	claimed.environment = hp_map_get_str(claimed.canonical, "environment", "");
	claimed.tier = hp_map_get_str(claimed.canonical, "tier", "");
	claimed.owner = hp_map_get_str(claimed.canonical, "owner", "");
	claimed.lease_ms = hp_map_get_int(reply, "lease_ms", 0);
	if (!hp_value_is(hp_map_get(claimed.canonical, "id"), claimed.id))
		return hp_fail(err, HP_CONFLICT,
			       "digest_mismatch: the canonical bytes are another request's");
	if (!hp_value_is(hp_map_get(claimed.canonical, "instance"), instance))
		return hp_fail(err, HP_CONFLICT,
			       "digest_mismatch: the canonical bytes are another instance's");
	status = check_action_digest(&claimed, hp_map_get_bin(reply, "salt", HP_SALT_BYTES), err);
	if (status == HP_OK)
		status = check_shown(&claimed, err);
	if (status == HP_OK)
		*ret_claimed = claimed;
	return status;
}

/* --- bounds --- */

const char *
hp_claimed_program(const struct hp_boundary *boundary, const char *operation,
		   const struct hp_value *command)
{
	if (command)
		return hp_boundary_program(boundary, hp_array_get(command, 0)->str.p);
	/* A path is no operation. */
	return operation && *operation != '/' ? hp_boundary_program(boundary, operation) : NULL;
}

bool
hp_claimed_has_rollback(const struct hp_claimed *claimed)
{
	return hp_map_get(claimed->request.rollback, "operation") ||
	       hp_map_get(claimed->request.rollback, "command");
}

static enum hp_status
check_deed(const struct hp_boundary *boundary, const char *what, const char *operation,
	   const struct hp_value *command, struct hp_error *err)
{
	const char *word = command ? hp_array_get(command, 0)->str.p : operation;
	enum hp_status status = HP_OK;
	struct hp_buf safe = {0};
	if (operation && !hp_boundary_allows(boundary, operation)) {
		hp_text_escape(&safe, operation, strlen(operation), 0);
		status = hp_fail(err, HP_REFUSED,
				 "the executor's file does not allow the %s's operation \"%s\"",
				 what, hp_buf_text(&safe));
	} else if (!hp_claimed_program(boundary, operation, command)) {
		hp_text_escape(&safe, word, strlen(word), 0);
		status = hp_fail(err, HP_REFUSED,
				 "the executor's file names no program for the %s's \"%.300s\"",
				 what, hp_buf_text(&safe));
	}
	hp_buf_release(&safe);
	return status;
}

static enum hp_status
check_env(const struct hp_claimed *claimed, const struct hp_boundary *boundary,
	  struct hp_error *err)
{
	const struct hp_value *env = claimed->request.env;
	for (size_t i = 0; i < hp_value_count(env); i++) {
		const struct hp_str *key = &env->map.pairs[i].key;
		if (strlen(key->p) == key->len && hp_boundary_passes(boundary, key->p))
			continue;
		struct hp_buf safe = {0};
		hp_text_escape(&safe, key->p, key->len, 0);
		enum hp_status status = hp_fail(
			err, HP_REFUSED, "the executor's file does not allow the variable \"%.200s\"",
			hp_buf_text(&safe));
		hp_buf_release(&safe);
		return status;
	}
	return HP_OK;
}

enum hp_status
hp_claimed_check_bounds(const struct hp_claimed *claimed, const struct hp_boundary *boundary,
			struct hp_error *err)
{
	const struct hp_request *request = &claimed->request;
	if (strcmp(claimed->environment, boundary->environment) != 0)
		return hp_fail(err, HP_REFUSED,
			       "the request is for another environment than the executor's \"%s\"",
			       boundary->environment);
	if (!request->audience || strcmp(request->audience, boundary->audience) != 0)
		return hp_fail(err, HP_REFUSED,
			       "the request is for another audience than the executor's \"%s\"",
			       boundary->audience);
	enum hp_status status =
		check_deed(boundary, "action", request->operation, request->command, err);
	if (status == HP_OK && hp_claimed_has_rollback(claimed))
		status = check_deed(boundary, "rollback",
				    hp_map_get_str(request->rollback, "operation", NULL),
				    hp_map_get(request->rollback, "command"), err);
	return status == HP_OK ? check_env(claimed, boundary, err) : status;
}
