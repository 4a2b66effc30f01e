/* Draws the tables of the figures with uPlot. Without this script the tables are all there
   is, and they say the same. Colours are those of the style sheet, in light and dark. */
"use strict";

(() => {
  const MOST = 14;
  const drawn = [];

  function read(id) {
    const table = document.getElementById(id);
    const heads = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
    const rows = [...table.tBodies[0].rows].slice(-MOST * 50);
    return {
      heads,
      names: rows.map((row) => row.cells[0].textContent),
      columns: heads.map((_, n) =>
        rows.map((row) => Number(row.cells[n + 1].textContent.replaceAll(",", "")))),
    };
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /* Bars stand on one another: each is drawn to the sum of those below it, the highest
     first, so that the lower ones cover it. */
  function stacked(columns) {
    const sums = [];
    for (const column of columns) {
      const below = sums.at(-1) ?? column.map(() => 0);
      sums.push(column.map((value, n) => value + below[n]));
    }
    return sums.reverse();
  }

  function shorten(name) {
    return name.length > 16 ? `${name.slice(0, 15)}\u2026` : name;
  }

  function draw(place) {
    const data = read(place.dataset.chart);
    const kinds = "stacked" in place.dataset ? data.columns.slice(0, -1) : data.columns;
    const shown = Math.min(MOST, data.names.length);
    const names = data.names.slice(0, shown);
    const bars = stacked(kinds.map((column) => column.slice(0, shown)));
    const width = place.clientWidth || place.parentElement.clientWidth;
    const font = "13px 'Source Sans Pro Web', sans-serif";
    const axis = { stroke: colour("--ink"), font, grid: { stroke: colour("--line") }, ticks: { show: false } };
    const step = Math.ceil((names.length * 90) / Math.max(width, 1));
    const options = {
      width,
      height: 240,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-0.6, names.length - 0.4] }, y: { range: (_u, _min, max) => [0, Math.max(4, max * 1.1)] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          splits: () => names.map((_, n) => n).filter((n) => n % step === 0),
          values: (_u, splits) => splits.map((n) => shorten(names[n] ?? "")),
        },
        { ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5] },
      ],
      series: [
        {},
        ...bars.map((_, n) => ({
          fill: colour(`--kind-${bars.length - n}`),
          stroke: colour("--paper"),
          width: 1,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.6, 56] }),
        })),
      ],
    };
    place.replaceChildren();
    drawn.push(new uPlot(options, [names.map((_, n) => n), ...bars], place));
  }

  function all() {
    while (drawn.length) drawn.pop().destroy();
    for (const place of document.querySelectorAll("[data-chart]")) {
      place.hidden = false;
      draw(place);
    }
  }

  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(all, 150);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  all();
})();
