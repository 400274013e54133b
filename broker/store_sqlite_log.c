/* The log's rows: leaves, tree nodes, checkpoints. Added, never changed. */
#include "broker/store_sqlite.h"

enum hp_status
hp_store_add_leaf(struct hp_store *store, const struct hp_stored_leaf *leaf)
{
	static const char sql[] = "INSERT INTO leaf(seq, leaf, body, salt) VALUES(?,?,?,?)";
	uint64_t next;
	enum hp_status status = hp_store_leaf_count(store, &next);
	if (status != HP_OK || leaf->seq != next)
		return status != HP_OK ? status : HP_CONFLICT;
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, (int64_t)leaf->seq);
	hp_query_str(&query, leaf->leaf);
	hp_query_str(&query, leaf->body);
	hp_query_str(&query, leaf->salt);
	return hp_query_run(&query);
}

static void
read_leaf(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_leaf *leaf = item;
	leaf->seq = (uint64_t)hp_query_read_int(query);
	leaf->leaf = hp_query_read_str(query, arena);
	leaf->body = hp_query_read_str(query, arena);
	leaf->salt = hp_query_read_str(query, arena);
}

enum hp_status
hp_store_leaves(struct hp_store *store, struct hp_arena *arena, uint64_t from, size_t limit,
		struct hp_stored_leaf **ret_leaves, size_t *ret_count)
{
	static const char sql[] =
		"SELECT seq, leaf, body, salt FROM leaf WHERE seq >= ? ORDER BY seq LIMIT ?";
	void *leaves;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, from > INT64_MAX ? INT64_MAX : (int64_t)from);
	hp_query_int(&query, (int64_t)limit);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_leaf),
						 read_leaf, &leaves, ret_count);
	if (status == HP_OK)
		*ret_leaves = leaves;
	return status;
}

enum hp_status
hp_store_leaves_about(struct hp_store *store, struct hp_arena *arena, int64_t key, size_t limit,
		      struct hp_stored_leaf **ret_leaves, size_t *ret_count)
{
	static const char sql[] =
		"SELECT leaf.seq, leaf.leaf, leaf.body, leaf.salt FROM leaf_about JOIN leaf"
		" ON leaf.seq = leaf_about.seq WHERE leaf_about.request = ?"
		" ORDER BY leaf_about.seq DESC LIMIT ?";
	void *leaves;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	hp_query_int(&query, (int64_t)limit);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_leaf),
						 read_leaf, &leaves, ret_count);
	if (status == HP_OK)
		*ret_leaves = leaves;
	return status;
}

enum hp_status
hp_store_leaf_count(struct hp_store *store, uint64_t *ret_count)
{
	static const char sql[] = "SELECT coalesce(max(seq) + 1, 0) FROM leaf";
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status = hp_query_row(&query);
	int64_t count = status == HP_OK ? hp_query_read_int(&query) : 0;
	status = hp_query_end(&query, NULL, status);
	if (status == HP_OK)
		*ret_count = (uint64_t)count;
	return status;
}

enum hp_status
hp_store_node_get(void *context, uint64_t index, struct hp_hash *ret_hash)
{
	static const char sql[] = "SELECT hash FROM node WHERE idx = ?";
	struct hp_store *store = context;
	struct hp_hash hash;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, (int64_t)index);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		(void)hp_query_read_bytes(&query, hash.bytes, sizeof hash.bytes);
	status = hp_query_end(&query, NULL, status);
	if (status == HP_OK)
		*ret_hash = hash;
	return status;
}

enum hp_status
hp_store_node_put(void *context, uint64_t index, const struct hp_hash *hash)
{
	static const char sql[] = "INSERT INTO node(idx, hash) VALUES(?,?)";
	struct hp_store *store = context;
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, (int64_t)index);
	hp_query_blob(&query, hash->bytes, sizeof hash->bytes);
	return hp_query_run(&query);
}

static void
read_node(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_node *node = item;
	node->index = (uint64_t)hp_query_read_int(query);
	if (!hp_query_read_bytes(query, node->hash.bytes, sizeof node->hash.bytes))
		query->bad = true;
}

enum hp_status
hp_store_nodes(struct hp_store *store, struct hp_arena *arena, uint64_t from, size_t limit,
	       struct hp_stored_node **ret_nodes, size_t *ret_count)
{
	static const char sql[] =
		"SELECT idx, hash FROM node WHERE idx >= ? ORDER BY idx LIMIT ?";
	void *nodes;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, from > INT64_MAX ? INT64_MAX : (int64_t)from);
	hp_query_int(&query, (int64_t)limit);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_node),
						 read_node, &nodes, ret_count);
	if (status == HP_OK)
		*ret_nodes = nodes;
	return status;
}

static void
read_checkpoint(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_checkpoint *checkpoint = item;
	checkpoint->size = (uint64_t)hp_query_read_int(query);
	checkpoint->text = hp_query_read_str(query, arena);
}

enum hp_status
hp_store_checkpoints(struct hp_store *store, struct hp_arena *arena, uint64_t from, size_t limit,
		     struct hp_stored_checkpoint **ret_checkpoints, size_t *ret_count)
{
	static const char sql[] =
		"SELECT size, text FROM checkpoint WHERE size >= ? ORDER BY size LIMIT ?";
	void *checkpoints;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, from > INT64_MAX ? INT64_MAX : (int64_t)from);
	hp_query_int(&query, (int64_t)limit);
	enum hp_status status =
		hp_query_collect(&query, arena, sizeof(struct hp_stored_checkpoint),
				 read_checkpoint, &checkpoints, ret_count);
	if (status == HP_OK)
		*ret_checkpoints = checkpoints;
	return status;
}

enum hp_status
hp_store_add_checkpoint(struct hp_store *store, uint64_t size, const char *text)
{
	static const char sql[] = "INSERT INTO checkpoint(size, text) VALUES(?,?)";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, (int64_t)size);
	hp_query_text(&query, text);
	return hp_query_run(&query);
}

enum hp_status
hp_store_last_checkpoint(struct hp_store *store, struct hp_arena *arena, uint64_t *ret_size,
			 const char **ret_text)
{
	static const char sql[] = "SELECT size, text FROM checkpoint ORDER BY size DESC LIMIT 1";
	uint64_t size = 0;
	const char *text = NULL;
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK) {
		size = (uint64_t)hp_query_read_int(&query);
		text = hp_query_read_text(&query, arena);
	}
	status = hp_query_end(&query, arena, query.done ? HP_OK : status);
	if (status == HP_OK) {
		*ret_size = size;
		*ret_text = text;
	}
	return status;
}
