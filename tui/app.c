/*
 * The loop: broker's words and keys into the model, one drawing a turn.
 *
 * Order matters for truths 1 and 2: what the broker said is drawn before the next key is read, and
 * a drawing that changed what keys act on drops what was typed before it.
 */
#include "tui/app.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "core/crypto.h"
#include "tui/control.h"
#include "tui/input.h"
#include "tui/manual.h"
#include "tui/safe.h"
#include "tui/screen.h"
#include "tui/session.h"
#include "tui/view.h"

enum {
	EMPTY_READS_MAX = 100,
	TICK_EVERY_MS = 50, /* all rows are held against the clock */
	NEWS_EVERY_MS = 40, /* what comes is drawn so often at most; keys at once */
};

struct app {
	struct hp_session *session;
	struct hp_screen screen;
	struct hp_model model;
	bool fits;            /* the terminal is large enough */
	bool more_keys;       /* some may be waiting inside the terminal library */
	int64_t second;       /* the broker's second that was drawn */
	unsigned news;        /* what the broker said that is not drawn yet */
	int64_t drawn_ms, ticked_ms; /* steady: the last drawing, the last look at the clock */
	unsigned empty_reads; /* readable without a key, in a row: the terminal is gone */
};

/* Steady, and running on through suspend: after it, silence is noticed at once. */
static int64_t
steady_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
fail(enum hp_exit code, const struct hp_error *err)
{
	fprintf(stderr, "holdpoint: %s\n", err->message);
	return code;
}

/* What still works on a terminal that is too small: quitting, and growing it again. */
static unsigned
take_key(struct app *app, uint32_t key, int64_t now_ms)
{
	if (!app->fits)
		return key == 'q' && app->model.dialog.kind == HP_DIALOG_NONE ? HP_CHANGED_QUIT
		                                                              : HP_CHANGED_NOTHING;
	return hp_control_key(&app->model, key, now_ms);
}

/* One key a turn: what it changed is drawn before the next is read. A page that was scrolled past
 * undrawn would count as never seen, and a key behind it would act on what nobody saw. */
static unsigned
take_next_key(struct app *app)
{
	uint32_t key;

	app->more_keys = false;
	switch (hp_input_read(&app->screen, &key)) {
	case HP_INPUT_NONE:
		app->empty_reads++;
		return HP_CHANGED_NOTHING;
	case HP_INPUT_RESIZE:
		app->empty_reads = 0;
		app->more_keys = true;
		return HP_CHANGED_PANE;
	case HP_INPUT_KEY:
		break;
	}
	app->empty_reads = 0;
	app->more_keys = true;
	return take_key(app, key, steady_ms());
}

static void
draw(struct app *app, unsigned changed)
{
	changed |= app->news;
	app->news = HP_CHANGED_NOTHING;
	app->drawn_ms = steady_ms();
	hp_screen_begin(&app->screen);
	app->fits = hp_frame_draw(&app->screen, &app->model, steady_ms());
	hp_screen_flush(&app->screen, changed & HP_CHANGED_ALL);
	if (changed & HP_CHANGED_PANE)
		hp_model_drawn(&app->model, steady_ms());
	if (changed & HP_CHANGED_FLUSH)
		hp_input_flush(&app->screen);
	if (changed & HP_CHANGED_COPY)
		hp_screen_copy(app->model.copied);
	if (app->model.bell && !app->model.bell_off)
		hp_screen_bell();
	if (app->model.notice[0] && !app->model.notice_off)
		hp_screen_notify(app->model.notice);
	app->model.bell = false;
	app->model.notice[0] = '\0';
}

/* Passing seconds are drawn too. */
static unsigned
watch_clock(struct app *app, int64_t now_ms)
{
	int64_t second = hp_model_broker_ms(&app->model, now_ms) / 1000;

	if (second == app->second)
		return HP_CHANGED_NOTHING;
	app->second = second;
	return HP_CHANGED_SCREEN;
}

static long
wait_ms(const struct app *app, int64_t now_ms)
{
	int64_t due_ms = hp_session_due_ms(app->session, now_ms);
	int64_t second_ms = 1000 - hp_model_broker_ms(&app->model, now_ms) % 1000;
	int64_t wait = due_ms > now_ms ? due_ms - now_ms : 0;

	if (app->more_keys)
		return 0;
	if (app->news && app->drawn_ms + NEWS_EVERY_MS - now_ms < wait)
		wait = app->drawn_ms > now_ms - NEWS_EVERY_MS
		               ? app->drawn_ms + NEWS_EVERY_MS - now_ms
		               : 0;
	return (long)(wait < second_ms ? wait : second_ms);
}

/* Waits for the broker, a key or the clock. False when the terminal is gone. */
static bool
wait_for_news(struct app *app, bool *ret_keys)
{
	zmq_pollitem_t items[3] = {
		{.fd = STDIN_FILENO, .events = ZMQ_POLLIN},
		{.socket = hp_session_socket(app->session), .events = ZMQ_POLLIN},
		{.socket = hp_session_events_socket(app->session), .events = ZMQ_POLLIN},
	};
	int count = items[2].socket ? 3 : 2;

	if (zmq_poll(items, count, wait_ms(app, steady_ms())) < 0) {
		*ret_keys = true; /* a signal: perhaps the size changed */
		return errno == EINTR;
	}
	*ret_keys = items[0].revents & ZMQ_POLLIN;
	return !(items[0].revents & ZMQ_POLLERR) && app->empty_reads < EMPTY_READS_MAX;
}

/* The manual page takes the terminal until it is left. */
static unsigned
show_manual(struct app *app)
{
	hp_screen_suspend(&app->screen);
	bool shown = hp_manual_show("holdpoint-console");
	hp_screen_resume(&app->screen);
	if (!shown)
		hp_model_say(&app->model, true, "man cannot show holdpoint-console");
	return HP_CHANGED_ALL | HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

/* What the broker and the clock say. */
static void
hear(struct app *app)
{
	int64_t now_ms = steady_ms();

	app->news |= hp_session_turn(app->session, &app->model, now_ms);
	if (now_ms - app->ticked_ms >= TICK_EVERY_MS) {
		app->ticked_ms = now_ms;
		app->news |= hp_model_tick(&app->model, now_ms);
	}
	app->news |= watch_clock(app, now_ms);
}

/* A flood of news is drawn now and then; what changes the ground under a decision, at once. */
static bool
is_due(const struct app *app, int64_t now_ms)
{
	return app->model.bell || (app->news & ~(unsigned)HP_CHANGED_SCREEN) ||
	       (app->news && now_ms - app->drawn_ms >= NEWS_EVERY_MS);
}

static int
loop(struct app *app)
{
	unsigned changed = HP_CHANGED_ALL | HP_CHANGED_PANE | HP_CHANGED_FLUSH;
	bool keys = false;

	for (;;) {
		hear(app);
		if (changed || is_due(app, steady_ms()))
			draw(app, changed);
		changed = HP_CHANGED_NOTHING;
		if (!wait_for_news(app, &keys))
			return HP_EXIT_INTERNAL;
		/* News first; keys when it has been drawn. */
		hear(app);
		if (app->news && (keys || app->more_keys))
			draw(app, HP_CHANGED_NOTHING);
		if (keys || app->more_keys)
			changed |= take_next_key(app);
		if (changed & HP_CHANGED_QUIT)
			return HP_EXIT_OK;
		if (changed & HP_CHANGED_MAN)
			changed = show_manual(app);
	}
}

static int
run(struct app *app, const struct hp_console_options *options)
{
	struct hp_error err = {0};
	int code;

	if (hp_screen_open(options->no_color, options->ascii, &app->screen, &err) != HP_OK)
		return fail(HP_EXIT_USAGE, &err);
	hp_model_init(&app->model, options->broker->instance, app->screen.ascii, hp_tui_escape);
	app->model.log_key = options->broker->log_key;
	app->model.bell_off = options->no_bell;
	app->model.notice_off = options->no_notify;
	code = loop(app);
	hp_model_release(&app->model);
	hp_screen_close(&app->screen);
	return code;
}

static void
say_slow(const char *why)
{
	fprintf(stderr, "holdpoint: %s; waiting a little longer\n", why);
}

int
hp_console_run(const struct hp_console_options *options)
{
	struct app app = {0};
	struct hp_error err = {0};
	enum hp_status status;
	int code;

	setlocale(LC_CTYPE, "");
	if (hp_screen_check(&err) != HP_OK)
		return fail(HP_EXIT_USAGE, &err);
	if (hp_crypto_start() != HP_OK) {
		hp_fail(&err, HP_IO, "the crypto library does not start");
		return fail(HP_EXIT_INTERNAL, &err);
	}
	status = hp_session_new(options->broker, options->key, say_slow, &app.session, &err);
	if (status != HP_OK)
		return fail(status == HP_REFUSED       ? HP_EXIT_UNAUTHORISED
		            : status == HP_UNAVAILABLE ? HP_EXIT_UNAVAILABLE
		            : status == HP_INVALID     ? HP_EXIT_USAGE
		                                       : HP_EXIT_INTERNAL,
		            &err);
	code = run(&app, options);
	hp_session_free(app.session);
	return code;
}
