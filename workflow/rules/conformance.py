"""What the decree asks of every document, and when it was not done: a closed list, as data.

A violation that the System makes impossible is on the list too, because an auditor trusts nobody.
How each is looked up says `workflow.conformance`; by when a step was due says `deadlines`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from workflow.rules.errors import NotFound
from workflow.rules.reasons import Hold, OutgoingRow

_LACKING: Final = frozenset({Hold.MISSING, Hold.FAILED})
"""No signature that holds. What is undecided is not a violation: it is judged again."""


@dataclass(frozen=True)
class Violation:
    """One thing that must not be, by which clause, and since when a document is an instance.

    A late step names its deadline in `deadlines.toml` and the triggers of which the first counts;
    what the signatures show is a condition on the row that was stated from the reports.
    """

    code: str
    clause: str
    title: str
    since: str
    deadline: str | None = None
    triggers: tuple[str, ...] = ()
    shown_by: Callable[[OutgoingRow], bool] | None = None


def _issued(row: OutgoingRow) -> bool:
    return row.issued_on is not None and not row.voided


def _unsigned(row: OutgoingRow) -> bool:
    return _issued(row) and row.persons in _LACKING


def _unsealed(row: OutgoingRow) -> bool:
    agency = row.agency_required and row.agency in _LACKING
    return _issued(row) and (agency or row.attachments in _LACKING)


def _sealed_first(row: OutgoingRow) -> bool:
    # A personal signature that stands behind the agency's in the bytes does not hold either.
    return row.agency is not Hold.MISSING and row.persons in _LACKING


VIOLATIONS: Final = (
    Violation(
        code="issued_unnumbered",
        clause="NĐ 30/2020/NĐ-CP Đ15.1, Đ16",
        title="Văn bản đã phát hành không có số trong sổ đăng ký",
        since="từ lúc phát hành",
    ),
    Violation(
        code="numbered_late",
        clause="NĐ 30/2020/NĐ-CP Đ15.2",
        title="Cấp số chậm sau khi ký",
        since="hết ngày làm việc tiếp theo ngày ký",
        deadline="OUT_NUMBER_PAPER",
        triggers=("number",),
    ),
    Violation(
        code="issued_late",
        clause="NĐ 30/2020/NĐ-CP Đ18.1",
        title="Phát hành chậm sau khi ký",
        since="hết ngày làm việc tiếp theo ngày ký; văn bản khẩn: ngay sau khi ký",
        deadline="OUT_ISSUE",
        triggers=("issue",),
    ),
    Violation(
        code="sent_late",
        clause="QĐ 28/2018/QĐ-TTg",
        title="Gửi văn bản điện tử chậm sau khi phát hành",
        since="hết buổi sáng của ngày làm việc tiếp theo ngày phát hành",
        deadline="OUT_SEND_EDOC",
        triggers=("record_dispatch",),
    ),
    Violation(
        code="issued_unsigned",
        clause="NĐ 30/2020/NĐ-CP Đ13.7",
        title="Văn bản đã phát hành thiếu chữ ký số hợp lệ của người có thẩm quyền",
        since="từ lúc phát hành, theo báo cáo kiểm tra chữ ký số mới nhất",
        shown_by=_unsigned,
    ),
    Violation(
        code="seal_missing",
        clause="NĐ 30/2020/NĐ-CP Đ17.2, Phụ lục I",
        title="Văn bản đã phát hành thiếu chữ ký số hợp lệ của cơ quan",
        since="từ lúc phát hành, theo báo cáo kiểm tra chữ ký số mới nhất; kể cả tệp kèm theo",
        shown_by=_unsealed,
    ),
    Violation(
        code="sealed_before_signed",
        clause="NĐ 30/2020/NĐ-CP Đ32.2.d",
        title="Cơ quan ký số khi chưa có chữ ký số hợp lệ của người có thẩm quyền",
        since="từ lúc cơ quan ký số, theo thứ tự trong tệp và báo cáo kiểm tra mới nhất",
        shown_by=_sealed_first,
    ),
    Violation(
        code="unacknowledged",
        clause="NĐ 30/2020/NĐ-CP Đ21.2.c",
        title="Chưa thông báo cho nơi gửi đã nhận văn bản điện tử",
        since="hết ngày nhận",
        deadline="IN_ACK",
    ),
    Violation(
        code="acknowledged_late",
        clause="NĐ 30/2020/NĐ-CP Đ21.2.c",
        title="Thông báo đã nhận văn bản điện tử chậm",
        since="hết ngày nhận",
        deadline="IN_ACK",
    ),
    Violation(
        code="registered_late",
        clause="NĐ 30/2020/NĐ-CP Đ4.2.c, Đ22",
        title="Đăng ký văn bản đến chậm",
        since="hết ngày làm việc tiếp theo ngày đến; văn bản khẩn: ngay khi nhận",
        deadline="IN_REGISTER",
        triggers=("register",),
    ),
    Violation(
        code="submitted_late",
        clause="NĐ 30/2020/NĐ-CP Đ23.1",
        title="Trình, chuyển giao văn bản đến chậm",
        since="hết ngày làm việc tiếp theo ngày đến; văn bản khẩn: ngay khi nhận",
        deadline="IN_SUBMIT",
        triggers=("submit", "transfer"),
    ),
    Violation(
        code="resolved_late",
        clause="NĐ 30/2020/NĐ-CP Đ24.2",
        title="Giải quyết văn bản đến chậm",
        since="quá thời hạn do người có thẩm quyền hoặc quy chế làm việc quy định",
        deadline="IN_RESOLVE",
        triggers=("complete",),
    ),
)


def find(code: str) -> Violation:
    """The violation of that code. Raises NotFound."""
    for violation in VIOLATIONS:
        if violation.code == code:
            return violation
    raise NotFound("Nội dung kiểm tra")
