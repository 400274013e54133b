#include "tests/core/vectors.h"

#include <sodium.h>

#include "core/crypto.h"

/* Cheap enough for a test that seals hundreds of times. */
static const struct hp_seal_cost cheap = {.ops = 1, .mem_bytes = 8192};

static void
start(void)
{
	cr_assert_eq(hp_crypto_start(), HP_OK);
}

TestSuite(crypto, .init = start);

static void
assert_hex(const void *bytes, size_t len, const char *hex)
{
	struct hp_buf text = {0};
	hp_buf_add_hex(&text, bytes, len);
	cr_assert_str_eq(hp_buf_text(&text), hex);
	hp_buf_release(&text);
}

Test(crypto, starts_twice)
{
	cr_assert_eq(hp_crypto_start(), HP_OK);
}

/* FIPS 180-4 examples, whole and in parts. */
Test(crypto, sha256_of_parts_is_that_of_the_whole)
{
	static const char two_blocks[] =
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t hash[HP_HASH_BYTES];
	hp_crypto_sha256(NULL, 0, hash);
	assert_hex(hash, sizeof hash,
		   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	const struct hp_str abc[] = {{"a", 1}, {NULL, 0}, {"bc", 2}, {"", 0}};
	hp_crypto_sha256(abc, 4, hash);
	assert_hex(hash, sizeof hash,
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (size_t cut = 0; cut < sizeof two_blocks; cut++) {
		const struct hp_str parts[] = {{two_blocks, cut},
					       {two_blocks + cut, sizeof two_blocks - 1 - cut}};
		hp_crypto_sha256(parts, 2, hash);
		assert_hex(hash, sizeof hash,
			   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	}
}

/* RFC 8032 §7.1, tests 1 to 3. */
static const struct {
	const char *seed, *public_key, *message, *signature;
} rfc8032[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	 "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	 "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	 "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

Test(crypto, signatures_are_those_of_rfc_8032)
{
	struct hp_arena arena = {0};
	for (size_t i = 0; i < sizeof rfc8032 / sizeof rfc8032[0]; i++) {
		struct hp_str seed = from_hex(&arena, rfc8032[i].seed);
		struct hp_str message = from_hex(&arena, rfc8032[i].message);
		uint8_t public_key[HP_SIGN_PUBLIC_BYTES], signature[HP_SIGNATURE_BYTES];
		hp_crypto_sign_public((const uint8_t *)seed.p, public_key);
		assert_hex(public_key, sizeof public_key, rfc8032[i].public_key);
		hp_crypto_sign((const uint8_t *)seed.p, message.p, message.len, signature);
		assert_hex(signature, sizeof signature, rfc8032[i].signature);
		cr_assert_eq(hp_crypto_verify(public_key, message.p, message.len, signature),
			     HP_OK);
	}
	hp_arena_release(&arena);
}

Test(crypto, any_flipped_bit_spoils_a_signature)
{
	uint8_t seed[HP_SIGN_SEED_BYTES], public_key[HP_SIGN_PUBLIC_BYTES];
	uint8_t signature[HP_SIGNATURE_BYTES];
	char message[] = "drop nothing";
	hp_crypto_sign_keypair(seed, public_key);
	hp_crypto_sign(seed, message, sizeof message, signature);
	cr_assert_eq(hp_crypto_verify(public_key, message, sizeof message, signature), HP_OK);
	cr_assert_eq(hp_crypto_verify(public_key, message, sizeof message - 1, signature),
		     HP_BAD_SIGNATURE);
	const struct {
		void *bytes;
		size_t len;
	} parts[] = {{message, sizeof message}, {signature, sizeof signature},
		     {public_key, sizeof public_key}};
	for (size_t i = 0; i < 3; i++) {
		for (size_t bit = 0; bit < 8 * parts[i].len; bit++) {
			uint8_t *at = (uint8_t *)parts[i].bytes + bit / 8;
			*at ^= (uint8_t)(1u << bit % 8);
			cr_assert_eq(hp_crypto_verify(public_key, message, sizeof message,
						      signature),
				     HP_BAD_SIGNATURE, "part %zu, bit %zu", i, bit);
			*at ^= (uint8_t)(1u << bit % 8);
		}
	}
}

/* A second signature made without the key, and keys under which anything would verify. */
Test(crypto, malleable_signatures_and_small_order_keys_are_refused)
{
	static const uint8_t order[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
		0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10,
	};
	uint8_t seed[HP_SIGN_SEED_BYTES], public_key[HP_SIGN_PUBLIC_BYTES];
	uint8_t signature[HP_SIGNATURE_BYTES];
	hp_crypto_sign_keypair(seed, public_key);
	hp_crypto_sign(seed, "x", 1, signature);
	unsigned carry = 0;
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)signature[32 + i] + order[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	cr_assert_eq(hp_crypto_verify(public_key, "x", 1, signature), HP_BAD_SIGNATURE);
	uint8_t identity[HP_SIGN_PUBLIC_BYTES] = {1}, zero[HP_SIGN_PUBLIC_BYTES] = {0};
	uint8_t trivial[HP_SIGNATURE_BYTES] = {1};
	cr_assert_eq(hp_crypto_verify(identity, "x", 1, trivial), HP_BAD_SIGNATURE);
	cr_assert_eq(hp_crypto_verify(zero, "x", 1, trivial), HP_BAD_SIGNATURE);
}

Test(crypto, keys_are_new_each_time)
{
	uint8_t a[HP_CURVE_BYTES], b[HP_CURVE_BYTES], public_a[HP_CURVE_BYTES];
	uint8_t public_b[HP_CURVE_BYTES], made[HP_CURVE_BYTES];
	hp_crypto_curve_keypair(a, public_a);
	hp_crypto_curve_keypair(b, public_b);
	cr_assert_neq(memcmp(a, b, sizeof a), 0);
	cr_assert_neq(memcmp(public_a, public_b, sizeof a), 0);
	cr_assert_eq(crypto_scalarmult_base(made, a), 0);
	cr_assert(hp_crypto_equal(made, public_a, sizeof made));
	hp_crypto_random(a, sizeof a);
	cr_assert_not(hp_crypto_equal(made, a, sizeof made));
	hp_crypto_wipe(a, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		cr_assert_eq(a[i], 0);
	hp_crypto_wipe(NULL, 0);
}

/* The example of DSSE's protocol.md; lengths are of bytes, not of characters. */
Test(crypto, pae_is_that_of_dsse)
{
	struct hp_buf buf = {0};
	hp_crypto_pae(&buf, "http://example.com/HelloWorld", "hello world", 11);
	cr_assert_str_eq(hp_buf_text(&buf),
			 "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	hp_buf_reset(&buf);
	hp_crypto_pae(&buf, "\xe2\x80\x94", NULL, 0);
	cr_assert_str_eq(hp_buf_text(&buf), "DSSEv1 3 \xe2\x80\x94 0 ");
	hp_buf_release(&buf);
}

static const uint8_t salt[HP_SEAL_SALT_BYTES] = "sixteen bytes ok";

Test(crypto, a_seal_is_nonce_and_secretbox_under_argon2id)
{
	static const char secret[] = "seed";
	struct hp_buf box = {0};
	uint8_t key[crypto_secretbox_KEYBYTES], plain[sizeof secret];
	cr_assert_eq(hp_crypto_seal("open sesame", 11, salt, cheap, secret, sizeof secret, &box),
		     HP_OK);
	cr_assert_eq(box.len, 24 + 16 + sizeof secret);
	cr_assert_eq(crypto_pwhash_argon2id(key, sizeof key, "open sesame", 11, salt, 1, 8192,
					    crypto_pwhash_argon2id_ALG_ARGON2ID13),
		     0);
	cr_assert_eq(crypto_secretbox_open_easy(plain, box.data + 24, box.len - 24, box.data, key),
		     0);
	cr_assert_arr_eq(plain, secret, sizeof secret);
	hp_buf_release(&box);
}

Test(crypto, a_seal_opens_only_whole_and_with_its_passphrase)
{
	struct hp_buf box = {0}, plain = {0};
	cr_assert_eq(hp_crypto_seal("p", 1, salt, cheap, "secret", 6, &box), HP_OK);
	hp_buf_add_text(&plain, "kept ");
	cr_assert_eq(hp_crypto_open("q", 1, salt, cheap, box.data, box.len, &plain),
		     HP_BAD_SIGNATURE);
	cr_assert_eq(hp_crypto_open("", 0, salt, cheap, box.data, box.len, &plain),
		     HP_BAD_SIGNATURE);
	for (size_t len = 0; len < box.len; len++)
		cr_assert_eq(hp_crypto_open("p", 1, salt, cheap, box.data, len, &plain),
			     HP_BAD_SIGNATURE, "%zu bytes", len);
	for (size_t i = 0; i < box.len; i++) {
		box.data[i] ^= 1;
		cr_assert_eq(hp_crypto_open("p", 1, salt, cheap, box.data, box.len, &plain),
			     HP_BAD_SIGNATURE, "byte %zu", i);
		box.data[i] ^= 1;
	}
	cr_assert_str_eq(hp_buf_text(&plain), "kept ");
	cr_assert_eq(hp_crypto_open("p", 1, salt, cheap, box.data, box.len, &plain), HP_OK);
	cr_assert_str_eq(hp_buf_text(&plain), "kept secret");
	hp_buf_release(&box);
	hp_buf_release(&plain);
}

Test(crypto, nothing_at_all_can_be_sealed_and_two_seals_differ)
{
	struct hp_buf one = {0}, two = {0}, plain = {0};
	cr_assert_eq(hp_crypto_seal("", 0, salt, cheap, NULL, 0, &one), HP_OK);
	cr_assert_eq(hp_crypto_seal("", 0, salt, cheap, NULL, 0, &two), HP_OK);
	cr_assert_eq(one.len, 40);
	cr_assert_neq(memcmp(one.data, two.data, 40), 0);
	cr_assert_eq(hp_crypto_open("", 0, salt, cheap, one.data, one.len, &plain), HP_OK);
	cr_assert_eq(plain.len, 0);
	hp_buf_release(&one);
	hp_buf_release(&two);
	hp_buf_release(&plain);
}

/* A key file states its own cost: it must not be able to stall or kill who opens it. */
Test(crypto, costs_out_of_range_are_refused)
{
	static const struct hp_seal_cost costs[] = {
		{0, 8192}, {17, 8192}, {UINT64_MAX, 8192}, {1, 0}, {1, 8191},
		{1, ((uint64_t)1 << 30) + 1}, {1, UINT64_MAX},
	};
	uint8_t box[64] = {0};
	struct hp_buf buf = {0};
	for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
		cr_assert_eq(hp_crypto_seal("p", 1, salt, costs[i], "x", 1, &buf), HP_INVALID,
			     "cost %zu", i);
		cr_assert_eq(hp_crypto_open("p", 1, salt, costs[i], box, sizeof box, &buf),
			     HP_INVALID, "cost %zu", i);
	}
	cr_assert_eq(hp_crypto_seal("p", 1, salt, cheap, "x", SIZE_MAX, &buf), HP_TOO_LARGE);
	cr_assert_eq(buf.len, 0);
	const struct hp_seal_cost most_passes = {16, 8192};
	cr_assert_eq(hp_crypto_seal("p", 1, salt, most_passes, "x", 1, &buf), HP_OK);
	cr_assert_eq(hp_seal_default.ops, 3);
	cr_assert_eq(hp_seal_default.mem_bytes, 256 * 1024 * 1024);
	hp_buf_release(&buf);
}

/* RFC 4648 §10. */
Test(crypto, base64_vectors)
{
	static const char *const vectors[][2] = {
		{"", ""},	     {"f", "Zg=="},	    {"fo", "Zm8="},
		{"foo", "Zm9v"},     {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="},
	};
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const char *plain = vectors[i][0], *text = vectors[i][1];
		char bytes[8] = "";
		struct hp_buf buf = {0};
		hp_crypto_add_base64(&buf, plain, strlen(plain));
		cr_assert_str_eq(hp_buf_text(&buf), text);
		cr_assert_eq(hp_crypto_base64(text, strlen(text), bytes, strlen(plain)), HP_OK);
		cr_assert_str_eq(bytes, plain);
		hp_buf_release(&buf);
	}
}

Test(crypto, base64_of_every_length_goes_there_and_back)
{
	struct hp_arena arena = {0};
	uint8_t bytes[200], back[200];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(7 * i + 3);
	for (size_t len = 0; len <= sizeof bytes; len++) {
		struct hp_buf text = {0};
		struct hp_str any;
		hp_crypto_add_base64(&text, bytes, len);
		cr_assert_eq(text.len, (len + 2) / 3 * 4);
		cr_assert_eq(hp_crypto_base64(hp_buf_text(&text), text.len, back, len), HP_OK);
		cr_assert(hp_crypto_equal(back, bytes, len));
		cr_assert_eq(hp_crypto_base64(hp_buf_text(&text), text.len, back, len + 1),
			     HP_INVALID);
		if (len)
			cr_assert_eq(hp_crypto_base64(hp_buf_text(&text), text.len, back,
						      len - 1),
				     HP_INVALID);
		cr_assert_eq(hp_crypto_base64_any(&arena, hp_buf_text(&text), text.len, &any),
			     HP_OK);
		cr_assert_eq(any.len, len);
		cr_assert(hp_crypto_equal(any.p, bytes, len));
		cr_assert_eq(any.p[len], 0);
		hp_buf_release(&text);
		hp_arena_reset(&arena);
	}
	hp_arena_release(&arena);
}

#define FULL "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* a whole piece */

/* Each byte string has one spelling. */
Test(crypto, base64_is_strict)
{
	static const struct {
		const char *text;
		size_t len;
	} wrong[] = {
		{"A", 1}, {"AA", 2}, {"AAA", 3}, {"AAAAA", 5},	/* no padding */
		{"AA=", 3}, {"AA==A", 5}, {"====", 4}, {"A===", 4},
		{"AB==", 4}, {"AAB=", 4},			/* bits that mean nothing */
		{"AA==AAAA", 8}, {"AAA=AAAA", 8},		/* padding inside */
		{FULL "AA==" FULL, 132}, {"AA==" FULL, 68},
		{"AAA\n", 4}, {"AAAA\n", 5}, {" AAAA", 5}, {"AA AA", 5},
		{"AA\0A", 4}, {"AAAA\0", 5}, {"AA-_", 4}, {"AAA\xff", 4}, {"=AAA", 4},
	};
	struct hp_arena arena = {0};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct hp_str any = {"kept", 4};
		uint8_t bytes[128];
		memset(bytes, 0x55, sizeof bytes);
		cr_assert_eq(hp_crypto_base64_any(&arena, wrong[i].text, wrong[i].len, &any),
			     HP_INVALID, "case %zu", i);
		cr_assert_str_eq(any.p, "kept");
		for (size_t len = 0; len <= 100; len++)
			cr_assert_eq(hp_crypto_base64(wrong[i].text, wrong[i].len, bytes, len),
				     HP_INVALID, "case %zu as %zu bytes", i, len);
		for (size_t at = 0; at < sizeof bytes; at++)
			cr_assert_eq(bytes[at], 0x55, "case %zu: output touched", i);
	}
	hp_arena_release(&arena);
}

Test(crypto, base64_has_64_letters_at_every_place)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789+/";
	for (size_t at = 0; at < 4; at++) {
		for (int byte = 0; byte < 256; byte++) {
			char text[] = "AAAA";
			uint8_t bytes[3] = {9, 9, 9};
			const char *letter = byte ? strchr(letters, byte) : NULL;
			text[at] = (char)byte;
			cr_assert_eq(hp_crypto_base64(text, 4, bytes, 3),
				     letter ? HP_OK : HP_INVALID, "byte %d at %zu", byte, at);
			if (!letter)
				continue;
			unsigned value = (unsigned)bytes[0] << 16 | (unsigned)bytes[1] << 8 |
					 bytes[2];
			cr_assert_eq(value, (unsigned)(letter - letters) << (18 - 6 * at));
		}
	}
}

Test(crypto, hex_has_16_letters_in_either_case)
{
	static const char letters[] = "0123456789abcdef0123456789ABCDEF";
	for (size_t at = 0; at < 2; at++) {
		for (int byte = 0; byte < 256; byte++) {
			char text[] = "00";
			uint8_t read = 9;
			const char *letter = byte ? strchr(letters, byte) : NULL;
			text[at] = (char)byte;
			cr_assert_eq(hp_crypto_hex(text, 2, &read, 1),
				     letter ? HP_OK : HP_INVALID, "byte %d at %zu", byte, at);
			if (letter)
				cr_assert_eq(read, (letter - letters) % 16 << (4 - 4 * at));
		}
	}
}

Test(crypto, hex_is_strict_and_takes_either_case)
{
	static const char *const wrong[] = {"",	  "0",	 "001",	 "0001f", "00010", "000g02",
					    "00 102", "0x0102", "00010203", "-10102"};
	uint8_t bytes[3] = {0x55, 0x55, 0x55};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_eq(hp_crypto_hex(wrong[i], strlen(wrong[i]), bytes, 3), HP_INVALID, "%s",
			     wrong[i]);
	cr_assert_eq(hp_crypto_hex("00\0" "102", 6, bytes, 3), HP_INVALID);
	assert_hex(bytes, 3, "555555");
	cr_assert_eq(hp_crypto_hex("00aFF9", 6, bytes, 3), HP_OK);
	assert_hex(bytes, 3, "00aff9");
	cr_assert_eq(hp_crypto_hex("", 0, bytes, 0), HP_OK);
}

/* trust.json, "action" and "request": the digests over the bytes given there. */
Test(crypto, digests_of_the_vectors)
{
	struct hp_arena arena = {0};
	uint8_t hash[HP_HASH_BYTES];
	const struct hp_value *action = load_vectors(&arena, "action");
	struct hp_str action_salt = from_hex(&arena, hp_map_get_str(action, "salt", ""));
	struct hp_str bytes = from_hex(&arena, hp_map_get_str(action, "hex", ""));
	const struct hp_str parts[] = {{"holdpoint/action/v1", 20}, action_salt, bytes};
	hp_crypto_sha256(parts, 3, hash);
	assert_hex(hash, sizeof hash, hp_map_get_str(action, "digest", ""));
	const struct hp_value *request = load_vectors(&arena, "request");
	bytes = from_hex(&arena, hp_map_get_str(request, "canonical_hex", ""));
	const struct hp_str whole[] = {{"holdpoint/request/v1", 21}, bytes};
	hp_crypto_sha256(whole, 2, hash);
	assert_hex(hash, sizeof hash, hp_map_get_str(request, "digest", ""));
	hp_arena_release(&arena);
}
