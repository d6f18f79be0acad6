// What pages of the console do beyond HTML: keys, drafts, relative times, and news without losing one's place.
// Every page works without it; it holds no data and decides nothing.
"use strict";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Times: relative to now, renewed each minute.
function ago(seconds) {
  const past = Math.abs(seconds);
  if (past < 5) return "just now";
  const hours = Math.floor(past / 3600), days = Math.floor(past / 86400);
  const words = past < 60 ? `${Math.floor(past)} s` : past < 3600 ? `${Math.floor(past / 60)} min`
    : past < 86400 ? (hours < 10 && Math.floor(past % 3600 / 60) ? `${hours} h ${Math.floor(past % 3600 / 60)} min` : `${hours} h`)
    : (days < 10 && Math.floor(past % 86400 / 3600) ? `${days} d ${Math.floor(past % 86400 / 3600)} h` : `${days} d`);
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}
setInterval(() => all("time[data-relative]").forEach((time) => {
  time.textContent = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
}), 60000);

// Drafts: what is typed stays in this browser until its form is carried out.
const kept = (form) => `draft:${form.dataset.draft}`;
const fields = (form) => all("input[name], textarea, select", form).filter((each) => each.type !== "hidden");
function draftOf(form) {
  const values = {};
  for (const each of fields(form)) {
    if (each.type === "radio" || each.type === "checkbox") { if (each.checked) values[each.name] = each.value; }
    else if (each.value) values[each.name] = each.value;
  }
  return values;
}
function restore(form) {
  let values;
  try { values = JSON.parse(localStorage.getItem(kept(form)) || "null"); } catch { values = null; }
  if (!values || one("[aria-invalid]", form)) return;
  let restored = false;
  for (const each of fields(form)) {
    if (!(each.name in values)) continue;
    if (each.closest("details.more")) each.closest("details.more").open = true;
    if (each.type === "radio" || each.type === "checkbox") each.checked = each.value === values[each.name];
    else if (each.value !== values[each.name] && (!each.value || each.tagName === "SELECT")) { each.value = values[each.name]; restored ||= each.tagName !== "SELECT"; }
  }
  const said = one("[data-kept]", form);
  if (restored && said) said.hidden = false;
}
function watchDrafts(within = document) {
  for (const form of all("form[data-draft]", within)) {
    restore(form);
    form.addEventListener("input", () => localStorage.setItem(kept(form), JSON.stringify(draftOf(form))));
  }
}
const done = one("[data-done]");
if (done) localStorage.removeItem(`draft:${done.dataset.done}`);
if (new URLSearchParams(location.search).get("logged")) localStorage.removeItem("draft:/ui/cases/new");
watchDrafts();

// One submission: a second click does nothing, and the form says that it is under way.
document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("method") !== "post") return; // `form.method` may be a field of that name
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));

// Rows: one is the present one.
const rows = () => all("[data-rows] tbody tr");
const present = () => one("tr.at");
function moveTo(row) {
  if (!row) return;
  present()?.classList.remove("at");
  row.classList.add("at");
  const link = one("a", row);
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
function step(by) {
  const list = rows(), at = list.indexOf(present());
  moveTo(list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by))]);
}
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-rows] tbody tr");
  if (row && row !== present()) { present()?.classList.remove("at"); row.classList.add("at"); }
});

// Chosen rows: the bar to act on them shows itself.
const chosen = () => all("[data-rows] [name=number]:checked");
function tellChosen() {
  const bar = one("#bulk");
  if (!bar) return;
  bar.hidden = !chosen().length;
  one("[data-chosen]", bar).textContent = `${chosen().length} chosen`;
}
document.addEventListener("change", (event) => { if (event.target.name === "number") tellChosen(); });
tellChosen();

// Keys.
const GO = { q: "/ui", m: "/ui/queues/mine", o: "/ui/obligations", p: "/ui/problems", d: "/ui/reports", a: "/ui/audit" };
let going = false;
function openCommand(command) {
  const details = one(command);
  if (!details) return;
  details.open = true;
  all("textarea, select, input:not([type=hidden]), button", details).find((each) => !each.closest("details:not([open])"))?.focus();
}
const KEYS = {
  j: () => step(1), k: () => step(-1), o: () => one("a", present() || document.createElement("p"))?.click(),
  x: () => one("[name=number]", present() || document.createElement("p"))?.click(),
  u: () => history.back(), c: () => location.assign("/ui/cases/new"), r: () => refresh(),
  "/": () => (one("[data-search]") ? one("[data-search]").focus() : location.assign("/ui/search")),
  n: () => one("#composer textarea")?.focus(),
  ".": () => (one("details.command[open]") ? openCommand("details.command[open]") : openCommand("details.command")),
  "?": () => one("#keys").showModal(), g: () => { going = true; setTimeout(() => { going = false; }, 1500); },
};
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) { event.target.form.requestSubmit(); return; }
  if (typing && event.key === "Escape") { event.target.blur(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
  const act = going && GO[event.key] ? () => location.assign(GO[event.key]) : KEYS[event.key];
  if (!act) return;
  going = false;
  event.preventDefault();
  act();
});

// Small things: copy a number, a slider that shows on release, a form whose action is chosen.
document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) { navigator.clipboard?.writeText(copy.dataset.copy); copy.title = "Copied"; }
  if (event.target.closest("[data-refresh]")) refresh();
  const led = event.target.closest("[data-open]"); // without a script the link leads to the field, which opens what holds it
  if (led && one(led.dataset.open)) { event.preventDefault(); openCommand(led.dataset.open); }
});
const slider = one("[data-slider] input[type=range]");
if (slider) {
  slider.addEventListener("input", () => { one("[data-slider] output").value = slider.value; });
  slider.addEventListener("change", () => slider.form.requestSubmit());
}
one(".page > [data-focus]")?.focus();
const sent = one("details.command[open] [aria-invalid]");
if (sent) sent.focus();

// News: the stream says which cases have changed; the page marks them, and moves nothing until asked.
const changed = new Set();
const listed = () => new Set(all("tr[data-number]").map((row) => row.dataset.number));
let counting;
function told(events) {
  const news = one("#news"), own = news?.dataset.case;
  const seen = Number(news?.dataset.version); // a command of one's own is on the page already
  const names = events.filter((each) => !own || (each.number === own && each.version > seen));
  clearTimeout(counting);
  counting = setTimeout(() => htmx.ajax("GET", `/ui/places?at=${encodeURIComponent(location.pathname)}`, { target: "#places", swap: "outerHTML" }), 400);
  if (!news || !names.length) return;
  const here = listed();
  for (const each of names) {
    changed.add(each.number);
    if (here.has(each.number)) one(`tr[data-number="${CSS.escape(each.number)}"]`)?.classList.add("changed");
  }
  const last = names[names.length - 1];
  one("[data-news]").textContent = own
    ? `${last.by} ${last.what}, just now.`
    : `${changed.size} case${changed.size === 1 ? "" : "s"} changed.`;
  news.hidden = false;
}
async function refresh() {
  const news = one("#news");
  if (!news) return;
  const at = present()?.dataset.number, part = news.dataset.case ? "#timeline" : "#rows";
  // A case with a form in work keeps it: only its timeline is renewed, and the form learns of the change when it is sent.
  if (news.dataset.case && !all("form[data-draft]").some((form) => localStorage.getItem(kept(form)))) { location.reload(); return; }
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const fresh = one(part, page), old = one(part);
  if (fresh && old) old.replaceWith(document.adoptNode(fresh));
  changed.clear();
  news.hidden = true;
  if (at) moveTo(one(`tr[data-number="${CSS.escape(at)}"]`));
}
// Only the page that is seen follows: a browser has six connections to a host, and people have more tabs.
let after = document.body.dataset.live, stream = null;
function follow() {
  if (!after || document.body.classList.contains("past") || document.visibilityState !== "visible" || stream) return;
  stream = new EventSource(`/ui/live?after=${after}`);
  stream.addEventListener("changed", (event) => { after = event.lastEventId; told(JSON.parse(event.data)); });
  stream.addEventListener("ended", () => { leave(); location.reload(); });
}
function leave() { stream?.close(); stream = null; }
document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? follow() : leave()));
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", follow);
follow();
