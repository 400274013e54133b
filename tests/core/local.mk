# Units of core: one program a module. CRITERION_LIBS comes last.
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CRITERION_CFLAGS)
CORE_TESTS = \
	tests/core/test_value \
	tests/core/test_arena \
	tests/core/test_msgpack \
	tests/core/test_json \
	tests/core/test_yaml \
	tests/core/test_schema \
	tests/core/test_units
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)

tests_core_test_value_SOURCES = %D%/test_value.c
tests_core_test_value_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_value_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
EXTRA_DIST += %D%/vectors.h

tests_core_test_arena_SOURCES = %D%/test_arena.c
tests_core_test_arena_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_arena_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_msgpack_SOURCES = %D%/test_msgpack.c
tests_core_test_msgpack_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_msgpack_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_json_SOURCES = %D%/test_json.c
tests_core_test_json_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_json_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_yaml_SOURCES = %D%/test_yaml.c
tests_core_test_yaml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_yaml_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_schema_SOURCES = %D%/test_schema.c
tests_core_test_schema_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_schema_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_units_SOURCES = %D%/test_units.c
tests_core_test_units_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_units_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
