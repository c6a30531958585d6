"""An operator ends what was held: what was to be made has failed, what was to be changed stays as it is."""

import pytest

from tests.integration.store.estate import add_domain, add_operation, add_registrar
from tests.support.stores import Stage


@pytest.mark.parametrize(
    ("workflow", "resource", "before", "after"),
    [
        ("domain.register", "service:s-1", "provisioning", "failed"),
        ("domain.transfer", "service:s-1", "provisioning", "failed"),
        ("domain.transfer-cancel", "transfer-cancel:s-1", "provisioning", "provisioning"),
        ("domain.renew", "service:s-1", "active", "active"),
    ],
)
def test_a_domain_that_was_never_made_has_failed(
    stage: Stage, workflow: str, resource: str, before: str, after: str
) -> None:
    add_registrar(stage)
    add_domain(stage, status=before)
    add_operation(stage, "o-1", workflow=workflow, resource=resource, state="held")
    stage.store.operations.give_up("o-1", "operator", "the registry has lost it")
    assert (stage.row("operations")["state"], stage.row("services")["status"]) == ("failed", after)
