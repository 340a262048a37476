"""Least privilege of AWS Lambda functions, audited: trigger, resource policy, role and code of each, together."""

__version__ = "0.1.0"
