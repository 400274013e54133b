/* What makes a SELECT more than a read: functions, and tables of password hashes; see sql.h. */
#include <ctype.h>
#include <string.h>

#include "core/shell_tools.h"
#include "core/sql.h"

#define NAME_MAX_BYTES 63 /* PostgreSQL's own limit; a longer name is not told apart */

/* Run commands or SQL, write files or settings, end sessions, hold locks, wait. */
static const char effectful[] =
	" setval set_config load_extension load_file writefile readfile edit sys_exec sys_eval "
	"sys_set query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml "
	"openrowset opendatasource openquery executable sleep benchmark get_lock release_lock "
	"release_all_locks master_pos_wait nextval crosstab connectby ts_stat "
	/* no library's: somebody's own function of that name does it */
	"purge wipe erase destroy kill terminate drop delete remove archive restore vacuum reindex "
	"rebuild revoke grant ";

/* Families that mostly do; each with what of it only looks. */
static const struct {
	const char *prefix, *harmless, *harmless_prefixes;
} families[] = {
	{"pg_",
         " pg_size_pretty pg_size_bytes pg_table_size pg_total_relation_size pg_relation_size "
         "pg_database_size pg_indexes_size pg_tablespace_size pg_column_size pg_typeof "
         "pg_backend_pid pg_blocking_pids pg_postmaster_start_time pg_conf_load_time pg_has_role "
         "pg_table_is_visible pg_encoding_to_char pg_char_to_encoding pg_my_temp_schema "
         "pg_wal_lsn_diff pg_walfile_name pg_relation_filenode pg_relation_filepath ",
         " pg_get_ pg_stat_ pg_current_ pg_is_ pg_last_ "},
	{"lo_", " lo_get ", NULL},
	{"dblink", NULL, NULL},
	{"xp_", NULL, NULL},
	{"sp_", NULL, NULL},
	{"dbms_", NULL, NULL},
	{"utl_", NULL, NULL},
};

/* Where servers keep the hashes of passwords, and remote logins. */
static const char secret_tables[] =
	" pg_authid pg_shadow pg_user_mapping pg_user_mappings sql_logins syslogins dba_users ";

/* The first words of names that say they change something: delete_user(). */
static const char verbs[] =
	" delete drop insert update upsert create alter truncate grant revoke purge remove destroy "
	"terminate kill cancel reset send exec execute run write import clear disable enable "
	"refresh archive rename move merge rebuild reindex vacuum wipe erase anonymize apply "
	"restore rotate transfer set add put ";

static bool
has_listed_prefix(const char *list, const char *name)
{
	for (const char *p = list; p && *(p += strspn(p, " "));) {
		size_t len = strcspn(p, " ");
		if (!strncmp(name, p, len))
			return true;
		p += len;
	}
	return false;
}

static bool
is_effectful(const char *name)
{
	size_t len = strlen(name), first = strcspn(name, "_");
	if (hp_shell_listed(effectful, name, len))
		return true;
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (!strncmp(name, families[i].prefix, strlen(families[i].prefix)))
			return !hp_shell_listed(families[i].harmless, name, len) &&
			       !has_listed_prefix(families[i].harmless_prefixes, name);
	return first < len && hp_shell_listed(verbs, name, first);
}

/* The name in lower case without quotes; false when it is none, or too long. */
static bool
name_of(const struct hp_sql_token *token, char name[NAME_MAX_BYTES + 1])
{
	bool quoted = token->kind == HP_SQL_NAME;
	size_t len = quoted && token->len >= 2 ? token->len - 2 : token->len;
	if ((token->kind != HP_SQL_WORD && !quoted) || len > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)tolower((unsigned char)token->p[i + quoted]);
	name[len] = 0;
	return true;
}

/* mysql.user: the last word alone is everybody's table. */
static bool
is_mysql_user(const struct hp_sql_token *tokens, size_t count)
{
	char name[NAME_MAX_BYTES + 1];
	return count > 2 && name_of(&tokens[0], name) && !strcmp(name, "mysql") &&
	       *tokens[1].p == '.' && name_of(&tokens[2], name) && !strcmp(name, "user");
}

static void
secrets(struct hp_things *things, const struct hp_sql_token *tokens, size_t count)
{
	char name[NAME_MAX_BYTES + 1];
	for (size_t at = 0; at < count; at++)
		if (is_mysql_user(tokens + at, count - at) ||
		    (name_of(&tokens[at], name) &&
		     hp_shell_listed(secret_tables, name, strlen(name)))) {
			hp_things_begin(things);
			hp_things_spell(things, "sql:hashes", NULL);
		}
}

/* NAME ( and PACKAGE . NAME ( */
void
hp_sql_calls(struct hp_things *things, const struct hp_sql_token *tokens, size_t count)
{
	char name[NAME_MAX_BYTES + 1];
	secrets(things, tokens, count);
	for (size_t at = 0; at + 1 < count; at++) {
		bool call = *tokens[at + 1].p == '(' || *tokens[at + 1].p == '.';
		if (!call || !name_of(&tokens[at], name) || !is_effectful(name))
			continue;
		if (*tokens[at + 1].p == '.' && !(at + 3 < count && *tokens[at + 3].p == '('))
			continue; /* a column of a table of that name */
		hp_things_begin(things);
		hp_things_spell(things, "sql:call-", name, NULL);
	}
}
