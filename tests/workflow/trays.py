"""What tests of in-trays look at: people, units, trays, and the cases inside a document's."""

from __future__ import annotations

import uuid
from typing import Any

from tests.workflow.desk import Desk
from workflow.records import Account, Case, Unit
from workflow.tracking import Tray, in_tray
from workflow.work_lines import WorkLine


def person(desk: Desk, username: str) -> uuid.UUID:
    return desk.one(Account, Account.username == username).person_id


def unit(desk: Desk, symbol: str) -> uuid.UUID:
    return desk.one(Unit, Unit.symbol == symbol, Unit.organisation_id == desk.commune).id


def tray(desk: Desk, username: str, name: Tray, **page: Any) -> list[WorkLine]:
    return desk.see(username, in_tray, name, **page)


def ids(lines: list[WorkLine]) -> list[uuid.UUID]:
    return [line.case_id for line in lines]


def children(desk: Desk, document_id: uuid.UUID) -> list[Case]:
    return desk.rows(Case, Case.document_id == document_id, Case.parent_id.is_not(None))
