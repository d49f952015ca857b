"""Status a sender left out: asked of listed hosts after the verdict, and the file judged again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sqlalchemy import select

from signing import pades
from signing.keys import LiveKey
from signing.pades import Level
from signing.revocation import HttpRevocation
from signing.sandbox import Sandbox
from signing.security_store import store
from signing.trust import Evidence, Trust
from signing.validation import validate
from tests.signing import wire
from tests.signing.pki import TSA, Pki, Profile
from tests.signing.trusted import Stamper, Status
from tests.signing.wire import Services, good_manners, replying
from tests.workflow.conftest import Clock
from tests.workflow.desk import CLERK, Desk
from tests.workflow.intact import tampering
from workflow import jobs
from workflow.incoming_views import Detail, Filter, list_incoming, view_incoming
from workflow.office import Office
from workflow.records import Report, job
from workflow.registration import override, register, return_to_sender, verify_again
from workflow.rules.errors import GuardsUnmet
from workflow.settings import Settings
from workflow.status_asking import PATIENCE, fetch_status

AWAY = replying("text/html", b"", 503)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def services() -> Iterator[Services]:
    """The responders of another authority, which the office trusts and may ask."""
    with wire.serving() as running:
        yield running


@pytest.fixture
def listed(services: Services) -> str:
    """The hosts that may be asked."""
    return services.host


@pytest.fixture
def office(
    office_settings: Settings,
    clock: Clock,
    services: Services,
    listed: str,
    tmp_path: Path,
    sandbox: Sandbox,
) -> Iterator[Office]:
    anchor = tmp_path / "anchor.der"
    anchor.write_bytes(services.pki.root.certificate)
    changes = {"trust_anchors": anchor, "revocation_hosts": listed}
    opened = Office.open(office_settings.model_copy(update=changes), clock=clock)
    opened.sealing.sandbox = sandbox
    yield opened
    opened.close()


@pytest.fixture
def signer(services: Services) -> LiveKey:
    return services.pki.issue(Profile())


def sent(
    desk: Desk,
    pki: Pki,
    key: LiveKey,
    level: Level = "B-T",
    *,
    trust: Trust | None = None,
) -> Path:
    """A file that its sender signed without the data to judge it later."""
    source = desk.pdf()
    target = source.with_name(f"{source.stem}-sent.pdf")
    known = trust or Trust((pki.root.certificate,), (), (Status(pki),), Stamper(pki.tsa))
    pades.sign(source, target, key=key, field="person1", level=level, trust=known)
    return target


def seen(desk: Desk, document_id: uuid.UUID) -> Detail:
    return desk.see(CLERK, view_incoming, document_id)


def version(desk: Desk, document_id: uuid.UUID) -> int:
    return desk.case(document_id).version


def waiting(desk: Desk) -> list[str]:
    with desk.office.reading(None) as reading:
        names = select(job.c.name).where(job.c.state == "waiting")
        return [name for name in reading.session.scalars(names) if name != "renew_archives"]


def sound(desk: Desk) -> None:
    with desk.office.reading(None) as reading:
        assert tampering(reading) == []


def test_what_was_undecided_while_the_responder_was_away_is_settled_when_it_is_back(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(sent(desk, services.pki, signer))
    detail = seen(desk, document_id)
    assert detail.verdict == "KHONG_XAC_DINH"
    assert "Đang hỏi trạng thái" in (detail.notice or "")
    with pytest.raises(GuardsUnmet, match="không xác định"):
        desk.do(CLERK, register, document_id, version(desk, document_id))
    assert waiting(desk) == ["fetch_status"]
    assert len(desk.rows(Report)) == 1

    services.manners.update(good_manners(services.pki))
    clock.advance(MINUTE)
    desk.run_jobs()
    detail = seen(desk, document_id)
    assert (detail.verdict, detail.notice) == ("HOP_LE", None)
    (report,) = detail.reports
    assert report is not None
    assert report.signatures[0].level == "B-T"
    assert waiting(desk) == []
    desk.do(CLERK, register, document_id, version(desk, document_id))
    assert desk.actions(document_id) == [
        "incoming.received",
        "incoming.verified",
        "incoming.status_learned",
        "incoming.registered",
    ]
    sound(desk)


@pytest.mark.parametrize("level", ["B-B", "B-T"])
def test_what_is_learned_settles_it_at_once(
    desk: Desk, services: Services, signer: LiveKey, level: Level
) -> None:
    document_id = desk.arrive(sent(desk, services.pki, signer, level))
    assert seen(desk, document_id).verdict == "HOP_LE"
    assert [report.checked_at for report in desk.rows(Report)] == [desk.office.clock()] * 2
    # The certificates on the way up from signer and time-stamp authority, each asked for once.
    assert services.asked["/ocsp"] == (1 if level == "B-B" else 2)
    assert services.asked["/crl/root"] == 1


def test_what_was_learned_is_kept_and_settles_it_again_without_asking(
    desk: Desk, services: Services, signer: LiveKey
) -> None:
    path = sent(desk, services.pki, signer)
    (report,) = seen(desk, desk.arrive(path)).reports
    assert report is not None
    kept: dict[str, list[bytes]] = {"ocsp": [], "crl": []}
    for piece in report.signatures[0].evidence:
        with desk.office.stream(desk.commune, piece.sha256, piece.size_bytes) as stored:
            kept.setdefault(piece.kind, []).append(stored.read())
    assert (len(kept["ocsp"]), len(kept["crl"])) == (2, 1)

    class Kept:
        def evidence(self, _certificates: object, *, fetch: bool) -> Evidence:
            assert not fetch
            return Evidence(tuple(kept["ocsp"]), tuple(kept["crl"]))

    trust = Trust((services.pki.root.certificate,), revocation=(Kept(),))
    assert validate(path, trust=trust, at=report.checked_at).verdict == "HOP_LE"


def test_a_revoked_signer_is_found_out_and_can_only_be_returned(
    desk: Desk, services: Services, signer: LiveKey
) -> None:
    path = sent(desk, services.pki, signer)
    services.pki.revoke(signer)
    document_id = desk.arrive(path)
    assert seen(desk, document_id).verdict == "KHONG_HOP_LE"
    with pytest.raises(GuardsUnmet, match="phải trả lại"):
        desk.do(CLERK, register, document_id, version(desk, document_id))
    with pytest.raises(GuardsUnmet, match="không xác định"):
        desk.do(CLERK, override, document_id, version(desk, document_id), "Tin cậy nơi gửi")


def test_a_document_registered_on_the_clerk_s_word_shows_that_it_turned_out_invalid(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    path = sent(desk, services.pki, signer)
    services.pki.revoke(signer)
    services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(path)
    desk.do(CLERK, override, document_id, version(desk, document_id), "Đã gọi điện thoại")
    desk.do(CLERK, register, document_id, version(desk, document_id))
    assert desk.see(CLERK, list_incoming, Filter(refuted=True)) == []

    services.manners.update(good_manners(services.pki))
    clock.advance(MINUTE)
    desk.run_jobs()
    detail = seen(desk, document_id)
    assert (detail.case.state, detail.verdict) == ("registered", "KHONG_HOP_LE")
    assert "nay không hợp lệ" in (detail.notice or "")
    (line,) = desk.see(CLERK, list_incoming, Filter(refuted=True))
    assert line.document.id == document_id
    assert desk.see("vpdp.vanthu", list_incoming, Filter(refuted=True)) == []
    sound(desk)


def test_what_the_clerk_decided_stands_while_nothing_new_is_known(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(sent(desk, services.pki, signer))
    desk.do(CLERK, override, document_id, version(desk, document_id), "Đã gọi điện thoại")
    for _ in range(3):
        clock.advance(timedelta(hours=1))
        desk.run_jobs()
    assert len(desk.rows(Report)) == 1
    desk.do(CLERK, register, document_id, version(desk, document_id))


class TestUnlisted:
    @pytest.fixture
    def listed(self) -> str:
        return "elsewhere.invalid"

    def test_a_host_that_is_not_listed_is_not_connected_to(
        self, desk: Desk, services: Services, signer: LiveKey
    ) -> None:
        document_id = desk.arrive(sent(desk, services.pki, signer))
        detail = seen(desk, document_id)
        assert (detail.verdict, detail.notice) == ("KHONG_XAC_DINH", None)
        assert services.connections == 0
        assert waiting(desk) == []
        assert len(desk.rows(Report)) == 1


class TestPrivate:
    @pytest.fixture
    def services(self) -> Iterator[Services]:
        """Certificates name a host that is listed and turns out to be this very machine."""
        with wire.serving() as running:
            running.pki = Pki(f"http://localhost:{running.port}")
            running.manners.update(good_manners(running.pki))
            yield running

    @pytest.fixture
    def listed(self, services: Services) -> str:
        return f"localhost:{services.port}"

    def test_a_listed_name_that_leads_to_a_private_address_is_not_connected_to(
        self, desk: Desk, services: Services, signer: LiveKey
    ) -> None:
        document_id = desk.arrive(sent(desk, services.pki, signer))
        assert seen(desk, document_id).verdict == "KHONG_XAC_DINH"
        assert services.connections == 0
        assert waiting(desk) == ["fetch_status"]


def test_nobody_is_asked_about_certificates_that_lead_to_no_anchor(
    desk: Desk, services: Services
) -> None:
    stranger = Pki(services.url)  # the same names, other keys
    document_id = desk.arrive(sent(desk, stranger, stranger.issue(Profile())))
    assert seen(desk, document_id).verdict == "KHONG_XAC_DINH"
    assert services.connections == 0


def test_nobody_is_asked_about_a_certificate_that_no_signature_depends_on(
    desk: Desk, services: Services, signer: LiveKey
) -> None:
    bystander = services.pki.issue(Profile()).certificate
    path = sent(desk, services.pki, signer, "B-B")
    with path.open("rb+") as stream:
        writer = IncrementalPdfFileWriter(stream)
        store(writer, [bystander], Evidence())
        writer.write_in_place()
    assert bystander in path.read_bytes()
    document_id = desk.arrive(path)
    assert seen(desk, document_id).verdict == "HOP_LE"
    assert services.asked == {"/ocsp": 1, "/crl/root": 1}


def test_a_redirect_is_not_followed(desk: Desk, services: Services, signer: LiveKey) -> None:
    with wire.serving() as elsewhere:
        elsewhere.manners.update(good_manners(services.pki))
        for path in ("/ocsp", "/crl/root"):
            away = {"Location": f"{elsewhere.url}{path}"}
            services.manners[path] = replying("", b"", 302, away)
        document_id = desk.arrive(sent(desk, services.pki, signer))
        assert seen(desk, document_id).verdict == "KHONG_XAC_DINH"
        assert elsewhere.connections == 0


def test_judging_itself_talks_to_nobody(desk: Desk, services: Services, signer: LiveKey) -> None:
    judged = desk.office.sealing.judge(sent(desk, services.pki, signer), datetime.now(UTC))
    assert judged.report.verdict == "KHONG_XAC_DINH"
    assert services.connections == 0


def test_a_service_that_stays_away_is_asked_so_often_and_no_more(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    services.manners["/crl/root"] = services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(sent(desk, services.pki, signer))
    started = clock.now
    for _ in range(PATIENCE.tries):
        assert seen(desk, document_id).notice
        with desk.office.reading(None) as reading:
            due = select(job.c.not_before_at).where(
                job.c.name == "fetch_status", job.c.state == "waiting"
            )
            clock.set(reading.session.scalars(due).one())
        jobs.run_all(desk.office)
    assert seen(desk, document_id).notice is None
    assert timedelta(hours=24) < clock.now - started < timedelta(hours=26)
    assert services.asked["/crl/root"] == PATIENCE.tries + 1
    with desk.office.reading(None) as reading:
        (dead,) = [one for one in jobs.unsettled(reading) if one.state == "dead"]
    assert dead.name == "fetch_status"
    assert desk.actions(document_id)[-1] == "incoming.status_unanswered"
    assert len(desk.rows(Report)) == 1
    sound(desk)

    # The clerk has it checked again, which begins anew.
    services.manners.update(good_manners(services.pki))
    desk.do(CLERK, verify_again, document_id, version(desk, document_id))
    jobs.run_all(desk.office)
    assert seen(desk, document_id).verdict == "HOP_LE"


def test_one_that_is_away_does_not_hide_what_another_tells(
    desk: Desk, services: Services, signer: LiveKey
) -> None:
    pki = services.pki
    root, authority = pki.root.certificate, pki.issue(replace(TSA, status=("crl",)))
    trust = Trust((root,), (), (HttpRevocation([services.host], [root]),), Stamper(authority))
    path = sent(desk, pki, signer, trust=trust)
    services.asked.clear()
    pki.revoke(signer)
    services.manners["/crl/issuing"] = AWAY  # what tells of the time-stamp authority
    document_id = desk.arrive(path)
    assert seen(desk, document_id).verdict == "KHONG_HOP_LE"
    assert services.asked == {"/crl/root": 1, "/ocsp": 1, "/crl/issuing": 1}


def test_a_job_delivered_twice_has_one_effect(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(sent(desk, services.pki, signer))
    services.manners.update(good_manners(services.pki))
    ((file, _),) = seen(desk, document_id).held.files
    args = (str(file.id), clock.now.isoformat())
    both = [fetch_status(desk.office, *args) for _ in range(2)]
    for record in both:
        with desk.office.transaction(None) as tx:
            record(tx)
    clock.advance(MINUTE)
    desk.run_jobs()
    assert desk.actions(document_id).count("incoming.status_learned") == 1
    assert len(desk.rows(Report)) == 2
    sound(desk)


def test_a_worker_that_dies_after_asking_loses_nothing(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(sent(desk, services.pki, signer))
    services.manners.update(good_manners(services.pki))
    ((file, _),) = seen(desk, document_id).held.files
    fetch_status(desk.office, str(file.id), clock.now.isoformat())  # and what it found is lost
    assert seen(desk, document_id).verdict == "KHONG_XAC_DINH"
    clock.advance(MINUTE)
    desk.run_jobs()
    assert seen(desk, document_id).verdict == "HOP_LE"


def test_a_check_in_between_takes_the_matter_over(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(sent(desk, services.pki, signer))
    clock.advance(timedelta(seconds=1))
    desk.do(CLERK, verify_again, document_id, version(desk, document_id))
    desk.run_jobs()
    assert waiting(desk) == ["fetch_status"] * 2
    clock.advance(MINUTE)
    desk.run_jobs()
    assert waiting(desk) == ["fetch_status"]
    services.manners.update(good_manners(services.pki))
    clock.advance(2 * MINUTE)
    desk.run_jobs()
    assert desk.actions(document_id).count("incoming.status_learned") == 1
    assert len(desk.rows(Report)) == 3


def test_a_document_that_was_sent_back_is_asked_about_no_more(
    desk: Desk, services: Services, signer: LiveKey, clock: Clock
) -> None:
    services.manners["/ocsp"] = AWAY
    document_id = desk.arrive(sent(desk, services.pki, signer))
    desk.do(CLERK, return_to_sender, document_id, version(desk, document_id), "Không đúng nơi nhận")
    services.asked.clear()
    clock.advance(MINUTE)
    desk.run_jobs()
    assert not services.asked
    assert waiting(desk) == []


def test_an_attachment_is_asked_about_too(desk: Desk, services: Services, signer: LiveKey) -> None:
    path = sent(desk, services.pki, signer)
    services.pki.revoke(signer)
    document_id = desk.arrive(desk.signed_pdf(), path)
    assert seen(desk, document_id).verdict == "KHONG_HOP_LE"
