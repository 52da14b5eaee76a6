// Small comforts over pages that work without: live results, the theme, filters that submit themselves.
"use strict";
(() => {
  const body = document.body;
  const note = () => document.querySelector("[data-live-note]");

  // Theme: the system's, unless chosen here. The server reads the cookie, so a page never flashes.
  const toggle = document.querySelector("[data-theme-toggle]");
  if (toggle) {
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      const root = document.documentElement;
      const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = isDark ? "light" : "dark";
      const secure = location.protocol === "https:" ? "; secure" : "";
      document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
    });
  }

  // Filters: a choice from a list takes effect at once.
  for (const form of document.querySelectorAll("form[data-auto-submit]")) {
    form.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    });
    addEventListener("pageshow", () => {
      for (const field of form.elements) field.disabled = false; // back from what it led to
    });
  }

  // Folds by a name that a new page has too: their own, else their place within what has an id.
  const folds = () => {
    const seen = {};
    return [...document.querySelectorAll("main details")].map((one) => {
      const around = one.dataset.fold || one.closest("[id]").id;
      const number = (seen[around] = (seen[around] ?? 0) + 1);
      return [`${around} ${number}`, one];
    });
  };
  const states = () => new Map(folds().map(([name, one]) => [name, one.open]));
  let asServed = states();

  // Links into the page open what they lead to.
  const openTarget = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    const folded = target.querySelector("details");
    if (folded) folded.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  // Fixes: a failing check's diff is asked for when it is opened, and shown in place; without this it is a link.
  addEventListener("toggle", async (event) => {
    const folded = event.target;
    if (!folded.open || !folded.matches?.("details[data-fix]") || folded.dataset.asked) return;
    folded.dataset.asked = "yes";
    const here = folded.querySelector("[data-fix-here]");
    const link = here.firstElementChild;
    here.prepend("Working it out… ");
    const answer = await fetch(folded.dataset.fix).catch(() => null);
    here.textContent = "";
    if (answer?.ok) {
      const part = new DOMParser().parseFromString(await answer.text(), "text/html");
      here.append(...part.body.childNodes);
      offerCopies(here);
    } else here.append("It can't be worked out now. ", link);
  }, true);
  const offerCopies = (around) => {
    for (const button of around.querySelectorAll("[data-copy-diff]")) {
      if (!navigator.clipboard) continue;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.closest("[data-fixes]").querySelector("[data-diff]").value);
        button.textContent = "Copied";
      });
    }
  };
  offerCopies(document);

  // Live: ask for changes after the page's cursor; an answer without news is a 304.
  const live = body.dataset.live;
  if (!live) return;
  let cursor = body.dataset.cursor;
  let etag = "";
  let wait = 5000;

  const isOurs = (item) => live === "all" || item.entity === live;

  async function changed() {
    const answer = await fetch(`/api/v1/changes?after=${cursor}&limit=100`, { headers: etag ? { "If-None-Match": etag } : {} });
    if (answer.status === 304) return false;
    if (!answer.ok) throw new Error(String(answer.status));
    etag = answer.headers.get("ETag") || "";
    const page = await answer.json();
    if (String(page.cursor) !== cursor) etag = "";
    cursor = String(page.cursor);
    return page.items.some(isOurs);
  }

  // What a new page would take away: words typed and not sent, a fix being read.
  const isBusy = () =>
    document.querySelector("main .fixed[open]") ||
    [...document.querySelectorAll("main textarea, main input:not([type=checkbox])")].some((one) => one.value !== one.defaultValue);

  // The page as it is now, in place of the old one; what the reader opened, closed or chose, and where they are, stays.
  async function show(said) {
    const answer = await fetch(location.pathname + location.search);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const kept = new Map([...states()].filter(([name, open]) => open || asServed.get(name)));
    const checked = [...document.querySelectorAll("main input:checked")].map((one) => one.id);
    const held = document.activeElement?.closest("main [id]")?.id;
    body.dataset.checked = fresh.body.dataset.checked || "";
    body.dataset.cursor = fresh.body.dataset.cursor;
    document.querySelector("main").replaceChildren(...fresh.querySelector("main").childNodes);
    asServed = states();
    for (const [name, one] of folds()) if (kept.has(name)) one.open = kept.get(name);
    for (const id of checked) if (document.getElementById(id)) document.getElementById(id).checked = true;
    const place = held && document.getElementById(held);
    if (place) (place.matches("input, button, a") ? place : place.querySelector("summary, a, button"))?.focus({ preventScroll: true });
    tell(said);
  }

  function tell(said, action) {
    const line = note();
    if (!line) return;
    line.textContent = said;
    line.hidden = false;
    if (action) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = "Show them";
      button.addEventListener("click", () => show("Up to date."));
      line.append(button);
    }
  }

  async function poll() {
    try {
      if (!document.hidden && (await changed())) {
        if (live === "all" || isBusy()) tell("There are new results.", true);
        else await show("New results came in just now.");
      }
      wait = 5000;
    } catch {
      wait = Math.min(wait * 2, 120000);
    }
    setTimeout(poll, wait);
  }
  const soon = "judging" in body.dataset; // a waiver was just granted or ended
  setTimeout(poll, soon ? 800 : wait);

  // After “Refresh now”: until the repository was looked at again, for a minute at most.
  async function untilRead(before, turns) {
    if (turns === 0) return tell("The repository has not been read yet: it waits its turn. This page follows by itself.");
    const answer = await fetch(location.pathname);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (fresh.body.dataset.checked !== before) {
      await new Promise((done) => setTimeout(done, 1200)); // judging follows reading
      return isBusy() ? tell("Read again just now.", true) : show("Read again just now.");
    }
    setTimeout(() => untilRead(before, turns - 1), 1500);
  }
  if (soon || "refreshing" in body.dataset) history.replaceState(null, "", location.pathname + location.hash);
  if ("refreshing" in body.dataset) {
    untilRead(body.dataset.checked, 40);
  }
})();
