#!/usr/bin/env bash
# redact: a filter. No instance, no broker.
. "$(dirname "$0")/tap.sh"

# filter ARGUMENTS: as run, with standard input
filter() {
	"$HOLDPOINT" redact "$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	CODE=$?
	OUT=$(cat "$SCRATCH/out")
	ERR=$(cat "$SCRATCH/err")
}
TEXT='ask bob@example.com, dob 1980-03-12, key AKIAIOSFODNN7EXAMPLE, bob@example.com'

filter <<<"$TEXT"
is "$CODE|$OUT|$ERR" \
	"0|ask [REDACTED:email], dob [REDACTED:date_of_birth], key [REDACTED:aws_access_key], [REDACTED:email]|" \
	"all rules are the default"
filter --json <<<"$TEXT"
is "$CODE|$ERR" '0|{"email":2,"date_of_birth":1,"aws_access_key":1}' "--json counts on standard error"
like "$OUT" "ask \[REDACTED:email\]*" "and the text is where it was"
filter --rules phi <<<"$TEXT"
is "$OUT" "${TEXT/1980-03-12/[REDACTED:date_of_birth]}" "--rules phi"
filter --rules pii,secrets <<<"$TEXT"
is "$OUT" "ask [REDACTED:email], dob 1980-03-12, key [REDACTED:aws_access_key], [REDACTED:email]" \
	"--rules pii,secrets"
for list in names pii, "" ,; do
	filter --rules "$list" <<<"$TEXT"
	like "$CODE|$OUT|$ERR" "2||holdpoint: redact: --rules: *pii, phi, secrets" "--rules \"$list\" is refused"
done
filter --json </dev/null
is "$CODE|$OUT|$ERR" "0||{}" "nothing in, nothing out"

head -c 1000000 /dev/urandom | tr -d '@.:0-9+=-' >"$SCRATCH/bytes"
filter <"$SCRATCH/bytes"
cmp -s "$SCRATCH/bytes" "$SCRATCH/out"
is "$?|$CODE" "0|0" "any bytes come out as they were"
printf 'no newline, a\0NUL' | "$HOLDPOINT" redact | cmp -s - <(printf 'no newline, a\0NUL')
is "${PIPESTATUS[*]}" "0 0 0" "a NUL, and no newline at the end"

# A long text takes no more memory than a short one, and each of its lines comes out right.
/usr/bin/python3 - "$HOLDPOINT" >"$SCRATCH/out" <<'PYTHON'
import os, subprocess, sys, threading
line = b"password=hunter2 from 203.0.113.7 " + b"x" * 200 + b"\n"
wanted = b"password=[REDACTED:password] from [REDACTED:ip_address] " + b"x" * 200 + b"\n"

def peak_kib(count):
    child = subprocess.Popen([sys.argv[1], "redact"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    def feed():
        for _ in range(count):
            child.stdin.write(line)
        child.stdin.close()
    feeder = threading.Thread(target=feed)
    feeder.start()
    seen = sum(out == wanted for out in child.stdout)
    feeder.join()
    _, status, usage = os.wait4(child.pid, 0)
    if status or seen != count:
        print("status", status, "right lines", seen, "of", count)
    return usage.ru_maxrss

short, long = peak_kib(8000), peak_kib(120000)
print("bounded" if long < short + 8192 else f"{short} KiB, then {long} KiB")
PYTHON
is "$(cat "$SCRATCH/out")" "bounded" "30 MB take as much memory as 2 MB"

echo text | "$HOLDPOINT" redact >/dev/full 2>"$SCRATCH/err"
is "$?|$(cat "$SCRATCH/err")" "1|holdpoint: redact: cannot write to standard output" \
	"output that does not arrive is a failure"
"$HOLDPOINT" redact <"$SCRATCH" >"$SCRATCH/out" 2>"$SCRATCH/err"
is "$?|$(cat "$SCRATCH/out" "$SCRATCH/err")" \
	"1|holdpoint: redact: cannot read standard input: Is a directory" "input that cannot be read"
run redact extra
is "$CODE|$OUT" "2|" "it takes no arguments"

done_testing
