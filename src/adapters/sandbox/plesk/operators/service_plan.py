"""service-plan and service-plan-addon: what subscriptions are made after. All of them are the administrator's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.operators import allowances, hosting
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import ADMIN_ID, ADMIN_LOGIN, Plan
from adapters.sandbox.plesk.refusals import Code, Refusal, exists, missing
from adapters.sandbox.plesk.seed import full_plan
from adapters.sandbox.plesk.selection import text_of

_ATTRIBUTES: Final = {"name": "name", "guid": "guid", "external-id": "external_id"}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The operations on plans, or on add-ons."""

    addon: bool

    def add(self, call: Call, request: Element) -> Sequence[Element]:
        """A new plan."""
        panel, name = call.panel, text_of(request, "name")
        if self._find(panel, "name", name):
            raise exists(f"Service plan {name} already exists.")
        plan = panel.plans.save(self._new(panel, request, name))
        call.effect(plan, plan.external_id, name=name)
        return [answers.ok(answers.leaf("id", plan.id), answers.leaf("guid", plan.guid))]

    def get(self, call: Call, request: Element) -> Sequence[Element]:
        """Plans with everything in them."""
        if not _of_admin(request):
            return [answers.ok()]
        return self._each(call.panel, request.find("filter"), lambda plan: answers.ok(*_shown(plan)))

    def delete(self, call: Call, request: Element) -> Sequence[Element]:
        """Remove plans on which no subscription is based."""

        def drop(plan: Plan) -> Element:
            used = [w for w in call.panel.webspaces.all() if plan.guid in (w.plan_guid, *w.addon_guids)]
            if used:
                refusal = Refusal(Code.FAILED, f"Service plan {plan.name} is used by {len(used)} subscriptions.")
                return answers.refused(refusal, answers.leaf("id", plan.id))
            call.panel.plans.drop(plan)
            call.effect(plan, plan.external_id, name=plan.name)
            return answers.ok(answers.leaf("id", plan.id))

        return self._each(call.panel, request.find("filter"), drop)

    def _new(self, panel: Panel, request: Element, name: str) -> Plan:
        limits = allowances.limits_of(request.find("limits"))
        full = full_plan(0, "", name, limits)
        given = request.find("hosting")
        properties = {} if given is None else hosting.given_properties(given)
        permissions = allowances.permissions_of(request.find("permissions"))
        return Plan(
            id=panel.plans.next_id(),
            guid=panel.ids.new(),
            name=name,
            addon=self.addon,
            external_id=text_of(request, "external-id"),
            limits=limits if self.addon else full.limits,
            permissions=permissions if self.addon else {**full.permissions, **permissions},
            hosting=properties if self.addon else {**full.hosting, **properties},
            php_settings=allowances.php_settings_of(request.find("php-settings")),
        )

    def _each(self, panel: Panel, keys: Element | None, act: Callable[[Plan], Element]) -> Sequence[Element]:
        if keys is None or not len(keys):
            return [act(plan) for plan in panel.plans.all() if plan.addon is self.addon] or [answers.ok()]
        return [result for key in keys for result in self._matching(panel, key, act)]

    def _matching(self, panel: Panel, key: Element, act: Callable[[Plan], Element]) -> list[Element]:
        value = (key.text or "").strip()
        found = [act(plan) for plan in self._find(panel, key.tag, value)]
        return found or [answers.refused(missing("Service plan does not exist."), answers.leaf(key.tag, value))]

    def _find(self, panel: Panel, kind: str, value: str) -> list[Plan]:
        if kind == "id":
            by_number = panel.plans.get(int(value))
            found = [] if by_number is None else [by_number]
        else:
            found = panel.plans.where(_ATTRIBUTES[kind], value) if value else []
        return [plan for plan in found if plan.addon is self.addon]


def _of_admin(request: Element) -> bool:
    owner_id, login = text_of(request, "owner-id", str(ADMIN_ID)), text_of(request, "owner-login", ADMIN_LOGIN)
    return (owner_id, login) == (str(ADMIN_ID), ADMIN_LOGIN)


def _shown(plan: Plan) -> list[Element | None]:
    overuse = None if plan.addon else answers.leaf("overuse", "block")
    permissions = [*answers.pairs("permission", plan.permissions)]
    settings = [*answers.pairs("setting", dict(plan.php_settings))]
    return [
        answers.leaf("id", plan.id),
        answers.leaf("name", plan.name),
        answers.leaf("guid", plan.guid),
        answers.leaf("external-id", plan.external_id),
        answers.leaf("owner-id", ADMIN_ID),
        answers.leaf("owner-login", ADMIN_LOGIN),
        answers.branch("limits", overuse, *answers.pairs("limit", dict(plan.limits))),
        answers.branch("hosting", answers.branch("vrt_hst", *answers.pairs("property", dict(plan.hosting)))),
        answers.branch("performance", answers.leaf("bandwidth", -1), answers.leaf("max_connections", -1)),
        answers.branch("permissions", *permissions),
        answers.branch("php-settings", *settings),
    ]


_PLANS = Catalogue(addon=False)
_ADDONS = Catalogue(addon=True)
OPERATIONS: Final[Mapping[str, Handler]] = {
    "service-plan.add": _PLANS.add,
    "service-plan.get": _PLANS.get,
    "service-plan.del": _PLANS.delete,
    "service-plan-addon.add": _ADDONS.add,
    "service-plan-addon.get": _ADDONS.get,
    "service-plan-addon.del": _ADDONS.delete,
}
