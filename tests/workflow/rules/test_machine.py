"""decide and options: one step or every reason, and the buttons say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.rules.machines import (
    GUARD_TABLE,
    GUARDS,
    TRIGGERS,
    Facts,
    workflow_of,
    workflows,
)
from workflow.rules.errors import Forbidden, GuardsUnmet, TransitionNotAllowed
from workflow.rules.machine import State, Transition, Workflow, decide, options
from workflow.rules.roles import ROLE_LABELS, ROLES, missing_role

STATES = (
    State("open", "Đang mở", initial=True),
    State("shut", "Đã đóng", end=True),
    State("locked", "Đã khóa", end=True),
)
DOOR = workflow_of(
    STATES,
    (
        Transition("lock", "Khóa", "open", "locked", roles=("leader",), guards=("dry", "warm")),
        Transition("lock", "Khép", "open", "shut", roles=("clerk", "leader"), guards=("light",)),
        Transition("air", "Thông gió", "open", "open", roles=("clerk",), deadline="NOON"),
        Transition("slam", "Gió đóng", "open", "shut", system=True),
    ),
)


def fire(trigger: str, roles: tuple[str, ...], *holding: str, system: bool = False) -> Transition:
    return decide(DOOR, "open", trigger, roles, frozenset(holding), GUARD_TABLE, system=system)


def test_the_first_branch_whose_guards_all_hold_wins() -> None:
    assert fire("lock", ("leader",), "dry", "warm", "light").target == "locked"
    assert fire("lock", ("leader",), "dry", "light").target == "shut"


def test_a_branch_of_other_roles_is_not_open() -> None:
    assert fire("lock", ("clerk",), "dry", "warm", "light").target == "shut"


def test_every_unmet_sentence_of_the_open_branches_is_named() -> None:
    with pytest.raises(GuardsUnmet) as both:
        fire("lock", ("leader",))
    with pytest.raises(GuardsUnmet) as one:
        fire("lock", ("clerk",))

    assert both.value.unmet == ("Chưa dry.", "Chưa warm.", "Chưa light.")
    assert one.value.unmet == ("Chưa light.",)


def test_a_branch_that_is_not_meant_says_nothing() -> None:
    chosen = workflow_of(
        STATES,
        (
            Transition("lock", "Khóa", "open", "locked", ("clerk",), ("warm",), when=("dry",)),
            Transition("lock", "Khép", "open", "shut", ("clerk",), ("light",), when=("warm",)),
        ),
    )

    def unmet(*holding: str) -> tuple[str, ...]:
        with pytest.raises(GuardsUnmet) as refused:
            decide(chosen, "open", "lock", ("clerk",), frozenset(holding), GUARD_TABLE)
        return refused.value.unmet

    assert unmet("dry") == ("Chưa warm.",)
    assert unmet("warm") == ("Chưa light.",)
    # Where none is meant, what would choose one is named too.
    assert unmet() == ("Chưa dry.", "Chưa warm.", "Chưa light.")


def test_an_unknown_step_names_those_that_exist_here() -> None:
    with pytest.raises(TransitionNotAllowed) as refusal:
        fire("paint", ("leader",))

    assert refusal.value.allowed == ("lock", "air")


def test_people_and_the_system_do_not_fire_each_others_steps() -> None:
    assert fire("slam", (), system=True).target == "shut"
    with pytest.raises(TransitionNotAllowed):
        fire("slam", ROLES)
    with pytest.raises(TransitionNotAllowed) as refusal:
        fire("lock", ROLES, "dry", "warm", system=True)

    assert refusal.value.allowed == ("slam",)


def test_a_missing_role_names_all_that_would_do() -> None:
    with pytest.raises(Forbidden) as refusal:
        fire("lock", ("auditor",), "dry", "warm", "light")

    assert refusal.value.needed_roles == ("leader", "clerk")


def test_buttons_are_one_per_trigger_and_say_why_they_are_grey() -> None:
    lock, air = options(DOOR, "open", ("leader",), frozenset({"dry", "light"}), GUARD_TABLE)

    assert (lock.trigger, lock.label, lock.target, lock.allowed) == ("lock", "Khép", "shut", True)
    assert (lock.reasons, lock.deadline) == ((), None)
    assert (air.allowed, air.deadline) == (False, "NOON")
    assert air.reasons == ("Cần vai trò văn thư.",)


def test_nothing_is_offered_where_nothing_leads_on() -> None:
    assert options(DOOR, "shut", ROLES, frozenset(GUARDS), GUARD_TABLE) == ()


def test_every_role_has_its_word() -> None:
    assert set(ROLES) == set(ROLE_LABELS)
    assert missing_role(("clerk", "leader")) == "Cần vai trò văn thư hoặc lãnh đạo cơ quan."


role_sets = st.sets(st.sampled_from(("clerk", "leader", "auditor")))
facts_sets = st.frozensets(st.sampled_from(GUARDS))


def expected(
    workflow: Workflow, state: str, trigger: str, roles: set[str], facts: Facts, system: bool
) -> Transition | None:
    """Said again in other words: the first line of the definition that fits."""
    for step in workflow.transitions:
        here = (step.source, step.trigger, step.system) == (state, trigger, system)
        if here and (system or roles & set(step.roles)) and set(step.when + step.guards) <= facts:
            return step
    return None


@given(workflows(), role_sets, facts_sets, st.booleans())
def test_decide_takes_the_first_line_that_fits(
    workflow: Workflow, roles: set[str], facts: Facts, system: bool
) -> None:
    for state in workflow.states:
        for trigger in TRIGGERS:
            wanted = expected(workflow, state.name, trigger, roles, facts, system)
            try:
                taken = decide(
                    workflow, state.name, trigger, roles, facts, GUARD_TABLE, system=system
                )
            except (TransitionNotAllowed, Forbidden, GuardsUnmet):
                assert wanted is None
            else:
                assert taken is wanted


def refusal(
    workflow: Workflow, state: str, trigger: str, roles: set[str], facts: Facts
) -> tuple[str, ...] | None:
    """Why decide refuses; nothing where it agrees, None where there is no such step."""
    try:
        decide(workflow, state, trigger, roles, facts, GUARD_TABLE)
    except TransitionNotAllowed:
        return None
    except Forbidden as no:
        return (missing_role(no.needed_roles),)
    except GuardsUnmet as no:
        return no.unmet
    return ()


@given(workflows(), role_sets, facts_sets)
def test_decide_agrees_with_options(workflow: Workflow, roles: set[str], facts: Facts) -> None:
    for state in workflow.states:
        shown = options(workflow, state.name, roles, facts, GUARD_TABLE)
        refusals = {
            trigger: reasons
            for trigger in TRIGGERS
            if (reasons := refusal(workflow, state.name, trigger, roles, facts)) is not None
        }

        assert {option.trigger: option.reasons for option in shown} == refusals
        assert len(shown) == len(refusals)
        for option in shown:
            assert option.allowed == (option.reasons == ())
            if option.allowed:
                step = decide(workflow, state.name, option.trigger, roles, facts, GUARD_TABLE)
                assert (option.target, option.label) == (step.target, step.label)
                assert option.deadline == step.deadline
