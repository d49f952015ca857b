"""What it costs to ask whether a dossier of 2,000 evidence files is complete.

Half of the evidence are documents of this system, half uploaded files; all are asked for, with
their newest reports, at each submission. CPU time of this process; goal: 100 ms.
`make bench-dossiers`.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.measuring import cpu_ms
from benchmarks.offices import DATABASES, acting, founded, seat_of
from signing.report import EvidencePiece, SignatureFinding, SignatureReport
from workflow.applying import NewDossier, open_dossier
from workflow.dossiers import case_of
from workflow.facts.dossier import criterion_slot, dossier_facts
from workflow.kinds import kind_of
from workflow.office import Office
from workflow.records import (
    Case,
    Document,
    Dossier,
    Exhibit,
    File,
    Report,
    Revision,
    new_id,
)

RESULTS = Path(__file__).parent / "results" / "dossiers.json"
GOAL_MS = 100
EVIDENCE = 2_000
_ROUNDS = 21
_NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
_SALT = b"0123456789abcdef"


def main() -> None:
    """Measure on both databases, print, store."""
    results = []
    for database in DATABASES:
        with founded(database) as office:
            figures = measured(office)
            results.append({"database": database, "evidence": EVIDENCE, **figures})
            sys.stdout.write(
                f"{database}: {EVIDENCE:,} evidence files, complete or not:"
                f" median {figures['median_ms']:.0f} ms, p95 {figures['p95_ms']:.0f} ms of CPU"
                f" (goal {GOAL_MS}); {figures['unmet']} do not hold\n"
            )
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def measured(office: Office, evidence: int = EVIDENCE, rounds: int = _ROUNDS) -> dict[str, Any]:
    """CPU milliseconds of building all facts of a full dossier, which is what a step judges by."""
    dossier_id = filled(office, evidence)
    actor = acting(office, "xa.chutich")
    seen: list[int] = []

    def ask() -> None:
        with office.reading(actor) as reading:
            dossier = reading.get(Dossier, dossier_id)
            facts = dossier_facts(reading, dossier, case_of(reading, dossier_id))
            seen.append(len(facts.unsound))

    ask()
    costs = sorted(cpu_ms(ask) for _ in range(rounds))
    return {
        "median_ms": statistics.median(costs),
        "p95_ms": costs[int(0.95 * (len(costs) - 1))],
        "unmet": seen[-1],
    }


def filled(office: Office, evidence: int = EVIDENCE) -> Any:
    """A dossier with so many evidence files, spread over the criteria of its kind; its id."""
    actor = acting(office, "xa.chuyenvien")
    commune = seat_of(office, "H56.MAU.02")
    with office.transaction(actor) as tx:
        kinds = {one.code: one for one in tx.office.law.kinds}
        kind = kinds["commune_ntm"]
        group = kind.groups[0].code if kind.groups else None
        case = open_dossier(tx, NewDossier(commune, kind.code, "2026", "xã Mẫu", group))
        dossier_id = case.dossier_id
        slots = [
            criterion_slot(one.code, slot.code)
            for one in kind_of(tx, tx.get(Dossier, dossier_id)).leaves
            for slot in one.slots
        ]
    _insert(office, commune, dossier_id, actor.person_id, slots, evidence)
    return dossier_id


def _insert(
    office: Office, commune: Any, dossier_id: Any, person_id: Any, slots: Sequence[str], count: int
) -> None:
    """Rows in bulk: what is measured is the asking, not the putting."""
    rows: dict[type[Any], list[dict[str, Any]]] = {
        table: [] for table in (Document, Case, File, Revision, Report, Exhibit)
    }

    def add(table: type[Any], **values: Any) -> Any:
        row_id = new_id()
        rows[table].append({"id": row_id, "salt": _SALT, **values})
        return row_id

    for ordinal in range(1, count + 1):
        sha256 = hashlib.sha256(str(ordinal).encode()).hexdigest()
        add(
            Report,
            organisation_id=commune,
            sha256=sha256,
            content=_report(sha256),
            checked_at=_NOW,
        )
        own = ordinal % 2
        document_id = None
        if own:
            document_id = add(
                Document,
                organisation_id=commune,
                direction="outgoing",
                type_code="bao_cao",
                subject=f"Báo cáo {ordinal}",
                urgency="normal",
                created_by=person_id,
                created_at=_NOW,
            )
            add(
                Case,
                organisation_id=commune,
                document_id=document_id,
                definition_name="outgoing",
                definition_digest="0" * 64,
                state="filed",
                version=9,
                opened_at=_NOW,
                entered_at=_NOW,
                closed_at=_NOW,
            )
            file_id = add(File, document_id=document_id, ordinal=0, dropped=False)
            for step, digest in enumerate(("1" * 64, "2" * 64, sha256)):
                add(
                    Revision,
                    file_id=file_id,
                    ordinal=step,
                    sha256=digest,
                    size_bytes=200_000,
                    made_as="sealed",
                    made_at=_NOW,
                )
        add(
            Exhibit,
            dossier_id=dossier_id,
            ordinal=ordinal,
            slot=slots[ordinal % len(slots)],
            document_id=document_id,
            organisation_id=commune,
            sha256=None if own else sha256,
            size_bytes=None if own else 200_000,
            title=f"Minh chứng {ordinal}",
            added_by=person_id,
            added_at=_NOW,
            dropped=False,
        )
    with office.database.write() as session:
        for table, values in rows.items():
            session.execute(insert(table), values)
        session.commit()


def _report(sha256: str) -> bytes:
    """As long as that over a document with two signatures at B-LT is."""
    pieces = tuple(
        EvidencePiece(kind, sha256, 1_500)
        for kind in ("certificate", "certificate", "ocsp", "ocsp", "crl", "timestamp")
    )
    signature = SignatureFinding(
        field="vanthu.person.1",
        kind="signature",
        subfilter="ETSI.CAdES.detached",
        level="B-LT",
        intact=True,
        coverage="ENTIRE_REVISION",
        changes="NONE",
        locks=False,
        trusted=True,
        trusted_now=True,
        development=True,
        signer="CN=Người ký",
        issuer="CN=Cơ quan chứng thực",
        serial="1" * 20,
        certificate_sha256=sha256,
        not_before=_NOW,
        not_after=_NOW,
        algorithm="sha256_rsa",
        key_bits=2048,
        signed_at=_NOW,
        proven_at=_NOW,
        indication="TOTAL_PASSED",
        sub_indication=None,
        revision_sha256=sha256,
        revision_bytes=200_000,
        evidence=pieces,
    )
    return SignatureReport(
        sha256=sha256,
        size_bytes=200_000,
        integrity="INTACT",
        verdict="HOP_LE",
        indication="TOTAL_PASSED",
        sub_indication=None,
        reasons=(),
        warnings=(),
        reading="strict",
        anchors_sha256="0" * 64,
        checked_at=_NOW,
        signatures=(signature, signature),
    ).to_json()


if __name__ == "__main__":
    main()
