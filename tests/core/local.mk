# Units of core: one program a module. CRITERION_LIBS comes last.
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CRITERION_CFLAGS)
CORE_TESTS = \
	tests/core/test_value
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)

tests_core_test_value_SOURCES = %D%/test_value.c
tests_core_test_value_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_value_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
