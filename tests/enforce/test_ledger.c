#include "tests/proto/sandbox.h"

#include "enforce/ledger.h"

#define A "01936f2a-7c00-7000-8000-000000000001"
#define B "01936F2A-7C00-7000-8000-000000000002"
#define B_LOWER "01936f2a-7c00-7000-8000-000000000002"
#define NIL "00000000-0000-0000-0000-000000000000"

TestSuite(ledger, .init = sandbox_open, .fini = sandbox_close);

static struct hp_ledger *
open_ledger(void)
{
	struct hp_ledger *ledger = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_ledger_open(sandbox_path("l"), &ledger, &err), HP_OK, "%s", err.message);
	return ledger;
}

static void
expect_file(const char *wanted)
{
	char text[4096] = {0};
	FILE *file = fopen(sandbox_path("l"), "r");
	cr_assert_not_null(file);
	size_t len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	cr_expect_str_eq(text, wanted);
	cr_expect_eq(len, strlen(wanted));
}

Test(ledger, an_id_is_begun_once_in_any_spelling_and_for_ever)
{
	static const char *const ids[] = {A, B, NIL};
	for (int life = 0; life < 3; life++) {
		struct hp_ledger *ledger = open_ledger();
		for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
			cr_expect_eq(hp_ledger_begin(ledger, ids[i], NULL),
				     life == 0 ? HP_OK : HP_CONFLICT, "%s in life %d", ids[i],
				     life);
			cr_expect_eq(hp_ledger_begin(ledger, ids[i], NULL), HP_CONFLICT);
		}
		cr_expect_eq(hp_ledger_begin(ledger, B_LOWER, NULL), HP_CONFLICT);
		cr_expect_eq(hp_ledger_count(ledger), 3);
		hp_ledger_close(ledger);
		expect_file(A "\n" B_LOWER "\n" NIL "\n");
	}
}

Test(ledger, what_is_no_id_is_not_begun)
{
	static const char *const bad[] = {"", "x", A "0", "01936f2a07c00-7000-8000-000000000001",
					  "01936f2a-7c00-7000-8000-00000000000g", "../../etc"};
	struct hp_ledger *ledger = open_ledger();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_expect_eq(hp_ledger_begin(ledger, bad[i], NULL), HP_INVALID, "%s", bad[i]);
	hp_ledger_close(ledger);
	expect_file("");
}

/* Cut at every length, as a crash might: whole lines count, the torn one is gone, and the next one
 * is whole. */
Test(ledger, a_torn_line_is_cut_off)
{
	static const char whole[] = A "\n" B_LOWER "\n";
	for (size_t len = 0; len < sizeof whole; len++) {
		char text[sizeof whole];
		snprintf(text, sizeof text, "%.*s", (int)len, whole);
		sandbox_write("l", text, 0600);
		struct hp_ledger *ledger = open_ledger();
		cr_expect_eq(hp_ledger_count(ledger), len / 37);
		cr_expect_eq(hp_ledger_begin(ledger, A, NULL), len < 37 ? HP_OK : HP_CONFLICT);
		cr_expect_eq(hp_ledger_begin(ledger, B, NULL), len < 74 ? HP_OK : HP_CONFLICT);
		hp_ledger_close(ledger);
		expect_file(whole);
	}
}

Test(ledger, anything_else_refuses_the_whole_file)
{
	static const struct {
		const char *text;
		mode_t mode;
		enum hp_status status;
	} rows[] = {
		{A "\nnot an id, but as long as one of them\n", 0600, HP_INVALID},
		{A "\n" A "x", 0600, HP_INVALID},
		{A "\nhello", 0600, HP_INVALID},
		{A "\r\n" B, 0600, HP_INVALID},
		{A "\n", 0666, HP_REFUSED},
		{A "\n", 0620, HP_REFUSED},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_ledger *ledger = NULL;
		sandbox_write("l", rows[i].text, rows[i].mode);
		cr_expect_eq(hp_ledger_open(sandbox_path("l"), &ledger, NULL), rows[i].status,
			     "row %zu", i);
		cr_expect_null(ledger);
	}
	expect_file(A "\n");
}

Test(ledger, one_process_holds_it)
{
	struct hp_ledger *first = open_ledger(), *second = NULL;
	cr_expect_eq(hp_ledger_open(sandbox_path("l"), &second, NULL), HP_CONFLICT);
	hp_ledger_close(first);
	second = open_ledger();
	hp_ledger_close(second);
}

Test(ledger, it_grows)
{
	enum { MANY = 5000 };
	struct hp_ledger *ledger = open_ledger();
	hp_ledger_close(ledger);
	FILE *file = fopen(sandbox_path("l"), "w");
	for (int i = 0; i < MANY; i++)
		fprintf(file, "01936f2a-7c00-7000-8000-%012d\n", i);
	fclose(file);
	ledger = open_ledger();
	cr_expect_eq(hp_ledger_count(ledger), MANY);
	cr_expect_eq(hp_ledger_begin(ledger, "01936f2a-7c00-7000-8000-000000004999", NULL),
		     HP_CONFLICT);
	cr_expect_eq(hp_ledger_begin(ledger, "01936f2a-7c00-7000-8000-000000005000", NULL), HP_OK);
	hp_ledger_close(ledger);
}
