"""Drives the console in tmux and writes what it shows; run by dev/console-screens."""
import os
import re
import shutil
import subprocess
import sys
import time
from xml.sax.saxutils import escape

SOURCE, BUILD = os.environ["HP_SRCDIR"], os.environ["HP_BUILDDIR"]
sys.path.insert(0, os.path.join(SOURCE, "tests", "wire"))
from hp import HOLDPOINT, Client, Instance, kiro, request      # noqa: E402

COLUMNS, ROWS, PATIENCE_S, ARM_S = 80, 24, 30, 0.6
SOCKET = "holdpoint-screens-%d" % os.getpid()


class Terminal:
    """One tmux server with one window that runs the console."""

    def __init__(self, home, directory):
        self.directory, self.frames = directory, []
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS),
                  "env", "HOLDPOINT_HOME=" + home, "TZ=UTC", "LC_ALL=C.UTF-8", HOLDPOINT,
                  "--as", "reviewer", "console", ";", "set", "status", "off")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-L", SOCKET, *arguments], check=True, text=True,
                              capture_output=True).stdout

    def sees(self, *texts):
        end = time.monotonic() + PATIENCE_S
        while True:
            shown = self.tmux("capture-pane", "-p")
            if all(text in shown for text in texts):
                return self
            if time.monotonic() > end:
                sys.exit("never saw %r in\n%s" % (texts, shown))
            time.sleep(0.05)

    def keys(self, *keys):
        time.sleep(ARM_S)           # deciding keys count from 0.4 s after a drawing
        for key in keys:
            self.tmux("send-keys", key)
        return self

    def types(self, text):
        time.sleep(ARM_S)
        self.tmux("send-keys", "-l", text)
        return self

    def keep(self, name, caption):
        time.sleep(0.2)
        lines = [line.rstrip() for line in self.tmux("capture-pane", "-p").splitlines()]
        number = len(self.frames) + 1
        with open(os.path.join(self.directory, "%02d-%s.txt" % (number, name)), "w",
                  encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.frames.append((caption, self.tmux("capture-pane", "-p", "-e")))
        return self

    def close(self):
        subprocess.run(["tmux", "-L", SOCKET, "kill-server"], capture_output=True)


# --- the picture ---

CELL, LINE, SECONDS = 8.4, 18, 3.5
STYLE = """text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
fill: #d4d4d4; white-space: pre } .b { font-weight: bold; fill: #ffffff }
.f { font-weight: bold; fill: #ff7b72 } .r { font-weight: bold; fill: #1e1e1e }
.c { fill: #8b949e }"""


def runs(line):
    """(column, text, class) of one captured line with its SGR sequences."""
    style, column = "", 0
    bold = reverse = red = False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            for number in (part[2:-1] or "0").split(";"):
                number = int(number or 0)
                if number == 0:
                    bold = reverse = red = False
                elif number in (1, 22):
                    bold = number == 1
                elif number in (7, 27):
                    reverse = number == 7
                elif number in (31, 39):
                    red = number == 31
            style = "r" if reverse else "f" if red else "b" if bold else ""
        elif part:
            yield column, part, style
            column += len(part)


def picture(frames):
    width, height = COLUMNS * CELL + 24, ROWS * LINE + 52
    whole = SECONDS * len(frames)
    show = 100 / len(frames)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">' % (
        width, height, width, height),
        "<style>%s" % STYLE,
        ".s { visibility: hidden; animation: s %gs step-end infinite }" % whole,
        "@keyframes s { 0%% { visibility: visible } %.3f%% { visibility: hidden } }</style>" % show,
        '<rect width="100%" height="100%" rx="6" fill="#1e1e1e"/>']
    for number, (caption, text) in enumerate(frames):
        out.append('<g class="s" style="animation-delay: %gs">' % (number * SECONDS))
        for y, line in enumerate(text.splitlines()[:ROWS]):
            for column, part, style in runs(line):
                x, base = 12 + column * CELL, 24 + y * LINE
                if style == "r":
                    out.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="#d4d4d4"/>' % (
                        x, base - 14, len(part) * CELL, LINE))
                if part.strip():
                    out.append('<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>' % (
                        x, base, len(part) * CELL, ' class="%s"' % style if style else "",
                        escape(part).replace(" ", "\u00a0")))
        out.append('<text class="c" x="12" y="%d">%d/%d  %s</text></g>' % (
            height - 14, number + 1, len(frames), escape(caption)))
    return "\n".join(out) + "\n</svg>\n"


# --- the session ---

def play(instance, terminal):
    agent = Client(instance, "demo-agent")
    helper = Client(instance, "demo-agent-supervised")
    agent.call(type="submit", **kiro("kiro-delete.yaml", session="cost-explorer"))
    helper.call(type="submit", **request(summary="Add a read replica for the report job",
                                         resources=["orders-ro"], session="reports"))
    terminal.sees("2 pending").keep("queue", "two requests wait; the riskiest stands first")

    terminal.keys("Enter").sees("WHAT", "DeleteStack").keep(
        "request", "the incident's request: what exactly, in which environment, and why")
    terminal.keys("C-d").sees("ROLLBACK").keep(
        "request-2", "what the policy said, with the lines of the file; no rollback, no alternatives")
    terminal.keys("d").sees("own words").keep("deny", "d: deny, and tell the agent why")
    terminal.keys("3").sees("denial recorded").keep("denied", "one denial is final")

    terminal.keys("n").sees("CreateDBInstanceReadReplica").keys("C-d", "C-d").sees("DIGEST").keep(
        "read", "n: the next one, read to its end")
    terminal.keys("e").sees("by: 15m").keep("extend", "e: more time")
    terminal.keys("Enter").sees("why:").types("asking the owner of orders").keys("Enter")
    terminal.sees("extension recorded").keep("extended", "the agent's request lives on")
    terminal.keys("a").sees("To approve").types("orders-ro").sees("> orders-ro").keep(
        "approve", "a: approve, by typing what it is about")
    terminal.keys("Enter").sees("is granted").keep("approved", "a vote, signed over these bytes")

    helper.call(type="submit", **request(summary="Add another replica", resources=["reports-db"],
                                         ttl_s=12))
    terminal.keys("Tab").sees("1 pending").keys("g", "j", "Enter").sees("Add another replica").keep(
        "late", "a request that nobody has time for")
    terminal.sees("no denying: expired").keep("expired", "silence is a no")

    terminal.keys("3").sees("AGENT", "autonomous").keep("agents", "who asks, how often, how it went")
    terminal.keys("H").sees("name of the agent").types("demo-agent").keys("Enter")
    terminal.sees("halt demo-agent").types("it asks for the same deletion again").keep(
        "halt", "H: halt an agent, by its name typed")
    terminal.keys("Enter").sees("halted: demo-agent", "HALTED").keep("halted", "it runs nothing any more")

    terminal.keys("2").sees("history 1-").keep("history", "what became of it all")
    terminal.keys("5").sees("signed").keys("v").sees("verified").keep(
        "audit", "and the log of it, verified leaf by leaf")


def main():
    directory = sys.argv[1]
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    with Instance() as instance:
        terminal = Terminal(instance.home, directory)
        try:
            play(instance, terminal)
        finally:
            terminal.close()
    with open(os.path.join(directory, "session.svg"), "w", encoding="utf-8") as file:
        file.write(picture(terminal.frames))
    print("%d screens and session.svg in %s" % (len(terminal.frames), os.path.relpath(directory)))


main()
