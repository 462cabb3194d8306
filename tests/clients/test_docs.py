"""The pages under docs/: their sh blocks are run as they stand, in their order, in one shell."""

import re
import subprocess
from pathlib import Path

import pytest

from staves import Staves, clean_environment

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page.stem for page in DOCS.glob("*.md") if "```sh\n" in page.read_text())


def test_every_facade_has_a_page(tmp_path):
    server = Staves(tmp_path, "--durability", "memory")
    try:
        assert set(server.ready["facades"]) <= set(PAGES)
    finally:
        server.stop()


@pytest.mark.parametrize("page", PAGES)
def test_lines_of_the_page(page, tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```$", (DOCS / f"{page}.md").read_text(), re.DOTALL | re.MULTILINE)
    script = "set -euo pipefail\n" + "\n".join(blocks)
    work = tmp_path / "work"
    work.mkdir()
    server = Staves(tmp_path)
    try:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=work,
            env=clean_environment(STAVES=server.endpoint),
            timeout=120,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{server.log}"
    finally:
        server.stop()
