/* Tasks: opened once, closed once, never changed; the last one of a session is the one that counts. */
#include "broker/store_sqlite.h"

#define TASK                                                                                       \
	"SELECT key, agent, session, owner, by_name, person, reason, operations, resources,"       \
	" environment, opened_ms, until_wall_ms, until_boottime_ms, until_boot_id,"                \
	" closed_ms IS NOT NULL FROM task "

enum hp_status
hp_store_add_task(struct hp_store *store, struct hp_stored_task *task)
{
	static const char sql[] =
		"INSERT INTO task(agent, session, owner, by_name, person, reason, operations,"
		" resources, environment, opened_ms, until_wall_ms, until_boottime_ms,"
		" until_boot_id) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)";
	const char *const texts[] = {task->agent, task->session, task->owner,
				     task->by,	  task->person,	 task->reason};
	struct hp_query query = hp_query_start_write(store, sql);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		hp_query_text(&query, texts[i]);
	hp_query_must_str(&query, task->operations);
	hp_query_must_str(&query, task->resources);
	hp_query_text(&query, task->environment);
	hp_query_int(&query, task->opened_ms);
	hp_query_int(&query, task->until.wall_ms);
	hp_query_int(&query, task->until.boottime_ms);
	hp_query_blob(&query, task->until.boot_id, sizeof task->until.boot_id);
	enum hp_status status = hp_query_run(&query);
	if (status == HP_OK)
		task->key = sqlite3_last_insert_rowid(store->db);
	return status;
}

static void
read_task(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_task *task = item;
	task->key = hp_query_read_int(query);
	const char **const texts[] = {&task->agent, &task->session, &task->owner,
				      &task->by,    &task->person,  &task->reason};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = hp_query_read_text(query, arena);
	task->operations = hp_query_read_str(query, arena);
	task->resources = hp_query_read_str(query, arena);
	task->environment = hp_query_read_text(query, arena);
	task->opened_ms = hp_query_read_int(query);
	task->until.wall_ms = hp_query_read_int(query);
	task->until.boottime_ms = hp_query_read_int(query);
	(void)hp_query_read_bytes(query, task->until.boot_id, sizeof task->until.boot_id);
	task->closed = hp_query_read_int(query) != 0;
}

enum hp_status
hp_store_last_task(struct hp_store *store, struct hp_arena *arena, const char *agent,
		   const char *session, struct hp_stored_task *ret_task)
{
	static const char sql[] = TASK "INDEXED BY task_session WHERE agent = ? AND session = ?"
				       " ORDER BY key DESC LIMIT 1";
	struct hp_stored_task task;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, agent);
	hp_query_text(&query, session);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		read_task(&query, arena, &task);
	status = hp_query_end(&query, arena, status);
	if (status == HP_OK)
		*ret_task = task;
	return status;
}

enum hp_status
hp_store_close_task(struct hp_store *store, int64_t key, int64_t at_ms)
{
	static const char sql[] =
		"UPDATE task SET closed_ms = ? WHERE key = ? AND closed_ms IS NULL";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, at_ms);
	hp_query_int(&query, key);
	return hp_query_change(&query);
}

enum hp_status
hp_store_open_tasks(struct hp_store *store, struct hp_arena *arena, const char *agent,
		    const char *owner, int64_t wall_ms, int64_t after_key, size_t limit,
		    struct hp_stored_task **ret_tasks, size_t *ret_count)
{
	static const char sql[] =
		TASK "INDEXED BY task_open WHERE closed_ms IS NULL AND until_wall_ms > ?1"
		     " AND (?2 IS NULL OR agent = ?2) AND (?3 IS NULL OR owner = ?3) AND key > ?4"
		     " ORDER BY key LIMIT ?5";
	void *tasks;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, wall_ms);
	hp_query_text(&query, agent);
	hp_query_text(&query, owner);
	hp_query_int(&query, after_key);
	hp_query_int(&query, (int64_t)limit);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_task),
						 read_task, &tasks, ret_count);
	if (status == HP_OK)
		*ret_tasks = tasks;
	return status;
}
