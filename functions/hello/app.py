"""No trigger: invoked by people who may. Needs nothing but its own logs and traces."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Greet `{"name": "…"}`."""
    name = str(event.get("name") or "world")[:100]
    logger.info("greeted", name_length=len(name))
    metrics.add_metric("Greetings", MetricUnit.Count, 1)
    return {"message": f"hello {name}"}
