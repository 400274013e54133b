# tests: everything speaks TAP, so that one command counts them all.
if HAVE_CRITERION
include tests/core/local.mk
include tests/proto/local.mk
include tests/broker/local.mk
include tests/mcp/units.mk
include tests/audit/local.mk
endif
include tests/house/local.mk
include tests/cli/local.mk
include tests/enforce/local.mk
include tests/examples/local.mk
include tests/fault/local.mk
include tests/mcp/local.mk
include tests/tui/local.mk
include tests/wire/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
POLICY_CASES = %D%/policy/article.yaml %D%/policy/aws.yaml %D%/policy/az.yaml \
	%D%/policy/docker.yaml %D%/policy/evasion-destructive.yaml %D%/policy/evasion-harmless.yaml \
	%D%/policy/evasion.yaml %D%/policy/files.yaml %D%/policy/gcloud.yaml %D%/policy/git.yaml \
	%D%/policy/helm.yaml %D%/policy/kiro.yaml %D%/policy/kubectl.yaml %D%/policy/machine.yaml \
	%D%/policy/mcp.yaml %D%/policy/mongo.yaml %D%/policy/packages.yaml %D%/policy/redaction.yaml %D%/policy/redis.yaml \
	%D%/policy/sql.yaml %D%/policy/terraform.yaml
EXTRA_DIST += %D%/vectors/trust.json %D%/run-unit %D%/stride.h %D%/valgrind.supp \
	%D%/fixtures/article-policy.yaml %D%/fixtures/hostile-text.json \
	%D%/fixtures/kiro-delete.yaml %D%/fixtures/kiro-patch.yaml \
	$(POLICY_CASES)

# For dev/test: what runs under sanitizers and valgrind too; of it, what reads a stranger's bytes.
.PHONY: print-units print-wire-units
print-units:
	@echo $(CORE_TESTS) $(PROTO_TESTS) $(BROKER_TESTS) $(ENFORCE_UNIT_TESTS) $(TUI_UNIT_TESTS) \
		$(MCP_UNIT_TESTS)
print-wire-units:
	@echo $(PROTO_TESTS) $(MCP_UNIT_TESTS) %D%/core/test_msgpack %D%/core/test_json \
		%D%/core/test_request %D%/core/test_text %D%/core/test_checkpoint
