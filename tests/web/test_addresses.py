"""The state of a page as its address."""

from starlette.requests import Request

from proxypal.web.addresses import Address, address_of


def _request(query: bytes) -> Request:
    return Request(
        {"type": "http", "method": "GET", "path": "/x", "query_string": query, "headers": []}
    )


def test_a_link_keeps_what_is_asked_for() -> None:
    """Choosing a range keeps the filters, and a word can be taken away again."""
    address = Address("/", {"range": "7d", "model": "a&b=c"})
    assert address.to(range="24h") == "/?range=24h&model=a%26b%3Dc"
    assert address.to(range=None, model=None) == "/"


def test_only_known_words_are_state() -> None:
    """What somebody else put behind a link, and what is empty, is not carried along."""
    address = address_of(_request(b"utm_source=x&model=gpt-5&range="), ("model", "range"))
    assert address == Address("/x", {"model": "gpt-5"})
