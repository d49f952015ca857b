"""Administrative documents as PDF, set as ND 30/2020 Annex I wants them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

from workflow.printing.composition import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    Composer,
    Face,
    Page,
    Rule,
    Sheet,
)


def typeset(sheet: Sheet) -> bytes:
    """The document as PDF, ready to have its fields reserved."""
    with _blank() as pdf:
        pdf.set_title(" ".join(f"{sheet.title or 'Công văn'}: {sheet.subject}".split()))
        pdf.set_author(" ".join(sheet.issuer))
        pdf.set_lang("vi")
        pdf.set_line_width(0.6)
        for page in _composed(sheet, pdf):
            pdf.add_page()
            for mark in page.marks:
                if isinstance(mark, Rule):
                    pdf.line(mark.x, mark.y, mark.x + mark.length, mark.y)
                else:
                    pdf.set_font("Tinos", mark.face, mark.points)
                    pdf.text(mark.x, mark.baseline, mark.text)
        return bytes(pdf.output())


def compose(sheet: Sheet) -> list[Page]:
    """Where everything stands, for whoever draws it otherwise than as PDF."""
    with _blank() as pdf:
        return _composed(sheet, pdf)


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


@contextmanager
def _blank() -> Iterator[FPDF]:
    """No page yet; the faces are open, also for measuring."""
    pdf = FPDF(unit="pt", format="A4")
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


def _composed(sheet: Sheet, pdf: FPDF) -> list[Page]:
    def width(text: str, face: Face, points: float) -> float:
        pdf.set_font("Tinos", face, points)
        return pdf.get_string_width(text)

    return Composer(width, sheet.points).compose(sheet)
