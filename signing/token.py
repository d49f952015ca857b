"""The token in a clerk's own computer: the same keys, with a PIN that the clerk types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.x509 import load_der_x509_certificate

from signing.activation import TypedSecret
from signing.cryptoki import Session, Token
from signing.pkcs11 import Pkcs11Key, open_key


@dataclass(frozen=True)
class TokenCertificate:
    """A certificate that can be signed with, and what to tell it by."""

    certificate: bytes
    label: str
    key_id: bytes
    subject: str
    expires_at: datetime


@dataclass(frozen=True)
class TokenKey(Pkcs11Key):
    """A key on the clerk's token."""

    def list_certificates(self) -> list[TokenCertificate]:
        """Every certificate on the token whose key is there too."""
        return list_certificates(self.token)


def clerks_token(module: Path, pin: str, label: str | None = None) -> Token:
    """A token plugged in here; without a label there must be only one."""
    return Token(module, label, TypedSecret(pin), label or "USB token", unattended=False)


def open_token(
    module: Path,
    pin: str,
    token: str | None = None,
    *,
    label: str | None = None,
    key_id: bytes | None = None,
) -> TokenKey:
    """A key on the token with this label, or on the only one; neither `label` nor `key_id` is
    needed when the token has one key.

    Raises KeyRefused (a wrong PIN is not tried twice) and KeyUnavailable.
    """
    found = open_key(clerks_token(module, pin, token), label=label, key_id=key_id)
    return TokenKey(found.name, found.certificate, found.chain, found.token, label, key_id)


def list_certificates(token: Token) -> list[TokenCertificate]:
    """Every certificate on a token whose key is there too.

    Raises KeyRefused and KeyUnavailable.
    """

    def work(session: Session) -> list[TokenCertificate]:
        return [
            TokenCertificate(
                item.certificate,
                item.label,
                item.key_id,
                loaded.subject.rfc4514_string(),
                loaded.not_valid_after_utc,
            )
            for item in session.certificates
            if item.key_id in session.key_ids
            for loaded in [load_der_x509_certificate(item.certificate)]
        ]

    return token.use(work)
