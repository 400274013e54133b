# broker: holdpointd, the policy decision point. The store is a library of its own, because the
# audit commands read databases too.
noinst_LIBRARIES += broker/libhpstore.a broker/libhpbroker.a
broker_libhpstore_a_SOURCES = \
	%D%/store.h %D%/store_sqlite.h %D%/store_sqlite.c %D%/store_sqlite_query.c \
	%D%/store_sqlite_schema.c %D%/store_sqlite_request.c %D%/store_sqlite_list.c \
	%D%/store_sqlite_record.c %D%/store_sqlite_log.c %D%/store_sqlite_erase.c %D%/store_sqlite_meter.c %D%/store_sqlite_task.c %D%/lockfile.h %D%/lockfile.c
broker_libhpbroker_a_SOURCES = \
	%D%/broker.h %D%/broker.c %D%/loop.c %D%/timers.c %D%/transition.c %D%/load.c \
	%D%/log.h %D%/log.c %D%/clock.h %D%/clock.c %D%/audit.h %D%/audit.c \
	%D%/anchor.h %D%/anchor.c %D%/anchors.c %D%/erase.h %D%/erase.c \
	%D%/audit_private.h %D%/audit_open.c %D%/audit_tree.h %D%/audit_tree.c \
	%D%/sockets.h %D%/sockets.c %D%/zap.h %D%/zap.c %D%/canary.h %D%/canary.c \
	%D%/dispatch.h %D%/dispatch.c %D%/outbox.h %D%/outbox.c %D%/park.h %D%/park.c \
	%D%/reply.h %D%/reply.c \
	%D%/handle_submit.c %D%/handle_query.c %D%/handle_decide.c %D%/handle_claim.c \
	%D%/handle_stop.c %D%/handle_admin.c %D%/handle_agents.c %D%/handle_task.c \
	%D%/handle_spot_check.c %D%/meters.h %D%/meters.c \
	%D%/refusals.h %D%/refusals.c %D%/hide.h %D%/hide.c %D%/disk.h %D%/disk.c \
	%D%/confine.h %D%/confine.c
STORE_LIBS = broker/libhpstore.a $(CORE_LIBS) $(SQLITE_LIBS)
BROKER_LIBS = broker/libhpbroker.a broker/libhpstore.a $(PROTO_LIBS) $(SQLITE_LIBS)

sbin_PROGRAMS += holdpointd
holdpointd_SOURCES = %D%/main.c
holdpointd_LDADD = $(BROKER_LIBS)

# The unit file; installed where --with-systemdsystemunitdir says.
EXTRA_DIST += %D%/holdpointd.service.in
broker/holdpointd.service: %D%/holdpointd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) broker && $(SED) 's|@sbindir[@]|$(sbindir)|' \
		$(top_srcdir)/broker/holdpointd.service.in >$@
if HAVE_SYSTEMD
systemdsystemunit_DATA = broker/holdpointd.service
endif
CLEANFILES += broker/holdpointd.service
