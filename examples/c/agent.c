/*
 * A C program that asks before it acts, with an installed libholdpoint.
 *
 *	agent [ENVIRONMENT]     (staging)
 */
#include <holdpoint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static const char request_format[] =
	"{\"action\": {\"operation\": \"k8s:Restart\", \"environment\": \"%s\","
	" \"resources\": [\"deploy/api\"], \"command\": [\"/bin/echo\", \"restarted\"]},"
	" \"summary\": \"Restart api\", \"why\": \"It has been out of memory since 02:10.\","
	" \"impact\": {\"resources_affected\": 1, \"reversible\": true},"
	" \"alternatives\": [], \"rollback\": null}";

/* Exactly what was asked, under the claim. */
static int
act(struct holdpoint_request *request)
{
	int status = system("/bin/echo restarted");
	int exit_code = status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	int result = holdpoint_report(request, exit_code == 0, exit_code, NULL);
	printf("%s\n", holdpoint_request_state(request));
	return result;
}

int
main(int argc, char **argv)
{
	struct holdpoint *session = NULL;
	struct holdpoint_request *request = NULL;
	char json[1024];
	snprintf(json, sizeof json, request_format, argc > 1 ? argv[1] : "staging");
	int result = holdpoint_connect(NULL, NULL, 5000, &session);
	if (result == HOLDPOINT_OK)
		result = holdpoint_submit(session, json, &request);
	if (result == HOLDPOINT_PENDING) {
		printf("waiting for %s\n", holdpoint_request_id(request));
		fflush(stdout);
		result = holdpoint_wait(request, -1);
	}
	if (result == HOLDPOINT_OK)
		result = holdpoint_claim(request);
	if (result == HOLDPOINT_OK)
		result = act(request);
	else if (request)
		fprintf(stderr, "agent: not done: %s: %s\n", holdpoint_request_state(request),
			holdpoint_request_reason(request));
	else
		fprintf(stderr, "agent: %s\n", holdpoint_message(session));
	holdpoint_request_free(request);
	holdpoint_close(session);
	return result;
}
