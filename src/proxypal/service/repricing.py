"""`proxypal prices --reprice`: what today's prices would change in what was counted.

Must not enter: the rules of what may be priced (`records.repricing_plan`), and asking the person.
"""

from proxypal.errors import WrongUsage
from proxypal.records.attempt import Attempt
from proxypal.records.counters import plain_money
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_payload import read_payload
from proxypal.records.repriced import Repricing
from proxypal.records.repricing_plan import Quoted, plan
from proxypal.service.pricing import Pricing
from proxypal.service.settings_file import FILE_NAME
from proxypal.store.protocol import RequestStore
from proxypal.store.values import Backup


def plan_repricing(
    store: RequestStore, pricing: Pricing, *, model: str | None = None, corrects: bool = False
) -> Repricing:
    """What a re-pricing would change; nothing is changed yet.

    Args:
        store: whose totals.
        pricing: the prices known now.
        model: only this model; None for all.
        corrects: also requests of history that have a cost, where the settings file has a price
            of its own for their model.

    Raises:
        WrongUsage: the settings file is not sound; a price could be missing from it.
    """
    if pricing.settings.problems:
        problems = " ".join(pricing.settings.problems)
        raise WrongUsage(f"{problems} Put this right first; nothing was re-priced.")

    def quoted(provider: str, name: str, tier: str | None) -> Quoted | None:
        quote = pricing.quote(provider, name, tier)
        if quote.schedule is None:
            return None
        return Quoted(quote.schedule, is_own=quote.origin == FILE_NAME)

    # What was kept is scrubbed already: its labels stay, whatever the secret, and are not used.
    labels = KeyLabels(b"not used")

    def read(payload: bytes) -> Attempt | None:
        told = read_payload(payload, labels)
        return told if isinstance(told, Attempt) else None

    return plan(store.priceable(), quoted, read_payload=read, model=model, corrects=corrects)


def apply_repricing(store: RequestStore, repricing: Repricing) -> Backup | None:
    """Change what was planned, as far as it still is as it was; None if nothing is."""
    cost = plain_money(repricing.added.cost_usd)
    return store.reprice(repricing, f"{repricing.count} requests, {cost:+f} USD")
