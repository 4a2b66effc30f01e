"""P1: the developer can withdraw and can record a release, in every reachable state;
nothing says that a model or its release is approved, cleared, passed or licensed.
"""

from __future__ import annotations

import copy
import re
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import invariant

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
import walk

from fairlead.review import engagement, facts, granting, parties
from fairlead.review.engagement import MOVES, State
from fairlead.review.facts import Audience

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fairlead"


class Free(walk.Walk):
    """After every step, both must be possible at once, alone, whatever came before."""

    @invariant()
    def the_developer_can_withdraw_and_release(self):
        if not hasattr(self, "name"):
            return
        for act, given in (
            (granting.withdraw, (walk.RULES,)),
            *((granting.record_release, (to,)) for to in Audience),
        ):
            unit = copy.deepcopy(self.unit)
            party = parties.find(unit, self.asker("dora"), self.name)
            after = act(unit, party, *given, at=self.now)
            if act is granting.withdraw:
                assert after.state is State.WITHDRAWN
            else:
                assert after.released is not None


TestFree = Free.TestCase
TestFree.settings = settings(max_examples=60, stateful_step_count=30)


def test_withdrawing_follows_from_every_state():
    """The table says so too."""
    for state in State:
        assert state is State.WITHDRAWN or State.WITHDRAWN in MOVES[state]


# --- Words -------------------------------------------------------------------------------

WORDS = re.compile(
    r"\b(approv(e|es|ed|al|als|ing)|clear(s|ed|ance|ances|ing)?|permit(s|ted|ting)?"
    r"|licen[sc](e|es|ed|ing)|certif(y|ies|ied|ying|ication)|pass(es|ed|ing)?"
    r"|fail(s|ed|ing|ure)?|preclear(s|ed|ance)?|authori[sz](e|es|ed|ation|ing))\b",
    re.IGNORECASE,
)
ELSEWHERE = {
    "passes_on": "the developer hands its results on; nothing is passed or failed",
    "failed": "an obstacle to a request, not a result of a model",
}
"""Names that hold such a word in another sense, each with its reason."""


def words_of(name: str) -> str:
    """Split a name of the code into words."""
    return re.sub(r"[_\-.@/]", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))


def test_no_state_field_or_event_says_that_a_model_was_let_through():
    """States, fields and event types of an engagement are free of such words."""
    said = [*State, *Audience]
    for fact in facts.FACTS:
        said += [str(fact.__struct_config__.tag), *fact.__struct_fields__]
        body = fact.__annotations__.get("body")
        said += [str(body)]
    said += list(engagement.Engagement.__dataclass_fields__)
    for struct in vars(facts).values():
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
            said += list(struct.__struct_fields__)
    found = {n for n in said if WORDS.search(words_of(n))} - ELSEWHERE.keys()
    assert not found


SUBJECT = re.compile(r"\b(model|release|released|developer)\b", re.IGNORECASE)
SENTENCES = {
    "license = ": "the licence of Fairlead itself",
}


@pytest.mark.parametrize(
    "path",
    [
        *sorted((SOURCE / "review").glob("*.py")),
        *sorted((SOURCE / "terms").glob("*.py")),
        *sorted((SOURCE / "web" / "templates").glob("engagement*.html")),
        *sorted((SOURCE / "bench" / "report").glob("*.py")),
        SOURCE / "bench" / "reading.py",
        SOURCE / "programme" / "measuring.py",
    ],
    ids=lambda path: path.name,
)
def test_no_sentence_about_a_model_or_its_release_says_so(path):
    """In what people read, a model is never the subject of such a word."""
    text = path.read_text("utf-8")
    # What says that nothing of the kind exists may name it.
    sentences = re.split(r"(?<=[.!?;:])\s+|\n\n|[{}<>]", text)
    wrong = [
        sentence
        for sentence in sentences
        if (found := WORDS.search(sentence))
        and SUBJECT.search(sentence)
        and found.group().lower() not in {"failed", "passes"}
        and not any(known in sentence for known in SENTENCES)
    ]
    assert not wrong
