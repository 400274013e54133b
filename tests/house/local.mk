# The house itself: layout, dependencies, manual pages, scripts.
HOUSE_TESTS = %D%/test_hardening.py %D%/test_demo.py %D%/test_layout.py %D%/test_man.sh
TESTS += $(HOUSE_TESTS)
EXTRA_DIST += $(HOUSE_TESTS)
