"""The deployment as a test has it: docker-compose.yml with the override, an .env and a library in a folder of its own.

Docker is asked by its command line, the platform by what it publishes: Dagster's GraphQL and the search's API.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from dotenv import dotenv_values

from tests.deploy.files import COMPOSE, DEPLOY, ROOT

OVERRIDE = ROOT / "tests" / "deploy" / "docker-compose.override.yml"
IMAGES = ("photo-assets:local", "photos-verify/postgres:debian", "photos-verify/haproxy:debian")

# What the demo's models and a small library want of .env.
DEMO = "PHOTO_CLIP_MODEL=/demo-models/clip\nPHOTO_BLIP_MODEL=/demo-models/blip\nPHOTO_BATCH_SIZE=16\n"

RUNS = "{runsOrError(limit: 100) {... on Runs {results {runId jobName status startTime endTime tags {key value}}}}}"
TERMINATE = 'mutation {terminateRun(runId: "%s") {__typename}}'


def missing() -> str:
    """Why no stack can be started here; empty if one can."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return "no Docker engine answers"
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return "Docker has no compose command"
    if subprocess.run(["docker", "image", "inspect", *IMAGES], capture_output=True).returncode:
        return "its images have not been built; sh tests/deploy/build-images.sh"
    return ""


@dataclass(frozen=True)
class Run:
    """A run of Dagster's, as its webserver tells it."""

    run_id: str
    job: str
    status: str
    seconds: float
    tags: dict[str, str]

    @property
    def container(self) -> str:
        """The id of the container it runs in; empty before it has one."""
        return self.tags.get("docker/container_id", "")

    @property
    def started_by(self) -> str:
        """What asked for it."""
        return self.tags.get("photos/started_by") or self.tags.get("dagster/sensor_name", "")


class Stack:
    """The stack with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "library"
        self.library.mkdir()
        self._env = _made_env(folder / "checkout", self.library)

    @property
    def secrets(self) -> dict[str, str]:
        """What .env says."""
        return {name: value or "" for name, value in dotenv_values(self._env).items()}

    def configure(self, lines: str) -> None:
        """Add lines to .env; the last one of a name counts."""
        with self._env.open("a") as env:
            env.write(lines)

    def compose(self, *arguments: str, check: bool = True) -> str:
        """What `docker compose` prints."""
        files = ["--env-file", self._env, "--file", COMPOSE, "--file", OVERRIDE]
        return _said(["docker", "compose", "--project-directory", ROOT, *files, *arguments], check)

    def up(self) -> float:
        """Start it and wait until every service is healthy; the seconds that took."""
        began = time.monotonic()
        self.compose("up", "--detach", "--wait", "--no-build")
        return time.monotonic() - began

    def inside(self, service: str, *command: str) -> str:
        """What a command prints in a service's container, its errors too."""
        return self.compose("exec", "--no-TTY", service, "sh", "-c", '"$@" 2>&1', "sh", *command, check=False)

    def runs(self) -> list[Run]:
        """Dagster's runs, the latest first."""
        found = self._graphql(RUNS)["runsOrError"]["results"]
        return [_run(each) for each in found]

    def end(self, run: Run) -> str:
        """End a run as the UI's button does."""
        answer: str = self._graphql(TERMINATE % run.run_id)["terminateRun"]["__typename"]
        return answer

    def counts(self) -> dict[str, Any]:
        """What `photos status` says."""
        counts: dict[str, Any] = json.loads(self.compose("run", "--rm", "photos", "status", "--json"))
        return counts

    def search(self, text: str, limit: int = 3) -> list[dict[str, Any]]:
        """The search's hits."""
        url = f"http://127.0.0.1:8766/search?{urlencode({'text': text, 'limit': limit})}"
        request = Request(url, headers={"Authorization": f"Bearer {self.secrets['PHOTO_SEARCH_TOKEN']}"})
        with urlopen(request, timeout=60) as answer:
            hits: list[dict[str, Any]] = json.load(answer)["hits"]
        return hits

    def wait_until(self, seconds: float, reached: Callable[[list[Run]], bool]) -> list[Run]:
        """The runs as soon as `reached` holds of them. Raises TimeoutError."""
        give_up_at = time.monotonic() + seconds
        while not reached(runs := self.runs()):
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"not within {seconds} s: {runs}")
            time.sleep(1)
        return runs

    def _graphql(self, query: str) -> Any:
        body = json.dumps({"query": query}).encode()
        request = Request("http://127.0.0.1:3000/graphql", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=300) as answer:
            return json.load(answer)["data"]


def _run(told: dict[str, Any]) -> Run:
    seconds = (told["endTime"] or time.time()) - (told["startTime"] or time.time())
    tags = {tag["key"]: tag["value"] for tag in told["tags"]}
    return Run(told["runId"], told["jobName"], told["status"], seconds, tags)


def _made_env(checkout: Path, library: Path) -> Path:
    """An .env by make-env.sh, which writes it beside the example; not into the checkout of who runs this."""
    shutil.copytree(DEPLOY, checkout / "docs" / "deploy")
    shutil.copy(ROOT / ".env.example", checkout)
    _said(["sh", checkout / "docs" / "deploy" / "make-env.sh", library], True)
    env = checkout / ".env"
    env.write_text(env.read_text() + DEMO)
    return env


def _said(command: list[Any], check: bool) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[:3]))} failed:\n{done.stderr[-2_000:]}")
    return done.stdout
