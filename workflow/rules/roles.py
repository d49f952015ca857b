"""The roles a person may hold in an organisation: a closed list, with the words a clerk reads.

A role opens a door; whether *this* person may do *this* act is for the guards to say.
Signing capacity is not a role: it belongs to a signing (ND 30/2020 Art. 13).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def missing_role(needed: Iterable[str]) -> str:
    """The sentence under a grey button: which of these roles would open it."""
    return f"Cần vai trò {' hoặc '.join(ROLE_LABELS.get(role, role) for role in needed)}."
