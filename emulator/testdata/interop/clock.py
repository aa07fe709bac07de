# SPDX-License-Identifier: MIT

"""Creates a session with the official client, advances the clock of the emulator, and sees the session expire.

Standard input is one JSON object: endpoint, accountId, accountDomain and key are what the client needs, admin is the address of the
administrative path, and reset says whether the emulator has to be reset first. Standard output is one JSON object: what was seen, and the seconds that it took.
"""

import json
import os
import ssl
import sys
import time
import urllib.request

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.mixedreality.remoterendering import RemoteRenderingClient

config = json.load(sys.stdin)
trust = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])


def admin(path, **body):
    """Sends an administrative request and returns its answer."""
    request = urllib.request.Request(config["admin"] + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, context=trust) as answer:
        return json.loads(answer.read() or "null")


def connect():
    """Returns a new client."""
    return RemoteRenderingClient(
        endpoint=config["endpoint"],
        account_id=config["accountId"],
        account_domain=config["accountDomain"],
        credential=AzureKeyCredential(config["key"]),
        authentication_endpoint_url=config["endpoint"],
        polling_interval=0.01,  # seconds
    )


def main():
    begin = time.monotonic()
    seen = {}
    if config["reset"]:
        admin("/reset")
    with connect() as client:
        poller = client.begin_rendering_session("clock", "Standard", 30)
        seen["created"] = poller.result().status
        seen["clock"] = admin("/clock", advance="31m")
        session = client.get_rendering_session("clock")
        seen["status"], seen["elapsed"] = session.status, session.elapsed_time_minutes
        seen["seconds"] = time.monotonic() - begin

        # The client takes its access token for valid, by its own clock. The emulator does not.
        admin("/clock", advance="24h")
        try:
            seen["tokenOfYesterday"] = client.get_rendering_session("clock").status
        except HttpResponseError as error:
            seen["tokenOfYesterday"] = error.status_code
    with connect() as client:
        seen["newClient"] = client.get_rendering_session("clock").status
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
