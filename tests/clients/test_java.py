"""The AWS SDK for Java with its splitting client, its transfer manager and its presigner: java/Client.java."""

import shutil
import subprocess
from pathlib import Path

from staves import check_with, wanted

pytestmark = wanted("mvn")
CLIENT = Path(__file__).parent / "java"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def test_sdk(server, some_file):
    pom, installed = CLIENT / "pom.xml", CLIENT / "jars/installed.xml"
    if not installed.exists() or installed.read_bytes() != pom.read_bytes():
        shutil.rmtree(CLIENT / "jars", ignore_errors=True)
        # A jar that is not as Maven Central's checksum says fails.
        fetch = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", COPY, f"-DoutputDirectory={CLIENT}/jars"]
        subprocess.run([*fetch, "-DincludeScope=runtime"], cwd=CLIENT, check=True, timeout=300)
        shutil.copyfile(pom, installed)
    check_with(server, "java", "-cp", CLIENT / "jars/*", CLIENT / "Client.java", some_file)
