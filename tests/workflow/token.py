"""The real keys of an office behind a token: it counts its uses, can be pulled out, can refuse."""

from __future__ import annotations

from collections.abc import Callable

from signing.errors import KeyRefused, KeyUnavailable
from signing.keyring import Keyring
from signing.keys import Algorithm, SigningKey
from workflow.office import Office


class Token(Keyring):
    """A keyring that hands out counted keys."""

    def __init__(self, office: Office) -> None:
        self._keyring = office.sealing.keyring
        self.uses = 0
        self.pulled_out = False
        #: The use at which the PIN is refused; every further use would be a try at the PIN, too.
        self.refuses_at: int | None = None
        #: What happens while the key works.
        self.meanwhile: Callable[[], None] = lambda: None
        office.sealing.keyring = self

    def accepts(self, url: str) -> bool:
        return self._keyring.accepts(url)

    def open(self, url: str) -> SigningKey:
        if self.pulled_out:
            raise KeyUnavailable("Thiết bị của khóa “thử”")
        return _Counted(self, self._keyring.open(url))


class _Counted:
    def __init__(self, token: Token, key: SigningKey) -> None:
        self._token, self._key = token, key

    @property
    def certificate(self) -> bytes:
        return self._key.certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self._key.chain

    @property
    def algorithm(self) -> Algorithm:
        return self._key.algorithm

    @property
    def signature_bytes(self) -> int:
        return self._key.signature_bytes

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        self._token.uses += 1
        self._token.meanwhile()
        if self._token.refuses_at is not None and self._token.uses >= self._token.refuses_at:
            raise KeyRefused("pin_refused", "Mã PIN của khóa “thử” không đúng.")
        return self._key.sign(data, digest_algorithm)
