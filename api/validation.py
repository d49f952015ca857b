"""What is wrong with a request, field by field, in a clerk's words.

Pydantic says it in English and repeats the input; here it is Vietnamese, and the input (which may
be a password) is not repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError

from workflow.rules.errors import Invalid, NotFound, PreconditionMissing, Refusal

_SENTENCES: Mapping[str, str] = {
    "missing": "Thiếu trường bắt buộc.",
    "extra_forbidden": "Không có trường này.",
    "string_type": "Phải là chuỗi ký tự.",
    "string_too_short": "Phải có ít nhất {min_length} ký tự.",
    "string_too_long": "Dài quá {max_length} ký tự.",
    "string_pattern_mismatch": "Không đúng dạng quy định.",
    "string_unicode": "Có ký tự không hợp lệ.",
    "control_character": "Có ký tự điều khiển.",
    "too_short": "Phải có ít nhất {min_length} mục.",
    "too_long": "Có quá {max_length} mục.",
    "int_type": "Phải là số nguyên.",
    "int_parsing": "Phải là số nguyên.",
    "int_from_float": "Phải là số nguyên.",
    "float_type": "Phải là số.",
    "bool_type": "Phải là true hoặc false.",
    "bool_parsing": "Phải là true hoặc false.",
    "greater_than": "Phải lớn hơn {gt}.",
    "greater_than_equal": "Phải từ {ge} trở lên.",
    "less_than_equal": "Không được quá {le}.",
    "finite_number": "Phải là số hữu hạn.",
    "literal_error": "Phải là một trong: {expected}.",
    "enum": "Phải là một trong: {expected}.",
    "union_tag_invalid": "Phải là một trong: {expected_tags}.",
    "union_tag_not_found": "Thiếu trường {discriminator}.",
    "uuid_parsing": "Không phải mã định danh hợp lệ.",
    "uuid_type": "Không phải mã định danh hợp lệ.",
    "date_type": "Phải là ngày dạng YYYY-MM-DD.",
    "date_parsing": "Phải là ngày dạng YYYY-MM-DD.",
    "date_from_datetime_parsing": "Phải là ngày dạng YYYY-MM-DD.",
    "date_from_datetime_inexact": "Phải là ngày dạng YYYY-MM-DD.",
    "datetime_type": "Phải là thời điểm ISO 8601.",
    "datetime_parsing": "Phải là thời điểm ISO 8601.",
    "datetime_from_date_parsing": "Phải là thời điểm ISO 8601.",
    "timezone_aware": "Thời điểm phải kèm múi giờ, ví dụ +07:00.",
    "json_invalid": "Không phải JSON hợp lệ.",
    "model_attributes_type": "Phải là một đối tượng JSON.",
    "model_type": "Phải là một đối tượng JSON.",
    "dict_type": "Phải là một đối tượng JSON.",
    "list_type": "Phải là một danh sách.",
}


class HeaderInvalid(Refusal):
    """A request header that is required is missing, or says what cannot be meant."""

    def __init__(self, header: str, why: str) -> None:
        self.header = header
        super().__init__(f"{header}: {why}")

    def details(self) -> dict[str, object]:
        return {"header": self.header}


class ParameterInvalid(Refusal):
    """A query parameter that says what cannot be meant."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__(
            "Tham số chưa đúng. " + " ".join(f"{name}: {text}" for name, text in self.errors)
        )

    def details(self) -> dict[str, object]:
        return {"errors": [{"parameter": name, "detail": text} for name, text in self.errors]}


def explain(error: RequestValidationError) -> Refusal:
    """The refusal that names what is wrong: the address, else a header, the query, the body.

    An identifier in the path that cannot be one names nothing that exists: NotFound.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for item in error.errors():
        found.setdefault(item["loc"][0], []).append(item)
    if "path" in found:
        return NotFound()
    for item in found.get("header", ()):
        if item["loc"][1] == "If-Match" and item["type"] == "missing":
            return PreconditionMissing()
        return HeaderInvalid(item["loc"][1], _sentence(item))
    if "query" in found:
        return ParameterInvalid([(item["loc"][1], _sentence(item)) for item in found["query"]])
    return Invalid(
        [(_pointer(item["loc"][1:], error.body), _sentence(item)) for item in found["body"]]
    )


def _sentence(item: Mapping[str, Any]) -> str:
    text = _SENTENCES.get(item["type"], "Giá trị không hợp lệ.")
    return text.format(**item.get("ctx", {}))


def _pointer(place: Sequence[int | str], body: Any) -> str:
    """The RFC 6901 pointer. Pydantic also names the branch of a union: the body has no such key."""
    parts: list[str] = []
    here = body
    for depth, step in enumerate(place):
        inside = (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if inside:
            here = here[step]
        elif depth < len(place) - 1 or not isinstance(here, dict | list):
            continue
        parts.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)
