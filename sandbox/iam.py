"""IAM: AWS's own managed policies, and what it knows of a request."""

import importlib.util
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.hooks import module


def complete() -> None:
    """Know every AWS managed policy, and take a request over loopback for one over TLS, as all are on AWS."""
    app = module("ministack.app")
    app.pin_request_origin = _secured(app.pin_request_origin)
    iam = module("ministack.services.iam")
    for name, policy in managed_policies().items():
        full = policy["Path"].lstrip("/") + name
        arn = iam._AWS_MANAGED_POLICY_PREFIX + full
        iam._aws_managed_policies.setdefault(arn, iam._make_aws_managed_record(full, json.dumps(policy["Document"])))


def _secured(plain: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
    """Where a request comes from: policies that deny what lacks TLS do not mean it."""
    return lambda address, secure: plain(address, True)


def managed_policies() -> dict[str, Any]:
    """Some 1,580 policies, out of moto's data file. The file alone: all of moto takes long to import."""
    found = importlib.util.find_spec("moto")
    origin = found.origin if found else None
    assert origin is not None, "moto is a development dependency"
    path = Path(origin).parent / "iam" / "aws_managed_policies.py"
    policies: dict[str, Any] = json.loads(runpy.run_path(str(path))["aws_managed_policies_data"])
    return policies
