"""The one follow-up that is common, as a part of the statement that writes a good end: it opens a new service."""

from collections.abc import Mapping
from typing import Any, Final

from psycopg.types.json import Jsonb

from provisioner.store.events import Row
from provisioner.store.new_services import service_row
from provisioner.workflows.journal import FollowUp, NewService

# Nobody takes the product; had somebody begun to just now, the plain journal would see it.
UNPLACED: Final = """
    AND NOT EXISTS (SELECT FROM vendor_accounts a WHERE a.product = %(new_product)s
        AND a.environment = %(new_environment)s)"""
_COLUMNS: Final = (
    "id",
    "ownership_mark",
    "customer_id",
    "environment",
    "product",
    "status",
    "intended_status",
    "version",
    "generation",
    "vendor_account",
    "attributes",
    "data",
    "warnings",
    "parent_id",
)
OPENED: Final = f""", opened AS (
    INSERT INTO services ({", ".join(_COLUMNS)}, created_at, updated_at)
    SELECT {", ".join(f"%(new_{name})s" for name in _COLUMNS)}, now(), now() FROM moved
    ON CONFLICT (id) DO NOTHING RETURNING id, customer_id, environment, status, version, generation
), first_period AS (
    INSERT INTO service_periods (service_id, version, status, started_at) SELECT id, version, status, now() FROM opened
), followed AS (
    INSERT INTO operations (id, resource, workflow, state, service_id, customer_id, vendor_account, environment,
        generation, actor_role, correlation_id, inputs, fence, due_at, deadline, since, created_at, sealed_secret)
    SELECT %(next_operation)s, %(next_resource)s, %(next_workflow)s, 'ready', n.id, n.customer_id, %(next_account)s,
        n.environment, n.generation, %(next_role)s, %(next_correlation)s, %(next_inputs)s, 0, now(),
        now() + make_interval(secs => %(next_deadline)s), now(), now(), %(next_secret)s FROM opened n
)"""  # noqa: S608 - made of constants of this file


def unplaced(new: NewService, environment: str) -> Row:
    """The parameters of `UNPLACED`."""
    return {"new_product": new.product, "new_environment": environment}


def opened(new: NewService, account: str, hosting: Mapping[str, Any], environment: str) -> Row:
    """The parameters of `OPENED` for the service, which is within `hosting`."""
    row = service_row(
        new.service_id,
        customer_id=hosting["customer_id"],
        order_id=None,
        environment=environment,
        product=new.product,
        account=account,
        attributes=dict(new.attributes),
        sealed_password=None,
        parent_id=hosting["id"],
    )
    row |= {name: Jsonb(row[name]) for name in ("attributes", "data", "warnings")}
    return {f"new_{name}": row[name] for name in _COLUMNS}


def followed(follow_up: FollowUp, account: str, *, secret: bytes | None, deadline: float) -> Row:
    """The parameters of `OPENED` for the operation that begins at this account."""
    return {
        "next_operation": follow_up.operation_id,
        "next_resource": follow_up.resource,
        "next_workflow": follow_up.workflow,
        "next_account": follow_up.account or account,
        "next_inputs": Jsonb(dict(follow_up.inputs)),
        "next_deadline": deadline,
        "next_secret": secret,
    }
