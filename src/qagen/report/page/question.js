// One question: video, path, timelines, options, and why the answer is right.
"use strict";

report.parts.question = (() => {
  const { make, find, count } = report;
  const LETTERS = "ABCDEFGH";
  const RATES = [0.25, 0.5, 1, 2];
  let shown = null;
  let wanted = 0;
  let answers = report.remembered("answers") === "shown";
  let rate = 1;

  // A clock: the video's where there is one, otherwise its own

  function clock(duration, video) {
    let time = 0, running = false, before = 0, until = Infinity, frame = 0, alive = true;
    let film = video;
    const listeners = [];
    const tell = () => listeners.forEach((listener) => listener(time, running));

    function tick(now) {
      if (!alive || !running) return;
      if (film) time = Math.min(duration, film.currentTime);
      else time = Math.min(duration, time + rate * Math.min(0.25, Math.max(0, now - before) / 1000));
      before = now;
      const ended = time >= Math.min(until, duration) - 1e-3 || (film && film.ended);
      if (ended) pause(); else frame = requestAnimationFrame(tick);
      tell();
    }

    function play(to = Infinity) {
      if (time >= duration - 0.02 && to === Infinity) seek(0);
      until = to;
      before = performance.now();
      if (running) return;
      running = true;
      if (film) {
        film.playbackRate = rate;
        const started = film.play();
        if (started) started.catch(() => { if (alive) pause(); });
      }
      frame = requestAnimationFrame(tick);
      tell();
    }

    function pause() {
      running = false;
      cancelAnimationFrame(frame);
      if (film) film.pause();
      tell();
    }

    function seek(to) {
      time = Math.min(duration, Math.max(0, to));
      until = Infinity;
      if (film) film.currentTime = time;
      tell();
    }

    function drop() {
      film = null;
    }

    function close() {
      alive = false;
      pause();
      listeners.length = 0;
    }

    return {
      play, pause, seek, drop, close,
      toggle: () => (running ? pause() : play()),
      nudge: (by) => { pause(); seek(time + by); },
      setRate: () => { if (film) film.playbackRate = rate; },
      listen: (listener) => { listeners.push(listener); listener(time, running); },
      get time() { return time; },
      get running() { return running; },
    };
  }

  // The parts of the article

  function header(entry, question, clip) {
    const { now, total, before, after } = report.parts.list.neighbours();
    const filters = report.address().wanted;
    const jump = (other, words, sign) => (other
      ? make("a", { class: "jump", href: report.link(other.id, filters), "aria-label": words }, sign)
      : make("span", { class: "jump off", "aria-hidden": "true" }, sign));
    const { suite, name: task } = report.parts.about.tasks[entry.task];
    const several = new Set(report.parts.about.tasks.map((one) => one.suite)).size > 1;
    const [asked, note] = report.parted(question.question);
    return make(
      "header", {},
      make(
        "div", { class: "where" },
        make("a", { class: "back", href: report.link("questions", filters) }, "‹ list"),
        jump(before, "Previous question", "‹"),
        make("span", { class: "number" }, now < 0 ? "not in the list" : `${count(now + 1)} of ${count(total)}`),
        jump(after, "Next question", "›"),
        make("a", { class: "id", href: report.link(entry.id), title: "Address of this question" }, `#${entry.id}`),
      ),
      make(
        "p", { class: "tags" },
        make("span", { class: `chip c${entry.task % report.HUES}` }, several ? `${suite}: ${task}` : task),
        make("span", {}, report.parts.about.families[entry.family]),
        make("span", { class: "clip" }, report.parts.about.clip_names[entry.clip]),
        make("span", {}, clip.split),
        make("span", {}, `frame: ${question.frame.replace("_", " ")}`),
      ),
      make("h1", {}, asked),
      note ? make("p", { class: "terms" }, note) : null,
    );
  }

  function screen(clip) {
    if (!clip.video) return { element: null, video: null };
    const video = make("video", {
      src: clip.video, preload: "auto", playsinline: true, tabindex: "-1",
      "aria-label": `Video of ${clip.name}`,
    });
    video.muted = true;
    const note = make("p", { class: "note", hidden: true });
    const words = clip.people ? `Asked about ${clip.people}.` : "";
    const caption = words ? make("figcaption", {}, words) : null;
    return { element: make("figure", { class: "screen" }, video, note, caption), video, note };
  }

  function transport(time, clip) {
    const button = make("button", { type: "button", class: "play", onclick: () => time.toggle() }, "▶");
    const scrub = make("input", {
      type: "range", min: 0, max: clip.duration, step: "any", value: 0, "aria-label": "Time",
      oninput: () => { const to = Number(scrub.value); time.pause(); time.seek(to); },
    });
    const text = make("output", { class: "time" });
    const speed = make(
      "select", { "aria-label": "Speed", onchange: () => { rate = Number(speed.value); time.setRate(); } },
      RATES.map((one) => make("option", { value: one, selected: one === rate }, `${one}×`)),
    );
    time.listen((now, running) => {
      button.textContent = running ? "❚❚" : "▶";
      button.setAttribute("aria-label", running ? "Pause" : "Play");
      scrub.value = now;
      scrub.setAttribute("aria-valuetext", `${now.toFixed(1)} of ${clip.duration.toFixed(1)} seconds`);
      text.textContent = `${now.toFixed(1)} / ${clip.duration.toFixed(1)} s`;
    });
    return make("div", { class: "transport" }, button, scrub, text, speed);
  }

  function options(question) {
    const models = report.parts.about.models;
    if (!question.options.length) {
      return make(
        "div", { class: "reference" },
        make("p", {}, answers ? question.reference : "The answer is free text."),
        answers ? make("ul", {}, (question.claims || []).map((claim) => make("li", {}, claim))) : null,
      );
    }
    const list = make("ol", { class: "options" });
    question.options.forEach((option, place) => {
      const right = place === question.key;
      const chips = (question.answered || []).filter((one) => one[1] === place).map((one) => make(
        "span", { class: `model ${right ? "right" : "wrong"}` },
        `${right ? "✓" : "✗"} ${models[one[0]].name}`,
      ));
      list.append(make(
        "li", { class: answers && right ? "key" : "" },
        make("span", { class: "letter", "aria-hidden": "true" }, LETTERS[place]),
        make("span", { class: "text" }, make("span", { class: "hidden" }, `${LETTERS[place]}. `), option),
        answers && right ? make("span", { class: "tick" }, "✓ right") : null,
        answers && chips.length ? make("span", { class: "models" }, chips) : null,
      ));
    });
    return list;
  }

  function replies(question) {
    const models = report.parts.about.models;
    if (!answers || !models.length) return null;
    const given = new Map((question.answered || []).map((one) => [one[0], one]));
    const rows = models.map((model, number) => {
      const one = given.get(number);
      const place = one ? one[1] : undefined;
      const verdict = !one ? "not asked" : !question.options.length ? "not scored" : place === null ? "no answer" : place === question.key ? "right" : "wrong";
      return make(
        "tr", {},
        make("th", { scope: "row" }, model.name),
        make("td", {}, one && place !== null ? LETTERS[place] : "–"),
        make("td", {}, make("span", { class: `verdict ${verdict.replace(" ", "-")}` }, verdict)),
        make("td", { class: "reply" }, one ? one[2] : ""),
      );
    });
    return make(
      "section", { class: "replies" }, make("h2", {}, "Predictions"),
      make("div", { class: "scroll" }, make(
        "table", {},
        make("thead", {}, make("tr", {}, ["model", "answer", "verdict", "reply"].map((words) => make("th", { scope: "col" }, words)))),
        make("tbody", {}, rows),
      )),
    );
  }

  function evidence(question, time) {
    const rows = question.evidence.map((piece, place) => {
      const play = () => { time.seek(piece.start); time.play(piece.end); };
      const row = make(
        "li", { class: `e${place % report.parts.chart.COLOURS}` },
        make(
          "button", { type: "button", onclick: play },
          make("span", { class: "swatch", "aria-hidden": "true" }),
          make("span", { class: "what" }, piece.what),
          make("span", { class: "value" }, piece.value),
          make("span", { class: "when" }, `${piece.start.toFixed(2)} to ${piece.end.toFixed(2)} s`),
        ),
      );
      time.listen((now) => row.classList.toggle("now", report.parts.chart.during(piece, now)));
      return row;
    });
    return make(
      "section", { class: "evidence-list" }, make("h2", {}, "Evidence"),
      rows.length ? make("ol", {}, rows) : make("p", { class: "quiet" }, "No single measured value: the answer follows from what is not there."),
    );
  }

  function reasons(question) {
    const certificate = question.certificate;
    const share = Math.min(1, Math.log(Math.max(1, question.times)) / Math.log(30));
    const needle = make("span", { class: "needle" });
    needle.style.left = `${100 * share}%`;
    return make(
      "section", { class: "reasons" },
      make("h2", {}, "Why"),
      make("ol", { class: "reasoning" }, question.reasoning.map((sentence) => make("li", {}, sentence))),
      make("h2", {}, "Margin"),
      make("p", {}, `${question.margin} from another answer; at least ${question.band} were needed${question.times ? ` (${question.times}×)` : ""}.`),
      question.times ? make("div", { class: "gauge", "aria-hidden": "true" }, needle) : null,
      question.times ? make("div", { class: "scale", "aria-hidden": "true" }, ["1×", "5×", "30×"].map((words) => make("span", {}, words))) : null,
      certificate ? make("h2", {}, "Certificate") : null,
      certificate ? make("p", {}, certified(certificate)) : null,
      make("p", { class: "quiet" }, question.options.length
        ? `Rule ${question.rule}. Guessing is right ${(100 * question.chance).toFixed(0)} % of the time.`
        : `Rule ${question.rule}. Free text is scored by its reference.`),
    );
  }

  function certified({ model, copies, agreement, at_least: least }) {
    if (!copies) return `The margin is beyond what errors such as those of ${model} reach; no copy had to be tried.`;
    const share = (value) => `${(100 * value).toFixed(1)} %`;
    const surely = least === null || least === undefined ? "" : `; surely at least ${share(least)} of all would`;
    return `${share(agreement)} of ${count(copies)} copies with the errors of ${model} give the same answer${surely}.`;
  }

  // Everything together

  async function show(entry) {
    if (shown && shown.entry.id === entry.id) {
      find("question").firstElementChild.replaceWith(header(entry, shown.question, shown.clip));
      return;
    }
    const turn = ++wanted;
    const about = report.parts.about;
    let question, clip;
    try {
      [question, clip] = await Promise.all([
        report.item("questions", about.question_starts, entry.number),
        report.item("clips", about.clip_starts, entry.clip),
      ]);
    } catch (error) {
      report.say(error.message);
      return;
    }
    if (turn !== wanted) return;
    leave();
    lay(entry, question, clip);
    document.title = `${about.title}: ${question.question}`;
  }

  function lay(entry, question, clip) {
    const article = find("question");
    const { element, video, note } = screen(clip);
    const time = clock(clip.duration, video);
    const chart = report.parts.chart;
    const path = chart.path(clip);
    const lines = chart.timelines(clip, report.parts.about.lanes, { seek: (to) => { time.pause(); time.seek(to); } });
    const asked = make("div", { class: "asked" });
    const explained = make("div", { class: "explained" });
    const stage = make(
      "div", { class: `stage${video ? "" : " silent"}` },
      make("div", { class: "seen" }, element, transport(time, clip), make(
        "figure", { class: "ground" }, path.element,
        make(
          "figcaption", {}, make("span", { class: "from" }, "start"),
          make("span", { class: "to" }, "end"), make("span", { class: "who" }, "person"),
        ),
      )),
      make("div", { class: "told" }, asked, lines.element, explained),
    );
    if (video) {
      video.addEventListener("click", () => time.toggle());
      video.addEventListener("loadedmetadata", () => {
        stage.classList.toggle("wide", video.videoWidth > 1.2 * video.videoHeight);
      });
      video.addEventListener("error", () => {
        note.textContent = "This browser cannot play the video; the measurements still can be.";
        note.hidden = false;
        time.drop();
      });
    }
    article.replaceChildren(header(entry, question, clip), stage);
    shown = { entry, question, clip, time, path, lines, asked, explained, evidence: -1 };
    time.listen((now) => { path.at(now); lines.at(now); });
    fillIn();
    article.scrollTop = 0;
  }

  function fillIn() {
    const { question, time, path, lines, asked, explained } = shown;
    const button = make(
      "button", { type: "button", class: "reveal", "aria-pressed": String(answers), onclick: toggleAnswers },
      answers ? "Hide answers" : "Show answer",
    );
    const hadFocus = asked.contains(document.activeElement);
    asked.replaceChildren(options(question), make("p", { class: "revealing" }, button, make("kbd", {}, "a")));
    if (hadFocus) button.focus();
    explained.replaceChildren(...(answers ? [evidence(question, time), reasons(question), replies(question)].filter(Boolean) : []));
    const found = answers ? question.evidence : [];
    path.highlight(found);
    lines.highlight(found);
    path.at(time.time);
  }

  function toggleAnswers() {
    answers = !answers;
    report.remember("answers", answers ? "shown" : "hidden");
    if (shown) fillIn();
  }

  function nextEvidence() {
    if (!shown || !shown.question.evidence.length) return;
    if (!answers) toggleAnswers();
    shown.evidence = (shown.evidence + 1) % shown.question.evidence.length;
    const piece = shown.question.evidence[shown.evidence];
    shown.time.seek(piece.start);
    shown.time.play(piece.end);
  }

  function close() {
    wanted++;
    leave();
  }

  function leave() {
    if (!shown) return;
    shown.time.close();
    shown.lines.close();
    shown = null;
    find("question").replaceChildren();
  }

  function missing(id) {
    close();
    find("question").replaceChildren(make("p", { class: "notice" }, `No question ${id} is in this report.`));
  }

  return {
    show, close, missing, toggleAnswers, nextEvidence,
    togglePlaying: () => shown && shown.time.toggle(),
    nudge: (by) => shown && shown.time.nudge(by),
  };
})();
