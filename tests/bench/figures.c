#include "tests/bench/figures.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "core/json.h"
#include "tests/bench/servers.h"

static struct {
	bool json;
	const char *scene;
	struct hp_arena arena;
	struct hp_value *root, *list;
} figures;

void
figures_begin(bool json, const char *machine)
{
	struct hp_arena *arena = &figures.arena;
	char date[16];
	time_t now = time(NULL);
	strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
	figures.json = json;
	figures.list = hp_value_array(arena);
	figures.root = hp_value_map(arena);
	hp_map_set_str(arena, figures.root, "date", date);
	hp_map_set_str(arena, figures.root, "machine", machine);
	hp_map_set(arena, figures.root, "figures", figures.list);
	if (!json)
		printf("%s, %s\n", date, machine);
	fflush(stdout); /* before anything is forked */
}

void
figures_scene(const char *scene)
{
	figures.scene = scene;
	if (!figures.json)
		printf("\n%-44s %10s %-7s %10s %6s\n", scene, "", "", "floor", "ratio");
	fflush(stdout);
}

static double
rounded(double value)
{
	return round(value * 1000) / 1000;
}

/* "aim >= 0.6: met" of a value, or nothing. */
static const char *
judge(double value, double at_least, double at_most)
{
	if (at_least)
		return bench_format("  aim >= %g: %s", at_least,
				    value >= at_least ? "met" : "not met");
	if (at_most)
		return bench_format("  aim <= %g: %s", at_most, value <= at_most ? "met" : "not met");
	return "";
}

void
figure(const char *name, double value, const char *unit, struct figure_beside beside)
{
	struct hp_arena *arena = &figures.arena;
	double ratio = beside.floor > 0 ? value / beside.floor : 0;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "scene", figures.scene);
	hp_map_set_str(arena, map, "name", name);
	hp_map_set(arena, map, "value", hp_value_float(arena, rounded(value)));
	hp_map_set_str(arena, map, "unit", unit);
	if (beside.floor > 0) {
		hp_map_set(arena, map, "floor", hp_value_float(arena, rounded(beside.floor)));
		hp_map_set(arena, map, "ratio", hp_value_float(arena, rounded(ratio)));
	}
	hp_array_add(arena, figures.list, map);
	if (figures.json)
		return;
	printf("%-44s %10.*f %-7s", name, value < 100 ? 2 : 0, value, unit);
	if (beside.floor > 0)
		printf(" %10.*f %6.2f", beside.floor < 100 ? 2 : 0, beside.floor, ratio);
	printf("%s%s\n", judge(value, beside.at_least, beside.at_most),
	       judge(ratio, beside.ratio_at_least, beside.ratio_at_most));
	fflush(stdout);
}

void
figures_end(void)
{
	struct hp_buf buf = {0};
	if (figures.json) {
		hp_json_dump(figures.root, HP_JSON_INDENT, &buf);
		puts(hp_buf_text(&buf));
	}
	hp_buf_release(&buf);
	hp_arena_release(&figures.arena);
}
