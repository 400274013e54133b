# The console: units of its model, and the real program on a terminal of the tests' own.
if HAVE_CRITERION
TUI_UNIT_TESTS = \
	tests/tui/test_queue tests/tui/test_pinned tests/tui/test_control \
	tests/tui/test_lists
check_LIBRARIES += tests/tui/libfeed.a
tests_tui_libfeed_a_SOURCES = %D%/feed.h %D%/feed.c
tests_tui_libfeed_a_CPPFLAGS = $(UNIT_CPPFLAGS)
check_PROGRAMS += $(TUI_UNIT_TESTS)
TESTS += $(TUI_UNIT_TESTS)
FEED_LIBS = tests/tui/libfeed.a $(TUI_LIBS) $(CRITERION_LIBS)

tests_tui_test_queue_SOURCES = %D%/test_queue.c
tests_tui_test_queue_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_tui_test_queue_LDADD = $(FEED_LIBS)
tests_tui_test_pinned_SOURCES = %D%/test_pinned.c
tests_tui_test_pinned_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_tui_test_pinned_LDADD = $(FEED_LIBS)
tests_tui_test_control_SOURCES = %D%/test_control.c
tests_tui_test_control_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_tui_test_control_LDADD = $(FEED_LIBS)
tests_tui_test_lists_SOURCES = %D%/test_lists.c
tests_tui_test_lists_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_tui_test_lists_LDADD = $(FEED_LIBS)
endif

CONSOLE_TESTS = \
	%D%/test_console_screens.py %D%/test_console_truths.py \
	%D%/test_console_hostile.py %D%/test_console_broker.py %D%/test_console_views.py \
	%D%/test_console_storms.py %D%/test_console_same_log.py
TESTS += $(CONSOLE_TESTS)
EXTRA_DIST += $(CONSOLE_TESTS) \
	%D%/harness.py %D%/fake_log.py %D%/screen.py %D%/fake_broker.py %D%/scene.py \
	%D%/approve-name.screen %D%/approve.screen %D%/ascii.screen %D%/back.screen \
	%D%/deny-words.screen %D%/deny.screen %D%/empty.screen %D%/expired.screen \
	%D%/extend.screen %D%/filter.screen %D%/halt.screen %D%/halted.screen \
	%D%/help-end.screen %D%/help.screen %D%/last-minute.screen %D%/note.screen \
	%D%/queue.screen %D%/replica.screen %D%/request-end.screen %D%/request.screen \
	%D%/small-deny.screen %D%/small.screen %D%/tall.screen %D%/too-small.screen \
	%D%/wide-160.screen %D%/large.screen %D%/votes.screen %D%/wide.screen \
	%D%/agents.screen %D%/agents-small.screen %D%/agents-wide.screen %D%/audit.screen \
	%D%/audit-small.screen %D%/audit-verified.screen %D%/checks.screen \
	%D%/copy-of-denied.screen %D%/deny-all.screen %D%/history.screen \
	%D%/history-small.screen %D%/history-wide.screen
