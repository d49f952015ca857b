#!/usr/bin/env python3
"""Check an evidence bundle of Vanthu with nothing but Python: read this file first, then run it.

    python3 check.py BUNDLE.zip [CHECKPOINT.txt]

Needs Python 3.9 or newer; installs, connects to and writes nothing; shares no line with Vanthu.
1. Every member of the ZIP is what manifest.json lists, and nothing else is there.
2. An organisation's journal is a chain: each entry names the digest of the one before (the first, a
   digest made of the chain's name); a digest is SHA-256 of a zero byte and the entry's line.
3. Every row of evidence digests, with its salt, to what its entry says; none is missing or added.
4. The end of each chain is in a leaf of the log, whose path of hashes leads to the root in
   log/checkpoint.txt (RFC 6962): whoever changes an entry has to change that root.
5. The log only grew since CHECKPOINT.txt, which you kept of an earlier bundle. Keep this one's.
The root is worth as much as the signature and time-stamp over it: the commands printed at the end
check those with openssl. What the rows mean (signatures, fractions) only `vanthu verify` checks.
"""

import base64, hashlib, json, pathlib, sys, zipfile

SLICE = 5000  # entries in one member
ALTERED = "mục nhật ký bị sửa, bị chèn, bị thiếu hoặc đổi chỗ"
TABLES = """register_entry number_void register_fact report revision signing_intent signing_outcome
relation reconciliation indicator_exclusion indicator_snapshot snapshot_report"""
BY_HAND = """Kiểm tra chữ ký và dấu thời gian (anchors.pem: chứng thư gốc mà bạn tin cậy):
  unzip -j BUNDLE.zip 'log/*'
  openssl x509 -inform DER -in certificate.der -noout -subject -pubkey > log.pub
  openssl dgst -sha256 -verify log.pub -signature checkpoint.sig checkpoint.txt
  openssl ts -verify -token_in -in stamp.der -data stamped.txt -CAfile anchors.pem"""


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def chain(read, chain, length, rows_from, head):
    last, place = digest(b"vanthu journal genesis 1\0", chain.encode()).hex(), 0
    for first in range(1, length + 1, SLICE):
        named = {}
        for line in read(f"chains/{chain}/{first:09}.jsonl").split(b"\n")[:-1]:
            place, entry = place + 1, parsed(line)
            if entry is None or entry["chain"] != chain or entry["sequence"] != place:
                return (
                    yield f"{chain}#{min(place, (entry or {}).get('sequence', place))}", ALTERED
                )
            if entry["previous"] != last:
                return (yield f"{chain}#{max(place - 1, 1)}", ALTERED)
            last = digest(b"\0", line).hex()
            named.update({(table, key): told for table, key, told in entry["rows"]})
        if first >= rows_from:
            yield from rows(read(f"rows/{chain}/{first:09}.jsonl"), named)
    if place < length:
        yield f"{chain}#{place + 1}", "thiếu mục nhật ký"
    elif (head.get("sequence"), head.get("digest")) != (length, last):
        place = f"{chain}#{length}" if head else f"log/heads.jsonl {chain}"
        yield place, "điểm kiểm soát không xác nhận nhật ký này"


def parsed(line):
    try:
        return value if canonical(value := json.loads(line)) == line else None
    except ValueError:
        return None


def rows(lines, named):
    missing = {key for key in named if key[0] in TABLES.split()}
    for number, line in enumerate(lines.split(b"\n")[:-1], 1):
        row = parsed(line) or {"table": "", "id": str(number), "salt": "", "columns": {}}
        key, salted = (row["table"], row["id"]), [row["salt"], row["table"], row["columns"]]
        told = digest(canonical(["vanthu.row.1", *salted])).hex()
        if key not in missing or named[key] != told:
            yield " ".join(key).strip(), "bản ghi bị sửa, hoặc không mục nhật ký nào ghi nhận"
        missing.discard(key)
    yield from ((" ".join(key), "thiếu bản ghi") for key in sorted(missing))


def climb(index, last, path, new, old):
    """Fold a path as RFC 9162 says in 2.1.3.2 and, with the older root beside it, in 2.1.4.2."""
    for step in path:
        if index & 1 or index == last:
            new, old = digest(b"\1", step, new), digest(b"\1", step, old)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            new = digest(b"\1", new, step)
        index, last = index >> 1, last >> 1
    return last, new, old


def leads(head, size, root):
    leaf, hashed = json.loads(head["content"]), digest(b"\0", head["content"].encode())
    last, new, _ = climb(head["leaf"], size - 1, map(bytes.fromhex, head["path"]), hashed, hashed)
    named = [head["chain"], head["sequence"], head["digest"]] in leaf["heads"]
    return named and leaf["index"] == head["leaf"] and (last, new) == (0, root)


def grew(proof, first, before, size, root):
    if first == size or not proof:
        return first == size and before == root
    path = ([] if first & first - 1 else [before]) + [bytes.fromhex(one) for one in proof["path"]]
    index, last = first - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    sizes = (proof["first"], proof["second"]) == (first, size)
    return sizes and climb(index, last, path[1:], path[0], path[0]) == (0, root, before)


def check(read, names, kept=None):
    """Every (place, why) that is wrong; `read` gives a member's bytes by its name."""
    scope, text = json.loads(read("scope.json")), read("log/checkpoint.txt").decode().splitlines()
    size, root = int(text[1]), base64.b64decode(text[2])
    listed = {one["name"]: one for one in json.loads(read("manifest.json"))["members"]}
    for name in sorted({*names, *listed} - {"manifest.json"}):
        data = read(name) if name in names else b""
        told = {"bytes": len(data), "name": name, "sha256": digest(data).hex()}
        if name not in names or listed.get(name) != told:
            yield name, "không đúng như bản kê, hoặc chỉ có một trong hai"
    if (text[0], size) != (scope["log"], scope["checkpoint"]):
        yield "scope.json", "không phải của điểm kiểm soát này"
    heads = {one["chain"]: one for one in map(json.loads, read("log/heads.jsonl").splitlines())}
    chains = [("system", scope["system"], 1)]
    chains += [(one["id"], one["chain"], one["rows_from"]) for one in scope["organisations"]]
    for name, length, rows_from in chains:
        if length or name in heads:
            yield from chain(read, name, length, rows_from, heads.get(name, {}))
    for name, head in heads.items():
        if not leads(head, size, root):
            yield f"log/heads.jsonl {name}", "đầu nhật ký không nằm trong cây của điểm kiểm soát"
    if kept:
        first, before = int(kept.splitlines()[1]), base64.b64decode(kept.splitlines()[2])
        proof = json.loads(read("log/since.json")) if "log/since.json" in names else None
        if not grew(proof, first, before, size, root):
            yield "log/since.json" if proof else "log/checkpoint.txt", "sổ kiểm soát bị viết lại"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    keeping = pathlib.Path(sys.argv[2]).read_bytes() if sys.argv[2:] else None
    with zipfile.ZipFile(sys.argv[1]) as bundle:
        wrong = list(check(bundle.read, bundle.namelist(), keeping))
        scope, text = json.loads(bundle.read("scope.json")), bundle.read("log/checkpoint.txt")
    for one in scope["organisations"]:
        print(f"{one['name']}: {one['chain']} mục nhật ký, bản ghi từ mục {one['rows_from']}")
    print(f"Hệ thống: {scope['system']} mục. Điểm kiểm soát:\n{text.decode()}{BY_HAND}")
    sys.exit("\n".join(f"SAI: {place}: {why}" for place, why in wrong) or print("ĐẠT"))
