"""The roles a person may hold in an organisation: a closed list, with the words a clerk reads.

A role opens a door; whether *this* person may do *this* act is for the guards to say.
Signing capacity is not a role: it belongs to a signing (ND 30/2020 Art. 13).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

ROLE_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clerk": "văn thư",
        "specialist": "chuyên viên",
        "unit_head": "người đứng đầu đơn vị",
        "format_checker": "người kiểm tra thể thức",
        "leader": "lãnh đạo cơ quan",
        "follow_up": "người theo dõi, đôn đốc",
        "appraiser": "người thẩm định",
        "auditor": "người giám sát",
        "administrator": "quản trị hệ thống",
    }
)

ROLES: Final[tuple[str, ...]] = tuple(ROLE_LABELS)

AUDITOR: Final = "auditor"
"""Who reads everything of an organisation and changes nothing."""


class Scope(StrEnum):
    """How much of what its holder may do a token opens."""

    FULL = "full"
    READ = "read"
    """What may be looked at."""
    AUDIT = "audit"
    """Of that, what an auditor's program asks: indicator, journal, evidence, books, conformance."""


#: The organisations that take part in a dossier beside the one a case belongs to. A role in one of
#: them is written `office:specialist`.
PARTY_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "applicant": "cơ quan đề nghị",
        "district": "cấp huyện",
        "office": "cơ quan thường trực thẩm định",
        "province": "UBND tỉnh",
    }
)


def is_role(name: str, parties: Collection[str] = ()) -> bool:
    """Whether this is a role, of the case's own organisation or of one of these parties."""
    party, colon, role = name.rpartition(":")
    return role in ROLE_LABELS and (party in parties if colon else True)


def role_label(name: str) -> str:
    """What a clerk calls a role, with the party it is held in."""
    party, _, role = name.rpartition(":")
    label = ROLE_LABELS.get(role, role)
    return f"{label} của {PARTY_LABELS.get(party, party)}" if party else label


def missing_role(needed: Iterable[str]) -> str:
    """The sentence under a grey button: which of these roles would open it."""
    return f"Cần vai trò {' hoặc '.join(role_label(role) for role in needed)}."
