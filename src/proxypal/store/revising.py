"""Changing a request that was counted, by its id. In the caller's transaction.

Must not enter: how totals move (`open_requests.py`), which source knows better than another.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from proxypal.errors import WrongUsage
from proxypal.records.incoming import admit
from proxypal.records.request import RequestLog
from proxypal.store import joining
from proxypal.store.open_requests import Found, OpenRequests
from proxypal.store.recording import Recording
from proxypal.store.state import Change


def revise(
    change: Change, recording: Recording, request_id: str, changes: Mapping[str, Any]
) -> bool:
    """See `RequestStore.revise`."""
    state = change.state
    recording.known.follow(change.connection, state.sequence, state.settings.join_window_requests)
    opened = OpenRequests(change, recording)
    found = _find(opened, recording.known, request_id)
    if found is None:
        return False
    settled = _settled(opened.counted(found), changes, change.now_ms)
    opened.change(found, settled, found.facts.mark)
    if not opened.finish():
        raise WrongUsage("A request cannot be changed so: a total would go beyond 2^53 - 1.")
    return True


def _find(opened: OpenRequests, known: joining.KnownIds, request_id: str) -> Found | None:
    """The newest request with this id."""
    by_id = known.find(joining.hash64(request_id))
    arrival = joining.own_arrival(request_id) if by_id is None else by_id[0]
    found = None if arrival is None else opened.find(arrival)
    if found is not None and by_id is None and found.facts.id_hash:
        return None  # one that came with an id of its own is not meant by the store's
    return found


def _settled(old: RequestLog, changes: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    """The changes as they were admitted.

    Raises:
        WrongUsage: no such field, or a value that cannot be counted.
    """
    if "id" in changes:
        raise WrongUsage("A request cannot be changed so: its id is what it is known by.")
    try:
        claimed = msgspec.structs.replace(old, **changes)
    except TypeError as error:
        raise WrongUsage(f"A request cannot be changed so: {error}.") from error
    admitted = admit(claimed, now_ms)
    if isinstance(admitted, str):
        raise WrongUsage(f"A request cannot be changed so: {admitted}.")
    settled = {name: getattr(admitted, name) for name in changes}
    if admitted.timestamp_claimed is not None:
        settled["timestamp_claimed"] = admitted.timestamp_claimed
    return settled
