#include <criterion/criterion.h>
#include <string.h>

#include "core/shell.h"
#include "tests/core/things_text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define WORDS_MAX 32

/* A command as one string, its words between `|`. */
struct shell_case {
	const char *command, *things;
};

static void
check(const struct shell_case *test)
{
	struct hp_arena arena = {0};
	struct hp_things things = {.arena = &arena};
	struct hp_shell_word argv[WORDS_MAX] = {0};
	size_t argc = 0;
	for (char *p = hp_arena_strdup(&arena, test->command); p;) {
		cr_assert_lt(argc, WORDS_MAX);
		argv[argc++].text = strsep(&p, "|");
	}
	hp_shell_command(&things, argv, argc, 0);
	const char *text = things_text(&arena, &things);
	cr_expect_str_eq(text, test->things, "%s: %s", test->command, text);
	hp_arena_release(&arena);
}

static void
check_all(const struct shell_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&cases[i]);
}

Test(shell, tables_are_sorted_and_whole)
{
	const struct {
		const struct hp_shell_name *names;
		size_t count;
	} tables[] = {{hp_shell_tools, hp_shell_tools_count},
	              {hp_shell_runners, hp_shell_runners_count}};
	for (size_t t = 0; t < COUNT(tables); t++)
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct hp_shell_name *name = &tables[t].names[i];
			if (i)
				cr_expect_lt(strcmp(name[-1].name, name->name), 0, "%s",
				             name->name);
			cr_expect_eq(hp_shell_tool_find(name->name), name->tool, "%s", name->name);
			const char *lists[] = {name->tool->valued, name->tool->plain,
			                       name->tool->attached, name->tool->code,
			                       name->tool->script};
			for (size_t j = 0; j < COUNT(lists); j++)
				if (lists[j])
					cr_expect(lists[j][0] == ' ' &&
					                  lists[j][strlen(lists[j]) - 1] == ' ',
					          "%s: list %zu", name->name, j);
		}
	cr_expect_eq(hp_shell_tool_find("python3.11"), hp_shell_tool_find("python"));
	cr_expect_eq(hp_shell_tool_find("psql-15"), hp_shell_tool_find("psql"));
	cr_expect_eq(hp_shell_tool_find("sqlite3"), hp_shell_tool_find("sqlite"));
	cr_expect_null(hp_shell_tool_find("123"));
	cr_expect_null(hp_shell_tool_find("no-such-program-of-any-table-at-all"));
}

Test(shell, a_program_gives_name_word_and_options)
{
	static const struct shell_case cases[] = {
		{"ls", "shell:ls"},
		{"/usr/bin/LS.EXE", "shell:ls"},
		{"C:\\win\\del.exe|x", "shell:del,shell:del-x"},
		{"cat|/etc/passwd", "shell:cat"},
		{"rm|-rf|/x", "shell:rm,shell:rm-rf,shell:rm-r,shell:rm-f"},
		{"tool|--dry-run=yes|get", "shell:tool,shell:tool-get,shell:tool-dry-run"},
		{"tool|--target|get|delete",
	         "?shell:tool,shell:tool-get,shell:tool-delete,shell:tool-target"},
		{"grep|--|-delete|x", "shell:grep"},
		{"tool|sub|-ab|--long",
	         "shell:tool,shell:tool-sub,shell:tool-ab,shell:tool-a,shell:tool-b,"
	         "shell:tool-sub-ab,shell:tool-sub-a,shell:tool-sub-b,shell:tool-long,"
	         "shell:tool-sub-long"},
		{"find|--|.|-delete", "shell:find,shell:find-delete"},
		{"find|.|-name|x|-delete", "shell:find,shell:find-name,shell:find-delete"},
		{"curl|-XDELETE|http://x",
	         "shell:curl,shell:curl-xdelete,shell:curl-x,shell:curl-d,shell:curl-e,"
	         "shell:curl-l,shell:curl-t,shell:curl-delete"},
		{"sort|-uuo/etc/x|y", "?shell:sort,shell:sort-y,shell:sort-u,shell:sort-o"},
		{"curl|--request|PUT|u", "shell:curl,shell:curl-request,shell:curl-put"},
		{"wget|--method=POST|u", "shell:wget,shell:wget-method,shell:wget-post"},
	};
	check_all(cases, COUNT(cases));
}

Test(shell, known_tools_have_longer_paths)
{
	static const struct shell_case cases[] = {
		{"git|-C|d|push|--force|origin", "shell:git,shell:git-push,shell:git-c,"
	                                         "shell:git-push-force"},
		{"git|-c|alias.log=!rm|log|-c",
	         "shell:git,shell:git-log,shell:git-c,shell:git-log-c; unknown"},
		{"git|push|origin|:old|+new",
	         "shell:git,shell:git-push,shell:git-push-origin,shell:git-push-delete,"
	         "shell:git-push-force"},
		{"git|stash|drop", "shell:git,shell:git-stash,shell:git-stash-drop"},
		{"kubectl|-n|x|delete|ns/prod",
	         "shell:kubectl,shell:kubectl-delete,shell:kubectl-delete-namespace,shell:kubectl-n"},
		{"kubectl|delete|pod,Deployments.apps|a",
	         "shell:kubectl,shell:kubectl-delete,shell:kubectl-delete-pod,"
	         "shell:kubectl-delete-deployment"},
		{"kubectl|delete|pod/a|ns/b",
	         "shell:kubectl,shell:kubectl-delete,shell:kubectl-delete-pod,"
	         "shell:kubectl-delete-namespace"},
		{"kubectl|--frob|get|delete|ns",
	         "?shell:kubectl,shell:kubectl-get,shell:kubectl-delete,shell:kubectl-ns,"
	         "shell:kubectl-frob"},
		{"gcloud|--project|p|beta|compute|instances|delete|list-1",
	         "shell:gcloud,shell:gcloud-compute-instances-delete,shell:gcloud-project"},
		{"gcloud|run|services|delete|x", "shell:gcloud,shell:gcloud-run-services-delete"},
		{"gcloud|compute|instances|frobnicate|list1",
		 "?shell:gcloud,shell:gcloud-compute-instances-frobnicate-list1"},
		{"gcloud|secrets|versions|access|latest",
		 "shell:gcloud,shell:gcloud-secrets-versions-access"},
		{"gcloud|info", "shell:gcloud,shell:gcloud-info"},
		{"gcloud|projects|add-iam-policy-binding|p",
	         "shell:gcloud,shell:gcloud-projects-add-iam-policy-binding"},
		{"az|group|delete|-n|x", "shell:az,shell:az-group-delete,shell:az-group-delete-n"},
		{"terraform|-chdir=p|destroy|-auto-approve",
	         "shell:terraform,shell:terraform-destroy,shell:terraform-chdir,"
	         "shell:terraform-destroy-auto-approve"},
		{"docker|system|prune|--all", "shell:docker,shell:docker-system,"
	                                      "shell:docker-system-prune,shell:docker-system-all,"
	                                      "shell:docker-system-prune-all"},
		{"redis-cli|-h|get|flushall", "shell:redis-cli,shell:redis-cli-flushall,"
	                                      "shell:redis-cli-h"},
		{"service|nginx|stop", "shell:service,shell:service-nginx,"
	                               "shell:service-nginx-stop"},
	};
	check_all(cases, COUNT(cases));
}

Test(shell, aws_is_its_api)
{
	static const struct shell_case cases[] = {
		{"aws|cloudformation|delete-stack|--stack-name|x", "cloudformation:deletestack"},
		{"aws|--region|delete|--output=json|ec2|terminate-instances",
	         "ec2:terminateinstances"},
		{"aws|ec2|--region|r|describe-instances", "ec2:describeinstances"},
		{"aws|--no-paginate|s3api|delete-bucket", "s3api:deletebucket,s3:deletebucket"},
		{"aws|elbv2|delete-load-balancer",
	         "elbv2:deleteloadbalancer,elasticloadbalancing:deleteloadbalancer"},
		{"aws|s3|rm|s3://b|--recursive", "s3:rm,s3:deleteobject,s3:rm-recursive"},
		{"aws|s3|rb|s3://b", "s3:rb,s3:deletebucket"},
		{"aws|s3|ls", "s3:ls,s3:listbucket"},
		{"aws|s3|cp|x|s3://b", "s3:cp,s3:putobject"},
		{"aws|s3|cp|x|s3://b|--acl|public-read", "s3:cp,s3:putobject,s3:cp-acl"},
		{"aws|s3|cp|s3://a|s3://b", "s3:cp,s3:putobject"},
		{"aws|s3|cp|s3://a/k|-", "s3:cp,s3:getobject"},
		{"aws|s3|cp|s3://a/k|./x|--quiet", "s3:cp,s3:getobject,s3:cp-quiet"},
		{"aws|s3|sync|.|s3://b|--delete",
	         "s3:sync,s3:putobject,s3:sync-delete,s3:deleteobject"},
		{"aws|s3|mv|s3://a|x", "s3:mv,s3:deleteobject,s3:getobject"},
		{"aws|--frob|iam|delete-user", "iam:deleteuser; unknown"},
		{"aws|--version", "shell:aws,shell:aws-version"},
		{"aws|ec2", "shell:aws"},
		{"aws|rds-data|execute-statement|--sql|drop table x",
	         "rds-data:executestatement; sql:drop,sql:drop-table"},
		{"aws|athena|start-query-execution|--query-string=select 1",
	         "athena:startqueryexecution; sql:select"},
	};
	check_all(cases, COUNT(cases));
}

Test(shell, wrappers_are_looked_through)
{
	static const struct shell_case cases[] = {
		{"sudo|rm|x", "shell:rm,shell:rm-x"},
		{"sudo|-u|root|--|rm|x", "shell:rm,shell:rm-x"},
		{"sudo|-nu|root|A=b|rm|x", "shell:rm,shell:rm-x"},
		{"env|-i|A=b|C=d|nice|-n|5|timeout|-k|5|10|xargs|-0|-I|{}|rm|x",
	         "shell:rm,shell:rm-x"},
		{"env|-|-u|X|rm|x", "shell:rm,shell:rm-x"},
		{"nice|-5|ls", "shell:ls"},
		{"nohup|setsid|-f|stdbuf|-oL|ionice|-c3|time|-p|ls", "shell:ls"},
		{"doas|-u|x|strace|-f|-o|y|chrt|-f|5|taskset|-c|1|busybox|ls", "shell:ls"},
		{"env", "shell:env"},
		{"env|A=b", "shell:env"},
		{"sudo|-l", "shell:sudo,shell:sudo-l"},
		{"sudo|--frob|x|rm|y", "shell:rm,shell:rm-y; shell:x,shell:x-rm; unknown"},
		{"env|-S|rm x", "shell:rm,shell:rm-x; shell:rm,shell:rm-x; unknown"},
		{"sudo|-s|rm|x", "shell:rm,shell:rm-x; shell:rm,shell:rm-x; unknown"},
		{"flock|/l|-c|rm x", "shell:rm,shell:rm-x; unknown"},
		{"find|.|-exec|rm|{}|;|-print",
	         "shell:find,shell:find-exec,shell:find-print; shell:rm"},
		{"sudo|find|.|-execdir|sh|-c|rm x|;",
	         "shell:find,shell:find-execdir,shell:find-c; shell:rm,shell:rm-x; unknown"},
		{"docker|exec|-it|web|rm|x",
	         "shell:docker,shell:docker-exec,shell:docker-exec-web,shell:docker-exec-it,"
	         "shell:docker-exec-i,shell:docker-exec-t,shell:docker-exec-web-it,"
	         "shell:docker-exec-web-i,shell:docker-exec-web-t; shell:rm,shell:rm-x"},
		{"kubectl|exec|pod|-n|x|--|rm|y",
	         "shell:kubectl,shell:kubectl-exec,shell:kubectl-exec-pod,shell:kubectl-exec-n,"
	         "shell:kubectl-exec-pod-n; "
	         "shell:rm,shell:rm-y"},
	};
	check_all(cases, COUNT(cases));
}

Test(shell, inline_code_is_unknown_and_looked_into)
{
	static const struct shell_case cases[] = {
		{"sh|-c|rm x", "shell:rm,shell:rm-x; unknown"},
		{"bash|-lc|ls; rm x && kubectl delete ns p",
	         "shell:ls; shell:rm,shell:rm-x; "
	         "shell:kubectl,shell:kubectl-delete,shell:kubectl-delete-namespace; unknown"},
		{"bash|-euo|pipefail|-c|ls", "shell:ls; unknown"},
		{"sh|-c|a\nb&c;(d)", "shell:a; shell:b; shell:c; shell:d; unknown"},
		{"sh|-c|echo $(rm x) `rm y` \"$(rm z)\" '$(ls)'",
	         "shell:rm,shell:rm-x; shell:rm,shell:rm-y; shell:rm,shell:rm-z; "
	         "shell:echo; unknown"},
		{"sh|-c|r\"\"m 'a b' \\\n -f", "shell:rm,shell:rm-f; unknown"},
		{"sh|-c|rm${IFS}x", "shell:rm,shell:rm-x; unknown"},
		{"sh|-c|A=1 B=2 ls >out 2>&1 </in # rm x", "shell:ls; unknown"},
		{"sh|-c|if ls; then rm x; fi", "shell:ls; shell:rm,shell:rm-x; unknown"},
		{"sh|-c|$'rm' x", "shell:rm,shell:rm-x; unknown"},
		{"sh|-c|\"$@\"|_|rm|x", "shell:_,shell:_-rm; shell:rm,shell:rm-x; unknown"},
		{"sh|-c|sudo sh -c 'aws iam delete-user'", "iam:deleteuser; unknown"},
		{"sh|-c|psql <<E\nDROP TABLE x;\nE",
	         "shell:psql; sql:drop,sql:drop-table; shell:drop,shell:drop-table; shell:e; "
	         "unknown"},
		{"bash|script.sh", "shell:bash; unknown"},
		{"bash", "shell:bash; unknown"},
		{"eval|rm|x", "shell:rm,shell:rm-x; unknown"},
		{"ssh|-i|key|host|rm x; ls", "shell:rm,shell:rm-x; shell:ls; unknown"},
		{"ssh|-p22|host", "shell:ssh,shell:ssh-p22,shell:ssh-p,shell:ssh-2; "
	                          "unknown"},
		{"su|-|postgres|-c|psql -c \"drop database x\"",
	         "sql:drop,sql:drop-database; unknown"},
		{"runuser|-u|x|--|rm|y", "shell:rm,shell:rm-y; unknown"},
		{"python3|-c|import os; os.system(\"rm x\")",
	         "shell:import,shell:import-os; shell:os.system; /system,:system; "
	         "shell:rm,shell:rm-x; unknown"},
		{"python|-c|c.terminate_instances()",
	         "shell:c.terminate_instances; /terminate_instances,:terminate_instances; "
	         "unknown"},
		{"python|-c|cur.execute('DELETE FROM t')",
	         "shell:cur.execute; /execute,:execute; sql:delete,sql:delete-all; "
	         "shell:delete,shell:delete-from; unknown"},
		{"python|script.py", "shell:python"},
		{"perl|-ne|unlink", "shell:unlink; /unlink,:unlink; unknown"},
		{"node|--eval=process.exit", "shell:process.exit; /exit,:exit; unknown"},
		{"awk|{print}|f", "shell:print; /print,:print; unknown"},
		{"rm -rf x", "?shell:rm,shell:rm-x,shell:rm-rf,shell:rm-r,shell:rm-f; unknown"},
		{"kubectl|get|pods|;|rm|x",
	         "shell:rm,shell:rm-x; shell:kubectl,shell:kubectl-get,shell:kubectl-get-pod; "
	         "unknown"},
	};
	check_all(cases, COUNT(cases));
}

Test(shell, database_clients_carry_sql)
{
	static const struct shell_case cases[] = {
		{"psql|-h|h|-Atc|select 1", "sql:select"},
		{"psql|-h|h|--command=drop table x|db", "sql:drop,sql:drop-table"},
		{"psql|-c|select 1|-c|delete from t where a=1", "sql:select; sql:delete"},
		{"psql|-cselect 1", "sql:select"},
		{"psql|-f|x.sql", "unknown"},
		{"psql|-c|select 1|-f|x.sql", "sql:select; unknown"},
		{"psql|--frob|-c|select 1", "sql:select; unknown"},
		{"psql|-o|out|-c|select 1", "sql:select; unknown"},
		{"psql|-h|h|db", "shell:psql,shell:psql-h"},
		{"mysql|-uroot|-pSECRET|-Ne|update t set a=1|db", "sql:update,sql:update-all"},
		{"mysql|--init-command=drop table x|-e|select 1",
	         "sql:drop,sql:drop-table; sql:select"},
		{"sqlite3|-csv|x.db|delete from t", "sql:delete,sql:delete-all"},
		{"sqlite3|x.db", "shell:sqlite3"},
		{"sqlite3|-cmd|.shell rm|x.db|select 1", "; sql:select; unknown"},
		{"clickhouse-client|-q|select 1", "sql:select"},
		{"sqlcmd|-S|s|-Q|drop database x", "sql:drop,sql:drop-database"},
	};
	check_all(cases, COUNT(cases));
}

Test(shell, nested_commands_end)
{
	struct hp_arena arena = {0};
	struct hp_things things = {.arena = &arena};
	static struct hp_shell_word argv[4096];
	for (size_t i = 0; i < COUNT(argv); i++)
		argv[i].text = i % 3 == 0 ? "sh" : i % 3 == 1 ? "-c" : "`sudo --x sh -c ls`";
	hp_shell_command(&things, argv, COUNT(argv), 0);
	cr_expect(things.unknown);
	things = (struct hp_things){.arena = &arena};
	for (size_t i = 0; i < COUNT(argv); i++)
		argv[i].text = i % 2 ? "--frob" : "sudo";
	hp_shell_command(&things, argv, COUNT(argv), 0);
	cr_expect(things.unknown);
	things = (struct hp_things){.arena = &arena};
	for (size_t i = 0; i < COUNT(argv); i++)
		argv[i].text = i % 2 ? "-exec" : "find";
	hp_shell_command(&things, argv, COUNT(argv), 0);
	cr_expect(things.unknown || things.overflow);
	hp_arena_release(&arena);
}

Test(shell, empty_commands_are_unknown)
{
	static const struct shell_case cases[] = {
		{"", "unknown"},       {"|x", "unknown"}, {" ", "unknown"},
		{"sh|-c|", "unknown"}, {"-", "shell:-"},  {"--|x", "shell:--,shell:---x"},
		{"/", "shell:/"},
	};
	check_all(cases, COUNT(cases));
}
