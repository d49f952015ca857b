"""A case: who builds a file, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from signing.keys import LiveKey
from signing.report import Integrity
from tests.hostile.paper import Paper
from tests.signing.pki import Pki, Profile
from tests.signing.trusted import House

INTACT: frozenset[Integrity] = frozenset({"INTACT"})
#: A forged file is never INTACT; how it fails is told apart where it matters.
REFUSED: frozenset[Integrity] = frozenset({"ALTERED", "UNDECIDED", "UNREADABLE"})
NOT_INTACT: frozenset[Integrity] = REFUSED | {"UNSIGNED"}
UNSIGNED: frozenset[Integrity] = frozenset({"UNSIGNED"})


class Desk:
    """Who has keys: the signers whom the office trusts, and a stranger from another authority."""

    def __init__(self) -> None:
        self.house = House.new()
        self.person = self.house.pki.issue(Profile())
        self.agency = self.house.pki.issue(Profile("ỦY BAN NHÂN DÂN XÃ TÂN HÒA"))
        self.elsewhere = Pki()
        self.stranger = self.elsewhere.issue(Profile())

    @property
    def tsa(self) -> LiveKey:
        return self.house.pki.tsa

    @cached_property
    def _signed(self) -> Paper:
        return Paper.page().end().sign(self.person)

    def signed(self) -> Paper:
        """One page, signed by a person."""
        return self._signed.copy()


Build = Callable[[Desk], bytes]
Change = Callable[[Paper], object]


@dataclass(frozen=True)
class Case:
    """`build` gives the file, of which one of `expected` must be said, because of `why`."""

    name: str
    build: Build
    expected: frozenset[Integrity]
    why: str


@dataclass
class Cases:
    """The cases of one class of files."""

    title: str
    found: dict[str, Case] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.found.values())

    def add(self, name: str, build: Build, expected: frozenset[Integrity], why: str) -> None:
        name = f"{self.title}: {name}"
        assert name not in self.found
        self.found[name] = Case(name, build, expected, why)

    def file(
        self, why: str, expected: frozenset[Integrity] = REFUSED, name: str | None = None
    ) -> Callable[[Build], Build]:
        """The decorated function builds a file."""

        def register(build: Build) -> Build:
            self.add(name or build.__name__.replace("_", " "), build, expected, why)
            return build

        return register

    def change(
        self,
        why: str,
        expected: frozenset[Integrity] = REFUSED,
        base: Callable[[Desk], Paper] = Desk.signed,
        stages: str = "last signed stamped",
    ) -> Callable[[Change], Change]:
        """The decorated function changes a signed file; an attacker may go on in several ways.

        `last`: the change is the last revision; `signed`: a stranger signs it in the same revision;
        `stamped`: a time-stamp, which anybody gets, covers it.
        """

        def register(change: Change) -> Change:
            for stage in stages.split():
                name = f"{change.__name__.replace('_', ' ')}, {stage}"
                self.add(name, staged(base, change, stage), expected, why)
            return change

        return register

    def each(
        self,
        changes: Mapping[str, Change],
        why: str,
        expected: frozenset[Integrity] = REFUSED,
        base: Callable[[Desk], Paper] = Desk.signed,
        stages: str = "last signed stamped",
    ) -> None:
        """Many changes of one sort."""
        for name, change in changes.items():
            for stage in stages.split():
                self.add(f"{name}, {stage}", staged(base, change, stage), expected, why)


def staged(base: Callable[[Desk], Paper], change: Change, stage: str) -> Build:
    """A signed file with a change, and what an attacker can put over it."""

    def build(desk: Desk) -> bytes:
        paper = base(desk)
        change(paper)
        if stage == "signed":
            paper.sign(desk.stranger, "stranger")
        else:
            paper.end()
        if stage == "stamped":
            paper.stamp(desk.tsa)
        return paper.contents

    return build
