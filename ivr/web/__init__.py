"""The pages people see and the interface programs read."""
