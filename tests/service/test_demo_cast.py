"""Nobody in the invented traffic exists."""

import random
from collections import Counter

from proxypal.records.detection import provider_of_model
from proxypal.records.masking import is_masked
from proxypal.service.demo_cast import KEYS, MODELS, key_of, model_of


def test_nobody_can_be_recognised() -> None:
    """Keys and accounts are masks, and of nobody: their domain can belong to no one."""
    assert all(is_masked(key) and "DEM" in key for key in KEYS)
    assert all(model.account.endswith("@demo.example") for model in MODELS)
    assert all(is_masked(model.account) for model in MODELS)


def test_models_belong_to_their_providers() -> None:
    """A model is where the recorder itself would put it."""
    assert [provider_of_model(model.name) for model in MODELS] == [
        model.provider for model in MODELS
    ]


def test_models_come_and_go() -> None:
    """One took another's place some weeks ago; the others were there all the time."""
    chance = random.Random(1)
    now = {model_of(chance, 1).name for _ in range(500)}
    before = {model_of(chance, 80).name for _ in range(500)}
    assert now - before == {"claude-sonnet-5"}
    assert before - now == {"claude-sonnet-4-6"}


def test_jobs_use_small_models_more_often_than_people() -> None:
    """Keys differ in what they are used for."""
    chance = random.Random(1)
    small, large = MODELS[3], MODELS[2]
    uses = {
        model.name: Counter(key_of(chance, model) for _ in range(2000)) for model in (small, large)
    }
    nightly = next(key for key, name in KEYS.items() if name == "nightly jobs")
    assert uses[small.name][nightly] > 2 * uses[large.name][nightly]
