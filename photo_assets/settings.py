"""Every setting of the platform, read from the environment and `.env`, with its meaning and its default.

Only reading and judging values belongs here. `.env` is read into the environment first, so that Dagster's own
`EnvVar` sees the same values.
"""

import os
import re
from pathlib import Path
from typing import Literal

from dotenv import find_dotenv, load_dotenv
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from resources.decoding.raw_policy import RawPolicy
from resources.errors import PhotoPlatformError

# Strict, because a password whose own "@" or "/" is taken for the URL's would be shown as the name of a host.
_POSTGRESQL_URL = re.compile(
    r"postgresql://([^@:/?#]*(:[^@:/?#]*)?@)?([^@:/?#\[\]]*|\[[0-9a-fA-F:.]+\])(:[0-9]+)?/[^/?#]+(\?.*)?"
)


class SettingsError(PhotoPlatformError):
    """One or more variables have a wrong value; the message names each with what is expected."""


class Settings(BaseSettings):
    """The settings; each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", validate_default=True)

    photo_library: str = Field(
        "", description=f"Folders with your photos, separated by '{os.pathsep}'. They are only ever read."
    )
    photo_include: str = Field(
        "",
        description=f"Patterns of what is taken from them, separated by '{os.pathsep}': '*.dng' is of names, '2024/*' "
        "of the path below the folder. Empty: every photo.",
    )
    photo_exclude: str = Field(
        "", description="Patterns of files and folders that are left out, such as 'Trash' or '*_edit.*'."
    )
    photo_data: Path = Field(
        Path("photo-data"),
        description="Where all state lives: ledger, previews, tables, collection, Dagster.",
    )
    photo_ledger_url: SecretStr = Field(
        SecretStr(""),
        description="A PostgreSQL database for the ledger: postgresql://USER:PASSWORD@HOST/DATABASE. Empty: a SQLite "
        "file below PHOTO_DATA.",
    )
    photo_log_format: Literal["text", "json"] = Field(
        "text",
        description="What commands and services tell on stderr: 'text' for a person, 'json' a line for each record.",
    )
    photo_models: Literal["default", "small"] = Field(
        "default",
        description="'default': CLIP ViT-B/32 and BLIP base from the hub. 'small': the two small models in the "
        "package, trained on the demo's scenes.",
    )
    photo_clip_model: str = Field("", description="A CLIP checkpoint instead: hub id[@revision] or folder.")
    photo_blip_model: str = Field("", description="A BLIP checkpoint instead: hub id[@revision] or folder.")
    photo_caption_beams: int = Field(
        1, ge=1, le=8, description="Beams that write a caption; 1 is greedy. Each more takes time and memory."
    )
    photo_inference_backend: Literal["torch", "torchscript", "onnx"] = Field(
        "torch", description="What runs the models: torch, or graphs made by `photos models export`."
    )
    photo_inference_dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto",
        description="The number format that torch runs the models in. 'auto': float16 where the GPU or the CPU is "
        "made for it, float32 elsewhere. Exported graphs have their own.",
    )
    photo_inference_graphs: str = Field(
        "", description="The folder of exported graphs. Empty: one per format below PHOTO_DATA."
    )
    photo_batch_size: int = Field(
        256, ge=1, le=10_000, description="Files per batch; a batch is one Dagster partition."
    )
    photo_nightly_batches: int = Field(
        50, ge=1, le=10_000, description="Batches that the schedule nightly_refresh does again in one night, at most."
    )
    # Enough to load the models for and to fill a GPU with small batches; few enough for their rows to fit in memory, to
    # lose when a run fails, and for one run to decode while another infers.
    photo_backfill_batches: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Batches that one run of a backfill does, with the models loaded once, and one of `photos ingest` "
        "and `photos refresh` at most. 0: all of them, as Dagster's `--partition-range` wants it; the run holds their "
        "rows in memory.",
    )
    photo_workers: int = Field(0, ge=0, le=256, description="Processes that decode photos; 0 means one per CPU core.")
    photo_decode_timeout_s: float = Field(
        60.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds one photo may take to decode before it is given up as timed_out.",
    )
    photo_raw_policy: RawPolicy = Field(
        RawPolicy.AUTO,
        description="Where a RAW photo's picture comes from: 'preview' (the camera's JPEG if its short side has 1,024 "
        "px), 'half' or 'full' (the RAW data), 'auto' (the first that serves).",
    )
    photo_missing_grace_days: float = Field(
        30.0,
        ge=0,
        allow_inf_nan=False,
        description="Days after which a photo that no file holds leaves the collection; 0 at once. It is back without "
        "any work when a file is.",
    )
    photo_search_missing: Literal["hide", "show"] = Field(
        "hide", description="What a search does with photos that no file holds now, as of a disk that is not mounted."
    )
    photo_audit_gb: float = Field(
        10.0,
        gt=0,
        allow_inf_nan=False,
        description="Gigabytes of originals that the weekly audit reads again, to find what a disk changed by itself.",
    )
    photo_vector_quantization: Literal["none", "int8"] = Field(
        "none",
        description="How vectors are ranked: 'none' as they are, 'int8' in a quarter of the memory, and only the best "
        "as they are. Another value holds once the job optimize_collection has run.",
    )
    photo_graph_points: int = Field(
        20_000,
        ge=1,
        le=100_000_000,
        description="New photos after which the nightly schedule builds the collection's search graph again.",
    )
    photo_collection_auto_switch: bool = Field(
        True,
        description="Whether a new model's version of the collection is searched as soon as it holds every photo; else "
        "`photos collection switch` does it.",
    )
    photo_collection_grace_days: float = Field(
        14.0,
        ge=0,
        allow_inf_nan=False,
        description="Days after which a version that is neither searched nor the settings' model's is dropped. Until "
        "then `photos collection rollback` goes back to it.",
    )
    photo_comparison_queries: str = Field(
        "",
        description="A text file of queries, one a line, by which two versions of the collection are compared. Empty: "
        "a few that suit most libraries.",
    )
    photo_snapshots: str = Field(
        "",
        description="The folder of snapshots of the collection, best on another disk. Empty: one below PHOTO_DATA.",
    )
    photo_snapshots_kept: int = Field(
        4, ge=1, le=1_000, description="Snapshots of a version that are kept; the next one removes the oldest."
    )
    qdrant_url: str = Field("", description="A Qdrant server. Empty: the embedded engine below PHOTO_DATA.")
    qdrant_grpc_port: int = Field(
        0, ge=0, le=65_535, description="Its gRPC port, usually 6334, which takes points faster. 0: HTTP alone."
    )
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="The Qdrant server's API key.")
    photo_qdrant_shards: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Shards of a version that is made from now on in a Qdrant cluster. 0: as many as the cluster "
        "says, one per node.",
    )
    photo_qdrant_replicas: int = Field(
        0, ge=0, le=100, description="Nodes that keep each of its shards. 0: what the cluster says, which is 1."
    )
    photo_qdrant_write_consistency: int = Field(
        0,
        ge=0,
        le=100,
        description="Of these, how many must have written points before they count as written. 0: what the cluster "
        "says, which is 1.",
    )
    photo_celery_url: SecretStr = Field(
        SecretStr(""),
        description="Past one host: the Redis that runs are handed to workers through, like "
        "redis://:PASSWORD@HOST:6379/0. Read by the daemon and the workers alone.",
    )
    inference_url: str = Field(
        "", description="An inference service (`photos inference`). Empty: the models run in each process of its own."
    )
    inference_token: SecretStr = Field(
        SecretStr(""), description="The inference service's token, on both sides. Needed unless it binds to loopback."
    )
    photo_inference_host: str = Field("127.0.0.1", description="The address `photos inference` binds to.")
    photo_inference_port: int = Field(8765, ge=0, le=65_535, description="Its port; 0 for any that is free.")
    photo_inference_queue: int = Field(
        1024, ge=32, le=100_000, description="Pictures that may wait in it; it answers 503 to more."
    )
    photo_inference_body_mb: int = Field(64, ge=1, le=1_000, description="The largest request it reads, in MB.")
    photo_inference_wait_ms: float = Field(
        5.0,
        ge=0,
        le=1_000,
        allow_inf_nan=False,
        description="How long it waits for more pictures to fill a batch, in milliseconds.",
    )
    photo_search_token: SecretStr = Field(
        SecretStr(""), description="The search service's token. Needed unless it binds to loopback."
    )
    photo_serve_host: str = Field("127.0.0.1", description="The address `photos serve` binds to.")
    photo_serve_port: int = Field(8766, ge=0, le=65_535, description="Its port; 0 for any that is free.")
    photo_serve_upload_mb: int = Field(
        100, ge=1, le=1_000, description="The largest picture that one can search by there, in MB."
    )
    photo_serve_originals: bool = Field(
        False, description="Whether it also gives out the original files; else previews and thumbnails only."
    )

    @field_validator("photo_data")
    @classmethod
    def _is_usable(cls, folder: Path) -> Path:
        folder = folder.expanduser().resolve()
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file; name a folder")
        return folder

    @field_validator("qdrant_url", "inference_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if "@" in url:  # it would be shown wherever the server is named
            raise ValueError("leave user and password out of it; secrets are for QDRANT_API_KEY and INFERENCE_TOKEN")
        if url and not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not a URL; write it like http://HOST:PORT")
        return url

    @field_validator("photo_ledger_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not _POSTGRESQL_URL.fullmatch(url.get_secret_value()):
            raise ValueError(
                "write it like postgresql://USER:PASSWORD@HOST/DATABASE, the password's own '@', ':', '/', '?', '#' "
                "and '%' as %40, %3A, %2F, %3F, %23 and %25"
            )
        return url

    @field_validator("inference_token", "photo_search_token")
    @classmethod
    def _can_be_sent(cls, token: SecretStr) -> SecretStr:
        if not all("!" <= character <= "~" for character in token.get_secret_value()):
            raise ValueError("a token has neither spaces nor letters outside ASCII")
        return token

    @model_validator(mode="after")
    def _roots_stand_outside_state(self) -> "Settings":
        for root in self.library_roots:
            if root.is_relative_to(self.photo_data):
                raise ValueError(f"PHOTO_LIBRARY: {root} lies inside PHOTO_DATA ({self.photo_data}); keep them apart")
        return self

    @property
    def library_roots(self) -> list[Path]:
        """PHOTO_LIBRARY as absolute folders, in its order, each once."""
        named = (part for part in self.photo_library.split(os.pathsep) if part)
        return list(dict.fromkeys(Path(part).expanduser().resolve() for part in named))

    @property
    def library_patterns(self) -> tuple[list[str], list[str]]:
        """PHOTO_INCLUDE and PHOTO_EXCLUDE, pattern by pattern."""
        include, exclude = (named.split(os.pathsep) for named in (self.photo_include, self.photo_exclude))
        return [part for part in include if part], [part for part in exclude if part]

    @property
    def snapshots_folder(self) -> Path:
        """Where the collection's snapshots lie."""
        named = self.photo_snapshots
        return Path(named).expanduser().resolve() if named else self.photo_data / "snapshots"

    def graphs_folder(self, form: str) -> Path:
        """Where exported graphs of this format lie."""
        named = self.photo_inference_graphs
        return Path(named).expanduser().resolve() if named else self.photo_data / "inference" / "graphs" / form


def load_settings() -> Settings:
    """The settings in force. Raises SettingsError with one line per wrong variable."""
    load_dotenv(find_dotenv(usecwd=True))
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_told(problem) for problem in error.errors())) from None


def _told(problem: ErrorDetails) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    location = problem["loc"]
    variable = str(location[0]).upper() if isinstance(location, tuple) and location else ""
    field, value = Settings.model_fields.get(variable.lower()), problem["input"]
    has_password = variable.endswith("_URL") and "@" in str(value)
    is_secret = has_password or (field is not None and field.annotation is SecretStr)
    given = f" (it is {value!r})" if isinstance(value, str) and not is_secret else ""
    return f"{variable}: {message}{given}" if variable else message
