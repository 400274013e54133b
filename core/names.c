#include "core/names.h"

#include <ctype.h>
#include <string.h>

#include "core/shell_tools.h"
#include "core/words.h"

/* Words of a name, lower-cased, with `separator` between them; in the arena. */
static const char *
in_words(struct hp_arena *arena, const char *name, char separator)
{
	struct hp_buf buf = {0};
	hp_words_split(&buf, name, strlen(name), true);
	char *text = buf.failed ? NULL : hp_arena_copy(arena, hp_buf_text(&buf), buf.len);
	if (buf.failed)
		arena->failed = true;
	hp_buf_release(&buf);
	for (char *p = text; p && *p; p++)
		*p = *p == ' ' ? separator : (char)tolower((unsigned char)*p);
	return text ? text : "";
}

bool
hp_name_is_database(const char *operation)
{
	static const char databases[] =
		" sql psql pgsql postgres postgresql pg mysql mariadb sqlite sqlite3 mssql sqlserver "
		"tsql oracle database databases db bigquery snowflake redshift athena clickhouse "
		"duckdb cockroach cockroachdb rds dynamodb spanner presto trino hive impala spark "
		"databricks supabase neon cassandra timescale timescaledb planetscale prisma "
		"dbhub motherduck synapse vertica teradata db2 alloydb aurora warehouse ";
	struct hp_buf buf = {0};
	bool found = false;
	hp_words_split(&buf, operation, strlen(operation), true);
	for (size_t i = 0; i < buf.len; i++)
		buf.data[i] = (uint8_t)tolower(buf.data[i]);
	const char *p = hp_buf_text(&buf);
	while (*p && !found) {
		size_t len = strcspn(p, " ");
		found = hp_shell_listed(databases, p, len);
		p += len + (p[len] != 0);
	}
	found |= buf.failed; /* looking for SQL where there is none raises at most */
	hp_buf_release(&buf);
	return found;
}

bool
hp_name_is_neutral(const char *operation)
{
	static const char neutral[] = " query sql execute exec run statement executesql runsql "
				      "executequery runquery sqlquery querysql executestatement "
				      "runstatement querydatabase dbquery rawquery rawsql ";
	const char *name = operation;
	char bare[24];
	size_t len = 0;
	for (const char *p = operation; *p; p++)
		if (*p == ':' || *p == '/' || *p == '.' || !strncmp(p, "__", 2))
			name = p + 1;
	for (; *name && len < sizeof bare; name++)
		if (isalnum((unsigned char)*name))
			bare[len++] = (char)tolower((unsigned char)*name);
	return len < sizeof bare && hp_shell_listed(neutral, bare, len);
}

/* `fs/writeFile` as `fs/write_file`: tools are named in either way. */
static void
spell_tool(struct hp_things *things, const char *operation, const char *tool)
{
	char *front = hp_arena_copy(things->arena, operation, (size_t)(tool - operation));
	hp_things_spell(things, operation, NULL);
	if (front)
		hp_things_spell(things, front, in_words(things->arena, tool, '_'), NULL);
}

/* mcp__SERVER__TOOL, as coding agents write mcp:SERVER/TOOL */
static bool
spell_underscored(struct hp_things *things, const char *operation)
{
	static const char prefix[] = "mcp__";
	if (strncasecmp(operation, prefix, sizeof prefix - 1))
		return false;
	const char *server = operation + sizeof prefix - 1, *tool = strstr(server, "__");
	if (!tool)
		return false;
	char *name = hp_arena_copy(things->arena, server, (size_t)(tool - server));
	const char *joined =
		name ? hp_arena_printf(things->arena, "mcp:%s/%s", name, tool + 2) : NULL;
	if (joined)
		spell_tool(things, joined, strrchr(joined, '/') + 1);
	return true;
}

static void
spell_bare(struct hp_things *things, const char *name)
{
	const char *words = in_words(things->arena, name, '_');
	hp_things_spell(things, "/", words, NULL);
	hp_things_spell(things, ":", words, NULL);
}

/* rds:stop_db_cluster is rds:StopDBCluster. */
static void
spell_verb(struct hp_things *things, const char *operation, const char *verb)
{
	hp_things_spell(things, operation, NULL);
	if (!strpbrk(verb, "-_"))
		return;
	char *joined = hp_arena_strdup(things->arena, operation);
	if (!joined)
		return;
	char *end = joined + (verb - operation);
	for (const char *p = verb; *p; p++)
		if (*p != '-' && *p != '_')
			*end++ = *p;
	*end = 0;
	hp_things_spell(things, joined, NULL);
}

/* `s3:Get*`, `mcp:x/list; rm`: no operation is called that, whatever it begins with. */
static bool
is_name(const char *operation)
{
	for (const char *p = operation; *p; p++)
		if ((unsigned char)*p < 0x80 && !isalnum((unsigned char)*p) &&
		    !strchr(" :/_.-+@#", *p))
			return false;
	return true;
}

void
hp_name_things(struct hp_things *things, const char *operation, bool disguised)
{
	const char *slash = strrchr(operation, '/'), *colon = strchr(operation, ':');
	const char *dot = strrchr(operation, '.');
	struct hp_thing *thing = hp_things_begin(things);
	thing->disguised = disguised;
	if (!is_name(operation))
		things->unknown = true;
	if (slash) {
		spell_tool(things, operation, slash + 1);
	} else if (colon) {
		spell_verb(things, operation, colon + 1);
	} else if (!spell_underscored(things, operation)) {
		hp_things_spell(things, operation, NULL);
		spell_bare(things, operation);
		if (dot && dot[1]) /* ec2.terminate_instances */
			spell_bare(things, dot + 1);
	}
}
