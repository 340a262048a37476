"""Behind an Application Load Balancer: answers HTTP."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import ALBResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])
app = ALBResolver()


@app.get("/")
def index() -> dict[str, str]:
    """What can be asked."""
    return {"routes": "/, /greetings/<name>"}


@app.get("/greetings/<name>")
def greeting(name: str) -> dict[str, str]:
    """Greet somebody."""
    logger.info("greeted", route="/greetings/<name>")
    metrics.add_metric("Greetings", MetricUnit.Count, 1)
    return {"message": f"hello {name[:100]}"}


@logger.inject_lambda_context(correlation_id_path=correlation_paths.APPLICATION_LOAD_BALANCER)
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request; an unknown path gets 404."""
    return app.resolve(event, context)
