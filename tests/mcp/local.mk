# tests/mcp: the gateway between scripted peers, and between the official client and servers.
MCP_TESTS = %D%/test_calls.py
TESTS += $(MCP_TESTS)
EXTRA_DIST += $(MCP_TESTS) %D%/gateway.py %D%/server.py %D%/package.json %D%/package-lock.json \
	%D%/.npmrc
