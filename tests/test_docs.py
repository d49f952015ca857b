"""What the documentation names exists, and what a reader needs is named."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import parser
from api.problems import SLUGS
from workflow.lawbook import definition_texts, parsed
from workflow.rules.reasons import EXCLUDED, Reason
from workflow.rules.roles import ROLE_LABELS
from workflow.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(ROOT.rglob("*.md"))
    if not re.match(r"\.|var/|build/|dist/", path.relative_to(ROOT).as_posix())
}
TEXT = "\n".join(PAGES.values())


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_path_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|/|#)([^)#]+)", PAGES[page])
    paths = re.findall(r"`((?:api|docs|signing|storage|tests|workflow)/[\w./-]*)`", PAGES[page])
    targets = [(ROOT / page).parent / link for link in links] + [ROOT / path for path in paths]
    assert [str(target) for target in targets if not target.exists()] == []


def test_every_setting_stands_with_its_default_in_both_tables() -> None:
    fields = {f"VANTHU_{name.upper()}": field for name, field in Settings.model_fields.items()}
    for page in ("README.md", "docs/operations.md"):
        rows = dict(re.findall(r"^\| `(VANTHU_\w+)` \| ([^|]*) \|", PAGES[page], re.MULTILINE))
        assert rows.keys() == fields.keys()
        for name, field in fields.items():
            if field.default != "" and isinstance(field.default, int | str | Path):
                assert rows[name] == f"`{field.default}`"
    named = set(re.findall(r"\bVANTHU_[A-Z_]*[A-Z]", TEXT))
    assert [name for name in named - fields.keys() if not name.startswith("VANTHU_TEST_")] == []


def test_the_glossary_has_every_word_of_the_definitions() -> None:
    glossary = PAGES["docs/glossary.md"]
    labels = set(ROLE_LABELS.values())
    for text in definition_texts().values():
        workflow = parsed(text)
        labels |= {f"| {state.label} |" for state in workflow.states}
        labels |= {f"| {step.label} |" for step in workflow.transitions}
    assert [label for label in sorted(labels) if label not in glossary] == []


def test_every_reason_of_the_indicator_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (yes|no)", PAGES["docs/indicator.md"], re.MULTILINE)
    wanted = [(one.value, one.label, "no" if one in EXCLUDED else "yes") for one in Reason]
    assert sorted(rows) == sorted(wanted)


def commands(top: argparse.ArgumentParser) -> Iterator[str]:
    """Every command with its action, as typed behind `vanthu`."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                inner = list(commands(below))
                yield from (f"{name} {rest}" for rest in inner) if inner else [name]


def test_every_command_that_is_named_can_be_typed() -> None:
    known = set(commands(parser()))
    code = re.findall(r"```.*?```|`[^`\n]+`", TEXT, re.DOTALL)
    named = {
        found.strip()
        for span in code
        for found in re.findall(r"(?:^|[`/\s])vanthu ([a-z-]+(?: [a-z]+)?)\b", span)
    }
    assert len(named) > 10
    assert [one for one in named if one not in known and one.split()[0] not in known] == []


def test_make_knows_every_target_that_is_named() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE)
    assert "check" in named
    assert set(named) <= targets


def test_every_problem_and_journal_entry_that_is_named_exists() -> None:
    assert set(re.findall(r"/problems/([a-z-]+)", TEXT)) <= SLUGS
    source = "\n".join(path.read_text() for path in (ROOT / "workflow").glob("*.py"))
    actions = re.findall(r"`(?:incoming|outgoing)\.([a-z_]+)`", PAGES["docs/trips.md"])
    assert len(actions) > 20
    assert [one for one in actions if f'{one}"' not in source] == []
