// SPDX-License-Identifier: MIT

// Keeps the page up to date: gets it again when the emulator says that something has changed, and
// brings the document into the form of the answer. All content comes from the server; without this
// script the page does the same by reloading.
(() => {
"use strict";

const live = document.getElementById("live");

// --- the document

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id : "");

// morph gives an element the attributes and content of another. What the user has opened, typed or
// focused stays.
function morph(from, to) {
  if (from.nodeType === Node.TEXT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE || from.hasAttribute("data-keep")) return;
  for (const { name } of [...from.attributes]) {
    if (name !== "open" && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (name !== "open" && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  const keyed = new Map([...from.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = from.firstChild;
  for (const want of [...to.childNodes]) {
    const key = keyOf(want);
    let have = key ? keyed.get(key) : at && !keyOf(at) ? at : null;
    if (!have || have.nodeName !== want.nodeName) {
      from.insertBefore(want, at);
      continue;
    }
    if (have === at) at = at.nextSibling;
    else from.insertBefore(have, at);
    morph(have, want);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function show(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  if (next.body.dataset.view) put(next);
}

// update is show for a page that has not been asked for: what an action did stays to be read.
function update(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  if (!next.body.dataset.view) return; // not a page of the emulator
  const notice = document.getElementById("notice").cloneNode(true);
  const problem = document.getElementById("problem")?.cloneNode(true);
  next.getElementById("notice").replaceWith(notice, ...(problem ? ["\n", problem] : []));
  put(next);
}

function put(next) {
  const focused = document.activeElement;
  document.title = next.title;
  morph(document.body, next.body);
  if (focused && !focused.isConnected) document.getElementById("notice").focus();
}

function say(text) {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  notice.classList.toggle("empty-note", !text);
}

// --- keeping it up to date

const gap = 300; // milliseconds between two looks
let busy = false;
let again = false;

async function look() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const address = location.href;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const html = await answer.text();
    if (address === location.href) update(html);
  } catch {
    connection(false);
  }
  setTimeout(() => {
    busy = false;
    if (again) {
      again = false;
      look();
    }
  }, gap);
}

let stream = null;

function connection(on) {
  live.dataset.live = on ? "on" : "off";
  live.textContent = on ? "Live" : document.body.dataset.events ? "Connecting…" : "Paused";
}

function listen() {
  const address = document.body.dataset.events;
  if (document.hidden || !address) {
    stream?.close(); // a browser has few connections to one host
    stream = null;
    return;
  }
  if (stream) return;
  stream = new EventSource(address);
  stream.onopen = () => {
    connection(true);
    look();
  };
  stream.addEventListener("change", look);
  stream.onerror = () => {
    connection(false);
    if (stream?.readyState === EventSource.CLOSED) {
      stream = null;
      setTimeout(listen, 5000);
    }
  };
}

document.addEventListener("visibilitychange", listen);
// Times pass while nothing happens, and the stream may be refused.
setInterval(() => {
  if (!document.hidden && document.body.dataset.events) look();
}, 5000);

// --- forms

// reasonOf returns what a refusal says, which is no page.
function reasonOf(text) {
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text;
  }
}

let fading = 0;

async function act(form, button) {
  const fields = new URLSearchParams(new FormData(form));
  fields.set(button.name, button.value);
  try {
    // form.action would be its buttons of that name.
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields });
    const text = await answer.text();
    if (!answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error(reasonOf(text));
    form.closest("details")?.removeAttribute("open");
    show(text);
    clearTimeout(fading);
    fading = setTimeout(say, 15000, "");
  } catch (error) {
    say("That did not work: " + error.message);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.form === "action" && event.submitter) {
    event.preventDefault();
    act(form, event.submitter);
  } else if (form.dataset.form === "search") {
    event.preventDefault();
    search(form);
  }
});

function search(form) {
  const fields = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...fields]) if (!value) fields.delete(name);
  const query = fields.toString();
  history.replaceState(null, "", query ? "/?" + query : "/");
  look();
}

let typing = 0;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.dataset.form !== "search") return;
  clearTimeout(typing);
  typing = setTimeout(search, 200, form);
});

// --- copying

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch { // without https, browsers have no clipboard for scripts
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  say("Copied.");
});

// Whoever reloads does not mean to read again what was done.
const address = new URL(location.href);
if (address.searchParams.has("done")) {
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}

document.documentElement.classList.add("scripted");
connection(false);
listen();
})();
