from proxypal.web.plain_page import paragraph, plain_page


def test_text_is_escaped() -> None:
    """Whatever a sentence or a title holds is shown, not run."""
    page = plain_page("<b>", paragraph('<script>"&'))
    assert "<h1>&lt;b&gt;</h1>" in page
    assert "<p>&lt;script&gt;&quot;&amp;</p>" in page


def test_nothing_is_inline() -> None:
    """The page stands under a policy that forbids scripts and styles in it."""
    page = plain_page("a", paragraph("b"))
    assert "<script" not in page
    assert "style=" not in page
    assert "<style" not in page
