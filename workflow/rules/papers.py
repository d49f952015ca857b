"""The papers a dossier's steps rest on: each an issued, signed document of the right body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Part:
    """What a paper must be: whose (`own`: the case's organisation), and of which types."""

    title: str
    party: str
    doc_types: frozenset[str]
    incoming: bool = False
    """It came to that body from outside, and is registered there."""


PARTS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "district_report": Part("Báo cáo thẩm tra", "district", frozenset({"bao_cao"})),
        "supplement_request": Part(
            "Công văn yêu cầu bổ sung hồ sơ", "office", frozenset({"cong_van"})
        ),
        "opinion": Part("Văn bản thẩm định", "own", frozenset({"cong_van", "bao_cao"})),
        "appraisal_report": Part("Báo cáo thẩm định", "office", frozenset({"bao_cao"})),
        "council_minutes": Part("Biên bản họp Hội đồng", "office", frozenset({"bien_ban"})),
        "proposal": Part("Tờ trình công nhận", "office", frozenset({"to_trinh"})),
        "decision": Part("Quyết định công nhận", "province", frozenset({"quyet_dinh"})),
        "notice": Part("Thông báo kết quả", "office", frozenset({"thong_bao", "cong_van"})),
        "forwarding": Part(
            "Văn bản chuyển trung ương", "province", frozenset({"cong_van", "to_trinh"})
        ),
        "central_decision": Part(
            "Quyết định của trung ương", "province", frozenset({"quyet_dinh"}), incoming=True
        ),
        "withdrawal_request": Part(
            "Tờ trình thu hồi quyết định công nhận", "office", frozenset({"to_trinh"})
        ),
        "withdrawal_decision": Part("Quyết định thu hồi", "province", frozenset({"quyet_dinh"})),
    }
)
