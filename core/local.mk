# core: pure logic. Bytes in, verdict out.
noinst_LIBRARIES += core/libhpcore.a
core_libhpcore_a_SOURCES = \
	%D%/status.h %D%/status.c %D%/limits.h \
	%D%/arena.h %D%/arena.c %D%/buf.h %D%/buf.c \
	%D%/value.h %D%/value.c \
	%D%/msgpack.h %D%/msgpack.c %D%/json.h %D%/json.c %D%/yaml.h %D%/yaml.c \
	%D%/hint.h %D%/hint.c %D%/schema.h %D%/schema.c %D%/units.h %D%/units.c \
	%D%/text.h %D%/text.c %D%/text_fold.c %D%/text_layout.c \
	%D%/confusables.h %D%/confusables.c %D%/scripts.h %D%/scripts.c \
	%D%/pattern.h %D%/pattern.c \
	%D%/redact.h %D%/redact_judge.h %D%/redact_set.h %D%/redact.c %D%/redact_stream.c \
	%D%/redact_value.c %D%/redact_rules.def %D%/redact_rules.c %D%/redact_validate.c \
	%D%/redact_secrets.c %D%/redact_personal.c \
	%D%/crypto.h %D%/crypto.c %D%/merkle.h %D%/merkle.c \
	%D%/checkpoint.h %D%/checkpoint.c %D%/leaf.c %D%/vote.h %D%/vote.c \
	%D%/lifecycle.h %D%/lifecycle.c %D%/quorum.h %D%/quorum.c \
	%D%/principal.h %D%/principal.c %D%/directory.c %D%/z85.c %D%/config.h %D%/config.c \
	%D%/request.h %D%/request.c %D%/request_canonical.c %D%/classify.h %D%/classify.c \
	%D%/classifier.h %D%/globs.h %D%/globs.c %D%/class_globs.c %D%/environment.c %D%/things.h %D%/things.c \
	%D%/words.h %D%/words.c %D%/names.h %D%/names.c %D%/sql.h %D%/sql.c %D%/sql_lex.c %D%/sql_calls.c \
	%D%/shell.h %D%/shell.c %D%/shell_line.h %D%/shell_spell.c %D%/zero.h %D%/zero.c %D%/shell_text.c %D%/shell_tools.h %D%/shell_tools.c \
	%D%/shell_runners.c %D%/shell_options.c %D%/aws.c \
	%D%/aws_actions.h %D%/aws_actions.c %D%/iam_export.h %D%/iam_export.c \
	%D%/policy.h %D%/policy_rules.h %D%/policy.c %D%/effect.c \
	%D%/policy_fields.c %D%/policy_merge.c %D%/policy_load.c %D%/policy_approvals.c \
	%D%/policy_constraints.c %D%/policy_redaction.c %D%/policy_gateway.c \
	%D%/meter.h %D%/meter.c %D%/gateway.h %D%/gateway_private.h %D%/gateway.c \
	%D%/gateway_chain.c %D%/gateway_anomaly.c %D%/gateway_claim.c %D%/gateway_report.c \
	%D%/preflight.h %D%/preflight.c %D%/preflight_policy.c %D%/preflight_people.c %D%/preflight_corpus.def \
	%D%/evaluate.h %D%/evaluate.c %D%/task.h %D%/task.c %D%/judge.c %D%/bounds.c %D%/steering.c \
	%D%/present.h %D%/present.c %D%/present_text.h %D%/present_text.c \
	%D%/present_asked.c %D%/present_story.c %D%/present_bytes.c %D%/present_related.c \
	%D%/urging.h %D%/urging.c %D%/likeness.h %D%/likeness.c
core_libhpcore_a_SOURCES += \
	%D%/boundary.h %D%/boundary.c %D%/claimed.h %D%/claimed.c %D%/claimed_votes.c

# The shipped policy, as C string literals.
core/policy_default.inc: %D%/policy_default.yaml
	$(AM_V_GEN)$(MKDIR_P) core && $(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' \
		$(top_srcdir)/core/policy_default.yaml >$@.tmp && mv $@.tmp $@
BUILT_SOURCES += core/policy_default.inc
core/policy_merge.$(OBJEXT): core/policy_default.inc
CLEANFILES += core/policy_default.inc
EXTRA_DIST += %D%/policy_default.yaml

# The catalogue of AWS actions, as tables.
core/aws_actions.inc: %D%/aws_actions.txt %D%/aws_actions.awk
	$(AM_V_GEN)$(MKDIR_P) core && $(AWK) -f $(top_srcdir)/core/aws_actions.awk \
		$(top_srcdir)/core/aws_actions.txt >$@.tmp && mv $@.tmp $@
BUILT_SOURCES += core/aws_actions.inc
core/aws_actions.$(OBJEXT): core/aws_actions.inc
CLEANFILES += core/aws_actions.inc
EXTRA_DIST += %D%/aws_actions.txt %D%/aws_actions.awk

# An audit log verified.
core_libhpcore_a_SOURCES += \
	%D%/problems.h %D%/problems.c %D%/export.h %D%/export.c %D%/verify.h %D%/verify.c \
	%D%/replay.h %D%/replay_private.h %D%/replay.c %D%/replay_index.c %D%/replay_people.c \
	%D%/replay_vote.c %D%/replay_request.c

CORE_LIBS = core/libhpcore.a $(MSGPACK_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(UTF8PROC_LIBS) \
	$(HYPERSCAN_LIBS) $(SODIUM_LIBS) $(NETTLE_LIBS) -lm

# What an audit log says to who must show that people oversee.
core_libhpcore_a_SOURCES += \
	%D%/report.h %D%/report_private.h %D%/report_figures.def %D%/report.c %D%/report_figures.c \
	%D%/report_keys.c %D%/report_checks.c %D%/report_text.c %D%/report_html.c
