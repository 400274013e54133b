#include "cli/explained.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "core/text.h"
#include "core/units.h"

enum { APPROVERS_SHOWN = 8 };

/* --- who may say yes --- */

static void
print_slots(struct hp_cli *cli, const struct hp_value *slots)
{
	for (size_t i = 0; i < hp_value_count(slots); i++) {
		const struct hp_value *slot = hp_array_get(slots, i);
		hp_out_field("quorum",
			     hp_arena_printf(&cli->arena, "%lld of %s",
					     (long long)hp_map_get_int(slot, "count", 0),
					     hp_out_list(cli, hp_map_get(slot, "groups"))));
	}
}

static bool
is_among(const char *const *persons, size_t count, const char *person)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(persons[i], person) == 0)
			return true;
	return false;
}

/* The first persons that can fill a place, each once; one more than are shown says "others". */
static size_t
find_approvers(const struct hp_directory *directory, const struct hp_quorum *quorum,
	       const char *owner, const char *persons[APPROVERS_SHOWN + 1])
{
	size_t found = 0;
	for (size_t i = 0; i < hp_directory_count(directory) && found <= APPROVERS_SHOWN; i++) {
		const struct hp_principal *one = hp_directory_at(directory, i);
		if (!one->revoked && (one->roles & HP_ROLE_REVIEWER) &&
		    strcmp(one->person, owner) != 0 &&
		    hp_quorum_eligible(quorum, one->groups, one->group_count, 0) &&
		    !is_among(persons, found, one->person))
			persons[found++] = one->person;
	}
	return found;
}

static void
print_approvers(struct hp_cli *cli, const struct hp_directory *directory, const char *as,
		const struct hp_quorum *quorum)
{
	struct hp_buf list = {0};
	const struct hp_principal *asker = hp_directory_by_name(directory, as);
	const char *persons[APPROVERS_SHOWN + 1], *owner = hp_principal_owner(asker);
	size_t found = find_approvers(directory, quorum, owner, persons);
	for (size_t i = 0; i < found && i < APPROVERS_SHOWN; i++)
		hp_buf_printf(&list, "%s%s", i ? ", " : "",
			      hp_text_safe(&cli->arena, persons[i], 0));
	if (found > APPROVERS_SHOWN)
		hp_buf_add_text(&list, " and others");
	if (!found)
		hp_buf_add_text(&list, "none in principals.d");
	if (*owner)
		hp_buf_printf(&list, "; never %s, %s", hp_text_safe(&cli->arena, owner, 0),
			      *asker->owner ? "its owner" : "who asks");
	if (list.failed)
		cli->arena.failed = true;
	hp_out_field("approvers", hp_buf_text(&list));
	hp_buf_release(&list);
}

static void
print_widenings(struct hp_cli *cli, const struct hp_quorum *quorum)
{
	for (size_t i = 0; i < quorum->widening_count; i++) {
		const struct hp_quorum_widening *widening = &quorum->widenings[i];
		struct hp_buf text = {0};
		hp_buf_add_text(&text, "after ");
		hp_units_add_span(&text, widening->after_ms);
		for (size_t j = 0; j < widening->group_count; j++)
			hp_buf_printf(&text, "%s%s", j ? ", " : ": also ",
				      hp_text_safe(&cli->arena, widening->groups[j], 0));
		if (text.failed)
			cli->arena.failed = true;
		hp_out_field("later", hp_buf_text(&text));
		hp_buf_release(&text);
	}
}

static void
print_approval(struct hp_cli *cli, const struct hp_offline *offline, const char *as,
	       const struct hp_verdict *verdict, const struct hp_value *slots)
{
	if (verdict->effect == HP_EFFECT_BLOCK)
		hp_out_field("approvers", "nobody: it is blocked for good");
	else if (!hp_value_count(slots))
		hp_out_field("approvers", "none needed");
	else {
		print_slots(cli, slots);
		print_approvers(cli, offline->directory, as, &verdict->quorum);
		print_widenings(cli, &verdict->quorum);
	}
}

/* --- the layers --- */

static const char *const layers[] = {"", "plans", "permissions", "gateway", "people"};

/* "policy.yaml:471" */
static const char *
place_of(struct hp_cli *cli, const char *path, const struct hp_finding *finding)
{
	const char *slash = strrchr(path, '/');
	if (!finding->line)
		return "built-in";
	struct hp_value *name = hp_value_str(&cli->arena, slash ? slash + 1 : path);
	return hp_arena_printf(&cli->arena, "%s:%u", hp_out_word(cli, name), finding->line);
}

static void
add_row(struct hp_table *table, unsigned layer, const char *effect, const char *place,
	const char *message)
{
	const char *cells[] = {hp_arena_printf(&table->cli->arena, "%u", layer), layers[layer],
			       effect, place, message};
	hp_table_add(table, cells);
}

/* What the layer has found; that it found nothing is told too. */
static void
add_layer(struct hp_table *table, unsigned layer, const char *path,
	  const struct hp_verdict *verdict)
{
	size_t found = 0;
	for (size_t i = 0; i < verdict->finding_count; i++) {
		const struct hp_finding *one = &verdict->findings[i];
		if (one->layer != layer)
			continue;
		found++;
		add_row(table, layer, hp_effect_name(one->effect), place_of(table->cli, path, one),
			hp_arena_printf(&table->cli->arena, "%s [%s]", one->message, one->rule));
	}
	if (layer == 3)
		add_row(table, layer, "-", "-",
			"rates, budgets, chains and anomalies are counted by a broker, not here");
	else if (!found)
		add_row(table, layer, "allow", "-", "nothing against it");
}

static int
print_layers(struct hp_cli *cli, const char *path, const struct hp_verdict *verdict)
{
	static const char *const headings[] = {"LAYER", "JUDGES",  "EFFECT",
					       "AT",	"FINDING", NULL};
	struct hp_table table;
	hp_table_init(&table, cli, headings);
	for (unsigned layer = 1; layer <= 4; layer++)
		add_layer(&table, layer, path, verdict);
	return hp_table_print(&table);
}

int
hp_explained_print(struct hp_cli *cli, const struct hp_offline *offline, const char *as,
		   const struct hp_verdict *verdict)
{
	struct hp_value *map = hp_offline_to_value(&cli->arena, verdict);
	hp_out_field("verdict", hp_out_text(cli, hp_map_get(map, "verdict")));
	hp_out_field("effect", hp_out_text(cli, hp_map_get(map, "effect")));
	hp_out_field("environment", hp_out_text(cli, hp_map_get(map, "environment")));
	hp_out_field("class", hp_out_list(cli, hp_map_get(map, "class")));
	hp_out_field("tier", hp_out_text(cli, hp_map_get(map, "tier")));
	print_approval(cli, offline, as, verdict, hp_map_get(map, "quorum"));
	hp_out_field("policy", hp_text_safe(&cli->arena, offline->path, 0));
	puts("");
	return print_layers(cli, offline->path, verdict);
}
