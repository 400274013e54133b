"""The house: which room may include which, where each library is spoken to, how large a file grows."""
import os
import re
import sys

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
ROOMS = ("core", "proto", "broker", "enforce", "tui", "cli")
MAY = {  # a room may include itself and these
    "core": set(), "proto": {"core"}, "broker": {"core", "proto"}, "enforce": {"core", "proto"},
    "tui": {"core", "proto"}, "cli": {"core", "proto", "enforce", "tui"},
}
ALSO = {"cli": {"broker/store.h"}}  # audit verify reads a database
LIBRARIES = {  # header: where it may be included
    r"sqlite3\.h": r"broker/store_sqlite", r"(n?curses|ncursesw/.*|term)\.h": r"tui/",
    r"(sodium|nettle)(/.*)?\.h": r"core/crypto", r"yaml\.h": r"core/yaml", r"jansson\.h": r"core/json",
    r"msgpack(/.*)?\.h": r"core/msgpack", r"(hs|hs/hs)\.h": r"core/pattern", r"utf8proc\.h": r"core/",
    r"zmq\.h": r"(proto|broker|tui|cli|enforce)/",
}
# core is pure: no sockets, threads, clocks or logging.
IMPURE = r"#\s*include\s+<(sys/socket|pthread|threads|sys/time|poll|syslog|netinet/.*|fcntl|unistd)\.h>" \
    r"|\b(clock_gettime|gettimeofday|time|fopen|printf|fprintf|getenv)\s*\("
LONGEST = 600
count = failed = 0


def check(bad, name):
    global count, failed
    count += 1
    failed += bool(bad)
    print(f"{'not ok' if bad else 'ok'} {count} - {name}")
    for line in bad:
        print(f"# {line}")


def sources():
    for room in ROOMS:
        for name in sorted(os.listdir(os.path.join(SOURCE, room))):
            if name.endswith((".c", ".h", ".def")):
                yield room, f"{room}/{name}", open(os.path.join(SOURCE, room, name)).read()


files = list(sources())
for room in ROOMS:
    bad = []
    for own, path, text in files:
        for target in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M) if own == room else ():
            to = target.split("/")[0]
            if "/" not in target:
                if not target.endswith(".inc"):
                    bad.append(f'{path}: "{target}" does not name its room')
            elif to != room and to not in MAY[room] and target not in ALSO.get(room, ()):
                bad.append(f'{path}: "{target}" goes against the DAG')
    check(bad, f"{room} includes only {', '.join(sorted(MAY[room])) or 'itself'}")
for header, where in LIBRARIES.items():
    bad = [path for _, path, text in files
           if re.search(rf"^\s*#\s*include\s+<{header}>", text, re.M) and not re.match(where, path)]
    check(bad, f"<{header}> is included only in {where}")
check([path for room, path, text in files if room == "core" and
       re.search(IMPURE, re.sub(r"/\*.*?\*/", "", text, flags=re.S))], "core is pure")
check([f"{path}: {text.count(chr(10))} lines" for _, path, text in files if text.count("\n") > LONGEST],
      f"no file is longer than {LONGEST} lines")
check([path for _, path, text in files if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)], "nothing is left behind")
check([path for _, path, text in files if path.endswith(".h") and not text.startswith("/*\n * ")],
      "every header opens with its purpose")
print(f"1..{count}")
sys.exit(1 if failed else 0)
