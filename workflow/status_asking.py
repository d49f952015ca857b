"""Status that a verdict lacked: asked for by a job of its own, then the file is judged again.

Judging talks to nobody, so what a sender left out (OCSP answers, CRLs) leaves a document undecided
at first. The job asks the hosts that the operator listed, about certificates that lead to an
anchor; `signing.revocation` sees to that. What it finds is one more report, and the latest counts.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from signing.report import SignatureReport
from storage.outbox import RetryPolicy
from workflow.access import main_case
from workflow.arrivals import Record, nothing
from workflow.facts.received import Received, received
from workflow.files import latest_reports, store_report
from workflow.office import Office, Reading, Transaction
from workflow.records import Case, Document, File, Override, Revision

#: A service that is away is asked again at first soon, then every hour, for a day and an hour.
PATIENCE = RetryPolicy(tries=30, first_rest=timedelta(minutes=1), longest_rest=timedelta(hours=1))
_ASKED = "Đang hỏi trạng thái chứng thư số; khi có trả lời, tệp sẽ được tự động kiểm tra lại."
_REFUTED = (
    "Chữ ký số nay không hợp lệ, dù văn thư đã quyết định tiếp nhận: báo người đang giải quyết và"
    " nơi gửi."
)
#: Sent back, or destroyed: nobody rests on what its signatures are worth.
_OVER = frozenset({"returned", "recalled"})


def lacks_status(report: SignatureReport) -> bool:
    """Whether a file is undecided because nothing told of some certificate whether it was revoked.

    Of a signer's, or of a time-stamp authority's, without which no time is proven.
    """
    return report.verdict == "KHONG_XAC_DINH" and any(
        one.sub_indication == "TRY_LATER"
        or any(reason.code == "time_untrusted" for reason in one.reasons)
        for one in report.signatures
    )


def ask_later(
    tx: Transaction, file_id: uuid.UUID, report: SignatureReport, rest: timedelta = timedelta()
) -> None:
    """Have what a report that was stored just now lacks asked for, if it lacks anything."""
    if lacks_status(report):
        tx.enqueue("fetch_status", not_before=tx.now + rest, file=file_id, judged_at=tx.now)


def notice_of(reading: Reading, held: Received) -> str | None:
    """What a clerk is told beside a verdict that may still change, or changed after they acted."""
    if held.document.id in refuted(reading, Document.id == held.document.id):
        return _REFUTED
    asked = any(
        lacks_status(report)
        and reading.waiting("fetch_status", file=file_id, judged_at=held.reported_at[file_id])
        for file_id, report in held.reports.items()
    )
    return _ASKED if asked else None


def refuted(reading: Reading, wanted: ColumnElement[bool]) -> set[uuid.UUID]:
    """Of the `wanted` documents those accepted on the clerk's word that turned out invalid."""
    accepted = reading.session.execute(
        select(Document.organisation_id, Document.id, Revision.sha256)
        .join(File, File.document_id == Document.id)
        .join(Revision, Revision.file_id == File.id)
        .where(wanted, select(Override.id).where(Override.document_id == Document.id).exists())
    ).all()
    found: set[uuid.UUID] = set()
    for organisation_id in {row.organisation_id for row in accepted}:
        here = [row for row in accepted if row.organisation_id == organisation_id]
        reports = latest_reports(reading, organisation_id, [row.sha256 for row in here])
        found |= {
            row.id
            for row in here
            if row.sha256 in reports and reports[row.sha256].verdict == "KHONG_HOP_LE"
        }
    return found


@dataclass(frozen=True)
class _Undecided:
    """A file that came in, and the report that lacks status."""

    case: Case
    revision: Revision
    report: SignatureReport


def fetch_status(office: Office, file: str, judged_at: str) -> Record:
    """Job: ask for the status that the report of `judged_at` lacked, and judge the file again.

    Raises:
        Unavailable: a service is away, and without it there is nothing new to say.
    """
    file_id, moment = uuid.UUID(file), datetime.fromisoformat(judged_at)
    with office.reading(None) as reading:
        found, now = _undecided(reading, file_id, moment), reading.now
    if found is None:
        return nothing
    organisation_id, revision = found.case.organisation_id, found.revision
    with office.local_copy(organisation_id, revision.sha256, revision.size_bytes) as path:
        judgement, away = office.sealing.judge_asking(path, now)
    report = judgement.report
    if report.integrity == "UNDECIDED":
        raise RuntimeError(f"{revision.sha256} was judged before, and could not be now")
    if (report.verdict, report.reasons) == (found.report.verdict, found.report.reasons):
        # Another report of the same would void what the clerk decided on this one.
        if away is not None:
            raise away
        return nothing

    office.keep_evidence(organisation_id, judgement)

    def record(tx: Transaction) -> None:
        case = tx.lock_case(found.case.id)
        if _undecided(tx, file_id, moment) is None:
            return  # judged anew meanwhile, and what that lacked is asked for by its own job
        store_report(tx, organisation_id, report)
        tx.journal(
            "incoming.status_learned",
            organisation_id,
            case.document_id,
            case=case.id,
            file=file_id,
            sha256=report.sha256,
            before=found.report.verdict,
            verdict=report.verdict,
        )
        if away is not None:
            ask_later(tx, file_id, report, PATIENCE.first_rest)

    return record


def give_up(tx: Transaction, file: str, judged_at: str) -> None:  # noqa: ARG001
    """Nobody answered: the verdict stays what it is, until the clerk asks for another check."""
    document_id = tx.get(File, uuid.UUID(file)).document_id
    organisation_id = main_case(tx, document_id).organisation_id
    tx.journal("incoming.status_unanswered", organisation_id, document_id, file=file)


def _undecided(reading: Reading, file_id: uuid.UUID, judged_at: datetime) -> _Undecided | None:
    """The file, None when the report of that time no longer counts or no longer matters."""
    case = main_case(reading, reading.get(File, file_id).document_id)
    held = received(reading, case.document_id)
    revision = next((newest for file, newest in held.files if file.id == file_id), None)
    report = held.reports.get(file_id)
    if (
        revision is None
        or report is None
        or case.state in _OVER
        or held.reported_at[file_id] != judged_at
        or not lacks_status(report)
    ):
        return None
    return _Undecided(case, revision, report)
