# SPDX-License-Identifier: MIT

"""Reads numbers of calls from standard input. After so many Gets with the official client it prints the CPU time of this process so far, in nanoseconds."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from azure.core.credentials import AzureKeyCredential
from azure.mixedreality.remoterendering import RemoteRenderingClient

parallel = int(os.environ["PARALLEL"])
client = RemoteRenderingClient(
    endpoint=os.environ["ENDPOINT"],
    account_id=os.environ["ACCOUNT"],
    account_domain="localhost",
    credential=AzureKeyCredential(os.environ["KEY"]),
    authentication_endpoint_url=os.environ["ENDPOINT"],
)


def get(_):
    if client.get_rendering_session("demo").id != "demo":
        raise ValueError("another session than the one asked for")


with ThreadPoolExecutor(parallel) as workers:
    for line in sys.stdin:
        list(workers.map(get, range(int(line))))
        print(time.process_time_ns(), flush=True)
