"""A whole file that a desktop program signed comes back: taken as what was given, plus that."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from signing import pades
from signing.devca import DevelopmentCA
from signing.examination import examine
from tests.signing.pdfs import signed_elsewhere
from tests.workflow.client_held import Holder, Outage, rows, untouched
from tests.workflow.conftest import Clock
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import CLERK, LEADER, Trip, a_pdf
from workflow import acceptance
from workflow.actor import Actor
from workflow.jobs import run_all
from workflow.office import Office
from workflow.pending import Waiting
from workflow.records import (
    PendingSignature,
    Revision,
)
from workflow.refusals import SigningRefusal
from workflow.rules.errors import NotFound


@pytest.fixture
def trip(office: Office, acting: Callable[[str], Actor]) -> Trip:
    return Trip(office, acting).draft().checked()


@pytest.fixture
def leader(trip: Trip) -> Holder:
    """The chairman with a token, who has taken the step to sign."""
    holder = Holder.of(trip, LEADER)
    trip.ask_to_sign()
    return holder


Program = Callable[[Path, Path], object]
"""A desktop program: signs the file it is given, in its own way, into another."""


def unsigned(holder: Holder, waiting: Waiting, folder: Path) -> Path:
    """The file as the program gets it."""
    with holder.office.reading(holder.trip.acting(holder.username)) as reading:
        held, tail = acceptance.file_of(reading, waiting.intent.id, "unsigned")
    given = folder / "given.pdf"
    ref = (held.intent.organisation_id, held.base.sha256, held.base.size_bytes)
    with holder.office.stream(*ref) as stored:
        given.write_bytes(stored.read() + tail)
    return given


def bring_file(
    holder: Holder, waiting: Waiting, returned: Path, token: str | None = None
) -> PendingSignature:
    actor, token = holder.trip.acting(holder.username), token or waiting.token
    ref = acceptance.adopt(holder.office, actor, waiting.intent.id, token, returned)
    with holder.office.transaction(actor) as tx:
        return acceptance.accept_file(tx, waiting.intent.id, token, ref)


def plug_in(holder: Holder, field: str = "person1", **changes: Any) -> Program:
    """One that knows the standard and no time-stamp authority."""
    trust = holder.office.sealing.trust
    how = {"key": holder.key, "field": field, "level": "B-B", "trust": trust, **changes}
    return lambda given, signed: pades.sign(given, signed, **how)


def stranger(holder: Holder, field: str) -> Program:
    """One that is none of ours, and looks at nothing but the field."""

    def sign(given: Path, signed: Path) -> None:
        shutil.copyfile(given, signed)
        signed_elsewhere(signed, holder.key, field)

    return sign


def test_whole_files_come_back_signed(
    office: Office, acting: Callable[[str], Actor], tmp_path: Path
) -> None:
    trip = Trip(office, acting)
    trip.draft(trip.new("Quyet dinh", "Phu luc")).checked()
    leader, clerk = Holder.of(trip, LEADER), Holder.of(trip, CLERK, agency=True)
    trip.ask_to_sign()
    returned = tmp_path / "returned.pdf"
    (waiting,) = leader.prepare()
    stranger(leader, "person1")(unsigned(leader, waiting, tmp_path), returned)
    bring_file(leader, waiting, returned)
    run_all(office)
    trip.number().ask_to_seal()
    for waiting in clerk.prepare():
        stranger(clerk, "agency")(unsigned(clerk, waiting, tmp_path), returned)
        bring_file(clerk, waiting, returned)
    run_all(office)
    assert trip.state == "sealed"
    main, attachment = trip.view().reports
    assert main is not None
    assert attachment is not None
    assert (main.verdict, attachment.verdict) == ("HOP_LE", "HOP_LE")
    # The programs reached B-B only: never recorded as less than what was asked for.
    found = [*main.signatures, *attachment.signatures]
    assert {one.level for one in found if one.kind == "signature"} == {"B-LTA"}
    for revision in trip.view().held.revisions:
        ref = (trip.issuer("UBND").organisation_id, revision.sha256, revision.size_bytes)
        with office.stream(*ref) as stored:
            assert examine(io.BytesIO(stored.read())).locked
    entry = trip.view().held.entry
    assert entry is not None
    assert main.filled["vanthu.number"] == f"Số: {entry.code}"
    with office.reading(None) as reading:
        assert tampering(reading) == []


@pytest.mark.parametrize(("type_code", "level"), [("quyet_dinh", None), ("thong_bao", "B-B")])
def test_a_file_below_the_level_goes_on_only_where_that_will_do_for_now(
    office: Office,
    acting: Callable[[str], Actor],
    tmp_path: Path,
    clock: Clock,
    type_code: str,
    level: str | None,
) -> None:
    trip = Trip(office, acting)
    trip.draft(trip.new(type_code=type_code)).checked()
    leader = Holder.of(trip, LEADER)
    trip.ask_to_sign()
    (waiting,) = leader.prepare()
    returned = tmp_path / "returned.pdf"
    plug_in(leader)(unsigned(leader, waiting, tmp_path), returned)
    line = Outage.before(office)
    line.cut = True
    bring_file(leader, waiting, returned)
    run_all(office)
    assert trip.state == ("signing" if level is None else "signed")
    assert level in (None, *levels(trip))
    line.cut = False
    for _ in range(2):
        clock.advance(timedelta(minutes=6))
        run_all(office)
    assert trip.state == "signed"
    assert levels(trip) == ["B-LTA"]


def levels(trip: Trip) -> list[str | None]:
    """Of the signatures on the main text, as they were judged."""
    report = trip.view().reports[0]
    return [one.level for one in report.signatures if one.kind == "signature"] if report else []


def appended(extra: bytes) -> Callable[[Path, Path], None]:
    def append(given: Path, signed: Path) -> None:
        signed.write_bytes(given.read_bytes() + extra)

    return append


def prefix_changed(holder: Holder) -> Program:
    def sign(given: Path, signed: Path) -> None:
        plug_in(holder)(given, signed)
        content = bytearray(signed.read_bytes())
        content[content.index(b"D:20") + 3] ^= 1
        signed.write_bytes(content)

    return sign


def twice(holder: Holder) -> Program:
    def sign(given: Path, signed: Path) -> None:
        plug_in(holder)(given, signed)
        once = signed.replace(signed.with_name("once.pdf"))
        plug_in(holder, "another")(once, signed)

    return sign


def by_another(holder: Holder) -> Program:
    pki = DevelopmentCA(holder.office.settings.data_dir / "pki")
    return plug_in(holder, key=pki.issue_person("x", "X", "Y"))


def of_another_document(holder: Holder) -> Program:
    def sign(_given: Path, signed: Path) -> None:
        other = signed.with_name("other.pdf")
        other.write_bytes(a_pdf("Khac"))
        plug_in(holder)(other, signed)

    return sign


WRONG: dict[str, tuple[Callable[[Holder], Program], str]] = {
    "prefix": (prefix_changed, "không bắt đầu bằng đúng"),
    "another document": (of_another_document, "không bắt đầu bằng đúng"),
    "certificate": (by_another, "chứng thư số khác"),
    "field": (lambda holder: plug_in(holder, "another"), "không có đúng một chữ ký mới"),
    "two signatures": (twice, "nhiều hơn một lần cập nhật"),
    "no signature": (lambda _: shutil.copyfile, "không"),
    "junk behind": (lambda _: appended(b"junk" * 100), "không"),
    "filled later": (
        lambda holder: plug_in(holder, fill={"vanthu.number": "Số: 99/QĐ-UBND"}),
        "không",
    ),
    "no PDF": (lambda _: lambda _given, signed: signed.write_bytes(b"%PDF-1.7"), "không"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_that_is_not_what_was_prepared_uses_up_nothing(
    leader: Holder, tmp_path: Path, wrong: str
) -> None:
    (waiting,) = leader.prepare()
    given, returned = unsigned(leader, waiting, tmp_path), tmp_path / "returned.pdf"
    program, why = WRONG[wrong]
    program(leader)(given, returned)
    with pytest.raises(SigningRefusal, match=why):
        bring_file(leader, waiting, returned)
    assert untouched(leader.trip)
    plug_in(leader)(given, returned)
    bring_file(leader, waiting, returned)
    run_all(leader.office)
    assert leader.trip.state == "signed"


def test_a_file_is_accepted_once_in_time_and_for_the_newest_preparation(
    leader: Holder, tmp_path: Path, clock: Clock
) -> None:
    (first,) = leader.prepare()
    given, returned = unsigned(leader, first, tmp_path), tmp_path / "returned.pdf"
    plug_in(leader)(given, returned)
    (second,) = leader.prepare()
    with pytest.raises(SigningRefusal, match="đã được thay"):
        bring_file(leader, first, returned)
    with pytest.raises(NotFound):
        bring_file(replace(leader, username=CLERK), second, returned)
    bring_file(leader, second, returned)  # nothing is filled in: the same file was given out
    with pytest.raises(SigningRefusal, match="đã nhận"):
        bring_file(leader, second, returned)
    with pytest.raises(SigningRefusal, match="đã nhận"):
        leader.bring(second)
    run_all(leader.office)
    assert leader.trip.state == "signed"
    clock.advance(timedelta(days=1))
    run_all(leader.office)
    assert leader.trip.state == "signed"


def test_a_file_that_comes_too_late_is_refused(
    leader: Holder, tmp_path: Path, clock: Clock
) -> None:
    (waiting,) = leader.prepare()
    given, returned = unsigned(leader, waiting, tmp_path), tmp_path / "returned.pdf"
    plug_in(leader)(given, returned)
    clock.set(waiting.pending.expires_at)
    with pytest.raises(SigningRefusal, match="quá hạn"):
        bring_file(leader, waiting, returned)
    assert rows(leader.office, Revision, Revision.made_as == "signed") == []


def test_a_certificate_revoked_before_the_file_comes_signs_nothing(
    leader: Holder, tmp_path: Path
) -> None:
    (waiting,) = leader.prepare()
    given, returned = unsigned(leader, waiting, tmp_path), tmp_path / "returned.pdf"
    plug_in(leader)(given, returned)
    pki = DevelopmentCA(leader.office.settings.data_dir / "pki")
    pki.revoke(leader.certificate.certificate_sha256)
    with pytest.raises(SigningRefusal, match="thu hồi"):
        bring_file(leader, waiting, returned)
    assert untouched(leader.trip)
