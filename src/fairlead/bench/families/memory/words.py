"""What programs are about: names for formats, records and what is in them."""

from __future__ import annotations

import random
from dataclasses import dataclass

TEXTS = ("label", "title", "name", "remark", "caption", "comment", "motto", "legend")
_QUALIFIERS = (
    *("main", "spare", "outer", "inner", "upper", "lower", "local", "remote"),
    *("first", "former", "shared", "cached", "nested", "sorted", "plain", "linked"),
)
CURSORS = (
    ("u8", "u16", "u32", "take", "left"),
    ("read_u8", "read_u16", "read_u32", "read_raw", "unread"),
    ("next_byte", "next_word", "next_long", "next_run", "remaining"),
    ("get8", "get16", "get32", "get_bytes", "avail"),
    ("cur_u8", "cur_u16", "cur_u32", "cur_slice", "cur_rest"),
)


@dataclass(frozen=True, slots=True)
class Theme:
    """What a program reads, and its vocabulary."""

    program: str
    about: str
    magic: bytes
    container: str
    words: str
    """Names for kinds of records, with spaces between."""

    @property
    def things(self) -> list[str]:
        """Return names for kinds of records."""
        return self.words.split()


THEMES = (
    Theme(
        "wxlog",
        "logs of weather stations",
        b"WXL1",
        "station",
        "sensor gauge mast sample alarm probe battery channel reading offset vane",
    ),
    Theme(
        "tilepic",
        "tiled pictures",
        b"TPIC",
        "layer",
        "palette tile sprite mask brush stripe plane swatch anchor border canvas filter",
    ),
    Theme(
        "rtconf",
        "configurations of routers",
        b"RCF\x02",
        "section",
        "route peer filter interface prefix policy tunnel pool banner timer metric zone",
    ),
    Theme(
        "bkarc",
        "archives of backups",
        b"BKA7",
        "volume",
        "member folder catalog extent owner snapshot journal segment index rule shard",
    ),
    Theme(
        "meshmsg",
        "messages of a radio mesh",
        b"\x7fMSH",
        "envelope",
        "hop beacon node payload ticket roster fragment relay lease probe digest window",
    ),
    Theme(
        "fontpak",
        "packs of bitmap fonts",
        b"FNTP",
        "face",
        "glyph ligature metric kern range hint style ramp cell stroke advance bitmap",
    ),
    Theme(
        "trackmod",
        "music modules",
        b"TMOD",
        "pattern",
        "sample voice envelope order effect loop note patch tempo slide bank wave",
    ),
    Theme(
        "depotdb",
        "stocks of a depot",
        b"DPT\x01",
        "aisle",
        "pallet crate item supplier batch slot invoice scale carrier permit seal rack",
    ),
    Theme(
        "geotrk",
        "tracks of surveys",
        b"GTK3",
        "leg",
        "waypoint fix beacon contour region marker survey datum segment slope shore",
    ),
    Theme(
        "savefile",
        "saved games",
        b"SAV!",
        "chapter",
        "quest party relic spell map flagset merchant rumor trophy mount guild recipe",
    ),
)


@dataclass(slots=True)
class Words:
    """Names for one program; none is given twice."""

    theme: Theme
    cursor: tuple[str, ...]
    pool: list[str]
    draw: random.Random

    @classmethod
    def chosen(cls, draw: random.Random) -> Words:
        """Choose what a program is about."""
        theme = draw.choice(THEMES)
        things = theme.things
        draw.shuffle(things)
        qualified = [f"{q}_{t}" for q in _QUALIFIERS for t in theme.things]
        draw.shuffle(qualified)
        return cls(theme, draw.choice(CURSORS), qualified + things[::-1], draw)

    def thing(self) -> str:
        """Return a name for a kind of record: plain ones first."""
        return self.pool.pop()

    def text(self) -> str:
        """Return what a text of a record is called."""
        return self.draw.choice(TEXTS)
