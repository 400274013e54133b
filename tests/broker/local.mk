# Units of the broker: the store, the log and the clock, each in a directory of its own.
BROKER_TESTS = \
	tests/broker/test_clock \
	tests/broker/test_life \
	tests/broker/test_store \
	tests/broker/test_store_file \
	tests/broker/test_store_record \
	tests/broker/test_store_list \
	tests/broker/test_store_erase \
	tests/broker/test_store_meter \
	tests/broker/test_store_task \
	tests/broker/test_store_faults \
	tests/broker/test_audit \
	tests/broker/test_audit_open \
	tests/broker/test_crash
check_PROGRAMS += $(BROKER_TESTS)
TESTS += $(BROKER_TESTS)
STORE_FIXTURE = %D%/store_fixture.h %D%/store_fixture.c
LOG_FIXTURE = $(STORE_FIXTURE) %D%/log_fixture.h %D%/log_fixture.c

tests_broker_test_clock_SOURCES = %D%/test_clock.c
tests_broker_test_clock_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_clock_LDADD = $(BROKER_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_SOURCES = %D%/test_store.c $(STORE_FIXTURE)
tests_broker_test_store_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_file_SOURCES = %D%/test_store_file.c $(STORE_FIXTURE)
tests_broker_test_store_file_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_file_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_record_SOURCES = %D%/test_store_record.c $(STORE_FIXTURE)
tests_broker_test_store_record_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_record_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_list_SOURCES = %D%/test_store_list.c $(STORE_FIXTURE)
tests_broker_test_store_list_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_list_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_erase_SOURCES = %D%/test_store_erase.c $(STORE_FIXTURE)
tests_broker_test_store_erase_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_erase_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_meter_SOURCES = %D%/test_store_meter.c $(STORE_FIXTURE)
tests_broker_test_store_meter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_meter_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_task_SOURCES = %D%/test_store_task.c $(STORE_FIXTURE)
tests_broker_test_store_task_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_task_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_store_faults_SOURCES = %D%/test_store_faults.c %D%/fault_vfs.h %D%/fault_vfs.c \
	$(STORE_FIXTURE)
tests_broker_test_store_faults_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_store_faults_LDADD = $(STORE_LIBS) $(CRITERION_LIBS)

tests_broker_test_audit_SOURCES = %D%/test_audit.c $(LOG_FIXTURE)
tests_broker_test_audit_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_audit_LDADD = $(BROKER_LIBS) $(CRITERION_LIBS)

tests_broker_test_audit_open_SOURCES = %D%/test_audit_open.c $(LOG_FIXTURE)
tests_broker_test_audit_open_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_audit_open_LDADD = $(BROKER_LIBS) $(CRITERION_LIBS)

tests_broker_test_life_SOURCES = %D%/test_life.c
tests_broker_test_life_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_life_LDADD = $(BROKER_LIBS) $(CRITERION_LIBS)

# System calls of the lock file's writer are counted beside SQLite's own.
tests_broker_test_crash_SOURCES = %D%/test_crash.c %D%/fault_vfs.h %D%/fault_vfs.c $(LOG_FIXTURE)
tests_broker_test_crash_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_broker_test_crash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=write -Wl,--wrap=fsync -Wl,--wrap=rename
tests_broker_test_crash_LDADD = $(BROKER_LIBS) $(CRITERION_LIBS)

# A made database, and the independent checker on it and on everything somebody could do to it.
check_PROGRAMS += tests/broker/make_log
MADE_LOG = %D%/made_log.h %D%/made_log.c
tests_broker_make_log_SOURCES = %D%/make_log.c $(MADE_LOG)
tests_broker_make_log_LDADD = $(BROKER_LIBS)
TESTS += %D%/test_verify_log.py
EXTRA_DIST += %D%/test_verify_log.py
