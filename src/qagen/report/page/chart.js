// What is drawn of a clip: the path from above and the timelines, both with a cursor in time.
"use strict";

report.parts.chart = (() => {
  const { draw, make } = report;
  const MINUS = "\u2212";
  const COLOURS = 7;

  const written = (value, digits) => value.toFixed(digits).replace("-", MINUS).replace(/^\u2212(0(\.0+)?)$/, "$1");

  function amount(value, unit) {
    return unit === "m" ? `${written(value, 2)} m` : `${written(value, 0)}°`;
  }

  // Where a time lies between the samples

  function placeOf(times, time) {
    let low = 0, high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time) low = middle; else high = middle - 1;
    }
    return low;
  }

  function valueAt(times, values, time) {
    if (!times.length) return 0;
    const place = placeOf(times, time);
    if (place + 1 >= times.length || time <= times[place]) return values[place];
    const share = (time - times[place]) / (times[place + 1] - times[place]);
    return values[place] + share * (values[place + 1] - values[place]);
  }

  function niceStep(span, wanted, steps) {
    return steps.find((step) => span / step <= wanted) || steps[steps.length - 1];
  }

  const METRES = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000];
  const DEGREES = [5, 10, 15, 30, 45, 90, 180, 360, 720, 1440, 3600, 36000];
  const SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 36000];

  const lasting = (piece, clip) => piece.end - piece.start > 0.95 * clip.duration;

  // The path from above: forward is up in the picture and left is left

  function path(clip) {
    const SIZE = 420, EDGE = 36;
    const times = clip.times;
    const across = clip.lanes.left.map((value) => -value);
    const along = clip.lanes.forward.map((value) => -value);
    const bounds = (values) => [Math.min(0, ...chunked(values, Math.min)), Math.max(0, ...chunked(values, Math.max))];
    const [left, right] = bounds(across), [top, bottom] = bounds(along);
    const span = Math.max(right - left, bottom - top, 1) * 1.16;
    const scale = (SIZE - 2 * EDGE) / span;
    const x = (value) => SIZE / 2 + (value - (left + right) / 2) * scale;
    const y = (value) => SIZE / 2 + (value - (top + bottom) / 2) * scale;
    const svg = draw("svg", {
      viewBox: `0 0 ${SIZE} ${SIZE}`, class: "path", role: "img",
      "aria-label": `Path from above: ${clip.path} m walked, shape: ${clip.shape}`,
    });

    const step = niceStep(span, 6, METRES);
    const grid = draw("g", { class: "grid" });
    const middleX = (left + right) / 2, middleY = (top + bottom) / 2;
    for (let k = Math.ceil((middleX - span / 2) / step); k * step <= middleX + span / 2; k++) {
      grid.append(draw("line", { x1: x(k * step), x2: x(k * step), y1: EDGE, y2: SIZE - EDGE }));
      grid.append(draw("text", { x: x(k * step), y: SIZE - EDGE + 16, "text-anchor": "middle" }, label(-k * step, step)));
    }
    for (let k = Math.ceil((middleY - span / 2) / step); k * step <= middleY + span / 2; k++) {
      grid.append(draw("line", { x1: EDGE, x2: SIZE - EDGE, y1: y(k * step), y2: y(k * step) }));
      grid.append(draw("text", { x: EDGE - 6, y: y(k * step) + 4, "text-anchor": "end" }, label(-k * step, step)));
    }
    grid.append(draw("text", { x: SIZE - EDGE, y: SIZE - 1, "text-anchor": "end", class: "axis" }, "metres to the left"));
    grid.append(draw("text", { x: EDGE, y: 14, class: "axis" }, "metres forward"));
    svg.append(grid);

    const points = (from, to) => {
      const list = [];
      if (!times.length) return list;
      const point = (time) => [x(valueAt(times, across, time)), y(valueAt(times, along, time))];
      list.push(point(from));
      for (let k = placeOf(times, from) + 1; k < times.length && times[k] < to; k++) list.push([x(across[k]), y(along[k])]);
      list.push(point(to));
      return list;
    };
    const line = (list) => list.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" ");
    svg.append(draw("polyline", { class: "whole", points: line(points(0, clip.duration)) }));
    const evidence = draw("g", {});
    const done = draw("polyline", { class: "done" });
    svg.append(done, evidence);
    if (times.length) {
      svg.append(draw("circle", { class: "start", cx: x(across[0]), cy: y(along[0]), r: 6 }));
      const last = times.length - 1;
      svg.append(draw("rect", { class: "end", x: x(across[last]) - 5.5, y: y(along[last]) - 5.5, width: 11, height: 11 }));
    }
    const person = draw("g", { class: "person" }, draw("path", { d: "M0,-15 L7,-4 L-7,-4 Z" }), draw("circle", { r: 7 }));
    svg.append(person);

    let pieces = [];

    function highlight(found) {
      pieces = [];
      evidence.replaceChildren();
      const seen = found.map((piece, place) => [piece, place]).filter(([piece]) => piece.path && !lasting(piece, clip));
      seen.sort(([one], [other]) => other.end - other.start - (one.end - one.start)); // the shorter on top
      seen.forEach(([piece, place]) => {
        const shape = draw("polyline", { class: `evidence e${place % COLOURS}`, points: line(points(piece.start, piece.end)) });
        evidence.append(shape);
        pieces.push([piece, shape]);
      });
    }

    function at(time) {
      if (!times.length) return;
      const heading = valueAt(times, clip.lanes.heading, time);
      const here = [x(valueAt(times, across, time)), y(valueAt(times, along, time))];
      person.setAttribute("transform", `translate(${here[0].toFixed(1)},${here[1].toFixed(1)}) rotate(${(-heading).toFixed(1)})`);
      done.setAttribute("points", line(points(0, time)));
      for (const [piece, shape] of pieces) shape.classList.toggle("now", during(piece, time));
    }

    return { element: svg, at, highlight };
  }

  const during = (piece, time) => time >= piece.start - 1e-3 && time <= piece.end + 1e-3;
  const label = (value, step) => written(value, step < 0.1 ? 2 : step < 1 ? 1 : 0);

  // Arguments of a call are bounded, samples of a clip are not.
  function chunked(values, fold) {
    const found = [];
    for (let k = 0; k < values.length; k += 10000) found.push(fold(...values.slice(k, k + 10000)));
    return found;
  }

  // The timelines: the evidence as bars, then every signal, over the quarters of the clip

  function timelines(clip, lanes, { seek }) {
    const GUTTER = 44, RIGHT = 10, TOP = 20, LANE = 58, GAP = 8, BAR = 22, AXIS = 22;
    const box = make("div", { class: "timelines" });
    const shown = lanes.filter(([signal]) => clip.lanes[signal]);
    const end = Math.max(clip.duration, 1e-3);
    let pieces = [], width = 0, cursor = null, readouts = [], marks = [], now = 0, x = () => 0;

    function redraw() {
      width = Math.max(260, Math.floor(box.clientWidth));
      const strip = pieces.length ? pieces.length * BAR + GAP + 4 : 0;
      const height = TOP + strip + shown.length * (LANE + GAP) + AXIS;
      x = (time) => GUTTER + (Math.min(Math.max(time, 0), end) / end) * (width - GUTTER - RIGHT);
      const svg = draw("svg", {
        width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
        "aria-label": `Timelines of ${shown.map((lane) => lane[1]).join(", ")} over ${written(end, 1)} seconds`,
      });
      marks = [];
      readouts = [];
      drawQuarters(svg, height);
      pieces.forEach((piece, place) => drawBar(svg, piece, place, TOP + 2 + place * BAR));
      shown.forEach((lane, place) => drawLane(svg, lane, TOP + strip + place * (LANE + GAP)));
      drawAxis(svg, height);
      cursor = draw("line", { class: "cursor", y1: TOP - 4, y2: height - AXIS });
      svg.append(cursor);
      svg.addEventListener("pointerdown", (event) => {
        const follow = (moved) => {
          const left = svg.getBoundingClientRect().left;
          seek(Math.min(end, Math.max(0, ((moved.clientX - left - GUTTER) / (width - GUTTER - RIGHT)) * end)));
        };
        follow(event);
        const stop = () => {
          window.removeEventListener("pointermove", follow);
          window.removeEventListener("pointerup", stop);
          window.removeEventListener("pointercancel", stop);
        };
        window.addEventListener("pointermove", follow);
        window.addEventListener("pointerup", stop);
        window.addEventListener("pointercancel", stop);
      });
      box.replaceChildren(svg);
      at(now);
    }

    function drawQuarters(svg, height) {
      for (let quarter = 0; quarter < 4; quarter++) {
        const left = x((quarter * end) / 4), right = x(((quarter + 1) * end) / 4);
        if (quarter % 2) svg.append(draw("rect", { class: "quarter", x: left, y: TOP - 4, width: right - left, height: height - AXIS - TOP + 4 }));
        svg.append(draw("text", { class: "axis", x: (left + right) / 2, y: 12, "text-anchor": "middle" }, `Q${quarter + 1}`));
      }
      for (const [from, to] of clip.gaps || []) {
        svg.append(draw("rect", { class: "gap", x: x(from), y: TOP - 4, width: Math.max(1, x(to) - x(from)), height: height - AXIS - TOP + 4 }, draw("title", {}, "not seen")));
      }
    }

    function drawBar(svg, piece, place, top) {
      const left = x(piece.start), right = Math.max(x(piece.end), x(piece.start) + 3);
      const bar = draw("rect", { class: `stretch e${place % COLOURS}`, x: left, y: top + 14, width: right - left, height: 5, rx: 2 });
      const words = `${piece.what} ${piece.value}`;
      const wide = words.length * 6.2;
      const start = Math.min(Math.max(GUTTER, left), Math.max(GUTTER, width - RIGHT - wide));
      svg.append(draw("text", { class: "words", x: start, y: top + 10 }, words), bar);
      marks.push([piece, bar]);
    }

    function drawLane(svg, [signal, words, unit, least], top) {
      const values = clip.lanes[signal];
      const low = Math.min(...chunked(values, Math.min)), high = Math.max(...chunked(values, Math.max));
      const middle = (low + high) / 2, half = Math.max(high - low, least) * 0.56;
      const y = (value) => top + LANE - 4 - ((value - middle + half) / (2 * half)) * (LANE - 22);
      svg.append(draw("line", { class: "base", x1: GUTTER, x2: width - RIGHT, y1: top + LANE, y2: top + LANE }));
      pieces.forEach((piece, place) => {
        if (piece.lane !== signal) return;
        const band = draw("rect", {
          class: `band e${place % COLOURS}${lasting(piece, clip) ? " lasting" : ""}`, x: x(piece.start), y: top + 2,
          width: Math.max(2, x(piece.end) - x(piece.start)), height: LANE - 2,
        });
        svg.append(band);
        marks.push([piece, band]);
      });
      const step = niceStep(2 * half, 2.5, unit === "m" ? METRES : DEGREES);
      for (let k = Math.ceil((middle - half) / step); k * step <= middle + half; k++) {
        svg.append(draw("line", { class: k === 0 ? "tick zero" : "tick", x1: GUTTER, x2: width - RIGHT, y1: y(k * step), y2: y(k * step) }));
        svg.append(draw("text", { class: "axis", x: GUTTER - 5, y: y(k * step) + 4, "text-anchor": "end" }, unit === "m" ? label(k * step, step) : written(k * step, 0)));
      }
      const points = clip.times.map((time, k) => `${x(time).toFixed(1)},${y(values[k]).toFixed(1)}`).join(" ");
      svg.append(draw("polyline", { class: "signal", points }));
      if (pieces.length) {
        for (const move of clip.movements || []) {
          if (move.lane !== signal) continue;
          svg.append(draw("rect", { class: "movement", x: x(move.start), y: top + LANE - 2, width: Math.max(2, x(move.end) - x(move.start)), height: 4, rx: 1.5 }, draw("title", {}, `${move.words}, ${written(move.start, 1)} to ${written(move.end, 1)} s`)));
        }
      }
      svg.append(draw("text", { class: "name", x: GUTTER + 4, y: top + 12 }, `${words} (${unit})`));
      const readout = draw("text", { class: "readout", x: width - RIGHT - 4, y: top + 12, "text-anchor": "end" });
      svg.append(readout);
      readouts.push([readout, values, unit]);
    }

    function drawAxis(svg, height) {
      const step = niceStep(end, Math.max(3, (width - GUTTER) / 70), SECONDS);
      for (let k = 0; k * step <= end + 1e-6; k++) {
        svg.append(draw("text", { class: "axis", x: x(k * step), y: height - 6, "text-anchor": k ? "middle" : "start" }, `${label(k * step, step)}${k ? "" : " s"}`));
      }
    }

    function at(time) {
      now = time;
      if (!cursor) return;
      cursor.setAttribute("x1", x(time));
      cursor.setAttribute("x2", x(time));
      for (const [readout, values, unit] of readouts) readout.textContent = amount(valueAt(clip.times, values, time), unit);
      for (const [piece, mark] of marks) mark.classList.toggle("now", during(piece, time));
    }

    function highlight(found) {
      pieces = found;
      redraw();
    }

    const watcher = new ResizeObserver(() => {
      if (Math.max(260, Math.floor(box.clientWidth)) !== width) redraw();
    });
    watcher.observe(box);
    return { element: box, at, highlight, close: () => watcher.disconnect() };
  }

  return { path, timelines, during, written, COLOURS };
})();
