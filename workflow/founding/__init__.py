"""The development office: a commune and the province's coordination office, ready to work.

One transaction founds it all: after a crash it is there or not at all.
"""

from __future__ import annotations

import json
import os
import secrets
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from workflow.accounts import PasswordHash, create_account, hash_random
from workflow.administration import one_at_a_time
from workflow.appointments import Post, add_person, grant_role
from workflow.entrusting import Power, add_certificate, entrust_key, give_mandate
from workflow.founding.plan import (
    RESOLVE_DAYS,
    SEATS,
    SERIES,
    SINCE,
    Mandate,
    Person,
    Seat,
    everybody,
)
from workflow.founding.recognition import arrange
from workflow.office import Office, Transaction
from workflow.organisations import Description, create_organisation
from workflow.records import Account, Organisation, new_id
from workflow.structure import add_issuer, add_unit

PASSWORDS = "accounts.json"


@dataclass(frozen=True)
class DevelopmentAccount:
    """A sign-in that `vanthu serve` prints."""

    username: str
    password: str
    full_name: str
    organisation: str
    roles: tuple[str, ...]


def found(office: Office) -> list[DevelopmentAccount]:
    """Found the development office on an empty database; on one founded here, say its accounts.

    A database that holds another office is left alone, and the answer is empty.
    """
    if not office.settings.development:
        raise RuntimeError("a development office is founded in development only")
    if _is_empty(office):
        # The password lies in its file before the rows that need it, so that no crash loses it.
        password = _keep_password(office.settings.data_dir / PASSWORDS)
        founder = _Founder(office, password)
        with office.transaction(None) as tx:
            # Of two processes that begin at once the second waits here, and finds it done.
            one_at_a_time(tx)
            if tx.session.scalars(select(Organisation.id)).first() is None:
                founder.found(tx)
    return accounts(office)


def first_organisation(
    tx: Transaction,
    description: Description,
    *,
    resolve_days: int,
    administrator: str,
    title: str,
    username: str,
    password: PasswordHash,
) -> uuid.UUID:
    """The first organisation of an installation, with the one who administers it from here on.

    Raises:
        Invalid, Duplicate: see `organisations.create_organisation`, `accounts.create_account`.
    """
    organisation = create_organisation(tx, description, resolve_days=resolve_days)
    person = add_person(tx, organisation.id, administrator, Post(title))
    grant_role(tx, organisation.id, person.id, "administrator")
    create_account(tx, person.id, username, password)
    return organisation.id


def accounts(office: Office) -> list[DevelopmentAccount]:
    """The accounts of the development office, with the password kept in the data folder."""
    path = office.settings.data_dir / PASSWORDS
    if not path.exists():
        return []
    password = json.loads(path.read_text(encoding="utf-8"))["password"]
    with office.reading(None) as reading:
        existing = set(reading.session.scalars(select(Account.username)))
    return [
        DevelopmentAccount(
            person.username, password, person.full_name, seat.description.name, person.roles
        )
        for seat, person in everybody()
        if person.username in existing
    ]


def _is_empty(office: Office) -> bool:
    with office.reading(None) as reading:
        return reading.session.scalars(select(Organisation.id)).first() is None


def _keep_password(path: Path) -> str:
    """The password in the file, made when there is none; whoever comes second reads the first's."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    content = {
        "password": secrets.token_urlsafe(12),
        "accounts": [person.username for _, person in everybody()],
    }
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    password: str = json.loads(path.read_text(encoding="utf-8"))["password"]
    return password


class _Founder:
    """Carries out the plan. Keys and password hashes are made before the transaction."""

    def __init__(self, office: Office, password: str) -> None:
        self._seats = {seat.description.code: new_id() for seat in SEATS}
        self._people = {person.username: new_id() for _, person in everybody()}
        self._hashes = {username: hash_random(password) for username in self._people}
        self._agency_keys = {
            seat.description.code: office.sealing.development.agency(
                self._seats[seat.description.code], seat.description.name
            )
            for seat in SEATS
            if seat.issuers
        }
        self._personal_keys = {
            person.username: office.sealing.development.person(
                self._people[person.username], person.full_name, seat.description.name
            )
            for seat, person in everybody()
            if person.signs
        }

    def found(self, tx: Transaction) -> None:
        above: uuid.UUID | None = None
        for seat in SEATS:
            organisation_id = self._seats[seat.description.code]
            create_organisation(
                tx,
                replace(seat.description, parent_id=above),
                resolve_days=RESOLVE_DAYS,
                copying_authority=seat.copying,
                valid_from=SINCE,
                organisation_id=organisation_id,
            )
            above = above or organisation_id  # the province comes first
            units = {
                symbol: add_unit(tx, organisation_id, name=name, symbol=symbol, valid_from=SINCE).id
                for symbol, name in seat.units.items()
            }
            for person in seat.people:
                unit_id = units[person.unit] if person.unit else None
                self._add_person(tx, organisation_id, person, unit_id)
            self._give_mandates(tx, organisation_id, seat)
            self._entrust_key(tx, organisation_id, seat)
        arrange(tx, self._seats, self._people)

    def _add_person(
        self, tx: Transaction, organisation_id: uuid.UUID, person: Person, unit_id: uuid.UUID | None
    ) -> None:
        person_id = self._people[person.username]
        post = Post(person.title, unit_id, person.heads)
        add_person(
            tx, organisation_id, person.full_name, post, valid_from=SINCE, person_id=person_id
        )
        for role in person.roles:
            grant_role(tx, organisation_id, person_id, role, valid_from=SINCE)
        if key := self._personal_keys.get(person.username):
            add_certificate(
                tx,
                person_id=person_id,
                certificate=key.certificate,
                key_url=key.key_url,
                valid_from=SINCE,
            )
        create_account(tx, person_id, person.username, self._hashes[person.username])

    def _give_mandates(self, tx: Transaction, organisation_id: uuid.UUID, seat: Seat) -> None:
        for issuer in seat.issuers:
            row = add_issuer(
                tx,
                organisation_id,
                kind=issuer.kind,
                name=issuer.name,
                symbol=issuer.symbol,
                series=SERIES,
                workflow="outgoing",
                valid_from=SINCE,
            )
            for mandate in seat.mandates:
                if mandate.issuer == issuer.symbol:
                    self._give_mandate(tx, row.id, mandate)

    def _give_mandate(self, tx: Transaction, issuer_id: uuid.UUID, mandate: Mandate) -> None:
        give_mandate(
            tx,
            issuer_id,
            self._people[mandate.person],
            Power(mandate.capacity, mandate.basis, mandate.text),
            delegated_by_id=self._people[mandate.by] if mandate.by else None,
            valid_from=SINCE,
        )

    def _entrust_key(self, tx: Transaction, organisation_id: uuid.UUID, seat: Seat) -> None:
        key = self._agency_keys.get(seat.description.code)
        if key is None:
            return
        add_certificate(
            tx,
            organisation_id=organisation_id,
            certificate=key.certificate,
            key_url=key.key_url,
            valid_from=SINCE,
        )
        for person in seat.people:
            if "clerk" in person.roles:
                entrust_key(tx, organisation_id, self._people[person.username], valid_from=SINCE)
