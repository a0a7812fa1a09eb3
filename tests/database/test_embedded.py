"""The embedded PostgreSQL: it starts, keeps its data, survives a crash, lets nobody else in, and says why it cannot."""

import os
import pwd
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from streams.database import unprivileged
from streams.database.embedded import EmbeddedPostgres
from streams.database.errors import DatabaseError
from tests.broker.test_embedded import DEADLINE_S, eventually, only_child, runs, said
from tests.database_fixture import FAST, KILLED

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, as a socket's path has to be."""
    with TemporaryDirectory(prefix="pg-") as name:
        yield Path(name)


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_what_was_committed_survives_a_stop_and_a_crash(folder: Path) -> None:
    server = EmbeddedPostgres(folder, overrides=KILLED)
    with server:
        ask(server.url, "create table kept (what text)")
        ask(server.url, "insert into kept values ('before the stop')")
    assert server.pid is None
    with server:
        ask(server.url, "insert into kept values ('before the crash')")
        with psycopg.connect(server.url) as connection:  # its process still holds the memory of the one that is killed
            server.kill()
            server.start()
            assert ask(server.url, "select string_agg(what, ', ') from kept") == "before the stop, before the crash"
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")


def test_settings_reach_the_server(folder: Path) -> None:
    with EmbeddedPostgres(folder, overrides={**FAST, "max_connections": "17"}) as server:
        assert ask(server.url, "show max_connections") == "17"
        assert ask(server.url, "show listen_addresses") == ""


def test_a_cluster_that_was_half_made_is_made_anew(folder: Path) -> None:
    half = folder / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(folder, overrides=FAST) as server:
        assert ask(server.url, "select 1") == 1


def test_a_data_folder_in_use_is_named(folder: Path) -> None:
    with EmbeddedPostgres(folder, overrides=FAST) as server:
        with pytest.raises(DatabaseError, match="Another PostgreSQL uses the data folder"):
            EmbeddedPostgres(folder).start()
        with pytest.raises(DatabaseError, match="runs already"):
            server.start()
        assert ask(server.url, "select 1") == 1


def test_a_setting_that_the_server_refuses_is_shown(folder: Path) -> None:
    with pytest.raises(DatabaseError, match='invalid value for parameter "max_connections": "many"'):
        EmbeddedPostgres(folder, overrides={**FAST, "max_connections": "many"}).start()


def test_a_folder_too_deep_for_a_socket_is_named(folder: Path) -> None:
    with pytest.raises(DatabaseError, match="too long for a socket"):
        EmbeddedPostgres(folder / ("d" * 90)).start()


@pytest.mark.skipif(not IS_ROOT, reason="only root can be somebody else")
def test_root_runs_it_as_nobody_and_lets_nobody_else_in(folder: Path) -> None:
    with EmbeddedPostgres(folder, overrides=FAST) as server:
        assert server.pid is not None
        nobody = pwd.getpwnam("nobody")
        assert Path(f"/proc/{server.pid}").stat().st_uid == nobody.pw_uid
        # With the right to pass folders, so that it is the server that refuses.
        program = [sys.executable, "-c", f"import psycopg; psycopg.connect({server.url!r})"]
        as_nobody = [sys.executable, "-I", unprivileged.__file__, str(nobody.pw_uid), str(nobody.pw_gid)]
        refused = subprocess.run([*as_nobody, *program], capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 1
        assert 'Peer authentication failed for user "slo"' in refused.stderr


@pytest.mark.skipif(not IS_ROOT, reason="only root has a home that nobody else passes")
def test_root_may_keep_its_data_where_only_root_comes(folder: Path) -> None:
    folder.chmod(0o700)
    assert folder.stat().st_uid == 0
    with EmbeddedPostgres(folder / "data", overrides=FAST) as server:
        assert ask(server.url, "select 1") == 1


@contextmanager
def command(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """`slo-streams database start`."""
    program = [sys.executable, "-m", "streams.cli", "database", "start", "--data", str(folder)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_command_tells_a_url_with_the_schema_and_ends_cleanly_on_a_signal(folder: Path) -> None:
    with command(folder) as process:
        assert said(process.stdout).readline().startswith("PostgreSQL is ready")
        url = said(process.stdout).readline().partition("SLO_DATABASE_URL=")[2].strip().strip("'")
        assert ask(make_conninfo(url, options="-c role=slo_reader"), "select max(version) from slo.migration") >= 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
    assert "database system is shut down" in (folder / "postgres.log").read_text(encoding="utf-8")


def test_the_command_fails_with_the_reason_when_the_server_dies(folder: Path) -> None:
    with command(folder) as process:
        assert said(process.stdout).readline().startswith("PostgreSQL is ready")
        os.kill(only_child(process.pid), signal.SIGKILL)
        assert process.wait(DEADLINE_S) == 1
        assert "PostgreSQL ended by itself (exit status -9)" in said(process.stderr).read()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_parent_leaves_no_server_behind(folder: Path) -> None:
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from streams.database.embedded import EmbeddedPostgres
        with EmbeddedPostgres(Path({str(folder)!r}), overrides={FAST!r}) as server:
            print(server.pid, flush=True)
            server.wait()
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        try:
            pid = int(said(parent.stdout).readline())
            assert runs(pid)
        finally:
            parent.kill()
    assert eventually(lambda: not runs(pid))
