#include "core/globs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Nodes by their number; 0 is the root, and no node's child, so 0 also says "none".
 *
 * An edge for `*` leads to a node of its own that stays active once it was reached; what follows
 * the `*` are that node's children.
 */
enum edge { EDGE_ONE = 256, EDGE_STAR = 257 }; /* below 256: that byte */

struct node {
	uint64_t filter;  /* bit (byte & 63): there may be an edge for this byte */
	uint32_t one;     /* behind `?` */
	uint32_t star;    /* behind `*` */
	uint32_t whole;   /* ids of globs that end here, 0: none */
	uint32_t open;    /* of those that end here in `*` */
};

/* One of a list of ids. */
struct end {
	unsigned id;
	uint32_t next;
};

/* An edge for a byte, in an open-addressed table. */
struct edge_slot {
	uint32_t from;
	uint32_t to; /* 0: a free slot */
	unsigned char byte;
};

/* What a scan needs, with room for every node. */
struct scratch {
	uint32_t *now, *next, *stars; /* nodes that are active */
	uint32_t *reached;            /* of a star's node: the scan that it is active in */
	uint32_t scan;                /* its number */
};

struct hp_globs {
	struct node *nodes;
	uint32_t node_count, node_room;
	struct end *ends; /* the first is not used */
	uint32_t end_count, end_room;
	struct edge_slot *edges;
	uint32_t edge_count, edge_room; /* the room is a power of two, at most half of it used */
	struct scratch *scratch;
};

static bool
grow_scratch(struct scratch *scratch, size_t room)
{
	uint32_t *all = calloc(4 * room, sizeof *all);
	if (!all)
		return false;
	free(scratch->now);
	*scratch = (struct scratch){all, all + room, all + 2 * room, all + 3 * room, 0};
	return true;
}

struct hp_globs *
hp_globs_new(void)
{
	struct hp_globs *globs = calloc(1, sizeof *globs);
	if (!globs)
		return NULL;
	globs->node_count = globs->end_count = 1;
	globs->node_room = globs->end_room = 64;
	globs->edge_room = 128;
	globs->nodes = calloc(globs->node_room, sizeof *globs->nodes);
	globs->ends = calloc(globs->end_room, sizeof *globs->ends);
	globs->edges = calloc(globs->edge_room, sizeof *globs->edges);
	globs->scratch = calloc(1, sizeof *globs->scratch);
	if (!globs->nodes || !globs->ends || !globs->edges || !globs->scratch ||
	    !grow_scratch(globs->scratch, globs->node_room)) {
		hp_globs_free(globs);
		return NULL;
	}
	return globs;
}

void
hp_globs_free(struct hp_globs *globs)
{
	if (!globs)
		return;
	free(globs->nodes);
	free(globs->ends);
	free(globs->edges);
	if (globs->scratch)
		free(globs->scratch->now);
	free(globs->scratch);
	free(globs);
}

/* --- edges --- */

static uint32_t
slot_of(const struct hp_globs *globs, uint32_t from, unsigned char byte)
{
	uint32_t hash = (from << 8 | byte) * UINT32_C(2654435769); /* Knuth's, 2^32 / φ */
	return (hash ^ hash >> 15) & (globs->edge_room - 1);
}

static struct edge_slot *
find_slot(const struct hp_globs *globs, uint32_t from, unsigned char byte)
{
	for (uint32_t at = slot_of(globs, from, byte);; at = (at + 1) & (globs->edge_room - 1)) {
		struct edge_slot *slot = &globs->edges[at];
		if (!slot->to || (slot->from == from && slot->byte == byte))
			return slot;
	}
}

static uint32_t
follow(const struct hp_globs *globs, uint32_t from, unsigned char byte)
{
	if (!(globs->nodes[from].filter >> (byte & 63) & 1))
		return 0;
	return find_slot(globs, from, byte)->to;
}

static bool
grow_edges(struct hp_globs *globs)
{
	struct hp_globs larger = *globs;
	if (globs->edge_count < globs->edge_room / 2)
		return true;
	larger.edge_room *= 2;
	larger.edges = calloc(larger.edge_room, sizeof *larger.edges);
	if (!larger.edges)
		return false;
	for (uint32_t i = 0; i < globs->edge_room; i++)
		if (globs->edges[i].to)
			*find_slot(&larger, globs->edges[i].from, globs->edges[i].byte) =
				globs->edges[i];
	free(globs->edges);
	*globs = larger;
	return true;
}

/* --- building --- */

static bool
grow_nodes(struct hp_globs *globs)
{
	if (globs->node_count < globs->node_room)
		return true;
	uint32_t room = globs->node_room * 2;
	struct node *nodes = realloc(globs->nodes, room * sizeof *nodes);
	if (!nodes)
		return false;
	globs->nodes = nodes;
	if (!grow_scratch(globs->scratch, room))
		return false;
	globs->node_room = room;
	return true;
}

/* The node behind an edge, made when there is none; 0 without memory. */
static uint32_t
step(struct hp_globs *globs, uint32_t from, enum edge edge)
{
	struct node *node = &globs->nodes[from];
	uint32_t *to = edge == EDGE_ONE    ? &node->one
	               : edge == EDGE_STAR ? &node->star
	                                   : &find_slot(globs, from, (unsigned char)edge)->to;
	if (*to)
		return *to;
	if (!grow_nodes(globs) || !grow_edges(globs))
		return 0;
	uint32_t made = globs->node_count++;
	node = &globs->nodes[from]; /* it may have moved */
	globs->nodes[made] = (struct node){0};
	if (edge == EDGE_ONE) {
		node->one = made;
	} else if (edge == EDGE_STAR) {
		node->star = made;
	} else {
		*find_slot(globs, from, (unsigned char)edge) =
			(struct edge_slot){from, made, (unsigned char)edge};
		node->filter |= UINT64_C(1) << (edge & 63);
		globs->edge_count++;
	}
	return made;
}

static bool
add_end(struct hp_globs *globs, uint32_t *list, unsigned id)
{
	if (globs->end_count == globs->end_room) {
		struct end *ends = realloc(globs->ends, 2 * globs->end_room * sizeof *ends);
		if (!ends)
			return false;
		globs->ends = ends;
		globs->end_room *= 2;
	}
	globs->ends[globs->end_count] = (struct end){id, *list};
	*list = globs->end_count++;
	return true;
}

static enum edge
edge_of(char byte)
{
	return byte == '*' ? EDGE_STAR : byte == '?' ? EDGE_ONE : (enum edge)(unsigned char)byte;
}

enum hp_status
hp_globs_add(struct hp_globs *globs, const char *glob, size_t len, unsigned id)
{
	uint32_t node = 0;
	bool open = len && glob[len - 1] == '*';
	while (len && glob[len - 1] == '*')
		len--;
	for (size_t at = 0; at < len; at++) {
		if (at && glob[at] == '*' && glob[at - 1] == '*')
			continue;
		node = step(globs, node, edge_of(glob[at]));
		if (!node)
			return HP_NOMEM;
	}
	struct node *last = &globs->nodes[node];
	return add_end(globs, open ? &last->open : &last->whole, id) ? HP_OK : HP_NOMEM;
}

enum hp_status
hp_globs_add_beginnings(struct hp_globs *globs, const char *glob, size_t len, size_t shortest,
                        unsigned id)
{
	uint32_t node = 0;
	for (size_t at = 0; at < len; at++) {
		if (at && glob[at] == '*' && glob[at - 1] == '*')
			continue;
		node = step(globs, node, edge_of(glob[at]));
		if (!node ||
		    (at + 1 >= shortest && !add_end(globs, &globs->nodes[node].whole, id)))
			return HP_NOMEM;
	}
	return HP_OK;
}

/* --- scanning --- */

struct scan {
	const struct hp_globs *globs;
	struct scratch *scratch;
	hp_globs_match *match;
	void *context;
	uint32_t star_count;
};

static void
tell(const struct scan *scan, uint32_t list)
{
	for (; list; list = scan->globs->ends[list].next)
		scan->match(scan->context, scan->globs->ends[list].id);
}

/* A node was reached: what holds whatever follows, and what may follow from now on. */
static void
reach(struct scan *scan, uint32_t number)
{
	const struct node *node = &scan->globs->nodes[number];
	struct scratch *scratch = scan->scratch;
	if (node->open)
		tell(scan, node->open);
	if (!node->star || scratch->reached[node->star] == scratch->scan)
		return;
	scratch->reached[node->star] = scratch->scan;
	scratch->stars[scan->star_count++] = node->star;
}

/* Where one node goes by one byte; the new count of `next`. */
static uint32_t
advance(const struct hp_globs *globs, uint32_t from, unsigned char byte, uint32_t *next,
        uint32_t count)
{
	uint32_t to = follow(globs, from, byte), one = globs->nodes[from].one;
	if (to)
		next[count++] = to;
	if (one)
		next[count++] = one;
	return count;
}

/* Scans are told apart by a number; when it comes round, no star may seem to be active. */
static void
begin(const struct hp_globs *globs)
{
	struct scratch *scratch = globs->scratch;
	if (++scratch->scan)
		return;
	memset(scratch->reached, 0, globs->node_room * sizeof *scratch->reached);
	scratch->scan = 1;
}

enum hp_status
hp_globs_scan(const struct hp_globs *globs, const char *subject, size_t len, size_t *steps_left,
              hp_globs_match *match, void *context)
{
	struct scan scan = {globs, globs->scratch, match, context, 0};
	uint32_t *now = scan.scratch->now, *next = scan.scratch->next, count = 1;
	begin(globs);
	now[0] = 0;
	reach(&scan, 0);
	for (size_t at = 0; at < len && count + scan.star_count; at++) {
		unsigned char byte = (unsigned char)subject[at];
		uint32_t arrived = 0;
		if (count + scan.star_count > *steps_left)
			return HP_TOO_LARGE;
		*steps_left -= count + scan.star_count;
		for (uint32_t i = 0; i < count; i++)
			arrived = advance(globs, now[i], byte, next, arrived);
		for (uint32_t i = 0; i < scan.star_count; i++)
			arrived = advance(globs, scan.scratch->stars[i], byte, next, arrived);
		for (uint32_t i = 0; i < arrived; i++)
			reach(&scan, next[i]);
		uint32_t *swap = now;
		now = next;
		next = swap;
		count = arrived;
	}
	for (uint32_t i = 0; i < count; i++)
		tell(&scan, globs->nodes[now[i]].whole);
	return HP_OK;
}
