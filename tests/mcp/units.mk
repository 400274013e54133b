# Units of the gateway's parts that need no broker.
MCP_UNIT_TESTS = tests/mcp/test_mcp_text tests/mcp/test_mcp_line
check_PROGRAMS += $(MCP_UNIT_TESTS)
TESTS += $(MCP_UNIT_TESTS)

tests_mcp_test_mcp_text_SOURCES = %D%/test_mcp_text.c
tests_mcp_test_mcp_text_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_mcp_test_mcp_text_LDADD = $(ENFORCE_LIBS) $(CRITERION_LIBS)

tests_mcp_test_mcp_line_SOURCES = %D%/test_mcp_line.c
tests_mcp_test_mcp_line_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_mcp_test_mcp_line_LDADD = $(ENFORCE_LIBS) $(CRITERION_LIBS)
