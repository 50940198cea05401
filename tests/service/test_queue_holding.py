"""Records on their way from a subscription to the store."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import QueueUnreachable
from proxypal.service.queue_holding import Bound, Holding, Receiver
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import parse_address
from proxypal.sources.queue_resp import RespConnection
from watch_runs import until


def test_order_is_kept_and_the_end_is_known() -> None:
    """What came first is taken first; after the end nobody waits."""
    holding = Holding(Bound())
    holding.put([b"1", b"2"])
    holding.put([b"3"])
    assert (holding.take(2, 1), holding.is_over) == ([b"1", b"2"], False)
    holding.end()
    assert (holding.take(9, 1), holding.take(9, 60), holding.is_over) == ([b"3"], [], True)


def test_waiting_ends_when_something_comes() -> None:
    """A record is taken as soon as it is there."""
    holding = Holding(Bound())
    threading.Timer(0.05, holding.put, [[b"x"]]).start()
    begun_s = time.monotonic()
    assert holding.take(1, 60) == [b"x"]
    assert time.monotonic() - begun_s < 30


@pytest.mark.parametrize("bound", [Bound(payloads=3), Bound(total_bytes=30)])
def test_memory_is_bounded(bound: Bound) -> None:
    """By number and by size: full at the bound, and a reserve for what is on its way then."""
    holding = Holding(bound, reserve=bound)
    full = []
    for _ in range(8):
        holding.put([b"0123456789"])
        full.append(holding.is_full)
    assert full == [False, False, True, True, True, True, True, True]
    assert (len(holding), holding.dropped) == (6, 2)
    holding.take(4, 0)
    assert not holding.is_full


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs") as proxy:
        yield proxy


def receive(fake: FakeProxy, holding: Holding, ping_every_s: float = 60) -> Receiver:
    connection = RespConnection(parse_address(fake.url), ManagementKey(fake.key))
    assert connection.subscribe()
    return Receiver(connection, holding, fake.clock, ping_every_s)


def test_everything_on_its_way_is_taken_before_the_end(fake: FakeProxy) -> None:
    """A good-bye loses nothing that was delivered, and leaves no subscriber behind."""
    holding = Holding(Bound())
    receiver = receive(fake, holding)
    for _ in range(50):
        fake.request()
    fake.settle()
    fake.wait_drained()
    receiver.leave()
    assert receiver.error is None
    assert sum(b"tokens" in payload for payload in holding.take(99, 0)) == 50
    fake.wait_until(lambda: fake.queue.subscribers == 0)


def test_at_the_bound_the_proxy_keeps_the_rest(fake: FakeProxy) -> None:
    """Instead of dropping records we unsubscribe, and they queue up where they are kept longer."""
    holding = Holding(Bound(payloads=10))
    receiver = receive(fake, holding)
    for _ in range(9):
        fake.request()
    fake.wait_drained()
    until(lambda: holding.is_full)
    fake.wait_until(lambda: fake.queue.subscribers == 0)
    for _ in range(7):
        fake.request()
    fake.settle()
    assert (receiver.error, holding.dropped, fake.queue.waiting) == (None, 0, 7)


def test_a_proxy_that_ends_is_noticed(fake: FakeProxy) -> None:
    """The end of the connection is no end in order."""
    holding = Holding(Bound())
    receiver = receive(fake, holding)
    fake.drop_connections()
    until(lambda: holding.is_over or len(holding) > 0)
    holding.take(9, 0)
    until(lambda: holding.is_over)
    assert isinstance(receiver.error, QueueUnreachable)


def test_a_proxy_that_is_idle_is_asked_whether_it_lives(fake: FakeProxy) -> None:
    """A sign of life moves the moment on up to which everything was received."""
    receiver = receive(fake, Holding(Bound()), ping_every_s=0.05)
    before_ms = receiver.alive_ms
    until(lambda: receiver.alive_ms > before_ms)
    receiver.leave()
    assert fake.seen["PING"] >= 1
