"""Whether CLIProxyAPI is set up so that everything can be recorded. Reads its config, no more."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import UnreadableInput
from proxypal.sources.cliproxy_config import (
    ConfigAdvice,
    check_config,
    listening_at,
    queue_retention_s,
    read_config,
)
from proxypal.sources.find_log import config_places, surroundings
from proxypal.sources.management_key import KEY_VARIABLES
from proxypal.sources.queue_address import QueueAddress


class ExaminedConfig(NamedTuple):
    """A config file and what to change in it; nothing if it is right.

    `url` is where the proxy listens; `has_key` whether the environment gives us its management
    key, without which its usage queue cannot be read.
    """

    path: Path
    advice: Sequence[ConfigAdvice]
    url: str = ""
    has_key: bool = False


class FoundProxy(NamedTuple):
    """The proxy of this machine, by its config: where it listens and how long it keeps records."""

    address: QueueAddress
    retention_ms: int


def examine_proxy_config(path: Path | None = None) -> ExaminedConfig:
    """Check the config at `path`, or the one found in the usual places.

    Raises:
        UnreadableInput: it cannot be read, or there is none.
    """
    if path is None:
        path = _find()
    has_password = bool(os.environ.get("MANAGEMENT_PASSWORD"))
    config = read_config(path)
    return ExaminedConfig(
        path,
        check_config(config, has_password=has_password),
        QueueAddress(*listening_at(config)).url,
        any(map(os.environ.get, KEY_VARIABLES)),
    )


def find_proxy() -> FoundProxy:
    """The proxy whose config is in one of the usual places.

    Raises:
        UnreadableInput: there is none, or it cannot be read.
    """
    config = read_config(_find())
    return FoundProxy(QueueAddress(*listening_at(config)), queue_retention_s(config) * 1000)


def _find() -> Path:
    places = config_places(surroundings())
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise UnreadableInput(
        "CLIProxyAPI's config", f"there is none at {looked}; name it after `setup cliproxy`"
    )
