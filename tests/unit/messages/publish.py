"""Write the published schemas and the reference page anew: `python -m tests.unit.messages.publish`."""

from pathlib import Path

from provisioner.messages import json_schemas, reference

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "src" / "provisioner" / "messages" / "schemas"
REFERENCE = ROOT / "docs" / "reference" / "messages.md"


def publish() -> None:
    SCHEMAS.mkdir(exist_ok=True)
    for name, text in json_schemas.schemas().items():
        (SCHEMAS / name).write_text(text, encoding="utf-8")
    REFERENCE.parent.mkdir(parents=True, exist_ok=True)
    REFERENCE.write_text(reference.reference(), encoding="utf-8")


if __name__ == "__main__":
    publish()
