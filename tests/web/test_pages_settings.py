"""`/settings`, as the server renders it."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from builders import NOW_MS, SetClock, a_request, log_of
from page_reading import Page
from proxypal.charts.figures_text import NOT_KNOWN
from proxypal.records.recognition import Kind
from proxypal.web.serving import Watched
from watch_runs import until
from web_running import Running, running_server

SECTIONS = ("data", "sources", "prices", "appearance")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server with three requests, two of a model without a price."""
    some = [
        a_request(timestamp=NOW_MS - 3_000, model="gpt-5", tokens_in=1_000),
        a_request(timestamp=NOW_MS - 2_000, model="house-model", tokens_in=10),
        a_request(timestamp=NOW_MS - 1_000, model="house-model", status=500),
    ]
    with running_server(tmp_path / "data", requests=some, clock=SetClock()) as running:
        yield running


def page_of(server: Running, section: str) -> Page:
    """A page of the settings."""
    got = server.page(f"/settings/{section}")
    assert got.status == 200, got.text
    return Page(got.text)


def text_of(page: Page, name: str, value: str) -> str:
    """The text of the one element with this attribute."""
    (element,) = page.all(name, value)
    return element.text


def test_settings_begin_with_the_data(server: Running) -> None:
    """The navigation's entry leads to Data Management."""
    got = server.page("/settings")
    assert (got.status, got.headers["location"]) == (303, "/settings/data")


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_leads_to_the_others(server: Running, section: str) -> None:
    """Every page of the settings names all of them, and which one it is."""
    page = page_of(server, section)
    links = {one.attributes.get("href") for one in page.all("a")}
    assert {f"/settings/{name}" for name in SECTIONS} <= links
    current = [one.attributes["href"] for one in page.all("aria-current", "true")]
    assert current == [f"/settings/{section}"]


def test_the_cards_tell_real_numbers(server: Running) -> None:
    """No fixed "500 requests" and no "Oct 15, 2025": what is counted, and since when."""
    page = page_of(server, "data")
    assert "3 of the 500 most recent" in text_of(page, "data-stat", "history-count")
    span = text_of(page, "data-stat", "history-range")
    assert span.count("9 Jan 2026") == 2
    assert "3" in text_of(page, "data-stat", "total-requests")
    assert "66.7" in text_of(page, "data-stat", "success-rate")
    assert "9 Jan 2026" in text_of(page, "data-stat", "tracked-since")


def test_a_question_says_what_goes_and_what_stays(server: Running) -> None:
    """Both dialogs have the numbers of both sides."""
    page = page_of(server, "data")
    clear, reset = (text_of(page, "id", f"{name}-dialog") for name in ("clear", "reset"))
    for said in (clear, reset):
        assert "Goes" in said
        assert "Stays" in said
        assert "3 requests" in said


def test_an_empty_store_can_be_neither_cleared_nor_reset(tmp_path: Path) -> None:
    """Where there is nothing, the buttons are off and no rate is made up."""
    with running_server(tmp_path / "data") as server:
        page = page_of(server, "data")
        assert len([one for one in page.all("button") if "disabled" in one.attributes]) == 2
        assert NOT_KNOWN in text_of(page, "data-stat", "success-rate")


def test_backups_are_listed_with_what_their_undo_does(server: Running) -> None:
    """After a clear the backup stands there, and once undone it says so."""
    answer = server.post("/api/history/clear", {}).json()
    name = answer["backup"]["name"]
    row = text_of(page_of(server, "data"), "data-backup", name)
    assert "Clear History" in row
    assert "Brings 3 requests back" in row
    server.post("/api/restore", {"name": name})
    assert "undone" in text_of(page_of(server, "data"), "data-backup", name)


def test_sources_say_what_is_read_and_how(tmp_path: Path) -> None:
    """A log that is missing waits; the zone it is read in is told, as is the missing queue."""
    log = tmp_path / "main.log"
    watched = Watched(paths=[log], offset=lambda _: 0, zone="Asia/Shanghai")
    with running_server(tmp_path / "data", watched=watched) as server:
        until(lambda: len(server.serving.board.state()) == 1)
        text = server.page("/settings/sources").text
        assert "Asia/Shanghai" in text
        assert "No usage queue" in text
        log.write_bytes(log_of())
    with running_server(tmp_path / "data") as server:
        assert "Nothing is connected" in server.page("/settings/sources").text


def test_prices_say_what_is_used_and_what_is_missing(tmp_path: Path) -> None:
    """Each model has its price and where it is from; one without is named, with the reason."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "settings.toml").write_text(
        '[prices."mine"]\ninput = 2\noutput = 10\n[prices."broken"]\ninput = 1\n'
    )
    some = [
        a_request(timestamp=NOW_MS, model=model, tokens_in=10)
        for model in ("gpt-5", "mine", "nobody-knows-it")
    ]
    with running_server(directory, requests=some, clock=SetClock()) as server:
        page = page_of(server, "prices")
        assert "settings.toml" in text_of(page, "data-price", "mine")
        assert "genai-prices" in text_of(page, "data-price", "gpt-5")
        assert "does not know it" in text_of(page, "data-missing-price", "nobody-knows-it")
        assert "output is missing" in text_of(page, "id", "problems")


def test_prices_are_only_looked_at(server: Running) -> None:
    """Looking at the page writes nothing into the store."""
    before = server.store.sequence()
    page_of(server, "prices")
    assert server.store.sequence() == before
    assert server.store.cached("prices") is None


def test_appearance_names_the_settings_of_the_data(server: Running) -> None:
    """The zone, the limit and the directory stand there, with the command that changes them."""
    text = page_of(server, "appearance").seen
    for said in ("UTC", "500", str(server.store.path), "proxypal setup data --zone"):
        assert said in text


@pytest.mark.parametrize("section", ["data", "sources", "prices"])
def test_a_section_renews_itself_in_parts(server: Running, section: str) -> None:
    """What is marked as a part can be asked for alone."""
    for element in page_of(server, section).all("data-part"):
        name = element.attributes["data-part"]
        got = server.page(f"/settings/{section}", {"Proxypal-Part": name})
        assert got.status == 200
        assert f'data-part="{name}"' in got.text
        assert "<html" not in got.text


def test_each_kind_of_file_has_words(server: Running) -> None:
    """The preview of an import says what a file is, not a code."""
    found = msgspec.json.decode(page_of(server, "data").one("data-kinds").attributes["data-kinds"])
    assert set(found) == set(get_args(Kind))
    assert found["bundle"] == "an old history of ProxyPal and its aggregate"


def test_where_a_log_was_looked_for_is_told(server: Running) -> None:
    """Nothing is connected: the places, and one command for both sources."""
    server.serving.board.miss_log("None.", [Path("/home/me/.cli-proxy-api/logs/main.log")])
    page = page_of(server, "sources")
    assert "/home/me/.cli-proxy-api/logs/main.log" in page.one("data-places").text
    commands = [one.attributes["data-copy"] for one in page.all("data-copy")]
    assert any("--log PATH --cliproxy http" in command for command in commands)
    assert "End this one first (Ctrl-C)" in page.seen
