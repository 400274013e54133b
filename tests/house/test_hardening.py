"""What is installed is hardened: position independent, relocations read-only and bound at start, stack
protected, fortified, no executable stack, nothing writable and executable."""
import os
import re
import subprocess
import sys

BUILD = os.environ.get("HP_BUILDDIR", "build")
PROGRAMS = ("holdpoint", "holdpointd")
LIBRARY = "libholdpoint.so.0"


def setting(name):
    found = re.search(rf"^{name} = (.*)$", open(os.path.join(BUILD, "Makefile")).read(), re.M)
    return found.group(1) if found else ""


def readelf(name, *options):
    return subprocess.run(["readelf", "-W", *options, os.path.join(BUILD, name)], check=True,
                          capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def checks(name):
    headers, dynamic = readelf(name, "-h", "-l"), readelf(name, "-d")
    symbols = readelf(name, "--dyn-syms")
    segments = re.findall(r"^\s+(LOAD|GNU_STACK|GNU_RELRO)\s.*\s([R ][W ][E ])\s", headers, re.M)
    yield "position independent", "Type:" in headers and re.search(r"Type:\s+DYN", headers)
    yield "its relocations become read-only", any(kind == "GNU_RELRO" for kind, _ in segments)
    yield "and are bound at start", re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic)
    yield "no relocations in its text", "TEXTREL" not in dynamic
    yield "its stack is not executable", ("GNU_STACK", "RW ") in segments
    yield "nothing is writable and executable", not any(
        "W" in flags and "E" in flags for _, flags in segments)
    yield "its stack frames are guarded", "__stack_chk_fail" in symbols
    if re.search(r"-O[123s]", setting("CFLAGS")):
        yield "its copies are bounded (FORTIFY)", re.search(r"__(memcpy|v?snprintf|memmove)_chk",
                                                            symbols)
    if name in PROGRAMS:
        yield "it is a program that may load anywhere", re.search(r"FLAGS_1.*\bPIE\b", dynamic)
    yield "no path of ours to look for libraries", not re.search(r"RPATH|RUNPATH", dynamic)


if "FORTIFY" not in setting("HARDEN_CFLAGS"):
    print("1..0 # SKIP built without hardening (sanitizers, coverage or --disable-hardening)")
    sys.exit(0)
count = failed = 0
for program in (*PROGRAMS, LIBRARY):
    for what, good in checks(program):
        count += 1
        failed += not good
        print(f"{'ok' if good else 'not ok'} {count} - {program}: {what}")
print(f"1..{count}")
sys.exit(1 if failed else 0)
