"""The holder's side of a client-held key: check what is to be signed, then sign it on the token.

Runs in the holder's own computer and needs no office. The server is believed in nothing that can be
computed here: the key signs only what follows from the file that the holder has, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signing.activation import is_private
from signing.cms import signed_attributes
from signing.errors import KeyRefused, KeyUnavailable, SigningError
from signing.keys import SigningKey
from signing.token import open_token

_CHUNK_BYTES = 1 << 20


class KeyStopped(Exception):  # noqa: N818  it states a fact
    """The PIN is refused, or the token is locked or away: nothing more is tried by itself."""


class NotWhatItSays(Exception):  # noqa: N818  it states a fact
    """What the server wants signed is not what it says it is; the key was not used."""


@dataclass(frozen=True)
class Asked:
    """What a server asks to be signed, in its own words."""

    base_sha256: str
    base_bytes: int
    byte_range: tuple[int, int, int, int]
    certificate_sha256: str
    attributes: bytes
    digest: str


@dataclass(frozen=True)
class HeldKey:
    """The key on the token, and whose it is."""

    key: SigningKey
    subject: str

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates above its own that the token keeps too (DER)."""
        return self.key.chain

    @property
    def certificate_sha256(self) -> str:
        return hashlib.sha256(self.key.certificate).hexdigest()

    def sign(self, asked: Asked) -> bytes:
        """The signature value over what was `check`ed. Raises KeyStopped."""
        with _stopping():
            return self.key.sign(asked.attributes, "sha256")


def open_key(
    module: Path, pin: str, *, token: str | None, label: str | None, key_id: bytes | None
) -> HeldKey:
    """Log in to the token and find the key on it. Raises KeyStopped."""
    with _stopping():
        key = open_token(module, pin, token, label=label, key_id=key_id)
        known = {item.certificate: item.subject for item in key.list_certificates()}
    return HeldKey(key, known.get(key.certificate, ""))


def check(asked: Asked, held: HeldKey, prepared: Path) -> None:
    """Compare everything that can be compared, before the key is used.

    `prepared` is the file as the server has prepared it: it must begin with the reviewed bytes,
    and what is signed must be the digest of all of it but the signature's own empty room.

    Raises NotWhatItSays.
    """
    _require(
        asked.certificate_sha256 == held.certificate_sha256,
        "máy chủ chờ một chứng thư số khác với chứng thư số trên thiết bị",
    )
    _require(
        hashlib.sha256(asked.attributes).hexdigest() == asked.digest,
        "giá trị băm không phải của dữ liệu cần ký",
    )
    size_bytes = prepared.stat().st_size
    start, room, rest, rest_bytes = asked.byte_range
    _require(
        start == 0 and asked.base_bytes <= room <= rest and rest + rest_bytes == size_bytes,
        "phần được ký không phủ hết tệp",
    )
    _require(
        _sha256(prepared, (0, asked.base_bytes)).hex() == asked.base_sha256,
        "tệp không bắt đầu bằng văn bản đã xem",
    )
    with prepared.open("rb") as file:
        file.seek(room)
        hole = file.read(rest - room)
    _require(
        hole[:1] + hole[-1:] == b"<>" and not hole[1:-1].strip(b"0"),
        "chỗ dành cho chữ ký không trống",
    )
    digest = _sha256(prepared, (0, room), (rest, rest_bytes))
    _require(
        signed_attributes(digest, held.key.certificate) == asked.attributes,
        "dữ liệu cần ký không phải của tệp này",
    )


def read_secret(path: Path) -> str:
    """The first line of a file that only its owner can read, or of a pipe (`/dev/fd/3`).

    Raises KeyStopped.
    """
    try:
        with path.open("rb") as file:
            private = is_private(os.fstat(file.fileno()))
            line = file.readline().decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise KeyStopped(f"Không đọc được {path}.") from None
    if not private or not line:
        raise KeyStopped(f"{path} trống, hoặc người khác cũng đọc được.")
    return line


@contextmanager
def _stopping() -> Iterator[None]:
    try:
        yield
    except (KeyRefused, KeyUnavailable) as refused:
        raise KeyStopped(str(refused)) from refused
    except SigningError as fault:
        raise NotWhatItSays(str(fault)) from fault


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotWhatItSays(f"Không ký: {otherwise}.")


def _sha256(path: Path, *parts: tuple[int, int]) -> bytes:
    """Over parts of a file, each an offset and a length."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for offset, length in parts:
            file.seek(offset)
            while length and (chunk := file.read(min(length, _CHUNK_BYTES))):
                digest.update(chunk)
                length -= len(chunk)
    return digest.digest()
