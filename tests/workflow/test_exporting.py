"""A dossier leaves as PDF volumes and XML: everything in it, in the order of time, nothing lost."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pikepdf
import pypdfium2 as pdfium
import pytest
from sqlalchemy import select

from tests.signing import pdfs
from tests.staff import COORDINATION, STAFF
from tests.workflow.conftest import Clock
from tests.workflow.desk import SPECIALIST, Desk
from tests.workflow.dossier_desk import OFFICE_SPECIALIST, DossierDesk
from tests.workflow.outgoing_trip import Trip
from workflow import exporting
from workflow.exporting import XML_NAME, ask_export, find_export
from workflow.jobs import run_one
from workflow.printing.description import OURS
from workflow.records import (
    Dossier,
    DossierExport,
    DossierExportFile,
    Exhibit,
    OrganisationName,
    RegisterEntry,
)
from workflow.rules.errors import NotFound

FIRST = date(2026, 1, 1)


@pytest.fixture
def dossiers(desk: Desk) -> DossierDesk:
    return DossierDesk(desk).open()


class Shelf:
    """Evidence put in by rows, for thousands; and what an export made of it."""

    def __init__(self, dossiers: DossierDesk) -> None:
        self.dossiers, self.desk = dossiers, dossiers.desk
        self.office = self.desk.office
        self.export_id = uuid.UUID(int=0)

    def put(self, *files: Path, dated: Callable[[int], date | None] = lambda _: FIRST) -> None:
        """Each file as an exhibit, in this order."""
        kept = {path: self.office.keep(self.desk.commune, path) for path in set(files)}
        held = len(self.desk.rows(Exhibit))
        with self.office.transaction(self.desk.actor(SPECIALIST)) as tx:
            for number, path in enumerate(files, start=held + 1):
                tx.add(
                    Exhibit(
                        dossier_id=self.dossiers.dossier_id,
                        ordinal=number,
                        slot="criterion/1/minh_chung",
                        organisation_id=self.desk.commune,
                        sha256=kept[path].sha256,
                        size_bytes=kept[path].size_bytes,
                        title=f"Minh chứng số {number}",
                        dated_on=dated(number),
                        added_by=tx.actor.person_id,
                        added_at=tx.now,
                    )
                )
            tx.journal("test.put", self.desk.commune, self.dossiers.dossier_id)

    def hand_in(self) -> None:
        """From here on the office knows of the dossier, however little is in it."""
        with self.office.transaction(None) as tx:
            tx.get(Dossier, self.dossiers.dossier_id).submitted_at = tx.now
            tx.journal("test.handed_in", self.desk.commune, self.dossiers.dossier_id)

    def ask(self, username: str = SPECIALIST) -> DossierExport:
        export = self.desk.do(username, ask_export, self.dossiers.dossier_id)
        self.export_id = export.id
        return export

    def export(self, username: str = SPECIALIST) -> dict[str, bytes]:
        """Ask, wait, and read every file."""
        self.ask(username)
        self.desk.run_jobs()
        assert self.row.failure is None
        return {file.name: self.read(file) for file in self.files}

    @property
    def row(self) -> DossierExport:
        return self.desk.one(DossierExport, DossierExport.id == self.export_id)

    @property
    def files(self) -> list[DossierExportFile]:
        return self.desk.rows(DossierExportFile, DossierExportFile.export_id == self.export_id)

    def read(self, file: DossierExportFile) -> bytes:
        with self.office.stream(file.organisation_id, file.sha256, file.size_bytes) as stored:
            return stored.read()

    def objects(self) -> int:
        """How many objects lie in the archive."""
        root = Path(self.office.settings.objects.removeprefix("file:"))
        return sum(1 for path in root.rglob("*") if path.is_file())


@pytest.fixture
def shelf(dossiers: DossierDesk) -> Shelf:
    return Shelf(dossiers)


def outline(pdf: bytes) -> list[tuple[str, int]]:
    """The bookmarks with the pages to which they lead, from 0."""
    with pikepdf.open(BytesIO(pdf)) as opened, opened.open_outline() as found:
        pages = {page.obj.objgen: number for number, page in enumerate(opened.pages)}
        return [
            (item.title, pages[item.destination[0].objgen])
            for item in found.root
            if isinstance(item.destination, pikepdf.Array)
        ]


def texts(pdf: bytes) -> list[str]:
    """The words of each page."""
    with pdfium.PdfDocument(pdf) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def listed(xml: bytes) -> list[ET.Element]:
    return ET.fromstring(xml).findall("DocumentList/Document")  # noqa: S314  our own


def said(element: ET.Element, name: str) -> str | None:
    return element.findtext(name)


def test_the_dossier_leaves_as_a_volume_and_its_description(shelf: Shelf, tmp_path: Path) -> None:
    late, early, undated = (
        pdfs.plain(tmp_path / f"{name}.pdf", pages, name)
        for name, pages in (("LATE", 2), ("EARLY", 1), ("UNDATED", 3))
    )
    days = [FIRST + timedelta(days=9), FIRST, None]
    shelf.put(late, early, undated, dated=lambda number: days[number - 1])

    made = shelf.export()

    assert list(made) == ["tap-1.pdf", XML_NAME]
    pages = texts(made["tap-1.pdf"])
    cover = len(pages) - 6
    assert [page.split()[0] for page in pages[cover:]] == [
        "EARLY",
        "LATE",
        "LATE",
        *["UNDATED"] * 3,
    ]
    bookmarks = outline(made["tap-1.pdf"])
    assert [page for _, page in bookmarks] == [0, cover, cover + 1, cover + 3]
    digest = hashlib.sha256(early.read_bytes()).hexdigest()
    assert bookmarks[1][0] == f"1. Minh chứng số 2 – SHA-256 {digest}"
    assert "Đây là bản ghép để đọc" in pages[0]
    assert "Tập 1/1" in pages[0]
    assert "MỤC LỤC VĂN BẢN" in pages[1]

    root = ET.fromstring(made[XML_NAME])  # noqa: S314
    assert said(root, "FileCode/OrganId") == "H56.MAU.02"
    assert (said(root, "DocTotal"), said(root, "PageTotal")) == ("3", "6")
    first = listed(made[XML_NAME])[0]
    assert (said(first, "DocOrdinal"), said(first, "Subject")) == ("1", "Minh chứng số 2")
    assert (said(first, "IssuedDate"), said(first, "PageAmount")) == ("01/01/2026", "1")
    (file,) = first.findall(f"{{{OURS}}}File")
    assert file.attrib == {"sha256": digest, "size": str(early.stat().st_size), "pages": "1"}
    assert (shelf.row.done, shelf.row.total) == (3, 3)
    assert shelf.row.finished_at is not None
    shelf.desk.check_journals()


def test_documents_of_the_system_are_told_with_number_signer_and_place(
    dossiers: DossierDesk, shelf: Shelf
) -> None:
    trip = Trip(shelf.office, shelf.desk.actor)
    trip.draft(trip.new("Main", "Annex", type_code="to_trinh")).checked()
    trip.sign().number().seal().issue()
    draft = Trip(shelf.office, shelf.desk.actor).draft()
    dossiers.attach("component/to_trinh", "criterion/1/minh_chung", document_id=trip.document_id)
    dossiers.attach("criterion/2/minh_chung", document_id=draft.document_id, title="Dự thảo")
    shelf.hand_in()
    letter = dossiers.paper("supplement_request", STAFF[COORDINATION], "cong_van")

    made = shelf.export()

    assert len(listed(made[XML_NAME])) == 3  # one of them stands in two places
    own, theirs = (
        next(one for one in listed(made[XML_NAME]) if said(one, "TypeName") == name)
        for name in ("Tờ trình", "Công văn")
    )
    with shelf.office.reading(None) as reading:
        entries = {
            document: reading.session.scalars(
                select(RegisterEntry).where(RegisterEntry.document_id == document)
            ).one()
            for document in (trip.document_id, letter)
        }
    for one, document in ((own, trip.document_id), (theirs, letter)):
        code = f"{said(one, 'CodeNumber')}/{said(one, 'CodeNotation')}"
        assert code == entries[document].code
        assert said(one, "IssuedDate") == f"{entries[document].entered_on:%d/%m/%Y}"
    assert said(own, "OrganName") == "Ủy ban nhân dân xã Mẫu"
    assert said(own, "SignerInfo/FullName") == "Chủ tịch xã Mẫu"
    assert said(own, "SignerInfo/Position") is not None
    assert said(own, "PageAmount") == "2"
    assert len(own.findall(f"{{{OURS}}}File")) == 2
    assert [slot.text for slot in own.findall(f"{{{OURS}}}Slot")] == [
        "component/to_trinh",
        "criterion/1/minh_chung",
    ]
    assert said(own, "Description") == "Tờ trình; minh chứng tiêu chí 1"
    assert said(own, f"{{{OURS}}}Verdict") == "HOP_LE"
    assert said(theirs, "Description") == "Công văn yêu cầu bổ sung hồ sơ"
    # A draft is nobody else's to read, whatever slot it was put into.
    (unissued,) = [one for one in listed(made[XML_NAME]) if not one.findall(f"{{{OURS}}}File")]
    assert said(unissued, "Description") == "minh chứng tiêu chí 2"
    assert "Không có tệp để ghép: văn bản chưa phát hành." in texts(made["tap-1.pdf"])[-1]


# Which database holds the list makes no difference to the joining, which is what takes long.
@pytest.mark.parametrize("office_settings", ["sqlite"], indirect=True)
def test_two_thousand_files_make_three_volumes(shelf: Shelf, tmp_path: Path) -> None:
    files = [pdfs.plain(tmp_path / f"{n}.pdf", text=f"FILE {n}") for n in range(20)]
    shelf.put(
        *(files[n % 20] for n in range(1, 2001)), dated=lambda n: FIRST + timedelta(days=n // 100)
    )
    kept = shelf.objects()

    made = shelf.export()

    assert list(made) == ["tap-1.pdf", "tap-2.pdf", "tap-3.pdf", XML_NAME]
    assert shelf.row.total == shelf.row.done == 2000
    described = listed(made[XML_NAME])
    ordinals = [said(one, "DocOrdinal") for one in described]
    assert ordinals == [str(n) for count in (999, 999, 2) for n in range(1, count + 1)]
    assert [said(one, "Subject") for one in described] == [
        f"Minh chứng số {n}" for n in range(1, 2001)
    ]
    inside = [said(one, f"{{{OURS}}}Ordinal") for one in described]
    assert inside == [str(n) for n in range(1, 2001)]
    counted = [len(outline(made[f"tap-{n}.pdf"])) for n in (1, 2, 3)]
    assert counted == [1000, 1000, 3]
    # Every file's page stands where its bookmark leads.
    for number, volume in ((1, made["tap-1.pdf"]), (999, made["tap-2.pdf"])):
        pages = texts(volume)
        for at, (title, page) in enumerate(outline(volume)[1:], start=number):
            assert title.startswith(f"{at - number + 1}. Minh chứng số ")
            assert pages[page].startswith("FILE ")
    # What it kept between its steps is gone: four files and nothing else.
    assert shelf.objects() == kept + 4


def test_a_file_that_cannot_be_joined_is_said_to_be_missing(shelf: Shelf, tmp_path: Path) -> None:
    sound = pdfs.plain(tmp_path / "sound.pdf", text="SOUND")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing of the kind")
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(sound) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="x", user="y"))
    shelf.put(broken, sound, locked)

    made = shelf.export()

    pages = texts(made["tap-1.pdf"])
    cover = len(pages) - 3
    assert pages[cover].startswith("KHÔNG GHÉP ĐƯỢC TỆP NÀY")
    assert pages[cover + 1].startswith("SOUND")
    assert "được đặt mật khẩu" in pages[cover + 2]
    assert " ".join(pages[:cover]).count("không ghép được") == 2
    first, second, third = listed(made[XML_NAME])
    assert said(second, "PageAmount") == "1"
    for one, path in ((first, broken), (third, locked)):
        assert said(one, "PageAmount") is None
        (file,) = one.findall(f"{{{OURS}}}File")
        assert file.get("notJoined", "").startswith("Không đọc được tệp PDF: ")
        assert file.get("sha256") == hashlib.sha256(path.read_bytes()).hexdigest()
    root = ET.fromstring(made[XML_NAME])  # noqa: S314
    assert said(root, "Description") == "2 tệp không ghép được, không tính số trang."


def test_a_damaged_file_is_joined_as_far_as_it_can_be_read_and_said_to_be(
    shelf: Shelf, tmp_path: Path
) -> None:
    cut = pdfs.plain(tmp_path / "cut.pdf", text="CUT")
    cut.write_bytes(cut.read_bytes()[:300])
    shelf.put(cut)

    made = shelf.export()

    assert "Tệp hỏng, có thể thiếu nội dung" in texts(made["tap-1.pdf"])[1]
    (file,) = listed(made[XML_NAME])[0].findall(f"{{{OURS}}}File")
    assert file.get("damaged") == "true"


def test_bytes_that_are_gone_are_said_to_be_missing(shelf: Shelf, tmp_path: Path) -> None:
    gone = pdfs.plain(tmp_path / "gone.pdf")
    shelf.put(gone)
    (row,) = shelf.desk.rows(Exhibit)
    assert row.sha256 is not None
    assert row.size_bytes is not None
    shelf.office.destroy(row.organisation_id, row.sha256, row.size_bytes)

    pages = texts(shelf.export()["tap-1.pdf"])

    assert "Kho dữ liệu không còn tệp này" in pages[-1]


def test_what_does_not_fit_its_field_stands_beside_it(shelf: Shelf, tmp_path: Path) -> None:
    code = "H56.MAU.02.0000000001"
    with shelf.office.transaction(None) as tx:
        for name in tx.session.scalars(
            select(OrganisationName).where(OrganisationName.code == "H56.MAU.02")
        ):
            name.code = code
        tx.journal("test.renamed", "system", "x")
    shelf.put(pdfs.plain(tmp_path / "one.pdf"))

    made = shelf.export()

    root = ET.fromstring(made[XML_NAME])  # noqa: S314
    assert said(root, "FileCode/OrganId") is None
    unfitting = root.find(f"{{{OURS}}}Unfitting")
    assert unfitting is not None
    assert (unfitting.text, unfitting.get("field")) == (code, "FileCode/OrganId")
    sentence = (
        f"Trường FileCode/OrganId để trống: giá trị “{code}” dài 21 ký tự,"
        " chỉ được nhiều nhất 13 ký tự theo Phụ lục VI."
    )
    assert unfitting.get("reason") == sentence
    assert sentence in texts(made["tap-1.pdf"])[0]


def test_the_same_dossier_is_described_in_the_same_bytes(shelf: Shelf, tmp_path: Path) -> None:
    files = [pdfs.plain(tmp_path / f"{n}.pdf", text=f"FILE {n}") for n in range(3)]
    shelf.put(*files)

    one, other = shelf.export(), shelf.export()

    assert one[XML_NAME] == other[XML_NAME]
    assert one[XML_NAME].startswith(b"<?xml version='1.0' encoding='utf-8'?>")


def test_a_long_dossier_is_put_together_in_many_steps(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(*(pdfs.plain(tmp_path / f"{n}.pdf", text=f"FILE {n}") for n in range(5)))
    whole = shelf.export()
    kept = shelf.objects()
    # No job has time for more than one file: nor may it take less, or it would never end.
    monkeypatch.setattr(exporting, "_PIECE_BYTES", 100)
    asked = shelf.ask()
    seen = []
    while run_one(shelf.office):
        seen.append(shelf.row.done)

    assert seen == [0, 1, 2, 3, 4, 5, 5]
    made = {file.name: shelf.read(file) for file in shelf.files}
    assert texts(made["tap-1.pdf"])[2:] == texts(whole["tap-1.pdf"])[2:]
    assert [title for title, _ in outline(made["tap-1.pdf"])] == [
        title for title, _ in outline(whole["tap-1.pdf"])
    ]
    assert shelf.export_id == asked.id
    assert shelf.objects() <= kept + 1  # the volume, whose cover bears another time


def test_an_export_that_fails_at_every_try_says_so_and_leaves_nothing(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    shelf.put(*(pdfs.plain(tmp_path / f"{n}.pdf", text=f"FILE {n}") for n in range(3)))
    kept = shelf.objects()
    monkeypatch.setattr(exporting, "_PIECE_BYTES", 100)
    shelf.ask()
    for _ in range(3):  # the plan, and two files
        run_one(shelf.office)

    def broken(*_: object) -> object:
        raise RuntimeError("broken")

    monkeypatch.setattr(exporting, "Volume", broken)
    for _ in range(20):
        clock.advance(timedelta(hours=1))
        while run_one(shelf.office):
            pass

    assert shelf.row.failure is not None
    assert shelf.row.failure.startswith("Không kết xuất được hồ sơ.")
    assert shelf.row.finished_at is not None
    assert shelf.objects() == kept


def test_one_asks_once_until_it_is_done(shelf: Shelf) -> None:
    assert shelf.ask().id == shelf.ask().id
    shelf.desk.run_jobs()
    assert shelf.row.id != shelf.ask().id


def test_an_empty_dossier_has_a_cover(shelf: Shelf) -> None:
    made = shelf.export()
    assert list(made) == ["tap-1.pdf", XML_NAME]
    assert listed(made[XML_NAME]) == []


def test_only_those_whose_dossier_it_is_take_it_along(shelf: Shelf) -> None:
    dossier_id = shelf.dossiers.dossier_id
    with pytest.raises(NotFound):  # it is the applicant's alone
        shelf.ask(OFFICE_SPECIALIST)
    shelf.hand_in()
    shelf.ask(OFFICE_SPECIALIST)
    with pytest.raises(NotFound):
        shelf.ask("sonnmt.chuyenvien")
    with pytest.raises(NotFound):  # not the one who asked for it
        shelf.desk.see(SPECIALIST, find_export, dossier_id, shelf.export_id)
