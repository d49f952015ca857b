"""Judging files without an office: no database, no settings, only trust and bytes.

Imports `signing` and the law alone, so that an auditor who distrusts the database need not have it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from signing.devca import DevelopmentCA
from signing.reading import Limits
from signing.report import SignatureReport
from signing.sandbox import Sandbox
from signing.trust import Trust, load_anchors
from workflow.rules.errors import Invalid

__all__ = ["MAX_BYTES", "Sandbox", "SignatureReport", "Trust", "judge", "trust_in"]

#: The largest file that is judged unless another size is asked for.
MAX_BYTES = Limits().max_bytes


def trust_in(anchors: Path | None, development: Path | None) -> Trust:
    """Trust in the certificates of a folder, and in a development authority that exists already.

    Raises:
        Invalid: no certificate is there, or a file holds none.
    """
    trust = Trust(anchors=())
    if anchors is not None:
        try:
            trust = load_anchors(anchors)
        except (OSError, ValueError) as wrong:
            raise Invalid([("/anchors", f"Không đọc được chứng thư tin cậy: {wrong}.")]) from wrong
        if not trust.anchors:
            raise Invalid([("/anchors", f"Không có chứng thư tin cậy nào ở {anchors}.")])
    if development is not None and development.is_dir():
        trust = trust.joined(DevelopmentCA(development).trust)
    return trust


def judge(
    sandbox: Sandbox,
    path: Path,
    trust: Trust,
    *,
    at: datetime | None = None,
    max_bytes: int = MAX_BYTES,
) -> SignatureReport:
    """The report over a file as of `at` (None: now); hostile bytes get one too.

    Raises:
        OSError: the file cannot be opened.
    """
    return sandbox.validate(path, trust=trust, at=at, limits=Limits(max_bytes=max_bytes))
