"""Check an evidence bundle of Vanthu with nothing but Python: read this file first, then run it.

    python3 check.py BUNDLE.zip [CHECKPOINT.txt]

Needs Python 3.9; installs, connects to and writes nothing; shares no line with Vanthu.
1. Every member of the ZIP is what manifest.json lists, and nothing else is there.
2. An organisation's journal is a chain: each entry names the digest of the one before (the first, a
   digest made of the chain's name); a digest is SHA-256 of a zero byte and the entry's line.
3. Every row of evidence digests, with its salt, to what its entry says; none is missing or added
   (whole slices that ended before the year before the period's have none).
4. The end of each chain is the newest that the log's leaves name, and the leaves hash to the root
   in log/checkpoint.txt (RFC 6962): whoever changes or leaves out an entry must change that root.
5. The log only grew since CHECKPOINT.txt, which you kept of an earlier bundle. Keep this one's.
The root is worth as much as the signature and time-stamp over it: openssl checks those, as
docs/auditing.md says. What the rows mean (signatures, fractions) only `vanthu verify` checks.
"""

import base64, hashlib, json, pathlib, sys, zipfile

SLICE, MOST = 5000, 1 << 30  # entries, and bytes, in one member
ALTERED = "mục nhật ký bị sửa, bị chèn, bị thiếu hoặc đổi chỗ"
TABLES = """register_entry number_void register_fact report revision signing_intent signing_outcome
relation reconciliation indicator_exclusion indicator_snapshot snapshot_report"""


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def parsed(line):
    try:  # an object whose one form is these bytes, or nothing
        value = json.loads(line)
        return value if type(value) is dict and canonical(value) == line else {}
    except (ValueError, RecursionError):
        return {}


def chain(read, chain, length, rows_from, whole_from, head):
    last, place, entry = digest(b"vanthu journal genesis 1\0", chain.encode()).hex(), 0, {}
    for first in range(1, length + 1, SLICE):
        named = {}
        for line in filter(None, read(f"chains/{chain}/{first:09}.jsonl").split(b"\n")):
            place, entry = place + 1, parsed(line)
            if entry.get("chain") != chain or entry["sequence"] != place:
                return (yield f"{chain}#{min(place, entry.get('sequence', place))}", ALTERED)
            if entry["previous"] != last:
                return (yield f"{chain}#{max(place - 1, 1)}", ALTERED)
            last = digest(b"\0", line).hex()
            named.update({(table, key): told for table, key, told in entry["rows"]})
        if first >= rows_from:
            yield from rows(read(f"rows/{chain}/{first:09}.jsonl"), named)
        elif entry.get("at", whole_from) >= whole_from:
            yield f"rows/{chain}/{first:09}.jsonl", "thiếu bản ghi"
    if place < length:
        yield f"{chain}#{place + 1}", "thiếu mục nhật ký"
    elif head != ((length, last) if length else None):
        yield f"{chain}#{max(length, (head or [0])[0])}", "điểm kiểm soát không xác nhận"


def rows(data, named):
    missing = {key for key in named if key[0] in TABLES.split()}
    for number, line in enumerate(filter(None, data.split(b"\n")), 1):
        row = parsed(line) or {"table": "", "id": str(number), "salt": "", "columns": {}}
        key, salted = (row["table"], row["id"]), [row["salt"], row["table"], row["columns"]]
        told = digest(canonical(["vanthu.row.1", *salted])).hex()
        if key not in missing or named[key] != told:
            yield " ".join(key).strip(), "bản ghi bị sửa, hoặc không mục nhật ký nào ghi nhận"
        missing.discard(key)
    yield from ((" ".join(key), "thiếu bản ghi") for key in sorted(missing))


def newest(data, size, root, wanted):
    """The newest heads, by the log's last leaves; None if those have another root or too few."""
    opening, *leaves = data.split(b"\n")[:-1]
    heads, count = {}, parsed(opening)["first"]
    peaks = [bytes.fromhex(one) for one in parsed(opening)["before"]]  # over the leaves before
    for line in leaves:
        heads.update({name: (sequence, told) for name, sequence, told in parsed(line)["heads"]})
        node, index, count = digest(b"\0", line), count, count + 1
        while index & 1:
            node, index = digest(b"\1", peaks.pop(), node), index >> 1
        peaks.append(node)
    while len(peaks) > 1:
        peaks[-2:] = [digest(b"\1", *peaks[-2:])]
    enough = count == len(leaves) or wanted <= heads.keys()
    return heads if enough and (count, peaks) == (size, [root]) else None


def grew(steps, first, size, before=None):
    """Both roots, folded as RFC 6962 makes the proof (2.1.2)."""
    if first == size:
        return [before or next(steps, b"")] * 2
    half = 1 << (size - 1).bit_length() - 1
    if first <= half:
        old, new = grew(steps, first, half, before)
        return [old, digest(b"\1", new, next(steps, b""))]
    both, left = grew(steps, first - half, size - half), next(steps, b"")
    return [digest(b"\1", left, one) for one in both]


def check(read, names, kept=None):
    """Every (place, why) that is wrong; `read` gives a member's bytes by its name."""
    scope, text = parsed(read("scope.json")), read("log/checkpoint.txt").decode().splitlines()
    size, root = int(text[1]), base64.b64decode(text[2])
    listed = {one["name"]: one for one in parsed(read("manifest.json"))["members"]}
    for name in sorted({*names, *listed} - {"manifest.json"}):
        data = read(name) if name in names else b""
        told = {"bytes": len(data), "name": name, "sha256": digest(data).hex()}
        if name not in names or listed.get(name) != told:
            yield name, "không đúng như bản kê, hoặc chỉ có một trong hai"
    if text != [scope["log"], str(scope["checkpoint"]), text[2], f"at {scope['as_of']}"]:
        yield "scope.json", "không phải của điểm kiểm soát này"
    chains = {one["id"]: (one["chain"], one["rows_from"]) for one in scope["organisations"]}
    chains["system"] = scope["system"], 1
    heads = newest(read("log/leaves.jsonl"), size, root, chains.keys())
    if heads is None:
        return (yield "log/leaves.jsonl", "thiếu lá, hoặc các lá không khớp với gốc đã ký")
    whole_from = f"{int(scope['period'][:4]) - 2}-12-31T17"  # the New Year of Vietnam, in UTC
    for name, (length, rows_from) in chains.items():
        yield from chain(read, name, length, rows_from, whole_from, heads.get(name))
    if kept is not None:
        origin, first, before, *_ = kept.decode().splitlines()
        first, before = int(first), base64.b64decode(before)
        proof = parsed(read("log/since.json")) if first < size and "log/since.json" in names else {}
        steps = map(bytes.fromhex, proof.get("path", []))
        grown = 0 < first <= size and grew(steps, first, size, before) == [before, root]
        if origin != text[0] or not grown or next(steps, None):
            yield "log/checkpoint.txt", "sổ kiểm soát bị viết lại"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        kept = pathlib.Path(sys.argv[2]).read_bytes() if sys.argv[2:] else None
        with zipfile.ZipFile(sys.argv[1]) as bundle:
            names, sizes = bundle.namelist(), [one.file_size for one in bundle.infolist()]
            if len(set(names)) < len(names) or max(sizes) > MOST:
                sys.exit("SAI: một tên có hai lần, hoặc một thành phần quá lớn")
            wrong, scope = list(check(bundle.read, set(names), kept)), bundle.read("scope.json")
            print("Hãy kiểm tra chữ ký trên", ascii(bundle.read("log/checkpoint.txt").decode()))
        for one in json.loads(scope)["organisations"]:
            print(f"{one['name']!r}: {one['chain']} mục nhật ký, bản ghi từ {one['rows_from']!r}")
    except Exception as fault:  # whatever a stranger's file makes a reader raise
        sys.exit(f"SAI: không đọc được: {fault!r}")
    sys.exit("\n".join(f"SAI: {place!r}: {why}" for place, why in wrong) or print("ĐẠT"))
