#include "tests/proto/sandbox.h"

#include "core/principal.h"
#include "proto/file.h"
#include "proto/keyfile.h"

static struct hp_error err;
static struct hp_arena arena;

static void
setup(void)
{
	sandbox_open();
	cr_assert_eq(hp_crypto_start(), HP_OK);
}

static void
teardown(void)
{
	sandbox_close();
	hp_arena_release(&arena);
}

static unsigned asked;

/* `context` is the passphrase; NULL: the person gives up. */
static enum hp_status
answer(void *context, const char *name, struct hp_buf *buf, struct hp_error *error)
{
	asked++;
	cr_expect_str_eq(name, "alice");
	if (!context)
		return hp_fail(error, HP_REFUSED, "gave up");
	hp_buf_add_text(buf, context);
	return HP_OK;
}

static bool
same_key(const struct hp_keyfile *a, const struct hp_keyfile *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       memcmp(a->curve_public, b->curve_public, HP_CURVE_BYTES) == 0 &&
	       memcmp(a->curve_secret, b->curve_secret, HP_CURVE_BYTES) == 0 &&
	       memcmp(a->sign_public, b->sign_public, HP_SIGN_PUBLIC_BYTES) == 0 &&
	       memcmp(a->sign_secret, b->sign_secret, HP_SIGN_SEED_BYTES) == 0;
}

static const char *
read_text(const char *path)
{
	struct hp_buf buf = {0};
	cr_assert_eq(hp_file_read(path, &buf, &err), HP_OK);
	const char *text = hp_arena_strdup(&arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

Test(keyfile, an_open_key_comes_back, .init = setup, .fini = teardown)
{
	struct hp_keyfile key, again;
	struct stat st;
	const char *path = sandbox_path("alice.key");
	hp_keyfile_generate("alice", &key);
	cr_assert_eq(hp_keyfile_write(path, &key, NULL, 0, &err), HP_OK, "%s", err.message);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(hp_keyfile_read(path, NULL, NULL, &again, &err), HP_OK, "%s", err.message);
	cr_expect(same_key(&key, &again));
	cr_expect_eq(hp_keyfile_write(path, &key, NULL, 0, &err), HP_CONFLICT);
	hp_keyfile_release(&again);
	static const struct hp_keyfile zero;
	cr_expect_eq(memcmp(&again, &zero, sizeof zero), 0, "a released key is wiped");
}

/* The names and forms that other languages read (protocol.md "Key file"). */
Test(keyfile, the_open_form_is_exact, .init = setup, .fini = teardown)
{
	struct hp_keyfile key = {.name = "alice"};
	for (int i = 0; i < 32; i++) {
		key.curve_public[i] = key.curve_secret[i] = (uint8_t)i;
		key.sign_public[i] = key.sign_secret[i] = (uint8_t)(255 - i);
	}
	cr_assert_eq(hp_keyfile_write(sandbox_path("k"), &key, NULL, 0, &err), HP_OK);
	cr_expect_str_eq(read_text(sandbox_path("k")),
			 "{\n"
			 "  \"name\": \"alice\",\n"
			 "  \"curve_public\": \"009c61o!#m2NH?C3>iWS5d]J*6CRx17-skh9337x\",\n"
			 "  \"sign_public\": \"//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=\",\n"
			 "  \"curve_secret\": \"009c61o!#m2NH?C3>iWS5d]J*6CRx17-skh9337x\",\n"
			 "  \"sign_secret\": \"//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=\"\n"
			 "}\n");
}

Test(keyfile, a_sealed_key_needs_its_passphrase, .init = setup, .fini = teardown)
{
	struct hp_keyfile key, again = {0};
	char right[] = "correct horse", wrong[] = "incorrect horse";
	const char *path = sandbox_path("alice.key");
	hp_keyfile_generate("alice", &key);
	cr_assert_eq(hp_keyfile_write(path, &key, right, strlen(right), &err), HP_OK, "%s",
		     err.message);
	const char *text = read_text(path);
	cr_expect_null(strstr(text, "secret"));
	cr_expect_not_null(strstr(text, "\"kdf\": \"argon2id\""));
	cr_expect_eq(hp_keyfile_read(path, NULL, NULL, &again, &err), HP_REFUSED);
	cr_expect_not_null(strstr(err.message, "sealed"), "%s", err.message);
	cr_expect_eq(hp_keyfile_read(path, answer, wrong, &again, &err), HP_BAD_SIGNATURE);
	cr_expect_not_null(strstr(err.message, "wrong passphrase"), "%s", err.message);
	cr_expect_eq(hp_keyfile_read(path, answer, NULL, &again, &err), HP_REFUSED);
	cr_expect_eq(asked, 2);
	cr_expect_eq(again.name[0], '\0', "outputs are untouched on failure");
	cr_assert_eq(hp_keyfile_read(path, answer, right, &again, &err), HP_OK, "%s", err.message);
	cr_expect(same_key(&key, &again));
	cr_expect_eq(hp_keyfile_write(sandbox_path("b"), &key, "", 0, &err), HP_INVALID);
	cr_expect_eq(access(sandbox_path("b"), F_OK), -1);
}

Test(keyfile, an_open_key_asks_nobody, .init = setup, .fini = teardown)
{
	struct hp_keyfile key, again;
	hp_keyfile_generate("alice", &key);
	cr_assert_eq(hp_keyfile_write(sandbox_path("k"), &key, NULL, 0, &err), HP_OK);
	cr_assert_eq(hp_keyfile_read(sandbox_path("k"), answer, NULL, &again, &err), HP_OK);
	cr_expect_eq(asked, 0);
}

Test(keyfile, others_must_not_read_it, .init = setup, .fini = teardown)
{
	struct hp_keyfile key, again;
	hp_keyfile_generate("alice", &key);
	const char *path = sandbox_path("k");
	cr_assert_eq(hp_keyfile_write(path, &key, NULL, 0, &err), HP_OK);
	cr_assert_eq(chmod(path, 0640), 0);
	cr_expect_eq(hp_keyfile_read(path, NULL, NULL, &again, &err), HP_REFUSED);
	cr_expect_not_null(strstr(err.message, "0640"), "%s", err.message);
}

#define PUBLIC                                                                                     \
	"\"name\": \"alice\", \"curve_public\": \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\", "   \
	"\"sign_public\": \"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=\""
#define SECRETS                                                                                    \
	"\"curve_secret\": \"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\", "                         \
	"\"sign_secret\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define SEALED(fields) "{" PUBLIC ", \"sealed\": {" fields "}}"
#define SALT "\"salt\": \"AAAAAAAAAAAAAAAAAAAAAA==\""

#define A35 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BOX "\"box\": \"" A35 A35 A35 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" "\"" /* 104 bytes */

/* PUBLIC and SECRETS are the pairs of ZeroMQ's manual and of the all-zero seed. */
Test(keyfile, what_is_no_key, .init = setup, .fini = teardown)
{
	static const struct {
		const char *text, *words; /* words NULL: fine */
	} rows[] = {
		{"{" PUBLIC ", " SECRETS "}", NULL},
		{"", "k:1: this is not JSON"},
		{"{" PUBLIC ", " SECRETS "} x", "this is not JSON"},
		{"{" PUBLIC ", " PUBLIC ", " SECRETS "}", "this is not JSON"},
		{"[]", "k: "},
		{"{" PUBLIC ", " SECRETS ", \"extra\": 1}", "extra"},
		{"{" PUBLIC "}", "expected curve_secret and sign_secret, or sealed alone"},
		{"{" SECRETS "}", "name"},
		{"{\"name\": \"../alice\", " SECRETS "}", "name"},
		{"{" PUBLIC ", \"curve_secret\": \"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\"}",
		 "or sealed alone"},
		{"{" PUBLIC ", " SECRETS ", \"sealed\": {\"kdf\": \"argon2id\", " SALT
		 ", \"ops\": 3, \"mem\": 1000000, \"box\": \"AAAA\"}}",
		 "or sealed alone"},
		{SEALED("\"kdf\": \"md5\", " SALT ", \"ops\": 3, \"mem\": 8192, \"box\": \"AAAA\""),
		 "kdf"},
		{SEALED("\"kdf\": \"argon2id\", \"salt\": \"AAAA\", \"ops\": 3, \"mem\": 8192, "
			"\"box\": \"AAAA\""),
		 "sealed.salt: expected base64 of 16 bytes"},
		{SEALED("\"kdf\": \"argon2id\", " SALT ", \"ops\": 3, \"mem\": 8192, "
			"\"box\": \"????\""),
		 "sealed.box: expected base64"},
		{SEALED("\"kdf\": \"argon2id\", " SALT ", \"ops\": 3, \"mem\": 8192, "
			"\"box\": \"AAAA\""),
		 "alice"},
		{SEALED("\"kdf\": \"argon2id\", " SALT ", \"ops\": 3, "
			"\"mem\": 9000000000000000000, " BOX),
		 "cannot open the sealed key of \"alice\": invalid input"},
		{SEALED("\"kdf\": \"argon2id\", " SALT ", \"ops\": 4000000000, "
			"\"mem\": 8192, " BOX),
		 "cannot open the sealed key of \"alice\": invalid input"},
		{SEALED("\"kdf\": \"argon2id\", " SALT ", \"mem\": 8192, \"box\": \"AAAA\""),
		 "ops"},
		{"{\"name\": \"alice\", "
		 "\"curve_public\": \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\", "
		 "\"sign_public\": \"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=\", " SECRETS "}",
		 "curve_public is not the key of curve_secret"},
		{"{\"name\": \"alice\", "
		 "\"curve_public\": \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\", "
		 "\"sign_public\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\", " SECRETS "}",
		 "sign_public is not the key of sign_secret"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_keyfile key;
		char passphrase[] = "x";
		err = (struct hp_error){0};
		const char *path = sandbox_write("k", rows[i].text, 0600);
		enum hp_status status = hp_keyfile_read(path, answer, passphrase, &key, &err);
		cr_expect_eq(status == HP_OK, rows[i].words == NULL, "row %zu: %s", i,
			     err.message);
		if (rows[i].words)
			cr_expect_not_null(strstr(err.message, rows[i].words), "row %zu: %s", i,
					   err.message);
	}
}

/* A broken file is shown by its place, not by its text. */
Test(keyfile, a_message_never_quotes_a_secret, .init = setup, .fini = teardown)
{
	static const char text[] = "{" PUBLIC ", " SECRETS "}";
	for (size_t len = 0; len < sizeof text - 1; len++) {
		struct hp_keyfile key;
		char *part = hp_arena_copy(&arena, text, len);
		err = (struct hp_error){0};
		cr_assert_neq(hp_keyfile_read(sandbox_write("k", part, 0600), NULL, NULL, &key,
					      &err),
			      HP_OK);
		cr_assert_null(strstr(err.message, "D:)Q"), "%zu: %s", len, err.message);
		cr_assert_null(strstr(err.message, "AAAA"), "%zu: %s", len, err.message);
	}
}

#define LINE                                                                                       \
	"holdpoint1 alice Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID "                              \
	"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="

Test(keyfile, the_public_line, .init = setup, .fini = teardown)
{
	struct hp_keyfile key, again;
	struct hp_buf line = {0};
	hp_keyfile_generate("a.b_c-D9", &key);
	hp_keyfile_add_public_line(&line, &key);
	cr_expect_eq(line.len, strlen("holdpoint1 ") + strlen("a.b_c-D9 ") + 40 + 1 + 44);
	cr_assert_eq(hp_keyfile_parse_public_line(hp_buf_text(&line), &again, &err), HP_OK);
	cr_expect_str_eq(again.name, "a.b_c-D9");
	cr_expect_eq(memcmp(again.curve_public, key.curve_public, HP_CURVE_BYTES), 0);
	cr_expect_eq(memcmp(again.sign_public, key.sign_public, HP_SIGN_PUBLIC_BYTES), 0);
	static const uint8_t zero[32];
	cr_expect_eq(memcmp(again.curve_secret, zero, 32), 0);
	hp_buf_release(&line);
}

Test(keyfile, what_is_no_public_line, .init = setup, .fini = teardown)
{
	static const struct {
		const char *line;
		bool fine;
	} rows[] = {
		{LINE, true},
		{LINE "\n", true},
		{LINE " \r\n", true},
		{"  " LINE, true},
		{LINE "\n" LINE, false},
		{LINE " more", false},
		{"", false},
		{"\n", false},
		{"holdpoint2 alice x y", false},
		{"holdpoint1", false},
		{"holdpoint1 alice", false},
		{"holdpoint1 .alice Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID "
		 "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
		 false},
		{"holdpoint1 a/b Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID "
		 "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
		 false},
		{"holdpoint1 alice Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI "
		 "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
		 false},
		{"holdpoint1 alice Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hIDD "
		 "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
		 false},
		{"holdpoint1 alice Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID "
		 "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik",
		 false},
		{"holdpoint1 alice Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID "
		 "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik==",
		 false},
		{"holdpoint1 alice ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ "
		 "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
		 false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_keyfile key;
		enum hp_status status = hp_keyfile_parse_public_line(rows[i].line, &key, &err);
		cr_expect_eq(status, rows[i].fine ? HP_OK : HP_INVALID, "row %zu: %s", i,
			     rows[i].line);
	}
}

Test(keyfile, names)
{
	static const struct {
		const char *name;
		bool fine;
	} rows[] = {
		{"a", true}, {"A.b_c-9", true}, {"9", true}, {"", false}, {".a", false},
		{"-a", false}, {"_a", false}, {"a b", false}, {"a/b", false}, {"\xc3\xa9", false},
		{"0123456789012345678901234567890123456789012345678901234567890123", true},
		{"01234567890123456789012345678901234567890123456789012345678901234", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		cr_expect_eq(hp_keyfile_is_name(rows[i].name), rows[i].fine, "%s", rows[i].name);
}

Test(broker_info, comes_back, .init = setup, .fini = teardown)
{
	struct hp_broker_info info = {
		.instance = "hp.example/prod",
		.agents = "tcp://10.0.0.1:5570",
		.control = "ipc:///run/holdpoint/control",
		.events = "tcp://[::1]:5572",
		.log_key = "hp.example/prod+12345678+AAAA",
	}, again;
	memset(info.curve_public, 7, HP_CURVE_BYTES);
	const char *path = sandbox_path("broker.json");
	cr_assert_eq(hp_broker_info_write(path, &info, &err), HP_OK);
	cr_assert_eq(hp_broker_info_write(path, &info, &err), HP_OK, "it may be written again");
	cr_assert_eq(hp_broker_info_read(&arena, path, &again, &err), HP_OK, "%s", err.message);
	cr_expect_str_eq(again.instance, info.instance);
	cr_expect_str_eq(again.agents, info.agents);
	cr_expect_str_eq(again.control, info.control);
	cr_expect_str_eq(again.events, info.events);
	cr_expect_str_eq(again.log_key, info.log_key);
	cr_expect_eq(memcmp(again.curve_public, info.curve_public, HP_CURVE_BYTES), 0);
	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0644);
}

Test(broker_info, what_is_none, .init = setup, .fini = teardown)
{
#define FOUR "\"instance\": \"i\", \"agents\": \"a\", \"control\": \"c\", \"events\": \"e\""
#define CURVE "\"curve_public\": \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\""
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"{" FOUR ", " CURVE ", \"log_key\": \"k\"}", NULL},
		{"{" FOUR ", " CURVE "}", "log_key"},
		{"{" FOUR ", \"curve_public\": \"Yne\", \"log_key\": \"k\"}", "curve_public"},
		{"{" FOUR ", \"curve_public\": "
		 "\"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\", \"log_key\": \"k\"}",
		 "curve_public: expected Z85"},
		{"{" FOUR ", " CURVE ", \"log_key\": \"k\", \"curve_secret\": 1}", "curve_secret"},
		{"{", "broker.json:1:"},
		{"", "broker.json:1:"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_broker_info info;
		err = (struct hp_error){0};
		const char *path = sandbox_write("broker.json", rows[i].text, 0644);
		enum hp_status status = hp_broker_info_read(&arena, path, &info, &err);
		cr_expect_eq(status, rows[i].words ? HP_INVALID : HP_OK, "row %zu", i);
		if (rows[i].words)
			cr_expect_not_null(strstr(err.message, rows[i].words), "row %zu: %s", i,
					   err.message);
	}
}
