"""Judging a file over HTTP talks to nobody, whatever certificates name and operators list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from signing.pades import sign
from signing.trust import Trust
from tests.api.conftest import serving
from tests.api.desk import CLERK, Desk
from tests.api.papers import a_pdf
from tests.signing import wire
from tests.signing.pki import Profile
from tests.signing.trusted import Stamper, Status
from workflow.office import Office


def test_a_file_without_status_is_judged_without_a_connection(
    open_office: Callable[..., Office], tmp_path: Path
) -> None:
    with wire.serving() as services:
        pki = services.pki
        anchor, source, signed = (tmp_path / name for name in ("a.der", "a.pdf", "signed.pdf"))
        anchor.write_bytes(pki.root.certificate)
        source.write_bytes(a_pdf())
        signer = pki.issue(Profile())
        trust = Trust((pki.root.certificate,), (), (Status(pki),), Stamper(pki.tsa))
        sign(source, signed, key=signer, field="person1", level="B-T", trust=trust)

        office = open_office(trust_anchors=anchor, revocation_hosts=services.host)
        with serving(office) as counter:
            target = f"/signature-validations?secrecy=none&organisation={Desk(counter).seat()}"
            answer = counter[CLERK].post(
                target, content=signed.read_bytes(), headers={"Content-Type": "application/pdf"}
            )
            counter.do_jobs()
        assert answer.status_code == 200, answer.text
        assert (answer.json()["verdict"], answer.json()["sub_indication"]) == (
            "KHONG_XAC_DINH",
            "TRY_LATER",
        )
        assert services.connections == 0
