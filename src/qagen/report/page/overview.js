// The first page: what the data set holds, how even it is, what was left out.
"use strict";

report.parts.overview = (() => {
  const { make, find, count } = report;
  const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

  function panel(title, note, ...children) {
    const kept = children.flat().filter(Boolean);
    return make("section", { class: "panel" }, make("h2", {}, title), note ? make("p", { class: "quiet" }, note) : null, kept);
  }

  // Columns of numbers are set flush right.
  function table(headings, rows) {
    const textOf = (cell) => (cell instanceof Node ? cell.textContent : String(cell));
    const numeric = headings.map((_, place) => place > 0
      && rows.every((row) => /^[\d\s.,%°*–\u2212-]*( [sm])?$/.test(textOf(row[place]))));
    const look = (place) => (numeric[place] ? "n" : null);
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": headings.join(", ") }, make(
      "table", {},
      make("thead", {}, make("tr", {}, headings.map((words, place) => make("th", { scope: "col", class: look(place) }, words)))),
      make("tbody", {}, rows.map(([first, ...others]) => make(
        "tr", {}, make("th", { scope: "row" }, first), others.map((cell, place) => make("td", { class: look(place + 1) }, cell))))),
    ));
  }

  function bar(parts, most, { tick = null } = {}) {
    const line = make("span", { class: "bar", "aria-hidden": "true" });
    for (const [value, look] of parts) {
      const part = make("span", { class: look });
      part.style.width = `${most ? (100 * value) / most : 0}%`;
      line.append(part);
    }
    if (tick !== null) {
      const mark = make("span", { class: "mark" });
      mark.style.left = `${(100 * tick) / most}%`;
      line.append(mark);
    }
    return line;
  }

  function figure(value, words) {
    return make("div", { class: "figure" }, make("strong", {}, value), make("span", {}, words));
  }

  function head(about) {
    return make(
      "div", { class: "head" },
      make("h1", {}, about.title),
      make(
        "div", { class: "figures" },
        figure(count(about.total), "questions"),
        figure(count(about.clips), "clips"),
        figure(about.minutes.toLocaleString("en"), "minutes"),
        figure(count(about.groups), "groups that no split cuts"),
        about.models.length ? figure(String(about.models.length), about.models.length === 1 ? "file of predictions" : "files of predictions") : null,
      ),
      make("p", { class: "begin" }, make("a", { class: "button", href: "#questions" }, "Browse the questions"),
        make("span", { class: "quiet" }, " or press ", make("kbd", {}, "j"))),
    );
  }

  function tasks(about) {
    const totals = about.tasks.map((one) => one.splits.reduce((sum, next) => sum + next, 0));
    const most = Math.max(1, ...totals);
    const rows = about.tasks.map((one, place) => make(
      "li", {},
      make("a", { href: report.link("questions", { task: one.name }) },
        make("span", { class: "name" }, one.name),
        bar(one.splits.map((value, split) => [value, `s${split}`]), most),
        make("span", { class: "value" }, count(totals[place]))),
      make("details", {}, make("summary", {}, `${one.families.length} families`),
        make("ul", { class: "plain" }, one.families.map(([family, number]) => make("li", {}, make(
          "a", { href: report.link("questions", { task: one.name, family }) }, family), ` ${count(number)}`)))),
    ));
    const legend = make("p", { class: "legend" }, about.sides.map(([name, groups, clips, questions], place) => make(
      "span", {}, make("span", { class: `dot s${place}`, "aria-hidden": "true" }), `${name}: ${count(questions)} about ${count(clips)} clips `)));
    return panel("Questions by task and split", "", legend, make("ul", { class: "bars" }, rows));
  }

  function columns(balance) {
    const most = Math.max(1, ...balance.counts);
    const total = balance.counts.reduce((sum, next) => sum + next, 0);
    const label = `${balance.name}: ${balance.labels.map((name, place) => `${name} ${balance.counts[place]}`).join(", ")}; p = ${balance.p.toFixed(2)}`;
    return make(
      "div", { class: "columns" },
      make("div", { class: "plot", role: "img", "aria-label": label },
        balance.counts.map((value, place) => {
          const column = make("span", { class: "column" });
          column.style.height = `${(100 * value) / most}%`;
          return make("span", { class: "slot" }, make("span", { class: "share" }, total ? `${Math.round((100 * value) / total)}` : ""), column, make("span", { class: "label" }, balance.labels[place]));
        })),
      make("p", {}, balance.name, make("br"), make("span", { class: balance.p < 0.01 ? "bad" : "quiet" }, `p = ${balance.p.toFixed(2)}`)),
    );
  }

  function balance(about) {
    const uneven = about.answers.filter((one) => one.p < 0.01).length;
    return panel(
      "Where the right answer stands", "Per cent of right answers by letter, and by rank among the numbers offered. p: how often chance would leave counts at least as uneven.",
      make("div", { class: "balances" }, [...about.letters, ...about.ranks].map(columns)),
      about.answers.length ? make("details", {}, make("summary", {}, `Answers of ${about.answers.length} rules; ${uneven} of them uneven (p < 0.01)`),
        table(["rule", "right answers", "p"], about.answers.map((one) => [one.name, one.labels.map((name, place) => `${name} ${count(one.counts[place])}`).join(" · "), one.p.toFixed(3)]))) : null,
    );
  }

  function stems(about) {
    const rows = about.tasks.filter((one) => one.chance !== null).map((one) => make(
      "li", {}, make("div", {},
        make("span", { class: "name" }, one.name),
        one.majority === null ? make("span", { class: "quiet" }, "too few alike to tell") : bar([[one.majority, "s0"]], 1, { tick: one.chance }),
        make("span", { class: "value" }, one.majority === null ? "" : percent(one.majority, 0)))));
    return panel("Right by knowing the wording alone", "The share of each wording's most frequent answer; the line is guessing.", make("ul", { class: "bars" }, rows));
  }

  function audit(about) {
    const found = about.audit;
    if (!found) {
      return panel("Answers without the video", "", make("p", {}, "No audit was given. ", make("code", {}, "qagen audit DATASET --json audit.json"), " tries two dozen models that see no video; ", make("code", {}, "qagen report … --audit audit.json"), " shows them here."));
    }
    const accused = found.findings.filter((one) => Object.values(one.scores).some((score) => score.accused)).length;
    const meanings = new Map(found.findings.map((one) => [one.model, one.meaning]));
    const rows = Object.entries(found.best).map(([name, best]) => [
      name, make("span", { class: "model-name" }, best.model, make("small", {}, meanings.get(best.model) || "")), make("span", { class: best.score.accused ? "bad" : "" }, `${best.score.points.toFixed(1)}${best.score.accused ? " *" : ""}`),
      percent(best.score.accuracy), `${percent(best.score.low)} – ${percent(best.score.high)}`, percent(best.score.chance),
    ]);
    return panel(
      "Answers without the video",
      `${found.findings.length} models that see no video, on ${count(found.rows)} questions in ${found.folds} folds: ${accused ? `${accused} are above chance by more than luck (*)` : "none is above chance by more than luck"}. Points: 0 is guessing, 100 all right.`,
      table(["task", "best model", "points", "right", "95 %", "chance"], rows),
    );
  }

  function blind(about) {
    if (!about.blind.length) return null;
    return panel(
      "Bounded for blind models", "The best model that sees no video, before and after questions were withheld to keep it below a bound. Points: 0 is guessing, 100 all right.",
      table(["task", "before", "after", "kept", "best model before", ""], about.blind.map((one) => [one.name, one.before.toFixed(1), one.after.toFixed(1), percent(one.kept, 0), one.model, one.note])),
    );
  }

  function certificates(about) {
    if (!about.certificates.length) {
      return panel("Certificates", "", make("p", {}, "No answer was certified: nobody has tried whether the answers survive the errors of a tracker."));
    }
    return panel(
      "Certificates", `Answers that were tried on copies with the errors of a tracker: ${about.error_models.join("; ")}.`,
      table(["task", "questions", "with certificate", "same answer", "least", "sound before", "certified"], about.certificates.map((one) => [
        one.name, count(one.rows), count(one.certified), percent(one.agreement), percent(one.least),
        one.sound === null ? "" : count(one.sound), one.survived === null ? "" : count(one.survived)])),
    );
  }

  function models(about) {
    if (!about.models.length) return null;
    const texts = about.models.some((one) => one.texts);
    const headings = ["model", "score", "right", "wrong", "no answer", "not asked", ...(texts ? ["free text"] : []), ...about.tasks.map((one) => one.name)];
    const points = (value) => (value === null ? "" : value.toFixed(1));
    return panel(
      "Predictions", "Score: points above chance, 0 for guessing and 100 for all right; the mean over tasks.",
      table(headings, about.models.map((one, place) => [
        one.name, points(one.score), count(one.right),
        make("a", { href: report.link("questions", { [`model${place + 1}`]: "wrong" }) }, count(one.wrong)),
        count(one.unanswered), count(one.unasked), ...(texts ? [count(one.texts)] : []), ...one.scores.map(points)])),
    );
  }

  function leftOut(about) {
    const reasons = new Map();
    for (const one of about.tasks) for (const [reason, number] of one.rejected) reasons.set(reason, (reasons.get(reason) || 0) + number);
    const ranked = [...reasons].sort((one, other) => other[1] - one[1]);
    const byTask = about.tasks.map((one) => new Map(one.rejected));
    const most = Math.max(1, ...byTask.flatMap((one) => [...one.values()]));
    const cell = (value) => {
      const shade = make("span", { class: "shade" }, value ? count(value) : "");
      shade.style.setProperty("--share", value ? (0.08 + 0.5 * Math.sqrt(value / most)).toFixed(3) : "0");
      return shade;
    };
    return panel(
      "Not in the data set", "",
      about.withheld.length ? make("h3", {}, "Sound, but withheld") : null,
      about.withheld.length ? table(["reason", "questions"], about.withheld.map(([reason, number]) => [reason, count(number)])) : null,
      ranked.length ? make("h3", {}, "Could not be asked") : null,
      ranked.length ? table(["reason", ...about.tasks.map((one) => one.name), "all"], ranked.map(([reason, number]) => [reason, ...byTask.map((one) => cell(one.get(reason))), count(number)])) : null,
      about.unreadable ? make("p", {}, `${count(about.unreadable)} files could not be read.`) : null,
    );
  }

  function motions(about) {
    const most = Math.max(1, ...about.movements.map((one) => one[1]));
    const rows = about.movements.slice(0, 14).map(([name, number]) => make(
      "li", {}, make("div", {}, make("span", { class: "name" }, name.replaceAll("_", " ").replace("-", "\u2212")), bar([[number, "s2"]], most), make("span", { class: "value" }, count(number)))));
    return panel("Motions", "", table(["", "least", "quarter", "median", "three quarters", "most"], about.motions.map(([name, values]) => [name, ...values])),
      make("h3", {}, "Movements in the clips"), make("ul", { class: "bars" }, rows));
  }

  function origin(about) {
    return panel("How it was made", "", make("dl", { class: "pairs" }, about.made.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))));
  }

  function show(about) {
    find("overview").replaceChildren(
      head(about),
      make(
        "div", { class: "panels" },
        make("div", {}, [tasks, balance, stems, certificates].map((part) => part(about))),
        make("div", {}, [audit, blind, motions].map((part) => part(about)).filter(Boolean)),
        [models, leftOut, origin].map((part) => part(about)),
      ),
    );
  }

  return { show };
})();
