"""What is printed of a frozen indicator: everything in it is the snapshot's, none of it typed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.facts.completeness import Excluded, Reconciled
from workflow.facts.letterhead import hand_of, issuing
from workflow.facts.snapshots import Beside, FrozenIssuer, beside_in, issuers_in
from workflow.office import VIETNAM, Reading
from workflow.printing.indicator import (
    Comparison,
    IndicatorSheet,
    IssuerShares,
    Omission,
    Share,
)
from workflow.records import IndicatorSnapshot, Issuer
from workflow.rules.completeness import REGISTERS, SOURCES
from workflow.rules.indicator import Fraction
from workflow.rules.reasons import PARTITION, Reason

TITLES = {
    "outgoing_processed": "Văn bản đi xử lý trên Hệ thống",
    "outgoing_signed": "Văn bản đi ký số",
    "incoming_processed": "Văn bản đến xử lý trên Hệ thống",
    "incoming_signed": "Văn bản đến có ký số (tham khảo)",
}
#: Kinds of issuer that are no part of another agency (ND 30/2020 Annex I, II.2.b).
_OWN_MASTERS = frozenset({"UBND", "HDND", "CHU_TICH"})


@dataclass(frozen=True)
class Words:
    """What a person adds: who signs in which capacity, and remarks.

    `capacity` as in a draft (`TM`, `KT` …); those that sign for somebody need the `head`'s title
    or the body's name.
    """

    signer_id: uuid.UUID
    capacity: str = ""
    head: str = ""
    remarks: Sequence[str] = ()
    recipients: Sequence[str] = ()


def sheet_of(reading: Reading, snapshot: IndicatorSnapshot, words: Words) -> IndicatorSheet:
    """The report of a snapshot. Raises NotFound: no such person. Invalid: the capacity."""
    law = reading.office.law
    definition = next(one for one in law.indicator if one.version == snapshot.definition_version)
    issuers, beside = issuers_in(snapshot.content), beside_in(snapshot.content)
    hand = hand_of(reading, words.signer_id, snapshot.organisation_id, words.capacity, words.head)
    superior, _ = issuing(reading, snapshot.organisation_id)
    first = reading.get(Issuer, issuers[0].issuer_id, "Cơ quan ban hành")
    return IndicatorSheet(
        superior=None if first.kind in _OWN_MASTERS else superior,
        issuer=(issuers[0].name.upper(),),
        title=definition.title,
        period=snapshot.period,
        issuers=[_issuer(one) for one in issuers],
        omissions=[_omission(reading, one) for one in beside.exclusions],
        comparisons=[_comparison(one) for one in beside.reconciled],
        origin=_origin(
            snapshot, beside, f"phiên bản {definition.version}: {definition.legal_basis}"
        ),
        closing=[
            *words.remarks,
            "Số liệu do Hệ thống tự tính từ sổ đăng ký, nhật ký và kết quả kiểm tra chữ ký số, "
            f"chốt lúc {_moment(snapshot.taken_at)}; số nhập tay chỉ có ở mục IV.",
        ],
        capacity=hand.capacity,
        signer=hand.name,
        recipients=words.recipients or ("Lưu: VT",),
    )


def _issuer(one: FrozenIssuer) -> IssuerShares:
    processed = one.incoming_processed.reasons
    return IssuerShares(
        one.name,
        [_share(name, getattr(one, name)) for name in PARTITION],
        f"Văn bản đến: {one.completed_on_time} hoàn thành đúng hạn, "
        f"{processed.get(Reason.OPEN, 0)} đang xử lý trong hạn, "
        f"{processed.get(Reason.OVERDUE, 0)} đang xử lý quá hạn.",
        "đạt 100%." if one.achieved else "chưa đạt 100%.",
    )


def _share(name: str, fraction: Fraction) -> Share:
    return Share(
        TITLES[name],
        fraction.numerator,
        fraction.denominator,
        fraction.text,
        fraction.excluded,
        fraction.rows,
        [
            (reason.label, fraction.reasons[reason])
            for reason in PARTITION[name]
            if fraction.reasons.get(reason)
        ],
    )


def _omission(reading: Reading, one: Excluded) -> Omission:
    kind = reading.office.law.doc_types.find(one.type_code)
    return Omission(
        kind.name if kind else one.type_code,
        REGISTERS[one.register],
        one.basis,
        f"{one.name}, {one.decided_on:%d/%m/%Y}",
    )


def _comparison(one: Reconciled) -> Comparison:
    entered = f"{one.entered_by}, {_moment(one.entered_at)}" if one.entered_at else ""
    return Comparison(REGISTERS[one.register], SOURCES[one.source], one.text, entered)


def _origin(snapshot: IndicatorSnapshot, beside: Beside, definition: str) -> list[tuple[str, str]]:
    content = json.loads(snapshot.content)
    as_of = datetime.fromisoformat(content["as_of"])
    lines = [
        ("Số liệu đã chốt", str(snapshot.id)),
        ("Tính đến", _moment(as_of)),
        ("Định nghĩa chỉ số", definition),
        ("SHA-256 của định nghĩa", beside.definition_sha256),
        ("Nhật ký: số mục", str(snapshot.journal_sequence)),
        ("Nhật ký: mã của mục cuối", snapshot.journal_digest),
        ("Mục nhật ký chưa có điểm kiểm soát đã ký", str(beside.uncovered)),
    ]
    if not beside.production:
        lines.append(("Hệ thống phát triển", "số liệu không có giá trị pháp lý"))
    if content.get("unattributed"):
        lines.append(("Văn bản đến không tính cho chủ thể nào", str(content["unattributed"])))
    return lines


def _moment(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}"
