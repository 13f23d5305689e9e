"""A second client of the sync protocol, written from docs/protocol.md alone.

It proves that the document is enough: it enrols, pulls its villages page by page, pushes in CBOR
with the dictionary or in JSON, survives a fork, a gap and a restored server, repairs a village
whose digest differs, and checks the published vectors. It shares no code with the product.

    client.py vectors FILE             checks an implementation of the encodings
    client.py day SERVER CODE          works as a cadre's tablet; prints what it did as JSON

Needs Python 3.11 with the packages cbor2 and zstandard.
"""

import base64
import hashlib
import json
import secrets
import struct
import sys
import time
import urllib.error
import urllib.request
import uuid

import cbor2
import zstandard

# ---------------------------------------------------------------- Ed25519, RFC 8032, section 6

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    return P - x if x & 1 != sign else x


BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def add(a, b):
    one = (a[1] - a[0]) * (b[1] - b[0]) % P
    two = (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def compress(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Key:
    def __init__(self):
        digest = hashlib.sha512(secrets.token_bytes(32)).digest()
        scalar = int.from_bytes(digest[:32], "little")
        self.scalar = scalar & ~7 & ~(1 << 255) | 1 << 254
        self.prefix = digest[32:]
        self.public = compress(multiply(self.scalar, BASE))

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % L
        point = compress(multiply(r, BASE))
        k = int.from_bytes(hashlib.sha512(point + self.public + message).digest(), "little") % L
        return point + ((r + k * self.scalar) % L).to_bytes(32, "little")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ---------------------------------------------------------------- the encodings

KINDS = ["create", "patch", "delete", "move", "add", "remove", "delta", "transition", "sign", "resolve"]
CHOICES = ["keep", "swap", "edit"]
OUTCOMES = ["applied", "merged", "conflict", "parked", "rejected"]
PARKED = ["scope", "deleted", "locked", "schema", "unknown"]
REJECTED = ["value", "kind", "immutable", "group", "too_large", "malformed", "author"]
RESULTS = ["ok", "fork", "gap", "reset", "upgrade"]


def canonical(item):
    return cbor2.dumps(item, canonical=True)


def uuid_bytes(text):
    return uuid.UUID(text).bytes


def version_out(version):
    return None if version is None else [int(version[0], 16), version[1]]


def version_in(version):
    return [f"{version[0]:016x}", version[1]]


def fields_out(fields):
    return {int(key): value for key, value in fields.items()}


def fields_in(fields):
    return {str(key): value for key, value in fields.items()}


def op_out(op):
    """An operation as the map of ten that is hashed, and sent in CBOR."""
    change = op["change"]
    kind = change["kind"]
    number = KINDS.index(kind)
    if kind in ("create", "patch", "sign"):
        rest = [fields_out(change["fields"])]
    elif kind == "delete":
        rest = []
    elif kind == "move":
        rest = [change["to"]]
    elif kind in ("add", "remove"):
        rest = [change["field"], change["element"]]
    elif kind == "delta":
        rest = [change["field"], change["by"]]
    elif kind == "transition":
        rest = [change["field"], change["from"], change["to"]]
    else:
        choice = [CHOICES.index(change["choice"]["choice"])]
        if choice == [2]:
            choice.append(fields_out(change["choice"]["fields"]))
        rest = [choice, change["reason"]]
    group = op.get("group")
    return {
        0: op["collection"],
        1: uuid_bytes(op["record"]),
        2: op["scope"],
        3: version_out(op.get("base")),
        4: [number, *rest],
        5: op["at"],
        6: bytes.fromhex(op["definition"]),
        7: uuid_bytes(op["author"]),
        8: [bytes.fromhex(blob) for blob in op.get("blobs", [])],
        9: group and [uuid_bytes(group["id"]), group["size"]],
    }


def request_out(request):
    clock = request["clock"]
    message = {
        0: request["protocol"],
        1: uuid_bytes(request["request"]),
        2: uuid_bytes(request["device"]),
        3: uuid_bytes(request["incarnation"]),
        7: request["first_seq"],
        8: [op_out(op) for op in request["ops"]],
        9: request["cursors"],
        12: request["budget"],
        13: [clock["wall"], clock["monotonic"], clock["boot"]],
    }
    if inherits := request.get("inherits"):
        message[4] = [uuid_bytes(inherits["incarnation"]), inherits["before"]]
    if request.get("epoch"):
        message[5] = int(request["epoch"], 16)
    if request.get("begins", 1) != 1:
        message[6] = request["begins"]
    if request.get("digests"):
        message[10] = {s: bytes.fromhex(d) for s, d in request["digests"].items()}
    if request.get("repair"):
        message[11] = {
            s: {p: bytes.fromhex(d) for p, d in parts.items()} for s, parts in request["repair"].items()
        }
    if unsent := request.get("unsent"):
        message[14] = [unsent["ops"], unsent["files"]]
    return message


def outcome_in(item):
    outcome = {"outcome": OUTCOMES[item[0]]}
    if item[0] < 3:
        outcome["version"] = version_in(item[1])
    if item[0] == 2:
        outcome["conflicts"] = [str(uuid.UUID(bytes=one)) for one in item[2]]
    if item[0] == 3:
        outcome["reason"] = PARKED[item[1]]
    if item[0] == 4:
        outcome["reason"] = REJECTED[item[1]]
    return outcome


def row_in(item):
    return {
        "id": str(uuid.UUID(bytes=item[0])),
        "collection": item[1],
        "version": version_in(item[2]),
        "definition": item[3].hex(),
        "fields": fields_in(item[4]),
    }


def feed_in(item):
    feed = {"rows": [row_in(row) for row in item[0]], "cursor": item[2]}
    if 1 in item:
        feed["gone"] = [{"id": str(uuid.UUID(bytes=g[0])), "version": version_in(g[1])} for g in item[1]]
    if 3 in item:
        feed["more"] = item[3]
    if 4 in item:
        feed["digest"] = item[4].hex()
    if 5 in item:
        feed["reset"] = item[5]
    if 6 in item:
        feed["repairs"] = []
        for prefix, rows in item[6]:
            repair = {"prefix": prefix}
            if rows is not None:
                repair["rows"] = [row_in(row) for row in rows]
            feed["repairs"].append(repair)
    return feed


def answer_in(item):
    answer = {"result": RESULTS[item[0]], "request": str(uuid.UUID(bytes=item[1]))}
    if 2 in item:
        answer["epoch"] = f"{item[2]:016x}"
    for key, name in [(3, "ack"), (6, "scopes"), (7, "safe_before"), (8, "now"), (10, "seq"), (11, "next"), (12, "oldest")]:
        if key in item:
            answer[name] = item[key]
    if 4 in item:
        answer["outcomes"] = [outcome_in(one) for one in item[4]]
    if 5 in item:
        answer["feeds"] = {scope: feed_in(feed) for scope, feed in item[5].items()}
    if 9 in item:
        answer["order"] = "wipe"
    return answer


def check_vectors(path):
    """Compares what this client reads and writes with the published examples."""
    count = 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, text, published = line.rstrip("\n").split("\t")
            message, published = json.loads(text), bytes.fromhex(published)
            if name.startswith("operation"):
                assert canonical(op_out(message)) == published, name
            elif name.startswith("request"):
                assert canonical(request_out(message)) == published, name
            else:
                assert answer_in(cbor2.loads(published)) == message, name
            count += 1
    return count


# ---------------------------------------------------------------- digests

def share(row_id, version):
    packed = uuid_bytes(row_id) + struct.pack(">QQ", int(version[0], 16), version[1])
    return int.from_bytes(hashlib.sha256(packed).digest()[:16], "big")


def digest(rows):
    total = sum(share(row["id"], row["version"]) for row in rows) % 2**128
    return f"{total:032x}"


def backwards(row_id):
    return uuid.UUID(row_id).hex[::-1]


# ---------------------------------------------------------------- the tablet

class Refused(Exception):
    pass


class Tablet:
    """What a tablet keeps; here in memory."""

    def __init__(self, server, wire):
        self.server, self.wire, self.key = server, wire, Key()
        self.incarnation, self.inherits, self.begins = str(uuid.uuid4()), None, 1
        self.epoch, self.safe_before = None, 0
        self.outbox = {}  # number -> [operation, outcome or None]
        self.cursors, self.rows = {}, {}  # scope -> cursor; id -> (scope, row)
        self.suspects, self.audit = {}, True
        self.counter, self.node, self.wall = 0, secrets.randbits(32), 0
        self.dictionary = None
        self.requests = 0

    # -- HTTP

    def call(self, method, path, body=None, headers=None):
        request = urllib.request.Request(self.server + path, data=body, method=method)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if getattr(self, "token", None):
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"{error.code} {error.read().decode()}") from None

    def json(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        _, answer = self.call(method, path, data, {"Content-Type": "application/json"})
        return json.loads(answer) if answer else None

    def enrol(self, code):
        body = {"code": code, "public_key": base64url(self.key.public), "label": "second client"}
        enrolment = self.json("POST", "/api/v1/devices/enrol", body)
        self.device, self.user = enrolment["device"], enrolment["user"]
        self.take(enrolment["tokens"])
        bundles = self.json("GET", "/api/v1/bundles")
        newest = lambda name: max((b for b in bundles if b["kind"] == "register" and b["name"] == name), key=lambda b: b["version"])
        self.definitions = {name: newest(name)["hash"] for name in ("household", "visit", "conflict")}
        known = next(b["hash"] for b in bundles if b["kind"] == "dictionary")
        self.forms = {form["name"]: form["hash"] for form in self.json("GET", "/sync/v1/forms")}
        _, self.dictionary = self.call("GET", f"/sync/v1/bundles/{known}")
        assert hashlib.sha256(self.dictionary).hexdigest() == known

    def take(self, tokens):
        self.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]

    def refresh(self):
        signature = self.key.sign(b"ruhu-refresh-1" + self.refresh_token.encode())
        body = {"refresh_token": self.refresh_token, "signature": base64url(signature)}
        self.take(self.json("POST", "/api/v1/session/refresh", body))

    # -- operations

    def reading(self):
        now = int(time.time() * 1000)
        self.wall, self.counter = (now, 0) if now > self.wall else (self.wall, self.counter + 1)
        return [self.wall, self.counter, self.node]

    def edit(self, *changes):
        """Operations that belong together: (collection, record, scope, change, blobs)."""
        group = {"id": str(uuid.uuid4()), "size": len(changes)}
        for collection, record, scope, change, blobs in changes:
            op = {
                "collection": collection,
                "record": record,
                "scope": scope,
                "change": change,
                "at": self.reading(),
                "definition": self.definitions[collection],
                "author": self.user,
            }
            if record in self.rows:
                op["base"] = self.rows[record][1]["version"]
            if blobs:
                op["blobs"] = blobs
            if len(changes) > 1:
                op["group"] = group
            self.outbox[max(self.outbox, default=0) + 1] = [op, None]

    # -- the exchange

    def held(self, scope):
        return [row for where, row in self.rows.values() if where == scope]

    def exchange(self):
        open_ops = sorted(seq for seq, (_, outcome) in self.outbox.items() if outcome is None)
        batch = []
        for seq in open_ops:
            if batch and seq != batch[-1] + 1:
                break
            batch.append(seq)
        first = batch[0] if batch else max(self.outbox, default=0) + 1
        request = {
            "protocol": 1,
            "request": str(uuid.uuid4()),
            "device": self.device,
            "incarnation": self.incarnation,
            "begins": self.begins,
            "first_seq": first,
            "ops": [self.outbox[seq][0] for seq in batch],
            "cursors": self.cursors,
            "budget": 65536,
            "clock": {"wall": int(time.time() * 1000), "monotonic": time.monotonic_ns() // 10**6, "boot": "second"},
        }
        if self.inherits:
            request["inherits"] = self.inherits
        if self.epoch:
            request["epoch"] = self.epoch
        if self.audit:
            request["digests"] = {scope: digest(self.held(scope)) for scope in self.cursors}
        if self.suspects:
            request["repair"] = {scope: self.parts(scope) for scope in self.suspects}
        answer = self.send(request)
        self.requests += 1
        assert answer["request"] == request["request"]
        return self.answered(answer, batch)

    def parts(self, scope):
        parts = {}
        for prefix in self.suspects[scope]:
            for digit in "0123456789abcdef":
                within = [row for row in self.held(scope) if backwards(row["id"]).startswith(prefix + digit)]
                parts[prefix + digit] = digest(within)
        return parts

    def send(self, request):
        if self.wire == "json":
            return self.json("POST", "/sync/v1/sync", request)
        raw = zstandard.ZstdCompressionDict(self.dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        magic = bytes.fromhex("5e2a4d1820000000") + hashlib.sha256(self.dictionary).digest()
        frame = zstandard.ZstdCompressor(dict_data=raw).compress(canonical(request_out(request)))
        held = base64.b64encode(hashlib.sha256(self.dictionary).digest()).decode()
        headers, body = self.call("POST", "/sync/v1/sync", magic + frame, {
            "Content-Type": "application/cbor",
            "Content-Encoding": "dcz",
            "Accept": "application/cbor",
            "Accept-Encoding": "dcz",
            "Available-Dictionary": f":{held}:",
        })
        assert headers["Content-Encoding"] == "dcz" and body.startswith(magic)
        message = zstandard.ZstdDecompressor(dict_data=raw).decompress(body[len(magic):], 1 << 26)
        return answer_in(cbor2.loads(message))

    def answered(self, answer, batch):
        """Takes an answer in; says whether to go on at once."""
        result = answer["result"]
        if result == "fork":
            self.inherits = {"incarnation": self.incarnation, "before": answer["seq"]}
            self.incarnation = str(uuid.uuid4())
            self.forget_outcomes(answer["seq"])
            return True
        if result == "gap":
            self.forget_outcomes(0)
            first = min(self.outbox, default=max(self.outbox, default=0) + 1)
            if first > answer["next"]:
                self.incarnation, self.inherits, self.begins = str(uuid.uuid4()), None, first
            return True
        if result == "reset":
            self.epoch = answer["epoch"]
            self.rows.clear()
            self.cursors = {scope: [0, 0] for scope in self.cursors}
            self.suspects.clear()
            self.forget_outcomes(0)
            return True
        for seq, outcome in zip(batch, answer["outcomes"]):
            self.outbox[seq][1] = outcome
        if result == "upgrade":
            return False
        self.epoch, self.safe_before = answer["epoch"], answer["safe_before"]
        for scope in set(self.cursors) - set(answer["scopes"]):
            self.empty(scope)
            del self.cursors[scope]
            self.suspects.pop(scope, None)
        more = False
        for scope in answer["scopes"]:
            if scope not in self.cursors:
                self.cursors[scope] = [0, 0]
                more |= scope not in answer["feeds"]
        audited, self.audit = self.audit, False
        for scope, feed in answer["feeds"].items():
            more |= self.take_in(scope, feed)
        del audited
        return more or any(outcome is None for _, outcome in self.outbox.values())

    def take_in(self, scope, feed):
        if feed.get("reset"):
            self.empty(scope)
        for gone in feed.get("gone", []):
            if gone["id"] in self.rows and self.rows[gone["id"]][0] == scope:
                del self.rows[gone["id"]]
        for row in feed["rows"]:
            self.rows[row["id"]] = (scope, row)
        self.cursors[scope] = feed["cursor"]
        if scope in self.suspects:
            closer = set()
            for repair in feed.get("repairs", []):
                if "rows" not in repair:
                    closer.add(repair["prefix"])
                    continue
                for row in self.held(scope):
                    if backwards(row["id"]).startswith(repair["prefix"]):
                        del self.rows[row["id"]]
                for row in repair["rows"]:
                    self.rows[row["id"]] = (scope, row)
            del self.suspects[scope]
            if closer:
                self.suspects[scope] = closer
            else:
                self.audit = True
            return True
        if "digest" in feed and feed["digest"] != digest(self.held(scope)):
            self.suspects[scope] = {""}
            return True
        return feed.get("more", False)

    def empty(self, scope):
        for row in self.held(scope):
            del self.rows[row["id"]]

    def forget_outcomes(self, start):
        for seq, entry in self.outbox.items():
            if seq >= start:
                entry[1] = None

    def sync(self):
        for _ in range(200):
            if not self.exchange():
                return
        raise Refused("it never ends")

    # -- photos

    def upload(self, photo):
        """Sends a photo until the server says, asked by its hash, that it has it."""
        for _ in range(5):
            if self.send_photo(photo):
                return
        raise Refused("a photo does not arrive")

    def send_photo(self, photo):
        hexadecimal = hashlib.sha256(photo).hexdigest()
        missing = self.json("POST", "/sync/v1/blobs/missing", {"hashes": [hexadecimal]})["hashes"]
        if not missing:
            return True
        metadata = "sha256 " + base64.b64encode(hexadecimal.encode()).decode()
        headers, _ = self.call("POST", "/sync/v1/uploads", b"", {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(photo)),
            "Upload-Metadata": metadata,
        })
        location = headers["Location"]
        path = location.removeprefix(self.server)
        offset = 0
        while offset < len(photo):
            headers, _ = self.call("PATCH", path, photo[offset:offset + 65536], {
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            })
            offset = int(headers["Upload-Offset"])
        return False


def day(server, code, wire):
    """Enrols, visits, is copied, breaks, and comes to rest with what the server has."""
    tablet = Tablet(server, wire)
    tablet.enrol(code)
    tablet.sync()
    households = sorted(key for key, (_, row) in tablet.rows.items() if row["collection"] == "household")
    first, second = households[0], households[1]
    scope = tablet.rows[first][0]
    photo = secrets.token_bytes(150_000)
    hexadecimal = hashlib.sha256(photo).hexdigest()
    visit = str(uuid.uuid4())
    answers = {"consent": "absent"}
    fields = {"1": first, "2": tablet.forms["household_visit"], "3": answers, "8": [hexadecimal], "9": "submitted", "10": "月度走访"}
    tablet.edit(
        ("visit", visit, scope, {"kind": "create", "fields": fields}, [hexadecimal]),
        ("household", first, scope, {"kind": "delta", "field": 13, "by": 1}, []),
    )
    tablet.refresh()
    tablet.sync()
    tablet.upload(photo)
    # A copy of this tablet goes on by itself; each makes another change of number three.
    import copy
    twin = copy.deepcopy(tablet)
    address = lambda text: {"kind": "patch", "fields": {"4": text}}
    tablet.edit(("household", first, scope, address("原机改的"), []))
    twin.edit(("household", second, tablet.rows[second][0], address("副本改的"), []))
    tablet.sync()
    twin.sync()
    forked = twin.incarnation != tablet.incarnation
    # Something on the disk changes by itself.
    del tablet.rows[second]
    tablet.audit = True
    before = tablet.requests
    tablet.sync()
    mended = second in tablet.rows
    tablet.sync()
    outcomes = [outcome["outcome"] for _, outcome in (*tablet.outbox.values(), *twin.outbox.values())]
    return {
        "visit": visit,
        "photo": hexadecimal,
        "forked": forked,
        "mended": mended,
        "repair_requests": tablet.requests - before,
        "outcomes": outcomes,
        "first": [first, tablet.rows[first][1]["fields"]],
        "second": [second, tablet.rows[second][1]["fields"]],
        "digests": {scope: digest(tablet.held(scope)) for scope in tablet.cursors},
        "rows": len(tablet.rows),
    }


def main():
    if sys.argv[1] == "vectors":
        print(json.dumps({"checked": check_vectors(sys.argv[2])}))
    else:
        wire = sys.argv[4] if len(sys.argv) > 4 else "cbor"
        print(json.dumps(day(sys.argv[2], sys.argv[3], wire), ensure_ascii=False))


if __name__ == "__main__":
    main()
