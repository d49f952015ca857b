"""Texts, moments and pages as the counter takes and gives them."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from api.validation import ParameterInvalid

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MAX_PAGE = 200
# Line breaks and tabs are text; the other control characters are not, and PostgreSQL takes no NUL.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def normal(value: object) -> object:
    """Text in NFC without surrounding blanks; anything else unchanged, for the type to judge."""
    if not isinstance(value, str):
        return value
    if _CONTROL.search(value):
        raise PydanticCustomError("control_character", "control character")
    return unicodedata.normalize("NFC", value).strip()


#: Lengths are those of ND 30/2020 Annex VI part II, counted after normalisation.
Code = Annotated[str, BeforeValidator(normal), Field(min_length=1, max_length=60)]
Name = Annotated[str, BeforeValidator(normal), Field(min_length=1, max_length=200)]
Title = Annotated[str, BeforeValidator(normal), Field(min_length=1, max_length=100)]
Subject = Annotated[str, BeforeValidator(normal), Field(min_length=1, max_length=500)]
Opinion = Annotated[str, BeforeValidator(normal), Field(min_length=1, max_length=4000)]
Word = Annotated[str, BeforeValidator(normal), Field(min_length=1, max_length=40)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Year = Annotated[int, Field(ge=1945, le=9999)]


def _local(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).isoformat(timespec="seconds")


#: An instant: ISO 8601 with an offset, shown in Vietnam's.
Moment = Annotated[AwareDatetime, PlainSerializer(_local, return_type=str)]


class Payload(BaseModel):
    """What comes in: a field nobody asked for is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shape(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


Item = TypeVar("Item")
Row = TypeVar("Row")
Key = TypeVar("Key")


class Page(Shape, Generic[Item]):
    """Some items, and where the next ones begin."""

    items: list[Item]
    next: str | None = Field(description="Send it back as `cursor`; null on the last page.")


@dataclass(frozen=True)
class Wanted:
    """Which page is wanted: at most `limit` items after a sort key."""

    limit: int
    _after: Any = None

    def after(self, kind: Callable[[Any], Key]) -> Key | None:
        """The sort key to go on after, or None on the first page. Raises ParameterInvalid."""
        try:
            return None if self._after is None else kind(self._after)
        except (AttributeError, TypeError, ValueError, OverflowError):
            raise _no_cursor() from None

    def page(
        self, rows: Sequence[Row], key: Callable[[Row], object], show: Callable[[Row], Item]
    ) -> Page[Item]:
        """The page made of `rows`, of which one more than `limit` was asked for."""
        here = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(
            items=[show(row) for row in here], next=_seal(key(here[-1])) if here and more else None
        )

    def cut(
        self,
        rows: Sequence[Row],
        key: Callable[[Row], Any],
        kind: Callable[[Any], Any],
        show: Callable[[Row], Item],
    ) -> Page[Item]:
        """The page cut out of a short list that is in the order of `key`."""
        after = self.after(kind)
        later = [row for row in rows if after is None or key(row) > after]
        return self.page(later, key, show)


def ordinal(value: object) -> int:
    """A sort key that counts from 1. Raises ValueError."""
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError("no ordinal")
    return value


def _seal(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def _no_cursor() -> ParameterInvalid:
    return ParameterInvalid([("cursor", "Không phải con trỏ trang hợp lệ.")])


def _paging(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many items.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next` of the page before.")
    ] = None,
) -> Wanted:
    if cursor is None:
        return Wanted(limit)
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return Wanted(limit, json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)))
    except (ValueError, RecursionError):
        raise _no_cursor() from None


Paging = Annotated[Wanted, Depends(_paging)]
