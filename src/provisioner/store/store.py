"""Everything that keeps state, made once for each process."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from provisioner.kernel.clock import Clock
from provisioner.kernel.ids import Ids
from provisioner.kernel.sealing import KeyRing, SecretBox
from provisioner.kernel.settings import Settings
from provisioner.orders.tlds import TldTable
from provisioner.store.acceptance import OrderIntake
from provisioner.store.accounts import Accounts
from provisioner.store.bulk_progress import BulkProgress
from provisioner.store.bulks import Bulks
from provisioner.store.certificates import CertificateIntake
from provisioner.store.claims import Claims
from provisioner.store.commands import Commands
from provisioner.store.contacts import ContactBook
from provisioner.store.credentials import Credentials
from provisioner.store.database import Database
from provisioner.store.domain_confirmation import Confirmations
from provisioner.store.domains import DomainTerms
from provisioner.store.events import Announcer
from provisioner.store.expiries import Expiries
from provisioner.store.housekeeping import Housekeeping
from provisioner.store.journal import StoreJournal
from provisioner.store.new_services import Sealing
from provisioner.store.openings import DomainOpenings
from provisioner.store.operations import Operations
from provisioner.store.outbox import StoreOutbox
from provisioner.store.placement import Placement
from provisioner.store.polls import Polls
from provisioner.store.postgres_claims import PostgresClaims
from provisioner.store.postgres_intake import PostgresOrderIntake
from provisioner.store.postgres_journal import PostgresJournal
from provisioner.store.quarantine import Quarantine
from provisioner.store.queries import Queries
from provisioner.store.query_certificates import CertificateQueries
from provisioner.store.query_domains import DomainQueries
from provisioner.store.refusals import Refusals
from provisioner.store.upkeep import UpkeepPlan
from provisioner.workflows.backoff import Waits


@dataclass(frozen=True, slots=True)
class Store:
    """The parts of the store, sharing one database."""

    database: Database
    orders: OrderIntake
    openings: DomainOpenings
    bulks: Bulks
    bulk_progress: BulkProgress
    contacts: ContactBook
    certificates: CertificateIntake
    commands: Commands
    confirmations: Confirmations
    refusals: Refusals
    claims: Claims
    journal: StoreJournal
    quarantine: Quarantine
    accounts: Accounts
    credentials: Credentials
    operations: Operations
    housekeeping: Housekeeping
    expiries: Expiries
    polls: Polls
    upkeep: UpkeepPlan
    queries: Queries
    domain_queries: DomainQueries
    certificate_queries: CertificateQueries

    def outbox(self, owner: str) -> StoreOutbox:
        """The outbox, as one relay sees it."""
        return StoreOutbox(self.database, owner)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


class _Kinds(NamedTuple):
    """What is written otherwise on each database."""

    intake: type[OrderIntake]
    claims: type[Claims]
    journal: type[StoreJournal]


PLAIN: Final = _Kinds(OrderIntake, Claims, StoreJournal)
ON_POSTGRES: Final = _Kinds(PostgresOrderIntake, PostgresClaims, PostgresJournal)


def open_store(settings: Settings, ring: KeyRing, clock: Clock, ids: Ids, tlds: TldTable | None = None) -> Store:
    """The store that the settings name; `tlds` are by default those shipped. Nothing is connected until it is used."""
    database = Database(settings.database(), clock, pool_size=settings.database_pool_size)
    box = SecretBox(ring)
    sealing, placement = Sealing(ring, box), Placement(database, clock)
    table = tlds or TldTable.shipped()
    terms = DomainTerms(table)
    announcer = Announcer(settings.event_source, clock, ids)
    kinds = ON_POSTGRES if database.is_postgres else PLAIN
    deadline = settings.operation_deadline_seconds
    openings = DomainOpenings(
        database,
        announcer=announcer,
        ids=ids,
        sealing=sealing,
        placement=placement,
        terms=terms,
        deadline=deadline,
    )
    breaker = Waits(settings.breaker_first_seconds, settings.breaker_most_seconds)
    return Store(
        database=database,
        orders=kinds.intake(
            database,
            announcer=announcer,
            ids=ids,
            sealing=sealing,
            placement=placement,
            terms=terms,
            deadline_seconds=deadline,
        ),
        openings=openings,
        bulks=Bulks(
            database,
            announcer=announcer,
            ids=ids,
            sealing=sealing,
            openings=openings,
            tlds=table,
            deadline=deadline,
        ),
        bulk_progress=BulkProgress(database, announcer),
        contacts=ContactBook(database, announcer=announcer, ids=ids, deadline=deadline),
        certificates=CertificateIntake(database, announcer=announcer, ids=ids, sealing=sealing, deadline=deadline),
        commands=Commands(database, announcer=announcer, ids=ids, sealing=sealing, terms=terms, deadline=deadline),
        confirmations=Confirmations(database),
        refusals=Refusals(database, announcer),
        claims=kinds.claims(
            database, box, announcer, lease_seconds=settings.lease_seconds, breaker_failures=settings.breaker_failures
        ),
        journal=kinds.journal(
            database,
            announcer,
            box,
            placement=placement,
            breaker=breaker,
            breaker_failures=settings.breaker_failures,
            deadline=deadline,
        ),
        quarantine=Quarantine(database, announcer, ids, box),
        accounts=Accounts(database, box),
        credentials=Credentials(database, box),
        operations=Operations(database, announcer),
        housekeeping=Housekeeping(database, announcer),
        expiries=Expiries(database, announcer),
        polls=Polls(database, announcer, ids, deadline=deadline),
        upkeep=UpkeepPlan(database, announcer, most=settings.upkeep_open, deadline=deadline),
        queries=Queries(database),
        domain_queries=DomainQueries(database),
        certificate_queries=CertificateQueries(database),
    )
