"""Ways to spoil a signed file, and whether INTACT may still be said of the result."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from asn1crypto import cms, parser

from tests.hostile.paper import INFO, Paper
from tests.hostile.seeds import Seed
from tests.hostile.showing import changed
from tests.signing.handmade import STANDARD

_TOKEN = re.compile(rb"<<|>>|[\[\]]|/[^\s/<>\[\]()]*|\([^)]*\)|<[^>]*>|[^\s/<>\[\]()]+")
_UNHEEDED = re.compile(rb"/(?:SigFlags|Type|F) (?:<< *>>|\[ *\]|99 0 R|[34] 0 R|[^\s>]+)")
_LISTED = re.compile(rb"/(?:Fields|Kids) \[([^]]*)\]")
_REFERENCE = re.compile(rb"\d+ 0 R")


@dataclass(frozen=True)
class Spoilt:
    """A spoilt file; `harmless` says whether it may be INTACT, and is asked only then."""

    content: bytes
    harmless: Callable[[], bool]


def flip(chance: random.Random, seed: Seed) -> Spoilt:
    """Bytes changed that a signature covers."""
    content = bytearray(seed.content)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        place = chance.randrange(seed.covered_bytes)
        while any(start <= place < end for start, end in seed.gaps):
            place = chance.randrange(seed.covered_bytes)
        content[place] ^= chance.randrange(1, 256)
    return Spoilt(bytes(content), lambda: bytes(content) == seed.content)


def splice(chance: random.Random, seed: Seed) -> Spoilt:
    """A stretch cut out, doubled, moved or replaced, anywhere in what is covered."""
    content = seed.content
    start, to = (chance.randrange(seed.covered_bytes) for _ in range(2))
    end = start + min(chance.choice([1, 4, 20, 200, 5000]), seed.covered_bytes - start)
    piece = content[start:end]
    match chance.randrange(4):
        case 0:
            made = content[:start] + content[end:]
        case 1:
            made = content[:to] + piece + content[to:]
        case 2:
            made = content[:to] + piece + content[to + len(piece) :]
        case _:
            made = content[:start] + chance.randbytes(len(piece)) + content[end:]
    # The file as it stood earlier, whole, is a file that was signed; and a zero less is a zero.
    return Spoilt(made, lambda: not changed(made) and _same_outside_gaps(seed, made))


def _same_outside_gaps(seed: Seed, made: bytes) -> bool:
    if seed.content.startswith(made.rstrip()):
        return True
    return len(made) == len(seed.content) and all(
        one == other or any(start <= place < end for start, end in seed.gaps)
        for place, (one, other) in enumerate(zip(made, seed.content, strict=True))
    )


def room(chance: random.Random, seed: Seed) -> Spoilt:
    """The string in a gap changed: hexadecimal digits, zeros behind the value, anything."""
    content = bytearray(seed.content)
    start, end = chance.choice(seed.gaps)
    for _ in range(chance.choice([1, 1, 3])):
        place = chance.randrange(start, end)
        content[place] = chance.choice(b"0123456789abcdefABCDEF<>()[]/% \n\0\xff")
    return Spoilt(bytes(content), lambda: _same_value(seed.content, bytes(content), start, end))


def envelope(chance: random.Random, seed: Seed) -> Spoilt:
    """The DER of a signature changed, as long as it was or shorter."""
    content = bytearray(seed.content)
    start, end = chance.choice(seed.gaps)
    room_ = bytes.fromhex(content[start:end].decode())
    value = bytearray(room_[: parser.peek(room_)])
    for _ in range(chance.choice([1, 1, 2, 4])):
        place = chance.randrange(len(value))
        match chance.randrange(5):
            case 0:
                value[place] ^= 1 << chance.randrange(8)
            case 1:
                value[place] = chance.choice([0, 1, 0x30, 0x31, 0x80, 0xA0, 0xFF, 5, 2, 4, 6])
            case 2:
                del value[place : place + chance.choice([1, 2, 10])]
            case 3:
                value[place:place] = value[place : place + chance.choice([1, 2, 10, 40])]
            case _:
                other = chance.randrange(len(value))
                value[place : place + 8] = value[other : other + 8]
    made = bytes(value[: len(room_)]).ljust(len(room_), b"\0").hex().encode()
    content[start:end] = made
    return Spoilt(bytes(content), lambda: _same_value(seed.content, bytes(content), start, end))


def _same_value(before: bytes, after: bytes, start: int, end: int) -> bool:
    """Whether signer, attributes and value are what they were: all else in it nobody signed."""
    try:
        return _essence(before[start:end]) == _essence(after[start:end])
    except ValueError:
        return False


def _essence(digits: bytes) -> object:
    value = bytes.fromhex(digits.decode())
    (signer,) = (signed := cms.ContentInfo.load(value)["content"])["signer_infos"]
    kind = signed["encap_content_info"]["content_type"].native
    named = signer["sid"].chosen["serial_number"].native
    certificates = {
        item.chosen.dump() for item in signed["certificates"] if item.chosen.serial_number == named
    }
    stated = signer["digest_algorithm"]["algorithm"].native
    return (
        kind,
        bytes(signed["encap_content_info"]["content"] or b"") if kind != "data" else b"",
        certificates,
        stated,
        signer["signed_attrs"].dump(),
        signer["signature"].native,
        value[parser.peek(value) :].strip(b"\0"),
    )


def revision(chance: random.Random, seed: Seed) -> Spoilt:
    """An object written anew in a later revision, some of its words changed."""
    paper = seed.paper.copy()
    number = chance.choice(
        [number for number, text in paper.objects.items() if text and b"/ByteRange" not in text]
    )
    before = paper.objects[number]
    words = _TOKEN.findall(before)
    for _ in range(chance.choice([1, 1, 2, 3])):
        place = chance.randrange(len(words))
        match chance.randrange(6):
            case 0:
                del words[place]
                words = words or [b"null"]
            case 1:
                words[place] = chance.choice(words)
            case 2:
                words.insert(place, chance.choice(words))
            case 3:
                words[place] = chance.choice([b"null", b"0", b"[]", b"<< >>", b"-1", b"99 0 R"])
            case 4:
                words[place] = re.sub(rb"\d", b"%d" % chance.randrange(10), words[place], count=1)
            case _:
                words[place] = chance.choice([b"true", b"(x)", b"/X", b"3 0 R", b"4 0 R", b"1.5"])
    text = b" ".join(words)
    if b"stream" in before.partition(b">>")[2]:
        head, line, data = before.partition(b"\nstream")
        text = head + line + data.replace(b"1", b"%d" % chance.randrange(10), 1)
    if chance.randrange(4) == 0 and b"stream" not in text:
        paper.pack({number: text})
        paper.end("stream")
    else:
        paper.write(number, text)
        paper = _ended(chance, seed, paper)
    same = _meaning(before) == _meaning(text)
    return Spoilt(paper.contents, lambda: same or number == INFO)


def _meaning(text: bytes) -> list[bytes]:
    """The words of an object, without those that nobody heeds once it is signed.

    The flags of a widget are among them: hiding one is a case of its own (`overlays_unseen`).
    """
    text = _UNHEEDED.sub(b"", text)
    text = _LISTED.sub(lambda found: b" ".join(_REFERENCE.findall(found[1])), text)
    return _TOKEN.findall(text)


def _ended(chance: random.Random, seed: Seed, paper: Paper) -> Paper:
    """In half of the files a stranger signs what was done, where the form is still fit for it."""
    if chance.randrange(2):
        with suppress(AssertionError, ValueError, KeyError):
            return seed.stranger(paper.copy())
    return paper.end()


def led_astray(chance: random.Random, seed: Seed) -> Spoilt:
    """A number freed, led to another object, or into the middle of something."""
    paper = seed.paper.copy()
    number = chance.choice([number for number, text in paper.objects.items() if text])
    places = {
        found.start() + 1: int(found[1]) for found in re.finditer(rb"\n(\d+) 0 obj", paper.contents)
    }
    match chance.randrange(3):
        case 0:
            paper.free(number)
        case 1:
            paper.entries[number] = (STANDARD, chance.choice(list(places)), 0)
        case _:
            paper.entries[number] = (STANDARD, chance.randrange(len(paper.contents)), 0)
    _, place, _ = paper.entries[number]
    last = max((place for place, holder in places.items() if holder == number), default=None)
    # White space before an object is nothing.
    same = last is not None and not paper.contents[place:last].strip() and place <= last
    return Spoilt(paper.end().contents, lambda: same or number == INFO)


def tail(chance: random.Random, seed: Seed) -> Spoilt:
    """Cross-references and trailer of a revision that nobody signed, changed at random."""
    paper = seed.paper.copy()
    paper.write(INFO, paper.objects[INFO])
    paper.end(chance.choice(["table", "stream"]))
    content = bytearray(paper.contents)
    for _ in range(chance.choice([1, 2, 4])):
        place = chance.randrange(seed.covered_bytes, len(content))
        match chance.randrange(3):
            case 0:
                content[place] = chance.choice(b"0123456789 /<>[]nfR\n")
            case 1:
                content[place] ^= 1 << chance.randrange(8)
            case _:
                del content[place : place + chance.choice([1, 3, 20])]
    made = bytes(content)
    return Spoilt(made, lambda: not changed(made))


MUTATIONS: dict[str, Callable[[random.Random, Seed], Spoilt]] = {
    "flip": flip,
    "splice": splice,
    "room": room,
    "envelope": envelope,
    "revision": revision,
    "led_astray": led_astray,
    "tail": tail,
}
