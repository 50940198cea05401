"""`proxypal demo`: the pages with invented traffic, apart from the user's own."""

import signal
import urllib.request
from pathlib import Path

import msgspec

from running import proxypal, start


def test_it_serves_invented_traffic_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The address is printed, the API answers with the data, and at the end all is gone."""
    (tmp_path / "tmp").mkdir()
    process = start(
        tmp_path, "demo", "--port", "0", "--live", "--no-browser", TMPDIR=str(tmp_path / "tmp")
    )
    assert process.stdout is not None
    address = process.stdout.readline().decode().strip()
    assert address.startswith("http://127.0.0.1:")
    assert [path.name[:14] for path in (tmp_path / "tmp").iterdir()] == ["proxypal-demo-"]
    with urllib.request.urlopen(f"{address}/api/stats", timeout=10) as answer:
        stats = msgspec.json.decode(answer.read())
    assert stats["totalRequests"] > 20_000
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said.decode().count("Traceback")) == (0, 0)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "data").exists()


def test_the_data_can_be_kept(tmp_path: Path) -> None:
    """`--into` makes it in a directory of one's choice, which every command can look at."""
    made = proxypal(tmp_path, "demo", "--into", "demo")
    assert (made.code, made.out) == (0, "demo\n")
    assert "--data-dir demo" in made.err
    stats = proxypal(tmp_path, "stats", "--json", "--data-dir", "demo").json()
    assert stats["totalRequests"] > 20_000
    assert not (tmp_path / "data").exists()


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    """A directory in use is refused, with the reason."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "history.json").write_text("{}")
    refused = proxypal(tmp_path, "demo", "--into", "mine")
    assert (refused.code, refused.out) == (2, "")
    assert "never mixed" in refused.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["history.json"]


def test_a_data_directory_is_not_taken(tmp_path: Path) -> None:
    """Whoever names their own data by mistake is told that demo leaves it alone."""
    refused = proxypal(tmp_path, "--data-dir", "data", "demo", "--into", "demo")
    assert (refused.code, refused.out) == (2, "")
    assert "never uses a data directory of yours" in refused.err
    assert not (tmp_path / "data").exists()
