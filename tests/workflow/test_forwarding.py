"""From 90 points a product is the centre's: the province forwards it, and keeps what came back."""

from __future__ import annotations

import uuid

import pytest

from tests.staff import COORDINATION, PROVINCE, STAFF
from tests.workflow.chamber import MEMBERS, REGISTRAR, RUNS, Chamber
from tests.workflow.outgoing_trip import Trip
from workflow import registration
from workflow.arrivals import Arrival
from workflow.drafting import SignerLine
from workflow.exhibiting import link_paper
from workflow.files import Content
from workflow.rules.errors import GuardsUnmet, Invalid, TransitionNotAllowed


def minutes(chamber: Chamber) -> uuid.UUID:
    """Of the office, signed by who wrote them and who was in the chair."""
    staff = STAFF[COORDINATION]
    trip = Trip(chamber.office, chamber.actor, staff=staff)
    signers = [
        SignerLine(chamber.person(staff.drafter), "secretary", ""),
        SignerLine(chamber.person(staff.leader), "chair", ""),
    ]
    trip.draft(trip.new(type_code="bien_ban", signers=signers)).checked()
    return trip.sign(staff.drafter).sign().number().seal().issue().document_id


def arrived(chamber: Chamber, *, register: bool = True) -> uuid.UUID:
    """A decision of the centre, received by the province and (or not) registered."""
    ref = chamber.office.keep(chamber.province, chamber.signed_pdf())
    arrival = Arrival(
        organisation_id=chamber.province,
        files=[Content(ref.sha256, ref.size_bytes)],
        medium="electronic",
        sender_kind="agency",
        sender_name="Bộ Nông nghiệp và Môi trường",
        subject="Quyết định công nhận sản phẩm OCOP 5 sao",
        code="12/QĐ-BNNMT",
        type_code="quyet_dinh",
    )
    document_id = chamber.do(REGISTRAR, registration.receive, arrival).document_id
    chamber.run_jobs()
    if register:
        version = chamber.case(document_id).version
        chamber.do(REGISTRAR, registration.register, document_id, version)
    return document_id


def test_a_product_of_ninety_points_is_recognised_by_the_centre_alone(chamber: Chamber) -> None:
    kind = chamber.kind("ocop_product")
    dossier_id = chamber.voting(kind, chamber.council())
    points = dict(zip((one.code for one in kind.leaves), (40, 25, 25), strict=True))
    for username in MEMBERS:
        chamber.ballot(dossier_id, username, None, points=points)
    assert chamber.move(dossier_id, "close_vote").state == "rated_high"

    # The province grants no five stars: there is no way to propose it here.
    with pytest.raises(TransitionNotAllowed):
        chamber.move(dossier_id, "propose")
    with pytest.raises(GuardsUnmet) as refused:
        chamber.move(dossier_id, "forward", REGISTRAR)
    assert refused.value.unmet == (
        "Chưa có biên bản họp Hội đồng.",
        "Chưa có văn bản chuyển trung ương.",
    )
    chamber.do(RUNS, link_paper, dossier_id, "council_minutes", minutes(chamber))
    letter = chamber.issued(STAFF[PROVINCE], "cong_van")
    chamber.do(REGISTRAR, link_paper, dossier_id, "forwarding", letter)
    assert chamber.move(dossier_id, "forward", REGISTRAR).state == "forwarded"

    # Nor does its own decision stand for the centre's.
    own = chamber.issued(STAFF[PROVINCE], "quyet_dinh")
    with pytest.raises(Invalid, match="không phải văn bản của cơ quan phải ban hành"):
        chamber.do(REGISTRAR, link_paper, dossier_id, "central_decision", own)
    pending = arrived(chamber, register=False)
    chamber.do(REGISTRAR, link_paper, dossier_id, "central_decision", pending)
    with pytest.raises(GuardsUnmet, match="chưa đăng ký vào sổ văn bản đến"):
        chamber.move(dossier_id, "recognise", REGISTRAR)
    chamber.do(REGISTRAR, link_paper, dossier_id, "central_decision", arrived(chamber))
    assert chamber.move(dossier_id, "recognise", REGISTRAR).state == "recognised"
    assert chamber.move(dossier_id, "publish", REGISTRAR).state == "published"
    chamber.check_journals()
