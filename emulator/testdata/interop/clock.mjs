// SPDX-License-Identifier: MIT

// Creates a session with nothing but fetch, advances the clock of the emulator, and sees the session
// expire. Input and output are those of clock.py.

import process from "node:process";

let input = "";
for await (const piece of process.stdin) input += piece;
const config = JSON.parse(input);

// send sends a request and returns the body of its answer.
async function send(method, url, authorization, body) {
  const headers = { "Content-Type": "application/json" };
  if (authorization) headers.Authorization = `Bearer ${authorization}`;
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) {
    throw Object.assign(new Error(`${method} ${url}: ${answer.status} ${text}`), { status: answer.status });
  }
  return text && JSON.parse(text);
}

const admin = (path, body) => send("POST", config.admin + path, undefined, body);

// newToken exchanges the account key for an access token.
async function newToken() {
  const url = `${config.endpoint}/Accounts/${config.accountId}/token?api-version=2019-02-28-preview`;
  return (await send("GET", url, `${config.accountId}:${config.key}`)).AccessToken;
}

const session = `${config.endpoint}/accounts/${config.accountId}/sessions/clock?api-version=2021-01-01`;
const seen = {};
const begin = performance.now();
if (config.reset) await admin("/reset", {});
let token = await newToken();
await send("PUT", session, token, { maxLeaseTimeMinutes: 30, size: "Standard" });
seen.created = (await send("GET", session, token)).status;
seen.clock = await admin("/clock", { advance: "31m" });
const expired = await send("GET", session, token);
seen.status = expired.status;
seen.elapsed = expired.elapsedTimeMinutes;
seen.seconds = (performance.now() - begin) / 1000;

await admin("/clock", { advance: "24h" });
try {
  seen.tokenOfYesterday = (await send("GET", session, token)).status;
} catch (error) {
  seen.tokenOfYesterday = error.status;
}
token = await newToken();
seen.newClient = (await send("GET", session, token)).status;
console.log(JSON.stringify(seen));
