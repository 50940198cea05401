"""`proxypal doctor`: recount, compare, explain."""

from pathlib import Path

import pytest

from running import KNOWS_PERMISSIONS, proxypal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store with ten requests."""
    proxypal(tmp_path, "record", stdin='{"path": "/v1/messages", "status": 200}\n' * 10)
    return tmp_path


def _files(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "data").iterdir() if path.is_file()}


def test_a_sound_store_is_all_ok(home: Path) -> None:
    """Every check is named with what it found, and the exit code is 0."""
    shown = proxypal(home, "doctor")
    assert (shown.code, shown.err) == (0, "")
    assert all(line.startswith("ok      ") for line in shown.out.splitlines())
    assert "10 requests, as the total" in shown.out


def test_json_is_a_list_of_findings(home: Path) -> None:
    """--json lists what was checked, whether it is well, and the detail."""
    findings = proxypal(home, "doctor", "--json").json()
    assert all(set(finding) == {"check", "ok", "detail"} for finding in findings)
    assert all(finding["ok"] for finding in findings)


def test_nothing_recorded_yet_is_well(tmp_path: Path) -> None:
    """A fresh machine has nothing that could be off, and doctor makes nothing there."""
    shown = proxypal(tmp_path, "doctor")
    assert shown.code == 0
    assert "nothing recorded yet" in shown.out
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["history.json", "aggregate.json", "proxypal.db"])
def test_damage_is_found_and_left_until_repair(home: Path, name: str) -> None:
    """A damaged file is off (exit 1) and untouched; --repair puts it right, then all is ok."""
    path = home / "data" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    before = _files(home)
    shown = proxypal(home, "doctor")
    assert shown.code == 1
    assert "not ok  " in shown.out
    assert "--repair" in shown.err
    # SQLite keeps its two companions beside a database that is open or was only read.
    after = _files(home)
    assert {name: after[name] for name in before} == before
    repaired = proxypal(home, "doctor", "--repair")
    assert repaired.code == 0
    assert name in repaired.err
    assert proxypal(home, "doctor").code == 0
    assert proxypal(home, "stats", "--json").json()["totalRequests"] == 10


@pytest.mark.skipif(not KNOWS_PERMISSIONS, reason="root may write anywhere")
def test_a_directory_one_may_not_write_is_off(home: Path) -> None:
    """Where nothing could be recorded doctor says so and names what it is about."""
    (home / "data").chmod(0o500)
    try:
        shown = proxypal(home, "doctor")
    finally:
        (home / "data").chmod(0o700)
    assert shown.code == 1
    assert f"not ok  permissions: you may not write {home / 'data'}" in shown.out
