"""An AWS account in one process, on loopback: ministack, with what it lacks added from outside."""
