"""What the seal and the sandbox raise, as the office's refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from signing.errors import (
    KeyRefused,
    KeyUnavailable,
    SandboxBusy,
    SigningError,
    TrustUnavailable,
    UnknownKey,
)
from workflow.rules.errors import Refusal, Unavailable, UnreadableDocument

#: How long a job rests before it asks a service or a key again.
AWAY_SECONDS = 30


class SigningRefusal(Refusal):
    """The key, the certificate or the file does not allow this signature; nothing was signed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Không ký được: {why}")


class KeyRefusal(SigningRefusal):
    """The key itself says no, and would say so again: a wrong PIN, a locked token, another key.

    Whoever has more to sign with it stops: a token locks after a few wrong tries. `code` is stable.
    """

    def __init__(self, code: str, why: str) -> None:
        self.code = code
        super().__init__(why)


class KeyAway(Unavailable):
    """The token is not in its slot, or the service that keeps the key does not answer."""


class TrustAway(Unavailable):
    """The time-stamping or revocation service does not answer: a lower level may do meanwhile."""


@contextmanager
def waiting() -> Iterator[None]:
    """A sandbox with too much to do, as a part of the office that does not answer now."""
    try:
        yield
    except SandboxBusy as busy:
        raise Unavailable("Bộ phận kiểm tra tệp", AWAY_SECONDS) from busy


@contextmanager
def unreadable() -> Iterator[None]:
    """Whatever keeps a file from being opened or made ready, as one that cannot be read."""
    try:
        with waiting():
            yield
    except SigningError as refused:
        raise UnreadableDocument(str(refused)) from refused


@contextmanager
def refusing() -> Iterator[None]:
    """Whatever keeps a file from being signed, and which side it is on: key, trust or file."""
    try:
        with waiting():
            yield
    except TrustUnavailable as fault:
        raise TrustAway(fault.what, AWAY_SECONDS) from fault
    except KeyUnavailable as fault:
        raise KeyAway(fault.what, AWAY_SECONDS) from fault
    except KeyRefused as refused:
        raise KeyRefusal(refused.code, str(refused)) from refused
    except UnknownKey as refused:
        raise KeyRefusal("key_unknown", str(refused)) from refused
    except SigningError as refused:
        raise SigningRefusal(str(refused)) from refused
