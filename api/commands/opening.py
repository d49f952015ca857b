"""The settings and the office of a command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from api.commands import Misused
from workflow.migrating import is_current
from workflow.office import Office
from workflow.settings import Settings


def settings() -> Settings:
    """The settings of the environment. Raises Misused, also for a name that is no setting."""
    known = {f"VANTHU_{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith("VANTHU_") and not name.startswith("VANTHU_TEST_") and name not in known
    )
    if unknown:
        # A misspelt setting would otherwise leave its default in force without a word.
        raise Misused(f"Không có thiết lập này: {', '.join(unknown)}.")
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
