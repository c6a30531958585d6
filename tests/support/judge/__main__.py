"""`python -m tests.support.judge FOLDER`: judge a history that was saved; exit code 1 when the promise was broken."""

import argparse
import json
import sys
from pathlib import Path

from tests.support.judge.history import History
from tests.support.judge.judge import judge


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.support.judge", description=__doc__)
    reader.add_argument("folder", type=Path)
    reader.add_argument(
        "--repeats", action="store_true", help="idempotent changes may have been made again, as in a soak"
    )
    given = reader.parse_args()
    verdict = judge(History.load(given.folder), repeats=given.repeats)
    sys.stdout.write(f"{verdict}\n{json.dumps(verdict.counts())}\n")
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
