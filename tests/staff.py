"""Who does what with the documents of each agency of the development office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

COORDINATION, COMMUNE = "H56.MAU.01", "H56.MAU.02"
PROVINCE, AGRICULTURE, TECHNOLOGY = "H56", "H56.MAU.03", "H56.MAU.04"


@dataclass(frozen=True)
class Staff:
    """Who does what with an agency's documents, and the unit they are drafted in."""

    drafter: str
    head: str
    leader: str
    checker: str
    clerk: str
    issuer: str
    unit: str
    capacity: str = ""


STAFF: Final[Mapping[str, Staff]] = {
    COMMUNE: Staff(
        "xa.chuyenvien",
        "xa.truongphong",
        "xa.chutich",
        "xa.thethuc",
        "xa.vanthu",
        "UBND",
        "VP",
        "TM",
    ),
    COORDINATION: Staff(
        "vpdp.chuyenvien",
        "vpdp.truongphong",
        "vpdp.chanhvp",
        "vpdp.vanthu",
        "vpdp.vanthu",
        "VPĐP",
        "NV",
    ),
    AGRICULTURE: Staff(
        "sonnmt.chuyenvien",
        "sonnmt.truongphong",
        "sonnmt.giamdoc",
        "sonnmt.vanthu",
        "sonnmt.vanthu",
        "SNNMT",
        "PTNT",
    ),
    TECHNOLOGY: Staff(
        "sokhcn.chuyenvien",
        "sokhcn.truongphong",
        "sokhcn.giamdoc",
        "sokhcn.vanthu",
        "sokhcn.vanthu",
        "SKHCN",
        "CDS",
    ),
    PROVINCE: Staff(
        "tinh.chuyenvien",
        "tinh.truongphong",
        "tinh.chutich",
        "tinh.thethuc",
        "tinh.vanthu",
        "UBND",
        "KTN",
        "TM",
    ),
}
