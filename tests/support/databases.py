"""New databases of the kind that this run tests."""

from __future__ import annotations

from tests.support.environment import environment_kept, use_environment
from tests.support.pgbouncer import Bouncer
from tests.support.postgres import Postgres


class Databases:
    """Gives each test, and each running hotline, a database of its own."""

    def __init__(self, server: Postgres | None, bouncer: Bouncer | None = None) -> None:
        self._server, self._bouncer = server, bouncer
        self._template = ""

    def empty(self) -> dict[str, str]:
        """The environment variables that name a database without tables; none for SQLite, which lies in VAR_DIR."""
        return self._at(self._server.new_database()) if self._server is not None else {}

    def settings(self) -> dict[str, str]:
        """The environment variables that name a new database; none for SQLite, which lies in VAR_DIR."""
        if self._server is None:
            return {}
        if not self._template:  # a migrated database, from which the others are copied
            from ivr.operations.migrate import migrate

            url = self._server.new_database()
            with environment_kept():
                use_environment({"DATABASE_URL": url, "LANGUAGES": '["de","en"]'})
                migrate()
            self._template = url.rpartition("/")[2]
        return self._at(self._server.new_database(self._template))

    def _at(self, url: str) -> dict[str, str]:
        if self._bouncer is None:
            return {"DATABASE_URL": url}
        return {"DATABASE_URL": self._bouncer.url(url), "DATABASE_POOLER": "true"}

    def drop(self, settings: dict[str, str]) -> None:
        """Throw away what `settings` have named; what lies in VAR_DIR goes with it."""
        if self._server is not None:
            self._server.drop(settings["DATABASE_URL"])
