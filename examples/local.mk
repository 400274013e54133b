# examples: programs that ask before they act. Shipped as they are; tests/examples runs them.
EXTRA_DIST += %D%/README.md %D%/python/agent.py %D%/c/agent.c %D%/c/Makefile \
	%D%/ci/deploy.sh %D%/ci/workflow.yml \
	%D%/node/package.json %D%/node/package-lock.json %D%/node/.npmrc %D%/node/holdpoint.mjs \
	%D%/node/agent.mjs \
	%D%/langgraph/package.json %D%/langgraph/package-lock.json %D%/langgraph/.npmrc \
	%D%/langgraph/graph.mjs
