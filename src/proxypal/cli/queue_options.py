"""Options and wiring of commands that read the usage queue.

The management key is never an argument: everybody on the machine can read those. Must not
enter: reading the queue.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from proxypal import clock
from proxypal.cli.opening import tell_warning
from proxypal.errors import WrongUsage
from proxypal.service.login_memory import LoginMemory
from proxypal.service.queue_settings import QueueSettings, choose_queue
from proxypal.service.remote_following import RemoteLogSettings
from proxypal.store import Store

Decorated = TypeVar("Decorated", bound=Callable[..., object])


def queue_options(command: Decorated) -> Decorated:
    """The options `--cliproxy URL` and `--management-key-file FILE`."""
    with_key = click.option(
        "--management-key-file",
        "key_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Holds the proxy's management key.  [default: $PROXYPAL_MANAGEMENT_KEY]",
    )
    with_url = click.option(
        "--cliproxy",
        "url",
        metavar="URL",
        help="The proxy whose usage queue is read, such as http://127.0.0.1:8317.  "
        "[default: $PROXYPAL_CLIPROXY, else the one whose config is found]",
    )
    return with_url(with_key(command))


remote_log_option = click.option(
    "--remote-log",
    is_flag=True,
    help="Read the log of that proxy over HTTP, where its file is not on this machine.",
)
"""Decorator of commands that can read a log over the proxy's management API."""


def remote_log_settings(
    queue: QueueSettings | str, zone: str | None, *, is_wanted: bool
) -> RemoteLogSettings | None:
    """The log to read over HTTP, from the proxy whose queue is read. `zone`: as the user named it.

    Raises:
        WrongUsage: it is wanted, and no proxy or no key is given; or there is no such zone.
    """
    if not is_wanted:
        return None
    if isinstance(queue, str):
        raise WrongUsage(
            "--remote-log reads the log of the proxy named by --cliproxy URL, with its management "
            "key (--management-key-file FILE or PROXYPAL_MANAGEMENT_KEY)."
        )
    offset = None if zone is None else clock.offset_of(zone)
    return RemoteLogSettings(queue.address, queue.keys, queue.logins or LoginMemory(), offset)


def queue_settings(url: str | None, key_file: Path | None, store: Store) -> QueueSettings | str:
    """The queue to read into `store`, or the sentence why none is.

    Raises:
        WrongUsage: the address is none, or there is no key for it.
        UnreadableInput: the key's file cannot be read.
    """
    choice = choose_queue(url, key_file, os.environ)
    if isinstance(choice, str):
        return choice
    from proxypal.records.queue_payload import read_payload  # noqa: PLC0415 - only with a queue
    from proxypal.service.fingerprint_key import fingerprint_key  # noqa: PLC0415 - the same
    from proxypal.service.pricing import Pricing  # noqa: PLC0415 - the same

    secret = fingerprint_key(store.path)
    if secret.warning:
        tell_warning(secret.warning)
    return QueueSettings(
        choice.address,
        choice.keys,
        partial(read_payload, labels=secret.labels),
        Pricing.of(store, store.path).price_attempts,
        choice.retention_ms,
        logins=LoginMemory(),
    )
