#include "tests/core/vectors.h"

#include "core/checkpoint.h"
#include "tests/core/memory_tree.h"

/* The checkpoint of tests/vectors/trust.json over the tree of its eight leaves. */
struct fixture {
	struct hp_arena arena;
	const char *origin, *text, *vkey, *proof;
	const uint8_t *seed;
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
	struct memory_tree tree;
	struct hp_hash root;
};

static struct fixture *
load(void)
{
	struct fixture *f = calloc(1, sizeof *f);
	cr_assert_not_null(f);
	const struct hp_value *vectors = load_vectors(&f->arena, "checkpoint");
	const struct hp_value *leaves =
		hp_map_get(load_vectors(&f->arena, "rfc6962"), "leaves");
	f->origin = hp_map_get_str(vectors, "instance", "");
	f->text = hp_map_get_str(vectors, "text", "");
	f->vkey = hp_map_get_str(vectors, "verifier_key", "");
	f->proof = load_vectors(&f->arena, "proof_5")->str.p;
	f->seed = (const uint8_t *)from_hex(&f->arena, hp_map_get_str(vectors, "seed", "")).p;
	hp_crypto_sign_public(f->seed, f->public_key);
	for (size_t i = 0; i < hp_value_count(leaves); i++) {
		struct hp_str leaf = from_hex(&f->arena, hp_array_get(leaves, i)->str.p);
		cr_assert_eq(memory_tree_add(&f->tree, leaf.p, leaf.len), HP_OK);
	}
	cr_assert_eq(hp_merkle_root(8, memory_tree_get, &f->tree, &f->root), HP_OK);
	return f;
}

static void
unload(struct fixture *f)
{
	hp_arena_release(&f->arena);
	free(f);
}

static enum hp_status
verify(const struct fixture *f, const char *text, size_t len, struct hp_error *err)
{
	struct hp_checkpoint read = {.size = 77};
	char *exact = malloc(len ? len : 1); /* so that the sanitizer sees a byte too many */
	memcpy(exact, text, len);
	enum hp_status status =
		hp_checkpoint_verify(exact, len, f->origin, f->public_key, &read, err);
	free(exact);
	cr_assert_eq(read.size, status ? 77 : 8);
	return status;
}

Test(checkpoint, text_of_the_vector)
{
	struct fixture *f = load();
	struct hp_checkpoint read = {0}, made = {f->origin, 8, f->root};
	struct hp_buf text = {0};
	struct hp_error err = {0};
	hp_checkpoint_sign(&text, &made, f->seed);
	cr_assert_str_eq(hp_buf_text(&text), f->text);
	cr_assert_eq(hp_checkpoint_verify(f->text, strlen(f->text), f->origin, f->public_key,
					  &read, &err),
		     HP_OK, "%s", err.message);
	cr_assert_eq(read.origin, f->origin);
	cr_assert_eq(read.size, 8);
	cr_assert_arr_eq(read.root.bytes, f->root.bytes, HP_HASH_BYTES);
	hp_buf_release(&text);
	unload(f);
}

Test(checkpoint, any_flipped_bit_or_cut_is_refused)
{
	struct fixture *f = load();
	size_t len = strlen(f->text);
	char *text = hp_arena_strdup(&f->arena, f->text);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		enum hp_status status = verify(f, text, len, NULL);
		cr_assert(status == HP_INVALID || status == HP_BAD_SIGNATURE, "bit %zu", bit);
		text[bit / 8] = f->text[bit / 8];
	}
	for (size_t cut = 0; cut < len; cut++)
		cr_assert_eq(verify(f, text, cut, NULL), HP_INVALID, "%zu bytes", cut);
	cr_assert_eq(verify(f, text, len, NULL), HP_OK);
	unload(f);
}

#define ROOT "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
#define SIG                                                                                       \
	"wBTljuFV9Z3zdqzriRhhQJfLdJZyCETLWxh/Wgg6JP6zPhxLL3xpAMUjhw6wo3MR85BP/699/"               \
	"OzQmLrK1JkSDUteNAA="
#define LINE "\xe2\x80\x94 hp.example/log1 " SIG "\n"

/* Every line of it said in another way; the signature is checked last, so the line comes out. */
Test(checkpoint, another_form_is_refused_with_its_line)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{"", 1},
		{"\n8\n" ROOT "\n\n" LINE, 1},
		{"hp example\n8\n" ROOT "\n\n" LINE, 1},
		{"hp.example/log1", 1},
		{"hp.example/log1\n", 2},
		{"hp.example/log1\n\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n08\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n+8\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n-8\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n 8\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n8\r\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n0x8\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n4611686018427387905\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n18446744073709551624\n" ROOT "\n\n" LINE, 2},
		{"hp.example/log1\n8\n" ROOT, 3},
		{"hp.example/log1\n8\n\n\n" LINE, 3},
		{"hp.example/log1\n8\n" ROOT "A\n\n" LINE, 3},
		{"hp.example/log1\n8\nAAAA\n\n" LINE, 3},
		{"hp.example/log1\n8\n" ROOT "\n", 4},
		{"hp.example/log1\n8\n" ROOT "\nextension\n\n" LINE, 4},
		{"hp.example/log1\n8\n" ROOT "\n" LINE, 4},
		{"hp.example/log1\n8\n" ROOT "\n\n", 5},
		{"hp.example/log1\n8\n" ROOT "\n\n- hp.example/log1 " SIG "\n", 5},
		{"hp.example/log1\n8\n" ROOT "\n\n\xe2\x80\x94 hp.example/log2 " SIG "\n", 5},
		{"hp.example/log1\n8\n" ROOT "\n\n\xe2\x80\x94 hp.example/log1  " SIG "\n", 5},
		{"hp.example/log1\n8\n" ROOT "\n\n\xe2\x80\x94 hp.example/log1 AAAA\n", 5},
		{"hp.example/log1\n8\n" ROOT "\n\n\xe2\x80\x94 hp.example/log1 " SIG, 5},
		{"hp.example/log1\n8\n" ROOT "\n\n" LINE LINE, 6},
		{"hp.example/log1\n8\n" ROOT "\n\n" LINE "\n", 6},
	};
	struct fixture *f = load();
	cr_assert_str_eq(f->text, "hp.example/log1\n8\n" ROOT "\n\n" LINE);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_error err = {0};
		cr_assert_eq(verify(f, cases[i].text, strlen(cases[i].text), &err), HP_INVALID,
			     "case %zu", i);
		cr_assert_eq(err.line, cases[i].line, "case %zu: %s", i, err.message);
	}
	unload(f);
}

Test(checkpoint, another_log_key_or_tree_is_a_bad_signature)
{
	struct fixture *f = load();
	struct hp_checkpoint read;
	struct hp_error err = {0};
	uint8_t seed[HP_SIGN_SEED_BYTES], public_key[HP_SIGN_PUBLIC_BYTES];
	size_t len = strlen(f->text);
	hp_crypto_sign_keypair(seed, public_key);
	cr_assert_eq(hp_checkpoint_verify(f->text, len, f->origin, public_key, &read, &err),
		     HP_BAD_SIGNATURE);
	cr_assert_not_null(strstr(err.message, "another key"));
	cr_assert_eq(hp_checkpoint_verify(f->text, len, "hp.example/log2", f->public_key, &read,
					  &err),
		     HP_BAD_SIGNATURE);
	cr_assert_not_null(strstr(err.message, "another log"));
	static const char larger[] = "hp.example/log1\n9\n" ROOT "\n\n" LINE;
	cr_assert_eq(verify(f, larger, strlen(larger), &err), HP_BAD_SIGNATURE);
	cr_assert_not_null(strstr(err.message, "does not verify"));
	unload(f);
}

Test(checkpoint, sizes_go_there_and_back)
{
	static const uint64_t sizes[] = {0, 1, 9, 10, 4294967296, HP_MERKLE_SIZE_MAX};
	struct fixture *f = load();
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct hp_checkpoint made = {f->origin, sizes[i], f->root}, read = {0};
		struct hp_buf text = {0};
		hp_checkpoint_sign(&text, &made, f->seed);
		cr_assert_eq(hp_checkpoint_verify(hp_buf_text(&text), text.len, f->origin,
						  f->public_key, &read, NULL),
			     HP_OK);
		cr_assert_eq(read.size, sizes[i]);
		hp_buf_release(&text);
	}
	unload(f);
}

Test(checkpoint, verifier_key_of_the_vector)
{
	struct fixture *f = load();
	struct hp_buf vkey = {0};
	const char *origin;
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
	struct hp_error err = {0};
	hp_checkpoint_add_vkey(&vkey, f->origin, f->public_key);
	cr_assert_str_eq(hp_buf_text(&vkey), f->vkey);
	cr_assert_eq(hp_checkpoint_parse_vkey(&f->arena, f->vkey, &origin, public_key, &err),
		     HP_OK, "%s", err.message);
	cr_assert_str_eq(origin, f->origin);
	cr_assert_arr_eq(public_key, f->public_key, sizeof public_key);
	hp_buf_release(&vkey);
	unload(f);
}

Test(checkpoint, any_changed_character_spoils_a_verifier_key)
{
	struct fixture *f = load();
	char *vkey = hp_arena_strdup(&f->arena, f->vkey);
	size_t len = strlen(vkey);
	for (size_t at = 0; at < len; at++) {
		for (int byte = 1; byte < 256; byte++) {
			const char *origin = "kept";
			uint8_t public_key[HP_SIGN_PUBLIC_BYTES] = {9};
			vkey[at] = (char)byte;
			bool same = vkey[at] == f->vkey[at];
			cr_assert_eq(hp_checkpoint_parse_vkey(&f->arena, vkey, &origin,
							      public_key, NULL),
				     same ? HP_OK : HP_INVALID, "byte %d at %zu", byte, at);
			cr_assert(same || (strcmp(origin, "kept") == 0 && public_key[0] == 9));
		}
		vkey[at] = f->vkey[at];
	}
	for (size_t cut = 0; cut < len; cut++) {
		const char *origin;
		uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
		char *part = hp_arena_copy(&f->arena, f->vkey, cut);
		cr_assert_eq(hp_checkpoint_parse_vkey(&f->arena, part, &origin, public_key, NULL),
			     HP_INVALID, "%zu characters", cut);
	}
	unload(f);
}

/* What signed-note allows as a name, in keys and in checkpoints that are otherwise right. */
Test(checkpoint, an_origin_has_no_space_no_plus_and_no_control)
{
	static const struct {
		const char *origin;
		bool good;
	} cases[] = {
		{"a", true}, {"hp.example/prod", true}, {"h\xc3\xa4", true}, {"", false},
		{" a", false}, {"a b", false}, {"a ", false}, {"+a", false}, {"a+b", false},
		{"a\tb", false}, {"a\x7f", false}, {"\r", false}, {"a\r", false},
	};
	struct fixture *f = load();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_checkpoint made = {cases[i].origin, 8, f->root}, read;
		struct hp_buf text = {0}, vkey = {0};
		const char *origin;
		uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
		hp_checkpoint_sign(&text, &made, f->seed);
		cr_assert_eq(hp_checkpoint_verify(hp_buf_text(&text), text.len, cases[i].origin,
						  f->public_key, &read, NULL),
			     cases[i].good ? HP_OK : HP_INVALID, "case %zu", i);
		hp_checkpoint_add_vkey(&vkey, cases[i].origin, f->public_key);
		cr_assert_eq(hp_checkpoint_parse_vkey(&f->arena, hp_buf_text(&vkey), &origin,
						      public_key, NULL),
			     cases[i].good ? HP_OK : HP_INVALID, "case %zu", i);
		hp_buf_release(&text);
		hp_buf_release(&vkey);
	}
	unload(f);
}

/* golang.org/x/mod/sumdb/note: its documented key verifies its documented note. */
Test(checkpoint, keys_are_those_of_go_notes)
{
	static const char vkey[] =
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	struct fixture *f = load();
	const struct hp_value *vectors = load_vectors(&f->arena, "go_note");
	const char *text = hp_map_get_str(vectors, "text", ""), *origin;
	const char *line = strrchr(hp_map_get_str(vectors, "line", ""), ' ');
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES], signature[4 + HP_SIGNATURE_BYTES];
	cr_assert_not_null(line);
	cr_assert_eq(hp_checkpoint_parse_vkey(&f->arena, vkey, &origin, public_key, NULL), HP_OK);
	cr_assert_str_eq(origin, hp_map_get_str(vectors, "seed_verifier", ""));
	size_t len = strcspn(line + 1, "\n");
	cr_assert_eq(hp_crypto_base64(line + 1, len, signature, sizeof signature), HP_OK);
	cr_assert_arr_eq(signature, "\xc7\x4f\x20\xa3", 4);
	cr_assert_eq(hp_crypto_verify(public_key, text, strlen(text), signature + 4), HP_OK);
	unload(f);
}

static enum hp_status
verify_proof(const struct fixture *f, const char *text, size_t len, uint64_t leaf,
	     struct hp_error *err)
{
	struct hp_checkpoint read = {.size = 77};
	uint64_t index = 77;
	char *exact = malloc(len ? len : 1);
	memcpy(exact, text, len);
	enum hp_status status = hp_checkpoint_verify_proof(
		exact, len, f->origin, f->public_key, &f->tree.hashes[hp_merkle_index(0, leaf)],
		&index, &read, err);
	free(exact);
	cr_assert_eq(read.size, status ? 77 : 8);
	cr_assert(status ? index == 77 : index == leaf);
	return status;
}

Test(checkpoint, proof_of_the_vector)
{
	struct fixture *f = load();
	struct hp_hash proof[HP_MERKLE_PROOF_MAX];
	struct hp_error err = {0};
	size_t count;
	for (uint64_t leaf = 0; leaf < 8; leaf++) {
		struct hp_buf text = {0};
		cr_assert_eq(hp_merkle_inclusion(leaf, 8, memory_tree_get, &f->tree, proof,
						 &count), HP_OK);
		hp_checkpoint_add_proof(&text, leaf, proof, count, f->text);
		if (leaf == 5)
			cr_assert_str_eq(hp_buf_text(&text), f->proof);
		for (uint64_t other = 0; other < 8; other++)
			cr_assert_eq(verify_proof(f, hp_buf_text(&text), text.len, other, &err),
				     other == leaf ? HP_OK : HP_BAD_SIGNATURE, "%s", err.message);
		hp_buf_release(&text);
	}
	unload(f);
}

Test(checkpoint, any_flipped_bit_or_cut_spoils_a_proof)
{
	struct fixture *f = load();
	size_t len = strlen(f->proof);
	char *text = hp_arena_strdup(&f->arena, f->proof);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		enum hp_status status = verify_proof(f, text, len, 5, NULL);
		cr_assert(status == HP_INVALID || status == HP_BAD_SIGNATURE, "bit %zu", bit);
		text[bit / 8] = f->proof[bit / 8];
	}
	for (size_t cut = 0; cut < len; cut++)
		cr_assert_eq(verify_proof(f, text, cut, 5, NULL), HP_INVALID, "%zu bytes", cut);
	cr_assert_eq(verify_proof(f, text, len, 5, NULL), HP_OK);
	unload(f);
}

Test(checkpoint, another_form_of_a_proof_is_refused_with_its_line)
{
	struct fixture *f = load();
	const char *rest = strstr(f->proof, "index 5\n");
	const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{hp_arena_printf(&f->arena, "c2sp.org/tlog-proof@v2\n%s", rest), 1},
		{hp_arena_printf(&f->arena, "c2sp.org/tlog-proof@v1\nextra AAAA\n%s", rest), 2},
		{hp_arena_printf(&f->arena, "c2sp.org/tlog-proof@v1\nindex 05\n%s", rest + 8), 2},
		{hp_arena_printf(&f->arena, "c2sp.org/tlog-proof@v1\nindex 5\nAAAA\n%s", rest + 8),
		 3},
		{hp_arena_printf(&f->arena, "%sx", f->proof), 12},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_error err = {0};
		cr_assert_eq(verify_proof(f, cases[i].text, strlen(cases[i].text), 5, &err),
			     HP_INVALID, "case %zu", i);
		cr_assert_eq(err.line, cases[i].line, "case %zu: %s", i, err.message);
	}
	struct hp_buf endless = {0};
	hp_buf_add_text(&endless, "c2sp.org/tlog-proof@v1\nindex 5\n");
	for (unsigned i = 0; i < HP_MERKLE_PROOF_MAX + 1; i++)
		hp_buf_add_text(&endless, ROOT "\n");
	cr_assert_eq(verify_proof(f, hp_buf_text(&endless), endless.len, 5, NULL), HP_INVALID);
	hp_buf_release(&endless);
	unload(f);
}

/* What an anchor file holds comes out one by one; what was torn off or written between is passed. */
Test(checkpoint, an_anchor_file_is_read_whatever_stands_between)
{
	struct fixture *f = load();
	static const struct {
		const char *format;
		size_t found, skipped;
	} cases[] = {
		{"", 0, 0},
		{"%s\n", 1, 0},
		{"%s", 1, 0},
		{"%s\n%s\n", 2, 0},
		{"# rotated\n%s\n%s\n", 2, 1},
		{"%s\norigin\n7\nAAAA\n%s\n", 2, 3},
		{"%s\norigin\n7\n\n%s\n\n\n", 2, 5},
		{"%s\nno newline at the end", 1, 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_buf file = {0};
		for (const char *c = cases[i].format; *c; c++)
			if (*c == '%')
				hp_buf_add_text(&file, f->text), c++;
			else
				hp_buf_add_byte(&file, (uint8_t)*c);
		struct hp_str rest = {hp_buf_text(&file), file.len}, text;
		size_t found = 0, skipped = 0;
		while (hp_checkpoint_next(&rest, &text, &skipped)) {
			cr_assert_eq(text.len, strlen(f->text), "case %zu", i);
			cr_assert_arr_eq(text.p, f->text, text.len, "case %zu", i);
			found++;
		}
		cr_assert_eq(found, cases[i].found, "case %zu", i);
		cr_assert_eq(skipped, cases[i].skipped, "case %zu: %zu", i, skipped);
		hp_buf_release(&file);
	}
	unload(f);
}
