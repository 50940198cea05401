"""`proxypal record`: lines of JSON to durable requests, each answered for.

Every line ends in exactly one of: durable and acknowledged, a duplicate, refused with a reason,
or held (and then acknowledged once the disk is back). Must not enter: where lines come from and
how answers look.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from proxypal.errors import StoreError
from proxypal.records.incoming import read_request_line
from proxypal.records.request import RequestLog
from proxypal.service.arrivals import MAX_LINE_BYTES, Arrivals, Lines
from proxypal.store.protocol import RequestStore

_LOOK_AGAIN_S = 0.25
"""How soon we notice that requests held in memory have been written."""

_Numbered = tuple[int, bytes | None]


class HoldingStore(RequestStore, Protocol):
    """A store that says how many requests it holds in memory."""

    @property
    def held(self) -> int:
        """Requests that are not durable yet."""
        ...


class Answers(Protocol):
    """Whom the recorder tells what became of the lines. Line numbers count from 1."""

    def acknowledge(self, recorded: int, duplicates: int) -> None:
        """So many lines of this run are durable by now; called after each durable batch."""
        ...

    def refuse(self, line: int, reason: str) -> None:
        """A line was not recorded."""
        ...

    def repeat(self, line: int, request_id: str) -> None:
        """A line repeats the id and content of a request of the join window."""
        ...

    def hold(self, held: int) -> None:
        """So many requests wait in memory for the disk."""
        ...


class Tally(msgspec.Struct, kw_only=True):
    """What became of the lines so far.

    `held` requests are not durable; `unsafe_from` is the line from which nothing is certain.
    """

    recorded: int = 0
    duplicates: int = 0
    refused: int = 0
    held: int = 0
    unsafe_from: int | None = None


class Recorder:
    """Records numbered lines, batch by batch."""

    def __init__(
        self,
        store: HoldingStore,
        answers: Answers,
        tally: Tally | None = None,
    ) -> None:
        self.tally = Tally() if tally is None else tally
        self._store = store
        self._answers = answers

    def record(self, lines: Sequence[_Numbered]) -> None:
        """Record what can be recorded of the lines; returns when that is durable or held.

        Raises:
            StoreError: nothing of these lines was kept.
        """
        numbers: list[int] = []
        requests: list[RequestLog] = []
        for number, line in lines:
            if line is None:
                self._refuse(number, f"it is longer than {MAX_LINE_BYTES >> 20} MiB")
            elif line and not line.isspace():
                request = read_request_line(line)
                if isinstance(request, str):
                    self._refuse(number, request)
                else:
                    numbers.append(number)
                    requests.append(request)
        if requests:
            self._commit(numbers, requests)

    def _commit(self, numbers: Sequence[int], requests: Sequence[RequestLog]) -> None:
        try:
            outcome = self._store.record(requests)
        except StoreError:
            self._unsafe(numbers[0])
            raise
        for rejection in outcome.rejected:
            self._refuse(numbers[rejection.index], rejection.reason)
        for index in outcome.duplicates:
            self._answers.repeat(numbers[index], requests[index].id)
        self.tally.recorded += outcome.recorded
        self.tally.duplicates += len(outcome.duplicates)
        if outcome.held:
            self.tally.held += outcome.held
            self._unsafe(numbers[0])
            self._answers.hold(self.tally.held)
        elif not self.let_held_go() and (outcome.recorded or outcome.duplicates):
            self._acknowledge()

    def let_held_go(self) -> bool:
        """Acknowledge what was held and is written by now."""
        if not self.tally.held or self._store.held:
            return False
        self.tally.recorded += self.tally.held
        self.tally.held = 0
        self.tally.unsafe_from = None
        self._acknowledge()
        return True

    def _acknowledge(self) -> None:
        self._answers.acknowledge(self.tally.recorded, self.tally.duplicates)

    def _unsafe(self, number: int) -> None:
        if self.tally.unsafe_from is None:
            self.tally.unsafe_from = number

    def _refuse(self, number: int, reason: str) -> None:
        self.tally.refused += 1
        self._answers.refuse(number, reason)


def record_stream(recorder: Recorder, arrivals: Arrivals) -> Tally:
    """Record everything that arrives, as it arrives, until it ends.

    Raises:
        StoreError: the store can neither write nor hold any more; what was acknowledged stays.
    """
    lines = Lines()
    while not arrivals.ended:
        chunk = arrivals.take(_LOOK_AGAIN_S if recorder.tally.held else None)
        if chunk:
            recorder.record(lines.feed(chunk))
        recorder.let_held_go()
    recorder.record(lines.end())
    return recorder.tally
