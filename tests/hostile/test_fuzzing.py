"""A short slice of the fuzzing that `make fuzz` does for as long as it is told."""

from __future__ import annotations

import pytest

from signing.trust import Trust
from signing.validation import validate
from tests.hostile.cases import Desk
from tests.hostile.fuzzing import run
from tests.hostile.mutations import MUTATIONS
from tests.hostile.seeds import Seed, seeds


@pytest.fixture(scope="module")
def sown() -> list[Seed]:
    return seeds(Desk())


@pytest.mark.parametrize("mutation", sorted(MUTATIONS))
def test_nothing_spoilt_is_intact_and_everything_is_answered(
    sown: list[Seed], mutation: str
) -> None:
    tally = run(sown, iter(range(40)), [mutation])
    assert sum(tally.answers.values()) == 40
    assert not tally.findings, [(item.ordinal, item.fault) for item in tally.findings]


def test_what_is_spoilt_was_genuine(sown: list[Seed]) -> None:
    said = {validate(seed.content, trust=Trust(anchors=())).integrity for seed in sown}
    assert said == {"INTACT"}
