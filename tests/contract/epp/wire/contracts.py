"""Where the schemas and transcripts of registries are: named by the environment, or beside the checkout."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest
from lxml import etree

_BESIDE_THE_CHECKOUT: Final = Path(__file__).parents[4].parent / "shared" / "contract"
_CONTRACTS: Final = Path(os.environ.get("PROVISIONER_CONTRACT_DIR", _BESIDE_THE_CHECKOUT)) / "epp"


def schema() -> etree.XMLSchema:
    """All schemas of the objects and extensions that are spoken."""
    path = _CONTRACTS / "xsd" / "all.xsd"
    if not path.exists():
        pytest.skip(f"the schemas are not at {path}")
    return etree.XMLSchema(etree.parse(path))


def transcript(name: str) -> list[dict[str, Any]]:
    """What was said to a registry and what it answered, secrets masked; a greeting has no request."""
    path = _CONTRACTS / "transcripts" / name
    if not path.exists():
        pytest.skip(f"there are no transcripts at {path}")
    return [json.loads(line) for line in path.read_text().splitlines()]
