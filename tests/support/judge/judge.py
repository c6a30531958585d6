"""The judge: reads what is left of a run and decides whether the promise was kept. It runs nothing and asks nobody.

C1 acceptance      every order and operation has exactly one end, or an operator who was told
C1 consequences    every accepted message came to what it asks for
C2 effects         the vendors' ledgers hold what the journal says, matched by our reference
C3 effects         nothing happened twice
C2, C3 registry    the same at registries, matched by the names themselves
C2, C3 certificates
                   issued once, kept, installed, and nothing of the proof left behind
C4 effects         what was undone had failed, and was undone once
C5 events          gapless, in order, and heard
C6 leases          no write under an old token, nor before what is ahead on the same resource has ended
C7 leases          nothing leased longer than a lease
C8 secrets         no canary anywhere
"""

from tests.support.judge import acceptance, canaries, certificates, effects, events, leases, registry
from tests.support.judge.history import History
from tests.support.judge.verdict import Verdict


def judge(history: History, *, repeats: bool = False) -> Verdict:
    """The verdict. `repeats`: changes that are declared idempotent may have been made again, to no effect."""
    return Verdict(
        [
            *acceptance.judge(history),
            *effects.judge(history, repeats=repeats),
            *registry.judge(history),
            *certificates.judge(history),
            *events.judge(history),
            *leases.judge(history),
            *canaries.judge(history),
        ]
    )
