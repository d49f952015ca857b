"""What departments found of a dossier, as its matrix and as the report over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.printing import tables
from workflow.printing.composition import Article, Heading, Sheet
from workflow.printing.flow import Flow
from workflow.printing.pages import LANDSCAPE, Measure, Page, Word
from workflow.printing.tables import Column, Row, Table

_POINTS = 11  # of type in tables


@dataclass(frozen=True)
class About:
    """The dossier that a paper is about, in words.

    `asked` is what it asks for, as it stands in a sentence: `hồ sơ đề nghị công nhận …`.
    """

    asked: str
    name: str
    period: str
    applicant: str

    @property
    def words(self) -> str:
        return f"{self.asked} – {self.name}, kỳ {self.period}"

    @property
    def title(self) -> str:
        """As it stands by itself."""
        return self.words[0].upper() + self.words[1:]


@dataclass(frozen=True)
class Found:
    """A criterion and what was found of it; `under` is the criterion that it is a part of."""

    code: str
    title: str
    department: str
    met: bool | None = None
    points: int | None = None
    most_points: int | None = None
    reason: str = ""
    appraiser: str = ""
    at: str = ""
    under: str | None = None

    @property
    def finding(self) -> str:
        """In a word, or in points where it is rated."""
        if self.points is not None:
            return f"{self.points}/{self.most_points} điểm"
        return {True: "Đạt", False: "Không đạt", None: "Chưa có"}[self.met]


@dataclass(frozen=True)
class Opinion:
    """A department, the criteria given to it, and the document with its opinion."""

    department: str
    criteria: str
    document: str = ""


@dataclass(frozen=True)
class MatrixSheet:
    """The appraisal matrix: a list for work, not a document with a number."""

    issuer: Sequence[str]
    about: About
    found: Sequence[Found]
    opinions: Sequence[Opinion]
    made_at: datetime
    superior: str | None = None


@dataclass(frozen=True)
class Component:
    """A part of a dossier, what was handed in for it, and why that does not do."""

    title: str
    documents: Sequence[str]
    unmet: str | None = None


@dataclass(frozen=True)
class Condition:
    """A condition beside the criteria: what is asked, what was answered."""

    title: str
    asked: str
    answered: str


@dataclass(frozen=True)
class ReportSheet:
    """The consolidated appraisal report (báo cáo thẩm định); `asked` and `conclusion` are
    paragraphs."""

    issuer: Sequence[str]
    about: About
    grounds: Sequence[str]
    asked: Sequence[str]
    components: Sequence[Component]
    found: Sequence[Found]
    opinions: Sequence[Opinion]
    conditions: Sequence[Condition]
    conclusion: Sequence[str]
    capacity: Sequence[str]
    signer: str
    recipients: Sequence[str]
    superior: str | None = None


def matrix(sheet: MatrixSheet, measure: Measure) -> list[Page]:
    """The pages of the matrix, lying."""
    flow = Flow(measure, 13, LANDSCAPE)
    _head(flow, sheet)
    columns = (
        Column("TT", 14, centred=True),
        Column("Tiêu chí, nội dung", 66),
        Column("Cơ quan thẩm định", 40),
        Column("Kết quả", 22, centred=True),
        Column("Lý do, căn cứ", 55),
        Column("Người thẩm định", 28),
        Column("Thời điểm", 22, centred=True),
    )
    rows = _rows(
        sheet.found,
        lambda one: (
            one.code,
            one.title,
            one.department,
            one.finding,
            one.reason,
            one.appraiser,
            one.at,
        ),
    )
    tables.draw(flow, Table(columns, list(rows), _POINTS))
    flow.paragraph(_words(_totals(sheet.found)), 0)
    if sheet.opinions:
        tables.draw(flow, _opinions(sheet.opinions, (14, 93, 70, 70)))
    return flow.pages


def report(sheet: ReportSheet) -> Sheet:
    """The report as a document whose number, date and signature are still to come."""
    return Sheet(
        superior=sheet.superior,
        issuer=sheet.issuer,
        title="BÁO CÁO",
        subject=f"Thẩm định {sheet.about.words}",
        grounds=sheet.grounds,
        body=(
            Heading("I. Yêu cầu thẩm định"),
            Article(sheet.asked),
            Heading("II. Thành phần hồ sơ"),
            _components(sheet.components),
            Heading("III. Kết quả thẩm định từng tiêu chí"),
            Table(
                (
                    Column("TT", 13, centred=True),
                    Column("Tiêu chí, nội dung", 52),
                    Column("Cơ quan thẩm định", 33),
                    Column("Kết quả", 20, centred=True),
                    Column("Lý do, căn cứ", 42),
                ),
                list(
                    _rows(
                        sheet.found,
                        lambda one: (
                            one.code,
                            one.title,
                            one.department,
                            one.finding,
                            one.reason,
                        ),
                    )
                ),
                _POINTS,
            ),
            Article([_totals(sheet.found)]),
            *([_opinions(sheet.opinions, (13, 57, 45, 45))] if sheet.opinions else ()),
            *(
                (Heading("IV. Điều kiện khác"), _conditions(sheet.conditions))
                if sheet.conditions
                else ()
            ),
            Heading(f"{'V' if sheet.conditions else 'IV'}. Kết luận, kiến nghị"),
            Article(sheet.conclusion),
        ),
        capacity=sheet.capacity,
        signer=sheet.signer,
        recipients=sheet.recipients,
    )


def _head(flow: Flow, sheet: MatrixSheet) -> None:
    page = flow.format
    left = page.left + page.room / 5
    if sheet.superior:
        flow.centred(sheet.superior, left, "", 12, 15)
    for name in sheet.issuer:
        for line in flow.balanced(name, "B", 12, page.room * 0.36):
            width = flow.centred(line, left, "B", 12, 15)
    flow.rule(left, width * 0.42, 2)
    flow.y += 14
    flow.centred("BẢNG TỔNG HỢP KẾT QUẢ THẨM ĐỊNH", page.middle, "B", 14, 18)
    for line in flow.balanced(sheet.about.title, "B", 13, page.room * 0.8):
        flow.centred(line, page.middle, "B", 13, 17)
    made = f"{sheet.about.applicant}; lập lúc {sheet.made_at:%H:%M ngày %d/%m/%Y}"
    flow.centred(made, page.middle, "I", 12, 16)
    flow.y += 8


def _rows(found: Sequence[Found], cells: Callable[[Found], Sequence[str]]) -> Iterator[Row]:
    """A line for each, under a band that names the criterion it is a part of."""
    above: str | None = None
    for one in found:
        if one.under is not None and one.under != above:
            yield Row([one.under], "B")
        above = one.under
        yield Row(cells(one), "B" if one.met is False else "")


def _totals(found: Sequence[Found]) -> str:
    rated = [one for one in found if one.points is not None]
    met, unmet = (sum(one.met is said for one in found) for said in (True, False))
    open_ = len(found) - met - unmet
    text = f"Tổng số {len(found)} tiêu chí, nội dung: {met} đạt, {unmet} không đạt"
    if rated:
        given = sum(one.points or 0 for one in rated)
        most = sum(one.most_points or 0 for one in found)
        text = f"Tổng số {len(found)} tiêu chí: {given}/{most} điểm"
        open_ = len(found) - len(rated)
    return f"{text}, {open_} chưa có kết quả." if open_ else f"{text}."


def _opinions(opinions: Sequence[Opinion], widths: tuple[int, int, int, int]) -> Table:
    number, department, criteria, document = widths
    return Table(
        (
            Column("TT", number, centred=True),
            Column("Cơ quan thẩm định", department),
            Column("Tiêu chí được giao", criteria),
            Column("Văn bản thẩm định", document),
        ),
        [
            Row((str(n), one.department, one.criteria, one.document or "Chưa có"))
            for n, one in enumerate(opinions, start=1)
        ],
        _POINTS,
    )


def _components(components: Sequence[Component]) -> Table:
    return Table(
        (
            Column("TT", 13, centred=True),
            Column("Thành phần", 57),
            Column("Văn bản trong hồ sơ", 58),
            Column("Kết quả", 32),
        ),
        [
            Row((str(n), one.title, "\n".join(one.documents), one.unmet or "Có, hợp lệ"))
            for n, one in enumerate(components, start=1)
        ],
        _POINTS,
    )


def _conditions(conditions: Sequence[Condition]) -> Table:
    return Table(
        (
            Column("TT", 13, centred=True),
            Column("Điều kiện", 73),
            Column("Yêu cầu", 37),
            Column("Kết quả", 37),
        ),
        [
            Row((str(n), one.title, one.asked, one.answered))
            for n, one in enumerate(conditions, start=1)
        ],
        _POINTS,
    )


def _words(text: str) -> list[Word]:
    return [(word, "") for word in text.split()]
