"""A kind of dossier from its TOML text, read strictly; the folder of them, checked together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from workflow.rules import lawfile
from workflow.rules.errors import InvalidDefinition
from workflow.rules.kind_checks import check
from workflow.rules.kinds import (
    Component,
    Condition,
    Confidence,
    Criterion,
    Deadline,
    Grade,
    Group,
    Kind,
    Rule,
    Slot,
    Source,
    Stage,
    Vote,
    Withdrawal,
)
from workflow.rules.machine import Workflow

# They stand in slots, journals and lists joined by commas.
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]*")
_LONGEST = 32

#: The figures of this system that may answer a criterion.
FIGURES: Final = frozenset({"indicator"})


def load(
    texts: Iterable[tuple[str, str]],
    doc_types: Collection[str],
    workflows: Mapping[str, Workflow],
) -> tuple[Kind, ...]:
    """Read kinds from (name, text) and check them together; by code and version.

    `doc_types` are the types of documents there are, `workflows` the definitions among which are
    those a dossier may follow. Raises InvalidDefinition with the name and the place in the text.
    """
    named = [(name, parse(text, name)) for name, text in texts]
    check(named, doc_types, workflows)
    return tuple(sorted((kind for _, kind in named), key=lambda kind: (kind.code, kind.version)))


def parse(text: str, name: str = "kind") -> Kind:
    """Read one kind, called `name` in refusals. Raises InvalidDefinition with the place."""
    root = lawfile.read(name, text)
    basis = root.text("legal_basis")
    slots = _slots(root) or ()
    kind = Kind(
        code=_code(root, 60),
        version=root.number("version"),
        title=root.text("title"),
        recognises=root.one_of("recognises", ("commune", "village", "product")),
        procedure=root.text("procedure"),
        caveat=root.optional_text("caveat"),
        rule=Rule(root.one_of("rule", Rule)),
        periods_from=root.day("periods_from"),
        periods_to=root.optional_day("periods_to"),
        requires=root.optional_texts("requires"),
        groups=tuple(map(_group, root.optional_tables("group") or ())),
        components=tuple(_component(table, basis) for table in root.tables("component")),
        criteria=tuple(_criterion(table, basis, slots) for table in root.tables("criterion")),
        conditions=tuple(
            _condition(table, basis) for table in root.optional_tables("condition") or ()
        ),
        vote=_vote(root.table("vote"), basis),
        deadlines=tuple(_deadline(table, basis) for table in root.tables("deadline")),
        grades=tuple(_grade(table, basis) for table in root.optional_tables("grade") or ()),
        withdrawal=_withdrawal(root.optional_table("withdrawal"), basis),
        validity_months=root.optional_number("validity_months"),
        source=Source(basis, Confidence(root.one_of("confidence", Confidence))),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )
    root.close()
    return kind


def _code(table: lawfile.Table, longest: int = _LONGEST) -> str:
    code = table.text("code")
    if len(code) > longest or not _CODE.fullmatch(code):
        raise InvalidDefinition(
            f"{table.place}.code", f"chỉ gồm chữ không dấu, số, “_” và “.”, tối đa {longest} ký tự"
        )
    return code


def _source(table: lawfile.Table, basis: str) -> Source:
    """An entry's own legal basis, or that of its file; how sure it is it says itself. The last
    thing read of an entry."""
    source = Source(
        table.optional_text("legal_basis") or basis,
        Confidence(table.one_of("confidence", Confidence)),
    )
    table.close()
    return source


def _slots(table: lawfile.Table) -> tuple[Slot, ...] | None:
    tables = table.optional_tables("slot")
    if tables is None:
        return None
    slots = []
    for one in tables:
        slots.append(Slot(_code(one), one.text("title"), not one.optional_flag("optional")))
        one.close()
    return tuple(slots)


def _group(table: lawfile.Table) -> Group:
    group = Group(_code(table, 16), table.text("title"))
    table.close()
    return group


def _component(table: lawfile.Table, basis: str) -> Component:
    return Component(
        _code(table),
        table.text("title"),
        table.optional_texts("doc_types"),
        Stage(table.one_of("stage", Stage)),
        not table.optional_flag("optional"),
        _source(table, basis),
    )


def _criterion(table: lawfile.Table, basis: str, slots: tuple[Slot, ...]) -> Criterion:
    """`slots` are the kind's, asked of every criterion that names none of its own."""
    field, own = table.optional_text("field"), _slots(table)
    asked = table.optional_text("target")
    by_group = table.optional_table("targets")
    targets = {"": asked} if asked else {}
    if by_group is not None:
        targets |= by_group.all_texts()
    return Criterion(
        _code(table),
        table.text("title"),
        table.optional_text("part_of"),
        field,
        table.optional_number("points"),
        table.optional_one_of("figure", FIGURES),
        MappingProxyType(targets),
        own if own is not None else slots if field else (),
        _source(table, basis),
    )


def _condition(table: lawfile.Table, basis: str) -> Condition:
    return Condition(
        _code(table),
        table.text("title"),
        table.optional_fraction("minimum"),
        table.optional_text("component"),
        _source(table, basis),
    )


def _vote(table: lawfile.Table, basis: str) -> Vote:
    return Vote(
        table.fraction("quorum"),
        table.fraction("share"),
        table.optional_flag("drop_extremes"),
        _source(table, basis),
    )


def _deadline(table: lawfile.Table, basis: str) -> Deadline:
    return Deadline(table.text("code"), table.number("days"), _source(table, basis))


def _grade(table: lawfile.Table, basis: str) -> Grade:
    return Grade(
        table.number("stars"),
        table.fraction("at_least"),
        table.one_of("decided_by", ("province", "centre", "nobody")),
        _source(table, basis),
    )


def _withdrawal(table: lawfile.Table | None, basis: str) -> Withdrawal | None:
    if table is None:
        return None
    return Withdrawal(
        table.fraction("with_key"),
        table.fraction("without_key"),
        frozenset(table.texts("key_criteria")),
        _source(table, basis),
    )
