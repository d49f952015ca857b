"""A founded office on each database, for benches that ask it things."""

from __future__ import annotations

import gc
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select

from tests import servers
from workflow.accounts import actor_of
from workflow.actor import Actor
from workflow.founding import found
from workflow.migrating import migrate
from workflow.office import Office
from workflow.records import Account, OrganisationName, Person
from workflow.settings import Settings

DATABASES = ("sqlite", "postgresql")


@contextmanager
def founded(database: str) -> Iterator[Office]:
    """The development office on one of DATABASES, open; gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = ""
        if database == "postgresql":
            server = stack.enter_context(servers.postgres())
            url = stack.enter_context(servers.postgres_database(server))
        settings = Settings(data_dir=folder, database_url=SecretStr(url))
        migrate(settings)
        office = Office.open(settings)
        stack.callback(office.close)
        found(office)
        gc.collect()
        gc.freeze()  # as `vanthu serve` does
        yield office


def acting(office: Office, username: str) -> Actor:
    """The person with this username, as an actor."""
    with office.reading(None) as reading:
        account, person = reading.session.execute(
            select(Account, Person)
            .join(Person, Person.id == Account.person_id)
            .where(Account.username == username)
        ).one()
        return actor_of(reading, account, person)


def seat_of(office: Office, code: str) -> uuid.UUID:
    """The organisation with this code today."""
    with office.reading(None) as reading:
        named = select(OrganisationName.organisation_id).where(
            OrganisationName.code == code, OrganisationName.holds_on(reading.today)
        )
        return reading.session.scalars(named).one()
