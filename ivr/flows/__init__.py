"""Call scripts as data, and the engine that walks them. Pure: no I/O, no carrier's words."""
