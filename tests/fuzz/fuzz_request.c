/*
 * Requests, as MessagePack from the wire: what is taken is judged under the shipped policy, and its
 * canonical bytes open again as what they were made from. A refusal names its field.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/msgpack.h"
#include "core/policy.h"

static const struct hp_policy *
shipped(void)
{
	static struct hp_policy *policy;
	const char *text = hp_policy_default_text();
	if (!policy)
		FUZZ_CHECK(hp_policy_load(text, strlen(text), &policy, NULL) == HP_OK);
	return policy;
}

static void
check_canonical(struct hp_arena *arena, const struct hp_request *request,
		const struct hp_verdict *verdict)
{
	static const uint8_t hash[HP_HASH_BYTES];
	const struct hp_request_facts facts = {
		.instance = "hp.example/fuzz",
		.requester = "kiro",
		.owner = "ana",
		.mode = "autonomous",
		.submitted_ms = 1,
		.policy_version = hash,
		.action_digest = hash,
	};
	struct hp_buf buf = {0};
	struct hp_error err = {0};
	const struct hp_value *map = NULL;
	enum hp_status status =
		hp_request_canonical(arena, request, verdict, &facts, &buf, &err);
	FUZZ_CHECK(status == HP_OK || status == HP_TOO_LARGE);
	if (status == HP_OK) {
		status = hp_request_open_canonical(arena, buf.data, buf.len, &map, &err);
		FUZZ_CHECK(status == HP_OK);
		FUZZ_CHECK(hp_value_is(hp_map_get(map, "operation"), request->operation));
		FUZZ_CHECK(hp_value_is(hp_map_get(map, "id"), request->id));
	}
	hp_buf_release(&buf);
}

static void
check_request(struct hp_arena *arena, const struct hp_request *request)
{
	static const struct hp_principal kiro = {.name = "kiro", .roles = HP_ROLE_AGENT,
						 .mode = HP_MODE_AUTONOMOUS, .owner = "ana"};
	struct hp_verdict verdict;
	struct hp_error err = {0};
	struct hp_buf buf = {0};
	static const uint8_t key[HP_HASH_BYTES];
	uint8_t hash[HP_HASH_BYTES];
	size_t bytes;
	FUZZ_CHECK(strlen(request->id) == 36);
	FUZZ_CHECK(*request->operation && *request->environment);
	FUZZ_CHECK(hp_request_content_mac(request, key, hash, &bytes) == HP_OK);
	FUZZ_CHECK(hp_request_action_bytes(request, &buf) == HP_OK);
	hp_buf_release(&buf);
	enum hp_status status =
		hp_policy_evaluate(shipped(), arena, &kiro, request, &verdict, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK)
		check_canonical(arena, verdict.shown, &verdict);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *map = NULL;
	struct hp_request request;
	if (hp_msgpack_decode(&arena, data, size, &map, NULL) == HP_OK) {
		enum hp_status status =
			hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, &err);
		fuzz_check_error(status, &err);
		if (status == HP_OK)
			check_request(&arena, &request);
	}
	hp_arena_release(&arena);
	return 0;
}
