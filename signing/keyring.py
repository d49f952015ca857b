"""The keys this office can sign with, by name.

Rows and jobs carry an address such as `key:seal`. What stands behind the name (a file, a token, a
service) and where its secrets lie is in one TOML file of the operator's; see docs/signing.md.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing import csc, pkcs11, pkcs12
from signing.activation import SecretFile, is_private
from signing.cryptoki import Token
from signing.devca import DevelopmentCA
from signing.errors import UnknownKey
from signing.keys import SigningKey

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_LONGEST_TIMEOUT_SECONDS = 60.0

Opener = Callable[[], SigningKey]


class Keyring:
    """Opens keys by their address; each stays open for the life of the process.

    Threads share it, and children of a fork may go on with it.
    """

    def __init__(self, openers: Mapping[str, Opener], development: DevelopmentCA | None) -> None:
        self._openers = openers
        self._development = development
        self._open: dict[str, SigningKey] = {}

    @classmethod
    def load(cls, path: Path | None, development: DevelopmentCA | None) -> Keyring:
        """The keys that a TOML file names, and those of the development CA if there is one.

        Nothing is opened yet. Raises ValueError naming key and field: an unknown kind or field,
        a file that is missing, or a secret that others can read.
        """
        return cls({} if path is None else _read(path), development)

    def accepts(self, url: str) -> bool:
        """Whether a certificate may be registered with this address of its key.

        `client:` is a key that its holder keeps; development's own keys are good there only.
        """
        scheme, _, name = url.partition(":")
        match scheme:
            case "key":
                # Not whether it is configured: that is known where the jobs run.
                return _NAME.fullmatch(name) is not None
            case "client":
                return not name
            case "devca":
                kind, _, identity = name.partition("/")
                known = kind in ("person", "agency") and bool(identity)
                return known and self._development is not None
        return False

    def open(self, url: str) -> SigningKey:
        """The key behind `key:<name>`, `devca:person/<id>` or `devca:agency/<id>`.

        A `client:` key cannot be opened here.

        Raises:
            UnknownKey: no such key is configured.
            KeyRefused: its PIN, passphrase or activation is refused, or it is of no use.
            KeyUnavailable: its token or service is away.
        """
        scheme, _, name = url.partition(":")
        if scheme == "devca" and self._development is not None:
            key: SigningKey | None = self._development.key(unquote(name))
            if key is not None:
                return key
        if scheme == "key" and name in self._openers:
            if name not in self._open:
                # Two threads may both open it; one of the two keys is kept.
                self._open.setdefault(name, self._openers[name]())
            return self._open[name]
        raise UnknownKey(url)


def _read(path: Path) -> dict[str, Opener]:
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o022:
                # It names libraries that are loaded into this process.
                raise ValueError(f"{path}: others may write it (chmod go-w)")
            content = tomllib.load(file)
    except OSError as fault:
        raise ValueError(f"{path}: {fault.strerror}") from fault
    except tomllib.TOMLDecodeError as fault:
        raise ValueError(f"{path}: {fault}") from fault
    tables = content.pop("key", {})
    if content or not isinstance(tables, dict):
        raise ValueError(f"{path}: only tables [key.<name>] belong here")
    return {name: _opener(_Entry(name, table, path)) for name, table in tables.items()}


def _opener(entry: _Entry) -> Opener:
    kind = entry.text("kind")
    if kind not in _KINDS:
        raise entry.fault("kind", f"must be one of {', '.join(_KINDS)}")
    opener = _KINDS[kind](entry)
    entry.end()
    return opener


def _pkcs12(entry: _Entry) -> Opener:
    file, passphrase = entry.private_file("file"), entry.secret("passphrase_file")
    return lambda: pkcs12.open_file(file, passphrase, entry.name)


def _pkcs11(entry: _Entry) -> Opener:
    token = Token(entry.file("module"), entry.text("token"), entry.secret("pin_file"), entry.name)
    label, key_id = entry.optional_text("label"), entry.hexadecimal("id")
    if label is None and key_id is None:
        raise entry.fault("label", "label or id must say which key of the token")
    certificates = entry.certificates("certificate")
    return lambda: pkcs11.open_key(token, label=label, key_id=key_id, certificates=certificates)


def _csc(entry: _Entry) -> Opener:
    credential = csc.Credential(
        entry.name,
        entry.address("url"),
        entry.text("credential"),
        entry.optional_secret("token_file"),
        entry.optional_secret("pin_file"),
        entry.optional_secret("otp_file"),
        entry.seconds("timeout_seconds", 10),
    )
    return lambda: csc.open_key(credential)


_KINDS: Mapping[str, Callable[[_Entry], Opener]] = {
    "pkcs12": _pkcs12,
    "pkcs11": _pkcs11,
    "csc": _csc,
}


class _Entry:
    """One table of the file. What is wrong with it is said with key and field, without values."""

    def __init__(self, name: str, table: object, path: Path) -> None:
        self.name = name
        self._path = path
        if not _NAME.fullmatch(name):
            raise self.fault(None, "a name has letters, digits, - and _ only, 63 at most")
        if not isinstance(table, dict):
            raise self.fault(None, "must be a table")
        self._left: dict[str, Any] = dict(table)

    def fault(self, field: str | None, why: str) -> ValueError:
        place = f"key.{self.name}" if field is None else f"key.{self.name}.{field}"
        return ValueError(f"{self._path}: {place}: {why}")

    def optional_text(self, field: str) -> str | None:
        value = self._left.pop(field, None)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.fault(field, "must be a text")
        return value

    def text(self, field: str) -> str:
        value = self.optional_text(field)
        if value is None:
            raise self.fault(field, "is missing")
        return value

    def hexadecimal(self, field: str) -> bytes | None:
        value = self.optional_text(field)
        try:
            return None if value is None else bytes.fromhex(value)
        except ValueError as fault:
            raise self.fault(field, "must be hexadecimal") from fault

    def seconds(self, field: str, default: float) -> float:
        value = self._left.pop(field, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(field, "must be a number")
        if not 0 < value <= _LONGEST_TIMEOUT_SECONDS:
            raise self.fault(field, f"must be above 0, at most {_LONGEST_TIMEOUT_SECONDS:.0f}")
        return float(value)

    def address(self, field: str) -> str:
        value = self.text(field).rstrip("/")
        parts = urlsplit(value)
        here = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and not (parts.scheme == "http" and here):
            raise self.fault(field, "must begin with https: a PIN travels over it")
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise self.fault(field, "must be https://host/path and nothing more")
        return value

    def file(self, field: str) -> Path:
        path = self._path.parent / self.text(field)
        if not path.is_file():
            raise self.fault(field, f"there is no file {path}")
        return path

    def private_file(self, field: str) -> Path:
        path = self.file(field)
        if not is_private(path.stat()):
            raise self.fault(field, f"others may read or write {path} (chmod 600)")
        return path

    def secret(self, field: str) -> SecretFile:
        return SecretFile(self.private_file(field), self.name, field)

    def optional_secret(self, field: str) -> SecretFile | None:
        return self.secret(field) if field in self._left else None

    def certificates(self, field: str) -> tuple[bytes, ...]:
        if field not in self._left:
            return ()
        content = self.file(field).read_bytes()
        try:
            found = x509.load_pem_x509_certificates(content)
        except ValueError as fault:
            raise self.fault(field, "must hold certificates in PEM, the key's own first") from fault
        return tuple(item.public_bytes(Encoding.DER) for item in found)

    def end(self) -> None:
        for field in self._left:
            raise self.fault(field, "is unknown for this kind")
