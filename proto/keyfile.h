/*
 * keyfile - secret key files, their sealed form, and the public broker.json.
 *
 * Invariants: files with secrets are 0600 and refused otherwise; secrets are wiped by
 * hp_keyfile_release(); a passphrase never comes from a flag or the environment itself.
 * Source: protocol.md "Key file".
 */
#ifndef HP_PROTO_KEYFILE_H
#define HP_PROTO_KEYFILE_H

#include "core/crypto.h"

struct hp_keyfile {
	char name[65];
	uint8_t curve_public[HP_CURVE_BYTES], curve_secret[HP_CURVE_BYTES];
	uint8_t sign_public[HP_SIGN_PUBLIC_BYTES], sign_secret[HP_SIGN_SEED_BYTES];
};

/* Whether `name` is one (kind HP_K_NAME, ≤ HP_LIMIT_NAME_BYTES): also the name of a file. */
bool hp_keyfile_is_name(const char *name);

/* New random keys under `name`. */
void hp_keyfile_generate(const char *name, struct hp_keyfile *ret_key);
void hp_keyfile_release(struct hp_keyfile *key);

/* Asks for a passphrase; called only for sealed files. Appends it without newline. */
typedef enum hp_status hp_passphrase_source(void *context, const char *name, struct hp_buf *buf,
					    struct hp_error *err);

HP_MUST_CHECK enum hp_status hp_keyfile_read(const char *path, hp_passphrase_source *ask,
					     void *context, struct hp_keyfile *ret_key,
					     struct hp_error *err);
/* Writes a new file, 0600; sealed when passphrase is not NULL. HP_CONFLICT if it exists. */
HP_MUST_CHECK enum hp_status hp_keyfile_write(const char *path, const struct hp_keyfile *key,
					      const char *passphrase, size_t passphrase_len,
					      struct hp_error *err);

/* "holdpoint1 NAME CURVE_PUBLIC SIGN_PUBLIC" without newline, and back. */
void hp_keyfile_add_public_line(struct hp_buf *buf, const struct hp_keyfile *key);
HP_MUST_CHECK enum hp_status hp_keyfile_parse_public_line(const char *line,
							  struct hp_keyfile *ret_key,
							  struct hp_error *err);

/* broker.json: all a client needs beside its key. Strings live in the arena. */
struct hp_broker_info {
	const char *instance, *agents, *control, *events;
	uint8_t curve_public[HP_CURVE_BYTES];
	const char *log_key; /* C2SP verifier key */
};
HP_MUST_CHECK enum hp_status hp_broker_info_read(struct hp_arena *arena, const char *path,
						 struct hp_broker_info *ret_info,
						 struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_broker_info_write(const char *path,
						  const struct hp_broker_info *info,
						  struct hp_error *err);

#endif
