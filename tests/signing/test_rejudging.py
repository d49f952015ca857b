"""A stored report re-derives from the file, its evidence and the anchors alone; a false one not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from signing import pades
from signing.pades import Level
from signing.rejudging import rejudge
from signing.report import Finding, Judgement
from signing.sandbox import Sandbox
from signing.trust import Trust
from tests.signing import pdfs
from tests.signing.pki import Pki, Profile
from tests.signing.trusted import House


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def house() -> House:
    return House.new()


def signed(house: House, folder: Path, level: Level) -> Path:
    target = folder / f"{level}.pdf"
    pades.sign(
        pdfs.plain(folder / "plain.pdf"),
        target,
        key=house.pki.issue(Profile()),
        field="person1",
        level=level,
        trust=house.trust,
    )
    return target


def judged(sandbox: Sandbox, house: House, path: Path) -> Judgement:
    """With answers that only the house's services knew."""
    sandbox.ask_status(path, trust=house.trust)
    return sandbox.judge(path, trust=house.trust)


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_the_kept_evidence_leads_to_the_stored_report(
    sandbox: Sandbox, house: House, tmp_path: Path, level: Level
) -> None:
    path = signed(house, tmp_path, level)
    judgement = judged(sandbox, house, path)
    assert judgement.report.verdict == "HOP_LE"
    found = rejudge(
        sandbox, path, judgement.report, judgement.evidence.__getitem__, house.trust.anchors
    )
    assert found == ()


def test_without_its_answers_or_anchors_it_does_not(
    sandbox: Sandbox, house: House, tmp_path: Path
) -> None:
    path = signed(house, tmp_path, "B-B")
    judgement = judged(sandbox, house, path)
    stripped = replace(
        judgement.report,
        signatures=tuple(
            replace(one, evidence=tuple(e for e in one.evidence if e.kind == "certificate"))
            for one in judgement.report.signatures
        ),
    )
    piece: Mapping[str, bytes] = judgement.evidence
    for report, anchors in (
        (stripped, house.trust.anchors),
        (judgement.report, (Pki().root.certificate,)),
    ):
        found = rejudge(sandbox, path, report, piece.__getitem__, anchors)
        assert {"verdict", "signatures[0].indication", "signatures[0].trusted"} <= set(found)


def test_a_report_that_says_something_else_differs_there(
    sandbox: Sandbox, house: House, tmp_path: Path
) -> None:
    path = signed(house, tmp_path, "B-LT")
    judgement = judged(sandbox, house, path)
    (one,) = judgement.report.signatures
    gave_up = Finding("resources_exhausted", "")
    false = {
        # Who says that they gave up, and then something else, is not believed for it.
        "indication": replace(judgement.report, indication=None, reasons=(gave_up,)),
        "verdict": replace(judgement.report, verdict="KHONG_HOP_LE"),
        "integrity": replace(judgement.report, integrity="ALTERED"),
        "filled": replace(judgement.report, filled={"vanthu.number": "07"}),
        "signatures": replace(judgement.report, signatures=()),
        "signatures[0].certificate_sha256": replace(
            judgement.report, signatures=(replace(one, certificate_sha256="0" * 64),)
        ),
        "signatures[0].coverage": replace(
            judgement.report, signatures=(replace(one, coverage="UNCLEAR"),)
        ),
        "signatures[0].development": replace(
            judgement.report, signatures=(replace(one, development=True),)
        ),
    }
    for where, report in false.items():
        anchors = house.trust.anchors
        assert rejudge(sandbox, path, report, judgement.evidence.__getitem__, anchors) == (where,)


def test_other_bytes_than_were_judged_differ(
    sandbox: Sandbox, house: House, tmp_path: Path
) -> None:
    path = signed(house, tmp_path, "B-LT")
    judgement = judged(sandbox, house, path)
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    piece = judgement.evidence.__getitem__
    assert "sha256" in rejudge(sandbox, path, judgement.report, piece, house.trust.anchors)


def test_unsigned_and_unreadable_files_re_derive(sandbox: Sandbox, tmp_path: Path) -> None:
    unreadable = tmp_path / "unreadable.pdf"
    unreadable.write_bytes(b"no PDF at all")
    for path in (pdfs.plain(tmp_path / "plain.pdf"), unreadable):
        report = sandbox.validate(path, trust=Trust(anchors=()))
        assert rejudge(sandbox, path, report, {}.__getitem__, ()) == ()
