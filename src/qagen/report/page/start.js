// What the parts of the page share: pieces of data, elements, the address, colours and keys.
// Texts of the data set are untrusted: they only ever become text nodes and attribute values.
"use strict";

const report = (() => {
  const HUES = 7; // colours of tasks in page.css, c0 to c6
  const taken = new Map();
  const waiting = new Map();
  const parts = {};

  // Pieces

  function take(name, content) {
    taken.set(name, content);
  }

  function load(name) {
    if (taken.has(name)) return Promise.resolve(taken.get(name));
    if (!waiting.has(name)) {
      waiting.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = `data/${name}.js`;
        script.onload = () => {
          script.remove();
          if (taken.has(name)) resolve(taken.get(name));
          else reject(new Error(`data/${name}.js is damaged; write the report again`));
        };
        script.onerror = () => {
          script.remove();
          waiting.delete(name);
          reject(new Error(`data/${name}.js could not be loaded; copy the whole folder again`));
        };
        document.head.append(script);
      }));
    }
    return waiting.get(name);
  }

  async function item(kind, starts, number) {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= number) low = middle; else high = middle - 1;
    }
    const piece = await load(`${kind}/${String(low).padStart(3, "0")}`);
    return piece[number - starts[low]];
  }

  // Elements

  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : String(value));
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  }

  const make = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const draw = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);
  const find = (id) => document.getElementById(id);
  // What is asked, and what is said about its words: everything after the last question mark.
  function parted(stem) {
    const cut = stem.lastIndexOf("?") + 1 || stem.length;
    return [stem.slice(0, cut), stem.slice(cut).trim()];
  }

  const count = (number) => number.toLocaleString("en");

  function say(problem) {
    const place = find("problem");
    place.textContent = problem;
    place.hidden = !problem;
  }

  // The address: #overview, #questions?task=…, or #ID?task=…

  function address() {
    const text = location.hash.slice(1);
    const cut = text.indexOf("?");
    const head = decodeURIComponent(cut < 0 ? text : text.slice(0, cut));
    const wanted = new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1));
    return { head: head || "overview", wanted };
  }

  function link(head, wanted) {
    const text = new URLSearchParams(wanted).toString();
    return `#${encodeURIComponent(head)}${text ? `?${text}` : ""}`;
  }

  function go(head, wanted, { replace = false } = {}) {
    const to = link(head, wanted);
    if (to === location.hash) return;
    if (replace) {
      history.replaceState(null, "", to);
      follow();
    } else location.hash = to;
  }

  function follow() {
    const { head, wanted } = address();
    if (head === "content") {
      find("content").focus();
      return;
    }
    const browsing = head !== "overview";
    if (find("overview").hidden !== browsing) window.scrollTo(0, 0);
    find("overview").hidden = browsing;
    find("browse").hidden = !browsing;
    for (const other of document.querySelectorAll("nav a")) {
      const here = (other.dataset.part === "overview") !== browsing;
      if (here) other.setAttribute("aria-current", "page"); else other.removeAttribute("aria-current");
    }
    if (browsing) parts.list.show(head === "questions" ? "" : head, wanted);
    else {
      parts.question.close();
      document.title = `${parts.about.title}: overview`;
    }
  }

  // What is remembered from one visit to the next, where the browser lets a page remember

  function remembered(name) {
    try { return localStorage.getItem(`report.${name}`); } catch { return null; }
  }

  function remember(name, value) {
    try { localStorage.setItem(`report.${name}`, value); } catch { /* a private window */ }
  }

  // Colours

  const THEMES = { auto: "as the system has them", light: "light", dark: "dark" };

  function colour(theme) {
    const chosen = theme in THEMES ? theme : "auto";
    if (chosen === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    find("theme").setAttribute("aria-label", `Colours: ${THEMES[chosen]}`);
    find("theme").title = `Colours: ${THEMES[chosen]}`;
    remember("theme", chosen);
  }

  function nextTheme() {
    const names = Object.keys(THEMES);
    const now = document.documentElement.dataset.theme || "auto";
    colour(names[(names.indexOf(now) + 1) % names.length]);
  }

  // Keys

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || find("help").open) return;
    const target = event.target;
    const typing = target.matches("input[type=search], select, textarea");
    if (typing) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const keys = {
      "/": () => { toQuestions(); find("search").focus(); find("search").select(); },
      "?": () => find("help").showModal(),
      o: () => { location.hash = "#overview"; },
      j: () => toQuestions() || parts.list.step(1),
      k: () => toQuestions() || parts.list.step(-1),
      a: () => parts.question.toggleAnswers(),
      e: () => parts.question.nextEvidence(),
    };
    const inList = target.closest("#list");
    const onButton = target.matches("button, a, summary, input");
    if (!onButton) keys[" "] = () => parts.question.togglePlaying();
    if (!target.matches("input")) {
      keys.ArrowLeft = () => parts.question.nudge(-0.2);
      keys.ArrowRight = () => parts.question.nudge(0.2);
    }
    if (inList) {
      keys.ArrowDown = keys.j;
      keys.ArrowUp = keys.k;
      keys.Enter = () => find("question").focus();
    }
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  }

  function toQuestions() {
    if (!find("browse").hidden) return false;
    location.hash = "#questions";
    return true;
  }

  async function start() {
    colour(remembered("theme") || "auto");
    find("theme").addEventListener("click", nextTheme);
    find("help-open").addEventListener("click", () => find("help").showModal());
    document.addEventListener("keydown", pressed);
    try {
      parts.about = await load("overview");
    } catch (error) {
      say(error.message);
      return;
    }
    find("title").textContent = parts.about.title;
    parts.overview.show(parts.about);
    parts.list.start(parts.about);
    window.addEventListener("hashchange", follow);
    follow();
  }

  document.addEventListener("DOMContentLoaded", start);

  return {
    parts, take, load, item, make, draw, find, parted, count, say, address, link, go, remembered,
    remember, HUES,
  };
})();
