"""Which PAdES level a signature must reach, by the kind of its document, as data.

The levels are effective-dated (`signing_levels.toml`): the law names none, so an office may choose
others, and what was signed under one rule was right under that rule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflow.rules import lawfile
from workflow.rules.citations import Confidence
from workflow.rules.errors import InvalidDefinition

#: What no rule names; the copy made from paper (ND 30/2020 Art. 25.1.c).
DEFAULT, DIGITISED = "default", "digitised"


class Level(StrEnum):
    """The PAdES baseline levels, the lowest first (EN 319 142-1 §6)."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"

    def below(self, other: Level) -> bool:
        """Whether a signature at this level falls short of `other`."""
        order = list(Level)
        return order.index(self) < order.index(other)


@dataclass(frozen=True)
class Demand:
    """The level one signature must reach, and the lower one that will do for a while, if any."""

    level: Level
    meanwhile: Level | None


@dataclass(frozen=True)
class LevelRule:
    """The level of some kinds of documents while it is in force, both dates included."""

    kinds: tuple[str, ...]
    level: Level
    meanwhile: Level | None
    valid_from: date
    valid_to: date | None
    legal_basis: str
    confidence: Confidence

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def demanded(rules: Sequence[LevelRule], kind: str, on: date, *, last: bool) -> Demand:
    """Return what is demanded of a signature on a document of this kind on this day.

    `last`: no signature comes after it in the file. The archive time-stamp stands over all of them,
    so an earlier one needs no more than its own validation data. Raises InvalidDefinition when no
    rule is in force yet.
    """
    in_force = [rule for rule in rules if rule.in_force(on)]
    for wanted in (kind, DEFAULT):
        for rule in in_force:
            if wanted in rule.kinds:
                return _demand(rule, last)
    raise InvalidDefinition("signing_levels", f"chưa có mức ký cho ngày {on:%d/%m/%Y}")


def _demand(rule: LevelRule, last: bool) -> Demand:
    level = rule.level if last or rule.level.below(Level.B_LT) else Level.B_LT
    lower = rule.meanwhile is not None and rule.meanwhile.below(level)
    return Demand(level, rule.meanwhile if lower else None)


def parse(text: str, doc_types: Collection[str]) -> tuple[LevelRule, ...]:
    """Read `signing_levels.toml`, which may name these types of documents.

    Raises InvalidDefinition with the place of the mistake.
    """
    root = lawfile.read("signing_levels", text)
    known = {*doc_types, DEFAULT, DIGITISED}
    rules: list[LevelRule] = []
    for table in root.tables("level"):
        meanwhile = table.optional_one_of("meanwhile", Level)
        rule = LevelRule(
            kinds=table.texts("kinds"),
            level=Level(table.one_of("level", Level)),
            meanwhile=None if meanwhile is None else Level(meanwhile),
            valid_from=table.day("valid_from"),
            valid_to=table.optional_day("valid_to"),
            legal_basis=table.text("legal_basis"),
            confidence=Confidence(table.one_of("confidence", Confidence)),
        )
        table.close()
        _check(table.place, rule, known, rules)
        rules.append(rule)
    root.close()
    if not any(DEFAULT in rule.kinds and rule.valid_to is None for rule in rules):
        raise InvalidDefinition("signing_levels.level", f"thiếu mức “{DEFAULT}” không thời hạn")
    return tuple(rules)


def _check(
    place: str, rule: LevelRule, known: Collection[str], others: Sequence[LevelRule]
) -> None:
    if not rule.kinds or len(set(rule.kinds)) != len(rule.kinds):
        raise InvalidDefinition(f"{place}.kinds", "phải có loại văn bản, không lặp lại")
    unknown = sorted(set(rule.kinds) - set(known))
    if unknown:
        raise InvalidDefinition(f"{place}.kinds", f"không có loại văn bản {unknown}")
    if rule.meanwhile is not None and not rule.meanwhile.below(rule.level):
        raise InvalidDefinition(f"{place}.meanwhile", f"phải thấp hơn mức {rule.level}")
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        raise InvalidDefinition(f"{place}.valid_to", "sớm hơn valid_from")
    for other in others:
        shared = sorted(set(rule.kinds) & set(other.kinds))
        if shared and _overlap(rule, other):
            raise InvalidDefinition(place, f"{shared} có hai mức ký cùng một thời gian")


def _overlap(one: LevelRule, other: LevelRule) -> bool:
    first, second = sorted((one, other), key=lambda rule: rule.valid_from)
    return first.valid_to is None or second.valid_from <= first.valid_to
