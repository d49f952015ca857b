"""The information every system must hold of documents and files: ND 30/2020 Annex VI part II.

Each field has its place, the annex's words for it, a type and a length. A value that a field does
not take is told with the field and its limit; nothing is ever cut to fit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Value = str | int | date | None
Fields = Mapping[str, Value]
Values = Mapping[str, Value | Fields | Sequence[Fields]]
"""By name; what lies in a group is a mapping of its own, or several where it may be repeated."""


class Kind(StrEnum):
    """The types of the annex."""

    TEXT = "String"
    NUMBER = "Number"
    DATE = "Date"
    LONG = "LongText"


def written(on: date) -> str:
    """A date as dd/mm/yyyy, in ten characters also before the year 1000."""
    return f"{on:%d/%m}/{on.year:04}"


@dataclass(frozen=True)
class Field:
    """One field. `automatic`: the System fills it, not a person (part I, III.1.g).

    `length` counts characters, of a number its digits; a long text has none.
    """

    number: str
    name: str
    title: str
    kind: Kind
    length: int | None
    automatic: bool = False

    def text(self, value: str | int | date) -> str:
        """The value as it is written: dates as dd/mm/yyyy, text composed (NFC)."""
        if isinstance(value, date):
            return written(value)
        return unicodedata.normalize("NFC", str(value))

    def unmet(self, value: str | int | date) -> str | None:
        """Why the field does not take this value; None when it does.

        Raises TypeError for a value of another type than the field's.
        """
        wanted = {Kind.NUMBER: int, Kind.DATE: date}.get(self.kind, str)
        if type(value) is not wanted:
            raise TypeError(f"{self.name} takes {self.kind}, not {type(value).__name__}")
        if self.kind is Kind.NUMBER:
            assert self.length is not None
            if isinstance(value, int) and not 0 <= value < 10**self.length:
                return f"là {value}, chỉ được là số không âm có nhiều nhất {self.length} chữ số"
            return None
        long = len(self.text(value))
        if self.length is not None and long > self.length:
            return f"dài {long} ký tự, chỉ được nhiều nhất {self.length} ký tự"
        return None


@dataclass(frozen=True)
class Group:
    """Fields that stand together."""

    number: str
    name: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Form:
    """All fields of one kind of record, in the annex's order."""

    title: str
    clause: str
    parts: tuple[Field | Group, ...]

    def fields(self) -> Iterator[tuple[str, Field]]:
        """Every field by its path, e.g. `FileCode/OrganId`."""
        for part in self.parts:
            if isinstance(part, Field):
                yield part.name, part
            else:
                yield from ((f"{part.name}/{one.name}", one) for one in part.fields)


Element = tuple[str, "str | Sequence[Element]"]
"""A name, and its text or the elements in it."""


@dataclass(frozen=True)
class Unfit:
    """A value that its field does not take, and why."""

    path: str
    field: Field
    value: str
    why: str

    @property
    def sentence(self) -> str:
        """Without its subject, which only the caller knows."""
        return f"“{self.field.title}” ({self.path}) {self.why} theo Phụ lục VI."


@dataclass
class Fitted:
    """A record as elements in the form's order, and what could not become one."""

    elements: list[Element] = field(default_factory=list)
    unfit: list[Unfit] = field(default_factory=list)
    #: Automatic fields that had no value.
    unfilled: list[str] = field(default_factory=list)


def fit(form: Form, values: Values) -> Fitted:
    """Put a record into its form. Fields without a value become no element.

    Raises ValueError for a name that the form does not have, TypeError for a value of another type.
    """
    unknown = values.keys() - {part.name for part in form.parts}
    if unknown:
        raise ValueError(f"{form.title} has no {', '.join(sorted(unknown))}")
    fitted = Fitted()
    for part in form.parts:
        given = values.get(part.name)
        if isinstance(part, Field):
            assert given is None or isinstance(given, (str, int, date))
            _fill(fitted, fitted.elements, part, part.name, given)
            continue
        assert not isinstance(given, (str, int, date))
        for one in (given,) if isinstance(given, Mapping) else given or ({},):
            unknown = one.keys() - {inner.name for inner in part.fields}
            if unknown:
                raise ValueError(f"{part.name} has no {', '.join(sorted(unknown))}")
            inside: list[Element] = []
            for inner in part.fields:
                path = f"{part.name}/{inner.name}"
                _fill(fitted, inside, inner, path, one.get(inner.name))
            if inside:
                fitted.elements.append((part.name, inside))
    return fitted


def _fill(fitted: Fitted, into: list[Element], spec: Field, path: str, value: Value) -> None:
    if value is None or value == "":
        if spec.automatic and path not in fitted.unfilled:
            fitted.unfilled.append(path)
        return
    why = spec.unmet(value)
    if why is None:
        into.append((spec.name, spec.text(value)))
    else:
        fitted.unfit.append(Unfit(path, spec, spec.text(value), why))


def _file_code() -> Group:
    return Group(
        "1",
        "FileCode",
        "Mã hồ sơ",
        (
            _text(
                "1.1", "OrganId", "Mã định danh của cơ quan, tổ chức lập danh mục hồ sơ", 13, True
            ),
            _number("1.2", "FileCatalog", "Năm hình thành hồ sơ", 4, True),
            _text("1.3", "FileNotation", "Số và ký hiệu hồ sơ", 20),
        ),
    )


def _text(number: str, name: str, title: str, length: int, automatic: bool = False) -> Field:
    return Field(number, name, title, Kind.TEXT, length, automatic)


def _number(number: str, name: str, title: str, length: int, automatic: bool = False) -> Field:
    return Field(number, name, title, Kind.NUMBER, length, automatic)


def _date(number: str, name: str, title: str, automatic: bool = False) -> Field:
    return Field(number, name, title, Kind.DATE, 10, automatic)


def _signer(number: str) -> Group:
    return Group(
        number,
        "SignerInfo",
        "Chức vụ, họ tên người ký",
        (
            _text(f"{number}.1", "Position", "Chức vụ của người ký văn bản", 100),
            _text(f"{number}.2", "FullName", "Họ và tên người ký văn bản", 50),
        ),
    )


def _described(*, automatic: bool) -> tuple[Field, ...]:
    """Fields 2 to 11, which both kinds of documents have."""
    return (
        _number("2", "DocOrdinal", "Số thứ tự văn bản trong hồ sơ", 3, True),
        _text("3", "TypeName", "Tên loại văn bản", 100),
        _text("4", "CodeNumber", "Số của văn bản", 11, automatic),
        _text("5", "CodeNotation", "Ký hiệu của văn bản", 30),
        _date("6", "IssuedDate", "Ngày, tháng, năm văn bản", automatic),
        _text("7", "OrganName", "Tên cơ quan, tổ chức ban hành văn bản", 200),
        _text("8", "Subject", "Trích yếu nội dung", 500),
        _text("9", "Language", "Ngôn ngữ", 30),
        _number("10", "PageAmount", "Số trang của văn bản", 3, True),
        _text("11", "Description", "Ghi chú", 500),
    )


OUTGOING = Form(
    "Văn bản đi",
    "Phụ lục VI, Phần II, mục I",
    (
        _file_code(),
        *_described(automatic=True),
        _signer("12"),
        Group(
            "13",
            "To",
            "Nơi nhận",
            (
                _text(
                    "13.1", "OrganId", "Mã định danh của cơ quan, tổ chức nhận văn bản", 13, True
                ),
                _text("13.2", "OrganName", "Tên cơ quan, tổ chức nhận văn bản", 200),
            ),
        ),
        _number("14", "Priority", "Mức độ khẩn, độ mật", 1),
        _number("15", "IssuedAmount", "Số lượng bản phát hành", 3),
        _date("16", "DueDate", "Hạn trả lời văn bản"),
    ),
)
INCOMING = Form(
    "Văn bản đến",
    "Phụ lục VI, Phần II, mục II",
    (
        _file_code(),
        *_described(automatic=False),
        _date("12", "ArrivalDate", "Ngày, tháng, năm đến", True),
        _number("13", "ArrivalNumber", "Số đến", 10, True),
        _signer("14"),
        _number("15", "Priority", "Mức độ khẩn, độ mật", 1),
        _text("16", "ToPlaces", "Đơn vị hoặc người nhận", 1000),
        Field(
            "17",
            "TraceHeaderList",
            "Ý kiến phân phối, chỉ đạo, trạng thái xử lý văn bản",
            Kind.LONG,
            None,
        ),
        _date("18", "DueDate", "Thời hạn giải quyết"),
    ),
)
FILE = Form(
    "Hồ sơ",
    "Phụ lục VI, Phần II, mục III",
    (
        _file_code(),
        _text("2", "Title", "Tiêu đề hồ sơ", 500),
        _text("3", "Maintenance", "Thời hạn bảo quản", 30),
        _text("4", "Rights", "Chế độ sử dụng", 30),
        _text("5", "Creator", "Người lập hồ sơ", 30),
        _text("6", "Language", "Ngôn ngữ", 50),
        _date("7", "StartDate", "Thời gian bắt đầu"),
        _date("8", "EndDate", "Thời gian kết thúc"),
        _number("9", "DocTotal", "Tổng số văn bản trong hồ sơ", 4, True),
        _number("10", "PageTotal", "Tổng số trang của hồ sơ", 4, True),
        _text("11", "Description", "Ghi chú", 500),
    ),
)
