"""Installs, asks about and removes the background service, as planned.

Must not enter: what is written and run (`background_service`).
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import ServiceTrouble
from proxypal.service.background_service import Machine, Plan, Words
from proxypal.sources.management_key import KEY_VARIABLES

_WITHIN_S = 60.0


class Step(NamedTuple):
    """A command that was run, and what came of it."""

    words: Words
    code: int
    said: str


class State(NamedTuple):
    """How the background service is now."""

    is_installed: bool
    is_running: bool
    detail: str


def install(planned: Plan) -> list[Step]:
    """Write the file and start the service; done twice it changes nothing.

    Raises:
        ServiceTrouble: the file cannot be written, or the service manager refuses.
    """
    is_there = _content_of(planned.path) == planned.content
    if not is_there:
        try:
            planned.path.parent.mkdir(parents=True, exist_ok=True)
            planned.path.write_text(planned.content, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise ServiceTrouble(f"Cannot write {planned.path}: {reason}.") from error
    steps = [_must(words, planned) for words in planned.prepare]
    if is_there and _run(planned.ask).code == 0:
        return [*steps, _must(planned.start, planned)]
    *before, last = planned.restart
    # What is to be ended first may not be there.
    steps += [_run(words) for words in before]
    return [*steps, _must(last, planned)]


def remove(planned: Plan) -> bool:
    """Stop the service and take its file away; false if there was none.

    Raises:
        ServiceTrouble: the file cannot be removed.
    """
    if not planned.path.exists():
        return False
    for words in planned.remove:
        _run(words)
    try:
        planned.path.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ServiceTrouble(f"Cannot remove {planned.path}: {reason}.") from error
    if planned.kind == "systemd":
        _run(planned.prepare[0])
    return True


def state(planned: Plan) -> State:
    """Whether it is installed and runs."""
    is_installed = planned.path.exists()
    if not is_installed:
        return State(is_installed=False, is_running=False, detail="not installed")
    asked = _run(planned.ask)
    said = asked.said.splitlines()[0] if asked.said else "no answer"
    if planned.kind == "launchd":
        is_running = asked.code == 0 and "state = running" in asked.said
        said = "running" if is_running else "not running"
    else:
        is_running = asked.code == 0
    return State(is_installed, is_running, said)


def this_machine(environment: Mapping[str, str]) -> Machine:
    """The machine and user of this process."""
    user = os.getuid() if sys.platform != "win32" else 0
    return Machine(sys.platform, Path.home(), environment, user)


def has_key(environment: Mapping[str, str]) -> bool:
    """Whether the management key is given by a variable, which a service would not see."""
    return any(map(environment.get, KEY_VARIABLES))


def _content_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _must(words: Words, planned: Plan) -> Step:
    step = _run(words)
    if step.code:
        raise ServiceTrouble(
            f"{planned.path} is written, but `{shlex.join(words)}` failed: "
            f"{step.said or f'exit code {step.code}'}. Put that right and install again."
        )
    return step


def _run(words: Words) -> Step:
    try:
        ran = subprocess.run(  # noqa: S603 - our own words, no shell
            words, capture_output=True, timeout=_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Step(words, 127, str(error))
    said = (ran.stdout + ran.stderr).decode(errors="replace").strip()
    return Step(words, ran.returncode, said)
