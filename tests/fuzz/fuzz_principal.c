/*
 * Principals: an entry that is accepted is written back as itself, keeps the rules on roles, and is
 * found in a directory by name and, unless revoked, by key. Z85 has one spelling.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/principal.h"
#include "core/yaml.h"

static void
check_rules(const struct hp_principal *principal)
{
	const unsigned machines = HP_ROLE_AGENT | HP_ROLE_GATEWAY | HP_ROLE_EXECUTOR;
	unsigned roles = principal->roles;
	FUZZ_CHECK(roles);
	if (roles & machines)
		FUZZ_CHECK(!(roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN)));
	if (roles & HP_ROLE_AGENT)
		FUZZ_CHECK(principal->mode != HP_MODE_HUMAN && principal->owner[0]);
	if (roles & (HP_ROLE_HUMAN | HP_ROLE_REVIEWER))
		FUZZ_CHECK(principal->person[0]);
	if (roles & HP_ROLE_REVIEWER)
		FUZZ_CHECK(principal->has_sign);
	if (roles & HP_ROLE_EXECUTOR)
		FUZZ_CHECK(principal->audience[0] && principal->environment_count == 1);
}

static void
check_directory(const struct hp_principal *principal)
{
	struct hp_directory *directory;
	FUZZ_CHECK(hp_directory_new(principal, 1, &directory, NULL) == HP_OK);
	FUZZ_CHECK(hp_directory_by_name(directory, "x") == principal);
	FUZZ_CHECK((hp_directory_by_key(directory, principal->curve_public) == principal) ==
		   !principal->revoked);
	FUZZ_CHECK(hp_directory_reviewers(directory, principal->groups, principal->group_count,
					  principal->person) == 0);
	hp_directory_free(directory);
}

static void
read_z85(struct hp_arena *arena, const uint8_t *data, size_t size)
{
	const char *text = hp_arena_copy(arena, data, size);
	uint8_t bytes[HP_CURVE_BYTES];
	char again[41];
	if (hp_z85_decode(text, bytes) != HP_OK)
		return;
	hp_z85_encode(bytes, again);
	FUZZ_CHECK(strcmp(again, text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *map;
	struct hp_principal principal, again;
	if (hp_yaml_load(&arena, (const char *)data, size, &map, NULL) == HP_OK) {
		enum hp_status status = hp_principal_parse(&arena, "x", map, &principal, &err);
		FUZZ_CHECK(status == HP_OK || status == HP_INVALID);
		fuzz_check_error(status, &err);
		if (status == HP_OK) {
			struct hp_value *written = hp_principal_to_value(&arena, &principal);
			FUZZ_CHECK(hp_principal_parse(&arena, "x", written, &again, NULL) ==
				   HP_OK);
			FUZZ_CHECK(hp_value_equal(hp_principal_to_value(&arena, &again), written));
			check_rules(&principal);
			check_directory(&principal);
		}
	}
	read_z85(&arena, data, size);
	hp_arena_release(&arena);
	return 0;
}
