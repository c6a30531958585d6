"""Errors that a user may meet speak, and programs can tell them apart."""

import pytest

from provisioner.kernel import errors
from provisioner.kernel.errors import NotFoundError, ProvisionerError

ALL = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ProvisionerError)]


@pytest.mark.parametrize("error", ALL)
def test_an_error_without_a_message_says_its_docstring(error: type[ProvisionerError]) -> None:
    assert str(error()) == error.__doc__


def test_a_message_takes_the_docstrings_place() -> None:
    assert str(NotFoundError("There is no order o-1.")) == "There is no order o-1."


def test_each_error_has_a_code_of_its_own() -> None:
    assert len({error.code for error in ALL}) == len(ALL)


@pytest.mark.parametrize("error", ALL)
def test_the_tree_in_the_modules_docstring_names_every_error(error: type[ProvisionerError]) -> None:
    assert error.__name__ in (errors.__doc__ or "")
