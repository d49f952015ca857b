"""Workflows as data: parse a definition, decide a step, list the steps a person sees.

A definition is a TOML text; this module reads the text and nothing else. A *trigger* is an
imperative verb that somebody fires in a *state*; *guards* are pure sentences over facts; *effects*
are names whose work the office does in the same transaction. A running case stays on the text it
started with, named by its SHA-256 digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from workflow.rules import lawfile
from workflow.rules.errors import Forbidden, GuardsUnmet, InvalidDefinition, TransitionNotAllowed
from workflow.rules.lawfile import Table
from workflow.rules.roles import missing_role

F = TypeVar("F")
Guard = Callable[[F], str | tuple[str, ...] | None]
"""Returns nothing when it holds, or the Vietnamese sentences that say why it does not."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a case stands. `end`: nobody owes a move any more; from an end only ends are reached
    (a filed document may still be recalled, it never becomes unfinished again)."""

    name: str
    label: str
    initial: bool = False
    end: bool = False
    holder: str | None = None
    """Whose move it is: a role (`clerk`, `office:specialist`), or a name of the subject's catalogue
    (`drafter`); None where only the system moves on."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose move it is: one person, or a unit, or whoever has a role; in the organisation that is
    `party` to the case ("": its own)."""

    role: str | None = None
    unit_id: UUID | None = None
    person_id: UUID | None = None
    party: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step from one state to one state, by people of some role or by the system itself."""

    trigger: str
    label: str
    source: str
    target: str
    roles: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    deadline: str | None = None
    """Code of the deadline by which this step is due."""
    opens: tuple[str, ...] = ()
    """Names of the definitions of the child cases it opens."""
    system: bool = False
    """Fired by a job or by another case, never by a person."""
    when: tuple[str, ...] = ()
    """Guards that choose between branches of one trigger: where they hold for some branch, the
    others are not meant, and say nothing of what they would lack."""

    @property
    def marks(self) -> frozenset[str]:
        """What this step leaves behind in a path: its effects, its guards (which held) and the
        state it reached. Named properties speak of these."""
        return frozenset((*self.effects, *self.when, *self.guards, self.target))

    def __str__(self) -> str:
        return f"{self.source} --{self.trigger}--> {self.target}"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A parsed definition."""

    name: str
    version: int
    title: str
    subject: str
    """Which catalogue of facts, guards and effects it uses."""
    digest: str
    """SHA-256 (hex) of the definition's UTF-8 text."""
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    initial: str

    def state(self, name: str) -> State:
        """The state of that name; KeyError if there is none."""
        for state in self.states:
            if state.name == name:
                return state
        raise KeyError(name)

    def leaving(self, state: str, *, system: bool) -> tuple[Transition, ...]:
        """The steps from `state` that people (or, if `system`, jobs and other cases) fire."""
        return tuple(t for t in self.transitions if t.source == state and t.system == system)


@dataclass(frozen=True, slots=True)
class Option:
    """A button: what it is called, where it leads, and why it is grey if it is."""

    trigger: str
    label: str
    target: str
    allowed: bool
    reasons: tuple[str, ...]
    deadline: str | None


def decide(
    workflow: Workflow,
    state: str,
    trigger: str,
    roles: Collection[str],
    facts: F,
    guards: Mapping[str, Guard[F]],
    *,
    system: bool = False,
) -> Transition:
    """The transition that `trigger` means now: the first permitted one whose guards all hold.

    Raises TransitionNotAllowed (no such step here), Forbidden (a step, but not for these roles)
    or GuardsUnmet (every sentence of every branch that is meant and open to the actor).
    """
    steps = workflow.leaving(state, system=system)
    named = [step for step in steps if step.trigger == trigger]
    if not named:
        labels = [step.label for step in workflow.transitions if step.trigger == trigger]
        raise TransitionNotAllowed(
            state,
            trigger,
            _distinct(step.trigger for step in steps),
            state_label=workflow.state(state).label,
            trigger_label=labels[0] if labels else "",
        )
    permitted = [step for step in named if system or not set(roles).isdisjoint(step.roles)]
    if not permitted:
        raise Forbidden(_distinct(role for step in named for role in step.roles))
    meant = [step for step in permitted if not any(guards[name](facts) for name in step.when)]
    unmet: list[str] = []
    for step in meant or permitted:
        reasons = [
            reason
            for name in (*step.when, *step.guards)
            for reason in _sentences(guards[name](facts))
        ]
        if not reasons:
            return step
        unmet += reasons
    raise GuardsUnmet(_distinct(unmet))


def options(
    workflow: Workflow,
    state: str,
    roles: Collection[str],
    facts: F,
    guards: Mapping[str, Guard[F]],
) -> tuple[Option, ...]:
    """One button per trigger a person could fire from `state`, in the definition's order.

    Grey exactly when `decide` would refuse, with the reasons of that refusal.
    """
    buttons: list[Option] = []
    steps = workflow.leaving(state, system=False)
    for trigger in _distinct(step.trigger for step in steps):
        shown = next(step for step in steps if step.trigger == trigger)
        reasons: tuple[str, ...] = ()
        try:
            shown = decide(workflow, state, trigger, roles, facts, guards)
        except Forbidden as refusal:
            reasons = (missing_role(refusal.needed_roles),)
        except GuardsUnmet as refusal:
            reasons = refusal.unmet
        buttons.append(
            Option(trigger, shown.label, shown.target, not reasons, reasons, shown.deadline)
        )
    return tuple(buttons)


def holder_in(
    workflow: Workflow, state: str, facts: F, named: Mapping[str, Callable[[F], Holder]]
) -> Holder:
    """Whose move it is in `state`: nobody's at an end or where only the system moves.

    `named` are the holders of the subject's catalogue; any other name is a role.
    """
    name = workflow.state(state).holder
    if name is None:
        return Holder()
    if name in named:
        return named[name](facts)
    party, _, role = name.rpartition(":")
    return Holder(role=role, party=party)


def parse(text: str) -> Workflow:
    """Read a definition. Raises InvalidDefinition with the place of the first thing wrong.

    Only the shape is judged here (keys, types, names, known states, one initial state); what the
    definition *means* is judged by `machine_checks.check`.
    """
    root = lawfile.read("workflow", text)
    name = root.text("name")
    version = root.number("version")
    title = root.text("title")
    subject = root.text("subject")
    states = tuple(_state(table) for table in root.tables("state"))
    known = [state.name for state in states]
    if len(set(known)) != len(known):
        raise InvalidDefinition("workflow.state", "có trạng thái khai báo nhiều lần")
    initial = [state.name for state in states if state.initial]
    if len(initial) != 1:
        raise InvalidDefinition("workflow.state", "phải có đúng một trạng thái đầu (initial)")
    transitions = tuple(
        transition
        for table in root.tables("transition")
        for transition in _transitions(table, known)
    )
    root.close()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Workflow(name, version, title, subject, digest, states, transitions, initial[0])


def _state(table: Table) -> State:
    state = State(
        name=_identifier(table, "name", table.text("name")),
        label=table.text("label"),
        initial=table.optional_flag("initial"),
        end=table.optional_flag("end"),
        holder=table.optional_text("holder"),
    )
    table.close()
    return state


def _transitions(table: Table, known: Sequence[str]) -> tuple[Transition, ...]:
    """One transition per source. Without a `to` the case stays where it is."""
    sources = table.texts("from")
    target = table.optional_text("to")
    trigger = _identifier(table, "trigger", table.text("trigger"))
    label = table.text("label")
    roles, guards = table.optional_texts("roles"), table.optional_texts("guards")
    effects, opens = table.optional_texts("effects"), table.optional_texts("opens")
    deadline, system = table.optional_text("deadline"), table.optional_flag("system")
    when = table.optional_texts("when")
    table.close()
    if not sources or len(set(sources)) != len(sources):
        raise InvalidDefinition(f"{table.place}.from", "phải có trạng thái, không lặp lại")
    for state in (*sources, target or sources[0]):
        if state not in known:
            raise InvalidDefinition(table.place, f"không có trạng thái “{state}”")
    return tuple(
        Transition(
            trigger=trigger,
            label=label,
            source=source,
            target=target or source,
            roles=roles,
            guards=guards,
            effects=effects,
            deadline=deadline,
            opens=opens,
            system=system,
            when=when,
        )
        for source in sources
    )


def _identifier(table: Table, key: str, name: str) -> str:
    # States and triggers are written into rows, URLs and diagrams as they are.
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InvalidDefinition(f"{table.place}.{key}", "chỉ gồm chữ thường, chữ số và “_”")
    return name


def _sentences(said: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said or ()


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
