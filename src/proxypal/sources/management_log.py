"""The proxy's log over HTTP: `GET /v0/management/logs` (handlers/management/logs.go).

`limit` gives the newest lines of all its files together (since v6.5.15; before, all of
them), a
`cursor` what follows an earlier answer, exactly (since v7.2.6). `after=SECOND` is not used: it
leaves out what is written later in that second, is blind for an hour when clocks go back, and any
stranger can have a line of the year 2099 written, after which it would tell nothing any more.
Must not enter: what lines mean, and where reading goes on.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from proxypal.errors import QueueUnreachable
from proxypal.records.labels import Offset
from proxypal.sources.management_api import TIMEOUT_S, ManagementApi
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import QueueAddress

WHAT = "Log"
_PATHS = ("/v0/management/logs", "/v8/management/observability/logs")
_STAMP = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_FURTHEST_S = 15 * 3600
_QUARTER_S = 900


class Page(NamedTuple):
    """Whole lines of the log, in order.

    `cursor` is behind them, or a little further after `tail`: lines may have been written
    meanwhile. "" where the proxy has none; then the last line may be cut off. `is_reset`: the
    cursor led nowhere and these are the newest lines. `newest_s` is the newest time in them, in
    the proxy's own zone.
    """

    lines: list[str]
    cursor: str
    is_reset: bool
    newest_s: int

    @property
    def data(self) -> bytes:
        """The lines as the file has them."""
        text = "".join([line.lstrip("\0") + "\n" for line in self.lines])
        return text.encode("utf-8", "replace")

    def offset(self, mark: str, now_s: int) -> Offset | None:
        """The zone the log is written in, by the line of a question with `mark`, asked just now.

        Without that line by what the proxy says of the newest one, as a Unix second and as a clock
        on its wall; but that line may be a stranger's, of any time.
        """
        stamps = [(line, found[1]) for line in self.lines if (found := _STAMP.match(line))]
        ours = [stamp for line, stamp in stamps if mark in line]
        if ours:
            wall_s = _wall_s(ours[-1])
            return None if wall_s is None else _zone(round((wall_s - now_s) / _QUARTER_S))
        walls = [wall_s for _, stamp in stamps if (wall_s := _wall_s(stamp)) is not None]
        if not walls or not 0 < self.newest_s < now_s + _FURTHEST_S:
            return None
        quarters, rest_s = divmod(max(walls) - self.newest_s, _QUARTER_S)
        return None if rest_s else _zone(quarters)


def _zone(quarters: int) -> Offset | None:
    """The zone so many quarters of an hour ahead of UTC, None if there is none."""
    ahead_s = quarters * _QUARTER_S
    return None if abs(ahead_s) > _FURTHEST_S else lambda _: ahead_s


class _Answer(msgspec.Struct, rename="kebab"):
    lines: list[str]
    next_cursor: str = ""
    cursor_reset: bool = False
    latest_timestamp: int = 0


class ManagementLog:
    """Asks for the log.

    Every method raises:
        QueueRefused, QueueBanned: the key is not accepted.
        QueueUnreachable: no connection, no such endpoint, or the proxy writes no log.
    """

    def __init__(
        self, address: QueueAddress, key: ManagementKey, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._api = ManagementApi(address, key, timeout_s, WHAT)
        self._path: str | None = None

    def tail(self, limit: int, mark: str = "") -> Page:
        """The newest lines. The proxy logs the question, with `mark` in it."""
        return self._ask({"limit": limit, **({"mark": mark} if mark else {})})

    def follow(self, cursor: str, limit: int) -> Page:
        """What follows, the oldest first."""
        return self._ask({"limit": limit, "cursor": cursor})

    def _ask(self, query: dict[str, str | int]) -> Page:
        body = self._get(urlencode(query))
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except msgspec.DecodeError as error:
            raise self._api.misunderstood("its answer holds no lines of a log") from error
        return Page(answer.lines, answer.next_cursor, answer.cursor_reset, answer.latest_timestamp)

    def _get(self, query: str) -> bytes:
        missing = self._api.misunderstood("there is none")
        for path in [self._path] if self._path else _PATHS:
            try:
                body = self._api.get(f"{path}?{query}")
            except QueueUnreachable as error:
                if "404" not in error.reason:
                    raise self._explained(error) from error
                missing = error
            else:
                self._path = path
                return body
        raise missing

    def _explained(self, error: QueueUnreachable) -> QueueUnreachable:
        if "logging to file disabled" in error.reason:
            return self._api.misunderstood("the proxy writes none; set `logging-to-file: true`")
        return error


def _wall_s(stamp: str) -> int | None:
    """A wall time as if it were UTC."""
    try:
        return int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
