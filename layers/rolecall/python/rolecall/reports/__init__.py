"""Reports: one file per format, each a pure `render(report) -> str`."""
