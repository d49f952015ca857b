"""What a signature is to show: ordered with its intent, drawn when it is made.

ND 30/2020 Annex I: a person's signature and the agency's on the main text show an image in the box
that was reserved for it; on separate attachments and digitised copies the agency's shows text at
the top right of page one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from signing import placement
from signing.appearance import Stamp
from signing.fields import Box

Kind = Literal["person", "agency", "attachment", "copy"]

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_WIDEST = 240.0  # points: longer names go on in the next line; nearly half of A4


@dataclass(frozen=True)
class StampOrder:
    """What a signature is to show: the stored image (digest and size), or lines of text."""

    kind: Kind
    image_sha256: str | None = None
    image_bytes: int | None = None
    lines: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> StampOrder:
        """Read `SigningIntent.stamp`."""
        content = json.loads(text)
        return cls(**{**content, "lines": tuple(content["lines"])})

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def attachment_stamp(code: str) -> StampOrder:
    """On a separate attachment: number and symbol (part I, II.8.b, III.1.d); the time is added."""
    return StampOrder("attachment", lines=(code,))


def copy_stamp(agency: str) -> StampOrder:
    """On a digitised paper: form of copy and agency (part II, I.1, I.3.c); the time is added."""
    return StampOrder("copy", lines=(f"SAO Y; {agency}",))


def laid_out(
    order: StampOrder, image: bytes | None, source: Path, moment: datetime
) -> tuple[Stamp, Box | None]:
    """The stamp, and where it goes when no box is reserved for it.

    `image` is what `order` names, `moment` the time of signing that the signature will claim.

    Raises SigningRefused: no room at the top right, or a letter that the face lacks.
    """
    if order.kind in ("person", "agency"):
        return Stamp(image=image), None
    time = moment.astimezone(_VIETNAM).isoformat(timespec="seconds")
    stamp = Stamp(lines=(*order.lines, time)).within(_WIDEST)
    return stamp, placement.top_right(source, *stamp.text_size)
