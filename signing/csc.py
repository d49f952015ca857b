"""Remote signing with the Cloud Signature Consortium's API 1.0.4: the key stays with a service.

Each signature is authorised for its very digest, whether or not the service insists (SCAL2 does):
what the activation allows cannot be used for other bytes. A value that comes back is believed only
after it verifies.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signing import wire
from signing.activation import SecretSource
from signing.errors import KeyRefused, KeyUnavailable
from signing.keys import Algorithm, KeyElsewhere, chain_of

_DIGESTS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
# The mechanism with its digest, or the plain one, as the service lists them.
_ALGORITHMS: Mapping[tuple[Algorithm, str], tuple[str, str]] = {
    ("rsa", "sha256"): ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1"),
    ("rsa", "sha384"): ("1.2.840.113549.1.1.12", "1.2.840.113549.1.1.1"),
    ("rsa", "sha512"): ("1.2.840.113549.1.1.13", "1.2.840.113549.1.1.1"),
    ("ecdsa", "sha256"): ("1.2.840.10045.4.3.2", "1.2.840.10045.2.1"),
    ("ecdsa", "sha384"): ("1.2.840.10045.4.3.3", "1.2.840.10045.2.1"),
    ("ecdsa", "sha512"): ("1.2.840.10045.4.3.4", "1.2.840.10045.2.1"),
}
_LARGEST_ANSWER_BYTES = 256 * 1024

# Which activation a service has refused, by service and credential: a wrong PIN is not sent again.
_refused: dict[tuple[str, str], tuple[bytes, ...]] = {}


@dataclass(frozen=True)
class Credential:
    """A key at a service: the API's base address (up to `/csc/v1`), and what opens it.

    `token` authenticates this office to the service; `pin` and `otp` activate the key. An
    operation takes `timeout_seconds` at most.
    """

    name: str
    url: str
    credential_id: str
    token: SecretSource | None = None
    pin: SecretSource | None = None
    otp: SecretSource | None = None
    timeout_seconds: float = 10


@dataclass(frozen=True)
class CscKey(KeyElsewhere):
    """A key at a remote signing service."""

    credential: Credential
    #: Object identifiers of the mechanisms that the service offers with this key.
    mechanisms: frozenset[str]
    #: How many signatures one activation may allow.
    most_at_once: int

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """See `SigningKey`. Raises KeyRefused, and KeyUnavailable when the service is away."""
        return self.sign_batch([data], digest_algorithm)[0]

    def sign_batch(self, items: Sequence[bytes], digest_algorithm: str) -> list[bytes]:
        """Signature values over several texts, with as few activations as the service allows.

        Raises as `sign` does; then none of the values is given back.
        """
        values: list[bytes] = []
        for start in range(0, len(items), self.most_at_once):
            some = items[start : start + self.most_at_once]
            made = self._sign(some, digest_algorithm)
            values += [
                self.checked(value, data, digest_algorithm)
                for value, data in zip(made, some, strict=True)
            ]
        return values

    def _sign(self, items: Sequence[bytes], digest_algorithm: str) -> list[bytes]:
        talk = _Conversation(self.credential)
        hashes = [_base64(hashlib.new(digest_algorithm, item).digest()) for item in items]
        asked = {"credentialID": self.credential.credential_id, "hash": hashes}
        activated = talk.ask(
            "credentials/authorize", {**asked, "numSignatures": len(items), **talk.activation()}
        )
        answer = talk.ask(
            "signatures/signHash",
            {
                **asked,
                "SAD": talk.text(activated, "SAD"),
                "hashAlgo": _DIGESTS[digest_algorithm],
                "signAlgo": self._mechanism(digest_algorithm),
            },
        )
        values = talk.octets(answer, "signatures")
        if len(values) != len(items):
            raise talk.nonsense()
        return values

    def _mechanism(self, digest_algorithm: str) -> str:
        for mechanism in _ALGORITHMS[self.algorithm, digest_algorithm]:
            if mechanism in self.mechanisms:
                return mechanism
        raise KeyRefused(
            "key_unusable",
            f"Dịch vụ ký số từ xa không hỗ trợ thuật toán cần dùng với khóa “{self.name}”.",
        )


def open_key(credential: Credential) -> CscKey:
    """Ask the service about a key: its certificate, chain, mechanisms.

    Raises:
        KeyRefused: the service does not let us in, does not know the key or has disabled it.
        KeyUnavailable: it does not answer in time, or not in a way that can be understood.
    """
    talk = _Conversation(credential)
    answer = talk.ask(
        "credentials/info", {"credentialID": credential.credential_id, "certificates": "chain"}
    )
    key, cert = answer.get("key"), answer.get("cert")
    if not isinstance(key, dict) or not isinstance(cert, dict):
        raise talk.nonsense()
    if key.get("status") != "enabled" or cert.get("status", "valid") != "valid":
        raise KeyRefused(
            "key_unusable",
            f"Dịch vụ ký số từ xa báo khóa “{credential.name}” hoặc chứng thư số của khóa không còn"
            " hiệu lực.",
        )
    ders = talk.octets(cert, "certificates")
    mechanisms, most_at_once = key.get("algo"), answer.get("multisign", 1)
    if not ders or not isinstance(mechanisms, list) or not isinstance(most_at_once, int):
        raise talk.nonsense()
    try:
        chain = chain_of(ders[0], ders[1:])
    except ValueError as fault:
        raise talk.nonsense() from fault
    return CscKey(
        credential.name,
        ders[0],
        chain,
        credential,
        frozenset(map(str, mechanisms)),
        max(1, most_at_once),
    )


class _Conversation:
    """The questions of one operation, which share its time and its secrets."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._ends_at = time.monotonic() + credential.timeout_seconds
        sources = {"token": credential.token, "PIN": credential.pin, "OTP": credential.otp}
        secrets = {field: source.read() for field, source in sources.items() if source}
        self._texts = {field: secret.text for field, secret in secrets.items()}
        self._versions = tuple(secret.version for secret in secrets.values())
        self._whose = (credential.url, credential.credential_id)
        if self._versions and _refused.get(self._whose) == self._versions:
            raise self._refusal()

    def activation(self) -> dict[str, str]:
        return {field: text for field, text in self._texts.items() if field != "token"}

    def ask(self, question: str, body: Mapping[str, object]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if "token" in self._texts:
            headers["Authorization"] = f"Bearer {self._texts['token']}"
        try:
            content = wire.ask(
                "POST",
                f"{self._credential.url}/{question}",
                body=json.dumps(body).encode(),
                headers=headers,
                answer_type="application/json",
                answer_max_bytes=_LARGEST_ANSWER_BYTES,
                timeout_seconds=max(0.001, self._ends_at - time.monotonic()),
            )
            answer = json.loads(content)
        except wire.WireFault as fault:
            raise self._verdict(fault.status) from fault
        except ValueError as fault:
            raise self.nonsense() from fault
        if not isinstance(answer, dict):
            raise self.nonsense()
        return answer

    def text(self, answer: Mapping[str, Any], field: str) -> str:
        value = answer.get(field)
        if not isinstance(value, str):
            raise self.nonsense()
        return value

    def octets(self, answer: Mapping[str, Any], field: str) -> list[bytes]:
        values = answer.get(field)
        try:
            if isinstance(values, list):
                return [base64.b64decode(value, validate=True) for value in values]
        except (ValueError, TypeError) as fault:
            raise self.nonsense() from fault
        raise self.nonsense()

    def nonsense(self) -> KeyUnavailable:
        return KeyUnavailable(f"Dịch vụ ký số từ xa của khóa “{self._credential.name}”")

    def _verdict(self, status: int | None) -> Exception:
        # §10.1: 400 carries wrong PINs, OTPs and SADs alike; the answer's text is not to be trusted
        # with anything but to be shown, and it is not.
        if status in (400, 401, 403):
            _refused[self._whose] = self._versions
            return self._refusal()
        if status in (404, 405, 501):
            return KeyRefused(
                "key_unusable",
                f"Dịch vụ ký số từ xa không có khóa “{self._credential.name}”."
                " Hãy báo người quản trị hệ thống.",
            )
        return self.nonsense()

    def _refusal(self) -> KeyRefused:
        return KeyRefused(
            "activation_refused",
            f"Dịch vụ ký số từ xa từ chối kích hoạt khóa “{self._credential.name}” (mã PIN, OTP"
            " hoặc quyền truy cập). Hệ thống không tự thử lại; hãy báo người quản trị hệ thống.",
        )


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
