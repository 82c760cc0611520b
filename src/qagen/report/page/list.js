// The list of questions: pieces of columns, filters, search, and only the rows that can be seen.
"use strict";

report.parts.list = (() => {
  const { make, find, count } = report;
  const ROW_PX = 88;
  const SPARE = 6;
  const OUTCOMES = { "+": "right", "-": "wrong", 0: "no answer", " ": "not asked", "~": "free text" };
  const MARKS = { "+": "✓", "-": "✗", 0: "–", " ": "·", "~": "¶" };
  const SORTS = {
    "": "as in the files",
    clip: "by clip",
    least: "least margin first",
    most: "greatest margin first",
  };

  let about = null;
  let entries = [];
  let byId = new Map();
  let everything = null;
  let begun = null;
  const first = new Promise((resolve) => { begun = resolve; });
  let facets = [];
  let filters = {};
  let matches = [];
  let open = "";
  let drawn = new Map();

  // Columns to entries

  function add(columns) {
    const stems = columns.stems.map((stem) => [report.parted(stem)[0], stem.toLowerCase()]);
    columns.ids.forEach((id, place) => {
      const clip = columns.clip[place];
      const [stem, searched] = stems[columns.stem[place]];
      const entry = {
        id, stem, searched, clip,
        number: entries.length,
        task: columns.task[place],
        family: columns.family[place],
        split: columns.split[place],
        margin: columns.margin[place],
        models: columns.models[place],
      };
      byId.set(id, entry);
      entries.push(entry);
    });
  }

  async function loadAll() {
    const names = about.list_starts.map((_, place) => `list/${String(place).padStart(3, "0")}`);
    names.slice(0, 4).forEach(report.load);
    let painted = 0;
    for (const [place, name] of names.entries()) {
      if (place + 4 < names.length) report.load(names[place + 4]).catch(() => {});
      add(await report.load(name));
      if (place === 0 || performance.now() - painted > 150 || place === names.length - 1) {
        select();
        begun();
        await new Promise((resolve) => setTimeout(resolve));
        painted = performance.now();
      }
    }
    if (byId.has(open)) report.parts.question.show(byId.get(open)); // now it is one of all
  }

  // Filters

  const marginClass = (entry) => about.margins.filter((bound) => entry.margin >= bound).length;

  function facet(name, label, values, of) {
    return { name, label, values, of, choice: null };
  }

  function prepare() {
    const bounds = about.margins;
    const margins = [
      `up to ${bounds[0]} × needed`,
      ...bounds.slice(1).map((bound, place) => `${bounds[place]} to ${bound} × needed`),
      `from ${bounds[bounds.length - 1]} × needed`,
    ];
    facets = [
      facet("task", "Task", about.tasks.map((one) => one.name), (e) => e.task),
      facet("family", "Family", about.families, (e) => e.family),
      facet("split", "Split", about.splits, (e) => e.split),
      facet("margin", "Margin", margins, marginClass),
    ];
    about.models.forEach((model, place) => {
      facets.push(facet(
        `model${place + 1}`, model.name, ["right", "wrong", "no answer", "not asked", "free text"],
        (e) => ["+", "-", "0", " ", "~"].indexOf(e.models[place]),
      ));
    });
    const box = find("facets");
    for (const one of facets) {
      one.choice = make("select", { id: `facet-${one.name}`, onchange: changed });
      box.append(make("label", { class: "facet" }, make("span", {}, one.label), one.choice));
    }
    const sort = make("select", { id: "facet-sort", onchange: changed });
    for (const [value, words] of Object.entries(SORTS)) {
      sort.append(make("option", { value }, words));
    }
    box.append(make("label", { class: "facet" }, make("span", {}, "Order"), sort));
  }

  function changed() {
    const wanted = {};
    for (const one of facets) if (one.choice.value) wanted[one.name] = one.choice.value;
    const text = find("search").value.trim();
    if (text) wanted.text = text;
    if (find("facet-sort").value) wanted.sort = find("facet-sort").value;
    filters = wanted;
    select();
    find("list").scrollTop = 0;
    report.go(open || "questions", filters, { replace: true });
  }

  function suits(entry, words) {
    if (!words.length) return true;
    const clip = about.clip_names[entry.clip].toLowerCase();
    return words.every((word) =>
      entry.searched.includes(word) || clip.includes(word) || entry.id.startsWith(word));
  }

  // One pass: an entry that fails one filter only still counts for the choices of that filter.
  function select() {
    const words = (filters.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    const counts = facets.map((one) => new Array(one.values.length).fill(0));
    const chosen = facets.map((one) => one.values.indexOf(filters[one.name]));
    const found = [];
    const values = new Array(facets.length);
    for (const entry of entries) {
      if (!suits(entry, words)) continue;
      let failed = -1, failures = 0;
      for (let place = 0; place < facets.length; place++) {
        values[place] = facets[place].of(entry);
        if (chosen[place] >= 0 && values[place] !== chosen[place]) { failed = place; failures++; }
      }
      if (failures === 0) {
        found.push(entry);
        for (let place = 0; place < facets.length; place++) counts[place][values[place]]++;
      } else if (failures === 1) counts[failed][values[failed]]++;
    }
    matches = sorted(found);
    facets.forEach((one, place) => relabel(one, counts[place]));
    const active = facets.filter((one) => filters[one.name]).length;
    find("more").textContent = active ? `Filters (${active} on)` : "Filters";
    const total = about.total;
    const loading = entries.length < total ? `, ${count(entries.length)} of ${count(total)} loaded` : "";
    find("found").textContent =
      matches.length === total ? `${count(total)} questions` :
        `${count(matches.length)} of ${count(total)} questions${loading}`;
    find("rows").style.height = `${matches.length * ROW_PX}px`;
    clear();
    paint();
  }

  function sorted(found) {
    if (filters.sort === "clip") return found.sort((a, b) => a.clip - b.clip || a.number - b.number);
    if (filters.sort === "least") return found.sort((a, b) => a.margin - b.margin || a.number - b.number);
    if (filters.sort === "most") return found.sort((a, b) => b.margin - a.margin || a.number - b.number);
    return found;
  }

  function relabel(one, counts) {
    const value = filters[one.name] || "";
    const all = counts.reduce((sum, next) => sum + next, 0);
    const options = [make("option", { value: "" }, `all (${count(all)})`)];
    one.values.forEach((name, place) => {
      if (counts[place] || name === value) {
        options.push(make("option", { value: name }, `${name} (${count(counts[place])})`));
      }
    });
    one.choice.replaceChildren(...options);
    one.choice.value = value;
  }

  // Rows that can be seen

  function clear() {
    find("rows").replaceChildren();
    drawn = new Map();
  }

  function paint() {
    const box = find("list");
    const first = Math.max(0, Math.floor(box.scrollTop / ROW_PX) - SPARE);
    const last = Math.min(
      matches.length, Math.ceil((box.scrollTop + (box.clientHeight || 800)) / ROW_PX) + SPARE);
    for (const [place, row] of drawn) {
      if (place < first || place >= last) { row.remove(); drawn.delete(place); }
    }
    for (let place = first; place < last; place++) {
      if (!drawn.has(place)) {
        const row = rowOf(matches[place], place);
        drawn.set(place, row);
        find("rows").append(row);
      }
    }
    mark();
  }

  function rowOf(entry, place) {
    const task = about.tasks[entry.task].name;
    const marks = Array.from(entry.models, (one, model) => make(
      "span",
      { class: `outcome ${OUTCOMES[one].replace(" ", "-")}`, title: `${about.models[model].name}: ${OUTCOMES[one]}` },
      MARKS[one],
    ));
    const row = make(
      "div",
      {
        class: "row", role: "option", id: `row-${entry.id}`, "aria-posinset": place + 1,
        "aria-setsize": matches.length, onclick: () => pick(entry),
      },
      make("div", { class: "stem" }, entry.stem),
      make(
        "div", { class: "about" },
        make("span", { class: `chip c${entry.task % report.HUES}` }, task),
        make("span", { class: "clip" }, about.clip_names[entry.clip]),
        make("span", { class: "split" }, about.splits[entry.split]),
        marks.length ? make("span", { class: "outcomes" }, marks) : null,
      ),
    );
    row.style.transform = `translateY(${place * ROW_PX}px)`;
    return row;
  }

  function mark() {
    for (const row of drawn.values()) {
      row.setAttribute("aria-selected", String(row.id === `row-${open}`));
    }
    const shown = [...drawn.values()].some((row) => row.id === `row-${open}`);
    if (shown) find("list").setAttribute("aria-activedescendant", `row-${open}`);
    else find("list").removeAttribute("aria-activedescendant");
  }

  function pick(entry, { replace = false } = {}) {
    report.go(entry.id, filters, { replace });
  }

  function step(by) {
    if (!matches.length) return;
    const now = matches.findIndex((entry) => entry.id === open);
    const next = now < 0 ? 0 : Math.min(matches.length - 1, Math.max(0, now + by));
    reveal(next);
    if (matches[next].id !== open) pick(matches[next], { replace: true });
  }

  function reveal(place) {
    const box = find("list");
    const top = place * ROW_PX;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW_PX > box.scrollTop + box.clientHeight) {
      box.scrollTop = top + ROW_PX - box.clientHeight;
    }
  }

  function neighbours() {
    const now = matches.findIndex((entry) => entry.id === open);
    return { now, total: matches.length, before: matches[now - 1], after: now < 0 ? matches[0] : matches[now + 1] };
  }

  // The address to what is shown

  function adopt(wanted) {
    const next = {};
    for (const one of facets) {
      const value = wanted.get(one.name);
      if (one.values.includes(value)) next[one.name] = value;
    }
    if (wanted.get("text")) next.text = wanted.get("text");
    if (wanted.get("sort") in SORTS) next.sort = wanted.get("sort");
    if (JSON.stringify(next) === JSON.stringify(filters)) return;
    filters = next;
    find("search").value = filters.text || "";
    find("facet-sort").value = filters.sort || "";
    select();
  }

  async function show(id, wanted) {
    adopt(wanted);
    document.body.dataset.open = id ? "question" : "list";
    open = id;
    paint();
    if (!id) {
      document.title = `${about.title}: questions`;
      report.parts.question.close();
      if (matchMedia("(min-width: 900px)").matches) {
        await first;
        if (!open && matches.length && report.address().head === "questions") {
          report.go(matches[0].id, filters, { replace: true });
        }
      }
      return;
    }
    if (!byId.has(id)) await everything;
    if (open !== id) return;
    const entry = byId.get(id);
    if (!entry) {
      report.parts.question.missing(id);
      return;
    }
    const place = matches.indexOf(entry);
    if (place >= 0) reveal(place);
    paint();
    report.parts.question.show(entry);
  }

  function start(content) {
    about = content;
    prepare();
    let delay = 0;
    find("search").addEventListener("input", () => {
      clearTimeout(delay);
      delay = setTimeout(changed, 120);
    });
    find("filters").addEventListener("submit", (event) => event.preventDefault());
    find("reset").addEventListener("click", () => {
      find("search").value = "";
      for (const choice of find("facets").querySelectorAll("select")) choice.value = "";
      changed();
    });
    find("more").addEventListener("click", () => {
      const now = find("more").getAttribute("aria-expanded") === "true";
      find("more").setAttribute("aria-expanded", String(!now));
    });
    find("list").addEventListener("scroll", paint, { passive: true });
    new ResizeObserver(paint).observe(find("list"));
    everything = loadAll().catch((error) => report.say(error.message));
  }

  return { start, show, step, neighbours };
})();
