/*
 * MessagePack: what is decoded is what msgpack-c reads in the same bytes, and it survives being
 * encoded; the canonical decoder accepts exactly what the encoder writes.
 */
#include "tests/fuzz/fuzz.h"

#include <msgpack.h>
#include <string.h>

#include "core/msgpack.h"

static bool
same_bytes(const struct hp_str *str, const char *bytes, uint32_t len)
{
	return str->len == len && (!len || memcmp(str->p, bytes, len) == 0);
}

/* Whether an independent decoder sees the same tree. */
static bool
same(const struct hp_value *value, const msgpack_object *object)
{
	switch (object->type) {
	case MSGPACK_OBJECT_NIL:
		return value->type == HP_NIL;
	case MSGPACK_OBJECT_BOOLEAN:
		return value->type == HP_BOOL && value->boolean == object->via.boolean;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		return value->type == (object->via.u64 > INT64_MAX ? HP_UINT : HP_INT) &&
		       value->natural == object->via.u64;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return value->type == HP_INT && value->integer == object->via.i64;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		return value->type == HP_FLOAT && value->real == object->via.f64;
	case MSGPACK_OBJECT_STR:
		return value->type == HP_STR &&
		       same_bytes(&value->str, object->via.str.ptr, object->via.str.size);
	case MSGPACK_OBJECT_BIN:
		return value->type == HP_BIN &&
		       same_bytes(&value->str, object->via.bin.ptr, object->via.bin.size);
	case MSGPACK_OBJECT_ARRAY:
		if (value->type != HP_ARRAY || value->array.count != object->via.array.size)
			return false;
		for (size_t i = 0; i < value->array.count; i++)
			if (!same(value->array.items[i], &object->via.array.ptr[i]))
				return false;
		return true;
	case MSGPACK_OBJECT_MAP:
		if (value->type != HP_MAP || value->map.count != object->via.map.size)
			return false;
		for (size_t i = 0; i < value->map.count; i++) {
			const struct hp_pair *pair = &value->map.pairs[i];
			const msgpack_object_kv *kv = &object->via.map.ptr[i];
			if (kv->key.type != MSGPACK_OBJECT_STR ||
			    !same_bytes(&pair->key, kv->key.via.str.ptr, kv->key.via.str.size) ||
			    !same(pair->value, &kv->val))
				return false;
		}
		return true;
	default:
		return false;
	}
}

static void
check_against_library(const struct hp_value *value, const uint8_t *data, size_t size)
{
	msgpack_unpacked unpacked;
	size_t offset = 0;
	msgpack_unpacked_init(&unpacked);
	FUZZ_CHECK(msgpack_unpack_next(&unpacked, (const char *)data, size, &offset) ==
		   MSGPACK_UNPACK_SUCCESS);
	FUZZ_CHECK(offset == size);
	FUZZ_CHECK(same(value, &unpacked.data));
	msgpack_unpacked_destroy(&unpacked);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_buf first = {0}, second = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL, *again = NULL, *strict = NULL;
	enum hp_status status = hp_msgpack_decode(&arena, data, size, &value, &err);
	FUZZ_CHECK((status == HP_OK) == (value != NULL));
	fuzz_check_error(status, &err);
	if (value) {
		check_against_library(value, data, size);
		FUZZ_CHECK(hp_msgpack_encode(value, &first, &err) == HP_OK);
		FUZZ_CHECK(hp_msgpack_decode_canonical(&arena, first.data, first.len, &again,
						       &err) == HP_OK);
		FUZZ_CHECK(hp_value_equal(value, again));
		FUZZ_CHECK(hp_msgpack_encode(again, &second, &err) == HP_OK);
		FUZZ_CHECK(first.len == second.len &&
			   memcmp(first.data, second.data, first.len) == 0);
	}
	bool canonical = value && first.len == size && memcmp(first.data, data, size) == 0;
	FUZZ_CHECK((hp_msgpack_decode_canonical(&arena, data, size, &strict, NULL) == HP_OK) ==
		   canonical);
	hp_buf_release(&first);
	hp_buf_release(&second);
	hp_arena_release(&arena);
	return 0;
}
