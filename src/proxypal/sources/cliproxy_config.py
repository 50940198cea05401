"""CLIProxyAPI's config file: which of its switches decide what can be recorded. Changes nothing.

Must not enter: secrets. Whether the management key is set is all that is ever said of it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import UnreadableInput
from proxypal.records.request import shorten

_MAX_BYTES = 4 << 20
_TRUE = frozenset({"true", "yes", "on", "y"})
_NOT_SET = "not set"
_RETENTION_S = 3600
_USUAL_RETENTION_S = 60
_PORT = 8317

_WHY_LOG = (
    "without it the proxy writes to its terminal only and there is no log to read "
    "(off by default since v6.2.1)"
)
_WHY_DEBUG = "the log names a request's model in its debug lines; without them most are unknown"
_WHY_USAGE = (
    "without it the proxy makes no usage records, and tokens and cost come from these alone "
    "(off by default since v6.2.1)"
)
_WHY_KEY = (
    "the usage queue opens only where a management key exists; give proxypal the same one, in a "
    "file (--management-key-file) or in PROXYPAL_MANAGEMENT_KEY, and keep it: the proxy replaces "
    "it in its config by a hash"
)
_WHY_RETENTION = (
    "usage records that nobody collects are thrown away after this many seconds (60 by default); "
    "3600 is the longest there is and bridges an hour without proxypal (v6.10.1 and later)"
)


class ConfigAdvice(NamedTuple):
    """A key to change: its full name, what stands there, what should, and what for."""

    key: str
    current: str
    wanted: str
    why: str


def read_config(path: Path) -> Mapping[str, object]:
    """The keys and values of a config file; every value is text, a mapping or a list.

    Raises:
        UnreadableInput: no such file, not readable, or not YAML with keys and values.
    """
    try:
        with path.open("rb") as file:
            body = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableInput(path, error.strerror or str(error)) from error
    tree = parse_config(body)
    if isinstance(tree, str):
        raise UnreadableInput(path, tree)
    return tree


def parse_config(body: bytes) -> Mapping[str, object] | str:
    """The keys and values of a config, or in a few words why there are none."""
    # Only `setup cliproxy` and looking for a log need it; PyYAML comes without types.
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - both: see above

    if len(body) > _MAX_BYTES:
        return f"it is longer than {_MAX_BYTES >> 20} MiB"
    try:
        # The base loader makes text of every value: no tag of a file can make it do anything.
        tree = yaml.load(body, Loader=yaml.BaseLoader)  # noqa: S506 - see above
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}" if mark is not None else ""
        return f"it is not YAML: {error.problem or error.context}{place}"
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return f"it is not YAML: {str(error).partition(chr(10))[0] or 'nested too deeply'}"
    if tree is None or tree == "":
        return {}
    if not isinstance(tree, dict):
        return f"it holds a {'list' if isinstance(tree, list) else 'single value'}, no keys"
    return {str(key): value for key, value in tree.items()}


def check_config(tree: object, *, has_password: bool = False) -> list[ConfigAdvice]:
    """What to change so that everything can be recorded; an empty list if nothing.

    `has_password`: the variable MANAGEMENT_PASSWORD gives the proxy a management key. Knows the
    flat names and those of v8 (`observability.logs.logging-to-file`), which take precedence.
    """
    config = tree if isinstance(tree, Mapping) else {}
    advice = [
        _switch(config, "logging-to-file", _WHY_LOG),
        _switch(config, "debug", _WHY_DEBUG),
        _switch(config, "usage-statistics-enabled", _WHY_USAGE),
        None if has_password else _secret(config),
        _retention(config),
    ]
    return [one for one in advice if one is not None]


def auth_directory(tree: object) -> str | None:
    """The `auth-dir` of a config, as it is written there."""
    found = tree.get("auth-dir") if isinstance(tree, Mapping) else None
    return found if isinstance(found, str) and found else None


def listening_at(tree: object) -> tuple[str, int, bool]:
    """Host, port and TLS of the proxy, as seen from its own machine."""
    config = tree if isinstance(tree, Mapping) else {}
    host, port, tls = config.get("host"), str(config.get("port")), config.get("tls")
    is_tls = isinstance(tls, Mapping) and str(tls.get("enable")).lower() in _TRUE
    is_everywhere = not isinstance(host, str) or host in {"", "0.0.0.0", "::", "localhost"}  # noqa: S104 - compared only
    is_number = port.isascii() and port.isdecimal() and len(port) <= 5
    return (
        "127.0.0.1" if is_everywhere else str(host).strip("[]"),
        int(port) if is_number and 0 < int(port) < 65_536 else _PORT,
        is_tls,
    )


def queue_retention_s(tree: object) -> int:
    """How long the proxy keeps usage records: 60 s unless it is set, an hour at most."""
    config = tree if isinstance(tree, Mapping) else {}
    text = str(_find(config, "redis-usage-queue-retention-seconds")[1])
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return min(int(text), _RETENTION_S) if is_number and int(text) else _USUAL_RETENTION_S


def _switch(config: Mapping[str, object], name: str, why: str) -> ConfigAdvice | None:
    key, value = _find(config, name)
    if value is True or str(value).lower() in _TRUE:
        return None
    return ConfigAdvice(key, _shown(value), "true", why)


def _retention(config: Mapping[str, object]) -> ConfigAdvice | None:
    key, value = _find(config, "redis-usage-queue-retention-seconds")
    text = str(value)
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) >= _RETENTION_S:
        return None
    return ConfigAdvice(key, _shown(value), str(_RETENTION_S), _WHY_RETENTION)


def _secret(config: Mapping[str, object]) -> ConfigAdvice | None:
    for name, value in config.items():
        if "management" in str(name) and isinstance(value, Mapping) and value.get("secret-key"):
            return None
    return ConfigAdvice(
        "remote-management.secret-key", _NOT_SET, "a password of your choice", _WHY_KEY
    )


_V8_HOMES = {"logging-to-file": ("logs",), "debug": ("logs",)}


def _find(config: Mapping[str, object], name: str) -> tuple[str, object]:
    """The key by its full name, and its value; None where it is not set."""
    observability = config.get("observability")
    if isinstance(observability, Mapping):
        for path, value in _leaves(observability, ("observability",), 4):
            if path[-1] == name:
                return ".".join(path), value
        if name not in config and name in _V8_HOMES:
            return ".".join(("observability", *_V8_HOMES[name], name)), None
    return name, config.get(name)


def _leaves(
    tree: Mapping[object, object], path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], object]]:
    for key, value in tree.items():
        here = (*path, str(key))
        if isinstance(value, Mapping) and depth:
            yield from _leaves(value, here, depth - 1)
        else:
            yield here, value


def _shown(value: object) -> str:
    if value is None or value == "":
        return _NOT_SET
    if isinstance(value, Mapping | list):
        return "not a single value"
    text = str(value)
    return shorten(text.lower() if isinstance(value, bool) else text, 40)
