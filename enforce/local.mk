# enforce: enforcement points. Nothing runs without a grant.
noinst_LIBRARIES += enforce/libhpenforce.a
enforce_libhpenforce_a_SOURCES = \
	%D%/signals.h %D%/signals.c %D%/spawn.h %D%/spawn.c %D%/talk.h %D%/talk.c \
	%D%/ours.h %D%/ours.c %D%/pins.h %D%/pins.c %D%/supervise.h %D%/supervise.c %D%/exec.h %D%/exec.c
enforce_libhpenforce_a_SOURCES += \
	%D%/ask.h %D%/ask.c %D%/hook.h %D%/hook_hosts.def %D%/hook.c %D%/hook_line.c %D%/hook_answer.c
enforce_libhpenforce_a_SOURCES += \
	%D%/ledger.h %D%/ledger.c %D%/cage.h %D%/cage.c %D%/cage_keeper.h %D%/cage_keeper.c \
	%D%/lease.h %D%/lease.c %D%/output.h %D%/output.c %D%/relay.h %D%/relay.c \
	%D%/job.h %D%/job.c %D%/job_run.c %D%/executor.h %D%/executor.c
enforce_libhpenforce_a_SOURCES += \
	%D%/mcp.h %D%/mcp.c %D%/mcp_gateway.h %D%/mcp_client.c %D%/mcp_server.c %D%/mcp_calls.c \
	%D%/mcp_ask.h %D%/mcp_ask.c %D%/mcp_ids.h %D%/mcp_ids.c %D%/mcp_line.h %D%/mcp_line.c \
	%D%/mcp_list.h %D%/mcp_list.c %D%/mcp_message.h %D%/mcp_message.c %D%/mcp_pin.c \
	%D%/mcp_redact.h %D%/mcp_redact.c %D%/mcp_request.c %D%/mcp_text.h %D%/mcp_text.c \
	%D%/mcp_tools.h %D%/mcp_tools.c
ENFORCE_LIBS = enforce/libhpenforce.a $(PROTO_LIBS)

# libholdpoint, for programs in C. One shared library of its own does not pay for libtool: the
# objects are position independent anyway, and the linker drops and hides what it does not need.
LIBHOLDPOINT = libholdpoint.so.0
include_HEADERS = %D%/holdpoint.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/holdpoint.pc
EXTRA_DIST += %D%/libholdpoint.map
noinst_LIBRARIES += enforce/libholdpoint.a
enforce_libholdpoint_a_SOURCES = %D%/holdpoint.h %D%/holdpoint.c
$(LIBHOLDPOINT): enforce/libholdpoint.a enforce/libhpenforce.a proto/libhpproto.a core/libhpcore.a \
		%D%/libholdpoint.map
	$(AM_V_CCLD)$(CC) $(CFLAGS) $(SAN_CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(LIBHOLDPOINT) \
		-Wl,--version-script=$(top_srcdir)/%D%/libholdpoint.map \
		-Wl,-z,relro -Wl,-z,now -o $@ \
		-Wl,--whole-archive enforce/libholdpoint.a -Wl,--no-whole-archive $(ENFORCE_LIBS)
all-local: $(LIBHOLDPOINT)
CLEANFILES += $(LIBHOLDPOINT)
install-exec-local: $(LIBHOLDPOINT)
	$(MKDIR_P) $(DESTDIR)$(libdir)
	$(INSTALL_PROGRAM) $(LIBHOLDPOINT) $(DESTDIR)$(libdir)
	cd $(DESTDIR)$(libdir) && $(LN_S) -f $(LIBHOLDPOINT) libholdpoint.so
uninstall-local:
	rm -f $(DESTDIR)$(libdir)/$(LIBHOLDPOINT) $(DESTDIR)$(libdir)/libholdpoint.so

# The executor's unit file; installed where --with-systemdsystemunitdir says.
EXTRA_DIST += %D%/holdpoint-executor.service.in
enforce/holdpoint-executor.service: %D%/holdpoint-executor.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) enforce && $(SED) 's|@bindir[@]|$(bindir)|' \
		$(top_srcdir)/enforce/holdpoint-executor.service.in >$@
if HAVE_SYSTEMD
systemdsystemunit_DATA += enforce/holdpoint-executor.service
endif
CLEANFILES += enforce/holdpoint-executor.service
