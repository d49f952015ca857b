"""What stands before a dossier's files when they are put together, and in place of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from workflow.printing import tables
from workflow.printing.appraisals import About
from workflow.printing.flow import Flow
from workflow.printing.pages import PORTRAIT, Measure, Page
from workflow.printing.tables import Column, Row, Table


@dataclass(frozen=True)
class Listed:
    """A line of the list (mục lục văn bản, ND 30/2020 Annex V); `first_page` counts from the first
    page after the list."""

    ordinal: int
    code: str
    dated_on: date | None
    subject: str
    author: str
    first_page: int
    note: str = ""


@dataclass(frozen=True)
class CoverSheet:
    """A volume of a dossier: its data (Annex VI part II.III), name and value, and its list."""

    issuer: str
    about: About
    volume: int
    volumes: int
    data: Sequence[tuple[str, str]]
    listed: Sequence[Listed]
    problems: Sequence[str]
    made_at: datetime


@dataclass(frozen=True)
class NoticeSheet:
    """A page in place of a file whose pages could not be taken over."""

    title: str
    why: str
    sha256: str
    size_bytes: int


_READING_COPY = (
    "Đây là bản ghép để đọc: chữ ký số của từng văn bản không còn hiệu lực kỹ thuật trong tệp này. "
    "Tệp gốc đã ký của từng văn bản được xác định bằng mã băm SHA-256 trong tệp XML kèm theo và "
    "trong dấu trang (bookmark) của bản ghép."
)


def cover(sheet: CoverSheet, measure: Measure) -> list[Page]:
    """Cover and list, as pages before the files."""
    flow = Flow(measure, 13, PORTRAIT)
    page = flow.format
    flow.centred(sheet.issuer.upper(), page.middle, "B", 13, 18)
    flow.y += 40
    flow.centred("HỒ SƠ", page.middle, "B", 18, 26)
    for line in flow.balanced(sheet.about.title, "B", 14, page.room * 0.86):
        flow.centred(line, page.middle, "B", 14, 20)
    flow.centred(f"Tập {sheet.volume}/{sheet.volumes}", page.middle, "", 13, 22)
    flow.y += 20
    data = Table((Column("", 62), Column("", 98)), [Row(one) for one in sheet.data], headed=False)
    tables.draw(flow, data)
    for text in (_READING_COPY, *sheet.problems):
        flow.paragraph([(word, "I") for word in text.split()], 0)
    made = f"Kết xuất lúc {sheet.made_at:%H:%M:%S ngày %d/%m/%Y} (giờ Việt Nam)."
    flow.paragraph([(word, "") for word in made.split()], 0)
    flow.keep(page.height)
    flow.centred("MỤC LỤC VĂN BẢN", page.middle, "B", 14, 24)
    tables.draw(flow, _listed(sheet.listed))
    return flow.pages


def notice(sheet: NoticeSheet, measure: Measure) -> list[Page]:
    """One page that says what is missing here, and how the file itself is found."""
    flow = Flow(measure, 13, PORTRAIT)
    flow.y += 120
    flow.centred("KHÔNG GHÉP ĐƯỢC TỆP NÀY", flow.format.middle, "B", 14, 24)
    flow.y += 12
    rows = (
        ("Văn bản", sheet.title),
        ("Lý do", sheet.why),
        ("SHA-256", sheet.sha256),
        ("Kích thước", f"{sheet.size_bytes:,} byte".replace(",", ".")),
    )
    tables.draw(
        flow, Table((Column("", 40), Column("", 120)), [Row(row) for row in rows], headed=False)
    )
    text = "Tệp gốc vẫn được lưu nguyên vẹn trên Hệ thống và xem được ở hồ sơ."
    flow.paragraph([(word, "") for word in text.split()], 0)
    return flow.pages


def _listed(listed: Sequence[Listed]) -> Table:
    return Table(
        (
            Column("STT", 11, centred=True),
            Column("Số, ký hiệu văn bản", 30),
            Column("Ngày, tháng văn bản", 21, centred=True),
            Column("Tên loại và trích yếu nội dung văn bản", 43),
            Column("Tác giả văn bản", 24),
            Column("Trang số", 13, centred=True),
            Column("Ghi chú", 18),
        ),
        [
            Row(
                (
                    str(one.ordinal),
                    one.code,
                    f"{one.dated_on:%d/%m/%Y}" if one.dated_on else "",
                    one.subject,
                    one.author,
                    str(one.first_page),
                    one.note,
                )
            )
            for one in listed
        ],
        10.5,
    )
