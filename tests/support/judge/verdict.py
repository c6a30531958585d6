"""What the judge says."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Wrong(StrEnum):
    """How the promise was broken."""

    LOST = "lost"
    DOUBLED = "doubled"
    STUCK = "stuck"
    LEAKED = "leaked_secrets"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach. `rule` is C1 to C8; `words` say what is wrong with what."""

    rule: str
    wrong: Wrong
    words: str

    def __str__(self) -> str:
        return f"{self.rule} {self.wrong}: {self.words}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All breaches of one history."""

    findings: Sequence[Finding]

    @property
    def good(self) -> bool:
        """True when the promise was kept."""
        return not self.findings

    def counts(self) -> dict[str, int]:
        """How often the promise was broken in each way."""
        return {wrong.value: sum(found.wrong is wrong for found in self.findings) for wrong in Wrong}

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings)) or "nothing lost, doubled, stuck or leaked"
