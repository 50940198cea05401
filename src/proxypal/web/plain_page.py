"""A page with a heading and a few sentences: what is shown when the real ones cannot be.

It stands on no template and no data, so that it works when those do not. Must not enter: data.
"""

from html import escape

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · ProxyPal</title>
<link rel="stylesheet" href="/static/theme.css">
<link rel="stylesheet" href="/static/plain.css">
</head>
<body class="plain">
<main class="plain-card">
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def paragraph(text: str) -> str:
    """A sentence as HTML, whatever is in it."""
    return f"<p>{escape(text)}</p>"


def plain_page(title: str, body: str) -> str:
    """A whole page. `title` is text, `body` is HTML."""
    return _PAGE.format(title=escape(title), body=body)
