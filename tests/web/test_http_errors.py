from pathlib import Path

import msgspec
import pytest
from starlette.requests import Request

from proxypal import errors
from proxypal.errors import (
    AlreadyUndone,
    BackupNotFound,
    CannotWrite,
    ImportOutdated,
    ProxypalError,
    StorageFull,
    StoreBusy,
    UnreadableInput,
    WrongUsage,
)
from proxypal.web.http_errors import error_response, response_of, status_of


def asking(path: str = "/api/x", accept: str = "*/*") -> Request:
    """A request for a path."""
    headers = [(b"accept", accept.encode()), (b"host", b"localhost")]
    return Request({"type": "http", "method": "GET", "path": path, "headers": headers})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (WrongUsage("x"), 400),
        (BackupNotFound("x", Path()), 404),
        (AlreadyUndone("x"), 409),
        (ImportOutdated(), 409),
        (UnreadableInput("x", "y"), 422),
        (StoreBusy(Path(), 5), 503),
        (StorageFull(Path()), 507),
        (CannotWrite(Path(), "x"), 507),
        (msgspec.ValidationError("x"), 400),
        (RuntimeError("x"), None),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int | None) -> None:
    """Who asked wrong gets 4xx, what we cannot do now is 5xx, and what is a bug is no status."""
    assert status_of(error) == status


def test_every_error_of_ours_has_a_status() -> None:
    """No error a person can meet is answered as if it were a bug."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, ProxypalError)
    ]
    assert len(kinds) > 10
    assert all(status_of(kind.__new__(kind)) is not None for kind in kinds)


def test_the_sentence_of_the_error_is_the_message() -> None:
    """What the command line would say is what the API says."""
    error = StorageFull(Path("/data"), 41)
    response = response_of(asking(), error)
    assert response is not None
    assert msgspec.json.decode(response.body) == {"error": {"message": str(error)}}
    assert response_of(asking(), RuntimeError("x")) is None


def test_not_now_says_when() -> None:
    """A busy store is worth another try, and the answer says when."""
    response = response_of(asking(), StoreBusy(Path("/data"), 5))
    assert response is not None
    assert response.headers["retry-after"] == "2"


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
def test_hostile_text_stays_text(accept: str) -> None:
    """A name with markup in it is shown as it is, on a page and in JSON."""
    response = error_response(asking("/x", accept), 400, "<img src=x onerror=alert(1)>")
    body = bytes(response.body).decode()
    if accept == "text/html":
        assert "&lt;img" in body
        assert "<img" not in body
    else:
        assert response.media_type == "application/json"
