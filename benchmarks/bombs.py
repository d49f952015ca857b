"""What the sandbox answers to each bomb, after how long, and how much memory its child took.

Run it with `make bombs`. The bounds are those of an office; the bombs are `tests/signing/bombs.py`.
"""

from __future__ import annotations

import sys
from time import perf_counter

from signing.children import Use
from signing.confinement import Bounds
from signing.sandbox import Sandbox
from signing.trust import Trust
from tests.signing import pki
from tests.signing.bombs import BOMBS

_NOBODY = Trust(anchors=())


class _Measured(Sandbox):
    used = Use(0, 0, 0)

    def _child_ended(self, used: Use) -> None:
        self.used = used


def _row(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table, one row for each bomb; exit code 1 when one broke the bounds."""
    key = pki.Pki().issue(pki.Profile())
    broken = False
    _row("bomb", "bytes", "answer", "seconds", "CPU", "peak MiB")
    _row(*["---"] * 6)
    with _Measured() as sandbox:
        sandbox.validate(b"", trust=_NOBODY)
        for name, build in BOMBS.items():
            bomb = build(key)
            started = perf_counter()
            report = sandbox.validate(bomb, trust=_NOBODY)
            seconds, used = perf_counter() - started, sandbox.used
            answer = f"{report.verdict}, {report.reasons[0].code}"
            _row(
                name,
                f"{len(bomb):,}",
                answer,
                f"{seconds:.2f}",
                f"{used.cpu_seconds:.2f}",
                f"{used.peak_bytes >> 20}",
            )
            broken = broken or seconds > 30 or used.peak_bytes > Bounds().memory_bytes
    sys.exit(broken)


if __name__ == "__main__":
    main()
