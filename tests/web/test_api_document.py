"""The API described, and the page made of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxypal import __version__
from web_running import Running, running_server

PROMISED = {
    "get /api/stats",
    "get /api/history",
    "post /api/requests",
    "post /api/history/clear",
    "post /api/analytics/reset",
    "post /api/restore",
    "get /api/export/history.csv",
    "get /api/export/aggregate.json",
    "get /api/events",
    "get /api/query",
    "get /healthz",
    "get /metrics",
    "get /api/openapi.json",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path / "data") as running:
        yield running


def test_the_document_tells_of_every_call(server: Running) -> None:
    """All that was promised is in the document, and every endpoint that is for programs."""
    document = server.get("/api/openapi.json").json()
    assert document["info"]["version"] == __version__
    told = {f"{method} {path}" for path, methods in document["paths"].items() for method in methods}
    assert told >= PROMISED
    assert told == {
        f"{endpoint.method.lower()} {endpoint.path}"
        for endpoint in server.serving.app.state.endpoints
        if endpoint.in_document
    }


def test_every_object_it_speaks_of_is_there(server: Running) -> None:
    """No reference of the document leads nowhere, and no object is there for nothing."""
    got = server.get("/api/openapi.json")
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', got.text))
    assert named == got.json()["components"]["schemas"].keys()


def test_every_call_has_its_own_id(server: Running) -> None:
    """Clients can be generated: ids are unique names."""
    ids = [
        operation["operationId"]
        for methods in server.get("/api/openapi.json").json()["paths"].values()
        for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))
    assert all(one.isidentifier() for one in ids)


def test_the_page_tells_the_same(server: Running) -> None:
    """/api lists each call and object of the document, every link within it leads somewhere."""
    document = server.get("/api/openapi.json").json()
    page = server.page("/api")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for path in document["paths"]:
        assert path in page.text
    anchors = set(re.findall(r' id="([^"]+)"', page.text))
    links = set(re.findall(r' href="#([^"]+)"', page.text))
    assert links <= anchors
    assert len(links) > len(document["components"]["schemas"])
    assert f"curl {server.url}/api/stats" in page.text


def test_the_page_holds_no_inline_code(server: Running) -> None:
    """The page keeps to the policy: no inline script, style or handler, nothing from elsewhere."""
    text = server.page("/api").text
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
