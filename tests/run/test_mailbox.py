"""The mail server of `slo-streams run` keeps what it gets."""

import asyncio
from pathlib import Path

from aiosmtplib import SMTP

from streams.run.mailbox import mailbox


def test_mails_are_files_named_by_their_subjects(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with mailbox(tmp_path / "mails") as url:
            client = SMTP(hostname="127.0.0.1", port=int(url.rpartition(":")[2]))
            await client.connect()
            for subject in ("[BREACH] Charts: 98.7 % < 99 %", "[RECOVERY] ../../Charts"):
                raw = f"From: a@b.example\r\nSubject: {subject}\r\n\r\n{subject}\r\n".encode()
                await client.sendmail("a@b.example", ["c@d.example"], raw)
            await client.quit()

    asyncio.run(scenario())
    kept = sorted((tmp_path / "mails").iterdir())
    assert [path.name for path in kept] == ["0001-BREACH-Charts-98-7-99.eml", "0002-RECOVERY-Charts.eml"]
    assert kept[0].read_bytes().endswith(b"[BREACH] Charts: 98.7 % < 99 %\r\n")
