// The palette: what can be done here, found by typing. It is read from the page, so it offers nothing that the page does not.
"use strict";

const palette = one("#palette"), paletteInput = one("#palette input"), paletteList = one("#palette-list");
let offered = [], shown = [], chosenAt = 0;

const words = (element) => (element ? element.textContent.trim().replace(/\s+/g, " ") : "");

// Commands first, in the page's order: the usual next step stands first there. Then the page's own links, then places.
function whatCanBeDone() {
  const commands = all("details.command").map((each) => ({
    label: words(one("summary", each)), hint: "command", run: () => openCommand(`#${CSS.escape(each.id)}`), form: one("form", each),
  }));
  const note = one("#composer form") ? [{ label: "Write a note", hint: "n", run: KEYS.n, form: one("#composer form") }] : [];
  const bulk = one("#bulk:not([hidden])") ? all("#bulk button").map((each) => ({
    label: `${words(each)}: ${chosen().length} chosen`, hint: "cases", run: () => each.previousElementSibling.focus(),
  })) : [];
  const links = all(".page a.button").filter((each) => !each.closest(".jump")).map((each) => ({ label: words(each), hint: "on this page", run: () => each.click() }));
  const places = all("#places a").map((each) => ({
    label: one("h3", each.parentElement) ? `Go to ${words(each.firstChild)}` : words(each.firstChild),
    hint: words(one("h3", each.parentElement)), run: () => each.click(),
  }));
  const rest = [
    { label: "Show the keys", hint: "?", run: KEYS["?"] },
    { label: "Sign out", hint: "", run: () => one(".who form").requestSubmit() },
  ];
  const refused = all(".refused-commands li").map((each) => ({
    label: words(one("b", each)), hint: words(each).slice(words(one("b", each)).length), run: null,
  }));
  return [...commands, ...note, ...bulk, ...links, ...places, ...rest, ...refused];
}

function optionOf(item, place) {
  const option = document.createElement("li"), hint = document.createElement("span");
  option.id = `palette-${place}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", String(place === chosenAt));
  if (!item.run) option.setAttribute("aria-disabled", "true");
  hint.className = "muted small";
  hint.textContent = item.hint;
  option.append(item.label, " ", hint);
  return option;
}

function choose(place) {
  chosenAt = Math.max(0, Math.min(place, shown.length - 1));
  [...paletteList.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === chosenAt)));
  const option = paletteList.children[chosenAt];
  paletteInput.setAttribute("aria-activedescendant", option ? option.id : "");
  option?.scrollIntoView({ block: "nearest" });
}

function filterPalette() {
  const asked = paletteInput.value.toLowerCase().split(/\s+/).filter(Boolean);
  shown = offered.filter((each) => asked.every((word) => `${each.label} ${each.run ? each.hint : ""}`.toLowerCase().includes(word)));
  if (!shown.length) shown = [{ label: "Nothing here is called so.", hint: "", run: null }];
  chosenAt = 0;
  paletteList.replaceChildren(...shown.map(optionOf));
  choose(0);
}

function openPalette() {
  offered = whatCanBeDone();
  paletteInput.value = "";
  filterPalette();
  palette.showModal();
  paletteInput.focus();
}

function carryOut(send) {
  const item = shown[chosenAt];
  if (!item?.run) return;
  palette.close(); // gives the focus back; a command then takes it to its form
  item.run();
  if (send && item.form) item.form.requestSubmit();
}

const PALETTE_KEYS = {
  ArrowDown: () => choose(chosenAt + 1), ArrowUp: () => choose(chosenAt - 1),
  PageDown: () => choose(chosenAt + 8), PageUp: () => choose(chosenAt - 8), Tab: () => {},
};
if (palette) {
  KEYS["."] = openPalette;
  paletteInput.addEventListener("input", filterPalette);
  paletteInput.addEventListener("keydown", (event) => {
    const act = event.key === "Enter" ? () => carryOut(event.ctrlKey || event.metaKey) : PALETTE_KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  paletteList.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) { choose([...paletteList.children].indexOf(option)); carryOut(false); }
  });
}
