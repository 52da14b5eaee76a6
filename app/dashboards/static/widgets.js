/* Roadworthy's widgets: <roadworthy-scorecard>, <roadworthy-badge>, <roadworthy-team>. No dependencies.
   One script tag brings them; each asks our server once (its answer carries an ETag, so the browser asks again for a 304),
   and shows what it showed last when the server is silent or can't be reached, saying so. Every text goes in as text, and only http and
   https ever become a link. See docs/portal.md. */
(() => {
  "use strict";
  const script = document.currentScript ?? document.querySelector('script[src$="/widgets/roadworthy.js"]');
  const SERVER = new URL("..", script?.src ?? document.baseURI).href.replace(/\/$/, "");
  const FAILED = { fail: "Fails", error: "Broken check", unknown: "Not seen", waived: "Waived", pass: "Passes", not_applicable: "Not asked" };
  const MARKS = { fail: "✕", error: "!", unknown: "?", waived: "~", pass: "✓", not_applicable: "–" };
  const ORDER = ["fail", "error", "unknown", "waived", "pass", "not_applicable"];
  const AREAS = { oncall: "On-call", slo: "Objectives", slos: "Objectives", apis: "API" };
  const AWAY = "The server can't be reached.", WAITING = "Waiting for the server.", SILENT = "No answer came in time.";
  const THINGS = { "sre-maturity": ["service", "services"], "api-reliability": ["API", "APIs"], "database-reliability": ["database", "databases"], "kubernetes-cluster": ["cluster", "clusters"] };
  const NONE = { none: "No level", not_rated: "Not rated" };
  const LONGEST = 20000, KEY = "roadworthy ", MOST_KEPT = 20;
  const RECENT = 15000; // milliseconds: what came so lately is not asked for again when a widget is moved in its page
  const PATIENCE = 2500; // milliseconds until a silent server is told of
  const giveUp = () => Number(globalThis.roadworthy?.giveUp) || 15000; // milliseconds until nobody waits any more

  const STYLE = `
    :host { display: block; container-type: inline-size;
      --ink: var(--roadworthy-ink, #17202a); --soft: var(--roadworthy-soft, #55606d); --ground: var(--roadworthy-ground, #fff);
      --raised: var(--roadworthy-raised, #f0f3f6); --line: var(--roadworthy-line, #dfe4ea); --link: var(--roadworthy-link, #1a56b0);
      --pass: var(--roadworthy-pass, #0a6553); --fail: var(--roadworthy-fail, #a33910); --unknown: var(--roadworthy-unknown, #544c96);
      --waived: var(--roadworthy-waived, #735100); --radius: var(--roadworthy-radius, 10px);
      color: var(--ink); font: var(--roadworthy-font, 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif); }
    :host(roadworthy-badge) { display: inline-block; container-type: normal; vertical-align: middle; } :host([hidden]) { display: none; }
    @media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { DARK } }
    :host([theme="dark"]) { DARK }
    * { box-sizing: border-box; margin: 0; padding: 0; font: inherit; color: inherit; }
    section + section, .notice + section { margin-top: 12px; }
    section { background: var(--ground); border: 1px solid var(--line); border-radius: var(--radius); padding: 16px 18px; }
    header { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline; justify-content: space-between; }
    .title { font-weight: 650; overflow-wrap: anywhere; } .soft { color: var(--soft); font-size: .92em; }
    .level { font-weight: 650; font-size: 1.35em; line-height: 1.2; } .facts { display: flex; flex-wrap: wrap; gap: 2px 16px; margin-top: 4px; }
    .on { color: var(--pass); } .below { color: var(--fail); } a { color: var(--link); overflow-wrap: anywhere; }
    a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
    .area { margin-top: 14px; } .area > .title { font-size: .92em; color: var(--soft); margin-bottom: 2px; } ul { list-style: none; }
    li { border-top: 1px solid var(--line); } li > details > summary, li > p { display: grid; grid-template-columns: 1.2em 1fr auto; gap: 0 8px; padding: 6px 0; align-items: baseline; }
    summary { cursor: pointer; list-style: none; } summary::-webkit-details-marker { display: none; } summary .word::after { content: " ▾"; } details[open] > summary .word::after { content: " ▴"; }
    .word { font-size: .88em; white-space: nowrap; } .more { padding: 0 0 10px calc(1.2em + 8px); display: grid; gap: 6px; overflow-wrap: anywhere; } .more ul { display: grid; gap: 2px; } .more li { border: 0; }
    .pass { color: var(--pass); } .fail, .error { color: var(--fail); } .unknown { color: var(--unknown); } .waived { color: var(--waived); } .not_applicable { color: var(--soft); }
    .notice { border-left: 3px solid var(--waived); background: var(--raised); padding: 6px 10px; border-radius: 4px; margin-bottom: 10px; font-size: .92em; }
    footer { margin-top: 12px; display: flex; flex-wrap: wrap; gap: 2px 14px; justify-content: space-between; }
    .bar { display: flex; height: 14px; border-radius: 5px; overflow: hidden; background: var(--raised); margin: 10px 0 6px; gap: 2px; } .bar i { display: block; height: 100%; }
    .legend li { display: grid; grid-template-columns: 14px 1fr auto auto; gap: 0 8px; align-items: baseline; padding: 3px 0; } .legend i { width: 11px; height: 11px; border-radius: 3px; }
    .legend b { font-weight: 650; font-variant-numeric: tabular-nums; } .legend .soft { min-width: 3.2em; text-align: right; font-variant-numeric: tabular-nums; }
    .r0 { background: #6a7582; } .rx { background: #aeb7c2; } .r1 { background: #b56f38; } .r2 { background: #93aac2; } .r3 { background: #d9a92f; } .r4 { background: #2b8fa3; }
    .pill { display: inline-flex; border: 1px solid var(--line); border-radius: 999px; overflow: hidden; font-size: .88em; line-height: 1.7; text-decoration: none; color: var(--ink); background: var(--ground); white-space: nowrap; }
    .pill > span { padding: 0 10px; } .pill > .said { font-weight: 650; background: var(--raised); } .inline { display: inline-block; }
    code { font: .9em/1.5 var(--roadworthy-mono, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace); }
    .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @container (max-width: 360px) { section { padding: 12px; } .word:not(:empty) { grid-column: 2; } }
  `.replace(/DARK/g, `--ink: var(--roadworthy-ink, #e7ebf0); --soft: var(--roadworthy-soft, #9daab8); --ground: var(--roadworthy-ground, #171c22);
      --raised: var(--roadworthy-raised, #1f262e); --line: var(--roadworthy-line, #2b343e); --link: var(--roadworthy-link, #8ab6ff); --pass: var(--roadworthy-pass, #74d3ba);
      --fail: var(--roadworthy-fail, #ffb08a); --unknown: var(--roadworthy-unknown, #c0b8f7); --waived: var(--roadworthy-waived, #e5c36d);`);

  /* A style sheet that a page's Content-Security-Policy has nothing against; a <style> where browsers are too old for it. */
  const styled = root => {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch {
      root.append(el("style", {}, STYLE));
    }
  };

  const el = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
    node.append(...children.filter(child => child !== undefined && child !== null && child !== ""));
    return node;
  };

  const safe = url => {
    try {
      const found = new URL(String(url));
      return found.protocol === "https:" || found.protocol === "http:" ? found.href : "";
    } catch {
      return "";
    }
  };

  const link = (url, text) => (safe(url) ? el("a", { href: safe(url), target: "_blank", rel: "noopener noreferrer" }, text) : el("span", {}, text));
  const text = value => String(value ?? "").slice(0, LONGEST);
  /* A text with what stands between backticks, or as (place:line), as code. */
  const coded = value => {
    const parts = text(value).split("`");
    const placed = part => part.split(/(\([^\s()]+:\d+\))/).flatMap((one, at) => (at % 2 ? ["(", el("code", {}, one.slice(1, -1)), ")"] : one));
    return parts.length % 2 ? parts.flatMap((part, at) => (at % 2 ? el("code", {}, part) : placed(part))) : [text(value)];
  };
  const percent = value => (value === null || value === undefined ? "–" : `${Math.round(value * 100)}%`);
  const when = value => (value ? el("time", { datetime: value }, new Date(value).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })) : "never");
  const area = name => AREAS[name] ?? text(name).replace(/[-_]/g, " ").replace(/^./, letter => letter.toUpperCase());

  /* kind:namespace/name, with Backstage's defaults; null for anything else. */
  const parsed = (ref, kind) => {
    const found = /^(?:([^:/]+):)?(?:([^/]+)\/)?([^/]+)$/.exec((ref ?? "").trim());
    return found && (found[1] || kind) ? { kind: (found[1] || kind).toLowerCase(), namespace: (found[2] || "default").toLowerCase(), name: found[3].toLowerCase() } : null;
  };

  const path = (...parts) => parts.map(encodeURIComponent).join("/");

  /* Where a place leads: to its line on the forge, where the server tells it; else, for one in a repository, to `page`. */
  const place = (one, page) => {
    const named = one.path ? `${one.path}${one.line ? `:${one.line}` : ""}` : text(one.url ?? "");
    return { url: one.url || (one.path ? page : ""), named };
  };

  /* ---- asking: one request for each address at a time, whoever wants it ---- */

  const underway = new Map();

  const ask = async (url, signal) => {
    const token = await globalThis.roadworthy?.token?.();
    signal.throwIfAborted?.();
    const headers = { Accept: "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(url, { headers, credentials: "same-origin", signal });
    if (!answer.ok) throw Object.assign(new Error(`the server answered ${answer.status}`), { status: answer.status });
    return answer.json();
  };

  /* Ends in time whoever is silent: the server, or the page's own token(). */
  const bounded = url =>
    new Promise((done, failed) => {
      const ending = new AbortController();
      const timer = setTimeout(() => {
        ending.abort();
        failed(Object.assign(new Error("nobody answered in time"), { said: SILENT }));
      }, giveUp());
      ask(url, ending.signal).then(done, failed).finally(() => clearTimeout(timer));
    });

  const asked = url => {
    if (!underway.has(url)) underway.set(url, bounded(url).finally(() => underway.delete(url)));
    return underway.get(url);
  };

  /* What was shown last, for this tab only: it is gone with it. Not more than MOST_KEPT: the room is the page's own. */
  const remembered = url => {
    try {
      return JSON.parse(sessionStorage.getItem(KEY + url));
    } catch {
      return null;
    }
  };

  const remember = (url, kept) => {
    try {
      const urls = [...(JSON.parse(sessionStorage.getItem(KEY)) ?? []).filter(one => one !== url), url];
      for (const gone of urls.splice(0, urls.length - MOST_KEPT)) sessionStorage.removeItem(KEY + gone);
      sessionStorage.setItem(KEY, JSON.stringify(urls));
      sessionStorage.setItem(KEY + url, JSON.stringify(kept));
    } catch {
      /* full, or not allowed here: then only this widget remembers */
    }
  };

  const forget = url => {
    try {
      sessionStorage.removeItem(KEY + url);
    } catch {
      /* nothing was kept */
    }
  };

  class Widget extends HTMLElement {
    static observedAttributes = ["entity", "team", "scorecard", "server", "refresh", "only-failing", "heading"];
    #timer = 0;
    #patience = 0;
    #turn = 0;
    #changing = false;
    #url = ""; // whose answer is shown
    #kept = null; // that answer: {at, body}
    #stale = ""; // why that is old

    constructor() {
      super();
      this.attachShadow({ mode: "open" });
      styled(this.shadowRoot);
      this.shadowRoot.append(el("div", { part: "widget" }));
    }

    connectedCallback() {
      document.addEventListener("visibilitychange", this.#seen);
      if (this.#kept && !this.#stale && Date.now() - Date.parse(this.#kept.at) < RECENT) this.#changed();
      else this.load();
    }

    disconnectedCallback() {
      document.removeEventListener("visibilitychange", this.#seen);
      clearTimeout(this.#timer);
      clearTimeout(this.#patience);
      this.#turn++;
    }

    /* Several may change at once: they are one change. */
    attributeChangedCallback(_, before, after) {
      if (!this.isConnected || before === after || this.#changing) return;
      this.#changing = true;
      queueMicrotask(() => {
        this.#changing = false;
        if (this.isConnected) this.#changed();
      });
    }

    /* What is shown otherwise needs no new answer; what is asked otherwise does. */
    #changed() {
      const about = this.about();
      if (!about || about.url !== this.#url || !this.#kept) return this.load();
      this.#show(this.#shown(about, this.#kept.body, this.#stale, this.#stale && this.#kept.at));
      this.#again();
    }

    #again() {
      clearTimeout(this.#timer);
      const seconds = this.#seconds();
      if (seconds) this.#timer = setTimeout(() => (document.hidden ? undefined : this.load()), seconds * 1000);
    }

    #seen = () => {
      if (!document.hidden && this.#seconds()) this.load();
    };

    #seconds() {
      const said = Number(this.getAttribute("refresh"));
      return said > 0 ? Math.max(15, said) : 0;
    }

    get server() {
      return (safe(this.getAttribute("server")) || SERVER).replace(/\/$/, "");
    }

    get level() {
      const said = Number(this.getAttribute("heading"));
      return said >= 1 && said <= 6 ? said : 3;
    }

    /* Asks, and shows what came; what was shown last stays meanwhile. Dispatches "roadworthy-loaded" or "roadworthy-failed". */
    async load() {
      clearTimeout(this.#timer);
      clearTimeout(this.#patience);
      const turn = ++this.#turn;
      const about = this.about();
      if (about?.url !== this.#url) this.#kept = null;
      if (!about) {
        this.#url = "";
        return this.#show(this.message("Nothing to show: the reference is not one such as component:default/payments."));
      }
      const old = this.#kept ?? remembered(about.url);
      if (about.url !== this.#url) this.#show(old ? this.#shown(about, old.body) : this.message("Loading…"));
      this.#url = about.url;
      this.#patience = setTimeout(() => this.#show(old ? this.#shown(about, old.body, WAITING, old.at) : this.message("Waiting for the server…", about.page, "Open")), PATIENCE);
      try {
        const body = await asked(about.url);
        if (turn !== this.#turn) return;
        clearTimeout(this.#patience);
        this.#kept = { at: new Date().toISOString(), body };
        this.#stale = "";
        remember(about.url, this.#kept);
        this.#show(this.#shown(about, body));
        this.dispatchEvent(new CustomEvent("roadworthy-loaded", { detail: body }));
      } catch (error) {
        if (turn !== this.#turn) return;
        clearTimeout(this.#patience);
        this.#failed(about, old, error);
      }
      this.#again();
    }

    #failed(about, old, error) {
      if ([401, 403, 404].includes(error.status)) {
        forget(about.url);
        old = null;
      }
      this.#kept = old;
      this.#stale = error.said ?? AWAY;
      if (error.status === 404) this.#show(this.message("Not known here."));
      else if (error.status === 401 || error.status === 403) this.#show(this.message("Sign in to see this.", about.page, "Open"));
      else if (old) this.#show(this.#shown(about, old.body, this.#stale, old.at));
      else this.#show(this.message(error.said ?? "Can't be reached just now.", about.page, "Open"));
      this.dispatchEvent(new CustomEvent("roadworthy-failed", { detail: { status: error.status ?? 0, message: error.message } }));
    }

    /* `said` and `since`: why this is old, and when it came. */
    #shown(about, body, said, since) {
      const notice = since ? el("p", { class: "notice", role: "status" }, said, " This is what it said ", when(since), ".") : undefined;
      try {
        return this.render(about, body, notice);
      } catch {
        return this.message("The answer can't be read.", about.page, "Open");
      }
    }

    /* Replaces what is shown, and keeps open what was opened. */
    #show(node) {
      const root = this.shadowRoot.querySelector("[part=widget]");
      const open = new Set([...root.querySelectorAll("details[open]")].map(one => one.dataset.id));
      const held = this.shadowRoot.activeElement?.closest("[data-id]")?.dataset.id;
      root.replaceChildren(node);
      for (const one of root.querySelectorAll("details")) one.open = open.has(one.dataset.id);
      if (held) root.querySelector(`[data-id="${CSS.escape(held)}"] summary`)?.focus();
    }

    message(said, url, named) {
      return el("section", {}, el("p", { role: "status" }, said, url ? " " : "", url ? link(url, named) : ""));
    }

    heading(...children) {
      return el("div", { class: "title", role: "heading", "aria-level": this.level }, ...children);
    }
  }

  /* ---- <roadworthy-scorecard entity="component:default/payments" scorecard="sre-maturity" only-failing> ---- */

  class Scorecard extends Widget {
    about() {
      const ref = parsed(this.getAttribute("entity"), "component");
      return ref && { ref, url: `${this.server}/api/v1/entities/by-name/${path(ref.kind, ref.namespace, ref.name)}/results`, page: `${this.server}/entities/${path(ref.kind, ref.namespace, ref.name)}` };
    }

    render(about, body, notice) {
      const wanted = this.getAttribute("scorecard");
      const cards = body.scorecards.filter(card => !wanted || card.id === wanted);
      if (!cards.length) return this.message("No scorecard applies to it.", about.page, "Open");
      const parts = cards.map(card => this.#card(about, card));
      return el("div", {}, notice, ...parts);
    }

    #card(about, card) {
      const title = level => NONE[level] ?? text(level).replace(/^./, letter => letter.toUpperCase());
      const target = card.target_level
        ? el("span", { class: card.meets_target ? "on" : "below" }, card.meets_target ? `✓ meets its target, ${title(card.target_level)}` : `✕ below its target, ${title(card.target_level)}`)
        : el("span", { class: "soft" }, "no target");
      const unseen = card.checks.filter(check => check.outcome === "unknown" || check.outcome === "error").length;
      const facts = el("p", { class: "facts" }, target, el("span", { class: "soft" }, `score ${percent(card.score)}, of ${percent(card.coverage)} that could be judged`));
      return el(
        "section",
        { "aria-label": `${text(card.title)} of ${about.ref.name}` },
        el("header", {}, this.heading(text(card.title)), el("p", { class: "level" }, title(card.level))),
        facts,
        card.level_possible !== card.level ? el("p", { class: "soft" }, `Could be ${title(card.level_possible)}: ${unseen === 1 ? "a check" : `${unseen} checks`} could not be seen.`) : undefined,
        ...this.#areas(about, card),
        el("footer", { class: "soft" }, el("span", {}, "As of ", when(card.as_of)), link(about.page, "All details"))
      );
    }

    #areas(about, card) {
      const failing = this.hasAttribute("only-failing");
      const shown = card.checks.filter(check => (failing ? check.outcome === "fail" : check.outcome !== "not_applicable"));
      if (!shown.length) return [el("p", { class: "area soft" }, "No failing checks.")];
      const areas = Map.groupBy ? Map.groupBy(shown, check => check.area) : shown.reduce((all, check) => all.set(check.area, [...(all.get(check.area) ?? []), check]), new Map());
      return [...areas].map(([name, checks]) => {
        checks.sort((one, other) => ORDER.indexOf(one.outcome) - ORDER.indexOf(other.outcome) || other.weight - one.weight);
        const heading = el("div", { class: "title", role: "heading", "aria-level": Math.min(6, this.level + 1) }, area(name));
        const passing = checks.filter(check => check.outcome === "pass");
        const rows = checks.filter(check => check.outcome !== "pass").map(check => el("li", {}, this.#check(about, card, check)));
        return el("div", { class: "area" }, heading, el("ul", {}, ...rows, passing.length ? el("li", {}, this.#passing(card, name, passing)) : ""));
      });
    }

    /* Folded: what is well needs no room. */
    #passing(card, name, checks) {
      const mark = el("span", { class: "pass", "aria-hidden": "true" }, MARKS.pass);
      const said = checks.length === 1 ? "1 check passes" : `${checks.length} checks pass`;
      const list = el("ul", {}, ...checks.map(check => el("li", {}, text(check.title))));
      return el("details", { "data-id": `${card.id} ${name} passing` }, el("summary", {}, mark, el("span", { class: "soft" }, said), el("span", { class: "word" })), el("div", { class: "more" }, list));
    }

    #check(about, card, check) {
      const outcome = ORDER.includes(check.outcome) ? check.outcome : "unknown";
      const word = outcome === "fail" && !check.enforced ? "Counts soon" : FAILED[outcome];
      const head = [el("span", { class: outcome, "aria-hidden": "true" }, MARKS[outcome]), el("span", {}, text(check.title)), el("span", { class: `word ${outcome}` }, word)];
      const more = this.#more(check, `${about.page}#${encodeURIComponent(check.id)}`);
      return more.length ? el("details", { "data-id": `${card.id} ${check.id}` }, el("summary", {}, ...head), el("div", { class: "more" }, ...more)) : el("p", {}, ...head);
    }

    #more(check, page) {
      if (check.outcome === "pass") return [];
      const offenders = check.offenders.slice(0, 8).map(one => {
        const { url, named } = place(one, page);
        const name = text(one.name);
        return el("li", {}, name && name !== named ? `${name} ` : "", named ? link(url, named) : "");
      });
      const rest = check.offenders_total - offenders.length;
      const waiver = check.waiver && el("p", {}, "Waived until ", when(check.waiver.until), ` by ${text(check.waiver.approved_by)}: ${text(check.waiver.reason)}`);
      return [
        check.reason && el("p", {}, ...coded(check.reason)),
        offenders.length ? el("ul", {}, ...offenders, rest > 0 ? el("li", { class: "soft" }, `and ${rest} more`) : "") : undefined,
        waiver,
        check.remediation && check.outcome === "fail" ? el("p", {}, ...coded(check.remediation), el("span", { class: "soft" }, ` (${text(check.effort)})`)) : undefined,
        safe(check.help_url) && el("p", {}, link(check.help_url, "Guidance")),
      ].filter(Boolean);
    }
  }

  /* ---- <roadworthy-badge entity="component:default/payments" scorecard="sre-maturity"> ---- */

  class Badge extends Widget {
    about() {
      const ref = parsed(this.getAttribute("entity"), "component");
      const card = this.getAttribute("scorecard") || "sre-maturity";
      return ref && { ref, url: `${this.server}/badges/${path(ref.kind, ref.namespace, ref.name, card)}.json`, page: `${this.server}/entities/${path(ref.kind, ref.namespace, ref.name)}` };
    }

    render(about, body, notice) {
      const stale = notice ? el("span", { title: notice.textContent }, "⚠", el("span", { class: "hidden" }, notice.textContent)) : undefined;
      const pill = el("a", { class: "pill", href: about.page, target: "_blank", rel: "noopener noreferrer" }, el("span", {}, text(body.label)), el("span", { class: "said" }, text(body.message)), stale);
      return el("span", { class: "inline" }, pill);
    }

    message(said) {
      return el("span", { class: "pill", role: "status" }, el("span", {}, said));
    }
  }

  /* ---- <roadworthy-team team="group:default/payments" scorecard="sre-maturity"> ---- */

  class Team extends Widget {
    about() {
      const ref = parsed(this.getAttribute("team") ?? this.getAttribute("entity"), "group");
      return ref && { ref, url: `${this.server}/api/v1/groups/by-name/${path(ref.namespace, ref.name)}/summary`, page: `${this.server}/groups/${path(ref.namespace, ref.name)}` };
    }

    render(about, body, notice) {
      const wanted = this.getAttribute("scorecard");
      const cards = body.scorecards.filter(card => !wanted || card.scorecard === wanted);
      if (!cards.length) return this.message("Nothing of this team was scored.", about.page, "Open");
      return el("div", {}, notice, ...cards.map(card => this.#card(about, card, body)));
    }

    #card(about, card, body) {
      const found = Object.entries(card.levels);
      const total = found.reduce((sum, [, count]) => sum + count, 0);
      const order = (card.level_order ?? []).map(level => level.id);
      const levels = [...new Set([...[...order].reverse(), ...found.map(([id]) => id)])].filter(id => card.levels[id]);
      const style = id => (id === "not_rated" ? "rx" : id === "none" ? "r0" : `r${Math.min(4, order.indexOf(id) + 1)}`);
      const title = id => NONE[id] ?? text(card.level_order?.find(level => level.id === id)?.title ?? id);
      const bar = el("div", { class: "bar", "aria-hidden": "true" }, ...levels.map(id => {
        const part = el("i", { class: style(id) });
        part.style.flex = card.levels[id];
        return part;
      }));
      const rows = levels.map(id => el("li", {}, el("i", { class: style(id), "aria-hidden": "true" }), el("span", {}, title(id)), el("b", {}, text(card.levels[id])), el("span", { class: "soft" }, percent(card.levels[id] / total))));
      const all = card.on_target === card.with_target;
      const met = el("p", { class: all ? "on" : "below" }, `${all ? "✓" : "✕"} ${card.on_target} of ${card.with_target} meet their target`);
      return el(
        "section",
        { "aria-label": `${text(card.title ?? card.scorecard)} of ${about.ref.name}` },
        el("header", {}, this.heading(`${text(card.title ?? card.scorecard)} of ${about.ref.name}`), el("p", { class: "soft" }, `${total} ${(THINGS[card.scorecard] ?? ["entity", "entities"])[total === 1 ? 0 : 1]}`)),
        card.with_target ? met : el("p", { class: "soft" }, "No targets are set"),
        bar,
        el("ul", { class: "legend" }, ...rows),
        el("footer", { class: "soft" }, el("span", {}, "As of ", when(body.as_of)), link(about.page, "All details"))
      );
    }
  }

  for (const [name, made] of [["roadworthy-scorecard", Scorecard], ["roadworthy-badge", Badge], ["roadworthy-team", Team]]) {
    if (!customElements.get(name)) customElements.define(name, made);
  }
})();
