"""Levels as policy, raised when a service is back; archive time-stamps renewed before they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from signing.pades import SignedRevision
from signing.report import SignatureReport
from tests.workflow.conftest import Clock
from tests.workflow.desk import OFFICE
from tests.workflow.desk import Desk as Arrivals
from tests.workflow.intact import tampering
from tests.workflow.outgoing_trip import CLERK, Trip
from tests.workflow.services import Services
from workflow import archiving, drafting, jobs
from workflow.actor import Actor
from workflow.digitising import digitise
from workflow.facts.outgoing import dossier_of, facts_of
from workflow.files import current_files, store_report
from workflow.jobs import run_all, run_one
from workflow.office import Office
from workflow.records import (
    ArchiveStamp,
    Case,
    Incoming,
    JournalEntry,
    Report,
    Revision,
    SignatureMade,
    SigningIntent,
    job,
)
from workflow.registration import register
from workflow.rules.errors import GuardsUnmet
from workflow.rules.levels import Level
from workflow.sealing import Sealing
from workflow.worker import WorkerThread

REST = timedelta(seconds=300)


@pytest.fixture
def trip(office: Office, acting: Callable[[str], Actor]) -> Trip:
    return Trip(office, acting)


@pytest.fixture
def services(office: Office) -> Services:
    return Services(office)


def rows(office: Office, kind: type[Any]) -> list[Any]:
    with office.reading(None) as reading:
        return list(reading.session.scalars(select(kind).order_by(kind.id)))


ALWAYS = ("append_checkpoint", "inspect_archive", "remind", "stamp_checkpoint")


def waiting(office: Office) -> list[str]:
    """The names of the jobs that wait, but for what recurs besides and always does."""
    with office.reading(None) as reading:
        names = (
            select(job.c.name)
            .where(job.c.state == "waiting", job.c.name.not_in(ALWAYS))
            .order_by(job.c.name)
        )
        return list(reading.session.scalars(names))


def journalled(office: Office, action: str) -> list[bytes]:
    with office.reading(None) as reading:
        entries = reading.session.scalars(select(JournalEntry.content)).all()
    return [content for content in entries if f'"action":"{action}"'.encode() in content]


def report_of(trip: Trip) -> SignatureReport:
    report = trip.view().reports[0]
    assert report is not None
    return report


def levels_of(trip: Trip) -> dict[str, str | None]:
    """The level of every signature in the main file, as the report over its bytes has it."""
    return {one.field: one.level for one in report_of(trip).signatures if one.kind == "signature"}


def made_as(trip: Trip) -> list[str]:
    with trip.office.reading(None) as reading:
        file, _ = current_files(reading, trip.document_id)[0]
        of_file = select(Revision.made_as).where(Revision.file_id == file.id)
        return list(reading.session.scalars(of_file.order_by(Revision.ordinal)))


def sound(office: Office) -> None:
    with office.reading(None) as reading:
        assert tampering(reading) == []


def invitation(trip: Trip, **others: Any) -> drafting.Draft:
    return trip.new("Giay moi", type_code="giay_moi", **others)


def test_a_kind_that_may_not_go_out_lower_waits_for_the_service(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    services.tsa_away = True
    trip.draft().checked().sign()
    assert trip.state == "signing"
    assert rows(office, SignatureMade) == []
    assert waiting(office) == ["sign_outgoing"]
    services.tsa_away = False
    clock.advance(timedelta(seconds=30))
    run_all(office)
    assert trip.state == "signed"
    # No archive time-stamp before the seal, and no person's signature without its own data.
    assert levels_of(trip) == {"person1": "B-LT"}
    trip.number().seal()
    assert levels_of(trip) == {"person1": "B-LTA", "agency": "B-LTA"}
    (stamp,) = rows(office, ArchiveStamp)
    sealed = trip.view().held.revisions[0]
    assert (stamp.sha256, sealed.made_as) == (sealed.sha256, "sealed")
    assert stamp.expires_at > clock.now + timedelta(days=4 * 365)
    assert [made.level for made in rows(office, SignatureMade)] == ["B-LT", "B-LTA"]
    sound(office)


def test_what_may_go_out_lower_does_and_is_raised_when_the_service_is_back(
    trip: Trip, office: Office, services: Services, clock: Clock, acting: Callable[[str], Actor]
) -> None:
    services.tsa_away = True
    with office.reading(None) as reading:
        to = drafting.RecipientLine("Văn phòng", "action", "system", _seat(reading, OFFICE))
    trip.draft(replace(invitation(trip), recipients=[to])).checked().sign().number().seal().issue()
    assert trip.state == "issued"
    assert levels_of(trip) == {"person1": "B-B", "agency": "B-B"}
    assert report_of(trip).verdict == "HOP_LE"
    intents, made = rows(office, SigningIntent), rows(office, SignatureMade)
    assert [(one.level, one.meanwhile_level) for one in intents] == [("B-LT", "B-B")] * 2
    assert [one.level for one in made] == ["B-B", "B-B"]
    assert all(b'"level":"B-B"' in entry for entry in journalled(office, "signature.made"))
    assert waiting(office) == ["raise_level", "raise_level"]
    before, delivered = trip.view().held.revisions[0], _delivered(office)
    assert delivered.sha256 == before.sha256

    clock.advance(REST)
    run_all(office)
    clock.advance(REST / 2)
    assert run_all(office) == 0, "large files are not read again every few seconds"
    assert waiting(office) == ["raise_level", "raise_level"]
    services.tsa_away = False
    clock.advance(REST)
    run_all(office)
    assert waiting(office) == []
    assert levels_of(trip) == {"person1": "B-LTA", "agency": "B-LTA"}
    assert report_of(trip).verdict == "HOP_LE"
    assert made_as(trip) == ["draft", "prepared", "signed", "sealed", "archived"]
    (stamp,) = rows(office, ArchiveStamp)
    assert stamp.sha256 == trip.view().held.revisions[0].sha256
    (entry,) = journalled(office, "signature.archived")
    assert stamp.sha256.encode() in entry
    # What the receiver has stays what was sent, and is the beginning of what the issuer has.
    assert _delivered(office).sha256 == before.sha256
    with office.reading(acting(CLERK)) as reading:
        facts = facts_of(reading, dossier_of(reading, trip.document_id))
    assert (facts.persons_unmet, facts.signers_remaining, facts.seal_unmet) == ((), 0, ())
    assert facts.register_mismatch is None
    assert facts.content_checked_by
    sound(office)


def _seat(reading: Any, code: str) -> UUID:
    from workflow.records import OrganisationName

    found: UUID = reading.session.scalars(
        select(OrganisationName.organisation_id).where(OrganisationName.code == code)
    ).one()
    return found


def _delivered(office: Office) -> Revision:
    """The bytes of the one document that was delivered inside this office."""
    with office.reading(None) as reading:
        sent = select(Incoming.document_id).where(Incoming.sent_from_id.is_not(None))
        ((_, revision),) = current_files(reading, reading.session.scalars(sent).one())
        return revision


def test_without_a_time_stamp_a_signature_is_judged_in_another_process_as_well(
    trip: Trip, office: Office, services: Services
) -> None:
    services.tsa_away = True
    trip.draft(invitation(trip)).checked().ask_to_sign()
    assert run_one(office)
    assert [made.level for made in rows(office, SignatureMade)] == ["B-B"]
    services.forget()
    run_all(office)
    assert trip.state == "signed"
    sound(office)


def test_without_the_status_of_its_certificate_nothing_is_signed_at_any_level(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    """NĐ 68/2024 Đ29, Đ31: the signer's certificate is checked by CRL or OCSP when it signs."""
    services.ocsp_away = True
    trip.draft(invitation(trip)).checked().sign()
    assert trip.state == "signing"
    assert rows(office, SignatureMade) == []
    services.ocsp_away = False
    clock.advance(timedelta(seconds=30))
    run_all(office)
    assert levels_of(trip) == {"person1": "B-LT"}


def test_a_signature_is_raised_before_the_next_one_comes(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    services.tsa_away = True
    trip.draft(invitation(trip)).checked().sign()
    seen = trip.view()
    services.tsa_away = False
    clock.advance(REST)
    run_all(office)
    assert made_as(trip) == ["draft", "prepared", "signed", "archived"]
    assert levels_of(trip) == {"person1": "B-LTA"}
    # Nothing moved: what was approved, the step that comes next, the version it starts from.
    now = trip.view()
    assert (now.content_sha256, now.case.version) == (seen.content_sha256, seen.case.version)
    trip.number().seal().issue()
    assert (trip.state, report_of(trip).verdict) == ("issued", "HOP_LE")
    assert levels_of(trip)["agency"] == "B-LT"
    sound(office)


def test_a_file_that_is_being_signed_is_left_alone_until_then(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    services.tsa_away = True
    trip.draft(invitation(trip)).checked().sign().number()
    services.tsa_away = False
    clock.advance(REST)
    base = trip.view().held.revisions[0]
    trip.ask_to_seal()
    while jobs.run_one(office, _job(office, "raise_level")):
        pass
    assert trip.view().held.revisions[0].sha256 == base.sha256
    assert "raise_level" in waiting(office)
    run_all(office)
    assert made_as(trip)[-1] == "sealed"
    clock.advance(REST)
    run_all(office)
    assert made_as(trip)[-2:] == ["sealed", "archived"]
    sound(office)


def _job(office: Office, name: str) -> UUID:
    with office.reading(None) as reading:
        waits = select(job.c.id).where(job.c.name == name, job.c.state == "waiting")
        return reading.session.scalars(waits).one()


def below(trip: Trip, services: Services) -> str:
    """Sign and seal an invitation while no time-stamps are to be had; the file's id."""
    services.tsa_away = True
    trip.draft(invitation(trip)).checked().sign().number().seal()
    services.tsa_away = False
    return str(trip.view().held.files[0][0].id)


def test_raised_twice_at_once_it_is_raised_once(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    file = below(trip, services)
    first, second = archiving.raise_level(office, file), archiving.raise_level(office, file)
    with office.transaction(None) as tx:
        first(tx)
    with pytest.raises(archiving.Unavailable), office.transaction(None) as tx:
        second(tx)
    clock.advance(REST)
    run_all(office)
    assert made_as(trip).count("archived") == len(rows(office, ArchiveStamp)) == 1
    assert waiting(office) == []
    sound(office)


@pytest.mark.parametrize("state", ["recalled", "voided", "cancelled"])
def test_nothing_is_added_to_what_is_over(
    trip: Trip, office: Office, services: Services, clock: Clock, state: str
) -> None:
    file = below(trip, services)
    record = archiving.raise_level(office, file)
    with office.database.engine.begin() as connection:
        connection.execute(
            update(Case).where(Case.document_id == trip.document_id).values(state=state)
        )
    with office.transaction(None) as tx:
        record(tx)  # it was over before the result came
    clock.advance(REST)
    run_all(office)
    assert "archived" not in made_as(trip)
    assert waiting(office) == []


class CrookedSealing(Sealing):
    """Real archive time-stamps, on something else than was asked."""

    crook = ""

    def archive(self, source: Path, target: Path) -> SignedRevision:
        content = source.read_bytes()
        if self.crook == "a signature fewer":
            # The file as it was before the agency signed, which is whole in itself.
            first = self.judge(source, None).report.signatures[0]
            source = source.with_suffix(".first")
            source.write_bytes(content[: first.revision_bytes])
        made = super().archive(source, target)
        if self.crook == "nothing added":
            target.write_bytes(content)
        if self.crook == "something more":
            super().archive(target, target.with_suffix(".more"))
            target.write_bytes(target.with_suffix(".more").read_bytes())
        if self.crook == "a signature instead":
            issued = self.development.agency(UUID(int=1), "Co quan khac")
            key, digest = issued.key_url, issued.certificate_sha256
            own = {"level": "B-LT", "fill": {}, "locks": False, "field": "other", "shows": None}
            now = datetime.now(UTC)
            self.sign(source, target, key_url=key, certificate_sha256=digest, moment=now, **own)
        return made


@pytest.mark.parametrize(
    "crook", ["a signature fewer", "nothing added", "something more", "a signature instead"]
)
def test_only_what_was_asked_is_recorded(
    trip: Trip, office: Office, services: Services, clock: Clock, crook: str
) -> None:
    services.tsa_away = True
    trip.draft(invitation(trip)).checked().sign()
    if crook == "a signature fewer":
        trip.number().seal()
    before = made_as(trip)
    crooked = CrookedSealing.open(office.settings)
    assert isinstance(crooked, CrookedSealing)
    crooked.crook = crook
    office.sealing = crooked
    clock.advance(REST)
    run_all(office)
    assert made_as(trip) == before
    assert rows(office, ArchiveStamp) == []
    with office.reading(None) as reading:
        ended = select(job.c.state).where(job.c.name == "raise_level")
        assert set(reading.session.scalars(ended)) == {"refused"}
    sound(office)


def test_a_stamp_that_runs_out_is_renewed_in_time_and_once(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    services.authority_lasts(days=200)
    trip.issued()
    jobs.begin(office)
    run_all(office)
    assert len(rows(office, ArchiveStamp)) == 1
    (stamp,) = rows(office, ArchiveStamp)
    services.authority_lasts(None)
    clock.set(stamp.expires_at - archiving.MARGIN - timedelta(seconds=1))
    run_all(office)
    assert len(rows(office, ArchiveStamp)) == 1
    clock.advance(timedelta(days=1))
    run_all(office)
    first, second = rows(office, ArchiveStamp)
    assert second.expires_at > first.expires_at + timedelta(days=365)
    assert made_as(trip)[-1] == "archived"
    assert report_of(trip).verdict == "HOP_LE"
    for _ in range(3):
        clock.advance(timedelta(days=1))
        run_all(office)
    assert len(rows(office, ArchiveStamp)) == 2
    assert waiting(office) == ["renew_archives"]
    sound(office)


def test_a_stamp_that_would_not_last_longer_is_not_put_on(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    services.authority_lasts(days=60)
    trip.issued()
    jobs.begin(office)
    for _ in range(3):
        asked = services.stamps
        run_all(office)
        assert services.stamps > asked, "it is tried again every day"
        clock.advance(timedelta(days=1))
    assert len(rows(office, ArchiveStamp)) == 1
    services.authority_lasts(None)
    run_all(office)
    assert len(rows(office, ArchiveStamp)) == 2


def test_an_outage_of_days_leaves_one_renewal_to_be_done(
    trip: Trip, office: Office, services: Services, clock: Clock
) -> None:
    services.authority_lasts(days=60)
    trip.issued()
    services.authority_lasts(None)
    services.tsa_away = True
    jobs.begin(office)
    for _ in range(3):
        run_all(office)
        assert waiting(office) == ["renew_archive", "renew_archives"]
        clock.advance(timedelta(days=1))
    services.tsa_away = False
    run_all(office)
    assert len(rows(office, ArchiveStamp)) == 2
    assert waiting(office) == ["renew_archives"]


def test_a_long_list_is_gone_through_page_by_page(
    office: Office,
    acting: Callable[[str], Actor],
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services.authority_lasts(days=60)
    for _ in range(3):
        Trip(office, acting).issued()
    services.authority_lasts(None)
    monkeypatch.setattr(archiving, "PAGE", 2)
    jobs.begin(office)
    run_all(office)
    assert len(rows(office, ArchiveStamp)) == 6
    assert waiting(office) == ["renew_archives"]


def test_the_search_is_planned_once_however_many_workers_start(office: Office) -> None:
    together = threading.Barrier(4)

    def start() -> None:
        together.wait()
        jobs.begin(office)

    workers = [threading.Thread(target=start) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert waiting(office) == ["renew_archives"]
    run_all(office)
    jobs.begin(office)
    assert waiting(office) == ["renew_archives"]


def test_whoever_does_jobs_plans_the_search(office: Office) -> None:
    planned = threading.Event()

    class Bell:
        def ring(self, job_id: UUID) -> None:  # noqa: ARG002
            planned.set()

    office.doorbell = Bell()
    worker = WorkerThread(office)
    worker.start()
    assert planned.wait(30)
    worker.stop()
    assert waiting(office) == ["renew_archives"]


def test_a_search_that_died_is_taken_up_the_next_day(office: Office, clock: Clock) -> None:
    jobs.begin(office)
    first = _job(office, "renew_archives")
    with office.database.engine.begin() as connection:
        connection.execute(update(job).where(job.c.id == first).values(attempts=99))
    run_all(office)
    assert waiting(office) == ["renew_archives"]
    with office.transaction(None) as tx:
        jobs.revive(tx, first)  # and somebody revives it: still one a day
    clock.advance(timedelta(days=1))
    run_all(office)
    assert waiting(office) == ["renew_archives"]


def test_a_digitised_copy_counts_when_its_stamp_was_renewed(
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], UUID],
    services: Services,
    tmp_path: Path,
) -> None:
    desk = Arrivals(office, acting, seat, tmp_path)
    raised = tuple(replace(rule, level=Level.B_LTA) for rule in office.law.levels)
    office.law = replace(office.law, levels=raised)
    services.authority_lasts(days=60)
    paper = desk.arrive(desk.pdf(), medium="paper")
    desk.do(CLERK, digitise, paper, 1, desk.one(Revision).sha256)
    desk.run_jobs()
    services.authority_lasts(None)
    jobs.begin(office)
    desk.run_jobs()
    assert [one.made_as for one in desk.rows(Revision)] == ["received", "sealed", "archived"]
    # It is still judged as the agency's copy, by the report over its newest bytes.
    (*_, good) = desk.rows(Report)
    report = SignatureReport.from_json(good.content)
    for verdict, registered in (("KHONG_HOP_LE", False), ("HOP_LE", True)):
        with office.transaction(None) as tx:
            store_report(tx, desk.commune, replace(report, verdict=verdict))
            tx.journal("report.stored", desk.commune, paper)
        if registered:
            desk.do(CLERK, register, paper, desk.case(paper).version)
            continue
        with pytest.raises(GuardsUnmet, match="bản số hóa không hợp lệ"):
            desk.do(CLERK, register, paper, desk.case(paper).version)
    assert desk.case(paper).state == "registered"
    sound(office)
