"""A dashboard that is as patient as a busy machine needs: its readers hear sooner that the database does not answer."""

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

_WAIT_S = 60.0


def patient_dashboards() -> AbstractContextManager[Any]:
    """Within it, whoever asks a dashboard that is made waits this long for the database."""
    return patch.multiple("streams.dashboard.database", _WAIT_S=_WAIT_S, _STATEMENT_MS=int(_WAIT_S * 1_000))
