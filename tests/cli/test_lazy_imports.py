"""What a command may import: start-up time decides whether it can stand in a prompt."""

import subprocess
import sys
from pathlib import Path

import pytest

from running import environment, proxypal

_REPORT = """
import sys
from proxypal.cli import main
code = main(sys.argv[1:])
print(" ".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""

HEAVY = {
    "asyncio",
    "concurrent.futures",
    "email",
    "filelock",
    "genai_prices",
    "http",
    "hypothesis",
    "logging",
    "platformdirs",
    "proxypal.records.exports",
    "proxypal.records.legacy",
    "proxypal.service.pricing",
    "proxypal.service.watching",
    "proxypal.sources",
    "pygments",
    "rich",
    "tempfile",
    "unittest",
    "xml",
    "zoneinfo",
}


def _imported_by(home: Path, *arguments: str) -> set[str]:
    # A first run creates the store, which may take more than a later one.
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", _REPORT, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(home),
            check=True,
        )
    return set(run.stderr.decode().splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["stats", "--json"],
        ["stats", "--last", "7d", "--by", "model", "--json"],
        ["record"],
        ["history", "--json"],
        ["statusline"],
        ["budget", "--check"],
    ],
)
def test_fast_commands_import_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    """What prompts and scripts call imports no printer, zones, sources, prices or migration."""
    assert _imported_by(tmp_path, *arguments) & HEAVY == set()


def test_the_table_needs_rich_but_not_the_rest(tmp_path: Path) -> None:
    """`stats` draws with rich, and imports no source of requests."""
    imported = _imported_by(tmp_path, "stats")
    assert "rich.table" in imported
    assert imported & {"proxypal.sources", "proxypal.records.legacy", "pygments"} == set()


@pytest.mark.parametrize("arguments", [["--version"], ["completion", "bash"], ["stats", "--json"]])
def test_a_command_imports_no_other_command(tmp_path: Path, arguments: list[str]) -> None:
    """Only the module of the command that runs is imported."""
    commands = {
        name.rpartition(".")[2]
        for name in _imported_by(tmp_path, *arguments)
        if name.startswith("proxypal.cli.commands.")
    }
    assert commands <= {arguments[0]}


def test_a_status_line_reads_settings_without_more(tmp_path: Path) -> None:
    """With a store, names and a budget that is passed, a status line is still without the rest."""
    proxypal(tmp_path, "record", stdin='{"status": 200, "model": "m", "path": "/v1/messages"}')
    (tmp_path / "data" / "settings.toml").write_text(
        '[[budget]]\nper = "day"\nrequests = 0\n', encoding="utf-8"
    )
    assert _imported_by(tmp_path, "statusline") & HEAVY == set()
    assert "passed" in proxypal(tmp_path, "statusline").out


def test_help_opens_no_store(tmp_path: Path) -> None:
    """`proxypal --version` needs no database."""
    assert "sqlite3" not in _imported_by(tmp_path, "--version")
