"""Who receives, appraises and votes on dossiers of the development office."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from workflow.councils import set_up
from workflow.founding.plan import SINCE
from workflow.jurisdictions import charge, set_route
from workflow.office import Transaction

PROVINCE, OFFICE = "H56", "H56.MAU.01"
_AGRICULTURE, _TECHNOLOGY = "H56.MAU.03", "H56.MAU.04"
#: Two departments stand for the many of a province; what is not the one's is the other's.
_OF_TECHNOLOGY = frozenset({"khoa_hoc_cong_nghe", "giao_duc", "van_hoa", "thong_ke"})
COUNCIL = "Hội đồng thẩm định, xét công nhận nông thôn mới tỉnh Mẫu"
_BASIS = "Quyết định thành lập Hội đồng của Chủ tịch UBND tỉnh (dữ liệu phát triển)"
_MEMBERS = (
    ("tinh.phochutich", "chair"),
    ("vpdp.chanhvp", "vice_chair"),
    ("vpdp.truongphong", "secretary"),
    ("sonnmt.giamdoc", "member"),
    ("sokhcn.giamdoc", "member"),
)


def arrange(
    tx: Transaction, seats: Mapping[str, uuid.UUID], people: Mapping[str, uuid.UUID]
) -> None:
    """Route every kind to the coordination office, give every field to a department, and set up a
    council of five. `seats` by code, `people` by username."""
    province = seats[PROVINCE]
    set_route(tx, province, None, seats[OFFICE], valid_from=SINCE)
    fields = {leaf.field for kind in tx.office.law.kinds for leaf in kind.leaves if leaf.field}
    for field in sorted(fields):
        code = _TECHNOLOGY if field in _OF_TECHNOLOGY else _AGRICULTURE
        charge(tx, province, field, seats[code], valid_from=SINCE)
    members = [(people[username], part) for username, part in _MEMBERS]
    set_up(tx, province, COUNCIL, _BASIS, members, SINCE)
