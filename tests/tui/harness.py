"""Drives the real console in a pseudo-terminal and speaks TAP."""
import fcntl
import multiprocessing
import os
import pty
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_broker import Broker              # noqa: E402
from screen import Foreign, Screen          # noqa: E402

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("HP_BUILDDIR", SOURCE)
PROGRAM = os.environ.get("HP_CONSOLE", os.path.join(BUILD, "holdpoint"))
UPDATE = os.environ.get("HP_UPDATE_SCREENS")    # write the expected screens instead of comparing
WORKERS = int(os.environ.get("HP_TUI_WORKERS", "4"))
PATIENCE_S = 20     # only a hanging console waits that long
ARM_S = 0.45        # a little more than the console's 0.4 s

ENTER, ESCAPE, TAB, ERASE = "\r", "\x1b", "\t", "\x7f"
DOWN, PAGE_DOWN = "\x1bOB", "\x1b[6~"


class Console:
    """`holdpoint console` on a terminal of its own."""

    def __init__(self, broker, key, columns=80, rows=24, arguments=(), **environment):
        self.screen = Screen(columns, rows)
        self.raw = b""
        self.status = None
        env = {
            "PATH": os.environ["PATH"], "HOME": broker.directory, "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOLDPOINT_HOME": broker.directory,
            "HOLDPOINT_BROKER": broker.path("broker.json"), "HOLDPOINT_KEY": key,
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TERMINFO"):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(environment)
        self.screen.shifts = env["TERM"] in ("vt100", "linux", "screen", "tmux-256color")
        self.errors = tempfile.TemporaryFile()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.dup2(self.errors.fileno(), 2)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            try:
                os.execve(PROGRAM, [PROGRAM, "console", *arguments], env)
            finally:
                os._exit(127)
        self.set_size(columns, rows)

    def set_size(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.pump(0)
        self.screen.resize(columns, rows)
        self.set_size(columns, rows)
        os.kill(self.pid, signal.SIGWINCH)

    def press(self, keys):
        os.write(self.fd, keys.encode())
        return self

    def pump(self, seconds):
        """Shows what the console writes within that time. False at its end."""
        until = time.monotonic() + seconds
        while True:
            left = max(0, until - time.monotonic())
            if not select.select([self.fd], [], [], left)[0]:
                return True
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                return False
            self.raw += data
            self.screen.feed(data)

    def pump_once(self, seconds=0.1):
        """Shows the next that the console writes, as soon as there is some."""
        if select.select([self.fd], [], [], seconds)[0]:
            data = os.read(self.fd, 65536)
            self.raw += data
            self.screen.feed(data)

    def until(self, condition, what):
        """Waits until the screen fulfils a condition."""
        end = time.monotonic() + PATIENCE_S
        while not condition(self.screen):
            if time.monotonic() > end or not self.pump(0.02):
                raise AssertionError("never saw %s; the screen is\n%s%s"
                                     % (what, self.screen.text(), self.stderr()))
        return self

    def sees(self, *texts):
        return self.until(lambda screen: all(text in screen.text() for text in texts),
                          " and ".join(repr(text) for text in texts))

    def loses(self, text):
        return self.until(lambda screen: text not in screen.text(), "%r go" % text)

    def settle(self, seconds=0.05):
        """Lets everything arrive that is on its way."""
        self.pump(seconds)
        return self

    def settle_unseen(self, seconds):
        """As settle(), but what is written is not looked at: it was for other sizes."""
        until = time.monotonic() + seconds
        while select.select([self.fd], [], [], max(0, until - time.monotonic()))[0]:
            self.raw += os.read(self.fd, 65536)
        return self

    def arm(self):
        """Waits until decision keys count: until nothing was drawn for so long."""
        end = time.monotonic() + 10 * ARM_S
        quiet, before = time.monotonic() + ARM_S, len(self.raw)
        while time.monotonic() < min(quiet, end) and self.pump(0.02):
            if len(self.raw) != before:
                quiet, before = time.monotonic() + ARM_S, len(self.raw)
        return self

    def shows(self, name):
        """Compares the whole screen with NAME.screen."""
        path = os.path.join(SOURCE, "tests", "tui", name + ".screen")
        if UPDATE:
            self.settle(0.3)
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.screen.text())
            return self
        with open(path, encoding="utf-8") as file:
            expected = file.read()
        try:
            return self.until(lambda screen: screen.text() == expected, name)
        except AssertionError:
            raise AssertionError("%s\n--- expected\n%s--- found\n%s--- %s" % (
                name, expected, self.screen.text(), self.stderr())) from None

    def exits(self, code):
        end = time.monotonic() + PATIENCE_S
        while self.pump(0.05) and time.monotonic() < end:
            pass
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        assert self.status == code, "exit %d instead of %d\n%s\n%s" % (
            self.status, code, self.stderr(), self.raw.decode(errors="replace"))
        return self

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def close(self):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        os.close(self.fd)
        self.errors.close()


class Stage:
    """One broker, one reviewer's key, consoles; cleaned up at the end."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="hp-tui-")
        self.broker = Broker(self.directory)
        self.key = self.broker.key_file("ana")
        self.consoles = []

    def __enter__(self):
        return self

    def console(self, **options):
        if not self.broker.running:
            self.broker.start()
        return self.lone_console(**options)

    def lone_console(self, key=None, **options):
        console = Console(self.broker, key or self.key, **options)
        self.consoles.append(console)
        return console

    def __exit__(self, *_):
        for console in self.consoles:
            console.close()
        if self.broker.running:
            self.broker.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never: " + what)
        time.sleep(0.01)


def run(number):
    """One test on a stage of its own: its TAP line, and what went wrong."""
    test = TESTS[number]
    name = (test.__doc__ or test.__name__).strip().splitlines()[0].rstrip(".")
    try:
        with Stage() as stage:
            test(stage)
        return ["ok %d - %s" % (number + 1, name)]
    except (AssertionError, Foreign, OSError, ValueError, LookupError) as error:
        where = traceback.extract_tb(error.__traceback__)
        lines = ["%s:%d" % (frame.filename, frame.lineno) for frame in where]
        lines += ("%s: %s" % (type(error).__name__, error)).splitlines()
        return ["not ok %d - %s" % (number + 1, name)] + ["# " + line for line in lines]


TESTS = []      # of this program; inherited by the workers


def main(tests):
    """Runs functions that take a Stage; their first line of documentation is the TAP name.

    They wait more than they work, so several run at a time.
    """
    if not os.access(PROGRAM, os.X_OK):
        sys.exit("1..0\nBail out! no program %s" % PROGRAM)
    only = sys.argv[1:]
    TESTS.extend(test for test in tests if not only or test.__name__ in only)
    print("1..%d" % len(TESTS), flush=True)
    failed = 0
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        for lines in pool.imap(run, range(len(TESTS))):
            failed += lines[0].startswith("not ok")
            print("\n".join(lines), flush=True)
    sys.exit(1 if failed else 0)
