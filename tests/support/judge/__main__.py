"""`python -m tests.support.judge FOLDER`: judge a history that was saved; exit code 1 when the promise was broken."""

import json
import sys
from pathlib import Path

from tests.support.judge.history import History
from tests.support.judge.judge import judge


def main() -> int:
    verdict = judge(History.load(Path(sys.argv[1])))
    sys.stdout.write(f"{verdict}\n{json.dumps(verdict.counts())}\n")
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
