/* One page of requests, newest first, by the index that fits the filter best. */
#include "broker/store_sqlite.h"

#include <string.h>

#include "core/buf.h"
#include "core/text.h"

/* Parameters, the same in every statement of this file. */
#define BEFORE "?1"
#define STATE "?2"
#define REQUESTER "?3"
#define ENVIRONMENT "?4"
#define TIER "?5"
#define VIEWER "?6"
#define PERSON "?7"
#define NEEDLE "?8"
#define FLOOR "?9"
#define ID_FROM "?10"
#define ID_TO "?11"
#define LIMIT "?12"

#define WHOLE_FILTER                                                                               \
	"key < " BEFORE " AND (" STATE " IS NULL OR +state = " STATE ")"                           \
	" AND (" REQUESTER " IS NULL OR +requester = " REQUESTER ")"                               \
	" AND (" ENVIRONMENT " IS NULL OR environment = " ENVIRONMENT ")"                          \
	" AND (" TIER " IS NULL OR tier = " TIER ")"                                               \
	" AND (" VIEWER " IS NULL OR +requester = " VIEWER " OR +via = " VIEWER                    \
	" OR +owner = " PERSON ") "
#define HAS_TEXT                                                                                   \
	"(" NEEDLE " IS NULL OR text_has(" NEEDLE ", id, operation, resource, summary, requester)) "
#define NEWEST "ORDER BY key DESC LIMIT " LIMIT
#define KEYS "SELECT key FROM (SELECT key FROM request "
#define PAGE "SELECT " HP_STORE_ROW_SMALL "NULL, NULL, NULL, NULL FROM request r WHERE r.key IN ("
#define END_PAGE ") ORDER BY r.key DESC LIMIT " LIMIT

/* Which look-up finds the page; the whole filter is applied in each. */
enum way { BY_TEXT, BY_STATE, BY_REQUESTER, BY_VIEWER, BY_KEY };

static const char by_text[] =
	PAGE KEYS "WHERE id >= " ID_FROM " AND id < " ID_TO " AND " WHOLE_FILTER NEWEST ") UNION "
	KEYS "NOT INDEXED WHERE key > " FLOOR " AND " HAS_TEXT "AND " WHOLE_FILTER NEWEST ")"
	END_PAGE;
static const char by_state[] =
	PAGE KEYS "INDEXED BY request_state WHERE state = " STATE " AND " HAS_TEXT "AND "
	WHOLE_FILTER NEWEST ")" END_PAGE;
static const char by_requester[] =
	PAGE KEYS "INDEXED BY request_requester WHERE requester = " REQUESTER " AND " WHOLE_FILTER
	NEWEST ")" END_PAGE;
static const char by_viewer[] =
	PAGE KEYS "INDEXED BY request_requester WHERE requester = " VIEWER " AND " WHOLE_FILTER
	NEWEST ") UNION " KEYS "INDEXED BY request_owner WHERE owner = " PERSON " AND "
	WHOLE_FILTER NEWEST ") UNION " KEYS "INDEXED BY request_via WHERE via = " VIEWER
	" AND via <> '' AND " WHOLE_FILTER NEWEST ")" END_PAGE;
static const char by_key[] = PAGE KEYS "NOT INDEXED WHERE " WHOLE_FILTER NEWEST ")" END_PAGE;

static const char *const ways[] = {
	[BY_TEXT] = by_text,	 [BY_STATE] = by_state, [BY_REQUESTER] = by_requester,
	[BY_VIEWER] = by_viewer, [BY_KEY] = by_key,
};

/* Requests of an active state are few: the queue's cap bounds them. Of the final ones a text
 * search looks at the newest only, so that no search can hold the broker up. */
static enum way
choose(const struct hp_filter *filter)
{
	bool active = filter->has_state && !hp_state_is_final(filter->state);
	if (active)
		return BY_STATE;
	if (filter->text)
		return BY_TEXT;
	if (filter->requester)
		return BY_REQUESTER;
	if (filter->owner_or_requester)
		return BY_VIEWER;
	return filter->has_state ? BY_STATE : BY_KEY;
}

static bool
is_ascii(const char *text, size_t len)
{
	unsigned char bits = 0;
	for (size_t i = 0; i < len; i++)
		bits |= (unsigned char)text[i];
	return bits < 0x80;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* `needle` is folded; folding an ASCII text would only lower it, which needs no copy. */
static bool
ascii_has(const char *text, size_t len, const char *needle, size_t needle_len)
{
	for (size_t i = 0; i + needle_len <= len; i++) {
		size_t same = 0;
		while (same < needle_len && lower(text[i + same]) == needle[same])
			same++;
		if (same == needle_len)
			return true;
	}
	return false;
}

static bool
has(const char *text, size_t len, const char *needle, size_t needle_len)
{
	if (is_ascii(text, len))
		return ascii_has(text, len, needle, needle_len);
	struct hp_buf folded = {0};
	hp_text_fold(&folded, text, len, true);
	bool found = !folded.failed && folded.len > 0 &&
		     memmem(folded.data, folded.len, needle, needle_len) != NULL;
	hp_buf_release(&folded);
	return found;
}

/* text_has(needle, id, text…): the id begins with the needle, or a text has it. */
static void
text_has(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *needle = (const char *)sqlite3_value_text(values[0]);
	size_t needle_len = (size_t)sqlite3_value_bytes(values[0]);
	bool found = false;
	for (int i = 1; i < count && needle && !found; i++) {
		const char *text = (const char *)sqlite3_value_text(values[i]);
		size_t len = (size_t)sqlite3_value_bytes(values[i]);
		if (!text)
			continue;
		found = i == 1 ? len >= needle_len && memcmp(text, needle, needle_len) == 0
			       : has(text, len, needle, needle_len);
	}
	sqlite3_result_int(context, found);
}

int
hp_store_add_text_search(sqlite3 *db)
{
	return sqlite3_create_function_v2(db, "text_has", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
					  NULL, text_has, NULL, NULL, NULL);
}

static enum hp_status
ask_key(struct hp_store *store, const char *sql, const char *id, int64_t *ret_key)
{
	struct hp_query query = hp_query_start(store, sql);
	if (id)
		hp_query_text(&query, id);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		*ret_key = hp_query_read_int(&query);
	return hp_query_end(&query, NULL, status);
}

/* Keys are looked for below *ret_before and, for a text, above *ret_floor. */
static enum hp_status
find_range(struct hp_store *store, const struct hp_filter *filter, int64_t *ret_before,
	   int64_t *ret_floor)
{
	static const char id_sql[] = "SELECT key FROM request WHERE id = ?";
	static const char newest_sql[] = "SELECT coalesce(max(key), 0) FROM request";
	enum hp_status status = HP_OK;
	if (filter->after)
		status = ask_key(store, id_sql, filter->after, ret_before);
	if (status == HP_OK && filter->text) {
		status = ask_key(store, newest_sql, NULL, ret_floor);
		*ret_floor -= HP_STORE_SEARCHED_ROWS;
	}
	return status;
}

/* An id's beginning is sought in the index of ids: from the needle to behind all that begin so. */
static void
bind_id_range(struct hp_query *query, const struct hp_buf *needle, struct hp_buf *id_end)
{
	if (needle->len < HP_STORE_ID_PREFIX) {
		hp_query_null(query);
		hp_query_null(query);
		return;
	}
	hp_buf_add(id_end, needle->data, needle->len);
	hp_buf_add_byte(id_end, 0x7f);
	hp_query_text(query, hp_buf_text(needle));
	hp_query_text(query, hp_buf_text(id_end));
}

static void
bind_filter(struct hp_query *query, const struct hp_filter *filter, const struct hp_buf *needle)
{
	hp_query_text(query, filter->has_state ? hp_state_name(filter->state) : NULL);
	hp_query_text(query, filter->requester);
	hp_query_text(query, filter->environment);
	hp_query_text(query, filter->tier);
	hp_query_text(query, filter->owner_or_requester);
	hp_query_text(query, filter->owner_or_requester ? filter->person : NULL);
	hp_query_text(query, filter->text ? hp_buf_text(needle) : NULL);
}

static enum hp_status
list(struct hp_store *store, struct hp_arena *arena, const struct hp_filter *filter,
     const struct hp_buf *needle, struct hp_row **ret_rows, size_t *ret_count)
{
	int64_t before = INT64_MAX, floor = 0;
	struct hp_buf id_end = {0};
	void *rows;
	enum hp_status status = find_range(store, filter, &before, &floor);
	if (status != HP_OK)
		return status;

	enum way way = choose(filter);
	struct hp_query query = hp_query_start(store, ways[way]);
	hp_query_int(&query, before);
	bind_filter(&query, filter, needle);
	hp_query_int(&query, floor);
	bind_id_range(&query, needle, &id_end);
	hp_query_int(&query, (int64_t)filter->limit);
	status = hp_query_collect(&query, arena, sizeof(struct hp_row), hp_store_read_row, &rows,
				  ret_count);
	if (status == HP_OK)
		*ret_rows = rows;
	hp_buf_release(&id_end);
	return status;
}

enum hp_status
hp_store_list(struct hp_store *store, struct hp_arena *arena, const struct hp_filter *filter,
	      struct hp_row **ret_rows, size_t *ret_count)
{
	struct hp_filter wanted = *filter;
	struct hp_buf needle = {0};
	if (wanted.text && !*wanted.text)
		wanted.text = NULL;
	if (wanted.text)
		hp_text_fold(&needle, wanted.text, strlen(wanted.text), true);
	enum hp_status status = needle.failed ? HP_NOMEM
					      : list(store, arena, &wanted, &needle, ret_rows,
						     ret_count);
	hp_buf_release(&needle);
	return status;
}
