"""Images are registered by administrators, seen by few, and have a place before anybody signs."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from api.demo import marks
from api.demo.dossier_papers import minutes
from api.demo.papers import DECISION
from signing import placement, reading
from signing.errors import SigningRefused
from signing.fields import Box
from signing.placement import POINTS_PER_MM
from signing.sandbox import Sandbox
from storage.objects import ObjectRef
from tests.workflow.conftest import Clock
from tests.workflow.outgoing_trip import CLERK, LEADER, SPECIALIST, Trip
from workflow import imagery, reviewing
from workflow.actor import Actor
from workflow.drafting import SignerLine
from workflow.facts.outgoing import dossier_of
from workflow.files import Content, current_files
from workflow.imagery import Owner, Picture
from workflow.layouts import DECREE_LAYOUT, Layout
from workflow.office import Office
from workflow.printing import typeset
from workflow.records import JournalEntry, SignatureImage
from workflow.rules import journal
from workflow.rules.errors import Forbidden, GuardsUnmet, Invalid, NotFound
from workflow.stamps import Showing, Shows, Signatory, StampOrder, attachment_stamp, copy_stamp

ADMIN, STRANGER = "xa.quantri", "vpdp.quantri"
HAND = Picture(marks.scribble(), 45, 18.4)
OTHER_HAND = Picture(marks.scribble(margin=31), 45, 18.4)
SEAL = Picture(marks.seal(), 36, 36)
PRINTED = typeset(DECISION)  # signed by the chairman of the founded commune

Acting = Callable[[str], Actor]


class Gallery:
    """What people of the commune do with images."""

    def __init__(self, office: Office, acting: Acting, seat: Callable[[str], uuid.UUID]) -> None:
        self.office, self.acting = office, acting
        self.commune = seat("H56.MAU.02")
        self.seal = Owner(self.commune)
        self.leader = Owner(self.commune, acting(LEADER).person_id)

    def register(self, owner: Owner, picture: Picture, username: str = ADMIN) -> SignatureImage:
        ref = imagery.keep_picture(self.office, self.acting(username), owner, picture)
        with self.office.transaction(self.acting(username)) as tx:
            return imagery.register(tx, owner, picture, ref)

    def see(self, owner: Owner, username: str) -> bytes:
        with self.office.reading(self.acting(username)) as view:
            row = imagery.image_of(view, owner)
        return imagery.read_picture(self.office, row.organisation_id, row.sha256, row.size_bytes)

    def rows(self) -> list[SignatureImage]:
        with self.office.reading(None) as view:
            return list(view.session.query(SignatureImage).order_by(SignatureImage.id))


@pytest.fixture
def gallery(office: Office, acting: Acting, seat: Callable[[str], uuid.UUID]) -> Gallery:
    return Gallery(office, acting, seat)


def test_an_administrator_registers_and_few_see(gallery: Gallery) -> None:
    gallery.register(gallery.seal, SEAL)
    gallery.register(gallery.leader, HAND)
    assert gallery.see(gallery.seal, CLERK) == SEAL.png  # the clerk keeps the agency's key
    assert gallery.see(gallery.leader, LEADER) == HAND.png
    for owner in (gallery.seal, gallery.leader):
        assert gallery.see(owner, ADMIN)
        for username, refusal in ((SPECIALIST, Forbidden), (STRANGER, NotFound)):
            with pytest.raises(refusal):
                gallery.see(owner, username)
    with pytest.raises(Forbidden):
        gallery.see(gallery.leader, CLERK)
    with pytest.raises(Forbidden):
        gallery.see(gallery.seal, LEADER)


def test_others_register_nothing(gallery: Gallery) -> None:
    for username, refusal in (
        (CLERK, Forbidden),
        (LEADER, Forbidden),
        (STRANGER, NotFound),
    ):
        for owner, picture in ((gallery.seal, SEAL), (gallery.leader, HAND)):
            with pytest.raises(refusal):
                gallery.register(owner, picture, username)
            # The transaction asks again: time passes between the two.
            ref = ObjectRef(gallery.commune, "0" * 64, 1)
            with pytest.raises(refusal), gallery.office.transaction(gallery.acting(username)) as tx:
                imagery.register(tx, owner, picture, ref)
    assert gallery.rows() == []


def test_a_person_without_a_post_here_has_no_image_here(gallery: Gallery) -> None:
    outsider = Owner(gallery.commune, gallery.acting("vpdp.chanhvp").person_id)
    with pytest.raises(NotFound):
        gallery.register(outsider, HAND)


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (Picture(b"%PDF-1.7", 36, 36), "tệp .png"),
        (Picture(marks.seal(colour=marks.BLUE), 36, 36), "màu đỏ"),
        (Picture(marks.seal(), 36, 20), "tỷ lệ"),
    ],
)
def test_what_annex_1_does_not_allow_is_refused_with_its_reason(
    gallery: Gallery, picture: Picture, why: str
) -> None:
    with pytest.raises(Invalid) as refused:
        gallery.register(gallery.seal, picture)
    ((pointer, sentence),) = refused.value.errors
    assert pointer == "/image"
    assert why in sentence


def test_a_new_image_ends_the_one_before_and_the_same_changes_nothing(
    gallery: Gallery, clock: Clock
) -> None:
    first = gallery.register(gallery.leader, HAND)
    assert gallery.register(gallery.leader, HAND).id == first.id
    clock.advance(timedelta(days=3))
    second = gallery.register(gallery.leader, OTHER_HAND)
    assert second.id != first.id
    rows = gallery.rows()
    assert [row.valid_to for row in rows] == [second.valid_from, None]
    assert rows[0].valid_from < second.valid_from
    assert gallery.see(gallery.leader, LEADER) == OTHER_HAND.png
    actions = [
        entry.action for entry in journalled(gallery.office) if entry.action.startswith("image.")
    ]
    assert actions == ["image.registered", "image.ended", "image.registered"]


def journalled(office: Office) -> list[journal.Entry]:
    with office.reading(None) as view:
        rows = view.session.query(JournalEntry).filter(JournalEntry.chain == "system")
        return [journal.parse(row.content) for row in rows.order_by(JournalEntry.sequence)]


def test_an_image_that_has_ended_is_shown_no_more(gallery: Gallery, clock: Clock) -> None:
    row = gallery.register(gallery.seal, SEAL)
    for username, refusal in ((CLERK, Forbidden), (STRANGER, NotFound)):
        with pytest.raises(refusal), gallery.office.transaction(gallery.acting(username)) as tx:
            imagery.end_image(tx, row.id, tx.today)
    with gallery.office.transaction(gallery.acting(ADMIN)) as tx:
        imagery.end_image(tx, row.id, tx.today + timedelta(days=1))
    assert ordered(gallery) is not None
    clock.advance(timedelta(days=1))
    assert ordered(gallery) is None
    with pytest.raises(NotFound):
        gallery.see(gallery.seal, CLERK)


def ordered(gallery: Gallery) -> StampOrder | None:
    with gallery.office.reading(None) as view:
        return imagery.agency_stamp(view, gallery.commune)


def test_an_order_is_kept_as_text(gallery: Gallery) -> None:
    leader = gallery.leader.person_id
    assert leader is not None
    with gallery.office.reading(None) as view:
        assert imagery.person_stamp(view, leader, gallery.commune) is None
    gallery.register(gallery.leader, HAND)
    gallery.register(gallery.seal, SEAL)
    with gallery.office.reading(None) as view:
        person = imagery.person_stamp(view, leader, gallery.commune)
    assert person is not None
    assert person.kind == "person"
    again = StampOrder.from_json(person.to_json())
    assert again == person
    text = attachment_stamp("15/QĐ-UBND")
    assert StampOrder.from_json(text.to_json()) == text


def test_a_text_says_what_annex_1_wants_with_the_time_of_signing(
    sandbox: Sandbox, tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(PRINTED)
    moment = clock.now.replace(2026, 11, 21, 2, 30, 12, 999)
    for order, lines in (
        (attachment_stamp("15/QĐ-UBND"), ("15/QĐ-UBND",)),
        (copy_stamp("UBND xã Mẫu"), ("SAO Y; UBND xã Mẫu",)),
    ):
        stamp, box = Shows(order).laid_out(sandbox, path, moment)
        assert stamp.lines == (*lines, "2026-11-21T09:30:12+07:00")
        assert stamp.points == 10
        assert box is not None
        assert box.page == 0
        assert (box.width, box.height) == pytest.approx(stamp.text_size)
    shows = Shows(StampOrder("person", "0" * 64, 1), HAND.png)
    image, box = shows.laid_out(sandbox, path, moment)
    assert (image.image, image.lines, box) == (HAND.png, (), None)


# --- at submission ----------------------------------------------------------------------------


@pytest.fixture
def trip(office: Office, acting: Acting) -> Trip:
    return Trip(office, acting)


def drafted(trip: Trip, paper: bytes, **others: object) -> Trip:
    organisation = trip.issuer("UBND").organisation_id
    ref = trip.office.keep(organisation, io.BytesIO(paper))
    new = trip.new(**others)
    files = [Content(ref.sha256, ref.size_bytes)]
    return trip.draft(type(new)(**{**vars(new), "files": files}))


def places(trip: Trip) -> dict[str, Box | None]:
    """The signature fields of the submitted document, and where they show."""
    trip.submit()
    with trip.office.reading(None) as view:
        ((_, revision),) = current_files(view, trip.document_id)
        organisation = trip.issuer("UBND").organisation_id
    assert revision.made_as == "prepared"
    with trip.office.local_copy(organisation, revision.sha256, revision.size_bytes) as path:
        return shown(path)


def shown(path: Path) -> dict[str, Box | None]:
    with path.open("rb") as stream:
        reader, _ = reading.opened(stream)
        found: dict[str, Box | None] = {}
        for field in reading.form_fields(reader):
            if field.type == "/Sig":
                x1, y1, x2, y2 = (float(side) for side in field.dictionary["/Rect"])
                found[field.name] = Box(0, x1, y1, x2 - x1, y2 - y1) if x2 > x1 else None
        return found


def test_without_images_signatures_stay_invisible(trip: Trip) -> None:
    assert places(trip.draft()) == {"person1": None, "agency": None}


def test_places_are_found_on_the_page(gallery: Gallery, trip: Trip, tmp_path: Path) -> None:
    gallery.register(gallery.leader, HAND)
    gallery.register(gallery.seal, SEAL)
    found = places(drafted(trip, PRINTED))
    person, agency = found["person1"], found["agency"]
    assert person is not None
    assert agency is not None
    assert person.width == pytest.approx(45 * POINTS_PER_MM, abs=0.01)
    path = tmp_path / "a.pdf"
    path.write_bytes(PRINTED)
    expected = placement.person_box(
        path, DECISION.capacity, DECISION.signer, person.width, person.height
    )
    assert expected is not None
    assert person.corners == pytest.approx(expected.corners, abs=0.1)
    assert agency.width == pytest.approx(36 * POINTS_PER_MM, abs=0.01)
    assert agency.x + agency.width == pytest.approx(person.x + person.width / 3, abs=0.01)


def test_a_seal_needs_the_place_but_not_the_image_of_a_signature(
    gallery: Gallery, trip: Trip
) -> None:
    gallery.register(gallery.seal, SEAL)
    found = places(drafted(trip, PRINTED))
    assert found["person1"] is None
    assert found["agency"] is not None


def test_an_image_without_a_place_is_refused_before_anybody_checks(
    gallery: Gallery, trip: Trip
) -> None:
    gallery.register(gallery.leader, HAND)
    trip.draft()
    with pytest.raises(GuardsUnmet) as refused:
        reviewing.prepare(trip.office, trip.acting(SPECIALIST), trip.document_id)
    assert "Không tìm thấy chỗ ký của “Chủ tịch xã Mẫu”" in refused.value.unmet[0]
    assert "vị trí chữ ký" in refused.value.unmet[0]
    assert trip.state == "drafting"


def test_a_place_that_the_draft_gives_comes_first(gallery: Gallery, trip: Trip) -> None:
    gallery.register(gallery.leader, HAND)
    gallery.register(gallery.seal, SEAL)
    given = Box(0, 250, 100, 200, 60)
    layout = Layout(DECREE_LAYOUT.number, DECREE_LAYOUT.date, (given,))
    assert Layout.from_json(layout.to_json()) == layout
    found = places(drafted(trip, PRINTED, layout=layout))
    person = found["person1"]
    assert person is not None
    assert person.x + person.width / 2 == pytest.approx(350, abs=0.01)
    assert person.y + person.height / 2 == pytest.approx(130, abs=0.01)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Box(0, 500, 100, 200, 60), "nằm ngoài trang 1"),
        (Box(7, 100, 100, 200, 60), "không có trang 8"),
        (Box(0, 90, 700, 120, 50), "đè lên ô khác"),
        (Box(0, 40, 300, 120, 50), "nằm ngoài trang 1"),  # the seal beside it would be
    ],
)
def test_a_place_off_the_page_or_over_another_field_is_refused(
    gallery: Gallery, trip: Trip, given: Box, why: str
) -> None:
    gallery.register(gallery.leader, HAND)
    gallery.register(gallery.seal, SEAL)
    layout = Layout(DECREE_LAYOUT.number, DECREE_LAYOUT.date, (given,))
    drafted(trip, PRINTED, layout=layout)
    with pytest.raises(GuardsUnmet) as refused:
        reviewing.prepare(trip.office, trip.acting(SPECIALIST), trip.document_id)
    assert why in refused.value.unmet[0]


def test_the_seal_goes_over_who_presides_and_not_over_the_secretary(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(PRINTED)
    hand = (40.0, 16.0)
    people = (Signatory("A", (), hand), Signatory("B", (), hand))
    boxes = (Box(0, 330, 120, 160, 60), Box(0, 330, 300, 160, 60))
    for over in (0, 1):
        found = Showing(people, (36.0, 36.0), over).places(sandbox, path, boxes, [])
        under = found.persons[over]
        assert under is not None
        assert found.seal is not None
        assert found.seal.x + found.seal.width == pytest.approx(under.x + under.width / 3)
        assert found.seal.y < under.y + under.height / 2 < found.seal.y + found.seal.height


def test_two_signatures_do_not_share_a_place(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(PRINTED)
    people = (Signatory("A", (), (40.0, 16.0)), Signatory("B", (), (40.0, 16.0)))
    boxes = (Box(0, 330, 120, 160, 60), Box(0, 350, 130, 160, 60))
    with pytest.raises(SigningRefused, match="đè lên ô khác"):
        Showing(people, None, 1).places(sandbox, path, boxes, [])


def test_the_secretary_of_a_meeting_is_not_sealed_over(
    gallery: Gallery, trip: Trip, acting: Acting
) -> None:
    """Biên bản (form 1.9): the secretary signs first, then who presides."""
    gallery.register(gallery.seal, SEAL)
    gallery.register(gallery.leader, HAND)
    signers = [
        SignerLine(acting(SPECIALIST).person_id, "secretary"),
        SignerLine(acting(LEADER).person_id, "chair"),
    ]
    trip.draft(trip.new(type_code="bien_ban", signers=signers))
    with trip.office.reading(None) as view:
        shown = imagery.showing(view, dossier_of(view, trip.document_id))
    assert shown.sealed_over == 1
    assert [signatory.image_mm is None for signatory in shown.signatories] == [True, False]
    assert shown.signatories[1] == Signatory(
        "Chủ tịch xã Mẫu", ("Chủ tịch", "Chủ tọa"), (45, HAND.height_mm)
    )
    assert shown.seal_mm == (36, 36)


def test_minutes_say_secretary_and_chair_over_the_names(
    gallery: Gallery, trip: Trip, acting: Acting, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Form 1.9 prints no titles there; both hands have their places side by side."""
    secretary = Owner(gallery.commune, acting(SPECIALIST).person_id)
    for owner in (gallery.leader, secretary):
        gallery.register(owner, HAND)
    signers = [
        SignerLine(acting(SPECIALIST).person_id, "secretary"),
        SignerLine(acting(LEADER).person_id, "chair"),
    ]
    trip.draft(trip.new(type_code="bien_ban", signers=signers))
    with trip.office.reading(None) as view:
        shown = imagery.showing(view, dossier_of(view, trip.document_id))
    path = tmp_path / "minutes.pdf"
    path.write_bytes(typeset(minutes("Họp đề nghị xét, công nhận", "Cuộc họp nhất trí.")))
    left, right = shown.places(sandbox, path, (None, None), []).persons
    assert left is not None
    assert right is not None
    assert left.x + left.width < right.x
    assert left.y == pytest.approx(right.y, abs=1)


def test_what_needs_no_seal_shows_none(gallery: Gallery, trip: Trip, acting: Acting) -> None:
    gallery.register(gallery.seal, SEAL)
    signers = [
        SignerLine(acting(SPECIALIST).person_id, "secretary"),
        SignerLine(acting(LEADER).person_id, "chair"),
    ]
    trip.draft(trip.new(type_code="bien_ban", signers=signers, seal_wanted=False))
    with trip.office.reading(None) as view:
        shown = imagery.showing(view, dossier_of(view, trip.document_id))
    assert shown.seal_mm is None
