/*
 * limits - every size, count and depth that a stranger controls, with its reason.
 *
 * Purpose: one page where a reader sees what can be pushed at holdpoint. Units are in the names.
 */
#ifndef HP_CORE_LIMITS_H
#define HP_CORE_LIMITS_H

/* Wire (HPP/1): protocol.md gives these four to strangers. */
#define HP_LIMIT_MESSAGE_BYTES (256u * 1024u) /* one message; also ZMQ_MAXMSGSIZE */
#define HP_LIMIT_DEPTH 16u		      /* nesting; no recursion goes deeper */
#define HP_LIMIT_ELEMENTS 4096u		      /* elements (pairs) of one container */
#define HP_LIMIT_STRING_BYTES (64u * 1024u)   /* one str; a bin that a stranger sends, by its field */
#define HP_LIMIT_BIN_BYTES HP_LIMIT_MESSAGE_BYTES /* one bin: canonical bytes, a leaf's body */

/* Request fields. */
#define HP_LIMIT_CANONICAL_BYTES (192u * 1024u) /* a request's canonical bytes: they are served as one
						   bin, and again inside a leaf's body */
#define HP_LIMIT_OPERATION_BYTES 128u
#define HP_LIMIT_NAME_BYTES 64u	    /* principals, environments, classes, groups, sessions … */
#define HP_LIMIT_SUMMARY_BYTES 200u /* one line of a queue */
#define HP_LIMIT_REASON_BYTES 4096u /* a decision's or halt's reason; a note */
#define HP_LIMIT_FINDINGS 64u	    /* findings of one verdict: a page a person can read */
#define HP_LIMIT_CLASSES 64u	    /* classes of a policy: one bit each */
#define HP_LIMIT_ENVIRONMENTS 16u   /* environments of a policy */
#define HP_LIMIT_QUORUM_SLOTS 16u   /* approvers of one request: bounds the matching */
#define HP_LIMIT_GROUPS 16u	    /* groups of one person or of one slot */

/* Files. */
#define HP_LIMIT_FILE_BYTES (16u * 1024u * 1024u) /* any file read whole */
#define HP_LIMIT_POLICY_BYTES (192u * 1024u)	  /* policy.yaml: its whole text is a leaf's body */
#define HP_LIMIT_PRINCIPALS 50000u		  /* entries of principals.d: read within a second */
#define HP_LIMIT_YAML_NODES 2000000u		  /* bounds the memory of a file's tree */

/* Coding agents' hooks. */
#define HP_LIMIT_HOOK_BYTES (1024u * 1024u) /* one call's JSON; what is asked fits a message */

/* The broker's disk. */
#define HP_DISK_RESERVE_BYTES (16u * 1024u * 1024u) /* for thousands of denials and halts */

#define HP_LIMIT_EXPORT_LINE_BYTES (2u * 1024u * 1024u) /* one line of an export: a leaf and its body in
							   hex, and room */

/* The MCP gateway, between an agent's client and a server that nobody vouches for. */
#define HP_LIMIT_MCP_LINE_BYTES (8u * 1024u * 1024u) /* one message: results of some megabytes pass */
#define HP_LIMIT_MCP_QUEUE_BYTES (2u * HP_LIMIT_MCP_LINE_BYTES) /* unread by a peer: others wait */
#define HP_LIMIT_MCP_ID_BYTES 256u  /* an id or progress token, as written */
#define HP_LIMIT_MCP_REQUESTS 512u  /* open requests of one direction */
#define HP_LIMIT_MCP_CALLS 48u	    /* open calls, each with a long poll: see WAITS_PER_PEER */
#define HP_LIMIT_MCP_TOOLS 4096u    /* tools of one server */
#define HP_LIMIT_MCP_PAGES 64u	    /* pages of its list */
#define HP_LIMIT_MCP_TOLD_BYTES 2048u /* of a result, in the report to the broker */

/* Waiting and listing. */
#define HP_LIMIT_WAIT_MS 60000u	  /* one long poll */
#define HP_LIMIT_LIST_ITEMS 500u  /* requests in one page */
#define HP_LIMIT_AGENT_ITEMS 50u   /* agents in one page: each costs a look at its newest requests */
#define HP_LIMIT_AUDIT_ITEMS 1000u /* leaves in one page */
#define HP_LIMIT_WAITS_PER_PEER 64u /* parked long polls of one key */
#define HP_LIMIT_NOTES 64u	   /* notes of one request */

/* Tasks and spot checks. */
#define HP_LIMIT_TASK_GLOBS 32u		   /* patterns of one list: each is tried on every resource */
#define HP_LIMIT_GLOB_BYTES 256u	   /* one pattern */
#define HP_LIMIT_TASK_S (7u * 24u * 3600u) /* a scope longer than a week is a permission */
#define HP_LIMIT_TASKS 256u		   /* open ones of one agent */
#define HP_LIMIT_SPOT_CHECKS 8u		   /* of one request: they are served with it */
#define HP_LIMIT_SPOT_NOTE_BYTES 1024u	   /* likewise */

/* Votes. */
#define HP_LIMIT_VOTE_SKEW_MS 120000 /* a vote's at_ms against the broker's clock */

#endif
