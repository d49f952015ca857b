"""Sessions with PKCS#11 tokens and HSMs (Cryptoki is the standard's own name for its interface).

A process has one session with each token, opened when it is first needed and opened anew when the
token was away. python-pkcs11 initialises a library without locking, and then only one thread at a
time may call it (PKCS#11 v2.40 §5.4, C_Initialize): everything here happens under one lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from cryptography.x509 import load_der_x509_certificate
from pkcs11 import Attribute, Mechanism, ObjectClass, TokenFlag, _pkcs11, exceptions, types

from signing.activation import Secret, SecretSource
from signing.errors import KeyRefused, KeyUnavailable, SigningError

T = TypeVar("T")

_lock = RLock()


@dataclass(frozen=True)
class Token:
    """A token and how to log in to it; `name` is how messages call it.

    `label` None means the only token there is. `unattended`: nobody watches, so the last try
    before the token locks is left to a person.
    """

    module: Path
    label: str | None
    pin: SecretSource
    name: str
    unattended: bool = True

    def use(self, work: Callable[[Session], T]) -> T:
        """Do something in this process's session; once more in a new one if that is no good.

        Raises:
            KeyRefused: the PIN is refused or locked, or what `work` looks for is not there.
            KeyUnavailable: the token does not answer.
        """
        with _lock:
            library = _library(self.module)
            try:
                return work(library.session(self))
            except exceptions.PKCS11Error:
                # Taken out and put back, a token has forgotten its sessions.
                library.close()
            try:
                return work(library.session(self))
            except exceptions.PKCS11Error as fault:
                library.close()
                raise _verdict(fault, self.name) from fault


class Session:
    """A session that is logged in, and what its token keeps: read once, right after the login.

    Handles hold as long as the session does. Nothing is searched for later, because python-pkcs11
    cannot end a search well whose session is gone.
    """

    def __init__(self, library: _Library, session: types.Session, token: Token) -> None:
        self._library, self._session, self._token = library, session, token
        self.mechanisms = frozenset(session.token.slot.get_mechanisms())
        self._keys = [
            _Key(item, _label(item), _id(item), bool(_value(item, Attribute.ALWAYS_AUTHENTICATE)))
            for item in self._objects(ObjectClass.PRIVATE_KEY)
        ]
        self.certificates = [
            Stored(bytes(value), _label(item), _id(item))
            for item in self._objects(ObjectClass.CERTIFICATE)
            if _is_certificate(value := _value(item, Attribute.VALUE))
        ]

    @property
    def key_ids(self) -> set[bytes]:
        """The ids of all private keys."""
        return {key.key_id for key in self._keys}

    def key_id(self, label: str | None, key_id: bytes | None) -> bytes:
        """The id under which the token keeps this private key; empty if it has none."""
        return self._key(label, key_id).key_id

    def sign(
        self, label: str | None, key_id: bytes | None, data: bytes, mechanism: Mechanism
    ) -> bytes:
        """What the token makes of `data` with this private key."""
        key = self._key(label, key_id)
        if not key.wants_pin_each_time:
            return bytes(key.handle.sign(data, mechanism=mechanism))
        # Such a key wants the PIN between C_SignInit and C_Sign.
        return self._library.with_pin(
            self._token,
            self._session.token,
            lambda pin: bytes(key.handle.sign(data, mechanism=mechanism, pin=pin.text)),
        )

    def _key(self, label: str | None, key_id: bytes | None) -> _Key:
        """The one private key with this label or id, or with neither the only one."""
        found = [
            key for key in self._keys if label in (None, key.label) and key_id in (None, key.key_id)
        ]
        if len(found) != 1:
            raise exceptions.MultipleObjectsReturned if found else exceptions.NoSuchKey
        return found[0]

    def _objects(self, kind: ObjectClass) -> list[types.Object]:
        return list(self._session.get_objects({Attribute.CLASS: kind}))


@dataclass(frozen=True)
class _Key:
    handle: Any  # python-pkcs11 says at runtime only that it can sign
    label: str
    key_id: bytes
    wants_pin_each_time: bool


@dataclass(frozen=True)
class Stored:
    """A certificate (DER) as a token keeps it."""

    certificate: bytes
    label: str
    key_id: bytes


class _Library:
    """A PKCS#11 library as this process uses it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cryptoki: _pkcs11.lib | None = None
        self._parents: _pkcs11.lib | None = None
        self._sessions: dict[str | None, Session] = {}
        self._refused: dict[bytes, tuple[bytes, type[Exception]]] = {}

    def session(self, token: Token) -> Session:
        if token.label not in self._sessions:
            found = self._find(token.label)
            opened = self.with_pin(token, found, lambda pin: found.open(user_pin=pin.text))
            self._sessions[token.label] = Session(self, opened, token)
        return self._sessions[token.label]

    def with_pin(self, token: Token, found: types.Token, use: Callable[[Secret], T]) -> T:
        """Use the PIN, unless this process knows that the token refuses it."""
        flags = found.slot.get_token().flags
        if flags & TokenFlag.USER_PIN_LOCKED:
            raise _refusal(exceptions.PinLocked, token.name)
        pin = token.pin.read()
        version, refusal = self._refused.get(found.serial, (b"", exceptions.PinIncorrect))
        if version == pin.version:
            raise _refusal(refusal, token.name)
        if token.unattended and flags & TokenFlag.USER_PIN_FINAL_TRY:
            raise KeyRefused("pin_refused", _FINAL_TRY.format(name=token.name))
        try:
            return use(pin)
        except tuple(_REFUSALS) as fault:
            self._refused[found.serial] = (pin.version, type(fault))
            raise _refusal(type(fault), token.name) from fault

    def close(self) -> None:
        """End all sessions; the next use starts from nothing."""
        self._sessions.clear()
        if self._cryptoki is not None:
            try:
                self._cryptoki.finalize()
            except exceptions.PKCS11Error:
                return  # then it was not initialised any more

    def inherit(self) -> None:
        """After a fork: what the parent opened is not this process's."""
        self._sessions.clear()
        self._parents, self._cryptoki = self._cryptoki or self._parents, None

    def _start(self) -> _pkcs11.lib:
        if self._cryptoki is None:
            # PKCS#11 UG v2.40 §2.5.1: a child is another application and initialises for itself.
            try:
                self._cryptoki = _pkcs11.lib(str(self._path))
            except exceptions.PKCS11Error:
                if self._parents is None:
                    raise
                # A library that does not notice forks takes itself for initialised already.
                self._cryptoki, self._parents = self._parents, None
                self._cryptoki.reinitialize()
        self._cryptoki.initialize()
        return self._cryptoki

    def _find(self, label: str | None) -> types.Token:
        found = []
        for slot in self._start().get_slots(token_present=True):
            try:
                token = slot.get_token()
            except exceptions.PKCS11Error:
                continue  # another reader's trouble
            if token.flags & TokenFlag.TOKEN_INITIALIZED and label in (None, token.label):
                found.append(token)
        if not found:
            raise exceptions.TokenNotPresent
        if len(found) > 1:
            raise exceptions.MultipleTokensReturned
        return found[0]


_libraries: dict[Path, _Library] = {}


def _library(path: Path) -> _Library:
    # One file, one library: C_Initialize through a second name of it would fail.
    return _libraries.setdefault(path.resolve(), _Library(path))


def _in_child() -> None:
    for library in _libraries.values():
        library.inherit()
    _lock.release()


# A fork waits for the lock: otherwise the child could find the library's own locks taken, by a
# thread that it does not have.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_in_child)


def _value(item: types.Object, attribute: Attribute) -> Any:
    try:
        return item[attribute]
    except exceptions.PKCS11Error:
        return None  # an attribute that this object does not have or this token does not know


def _is_certificate(value: bytes | None) -> bool:
    try:
        load_der_x509_certificate(value or b"")
    except ValueError:
        return False  # tokens keep all sorts of things as certificates
    return True


def _label(item: types.Object) -> str:
    return _value(item, Attribute.LABEL) or ""


def _id(item: types.Object) -> bytes:
    return bytes(_value(item, Attribute.ID) or b"")


_WRONG = (
    "pin_refused",
    "Mã PIN của khóa “{name}” không đúng. Hãy kiểm tra lại mã PIN trước khi thử: sai vài lần thì"
    " thiết bị bị khóa.",
)
_REFUSALS: Mapping[type[Exception], tuple[str, str]] = {
    exceptions.PinIncorrect: _WRONG,
    exceptions.PinInvalid: _WRONG,
    exceptions.PinLenRange: _WRONG,
    exceptions.PinLocked: (
        "pin_locked",
        "Thiết bị của khóa “{name}” đã bị khóa mã PIN. Hãy mở khóa bằng phần mềm của thiết bị hoặc"
        " liên hệ nhà cung cấp.",
    ),
    exceptions.PinExpired: (
        "pin_refused",
        "Mã PIN của khóa “{name}” đã hết hạn. Hãy đổi mã PIN bằng phần mềm của thiết bị.",
    ),
}
_FINAL_TRY = (
    "Thiết bị của khóa “{name}” chỉ còn một lần nhập mã PIN trước khi bị khóa. Hãy đăng nhập đúng"
    " mã PIN bằng phần mềm của thiết bị, rồi ký lại."
)
# Nothing that waiting could change.
_NOT_THERE = (
    exceptions.NoSuchKey,
    exceptions.MultipleObjectsReturned,
    exceptions.MultipleTokensReturned,
    exceptions.MechanismInvalid,
    exceptions.KeyTypeInconsistent,
    exceptions.KeySizeRange,
    exceptions.UserPinNotInitialized,
)


def _refusal(kind: type[Exception], name: str) -> KeyRefused:
    code, sentence = _REFUSALS[kind]
    return KeyRefused(code, sentence.format(name=name))


def _verdict(fault: exceptions.PKCS11Error, name: str) -> SigningError:
    if isinstance(fault, _NOT_THERE):
        return KeyRefused(
            "key_unusable",
            f"Không tìm được đúng một khóa ký “{name}” trên thiết bị, hoặc khóa đó không ký được."
            " Hãy báo người quản trị hệ thống.",
        )
    return KeyUnavailable(f"Thiết bị lưu khóa “{name}”")
