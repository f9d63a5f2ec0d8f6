"""What can go wrong with a model as a whole; an image that cannot be inferred is an ItemError in its place.

ModelError
├── ModelUnavailable   no local weights, and the hub cannot be reached or does not have them
├── WrongModel         the checkpoint is of another family than its place needs
├── ExportFailed       graphs could not be made, or do not answer as torch does; nothing was written
├── GraphsUnusable     exported graphs are absent, changed, or of another model
├── DeviceLost         the GPU failed, and answers nothing more in this process          a new process helps
└── ServiceError       the inference service at INFERENCE_URL cannot be used
    ├── ServiceUnreachable    it does not answer, or answers "not now"     retry helps
    ├── ServiceUnauthorized   it refuses the token
    ├── ServiceFailed         it fails with the request                    retry helps
    ├── ServiceRefused        it refuses the request
    ├── ServiceChanged        its models are others than before            retry helps
    └── ServiceMismatch       what answers is no service of this release
"""

from pathlib import Path

from resources.errors import PhotoPlatformError


class ModelError(PhotoPlatformError):
    """A model cannot be used."""


class ModelUnavailable(ModelError):
    """The checkpoint's files cannot be had."""

    retryable = True

    def __init__(self, name: str, variable: str, reason: str) -> None:
        self.name = name
        super().__init__(
            f"the weights of {name} cannot be loaded ({reason}). Set {variable} to a folder that holds them, "
            "or connect this machine to the hub once, or set PHOTO_MODELS=small to use the models in the package."
        )


class WrongModel(ModelError):
    """The checkpoint loads, but it is not of the family that is needed."""

    def __init__(self, name: str, variable: str, found: str, needed: str) -> None:
        self.name = name
        super().__init__(f"{name} is a {found} checkpoint; {variable} needs a {needed} one.")


class ExportFailed(ModelError):
    """An export that ended without leaving anything behind."""


class GraphsUnusable(ModelError):
    """A folder of exported graphs that is not run."""

    def __init__(self, folder: Path, reason: str, form: str) -> None:
        self.folder = folder
        super().__init__(
            f"the exported graphs cannot be used: {folder} {reason}. Run "
            f"`photos models export --format {form} --to {folder}`, or set PHOTO_INFERENCE_BACKEND=torch."
        )


class DeviceLost(ModelError):
    """A fault of the device, after which every call of this process fails: no picture is to blame."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the device that runs the models has failed ({reason}). Start again: a new process may find it well; "
            "nothing is lost. Look into the system's log for what it says of the GPU."
        )


class ServiceError(ModelError):
    """The inference service at `url` cannot be used."""


class ServiceUnreachable(ServiceError):
    """It did not answer, or was loading or overloaded, for as long as the client is patient."""

    retryable = True

    def __init__(self, url: str, reason: str, waited_s: float) -> None:
        super().__init__(
            f"the inference service at {url} does not serve: {reason}, still so after {waited_s:.0f} s. Check that "
            "`photos inference` runs there and that INFERENCE_URL is right, then start again: nothing is lost. "
            "Without INFERENCE_URL the models run in this process."
        )


class ServiceUnauthorized(ServiceError):
    """It refuses the token, or wants one."""

    def __init__(self, url: str) -> None:
        super().__init__(f"the inference service at {url} refuses access. Set INFERENCE_TOKEN to its token.")


class ServiceFailed(ServiceError):
    """It fails with the request as a whole, as where its device is gone; `status` is HTTP's."""

    retryable = True

    def __init__(self, url: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(
            f"the inference service at {url} failed ({status}: {reason}). Read what `photos inference` says there, and "
            "start it again if it does not do so by itself; nothing is lost, and what failed is tried again."
        )


class ServiceRefused(ServiceError):
    """It refuses the request; `status` is HTTP's."""

    def __init__(self, url: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(
            f"{url} refuses a request ({status}: {reason}). Check that INFERENCE_URL names an inference service "
            "of the same release, and read what `photos inference` says there."
        )


class ServiceChanged(ServiceError):
    """It was started again with other models while it was in use."""

    retryable = True

    def __init__(self, url: str) -> None:
        super().__init__(
            f"the inference service at {url} now answers with other models than before. Start again: "
            "what is not yet done is then done by the new ones."
        )


class ServiceMismatch(ServiceError):
    """What answers does not keep to the interface, so none of its answer is used."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the answer of {url} is not that of an inference service of this release: {reason}. Check that "
            "INFERENCE_URL is right and that the same release is installed on both sides."
        )
