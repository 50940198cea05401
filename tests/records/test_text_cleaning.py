import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.request import MAX_LABEL_CHARS
from proxypal.records.text_cleaning import clean_label, clean_text


@pytest.mark.parametrize(
    "text",
    [
        "claude-sonnet-4-5-20250929",
        "POST /v1beta/models/*action",
        "01a10d2d-e8d4-7c29-8e63-90915a1ce9d0",
        "2026-08-22T22:39:02.123456789+08:00",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "claude-cli/2.1.220 (external, cli)",
        "",
    ],
)
def test_plain_words_stay(text: str) -> None:
    """Models, routes, ids, times and clients can still be read."""
    assert clean_label(text) == text
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("mail dev.person@example.com now", "dev.person"),
        ("used sk-ant-REDACTED here", "sk-ant-REDACTED"),
        ("Bearer abcdefgh", "abcdefgh"),
        ("https://host/v1?key=hunter22&x=1", "hunter22"),
        ('{"client_secret": "hunter22"}', "hunter22"),
        ("password: hunter22", "hunter22"),
        ("word a1b2c3d4e5f6a7b8 end", "a1b2c3d4e5f6a7b8"),
        ("word AbCdEfGh-12IjKlMnOpQr end", "AbCdEfGh-12IjKlMnOpQr"),
        ("eyJhbGciOi.eyJzdWIiOiIx.abc", "eyJzdWIiOiIx"),
    ],
)
def test_secrets_in_running_text_are_masked(text: str, secret: str) -> None:
    """What looks like a key or an address is not readable in any text."""
    assert secret not in clean_text(text)


def test_a_key_that_is_cut_is_gone_altogether() -> None:
    """A text too long to keep does not end in the readable half of a key."""
    for start in range(960, 1040):
        text = " " + "x" * 200 + "\n" * (start - 201) + "sk-hunter2hunter2hunter2"
        assert "hunter2" not in clean_text(text)
        assert "hunter2" not in clean_label("sk-" + "a" * start + " sk-hunter2hunter2hunter2")


def test_a_text_that_was_cut_says_so() -> None:
    """Nobody takes the beginning of a text for all of it."""
    assert clean_text("a " * 600).endswith("…")
    assert clean_text("a" * 600).endswith("…")
    assert clean_text("a" * 2000) == "…"


@given(st.text(max_size=400) | st.text(alphabet="sk-@.a1 =:key", max_size=1200))
def test_any_text_can_be_kept(text: str) -> None:
    """Halves of surrogate pairs, control characters and great lengths come out storable."""
    for clean in (clean_label, clean_text):
        kept = clean(text)
        assert len(kept) <= MAX_LABEL_CHARS
        kept.encode()
