"""What pyHanko's own reading and validation say of files, as a program: a JSON object per line.

`python -m tests.signing.plain_pyhanko FILE…`. In a process of its own, limited in time and memory:
files that are to be judged have made it run for minutes and fill gigabytes.
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

SECONDS = 10
_BYTES = 2 << 30


def opinion(path: Path) -> dict[str, Any]:
    """`valid`: every signature is intact and valid; `allowed`: and so is what came after each.

    Without any trust: what its `bottom_line` adds to `valid` is trust in the signers alone.
    """
    with path.open("rb") as stream:
        found = PdfFileReader(stream).embedded_regular_signatures
        context = ValidationContext(trust_roots=[], allow_fetching=False)
        statuses = [validate_pdf_signature(signature, context) for signature in found]
    valid = bool(statuses) and all(item.intact and item.valid for item in statuses)
    allowed = all(
        item.coverage >= SignatureCoverageLevel.ENTIRE_REVISION and item.docmdp_ok
        for item in statuses
    )
    return {"signatures": len(statuses), "valid": valid, "allowed": valid and allowed}


def _late(*_args: object) -> None:
    raise TimeoutError


def main() -> None:
    """Answer for each file, whatever happens."""
    logging.disable()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    signal.signal(signal.SIGALRM, _late)
    for name in sys.argv[1:]:
        signal.alarm(SECONDS)
        try:
            said = opinion(Path(name))
        except Exception as fault:
            said = {"raised": type(fault).__name__}
        finally:
            signal.alarm(0)
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
