"""Every bomb gets an answer within its bounds, and the next file is judged as if nothing had been.

Time is cut short here, so that a bomb that only the clock stops does not hold up the tests; the
bounds of the office are in `make bombs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import get_args

import pytest

from signing.children import Use
from signing.confinement import Bounds
from signing.errors import SigningError
from signing.keys import LiveKey
from signing.report import Verdict
from signing.sandbox import Sandbox
from signing.trust import Trust
from tests.signing import pdfs, pki
from tests.signing.bombs import BOMBS

NOBODY = Trust(anchors=())
#: What native libraries unpack, draw or rewrite.
NATIVE = (
    "cross-references of no width",
    "predictor",
    "object stream of 4 GB",
    "page content, deflated ten times",
    "page that writes for ever",
    "forms that draw forms",
    "page tree that meets itself",
    "arrays, 1,000,000 deep",
)


class Measured(Sandbox):
    """Keeps what the last child used."""

    used: Use

    def _child_ended(self, used: Use) -> None:
        self.used = used


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    with Measured(Bounds(cpu_seconds=2, wall_seconds=6)) as sandbox:
        sandbox.validate(b"", trust=NOBODY)
        yield sandbox


@pytest.fixture(scope="module")
def key() -> LiveKey:
    return pki.Pki().issue(pki.Profile())


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return pdfs.plain(tmp_path / "plain.pdf")


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered_and_the_service_goes_on(
    measured: Measured, key: LiveKey, plain: Path, name: str
) -> None:
    bomb = BOMBS[name](key)
    started = monotonic()
    report = measured.validate(bomb, trust=NOBODY)
    assert monotonic() - started < 30
    assert measured.used.peak_bytes <= 512 << 20
    assert report.verdict in get_args(Verdict)
    assert report.verdict != "HOP_LE"
    assert report.reasons
    assert measured.validate(plain, trust=NOBODY).verdict == "KHONG_CO_CHU_KY"


@pytest.mark.parametrize("name", NATIVE)
def test_a_bomb_as_a_draft_is_answered_too(
    measured: Measured, key: LiveKey, plain: Path, tmp_path: Path, name: str
) -> None:
    bomb, target = tmp_path / "bomb.pdf", tmp_path / "sound.pdf"
    bomb.write_bytes(BOMBS[name](key))
    tasks: tuple[Callable[[], object], ...] = (
        lambda: measured.make_sound(bomb, target),
        lambda: measured.top_right(bomb, 90, 20),
        lambda: measured.person_box(bomb, ["CHỦ TỊCH"], "a", 90, 20),
    )
    for task in tasks:
        started = monotonic()
        with suppress(SigningError):
            task()
        assert monotonic() - started < 30
        assert measured.used.peak_bytes <= 512 << 20
    assert measured.top_right(plain, 90, 20)
