"""`vanthu organisations`: the first organisation of an installation and its administrator."""

from __future__ import annotations

import argparse

from api.commands import OK, say
from api.commands.accounts import asked_password
from api.commands.opening import opened
from workflow import accounts
from workflow.founding import first_organisation
from workflow.organisations import Description


def create(chosen: argparse.Namespace) -> int:
    """An organisation above no other; everything below it is made through the API."""
    password = accounts.hash_password(asked_password())
    with opened() as office, office.transaction(None) as tx:
        organisation_id = first_organisation(
            tx,
            Description(chosen.code, chosen.name, chosen.kind, chosen.place),
            resolve_days=chosen.resolve_days,
            administrator=chosen.administrator,
            title="Quản trị hệ thống",
            username=chosen.username,
            password=password,
        )
    say(f"Đã lập cơ quan {organisation_id}; {chosen.username} quản trị.")
    return OK
