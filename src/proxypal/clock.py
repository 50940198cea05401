"""The only module that reads the clock and the machine's time zone."""

import time
from collections.abc import Callable

from proxypal.errors import WrongUsage
from proxypal.records.labels import Offset, zone_offset

Clock = Callable[[], int]
"""Returns Unix milliseconds."""


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def machine_offset(moment_s: int) -> int:
    """The machine's own zone at a Unix second (`TZ`, /etc/localtime, or the system setting)."""
    return time.localtime(moment_s).tm_gmtoff


def offset_of(zone: str | None) -> Offset:
    """The offset function of an IANA zone name, or of the machine for None.

    Raises:
        WrongUsage: no such zone.
    """
    if zone is None:
        return machine_offset
    import zoneinfo  # noqa: PLC0415 - a third of the start-up time of `stats --json`

    try:
        return zone_offset(zoneinfo.ZoneInfo(zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WrongUsage(
            f"There is no time zone {zone!r}; use an IANA name such as Europe/Paris."
        ) from error


def local_stamp(timestamp_ms: int) -> str:
    """`YYYY-MM-DD_HH-MM-SS` on the machine's wall clock, as the seed names its exports."""
    return time.strftime("%Y-%m-%d_%H-%M-%S", time.localtime(timestamp_ms / 1000))


def iso_utc(timestamp_ms: int) -> str:
    """ISO 8601 in UTC, to the millisecond, usable in a file name (`20261124T162757.123Z`)."""
    seconds, millis = divmod(timestamp_ms, 1000)
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds)) + f".{millis:03d}Z"
