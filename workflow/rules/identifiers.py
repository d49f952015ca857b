"""Identifiers of organisations and documents, and the folding that search uses.

QĐ 20/2020/QĐ-TTg (amended QĐ 09/2025/QĐ-TTg) for organisations; QCVN 102:2016/BTTTT with SĐ1:2022
for the identifier of an exchanged document.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from workflow.rules.errors import Invalid

ORGANISATION_MAX = 35
"""Characters of an organisation's identifier."""

"""Characters of the same field in the input form of ND 30/2020 Annex VI part II."""

_ORGANISATION = re.compile(r"[0-9A-Z]+(?:\.[0-9A-Z]+)*")
_LETTERS = str.maketrans({"đ": "d"})


def is_organisation(text: str) -> bool:
    """Whether this is an identifier of an organisation: `H56.12.03`, or the old `000.00.00.H56`."""
    return len(text) <= ORGANISATION_MAX and _ORGANISATION.fullmatch(text) is not None


def organisation(text: str) -> str:
    """Return the identifier. Raises Invalid."""
    if not is_organisation(text):
        raise Invalid(
            [
                (
                    "/identifier",
                    f"“{text}” không phải mã định danh cơ quan: nhóm chữ số và chữ in hoa,"
                    f" cách nhau bằng dấu chấm, tối đa {ORGANISATION_MAX} ký tự.",
                )
            ]
        )
    return text


@dataclass(frozen=True)
class DocumentIdentifier:
    """The identifier of a document in exchange: `H56.12.03,2026/01/05,05/QĐ-UBND`."""

    organisation: str
    issued_on: date
    code: str

    def __str__(self) -> str:
        return f"{self.organisation},{self.issued_on:%Y/%m/%d},{self.code}"


def fold(text: str) -> str:
    """Return text as search compares it: no case, no diacritics, single spaces.

    So `uỷ ban` finds `Ủy ban`, `hoả tốc` `Hỏa tốc` and `quyet dinh` `Quyết định`; NFC alone joins
    none of these, and the decree itself writes both.
    """
    # Unicode §3.13: decomposing can bring back capitals, so case is folded in between.
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(
        letter for letter in letters.translate(_LETTERS) if not unicodedata.combining(letter)
    )
    return " ".join(bare.split())
