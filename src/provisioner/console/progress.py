"""The course of a demo: hands each message in when its time has come, and says how far every order is."""

from dataclasses import dataclass, field

from provisioner.console.installation import Demo
from provisioner.console.samples import Condition, Sending, Story
from provisioner.console.waiting import operation_line, order_line
from provisioner.kernel.errors import NotFoundError
from provisioner.orders.statuses import OrderStatus, ServiceStatus
from provisioner.store.query_operations import ENDED
from provisioner.store.query_records import OperationRecord, OrderDetails, ServiceDetails

_DAY = len("2026-01-31")
_AT_WORK = (OrderStatus.STARTED, OrderStatus.SCHEDULED, OrderStatus.PROVISIONING_STARTED)


@dataclass(frozen=True, slots=True)
class WebsiteCertificate:
    """A certificate that a website has: who issued it, for which names, and until when (RFC 3339)."""

    issuer: str
    names: tuple[str, ...]
    not_after: str

    @property
    def line(self) -> str:
        """The same in words."""
        return f"certificate issued by {self.issuer} for {', '.join(self.names)}, valid until {self.not_after[:_DAY]}"


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
    certificate: WebsiteCertificate | None = None


@dataclass(frozen=True, slots=True)
class StoryDetails:
    """An order, its service, and the certificate that followed from it, if there is one."""

    order: OrderDetails
    service: ServiceDetails
    certificate: ServiceDetails | None = None

    @property
    def operations(self) -> list[OperationRecord]:
        """All operations, each once, in order of acceptance."""
        of_certificate = self.certificate.operations if self.certificate else ()
        found = {each.id: each for each in (*self.order.operations, *self.service.operations, *of_certificate)}
        return sorted(found.values(), key=lambda each: each.position)

    @property
    def certified(self) -> WebsiteCertificate | None:
        """The certificate that the website has, if there is one by now."""
        if self.certificate is None or self.certificate.service.status != ServiceStatus.ACTIVE:
            return None
        data = self.certificate.service.data
        if not data.get("installed"):
            return None
        return WebsiteCertificate(data["issuer"], tuple(data["names"]), data["not_after"])

    @property
    def ending(self) -> str:
        """How the order ended, and with which certificate."""
        return "; ".join([order_line(self.order), *([self.certified.line] if self.certified else [])])

    @property
    def waits(self) -> str:
        """What it waits for now."""
        own = (each for each in self.operations if each.state not in ENDED and not each.order_id)
        first = next(own, None)
        if first is None:
            return self.ending
        return f"{first.workflow} {operation_line(first, self.service.now)}"


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

    def details(self, story: Story) -> StoryDetails | None:
        """Everything about a story's order and service; None when it was not sent yet."""
        order, service = self._order(story.order_id), self._service(story.service_id)
        if order is None or service is None:
            return None
        return StoryDetails(order, service, self._service(story.certificate) if story.certificate else None)

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
        at_work = any(each.state not in ENDED for each in details.operations)
        status = details.order.order.status
        ended = not self._unsent[story.order_id] and not at_work and status not in _AT_WORK
        as_should = (status, details.service.service.status) == (story.order_ends, story.service_ends)
        return OrderProgress(
            order_id=story.order_id,
            title=story.title,
            status=status,
            service_status=details.service.service.status,
            steps_done=sum(step.state == "done" for each in details.operations for step in each.steps),
            waits=details.waits,
            ended=ended,
            as_expected=ended and as_should and (story.certificate is None or details.certified is not None),
            certificate=details.certified,
        )
