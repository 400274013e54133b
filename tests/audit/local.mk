# An audit log against everything that can be done to it; and checked by somebody else.
check_PROGRAMS += tests/audit/test_flips
TESTS += tests/audit/test_flips
tests_audit_test_flips_SOURCES = %D%/test_flips.c
tests_audit_test_flips_LDADD = cli/libhpcli.a enforce/libhpenforce.a $(BROKER_LIBS) $(TUI_LIBS) $(SQLITE_LIBS)
