/*
 * broker - birth and death, in one auditable order.
 */
#include "broker/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/anchor.h"
#include "broker/canary.h"
#include "broker/confine.h"
#include "broker/log.h"
#include "broker/meters.h"
#include "broker/outbox.h"
#include "broker/park.h"
#include "broker/refusals.h"
#include "broker/sockets.h"
#include "broker/zap.h"
#include "proto/file.h"
#include "proto/instance.h"

static enum hp_status
read_config(struct hp_broker *broker, const char *home, struct hp_error *err)
{
	broker->home = hp_arena_strdup(&broker->config_arena, home);
	return broker->home ? hp_instance_config(&broker->config_arena, broker->home,
						 &broker->config, err)
			    : HP_NOMEM;
}

/* With the closing NUL; whoever has the broker's key, and nobody else, can make the key from it. */
#define CONTENT_DOMAIN "holdpoint/content/v1"

static enum hp_status
read_key(struct hp_broker *broker, struct hp_error *err)
{
	const char *path = hp_instance_path(&broker->config_arena, broker->home, "keys/broker.key");
	/* No passphrase source: the broker starts unattended, so its key cannot be sealed. */
	enum hp_status status =
		path ? hp_keyfile_read(path, NULL, NULL, &broker->key, err) : HP_NOMEM;
	if (status == HP_OK)
		hp_crypto_mac(broker->key.sign_secret, CONTENT_DOMAIN, sizeof CONTENT_DOMAIN,
			      broker->content_key);
	return status;
}

static enum hp_status
open_store(struct hp_broker *broker, bool accept, struct hp_error *err)
{
	const char *path = hp_arena_printf(&broker->config_arena, "%s/holdpoint.db",
					   broker->config.state_dir);
	enum hp_status status = path ? hp_file_make_dir(broker->config.state_dir, 0700, err)
				     : HP_NOMEM;
	if (status == HP_OK)
		hp_disk_open(&broker->disk, broker->config.state_dir);
	if (status == HP_OK)
		status = hp_store_open(path, &broker->store, err);
	if (status == HP_OK)
		status = (accept ? hp_audit_accept : hp_audit_open)(
			broker->store, broker->config.instance, broker->key.sign_secret,
			broker->config.lock_file, &broker->audit, err);
	return status;
}

static enum hp_status
open_caches(struct hp_broker *broker, struct hp_error *err)
{
	int64_t event_seq = 0;
	broker->outbox = hp_outbox_new();
	broker->parking = hp_parking_new();
	broker->meters = hp_meters_new();
	broker->refusals = hp_refusals_new();
	if (!broker->outbox || !broker->parking || !broker->meters || !broker->refusals)
		return HP_NOMEM;
	if (hp_store_get_int(broker->store, "event_seq", 0, &event_seq) != HP_OK)
		return hp_fail(err, HP_IO, "cannot read the event number: %s",
			       hp_store_error(broker->store));
	broker->event_seq = (uint64_t)event_seq;
	return HP_OK;
}

enum hp_status
hp_broker_checkpoint(struct hp_broker *broker, struct hp_error *err)
{
	uint64_t size = 0;
	enum hp_status status = hp_audit_checkpoint(broker->audit, err);
	if (status != HP_OK)
		return status;
	const char *text = hp_audit_checkpoint_text(broker->audit, &size);
	if (text && size != broker->checkpoint_anchored)
		hp_anchors_put(broker->anchors, text);
	broker->checkpoint_anchored = size;
	return HP_OK;
}

/* The first transaction: what was loaded, and that the broker started. */
static enum hp_status
first_load(struct hp_broker *broker, struct hp_error *err)
{
	enum hp_status status = hp_clock_read(&broker->clock);
	if (status != HP_OK)
		return hp_fail(err, status, "the system does not tell the time");
	broker->frozen = broker->clock.wall_ms < hp_audit_last_wall_ms(broker->audit);
	if (broker->frozen)
		HP_LOG("error", "clock-frozen", "reason",
		       "the wall clock is behind the last leaf: nothing is granted");
	if ((status = hp_store_begin(broker->store)) != HP_OK)
		return hp_fail(err, status, "%s", hp_store_error(broker->store));
	struct hp_value *body = hp_value_map(&broker->arena);
	hp_map_set_str(&broker->arena, body, "version", HP_VERSION);
	hp_record(broker, "start", "broker", NULL, body, false);
	status = hp_broker_load(broker, "broker", err);
	if (status != HP_OK || broker->fatal) {
		hp_store_rollback(broker->store);
		return status != HP_OK ? status : HP_IO;
	}
	if (hp_store_put_int(broker->store, "event_seq", (int64_t)broker->event_seq) != HP_OK ||
	    hp_store_commit(broker->store) != HP_OK)
		return hp_fail(err, HP_IO, "%s", hp_store_error(broker->store));
	broker->event_seq_changed = false;
	hp_audit_committed(broker->audit);
	return hp_broker_checkpoint(broker, err);
}

enum hp_status
hp_broker_open(const char *home, bool confine, struct hp_broker **ret_broker,
	       struct hp_error *err)
{
	struct hp_broker *broker = calloc(1, sizeof *broker);
	if (!broker)
		return HP_NOMEM;
	broker->run_lock = -1;
	enum hp_status status;
	if ((status = hp_crypto_start()) != HP_OK ||
	    (status = read_config(broker, home, err)) != HP_OK ||
	    (status = read_key(broker, err)) != HP_OK ||
	    (status = hp_sockets_lock(broker, err)) != HP_OK ||
	    (status = open_store(broker, false, err)) != HP_OK ||
	    (confine && (status = hp_confine(&broker->config, err)) != HP_OK) ||
	    (status = hp_anchors_check(broker, err)) != HP_OK ||
	    (status = hp_anchors_open(&broker->config, &broker->anchors, err)) != HP_OK ||
	    (status = open_caches(broker, err)) != HP_OK ||
	    (status = first_load(broker, err)) != HP_OK ||
	    (status = hp_sockets_open(broker, err)) != HP_OK ||
	    (status = hp_canary_run(broker, err)) != HP_OK) {
		hp_broker_close(broker);
		return status;
	}
	*ret_broker = broker;
	return HP_OK;
}

/* One transaction: why, over what, and what the lock file said. */
static enum hp_status
record_rebase(struct hp_broker *broker, const char *reason, struct hp_error *err)
{
	struct hp_arena *arena = &broker->arena;
	const char *lock = hp_audit_checkpoint_text(broker->audit, NULL);
	enum hp_status status = hp_clock_read(&broker->clock);
	if (status == HP_OK)
		status = hp_store_begin(broker->store);
	if (status != HP_OK)
		return hp_fail(err, status, "cannot begin: %s", hp_status_text(status));
	if ((status = hp_audit_forget_clock(broker->audit, &broker->clock, err)) != HP_OK)
		return status;
	struct hp_value *body = hp_value_map(arena);
	hp_map_set_str(arena, body, "reason", reason);
	hp_map_set(arena, body, "leaves", hp_value_uint(arena, hp_audit_size(broker->audit)));
	if (lock) /* bin: it may be anything */
		hp_map_set_bin(arena, body, "lock", lock, strnlen(lock, HP_LIMIT_STRING_BYTES));
	hp_record(broker, "rebase", "broker", NULL, body, false);
	if (broker->fatal || hp_store_commit(broker->store) != HP_OK)
		return hp_fail(err, HP_IO, "cannot record the rebase: %s",
			       hp_store_error(broker->store));
	hp_audit_committed(broker->audit);
	return hp_broker_checkpoint(broker, err);
}

enum hp_status
hp_broker_rebase(const char *home, const char *reason, uint64_t *ret_size, struct hp_error *err)
{
	struct hp_broker *broker = calloc(1, sizeof *broker);
	if (!broker)
		return HP_NOMEM;
	broker->run_lock = -1;
	enum hp_status status;
	if ((status = hp_crypto_start()) == HP_OK &&
	    (status = read_config(broker, home, err)) == HP_OK &&
	    (status = read_key(broker, err)) == HP_OK &&
	    (status = hp_sockets_lock(broker, err)) == HP_OK &&
	    (status = open_store(broker, true, err)) == HP_OK &&
	    (status = hp_anchors_open(&broker->config, &broker->anchors, err)) == HP_OK &&
	    (status = record_rebase(broker, reason, err)) == HP_OK)
		*ret_size = hp_audit_size(broker->audit);
	hp_broker_close(broker);
	return status;
}

void
hp_broker_close(struct hp_broker *broker)
{
	if (!broker)
		return;
	hp_sockets_close(broker);
	hp_outbox_free(broker->outbox);
	hp_parking_free(broker->parking);
	hp_refusals_free(broker->refusals);
	hp_meters_free(broker->meters);
	hp_anchors_close(broker->anchors);
	hp_audit_close(broker->audit);
	hp_store_close(broker->store);
	hp_policy_free(broker->policy);
	hp_directory_free(broker->directory);
	hp_arena_release(&broker->principals_arena);
	hp_arena_release(&broker->arena);
	hp_arena_release(&broker->config_arena);
	hp_crypto_wipe(broker->content_key, sizeof broker->content_key);
	hp_keyfile_release(&broker->key);
	free(broker);
}
