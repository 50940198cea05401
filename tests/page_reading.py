"""HTML read the way a browser does: elements with their attributes and the text inside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

INLINE = {"a", "span", "strong", "code", "time"}
"""What stands within a line; everything else begins a new one."""

VOID = {"meta", "link", "input", "br", "hr", "img", "area", "path", "rect", "circle", "line"}


@dataclass
class Element:
    """An element; `text` is all text inside it, runs of white space as one space."""

    tag: str
    attributes: Mapping[str, str]
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside."""
        return " ".join("".join(self.pieces).split())


class Page(HTMLParser):
    """A page or a part of one."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in INLINE:
            self.handle_data(" ")
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """See `HTMLParser`."""
        assert any(element.tag == tag for element in self._open), f"</{tag}> closes nothing"
        while self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        """See `HTMLParser`."""
        for element in self._open:
            element.pieces.append(data)

    @property
    def seen(self) -> str:
        """All text that can be seen or heard: what stands there, tooltips, labels."""
        told = ("title", "aria-label", "data-tip", "placeholder", "alt")
        texts = [
            one.attributes[name] for one in self.elements for name in told if name in one.attributes
        ]
        return "\n".join([*(one.text for one in self.elements), *texts])

    def all(self, name: str, value: str | None = None) -> list[Element]:
        """Elements with an attribute (`class` has any of its words), or of a tag."""
        if value is None:
            return [one for one in self.elements if name == one.tag or name in one.attributes]
        return [
            one
            for one in self.elements
            if one.attributes.get(name) == value
            or (name == "class" and value in one.attributes.get(name, "").split())
        ]

    def one(self, name: str, value: str | None = None) -> Element:
        """The only such element."""
        found = self.all(name, value)
        assert len(found) == 1, f"{len(found)} elements with {name}={value}"
        return found[0]
