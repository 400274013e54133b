#include "tests/core/vectors.h"

#include "core/claimed.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/msgpack.h"
#include "core/vote.h"

#define INSTANCE "hp.example/log1"
#define ID "01936f2a-7c00-7000-8000-000000000001"

/* People with keys; the last is in nobody's file. */
enum { ANA, ANA2, BEN, EVE, PEOPLE };
static const struct {
	const char *name, *person;
} people[PEOPLE] = {{"ana", "ana"}, {"ana2", "ana"}, {"ben", "ben"}, {"eve", "eve"}};

struct scene {
	struct hp_arena arena;
	uint8_t seeds[PEOPLE][HP_SIGN_SEED_BYTES], keys[PEOPLE][HP_SIGN_PUBLIC_BYTES];
	struct hp_boundary boundary;
	struct hp_value *action, *rollback, *canonical; /* to be changed before `seal` */
	struct hp_value *votes;
	struct hp_str bytes; /* of the canonical form */
	uint8_t salt[HP_SALT_BYTES];
};

static struct hp_value *
words(struct hp_arena *arena, const char *first, const char *second)
{
	struct hp_value *list = hp_value_array(arena);
	hp_array_add(arena, list, hp_value_str(arena, first));
	if (second)
		hp_array_add(arena, list, hp_value_str(arena, second));
	return list;
}

/* A second value of a key is put in the first one's place. */
static void
put(struct scene *scene, struct hp_value *map, const char *key, struct hp_value *value)
{
	for (size_t i = 0; i < map->map.count; i++) {
		if (strcmp(map->map.pairs[i].key.p, key) == 0) {
			map->map.pairs[i].value = value;
			return;
		}
	}
	hp_map_set(&scene->arena, map, key, value);
}

static void
make_boundary(struct scene *scene)
{
	struct hp_buf text = {0};
	struct hp_error err = {0};
	hp_buf_add_text(&text, "environment: production\naudience: executor\n"
			       "operations: [\"shell:*\"]\nprograms: {sh: /bin/sh}\nenv: [COLOUR]\n"
			       "min_votes: {gated: 1, grave: 2, free: 0}\nreviewers:\n");
	for (int i = 0; i < EVE; i++) {
		hp_buf_printf(&text, "  - {name: %s, person: %s, sign_public: \"", people[i].name,
			      people[i].person);
		hp_crypto_add_base64(&text, scene->keys[i], HP_SIGN_PUBLIC_BYTES);
		hp_buf_add_text(&text, "\"}\n");
	}
	cr_assert_eq(hp_boundary_parse(&scene->arena, hp_buf_text(&text), text.len,
				       &scene->boundary, &err),
		     HP_OK, "%s", err.message);
	hp_buf_release(&text);
}

static struct hp_value *
make_canonical(struct hp_arena *arena)
{
	static const char *const absent[] = {
		"arguments", "cwd",	"env",	  "files",	"summary",    "why",	  "alternatives",
		"rollback",  "session", "branch", "confidence", "supersedes", "evidence",
	};
	static const char *const impact[] = {"resources_affected", "cost_usd",	 "downtime_s",
					     "users_affected",	   "reversible", "note"};
	static const uint8_t zero[HP_HASH_BYTES];
	struct hp_value *map = hp_value_map(arena), *of_impact = hp_value_map(arena);
	struct hp_value *slot = hp_value_map(arena), *quorum = hp_value_array(arena);
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		hp_map_set(arena, map, absent[i], hp_value_nil(arena));
	for (size_t i = 0; i < sizeof impact / sizeof impact[0]; i++)
		hp_map_set(arena, of_impact, impact[i], hp_value_nil(arena));
	hp_map_set(arena, slot, "groups", words(arena, "oncall", NULL));
	hp_map_set_int(arena, slot, "count", 1);
	hp_array_add(arena, quorum, slot);
	hp_map_set_int(arena, map, "v", 1);
	hp_map_set_str(arena, map, "instance", INSTANCE);
	hp_map_set_str(arena, map, "id", ID);
	hp_map_set_str(arena, map, "requester", "kiro");
	hp_map_set_str(arena, map, "owner", "dev");
	hp_map_set_str(arena, map, "mode", "autonomous");
	hp_map_set_int(arena, map, "submitted_ms", 1);
	hp_map_set_str(arena, map, "environment", "production");
	hp_map_set(arena, map, "class", hp_value_array(arena));
	hp_map_set_str(arena, map, "tier", "gated");
	hp_map_set_str(arena, map, "effect", "hold");
	hp_map_set_str(arena, map, "operation", "shell:sh");
	hp_map_set(arena, map, "resources", words(arena, "db", NULL));
	hp_map_set(arena, map, "command", words(arena, "sh", "-c"));
	hp_map_set_str(arena, map, "audience", "executor");
	hp_map_set(arena, map, "impact", of_impact);
	hp_map_set(arena, map, "findings", hp_value_array(arena));
	hp_map_set(arena, map, "quorum", quorum);
	hp_map_set_bin(arena, map, "policy", zero, sizeof zero);
	return map;
}

static struct scene *
open_scene(void)
{
	struct scene *scene = calloc(1, sizeof *scene);
	struct hp_arena *arena = &scene->arena;
	cr_assert_eq(hp_crypto_start(), HP_OK);
	for (int i = 0; i < PEOPLE; i++)
		hp_crypto_sign_keypair(scene->seeds[i], scene->keys[i]);
	make_boundary(scene);
	scene->canonical = make_canonical(arena);
	scene->action = hp_value_map(arena);
	hp_map_set_str(arena, scene->action, "operation", "shell:sh");
	hp_map_set_str(arena, scene->action, "environment", "production");
	hp_map_set(arena, scene->action, "resources", words(arena, "db", NULL));
	hp_map_set(arena, scene->action, "command", words(arena, "sh", "-c"));
	hp_map_set_str(arena, scene->action, "audience", "executor");
	scene->rollback = hp_value_nil(arena);
	scene->votes = hp_value_array(arena);
	return scene;
}

static void
close_scene(struct scene *scene)
{
	hp_arena_release(&scene->arena);
	free(scene);
}

/* Puts the action's digest into the canonical form and makes its bytes. */
static void
seal(struct scene *scene)
{
	struct hp_request request = {.action = scene->action};
	struct hp_buf bytes = {0}, canonical = {0};
	uint8_t digest[HP_HASH_BYTES];
	if (scene->rollback->type == HP_MAP)
		request.rollback = scene->rollback;
	cr_assert_eq(hp_request_action_bytes(&request, &bytes), HP_OK);
	hp_request_action_digest(scene->salt, bytes.data, bytes.len, digest);
	put(scene, scene->canonical, "action_digest",
	    hp_value_bin(&scene->arena, digest, sizeof digest));
	cr_assert_eq(hp_msgpack_encode(scene->canonical, &canonical, NULL), HP_OK);
	scene->bytes.p = hp_arena_copy(&scene->arena, canonical.data, canonical.len);
	scene->bytes.len = canonical.len;
	hp_buf_release(&bytes);
	hp_buf_release(&canonical);
}

static struct hp_value *
vote_of(struct scene *scene, int who, bool approve)
{
	struct hp_arena *arena = &scene->arena;
	uint8_t digest[HP_HASH_BYTES], signature[HP_SIGNATURE_BYTES];
	struct hp_buf body = {0};
	hp_request_digest(scene->bytes.p, scene->bytes.len, digest);
	const struct hp_vote vote = {INSTANCE, ID, digest, approve, "fine", people[who].name, 7};
	cr_assert_eq(hp_vote_encode(&vote, &body), HP_OK);
	cr_assert_eq(hp_vote_sign(&vote, scene->seeds[who], signature), HP_OK);
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "by", people[who].name);
	hp_map_set_str(arena, map, "person", people[who].person);
	hp_map_set_bin(arena, map, "body", body.data, body.len);
	hp_map_set_bin(arena, map, "signature", signature, sizeof signature);
	hp_map_set_bin(arena, map, "sign_public", scene->keys[who], HP_SIGN_PUBLIC_BYTES);
	hp_buf_release(&body);
	return map;
}

static enum hp_status
judge(struct scene *scene, struct hp_error *err)
{
	struct hp_arena *arena = &scene->arena;
	struct hp_claimed claimed;
	struct hp_value *reply = hp_value_map(arena);
	hp_map_set_str(arena, reply, "type", "claimed");
	hp_map_set_str(arena, reply, "id", ID);
	hp_map_set_str(arena, reply, "from_a_newer_broker", "is not minded");
	hp_map_set(arena, reply, "action", scene->action);
	hp_map_set(arena, reply, "rollback", scene->rollback);
	hp_map_set_bin(arena, reply, "salt", scene->salt, sizeof scene->salt);
	hp_map_set_bin(arena, reply, "canonical", scene->bytes.p, scene->bytes.len);
	hp_map_set(arena, reply, "votes", scene->votes);
	hp_map_set_int(arena, reply, "lease_ms", 60000);
	enum hp_status status = hp_claimed_open(arena, reply, INSTANCE, &claimed, err);
	if (status == HP_OK)
		status = hp_claimed_check_votes(&claimed, &scene->boundary, INSTANCE, err);
	if (status == HP_OK)
		status = hp_claimed_check_bounds(&claimed, &scene->boundary, err);
	return status;
}

/* --- votes --- */

static const struct {
	const char *name, *tier;
	const char *approve, *deny; /* who: "ab" is ana and ben, 2 ana2, e eve */
	const char *owner;
	int64_t quorum;
	const char *refusal; /* NULL: it may run */
} elections[] = {
	{"one of one", "gated", "a", "", "dev", 1, NULL},
	{"none of one", "gated", "", "", "dev", 1, "0 of 1"},
	{"a stranger", "gated", "e", "", "dev", 1, "0 of 1"},
	{"a stranger beside", "gated", "ea", "", "dev", 1, NULL},
	{"the owner", "gated", "a", "", "ana", 1, "0 of 1"},
	{"the owner by another key", "gated", "2", "", "ana", 1, "0 of 1"},
	{"two keys of one person", "grave", "a2", "", "dev", 1, "1 of 2"},
	{"two persons", "grave", "ab", "", "dev", 1, NULL},
	{"the quorum wants more than the file", "gated", "a", "", "dev", 2, "1 of 2"},
	{"and gets it", "gated", "2b", "", "dev", 2, NULL},
	{"the file wants more than the quorum", "grave", "a", "", "dev", 1, "1 of 2"},
	{"nobody is needed", "free", "", "", "dev", 0, NULL},
	{"but the quorum wants one", "free", "", "", "dev", 1, "0 of 1"},
	{"a deny", "gated", "a", "b", "dev", 1, "voted against"},
	{"a deny where nobody is needed", "free", "", "b", "dev", 0, "voted against"},
	{"a stranger's deny", "gated", "a", "e", "dev", 1, NULL},
	{"a tier that is not named", "other", "ab", "", "dev", 1, "min_votes"},
};

static void
cast(struct scene *scene, const char *who, bool approve)
{
	static const char letters[] = "a2be";
	for (; *who; who++)
		hp_array_add(&scene->arena, scene->votes,
			     vote_of(scene, (int)(strchr(letters, *who) - letters), approve));
}

Test(claimed, persons_of_the_own_file_decide)
{
	for (size_t i = 0; i < sizeof elections / sizeof elections[0]; i++) {
		struct scene *scene = open_scene();
		struct hp_error err = {0};
		struct hp_value *slots = hp_value_array(&scene->arena);
		struct hp_value *slot = hp_value_map(&scene->arena);
		hp_map_set(&scene->arena, slot, "groups", words(&scene->arena, "oncall", NULL));
		hp_map_set_int(&scene->arena, slot, "count", elections[i].quorum);
		if (elections[i].quorum)
			hp_array_add(&scene->arena, slots, slot);
		put(scene, scene->canonical, "quorum", slots);
		put(scene, scene->canonical, "tier",
		    hp_value_str(&scene->arena, elections[i].tier));
		put(scene, scene->canonical, "owner",
		    hp_value_str(&scene->arena, elections[i].owner));
		seal(scene);
		cast(scene, elections[i].approve, true);
		cast(scene, elections[i].deny, false);
		enum hp_status status = judge(scene, &err);
		if (!elections[i].refusal)
			cr_expect_eq(status, HP_OK, "%s: %s", elections[i].name, err.message);
		else
			cr_expect(status != HP_OK && strstr(err.message, elections[i].refusal),
				  "%s: %s", elections[i].name, err.message);
		close_scene(scene);
	}
}

Test(claimed, a_vote_with_any_byte_changed_refuses)
{
	static const char *const parts[] = {"by", "person", "body", "signature", "sign_public"};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct scene *scene = open_scene();
		seal(scene);
		struct hp_value *vote = vote_of(scene, ANA, true);
		/* ben's is enough, and does not help. */
		hp_array_add(&scene->arena, scene->votes, vote_of(scene, BEN, true));
		hp_array_add(&scene->arena, scene->votes, vote);
		const struct hp_value *part = hp_map_get(vote, parts[i]);
		union {
			const char *given;
			char *mine;
		} bytes = {.given = part->str.p};
		for (size_t at = 0; at < part->str.len; at++) {
			bytes.mine[at] ^= 1;
			struct hp_error err = {0};
			cr_expect_eq(judge(scene, &err), HP_BAD_SIGNATURE, "%s, byte %zu: %s",
				     parts[i], at, err.message);
			bytes.mine[at] ^= 1;
		}
		cr_expect_eq(judge(scene, NULL), HP_OK);
		close_scene(scene);
	}
}

/* --- what was shown against what runs --- */

static const struct {
	const char *shown, *real;
	bool same;
} hidings[] = {
	{"abc", "abc", true},
	{"abc", "abd", false},
	{"abc", "abcd", false},
	{"abcd", "abc", false},
	{"[REDACTED:x]", "secret", true},
	{"[REDACTED:x]", "", false},
	{"a [REDACTED:x] b", "a secret b", true},
	{"a [REDACTED:x] b", "a secret c", false},
	{"a [REDACTED:x] b", "a  b", false},
	{"[REDACTED:x][REDACTED:y-2]", "ab", true},
	{"[REDACTED:x][REDACTED:y]", "a", false},
	{"[REDACTED:x]b", "bbab", true},
	{"[REDACTED:x] and [REDACTED:x].", "one and and two.", true},
	{"[REDACTED:]", "secret", false},
	{"[REDACTED:X Y]", "secret", false},
	{"[REDACTED:x", "secret", false},
	{"[REDACTED:x", "[REDACTED:x", true},
	{"", "", true},
	{"", "x", false},
};

Test(claimed, arguments_may_be_hidden_and_nothing_else)
{
	for (size_t i = 0; i < sizeof hidings / sizeof hidings[0]; i++) {
		struct scene *scene = open_scene();
		struct hp_arena *arena = &scene->arena;
		struct hp_value *shown = hp_value_map(arena), *real = hp_value_map(arena);
		struct hp_error err = {0};
		hp_map_set(arena, shown, "k", words(arena, hidings[i].shown, "same"));
		hp_map_set(arena, real, "k", words(arena, hidings[i].real, "same"));
		put(scene, scene->canonical, "arguments", shown);
		put(scene, scene->action, "arguments", real);
		seal(scene);
		cast(scene, "a", true);
		cr_expect_eq(judge(scene, &err), hidings[i].same ? HP_OK : HP_CONFLICT,
			     "\"%s\" \"%s\": %s", hidings[i].shown, hidings[i].real, err.message);
		put(scene, scene->canonical, "arguments", hp_value_nil(arena));
		put(scene, scene->action, "arguments", hp_value_nil(arena));
		put(scene, scene->canonical, "resources", words(arena, "[REDACTED:x]", NULL));
		seal(scene);
		cr_expect_eq(judge(scene, &err), HP_CONFLICT);
		close_scene(scene);
	}
}

/* Arguments as JSON, the way redaction leaves them. */
static const struct {
	const char *shown, *real;
	bool same;
} trees[] = {
	{"{\"k\":\"[REDACTED:x]\"}", "{\"k\":4111111111111111}", true},
	{"{\"k\":\"[REDACTED:x]\"}", "{\"k\":4111.5}", true},
	{"{\"k\":\"to [REDACTED:x]\"}", "{\"k\":4111}", false},
	{"{\"k\":\"[REDACTED:x]\"}", "{\"k\":true}", false},
	{"{\"k\":\"[REDACTED:x]\"}", "{\"k\":null}", false},
	{"{\"k\":\"[REDACTED:x]\"}", "{\"k\":[\"a\"]}", false},
	{"{\"k\":\"[REDACTED:x]\"}", "{\"k\":{\"a\":1}}", false},
	{"{\"k\":\"7\"}", "{\"k\":7}", false},
	{"{\"[REDACTED:x]\":1,\"b\":2}", "{\"b\":2,\"secret\":1}", true},
	{"{\"[REDACTED:x]\":1,\"b\":2}", "{\"b\":2,\"secret\":3}", false},
	{"{\"[REDACTED:x]\":1,\"b\":2}", "{\"b\":1,\"secret\":2}", false},
	{"{\"[REDACTED:x]\":1,\"[REDACTED:x] 2\":2}", "{\"one\":2,\"two\":1}", true},
	{"{\"[REDACTED:x]\":1,\"[REDACTED:x] 2\":2}", "{\"one\":2,\"two\":2}", false},
	{"{\"my [REDACTED:x]\":1}", "{\"my secret\":1}", true},
	{"{\"my [REDACTED:x]\":1}", "{\"a secret\":1}", false},
	{"{\"k 2\":1}", "{\"k\":1}", false},
	{"{\"k\":\"[REDACTED:x]\"}", "{\"k\":7,\"more\":7}", false},
	{"{\"k\":null}", "{\"k\":null}", true},
	{"{\"k\":null}", "{\"other\":7}", false},
	{"[\"[REDACTED:x]\",2]", "[1,2]", true},
	{"[\"[REDACTED:x]\"]", "[1,2]", false},
};

Test(claimed, numbers_and_keys_may_be_hidden_but_no_shape)
{
	for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
		struct scene *scene = open_scene();
		struct hp_arena *arena = &scene->arena;
		struct hp_value *shown = hp_value_map(arena), *real = hp_value_map(arena);
		const struct hp_value *a = NULL, *b = NULL;
		struct hp_error err = {0};
		cr_assert_eq(hp_json_load(arena, trees[i].shown, strlen(trees[i].shown), &a, NULL), HP_OK);
		cr_assert_eq(hp_json_load(arena, trees[i].real, strlen(trees[i].real), &b, NULL), HP_OK);
		hp_map_set(arena, shown, "in", hp_value_copy(arena, a));
		hp_map_set(arena, real, "in", hp_value_copy(arena, b));
		put(scene, scene->canonical, "arguments", shown);
		put(scene, scene->action, "arguments", real);
		seal(scene);
		cast(scene, "a", true);
		cr_expect_eq(judge(scene, &err), trees[i].same ? HP_OK : HP_CONFLICT, "%s %s: %s",
			     trees[i].shown, trees[i].real, err.message);
		close_scene(scene);
	}
}
