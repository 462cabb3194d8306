"""The AWS SDK for Go with its transfer manager and its presigner: go/main.go."""

from pathlib import Path

from staves import check_with, wanted

pytestmark = wanted("go")


def test_sdk(server, some_file):
    # The first run fetches what go.sum pins, and compiles it; Go keeps both.
    here = Path(__file__).parent / "go"
    check_with(server, "go", "run", "-mod=readonly", ".", some_file, cwd=here, timeout=420)
