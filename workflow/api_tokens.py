"""Tokens for programs: named, of a scope, for 365 days at most, ended at once.

Only their SHA-256 is kept: a token is shown when it is made and never again.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from workflow.chains import SYSTEM_CHAIN
from workflow.office import Reading, Transaction
from workflow.records import AccessToken, Account
from workflow.rules.errors import Invalid, NotAuthenticated, NotFound
from workflow.rules.roles import Scope

LONGEST: Final = timedelta(days=365)
"""A program's token holds no longer than this: whoever forgets it loses it."""


def make_token(
    tx: Transaction,
    *,
    name: str,
    scope: Scope,
    expires_at: datetime,
    asking: uuid.UUID,
) -> tuple[AccessToken, str]:
    """A new token of the actor's own, with its secret.

    `asking` is the token that asks for it. A program's is not outlived by what it makes: what was
    stolen must not be made to last.

    Raises:
        NotAuthenticated: the token that asks holds no more. Invalid: the new one would be over
            already, or hold longer than it may.
    """
    asked_by = _still_holding(tx, asking)
    errors = []
    if not name.strip():
        errors.append(("/name", "Không được để trống."))
    if expires_at <= tx.now:
        errors.append(("/expires_at", "Thời điểm hết hạn phải ở tương lai."))
    elif expires_at > tx.now + LONGEST:
        errors.append(("/expires_at", f"Mã truy cập có hạn không quá {LONGEST.days} ngày."))
    elif asked_by.name is not None and expires_at > asked_by.expires_at:
        errors.append(("/expires_at", "Không được có hạn dài hơn mã truy cập đang dùng."))
    if errors:
        raise Invalid(errors)
    secret = secrets.token_urlsafe(32)
    token = tx.add(
        AccessToken(
            token_sha256=AccessToken.digest_of(secret),
            account_id=tx.actor.account_id,
            name=name.strip(),
            scope=scope.value,
            created_at=tx.now,
            expires_at=expires_at,
        )
    )
    tx.session.flush()
    tx.journal(
        "account.token_made",
        SYSTEM_CHAIN,
        tx.actor.account_id,
        token=token.id,
        scope=scope.value,
        expires_at=expires_at,
    )
    return token, secret


def _still_holding(tx: Transaction, token_id: uuid.UUID) -> AccessToken:
    """The actor's token, which may have ended since it was shown.

    Whoever sets a password or closes the account writes that row first: they wait until the new
    token is there to be ended too, or it is not made.
    """
    tx.session.scalars(
        select(Account.id).where(Account.id == tx.actor.account_id).with_for_update()
    ).one()
    token = tx.session.scalar(
        select(AccessToken).where(
            AccessToken.id == token_id,
            AccessToken.account_id == tx.actor.account_id,
            AccessToken.holds_at(tx.now),
        )
    )
    if token is None:
        raise NotAuthenticated
    return token


def tokens_of(reading: Reading) -> Sequence[AccessToken]:
    """The actor's own programs' tokens that still hold, the oldest first."""
    return reading.session.scalars(
        select(AccessToken)
        .where(
            AccessToken.account_id == reading.actor.account_id,
            AccessToken.name.is_not(None),
            AccessToken.holds_at(reading.now),
        )
        .order_by(AccessToken.id)
    ).all()


def end_token(tx: Transaction, token_id: uuid.UUID) -> None:
    """The actor's own token holds no more, at once. Raises NotFound."""
    token = tx.session.scalar(
        select(AccessToken)
        .where(
            AccessToken.id == token_id,
            AccessToken.account_id == tx.actor.account_id,
            AccessToken.name.is_not(None),
            AccessToken.holds_at(tx.now),
        )
        .with_for_update()
    )
    if token is None:
        raise NotFound("Mã truy cập")
    token.revoked_at = tx.now
    tx.journal("account.token_ended", SYSTEM_CHAIN, tx.actor.account_id, token=token.id)
