"""What a signature costs, beside what it may cost and what it costs others: `make bench-signing`.

CPU time only, and ratios within one run: other programs may run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader

from benchmarks import memory, report
from benchmarks.files import SAMPLES, make
from benchmarks.measuring import medians
from benchmarks.ours import LEVELS, Desk, parts, stamps
from benchmarks.peers import PEERS, Absent, Failed, Running
from benchmarks.pki import PASSPHRASE, Office, office
from benchmarks.report import LARGE, OURS, PLAIN, SMALL, Row

RESULTS = Path(__file__).parent / "results" / "signing.json"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables, store them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=SAMPLES, help="these files (all)")
    parser.add_argument("--no-peers", action="store_true", help="do not install other programs")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here, asked = stack.enter_context(office())
        here.write_keys(folder)
        samples = make(folder, frozenset(chosen.only or SAMPLES))
        results: Row = {"machine": report.machine(), "peers": {}}
        commands: dict[str, Sequence[str]] = {}
        peers: dict[str, Running] = {}
        for peer in () if chosen.no_peers else PEERS:
            report.say(f"installing {peer.name}")
            try:
                command = peer.install(Path(tempfile.mkdtemp(dir=folder)))
                peers[peer.name] = stack.enter_context(Running(command, folder, PASSPHRASE))
            except (Absent, Failed) as fault:
                results["peers"][peer.name] = f"absent: {fault}"
                continue
            commands[peer.name] = command
            results["peers"][peer.name] = peers[peer.name].version
        figures = results["figures"] = []
        for name, path in samples.items():
            report.say(f"measuring {name}")
            figures += _of_file(name, path, here, asked, peers)
        if LARGE in samples:
            report.say("measuring memory")
            figures += _of_memory(samples, here, commands, folder)
    results["goals"] = list(report.goals(figures))
    report.show(results)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    chosen.results.write_text(text + "\n", encoding="utf-8")


def _of_file(
    name: str,
    path: Path,
    here: Office,
    asked: Callable[[], int],
    peers: Mapping[str, Running],
) -> Iterator[Row]:
    desk = Desk(here.person, here.trust(), path, path.with_suffix(".signed"))
    subjects: dict[tuple[str, str], Callable[[], float]] = {
        (OURS, what): work for what, work in parts(desk).items()
    }
    facts: dict[tuple[str, str], Row] = {}
    for level in LEVELS:
        desk.signed(level)  # the first asks more: who stamps, and the status of every certificate
        before = asked()
        grown = desk.signed(level)
        facts[OURS, level] = {
            "growth_bytes": grown,
            "requests": asked() - before,
            "pades": _is_pades(desk.target),
        }
    if name == SMALL:
        subjects |= {(OURS, f"stamp: {what}"): work for what, work in stamps(desk).items()}
    for by, peer in peers.items():
        for what in ("B-B", "B-LT", "stamp") if by == PLAIN and name == SMALL else ("B-B",):
            target = path.with_suffix(f".{len(facts)}")
            sign = partial(peer.sign, path, target, what)
            try:
                sign()
            except Failed as fault:
                yield {"file": name, "by": by, "what": what, "failed": str(fault)}
                continue
            subjects[by, what] = sign
            grown = target.stat().st_size - path.stat().st_size
            facts[by, what] = {"growth_bytes": grown, "pades": _is_pades(target)}
    taken = medians(subjects)
    floor = taken[OURS, "floor"]
    for (by, what), spent in taken.items():
        yield {
            "file": name,
            "by": by,
            "what": what,
            "cpu_ms": round(spent, 3),
            "floors": round(spent / floor, 2),
            **facts.get((by, what), {}),
        }


def _of_memory(
    samples: Mapping[str, Path], here: Office, commands: Mapping[str, Sequence[str]], folder: Path
) -> Iterator[Row]:
    """Each in a process of its own that has signed a small file before."""
    small, large = samples.get(SMALL, samples[LARGE]), samples[LARGE]
    for level in LEVELS:
        grown = memory.of_ours(here, level, small, large)
        yield {"file": LARGE, "by": OURS, "what": level, "peak_growth_bytes": grown}
    for by, command in commands.items():
        try:
            with Running(command, folder, PASSPHRASE) as peer:
                grown = memory.of_peer(peer, small, large)
        except Failed:
            continue  # the table of CPU says so already
        yield {"file": LARGE, "by": by, "what": "B-B", "peak_growth_bytes": grown}


def _is_pades(path: Path) -> bool:
    """Whether the form is PAdES B-B's (EN 319 142-1 §6.3): sub-filter and signed attributes."""
    with path.open("rb") as stream:
        signature = PdfFileReader(stream, strict=False).embedded_regular_signatures[0]
        stated = {item["type"].native for item in signature.signer_info["signed_attrs"]}
        return (
            signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
            and "signing_certificate_v2" in stated
            and "signing_time" not in stated
        )


if __name__ == "__main__":
    main()
