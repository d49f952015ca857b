"""A definition's text: read as it is, or refused at the place that is wrong."""

from __future__ import annotations

import hashlib

import pytest

from workflow.rules.errors import InvalidDefinition
from workflow.rules.machine import State, Transition, parse

TEXT = """
name = "loan"
version = 3
title = "Mượn hồ sơ"
subject = "loan"

[[state]]
name = "asked"
label = "Đã đề nghị"
initial = true

[[state]]
name = "lent"
label = "Đang mượn"

[[state]]
name = "closed"
label = "Đã trả"
end = true

[[transition]]
trigger = "lend"
label = "Cho mượn"
from = ["asked"]
to = "lent"
roles = ["clerk", "leader"]
guards = ["file_present"]
effects = ["record_loan"]
deadline = "LEND"
opens = ["outgoing-numbered-first"]

[[transition]]
trigger = "close"
label = "Kết thúc"
from = ["asked", "lent"]
to = "closed"
system = true

[[transition]]
trigger = "remind"
label = "Nhắc"
from = ["asked", "lent"]
roles = ["clerk"]
"""


def test_reads_everything_the_text_says() -> None:
    loan = parse(TEXT)

    assert (loan.name, loan.version, loan.title, loan.subject) == ("loan", 3, "Mượn hồ sơ", "loan")
    assert loan.initial == "asked"
    assert loan.states == (
        State("asked", "Đã đề nghị", initial=True),
        State("lent", "Đang mượn"),
        State("closed", "Đã trả", end=True),
    )
    assert loan.transitions[0] == Transition(
        trigger="lend",
        label="Cho mượn",
        source="asked",
        target="lent",
        roles=("clerk", "leader"),
        guards=("file_present",),
        effects=("record_loan",),
        deadline="LEND",
        opens=("outgoing-numbered-first",),
    )


def test_a_list_of_sources_is_one_transition_each() -> None:
    closing = [step for step in parse(TEXT).transitions if step.trigger == "close"]

    assert [(step.source, step.target) for step in closing] == [
        ("asked", "closed"),
        ("lent", "closed"),
    ]
    assert all(step.system for step in closing)


def test_without_a_target_the_case_stays_where_it_is() -> None:
    reminding = [step for step in parse(TEXT).transitions if step.trigger == "remind"]

    assert [(step.source, step.target) for step in reminding] == [
        ("asked", "asked"),
        ("lent", "lent"),
    ]


def test_the_digest_names_the_exact_text() -> None:
    assert parse(TEXT).digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert parse(TEXT).digest != parse(TEXT + "# a remark\n").digest


def test_a_step_prints_as_a_line_of_a_trace() -> None:
    assert str(parse(TEXT).transitions[0]) == "asked --lend--> lent"


def test_finds_states_by_name() -> None:
    assert parse(TEXT).state("lent").label == "Đang mượn"
    with pytest.raises(KeyError):
        parse(TEXT).state("lost")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "loan"', "name = ", "workflow"),
        ('title = "Mượn hồ sơ"', "", "workflow.title"),
        ("version = 3", 'version = "3"', "workflow.version"),
        ('subject = "loan"', 'subject = "loan"\nowner = "me"', "workflow"),
        ("initial = true", "initial = 1", "workflow.state[1].initial"),
        ("initial = true", "", "workflow.state"),
        ("end = true", "end = true\ninitial = true", "workflow.state"),
        ('name = "lent"', 'name = "asked"', "workflow.state"),
        ('name = "lent"', 'name = "Lent"', "workflow.state[2].name"),
        ('label = "Đang mượn"', 'label = " "', "workflow.state[2].label"),
        ('label = "Đang mượn"', 'label = "Đang mượn"\nfinal = true', "workflow.state[2]"),
        ('trigger = "lend"', 'trigger = "len-d"', "workflow.transition[1].trigger"),
        ('to = "lent"', 'to = "lost"', "workflow.transition[1]"),
        ('from = ["asked"]', 'from = ["lost"]', "workflow.transition[1]"),
        ('from = ["asked"]', "from = []", "workflow.transition[1].from"),
        ('from = ["asked"]', 'from = ["asked", "asked"]', "workflow.transition[1].from"),
        ('from = ["asked"]', 'from = "asked"', "workflow.transition[1].from"),
        # A misspelt key must not silently drop a guard.
        ("guards = ", "guard = ", "workflow.transition[1]"),
        ('roles = ["clerk", "leader"]', 'roles = ["clerk", 7]', "workflow.transition[1].roles"),
        ("system = true", 'system = "yes"', "workflow.transition[2].system"),
    ],
)
def test_refuses_a_wrong_text_at_its_place(old: str, new: str, place: str) -> None:
    assert TEXT.count(old) >= 1

    with pytest.raises(InvalidDefinition) as refusal:
        parse(TEXT.replace(old, new, 1))

    assert refusal.value.place == place
