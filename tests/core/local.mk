# Units of core: one program a module. CRITERION_LIBS comes last.
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CRITERION_CFLAGS)
CORE_TESTS = \
	tests/core/test_text \
	tests/core/test_present tests/core/test_urging \
	tests/core/test_pattern \
	tests/core/test_globs \
	tests/core/test_redact \
	tests/core/test_redact_set \
	tests/core/test_policy_redaction \
	tests/core/test_sql \
	tests/core/test_shell \
	tests/core/test_classify \
	tests/core/test_aws_actions \
	tests/core/test_value \
	tests/core/test_quorum \
	tests/core/test_principal \
	tests/core/test_directory \
	tests/core/test_report \
	tests/core/test_checkpoint \
	tests/core/test_export \
	tests/core/test_leaf \
	tests/core/test_vote \
	tests/core/test_crypto \
	tests/core/test_merkle \
	tests/core/test_lifecycle \
	tests/core/test_meter \
	tests/core/test_arena \
	tests/core/test_msgpack \
	tests/core/test_json \
	tests/core/test_yaml \
	tests/core/test_schema \
	tests/core/test_units \
	tests/core/test_request \
	tests/core/test_request_canonical \
	tests/core/test_config \
	tests/core/test_boundary \
	tests/core/test_claimed \
	tests/core/test_policy \
	tests/core/test_evaluate \
	tests/core/test_policy_load \
	tests/core/test_task \
	tests/core/test_preflight
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)

tests_core_test_value_SOURCES = %D%/test_value.c
tests_core_test_value_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_value_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
EXTRA_DIST += %D%/judging.h %D%/vectors.h %D%/memory_tree.h %D%/things_text.h

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

tests_core_test_crypto_SOURCES = %D%/test_crypto.c
tests_core_test_crypto_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_crypto_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_merkle_SOURCES = %D%/test_merkle.c
tests_core_test_merkle_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_merkle_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_meter_SOURCES = %D%/test_meter.c
tests_core_test_meter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_meter_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_lifecycle_SOURCES = %D%/test_lifecycle.c
tests_core_test_lifecycle_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_lifecycle_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_report_SOURCES = %D%/test_report.c
tests_core_test_report_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_report_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
tests_core_test_export_SOURCES = %D%/test_export.c
tests_core_test_export_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_export_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
tests_core_test_checkpoint_SOURCES = %D%/test_checkpoint.c
tests_core_test_checkpoint_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_checkpoint_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_leaf_SOURCES = %D%/test_leaf.c
tests_core_test_leaf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_leaf_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_vote_SOURCES = %D%/test_vote.c
tests_core_test_vote_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_vote_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_quorum_SOURCES = %D%/test_quorum.c
tests_core_test_quorum_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_quorum_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_principal_SOURCES = %D%/test_principal.c
tests_core_test_principal_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_principal_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_directory_SOURCES = %D%/test_directory.c
tests_core_test_directory_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_directory_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_request_SOURCES = %D%/test_request.c
tests_core_test_request_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_request_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_policy_load_SOURCES = %D%/test_policy_load.c
tests_core_test_policy_load_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_policy_load_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_text_SOURCES = %D%/test_text.c
tests_core_test_text_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_text_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_urging_SOURCES = %D%/test_urging.c
tests_core_test_urging_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_urging_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
tests_core_test_present_SOURCES = %D%/test_present.c
tests_core_test_present_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_present_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_pattern_SOURCES = %D%/test_pattern.c
tests_core_test_pattern_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_pattern_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
tests_core_test_globs_SOURCES = %D%/test_globs.c
tests_core_test_globs_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_globs_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_sql_SOURCES = %D%/test_sql.c
tests_core_test_sql_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_sql_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_shell_SOURCES = %D%/test_shell.c
tests_core_test_shell_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_shell_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_classify_SOURCES = %D%/test_classify.c
tests_core_test_classify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_classify_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_aws_actions_SOURCES = %D%/test_aws_actions.c
tests_core_test_aws_actions_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_aws_actions_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_policy_SOURCES = %D%/test_policy.c
tests_core_test_policy_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_policy_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_boundary_SOURCES = %D%/test_boundary.c
tests_core_test_boundary_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_boundary_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_claimed_SOURCES = %D%/test_claimed.c
tests_core_test_claimed_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_claimed_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_config_SOURCES = %D%/test_config.c
tests_core_test_config_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_config_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_request_canonical_SOURCES = %D%/test_request_canonical.c
tests_core_test_request_canonical_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_request_canonical_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_evaluate_SOURCES = %D%/test_evaluate.c
tests_core_test_evaluate_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_evaluate_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_redact_SOURCES = %D%/test_redact.c
tests_core_test_redact_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_redact_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_policy_redaction_SOURCES = %D%/test_policy_redaction.c
tests_core_test_policy_redaction_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_policy_redaction_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_redact_set_SOURCES = %D%/test_redact_set.c
tests_core_test_redact_set_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_redact_set_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_task_SOURCES = %D%/test_task.c
tests_core_test_task_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_task_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)

tests_core_test_preflight_SOURCES = %D%/test_preflight.c
tests_core_test_preflight_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_core_test_preflight_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
