"""Administrative documents as PDF, set as ND 30/2020 Annex I wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from fpdf import FPDF
from fpdf.fonts import TTFFont

from workflow.printing import appraisals, books, covers, indicator, minutes
from workflow.printing.appraisals import MatrixSheet, ReportSheet
from workflow.printing.books import BookSheet
from workflow.printing.composition import PAGE_HEIGHT, PAGE_WIDTH, Composer, Sheet
from workflow.printing.covers import CoverSheet, NoticeSheet
from workflow.printing.indicator import IndicatorSheet
from workflow.printing.minutes import MinutesSheet
from workflow.printing.pages import LANDSCAPE, PORTRAIT, Face, Format, Measure, Page, Rule


def typeset(sheet: Sheet) -> bytes:
    """The document as PDF, ready to have its fields reserved."""
    title = " ".join(f"{sheet.title or 'Công văn'}: {sheet.subject}".split())
    return _printed(
        lambda measure: Composer(measure, sheet.points).compose(sheet),
        title,
        " ".join(sheet.issuer),
    )


def appraisal_matrix(sheet: MatrixSheet) -> bytes:
    """Criterion by criterion what was found, by whom, and each department's opinion."""
    return _printed(
        lambda measure: appraisals.matrix(sheet, measure),
        f"Bảng tổng hợp kết quả thẩm định: {sheet.about.words}",
        " ".join(sheet.issuer),
        LANDSCAPE,
        sheet.made_at,
    )


def appraisal_report(sheet: ReportSheet) -> bytes:
    """The report, ready to have its fields reserved."""
    return typeset(appraisals.report(sheet))


def council_minutes(sheet: MinutesSheet) -> bytes:
    """The minutes, ready to have their fields reserved."""
    return typeset(minutes.minutes(sheet))


def indicator_report(sheet: IndicatorSheet) -> bytes:
    """The report of a frozen indicator, ready to have its fields reserved."""
    return typeset(indicator.report(sheet))


def dossier_cover(sheet: CoverSheet) -> bytes:
    """Cover and list of one volume; the same sheet gives the same bytes."""
    title = f"{sheet.about.title}, tập {sheet.volume}/{sheet.volumes}"
    return _printed(
        lambda measure: covers.cover(sheet, measure), title, sheet.issuer, at=sheet.made_at
    )


def book(sheet: BookSheet, out: BinaryIO) -> None:
    """A register, report or list, written to `out`; page after page, however many rows it has."""
    with _blank(LANDSCAPE if sheet.across else PORTRAIT) as pdf:
        _titled(pdf, sheet.title, sheet.owner, sheet.made_at)
        books.lay(sheet, _measure(pdf), lambda page: _draw(pdf, page))
        pdf.output(out)


def missing_file(sheet: NoticeSheet, at: datetime) -> bytes:
    """The page in place of a file; the same sheet gives the same bytes."""
    return _printed(lambda measure: covers.notice(sheet, measure), sheet.title, "", at=at)


def compose(sheet: Sheet) -> list[Page]:
    """Where everything stands, for whoever draws it otherwise than as PDF."""
    with _blank(PORTRAIT) as pdf:
        return Composer(_measure(pdf), sheet.points).compose(sheet)


def pictured(image: bytes, title: str) -> bytes:
    """One A4 page that is a picture (JPEG or PNG), edge to edge, as a scanner sends it."""
    pdf = FPDF(unit="pt", format="A4")
    pdf.set_title(title)
    pdf.set_lang("vi")
    pdf.add_page()
    pdf.image(BytesIO(image), 0, 0, PAGE_WIDTH, PAGE_HEIGHT)
    return bytes(pdf.output())


def font_file(face: Face) -> Path:
    """The Times-like face (Annex I, I.4), covering Vietnamese."""
    name = {"": "Regular", "B": "Bold", "I": "Italic", "BI": "BoldItalic"}[face]
    return Path(str(files("signing").joinpath("fonts", f"Tinos-{name}.ttf")))


def _printed(
    set_on: Callable[[Measure], list[Page]],
    title: str,
    author: str,
    page_format: Format = PORTRAIT,
    at: datetime | None = None,
) -> bytes:
    """The pages as PDF; `at` is when it says that it was made, if not now."""
    with _blank(page_format) as pdf:
        _titled(pdf, title, author, at)
        for page in set_on(_measure(pdf)):
            _draw(pdf, page)
        return bytes(pdf.output())


def _titled(pdf: FPDF, title: str, author: str, at: datetime | None) -> None:
    pdf.set_title(title)
    pdf.set_author(author)
    pdf.set_lang("vi")
    pdf.set_line_width(0.6)
    if at is not None:
        pdf.set_creation_date(at)


def _draw(pdf: FPDF, page: Page) -> None:
    pdf.add_page()
    font: tuple[Face, float] | None = None
    for mark in page.marks:
        if isinstance(mark, Rule):
            pdf.line(mark.x, mark.y, mark.x + mark.length, mark.y + mark.height)
        else:
            if font != (mark.face, mark.points):
                font = mark.face, mark.points
                pdf.set_font("Tinos", mark.face, mark.points)
            pdf.text(mark.x, mark.baseline, mark.text)


@contextmanager
def _blank(page_format: Format) -> Iterator[FPDF]:
    """No page yet; the faces are open, also for measuring."""
    pdf = FPDF(unit="pt", format=(page_format.width, page_format.height))
    pdf.set_auto_page_break(False)
    faces: tuple[Face, ...] = ("", "B", "I", "BI")
    for face in faces:
        pdf.add_font("Tinos", face, font_file(face))
    try:
        yield pdf
    finally:
        for font in pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.close()


def _measure(pdf: FPDF) -> Measure:
    @lru_cache(maxsize=1 << 16)
    def width(text: str, face: Face, points: float) -> float:
        # Not by `set_font`, which would write into the page that is being drawn.
        return pdf.fonts[f"tinos{face}"].get_text_width(text, points, None)[1]

    return width
