"""`/login`: where a browser shows the token once and gets a cookie for it.

The token comes in the body of a form, never in a URL. Must not enter: data.
"""

from html import escape
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, RedirectResponse, Response

from proxypal.web.access import COOKIE, Access
from proxypal.web.endpoints import Call, Endpoint
from proxypal.web.plain_page import paragraph, plain_page

_KEPT_S = 400 * 24 * 3600
"""As long as browsers keep a cookie at most; another token ends it at once."""

_WHERE = (
    "This server can be reached from other machines, so it asks for its token. It is in the "
    "file that `proxypal serve` named when it started."
)
_WRONG = "That is not the token of this server."
_FORM = """{said}
<form method="post" action="/login">
<input type="hidden" name="next" value="{back}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus
 spellcheck="false" autocapitalize="none"{described}>
<button type="submit">Log in</button>
</form>"""


def _show(call: Call) -> Response:
    back = _own_path(call.request.query_params.get("next", "/"))
    if _access(call).admits(None, call.request.cookies.get(COOKIE)):
        return RedirectResponse(back, 303)
    return _form(back, 200)


def _log_in(call: Call) -> Response:
    fields = parse_qs(call.body.decode("utf-8", "replace"))
    back = _own_path(fields.get("next", ["/"])[0])
    access = _access(call)
    if not access.accepts_token(fields.get("token", [""])[0].strip()):
        return _form(back, 403, _WRONG)
    response = RedirectResponse(back, 303)
    response.set_cookie(
        COOKIE, access.cookie(), max_age=_KEPT_S, path="/", httponly=True, samesite="strict"
    )
    return response


def _log_out(call: Call) -> Response:  # noqa: ARG001 - every endpoint takes a call
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _form(back: str, status: int, wrong: str = "") -> Response:
    said = f'<p id="wrong" class="plain-wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    described = ' aria-describedby="wrong" aria-invalid="true"' if wrong else ""
    form = _FORM.format(said=said + paragraph(_WHERE), back=escape(back), described=described)
    return HTMLResponse(plain_page("Log in", form), status)


def _own_path(path: str) -> str:
    """Where to go after: a path of this server, or the overview."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own and path.isascii() else "/"


def _access(call: Call) -> Access:
    access = call.request.app.state.access
    assert isinstance(access, Access)  # noqa: S101 - what create_app puts there
    return access


ENDPOINTS = (
    Endpoint(method="GET", path="/login", summary="Log in", handle=_show, in_document=False),
    Endpoint(
        method="POST",
        path="/login",
        summary="Log in",
        handle=_log_in,
        body_media_types=("application/x-www-form-urlencoded",),
        in_document=False,
    ),
    Endpoint(method="POST", path="/logout", summary="Log out", handle=_log_out, in_document=False),
)
