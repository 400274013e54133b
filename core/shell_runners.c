/* Programs that run something else; see shell_tools.h. */
#include "core/shell_tools.h"

/* Programs that run the command behind them. */
static const struct hp_shell_tool sudo_row = {
	.kind = HP_SHELL_WRAPPER,
	.flags = HP_SHELL_ASSIGNMENTS,
	.valued = " -u --user -g --group -h --host -p --prompt -C --close-from -D --chdir -R "
		  "--chroot -r --role -t --type -T --command-timeout -U --other-user ",
	.plain = " -A -b -E -H -K -k -n -P -S -B -N -l -v -V --askpass --background "
		 "--preserve-env --set-home --non-interactive --preserve-groups --stdin --bell "
		 "--no-update ",
	.code = " -s --shell -i --login -e --edit ",
};

static const struct hp_shell_tool doas_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -u -C ",
	.plain = " -n -L ",
	.code = " -s ",
};

static const struct hp_shell_tool env_row = {
	.kind = HP_SHELL_WRAPPER,
	.flags = HP_SHELL_ASSIGNMENTS,
	.valued = " -u --unset -C --chdir -a --argv0 ",
	.plain = " -i - -0 -v --ignore-environment --null --debug --list-signal-handling ",
	.code = " -S --split-string ",
};

static const struct hp_shell_tool nice_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -n --adjustment ",
	.plain = " -0 -1 -2 -3 -4 -5 -6 -7 -8 -9 ",
};

static const struct hp_shell_tool ionice_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -c --class -n --classdata -p --pid -P --pgid -u --uid ",
	.plain = " -t --ignore ",
};

static const struct hp_shell_tool timeout_row = {
	.kind = HP_SHELL_WRAPPER,
	.words = 1,
	.valued = " -k --kill-after -s --signal ",
	.plain = " -v --verbose --preserve-status --foreground ",
};

static const struct hp_shell_tool xargs_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -I -L -n -P -s -E -d -a --arg-file --delimiter --max-args --max-procs "
		  "--max-chars --process-slot-var ",
	.plain = " -0 -r -t -p -x -o --null --no-run-if-empty --verbose --interactive --exit "
		 "--open-tty --show-limits ",
	.attached = " -i -e -l --replace --eof --max-lines ",
};

static const struct hp_shell_tool wrapper_row = {
	.kind = HP_SHELL_WRAPPER,
};

static const struct hp_shell_tool setsid_row = {
	.kind = HP_SHELL_WRAPPER,
	.plain = " -c -f -w --ctty --fork --wait ",
};

static const struct hp_shell_tool stdbuf_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -i -o -e --input --output --error ",
};

static const struct hp_shell_tool time_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -f --format -o --output ",
	.plain = " -p -v -a -q --portability --verbose --append --quiet ",
};

static const struct hp_shell_tool strace_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -o -e -p -s -u -E -a -b -I -O -P -S -X -U --output --attach --user --env "
		  "--trace --string-limit ",
	.plain = " -f -ff -c -C -d -D -h -i -k -n -q -r -t -tt -ttt -T -v -V -w -x -xx -y -yy -z "
		 "-Z ",
};

static const struct hp_shell_tool ltrace_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -o -e -p -s -u -a -A -D -F -l -n -w -x ",
	.plain = " -b -c -C -f -i -L -r -S -t -tt -ttt -T ",
};

static const struct hp_shell_tool chrt_row = {
	.kind = HP_SHELL_WRAPPER,
	.words = 1,
	.valued = " -T -P -D --sched-runtime --sched-period --sched-deadline ",
	.plain = " -a -b -d -f -i -o -r -v --batch --deadline --fifo --idle --other --rr "
		 "--verbose ",
};

static const struct hp_shell_tool taskset_row = {
	.kind = HP_SHELL_WRAPPER,
	.words = 1,
	.plain = " -a -c --all-tasks --cpu-list ",
};

static const struct hp_shell_tool command_row = {
	.kind = HP_SHELL_WRAPPER,
	.plain = " -p ",
};

static const struct hp_shell_tool exec_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -a ",
	.plain = " -c -l ",
};

static const struct hp_shell_tool chroot_row = {
	.kind = HP_SHELL_WRAPPER,
	.words = 1,
	.plain = " --skip-chdir ",
	.attached = " --userspec --groups ",
};

static const struct hp_shell_tool flock_row = {
	.kind = HP_SHELL_WRAPPER,
	.words = 1,
	.valued = " -w --timeout --wait -E --conflict-exit-code ",
	.plain = " -s -x -e -u -n -o -F --shared --exclusive --unlock --nonblock --close "
		 "--no-fork --verbose ",
	.code = " -c --command ",
};

static const struct hp_shell_tool pkexec_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " --user ",
	.plain = " --disable-internal-agent --keep-cwd ",
};

static const struct hp_shell_tool setpriv_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " --reuid --regid --groups --inh-caps --ambient-caps --bounding-set "
		  "--securebits --pdeathsig ",
	.plain = " --clear-groups --keep-groups --init-groups --no-new-privs --reset-env ",
};

static const struct hp_shell_tool prlimit_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -p --pid -o --output ",
	.plain = " --noheadings --raw --verbose ",
	.attached = " -n -u -v -t -s -c -d -f -m -l -i -q -r -e -x -y ",
};

static const struct hp_shell_tool caffeinate_row = {
	.kind = HP_SHELL_WRAPPER,
	.valued = " -t -w ",
	.plain = " -d -i -m -s -u ",
};

/* Shells: the text of -c is looked into. */
static const struct hp_shell_tool shells_row = {
	.kind = HP_SHELL_SHELL,
	.valued = " -o -O +o +O --rcfile --init-file ",
	.code = " -c --command ",
};

static const struct hp_shell_tool su_row = {
	.kind = HP_SHELL_SHELL,
	.valued = " -u --user -g --group -G --supp-group -s --shell -w --whitelist-environment ",
	.code = " -c --command --session-command ",
};

/* Their words, joined, are shell text. */
static const struct hp_shell_tool joined_row = {
	.kind = HP_SHELL_JOINED,
};

static const struct hp_shell_tool ssh_row = {
	.kind = HP_SHELL_JOINED,
	.words = 1,
	.valued = " -B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w ",
	.plain = " -4 -6 -A -a -C -f -G -g -K -k -M -N -n -q -s -T -t -V -v -X -x -Y -y ",
};

static const struct hp_shell_tool rsh_row = {
	.kind = HP_SHELL_JOINED,
	.words = 1,
	.valued = " -l ",
	.plain = " -n ",
};

static const struct hp_shell_tool watch_row = {
	.kind = HP_SHELL_JOINED,
	.valued = " -n --interval -q --equexit ",
	.plain = " -b -c -C -d -e -g -p -r -t -w -x --beep --color --no-color --errexit "
		 "--chgexit --precise --no-title --exec ",
	.attached = " --differences ",
};

/* Interpreters of other languages. */
static const struct hp_shell_tool python_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -W -X -m ",
	.plain = " -b -B -d -E -i -I -O -OO -q -s -S -u -v -V -x ",
	.code = " -c ",
};

static const struct hp_shell_tool perl_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -I -M -m -F ",
	.plain = " -a -n -p -w -W -t -T -u -U -s -S -v -X -c ",
	.attached = " -i -l -0 -C -D ",
	.code = " -e -E ",
};

static const struct hp_shell_tool ruby_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -I -r -C -E ",
	.plain = " -a -n -p -w -W -c -d -l -s -S -v -y ",
	.attached = " -i -0 -F -K -T -x ",
	.code = " -e ",
};

static const struct hp_shell_tool node_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -r --require --import --loader --env-file -C --conditions ",
	.plain = " -c --check -i --interactive -v ",
	.code = " -e --eval -p --print -pe ",
};

static const struct hp_shell_tool deno_row = {
	.kind = HP_SHELL_CODE,
};

static const struct hp_shell_tool php_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -c -d -z -S -t ",
	.plain = " -n -a -i -l -m -q -s -v -w ",
	.code = " -r -B -R -E ",
	.script = " -f -F ",
};

static const struct hp_shell_tool lua_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -l ",
	.plain = " -i -v -E -W ",
	.code = " -e ",
};

static const struct hp_shell_tool other_code_row = {
	.kind = HP_SHELL_CODE,
	.code = " -e -E --eval --expression -c ",
};

static const struct hp_shell_tool osascript_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -l -s ",
	.plain = " -i ",
	.code = " -e ",
};

static const struct hp_shell_tool tclsh_row = {
	.kind = HP_SHELL_CODE,
	.code = " -c ",
};

static const struct hp_shell_tool erl_row = {
	.kind = HP_SHELL_CODE,
	.flags = HP_SHELL_LONG,
	.code = " -eval ",
};

static const struct hp_shell_tool awk_row = {
	.kind = HP_SHELL_CODE,
	.flags = HP_SHELL_FIRST_WORD,
	.valued = " -F -v --field-separator --assign -i --include -l --load ",
	.code = " -e --source ",
	.script = " -f --file -E --exec ",
};

static const struct hp_shell_tool pwsh_row = {
	.kind = HP_SHELL_CODE,
	.flags = HP_SHELL_LONG,
	.code = " -c -command -Command -e -ec -EncodedCommand -encodedcommand ",
};

static const struct hp_shell_tool cmd_row = {
	.kind = HP_SHELL_CODE,
	.code = " /c /C /k /K ",
};

static const struct hp_shell_tool mongosh_row = {
	.kind = HP_SHELL_CODE,
	.valued = " -u --username -p --password -h --host --port --authenticationDatabase ",
	.plain = " --quiet --norc --nodb --tls --ssl ",
	.code = " --eval ",
	.script = " -f --file ",
};

static const struct hp_shell_tool editors_row = {
	.kind = HP_SHELL_CODE,
	.code = " -c --cmd --eval -eval -ex --batch -S -l ",
};

/* Ascending: it is searched. */
const struct hp_shell_name hp_shell_runners[] = {
	/* clang-format off */
	{".", &joined_row}, {"ash", &shells_row}, {"awk", &awk_row}, {"bash", &shells_row},
	{"bpython", &python_row}, {"builtin", &wrapper_row}, {"bun", &node_row},
	{"busybox", &wrapper_row}, {"caffeinate", &caffeinate_row}, {"chroot", &chroot_row},
	{"chrt", &chrt_row}, {"cmd", &cmd_row}, {"command", &command_row}, {"csh", &shells_row},
	{"dash", &shells_row}, {"deno", &deno_row}, {"doas", &doas_row},
	{"elixir", &other_code_row}, {"emacs", &editors_row}, {"env", &env_row}, {"erl", &erl_row},
	{"eval", &joined_row}, {"ex", &editors_row}, {"exec", &exec_row}, {"expect", &tclsh_row},
	{"fish", &shells_row}, {"flock", &flock_row}, {"gawk", &awk_row}, {"gdb", &editors_row},
	{"groovy", &other_code_row}, {"guile", &other_code_row}, {"ionice", &ionice_row},
	{"ipython", &python_row}, {"jruby", &ruby_row}, {"julia", &other_code_row},
	{"jython", &python_row}, {"ksh", &shells_row}, {"lldb", &editors_row},
	{"ltrace", &ltrace_row}, {"lua", &lua_row}, {"luajit", &lua_row}, {"mawk", &awk_row},
	{"mksh", &shells_row}, {"mongo", &mongosh_row}, {"mongosh", &mongosh_row},
	{"nawk", &awk_row}, {"nice", &nice_row}, {"node", &node_row}, {"nodejs", &node_row},
	{"nohup", &wrapper_row}, {"nvim", &editors_row}, {"osascript", &osascript_row},
	{"perl", &perl_row}, {"php", &php_row}, {"pkexec", &pkexec_row}, {"powershell", &pwsh_row},
	{"prlimit", &prlimit_row}, {"pwsh", &pwsh_row}, {"pypy", &python_row},
	{"python", &python_row}, {"r", &other_code_row}, {"racket", &other_code_row},
	{"rbash", &shells_row}, {"rscript", &other_code_row}, {"rsh", &rsh_row},
	{"ruby", &ruby_row}, {"runuser", &su_row}, {"scala", &other_code_row},
	{"setpriv", &setpriv_row}, {"setsid", &setsid_row}, {"sh", &shells_row},
	{"source", &joined_row}, {"ssh", &ssh_row}, {"stdbuf", &stdbuf_row},
	{"strace", &strace_row}, {"su", &su_row}, {"sudo", &sudo_row}, {"taskset", &taskset_row},
	{"tclsh", &tclsh_row}, {"tcsh", &shells_row}, {"time", &time_row},
	{"timeout", &timeout_row}, {"toybox", &wrapper_row}, {"unbuffer", &command_row},
	{"vi", &editors_row}, {"vim", &editors_row}, {"watch", &watch_row},
	{"winpty", &wrapper_row}, {"wish", &tclsh_row}, {"xargs", &xargs_row},
	{"zsh", &shells_row},
	/* clang-format on */
};

const size_t hp_shell_runners_count = sizeof hp_shell_runners / sizeof *hp_shell_runners;
