"""What `pades.sign` writes at each level, what it refuses to write on, and what `archive` adds."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from pyhanko.pdf_utils.reader import PdfFileReader

from signing import fields, pades
from signing.appearance import Stamp
from signing.credentials import of_signer
from signing.errors import SigningRefused, TrustUnavailable
from signing.fields import Box, SignatureField
from signing.keys import LiveKey, SigningKey
from signing.report import Level
from signing.trust import Trust
from signing.validation import validate
from tests.signing import judges, pdfs
from tests.signing.pki import TSA, Profile, loaded, now, rsa_key
from tests.signing.test_bad_certificates import CountedKey
from tests.signing.trusted import House, Stamper

LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")


@pytest.fixture
def house() -> House:
    return House.new()


@pytest.fixture
def key(house: House) -> LiveKey:
    return house.pki.issue(Profile(key=rsa_key()))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return pdfs.plain(tmp_path / "plain.pdf", pages=2)


def sign(
    house: House, key: SigningKey, source: Path, level: Level = "B-B", **options: object
) -> pades.SignedRevision:
    """Sign in a field of its own into `signed.pdf` beside the source."""
    asked: dict[str, object] = {"field": "person1"}
    return pades.sign(
        source,
        source.with_name("signed.pdf"),
        key=key,
        level=level,
        trust=house.trust,
        **(asked | options),  # type: ignore[arg-type]
    )


def levels(path: Path, trust: Trust) -> list[str | None]:
    """The levels of a valid document's signatures, by the full validation."""
    report = validate(path, trust=trust)
    assert report.verdict == "HOP_LE", report.reasons
    return [item.level for item in report.signatures if item.kind == "signature"]


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_what_the_full_validation_finds(
    house: House, key: LiveKey, plain: Path, level: Level
) -> None:
    revision = sign(house, key, plain, level)
    signed = plain.with_name("signed.pdf")
    assert (revision.level, revision.size_bytes) == (level, signed.stat().st_size)
    assert levels(signed, house.trust) == [level]
    assert signed.read_bytes().startswith(plain.read_bytes())
    ends = loaded(house.pki.tsa).not_valid_after_utc
    assert revision.archive_expires_at == (ends if level == "B-LTA" else None)


def test_what_each_level_adds(house: House, key: LiveKey, plain: Path) -> None:
    """One revision; one more for the document time-stamp. No VRI, no new metadata."""
    grown = {}
    for level in LEVELS:
        sign(house, key, plain, level)
        with plain.with_name("signed.pdf").open("rb") as stream:
            reader = PdfFileReader(stream)
            assert reader.xrefs.total_revisions == (3 if level == "B-LTA" else 2)
            assert ("/DSS" in reader.root) == (level in ("B-LT", "B-LTA"))
            if "/DSS" in reader.root:
                # Of the signature's own revision: nothing is added beside the last time-stamp.
                assert "/DSS" in reader.get_historical_root(1)
                store = reader.root["/DSS"]
                assert "/VRI" not in store
                held = {name: len(store[name]) for name in ("/Certs", "/OCSPs", "/CRLs")}
                # Signer, issuing CA, time-stamp authority; one answer for each of them.
                assert held == {"/Certs": 3, "/OCSPs": 2, "/CRLs": 1}
            info = reader.trailer.raw_get("/Info").reference
            assert reader.xrefs.get_last_change(info) == 0
            grown[level] = reader.stream.seek(0, 2) - plain.stat().st_size
    # Every later validation reads all of it.
    assert grown["B-B"] < 9_000
    assert grown["B-T"] < 26_000
    assert grown["B-LT"] < 32_000
    assert grown["B-LTA"] < 52_000


def test_people_and_seal_each_preserved(house: House, tmp_path: Path) -> None:
    """B-LTA after B-LTA, then the seal that locks, then a renewal: all within what locks allow."""
    files = [tmp_path / f"{step}.pdf" for step in range(5)]
    fields.prepare(
        pdfs.plain(files[0]),
        files[1],
        number=pdfs.NUMBER_BOX,
        date=pdfs.DATE_BOX,
        signatures=[
            SignatureField("person1", pdfs.PERSON_BOX),
            SignatureField("agency", locks=True),
        ],
    )
    person, agency = (house.pki.issue(Profile(name)) for name in ("Nguyễn Văn Ước", "UBND xã"))
    common = {"level": "B-LTA", "trust": house.trust}
    pades.sign(files[1], files[2], key=person, field="person1", **common)  # type: ignore[arg-type]
    pades.sign(
        files[2],
        files[3],
        key=agency,
        field="agency",
        lock=True,
        fill=pdfs.FILL,
        **common,  # type: ignore[arg-type]
    )
    assert levels(files[3], house.trust) == ["B-LTA", "B-LTA"]
    pades.archive(files[3], files[4], trust=house.trust)
    report = validate(files[4], trust=house.trust, expected_fill=pdfs.FILL)
    assert (report.verdict, report.integrity) == ("HOP_LE", "INTACT")
    assert [item.locks for item in report.signatures if item.kind == "signature"] == [False, True]
    with pytest.raises(SigningRefused) as refused:
        pades.sign(files[4], files[0], key=person, field="person2", **common)  # type: ignore[arg-type]
    assert refused.value.code == "locked"


def code(refused: pytest.ExceptionInfo[SigningRefused]) -> str:
    return refused.value.code


@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_an_authority_that_changes_its_certificate_is_asked_again(
    house: House, key: LiveKey, plain: Path, level: Level
) -> None:
    """The validation data in the file are always those of who made the time-stamp."""
    sign(house, key, plain, level)
    house.stamper.key = house.pki.issue(TSA)
    counted = CountedKey(key)
    sign(house, counted, plain, level)
    assert len(counted.uses) == 2
    assert levels(plain.with_name("signed.pdf"), Trust(house.trust.anchors)) == [level]


class Fickle(Stamper):
    """Answers under another certificate each time."""

    def __init__(self, house: House) -> None:
        super().__init__(house.pki.tsa)
        self._pki = house.pki

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        self.key = self._pki.issue(TSA)
        return await super().async_request_tsa_response(req)


def test_an_authority_that_changes_every_time_postpones(
    house: House, key: LiveKey, plain: Path
) -> None:
    signed, archived = plain.with_name("signed.pdf"), plain.with_name("archived.pdf")
    sign(house, key, plain)
    fickle = replace(house.trust, timestamper=Fickle(house))
    with pytest.raises(TrustUnavailable):
        pades.archive(signed, archived, trust=fickle)
    with pytest.raises(TrustUnavailable):
        pades.sign(plain, archived, key=key, field="x", level="B-LT", trust=fickle)
    assert not archived.exists()


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_a_token_too_large_for_its_room_gets_a_larger_one(
    house: House, key: LiveKey, plain: Path, level: Level
) -> None:
    sign(house, key, plain, level)
    # The same authority, which now sends along a dozen certificates more.
    ballast = tuple(house.pki.issue(Profile(f"CA {n}")).certificate for n in range(12))
    house.stamper.key = replace(house.pki.tsa, chain=(*house.pki.tsa.chain, *ballast))
    sign(house, key, plain, level)
    assert levels(plain.with_name("signed.pdf"), house.trust) == [level]
    asked = house.stamper.asked
    sign(house, key, plain, level)  # from then on there is room at once
    assert house.stamper.asked == asked + (2 if level == "B-LTA" else 1)


def test_the_time_claimed_is_the_moment_of_the_order(
    house: House, key: LiveKey, plain: Path
) -> None:
    moment = datetime(2026, 11, 21, 2, 30, 12, 345, tzinfo=UTC)
    sign(house, key, plain, moment=moment)
    (found,) = judges.signatures(plain.with_name("signed.pdf"))
    assert found.sig_object["/M"] == "D:20261121093012+07'00'"
    (judged,) = validate(plain.with_name("signed.pdf"), trust=house.trust).signatures
    assert judged.signed_at == moment.replace(microsecond=0)


def test_a_field_of_its_own_shows_the_stamp_in_its_box(
    house: House, key: LiveKey, plain: Path
) -> None:
    text = "15/QĐ-UBND 2026-11-21T09:30:12+07:00"
    box = Box(0, 300, 780, 220, 14)
    sign(house, key, plain, "B-LT", stamp=Stamp(lines=(text,)), box=box, lock=True)
    signed = plain.with_name("signed.pdf")
    assert text in judges.text_of(signed, page=1, box=box)
    assert levels(signed, house.trust) == ["B-LT"]
    for wrong in (replace(box, x=560), replace(box, page=2)):
        with pytest.raises(SigningRefused) as refused:
            sign(house, key, plain, box=wrong)
        assert code(refused) in ("box_off_page", "page_missing")


def test_a_certificate_judged_is_believed_until_something_changes(house: House) -> None:
    """Five minutes at most, never beyond what it rests on, and not after a revocation."""
    house.status.life = timedelta(minutes=3)
    key, at = house.pki.issue(Profile()), now()

    def ask(at: datetime) -> float:
        started = time.process_time()
        of_signer(key.certificate, key.chain, trust=house.trust, now=at)
        return time.process_time() - started

    judged = ask(at)
    assert ask(at + timedelta(minutes=2)) * 5 < judged
    with pytest.raises(SigningRefused) as refused:
        ask(at + timedelta(minutes=4))
    assert code(refused) == "certificate_status_unknown"
    with pytest.raises(SigningRefused) as refused:
        ask(loaded(key).not_valid_after_utc + timedelta(seconds=1))
    assert code(refused) == "certificate_expired"
    with pytest.raises(SigningRefused) as refused:
        ask(loaded(key).not_valid_before_utc - timedelta(seconds=1))
    assert code(refused) == "certificate_not_yet_valid"
    ask(at)
    house.pki.revoke(key)
    house.status.forget()
    with pytest.raises(SigningRefused) as refused:
        ask(at)
    assert code(refused) == "certificate_revoked"
    # Whom one office trusts, another does not.
    stranger = replace(house.trust, anchors=(House.new().pki.root.certificate,))
    with pytest.raises(SigningRefused) as refused:
        of_signer(house.pki.issue(Profile()).certificate, key.chain, trust=stranger, now=at)
    assert code(refused) == "certificate_untrusted"
