from pathlib import Path

import pytest

from proxypal.web.access import Access
from web_running import running_server


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/login", "/nothing", "/api/nothing", "/static/plain.css", "/static/nothing"],
)
def test_every_answer_forbids_what_we_do_not_need(tmp_path: Path, path: str) -> None:
    """Pages, data, errors and files alike: no foreign script, no frame, no guessing, no trace."""
    with running_server(tmp_path) as server:
        headers = server.get(path).headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_refusals_have_them_too(tmp_path: Path) -> None:
    """What the door turns away is as safe as what it lets in."""
    with running_server(tmp_path, access=Access(token="x" * 20)) as server:
        for found in (server.get("/"), server.get("/", {"Host": "evil.example"})):
            assert found.status in (401, 421)
            assert found.headers["x-frame-options"] == "DENY"
            assert found.headers["cache-control"] == "no-store"


def test_data_are_kept_by_nobody(tmp_path: Path) -> None:
    """Neither a browser nor anything between keeps a copy of data."""
    with running_server(tmp_path) as server:
        assert server.get("/healthz").headers["cache-control"] == "no-store"
        assert server.get("/login").headers["cache-control"] == "no-store"
