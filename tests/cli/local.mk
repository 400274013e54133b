# The command line: exact messages, exit codes, and whole stories against a live broker.
CLI_TESTS = %D%/test_preflight.sh %D%/test_task.sh %D%/test_help.sh %D%/test_usage.sh %D%/test_policy.sh %D%/test_redact.sh %D%/test_flow.sh %D%/test_exec.sh \
	%D%/test_executor.py %D%/test_watch.sh %D%/test_terminal.py
TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS) %D%/tap.sh %D%/tools.json
CLI_TESTS += %D%/test_setup.sh
# The shipped policy against what the world has.
POLICY_TESTS = %D%/test_policy_cases.sh %D%/test_catalogue.py %D%/test_evasion.py \
	%D%/test_iam.py %D%/test_hostile_policy.py
TESTS += $(POLICY_TESTS)
EXTRA_DIST += $(POLICY_TESTS) %D%/judged.py %D%/boundary.py
CLI_TESTS += %D%/test_report.py %D%/test_audit.sh
