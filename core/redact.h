/*
 * redact - secrets and personal data out of text, before anybody or anything stores or shows it.
 *
 * Purpose: what agents write and what commands print goes to reviewers, logs and back into agents'
 * contexts. A set of rules (policy.md, gateway 8) finds what must not go there and puts
 * "[REDACTED:kind]" in its place.
 *
 * Invariants:
 *  1. One pass of the pattern engine finds candidates; a judge in C looks at each (Luhn, mod 97,
 *     ranges, entropy, words before it). Both are linear in the text, however hostile.
 *  2. Text without a hit comes out byte for byte. Output depends on the text and the set alone,
 *     never on how a stream was cut into pieces.
 *  3. Hits that overlap become one, of the kind of the longest, the leftmost of equal ones: nothing
 *     that any rule wanted hidden is left. A hit ends between characters, so UTF-8 stays UTF-8.
 *  4. With the shipped rules redacted text redacts to itself. (A pattern of a policy may match its
 *     own replacement; that is the policy's affair.)
 *  5. Texts of a tree are judged each by itself: no hit goes from one to another.
 *  6. Fail closed: any status but HP_OK means that the text was not judged; outputs are as they
 *     were, and the caller withholds the text.
 * Threads: a set carries its scratch memory; one thread at a time. A stream uses its set.
 */
#ifndef HP_CORE_REDACT_H
#define HP_CORE_REDACT_H

#include "core/buf.h"
#include "core/value.h"

enum hp_redact_group {
	HP_REDACT_PII = 1 << 0,
	HP_REDACT_PHI = 1 << 1,
	HP_REDACT_SECRETS = 1 << 2,
	HP_REDACT_OWN = 1 << 3, /* a pattern of the configuration */
};
#define HP_REDACT_ALL ((unsigned)(HP_REDACT_PII | HP_REDACT_PHI | HP_REDACT_SECRETS))

/* The window that is judged at once: a match is found wherever it lies if it is no longer than the
 * reach; the longest real things (armoured keys) are half of that. */
#define HP_REDACT_STRIDE_BYTES (256u * 1024u) /* text of which one window decides */
#define HP_REDACT_REACH_BYTES (32u * 1024u)   /* how far beyond it looks */
#define HP_REDACT_BEHIND_BYTES 256u	      /* and before it */

#define HP_REDACT_FOUND_MAX 256u /* hits of one value that are told; all are redacted */
#define HP_REDACT_NAME_BYTES 64u /* name of a pattern */

/* A pattern of the configuration's own. Not caseless unless it says (?i). */
struct hp_redact_pattern {
	const char *expression;
	const char *name; /* the kind, of a-z 0-9 _ -; NULL: "pattern" */
	unsigned line;	  /* where it stands, for errors; 0 unknown */
};

struct hp_redact_config {
	unsigned groups; /* of enum hp_redact_group */
	const struct hp_redact_pattern *patterns;
	size_t pattern_count;
};

struct hp_redact;

/* Compiles a set; an empty one is valid and finds nothing. HP_INVALID names the pattern and its
 * line. `config` may go away afterwards. */
HP_MUST_CHECK enum hp_status hp_redact_new(const struct hp_redact_config *config,
					   struct hp_redact **ret_set, struct hp_error *err);
void hp_redact_free(struct hp_redact *set);

/* The group of a policy's word ("pii", "phi", "secrets"); 0 for any other. */
unsigned hp_redact_group(const char *word);

struct hp_redact_hit {
	const char *kind; /* as long as the set */
	unsigned group;	  /* one of enum hp_redact_group */
	size_t from, to;  /* bytes of the text */
};

/* Called for each hit, in the order of the text; hits neither overlap nor, of one kind, touch. */
typedef void hp_redact_tell(void *context, const struct hp_redact_hit *hit);

/* Finds. */
HP_MUST_CHECK enum hp_status hp_redact_find(struct hp_redact *set, const char *text, size_t len,
					    hp_redact_tell *tell, void *context);

/* Appends the text to `buf`, redacted; `tell` may be NULL. On failure `buf` is as it was. */
HP_MUST_CHECK enum hp_status hp_redact_text(struct hp_redact *set, const char *text, size_t len,
					    struct hp_buf *buf, hp_redact_tell *tell,
					    void *context);

/* A hit in a tree. */
struct hp_redact_found {
	const char *field; /* "arguments.env[2]"; keys escaped and themselves redacted */
	const char *kind;
	unsigned group;
	size_t len; /* bytes that were hidden */
};

struct hp_redact_report {
	struct hp_redact_found *items; /* the first HP_REDACT_FOUND_MAX, in the order of the tree */
	size_t count;
	size_t total;	 /* all of them */
	unsigned groups; /* groups of all of them */
};

/* One of several trees that are judged together. */
struct hp_redact_part {
	const char *field; /* paths begin with it; may be "" */
	bool addresses;	   /* an IP address names a machine there, and stays */
	const struct hp_value *value; /* in: a tree or NULL; out: without what was found in it */
	struct hp_redact_report report; /* out */
};

/*
 * Redacts every text of the trees, keys among them, in one pass of the pattern engine. What stands
 * under a key is judged with the key as the word before it ({"password": "…"}), and so is what
 * follows an option in an array (["--password", "…"]). A number or bin that holds a hit becomes the
 * text "[REDACTED:kind]". A tree without a hit stays the same one; another one is copied into
 * `arena`, where reports live too. On failure `parts` are as they were.
 */
HP_MUST_CHECK enum hp_status hp_redact_values(struct hp_redact *set, struct hp_arena *arena,
					      struct hp_redact_part *parts, size_t count);

/* A text that comes in pieces. Holds at most stride + reach + behind bytes of it. */
struct hp_redact_stream;

/* The set must outlive the stream; the stream takes turns with other uses of the set. */
HP_MUST_CHECK enum hp_status hp_redact_stream_new(struct hp_redact *set, hp_redact_tell *tell,
						  void *context,
						  struct hp_redact_stream **ret_stream);
void hp_redact_stream_free(struct hp_redact_stream *stream);

/* Takes a piece and appends what is decided by now. After a failure every further call fails the
 * same way: what was held is never given out. */
HP_MUST_CHECK enum hp_status hp_redact_stream_add(struct hp_redact_stream *stream,
						  const char *piece, size_t len,
						  struct hp_buf *buf);
/* The text ends here: appends the rest. */
HP_MUST_CHECK enum hp_status hp_redact_stream_finish(struct hp_redact_stream *stream,
						     struct hp_buf *buf);

#endif
