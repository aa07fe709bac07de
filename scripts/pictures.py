#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the pictures of the README from real programs.

docs/images/terminal.svg is a run of arr on a pseudo-terminal, against the emulator.
docs/images/status-page.png is the emulator's status page, if Chromium is installed.

Run it by hand from the root of the repository: python3 scripts/pictures.py
"""

import fcntl
import html
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import urllib.request

COLUMNS = 116
ACCOUNT_KEY = "ZGVtby1kZW1vLWRlbW8tZGVtby1kZW1vLWRlbW8tMDE="  # of this emulator, which ends with the script

SESSION = [
    "arr session create demo --lease 1h",
    "arr session list",
    "arr run -- sh -c 'echo rendering on port $ARR_SESSION_HANDSHAKE_PORT'",
    "arr session stop demo",
]

COLORS = {"31": "#f47067", "32": "#8ddb8c", "33": "#daaa3f", "36": "#76e3ea", "2": "#768390"}


def main():
    os.makedirs("docs/images", exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["go", "build", "-o", folder + "/arr", "./cmd/arr"], check=True)
        with Emulator(folder, "--startup-time", "3s") as environment:
            text = "".join(record(command, environment) for command in SESSION)
            write_svg("docs/images/terminal.svg", screen(text))
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if not browser:
            sys.exit("There is no chromium: docs/images/status-page.png stays as it is.")
        with Emulator(folder, "--startup-time", "40s-50s") as environment:
            fill(folder, environment)
            photograph(browser, folder, environment["ARR_ENDPOINT"])


class Emulator:
    """Runs an emulator, and gives the environment of its clients."""

    def __init__(self, folder, *flags):
        self.folder, self.flags = folder, flags

    def __enter__(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ARR_")}
        environment["PATH"] = self.folder + os.pathsep + environment["PATH"]
        environment["XDG_CONFIG_HOME"] = self.folder + "/config"
        environment["TERM"] = "xterm-256color"
        command = [self.folder + "/arr", "emulator", "--listen", "127.0.0.1:0", "--output", "json"]
        self.process = subprocess.Popen(
            command + list(self.flags),
            env=environment | {"ARR_EMULATOR_ACCOUNT_KEY": ACCOUNT_KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        service = json.loads(self.process.stdout.readline())
        return environment | {
            "ARR_ENDPOINT": service["endpoint"],
            "ARR_STS_ENDPOINT": service["stsEndpoint"],
            "ARR_ACCOUNT_ID": service["accountId"],
            "ARR_ACCOUNT_KEY": service["accountKey"],
            "ARR_ACCOUNT_DOMAIN": service["accountDomain"],
        }

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def record(command, environment):
    """Runs a command on a pseudo-terminal, and returns what the terminal gets."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        os.execvpe("sh", ["sh", "-c", command], environment)
    output = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # what Linux says at the end
            break
        if not chunk:
            break
        output += chunk
    _, status = os.waitpid(pid, 0)
    if status != 0:
        sys.exit(f"{command} failed:\n{output.decode()}")
    return "\x1b[32m$\x1b[0m " + command + "\r\n" + output.decode() + "\r\n"


def screen(text):
    """Returns the lines that a terminal shows, each a list of (color, character)."""
    lines, column, color, bold = [[]], 0, "", False
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]", text):
        line = lines[-1]
        if token == "\r":
            column = 0
        elif token == "\n":
            lines.append([])
            column = 0
        elif token == "\x1b[K":
            del line[column:]
        elif token.startswith("\x1b["):
            if token.endswith("m"):
                codes = token[2:-1].split(";")
                bold = "1" in codes
                color = next((COLORS[c] for c in codes if c in COLORS), "")
        else:
            if column == COLUMNS:  # wrapped
                lines.append([])
                line, column = lines[-1], 0
            line[column:column + 1] = [(color, bold, token)]
            column += 1
    while lines and not lines[-1]:
        lines.pop()
    return lines


def write_svg(path, lines):
    width, height, left, top = 8.43, 18, 16, 44
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{COLUMNS * width + 2 * left:.0f}" '
        f'height="{len(lines) * height + top + 10}" font-size="14" '
        'font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace">',
        '<rect width="100%" height="100%" rx="8" fill="#22272e"/>',
        '<circle cx="20" cy="18" r="6" fill="#ec6a5e"/><circle cx="40" cy="18" r="6" fill="#f4bf4f"/>'
        '<circle cx="60" cy="18" r="6" fill="#61c554"/>',
    ]
    for i, line in enumerate(lines):
        spans, start = [], 0
        while start < len(line):
            color, bold, _ = line[start]
            end = start
            while end < len(line) and line[end][:2] == (color, bold):
                end += 1
            text = html.escape("".join(c for _, _, c in line[start:end]))
            style = (f' fill="{color}"' if color else "") + (' font-weight="bold"' if bold else "")
            spans.append(f'<tspan x="{left + start * width:.1f}"{style}>{text}</tspan>')
            start = end
        if spans:
            y = top + i * height
            out.append(f'<text y="{y}" fill="#adbac7" xml:space="preserve">{"".join(spans)}</text>')
    out.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


def fill(folder, environment):
    """Gives the page something to show."""

    def arr(*args, check=True):
        subprocess.run([folder + "/arr", "session", *args], env=environment, check=check,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def post(path, body):
        request = urllib.request.Request(environment["ARR_ENDPOINT"] + "/_emulator/" + path,
                                         json.dumps(body).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()

    for name, lease, later in [("showroom-7f3b", "8h", "17m"), ("night-build-114", "2h", "26m"),
                               ("design-review", "28m", "9m"), ("showroom-7f3a", "45m", "4m")]:
        arr("create", name, "--no-wait", "--lease", lease)
        post("clock", {"advance": later})
    arr("create", "review-board", "--no-wait", "--size", "premium", "--lease", "1h30m")
    post("clock", {"advance": "90s"})
    post("sessions/night-build-114", {"status": "Error"})
    post("faults", {"name": "busy", "operation": "get", "status": 503, "retryAfter": "1s", "count": 1})
    arr("get", "design-review")
    arr("stop", "showroom-7f3a")
    arr("extend", "design-review", "--by", "10m")
    arr("create", "design-review-2", "--no-wait", "--lease", "20m")
    arr("list")


def photograph(browser, folder, url):
    path = "docs/images/status-page.png"
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
         "--window-size=1280,860", f"--user-data-dir={folder}/chromium",
         f"--screenshot={path}", url + "/"],
        check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
