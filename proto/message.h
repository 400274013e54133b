/*
 * message - the vocabulary of HPP/1: types, who may send them, their fields, error codes.
 *
 * Data, not code: messages.def and errors.def are the tables; this turns them into enums, names and
 * a validator. Broker and clients share it.
 */
#ifndef HP_PROTO_MESSAGE_H
#define HP_PROTO_MESSAGE_H

#include "core/lifecycle.h"
#include "core/principal.h"
#include "core/schema.h"

#define HP_PROTOCOL "HPP/1"

enum hp_message {
#define HP_MESSAGE(type, roles, control_only, fields) HP_MSG_##type,
#include "proto/messages.def"
#undef HP_MESSAGE
	HP_MSG_COUNT,
};

enum hp_code {
	HP_CODE_ok = 0,
#define HP_ERROR(code, exit) HP_CODE_##code,
#include "proto/errors.def"
#undef HP_ERROR
	HP_CODE_COUNT,
};

const char *hp_message_name(enum hp_message message);
/* HP_NOT_FOUND for an unknown type. */
HP_MUST_CHECK enum hp_status hp_message_parse(const char *type, enum hp_message *ret_message);
unsigned hp_message_roles(enum hp_message message);
bool hp_message_control_only(enum hp_message message);

/* Checks all fields (with `type` and `seq`) of a message whose type is known. */
HP_MUST_CHECK enum hp_status hp_message_check(enum hp_message message,
					      const struct hp_value *map, struct hp_error *err);

const char *hp_code_name(enum hp_code code);
/* HP_CODE_ok for no such name. */
enum hp_code hp_code_parse(const char *name);
int hp_code_exit(enum hp_code code);

/* Exit codes of commands (protocol.md). */
enum hp_exit {
	HP_EXIT_OK = 0,
	HP_EXIT_INTERNAL = 1,
	HP_EXIT_USAGE = 2,
	HP_EXIT_DENIED = 3,
	HP_EXIT_EXPIRED = 4,
	HP_EXIT_BLOCKED = 5,
	HP_EXIT_HALTED = 6,
	HP_EXIT_NOT_FOUND = 7,
	HP_EXIT_UNAVAILABLE = 8,
	HP_EXIT_UNAUTHORISED = 9,
	HP_EXIT_CONFLICT = 10,
	HP_EXIT_CHECK_FAILED = 11,
	HP_EXIT_PENDING = 12,
	HP_EXIT_NOT_RUN = 125,
};

/* The exit code that a request's state gives (protocol.md "Command line"). */
int hp_state_exit(enum hp_state state);

#endif
