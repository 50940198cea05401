"""Re-price in the store: totals as if the price had always been known, and back."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import DAY_MS, HOUR_MS, NOW_MS, a_request, a_store, facts_of
from proxypal.errors import AlreadyUndone, WrongUsage
from proxypal.records.aggregate import Aggregate
from proxypal.records.repricing_plan import TOTALS_ONLY, plan
from proxypal.store import Store
from repricing_runs import a_store_of, an_unpriced, plan_of, priced, quote


def analytics(store: Store) -> Aggregate:
    """The totals, without when tracking began."""
    return msgspec.structs.replace(store.get_aggregate(), created_at=0)


def ranges(store: Store) -> list[object]:
    """What the hours, models and providers of a span say."""
    since_ms, until_ms = NOW_MS - HOUR_MS, NOW_MS + 2 * HOUR_MS
    groups = ("hour", "day", "model", "provider")
    return [store.usage_by(group, since_ms, until_ms) for group in groups]  # type: ignore[arg-type]  # each is a group


@pytest.mark.parametrize("history_limit", [0, 3, 500])
def test_totals_become_what_they_would_have_been(tmp_path: Path, history_limit: int) -> None:
    """Whether rows are left or only sums: every total, hour, model and span is as if priced."""
    requests = [an_unpriced(number) for number in range(10)]
    requests += [an_unpriced(20, model="other-model"), an_unpriced(21, model="unlisted")]
    store, _ = a_store_of(tmp_path / "a", requests, history_limit=history_limit)
    truth, _ = a_store_of(
        tmp_path / "b", [priced(one) for one in requests], history_limit=history_limit
    )
    with store, truth:
        before, ranges_before = analytics(store), ranges(store)
        plan = plan_of(store)
        assert plan.count == 11
        assert len(plan.requests) == min(max(history_limit - 1, 0), 11), "one is unlisted"
        assert [(left.model, left.requests) for left in plan.left_alone] == [("unlisted", 1)]
        assert analytics(store) == before, "a plan changes nothing"
        backup = store.reprice(plan)
        assert backup is not None
        assert (backup.kind, backup.requests) == ("reprice", 11)
        assert analytics(store) == analytics(truth)
        assert ranges(store) == ranges(truth)
        assert store.get_request_history() == truth.get_request_history()
        assert all(finding.ok for finding in store.check() if "sum" in finding.check)
        assert not plan_of(store), "there is nothing left to price"

        store.restore(backup.name)
        assert analytics(store) == before
        assert ranges(store) == ranges_before
        with pytest.raises(AlreadyUndone):
            store.restore(backup.name)


def test_undo_keeps_what_came_after(tmp_path: Path) -> None:
    """Requests recorded after a re-pricing stay, with their cost, when it is undone."""
    requests = [an_unpriced(number) for number in range(4)]
    store, clock = a_store_of(tmp_path, requests, history_limit=2)
    with store:
        before = store.get_usage_stats()
        backup = store.reprice(plan_of(store))
        assert backup is not None
        later = an_unpriced(400, timestamp=clock.now_ms)
        store.record([priced(later), later])
        store.restore(backup.name)
        stats = store.get_usage_stats()
        assert stats.total_cost_usd == before.total_cost_usd + (priced(later).cost_usd or 0)
        assert stats.unpriced_requests == before.unpriced_requests + 1
        assert stats.total_requests == before.total_requests + 2


def test_what_changed_meanwhile_is_not_touched(tmp_path: Path) -> None:
    """Between the look and the yes a request got its cost: it is not priced a second time."""
    with a_store(tmp_path) as store:
        store.record([an_unpriced(0, id="a", timestamp=NOW_MS), an_unpriced(1, timestamp=NOW_MS)])
        plan = plan_of(store)
        store.revise("a", {"cost_usd": Decimal(7)})
        backup = store.reprice(plan)
        assert backup is not None
        assert backup.requests == 1
        rows = store.get_request_history().requests
        expected = Decimal(7) + (rows[1].cost_usd or 0)
        assert store.get_usage_stats().total_cost_usd == expected
        assert store.get_usage_stats().unpriced_requests == 0
        assert store.reprice(plan) is None


def test_a_request_revised_after_it_is_counted_once(tmp_path: Path) -> None:
    """A later fact about a request that was re-priced moves totals from its new cost on."""
    with a_store(tmp_path) as store:
        store.record([an_unpriced(0, id="a", timestamp=NOW_MS)])
        store.reprice(plan_of(store))
        store.revise("a", {"status": 500})
        store.revise("a", {"cost_usd": Decimal(3)})
        stats = store.get_usage_stats()
        assert stats.total_cost_usd == 3
        assert stats.unpriced_requests == 0


def test_totals_of_which_nothing_else_is_known_are_left_alone(tmp_path: Path) -> None:
    """Sums of an old file, without an hour or a row, stay unpriced and are said to be."""
    with a_store(tmp_path) as store:
        facts = facts_of([], undated=[an_unpriced(0), an_unpriced(1)])
        store.import_facts(facts, fingerprint="f")
        plan = plan_of(store)
        assert not plan
        assert [(left.requests, left.reason) for left in plan.left_alone] == [(2, TOTALS_ONLY)]


def test_rows_of_an_old_file_are_priced_in_its_totals(tmp_path: Path) -> None:
    """An imported row is in the totals without an hour's cell: totals get its cost all the same."""
    requests = [an_unpriced(number, timestamp=NOW_MS - DAY_MS + number) for number in range(3)]
    with a_store(tmp_path / "a") as store, a_store(tmp_path / "b") as truth:
        store.import_facts(facts_of(requests), fingerprint="f")
        truth.import_facts(facts_of([priced(one) for one in requests]), fingerprint="f")
        backup = store.reprice(plan_of(store))
        assert backup is not None
        assert analytics(store) == analytics(truth)
        span = (NOW_MS - 2 * DAY_MS, NOW_MS)
        assert store.usage_by("model", *span) == truth.usage_by("model", *span)


def test_totals_that_say_otherwise_are_not_driven_below_zero(tmp_path: Path) -> None:
    """An old file's totals may hold a row as priced: then the row is left as it is."""
    request = an_unpriced(0, timestamp=NOW_MS - DAY_MS)
    facts = facts_of([request])
    for counters in facts.sums.values():
        counters.unpriced = 0
    with a_store(tmp_path) as store:
        store.import_facts(facts, fingerprint="f")
        assert store.reprice(plan_of(store)) is None
        assert store.get_usage_stats().unpriced_requests == 0


def test_a_request_from_before_the_reset_is_not_priced(tmp_path: Path) -> None:
    """Its numbers are put aside: the totals of now must not get its cost."""
    with a_store(tmp_path) as store:
        store.record([an_unpriced(0, timestamp=NOW_MS)])
        store.reset_aggregate_stats()
        store.record([an_unpriced(1, timestamp=NOW_MS)])
        plan = plan_of(store)
        assert plan.count == 1
        store.reprice(plan)
        stats = store.get_usage_stats()
        assert stats.unpriced_requests == 0
        assert stats.total_cost_usd == priced(an_unpriced(1)).cost_usd


def test_rows_that_outlived_a_reset_are_not_priced(tmp_path: Path) -> None:
    """Also hours later, when nothing but the row is left of them."""
    store, _ = a_store_of(tmp_path, [an_unpriced(number) for number in range(3)])
    with store:
        store.reset_aggregate_stats()
        assert len(store.get_request_history().requests) > 3
        assert not plan_of(store)


def test_corrections_follow_the_user_s_price(tmp_path: Path) -> None:
    """A wrong cost in the history moves every total by the difference, and back."""
    wrong = [an_unpriced(number, timestamp=NOW_MS, cost_usd=Decimal(9)) for number in range(2)]
    with a_store(tmp_path) as store:
        store.record(wrong)

        def own(provider: str, model: str, tier: str | None) -> object:
            found = quote(provider, model, tier)
            return None if found is None else msgspec.structs.replace(found, is_own=True)

        repricing = plan(store.priceable(), own, corrects=True)  # type: ignore[arg-type]  # replaced, it stays a Quoted
        assert repricing.added.cost_usd < 0
        backup = store.reprice(repricing)
        assert backup is not None
        right = sum(
            priced(msgspec.structs.replace(one, cost_usd=None)).cost_usd or 0 for one in wrong
        )
        assert store.get_usage_stats().total_cost_usd == right
        store.restore(backup.name)
        assert store.get_usage_stats().total_cost_usd == 18


@settings(max_examples=25)
@given(data=st.data())
def test_any_mix_comes_out_exact_and_goes_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever was recorded: totals grow by exactly the plan, and undo takes exactly that off."""
    drawn = st.builds(
        an_unpriced,
        st.integers(0, 300),
        model=st.sampled_from(["new-model", "new-model", "other-model", "unlisted"]),
        tokens_cached=st.none() | st.integers(0, 500),
        provider=st.sampled_from(["claude", "x"]),
        status=st.sampled_from([200, 500]),
        tokens_in=st.integers(1500, 5000),
        tokens_cache_write=st.none() | st.integers(0, 900),
        cost_usd=st.none() | st.just(Decimal("0.5")),
    )
    requests = data.draw(st.lists(drawn, max_size=20))
    limit = data.draw(st.sampled_from([0, 2, 500]))
    path = tmp_path_factory.mktemp("any")
    store, _ = a_store_of(path, requests, history_limit=limit)
    with store:
        before, spans = analytics(store), ranges(store)
        plan = plan_of(store)
        left = sum(one.requests for one in plan.left_alone)
        assert left + plan.count == before.unpriced_requests
        backup = store.reprice(plan)
        after = analytics(store)
        assert after.total_cost_usd == before.total_cost_usd + plan.added.cost_usd
        assert after.unpriced_requests == left
        if not plan.left_alone:
            costs = [priced(one).cost_usd or Decimal(0) for one in requests if not one.cost_usd]
            assert plan.added.cost_usd == sum(costs)
        if backup is not None:
            store.restore(backup.name)
        assert analytics(store) == before
        assert ranges(store) == spans


def test_a_re_pricing_survives_the_loss_of_the_database(tmp_path: Path) -> None:
    """Rebuilt from the two files, the store has the costs that were given."""
    with a_store(tmp_path) as store:
        store.record([a_request(model="new-model", timestamp=NOW_MS)])
        store.reprice(plan_of(store))
        cost = store.get_usage_stats().total_cost_usd
    for file in tmp_path.glob("proxypal.db*"):
        file.unlink()
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_cost_usd == cost > 0
        assert store.get_usage_stats().unpriced_requests == 0


def test_an_import_is_undone_after_what_priced_it(tmp_path: Path) -> None:
    """What a re-pricing added to imported requests comes off first; then nothing is left over."""
    store, _ = a_store_of(tmp_path, [])
    with store:
        before = store.get_aggregate()
        brought = store.import_facts(facts_of([an_unpriced(1)]), fingerprint="f", note="old")
        assert brought is not None
        backup = store.reprice(plan_of(store))
        assert backup is not None
        with pytest.raises(WrongUsage, match=f"first with `proxypal restore {backup.name}`"):
            store.restore(brought.name)
        store.restore(backup.name)
        store.restore(brought.name)
        after = store.get_aggregate()
        assert after.model_stats == before.model_stats
        assert (after.total_cost_usd, after.unpriced_requests) == (Decimal(0), 0)
