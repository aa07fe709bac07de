# SPDX-License-Identifier: MIT

"""Leads the official client of Azure Remote Rendering through the life of sessions and conversions and through its error cases.

Standard input is one JSON object, which says where the service is and who asks: see main. Standard output is one JSON object a
line, one for each step: its name, the statuses of the answers that the client saw for it, and what the client returned or raised. The
program judges nothing: that is left to its reader.
"""

import asyncio
import json
import socket
import sys
import time

from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import AsyncioRequestsTransport
from azure.mixedreality.authentication import MixedRealityStsClient
from azure.mixedreality.remoterendering import (
    AssetConversion,
    AssetConversionInputSettings,
    AssetConversionOutputSettings,
    RemoteRenderingClient,
    RenderingSession,
    RenderingSessionSize,
)
from azure.mixedreality.remoterendering.aio import RemoteRenderingClient as AsyncRemoteRenderingClient

SESSION = "interop_1-A"
POLLING_INTERVAL = 0.1  # seconds
PATIENCE = 30  # seconds to wait for a session or a conversion
CONTAINER = "https://interop.blob.core.windows.net/"


def step(name, call, *args, **kwargs):
    """Calls, prints what came of it, and returns the result: None if the call raised."""
    responses = []
    line = {"step": name}
    result = None
    try:
        result = call(*args, raw_response_hook=responses.append, **kwargs)
        line["result"] = plain(result)
    except Exception as error:  # whatever it is, it is told and the other steps follow
        line["raised"] = plain_error(error)
    line["statuses"] = [response.http_response.status_code for response in responses]
    print(json.dumps(line), flush=True)
    return result


def plain(value):
    """Returns a value of the client as JSON can hold it, under the names that the client gives to its members."""
    if isinstance(value, RenderingSession):
        return {
            "id": value.id,
            "size": value.size,
            "status": value.status,
            "created_on": value.created_on.isoformat(),
            "lease_time_minutes": value.lease_time_minutes,
            "elapsed_time_minutes": value.elapsed_time_minutes,
            "hostname": value.hostname,
            "handshake_port": value.handshake_port,
            "arr_inspector_port": value.arr_inspector_port,
            "teraflops": value.teraflops,
            "error": value.error and {"code": value.error.code, "message": value.error.message},
        }
    if isinstance(value, AssetConversion):
        source, target = value.settings.input_settings, value.settings.output_settings
        return {
            "id": value.id,
            "status": value.status,
            "created_on": value.created_on.isoformat(),
            "input": [source.storage_container_uri, source.blob_prefix, source.relative_input_asset_path],
            "output": [target.storage_container_uri, target.blob_prefix, target.output_asset_filename],
            "signatures": [source.storage_container_read_list_sas, target.storage_container_write_sas],
            "asset_uri": value.output and value.output.asset_uri,
            "error": value.error and {"code": value.error.code, "message": value.error.message},
        }
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "polling_method"):
        return value.status()
    return value


def plain_error(error):
    """Returns what a program can learn from an exception."""
    told = {"type": type(error).__name__, "text": str(error)}
    if isinstance(error, HttpResponseError):
        told["status"] = error.status_code
        if error.error is not None:
            told["code"] = error.error.code
            told["message"] = error.error.message
        if error.response is not None:
            told["url"] = error.response.request.url
    return told


# What takes more than one call of the client. The hook sees the answers; pollers and the token client know none.


def wait(poller, raw_response_hook):
    if poller is None:
        raise ValueError("nothing was created")
    result = poller.result(PATIENCE)
    if result is None:
        raise TimeoutError(f"it is still {poller.status()} after {PATIENCE} s")
    return result


def resume(client, poller, raw_response_hook):
    """Goes on waiting elsewhere, as another process could."""
    other = client.get_rendering_session_poller(continuation_token=poller.continuation_token())
    return wait(other, raw_response_hook)


def pages(client, raw_response_hook):
    listed = client.list_rendering_sessions(raw_response_hook=raw_response_hook)
    return [[session.id for session in page] for page in listed.by_page()]


def sessions(client, raw_response_hook):
    return list(client.list_rendering_sessions(raw_response_hook=raw_response_hook))


def conversions(client, raw_response_hook):
    return list(client.list_asset_conversions(raw_response_hook=raw_response_hook))


def get_token(client, raw_response_hook):
    """Gets a token that contains the two characters in which the alphabet of JWT differs from that of Base64."""
    for _ in range(100):
        token = client.get_token(raw_response_hook=raw_response_hook)
        if "-" in token.token and "_" in token.token:
            return token
    raise ValueError("no token contains both - and _")


class Identity:
    """Stands in for a credential of azure-identity: it has its token already."""

    def __init__(self, token):
        self.token = token
        self.scopes = []

    def get_token(self, *scopes, **_):
        self.scopes.extend(scopes)
        return AccessToken(self.token, int(time.time()) + 3600)


class AsyncPoller:
    """A poller of the asynchronous client, which waits on the spot."""

    def __init__(self, poller, loop):
        self.poller, self.loop = poller, loop
        self.polling_method, self.status = poller.polling_method, poller.status

    def result(self, timeout):
        return self.loop.run_until_complete(asyncio.wait_for(self.poller.result(), timeout))


class AsyncClient:
    """The asynchronous client, with its calls awaited on the spot, so that it takes the same steps."""

    def __init__(self, client, loop):
        self.client, self.loop = client, loop

    def begin_asset_conversion(self, *args, **kwargs):
        poller = self.loop.run_until_complete(self.client.begin_asset_conversion(*args, **kwargs))
        return AsyncPoller(poller, self.loop)

    def get_asset_conversion(self, *args, **kwargs):
        return self.loop.run_until_complete(self.client.get_asset_conversion(*args, **kwargs))

    def list_asset_conversions(self, **kwargs):
        async def everything():
            return [item async for item in await self.client.list_asset_conversions(**kwargs)]

        return self.loop.run_until_complete(everything())


def resolve_below(domain):
    """Lets all names below a domain mean this machine, as a hosts file would."""
    system = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        if isinstance(host, str) and host.endswith("." + domain):
            host = "127.0.0.1"
        return system(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def live(client):
    """The life of one session, and what cannot be done with it."""
    poller = step("create", client.begin_rendering_session, SESSION, RenderingSessionSize.STANDARD, 4)
    step("wait", wait, poller)
    step("get", client.get_rendering_session, SESSION)
    step("resume", resume, client, poller)
    step("update", client.update_rendering_session, SESSION, lease_time_minutes=5)
    step("get updated", client.get_rendering_session, SESSION)
    step("list", sessions, client)
    poller = step("repeat", client.begin_rendering_session, SESSION, "standard", 5)
    step("wait for repeated", wait, poller)
    step("conflict", client.begin_rendering_session, SESSION, "Standard", 7)
    step("shorten", client.update_rendering_session, SESSION, lease_time_minutes=4)
    step("stop", client.stop_rendering_session, SESSION)
    step("get stopped", client.get_rendering_session, SESSION)
    step("update stopped", client.update_rendering_session, SESSION, lease_time_minutes=6)
    step("stop stopped", client.stop_rendering_session, SESSION)
    step("list nothing", sessions, client)


def fail(client):
    """Sessions that cannot be, are not, or come to nothing."""
    step("negative lease", client.begin_rendering_session, "negative", "Standard", -4)
    step("unknown size", client.begin_rendering_session, "tiny", "Tiny", 4)
    step("malformed id", client.begin_rendering_session, "no id", "Standard", 4)
    step("get unknown", client.get_rendering_session, "unknown")
    step("update unknown", client.update_rendering_session, "unknown", lease_time_minutes=5)
    step("stop unknown", client.stop_rendering_session, "unknown")
    poller = step("create without capacity", client.begin_rendering_session, "premium", "Premium", 4)
    step("wait without capacity", wait, poller)
    step("get without capacity", client.get_rendering_session, "premium")
    step("create to stop", client.begin_rendering_session, "short", "Standard", 4)
    step("stop starting", client.stop_rendering_session, "short")
    step("get stopped while starting", client.get_rendering_session, "short")


def many(client):
    """A list of several pages."""
    for i in range(1, 6):
        step(f"create {i}", client.begin_rendering_session, f"many-{i}", "Standard", 4)
    step("list pages", pages, client)
    step("list all", sessions, client)
    for i in range(1, 6):
        step(f"stop {i}", client.stop_rendering_session, f"many-{i}")


def convert(client, kind):
    """Conversions that succeed, that may not be, and that fail. kind is in the names of the steps and in the ids."""

    def begin(name, conversion, asset="box.fbx", read="?sv=1&sig=secret-read", write="sv=1&sig=secret-write"):
        return step(
            f"{kind} {name}",
            client.begin_asset_conversion,
            f"{kind}-{conversion}",
            AssetConversionInputSettings(
                storage_container_uri=CONTAINER + "input", storage_container_read_list_sas=read, blob_prefix="Input", relative_input_asset_path=asset
            ),
            AssetConversionOutputSettings(storage_container_uri=CONTAINER + "output", storage_container_write_sas=write, blob_prefix="Output"),
        )

    poller = begin("convert", "1")
    step(f"{kind} wait for conversion", wait, poller)
    step(f"{kind} get conversion", client.get_asset_conversion, f"{kind}-1")
    begin("repeat conversion", "1", read="sv=1&sig=secret-renewed")
    begin("conflicting conversion", "1", asset="sphere.fbx")
    begin("convert without access", "2", read=None, write=None)
    step(f"{kind} get conversion without access", client.get_asset_conversion, f"{kind}-2")
    poller = begin("convert missing asset", "3", asset="boxWhichDoesNotExist.fbx")
    step(f"{kind} wait for missing asset", wait, poller)
    step(f"{kind} get missing asset", client.get_asset_conversion, f"{kind}-3")
    begin("convert another", "4")
    step(f"{kind} list conversions", conversions, client)


def convert_async(config):
    """The same with the asynchronous client. Its transport is the one that needs no compiled package; the client that it makes
    for the token service takes none, so the token comes from the synchronous one."""
    loop = asyncio.new_event_loop()
    client = AsyncRemoteRenderingClient(
        config["endpoint"],
        config["accountId"],
        config["accountDomain"],
        token_client(config).get_token(),
        polling_interval=POLLING_INTERVAL,
        transport=AsyncioRequestsTransport(),
    )
    convert(AsyncClient(client, loop), "async")
    loop.run_until_complete(client.close())
    loop.close()


def authenticate(connect, config):
    """Every credential that the client takes, right and wrong ones. connect makes a client that has one of them."""
    step("secondary key", sessions, connect(AzureKeyCredential(config["secondaryKey"])))
    step("wrong key", sessions, connect(AzureKeyCredential("wrong")))
    step("unknown account", sessions, connect(AzureKeyCredential(config["key"]), account_id="00000000-0000-0000-0000-000000000000"))

    identity = Identity(config["identity"])
    step("identity", sessions, connect(identity))
    step("identity scopes", lambda raw_response_hook: identity.scopes)
    step("wrong identity", sessions, connect(Identity("not.a.token")))

    token = step("token", get_token, token_client(config))
    if token is not None:
        step("token use", sessions, connect(token))
        step("token damage", sessions, connect(AccessToken(token.token[:-8] + "AAAAAAAA", token.expires_on)))


def token_client(config):
    return MixedRealityStsClient(
        config["accountId"], config["accountDomain"], AzureKeyCredential(config["key"]), **optional("custom_endpoint_url", config.get("stsEndpoint")))


def move(connect, config):
    """Other names of the same service: another region, and the token service as accounts of a region know it."""
    key = AzureKeyCredential(config["key"])
    other = connect(key, endpoint=config["otherEndpoint"])
    step("get in other region", other.get_rendering_session, SESSION)
    poller = step("create in other region", other.begin_rendering_session, SESSION, "Standard", 4)
    step("wait in other region", wait, poller)
    step("list by regional domain", sessions, connect(key, account_domain=config["regionalDomain"]))


def optional(name, value):
    return {} if value is None else {name: value}


def main():
    """Reads the configuration and takes all steps.

    endpoint, accountId, accountDomain, key and secondaryKey are what the client needs. identity is a token of Microsoft Entra. stsEndpoint is
    the address of the token service; without it the client makes one from the account domain. namesBelow is a domain whose names are to
    mean this machine. With otherEndpoint, the endpoint of another region, and regionalDomain, an account domain with a region, these are
    visited too.
    """
    config = json.load(sys.stdin)
    if "namesBelow" in config:
        resolve_below(config["namesBelow"])

    def connect(credential, **other):
        arguments = {
            "endpoint": config["endpoint"],
            "account_id": config["accountId"],
            "account_domain": config["accountDomain"],
            "polling_interval": POLLING_INTERVAL,
            **optional("authentication_endpoint_url", config.get("stsEndpoint")),
        }
        return RemoteRenderingClient(credential=credential, **(arguments | other))

    client = connect(AzureKeyCredential(config["key"]))
    live(client)
    fail(client)
    many(client)
    convert(client, "sync")
    convert_async(config)
    authenticate(connect, config)
    if "otherEndpoint" in config:
        move(connect, config)


if __name__ == "__main__":
    main()
