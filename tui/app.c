#include "tui/app.h"

#include <stdio.h>

#include "proto/client.h"

int
hp_console_run(const struct hp_console_options *options)
{
	struct hp_client *client = NULL;
	struct hp_error err = {0};
	enum hp_status status = hp_client_new(options->broker, options->key, HP_SIDE_CONTROL_FIRST,
					      2000, &client, &err);
	if (status != HP_OK) {
		fprintf(stderr, "holdpoint: %s\n", err.message);
		return status == HP_REFUSED ? HP_EXIT_UNAUTHORISED : HP_EXIT_UNAVAILABLE;
	}
	hp_client_free(client);
	return HP_EXIT_OK;
}
