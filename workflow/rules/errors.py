"""Refusals: an expected no, said in a sentence a clerk understands.

Every refusal is a subclass of `Refusal`; `str()` is Vietnamese and ready to show. The law knows no
HTTP: `api.problems` maps each class to a status, and a test fails if one lacks a row there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


class Refusal(Exception):  # noqa: N818  a refusal states a fact; it is not a fault
    """An expected no. Anything else that is raised is a fault."""

    def details(self) -> dict[str, object]:
        """Facts that a program may read beside the sentence; never secrets."""
        return {}


class NotFound(Refusal):
    """There is no such thing, or the actor may not know of it."""

    def __init__(self, what: str = "Nội dung được yêu cầu") -> None:
        super().__init__(f"{what} không tồn tại hoặc không thuộc phạm vi được xem.")


class NotAuthenticated(Refusal):
    """No valid token came with the request."""

    def __init__(self, why: str = "Phiên đăng nhập không hợp lệ hoặc đã hết hạn.") -> None:
        super().__init__(f"{why} Hãy đăng nhập lại.")


class Forbidden(Refusal):
    """The actor may see this but holds none of the roles that may do it."""

    def __init__(self, needed_roles: Sequence[str]) -> None:
        self.needed_roles = tuple(needed_roles)
        super().__init__("Tài khoản không có vai trò được phép thực hiện việc này.")

    def details(self) -> dict[str, object]:
        return {"needed_roles": list(self.needed_roles)}


class ScopeTooNarrow(Refusal):
    """The token opens less than this; its holder may do it with another one."""

    def __init__(self, scope: str, needed: str) -> None:
        self.scope, self.needed = scope, needed
        super().__init__(
            f"Mã truy cập này chỉ có phạm vi “{scope}”; việc này cần mã có phạm vi “{needed}”."
        )

    def details(self) -> dict[str, object]:
        return {"scope": self.scope, "needed_scope": self.needed}


class TransitionNotAllowed(Refusal):
    """The workflow has no such step from the present state.

    Programs get the names of state and trigger, people their labels.
    """

    def __init__(
        self,
        state: str,
        trigger: str,
        allowed: Sequence[str],
        *,
        state_label: str = "",
        trigger_label: str = "",
    ) -> None:
        self.state, self.trigger, self.allowed = state, trigger, tuple(allowed)
        super().__init__(
            f"Không thể thực hiện bước “{trigger_label or trigger}”"
            f" ở trạng thái “{state_label or state}”."
        )

    def details(self) -> dict[str, object]:
        return {"state": self.state, "trigger": self.trigger, "allowed": list(self.allowed)}


class GuardsUnmet(Refusal):
    """The step exists, but its conditions do not hold; every one of them is named."""

    def __init__(self, unmet: Sequence[str]) -> None:
        self.unmet = tuple(unmet)
        super().__init__(" ".join(self.unmet))

    def details(self) -> dict[str, object]:
        return {"unmet": list(self.unmet)}


class Duplicate(Refusal):
    """The same thing exists already."""

    def __init__(self, sentence: str, existing: Sequence[str] = ()) -> None:
        self.existing = tuple(existing)
        super().__init__(sentence)

    def details(self) -> dict[str, object]:
        return {"existing": list(self.existing)}


class StaleVersion(Refusal):
    """Somebody changed it first: read it again, then decide."""

    def __init__(self, expected: int, current: int) -> None:
        self.expected, self.current = expected, current
        super().__init__("Nội dung đã được người khác thay đổi. Hãy tải lại rồi thực hiện lại.")

    def details(self) -> dict[str, object]:
        return {"expected": self.expected, "current": self.current}


class PreconditionMissing(Refusal):
    """A change must name the version it starts from (If-Match)."""

    def __init__(self) -> None:
        super().__init__("Thiếu If-Match: hãy gửi kèm ETag của phiên bản đang xem.")


class KeyReused(Refusal):
    """The same Idempotency-Key came with another request."""

    def __init__(self) -> None:
        super().__init__("Idempotency-Key này đã dùng cho một yêu cầu khác. Hãy tạo khóa mới.")


class UnreadableDocument(Refusal):
    """The bytes cannot be read as a PDF that can be processed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Không đọc được tệp PDF: {why}")


class TooLarge(Refusal):
    """More bytes than the limit."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"Tệp vượt quá giới hạn {limit_bytes // 1_000_000} MB.")

    def details(self) -> dict[str, object]:
        return {"limit_bytes": self.limit_bytes}


class SecretRefused(Refusal):
    """State secrets never enter an Internet-connected system (Law 117/2025/QH15; R1.4.1)."""

    def __init__(self) -> None:
        super().__init__(
            "Văn bản mật không được đưa vào hệ thống này. Hãy xử lý theo quy định về bảo vệ"
            " bí mật nhà nước."
        )


class Invalid(Refusal):
    """A payload whose fields are wrong; each with a JSON pointer and a sentence."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("Dữ liệu gửi lên chưa đúng. " + " ".join(text for _, text in self.errors))

    def details(self) -> dict[str, object]:
        return {"errors": [{"pointer": at, "detail": text} for at, text in self.errors]}


class InvalidDefinition(Refusal):
    """A law file (workflow, document types, deadlines …) is wrong at a named place."""

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        super().__init__(f"{place}: {why}")

    def details(self) -> dict[str, object]:
        return {"place": self.place}


class UnknownYear(Refusal):
    """The calendar does not know this year's holidays, and guessing them would be worse."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(f"Chưa có lịch nghỉ lễ của năm {year}. Hãy khai báo lịch trước.")

    def details(self) -> dict[str, object]:
        return {"year": self.year}


class Unavailable(Refusal):
    """A part the work needs does not answer now; nothing was changed, try again."""

    def __init__(self, what: str, retry_after_seconds: int = 5) -> None:
        self.what, self.retry_after_seconds = what, retry_after_seconds
        super().__init__(f"{what} tạm thời không phục vụ được. Chưa có gì thay đổi, hãy thử lại.")

    def details(self) -> dict[str, object]:
        return {"what": self.what}


class DateBeforeSeries(Refusal):
    """A date earlier than the last one of its series (ND 30/2020 Art. 15.1: in order of time)."""

    def __init__(self, last_on: date, on: date) -> None:
        self.last_on, self.on = last_on, on
        super().__init__(
            f"Ngày văn bản {on:%d/%m/%Y} sớm hơn ngày {last_on:%d/%m/%Y} của số đã cấp gần nhất."
            " Số và ngày phải theo thứ tự thời gian."
        )

    def details(self) -> dict[str, object]:
        return {"last_on": self.last_on.isoformat(), "on": self.on.isoformat()}


class RegisterYearMismatch(Refusal):
    """A number asked from the register of another year than the document's date."""

    def __init__(self, year: int, on: date) -> None:
        self.year, self.on = year, on
        super().__init__(
            f"Ngày văn bản {on:%d/%m/%Y} không thuộc sổ của năm {year}."
            " Mỗi năm là một sổ riêng, bắt đầu từ số 01."
        )

    def details(self) -> dict[str, object]:
        return {"year": self.year, "on": self.on.isoformat()}


class SeriesUndefined(Refusal):
    """The organisation has not said which series numbers this document type (Art. 15.1.c)."""

    def __init__(self, doc_type: str) -> None:
        self.doc_type = doc_type
        super().__init__(
            f"Chưa quy định hệ thống số cho loại văn bản “{doc_type}”."
            " Hãy khai báo trong cấu hình của cơ quan."
        )

    def details(self) -> dict[str, object]:
        return {"doc_type": self.doc_type}
