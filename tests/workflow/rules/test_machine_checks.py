"""Each check finds what was planted for it, and shows the path that proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.rules.machines import EFFECTS, GUARD_TABLE, GUARDS, workflow_of, workflows
from workflow.rules.machine import State, Transition, Workflow
from workflow.rules.machine_checks import (
    Catalogue,
    Problem,
    Property,
    RequiredDeadline,
    check,
    counter_example,
    diagram,
)

NEW, SEEN, DONE = (
    State("new", "Mới", initial=True, holder="clerk"),
    State("seen", "Đã xem", holder="leader"),
    State("done", "Xong", end=True),
)
LOOK = Transition("look", "Xem", "new", "seen", roles=("clerk",), effects=("log",))
CLOSE = Transition(
    "close", "Đóng", "seen", "done", roles=("leader",), effects=("tell",), deadline="TELL"
)
SAMPLE = workflow_of((NEW, SEEN, DONE), (LOOK, CLOSE))
CATALOGUE = Catalogue(
    guards=GUARD_TABLE,
    effects=frozenset(EFFECTS),
    deadlines=frozenset({"TELL", "LOOK"}),
    required_deadlines=(RequiredDeadline("TELL", "tell", frozenset({"dry"})),),
    properties=(Property("seen_first", "Phải xem trước.", "tell", (frozenset({"log", "seen"}),)),),
    waits_for_parent=frozenset({"warm", "release"}),
)
CATALOGUES = {"sample": CATALOGUE}


def problems(
    *transitions: Transition, states: tuple[State, ...] = (NEW, SEEN, DONE), **others: Workflow
) -> list[Problem]:
    return check(workflow_of(states, transitions), CATALOGUES, others)


def only(found: list[Problem]) -> Problem:
    (problem,) = found
    return problem


def test_a_good_definition_has_no_problem() -> None:
    assert check(SAMPLE, CATALOGUES, {}) == []


def test_a_subject_nobody_knows() -> None:
    found = only(check(replace(SAMPLE, subject="poetry"), CATALOGUES, {}))

    assert (found.kind, "poetry" in found.sentence) == ("subject", True)


def test_a_state_that_nothing_leads_to() -> None:
    lost = State("lost", "Lạc", end=True)

    found = only(problems(LOOK, CLOSE, states=(NEW, SEEN, DONE, lost)))

    assert (found.kind, "lost" in found.sentence) == ("unreachable", True)


def test_a_state_that_never_ends_comes_with_the_way_there() -> None:
    stuck = State("stuck", "Kẹt", holder="clerk")
    trap = Transition("trap", "Sa lầy", "seen", "stuck", roles=("clerk",))

    found = only(problems(LOOK, CLOSE, trap, states=(NEW, SEEN, DONE, stuck)))

    assert found.kind == "endless"
    assert found.trace == ("new --look--> seen", "seen --trap--> stuck")


@pytest.mark.parametrize("system", [False, True])
def test_an_end_that_opens_again(system: bool) -> None:
    again = Transition("again", "Mở lại", "done", "new", roles=() if system else ("clerk",))

    found = only(problems(LOOK, CLOSE, replace(again, system=system)))

    assert found.kind == "reopened"
    assert found.trace == ("new --look--> seen", "seen --close--> done", "done --again--> new")


def test_an_end_may_lead_to_another_end() -> None:
    void = State("void", "Hủy", end=True)
    drop = Transition("drop", "Hủy", "done", "void", roles=("clerk",))

    assert problems(LOOK, CLOSE, drop, states=(NEW, SEEN, DONE, void)) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"guards": ("wet",)}, "wet"),
        ({"effects": ("log", "dance")}, "dance"),
        ({"roles": ("king",)}, "king"),
        ({"deadline": "SOON"}, "SOON"),
    ],
)
def test_a_name_outside_the_catalogue(change: dict[str, object], name: str) -> None:
    found = only(problems(replace(LOOK, **change), CLOSE))

    assert found.kind == "unknown"
    assert f"“{name}”" in found.sentence
    assert "new --look--> seen" in found.sentence


def test_a_step_for_people_without_a_role() -> None:
    assert only(problems(replace(LOOK, roles=()), CLOSE)).kind == "actor"


def test_a_step_of_the_system_with_a_role() -> None:
    assert only(problems(replace(LOOK, system=True), CLOSE)).kind == "actor"


@pytest.mark.parametrize("deadline", [None, "LOOK"])
def test_a_step_without_the_deadline_the_law_gives_it(deadline: str | None) -> None:
    found = only(problems(LOOK, replace(CLOSE, deadline=deadline)))

    assert (found.kind, "TELL" in found.sentence) == ("deadline", True)


def test_a_guard_may_free_a_step_of_its_deadline() -> None:
    assert problems(LOOK, replace(CLOSE, deadline=None, guards=("dry",))) == []


def test_a_definition_that_lost_the_step_with_the_deadline() -> None:
    found = problems(LOOK, replace(CLOSE, effects=()))

    # The property speaks of the same effect: it would hold of nothing.
    assert [problem.kind for problem in found] == ["deadline", "seen_first"]


CHILD_STATES = (
    State("given", "Đã giao", initial=True, holder="clerk"),
    State("back", "Đã trả", end=True),
)
GIVE = replace(LOOK, opens=("errand",))
RETURN = Transition("return", "Trả", "given", "back", roles=("clerk",), guards=("dry",))


def errand(*transitions: Transition) -> Workflow:
    return replace(workflow_of(CHILD_STATES, transitions), name="errand")


def test_a_child_that_ends_by_itself() -> None:
    assert problems(GIVE, CLOSE, errand=errand(RETURN)) == []


def test_a_child_without_a_definition() -> None:
    found = only(problems(GIVE, CLOSE))

    assert (found.kind, "errand" in found.sentence) == ("join", True)


@pytest.mark.parametrize(
    "waiting",
    [
        replace(RETURN, guards=("dry", "warm")),
        Transition("release", "Thả", "given", "back", system=True),
    ],
    ids=["by a guard", "by a trigger"],
)
def test_a_child_that_waits_for_its_parent(waiting: Transition) -> None:
    assert only(problems(GIVE, CLOSE, errand=errand(waiting))).kind == "join"
    # Another way out, free of the parent, is enough.
    assert problems(GIVE, CLOSE, errand=errand(waiting, RETURN)) == []


def test_a_child_that_gets_stuck_later_comes_with_the_way_there() -> None:
    states = (*CHILD_STATES, State("held", "Giữ lại", holder="clerk"))
    hold = Transition("hold", "Giữ", "given", "held", roles=("clerk",))
    release = Transition("release", "Thả", "held", "back", system=True)
    child = replace(workflow_of(states, (RETURN, hold, release)), name="errand")

    found = only(problems(GIVE, CLOSE, errand=child))

    assert (found.kind, found.trace) == ("join", ("given --hold--> held",))


def test_a_child_that_opens_its_parent() -> None:
    circle = errand(replace(RETURN, opens=("sample",)))

    found = only(problems(GIVE, CLOSE, errand=circle, sample=SAMPLE))

    assert (found.kind, "mẹ" in found.sentence) == ("join", True)


def test_a_grandchild_that_opens_the_first_of_the_line() -> None:
    child = errand(replace(RETURN, opens=("note",)))
    note = replace(errand(replace(RETURN, opens=("sample",))), name="note")

    found = only(problems(GIVE, CLOSE, errand=child, note=note, sample=SAMPLE))

    assert found.kind == "join"


def test_a_path_around_a_property_is_shown_step_by_step() -> None:
    skip = Transition("skip", "Bỏ qua", "new", "seen", roles=("clerk",))

    found = only(problems(LOOK, CLOSE, skip))

    assert found.kind == "seen_first"
    assert found.trace == ("new --skip--> seen", "seen --close--> done")
    assert str(found) == (
        "sample: Phải xem trước.\n    new --skip--> seen\n    seen --close--> done"
    )


def test_what_voids_an_earlier_act_is_believed() -> None:
    forget = Transition("forget", "Quên", "seen", "seen", roles=("clerk",), effects=("count",))
    wanted = replace(CATALOGUE.properties[0], lost_by=frozenset({"count"}))

    trace = counter_example(workflow_of((NEW, SEEN, DONE), (LOOK, CLOSE, forget)), wanted)

    assert trace == (LOOK, forget, CLOSE)


def test_a_property_whose_words_the_definition_does_not_use() -> None:
    wanted = replace(CATALOGUE.properties[0], lost_by=frozenset({"drafting"}))
    catalogues = {"sample": replace(CATALOGUE, properties=(wanted,))}

    found = only(check(SAMPLE, catalogues, {}))

    assert (found.kind, "drafting" in found.sentence) == ("seen_first", True)


def paths(workflow: Workflow, length: int) -> Iterator[tuple[Transition, ...]]:
    """Every path of exactly that many steps."""
    if length == 0:
        yield ()
        return
    for path in paths(workflow, length - 1):
        end = path[-1].target if path else workflow.initial
        for step in workflow.transitions:
            if step.source == end:
                yield (*path, step)


def breaks(path: tuple[Transition, ...], wanted: Property) -> bool:
    """Whether the last step bears the target though no act before it still stands."""
    if wanted.target not in path[-1].marks:
        return False
    return not any(
        any(need <= act.marks for need in wanted.needs)
        and all(wanted.lost_by.isdisjoint(later.marks) for later in path[position + 1 :])
        for position, act in enumerate(path)
    )


MARKS = (*GUARDS, *EFFECTS, "s0", "s1", "s2")


@given(
    workflows(max_states=3, max_transitions=5),
    st.builds(
        Property,
        name=st.just("any"),
        sentence=st.just("Bất kỳ."),
        target=st.sampled_from(MARKS),
        needs=st.lists(
            st.frozensets(st.sampled_from(MARKS), min_size=1, max_size=2), max_size=2
        ).map(tuple),
        lost_by=st.frozensets(st.sampled_from(MARKS), max_size=2),
    ),
)
def test_the_search_agrees_with_trying_every_path(workflow: Workflow, wanted: Property) -> None:
    # States × marker: a shortest counter-example visits none of these places twice.
    longest = 2 * len(workflow.states)
    shortest = next(
        (
            length
            for length in range(1, longest + 1)
            if any(breaks(path, wanted) for path in paths(workflow, length))
        ),
        None,
    )

    trace = counter_example(workflow, wanted)

    assert (None if trace is None else len(trace)) == shortest
    if trace is not None:
        assert trace in set(paths(workflow, len(trace)))
        assert breaks(trace, wanted)


@given(workflows())
def test_in_a_checked_definition_final_is_final(workflow: Workflow) -> None:
    kinds = {problem.kind for problem in check(workflow, CATALOGUES, {})}
    ends = {state.name for state in workflow.states if state.end}
    reached = set(ends)
    for _ in workflow.states:
        reached |= {step.target for step in workflow.transitions if step.source in reached}

    assert (reached == ends) == ("reopened" not in kinds)


def test_the_diagram_says_everything_once_and_in_order() -> None:
    twin = replace(LOOK, roles=("leader",))
    auto = Transition("expire", 'Quá hạn; "đóng"', "new", "done", system=True)

    assert diagram(workflow_of((NEW, SEEN, DONE), (LOOK, twin, CLOSE, auto))) == (
        "%% Mẫu (sample, version 1)\n"
        "stateDiagram-v2\n"
        '    state "Mới" as new\n'
        '    state "Đã xem" as seen\n'
        '    state "Xong" as done\n'
        "    [*] --> new\n"
        "    new --> seen : Xem\n"
        "    seen --> done : Đóng\n"
        "    new --> done : Quá hạn#59; #34;đóng#34; (hệ thống)\n"
        "    done --> [*]\n"
    )
