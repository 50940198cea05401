"""The price list takes a fifth of a second to import: only who needs it waits for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from running import environment

_REPORT = """
import sys
from proxypal.cli import main
code = main(sys.argv[1:])
print(" ".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""

PLAIN = {"status": 200, "path": "/v1/messages", "model": "claude-opus-4-5"}
TOKENS = {**PLAIN, "tokensIn": 1000, "tokensOut": 10}


def imported_by(home: Path, *arguments: str, stdin: str = "") -> set[str]:
    """The modules a command has imported when it ends."""
    run = subprocess.run(
        [sys.executable, "-c", _REPORT, *arguments],
        input=stdin.encode(),
        capture_output=True,
        env=environment(home),
        check=True,
    )
    return set(run.stderr.decode().splitlines()[-1].split())


def recording(home: Path, *requests: dict[str, object]) -> set[str]:
    """The modules that recording these takes."""
    return imported_by(home, "record", stdin="".join(f"{json.dumps(one)}\n" for one in requests))


def test_without_tokens_nothing_of_prices_is_imported(tmp_path: Path) -> None:
    """Lines without tokens, or with their cost, need neither prices nor settings."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text("[names]\n", encoding="utf-8")
    imported = recording(tmp_path, PLAIN, {**TOKENS, "costUsd": 1})
    assert imported & {"genai_prices", "pydantic", "tomllib", "proxypal.service.pricing"} == set()


def test_the_first_request_of_a_model_imports_the_list_and_no_later_run(tmp_path: Path) -> None:
    """A model that was priced once is priced from then on without the list."""
    assert "genai_prices" in recording(tmp_path, TOKENS)
    again = recording(tmp_path, TOKENS, TOKENS)
    assert "proxypal.service.pricing" in again
    assert again & {"genai_prices", "pydantic", "httpx2", "email", "tomllib"} == set()


@pytest.mark.parametrize("arguments", [["stats", "--json"], ["history", "--json"], ["stats"]])
def test_showing_needs_no_price(tmp_path: Path, arguments: list[str]) -> None:
    """What things cost is a fact of the store; nothing that shows it looks prices up."""
    recording(tmp_path, TOKENS)
    imported = imported_by(tmp_path, *arguments)
    assert imported & {"genai_prices", "proxypal.service.pricing", "tomllib"} == set()


def test_watching_starts_without_the_list(tmp_path: Path) -> None:
    """A log has no tokens: reading one prices nothing."""
    log = tmp_path / "main.log"
    log.write_bytes(b"")
    assert "genai_prices" not in imported_by(tmp_path, "watch", "--once", str(log))


def test_the_user_s_own_price_needs_no_list(tmp_path: Path) -> None:
    """Who has set a price in settings.toml pays nothing for the others."""
    (tmp_path / "data").mkdir()
    text = '[prices."claude-*"]\ninput = 1\noutput = 2\n'
    (tmp_path / "data" / "settings.toml").write_text(text, encoding="utf-8")
    imported = recording(tmp_path, TOKENS)
    assert "tomllib" in imported
    assert "genai_prices" not in imported
