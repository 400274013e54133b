# dev: commands for newcomers and developers.
EXTRA_DIST += %D%/lib.sh %D%/packages %D%/test %D%/demo %D%/demo.py %D%/fuzz %D%/bench %D%/fault \
	%D%/aws-catalogue %D%/lint %D%/lint.allow %D%/coverage %D%/dist
# The independent checker of the log, and its parts.
EXTRA_DIST += %D%/verify-log %D%/verify_log/__init__.py %D%/verify_log/canon.py %D%/verify_log/log.py \
	%D%/verify_log/replay.py %D%/verify_log/tables.py %D%/verify_log/export.py
# The console in tmux, step by step, and what makes these files anew.
EXTRA_DIST += %D%/console-screens %D%/console_screens.py \
	docs/console/01-queue.txt docs/console/02-request.txt docs/console/03-request-2.txt \
	docs/console/04-deny.txt docs/console/05-denied.txt docs/console/06-read.txt \
	docs/console/07-extend.txt docs/console/08-extended.txt docs/console/09-approve.txt \
	docs/console/10-approved.txt docs/console/11-late.txt docs/console/12-expired.txt \
	docs/console/13-agents.txt docs/console/14-halt.txt docs/console/15-halted.txt \
	docs/console/16-history.txt docs/console/17-audit.txt docs/console/session.svg

# dev/lint: what each tool says of each source file, beside the objects, made again when it changes.
LINT_FILES = $(patsubst $(top_srcdir)/%,%,$(wildcard $(foreach room, \
	core proto broker enforce tui cli,$(top_srcdir)/$(room)/*.c)))
LINT_FLAGS = -std=c17 $(WARN_CFLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) $(MSGPACK_CFLAGS) $(YAML_CFLAGS) \
	$(JANSSON_CFLAGS) $(UTF8PROC_CFLAGS) $(HYPERSCAN_CFLAGS) $(SODIUM_CFLAGS) \
	$(NETTLE_CFLAGS) $(ZMQ_CFLAGS) $(SQLITE_CFLAGS) $(NCURSES_CFLAGS)
LINT_TEMPLATE = {file}:{line}:{column}: warning: {message} [{id}]
lint-gcc: $(LINT_FILES:%.c=lint/%.gcc)
lint-cppcheck: $(LINT_FILES:%.c=lint/%.cppcheck)
lint-clang-tidy: $(LINT_FILES:%.c=lint/%.clang-tidy)
lint/%.gcc: $(top_srcdir)/%.c | $(BUILT_SOURCES)
	@$(MKDIR_P) $(@D)
	$(AM_V_at)gcc $(filter-out -Werror,$(LINT_FLAGS)) -O1 -fanalyzer -S -o /dev/null -MMD -MP \
		-MF lint/$*.d -MT "lint/$*.gcc lint/$*.cppcheck lint/$*.clang-tidy" $< 2>$@.tmp && mv $@.tmp $@
lint/%.cppcheck: $(top_srcdir)/%.c | lint/%.gcc
	$(AM_V_at)cppcheck -q --std=c11 --enable=warning,performance,portability \
		--template='$(LINT_TEMPLATE)' $(filter -I% -D%,$(AM_CPPFLAGS) $(CPPFLAGS)) $< 2>$@.tmp && mv $@.tmp $@
lint/%.clang-tidy: $(top_srcdir)/%.c $(top_srcdir)/.clang-tidy | lint/%.gcc
	$(AM_V_at)clang-tidy --quiet --config-file=$(top_srcdir)/.clang-tidy $< -- \
		$(filter-out -Werror,$(LINT_FLAGS)) >$@.tmp 2>$@.err && mv $@.tmp $@
-include $(LINT_FILES:%.c=lint/%.d)
.PHONY: lint-gcc lint-cppcheck lint-clang-tidy
.PRECIOUS: lint/%.gcc lint/%.cppcheck lint/%.clang-tidy
clean-lint:
	rm -rf lint
