"""Files signed by several programs, one after the other, whatever program laid them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pikepdf
import pytest

from benchmarks import peers
from signing.trust import Trust
from signing.validation import validate
from tests.hostile.cases import Desk
from tests.hostile.producers import PASSPHRASE, PRODUCERS, bundle
from tests.signing import pdfs
from tests.signing.pki import Profile, rsa_key

LAYOUTS: dict[str, Mapping[str, object] | None] = {
    "as fpdf2 writes it": None,
    "objects in streams": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
    "linearized": {"linearize": True},
    "linearized with streams": {
        "linearize": True,
        "object_stream_mode": pikepdf.ObjectStreamMode.generate,
    },
    "for reading": {"qdf": True},
    "PDF 2.0": {"force_version": "2.0"},
    "PDF 1.3": {"force_version": "1.3", "object_stream_mode": pikepdf.ObjectStreamMode.disable},
}
ENCRYPTED = {"encrypted with AES-256": 6, "encrypted with AES-128": 4, "encrypted with RC4": 3}

PAIRS = [
    (first, second)
    for offset in (1, 3)
    for place, first in enumerate(PRODUCERS)
    for second in [list(PRODUCERS)[(place + offset) % len(PRODUCERS)]]
    if not second.endswith("certified")  # which comes first, or not at all
]


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


def laid_out(path: Path, layout: str) -> Path:
    pdfs.plain(path, pages=2)
    how = LAYOUTS.get(layout)
    if layout in ENCRYPTED:
        revision = ENCRYPTED[layout]
        modern = revision > 3
        secret = pikepdf.Encryption("owner", "", R=revision, aes=modern, metadata=modern)
        how = {"encryption": secret}
    if how is not None:
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            pdf.save(path, **how)  # type: ignore[arg-type]
    return path


def judged_intact(path: Path, signatures: int) -> None:
    report = validate(path, trust=Trust(anchors=()))
    assert report.integrity == "INTACT", [reason.code for reason in report.reasons]
    assert len([item for item in report.signatures if item.kind == "signature"]) == signatures
    assert all(item.intact for item in report.signatures)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("producer", ["pyHanko", "this product, B-LTA", "mutool"])
def test_any_layout_can_be_signed(desk: Desk, tmp_path: Path, layout: str, producer: str) -> None:
    path = laid_out(tmp_path / "file.pdf", layout)
    PRODUCERS[producer](desk, path, "first")
    judged_intact(path, 1)
    PRODUCERS["pyHanko, visible"](desk, path, "second")
    judged_intact(path, 2)


@pytest.fixture(scope="module")
def pdfbox(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[peers.Running]:
    folder = tmp_path_factory.mktemp("pdfbox")
    (peer,) = [peer for peer in peers.PEERS if peer.name.startswith("PDFBox")]
    try:
        command = peer.install(folder)
    except peers.Absent as absent:
        pytest.skip(f"no PDFBox: {absent}")
    bundle(desk.house.pki.issue(Profile(key=rsa_key())), folder / "person.p12")
    with peers.Running(command, folder, PASSPHRASE) as running:
        yield running


@pytest.mark.parametrize(
    "layout",
    [
        "as fpdf2 writes it",
        pytest.param("objects in streams", marks=pytest.mark.xfail(strict=True)),  # as yet
        "linearized",
    ],
)
def test_pdfbox_signs_beside_others(
    desk: Desk, tmp_path: Path, pdfbox: peers.Running, layout: str
) -> None:
    first, second, third = (tmp_path / f"{number}.pdf" for number in range(3))
    laid_out(first, layout)
    PRODUCERS["this product, B-LTA"](desk, first, "first")
    pdfbox.sign(first, second)
    judged_intact(second, 2)
    pdfbox.sign(second, third)
    PRODUCERS["pyHanko, visible"](desk, third, "last")
    judged_intact(third, 4)


@pytest.mark.parametrize("layout", ENCRYPTED)
def test_an_encrypted_file_that_opens_without_a_password(
    desk: Desk, tmp_path: Path, layout: str
) -> None:
    path = laid_out(tmp_path / "file.pdf", layout)
    PRODUCERS["pyHanko"](desk, path, "first")
    judged_intact(path, 1)
    PRODUCERS["pyHanko, visible"](desk, path, "second")
    judged_intact(path, 2)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_programs_sign_one_file(desk: Desk, tmp_path: Path, first: str, second: str) -> None:
    path = laid_out(tmp_path / "file.pdf", "as fpdf2 writes it")
    PRODUCERS[first](desk, path, "first")
    PRODUCERS[second](desk, path, "second")
    judged_intact(path, 2)
