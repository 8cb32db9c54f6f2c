"""Everything breaks at once: `make chaos`. See docs/chaos.md."""
