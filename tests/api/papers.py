"""PDF files as people send them."""

from __future__ import annotations

from fpdf import FPDF


def a_pdf(text: str = "Du thao") -> bytes:
    """One A4 page; two different texts make two different files."""
    page = FPDF(format="A4")
    page.add_page()
    page.set_font("Helvetica", size=13)
    page.set_xy(30, 120)
    page.cell(text=text)
    return bytes(page.output())
