"""The colours of charts can be seen, and told apart by everyone."""

import itertools
import math
import re
from pathlib import Path

import pytest

from proxypal.charts.chart import COLOURS
from proxypal.charts.heatmap import SHADES

STATIC = Path(__file__).parents[2] / "src" / "proxypal" / "web" / "static"
CSS = (STATIC / "charts.css").read_text(encoding="utf-8")
SURFACES = {"light": "#ffffff", "dark": "#161a20"}
THEMES = ("light", "dark")

PAIR = re.compile(
    r"--([a-z0-9-]+): (?:var\(--[a-z]+, )?light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)"
)
COLOURS_OF = {
    theme: {found[1]: found[place] for found in PAIR.finditer(CSS)}
    for place, theme in enumerate(THEMES, 2)
}

SEEN_WITH = {
    # Machado, Oliveira and Fernandes 2009, severity 1: what is left of linear red, green, blue.
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _light(red), _light(green), _light(blue)


def _light(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """By WCAG 2."""
    lights = []
    for colour in (one, other):
        red, green, blue = linear(colour)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(lights) / min(lights)


def oklab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """Where differences are as far apart as they look (Ottosson 2020)."""
    red, green, blue = (min(max(part, 0.0), 1.0) for part in rgb)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def apart(one: str, other: str, eyes: str) -> float:
    """How different two colours look to those eyes."""
    found = []
    for colour in (one, other):
        parts = linear(colour)
        rows = SEEN_WITH[eyes]
        found.append(
            oklab(tuple(sum(a * b for a, b in zip(row, parts, strict=True)) for row in rows))
        )
    return math.dist(*found)


@pytest.mark.parametrize("theme", THEMES)
def test_every_series_stands_out_from_the_page(theme: str) -> None:
    """At least 3:1 (WCAG 1.4.11) on the surface of both themes."""
    names = [*(f"series-{n}" for n in range(1, COLOURS + 1)), "series-rest"]
    names += ["gauge-good", "gauge-fair", "gauge-poor"]
    weak = {
        name: round(found, 2)
        for name in names
        if (found := contrast(COLOURS_OF[theme][name], SURFACES[theme])) < 3
    }
    assert weak == {}


@pytest.mark.parametrize("eyes", SEEN_WITH)
@pytest.mark.parametrize("theme", THEMES)
def test_series_are_told_apart_by_everyone(theme: str, eyes: str) -> None:
    """No two of the eight look alike, to colour-blind eyes neither."""
    colours = [COLOURS_OF[theme][f"series-{n}"] for n in range(1, COLOURS + 1)]
    closest = min((apart(a, b, eyes), a, b) for a, b in itertools.combinations(colours, 2))
    assert closest[0] > 0.07, closest


@pytest.mark.parametrize("theme", THEMES)
def test_shades_of_the_week_go_one_way(theme: str) -> None:
    """Each shade is further from the page than the one before."""
    shades = [COLOURS_OF[theme][f"heat-{n}"] for n in range(SHADES + 1)]
    found = [contrast(shade, SURFACES[theme]) for shade in shades]
    assert found == sorted(found)
    steps = [apart(a, b, "all cones") for a, b in itertools.pairwise(shades)]
    assert min(steps) > 0.05


def test_every_class_of_a_drawing_has_its_colour() -> None:
    """No mark is drawn in black because its class was forgotten."""
    needed = {f"series-{n}" for n in range(1, COLOURS + 1)} | {
        f"heat-{n}" for n in range(SHADES + 1)
    }
    needed |= {"series-rest", "percentile-1", "percentile-2", "percentile-3"}
    needed |= {"gauge-good", "gauge-fair", "gauge-poor"}
    assert {name for name in needed if f".{name} {{ --colour: " not in CSS} == set()


def test_a_chart_is_measured_by_what_it_stands_in() -> None:
    """Labels for wide pages are seen on wide pages: the figure of the pages is the container."""
    macros = (STATIC.parent / "templates" / "macros.html").read_text(encoding="utf-8")
    (figure,) = re.findall(r'<figure class="([a-z-]+)', macros)
    assert re.search(rf"^\.{figure} {{\s+container-type: inline-size;", CSS, re.MULTILINE)
