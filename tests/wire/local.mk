# The wire, from outside: Python clients against a live broker.
WIRE_TESTS = \
	%D%/test_independent.py \
	%D%/test_halt_measured.py \
	%D%/test_reasoning.py \
	%D%/test_erase.py \
	%D%/test_anchor.py \
	%D%/test_agent.py %D%/test_journey.py %D%/test_refusals.py %D%/test_roles.py \
	%D%/test_truncated.py %D%/test_halt.py %D%/test_kill.py %D%/test_events.py \
	%D%/test_same_uid.py %D%/test_hostile.py %D%/test_sizes.py %D%/test_votes.py %D%/test_claims.py %D%/test_memory.py %D%/test_rebase.py %D%/test_meters.py %D%/test_confined.py %D%/test_redaction.py \
	%D%/test_article.py \
	%D%/test_layers.py \
	%D%/test_hundred.py \
	%D%/test_agents.py \
	%D%/test_task.py %D%/test_spot_check.py %D%/test_widening.py
TESTS += $(WIRE_TESTS)
EXTRA_DIST += $(WIRE_TESTS) %D%/agent.py %D%/hp.py %D%/samples.py
