"""Anything in any order: hypothesis thinks of it, and once all is at rest the library must be exactly what the disk is.

The profile is small and the same on every run. More of it, and another path each time:
LIVING_EXAMPLES=2000 python -m pytest -s tests/living/test_machine.py
LIVING_SHRINK=1 makes what failed as short as it can be.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import LivingLibrary
from .photographer import done

EXAMPLES = int(os.environ.get("LIVING_EXAMPLES", "0"))
STEPS = 40
# Making a failure small takes minutes.
PHASES = [Phase.generate] + [Phase.shrink] * ("LIVING_SHRINK" in os.environ)


def test_whatever_happens_every_photo_is_known_once_and_done_once() -> None:
    profile = settings(
        max_examples=EXAMPLES or 30,
        stateful_step_count=STEPS,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        print_blob=True,
        phases=PHASES,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(LivingLibrary, settings=profile)
    print("\nliving library:", ", ".join(f"{number:,} {name}" for name, number in sorted(done.items())))
