/* redact: any bytes; redacted again nothing changes, a stream is the whole, the rest stays. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/redact.h"

struct hits {
	size_t size, end, count;
};

/* Hits come in order, and what is between them comes out as it is. */
static void
on_hit(void *context, const struct hp_redact_hit *hit)
{
	struct hits *hits = context;
	FUZZ_CHECK(hit->from < hit->to && hit->to <= hits->size);
	FUZZ_CHECK(hit->from >= hits->end);
	hits->end = hit->to;
	hits->count++;
}

static void
redact_pieces(struct hp_redact *set, const char *text, size_t len, size_t piece, struct hp_buf *out)
{
	struct hp_redact_stream *stream;
	if (hp_redact_stream_new(set, NULL, NULL, &stream) != HP_OK)
		abort();
	for (size_t at = 0; at < len; at += piece)
		FUZZ_CHECK(hp_redact_stream_add(stream, text + at,
						len - at < piece ? len - at : piece, out) == HP_OK);
	FUZZ_CHECK(hp_redact_stream_finish(stream, out) == HP_OK);
	hp_redact_stream_free(stream);
}

static void
check(struct hp_redact *set, const char *text, size_t len, size_t piece, bool settles)
{
	struct hp_buf whole = {0}, other = {0};
	struct hits hits = {.size = len};
	FUZZ_CHECK(hp_redact_text(set, text, len, &whole, on_hit, &hits) == HP_OK);
	if (!hits.count)
		FUZZ_CHECK(whole.len == len && (!len || !memcmp(whole.data, text, len)));
	redact_pieces(set, text, len, piece, &other);
	FUZZ_CHECK(other.len == whole.len && (!len || !memcmp(other.data, whole.data, whole.len)));
	hp_buf_reset(&other);
	FUZZ_CHECK(hp_redact_text(set, hp_buf_text(&whole), whole.len, &other, NULL, NULL) == HP_OK);
	if (settles)
		FUZZ_CHECK(other.len == whole.len &&
			   (!other.len || !memcmp(other.data, whole.data, whole.len)));
	hp_buf_release(&whole);
	hp_buf_release(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hp_redact *shipped, *own;
	static const struct hp_redact_pattern patterns[] = {
		{"x.*y", "span", 1}, {"\\bk[0-9]+", "name", 2}, {"(ab|b)c?", NULL, 3}};
	struct hp_redact_config config = {.groups = HP_REDACT_ALL};
	if (!shipped) {
		if (hp_redact_new(&config, &shipped, NULL) != HP_OK)
			abort();
		config = (struct hp_redact_config){HP_REDACT_SECRETS, patterns, 3};
		if (hp_redact_new(&config, &own, NULL) != HP_OK)
			abort();
	}
	if (!size)
		return 0;
	char *text = malloc(size); /* exact, so that a byte too far is seen */
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	char *exact = realloc(text, size > 1 ? size - 1 : 1);
	text = exact ? exact : text;
	check(shipped, text, size - 1, data[0] + 1u, true);
	check(own, text, size - 1, data[0] + 1u, false);
	free(text);
	return 0;
}
