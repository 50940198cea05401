"""`proxypal watch` on a usage queue, and what doctor and setup say of it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from running import Ended, Process, proxypal, start

SECRETS = ("local-management-key", "wrong-s3cret")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "proxy") as proxy:
        yield proxy


def key_file(home: Path, key: str) -> str:
    file = home / "key.txt"
    file.write_text(key + "\n")
    return str(file)


def once(home: Path, fake: FakeProxy, key: str = "", *more: str) -> Ended:
    file = key_file(home, key or fake.key)
    watch = ("watch", "--once", "--cliproxy", fake.url, "--management-key-file", file)
    return proxypal(home, *watch, *more)


def said(process: Process, word: str) -> str:
    """What it says on stderr, up to a line with a word."""
    assert process.stderr is not None
    lines: list[str] = []
    while not (lines and word in lines[-1]):
        line = process.stderr.readline().decode()
        assert line, "".join(lines)
        lines.append(line)
    return "".join(lines)


def ended(process: Process) -> str:
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    return err.decode()


def test_it_says_how_it_reads_and_what_waited(tmp_path: Path, fake: FakeProxy) -> None:
    """Start and stop are told on stderr; each request is a line on stdout, with the key unseen."""
    for _ in range(12):
        fake.request()
    fake.settle()
    file = key_file(tmp_path, fake.key)
    process = start(tmp_path, "watch", "--cliproxy", fake.url, "--management-key-file", file)
    told = said(process, "Ctrl-C")
    assert f"Usage queue: subscribed at {fake.url} (v7.2.140), 12 records were waiting." in told
    assert "no log is found" in told
    fake.request("gpt-5.6")
    assert process.stdout is not None
    lines = [process.stdout.readline().decode() for _ in range(13)]
    assert "gpt-5.6" in lines[-1]
    told += ended(process)
    assert told.endswith("13 requests recorded.\n")
    assert not any(secret in told + "".join(lines) for secret in SECRETS)
    assert fake.failed_logins == 0


def test_once_takes_what_waits(tmp_path: Path, fake: FakeProxy) -> None:
    """The backlog is popped, priced and recorded, and the run ends."""
    fake.request("claude-sonnet-4-5")
    fake.settle()
    shown = once(tmp_path, fake)
    assert (shown.code, len(shown.out.splitlines())) == (0, 1)
    stats = proxypal(tmp_path, "stats", "--json").json()
    assert (stats["totalRequests"], stats["inputTokens"] > 0) == (1, True)
    assert float(stats["totalCostUsd"]) > 0


def test_a_wrong_key_is_told_and_fails_once(tmp_path: Path, fake: FakeProxy) -> None:
    """Exit 1 with what to do; neither key is shown, and one login has failed."""
    shown = once(tmp_path, fake, "wrong-s3cret")
    assert shown.code == 1
    assert "invalid management key" in shown.err
    assert "--management-key-file" in shown.err
    assert not any(secret in shown.err + shown.out for secret in SECRETS)
    assert fake.failed_logins == 1


def test_without_a_queue_it_is_said_how_to_switch_it_on(tmp_path: Path) -> None:
    """Watching a log alone goes on as ever; the way to tokens is told once."""
    log = tmp_path / "main.log"
    log.write_text("")
    shown = proxypal(tmp_path, "watch", "--once", str(log))
    assert shown.code == 0
    assert shown.err.count("--management-key-file") == 1
    refused = proxypal(tmp_path, "watch", "--once", "--cliproxy", "http://127.0.0.1:1", str(log))
    assert refused.code == 2
    assert "PROXYPAL_MANAGEMENT_KEY" in refused.err


def test_a_key_is_no_argument(tmp_path: Path) -> None:
    """One that is put into the address is refused without being repeated."""
    shown = proxypal(tmp_path, "watch", "--cliproxy", "redis://:wrong-s3cret@127.0.0.1")
    assert shown.code == 2
    assert "s3cret" not in shown.err


def test_doctor_tells_how_the_queue_is_doing(tmp_path: Path, fake: FakeProxy) -> None:
    """Connected, refused, killed: doctor knows from the store alone, and fails when it is off."""
    once(tmp_path, fake)
    shown = proxypal(tmp_path, "doctor")
    assert shown.code == 0
    assert f"ok      queue {fake.url}: not read since" in shown.out
    file = key_file(tmp_path, fake.key)
    process = start(tmp_path, "watch", "--cliproxy", fake.url, "--management-key-file", file)
    said(process, "Ctrl-C")
    running = proxypal(tmp_path, "doctor")
    assert (running.code, "subscribed since" in running.out) == (0, True)
    ended(process)
    wrong = key_file(tmp_path, "wrong-s3cret")
    process = start(tmp_path, "watch", "--cliproxy", fake.url, "--management-key-file", wrong)
    said(process, "Ctrl-C")
    refused = proxypal(tmp_path, "doctor")
    assert refused.code == 1
    assert "invalid management key" in refused.out
    ended(process)
    assert fake.failed_logins == 1


def test_setup_says_how_to_read_the_queue(tmp_path: Path) -> None:
    """The command with the port of the config, and where the key goes."""
    (tmp_path / "config.yaml").write_text("port: 9123\n")
    shown = proxypal(tmp_path, "setup", "cliproxy")
    assert "--cliproxy http://127.0.0.1:9123 --management-key-file FILE" in shown.err
    assert "remote-management.secret-key" in shown.out
    given = proxypal(tmp_path, "setup", "cliproxy", "--json", PROXYPAL_MANAGEMENT_KEY="k3y")
    assert given.json()["managementKeyGiven"] is True
    assert "k3y" not in given.out + given.err


def test_no_secret_reaches_the_data(tmp_path: Path, fake: FakeProxy) -> None:
    """After real traffic neither a management key nor a client's or upstream's is in any file."""
    fake.random_traffic(11, 60)
    fake.settle()
    shown = once(tmp_path, fake, "", "--json")
    texts = [shown.out.encode(), shown.err.encode()]
    texts += [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    found = [secret for secret in fake.planted if any(secret.encode() in text for text in texts)]
    assert found == []


def test_a_second_reader_stands_by(tmp_path: Path, fake: FakeProxy) -> None:
    """Two watchers of one data directory: one reads, the other takes over when it ends."""
    file = key_file(tmp_path, fake.key)
    arguments = ("watch", "--cliproxy", fake.url, "--management-key-file", file)
    first = start(tmp_path, *arguments)
    said(first, "Ctrl-C")
    second = start(tmp_path, *arguments)
    said(second, "standing by")
    ended(first)
    said(second, "subscribed")
    ended(second)
    assert fake.failed_logins == 0


def test_queue_libraries_are_imported_only_to_read_a_queue(tmp_path: Path) -> None:
    """`watch` on a log alone starts without the RESP client and the price list."""
    log = tmp_path / "main.log"
    log.write_text("")
    code = (
        "import sys; from proxypal.cli import main; "
        f"main(['watch', '--once', {str(log)!r}, '--data-dir', {str(tmp_path / 'd')!r}]); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )

    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=tmp_path
    )
    assert not {"redis", "genai_prices", "httpx2"} & set(run.stdout.decode().split())
