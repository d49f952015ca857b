"""The texts of law that Vanthu rests on, and whether one may still be cited.

Article numbers and dates of several texts come from digests: they are data (`legal_basis.toml`),
so that a person can correct them without a release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflow.rules import lawfile
from workflow.rules.errors import InvalidDefinition


class Confidence(StrEnum):
    """How the entry is known: read in a published text, from a digest, or from memory."""

    READ = "read"
    DIGEST = "digest"
    MEMORY = "memory"


@dataclass(frozen=True)
class LegalBasis:
    """One text. It may be cited from `valid_from` until the day before `repealed_on`."""

    code: str
    title: str
    valid_from: date
    repealed_on: date | None
    repealed_by: str | None
    note: str | None
    confidence: Confidence

    def uncitable(self, on: date) -> str | None:
        """Return why the text can't be cited as law in force on this day, or None when it can."""
        if on < self.valid_from:
            return f"{self.code} có hiệu lực từ ngày {self.valid_from:%d/%m/%Y}."
        if self.repealed_on is not None and self.repealed_on <= on:
            by = f" (bị bãi bỏ bởi {self.repealed_by})" if self.repealed_by else ""
            return f"{self.code} hết hiệu lực từ ngày {self.repealed_on:%d/%m/%Y}{by}."
        return None


def parse(text: str) -> tuple[LegalBasis, ...]:
    """Read `legal_basis.toml`. Raises InvalidDefinition with the place of the mistake."""
    root = lawfile.read("legal_basis", text)
    texts: list[LegalBasis] = []
    for table in root.tables("text"):
        basis = LegalBasis(
            table.text("code"),
            table.text("title"),
            table.day("valid_from"),
            table.optional_day("repealed_on"),
            table.optional_text("repealed_by"),
            table.optional_text("note"),
            Confidence(table.one_of("confidence", Confidence)),
        )
        table.close()
        if any(other.code == basis.code for other in texts):
            raise InvalidDefinition(table.place, f"“{basis.code}” xuất hiện hai lần")
        texts.append(basis)
    root.close()
    return tuple(texts)


def cited(texts: Sequence[LegalBasis], citation: str) -> LegalBasis | None:
    """Return the text that a citation such as `NĐ 30/2020/NĐ-CP Đ18.1` begins with."""
    return next((basis for basis in texts if f"{citation} ".startswith(f"{basis.code} ")), None)
