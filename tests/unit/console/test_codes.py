"""The reference of codes: found in the source, not listed by hand."""

from pathlib import Path

import pytest

from provisioner.console.codes import ATTENTIONS, CERTIFICATE_PROBLEMS, REMEDIES
from provisioner.orders.certificates import OTHER_IN_USE
from provisioner.workflows.certificates import problems
from provisioner.workflows.recorder import DEADLINE, SUPERSEDED
from tools.codes import codes_reference, product_source, unknown_attentions
from tools.sources import Source

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "codes.md"

FORGED = '''
"""A product of one file."""

LOST: Final = "parcel_lost"


class ProvisionerError(Exception):
    """Something went wrong."""


class TooHeavy(ProvisionerError):
    """The parcel is too heavy.

    More about it.
    """

    code: ClassVar[str] = "too_heavy"


class Rejected(Exception):
    def __init__(self, code: str, message: str) -> None: ...


class Refused(Rejected): ...


@dataclass
class Pause:
    reason: str
    attention: str | None = None


def send(parcel):
    told = f"nobody lives at {parcel.street}"
    if parcel.back:
        raise Refused("sent_back", told)
    if parcel.gone:
        raise Rejected(LOST, "it fell " + "off the lorry")
    return Pause("customs", attention="held_at_customs"), Pause("x", parcel.attention), Rejected("No code!", "")
'''


@pytest.fixture
def forged(tmp_path: Path) -> Source:
    (tmp_path / "post.py").write_text(FORGED)
    return Source(tmp_path)


def test_the_page_is_what_the_source_says() -> None:
    assert PAGE.read_text() == codes_reference(), "stale; write it anew with: python -m tools.docs"


def test_an_error_s_code_is_found_with_the_first_sentence_of_its_docstring(forged: Source) -> None:
    assert [(each.code, each.meaning) for each in forged.errors()] == [("too_heavy", "The parcel is too heavy.")]


def test_a_code_is_found_wherever_one_is_handed_on_and_nowhere_else(forged: Source) -> None:
    assert {(each.to, each.under, each.code, each.meaning) for each in forged.given()} == {
        ("Refused", "code", "sent_back", "nobody lives at …"),
        ("Rejected", "code", "parcel_lost", "it fell off the lorry"),
        ("Pause", "attention", "held_at_customs", "customs"),
    }


def test_every_attention_has_its_meaning_and_its_remedy() -> None:
    assert unknown_attentions() == set()


def test_nothing_is_advised_about_codes_that_do_not_exist() -> None:
    source = product_source()
    known = {each.code for each in source.given()} | {each.code for each in source.errors()}
    assert set(REMEDIES) <= known
    assert set(ATTENTIONS) <= known | {"past_deadline"}  # that one is chosen at run time


def test_every_problem_with_a_certificate_has_its_meaning_and_its_remedy() -> None:
    within = {problems.ALREADY_REPLACED, problems.CHALLENGE_NOT_POSSIBLE, DEADLINE, SUPERSEDED}
    told = {code for name, code in vars(problems).items() if name.isupper() and isinstance(code, str)} - within

    assert told | {OTHER_IN_USE} == set(CERTIFICATE_PROBLEMS)
