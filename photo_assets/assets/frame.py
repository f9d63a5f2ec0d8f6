"""The type of what assets exchange, without importing pandas into the code server."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame as Frame
else:
    from typing import Any as Frame

__all__ = ["Frame"]
