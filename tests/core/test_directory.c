#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/principal.h"

#define G(...) .groups = (const char *const[]){__VA_ARGS__}, \
	       .group_count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

/* Entries; their keys are {n, 0, 0…}. */
#define ENTRY(who, key, ...) {.name = who, .curve_public = {key}, __VA_ARGS__}
#define REVIEWER(who, key, as, signs, ...)                                                        \
	{.name = who, .curve_public = {key}, .roles = HP_ROLE_REVIEWER, .person = as,             \
	 .has_sign = true, .sign_public = {signs}, __VA_ARGS__}

/* A parsed entry has no NULL text. */
static void
complete(struct hp_principal *principals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		principals[i].person = principals[i].person ? principals[i].person : "";
		principals[i].owner = principals[i].owner ? principals[i].owner : "";
		principals[i].audience = "";
	}
}

static struct hp_directory *
make(struct hp_principal *principals, size_t count)
{
	struct hp_directory *directory = NULL;
	struct hp_error err = {0};
	complete(principals, count);
	cr_assert_eq(hp_directory_new(principals, count, &directory, &err), HP_OK, "%s",
		     err.message);
	return directory;
}

static void
assert_refused(struct hp_principal *principals, size_t count, const char *message)
{
	struct hp_directory *directory = NULL;
	struct hp_error err = {0};
	complete(principals, count);
	cr_assert_eq(hp_directory_new(principals, count, &directory, &err), HP_INVALID, "%s",
		     message);
	cr_assert_str_eq(err.message, message);
	cr_assert_null(directory);
	cr_assert_eq(hp_directory_new(principals, count, &directory, NULL), HP_INVALID);
}

Test(directory, looks_up_by_name_and_by_key)
{
	struct hp_principal principals[] = {
		ENTRY("zoe", 3), ENTRY("ana", 9), ENTRY("kiro", 1, .revoked = true), ENTRY("bo", 2),
	};
	static const uint8_t two[HP_CURVE_BYTES] = {2}, one[HP_CURVE_BYTES] = {1};
	static const uint8_t other[HP_CURVE_BYTES] = {2, 1};
	struct hp_directory *directory = make(principals, 4);
	cr_assert_eq(hp_directory_count(directory), 4);
	static const char *const order[] = {"ana", "bo", "kiro", "zoe"};
	for (size_t i = 0; i < 4; i++)
		cr_assert_str_eq(hp_directory_at(directory, i)->name, order[i]);
	cr_assert_null(hp_directory_at(directory, 4));
	cr_assert_eq(hp_directory_by_name(directory, "zoe"), &principals[0]);
	cr_assert_null(hp_directory_by_name(directory, "zo"));
	cr_assert_null(hp_directory_by_name(directory, ""));
	cr_assert_null(hp_directory_by_name(directory, NULL));
	cr_assert_eq(hp_directory_by_key(directory, two), &principals[3]);
	cr_assert_null(hp_directory_by_key(directory, other));
	/* Revoked: its name stays taken and known, its key opens nothing. */
	cr_assert_eq(hp_directory_by_name(directory, "kiro"), &principals[2]);
	cr_assert_null(hp_directory_by_key(directory, one));
	hp_directory_free(directory);
	hp_directory_free(NULL);
}

Test(directory, may_be_empty)
{
	static const uint8_t key[HP_CURVE_BYTES];
	struct hp_directory *directory = make(NULL, 0);
	cr_assert_eq(hp_directory_count(directory), 0);
	cr_assert_null(hp_directory_at(directory, 0));
	cr_assert_null(hp_directory_by_name(directory, "ana"));
	cr_assert_null(hp_directory_by_key(directory, key));
	cr_assert_eq(hp_directory_reviewers(directory, (const char *const[]){"oncall"}, 1, ""), 0);
	hp_directory_free(directory);
}

Test(directory, names_and_keys_are_unique_even_when_revoked)
{
	struct hp_principal same_name[] = {
		ENTRY("ana", 1), ENTRY("bo", 2), ENTRY("ana", 3),
	};
	struct hp_principal same_key[] = {
		ENTRY("zoe", 1), ENTRY("bo", 2), ENTRY("ana", 1),
	};
	struct hp_principal revoked_key[] = {
		ENTRY("ana", 1), ENTRY("bo", 1, .revoked = true),
	};
	struct hp_principal revoked_name[] = {
		ENTRY("ana", 1), ENTRY("ana", 2, .revoked = true),
	};
	assert_refused(same_name, 3, "principal 'ana' is there twice");
	assert_refused(same_key, 3, "principals 'ana' and 'zoe' have the same curve_public");
	assert_refused(revoked_key, 2, "principals 'ana' and 'bo' have the same curve_public");
	assert_refused(revoked_name, 2, "principal 'ana' is there twice");
}

/* Invariant 4 of principal.h: else whoever holds the key votes as two persons. */
Test(directory, a_signing_key_belongs_to_one_person)
{
	struct hp_principal two_persons[] = {
		REVIEWER("ana", 1, "ana", 1),
		REVIEWER("bo", 2, "bo", 1),
	};
	struct hp_principal agent_too[] = {
		REVIEWER("ana", 1, "ana", 1),
		ENTRY("kiro", 2, .roles = HP_ROLE_AGENT, .owner = "ana", .has_sign = true,
		      .sign_public = {1}),
	};
	struct hp_principal revoked[] = {
		REVIEWER("ana", 1, "ana", 1, .revoked = true),
		REVIEWER("bo", 2, "bo", 1),
	};
	struct hp_principal one_person[] = {
		REVIEWER("ana-desk", 1, "ana", 1),
		REVIEWER("ana-phone", 2, "ana", 1),
	};
	static const char *const why =
		"principals 'ana' and 'bo' have the same sign_public but not the same person";
	assert_refused(two_persons, 2, why);
	assert_refused(revoked, 2, why);
	assert_refused(agent_too, 2, "principals 'ana' and 'kiro' have the same sign_public but "
				     "not the same person");
	hp_directory_free(make(one_person, 2));
}

/* Invariant 4 again: a look-alike would be one more person, or release what it owns. */
Test(directory, a_person_is_spelled_one_way)
{
	static const char *const ways[] = {
		"Ana", "ANA", "\xd0\xb0na" /* Cyrillic a */, "\xef\xbd\x81na" /* fullwidth a */,
	};
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct hp_principal persons[] = {
			REVIEWER("r1", 1, "ana", 1), REVIEWER("r2", 2, "bo", 2),
			REVIEWER("r3", 3, ways[i], 3),
		};
		struct hp_principal owner[] = {
			REVIEWER("r1", 1, "ana", 1),
			ENTRY("kiro", 2, .owner = ways[i]),
		};
		assert_refused(persons, 3, "principals 'r1' and 'r3' spell a person in two ways "
					   "that look alike");
		assert_refused(owner, 2, "principals 'kiro' and 'r1' spell a person in two ways "
					 "that look alike");
	}
	struct hp_principal short_ones[] = {
		REVIEWER("r1", 1, "a", 1),
		ENTRY("kiro", 2, .owner = "A"),
	};
	assert_refused(short_ones, 2,
		       "principals 'kiro' and 'r1' spell a person in two ways that look alike");
	struct hp_principal fine[] = {
		REVIEWER("r1", 1, "ana", 1),
		REVIEWER("r2", 2, "ana", 2),
		REVIEWER("r3", 3, "anna", 3),
		ENTRY("kiro", 4, .owner = "ana"),
	};
	hp_directory_free(make(fine, 4));
}

Test(directory, reviewers_are_counted_by_person)
{
	struct hp_principal principals[] = {
		REVIEWER("ana-desk", 1, "ana", 1, G("oncall")),
		REVIEWER("ana-phone", 2, "ana", 2, G("oncall", "dba")),
		REVIEWER("bo", 3, "bo", 3, G("dba")),
		REVIEWER("cy", 4, "cy", 4, G("oncall"), .revoked = true),
		REVIEWER("cy-2", 5, "cy", 5, G("leads")),
		REVIEWER("di", 6, "di", 6),
		REVIEWER("a", 8, "a", 8, G("night")),
		ENTRY("zed", 7, .person = "ed", .roles = HP_ROLE_ADMIN, G("oncall")),
	};
	static const struct {
		const char *groups[2];
		size_t count;
		const char *owner;
		unsigned persons;
	} cases[] = {
		{{"oncall"}, 1, "", 1},	     {{"oncall"}, 1, NULL, 1}, {{"oncall"}, 1, "ana", 0},
		{{"oncall"}, 1, "bo", 1},    {{"dba"}, 1, "", 2},      {{"dba"}, 1, "ana", 1},
		{{"oncall", "dba"}, 2, "", 2}, {{"dba", "leads"}, 2, "", 3},
		{{"leads"}, 1, "", 1},	     {{"none"}, 1, "", 0},     {{NULL}, 0, "", 0},
		{{"night"}, 1, "", 1},	     {{"night"}, 1, "a", 0},
	};
	struct hp_directory *directory = make(principals, 8);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_assert_eq(hp_directory_reviewers(directory, cases[i].groups, cases[i].count,
						    cases[i].owner),
			     cases[i].persons, "case %zu", i);
	hp_directory_free(directory);
}

/* As many as there may be, in an order that is neither's: every one is found, and nothing else. */
Test(directory, holds_as_many_as_the_limit)
{
	const size_t count = HP_LIMIT_PRINCIPALS;
	struct hp_principal *principals = calloc(count + 1, sizeof *principals);
	char(*names)[16] = calloc(count + 1, sizeof *names);
	cr_assert(principals && names);
	for (size_t i = 0; i <= count; i++) {
		uint32_t mixed = (uint32_t)i * 2654435761u;
		snprintf(names[i], sizeof names[i], "p%08x", mixed);
		principals[i] = (struct hp_principal){
			.name = names[i], .person = names[i], .owner = "", .audience = "",
			.roles = HP_ROLE_HUMAN,
		};
		mixed = mixed * 40503u + 7;
		memcpy(principals[i].curve_public, &mixed, sizeof mixed);
	}
	struct hp_directory *directory = make(principals, count);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(hp_directory_by_name(directory, names[i]), &principals[i]);
		cr_assert_eq(hp_directory_by_key(directory, principals[i].curve_public),
			     &principals[i]);
	}
	cr_assert_null(hp_directory_by_name(directory, names[count]));
	cr_assert_null(hp_directory_by_key(directory, principals[count].curve_public));
	hp_directory_free(directory);
	directory = NULL;
	cr_assert_eq(hp_directory_new(principals, count + 1, &directory, NULL), HP_TOO_LARGE);
	cr_assert_null(directory);
	free(principals);
	free(names);
}
