"""Exported evidence bundles of a lived-in office, for whoever attacks them."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from signing.sandbox import Sandbox
from tests.workflow.bundles import Held, exported, history
from tests.workflow.desk import Desk, desk_of
from tests.workflow.insider import Forged
from workflow.office import Office
from workflow.settings import Settings
from workflow.verifier.checking import examine
from workflow.verifier.findings import Rule, Verdict

CHECK = Path(__file__).parents[2] / "docs" / "auditing" / "check.py"


@dataclass(frozen=True)
class Case:
    """An office in which something happened, what it exported, and what its auditor kept."""

    desk: Desk
    good: Held
    bundle: Path
    with_pdfs: Path
    kept: Path
    folder: Path

    def altered(self, change: Callable[[Forged], None]) -> Verdict:
        """What becomes of what an insider made."""
        forged = Forged(self.good)
        change(forged)
        return examine(forged.whole(self.desk.office))


def lived_in(folder: Path, clock: Callable[[], datetime], sandbox: Sandbox) -> Iterator[Case]:
    """The case of an office that was founded in a folder of `folder`."""
    office = Office.open(Settings(data_dir=folder / "office"), clock=clock)
    office.sealing.sandbox = sandbox
    desk = desk_of(office, folder)
    history(desk)
    for name, wanted in (
        ("bundle", {"since": 1}),
        ("pdfs", {"pdfs": True}),
        ("old", {"checkpoint": 1}),
    ):
        (folder / f"{name}.zip").write_bytes(exported(desk, **wanted))
    kept = folder / "kept.txt"
    kept.write_bytes(Held.of((folder / "old.zip").read_bytes()).members["log/checkpoint.txt"])
    good = Held.of((folder / "bundle.zip").read_bytes())
    yield Case(desk, good, folder / "bundle.zip", folder / "pdfs.zip", kept, folder)
    office.close()


def rules(verdict: Verdict) -> set[Rule]:
    return set(verdict.found)


def codes(verdict: Verdict) -> set[str]:
    return {note.code for note in verdict.notes}


def second_check() -> Any:
    return runpy.run_path(str(CHECK))["check"]


def run_check(*arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(CHECK), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
