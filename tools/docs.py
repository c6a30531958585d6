"""Write the generated documents anew: python -m tools.docs [--check]."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from provisioner.console.reference import commands_reference
from provisioner.kernel.settings_reference import settings_reference
from provisioner.messages import json_schemas
from provisioner.messages import reference as messages
from provisioner.orders.reference import reference as statuses_reference
from provisioner.orders.tlds_reference import reference as tlds_reference
from tools.codes import codes_reference

ROOT: Final = Path(__file__).parents[1]
SCHEMAS: Final = "src/provisioner/messages/schemas"

# A generated page is one line here.
PAGES: Final[dict[str, Callable[[], str]]] = {
    "docs/reference/codes.md": codes_reference,
    "docs/reference/commands.md": commands_reference,
    "docs/reference/messages.md": messages.reference,
    "docs/reference/settings.md": settings_reference,
    "docs/reference/statuses.md": statuses_reference,
    "docs/reference/tlds.md": tlds_reference,
}


def documents() -> dict[Path, str]:
    """Every generated file and the text that it should have."""
    pages = {ROOT / name: write() for name, write in PAGES.items()}
    return pages | {ROOT / SCHEMAS / name: text for name, text in json_schemas.schemas().items()}


def stale() -> dict[Path, str]:
    """Those whose text is another one now."""
    return {file: text for file, text in documents().items() if not file.exists() or file.read_text() != text}


def main(argv: Sequence[str]) -> int:
    """Write what is stale, or with `--check` only say so and fail."""
    check = "--check" in argv
    changed = stale()
    for file, text in changed.items():
        print(f"{'stale' if check else 'written'}: {file.relative_to(ROOT)}")
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
