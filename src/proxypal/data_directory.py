"""Where the data lives. A pure rule over environment and platform, and its thin wrappers.

Must not enter: creating, reading or writing anything in the directory.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

HISTORY_FILE = "history.json"
AGGREGATE_FILE = "aggregate.json"

_NAME = "proxypal"


def choose_data_directory(
    option: Path | None, environment: Mapping[str, str], platform: str, home: Path
) -> Path:
    r"""The data directory: `option`, else `PROXYPAL_HOME`, else the platform's place for it.

    Linux and macOS: `$XDG_CONFIG_HOME/proxypal`, else `~/.config/proxypal`. Windows:
    `%APPDATA%\proxypal`. `platform` is `sys.platform`. An empty variable counts as unset, and
    so does a relative `XDG_CONFIG_HOME` (XDG Base Directory Specification: "invalid").
    """
    named = str(option) if option is not None else environment.get("PROXYPAL_HOME", "")
    if named:
        return _in_home(named, home)
    if platform == "win32":
        roaming = environment.get("APPDATA", "")
        return (Path(roaming) if roaming else home / "AppData" / "Roaming") / _NAME
    configured = Path(environment.get("XDG_CONFIG_HOME", ""))
    return (configured if configured.is_absolute() else home / ".config") / _NAME


def _in_home(named: str, home: Path) -> Path:
    # A shell leaves the ~ of --data-dir=~/x alone, and so does a service file.
    if named == "~":
        return home
    return home / named[2:] if named.startswith("~/") else Path(named)


def data_directory(option: Path | None = None) -> Path:
    """The data directory of this process, absolute. `option` is what the user named, if anything.

    Raises:
        RuntimeError: the machine does not say where the user's home is.
    """
    return choose_data_directory(option, os.environ, sys.platform, Path.home()).absolute()


def choose_original_directory(
    environment: Mapping[str, str], platform: str, home: Path
) -> Path | None:
    """Where the original app kept its files on macOS, if no other place was named.

    It used the platform's own configuration folder there, unlike the documentation.
    """
    if platform != "darwin" or environment.get("PROXYPAL_HOME"):
        return None
    return home / "Library" / "Application Support" / _NAME


def original_directory() -> Path | None:
    """The original app's directory on this machine, whether or not it exists."""
    return choose_original_directory(os.environ, sys.platform, Path.home())


def get_history_path() -> Path:
    """Where `history.json`, the most recent requests, is published."""
    return data_directory() / HISTORY_FILE


def get_aggregate_path() -> Path:
    """Where `aggregate.json`, the all-time analytics, is published."""
    return data_directory() / AGGREGATE_FILE
