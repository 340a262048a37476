"""Where findings go: one file per place."""
