#include "cli/output.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/json.h"
#include "core/lifecycle.h"
#include "core/text.h"
#include "core/units.h"

bool
hp_out_colour(const struct hp_cli *cli)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	return !cli->no_color && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0 &&
	       isatty(STDOUT_FILENO);
}

bool
hp_out_ascii(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

size_t
hp_out_columns(void)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

int
hp_out_json(struct hp_cli *cli, const struct hp_value *value)
{
	struct hp_buf buf = {0};
	hp_json_dump(value, HP_JSON_LINE, &buf);
	bool failed = buf.failed || cli->arena.failed;
	if (!failed)
		puts(hp_buf_text(&buf));
	hp_buf_release(&buf);
	return failed ? hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory") : HP_EXIT_OK;
}

/* Escaped in one line, spaces too when it must be one word. */
static const char *
escape(struct hp_cli *cli, const struct hp_value *string, bool word)
{
	if (!string || string->type != HP_STR || string->str.len == 0)
		return "-";
	struct hp_buf safe = {0}, words = {0};
	hp_text_escape(&safe, string->str.p, string->str.len, hp_out_ascii() ? HP_TEXT_ASCII : 0);
	for (const char *at = hp_buf_text(&safe); *at; at++) {
		if (word && *at == ' ')
			hp_buf_add_text(&words, "<U+0020>");
		else
			hp_buf_add_byte(&words, (uint8_t)*at);
	}
	cli->arena.failed |= safe.failed || words.failed;
	const char *text = hp_arena_copy(&cli->arena, hp_buf_text(&words), words.len);
	hp_buf_release(&safe);
	hp_buf_release(&words);
	return text ? text : "-";
}

const char *
hp_out_text(struct hp_cli *cli, const struct hp_value *string)
{
	return escape(cli, string, false);
}

const char *
hp_out_word(struct hp_cli *cli, const struct hp_value *string)
{
	return escape(cli, string, true);
}

const char *
hp_out_list(struct hp_cli *cli, const struct hp_value *list)
{
	const char *joined = NULL;
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const char *word = hp_out_word(cli, hp_array_get(list, i));
		joined = joined ? hp_arena_printf(&cli->arena, "%s,%s", joined, word) : word;
		if (!joined)
			break;
	}
	return joined ? joined : "-";
}

const char *
hp_out_time(struct hp_cli *cli, int64_t wall_ms)
{
	if (wall_ms < 0)
		return "-";
	struct hp_buf buf = {0};
	hp_units_add_time(&buf, wall_ms);
	const char *text = hp_arena_strdup(&cli->arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text ? text : "-";
}

const char *
hp_out_hex(struct hp_cli *cli, const struct hp_value *bin)
{
	if (!bin || bin->type != HP_BIN)
		return "-";
	struct hp_buf buf = {0};
	hp_buf_add_hex(&buf, bin->str.p, bin->str.len);
	const char *text = hp_arena_strdup(&cli->arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text ? text : "-";
}

void
hp_out_field(const char *name, const char *value)
{
	if (value)
		printf("%-13s %s\n", name, value);
}

void
hp_table_init(struct hp_table *table, struct hp_cli *cli, const char *const *headings)
{
	*table = (struct hp_table){.cli = cli, .headings = headings};
	while (headings[table->columns])
		table->columns++;
	if (!cli->quiet)
		hp_table_add(table, headings);
}

void
hp_table_add(struct hp_table *table, const char *const *cells)
{
	struct hp_arena *arena = &table->cli->arena;
	if (table->count + table->columns > table->capacity) {
		size_t capacity = (table->capacity + table->columns) * 2;
		const char **more = hp_arena_array(arena, capacity, sizeof *more);
		if (!more)
			return;
		if (table->count)
			memcpy(more, table->cells, table->count * sizeof *more);
		table->cells = more;
		table->capacity = capacity;
	}
	memcpy(table->cells + table->count, cells, table->columns * sizeof *cells);
	table->count += table->columns;
}

static void
print_row(const char *const *cells, const size_t *widths, size_t columns, bool bold)
{
	if (bold)
		fputs("\033[1m", stdout);
	for (size_t i = 0; i < columns; i++) {
		fputs(cells[i], stdout);
		size_t width = hp_text_width(cells[i], strlen(cells[i]));
		for (; i + 1 < columns && width < widths[i] + 2; width++)
			putchar(' ');
	}
	puts(bold ? "\033[0m" : "");
}

int
hp_table_print(const struct hp_table *table)
{
	struct hp_cli *cli = table->cli;
	size_t *widths = hp_arena_array(&cli->arena, table->columns, sizeof *widths);
	if (cli->arena.failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	for (size_t i = 0; i < table->count; i++) {
		size_t width = hp_text_width(table->cells[i], strlen(table->cells[i]));
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (size_t row = 0; row < table->count; row += table->columns)
		print_row(table->cells + row, widths, table->columns,
			  row == 0 && !cli->quiet && hp_out_colour(cli));
	return HP_EXIT_OK;
}

int
hp_out_state_exit(const struct hp_value *reply)
{
	enum hp_state state;
	if (!hp_state_parse(hp_map_get_str(reply, "state", ""), &state))
		return HP_EXIT_INTERNAL;
	return hp_state_exit(state);
}

/* A field of the reply by its own name, when it is there. */
static void
text_field(struct hp_cli *cli, const struct hp_value *reply, const char *name)
{
	const struct hp_value *value = hp_map_get(reply, name);
	if (value)
		hp_out_field(name, hp_out_text(cli, value));
}

static void
deadline_field(struct hp_cli *cli, const struct hp_value *reply)
{
	if (hp_map_get(reply, "deadline_ms"))
		hp_out_field("deadline",
			     hp_out_time(cli, hp_map_get_int(reply, "deadline_ms", -1)));
}

void
hp_out_findings(struct hp_cli *cli, const struct hp_value *list)
{
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		const char *rule = hp_out_word(cli, hp_map_get(one, "rule"));
		const char *effect = hp_out_word(cli, hp_map_get(one, "effect"));
		const char *message = hp_out_text(cli, hp_map_get(one, "message"));
		hp_out_field("finding",
			     hp_arena_printf(&cli->arena, "%lld %s %s:%lld %s",
					     (long long)hp_map_get_int(one, "layer", 0), effect,
					     rule, (long long)hp_map_get_int(one, "line", 0),
					     message));
	}
}

int
hp_out_receipt(struct hp_cli *cli, const struct hp_value *receipt)
{
	if (cli->json)
		return hp_out_json(cli, receipt);
	if (cli->quiet) {
		puts(hp_out_text(cli, hp_map_get(receipt, "id")));
		return HP_EXIT_OK;
	}
	text_field(cli, receipt, "id");
	text_field(cli, receipt, "state");
	text_field(cli, receipt, "verdict");
	text_field(cli, receipt, "effect");
	text_field(cli, receipt, "tier");
	text_field(cli, receipt, "environment");
	hp_out_field("class", hp_out_list(cli, hp_map_get(receipt, "class")));
	deadline_field(cli, receipt);
	hp_out_field("digest", hp_out_hex(cli, hp_map_get(receipt, "digest")));
	hp_out_findings(cli, hp_map_get(receipt, "findings"));
	text_field(cli, receipt, "message");
	return HP_EXIT_OK;
}

const char *
hp_out_erased(struct hp_cli *cli, const struct hp_value *reply)
{
	int64_t at_ms = hp_map_get_int(reply, "erased_ms", -1);
	if (at_ms < 0)
		return NULL;
	return hp_arena_printf(&cli->arena, "%s by %s", hp_out_time(cli, at_ms),
			       hp_out_word(cli, hp_map_get(reply, "erased_by")));
}

int
hp_out_status(struct hp_cli *cli, const struct hp_value *status)
{
	if (cli->json)
		return hp_out_json(cli, status);
	if (cli->quiet) {
		puts(hp_out_text(cli, hp_map_get(status, "id")));
		return HP_EXIT_OK;
	}
	text_field(cli, status, "id");
	text_field(cli, status, "state");
	text_field(cli, status, "by");
	text_field(cli, status, "reason");
	if (hp_map_get(status, "needed"))
		hp_out_field("approvals",
			     hp_arena_printf(&cli->arena, "%lld of %lld",
					     (long long)hp_map_get_int(status, "approvals", 0),
					     (long long)hp_map_get_int(status, "needed", 0)));
	deadline_field(cli, status);
	hp_out_field("erased", hp_out_erased(cli, status));
	const struct hp_value *notes = hp_map_get(status, "notes");
	for (size_t i = 0; i < hp_value_count(notes); i++) {
		const struct hp_value *note = hp_array_get(notes, i);
		const char *by = hp_out_word(cli, hp_map_get(note, "by"));
		const char *text = hp_out_text(cli, hp_map_get(note, "text"));
		hp_out_field("note", hp_arena_printf(&cli->arena, "%s %s", by, text));
	}
	return HP_EXIT_OK;
}
