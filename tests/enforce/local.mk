# tests/enforce: enforcement points against a live broker, and doctored ones.
ENFORCE_TESTS = %D%/test_hook.py
TESTS += $(ENFORCE_TESTS)
EXTRA_DIST += $(ENFORCE_TESTS) $(wildcard $(top_srcdir)/%D%/hooks/*.json)
# The executor: a doctored broker, real commands, kill -9.
EXECUTOR_TESTS = \
	%D%/test_altered.py %D%/test_handover.py %D%/test_boundary.py %D%/test_run.py %D%/test_kill.py
TESTS += $(EXECUTOR_TESTS)
EXTRA_DIST += $(EXECUTOR_TESTS) %D%/doctored.py
