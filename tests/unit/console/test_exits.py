"""Every error that a user may meet has an exit code and a sentence."""

import pytest

from provisioner.console.exits import MEANING, Exit, exit_of, sentence_of
from provisioner.kernel import errors
from provisioner.kernel.errors import NotFoundError, ProvisionerError, RefusedError
from provisioner.kernel.redaction import remembered
from provisioner.ports.outcomes import Misconfigured, Rejected, Throttled, Unavailable, Uncertain
from provisioner.store.orders import UnknownOrder

KERNEL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ProvisionerError)]


class AwayError(ProvisionerError):
    """The broker does not answer."""

    code = "broker_unavailable"


@pytest.mark.parametrize("kind", KERNEL)
def test_every_error_of_the_kernel_has_a_code_that_is_no_success(kind: type[ProvisionerError]) -> None:
    assert exit_of(kind()) not in (Exit.OK, Exit.BUG)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RefusedError("no"), Exit.REFUSED),
        (NotFoundError("no"), Exit.NOT_FOUND),
        (UnknownOrder("no"), Exit.NOT_FOUND),
        (errors.SettingsError("no"), Exit.SETTINGS),
        (errors.KeyRingError("no"), Exit.SETTINGS),
        (errors.StoreUnavailable("no"), Exit.AWAY),
        (AwayError(), Exit.AWAY),
        (Unavailable("x", "no"), Exit.AWAY),
        (Throttled("x", "no", retry_after=1), Exit.AWAY),
        (Uncertain("x", "no"), Exit.AWAY),
        (Misconfigured("x", "no"), Exit.SETTINGS),
        (Rejected("x", "no"), Exit.REFUSED),
    ],
)
def test_an_error_has_its_code(error: ProvisionerError, code: Exit) -> None:
    assert exit_of(error) is code


def test_every_code_is_explained() -> None:
    assert set(MEANING) == set(Exit)


def test_a_sentence_is_one_line_without_secrets() -> None:
    with remembered("geheim-42"):
        assert sentence_of(RefusedError("one\ntwo geheim-42")) == "one two ***"
