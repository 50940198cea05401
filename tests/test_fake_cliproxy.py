"""The fake proxy keeps the facts that the tests of the queue rely on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from fake_clients import RawClient, http_get
from fake_clock import FakeClock
from fake_http import QUEUE_PATH, SWITCH_PATH
from fake_proxy import FakeProxy
from fake_queue import Fate

NOAUTH = "-NOAUTH Authentication required."
BANNED = "IP banned due to too many failed attempts. Try again in 30m0s"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs", clock=FakeClock(1_787_400_000_000)) as proxy:
        yield proxy


def by_header(key: str) -> dict[str, str]:
    return {"X-Management-Key": key}


def id_of(payload: bytes) -> str:
    return str(msgspec.json.decode(payload)["request_id"])


# --- logging in


def test_five_failures_ban_an_address_on_both_protocols(fake: FakeProxy) -> None:
    """A command before AUTH is a failure like a wrong key; then the right key is refused too."""
    with RawClient(fake.port) as early, RawClient(fake.port, fake.key) as before:
        assert early.ask("CLIENT", "SETINFO", "LIB-NAME", "redis-py") == NOAUTH
        assert early.ask("HELLO", "3") == NOAUTH
        assert early.ask("AUTH") == "-ERR wrong number of arguments for 'auth' command"
        assert early.ask("AUTH", "wrong") == "-ERR invalid management key"
        assert http_get(fake.port, QUEUE_PATH).status == 401
        assert early.ask("AUTH", fake.key) == f"-ERR {BANNED}"
        assert early.ask("LPOP", "usage") == f"-ERR {BANNED}"
        refused = http_get(fake.port, QUEUE_PATH, by_header(fake.key))
        assert (refused.status, refused.body) == (403, {"error": BANNED})
        assert before.ask("LPOP", "usage") is None, "who is in stays in"
        fake.clock.advance(1800)
        assert early.ask("AUTH", "anybody", fake.key) == "+OK"
    assert fake.failed_logins == 5
    assert fake.secrets_sent == [fake.key, "wrong", fake.key, fake.key, fake.key]


def test_a_good_login_forgives_the_failures_before_it(fake: FakeProxy) -> None:
    """Four failures and a success are no failures."""
    for _ in range(3):
        with RawClient(fake.port) as client:
            assert [client.ask("PING") for _ in range(4)] == [NOAUTH] * 4
            assert client.ask("AUTH", fake.key) == "+OK"
    assert not fake.logins.is_banned()


def test_who_is_not_local_is_refused_without_a_failure(fake: FakeProxy) -> None:
    """Remote management is off unless it is allowed."""
    with RawClient(fake.port, source="127.0.0.2") as client:
        assert client.ask("AUTH", fake.key) == "-ERR remote management disabled"
    assert fake.failed_logins == 0


@pytest.mark.parametrize("options", [{"protocol": 2}, {"password": "local-management-key"}])
def test_an_ordinary_redis_client_is_banned_by_its_first_call(
    fake: FakeProxy, options: dict[str, Any]
) -> None:
    """redis-py says HELLO or CLIENT SETINFO before anything else, and tries again when refused."""
    with redis.Redis(port=fake.port, **options) as client, pytest.raises(redis.ResponseError):
        client.lpop("usage")
    assert fake.failed_logins == 5
    assert fake.logins.is_banned()


def test_an_ordinary_redis_client_with_password_and_resp2_works(fake: FakeProxy) -> None:
    """It logs in first, and what it says unasked after that is only unknown."""
    fake.request()
    with redis.Redis(port=fake.port, protocol=2, password=fake.key) as client:
        assert client.lpop("usage", 10) is not None
    assert (fake.failed_logins, fake.seen["CLIENT"]) == (0, 2)


# --- popping


def test_pops_are_destructive_and_shared(fake: FakeProxy) -> None:
    """LPOP, RPOP and HTTP take the oldest of one queue, each record once."""
    ids = [fake.request().request_id for _ in range(6)]
    with RawClient(fake.port, fake.key) as client:
        taken = [client.ask("LPOP", "usage"), client.ask("RPOP", "usage")]
        taken += client.ask("LPOP", "USAGE", "2")
        answer = http_get(
            fake.port, f"{QUEUE_PATH}?count=9", {"Authorization": f"Bearer {fake.key}"}
        )
        assert [id_of(one) for one in taken] + [one["request_id"] for one in answer.body] == ids
        assert client.ask("LPOP", "usage") is None
        assert client.ask("LPOP", "usage", "5") == []
    assert http_get(fake.port, QUEUE_PATH, {"Authorization": fake.key}).body == []
    assert fake.truth.count_of(Fate.DELIVERED) == 6


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["LPOP"], "-ERR wrong number of arguments for 'lpop' command"),
        (["RPOP", "usage", "0"], "-ERR value is not an integer or out of range"),
        (["LPOP", "usage", "many"], "-ERR value is not an integer or out of range"),
        (["LPOP", "queue"], "-ERR unsupported channel 'queue'"),
        (["SUBSCRIBE", "all"], "-ERR unsupported channel 'all'"),
        (["SUBSCRIBE"], "-ERR wrong number of arguments for 'subscribe' command"),
        (["PING"], "-ERR unknown command 'ping'"),
        (["HELLO", "3"], "-ERR unknown command 'hello'"),
        (["BLPOP", "usage", "0"], "-ERR unknown command 'blpop'"),
        (["QUIT"], "-ERR unknown command 'quit'"),
        ([], "-ERR empty command"),
    ],
)
def test_everything_else_is_refused_in_its_words(
    fake: FakeProxy, words: list[str], answer: str
) -> None:
    """The connection stays open and logged in."""
    with RawClient(fake.port, fake.key) as client:
        assert client.ask(*words) == answer
        assert client.ask("LPOP", "usage") is None


def test_records_expire(fake: FakeProxy) -> None:
    """Who comes later than the retention finds nothing; what is younger is there."""
    fake.request()
    fake.clock.advance(31)
    young = fake.request().request_id
    fake.clock.advance(30)
    with RawClient(fake.port, fake.key) as client:
        assert [id_of(one) for one in client.ask("LPOP", "usage", "9")] == [young]
    assert fake.truth.count_of(Fate.EXPIRED) == 1
    assert fake.truth.expected(log=False).total.requests == 1
    assert fake.truth.expected().total.requests == 2


def test_a_restart_forgets_the_queue_and_the_bans(fake: FakeProxy) -> None:
    """The port, the log and the truth stay."""
    fake.request()
    fake.ban()
    fake.restart()
    with RawClient(fake.port, fake.key) as client:
        assert client.ask("LPOP", "usage") is None
    assert fake.truth.count_of(Fate.FORGOTTEN) == 1
    assert fake.log.main.read_text().count("CLIProxyAPI Version: 7.2.140") == 2


def test_records_of_a_reply_that_never_came_are_lost(fake: FakeProxy) -> None:
    """There is no redelivery."""
    fake.request()
    fake.cut_next_reply()
    with RawClient(fake.port, fake.key) as client:
        assert client.ask("LPOP", "usage", "5") == ""
    with RawClient(fake.port, fake.key) as client:
        assert client.ask("LPOP", "usage", "5") == []
    assert fake.truth.count_of(Fate.TORN) == 1


# --- subscribing


def test_subscribers_starve_poppers(fake: FakeProxy) -> None:
    """Each subscriber gets all that is new; the backlog is for poppers and is not replayed."""
    old = fake.request().request_id
    with RawClient(fake.port, fake.key) as one, RawClient(fake.port, fake.key) as other:
        for client in (one, other):
            assert client.ask("SUBSCRIBE", "usage") == [b"subscribe", b"usage", 1]
            assert client.read() == [b"message", b"usage", b'{"support_refresh":true}']
        new = fake.request().request_id
        fake.refresh()
        for client in (one, other):
            kind, channel, payload = client.read()
            assert (kind, channel, id_of(payload)) == (b"message", b"usage", new)
            assert client.read()[2] == b'{"refresh":true}'
        with RawClient(fake.port, fake.key) as popper:
            assert [id_of(one) for one in popper.ask("LPOP", "usage", "9")] == [old]


def test_a_subscriber_may_say_three_things(fake: FakeProxy) -> None:
    """PING, UNSUBSCRIBE and QUIT; the last two end the connection."""
    for word, answer in (("UNSUBSCRIBE", [b"unsubscribe", b"usage", 0]), ("QUIT", "+OK")):
        with RawClient(fake.port, fake.key) as client:
            client.ask("SUBSCRIBE", "usage")
            client.read()
            assert client.ask("PING") == [b"pong", None]
            assert client.ask("PING", "hi") == [b"pong", b"hi"]
            assert client.ask("LPOP", "usage") == "-ERR unknown command 'lpop'"
            assert client.ask(word) == answer
            assert client.read_all() == b""
    fake.wait_until(lambda: fake.queue.subscribers == 0)


def test_a_full_buffer_drops_the_subscriber_and_loses_the_record(fake: FakeProxy) -> None:
    """256 are still delivered; the one that did not fit is lost, later ones are queued."""
    with RawClient(fake.port, fake.key) as client:
        client.ask("SUBSCRIBE", "usage")
        client.read()
        fake.pause()
        ids = [fake.request().request_id for _ in range(258)]
        assert fake.queue.subscribers == 0
        fake.resume()
        assert [id_of(client.read()[2]) for _ in range(256)] == ids[:256]
        assert client.read_all() == b""
    assert fake.truth.count_of(Fate.OVERFLOWED) == 1
    with RawClient(fake.port, fake.key) as popper:
        assert id_of(popper.ask("LPOP", "usage")) == ids[257]


# --- the port


def test_what_is_no_array_is_refused(fake: FakeProxy) -> None:
    """An inline command is bad HTTP; other RESP is a protocol error and the end."""
    with RawClient(fake.port) as client:
        client.send(b"PING\r\n")
        assert client.read_all().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    with RawClient(fake.port) as client:
        client.send(b"$4\r\nPING\r\n")
        assert client.read_all() == b"-ERR protocol error\r\n"


def test_a_silent_connection_is_closed(tmp_path: Path) -> None:
    """Before its first byte only: who is logged in may be silent."""
    with (
        FakeProxy(tmp_path, silence_s=0.05) as fake,
        RawClient(fake.port, fake.key) as talking,
        RawClient(fake.port) as silent,
    ):
        assert silent.read_all() == b""
        assert talking.ask("LPOP", "usage") is None


def test_without_management_nothing_answers(tmp_path: Path) -> None:
    """RESP is closed without a byte, HTTP knows no such page."""
    with FakeProxy(tmp_path, management=False) as fake:
        with RawClient(fake.port) as client:
            assert client.ask("AUTH", fake.key) == ""
        assert http_get(fake.port, QUEUE_PATH, by_header(fake.key)).status == 404


@pytest.mark.parametrize(
    ("version", "pop", "subscribe", "http_status"),
    [
        ("6.9.38", None, "-ERR unknown command 'subscribe'", 404),
        ("7.0.7", None, [b"subscribe", b"usage", 1], 200),
        ("7.1.17", "", "", 200),
        ("7.2", "-ERR unsupported channel 'queue'", [b"subscribe", b"usage", 1], 200),
    ],
)
def test_older_versions_know_less(
    tmp_path: Path, version: str, pop: object, subscribe: object, http_status: int
) -> None:
    """Any key's name at first, no subscription before 7.0.7, no RESP at all in 7.1.17."""
    with FakeProxy(tmp_path, version=version) as fake:
        with RawClient(fake.port) as client:
            has_resp = client.ask("AUTH", fake.key) == "+OK"
            assert client.ask("LPOP", "queue") == pop
            assert client.ask("SUBSCRIBE", "usage") == subscribe
        assert has_resp == (version != "7.1.17")
        assert http_get(fake.port, QUEUE_PATH, by_header(fake.key)).status == http_status


# --- HTTP and the log


def test_http_says_its_version_and_leaves_lines_in_the_log(fake: FakeProxy) -> None:
    """Each poll is an access line of its own."""
    answer = http_get(fake.port, f"{QUEUE_PATH}?count=0", by_header(fake.key))
    assert (answer.status, answer.headers["X-CPA-VERSION"]) == (400, "7.2.140")
    assert answer.body == {"error": "count must be a positive integer"}
    assert http_get(fake.port, QUEUE_PATH, by_header("wrong")).body == {
        "error": "invalid management key"
    }
    lines = [line for line in fake.log.main.read_text().splitlines() if QUEUE_PATH in line]
    assert [line[22:75].split(" | ")[0] for line in lines] == [
        "[--------] [warn ] [gin_logger.go:97] 400",
        "[--------] [warn ] [gin_logger.go:97] 401",
    ]
    assert lines[0].endswith(f'|            0s |       127.0.0.1 | GET     "{QUEUE_PATH}?count=0"')


def test_no_records_while_statistics_are_off(fake: FakeProxy) -> None:
    """The switch can be read and turned; what was queued stays."""
    fake.request()
    key = by_header(fake.key)
    assert http_get(fake.port, SWITCH_PATH, key, put={"value": False}).body == {"status": "ok"}
    assert http_get(fake.port, SWITCH_PATH, key).body == {"usage-statistics-enabled": False}
    fake.request()
    assert fake.queue.waiting == 1
    assert fake.truth.count_of(Fate.SWITCHED_OFF) == 1
    assert http_get(fake.port, SWITCH_PATH, key, put="?").status == 400
