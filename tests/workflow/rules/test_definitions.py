"""The shipped definitions: they pass, and they stop passing when the law is taken out of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from uuid import UUID

import pytest

from tests.workflow.rules.documents import DRAFTER, INCOMING, LEADER, OUTGOING
from tests.workflow.rules.machines import SHIPPED, changed, without_mark
from workflow.rules import incoming, outgoing
from workflow.rules.catalogues import CATALOGUES
from workflow.rules.errors import GuardsUnmet
from workflow.rules.machine import Transition, Workflow, decide
from workflow.rules.machine_checks import Property, check, diagram
from workflow.rules.roles import ROLES

OUTGOING_NAMES = ("outgoing", "outgoing-numbered-first")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_definition_has_no_problem(name: str) -> None:
    assert [str(problem) for problem in check(SHIPPED[name], CATALOGUES, SHIPPED)] == []
    assert SHIPPED[name].name == name


@pytest.mark.parametrize("subject", CATALOGUES)
def test_every_name_of_a_catalogue_is_used(subject: str) -> None:
    steps = [
        step
        for definition in SHIPPED.values()
        if definition.subject == subject
        for step in definition.transitions
    ]
    catalogue = CATALOGUES[subject]

    assert {name for step in steps for name in (*step.when, *step.guards)} == set(catalogue.guards)
    assert {name for step in steps for name in step.effects} == catalogue.effects
    assert {step.deadline for step in steps} - {None} == catalogue.deadlines
    assert {law.code for law in catalogue.required_deadlines} == catalogue.deadlines


def test_a_definition_that_lost_its_approval_is_caught_with_the_way_around() -> None:
    def skip_approval(step: Transition) -> Transition | None:
        if step.trigger == "approve":
            return None
        return replace(step, source="content_checked") if step.trigger == "check_format" else step

    found = check(changed(SHIPPED["outgoing"], skip_approval), CATALOGUES, SHIPPED)

    by_kind = {problem.kind: problem for problem in found}
    assert {"approved_before_signing", "approved_before_numbering", "approved_before_issue"} <= (
        set(by_kind)
    )
    assert str(by_kind["approved_before_issue"]) == (
        "outgoing: Không được phát hành khi người có thẩm quyền, không phải người soạn thảo,"
        " chưa duyệt.\n"
        "    drafting --submit--> submitted\n"
        "    submitted --check_content--> content_checked\n"
        "    content_checked --check_format--> format_checked\n"
        "    format_checked --sign--> signing\n"
        "    signing --record_signature--> signed\n"
        "    signed --number--> numbered\n"
        "    numbered --seal--> sealing\n"
        "    sealing --record_seal--> sealed\n"
        "    sealed --issue--> issued"
    )


def test_a_way_back_to_drafting_that_keeps_the_reviews_is_caught() -> None:
    edit = Transition("edit", "Sửa", "format_checked", "drafting", roles=("specialist",))
    jump = Transition("jump", "Trình lại", "drafting", "format_checked", roles=("specialist",))
    definition = SHIPPED["outgoing"]
    damaged = replace(definition, transitions=(*definition.transitions, edit, jump))

    kinds = {problem.kind for problem in check(damaged, CATALOGUES, SHIPPED)}

    assert {"content_checked_before_issue", "approved_before_issue"} <= kinds


def test_a_second_signature_that_skips_the_reviews_is_caught() -> None:
    again = Transition(
        "sign_again",
        "Ký thêm",
        "signed",
        "signing",
        roles=("leader",),
        guards=("signer_is_next", "signer_is_competent"),
        effects=("record_signing_intent",),
    )
    definition = SHIPPED["outgoing"]
    damaged = replace(definition, transitions=(*definition.transitions, again))

    found = [problem for problem in check(damaged, CATALOGUES, SHIPPED) if problem.trace]

    assert [problem.kind for problem in found] == ["reviews_hold_at_signing"]
    assert found[0].trace[-1] == "signed --sign_again--> signing"


LAW = [
    (name, wanted, mark)
    for name, definition in SHIPPED.items()
    for wanted in CATALOGUES[definition.subject].properties
    if len(wanted.needs) == 1
    for mark in sorted(wanted.needs[0])
    if mark != wanted.target
]


@pytest.mark.parametrize(
    ("name", "wanted", "mark"), LAW, ids=[f"{name}-{p.name}-{mark}" for name, p, mark in LAW]
)
def test_each_mark_a_property_needs_is_missed(name: str, wanted: Property, mark: str) -> None:
    found = check(without_mark(SHIPPED[name], mark), CATALOGUES, SHIPPED)

    assert any(problem.kind == wanted.name and problem.trace for problem in found)


@pytest.mark.parametrize(
    ("name", "mark", "kind"),
    [
        ("outgoing", "store_agency_signature", "sealed_before_issue"),
        ("outgoing", "files_sealed", "sealed_before_issue"),
        ("outgoing-numbered-first", "seal_holds", "sealed_before_issue"),
        ("outgoing-numbered-first", "seal_not_required", "sealed_before_issue"),
        ("outgoing", "no_signer_remains", "paper_numbered_after_signing"),
        ("outgoing-numbered-first", "electronic", "paper_numbered_after_signing"),
        ("incoming", "record_verdict", "verified_before_registration"),
        ("incoming", "digitised_copy_holds", "verified_before_registration"),
        ("incoming", "record_inspection", "verified_before_registration"),
        ("incoming", "assign_handlers", "assigned_before_completion"),
        ("incoming", "inform_readers", "assigned_before_completion"),
        ("incoming", "handler_determined", "assigned_before_completion"),
    ],
)
def test_each_alternative_of_a_property_is_missed(name: str, mark: str, kind: str) -> None:
    found = check(without_mark(SHIPPED[name], mark), CATALOGUES, SHIPPED)

    assert any(problem.kind == kind and problem.trace for problem in found)


BOUND = [
    (name, step)
    for name, definition in SHIPPED.items()
    for step in definition.transitions
    for law in CATALOGUES[definition.subject].required_deadlines
    if law.effect in step.effects and law.unless.isdisjoint(step.guards)
]


@pytest.mark.parametrize(("name", "bound"), BOUND, ids=[f"{name}: {step}" for name, step in BOUND])
def test_each_deadline_of_the_law_is_missed(name: str, bound: Transition) -> None:
    damaged = changed(
        SHIPPED[name], lambda step: replace(step, deadline=None) if step == bound else step
    )

    found = check(damaged, CATALOGUES, SHIPPED)

    assert [problem.kind for problem in found] == ["deadline"]
    assert str(bound) in found[0].sentence


@pytest.mark.parametrize("name", ["task", "reading"])
def test_a_child_that_only_the_recall_of_its_document_ends_is_caught(name: str) -> None:
    def only_withdrawal(step: Transition) -> Transition | None:
        ends = SHIPPED[name].state(step.target).end
        return None if ends and step.trigger != "withdraw" else step

    others = {**SHIPPED, name: changed(SHIPPED[name], only_withdrawal)}

    found = check(SHIPPED["incoming"], CATALOGUES, others)

    assert found
    assert {problem.kind for problem in found} == {"join"}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_diagram_shows_every_state_and_step(name: str) -> None:
    definition = SHIPPED[name]
    text = diagram(definition)

    assert text == diagram(definition)
    for state in definition.states:
        assert f'state "{state.label}" as {state.name}\n' in text
    for step in definition.transitions:
        assert f"{step.source} --> {step.target} : {step.label}" in text


@pytest.mark.parametrize("name", SHIPPED)
def test_what_has_ended_never_becomes_unfinished(name: str) -> None:
    ends = {state.name for state in SHIPPED[name].states if state.end}

    assert all(step.target in ends for step in SHIPPED[name].transitions if step.source in ends)


# Random walks: an oracle that knows nothing of properties or markers, only what was done when.


@dataclass(frozen=True)
class Act:
    step: Transition
    facts: outgoing.OutgoingFacts


def shaken(dice: random.Random) -> outgoing.OutgoingFacts:
    """Facts in which any field may be as bad as it can be, though most are well."""
    people = (DRAFTER, LEADER, UUID(int=5), None)
    bad: dict[str, object] = {
        "actor_id": dice.choice(people),
        "drafter_id": dice.choice(people[:3]),
        "drafting_unit_id": UUID(int=9),
        "actor_heads_drafting_unit": False,
        "actor_charged_with_format": False,
        "actor_incompetence": "Không có thẩm quyền.",
        "actor_custody_unmet": "Không giữ khóa.",
        "draft_unreadable": "Không đọc được.",
        "content_checked_by": None,
        "approved_by": dice.choice((None, DRAFTER)),
        "format_checked_by": None,
        "next_signer_id": dice.choice(people),
        "signer_ids": (),
        "signers_remaining": 1,
        "persons_unmet": ("Không hợp lệ.",),
        "number": None,
        "register_mismatch": "Khác sổ.",
        "seal_required": False,
        "seal_unmet": ("Không hợp lệ.",),
        "files_unsealed": 1,
        "recipients": 0,
        "recipients_unsent": 1,
        "filed": True,
        "paper": True,
        "original_unmet": "Không phù hợp.",
    }
    assert set(bad) == {field.name for field in fields(OUTGOING)}
    facts = replace(OUTGOING, actor_id=dice.choice(people), number=dice.choice((None, "05")))
    chosen = {name: value for name, value in bad.items() if dice.random() < 0.06}
    return replace(facts, **chosen)


# Steps that end a walk early or send it back: taken, but seldom.
SIDE = {"recall", "return", "cancel", "withdraw", "void_number", "verify_again"}


def wish_from(definition: Workflow, state: str, dice: random.Random) -> Transition | None:
    steps = [step for step in definition.transitions if step.source == state]
    weights = [0.1 if step.trigger in SIDE else 1.0 for step in steps]
    return dice.choices(steps, weights)[0] if steps else None


def stroll(definition: Workflow, dice: random.Random, length: int = 60) -> list[Act]:
    """Fire whatever the dice name; refused steps leave the case where it was."""
    state, acts = definition.initial, []
    for _ in range(length):
        wish, facts = wish_from(definition, state, dice), shaken(dice)
        if wish is None:
            break
        try:
            step = decide(
                definition,
                state,
                wish.trigger,
                ROLES,
                facts,
                outgoing.GUARDS,
                system=wish.system,
            )
        except GuardsUnmet:
            continue
        acts.append(Act(step, facts))
        state = step.target
    return acts


def last(acts: list[Act], trigger: str) -> Act | None:
    return next((act for act in reversed(acts) if act.step.trigger == trigger), None)


@pytest.mark.parametrize("name", OUTGOING_NAMES)
def test_no_walk_reaches_issued_around_the_law(name: str) -> None:
    dice = random.Random(20201105)
    issued = unsealed = 0
    for _ in range(4000):
        acts = stroll(SHIPPED[name], dice)
        arrival = next(
            (n for n, act in enumerate(acts) if act.step.target == "issued"),
            None,
        )
        if arrival is None:
            continue
        issued += 1
        redrafted = max(
            (n for n, act in enumerate(acts[:arrival]) if act.step.target == "drafting"),
            default=-1,
        )
        since, issue = acts[redrafted + 1 : arrival], acts[arrival]

        content, approval = last(since, "check_content"), last(since, "approve")
        checked, signed = last(since, "check_format"), last(since, "record_signature")
        numbered, seal = last(since, "number"), last(since, "seal")
        assert content is not None
        assert content.facts.actor_heads_drafting_unit
        assert approval is not None
        assert approval.facts.actor_id != approval.facts.drafter_id
        assert approval.facts.actor_incompetence is None
        assert checked is not None
        assert checked.facts.actor_charged_with_format
        assert signed is not None
        assert signed.facts.signers_remaining == 0
        assert signed.facts.persons_unmet == ()
        assert numbered is not None
        assert issue.facts.number is not None
        assert issue.facts.register_mismatch is None
        if last(since, "record_seal") is None:
            assert not issue.facts.seal_required
            unsealed += 1
        else:
            assert seal is not None
            assert seal.facts.actor_custody_unmet is None
            assert seal.facts.actor_id not in seal.facts.signer_ids
        order = [act.step.trigger for act in since]
        assert order.index("approve") < order.index("sign") < order.index("record_signature")

    # The oracle has seen enough to mean something, and the seal left out where it may be.
    assert issued > 50
    assert (unsealed > 0) == (name == "outgoing-numbered-first")


def test_no_walk_registers_what_is_not_authentic() -> None:
    dice = random.Random(2020)
    definition = SHIPPED["incoming"]
    registered = completed = 0
    verdicts = ("HOP_LE", "KHONG_XAC_DINH", "KHONG_HOP_LE", "KHONG_CO_CHU_KY", "KHONG_DOC_DUOC")
    for _ in range(2000):
        base = replace(
            INCOMING,
            paper=dice.random() < 0.3,
            sender=dice.choice(("agency", "citizen")),
            verdict=dice.choice((None, *verdicts)),
            overridden_by=dice.choice((None, LEADER)),
            duplicates=dice.choice((0, 1)),
            duplicates_confirmed=dice.random() < 0.5,
        )
        state, past = definition.initial, []
        for _ in range(40):
            wish = wish_from(definition, state, dice)
            if wish is None:
                break
            facts = replace(
                base, tasks_open=dice.choice((0, 0, 1)), handler_determined=dice.random() < 0.5
            )
            try:
                step = decide(
                    definition,
                    state,
                    wish.trigger,
                    ROLES,
                    facts,
                    incoming.GUARDS,
                    system=wish.system,
                )
            except GuardsUnmet:
                continue
            past.append(step.trigger)
            state = step.target
            if step.trigger == "register":
                registered += 1
                assert not base.duplicates or base.duplicates_confirmed
                if base.paper:
                    assert {"record_digitised", "inspect"} & set(past)
                else:
                    assert "verify" in past
                    assert (
                        base.verdict == "HOP_LE"
                        or (base.verdict == "KHONG_XAC_DINH" and base.overridden_by is not None)
                        or (base.verdict == "KHONG_CO_CHU_KY" and base.sender == "citizen")
                    )
            if step.trigger == "complete":
                completed += 1
                assert {"assign", "transfer", "inform"} & set(past)
                assert facts.tasks_open == 0

    assert registered > 100
    assert completed > 50
