"use strict";
(function () {
  var root = document.documentElement;
  var doc = document;

  // Tables: sort by a button in each heading, filter by a field above.

  function value(row, column) {
    var cell = row.cells[column];
    if (!cell.classList.contains("n")) return cell.textContent.trim().toLowerCase();
    return Number(cell.dataset.v || cell.textContent.replace(/,/g, ""));
  }

  function compare(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function sort(table, column, descending) {
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row, i) {
      return {row: row, value: value(row, column), place: i};
    });
    rows.sort(function (a, b) {
      return (descending ? compare(b.value, a.value) : compare(a.value, b.value)) || a.place - b.place;
    });
    rows.forEach(function (r) { body.appendChild(r.row); });
    Array.from(table.tHead.rows[0].cells).forEach(function (th, i) {
      if (i === column) th.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
  }

  function sortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (th, column) {
      if (th.classList.contains("barcell")) return;
      var button = doc.createElement("button");
      button.type = "button";
      while (th.firstChild) button.appendChild(th.firstChild);
      th.appendChild(button);
      button.addEventListener("click", function () {
        var now = th.getAttribute("aria-sort");
        sort(table, column, now ? now === "ascending" : th.classList.contains("n"));
      });
    });
  }

  // What only draws attention to few rows is not worth a field.
  var fewRows = 6;

  function filter(table, text) {
    var words = text.toLowerCase().split(/\s+/);
    var shown = 0;
    var rows = Array.from(table.tBodies[0].rows);
    rows.forEach(function (row) {
      var all = Array.from(row.cells).map(function (c) { return c.textContent; }).join(" ").toLowerCase();
      row.hidden = !words.every(function (w) { return all.indexOf(w) >= 0; });
      if (!row.hidden) shown++;
    });
    return shown + " of " + rows.length + " rows";
  }

  function filterable(table) {
    if (table.tBodies[0].rows.length < fewRows) return;
    var box = doc.createElement("div");
    var label = doc.createElement("label");
    var input = doc.createElement("input");
    var said = doc.createElement("output");
    box.className = "find";
    input.type = "search";
    input.id = table.id + "-filter";
    input.autocomplete = "off";
    input.spellcheck = false;
    label.htmlFor = input.id;
    label.textContent = "Filter rows";
    said.setAttribute("aria-live", "polite");
    input.addEventListener("input", function () { said.textContent = filter(table, input.value); });
    box.append(label, input, said);
    var scroll = table.closest(".scroll") || table;
    scroll.parentNode.insertBefore(box, scroll);
  }

  // A link may name a table's order and filter: #t-domains&sort=-3&filter=example
  // (columns from 1, the largest first where the number is negative).
  function follow() {
    var parts = location.hash.slice(1).split("&");
    var table = parts.length > 1 && doc.getElementById(parts[0]);
    if (!table || !table.classList.contains("sortable")) return;
    parts.slice(1).forEach(function (part) {
      var at = part.indexOf("=");
      var text = "";
      try { text = decodeURIComponent(part.slice(at + 1)); } catch (e) { return; }
      var input = doc.getElementById(table.id + "-filter");
      var column = parseInt(text, 10);
      if (part.slice(0, at) === "sort" && Math.abs(column) >= 1 && Math.abs(column) <= table.tHead.rows[0].cells.length) {
        sort(table, Math.abs(column) - 1, column < 0);
      } else if (part.slice(0, at) === "filter" && input) {
        input.value = text;
        input.dispatchEvent(new Event("input"));
      }
    });
    if (table.closest("details")) table.closest("details").open = true;
    table.closest("section").scrollIntoView();
  }

  doc.querySelectorAll("table.sortable").forEach(sortable);
  doc.querySelectorAll("table.filter").forEach(filterable);
  window.addEventListener("hashchange", follow);
  follow();

  // Charts, drawn again when the colours change, and sized with the page.

  var data = JSON.parse(doc.getElementById("chart-data").textContent);
  var plots = [];

  function colour(name) {
    return getComputedStyle(root).getPropertyValue("--" + name).trim();
  }

  function utc(seconds) {
    return uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
  }

  var dateForms = {day: "{YYYY}-{MM}-{DD}", week: "{YYYY}-{MM}-{DD}", month: "{YYYY}-{MM}", year: "{YYYY}"};
  var stamp = uPlot.fmtDate(dateForms[data.unit]);

  function axes(format) {
    var line = {stroke: colour("line"), width: 1};
    var common = {stroke: colour("dim"), grid: line, ticks: line, font: "13px system-ui, sans-serif"};
    return [
      Object.assign({values: axisDates, space: data.unit === "day" || data.unit === "week" ? 95 : 70}, common),
      Object.assign({values: format, size: axisSize}, common)
    ];
  }

  function axisDates(u, splits, axis, space, step) {
    var form = uPlot.fmtDate(step >= 360 * 86400 ? "{YYYY}" : step >= 27 * 86400 ? "{YYYY}-{MM}" : "{YYYY}-{MM}-{DD}");
    return splits.map(function (s) { return s % 86400 ? "" : form(utc(s)); });
  }

  function axisSize(u, values) {
    var longest = 0;
    (values || []).forEach(function (v) { longest = Math.max(longest, v.length); });
    return 22 + 8 * longest;
  }

  function group(n) {
    return n == null ? "" : String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  function whole(u, splits) {
    return splits.map(function (n) { return n % 1 ? "" : group(n); });
  }

  function options(height, series, format, more) {
    return Object.assign({
      width: 300, height: height, tzDate: utc, axes: axes(format), series: series,
      cursor: {drag: {x: false, y: false}}, legend: {live: true, markers: {width: 2}}
    }, more);
  }

  // The outcomes lie on each other: the tallest bar, which is the sum of all, is
  // drawn first, and what is below it in front.
  function verdicts() {
    var used = [];
    data.labels.forEach(function (label, i) {
      if (data.counts[i].some(function (n) { return n > 0; })) used.push(i);
    });
    var sum = data.starts.map(function () { return 0; });
    var sums = used.map(function (i) {
      return sum = sum.map(function (s, at) { return s + data.counts[i][at]; });
    });
    var series = [{label: data.unit, value: function (u, v) { return v == null ? "" : stamp(utc(v)); }}];
    var drawn = [data.starts];
    used.map(function (i, at) { return {outcome: i, sum: sums[at]}; }).reverse().forEach(function (s) {
      var fill = colour("o" + s.outcome);
      drawn.push(s.sum);
      series.push({
        label: data.labels[s.outcome], stroke: fill, fill: fill, width: 0, points: {show: false},
        paths: uPlot.paths.bars({size: [0.86, 64]}),
        value: function (u, v, si, at) { return at == null ? "" : group(data.counts[s.outcome][at]); }
      });
    });
    return [options(300, series, whole, {scales: {x: {range: around}, y: {range: fromZero}}}), drawn];
  }

  // Room for half a bar on both sides; a lone bar has the width of its unit.
  function around(u, min, max) {
    var days = {day: 1, week: 7, month: 30, year: 365}[data.unit];
    var gap = data.starts.length > 1 ? (max - min) / (data.starts.length - 1) : days * 86400;
    return [min - gap * 0.6, max + gap * 0.6];
  }

  function fromZero(u, min, max) {
    return [0, Math.max(1, max * 1.05)];
  }

  function shares() {
    var series = [{label: data.unit, value: function (u, v) { return v == null ? "" : stamp(utc(v)); }}];
    var drawn = [data.starts];
    var dashes = [[], [8, 4], [2, 3]];
    data.shares.forEach(function (s, i) {
      drawn.push(data.starts.map(function (t, at) { return s.whole[at] ? 100 * s.part[at] / s.whole[at] : null; }));
      series.push({
        label: s.label, stroke: colour("l" + i), width: 2, dash: dashes[i], spanGaps: true,
        points: {show: data.starts.length < 40, size: 6, fill: colour("l" + i)},
        value: function (u, v) { return v == null ? "" : v.toFixed(1) + " %"; }
      });
    });
    var percent = function (u, splits) { return splits.map(function (n) { return n + " %"; }); };
    return [options(240, series, percent, {scales: {x: {range: around}, y: {range: [0, 102]}}}), drawn];
  }

  function draw() {
    plots.forEach(function (p) { p.plot.destroy(); });
    plots = [];
    if (!data.starts.length) return;
    [["chart-verdicts", verdicts], ["chart-shares", shares]].forEach(function (c) {
      var box = doc.getElementById(c[0]);
      var made = c[1]();
      box.closest("figure").hidden = false;
      made[0].width = box.clientWidth || made[0].width;
      plots.push({box: box, plot: new uPlot(made[0], made[1], box)});
    });
  }

  function fit() {
    plots.forEach(function (p) {
      var width = p.box.clientWidth;
      if (width && width !== p.plot.width) p.plot.setSize({width: width, height: p.plot.height});
    });
  }

  draw();
  window.addEventListener("resize", fit);
  ["(prefers-color-scheme: dark)", "print"].forEach(function (query) {
    matchMedia(query).addEventListener("change", draw);
  });
})();
