"""Each request is told once, although two sources tell of it.

The store revises a request that the usage queue told of when its access line comes; a reader who
sees both would take it for two. Must not enter: counting, which the store does.
"""

from collections import OrderedDict

from proxypal.records.natural_key import request_key
from proxypal.records.request import RequestLog
from proxypal.service.log_following import Report
from proxypal.service.watch_events import Recorded, WatchEvent

_QUEUE = "queue "
_REMEMBERED = 10_000
_TURNS = 32
_SLACK_MS = 2_000
"""The log's times are whole seconds (see `records.joining_rule`)."""


class _Told:
    """The newest requests that a source told of, by id: when each ended and how long it took."""

    def __init__(self) -> None:
        self._spans: OrderedDict[int, list[tuple[int, int]]] = OrderedDict()

    def add(self, request: RequestLog) -> None:
        """Remember a request; the oldest are forgotten."""
        if request.request_id:
            spans = self._spans.setdefault(request_key(request.request_id), [])
            spans.append((request.timestamp, request.duration_ms))
            del spans[:-_TURNS]
            if len(self._spans) > _REMEMBERED:
                self._spans.popitem(last=False)

    def take(self, request: RequestLog, *, is_line: bool) -> bool:
        """Whether it was told of. A line stands for one request, however many turns follow it."""
        if not request.request_id:
            return False
        spans = self._spans.get(request_key(request.request_id), [])
        for span in spans:
            line, record = ((request.timestamp, request.duration_ms), span)
            if not is_line:
                line, record = record, line
            if line[0] - line[1] - _SLACK_MS <= record[0] <= line[0] + _SLACK_MS:
                if not is_line:
                    spans.remove(span)
                return True
        return False


class TellingOnce:
    """Passes events on, without the requests that the other source was told of before.

    Which source tells first is chance: the store commits in one order, and threads tell in theirs.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._records = _Told()
        self._lines = _Told()

    def tell(self, event: WatchEvent) -> None:
        """Pass an event on, or what is new in it."""
        if isinstance(event, Recorded):
            is_line = not event.log.startswith(_QUEUE)
            own, other = self._records, self._lines
            if is_line:
                own, other = other, own
            new = [one for one in event.requests if not other.take(one, is_line=is_line)]
            for request in new:
                own.add(request)
            if len(new) < len(event.requests):
                event = event._replace(requests=new)
                if not new:
                    return
        self._report(event)
