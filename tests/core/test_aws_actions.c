#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/aws_actions.h"
#include "core/classify.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static enum hp_aws_level
level_of(const char *name)
{
	return hp_aws_level_of(name, strlen(name));
}

Test(aws_actions, levels)
{
	static const struct {
		const char *name;
		enum hp_aws_level level;
	} cases[] = {
		{"s3:ListBucket", HP_AWS_LIST},
		{"s3:GetObject", HP_AWS_READ},
		{"s3:getobject", HP_AWS_READ},
		{"S3:GETOBJECT", HP_AWS_READ},
		{"s3:PutObjectTagging", HP_AWS_TAGGING},
		{"s3:DeleteBucket", HP_AWS_WRITE},
		{"iam:AttachRolePolicy", HP_AWS_PERMISSIONS},
		{"secretsmanager:GetSecretValue", HP_AWS_READ},
		{"vpc-lattice:AssociateViaAWSService-EventsAndStates", HP_AWS_PERMISSIONS},
		{"s3:GetObjec", HP_AWS_UNLISTED},
		{"s3:GetObjectX", HP_AWS_UNLISTED},
		{"s:GetObject", HP_AWS_UNLISTED},
		{"s33:GetObject", HP_AWS_UNLISTED},
		{"s3:", HP_AWS_UNLISTED},
		{":GetObject", HP_AWS_UNLISTED},
		{":", HP_AWS_UNLISTED},
		{"", HP_AWS_UNLISTED},
		{"s3", HP_AWS_UNLISTED},
		{"s3:GetObject:", HP_AWS_UNLISTED},
		{"shell:rm", HP_AWS_UNLISTED},
		{"zzz:Last", HP_AWS_UNLISTED},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(level_of(cases[i].name), cases[i].level, "%s: %d", cases[i].name,
		             level_of(cases[i].name));
	cr_expect_eq(hp_aws_level_of("s3:GetObject\0", 13), HP_AWS_UNLISTED, "a NUL is no letter");
	cr_expect_eq(hp_aws_level_of("s3:GetObjectAcl", 12), HP_AWS_READ, "the length counts");
}

Test(aws_actions, every_action_is_found_and_in_order)
{
	size_t count = hp_aws_action_count();
	struct hp_aws_action last = {"", "", HP_AWS_UNLISTED};
	cr_assert_gt(count, 20000u);
	for (size_t i = 0; i < count; i++) {
		struct hp_aws_action action = hp_aws_action_at(i);
		char name[256];
		int len = snprintf(name, sizeof name, "%s:%s", action.service, action.name);
		for (char *p = name; *p; p++)
			*p = (char)(i % 2 ? tolower((unsigned char)*p) : toupper((unsigned char)*p));
		cr_expect_eq(hp_aws_level_of(name, (size_t)len), action.level, "%s", name);
		int order = strcmp(last.service, action.service);
		bool same = !order && last.level == action.level;
		cr_expect(order < 0 || (!order && !same) ||
		                  (same && strcasecmp(last.name, action.name) < 0),
		          "%s:%s does not follow %s", action.service, action.name, last.name);
		last = action;
	}
}

/* What a list of classes makes of an operation: "read delete", "unknown". */
static const char *
classes_of(const struct hp_class_rule *rules, size_t count, const char *operation)
{
	static char text[128];
	struct hp_arena arena = {0};
	struct hp_classifier *classifier = NULL;
	struct hp_classes classes;
	struct hp_error err = {0};
	const struct hp_deed deed = {.operation = operation};
	const struct hp_environment_rule environment = {.name = "production"};
	cr_assert_eq(hp_classifier_new(rules, count, &environment, 1, 0, &classifier, &err), HP_OK,
	             "%s", err.message);
	cr_assert_eq(hp_classify(classifier, &arena, &deed, &classes, &err), HP_OK, "%s",
	             err.message);
	text[0] = 0;
	for (size_t i = 0; i < count; i++)
		if (classes.set >> i & 1)
			sprintf(text + strlen(text), "%s ", rules[i].name);
	if (classes.unknown)
		strcat(text, "unknown ");
	hp_classifier_free(classifier);
	hp_arena_release(&arena);
	return text;
}

Test(aws_actions, no_list_of_classes_gets_round_the_catalogue)
{
	static const char *const all[] = {"*"}, *const deletes[] = {"*:Delete*"};
	static const struct hp_class_rule lax[] = {
		{.name = "read", .globs = all, .glob_count = 1},
		{.name = "delete", .globs = deletes, .glob_count = 1},
	};
	static const char *const iam[] = {"!*"};
	static const struct hp_class_rule with_iam[] = {
		{.name = "read", .globs = all, .glob_count = 1},
		{.name = "modify_iam", .globs = iam, .glob_count = 1},
	};
	cr_expect_str_eq(classes_of(lax, 2, "s3:GetObject"), "read ");
	cr_expect_str_eq(classes_of(lax, 2, "s3:DeleteBucket"), "delete ");
	cr_expect_str_eq(classes_of(lax, 2, "s3:CreateBucket"), "unknown ");
	cr_expect_str_eq(classes_of(lax, 2, "s3:PutObjectTagging"), "unknown ");
	cr_expect_str_eq(classes_of(lax, 2, "iam:AttachRolePolicy"), "unknown ");
	cr_expect_str_eq(classes_of(lax, 2, "iam:DeleteRolePolicy"), "delete unknown ");
	cr_expect_str_eq(classes_of(lax, 2, "s3:CreateBucketOfMyOwn"), "read ", "not listed");
	cr_expect_str_eq(classes_of(with_iam, 2, "iam:AttachRolePolicy"), "modify_iam ");
	cr_expect_str_eq(classes_of(with_iam, 2, "s3:CreateBucket"), "unknown ");
}

Test(aws_actions, lists_name_levels)
{
	static const char *const reads[] = {"@aws-list", "@AWS-Read", "!s3:GetObject"};
	static const char *const labels[] = {"@aws-tagging"};
	static const char *const changes[] = {"*:Start*", "@aws-write", "!@aws-read"};
	static const char *const iam[] = {"@aws-permissions"};
	static const struct hp_class_rule rules[] = {
		{.name = "read", .globs = reads, .glob_count = 3},
		{.name = "label", .globs = labels, .glob_count = 1},
		{.name = "change", .globs = changes, .glob_count = 3},
		{.name = "modify_iam", .globs = iam, .glob_count = 1},
	};
	static const struct {
		const char *operation, *classes;
	} cases[] = {
		{"s3:ListBucket", "read "},
		{"s3:GetObjectAcl", "read "},
		{"s3:GetObject", "unknown "},
		{"logs:StartQuery", "read "},
		{"ec2:StartInstances", "change "},
		{"ec2:stop_instances", "change "},
		{"ec2:CreateTags", "label "},
		{"iam:PutRolePolicy", "modify_iam "},
		{"ec2:StartSomethingNew", "change "},
		/* Nobody may say in a request what level it is of. */
		{"@aws-read", "unknown "},
		{"@aws-read:GetX", "unknown "},
		{"x:@aws-list", "unknown "},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_str_eq(classes_of(rules, COUNT(rules), cases[i].operation),
		                 cases[i].classes, "%s: %s", cases[i].operation,
		                 classes_of(rules, COUNT(rules), cases[i].operation));
}

Test(aws_actions, a_level_that_is_none_is_an_error)
{
	static const char *const globs[] = {"*:Get*", "!@aws-reed"};
	const struct hp_class_rule rule = {"read", globs, 2, 7};
	const struct hp_environment_rule environment = {.name = "production"};
	struct hp_classifier *classifier = NULL;
	struct hp_error err = {0};
	cr_expect_eq(hp_classifier_new(&rule, 1, &environment, 1, 0, &classifier, &err), HP_INVALID);
	cr_expect_eq(err.line, 7u);
	cr_expect_str_eq(err.message,
	                 "no access level \"@aws-reed\": expected @aws-list, @aws-read, "
	                 "@aws-tagging, @aws-write or @aws-permissions");
	cr_expect_null(classifier);
}
