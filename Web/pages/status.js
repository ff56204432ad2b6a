// Requests the relay's state every two seconds, and draws it with DOM calls only: what peers say about themselves stays text.
"use strict";

const INTERVAL = 2000;
const PATIENCE = 8000;
const KEPT = 10 * 60 * 1000;
const SVG = "http://www.w3.org/2000/svg";

const byID = (id) => document.getElementById(id);

/** Makes an element with attributes and children. Strings become text. */
function element(name, attributes = {}, ...children) {
  const node = name === "svg" || name === "path" || name === "rect" || name === "line"
    ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function setText(node, text) { if (node.textContent !== text) node.textContent = text; }

// MARK: Words for numbers

const whole = new Intl.NumberFormat("en");

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit += 1; }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(count < 10 ? 1 : 0)} ${units[unit]}`;
}

function duration(seconds) {
  seconds = Math.max(0, Math.round(seconds));
  const [d, h, m, s] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const units = [[d, "d"], [h, "h"], [m, "min"], [s, "s"]];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return units.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

const short = (id) => id.length > 16 ? `${id.slice(0, 4)}…${id.slice(-8)}` : id;

/** A peer's colour, the same everywhere. The peer's name is always beside it. */
function colour(id) {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return `hsl(${hash % 360} 55% 52%)`;
}

function peerName(id) {
  const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.backgroundColor = colour(id);
  return element("span", { class: "id", title: id }, swatch, short(id));
}

/** A bar that shows how much of a limit is used. Without a limit, only the number. */
function gauge(text, part, limit, detail) {
  const share = limit > 0 ? Math.min(1, Math.max(0, part / limit)) : null;
  const box = element("div", { class: "gauge", "data-level": share >= 0.85 && detail !== "left" ? "high" : null });
  const label = element("span", {}, text);
  if (limit != null) label.append(element("small", {}, ` ${detail === "left" ? "left" : `of ${detail}`}`));
  box.append(label);
  if (share != null) {
    box.append(element("svg", { "aria-hidden": "true", preserveAspectRatio: "none", viewBox: "0 0 100 6" },
      element("rect", { class: "track", width: 100, height: 6 }),
      element("rect", { class: "fill", width: (share * 100).toFixed(2), height: 6 })));
  }
  return box;
}

// MARK: Tables

/** Draws rows. A row keeps its place from one drawing to the next, so that nothing jumps while somebody reads. */
function drawRows(body, entries, key, columns, emptyText) {
  if (entries.length === 0) {
    body.replaceChildren(element("tr", { role: "row", "data-key": "" },
      element("td", { role: "cell", class: "empty", colspan: columns.length }, emptyText)));
    return;
  }
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const rows = entries.map((entry) => {
    const name = String(key(entry));
    const row = known.get(name) ?? element("tr", { role: "row", "data-key": name });
    row.replaceChildren(...columns.map((column) => {
      const cell = element("td", { role: "cell", class: column.class, "data-label": column.label });
      cell.append(column.cell(entry));
      return cell;
    }));
    return row;
  });
  const isSame = rows.length === body.rows.length && rows.every((row, index) => body.rows[index] === row);
  if (!isSame) body.replaceChildren(...rows);
}

const note = (shown, all) => shown < all ? `the first ${shown} of ${whole.format(all)}` : "";

// MARK: Plots

const plots = [
  { id: "peers", name: "Peers", value: (now) => now.counts.peers, format: (n) => whole.format(Math.round(n)) },
  { id: "reservations", name: "Reservations", value: (now) => now.counts.reservations, format: (n) => whole.format(Math.round(n)),
    limit: (now) => now.limits.reservations },
  { id: "circuits", name: "Circuits", value: (now) => now.counts.circuits, format: (n) => whole.format(Math.round(n)),
    limit: (now) => now.limits.circuits },
  { id: "rate", name: "Relayed a second", value: (now) => now.rate, format: (n) => bytes(n) },
];
const history = [];

function makePlots() {
  for (const plot of plots) {
    plot.number = element("span", {}, "–");
    plot.small = element("small");
    plot.area = element("path", { class: "area" });
    plot.curve = element("path", { class: "curve" });
    plot.top = element("span", {}, "");
    plot.from = element("span", { class: "from" }, "");
    plot.svg = element("svg", { viewBox: "0 0 600 100", preserveAspectRatio: "none", role: "img" },
      element("line", { class: "base", x1: 0, x2: 600, y1: 100, y2: 100 }), plot.area, plot.curve);
    byID("tiles").append(element("figure", { class: "tile" },
      element("figcaption", {}, element("div", { class: "name" }, plot.name),
        element("div", { class: "value" }, plot.number, plot.small)),
      plot.svg, element("div", { class: "axis", "aria-hidden": "true" }, plot.from, plot.top)));
  }
}

function drawPlot(plot, now) {
  const value = plot.value(now);
  const most = Math.max(1, ...history.map((one) => one[plot.id]));
  const end = history.at(-1).at;
  // A page that was just opened stretches the little it has over the whole width.
  const span = Math.min(KEPT, Math.max(60000, end - history[0].at));
  const points = history.map((one) => [600 - (end - one.at) / span * 600, 98 - one[plot.id] / most * 92]);
  let line = "";
  let start = 0;
  let area = "";
  points.forEach(([x, y], index) => {
    // A gap where the relay did not answer.
    const isGap = index > 0 && history[index].at - history[index - 1].at > PATIENCE;
    if (index === 0 || isGap) {
      if (isGap) area += `L${points[index - 1][0].toFixed(1)} 100L${points[start][0].toFixed(1)} 100Z`;
      start = index;
      line += `M${x.toFixed(1)} ${y.toFixed(1)}`;
      area += `M${x.toFixed(1)} ${y.toFixed(1)}`;
    } else {
      line += `L${x.toFixed(1)} ${y.toFixed(1)}`;
      area += `L${x.toFixed(1)} ${y.toFixed(1)}`;
    }
  });
  area += `L600 100L${points[start][0].toFixed(1)} 100Z`;
  plot.curve.setAttribute("d", line);
  plot.area.setAttribute("d", area);
  setText(plot.number, plot.format(value));
  const limit = plot.limit?.(now);
  setText(plot.small, limit ? ` of ${whole.format(limit)}` : "");
  setText(plot.from, `${duration(Math.floor(span / 60000) * 60)} ago`);
  const highest = plot.format(Math.max(...history.map((one) => one[plot.id])));
  setText(plot.top, `most ${highest}`);
  plot.svg.setAttribute("aria-label", `${plot.name} in the last ten minutes: now ${plot.format(value)}, at most ${highest}`);
}

// MARK: Drawing

const columns = {
  circuits: [
    { label: "From", cell: (c) => peerName(c.source) },
    { label: "To", cell: (c) => peerName(c.target) },
    { label: "Sent", cell: (c) => gauge(bytes(c.sent), c.sent, c.limitBytes, c.limitBytes == null ? "" : bytes(c.limitBytes)) },
    { label: "Returned", cell: (c) => gauge(bytes(c.returned), c.returned, c.limitBytes, c.limitBytes == null ? "" : bytes(c.limitBytes)) },
    {
      label: "Time", class: "wide",
      cell: (c) => gauge(duration(c.age), c.age, c.limitSeconds, c.limitSeconds == null ? "" : duration(c.limitSeconds)),
    },
  ],
  peers: [
    { label: "Peer", cell: (p) => peerName(p.id) },
    { label: "Software", class: "soft", cell: (p) => p.agent ?? "not known yet" },
    { label: "Path", cell: (p) => {
      const cell = element("span", {}, element("span", { class: "tag" }, p.transport));
      if (p.reservedFor != null) cell.append(" ", element("span", { class: "tag reserved" }, "reserved"));
      return cell;
    } },
    { label: "Connected", class: "number", cell: (p) => duration(p.connectedFor) },
  ],
  reservations: [
    { label: "Peer", cell: (r) => peerName(r.peer) },
    { label: "Time left", cell: (r) => gauge(duration(r.remaining), r.remaining, r.limit, "left") },
  ],
};

function drawTopics(topics) {
  const list = byID("topics");
  if (topics.length === 0) return list.replaceChildren(element("li", { class: "empty" }, "The relay forwards no topic."));
  list.replaceChildren(...topics.map((topic) => {
    const inMesh = new Set(topic.mesh);
    const beside = topic.subscribers.filter((id) => !inMesh.has(id));
    const square = (id, isIn) => element("svg", { viewBox: "0 0 12 12", class: isIn ? "in" : null },
      element("rect", { x: 1, y: 1, width: 10, height: 10, rx: 2 }));
    const picture = element("span", { class: "mesh", "aria-hidden": "true" },
      ...topic.mesh.map((id) => square(id, true)), ...beside.slice(0, 48).map((id) => square(id, false)));
    return element("li", {}, element("span", { class: "name" }, topic.name), picture,
      element("span", { class: "numbers" }, `${topic.mesh.length} in mesh, ${topic.subscribers.length} subscribed`));
  }));
}

function drawAddresses(addresses) {
  setText(byID("address-count"), String(addresses.length));
  drawTexts(byID("addresses"), addresses);
}

/** What peers of js-libp2p take as their `iceServers`. */
function drawServers(urls) {
  byID("stun").hidden = urls.length === 0;
  drawTexts(byID("stun-servers"), urls.length === 0 ? [] : [`[{ urls: ['${urls.join("', '")}'] }]`]);
}

/** Texts to copy, in a list. */
function drawTexts(list, texts) {
  const shown = [...list.querySelectorAll("code")].map((code) => code.textContent);
  if (shown.join("\n") === texts.join("\n")) return;
  list.replaceChildren(...texts.map((text) => element("li", {}, element("code", {}, text),
    element("button", { type: "button", class: "copy", "data-text": text, "aria-label": `Copy ${text}` }, "Copy"))));
}

function draw(now) {
  setText(byID("peer-id"), now.peerId);
  setText(byID("uptime"), duration(now.uptime));
  setText(byID("version"), now.version);
  setText(byID("connections"), `${whole.format(now.counts.connections)} of ${whole.format(now.limits.connections)}`);
  setText(byID("relayed"), bytes(now.counts.relayedBytes));
  drawAddresses(now.addresses);
  drawServers(now.stun ?? []);
  for (const plot of plots) drawPlot(plot, now);

  setText(byID("circuit-count"), whole.format(now.counts.circuits));
  setText(byID("peer-count"), whole.format(now.counts.peers));
  setText(byID("reservation-count"), whole.format(now.counts.reservations));
  setText(byID("topic-count"), whole.format(now.topics.length));
  const opened = `${whole.format(now.counts.circuitsOpened)} opened, ${whole.format(now.counts.circuitsRefused)} refused since the start`;
  setText(byID("circuit-note"), note(now.circuits.length, now.counts.circuits) || opened);
  setText(byID("peer-note"), note(now.peers.length, now.counts.peers));
  setText(byID("reservation-note"), note(now.reservations.length, now.counts.reservations));
  const holds = now.limits.reservationSeconds;
  drawRows(byID("circuits"), now.circuits, (c) => c.id, columns.circuits, "No circuit is open.");
  drawRows(byID("peers"), now.peers, (p) => p.id, columns.peers, "No peer is connected.");
  drawRows(byID("reservations"), now.reservations.map((r) => ({ ...r, limit: holds })), (r) => r.peer, columns.reservations,
    "No peer holds a reservation.");
  drawTopics(now.topics);
  byID("main").removeAttribute("aria-busy");
}

// MARK: Announcements for screen readers

let heard = null;
let lastWords = 0;

/** Announces changed numbers, at most once in ten seconds. */
function announce(now) {
  const { peers, circuits, reservations } = now.counts;
  const words = `${peers} peers, ${reservations} reservations, ${circuits} circuits`;
  if (words === heard || Date.now() - lastWords < 10000) return;
  if (heard !== null) say(words);
  heard = words;
  lastWords = Date.now();
}

function say(text) { byID("announcer").textContent = text; }

// MARK: Keeping up

let last = null;
let failures = 0;
let timer = 0;
let isAsking = false;

function setLink(state, text) {
  byID("link").dataset.state = state;
  setText(byID("link-text"), text);
  document.body.toggleAttribute("data-stale", state === "stale" && last !== null);
}

async function ask() {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(timer);
  try {
    const answer = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const now = await answer.json();
    const at = Date.now();
    const moved = last ? now.counts.relayedBytes - last.counts.relayedBytes : 0;
    now.rate = last && moved >= 0 && at > last.at ? moved * 1000 / (at - last.at) : 0;
    now.at = at;
    history.push({ at, ...Object.fromEntries(plots.map((plot) => [plot.id, plot.value(now)])) });
    while (history.length > 0 && history[0].at < at - KEPT) history.shift();
    if (failures > 0) say("The relay answers again.");
    failures = 0;
    last = now;
    setLink("live", "Live");
    draw(now);
    announce(now);
  } catch {
    failures += 1;
    if (failures === 2) say("The relay does not answer. The page shows its last known state.");
  }
  isAsking = false;
  age();
  // The longer the relay is away, the less often the page asks: every 15 s at the end.
  timer = setTimeout(ask, document.hidden ? 15000 : Math.min(15000, INTERVAL * 2 ** Math.min(failures, 3)));
}

/** Says how old the picture is when it is older than it should be. */
function age() {
  if (failures === 0) return;
  if (last === null) return setLink("stale", "No answer, trying again");
  setLink("stale", `Stale: ${duration((Date.now() - last.at) / 1000)} old`);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
window.addEventListener("online", () => ask());

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const text = button.dataset.text ?? byID(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    // If the page cannot write to the clipboard, it selects the text instead.
    const code = button.dataset.copy ? byID(button.dataset.copy) : button.parentElement.querySelector("code");
    getSelection().selectAllChildren(code);
    say("Selected.");
  }
});

makePlots();
setInterval(age, 1000);
ask();
