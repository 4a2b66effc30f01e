"""Mail that comes in: what kind it is, from whom, and what was written anew in it.

Everything in it is a stranger's: bounded, never rendered, never executed. Of HTML only the
text is taken, without scripts and styles; of what is quoted, nothing. Standards: RFC 5322
(mail), 3464 (mail that came back), 3834 (mail that programs send), 3156 (OpenPGP).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path

from fairlead.errors import Invalid, Malformed, TooLarge, Violation

MAX_BYTES = 10 * 1024 * 1024
PARTS = 100
"""Parts of one mail that are looked at."""
TEXT = 100_000
"""Characters of what was written."""
ADDRESSES = 100
MBOX = 10_000
"""Mails of one mailbox."""


class Kind(StrEnum):
    """What kind of mail it is."""

    WRITTEN = "written"
    """Somebody wrote it."""
    AUTOMATIC = "automatic"
    """A program sent it: an absence, a list, a receipt. It says nothing and gets no
    answer."""
    RETURNED = "returned"
    """A mail server says what became of a mail of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, as far as it is looked at."""

    kind: Kind
    name: str
    """A digest by which the same mail is known again."""
    sender: str
    """The address in `From`, in small letters; anybody can write any."""
    receivers: tuple[str, ...]
    """Every address to which it says it was sent, and names of mails that it answers."""
    subject: str
    text: str
    """What was written anew, as plain text."""
    whole: str = ""
    """The same with what is quoted."""
    sealed: bytes = b""
    """An OpenPGP message, if it is one."""
    signed: bytes = b""
    """What a signature is over, exactly as it came (RFC 3156, section 5)."""
    signature: str = ""
    certificates: tuple[str, ...] = ()
    """OpenPGP certificates that came with it, armoured."""
    failed: bool = False
    """Whether a mail of ours came back for good."""
    status: str = ""
    """The server's status then, such as `5.1.1` (RFC 3463)."""


def read(content: bytes) -> Mail:
    """Return the mail in *content*.

    Raises:
        TooLarge: it has more than 10 MiB.
        Malformed: it cannot be read as a mail.

    """
    if len(content) > MAX_BYTES:
        raise TooLarge(f"{len(content)} bytes; a mail of at most {MAX_BYTES} is taken")
    try:
        message = message_from_bytes(content, policy=default)
        if not message.keys():
            raise _malformed("it has no header")
        return _mail(message, content)
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        # The library raises these where a header or a part breaks its own rules.
        raise _malformed(type(error).__name__) from error


def inner(content: bytes, outer: Mail) -> Mail:
    """Return the mail that *outer* is once its OpenPGP message was opened.

    Sender, receivers and kind are those of the outer one.
    """
    entity = message_from_bytes(content, policy=default)
    if not isinstance(entity, EmailMessage):
        raise _malformed("it holds no mail")
    try:
        parts = list(_parts(entity))
        whole = _text(entity)
        keys = tuple(_certificates(parts))
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise _malformed(type(error).__name__) from error
    return Mail(
        kind=outer.kind,
        name=outer.name,
        sender=outer.sender,
        receivers=outer.receivers,
        subject=outer.subject,
        text=unquoted(whole)[:TEXT],
        whole=whole,
        certificates=keys,
    )


def mailbox(path: Path) -> Iterator[bytes]:
    """Return every mail in a file, a mailbox (mbox), or a folder (maildir).

    Raises:
        Invalid: a mailbox holds too many.

    """
    if path.is_dir():
        folders = [path / name for name in ("new", "cur") if (path / name).is_dir()]
        files = sorted(f for folder in folders or [path] for f in folder.iterdir())
        for file in files:
            if file.is_file():
                yield _bounded(file)
        return
    with path.open("rb") as opened:
        first = opened.read(5)
    if first == b"From ":
        yield from _mbox(path)
    else:
        yield _bounded(path)


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _mbox(path: Path) -> Iterator[bytes]:
    """Return the mails of an mbox: each begins with `From ` after an empty line."""
    lines: list[bytes] = []
    empty, count, size = True, 0, 0
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"From ") and empty:
                if lines:
                    yield b"".join(lines)
                lines, size, count = [], 0, count + 1
                if count > MBOX:
                    raise Invalid(
                        f"more than {MBOX} mails",
                        [Violation("too_many", "mailbox", f"at most {MBOX}")],
                    )
                empty = False
                continue
            size += len(line)
            if size <= MAX_BYTES + 1:  # the rest of one too large is not kept
                lines.append(line[1:] if re.match(rb">+From ", line) else line)
            empty = not line.strip()
    if lines:
        yield b"".join(lines)


def _mail(message: EmailMessage, content: bytes) -> Mail:
    parts = list(_parts(message))
    returned = _returned(message, parts)
    kind = Kind.WRITTEN
    if returned is not None:
        kind = Kind.RETURNED
    elif _automatic(message):
        kind = Kind.AUTOMATIC
    named = str(message.get("message-id", "")).strip()
    signed, signature = _signed(message, content)
    failed, status = returned or (False, "")
    whole = _text(message) if kind is Kind.WRITTEN else ""
    return Mail(
        kind=kind,
        name=hashlib.sha256(named.encode() or content).hexdigest()[:32],
        sender=_sender(message),
        receivers=tuple(_receivers(message, parts)),
        subject=_line(str(message.get("subject", ""))),
        text=unquoted(whole)[:TEXT],
        whole=whole,
        sealed=_sealed(message, parts),
        signed=signed,
        signature=signature,
        certificates=tuple(_certificates(parts)),
        failed=failed,
        status=status,
    )


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Return the parts of a mail, but not of mails within it."""
    ahead = [message]
    count = 0
    while ahead and count < PARTS:
        one = ahead.pop(0)
        count += 1
        yield one
        kind = one.get_content_type()
        if one.is_multipart() and not kind.startswith("message/"):
            ahead += [
                part for part in one.get_payload() if isinstance(part, EmailMessage)
            ]


def _automatic(message: EmailMessage) -> bool:
    """Tell whether a program sent it (RFC 3834, section 2, and what lists write)."""
    submitted = str(message.get("auto-submitted", "no")).split(";")[0].strip().lower()
    precedence = str(message.get("precedence", "")).strip().lower()
    path = str(message.get("return-path", "x")).strip()
    return (
        submitted != "no"
        or precedence in {"bulk", "list", "junk", "auto_reply"}
        or "list-id" in message
        or "x-autoreply" in message
        or "x-autorespond" in message
        or path == "<>"
    )


def _returned(
    message: EmailMessage, parts: list[EmailMessage]
) -> tuple[bool, str] | None:
    """Return whether a mail came back for good, with the status; nothing if none did."""
    if message.get_content_type() != "multipart/report":
        return None
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        inside = [p for p in part.get_payload() if isinstance(p, EmailMessage)]
        for fields in inside:
            action = str(fields.get("action", "")).strip().lower()
            status = re.match(
                r"[245]\.\d{1,3}\.\d{1,3}", str(fields.get("status", "")).strip()
            )
            if action:
                said = status[0] if status else ""
                return action == "failed" and not said.startswith("4"), said
        return False, ""
    return None


def _sender(message: EmailMessage) -> str:
    """Return the one address in `From`; nothing where there are several, or none."""
    found = getaddresses([str(value) for value in message.get_all("from", [])])
    return found[0][1].strip().lower() if len(found) == 1 else ""


def _receivers(message: EmailMessage, parts: list[EmailMessage]) -> Iterator[str]:
    names = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
    written = [str(v) for name in names for v in message.get_all(name, [])]
    for _, address in getaddresses(written)[:ADDRESSES]:
        yield address.strip()
    answered = [str(message.get(name, "")) for name in ("in-reply-to", "references")]
    # Of a mail that came back, its own header tells which one it was.
    answered += [
        _message_id(part)
        for part in parts
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}
    ]
    yield from re.findall(r"<([^<>\s]{1,300})>", " ".join(answered))[:ADDRESSES]


def _message_id(part: EmailMessage) -> str:
    if part.get_content_type() == "message/rfc822":
        inside = part.get_payload()
        first = inside[0] if isinstance(inside, list) and inside else None
        named = first.get("message-id", "") if isinstance(first, EmailMessage) else ""
        return str(named)
    text = part.get_content()
    header = message_from_bytes(str(text).encode("utf-8", "replace"), policy=default)
    return str(header.get("message-id", ""))


def _text(message: EmailMessage) -> str:
    """Return all that a mail says, as plain text."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        written = str(body.get_content())[: 10 * TEXT]
    except (KeyError, LookupError):
        return ""
    if body.get_content_type() == "text/html":
        written = _of_html(written)
    return written


_QUOTES = re.compile(
    r"(On .{5,300} wrote:|Am .{5,300} schrieb .{0,200}:|Le .{5,300} a écrit\s?:"
    r"|-----\s?Original Message\s?-----|_{20,}|From: .{3,300})"
)


def unquoted(text: str) -> str:
    """Return what was written anew: nothing quoted, no signature below `-- `."""
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        bare = line.rstrip()
        if line in {"-- ", "--"} or (_QUOTES.fullmatch(bare.strip()) and lines):
            break
        if not bare.lstrip().startswith(">"):
            lines.append("".join(c for c in bare if c.isprintable() or c == "\t"))
    return "\n".join(lines).strip("\n")


class _Plain(HTMLParser):
    """Takes the text of HTML, and nothing else."""

    HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
    BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "pre"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0
        self._quoted = 0

    def handle_starttag(
        self, tag: str, _attributes: list[tuple[str, str | None]]
    ) -> None:
        """Begin what a tag says."""
        if tag in self.HIDDEN:
            self._hidden += 1
        elif tag == "blockquote":
            self._quoted += 1
        elif tag in self.BREAKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End what a tag says."""
        if tag in self.HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        elif tag in self.BREAKS and tag != "br":
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        """Take text that a reader would see."""
        if not self._hidden and not self._quoted:
            self.found.append(re.sub(r"\s+", " ", data))


def _of_html(written: str) -> str:
    parser = _Plain()
    parser.feed(written)
    parser.close()
    return "\n".join(line.strip() for line in "".join(parser.found).split("\n"))


_ARMOUR = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----.{10,65000}?-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL,
)
_MESSAGE = re.compile(
    rb"-----BEGIN PGP MESSAGE-----.+?-----END PGP MESSAGE-----", re.DOTALL
)


def _certificates(parts: list[EmailMessage]) -> Iterator[str]:
    for part in parts:
        kind = part.get_content_type()
        if kind not in {
            "application/pgp-keys",
            "text/plain",
            "application/octet-stream",
        }:
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found = _ARMOUR.search(content[:200_000].decode("ascii", "replace"))
            if found is not None:
                yield found[0]


def _sealed(message: EmailMessage, parts: list[EmailMessage]) -> bytes:
    """Return the OpenPGP message that a mail is, in MIME or as its text."""
    wanted = {"application/octet-stream"}
    if message.get_content_type() != "multipart/encrypted":
        wanted = {"text/plain"}
    for part in parts:
        if part.get_content_type() in wanted:
            content = part.get_payload(decode=True)
            found = _MESSAGE.search(content) if isinstance(content, bytes) else None
            if found is not None:
                return found[0]
    return b""


def _signed(message: EmailMessage, content: bytes) -> tuple[bytes, str]:
    """Return what a signature is over, to the byte, and the signature."""
    if message.get_content_type() != "multipart/signed":
        return b"", ""
    boundary = message.get_boundary()
    pieces = list(message.iter_parts())
    if not boundary or len(pieces) != 2:  # noqa: PLR2004 - what is signed, and by what
        return b"", ""
    marker = b"--" + boundary.encode("ascii", "replace")
    text = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    between = text.split(b"\r\n" + marker)
    if len(between) < 3:  # noqa: PLR2004 - what is before, what is signed, the signature
        return b"", ""
    signature = pieces[1].get_payload(decode=True)
    written = (
        signature.decode("ascii", "replace") if isinstance(signature, bytes) else ""
    )
    return between[1].partition(b"\r\n")[2], written


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()[:300]


def _malformed(reason: str) -> Malformed:
    return Malformed(
        f"this is no mail that can be read: {reason}",
        [Violation("malformed_mail", "mail", reason)],
    )
