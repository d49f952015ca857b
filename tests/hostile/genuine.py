"""Genuine files as various producers write them: a judge that refuses them is of no use."""

from __future__ import annotations

from tests.hostile.cases import INTACT, Cases, Desk

CASES = Cases("genuine")


@CASES.file("a plain PAdES signature", INTACT)
def signed_once(desk: Desk) -> bytes:
    return desk.signed().contents


@CASES.file("another signature in a new invisible field", INTACT)
def signed_twice(desk: Desk) -> bytes:
    return desk.signed().sign(desk.agency, "agency").contents


@CASES.file("a document time-stamp over the signature", INTACT)
def stamped(desk: Desk) -> bytes:
    return desk.signed().stamp(desk.tsa).contents
