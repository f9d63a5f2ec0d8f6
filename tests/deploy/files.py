"""What the files of the Compose deployment say, read for the tests; no engine is asked."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
COMPOSE = ROOT / "docker-compose.yml"
CELERY = ROOT / "docker-compose.celery.yml"

Compose = dict[str, Any]


def compose() -> Compose:
    """docker-compose.yml with its anchors resolved and its ${...} as they stand."""
    loaded: Compose = yaml.safe_load(COMPOSE.read_text())
    return loaded


def celery() -> Compose:
    """docker-compose.celery.yml, alone."""
    loaded: Compose = yaml.safe_load(CELERY.read_text())
    return loaded


def dagster_yaml(name: str = "dagster.yaml") -> dict[str, Any]:
    """A configuration of Dagster's in docs/deploy."""
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return loaded


def variables_of(text: str) -> set[str]:
    """The variables that a Compose file takes from .env."""
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))


def required_of(text: str) -> set[str]:
    """Those without which it refuses to start."""
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+):\?", text))


def env_lines(text: str) -> dict[str, str]:
    """The variables of an .env, those that are commented out too, with their values."""
    return dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", text, re.MULTILINE))
