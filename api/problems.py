"""Refusals as RFC 9457 problem documents: one closed table, one page for each row.

`type` is `/problems/<slug>`, which the office itself answers, so that it works offline. A refusal
says why in Vietnamese; a fault says nothing but the id under which it was logged.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.validation import HeaderInvalid, ParameterInvalid, explain
from workflow.refusals import KeyAway, KeyRefusal, SigningRefusal, TrustAway
from workflow.rules import errors
from workflow.rules.errors import Refusal

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("vanthu.api")


class MediaTypeRefused(Refusal):
    """The body is announced as something this address does not take."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(f"Nội dung gửi lên phải có Content-Type là {wanted}.")

    def details(self) -> dict[str, object]:
        return {"accepted": self.wanted}


class MethodNotAllowed(Refusal):
    """The address exists, the method does not."""

    def __init__(self) -> None:
        super().__init__("Địa chỉ này không nhận phương thức đã dùng.")


@dataclass(frozen=True)
class Row:
    """How one kind of refusal is told."""

    status: int
    slug: str
    title: str

    @property
    def type(self) -> str:
        return f"/problems/{self.slug}"


TABLE: Mapping[type[Refusal], Row] = {
    HeaderInvalid: Row(400, "invalid-header", "Tiêu đề yêu cầu không hợp lệ"),
    errors.NotAuthenticated: Row(401, "not-authenticated", "Chưa đăng nhập"),
    errors.Forbidden: Row(403, "forbidden", "Không có quyền thực hiện"),
    errors.ScopeTooNarrow: Row(403, "scope-too-narrow", "Mã truy cập không đủ phạm vi"),
    errors.SecretRefused: Row(403, "secret-refused", "Không nhận văn bản mật"),
    errors.NotFound: Row(404, "not-found", "Không tìm thấy"),
    MethodNotAllowed: Row(405, "method-not-allowed", "Phương thức không được nhận"),
    errors.TransitionNotAllowed: Row(409, "transition-not-allowed", "Chưa thể thực hiện bước này"),
    errors.GuardsUnmet: Row(409, "guards-unmet", "Chưa đủ điều kiện"),
    errors.Duplicate: Row(409, "duplicate", "Đã tồn tại"),
    errors.DateBeforeSeries: Row(409, "date-before-series", "Ngày không theo thứ tự của sổ"),
    errors.RegisterYearMismatch: Row(409, "register-year-mismatch", "Không đúng sổ của năm"),
    errors.SeriesUndefined: Row(409, "series-undefined", "Chưa quy định hệ thống số"),
    errors.UnknownYear: Row(409, "unknown-year", "Chưa có lịch nghỉ của năm"),
    SigningRefusal: Row(409, "signing-refused", "Không ký được"),
    KeyRefusal: Row(409, "signing-refused", "Không ký được"),
    errors.StaleVersion: Row(412, "stale-version", "Nội dung đã thay đổi"),
    errors.TooLarge: Row(413, "too-large", "Tệp quá lớn"),
    MediaTypeRefused: Row(415, "media-type-refused", "Kiểu nội dung không được nhận"),
    errors.Invalid: Row(422, "invalid", "Dữ liệu chưa đúng"),
    ParameterInvalid: Row(422, "invalid", "Dữ liệu chưa đúng"),
    errors.InvalidDefinition: Row(422, "invalid-definition", "Định nghĩa quy trình chưa đúng"),
    errors.KeyReused: Row(422, "key-reused", "Idempotency-Key đã dùng"),
    errors.UnreadableDocument: Row(422, "unreadable-document", "Không đọc được tệp PDF"),
    errors.PreconditionMissing: Row(428, "precondition-missing", "Thiếu If-Match"),
    errors.Unavailable: Row(503, "unavailable", "Tạm thời không phục vụ được"),
    KeyAway: Row(503, "unavailable", "Tạm thời không phục vụ được"),
    TrustAway: Row(503, "unavailable", "Tạm thời không phục vụ được"),
}
#: What is no refusal is a fault of ours: the reader gets its id, the log gets the rest.
FAULT = Row(500, "internal-error", "Lỗi của hệ thống")
SLUGS = frozenset({row.slug for row in TABLE.values()} | {FAULT.slug})


class Problem(BaseModel):
    """RFC 9457. Some types carry further members; their pages name them."""

    model_config = ConfigDict(extra="allow")
    type: str = Field(examples=["/problems/not-found"])
    title: str
    status: int
    detail: str = Field(description="Câu trả lời cho người dùng.")
    instance: str = Field(description="The id of this answer, also in X-Request-Id.")


def page(slug: str) -> str:
    """The page that explains a problem type (Markdown).

    Raises:
        NotFound: there is no such type.
    """
    if slug not in SLUGS:
        raise errors.NotFound("Trang giải thích")
    return (files("api") / "problem_pages" / f"{slug}.md").read_text(encoding="utf-8")


def answer(row: Row, detail: str, request_id: str, **members: object) -> JSONResponse:
    """A problem document."""
    return JSONResponse(
        {
            "type": row.type,
            "title": row.title,
            "status": row.status,
            "detail": detail,
            "instance": f"urn:uuid:{request_id}",
            **members,
        },
        status_code=row.status,
        media_type=MEDIA_TYPE,
    )


async def refused(request: Request, refusal: Exception) -> Response:
    """The problem document of a refusal."""
    assert isinstance(refusal, Refusal)
    response = answer(
        TABLE[type(refusal)],
        str(refusal),
        request.state.request_id,
        **refusal.details(),
    )
    if isinstance(refusal, errors.NotAuthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, errors.Unavailable):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


async def invalid(request: Request, error: Exception) -> Response:
    """What FastAPI found wrong with a request, in the same words as the use cases'."""
    assert isinstance(error, RequestValidationError)
    return await refused(request, explain(error))


async def unrouted(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: no such address, no such method, no such body."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Refusal):  # raised while the framework was reading the body
        return await refused(request, error.__cause__)
    if error.status_code == 404:
        return await refused(request, errors.NotFound("Địa chỉ này"))
    if error.status_code == 405:
        response = await refused(request, MethodNotAllowed())
        response.headers.update(error.headers or {})
        return response
    return await refused(request, errors.Invalid([("", "Không đọc được nội dung JSON.")]))


def fault(request_id: str) -> Response:
    """The problem document of a fault: it says nothing of what went wrong."""
    return answer(
        FAULT, "Hệ thống gặp lỗi. Hãy báo quản trị kèm mã của câu trả lời này.", request_id
    )


def documented(*refusals: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route for OpenAPI: the problems it may answer."""
    by_status: dict[int | str, list[Row]] = {}
    for refusal in refusals:
        row = TABLE[refusal]
        by_status.setdefault(row.status, []).append(row)
    return {
        status: {
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "description": "; ".join(f"[{row.title}]({row.type})" for row in rows),
        }
        for status, rows in by_status.items()
    }
