"""The checkpoint of a bundle: its text, who signed it and when, and which chain ends it holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signing.witness import (
    WitnessInvalid,
    certificates_in,
    check_chain,
    check_signature,
    check_stamp,
    subject,
)
from workflow.rules import checkpoints, merkle
from workflow.rules.canonical import decoded
from workflow.verifier.archive import Archive
from workflow.verifier.findings import Found, Note, Rule
from workflow.verifier.scope import SYSTEM, Ends, Scope, digests

_TEXT, _HEADS, _LEAVES = "log/checkpoint.txt", "log/heads.jsonl", "log/leaves.jsonl"
_MOST_ANCHORS, _LONGEST_ANCHOR = 1000, 1 << 16


@dataclass
class Log:
    """What is checked against the checkpoint. `anchors` are DER: whom the auditor trusts."""

    archive: Archive
    scope: Scope
    anchors: Sequence[bytes]
    found: Found
    notes: list[Note]

    def check(self, kept: Path | None) -> Ends:
        """Check everything under log/; `kept` is a checkpoint's text that the auditor has."""
        text = self.archive.content(_TEXT)
        head = self._head(text, _TEXT)
        if head is not None and (head.origin, head.size, head.at) != (
            self.scope.log,
            self.scope.checkpoint,
            self.scope.as_of,
        ):
            self.found.add(Rule.CHECKPOINT_WRONG, "scope.json", detail="not of this checkpoint")
        self._signed(text, head)
        self._stamped(text, head)
        earlier = self._kept(kept)
        self._since(head, earlier)
        ends = self._ends(head)
        if head is not None:
            self._newest(head, ends)
        return ends

    def _head(self, text: bytes, name: str) -> checkpoints.TreeHead | None:
        try:
            return checkpoints.parse_head(text)
        except ValueError as fault:
            self.found.add(Rule.CHECKPOINT_WRONG, name, detail=str(fault))
            return None

    def _signed(self, text: bytes, head: checkpoints.TreeHead | None) -> None:
        certificate = self.archive.content("log/certificate.der")
        signature = self.archive.content("log/checkpoint.sig")
        issuers = self.archive.content("log/issuers.der")
        try:
            check_signature(certificate, text, signature)
        except WitnessInvalid as fault:
            self.found.add(Rule.CHECKPOINT_UNSIGNED, "log/checkpoint.sig", detail=str(fault))
        try:
            others = certificates_in(issuers)
        except WitnessInvalid as fault:
            self.found.add(Rule.MEMBER_UNREADABLE, "log/issuers.der", detail=str(fault))
            others = []
        if head is None:
            return
        try:
            self.notes.append(_signer(certificate))
            if not check_chain(certificate, others, self.anchors, head.at):
                self.found.add(Rule.CHECKPOINT_UNTRUSTED, "log/certificate.der")
        except WitnessInvalid as fault:
            self.found.add(Rule.CHECKPOINT_UNTRUSTED, "log/certificate.der", detail=str(fault))

    def _stamped(self, text: bytes, head: checkpoints.TreeHead | None) -> None:
        """A stamp over a later checkpoint speaks for this one, which the later one continues."""
        if "log/stamp.der" not in self.archive:
            for name in ("log/stamped.txt", "log/stamped.json"):
                if name in self.archive:
                    self.found.add(Rule.MEMBER_EXTRA, name, detail="no stamp")
            self.notes.append(Note("no_stamp", "Điểm kiểm soát chưa có dấu thời gian."))
            return
        token = self.archive.content("log/stamp.der")
        if "log/stamped.txt" not in self.archive:
            self.found.add(Rule.MEMBER_MISSING, "log/stamped.txt")
            return
        stamped = self.archive.content("log/stamped.txt")
        later = self._head(stamped, "log/stamped.txt")
        if stamped != text:
            self._consistent("log/stamped.json", head, later)
        elif "log/stamped.json" in self.archive:
            self.found.add(Rule.MEMBER_EXTRA, "log/stamped.json", detail="not later")
        try:
            stamp = check_stamp(token, stamped, self.anchors)
        except WitnessInvalid as fault:
            self.found.add(Rule.STAMP_WRONG, "log/stamp.der", detail=str(fault))
            return
        if not stamp.trusted:
            self.found.add(Rule.STAMP_UNTRUSTED, "log/stamp.der")
        self.notes.append(
            Note("stamped", f"Dấu thời gian: điểm kiểm soát đã có vào lúc {stamp.at.isoformat()}.")
        )

    def _kept(self, path: Path | None) -> checkpoints.TreeHead | None:
        if path is None:
            self.notes.append(
                Note(
                    "no_checkpoint_kept",
                    "Chưa so với điểm kiểm soát đã lưu trước đó (--checkpoint). Hãy lưu"
                    " log/checkpoint.txt của gói này để so lần sau.",
                )
            )
            return None
        try:
            with path.open("rb") as file:
                return self._head(file.read(1 << 16), path.name)
        except OSError as fault:
            self.found.add(Rule.CHECKPOINT_WRONG, path.name, detail=str(fault.strerror))
            return None

    def _since(self, head: checkpoints.TreeHead | None, kept: checkpoints.TreeHead | None) -> None:
        name = "log/since.json"
        if (self.scope.since is None) != (name not in self.archive):
            rule = Rule.MEMBER_EXTRA if self.scope.since is None else Rule.MEMBER_MISSING
            self.found.add(rule, name)
        if kept is not None and head is not None and kept.size != self.scope.since:
            if kept.origin != head.origin:
                self.found.add(Rule.LOG_REWRITTEN, _TEXT, detail="a checkpoint of another log")
            elif kept.size == head.size:
                if kept.root != head.root:
                    self.found.add(Rule.LOG_REWRITTEN, _TEXT, detail="two roots for one size")
            else:
                self.found.add(
                    Rule.LOG_REWRITTEN,
                    _TEXT,
                    detail=f"no proof from {kept.size} to {head.size} here: ask for one"
                    f" (since={min(kept.size, head.size)})",
                )
        if name in self.archive:
            other = kept is None or kept.size != self.scope.since
            self._consistent(name, None if other else kept, head, first_known=not other)
            if kept is None:
                self.notes.append(
                    Note(
                        "since_unchecked",
                        "Gói có chứng minh nối tiếp nhưng chưa có điểm kiểm soát cũ để so"
                        " (--checkpoint).",
                    )
                )

    def _consistent(
        self,
        name: str,
        first: checkpoints.TreeHead | None,
        second: checkpoints.TreeHead | None,
        *,
        first_known: bool = True,
    ) -> None:
        """The proof in a member leads from one tree head to the other."""
        value = self._proof(name)
        if value is None or second is None or (first_known and first is None):
            return
        sizes = (value["first"], value["second"])
        if sizes != (first.size if first else self.scope.since, second.size):
            self.found.add(Rule.LOG_REWRITTEN, name, detail=f"a proof for {sizes}")
            return
        if first is None:
            return
        try:
            if first.origin != second.origin:
                raise merkle.ProofInvalid("of another log")
            merkle.verify_consistency(
                first.size, second.size, first.root, second.root, value["path"]
            )
        except merkle.ProofInvalid as fault:
            self.found.add(Rule.LOG_REWRITTEN, name, detail=str(fault))

    def _proof(self, name: str) -> dict[str, Any] | None:
        content = self.archive.content(name)
        try:
            value = decoded(content)
            if value.keys() != {"first", "second", "path"}:
                raise ValueError("not the fields of a proof")
            return {**value, "path": digests(value["path"])}
        except (ValueError, TypeError, AttributeError) as fault:
            if name in self.archive:
                self.found.add(Rule.MEMBER_UNREADABLE, name, detail=str(fault))
            else:
                self.found.add(Rule.MEMBER_MISSING, name)
            return None

    def _ends(self, head: checkpoints.TreeHead | None) -> Ends:
        """The chains' ends: each in its leaf, and the leaf in the tree."""
        ends: dict[str, tuple[int, str]] = {}
        wanted = {chain: length for chain, length, _ in self.scope.chains()}
        for line in self.archive.lines(_HEADS):
            try:
                value = decoded(line)
                if value.keys() != {"chain", "sequence", "digest", "leaf", "content", "path"}:
                    raise ValueError("not the fields of a head")
                end = checkpoints.Head(value["chain"], value["sequence"], value["digest"])
                content = value["content"].encode()
                leaf = checkpoints.parse_leaf(content)
                path = digests(value["path"])
                if type(end.chain) is not str:
                    raise ValueError("no chain")
            except (ValueError, TypeError, AttributeError, json.JSONDecodeError) as fault:
                self.found.add(Rule.MEMBER_UNREADABLE, _HEADS, detail=str(fault))
                break  # there may be millions of such lines
            place, owner = f"{_HEADS} {end.chain}", "" if end.chain == SYSTEM else str(end.chain)
            if end.chain in ends or end.chain not in wanted:
                self.found.add(Rule.MEMBER_UNREADABLE, place, owner, "not a chain of this bundle")
                break
            ends[end.chain] = (end.sequence, end.digest)
            if end not in leaf.heads or leaf.index != value["leaf"]:
                self.found.add(Rule.LEAF_WRONG, place, owner)
            if head is None:
                continue
            try:
                merkle.verify_inclusion(
                    merkle.leaf_hash(content), leaf.index, head.size, path, head.root
                )
            except merkle.ProofInvalid as fault:
                self.found.add(Rule.LEAF_NOT_IN_TREE, place, owner, str(fault))
        if [chain for chain in wanted if chain in ends] != list(ends):
            self.found.add(Rule.MEMBER_ORDER, _HEADS)
        for chain, length in wanted.items():
            sequence = ends.get(chain, (0, ""))[0]
            if sequence != length:
                owner = "" if chain == SYSTEM else chain
                self.found.add(
                    Rule.CHAIN_HEAD,
                    f"{_HEADS} {chain}",
                    owner,
                    f"the scope says {length}, the checkpoint {sequence}",
                )
        return ends

    def _newest(self, head: checkpoints.TreeHead, ends: Ends) -> None:
        """No leaf after those of the ends tells of another end: an older leaf is in the tree, too,
        and whoever names it leaves out all that came later."""
        told: dict[str, checkpoints.Head] = {}
        lines = self.archive.lines(_LEAVES)
        try:
            opening = decoded(next(lines, b""))
            first, before = opening["first"], digests(opening["before"])
            if opening.keys() != {"first", "before"} or not 0 <= first < head.size:
                raise ValueError("not where leaves begin")
            tree = merkle.grown(first, before, _hashed(lines, range(first, head.size), told))
        except (ValueError, TypeError, AttributeError, KeyError) as fault:
            self.found.add(Rule.MEMBER_UNREADABLE, _LEAVES, detail=str(fault))
            return
        if tree != (head.size, head.root):
            self.found.add(Rule.LEAF_NOT_IN_TREE, _LEAVES, detail="they come to another root")
            return
        for chain, length, _ in self.scope.chains():
            newest = told.get(chain)
            owner = "" if chain == SYSTEM else chain
            if newest is None and (chain in ends or first):
                self.found.add(Rule.MEMBER_MISSING, f"{_LEAVES} {chain}", owner, "older leaves")
            elif newest and (newest[1:] != ends.get(chain) or newest.sequence != length):
                place = f"{chain}#{max(newest.sequence, length)}"
                why = f"leaves tell of {newest.sequence} entries, {newest.digest}"
                self.found.add(Rule.CHAIN_HEAD, place, owner, why)


def _signer(certificate: bytes) -> Note:
    """Whoever has a certificate under an anchor can sign a log of their own."""
    digest = hashlib.sha256(certificate).hexdigest()
    return Note(
        "log_key",
        f"Điểm kiểm soát do khóa của {subject(certificate)} ký, SHA-256 của chứng thư: {digest}."
        " Hãy so với chứng thư của sổ kiểm soát đã công bố.",
    )


def _hashed(
    lines: Iterator[bytes], places: range, told: dict[str, checkpoints.Head]
) -> Iterator[bytes]:
    """The hashes of leaves in their order; `told` gets what they say. Raises ValueError."""
    for line, place in zip(lines, places, strict=True):
        leaf = checkpoints.parse_leaf(line)
        if leaf.index != place:
            raise ValueError(f"leaf {leaf.index} stands where {place} should")
        told.update((head.chain, head) for head in leaf.heads)
        yield merkle.leaf_hash(line)


def trusted(archive: Archive, found: Found) -> list[bytes]:
    """The certificates that the bundle itself trusts."""
    anchors: list[bytes] = []
    for name in archive.under("trust/"):
        if len(anchors) == _MOST_ANCHORS or archive.listed[name].bytes > _LONGEST_ANCHOR:
            found.add(Rule.MEMBER_UNREADABLE, name, detail="no certificate, or too many")
            continue
        content = archive.content(name)
        if f"trust/{hashlib.sha256(content).hexdigest()}.der" != name:
            found.add(Rule.MEMBER_ALTERED, name, detail="not the certificate it is named after")
        anchors.append(content)
    return anchors
