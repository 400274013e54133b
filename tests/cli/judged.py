"""A trial instance, and requests judged offline by `holdpoint policy explain -f -`, for tests in Python."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
HOLDPOINT = os.path.join(os.environ.get("HP_BUILDDIR", os.getcwd()), "holdpoint")


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, details=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for line in () if good else details:
            print(f"# {line}")

    def done(self):
        print(f"1..{self.count}")
        sys.exit(self.failed > 0)


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDPOINT_")}
    return {**kept, "HOLDPOINT_HOME": home}


@contextlib.contextmanager
def trial_instance():
    """The home of a fresh instance with the shipped policy."""
    with tempfile.TemporaryDirectory(prefix="hp-judged.") as scratch:
        home = os.path.join(scratch, "hp")
        subprocess.run([HOLDPOINT, "init", home], check=True, capture_output=True)
        yield home


def judge(home, lines):
    """The answers to [{"as", "request"}], in order; each must have been judged."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run([HOLDPOINT, "policy", "explain", "-f", "-"], input=text, text=True, capture_output=True,
                         env=environment(home))
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode or len(answers) != len(lines):
        bad = [(line, answer) for line, answer in zip(lines, answers) if "verdict" not in answer]
        print(f"# exit {run.returncode}: {run.stderr.strip()}: {bad[:3]}")
        print("Bail out! not every request could be judged")
        sys.exit(1)
    return answers
