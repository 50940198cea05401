"""A state that breaks the law, told by the calls that lead to it and by what the disk lost."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from power_changes import LOST, Change, Fate
from power_recording import Failure, Recording
from power_trace import Call


def tell(recording: Recording, failure: Failure) -> str:
    """The calls until the power failed, from the first of which something was lost."""
    done, calls = recording.acknowledged(failure.point), recording.calls
    last = calls[failure.point - 1].ended if failure.point else 0
    first = min(failure.fates, default=last)
    shown = [call for call in calls[: failure.point] if call.ended >= first]
    head = (
        f"The power failed after call {failure.point} of {len(calls)}, when {done} operations "
        f"were acknowledged; {len(failure.fates)} changes were lost or torn:"
    )
    before = f"{failure.point - len(shown)} calls before"
    return "\n  ".join([head, before, *_lines(recording, failure, shown)])


def _lines(recording: Recording, failure: Failure, shown: list[Call]) -> Iterator[str]:
    waiting = {change.number: change for change in recording.disk(failure.point).waiting}
    lines = [
        _line(call, waiting.get(call.ended), failure.fates.get(call.ended))
        for call in shown
        if _changes(call) or call.ended in waiting
    ]
    for line, equal in itertools.groupby(lines):
        times = len(list(equal))
        yield line if times == 1 else f"{line} ({times} times)"


def _changes(call: Call) -> bool:
    return call.name in {"mkdir", "ftruncate"} or call.name.startswith(
        ("write", "pwrite", "fsync", "fdatasync", "rename", "unlink", "rmdir")
    )


def _line(call: Call, change: Change | None, fate: Fate | None) -> str:
    if call.acknowledged is not None:
        return f"{call.acknowledged} acknowledged"
    if change is not None and fate is not None:
        return f"{change.told}: {_told(fate, change)}"
    if change is not None and change.is_name:
        return f"{change.told}, not synced"
    name = Path(call.file or call.names[-1]).name
    if call.is_sync:
        return f"{name}: synced"
    return f"{name}: {call.name}, {'on the disk' if change is None else 'not synced'}"


def _told(fate: Fate, change: Change) -> str:
    if fate == LOST:
        return "LOST"
    kept = ", ".join(f"{start}-{end}" for start, end in fate.parts) or "nothing"
    length = ", in full length" if fate.sized else ""
    return f"TORN, {kept} of {len(change.data or b'')} bytes there{length}"
