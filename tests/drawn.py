"""Reading a drawing back, as a browser would: elements, attributes, what is written in it."""

from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from proxypal.charts.chart import Chart
from proxypal.charts.visible_text import visible

Element = ET.Element

HOSTILE = "<img src=x onerror=alert(1)>\"'&]]>\x00\x1b[31m\n\u202egnp.exe\u2066\ud800"
"""A name that breaks out of markup, moves a cursor, reorders a line and cannot be encoded."""

_PASSIVE = {"svg", "g", "rect", "line", "path", "circle", "text"}
_ATTRIBUTES = {
    *("class", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "rx", "d", "cx", "cy", "r"),
    *("viewBox", "preserveAspectRatio", "pathLength", "stroke-dasharray", "stroke-dashoffset"),
    *("transform", "text-anchor", "vector-effect", "data-tip", "role", "aria-label", "aria-hidden"),
}


def parsed(svg: str) -> Element:
    """The drawing as a tree, after what every drawing promises was checked.

    It is well-formed XML that can be encoded; there is nothing in it but passive shapes and text;
    no attribute styles or runs anything; all numbers are numbers.
    """
    root = ET.fromstring(svg.encode())
    for element in root.iter():
        name = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
        assert name in _PASSIVE
        assert set(element.attrib) <= _ATTRIBUTES
        for key in set(element.attrib) - {"data-tip", "aria-label", "class"}:
            assert "nan" not in element.attrib[key].lower().replace("evenodd", "")
            assert "inf" not in element.attrib[key].lower()
        assert visible(element.text or "") == (element.text or "")
    return root


def of_class(root: Element, css: str) -> list[Element]:
    """Every element that bears the class."""
    return [element for element in root.iter() if css in element.get("class", "").split()]


def texts(root: Element) -> list[str]:
    """Everything that is written in the drawing."""
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def amount(element: Element, name: str) -> float:
    """A length or a position, in pixels or percent."""
    return float(element.get(name, "0").removesuffix("%"))


def tips(root: Element) -> list[str]:
    """What marks say when they are pointed at."""
    return [told for element in root.iter() if (told := element.get("data-tip"))]


def whole_is_safe(chart: Chart) -> None:
    """Words and table can be sent, and nothing hides in them."""
    words = [
        chart.title,
        chart.summary,
        *chart.header,
        *(cell for row in chart.rows for cell in row),
    ]
    words += [part for entry in chart.legend for part in entry]
    for word in words:
        word.encode()
        assert visible(word) == word
    assert all(len(row) == len(chart.header) for row in chart.rows)


def names() -> st.SearchStrategy[str]:
    """Names as they may be recorded: any text, the hostile one among them."""
    any_char = st.characters()  # control characters and half surrogate pairs too
    return st.just(HOSTILE) | st.text(any_char, max_size=12) | st.just("W" * 1_000)


def values() -> st.SearchStrategy[float | None]:
    """Figures: usual ones, and what a division by zero or an overflow leaves behind."""
    usual = st.floats(0, 1e7) | st.integers(0, 2**53 - 1).map(float)
    odd = st.sampled_from([float("nan"), float("inf"), -1.0, 0.0, 1e-9, 1e300])
    return st.none() | usual | odd
