"""What signatures show on documents that went the whole way: images, number, form of copy."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pikepdf
import pytest
from sqlalchemy import select

from api.demo import marks
from api.demo.papers import DECISION
from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, Desk
from tests.workflow.outgoing_trip import LEADER, Trip
from workflow import imagery
from workflow.actor import Actor
from workflow.digitising import digitise
from workflow.files import Content
from workflow.imagery import Owner, Picture
from workflow.office import Office
from workflow.printing import typeset
from workflow.records import Revision, SigningIntent

Acting = Callable[[str], Actor]


def register(office: Office, actor: Actor, owner: Owner, picture: Picture) -> None:
    ref = imagery.keep_picture(office, actor, owner, picture)
    with office.transaction(actor) as tx:
        imagery.register(tx, owner, picture, ref)


@pytest.fixture
def trip(office: Office, acting: Acting) -> Trip:
    return Trip(office, acting)


def test_an_issued_document_shows_signature_seal_and_the_number_on_its_attachment(
    office: Office, acting: Acting, trip: Trip
) -> None:
    commune = trip.issuer("UBND").organisation_id
    admin = acting("xa.quantri")
    leader = Owner(commune, acting(LEADER).person_id)
    register(office, admin, leader, Picture(marks.scribble(), 45, 18.4))
    register(office, admin, Owner(commune), Picture(marks.seal(), 36, 36))
    printed = office.keep(commune, io.BytesIO(typeset(DECISION)))
    new = trip.new("Du thao", "Phu luc")
    files = [Content(printed.sha256, printed.size_bytes), new.files[1]]
    trip.draft(type(new)(**{**vars(new), "files": files})).checked().sign().number().seal()
    assert trip.state == "sealed"
    detail = trip.view()
    assert [report and report.verdict for report in detail.reports] == ["HOP_LE", "HOP_LE"]
    main, attachment = (opened(office, commune, revision) for revision in detail.held.revisions)
    hand, seal = (appearance(main, name) for name in ("person1", "agency"))
    ((wide, high),) = images_in(hand)  # what is empty around a mark is cut off
    assert wide > 2 * high
    ((wide, high),) = images_in(seal)
    assert wide == high
    number = appearance(attachment, "agency")
    assert images_in(number) == []
    assert "/Font" in number.Resources
    x, y = (float(side) for side in list(field_of(attachment, "agency").Rect)[:2])
    assert x > 300 < y, "the top right of the page"
    assert detail.held.entry is not None
    assert ordered(office, "attachment") == [detail.held.entry.code]


def test_a_digitised_copy_says_what_it_is(desk: Desk) -> None:
    paper = desk.arrive(desk.pdf("BAN QUET"), medium="paper")
    desk.do(CLERK, digitise, paper, 1, desk.one(Revision).sha256)
    desk.run_jobs()
    scan = desk.rows(Revision)[-1]
    assert scan.made_as == "sealed"
    commune = desk.one(SigningIntent).organisation_id
    assert "/Font" in appearance(opened(desk.office, commune, scan), "agency").Resources
    (line,) = ordered(desk.office, "copy")
    assert line == "SAO Y; UBND xã Mẫu"


def test_the_time_shown_is_the_time_claimed(office: Office, trip: Trip, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 23, 2, 30, 12, tzinfo=UTC)
    trip.draft().checked().sign()
    ((_, revision),) = trip.view().held.files
    commune = trip.issuer("UBND").organisation_id
    signed = opened(office, commune, revision)
    assert str(field_of(signed, "person1").V.M) == "D:20261123093012+07'00'"


def opened(office: Office, organisation_id: uuid.UUID, revision: Revision) -> pikepdf.Pdf:
    with office.stream(organisation_id, revision.sha256, revision.size_bytes) as stored:
        return pikepdf.open(io.BytesIO(stored.read()))


def field_of(pdf: pikepdf.Pdf, name: str) -> pikepdf.Object:
    (field,) = [item for item in pdf.Root.AcroForm.Fields if item.get("/T") == name]
    return field


def appearance(pdf: pikepdf.Pdf, name: str) -> pikepdf.Object:
    return field_of(pdf, name).AP.N


def images_in(form: pikepdf.Object) -> list[tuple[int, int]]:
    """Width and height in pixels of each image that a form draws, all of them transparent."""
    found = [*form.Resources.get("/XObject", {}).values()]
    assert all("/SMask" in image for image in found)
    return [(int(image.Width), int(image.Height)) for image in found]


def ordered(office: Office, kind: str) -> list[str]:
    """The first line of each text that an intent of this kind ordered."""
    with office.reading(None) as reading:
        orders = [
            json.loads(text)
            for text in reading.session.scalars(select(SigningIntent.stamp))
            if text
        ]
    return [order["lines"][0] for order in orders if order["kind"] == kind]
