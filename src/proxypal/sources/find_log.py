"""Where the proxy's log may lie on this machine (CLIProxyAPI internal/logging/global_logger.go).

CLIProxyAPI writes to `$WRITABLE_PATH/logs`, else to `./logs` of its working directory if that
exists, else to `logs` in its `auth-dir` (`~/.cli-proxy-api`); ProxyPal starts it with its own
config directory as WRITABLE_PATH. Must not enter: reading requests.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import LogNotFound, UnreadableInput
from proxypal.sources.cliproxy_config import auth_directory, read_config
from proxypal.sources.log_files import LIVE_NAME, LogSet, OpenLog

_SNIFFED_BYTES = 64 << 10
_ENTRY = re.compile(rb"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[", re.MULTILINE)


class Surroundings(NamedTuple):
    """What decides where a log may be. `platform` is `sys.platform`."""

    environment: Mapping[str, str]
    home: Path
    working_directory: Path
    platform: str


def surroundings() -> Surroundings:
    """Those of this process."""
    return Surroundings(os.environ, Path.home(), Path.cwd(), sys.platform)


def config_places(around: Surroundings) -> list[Path]:
    """Where CLIProxyAPI's config file may be, the most likely first."""
    return [
        around.working_directory / "config.yaml",
        around.home / ".cli-proxy-api" / "config.yaml",
        around.home / ".config" / "cli-proxy-api" / "config.yaml",
        _proxypal_directory(around) / "proxy-config.yaml",
        Path("/CLIProxyAPI/config.yaml"),
    ]


def log_places(around: Surroundings, auth_directories: Iterable[Path] = ()) -> list[Path]:
    """Where the log may be, the most likely first; each place once."""
    writable = around.environment.get("WRITABLE_PATH") or around.environment.get("writable_path")
    directories = [
        *([Path(writable)] if writable else []),
        around.working_directory,
        *auth_directories,
        around.home / ".cli-proxy-api",
        _proxypal_directory(around),
        Path("/CLIProxyAPI"),
        Path("/root/.cli-proxy-api"),
    ]
    places = [directory / "logs" / LIVE_NAME for directory in directories]
    return list(dict.fromkeys(places))


def find_logs(paths: Sequence[Path] = (), around: Surroundings | None = None) -> list[LogSet]:
    """The logs to read: those named, there yet or not; else every one there is.

    A file in one of the usual places counts only if it looks like the proxy's log: others call
    theirs `main.log` as well.

    Raises:
        LogNotFound: none was named and there is none.
        UnreadableInput: what was named is not a log but a request dump.
    """
    if paths:
        return [LogSet(path) for path in paths]
    around = around or surroundings()
    places = log_places(around, _auth_directories(around))
    found: dict[str, LogSet] = {}
    for place in places:
        logs = LogSet(place)
        if logs.source not in found and looks_like_the_log(logs):
            found[logs.source] = logs
    if not found:
        raise LogNotFound(places)
    return list(found.values())


def looks_like_the_log(logs: LogSet) -> bool:
    """Whether one of the files begins like the proxy's log; an empty `main.log` will do too."""
    for path in (logs.path, *(file.path for file in reversed(logs.rotated()))):
        try:
            with OpenLog(path) as log:
                head = log.read_at(0, _SNIFFED_BYTES)
                is_empty = not head and log.damage is None
        except OSError:
            continue
        if is_empty or _ENTRY.search(head):
            return True
    return False


def _auth_directories(around: Surroundings) -> list[Path]:
    found: list[Path] = []
    for place in config_places(around):
        try:
            named = auth_directory(read_config(place))
        except UnreadableInput:
            continue
        if named:
            tail = named[1:].lstrip("/\\")
            found.append(around.home / tail if named.startswith("~") else place.parent / named)
    return found


def _proxypal_directory(around: Surroundings) -> Path:
    """The config directory of the ProxyPal application (Rust's `dirs::config_dir`)."""
    if around.platform == "darwin":
        return around.home / "Library" / "Application Support" / "proxypal"
    if around.platform == "win32":
        roaming = around.environment.get("APPDATA")
        return (Path(roaming) if roaming else around.home / "AppData" / "Roaming") / "proxypal"
    configured = around.environment.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else around.home / ".config") / "proxypal"
