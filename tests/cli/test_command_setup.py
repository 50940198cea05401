"""`proxypal setup cliproxy`: what decides how much can be recorded."""

from pathlib import Path

from running import proxypal

COMPLETE = """\
logging-to-file: true
debug: true
usage-statistics-enabled: true
redis-usage-queue-retention-seconds: 3600
remote-management:
  secret-key: hidden
"""


def test_what_is_missing_is_named_with_its_reason(tmp_path: Path) -> None:
    """Each key to change is a line with what should stand there; exit code 1, no change."""
    config = tmp_path / "config.yaml"
    config.write_text("port: 8317\ndebug: false\n")
    shown = proxypal(tmp_path, "setup", "cliproxy", str(config))
    assert shown.code == 1
    assert "not ok  logging-to-file: true (now: not set)" in shown.out
    assert "not ok  debug: true (now: false)" in shown.out
    assert config.read_text() == "port: 8317\ndebug: false\n"


def test_a_complete_config_is_ok_and_keeps_its_secret(tmp_path: Path) -> None:
    """When nothing is missing it says so; the management key is never shown."""
    (tmp_path / "config.yaml").write_text(COMPLETE)
    shown = proxypal(tmp_path, "setup", "cliproxy")
    assert shown.code == 0
    assert "everything can be recorded" in shown.out
    assert "hidden" not in shown.out + shown.err


def test_json_lists_the_advice(tmp_path: Path) -> None:
    """--json gives key, current, wanted and why."""
    (tmp_path / "config.yaml").write_text(COMPLETE.replace("debug: true", "debug: false"))
    (advice,) = proxypal(tmp_path, "setup", "cliproxy", "--json").json()["advice"]
    assert (advice["key"], advice["current"], advice["wanted"]) == ("debug", "false", "true")


def test_no_config_says_where_it_looked(tmp_path: Path) -> None:
    """Where no config is found the places are named, and how to name another."""
    shown = proxypal(tmp_path, "setup", "cliproxy", "nowhere.yaml")
    assert (shown.code, shown.out) == (1, "")
    assert "nowhere.yaml" in shown.err


def test_settings_of_the_data_are_kept_with_it(tmp_path: Path) -> None:
    """A zone and a limit that were set are there for every later command."""
    changed = proxypal(tmp_path, "setup", "data", "--zone", "Asia/Kolkata", "--history-limit", "2")
    assert changed.code == 0
    lines = "\n".join(f'{{"id":"r{n}","status":200,"model":"m"}}' for n in range(3))
    assert proxypal(tmp_path, "record", stdin=lines).code == 0
    assert len(proxypal(tmp_path, "history", "--json").json()) == 2
    shown = proxypal(tmp_path, "setup", "data", "--json").json()
    assert shown == {"zone": "Asia/Kolkata", "historyLimit": 2, "keepMonths": None}


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    """A zone that does not exist changes nothing, and the message says what a zone looks like."""
    refused = proxypal(tmp_path, "setup", "data", "--zone", "Mars/Olympus")
    assert refused.code == 2
    assert "Europe/Paris" in refused.err
    assert proxypal(tmp_path, "setup", "data", "--json").json()["zone"] is None
