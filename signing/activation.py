"""What opens a key: a PIN, a passphrase, a password. Read when it is used, never shown.

A secret lies in a file that only its owner can read. A device or a service counts wrong tries and
locks, so whoever tries a secret remembers the version that was refused and does not try it again;
writing the file anew makes a new version.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from signing.errors import KeyRefused

# What is remembered of a refused secret must not tell it, and guessing a PIN from a digest is easy.
_SALT = secrets.token_bytes(32)
_LONGEST_BYTES = 4096


@dataclass(frozen=True, repr=False)
class Secret:
    """A secret for one use; `version` tells tries apart and nothing about the text."""

    text: str
    version: bytes


class SecretSource(Protocol):
    """Where a secret is had at the moment of its use."""

    def read(self) -> Secret:
        """Raises KeyRefused (`key_unusable`) when it cannot be had safely."""
        ...


class SecretFile:
    """A secret in a file; `key` and `field` say in messages which one."""

    def __init__(self, path: Path, key: str, field: str) -> None:
        self._path, self._key, self._field = path, key, field

    def read(self) -> Secret:
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                content = file.read(_LONGEST_BYTES)
            text = content.decode().removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError):
            status, content, text = None, b"", ""
        if status is None or not text or not is_private(status):
            # Without the cause: its text may show the path, and this sentence ends up in rows.
            raise KeyRefused(
                "key_unusable",
                f"Không đọc được tệp {self._field} của khóa “{self._key}”, hoặc người khác cũng đọc"
                " được tệp này. Hãy báo người quản trị hệ thống.",
            ) from None
        return Secret(text, _version(content, status.st_mtime_ns))


class TypedSecret:
    """A secret that its owner has just typed."""

    def __init__(self, text: str) -> None:
        self._secret = Secret(text, _version(text.encode(), 0))

    def read(self) -> Secret:
        return self._secret


def is_private(status: os.stat_result) -> bool:
    """Whether nobody but its owner has any right to a file; ssh asks the same of its keys."""
    return not stat.S_IMODE(status.st_mode) & 0o077


def _version(content: bytes, modified_ns: int) -> bytes:
    return hmac.digest(_SALT, modified_ns.to_bytes(8, "big") + content, "sha256")
