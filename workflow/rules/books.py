"""The books a system puts out (ND 30/2020 Annex VI part I, V), their columns as data.

Where Annexes IV and V give a form, the titles are theirs, word for word and in their order. The two
reports have no form: their columns are ours, so that nobody is counted twice and the parts add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

Cell = str | int | date | None
DESTROYED = "đã hủy theo thu hồi"
"""What stands in place of what a recall destroyed at its receiver (Annex VI part I, III.8.b)."""


@dataclass(frozen=True)
class Column:
    """`name` is the element of it in XML, `title` heads it, `mm` is its width in print."""

    name: str
    title: str
    mm: float
    centred: bool = False


@dataclass(frozen=True)
class Book:
    """One output. `clause` is where the law has its form or asks for it.

    A register is bound: it has a cover, a first page, and lies across; so does what has `across`.
    """

    name: str
    title: str
    file_name: str
    clause: str
    columns: tuple[Column, ...]
    register: bool = False
    across: bool = True


OUTGOING_REGISTER = Book(
    "outgoing-register",
    "Sổ đăng ký văn bản đi",
    "So dang ky van ban di",
    "Phụ lục IV, mục I",
    (
        Column("Code", "Số, ký hiệu văn bản", 26),
        Column("IssuedDate", "Ngày tháng văn bản", 21, centred=True),
        Column("Subject", "Tên loại và trích yếu nội dung văn bản", 58),
        Column("Signers", "Người ký", 25),
        Column("Recipients", "Nơi nhận văn bản", 38),
        Column("KeptBy", "Đơn vị, người nhận bản lưu", 20),
        Column("Copies", "Số lượng bản", 12, centred=True),
        Column("SentDate", "Ngày chuyển", 21, centred=True),
        Column("Receipt", "Ký nhận", 13),
        Column("Note", "Ghi chú", 13),
    ),
    register=True,
)
INCOMING_REGISTER = Book(
    "incoming-register",
    "Sổ đăng ký văn bản đến",
    "So dang ky van ban den",
    "Phụ lục IV, mục VI",
    (
        Column("ArrivalDate", "Ngày đến", 21, centred=True),
        Column("ArrivalNumber", "Số đến", 13, centred=True),
        Column("Author", "Tác giả", 36),
        Column("Code", "Số, ký hiệu văn bản", 26),
        Column("IssuedDate", "Ngày tháng văn bản", 21, centred=True),
        Column("Subject", "Tên loại và trích yếu nội dung văn bản", 54),
        Column("Handlers", "Đơn vị hoặc người nhận", 28),
        Column("SentDate", "Ngày chuyển", 21, centred=True),
        Column("Receipt", "Ký nhận", 13),
        Column("Note", "Ghi chú", 14),
    ),
    register=True,
)
HANDLING_REGISTER = Book(
    "handling-register",
    "Sổ theo dõi giải quyết văn bản đến",
    "So theo doi giai quyet van ban den",
    "Phụ lục IV, mục VIII",
    (
        Column("ArrivalNumber", "Số đến", 14, centred=True),
        Column(
            "Described",
            "Tên loại, số, ký hiệu, ngày, tháng và tên cơ quan, tổ chức ban hành văn bản",
            73,
        ),
        Column("Handlers", "Đơn vị hoặc người nhận", 40),
        Column("DueDate", "Thời hạn giải quyết", 23, centred=True),
        Column("Progress", "Tiến độ giải quyết", 36),
        Column("Answers", "Số, ký hiệu văn bản trả lời", 32),
        Column("Note", "Ghi chú", 29),
    ),
    register=True,
)
FILE_LIST = Book(
    "file-list",
    "Mục lục hồ sơ, tài liệu nộp lưu",
    "Muc luc ho so",
    "Phụ lục V, mục III",
    (
        Column("Ordinal", "Số TT", 11, centred=True),
        Column("FileNotation", "Số, ký hiệu hồ sơ", 24),
        Column("Title", "Tiêu đề hồ sơ", 48),
        Column("Dates", "Thời gian tài liệu", 23, centred=True),
        Column("Maintenance", "Thời hạn bảo quản", 19, centred=True),
        Column("Pages", "Số tờ/ Số trang", 15, centred=True),
        Column("Note", "Ghi chú", 20),
    ),
    across=False,
)
FILE_CONTENTS = Book(
    "file-contents",
    "Mục lục văn bản, tài liệu",
    "Muc luc van ban trong ho so",
    "Phụ lục V, mục IV",
    (
        Column("DocOrdinal", "STT", 11, centred=True),
        Column("Code", "Số, ký hiệu văn bản", 27),
        Column("IssuedDate", "Ngày tháng năm văn bản", 22, centred=True),
        Column("Subject", "Tên loại và trích yếu nội dung văn bản", 46),
        Column("Author", "Tác giả văn bản", 24),
        Column("Pages", "Tờ số/ Trang số", 14, centred=True),
        Column("Note", "Ghi chú", 16),
    ),
    across=False,
)

_COUNTED = (
    Column("Total", "Tổng số", 18, centred=True),
    Column("OnTime", "Đã giải quyết đúng hạn", 25, centred=True),
    Column("Late", "Đã giải quyết quá hạn", 25, centred=True),
    Column("Open", "Đang giải quyết trong hạn", 27, centred=True),
    Column("Overdue", "Đang giải quyết, đã quá hạn", 27, centred=True),
    Column("Recalled", "Bị thu hồi", 19, centred=True),
    Column("Share", "Tỷ lệ đúng hạn", 20, centred=True),
)
#: What becomes of an arrival; every one falls into exactly one, in the order of the columns.
INCOMING_OUTCOMES = ("on_time", "late", "open", "overdue", "recalled")
INCOMING_REPORT = Book(
    "incoming-report",
    "Báo cáo tình hình giải quyết văn bản đến",
    "Bao cao giai quyet van ban den",
    "Phụ lục VI, Phần I, mục V.2",
    (Column("Of", "Đơn vị chủ trì giải quyết", 86), *_COUNTED),
)
OUTGOING_OUTCOMES = ("on_time", "late", "open", "overdue", "voided", "recalled")
OUTGOING_REPORT = Book(
    "outgoing-report",
    "Báo cáo tình hình giải quyết văn bản đi",
    "Bao cao giai quyet van ban di",
    "Phụ lục VI, Phần I, mục V.4",
    (
        Column("Of", "Đơn vị soạn thảo", 76),
        Column("Total", "Tổng số đã cấp số", 20, centred=True),
        Column("OnTime", "Đã phát hành đúng hạn", 25, centred=True),
        Column("Late", "Đã phát hành quá hạn", 25, centred=True),
        Column("Open", "Chờ phát hành trong hạn", 25, centred=True),
        Column("Overdue", "Chờ phát hành, đã quá hạn", 25, centred=True),
        Column("Voided", "Đã hủy số", 16, centred=True),
        Column("Recalled", "Đã thu hồi", 16, centred=True),
        Column("Share", "Tỷ lệ đúng hạn", 19, centred=True),
    ),
)
#: Drafts that have no number yet, as they stand now.
DRAFTS = (
    Column("Of", "Bước đang xử lý", 120),
    Column("Total", "Số văn bản", 40, centred=True),
    Column("Overdue", "Trong đó đã quá hạn", 50, centred=True),
)
#: What the reports list one by one: everything that is late today.
INCOMING_OVERDUE = (
    Column("Number", "Số đến", 16, centred=True),
    Column("Date", "Ngày đến", 23, centred=True),
    Column("Code", "Số, ký hiệu văn bản", 32),
    Column("Subject", "Tên loại và trích yếu nội dung văn bản", 70),
    Column("Holder", "Đơn vị, người giải quyết", 42),
    Column("DueDate", "Thời hạn giải quyết", 26, centred=True),
    Column("DaysLate", "Số ngày quá hạn", 38, centred=True),
)
OUTGOING_OVERDUE = (
    Column("Code", "Số, ký hiệu văn bản", 36),
    Column("Subject", "Tên loại và trích yếu nội dung văn bản", 76),
    Column("Unit", "Đơn vị soạn thảo", 42),
    Column("State", "Bước đang xử lý", 41),
    Column("DueDate", "Thời hạn", 26, centred=True),
    Column("DaysLate", "Số ngày quá hạn", 26, centred=True),
)

#: The outputs of an organisation; the contents of a work file are asked for by the file.
BOOKS: Mapping[str, Book] = MappingProxyType(
    {
        book.name: book
        for book in (
            INCOMING_REGISTER,
            INCOMING_REPORT,
            OUTGOING_REGISTER,
            OUTGOING_REPORT,
            HANDLING_REGISTER,
            FILE_LIST,
        )
    }
)


def share(on_time: int, late: int, overdue: int) -> str:
    """Of what was due, how much was done in time, in tenths of a percent; empty for nothing due.

    Rounded down, so that 100 % is said only when all of it was.
    """
    due = on_time + late + overdue
    if not due:
        return ""
    whole, tenth = divmod(on_time * 1000 // due, 10)
    return f"{whole},{tenth} %" if tenth else f"{whole} %"


def described(type_name: str | None, subject: str | None) -> str:
    """Type and abstract in one cell (tên loại và trích yếu)."""
    return ": ".join(part for part in (type_name, subject) if part)


_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


def in_words(number: int) -> str:
    """A number below a million in words, as the closing lines of the forms want it."""
    if not 0 <= number < 1_000_000:
        raise ValueError(f"{number} is not written in words")
    thousands, rest = divmod(number, 1000)
    words = [f"{_hundreds(thousands, leading=True)} nghìn"] if thousands else []
    if rest or not thousands:
        words.append(_hundreds(rest, leading=not thousands))
    return " ".join(words)


def _hundreds(number: int, *, leading: bool) -> str:
    """Below a thousand; hundreds are said even if there are none, unless they lead."""
    hundreds, rest = divmod(number, 100)
    words = [f"{_DIGITS[hundreds]} trăm"] if hundreds or not leading else []
    tens, ones = divmod(rest, 10)
    if tens == 1:
        words.append("mười")
    elif tens:
        words.append(f"{_DIGITS[tens]} mươi")
    elif ones and words:
        words.append("linh")
    if ones == 1 and tens > 1:
        words.append("mốt")
    elif ones == 5 and tens:
        words.append("lăm")
    elif ones or not (words or tens):
        words.append(_DIGITS[ones])
    return " ".join(words)
