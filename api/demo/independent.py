"""A second opinion: poppler's `pdfsig`, where the machine has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

_SIGNATURE = re.compile(
    r"^ +- Signature Type: (.+)$(?:\n +- .+)*?\n +- Signature Validation: (.+)$", re.MULTILINE
)
#: What it calls a time-stamp over the document (ETSI.RFC3161), which it cannot verify.
_UNKNOWN = "unknown"
_SECONDS = 30
VALID = "Signature is Valid."


def pdfsig(path: Path) -> tuple[str, ...] | None:
    """What it says of each signature's mathematics, in order; None where there is no pdfsig.

    Time-stamps over the document are left out: it has no opinion on them. Certificates, too: no
    machine trusts ours. Raises subprocess.SubprocessError.
    """
    program = shutil.which("pdfsig")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603  a fixed program on a file of ours
        [program, "-nocert", str(path)],
        capture_output=True,
        check=False,  # it fails where a signature does
        timeout=_SECONDS,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    found = _SIGNATURE.findall(done.stdout.decode(errors="replace"))
    return tuple(sentence for kind, sentence in found if kind != _UNKNOWN)
