"""Charts as SVG text: numbers in, markup out. Pure: no clock, no files, no page around them.

A drawing is as wide as the page makes it (`svg` of 100 %, positions in percent) while its text and
bars keep their size, so one drawing serves a phone and a wall. Colours are CSS classes
(`series-1`...), see web/static/charts.css; there is no style attribute, script or id in it.
"""
