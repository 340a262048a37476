"""Escalation: which actions together lead to which rights (`paths`), whether a grant holds them (`judge`), whose the
rights are (`targets`), and whether they are more than the principal's own (`strength`)."""
