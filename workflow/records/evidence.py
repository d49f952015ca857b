"""What makes a row evidence: a salt, a digest in the journal, and (for most) triggers.

The journal never holds descriptive text, because recall and archive law require destroying
content (ND 30/2020 Annex VI III.8). It holds salted digests of rows instead: when a row's text and
salt are destroyed, the digest says nothing about what was there.
"""

from __future__ import annotations

import secrets
import uuid
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column
from uuid_utils.compat import uuid7

from workflow.rules import journal


def new_id() -> uuid.UUID:
    """A UUIDv7: ordered by time, so that paging by id is paging by age."""
    return uuid7()


def _new_salt() -> bytes:
    return secrets.token_bytes(16)


class Identified:
    """A row with a UUIDv7 of its own."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)


class Evidence(Identified):
    """A row whose every version is digested in the journal; each write must be journalled."""

    salt: Mapped[bytes] = mapped_column(LargeBinary(16), default=_new_salt)

    if TYPE_CHECKING:
        __tablename__: str

    def row_digest(self) -> str:
        """The salted digest of this version of the row: every column but the salt."""
        columns = {name: getattr(self, name) for name in digested(type(self))}
        return journal.row_digest(self.salt, self.__tablename__, columns)

    def destroy(self, *columns: str) -> None:
        """Forget these texts and the salt they were digested with.

        Whoever holds the journal can then no longer try out texts against the older digests.
        """
        for column in columns:
            setattr(self, column, None)
        self.salt = _new_salt()


def digested(kind: type[Evidence]) -> tuple[str, ...]:
    """The columns that the digest of such a row is taken over: all but its salt."""
    return _columns(inspect(kind))


@cache
def _columns(mapper: Mapper[Any]) -> tuple[str, ...]:
    return tuple(one.key for one in mapper.column_attrs if one.key != "salt")


class AppendOnly(Evidence):
    """Evidence that is written once: triggers refuse UPDATE and DELETE on both databases."""
