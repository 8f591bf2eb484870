// Sites being tried, what they reach, the way to an outlet, the shapes where nothing may be: drawn above the map.
(function () {
  "use strict";
  const OutletMap = window.OutletMap;
  const SVG = "http://www.w3.org/2000/svg";
  const SIZE = 22;

  function drawn(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach((key) => element.setAttribute(key, attributes[key]));
    return element;
  }

  // The sign of a site: round for collection, square for storage, with a plus; a cross where it was refused.
  function sign(site) {
    const holder = drawn("svg", { width: SIZE, height: SIZE, viewBox: "0 0 22 22", "aria-hidden": "true" });
    const look = "om-mark om-mark-" + site.state;
    holder.append(site.kind === "storage" ? drawn("rect", { x: 4, y: 4, width: 14, height: 14, class: look }) : drawn("circle", { cx: 11, cy: 11, r: 7.6, class: look }));
    holder.append(drawn("path", { d: site.state === "refused" ? "M8 8 14 14M14 8 8 14" : "M7 11H15M11 7V15", class: "om-mark-plus" }));
    return holder;
  }

  const LOOKS = {
    existing: { color: "outlet", weight: 1, fillOpacity: 0.05 },
    tried: { color: "new", weight: 1.6, fillOpacity: 0.1, dashArray: "6 4" },
    proposed: { color: "new", weight: 1.2, fillOpacity: 0.08 },
    refused: { color: "short", weight: 1.2, fillOpacity: 0.05, dashArray: "2 4" },
  };

  // Returns what keeps a map's sites, circles and shapes as they are told; `say` hears of clicks and moves.
  OutletMap.trials = function (controller, say) {
    const map = controller.map;
    const pane = map.createPane("trials");
    pane.style.zIndex = "432";
    pane.style.pointerEvents = "none";
    const renderer = L.canvas({ pane: "trials", padding: 0.3 });
    const marks = L.layerGroup().addTo(map);
    const rounds = L.layerGroup().addTo(map);
    const zones = L.layerGroup().addTo(map);
    const ways = L.layerGroup().addTo(map);
    const fences = L.layerGroup().addTo(map);
    const ghosts = L.layerGroup().addTo(map);
    let told = {};

    function markOf(site) {
      const icon = L.divIcon({ className: "om-site" + (site.on === false ? " om-off" : ""), html: sign(site), iconSize: [SIZE, SIZE] });
      const moves = site.state === "tried";
      const mark = L.marker([site.lat, site.lon], { icon: icon, draggable: moves, autoPan: moves, keyboard: true, alt: site.name, riseOnHover: true, bubblingMouseEvents: false });
      mark.bindTooltip(OutletMap.make("span", "", site.name), { direction: "top", offset: [0, -8], className: "om-shape-name" });
      mark.on("click", () => say({ kind: "site", code: site.id }));
      mark.on("keypress", (event) => { if (event.originalEvent.key === "Enter") { say({ kind: "site", code: site.id }); } });
      mark.on("dragend", () => {
        const at = mark.getLatLng().wrap();
        say({ kind: "site", code: site.id, lon: at.lng, lat: at.lat });
      });
      mark.on("add", () => { const element = mark.getElement(); element.setAttribute("aria-label", site.name); element.removeAttribute("title"); });
      return mark;
    }

    function roundOf(circle) {
      const look = LOOKS[circle.state] || LOOKS.existing;
      return L.circle([circle.lat, circle.lon], { ...look, color: OutletMap.colour(look.color), radius: 1000 * circle.km, renderer: renderer, interactive: false });
    }

    // What is reached by road: rings of (longitude, latitude), the first of each polygon its outline.
    function zoneOf(zone) {
      const look = LOOKS[zone.state] || LOOKS.existing;
      const rings = zone.polygons.map((polygon) => polygon.map((ring) => ring.map(([lon, lat]) => [lat, lon])));
      return L.polygon(rings, { ...look, color: OutletMap.colour(look.color), renderer: renderer, interactive: false });
    }

    // A way from where people are to an outlet: a white rim below, so that it is seen on any ground.
    function wayOf(way) {
      const points = way.points.map(([lon, lat]) => [lat, lon]);
      const look = { renderer: renderer, interactive: false, lineJoin: "round" };
      const line = L.polyline(points, { ...look, color: OutletMap.colour("accent"), weight: 4, dashArray: way.on_road ? "" : "2 8" });
      line.bindTooltip(OutletMap.make("span", "", way.label), { permanent: true, direction: "top", className: "om-shape-name om-way" });
      const from = L.circleMarker(points[0], { ...look, radius: 6, color: OutletMap.colour("rim"), weight: 2, fillColor: OutletMap.colour("accent"), fillOpacity: 1 });
      return L.layerGroup([L.polyline(points, { ...look, color: OutletMap.colour("halo"), weight: 8, opacity: 0.9 }), line, from]);
    }

    function fenceOf(shape) {
      const corners = shape.corners.map(([lon, lat]) => [lat, lon]);
      const look = { color: OutletMap.colour("ink"), weight: 1.6, dashArray: "5 4", fillColor: OutletMap.colour("unknown-line"), fillOpacity: 0.35, renderer: renderer, interactive: false };
      const parts = [shape.open ? L.polyline(corners, look) : L.polygon(corners, look)];
      if (shape.open) { corners.forEach((corner) => parts.push(L.circleMarker(corner, { ...look, radius: 4, dashArray: "", fillOpacity: 1 }))); }
      else if (corners.length && shape.name) { parts[0].bindTooltip(OutletMap.make("span", "", shape.name), { permanent: true, direction: "center", className: "om-shape-name" }); }
      return L.layerGroup(parts);
    }

    function refill(name, group, items, draw) {
      const text = JSON.stringify(items);
      if (told[name] === text) { return; }
      told[name] = text;
      group.clearLayers();
      items.forEach((item) => group.addLayer(draw(item)));
    }

    // A sign at once where somebody clicked, until the answer comes.
    function ghost(at) {
      const icon = L.divIcon({ className: "om-site om-waits", html: sign({ kind: "collection", state: "tried" }), iconSize: [SIZE, SIZE] });
      ghosts.addLayer(L.marker(at, { icon: icon, interactive: false, keyboard: false }));
    }

    return {
      show: (args) => {
        refill("sites", marks, args.sites || [], markOf);
        refill("circles", rounds, args.circles || [], roundOf);
        refill("zones", zones, args.zones || [], zoneOf);
        refill("ways", ways, args.ways || [], wayOf);
        refill("shapes", fences, args.shapes || [], fenceOf);
      },
      recolour: () => { told = {}; },
      ghost: ghost,
      settle: () => ghosts.clearLayers(),
      corners: () => { const open = JSON.parse(told.shapes || "[]").find((shape) => shape.open); return open ? open.corners : []; },
    };
  };
})();
