#include "tests/core/vectors.h"

#include "core/checkpoint.h"
#include "core/msgpack.h"

struct fixture {
	struct hp_arena arena;
	struct hp_str body, salt, bytes, digest;
	const char *hash;
	struct hp_leaf leaf;
};

/* The leaf of tests/vectors/trust.json, taken apart by hand. */
static struct fixture
load(void)
{
	static const uint8_t boot_id[16];
	struct fixture f = {0};
	const struct hp_value *vectors = load_vectors(&f.arena, "leaf");
	f.body = from_hex(&f.arena, hp_map_get_str(vectors, "body_hex", ""));
	f.salt = from_hex(&f.arena, hp_map_get_str(vectors, "salt", ""));
	f.bytes = from_hex(&f.arena, hp_map_get_str(vectors, "leaf_hex", ""));
	f.hash = hp_map_get_str(vectors, "leaf_hash", "");
	f.digest = from_hex(&f.arena, hp_map_get_str(load_vectors(&f.arena, "request"), "digest",
						     ""));
	f.leaf = (struct hp_leaf){
		.seq = 8,
		.wall_ms = 0x19b76db9260,
		.boot_id = boot_id,
		.boottime_ms = 123456,
		.event = "request.denied",
		.actor = "ana",
		.request = "01936f2a-7c00-7000-8000-000000000001",
		.digest = (const uint8_t *)f.digest.p,
	};
	hp_leaf_body_hash((const uint8_t *)f.salt.p, f.body.p, f.body.len, f.leaf.body_hash);
	return f;
}

Test(leaf, bytes_and_hash_of_the_vector)
{
	struct fixture f = load();
	struct hp_buf bytes = {0}, text = {0};
	struct hp_hash hash;
	cr_assert_eq(hp_leaf_encode(&f.leaf, &bytes), HP_OK);
	cr_assert_eq(bytes.len, f.bytes.len);
	cr_assert_arr_eq(bytes.data, f.bytes.p, bytes.len);
	hp_merkle_leaf_hash(bytes.data, bytes.len, &hash);
	hp_buf_add_hex(&text, hash.bytes, sizeof hash.bytes);
	cr_assert_str_eq(hp_buf_text(&text), f.hash);
	hp_buf_release(&bytes);
	hp_buf_release(&text);
	hp_arena_release(&f.arena);
}

Test(leaf, the_vector_reads_as_it_says)
{
	struct fixture f = load();
	struct hp_leaf read = {0};
	struct hp_error err = {0};
	cr_assert_eq(hp_leaf_decode(&f.arena, f.bytes.p, f.bytes.len, &read, &err), HP_OK, "%s",
		     err.message);
	cr_assert_eq(read.seq, 8);
	cr_assert_eq(read.wall_ms, f.leaf.wall_ms);
	cr_assert_arr_eq(read.boot_id, f.leaf.boot_id, 16);
	cr_assert_eq(read.boottime_ms, 123456);
	cr_assert_str_eq(read.event, "request.denied");
	cr_assert_str_eq(read.actor, "ana");
	cr_assert_str_eq(read.request, f.leaf.request);
	cr_assert_arr_eq(read.digest, f.leaf.digest, HP_HASH_BYTES);
	cr_assert_arr_eq(read.body_hash, f.leaf.body_hash, HP_HASH_BYTES);
	hp_arena_release(&f.arena);
}

/* A changed byte never reads as the same leaf: it is refused, or it is another leaf. */
Test(leaf, no_two_byte_strings_are_one_leaf)
{
	struct fixture f = load();
	char *bytes = hp_arena_copy(&f.arena, f.bytes.p, f.bytes.len);
	for (size_t bit = 0; bit < 8 * f.bytes.len; bit++) {
		struct hp_arena arena = {0};
		struct hp_leaf read;
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		if (hp_leaf_decode(&arena, bytes, f.bytes.len, &read, NULL) == HP_OK) {
			struct hp_buf again = {0};
			cr_assert_eq(hp_leaf_encode(&read, &again), HP_OK);
			cr_assert_eq(again.len, f.bytes.len);
			cr_assert_arr_eq(again.data, bytes, again.len);
			hp_buf_release(&again);
		}
		bytes[bit / 8] = f.bytes.p[bit / 8];
		hp_arena_release(&arena);
	}
	for (size_t len = 0; len < f.bytes.len; len++) {
		struct hp_leaf read;
		char *exact = malloc(len ? len : 1);
		memcpy(exact, f.bytes.p, len);
		enum hp_status status = hp_leaf_decode(&f.arena, exact, len, &read, NULL);
		free(exact);
		cr_assert_neq(status, HP_OK, "%zu bytes", len);
	}
	hp_arena_release(&f.arena);
}

Test(leaf, the_first_leaf_of_all_may_be_all_zero)
{
	struct fixture f = load();
	struct hp_buf bytes = {0};
	struct hp_leaf read = {.seq = 9};
	f.leaf.seq = 0;
	f.leaf.wall_ms = 0;
	f.leaf.boottime_ms = 0;
	cr_assert_eq(hp_leaf_encode(&f.leaf, &bytes), HP_OK);
	cr_assert_eq(hp_leaf_decode(&f.arena, bytes.data, bytes.len, &read, NULL), HP_OK);
	cr_assert(read.seq == 0 && read.wall_ms == 0 && read.boottime_ms == 0);
	hp_buf_release(&bytes);
	hp_arena_release(&f.arena);
}

Test(leaf, without_a_request_there_is_no_id_and_no_digest)
{
	struct fixture f = load();
	struct hp_buf bytes = {0};
	struct hp_leaf read = {0};
	f.leaf.request = "";
	f.leaf.digest = NULL;
	f.leaf.seq = INT64_MAX;
	cr_assert_eq(hp_leaf_encode(&f.leaf, &bytes), HP_OK);
	cr_assert_eq(hp_leaf_decode(&f.arena, bytes.data, bytes.len, &read, NULL), HP_OK);
	cr_assert_str_eq(read.request, "");
	cr_assert_null(read.digest);
	cr_assert_eq(read.seq, INT64_MAX);
	hp_buf_release(&bytes);
	hp_arena_release(&f.arena);
}

/* One item of the leaf, made otherwise. */
static struct hp_value *
item(struct hp_arena *arena, const char *kind)
{
	static const char zeros[64];
	switch (kind[0]) {
	case 'n':
		return hp_value_nil(arena);
	case 'e':
		return hp_value_str(arena, "");
	case '0':
		return hp_value_strn(arena, "a\0b", 3);
	case '-':
		return hp_value_int(arena, -1);
	case 'u':
		return hp_value_uint(arena, UINT64_MAX);
	case 's':
		return hp_value_str(arena, "holdpoint/leaf/v2");
	default:
		return hp_value_bin(arena, zeros, strtoul(kind, NULL, 10));
	}
}

Test(leaf, every_item_must_be_what_it_is)
{
	/* By item: what must not stand there. */
	static const char *const cases[][6] = {
		{"nil", "empty", "0", "-1", "str", "16"},  /* the type */
		{"nil", "empty", "-1", "uint", "16"},	   /* seq */
		{"nil", "empty", "-1", "uint", "16"},	   /* wall_ms */
		{"nil", "empty", "-1", "15", "17", "32"},  /* boot_id */
		{"nil", "empty", "-1", "uint", "16"},	   /* boottime_ms */
		{"nil", "empty", "0", "-1", "16"},	   /* event */
		{"nil", "empty", "0", "-1", "16"},	   /* actor */
		{"nil", "0", "-1", "16"},		   /* request */
		{"empty", "-1", "16", "31", "33"},	   /* digest */
		{"nil", "empty", "-1", "16", "31", "33"},  /* body hash */
	};
	static const char *const names[] = {"'type'", "'seq'", "'wall_ms'", "'boot_id'",
					    "'boottime_ms'", "'event'", "'actor'", "'request'",
					    "'digest'", "'body_hash'"};
	struct fixture f = load();
	for (size_t i = 0; i < 10; i++) {
		for (size_t j = 0; j < 6 && cases[i][j]; j++) {
			const struct hp_value *list;
			struct hp_buf bytes = {0};
			struct hp_leaf read = {.event = "kept"};
			struct hp_error err = {0};
			cr_assert_eq(hp_msgpack_decode(&f.arena, f.bytes.p, f.bytes.len, &list,
						       NULL), HP_OK);
			struct hp_value *spoilt = hp_value_copy(&f.arena, list);
			spoilt->array.items[i] = item(&f.arena, cases[i][j]);
			cr_assert_eq(hp_msgpack_encode(spoilt, &bytes, NULL), HP_OK);
			cr_assert_eq(hp_leaf_decode(&f.arena, bytes.data, bytes.len, &read, &err),
				     HP_INVALID, "item %zu as %s", i, cases[i][j]);
			cr_assert_not_null(strstr(err.message, names[i]), "%s", err.message);
			cr_assert_str_eq(read.event, "kept");
			hp_buf_release(&bytes);
		}
	}
	hp_arena_release(&f.arena);
}

Test(leaf, a_longer_or_shorter_list_or_a_map_is_no_leaf)
{
	struct fixture f = load();
	const struct hp_value *list;
	struct hp_leaf read;
	cr_assert_eq(hp_msgpack_decode(&f.arena, f.bytes.p, f.bytes.len, &list, NULL), HP_OK);
	for (int extra = -1; extra <= 1; extra += 2) {
		struct hp_value *spoilt = hp_value_copy(&f.arena, list);
		struct hp_buf bytes = {0};
		if (extra > 0)
			hp_array_add(&f.arena, spoilt, hp_value_nil(&f.arena));
		else
			spoilt->array.count--;
		cr_assert_eq(hp_msgpack_encode(spoilt, &bytes, NULL), HP_OK);
		cr_assert_eq(hp_leaf_decode(&f.arena, bytes.data, bytes.len, &read, NULL),
			     HP_INVALID);
		hp_buf_release(&bytes);
	}
	cr_assert_eq(hp_leaf_decode(&f.arena, "\x80", 1, &read, NULL), HP_INVALID);
	hp_arena_release(&f.arena);
}

Test(leaf, a_leaf_that_nobody_would_read_is_not_written)
{
	struct fixture f = load();
	struct hp_buf bytes = {0};
	struct hp_leaf bad[7];
	for (size_t i = 0; i < 7; i++)
		bad[i] = f.leaf;
	bad[0].seq = (uint64_t)INT64_MAX + 1;
	bad[1].wall_ms = -1;
	bad[2].boottime_ms = -1;
	bad[3].event = "";
	bad[4].actor = "";
	bad[5].request = NULL;
	bad[6].actor = "\xff";
	for (size_t i = 0; i < 7; i++)
		cr_assert_eq(hp_leaf_encode(&bad[i], &bytes), HP_INVALID, "case %zu", i);
	cr_assert_eq(bytes.len, 0);
	hp_buf_release(&bytes);
	hp_arena_release(&f.arena);
}

/* Salt and body are hashed as one: neither can be guessed without the other. */
Test(leaf, body_hash_covers_salt_and_body)
{
	struct fixture f = load();
	uint8_t hash[HP_HASH_BYTES];
	char *salt = hp_arena_copy(&f.arena, f.salt.p, f.salt.len);
	char *body = hp_arena_copy(&f.arena, f.body.p, f.body.len);
	salt[31] ^= 1;
	hp_leaf_body_hash((const uint8_t *)salt, body, f.body.len, hash);
	cr_assert_neq(memcmp(hash, f.leaf.body_hash, sizeof hash), 0);
	salt[31] ^= 1;
	body[0] ^= 1;
	hp_leaf_body_hash((const uint8_t *)salt, body, f.body.len, hash);
	cr_assert_neq(memcmp(hash, f.leaf.body_hash, sizeof hash), 0);
	hp_arena_release(&f.arena);
}
