"""The course of a demo: hands each message in when its time has come, and says how far every order is."""

from dataclasses import dataclass, field

from provisioner.console.installation import Demo
from provisioner.console.samples import Condition, Sending, Story
from provisioner.console.waiting import operation_line, order_line
from provisioner.kernel.errors import NotFoundError
from provisioner.orders.statuses import OrderStatus
from provisioner.store.query_operations import ENDED
from provisioner.store.query_records import OperationRecord, OrderDetails, ServiceDetails

_AT_WORK = (OrderStatus.STARTED, OrderStatus.SCHEDULED, OrderStatus.PROVISIONING_STARTED)


@dataclass(frozen=True, slots=True)
class OrderProgress:
    """One order now. `ended`: nothing more will happen; `as_expected`: and so it should be."""

    order_id: str
    title: str
    status: str
    service_status: str
    steps_done: int
    waits: str
    ended: bool
    as_expected: bool


@dataclass
class Course:
    """Submits and looks. `refusals`: messages that the intake did not take, which no demo should have."""

    demo: Demo
    stories: list[Story]
    refusals: list[str] = field(default_factory=list)
    _unsent: dict[str, list[Sending]] = field(init=False)

    def __post_init__(self) -> None:
        self._unsent = {story.order_id: list(story.sendings) for story in self.stories}

    def begin(self) -> None:
        """Plan the faults."""
        for story in self.stories:
            for fault in story.faults:
                self.demo.plan_fault(fault)

    def look(self) -> list[OrderProgress]:
        """Send what may be sent now, and tell where every order is."""
        for unsent in self._unsent.values():
            while unsent and self._is_so(unsent[0].when):
                receipt = self.demo.submit(unsent.pop(0).raw)
                if not receipt.taken:
                    self.refusals.append(f"{receipt.outcome}: {receipt.detail}")
        return [self._progress(story) for story in self.stories]

    def details(self, story: Story) -> tuple[OrderDetails, ServiceDetails] | None:
        """Everything about a story's order and service; None when it was not sent yet."""
        order, service = self._order(story.order_id), self._service(story.service_id)
        return None if order is None or service is None else (order, service)

    def _is_so(self, condition: Condition | None) -> bool:
        if condition is None:
            return True
        return condition.status == (
            self._order_status(condition.id) if condition.kind == "order" else self._service_status(condition.id)
        )

    def _order_status(self, order_id: str) -> str | None:
        found = self._order(order_id)
        return found.order.status if found else None

    def _service_status(self, service_id: str) -> str | None:
        found = self._service(service_id)
        return found.service.status if found else None

    def _order(self, order_id: str) -> OrderDetails | None:
        try:
            return self.demo.queries.order(order_id)
        except NotFoundError:
            return None

    def _service(self, service_id: str) -> ServiceDetails | None:
        try:
            return self.demo.queries.service(service_id)
        except NotFoundError:
            return None

    def _progress(self, story: Story) -> OrderProgress:
        details = self.details(story)
        if details is None:
            told = "will be sent when the first order is completed"
            return OrderProgress(story.order_id, story.title, "", "", 0, told, ended=False, as_expected=False)
        order, service = details
        at_work = [each for each in (*order.operations, *service.operations) if each.state not in ENDED]
        ended = not self._unsent[story.order_id] and not at_work and order.order.status not in _AT_WORK
        return OrderProgress(
            order_id=story.order_id,
            title=story.title,
            status=order.order.status,
            service_status=service.service.status,
            steps_done=sum(step.state == "done" for each in all_operations(order, service) for step in each.steps),
            waits=_waits(order, service),
            ended=ended,
            as_expected=ended
            and order.order.status == story.order_ends
            and service.service.status == story.service_ends,
        )


def all_operations(order: OrderDetails, service: ServiceDetails) -> list[OperationRecord]:
    """The operations of the order and of its service, each once, in order of acceptance."""
    found = {each.id: each for each in (*order.operations, *service.operations)}
    return sorted(found.values(), key=lambda each: each.position)


def _waits(order: OrderDetails, service: ServiceDetails) -> str:
    lifecycle = next((each for each in service.operations if each.state not in ENDED and not each.order_id), None)
    if lifecycle is not None:
        return f"{lifecycle.workflow} {operation_line(lifecycle, service.now)}"
    return order_line(order)
