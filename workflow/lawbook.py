"""The law files of this release, read once: types, deadlines, levels, indicator, workflows."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from workflow.rules import annex, deadlines, doctypes, indicator, levels, machine, machine_checks
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


def kind_texts(own: Path | None = None) -> dict[str, str]:
    """Kinds of dossier by file name without its ending: those that ship, and the operator's.

    A file in the folder `own` takes the place of one that ships under the same name: the dossiers
    that were opened on that keep its text. Raises InvalidDefinition for a folder or a file that
    cannot be read.
    """
    shipped = sorted((_FOLDER / "kinds").iterdir(), key=lambda entry: entry.name)
    texts = {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in shipped
        if entry.name.endswith(".toml")
    }
    if own is None:
        return texts
    if not own.is_dir():
        raise InvalidDefinition(str(own), "không có thư mục này")
    for path in sorted(own.glob("*.toml")):
        try:
            texts[path.stem] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidDefinition(str(path), f"không đọc được: {error}") from error
    return texts


def _kinds(
    texts: Mapping[str, str],
    doc_types: Collection[str],
    workflows: Mapping[str, machine.Workflow],
) -> tuple[Kind, ...]:
    kinds = load(texts.items(), doc_types, workflows)
    # One that ships is replaced by its name, so a name must say what is in the file.
    for name in sorted(texts.keys() - {f"{kind.code}-{kind.version}" for kind in kinds}):
        raise InvalidDefinition(
            f"{name}.toml", "tệp phải mang tên theo code và version ghi trong đó: xa_xanh-1.toml"
        )
    return kinds


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
    indicator_text: str
    workflows: Mapping[str, machine.Workflow]
    texts: Mapping[str, str]
    annex: tuple[annex.Requirement, ...]
    """Annex VI of ND 30/2020, line by line."""
    kinds: tuple[Kind, ...]
    """Kinds of dossier, every version."""

    @property
    def indicator_sha256(self) -> str:
        """The digest of the text that says what the indicator counts, every version of it."""
        return hashlib.sha256(self.indicator_text.encode()).hexdigest()

    @classmethod
    def read(cls, own_kinds: Path | None = None) -> Lawbook:
        """The law that ships, with the operator's kinds of dossier (see `kind_texts`).

        Raises InvalidDefinition when a file is wrong.
        """
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
            indicator_text=text("indicator.toml"),
            workflows=workflows,
            texts=texts,
            annex=annex.parse(text("annex_vi.toml")),
            kinds=_kinds(kind_texts(own_kinds), types, workflows),
        )
