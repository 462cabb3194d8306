"""The AWS SDK for JavaScript with its managed uploads and its presigner: javascript/client.mjs."""

from staves import check_with, npm_ci, tool


def test_sdk(server, some_file):
    check_with(server, tool("node"), npm_ci("javascript") / "client.mjs", server.endpoint, some_file)
