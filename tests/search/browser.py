"""A headless Chromium that tests drive through its DevTools protocol: open, type, look, take a screenshot."""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_PATIENCE_S = 30
# No sandbox, because tests run as root in containers too; no GPU and no shared memory, which those lack.
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0")
_KEYS = {
    "Enter": 13,
    "Escape": 27,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


class Navigated(Exception):
    """The page went to another address while it was asked."""


class Tab:
    """One page; `problems` collects what the browser complains of: errors of scripts, refused loads."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._numbers = connection, itertools.count(1)
        self.problems: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events that come meanwhile are looked at."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._connection.recv(_PATIENCE_S))
            if told.get("id") == number:
                if "navigated" in str(told.get("error")):
                    raise Navigated
                assert "error" not in told, told
                return told["result"]
            self._note(told)

    def open(self, url: str, width: int = 1280, height: int = 800, *, dark: bool = False, scale: float = 1) -> None:
        """Go to the address in a window of this size."""
        phone = width < 600
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url="about:blank")  # or another # of the same address would load nothing
        self.send("Page.navigate", url=url)
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    def ask(self, script: str) -> Any:
        """What a JavaScript expression is in the page."""
        told = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, script: str) -> Any:
        """What the expression is once it is true, on whatever page that is by then."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (value := self._asked_between_pages(script)):
            assert time.monotonic() < deadline, (script, self.problems, self.ask("document.body.innerText"))
            time.sleep(0.03)
        return value

    def _asked_between_pages(self, script: str) -> Any:
        try:
            return self.ask(script)
        except Navigated:
            return None

    def type(self, text: str) -> None:
        """Text into whatever has the focus."""
        self.send("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """One key, down and up."""
        code = _KEYS.get(key, ord(key[0].upper()))
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            extra = text if kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **extra)

    def choose(self, selector: str, file: Path) -> None:
        """A file for a file input."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(file)], nodeId=node)

    def screenshot(self, path: Path) -> Path:
        """The window as a PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))
        return path

    def _note(self, told: dict[str, Any]) -> None:
        match told["method"]:
            case "Runtime.exceptionThrown":
                self.problems.append(str(told["params"]["exceptionDetails"]))
            case "Log.entryAdded":
                self.problems.append(str(told["params"]["entry"]))


@contextmanager
def browser() -> Iterator[Tab]:
    """A tab of a fresh Chromium, which is gone afterwards."""
    assert CHROMIUM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                with connect(_address(Path(profile)), max_size=None) as connection:
                    yield Tab(connection)
            finally:
                process.terminate()
                process.wait(_PATIENCE_S)


def _address(profile: Path) -> str:
    """Where the first tab listens, once Chromium has written it down."""
    file, deadline = profile / "DevToolsActivePort", time.monotonic() + _PATIENCE_S
    while not file.exists() or not file.read_text().strip():
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.05)
    port = file.read_text().split()[0]
    while True:
        pages = [each for each in httpx.get(f"http://127.0.0.1:{port}/json").json() if each["type"] == "page"]
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
