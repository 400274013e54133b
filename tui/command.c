/* The command line. Commands that end or stop something open the same dialogs as the keys do. */
#include <stdio.h>
#include <string.h>

#include "tui/command.h"
#include "tui/control.h"
#include "tui/view.h"

static unsigned
complain(struct hp_model *model, const char *what)
{
	hp_model_say(model, true, "%s", what);
	return HP_CHANGED_SCREEN;
}

/* A name, with or without "agent:" before it. */
static const char *
name_of(const char *argument)
{
	static const char prefix[] = "agent:";

	return strncmp(argument, prefix, sizeof prefix - 1) == 0 ? argument + sizeof prefix - 1
	                                                          : argument;
}

static unsigned
open_stop(struct hp_model *model, enum hp_dialog_kind kind, const char *argument)
{
	const char *agent = name_of(argument);

	if (!*agent)
		return complain(model, "say whom: all, or an agent's name");
	if (model->lost)
		return complain(model, "the broker is lost: nothing done");
	unsigned changed = hp_dialog_open(model, kind);
	if (strcmp(argument, "all") != 0)
		snprintf(model->dialog.agent, sizeof model->dialog.agent, "%.*s",
		         (int)HP_LIMIT_NAME_BYTES, agent);
	return changed;
}

static unsigned
cmd_halt(struct hp_model *model, const char *argument, int64_t now_ms)
{
	return open_stop(model, HP_DIALOG_HALT_WHY, argument);
}

static unsigned
cmd_resume(struct hp_model *model, const char *argument, int64_t now_ms)
{
	if (!model->is_admin)
		return complain(model, "only an admin resumes: nothing done");
	return open_stop(model, HP_DIALOG_RESUME_WHY, argument);
}

static unsigned
cmd_deny(struct hp_model *model, const char *argument, int64_t now_ms)
{
	const char *agent = name_of(argument);

	if (!*agent || agent == argument)
		return complain(model, "say whose: deny agent:NAME");
	if (model->lost)
		return complain(model, "the broker is lost: nothing done");
	if (!hp_bulk_begin(model, agent))
		return HP_CHANGED_SCREEN;
	unsigned changed = hp_dialog_open(model, HP_DIALOG_DENY_ALL);
	snprintf(model->dialog.agent, sizeof model->dialog.agent, "%s", model->bulk.agent);
	return changed;
}

static unsigned
cmd_filter(struct hp_model *model, const char *argument, int64_t now_ms)
{
	return hp_view_filter(model, argument) ? HP_CHANGED_SCREEN
	                                       : complain(model, "no filter that long");
}

static unsigned
cmd_view(struct hp_model *model, const char *argument, int64_t now_ms)
{
	for (unsigned i = 0; i < HP_VIEW_COUNT; i++) {
		if (strcmp(hp_view_at(i)->name, argument) == 0)
			return hp_view_change(model, (enum hp_view_id)i);
	}
	return complain(model, "no such view");
}

static unsigned
cmd_copy(struct hp_model *model, const char *argument, int64_t now_ms)
{
	if (strcmp(argument, "digest") == 0)
		return hp_control_key(model, 'Y', now_ms);
	return strcmp(argument, "id") == 0 ? hp_control_key(model, 'y', now_ms)
	                                   : complain(model, "copy id, or copy digest");
}

static unsigned
cmd_verify(struct hp_model *model, const char *argument, int64_t now_ms)
{
	unsigned changed = hp_view_change(model, HP_VIEW_AUDIT);

	return changed | (model->ledger ? hp_ledger_verify(model->ledger) : 0);
}

/* "on" or "off" into the opposite flag. */
static unsigned
flip(struct hp_model *model, const char *argument, bool *ret_off, const char *what)
{
	bool off = strcmp(argument, "off") == 0;

	if (!off && strcmp(argument, "on") != 0)
		return complain(model, "say on or off");
	*ret_off = off;
	hp_model_say(model, false, "%s %s", what, off ? "off" : "on");
	return HP_CHANGED_SCREEN;
}

static unsigned
cmd_bell(struct hp_model *model, const char *argument, int64_t now_ms)
{
	return flip(model, argument, &model->bell_off, "bell");
}

static unsigned
cmd_notify(struct hp_model *model, const char *argument, int64_t now_ms)
{
	return flip(model, argument, &model->notice_off, "notifications");
}

static unsigned
cmd_man(struct hp_model *model, const char *argument, int64_t now_ms)
{
	return HP_CHANGED_MAN;
}

static unsigned
cmd_quit(struct hp_model *model, const char *argument, int64_t now_ms)
{
	return HP_CHANGED_QUIT;
}

static const struct command {
	const char *name, *arguments, *help;
	unsigned (*run)(struct hp_model *model, const char *argument, int64_t now_ms);
} commands[] = {
#define HP_COMMAND(name, arguments, help) {#name, arguments, help, cmd_##name},
#include "tui/commands.def"
#undef HP_COMMAND
};

size_t
hp_command_count(void)
{
	return sizeof commands / sizeof commands[0];
}

void
hp_command_describe(size_t index, const char **ret_name, const char **ret_arguments,
                    const char **ret_help)
{
	*ret_name = commands[index].name;
	*ret_arguments = commands[index].arguments;
	*ret_help = commands[index].help;
}

unsigned
hp_command_run(struct hp_model *model, const char *line, int64_t now_ms)
{
	char name[16], argument[HP_LIMIT_SUMMARY_BYTES + 1];
	size_t len;

	line += strspn(line, " :");
	len = strcspn(line, " ");
	if (len == 0)
		return HP_CHANGED_SCREEN;
	snprintf(name, sizeof name, "%.*s", len < sizeof name ? (int)len : 0, line);
	line += len;
	line += strspn(line, " ");
	snprintf(argument, sizeof argument, "%s", line);
	for (len = strlen(argument); len && argument[len - 1] == ' '; len--)
		argument[len - 1] = '\0';
	for (size_t i = 0; i < hp_command_count() && name[0]; i++) {
		/* q, as everywhere. */
		bool quit = strcmp(name, "q") == 0 && commands[i].run == cmd_quit;
		if (!quit && strcmp(commands[i].name, name) != 0)
			continue;
		if (!commands[i].arguments[0] && argument[0])
			return complain(model, "this command takes no words");
		return commands[i].run(model, argument, now_ms);
	}
	return complain(model, "no such command: ? lists them");
}
