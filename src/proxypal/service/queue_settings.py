"""What a reader of a usage queue needs to know, and whether there is a queue to read at all.

Must not enter: connecting.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import UnreadableInput, WrongUsage
from proxypal.service.login_memory import LoginMemory
from proxypal.service.proxy_setup import find_proxy
from proxypal.service.queue_holding import Bound
from proxypal.service.queue_recording import Price, ReadPayload
from proxypal.sources.management_key import KeySource
from proxypal.sources.queue_address import QueueAddress, parse_address

ADDRESS_VARIABLE = "PROXYPAL_CLIPROXY"

HOW_TO_SWITCH_ON = (
    "The usage queue is not read, so tokens and cost stay unknown: name the proxy with "
    "`--cliproxy http://127.0.0.1:8317` and give its management key in a file "
    "(`--management-key-file FILE`) or in PROXYPAL_MANAGEMENT_KEY. "
    "`proxypal setup cliproxy` checks the proxy's side."
)


class Pace(NamedTuple):
    """How often what is done, in seconds.

    A poll over HTTP writes a line into the proxy's log, so it comes rarely.
    """

    first_retry_s: float = 0.5
    last_retry_s: float = 30.0
    renew_every_s: float = 15.0
    look_for_records_s: float = 30.0
    ask_statistics_s: float = 300.0
    poll_resp_s: float = 1.0
    poll_http_s: float = 5.0
    look_at_key_s: float = 1.0


class QueueSettings(NamedTuple):
    """One usage queue. `retention_ms`: how long its proxy keeps records, 60 s unless configured.

    `logins` is shared with whoever else logs in at this proxy.
    """

    address: QueueAddress
    keys: KeySource
    read: ReadPayload
    price: Price
    retention_ms: int = 60_000
    pace: Pace = Pace()
    bound: Bound = Bound()
    logins: LoginMemory | None = None


class QueueChoice(NamedTuple):
    """Where a queue is, and the key to it."""

    address: QueueAddress
    keys: KeySource
    retention_ms: int


def choose_queue(
    url: str | None, key_file: Path | None, environment: Mapping[str, str]
) -> QueueChoice | str:
    """The queue to read, or the sentence why none is.

    One that is named, by argument or PROXYPAL_CLIPROXY, is wanted; else that of the proxy whose
    config is found on this machine, if there is a key to it.

    Raises:
        WrongUsage: what is named is no address, or there is no key for it.
        UnreadableInput: the key's file cannot be read.
    """
    keys = KeySource(key_file, environment)
    named = url or environment.get(ADDRESS_VARIABLE)
    try:
        found = find_proxy()
    except UnreadableInput:
        found = None
    if not named and not keys.is_given:
        return HOW_TO_SWITCH_ON
    address = parse_address(named) if named else found and found.address
    keys.current()
    if address is None:
        if key_file is None:
            return HOW_TO_SWITCH_ON
        raise WrongUsage(
            "A management key is given, but no config of CLIProxyAPI is found that says where it "
            "listens; name the proxy: --cliproxy http://127.0.0.1:8317."
        )
    is_same = found is not None and found.address.source == address.source
    return QueueChoice(address, keys, found.retention_ms if found and is_same else 60_000)
