/*
 * mcp_gateway - what the parts of the gateway share. Internal to enforce/mcp*.
 *
 *   mcp.c        the loop: descriptors, the broker, the end
 *   mcp_client.c lines of the client       mcp_server.c lines of the server
 *   mcp_calls.c  calls from arrival to result
 *   mcp_tools.c  the server's list and its pin
 *   mcp_request.c a call as a request of the broker
 * Threads: one.
 */
#ifndef HP_ENFORCE_MCP_GATEWAY_H
#define HP_ENFORCE_MCP_GATEWAY_H

#include "enforce/mcp.h"
#include "enforce/mcp_ask.h"
#include "enforce/mcp_ids.h"
#include "enforce/mcp_line.h"
#include "enforce/mcp_list.h"

enum hp_mcp_call_state {
	HP_MCP_CALL_PARKED, /* until the server's tools are known and accepted */
	HP_MCP_CALL_ASKED,  /* its request is at the broker */
	HP_MCP_CALL_SENT,   /* at the server */
	HP_MCP_CALL_OVER,   /* answered; its request may have to be reported or withdrawn still */
};

struct hp_mcp_call {
	struct hp_mcp_call *next;
	struct hp_arena arena;
	enum hp_mcp_call_state state;
	struct hp_mcp_ask ask;
	struct hp_mcp_id id;	/* HP_NIL: told to come again, waits for an equal call */
	struct hp_mcp_id token; /* HP_NIL: none */
	bool modern, cancelled;
	const char *tool;
	struct hp_buf line;	       /* what goes to the server */
	const struct hp_value *params; /* with the agent's reasons */
	struct hp_buf payload;	       /* what the grant is for */
	uint8_t hash[HP_HASH_BYTES];   /* of tool and payload */
	int64_t arrived_ms, beat_ms, ended_ms;
	int64_t progress; /* the highest that the client was told, rounded up */
	int64_t offset;	  /* of the server's own progress */
};

enum hp_mcp_tools_state {
	HP_MCP_TOOLS_UNKNOWN,
	HP_MCP_TOOLS_LISTING,
	HP_MCP_TOOLS_ACCEPTED,
	HP_MCP_TOOLS_CHANGED, /* a person is asked */
	HP_MCP_TOOLS_REFUSED, /* `why` */
};

struct hp_mcp_tools {
	enum hp_mcp_tools_state state;
	struct hp_arena arena;	/* of the listing; the pin has its own */
	struct hp_value *listed; /* name → hash, as far as listed */
	struct hp_value *grave;	/* name → true: says that it destroys */
	struct hp_value *shown; /* [{label, text}]: what is new, for a person */
	struct hp_arena pin_arena;
	struct hp_value *pinned; /* name → hash; NULL: none yet */
	struct hp_buf meta;	/* the _meta of a modern client, for our own requests */
	struct hp_mcp_id own;	/* of the request that is out */
	unsigned requests, pages;
	int64_t since_ms;
	bool asking; /* `change` is in use */
	bool again;  /* refused, but not by a person: the next call lists again */
	struct hp_mcp_ask change;
	char why[512];
};

/* A tools/list of the client that waits for ours. */
struct hp_mcp_parked {
	struct hp_mcp_parked *next;
	struct hp_buf line;
};

struct hp_mcp {
	const struct hp_mcp_config *config;
	struct hp_redact *redact;
	struct hp_arena arena; /* of one turn */
	int64_t now_ms;
	struct hp_mcp_reader from_client, from_server;
	struct hp_mcp_writer to_client, to_server;
	struct hp_mcp_ids ids;
	struct hp_mcp_call *calls; /* oldest first */
	size_t call_count;
	struct hp_mcp_tools tools;
	struct hp_mcp_parked *parked;
	size_t parked_count;
};

/* One line for standard error. */
void hp_mcp_tell(struct hp_mcp *mcp, const char *format, ...) HP_PRINTF(2, 3);

/* mcp_client.c, mcp_server.c: a line, and one that was too long. */
void hp_mcp_client_line(struct hp_mcp *mcp, struct hp_mcp_text line);
void hp_mcp_client_too_long(struct hp_mcp *mcp);
/* Lists that waited for ours go to the server once it was judged; or are forgotten. */
void hp_mcp_client_unpark(struct hp_mcp *mcp, bool send);
void hp_mcp_server_line(struct hp_mcp *mcp, struct hp_mcp_text line);
void hp_mcp_server_too_long(struct hp_mcp *mcp);
/* Every request that is open at the server, ours too, gets an error: it will not answer. */
void hp_mcp_server_gone(struct hp_mcp *mcp);

/* mcp_calls.c */
void hp_mcp_call_new(struct hp_mcp *mcp, const struct hp_mcp_message *message);
struct hp_mcp_call *hp_mcp_call_find(struct hp_mcp *mcp, const struct hp_mcp_id *id);
/* The call that the server's progress with this token is about; NULL. */
struct hp_mcp_call *hp_mcp_call_by_token(struct hp_mcp *mcp, const struct hp_mcp_id *token);
/* The client does not want it any more. True: nobody at the server knows of it. */
bool hp_mcp_call_cancel(struct hp_mcp *mcp, struct hp_mcp_call *call);
/* The server has answered: `failed` as far as it says itself; `output` for the record. */
void hp_mcp_call_done(struct hp_mcp *mcp, struct hp_mcp_call *call, bool failed,
		      const char *output);
/* Nobody will know how it ended: its lease runs out, and it is `unknown`, as it is. */
void hp_mcp_call_lost(struct hp_mcp *mcp, struct hp_mcp_call *call);
void hp_mcp_calls_turn(struct hp_mcp *mcp);
bool hp_mcp_calls_hear(struct hp_mcp *mcp, uint64_t seq, const struct hp_value *reply);
/* Takes the ask over, to be told to the broker as far as it has to be; *ask is zeroed. */
void hp_mcp_calls_adopt(struct hp_mcp *mcp, struct hp_mcp_ask *ask);
/* The client is gone: nothing is waited for. */
void hp_mcp_calls_withdraw(struct hp_mcp *mcp, const char *reason);
/* Whether the broker still has to be told something. */
bool hp_mcp_calls_untold(const struct hp_mcp *mcp);
void hp_mcp_calls_release(struct hp_mcp *mcp);

/* mcp_tools.c */
HP_MUST_CHECK enum hp_status hp_mcp_tools_load(struct hp_mcp *mcp, struct hp_error *err);
/* Begins to list, if it is time; `request` of the client is why. */
void hp_mcp_tools_want(struct hp_mcp *mcp, const struct hp_mcp_message *request);
/* The server says that its list changed. */
void hp_mcp_tools_forget(struct hp_mcp *mcp);
/* The answer to our own request. */
void hp_mcp_tools_hear_list(struct hp_mcp *mcp, const struct hp_mcp_message *message);
/* A page for the client; appends a line without its end. */
HP_MUST_CHECK enum hp_status hp_mcp_tools_page(struct hp_mcp *mcp,
					       const struct hp_mcp_message *message,
					       struct hp_buf *buf, struct hp_error *err);
enum hp_mcp_may { HP_MCP_MAY, HP_MCP_MAY_LATER, HP_MCP_MAY_NOT };
/* Whether `tool` may be asked for; else *ret_why says why not. */
enum hp_mcp_may hp_mcp_tools_may(struct hp_mcp *mcp, const char *tool, const char **ret_why);
bool hp_mcp_tools_is_grave(const struct hp_mcp *mcp, const char *tool);
void hp_mcp_tools_turn(struct hp_mcp *mcp);
bool hp_mcp_tools_hear(struct hp_mcp *mcp, uint64_t seq, const struct hp_value *reply);
void hp_mcp_tools_withdraw(struct hp_mcp *mcp, const char *reason);
void hp_mcp_tools_release(struct hp_mcp *mcp);

/* mcp_request.c: begins the ask of a call, and of a changed list. HP_INVALID: what the agent said
 * is no request; `err` is for the agent. */
HP_MUST_CHECK enum hp_status hp_mcp_request_call(struct hp_mcp *mcp, struct hp_mcp_call *call,
						 struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_mcp_request_change(struct hp_mcp *mcp,
						   const struct hp_value *difference,
						   struct hp_error *err);
/* Appends the params as they are judged and granted: what goes to the server, without what carries
 * it there. */
void hp_mcp_request_payload(const struct hp_mcp_message *message, struct hp_buf *buf);
/* Appends the line for the server, without the agent's reasons. */
void hp_mcp_request_line(const struct hp_mcp_message *message, struct hp_buf *buf);

#endif
