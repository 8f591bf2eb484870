// Puts the map together: areas, lines, points, labels, and the panels over them.
(function () {
  "use strict";
  const OutletMap = (window.OutletMap = window.OutletMap || {});
  const LABEL_ZOOM = 6;

  function hatch() {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 7;
    const ctx = tile.getContext("2d");
    ctx.fillStyle = OutletMap.colour("unknown-fill");
    ctx.fillRect(0, 0, 7, 7);
    ctx.strokeStyle = OutletMap.colour("unknown-line");
    ctx.lineWidth = 1.3;
    ctx.beginPath();
    ctx.moveTo(-1, 8); ctx.lineTo(8, -1); ctx.moveTo(-1, 1); ctx.lineTo(1, -1); ctx.moveTo(6, 8); ctx.lineTo(8, 6);
    ctx.stroke();
    return ctx.createPattern(tile, "repeat");
  }

  const flip = (ring) => ring.map(([lon, lat]) => [lat, lon]);

  function pane(map, name, level) {
    const element = map.createPane(name);
    element.style.zIndex = String(level);
    element.style.pointerEvents = "none";
    return name;
  }

  // Lines without the pieces that run along some shapes, all given by the same points.
  function linesBeside(lines, shapes) {
    const taken = new Set(shapes.flat(3).map(String));
    const kept = [];
    lines.forEach((line) => {
      let run = [];
      line.forEach((point, n) => {
        if (n > 0 && taken.has(String(line[n - 1])) && taken.has(String(point))) { kept.push(run); run = []; }
        run.push(point);
      });
      kept.push(run);
    });
    return kept.filter((run) => run.length > 1);
  }

  function drawLines(map, lines, name, weight, renderer) {
    const style = { weight: weight, fill: false, interactive: false, renderer: renderer, color: OutletMap.colour(name) };
    return L.polyline(lines.map(flip), style).addTo(map);
  }

  function labelsOf(data, state, zoom) {
    const seen = (i) => (data.provinces.size[i] * 256 * Math.pow(2, zoom)) / 360 > 5;
    const provinces = data.provinces.world
      .map((world, i) => ({ world: world, text: data.provinces.label[i], strong: true }))
      .filter((label, i) => seen(i));
    if (zoom < LABEL_ZOOM) { return data.provinces.label.length > 1 ? provinces : areaLabels(data, state); }
    return areaLabels(data, state);
  }

  function areaLabels(data, state) {
    const order = data.areas.world.map((world, i) => i);
    order.sort((a, b) => (b === state.area) - (a === state.area) || data.areas.size[b] - data.areas.size[a]);
    return order.map((i) => ({ world: data.areas.world[i], text: data.areas.label[i], below: 13, strong: i === state.area }));
  }

  OutletMap.draw = (map, dataId) => OutletMap.build(map, JSON.parse(document.getElementById(dataId).textContent));

  // Draws the map, and returns what changes it afterwards. `state.busy`: clicks mean something else for now.
  OutletMap.build = function (map, data) {
    const state = { colouring: 0, area: -1, hover: -1, outlet: "", route: -1, busy: false, kept: false };
    const gone = new AbortController();
    const areas = data.areas;
    const container = map.getContainer();
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", data.words.map);
    areas.world = areas.at.map(([lon, lat]) => OutletMap.project(lon, lat));
    data.provinces.world = data.provinces.at.map(([lon, lat]) => OutletMap.project(lon, lat));
    const prepare = (layer) => OutletMap.prepare(layer, () => painters.below.repaint());

    let pattern = hatch();
    const canvas = L.canvas({ padding: 0.3 });
    const cornersOf = (parts) => parts.map((rings) => rings.map(flip));
    const polygons = areas.shape.map((parts) => L.polygon(cornersOf(parts), { renderer: canvas, smoothFactor: 0.6 }).addTo(map));
    areas.size = polygons.map((polygon) => {
      const box = polygon.getBounds();
      return (box.getNorth() - box.getSouth()) * (box.getEast() - box.getWest());
    });
    const above = L.canvas({ pane: pane(map, "lines", 410), padding: 0.3 });
    const lines = [drawLines(map, data.province_lines, "province-line", 1.2, above), drawLines(map, data.boundary_lines, "province-line", 1.4, above)];
    const shown = (draws) => data.layers.filter((layer) => layer.on && layer.draws === draws);
    const painters = {
      below: new OutletMap.Painter((ctx, toPixel, seen, zoom, view) => shown("picture").forEach((layer) => OutletMap.paintPicture(layer, ctx, toPixel, view)), { pane: pane(map, "below", 405) }),
      shapes: new OutletMap.Painter(paintShapes, { pane: pane(map, "shapes", 420) }),
      signs: new OutletMap.Painter((...view) => { if (data.colourings.length) { OutletMap.paintSigns(areas, data.colourings[state.colouring], ...view); } }, { pane: pane(map, "signs", 435) }),
      points: new OutletMap.Painter((...view) => shown("points").forEach((layer) => OutletMap.paintPoints(layer, ...view)), { pane: pane(map, "points", 430) }),
      labels: new OutletMap.Painter((ctx, toPixel, seen, zoom) => OutletMap.paintLabels(labelsOf(data, state, zoom), ctx, toPixel, seen), { pane: pane(map, "labels", 440) }),
    };
    function paintShapes(ctx, toPixel, seen, zoom, view) {
      shown("polygons").forEach((layer) => OutletMap.paintPolygons(layer, ctx, toPixel, view, state.outlet));
      shown("lines").forEach((layer) => OutletMap.paintLines(layer, ctx, toPixel, view, state.route));
    }
    data.layers.forEach(prepare);
    Object.values(painters).forEach((painter) => painter.addTo(map));

    const selection = L.polyline([], { weight: 2.6, interactive: false, renderer: above }).addTo(map);
    const ring = L.circleMarker([0, 0], { radius: 10, weight: 2.6, fill: false, interactive: false, renderer: above });
    const hovered = L.polyline([], { weight: 1.6, interactive: false, renderer: above }).addTo(map);
    const ringsOf = (i) => areas.shape[i].flatMap((rings) => rings.map(flip));

    // Finer outlines of some areas while a paint brings them: near a border the coarse ones lie in a neighbour.
    const coarse = { shape: areas.shape, lines: data.province_lines };
    function outline(fine) {
      const before = areas.shape;
      areas.shape = coarse.shape.slice();
      if (fine) { fine.at.forEach((i, n) => { areas.shape[i] = fine.shape[n].map((rings) => rings.map(OutletMap.walked)); }); }
      polygons.forEach((polygon, i) => { if (areas.shape[i] !== before[i]) { polygon.setLatLngs(cornersOf(areas.shape[i])); } });
      const drawn = fine ? [...linesBeside(coarse.lines, fine.at.map((i) => coarse.shape[i])), ...fine.lines.map(OutletMap.walked)] : coarse.lines;
      lines[0].setLatLngs(drawn.map(flip));
      selection.setLatLngs(state.area < 0 ? [] : ringsOf(state.area));
      hovered.setLatLngs([]);
    }

    function styleOf(i) {
      const colouring = data.colourings[state.colouring];
      const kind = colouring && colouring.classes[colouring.member[i]];
      const fill = kind ? kind.fill : "none-fill";
      return { weight: 0.4, color: OutletMap.colour("area-line"), fillOpacity: 1, fillColor: fill === "unknown-fill" ? pattern : colours[fill] };
    }
    let colours = {};
    function recolour() {
      colours = {};
      data.colourings.forEach((colouring) => colouring.classes.forEach((kind) => { colours[kind.fill] = OutletMap.colour(kind.fill); }));
      colours["none-fill"] = OutletMap.colour("none-fill");
      pattern = hatch();
      polygons.forEach((polygon, i) => polygon.setStyle(styleOf(i)));
      lines.forEach((line) => line.setStyle({ color: OutletMap.colour("province-line") }));
      [selection, hovered, ring].forEach((line) => line.setStyle({ color: OutletMap.colour("ink") }));
      Object.values(painters).forEach((painter) => painter.repaint());
    }

    // Other colours, points, cards and finer outlines for the same areas; the view, the layers switched on and the open card stay.
    function paint(next) {
      const name = (data.colourings[state.colouring] || {}).name;
      const on = new Map(data.layers.map((layer) => [layer.name, layer.on]));
      Object.assign(data, { colourings: next.colourings, layers: next.layers });
      OutletMap.credit(map, next.owed || [], data.named);
      Object.assign(areas, { facts: next.facts, lines: next.lines });
      data.layers.forEach((layer) => { layer.on = on.has(layer.name) ? on.get(layer.name) : layer.on; prepare(layer); });
      state.route = -1;
      state.colouring = Math.max(0, data.colourings.findIndex((colouring) => colouring.name === name));
      const fresh = legendOf();
      fresh.open = legend.open;
      legend.replaceWith(fresh);
      legend = fresh;
      outline(next.fine);
      recolour();
      if (state.area >= 0) { card.show(OutletMap.areaContent(areas, data.colourings[state.colouring], state.area)); }
    }

    function say(name, code) {
      container.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: code }));
    }
    function close() {
      card.hidden = true;
      state.area = -1;
      selection.setLatLngs([]);
      ring.remove();
      choose("", -1);
      painters.labels.repaint();
      say("area:selected", "");
    }
    function select(i, move) {
      state.area = i;
      selection.setLatLngs(ringsOf(i));
      ring.remove();
      choose("", -1);
      card.show(OutletMap.areaContent(areas, data.colourings[state.colouring], i));
      const low = map.getSize().x < 700 && legend.open ? legend.offsetHeight : 40;
      if (move) { map.fitBounds(polygons[i].getBounds(), { paddingTopLeft: [40, 40], paddingBottomRight: [card.offsetWidth + 40, low], maxZoom: 9 }); }
      painters.labels.repaint();
      say("area:selected", areas.code[i]);
    }
    function selectProvince(name) {
      const inside = areas.province.map((province, i) => (province === name ? i : -1)).filter((i) => i >= 0);
      fitAreas(inside);
      say("province:selected", data.provinces.code ? data.provinces.code[data.provinces.name.indexOf(name)] : name);
    }
    function fitAreas(inside) {
      if (inside.length) { map.fitBounds(inside.reduce((box, i) => box.extend(polygons[i].getBounds()), L.latLngBounds([]))); }
    }
    function showPoint(hit) {
      mark(hit);
      if (hit.layer.id) { say("outlet:selected", hit.layer.id[hit.index]); }
    }
    // The outlet whose surroundings stand out, the route that does; none: "" and -1.
    function choose(outlet, route) {
      if (state.outlet === outlet && state.route === route) { return; }
      Object.assign(state, { outlet: outlet, route: route });
      const select = legend.querySelector(".om-routes");
      if (select) { select.value = route < 0 ? "" : String(route); }
      painters.shapes.repaint();
    }
    function showRoute(layer, index, move) {
      if (index < 0) { close(); return; }
      ring.remove();
      state.area = -1;
      selection.setLatLngs([]);
      card.show(OutletMap.lineContent({ layer: layer, index: index }));
      choose("", index);
      if (move) { fitPoints(OutletMap.walked(layer.path[index])); }
    }
    function fitPoints(points) {
      const low = map.getSize().x < 700 && legend.open ? legend.offsetHeight : 40;
      const left = map.getSize().x < 700 || !legend.open ? 40 : legend.offsetWidth + 20;
      map.fitBounds(flip(points), { paddingTopLeft: [left, 60], paddingBottomRight: [card.offsetWidth + 60, low], maxZoom: 15 });
    }
    function mark(hit) {
      card.show(OutletMap.pointContent(hit));
      choose(hit.layer.id ? hit.layer.id[hit.index] : "", -1);
      ring.setLatLng([hit.layer.lat[hit.index], hit.layer.lon[hit.index]]).addTo(map);
    }
    // Shows an area or an outlet by its code.
    function find(code, move) {
      const i = areas.code.indexOf(code);
      if (i >= 0) { select(i, move); return; }
      const layer = data.layers.find((one) => one.id && one.id.includes(code));
      if (!layer) { close(); return; }
      const index = layer.id.indexOf(code);
      map.setView([layer.lat[index], layer.lon[index]], Math.max(map.getZoom(), 10));
      mark({ layer: layer, index: index });
    }

    function turnOn(layer) {
      const box = legend.querySelector("input[name=layer-" + layer.name + "]");
      if (!layer.on) { box.click(); }
    }

    const card = OutletMap.card(data, close);
    const tip = OutletMap.tip();
    const search = OutletMap.search(data, (entry) => (entry.province ? selectProvince(entry.province) : select(entry.area, true)));
    const legendOf = () => {
      const panel = OutletMap.legend(data, state, () => { recolour(); if (state.area >= 0) { select(state.area, false); } }, (layer, index) => showRoute(layer, index, true));
      L.DomEvent.disableClickPropagation(panel);
      L.DomEvent.disableScrollPropagation(panel);
      return panel;
    };
    let legend = legendOf();
    [search, legend, card, tip].forEach((element) => {
      L.DomEvent.disableClickPropagation(element);
      L.DomEvent.disableScrollPropagation(element);
      container.append(element);
    });

    // From afar ten thousand outlets lie everywhere: there a click means the area.
    const named = () => shown("points").filter((layer) => layer.text.length && !(layer.many && map.getZoom() < 6));
    const hitAt = (event) => OutletMap.nearest(map, named(), event.layerPoint) || OutletMap.nearestLine(map, shown("lines"), event.layerPoint);
    polygons.forEach((polygon, i) => {
      polygon.on("click", (event) => { if (!state.busy && !hitAt(event)) { select(i, false); } });
      polygon.on("mouseover", () => { state.hover = i; });
      polygon.on("mouseout", () => { state.hover = -1; hovered.setLatLngs([]); });
    });
    map.on("click", (event) => {
      const hit = state.busy ? null : hitAt(event);
      if (hit) { if (hit.line) { showRoute(hit.layer, hit.index, false); } else { showPoint(hit); } }
    });
    map.on("mousemove", (event) => {
      const hit = hitAt(event);
      if (hit) { tip.show(event.containerPoint, hit.layer.text[hit.index], hit.line ? hit.layer.hint[hit.index] : hit.layer.title); return; }
      if (state.hover < 0) { tip.hidden = true; return; }
      const colouring = data.colourings[state.colouring];
      const kind = colouring && colouring.classes[colouring.member[state.hover]];
      hovered.setLatLngs(ringsOf(state.hover));
      tip.show(event.containerPoint, areas.label[state.hover], kind ? kind.label : "");
    });
    map.on("mouseout", () => { tip.hidden = true; });
    container.addEventListener("area:show", (event) => { const i = areas.code.indexOf(event.detail); if (i >= 0) { select(i, true); } });
    container.addEventListener("area:hover", (event) => { const i = areas.code.indexOf(event.detail); hovered.setLatLngs(i < 0 ? [] : ringsOf(i)); });
    container.addEventListener("route:show", (event) => {
      const layer = data.layers.find((one) => one.draws === "lines");
      if (layer && event.detail < layer.path.length) { turnOn(layer); showRoute(layer, event.detail, true); }
    });
    container.addEventListener("province:show", (event) => selectProvince(event.detail));

    const home = L.latLngBounds(data.bounds);
    // What the country leaves free goes to where the legend lies: to the left, or below where that is narrow.
    function fit() {
      const zoom = map.getBoundsZoom(home, false, L.point(12, 12));
      const corners = [home.getSouthWest(), home.getNorthEast()].map((corner) => map.project(corner, zoom));
      const free = map.getSize().x - (corners[1].x - corners[0].x) - 12;
      const left = legend.open ? Math.max(0, Math.min(legend.offsetWidth, free - 50)) : 0;
      // A country leaves its lower left corner free, so the legend may reach into it.
      const tall = corners[0].y - corners[1].y;
      const below = legend.open && free < 120 ? Math.max(0, Math.min(legend.offsetHeight - 0.4 * tall, map.getSize().y / 2)) : 0;
      map.fitBounds(home, { paddingTopLeft: [6 + (below ? 0 : left), 6 + (below ? 38 : 0)], paddingBottomRight: [6, 6 + below], animate: false });
      const covered = below ? coveredAreas() : 0;
      if (!covered || legend.offsetWidth > 0.42 * map.getSize().x) { return; }
      // Where there is something in that corner, the map stands beside the legend if that covers less of it.
      const view = [map.getCenter(), map.getZoom()];
      map.fitBounds(home, { paddingTopLeft: [16 + legend.offsetWidth, 6], paddingBottomRight: [6, 6], animate: false });
      if (map.getZoom() < view[1] - 0.5 || coveredAreas() >= covered) { map.setView(...view, { animate: false }); }
    }
    function coveredAreas() {
      const right = legend.offsetLeft + legend.offsetWidth;
      return areas.at.filter(([lon, lat]) => {
        const point = map.latLngToContainerPoint([lat, lon]);
        return point.x < right && point.y > legend.offsetTop;
      }).length;
    }
    map.on("focus", () => map.scrollWheelZoom.enable()).on("click", () => map.scrollWheelZoom.enable());
    container.addEventListener("mouseleave", () => map.scrollWheelZoom.disable());
    map.on("resize", () => { if (state.area < 0 && !state.kept) { fit(); } });
    OutletMap.control(map, data, fit);
    fit();
    if (data.fine) { outline(data.fine); }
    recolour();
    const always = { signal: gone.signal };
    const paper = () => { map.invalidateSize(false); fit(); recolour(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour, always);
    window.addEventListener("beforeprint", paper, always);
    window.addEventListener("afterprint", paper, always);
    say("map:ready", "");
    return {
      data: data,
      map: map,
      state: state,
      paint: paint,
      select: (code, move) => (code ? find(code, move) : close()),
      focus: (codes) => fitAreas(codes.map((code) => areas.code.indexOf(code)).filter((i) => i >= 0)),
      home: fit,
      recolour: recolour,
      codeAt: () => (state.hover < 0 ? "" : areas.code[state.hover]),
      remove: () => { gone.abort(); map.remove(); },
    };
  };

  // Names those whose data a map holds, each once.
  OutletMap.credit = function (map, credits, named) {
    credits.filter((credit) => !named.has(credit)).forEach((credit) => {
      named.add(credit);
      const clean = OutletMap.make("span", "", credit);
      map.attributionControl.addAttribution(clean.innerHTML);
    });
  };

  OutletMap.control = function (map, data, fit) {
    map.attributionControl.setPrefix(false);
    data.named = new Set();
    OutletMap.credit(map, [...data.credits, ...(data.owed || [])], data.named);
    L.control.zoom({ position: "topright", zoomInTitle: data.words.zoom_in, zoomOutTitle: data.words.zoom_out }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    const Home = L.Control.extend({
      onAdd: function () {
        const bar = OutletMap.make("div", "leaflet-bar");
        const button = OutletMap.make("button", "om-home", "⤢");
        button.type = "button";
        button.title = data.words.whole;
        button.setAttribute("aria-label", data.words.whole);
        button.addEventListener("click", fit);
        L.DomEvent.disableClickPropagation(bar);
        bar.append(button);
        return bar;
      },
    });
    new Home({ position: "topright" }).addTo(map);
  };
})();
