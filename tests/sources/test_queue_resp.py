"""The usage queue over RESP, on a proxy that counts every word before AUTH as an attack."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import QueueBanned, QueueRefused, QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import QueueAddress, parse_address
from proxypal.sources.queue_resp import RespConnection

SECRET = "wrong-s3cret"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs") as proxy:
        yield proxy


def connect(fake: FakeProxy, key: str = "") -> RespConnection:
    return RespConnection(parse_address(fake.url), ManagementKey(key or fake.key), timeout_s=5)


def test_authentication_is_the_first_thing_said() -> None:
    """Not a byte precedes AUTH, and none follows it unasked: no HELLO, CLIENT, SELECT or PING."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                heard.append(peer.recv(1000))
                peer.sendall(b"+OK\r\n")
                heard.append(peer.recv(1000))

        thread = threading.Thread(target=answer)
        thread.start()
        address = QueueAddress("127.0.0.1", server.getsockname()[1])
        RespConnection(address, ManagementKey("k3y")).close()
        thread.join(5)
    assert heard == [b"*2\r\n$4\r\nAUTH\r\n$3\r\nk3y\r\n", b""]


def test_popping_takes_the_oldest_until_empty(fake: FakeProxy) -> None:
    """Records come in their order, at most as many as asked for, and an empty queue is empty."""
    for _ in range(5):
        fake.request()
    fake.settle()
    connection = connect(fake)
    sizes = [len(connection.pop(2)) for _ in range(4)]
    connection.close()
    assert sizes == [2, 2, 1, 0]
    assert fake.failed_logins == 0


def test_a_subscription_delivers_what_comes(fake: FakeProxy) -> None:
    """After the answer to SUBSCRIBE each record is delivered, and questions are answered."""
    connection = connect(fake)
    assert connection.subscribe()
    fake.request()
    payloads: list[bytes] = []
    while not any(b"tokens" in payload for payload in payloads):
        payloads += connection.receive(5).payloads
    connection.ping()
    assert connection.receive(5).has_pong
    connection.close()


def test_a_good_bye_is_answered_and_records_queue_again(fake: FakeProxy) -> None:
    """After UNSUBSCRIBE the subscription ends in order, and what follows waits for us."""
    connection = connect(fake)
    connection.subscribe()
    connection.unsubscribe()
    while not connection.receive(5).is_over:
        pass
    connection.close()
    fake.wait_until(lambda: fake.queue.subscribers == 0)
    fake.request()
    fake.settle()
    assert fake.queue.waiting == 1


def test_an_old_version_has_no_subscriptions(tmp_path: Path) -> None:
    """Before v7.0.7 SUBSCRIBE is unknown: told, not raised, and not a failed login."""
    with FakeProxy(tmp_path / "logs", version="6.9.38") as old:
        connection = connect(old)
        assert not connection.subscribe()
        assert connection.pop(10) == []
        connection.close()
        assert old.failed_logins == 0


def test_a_wrong_key_is_sent_once(fake: FakeProxy) -> None:
    """One failed login, no second try by the library, and the key is in no message."""
    with pytest.raises(QueueRefused, match="invalid management key") as refused:
        connect(fake, SECRET)
    assert fake.failed_logins == 1
    assert SECRET not in str(refused.value) + repr(refused.value.__cause__)


def test_a_ban_is_understood(fake: FakeProxy) -> None:
    """Even the right key is refused while the ban lasts."""
    fake.ban(90)
    with pytest.raises(QueueBanned) as banned:
        connect(fake)
    assert 85_000 < banned.value.retry_in_ms < 95_000


def test_an_ended_connection_never_speaks_again(fake: FakeProxy) -> None:
    """The library would connect anew and speak unauthenticated, which counts as an attack."""
    connection = connect(fake)
    fake.drop_connections()
    for _ in range(3):
        with pytest.raises(QueueUnreachable):
            connection.pop()
        with pytest.raises(QueueUnreachable):
            connection.receive(0.1)
        with pytest.raises(QueueUnreachable):
            connection.ping()
    assert (fake.failed_logins, fake.connections_opened) == (0, 1)


def test_nobody_there_is_told_from_somebody_else_there(tmp_path: Path) -> None:
    """A proxy that is not running, one without management, and a server of another kind."""
    with FakeProxy(tmp_path / "other", management=False) as closed:
        with pytest.raises(QueueUnreachable) as silent:
            connect(closed)
        url = closed.url
    assert silent.value.speaks_otherwise
    with pytest.raises(QueueUnreachable) as nobody:
        RespConnection(parse_address(url), ManagementKey("k"))
    assert (nobody.value.how, nobody.value.speaks_otherwise) == ("down", False)
    with (
        FakeProxy(tmp_path / "http", version="7.1.17") as other,
        pytest.raises(QueueUnreachable) as foreign,
    ):
        connect(other)
    assert foreign.value.speaks_otherwise


def test_a_server_that_repeats_the_key_does_not_make_us_tell_it() -> None:
    """A real Redis quotes the arguments of a command it does not know."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"-ERR unknown command 'AUTH', with args: 'wrong-s3cret'\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        address = QueueAddress("127.0.0.1", server.getsockname()[1])
        with pytest.raises(QueueUnreachable) as refused:
            RespConnection(address, ManagementKey(SECRET))
        thread.join(5)
    assert SECRET not in str(refused.value)


OPENSSL = shutil.which("openssl")


@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate of this test")
def test_tls_is_spoken_to_a_proxy_whose_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RESP goes inside TLS without ALPN; a certificate nobody vouches for gets no key."""
    make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(
        [str(OPENSSL), *make.split(), "subjectAltName=DNS:localhost", *files],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                peer, _ = server.accept()
                with contextlib.suppress(OSError), context.wrap_socket(peer, True) as inside:
                    heard.append(inside.recv(1000))
                    inside.sendall(b"+OK\r\n")
                    heard.append(inside.recv(1000))
                    inside.sendall(b"*1\r\n$2\r\n{}\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        address = QueueAddress("localhost", server.getsockname()[1], is_tls=True)
        with pytest.raises(QueueUnreachable, match="certificate"):
            RespConnection(address, ManagementKey("k3y"), timeout_s=5)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        connection = RespConnection(address, ManagementKey("k3y"), timeout_s=5)
        assert connection.pop(1) == [b"{}"]
        connection.close()
        thread.join(5)
    assert heard[0].startswith(b"*2\r\n$4\r\nAUTH")
    assert len(heard) == 2
