#include "tests/core/vectors.h"

#include "core/limits.h"
#include "core/msgpack.h"
#include "core/vote.h"

/* The vote of tests/vectors/trust.json, taken apart by hand. */
struct fixture {
	struct hp_arena arena;
	struct hp_str seed, public_key, body, signature, digest;
	struct hp_vote vote;
};

static struct fixture
load(void)
{
	struct fixture f = {0};
	const struct hp_value *vectors = load_vectors(&f.arena, "vote");
	f.seed = from_hex(&f.arena, hp_map_get_str(vectors, "seed", ""));
	f.public_key = from_hex(&f.arena, hp_map_get_str(vectors, "public", ""));
	f.body = from_hex(&f.arena, hp_map_get_str(vectors, "body_hex", ""));
	f.signature = from_hex(&f.arena, hp_map_get_str(vectors, "signature", ""));
	f.digest = from_hex(&f.arena, hp_map_get_str(load_vectors(&f.arena, "request"), "digest",
						     ""));
	f.vote = (struct hp_vote){
		.instance = "hp.example/log1",
		.request = "01936f2a-7c00-7000-8000-000000000001",
		.digest = (const uint8_t *)f.digest.p,
		.approve = false,
		.reason = "patch the row instead",
		.by = "ana",
		.at_ms = 0x19b76db9260,
	};
	return f;
}

static enum hp_status
verify(const struct fixture *f, const void *body, size_t len, const void *signature)
{
	return hp_vote_verify(body, len, (const uint8_t *)f->public_key.p, signature);
}

Test(vote, body_and_signature_of_the_vector)
{
	struct fixture f = load();
	struct hp_buf body = {0};
	uint8_t signature[HP_SIGNATURE_BYTES];
	cr_assert_eq(hp_vote_encode(&f.vote, &body), HP_OK);
	cr_assert_eq(body.len, f.body.len);
	cr_assert_arr_eq(body.data, f.body.p, body.len);
	cr_assert_eq(hp_vote_sign(&f.vote, (const uint8_t *)f.seed.p, signature), HP_OK);
	cr_assert_arr_eq(signature, f.signature.p, sizeof signature);
	cr_assert_eq(verify(&f, f.body.p, f.body.len, f.signature.p), HP_OK);
	hp_buf_release(&body);
	hp_arena_release(&f.arena);
}

Test(vote, the_vector_reads_as_it_says)
{
	struct fixture f = load();
	struct hp_vote read = {0};
	struct hp_error err = {0};
	cr_assert_eq(hp_vote_decode(&f.arena, f.body.p, f.body.len, &read, &err), HP_OK, "%s",
		     err.message);
	cr_assert_str_eq(read.instance, f.vote.instance);
	cr_assert_str_eq(read.request, f.vote.request);
	cr_assert_arr_eq(read.digest, f.vote.digest, HP_HASH_BYTES);
	cr_assert_not(read.approve);
	cr_assert_str_eq(read.reason, f.vote.reason);
	cr_assert_str_eq(read.by, f.vote.by);
	cr_assert_eq(read.at_ms, f.vote.at_ms);
	hp_arena_release(&f.arena);
}

Test(vote, any_flipped_bit_spoils_it)
{
	struct fixture f = load();
	char *body = hp_arena_copy(&f.arena, f.body.p, f.body.len);
	char *signature = hp_arena_copy(&f.arena, f.signature.p, f.signature.len);
	for (size_t bit = 0; bit < 8 * f.body.len; bit++) {
		body[bit / 8] = (char)(body[bit / 8] ^ 1 << bit % 8);
		cr_assert_eq(verify(&f, body, f.body.len, signature), HP_BAD_SIGNATURE);
		body[bit / 8] = f.body.p[bit / 8];
	}
	for (size_t bit = 0; bit < 8 * f.signature.len; bit++) {
		signature[bit / 8] = (char)(signature[bit / 8] ^ 1 << bit % 8);
		cr_assert_eq(verify(&f, body, f.body.len, signature), HP_BAD_SIGNATURE);
		signature[bit / 8] = f.signature.p[bit / 8];
	}
	for (size_t len = 0; len < f.body.len; len++)
		cr_assert_eq(verify(&f, body, len, signature), HP_BAD_SIGNATURE);
	cr_assert_eq(verify(&f, body, f.body.len, signature), HP_OK);
	hp_arena_release(&f.arena);
}

/* A signature over the bare body, or of another type, is no vote: the type is signed too. */
Test(vote, a_signature_of_another_type_is_refused)
{
	struct fixture f = load();
	const uint8_t *seed = (const uint8_t *)f.seed.p;
	uint8_t signature[HP_SIGNATURE_BYTES];
	struct hp_buf pae = {0};
	hp_crypto_sign(seed, f.body.p, f.body.len, signature);
	cr_assert_eq(verify(&f, f.body.p, f.body.len, signature), HP_BAD_SIGNATURE);
	hp_crypto_pae(&pae, "application/vnd.holdpoint.vote.v2+msgpack", f.body.p, f.body.len);
	hp_crypto_sign(seed, pae.data, pae.len, signature);
	cr_assert_eq(verify(&f, f.body.p, f.body.len, signature), HP_BAD_SIGNATURE);
	hp_buf_release(&pae);
	hp_arena_release(&f.arena);
}

Test(vote, another_persons_key_does_not_verify_it)
{
	struct fixture f = load();
	uint8_t seed[HP_SIGN_SEED_BYTES], public_key[HP_SIGN_PUBLIC_BYTES];
	hp_crypto_sign_keypair(seed, public_key);
	cr_assert_eq(hp_vote_verify(f.body.p, f.body.len, public_key,
				    (const uint8_t *)f.signature.p),
		     HP_BAD_SIGNATURE);
	hp_arena_release(&f.arena);
}

Test(vote, every_truncation_and_addition_is_malformed)
{
	struct fixture f = load();
	struct hp_vote read = {.by = "kept"};
	for (size_t len = 0; len < f.body.len; len++) {
		char *exact = malloc(len ? len : 1);
		memcpy(exact, f.body.p, len);
		enum hp_status status = hp_vote_decode(&f.arena, exact, len, &read, NULL);
		free(exact);
		cr_assert_neq(status, HP_OK, "%zu bytes", len);
	}
	char *longer = hp_arena_alloc(&f.arena, f.body.len + 1);
	memcpy(longer, f.body.p, f.body.len);
	longer[f.body.len] = (char)0xc0;
	cr_assert_neq(hp_vote_decode(&f.arena, longer, f.body.len + 1, &read, NULL), HP_OK);
	cr_assert_str_eq(read.by, "kept");
	hp_arena_release(&f.arena);
}

/* A whole vote as a map, to be spoilt in one place. */
static struct hp_value *
vote_map(struct fixture *f)
{
	const struct hp_value *map;
	cr_assert_eq(hp_msgpack_decode(&f->arena, f->body.p, f->body.len, &map, NULL), HP_OK);
	return hp_value_copy(&f->arena, map);
}

/* Replaces `key` (or adds it; NULL drops it) and expects the vote to be refused for it. */
static void
assert_refused(const char *key, struct hp_value *(*make)(struct hp_arena *))
{
	struct fixture f = load();
	struct hp_value *map = vote_map(&f), *spoilt = hp_value_map(&f.arena);
	struct hp_buf body = {0};
	struct hp_error err = {0};
	struct hp_vote read = {.by = "kept"};
	for (size_t i = 0; i < map->map.count; i++)
		if (strcmp(map->map.pairs[i].key.p, key) != 0)
			hp_map_set(&f.arena, spoilt, map->map.pairs[i].key.p,
				   map->map.pairs[i].value);
	if (make)
		hp_map_set(&f.arena, spoilt, key, make(&f.arena));
	cr_assert_eq(hp_msgpack_encode(spoilt, &body, NULL), HP_OK);
	cr_assert_eq(hp_vote_decode(&f.arena, body.data, body.len, &read, &err), HP_INVALID, "%s",
		     key);
	cr_assert_not_null(strstr(err.message, key), "%s: %s", key, err.message);
	cr_assert_str_eq(read.by, "kept");
	hp_buf_release(&body);
	hp_arena_release(&f.arena);
}

static struct hp_value *
nil(struct hp_arena *arena)
{
	return hp_value_nil(arena);
}

static struct hp_value *
number(struct hp_arena *arena)
{
	return hp_value_int(arena, 2);
}

static struct hp_value *
negative(struct hp_arena *arena)
{
	return hp_value_int(arena, -1);
}

static struct hp_value *
empty(struct hp_arena *arena)
{
	return hp_value_str(arena, "");
}

static struct hp_value *
with_nul(struct hp_arena *arena)
{
	return hp_value_strn(arena, "ana\0bert", 8);
}

static struct hp_value *
word(struct hp_arena *arena)
{
	return hp_value_str(arena, "approved");
}

static struct hp_value *
short_bin(struct hp_arena *arena)
{
	return hp_value_bin(arena, "0123456789012345678901234567890", 31);
}

static struct hp_value *
long_reason(struct hp_arena *arena)
{
	return hp_value_strn(arena, hp_arena_alloc(arena, HP_LIMIT_REASON_BYTES + 1),
			     HP_LIMIT_REASON_BYTES + 1);
}

Test(vote, anything_but_exactly_its_eight_fields_is_malformed)
{
	static const struct {
		const char *key;
		struct hp_value *(*make)(struct hp_arena *);
	} cases[] = {
		{"v", NULL},	      {"v", nil},	   {"v", number},
		{"instance", NULL},   {"instance", nil},   {"instance", empty},
		{"instance", number}, {"instance", with_nul},
		{"request", NULL},    {"request", empty},  {"request", with_nul},
		{"digest", NULL},     {"digest", nil},	   {"digest", short_bin},
		{"digest", word},     {"decision", NULL},  {"decision", word},
		{"decision", empty},  {"decision", number}, {"reason", NULL},
		{"reason", nil},      {"reason", number},  {"reason", with_nul},
		{"reason", long_reason}, {"by", NULL},	   {"by", empty},
		{"by", with_nul},     {"by", number},	   {"at_ms", NULL},
		{"at_ms", negative},  {"at_ms", word},	   {"extra", number},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(cases[i].key, cases[i].make);
}

Test(vote, a_body_that_is_not_canonical_is_malformed)
{
	struct fixture f = load();
	struct hp_vote read;
	/* The same map with its first pair's value, `at_ms`, as a signed number. */
	char *body = hp_arena_copy(&f.arena, f.body.p, f.body.len);
	cr_assert_eq((unsigned char)body[7], 0xcf);
	body[7] = (char)0xd3;
	cr_assert_eq(hp_vote_decode(&f.arena, body, f.body.len, &read, NULL), HP_INVALID);
	cr_assert_eq(hp_vote_decode(&f.arena, "\x90", 1, &read, NULL), HP_INVALID);
	cr_assert_eq(hp_vote_decode(&f.arena, "\x80", 1, &read, NULL), HP_INVALID);
	hp_arena_release(&f.arena);
}

/* What a reader would refuse is not signed either. */
Test(vote, a_vote_that_nobody_would_read_is_not_made)
{
	struct fixture f = load();
	const struct hp_vote good = f.vote;
	struct hp_buf buf = {0};
	uint8_t signature[HP_SIGNATURE_BYTES] = {9};
	const char *long_name = hp_arena_printf(&f.arena, "%0*d", HP_LIMIT_NAME_BYTES + 1, 0);
	struct hp_vote bad[8];
	for (size_t i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].instance = "";
	bad[1].request = "";
	bad[2].by = "";
	bad[3].by = NULL;
	bad[4].reason = NULL;
	bad[5].at_ms = -1;
	bad[6].by = long_name;
	bad[7].reason = "\xff";
	for (size_t i = 0; i < 8; i++) {
		cr_assert_eq(hp_vote_encode(&bad[i], &buf), HP_INVALID, "case %zu", i);
		cr_assert_eq(hp_vote_sign(&bad[i], (const uint8_t *)f.seed.p, signature),
			     HP_INVALID, "case %zu", i);
	}
	cr_assert_eq(signature[0], 9);
	cr_assert_eq(hp_vote_encode(&good, &buf), HP_OK);
	hp_buf_release(&buf);
	hp_arena_release(&f.arena);
}

Test(vote, an_approval_goes_there_and_back)
{
	struct fixture f = load();
	struct hp_buf buf = {0};
	struct hp_vote read = {0};
	f.vote.approve = true;
	f.vote.reason = "";
	f.vote.at_ms = INT64_MAX;
	cr_assert_eq(hp_vote_encode(&f.vote, &buf), HP_OK);
	cr_assert_eq(hp_vote_decode(&f.arena, buf.data, buf.len, &read, NULL), HP_OK);
	cr_assert(read.approve);
	cr_assert_str_eq(read.reason, "");
	cr_assert_eq(read.at_ms, INT64_MAX);
	hp_buf_reset(&buf);
	f.vote.at_ms = 0;
	cr_assert_eq(hp_vote_encode(&f.vote, &buf), HP_OK);
	cr_assert_eq(hp_vote_decode(&f.arena, buf.data, buf.len, &read, NULL), HP_OK);
	cr_assert_eq(read.at_ms, 0);
	hp_buf_release(&buf);
	hp_arena_release(&f.arena);
}
