"""The fake proxy's traffic: its log, its records, and the truth that totals are held against."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fake_clients import RawClient
from fake_clock import FakeClock
from fake_proxy import FakeProxy
from fake_queue import Fate
from fake_remote import RemoteFake
from fake_usage import Usage
from proxypal.store import Store
from watch_runs import watch_once


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs", clock=FakeClock(1_787_400_000_000)) as proxy:
        yield proxy


def test_the_log_rotates_and_is_cleared_as_the_proxy_does(fake: FakeProxy) -> None:
    """A new file after a rename; a hole where the offset stays; the zone is the process's."""
    fake.request(request_id="a1b2c3d4", order="line-only", duration_ms=102_345)
    line = fake.log.main.read_text().splitlines()[-1]
    rotated = fake.log.rotate()
    assert rotated.name == "main-2026-08-22T12-00-00.000.log"
    assert line == (
        "[2026-08-22 12:00:00] [a1b2c3d4] [info ] [gin_logger.go:97] 200 |         1m42s |"
        '       127.0.0.1 | POST    "/v1/messages?beta=true"'
    )
    fake.noise()
    length = fake.log.main.stat().st_size
    fake.log.truncate(keeping_the_offset=True)
    fake.scan()
    assert fake.log.main.read_bytes().startswith(bytes(length) + b"[2026-08-22 12:00:00] [")


# --- records and the truth


@pytest.mark.parametrize(
    ("version", "first", "last", "id_length"),
    [
        ("6.9.38", ["timestamp", "latency_ms", "source"], ["api_key", "request_id"], 8),
        ("7.2", ["timestamp", "latency_ms", "ttft_ms"], ["reasoning_effort", "service_tier"], 8),
        ("8", ["timestamp", "latency_ms", "ttft_ms"], ["service_tier", "response_model"], 36),
    ],
)
def test_records_are_those_of_their_version(
    tmp_path: Path, version: str, first: list[str], last: list[str], id_length: int
) -> None:
    """Fields in their order, Go's escapes, the id of the log at the end of the queue's."""
    with FakeProxy(tmp_path, version=version, zone="Asia/Shanghai") as fake:
        fake.failed(request_id="0badcafe")
        with RawClient(fake.port, fake.key) as client:
            payload = client.ask("LPOP", "usage")
        assert "[0badcafe] [error]" in fake.log.main.read_text()
    record = msgspec.json.decode(payload)
    assert (list(record)[:3], list(record)[-2:]) == (first, last)
    assert (len(record["request_id"]), record["request_id"][-8:]) == (id_length, "0badcafe")
    assert record["timestamp"].endswith("+08:00")
    assert (b"\\u003cretry\\u003e \\u0026" in payload) == (version != "6.9.38")


def test_the_truth_knows_what_each_source_could_tell(fake: FakeProxy) -> None:
    """Counted by hand: a retry is one request, a socket its turns, an image no request."""
    fake.request(tokens=Usage(10, 5000, 200, 300, 40))
    fake.retried(failures=2, tokens=Usage(1, 0, 0, 2), client_key=1)
    fake.image(tokens=Usage(7), image_tokens=Usage(0, 0, 0, 90))
    fake.websocket(3)
    fake.broken_stream()
    fake.cut_stream()
    for one in (fake.unauthorized, fake.no_credential, fake.search):
        one()
    for one in (fake.count_tokens, fake.list_models, fake.preflight, fake.scan):
        one()
    both, log, queue = (
        fake.truth.expected(),
        fake.truth.expected(queue=False),
        fake.truth.expected(log=False),
    )
    assert (both.total.requests, both.total.failures) == (11, 3)
    assert (log.total.requests, log.total.failures) == (9, 2)
    assert (queue.total.requests, queue.total.failures) == (7, 1)
    assert both.total.tokens == queue.total.tokens
    assert (both.total.tokens.input, both.total.tokens.output) == (5608, 582)
    assert (both.by_model["gpt-image-2"].requests, both.by_model["gpt-image-2"].tokens) == (
        0,
        Usage(0, 0, 0, 90),
    )
    assert both.by_key[fake.client_keys[1]].requests == 1


@pytest.mark.parametrize("version", ["6.9.38", "7.2", "8"])
def test_random_traffic_is_told_whole_and_again_the_same(tmp_path: Path, version: str) -> None:
    """The same seed makes the same truth; nothing waits untold."""
    totals = []
    for name in ("one", "two"):
        with FakeProxy(tmp_path / name, version=version) as fake:
            fake.random_traffic(17, 120, span_s=300)
            expected = fake.truth.expected()
            totals.append((expected.total, expected.by_model))
            assert fake.truth.count_of(Fate.WAITING) == fake.queue.waiting > 100
    assert totals[0] == totals[1]


@pytest.mark.parametrize("version", ["6.9.38", "7.2", "8"])
@pytest.mark.parametrize("debug", [True, False])
def test_the_log_alone_gives_the_truth_of_the_log(
    tmp_path: Path, version: str, *, debug: bool
) -> None:
    """What ProxyPal reads from the fake's log is what the fake says a log can tell."""
    clock = FakeClock(1_787_400_000_000)
    with FakeProxy(tmp_path / "logs", version=version, debug=debug, clock=clock) as fake:
        fake.random_traffic(5, 400, span_s=600)
        with Store(tmp_path / "data") as store:
            watch_once(store, fake.log.main)
            expected = fake.truth.expected(queue=False)
            assert expected.total.requests > 200
            assert expected.differences(store.get_usage_stats()) == []


def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Told by JSON lines, with the same truth."""
    with RemoteFake(tmp_path, version="8", retention_s=3600) as fake:
        fake.call("random_traffic", seed=3, n=20)
        started = time.monotonic()
        with RawClient(fake.port, "local-management-key") as client:
            taken = client.ask("LPOP", "usage", "1000")
        assert time.monotonic() - started < 5
        fake.call("wait_drained")
        fates = list(fake.call("fates").values())
        assert len(taken) == fates.count("DELIVERED") > 0
        assert fake.expected().total.requests >= fake.expected(queue=False).total.requests > 0
        fake.call("restart")
        with RawClient(fake.port, "local-management-key") as client:
            assert client.ask("LPOP", "usage") is None
