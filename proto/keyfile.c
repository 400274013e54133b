#include "proto/keyfile.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "core/json.h"
#include "core/limits.h"
#include "core/principal.h"
#include "core/schema.h"
#include "core/text.h"
#include "proto/file.h"
#include "proto/instance.h"

enum {
	Z85_LEN = 40,	    /* of 32 bytes */
	BASE64_32_LEN = 44, /* of 32 bytes */
	SECRETS_BYTES = HP_CURVE_BYTES + HP_SIGN_SEED_BYTES,
	BOX_MAX_BYTES = 256, /* nonce, tag and the two secrets need 104 */
};

static const char *const kdf_words[] = {"argon2id", NULL};

/* hp_crypto_open() refuses costs that are out of reason. */
static const struct hp_field sealed_fields[] = {
	{.name = "kdf", .kinds = HP_K_ENUM, .required = true, .words = kdf_words},
	{.name = "salt", .kinds = HP_K_STR, .required = true, .max = 64},
	{.name = "ops", .kinds = HP_K_INT, .required = true, .min = 1, .max = INT64_MAX},
	{.name = "mem", .kinds = HP_K_INT, .required = true, .min = 1, .max = INT64_MAX},
	{.name = "box", .kinds = HP_K_STR, .required = true, .max = 2 * BOX_MAX_BYTES},
	{.name = NULL},
};

static const struct hp_field key_fields[] = {
	{.name = "name", .kinds = HP_K_NAME, .required = true},
	{.name = "curve_public", .kinds = HP_K_STR, .required = true, .min = Z85_LEN,
	 .max = Z85_LEN},
	{.name = "curve_secret", .kinds = HP_K_STR, .min = Z85_LEN, .max = Z85_LEN},
	{.name = "sign_public", .kinds = HP_K_STR, .required = true, .min = BASE64_32_LEN,
	 .max = BASE64_32_LEN},
	{.name = "sign_secret", .kinds = HP_K_STR, .min = BASE64_32_LEN, .max = BASE64_32_LEN},
	{.name = "sealed", .kinds = HP_K_MAP, .fields = sealed_fields},
	{.name = NULL},
};

static const struct hp_field broker_fields[] = {
	{.name = "instance", .kinds = HP_K_STR, .required = true, .min = 1, .max = 255},
	{.name = "agents", .kinds = HP_K_STR, .required = true, .min = 1, .max = 255},
	{.name = "control", .kinds = HP_K_STR, .required = true, .min = 1, .max = 255},
	{.name = "events", .kinds = HP_K_STR, .required = true, .min = 1, .max = 255},
	{.name = "curve_public", .kinds = HP_K_STR, .required = true, .min = Z85_LEN,
	 .max = Z85_LEN},
	{.name = "log_key", .kinds = HP_K_STR, .required = true, .min = 1, .max = 512},
	{.name = NULL},
};

bool
hp_keyfile_is_name(const char *name)
{
#define LETTERS_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	size_t len = strspn(name, LETTERS_DIGITS "._-");
	return strspn(name, LETTERS_DIGITS) > 0 && name[len] == '\0' && len <= HP_LIMIT_NAME_BYTES;
}

void
hp_keyfile_generate(const char *name, struct hp_keyfile *ret_key)
{
	struct hp_keyfile key = {0};
	snprintf(key.name, sizeof key.name, "%s", name);
	hp_crypto_curve_keypair(key.curve_secret, key.curve_public);
	hp_crypto_sign_keypair(key.sign_secret, key.sign_public);
	*ret_key = key;
	hp_crypto_wipe(&key, sizeof key);
}

void
hp_keyfile_release(struct hp_keyfile *key)
{
	if (key)
		hp_crypto_wipe(key, sizeof *key);
}

static void
wipe_buf(struct hp_buf *buf)
{
	if (buf->data)
		hp_crypto_wipe(buf->data, buf->capacity);
	hp_buf_release(buf);
}

/* The tree is the arena's and our own, so its secret strings may be overwritten. */
static void
wipe_string(const struct hp_value *map, const char *key)
{
	const struct hp_value *value = hp_map_get(map, key);
	if (value && value->type == HP_STR) {
		union {
			const char *borrowed;
			char *own;
		} text = {.borrowed = value->str.p};
		hp_crypto_wipe(text.own, value->str.len);
	}
}

static bool
get_base64(const struct hp_value *map, const char *key, void *ret_bytes, size_t len)
{
	const struct hp_value *value = hp_map_get(map, key);
	return value && hp_crypto_base64(value->str.p, value->str.len, ret_bytes, len) == HP_OK;
}

/* Public keys that do not belong to the secrets are somebody's mistake, or somebody's trick. */
static enum hp_status
check_pairs(const struct hp_keyfile *key, struct hp_error *err)
{
	char secret[Z85_LEN + 1], text[Z85_LEN + 1];
	uint8_t curve[HP_CURVE_BYTES], sign[HP_SIGN_PUBLIC_BYTES];

	hp_z85_encode(key->curve_secret, secret);
	int rc = zmq_curve_public(text, secret);
	hp_crypto_wipe(secret, sizeof secret);
	if (rc != 0 || hp_z85_decode(text, curve) != HP_OK ||
	    memcmp(curve, key->curve_public, sizeof curve) != 0)
		return hp_fail(err, HP_INVALID, "curve_public is not the key of curve_secret");
	hp_crypto_sign_public(key->sign_secret, sign);
	if (memcmp(sign, key->sign_public, sizeof sign) != 0)
		return hp_fail(err, HP_INVALID, "sign_public is not the key of sign_secret");
	return HP_OK;
}

static enum hp_status
open_sealed(const struct hp_value *sealed, hp_passphrase_source *ask, void *context,
	    struct hp_arena *arena, struct hp_keyfile *key, struct hp_error *err)
{
	uint8_t salt[HP_SEAL_SALT_BYTES];
	struct hp_str box = {0};
	const struct hp_value *text = hp_map_get(sealed, "box");
	struct hp_seal_cost cost = {(uint64_t)hp_map_get_int(sealed, "ops", 0),
				    (uint64_t)hp_map_get_int(sealed, "mem", 0)};
	if (!get_base64(sealed, "salt", salt, sizeof salt))
		return hp_fail(err, HP_INVALID, "sealed.salt: expected base64 of 16 bytes");
	if (hp_crypto_base64_any(arena, text->str.p, text->str.len, &box) != HP_OK)
		return hp_fail(err, HP_INVALID, "sealed.box: expected base64");
	if (!ask)
		return hp_fail(err, HP_REFUSED, "the key of \"%s\" is sealed with a passphrase",
			       key->name);

	struct hp_buf passphrase = {0}, secrets = {0};
	enum hp_status status = ask(context, key->name, &passphrase, err);
	if (status != HP_OK)
		goto out;
	status = hp_crypto_open(hp_buf_text(&passphrase), passphrase.len, salt, cost, box.p,
				box.len, &secrets);
	if (status == HP_BAD_SIGNATURE)
		hp_fail(err, status, "wrong passphrase for the key of \"%s\"", key->name);
	else if (status != HP_OK)
		hp_fail(err, status, "cannot open the sealed key of \"%s\": %s", key->name,
			hp_status_text(status));
	else if (secrets.len != SECRETS_BYTES)
		status = hp_fail(err, HP_INVALID, "sealed.box: expected two secrets of 32 bytes");
	if (status == HP_OK) {
		memcpy(key->curve_secret, secrets.data, HP_CURVE_BYTES);
		memcpy(key->sign_secret, secrets.data + HP_CURVE_BYTES, HP_SIGN_SEED_BYTES);
	}
out:
	wipe_buf(&passphrase);
	wipe_buf(&secrets);
	return status;
}

static enum hp_status
read_secrets(const struct hp_value *map, hp_passphrase_source *ask, void *context,
	     struct hp_arena *arena, struct hp_keyfile *key, struct hp_error *err)
{
	const struct hp_value *curve = hp_map_get(map, "curve_secret");
	const struct hp_value *sign = hp_map_get(map, "sign_secret");
	const struct hp_value *sealed = hp_map_get(map, "sealed");

	if (sealed ? curve || sign : !curve || !sign)
		return hp_fail(err, HP_INVALID,
			       "expected curve_secret and sign_secret, or sealed alone");
	if (sealed)
		return open_sealed(sealed, ask, context, arena, key, err);
	if (hp_z85_decode(curve->str.p, key->curve_secret) != HP_OK)
		return hp_fail(err, HP_INVALID, "curve_secret: expected Z85 of 32 bytes");
	if (!get_base64(map, "sign_secret", key->sign_secret, HP_SIGN_SEED_BYTES))
		return hp_fail(err, HP_INVALID, "sign_secret: expected base64 of 32 bytes");
	return HP_OK;
}

static enum hp_status
read_key(const struct hp_value *map, hp_passphrase_source *ask, void *context,
	 struct hp_arena *arena, struct hp_keyfile *key, struct hp_error *err)
{
	enum hp_status status = hp_schema_check(map, key_fields, "key file", err);
	if (status != HP_OK)
		return status;
	snprintf(key->name, sizeof key->name, "%s", hp_map_get_str(map, "name", ""));
	if (hp_z85_decode(hp_map_get_str(map, "curve_public", ""), key->curve_public) != HP_OK)
		return hp_fail(err, HP_INVALID, "curve_public: expected Z85 of 32 bytes");
	if (!get_base64(map, "sign_public", key->sign_public, HP_SIGN_PUBLIC_BYTES))
		return hp_fail(err, HP_INVALID, "sign_public: expected base64 of 32 bytes");
	status = read_secrets(map, ask, context, arena, key, err);
	return status == HP_OK ? check_pairs(key, err) : status;
}

enum hp_status
hp_keyfile_read(const char *path, hp_passphrase_source *ask, void *context,
		struct hp_keyfile *ret_key, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct hp_buf text = {0};
	const struct hp_value *map = NULL;
	struct hp_keyfile key = {0};

	enum hp_status status = hp_file_read_secret(path, &text, err);
	if (status != HP_OK)
		goto out;
	status = hp_json_load(&arena, hp_buf_text(&text), text.len, &map, err);
	if (status == HP_INVALID) /* the parser's own words quote the text: perhaps a secret */
		hp_fail(err, HP_INVALID, "this is not JSON");
	if (status == HP_OK)
		status = read_key(map, ask, context, &arena, &key, err);
	if (status == HP_OK)
		*ret_key = key;
	else
		hp_instance_locate(err, path);
out:
	wipe_string(map, "curve_secret");
	wipe_string(map, "sign_secret");
	hp_keyfile_release(&key);
	wipe_buf(&text);
	hp_arena_release(&arena);
	return status;
}

/* The two secrets as they stand in the file: open, or inside a sealed box. All of it is base64, Z85
 * or digits, so there is nothing for JSON to escape. */
static enum hp_status
add_secrets(struct hp_buf *buf, const struct hp_keyfile *key, const char *passphrase,
	    size_t passphrase_len, struct hp_error *err)
{
	if (!passphrase) {
		char curve[Z85_LEN + 1];
		hp_z85_encode(key->curve_secret, curve);
		hp_buf_printf(buf, "  \"curve_secret\": \"%s\",\n  \"sign_secret\": \"", curve);
		hp_crypto_wipe(curve, sizeof curve);
		hp_crypto_add_base64(buf, key->sign_secret, sizeof key->sign_secret);
		hp_buf_add_text(buf, "\"\n");
		return HP_OK;
	}
	uint8_t secrets[SECRETS_BYTES], salt[HP_SEAL_SALT_BYTES];
	struct hp_buf box = {0};
	memcpy(secrets, key->curve_secret, HP_CURVE_BYTES);
	memcpy(secrets + HP_CURVE_BYTES, key->sign_secret, HP_SIGN_SEED_BYTES);
	hp_crypto_random(salt, sizeof salt);
	enum hp_status status = hp_crypto_seal(passphrase, passphrase_len, salt, hp_seal_default,
					       secrets, sizeof secrets, &box);
	hp_crypto_wipe(secrets, sizeof secrets);
	if (status == HP_OK) {
		hp_buf_add_text(buf, "  \"sealed\": {\n    \"kdf\": \"argon2id\",\n"
				     "    \"salt\": \"");
		hp_crypto_add_base64(buf, salt, sizeof salt);
		hp_buf_printf(buf, "\",\n    \"ops\": %llu,\n    \"mem\": %llu,\n    \"box\": \"",
			      (unsigned long long)hp_seal_default.ops,
			      (unsigned long long)hp_seal_default.mem_bytes);
		hp_crypto_add_base64(buf, box.data, box.len);
		hp_buf_add_text(buf, "\"\n  }\n");
	} else {
		hp_fail(err, status, "cannot seal the key: %s", hp_status_text(status));
	}
	hp_buf_release(&box);
	return status;
}

enum hp_status
hp_keyfile_write(const char *path, const struct hp_keyfile *key, const char *passphrase,
		 size_t passphrase_len, struct hp_error *err)
{
	struct hp_buf text = {0};
	char curve[Z85_LEN + 1];

	if (passphrase && passphrase_len == 0)
		return hp_fail(err, HP_INVALID, "an empty passphrase seals nothing");
	hp_z85_encode(key->curve_public, curve);
	hp_buf_printf(&text, "{\n  \"name\": \"%s\",\n  \"curve_public\": \"%s\",\n", key->name,
		      curve);
	hp_buf_add_text(&text, "  \"sign_public\": \"");
	hp_crypto_add_base64(&text, key->sign_public, sizeof key->sign_public);
	hp_buf_add_text(&text, "\",\n");
	enum hp_status status = add_secrets(&text, key, passphrase, passphrase_len, err);
	hp_buf_add_text(&text, "}\n");
	if (status == HP_OK && text.failed)
		status = hp_fail(err, HP_NOMEM, "out of memory");
	if (status == HP_OK)
		status = hp_file_write(path, text.data, text.len, 0600, HP_FILE_NEW, err);
	wipe_buf(&text);
	return status;
}

void
hp_keyfile_add_public_line(struct hp_buf *buf, const struct hp_keyfile *key)
{
	char curve[Z85_LEN + 1];
	hp_z85_encode(key->curve_public, curve);
	hp_buf_printf(buf, "holdpoint1 %s %s ", key->name, curve);
	hp_crypto_add_base64(buf, key->sign_public, sizeof key->sign_public);
}

/* Copies the next word of `*line`; false when there is none or it has more than `max` bytes. */
static bool
take_word(const char **line, char *word, size_t max)
{
	const char *start = *line + strspn(*line, " \t");
	size_t len = strcspn(start, " \t\r\n");
	if (len == 0 || len > max)
		return false;
	memcpy(word, start, len);
	word[len] = '\0';
	*line = start + len;
	return true;
}

enum hp_status
hp_keyfile_parse_public_line(const char *line, struct hp_keyfile *ret_key, struct hp_error *err)
{
	char version[16], curve[Z85_LEN + 1], sign[BASE64_32_LEN + 1];
	struct hp_keyfile key = {0};

	if (!take_word(&line, version, sizeof version - 1) || strcmp(version, "holdpoint1") != 0)
		return hp_fail(err, HP_INVALID, "public line: expected "
						"\"holdpoint1 NAME CURVE_PUBLIC SIGN_PUBLIC\"");
	if (!take_word(&line, key.name, HP_LIMIT_NAME_BYTES) || !hp_keyfile_is_name(key.name))
		return hp_fail(err, HP_INVALID, "public line: expected a name of letters, digits, "
						"\".\", \"_\" and \"-\" behind \"holdpoint1\"");
	if (!take_word(&line, curve, Z85_LEN) || hp_z85_decode(curve, key.curve_public) != HP_OK)
		return hp_fail(err, HP_INVALID,
			       "public line: expected a CURVE key of 40 characters behind the "
			       "name");
	if (!take_word(&line, sign, BASE64_32_LEN) ||
	    hp_crypto_base64(sign, strlen(sign), key.sign_public, sizeof key.sign_public) != HP_OK)
		return hp_fail(err, HP_INVALID,
			       "public line: expected a signing key of 44 characters at the end");
	if (line[strspn(line, " \t\r\n")] != '\0')
		return hp_fail(err, HP_INVALID, "public line: more than one line, or more than "
						"four words");
	*ret_key = key;
	return HP_OK;
}

enum hp_status
hp_broker_info_read(struct hp_arena *arena, const char *path, struct hp_broker_info *ret_info,
		    struct hp_error *err)
{
	struct hp_buf text = {0};
	const struct hp_value *map;
	struct hp_broker_info info = {0};

	enum hp_status status = hp_file_read(path, &text, err);
	if (status != HP_OK)
		goto out;
	status = hp_json_load(arena, hp_buf_text(&text), text.len, &map, err);
	if (status == HP_OK)
		status = hp_schema_check(map, broker_fields, "broker.json", err);
	if (status == HP_OK &&
	    hp_z85_decode(hp_map_get_str(map, "curve_public", ""), info.curve_public) != HP_OK)
		status = hp_fail(err, HP_INVALID, "curve_public: expected Z85 of 32 bytes");
	if (status != HP_OK) {
		hp_instance_locate(err, path);
		goto out;
	}
	info.instance = hp_map_get_str(map, "instance", "");
	info.agents = hp_map_get_str(map, "agents", "");
	info.control = hp_map_get_str(map, "control", "");
	info.events = hp_map_get_str(map, "events", "");
	info.log_key = hp_map_get_str(map, "log_key", "");
	*ret_info = info;
out:
	hp_buf_release(&text);
	return status;
}

enum hp_status
hp_broker_info_write(const char *path, const struct hp_broker_info *info, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct hp_buf text = {0};
	char curve[Z85_LEN + 1];

	hp_z85_encode(info->curve_public, curve);
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set_str(&arena, map, "instance", info->instance);
	hp_map_set_str(&arena, map, "agents", info->agents);
	hp_map_set_str(&arena, map, "control", info->control);
	hp_map_set_str(&arena, map, "events", info->events);
	hp_map_set_str(&arena, map, "curve_public", curve);
	hp_map_set_str(&arena, map, "log_key", info->log_key);
	enum hp_status status = HP_OK;
	if (arena.failed)
		status = hp_fail(err, HP_NOMEM, "out of memory");
	if (status == HP_OK) {
		hp_json_dump(map, HP_JSON_INDENT, &text);
		hp_buf_add_byte(&text, '\n');
		status = text.failed ? hp_fail(err, HP_NOMEM, "out of memory")
				     : hp_file_write(path, text.data, text.len, 0644,
						     HP_FILE_REPLACE, err);
	}
	hp_buf_release(&text);
	hp_arena_release(&arena);
	return status;
}
