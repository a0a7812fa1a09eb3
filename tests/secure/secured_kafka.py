"""A Kafka as in production: TLS, users with passwords or certificates, and nothing allowed by default.

Beside them a plain listener on this machine, whose anonymous user is the administrator of the tests.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme
from aiokafka.client import AIOKafkaClient
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from streams.broker import EmbeddedKafka
from streams.broker.properties import HOST, NODE_ID
from tests.ports import free_port
from tests.secure.access import Right, add_scram_user, allow, deny

EVALUATOR: Final = "evaluator"
PROBER: Final = "prober"
PAGER: Final = "pager"
OPERATOR: Final = "operator"
GATEWAY: Final = "gateway"
PASSWORDS: Final = {
    EVALUATOR: "Ev4l-s3cr3t-0f-tests",
    PROBER: "Pr0b-s3cr3t-0f-tests",
    PAGER: "P4g3-s3cr3t-0f-tests",
    OPERATOR: "0per-s3cr3t-0f-tests",
    GATEWAY: "G4te-s3cr3t-0f-tests",
}
_SECURITY: Final = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class SecuredKafka:
    """A running broker: how its users reach it, and how rights are given."""

    admin_servers: str
    login_port: int
    certificate_port: int
    folder: Path

    @property
    def cafile(self) -> Path:
        """The CA of the broker."""
        return self.folder / "ca.pem"

    def login(self, user: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """Settings of a user that logs in by SASL over TLS."""
        return {
            "SLO_BOOTSTRAP_SERVERS": f"localhost:{self.login_port}",
            "SLO_SECURITY_PROTOCOL": "SASL_SSL",
            "SLO_SASL_MECHANISM": mechanism,
            "SLO_SASL_USERNAME": user,
            "SLO_SASL_PASSWORD": PASSWORDS[user],
            "SLO_SSL_CAFILE": str(self.cafile),
        }

    def certificate(self) -> dict[str, str]:
        """Settings of a client that is known by its certificate."""
        return {
            "SLO_BOOTSTRAP_SERVERS": f"localhost:{self.certificate_port}",
            "SLO_SECURITY_PROTOCOL": "SSL",
            "SLO_SSL_CAFILE": str(self.cafile),
            "SLO_SSL_CERTFILE": str(self.folder / "client.pem"),
            "SLO_SSL_KEYFILE": str(self.folder / "client.pem"),
        }

    async def allow(self, user: str, rights: Iterable[Right]) -> None:
        """Give rights to a user."""
        async with _administrator(self.admin_servers) as admin:
            await allow(admin, user, rights)

    async def deny(self, user: str, rights: Iterable[Right]) -> None:
        """Take rights from a user."""
        async with _administrator(self.admin_servers) as admin:
            await deny(admin, user, rights)


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """A running broker with its users, who may do nothing yet. Its certificate is for `localhost`, not 127.0.0.1."""
    plain, controller, login, certificate = (free_port() for _ in range(4))
    _write_certificates(folder)
    plain_users = " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items())
    overrides = {
        "listeners": f"PLAINTEXT://{HOST}:{plain},CONTROLLER://{HOST}:{controller},"
        f"SASL_SSL://{HOST}:{login},SSL://{HOST}:{certificate}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{plain},SASL_SSL://localhost:{login},"
        f"SSL://localhost:{certificate}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller}",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{_SECURITY}.scram.ScramLoginModule required;",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f"{_SECURITY}.plain.PlainLoginModule required {plain_users};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    with EmbeddedKafka(plain, data_dir=folder / "data", overrides=overrides) as broker:
        kafka = SecuredKafka(broker.bootstrap_servers, login, certificate, folder)
        asyncio.run(_add_users(kafka))
        yield kafka


async def _add_users(kafka: SecuredKafka) -> None:
    async with _administrator(kafka.admin_servers) as admin:
        for user, password in PASSWORDS.items():
            await add_scram_user(admin, user, password)


@asynccontextmanager
async def _administrator(servers: str) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(bootstrap_servers=servers)
    await client.bootstrap()
    try:
        yield client
    finally:
        await client.close()


def _write_certificates(folder: Path) -> None:
    """`ca.pem`, and in one file each key and certificate of the broker and of a client; Kafka reads PKCS #8 only."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, identity in {"broker": ca.issue_cert("localhost"), "client": ca.issue_cert("client")}.items():
        key = load_pem_private_key(identity.private_key_pem.bytes(), None)
        pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = b"".join(blob.bytes() for blob in identity.cert_chain_pems)
        (folder / f"{name}.pem").write_bytes(pkcs8 + chain)
    trustme.CA().cert_pem.write_to_path(str(folder / "other-ca.pem"))
