// The map as a part of the app: takes what the server says, fetches what is large, tells what the reader does.
(function () {
  "use strict";
  const OutletMap = window.OutletMap;
  const root = document.getElementById("map-root");
  const note = document.getElementById("map-note");
  const home = new URL("../../", window.location.href);
  const OPTIONS = { center: [35, 104], zoom: 4, zoomControl: false, preferCanvas: true, minZoom: 2, maxZoom: 18, zoomSnap: 0.25, scrollWheelZoom: false };
  const MOST_TRIES = 3;
  const shown = { base: "", paint: "", selected: "", focus: "", height: 0, dark: null };
  let map = null; // the controller of what is drawn
  let trials = null;
  let args = null;
  let sent = 0; // number of the last event
  let quiet = false; // while the map does what the server said
  let tries = 0;
  let work = Promise.resolve();
  let channel = null;

  function tell(type, rest) {
    window.parent.postMessage({ isStreamlitMessage: true, type: type, ...rest }, "*");
  }

  function say(event) {
    if (quiet) { return; }
    sent = Math.max(Date.now(), sent + 1);
    tell("streamlit:setComponentValue", { value: { number: sent, ...event }, dataType: "json" });
  }

  function announce(text) {
    note.textContent = text || "";
    note.hidden = !text;
  }

  function silently(act) {
    quiet = true;
    try { act(); } finally { quiet = false; }
  }

  async function fetched(path) {
    const answer = await fetch(new URL(path.replace(/^\//, ""), home));
    if (!answer.ok) { throw new Error(String(answer.status)); }
    return answer.json();
  }

  // One thing after the other: what comes while the map is being fetched waits, and only the last of it is done.
  function take(next) {
    args = next;
    work = work.then(() => (args === next ? follow(next) : undefined)).catch(lost);
  }

  async function follow(next) {
    frame(next);
    const fresh = next.base !== shown.base;
    if (fresh || next.paint !== shown.paint) {
      if (!map) { announce(next.words.loading); }
      const [base, paint] = await Promise.all([fresh ? fetched(next.base) : null, fetched(next.paint)]);
      silently(() => (fresh ? build(base, paint) : map.paint(paint)));
      Object.assign(shown, { base: next.base, paint: next.paint });
      if (fresh) { Object.assign(shown, { selected: "", focus: "" }); }
    }
    tries = 0;
    announce("");
    silently(() => apply(next));
  }

  // A file the server no longer has: ask for it anew, and say so in words.
  function lost() {
    announce(args.words.lost);
    Object.assign(shown, { base: map ? shown.base : "", paint: "" });
    tries += 1;
    if (tries <= MOST_TRIES) { quiet = false; say({ kind: "lost" }); }
  }

  function frame(next) {
    document.documentElement.lang = next.lang || "en";
    if (next.height !== shown.height) {
      shown.height = next.height;
      root.style.height = next.height + "px";
      tell("streamlit:setFrameHeight", { height: next.height });
      if (map) { map.map.invalidateSize(false); }
    }
    if (next.dark !== shown.dark) {
      shown.dark = next.dark;
      document.documentElement.dataset.theme = next.dark ? "dark" : "light";
      if (map) { map.recolour(); trials.recolour(); }
    }
  }

  function build(base, paint) {
    const view = map ? { bounds: JSON.stringify(map.data.bounds), centre: map.map.getCenter(), zoom: map.map.getZoom(), kept: map.state.kept } : null;
    if (map) { map.remove(); }
    OutletMap.roomy = args.group ? 540 : 440; // maps side by side are small: their legends are folded
    const element = OutletMap.make("div", "folium-map");
    root.replaceChildren(element);
    Object.assign(base.areas, { facts: paint.facts, lines: paint.lines });
    map = OutletMap.build(L.map(element, OPTIONS), { ...base, colourings: paint.colourings, layers: paint.layers, fine: paint.fine, owed: paint.owed });
    trials = OutletMap.trials(map, say);
    if (view && view.kept && view.bounds === JSON.stringify(base.bounds)) {
      map.map.setView(view.centre, view.zoom, { animate: false });
      map.state.kept = true;
    }
    listen(element);
  }

  function listen(element) {
    element.addEventListener("area:selected", (event) => { shown.selected = event.detail; say({ kind: "area", code: event.detail }); });
    element.addEventListener("outlet:selected", (event) => { shown.selected = event.detail; say({ kind: "outlet", code: event.detail }); });
    element.addEventListener("province:selected", (event) => { say({ kind: "province", code: event.detail }); });
    element.append(OutletMap.make("div", "om-cross"), OutletMap.make("p", "om-help", args.words.enter));
    map.map.on("click", (event) => { if (args.mode !== "select") { put(event.latlng); } });
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === element && args.mode !== "select") { put(map.map.getCenter()); }
    });
    map.map.on("dragend zoomend", () => { map.state.kept = map.state.kept || !quiet; });
    map.map.on("moveend", share);
  }

  function put(where) {
    const at = where.wrap();
    const kind = args.mode === "add" ? "point" : "corner";
    if (kind === "point") { trials.ghost(at); }
    say({ kind: kind, code: map.codeAt(), lon: at.lng, lat: at.lat });
  }

  // What the server said before it heard the last event would undo what the reader has just done.
  function apply(next) {
    const behind = next.heard < sent;
    map.state.busy = next.mode !== "select";
    map.map.getContainer().classList.toggle("om-adding", map.state.busy);
    map.map.getContainer().querySelector(".om-help").textContent = next.words.enter;
    if (!behind) { trials.settle(); }
    trials.show(next);
    join(next.group);
    const focus = JSON.stringify(next.focus || []);
    if (focus !== shown.focus) {
      const first = shown.focus === "" || shown.focus === "[]";
      shown.focus = focus;
      map.state.kept = next.focus.length > 0;
      if (next.focus.length) { map.focus(next.focus); } else if (!first) { map.home(); }
    }
    if (!behind && next.selected !== shown.selected) {
      shown.selected = next.selected;
      map.select(next.selected, !(next.focus || []).includes(next.selected));
    }
  }

  // Maps of one group move together.
  function join(group) {
    if ((channel && channel.name === group) || (!channel && !group)) { return; }
    if (channel) { channel.close(); }
    channel = group ? new BroadcastChannel(group) : null;
    if (channel) {
      channel.onmessage = (event) => {
        const { lat, lng, zoom } = event.data;
        if (!map) { return; }
        following = true;
        map.state.kept = true;
        map.map.setView([lat, lng], zoom, { animate: false });
        following = false;
      };
    }
  }
  let following = false;
  function share() {
    if (!channel || following || quiet) { return; }
    const centre = map.map.getCenter();
    channel.postMessage({ lat: centre.lat, lng: centre.lng, zoom: map.map.getZoom() });
  }

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data.type !== "streamlit:render") { return; }
    const theme = event.data.theme || {};
    take({ ...event.data.args, dark: theme.base === "dark" });
  });
  tell("streamlit:componentReady", { apiVersion: 1 });
})();
