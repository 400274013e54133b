# tests/bench: figures, not verdicts; run by dev/bench, and in a small form by a test.
check_PROGRAMS += tests/bench/bench_broker
tests_bench_bench_broker_SOURCES = %D%/bench_broker.c %D%/servers.h %D%/servers.c %D%/load.h \
	%D%/load.c %D%/figures.h %D%/figures.c %D%/fill.h %D%/fill.c %D%/site.h %D%/site.c \
	%D%/scene_submits.c %D%/scene_cycles.c %D%/scene_stored.c %D%/scene_crowd.c %D%/floor.h \
	%D%/floor.c
tests_bench_bench_broker_LDADD = $(BROKER_LIBS)

check_PROGRAMS += tests/bench/bench_redact
tests_bench_bench_redact_SOURCES = %D%/bench_redact.c
tests_bench_bench_redact_LDADD = $(CORE_LIBS)

check_PROGRAMS += tests/bench/bench_policy
tests_bench_bench_policy_SOURCES = %D%/bench_policy.c
tests_bench_bench_policy_LDADD = $(STORE_LIBS)

EXTRA_DIST += %D%/bench_console.py

# Beside the programs themselves: it makes a log as big as is asked for.
EXTRA_PROGRAMS += tests/bench/bench_audit
tests_bench_bench_audit_SOURCES = %D%/bench_audit.c tests/broker/made_log.h tests/broker/made_log.c
tests_bench_bench_audit_LDADD = $(BROKER_LIBS)
CLEANFILES += tests/bench/bench_audit$(EXEEXT)

TESTS += %D%/test_smoke.sh
EXTRA_DIST += %D%/test_smoke.sh
