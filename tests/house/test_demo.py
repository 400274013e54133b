"""The story of dev/demo --script, each of its checks a test of its own."""
import os
import re
import subprocess
import sys

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
env = {**os.environ, "HP_SRCDIR": SOURCE, "HP_BUILDDIR": os.environ.get("HP_BUILDDIR", os.getcwd())}
run = subprocess.run(["/usr/bin/python3", os.path.join(SOURCE, "dev", "demo.py"), "script"], env=env, text=True,
                     stdin=subprocess.DEVNULL, capture_output=True)
steps = re.findall(r"^  (as expected|NOT AS EXPECTED): (.*)$", run.stdout, re.M)
for number, (verdict, text) in enumerate(steps, 1):
    print(f"{'ok' if verdict == 'as expected' else 'not ok'} {number} - {text}")
whole = run.returncode == 0 and "Every step came out as expected." in run.stdout and len(steps) >= 12
print(f"{'ok' if whole else 'not ok'} {len(steps) + 1} - the story was told to its end")
if not whole:
    for line in (run.stdout + run.stderr).splitlines()[-40:]:
        print(f"# {line}")
print(f"1..{len(steps) + 1}")
sys.exit(0 if whole else 1)
