"""Two hosts of the product, and each of the things they stand on is lost once: `make drill`. See docs/operators.md."""
