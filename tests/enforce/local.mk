# tests/enforce: enforcement points against a live broker, and doctored ones.
ENFORCE_TESTS = %D%/test_hook.py %D%/test_library.py
TESTS += $(ENFORCE_TESTS)
EXTRA_DIST += $(ENFORCE_TESTS) $(wildcard $(top_srcdir)/%D%/hooks/*.json)
# The executor: a doctored broker, real commands, kill -9.
EXECUTOR_TESTS = \
	%D%/test_altered.py %D%/test_handover.py %D%/test_boundary.py %D%/test_run.py %D%/test_kill.py
TESTS += $(EXECUTOR_TESTS)
EXTRA_DIST += $(EXECUTOR_TESTS) %D%/doctored.py
if HAVE_CRITERION
ENFORCE_UNIT_TESTS = tests/enforce/test_ledger tests/enforce/test_output
check_PROGRAMS += $(ENFORCE_UNIT_TESTS)
TESTS += $(ENFORCE_UNIT_TESTS)

tests_enforce_test_ledger_SOURCES = %D%/test_ledger.c tests/proto/sandbox.h
tests_enforce_test_ledger_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_enforce_test_ledger_LDADD = $(ENFORCE_LIBS) $(CRITERION_LIBS)

tests_enforce_test_output_SOURCES = %D%/test_output.c
tests_enforce_test_output_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_enforce_test_output_LDADD = $(ENFORCE_LIBS) $(CRITERION_LIBS)
endif
