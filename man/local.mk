# man: mdoc pages. `mandoc -Tlint -Wwarning` is silent about each; tests/house/test_man.sh holds them
# to the tables of the code.
dist_man_MANS += %D%/holdpoint.1 %D%/holdpoint-console.1 %D%/holdpoint-mcp.1 %D%/holdpoint-config.5 \
	%D%/holdpoint-executor.8 \
	%D%/holdpoint-policy.5 %D%/holdpoint-protocol.7 %D%/holdpointd.8
