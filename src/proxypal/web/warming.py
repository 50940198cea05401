"""What would make the first look slow is done before it: templates, the overview's questions.

Then the memory of the process is settled: what is there now stays as long as it runs, and the
garbage collector need not walk through it again and again, 30 to 60 ms each time. Only for a
process that does nothing but serve. Must not enter: what is shown.
"""

import contextlib
import gc

from proxypal.clock import offset_of
from proxypal.errors import StoreError
from proxypal.service.overview import Asker, OverviewWords, breakdown, choices, headline
from proxypal.web.rendering import compile_templates
from proxypal.web.services import Services

_ALLOCATED_AT_LEAST = 10_000
"""Objects more than before until the youngest are looked through: a page makes some thousands."""


def warm_up(services: Services) -> None:
    """Do it; takes a few tenths of a second. What cannot be read will be told to who looks."""
    compile_templates()
    with contextlib.suppress(StoreError):
        _ask_once(services)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATED_AT_LEAST, *gc.get_threshold()[1:])


def _ask_once(services: Services) -> None:
    """What was summed up of days gone by is remembered by the store."""
    store = services.store
    offset = offset_of(store.settings().zone)
    asker = Asker(store, services.settings(), services.clock(), offset)
    words = OverviewWords()
    stats = store.get_usage_stats(series=False)
    if stats.total_requests:
        first_day = stats.requests_by_day[0].label if stats.requests_by_day else None
        breakdown(asker, words, headline(asker, words, first_day))
        choices(asker, stats)
