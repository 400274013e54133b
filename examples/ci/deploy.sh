#!/usr/bin/env bash
# A pipeline step that waits for a person: `deploy.sh VERSION`.
#
# The step's runner holds an agent's key, not the cloud's credentials. `exec` asks, waits, and runs
# the command only under a grant; what it exits with says what became of it (holdpoint(1)).
# Needs HOLDPOINT_KEY and HOLDPOINT_BROKER. With AUDIENCE the executor of that name runs it.
set -u
version=${1:?usage: deploy.sh VERSION}

holdpoint --timeout "${WAIT:-30m}" exec \
	--environment "${ENVIRONMENT:-production}" --resource service/shop \
	--summary "Deploy shop $version" \
	--why "Release $version passed its tests; run ${GITHUB_RUN_ID:-local} of ${GITHUB_REPOSITORY:-this checkout}." \
	--resources-affected 1 --reversible --rollback-plan "deploy the version before" \
	--session "${GITHUB_RUN_ID:-local}" ${AUDIENCE:+--audience "$AUDIENCE"} \
	-- helm upgrade --install shop ./chart --set "image.tag=$version"
code=$?
case $code in
0) echo "deployed $version" ;;
125) echo "not deployed: holdpoint did not let it run (see above)" >&2 ;;
*) echo "the deployment itself failed with $code" >&2 ;;
esac
exit "$code"
