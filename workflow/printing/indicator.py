"""A frozen indicator as a report (báo cáo) whose number, date and signature are still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.printing.composition import Article, Heading, Sheet
from workflow.printing.tables import Column, Row, Table

_POINTS = 11  # of type in tables
_ROMAN = ("I", "II", "III", "IV")


@dataclass(frozen=True)
class Share:
    """One fraction in words and figures, with the reasons behind it: what, how many."""

    title: str
    numerator: int
    denominator: int
    text: str
    excluded: int
    rows: int
    reasons: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class IssuerShares:
    """The fractions of one issuer, and what is said beside them."""

    name: str
    shares: Sequence[Share]
    beside: str
    answer: str


@dataclass(frozen=True)
class Omission:
    """A type of document that does not count: of which register, why, by whom, since when."""

    type_name: str
    register: str
    basis: str
    decided: str


@dataclass(frozen=True)
class Comparison:
    """A register beside a list from outside."""

    register: str
    source: str
    result: str
    entered: str


@dataclass(frozen=True)
class IndicatorSheet:
    """The report; `period` as it is dated (`2026-11`), `origin` what the figures rest on."""

    issuer: Sequence[str]
    title: str
    period: str
    issuers: Sequence[IssuerShares]
    omissions: Sequence[Omission]
    comparisons: Sequence[Comparison]
    origin: Sequence[tuple[str, str]]
    closing: Sequence[str]
    capacity: Sequence[str]
    signer: str
    recipients: Sequence[str]
    superior: str | None = None


def report(sheet: IndicatorSheet) -> Sheet:
    """The report as a document ready to have its fields reserved."""
    return Sheet(
        superior=sheet.superior,
        issuer=sheet.issuer,
        title="BÁO CÁO",
        subject=f"Kết quả chỉ số {sheet.title}, {period_words(sheet.period)}",
        body=(
            Heading("I. Kết quả theo từng chủ thể ban hành"),
            _results(sheet.issuers),
            Article([f"{one.name}: {one.answer} {one.beside}" for one in sheet.issuers]),
            Heading("II. Lý do của từng văn bản trong sổ"),
            _reasons(sheet.issuers),
            Heading("III. Loại văn bản không tính theo quy định"),
            _omissions(sheet.omissions),
            Heading("IV. Đối chiếu với danh sách ngoài Hệ thống"),
            _comparisons(sheet.comparisons),
            Heading("V. Căn cứ của số liệu"),
            _origin(sheet.origin),
            Heading("VI. Nhận xét, kiến nghị"),
            Article(sheet.closing),
        ),
        capacity=sheet.capacity,
        signer=sheet.signer,
        recipients=sheet.recipients,
    )


def period_words(text: str) -> str:
    """`2026-11` as `tháng 11 năm 2026`, `2026-Q4` as `quý IV năm 2026`, `2026` as `năm 2026`."""
    year, _, part = text.partition("-")
    if part.startswith("Q"):
        return f"quý {_ROMAN[int(part[1:]) - 1]} năm {year}"
    return f"tháng {int(part)} năm {year}" if part else f"năm {year}"


def _results(issuers: Sequence[IssuerShares]) -> Table:
    rows = []
    for one in issuers:
        rows.append(Row([one.name], "B"))
        rows += [
            Row(
                (
                    share.title,
                    str(share.numerator),
                    str(share.denominator),
                    share.text,
                    f"{share.excluded}/{share.rows}",
                )
            )
            for share in one.shares
        ]
    return Table(
        (
            Column("Chỉ số thành phần", 66),
            Column("Số đạt", 22, centred=True),
            Column("Tổng số", 22, centred=True),
            Column("Tỷ lệ", 24, centred=True),
            Column("Không tính", 26, centred=True),
        ),
        rows,
        _POINTS,
    )


def _reasons(issuers: Sequence[IssuerShares]) -> Table:
    rows = []
    for one in issuers:
        for share in one.shares:
            rows.append(Row([f"{one.name}: {share.title}"], "B"))
            rows += [Row((label, str(many))) for label, many in share.reasons]
            rows.append(Row(("Cộng, bằng số văn bản trong sổ", str(share.rows)), "I"))
    return Table((Column("Lý do", 125), Column("Số văn bản", 35, centred=True)), rows, _POINTS)


def _omissions(omissions: Sequence[Omission]) -> Table | Article:
    if not omissions:
        return Article(["Không có loại văn bản nào được loại khỏi chỉ số."])
    return Table(
        (
            Column("Loại văn bản", 35),
            Column("Sổ", 28),
            Column("Căn cứ", 52),
            Column("Người quyết định, ngày", 45),
        ),
        [Row((one.type_name, one.register, one.basis, one.decided)) for one in omissions],
        _POINTS,
    )


def _comparisons(comparisons: Sequence[Comparison]) -> Table:
    return Table(
        (
            Column("Sổ", 28),
            Column("Nguồn đối chiếu", 40),
            Column("Kết quả", 50),
            Column("Người nhập, thời điểm", 42),
        ),
        [Row((one.register, one.source, one.result, one.entered)) for one in comparisons],
        _POINTS,
    )


def _origin(origin: Sequence[tuple[str, str]]) -> Table:
    return Table((Column("Nội dung", 60), Column("Giá trị", 100)), [Row(one) for one in origin], 11)
