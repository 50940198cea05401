"""`proxypal prices`: what models cost, and pricing what had no price."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from running import Ended, proxypal

NOW = 1_763_640_000_000  # 2025-11-20T12:00Z


def line(model: str, **more: Any) -> str:
    """A request as a program would push it."""
    usual = {"status": 200, "path": "/v1/messages", "timestamp": NOW, "model": model}
    return json.dumps({**usual, "tokensIn": 1_000_000, "tokensOut": 100_000, **more}) + "\n"


def recorded(home: Path, *lines: str) -> Ended:
    """Push lines, to a good end."""
    ended = proxypal(home, "record", stdin="".join(lines))
    assert ended.code == 0
    return ended


def stats(home: Path) -> dict[str, Any]:
    """The statistics, money exact."""
    out = proxypal(home, "stats", "--json").out
    answer: dict[str, Any] = json.loads(out, parse_float=Decimal)
    return answer


def settings(home: Path, text: str) -> None:
    """Write the settings file."""
    (home / "data").mkdir(exist_ok=True)
    (home / "data" / "settings.toml").write_text(text, encoding="utf-8")


HOUSE = '[prices."house-model"]\ninput = 0.5\noutput = 1.5\n'


def test_pushed_tokens_are_priced_when_they_are_recorded(tmp_path: Path) -> None:
    """A line with tokens and no cost gets the price of its day; one with a cost keeps it."""
    recorded(tmp_path, line("o3"), line("o3", costUsd=0.25), line("house-model"))
    found = stats(tmp_path)
    assert found["totalCostUsd"] == Decimal("2.8") + Decimal("0.25")
    assert found["unpricedRequests"] == 1


def test_a_line_sent_again_is_a_duplicate_though_it_was_priced(tmp_path: Path) -> None:
    """The cost is ours and no part of what was sent: the same line is the same request."""
    first = recorded(tmp_path, line("o3", id="r-1"))
    settings(tmp_path, '[prices."o3"]\ninput = 9\noutput = 9\n')
    again = recorded(tmp_path, line("o3", id="r-1"))
    assert first.json_lines()[-1] == {"recorded": 1}
    assert again.json_lines()[-1] == {"recorded": 0, "duplicates": 1}


def test_a_cost_never_changes_by_a_later_price(tmp_path: Path) -> None:
    """A price that is set today holds from today on: what was counted stays as it was."""
    recorded(tmp_path, line("o3"))
    before = stats(tmp_path)["totalCostUsd"]
    settings(tmp_path, '[prices."o3"]\ninput = 9\noutput = 9\n')
    assert stats(tmp_path)["totalCostUsd"] == before
    recorded(tmp_path, line("o3"))
    assert stats(tmp_path)["totalCostUsd"] == before + Decimal("9.9")


def test_a_broken_settings_file_stops_nothing(tmp_path: Path) -> None:
    """Recording goes on with what is sound, and says what is not."""
    settings(tmp_path, HOUSE + '[prices."other"]\ninput = "much"\n')
    ended = recorded(tmp_path, line("house-model"), line("other"))
    assert "settings.toml" in ended.err
    assert "input must be a number" in ended.err
    assert stats(tmp_path)["totalCostUsd"] == Decimal("0.65")
    shown = proxypal(tmp_path, "prices")
    assert shown.code == 1
    assert "input must be a number" in shown.err


def test_models_are_listed_with_their_prices_and_their_gaps(tmp_path: Path) -> None:
    """Each model of the totals, what it costs, where that is from, and what has no price."""
    recorded(tmp_path, line("o3"), line("house-model"), line("house-model"))
    shown = proxypal(tmp_path, "prices")
    assert shown.code == 0
    rows = {row.split()[0]: row for row in shown.out.splitlines()}
    assert rows["house-model"].split()[2:4] == ["2", "2"]
    assert "unpriced" in rows["house-model"]
    assert "genai-prices" in rows["o3"]
    assert "2 requests without a price" in shown.err
    told = {price["model"]: price for price in proxypal(tmp_path, "prices", "--json").json()}
    assert told["house-model"]["usdPerMillion"] is None
    assert (told["house-model"]["unpriced"], told["o3"]["unpriced"]) == (2, 0)


def test_one_model_is_explained(tmp_path: Path) -> None:
    """Any model can be asked for, on any day, from any provider."""
    before = proxypal(tmp_path, "prices", "o3", "--date", "2025-06-09", "--json").json()
    assert before["usdPerMillion"]["input"] == 10
    assert (before["provider"], before["until"]) == ("openai", "2025-06-10")
    bought = proxypal(tmp_path, "prices", "openai/gpt-5", "--provider", "openrouter", "--json")
    assert bought.json()["entry"] == "openrouter/openai/gpt-5"
    shown = proxypal(tmp_path, "prices", "o3")
    assert "In force since 2025-06-10." in shown.out


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    """Options that cannot mean anything together, and days that are none, end with 2."""
    for arguments in (
        ["--dry-run"],
        ["--all"],
        ["--provider", "x"],
        ["o3", "--date", "someday"],
        ["--reprice", "--date", "2026-01-01"],
    ):
        assert proxypal(tmp_path, "prices", *arguments).code == 2


def test_repricing_is_shown_asked_for_and_undone(tmp_path: Path) -> None:
    """The difference first; nothing without a yes; a backup; and the way back."""
    recorded(tmp_path, line("o3"), line("house-model"), line("lost-model"))
    before = stats(tmp_path)
    settings(tmp_path, HOUSE)

    looked = proxypal(tmp_path, "prices", "--reprice", "--dry-run")
    assert looked.code == 0
    assert "+$0.65" in looked.out
    assert "left alone: 1 request of lost-model: no price is known." in looked.err
    assert stats(tmp_path) == before
    unasked = proxypal(tmp_path, "prices", "--reprice")
    assert unasked.code == 2
    assert stats(tmp_path) == before

    done = proxypal(tmp_path, "prices", "--reprice", "--yes", "--json").json()
    assert (done["requests"], done["costUsd"], done["backup"]["kind"]) == (1, 0.65, "reprice")
    after = stats(tmp_path)
    assert after["totalCostUsd"] == before["totalCostUsd"] + Decimal("0.65")
    assert after["unpricedRequests"] == 1

    undone = proxypal(tmp_path, "restore", done["backup"]["name"])
    assert undone.code == 0
    assert stats(tmp_path) == before


def test_one_model_can_be_repriced_alone(tmp_path: Path) -> None:
    """MODEL limits it; the others keep having no price."""
    recorded(tmp_path, line("house-model"), line("other"))
    settings(tmp_path, HOUSE + '[prices."other"]\ninput = 1\noutput = 1\n')
    proxypal(tmp_path, "prices", "house-model", "--reprice", "--yes")
    assert stats(tmp_path)["unpricedRequests"] == 1
    assert proxypal(tmp_path, "prices", "nothing", "--reprice", "--yes").code == 0


def test_a_wrong_cost_can_be_corrected(tmp_path: Path) -> None:
    """With --all the user's own price also replaces costs of the history."""
    settings(tmp_path, '[prices."house-model"]\ninput = 5\noutput = 15\n')
    recorded(tmp_path, line("house-model"))
    assert stats(tmp_path)["totalCostUsd"] == Decimal("6.5")
    settings(tmp_path, HOUSE)
    assert "Nothing to re-price" in proxypal(tmp_path, "prices", "--reprice", "--yes").err
    shown = proxypal(tmp_path, "prices", "--reprice", "--all", "--yes")
    assert "-$5.85" in shown.out
    assert stats(tmp_path)["totalCostUsd"] == Decimal("0.65")


def test_nothing_is_repriced_by_half_a_settings_file(tmp_path: Path) -> None:
    """A slip in the file could leave out the very price that was meant: it is to be put right."""
    recorded(tmp_path, line("house-model"))
    settings(tmp_path, HOUSE + '[prices."x"]\ninput = -1\noutput = 0\n')
    refused = proxypal(tmp_path, "prices", "--reprice", "--yes")
    assert refused.code == 2
    assert "nothing was re-priced" in refused.err
    assert stats(tmp_path)["unpricedRequests"] == 1


def test_nothing_recorded_is_no_error(tmp_path: Path) -> None:
    """An empty store says what can be asked."""
    shown = proxypal(tmp_path, "prices")
    assert (shown.code, shown.out) == (0, "")
    assert "proxypal prices MODEL" in shown.err
