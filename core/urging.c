#include "core/urging.h"

#include <ctype.h>
#include <string.h>

#include "core/text.h"

/* Words of ASCII letters and digits with one space between them. */
static const char *const phrases[] = {
	"pre approved", "preapproved", "already approved", "already been approved",
	"has been approved", "was approved", "were approved", "approved by", "authorized by",
	"authorised by", "has been authorized", "has been authorised", "signed off",
	"reviewers must", "reviewer must", "reviewers should", "reviewer should",
	"the reviewer can", "reviewers can", "dear reviewer", "note to reviewer",
	"note to the reviewer", "note to reviewers", "attention reviewer", "attention reviewers",
	"instructions for the reviewer", "instructions to the reviewer", "must approve",
	"must be approved", "should be approved", "please approve", "just approve", "approve this",
	"approve it", "approve now", "approve immediately", "approve without", "safe to approve",
	"do not deny", "do not reject", "don t deny", "don t reject", "must not deny",
	"must not be denied", "no review needed", "no review required", "no review is needed",
	"no review is required", "no need to review", "needs no review", "without review",
	"skip review", "skip the review", "no approval needed", "no approval required",
	"no approval is needed", "no approval is required", "needs no approval",
	"approval is a formality", "just a formality", "rubber stamp", "ignore previous",
	"ignore all previous", "ignore the previous", "ignore the policy", "ignore the warning",
	"ignore the warnings", "ignore any warning", "ignore any warnings", "disregard the policy",
	"disregard previous", "override the policy", "system prompt", "you are required to",
	"you are instructed to", "your instructions are",
};

/* " words of the text ", folded. */
static void
add_words(struct hp_buf *words, const char *text, size_t len)
{
	struct hp_buf folded = {0};
	bool gap = true;

	hp_text_fold(&folded, text, len, true);
	hp_buf_add_byte(words, ' ');
	for (size_t i = 0; i < folded.len; i++) {
		uint8_t c = folded.data[i];
		bool letter = c >= 0x80 || isalnum(c);
		if (letter)
			hp_buf_add_byte(words, c);
		else if (!gap)
			hp_buf_add_byte(words, ' ');
		gap = !letter;
	}
	if (!gap)
		hp_buf_add_byte(words, ' ');
	words->failed |= folded.failed;
	hp_buf_release(&folded);
}

const char *
hp_urging_find(const char *text, size_t len)
{
	struct hp_buf words = {0};
	const char *found = NULL;

	add_words(&words, text, len);
	for (size_t i = 0; !words.failed && !found && i < sizeof phrases / sizeof phrases[0]; i++) {
		size_t size = strlen(phrases[i]);
		const uint8_t *at = words.data, *end = words.data + words.len;
		while (!found && (at = memmem(at, (size_t)(end - at), phrases[i], size)) != NULL) {
			/* There is a space before the first word and behind the last. */
			if (at[-1] == ' ' && at[size] == ' ')
				found = phrases[i];
			at++;
		}
	}
	hp_buf_release(&words);
	return found;
}
