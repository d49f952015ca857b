"""Kinds of dossier (loại hồ sơ) as data: what is asked, who appraises it, how it is decided.

A kind is a TOML text, versioned and dated by the periods it serves: a dossier stays on the version
that applied to its period. Every entry names its legal basis and how sure it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from workflow.rules.indicator import Period


class Confidence(StrEnum):
    """How sure an entry is."""

    READ = "read"  # in a published text
    DIGEST = "digest"  # in somebody's digest of it
    MEMORY = "memory"  # from memory: to be checked by a person before it is relied on
    OURS = "ours"  # a choice of this project where no text was found


@dataclass(frozen=True)
class Source:
    """What an entry rests on."""

    legal_basis: str
    confidence: Confidence


class Rule(StrEnum):
    """How a dossier is decided."""

    ALL_MET = "all_met"
    POINTS = "points"


class Stage(StrEnum):
    """By which step of the applicant a component must be there."""

    CONSULTATION = "consultation"
    MEETING = "meeting"
    SUBMISSION = "submission"


@dataclass(frozen=True)
class Component:
    """A part of the dossier (thành phần hồ sơ): a document of this system, or a signed PDF."""

    code: str
    title: str
    doc_types: tuple[str, ...]
    """Types that serve where it is a document of this system; empty: any."""
    stage: Stage
    required: bool
    source: Source


@dataclass(frozen=True)
class Slot:
    """A place for evidence of a criterion (minh chứng)."""

    code: str
    title: str
    required: bool


@dataclass(frozen=True)
class Criterion:
    """A criterion (tiêu chí) or, with `part_of`, one of its parts (chỉ tiêu, nội dung).

    Only leaves are answered and appraised; one that has parts is met when all of them are.
    """

    code: str
    title: str
    part_of: str | None
    field: str | None
    """The duty of the department that appraises it; None where it has parts."""
    points: int | None
    """The most it can be given, where the kind is decided by points."""
    figure: str | None
    """`indicator`: the answer is a frozen snapshot of the applicant's indicator, never typed."""
    targets: Mapping[str, str]
    """What is asked, in words, by commune group; "" where all groups are asked the same."""
    slots: tuple[Slot, ...]
    source: Source


@dataclass(frozen=True)
class Condition:
    """A condition beside the criteria; `minimum` percent where it is a rate, else yes or no."""

    code: str
    title: str
    minimum: Fraction | None
    component: str | None
    """The component that shows it."""
    source: Source


@dataclass(frozen=True)
class Group:
    """A group of communes that is asked other targets."""

    code: str
    title: str


@dataclass(frozen=True)
class Vote:
    """How a council decides: it may when `quorum` of its members take part, and agrees when
    `share` of those taking part do. Where points are given, `drop_extremes` leaves one highest and
    one lowest total out of the average when five or more were given."""

    quorum: Fraction
    share: Fraction
    drop_extremes: bool
    source: Source


@dataclass(frozen=True)
class Grade:
    """What so many points are worth (hạng sao); lower bounds belong to the grade."""

    stars: int
    at_least: Fraction
    decided_by: str
    """`province`, `centre` (forwarded), or `nobody`: no recognition is given."""


@dataclass(frozen=True)
class Withdrawal:
    """When recognition is lost: failed/total ≥ `without_key`, or ≥ `with_key` and one failed
    criterion is among `key_criteria`."""

    with_key: Fraction
    without_key: Fraction
    key_criteria: frozenset[str]
    source: Source


@dataclass(frozen=True)
class Kind:
    """One version of a kind of dossier."""

    code: str
    version: int
    title: str
    recognises: str
    """commune | village | product"""
    procedure: str
    """The workflow definition its dossiers follow."""
    rule: Rule
    periods_from: date
    periods_to: date | None
    requires: tuple[str, ...]
    """Kinds whose recognition the applicant must hold already."""
    groups: tuple[Group, ...]
    components: tuple[Component, ...]
    criteria: tuple[Criterion, ...]
    conditions: tuple[Condition, ...]
    vote: Vote
    days: Mapping[str, int]
    """Deadline code -> working days."""
    grades: tuple[Grade, ...]
    """From the highest; empty where the rule is ALL_MET."""
    withdrawal: Withdrawal | None
    validity_months: int | None
    source: Source
    digest: str
    text: str

    @property
    def leaves(self) -> tuple[Criterion, ...]:
        """The criteria that are answered and appraised, in order."""
        above = {criterion.part_of for criterion in self.criteria}
        return tuple(one for one in self.criteria if one.code not in above)

    @property
    def tops(self) -> tuple[Criterion, ...]:
        """The criteria that are counted (tiêu chí), in order."""
        return tuple(one for one in self.criteria if one.part_of is None)

    def criterion(self, code: str) -> Criterion:
        """The criterion of this code; KeyError if there is none."""
        for one in self.criteria:
            if one.code == code:
                return one
        raise KeyError(code)


def parse(text: str) -> Kind:
    """Read one kind. Raises InvalidDefinition with the place of the first thing wrong."""
    raise NotImplementedError


def choose(kinds: Sequence[Kind], code: str, period: Period) -> Kind:
    """The version of a kind that serves a whole period. Raises Invalid."""
    raise NotImplementedError
