"""The openssl program as a second opinion on signature values."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate


def verifies(
    folder: Path, certificate: bytes, data: bytes, value: bytes, digest: str = "sha256"
) -> bool:
    """Whether openssl takes `value` for a signature of the certificate's key over `data`."""
    program = shutil.which("openssl") or pytest.skip("no openssl: apt-get install openssl")
    public_key = load_der_x509_certificate(certificate).public_key()
    files = {
        "key": public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "data": data,
        "value": value,
    }
    paths = {name: folder / f"openssl-{name}" for name in files}
    for name, content in files.items():
        paths[name].write_bytes(content)
    command = [program, "dgst", f"-{digest}", "-verify", str(paths["key"])]
    done = subprocess.run(
        [*command, "-signature", str(paths["value"]), str(paths["data"])], capture_output=True
    )
    return done.stdout.strip() == b"Verified OK"
