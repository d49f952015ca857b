"""PKCS#11 tokens in a folder: SoftHSM2, and in front of it a library as strict as real tokens.

    with tokens.drawer(folder) as drawer:
        drawer.add("office", {"seal": key})
        drawer.module ...            # SoftHSM itself
        drawer.strict_module() ...   # locks after three wrong PINs, can be pulled out

As a program (`python -m tests.signing.tokens`) it fills one token: the process that tests sessions
must not have any of its own open.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing.keys import LiveKey

PIN = "246810"
_SO_PIN = "13579135"
_PLACES = (
    "/usr/lib/softhsm",
    "/usr/lib/x86_64-linux-gnu/softhsm",
    "/usr/lib64/pkcs11",
    "/usr/lib64",
)
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Drawer:
    """A place with tokens; as long as it is open, SoftHSM finds these and no others."""

    folder: Path
    module: Path

    @property
    def tokens(self) -> Path:
        """What can be moved away: the tokens themselves."""
        return self.folder / "tokens"

    def add(
        self,
        label: str,
        keys: Mapping[str, LiveKey],
        *,
        others: tuple[bytes, ...] = (),
        each_time: tuple[str, ...] = (),
        pin: str = PIN,
    ) -> None:
        """A new token with these keys, each under its label with its certificate, and `others`:
        whatever else is kept as a certificate.

        The keys in `each_time` want the PIN for each signature.
        """
        pins = ["--pin", pin, "--so-pin", _SO_PIN]
        _run(["softhsm2-util", "--init-token", "--free", "--label", label, *pins])
        entries = [
            {
                "label": name,
                "id": f"{ordinal:02x}",
                "key": _private(key).hex(),
                "rsa": isinstance(key.private_key, rsa.RSAPrivateKey),
                "certificate": key.certificate.hex(),
                "each_time": name in each_time,
            }
            for ordinal, (name, key) in enumerate(keys.items(), start=1)
        ]
        order = {
            "module": str(self.module),
            "token": label,
            "pin": pin,
            "entries": entries,
            "others": [other.hex() for other in others],
        }
        _run([sys.executable, "-m", "tests.signing.tokens"], json.dumps(order))

    def configure(self, **more: str) -> None:
        """SoftHSM's settings; further ones by their names with `_` for the dot."""
        settings = {"directories_tokendir": self.tokens, "log_level": "ERROR", **more}
        text = "".join(
            f"{name.replace('_', '.', 1)} = {value}\n" for name, value in settings.items()
        )
        (self.folder / "softhsm2.conf").write_text(text)

    def strict_module(self) -> StrictToken:
        """The strict library over these tokens, built on the spot."""
        compiler = shutil.which("cc") or pytest.skip("no C compiler: apt-get install gcc libc6-dev")
        state, library = self.folder / "state", self.folder / "strict_token.so"
        state.mkdir()
        # A copy of its own: one library is initialised once in a process, whoever asks.
        copy = Path(shutil.copy(self.module, self.folder / "softhsm-behind.so"))
        source = Path(__file__).with_name("strict_token.c")
        _run([compiler, "-shared", "-fPIC", "-w", "-o", str(library), str(source), "-ldl"])
        os.environ["VANTHU_TOKEN_STATE"] = str(state)
        os.environ["VANTHU_TOKEN_SOFTHSM"] = str(copy)
        return StrictToken(library, state)


@dataclass(frozen=True)
class StrictToken:
    """What the strict library has seen, and what it is told."""

    module: Path
    state: Path

    def count(self, what: str) -> int:
        """How many `wrong` tries since the last right one, `logins` or `signatures`."""
        path = self.state / what
        return path.stat().st_size if path.exists() else 0

    def tell(self, *what: str) -> None:
        """From now on it is `out` of its slot, `crooked` in its signatures or `coy`; or none."""
        for word in ("out", "crooked", "coy"):
            (self.state / word).unlink(missing_ok=True)
        for word in what:
            (self.state / word).touch()

    def remember_wrong(self, tries: int) -> None:
        """Somebody has typed so many wrong PINs since the last right one."""
        (self.state / "wrong").write_bytes(b"." * tries)


@contextmanager
def drawer(folder: Path) -> Iterator[Drawer]:
    """An empty drawer; skips the test where SoftHSM is not installed."""
    module = next((path for path in map(_module, _PLACES) if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("no software token: apt-get install softhsm2")
    made = Drawer(folder, module)
    made.tokens.mkdir(parents=True)
    made.configure()
    names = ("SOFTHSM2_CONF", "VANTHU_TOKEN_STATE", "VANTHU_TOKEN_SOFTHSM")
    before = {name: os.environ.get(name) for name in names}
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    try:
        yield made
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _module(folder: str) -> Path:
    return Path(folder) / "libsofthsm2.so"


def _run(command: list[str], order: str | None = None) -> None:
    done = subprocess.run(command, input=order, cwd=_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _private(key: LiveKey) -> bytes:
    return key.private_key.private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )


def _fill(order: Mapping[str, Any]) -> None:
    import pkcs11
    from pkcs11.util.ec import decode_ec_private_key
    from pkcs11.util.rsa import decode_rsa_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    for token in pkcs11.lib(order["module"]).get_tokens(token_label=order["token"]):
        session = token.open(rw=True, user_pin=order["pin"])
        if list(session.get_objects()):
            continue  # one of the same name that was filled before
        for entry in order["entries"]:
            decode = decode_rsa_private_key if entry["rsa"] else decode_ec_private_key
            named = {
                pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.LABEL: entry["label"],
                pkcs11.Attribute.ID: bytes.fromhex(entry["id"]),
            }
            secret = {
                pkcs11.Attribute.PRIVATE: True,
                pkcs11.Attribute.SENSITIVE: True,
                pkcs11.Attribute.SIGN: True,
                pkcs11.Attribute.ALWAYS_AUTHENTICATE: entry["each_time"],
            }
            session.create_object({**decode(bytes.fromhex(entry["key"])), **named, **secret})
            certificate = decode_x509_certificate(bytes.fromhex(entry["certificate"]))
            session.create_object({**certificate, **named})
        for other in order["others"]:
            session.create_object(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    pkcs11.Attribute.SUBJECT: b"",
                    pkcs11.Attribute.VALUE: bytes.fromhex(other),
                    pkcs11.Attribute.TOKEN: True,
                }
            )


if __name__ == "__main__":
    _fill(json.load(sys.stdin))
