"""The settings and the office of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from api.commands import Misused
from workflow.migrating import is_current
from workflow.office import Office
from workflow.settings import Settings


def settings() -> Settings:
    """The settings of the environment. Raises Misused."""
    try:
        return Settings()
    except ValidationError as wrong:
        # The values are not repeated: a URL may hold a password.
        found = [f"{'.'.join(map(str, item['loc']))} {item['msg']}" for item in wrong.errors()]
        raise Misused("VANTHU_*: " + "; ".join(found)) from None


@contextmanager
def opened() -> Iterator[Office]:
    """The office of the settings, given back at the end.

    Raises:
        Misused: the database is not at this release's tables. Unavailable.
    """
    office = Office.open(settings())
    try:
        if not is_current(office.database.engine):
            raise Misused("Cơ sở dữ liệu chưa ở phiên bản này; hãy chạy vanthu migrate.")
        yield office
    finally:
        office.close()
