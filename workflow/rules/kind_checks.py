"""What must hold within a kind of dossier, and between kinds.

No kind serves before all of it holds, so that no dossier is opened on rules that cannot be met,
counted or appraised. Each mistake is an InvalidDefinition with its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, pairwise

from workflow.rules import dossier
from workflow.rules.errors import InvalidDefinition
from workflow.rules.kinds import FIELD_LABELS, Criterion, Grade, Kind, Rule, Withdrawal
from workflow.rules.machine import Workflow

_ALL_POINTS = 100
#: The guard by which a procedure decides: with another, no council's result would ever do.
_DECIDED_BY = {Rule.ALL_MET: "vote_passed", Rule.POINTS: "rated_for_province"}


def check(
    named: Sequence[tuple[str, Kind]],
    doc_types: Collection[str],
    workflows: Mapping[str, Workflow],
) -> None:
    """Raise InvalidDefinition for the first thing that is wrong in these (file, kind)."""
    for name, kind in named:
        _check_frame(name, kind, workflows)
        _check_components(name, kind, doc_types)
        _check_criteria(name, kind)
        _check_points(name, kind)
        _check_conditions(name, kind)
        _check_deciding(name, kind)
    _check_versions(named)
    _check_requirements(named)


def _check_frame(name: str, kind: Kind, workflows: Mapping[str, Workflow]) -> None:
    if kind.version == 0:
        raise InvalidDefinition(f"{name}.version", "phải từ 1")
    procedure = workflows.get(kind.procedure)
    if procedure is None or procedure.subject != "dossier":
        raise InvalidDefinition(f"{name}.procedure", f"không có quy trình hồ sơ “{kind.procedure}”")
    guards = {one for step in procedure.transitions for one in (*step.when, *step.guards)}
    if _DECIDED_BY[kind.rule] not in guards:
        raise InvalidDefinition(
            f"{name}.procedure", f"“{kind.procedure}” không quyết định theo rule = {kind.rule}"
        )
    if kind.periods_to is not None and kind.periods_to < kind.periods_from:
        raise InvalidDefinition(f"{name}.periods_to", "sớm hơn periods_from")
    if kind.validity_months == 0:
        raise InvalidDefinition(f"{name}.validity_months", "phải từ 1 tháng")
    _refuse_twice(f"{name}.group", [group.code for group in kind.groups])


def _check_components(name: str, kind: Kind, doc_types: Collection[str]) -> None:
    if not kind.components:
        raise InvalidDefinition(f"{name}.component", "phải có ít nhất một thành phần hồ sơ")
    _refuse_twice(f"{name}.component", [one.code for one in kind.components])
    for position, component in enumerate(kind.components, start=1):
        for doc_type in component.doc_types:
            if doc_type not in doc_types:
                raise InvalidDefinition(
                    f"{name}.component[{position}].doc_types",
                    f"không có loại văn bản “{doc_type}”",
                )


def _check_criteria(name: str, kind: Kind) -> None:
    if not kind.criteria:
        raise InvalidDefinition(f"{name}.criterion", "phải có ít nhất một tiêu chí")
    _refuse_twice(f"{name}.criterion", [one.code for one in kind.criteria])
    above = {one.code: [one.part_of] if one.part_of else [] for one in kind.criteria}
    for position, criterion in enumerate(kind.criteria, start=1):
        place = f"{name}.criterion[{position}].part_of"
        if criterion.part_of is not None and criterion.part_of not in above:
            raise InvalidDefinition(place, f"không có tiêu chí “{criterion.part_of}”")
        circle = _circle(criterion.code, above)
        if circle:
            raise InvalidDefinition(place, f"vòng lặp {circle}")
    leaves = {leaf.code for leaf in kind.leaves}
    for position, criterion in enumerate(kind.criteria, start=1):
        place = f"{name}.criterion[{position}]"
        if criterion.code in leaves:
            _check_leaf(place, criterion)
        else:
            _check_whole(place, criterion)
        _check_targets(place, criterion, kind)


def _check_leaf(place: str, criterion: Criterion) -> None:
    if criterion.field is None:
        raise InvalidDefinition(f"{place}.field", "thiếu: lĩnh vực của cơ quan thẩm định")
    if criterion.field not in FIELD_LABELS:
        raise InvalidDefinition(
            f"{place}.field", f"không có lĩnh vực “{criterion.field}”, chỉ có {[*FIELD_LABELS]}"
        )
    _refuse_twice(f"{place}.slot", [slot.code for slot in criterion.slots])


def _check_whole(place: str, criterion: Criterion) -> None:
    """What has parts is neither answered nor appraised itself."""
    for key, value in (
        ("field", criterion.field),
        ("figure", criterion.figure),
        ("slot", criterion.slots),
    ):
        if value:
            raise InvalidDefinition(f"{place}.{key}", "tiêu chí có chỉ tiêu thì ghi ở chỉ tiêu")


def _check_targets(place: str, criterion: Criterion, kind: Kind) -> None:
    """Either one target for all, or one for each group: none may be left without."""
    groups = {group.code for group in kind.groups}
    asked = set(criterion.targets)
    for code in sorted(asked - groups - {""}):
        raise InvalidDefinition(f"{place}.targets.{code}", "không có nhóm này")
    if asked and asked != {""} and asked != groups:
        raise InvalidDefinition(
            f"{place}.targets", "ghi một mức chung (target) hoặc đủ mức cho từng nhóm"
        )


def _check_points(name: str, kind: Kind) -> None:
    """Weights stand on every criterion, parts add up to their whole, and all to 100."""
    for position, criterion in enumerate(kind.criteria, start=1):
        place = f"{name}.criterion[{position}].points"
        if kind.rule is not Rule.POINTS:
            if criterion.points is not None:
                raise InvalidDefinition(place, "chỉ ghi điểm khi rule = points")
            continue
        if not criterion.points:
            raise InvalidDefinition(place, "thiếu điểm tối đa, phải từ 1")
        parts = [one.points or 0 for one in kind.criteria if one.part_of == criterion.code]
        if parts and sum(parts) != criterion.points:
            raise InvalidDefinition(
                place, f"các phần cộng lại {sum(parts)}, không phải {criterion.points}"
            )
    total = sum(one.points or 0 for one in kind.tops)
    if kind.rule is Rule.POINTS and total != _ALL_POINTS:
        raise InvalidDefinition(f"{name}.criterion", f"điểm cộng lại {total}, không phải 100")


def _check_conditions(name: str, kind: Kind) -> None:
    _refuse_twice(f"{name}.condition", [one.code for one in kind.conditions])
    components = {one.code for one in kind.components}
    for position, condition in enumerate(kind.conditions, start=1):
        place = f"{name}.condition[{position}]"
        if condition.component is not None and condition.component not in components:
            raise InvalidDefinition(
                f"{place}.component", f"không có thành phần “{condition.component}”"
            )
        if condition.minimum is not None and not 0 < condition.minimum <= 100:
            raise InvalidDefinition(f"{place}.minimum", "phải trên 0 và đến 100 (%)")


def _check_deciding(name: str, kind: Kind) -> None:
    for key, value in (("quorum", kind.vote.quorum), ("share", kind.vote.share)):
        if not 0 < value <= 1:
            raise InvalidDefinition(f"{name}.vote.{key}", "phải trên 0 và đến 1")
    codes = [one.code for one in kind.deadlines]
    _refuse_twice(f"{name}.deadline", codes)
    for position, deadline in enumerate(kind.deadlines, start=1):
        place = f"{name}.deadline[{position}]"
        if deadline.code not in dossier.CATALOGUE.deadlines:
            raise InvalidDefinition(f"{place}.code", f"không có thời hạn “{deadline.code}”")
        if deadline.days == 0:
            raise InvalidDefinition(f"{place}.days", "phải từ 1 ngày làm việc")
    for missing in sorted(dossier.CATALOGUE.deadlines - set(codes)):
        raise InvalidDefinition(f"{name}.deadline", f"thiếu thời hạn “{missing}”")
    _check_grades(name, kind.rule, kind.grades)
    if kind.withdrawal is not None:
        _check_withdrawal(f"{name}.withdrawal", kind, kind.withdrawal)


def _check_grades(name: str, rule: Rule, grades: Sequence[Grade]) -> None:
    """From the highest down to 0, so that every total has exactly one grade."""
    if rule is not Rule.POINTS:
        if grades:
            raise InvalidDefinition(f"{name}.grade", "chỉ ghi hạng khi rule = points")
        return
    if not grades:
        raise InvalidDefinition(f"{name}.grade", "thiếu hạng")
    for position, (higher, lower) in enumerate(pairwise(grades), start=2):
        if lower.at_least >= higher.at_least or lower.stars != higher.stars - 1:
            raise InvalidDefinition(
                f"{name}.grade[{position}]", "hạng phải xếp từ cao xuống thấp, không bỏ hạng nào"
            )
    if grades[0].at_least > _ALL_POINTS:
        raise InvalidDefinition(f"{name}.grade[1].at_least", "cao hơn 100 điểm")
    if grades[-1].at_least != 0:
        raise InvalidDefinition(f"{name}.grade[{len(grades)}].at_least", "hạng thấp nhất từ 0")


def _check_withdrawal(place: str, kind: Kind, rule: Withdrawal) -> None:
    tops = {one.code for one in kind.tops}
    for code in sorted(rule.key_criteria - tops):
        raise InvalidDefinition(f"{place}.key_criteria", f"không có tiêu chí “{code}”")
    if not 0 < rule.with_key <= rule.without_key <= 1:
        raise InvalidDefinition(
            f"{place}.with_key", "phải trên 0, không quá without_key; without_key đến 1"
        )


def _check_versions(named: Sequence[tuple[str, Kind]]) -> None:
    for (_, one), (name, other) in combinations(named, 2):
        if one.code != other.code:
            continue
        if one.version == other.version:
            raise InvalidDefinition(
                f"{name}.version", f"“{one.code}” đã có phiên bản {one.version}"
            )
        first, second = sorted((one, other), key=lambda kind: kind.periods_from)
        if first.periods_to is None or second.periods_from <= first.periods_to:
            raise InvalidDefinition(
                f"{name}.periods_from",
                f"“{one.code}” phiên bản {first.version} và {second.version} trùng thời gian",
            )


def _check_requirements(named: Sequence[tuple[str, Kind]]) -> None:
    required: dict[str, list[str]] = {}
    for _, kind in named:
        required.setdefault(kind.code, []).extend(kind.requires)
    for name, kind in named:
        for code in kind.requires:
            if code not in required:
                raise InvalidDefinition(f"{name}.requires", f"không có loại hồ sơ “{code}”")
        circle = _circle(kind.code, required)
        if circle:
            raise InvalidDefinition(f"{name}.requires", f"vòng lặp {circle}")


def _circle(start: str, edges: Mapping[str, Sequence[str]]) -> str | None:
    """The way that leads from `start` back to itself."""
    seen: set[str] = set()
    ways: list[tuple[str, ...]] = [(start,)]
    while ways:
        way = ways.pop()
        for following in edges.get(way[-1], ()):
            if following == start:
                return " → ".join((*way, start))
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return None


def _refuse_twice(place: str, codes: Sequence[str]) -> None:
    for position, code in enumerate(codes, start=1):
        if code in codes[: position - 1]:
            raise InvalidDefinition(f"{place}[{position}].code", f"“{code}” xuất hiện hai lần")
