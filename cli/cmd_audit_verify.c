/* audit verify: the verdict. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/auditor.h"
#include "cli/output.h"

static const char *const witness_names[HP_WITNESS_COUNT] = {
	[HP_WITNESS_KEPT] = "kept",
	[HP_WITNESS_LOCK] = "lock",
	[HP_WITNESS_ANCHOR] = "anchor",
};

static void
set_natural(struct hp_arena *arena, struct hp_value *map, const char *key, uint64_t natural)
{
	hp_map_set(arena, map, key, hp_value_uint(arena, natural));
}

/* The first of the problems that has a place; NULL. They are in order, those without one last. */
static const struct hp_problem *
first_bad(const struct hp_problems *problems)
{
	return problems->kept && problems->list[0].seq != HP_NO_SEQ ? &problems->list[0] : NULL;
}

static struct hp_value *
problems_value(struct hp_arena *arena, const struct hp_problems *problems)
{
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < problems->kept; i++) {
		const struct hp_problem *problem = &problems->list[i];
		struct hp_value *map = hp_value_map(arena);
		hp_map_set(arena, map, "seq",
			   problem->seq == HP_NO_SEQ ? hp_value_nil(arena)
						     : hp_value_uint(arena, problem->seq));
		hp_map_set_str(arena, map, "reason", hp_buf_text(&problem->text));
		hp_array_add(arena, list, map);
	}
	return list;
}

struct hp_value *
hp_auditor_verdict(struct hp_arena *arena, const struct hp_auditor_place *place,
		 const struct hp_verify_result *result)
{
	struct hp_value *map = hp_value_map(arena), *witnesses = hp_value_map(arena);
	const struct hp_problem *first = first_bad(&result->problems);
	hp_map_set_bool(arena, map, "verified", result->problems.count == 0);
	hp_map_set_str(arena, map, "instance", place->origin);
	set_natural(arena, map, "leaves", result->leaves);
	set_natural(arena, map, "signed", result->covered);
	hp_map_set_bin(arena, map, "root", result->root.bytes, sizeof result->root.bytes);
	set_natural(arena, map, "requests", result->counts.requests);
	set_natural(arena, map, "votes", result->counts.votes);
	set_natural(arena, map, "erased", result->counts.erased);
	for (size_t i = 0; i < HP_WITNESS_COUNT; i++)
		set_natural(arena, witnesses, witness_names[i], result->witnesses[i]);
	hp_map_set(arena, map, "checkpoints", witnesses);
	hp_map_set(arena, map, "first_bad",
		   first ? hp_value_uint(arena, first->seq) : hp_value_nil(arena));
	set_natural(arena, map, "problem_count", result->problems.count);
	hp_map_set(arena, map, "problems", problems_value(arena, &result->problems));
	return map;
}

static void
print_problems(const struct hp_problems *problems)
{
	const struct hp_problem *first = first_bad(problems);
	if (first)
		printf("NOT VERIFIED: first bad sequence number %" PRIu64 "\n", first->seq);
	else
		puts("NOT VERIFIED: no leaf is at fault");
	for (size_t i = 0; i < problems->kept; i++)
		printf("  %s\n", hp_buf_text(&problems->list[i].text));
	if (problems->count > problems->kept)
		printf("  and %" PRIu64 " more\n", problems->count - problems->kept);
}

/* What the verdict does not say, on standard error. */
static void
print_notes(struct hp_cli *cli, const struct hp_auditor_place *place,
	    const struct hp_verify_result *result)
{
	if (result->counts.erased)
		hp_cli_note(cli, "%" PRIu64 " bodies are erased, as the log itself says; what they "
				 "said is not checked", result->counts.erased);
	if (!place->lock && !place->anchor)
		hp_cli_note(cli, "no lock file and no --anchor: leaves cut off at the end with their "
				 "checkpoints would not show");
	if (result->covered < result->leaves)
		hp_cli_note(cli, "the last %" PRIu64 " leaves are newer than every signature; the "
				 "broker that serves this signs them within a second",
			    result->leaves - result->covered);
}

int
hp_cmd_audit_verify(struct hp_cli *cli)
{
	struct hp_auditor_place place;
	struct hp_verify_result result = {0};
	int exit_code = hp_auditor_locate(cli, &place);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_auditor_verify(cli, &place, &result);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	bool verified = result.problems.count == 0;
	if (cli->json)
		exit_code = hp_out_json(cli, hp_auditor_verdict(&cli->arena, &place, &result));
	else if (!verified)
		print_problems(&result.problems);
	else if (!cli->quiet)
		printf("verified: %" PRIu64 " leaves, %" PRIu64 " checkpoints, %" PRIu64
		       " requests, %" PRIu64 " votes\n",
		       result.leaves,
		       result.witnesses[HP_WITNESS_KEPT],
		       result.counts.requests, result.counts.votes);
	if (verified && !cli->json)
		print_notes(cli, &place, &result);
	hp_problems_release(&result.problems);
	return exit_code != HP_EXIT_OK ? exit_code : verified ? HP_EXIT_OK : HP_EXIT_CHECK_FAILED;
}
