// Files of a case: chosen, dropped or pasted, and sent one by one as they are. What is typed meanwhile stays: it is a draft.
"use strict";

const attach = one("[data-attach]");

async function sendFile(file) {
  const visible = one("[data-visible]", attach)?.checked ? "true" : "false";
  const query = new URLSearchParams({ name: file.name, visible_to_customer: visible });
  const answer = await fetch(`${attach.dataset.attach}?${query}`, {
    method: "POST", body: file,
    headers: { "X-CSRF-Token": attach.dataset.csrf, "Content-Type": file.type || "application/octet-stream" },
  });
  return answer.ok && !answer.redirected ? "" : (answer.redirected ? "Sign in again." : await answer.text());
}

// The timeline as it is now, without losing place or words; the forms learn of the version that the files made.
async function renew() {
  const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
  for (const part of ["#timeline", "#files"]) {
    const fresh = one(part, page), old = one(part);
    if (fresh && old) old.replaceWith(document.adoptNode(fresh));
  }
  const news = one("#news"), version = one("#news", page)?.dataset.version;
  if (!version) return;
  news.dataset.version = version;
  news.hidden = true;
  all("form input[name=version]").forEach((each) => { each.value = version; });
}

async function sendFiles(files) {
  const told = one("[data-told]", attach), refused = [];
  for (const file of files) {
    told.textContent = `Sending ${file.name}…`;
    const why = await sendFile(file).catch(() => "The desk cannot be reached.");
    if (why) refused.push(`${file.name}: ${why}`);
  }
  told.textContent = refused.join(" ");
  told.className = refused.length ? "wrong" : "";
  if (refused.length < files.length) {
    await renew();
    if (!refused.length) told.textContent = files.length === 1 ? `${files[0].name} is added.` : `${files.length} files are added.`;
  }
}

if (attach) {
  attach.hidden = false;
  const input = one("input[type=file]", attach);
  input.addEventListener("change", async () => { await sendFiles([...input.files]); input.value = ""; });
  for (const place of [attach, one("#composer")].filter(Boolean)) {
    place.addEventListener("dragover", (event) => { event.preventDefault(); attach.classList.add("over"); });
    place.addEventListener("dragleave", () => attach.classList.remove("over"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      attach.classList.remove("over");
      sendFiles([...event.dataTransfer.files]);
    });
    place.addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (files.length) { event.preventDefault(); sendFiles(files); }
    });
  }
}
