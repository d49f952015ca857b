"""Departments' parts of a dossier: opened side by side, found by who may see them, taken back."""

from __future__ import annotations

from workflow.office import Transaction
from workflow.records import Case, Dossier


def open_appraisals(tx: Transaction, dossier: Dossier, case: Case) -> None:
    """The work behind `open_appraisals`: a case per department, in it one per criterion.

    Raises:
        GuardsUnmet: a field that no department is charged with.
    """
    raise NotImplementedError


def withdraw_appraisals(tx: Transaction, dossier: Dossier) -> None:
    """The work behind `withdraw_appraisals`: what is still open ends with the dossier."""
    raise NotImplementedError
