#include <criterion/criterion.h>
#include <string.h>

#include "core/classify.h"
#include "core/json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const read_globs[] = {
	"*:Get*",
	"*:List*",
	"*:Describe*",
	"*/read_*",
	"*/search*",
	"shell:ls",
	"shell:grep",
	"shell:git-log",
	"shell:find",
	"!shell:find-delete",
	"sql:select",
	"sql:describe",
	"shell:kubectl-get*",
	"!*:GetSecretValue",
	"shell:echo",
	"!shell:git-*-output*",
};
static const char *const delete_globs[] = {
	"*:Delete*",     "*:Terminate*",      "*/delete_*",
	"*/write_*",     "shell:rm",          "sql:drop*",
	"sql:delete",    "shell:find-delete", "shell:kubectl-delete",
	"!*:DeleteTags", "shell:tool-wipe",   "!shell:tool-dry-run",
};
static const char *const bulk_globs[] = {"sql:delete-all", "sql:update-all"};
static const char *const credential_globs[] = {"*:GetSecretValue", "sts:*", "file:*.aws/*",
                                               "file:*.Key", "!file:*.aws/config"};
static const char *const cyrillic_globs[] = {"ру:ж*"};
static const struct hp_class_rule class_rules[] = {
	{"read", read_globs, COUNT(read_globs), 10},
	{"delete", delete_globs, COUNT(delete_globs), 20},
	{"bulk_modify", bulk_globs, COUNT(bulk_globs), 30},
	{"credentials", credential_globs, COUNT(credential_globs), 40},
	{"cyrillic", cyrillic_globs, COUNT(cyrillic_globs), 50},
};
static const char *const production_words[] = {"prod", "Production", "live"};
static const char *const staging_words[] = {"staging", "stage"};
static const char *const development_words[] = {"dev", "development", "test", "prod"};
static const struct hp_environment_rule environment_rules[] = {
	{"production", production_words, COUNT(production_words), 3},
	{"staging", staging_words, COUNT(staging_words), 4},
	{"development", development_words, COUNT(development_words), 5},
};

static struct hp_arena arena;
static struct hp_classifier *classifier;

static void
set_up(void)
{
	struct hp_error err = {0};
	cr_assert_eq(hp_classifier_new(class_rules, COUNT(class_rules), environment_rules,
	                               COUNT(environment_rules), 0, &classifier, &err),
	             HP_OK, "%s", err.message);
}

static void
tear_down(void)
{
	hp_classifier_free(classifier);
	hp_arena_release(&arena);
}

TestSuite(classify, .init = set_up, .fini = tear_down);

/* {operation, command, arguments, resources} as JSON. */
static struct hp_deed
deed_of(const char *json)
{
	const struct hp_value *map;
	struct hp_error err = {0};
	cr_assert_eq(hp_json_load(&arena, json, strlen(json), &map, &err), HP_OK, "%s: %s", json,
	             err.message);
	return (struct hp_deed){
		.operation = hp_map_get_str(map, "operation", NULL),
		.command = hp_map_get(map, "command"),
		.arguments = hp_map_get(map, "arguments"),
		.resources = hp_map_get(map, "resources"),
	};
}

static const char *
classes_text(const struct hp_classes *classes)
{
	struct hp_buf buf = {0};
	for (size_t i = 0; i < COUNT(class_rules); i++)
		if (classes->set >> i & 1)
			hp_buf_printf(&buf, "%s%s", buf.len ? " " : "", class_rules[i].name);
	if (classes->unknown)
		hp_buf_printf(&buf, "%sunknown", buf.len ? " " : "");
	const char *text = hp_arena_strdup(&arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

static const char *
classify(const char *json)
{
	struct hp_deed deed = deed_of(json);
	struct hp_classes classes;
	struct hp_error err = {0};
	cr_assert_eq(hp_classify(classifier, &arena, &deed, &classes, &err), HP_OK, "%s",
	             err.message);
	return classes_text(&classes);
}

struct deed_case {
	const char *json, *expect;
};

static void
check_classes(const struct deed_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *got = classify(cases[i].json);
		cr_expect_str_eq(got, cases[i].expect, "%s: %s", cases[i].json, got);
	}
}

Test(classify, operations_by_name)
{
	static const struct deed_case cases[] = {
		{"{\"operation\": \"s3:GetObject\"}", "read"},
		{"{\"operation\": \"S3:GETOBJECT\"}", "read"},
		{"{\"operation\": \"cloudformation:DeleteStack\"}", "delete"},
		{"{\"operation\": \"ec2:DeleteTags\"}", "unknown"},
		{"{\"operation\": \"secretsmanager:GetSecretValue\"}", "credentials"},
		{"{\"operation\": \"frob:Nicate\"}", "unknown"},
		{"{\"operation\": \"xs3:Forget\"}", "unknown"},
		{"{\"operation\": \"mcp:fs/read_file\"}", "read"},
		{"{\"operation\": \"mcp:fs/readFile\"}", "read"},
		{"{\"operation\": \"mcp__fs__write_file\"}", "delete"},
		{"{\"operation\": \"read_config\"}", "read"},
		{"{\"operation\": \"getUser\"}", "read"},
		{"{\"operation\": \"ec2.terminate_instances\"}", "delete"},
		{"{\"operation\": \"k8s:delete-namespace\"}", "delete"},
		{"{\"operation\": \"\"}", "unknown"},
		{"{\"operation\": \"shell:ls\"}", "read"},
		{"{\"operation\": \"shell:bash\"}", "unknown"},
		{"{}", ""},
	};
	check_classes(cases, COUNT(cases));
}

Test(classify, operation_and_command_apart)
{
	static const struct deed_case cases[] = {
		{"{\"operation\": \"cloudformation:DeleteStack\", \"command\": [\"aws\", "
	         "\"cloudformation\", \"delete-stack\", \"--stack-name\", \"x\"]}",
	         "delete"},
		{"{\"operation\": \"s3:GetObject\", \"command\": [\"rm\", \"x\"]}", "read delete"},
		{"{\"operation\": \"s3:GetObject\", \"command\": [\"frob\"]}", "read unknown"},
		{"{\"operation\": \"s3:GetObject\", \"command\": []}", "read"},
		/* shell:NAME beside a command that runs NAME says nothing new */
		{"{\"operation\": \"shell:ls\", \"command\": [\"ls\"]}", "read"},
		{"{\"operation\": \"shell:git\", \"command\": [\"git\", \"log\"]}", "read"},
		{"{\"operation\": \"shell:git-log\", \"command\": [\"/usr/bin/git\", \"log\"]}",
	         "read"},
		{"{\"operation\": \"shell:sudo\", \"command\": [\"sudo\", \"rm\", \"x\"]}",
	         "delete"},
		{"{\"operation\": \"Shell:RM\", \"command\": [\"sudo\", \"rm\", \"x\"]}", "delete"},
		{"{\"operation\": \"shell:aws\", \"command\": [\"aws\", \"ec2\", "
	         "\"terminate-instances\"]}",
	         "delete"},
		{"{\"operation\": \"shell:ls\", \"command\": [\"rm\", \"x\"]}", "read delete"},
		{"{\"operation\": \"shell:frob\", \"command\": [\"ls\"]}", "read unknown"},
		/* a rollback may have a command alone */
		{"{\"command\": [\"rm\", \"x\"]}", "delete"},
		{"{\"command\": [\"sh\", \"-c\", \"rm x\"]}", "delete unknown"},
		{"{\"command\": [\"bash\", \"-c\", \"ls\"]}", "read unknown"},
		{"{\"command\": [\"find\", \".\"]}", "read"},
		{"{\"command\": [\"find\", \".\", \"-delete\"]}", "delete"},
		{"{\"command\": [\"kubectl\", \"--frob\", \"get\", \"delete\"]}",
	         "read delete unknown"},
		{"{\"command\": [\"ls\", \"--frob\", \"x\"]}", "read"},
		{"{\"command\": [\"ls\", 7]}", "read unknown"},
		{"{\"command\": [\"ls\", \"a\\u0000b\"]}", "read unknown"},
	};
	check_classes(cases, COUNT(cases));
}

/* --outp is --output to most programs. */
Test(classify, abbreviated_options_raise_and_never_lower)
{
	static const struct deed_case cases[] = {
		{"{\"command\": [\"git\", \"log\"]}", "read"},
		{"{\"command\": [\"git\", \"log\", \"--output=x\"]}", "unknown"},
		{"{\"command\": [\"git\", \"log\", \"--outp=x\"]}", "unknown"},
		{"{\"command\": [\"git\", \"log\", \"--o\"]}", "unknown"},
		{"{\"command\": [\"git\", \"log\", \"--oneline\"]}", "read"},
		{"{\"command\": [\"git\", \"log\", \"-o\"]}", "read"},
		{"{\"command\": [\"kubectl\", \"get\", \"--dele\"]}", "read"},
		{"{\"command\": [\"tool\", \"--wip\"]}", "delete"},
		{"{\"command\": [\"tool\", \"--wi\"]}", "delete"},
		{"{\"command\": [\"tool\", \"wi\"]}", "unknown"},
		/* what excepts from another class than read is not abbreviated */
		{"{\"command\": [\"tool\", \"--wipe\", \"--dry-run\"]}", "unknown"},
		{"{\"command\": [\"tool\", \"--wipe\", \"--dry-r\"]}", "delete"},
	};
	check_classes(cases, COUNT(cases));
}

Test(classify, sql_of_databases)
{
	static const struct deed_case cases[] = {
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": \"select 1\"}}", "read"},
		{"{\"operation\": \"sql:query\", \"arguments\": {\"query\": \"DELETE FROM t\"}}",
	         "delete bulk_modify"},
		{"{\"operation\": \"sql:execute\", \"arguments\": {\"statement\": \"drop table t\"}}",
	         "delete"},
		{"{\"operation\": \"sql:query\"}", "unknown"},
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": \"commit\"}}", "unknown"},
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": 7}}", "unknown"},
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": null}}", "unknown"},
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": [\"select 1\", \"drop table "
	         "x\"]}}",
	         "read delete"},
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": \"select 1\\u0000; drop\"}}",
	         "read unknown"},
		{"{\"operation\": \"sql:query\", \"command\": [\"psql\", \"-c\", \"select 1\"]}",
	         "read"},
		{"{\"operation\": \"mcp:postgres/query\", \"arguments\": {\"sql\": \"select 1\"}}",
	         "read"},
		{"{\"operation\": \"mcp:postgres/query\", \"arguments\": {}}", "unknown"},
		{"{\"operation\": \"mcp:postgres/read_rows\", \"arguments\": {\"query\": \"drop table "
	         "x\"}}",
	         "read delete"},
		{"{\"operation\": \"mcp:anything/search\", \"arguments\": {\"sql\": \"drop table "
	         "x\"}}",
	         "read delete"},
		/* a search query is no SQL */
		{"{\"operation\": \"mcp:docs/search\", \"arguments\": {\"query\": \"drop table x\"}}",
	         "read"},
	};
	check_classes(cases, COUNT(cases));
}

Test(classify, disguises_raise_and_never_lower)
{
	static const struct deed_case cases[] = {
		{"{\"operation\": \"cloudformation:d\u200be\u200bleteStack\"}", "delete"},
		{"{\"operation\": \"cloudformation:ｄｅｌｅｔｅStack\"}", "delete"},
		{"{\"operation\": \"cloudformation:dеleteStack\"}", "delete"},
		{"{\"operation\": \"cloudformation∶DeleteStack\"}", "delete"},
		{"{\"operation\": \"s3:GеtObject\"}", "read unknown"},
		{"{\"command\": [\"lѕ\"]}", "read unknown"},
		{"{\"command\": [\"ls\", \"дом\"]}", "read"},
		{"{\"command\": [\"git\", \"lоg\"]}", "read unknown"},
		{"{\"command\": [\"ｓｕｄｏ\", \"rｍ\", \"x\"]}", "delete"},
		{"{\"command\": [\"psql\", \"-c\", \"ｄｒｏｐ table x\"]}", "delete"},
		{"{\"operation\": \"РУ:Жук\"}", "cyrillic"},
	};
	check_classes(cases, COUNT(cases));
}

Test(classify, environment_is_the_strictest_word)
{
	static const struct {
		const char *claimed, *json;
		size_t environment;
		const char *word;
	} cases[] = {
		{"production", "{}", 0, ""},
		{"staging", "{}", 1, ""},
		{"Development", "{}", 2, ""},
		{"", "{}", 0, ""},
		{NULL, "{}", 0, ""},
		{"staging", "{\"resources\": [\"a\", \"arn:x/prod-db\"]}", 0, "prod"},
		{"staging", "{\"operation\": \"PROD:Get\"}", 0, "prod"},
		{"staging", "{\"command\": [\"x\", \"--profile=live\"]}", 0, "live"},
		{"staging", "{\"arguments\": {\"a\": {\"b\": [1, \"x.PRODUCTION.y\"]}}}", 0,
	         "production"},
		{"staging", "{\"arguments\": {\"prod\": 1}}", 0, "prod"},
		{"development", "{\"resources\": [\"stage_1\"]}", 1, "stage"},
		{"development", "{\"resources\": [\"prοd\"]}", 0, "prod"},
		{"development", "{\"resources\": [\"prod\\bx\"]}", 0, "prod"},
		/* whole words only */
		{"staging", "{\"resources\": [\"product\", \"reprod\", \"prod1\", \"olive\"]}", 1,
	         ""},
		/* a milder word lowers nothing */
		{"production", "{\"resources\": [\"dev\"]}", 0, ""},
		/* a claim that is not understood is the default */
		{"qa", "{\"resources\": [\"dev\"]}", 0, ""},
		{"dev-3", "{}", 2, ""},
		/* no claim: words decide */
		{NULL, "{\"resources\": [\"test\"]}", 2, "test"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hp_deed deed = deed_of(cases[i].json);
		size_t environment = 99;
		const char *word = NULL;
		cr_assert_eq(hp_classify_environment(classifier, &arena, cases[i].claimed, &deed,
		                                     &environment, &word, NULL),
		             HP_OK);
		cr_expect_eq(environment, cases[i].environment, "case %zu: %zu", i, environment);
		cr_expect_str_eq(word, cases[i].word, "case %zu: %s", i, word);
	}
}

Test(classify, files_that_open_doors)
{
	static const struct deed_case cases[] = {
		{"{\"command\": [\"grep\", \"-r\", \"AKIA\", \"/root/.aws/credentials\"]}",
	         "read credentials"},
		{"{\"command\": [\"grep\", \"x\", \"/root/.aws/config\"]}", "read"},
		{"{\"command\": [\"grep\", \"x\", \"SERVER.KEY\"]}", "read credentials"},
		{"{\"command\": [\"grep\", \"x\", \"s\u0435rver.k\u0435y\"]}", "read credentials"},
		{"{\"operation\": \"mcp:fs/read_file\", \"arguments\": {\"path\": \"/x/.aws/a\"}}",
	         "read credentials"},
		{"{\"operation\": \"s3:GetObject\", \"resources\": [\"bucket/tls.key\"]}",
	         "read credentials"},
		{"{\"operation\": \"s3:GetObject\", \"resources\": [\"file:x.key.txt\"]}", "read"},
		/* An operation is no file, and a file is no operation. */
		{"{\"operation\": \"file:x.key\"}", "unknown"},
		{"{\"command\": [\"grep\", \"x\", \"sts:y\"]}", "read"},
	};
	check_classes(cases, COUNT(cases));
}

Test(classify, what_is_no_name_is_unknown)
{
	static const struct deed_case cases[] = {
		{"{\"operation\": \"s3:Get*\"}", "read unknown"},
		{"{\"operation\": \"s3:GetObject; rm -rf\"}", "read unknown"},
		{"{\"operation\": \"s3:GetObject`x`\"}", "read unknown"},
		{"{\"operation\": \"s3:Get-Object_v2.1\"}", "read"},
	};
	check_classes(cases, COUNT(cases));
}

static const char *
words_of(const char *json)
{
	struct hp_deed deed = deed_of(json);
	const char *const *texts;
	size_t count;
	struct hp_buf buf = {0};
	cr_assert_eq(hp_classify_words(classifier, &arena, &deed, &texts, &count, NULL), HP_OK);
	for (size_t i = 0; i < count; i++)
		hp_buf_printf(&buf, "%s%s", i ? "|" : "", texts[i]);
	const char *text = hp_arena_strdup(&arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

Test(classify, words_for_destructive_patterns)
{
	static const struct deed_case cases[] = {
		{"{\"operation\": \"cloudformation:DeleteStack\"}",
	         "cloudformation Delete Stack|cloudformation DeleteStack"},
		{"{\"operation\": \"x:HTTPServer2Go\"}", "x HTTP Server2 Go|x HTTPServer2Go"},
		{"{\"operation\": \"x:dElEtE\"}", "x d El Et E|x dElEtE"},
		{"{\"operation\": \"x:dеlete_all\"}", "x delete all"},
		{"{\"operation\": \"x:Dropdown deleted_at\"}", "x Dropdown deleted at"},
		{"{\"operation\": \"x\", \"command\": [\"frob\", \"--drop-it\", \"a/b\"], "
	         "\"arguments\": {\"delete\": \"remove it\", \"n\": 7, \"l\": [{\"k\": \"v\"}]}}",
	         "x|frob|drop it|a b|remove it|v"},
		/* the data of a pure read is left out, its options are not */
		{"{\"command\": [\"grep\", \"-r\", \"--include=drop\", \"delete_user\", \"src\"]}",
	         "grep|r|include"},
		{"{\"command\": [\"grep\", \"--\", \"-delete\"]}", "grep"},
		{"{\"command\": [\"/opt/delete/grep\", \"x\"]}", "opt delete grep"},
		{"{\"operation\": \"mcp:docs/search\", \"arguments\": {\"query\": \"delete stack\"}}",
	         "mcp docs search"},
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": \"select f_drop(1) from t "
	         "where a = 'delete' -- drop\", \"note\": \"drop\"}}",
	         "sql query|select f drop from t where a"},
		{"{\"command\": [\"psql\", \"-c\", \"select a from t where b = 'drop'\"]}",
	         "psql|c|select a from t where b"},
		/* what is not purely read is all looked at */
		{"{\"operation\": \"sql:query\", \"arguments\": {\"sql\": \"frobnicate 'delete'\"}}",
	         "sql query|frobnicate delete"},
		{"{\"command\": [\"sh\", \"-c\", \"grep delete x\"]}", "sh|c|grep delete x"},
		{"{\"operation\": \"s3:GetObject\", \"command\": [\"rm\", \"x\"], \"arguments\": {\"a\": "
	         "\"drop\"}}",
	         "s3 Get Object|s3 GetObject|rm|x|drop"},
		{"{\"operation\": \"frob\", \"command\": [\"grep\", \"delete\"], \"arguments\": {\"a\": "
	         "\"drop\"}}",
	         "frob|grep|delete|drop"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = words_of(cases[i].json);
		cr_expect_str_eq(got, cases[i].expect, "%s: %s", cases[i].json, got);
	}
}

Test(classify, a_caller_who_knows_worse_sees_all_words)
{
	struct hp_deed deed =
		deed_of("{\"operation\": \"mcp:docs/search\", \"arguments\": "
	                "{\"query\": \"delete stack\"}, \"command\": [\"grep\", \"x\"]}");
	struct hp_classes classes;
	const char *const *texts;
	size_t count;
	cr_assert_eq(hp_classify(classifier, &arena, &deed, &classes, NULL), HP_OK);
	cr_expect(classes.read && classes.read_command && !classes.sql_command);
	cr_assert_eq(hp_classify_words_of(&arena, &deed, &classes, &texts, &count, NULL), HP_OK);
	cr_expect_eq(count, 2);
	classes.unknown = true;
	cr_assert_eq(hp_classify_words_of(&arena, &deed, &classes, &texts, &count, NULL), HP_OK);
	cr_assert_eq(count, 4);
	cr_expect_str_eq(texts[2], "x");
	cr_expect_str_eq(texts[3], "delete stack");
}

Test(classify, refuses_bad_rules_with_their_line)
{
	static const char *const empty[] = {"x", "!"}, *const two[] = {"pre-prod"};
	static const char *const accent[] = {"pröd"}, *const none[] = {""};
	const struct hp_class_rule twice[] = {{"read", read_globs, 1, 7}, {"read", NULL, 0, 8}};
	const struct hp_class_rule blank[] = {{"x", empty, 2, 9}};
	const struct hp_environment_rule fine[] = {{"p", production_words, 1, 1}};
	const struct hp_environment_rule words[] = {{"p", two, 1, 11}};
	const struct hp_environment_rule accents[] = {{"p", accent, 1, 12}};
	const struct hp_environment_rule nothing[] = {{"p", none, 1, 13}};
	static struct hp_class_rule many[65];
	static char names[65][8];
	for (size_t i = 0; i < COUNT(many); i++) {
		names[i][0] = (char)('0' + i);
		many[i].name = names[i];
	}
	const struct {
		const struct hp_class_rule *classes;
		size_t class_count;
		const struct hp_environment_rule *environments;
		size_t environment_count, fallback;
		enum hp_status status;
		unsigned line;
		const char *message;
	} cases[] = {
		{twice, 2, fine, 1, 0, HP_INVALID, 8, "class \"read\" is given twice"},
		{blank, 1, fine, 1, 0, HP_INVALID, 9, "empty pattern of a class"},
		{twice, 1, words, 1, 0, HP_INVALID, 11,
	         "environment \"p\": \"pre-prod\" is not one word of letters and digits"},
		{twice, 1, accents, 1, 0, HP_INVALID, 12,
	         "environment \"p\": \"pröd\" is not one word of letters and digits"},
		{twice, 1, nothing, 1, 0, HP_INVALID, 13,
	         "environment \"p\": \"\" is not one word of letters and digits"},
		{twice, 1, NULL, 0, 0, HP_INVALID, 0, "no default environment"},
		{twice, 1, fine, 1, 1, HP_INVALID, 0, "no default environment"},
		{many, 65, fine, 1, 0, HP_TOO_LARGE, 0, "65 classes, at most 64"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hp_classifier *made = NULL;
		struct hp_error err = {0};
		cr_expect_eq(hp_classifier_new(cases[i].classes, cases[i].class_count,
		                               cases[i].environments, cases[i].environment_count,
		                               cases[i].fallback, &made, &err),
		             cases[i].status, "%zu", i);
		cr_expect_null(made);
		cr_expect_eq(err.line, cases[i].line);
		cr_expect_str_eq(err.message, cases[i].message);
	}
	struct hp_classifier *made = NULL;
	cr_assert_eq(hp_classifier_new(many, 64, fine, 1, 0, &made, NULL), HP_OK);
	hp_classifier_free(made);
	hp_classifier_free(NULL);
}

Test(classify, refuses_what_is_too_much)
{
	struct hp_value *command = hp_value_array(&arena);
	hp_array_add(&arena, command, hp_value_str(&arena, "frob"));
	for (unsigned i = 0; i < 4000; i++)
		hp_array_add(&arena, command,
		             hp_value_str(&arena, hp_arena_printf(&arena, "--o%u", i)));
	struct hp_deed deed = {.command = command};
	struct hp_classes classes = {.set = 77};
	struct hp_error err = {0};
	cr_expect_eq(hp_classify(classifier, &arena, &deed, &classes, &err), HP_TOO_LARGE);
	cr_expect_eq(classes.set, 77);
	cr_expect_str_eq(err.message, "the action has too many parts to classify");
	const char *const *texts = NULL;
	size_t count = 0;
	cr_expect_eq(hp_classify_words(classifier, &arena, &deed, &texts, &count, &err),
	             HP_TOO_LARGE);
	cr_expect_null(texts);
}
