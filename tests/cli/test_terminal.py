"""What the command line does with a terminal: confirm, ask for passphrases, colour, and give a
command of exec the foreground."""
import os
import pty
import select
import signal
import sys
import termios
import time

SOURCE = os.environ.get("HP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "wire"))
import hp                                   # noqa: E402
from hp import tap                          # noqa: E402

PATIENCE_S = 60


class Terminal:
    """A program in a session of its own, on a pseudo-terminal."""

    def __init__(self, *arguments, **environment):
        env = {"TERM": "xterm", "LC_ALL": "C.UTF-8", **os.environ, **environment}
        self.text, self.status = "", None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs in the background may ignore it
            try:
                os.execve(arguments[0], arguments, env)
            finally:
                os._exit(127)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def _read(self):
        if not select.select([self.fd], [], [], PATIENCE_S)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def until(self, words):
        """Whether `words` came."""
        while words not in self.text:
            if not self._read():
                return False
        return True

    def end(self):
        """Reads to the end. The exit code, or minus the signal."""
        while self._read():
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return self.status

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)


def state(instance, request_id):
    with_reviewer = hp.Client(instance, "reviewer")
    try:
        return with_reviewer.call(type="show", id=request_id)["state"]
    finally:
        with_reviewer.close()


def approve(instance, request_id, *more):
    return Terminal(hp.HOLDPOINT, "--home", instance.home, "--as", "reviewer", "approve",
                    request_id, "--reason", "seen", *more)


def confirm(instance):
    agent = hp.Client(instance, "demo-agent-supervised")
    one = agent.submit()["id"]

    terminal = approve(instance, one)
    terminal.type("orders-ro\n")            # before there is a question
    tap.ok(terminal.until("to approve type the resource's name, orders-ro: "), "approve asks",
           terminal.text)
    shown = terminal.text
    tap.ok("rds:CreateDBInstanceReadReplica" in shown and "ROLLBACK" in shown
           and "Reports slow down" in shown, "it shows the whole request first", shown)
    tap.equal(select.select([terminal.fd], [], [], 0.5)[0], [],
              "what was typed before the question is thrown away")
    terminal.type("orders-rw\n")
    tap.equal(terminal.end(), 2, "another name does not approve")
    tap.ok(terminal.text.endswith("holdpoint: approve: not approved: that was not the resource's "
                                  "name\n"), "and one line says so", terminal.text)
    tap.equal(state(instance, one), "pending", "nothing happened")

    terminal = approve(instance, one)
    terminal.until("orders-ro: ")
    terminal.type("\x03")
    tap.equal(terminal.end(), -signal.SIGINT, "^C is no answer")
    terminal = approve(instance, one)
    terminal.until("orders-ro: ")
    terminal.type("\x04")
    tap.equal(terminal.end(), 2, "nor is ^D")
    tap.equal(state(instance, one), "pending", "nothing happened")

    terminal = Terminal("/bin/sh", "-c", '"$@" >/dev/null', "sh", hp.HOLDPOINT, "--home",
                        instance.home, "--as", "reviewer", "approve", one, "--reason", "unseen")
    tap.equal(terminal.end(), 2, "nor a terminal that the request is not shown on")
    terminal = approve(instance, one, "--no-input")
    tap.equal(terminal.end(), 2, "--no-input on a terminal requires --digest")

    terminal = approve(instance, one)
    terminal.until("orders-ro: ")
    terminal.type("orders-ro\n")
    tap.equal(terminal.end(), 0, "the name approves")
    tap.ok("state         granted" in terminal.text, "and the new state is printed", terminal.text)

    two = agent.submit(resources=["arn:aws:rds:eu-west-1:1:cluster/orders-of-all-customers"])["id"]
    terminal = approve(instance, two)
    tap.ok(terminal.until("to approve type this code, "), "a long name: a code", terminal.text)
    terminal.until(": ")
    code = terminal.text.rsplit("code, ", 1)[1].split(":")[0]
    tap.equal(len(code), 4, "of four characters")
    terminal.type(code + "\n")
    tap.equal(terminal.end(), 0, "the code approves")
    agent.close()


def colour(instance):
    arguments = (hp.HOLDPOINT, "--home", instance.home, "--as", "reviewer", "list", "--all")
    for what, more, environment, expected in (
            ("a terminal", (), {}, True),
            ("NO_COLOR", (), {"NO_COLOR": "1"}, False),
            ("an empty NO_COLOR", (), {"NO_COLOR": ""}, True),
            ("TERM=dumb", (), {"TERM": "dumb"}, False),
            ("--no-color", ("--no-color",), {}, False)):
        terminal = Terminal(*arguments, *more, **environment)
        terminal.end()
        tap.equal("\x1b[" in terminal.text, expected, f"colour with {what}")


def passphrases(instance):
    path = os.path.join(instance.dir, "sealed.key")
    keygen = (hp.HOLDPOINT, "keygen", "carla", "-o", path, "--seal")

    terminal = Terminal(*keygen)
    terminal.until("passphrase of carla: ")
    tap.ok(not terminal.echoes(), "a passphrase is not echoed")
    terminal.type("correct horse\n")
    terminal.until("the same again: ")
    terminal.type("correct house\n")
    tap.ok(terminal.end() != 0 and not os.path.exists(path), "two different ones make no key",
           terminal.text)

    terminal = Terminal(*keygen)
    for question in ("passphrase of carla: ", "the same again: "):
        terminal.until(question)
        terminal.type("correct horse\n")
    tap.equal(terminal.end(), 0, "the same twice does")
    tap.ok("correct horse" not in terminal.text, "and it is never shown", terminal.text)
    tap.ok("holdpoint1 carla " in terminal.text, "the public line is printed")

    use = (hp.HOLDPOINT, "--home", instance.home, "--key", path, "list")
    terminal = Terminal(*use)
    terminal.until("passphrase of carla: ")
    terminal.type("wrong\n")
    tap.equal(terminal.end(), 2, "a wrong passphrase is refused")
    terminal = Terminal(*use)
    terminal.until("passphrase of carla: ")
    terminal.type("correct horse\n")
    tap.equal(terminal.end(), 9, "the right one opens the key, which is not enrolled")
    terminal = Terminal(*use, "--no-input")
    tap.equal(terminal.end(), 2, "--no-input never asks")

    secret = os.path.join(instance.dir, "passphrase")
    with open(secret, "w") as file:
        file.write("correct horse\n")
    os.chmod(secret, 0o600)
    terminal = Terminal(*use, HOLDPOINT_PASSPHRASE_FILE=secret)
    tap.equal(terminal.end(), 9, "a file answers without a question")
    tap.ok("passphrase of" not in terminal.text, "and nothing is asked", terminal.text)


def foreground(instance):
    small = ("exec", "--environment", "development", "--resources-affected", "1", "--cost-usd", "0",
             "--reversible", "--confidence", "0.9", "--")
    run = (hp.HOLDPOINT, "--home", instance.home, "--as", "demo-agent-supervised", *small)

    script = os.path.join(instance.dir, "reader")
    with open(script, "w") as file:
        file.write("#!/bin/sh\necho asking\nread answer </dev/tty\necho \"got $answer\"\nexit 4\n")
    os.chmod(script, 0o755)
    terminal = Terminal(*run, script)
    terminal.until("asking")
    terminal.type("yes\n")
    tap.ok(terminal.until("got yes"), "a command may read the terminal", terminal.text)
    tap.equal(terminal.end(), 4, "and ends with its code")

    terminal = Terminal("/bin/sh", "-c", 'printf "" | "$@" | cat; echo over', "sh", *run, script)
    terminal.until("asking")
    terminal.type("yes\n")
    tap.ok(terminal.until("got yes"), "in a pipeline too, once it asks", terminal.text)
    tap.equal(terminal.end(), 0, "and the terminal comes back")
    tap.ok("over" in terminal.text, "to who came before", terminal.text)

    terminal = Terminal(*run, "/bin/sleep", "60")
    waited = time.monotonic()
    agent = hp.Client(instance, "demo-agent-supervised")
    while agent.call(type="list", limit=1)["items"][0]["state"] != "executing":
        if time.monotonic() - waited > PATIENCE_S:
            break
    agent.close()
    while os.tcgetpgrp(terminal.fd) == terminal.pid and time.monotonic() - waited < PATIENCE_S:
        pass                                # it has not begun
    terminal.type("\x03")
    tap.equal(terminal.end(), 128 + signal.SIGINT, "^C is the command's")

    # A shell with job control: ^Z stops both, fg lets both go on.
    terminal = Terminal("/bin/bash", "--norc", "-i", PS1="$ ", HISTFILE="")
    terminal.until("$ ")
    terminal.type(" ".join(run) + " " + script + "\n")
    terminal.until("asking\n")
    terminal.type("\x1a")
    tap.ok(terminal.until("Stopped"), "^Z stops it as a job of the shell", terminal.text)
    terminal.type("fg\n")
    terminal.type("again\n")
    tap.ok(terminal.until("got again"), "and fg lets it go on", terminal.text)
    terminal.type("exit $?\n")
    tap.equal(terminal.end(), 4, "with its code")


with hp.Instance() as trial:
    confirm(trial)
    colour(trial)
    passphrases(trial)
    foreground(trial)
tap.done()
