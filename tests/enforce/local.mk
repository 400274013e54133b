# tests/enforce: enforcement points against a live broker, and doctored ones.
ENFORCE_TESTS = %D%/test_hook.py
TESTS += $(ENFORCE_TESTS)
EXTRA_DIST += $(ENFORCE_TESTS) $(wildcard $(top_srcdir)/%D%/hooks/*.json)
