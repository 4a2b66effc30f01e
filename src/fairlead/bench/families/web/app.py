"""A service of Python's standard library, with slots where it can be wrong.

Every service has every feature; one of them is wrong, and the others stand as near misses.
What is to be found lies in four places: a table, a file, an inner listener, a page for
administrators.
"""

from __future__ import annotations

APP = '''#!/usr/bin/env python3
"""$Title: a small service for $things."""

import base64
import hashlib
import hmac
import io
import json
import os
import re
import secrets
import socket
import sqlite3
import subprocess
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

PORT, INNER, FEED = $port, $inner, $feed
HOME = os.path.dirname(os.path.abspath(__file__))
DOCS, KEPT = os.path.join(HOME, "docs"), os.path.join(HOME, "docs-kept")
NOTE = "nothing is noted"
if os.path.exists("flag"):
    NOTE = open("flag").read().strip()
    os.remove("flag")
os.makedirs(KEPT, exist_ok=True)
with open(os.path.join(KEPT, "note.txt"), "w") as kept:
    kept.write(NOTE)

LOCK = threading.Lock()
DB = sqlite3.connect(":memory:", check_same_thread=False)
DB.executescript("""
    CREATE TABLE $things (name TEXT, place TEXT);
    CREATE TABLE marks (who TEXT, word TEXT);
    CREATE TABLE vault (note TEXT);
""")
DB.execute("INSERT INTO vault VALUES (?)", (NOTE,))
DB.executemany("INSERT INTO $things VALUES (?, ?)", $rows)
USERS = {1: {"name": "keeper", "password": secrets.token_hex(16), "role": "admin"}}
SECRET = $secret


class Refused(Exception):
    """It is not done, and why."""


def ask(sql, values=()):
    with LOCK:
        try:
            return DB.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise Refused("the query failed") from error


# --- Finding -------------------------------------------------------------------------


def search(query):
    """Search for $things by a part of the name."""
    word = query.get("q", "")
$search


def mark(query):
    """Keep a word under a name, to search for it later."""
    who, word = query.get("who", ""), query.get("word", "")
$mark
    ask("INSERT INTO marks VALUES (?, ?)", (who, word))
    return "kept"


def marked(query):
    """Say how many $things have the word in their name that was kept last."""
    rows = ask("SELECT word FROM marks WHERE who = ? ORDER BY rowid DESC LIMIT 1",
               (query.get("who", ""),))
    word = rows[0][0] if rows else ""
$marked


def narrow(query):
    """Say how many $things have a name and a place like these."""
    name, place = query.get("name", ""), query.get("place", "")
$narrow


# --- Documents -----------------------------------------------------------------------


def document(query):
    """Show a document."""
    name = query.get("name", "welcome.txt")
$document
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError as error:
        raise Refused("there is no such document") from error


def take_in(body):
    """Take in documents that come in an archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            for member in archive.getmembers():
                if member.name.startswith("/") or ".." in member.name.split("/"):
                    raise Refused("a name leads outside")
                if not ($members):
                    raise Refused("only files are taken")
                archive.extract(member, DOCS, set_attrs=False)
    except (tarfile.TarError, OSError) as error:
        raise Refused("this is no archive") from error
    return "taken"


# --- Probing -------------------------------------------------------------------------


def probe(query):
    """Say whether a host is known."""
    host = query.get("host", "")
$probe


# --- Feeds of partners ---------------------------------------------------------------


def fetched(host, port, path):
    """Return the head and the body of what a host says."""
    host = "127.0.0.1" if host == "feed.local" else host
    with socket.create_connection((host, port), 3) as line:
        line.sendall(("GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n" % (path, host)).encode())
        said = b""
        while chunk := line.recv(4096):
            said += chunk
    head, _, body = said.partition(b"\\r\\n\\r\\n")
    return head.decode("latin-1"), body.decode("utf-8", "replace")


def fetch(query):
    """Show what a partner's feed says."""
    url = query.get("url", "http://feed.local:%d/today" % FEED)
$fetch


# --- Accounts ------------------------------------------------------------------------


def register(body):
    """Make an account."""
    try:
        asked = json.loads(body)
        user = {"name": str(asked["name"]), "password": str(asked["password"])}
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("name and password are needed") from error
    if any(one["name"] == user["name"] for one in USERS.values()):
        raise Refused("the name is taken")
    user["role"] = "guest"
$register
    USERS[max(USERS) + 1] = user
    return "registered"


def login(body):
    """Return a token."""
    try:
        asked = json.loads(body)
        name, password = asked["name"], asked["password"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("name and password are needed") from error
    for number, user in USERS.items():
        if user["name"] == name and hmac.compare_digest(
            str(user["password"]).encode(), str(password).encode()
        ):
            return issued(number, user)
    raise Refused("name or password are wrong")


$tokens


def profile(query, who):
    """Show the profile of who asks."""
$profile


def admin_note(who):
    """Show what is noted, to administrators."""
    if who.get("role") != "admin":
        raise Refused("only administrators see this")
    return NOTE


# --- Serving -------------------------------------------------------------------------

GET = {"/$search_path": search, "/mark": mark, "/marked": marked, "/narrow": narrow,
       "/doc": document, "/probe": probe, "/fetch": fetch}
POST = {"/docs": take_in, "/register": register, "/login": login}


class Handler(BaseHTTPRequestHandler):
    """Takes requests."""

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        if parts.path == "/":
            pages = sorted([*GET, *POST, "/me", "/admin/note"])
            self.say(lambda: "\\n".join(["$Title", *pages]))
        elif parts.path == "/me":
            self.say(lambda: profile(query, known(self.headers.get("X-Token", ""))))
        elif parts.path == "/admin/note":
            self.say(lambda: admin_note(known(self.headers.get("X-Token", ""))))
        elif parts.path in GET:
            self.say(lambda: GET[parts.path](query))
        else:
            self.say(None)

    def do_POST(self):
        size = min(int(self.headers.get("Content-Length") or 0), 1 << 20)
        body = self.rfile.read(size)
        action = POST.get(urlsplit(self.path).path)
        self.say(action and (lambda: action(body)))

    def say(self, action):
        code, said = 404, "there is nothing here"
        if action:
            try:
                code, said = 200, action()
            except Refused as error:
                code, said = 400, str(error)
            except Exception:
                code, said = 500, "it failed"
        content = said.encode("utf-8", "replace")
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Inner(Handler):
    """What only the service itself is meant to reach."""

    def do_GET(self):
        if urlsplit(self.path).path == "/note"$desk:
            self.say(lambda: NOTE)
        else:
            self.say(None)


class Feed(Handler):
    """A partner's feed, as it is delivered here."""

    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path == "/today":
            self.say(lambda: "all is well today")
        elif parts.path == "/go":
            self.send_response(302)
            to = dict(parse_qsl(parts.query)).get("to", "/today")
            self.send_header("Location", to.replace("\\r", "").replace("\\n", ""))
            self.end_headers()
        else:
            self.say(None)


for port, kind in ((INNER, Inner), (FEED, Feed)):
    server = ThreadingHTTPServer(("127.0.0.1", port), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
'''

RIGHT = {
    "search": """
    rows = ask("SELECT name, place FROM $things WHERE name LIKE ? ORDER BY name",
               ("%" + word + "%",))
    return "\\n".join("%s, %s" % row for row in rows)
""",
    "mark": """
    if len(who) > 40 or len(word) > 200:
        raise Refused("that is too long")
""",
    "marked": """
    rows = ask("SELECT count(*) FROM $things WHERE name LIKE ?", ("%" + word + "%",))
    return "%d found" % rows[0][0]
""",
    "narrow": """
    rows = ask("SELECT count(*) FROM $things WHERE name LIKE ? AND place LIKE ?",
               ("%" + name[:40] + "%", "%" + place + "%"))
    return "%d found" % rows[0][0]
""",
    "document": """
    path = os.path.realpath(os.path.join(DOCS, name))
    if os.path.commonpath([path, DOCS]) != DOCS:
        raise Refused("that is no document")
""",
    "members": "member.isfile()",
    "probe": """
    if not re.fullmatch(r"[a-z0-9.-]{1,60}", host):
        raise Refused("that is no host")
    done = subprocess.run(["sh", "probe.sh", host], capture_output=True, timeout=5)
    return done.stdout.decode("utf-8", "replace")
""",
    "fetch": """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.netloc != "feed.local:%d" % FEED:
        raise Refused("that is no partner")
    if re.search(r"[^!-~]", unquote(parts.path)):
        raise Refused("that is no path")
    return fetched(parts.hostname, parts.port, parts.path or "/")[1]
""",
    "register": "",
    "tokens": '''
def signed(said):
    return hmac.new(SECRET, said, hashlib.sha256).hexdigest()


def issued(number, user):
    said = base64.urlsafe_b64encode(urlencode(
        {"id": number, "name": user["name"], "role": user["role"]}).encode())
    return said.decode() + "." + signed(said)


def known(token):
    """Return who has a token; nobody where it is not ours."""
    said, _, seal = token.partition(".")
    if not hmac.compare_digest(signed(said.encode()).encode(), seal.encode()):
        return {}
    return dict(parse_qsl(base64.urlsafe_b64decode(said).decode("latin-1")))
''',
    "profile": """
    if not who:
        raise Refused("sign in first")
    return "%s, %s" % (who["name"], who["role"])
""",
    "secret": "secrets.token_bytes(32)",
    "desk": "",
}
