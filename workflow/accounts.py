"""Local accounts: argon2id passwords, opaque expiring tokens, revocable at once.

A token is a random value that says nothing; its SHA-256 is kept. Whoever reads the table can sign
in as nobody.
"""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import NewType

import argon2
from sqlalchemy import select, update

from workflow.actor import Actor
from workflow.administration import one_at_a_time, require_administrator_of
from workflow.calendars import those_under
from workflow.chains import SYSTEM_CHAIN
from workflow.office import Office, Reading, Transaction
from workflow.records import (
    AccessToken,
    Account,
    Appointment,
    AuditMandate,
    Person,
    RoleGrant,
    Substitution,
)
from workflow.rules.errors import Duplicate, Invalid, NotAuthenticated, NotFound
from workflow.rules.roles import AUDITOR, Scope

MIN_PASSWORD_CHARACTERS = 12
#: Made before a transaction begins, because it is slow on purpose.
PasswordHash = NewType("PasswordHash", str)
_USERNAME = re.compile(r"[a-z0-9._-]{3,64}")
_hasher = argon2.PasswordHasher()
#: Least work: where a password is random there is nothing to try.
_light = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@cache
def _nobody() -> str:
    """Checked when the account does not exist: a stranger must not be able to time which do."""
    return _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> PasswordHash:
    """An argon2id hash (RFC 9106 low-memory profile); slow, so made outside a transaction.

    Raises:
        Invalid: shorter than MIN_PASSWORD_CHARACTERS.
    """
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise Invalid([("/password", f"Mật khẩu phải có ít nhất {MIN_PASSWORD_CHARACTERS} ký tự.")])
    return PasswordHash(_hasher.hash(password))


def hash_random(token: str) -> PasswordHash:
    """An argon2id hash of a password that `secrets` made: 96 bits cannot be guessed, however quick
    a try is, and nobody waits."""
    return PasswordHash(_light.hash(token))


def password_matches(account: Account | None, password: str) -> bool:
    """Whether the password is the account's; slow on purpose, so call it outside a transaction."""
    try:
        _hasher.verify(account.password_hash if account else _nobody(), password)
    except argon2.exceptions.VerifyMismatchError:
        return False
    return account is not None


def sign_in(office: Office, username: str, password: str) -> tuple[str, datetime]:
    """A new token (shown once) and when it expires.

    Raises:
        NotAuthenticated: wrong name or password, or the account is disabled.
    """
    with office.reading(None) as reading:
        account = find_account(reading, username)
        if account is not None:
            reading.session.expunge(account)
    if not password_matches(account, password) or account is None or account.disabled_at:
        raise NotAuthenticated("Tên đăng nhập hoặc mật khẩu không đúng.")
    token = secrets.token_urlsafe(32)
    with office.transaction(None) as tx:
        # The password may have been changed or the account closed while the hash was computed.
        now = tx.session.scalars(
            select(Account).where(Account.id == account.id).with_for_update()
        ).one()
        if now.disabled_at or now.password_hash != account.password_hash:
            raise NotAuthenticated("Tên đăng nhập hoặc mật khẩu không đúng.")
        expires_at = tx.now + timedelta(hours=office.settings.token_hours)
        tx.add(
            AccessToken(
                token_sha256=AccessToken.digest_of(token),
                account_id=account.id,
                created_at=tx.now,
                expires_at=expires_at,
            )
        )
        tx.journal("account.signed_in", SYSTEM_CHAIN, account.id)
    return token, expires_at


def find_account(reading: Reading, username: str) -> Account | None:
    """The account with this name, if any."""
    return reading.session.scalar(select(Account).where(Account.username == username))


@dataclass(frozen=True)
class Credential:
    """Who holds a token, and how much of what they may do it opens."""

    actor: Actor
    scope: Scope
    token_id: uuid.UUID


def authenticate(reading: Reading, token: str) -> Credential:
    """Who holds this token now, with the roles of today.

    Raises:
        NotAuthenticated: unknown, expired or revoked, or the account is disabled.
    """
    row = reading.session.execute(
        select(AccessToken, Account, Person)
        .join(Account, Account.id == AccessToken.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(
            AccessToken.token_sha256 == AccessToken.digest_of(token),
            AccessToken.holds_at(reading.now),
            Account.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        raise NotAuthenticated
    shown, account, person = row
    return Credential(
        actor=actor_of(reading, account, person),
        scope=Scope(shown.scope),
        token_id=shown.id,
    )


def actor_of(reading: Reading, account: Account, person: Person) -> Actor:
    """The person as an actor, with the roles, units and substitutions of today."""
    on = reading.today
    roles: dict[uuid.UUID, set[str]] = {}
    for grant in reading.session.scalars(
        select(RoleGrant).where(RoleGrant.person_id == person.id, RoleGrant.holds_on(on))
    ):
        roles.setdefault(grant.organisation_id, set()).add(grant.role)
    for organisation_id in _audited(reading, person.id):
        roles.setdefault(organisation_id, set()).add(AUDITOR)
    appointments = reading.session.scalars(
        select(Appointment).where(Appointment.person_id == person.id, Appointment.holds_on(on))
    ).all()
    absent = reading.session.scalars(
        select(Substitution.absent_id).where(
            Substitution.substitute_id == person.id, Substitution.holds_on(on)
        )
    )
    return Actor(
        account_id=account.id,
        person_id=person.id,
        full_name=person.full_name,
        roles={organisation: frozenset(held) for organisation, held in roles.items()},
        units=frozenset(a.unit_id for a in appointments if a.unit_id),
        headed_units=frozenset(a.unit_id for a in appointments if a.unit_id and a.heads_unit),
        stands_in_for=frozenset(absent),
    )


def _audited(reading: Reading, person_id: uuid.UUID) -> set[uuid.UUID]:
    """Where a mandate makes the person an auditor today, as organisations stand today."""
    mandates = reading.session.execute(
        select(AuditMandate.organisation_id, AuditMandate.subtree).where(
            AuditMandate.person_id == person_id, AuditMandate.holds_on(reading.today)
        )
    ).all()
    tops = {organisation_id for organisation_id, subtree in mandates if subtree}
    below = those_under(reading.session, tops, reading.today) if tops else frozenset()
    return {organisation_id for organisation_id, _ in mandates} | below


def sign_out(tx: Transaction, token: str) -> None:
    """Revoke one token at once."""
    tx.session.execute(
        update(AccessToken)
        .where(AccessToken.token_sha256 == AccessToken.digest_of(token))
        .values(revoked_at=tx.now)
    )
    tx.journal("account.signed_out", SYSTEM_CHAIN, tx.actor.account_id)


def create_account(
    tx: Transaction, person_id: uuid.UUID, username: str, password: PasswordHash
) -> Account:
    """A sign-in for a person, made by the administrator of all that the person serves.

    Raises:
        NotFound, Forbidden. Duplicate: the name is taken. Invalid: no name to sign in with.
    """
    require_administrator_of(tx, person_id)
    if not _USERNAME.fullmatch(username):
        raise Invalid([("/username", "Tên đăng nhập gồm 3–64 chữ thường, chữ số, . _ hoặc -.")])
    one_at_a_time(tx)
    taken = find_account(tx, username)
    if taken is not None:
        raise Duplicate(f"Tên đăng nhập “{username}” đã có người dùng.", [str(taken.id)])
    account = tx.add(Account(person_id=person_id, username=username, password_hash=password))
    tx.session.flush()
    tx.journal("account.created", SYSTEM_CHAIN, account.id, person=person_id)
    return account


def set_password(tx: Transaction, username: str, password: PasswordHash) -> None:
    """A new password; every token of the account is revoked. Raises NotFound, Forbidden."""
    account = _need(tx, username)
    account.password_hash = password
    _revoke_tokens(tx, account)
    tx.journal("account.password_set", SYSTEM_CHAIN, account.id)


def disable_account(tx: Transaction, username: str) -> None:
    """Close a sign-in; every token of the account is revoked. Raises NotFound, Forbidden."""
    account = _need(tx, username)
    account.disabled_at = tx.now
    _revoke_tokens(tx, account)
    tx.journal("account.disabled", SYSTEM_CHAIN, account.id)


def _need(tx: Transaction, username: str) -> Account:
    account = find_account(tx, username)
    if account is None:
        raise NotFound("Tài khoản")
    require_administrator_of(tx, account.person_id)
    return account


def _revoke_tokens(tx: Transaction, account: Account) -> None:
    tx.session.execute(
        update(AccessToken)
        .where(AccessToken.account_id == account.id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
