// The panels over the map: legend with its switches, an area's card, the note at the pointer. Text is set, never parsed.
(function () {
  "use strict";
  const OutletMap = (window.OutletMap = window.OutletMap || {});
  const SVG = "http://www.w3.org/2000/svg";
  OutletMap.roomy = 700; // from this width on the legend is open; the app, whose maps are high, sets less
  const MARKS = { met: "●", short: "▲", unknown: "?", none: "–" };

  OutletMap.make = function (tag, name, text) {
    const element = document.createElement(tag);
    if (name) { element.className = name; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  };
  const make = OutletMap.make;

  function drawn(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach((key) => element.setAttribute(key, attributes[key]));
    return element;
  }

  // The swatch of a class of areas: its fill, hatched where unknown, with the sign of its status.
  function areaSwatch(kind) {
    const swatch = drawn("svg", { width: 22, height: 14, class: "om-swatch", "aria-hidden": "true" });
    swatch.append(drawn("rect", { x: 0.5, y: 0.5, width: 21, height: 13, rx: 2, class: "om-edge om-fill-" + kind.fill }));
    if (kind.fill === "unknown-fill") {
      swatch.append(drawn("path", { d: "M2 12 12 2M8 12 18 2M14 12 20 6", class: "om-hatch" }));
    }
    if (MARKS[kind.mark] && kind.mark !== "none") {
      const sign = drawn("text", { x: 11, y: 11, class: "om-sign om-ink-" + kind.mark });
      sign.textContent = MARKS[kind.mark];
      swatch.append(sign);
    }
    return swatch;
  }

  function pointSwatch(kind) {
    const swatch = drawn("svg", { width: 22, height: 14, class: "om-swatch", "aria-hidden": "true" });
    const look = "om-point om-fill-" + kind.fill;
    const form = {
      square: ["rect", { x: 6.5, y: 2.5, width: 9, height: 9 }],
      triangle: ["path", { d: "M11 2 16 11.5H6Z" }],
      reach: ["circle", { cx: 11, cy: 7, r: 6 }],
      cell: ["rect", { x: 4.5, y: 1, width: 13, height: 12 }],
      zone: ["path", { d: "M3 5 8 1H15L19 6 16 13H7Z" }],
      "zone-new": ["path", { d: "M3 5 8 1H15L19 6 16 13H7Z" }],
      route: ["path", { d: "M1 11H7L13 3H21" }],
      "route-off": ["path", { d: "M1 11 21 3" }],
    }[kind.shape] || ["circle", { cx: 11, cy: 7, r: 4.8 }];
    const looks = { reach: "om-reach om-ink-", zone: "om-reach om-ink-", "zone-new": "om-reach om-dashed om-ink-", route: "om-route om-ink-", "route-off": "om-route om-dotted om-ink-" };
    const line = looks[kind.shape];
    swatch.append(drawn(form[0], { ...form[1], class: line ? line + kind.fill : kind.shape === "cell" ? "om-fill-" + kind.fill : look }));
    if (kind.plus) { swatch.append(drawn("path", { d: "M8 7H14M11 4V10", class: "om-plus" })); }
    return swatch;
  }

  function classList(kinds, swatch) {
    const list = make("ul", "om-classes");
    kinds.forEach((kind) => {
      const item = make("li", kind.count ? "" : "om-none");
      item.append(swatch(kind), make("span", "om-class", kind.label), make("span", "om-count", OutletMap.number(kind.count)));
      list.append(item);
    });
    return list;
  }

  OutletMap.number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

  function colouringPart(data, state, redraw) {
    const part = make("div", "om-part");
    const label = make("label", "om-title", data.words.colour + " ");
    const select = make("select", "om-select");
    data.colourings.forEach((colouring, i) => {
      const option = make("option", "", colouring.title + " · " + colouring.unit);
      option.value = String(i);
      select.append(option);
    });
    const holder = make("div");
    const show = () => holder.replaceChildren(classList(data.colourings[state.colouring].classes, areaSwatch));
    select.addEventListener("change", () => { state.colouring = Number(select.value); show(); redraw(); });
    label.append(select);
    show();
    part.append(label, holder);
    return part;
  }

  function layerPart(layer, words, redraw, choose) {
    const part = make("div", "om-part");
    const label = make("label", "om-title");
    const box = make("input");
    box.type = "checkbox";
    box.checked = layer.on;
    box.name = "layer-" + layer.name;
    label.append(box, " " + layer.title + " · " + layer.unit);
    const list = classList(layer.classes.filter((kind) => kind.count), pointSwatch);
    if (layer.left) { list.append(make("li", "om-left", layer.left_text + ": " + OutletMap.number(layer.left))); }
    list.hidden = !layer.on;
    box.addEventListener("change", () => { layer.on = box.checked; list.hidden = !layer.on; redraw(); });
    part.append(label, list);
    if (layer.draws === "lines") {
      part.append(OutletMap.routeChoice(layer, words, (index) => {
        if (index >= 0 && !layer.on) { box.click(); }
        choose(layer, index);
      }));
    }
    return part;
  }

  OutletMap.legend = function (data, state, redraw, choose) {
    const panel = make("details", "om-legend");
    panel.open = window.innerWidth > OutletMap.roomy;
    panel.append(make("summary", "", data.words.layers));
    const inner = make("div", "om-scroll");
    inner.append(colouringPart(data, state, redraw));
    data.layers.forEach((layer) => inner.append(layerPart(layer, data.words, redraw, choose)));
    panel.append(inner);
    return panel;
  };

  OutletMap.card = function (data, close) {
    const card = make("section", "om-card");
    card.hidden = true;
    card.setAttribute("aria-live", "polite");
    const button = make("button", "om-close", "×");
    button.type = "button";
    button.title = data.words.close;
    button.setAttribute("aria-label", data.words.close);
    button.addEventListener("click", close);
    const body = make("div");
    card.append(button, body);
    card.show = (content) => { body.replaceChildren(...content); card.hidden = false; card.scrollTop = 0; };
    return card;
  };

  OutletMap.areaContent = function (areas, colouring, index) {
    const other = areas.label[index] === areas.name[index] ? areas.english[index] : areas.name[index];
    const head = make("h3", "", areas.label[index] + " ");
    head.append(make("small", "", other));
    const where = make("p", "om-where", [areas.code[index], areas.province[index]].filter(Boolean).join(" · "));
    const kind = colouring.classes[colouring.member[index]];
    const status = make("p", "om-status");
    if (kind) { status.append(areaSwatch(kind), " ", kind.label); }
    const facts = make("dl", "om-facts");
    areas.facts.forEach((fact) => facts.append(make("dt", "", fact.label), make("dd", "", fact.values[index])));
    const lines = make("ul", "om-lines");
    areas.lines[index].forEach(([mark, text]) => {
      const line = make("li", "om-line");
      line.append(make("span", "om-ink-" + mark, MARKS[mark] || "·"), " ", text);
      lines.append(line);
    });
    return [head, where, status, facts, lines];
  };

  OutletMap.pointContent = function (hit) {
    const layer = hit.layer;
    const owners = layer.owners ? layer.owned[hit.index].map((owner) => layer.owners[owner]).join(" · ") : "";
    return [
      make("h3", "", layer.text[hit.index]),
      make("p", "om-where", layer.title),
      make("p", "om-note", layer.notes[layer.note[hit.index]]),
      ...(owners ? [make("p", "om-note", owners)] : []),
    ];
  };

  // The note at the pointer: one element, moved about.
  OutletMap.tip = function () {
    const tip = make("div", "om-tip");
    tip.hidden = true;
    tip.show = (point, strong, soft) => {
      tip.replaceChildren(make("strong", "", strong), make("span", "", soft));
      tip.hidden = false;
      const frame = tip.parentElement;
      const left = Math.min(point.x + 14, frame.clientWidth - tip.offsetWidth - 4);
      const top = point.y + 14 + tip.offsetHeight > frame.clientHeight ? point.y - tip.offsetHeight - 10 : point.y + 14;
      tip.style.transform = "translate(" + Math.max(0, left) + "px," + Math.max(0, top) + "px)";
    };
    return tip;
  };
})();
