#!/usr/bin/env bash
# The manual pages say what the code says: every command, option, message, error code, key of the
# console and key of a file, read from the tables of the code; and the examples that they give work.
set -u
: "${HP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${HP_BUILDDIR:=$PWD}"
MAN=$HP_SRCDIR/man
HOLDPOINT=$HP_BUILDDIR/holdpoint
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/hp-man.XXXXXX")
trap 'rm -rf "$SCRATCH"' EXIT
export LC_ALL=C.UTF-8
COUNT=0

# ok STATUS NAME
ok() {
	COUNT=$((COUNT + 1))
	if [ "$1" -eq 0 ]; then echo "ok $COUNT - $2"; else echo "not ok $COUNT - $2"; fi
}

# same CODE PAGE NAME: equal lists, a line each. An empty one means that the table was not found.
same() {
	local difference
	difference=$(diff <(printf '%s\n' "$1") <(printf '%s\n' "$2"))
	[ -n "$1" ] && [ -z "$difference" ]
	ok $? "$3"
	sed -n 's/^</# only in the code:/p; s/^>/# only on the page:/p' <<<"$difference"
}

# all CODE PAGE NAME: each line of CODE is one of PAGE.
all() {
	same "$1" "$(grep -Fx -f <(printf '%s\n' "$2") <<<"$1")" "$3"
}

# words MACRO PAGE: all arguments of a macro, as mandoc reads the page.
words() {
	mandoc -T tree "$MAN/$2" | awk -v macro="$1" '
		{ depth = match($0, /[^ ]/); text = substr($0, depth) }
		depth <= inside { inside = 0 }
		inside { sub(/ \(text\).*/, "", text); gsub(/\\&/, "", text); print text }
		index(text, macro " (elem)") == 1 { inside = depth }' | sort -u
}

# entries PAGE SECTION: what its list explains, a head a line: "j Down".
entries() {
	awk -v section="$2" '
		/^\.S[hs] / { on = substr($0, 5) == section }
		on && /^\.It Cm / && !/ Ta / { sub(/^\.It Cm /, ""); gsub(/ , /, " "); gsub(/\\&/, ""); print }
	' "$MAN/$1"
}

# names FILE...: of the fields in tables of C: {.name = "x"}, {TEXT("x", …)}, {LIST("x", …)}.
names() {
	(cd "$HP_SRCDIR" && grep -ohE '(\.name = |TEXT\(|LIST\()"\w+"' "$@") | cut -d '"' -f 2 | sort -u
}

# example PAGE FIRST: the literal block that begins with line FIRST.
example() {
	awk -v first="$2" '
		/^\.Ed/ { on = 0 }
		$0 == first { on = 1 }
		on { gsub(/\\e/, "\\"); print }' "$MAN/$1"
}

command -v mandoc >/dev/null || { echo "1..0 # SKIP mandoc is not installed"; exit 0; }

# --- every page ---

for page in "$MAN"/*.[1-9]; do
	name=$(basename "$page")
	lint=$(mandoc -Tlint -Wwarning "$page" 2>&1)
	ok $? "$name: mandoc warns of nothing"
	[ -z "$lint" ] || sed 's/^/# /' <<<"$lint"
	date=$(sed -n 's/^\.Dd //p' "$page")
	[[ $date =~ ^[A-Z][a-z]+\ [0-9]+,\ 20[0-9]{2}$ ]] &&
		[ "$(date -d "$date" '+%B %-d, %Y' 2>&1)" = "$date" ]
	ok $? "$name: its date is one ($date)"
	title=${name%.*}
	grep -qx "\.Dt ${title^^} ${name##*.}" "$page"
	ok $? "$name: its title is its file's name"
	wide=$(mandoc -Tutf8 -O width=80 "$page" | col -bx | grep -E '^.{81}')
	is_wide=$?
	[ "$is_wide" -eq 1 ]
	ok $? "$name: fits 80 columns"
	[ -z "$wide" ] || sed 's/^/# /' <<<"$wide"
done
pages=$(cd "$MAN" && printf '%s\n' *.[1-9])
same "$pages" "$(grep -oE 'holdpoint[a-z-]*\.[1-9]' "$MAN/local.mk" | sort)" \
	"every page is installed"
all "$(sed -nE 's/^\.Xr (holdpoint[a-z-]*) ([1-9]).*/\1.\2/p' "$MAN"/*.[1-9] | sort -u)" "$pages" \
	"every page of ours that is referred to is there"

# --- holdpoint.1, against what the program says of itself ---

# options HEADING: of `help`, as "-f --file=" (= for a value).
options() {
	awk -v heading="$1:" '
		$0 == heading { on = 1; next }
		!NF { on = 0 }
		on {
			short = substr($0, 3, 1) == "-" ? substr($0, 3, 2) " " : ""
			split(substr($0, 9, 22), word, " ")
			print short "--" word[1] (word[2] ? "=" : "")
		}'
}
# The page's commands and options in order: "submit:", "submit: -f --file="; a section without
# commands stands in for one.
of_page=$(awk '
	/^\.S[hs] / { command = substr($0, 5) }
	/^\.It Ic / {
		command = $3
		for (i = 4; $i ~ /^[a-z]/; i++)
			command = command " " $i
		print command ":"
	}
	/^\.It Fl / {
		at = $4 == "," ? 5 : 3
		print command ": " (at == 5 ? "-" $3 " " : "") "-" $at ($(at + 1) == "Ar" ? "=" : "")
	}' "$MAN/holdpoint.1")
commands=$(sed -n 's/^HP_COMMAND("\([^"]*\)".*/\1/p' "$HP_SRCDIR/cli/commands.def")
same "$commands" "$(sed -n 's/:$//p' <<<"$of_page")" "holdpoint.1: the commands, in their order"
same "$("$HOLDPOINT" help | options "global options")" \
	"$(sed -n 's/^Global options: //p' <<<"$of_page")" "holdpoint.1: the global options"
shared=$(sed -n 's/^The request: //p' <<<"$of_page")
while read -r command; do
	# shellcheck disable=SC2086
	wanted=$("$HOLDPOINT" help $command | options options)
	got=$(sed -n "s/^$command: //p" <<<"$of_page")
	[[ $command != submit && $command != exec ]] || got=$(printf '%s\n' "$got" "$shared" | grep .)
	[ -n "$wanted$got" ] || continue
	same "$wanted" "$got" "holdpoint.1: the options of $command"
done <<<"$commands"
same "$(sed -n 's/^\tHP_EXIT_[A-Z_]* = \([0-9]*\),$/\1/p' "$HP_SRCDIR/proto/message.h")" \
	"$(sed -n 's/^\.It \([0-9]*\)$/\1/p' "$MAN/holdpoint.1")" "holdpoint.1: the exit codes"
codes=$(sed -nE 's/^HP_ERROR\((\w+), ([0-9]+)\)/\2 \1/p' "$HP_SRCDIR/proto/errors.def")
same "$(sort <<<"$codes")" \
	"$(awk '/^\.It .* Ta Cm / { for (i = 5; i <= NF; i += 2) print $2, $i }' "$MAN/holdpoint.1" |
		sort)" "holdpoint.1: the exit code of each error"
variables=$(grep -ohE '(getenv|get_env|from_environment)\("\w+"' "$HP_SRCDIR"/{cli,proto}/*.c)
all "$(cut -d '"' -f 2 <<<"$variables" | sort -u)" "$(words Ev holdpoint.1)" \
	"holdpoint.1: the environment"

# --- holdpoint-console.1 ---

keys=$(sed -nE 's/^HP_ACTION\(\w+, (.*), ([^,]+), "[^"]*"\)$/\1 \2/p' "$HP_SRCDIR/tui/actions.def" |
	sed -E "s/HP_CTRL\('(.)'\)/^\U\1/g; s/HP_KEY_PAGE_UP/PgUp/; s/HP_KEY_PAGE_DOWN/PgDn/
		s/HP_KEY_ESCAPE/Esc/; s/HP_KEY_F1/F1/; s/HP_KEY_(.)(\w*)/\1\L\2/
		s/'.t'/Tab/; s/'(.)'/\1/; s/ 0$//")
same "$keys" "$(entries holdpoint-console.1 Keys)" "holdpoint-console.1: the keys of every action"
commands=$(sed -nE 's/^HP_COMMAND\((\w+), "([^"]*)", .*/\1 \2/p' "$HP_SRCDIR/tui/commands.def" | sed 's/ $//')
same "$commands" "$(sed -n '/^\.Ss Commands/,/^\.Ss App/s/^\.It Cm //p' "$MAN/holdpoint-console.1" | sed 's/ Ar / /')" \
	"holdpoint-console.1: the commands of its command line"
same "$(sed -nE 's/^HP_VIEW\((\w+), .*/\1/p' "$HP_SRCDIR/tui/views.def")" \
	"$(entries holdpoint-console.1 Views)" "holdpoint-console.1: the views"
reasons=$(sed -nE "s/^\t\{'(.)', (\"(.*)\"|NULL)\},$/\1 \3/p" "$HP_SRCDIR/tui/dialog.c")
same "${reasons/% / own words}" \
	"$(awk '/^\.It Cm [1-9]$/ { key = $3; getline; print key, $0 }' "$MAN/holdpoint-console.1")" \
	"holdpoint-console.1: the reasons of a denial"

# --- holdpoint-policy.5 and holdpoint-config.5 ---

known=$(words Cm holdpoint-policy.5)
sections=$(awk '/^static const struct hp_field file_fields/ { on = 1 } /^};/ { on = 0 }
	on && /\.name/ { split($0, part, "\""); print part[2] }' "$HP_SRCDIR/core/policy_fields.c")
all "$sections" "$(sed -nE 's/^\.(Ss|It Cm) //p' "$MAN/holdpoint-policy.5")" \
	"holdpoint-policy.5: every section"
all "$(names core/policy_fields.c)" "$known" "holdpoint-policy.5: every key"
all "$(sed -n '/_words\[\] = /,/;$/p' "$HP_SRCDIR"/core/policy_fields.c "$HP_SRCDIR"/core/effect.c |
	grep -oE '"\w+"' | tr -d '"' | sort -u)" "$known" "holdpoint-policy.5: every word that a key takes"
all "$(sed -n 's/^  - name: //p' "$HP_SRCDIR/core/policy_default.yaml")" "$known" \
	"holdpoint-policy.5: every class of the shipped policy"
all "$(names core/boundary.c core/config.c core/principal.c proto/keyfile.c)" "$(words Cm holdpoint-config.5)" \
	"holdpoint-config.5: every key of its files"
example holdpoint-policy.5 "version: 1" >"$SCRATCH/policy.yaml"
"$HOLDPOINT" --home "$SCRATCH" policy check "$SCRATCH/policy.yaml" >"$SCRATCH/said" 2>&1
ok $? "holdpoint-policy.5: the example is a policy"
sed 's/^/# /' "$SCRATCH/said"

# --- holdpoint-protocol.7 ---

known=$(words Cm holdpoint-protocol.7)
messages=$(sed -nE 's/^HP_MESSAGE\((\w+), (.*), (true|false), \w+\)$/\1;\L\2;\3/p' \
	"$HP_SRCDIR/proto/messages.def")
same "$(sed 's/ | /, /g; s/;true$/;control/; s/;false$/;any/' <<<"$messages")" \
	"$(sed -n '/ Ta /s/^\.It Cm \(.*\) Ta \(.*\) Ta /\1;\2;/p' "$MAN/holdpoint-protocol.7")" \
	"holdpoint-protocol.7: who may send what, on which socket"
same "$(cut -d ';' -f 1 <<<"$messages")" "$(entries holdpoint-protocol.7 Messages | tr ' ' '\n')" \
	"holdpoint-protocol.7: every message"
same "$(cut -d ' ' -f 2 <<<"$codes")" "$(entries holdpoint-protocol.7 Errors)" \
	"holdpoint-protocol.7: every error code"
states=$(sed -n 's/^\t\[HP_STATE_[A-Z_]*\] = "\(.*\)",$/\1/p' "$HP_SRCDIR/core/lifecycle.c")
same "$(sort <<<"$states")" \
	"$(entries holdpoint-protocol.7 States | tr ' ' '\n' | sort)" "holdpoint-protocol.7: every state"
all "$(names proto/message.c core/request.c)" "$known" "holdpoint-protocol.7: every field"
example holdpoint-protocol.7 "import json, os, uuid, zmq, msgpack" >"$SCRATCH/agent.py"
/usr/bin/python3 - "$SCRATCH/agent.py" "$HP_SRCDIR/tests/wire/agent.py" <<'PYTHON'
import ast, sys
page, tested = (ast.dump(ast.parse(open(path).read())) for path in sys.argv[1:])
sys.exit(page != tested)
PYTHON
ok $? "holdpoint-protocol.7: the agent is the one that is tested"

echo "1..$COUNT"
