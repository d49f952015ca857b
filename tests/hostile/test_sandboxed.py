"""The sandbox's child says what the judge says in process: nothing is missing in there."""

from __future__ import annotations

from signing.sandbox import Sandbox
from signing.trust import Trust
from signing.validation import validate
from tests.hostile import forms, overlays, overlays_unseen
from tests.hostile.cases import Desk

NOBODY = Trust(anchors=())


def test_what_is_drawn_is_judged_alike(sandbox: Sandbox) -> None:
    """Drawing needs modules that were not loaded, and a child can load none."""
    desk = Desk()
    drawn = [*overlays.CASES, *overlays_unseen.CASES, *forms.CASES]
    for case in drawn[::3]:
        contents = case.build(desk)
        inside, here = (
            [(item.code, item.sentence) for item in judge(contents, trust=NOBODY).reasons]
            for judge in (sandbox.validate, validate)
        )
        assert inside == here, case.name
