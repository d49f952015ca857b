"""What an inspection can find, where, and what it is given to look with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import DBAPIError

from workflow.inspecting.index import Index
from workflow.office import Office


class Kind(StrEnum):
    """What is wrong: a closed list."""

    OBJECT_MISSING = "object_missing"
    OBJECT_ALTERED = "object_altered"
    ORPHAN = "orphan"
    VERDICT_DIFFERS = "verdict_differs"
    ROW_EDITED = "row_edited"
    ROW_MISSING = "row_missing"
    ROW_INSERTED = "row_inserted"
    CHAIN_EDITED = "chain_edited"
    CHAIN_MISSING = "chain_missing"
    CHAIN_INSERTED = "chain_inserted"
    CHAIN_REORDERED = "chain_reordered"
    NUMBER_GAP = "number_gap"
    NUMBER_DOUBLE = "number_double"
    DATE_ORDER = "date_order"
    TALLY_DIFFERS = "tally_differs"
    FACT_DIFFERS = "fact_differs"
    TRIGGER_MISSING = "trigger_missing"
    CHECKPOINT_DIFFERS = "checkpoint_differs"


#: A finding for people: what it means, and so what to look at.
SENTENCES: dict[Kind, str] = {
    Kind.OBJECT_MISSING: "Kho không còn tệp mà hồ sơ nêu tên",
    Kind.OBJECT_ALTERED: "Tệp trong kho không còn đúng như khi lưu",
    Kind.ORPHAN: "Tệp trong kho mà không hồ sơ nào nêu tên",
    Kind.VERDICT_DIFFERS: "Kiểm tra lại chữ ký cho kết quả khác báo cáo đã lưu",
    Kind.ROW_EDITED: "Dòng dữ liệu bị sửa ngoài nhật ký",
    Kind.ROW_MISSING: "Dòng dữ liệu đã ghi nhật ký nay không còn",
    Kind.ROW_INSERTED: "Dòng dữ liệu được thêm ngoài nhật ký",
    Kind.CHAIN_EDITED: "Mục nhật ký bị sửa",
    Kind.CHAIN_MISSING: "Mục nhật ký bị mất",
    Kind.CHAIN_INSERTED: "Mục nhật ký bị chèn thêm",
    Kind.CHAIN_REORDERED: "Mục nhật ký bị đổi chỗ",
    Kind.NUMBER_GAP: "Số văn bản bị khuyết",
    Kind.NUMBER_DOUBLE: "Số văn bản bị trùng",
    Kind.DATE_ORDER: "Ngày không theo thứ tự của số",
    Kind.TALLY_DIFFERS: "Số đếm của sổ không khớp các dòng của sổ",
    Kind.FACT_DIFFERS: "Dòng của sổ không khớp chứng cứ hiện có",
    Kind.TRIGGER_MISSING: "Thiếu bộ chặn sửa, xóa của cơ sở dữ liệu",
    Kind.CHECKPOINT_DIFFERS: "Không khớp điểm kiểm tra đã ký",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    `place` is a table and an id ("revision 0192…"), a chain and a sequence ("system #17"), the key
    of an object, a leaf, node or size of the log, or the name of a trigger.
    """

    kind: Kind
    place: str


class Stage(StrEnum):
    """The parts of an inspection, in the order in which they are walked."""

    TRIGGERS = "triggers"
    CHAINS = "chains"
    ROWS = "rows"
    NUMBERS = "numbers"
    FACTS = "facts"
    TALLIES = "tallies"
    LOG = "log"
    RETAINED = "retained"  # checkpoints outside the database
    NAMES = "names"  # of objects, in rows
    OBJECTS = "objects"
    ABSENT = "absent"  # objects that rows name
    VERDICTS = "verdicts"


@dataclass(frozen=True)
class Walk:
    """One inspection: the office, the scratch file, and since when it goes on."""

    office: Office
    index: Index
    started_at: datetime


@dataclass(frozen=True)
class Step:
    """What a second or two of a stage gave; `after`: where it goes on, None when it is through."""

    findings: Sequence[Finding]
    looked_at: int
    after: str | None


#: One step of a stage, from behind the place `after` ("" at its beginning).
Look = Callable[[Walk, str], Step]


def raise_if_away(fault: Exception) -> None:
    """Go on with a fault that is the database's own: one that went away has no wrong rows."""
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        raise fault
