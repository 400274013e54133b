/* Programs that do something themselves; see shell_tools.h. */
#include "core/shell_tools.h"

/* Tools with a command path. */
static const struct hp_shell_tool make_row = {
	.kind = HP_SHELL_TOOL,
	.words = 1,
	.valued = " -f --file --makefile -C --directory -I --include-dir -o -W --eval ",
	.plain = " -B -d -e -i -k -n -p -q -r -R -s -S -t -w --always-make --dry-run "
		 "--keep-going --silent ",
	.attached = " -j --jobs -l --load-average -O ",
};

/* Clients of databases. */
static const struct hp_shell_tool psql_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " -d --dbname -h --host -p --port -U --username -v --set --variable "
		  "-P --pset -F --field-separator -R --record-separator -T "
		  "--table-attr ",
	.plain = " -1 -a -A -b -e -E -H -l -n -q -s -S -t -V -w -W -x -X -z -0 -? "
		 "--single-transaction --echo-all --no-align --echo-errors --echo-queries "
		 "--echo-hidden --html --list --no-readline --quiet --single-step --single-line "
		 "--tuples-only --version --no-password --password --expanded --no-psqlrc "
		 "--field-separator-zero --record-separator-zero --csv --help ",
	.code = " -c --command ",
	.script = " -f --file -o --output -L --log-file ", /* the latter write where they are told */
};

static const struct hp_shell_tool mysql_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " -h --host -u --user -P --port -D --database -S --socket "
		  "--default-character-set --protocol --ssl-ca --ssl-cert --ssl-key --ssl-mode "
		  "--defaults-file --defaults-extra-file --defaults-group-suffix --login-path "
		  "--max-allowed-packet --connect-timeout --delimiter --character-sets-dir "
		  "--plugin-dir ",
	.plain = " -A -B -b -C -c -E -f -G -H -i -I -j -L -N -n -o -q -r -s -t -T -U -v -V -w -W "
		 "-X -? --batch --silent --skip-column-names --column-names --table --vertical "
		 "--html --xml --raw --compress --force --no-auto-rehash --skip-ssl --ssl "
		 "--verbose --wait --quick --safe-updates --version --no-defaults --help ",
	.attached = " -p --password ",
	.code = " -e --execute --init-command ",
};

static const struct hp_shell_tool sqlite3_row = {
	.kind = HP_SHELL_SQL,
	.words = 1,
	.flags = HP_SHELL_LONG,
	.valued = " -separator -newline -nullvalue -mmap -vfs -lookaside -maxsize -pagecache "
		  "-heap -sorterref -zip -append ",
	.plain = " -header -noheader -csv -json -line -column -html -list -quote -tabs -table "
		 "-markdown -box -ascii -batch -bail -interactive -readonly -echo -safe -stats "
		 "-version -memtrace -nofollow -help ",
	.code = " -cmd ",
	.script = " -init ",
};

static const struct hp_shell_tool duckdb_row = {
	.kind = HP_SHELL_SQL,
	.words = 1,
	.flags = HP_SHELL_LONG,
	.valued = " -separator -newline -nullvalue -storage-version ",
	.plain = " -header -noheader -csv -json -jsonlines -line -column -html -list -quote "
		 "-table -markdown -box -ascii -batch -bail -interactive -readonly -echo -stats "
		 "-version -unsigned -no-stdin ",
	.code = " -c -s -cmd ",
	.script = " -init -f ",
};

static const struct hp_shell_tool sqlcmd_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " -S -U -P -d -H -l -t -h -s -w -a -m -o -A -c -D -K -y -Y ",
	.plain = " -E -b -e -I -k -n -N -p -u -W -X -C -G -g -j -R -r -V -x -z -Z ",
	.code = " -Q -q ",
	.script = " -i ",
};

static const struct hp_shell_tool snowsql_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " -a --accountname -u --username -d --dbname -s --schemaname -r --rolename -w "
		  "--warehouse -h --host -p --port -o --option -D --variable -c --connection "
		  "--config --region --authenticator ",
	.plain = " --noup -v --version ",
	.code = " -q --query ",
	.script = " -f --filename ",
};

static const struct hp_shell_tool clickhouse_client_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " -h --host --port -u --user --password -d --database -f --format --param "
		  "--config-file -C ",
	.plain = " -m --multiline -n --multiquery -t --time -E --vertical -s --secure "
		 "--stacktrace --echo --version --progress ",
	.code = " -q --query ",
	.script = " --queries-file -i --interactive ",
};

static const struct hp_shell_tool usql_row = {
	.kind = HP_SHELL_SQL,
	.words = 1,
	.valued = " -d -P --pset -v --set --variable -F -R -o --out ",
	.plain = " -A -C -G -H -J -q -t -x -X -w -W ",
	.code = " -c --command ",
	.script = " -f --file ",
};

static const struct hp_shell_tool trino_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " --server --catalog --schema --user --output-format --session --source "
		  "--client-tags --timezone ",
	.plain = " --debug --ignore-errors --progress --insecure --password ",
	.code = " --execute ",
	.script = " -f --file ",
};

static const struct hp_shell_tool cqlsh_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " -u --username -p --password -k --keyspace --connect-timeout --request-timeout "
		  "--cqlshrc --encoding ",
	.plain = " --ssl --no-color -C --color --debug --version ",
	.code = " -e --execute ",
	.script = " -f --file ",
};

static const struct hp_shell_tool beeline_row = {
	.kind = HP_SHELL_SQL,
	.words = HP_SHELL_NO_WORDS,
	.valued = " -u -n -p -d -i -k --database --hiveconf --hivevar --outputformat ",
	.plain = " -v -S --silent --verbose -B --delimited --print_header ",
	.code = " -e -q --query -execute --execute ",
	.script = " -f --file --query_file ",
};

/* The aws command line is judged as its API. */
static const struct hp_shell_tool aws_row = {
	.kind = HP_SHELL_AWS,
	.valued = " --region --profile --output --endpoint-url --query --color --ca-bundle "
		  "--cli-read-timeout --cli-connect-timeout --cli-binary-format ",
	.plain = " --debug --no-verify-ssl --no-paginate --no-sign-request --no-cli-pager "
		 "--no-cli-auto-prompt --cli-auto-prompt --version ",
};

/* Tools with a command path. */
static const struct hp_shell_tool git_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.flags = HP_SHELL_GIT,
	.valued = " -C --git-dir --work-tree --namespace --super-prefix ",
	.plain = " -p -P --paginate --no-pager --bare --no-replace-objects --literal-pathspecs "
		 "--glob-pathspecs --noglob-pathspecs --icase-pathspecs --no-optional-locks "
		 "--no-lazy-fetch --html-path --version ",
	.script = " -c --config-env --exec-path ", /* aliases, pagers, hooks */
};

static const struct hp_shell_tool kubectl_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.flags = HP_SHELL_OBJECT | HP_SHELL_INNER,
	.valued = " -n --namespace --context --cluster --user --kubeconfig -s --server --token "
		  "--as --as-group --as-uid --request-timeout --cache-dir --certificate-authority "
		  "--client-certificate --client-key --tls-server-name --username --password "
		  "--profile --profile-output --log-file --log-dir --log-flush-frequency -v --v "
		  "--vmodule -o --output -l --selector -f --filename -k --kustomize -c "
		  "--container --field-selector --timeout --grace-period --cascade ",
	.plain = " -A --all-namespaces -w --watch --all --force --now --wait "
		 "--insecure-skip-tls-verify --warnings-as-errors --match-server-version "
		 "--disable-compression --alsologtostderr --logtostderr --show-labels -R "
		 "--recursive --ignore-not-found -i -t -q --stdin --tty --quiet ",
	.attached = " --dry-run --validate ",
};

static const struct hp_shell_tool docker_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.flags = HP_SHELL_INNER,
	.valued = " -H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey "
		  "-f --file -p --project-name --profile --env-file --project-directory -e --env "
		  "-u --user -w --workdir --detach-keys -v --volume --name --network --net "
		  "--entrypoint --mount -m --memory --cpus --label --platform --pull --publish "
		  "--restart --add-host --cap-add --cap-drop --device --dns --hostname --ip "
		  "--log-driver --log-opt --security-opt --shm-size --tmpfs --ulimit --userns "
		  "--volumes-from --gpus --ipc --pid ",
	.plain = " -D --debug --tls --tlsverify -i -t -d --interactive --tty --detach "
		 "--privileged --rm --init --read-only -P --publish-all -T --no-deps ",
};

static const struct hp_shell_tool docker_compose_row = {
	.kind = HP_SHELL_TOOL,
	.words = 1,
	.flags = HP_SHELL_INNER,
	.valued = " -H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey "
		  "-f --file -p --project-name --profile --env-file --project-directory -e --env "
		  "-u --user -w --workdir --detach-keys -v --volume --name --network --net "
		  "--entrypoint --mount -m --memory --cpus --label --platform --pull --publish "
		  "--restart --add-host --cap-add --cap-drop --device --dns --hostname --ip "
		  "--log-driver --log-opt --security-opt --shm-size --tmpfs --ulimit --userns "
		  "--volumes-from --gpus --ipc --pid ",
	.plain = " -D --debug --tls --tlsverify -i -t -d --interactive --tty --detach "
		 "--privileged --rm --init --read-only -P --publish-all -T --no-deps ",
};

static const struct hp_shell_tool gcloud_row = {
	.kind = HP_SHELL_TOOL,
	.words = 6,
	.flags = HP_SHELL_VERBS | HP_SHELL_QUERY,
	.valued = " --project --account --configuration --format --filter --zone --region "
		  "--impersonate-service-account --billing-project --verbosity --flags-file "
		  "--access-token-file --limit --page-size --sort-by --location ",
	.plain = " -q --quiet --log-http --user-output-enabled --no-user-output-enabled --help ",
};

static const struct hp_shell_tool gsutil_row = {
	.kind = HP_SHELL_TOOL,
	.words = 1,
	.valued = " -h -o -u -i ",
	.plain = " -m -q -D -DD ",
};

static const struct hp_shell_tool bq_row = {
	.kind = HP_SHELL_TOOL,
	.words = 1,
	.flags = HP_SHELL_QUERY,
	.valued = " --project_id --dataset_id --location --format --job_id --credential_file ",
	.plain = " -q --quiet --headless --nosync --sync ",
};

static const struct hp_shell_tool az_row = {
	.kind = HP_SHELL_TOOL,
	.words = 5,
	.flags = HP_SHELL_VERBS,
	.valued = " --subscription -g --resource-group -o --output --query -n --name --location "
		  "-l ",
	.plain = " --debug --verbose --only-show-errors --help -h ",
};

static const struct hp_shell_tool terraform_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.flags = HP_SHELL_LONG,
	.plain = " -help -version ",
	.attached = " -chdir ",
};

static const struct hp_shell_tool pulumi_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.valued = " -C --cwd -s --stack --color -v --verbose --tracing --profiling ",
	.plain = " --non-interactive --logtostderr --logflow --emoji -e "
		 "--disable-integrity-checking --fully-qualify-stack-names ",
};

static const struct hp_shell_tool helm_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.valued = " -n --namespace --kube-context --kubeconfig --kube-apiserver --kube-token "
		  "--kube-as-user --kube-as-group --kube-ca-file --kube-tls-server-name "
		  "--registry-config --repository-cache --repository-config --burst-limit --qps ",
	.plain = " --debug --kube-insecure-skip-tls-verify ",
};

static const struct hp_shell_tool gh_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.valued = " -R --repo --hostname ",
	.plain = " --help --version ",
};

static const struct hp_shell_tool npm_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.valued = " --prefix --cwd --dir -C -w --workspace --filter -F --registry --loglevel ",
	.plain = " -g --global -s --silent -r --recursive --json ",
};

static const struct hp_shell_tool systemctl_row = {
	.kind = HP_SHELL_TOOL,
	.words = 1,
	.valued = " -H --host -M --machine -t --type -p --property -n --lines -o --output --root "
		  "-s --signal --state --job-mode ",
	.plain = " --user --system --now -q --quiet --no-pager -f --force --no-block -a --all -l "
		 "--full --no-legend --plain --no-ask-password -r --recursive --failed --wait ",
};

static const struct hp_shell_tool service_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
};

static const struct hp_shell_tool vault_row = {
	.kind = HP_SHELL_TOOL,
	.words = 3,
	.plain = " -version -help ",
	.attached = " -address -namespace -token ",
};

static const struct hp_shell_tool clouds_row = {
	.kind = HP_SHELL_TOOL,
	.words = 5,
	.flags = HP_SHELL_VERBS,
};

static const struct hp_shell_tool redis_cli_row = {
	.kind = HP_SHELL_TOOL,
	.words = 2,
	.valued = " -h -p -s -a -u -n -r -i -d -D --user --pass --sni --cacert --cacertdir --cert "
		  "--key -t ",
	.plain = " -c -x -X -e -2 -3 --raw --no-raw --csv --json --tls --insecure "
		 "--no-auth-warning --askpass ",
};

static const struct hp_shell_tool mysqladmin_row = {
	.kind = HP_SHELL_TOOL,
	.words = 1,
	.valued = " -h --host -u --user -P --port -S --socket -i --sleep -c --count ",
	.plain = " -b -C -E -f -s -v -V -w -r --force --silent --verbose ",
	.attached = " -p --password ",
};

static const struct hp_shell_tool find_row = {
	.kind = HP_SHELL_TOOL,
	.flags = HP_SHELL_LONG | HP_SHELL_EXEC,
};

static const struct hp_shell_tool curl_row = {
	.kind = HP_SHELL_TOOL,
	.flags = HP_SHELL_METHOD,
};

/* Ascending: it is searched. */
const struct hp_shell_name hp_shell_tools[] = {
	/* clang-format off */
	{"aliyun", &clouds_row}, {"argocd", &clouds_row}, {"aws", &aws_row}, {"az", &az_row},
	{"beeline", &beeline_row}, {"bq", &bq_row}, {"clickhouse-client", &clickhouse_client_row},
	{"consul", &vault_row}, {"cqlsh", &cqlsh_row}, {"curl", &curl_row},
	{"docker", &docker_row}, {"docker-compose", &docker_compose_row}, {"doctl", &clouds_row},
	{"duckdb", &duckdb_row}, {"eksctl", &clouds_row}, {"find", &find_row},
	{"flyctl", &clouds_row}, {"gcloud", &gcloud_row}, {"gh", &gh_row}, {"git", &git_row},
	{"glab", &gh_row}, {"gmake", &make_row}, {"gsutil", &gsutil_row}, {"hcloud", &clouds_row},
	{"helm", &helm_row}, {"heroku", &clouds_row}, {"hive", &beeline_row},
	{"ibmcloud", &clouds_row}, {"impala-shell", &beeline_row}, {"influx", &beeline_row},
	{"kops", &clouds_row}, {"kubectl", &kubectl_row}, {"linode-cli", &clouds_row},
	{"make", &make_row}, {"mariadb", &mysql_row}, {"mycli", &mysql_row}, {"mysql", &mysql_row},
	{"mysqladmin", &mysqladmin_row}, {"nerdctl", &docker_row}, {"nomad", &vault_row},
	{"npm", &npm_row}, {"oc", &kubectl_row}, {"oci", &clouds_row}, {"openstack", &clouds_row},
	{"osql", &sqlcmd_row}, {"pnpm", &npm_row}, {"podman", &docker_row}, {"presto", &trino_row},
	{"psql", &psql_row}, {"pulumi", &pulumi_row}, {"redis-cli", &redis_cli_row},
	{"scw", &clouds_row}, {"service", &service_row}, {"snowsql", &snowsql_row},
	{"spark-sql", &beeline_row}, {"sqlcmd", &sqlcmd_row}, {"sqlite", &sqlite3_row},
	{"sqlite3", &sqlite3_row}, {"systemctl", &systemctl_row}, {"terraform", &terraform_row},
	{"terragrunt", &terraform_row}, {"tofu", &terraform_row}, {"trino", &trino_row},
	{"usql", &usql_row}, {"vault", &vault_row}, {"wget", &curl_row}, {"yarn", &npm_row},
	/* clang-format on */
};

const size_t hp_shell_tools_count = sizeof hp_shell_tools / sizeof *hp_shell_tools;
