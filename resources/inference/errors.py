"""What can go wrong with a model as a whole; an image that cannot be inferred is an ItemError in its place.

ModelError
├── ModelUnavailable   no local weights, and the hub cannot be reached or does not have them
└── WrongModel         the checkpoint is of another family than its place needs
"""

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
