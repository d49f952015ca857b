"""Genuine signed files to spoil, and where their parts lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.hostile.cases import Desk
from tests.hostile.cms_encodings import stamped
from tests.hostile.envelopes import Envelope
from tests.hostile.forms import empty
from tests.hostile.genuine_later import dss
from tests.hostile.paper import BLANK, CATALOG, FONT, INFO, PAGE, Paper, paints
from tests.hostile.shadow import covered, layered

_SIGNED = re.compile(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\s*\]")


@dataclass(frozen=True)
class Seed:
    """A file as it was made; `signer` may put another signature on it, whose key nobody trusts."""

    paper: Paper
    stranger: Callable[[Paper], Paper]

    @property
    def content(self) -> bytes:
        return self.paper.contents

    @cached_property
    def gaps(self) -> Sequence[tuple[int, int]]:
        """Where the signatures' strings lie, without their brackets."""
        return [(int(found[1]) + 1, int(found[2]) - 1) for found in _SIGNED.finditer(self.content)]

    @cached_property
    def covered_bytes(self) -> int:
        """How much of the file signatures cover; behind it is what nobody signed."""
        return max(int(found[2]) + int(found[3]) for found in _SIGNED.finditer(self.content))


def seeds(desk: Desk) -> list[Seed]:
    """A few files of a few kilobytes: signed once and more often, with tables and with streams."""

    def packed() -> Paper:
        paper = Paper.page()
        paper.pack({number: paper.objects[number] for number in (CATALOG, PAGE, FONT, INFO)})
        return paper.end("stream").sign(desk.person, how="stream")

    def archived() -> Paper:
        paper = desk.signed()
        dss(vri=True)(paper)
        return paper.end().stamp(desk.tsa)

    def stored() -> Paper:
        paper = desk.signed().sign(desk.agency, "agency", rect=BLANK, appearance=paints())
        dss()(paper)
        return paper.end("stream")

    def timed() -> Paper:
        made = Envelope(unsigned=lambda value: [stamped(desk, value)])
        return Paper.page().end().sign(desk.person, cms=made, room_bytes=6000)

    papers = (desk.signed(), packed(), archived(), stored(), timed())
    papers += (empty(desk), covered(desk), layered(desk))
    return [Seed(paper, lambda made: made.sign(desk.stranger, "stranger")) for paper in papers]
