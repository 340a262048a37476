"""The IAM language: reading policies, deciding requests, reasoning over what policies allow."""
