#include "enforce/output.h"

#include <string.h>

#include "core/text.h"

enum hp_status
hp_output_add(struct hp_output *output, const void *bytes, size_t len)
{
	if (output->failed)
		return HP_INVALID;
	hp_buf_add(&output->raw, bytes, len);
	output->failed = output->raw.failed;
	return output->failed ? HP_NOMEM : HP_OK;
}

size_t
hp_output_waiting(const struct hp_output *output)
{
	return output->raw.len - output->given;
}

void
hp_output_release(struct hp_output *output)
{
	hp_buf_release(&output->raw);
	output->given = 0;
}

/* Where whole lines end; a carriage return ends one too (a progress bar's). */
static size_t
end_of_lines(const struct hp_output *output)
{
	const uint8_t *raw = output->raw.data;
	size_t at = output->raw.len;
	while (at > output->given && raw[at - 1] != '\n' && raw[at - 1] != '\r')
		at--;
	if (at > output->given || hp_output_waiting(output) < HP_OUTPUT_LINE_BYTES)
		return at;
	at = output->raw.len; /* cut between characters */
	while (at > output->given + 1 && (raw[at - 1] & 0xc0) == 0x80)
		at--;
	return at - 1;
}

/* The text from `at` to `until` on its way out, hits in the order of the text. */
struct passage {
	const char *raw;
	size_t at, until;
	struct hp_buf *buf;
};

static void
on_hit(void *context, const struct hp_redact_hit *hit)
{
	struct passage *passage = context;
	if (hit->to <= passage->at || hit->from >= passage->until)
		return;
	if (hit->from >= passage->at) { /* else its beginning went out before, as its mark */
		hp_buf_add(passage->buf, passage->raw + passage->at, hit->from - passage->at);
		hp_buf_printf(passage->buf, "[REDACTED:%s]", hit->kind);
	}
	passage->at = hit->to;
}

enum hp_status
hp_output_take(struct hp_output *output, bool all, struct hp_buf *buf)
{
	struct hp_buf *raw = &output->raw;
	if (output->failed)
		return HP_INVALID;
	size_t until = all ? raw->len : end_of_lines(output);
	if (until <= output->given)
		return HP_OK;
	struct hp_buf text = {0};
	struct passage passage = {hp_buf_text(raw), output->given, until, &text};
	enum hp_status status =
		hp_redact_find(output->set, passage.raw, raw->len, on_hit, &passage);
	if (status == HP_OK && passage.at < until)
		hp_buf_add(&text, passage.raw + passage.at, until - passage.at);
	if (status == HP_OK && text.failed)
		status = HP_NOMEM;
	if (status == HP_OK)
		hp_buf_add(buf, text.data, text.len);
	hp_buf_release(&text);
	output->failed = status != HP_OK;
	if (status != HP_OK)
		return status;
	output->given = until;
	if (until > 2 * HP_OUTPUT_CONTEXT_BYTES) {
		size_t gone = until - HP_OUTPUT_CONTEXT_BYTES;
		memmove(raw->data, raw->data + gone, raw->len - gone + 1);
		raw->len -= gone;
		output->given -= gone;
	}
	return HP_OK;
}

void
hp_output_add_utf8(struct hp_buf *buf, const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t size = 1;
		while (size < 4 && at + size < len && !hp_text_is_utf8(bytes + at, size))
			size++;
		if (bytes[at] && hp_text_is_utf8(bytes + at, size)) {
			hp_buf_add(buf, bytes + at, size);
			at += size;
		} else {
			hp_buf_add_text(buf, "\xef\xbf\xbd");
			at++;
		}
	}
}
