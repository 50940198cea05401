"""Pages out of templates, whole or in parts, each computed once for everybody who looks.

A request with the header `Proxypal-Part: NAME` is answered with the template's block NAME alone:
that is how a page renews itself. Templates escape everything; the only markup that is let
through is what `proxypal.charts` drew. Must not enter: what a single page shows.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.responses import HTMLResponse

from proxypal import __version__
from proxypal.charts.figures_text import NOT_KNOWN, duration, figure, money, percent, short_count
from proxypal.charts.visible_text import short_name, visible
from proxypal.errors import WrongUsage
from proxypal.records.labels import Offset
from proxypal.web.endpoints import Call

PART_HEADER = "Proxypal-Part"
CONTENT = "content"
"""The block every page has: what stands between its header and its footer."""

STATIC_PREFIX = "/static"

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"


def render(
    call: Call, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HTMLResponse:
    """A page, or the part of it that the request asks for.

    `context` needs `title` and `page`, the entry of the navigation that is lit; `event` where the
    page is live: the feed's number from before anything was read. `modules` are the names of
    further scripts.

    Raises:
        WrongUsage: the page has no such part.
    """
    found = environment().get_template(template)
    part = asked_part(call)
    if part:
        return _answer(_block(found, part, context), status)
    return _framed(call, context, _block(found, CONTENT, context), status)


def render_once(
    call: Call, template: str, key: str, make: Callable[[], Mapping[str, Any]]
) -> HTMLResponse:
    """The same, with what `make` gives rendered once per key, change of the store and minute.

    `key` must tell apart whatever changes the result; `title` and `page` must be in it too. The
    frame around, with its warnings, is always of now.
    """
    part = asked_part(call) or CONTENT
    event = call.services.feed.number  # before anything is read: what happens after it comes live
    found = environment().get_template(template)
    frame, html = call.services.once(
        f"{template} {part} {key}", lambda: _rendered(found, part, make())
    )
    if asked_part(call):
        return _answer(html, 200)
    return _framed(call, {**frame, "event": event}, html, 200)


def asked_part(call: Call) -> str:
    """The part of the page that is asked for; empty for the whole."""
    return call.request.headers.get(PART_HEADER, "")


def _rendered(
    template: jinja2.Template, part: str, context: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    frame = {name: context[name] for name in ("title", "page", "modules") if name in context}
    return frame, _block(template, part, context)


def _block(template: jinja2.Template, part: str, context: Mapping[str, Any]) -> str:
    block = template.blocks.get(part)
    if block is None:
        raise WrongUsage(f"This page has no part {short_name(part)!r}.")
    return "".join(block(template.new_context(dict(context))))


def _framed(call: Call, context: Mapping[str, Any], content: str, status: int) -> HTMLResponse:
    page = environment().get_template("base.html")
    notices = call.services.feed.notices()
    frame = {
        **context,
        "content": Markup(content),  # noqa: S704 - templates escaped it
        "notices": notices,
        "is_logged_in": call.request.app.state.access.token is not None,
    }
    return _answer(page.render(frame), status)


def _answer(html: str, status: int) -> HTMLResponse:
    return HTMLResponse(html, status, headers={"Vary": PART_HEADER})


@cache
def environment() -> jinja2.Environment:
    """The templates, with everything they may use."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters.update(
        count=count,
        short_count=_known(short_count),
        money=_known(money),
        exact_money=exact_money,
        duration=_known(duration),
        rate=_known(percent),
        figure=figure,
        visible=visible,
        short_name=short_name,
        when=when,
        local_hour=local_hour,
        markup=Markup,
    )
    found.globals.update(
        static=static_url,
        version=__version__,
        modules=(),
        notices=(),
        content="",
        page="",
        event="",
        is_logged_in=False,
    )
    found.globals["ui"] = found.get_template("macros.html").module
    return found


def compile_templates() -> None:
    """Compile all, so that no page waits for its own."""
    for name in environment().list_templates():
        environment().get_template(name)


@cache
def static_url(name: str) -> str:
    """The address of a static file, another one whenever its content is another."""
    path = _STATIC / name
    stamp = hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest() if path.is_file() else ""
    return f"{STATIC_PREFIX}/{name}?v={stamp}"


def count(value: int | None) -> str:
    """`1,234,567`, a dash where it is not known."""
    return NOT_KNOWN if value is None else f"{value:,}"


def exact_money(value: Decimal | None) -> str:
    """US dollars with every digit there is."""
    return NOT_KNOWN if value is None else f"${value:,f}"


def when(timestamp_ms: int | None, offset: Offset, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment on the wall clock of the data's zone, as `form` (see `time.strftime`) writes it."""
    if timestamp_ms is None:
        return NOT_KNOWN
    seconds = timestamp_ms // 1000
    return time.strftime(form, time.gmtime(seconds + offset(seconds)))


def local_hour(label: str) -> str:
    """`2026-11-03T14` as `3 Nov 2026, 14:00`."""
    moment = datetime.fromisoformat(label)
    return f"{moment.day} {moment:%b %Y, %H:00}"


def _known(form: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same, with a dash for what is not known."""

    def formatted(value: Any) -> str:  # noqa: ANN401 - whatever `form` takes
        return NOT_KNOWN if value is None else form(value)

    return formatted
