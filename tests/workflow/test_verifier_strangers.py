"""Bundles that were forged without a key, and files that strangers made."""

from __future__ import annotations

import ast
import io
import json
import runpy
import shutil
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks import tampering_bundles
from tests.workflow.bundles import Held
from tests.workflow.verified import CHECK, Case, rules, run_check, second_check
from workflow.evidence.chains import SELECTED as EXPORTED
from workflow.rules.canonical import canonical
from workflow.verifier.checking import examine, verify
from workflow.verifier.findings import Rule
from workflow.verifier.slices import SELECTED

ROOT = Path(__file__).parents[2]


def test_single_changes_are_found_and_located(case: Case) -> None:
    """A sample; `make tampering` makes 10,000."""
    done = tampering_bundles.run(case.good, case.kept, 60, seed=6)
    assert [(one.kind, one.what) for one in done.missed] == []
    assert done.made.total() == 60
    assert len(done.made) > 8


def test_both_checks_refuse_at_the_same_place(case: Case) -> None:
    check, kept = second_check(), case.kept.read_bytes()
    assert list(check(case.good.members.__getitem__, case.good.names, kept)) == []
    both = 0
    forger = tampering_bundles.Forger(case.good, seed=7)
    for _ in range(60):
        forgery = forger.forge()
        verdict = examine(forgery.held, checkpoint=case.kept)
        held = forgery.held
        try:
            wrong = list(check(held.members.__getitem__, held.names, kept))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            continue  # what cannot be read has no place
        if wrong:
            both += 1
            places = {one.place for one in verdict.findings}
            named = {beside for place, _ in wrong for beside in (place, _after(place))}
            assert named & places, (forgery, wrong, places)
        else:  # the rest is what rows and signatures mean
            assert forgery.kind.startswith("member") or re_stated(forgery.what), forgery.what
    assert both > 20


def _after(place: str) -> str:
    """The entry after one: a link that cannot be read is its own fault or its predecessor's."""
    chain, _, number = place.partition("#")
    return f"{chain}#{int(number) + 1}" if number else place


def re_stated(what: str) -> bool:
    """Whether a change is in what the second check does not look at."""
    return what.startswith(
        ("indicator.json", "scope.json", "log/", "trust/", "definitions/", "objects/")
    )


def test_the_second_check_is_short_and_needs_nothing(case: Case, tmp_path: Path) -> None:
    source = CHECK.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 150
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    said = run_check(case.bundle, case.kept)
    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith("ĐẠT\n")
    held = case.good.copy()
    name = next(one for one in held.names if one.startswith("chains/system"))
    lines = held.lines(name)
    held.put_lines(name, lines[:6] + lines[7:])
    forged = tmp_path / "forged.zip"
    forged.write_bytes(held.listed_again().zipped())
    said = run_check(forged)
    assert said.returncode == 1
    assert "system#7" in said.stderr
    (finding,) = [one for one in verify(forged).findings if one.rule is Rule.CHAIN_MISSING]
    assert finding.place == "system#7"


def test_all_three_know_the_same_tables() -> None:
    assert EXPORTED.keys() == SELECTED
    assert set(runpy.run_path(str(CHECK))["TABLES"].split()) == SELECTED


# Hostile files.


def hostile(good: Held) -> dict[str, bytes]:
    bundle = good.zipped()

    def zipped(**members: bytes) -> bytes:
        return Held({**good.members, **members}).zipped()

    def packed(*members: tuple[str, bytes]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return out.getvalue()

    end = bundle.rindex(b"PK\5\6")
    scope = good.json("scope.json")
    endless = Held({**good.members})
    endless.put_json("scope.json", scope | {"system": 2**52})
    no_list = bytearray(bundle)
    struct.pack_into("<LL", no_list, end + 12, 0xFFFFFF0, 0)
    nobody = good.copy(**{"scope.json": canonical(scope | {"organisations": []})})
    timeless = good.copy(
        **{"scope.json": canonical(scope | {"as_of": "0001-01-01T00:00:00.000000+14:00"})}
    )
    head = json.loads(good.lines("log/heads.jsonl")[0])
    unnamed = good.copy(**{"log/heads.jsonl": canonical(head | {"chain": []}) + b"\n"})
    blank = good.copy(**{"log/heads.jsonl": b"\n" * 30_000_000})
    (definition,) = [name for name in good.names if name.startswith("definitions/")]
    bomb = Held({**good.members, "manifest.json": b" " * 50_000_000})
    lines = good.copy(**{"log/heads.jsonl": b"[" * 20_000_000})
    return {
        "empty": b"",
        "text": b"not a bundle\n" * 50,
        "cut off": bundle[: len(bundle) // 2],
        "end cut off": bundle[:-1],
        "something before": b"#!/bin/sh\n" + bundle,
        "something behind": bundle + b"x",
        "a list too long": bytes(no_list),
        "bomb": bomb.zipped(),
        "a line without end": lines.listed_again().zipped(),
        "two lists": _with_two_lists(bundle),
        "a link": _with(good, "log/issuers.der", external_attr=0o120777 << 16),
        "another name": _with(good, "scope.json", extra=b"up\t\0\1" + b"\0" * 4 + b"evil"),
        "of nobody": nobody.listed_again().zipped(),
        "before all time": timeless.listed_again().zipped(),
        "a head of no chain": unnamed.listed_again().zipped(),
        "blank lines": blank.listed_again().zipped(),
        "deep definition": good.copy(**{definition: b"a=" + b"[" * 9_000})
        .listed_again()
        .zipped(),
        "endless chain": endless.listed_again().zipped(),
        "deep": zipped(**{"manifest.json": b"[" * 5_000}),
        "manifest of nothing": zipped(**{"manifest.json": b'{"members":[],"version":1}'}),
        "manifest of later": zipped(**{"manifest.json": b'{"members":[],"version":2}'}),
        "only a manifest": packed(("manifest.json", b'{"members":[],"version":1}')),
        "path": packed(("../../evil", b"x"), *good.members.items()),
        "absolute": packed(("/tmp/evil", b"x"), *good.members.items()),  # noqa: S108
        "scope of later": good.copy(
            **{"scope.json": tampering_bundles.canonical(scope | {"version": 2})}
        )
        .listed_again()
        .zipped(),
        "an unknown table": good.copy(
            **{"rows/system/000000001.jsonl": b'{"columns":{},"id":"x","salt":"%b","table":"t"}\n'
               % (b"00" * 16)}
        )
        .listed_again()
        .zipped(),
    }  # fmt: skip


def _with(good: Held, name: str, **changes: Any) -> bytes:
    """The bundle, with a member that the list of the ZIP describes in another way."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in good.members.items():
            info = zipfile.ZipInfo(one)
            for key, value in changes.items() if one == name else ():
                setattr(info, key, value)
            archive.writestr(info, content)
    return out.getvalue()


def _with_two_lists(bundle: bytes) -> bytes:
    """One list where the ZIP64 locator says, another where Python's reader looks."""
    end = bundle.rindex(b"PK\5\6")
    many, offset = struct.unpack("<10xH4xI2x", bundle[end:])
    listed = bundle[offset:end]

    def end_64(many: int, listed: bytes, offset: int) -> bytes:
        fields = (44, 45, 45, 0, 0, many, many, len(listed), offset)
        return b"PK\6\6" + struct.pack("<QHHLLQQQQ", *fields)

    shorter = listed[: listed.rindex(b"PK\1\2")]
    told = bundle[:offset] + shorter
    both = told + end_64(many - 1, shorter, offset)
    both += listed + end_64(many, listed, len(both))
    both += b"PK\6\7" + struct.pack("<LQL", 0, len(told), 1)
    return both + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, *[2**16 - 1] * 2, *[2**32 - 1] * 2, 0)


#: What Python's reader of ZIPs takes as it is, or the second check has no say in.
BEYOND_THE_SECOND = frozenset(
    {
        "something before",
        "something behind",
        "a link",
        "another name",
        "two lists",
        "of nobody",
        "deep definition",
    }
    | {"scope of later", "blank lines", "a head of no chain", "a line without end"}
)


def test_the_second_check_refuses_strangers_files_in_a_line(case: Case, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    for name, content in hostile(case.good).items():
        bundle.write_bytes(content)
        said = run_check(bundle)
        assert "Traceback" not in said.stderr, name
        assert said.returncode == 1 or name in BEYOND_THE_SECOND, name
    for kept in (b"", b"nonsense", b"a\nb\nc\n"):
        (tmp_path / "kept.txt").write_bytes(kept)
        said = run_check(case.bundle, tmp_path / "kept.txt")
        assert (said.returncode, said.stderr[:4]) == (1, "SAI:")
    assert run_check(tmp_path / "absent.zip").stderr.startswith("SAI:")


def test_a_strangers_zip_is_refused_and_nothing_is_written(case: Case, tmp_path: Path) -> None:
    for name, content in hostile(case.good).items():
        folder = tmp_path / name
        folder.mkdir()
        bundle = folder / "bundle.zip"
        bundle.write_bytes(content)
        verdict = verify(bundle)
        assert not verdict.holds, name
        assert all(one.rule.sentence for one in verdict.findings)
        assert list(folder.iterdir()) == [bundle]
    assert not Path("/tmp/evil").exists()  # noqa: S108
    assert rules(verify(tmp_path)) == {Rule.NOT_A_BUNDLE}
    assert rules(verify(tmp_path / "absent.zip")) == {Rule.NOT_A_BUNDLE}


def test_a_name_that_is_there_twice_is_refused(case: Case, tmp_path: Path) -> None:
    bundle = tmp_path / "twice.zip"
    shutil.copyfile(case.bundle, bundle)
    with zipfile.ZipFile(bundle, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("scope.json", b"{}")
    assert rules(verify(bundle)) == {Rule.NOT_A_BUNDLE}


def test_many_findings_are_counted_and_few_kept(case: Case) -> None:
    held = case.good.copy()
    for number in range(1000):
        held.members[f"x{number}"] = b""
    verdict = examine(held)
    assert verdict.found[Rule.MEMBER_EXTRA] == 1000
    assert len(verdict.findings) < 300
