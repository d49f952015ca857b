"""What binds a prepared signature to its intent, person, certificate, bytes, field and time.

A row and the token that its holder was given must both match what is computed here anew, with a key
that is not in the database: whoever edits the row cannot make it pass, and a token is good for one
preparation only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import os
import secrets
import tempfile
from contextlib import suppress
from datetime import UTC

from workflow.office import Reading
from workflow.records import PendingSignature, SigningCertificate, SigningIntent
from workflow.settings import Settings

log = logging.getLogger("vanthu.binding")

_PURPOSE = "vanthu pending signature 1"


def bound(reading: Reading, pending: PendingSignature) -> bytes:
    """The HMAC-SHA256 that a pending signature's row must carry."""
    intent = reading.get(SigningIntent, pending.intent_id)
    certificate = reading.get(SigningCertificate, intent.certificate_id)
    said = {
        "pending": str(pending.id),
        "intent": str(intent.id),
        "person": str(pending.person_id),
        "certificate": certificate.certificate_sha256,
        "base": intent.base_sha256,
        "field": intent.field,
        "prepared": _sha256(pending.prepared),
        "given": _sha256(pending.given),
        "expires_at": pending.expires_at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    # A key of its own, so that no other use of the office's secret can be turned into this one.
    key = hmac.digest(_secret(reading.office.settings), _PURPOSE.encode(), "sha256")
    content = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, content.encode(), "sha256")


def holds(reading: Reading, pending: PendingSignature) -> bool:
    """Whether the row is as the office wrote it."""
    whole = hmac.compare_digest(bound(reading, pending), pending.mac)
    if not whole:
        log.warning("pending signature %s was altered in the database", pending.id)
    return whole


def token_of(pending: PendingSignature) -> str:
    """What the holder brings back with the signature."""
    return base64.urlsafe_b64encode(pending.mac).decode().rstrip("=")


def names(token: str, pending: PendingSignature) -> bool:
    """Whether a token is that of this very preparation."""
    try:
        said = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(said, pending.mac)


def _secret(settings: Settings) -> bytes:
    """The operator's; in development one made on first use, for the owner of the folder only."""
    if settings.secret.get_secret_value():
        return settings.secret.get_secret_value().encode()
    path = settings.data_dir / "secret"
    if not path.exists():
        handle, draft = tempfile.mkstemp(prefix=".secret-", dir=settings.data_dir)  # mode 600
        with open(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(handle)
        # Linked whole, and never over the one that another process was first to make.
        with suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_bytes()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
