"""What a workflow definition must satisfy before a case may run on it, and its diagram.

A definition is data that an organisation may change; the law behind it may not be lost on the way.
Every check gives a sentence, and where a path is to blame the shortest path that shows it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from workflow.rules.machine import F, Guard, Holder, Transition, Workflow
from workflow.rules.roles import is_role


@dataclass(frozen=True, slots=True)
class Property:
    """No path leaves the mark `target` unless one of `needs` happened before or with it.

    Each of `needs` is a set of marks left together by one transition (an approval *and* its guard
    on the same step). A step that leaves one of `lost_by` makes what happened before it void; where
    the target itself is lost, every step to it must bring what is needed along.
    Marks are effects, guards and states (`Transition.marks`).
    """

    name: str
    sentence: str
    target: str
    needs: tuple[frozenset[str], ...]
    lost_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RequiredDeadline:
    """The law gives every step with this effect that deadline, unless one of these guards holds."""

    code: str
    effect: str
    unless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Catalogue(Generic[F]):
    """The closed vocabulary of one subject, and what the law asks of its definitions."""

    guards: Mapping[str, Guard[F]]
    effects: frozenset[str]
    deadlines: frozenset[str]
    required_deadlines: tuple[RequiredDeadline, ...]
    properties: tuple[Property, ...]
    waits_for_parent: frozenset[str] = frozenset()
    """Guards only the parent case can satisfy, triggers only the parent case fires."""
    parties: frozenset[str] = frozenset()
    """Other organisations that take part: `office:clerk` is a clerk of the one so called."""
    holders: Mapping[str, Callable[[F], Holder]] = field(default_factory=dict)
    """Who a state may say has the move, beside roles."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a definition may not be. `trace` is a path that shows it, step by step."""

    workflow: str
    kind: str
    sentence: str
    trace: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return "\n    ".join((f"{self.workflow}: {self.sentence}", *self.trace))


def check(
    workflow: Workflow,
    catalogues: Mapping[str, Catalogue[Any]],
    others: Mapping[str, Workflow],
) -> list[Problem]:
    """Every problem of a definition; an empty list means cases may run on it.

    `catalogues` by subject; `others` holds, by name, the definitions its steps may open.
    """
    catalogue = catalogues.get(workflow.subject)
    if catalogue is None:
        sentence = f"Không có loại đối tượng “{workflow.subject}”."
        return [Problem(workflow.name, "subject", sentence)]
    return [
        *_graph(workflow),
        *_names(workflow, catalogue),
        *_actors(workflow),
        *_holders(workflow, catalogue),
        *_deadlines(workflow, catalogue),
        *_joins(workflow, catalogues, others),
        *_properties(workflow, catalogue),
    ]


def _graph(workflow: Workflow) -> Iterator[Problem]:
    paths = _paths(workflow)
    ends = {state.name for state in workflow.states if state.end}
    ending = _ending(workflow, workflow.transitions)
    for state in workflow.states:
        if state.name not in paths:
            sentence = f"Không có đường nào đến trạng thái “{state.name}”."
            yield Problem(workflow.name, "unreachable", sentence)
        if state.name not in ending:
            sentence = f"Từ trạng thái “{state.name}” không có đường nào kết thúc."
            yield Problem(workflow.name, "endless", sentence, paths.get(state.name, ()))
    for step in workflow.transitions:
        if step.source in ends and step.target not in ends:
            sentence = f"Đã kết thúc ở “{step.source}” mà còn trở lại “{step.target}”."
            trace = (*paths.get(step.source, ()), str(step))
            yield Problem(workflow.name, "reopened", sentence, trace)


def _names(workflow: Workflow, catalogue: Catalogue[Any]) -> Iterator[Problem]:
    for step in workflow.transitions:
        deadline = () if step.deadline is None else (step.deadline,)
        for kind, used, known in (
            ("điều kiện", (*step.when, *step.guards), catalogue.guards),
            ("tác động", step.effects, catalogue.effects),
            ("thời hạn", deadline, catalogue.deadlines),
        ):
            for name in used:
                if name not in known:
                    sentence = f"Bước {step} dùng {kind} không có trong danh mục: “{name}”."
                    yield Problem(workflow.name, "unknown", sentence)
        for role in step.roles:
            if not is_role(role, catalogue.parties):
                sentence = f"Bước {step} dùng vai trò không có trong danh mục: “{role}”."
                yield Problem(workflow.name, "unknown", sentence)


def _actors(workflow: Workflow) -> Iterator[Problem]:
    for step in workflow.transitions:
        if step.system and step.roles:
            sentence = f"Bước {step} vừa của hệ thống vừa của người dùng."
            yield Problem(workflow.name, "actor", sentence)
        if not step.system and not step.roles:
            sentence = f"Bước {step} không giao cho vai trò nào."
            yield Problem(workflow.name, "actor", sentence)


def _holders(workflow: Workflow, catalogue: Catalogue[Any]) -> Iterator[Problem]:
    """A case that waits for people is in somebody's in-tray; an ended one in nobody's."""
    for state in workflow.states:
        waits = not state.end and workflow.leaving(state.name, system=False)
        if waits and state.holder is None:
            sentence = f"Trạng thái “{state.name}” không nói đến lượt ai."
            yield Problem(workflow.name, "holder", sentence)
        if state.end and state.holder is not None:
            sentence = f"Đã kết thúc ở “{state.name}” mà vẫn ghi đến lượt “{state.holder}”."
            yield Problem(workflow.name, "holder", sentence)
        if not (
            state.holder is None
            or state.holder in catalogue.holders
            or is_role(state.holder, catalogue.parties)
        ):
            sentence = f"Trạng thái “{state.name}” chờ “{state.holder}” không có trong danh mục."
            yield Problem(workflow.name, "unknown", sentence)


def _deadlines(workflow: Workflow, catalogue: Catalogue[Any]) -> Iterator[Problem]:
    for law in catalogue.required_deadlines:
        bound = [step for step in workflow.transitions if law.effect in step.effects]
        if not bound:
            sentence = f"Không có bước nào thực hiện “{law.effect}” (thời hạn {law.code})."
            yield Problem(workflow.name, "deadline", sentence)
        for step in bound:
            if step.deadline != law.code and law.unless.isdisjoint((*step.when, *step.guards)):
                sentence = f"Bước {step} phải mang thời hạn {law.code}."
                yield Problem(workflow.name, "deadline", sentence)


def _joins(
    workflow: Workflow,
    catalogues: Mapping[str, Catalogue[Any]],
    others: Mapping[str, Workflow],
) -> Iterator[Problem]:
    """A parent waits for its children; so no child may wait for its parent, nor be its parent."""
    for name in dict.fromkeys(name for step in workflow.transitions for name in step.opens):
        child = others.get(name)
        if child is None or child.subject not in catalogues:
            sentence = f"Mở quy trình con “{name}” nhưng không có định nghĩa."
            yield Problem(workflow.name, "join", sentence)
            continue
        waits = catalogues[child.subject].waits_for_parent
        own = [
            step
            for step in child.transitions
            if waits.isdisjoint((step.trigger, *step.when, *step.guards))
        ]
        free = _ending(child, own)
        for stuck, path in _paths(child).items():
            if stuck not in free:
                sentence = f"Quy trình con “{name}” chờ quy trình mẹ ở “{stuck}”: có thể treo."
                yield Problem(workflow.name, "join", sentence, path)
        if workflow.name in _opened(child, others):
            sentence = f"Quy trình con “{name}” lại mở quy trình mẹ."
            yield Problem(workflow.name, "join", sentence)


def _opened(workflow: Workflow, others: Mapping[str, Workflow]) -> set[str]:
    """The definition itself and all that it may open, children's children included."""
    found: set[str] = set()
    waiting = [workflow]
    while waiting:
        current = waiting.pop()
        if current.name not in found:
            found.add(current.name)
            names = {name for step in current.transitions for name in step.opens}
            waiting += [others[name] for name in names if name in others]
    return found


def _properties(workflow: Workflow, catalogue: Catalogue[Any]) -> Iterator[Problem]:
    steps = workflow.transitions
    marks = {mark for step in steps for mark in step.marks} | {workflow.initial}
    for wanted in catalogue.properties:
        # A renamed state or a dropped effect would make the property hold of nothing.
        for mark in sorted({wanted.target, *wanted.lost_by} - marks):
            sentence = f"{wanted.sentence} Không có “{mark}” nên không kiểm tra được."
            yield Problem(workflow.name, wanted.name, sentence)
        trace = counter_example(workflow, wanted)
        if trace is not None:
            yield Problem(workflow.name, wanted.name, wanted.sentence, tuple(map(str, trace)))


def counter_example(workflow: Workflow, wanted: Property) -> tuple[Transition, ...] | None:
    """The shortest path that breaks a property, or None: a search of states × marker."""
    start = (workflow.initial, False)
    paths: dict[tuple[str, bool], tuple[Transition, ...]] = {start: ()}
    waiting = deque([start])
    while waiting:
        place = waiting.popleft()
        state, held = place
        for step in workflow.transitions:
            if step.source != state:
                continue
            kept = held and wanted.lost_by.isdisjoint(step.marks)
            now = kept or any(need <= step.marks for need in wanted.needs)
            path = (*paths[place], step)
            if wanted.target in step.marks and not now:
                return path
            if (step.target, now) not in paths:
                paths[(step.target, now)] = path
                waiting.append((step.target, now))
    return None


def _paths(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """Every reachable state with a shortest way there."""
    paths: dict[str, tuple[str, ...]] = {workflow.initial: ()}
    waiting = deque([workflow.initial])
    while waiting:
        state = waiting.popleft()
        for step in workflow.transitions:
            if step.source == state and step.target not in paths:
                paths[step.target] = (*paths[state], str(step))
                waiting.append(step.target)
    return paths


def _ending(workflow: Workflow, steps: Iterable[Transition]) -> set[str]:
    """The states from which an end is reached over these steps."""
    found = {state.name for state in workflow.states if state.end}
    size = 0
    while len(found) > size:
        size = len(found)
        found |= {step.source for step in steps if step.target in found}
    return found


def diagram(workflow: Workflow) -> str:
    """The definition as a mermaid `stateDiagram-v2`; the same text for the same definition."""
    lines = [
        f"%% {workflow.title} ({workflow.name}, version {workflow.version})",
        "stateDiagram-v2",
        *(f'    state "{_escaped(state.label)}" as {state.name}' for state in workflow.states),
        f"    [*] --> {workflow.initial}",
    ]
    for step in workflow.transitions:
        by = " (hệ thống)" if step.system else ""
        line = f"    {step.source} --> {step.target} : {_escaped(step.label)}{by}"
        # Branches that differ only in roles or guards are one arrow to the reader.
        if line not in lines:
            lines.append(line)
    lines += [f"    {state.name} --> [*]" for state in workflow.states if state.end]
    return "\n".join(lines) + "\n"


def _escaped(label: str) -> str:
    # mermaid writes its own signs as #code; inside a text.
    return "".join(f"#{ord(sign)};" if sign in '#";:' else sign for sign in label)
