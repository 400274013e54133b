# tests/bench: figures, not verdicts; run by dev/bench.
EXTRA_PROGRAMS += tests/bench/bench_broker
tests_bench_bench_broker_SOURCES = %D%/bench_broker.c %D%/floor.h %D%/floor.c
tests_bench_bench_broker_LDADD = $(PROTO_LIBS) $(SQLITE_LIBS)
CLEANFILES += tests/bench/bench_broker$(EXEEXT)

EXTRA_PROGRAMS += tests/bench/bench_redact
tests_bench_bench_redact_SOURCES = %D%/bench_redact.c
tests_bench_bench_redact_LDADD = $(CORE_LIBS)
CLEANFILES += tests/bench/bench_redact$(EXEEXT)

EXTRA_PROGRAMS += tests/bench/bench_policy
tests_bench_bench_policy_SOURCES = %D%/bench_policy.c
tests_bench_bench_policy_LDADD = $(STORE_LIBS)
CLEANFILES += tests/bench/bench_policy$(EXEEXT)

EXTRA_DIST += %D%/bench_console.py

# Beside the programs themselves: it makes a log as big as is asked for.
EXTRA_PROGRAMS += tests/bench/bench_audit
tests_bench_bench_audit_SOURCES = %D%/bench_audit.c tests/broker/made_log.h tests/broker/made_log.c
tests_bench_bench_audit_LDADD = $(BROKER_LIBS)
CLEANFILES += tests/bench/bench_audit$(EXEEXT)
