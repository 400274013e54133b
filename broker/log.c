#include "broker/log.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/text.h"
#include "core/units.h"

static void
add_value(struct hp_buf *line, const char *value)
{
	struct hp_buf safe = {0};
	hp_text_escape(&safe, value, strlen(value), 0);
	const char *text = hp_buf_text(&safe);
	bool quote = !*text || strpbrk(text, " =\"");
	if (!quote) {
		hp_buf_add_text(line, text);
	} else {
		hp_buf_add_byte(line, '"');
		for (const char *p = text; *p; p++) {
			if (*p == '"' || *p == '\\')
				hp_buf_add_byte(line, '\\');
			hp_buf_add_byte(line, (uint8_t)*p);
		}
		hp_buf_add_byte(line, '"');
	}
	hp_buf_release(&safe);
}

void
hp_log(const char *level, const char *event, const char *const *pairs)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct hp_buf line = {0};
	hp_units_add_time(&line, (int64_t)now.tv_sec * 1000);
	hp_buf_printf(&line, " %s %s", level, event);
	for (; pairs[0] && pairs[1]; pairs += 2) {
		hp_buf_printf(&line, " %s=", pairs[0]);
		add_value(&line, pairs[1]);
	}
	hp_buf_add_byte(&line, '\n');
	/* One write a line: lines of several processes do not interleave. A lost log line is not a
	 * reason to stop. */
	if (!line.failed && write(STDERR_FILENO, line.data, line.len) < 0)
		clearerr(stderr);
	hp_buf_release(&line);
}

void
hp_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (!path || !*path || strlen(path) >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (to.sun_path[0] == '@')
		to.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
		HP_LOG("warning", "notify", "reason", "the service manager's socket does not answer");
	close(fd);
}
