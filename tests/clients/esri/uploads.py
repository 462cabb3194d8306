"""Drives the upload part of Esri's package `arcgis`, unchanged, and says as JSON what it was answered.

Not a test: tests/clients/test_arcgis.py runs it, in a Python of its own, and judges. The arguments are the client's class, the URL
of a site, and files.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["DISABLE_ARCGIS_LEARN"] = "1"

from arcgis.gis import kubernetes, server  # noqa: E402
from arcgis.gis._impl._con import Connection  # noqa: E402


def server_uploads(site):
    """As its documentation says for a stand-alone ArcGIS Server; over https it finds the token service by itself."""
    plain = site.startswith("http://")
    more = {"token_url": f"{site}/tokens/generateToken", "all_ssl": False} if plain else {}
    return server.Server(f"{site}/admin", username="test", password="test", **more).uploads


def kubernetes_uploads(site):
    """As gis.admin.uploads makes it, which needs a whole portal; with a token of the portal's."""
    anonymous = Connection(f"{site}/sharing/rest", all_ssl=False)
    login = {"username": "test", "password": "test", "client": "referer", "referer": "http", "f": "json"}
    token = anonymous.post(f"{site}/sharing/rest/generateToken", login)["token"]
    return kubernetes.Uploads(f"{site}/admin/uploads", Connection(f"{site}/sharing/rest", token=token, all_ssl=False))


def in_parts(uploads, path, size, order):
    """The package cannot register, so its connection does; then parts of `size` bytes in another order than the list's."""
    registered = uploads._con.post(f"{uploads._url}/register", {"itemName": path.name, "description": "In parts"})
    item = registered["item"]["itemID"]
    data = path.read_bytes()
    numbers = range(1, -(-len(data) // size) + 1)
    answers = []
    for number in reversed(numbers):
        with tempfile.NamedTemporaryFile() as part:
            part.write(data[(number - 1) * size : number * size])
            part.flush()
            answers.append(uploads.upload_by_part(item, number, part.name))
    parts = uploads._con.get(f"{uploads._url}/{item}/parts")["parts"]
    return {
        "registered": registered["item"],
        "answers": answers,
        "parts": parts,
        "committed": uploads.commit(item, order(parts)),
        "parts_after": uploads._con.get(f"{uploads._url}/{item}/parts")["parts"],
        "item": uploads.item(item),
    }


def main(kind, site, whole, split):
    uploads = {"server": server_uploads, "kubernetes": kubernetes_uploads}[kind](site)
    said = {"before": uploads.uploads}
    said["uploaded"], said["upload"] = uploads.upload(whole, description="In one piece")
    said["refused"] = uploads.upload(__file__)
    said["in_parts"] = in_parts(uploads, Path(split), 3_000_000, lambda parts: parts)
    said["reversed"] = in_parts(uploads, Path(split), 5_000_000, lambda parts: parts[::-1])
    said["list"] = uploads.uploads
    if kind == "kubernetes":
        said["downloaded"] = uploads.download(said["in_parts"]["item"]["itemID"])
    said["deleted"] = uploads.delete(said["upload"]["item"]["itemID"])
    said["deleted_again"] = uploads.delete(said["upload"]["item"]["itemID"])
    said["after"] = uploads.uploads
    print(json.dumps(said))


main(*sys.argv[1:])
