#include "broker/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/crypto.h"

enum { UUID_TEXT = 36 };

/* "3f2e…-…" of the kernel, as 16 bytes. */
static enum hp_status
read_boot_id(uint8_t ret_id[16])
{
	char text[UUID_TEXT + 1], hex[32];
	size_t len = 0;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return HP_IO;
	ssize_t got = read(fd, text, sizeof text);
	close(fd);
	if (got < UUID_TEXT)
		return HP_IO;
	for (size_t i = 0; i < UUID_TEXT && len < sizeof hex; i++)
		if (text[i] != '-')
			hex[len++] = text[i];
	return hp_crypto_hex(hex, len, ret_id, 16) == HP_OK ? HP_OK : HP_IO;
}

static bool
read_ms(clockid_t id, int64_t *ret_ms)
{
	struct timespec now;
	if (clock_gettime(id, &now) != 0)
		return false;
	*ret_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	return true;
}

enum hp_status
hp_clock_read(struct hp_clock *ret_clock)
{
	/* A process does not outlive its boot: one read of the file is enough for all turns. */
	static bool known;
	static uint8_t boot_id[16];
	struct hp_clock clock;

	if (!known && read_boot_id(boot_id) != HP_OK)
		return HP_IO;
	known = true;
	if (!read_ms(CLOCK_REALTIME, &clock.wall_ms) ||
	    !read_ms(CLOCK_BOOTTIME, &clock.boottime_ms))
		return HP_IO;
	memcpy(clock.boot_id, boot_id, sizeof clock.boot_id);
	*ret_clock = clock;
	return HP_OK;
}

/* Times saturate: a moment too far to count never comes, it does not wrap into the past. */
static int64_t
add_ms(int64_t now, int64_t after)
{
	int64_t sum;
	if (__builtin_add_overflow(now, after, &sum))
		return after > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

struct hp_due
hp_clock_after(const struct hp_clock *clock, int64_t after_ms)
{
	struct hp_due due = {
		.wall_ms = add_ms(clock->wall_ms, after_ms),
		.boottime_ms = add_ms(clock->boottime_ms, after_ms),
	};
	memcpy(due.boot_id, clock->boot_id, sizeof due.boot_id);
	return due;
}

bool
hp_clock_is_due(const struct hp_clock *clock, const struct hp_due *due)
{
	if (due->wall_ms == 0)
		return false;
	if (clock->wall_ms >= due->wall_ms)
		return true;
	return memcmp(clock->boot_id, due->boot_id, sizeof due->boot_id) == 0 &&
	       clock->boottime_ms >= due->boottime_ms;
}
