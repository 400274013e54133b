/* The globs of classes, as one set; see classifier.h. */
#include <string.h>
#include <strings.h>

#include "core/classifier.h"
#include "core/text.h"

enum { EXCEPTS = 1, ABBREVIATED = 2, ID_BITS = 2 };

struct hp_class_glob
hp_class_glob_of(unsigned id)
{
	return (struct hp_class_glob){id >> ID_BITS, id & EXCEPTS, id & ABBREVIATED};
}

/*
 * Where the option that a `shell:` glob ends in may be cut short at the earliest: behind its first
 * letter. It begins at the first dash after an inner `*`, else at the last dash: what is before may
 * be words of the command. 0: it names no option.
 */
static size_t
earliest_cut(const char *glob, size_t len)
{
	static const char prefix[] = "shell:";
	const char *star = memrchr(glob, '*', len), *dash;
	if (strncmp(glob, prefix, sizeof prefix - 1))
		return 0;
	dash = star ? memchr(star, '-', len - (size_t)(star - glob)) : memrchr(glob, '-', len);
	size_t cut = dash ? (size_t)(dash - glob) + 2 : len;
	return cut < len ? cut : 0;
}

/*
 * Most programs take a long option by any beginning that is not ambiguous: `--outp` is `--output`.
 * So what is dangerous by an option is so by its beginnings: they take `read` away as the whole
 * option does, and they name the other classes. Never the other way round.
 */
static enum hp_status
add_abbreviations(struct hp_classifier *classifier, const char *glob, size_t class, bool excepts)
{
	size_t len = strlen(glob);
	bool read = classifier->read == UINT64_C(1) << class;
	while (len && glob[len - 1] == '*')
		len--;
	size_t cut = earliest_cut(glob, len);
	if (!cut || read != excepts)
		return HP_OK;
	unsigned id = (unsigned)class << ID_BITS | ABBREVIATED | (excepts ? EXCEPTS : 0);
	return hp_globs_add_beginnings(classifier->globs, glob, len, cut, id);
}

/* `@aws-write`: every action of this level of AWS's own catalogue. */
static enum hp_status
add_level(struct hp_classifier *classifier, const char *glob, size_t class, bool excepts,
          unsigned line, struct hp_error *err)
{
	static const char *const names[HP_AWS_LEVELS] = {
		[HP_AWS_LIST] = "@aws-list",
		[HP_AWS_READ] = "@aws-read",
		[HP_AWS_TAGGING] = "@aws-tagging",
		[HP_AWS_WRITE] = "@aws-write",
		[HP_AWS_PERMISSIONS] = "@aws-permissions",
	};
	for (size_t i = 0; i < HP_AWS_LEVELS; i++) {
		struct hp_class_level *level = &classifier->levels[i];
		if (!names[i] || strcasecmp(names[i], glob))
			continue;
		*(excepts ? &level->excepted : &level->named) |= UINT64_C(1) << class;
		return HP_OK;
	}
	return hp_fail_at(err, HP_INVALID, line, 0,
	                  "no access level \"%s\": expected @aws-list, @aws-read, @aws-tagging, "
	                  "@aws-write or @aws-permissions",
	                  hp_text_safe(&classifier->arena, glob, 0));
}

static const char file_prefix[] = "file:";

static enum hp_status
add_glob(struct hp_classifier *classifier, const char *glob, size_t class, unsigned line,
         struct hp_error *err)
{
	bool excepts = *glob == '!';
	if (glob[excepts] == '@')
		return add_level(classifier, glob + excepts, class, excepts, line, err);
	struct hp_buf folded = {0};
	hp_text_fold(&folded, glob + excepts, strlen(glob + excepts), true);
	unsigned id = (unsigned)class << ID_BITS | (excepts ? EXCEPTS : 0);
	const char *text = hp_buf_text(&folded);
	enum hp_status status = folded.failed ? HP_NOMEM : HP_OK;
	if (status == HP_OK && !folded.len)
		status = hp_fail_at(err, HP_INVALID, line, 0, "empty pattern of a class");
	bool file = status == HP_OK && !strncmp(text, file_prefix, sizeof file_prefix - 1);
	if (file)
		status = hp_globs_add(classifier->files, text + sizeof file_prefix - 1,
		                      folded.len - (sizeof file_prefix - 1), id);
	else if (status == HP_OK)
		status = hp_globs_add(classifier->globs, text, folded.len, id);
	if (status == HP_OK && !file)
		status = add_abbreviations(classifier, text, class, excepts);
	hp_buf_release(&folded);
	return status;
}

enum hp_status
hp_class_globs_compile(struct hp_classifier *classifier, const struct hp_class_rule *classes,
                       size_t count, struct hp_error *err)
{
	enum hp_status status = HP_OK;
	classifier->globs = hp_globs_new();
	classifier->files = hp_globs_new();
	if (!classifier->globs || !classifier->files)
		status = HP_NOMEM;
	for (size_t i = 0; i < count && status == HP_OK; i++)
		for (size_t j = 0; j < classes[i].glob_count && status == HP_OK; j++)
			status = add_glob(classifier, classes[i].globs[j], i, classes[i].line, err);
	return status == HP_NOMEM ? hp_fail(err, HP_NOMEM, "out of memory compiling classes")
	                          : status;
}
