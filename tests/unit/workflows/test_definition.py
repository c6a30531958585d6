from collections.abc import Iterator

import pytest

from provisioner.workflows.definition import WORKFLOWS, workflow
from provisioner.workflows.operation import Operation


@pytest.fixture(autouse=True)
def _own_register() -> Iterator[None]:
    registered = dict(WORKFLOWS)
    WORKFLOWS.clear()
    yield
    WORKFLOWS.clear()
    WORKFLOWS.update(registered)


def _do_nothing(_op: Operation) -> None:
    """A workflow without steps."""


def test_a_workflow_is_registered_under_its_name() -> None:
    workflow("paint.wall", retired=("sand",))(_do_nothing)
    assert WORKFLOWS["paint.wall"].function is _do_nothing
    assert WORKFLOWS["paint.wall"].retired == {"sand"}


def test_a_registered_function_can_still_be_called_as_it_was() -> None:
    assert workflow("paint.wall")(_do_nothing) is _do_nothing


def test_two_workflows_of_one_name_are_refused() -> None:
    workflow("paint.wall")(_do_nothing)
    with pytest.raises(ValueError, match=r"workflow paint\.wall is registered twice"):
        workflow("paint.wall")(_do_nothing)
