"""PDF files as people send them."""

from __future__ import annotations

from datetime import UTC, datetime

from fpdf import FPDF


def a_pdf(text: str = "Du thao") -> bytes:
    """One A4 page; the same text makes the same file."""
    page = FPDF(format="A4")
    page.set_creation_date(datetime(2026, 11, 21, tzinfo=UTC))
    page.add_page()
    page.set_font("Helvetica", size=13)
    page.set_xy(30, 120)
    page.cell(text=text)
    return bytes(page.output())
