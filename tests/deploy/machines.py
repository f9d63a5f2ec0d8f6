"""Machines as far as one machine can show several: network namespaces with addresses of their own, on one bridge.

What belongs here: the network, and starting and killing what runs in it. They share a disk, as machines share a NAS.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

BRIDGE, NETWORK = "photos-br", "10.213.77"
HEAD = f"{NETWORK}.1"


def missing() -> str:
    """Why there can be none here; empty if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "no `ip` is installed; apt-get install iproute2"
    if subprocess.run(["ip", "netns", "add", "photos-try"], capture_output=True).returncode:
        return "no network namespace can be made here"
    _ip("netns", "del", "photos-try")
    return ""


class Machine:
    """A namespace with one address; what is started in it has one core, and dies with it."""

    def __init__(self, number: int) -> None:
        self.name, self.address, self.core = f"photos-{number}", f"{NETWORK}.{10 + number}", _core(number)
        self._started: list[subprocess.Popen[bytes]] = []
        inside, outside = f"ph-in-{number}", f"ph-out-{number}"
        _ip("netns", "add", self.name)
        _ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", self.name)
        _ip("link", "set", outside, "master", BRIDGE, "up")
        _ip("-n", self.name, "address", "add", f"{self.address}/24", "dev", inside)
        _ip("-n", self.name, "link", "set", inside, "up")
        _ip("-n", self.name, "link", "set", "lo", "up")

    def start(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        """Start a command on it."""
        placed = ["ip", "netns", "exec", self.name, "taskset", "--cpu-list", str(self.core), *command]
        with log.open("ab") as told:
            self._started.append(subprocess.Popen(placed, env=env, stdout=told, stderr=told, start_new_session=True))

    def kill(self) -> None:
        """SIGKILL for everything on it at once, as when the power fails: nothing can tell anybody."""
        told = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True).stdout
        for process in map(int, told.split()):
            os.kill(process, signal.SIGKILL)
        for started in self._started:
            started.wait()

    def remove(self) -> None:
        """Kill what runs on it, and take it off the network."""
        self.kill()
        _ip("netns", "del", self.name)


@contextmanager
def network() -> Iterator[None]:
    """The bridge, with the head's address on it."""
    _ip("link", "add", BRIDGE, "type", "bridge")
    try:
        _ip("address", "add", f"{HEAD}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield
    finally:
        _ip("link", "del", BRIDGE)


def _core(number: int) -> int:
    """One of those that this process may use, the first machine's being the last."""
    usable = sorted(os.sched_getaffinity(0), reverse=True)
    return usable[(number - 1) % len(usable)]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
