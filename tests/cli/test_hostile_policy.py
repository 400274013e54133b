"""Policies and principals that are meant to hurt: each loads, or is refused in one clear line, in about a second.
The times are of the processor, which a busy machine does not change, and are printed; the bound is generous."""
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from judged import HOLDPOINT, Tap, environment, trial_instance  # noqa: E402

BOUND_S = 10  # where sanitizers run; elsewhere it is a second
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
# One that matches much of them, long enough for what engines do with long texts.
REQUEST = ('{"request": {"action": {"operation": "shell:bash", "environment": "production", "command": '
           '["bash", "-c", "' + "aaaaaaaaab " * 400 + '"]}}}\n')

tap = Tap()


def timed(home, *arguments, stdin=""):
    """(exit code, output, first line said, seconds)"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([HOLDPOINT, *arguments], input=stdin, text=True, capture_output=True, env=environment(home))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return run.returncode, run.stdout, run.stderr.splitlines(), spent


def check(home, name, text, refused=None):
    """The policy loads and judges a long request; or is refused with these words, alone."""
    path = os.path.join(home, "hostile.yaml")
    with open(path, "w") as file:
        file.write(text)
    code, out, said, spent = timed(home, "policy", "check", path)
    if refused:
        good = code == 2 and len(said) == 1 and refused in said[0] and len(said[0]) < 400
    else:
        good = code == 0
        judged, out, more, longer = timed(home, "policy", "explain", "--policy", path, "--as", "demo-agent", "-f", "-",
                                          "--json", stdin=REQUEST)
        # Refusing to go on is an answer too; letting it through is not.
        good = good and (judged == 0 and '"verdict":"block"' in out.replace(" ", "") or "takes too long" in out)
        spent, said = max(spent, longer), said + more
    print(f"# {name}: {'refused' if refused else 'loads'}, {spent:.2f} s")
    tap.ok(good and spent < BOUND_S, name, [f"exit {code}", out[:300], *said[:3]])


def words(pattern):
    return ("version: 1\nagent_constraints:\n  destructive_actions:\n"
            f"    - {{pattern: '{pattern}', scope: production, policy: BLOCK, message: x}}\n")


def own_pattern(pattern):
    return f"version: 1\ngateway:\n  redaction: {{rules: [], patterns: ['{pattern}']}}\n"


def classes(globs):
    return "version: 1\nclasses:\n  - {name: read, match: [" + ", ".join(f'"{glob}"' for glob in globs) + "]}\n"


def z85(number):
    """32 bytes as a key file has them."""
    text = ""
    for word in range(8):
        value = number >> 32 * (7 - word) & 0xFFFFFFFF
        text += "".join(ALPHABET[value // 85 ** power % 85] for power in range(4, -1, -1))
    return text


def principals(home, count):
    directory = os.path.join(home, "principals.d")
    for number in range(len(os.listdir(directory)), count):
        with open(os.path.join(directory, f"a{number}.yaml"), "w") as file:
            file.write(f'roles: ["agent"]\nmode: "autonomous"\nowner: "o{number}"\ncurve_public: "{z85(number + 2 ** 200)}"\n')


with trial_instance() as home:
    check(home, "nested repeats", words("(((a+)+)+)+b"))
    check(home, "every end at once", words("(a|aa|aaa|aaaa)*" * 8 + "z"))
    check(home, "repeats that unroll to millions", words("((a{1,100}){1,100}){1,100}"), "too much to unroll")
    check(home, "groups within groups", words("(" * 1000 + "a" + ")" * 1000), "too much to unroll")
    check(home, "one expression of 100 KB", words("a|" * 50000 + "b"), "must be 1 to 4096 bytes long")
    check(home, "an open bracket", words("[a"), "pattern \"[a\"")
    check(home, "back references", words(r"(a)\1"), "pattern")
    check(home, "a hostile pattern of one's own", own_pattern("(x+x+)+y"), "without end within another")
    check(home, "one of one's own that unrolls", own_pattern("((a{1,100}){1,100}){1,100}"), "too much to unroll")
    check(home, "a glob of 60,000 stars", classes(["*a" * 60000]), "must be 1 to 4096 bytes long")
    check(home, "forty globs of 2,000 stars", classes(["*a" * 2000 + f"{n}" for n in range(40)]))
    check(home, "9,000 globs that begin and end open", classes([f"*a{n}b*" for n in range(9000)]))
    check(home, "globs that share nothing", classes([f"*{chr(97 + n % 26)}*{n}*a*b" for n in range(9000)]))
    check(home, "lists within lists", "version: 1\nclasses: " + "[" * 100000, "nested deeper than 64")
    check(home, "an alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nversion: 1\n", "not supported")
    check(home, "10 MB of rules", classes([f"svc{n}:Do*" for n in range(800000)]), "bytes of policy, at most 196608")
    check(home, "10 MB of nothing", "version: 1\n" + "#" * 10 * 1024 * 1024, "bytes of policy, at most 196608")

parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
os.environ["TMPDIR"] = parent or os.environ.get("TMPDIR", "/tmp")
import tempfile  # noqa: E402
tempfile.tempdir = None
with trial_instance() as home:
    principals(home, 50000)
    code, out, said, spent = timed(home, "policy", "check")
    print(f"# 50,000 principals: load, {spent:.2f} s")
    tap.ok(code == 0 and spent < BOUND_S, "50,000 principals", [f"exit {code}", *said[:3]])
    principals(home, 100000)
    code, out, said, spent = timed(home, "policy", "check")
    print(f"# 100,000 principals: refused, {spent:.2f} s")
    tap.ok(code == 2 and said == [f"holdpoint: policy check: {home}/principals.d: more than 50000 principals"]
           and spent < BOUND_S, "100,000 are refused", [f"exit {code}", *said[:3]])
tap.done()
