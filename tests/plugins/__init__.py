"""Fixtures for all tests, loaded by tests/conftest.py. Helpers without fixtures belong in tests/support."""
