# tests/examples: the examples as a newcomer runs them.
TESTS += %D%/test_examples.py
EXTRA_DIST += %D%/test_examples.py
