"""`vanthu accounts`: sign-ins, looked after by whoever operates the server."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import uuid

from sqlalchemy import select

from api.commands import OK, Misused, say
from api.commands.opening import opened
from workflow import accounts
from workflow.records import Account, Person


def list_accounts(chosen: argparse.Namespace) -> int:
    """Every account with its person."""
    with opened() as office, office.reading(None) as reading:
        rows = reading.session.execute(
            select(Account, Person)
            .join(Person, Person.id == Account.person_id)
            .order_by(Account.username)
        ).all()
    for account, person in rows:
        state = "disabled" if account.disabled_at else "active"
        if chosen.json:
            values = {
                "username": account.username,
                "state": state,
                "person_id": str(person.id),
                "full_name": person.full_name,
            }
            say(json.dumps(values, ensure_ascii=False))
        else:
            say(f"{account.username:24} {state:9} {person.id}  {person.full_name}")
    return OK


def create(chosen: argparse.Namespace) -> int:
    """An account for a person."""
    try:
        person_id = uuid.UUID(chosen.person)
    except ValueError:
        raise Misused(f"--person: {chosen.person} không phải mã định danh.") from None
    password = accounts.hash_password(asked_password())
    with opened() as office, office.transaction(None) as tx:
        accounts.create_account(tx, person_id, chosen.username, password)
    say(f"Đã tạo tài khoản {chosen.username}.")
    return OK


def set_password(chosen: argparse.Namespace) -> int:
    """A new password."""
    password = accounts.hash_password(asked_password())
    with opened() as office, office.transaction(None) as tx:
        accounts.set_password(tx, chosen.username, password)
    say(f"Đã đổi mật khẩu của {chosen.username}; mọi phiên đăng nhập đã bị hủy.")
    return OK


def disable(chosen: argparse.Namespace) -> int:
    """Close an account."""
    with opened() as office, office.transaction(None) as tx:
        accounts.disable_account(tx, chosen.username)
    say(f"Đã khóa tài khoản {chosen.username}.")
    return OK


def asked_password() -> str:
    """From the keyboard without showing it, or the first line of a pipe: never an argument, which
    every process on the machine could read."""
    if sys.stdin.isatty():
        return getpass.getpass("Mật khẩu mới: ")
    return sys.stdin.readline().rstrip("\n")
