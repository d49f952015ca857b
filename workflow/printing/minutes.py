"""The minutes of a council (ND 30/2020 Annex III, form 1.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from workflow.printing.appraisals import About
from workflow.printing.composition import Article, Hand, Heading, Sheet
from workflow.printing.tables import Column, Row, Table
from workflow.rules.numbering import date_text
from workflow.rules.results import truncated


@dataclass(frozen=True)
class Member:
    """A member, as what, and their ballot in words; None where none was cast."""

    name: str
    part: str
    ballot: str | None = None
    note: str = ""


@dataclass(frozen=True)
class VoteCount:
    """What was counted, and the share that is asked for; shares are of those taking part."""

    agree: int
    disagree: int
    blank: int
    share: Fraction
    passed: bool


@dataclass(frozen=True)
class RatingCount:
    """The average of the totals, exactly, and the grade it is worth; `dropped`: without one of the
    highest and one of the lowest."""

    totals: Sequence[int]
    average: Fraction | None
    grade: str
    dropped: bool


@dataclass(frozen=True)
class MinutesSheet:
    """A council's meeting about one dossier; `conclusion` are paragraphs."""

    issuer: Sequence[str]
    council: str
    basis: str
    about: About
    began_at: datetime
    ended_at: datetime
    place: str
    members: Sequence[Member]
    quorum: Fraction
    count: VoteCount | RatingCount
    conclusion: Sequence[str]
    chair: Hand
    secretary: Hand
    recipients: Sequence[str]
    superior: str | None = None


def minutes(sheet: MinutesSheet) -> Sheet:
    """The minutes as a document whose number, date and signatures are still to come."""
    present = [member for member in sheet.members if member.ballot is not None]
    absent = [member.name for member in sheet.members if member.ballot is None]
    return Sheet(
        superior=sheet.superior,
        issuer=sheet.issuer,
        title="BIÊN BẢN",
        subject=f"Họp {sheet.council}\nxét {sheet.about.words}",
        body=(
            Article(
                (
                    f"Thời gian bắt đầu: {_moment(sheet.began_at)}.",
                    f"Địa điểm: {sheet.place}.",
                    f"Thành phần tham dự: {len(present)}/{len(sheet.members)} thành viên "
                    f"{sheet.council} ({sheet.basis})"
                    + (f"; vắng mặt: {', '.join(absent)}." if absent else "."),
                    f"Chủ trì (chủ tọa): {sheet.chair.name}.",
                    f"Thư ký (người ghi biên bản): {sheet.secretary.name}.",
                )
            ),
            Heading("I. Nội dung"),
            Article(
                (
                    f"Hội đồng xem xét hồ sơ: {sheet.about.words}, do {sheet.about.applicant} "
                    "đề nghị; nghe báo cáo thẩm định và bỏ phiếu như sau:",
                )
            ),
            _ballots(sheet.members, isinstance(sheet.count, RatingCount)),
            Heading("II. Kết quả"),
            Article((*_quorum(sheet, len(present)), *_result(sheet.count))),
            Heading("III. Kết luận"),
            Article((*sheet.conclusion, f"Cuộc họp kết thúc vào {_moment(sheet.ended_at)}")),
        ),
        capacity=sheet.chair.capacity,
        signer=sheet.chair.name,
        secretary=sheet.secretary,
        recipients=sheet.recipients,
    )


def _ballots(members: Sequence[Member], rated: bool) -> Table:
    return Table(
        (
            Column("TT", 12, centred=True),
            Column("Họ và tên", 48),
            Column("Chức danh trong Hội đồng", 38),
            Column("Điểm" if rated else "Ý kiến", 26, centred=True),
            Column("Ghi chú", 36),
        ),
        [
            Row((str(n), one.name, one.part, one.ballot or "Không tham gia", one.note))
            for n, one in enumerate(members, start=1)
        ],
    )


def _quorum(sheet: MinutesSheet, present: int) -> tuple[str, ...]:
    return (
        f"Số thành viên tham gia bỏ phiếu: {present}/{len(sheet.members)}. Cuộc họp hợp lệ khi có "
        f"từ {_share(sheet.quorum)} số thành viên tham gia.",
    )


def _result(count: VoteCount | RatingCount) -> tuple[str, ...]:
    if isinstance(count, VoteCount):
        voted = count.agree + count.disagree + count.blank
        rate = f" ({_percent(Fraction(count.agree, voted))})" if voted else ""
        verdict = "đạt" if count.passed else "không đạt"
        return (
            f"Đồng ý: {count.agree} phiếu; không đồng ý: {count.disagree} phiếu; không có ý kiến: "
            f"{count.blank} phiếu.",
            f"Tỷ lệ đồng ý: {count.agree}/{voted} số thành viên tham gia bỏ phiếu{rate}. "
            f"Tỷ lệ quy định: từ {_share(count.share)} trở lên. Kết quả: {verdict} tỷ lệ quy định.",
        )
    how = (
        "bình quân các tổng điểm, sau khi bỏ một tổng điểm cao nhất và một tổng điểm thấp nhất"
        if count.dropped
        else "bình quân các tổng điểm"
    )
    totals = "; ".join(str(total) for total in sorted(count.totals, reverse=True))
    given = "không có phiếu chấm" if count.average is None else _points(count.average)
    return (
        f"Tổng điểm của các thành viên: {totals}.",
        f"Điểm của Hội đồng ({how}): {given}. Xếp hạng: {count.grade}.",
    )


def _share(share: Fraction) -> str:
    return f"{share.numerator}/{share.denominator} ({_percent(share)})"


def _percent(share: Fraction) -> str:
    return f"{short(share * 100)} %"


def _points(average: Fraction) -> str:
    """Exactly: a fraction where two decimals do not say it."""
    shown = short(average)
    if average * 100 == int(average * 100):
        return f"{shown} điểm"
    return f"{average.numerator}/{average.denominator} (khoảng {shown}) điểm"


def short(number: Fraction) -> str:
    """With two decimals at most, never rounded up."""
    whole, _, decimals = truncated(number).partition(",")
    decimals = decimals.rstrip("0")
    return f"{whole},{decimals}" if decimals else whole


def _moment(moment: datetime) -> str:
    return f"{moment:%H} giờ {moment:%M} phút, {date_text(moment.date())}"
