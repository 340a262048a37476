"""Hypothesis for all tests: a slow or busy machine is no failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("rolecall", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rolecall")
