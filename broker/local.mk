# broker: holdpointd, the policy decision point. The store is a library of its own, because the
# audit commands read databases too.
noinst_LIBRARIES += broker/libhpstore.a broker/libhpbroker.a
broker_libhpstore_a_SOURCES = %D%/store.h %D%/store_sqlite.c
broker_libhpbroker_a_SOURCES = \
	%D%/clock.h %D%/clock.c %D%/audit.h %D%/audit.c
STORE_LIBS = broker/libhpstore.a $(CORE_LIBS) $(SQLITE_LIBS)
BROKER_LIBS = broker/libhpbroker.a broker/libhpstore.a $(PROTO_LIBS) $(SQLITE_LIBS)

sbin_PROGRAMS += holdpointd
holdpointd_SOURCES = %D%/main.c
holdpointd_LDADD = $(BROKER_LIBS)
