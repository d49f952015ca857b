"""Workflows for the tests: small random ones, the shipped ones, and ways to damage them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

import workflow
from workflow.rules.machine import Guard, State, Transition, Workflow, parse

FOLDER = Path(workflow.__file__).parent / "definitions"
SHIPPED = {path.stem: parse(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))}

TRIGGERS = ("go", "back", "stop")
GUARDS = ("dry", "warm", "light")
EFFECTS = ("log", "tell", "count")

# The facts of a random workflow are simply the names of the guards that hold.
Facts = frozenset[str]


def _guard(name: str) -> Guard[Facts]:
    return lambda facts: None if name in facts else f"Chưa {name}."


GUARD_TABLE: Mapping[str, Guard[Facts]] = {name: _guard(name) for name in GUARDS}


def workflow_of(states: tuple[State, ...], transitions: tuple[Transition, ...]) -> Workflow:
    initial = next(state.name for state in states if state.initial)
    return Workflow("sample", 1, "Mẫu", "sample", "0" * 64, states, transitions, initial)


def subsets(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), unique=True).map(tuple)


@st.composite
def workflows(draw: st.DrawFn, max_states: int = 5, max_transitions: int = 10) -> Workflow:
    count = draw(st.integers(2, max_states))
    states = tuple(
        State(f"s{n}", f"Trạng thái {n}", initial=n == 0, end=n > 0 and draw(st.booleans()))
        for n in range(count)
    )
    names = st.sampled_from([state.name for state in states])
    step = st.builds(
        Transition,
        trigger=st.sampled_from(TRIGGERS),
        label=st.just("Bước"),
        source=names,
        target=names,
        roles=subsets(("clerk", "leader")),
        when=subsets(GUARDS),
        guards=subsets(GUARDS),
        effects=subsets(EFFECTS),
        system=st.booleans(),
    )
    return workflow_of(states, tuple(draw(st.lists(step, max_size=max_transitions))))


def changed(definition: Workflow, change: Callable[[Transition], Transition | None]) -> Workflow:
    """The definition with each step changed, or dropped where the change says None."""
    steps = (change(step) for step in definition.transitions)
    return replace(definition, transitions=tuple(step for step in steps if step is not None))


def without_mark(definition: Workflow, mark: str) -> Workflow:
    """The definition with a guard or an effect struck from every step."""

    def strike(step: Transition) -> Transition:
        return replace(
            step,
            when=tuple(name for name in step.when if name != mark),
            guards=tuple(name for name in step.guards if name != mark),
            effects=tuple(name for name in step.effects if name != mark),
        )

    return changed(definition, strike)
