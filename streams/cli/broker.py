"""`slo-streams broker`: the embedded Kafka alone, in the foreground."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.broker import BrokerError, EmbeddedKafka


def broker(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = 9092,
    data: Annotated[
        Path, typer.Option(help="Folder for the topics; made when missing, kept for the next start.")
    ] = Path(".data/kafka"),
) -> None:
    """Run a real Apache Kafka on this machine, without Docker and without an installed Java.

    For development and tests: one node, no authentication, reached from this machine only. Ctrl-C stops it. The first
    start downloads Apache Kafka (45 MB) into the user's cache folder.

    \b
    Example:
      slo-streams broker --port 9092 --data .data/kafka

    \b
    Exit codes:
      0  stopped when asked
      1  it could not start, or ended by itself; the reason is shown
      2  wrong options
      130  Ctrl-C before it was ready
    """
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, lambda *_: sys.exit(0))
    kafka = EmbeddedKafka(port, data_dir=data, report=_tell)
    _tell("Starting Kafka.")
    try:
        with kafka:
            signal.signal(signal.SIGINT, lambda *_: sys.exit(0))  # from here on it is how it is ended
            typer.echo(
                f"Kafka is ready at {kafka.bootstrap_servers} (data and log in {kafka.data_dir}; Ctrl-C stops it). "
                f"Use it: SLO_BOOTSTRAP_SERVERS={kafka.bootstrap_servers} SLO_REPLICATION_FACTOR=1 slo-streams worker"
            )
            status = kafka.wait()
    except BrokerError as error:
        _tell(f"Kafka cannot run. {error}")
        raise typer.Exit(1) from None
    _tell(f"Kafka ended by itself (exit status {status}). Its last words, from {kafka.log_path}:\n{kafka.failure()}")
    raise typer.Exit(1)


def _tell(line: str) -> None:
    typer.echo(line, err=True)
