"""Hypothesis for all tests: a slow or busy machine is no failure. And which of them may run side by side."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("rolecall", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rolecall")


class Apart(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Every file for itself, but all that share the embedded account: they stay with one worker, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/sandbox" if nodeid.startswith("tests/sandbox/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Apart(config, log)
