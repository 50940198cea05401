"""The real program in a process of its own, as a shell would start it."""

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

Process = subprocess.Popen[bytes]

PROGRAM = [sys.executable, "-m", "proxypal"]

_SETPRIV = shutil.which("setpriv")
_UNPRIVILEGED = "-dac_override,-dac_read_search"

KNOWS_PERMISSIONS = os.geteuid() != 0 or _SETPRIV is not None
"""Whether a run can be made to heed permissions; root alone may write anywhere."""


class Ended(msgspec.Struct):
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed, decoded."""
        return msgspec.json.decode(self.out)

    def json_lines(self) -> list[Any]:
        """What it printed, a value per line."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


def environment(home: Path, **more: str) -> dict[str, str]:
    """The caller's environment with a home of its own, without what would colour or widen."""
    unwanted = {"PROXYPAL_HOME", "XDG_CONFIG_HOME", "NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "HOME": str(home), "PROXYPAL_HOME": str(home / "data"), **more}


def as_a_user() -> list[str]:
    """What to put before a command so that permissions bind it, also when root runs the tests."""
    if os.geteuid() != 0 or _SETPRIV is None:
        return []
    return [_SETPRIV, f"--bounding-set={_UNPRIVILEGED}", f"--inh-caps={_UNPRIVILEGED}"]


def proxypal(home: Path, *arguments: str, stdin: str | bytes = b"", **more: str) -> Ended:
    """Run `proxypal ARGUMENTS` to its end. `more` are further environment variables."""
    run = subprocess.run(
        [*as_a_user(), *PROGRAM, *arguments],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env=environment(home, **more),
        cwd=home,
        timeout=60,
        check=False,
    )
    return Ended(run.returncode, run.stdout.decode(), run.stderr.decode())


def answering(home: Path, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run it at a terminal where this is typed; its exit code and what it said."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
    ) as process:
        os.close(follower)
        os.write(leader, answer)
        _, told = process.communicate(timeout=30)
    os.close(leader)
    return process.returncode, told.decode()


def start(home: Path, *arguments: str, **more: str) -> Process:
    """Start `proxypal ARGUMENTS` with pipes to and from it."""
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, **more),
        cwd=home,
    )


def run_together(code: str, arguments: Sequence[Sequence[str]]) -> None:
    """Run a Python program once for each list of arguments, all at once, to a good end.

    The program waits for a line on its standard input, so that all of them begin together.
    """
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, *given], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for given in arguments
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in started:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()
