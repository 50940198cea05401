"""Lines that come in pieces: counted behind a position, in the transaction that moves it."""

from pathlib import Path

import msgspec
import pytest

from builders import NO_ID, access_line, log_of, model_line
from log_reading import UTC, open_store
from proxy_log import later_clock
from proxypal.sources.log_batches import KnownLogs
from proxypal.sources.remote_counting import PositionTaken, RemoteCounting, RemotePosition
from proxypal.store import Store

SOURCE = "log:http://127.0.0.1:8317"


def counting_in(store: Store) -> RemoteCounting:
    counting = RemoteCounting(KnownLogs(store, SOURCE), "http://x", UTC, later_clock)
    counting.stand(None, None)
    return counting


def position_in(store: Store) -> RemotePosition:
    (row,) = store.positions().rows
    return msgspec.json.decode(row.state, type=RemotePosition)


def test_pieces_count_like_the_whole(tmp_path: Path) -> None:
    """A model that an earlier piece named is that of the request in a later one."""
    with open_store(tmp_path) as store:
        counting = counting_in(store)
        for piece in (model_line("claude-opus-4-5"), access_line()):
            list(counting.take(log_of(piece), "c"))
        (row,) = store.get_request_history().requests
        assert row.model == "claude-opus-4-5"


def test_the_cursor_is_stored_with_what_is_before_it(tmp_path: Path) -> None:
    """It stands beside the content; where a part of the lines waits, it does not yet."""
    with open_store(tmp_path) as store:
        counting = counting_in(store)
        data = log_of(access_line())
        list(counting.take(data, "first"))
        assert (position_in(store).cursor, position_in(store).offset) == ("first", len(data))
        unclosed = access_line(request_id="00000002").removesuffix('"')
        more = log_of(access_line(request_id="00000001"), unclosed)
        list(counting.take(more, "second"))
        assert position_in(store).cursor == ""
        list(counting.take(log_of('rest"', access_line(request_id="00000003")), "third"))
        assert position_in(store).cursor == "third"
        assert store.get_usage_stats().total_requests == 3


def test_lines_without_a_request_are_kept_in_mind(tmp_path: Path) -> None:
    """The store is told when there is a request, or when very much has passed without one."""
    with open_store(tmp_path) as store:
        counting = counting_in(store)
        list(counting.take(log_of(access_line()), "first"))
        ours = log_of(access_line("/v0/management/logs", method="GET", request_id=NO_ID))
        assert list(counting.take(ours, "second")) == []
        assert position_in(store).cursor == "first"
        assert len(list(counting.take(ours * 3000, "third"))) == 1
        assert position_in(store).cursor == "third"


def test_another_reader_who_was_faster_is_noticed(tmp_path: Path) -> None:
    """Nothing is counted twice: the batch is thrown away and reading begins anew."""
    with open_store(tmp_path) as store:
        first, second = counting_in(store), counting_in(store)
        list(first.take(log_of(access_line()), "c"))
        (row,) = store.positions().rows
        second.stand(row, position_in(store))
        list(first.take(log_of(access_line(request_id="00000001")), "c"))
        with pytest.raises(PositionTaken):
            list(second.take(log_of(access_line(request_id="00000001")), "c"))
        assert store.get_usage_stats().total_requests == 2
