"""A backup of one collection: made on a Qdrant server, fetched from it, deleted there, and brought back.

What belongs here: the requests. qdrant-client has no call to fetch or to send a snapshot, and its time limit, right
for searches, is too short to make one of a large collection.
"""

import os
from contextlib import suppress
from pathlib import Path

import httpx
from qdrant_client.http.exceptions import UnexpectedResponse

_TIMEOUT = httpx.Timeout(10.0, read=1_800.0)  # seconds: the server answers only when the snapshot is made


def download_snapshot(url: str, api_key: str | None, version: str, destination: Path) -> Path:
    """Make a snapshot of `version` on the server at `url` and return it as DESTINATION/VERSION.snapshot.

    Raises httpx.HTTPError, UnexpectedResponse for a status other than 200, OSError.
    """
    destination.mkdir(parents=True, exist_ok=True)
    archive = destination / f"{version}.snapshot"
    partial = archive.with_suffix(".snapshot.partial")
    base = f"{url.rstrip('/')}/collections/{version}/snapshots"
    with httpx.Client(headers=_headers(api_key), timeout=_TIMEOUT) as client:
        made = f"{base}/{_checked(client.post(base)).json()['result']['name']}"
        try:
            _fetch(client, made, partial)
        except BaseException:
            _forget(client, made)
            raise
        _checked(client.delete(made))  # else every backup would stay on the server's disk as well
    return partial.replace(archive)


def upload_snapshot(url: str, api_key: str | None, version: str, archive: Path) -> None:
    """Make the collection `version` on the server at `url`, there or not, what the file `archive` holds.

    Raises as `download_snapshot`.
    """
    address = f"{url.rstrip('/')}/collections/{version}/snapshots/upload"
    # what the file holds is wanted, also where the server takes what it has for newer
    how = {"priority": "snapshot", "wait": "true"}
    with httpx.Client(headers=_headers(api_key), timeout=_TIMEOUT) as client, archive.open("rb") as file:
        _checked(client.post(address, params=how, files={"snapshot": (archive.name, file)}))


def _headers(api_key: str | None) -> dict[str, str]:
    return {"api-key": api_key} if api_key else {}


def _forget(client: httpx.Client, made: str) -> None:
    """Delete what could not be fetched, or each try would leave one there; why it could not is what is told."""
    with suppress(httpx.HTTPError):
        client.delete(made)


def _fetch(client: httpx.Client, address: str, target: Path) -> None:
    with client.stream("GET", address) as response, target.open("wb") as file:
        if response.status_code != httpx.codes.OK:
            response.read()
        for block in _checked(response).iter_bytes():
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code != httpx.codes.OK:
        raise UnexpectedResponse.for_response(response)
    return response
