"""Pages out of templates: whole, in parts, once for all, with everything escaped."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from builders import SetClock, a_request
from page_reading import Page
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_query import Query, QueryWords
from proxypal.web import rendering
from proxypal.web.rendering import environment, exact_money, local_hour, static_url, when
from web_running import Running, running_server

STATIC = Path(rendering.__file__).parent / "static"
TEMPLATES = Path(rendering.__file__).parent / "templates"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """One request."""
    with running_server(tmp_path / "d", requests=[a_request()], clock=SetClock()) as running:
        yield running


def test_a_part_alone_is_sent_when_asked_for(server: Running) -> None:
    """A page that renews itself is sent what it renews, not the frame around it."""
    whole, part = server.page("/").text, server.page("/", {"Proxypal-Part": "figures"}).text
    assert "<html" in whole
    assert "<html" not in part
    assert Page(part).one("data-part", "figures").text in Page(whole).one("main").text


def test_a_part_that_is_not_there_is_said(server: Running) -> None:
    """A misspelt part is an error in words, whatever text it is."""
    got = server.get("/", {"Proxypal-Part": "<b>", "Accept": "application/json"})
    assert got.status == 400
    assert got.json()["error"]["message"] == "This page has no part '<b>'."


def test_caches_tell_parts_from_pages(server: Running) -> None:
    """A browser never shows a part where the page should be."""
    assert "proxypal-part" in server.page("/").headers["vary"].lower()


def test_a_page_is_computed_once_for_all_who_look(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty tabs cost one computation, and the next request makes a new one."""
    asked: list[Query | QueryWords] = []
    answer = server.store.query_all

    def counted(queries: Sequence[Query | QueryWords]) -> Sequence[Answer]:
        asked.extend(queries)
        return answer(queries)

    monkeypatch.setattr(server.store, "query_all", counted)
    first = server.page("/", {"Proxypal-Part": "charts"}).text
    once = len(asked)
    assert [server.page("/", {"Proxypal-Part": "charts"}).text for _ in range(5)] == [first] * 5
    assert len(asked) == once > 0
    server.record([a_request()])
    assert server.page("/", {"Proxypal-Part": "charts"}).text != first


def test_the_frame_names_the_event_it_stands_at(server: Running) -> None:
    """A live page goes on from what it shows: nothing between the two is missed."""
    body = Page(server.page("/").text).one("body")
    assert body.attributes["data-event"] == server.services.feed.number


def test_the_navigation_lights_the_page(server: Running) -> None:
    """A person and a screen reader know where they are."""
    for path, name in (("/", "Overview"), ("/requests", "Requests")):
        lit = Page(server.page(path).text).all("aria-current", "page")
        assert [one.text for one in lit] == [name]


def test_everything_in_a_template_is_escaped() -> None:
    """There is no template in which text could become markup."""
    template = environment().from_string("<p title='{{ x }}'>{{ x }}</p>")
    assert "<b>" not in template.render(x="<b>'\"")


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_stand_under_a_strict_policy(path: Path) -> None:
    """No inline script, no inline style, no handler, nothing from another server."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style", text)
    assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "| safe" not in text


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_scripts_never_make_markup_of_text(path: Path) -> None:
    """Hostile text cannot become an element, and no code is made of text."""
    text = path.read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"new Function|https?://", text)


def test_static_files_have_an_address_for_each_content() -> None:
    """After an update no browser mixes an old script with a new page."""
    assert re.fullmatch(r"/static/app\.css\?v=[0-9a-f]{12}", static_url("app.css"))
    assert static_url("app.css") != static_url("theme.css")


def test_money_is_shown_with_every_digit_on_demand() -> None:
    """What is rounded for reading is exact on hover."""
    assert exact_money(Decimal("1234.000000123")) == "$1,234.000000123"
    assert exact_money(Decimal("1E+3")) == "$1,000"


def test_times_are_those_of_the_data() -> None:
    """A moment is shown on the wall clock of the data's zone."""
    assert when(1_767_960_000_000, lambda _: -12_600) == "2026-01-09 08:30:00"
    assert local_hour("2026-01-09T08") == "9 Jan 2026, 08:00"
