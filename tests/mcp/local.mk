# tests/mcp: the gateway between scripted peers, and between the official client and servers.
MCP_TESTS = %D%/test_calls.py %D%/test_lines.py %D%/test_modern.py %D%/test_sdk.py \
	%D%/test_tools.py
TESTS += $(MCP_TESTS)
EXTRA_DIST += $(MCP_TESTS) %D%/gateway.py %D%/server.py %D%/client.mjs %D%/package.json \
	%D%/package-lock.json %D%/.npmrc

# The packages that test_sdk.py installs.
.PHONY: clean-mcp
clean-mcp:
	rm -rf tests/mcp/npm
