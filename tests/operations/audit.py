"""`make audit`: pip-audit over constraints.txt, after seeing that advisories can be had at all.

Not a test of the suite, because what it says changes from day to day and needs the network. Exit codes: 0 nothing is
known, 1 something is, 2 nothing could be audited.
"""

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

# A release with advisories: an index that knows of none here would call everything sound.
KNOWN_BAD = "https://pypi.org/pypi/pillow/9.0.0/json"
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
TIMEOUT_S = 20


def advisories_trouble(url: str = KNOWN_BAD) -> str:
    """Why no advisories can be had; empty if they can."""
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:
            known = json.load(answer).get("vulnerabilities")
    except (OSError, ValueError, AttributeError) as error:
        return f"{url} cannot be read ({error})"
    return "" if known else f"{url} tells of no advisory, though that release has some"


def main() -> int:
    if trouble := advisories_trouble():
        print(f"nothing was audited: {trouble}. Run it where pypi.org itself can be reached.", file=sys.stderr)
        return 2
    # The constraints are a whole environment, each package once and by exact version: nothing is left to resolve.
    program = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--no-deps"]
    return subprocess.run([*program, "--requirement", CONSTRAINTS]).returncode


if __name__ == "__main__":
    sys.exit(main())
