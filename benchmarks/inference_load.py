"""The inference service under load: 50 clients on loopback. `python -m benchmarks.inference_load`

Not measured: a network, full-size models, the speed of the models themselves. Clients and service share the machine's
cores, so the rate is a floor. Every answer is compared with what the same models say of that picture alone.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Annotated, Any

import httpx
import psutil
import typer

from benchmarks.environment import environment
from benchmarks.inference_clients import Tally, ask, encoded
from benchmarks.memory import PeakMemory
from photo_assets.demo.library import library_scenes
from photo_assets.demo.painting import paint
from resources.inference.engine import engine_for
from resources.inference.port import Inferred

RESULTS = Path(__file__).parent / "results"
SCENES = 48
QUEUE = 256  # small, so that it is full at times and clients are sent away


def main(
    clients: Annotated[int, typer.Option(help="How many ask at once.")] = 50,
    seconds: Annotated[float, typer.Option(help="For how long.")] = 60.0,
) -> None:
    """Load the service and keep what happened; exit code 1 if an answer was wrong or missing."""
    pictures = [encoded(paint(scene, 256)) for scene in library_scenes(SCENES, seed=5)]
    truth = [next(engine_for("small").infer([picture])) for picture in pictures]
    load_before = os.getloadavg()[0]
    with service() as (url, process), PeakMemory(process.pid) as memory:
        tally, rss_mb = loaded(url, process, pictures, truth, clients, seconds)
        metrics = httpx.get(f"{url}/metrics").text
    sample = report(tally, seconds) | {"rss_mb": rss_mb, "peak_mb": round(memory.peak_bytes / 1e6)} | batches(metrics)
    place = environment("fastapi", "uvicorn") | {"load_before": round(load_before, 1)}
    result = {"benchmark": "inference_load", "clients": clients, "environment": place, "samples": [sample]}
    (RESULTS / "inference_load.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(sample, indent=2))
    sys.exit(bool(sample["wrong"] or sample["lost"] or not sample["answers"]))


@contextmanager
def service() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A ready `photos inference` with the small models in a process of its own."""
    command = [sys.executable, "-m", "photo_assets", "inference", "--port", "0"]
    with tempfile.TemporaryDirectory() as data:
        own = {"PHOTO_DATA": data, "PHOTO_MODELS": "small", "PHOTO_INFERENCE_QUEUE": str(QUEUE), "INFERENCE_TOKEN": ""}
        process = subprocess.Popen(command, env=os.environ | own, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr
            lines = iter(process.stderr.readline, "")
            yield next(line.split()[0] for line in lines if "is ready" in line), process
        finally:
            process.terminate()
            process.wait()


def loaded(
    url: str,
    process: subprocess.Popen[str],
    pictures: Sequence[bytes],
    truth: Sequence[Inferred],
    clients: int,
    seconds: float,
) -> tuple[Tally, list[int]]:
    """Let the clients ask until the time is over; the service's resident megabytes at each sixth of it."""
    tally, until = Tally(), time.monotonic() + seconds
    rss_mb = []
    with ThreadPoolExecutor(clients) as pool:
        asking = [pool.submit(ask, url, seed, until, pictures, truth, tally) for seed in range(clients)]
        for _ in range(6):
            time.sleep(seconds / 6)
            rss_mb.append(round(psutil.Process(process.pid).memory_info().rss / 1e6))
        for each in asking:
            each.result()
    return tally, rss_mb


def report(tally: Tally, seconds: float) -> dict[str, Any]:
    """Counts, the rate, and how long requests took."""
    counts = {name: tally.counts[name] for name in ("requests", "answers", "failures", "wrong", "lost", "sent_away")}
    cuts = quantiles(tally.seconds, n=100)
    took = {f"request_s_p{percent}": round(cuts[percent - 1], 3) for percent in (50, 95, 99)}
    return {"seconds": seconds, **counts, "answers_per_s": round(counts["answers"] / seconds, 1), **took}


def batches(metrics: str) -> dict[str, float]:
    """The mean size of the device's batches, by the service's own count."""
    pattern = r'^photo_inference_batch_size_{}{{of="pictures"}} (\S+)$'
    total, count = (float(re.findall(pattern.format(part), metrics, re.MULTILINE)[0]) for part in ("sum", "count"))
    return {"mean_batch": round(total / count, 1)}


if __name__ == "__main__":
    typer.run(main)
