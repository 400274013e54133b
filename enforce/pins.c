#include "enforce/pins.h"

#include <string.h>

#include "core/crypto.h"
#include "core/text.h"
#include "proto/file.h"

/* 32 bytes, or as many in hexadecimal. */
static bool
read_hash(const struct hp_value *value, uint8_t ret_hash[HP_HASH_BYTES])
{
	if (value && value->type == HP_BIN && value->str.len == HP_HASH_BYTES) {
		memcpy(ret_hash, value->str.p, HP_HASH_BYTES);
		return true;
	}
	return value && value->type == HP_STR &&
	       hp_crypto_hex(value->str.p, value->str.len, ret_hash, HP_HASH_BYTES) == HP_OK;
}

static enum hp_status
verify_one(const struct hp_value *file, struct hp_error *err)
{
	const char *path = hp_map_get_str(file, "path", "");
	uint8_t wanted[HP_HASH_BYTES], found[HP_HASH_BYTES];
	struct hp_buf bytes = {0}, safe = {0};
	if (!read_hash(hp_map_get(file, "sha256"), wanted) || *path != '/')
		return hp_fail(err, HP_INVALID, "a pinned file needs an absolute path and its "
						"SHA-256");
	enum hp_status status = hp_file_read(path, &bytes, err);
	if (status == HP_OK) {
		const struct hp_str part = {hp_buf_text(&bytes), bytes.len};
		hp_crypto_sha256(&part, 1, found);
		if (memcmp(wanted, found, sizeof found) != 0) {
			hp_text_escape(&safe, path, strlen(path), 0);
			status = hp_fail(err, HP_CONFLICT,
					 "\"%s\" is not the file that was asked about any more",
					 hp_buf_text(&safe));
		}
	}
	hp_buf_release(&bytes);
	hp_buf_release(&safe);
	return status;
}

enum hp_status
hp_pins_verify(const struct hp_value *files, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(files); i++) {
		enum hp_status status = verify_one(hp_array_get(files, i), err);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}
