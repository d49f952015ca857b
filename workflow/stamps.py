"""What a signature is to show: ordered with its intent, drawn when it is made.

ND 30/2020 Annex I: a person's signature and the agency's on the main text show an image in the box
that was reserved for it; on separate attachments and digitised copies the agency's shows text at
the top right of page one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from signing import placement
from signing.appearance import Stamp
from signing.errors import SigningRefused
from signing.fields import Box
from signing.sandbox import Sandbox

Kind = Literal["person", "agency", "attachment", "copy"]

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_HAND_MM = (45.0, 20.0)  # the room under a seal where the person's own image is not known
_WIDEST = 240.0  # points: longer names go on in the next line; nearly half of A4


@dataclass(frozen=True)
class Signatory:
    """Who signs a main text: name and titles as they may be printed, and the image's size in mm.

    Without an image the signature is invisible.
    """

    name: str
    titles: tuple[str, ...]
    image_mm: tuple[float, float] | None


@dataclass(frozen=True)
class Places:
    """Boxes of the persons' signatures and of the agency's; None for what does not show."""

    persons: tuple[Box | None, ...]
    seal: Box | None


@dataclass(frozen=True)
class Showing:
    """What the signatures on a main text show: the persons', and the seal over one of them."""

    signatories: tuple[Signatory, ...]
    seal_mm: tuple[float, float] | None
    sealed_over: int

    def places(
        self, sandbox: Sandbox, source: Path, given: Sequence[Box | None], taken: Sequence[Box]
    ) -> Places:
        """Where it all goes: a place in `given` first, then what the page says, not over `taken`.

        Raises SigningRefused: no place is given or found, or it is off the page or taken.
        """
        sizes = [signatory.image_mm for signatory in self.signatories]
        if self.seal_mm is not None:
            sizes[self.sealed_over] = sizes[self.sealed_over] or _HAND_MM
        hands: list[Box | None] = []
        for number, (signatory, size) in enumerate(zip(self.signatories, sizes, strict=True)):
            box = given[number] if number < len(given) else None
            hands.append(None if size is None else _place(sandbox, source, signatory, size, box))
        others = [*taken]
        for hand in filter(None, hands):
            sandbox.check_free(source, hand, others)
            others.append(hand)
        seal, under = None, hands[self.sealed_over]
        if self.seal_mm is not None and under is not None:
            turned = sandbox.turned(source, under.page)
            seal = placement.seal_box(under, *self.seal_mm, turned)
            sandbox.check_free(source, seal, [box for box in others if box is not under])
        shown = tuple(
            hand if signatory.image_mm else None
            for signatory, hand in zip(self.signatories, hands, strict=True)
        )
        return Places(shown, seal)


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


@dataclass(frozen=True)
class Shows:
    """What a signature shows: what was ordered, and the image where that names one."""

    order: StampOrder
    image: bytes | None = None

    def laid_out(
        self, sandbox: Sandbox, source: Path, moment: datetime
    ) -> tuple[Stamp, Box | None]:
        """The stamp, and where it goes when no box is reserved for it.

        `moment` is the time of signing that the signature will claim.

        Raises SigningRefused: no room at the top right, or a letter that the face lacks.
        """
        if self.order.kind in ("person", "agency"):
            return Stamp(image=self.image), None
        time = moment.astimezone(_VIETNAM).isoformat(timespec="seconds")
        stamp = Stamp(lines=(*self.order.lines, time)).within(_WIDEST)
        return stamp, sandbox.top_right(source, *stamp.text_size)


def _place(
    sandbox: Sandbox,
    source: Path,
    signatory: Signatory,
    size_mm: tuple[float, float],
    given: Box | None,
) -> Box:
    width, height = (side * placement.POINTS_PER_MM for side in size_mm)
    if given is not None:
        return placement.fitted(given, width, height, sandbox.turned(source, given.page))
    found = sandbox.person_box(source, signatory.titles, signatory.name, width, height)
    if found is None:
        raise SigningRefused(
            "place_unknown",
            f"Không tìm thấy chỗ ký của “{signatory.name}”: họ tên phải nằm dưới chức vụ, cách một "
            "khoảng để ký. Hãy sửa tệp hoặc chỉ rõ vị trí chữ ký trong dự thảo rồi trình lại.",
        )
    return found
