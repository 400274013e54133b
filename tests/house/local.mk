# The house itself: layout, dependencies, manual pages, scripts.
HOUSE_TESTS = %D%/test_layout.py
TESTS += $(HOUSE_TESTS)
EXTRA_DIST += $(HOUSE_TESTS)
