/*
 * bench_redact - megabytes a second through all redaction rules.
 *
 *   bench_redact [--seconds S]
 *
 * Texts of 2 KB, as notes and outputs are, and 10 MB of each family's near-matches: what begins
 * like a hit everywhere and is none. Processor time of this thread, so a busy machine counts less.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/redact.h"

enum { SMALL_BYTES = 2048, LARGE_BYTES = 10 * 1024 * 1024 };

static const struct {
	const char *name, *text;
} small[] = {
	{"prose",
	 "Only the rows of 2025-12 are stale; the refresh job skips rows that failed once. With this "
	 "setting it tries them again on its next run, in ten minutes. "},
	{"log lines",
	 "2026-11-22T10:15:30Z INFO http: GET /api/v1/items?page=3 200 12ms id=8d0f36dd-1f7a "
	 "worker-12 10:15:30 took 0.012s bytes=18234\n"},
	{"JSON",
	 "{\"operation\":\"lambda:UpdateFunctionConfiguration\",\"resources\":[\"function/cost-"
	 "refresh\"],\"count\":128,\"ok\":true,\"arn\":\"arn:aws:lambda:eu-west-1:1234:function\"},"},
	{"a hit in every line",
	 "mail bob@example.com, card 4111 1111 1111 1111, from 203.0.113.7, dob 1980-03-12, "
	 "password=hunter2 and AKIAIOSFODNN7EXAMPLE\n"},
};

static const struct {
	const char *name, *text;
} hostile[] = {
	{"all of them",
	 "4111 1111 1111 1112 ghp_0123456789abcdefghij a@b 1.1.1.1.1 password=x eyJaaaaaaaaaaaa ::a "
	 "://a -----BEGIN +1234567 899-99-0000 secret token api_key dob 1/ GB82 WEST 1234 5698 "
	 "sk-aaaaaaaaaaaaaaaa "},
	{"cards", "4111 1111 1111 1112 "},
	{"tokens", "ghp_0123456789abcdefghij "},
	{"e-mail", "a@b "},
	{"IPv4", "1.1."},
	{"IPv6", "::a"},
	{"URLs", "://a"},
	{"JWT", "eyJaaaaaaaaaaaaaa"},
	{"private keys", "-----BEGIN RSA"},
	{"telephones", "+1234567 "},
	{"SSN", "899-99-0000 "},
	{"IBAN", "GB82 WEST 1234 5698 "},
	{"passwords", "password=x "},
	{"key words", "secret token api_key "},
	{"dates of birth", "dob 1/"},
	{"digits", "4"},
};

static double
cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

_Noreturn static void
die(const char *what)
{
	fprintf(stderr, "bench_redact: %s\n", what);
	exit(1);
}

/* Megabytes a second of `len` bytes of the repeated text, again and again for so long. */
static double
measure(struct hp_redact *set, const char *text, size_t len, double seconds)
{
	char *bytes = malloc(len);
	struct hp_buf out = {0};
	if (!bytes)
		die("out of memory");
	for (size_t i = 0, width = strlen(text); i < len; i++)
		bytes[i] = text[i % width];
	double start = cpu_seconds(), spent = 0;
	size_t total = 0;
	while (spent < seconds) {
		size_t times = len < 65536 ? 100 : 1;
		for (size_t i = 0; i < times; i++) {
			hp_buf_reset(&out);
			if (hp_redact_text(set, bytes, len, &out, NULL, NULL) != HP_OK)
				die("the engine failed");
			total += len;
		}
		spent = cpu_seconds() - start;
	}
	hp_buf_release(&out);
	free(bytes);
	return (double)total / spent / 1e6;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"seconds", required_argument, NULL, 's'}, {0}};
	struct hp_redact_config config = {.groups = HP_REDACT_ALL};
	struct hp_redact *set = NULL;
	struct hp_error err = {0};
	double seconds = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c != 's' || (seconds = atof(optarg)) <= 0)
			die("expected: bench_redact [--seconds S]");
	}
	double start = cpu_seconds();
	if (hp_redact_new(&config, &set, &err) != HP_OK)
		die(err.message);
	printf("rules compiled in %.0f ms\n", (cpu_seconds() - start) * 1e3);
	printf("\n%-24s %8s\n", "2 KB texts", "MB/s");
	for (size_t i = 0; i < sizeof small / sizeof *small; i++)
		printf("%-24s %8.0f\n", small[i].name,
		       measure(set, small[i].text, SMALL_BYTES, seconds));
	printf("\n%-24s %8s\n", "10 MB of near-matches", "MB/s");
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
		printf("%-24s %8.0f\n", hostile[i].name,
		       measure(set, hostile[i].text, LARGE_BYTES, seconds));
	hp_redact_free(set);
	return 0;
}
