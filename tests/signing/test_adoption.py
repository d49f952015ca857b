"""A file that a plug-in signed and handed back: ours and one signature in its place, or refused."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
)
from pyhanko.sign.signers import PdfTimeStamper

from signing import fields, pades
from signing.errors import SigningRefused, UnreadablePdf
from signing.fields import SignatureField
from signing.keys import LiveKey
from signing.validation import validate
from tests.signing import pdfs, plugin
from tests.signing.pki import Profile
from tests.signing.trusted import House


@dataclass(frozen=True)
class Desk:
    """A document handed out to be signed: the person's place is free, or it is the seal's turn."""

    house: House
    person: LiveKey
    agency: LiveKey
    folder: Path

    @property
    def draft(self) -> Path:
        return self.folder / "draft.pdf"

    @property
    def filled(self) -> Path:
        return self.folder / "filled.pdf"

    @property
    def returned(self) -> Path:
        return self.folder / "returned.pdf"

    def adopt(self, source: Path, key: LiveKey, field: str) -> pades.SignedRevision:
        return pades.adopt(
            source,
            self.returned,
            self.folder / "adopted.pdf",
            certificate=key.certificate,
            field=field,
            trust=self.house.trust,
        )

    def refused_code(self, source: Path, key: LiveKey, field: str) -> str:
        before = source.read_bytes()
        with pytest.raises(SigningRefused) as refused:
            self.adopt(source, key, field)
        assert not (self.folder / "adopted.pdf").exists()
        assert source.read_bytes() == before
        return refused.value.code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    house, folder = House.new(), tmp_path_factory.mktemp("adoption")
    desk = Desk(
        house,
        house.pki.issue(Profile()),
        house.pki.issue(Profile("UBND xã Tân Hòa")),
        folder,
    )
    fields.prepare(
        pdfs.plain(folder / "plain.pdf", pages=2),
        desk.draft,
        number=pdfs.NUMBER_BOX,
        date=pdfs.DATE_BOX,
        signatures=[
            SignatureField("person1", pdfs.PERSON_BOX),
            SignatureField("agency", locks=True),
        ],
    )
    signed = folder / "signed.pdf"
    pades.sign(
        desk.draft, signed, key=desk.person, field="person1", level="B-LT", trust=house.trust
    )
    pades.fill_only(signed, desk.filled, pdfs.FILL)
    return desk


@pytest.fixture
def desk(made: Desk, tmp_path: Path) -> Desk:
    for path in (made.draft, made.filled):
        shutil.copy(path, tmp_path)
    return Desk(made.house, made.person, made.agency, tmp_path)


def test_a_persons_plug_in_signs(desk: Desk) -> None:
    shutil.copy(desk.draft, desk.returned)
    plugin.sign(desk.returned, desk.person, field_name="person1")
    revision = desk.adopt(desk.draft, desk.person, "person1")
    adopted = desk.folder / "adopted.pdf"
    assert adopted.read_bytes() == desk.returned.read_bytes()
    assert (revision.level, revision.size_bytes) == ("B-B", adopted.stat().st_size)
    # It is raised to what the office keeps, and the seal still follows.
    archived, sealed = desk.folder / "archived.pdf", desk.folder / "sealed.pdf"
    pades.archive(adopted, archived, trust=desk.house.trust)
    pades.sign(
        archived,
        sealed,
        key=desk.agency,
        field="agency",
        level="B-LT",
        trust=desk.house.trust,
        fill=pdfs.FILL,
        lock=True,
    )
    report = validate(sealed, trust=desk.house.trust, expected_fill=pdfs.FILL)
    assert report.verdict == "HOP_LE"


def test_the_seals_plug_in_signs_what_was_filled_for_it(desk: Desk) -> None:
    before = validate(desk.filled, trust=desk.house.trust)
    assert before.verdict == "KHONG_HOP_LE"  # nobody vouches for number and date yet
    assert before.filled == pdfs.FILL
    shutil.copy(desk.filled, desk.returned)
    plugin.sign(desk.returned, desk.agency, field_name="agency")
    desk.adopt(desk.filled, desk.agency, "agency")
    report = validate(desk.folder / "adopted.pdf", trust=desk.house.trust, expected_fill=pdfs.FILL)
    assert (report.verdict, [item.locks for item in report.signatures]) == (
        "HOP_LE",
        [False, True],
    )


def test_without_a_target_it_is_only_checked(desk: Desk) -> None:
    shutil.copy(desk.draft, desk.returned)
    plugin.sign(desk.returned, desk.person, field_name="person1")
    pades.adopt(
        desk.draft,
        desk.returned,
        certificate=desk.person.certificate,
        field="person1",
        trust=desk.house.trust,
    )
    assert not (desk.folder / "adopted.pdf").exists()


Attempt = Callable[[Path, LiveKey], object]


def signs(name: str = "person1", **options: object) -> Attempt:
    return lambda path, key: plugin.sign(path, key, field_name=name, **options)  # type: ignore[arg-type]


def rewrites(path: Path, key: LiveKey) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:20] + content[20:].replace(b"/Count 2", b"/Count 1", 1))
    signs()(path, key)


def changes_the_page(path: Path, key: LiveKey) -> None:
    """In the signature's own revision, which no signature before it can complain about."""
    revised_and_signed(path, key, pdfs.change_page)


def fills_a_number(path: Path, key: LiveKey) -> None:
    revised_and_signed(
        path, key, lambda writer: pdfs.set_text(writer, "Số: 1/QĐ", "vanthu", "number")
    )


def adds_an_annotation(path: Path, key: LiveKey) -> None:
    revised_and_signed(path, key, pdfs.paint_over)


def revised_and_signed(
    path: Path, key: LiveKey, change: Callable[[IncrementalPdfFileWriter], object]
) -> None:
    plugin.sign(path, key, field_name="person1", change=change)


def revises_first(path: Path, key: LiveKey) -> None:
    pdfs.revise(path, lambda writer: writer.update_root())
    signs()(path, key)


def signs_twice(path: Path, key: LiveKey) -> None:
    signs()(path, key)
    signs("another")(path, key)


def appends(path: Path, key: LiveKey) -> None:
    signs()(path, key)
    path.write_bytes(path.read_bytes() + b"\n% more\n")


def appends_a_line(path: Path, key: LiveKey) -> None:
    signs()(path, key)
    path.write_bytes(path.read_bytes() + b"\n")


def stamps_only(path: Path, _key: LiveKey) -> None:
    stream = io.BytesIO(path.read_bytes())
    PdfTimeStamper(House.new().stamper).timestamp_pdf(
        IncrementalPdfFileWriter(stream), "sha256", in_place=True
    )
    path.write_bytes(stream.getvalue())


def breaks_it(path: Path, key: LiveKey) -> None:
    signs()(path, key)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"/Type /Sig") + 7] ^= 1
    path.write_bytes(content)


WRONG: dict[str, tuple[Attempt, str]] = {
    "nothing signed": (lambda _path, _key: None, "unsigned"),
    "another document": (rewrites, "base_changed"),
    "the page changed with it": (changes_the_page, "content_changed"),
    "a number filled with it": (fills_a_number, "content_changed"),
    "an annotation added with it": (adds_an_annotation, "content_changed"),
    "a revision before it": (revises_first, "revisions"),
    "two signatures": (signs_twice, "revisions"),
    "another field": (signs("another"), "other_field"),
    "the seal's field": (signs("agency"), "other_field"),
    "a time-stamp instead": (stamps_only, "not_intact"),
    "bytes after it": (appends, "not_intact"),
    "a line after it": (appends_a_line, "coverage"),
    "a broken signature": (breaks_it, "not_intact"),
    "certified: no changes": (
        signs(certify=True, docmdp_permissions=MDPPerm.NO_CHANGES),
        "lock_mismatch",
    ),
    "not PAdES": (signs(subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED), "not_pades"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_anything_else_is_refused(desk: Desk, kind: str) -> None:
    attempt, code = WRONG[kind]
    shutil.copy(desk.draft, desk.returned)
    attempt(desk.returned, desk.person)
    assert desk.refused_code(desk.draft, desk.person, "person1") == code


def drop_lock(writer: IncrementalPdfFileWriter) -> None:
    field = pdfs.field(writer, "agency")
    del field["/Lock"]
    writer.update_container(field)


def lock_number(writer: IncrementalPdfFileWriter) -> None:
    """Nobody could number the document any more."""
    field = pdfs.field(writer, "person1")
    spec = FieldMDPSpec(FieldMDPAction.INCLUDE, ["vanthu.number"])
    field[pdf_name("/Lock")] = spec.as_sig_field_lock()
    writer.update_container(field)


def test_a_lock_other_than_reserved_is_refused(desk: Desk) -> None:
    shutil.copy(desk.draft, desk.returned)
    plugin.sign(desk.returned, desk.agency, field_name="agency", change=drop_lock)
    assert desk.refused_code(desk.draft, desk.agency, "agency") == "lock_mismatch"
    shutil.copy(desk.draft, desk.returned)
    plugin.sign(desk.returned, desk.person, field_name="person1", change=lock_number)
    assert desk.refused_code(desk.draft, desk.person, "person1") == "lock_mismatch"


def test_another_certificate_is_refused(desk: Desk) -> None:
    """By whomever: the certificate is the one that was chosen when the file was handed out."""
    shutil.copy(desk.draft, desk.returned)
    plugin.sign(desk.returned, desk.agency, field_name="person1")
    assert desk.refused_code(desk.draft, desk.person, "person1") == "other_certificate"
    # Of the same names, by the same authority, even over the same key.
    again = desk.house.pki.issue(Profile(key=desk.person.private_key))
    shutil.copy(desk.draft, desk.returned)
    plugin.sign(desk.returned, again, field_name="person1")
    assert desk.refused_code(desk.draft, desk.person, "person1") == "other_certificate"


def test_a_certificate_that_may_not_sign_now_is_refused(desk: Desk) -> None:
    revoked = desk.house.pki.issue(Profile())
    desk.house.pki.revoke(revoked)
    stranger = House.new().pki.issue(Profile())
    for key, code in ((revoked, "certificate_revoked"), (stranger, "certificate_untrusted")):
        shutil.copy(desk.draft, desk.returned)
        plugin.sign(desk.returned, key, field_name="person1")
        assert desk.refused_code(desk.draft, key, "person1") == code


def test_a_weak_digest_is_refused(desk: Desk) -> None:
    shutil.copy(desk.draft, desk.returned)
    plugin.sign(desk.returned, desk.person, field_name="person1", md_algorithm="sha1")
    assert desk.refused_code(desk.draft, desk.person, "person1") == "digest_weak"


def refer_to_nothing(writer: IncrementalPdfFileWriter) -> None:
    """To an object that the file has not: then only a lenient reader compares its revisions."""
    writer.root[pdf_name("/Foo")] = generic.IndirectObject(9999, 0, writer)
    writer.update_root()


def test_a_document_that_refers_to_nothing_is_no_reason(desk: Desk) -> None:
    pdfs.revise(desk.draft, refer_to_nothing)
    signed = desk.folder / "signed.pdf"
    pades.sign(
        desk.draft,
        signed,
        key=desk.person,
        field="person1",
        level="B-T",
        trust=desk.house.trust,
    )
    pades.sign(
        signed,
        desk.returned,
        key=desk.agency,
        field="agency",
        level="B-B",
        trust=desk.house.trust,
        lock=True,
    )
    assert validate(desk.returned, trust=desk.house.trust).integrity == "INTACT"
    desk.adopt(signed, desk.agency, "agency")


def test_what_cannot_be_appended_to_is_not_taken(desk: Desk) -> None:
    """Nobody could seal or archive it."""
    hybrid = pdfs.hybrid(desk.folder / "hybrid.pdf")
    pdfs.revise(hybrid, lambda writer: append_signature_field(writer, SigFieldSpec("person1")))
    shutil.copy(hybrid, desk.returned)
    plugin.sign(desk.returned, desk.person, field_name="person1", strict=False)
    assert desk.refused_code(hybrid, desk.person, "person1") == "not_strict"


def test_what_is_no_pdf_is_unreadable(desk: Desk) -> None:
    desk.returned.write_bytes(desk.draft.read_bytes() + bytes(5000))
    with pytest.raises(UnreadablePdf):
        desk.adopt(desk.draft, desk.person, "person1")


def test_a_field_that_was_not_reserved_is_not_taken(desk: Desk) -> None:
    plain = pdfs.plain(desk.folder / "plain.pdf")
    shutil.copy(plain, desk.returned)
    plugin.sign(desk.returned, desk.person, field_name="person1")
    assert desk.refused_code(plain, desk.person, "person1") == "field_missing"
