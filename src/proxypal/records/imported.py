"""What an old file or export comes to, ready to be added to a store. Values only."""

from typing import Any

import msgspec

from proxypal.records.counters import Counters
from proxypal.records.request import RequestLog


class ImportedFacts(msgspec.Struct, kw_only=True):
    """Facts of an old file or export, ready to add (see `records.legacy`).

    `requests` enter history if they are recent enough; they add nothing by themselves. `sums`
    are what the totals grow by: scope (`total`, `day`, `hour`, `model`, `provider`, `undated`)
    and label to counters, already consistent: days + undated = models = providers = total.
    `created_at_ms` moves "tracked since" back if it is earlier. `watermark_ms`: log lines up to
    here were counted by the old files.
    """

    requests: list[RequestLog]
    sums: dict[tuple[str, str], Counters]
    created_at_ms: int | None = None
    watermark_ms: int | None = None
    history_extras: dict[str, Any] = {}
    aggregate_extras: dict[str, Any] = {}
    notes: list[str] = []


class OldData(msgspec.Struct, kw_only=True, frozen=True):
    """What was read of old files: `facts` is None if nothing could be.

    `unreadable` says which file could not be read and why, a sentence each.
    """

    facts: ImportedFacts | None
    unreadable: list[str]
