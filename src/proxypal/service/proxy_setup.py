"""Whether CLIProxyAPI is set up so that everything can be recorded. Reads its config, no more."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import UnreadableInput
from proxypal.sources.cliproxy_config import ConfigAdvice, check_config, read_config
from proxypal.sources.find_log import config_places, surroundings


class ExaminedConfig(NamedTuple):
    """A config file and what to change in it; nothing if it is right."""

    path: Path
    advice: Sequence[ConfigAdvice]


def examine_proxy_config(path: Path | None = None) -> ExaminedConfig:
    """Check the config at `path`, or the one found in the usual places.

    Raises:
        UnreadableInput: it cannot be read, or there is none.
    """
    if path is None:
        path = _find()
    has_password = bool(os.environ.get("MANAGEMENT_PASSWORD"))
    return ExaminedConfig(path, check_config(read_config(path), has_password=has_password))


def _find() -> Path:
    places = config_places(surroundings())
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise UnreadableInput(
        "CLIProxyAPI's config", f"there is none at {looked}; name it after `setup cliproxy`"
    )
