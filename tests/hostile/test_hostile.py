"""What the judge says of hostile files, class by class, and of the genuine ones beside them.

Integrity needs no anchor, so none is configured here: whoever signed, the bytes are what they are.
"""

from __future__ import annotations

from itertools import chain

import pytest

from signing.trust import Trust
from signing.validation import validate
from tests.hostile import (
    byte_ranges,
    certification,
    cms_encodings,
    cms_floods,
    dangling,
    duplicates,
    forms,
    genuine,
    genuine_later,
    incremental,
    incremental_objects,
    linearized,
    overlays,
    overlays_odd,
    overlays_unseen,
    shadow,
    two_names,
    wrapping,
)
from tests.hostile.cases import Case, Desk

MODULES = (
    byte_ranges,
    certification,
    cms_encodings,
    cms_floods,
    dangling,
    duplicates,
    forms,
    genuine,
    genuine_later,
    incremental,
    incremental_objects,
    linearized,
    overlays,
    overlays_odd,
    overlays_unseen,
    shadow,
    two_names,
    wrapping,
)
CASES = list(chain.from_iterable(module.CASES for module in MODULES))


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_said_of_a_file(desk: Desk, case: Case) -> None:
    report = validate(case.build(desk), trust=Trust(anchors=()))
    assert report.integrity in case.expected, (case.why, [item.code for item in report.reasons])
    assert report.reasons
