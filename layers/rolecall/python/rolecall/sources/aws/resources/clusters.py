"""Clusters and brokers that Lambda polls: MSK, Amazon MQ, DocumentDB. Of each only its existence: one call."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read_kafka(reading: Reading) -> Resource:
    """A cluster of MSK, provisioned or serverless."""
    calls, arn = reading.calls, str(reading.arn)
    reading.part("cluster", lambda: calls.ask("kafka", "describe_cluster_v2", ClusterArn=arn))
    return reading.resource()


def read_broker(reading: Reading) -> Resource:
    """A broker of Amazon MQ, with the fact `public`: `true` where it can be reached without a VPC."""
    calls, broker = reading.calls, reading.arn.name
    answer = reading.part("broker", lambda: calls.ask("mq", "describe_broker", BrokerId=broker)) or {}
    return reading.resource(facts=(("public", "true"),) if answer.get("PubliclyAccessible") else ())


def read_documents(reading: Reading) -> Resource:
    """A cluster of DocumentDB."""
    calls, name = reading.calls, reading.arn.name
    reading.part("cluster", lambda: calls.ask("docdb", "describe_db_clusters", DBClusterIdentifier=name))
    return reading.resource()
