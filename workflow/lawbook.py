"""The law files of this release, read once: types, deadlines, levels, indicator, workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from workflow.rules import deadlines, doctypes, indicator, levels, machine, machine_checks
from workflow.rules.catalogues import CATALOGUES
from workflow.rules.errors import InvalidDefinition
from workflow.rules.kind_files import load
from workflow.rules.kinds import Kind

_FOLDER = files("workflow") / "definitions"


def definition_texts() -> dict[str, str]:
    """The workflow definitions that ship, by file name without its ending."""
    return {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in sorted(_FOLDER.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def kind_texts() -> dict[str, str]:
    """The kinds of dossier that ship, by file name."""
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted((_FOLDER / "kinds").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


@cache
def parsed(text: str) -> machine.Workflow:
    """A definition's workflow; parsing the same text twice gives the same object."""
    return machine.parse(text)


@dataclass(frozen=True)
class Lawbook:
    """What the law says, as data."""

    doc_types: doctypes.Catalogue
    deadlines: tuple[deadlines.DeadlineRule, ...]
    levels: tuple[levels.LevelRule, ...]
    indicator: tuple[indicator.Definition, ...]
    workflows: Mapping[str, machine.Workflow]
    texts: Mapping[str, str]
    kinds: tuple[Kind, ...]
    """Kinds of dossier, every version."""

    @classmethod
    def shipped(cls) -> Lawbook:
        """Raises InvalidDefinition when a file is wrong."""
        law = _FOLDER / "law"

        def text(name: str) -> str:
            return (law / name).read_text(encoding="utf-8")

        texts = definition_texts()
        workflows = {name: parsed(body) for name, body in texts.items()}
        for name, workflow in workflows.items():
            if workflow.name != name:
                raise InvalidDefinition(f"{name}.toml", f"tự gọi là {workflow.name}.")
            for problem in machine_checks.check(workflow, CATALOGUES, workflows):
                raise InvalidDefinition(f"{name}.toml", problem.sentence)
        doc_types = doctypes.parse(text("doc_types.toml"))
        types = [kind.code for kind in doc_types.types]
        return cls(
            doc_types=doc_types,
            deadlines=deadlines.parse(text("deadlines.toml")),
            levels=levels.parse(text("signing_levels.toml"), types),
            indicator=indicator.parse(text("indicator.toml")),
            workflows=workflows,
            texts=texts,
            kinds=load(
                kind_texts().items(),
                types,
                [name for name, one in workflows.items() if one.subject == "dossier"],
            ),
        )
