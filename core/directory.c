/* The set of principals: sorted arrays, so that a look-up among 50,000 is 16 comparisons. */
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/principal.h"
#include "core/text.h"

struct hp_directory {
	const struct hp_principal **by_name;
	const struct hp_principal **by_key;    /* unrevoked ones */
	const struct hp_principal **by_person; /* unrevoked reviewers */
	size_t count, key_count, reviewer_count;
};

static const struct hp_principal *
entry(const void *element)
{
	return *(const struct hp_principal *const *)element;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(entry(a)->name, entry(b)->name);
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(entry(a)->curve_public, entry(b)->curve_public, HP_CURVE_BYTES);
}

static int
compare_persons(const void *a, const void *b)
{
	return strcmp(entry(a)->person, entry(b)->person);
}

static int
compare_sign_keys(const void *a, const void *b)
{
	return memcmp(entry(a)->sign_public, entry(b)->sign_public, HP_SIGN_PUBLIC_BYTES);
}

/* The names of a pair in order, whichever way the sort left two equal entries. */
static enum hp_status
refuse_pair(struct hp_error *err, const struct hp_principal *a, const struct hp_principal *b,
	    const char *why)
{
	bool swapped = strcmp(a->name, b->name) > 0;
	return hp_fail(err, HP_INVALID, "principals '%s' and '%s' %s", (swapped ? b : a)->name,
		       (swapped ? a : b)->name, why);
}

static enum hp_status
index_names(struct hp_directory *directory, const struct hp_principal *principals,
	    struct hp_error *err)
{
	const struct hp_principal **entries = directory->by_name;
	for (size_t i = 0; i < directory->count; i++)
		entries[i] = &principals[i];
	qsort(entries, directory->count, sizeof *entries, compare_names);
	for (size_t i = 1; i < directory->count; i++)
		if (compare_names(&entries[i - 1], &entries[i]) == 0)
			return hp_fail(err, HP_INVALID, "principal '%s' is there twice",
				       entries[i]->name);
	return HP_OK;
}

/* A revoked entry's key stays taken: what was revoked must not come back under another name. */
static enum hp_status
index_keys(struct hp_directory *directory, const struct hp_principal *principals,
	   struct hp_error *err)
{
	const struct hp_principal **entries = directory->by_key;
	for (size_t i = 0; i < directory->count; i++)
		entries[i] = &principals[i];
	qsort(entries, directory->count, sizeof *entries, compare_keys);
	for (size_t i = 1; i < directory->count; i++)
		if (compare_keys(&entries[i - 1], &entries[i]) == 0)
			return refuse_pair(err, entries[i - 1], entries[i],
					   "have the same curve_public");
	for (size_t i = 0; i < directory->count; i++)
		if (!entries[i]->revoked)
			entries[directory->key_count++] = entries[i];
	return HP_OK;
}

/* Whoever holds a signing key is one person; with two, one holder would fill two slots. */
static enum hp_status
check_sign_keys(const struct hp_principal *principals, size_t count,
		const struct hp_principal **scratch, struct hp_error *err)
{
	size_t signers = 0;
	for (size_t i = 0; i < count; i++)
		if (principals[i].has_sign)
			scratch[signers++] = &principals[i];
	qsort(scratch, signers, sizeof *scratch, compare_sign_keys);
	for (size_t i = 1; i < signers; i++)
		if (compare_sign_keys(&scratch[i - 1], &scratch[i]) == 0 &&
		    compare_persons(&scratch[i - 1], &scratch[i]) != 0)
			return refuse_pair(err, scratch[i - 1], scratch[i],
					   "have the same sign_public but not the same person");
	return HP_OK;
}

/* One mention of a person, and the form in which look-alikes are equal. */
struct mention {
	const char *person;
	const struct hp_principal *by;
	size_t fold; /* where its folded form starts; then the form itself */
	const char *folded;
};

static int
compare_mentions(const void *a, const void *b)
{
	const struct mention *left = a, *right = b;
	int order = strcmp(left->folded, right->folded);
	return order ? order : strcmp(left->person, right->person);
}

static void
mention(struct mention *mentions, size_t *count, struct hp_buf *folds,
	const struct hp_principal *by, const char *person)
{
	if (!person[0])
		return;
	mentions[(*count)++] = (struct mention){.person = person, .by = by, .fold = folds->len};
	hp_text_fold(folds, person, strlen(person), true);
	hp_buf_add_byte(folds, 0);
}

/*
 * People are counted by `person` and kept from releasing what they own by `person`: `Anna`, `anna`
 * and `аnna` with a Cyrillic letter would be three people. One spelling only.
 */
static enum hp_status
check_spelling(const struct hp_principal *principals, size_t count, struct hp_error *err)
{
	struct hp_buf folds = {0};
	enum hp_status status = HP_OK;
	size_t found = 0;
	struct mention *mentions = calloc(count ? 2 * count : 1, sizeof *mentions);
	for (size_t i = 0; mentions && i < count; i++) {
		mention(mentions, &found, &folds, &principals[i], principals[i].person);
		mention(mentions, &found, &folds, &principals[i], principals[i].owner);
	}
	if (!mentions || folds.failed) {
		status = hp_fail(err, HP_NOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < found; i++)
		mentions[i].folded = (const char *)folds.data + mentions[i].fold;
	qsort(mentions, found, sizeof *mentions, compare_mentions);
	for (size_t i = 1; i < found && !status; i++) {
		const struct mention *a = &mentions[i - 1], *b = &mentions[i];
		if (strcmp(a->folded, b->folded) == 0 && strcmp(a->person, b->person) != 0)
			status = refuse_pair(err, a->by, b->by,
					     "spell a person in two ways that look alike");
	}
out:
	free(mentions);
	hp_buf_release(&folds);
	return status;
}

static void
index_reviewers(struct hp_directory *directory)
{
	for (size_t i = 0; i < directory->count; i++) {
		const struct hp_principal *principal = directory->by_name[i];
		if (principal->roles & HP_ROLE_REVIEWER && !principal->revoked &&
		    principal->person[0])
			directory->by_person[directory->reviewer_count++] = principal;
	}
	qsort(directory->by_person, directory->reviewer_count, sizeof *directory->by_person,
	      compare_persons);
}

enum hp_status
hp_directory_new(const struct hp_principal *principals, size_t count,
		 struct hp_directory **ret_directory, struct hp_error *err)
{
	if (count > HP_LIMIT_PRINCIPALS)
		return hp_fail(err, HP_TOO_LARGE, "%zu principals are over the limit of %u", count,
			       HP_LIMIT_PRINCIPALS);
	struct hp_directory *directory = calloc(1, sizeof *directory);
	if (!directory)
		return hp_fail(err, HP_NOMEM, "out of memory");
	size_t room = count ? count : 1;
	directory->count = count;
	directory->by_name = calloc(room, sizeof *directory->by_name);
	directory->by_key = calloc(room, sizeof *directory->by_key);
	directory->by_person = calloc(room, sizeof *directory->by_person);
	enum hp_status status = HP_OK;
	if (!directory->by_name || !directory->by_key || !directory->by_person)
		status = hp_fail(err, HP_NOMEM, "out of memory");
	if (!status)
		status = index_names(directory, principals, err);
	if (!status)
		status = index_keys(directory, principals, err);
	if (!status)
		status = check_sign_keys(principals, count, directory->by_person, err);
	if (!status)
		status = check_spelling(principals, count, err);
	if (status) {
		hp_directory_free(directory);
		return status;
	}
	index_reviewers(directory);
	*ret_directory = directory;
	return HP_OK;
}

void
hp_directory_free(struct hp_directory *directory)
{
	if (!directory)
		return;
	free(directory->by_name);
	free(directory->by_key);
	free(directory->by_person);
	free(directory);
}

size_t
hp_directory_count(const struct hp_directory *directory)
{
	return directory->count;
}

const struct hp_principal *
hp_directory_at(const struct hp_directory *directory, size_t index)
{
	return index < directory->count ? directory->by_name[index] : NULL;
}

static const struct hp_principal *
look_up(const struct hp_principal *const *entries, size_t count,
	const struct hp_principal *wanted, int (*compare)(const void *, const void *))
{
	const void *found = bsearch(&wanted, entries, count, sizeof *entries, compare);
	return found ? entry(found) : NULL;
}

const struct hp_principal *
hp_directory_by_name(const struct hp_directory *directory, const char *name)
{
	const struct hp_principal wanted = {.name = name};
	return name ? look_up(directory->by_name, directory->count, &wanted, compare_names) : NULL;
}

const struct hp_principal *
hp_directory_by_key(const struct hp_directory *directory,
		    const uint8_t curve_public[HP_CURVE_BYTES])
{
	struct hp_principal wanted = {0};
	memcpy(wanted.curve_public, curve_public, HP_CURVE_BYTES);
	return look_up(directory->by_key, directory->key_count, &wanted, compare_keys);
}

static bool
in_any(const struct hp_principal *principal, const char *const *groups, size_t count)
{
	for (size_t i = 0; i < principal->group_count; i++)
		for (size_t j = 0; j < count; j++)
			if (strcmp(principal->groups[i], groups[j]) == 0)
				return true;
	return false;
}

unsigned
hp_directory_reviewers(const struct hp_directory *directory, const char *const *groups,
		       size_t group_count, const char *owner)
{
	unsigned persons = 0;
	const char *counted = NULL; /* sorted by person, so the last one is the only one to know */
	for (size_t i = 0; i < directory->reviewer_count; i++) {
		const struct hp_principal *reviewer = directory->by_person[i];
		if ((counted && strcmp(reviewer->person, counted) == 0) ||
		    (owner && strcmp(reviewer->person, owner) == 0) ||
		    !in_any(reviewer, groups, group_count))
			continue;
		counted = reviewer->person;
		persons++;
	}
	return persons;
}
