/*
 * One page of requests, newest first.
 *
 * An index proposes candidates in order, the whole filter is applied to each here, and a page ends
 * after a number of candidates whatever it has found: any peer may ask for any filter, and the
 * broker does nothing else meanwhile.
 */
#include "broker/store_sqlite.h"

#include <string.h>

#include "core/buf.h"
#include "core/text.h"

/* What a candidate shows of itself, in the order of the columns below. */
enum { KEY, ID, STATE, REQUESTER, OWNER, VIA, ENVIRONMENT, TIER, OPERATION, RESOURCE, SUMMARY,
       SESSION };
#define CANDIDATES                                                                                 \
	"SELECT key, id, state, requester, owner, via, environment, tier, operation, resource,"    \
	" summary, session FROM request "
#define IN_ORDER "key < ?1 ORDER BY key DESC"

static const char by_key[] = CANDIDATES "NOT INDEXED WHERE " IN_ORDER;
static const char by_state[] = CANDIDATES "INDEXED BY request_state WHERE state = ?2 AND " IN_ORDER;
static const char by_requester[] =
	CANDIDATES "INDEXED BY request_requester WHERE requester = ?2 AND " IN_ORDER;
static const char by_viewer[] =
	CANDIDATES "INDEXED BY request_requester WHERE requester = ?2 AND key < ?1 UNION ALL "
	CANDIDATES "INDEXED BY request_via WHERE via = ?2 AND via <> '' AND key < ?1 UNION ALL "
	CANDIDATES "INDEXED BY request_owner WHERE owner = ?3 AND " IN_ORDER;
static const char by_spot_check[] =
	CANDIDATES "NOT INDEXED WHERE key IN (SELECT request FROM spot_check_due) AND " IN_ORDER;
static const char by_id[] = CANDIDATES "WHERE id >= ?2 AND id < ?3 AND " IN_ORDER;

struct search {
	const struct hp_filter *filter;
	struct hp_buf needle; /* the folded text; empty: none */
	int64_t before;	      /* candidates are older than this key */
	struct hp_row *rows;  /* filter->limit of them */
	size_t count;
};

static bool
equals(struct hp_query *query, int column, const char *wanted)
{
	size_t len;
	const char *text = hp_query_peek(query, column, &len);
	return len == strlen(wanted) && memcmp(text, wanted, len) == 0;
}

static bool
is_ascii(const char *text, size_t len)
{
	unsigned char bits = 0;
	for (size_t i = 0; i < len; i++)
		bits |= (unsigned char)text[i];
	return bits < 0x80;
}

static uint8_t
lower(char c)
{
	return (uint8_t)c + ((uint8_t)((uint8_t)c - 'A') < 26) * 0x20;
}

static bool
ascii_has(const char *text, size_t len, const struct hp_buf *needle)
{
	for (size_t i = 0; i + needle->len <= len; i++) {
		size_t same = 0;
		while (same < needle->len && lower(text[i + same]) == needle->data[same])
			same++;
		if (same == needle->len)
			return true;
	}
	return false;
}

/* Folding an ASCII text would only lower it, which needs no copy. */
static bool
has(const char *text, size_t len, const struct hp_buf *needle)
{
	if (is_ascii(text, len))
		return ascii_has(text, len, needle);
	struct hp_buf folded = {0};
	hp_text_fold(&folded, text, len, true);
	bool found = !folded.failed && folded.len > 0 &&
		     memmem(folded.data, folded.len, needle->data, needle->len) != NULL;
	hp_buf_release(&folded);
	return found;
}

static bool
matches_text(struct hp_query *query, const struct hp_buf *needle)
{
	static const int columns[] = {OPERATION, RESOURCE, SUMMARY, REQUESTER};
	size_t len;
	const char *text = hp_query_peek(query, ID, &len);
	if (len >= needle->len && memcmp(text, needle->data, needle->len) == 0)
		return true;
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		text = hp_query_peek(query, columns[i], &len);
		if (has(text, len, needle))
			return true;
	}
	return false;
}

static bool
matches(struct hp_query *query, const struct search *search)
{
	const struct hp_filter *filter = search->filter;
	const char *viewer = filter->owner_or_requester;
	if (filter->has_state && !equals(query, STATE, hp_state_name(filter->state)))
		return false;
	if (filter->requester && !equals(query, REQUESTER, filter->requester))
		return false;
	if (filter->environment && !equals(query, ENVIRONMENT, filter->environment))
		return false;
	if (filter->tier && !equals(query, TIER, filter->tier))
		return false;
	if (filter->session && !equals(query, SESSION, filter->session))
		return false;
	if (viewer && !equals(query, REQUESTER, viewer) && !equals(query, VIA, viewer) &&
	    !(filter->person && equals(query, OWNER, filter->person)))
		return false;
	return search->needle.len == 0 || matches_text(query, &search->needle);
}

static enum hp_status
read_found(struct hp_store *store, struct hp_arena *arena, int64_t key, struct hp_row *ret_row)
{
	static const char sql[] = "SELECT " HP_STORE_ROW_SMALL
				  "NULL, NULL, NULL, NULL FROM request r WHERE r.key = ?";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		hp_store_read_row(&query, arena, ret_row);
	return hp_query_end(&query, arena, status);
}

/* Takes what matches from a bound statement; search->before becomes the last key looked at. */
static enum hp_status
take(struct search *search, struct hp_arena *arena, struct hp_query *query)
{
	enum hp_status status = HP_OK;
	size_t looked_at = 0;
	while (search->count < search->filter->limit && looked_at++ < HP_STORE_SEARCHED_ROWS) {
		status = hp_query_row(query);
		if (status != HP_OK)
			break;
		int64_t key = hp_query_read_int(query);
		if (key >= search->before) /* proposed twice: by its requester and its owner */
			continue;
		search->before = key;
		if (!matches(query, search))
			continue;
		status = read_found(query->store, arena, key, &search->rows[search->count]);
		if (status != HP_OK)
			break;
		search->count++;
	}
	return hp_query_end(query, arena, query->done ? HP_OK : status);
}

/* The most selective index. Requests of an active state are few: the queue's cap bounds them. */
static struct hp_query
propose(struct hp_store *store, const struct search *search)
{
	const struct hp_filter *filter = search->filter;
	bool active = filter->has_state && !hp_state_is_final(filter->state);
	const char *sql = by_key, *first = NULL, *second = NULL;
	if (filter->spot_checks) {
		sql = by_spot_check;
	} else if (active) {
		sql = by_state;
		first = hp_state_name(filter->state);
	} else if (filter->requester) {
		sql = by_requester;
		first = filter->requester;
	} else if (filter->owner_or_requester) {
		sql = by_viewer;
		first = filter->owner_or_requester;
		second = filter->person;
	} else if (filter->has_state) {
		sql = by_state;
		first = hp_state_name(filter->state);
	}
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, search->before);
	if (first)
		hp_query_text(&query, first);
	if (sql == by_viewer)
		hp_query_text(&query, second);
	return query;
}

/* Behind all that was looked at: requests of any age whose id begins with the text. */
static enum hp_status
take_by_id(struct hp_store *store, struct search *search, struct hp_arena *arena)
{
	struct hp_buf end = {0};
	hp_buf_add(&end, search->needle.data, search->needle.len);
	hp_buf_add_byte(&end, 0x7f); /* above any character of an id */
	struct hp_query query = hp_query_start(store, by_id);
	hp_query_int(&query, search->before);
	hp_query_text(&query, hp_buf_text(&search->needle));
	hp_query_text(&query, hp_buf_text(&end));
	enum hp_status status = take(search, arena, &query);
	bool failed = end.failed;
	hp_buf_release(&end);
	return failed ? HP_NOMEM : status;
}

static enum hp_status
find_after(struct hp_store *store, const char *id, int64_t *ret_key)
{
	static const char sql[] = "SELECT key FROM request WHERE id = ?";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, id);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		*ret_key = hp_query_read_int(&query);
	return hp_query_end(&query, NULL, status);
}

enum hp_status
hp_store_list(struct hp_store *store, struct hp_arena *arena, const struct hp_filter *filter,
	      struct hp_row **ret_rows, size_t *ret_count)
{
	struct search search = {.filter = filter, .before = INT64_MAX};
	enum hp_status status = HP_OK;

	if (filter->after)
		status = find_after(store, filter->after, &search.before);
	if (status != HP_OK)
		return status;
	if (filter->text)
		hp_text_fold(&search.needle, filter->text, strlen(filter->text), true);
	search.rows = hp_arena_array(arena, filter->limit + 1, sizeof *search.rows);
	if (search.needle.failed || !search.rows)
		status = HP_NOMEM;
	if (status == HP_OK) {
		struct hp_query query = propose(store, &search);
		status = take(&search, arena, &query);
	}
	if (status == HP_OK && search.needle.len >= HP_STORE_ID_PREFIX && !filter->spot_checks &&
	    search.count < filter->limit)
		status = take_by_id(store, &search, arena);
	if (status == HP_OK) {
		*ret_rows = search.rows;
		*ret_count = search.count;
	}
	hp_buf_release(&search.needle);
	return status;
}

static void
read_brief(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_brief *brief = item;
	brief->state = hp_query_read_state(query);
	brief->approved = hp_query_read_int(query) != 0;
	brief->flags = hp_query_read_str(query, arena);
	brief->submitted_ms = hp_query_read_int(query);
}

enum hp_status
hp_store_newest(struct hp_store *store, struct hp_arena *arena, const char *agent, size_t most,
		struct hp_stored_brief **ret_briefs, size_t *ret_count)
{
	static const char sql[] =
		"SELECT state, needed > 0 AND approvals >= needed, flags, submitted_ms"
		" FROM request INDEXED BY request_requester WHERE requester = ?"
		" ORDER BY key DESC LIMIT ?";
	void *briefs;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, agent);
	hp_query_int(&query, (int64_t)most);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_brief),
						 read_brief, &briefs, ret_count);
	if (status == HP_OK)
		*ret_briefs = briefs;
	return status;
}
