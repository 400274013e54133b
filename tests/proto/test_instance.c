#include "tests/proto/sandbox.h"

#include <limits.h>

#include "core/yaml.h"
#include "proto/instance.h"

static struct hp_error err;
static struct hp_arena arena;

static void
setup(void)
{
	sandbox_open();
	cr_assert_eq(hp_crypto_start(), HP_OK);
	cr_assert_eq(mkdir(sandbox_path("principals.d"), 0755), 0);
}

static void
teardown(void)
{
	sandbox_close();
	hp_arena_release(&arena);
}

static void
expect_home(const char *given, const char *expected)
{
	const char *home = NULL;
	cr_expect_eq(hp_instance_home(&arena, given, &home, &err), HP_OK, "%s", err.message);
	cr_expect_str_eq(home, expected);
}

Test(instance, home_is_the_first_that_is_said, .init = setup, .fini = teardown)
{
	setenv("HOLDPOINT_HOME", "/env", 1);
	setenv("XDG_CONFIG_HOME", "/xdg", 1);
	setenv("HOME", "/me", 1);
	expect_home("/given", "/given");
	expect_home("/given///", "/given");
	expect_home("/", "/");
	expect_home(NULL, "/env");
	setenv("HOLDPOINT_HOME", "", 1);
	expect_home(NULL, "/xdg/holdpoint");
	unsetenv("XDG_CONFIG_HOME");
	expect_home(NULL, "/me/.config/holdpoint");
	unsetenv("HOME");
	const char *home;
	cr_expect_eq(hp_instance_home(&arena, NULL, &home, &err), HP_NOT_FOUND);
	cr_expect_eq(hp_instance_home(&arena, "", &home, &err), HP_INVALID);
	char cwd[PATH_MAX], expected[PATH_MAX + 8];
	cr_assert_not_null(getcwd(cwd, sizeof cwd));
	snprintf(expected, sizeof expected, "%s/sub", cwd);
	expect_home("sub/", expected);
}

Test(instance, paths, .fini = teardown)
{
	cr_expect_str_eq(hp_instance_path(&arena, "/a", "b"), "/a/b");
	cr_expect_str_eq(hp_instance_path(&arena, "/", "b"), "/b");
}

Test(instance, errors_get_their_place)
{
	static const struct {
		struct hp_error err;
		const char *expected;
	} rows[] = {
		{{.message = "bad", .line = 3, .column = 7}, "/p/x.yaml:3:7: bad"},
		{{.message = "bad", .line = 3}, "/p/x.yaml:3: bad"},
		{{.message = "bad"}, "/p/x.yaml: bad"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_error copy = rows[i].err;
		hp_instance_locate(&copy, "/p/x.yaml");
		cr_expect_str_eq(copy.message, rows[i].expected);
	}
	struct hp_error copy = {.message = "bad"};
	hp_instance_locate(&copy, "/p/\n\xe2\x80\xae.yaml");
	cr_expect_str_eq(copy.message, "/p/<U+000A><U+202E>.yaml: bad");
	memset(copy.message, 'x', sizeof copy.message - 1);
	hp_instance_locate(&copy, "/p");
	cr_expect_eq(strncmp(copy.message, "/p: xxx", 7), 0);
	hp_instance_locate(NULL, "/p");
}

/* A principal of `roles`, written as the set-up commands write it. */
static void
write_entry(const char *file, struct hp_principal principal)
{
	struct hp_buf buf = {0};
	uint8_t secret[HP_CURVE_BYTES];
	char name[96];
	hp_crypto_curve_keypair(secret, principal.curve_public);
	hp_instance_add_entry(&arena, &principal, &buf);
	snprintf(name, sizeof name, "principals.d/%s", file);
	sandbox_write(name, hp_buf_text(&buf), 0644);
	hp_buf_release(&buf);
}

static const struct hp_principal auditor = {.roles = HP_ROLE_AUDITOR};

Test(instance, an_entry_is_readable_and_comes_back, .init = setup, .fini = teardown)
{
	static const char *const groups[] = {"oncall", "dba"};
	struct hp_principal principal = {
		.roles = HP_ROLE_REVIEWER | HP_ROLE_ADMIN,
		.person = "Ren\xc3\xa9 \"R\" O'Hara: #1",
		.groups = groups,
		.group_count = 2,
		.has_sign = true,
		.revoked = true,
	};
	struct hp_buf buf = {0};
	hp_instance_add_entry(&arena, &principal, &buf);
	cr_expect_str_eq(hp_buf_text(&buf),
			 "roles: [\"reviewer\",\"admin\"]\n"
			 "person: \"Ren\\u00e9 \\\"R\\\" O'Hara: #1\"\n"
			 "groups: [\"oncall\",\"dba\"]\n"
			 "curve_public: \"0000000000000000000000000000000000000000\"\n"
			 "sign_public: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n"
			 "revoked: true\n");
	const struct hp_value *map;
	struct hp_principal again;
	cr_assert_eq(hp_yaml_load(&arena, hp_buf_text(&buf), buf.len, &map, &err), HP_OK, "%s",
		     err.message);
	cr_assert_eq(hp_principal_parse(&arena, "rene", map, &again, &err), HP_OK, "%s",
		     err.message);
	cr_expect_str_eq(again.person, principal.person);
	cr_expect(again.revoked);
	hp_buf_release(&buf);
}

Test(instance, principals_in_name_order, .init = setup, .fini = teardown)
{
	struct hp_directory *directory;
	static const char *const files[] = {"b.yaml", "a.yaml", "a-b.yaml", "a.b.yaml"};
	for (size_t i = 0; i < 4; i++)
		write_entry(files[i], auditor);
	/* Not entries: hidden, half-written, of editors. */
	sandbox_write("principals.d/.hidden.yaml", "x", 0644);
	sandbox_write("principals.d/.yaml", "x", 0644);
	sandbox_write("principals.d/c.yaml.tmp-AbCdEf", "x", 0644);
	sandbox_write("principals.d/c.yaml~", "x", 0644);
	sandbox_write("principals.d/README", "x", 0644);
	cr_assert_eq(hp_instance_principals(&arena, sandbox, &directory, &err), HP_OK, "%s",
		     err.message);
	cr_assert_eq(hp_directory_count(directory), 4);
	static const char *const expected[] = {"a", "a-b", "a.b", "b"};
	for (size_t i = 0; i < 4; i++)
		cr_expect_str_eq(hp_directory_at(directory, i)->name, expected[i]);
	hp_directory_free(directory);
}

Test(instance, more_principals_than_one_page, .init = setup, .fini = teardown)
{
	struct hp_directory *directory;
	for (int i = 0; i < 150; i++) {
		char file[32];
		snprintf(file, sizeof file, "p%03d.yaml", i);
		write_entry(file, auditor);
	}
	cr_assert_eq(hp_instance_principals(&arena, sandbox, &directory, &err), HP_OK);
	cr_assert_eq(hp_directory_count(directory), 150);
	for (size_t i = 0; i < 150; i++)
		cr_expect_eq(atoi(hp_directory_at(directory, i)->name + 1), (int)i);
	hp_directory_free(directory);
}

Test(instance, an_empty_directory_is_one, .init = setup, .fini = teardown)
{
	struct hp_directory *directory;
	cr_assert_eq(hp_instance_principals(&arena, sandbox, &directory, &err), HP_OK);
	cr_expect_eq(hp_directory_count(directory), 0);
	hp_directory_free(directory);
}

Test(instance, broken_entries_say_where, .init = setup, .fini = teardown)
{
	static const struct {
		const char *file, *text, *words;
	} rows[] = {
		{"x.yaml", "roles: [auditor]\nsurprise: 1\n", "principals.d/x.yaml:2:1: "},
		{"x.yaml", "roles: [auditor\n", "principals.d/x.yaml:"},
		{"x.yaml", "roles: [king]\n", "principals.d/x.yaml:1:"},
		{"x.yaml", "", "principals.d/x.yaml"},
		{"bad name.yaml", "roles: [auditor]\n", "principals.d/bad name.yaml: "},
		{"broker.yaml", "roles: [auditor]\n", "principals.d/broker.yaml: "},
	};
	write_entry("good.yaml", auditor);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_directory *directory = NULL;
		char name[64];
		err = (struct hp_error){0};
		snprintf(name, sizeof name, "principals.d/%s", rows[i].file);
		const char *path = sandbox_write(name, rows[i].text, 0644);
		cr_expect_eq(hp_instance_principals(&arena, sandbox, &directory, &err),
			     HP_INVALID, "row %zu", i);
		cr_expect_null(directory);
		cr_expect_not_null(strstr(err.message, rows[i].words), "row %zu: %s", i,
				   err.message);
		unlink(path);
	}
}

Test(instance, one_key_belongs_to_one_principal, .init = setup, .fini = teardown)
{
	struct hp_directory *directory = NULL;
	struct hp_buf buf = {0};
	hp_instance_add_entry(&arena, &auditor, &buf);
	sandbox_write("principals.d/a.yaml", hp_buf_text(&buf), 0644);
	sandbox_write("principals.d/b.yaml", hp_buf_text(&buf), 0644);
	cr_expect_neq(hp_instance_principals(&arena, sandbox, &directory, &err), HP_OK);
	cr_expect_not_null(strstr(err.message, "principals.d"), "%s", err.message);
	cr_expect_null(directory);
	hp_buf_release(&buf);
}

Test(instance, no_directory, .init = setup, .fini = teardown)
{
	struct hp_directory *directory = NULL;
	cr_assert_eq(rmdir(sandbox_path("principals.d")), 0);
	cr_expect_eq(hp_instance_principals(&arena, sandbox, &directory, &err), HP_IO);
	cr_expect_not_null(strstr(err.message, "principals.d: cannot open: No such file"), "%s",
			   err.message);
}

Test(instance, the_configuration_says_where, .init = setup, .fini = teardown)
{
	struct hp_config config;
	cr_expect_eq(hp_instance_config(&arena, sandbox, &config, &err), HP_NOT_FOUND);
	sandbox_write("holdpoint.yaml", "instance: x\nsurprise: 1\n", 0644);
	err = (struct hp_error){0};
	cr_expect_neq(hp_instance_config(&arena, sandbox, &config, &err), HP_OK);
	cr_expect_not_null(strstr(err.message, "/holdpoint.yaml:"), "%s", err.message);
}
