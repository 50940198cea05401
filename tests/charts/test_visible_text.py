"""Untrusted names cannot hide anything in a chart."""

from hypothesis import given
from hypothesis import strategies as st

from drawn import HOSTILE
from proxypal.charts.visible_text import NAME_CHARS, NBSP, short_name, visible


def test_what_hides_is_written_out() -> None:
    """A line break, an escape sequence and a bidi override are seen as what they are."""
    assert visible("a\nb\x1b[31m\u202ec") == r"a\nb\x1b[31m\u202ec"


def test_ordinary_names_stay_as_they_are() -> None:
    """Letters of any script and no-break spaces are not touched."""
    assert visible(f"claude-opus 4{NBSP}5 模型 é") == f"claude-opus 4{NBSP}5 模型 é"


@given(st.text(st.characters()))
def test_any_text_can_be_sent(text: str) -> None:
    """Whatever is in a name, what is left of it can be encoded and has one line."""
    shown = visible(text)
    shown.encode()
    assert len(shown.splitlines()) <= 1


def test_a_long_name_is_cut() -> None:
    """Ten thousand characters do not get into a drawing."""
    assert short_name("W" * 10_000) == "W" * (NAME_CHARS - 1) + "…"
    assert len(short_name(HOSTILE * 100)) == NAME_CHARS
