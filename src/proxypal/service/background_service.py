"""ProxyPal in the background: what the system's service manager is given, and what it is told.

Only a reader that runs all the time loses nothing of a usage queue that forgets after a minute.
A plan only looks, and shows everything before it is done. Secrets come by the path of their file:
a unit can be read by others, and its command line by everybody. Must not enter: doing it.
"""

import plistlib
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from proxypal.errors import ServiceTrouble, WrongUsage

UNIT = "proxypal.service"
LABEL = "proxypal.serve"
DESCRIPTION = "ProxyPal: records what passes the LLM proxy"

RESTART_AFTER_S = 10
_WRONG_USAGE = 2
"""The exit code of options that cannot mean anything: starting again mends nothing."""
_PRIVATE_UMASK = 0o077

Kind = Literal["systemd", "launchd"]
Words = Sequence[str]


class Machine(NamedTuple):
    """Where we run: `platform` is `sys.platform`, `user` the numeric id of the user."""

    platform: str
    home: Path
    environment: Mapping[str, str]
    user: int


class Plan(NamedTuple):
    """Everything an installation writes and runs. `start` is run where `path` held it already."""

    kind: Kind
    path: Path
    content: str
    prepare: Sequence[Words]
    start: Words
    restart: Sequence[Words]
    remove: Sequence[Words]
    ask: Words
    advice: str


def serve_command(python: str, arguments: Sequence[str]) -> list[str]:
    """The command that runs in the background. `-P`: nothing in the current folder is imported."""
    return [python, "-P", "-m", "proxypal", "serve", "--no-browser", *arguments]


def systemd_unit(command: Sequence[str]) -> str:
    """A user unit that runs `command`, and again when it fails."""
    words = [_checked(word) for word in command]
    if any("$" in word for word in words):
        # The colon switches variables off: those of a path are no variables.
        words[0] = ":" + words[0]
    return f"""\
[Unit]
Description={DESCRIPTION}
StartLimitIntervalSec=0

[Service]
ExecStart={" ".join(_systemd_word(word) for word in words)}
Restart=on-failure
RestartSec={RESTART_AFTER_S}
RestartPreventExitStatus={_WRONG_USAGE}
UMask={_PRIVATE_UMASK:04o}
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


def launchd_agent(command: Sequence[str], log: Path) -> str:
    """A launchd agent that runs `command`, and again when it fails; what it says goes to `log`."""
    agent = {
        "Label": LABEL,
        "ProgramArguments": [_checked(word) for word in command],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": RESTART_AFTER_S,
        "ProcessType": "Background",
        "Umask": _PRIVATE_UMASK,
        "StandardErrorPath": str(log),
        "StandardOutPath": "/dev/null",
    }
    return plistlib.dumps(agent).decode()


def plan(command: Sequence[str], data_directory: Path, machine: Machine) -> Plan:
    """What is to be done on this machine to run `command` in the background.

    Raises:
        ServiceTrouble: there is no service manager we know; the message says what to do instead.
        WrongUsage: an argument holds a line break.
    """
    has = {name: shutil.which(name, path=machine.environment.get("PATH")) for name in _MANAGERS}
    if machine.platform.startswith("linux") and has["systemctl"]:
        return _systemd_plan(command, machine)
    if machine.platform == "darwin" and has["launchctl"]:
        return _launchd_plan(command, data_directory, machine)
    raise ServiceTrouble(_by_hand(command, machine.platform))


_MANAGERS = ("systemctl", "launchctl")


def _systemd_plan(command: Sequence[str], machine: Machine) -> Plan:
    configured = Path(machine.environment.get("XDG_CONFIG_HOME", ""))
    base = configured if configured.is_absolute() else machine.home / ".config"
    systemctl = ("systemctl", "--user")
    reload = (*systemctl, "daemon-reload")
    return Plan(
        kind="systemd",
        path=base / "systemd" / "user" / UNIT,
        content=systemd_unit(command),
        prepare=[reload, (*systemctl, "enable", UNIT)],
        start=(*systemctl, "start", UNIT),
        restart=[(*systemctl, "restart", UNIT)],
        remove=[(*systemctl, "disable", "--now", UNIT)],
        ask=(*systemctl, "is-active", UNIT),
        advice=(
            "It runs while you are logged in. `loginctl enable-linger` lets it run from boot on "
            f"and after you log out. What it says: `journalctl --user -u {UNIT}`."
        ),
    )


def _launchd_plan(command: Sequence[str], data_directory: Path, machine: Machine) -> Plan:
    path = machine.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    log = data_directory / "serve.log"
    domain = f"gui/{machine.user}"
    return Plan(
        kind="launchd",
        path=path,
        content=launchd_agent(command, log),
        prepare=[("launchctl", "enable", f"{domain}/{LABEL}")],
        start=("launchctl", "kickstart", f"{domain}/{LABEL}"),
        restart=[
            ("launchctl", "bootout", f"{domain}/{LABEL}"),
            ("launchctl", "bootstrap", domain, str(path)),
        ],
        remove=[("launchctl", "bootout", f"{domain}/{LABEL}")],
        ask=("launchctl", "print", f"{domain}/{LABEL}"),
        advice=f"It runs while you are logged in. What it says is in {log}.",
    )


def _by_hand(command: Sequence[str], platform: str) -> str:
    if platform == "win32":
        line = subprocess.list2cmdline(command)
        create = ["schtasks", "/Create", "/SC", "ONLOGON", "/TN", "proxypal", "/TR", line]
        return (
            "Windows has no service manager for programs of a user. Let the Task Scheduler start "
            f"it when you log in:\n  {subprocess.list2cmdline(create)}"
        )
    return (
        "There is neither systemd (systemctl) nor launchd (launchctl) here. Let what starts "
        f"programs on this machine run this, and again when it ends:\n  {shlex.join(command)}"
    )


def _checked(word: str) -> str:
    if any(char in word for char in "\n\r\0"):
        raise WrongUsage(f"{word!r} holds a line break, which no service file can say.")
    return word


def _systemd_word(word: str) -> str:
    """A word as systemd.syntax(7) and systemd.unit(5) want it: no escapes, no specifiers left."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    is_plain = word and all(char.isalnum() or char in "-_./:=@+,%" for char in word)
    return escaped if is_plain else f'"{escaped}"'
