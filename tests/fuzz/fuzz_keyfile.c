/*
 * What set-up reads from strangers: a key file, a public line, a broker.json. The first byte says
 * which. What is taken can be written and comes back the same; a message never quotes a secret.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/keyfile.h"
#include "tests/fuzz/fuzz.h"

/* A passphrase costs seconds, so a sealed key is read as far as the question. */
static enum hp_status
give_up(void *context, const char *name, struct hp_buf *buf, struct hp_error *err)
{
	FUZZ_CHECK(hp_keyfile_is_name(name));
	return hp_fail(err, HP_REFUSED, "no passphrase");
}

/* The parsers read files: here one in memory. */
static const char *
memory_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;
	if (fd < 0) {
		fd = memfd_create("fuzz", 0);
		FUZZ_CHECK(fd >= 0 && fchmod(fd, 0600) == 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	FUZZ_CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

static void
check_line(const struct hp_keyfile *key)
{
	struct hp_keyfile again;
	struct hp_buf line = {0};
	FUZZ_CHECK(hp_keyfile_is_name(key->name));
	hp_keyfile_add_public_line(&line, key);
	FUZZ_CHECK(hp_keyfile_parse_public_line(hp_buf_text(&line), &again, NULL) == HP_OK);
	FUZZ_CHECK(strcmp(again.name, key->name) == 0);
	FUZZ_CHECK(memcmp(again.curve_public, key->curve_public, HP_CURVE_BYTES) == 0);
	FUZZ_CHECK(memcmp(again.sign_public, key->sign_public, HP_SIGN_PUBLIC_BYTES) == 0);
	hp_buf_release(&line);
}

static void
fuzz_key(const uint8_t *data, size_t size)
{
	struct hp_keyfile key;
	struct hp_error err = {0};
	enum hp_status status = hp_keyfile_read(memory_file(data, size), give_up, NULL, &key, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK)
		check_line(&key);
}

static void
fuzz_line(const uint8_t *data, size_t size)
{
	struct hp_keyfile key;
	struct hp_error err = {0};
	struct hp_buf text = {0};
	hp_buf_add(&text, data, size);
	enum hp_status status = hp_keyfile_parse_public_line(hp_buf_text(&text), &key, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK)
		check_line(&key);
	hp_buf_release(&text);
}

static void
fuzz_broker(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_broker_info info;
	struct hp_error err = {0};
	enum hp_status status = hp_broker_info_read(&arena, memory_file(data, size), &info, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK)
		FUZZ_CHECK(*info.instance && *info.agents && *info.control && *info.events &&
			   *info.log_key);
	hp_arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const uint8_t *data, size_t size) = {fuzz_key, fuzz_line,
									    fuzz_broker};
	if (size == 0 || data[0] < '0' || data[0] > '2')
		return -1;
	FUZZ_CHECK(hp_crypto_start() == HP_OK);
	targets[data[0] - '0'](data + 1, size - 1);
	return 0;
}
