"""`settings.toml`: what is sound is used, what is not is said."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.cost import Rates
from proxypal.service.settings_file import FILE_NAME, Settings, parse_settings, read_settings

SOUND = """
[prices."my-model"]
input = 0.1
output = 0.30000000001
cache_read = 0

[prices."groq/*"]
input = 1
output = 2
cache_write = 3
cache_write_1h = 4

[prices."anthropic/claude-x"]
input = 7
output = 7

[aliases]
"House-Model" = "gpt-5"

[names]
"sk-…0XYZ#3f9a1c" = "Anna's laptop"
"""


def rates(provider: str, model: str, text: str = SOUND) -> Rates | None:
    """The user's own rates for a model."""
    found = parse_settings(text.encode()).override(provider, model)
    return None if found is None else found.rates


def test_prices_are_read_to_the_last_digit() -> None:
    """0.30000000001 stays what it is; what is not given is billed as input, an hour as a write."""
    assert rates("x", "my-model") == Rates(
        uncached_input=Decimal("0.1"),
        cache_read=Decimal(0),
        cache_write=Decimal("0.1"),
        cache_write_1h=Decimal("0.1"),
        output=Decimal("0.30000000001"),
        reasoning=Decimal("0.30000000001"),
    )


def test_a_name_means_a_model_a_provider_with_it_or_a_glob() -> None:
    """`my-model` holds for every provider, `groq/*` for what is bought there, in any case."""
    assert rates("groq", "MY-Model") == rates("x", "my-model")
    groq = rates("groq", "llama-3")
    assert groq is not None
    assert (groq.cache_write, groq.cache_write_1h) == (Decimal(3), Decimal(4))
    assert rates("x", "llama-3") is None


def test_a_provider_may_be_called_as_its_maker() -> None:
    """`anthropic/…` also means what is recorded as `claude`."""
    assert rates("claude", "claude-x") is not None
    assert rates("openai", "claude-x") is None


def test_the_more_exact_name_wins() -> None:
    """Provider and model go before the model alone, and both before a glob, wherever they stand."""
    text = "".join(
        f'[prices."{name}"]\ninput = {number}\noutput = 0\n'
        for number, name in enumerate(["*", "m*", "m", "p/m"])
    )
    assert [
        found.uncached_input
        for found in (rates("p", "m", text), rates("q", "m", text), rates("q", "mm", text))
        if found is not None
    ] == [3, 2, 0]


def test_names_are_for_showing() -> None:
    """A label with a name is shown by it, another stays as it is."""
    settings = parse_settings(SOUND.encode())
    labels = ["sk-…0XYZ#3f9a1c", "sk-…1111#000000"]
    assert settings.shown_apart(labels) == {"sk-…0XYZ#3f9a1c": "Anna's laptop"}
    assert settings.aliases == {"house-model": "gpt-5"}
    assert settings.problems == ()


def test_names_are_told_apart_and_stand_in_conditions() -> None:
    """Two keys of one name keep their labels beside it; a condition shows names for labels."""
    settings = Settings(names={"k#1": "Anna", "k#2": "Anna", "k#3": "Ben"})
    assert settings.shown_apart(["k#1", "k#3", "k#4"]) == {"k#1": "Anna", "k#3": "Ben"}
    assert settings.shown_apart(["k#1", "k#2"]) == {"k#1": "Anna (k#1)", "k#2": "Anna (k#2)"}
    assert settings.shown_in("key!=k#3|k#4") == "key!=Ben|k#4"


def test_budgets_are_handed_on_as_they_stand() -> None:
    """Money keeps its digits; what cannot be a budget is not our affair here."""
    settings = parse_settings(b'[[budget]]\nper = "day"\nusd = 0.10\n')
    assert settings.budget == [{"per": "day", "usd": Decimal("0.10")}]
    assert parse_settings(b"budget = 3").budget == 3
    assert parse_settings(b"").budget is None
    assert settings.problems == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[prices."x"]\ninput = 1\n', "output is missing"),
        ('[prices."x"]\ninput = 1\noutput = "2"\n', "output must be a number"),
        ('[prices."x"]\ninput = true\noutput = 2\n', "input must be a number"),
        ('[prices."x"]\ninput = -1\noutput = 2\n', "input must be from 0"),
        ('[prices."x"]\ninput = nan\noutput = 2\n', "input must be from 0"),
        ('[prices."x"]\ninput = inf\noutput = 2\n', "input must be from 0"),
        ('[prices."x"]\ninput = 1e-13\noutput = 2\n', "more than 12 decimal places"),
        ('[prices."x"]\ninput = 1\noutput = 2\ncache_reed = 1\n', "cache_reed is none of"),
        ("[prices]\nx = 3\n", 'prices."x" must be a section'),
        ("prices = 3\n", "prices must be a section"),
        ("[aliases]\nx = 3\n", 'aliases."x" must be text'),
        ('[names]\nx = ""\n', 'names."x" must be text'),
        ("[price]\n", "there is no section 'price'"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_used(text: str, told: str) -> None:
    """A slip in one entry costs that entry, says so, and nothing else."""
    good = '[prices."good"]\ninput = 1\noutput = 2\n'
    settings = parse_settings((text if text.startswith("prices =") else text + good).encode())
    assert any(told in problem for problem in settings.problems)
    assert settings.override("any", "x") is None
    if not text.startswith("prices ="):
        assert settings.override("any", "good") is not None


@pytest.mark.parametrize("data", [b"[prices", b"\xff\xfe", b"x = " + b"[" * 5000, b"x = 1" * 3000])
def test_what_is_no_toml_is_said(data: bytes) -> None:
    """A file that cannot be understood at all gives no settings, and one sentence."""
    settings = parse_settings(data)
    assert settings == Settings(problems=settings.problems)
    assert len(settings.problems) == 1


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever the file holds, recording goes on."""
    parse_settings(data)


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    """Settings are optional."""
    assert read_settings(tmp_path) == Settings()


def test_a_problem_names_the_file(tmp_path: Path) -> None:
    """Whoever reads the sentence knows which file to open."""
    path = tmp_path / FILE_NAME
    path.write_text("nonsense", encoding="utf-8")
    assert read_settings(tmp_path).problems[0].startswith(f"{path}: it is not TOML")
    path.unlink()
    path.mkdir()
    assert read_settings(tmp_path).problems[0].startswith(f"{path} cannot be read")


def test_an_editor_s_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    """Some editors put one in front."""
    (tmp_path / FILE_NAME).write_bytes(b"\xef\xbb\xbf" + SOUND.encode())
    assert read_settings(tmp_path).problems == ()
