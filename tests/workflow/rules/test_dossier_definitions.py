"""The procedures of dossiers: no join hangs, no way to recognition around appraisal and vote."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from uuid import UUID

import pytest

from tests.workflow.rules.machines import SHIPPED, changed, without_mark
from workflow.rules import dossier
from workflow.rules.catalogues import CATALOGUES
from workflow.rules.dossier import DossierFacts
from workflow.rules.errors import GuardsUnmet
from workflow.rules.machine import Transition, Workflow, decide
from workflow.rules.machine_checks import check
from workflow.rules.papers import PARTS
from workflow.rules.roles import ROLES

PROCEDURES = tuple(name for name, one in SHIPPED.items() if one.subject == "dossier")
EVERYBODY = frozenset(
    (*ROLES, *(f"{party}:{role}" for party in CATALOGUES["dossier"].parties for role in ROLES))
)
SOUND = DossierFacts(
    opened_by=UUID(int=1),
    unanswered=(),
    consultation_unmet=(),
    meeting_unmet=(),
    incomplete=(),
    unsound=(),
    district_stage=False,
    district_gone=True,
    papers=dict.fromkeys(PARTS),
    duties_unmet=(),
    appraisals=2,
    appraisals_open=0,
    criteria_failed=(),
    criteria_returned=False,
    conditions_unmet=(),
    council_named=True,
    quorum_unmet=None,
    outcome="passed",
)


@pytest.mark.parametrize(
    ("parent", "child"),
    [*((name, "appraisal") for name in PROCEDURES), ("appraisal", "criterion")],
)
def test_a_join_that_could_hang_is_caught(parent: str, child: str) -> None:
    """A department or criterion that only its parent could end would hold the dossier for ever."""

    def only_withdrawal(step: Transition) -> Transition | None:
        ends = SHIPPED[child].state(step.target).end
        return None if ends and step.trigger != "withdraw" else step

    others = {**SHIPPED, child: changed(SHIPPED[child], only_withdrawal)}

    assert "join" in {problem.kind for problem in check(SHIPPED[parent], CATALOGUES, others)}


@pytest.mark.parametrize("child", ["appraisal", "criterion"])
def test_every_state_of_a_child_ends_without_its_parent(child: str) -> None:
    """From wherever a department or criterion stands, its own people can bring it to an end."""
    workflow = SHIPPED[child]
    ended = {state.name for state in workflow.states if state.end}
    while True:
        more = {
            step.source
            for step in workflow.transitions
            if not step.system and step.target in ended and step.source not in ended
        }
        if not more:
            break
        ended |= more

    assert ended == {state.name for state in workflow.states}


@pytest.mark.parametrize("name", PROCEDURES)
@pytest.mark.parametrize(
    ("mark", "kind"),
    [
        ("appraisals_given", "appraised_before_recognition"),
        ("appraisals_given", "appraised_before_vote"),
        ("evidence_sound", "decided_in_writing"),
        ("decision_issued", "decided_in_writing"),
        ("quorum_met", "voted_before_recognition"),
        ("close_session", "voted_before_recognition"),
    ],
)
def test_a_procedure_without_appraisal_vote_or_decision_is_caught(
    name: str, mark: str, kind: str
) -> None:
    found = check(without_mark(SHIPPED[name], mark), CATALOGUES, SHIPPED)

    assert any(problem.kind == kind and problem.trace for problem in found)


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_shortcut_to_recognition_is_caught_with_the_way_around(name: str) -> None:
    definition = SHIPPED[name]
    recognise = next(step for step in definition.transitions if step.trigger == "recognise")
    shortcut = replace(recognise, trigger="hurry", label="Làm tắt", source="accepted")
    damaged = replace(definition, transitions=(*definition.transitions, shortcut))

    found = {p.kind: p for p in check(damaged, CATALOGUES, SHIPPED) if p.trace}

    assert found["voted_before_recognition"].trace[-1] == "accepted --hurry--> recognised"


# Steps that end a walk early or send it back: taken, but seldom.
SIDE = {"abandon", "revise", "request_supplement", "refuse", "send_back"}


@dataclass(frozen=True)
class Act:
    step: Transition
    facts: DossierFacts


def shaken(dice: random.Random) -> DossierFacts:
    """Facts in which anything may be as bad as it can be, though most are well."""
    bad: dict[str, object] = {
        "opened_by": UUID(int=2),
        "unanswered": ("Chưa tự đánh giá.",),
        "consultation_unmet": ("Thiếu báo cáo.",),
        "meeting_unmet": ("Thiếu biên bản.",),
        "incomplete": ("Thiếu tờ trình.",),
        "unsound": ("Đã bị thu hồi.",),
        "district_stage": True,
        "district_gone": False,
        "papers": dict.fromkeys(PARTS, "Chưa phát hành."),
        "duties_unmet": ("Chưa giao.",),
        "appraisals": 0,
        "appraisals_open": 1,
        "criteria_failed": ("Tiêu chí 10 không đạt.",),
        "criteria_returned": True,
        "conditions_unmet": ("Thấp hơn mức.",),
        "council_named": False,
        "quorum_unmet": "Chưa đủ thành viên.",
    }
    outcomes: list[dossier.Outcome] = ["passed", "failed", "province", "centre", "nobody", "none"]
    assert {*bad, "outcome"} == {field.name for field in fields(SOUND)}
    chosen = {name: value for name, value in bad.items() if dice.random() < 0.06}
    return replace(SOUND, outcome=dice.choice(outcomes), **chosen)  # type: ignore[arg-type]


def stroll(definition: Workflow, dice: random.Random, length: int = 80) -> list[Act]:
    """Fire whatever the dice name; refused steps leave the case where it was."""
    state, acts = definition.initial, []
    for _ in range(length):
        steps = [step for step in definition.transitions if step.source == state]
        if not steps:
            break
        weights = [0.05 if step.trigger in SIDE else 1.0 for step in steps]
        wish, facts = dice.choices(steps, weights)[0], shaken(dice)
        try:
            step = decide(
                definition,
                state,
                wish.trigger,
                EVERYBODY,
                facts,
                dossier.GUARDS,
                system=wish.system,
            )
        except GuardsUnmet:
            continue
        acts.append(Act(step, facts))
        state = step.target
    return acts


@pytest.mark.parametrize("name", PROCEDURES)
def test_no_walk_reaches_recognition_around_appraisal_and_vote(name: str) -> None:
    """An oracle that knows nothing of properties, only what was done when, and on which facts."""
    dice = random.Random(20220818)
    recognised = 0
    for _ in range(3000):
        acts = stroll(SHIPPED[name], dice)
        arrival = next((n for n, act in enumerate(acts) if act.step.target == "recognised"), None)
        if arrival is None:
            continue
        recognised += 1
        triggers = [act.step.trigger for act in acts[:arrival]]
        # What was sent back for a supplement goes through all of it again: the last time counts.
        last = {trigger: n for n, trigger in enumerate(triggers)}
        order = [
            last[trigger]
            for trigger in ("accept", "assign", "conclude_appraisal", "open_vote", "close_vote")
        ]
        opened, vote, decision = acts[last["open_vote"]], acts[last["close_vote"]], acts[arrival]
        assert max(last["submit"], last.get("resubmit", 0)) < last["accept"]
        assert order == sorted(order)
        assert opened.facts.appraisals > 0
        assert opened.facts.appraisals_open == 0
        assert opened.facts.unsound == ()
        assert vote.facts.quorum_unmet is None
        assert vote.facts.outcome in {"passed", "province", "centre"}
        assert decision.facts.unsound == ()
        assert decision.facts.appraisals_open == 0
        part = "decision" if decision.step.source == "proposed" else "central_decision"
        assert decision.facts.papers[part] is None
        if name == "dossier":
            assert opened.facts.criteria_failed == ()
            assert vote.facts.outcome == "passed"

    # The oracle has seen enough to mean something.
    assert recognised > 100


def test_there_is_no_district_step_since_july_2025() -> None:
    ready = replace(SOUND, district_stage=False)
    pending = replace(SOUND, district_stage=True, district_gone=True)
    before = replace(SOUND, district_stage=True, district_gone=False)

    def fire(state: str, trigger: str, facts: DossierFacts) -> str:
        return decide(SHIPPED["dossier"], state, trigger, EVERYBODY, facts, dossier.GUARDS).target

    assert fire("ready", "submit", ready) == "submitted"
    assert fire("ready", "submit", before) == "district_verifying"
    assert fire("district_verifying", "verify", before) == "submitted"
    with pytest.raises(GuardsUnmet, match="không còn bước thẩm tra của cấp huyện"):
        fire("district_verifying", "verify", pending)
    # What was pending that day goes on without the district.
    assert fire("district_verifying", "take_over", pending) == "submitted"
    with pytest.raises(GuardsUnmet, match="vẫn đang thẩm tra"):
        fire("district_verifying", "take_over", before)


def test_a_refusal_lists_everything_that_is_missing() -> None:
    facts = replace(SOUND, incomplete=("Thiếu tờ trình.", "Thiếu biên bản.", "Thiếu báo cáo."))

    with pytest.raises(GuardsUnmet) as refused:
        decide(SHIPPED["dossier"], "ready", "submit", EVERYBODY, facts, dossier.GUARDS)

    # All of it, and nothing of the branch through the district, which is not meant.
    assert refused.value.unmet == ("Thiếu tờ trình.", "Thiếu biên bản.", "Thiếu báo cáo.")
