"""The settings: defaults, what is refused and how it is told, and a secret that stays one."""

import os
from pathlib import Path

import pytest

from photo_assets.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable and no .env of the machine is seen; empty rather than deleted, so that .env's are undone too."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name.upper(), "")
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(monkeypatch, **variables)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    return str(raised.value).splitlines()


def test_the_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.library_roots == []
    assert settings.photo_data == tmp_path.resolve() / "photo-data"
    assert settings.photo_models == "default"
    assert (settings.photo_batch_size, settings.photo_workers, settings.photo_decode_timeout_s) == (256, 0, 60.0)
    assert (settings.qdrant_url, settings.qdrant_api_key.get_secret_value()) == ("", "")
    assert not settings.photo_data.exists()


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PHOTO_MODELS", "huge"),
        ("PHOTO_BATCH_SIZE", "0"),
        ("PHOTO_BATCH_SIZE", "10001"),
        ("PHOTO_BATCH_SIZE", "many"),
        ("PHOTO_BATCH_SIZE", "2.5"),
        ("PHOTO_WORKERS", "-1"),
        ("PHOTO_DECODE_TIMEOUT_S", "0"),
        ("PHOTO_DECODE_TIMEOUT_S", "nan"),
        ("PHOTO_DECODE_TIMEOUT_S", "inf"),
        ("PHOTO_RAW_POLICY", "best"),
        ("QDRANT_URL", "localhost:6333"),
        ("INFERENCE_URL", "gpu:8765"),
    ],
)
def test_a_wrong_value_names_its_variable_and_itself(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    (line,) = refusal(monkeypatch, **{variable: value})

    assert line.startswith(f"{variable}: ")
    assert value in line


def test_several_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refusal(monkeypatch, PHOTO_MODELS="huge", PHOTO_BATCH_SIZE="x", QDRANT_URL="ftp://x", PHOTO_WORKERS="3")

    assert [line.split(":")[0] for line in lines] == ["PHOTO_MODELS", "PHOTO_BATCH_SIZE", "QDRANT_URL"]


def test_the_library_is_split_into_absolute_folders_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "linked").symlink_to(tmp_path / "b")
    roots = ["/a", "b", "", "~/c", "/a/", "linked", "b/../b"]

    settings = load(monkeypatch, PHOTO_LIBRARY=os.pathsep.join(roots))

    here = tmp_path.resolve()
    assert settings.library_roots == [Path("/a"), here / "b", here / "home" / "c"]


def test_a_root_inside_the_state_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data" / "previews")
    for root in ("data", "data/previews", "link", "elsewhere/../data/x"):
        (line,) = refusal(monkeypatch, PHOTO_LIBRARY=f"/a{os.pathsep}{root}", PHOTO_DATA="data")
        assert line.startswith("PHOTO_LIBRARY: ")
        assert "PHOTO_DATA" in line


def test_the_state_may_lie_inside_a_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, PHOTO_LIBRARY=".", PHOTO_DATA="data")

    assert settings.photo_data.parent == settings.library_roots[0] == tmp_path.resolve()


@pytest.mark.parametrize("value", ["a-file", "~/a-file"])
def test_a_file_as_state_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a-file").write_bytes(b"")

    (line,) = refusal(monkeypatch, PHOTO_DATA=value)

    assert line.startswith("PHOTO_DATA: ")
    assert "is a file; name a folder" in line


def test_the_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, QDRANT_API_KEY="swordfish", QDRANT_URL="https://qdrant:6333")

    assert settings.qdrant_api_key.get_secret_value() == "swordfish"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "swordfish" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://photos:canary@db/photos",
        "postgresql://photos:canary%40%2F@db:5432/photos?sslmode=require",
        "postgresql://photos@/photos?host=/run/postgresql",
        "postgresql:///photos",
        "postgresql://[::1]:5432/photos",
        "",
    ],
)
def test_a_ledgers_url_is_taken_as_it_is_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    settings = load(monkeypatch, PHOTO_LEDGER_URL=url)

    assert settings.photo_ledger_url.get_secret_value() == url
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://photos:canary@db/photos",
        "mysql://photos:canary@db/photos",
        "postgresql://photos:canary@db",
        "postgresql://photos:can@canary@db/photos",
        "postgresql://photos:can/canary@db/photos",
        "postgresql://photos:can#canary@db/photos",
        "postgresql://photos:can?canary@db/photos",
        "postgresql://photos:can:canary@db/photos",
        "postgresql://db:canary/photos",
        "canary",
    ],
)
def test_what_is_no_ledgers_url_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A password whose own characters are not escaped would be taken for a host's name, and told with it."""
    (line,) = refusal(monkeypatch, PHOTO_LEDGER_URL=url)

    assert line.startswith("PHOTO_LEDGER_URL: write it like postgresql://")
    assert "canary" not in line


def test_the_secret_is_not_told_with_another_variables_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "swordfish")

    assert "swordfish" not in "".join(refusal(monkeypatch, PHOTO_LIBRARY="photo-data/x"))
    assert "swordfish" not in "".join(refusal(monkeypatch, QDRANT_URL="x"))


def test_an_env_file_is_read_and_the_environment_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PHOTO_BATCH_SIZE=17\nPHOTO_WORKERS=3\nUNKNOWN_TO_US=1\n")
    for name in ("PHOTO_BATCH_SIZE", "UNKNOWN_TO_US"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("PHOTO_WORKERS", "5")

    settings = load_settings()

    assert (settings.photo_batch_size, settings.photo_workers) == (17, 5)
    assert os.environ["PHOTO_BATCH_SIZE"] == "17"  # so that Dagster's EnvVar sees it


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, PHOTO_BATCH_SIZE="").photo_batch_size == 256
