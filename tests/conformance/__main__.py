"""`python -m tests.conformance` writes the cases anew."""

import shutil
import sys

from tests.conformance.cases import FOLDER, written

shutil.rmtree(FOLDER, ignore_errors=True)
files = written()
for path, content in files.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
sys.stdout.write(f"{len(files)} files of {len({path.parent for path in files})} cases\n")
