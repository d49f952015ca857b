"""The 29 types of administrative documents and the three forms of copies, as data.

ND 30/2020 Art. 7 and Annex III.I name the types and their abbreviations; Art. 25 the copies. A
type's `code` is our own stable name (công văn and thư công have no abbreviation); abbreviations
are case- and diacritic-sensitive and kept in NFC.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflow.rules import lawfile
from workflow.rules.errors import InvalidDefinition


class Signer(StrEnum):
    """Who signs in person: the person competent to sign, or the two of a meeting's minutes."""

    COMPETENT = "competent"
    SECRETARY = "secretary"
    CHAIR = "chair"


class Seal(StrEnum):
    """Whether the agency's signature is required (Art. 8.2.h) or put where wanted (Mẫu 1.9)."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Medium(StrEnum):
    PAPER = "paper"
    ELECTRONIC = "electronic"


class Source(StrEnum):
    """What a copy is made from: the original or paper original, or a copy (sao y) of it."""

    ORIGINAL = "original"
    COPY = "copy"


@dataclass(frozen=True)
class DocType:
    """One type of document. `signers` sign in this order; `template` is the form of Annex III."""

    code: str
    name: str
    abbreviation: str | None
    signers: tuple[Signer, ...]
    seal: Seal
    template: str | None


@dataclass(frozen=True)
class CopyForm:
    """One form of copies. `media` are the ways allowed, from medium to medium (Art. 25)."""

    code: str
    name: str
    abbreviation: str
    source: Source
    media: frozenset[tuple[Medium, Medium]]

    def unmet(self, source: Source, origin: Medium, target: Medium) -> str | None:
        """Return why such a copy may not be made, or None when it may."""
        if source is not self.source:
            # ND 30/2020 Art. 25.2.b: sao lục is made from a sao y, the others from the original.
            needed = "bản sao y" if self.source is Source.COPY else "bản gốc hoặc bản chính"
            return f"{self.name} phải được thực hiện từ {needed} (Đ25 NĐ 30/2020/NĐ-CP)."
        if (origin, target) not in self.media:
            return (
                f"Không có hình thức {self.name.lower()} từ {_MEDIUM[origin]} sang"
                f" {_MEDIUM[target]} (Đ25 NĐ 30/2020/NĐ-CP)."
            )
        return None


_MEDIUM = {Medium.PAPER: "văn bản giấy", Medium.ELECTRONIC: "văn bản điện tử"}


@dataclass(frozen=True)
class Catalogue:
    """The types in force from `valid_from` on, by `legal_basis`."""

    legal_basis: str
    valid_from: date
    types: tuple[DocType, ...]
    copies: tuple[CopyForm, ...]

    def find(self, code: str) -> DocType | None:
        """Return the type with this code."""
        return next((kind for kind in self.types if kind.code == code), None)

    def find_copy(self, code: str) -> CopyForm | None:
        return next((form for form in self.copies if form.code == code), None)

    def by_abbreviation(self, abbreviation: str) -> DocType | CopyForm | None:
        """Return what an abbreviation stands for: `QĐ` is not `QyĐ`, and `qđ` is nothing."""
        wanted = unicodedata.normalize("NFC", abbreviation)
        both: tuple[DocType | CopyForm, ...] = (*self.types, *self.copies)
        return next((kind for kind in both if kind.abbreviation == wanted), None)


def parse(text: str) -> Catalogue:
    """Read `doc_types.toml`. Raises InvalidDefinition with the place of the mistake."""
    root = lawfile.read("doc_types", text)
    catalogue = Catalogue(
        root.text("legal_basis"),
        root.day("valid_from"),
        tuple(_doc_type(table) for table in root.tables("type")),
        tuple(_copy_form(table) for table in root.tables("copy")),
    )
    root.close()
    both: tuple[DocType | CopyForm, ...] = (*catalogue.types, *catalogue.copies)
    _refuse_twice("code", (kind.code for kind in both))
    _refuse_twice("abbreviation", (kind.abbreviation for kind in both if kind.abbreviation))
    return catalogue


def _doc_type(table: lawfile.Table) -> DocType:
    kind = DocType(
        table.text("code"),
        table.text("name"),
        _abbreviation(table),
        tuple(_signer(table.place, name) for name in table.texts("signers")),
        Seal(table.one_of("seal", Seal)),
        table.optional_text("template"),
    )
    table.close()
    if not kind.signers or len(set(kind.signers)) != len(kind.signers):
        raise InvalidDefinition(f"{table.place}.signers", "phải có người ký, không lặp lại")
    return kind


def _copy_form(table: lawfile.Table) -> CopyForm:
    abbreviation = _abbreviation(table)
    if abbreviation is None:
        raise InvalidDefinition(f"{table.place}.abbreviation", "thiếu")
    form = CopyForm(
        table.text("code"),
        table.text("name"),
        abbreviation,
        Source(table.one_of("source", Source)),
        frozenset(_way(table.place, way) for way in table.texts("media")),
    )
    table.close()
    return form


def _abbreviation(table: lawfile.Table) -> str | None:
    abbreviation = table.optional_text("abbreviation")
    if abbreviation is not None and not (abbreviation.isalpha() and _is_nfc(abbreviation)):
        raise InvalidDefinition(f"{table.place}.abbreviation", "chỉ gồm chữ cái, dạng NFC")
    return abbreviation


def _is_nfc(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def _signer(place: str, name: str) -> Signer:
    try:
        return Signer(name)
    except ValueError:
        raise InvalidDefinition(f"{place}.signers", f"không có người ký “{name}”") from None


def _way(place: str, way: str) -> tuple[Medium, Medium]:
    try:
        origin, target = way.split(" -> ")
        return Medium(origin), Medium(target)
    except ValueError:
        raise InvalidDefinition(f"{place}.media", f"không hiểu “{way}”") from None


def _refuse_twice(key: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise InvalidDefinition(f"doc_types.{key}", f"“{value}” xuất hiện hai lần")
        seen.add(value)
