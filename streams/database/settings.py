"""Settings of every command that uses the database: those of every Kafka client here, and where it is."""

from pathlib import Path

from pydantic import SecretStr, ValidationInfo, field_validator

from streams.secret_files import one_secret
from streams.settings import Settings


class DatabaseSettings(Settings):
    """Where the database is: `SLO_DATABASE_URL`, or a file that holds the URL, since it may hold a password.

    A URL as libpq takes it: postgresql://user:password@host:5432/name?sslmode=verify-full
    """

    database_url: SecretStr | None = None
    """PostgreSQL, as libpq takes it: `postgresql://user:password@host:5432/name?sslmode=verify-full`."""
    database_url_file: Path | None = None
    """The same, from a file."""

    @field_validator("database_url")
    @classmethod
    def _url_is_one(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            _check(url.get_secret_value())
        return url

    @field_validator("database_url_file")
    @classmethod
    def _file_holds_one(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None:
            _check(one_secret(info.data.get("database_url"), path, "SLO_DATABASE_URL") or "")
        return path

    def read_database_url(self) -> str | None:
        """The URL, with its password; None where none is set."""
        return one_secret(self.database_url, self.database_url_file, "SLO_DATABASE_URL")


def _check(url: str) -> None:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise ValueError("set, but psycopg is not installed: pip install 'slo-streams[history]'") from None
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its message may hold the password
        raise ValueError("it is no URL of a database, as postgresql://user:password@host:5432/name") from None
