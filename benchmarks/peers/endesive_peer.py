"""endesive, run by the interpreter of its own environment."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

# Only its verifier needs certvalidator, which does not find today's OpenSSL.
sys.modules["certvalidator"] = ModuleType("certvalidator")

from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: E402
from endesive.pdf import cms  # noqa: E402

keys, passphrase = Path(sys.argv[1]), sys.argv[2]
key, certificate, others = pkcs12.load_key_and_certificates(
    (keys / "person.p12").read_bytes(), passphrase.encode()
)
how = {
    "aligned": 16384,
    "sigflags": 3,
    "sigpage": 0,
    "sigfield": "person1",
    "contact": "",
    "location": "",
    "reason": "",
    "signingdate": "D:20260101000000+07'00'",
}
print(f"endesive {importlib.metadata.version('endesive')}", flush=True)
for line in sys.stdin:
    source, target, _ = line.rstrip("\n").split("\t")
    try:
        content = Path(source).read_bytes()
        tail = cms.sign(content, dict(how), key, certificate, others, "sha256")
        with open(target, "wb") as written:
            written.write(content)
            written.write(tail)
    except Exception as fault:
        print(f"{type(fault).__name__}: {fault}".replace("\n", " ")[:200], flush=True)
        continue
    print("signed", flush=True)
