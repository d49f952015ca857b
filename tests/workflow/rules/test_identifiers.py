"""Identifiers of organisations and documents, and folding for search."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.rules import identifiers
from workflow.rules.errors import Invalid
from workflow.rules.identifiers import DocumentIdentifier


@pytest.mark.parametrize(
    "text", ["H56", "H37.02.02", "H37.DN.001", "000.00.00.H56", "0123456789", "A" * 35]
)
def test_organisation_identifiers(text: str) -> None:
    assert identifiers.organisation(text) == text


@pytest.mark.parametrize(
    "text", ["", "h56", "H56.", ".H56", "H56..01", "H56-01", "H56 ", "H56\n", "Đ56", "A" * 36]
)
def test_what_is_no_organisation_identifier(text: str) -> None:
    assert not identifiers.is_organisation(text)
    with pytest.raises(Invalid):
        identifiers.organisation(text)


def test_document_identifier() -> None:
    identifier = DocumentIdentifier("H56.12.03", date(2026, 1, 5), "05/QĐ-UBND")
    assert str(identifier) == "H56.12.03,2026/01/05,05/QĐ-UBND"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uỷ ban", "Ủy ban"),
        ("HOẢ TỐC", "hỏa tốc"),
        ("Quyết định", "quyet dinh"),
        ("ĐỊNH HƯNG", "dinh hung"),
        ("xã  Định\nHưng ", "xa dinh hung"),
        (unicodedata.normalize("NFD", "thừa uỷ quyền"), "THỪA ỦY QUYỀN"),
        ("Đ", "d"),
        ("㎀", "pa"),
    ],
)
def test_search_finds_other_spellings(one: str, other: str) -> None:
    assert identifiers.fold(one) == identifiers.fold(other)


def test_nfc_alone_joins_none_of_these() -> None:
    assert unicodedata.normalize("NFC", "uỷ") != unicodedata.normalize("NFC", "ủy")


@given(st.text())
def test_folding_is_stable_and_blind_to_composition(text: str) -> None:
    folded = identifiers.fold(text)
    assert identifiers.fold(folded) == folded
    assert identifiers.fold(unicodedata.normalize("NFD", text)) == folded
