#!/usr/bin/env bash
# Setting up: init, keygen, enrol, principals, revoke, reload; what each refuses, and that a refusal
# leaves nothing behind.
. "$(dirname "$0")/tap.sh"
umask 077

# as run, with the file $1 on standard input
run_with() {
	local input=$1
	shift
	"$HOLDPOINT" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" <"$input"
	CODE=$?
	OUT=$(cat "$SCRATCH/out")
	ERR=$(cat "$SCRATCH/err")
}

mode() {
	stat -c %a "$@" | tr '\n' ' '
}

# ---- init ----

run init "$HOME_DIR"
is "$CODE" 0 "init makes an instance"
is "$OUT" "holdpointd --home $HOME_DIR
holdpoint --home $HOME_DIR --as reviewer console
holdpoint --home $HOME_DIR --as demo-agent-supervised submit -f $HOME_DIR/example.yaml --wait" \
	"it prints the three commands to try"
is "$(cd "$HOME_DIR" && mode . state run keys principals.d keys/admin.key broker.json)" \
	"755 700 711 700 755 600 644 " "modes do not depend on the umask"
is "$(cd "$HOME_DIR" && echo *)" \
	"broker.json example.yaml executor.yaml holdpoint.yaml keys policy.yaml pretend principals.d run state" \
	"nothing else lies there"
is "$(ls -A "$SCRATCH" | grep -v '^out$\|^err$')" "hp" "nor beside it"
run --home "$HOME_DIR" principals
is "$OUT" "NAME                   ROLES     PERSON     KEY    BOUNDS
admin                  admin     admin      valid  -
auditor                auditor   auditor    valid  -
demo-agent             agent     -          valid  mode=autonomous owner=developer
demo-agent-supervised  agent     -          valid  mode=supervised owner=developer
developer              human     developer  valid  -
executor               executor  -          valid  environments=production audience=executor
gateway                gateway   -          valid  agents=demo-agent,demo-agent-supervised
reviewer               reviewer  reviewer   valid  groups=oncall,dba,leads,admins
reviewer2              reviewer  reviewer2  valid  groups=oncall,dba,leads,admins" \
	"everybody of the story is enrolled"
is "$(cd "$HOME_DIR/keys" && echo *)" "admin.key auditor.key broker.key demo-agent-supervised.key \
demo-agent.key developer.key executor.key gateway.key reviewer.key reviewer2.key" "and has a key"
run --home "$HOME_DIR" policy show --default
is "$(cat "$HOME_DIR/policy.yaml")" "$OUT" "the policy is the shipped one"
run --home "$HOME_DIR" policy explain -f "$HOME_DIR/example.yaml" --as demo-agent-supervised --json
is "$(json "d['verdict'], d['environment'], d['class'], d['quorum']")" \
	"hold production ['patch'] [{'groups': ['oncall'], 'count': 1}]" \
	"the example waits for one person"
OUT=$(cat "$HOME_DIR/broker.json")
is "$(json "sorted(d), d['control']")" "['agents', 'control', 'curve_public', 'events', 'instance', \
'log_key'] ipc://$HOME_DIR/run/control" "broker.json has all a client needs"
is "$(json "d['log_key'].split('+')[0] == d['instance']")" True "the log's key names the instance"

BEFORE=$(cd "$HOME_DIR" && find . -type f -exec sha256sum {} + | sort)
run init "$HOME_DIR"
is "$CODE|$ERR" "10|holdpoint: init: $HOME_DIR: exists and is not empty" "init never overwrites"
is "$(cd "$HOME_DIR" && find . -type f -exec sha256sum {} + | sort)" "$BEFORE" "not one byte"
run init "$SCRATCH/out"
is "$CODE|$ERR" "10|holdpoint: init: $SCRATCH/out: exists and is no directory" "a file is no instance"
run init "$SCRATCH/no/parent"
is "$CODE|$ERR" "2|holdpoint: init: $SCRATCH/no/parent: its parent directory does not exist" \
	"the parent has to exist"
LONG=$SCRATCH/$(printf '%096d' 0)
run init "$LONG"
like "$CODE|$ERR" "2|holdpoint: init: $LONG: the path is * bytes too long for its sockets (at most 95)" \
	"a socket's path would be too long"
FIT=$SCRATCH/$(printf "%0$((95 - ${#SCRATCH} - 1))d" 0)
run init "$FIT"
is "$CODE" 0 "95 bytes are not too long"
run init ''
is "$CODE" 2 "an empty name is none"
(
	trap '' XFSZ # the policy does not fit: the write fails half-way
	ulimit -f 4
	"$HOLDPOINT" init "$SCRATCH/half" 2>&1
) | grep -q 'File too large'
is "$?" 0 "a write that fails is reported"
is "$(ls -d "$SCRATCH"/half* 2>/dev/null)" "" "and nothing half done stays"
mkdir "$SCRATCH/it's empty"
(
	trap '' XFSZ
	ulimit -f 4
	cd "$SCRATCH/it's empty" && "$HOLDPOINT" init . 2>&1
) | grep -q 'File too large'
is "$?|$(ls -A "$SCRATCH/it's empty")" "0|" "nor inside a directory that was there"
(cd "$SCRATCH/it's empty" && "$HOLDPOINT" -q init . >"$SCRATCH/out" 2>"$SCRATCH/err")
is "$?|$(cat "$SCRATCH/err")" "0|" "an empty directory is filled; -q keeps remarks back"
is "$(head -n 1 "$SCRATCH/out")" "holdpointd --home '$SCRATCH/it'\\''s empty'" \
	"what a shell would split is quoted"
is "$(cd "$SCRATCH/it's empty" && ls -A | wc -l)" 10 "the same ten entries"
run --json init "$SCRATCH/json"
is "$(json "d['home'], len(d['commands'])")" "$SCRATCH/json 3" "--json"

# ---- keygen ----

run keygen carol -o "$SCRATCH/carol.key"
like "$CODE|$OUT" "0|holdpoint1 carol ???????????????????????????????????????? \
????????????????????????????????????????????" "keygen prints the public line alone"
echo "$OUT" >"$SCRATCH/carol.pub"
is "$ERR|$(mode "$SCRATCH/carol.key")" "|600 " "and writes the key for its owner only"
OUT=$(cat "$SCRATCH/carol.key")
is "$(json "list(d)")" "['name', 'curve_public', 'sign_public', 'curve_secret', 'sign_secret']" \
	"as any language reads it"
SUM=$(sha256sum <"$SCRATCH/carol.key")
run keygen carol -o "$SCRATCH/carol.key"
is "$CODE|$OUT|$ERR" "10||holdpoint: keygen: $SCRATCH/carol.key: already exists" \
	"a key is never overwritten"
is "$(sha256sum <"$SCRATCH/carol.key")" "$SUM" "not one byte"
run keygen carol
is "$CODE|$ERR" "2|holdpoint: keygen: --output is needed" "a key needs a file"
run keygen ../carol -o "$SCRATCH/x.key"
like "$CODE|$ERR" "2|holdpoint: keygen: \"../carol\" is no name: expected *" "a name is no path"
run keygen carol -o "$SCRATCH/no/x.key"
like "$CODE|$ERR" "2|holdpoint: keygen: $SCRATCH/no/x.key: cannot create: No such file *" \
	"a directory that is missing"
run keygen dave --seal -o "$SCRATCH/dave.key" --no-input
like "$CODE|$ERR" "2|holdpoint: keygen: *HOLDPOINT_PASSPHRASE_FILE*" "a seal needs a passphrase"
is "$(ls "$SCRATCH"/dave* 2>/dev/null)" "" "and no key without it"
echo "correct horse" >"$SCRATCH/pass"
echo "wrong horse" >"$SCRATCH/wrong"
: >"$SCRATCH/empty"
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/empty run keygen dave --seal -o "$SCRATCH/dave.key"
like "$CODE|$ERR" "2|*the passphrase is empty" "an empty one seals nothing"
(umask 022; echo "open horse" >"$SCRATCH/open")
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/open run keygen dave --seal -o "$SCRATCH/dave.key"
like "$CODE|$ERR" "2|*others can read or write this secret*" "one that others can read is a bad file"
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/pass run keygen dave --seal -o "$SCRATCH/dave.key" --json
is "$CODE|$(json "d['name'], d['public_line'].split()[:2]")" "0|dave ['holdpoint1', 'dave']" \
	"keygen --seal --json"
json "d['public_line']" >"$SCRATCH/dave.pub"
OUT=$(cat "$SCRATCH/dave.key")
is "$(json "list(d), list(d['sealed']), d['sealed']['kdf']")" "['name', 'curve_public', \
'sign_public', 'sealed'] ['kdf', 'salt', 'ops', 'mem', 'box'] argon2id" "the sealed form"

# ---- enrol: what it refuses ----

CURVE=$(cut -d ' ' -f 3 "$SCRATCH/carol.pub")
SIGN=$(cut -d ' ' -f 4 "$SCRATCH/carol.pub")
ENROL="holdpoint: enrol"
while IFS='|' read -r code message line arguments; do
	[ -n "$code" ] || continue
	printf '%b' "$line" >"$SCRATCH/line"
	eval "set -- $arguments"
	run_with "$SCRATCH/line" --home "$HOME_DIR" enrol "$@"
	like "$CODE|$OUT|$ERR" "$code||$ENROL: $message" "enrol $arguments: $message"
done <<EOT
2|expected a public line of keygen on standard input||carol --role auditor
2|public line: expected "holdpoint1 NAME CURVE_PUBLIC SIGN_PUBLIC"|hello\\n|carol --role auditor
2|public line: expected a CURVE key *|holdpoint1 carol|carol --role auditor
2|public line: expected a signing key *|holdpoint1 carol $CURVE short|carol --role auditor
2|public line: more than one line, *|holdpoint1 carol $CURVE $SIGN\\nholdpoint1|carol --role auditor
2|public line: it holds a NUL|holdpoint1 carol $CURVE $SIGN\\n\\0x|carol --role auditor
2|the public line is that of "carol", not "dave"|holdpoint1 carol $CURVE $SIGN|dave --role auditor
2|--role is needed|holdpoint1 carol $CURVE $SIGN|carol
2|*king*|holdpoint1 carol $CURVE $SIGN|carol --role king
2|*'reviewer' needs 'person'|holdpoint1 carol $CURVE $SIGN|carol --role reviewer
2|*'agent' needs 'mode'|holdpoint1 carol $CURVE $SIGN|carol --role agent --owner x
2|*'agent' needs 'owner'|holdpoint1 carol $CURVE $SIGN|carol --role agent --mode autonomous
2|*mode*|holdpoint1 carol $CURVE $SIGN|carol --role agent --owner x --mode wild
2|*'agent' excludes *|holdpoint1 carol $CURVE $SIGN|carol --role agent --role admin --owner x --mode autonomous
2|*exactly one environment*|holdpoint1 carol $CURVE $SIGN|carol --role executor --audience a
2|*'agents' is for a gateway only*|holdpoint1 carol $CURVE $SIGN|carol --role auditor --agent demo-agent
2|*'broker' is no name*|holdpoint1 broker $CURVE $SIGN|broker --role auditor
10|"admin" is enrolled already|holdpoint1 admin $CURVE $SIGN|admin --role auditor
EOT
is "$(ls "$HOME_DIR/principals.d" | wc -l)" 9 "none of them wrote anything"
ADMIN_LINE="holdpoint1 carol $(sed -n 's/^curve_public: "\(.*\)"$/\1/p' "$HOME_DIR/principals.d/admin.yaml") $SIGN"
echo "$ADMIN_LINE" >"$SCRATCH/line"
run_with "$SCRATCH/line" --home "$HOME_DIR" enrol carol --role auditor
like "$CODE|$ERR" "2|$ENROL: *" "one key belongs to one principal"

# ---- enrol, revoke, reload without a broker ----

run_with "$SCRATCH/carol.pub" --home "$HOME_DIR" enrol carol --role reviewer --role auditor \
	--person "Carol C." --group oncall --group dba
is "$CODE|$OUT|$ERR" "0||$ENROL: no broker runs here: it reads the entry when it starts" "enrol"
is "$(cat "$HOME_DIR/principals.d/carol.yaml")" "roles: [\"reviewer\",\"auditor\"]
person: \"Carol C.\"
groups: [\"oncall\",\"dba\"]
curve_public: \"$CURVE\"
sign_public: \"$SIGN\"" "the entry is plain to read"
run_with "$SCRATCH/carol.pub" --home "$HOME_DIR" enrol carol --role reviewer --role auditor \
	--person "Carol C." --group oncall --group dba
like "$CODE|$OUT|$ERR" "0||$ENROL: \"carol\" is enrolled already, just so*no broker runs here*" \
	"the same again tells the broker again"
run_with "$SCRATCH/carol.pub" --home "$HOME_DIR" enrol carol --role reviewer --role auditor \
	--person "Carol C." --group oncall --group admins
is "$CODE|$ERR" "10|$ENROL: \"carol\" is enrolled already" "another entry is refused"
is "$(mode "$HOME_DIR/principals.d/carol.yaml")" "644 " "and public"
run --home "$HOME_DIR" revoke nobody
is "$CODE|$ERR" '7|holdpoint: revoke: no principal "nobody"' "only who is there can be revoked"
run --home "$HOME_DIR" revoke $'\e[31m'
is "$ERR" 'holdpoint: revoke: no principal "<U+001B>[31m"' "names are shown safely"
sed -i '1i # met her in Lisbon' "$HOME_DIR/principals.d/carol.yaml"
run --home "$HOME_DIR" -q revoke carol
is "$CODE|$OUT|$ERR" "0||" "revoke"
is "$(sed -n '1p;$p' "$HOME_DIR/principals.d/carol.yaml")" "# met her in Lisbon
revoked: true" "the file keeps what its owner wrote"
run --home "$HOME_DIR" revoke carol
like "$CODE|$ERR" '0|holdpoint: revoke: "carol" is revoked already*' "twice is once"
is "$(grep -c revoked "$HOME_DIR/principals.d/carol.yaml")" 1 "and says so once"
run_with "$SCRATCH/carol.pub" --home "$HOME_DIR" enrol carol --role auditor
is "$CODE|$ERR" "10|$ENROL: \"carol\" is enrolled already and revoked; its name stays taken" \
	"a revoked name comes back as nobody"
run --home "$HOME_DIR" principals --json
is "$(json "[(p['name'], p['roles'], p['revoked']) for p in d['principals'] if 'revoked' in p]")" \
	"[('carol', ['reviewer', 'auditor'], True)]" "principals --json"
printf 'roles: [auditor]\ncolour: red\n' >"$HOME_DIR/principals.d/zoe.yaml"
for command in "principals" "revoke reviewer"; do
	# shellcheck disable=SC2086
	run --home "$HOME_DIR" $command
	like "$CODE|$ERR" "2|holdpoint: ${command%% *}: $HOME_DIR/principals.d/zoe.yaml:2:1: *colour*" \
		"$command names the line of a broken entry"
done
rm "$HOME_DIR/principals.d/zoe.yaml"
as admin reload
like "$CODE|$ERR" "8|holdpoint: reload: no broker listens at ipc://$HOME_DIR/run/control *" \
	"reload needs a broker"

# ---- with a broker ----

start_broker
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/pass run --home "$HOME_DIR" --key "$SCRATCH/dave.key" list
like "$CODE|$ERR" "9|holdpoint: list: *refuses this key*" "who is not enrolled is refused"
run_with "$SCRATCH/dave.pub" --home "$HOME_DIR" enrol dave --role reviewer --person dave --group oncall
is "$CODE|$ERR" "0|$ENROL: a running broker was not told: run \"holdpoint reload\" as an admin" \
	"without a key the broker is not told"
as admin reload
is "$CODE|$(field principals)" "0|11" "reload"
like "$(field policy)" "$(sha256sum <"$HOME_DIR/policy.yaml" | cut -d ' ' -f 1)" \
	"the policy's version is its file's SHA-256"
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/pass run --home "$HOME_DIR" --key "$SCRATCH/dave.key" list
is "$CODE" 0 "and then the sealed key works"
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/wrong run --home "$HOME_DIR" --key "$SCRATCH/dave.key" list
like "$CODE|$ERR" "2|*dave.key: wrong passphrase for the key of \"dave\"" "a wrong passphrase"
chmod 640 "$SCRATCH/dave.key"
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/pass run --home "$HOME_DIR" --key "$SCRATCH/dave.key" list
like "$CODE|$ERR" "2|*dave.key: others can read or write this secret: its mode is 0640, expected 0600" \
	"a key that others can read"
chmod 600 "$SCRATCH/dave.key"
run --home "$HOME_DIR" revoke dave
like "$CODE|$ERR" "8|holdpoint: revoke: written, but a running broker was not told: *" \
	"a revocation that does not bite is a failure"
as admin revoke dave
like "$CODE|$ERR" "0|*is revoked already" "told by an admin it bites"
HOLDPOINT_PASSPHRASE_FILE=$SCRATCH/pass run --home "$HOME_DIR" --key "$SCRATCH/dave.key" list
like "$CODE|$ERR" "9|*refuses this key*" "at once"
run keygen erin -o "$SCRATCH/erin.key"
echo "$OUT" >"$SCRATCH/erin.pub"
run_with "$SCRATCH/erin.pub" --home "$HOME_DIR" --as admin enrol erin --role auditor
is "$CODE|$ERR" "0|" "an admin's enrol tells the broker"
run --home "$HOME_DIR" --key "$SCRATCH/erin.key" stats
is "$CODE" 0 "and the new key works"
run keygen fred -o "$SCRATCH/fred.key"
echo "$OUT" >"$SCRATCH/fred.pub"
run_with "$SCRATCH/fred.pub" --home "$HOME_DIR" --as reviewer enrol fred --role auditor
like "$CODE|$ERR" "0|*unauthorised*
$ENROL: written, but the broker did not take it" "who may not reload is told so"
as reviewer reload
like "$CODE|$ERR" "9|holdpoint: reload: unauthorised: *" "only an admin reloads"
as reviewer revoke fred
like "$CODE|$ERR" "9|*holdpoint: revoke: written, but the broker did not take it: until it does, the key works" \
	"and a revocation of theirs fails aloud"
as admin revoke reviewer2
like "$CODE|$ERR" "0|*warning: no broker will start with this: *" "a revocation is never refused"
as reviewer2 list
is "$CODE" 9 "although the policy cannot be filled without that person"
echo "surprise: 1" >>"$HOME_DIR/policy.yaml"
as admin reload
like "$CODE|$ERR" "2|*policy.yaml:*:*surprise*" "a broken policy is named by its place"
as admin reload --json
is "$CODE|$OUT" "2|" "and changes nothing"
as admin list
is "$CODE" 0 "the broker goes on with the old one"

done_testing
