"""Where number, date and signatures stand on a main text, and the fields reserved for them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from signing import fields
from signing.errors import SigningRefused
from signing.sandbox import Sandbox
from workflow.refusals import unreadable
from workflow.rules.errors import GuardsUnmet
from workflow.rules.signed import AGENCY_FIELD, person_field
from workflow.stamps import Showing


@dataclass(frozen=True)
class Layout:
    """Where number and date stand, and the signers' images one by one.

    A signer's place that is not given is looked for on the page.
    """

    number: fields.Box
    date: fields.Box
    signatures: tuple[fields.Box | None, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Layout:
        """Read `Outgoing.layout`."""
        boxes = json.loads(text)
        return cls(
            number=fields.Box(**boxes["number"]),
            date=fields.Box(**boxes["date"]),
            signatures=tuple(box and fields.Box(**box) for box in boxes["signatures"]),
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


#: Where Annex I part V puts them on A4: under the issuer's name, and right of it under the motto.
DECREE_LAYOUT = Layout(
    number=fields.Box(page=0, x=85, y=715, width=180, height=18),
    date=fields.Box(page=0, x=268, y=715, width=270.5, height=18),
)


def reserve_fields(
    sandbox: Sandbox, source: Path, target: Path, layout: Layout, shown: Showing, *, seal: bool
) -> None:
    """Write a sound `source` with empty number, date and signature fields to `target`.

    A signature shows in its place, if it has one. The last signature locks everything: the
    agency's, or without one the last person's.

    Raises:
        UnreadableDocument: the file is no PDF that can be signed, its page cannot be read within
            the limits, or a box is off it.
        GuardsUnmet: a signature's place is neither given nor found, or it is not free.
    """
    with unreadable():
        try:
            taken = [layout.number, layout.date]
            places = shown.places(sandbox, source, layout.signatures, taken)
        except SigningRefused as refused:
            raise GuardsUnmet([str(refused)]) from refused
        boxes = {person_field(n): box for n, box in enumerate(places.persons, start=1)}
        if seal:
            boxes[AGENCY_FIELD] = places.seal
        last = list(boxes)[-1]
        fields.prepare(
            source,
            target,
            number=layout.number,
            date=layout.date,
            signatures=[
                fields.SignatureField(name, box, locks=name == last) for name, box in boxes.items()
            ],
        )
